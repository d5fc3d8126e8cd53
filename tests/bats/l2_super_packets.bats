#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# l2packet_counter: a packet merged by GSO or GRO counts as its original frames; what this host sends is not received.
# shellcheck disable=SC2030,SC2031,SC2034,SC2154 # each test is a subshell; what is not assigned here is so in lib

load ../lib/common
load ../lib/l2
load ../lib/l2_topology

# ---- super packets ----

# A TCP path from kmon-l2-0 through the watched kw0, a bridge and kw1 to kmon-l2-1. All addresses are in the two
# namespaces, so no firewall of this host is involved.
tcp_path() {
  local n other
  pair 0
  pair 1
  make_bridge kw0 kw1
  for n in 0 1; do
    other=$((1 - n))
    ip -n "kmon-l2-$n" addr add "198.18.77.$((n + 1))/24" dev "kw${n}p"
    ip -n "kmon-l2-$n" link set "kw${n}p" arp off
    ip -n "kmon-l2-$n" link set "kw${n}p" arp on
    ip -n "kmon-l2-$n" neigh replace "198.18.77.$((other + 1))" dev "kw${n}p" nud permanent \
      lladdr "$(in_netns "kmon-l2-$other" cat "/sys/class/net/kw${other}p/address")"
  done
  # A queue, because it counts segments and bytes as they would be on a wire.
  in_netns kmon-l2-0 tc qdisc add dev kw0p root pfifo
}

queue_total() {
  in_netns kmon-l2-0 tc -s qdisc show dev kw0p | sed -nE "s/^ *Sent ([0-9]+) bytes ([0-9]+) pkt.*/\\$1/p"
}
queue_bytes() { queue_total 1; }
queue_packets() { queue_total 2; }

# The segments that TCP in kmon-l2-0 says it sent.
# shellcheck disable=SC2016 # awk expands
tcp_segments() { in_netns kmon-l2-0 awk '/^Tcp:/ { if (head) print $i; else { for (i = 1; $i != "OutSegs"; i++); head = 1 } }' /proc/net/snmp; }

# Counts packets at the end of the wire as the stack sees them: a super packet is one.
count_skbs() {
  nft add table netdev kmon-l2
  on_teardown nft delete table netdev kmon-l2
  nft add chain netdev kmon-l2 received "{ type filter hook ingress device kw0 priority 0; }"
  nft add rule netdev kmon-l2 received counter
}
skbs() { nft list table netdev kmon-l2 | sed -nE 's/.*counter packets ([0-9]+) .*/\1/p'; }

# transfer BYTES: sends BYTES over the path and waits until all have arrived.
transfer() {
  local server
  in_netns kmon-l2-1 tcpflow --server 198.18.77.2 5001 --ready "$BATS_TEST_TMPDIR/ready" 3>&- &
  server=$!
  wait_until 30 test -e "$BATS_TEST_TMPDIR/ready"
  in_netns kmon-l2-0 tcpflow --client 198.18.77.2 5001 --bytes "$1"
  wait "$server"
  rm "$BATS_TEST_TMPDIR/ready"
}

# Compares with the count of the sender's queue, which knows nothing of this module. TCP's own count is the same, except
# for retransmissions on a slow machine.
segments_counted() {
  local bytes0 packets0 segments0 skbs0 packets segments
  bytes0=$(queue_bytes)
  packets0=$(queue_packets)
  segments0=$(tcp_segments)
  skbs0=$(skbs)
  transfer "$1"
  wait_until 30 tcp_is_idle
  packets=$(($(queue_packets) - packets0))
  segments=$(($(tcp_segments) - segments0))
  [ $((segments - packets)) -le $((packets / 50)) ] && [ $((packets - segments)) -le $((packets / 50)) ]
  assert_counted kw0 "$packets" $(($(queue_bytes) - bytes0))
  assert_equal "$(counts kw0)" "$(in_netns kmon-l2-0 cat /sys/class/net/kw0p/address) $packets"
  # Otherwise the test would prove nothing. On a slow machine, TCP makes super packets of only two segments.
  [ $(($(skbs) - skbs0)) -lt $((3 * packets / 4)) ]
}

# The last acknowledgement has been sent when only sockets in TIME-WAIT are left.
tcp_is_idle() { [ -z "$(in_netns kmon-l2-0 ss -Htn state established state fin-wait-1 state fin-wait-2 state closing)" ]; }

# bats test_tags=heavy
@test "TCP with GSO: a super packet counts as its segments, in packets and in bytes" {
  tcp_path
  count_skbs
  under "auto packet_type" kw0 segments_counted "$(scaled 20000000 2000000)"
}

# bats test_tags=heavy
@test "TCP merged by GRO: counts as the segments that came, in packets and in bytes" {
  tcp_path
  in_netns kmon-l2-0 ethtool -K kw0p tso off gso off
  ethtool -K kw0 gro on
  # veth takes part in GRO since Linux 5.13.
  count_skbs
  load_l2 interface=kw0
  if ! merges; then
    skip "expected: no GRO on veth in this kernel"
  fi
  unload_module l2packet_counter
  under "auto packet_type" kw0 segments_counted "$(scaled 10000000 1000000)"
}

# Does GRO merge packets here?
merges() {
  transfer 300000
  [ "$(skbs)" -lt $((3 * $(queue_packets) / 4)) ]
}

udp_super_packets() {
  local wire=$((14 + 20 + 8 + 500))
  in_netns kmon-l2-0 gso --to 198.18.77.2 --port 9 --segment 500 --segments 40 --count 25
  assert_counted kw0 1000 $((1000 * (wire + ${1:-0})))
}

@test "UDP super packets of 40 datagrams: 40 frames each, with the bytes of 40, with every hook" {
  pair
  ip -n kmon-l2-0 addr add 198.18.77.1/24 dev kw0p
  ip -n kmon-l2-0 neigh add 198.18.77.2 dev kw0p nud permanent lladdr 02:00:00:00:77:77
  count_skbs
  under "auto packet_type rx_handler" kw0 udp_super_packets
  # The count is right anyway, but no super packet was seen.
  [ "$(skbs)" != 3000 ] || skip "expected: veth splits UDP super packets in this kernel"
  assert_equal "$(skbs)" 75
}

@test "UDP super packets in a VLAN: 40 frames each, all with the tag" {
  pair
  ip -n kmon-l2-0 link add link kw0p name kw0p.5 type vlan id 5
  up kw0p.5 kmon-l2-0
  ip -n kmon-l2-0 addr add 198.18.77.1/24 dev kw0p.5
  ip -n kmon-l2-0 neigh add 198.18.77.2 dev kw0p.5 nud permanent lladdr 02:00:00:00:77:77
  under "auto packet_type" kw0 udp_super_packets 4
}

@test "what this host sends to a group and hears itself does not count as received" {
  pair
  ip addr add 198.18.77.3/24 dev kw0
  count_skbs
  load_l2 interface=kw0
  send 0 --count 10
  # Every host listens to 224.0.0.1.
  run ping -q -c 3 -i 0.2 -W 1 -I kw0 224.0.0.1
  assert_equal "$(skbs)" 13
  assert_counted kw0 10 600
  assert_equal "$(figure kw0 skipped_packets)" 0
}

@test "what this host sends is not received, with every hook" {
  sends_itself() {
    frames kw0 --count 50
    send 0 --count 10
    assert_counted kw0 10
  }
  pair
  under "auto packet_type rx_handler" kw0 sends_itself
}
