#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# l2packet_counter with direction=both: each frame that a watched interface sends is counted once, by its destination, and
# the sum equals the interface's own count. Received frames are counted as always. Changes while frames are sent are in
# l2_sent_changes.bats.
# shellcheck disable=SC2030,SC2031,SC2034,SC2154 # each test is a subshell; names of l2_sent.bash

load ../lib/common
load ../lib/l2
load ../lib/l2_sent

# ---- what is shown ----

@test "direction=rx: sent frames cost nothing and are shown nowhere" {
  pair 0
  load_l2 interface=kw0
  out kw0 --count 50
  into 0 --count 20
  assert_figure kw0 packets 20
  assert_equal "$(get_param l2packet_counter direction)" rx
  assert_equal "$(json "$view" '.[0].direction')" rx
  assert_equal "$(sed -n 2p "$view")" '{"interface":"kw0","waiting":false,"hook":"tracepoint","macs":1,"packets":20,"bytes":1200,"untracked_packets":0,"untracked_bytes":0,"evicted_packets":0,"evicted_bytes":0,"skipped_packets":0}'
  assert_equal "$(grep -c tx_ "$view")" 0
}

@test "direction=both: the keys for sent frames are there from the beginning" {
  pair 0
  watch kw0
  assert_equal "$(json "$view" '.[0].direction')" both
  assert_equal "$(sed -n 2p "$view")" '{"interface":"kw0","waiting":false,"hook":"tracepoint","macs":0,"packets":0,"bytes":0,"untracked_packets":0,"untracked_bytes":0,"evicted_packets":0,"evicted_bytes":0,"skipped_packets":0,"tx_packets":0,"tx_bytes":0,"tx_untracked_packets":0,"tx_untracked_bytes":0,"tx_evicted_packets":0,"tx_evicted_bytes":0,"tx_group_packets":0,"tx_group_bytes":0}'
}

@test "both directions of an address are in one line; an address that was only sent to has received nothing" {
  pair 0
  watch kw0
  out kw0 --count 100 --macs 4 --size 100
  into 0 --count 60 --macs 3
  assert_sent kw0 100 10000
  assert_figure kw0 packets 60
  assert_figure kw0 macs 4
  diff "$sent" <(sent_counts kw0)
  diff "$received" <(received_counts kw0)
  run line 02:00:00:00:00:01
  assert_output --partial '"packets":20,"bytes":1200,"tx_packets":25,"tx_bytes":2500,"first_seen":'
  run line 02:00:00:00:00:04
  assert_output --partial '"packets":0,"bytes":0,"tx_packets":25,"tx_bytes":2500,"first_seen":'
}

@test "the text view and the unload line show received frames; a second line shows sent frames" {
  pair 0
  watch kw0
  out kw0 --count 100 --macs 4
  out kw0 --count 7 --group
  into 0 --count 9
  assert_sent kw0 100 6000
  assert_figure kw0 packets 9
  assert_equal "$(cat "$text")" "\
Interface: kw0
Total packets: 9
MAC Address Statistics:
MAC Address        Packet Count
------------------ ------------
02:00:00:00:00:01            9"
  unload_module l2packet_counter
  run kernel_log
  assert_line "l2packet_counter: Interface: kw0, Total packets: 9, MAC addresses: 1"
  assert_line "l2packet_counter: Interface: kw0, Sent packets: 107"
}

@test "first_seen and last_seen cover both directions" {
  local first
  pair 0
  watch kw0
  out kw0 --count 1
  assert_sent kw0 1 60
  first=$(figure_of "$(line 02:00:00:00:00:01)" first_seen)
  sleep 1.1
  into 0 --count 1
  assert_figure kw0 packets 1
  sleep 1.1
  # The first frame on a processor creates the cell for later ones.
  for _ in 1 2 3; do out kw0 --count 1 && sleep 0.2; done
  assert_sent kw0 4 240
  assert_equal "$(figure_of "$(line 02:00:00:00:00:01)" first_seen)" "$first"
  [ "$(figure_of "$(line 02:00:00:00:00:01)" last_seen)" -ge $((first + 2)) ]
}

