# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Helpers for the bats files, which begin with `load ../lib/common`. Everything made here is removed after the test. A test fails
# if a forbidden line appears in the kernel log meanwhile. A file with its own setup or teardown must call kmon_setup and
# kmon_teardown in them.
#
# In the environment: KMON_FULL=1 (tests/run --full: the large counts), KMON_QUICK=1 (--quick: the shortest).
# Tests too long for --quick carry the tag `heavy` (a line `# bats test_tags=heavy` above @test).
# The reason for an intended skip begins with `expected:`; any other skip fails the run.

# Like bats_load_library, but that forks for each of these files before each test, which takes half of a short test's time.
kmon_lib=$(cd "${BASH_SOURCE[0]%/*}" && pwd)
# shellcheck source=host.bash
source "$kmon_lib/host.bash"
bats_library bats-support
for kmon_file in "${library%/*}"/bats-{support,assert}/src/*.bash; do
  # shellcheck source=/dev/null
  source "$kmon_file"
done

bats_require_minimum_version 1.5.0

KMON_FULL=${KMON_FULL:-0}
KMON_QUICK=${KMON_QUICK:-0}
# The probes: in a guest /kmon/bin beside /kmon/tests/lib, installed /usr/share/kmon/bin beside /usr/share/kmon/lib.
kmon_home=${kmon_lib%/lib}
PATH=${kmon_home%/tests}/bin:$PATH

setup() { kmon_setup; }
teardown() { kmon_teardown; }

kmon_setup() {
  kmon_undo=()
  meanwhile=()
  kmon_began=
  # If somebody else loaded the modules, do not unload them, unless KMON_THROWAWAY allows it. In our own guests, an earlier test
  # left them behind.
  [ "${KMON_THROWAWAY:-0}" = 1 ] || ! kmon_in_use || skip "$in_use; KMON_STOP_SERVICE=1 stops kmon for the tests"
  kmon_began=1
  kernel_log_mark
}

# Tries everything, and fails if anything failed. Modules first: they must release interfaces that still exist.
kmon_teardown() {
  local module failed=0 i
  [ -n "$kmon_began" ] || return 0
  [ "${#meanwhile[@]}" = 0 ] || enough || true # the test ended early, so it has already failed
  for module in "${kmon_modules[@]}"; do
    [ ! -d "/sys/module/$module" ] || rmmod "$module" || failed=1
  done
  for ((i = ${#kmon_undo[@]} - 1; i >= 0; i--)); do
    eval "${kmon_undo[i]}" || true # the test may have removed it
  done
  kernel_log_clean || failed=1
  return "$failed"
}

# on_teardown COMMAND...: runs COMMAND after the test, in reverse order. Do not call it in a subshell (`run`, `$(...)`).
on_teardown() { kmon_undo+=("$(printf '%q ' "$@") 2>/dev/null"); }

# scaled FULL DEFAULT [QUICK]: the count to use in this run.
scaled() {
  if [ "$KMON_FULL" = 1 ]; then
    echo "$1"
  elif [ "$KMON_QUICK" = 1 ]; then
    echo "${3:-$2}"
  else
    echo "$2"
  fi
}

# load_module NAME [PARAMETER=VALUE...]: a plain insmod, as a user does it. If it is still loaded after the test, it is unloaded.
load_module() {
  local file
  file=$(ko "$1")
  shift
  insmod "$file" "$@"
}

unload_module() { rmmod "$1"; }

# set_param NAME PARAMETER VALUE; get_param NAME PARAMETER
set_param() { printf '%s\n' "$3" >"/sys/module/$1/parameters/$2"; }
get_param() { cat "/sys/module/$1/parameters/$2"; }

# have_all_netns MODULE: does it have the parameter all_netns?
have_all_netns() { modinfo -p "$1" | grep -q '^all_netns:'; }

# The files of each module.
# shellcheck disable=SC2034 # for the bats files
declare -gA view_files=(
  [localhost_monitor]="/proc/localhost_stats /proc/localhost_stats.json"
  [l2packet_counter]="/proc/l2packet_counter /proc/l2packet_counter.json"
  [kstat]="/proc/kstat/nout /proc/kstat/counter /proc/kstat/stats.json"
  [netmon_proc]="/proc/netmon"
  [process_monitor]="/proc/process_monitor /proc/process_monitor.json"
)

# json FILE FILTER: applies FILTER to FILE's lines as one array, so `.[0]` is the header line. Strings are printed without quotes.
json() { jq -r -s "$2" "$1"; }

# assert_documented SCHEMA FILE: each JSON value in FILE has the keys that userspace/schema/SCHEMA.json requires, and no others.
# The unit test schema_test.cpp also checks the values.
assert_documented() {
  local undocumented
  undocumented=$(jq -n -c --slurpfile schema "${kmon_home%/tests}/schema/$1.json" '
    $schema[0] | (.oneOf // [.]) as $kinds | inputs | keys as $keys |
    select($kinds | all(.required - $keys + (if .additionalProperties then [] else $keys - (.properties | keys) end) != []))' "$2")
  assert_equal "$1: $undocumented" "$1: "
}

# loaded_at FILE: when the module was loaded, in seconds since 1970, from its JSON view FILE.
loaded_at() { head -n 1 "$1" | jq .loaded; }

# number_of KEY: that number from the first line of the view "$json", read without starting a program.
number_of() {
  local line
  read -r line <"${json:?}"
  [[ $line =~ \"$1\":([0-9]+) ]]
  echo "${BASH_REMATCH[1]}"
}

# assert_refused FILE KIND [TEXT]: a write of that (see badwrite) fails with EINVAL.
assert_refused() { assert_equal "$(badwrite "$@")" '{"written":0,"errno":"EINVAL","at":"write"}'; }

# nft_counted [NETNS]: the packets of the only counter in the table kmon_test.
nft_counted() {
  ${1:+ip netns exec "$1"} nft list table inet kmon_test | sed -n 's/.*counter packets \([0-9]*\) .*/\1/p'
}

