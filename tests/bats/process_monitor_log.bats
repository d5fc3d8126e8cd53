#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# process_monitor: exits in the kernel log, the banners of the original, the rate limit and the buffer.
# shellcheck disable=SC2030,SC2031,SC2154 # each test is a subshell; what is not assigned here is so in lib

load ../lib/common
load ../lib/process

# ---- the log, as the original has it

rule="PROCESS_MONITOR: ========================================"

@test "process_monitor: the load banner is the original's" {
  local lines
  load_module "$name"
  mapfile -t lines < <(kernel_log | grep '^PROCESS_MONITOR: ')
  assert_equal "${lines[0]}" "$rule"
  assert_equal "${lines[1]}" "PROCESS_MONITOR: Module loading..."
  # A hashed address, or a placeholder early after boot.
  assert_regex "${lines[2]}" '^PROCESS_MONITOR: Registered exit kprobe at ([0-9a-f]{16}|\(_*ptrval_*\))$'
  assert_equal "${lines[3]}" "PROCESS_MONITOR: Module loaded successfully"
  assert_equal "${lines[4]}" "PROCESS_MONITOR: Monitoring process termination events"
  assert_equal "${lines[5]}" "$rule"
}

@test "process_monitor: the log does not reveal kernel addresses" {
  local address
  address=$(awk '$3 == "taskstats_exit" { print $1 }' /proc/kallsyms)
  [ -n "${address//0/}" ] || skip "expected: this kernel hides its addresses from everybody"
  dmesg >"$BATS_TEST_TMPDIR/log"
  ! grep -q "This system shows unhashed kernel memory addresses" "$BATS_TEST_TMPDIR/log" ||
    skip "expected: this kernel hides no address"
  load_module "$name"
  run kernel_log
  assert_output --partial "Registered exit kprobe"
  refute_output --partial "${address:4:9}"
}

@test "process_monitor: the unload banner is the original's, with the number of exits" {
  local lines
  local -A last=()
  load_module "$name" log=0
  storm --processes 20
  echo reset >"$text" # resets the text file, not the total
  counters last
  unload_module "$name"
  mapfile -t lines < <(kernel_log | grep '^PROCESS_MONITOR: ' | tail -n 4)
  assert_equal "${lines[0]}" "$rule"
  assert_equal "${lines[1]}" "PROCESS_MONITOR: Module unloaded"
  assert_equal "${lines[2]}" "PROCESS_MONITOR: Total process exits monitored: ${last[exits]}"
  assert_equal "${lines[3]}" "$rule"
  assert [ "${last[exits]}" -ge 22 ] # insmod, storm and storm's children
}

@test "process_monitor: an exit is two lines in the log, to the letter" {
  local child line utime stime
  watch log=1 log_rate=0
  sleep 1000 &
  child=$!
  wait_until 30 grep -q '^sleep$' "/proc/$child/comm"
  kill "$child"
  wait "$child" || true
  line="PROCESS_MONITOR: Process exiting - PID: $child, Name: sleep, Parent PID: $BASHPID"
  wait_until 30 kernel_log_has "^$line\$"
  read -r utime stime < <(trace_records | awk -v p="$child" '$2 == p { print $5, $6 }')
  assert_equal "$(kernel_log | grep -A 1 "PID: $child, Name")" "$line
PROCESS_MONITOR:   User time: $utime ns, System time: $stime ns"
}

@test "process_monitor: log=0 logs nothing and counts everything" {
  watch
  storm_watched --processes 100
  assert_counters
  sleep 0.3 # longer than the period of the log's worker
  run kernel_log
  refute_output --partial "Process exiting"
  refute_output --partial "not logged"
  assert_equal "$(gained logged)" 0
  assert_equal "$(gained suppressed)" 0
}