@test "to groups and to all: in no line and in no tx_packets, but in tx_group_packets" {
  pair 0
  watch kw0
  out kw0 --count 30 --macs 3 --group --size 100
  frames kw0 --dst ff:ff:ff:ff:ff:ff --count 20 >/dev/null
  out kw0 --count 10 --macs 2
  assert_sent kw0 10 600
  assert_figure kw0 tx_group_packets 50
  assert_figure kw0 tx_group_bytes 4200
  assert_figure kw0 macs 2
  assert_figure kw0 tx_untracked_packets 0
}

# ---- any kind of interface ----

@test "frames of 14 to 1514 bytes, with tags: all bytes are counted" {
  pair 0
  watch kw0
  out kw0 --count 10 --short
  out kw0 --count 10 --size 1514
  out kw0 --count 10 --size 64 --vlan 5
  out kw0 --count 10 --size 68 --vlan 7 --qinq 5
  assert_sent kw0 40 $((140 + 15140 + 640 + 680))
}

# A VLAN device passes the tag to the device below it out of band if that device can insert it.
@test "VLAN: the tag counts on the trunk but not on the VLAN interface, wherever it is stored" {
  pair 0
  link kw0.5 link kw0 type vlan id 5
  watch kw0,kw0.5
  out kw0.5 --count 40 --macs 4
  out kw0.5 --count 10 --group
  assert_sent kw0.5 40 2400
  assert_sent kw0 40 2560 200
  assert_figure kw0 tx_group_bytes 640
  ethtool -K kw0 txvlan off
  out kw0.5 --count 40 --macs 4
  assert_sent kw0.5 80 4800
  assert_sent kw0 80 5120 200
  diff <(sed 's/10$/20/' "$sent") <(sent_counts kw0)
}

@test "bridge: its own frames go out of each port, forwarded ones out of one" {
  pair 0
  pair 1
  link kbr0 type bridge
  ip link set kw0 master kbr0
  ip link set kw1 master kbr0
  watch kbr0,kw0,kw1
  out kbr0 --count 40 --macs 4
  assert_sent kbr0 40 2400
  assert_sent kw0 40 2400
  assert_sent kw1 40 2400
  # Now the bridge knows where they are.
  into 0 --count 4 --macs 4
  assert_figure kw0 packets 4
  assert_sent kw1 44 2640
  in_netns kmon-l2-1 frames kw1p --swap --count 60 --macs 4 >/dev/null
  assert_sent kw0 100 6000
  assert_sent kw1 44 2640
  assert_sent kbr0 40 2400
  assert_equal "$(sent_counts kw0 | paste -s -d ,)" \
    "02:00:00:00:00:01 25,02:00:00:00:00:02 25,02:00:00:00:00:03 25,02:00:00:00:00:04 25"
}

# bond MODE: creates kbond0 from kw0 and kw1.
bond() {
  local one
  modprobe -q bonding max_bonds=0 || true
  link kbond0 type bond mode "$1"
  for one in kw0 kw1; do
    ip link set "$one" down
    ip link set "$one" master kbond0
    ip link set "$one" up
  done
  wait_until 30 link_is_up kbond0
}

@test "bond: its frames once, and once on the slave that sends them" {
  pair 0
  pair 1
  bond balance-rr
  watch kbond0,kw0,kw1
  out kbond0 --count 100 --macs 4
  assert_sent kbond0 100 6000
  assert_figure kw0 tx_packets 50
  assert_figure kw1 tx_packets 50
  assert_sent kw0 50 3000
  unload_module l2packet_counter
  ip link del kbond0
  bond active-backup
  ip link set kbond0 type bond active_slave kw1
  watch kbond0,kw0,kw1
  out kbond0 --count 100 --macs 4
  assert_sent kbond0 100 6000
  assert_sent kw0 0 0
  assert_sent kw1 100 6000
}

@test "macvlan: its frames once, and once on its lower device if that sends them" {
  pair 0
  link kmv0 link kw0 type macvlan mode bridge
  link kmv1 link kw0 type macvlan mode bridge
  watch kw0,kmv0,kmv1
  out kmv0 --count 50 --macs 5
  assert_sent kmv0 50 3000
  assert_sent kw0 50 3000
  # To its neighbour: nothing goes out.
  out kmv0 --count 20 --src "$(cat /sys/class/net/kmv1/address)"
  assert_sent kmv0 70 4200
  assert_sent kw0 50 3000
  assert_sent kmv1 0 0
}