# tcp_segments [NETNS]: the TCP segments sent there so far, by the kernel's own counts OutSegs and RetransSegs.
# shellcheck disable=SC2016,SC2120 # awk expands; bats files give it a namespace
tcp_segments() { ${1:+ip netns exec "$1"} awk '/^Tcp: [0-9]/ { print $12 + $13 }' /proc/net/snmp; }

# two_senders N: N TCP packets over lo from each of two CPUs, as fast as possible; sets `senders` to the process IDs. All are of
# one kind, so that CPUs that share a counter would lose some.
two_senders() {
  local cpu
  senders=()
  for cpu in 0 $(($(nproc) - 1)); do
    taskset -c "$cpu" ipsend --proto tcp --to 127.0.0.1 --size 100 --count "$1" >/dev/null 3>&- &
    senders+=($!)
  done
}

# keep_sending N: like two_senders, again and again until stop_sending, which sets `sent` to the total number of packets.
keep_sending() {
  local cpu
  senders=()
  sending=$1
  : >"$BATS_TEST_TMPDIR/sending"
  for cpu in 0 $(($(nproc) - 1)); do
    (
      trap - ERR DEBUG EXIT
      set -e
      while :; do
        taskset -c "$cpu" ipsend --proto tcp --to 127.0.0.1 --size 100 --count "$1" >/dev/null
        echo >>"$BATS_TEST_TMPDIR/rounds_sent"
        [ -e "$BATS_TEST_TMPDIR/sending" ] || exit 0
      done
    ) 3>&- &
    senders+=($!)
  done
}
# shellcheck disable=SC2034 # sent is what callers want
stop_sending() {
  local pid
  rm -f "$BATS_TEST_TMPDIR/sending"
  for pid in "${senders[@]}"; do wait "$pid" || return; done
  sent=$((sending * $(wc -l <"$BATS_TEST_TMPDIR/rounds_sent")))
}

# ---- other traffic, on a machine that the tests share

# assert_counted WHAT COUNT OURS OTHERS: COUNT must be OURS plus at most OTHERS, which others added by the kernel's own figures. On
# a quiet machine, such as our guests, OTHERS is 0, and so the check is exact.
assert_counted() {
  [ "$2" -ge "$3" ] && [ "$2" -le $(($3 + $4)) ] && return
  echo "$1: $2 counted, $3 were sent, others can have added $4" >&2
  return 1
}

# lo_mark, and later others_on_lo OURS: sets `others` to the packets on lo meanwhile that were not ours.
lo_packets() { local n && read -r n </sys/class/net/lo/statistics/rx_packets && echo "$n"; }
lo_mark() { lo_before=$(lo_packets); }
others_on_lo() { others=$(($(lo_packets) - lo_before - $1)); }

# tcp_mark, and later others_in_tcp OURS: the same for the TCP segments that this machine sent or forwarded, by the kernel's own
# count, which does not include what `ipsend` sends.
tcp_mark() { tcp_before=$(tcp_sent); }
# shellcheck disable=SC2034 # others is what callers want
others_in_tcp() { others=$(($(tcp_sent) - tcp_before - $1)); }
# shellcheck disable=SC2016,SC2119 # awk expands; this namespace's segments
tcp_sent() {
  local forwarded
  forwarded=$(awk '/^Ip: [0-9]/ { n += $7 } /^Ip6OutForwDatagrams/ { n += $2 } END { print n }' /proc/net/snmp /proc/net/snmp6 2>/dev/null)
  echo $(($(tcp_segments) + ${forwarded:-0}))
}

# in_netns NAME COMMAND...
in_netns() { ip netns exec "$@"; }

# make_netns NAME: a network namespace with lo up.
make_netns() {
  ip netns add "$1"
  on_teardown ip netns del "$1"
  ip -n "$1" link set lo up
}

