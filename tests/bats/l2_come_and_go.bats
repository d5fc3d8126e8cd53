#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# l2packet_counter: interfaces that are deleted, moved and renamed under traffic, and come back.
# shellcheck disable=SC2030,SC2031,SC2034,SC2154 # each test is a subshell; what is not assigned here is so in lib

load ../lib/common
load ../lib/l2
load ../lib/l2_topology

# ---- interfaces that come and go, under traffic ----

# Sends frames out of kw0p, whenever it exists, until traffic_stop.
traffic() {
  touch "$go"
  (
    while [ -e "$go" ]; do
      in_netns kmon-l2-0 frames kw0p --count 5000 --macs 50 || sleep 0.05
    done
  ) >/dev/null 2>&1 3>&- &
  traffic_pid=$!
}

traffic_stop() {
  rm -f "$go"
  [ -z "$traffic_pid" ] || wait "$traffic_pid"
  traffic_pid=
}

# Traffic flows, and is counted.
is_counted() { wait_until 30 at_least kw0 $(($(figure kw0 packets) + 1)); }

# goes_away COMMAND...: after COMMAND, kw0 is waiting and keeps its count.
goes_away() {
  local before
  is_counted
  before=$(figure kw0 packets)
  "$@"
  assert_equal "$(figure kw0 waiting)" true
  assert_equal "$(head -n 1 "$text")" "Interface: kw0 (waiting)"
  assert_equal "$(get_param l2packet_counter interface)" kw0
  kept=$(figure kw0 packets)
  [ "$kept" -ge "$before" ]
}

# comes_back COMMAND...: after COMMAND, kw0 is counted again, exactly on top of its old count.
comes_back() {
  assert_equal "$(figure kw0 packets)" "$kept"
  "$@"
  assert_equal "$(figure kw0 waiting)" false
  assert_equal "$(head -n 1 "$text")" "Interface: kw0"
  is_counted
  traffic_stop
  exactly_100_more
}

exactly_100_more() {
  local n
  wait_until 30 queues_are_empty
  n=$(figure kw0 packets)
  send 0 --count 100 --macs 4
  assert_counted kw0 $((n + 100))
}

# The 12th word of each line is the length of the processor's input queue.
queues_are_empty() { awk '$12 != "00000000" { exit 1 }' /proc/net/softnet_stat; }

@test "deleted under traffic: waiting; created again: counting continues from the old numbers" {
  pair
  load_l2 interface=kw0
  traffic
  goes_away ip link del kw0
  comes_back pair
  unload_module l2packet_counter
  run kernel_log
  assert_line "l2packet_counter: kw0 is gone, waiting for it to return"
  assert_line "l2packet_counter: kw0 is back, counting continues"
}

@test "deleted under traffic with the other hooks: waiting, and back" {
  come_and_go() {
    traffic
    goes_away ip link del kw0
    comes_back pair
  }
  pair
  under "packet_type rx_handler" kw0 come_and_go
}

@test "deleted for good under traffic: the module unloads with the last numbers" {
  local n
  pair
  load_l2 interface=kw0
  traffic
  goes_away ip link del kw0
  traffic_stop
  n=$(figure kw0 packets)
  unload_module l2packet_counter
  run kernel_log
  assert_line "l2packet_counter: Interface: kw0, Total packets: $n, MAC addresses: 50"
}

away() { ip link set kw0 netns kmon-l2-1; }

home() {
  ip -n kmon-l2-1 link set kw0 netns $$
  echo 1 >/proc/sys/net/ipv6/conf/kw0/disable_ipv6
  up kw0
}

@test "moved to another namespace and back under traffic: not counted there, counted again here" {
  move_and_return() {
    traffic
    goes_away away
    up kw0 kmon-l2-1
    sleep 0.5
    comes_back home
  }
  pair
  under "auto packet_type rx_handler" kw0 move_and_return
}

netns_is_gone() { ! in_netns kmon-l2-0 test -e /sys/class/net/kw0p; }

into_a_namespace_that_ends() {
  ip netns add kmon-l2-gone
  on_teardown ip netns del kmon-l2-gone
  ip link set kw0 netns kmon-l2-gone
  up kw0 kmon-l2-gone
  sleep 0.3
  ip netns del kmon-l2-gone
  # The kernel removes the namespace later, and with it both ends of the pair.
  wait_until 30 netns_is_gone
}

@test "its namespace destroyed under traffic: waiting; created again: counting continues" {
  namespace_ends() {
    traffic
    goes_away into_a_namespace_that_ends
    comes_back pair
  }
  pair
  under "auto packet_type" kw0 namespace_ends
}

rename_down() {
  ip link set "$1" down
  ip link set "$1" name "$2"
  ip link set "$2" up
}

