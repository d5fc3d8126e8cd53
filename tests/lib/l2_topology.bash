# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Helpers for the bats files about watched interfaces that appear, disappear and change under traffic; load after common.bash and
# l2.bash. They use the pairs of l2_links.bash.
# shellcheck disable=SC2034,SC2119,SC2120,SC2154 # for the bats files

# shellcheck source=l2_links.bash
source "${BASH_SOURCE[0]%/*}/l2_links.bash"

setup() {
  kmon_setup
  sent=$BATS_TEST_TMPDIR/sent
  go=$BATS_TEST_TMPDIR/go
  traffic_pid=
}

teardown() {
  traffic_stop
  kmon_teardown
}

# ---- interfaces ----

# up NAME [NETNS]
up() {
  if [ $# = 1 ]; then ip link set "$1" up; else ip -n "$2" link set "$1" up; fi
}

address_of() { cat "/sys/class/net/$1/address"; }

# make_bridge PORT...: kbr0 with these ports.
make_bridge() {
  local port
  link kbr0 type bridge
  for port; do
    ip link set "$port" master kbr0
  done
}

# make_bond MODE SLAVE...: makes kbond0. The module bonding must not create bond0 when it is loaded. A slave must be down to join.
make_bond() {
  local mode=$1 slave
  shift
  modprobe -q bonding max_bonds=0 || true
  link kbond0 type bond mode "$mode"
  for slave; do
    enslave "$slave"
  done
}

enslave() {
  ip link set "$1" down
  ip link set "$1" master kbond0
  up "$1"
}

# ---- the module ----

# send N ARGUMENTS...: sends frames from kwNp; $sent then has each source and its number of frames.
send() {
  local n=$1
  shift
  in_netns "kmon-l2-$n" frames "kw${n}p" --list "$sent" "$@"
}

at_least() { [ "$(figure "$1" packets)" -ge "$2" ]; }

# assert_counted INTERFACE PACKETS [BYTES]: checks the totals, and that all frames are in lines.
assert_counted() {
  wait_until 30 at_least "$1" "$2" || true
  assert_equal "$1: $(figure "$1" packets) packets" "$1: $2 packets"
  assert_equal "$1: $(figure "$1" untracked_packets) untracked" "$1: 0 untracked"
  [ $# -lt 3 ] || assert_equal "$1: $(figure "$1" bytes) bytes" "$1: $3 bytes"
}

# under "HOOK..." INTERFACES CHECK...: runs CHECK with each of the hooks, with the module freshly loaded. hook=auto uses the
# tracepoint wherever that sees the frames (a test shows where), so `tracepoint` is rarely named.
under() {
  local hook hooks=$1 interfaces=$2
  shift 2
  for hook in $hooks; do
    echo "hook=$hook"
    load_l2 interface="$interfaces" hook="$hook"
    "$@"
    unload_module l2packet_counter
  done
}
