#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# localhost_monitor: log_packets, its rate limit, and the values that it refuses.
# shellcheck disable=SC2016,SC2086,SC2154 # jq and awk expand; paths without blanks; what is not assigned here is so in lib

load ../lib/common
load ../lib/localhost

# --- log_packets

@test "localhost_monitor: log_packets=1 logs each packet, to the letter" {
  load_module localhost_monitor
  assorted_traffic
  assert_equal "$(logged)" ''
  set_param localhost_monitor log_packets 1
  ipsend --proto tcp --to 127.0.0.1 --size 60 --count 2
  ipsend --proto udp --to 127.0.0.2 --from 127.3.4.5 --size 128 --count 1
  ipsend --proto icmp --to 127.0.0.1 --size 300 --count 1
  ipsend --proto raw --proto-number 253 --to 127.0.0.1 --size 20 --count 1
  make_own_address
  ipsend --proto tcp --to ::1 --from 2001:db8::1 --size 65535 --count 1
  ipsend --proto udp --to ::1 --ext hop,dst --size 128 --count 1
  ipsend --proto icmp6 --to ::1 --size 300 --count 1
  ipsend --ext none --to ::1 --size 40 --count 1
  assert_packets 61
  set_param localhost_monitor log_packets 0
  ipsend --proto tcp --to 127.0.0.1 --size 60 --count 2
  assert_packets 63
  assert_equal "$(logged)" "[localhost_monitor] IPv4 TCP 127.0.0.1 -> 127.0.0.1 len 60
[localhost_monitor] IPv4 TCP 127.0.0.1 -> 127.0.0.1 len 60
[localhost_monitor] IPv4 UDP 127.3.4.5 -> 127.0.0.2 len 128
[localhost_monitor] IPv4 ICMP 127.0.0.1 -> 127.0.0.1 len 300
[localhost_monitor] IPv4 other 127.0.0.1 -> 127.0.0.1 len 20
[localhost_monitor] IPv6 TCP 2001:db8::1 -> ::1 len 65535
[localhost_monitor] IPv6 UDP ::1 -> ::1 len 128
[localhost_monitor] IPv6 ICMPv6 ::1 -> ::1 len 300
[localhost_monitor] IPv6 other ::1 -> ::1 len 40"
}

@test "localhost_monitor: the log is rate-limited, and logged + suppressed = packets" {
  load_module localhost_monitor log_packets=1
  ipsend --proto tcp --to 127.0.0.1 --size 100 --count 1000
  assert_packets 1000
  logged=$(kernel_log | grep -c 'localhost_monitor\] IPv4 TCP')
  suppressed=$(number_of log_suppressed)
  assert_equal $((logged + suppressed)) 1000
  [ "$logged" -ge 100 ]
  [ "$suppressed" -gt 0 ]
  sleep 1.2 # the limit is per second
  ipsend --proto tcp --to 127.0.0.1 --size 100 --count 10
  assert_packets 1010
  assert_equal "$(kernel_log | grep -c 'localhost_monitor\] IPv4 TCP')" $((logged + 10))
  assert_equal "$(number_of log_suppressed)" "$suppressed"
  echo reset >$text
  assert_equal "$(number_of log_suppressed)" "$suppressed"
}

@test "localhost_monitor: log_packets accepts 0 and 1, and refuses anything else with a line in the log" {
  load_module localhost_monitor log_packets=1
  for word in 2 -1 1.5 abc 1x +1 ' 1' 4294967296 $'\n'; do
    assert_refused $parameters/log_packets text "$word"
    assert_equal "$(get_param localhost_monitor log_packets)" 1
  done
  assert_equal "$(kernel_log | grep -c '^\[localhost_monitor\] log_packets=.* refused: expected a number from 0 to 1$')" 9
  unload_module localhost_monitor # its log takes at most ten lines in five seconds
  load_module localhost_monitor
  assert_refused $parameters/log_packets mib
  assert_refused $parameters/log_packets nul
  assert_equal "$(kernel_log | grep -c '^\[localhost_monitor\] log_packets=.* refused: expected a number from 0 to 1$')" 11
  badwrite $parameters/log_packets empty
  assert_equal "$(get_param localhost_monitor log_packets)" 0
  run load_module localhost_monitor log_packets=2
  assert_failure
}
