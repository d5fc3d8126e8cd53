#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# A processor goes offline and comes back while the modules count. Its counts and its waiting packets are kept.
# shellcheck disable=SC2031,SC2154 # each test is a subshell; helpers assign the rest

load ../lib/common
load ../lib/live
load ../lib/mixed_load

last=/sys/devices/system/cpu/cpu$(($(nproc --all) - 1))/online

in_our_guest() { [ -e /kmon/command ]; }

setup() {
  kmon_setup
  in_our_guest || skip "expected: it would take a processor of this machine away"
  [ -e "$last" ] || skip "expected: this machine's last processor cannot go"
  on_teardown bash -c "[ \"\$(<$last)\" = 1 ] || echo 1 >$last"
}

# come_and_go N: takes the last processor offline and back N times, as fast as possible.
come_and_go() {
  local i
  for ((i = 0; i < $1; i++)); do
    echo 0 >"$last"
    echo 1 >"$last"
  done
}

@test "a processor goes offline and comes back repeatedly under traffic: no frame, packet or exit is lost" {
  load_for_mixed_load
  for what in receive_frames send_frames send_tcp end_processes; do meanwhile "$what"; done
  come_and_go "$(scaled 50 10 4)"
  enough
  assert_all_counted "$instance/trace"
}

@test "what a processor counted survives its going offline: packets, frames, exits, and lines to print" {
  local before
  load_quiet localhost_monitor
  load_quiet l2packet_counter
  load_module process_monitor log=1 log_rate=0
  before=$(json=/proc/localhost_stats.json number_of packets)
  lo_mark
  taskset -c $(($(nproc --all) - 1)) ipsend --proto udp --to 127.0.0.1 --size 100 --count 300
  in_peer taskset -c $(($(nproc --all) - 1)) frames kmon1 --count 300 --macs 30 >/dev/null
  taskset -c $(($(nproc --all) - 1)) storm --processes 30 --name kmon-gone
  echo 0 >"$last"
  others_on_lo 0
  assert_equal $(($(json=/proc/localhost_stats.json number_of packets) - before)) "$others"
  [ "$others" -ge 300 ]
  assert_equal "$(l2 packets) $(l2_macs | wc -l)" "300 30"
  logged() { [ "$(kernel_log | grep -c 'kmon-gone')" = 30 ]; }
  wait_until 30 logged
}
