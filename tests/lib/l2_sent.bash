# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Helpers for the bats files about l2packet_counter with direction=both; load after common.bash and l2.bash. They compare what an
# interface says that it sent with what the module says.
# shellcheck disable=SC2030,SC2031,SC2034,SC2154 # for the bats files, where each test is a subshell

# shellcheck source=l2_links.bash
source "${BASH_SOURCE[0]%/*}/l2_links.bash"

setup() {
  kmon_setup
  sent=$BATS_TEST_TMPDIR/sent
  received=$BATS_TEST_TMPDIR/received
  declare -gA packets0=() bytes0=()
}

# ---- interfaces ----

# The interface's own count.
own() { echo "$(<"/sys/class/net/$1/statistics/tx_$2")"; }

# watch INTERFACE,... [PARAMETER=VALUE...]: loads the module with direction=both; what they sent before does not count. If Linux
# itself sends something meanwhile (such as an IGMP report), it tries again.
watch() {
  local interfaces=$1
  shift
  for _ in 1 2 3 4 5; do
    remember_own "$interfaces"
    load_l2 interface="$interfaces" direction=both "$@"
    ! own_grew "$interfaces" || { rmmod l2packet_counter && continue; }
    return
  done
  fail "$interfaces do not fall silent"
}

remember_own() {
  local one
  for one in ${1//,/ }; do
    packets0[$one]=$(own "$one" packets)
    bytes0[$one]=$(own "$one" bytes)
  done
}

own_grew() {
  local one
  for one in ${1//,/ }; do
    [ "$(own "$one" packets)" = "${packets0[$one]}" ] || return 0
  done
  return 1
}

# out INTERFACE ARGUMENTS...: sends frames from it; $sent then has each destination and its number of frames.
out() {
  local interface=$1
  shift
  frames "$interface" --swap --list "$sent" "$@" >/dev/null
}

# into N ARGUMENTS...: sends frames that kwN receives; $received then has their sources.
into() {
  local n=$1
  shift
  in_netns "kmon-l2-$n" frames "kw${n}p" --list "$received" "$@" >/dev/null
}

# ---- reading the module's views ----

figure_is() { [ "$(figure "$1" "$2")" = "$3" ]; }
assert_figure() {
  wait_until 30 figure_is "$@" || true
  assert_equal "$1 $2: $(figure "$1" "$2")" "$1 $2: $3"
}

# sent_counts INTERFACE: destinations and their frames, in the format of frames --list.
sent_counts() {
  awk -F '"' -v i="$1" '$4 == i && $6 == "mac" && substr($15, 2) + 0 { print $8, substr($15, 2) + 0 }' "$view" | LC_ALL=C sort
}

# received_counts INTERFACE: sources and their frames.
received_counts() { counts "$1" | awk '$2'; }

# assert_sent INTERFACE PACKETS BYTES [UNTOLD]: checks what was sent to unicast addresses. Together with what was sent to groups it
# must equal the interface's own count, except for UNTOLD bytes, which the interface does not count.
assert_sent() {
  local packets bytes
  assert_figure "$1" tx_packets "$2"
  assert_figure "$1" tx_bytes "$3"
  packets=$(($(figure "$1" tx_packets) + $(figure "$1" tx_group_packets)))
  bytes=$(($(figure "$1" tx_bytes) + $(figure "$1" tx_group_bytes) - ${4:-0}))
  assert_equal "$1: $packets packets, $bytes bytes" \
    "$1: $(($(own "$1" packets) - packets0[$1])) packets, $(($(own "$1" bytes) - bytes0[$1])) bytes"
  balances
}

# In one reading, for each interface and direction: lines, untracked and evicted add up to the total.
balances() {
  awk -F '"' '
    function value(key) { return substr($0, index($0, "\"" key "\":") + length(key) + 3) + 0 }
    function rest(way, what) { return value(way what) - value(way "untracked_" what) - value(way "evicted_" what) }
    BEGIN { split("packets bytes", whats, " "); ways[1] = ""; ways[2] = "tx_" }
    $6 == "waiting" {
      left[$4 " lines"] = value("macs")
      for (w in ways) for (i in whats) left[$4 " " ways[w] whats[i]] = rest(ways[w], whats[i])
    }
    $6 == "mac" {
      left[$4 " lines"]--
      for (w in ways) for (i in whats) left[$4 " " ways[w] whats[i]] -= value(ways[w] whats[i])
      if (seen[$4, $8]++) { print $8 " stands there twice"; bad = 1 }
    }
    END {
      if (NR < 2) { print "an empty reading"; bad = 1 }
      for (one in left) if (left[one]) { print one " are off by " left[one]; bad = 1 }
      exit bad
    }' "$view"
}

line() { grep -F "\"mac\":\"$1\"" "$view"; }
figure_of() { sed -E "s/.*\"$2\":([0-9]+).*/\\1/" <<<"$1"; }
