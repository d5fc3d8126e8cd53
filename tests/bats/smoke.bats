#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# Each module loads, counts a known number, unloads, and leaves a clean kernel log. This is the quickest check of a kernel,
# and the only one on foreign architectures.
# shellcheck disable=SC2154 # others is set in common.bash

load ../lib/common

# icmp VERSION: the ICMP packets that localhost_monitor counted
icmp() { json /proc/localhost_stats.json ".[] | select(.ip_version == $1 and (.protocol | startswith(\"icmp\"))).packets"; }

@test "localhost_monitor counts 3 IPv4 pings, 2 IPv6 pings, and their replies" {
  lo_mark
  load_module localhost_monitor
  ping -q -c 3 -i 0.2 127.0.0.1
  ping -q -c 2 -i 0.2 ::1
  v4=$(icmp 4) v6=$(icmp 6)
  text=$(</proc/localhost_stats)
  unload_module localhost_monitor
  others_on_lo 10
  assert_counted ICMP "$v4" 6 "$others"
  assert_counted ICMPv6 "$v6" 4 "$others"
  [[ $text =~ "ICMP packets: "([0-9]+)$'\n'"ICMPv6 packets: "([0-9]+) ]]
  assert_counted "ICMP in the text" "${BASH_REMATCH[1]}" 6 "$others"
  assert_counted "ICMPv6 in the text" "${BASH_REMATCH[2]}" 4 "$others"
  run kernel_log
  assert_line --regexp '^\[localhost_monitor\] Final stats: IPv4=[0-9]+, IPv6=[0-9]+, TCP=[0-9]+, UDP=[0-9]+, ICMP=[0-9]+, ICMPv6=[0-9]+$'
  [[ $output =~ ", ICMP="([0-9]+)", ICMPv6="([0-9]+) ]]
  assert_counted "ICMP in the log" "${BASH_REMATCH[1]}" 6 "$others"
  assert_counted "ICMPv6 in the log" "${BASH_REMATCH[2]}" 4 "$others"
}

@test "l2packet_counter counts 100 frames from 4 addresses" {
  make_veth kmon0 kmon1
  load_module l2packet_counter interface=kmon0 reset_interval=0
  frames kmon1 --count 100 --macs 4
  assert_equal "$(</proc/l2packet_counter)" "Interface: kmon0
Total packets: 100
MAC Address Statistics:
MAC Address        Packet Count
------------------ ------------
02:00:00:00:00:01           25
02:00:00:00:00:02           25
02:00:00:00:00:03           25
02:00:00:00:00:04           25"
  unload_module l2packet_counter
}

@test "kstat counts refused connections and 40 packets, and publishes in tens" {
  tcp_mark
  load_module kstat
  set_param kstat start 1
  # To a port where nobody listens: SYN and RST.
  for _ in 1 2 3; do ! (: <>/dev/tcp/127.0.0.1/9) 2>/dev/null; done
  ipsend --proto tcp --to ::1 --size 100 --count 41
  steps=$(</proc/kstat/nout)
  set_param kstat start 0
  others_in_tcp 6
  read -r all v4 v6 < <(json /proc/kstat/stats.json '[.[].packets] | join(" ")')
  assert_counted packets "$all" 47 "$others"
  assert_counted IPv4 "$v4" 6 "$others"
  assert_counted IPv6 "$v6" 41 "$others"
  assert_counted "published in tens" "$steps" 40 "$others"
  assert_equal "$((steps % 10)) $(</proc/kstat/nout)" "0 $all"
  unload_module kstat
}

@test "netmon_proc shows the figures of ip -s link" {
  make_veth kmon0 kmon1
  load_module netmon_proc iface=kmon0
  frames kmon1 --count 30 --size 60
  assert_equal "$(json /proc/netmon '.[0] | [.interface, .rx_packets, .rx_bytes] | join(" ")')" "kmon0 30 1800"
  assert_equal "$(json /proc/netmon '.[0] | [.rx_packets, .rx_bytes, .tx_packets, .tx_bytes] | join(" ")')" \
    "$(ip -j -s link show kmon0 | jq -r '.[0].stats64 | [.rx.packets, .rx.bytes, .tx.packets, .tx.bytes] | join(" ")')"
  unload_module netmon_proc
}

@test "process_monitor logs 10 processes once each, however they end" {
  load_module process_monitor log_rate=0
  storm --processes 10 --mode mixed --code 4 --name kmon-smoke --records "$BATS_TEST_TMPDIR/waited"
  unload_module process_monitor
  assert_equal "$(kernel_log | sed -n 's/^PROCESS_MONITOR: Process exiting - PID: \([0-9]*\), Name: kmon-smoke, Parent PID: \([0-9]*\)$/\1 \2/p' | sort)" \
    "$(cut -d ' ' -f 1-2 "$BATS_TEST_TMPDIR/waited" | sort)"
}

@test "all five together count the same as each alone" {
  make_veth kmon0 kmon1
  lo_mark
  tcp_mark
  load_module process_monitor log=0
  load_module localhost_monitor
  load_module kstat start=1
  load_module netmon_proc iface=kmon0
  load_module l2packet_counter interface=kmon0
  ping -q -c 1 127.0.0.1
  ipsend --proto tcp --to 127.0.0.1 --size 100 --count 5
  frames kmon1 --count 20
  storm --processes 3 --mode signal
  icmp=$(icmp 4) tcp=$(json /proc/kstat/stats.json '.[0].packets')
  others_on_lo 7
  assert_counted ICMP "$icmp" 2 "$others"
  others_in_tcp 0
  assert_counted TCP "$tcp" 5 "$others"
  assert_equal "$(json /proc/netmon '.[0].rx_packets')" 20
  assert_equal "$(json /proc/l2packet_counter.json '.[1].packets')" 20
  # Another process may be killed as well; process_monitor.bats tells them apart.
  [ "$(json /proc/process_monitor.json '.[0].killed_by_signal')" -ge 3 ]
}
