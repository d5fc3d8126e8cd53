#!/usr/bin/env bats
# Each module loads, counts a number that is known, unloads, and leaves a clean kernel log. The quickest look at a
# kernel, and all that foreign architectures get.

load ../lib/common

@test "localhost_monitor counts 5 pings and their replies" {
  load_module localhost_monitor
  ping -q -c 5 -i 0.2 127.0.0.1
  assert_equal "$(grep '^ICMP packets' /proc/localhost_stats)" "ICMP packets: 10"
  assert_equal "$(json /proc/localhost_stats.json '.[0].module')" localhost_monitor
  unload_module localhost_monitor
}

@test "l2packet_counter counts 100 frames from 4 addresses" {
  make_veth watched sender
  load_module l2packet_counter interface=watched reset_interval=0
  frames sender --count 100 --macs 4
  assert_equal "$(grep '^Total packets' /proc/l2packet_counter)" "Total packets: 100"
  assert_equal "$(grep -cE '^[0-9a-f:]{17} +25$' /proc/l2packet_counter)" 4
  unload_module l2packet_counter
}

@test "kstat publishes 40 of 47 TCP packets, and the rest when it stops" {
  load_module kstat
  set_param kstat start 1
  ipsend --proto tcp --to 127.0.0.1 --size 100 --count 47
  assert_equal "$(cat /proc/kstat/nout)" 40
  set_param kstat start 0
  assert_equal "$(cat /proc/kstat/nout)" 47
  unload_module kstat
}

@test "netmon_proc shows the figures of ip -s link" {
  make_veth watched sender
  load_module netmon_proc iface=watched
  frames sender --count 30
  assert_equal "$(json /proc/netmon '.[0].rx_packets')" 30
  assert_equal "$(json /proc/netmon '.[0].rx_bytes')" "$(ip -j -s link show watched | jq '.[0].stats64.rx.bytes')"
  unload_module netmon_proc
}

@test "process_monitor logs 20 processes once each" {
  load_module process_monitor log_rate=0
  storm --processes 20 --name kmon-smoke
  unload_module process_monitor
  assert_equal "$(kernel_log | grep -c 'Process exiting - PID: [0-9]*, Name: kmon-smoke,')" 20
}
