#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# Soak: everything at once for half an hour (KMON_SOAK, in seconds). At the end, the sender's count equals the kernel's to
# the packet, and memory use is what it was at the beginning.
# shellcheck disable=SC2031,SC2154 # each test is a subshell; helpers assign the rest

load ../lib/common
load ../lib/live
load ../lib/mixed_load

send_udp() { round udp ipsend --proto udp --to ::1 --size 600 --count 200; }

# Interfaces and namespaces that come and go. Each module has to release its references to them.
churn() {
  echo >>"$BATS_TEST_TMPDIR/churned"
  ip netns add kmon-soak
  ip link add kmon-soak0 type veth peer name kmon-soak1 netns kmon-soak
  ip link set kmon-soak0 up
  ip -n kmon-soak link set lo up
  ip netns exec kmon-soak ping -qc 1 127.0.0.1 >/dev/null # passes the hooks of this namespace, but nobody counts it
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

@test "soak: traffic, exits, interfaces, readers and writers at once: each count equals the sender's, and memory stays flat" {
  local seconds=${KMON_SOAK:-1800} sample samples=() what tracer
  load_for_mixed_load
  cat "$instance/trace_pipe" >"$BATS_TEST_TMPDIR/traced" 3>&- &
  tracer=$!
  for what in receive_frames send_frames send_tcp send_udp end_processes churn read_all write_all; do meanwhile "$what"; done
  for ((sample = 0; sample < 12; sample++)); do
    sleep "$((seconds / 12))"
    memory
    samples+=("$memory")
  done
  enough
  sleep 2 # until the last records are read
  kill "$tracer"
  wait "$tracer" || true # it was killed, and says so

  assert_all_counted "$BATS_TEST_TMPDIR/traced"

  echo "# ${samples[*]} KiB" >&3
  # By then, everything has been loaded and created for the first time. A leak would go on growing.
  [ "${samples[11]}" -le $((samples[3] + 2048)) ]
  printf '# %d s: %d frames received, %d sent, %d loopback packets, %d TCP packets, %d exits, %d namespaces and devices; memory %d KiB, at the end %d KiB\n' \
    "$seconds" $((500 * $(rounds received))) $((500 * $(rounds sent))) "$loopback" $((200 * $(rounds tcp))) \
    $((24 * $(rounds exits))) "$(rounds churned)" "${samples[3]}" "${samples[11]}" >&3
}
