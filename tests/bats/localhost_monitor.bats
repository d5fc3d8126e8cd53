#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# localhost_monitor counts exactly what passes lo, and nothing else. These tests need a quiet machine: any other traffic
# over lo is counted as well and makes them fail. See also localhost_log.bats, localhost_traffic.bats and
# localhost_ipsec.bats.
# shellcheck disable=SC2016,SC2086,SC2154 # jq and awk expand; paths without blanks; what is not assigned here is so in lib

load ../lib/common
load ../lib/localhost

# --- what is shown

@test "localhost_monitor: the text view of no packet, to the byte" {
  load_module localhost_monitor
  cmp "$text" <(text_of 0 0 0 0 0 0 0 0 0 0 0)
}

@test "localhost_monitor: the text view of assorted packets, to the byte" {
  load_module localhost_monitor
  assorted_traffic
  assert_text "${assorted_numbers[@]}"
  cmp "$text" <(text_of "${assorted_numbers[@]}")
}

@test "localhost_monitor: the JSON view of assorted packets, to the byte" {
  load_module localhost_monitor
  assorted_traffic
  assert_text "${assorted_numbers[@]}"
  cmp "$json" - <<JSON
{"module":"localhost_monitor","version":"$(modinfo -F version localhost_monitor)","schema":1,"loaded":$(loaded_at "$json"),"all_netns":0,"log_packets":0,"log_suppressed":0,"packets":52,"segments":52,"bytes":25800}
{"ip_version":4,"protocol":"tcp","packets":3,"segments":3,"bytes":300}
{"ip_version":4,"protocol":"udp","packets":4,"segments":4,"bytes":800}
{"ip_version":4,"protocol":"icmp","packets":5,"segments":5,"bytes":1500}
{"ip_version":4,"protocol":"other","packets":6,"segments":6,"bytes":3600}
{"ip_version":6,"protocol":"tcp","packets":7,"segments":7,"bytes":14000}
{"ip_version":6,"protocol":"udp","packets":8,"segments":8,"bytes":800}
{"ip_version":6,"protocol":"icmpv6","packets":9,"segments":9,"bytes":1800}
{"ip_version":6,"protocol":"other","packets":10,"segments":10,"bytes":3000}
{"size":"0-127","size_min":0,"packets":11,"bytes":1100}
{"size":"128-255","size_min":128,"packets":13,"bytes":2600}
{"size":"256-511","size_min":256,"packets":15,"bytes":4500}
{"size":"512-1023","size_min":512,"packets":6,"bytes":3600}
{"size":"1024-65535","size_min":1024,"packets":7,"bytes":14000}
JSON
}

@test "localhost_monitor: the kernel log is told at load how to log packets, at unload the final numbers, and nothing between" {
  load_module localhost_monitor
  assorted_traffic
  assert_text "${assorted_numbers[@]}"
  unload_module localhost_monitor
  assert_equal "$(kernel_log | grep -F '[localhost_monitor]')" "$loaded_line
[localhost_monitor] Final stats: IPv4=18, IPv6=34, TCP=10, UDP=12, ICMP=5, ICMPv6=9"
}

@test "localhost_monitor: modinfo describes the module and each parameter" {
  assert_equal "$(modinfo -F license localhost_monitor)" GPL
  assert_equal "$(modinfo -F description localhost_monitor)" "Loopback traffic by IP version, protocol and packet size"
  assert_equal "$(modinfo -F version localhost_monitor)" "$(sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' "$BATS_TEST_DIRNAME/../../dkms.conf")"
  assert_equal "$(modinfo -p localhost_monitor | sed 's/:.*//' | sort | xargs)" "all_netns log_packets view_gid view_mode"
  assert_equal "$(modinfo -p localhost_monitor | grep -cE '^[a-z_]+:.{20,} \(uint\)$')" 4
}

@test "localhost_monitor: print_localhost_stats.sh prints a title, the date and the file" {
  load_module localhost_monitor
  ipsend --proto tcp --to 127.0.0.1 --size 100 --count 3
  assert_text 3 0 3 0 0 0 3 0 0 0 0
  run "$BATS_TEST_DIRNAME/../../print_localhost_stats.sh"
  assert_success
  assert_equal "${lines[0]}" "Localhost traffic statistics"
  date -d "${lines[1]}"
  assert_equal "$(tail -n +3 <<<"$output")" "$(text_of 3 0 3 0 0 0 3 0 0 0 0)"
}

