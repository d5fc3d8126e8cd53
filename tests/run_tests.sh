#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Usage: run_tests.sh [basic|traffic|stress|all] [[--interface] IF] [--stop-service] [--duration SECONDS] [--processes N]
#                     [--skip-auto-reset] [--json]
# Tests kmon's modules on this machine, as root, and leaves it as it was, also after Ctrl-C.
#   basic              loading, /proc files, parameters, unloading, and one short test of each module
#   traffic            everything that is sent is counted exactly
#   stress             rapid loading and unloading, floods, errors, readers and writers at once, with memory watched
#   all                all of these (the default)
#   --interface IF     also watches IF; by default it watches only interfaces that the tests make
#   --stop-service     stops a running kmon.service and unloads the modules for the tests, and restores them afterwards; without it,
#                      tests that would disturb them are skipped
#   --duration, --processes   for the stress tests (default: 30 seconds, 20 senders)
#   --skip-auto-reset  skips the test that waits for a periodic reset
#   --json             prints one JSON object instead of a line per test
# Nothing leaves the machine. Details are in /tmp/packet_counter_tests.log and /tmp/packet_counter_test_report.txt.
# Exit codes: 0 nothing failed, 1 a test failed, 2 usage, 4 not permitted, 130 interrupted.
set -uo pipefail
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")") # `make` links to this file
bats_dir=$here lib=${here%/*}/lib checkout=''
[ ! -d "$here/bats" ] || bats_dir=$here/bats lib=$here/lib checkout=${here%/*} # not installed
# shellcheck source=lib/host.bash
source "$lib/host.bash"

log=/tmp/packet_counter_tests.log
report=/tmp/packet_counter_test_report.txt

usage() { sed -n '3,/^set /s/^# \{0,1\}//p' "$0" | sed '$d'; }
wrong() {
  printf 'run_tests.sh: %s\nrun_tests.sh --help shows the arguments.\n' "$1" >&2
  exit 2
}
die() {
  printf 'run_tests.sh: %s\n' "$1" >&2
  exit "${2:-1}"
}

# number NAME VALUE MOST
number() {
  [[ ${2:-} =~ ^[1-9][0-9]{0,5}$ && $2 -le $3 ]] || wrong "$1 takes a number from 1 to $3, not '${2:-}'"
}

watch_too() {
  [ -z "$interface" ] || wrong "one interface at a time, not '$interface' and '$1'"
  interface=$1
  export KMON_INTERFACE=$1
}

parse() {
  suite='' json='' interface=''
  while [ $# -gt 0 ]; do
    case $1 in
      basic | traffic | stress | all)
        [ -z "$suite" ] || wrong "one suite at a time, not '$suite' and '$1'"
        suite=$1
        ;;
      --interface) [ -n "${2:-}" ] || wrong "--interface takes a name" && watch_too "$2" && shift ;;
      --stop-service) export KMON_STOP_SERVICE=1 ;;
      --duration) number "$1" "${2:-}" 86400 && export KMON_DURATION=$2 && shift ;;
      --processes) number "$1" "${2:-}" 500 && export KMON_PROCESSES=$2 && shift ;;
      --skip-auto-reset) export KMON_SKIP_AUTO_RESET=1 ;;
      --json) json=1 ;;
      -h | --help) usage && exit ;;
      *)
        [ -e "/sys/class/net/$1" ] || wrong "there is no suite, option or interface '$1'"
        watch_too "$1"
        ;;
    esac
    shift
  done
  suite=${suite:-all}
  case $suite in
    basic) files=(load smoke) ;;
    all) files=(load smoke traffic stress) ;;
    *) files=("$suite") ;;
  esac
  files=("${files[@]/%/.bats}")
  [ "${KMON_QUICK:-0}" = 1 ] || export KMON_DURATION=${KMON_DURATION:-30}
}

check_machine() {
  local missing module
  [ "$(id -u)" = 0 ] || die "the tests load kernel modules and need root: sudo $0 $suite" 4
  missing=$(missing_tools)
  [ -z "$missing" ] || die "please install: ${missing//$'\n'/, }"
  [ -z "$checkout" ] || build_probes
  # Require all five, so that tests do not fail just because a module is missing.
  missing=$(for module in "${kmon_modules[@]}"; do [ -e "$(ko "$module" 2>/dev/null)" ] || echo "$module"; done | xargs)
  [ -z "$missing" ] || die "no module $missing for the running kernel $(uname -r); run dkms autoinstall, or make in a checkout"
  if [ -n "${KMON_INTERFACE:-}" ] && [ ! -e "/sys/class/net/$KMON_INTERFACE" ]; then
    die "no interface '$KMON_INTERFACE' here (ip link lists them)"
  fi
}

# In a checkout: uses the modules that `make` built there, or else the installed ones.
build_probes() {
  make -s -C "$here/probe" OUT="$checkout/build/probes" || die "cannot build the programs that send the tests' traffic"
  PATH=$checkout/build/probes:$PATH
  [ ! -e "$checkout/src/kstat.ko" ] || export KMON_BUILT=$checkout/src
}

# new_file PATH: sets `fd` to a new file of that name. In /tmp another user may have put a link or a file there: it is replaced,
# never followed or written to.
new_file() {
  local making
  making=$(mktemp "$1.XXXXXXXX") && exec {fd}>"$making" && chmod 644 "$making" && mv -fT "$making" "$1" && return
  rm -f "$making"
  die "cannot create $1; remove the existing file"
}

# --- the state of the machine, before and after

inventory() {
  local module
  find /sys/class/net -mindepth 1 -type l -printf 'interface %f\n'
  ip netns list | sed 's/ .*//; s/^/network namespace /'
  for module in "${kmon_modules[@]}"; do
    [ ! -d "/sys/module/$module" ] || echo "module $module"
  done
  [ ! -e "$kmon_aside" ] || echo "directory $kmon_aside"
}

