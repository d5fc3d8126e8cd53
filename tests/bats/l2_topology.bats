#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# l2packet_counter: each received frame once, whatever the interface is part of and whatever becomes of it, however the
# frames are seen (hook=). What the files show and the settings are in l2packet_counter.bats.
#
# A test makes the pairs it needs: kw0 and kw1 are here, and watched; their other ends kw0p and kw1p send, each in a
# network namespace of its own. Nothing but what a test sends comes in: no IPv6, no ARP.

load ../lib/common
load ../lib/l2

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

# link NAME ARGUMENTS...: as `ip link add`; it is set up, and deleted after the test.
link() {
  local name=$1
  shift
  on_teardown ip link del group "$mine"
  ip link add name "$name" group "$mine" up "$@"
  # What it may have sent until here went out, and nobody answers.
  echo 1 >"/proc/sys/net/ipv6/conf/$name/disable_ipv6"
}

# up NAME [NETNS]
up() {
  if [ $# = 1 ]; then ip link set "$1" up; else ip -n "$2" link set "$1" up; fi
}

# pair [0|1]: kwN here, kwNp in kmon-l2-N.
pair() {
  local n=${1:-0}
  link "kw$n" type veth peer name "kw${n}p" netns "kmon-l2-$n"
  up "kw${n}p" "kmon-l2-$n"
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

# ---- frames ----

# 100 frames of 60 bytes from 4 addresses through pair N, all on INTERFACE.
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

@test "frames to this host, to others, to all and to a group: each once, with every hook" {
  pair
  under "auto packet_type rx_handler" kw0 frames_to_anyone
}

@test "promiscuous interface: frames to others, each once" {
  pair
  ip link set kw0 promisc on
  under auto kw0 frames_to_anyone
}

# ---- bridges ----

@test "bridge port, the bridge made before: each frame once" {
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

@test "bridge with two watched ports: what is forwarded is counted where it came in" {
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

@test "the bridge itself: frames that are for it, each once, with every hook" {
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

@test "VLAN trunk and its VLAN interface: the trunk has all frames, the other its own, without the tag" {
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

@test "dropped by tc on ingress: received all the same" {
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

# 40 datagrams in a tunnel; what comes out of it passes the receive path a second time.
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

# ---- super packets ----

# A TCP path from kmon-l2-0 through the watched kw0, a bridge and kw1 to kmon-l2-1; the addresses are all there, so no
# firewall of this host is on it.
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
  # A queue, because it counts the segments of what passes, and their bytes, as they would be on a wire.
  in_netns kmon-l2-0 tc qdisc add dev kw0p root pfifo
}

queue_total() {
  in_netns kmon-l2-0 tc -s qdisc show dev kw0p | sed -nE "s/^ *Sent ([0-9]+) bytes ([0-9]+) pkt.*/\\$1/p"
}
queue_bytes() { queue_total 1; }
queue_packets() { queue_total 2; }

# What TCP in kmon-l2-0 says it sent.
# shellcheck disable=SC2016 # awk expands
tcp_segments() { in_netns kmon-l2-0 awk '/^Tcp:/ { if (head) print $i; else { for (i = 1; $i != "OutSegs"; i++); head = 1 } }' /proc/net/snmp; }

# Packets that passed the wire's end as the stack takes them: a super packet is one.
count_skbs() {
  nft add table netdev kmon-l2
  on_teardown nft delete table netdev kmon-l2
  nft add chain netdev kmon-l2 received "{ type filter hook ingress device kw0 priority 0; }"
  nft add rule netdev kmon-l2 received counter
}
skbs() { nft list table netdev kmon-l2 | sed -nE 's/.*counter packets ([0-9]+) .*/\1/p'; }

# transfer BYTES: over the path, to its end.
transfer() {
  local server
  in_netns kmon-l2-1 tcpflow --server 198.18.77.2 5001 --ready "$BATS_TEST_TMPDIR/ready" 3>&- &
  server=$!
  wait_until 30 test -e "$BATS_TEST_TMPDIR/ready"
  in_netns kmon-l2-0 tcpflow --client 198.18.77.2 5001 --bytes "$1"
  wait "$server"
  rm "$BATS_TEST_TMPDIR/ready"
}

# Compares with the count of the sender's queue, which knows nothing of this module. TCP's own is that, too, but for what
# it sends again on a slow machine.
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
  # Or this test would have shown nothing. TCP on a slow machine makes super packets of two segments only.
  [ $(($(skbs) - skbs0)) -lt $((3 * packets / 4)) ]
}

# The last acknowledgement was sent when no socket but a waiting one is left.
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

# Does GRO make less packets of those that came?
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
  # Counted right all the same, but no super packet came.
  [ "$(skbs)" != 3000 ] || skip "expected: veth splits UDP super packets in this kernel"
  assert_equal "$(skbs)" 75
}

@test "UDP super packets in a VLAN: 40 frames each, every one with its tag" {
  pair
  ip -n kmon-l2-0 link add link kw0p name kw0p.5 type vlan id 5
  up kw0p.5 kmon-l2-0
  ip -n kmon-l2-0 addr add 198.18.77.1/24 dev kw0p.5
  ip -n kmon-l2-0 neigh add 198.18.77.2 dev kw0p.5 nud permanent lladdr 02:00:00:00:77:77
  under "auto packet_type" kw0 udp_super_packets 4
}

@test "what this host sends to a group and hears itself was never received" {
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

# ---- which hook ----

@test "hook=auto: the tracepoint where it sees the frames, packet_type for devices upon others" {
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

@test "hook=rx_handler keeps its interface out of bridges, as the seed did, until the module goes" {
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

# ---- interfaces that come and go, under traffic ----

# Frames out of kw0p again and again, whenever it is there, until traffic_stop.
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

# goes_away COMMAND...: after it kw0 is waiting, and keeps the number it had.
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

# comes_back COMMAND...: after it kw0 is counted again, upon the number it had, exactly.
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

# The 12th word of each line is what a processor has still to take in.
queues_are_empty() { awk '$12 != "00000000" { exit 1 }' /proc/net/softnet_stat; }

@test "deleted under traffic: waiting; made again: counting goes on upon the old numbers" {
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

@test "deleted for good under traffic: the module unloads, with the numbers it had" {
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
  # That ends later, in the kernel's own time, and takes both ends of the pair away.
  wait_until 30 netns_is_gone
}

@test "its namespace destroyed under traffic: waiting; made again: counting goes on" {
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

@test "renamed under traffic: followed, upon the same numbers" {
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

@test "macvlan and VLAN interface deleted and made again: counted as before" {
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

@test "another interface renamed to the name that is waited for: counted from then on" {
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

@test "renamed to a name that is waited for: watched once, and the setting can be written back" {
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

@test "a loopback or tun device of a watched name is not watched" {
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
@test "a watched veth made and deleted again and again, under traffic" {
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
@test "no interface was held: the kernel waits for none, ten seconds and more after the last one went" {
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