@test "localhost_monitor: print_localhost_stats.sh says that the module is not loaded, and fails" {
  run bash -c '"$1" 2>&1 >/dev/null' - "$BATS_TEST_DIRNAME/../../print_localhost_stats.sh"
  assert_failure 1
  assert_output "print_localhost_stats.sh: /proc/localhost_stats does not exist: load the module first (insmod localhost_monitor.ko)"
}

# --- what is counted

@test "localhost_monitor: N pings are 2N packets" {
  load_module localhost_monitor
  ping -q -n -c 7 -i 0.01 127.0.0.1
  assert_text 14 0 0 0 14 0 14 0 0 0 0
  ping -q -n -c 4 -i 0.01 ::1
  assert_text 14 8 0 0 14 8 22 0 0 0 0
}

@test "localhost_monitor: IPv4 TCP, UDP, ICMP and others at both edges of each size bucket" {
  load_module localhost_monitor
  at_all_sizes --to 127.0.0.1 --proto tcp
  assert_text 55 0 55 0 0 0 3 7 11 15 19
  at_all_sizes --to 127.0.0.1 --proto udp
  assert_text 110 0 55 55 0 0 6 14 22 30 38
  at_all_sizes --to 127.0.0.1 --proto icmp
  assert_text 165 0 55 55 55 0 9 21 33 45 57
  at_all_sizes --to 127.0.0.1 --proto raw --proto-number 253
  assert_text 220 0 55 55 55 0 12 28 44 60 76
  assert_equal "$(protocols | head -n 4)" "4 tcp 55 55 $bytes_of_all_sizes
4 udp 55 55 $bytes_of_all_sizes
4 icmp 55 55 $bytes_of_all_sizes
4 other 55 55 $bytes_of_all_sizes"
}

@test "localhost_monitor: IPv6 TCP, UDP, ICMPv6 and others at both edges of each size bucket" {
  load_module localhost_monitor
  at_all_sizes --to ::1 --proto tcp
  assert_text 0 55 55 0 0 0 3 7 11 15 19
  at_all_sizes --to ::1 --proto udp
  assert_text 0 110 55 55 0 0 6 14 22 30 38
  at_all_sizes --to ::1 --proto icmp6
  assert_text 0 165 55 55 0 55 9 21 33 45 57
  at_all_sizes --to ::1 --proto raw --proto-number 253
  assert_text 0 220 55 55 0 55 12 28 44 60 76
  assert_equal "$(protocols | tail -n 4)" "6 tcp 55 55 $bytes_of_all_sizes
6 udp 55 55 $bytes_of_all_sizes
6 icmpv6 55 55 $bytes_of_all_sizes
6 other 55 55 $bytes_of_all_sizes"
}

@test "localhost_monitor: a packet larger than 65,535 bytes counts in the last bucket" {
  load_module localhost_monitor
  ipsend --proto tcp --to ::1 --size 65536 --count 3
  assert_text 0 3 3 0 0 0 0 0 0 0 3
}

@test "localhost_monitor: BIG TCP packets count in the last bucket" {
  make_netns big
  ip -n big link set lo gso_max_size 190000 gro_max_size 190000 ||
    skip "expected: no BIG TCP on $(uname -r)"
  load_module localhost_monitor all_netns=1
  in_netns big tcpflow --loop ::1 --bytes 20000000
  read -r packets bytes <<<"$(lo_received big)"
  assert_packets "$packets"
  assert_equal "$(protocols | grep '^6 tcp' | cut -d' ' -f3,4)" "$packets $(tcp_segments big)"
  assert_equal "$(json "$json" '[.[] | select(.size) | .packets] | add')" "$packets"
  # Large packets did form: the average does not fit into an IP length field.
  [ "$(json "$json" '.[-1] | .bytes / .packets | floor')" -gt 65535 ]
}

