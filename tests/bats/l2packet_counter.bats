#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# l2packet_counter: how it counts, what its files show, reads and resets. Kinds of interfaces are in l2_topology.bats,
# floods in l2_flood.bats, settings in l2_settings.bats.
# shellcheck disable=SC2030,SC2031,SC2034,SC2154 # each test is a subshell; what is not assigned here is so in lib

load ../lib/common
load ../lib/l2
load ../lib/l2_counter

# ---- counting ----

@test "count: 1000 frames from 7 addresses, each with its own number in JSON and in text" {
  load_l2 interface=km0
  send km0 --count 1000 --macs 7
  assert_packets km0 1000
  diff "$sent" <(counts km0)
  diff "$sent" <(text_counts)
}

@test "count: random addresses keep all six bytes" {
  load_l2 interface=km0
  send km0 --count 200 --random
  assert_packets km0 200
  diff "$sent" <(counts km0)
  diff "$sent" <(text_counts)
}

@test "count: bytes are those of the frames, headers included" {
  load_l2 interface=km0
  send km0 --count 10 --size 60 --src 02:00:00:00:00:0a
  send km0 --count 10 --size 1000 --src 02:00:00:00:00:0b
  send km0 --count 10 --size 1514 --src 02:00:00:00:00:0c
  assert_packets km0 30
  assert_equal "$(figure km0 bytes)" $((600 + 10000 + 15140))
  assert_equal "$(json "$view" 'map(select(.mac) | .bytes) | sort | map(tostring) | join(" ")')" "600 10000 15140"
}

@test "count: a VLAN tag is part of the frame: four bytes more" {
  load_l2 interface=km0
  send km0 --count 10 --size 64 --vlan 5
  assert_packets km0 10
  assert_equal "$(figure km0 bytes)" 640
}

@test "count: frames of 14 bytes, the shortest possible" {
  load_l2 interface=km0
  send km0 --count 40 --short --macs 4
  assert_packets km0 40
  diff "$sent" <(counts km0)
  assert_equal "$(figure km0 bytes)" $((40 * 14))
}

@test "count: group source addresses are skipped, and skipped_packets says how many" {
  load_l2 interface=km0
  send km0 --count 50 --macs 5 --group
  send km0 --count 30 --macs 3
  assert_packets km0 30
  diff "$sent" <(counts km0)
  assert_equal "$(figure km0 skipped_packets)" 50
  assert_equal "$(figure km0 untracked_packets)" 0
}

@test "count: 10,000 addresses as fast as they can be sent, each exactly" {
  local each
  each=$(scaled 20 3)
  load_l2 interface=km0
  send km0 --count $((10000 * each)) --macs 10000 --threads 2 --fast
  assert_packets km0 $((10000 * each))
  diff "$sent" <(counts km0)
  assert_equal "$(figure km0 macs)" 10000
}

# busy_cpus BEFORE AFTER: how many processors received packets between two copies of softnet_stat.
busy_cpus() { paste -d ' ' <(cut -d ' ' -f 1 "$1") <(cut -d ' ' -f 1 "$2") | awk '$1 != $2' | wc -l; }

@test "count: two processors send as fast as they can to one interface" {
  local n
  n=$(scaled 1000000 60000)
  load_l2 interface=km0
  cp /proc/net/softnet_stat "$BATS_TEST_TMPDIR/before"
  send km0 --count "$n" --macs 64 --threads 2 --fast
  assert_packets km0 "$n"
  diff "$sent" <(counts km0)
  if [ "$(nproc)" -gt 1 ]; then
    [ "$(busy_cpus "$BATS_TEST_TMPDIR/before" /proc/net/softnet_stat)" -gt 1 ]
  fi
}

@test "count: two processors send as fast as they can to two interfaces" {
  local n other
  n=$(scaled 500000 30000)
  load_l2 interface=km0,km1
  in_netns "$peer" frames km1p --count "$n" --macs 64 --threads 2 --fast --pace 128 --list "$sent.1" 3>&- &
  other=$!
  send km0 --count "$n" --macs 32 --threads 2 --fast --pace 128
  wait "$other"
  assert_packets km0 "$n"
  assert_packets km1 "$n"
  diff "$sent" <(counts km0)
  diff "$sent.1" <(counts km1)
}

