#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# localhost_monitor under load: exact counts from two processors during resets and unloading.
# shellcheck disable=SC2016,SC2086,SC2154 # jq and awk expand; paths without blanks; what is not assigned here is so in lib

load ../lib/common
load ../lib/localhost

# --- under load

@test "localhost_monitor: two processors sending as fast as they can, each packet counted once" {
  n=$(scaled 1000000 50000 10000)
  load_module localhost_monitor
  before=$(lo_received)
  two_senders "$n"
  wait "${senders[@]}"
  assert_text $((2 * n)) 0 $((2 * n)) 0 0 0 $((2 * n)) 0 0 0 0
  assert_equal "$(difference "$before" "$(lo_received)")" "$((2 * n)) $((200 * n))"
}

@test "localhost_monitor: resets under traffic lose nothing, and the JSON view never goes down" {
  load_module localhost_monitor
  keep_sending 1000
  last=0
  for ((resets = 0; resets < $(scaled 1000 100 20); resets++)); do
    echo reset >$text
    now=$(number_of packets)
    [ "$now" -ge "$last" ]
    last=$now
  done
  stop_sending
  assert_packets "$sent"
  assert_equal "$(totals)" "$sent $sent $((100 * sent))"
}

@test "localhost_monitor: loads and unloads repeatedly under traffic" {
  taskset -c 0 ipsend --proto tcp --to 127.0.0.1 --size 100 --count 100000000 >/dev/null 3>&- &
  sender=$!
  on_teardown kill "$sender"
  for ((i = 0; i < $(scaled 200 8 3); i++)); do
    load_module localhost_monitor all_netns=$((i % 2))
    unload_module localhost_monitor
  done
  kill "$sender"
  wait "$sender" || true
  load_module localhost_monitor
  ipsend --proto tcp --to 127.0.0.1 --size 100 --count 100
  assert_text 100 0 100 0 0 0 100 0 0 0 0
}

@test "localhost_monitor: unloads while readers hold its files open" {
  load_module localhost_monitor
  local readers=()
  for file in $text $json; do
    hold "$file" 60 >"$BATS_TEST_TMPDIR/${file##*/}" 3>&- &
    readers+=($!)
    wait_until 30 has_open $! "$file"
  done
  unload_module localhost_monitor
  kill "${readers[@]}" # they now read on
  wait "${readers[@]}" # not a plain wait: bats's own timer is a child, too
  assert_equal "$(cat "$BATS_TEST_TMPDIR"/localhost_stats{,.json} | jq -r .errno | xargs)" "EIO EIO"
}