@test "localhost_monitor: TCP connections give as many packets and bytes as lo received" {
  load_module localhost_monitor
  before=$(lo_received)
  tcpflow --loop 127.0.0.1 --bytes 300000 --reply 7000 --connections 5
  tcpflow --loop ::1 --bytes 300000 --reply 7000 --connections 5
  read -r packets bytes <<<"$(difference "$before" "$(lo_received)")"
  [ "$packets" -ge 70 ] # three to open, two to close and two with data, ten times
  assert_equal "$(json "$json" '.[0] | "\(.packets) \(.bytes)"')" "$packets $bytes"
  assert_equal "$(grep TCP "$text")" "TCP packets: $packets"
}

@test "localhost_monitor: total = sum of protocols = sum of sizes, and the text says the same" {
  load_module localhost_monitor
  assorted_traffic
  at_all_sizes --to ::1 --proto udp
  tcpflow --loop 127.0.0.1 --bytes 100000 --mss 1000
  run json "$json" '
    .[0] as $all | map(select(.protocol)) as $protocol | map(select(.size)) as $size |
    def sum(f): map(f) | add;
    ($protocol | sum(.packets) == $all.packets), ($protocol | sum(.bytes) == $all.bytes),
    ($protocol | sum(.segments) == $all.segments), ($size | sum(.packets) == $all.packets),
    ($size | sum(.bytes) == $all.bytes), ($protocol | length), ($size | length)'
  assert_output "$(printf '%s\n' true true true true true 8 5)"
  mapfile -t numbers < <(json "$json" '
    def packets(f): map(select(f).packets) | add;
    packets(.ip_version == 4), packets(.ip_version == 6), packets(.protocol == "tcp"), packets(.protocol == "udp"),
    packets(.protocol == "icmp"), packets(.protocol == "icmpv6"), (.[] | select(.size).packets)')
  assert_text "${numbers[@]}"
}

# sends_as CLASS IPSEND-ARGUMENTS...: sends three packets to ::1, which must count in CLASS and nowhere else. `want` keeps
# the last text and the expected numbers.
sends_as() {
  local class=$1
  shift
  ipsend --to ::1 --count 3 "$@"
  want[1]=$((want[1] + 3))
  want[6]=$((want[6] + 3))
  case $class in
    tcp) want[2]=$((want[2] + 3)) ;;
    udp) want[3]=$((want[3] + 3)) ;;
    icmpv6) want[5]=$((want[5] + 3)) ;;
  esac
  assert_text "${want[@]}"
}

@test "localhost_monitor: IPv6 extension headers are passed over to the transport protocol" {
  load_module localhost_monitor
  nft_table <<<'table inet kmon_test { chain input { type filter hook input priority 0; ip6 nexthdr { 0, 43, 51, 60 } counter; }; }'
  want=(0 0 0 0 0 0 0 0 0 0 0)
  for class in tcp udp icmpv6; do
    sends_as $class --size 120 --proto ${class/icmpv6/icmp6} --ext hop:32
    sends_as $class --size 120 --proto ${class/icmpv6/icmp6} --ext dst
    sends_as $class --size 120 --proto ${class/icmpv6/icmp6} --ext rt
    sends_as $class --size 120 --proto ${class/icmpv6/icmp6} --ext ah
    sends_as $class --size 120 --proto ${class/icmpv6/icmp6} --ext hop,dst,rt,ah,dst
  done
  assert_equal "$(protocols | grep '^6 other')" "6 other 0 0 0"
  # Counted and passed on: the hook after ours saw each of them.
  assert_equal "$(nft list table inet kmon_test | grep -o 'packets [0-9]*')" "packets 45"
}

@test "localhost_monitor: IPv6 fragments count as what their fragment header leads to" {
  load_module localhost_monitor
  want=(0 0 0 0 0 0 0 0 0 0 0)
  for class in tcp udp icmpv6; do
    transport=(--proto "${class/icmpv6/icmp6}" --port 9) # where what is put together finds ipsend's socket
    sends_as $class --size 120 "${transport[@]}" --ext frag
    # The first and the last fragment of one packet, so that reassembly does not wait for more.
    sends_as $class --size 112 "${transport[@]}" --ext frag --more --id 10
    sends_as $class --size 100 "${transport[@]}" --ext frag --frag-offset 8 --id 10
    sends_as $class --size 120 "${transport[@]}" --ext hop,frag,dst --more --id 20
  done
  # What follows a later fragment's header is payload, not a destination options header.
  sends_as other --size 100 --proto tcp --ext hop,frag,dst --frag-offset 8 --id 20
  assert_equal "$(protocols | grep '^6 other')" "6 other 3 3 300"
}

