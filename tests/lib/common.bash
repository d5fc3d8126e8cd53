# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Helpers of the bats files, which begin with `load ../lib/common`. Everything made here is taken away after the test,
# and a test fails when the kernel log gained a forbidden line meanwhile. A file with a setup or teardown of its own
# calls kmon_setup and kmon_teardown in them.
#
# In the environment: KMON_FULL=1 (tests/run --full: the large counts), KMON_QUICK=1 (--quick: the shortest).
# Tests too long for --quick carry the tag `heavy` (a line `# bats test_tags=heavy` above @test).
# A skip that is right on that kernel begins with `expected:`; any other one fails the run.

# As bats_load_library does, which forks for each of these files, before each test: half of a short test's time.
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
  # Loaded by somebody else, they are not ours to unload, unless nobody minds. In our own guests a test left them behind.
  [ "${KMON_THROWAWAY:-0}" = 1 ] || ! kmon_in_use || skip "$in_use; KMON_STOP_SERVICE=1 stops kmon for the tests"
  kmon_began=1
  kernel_log_mark
}

# Everything is tried, then the first failure counts. Modules first: they must let go of what is still there.
kmon_teardown() {
  local module failed=0 i
  [ -n "$kmon_began" ] || return 0
  [ "${#meanwhile[@]}" = 0 ] || enough || true # the test has ended early, and that it did is what counts
  for module in "${kmon_modules[@]}"; do
    [ ! -d "/sys/module/$module" ] || rmmod "$module" || failed=1
  done
  for ((i = ${#kmon_undo[@]} - 1; i >= 0; i--)); do
    eval "${kmon_undo[i]}" || true # the test may have removed it
  done
  kernel_log_clean || failed=1
  return "$failed"
}

# on_teardown COMMAND...: COMMAND runs after the test, last given first. Not from a subshell (`run`, `$(...)`).
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

# load_module NAME [PARAMETER=VALUE...]: a plain insmod, as a user does it. Unloaded after the test if it still is there.
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

# have_all_netns MODULE: does it take all_netns=1 ?
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

# json FILE FILTER: FILE's lines as one array, so `.[0]` is the header line; strings come without quotes.
json() { jq -r -s "$2" "$1"; }

# assert_documented SCHEMA FILE: each JSON value in FILE has the keys that userspace/schema/SCHEMA.json asks for, and no others.
# The unit test schema_test.cpp looks at the values, too.
assert_documented() {
  local undocumented
  undocumented=$(jq -n -c --slurpfile schema "${kmon_home%/tests}/schema/$1.json" '
    $schema[0] | (.oneOf // [.]) as $kinds | inputs | keys as $keys |
    select($kinds | all(.required - $keys + (if .additionalProperties then [] else $keys - (.properties | keys) end) != []))' "$2")
  assert_equal "$1: $undocumented" "$1: "
}

# loaded_at FILE: when its module was loaded, in seconds since 1970, as the JSON view FILE says.
loaded_at() { head -n 1 "$1" | jq .loaded; }

# number_of KEY: that number in the first line of the view "$json", read without starting a program.
number_of() {
  local line
  read -r line <"${json:?}"
  [[ $line =~ \"$1\":([0-9]+) ]]
  echo "${BASH_REMATCH[1]}"
}

# assert_refused FILE KIND [TEXT]: one write of that (see badwrite) is an invalid argument.
assert_refused() { assert_equal "$(badwrite "$@")" '{"written":0,"errno":"EINVAL","at":"write"}'; }

# nft_counted [NETNS]: what the one counter in the table kmon_test saw.
nft_counted() {
  ${1:+ip netns exec "$1"} nft list table inet kmon_test | sed -n 's/.*counter packets \([0-9]*\) .*/\1/p'
}

# tcp_segments [NETNS]: TCP segments that were sent there so far, by the kernel's own count: OutSegs and RetransSegs.
# shellcheck disable=SC2016,SC2120 # awk expands; bats files give it a namespace
tcp_segments() { ${1:+ip netns exec "$1"} awk '/^Tcp: [0-9]/ { print $12 + $13 }' /proc/net/snmp; }

# two_senders N: N TCP packets over lo from each of two processors, as fast as they can; their process ids in `senders`.
# All of one kind: processors that counted in one place would lose some.
two_senders() {
  local cpu
  senders=()
  for cpu in 0 $(($(nproc) - 1)); do
    taskset -c "$cpu" ipsend --proto tcp --to 127.0.0.1 --size 100 --count "$1" >/dev/null 3>&- &
    senders+=($!)
  done
}

# keep_sending N: as two_senders, N after N, until stop_sending. That sets `sent` to the number of packets in all.
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

# ---- what others do, on a machine that is not the tests' alone

# assert_counted WHAT COUNT OURS OTHERS: OURS, and at most OTHERS more: what others added, by the kernel's own figures. On
# a quiet machine, such as our guests, OTHERS is 0, and so the count exact.
assert_counted() {
  [ "$2" -ge "$3" ] && [ "$2" -le $(($3 + $4)) ] && return
  echo "$1: $2 counted, $3 were sent, others can have added $4" >&2
  return 1
}

# lo_mark, and later others_on_lo OURS: sets `others` to the packets that lo received meanwhile and that were not ours.
lo_packets() { local n && read -r n </sys/class/net/lo/statistics/rx_packets && echo "$n"; }
lo_mark() { lo_before=$(lo_packets); }
others_on_lo() { others=$(($(lo_packets) - lo_before - $1)); }

# tcp_mark, and later others_in_tcp OURS: the same of the TCP segments that this machine sent, or passed on, by its own
# count. What `ipsend` sends is in no such count.
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

# make_link NAME ARGUMENTS...: `ip link add NAME ARGUMENTS...`, taken away after the test.
make_link() {
  ip link add "$@"
  on_teardown ip link del "$1"
}

# make_veth A B [NETNS]: a pair, both ends up, B in NETNS if that is given. No IPv6 address, so nothing chats on it.
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

# wait_until SECONDS COMMAND...: until COMMAND succeeds; fails when it never does, after KMON_PATIENCE seconds if that is set:
# where tests are to fail, nobody needs to wait long for that.
wait_until() {
  local end=$((SECONDS + ${KMON_PATIENCE:-$1}))
  shift
  until "$@"; do
    [ "$SECONDS" -lt "$end" ] || return 1
    sleep 0.1
  done
}

# ---- what goes on meanwhile

# meanwhile COMMAND...: once, and then again and again, $breath seconds between, until `enough`, which fails if COMMAND ever did.
meanwhile() {
  local log=$BATS_TEST_TMPDIR/meanwhile.${#meanwhile[@]}
  : >"$BATS_TEST_TMPDIR/go"
  (
    # The test's own traps are not for its children. `set -e`, and no || after COMMAND, so that any command in it counts.
    trap - ERR DEBUG EXIT
    set -e
    while :; do
      "$@"
      result=$? # where the caller's caller has switched `set -e` off by an ||
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

# The kernel log since the test began stands behind a line of its own.
kernel_log_mark() {
  kmon_mark="kmon-test ${BATS_TEST_FILENAME##*/} $BATS_TEST_NUMBER $RANDOM"
  echo "$kmon_mark" >/dev/kmsg
}

# kernel_log: what the kernel said since the mark, without the times.
kernel_log() { dmesg -t | sed "1,/^$kmon_mark\$/d"; }

kernel_log_clean() {
  local lines
  # One pass for the mark and the patterns; what stands before the mark is of earlier tests.
  lines=$(dmesg -t | grep -E -e "^$kmon_mark\$" -f "$kmon_lib/kernel-log-patterns")
  lines=${lines##*"$kmon_mark"}
  [ -n "$lines" ] || return 0
  printf 'the kernel log gained:%s\n' "$lines" >&2
  return 1
}

# ---- memory

# memory: sets `memory` to what the kernel has allocated, in KiB, caches that it can give back left out.
memory() {
  local key value
  memory=0
  while read -r key value _; do
    case $key in SUnreclaim: | Percpu: | VmallocUsed:) memory=$((memory + value)) ;; esac
  done </proc/meminfo
}

# stays_flat KIB COMMAND...: COMMAND, once to have what the kernel allocates at the first time, and then until one run of
# it takes less than KIB more memory than the one before. What leaks does so in every run; what others take comes and goes.
# The sanitizer kernel keeps freed memory for a while; there, a scan follows each file (lib/in-guest).
# No || after COMMAND: any command in it that fails is to end the test.
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

settle() { sleep 1; } # what is freed after a grace period is free then
