#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# l2packet_counter: each received frame counts once, whatever the interface is part of and whatever hook= is. The contents
# of the files are in l2packet_counter.bats, interfaces that come and go in l2_come_and_go.bats.
# shellcheck disable=SC2030,SC2031,SC2034,SC2154 # each test is a subshell; what is not assigned here is so in lib

load ../lib/common
load ../lib/l2
load ../lib/l2_topology

# ---- frames ----

# 100 frames of 60 bytes from 4 addresses through pair N, all counted on INTERFACE.
all_of_them() {
  send "${2:-0}" --count 100 --macs 4
  assert_counted "$1" 100 6000
  diff "$sent" <(counts "$1")
}

@test "plain veth: each frame once, with every hook" {
  pair
  under "auto tracepoint packet_type rx_handler" kw0 all_of_them kw0
}

frames_to_anyone() {
  local to
  for to in "$(address_of kw0)" 02:00:00:00:77:77 ff:ff:ff:ff:ff:ff 01:00:5e:00:00:fb; do
    send 0 --count 25 --dst "$to"
  done
  assert_counted kw0 100 6000
}

@test "frames to this host, to others, broadcast and to a group: each once, with every hook" {
  pair
  under "auto packet_type rx_handler" kw0 frames_to_anyone
}

@test "promiscuous interface: frames to others, each once" {
  pair
  ip link set kw0 promisc on
  under auto kw0 frames_to_anyone
}

# ---- bridges ----

@test "bridge port, the bridge created before: each frame once" {
  pair
  make_bridge kw0
  under "auto packet_type" kw0 all_of_them kw0
}

join_and_leave_bridge() {
  send 0 --count 100
  ip link set kw0 master kbr0
  send 0 --count 100
  ip link set kw0 nomaster
  send 0 --count 100
  assert_counted kw0 300 18000
}

@test "an interface joins a bridge and leaves it while watched: each frame once" {
  pair
  make_bridge
  under "auto packet_type" kw0 join_and_leave_bridge
}

@test "bridge with two watched ports: forwarded frames are counted where they came in" {
  pair 0
  pair 1
  make_bridge kw0 kw1
  load_l2 interface=kw0,kw1
  send 0 --count 100
  send 1 --count 50
  assert_counted kw0 100
  assert_counted kw1 50
}

frames_to_the_bridge() {
  send 0 --count 60 --dst "$(address_of kbr0)" --macs 3
  send 0 --count 40 --dst ff:ff:ff:ff:ff:ff
  send 0 --count 30 --dst 02:00:00:00:77:77
  assert_counted kbr0 100 6000
}

@test "the bridge itself: frames for it, each once, with every hook" {
  pair
  make_bridge kw0
  ip link set kbr0 address 02:00:00:00:be:ef
  under "auto packet_type rx_handler" kbr0 frames_to_the_bridge
}

# ---- bonds ----

@test "bond slaves, the active one and the other: each frame once" {
  pair 0
  pair 1
  make_bond active-backup kw0 kw1
  ip link set kbond0 type bond active_slave kw0
  under "auto packet_type" kw0,kw1 bond_slaves
}
bond_slaves() {
  all_of_them kw0 0
  all_of_them kw1 1
}

join_and_leave_bond() {
  send 0 --count 100
  enslave kw0
  send 0 --count 100
  ip link set kw0 nomaster
  up kw0
  send 0 --count 100
  assert_counted kw0 300
}

@test "an interface joins a bond and leaves it while watched: each frame once" {
  pair
  make_bond active-backup
  under "auto packet_type" kw0 join_and_leave_bond
}

frames_of_both_slaves() {
  send 0 --count 100 --macs 4
  send 1 --count 50 --macs 4
  assert_counted kbond0 "$1"
}

@test "active-backup bond itself: the frames of the active slave, each once" {
  pair 0
  pair 1
  make_bond active-backup kw0 kw1
  ip link set kbond0 type bond active_slave kw0
  under "auto packet_type rx_handler" kbond0 frames_of_both_slaves 100
}

@test "round-robin bond itself: the frames of all slaves, each once" {
  pair 0
  pair 1
  make_bond balance-rr kw0 kw1
  under "auto packet_type rx_handler" kbond0 frames_of_both_slaves 150
}

# ---- macvlan and its kind ----