@test "localhost_monitor: IPv6 ESP, no next header and unknown headers are other" {
  load_module localhost_monitor
  want=(0 0 0 0 0 0 0 0 0 0 0)
  sends_as other --size 100 --ext none
  sends_as other --size 100 --ext hop,dst,none
  sends_as other --size 100 --proto raw --proto-number 50
  sends_as other --size 100 --proto raw --proto-number 50 --ext dst
  sends_as other --size 100 --proto raw --proto-number 253
  sends_as other --size 100 --proto raw --proto-number 253 --ext hop,rt
  # Headers that lead past the end of the packet. They are dropped later, or the kernel would answer.
  nft_table <<<'table inet kmon_test { chain input { type filter hook input priority 0; ip6 nexthdr 60 drop; }; }'
  sends_as other --size 48 --proto raw --proto-number 60
  assert_equal "$(protocols | grep '^6 other')" "6 other 21 21 1944"
}

@test "localhost_monitor: each IPv4 fragment counts once, by the protocol in its header and its own size" {
  load_module localhost_monitor
  for protocol in tcp udp icmp other; do
    transport=(--proto "$protocol" --port 9) # where what is put together finds ipsend's socket
    [ $protocol != other ] || transport=(--proto raw --proto-number 253)
    ipsend --to 127.0.0.1 "${transport[@]}" --size 100 --count 3 --id 30 --more
    ipsend --to 127.0.0.1 "${transport[@]}" --size 420 --count 3 --id 30 --frag-offset 10 --more
    ipsend --to 127.0.0.1 "${transport[@]}" --size 600 --count 3 --id 30 --frag-offset 60
  done
  assert_text 36 0 9 9 9 0 12 0 12 12 0
  assert_equal "$(protocols | grep '^4 other')" "4 other 9 9 3360"
}

@test "localhost_monitor: ICMPv6 over IPv4 and ICMP over IPv6 are other" {
  load_module localhost_monitor
  ipsend --to 127.0.0.1 --proto raw --proto-number 58 --size 100 --count 4
  ipsend --to ::1 --proto raw --proto-number 1 --size 100 --count 5
  assert_text 4 5 0 0 0 0 9 0 0 0 0
  assert_equal "$(protocols | grep other)" "$(printf '%s\n' '4 other 4 4 400' '6 other 5 5 500')"
}

@test "localhost_monitor: all of 127.0.0.0/8 is localhost" {
  load_module localhost_monitor
  ipsend --proto tcp --to 127.0.0.2 --size 100 --count 3
  ipsend --proto tcp --to 127.255.255.254 --size 100 --count 4
  ipsend --proto tcp --to 127.0.0.1 --from 127.128.0.1 --size 100 --count 5
  assert_text 12 0 12 0 0 0 12 0 0 0 0
}

@test "localhost_monitor: one end in 127.0.0.0/8 or ::1 is enough" {
  make_own_address
  load_module localhost_monitor
  ipsend --proto udp --from 127.0.0.1 --to 192.0.2.1 --size 100 --count 3
  assert_text 3 0 0 3 0 0 3 0 0 0 0
  ipsend --proto udp --from 192.0.2.1 --to 127.0.0.1 --size 100 --count 4
  assert_text 7 0 0 7 0 0 7 0 0 0 0
  ipsend --proto udp --from ::1 --to 2001:db8::1 --size 100 --count 5
  assert_text 7 5 0 12 0 0 12 0 0 0 0
  ipsend --proto udp --from 2001:db8::1 --to ::1 --size 100 --count 6
  assert_text 7 11 0 18 0 0 18 0 0 0 0
}

@test "localhost_monitor: traffic over lo to an address of another device is not counted" {
  make_own_address
  load_module localhost_monitor
  before=$(lo_received)
  ipsend --proto tcp --to 192.0.2.1 --size 100 --count 6
  ipsend --proto tcp --to 2001:db8::1 --size 100 --count 7
  assert_equal "$(difference "$before" "$(lo_received)")" "13 1300"
  assert_text 0 0 0 0 0 0 0 0 0 0 0
}

