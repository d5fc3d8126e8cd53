#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# Soak: everything at once, for half an hour (KMON_SOAK, in seconds). At the end the sender's count is the kernel's, to the
# packet, and memory is what it was at the beginning.
# shellcheck disable=SC2031,SC2154 # each test is a subshell; helpers assign the rest

load ../lib/common
load ../lib/live

# round FILE COMMAND...: COMMAND, and a line in FILE when it has succeeded.
round() { "${@:2}" >/dev/null && echo >>"$BATS_TEST_TMPDIR/$1"; }
rounds() { wc -l <"$BATS_TEST_TMPDIR/$1"; }

receive_frames() { round received in_peer frames kmon1 --count 500 --macs 300; }
send_frames() { round sent frames kmon0 --swap --count 500 --macs 300; }
send_tcp() { round tcp ipsend --proto tcp --to 127.0.0.1 --size 100 --count 200; }
send_udp() { round udp ipsend --proto udp --to ::1 --size 600 --count 200; }
end_processes() { round exits storm --processes 24 --mode mixed --name kmon-soak; }

# Devices and namespaces that come and go; each module has to let go of what it holds of them.
churn() {
  echo >>"$BATS_TEST_TMPDIR/churned"
  ip netns add kmon-soak
  ip link add kmon-soak0 type veth peer name kmon-soak1 netns kmon-soak
  ip link set kmon-soak0 up
  ip netns exec kmon-soak ping -qc 1 127.0.0.1 >/dev/null || true # lo is down there
  ip link del kmon-soak0
  ip netns del kmon-soak
}

read_all() {
  cat /proc/localhost_stats{,.json} /proc/l2packet_counter{,.json} /proc/kstat/{nout,counter,stats.json} /proc/netmon \
    /proc/process_monitor{,.json} >/dev/null
}

write_all() {
  set_param l2packet_counter max_macs 100
  set_param l2packet_counter reset_interval 1
  set_param kstat counter 7
  echo reset | tee /proc/l2packet_counter /proc/process_monitor >/dev/null
  set_param l2packet_counter max_macs 70000
  set_param l2packet_counter reset_interval 0
  set_param kstat counter 1000
}

@test "soak: traffic, exits, devices, readers and writers at once: each count is the sender's, and memory stays flat" {
  local seconds=${KMON_SOAK:-1800} sample samples=() lo_at_first tcp_at_first what tracer loopback
  load_quiet "${kmon_modules[@]}"
  set_param l2packet_counter direction both
  set_param kstat start 1
  trace_exits
  echo 'comm == "kmon-soak"' >"$instance/events/kmon/process_exit/filter"
  echo 1 >"$instance/events/kmon/process_exit/enable"
  cat "$instance/trace_pipe" >"$BATS_TEST_TMPDIR/traced" 3>&- &
  tracer=$!

  lo_mark
  tcp_mark
  lo_at_first=$(json=/proc/localhost_stats.json number_of packets)
  tcp_at_first=$(kstat_number packets)
  for what in receive_frames send_frames send_tcp send_udp end_processes churn read_all write_all; do meanwhile "$what"; done
  for ((sample = 0; sample < 12; sample++)); do
    sleep "$((seconds / 12))"
    memory
    samples+=("$memory")
  done
  enough
  sleep 2 # the last records are read
  kill "$tracer"
  wait "$tracer" || true

  assert_equal "received: $(l2 packets)" "received: $((500 * $(rounds received)))"
  assert_equal "sent: $(l2 tx_packets)" "sent: $((500 * $(rounds sent)))"
  others_on_lo 0
  loopback=$others
  assert_equal "loopback: $(($(json=/proc/localhost_stats.json number_of packets) - lo_at_first))" "loopback: $loopback"
  others_in_tcp 0
  assert_equal "TCP: $(($(kstat_number packets) - tcp_at_first))" "TCP: $((200 * $(rounds tcp) + others))"
  assert_equal "exits: $(grep -c ' process_exit: ' "$BATS_TEST_TMPDIR/traced")" "exits: $((24 * $(rounds exits)))"
  assert_equal "missed: $(exits missed_probes)" "missed: 0"

  echo "# ${samples[*]} KiB" >&3
  # What is loaded and made for the first time is there by then. A leak grows for as long as this runs.
  [ "${samples[11]}" -le $((samples[3] + 2048)) ]
  printf '# %d s: %d frames received, %d sent, %d loopback packets, %d TCP packets, %d exits, %d namespaces and devices; memory %d KiB, at the end %d KiB\n' \
    "$seconds" $((500 * $(rounds received))) $((500 * $(rounds sent))) "$loopback" $((200 * $(rounds tcp))) \
    $((24 * $(rounds exits))) "$(rounds churned)" "${samples[3]}" "${samples[11]}" >&3
}
