#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# Stress: the original's test_stress.sh (rapid loading and unloading, error conditions, bursts from many senders,
# concurrent readers and writers under memory monitoring) for all five modules. Counts stay exact, memory use stays flat
# and the kernel log clean.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # an inner shell expands; each test is a subshell; helpers assign the rest
#
# Environment: KMON_DURATION, seconds for readers and writers; KMON_PROCESSES, number of senders in a burst.

load ../lib/common
load ../lib/live

# ---- coming and going

some_frames() { in_peer frames kmon1 --count 2000 --macs 200; }
some_tcp() { ipsend --proto tcp --to 127.0.0.1 --size 100 --count 500; }
some_processes() { storm --processes 40 --mode mixed; }

# come_and_go N: loads and unloads each of the five modules N times, as fast as possible.
come_and_go() {
  local i module
  for ((i = 0; i < $1; i++)); do
    for module in "${kmon_modules[@]}"; do
      load_quiet "$module" || return
      [ -d "/sys/module/$module" ] || return
      unload_module "$module" || return
    done
  done
}

# bats test_tags=heavy
@test "stress: each module loads and unloads repeatedly under traffic; memory stays flat" {
  meanwhile some_frames
  stays_flat 256 come_and_go "$(scaled 100 10 2)" # at least twice
  enough
  for module in "${kmon_modules[@]}"; do
    for file in ${view_files[$module]}; do [ ! -e "$file" ]; done
  done
  # It still works.
  load_quiet l2packet_counter
  send --count 100 --macs 4
  diff "$sent" <(l2_macs)
}

# ---- errors

# Each of these is refused. `badwrite` prints the error.
refusals() {
  local file set=/sys/module
  for file in /proc/{localhost_stats,l2packet_counter,kstat/nout,kstat/counter,process_monitor} \
    $set/l2packet_counter/parameters/{interface,reset_interval,max_macs} $set/localhost_monitor/parameters/log_packets \
    $set/kstat/parameters/{start,counter} $set/netmon_proc/parameters/iface $set/process_monitor/parameters/{log,log_rate}; do
    [[ $(badwrite "$file" huge)$(badwrite "$file" mib) == '{"written":0,"errno":"EINVAL",'*'{"written":0,"errno":"EINVAL",'* ]] ||
      { echo "$file takes what is too long" >&2 && return 1; }
  done
  file=$set/l2packet_counter/parameters/interface
  [[ $(badwrite "$file" text kmon-nosuch) == *'"errno":"ENODEV"'* && $(badwrite "$file" text kmon0,kmon-nosuch) == *'"errno":"ENODEV"'* ]] ||
    { echo "an unknown interface is not ENODEV" >&2 && return 1; }
}