@test "renamed under traffic: followed, with the same numbers" {
  local before
  rename_and_back() {
    traffic
    is_counted
    before=$(figure kw0 packets)
    rename_down kw0 kwx
    assert_equal "$(head -n 1 "$text")" "Interface: kwx"
    assert_equal "$(get_param l2packet_counter interface)" kwx
    [ "$(figure kwx packets)" -ge "$before" ]
    wait_until 30 at_least kwx $(($(figure kwx packets) + 1))
    rename_down kwx kw0
    assert_equal "$(head -n 1 "$text")" "Interface: kw0"
    is_counted
    traffic_stop
    exactly_100_more
  }
  pair
  under "auto packet_type rx_handler" kw0 rename_and_back
}

@test "renamed while up, where the kernel allows it: followed" {
  pair
  load_l2 interface=kw0
  traffic
  is_counted
  run ip link set kw0 name kwx
  if [ "$status" = 0 ]; then
    assert_equal "$(head -n 1 "$text")" "Interface: kwx"
    wait_until 30 at_least kwx $(($(figure kwx packets) + 1))
    ip link set kwx name kw0
  else
    # Before Linux 6.3.
    assert_output --partial "Device or resource busy"
  fi
  is_counted
  traffic_stop
  exactly_100_more
}

frames_to_stacked() {
  send 0 --count 30 --dst "$(address_of kmv0)"
  send 0 --count 20 --vlan 5 --size 64
}

@test "macvlan and VLAN interface deleted and created again: counted as before" {
  make_stacked() {
    link kmv0 link kw0 type macvlan mode bridge
    link kw0.5 link kw0 type vlan id 5
  }
  pair
  make_stacked
  load_l2 interface=kmv0,kw0.5
  frames_to_stacked
  assert_counted kmv0 30
  assert_counted kw0.5 20
  ip link del kmv0
  ip link del kw0.5
  assert_equal "$(figure kmv0 waiting) $(figure kw0.5 waiting)" "true true"
  make_stacked
  frames_to_stacked
  assert_counted kmv0 60
  assert_counted kw0.5 40
}

@test "another interface renamed to the awaited name: counted from then on" {
  pair 0
  pair 1
  load_l2 interface=kw0
  send 0 --count 10
  assert_counted kw0 10
  ip link del kw0
  rename_down kw1 kw0
  assert_equal "$(figure kw0 waiting)" false
  send 1 --count 7 --macs 7
  assert_counted kw0 17
}

@test "renamed to an awaited name: watched once, and the setting can be written back" {
  local names
  pair 0
  pair 1
  load_l2 interface=kw0,kw1
  send 0 --count 10
  assert_counted kw0 10
  ip link del kw1
  rename_down kw0 kw1
  send 0 --count 10
  assert_counted kw1 20
  names=$(get_param l2packet_counter interface)
  assert_equal "$names" kw1
  set_param l2packet_counter interface "$names"
  send 0 --count 10
  wait_until 30 at_least kw1 30
  assert_equal "$(grep -c '^Interface' "$text")" 1
  assert_counted kw1 30
}

@test "a loopback or tun device with a watched name is not watched" {
  [ -e /dev/net/tun ] || modprobe tun
  pair
  load_l2 interface=kw0
  send 0 --count 10
  assert_counted kw0 10
  ip link del kw0
  ip tuntap add mode tun name kw0
  on_teardown ip link del kw0
  assert_equal "$(figure kw0 waiting)" true
  run kernel_log
  assert_line "l2packet_counter: kw0 is back but cannot be watched; still waiting"
  ip link del kw0
  pair
  send 0 --count 10
  assert_counted kw0 20
}

# bats test_tags=heavy
@test "a watched veth created and deleted repeatedly under traffic" {
  local times i
  times=$(scaled 200 30 10)
  pair
  load_l2 interface=kw0
  traffic
  for ((i = 0; i < times; i++)); do
    echo "link del kw0"
    echo "link add name kw0 group $mine up type veth peer name kw0p netns kmon-l2-0"
  done >"$BATS_TEST_TMPDIR/batch"
  ip -batch "$BATS_TEST_TMPDIR/batch"
  up kw0p kmon-l2-0
  is_counted
  traffic_stop
  exactly_100_more
  ip link del kw0
  unload_module l2packet_counter
}

# bats test_tags=heavy
@test "no interface was held: more than ten seconds after the last one went, the kernel waits for none" {
  pair
  load_l2 interface=kw0
  send 0 --count 10
  ip netns add kmon-l2-gone
  on_teardown ip netns del kmon-l2-gone
  ip link set kw0 netns kmon-l2-gone
  ip netns del kmon-l2-gone
  wait_until 30 netns_is_gone
  sleep 11
  run kernel_log
  refute_output --partial "unregister_netdevice: waiting"
}
