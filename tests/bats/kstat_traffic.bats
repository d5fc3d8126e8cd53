#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# kstat under load: exact counts from two processors while settings change and modules are unloaded.
# shellcheck disable=SC2016,SC2086,SC2154 # jq and awk expand; paths without blanks; what is not assigned here is so in lib

load ../lib/common
load ../lib/kstat

# --- under load

@test "kstat: two processors sending as fast as they can, each packet counted once" {
  n=$(scaled 1000000 50000 10000)
  load_module kstat start=1
  two_senders "$n"
  wait "${senders[@]}"
  assert_equal "$(json $json 'map(.packets) | join(" ")')" "$((2 * n)) $((2 * n)) 0"
  assert_nout $((2 * n))
}

@test "kstat: under traffic nout only rises, whatever counter is set to" {
  load_module kstat start=1
  keep_sending 1000
  last=0
  for ((i = 0; i < $(scaled 400 40 10); i++)); do
    for step in 7 1000 1 33333 2; do
      echo $step >$counter
      read -r now <$nout
      [ "$now" -ge "$last" ]
      last=$now
    done
  done
  stop_sending
  stop
  assert_nout "$sent"
}

@test "kstat: resets under traffic lose nothing from the JSON view" {
  load_module kstat start=1
  keep_sending 1000
  last=0
  for ((i = 0; i < $(scaled 1000 100 20); i++)); do
    echo reset >$nout
    now=$(number_of packets)
    [ "$now" -ge "$last" ]
    last=$now
  done
  stop_sending
  assert_packets "$sent"
}

toggle() {
  while :; do
    echo 1 >$parameters/start
    echo 0 >$parameters/start
  done
}

some_counted() { [ "$(number_of packets)" -gt 0 ]; }
# Fewer packets were counted than were sent.
some_missed() {
  local out
  out=$(nft_counted)
  [ "$(number_of packets)" -lt "$out" ]
}

@test "kstat: counts exactly after four processes have started and stopped it at once under traffic" {
  load_module kstat
  nft_table
  two_senders 100000000
  togglers=()
  for _ in 1 2 3 4; do
    toggle 3>&- &
    togglers+=($!)
  done
  on_teardown kill "${senders[@]}" "${togglers[@]}"
  sleep "$(scaled 30 3 1)"
  wait_until 60 some_counted
  wait_until 60 some_missed
  kill "${senders[@]}" "${togglers[@]}"
  wait "${senders[@]}" "${togglers[@]}" || true

  start
  counted=$(number_of packets)
  [ "$counted" -lt "$(nft_counted)" ] # it was stopped at times, and counted nothing twice
  tcp 1000
  assert_packets $((counted + 1000))
  stop
  assert_nout $((counted + 1000))
  tcp 10
  assert_nout $((counted + 1000))
  assert_equal "$(kernel_log | grep -c kstat)" 0
}

@test "kstat: the kernel log gets the total at unload, reset or not, running or not" {
  load_module kstat start=1
  tcp 27
  echo reset >$nout
  tcp 4
  unload_module kstat
  assert_equal "$(kernel_log | grep kstat)" "kstat: unloaded, 31 outgoing TCP packets counted"
}

@test "kstat: loads and unloads repeatedly under traffic" {
  taskset -c 0 ipsend --proto tcp --to 127.0.0.1 --size 100 --count 100000000 >/dev/null 3>&- &
  sender=$!
  on_teardown kill "$sender"
  for ((i = 0; i < $(scaled 200 8 3); i++)); do
    load_module kstat all_netns=$((i % 2)) start=1
    unload_module kstat
  done
  kill "$sender"
  wait "$sender" || true
  load_module kstat start=1
  tcp 100
  assert_packets 100
}

@test "kstat: unloads while readers hold its files open" {
  load_module kstat start=1
  tcp 20
  local readers=()
  for file in $nout $counter $json; do
    hold "$file" 60 >"$BATS_TEST_TMPDIR/${file##*/}" 3>&- &
    readers+=($!)
    wait_until 30 has_open $! "$file"
  done
  unload_module kstat
  kill "${readers[@]}" # they now read on
  wait "${readers[@]}" # not a plain wait: bats's own timer is a child, too
  assert_equal "$(cat "$BATS_TEST_TMPDIR"/{nout,counter,stats.json} | jq -r .errno | xargs)" "EIO EIO EIO"
}
