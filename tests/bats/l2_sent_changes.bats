#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# l2packet_counter with direction=both while something changes: the bound is reached, counts are reset, the parameter is
# written, interfaces come and go, the module is unloaded. No frame is lost and none counts twice.
# shellcheck disable=SC2030,SC2031,SC2154 # each test is a subshell; names of l2_sent.bash

load ../lib/common
load ../lib/l2
load ../lib/l2_sent

# ---- the bound, and resets ----

@test "max_macs is for both directions together; untracked frames count per direction" {
  pair 0
  watch kw0 max_macs=100
  out kw0 --count 180 --macs 60
  assert_figure kw0 tx_packets 180
  into 0 --count 300 --macs 150 # 60 of them are known
  assert_figure kw0 packets 300
  assert_figure kw0 macs 100
  assert_figure kw0 untracked_packets 100
  out kw0 --count 240 --macs 120 --size 100
  assert_sent kw0 420 $((180 * 60 + 240 * 100))
  assert_figure kw0 tx_untracked_packets 40
  assert_figure kw0 tx_untracked_bytes 4000
  assert_figure kw0 untracked_packets 100
}

@test "10,000 destinations, each exactly; resets under traffic lose none" {
  local each
  each=$(scaled 20 3)
  pair 0
  watch kw0
  out kw0 --count $((10000 * each)) --macs 10000 --threads 2
  assert_figure kw0 tx_packets $((10000 * each))
  diff "$sent" <(sent_counts kw0)
  meanwhile reset_text
  out kw0 --count $((5000 * each)) --macs 5000
  enough
  assert_sent kw0 $((15000 * each)) $((15000 * each * 60))
}
reset_text() { echo reset >"$text"; }

@test "a reset evicts an address that was idle in both directions, with all its figures" {
  pair 0
  watch kw0
  out kw0 --count 10 --src 02:00:00:00:00:0a --size 100
  out kw0 --count 20 --src 02:00:00:00:00:0b
  into 0 --count 30 --src 02:00:00:00:00:0a
  into 0 --count 40 --src 02:00:00:00:00:0c
  assert_figure kw0 packets 70
  assert_sent kw0 30 2200
  reset_text
  # 0a sends to us, 0b is sent to, 0c neither: a whole line stays or a whole line goes.
  into 0 --count 1 --src 02:00:00:00:00:0a
  out kw0 --count 1 --src 02:00:00:00:00:0b
  assert_figure kw0 packets 71
  reset_text
  assert_sent kw0 31 2260
  assert_equal "$(sent_counts kw0 | paste -s -d ,)" "02:00:00:00:00:0a 10,02:00:00:00:00:0b 21"
  assert_equal "$(received_counts kw0)" "02:00:00:00:00:0a 31"
  assert_figure kw0 evicted_packets 40
  assert_figure kw0 tx_evicted_packets 0
  reset_text
  assert_figure kw0 macs 0
  assert_sent kw0 31 2260
  assert_figure kw0 tx_evicted_packets 31
  assert_figure kw0 tx_evicted_bytes 2260
  assert_figure kw0 evicted_packets 71
  # They start again from zero.
  out kw0 --count 5 --src 02:00:00:00:00:0a
  assert_sent kw0 36 2560
  assert_equal "$(sent_counts kw0)" "02:00:00:00:00:0a 5"
}

# ---- the parameter ----

@test "direction: rx and both, everything else EINVAL and the old value stays" {
  local bad
  pair 0
  load_l2 interface=kw0
  set_param l2packet_counter direction both
  for bad in tx Both 'both ' rxboth 1 $'\n'; do
    assert_equal "$bad: $(badwrite "$parameters/direction" text "$bad" | sed -E 's/.*"errno":"?([A-Z0-9]+).*/\1/')" "$bad: EINVAL"
  done
  assert_equal "$(get_param l2packet_counter direction)" both
  run kernel_log
  assert_line "l2packet_counter: direction=tx refused: expected one of rx, both"
  set_param l2packet_counter direction both
  set_param l2packet_counter direction rx
  set_param l2packet_counter direction rx
  unload_module l2packet_counter
  refused "Invalid parameters" interface=kw0 direction=tx
}

@test "direction is changed: what was counted stays, frames sent under rx do not count" {
  pair 0
  pair 1
  load_l2 interface=kw0
  out kw0 --count 10
  into 0 --count 5
  assert_figure kw0 packets 5
  set_param l2packet_counter direction both
  assert_figure kw0 tx_packets 0
  out kw0 --count 20 --macs 2
  assert_figure kw0 tx_packets 20
  set_param l2packet_counter direction rx
  out kw0 --count 40 --macs 2
  into 0 --count 5
  assert_figure kw0 packets 10
  assert_figure kw0 tx_packets 20
  set_param l2packet_counter direction both
  out kw0 --count 4 --macs 2
  assert_figure kw0 tx_packets 24
  assert_figure kw0 packets 10
  # It also applies to a newly watched interface and to one that comes back.
  set_param l2packet_counter interface kw0,kw1
  out kw1 --count 7
  assert_figure kw1 tx_packets 7
  ip link del kw0
  assert_figure kw0 waiting true
  assert_figure kw0 tx_packets 24
  pair 0
  out kw0 --count 6
  assert_figure kw0 tx_packets 30
  balances
}

