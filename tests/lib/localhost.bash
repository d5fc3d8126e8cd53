# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Helpers for the bats files about localhost_monitor; load after common.bash.
# shellcheck disable=SC2016,SC2034,SC2154 # awk expands; for the bats files

text=/proc/localhost_stats
json=/proc/localhost_stats.json
parameters=/sys/module/localhost_monitor/parameters

loaded_line="[localhost_monitor] Packets are logged while /sys/module/localhost_monitor/parameters/log_packets is 1"
# What the module logged after it was loaded.
logged() { kernel_log | grep -F '[localhost_monitor]' | grep -vxF "$loaded_line"; }

# text_of IPV4 IPV6 TCP UDP ICMP ICMPV6 BUCKET...: the text view for these numbers.
text_of() {
  printf '==== Localhost Monitor Stats ====
IPv4 packets: %d
IPv6 packets: %d
TCP packets: %d
UDP packets: %d
ICMP packets: %d
ICMPv6 packets: %d
Packet size histogram (bytes):
0-127: %d
128-255: %d
256-511: %d
512-1023: %d
1024-65535: %d
' "$@"
}

# assert_text: the same arguments as text_of. Waits, because the last packet may still be on another CPU.
assert_text() {
  local want
  want=$(text_of "$@")
  wait_until 30 text_is "$want" || assert_equal "$(<$text)" "$want"
}
# assert_packets N: waits in the same way for the JSON view's total.
assert_packets() { wait_until 30 packets_are "$1" || assert_equal "$(number_of packets)" "$1"; }
packets_are() { [ "$(number_of packets)" = "$1" ]; }

text_is() { [ "$(<$text)" = "$1" ]; }

# protocols: one line for each of the eight classes, `VERSION PROTOCOL PACKETS SEGMENTS BYTES`.
protocols() {
  json "$json" '.[] | select(.protocol) | "\(.ip_version) \(.protocol) \(.packets) \(.segments) \(.bytes)"'
}

# totals: from the first JSON line, `PACKETS SEGMENTS BYTES`.
totals() { json "$json" '.[0] | "\(.packets) \(.segments) \(.bytes)"'; }

# lo_received [NETNS]: lo's own count, `PACKETS BYTES`.
lo_received() { ip ${1:+-n "$1"} -j -s link show lo | jq -r '.[0].stats64.rx | "\(.packets) \(.bytes)"'; }

# difference "P1 B1" "P2 B2"
difference() {
  local -a was is
  read -ra was <<<"$1"
  read -ra is <<<"$2"
  echo "$((is[0] - was[0])) $((is[1] - was[1]))"
}

# Both edges of each bucket, with one more packet of each size than of the one before, so that mistakes cannot cancel out.
sizes=(60 127 128 255 256 511 512 1023 1024 65535)
bytes_of_all_sizes=0
for i in "${!sizes[@]}"; do bytes_of_all_sizes=$((bytes_of_all_sizes + (i + 1) * sizes[i])); done

# at_all_sizes IPSEND-ARGUMENTS...: 55 packets; 3, 7, 11, 15, 19 of them in the five buckets.
at_all_sizes() {
  local i
  for i in "${!sizes[@]}"; do ipsend "$@" --size "${sizes[i]}" --count $((i + 1)); done
}

# Eight protocols, each with a different number of packets, in sizes that give each bucket a different number.
assorted_traffic() {
  ipsend --proto tcp --to 127.0.0.1 --size 100 --count 3
  ipsend --proto udp --to 127.0.0.1 --size 200 --count 4
  ipsend --proto icmp --to 127.0.0.1 --size 300 --count 5
  ipsend --proto raw --proto-number 253 --to 127.0.0.1 --size 600 --count 6
  ipsend --proto tcp --to ::1 --size 2000 --count 7
  ipsend --proto udp --to ::1 --size 100 --count 8
  ipsend --proto icmp6 --to ::1 --size 200 --count 9
  ipsend --proto raw --proto-number 253 --to ::1 --size 300 --count 10
}
assorted_numbers=(18 34 10 12 5 9 11 13 15 6 7)

# make_own_address: an interface other than lo with 192.0.2.1 and 2001:db8::1. Packets to these addresses still pass lo.
make_own_address() {
  make_link kmonown type dummy
  ip link set kmonown addrgenmode none
  ip link set kmonown up
  ip address add 192.0.2.1/32 dev kmonown
  ip address add 2001:db8::1/128 dev kmonown nodad
}

# nft_table: makes a table with one counter; nft_counted prints it.
nft_table() {
  on_teardown nft delete table inet kmon_test
  nft -f -
}
nft_saw() { [ "$(nft_counted)" = "$1" ]; }