frames_to_macvlan() {
  send 0 --count 60 --dst "$(address_of kmv0)"
  send 0 --count 40 --dst "$(address_of kw0)"
  assert_counted kw0 100 6000
  assert_counted kmv0 60 3600
}

@test "macvlan: its lower device has all frames, it has its own, each once" {
  pair
  link kmv0 link kw0 type macvlan mode bridge
  under "auto packet_type" kw0,kmv0 frames_to_macvlan
}

@test "macvlan's lower device with hook=tracepoint: each frame once" {
  pair
  link kmv0 link kw0 type macvlan mode bridge
  under tracepoint kw0 all_of_them kw0
}

# bats test_tags=heavy
@test "ipvlan, VRF, team: their lower devices, each frame once" {
  local tried=0
  pair
  if link kiv0 link kw0 type ipvlan; then
    under auto kw0 all_of_them kw0
    ip link del kiv0
    tried=$((tried + 1))
  fi
  if link kvrf0 type vrf table 77; then
    ip link set kw0 master kvrf0
    under auto kw0 all_of_them kw0
    ip link del kvrf0
    tried=$((tried + 1))
  fi
  if link kteam0 type team; then
    ip link set kw0 down
    ip link set kw0 master kteam0
    up kw0
    under auto kw0 all_of_them kw0
    ip link del kteam0
    tried=$((tried + 1))
  fi
  [ "$tried" -gt 0 ] || skip "expected: this kernel has none of them"
}

# ---- VLANs ----

frames_with_and_without_tag() {
  send 0 --count 60 --vlan 5 --size 64
  send 0 --count 40 --size 60
  send 0 --count 20 --vlan 6 --size 64
  assert_counted kw0 120 $((60 * 64 + 40 * 60 + 20 * 64))
}

@test "VLAN-tagged frames without a VLAN interface: each once, tag included, with every hook" {
  pair
  under "auto packet_type rx_handler" kw0 frames_with_and_without_tag
}

trunk_and_child() {
  frames_with_and_without_tag
  assert_counted kw0.5 60 $((60 * 60))
}

@test "VLAN trunk and its VLAN interface: the trunk counts all frames, the other its own, without the tag" {
  pair
  link kw0.5 link kw0 type vlan id 5
  under "auto packet_type" kw0,kw0.5 trunk_and_child
}

@test "VLAN trunk with hook=tracepoint: each frame once, those of the VLAN interface too" {
  pair
  link kw0.5 link kw0 type vlan id 5
  under tracepoint kw0 frames_with_and_without_tag
}

qinq() {
  send 0 --count 60 --vlan 7 --qinq 5 --size 68
  send 0 --count 30 --vlan 7 --qinq 6 --size 68
  send 0 --count 10 --vlan 8 --qinq 5 --size 68
  assert_counted kw0 100 6800
  assert_counted kw0.7 90 $((90 * 64))
  assert_counted kw0.7.5 60 $((60 * 60))
}

@test "QinQ: the trunk, the outer and the inner VLAN interface, each frame once" {
  pair
  link kw0.7 link kw0 type vlan proto 802.1ad id 7
  link kw0.7.5 link kw0.7 type vlan id 5
  under "auto packet_type" kw0,kw0.7,kw0.7.5 qinq
}

@test "QinQ without VLAN interfaces: each frame once, both tags included, with every hook" {
  qinq_frames() {
    send 0 --count 60 --vlan 7 --qinq 5 --size 68
    assert_counted kw0 60 $((60 * 68))
  }
  pair
  under "auto packet_type rx_handler" kw0 qinq_frames
}

# ---- traffic control ----

@test "redirected to an ifb and back: each frame once, with every hook" {
  pair
  modprobe -q ifb numifbs=0 || true
  link kifb0 type ifb
  tc qdisc add dev kw0 ingress
  tc filter add dev kw0 parent ffff: matchall action mirred egress redirect dev kifb0
  under "auto packet_type rx_handler" kw0 all_of_them kw0
  assert_equal "$(cat /sys/class/net/kifb0/statistics/tx_packets)" 300
}

@test "dropped by tc on ingress: still received" {
  pair
  tc qdisc add dev kw0 ingress
  tc filter add dev kw0 parent ffff: matchall action drop
  under "auto packet_type" kw0 all_of_them kw0
}

# ---- IPsec ----