@test "localhost_monitor: a packet from 127.0.0.1 that came in by another device is not counted" {
  make_netns away
  make_veth kmonhere kmonaway away
  ip -n away address add 192.0.2.2/24 dev kmonaway
  ip -n away neighbour add 192.0.2.1 lladdr "$(cat /sys/class/net/kmonhere/address)" dev kmonaway
  nft_table <<<'table inet kmon_test {
    chain pre { type filter hook prerouting priority -300; iifname kmonhere ip saddr 127.0.0.1 counter; }; }'
  load_module localhost_monitor
  in_netns away ipsend --proto udp --from 127.0.0.1 --to 192.0.2.1 --size 100 --count 20
  wait_until 30 nft_saw 20
  assert_text 0 0 0 0 0 0 0 0 0 0 0
}

@test "localhost_monitor: what another hook drops is counted, because kmon's hook comes first" {
  load_module localhost_monitor
  nft_table <<<'table inet kmon_test { chain pre { type filter hook prerouting priority -450; iif lo counter drop; }; }'
  ipsend --proto tcp --to 127.0.0.1 --size 100 --count 5
  ipsend --proto tcp --to ::1 --size 100 --count 6
  assert_equal "$(nft_counted)" 11
  assert_text 5 6 11 0 0 0 11 0 0 0 0
}

@test "localhost_monitor: a UDP super packet is one packet of many segments" {
  local before
  load_module localhost_monitor
  before=$(lo_received)
  gso --to 127.0.0.1 --segment 1000 --segments 10 --count 7
  if [[ $(difference "$before" "$(lo_received)") = "70 "* ]]; then # it passes them whole since Linux 5.11
    assert_text 70 0 0 70 0 0 0 0 0 0 70
    skip "expected: lo splits UDP super packets in this kernel"
  fi
  assert_text 7 0 0 7 0 0 0 0 0 0 7
  gso --to ::1 --segment 500 --segments 20 --count 4
  assert_text 7 4 0 11 0 0 0 0 0 0 11
  assert_equal "$(protocols | grep udp)" "4 udp 7 70 $((7 * (28 + 10000)))
6 udp 4 80 $((4 * (48 + 10000)))"
  assert_equal "$(totals)" "11 150 $((7 * (28 + 10000) + 4 * (48 + 10000)))"
}

@test "localhost_monitor: the segments of TCP are those the kernel says it sent" {
  load_module localhost_monitor
  before=$(tcp_segments)
  tcpflow --loop 127.0.0.1 --bytes 1000000 --mss 1000 --connections 2
  segments4=$(($(tcp_segments) - before))
  tcpflow --loop ::1 --bytes 1000000 --mss 1000 --connections 2
  segments6=$(($(tcp_segments) - before - segments4))
  assert_equal "$(protocols | grep tcp | cut -d' ' -f4)" "$(printf '%s\n' "$segments4" "$segments6")"
  [ "$segments4" -gt 2000 ]
  [ "$(number_of packets)" -lt "$(number_of segments)" ]
}

# --- network namespaces

@test "localhost_monitor: the lo of another network namespace is not counted" {
  make_netns other
  load_module localhost_monitor
  in_netns other ipsend --proto tcp --to 127.0.0.1 --size 100 --count 8
  in_netns other ipsend --proto tcp --to ::1 --size 100 --count 9
  assert_equal "$(lo_received other)" "17 1700"
  assert_text 0 0 0 0 0 0 0 0 0 0 0
}

@test "localhost_monitor: all_netns=1 counts in namespaces made before and after it was loaded" {
  make_netns before
  load_module localhost_monitor all_netns=1
  make_netns after
  ipsend --proto tcp --to 127.0.0.1 --size 100 --count 3
  assert_text 3 0 3 0 0 0 3 0 0 0 0
  in_netns before ipsend --proto tcp --to ::1 --size 100 --count 4
  assert_text 3 4 7 0 0 0 7 0 0 0 0
  in_netns after ipsend --proto udp --to 127.0.0.1 --size 100 --count 5
  assert_text 8 4 7 5 0 0 12 0 0 0 0
  assert_equal "$(number_of all_netns)" 1
}