@test "first_seen and last_seen are when the first and the last frame came" {
  local start middle end
  load_l2 interface=km0
  start=$(date +%s)
  in_netns "$peer" taskset -c 0 frames km0p --count 1 # one processor: each has its own clock
  assert_packets km0 1
  middle=$(date +%s)
  sleep 2.1
  in_netns "$peer" taskset -c 0 frames km0p --count 1
  assert_packets km0 2
  end=$(date +%s)
  run json "$view" ".[2] | (.first_seen >= $start and .first_seen <= $middle and
                            .last_seen >= $middle + 2 and .last_seen <= $end)"
  assert_output true
}

@test "first_seen and last_seen do not change from one reading to the next" {
  load_l2 interface=km0
  send km0 --count 1
  assert_packets km0 1
  for _ in {1..15}; do
    sed -n 3p "$view"
    sleep 0.1
  done >"$BATS_TEST_TMPDIR/readings"
  assert_equal "$(sort -u "$BATS_TEST_TMPDIR/readings" | wc -l)" 1
}

# ---- the bound on addresses ----

@test "max_macs=100: of 150 addresses the first 100 have lines, the frames of the others are untracked" {
  load_l2 interface=km0 max_macs=100
  send km0 --count 600 --macs 150
  assert_packets km0 600
  diff <(head -n 100 "$sent") <(counts km0)
  assert_equal "$(figure km0 macs)" 100
  assert_equal "$(figure km0 untracked_packets)" 200
  assert_equal "$(figure km0 untracked_bytes)" 12000
  assert_equal "$(grep '^Total' "$text")" "Total packets: 600"
  diff <(head -n 100 "$sent") <(text_counts)
}

@test "max_macs=1: one address" {
  load_l2 interface=km0 max_macs=1
  send km0 --count 90 --macs 3
  assert_packets km0 90
  assert_equal "$(counts km0)" "02:00:00:00:00:01 30"
  assert_equal "$(figure km0 untracked_packets)" 60
}

@test "max_macs raised while loaded: addresses that were untracked get lines" {
  load_l2 interface=km0 max_macs=100
  send km0 --count 600 --macs 150
  assert_packets km0 600
  set_param l2packet_counter max_macs 150
  send km0 --count 600 --macs 150
  assert_packets km0 1200
  diff <(awk '{ print $1, NR <= 100 ? 8 : 4 }' "$sent") <(counts km0)
  assert_equal "$(figure km0 untracked_packets)" 200
}

@test "max_macs lowered while loaded: what has a line keeps it, nothing new gets one" {
  load_l2 interface=km0
  send km0 --count 100 --macs 50
  assert_packets km0 100
  set_param l2packet_counter max_macs 10
  send km0 --count 100 --macs 50
  send km0 --count 7 --src 02:00:00:00:ff:ff
  assert_packets km0 207
  assert_equal "$(figure km0 macs)" 50
  assert_equal "$(figure km0 untracked_packets)" 7
}

# ---- the text view ----

@test "text: to the byte, the largest first" {
  load_l2 interface=km0
  send km0 --count 5 --src 02:00:00:00:00:0b
  send km0 --count 12 --src 0a:1b:2c:3d:4e:5f
  send km0 --count 1 --src 02:00:00:00:00:0a
  send km0 --count 300 --src fe:dc:ba:98:76:54
  assert_packets km0 318
  assert_text "\
Interface: km0
Total packets: 318
MAC Address Statistics:
MAC Address        Packet Count
------------------ ------------
fe:dc:ba:98:76:54          300
0a:1b:2c:3d:4e:5f           12
02:00:00:00:00:0b            5
02:00:00:00:00:0a            1
"
}

@test "text: an interface that has received nothing" {
  load_l2 interface=km0
  assert_text "\
Interface: km0
Total packets: 0
MAC Address Statistics:
MAC Address        Packet Count
------------------ ------------
"
}