# clear_away: removes what a killed test left behind; prints what could not be removed.
clear_away() {
  local what
  while read -r what; do
    case $what in
      'module '*) [ -e /run/kmon/reload ] || rmmod "${what#module }" ;; # not if the service was started meanwhile
      'interface kmon'*) ip link del "${what#interface }" ;;
      'network namespace kmon'*) ip netns del "${what#network namespace }" ;;
    esac
  done < <(news)
  news
}
news() { inventory | grep -vxF -f <(printf '%s\n' "$before") | grep -E '^(module|interface kmon|network namespace kmon|directory) ?'; }

# --- bats

# In its own process group, so that Ctrl-C reaches only this script, which then stops bats so that the tests clean up.
start_bats() {
  set -m
  run_bats </dev/null 2>&1 | show &
  shower=$!
  set +m
  group=$(jobs -p)
}

# Our parent may have ignored SIGINT, which bats would inherit. Background processes of an interrupted test are killed with bats.
run_bats() {
  trap '' INT TERM HUP
  cd "$bats_dir" && env --default-signal bats -F tap --timing --print-output-on-failure "${files[@]}"
  kill -TERM 0
}

stop() {
  stopped=1
  trap '' INT TERM HUP
  echo "stopping: the tests are cleaning up ..." >&2
  kill -INT -- "-$group"
}

# A signal ends the first wait; then bats has half a minute.
wait_for_bats() {
  local tries
  wait "$shower"
  for ((tries = 0; tries < 300; tries++)); do
    kill -0 "$shower" 2>/dev/null || return
    sleep 0.1
  done
  { kill -KILL -- "-$group" && wait "$shower"; } 2>/dev/null
}

# show: TAP, as it comes, to the log and, a line a test, to people. When they have closed the pipe the tests go on.
show() {
  local line
  trap '' INT TERM HUP PIPE
  while IFS= read -r line; do
    printf '%s\n' "$line" >&"$log_fd"
    [ -n "$json" ] || show_line "$line" 2>/dev/null
  done
}