@test "localhost_monitor: all_netns=1 lets namespaces go, and keeps their count" {
  load_module localhost_monitor all_netns=1
  for i in 1 2; do
    make_netns passing
    # A veth end inside goes away only when the namespace really does.
    make_veth kmonhere kmonthere passing
    in_netns passing ipsend --proto tcp --to 127.0.0.1 --size 100 --count 10
    ip netns del passing
    wait_until 30 test ! -e /sys/class/net/kmonhere
    assert_text $((10 * i)) 0 $((10 * i)) 0 0 0 $((10 * i)) 0 0 0 0
  done
}

@test "localhost_monitor: all_netns=1 leaves the namespaces in order when it is unloaded" {
  make_netns stays
  load_module localhost_monitor all_netns=1
  in_netns stays ping -q -n -c 2 -i 0.01 127.0.0.1
  unload_module localhost_monitor
  assert_equal "$(logged)" \
    "[localhost_monitor] Final stats: IPv4=4, IPv6=0, TCP=0, UDP=0, ICMP=4, ICMPv6=0"
  in_netns stays ping -q -n -c 2 -i 0.01 ::1
}

@test "localhost_monitor: all_netns can only be set at load, to 0 or 1" {
  run load_module localhost_monitor all_netns=2
  assert_failure
  assert_equal "$(kernel_log | grep -c 'all_netns=2 refused: expected a number from 0 to 1')" 1
  load_module localhost_monitor
  assert_equal "$(badwrite $parameters/all_netns text 1)" '{"written":0,"errno":"EACCES","at":"open"}'
  assert_equal "$(get_param localhost_monitor all_netns)" 0
}

# --- reset

@test "localhost_monitor: reset zeroes the text view only, with or without a newline" {
  load_module localhost_monitor
  assorted_traffic
  assert_text "${assorted_numbers[@]}"
  all=$(<$json)
  echo reset >$text
  cmp "$text" <(text_of 0 0 0 0 0 0 0 0 0 0 0)
  ipsend --proto udp --to ::1 --size 1500 --count 4
  assert_text 0 4 0 4 0 0 0 0 0 0 4
  printf reset >$text
  cmp "$text" <(text_of 0 0 0 0 0 0 0 0 0 0 0)
  assert_packets 56
  assert_equal "$(protocols)" "$(jq -r -s '.[] | select(.protocol) |
    if .ip_version == 6 and .protocol == "udp" then .packets += 4 | .segments += 4 | .bytes += 6000 else . end |
    "\(.ip_version) \(.protocol) \(.packets) \(.segments) \(.bytes)"' <<<"$all")"
}

@test "localhost_monitor: the unload line has the totals since load, reset or not" {
  load_module localhost_monitor
  ipsend --proto tcp --to 127.0.0.1 --size 100 --count 6
  assert_text 6 0 6 0 0 0 6 0 0 0 0
  echo reset >$text
  unload_module localhost_monitor
  assert_equal "$(logged)" \
    "[localhost_monitor] Final stats: IPv4=6, IPv6=0, TCP=6, UDP=0, ICMP=0, ICMPv6=0"
}

@test "localhost_monitor: anything but reset is refused and changes nothing" {
  load_module localhost_monitor
  assorted_traffic
  assert_text "${assorted_numbers[@]}"
  for word in junk resetx rese RESET ' reset' $'reset\n\n' $'reset\r\n' 'reset reset' $'\n' 0; do
    assert_refused $text text "$word"
  done
  assert_refused $text empty
  assert_refused $text nul reset
  assert_refused $text nul
  assert_refused $text huge
  assert_refused $text mib
  cmp "$text" <(text_of "${assorted_numbers[@]}")
}

@test "localhost_monitor: only root may write" {
  load_module localhost_monitor
  ipsend --proto tcp --to 127.0.0.1 --size 100 --count 6
  assert_equal "$(stat -c %a $text $json $parameters/log_packets $parameters/all_netns | xargs)" "644 444 644 444"
  denied='{"written":0,"errno":"EACCES","at":"open"}'
  assert_equal "$(badwrite $text text reset --as 65534)" "$denied"
  assert_equal "$(badwrite $parameters/log_packets text 1 --as 65534)" "$denied"
  assert_text 6 0 6 0 0 0 6 0 0 0 0
  assert_equal "$(get_param localhost_monitor log_packets)" 0
}