@test "text: several interfaces in the order asked for, one empty line between" {
  load_l2 interface=km1,km0
  send km0 --count 3
  send km1 --count 4
  assert_packets km0 3
  assert_packets km1 4
  assert_text "\
Interface: km1
Total packets: 4
MAC Address Statistics:
MAC Address        Packet Count
------------------ ------------
02:00:00:00:00:01            4

Interface: km0
Total packets: 3
MAC Address Statistics:
MAC Address        Packet Count
------------------ ------------
02:00:00:00:00:01            3
"
}

@test "text: 10,000 lines at most, those with the largest counts; JSON has them all" {
  load_l2 interface=km0
  send km0 --count 10050 --macs 10050
  send km0 --count 240 --macs 12 --seed 7 --random
  assert_packets km0 10290
  text_counts >"$BATS_TEST_TMPDIR/text"
  assert_equal "$(wc -l <"$BATS_TEST_TMPDIR/text")" 10000
  diff "$sent" <(awk '$2 == 20' "$BATS_TEST_TMPDIR/text")
  assert_equal "$(sed -n 6p "$text" | awk '{ print $2 }')" 20
  assert_equal "$(grep '^Total' "$text")" "Total packets: 10290"
  assert_equal "$(counts km0 | wc -l)" 10062
}

# ---- the JSON view ----

@test "json: the first line is the module's, then one line per interface and per address, each one object" {
  load_l2 interface=km0,km1 max_macs=77
  send km0 --count 6 --macs 3
  assert_packets km0 6
  assert_equal "$(json "$view" 'map(type) | unique | join(" ")')" object
  assert_equal "$(json "$view" '.[] | map(type) | unique - ["boolean", "number", "string"] | length' | sort -u)" 0
  assert_equal "$(json "$view" length)" "$(wc -l <"$view")"
  run json "$view" '.[0] | "\(.module) \(.version) \(.schema) \(.hook) \(.reset_interval) \(.max_macs)"'
  assert_output "l2packet_counter $(modinfo -F version l2packet_counter) 1 auto 0 77"
  run json "$view" 'map(select(.hook and .interface)) | map("\(.interface) \(.waiting) \(.macs) \(.packets) \(.bytes)") | join(", ")'
  assert_output "km0 false 3 6 360, km1 false 0 0 0"
  run json "$view" 'map(select(.mac)) | map("\(.interface) \(.mac) \(.packets) \(.bytes)") | join(", ")'
  assert_output "km0 02:00:00:00:00:01 2 120, km0 02:00:00:00:00:02 2 120, km0 02:00:00:00:00:03 2 120"
}

@test "json, text and log: whatever an interface calls itself stays inside its quotes and its line" {
  local name=$'k"\\\x01\x1b\xffz'
  load_l2 interface=km0
  ip link add "$name" type veth peer name km9p
  on_teardown ip link del km9p
  set_param l2packet_counter interface "$name"
  assert_equal "$(jq -r 'select(.hook) | .interface // empty' "$view")" $'k"\\\x01\x1b\xef\xbf\xbdz'
  assert_equal "$(head -n 1 "$text")" 'Interface: k"\x5c\x01\x1b\xffz'
  ip link del km9p
  run kernel_log
  assert_line 'l2packet_counter: k"\x5c\x01\x1b\xffz is gone, waiting for it to return'
}

# ---- reading ----

@test "read: a slow reader sees each address once, and sums that agree, while the table changes under it" {
  local part slow=$BATS_TEST_TMPDIR/slow
  load_l2 interface=km0
  send km0 --count 4000 --macs 4000
  assert_packets km0 4000
  exec 4<"$view" 5<"$text"
  for part in {1..10}; do
    dd bs=100 count=300 <&4 >>"$slow.json" 2>/dev/null
    dd bs=100 count=80 <&5 >>"$slow.text" 2>/dev/null
    send km0 --count 1000 --random --seed "$part" >/dev/null
    echo reset >"$text"
  done
  cat <&4 >>"$slow.json"
  cat <&5 >>"$slow.text"
  exec 4<&- 5<&-
  books_balance "$slow.json"
  assert_equal "$(counts km0 "$slow.json" | wc -l)" 4000
  text_balances "$slow.text"
  assert_equal "$(text_counts "$slow.text" | wc -l)" 4000
  assert_packets km0 14000
}

