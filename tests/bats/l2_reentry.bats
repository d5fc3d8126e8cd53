#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# l2packet_counter: a frame that passes the receive path more than once, or reaches it in an unusual way, is counted once,
# for the interface that received it. One test for each way, each with every hook that can see the frame.
# shellcheck disable=SC2154 # names of l2_links.bash

load ../lib/common
load ../lib/l2
load ../lib/l2_links

# send N ARGUMENTS...: sends frames out of kwNp.
send() {
  local n=$1
  shift
  in_netns "kmon-l2-$n" frames "kw${n}p" "$@" >/dev/null
}

at_least() { [ "$(figure "$1" packets)" -ge "$2" ]; }

# assert_counted INTERFACE PACKETS: checks the count once the processors' input queues are empty.
assert_counted() {
  wait_until 30 at_least "$1" "$2" || true
  wait_until 30 queues_are_empty
  assert_equal "$1: $(figure "$1" packets) packets, $(figure "$1" untracked_packets) untracked" "$1: $2 packets, 0 untracked"
}

# The 12th word of each line is the length of the processor's input queue.
queues_are_empty() { awk '$12 != "00000000" { exit 1 }' /proc/net/softnet_stat; }

# under "HOOK..." CHECK...: runs CHECK with each hook. The module is freshly loaded for it and watches kw0 and kw1.
under() {
  local hook hooks=$1
  shift
  for hook in $hooks; do
    echo "hook=$hook"
    load_l2 interface=kw0,kw1 hook="$hook"
    "$@"
    unload_module l2packet_counter
  done
}

# comes_to_kw0 [COUNT0 [COUNT1]]: kw0p sends 100 frames; kw0 counts COUNT0 (default 100) and kw1 COUNT1 (default 0).
comes_to_kw0() {
  send 0 --count 100 --macs 4
  assert_counted kw0 "${1:-100}"
  assert_counted kw1 "${2:-0}"
}

# ---- generic XDP ----

# with_xdp ARGUMENTS...: attaches an XDP program to kw0 until the test ends.
with_xdp() {
  mkfifo "$BATS_TEST_TMPDIR/xdp"
  xdp kw0 "$@" <"$BATS_TEST_TMPDIR/xdp" >"$BATS_TEST_TMPDIR/xdp.out" 3>&- &
  on_teardown kill $!
  exec 9>"$BATS_TEST_TMPDIR/xdp"
  wait_until 10 grep -q ready "$BATS_TEST_TMPDIR/xdp.out"
}

# A counter behind XDP: counts what XDP lets pass.
count_ingress() {
  nft add table netdev kmon-l2
  on_teardown nft delete table netdev kmon-l2
  nft add chain netdev kmon-l2 received "{ type filter hook ingress device kw0 priority 0; }"
  nft add rule netdev kmon-l2 received counter
}
ingress() { nft list table netdev kmon-l2 | sed -nE 's/.*counter packets ([0-9]+) .*/\1/p'; }
ingress_is() { [ "$(ingress)" = "$1" ]; }

@test "generic XDP lets frames through: each once, with every hook" {
  pair 0
  pair 1
  with_xdp pass
  under "auto packet_type rx_handler" comes_to_kw0
}

@test "generic XDP redirects frames to a cpumap, whose thread receives them again: each once" {
  pair 0
  pair 1
  count_ingress
  with_xdp cpumap $(($(nproc) - 1))
  under auto comes_to_kw0
  wait_until 10 ingress_is 100 || skip "expected: generic XDP knows no cpumap before Linux 5.15"
  # These two hooks come after XDP and see each frame once.
  under "packet_type rx_handler" comes_to_kw0
  assert_equal "$(ingress)" 300
}

@test "generic XDP drops frames: still received, each once" {
  pair 0
  pair 1
  with_xdp drop
  under auto comes_to_kw0
}

@test "generic XDP sends frames back: still received, each once" {
  pair 0
  pair 1
  with_xdp tx
  under auto comes_to_kw0
}

# ---- traffic control ----

# mirred FROM DIRECTION ARGUMENTS...: applies `action mirred ARGUMENTS` to what passes FROM in that direction.
mirred() {
  local from=$1 direction=$2
  shift 2
  tc qdisc add dev "$from" clsact
  tc filter add dev "$from" "$direction" matchall action mirred "$@"
}