change_direction() {
  set_param l2packet_counter direction both
  set_param l2packet_counter direction rx
}

# bats test_tags=heavy
@test "direction is changed repeatedly under traffic: no received frame is lost, none is counted twice" {
  local n
  n=$(scaled 500000 60000 20000)
  pair 0
  pair 1
  load_l2 interface=kw1,kw0
  meanwhile change_direction
  meanwhile out kw0 --count 2000 --macs 100
  into 0 --count "$n" --macs 50 --threads 2
  enough
  assert_figure kw0 packets "$n"
  diff "$received" <(received_counts kw0)
  set_param l2packet_counter direction both
  balances
  n=$(figure kw0 tx_packets)
  [ "$n" -gt 0 ]
  out kw0 --count 100 --macs 4
  assert_figure kw0 tx_packets $((n + 100))
}

# ---- interfaces that come and go, under traffic ----

# Sends out of kw0 whenever it exists. Nobody needs the list of what was sent.
keep_sending_out() { frames kw0 --swap --count 2000 --macs 50 >/dev/null 2>&1 || sleep 0.05; }

more_was_sent() { [ "$(figure "$1" tx_packets)" -gt "$2" ]; }
is_counted() { wait_until 30 more_was_sent "$1" "$(figure "$1" tx_packets)"; }

exactly_100_more() {
  local n
  n=$(figure kw0 tx_packets)
  out kw0 --count 100 --macs 4
  assert_figure kw0 tx_packets $((n + 100))
  balances
}

@test "deleted, created again, moved away and back, renamed, all under traffic: counting continues from the old numbers" {
  local kept
  pair 0
  watch kw0
  meanwhile keep_sending_out
  is_counted kw0
  ip link del kw0
  kept=$(figure kw0 tx_packets)
  sleep 0.3
  assert_equal "$(figure kw0 tx_packets)" "$kept"
  pair 0
  is_counted kw0
  ip link set kw0 netns kmon-l2-1
  kept=$(figure kw0 tx_packets)
  sleep 0.3
  assert_equal "$(figure kw0 waiting) $(figure kw0 tx_packets)" "true $kept"
  ip -n kmon-l2-1 link set kw0 netns $$
  quiet_link kw0
  ip link set kw0 up
  is_counted kw0
  ip link set kw0 down
  ip link set kw0 name kwx
  ip link set kwx up
  [ "$(figure kwx tx_packets)" -ge "$kept" ]
  kept=$(figure kwx tx_packets)
  frames kwx --swap --count 10 >/dev/null
  assert_figure kwx tx_packets $((kept + 10))
  ip link set kwx down
  ip link set kwx name kw0
  ip link set kw0 up
  is_counted kw0
  enough
  exactly_100_more
}

# bats test_tags=heavy
@test "a watched veth created and deleted repeatedly under traffic" {
  local times i
  times=$(scaled 200 30 10)
  pair 0
  watch kw0
  meanwhile keep_sending_out
  for ((i = 0; i < times; i++)); do
    echo "link del kw0"
    echo "link add name kw0 group $mine up type veth peer name kw0p netns kmon-l2-0"
  done >"$BATS_TEST_TMPDIR/batch"
  ip -batch "$BATS_TEST_TMPDIR/batch"
  quiet_link kw0
  ip -n kmon-l2-0 link set kw0p up
  is_counted kw0
  enough
  exactly_100_more
}

# The number in the last log line about sent frames.
unload_total() { kernel_log | sed -nE 's/^l2packet_counter: Interface: kw0, Sent packets: ([0-9]+)$/\1/p' | tail -n 1; }

# bats test_tags=heavy
@test "load and unload repeatedly while frames go both ways" {
  local times seen i
  times=$(scaled 200 8 3)
  pair 0
  pair 1
  meanwhile out kw0 --count 20000 --macs 1000
  meanwhile in_netns kmon-l2-0 frames kw0p --count 20000 --macs 1000
  for ((i = 0; i < times; i++)); do
    load_l2 interface=kw1,kw0 direction=both
    is_counted kw0
    seen=$(figure kw0 tx_packets)
    unload_module l2packet_counter
    [ "$(unload_total)" -ge "$seen" ]
  done
  enough
}