# bash's read seeks back to the end of each line that it took.
seeking_read() {
  local line
  while IFS= read -r line; do
    printf '%s\n' "$line"
  done <"$text" >"$BATS_TEST_TMPDIR/seeking"
  text_balances "$BATS_TEST_TMPDIR/seeking"
}

@test "read: a reader that seeks sees one state, too" {
  load_l2 interface=km0
  send km0 --count 200 --macs 200
  assert_packets km0 200
  meanwhile in_netns "$peer" frames km0p --count 500 --macs 200
  for _ in {1..3}; do
    seeking_read
  done
  enough
}

@test "read: a reader that starts again at the beginning sees the present" {
  load_l2 interface=km0
  send km0 --count 5
  assert_packets km0 5
  run perl -e '$f = shift; open F, "<", $f; @a = <F>; system(@ARGV) and die; seek F, 0, 0; @b = <F>; print $a[1], $b[1]' \
    "$text" sh -c "ip netns exec $peer frames km0p --count 5 >/dev/null; until grep -q 'packets: 10' $text; do :; done"
  assert_output "Total packets: 5
Total packets: 10"
}

@test "read: unprivileged users cannot make the module hold more than 32 readings at once" {
  command -v setpriv >/dev/null || skip "expected: no setpriv here"
  load_l2 interface=km0
  send km0 --count 500 --macs 500
  assert_packets km0 500
  # shellcheck disable=SC2016 # the inner shell expands
  run setpriv --reuid 65534 --regid 65534 --clear-groups bash -c '
    ulimit -n 1024
    for ((held = 0; held < 300; held++)); do
      exec {file}<"$1"
      read -rn 1 <&"$file" || break
    done 2>/dev/null
    echo "$held"
    wc -l <"$2" 2>/dev/null' bash "$view" "$text"
  assert_output "32
0"
  assert_equal "$(wc -l <"$view")" 502
  assert_equal "$(setpriv --reuid 65534 --regid 65534 --clear-groups wc -l "$view")" "502 $view"
}

@test "read: a file held open does not hold the module" {
  load_l2 interface=km0
  send km0 --count 2000 --macs 2000
  assert_packets km0 2000
  exec 4<"$view"
  dd bs=100 count=1 <&4 2>/dev/null
  unload_module l2packet_counter
  [ ! -e "$view" ]
  run cat <&4
  exec 4<&-
  assert_failure
}

# ---- resets ----

@test "reset: the text starts at zero, JSON goes on" {
  load_l2 interface=km0,km1
  send km0 --count 60 --macs 3
  send km1 --count 10
  assert_packets km0 60
  assert_packets km1 10
  cp "$view" "$BATS_TEST_TMPDIR/before"
  echo reset >"$text"
  diff <(sed 's/,"first_seen.*//' "$BATS_TEST_TMPDIR/before") <(sed 's/,"first_seen.*//' "$view")
  assert_equal "$(grep -c '^Total packets: 0$' "$text")" 2
  assert_equal "$(text_counts)" ""

  send km0 --count 5 --src 02:00:00:00:00:02
  assert_packets km0 65
  assert_equal "$(text_counts)" "02:00:00:00:00:02 5"
  assert_equal "$(grep -m 1 '^Total' "$text")" "Total packets: 5"
  assert_equal "$(counts km0 | paste -s -d ,)" "02:00:00:00:00:01 20,02:00:00:00:00:02 25,02:00:00:00:00:03 20"
}

@test "reset: the second one frees addresses that were idle since the first, and accounts for them" {
  load_l2 interface=km0
  send km0 --count 60 --macs 3
  assert_packets km0 60
  echo reset >"$text"
  assert_equal "$(figure km0 macs)" 3
  send km0 --count 5 --src 02:00:00:00:00:02
  assert_packets km0 65
  echo reset >"$text"
  assert_packets km0 65
  assert_equal "$(counts km0)" "02:00:00:00:00:02 25"
  assert_equal "$(figure km0 evicted_packets)" 40
  assert_equal "$(figure km0 evicted_bytes)" 2400

  send km0 --count 7 --src 02:00:00:00:00:01
  assert_packets km0 72
  assert_equal "$(counts km0 | paste -s -d ,)" "02:00:00:00:00:01 7,02:00:00:00:00:02 25"
  assert_equal "$(figure km0 evicted_packets)" 40
  assert_equal "$(text_counts)" "02:00:00:00:00:01 7"
}

