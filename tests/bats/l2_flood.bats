#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# l2packet_counter: floods of random addresses, and the memory they take.
# shellcheck disable=SC2030,SC2031,SC2034,SC2154 # each test is a subshell; what is not assigned here is so in lib

load ../lib/common
load ../lib/l2
load ../lib/l2_counter

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

# flood MAX_MACS N: N frames from N random addresses, while two processes read and one resets.
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

# The kinds of memory that modules use, in KB.
kernel_memory() { awk '/^(SUnreclaim|VmallocUsed|Percpu):/ { kb += $2 } END { print kb }' /proc/meminfo; }
own_areas() { grep -F '[l2packet_counter]' /proc/vmallocinfo | cut -d ' ' -f 1 | sort; }
# Memory areas allocated by code that is no longer loaded. (Another module may have that address by now.)
orphaned_areas() { awk '$3 ~ /^0x/ { print $1 }' /proc/vmallocinfo | sort; }

# bats test_tags=heavy
@test "flood: memory is bounded by max_macs, however many addresses there are" {
  local n before
  n=$(scaled 200000 60000)
  # Once without the module, so that the network stack has allocated its own memory beforehand.
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
@test "flood: resets free the memory of idle addresses, unloading gives all back" {
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
