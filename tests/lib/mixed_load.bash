# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Helpers for the bats files that do everything at once; load after common.bash and live.bash. Each activity records how often it
# was done, so that the modules' counts can be compared at the end.
# shellcheck disable=SC2154 # instance and others are assigned in live.bash and common.bash

# round FILE COMMAND...: runs COMMAND, and adds a line to FILE if it succeeded.
round() { "${@:2}" >/dev/null && echo >>"$BATS_TEST_TMPDIR/$1"; }
rounds() { wc -l <"$BATS_TEST_TMPDIR/$1"; }

receive_frames() { round received in_peer frames kmon1 --count 500 --macs 300; }
send_frames() { round sent frames kmon0 --swap --count 500 --macs 300; }
send_tcp() { round tcp ipsend --proto tcp --to 127.0.0.1 --size 100 --count 200; }
end_processes() { round exits storm --processes 24 --mode mixed --name kmon-mixed; }

# Loads all modules, with both directions; what they counted while loading is ignored.
load_for_mixed_load() {
  load_quiet "${kmon_modules[@]}"
  set_param l2packet_counter direction both
  set_param kstat start 1
  trace_exits
  echo 'comm == "kmon-mixed"' >"$instance/events/kmon/process_exit/filter"
  echo 1 >"$instance/events/kmon/process_exit/enable"
  lo_mark
  tcp_mark
  loopback_at_first=$(json=/proc/localhost_stats.json number_of packets)
  tcp_at_first=$(kstat_number packets)
}

# assert_all_counted TRACE: each module must have counted exactly what was sent, and TRACE must have a record of each exit. Sets
# `loopback` to the packets on lo.
assert_all_counted() {
  assert_equal "received: $(l2 packets)" "received: $((500 * $(rounds received)))"
  assert_equal "sent: $(l2 tx_packets)" "sent: $((500 * $(rounds sent)))"
  others_on_lo 0
  loopback=$others
  assert_equal "loopback: $(($(json=/proc/localhost_stats.json number_of packets) - loopback_at_first))" "loopback: $loopback"
  others_in_tcp 0
  assert_equal "TCP: $(($(kstat_number packets) - tcp_at_first))" "TCP: $((200 * $(rounds tcp) + others))"
  assert_equal "exits: $(grep -c ' process_exit: ' "$1")" "exits: $((24 * $(rounds exits)))"
  assert_equal "missed: $(exits missed_probes)" "missed: 0"
}
