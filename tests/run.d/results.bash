# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Part of tests/run: the results. The file $results has one line per test, `passed|failed|skipped|unexpected WHAT`, and one
# per label, `time SECONDS LABEL`.
# shellcheck disable=SC2154 # tests/run sets results

record() { echo "$1 $2" >>"$results"; }

# tally LABEL: reads TAP, prints each line after LABEL, and records each test. in-guest prints `# file`, `# status` and `# end`
# around the TAP of each file, so that tests that never reported are noticed.
tally() {
  local label=$1 file='' planned=0 seen=0 failed=0 line name
  while IFS= read -r line || [ -n "$line" ]; do
    name="$label: ${file:+$file: }$(sed -E 's/^(not )?ok [0-9]+ //; s/ in [0-9]+ms$//' <<<"$line")"
    case $line in
      '# file '*) close_file && file=${line#\# file } file=${file%.bats} planned=0 seen=0 failed=0 && continue ;;
      '# end') close_file && file='' planned=0 seen=0 && continue ;;
      '# status '*)
        [ "$failed" = 0 ] || continue
        record failed "$label: ${file:+$file: }bats ended with ${line#\# }"
        ;;
      1..*) planned=$((planned + ${line#1..})) && continue ;;
      'not ok '*) seen=$((seen + 1)) failed=$((failed + 1)) && record failed "$name" ;;
      'ok '*' # skip expected:'*) seen=$((seen + 1)) && record skipped "$name" ;;
      'ok '*' # skip'*) seen=$((seen + 1)) && record skipped "$name" && record unexpected "$name" ;;
      'ok '*) seen=$((seen + 1)) && record passed "$name" ;;
    esac
    printf '[%s] %s%s\n' "$label" "${file:+$file: }" "$line"
  done
  close_file
}

close_file() {
  [ "$seen" -ge "$planned" ] || record failed "$label: $file: $((planned - seen)) of $planned tests never reported"
}

# check NAME COMMAND...: a test that is one command, as TAP. Shows the output only if it fails.
checks=0
check() {
  local name=$1 output began=$SECONDS
  shift
  checks=$((checks + 1))
  if output=$("$@" 2>&1); then
    echo "ok $checks $name in $(((SECONDS - began) * 1000))ms"
  else
    echo "not ok $checks $name"
    printf '# %s\n' "${output//$'\n'/$'\n# '}"
  fi
}

count() { grep -c "^$1 " "$results" || true; }

# timed LABEL COMMAND...: records how long COMMAND took, and returns its status.
timed() {
  local label=$1 began=$SECONDS status=0
  shift
  "$@" || status=$?
  echo "time $((SECONDS - began)) $label" >>"$results"
  return "$status"
}

close() {
  local failed unexpected
  failed=$(count failed)
  unexpected=$(count unexpected)
  sed -n 's/^failed /failed: /p; s/^unexpected /skipped unexpectedly: /p' "$results" >&2
  say "took $((SECONDS / 60)) min $((SECONDS % 60)) s; where the time went, some of it in parallel:"
  sed -n 's/^time //p' "$results" | sort -rn | head -n 8 | awk '{ s = $1; $1 = ""; printf "kmon: %6d s %s\n", s, $0 }' >&2
  echo "$(count passed) passed, $failed failed, $(count skipped) skipped"
  [ "$failed" = 0 ] && [ "$unexpected" = 0 ]
}