# make_link NAME ARGUMENTS...: `ip link add NAME ARGUMENTS...`; removed after the test.
make_link() {
  ip link add "$@"
  on_teardown ip link del "$1"
}

# make_veth A B [NETNS]: a veth pair with both ends up, B in NETNS if given. No IPv6 address, so the kernel sends nothing on it.
make_veth() {
  make_link "$1" type veth peer name "$2"
  quiet_link "$1"
  quiet_link "$2"
  if [ -n "${3:-}" ]; then
    ip link set "$2" netns "$3"
    in_netns "$3" sysctl -qw "net.ipv6.conf.$2.disable_ipv6=1"
    ip -n "$3" link set "$2" up
  else
    ip link set "$2" up
  fi
  ip link set "$1" up
  wait_until 30 link_is_up "$1"
}

quiet_link() { sysctl -qw "net.ipv6.conf.$1.disable_ipv6=1"; }
link_is_up() { [ "$(cat "/sys/class/net/$1/operstate")" = up ]; }

# wait_until SECONDS COMMAND...: waits until COMMAND succeeds, and fails after SECONDS. KMON_PATIENCE overrides SECONDS, for runs
# in which tests are expected to fail.
wait_until() {
  local end=$((SECONDS + ${KMON_PATIENCE:-$1}))
  shift
  until "$@"; do
    [ "$SECONDS" -lt "$end" ] || return 1
    sleep 0.1
  done
}

# ---- background activity

# meanwhile COMMAND...: runs COMMAND once, then again and again in the background, $breath seconds apart, until `enough`, which fails
# if COMMAND ever failed.
meanwhile() {
  local log=$BATS_TEST_TMPDIR/meanwhile.${#meanwhile[@]}
  : >"$BATS_TEST_TMPDIR/go"
  (
    # Children must not inherit the test's traps. `set -e`, and no || after COMMAND, so that a failure of any command in it counts.
    trap - ERR DEBUG EXIT
    set -e
    while :; do
      "$@"
      result=$? # if an || further up has disabled `set -e`
      [ "$result" = 0 ] || exit "$result"
      [ -e "$BATS_TEST_TMPDIR/go" ] || exit 0
      [ -z "${breath:-}" ] || sleep "$breath"
    done
  ) >"$log" 2>&1 3>&- &
  meanwhile+=("$! $log $*")
}

enough() {
  local one pid log command failed=0
  rm -f "$BATS_TEST_TMPDIR/go"
  for one in "${meanwhile[@]}"; do
    read -r pid log command <<<"$one"
    wait "$pid" && continue
    failed=1
    tail -n 5 "$log" >&2
    echo "$command failed" >&2
  done
  meanwhile=()
  return "$failed"
}

# has_open PID FILE
has_open() { readlink "/proc/$1/fd/"* | grep -qxF "$2"; }

# Writes a line to the kernel log that marks the start of the test.
kernel_log_mark() {
  kmon_mark="kmon-test ${BATS_TEST_FILENAME##*/} $BATS_TEST_NUMBER $RANDOM"
  echo "$kmon_mark" >/dev/kmsg
}

# kernel_log: the kernel log since the mark, without times.
kernel_log() { dmesg -t | sed "1,/^$kmon_mark\$/d"; }

kernel_log_clean() {
  local lines
  # One pass for the mark and the patterns; lines before the mark are from earlier tests.
  lines=$(dmesg -t | grep -E -e "^$kmon_mark\$" -f "$kmon_lib/kernel-log-patterns")
  lines=${lines##*"$kmon_mark"}
  [ -n "$lines" ] || return 0
  printf 'the kernel log gained:%s\n' "$lines" >&2
  return 1
}

# ---- memory

# memory: sets `memory` to what the kernel has allocated, in KiB, without reclaimable caches.
memory() {
  local key value
  memory=0
  while read -r key value _; do
    case $key in SUnreclaim: | Percpu: | VmallocUsed:) memory=$((memory + value)) ;; esac
  done </proc/meminfo
}

# stays_flat KIB COMMAND...: runs COMMAND once, for what the kernel allocates only the first time, and then until a run needs less
# than KIB more memory than the one before. A leak shows in every run; what others allocate comes and goes. The sanitizer
# kernel keeps freed memory for a while; there, a scan follows each file (lib/in-guest).
# No || after COMMAND: a failure of any command in it must end the test.
stays_flat() {
  local most=$1 before run
  shift
  "$@"
  for run in 1 2 3 4; do
    settle
    memory
    before=$memory
    "$@"
    settle
    memory
    echo "# run $run: from $before to $memory KiB" >&2
    [ $((memory - before)) -ge "$most" ] && [ ! -e /sys/kernel/debug/kmemleak ] || return 0
  done
  return 1
}

settle() { sleep 1; } # until memory that is freed after a grace period is free