# assert_log_adds_up: after unloading, every exit was either logged or reported as suppressed. Sets logged and told.
assert_log_adds_up() {
  local total
  read -r total logged told < <(kernel_log | awk '
    /^PROCESS_MONITOR: Total process exits monitored: / { total = $NF }
    /^PROCESS_MONITOR: Process exiting - / { logged++ }
    /^PROCESS_MONITOR: [0-9]+ exits not logged: / { told += $2 }
    END { print total, logged + 0, told + 0 }')
  assert_equal $((logged + told)) "$total"
}

@test "process_monitor: log_rate=5 logs 5 per second and says how many it left out" {
  local logged told began=$SECONDS
  load_module "$name" log_rate=5
  storm --processes "$(scaled 2000 200)"
  sleep 1.2 # until a new second has begun
  storm --processes 50
  unload_module "$name"
  assert_log_adds_up
  assert [ "$logged" -ge 10 ]
  assert [ "$logged" -le $((5 * (SECONDS - began + 2))) ]
  assert [ "$told" -gt 0 ]
}

@test "process_monitor: what log_rate leaves out is told while it goes on, not only at the unload" {
  load_module "$name" log_rate=5
  storm --processes 100
  wait_until 30 kernel_log_has '^PROCESS_MONITOR: [0-9]* exits not logged: more than log_rate=5 a second'
}

@test "process_monitor: in the JSON view logged and suppressed add up to the exits" {
  local -A now=()
  load_module "$name" log_rate=5
  storm --processes 100
  settled() {
    counters now
    [ $((now[logged] + now[suppressed])) = "${now[exits]}" ]
  }
  wait_until 30 settled
  assert [ "${now[logged]}" -gt 0 ]
  assert [ "${now[suppressed]}" -gt 0 ]
}

@test "process_monitor: log_rate=0 leaves none out" {
  local logged told
  load_module "$name" log_rate=0
  storm --processes "$(scaled 5000 300)" --mode mixed
  unload_module "$name"
  assert_log_adds_up
  assert_equal "$told" 0
  assert [ "$logged" -ge 300 ]
}

# Keeps the printing worker from running: unbound workers may only use processor 0, where a real-time task never sleeps.
starve_the_log() {
  local file mask=/sys/devices/virtual/workqueue/cpumask share=/proc/sys/kernel/sched_rt_runtime_us
  on_teardown sh -c "echo $(<"$mask") >$mask; echo $(<"$share") >$share"
  echo -1 >"$share"
  for file in /sys/kernel/debug/sched/fair_server/cpu*/runtime; do # since 6.12, real-time tasks leave others a share
    [ -e "$file" ] || continue
    on_teardown sh -c "echo $(<"$file") >$file"
    echo 0 >"$file"
  done
  echo 1 >"$mask"
  chrt -f 10 taskset -c 0 sh -c 'while :; do :; done' &
  hog=$!
  on_teardown kill "$hog"
}

@test "process_monitor: what the buffer cannot hold is counted as suppressed and reported" {
  local logged told hog
  [ -e /kmon/init ] || skip "expected: blocks a processor, so only in our own guests"
  load_module "$name" log_rate=0
  starve_the_log
  storm --processes 1500 --parallel 4
  kill "$hog"
  unload_module "$name"
  assert_log_adds_up
  assert [ "$logged" -ge 1024 ]
  assert [ "$told" -ge 1 ]
}

@test "process_monitor: exits just before the log is switched off are still printed" {
  local i
  watch log=1 log_rate=0
  for ((i = 0; i < 10; i++)); do
    set_param "$name" log 1
    storm_watched --processes 5
    set_param "$name" log 0
    printed() { [ "$(kernel_log | grep -c "Name: $me, Parent PID: $storm_pid\$")" = 5 ]; }
    wait_until 30 printed
  done
}

@test "process_monitor: with log=1 nothing runs while nothing ends" {
  local works ends quiet
  mkfifo "$BATS_TEST_TMPDIR/quiet"
  exec {quiet}<>"$BATS_TEST_TMPDIR/quiet"
  watch log=1
  storm --processes 5
  pause() { read -rt "$1" -u "$quiet" || true; } # `sleep` would be one more process that exits
  pause 1 # until all earlier exits are printed
  echo 1 >"$instance/events/workqueue/workqueue_execute_start/enable"
  on_teardown sh -c "echo 0 >$instance/events/workqueue/workqueue_execute_start/enable"
  : >"$instance/trace"
  echo 1 >"$instance/tracing_on"
  pause 2
  works=$(grep -c 'function log_work_fn' "$instance/trace" || true)
  ends=$(grep -c ' process_exit: ' "$instance/trace" || true) # exits of other processes
  assert [ "$works" -le "$ends" ]
  # Otherwise nothing of it would be seen at all.
  storm --processes 5
  pause 1
  assert [ "$(grep -c 'function log_work_fn' "$instance/trace")" -ge 1 ]
}

@test "process_monitor: log can be toggled under a storm" {
  local i
  watch log_rate=0
  meanwhile storm --processes "$(scaled 2000 200)" --mode mixed
  for ((i = 0; i < $(scaled 400 100 40); i++)); do echo $((i % 2)) >"/sys/module/$name/parameters/log"; done
  enough # the last value written was 1
  storm_watched --processes 50
  assert_one_record_each
  assert_counters
  set_param "$name" log 0 # exits already in the buffer are still printed
  unload_module "$name"
  assert_equal "$(kernel_log | grep -c "Name: $me, Parent PID: $storm_pid\$")" 50
}
