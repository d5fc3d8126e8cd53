# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Helpers of the bats files about interfaces that l2packet_counter watches, after common.bash and l2.bash: those that have
# traffic while they come, go and change, upon the pairs of l2_links.bash.
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

# make_bond MODE SLAVE...: kbond0; bonding must not make a bond0 of its own when it is loaded. A slave joins while down.
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

# send N ARGUMENTS...: frames out of kwNp; their sources, each with its number, are then in $sent.
send() {
  local n=$1
  shift
  in_netns "kmon-l2-$n" frames "kw${n}p" --list "$sent" "$@"
}

at_least() { [ "$(figure "$1" packets)" -ge "$2" ]; }

# assert_counted INTERFACE PACKETS [BYTES]: so many in all, and none without a line.
assert_counted() {
  wait_until 30 at_least "$1" "$2" || true
  assert_equal "$1: $(figure "$1" packets) packets" "$1: $2 packets"
  assert_equal "$1: $(figure "$1" untracked_packets) untracked" "$1: 0 untracked"
  [ $# -lt 3 ] || assert_equal "$1: $(figure "$1" bytes) bytes" "$1: $3 bytes"
}

# under "HOOK..." INTERFACES CHECK...: CHECK with each of the hooks, the module freshly loaded for it. hook=auto is the
# tracepoint wherever that sees the frames (a test below shows where), so `tracepoint` is seldom asked for by its name.
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