settings() { grep -H . /sys/module/{localhost_monitor,l2packet_counter,kstat,netmon_proc,process_monitor}/parameters/*; }

@test "stress: unknown interfaces and overlong writes are refused repeatedly; nothing changes, nothing is left behind" {
  run insmod "$(ko l2packet_counter)" interface=kmon-nosuch
  assert_failure
  assert_output --partial "No such device"
  [ ! -e /sys/module/l2packet_counter ]
  load_quiet "${kmon_modules[@]}"
  send --count 77 --macs 7
  before=$(settings) counts=$(cumulative)
  stays_flat 256 refusals
  assert_equal "$(settings)" "$before"
  none_lower "$counts" "$(cumulative)"
  assert_equal "$(l2_total)" 77
  diff "$sent" <(l2_macs)
}

more_than() { [ "$(l2 packets kmon2)" -gt "$1" ]; }

@test "stress: the watched interface goes under traffic and comes back repeatedly; its numbers go on" {
  local i times n=0
  times=$(scaled 50 4 2)
  load_quiet l2packet_counter
  for ((i = 0; i < times; i++)); do
    ip link add kmon2 type veth peer name kmon3 netns "$peer"
    on_teardown ip link del kmon2
    quiet_link kmon2
    ip link set kmon2 up
    ip -n "$peer" link set kmon3 up
    wait_until 30 link_is_up kmon2
    [ "$i" != 0 ] || set_param l2packet_counter interface kmon0,kmon2
    in_peer frames kmon3 --count 500 --macs 5
    n=$((n + 500))
    assert_equal "$(l2 packets kmon2) $(l2 waiting kmon2)" "$n false"
    # More frames, some of which arrive before the interface goes, and the sender with it.
    in_peer bash -c 'while frames kmon3 --count 10000 --pace 0; do :; done' >/dev/null 2>&1 3>&- &
    wait_until 30 more_than "$n"
    timeout 20 ip link del kmon2
    wait $! || true
    assert_equal "$(l2 waiting kmon2)" true
    [ "$(l2 packets kmon2)" -gt "$n" ]
    n=$(l2 packets kmon2)
  done
  send --count 10
  assert_equal "$(l2 packets kmon0)" 10
}

# ---- floods

@test "stress: bursts from many senders at once are counted exactly, per sender" {
  senders=${KMON_PROCESSES:-20} n=$(scaled 20000 1000 300)
  load_quiet l2packet_counter
  # The pace keeps the input queue of a processor below its limit of 1000 frames.
  in_peer bash -c '
    for ((i = 1; i <= $1; i++)); do
      frames kmon1 --count "$2" --src "$(printf 02:00:00:00:%02x:%02x $((i / 256)) $((i % 256)))" --pace $((700 / $1 + 1)) &
      senders+=($!)
    done
    for i in "${senders[@]}"; do wait "$i" || exit; done' bash "$senders" "$n"
  assert_equal "$(l2 packets) $(l2 macs)" "$((senders * n)) $senders"
  assert_equal "$(l2_macs | cut -d ' ' -f 2 | sort -u)" "$n"
}

flood() {
  in_peer frames kmon1 --count "$n" --random --seed "$RANDOM" >/dev/null || return
  sent=$((sent + n))
  [ "$(l2 macs)" = 4096 ] || return
  # The second reset evicts the addresses that were idle since the first.
  echo reset >/proc/l2packet_counter
  echo reset >/proc/l2packet_counter
  [ "$(l2 macs) $(l2 packets)" = "0 $sent" ]
}

@test "stress: a flood of random sources takes bounded memory, counts each frame, and frees all memory" {
  sent=0 n=$(scaled 200000 20000 6000)
  load_quiet l2packet_counter max_macs=4096
  stays_flat 512 flood
  assert_equal "$(($(l2 evicted_packets) + $(l2 untracked_packets)))" "$sent"
}

@test "stress: a storm of processes with concurrent readers: none missed, none counted twice" {
  n=$(scaled 20000 1000 300)
  load_quiet process_monitor
  trace_exits
  echo 'comm == "kmon-live"' >"$instance/events/kmon/process_exit/filter"
  echo 1 >"$instance/events/kmon/process_exit/enable"
  before=$(exits exits)
  meanwhile reads /proc/process_monitor
  meanwhile reads /proc/process_monitor.json
  meanwhile resets /proc/process_monitor
  storm --processes "$n" --mode mixed --parallel 64 --name kmon-live --records "$BATS_TEST_TMPDIR/waited"
  enough
  diff <(cut -d ' ' -f 1 "$BATS_TEST_TMPDIR/waited" | sort) <(sed -n 's/.* tgid=\([0-9]*\) .*/\1/p' "$instance/trace" | sort)
  [ $(($(exits exits) - before)) -ge "$n" ]
  assert_equal "$(exits missed_probes)" 0
}

# ---- readers and writers

# reads FILE: reads the whole file, which is never empty and has no partial line. Starts no program.
reads() {
  local lines
  mapfile lines <"$1"
  [ "${#lines[@]}" -gt 0 ] && [[ ${lines[-1]} == *$'\n' ]] && return
  echo "$1 has ${#lines[@]} lines, the last is '${lines[-1]:-}'"
  return 1
}
resets() { echo reset >"$1"; }

# sets MODULE PARAMETER VALUE...
sets() {
  local value
  for value in "${@:3}"; do
    set_param "$1" "$2" "$value"
  done
}

# Ten readers and five writers for half the time (`stays_flat` runs it twice), and known traffic meanwhile.
shake() {
  local file
  for file in localhost_stats{,.json} l2packet_counter{,.json} kstat/{nout,counter,stats.json} netmon process_monitor{,.json}; do
    meanwhile reads "/proc/$file"
  done
  meanwhile resets /proc/l2packet_counter
  meanwhile sets l2packet_counter max_macs 100 70000
  meanwhile sets l2packet_counter reset_interval 1 3600 0
  meanwhile sets kstat counter 1 1000
  meanwhile resets /proc/process_monitor
  meanwhile counted_frames
  meanwhile some_tcp
  meanwhile some_processes
  sleep "$half"
  enough
}
# Leaves out the lines of single addresses, which come and go with the resets.
totals() { cumulative | grep -v '[0-9a-f]:[0-9a-f]'; }
counted_frames() { in_peer frames kmon1 --count 300 --macs 150 && echo >>"$BATS_TEST_TMPDIR/rounds"; }

# bats test_tags=heavy
@test "stress: ten readers and five writers under traffic for a while: memory stays flat, no frame is lost" {
  half=$(((${KMON_DURATION:-$(scaled 120 10 6)} + 1) / 2))
  load_quiet "${kmon_modules[@]}"
  set_param kstat start 1
  counts=$(totals)
  stays_flat 2048 shake
  none_lower "$counts" "$(totals)"
  n=$((300 * $(wc -l <"$BATS_TEST_TMPDIR/rounds")))
  assert_equal "$(l2 packets)" "$n"
  rest=$(($(l2 untracked_packets) + $(l2 evicted_packets)))
  assert_equal "$(json /proc/l2packet_counter.json 'map(select(.interface == "kmon0" and .mac) | .packets) | add // 0')" $((n - rest))
  for module in "${kmon_modules[@]}"; do unload_module "$module"; done
  run kernel_log
  assert_line --partial "l2packet_counter: Interface: kmon0, Total packets: $n, "
}