@test "tc: from ingress to an ifb and back: each once, with every hook" {
  pair 0
  pair 1
  modprobe -q ifb numifbs=0 || true
  link kifb0 type ifb
  mirred kw0 ingress egress redirect dev kifb0
  under "auto packet_type rx_handler" comes_to_kw0
  assert_equal "$(cat /sys/class/net/kifb0/statistics/tx_packets)" 300
}

@test "tc: from ingress to another's egress, redirected and mirrored: each once, where it came in" {
  local how
  for how in redirect mirror; do
    pair 0
    pair 1
    mirred kw0 ingress egress "$how" dev kw1
    under "auto packet_type" comes_to_kw0
    assert_equal "$(cat /sys/class/net/kw1/statistics/tx_packets)" 200
    ip link del group "$mine"
  done
}

@test "tc: from ingress to another's ingress, redirected and mirrored: each once by either" {
  local how
  for how in redirect mirror; do
    pair 0
    pair 1
    mirred kw0 ingress ingress "$how" dev kw1
    under "auto packet_type" comes_to_kw0 100 100
    ip link del group "$mine"
  done
}

# Traffic control alone redirects what this host sends out of INTERFACE to kw0.
sent_comes_to_kw0() {
  frames "$1" --count 100 --macs 4 >/dev/null
  assert_counted kw0 100
  assert_counted kw1 0
}

@test "tc: from another's egress to ingress, redirected and mirrored: each once" {
  local how
  for how in redirect mirror; do
    pair 0
    pair 1
    mirred kw1 egress ingress "$how" dev kw0
    under "auto packet_type" sent_comes_to_kw0 kw1
    ip link del group "$mine"
  done
}

@test "tc: from its own egress to its ingress: received, each once" {
  pair 0
  pair 1
  mirred kw0 egress ingress redirect dev kw0
  under "auto packet_type" sent_comes_to_kw0 kw0
}

@test "tc: from egress to another's egress: nothing is received" {
  sent_goes_out() {
    frames kw0 --count 100 >/dev/null
    assert_counted kw0 0
    assert_counted kw1 0
  }
  pair 0
  pair 1
  mirred kw0 egress egress redirect dev kw1
  under "auto packet_type" sent_goes_out
  assert_equal "$(cat /sys/class/net/kw1/statistics/tx_packets)" 200
}

# ---- AF_PACKET past the queueing discipline ----

@test "injected with PACKET_QDISC_BYPASS: counted once by the other end, not by the sending interface" {
  injected() {
    frames kw1 --count 50 --fast >/dev/null
    send 0 --count 100 --macs 4 --fast
    assert_counted kw0 100
    assert_counted kw1 0
  }
  pair 0
  pair 1
  under "auto packet_type rx_handler" injected
}

# ---- IPsec ----

ipsec_state() {
  ip "$@" xfrm state add src 198.18.77.1 dst 198.18.77.3 proto esp spi 0x77 mode "$mode" \
    enc 'ecb(cipher_null)' '' auth 'hmac(sha1)' 0x0123456789012345678901234567890123456789
}
decrypted() { ip -s xfrm state list src 198.18.77.1 dst 198.18.77.3 | sed -nE 's/.* ([0-9]+)\(packets\).*/\1/p' | head -n 1; }

# A packet that leaves a tunnel passes the receive path a second time; in transport mode it does not.
ipsec_from_kw0p() {
  local inner=$1
  in_netns kmon-l2-0 ipsend --proto udp --from "$inner.1" --to "$inner.3" --size 100 --count 40 >/dev/null
  assert_counted kw0 40
}

# ipsec MODE INNER: kw0p sends to INNER.3 through ESP.
ipsec() {
  local mode=$1 inner=$2 policy
  pair 0
  pair 1
  ipsec_state || skip "expected: no IPsec in this kernel"
  on_teardown ip xfrm state del src 198.18.77.1 dst 198.18.77.3 proto esp spi 0x77
  ip addr add 198.18.77.3/24 dev kw0
  ip -n kmon-l2-0 addr add 198.18.77.1/24 dev kw0p
  ip -n kmon-l2-0 addr add 198.18.78.1/24 dev kw0p
  ip -n kmon-l2-0 neigh add 198.18.77.3 dev kw0p nud permanent lladdr "$(cat /sys/class/net/kw0/address)"
  # The ICMP error for the datagrams must not trigger ARP.
  ip neigh add 198.18.77.1 dev kw0 nud permanent lladdr "$(in_netns kmon-l2-0 cat /sys/class/net/kw0p/address)"
  ipsec_state -n kmon-l2-0
  on_teardown ip -n kmon-l2-0 xfrm state del src 198.18.77.1 dst 198.18.77.3 proto esp spi 0x77
  policy=(src "$inner.0/24" dst "$inner.0/24" dir out)
  ip -n kmon-l2-0 xfrm policy add "${policy[@]}" tmpl src 198.18.77.1 dst 198.18.77.3 proto esp spi 0x77 mode "$mode"
  on_teardown ip -n kmon-l2-0 xfrm policy del "${policy[@]}"
  under "auto packet_type rx_handler" ipsec_from_kw0p "$inner"
  assert_equal "$(decrypted)" 120
}