@test "tap: the frames that its owner reads" {
  [ -e /dev/net/tun ] || modprobe tun
  mkfifo "$BATS_TEST_TMPDIR/tap"
  frames --tap kmtap0 --count 1 <"$BATS_TEST_TMPDIR/tap" >/dev/null 3>&- &
  on_teardown kill $!
  exec 9>"$BATS_TEST_TMPDIR/tap"
  wait_until 10 test -e /sys/class/net/kmtap0
  quiet_link kmtap0
  wait_until 10 grep -q 1 /sys/class/net/kmtap0/carrier
  watch kmtap0
  out kmtap0 --count 100 --macs 4
  out kmtap0 --count 11 --group
  # The device itself counts a frame only when it is read.
  assert_figure kmtap0 tx_packets 100
  assert_figure kmtap0 tx_bytes 6000
  assert_figure kmtap0 tx_group_packets 11
  diff "$sent" <(echo 03:00:00:00:00:01 11)
  assert_equal "$(cat /sys/class/net/kmtap0/statistics/tx_dropped)" 0
  balances
  exec 9>&-
}

@test "several interfaces: each has its own counts" {
  pair 0
  pair 1
  link kw0.5 link kw0 type vlan id 5
  watch kw1,kw0.5,kw0
  out kw0 --count 30 --macs 3
  out kw1 --count 20 --macs 2
  out kw0.5 --count 10
  assert_sent kw1 20 1200
  assert_sent kw0 40 $((1800 + 640)) 40
  assert_sent kw0.5 10 600
  # The first interface has its own probe. When it goes, the others stay.
  set_param l2packet_counter interface kw0,kw0.5
  out kw0 --count 30 --macs 3
  out kw1 --count 20 --macs 2
  assert_sent kw0 70 $((3600 + 640)) 40
  set_param l2packet_counter interface kw0,kw1
  packets0[kw1]=$(own kw1 packets) bytes0[kw1]=$(own kw1 bytes)
  out kw1 --count 20 --macs 2
  out kw0 --count 10
  assert_sent kw1 20 1200
  assert_sent kw0 80 $((4200 + 640)) 40
}

@test "with the other hooks, too: they only concern received frames" {
  local hook
  pair 0
  for hook in packet_type rx_handler; do
    watch kw0 hook=$hook
    out kw0 --count 50 --macs 5
    into 0 --count 20
    assert_sent kw0 50 3000
    assert_figure kw0 packets 20
    unload_module l2packet_counter
  done
}

@test "sent from two processors at once, to 64 addresses: each exactly" {
  local n
  n=$(scaled 1000000 60000 20000)
  pair 0
  watch kw0
  out kw0 --count "$n" --macs 64 --threads 2
  assert_sent kw0 "$n" $((n * 60))
  diff "$sent" <(sent_counts kw0)
}

# ---- super packets ----

# kmon-l2-0 sends through kw0, a bridge and kw1 to kmon-l2-1. The queue of kw1 counts segments and bytes as they would be
# on a wire.
super_path() {
  local n other
  pair 0
  pair 1
  link kbr0 type bridge
  ip link set kw0 master kbr0
  ip link set kw1 master kbr0
  for n in 0 1; do
    other=$((1 - n))
    ip -n "kmon-l2-$n" addr add "198.18.77.$((n + 1))/24" dev "kw${n}p"
    ip -n "kmon-l2-$n" neigh replace "198.18.77.$((other + 1))" dev "kw${n}p" nud permanent \
      lladdr "$(in_netns "kmon-l2-$other" cat "/sys/class/net/kw${other}p/address")"
  done
  tc qdisc add dev kw1 root pfifo limit 10000
}

queue() { tc -s qdisc show dev kw1 | sed -nE "s/^ *Sent ([0-9]+) bytes ([0-9]+) pkt.*/\\$1/p"; }

# transfer BYTES: sends BYTES over TCP, from kmon-l2-0 to kmon-l2-1.
transfer() {
  local server
  in_netns kmon-l2-1 tcpflow --server 198.18.77.2 5001 --ready "$BATS_TEST_TMPDIR/ready" 3>&- &
  server=$!
  wait_until 30 test -e "$BATS_TEST_TMPDIR/ready"
  in_netns kmon-l2-0 tcpflow --client 198.18.77.2 5001 --bytes "$1"
  wait "$server"
}

