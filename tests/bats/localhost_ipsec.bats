#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# localhost_monitor: a packet that IPsec decrypts on lo passes the hooks twice but is counted once, as lo received it.
# Runs in its own network namespace, where nobody else sends.

load ../lib/common

json=/proc/localhost_stats.json

# encrypt NETNS ADDRESS MODE: encrypts what ADDRESS sends to itself over lo, and decrypts it again.
encrypt() {
  local netns=$1 address=$2 mode=$3
  ip -n "$netns" xfrm state add src "$address" dst "$address" proto esp spi 0x77 mode "$mode" \
    enc 'ecb(cipher_null)' '' auth 'hmac(sha1)' 0x0123456789012345678901234567890123456789 ||
    skip "expected: no IPsec in this kernel"
  ip -n "$netns" xfrm policy add src "$address" dst "$address" dir out \
    tmpl src "$address" dst "$address" proto esp spi 0x77 mode "$mode"
}

lo_received() { ip -n "$1" -j -s link show lo | jq '.[0].stats64.rx.packets'; }
passes() { ip -n "$1" -s xfrm state list | sed -nE 's/.* ([0-9]+)\(packets\).*/\1/p' | head -n 1; }

# protocol VERSION NAME: the packets of this protocol.
protocol() { jq -r "select(.ip_version == $1 and .protocol == \"$2\") | .packets" "$json"; }

# each_once ADDRESS VERSION: 40 datagrams in ESP, in each mode.
each_once() {
  local mode before=0
  load_module localhost_monitor all_netns=1
  for mode in transport tunnel; do
    make_netns "kmon-$mode"
    in_netns "kmon-$mode" sysctl -qw net.ipv4.conf.lo.disable_xfrm=0 net.ipv4.conf.all.disable_xfrm=0 net.ipv4.conf.lo.disable_policy=0
    encrypt "kmon-$mode" "$1" "$mode"
    in_netns "kmon-$mode" ipsend --proto udp --from "$1" --to "$1" --size 100 --count 40 >/dev/null
    assert_equal "$mode: lo received $(lo_received "kmon-$mode"), $(passes "kmon-$mode") went through IPsec, in or out" \
      "$mode: lo received 40, 80 went through IPsec, in or out"
    assert_equal "$mode: $(($(number_of packets) - before)) packets" "$mode: 40 packets"
    before=$(number_of packets)
  done
  # What the packets were on lo: ESP.
  assert_equal "$(protocol "$2" other) ESP, $(protocol "$2" udp) UDP" "80 ESP, 0 UDP"
}

@test "IPsec on lo, IPv4: each packet once, as what lo received" { each_once 127.0.0.1 4; }

@test "IPsec on lo, IPv6: each packet once, as what lo received" { each_once ::1 6; }
