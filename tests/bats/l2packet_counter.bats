#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# l2packet_counter: how it counts, what its files show, its settings, loading and unloading. Which frames of which kind
# of interface it sees is in l2_topology.bats.
#
# The watched ends km0 and km1 are here, the sending ends km0p and km1p in a namespace of their own. Nothing but what a
# test sends comes in: no IPv6, no addresses.

load ../lib/common
load ../lib/l2

text=/proc/l2packet_counter
view=/proc/l2packet_counter.json
parameters=/sys/module/l2packet_counter/parameters
peer=kmon-l2-peer
many=1802333038 # the group of those that are made and deleted together

setup_file() {
  ip netns add "$peer"
  in_netns "$peer" sysctl -qw net.ipv6.conf.default.disable_ipv6=1
  ip -batch - <<EOF
link add km0 type veth peer name km0p netns $peer
link add km1 type veth peer name km1p netns $peer
EOF
  quiet_link km0
  quiet_link km1
  ip -batch - <<EOF
link set km0 up
link set km1 up
EOF
  ip -n "$peer" -batch - <<EOF
link set km0p up
link set km1p up
EOF
}

teardown_file() {
  ip link del km0
  ip link del km1
  ip netns del "$peer"
}

setup() {
  kmon_setup
  sent=$BATS_TEST_TMPDIR/sent
}

# ---- loading, sending ----

# send WATCHED ARGUMENTS...: frames out of WATCHED's other end; their sources, each with its number, are then in $sent.
send() {
  local watched=$1
  shift
  in_netns "$peer" frames "${watched}p" --list "$sent" "$@"
}

# error_of FILE TEXT: the error that writing TEXT to FILE gives, 0 for none.
error_of() { badwrite "$1" text "$2" | error_in; }
error_in() { sed -E 's/.*"errno":"?([A-Z0-9]+).*/\1/'; }

# ---- what the module says ----

# text_counts [FILE]: as counts, of a text view.
text_counts() { awk '/^[0-9a-f:]+ +[0-9]+$/ { print $1, $2 }' "${1:-$text}" | LC_ALL=C sort; }

# The whole text view, to the byte.
assert_text() {
  local whole
  mapfile -d '' whole <"$text"
  assert_equal "${whole[0]:-}" "$1"
}

# The frames are there when their sender ends, but perhaps in the queue of a busy processor still.
at_least() { [ "$(figure "$1" packets)" -ge "$2" ]; }
assert_packets() {
  wait_until 30 at_least "$1" "$2" || true
  assert_equal "$(figure "$1" packets)" "$2"
  books_balance
}

# books_balance [FILE]: in one reading, each address stands once, and the totals are the lines, the untracked and the evicted.
books_balance() {
  awk -F '"' '
    function value(key) { return substr($0, index($0, "\"" key "\":") + length(key) + 3) + 0 }
    function rest(what) { return value(what) - value("untracked_" what) - value("evicted_" what) }
    $6 == "waiting" {
      macs[$4] = value("macs"); packets[$4] = rest("packets"); bytes[$4] = rest("bytes")
    }
    $6 == "mac" {
      macs[$4]--; packets[$4] -= value("packets"); bytes[$4] -= value("bytes")
      if (seen[$4, $8]++) { print $8 " is listed twice"; bad = 1 }
    }
    END {
      if (NR < 2) { print "an empty reading"; bad = 1 }
      for (i in macs)
        if (macs[i] || packets[i] || bytes[i]) {
          print i ": the lines are off by " macs[i] " MACs, " packets[i] " packets, " bytes[i] " bytes"; bad = 1
        }
      exit bad
    }' "${1:-$view}"
}

# The same for one interface in the text view, where it has no more lines than are shown.
text_balances() {
  awk '
    /^Total packets: / { left = $3; heads++ }
    /^[0-9a-f:]+ +[0-9]+$/ { left -= $2; if (seen[$1]++) { print $1 " is listed twice"; bad = 1 } }
    END { if (left || heads != 1) { print "heads: " heads ", packets too many in the total: " left; bad = 1 } exit bad }' "${1:-$text}"
}