ipsec_state() {
  ip "$@" xfrm state add src 198.18.77.1 dst 198.18.77.3 proto esp spi 0x77 mode tunnel \
    enc 'ecb(cipher_null)' '' auth 'hmac(sha1)' 0x0123456789012345678901234567890123456789
}
decrypted() { ip -s xfrm state list src 198.18.77.1 dst 198.18.77.3 | sed -nE 's/.* ([0-9]+)\(packets\).*/\1/p' | head -n 1; }

# 40 datagrams in a tunnel. What leaves the tunnel passes the receive path a second time.
datagrams_in_a_tunnel() {
  in_netns kmon-l2-0 ipsend --proto udp --from 198.18.78.1 --to 198.18.78.3 --size 100 --count 40
  assert_counted kw0 40
}

@test "IPsec tunnel: the frame that came is counted, not again what was in it" {
  local before
  pair
  ipsec_state || skip "expected: no IPsec in this kernel"
  on_teardown ip xfrm state del src 198.18.77.1 dst 198.18.77.3 proto esp spi 0x77
  ip addr add 198.18.77.3/24 dev kw0
  ip -n kmon-l2-0 addr add 198.18.77.1/24 dev kw0p
  ip -n kmon-l2-0 addr add 198.18.78.1/24 dev kw0p
  ip -n kmon-l2-0 neigh add 198.18.77.3 dev kw0p nud permanent lladdr "$(address_of kw0)"
  ipsec_state -n kmon-l2-0
  on_teardown ip -n kmon-l2-0 xfrm state del src 198.18.77.1 dst 198.18.77.3 proto esp spi 0x77
  ip -n kmon-l2-0 xfrm policy add src 198.18.78.0/24 dst 198.18.78.0/24 dir out \
    tmpl src 198.18.77.1 dst 198.18.77.3 proto esp spi 0x77 mode tunnel
  on_teardown ip -n kmon-l2-0 xfrm policy del src 198.18.78.0/24 dst 198.18.78.0/24 dir out
  under "auto packet_type rx_handler" kw0 datagrams_in_a_tunnel
  assert_equal "$(decrypted)" 120
}

# ---- which hook ----

@test "hook=auto: the tracepoint where it sees the frames, packet_type for devices on top of others" {
  pair 0
  pair 1
  link kw0.5 link kw0 type vlan id 5
  link kmv0 link kw0 type macvlan
  make_bridge kw1
  load_l2 interface=kw0,kw1,kbr0,kw0.5,kmv0
  assert_equal "$(json "$view" '.[0].hook')" auto
  run json "$view" 'map(select(.waiting == false) | "\(.interface) \(.hook)") | join(", ")'
  assert_output "kw0 tracepoint, kw1 tracepoint, kbr0 tracepoint, kw0.5 packet_type, kmv0 packet_type"
}

hook_is_told() {
  assert_equal "$(cat "$parameters/hook")" "$hook"
  assert_equal "$(json "$view" '"\(.[0].hook) \(.[1].hook)"')" "$hook $hook"
}

@test "hook: the JSON view says which one is in use, the parameter cannot be written" {
  pair
  under "tracepoint packet_type rx_handler" kw0 hook_is_told
  load_l2 interface=kw0
  assert_equal "$(stat -c %a "$parameters/hook")" 444
}

@test "hook=bogus is refused, with a line in the log" {
  pair
  refused "Invalid parameters" interface=kw0 hook=bogus
  run kernel_log
  assert_line "l2packet_counter: hook=bogus refused: expected one of auto, tracepoint, packet_type, rx_handler"
  refused "Invalid parameters" interface=kw0 hook=
}

@test "hook=rx_handler on a bridge port: EBUSY and a line in the log, at load and on write" {
  pair 0
  pair 1
  make_bridge kw0
  refused "Device or resource busy" interface=kw0 hook=rx_handler
  run kernel_log
  assert_line --regexp '^l2packet_counter: kw0: hook=rx_handler refused: '

  load_l2 interface=kw1 hook=rx_handler
  run badwrite "$parameters/interface" text kw1,kw0
  assert_output --partial '"errno":"EBUSY"'
  assert_equal "$(get_param l2packet_counter interface)" kw1
  all_of_them kw1 1
}

@test "hook=rx_handler keeps its interface out of bridges, as the original did, until the module goes" {
  pair
  make_bridge
  load_l2 interface=kw0 hook=rx_handler
  run ip link set kw0 master kbr0
  assert_failure
  assert_output --partial "Device or resource busy"
  all_of_them kw0
  unload_module l2packet_counter
  ip link set kw0 master kbr0
}
