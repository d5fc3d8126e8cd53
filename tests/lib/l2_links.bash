# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Helpers for the bats files that make interfaces for l2packet_counter; load after common.bash and l2.bash. A test makes the pairs
# that it needs: kw0 and kw1 are here and watched; their other ends kw0p and kw1p send, each in its own network namespace. Only
# what a test sends passes: there is no IPv6 and no ARP.
# shellcheck disable=SC2034 # for the bats files

text=/proc/l2packet_counter
view=/proc/l2packet_counter.json
parameters=/sys/module/l2packet_counter/parameters
mine=1802333039 # the group of all interfaces made here: one command deletes them

setup_file() {
  local netns
  for netns in kmon-l2-0 kmon-l2-1; do
    ip netns add "$netns"
    in_netns "$netns" sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
  done
}

teardown_file() {
  ip netns del kmon-l2-0
  ip netns del kmon-l2-1
}

# link NAME ARGUMENTS...: like `ip link add`; the interface is set up, sends nothing by itself, and is deleted after the test.
link() {
  local name=$1
  shift
  on_teardown ip link del group "$mine"
  ip link add name "$name" group "$mine" "$@"
  echo 1 >"/proc/sys/net/ipv6/conf/$name/disable_ipv6"
  ip link set "$name" up
}

# pair [0|1]: kwN here, kwNp in kmon-l2-N.
pair() {
  local n=${1:-0}
  link "kw$n" type veth peer name "kw${n}p" netns "kmon-l2-$n"
  ip -n "kmon-l2-$n" link set "kw${n}p" up
  wait_until 30 link_is_up "kw$n"
}
