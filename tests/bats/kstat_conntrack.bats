#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# kstat and connection tracking, whose last hook has the same priority as kstat's: the one registered later runs first.
# The count is the same either way. Also: what a restart carries over.

load ../lib/common

nout=/proc/kstat/nout
counter=/proc/kstat/counter
# shellcheck disable=SC2034 # for number_of
json=/proc/kstat/stats.json

setup() {
  kmon_setup
  make_netns kmon-ct
}

# conntrack: from here on, connections in kmon-ct are tracked, and nft counts the TCP packets that leave it.
conntrack() {
  in_netns kmon-ct nft -f - <<<'table inet kmon_test {
    chain post { type filter hook postrouting priority 0; ct state new,established,related,untracked,invalid meta l4proto tcp counter; }; }'
}
no_conntrack() { in_netns kmon-ct nft delete table inet kmon_test; }

# connect N BYTES: opens N connections over lo, one after the other.
connect() {
  local i server
  for ((i = 0; i < $1; i++)); do
    rm -f "$BATS_TEST_TMPDIR/ready"
    in_netns kmon-ct tcpflow --server 127.0.0.1 $((5001 + i)) --ready "$BATS_TEST_TMPDIR/ready" 3>&- &
    server=$!
    wait_until 30 test -e "$BATS_TEST_TMPDIR/ready"
    in_netns kmon-ct tcpflow --client 127.0.0.1 $((5001 + i)) --bytes "$2"
    wait "$server"
  done
}

idle() { [ -z "$(in_netns kmon-ct ss -Htn state established state fin-wait-1 state fin-wait-2 state closing)" ]; }

# Ten connections: kstat counts what nft counted before the two last hooks, and what TCP says it sent.
counts_all() {
  local before sent
  before=$(number_of packets)
  sent=$(tcp_segments kmon-ct)
  connect 10 2000
  wait_until 30 idle
  assert_equal "$(($(number_of packets) - before)) packets" "$(nft_counted kmon-ct) packets"
  assert_equal "$(($(number_of packets) - before)) packets" "$(($(tcp_segments kmon-ct) - sent)) packets"
}

@test "connections are tracked before kstat starts, so that kstat comes first: each packet once" {
  conntrack
  load_module kstat all_netns=1 start=1
  counts_all
}

@test "connections are tracked after kstat starts, so that kstat comes last: each packet once" {
  load_module kstat all_netns=1 start=1
  conntrack
  counts_all
}

@test "conntrack comes and goes while kstat counts: each packet once" {
  load_module kstat all_netns=1 start=1
  for _ in 1 2 3; do
    conntrack
    counts_all
    no_conntrack
  done
}

@test "a restart carries over the counter, the count and the published value" {
  load_module kstat start=1 counter=7
  ipsend --proto tcp --to 127.0.0.1 --size 100 --count 20
  assert_equal "$(<$nout)" 14
  set_param kstat start 0
  assert_equal "$(<$nout) $(<$counter)" "20 7"
  set_param kstat start 1
  assert_equal "$(<$nout) $(<$counter)" "20 7"
  ipsend --proto tcp --to 127.0.0.1 --size 100 --count 8
  assert_equal "$(<$nout) $(number_of packets)" "27 28"
}