# The last acknowledgement has been sent when only sockets in TIME-WAIT are left.
tcp_is_idle() { [ -z "$(in_netns kmon-l2-0 ss -Htn state established state fin-wait-1 state fin-wait-2 state closing)" ]; }

# bats test_tags=heavy
@test "TCP with TSO: a super packet counts as its segments, in packets and in bytes" {
  local packets bytes
  super_path
  watch kw1
  packets=$(queue 2) bytes=$(queue 1)
  transfer "$(scaled 20000000 2000000 500000)"
  wait_until 30 tcp_is_idle
  packets=$(($(queue 2) - packets)) bytes=$(($(queue 1) - bytes))
  assert_figure kw1 tx_packets "$packets"
  assert_figure kw1 tx_bytes "$bytes"
  assert_figure kw1 tx_group_packets 0
  assert_equal "$(sent_counts kw1)" "$(in_netns kmon-l2-1 cat /sys/class/net/kw1p/address) $packets"
  balances
  # Otherwise the test would prove nothing. The interface counts a super packet as one.
  [ $(($(own kw1 packets) - packets0[kw1])) -lt $((3 * packets / 4)) ]
}

# udp_super_packets [VLAN-BYTES]: 25 super packets of 40 datagrams, 500 bytes each, with VLAN-BYTES of tags per frame.
udp_super_packets() {
  local wire=$((14 + 20 + 8 + 500))
  in_netns kmon-l2-0 gso --to 198.18.77.2 --port 9 --segment 500 --segments 40 --count 25
  assert_figure kw1 tx_packets 1000
  assert_figure kw1 tx_bytes $((1000 * (wire + ${1:-0})))
  balances
}

@test "UDP super packets of 40 datagrams: 40 frames each, with the bytes of 40" {
  super_path
  watch kw1
  udp_super_packets
  [ $(($(own kw1 packets) - packets0[kw1])) = 25 ] || skip "expected: veth splits UDP super packets in this kernel"
}

@test "UDP super packets in a VLAN: 40 frames each, all with the tag" {
  super_path
  ip -n kmon-l2-0 addr flush dev kw0p
  ip -n kmon-l2-0 link add link kw0p name kw0p.5 type vlan id 5
  ip -n kmon-l2-0 link set kw0p.5 up
  ip -n kmon-l2-0 addr add 198.18.77.1/24 dev kw0p.5
  ip -n kmon-l2-0 neigh add 198.18.77.2 dev kw0p.5 nud permanent lladdr 02:00:00:00:77:77
  watch kw1
  udp_super_packets 4
}

@test "UDP super packets to a group: their frames and bytes count for the group" {
  super_path
  ip -n kmon-l2-0 neigh replace 198.18.77.2 dev kw0p nud permanent lladdr 03:00:00:00:77:77
  watch kw1
  in_netns kmon-l2-0 gso --to 198.18.77.2 --port 9 --segment 500 --segments 40 --count 25
  assert_figure kw1 tx_group_packets 1000
  assert_figure kw1 tx_group_bytes $((1000 * (14 + 20 + 8 + 500)))
  assert_figure kw1 tx_packets 0
}

# ---- what is not sent ----

@test "dropped by the queueing discipline: not counted" {
  pair 0
  tc qdisc add dev kw0 root netem loss 40% limit 10000 || skip "expected: no netem in this kernel"
  watch kw0
  out kw0 --count 1000 --macs 4
  wait_until 30 queue_is_empty
  assert_sent kw0 "$(own kw0 packets)" "$(own kw0 bytes)"
  [ "$(figure kw0 tx_packets)" -gt 100 ]
  [ "$(figure kw0 tx_packets)" -lt 900 ]
}
queue_is_empty() { tc -s qdisc show dev kw0 | grep -q 'backlog 0b 0p'; }

@test "waiting in the queueing discipline: counted when it goes out" {
  pair 0
  tc qdisc add dev kw0 root netem delay 2s limit 10000 || skip "expected: no netem in this kernel"
  watch kw0
  out kw0 --count 100 --macs 4
  assert_equal "$(figure kw0 tx_packets)" 0
  assert_sent kw0 100 6000
}

@test "handed to the driver directly (PACKET_QDISC_BYPASS): not seen" {
  pair 0
  watch kw0
  out kw0 --count 100 --fast
  out kw0 --count 7
  assert_figure kw0 tx_packets 7
  assert_equal $(($(own kw0 packets) - packets0[kw0])) 107
}