@test "reset: frees room below max_macs" {
  load_l2 interface=km0 max_macs=10
  send km0 --count 10 --macs 10
  assert_packets km0 10
  echo reset >"$text"
  echo reset >"$text"
  send km0 --count 20 --macs 20 --random
  assert_packets km0 30
  assert_equal "$(figure km0 macs)" 10
  assert_equal "$(figure km0 evicted_packets)" 10
  assert_equal "$(figure km0 untracked_packets)" 10
}

@test "reset: is the word reset, with or without a newline, and nothing else" {
  local word
  load_l2 interface=km0
  send km0 --count 5
  assert_packets km0 5
  for word in Reset 'reset ' ' reset' rese resetreset $'reset\n\n' $'\nreset' 0 1; do
    assert_equal "$word: $(error_of "$text" "$word")" "$word: EINVAL"
  done
  for word in empty huge mib nul; do
    assert_equal "$word: $(badwrite "$text" "$word" | error_in)" "$word: EINVAL"
  done
  assert_equal "$(badwrite "$text" nul reset | error_in)" EINVAL
  assert_equal "$(grep '^Total' "$text")" "Total packets: 5"

  assert_equal "$(error_of "$text" reset)" 0
  assert_equal "$(grep '^Total' "$text")" "Total packets: 0"
  send km0 --count 5
  assert_packets km0 10
  assert_equal "$(error_of "$text" $'reset\n')" 0
  assert_equal "$(grep '^Total' "$text")" "Total packets: 0"
}

text_is_zero() { [ "$(grep -m 1 '^Total' "$text")" = "Total packets: 0" ]; }

@test "reset_interval=1: every second the text starts at zero, and addresses that are idle go" {
  load_l2 interface=km0 reset_interval=1
  send km0 --count 30 --macs 3
  assert_packets km0 30
  wait_until 30 text_is_zero
  wait_until 30 sh -c "grep -q '\"evicted_packets\":30,' $view"
  assert_packets km0 30
  assert_equal "$(figure km0 macs)" 0
}

@test "reset_interval: 0 stops the resets, a new value begins at once" {
  load_l2 interface=km0 reset_interval=1
  set_param l2packet_counter reset_interval 0
  send km0 --count 30
  assert_packets km0 30
  sleep 2.2
  assert_equal "$(grep '^Total' "$text")" "Total packets: 30"
  set_param l2packet_counter reset_interval 3600
  set_param l2packet_counter reset_interval 1
  wait_until 30 text_is_zero
  assert_packets km0 30
}

# Fails if the cumulative count of km0 went down. $last lives as long as the calling loop.
count_grows() {
  local now
  now=$(figure km0 packets)
  [ "$now" -ge "${last:-0}" ] || { echo "from $last to $now"; return 1; }
  last=$now
}

# bats test_tags=heavy
@test "reset in a loop under traffic: no frame lost from the cumulative view, none counted twice" {
  local n
  n=$(scaled 1000000 60000 10000)
  load_l2 interface=km0
  meanwhile reset_text
  meanwhile count_grows
  send km0 --count "$n" --macs 50 --threads 2
  send km0 --count "$n" --macs 5000
  enough
  assert_packets km0 $((2 * n))
  assert_equal "$(figure km0 untracked_packets)" 0
}

# bats test_tags=heavy
@test "periodic reset under traffic: no frame lost from the cumulative view, none counted twice" {
  local n=0 end
  load_l2 interface=km0 reset_interval=1
  end=$((SECONDS + $(scaled 20 4)))
  # For a while, and until resets have evicted some addresses.
  while [ "$SECONDS" -lt "$end" ] || { [ "$(figure km0 evicted_packets)" = 0 ] && [ "$SECONDS" -lt $((end + 60)) ]; }; do
    send km0 --count 5000 --random --macs 500 --seed "$n" >/dev/null
    n=$((n + 5000))
  done
  assert_packets km0 "$n"
  [ "$(figure km0 evicted_packets)" -gt 0 ]
}
