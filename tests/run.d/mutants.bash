# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Part of tests/run: the mutants, and the record of those that were caught.
# shellcheck disable=SC2154 # tests/run sets here and cache

# Two guests share the mutants that the present tests have not caught before. After KMON_MINUTES no further mutant is started.
mutants() {
  local list name entry share memory shares=([0]='' [1]='') n=0
  if ! list=$("$here/mutants/build" --list); then
    record failed "mutants: one does not apply or compile any more"
    return
  fi
  while read -r name entry; do
    memory=$(memory_of "$name" "$entry")
    if [ -e "$memory" ]; then
      touch "$memory"
      tally mutants <"$memory" >/dev/null
    else
      shares[n % 2]+="$name "
      n=$((n + 1))
    fi
  done <<<"$list"
  say "the present tests have already caught $(($(wc -l <<<"$list") - n)) of $(wc -l <<<"$list") mutants; trying the other $n"
  for share in "${shares[@]}"; do
    # shellcheck disable=SC2086 # words
    [ -z "$share" ] || start guest_of_mutants $share
  done
}

# The file that records that the mutant was caught. Its name depends only on the mutant and the tests that it names.
memory_of() {
  local name=$1 entry=$2 files
  mapfile -t files < <(sed -n 's|^Caught-by: \([^:]*\):.*|bats/\1|p' "$here/mutants/$name.patch" | sort -u)
  echo "$cache/caught-$(cd "$here" && find "${files[@]}" lib probe mutants/in-guest -type f ! -path 'probe/bin/*' -print0 | LC_ALL=C sort -z |
    xargs -0 sha256sum | key "$entry" "$KMON_QUICK" "$KMON_FULL")"
}

guest_of_mutants() {
  local status=0 tap left command=(tests/mutants/in-guest)
  [ -z "${KMON_MINUTES:-}" ] || command+=(--minutes $((KMON_MINUTES - SECONDS / 60)))
  tap=$(mktemp "$cache/making.XXXXXX")
  "$here/vm/boot" bookworm --timeout 2400 --with "$("$here/mutants/build" "$@")" -- "${command[@]}" "$@" </dev/null |
    tee "$tap" | tally mutants || status=$?
  case $status in
    # A fault may also show in the kernel log: then the status is 124, which is fine here.
    0 | 124) ;;
    *) record failed "mutants: booting failed, or the guest died (status $status)" ;;
  esac
  remember "$tap" "$@"
  left=$(grep -c '^# left ' "$tap" || true)
  [ "$left" = 0 ] || say "out of time: $left mutants are left for the next run"
  rm -f "$tap"
}

# remember TAP NAME...: records the mutants whose expected tests have all failed.
remember() {
  local tap=$1 name entry
  while read -r name entry; do
    [ "$(grep -c "^ok [0-9]* $name:" "$tap")" = "$(grep -c '^Caught-by: ' "$here/mutants/$name.patch")" ] || continue
    grep "^ok [0-9]* $name:" "$tap" >"$(memory_of "$name" "$entry")"
  done < <("$here/mutants/build" --list "${@:2}")
}
