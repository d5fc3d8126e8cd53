#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# netmon_proc: /proc/netmon with very many interfaces, in the test's own network namespace.
# shellcheck disable=SC2154 # memory sets memory

load ../lib/common

netmon=/proc/netmon

setup() {
  kmon_setup
  make_netns many
  in_netns many sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
}

make_dummies() { seq -f "link add kmon%g type dummy" "$1" | ip -n many -batch -; }

# hold N: starts N readers that read a little and keep the file open.
hold() {
  # shellcheck disable=SC2016 # the inner shell expands
  ip netns exec many bash -c 'for ((i = 0; i < $1; i++)); do exec {file}<"$2"; read -rN 1 -u "$file"; done; exec sleep 60' - \
    "$1" $netmon 3>&- &
  holder=$!
  on_teardown kill $holder
  wait_until 30 is_asleep
}
is_asleep() { [ "$(cat "/proc/$holder/comm")" = sleep ]; }

# bats test_tags=heavy
@test "a reader takes memory for the interface indexes, not for their lines" {
  local n before
  n=$(scaled 50000 2000)
  make_dummies "$n"
  load_module netmon_proc
  in_netns many cat $netmon >/dev/null
  settle
  memory
  before=$memory
  hold 20
  memory
  echo "20 readers of $n interfaces hold $((memory - before)) KiB"
  # 4 bytes per interface and one page of lines. The lines themselves would take 200 bytes per interface.
  [ $((memory - before)) -lt $((20 * (n * 4 / 1024 + 16) + 1024)) ]
}

# bats test_tags=heavy
@test "every interface appears once, with the kernel's figures and name" {
  local n
  n=$(scaled 50000 2000)
  make_dummies "$n"
  load_module netmon_proc
  in_netns many cat $netmon >"$BATS_TEST_TMPDIR/lines"
  assert_equal "$(wc -l <"$BATS_TEST_TMPDIR/lines")" "$n"
  assert_equal "$(sed -E 's/^\{"interface":"([^"]*)".*/\1/' "$BATS_TEST_TMPDIR/lines" | LC_ALL=C sort | cksum)" \
    "$(seq -f 'kmon%g' "$n" | LC_ALL=C sort | cksum)"
}

# Reads a part, then waits for a line in the pipe $go before it reads the rest.
read_in_two() {
  mkfifo "$BATS_TEST_TMPDIR/go"
  # shellcheck disable=SC2016 # the inner shell expands
  in_netns many bash -c 'exec 5<"$1"; dd bs=100 count=1 status=none <&5; echo half >"$3"; read -r <"$2"; cat <&5' - \
    $netmon "$BATS_TEST_TMPDIR/go" "$BATS_TEST_TMPDIR/half" >"$BATS_TEST_TMPDIR/lines" 3>&- &
  reader=$!
  wait_until 30 test -s "$BATS_TEST_TMPDIR/half"
}

@test "an interface that goes while the file is read is left out; a new one appears in the next reading" {
  make_dummies 300
  load_module netmon_proc
  read_in_two
  ip -n many link del kmon250
  ip -n many link add kmon301 type dummy
  echo >"$BATS_TEST_TMPDIR/go"
  wait $reader
  jq -c . "$BATS_TEST_TMPDIR/lines" | cmp - "$BATS_TEST_TMPDIR/lines"
  assert_equal "$(wc -l <"$BATS_TEST_TMPDIR/lines")" 299
  run grep -cE '"kmon(250|301)"' "$BATS_TEST_TMPDIR/lines"
  assert_output 0
  in_netns many grep -q '"kmon301"' $netmon
}