show_line() {
  local name reason='' mark
  case $1 in
    'ok '*) mark="${green}[PASS]$plain" ;;
    'not ok '*) mark="${red}[FAIL]$plain" ;;
    1..*) return ;;
    *) printf '       %s\n' "${1#\# }" && return ;;
  esac
  name=${1#*ok } name=${name#* }
  [[ $name != *' # skip'* ]] || mark="${yellow}[SKIP]$plain" reason=${name##*' # skip'} name=${name%' # skip'*}
  printf '%s %s%s\n' "$mark" "${name% in [0-9]*ms}" "${reason:+:$reason}"
}

colours() {
  green='' yellow='' red='' plain=''
  [ -t 1 ] && [ -z "${NO_COLOR:-}" ] && [ "${TERM:-dumb}" != dumb ] || return 0
  green=$'\e[32m' yellow=$'\e[33m' red=$'\e[31m' plain=$'\e[m'
}

# --- what came of it

count() { grep -cE "$1" "$log" || true; }

# A test that never reported has failed.
judge() {
  planned=$(sed -n 's/^1\.\.//p' "$log")
  skipped=$(count '^ok [0-9]+ .*# skip')
  passed=$(($(count '^ok ') - skipped))
  failed=$(count '^not ok ')
  [ -n "$stopped" ] || [ $((passed + failed + skipped)) -ge "${planned:-1}" ] || failed=$((${planned:-1} - passed - skipped))
  [ -z "$left" ] || failed=$((failed + 1))
}

results() { sed -nE 's/ in [0-9]+ms( # skip|$)/\1/; s/^ok [0-9]+ (.*) # skip ?(.*)/SKIP: \1 (\2)/p; s/^ok [0-9]+ /PASS: /p; s/^not ok [0-9]+ /FAIL: /p' "$log"; }

write_report() {
  local module
  cat <<END
Packet Counter Test Report
==========================
Date: $(date)
Suite: $suite
Interface: ${KMON_INTERFACE:-none but those that the tests make}

System Information
------------------
Host: $(uname -n)
Kernel: $(uname -r)
Machine: $(uname -m)

Module Information
------------------
END
  for module in "${kmon_modules[@]}"; do
    echo "$module: version $(modinfo -F version "$(ko "$module")"), $(ko "$module")"
  done
  cat <<END

Test Results
------------
$(results)

Left Behind
-----------
${left:-nothing}

Summary
-------
Passed: $passed
Failed: $failed
Skipped: $skipped
Log: $log
END
}

write_json() {
  jq -Rn --arg suite "$suite" --arg log "$log" --argjson failed "$failed" --arg left "$left" '
    [inputs | capture("^(?<not>not )?ok [0-9]+ (?<name>.*) in (?<ms>[0-9]+)ms(?<skip> # skip ?(?<reason>.*))?$") |
      {name, result: (if .skip then "skipped" elif .not then "failed" else "passed" end), reason, ms: (.ms | tonumber)}] |
    {suite: $suite, passed: map(select(.result == "passed")) | length, failed: $failed,
     skipped: map(select(.result == "skipped")) | length, left_behind: ($left | split("\n")), log: $log, tests: .}' "$log"
}

say_outcome() {
  [ -z "$left" ] || printf 'left behind:\n%s\n' "$left"
  echo "$passed passed, $failed failed, $skipped skipped; see $report and $log"
  if [ "$passed" = 0 ] && [ "$skipped" -gt 0 ] && kmon_in_use; then
    echo "Little was tested, because $in_use. To stop kmon for the tests: --stop-service"
  fi
}

main() {
  local fd log_fd before left='' stopped=''
  parse "$@"
  check_machine
  colours
  new_file "$log"
  log_fd=$fd
  before=$(inventory)
  trap stop INT TERM HUP
  start_bats
  wait_for_bats
  trap '' INT TERM HUP PIPE
  bring_kmon_back
  left=$(clear_away 2>/dev/null)
  judge
  new_file "$report"
  write_report >&"$fd"
  if [ -n "$json" ]; then write_json; else say_outcome; fi 2>/dev/null # no message if the reader has closed the pipe
  [ -z "$stopped" ] || exit 130
  [ "$failed" = 0 ]
}

main "$@"