@test "IPsec tunnel: the frame that came, not again what was in it, with every hook" { ipsec tunnel 198.18.78; }

@test "IPsec transport: each frame once, with every hook" { ipsec transport 198.18.77; }

# ---- devices that get their frames from other devices, and appear late ----

# kx is watched. It existed when the module was loaded, and is gone now.
wait_for_kx() {
  link kx type dummy
  load_l2 interface=kx
  ip link del kx
  assert_equal "$(figure kx waiting)" true
}

# upon WHAT ARGUMENTS...: `ip link add kx ARGUMENTS`, without bringing it up.
upon() {
  ip link add "$@" 2>"$BATS_TEST_TMPDIR/refused" && return
  cat "$BATS_TEST_TMPDIR/refused"
  return 1
}

kinds_upon_others() {
  cat <<'END'
kx link kw0 type macvlan mode bridge
kx link kw0 type macvtap mode bridge
kx link kw0 type ipvlan mode l2
kx link kw0 type ipvtap mode l2
kx link kw0 type vlan id 5
kx link kw0 type macsec
kx type hsr slave1 kw0 slave2 kw1
kx type bond
kx type team
END
}

@test "awaited, and made upon another device: hook=packet_type before it is up, for every kind" {
  local kind seen=0
  pair 0
  pair 1
  wait_for_kx
  modprobe -q bonding max_bonds=0 || true
  while read -r -a kind; do
    echo "${kind[*]}"
    upon "${kind[@]}" || continue # not in this kernel
    assert_equal "${kind[*]}: $(figure kx waiting) $(figure kx hook)" "${kind[*]}: false packet_type"
    ip link del kx
    seen=$((seen + 1))
  done < <(kinds_upon_others)
  [ "$seen" -ge 6 ]
}

@test "watched and up, and then a lower device joins: from then on hook=packet_type" {
  pair 0
  pair 1
  link kx type batadv || skip "expected: this kernel has no batman-adv"
  load_l2 interface=kx
  assert_equal "$(figure kx hook)" tracepoint
  ip link set kw0 master kx
  assert_equal "$(figure kx hook)" packet_type
  # This hook sees every frame, so there is nothing to change back.
  ip link set kw0 nomaster
  assert_equal "$(figure kx hook)" packet_type
}

@test "bond and team, watched and up, and then their lower devices join: each frame once" {
  local kind one tried=0
  modprobe -q bonding max_bonds=0 || true
  for kind in "bond mode balance-rr" team; do
    pair 0
    pair 1
    # shellcheck disable=SC2086 # a kind and its arguments
    link kx type $kind || continue
    load_l2 interface=kx
    for one in kw0 kw1; do
      ip link set "$one" down
      ip link set "$one" master kx
      ip link set "$one" up
    done
    send 0 --count 100 --macs 4
    assert_counted kx 100
    unload_module l2packet_counter
    ip link del group "$mine"
    tried=$((tried + 1))
  done
  [ "$tried" -gt 0 ] || skip "expected: this kernel has neither"
}

received_by_kx() { cat /sys/class/net/kx/statistics/rx_packets; }

# bats test_tags=heavy
@test "a macvlan comes up under traffic repeatedly: each frame that it received is counted" {
  local times received=0 i
  times=$(scaled 100 20 5)
  pair 0
  pair 1
  wait_for_kx
  meanwhile send 0 --count 2000 --macs 4 --dst 02:00:00:00:00:77 --pace 64
  for ((i = 0; i < times; i++)); do
    ip link add kx link kw0 address 02:00:00:00:00:77 type macvlan mode bridge
    echo 1 >/proc/sys/net/ipv6/conf/kx/disable_ipv6
    ip link set kx up
    sleep 0.1
    ip link set kx down
    received=$((received + $(received_by_kx)))
    ip link del kx
  done
  enough
  [ "$received" -gt 0 ]
  assert_equal "$(figure kx packets)" "$received"
}