# ---- counting ----

@test "count: 1000 frames from 7 addresses, each with its own number in JSON and in text" {
  load_l2 interface=km0
  send km0 --count 1000 --macs 7
  assert_packets km0 1000
  diff "$sent" <(counts km0)
  diff "$sent" <(text_counts)
}

@test "count: random addresses keep all their six bytes" {
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

@test "count: frames of 14 bytes, the shortest there are" {
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

# busy_cpus BEFORE AFTER: how many processors took in packets between two copies of softnet_stat.
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
  in_netns "$peer" taskset -c 0 frames km0p --count 1 # one processor: each has a clock of its own
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

@test "json: the first line is the module's, then a line an interface and a line an address, each one object" {
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

# bash's read goes back in the file to the end of each line it took.
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

@test "read: who is not root cannot make the module hold more than 32 readings at once" {
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

reset_text() { echo reset >"$text"; }

# Fails when the cumulative count of km0 went down; $last lives as long as its loop.
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
  # For a while, and until resets have let go of some.
  while [ "$SECONDS" -lt "$end" ] || { [ "$(figure km0 evicted_packets)" = 0 ] && [ "$SECONDS" -lt $((end + 60)) ]; }; do
    send km0 --count 5000 --random --macs 500 --seed "$n" >/dev/null
    n=$((n + 5000))
  done
  assert_packets km0 "$n"
  [ "$(figure km0 evicted_packets)" -gt 0 ]
}

# ---- floods ----

read_json() {
  timeout 60 cat "$view" >"$BATS_TEST_TMPDIR/reading.json"
  books_balance "$BATS_TEST_TMPDIR/reading.json"
  echo read >>"$BATS_TEST_TMPDIR/json_reads"
}

read_text() {
  timeout 60 cat "$text" >"$BATS_TEST_TMPDIR/reading.text"
  [ -z "$(text_counts "$BATS_TEST_TMPDIR/reading.text" | cut -d ' ' -f 1 | uniq -d)" ]
  echo read >>"$BATS_TEST_TMPDIR/text_reads"
}

have_read() { [ "$(wc -l <"$BATS_TEST_TMPDIR/$1_reads")" -ge "$2" ]; }

# flood MAX_MACS N: N frames of as many random addresses, two readers and a resetter beside them.
flood() {
  local part
  load_l2 interface=km0 max_macs="$1"
  touch "$BATS_TEST_TMPDIR"/{json,text}_reads
  meanwhile read_json
  meanwhile read_text
  meanwhile reset_text
  for part in 1 2; do
    send km0 --count "$(($2 / 2))" --random --seed "$part"
    mv "$sent" "$sent.$part"
    wait_until 60 have_read json "$part"
    wait_until 60 have_read text "$part"
  done
  enough
  assert_packets km0 "$2"
  assert_equal "$(LC_ALL=C sort "$sent".* | LC_ALL=C comm -13 - <(counts km0))" ""
}

# bats test_tags=heavy
@test "flood: random addresses, more than max_macs, with two readers and a resetter: the total is exact" {
  flood "$(scaled 65536 2500)" "$(scaled 200000 12000)"
}

# bats test_tags=heavy
@test "flood: random addresses, fewer than max_macs, with two readers and a resetter: the total is exact" {
  flood "$(scaled 262144 65536)" "$(scaled 200000 12000)"
  assert_equal "$(figure km0 untracked_packets)" 0
}

# bats test_tags=heavy
@test "flood: without resets each of the random addresses has its line" {
  local n
  n=$(scaled 200000 12000)
  load_l2 interface=km0 max_macs=1048576
  send km0 --count "$n" --random --threads 2
  assert_packets km0 "$n"
  counts km0 >"$BATS_TEST_TMPDIR/counts"
  cmp "$sent" "$BATS_TEST_TMPDIR/counts"
}

# What modules can take, in KB.
kernel_memory() { awk '/^(SUnreclaim|VmallocUsed|Percpu):/ { kb += $2 } END { print kb }' /proc/meminfo; }
own_areas() { grep -F '[l2packet_counter]' /proc/vmallocinfo | cut -d ' ' -f 1 | sort; }
# Areas made by code that is no longer there. (The same place may be somebody else's by now.)
orphaned_areas() { awk '$3 ~ /^0x/ { print $1 }' /proc/vmallocinfo | sort; }

# bats test_tags=heavy
@test "flood: memory is bounded by max_macs, however many addresses come" {
  local n before
  n=$(scaled 200000 60000)
  # Once without the module, so that what the network takes for itself is there before.
  send km0 --count "$n" --random >/dev/null
  load_l2 interface=km0 max_macs=1000
  send km0 --count 1000 --random --seed 9
  before=$(kernel_memory)
  send km0 --count "$n" --random
  assert_packets km0 $((n + 1000))
  run echo $(($(kernel_memory) - before))
  echo "KB more after $n addresses: $output"
  [ "$output" -lt 1024 ]
}

# bats test_tags=heavy
@test "flood: resets give the memory of idle addresses back, unloading gives all back" {
  local n before loaded flooded own=$BATS_TEST_TMPDIR/own
  n=$(scaled 200000 60000)
  send km0 --count "$n" --random >/dev/null
  before=$(kernel_memory)
  load_l2 interface=km0 max_macs=262144
  loaded=$(kernel_memory)
  send km0 --count "$n" --random
  assert_packets km0 "$n"
  flooded=$(kernel_memory)
  own_areas >"$own"
  echo "KB before loading $before, loaded $loaded, flooded $flooded"
  [ -s "$own" ]
  [ "$flooded" -gt $((loaded + n * 100 / 1024)) ]

  reset_text
  reset_text
  assert_equal "$(figure km0 macs)" 0
  echo "after two resets: $(kernel_memory)"
  [ "$(kernel_memory)" -lt $((loaded + 1024)) ]

  send km0 --count "$n" --random --seed 3
  assert_packets km0 $((2 * n))
  own_areas >"$own"
  unload_module l2packet_counter
  echo "unloaded: $(kernel_memory)"
  [ "$(kernel_memory)" -lt $((before + 1024)) ]
  assert_equal "$(comm -12 "$own" <(orphaned_areas))" ""
}

# ---- which interfaces ----

@test "interface: eth0 if none is named; where there is none, ENODEV and a line in the log" {
  [ ! -e /sys/class/net/eth0 ] || skip "expected: this machine has an eth0 of its own"
  refused "No such device"
  run kernel_log
  assert_line "l2packet_counter: interface eth0 does not exist"

  ip link add eth0 type veth peer name eth0p
  on_teardown ip link del eth0
  load_module l2packet_counter
  assert_equal "$(head -n 1 "$text")" "Interface: eth0"
  assert_equal "$(get_param l2packet_counter reset_interval) $(get_param l2packet_counter max_macs)" "20 65536"
}

# A device that is not Ethernet.
make_tun() {
  [ -e /dev/net/tun ] || modprobe tun
  ip tuntap add mode tun name kmt0
  on_teardown ip link del kmt0
}

@test "interface: loopback or not Ethernet is EINVAL at load" {
  make_tun
  refused "Invalid parameters" interface=lo
  refused "Invalid parameters" interface=kmt0
  refused "Invalid parameters" interface=km0,lo
  run kernel_log
  assert_line "l2packet_counter: interface lo is not an Ethernet interface"
  assert_line "l2packet_counter: interface kmt0 is not an Ethernet interface"
}

@test "interface: a refused write gives its error and a line in the log, and changes nothing" {
  make_tun
  load_l2 interface=km0
  send km0 --count 5
  assert_packets km0 5
  assert_equal "$(error_of "$parameters/interface" lo)" EINVAL
  assert_equal "$(error_of "$parameters/interface" kmt0)" EINVAL
  assert_equal "$(error_of "$parameters/interface" nope0)" ENODEV
  assert_equal "$(error_of "$parameters/interface" km1,nope0)" ENODEV
  assert_equal "$(error_of "$parameters/interface" km1,lo,km0)" EINVAL
  run kernel_log
  assert_line "l2packet_counter: interface lo is not an Ethernet interface"
  assert_line "l2packet_counter: interface kmt0 is not an Ethernet interface"
  assert_line "l2packet_counter: interface nope0 does not exist"
  assert_equal "$(get_param l2packet_counter interface)" km0
  send km0 --count 5
  send km1 --count 5
  assert_packets km0 10
  assert_equal "$(grep -c '^Interface' "$text")" 1
}

@test "interface: empty watches nothing" {
  load_l2 interface=
  assert_equal "$(<"$text")" ""
  assert_equal "$(wc -l <"$view")" 1
  assert_equal "$(get_param l2packet_counter interface)" ""
  set_param l2packet_counter interface km0
  send km0 --count 5
  assert_packets km0 5
  set_param l2packet_counter interface ""
  send km0 --count 5
  assert_equal "$(<"$text")" ""
  assert_equal "$(wc -l <"$view")" 1
}

@test "interface: what stays keeps its numbers when others are added, moved or taken away" {
  load_l2 interface=km0
  send km0 --count 5
  assert_packets km0 5
  set_param l2packet_counter interface km0,km1
  send km0 --count 5
  send km1 --count 3
  assert_packets km0 10
  assert_packets km1 3
  set_param l2packet_counter interface km1,km0
  assert_equal "$(get_param l2packet_counter interface)" km1,km0
  assert_equal "$(grep -A 1 '^Interface' "$text" | grep -v -e -- | paste -s -d ,)" \
    "Interface: km1,Total packets: 3,Interface: km0,Total packets: 10"
  set_param l2packet_counter interface km0
  send km0 --count 5
  send km1 --count 3
  assert_packets km0 15
  assert_equal "$(figure km1 packets)" ""
}

@test "interface: lists that cannot be meant are EINVAL, at load and on write" {
  local list
  load_l2 interface=km0
  for list in km0,km0 km0,km1,km0 'km0,' ,km0 km0,,km1 ',' kmon-0123456789a kmon/0 . 'km0 km1' km0:1; do
    assert_equal "$list: $(error_of "$parameters/interface" "$list")" "$list: EINVAL"
  done
  for list in huge mib; do
    assert_equal "$list: $(badwrite "$parameters/interface" "$list" | error_in)" "$list: EINVAL"
  done
  assert_equal "$(badwrite "$parameters/interface" nul nope0 | error_in)" ENODEV
  assert_equal "$(get_param l2packet_counter interface)" km0
  run kernel_log
  assert_line --partial 'l2packet_counter: interface list refused at "km0": expected up to 64 different names'
  unload_module l2packet_counter
  refused "Invalid parameters" interface=km0,km0
  refused "Invalid parameters" interface=km0,
}

# Sets `names`: $1 interfaces with names as long as can be, a comma between them.
make_many() {
  local i name
  names=
  for ((i = 1; i <= $1; i++)); do
    printf -v name 'kmon-l2-a%05d' "$i"
    names+=${names:+,}$name
    echo "link add $name group $many type veth peer name ${name/a/b} netns $peer"
  done >"$BATS_TEST_TMPDIR/batch"
  ip -batch "$BATS_TEST_TMPDIR/batch"
  on_teardown ip link del group "$many"
}

# bats test_tags=heavy
@test "interface: 64 are watched, 65 are not" {
  local names last=kmon-l2-a00064
  make_many 65
  load_l2 interface=km0
  assert_equal "$(error_of "$parameters/interface" "$names")" EINVAL
  assert_equal "$(get_param l2packet_counter interface)" km0
  names=${names%,*}
  set_param l2packet_counter interface "$names"
  assert_equal "$(get_param l2packet_counter interface)" "$names"
  assert_equal "$(grep -c '^Interface' "$text")" 64
  ip link set "$last" up
  ip -n "$peer" link set "${last/a/b}" up
  in_netns "$peer" frames "${last/a/b}" --count 9
  wait_until 30 at_least "$last" 9
  assert_equal "$(counts "$last")" "02:00:00:00:00:01 9"
}

@test "interface: an alternative name is the same interface, once" {
  ip link property add dev km0 altname kmon-l2-another
  on_teardown ip link property del dev km0 altname kmon-l2-another
  load_l2 interface=km1
  set_param l2packet_counter interface kmon-l2-another
  assert_equal "$(get_param l2packet_counter interface)" km0
  send km0 --count 4
  assert_packets km0 4
  set_param l2packet_counter interface km1,kmon-l2-another,km0
  assert_equal "$(tr , '\n' <"$parameters/interface" | sort | paste -s -d ,)" km0,km1
  send km0 --count 4
  assert_packets km0 8
}

@test "interface: one that is away stands there as waiting, with its numbers" {
  ip link add km9 type veth peer name km9p netns "$peer"
  on_teardown ip link del km9
  ip link set km9 up
  ip -n "$peer" link set km9p up
  load_l2 interface=km9,km0
  send km9 --count 6
  assert_packets km9 6
  ip link del km9
  assert_text "\
Interface: km9 (waiting)
Total packets: 6
MAC Address Statistics:
MAC Address        Packet Count
------------------ ------------
02:00:00:00:00:01            6

Interface: km0
Total packets: 0
MAC Address Statistics:
MAC Address        Packet Count
------------------ ------------
"
  assert_equal "$(figure km9 waiting) $(figure km9 packets)" "true 6"
  assert_equal "$(get_param l2packet_counter interface)" km9,km0
  set_param l2packet_counter interface km1,km9
  assert_equal "$(get_param l2packet_counter interface)" km1,km9
  assert_equal "$(figure km9 waiting) $(figure km9 packets)" "true 6"
  set_param l2packet_counter interface km9,km0
  echo reset >"$text"
  assert_packets km9 6
  unload_module l2packet_counter
  run kernel_log
  assert_line "l2packet_counter: Interface: km9, Total packets: 6, MAC addresses: 1"
}

# ---- the other settings ----

# keeps PARAMETER GOOD BAD...: each BAD is EINVAL on write, and GOOD stays.
keeps() {
  local parameter=$1 good=$2 bad
  shift 2
  set_param l2packet_counter "$parameter" "$good"
  for bad; do
    assert_equal "$bad: $(error_of "$parameters/$parameter" "$bad")" "$bad: EINVAL"
  done
  for bad in huge mib nul; do
    assert_equal "$bad: $(badwrite "$parameters/$parameter" "$bad" | error_in)" "$bad: EINVAL"
  done
  badwrite "$parameters/$parameter" empty
  assert_equal "$(get_param l2packet_counter "$parameter")" "$good"
}

@test "reset_interval: 0 to 86400, everything else EINVAL and the old value stays" {
  load_l2 interface=km0
  keeps reset_interval 7 -1 86401 99999999999999999999 abc 5x '5 5' ' 5' +5 0x10 1.5 $'\n'
  run kernel_log
  assert_line "l2packet_counter: reset_interval=-1 refused: expected a number from 0 to 86400"
  set_param l2packet_counter reset_interval 86400
  set_param l2packet_counter reset_interval 0
  assert_equal "$(get_param l2packet_counter reset_interval)" 0
  unload_module l2packet_counter
  refused "Invalid parameters" interface=km0 reset_interval=86401
  refused "Invalid parameters" interface=km0 reset_interval=-1
}

@test "max_macs: 1 to 1048576, everything else EINVAL and the old value stays" {
  load_l2 interface=km0
  keeps max_macs 77 0 -1 1048577 99999999999999999999 abc 5x '5 5' ' 5' +5 0x10 $'\n'
  run kernel_log
  assert_line "l2packet_counter: max_macs=0 refused: expected a number from 1 to 1048576"
  set_param l2packet_counter max_macs 1
  set_param l2packet_counter max_macs 1048576
  assert_equal "$(get_param l2packet_counter max_macs)" 1048576
  unload_module l2packet_counter
  refused "Invalid parameters" interface=km0 max_macs=0
  refused "Invalid parameters" interface=km0 max_macs=1048577
}

@test "who may do what: all read, root writes" {
  local file
  load_l2 interface=km0
  assert_equal "$(stat -c %a "$text" "$view" | paste -s)" "644	444"
  assert_equal "$(cd "$parameters" && stat -c '%n %a' ./* | paste -s -d ,)" \
    "./hook 444,./interface 644,./max_macs 644,./reset_interval 644,./view_gid 444,./view_mode 444"
  for file in "$text" "$view" "$parameters"/{hook,interface,max_macs,reset_interval}; do
    assert_equal "$file: $(badwrite "$file" text 1 --as 65534 | error_in)" "$file: EACCES"
  done
}

@test "modinfo: a description, the package's version, licence GPL, each parameter explained" {
  [ -n "$(modinfo -F description l2packet_counter)" ]
  assert_equal "$(modinfo -F license l2packet_counter)" GPL
  if [ -r ../../dkms.conf ]; then
    assert_equal "PACKAGE_VERSION=\"$(modinfo -F version l2packet_counter)\"" "$(grep '^PACKAGE_VERSION=' ../../dkms.conf)"
  fi
  assert_equal "$(modinfo -p l2packet_counter | grep -cE '^(hook|interface|max_macs|reset_interval):[^(]{20,}')" 4
  assert_equal "$(modinfo -p l2packet_counter | grep -vc ^view_)" 4
}

# ---- loading and unloading ----

@test "load: a second time is refused, and the first goes on" {
  load_l2 interface=km0
  send km0 --count 5
  assert_packets km0 5
  run insmod "$(ko l2packet_counter)" interface=km1
  assert_failure 1
  assert_output --partial "File exists"
  send km0 --count 5
  assert_packets km0 10
}

@test "unload: says the totals since load of each interface, whatever was reset" {
  load_l2 interface=km0,km1
  send km0 --count 60 --macs 3
  send km1 --count 7
  assert_packets km0 60
  assert_packets km1 7
  echo reset >"$text"
  send km0 --count 5 --src 02:00:00:00:00:02
  assert_packets km0 65
  unload_module l2packet_counter
  run kernel_log
  assert_line "l2packet_counter: Interface: km0, Total packets: 65, MAC addresses: 3"
  assert_line "l2packet_counter: Interface: km1, Total packets: 7, MAC addresses: 1"
  [ ! -e "$text" ]
  [ ! -e "$view" ]
}

# The number in the last unload line of km0.
unload_total() { kernel_log | sed -nE 's/^l2packet_counter: Interface: km0, Total packets: ([0-9]+), .*/\1/p' | tail -n 1; }

# bats test_tags=heavy
@test "load and unload again and again under full traffic" {
  local times seen
  times=$(scaled 200 8 3)
  meanwhile in_netns "$peer" frames km0p --count 20000 --macs 1000
  for ((i = 0; i < times; i++)); do
    load_l2 interface=km0
    wait_until 30 at_least km0 1
    seen=$(figure km0 packets)
    unload_module l2packet_counter
    [ "$(unload_total)" -ge "$seen" ]
  done
  enough
  assert_equal "$(kernel_log | grep -c '^l2packet_counter: Interface: km0, Total packets: ')" "$times"
}

# bats test_tags=heavy
@test "unload during reads, resets and changes of every setting, under traffic" {
  local times
  times=$(scaled 50 3 2)
  shake() {
    cat "$view" "$text" || true
    echo reset >"$text" || true
    echo km1,km0 >"$parameters/interface" || true
    echo 1 >"$parameters/reset_interval" || true
    echo 500 >"$parameters/max_macs" || true
    echo km0 >"$parameters/interface" || true
  } >/dev/null 2>&1
  meanwhile in_netns "$peer" frames km0p --count 20000 --macs 1000
  meanwhile shake
  for ((i = 0; i < times; i++)); do
    load_l2 interface=km0
    sleep 0.4
    unload_module l2packet_counter
  done
  enough
}
