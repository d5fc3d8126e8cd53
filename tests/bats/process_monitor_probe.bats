#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# process_monitor: every way to see an exit, ways to switch one off, loading and unloading under a storm of exits.
# shellcheck disable=SC2030,SC2031,SC2034,SC2154 # each test is a subshell; what is not assigned here is so in lib

load ../lib/common
load ../lib/process

# ---- the probe

tracepoint_tells() { grep -q group_dead /sys/kernel/tracing/events/sched/sched_process_exit/format; }
# ftrace with the functions' arguments: 5.10 and 6.1 have it on x86.
has_ftrace() {
  [ -e /proc/sys/kernel/ftrace_enabled ] && grep -qw taskstats_exit /sys/kernel/tracing/available_filter_functions
}

@test "process_monitor: the probe is the tracepoint if that gives enough information, else at taskstats_exit" {
  local setting
  for setting in "" probe=auto; do
    load_module "$name" log=0 ${setting:+"$setting"}
    if tracepoint_tells; then
      probe_is sched_process_exit tracepoint
    else
      probe_is taskstats_exit "$(has_ftrace && echo ftrace || echo kprobe)"
    fi
    unload_module "$name"
  done
}

@test "process_monitor: probe=do_exit counts processes of one thread exactly" {
  local mode line
  watch probe=do_exit
  read -r line <"$view"
  assert_regex "$line" '"probe":"do_exit",'
  for mode in exit signal; do
    storm_watched --processes "$(scaled 2000 70)" --mode "$mode" --code 5
    assert_one_record_each
    assert_counters
  done
}

# probe_is PLACE MEANS: asserts what the JSON view says about the probe.
probe_is() {
  local line
  read -r line <"$view"
  assert_regex "$line" "\"probe\":\"$1\",\"probe_by\":\"$2\",\"armed\":${3:-true},"
}

@test "process_monitor: every way to see an exit counts exactly" {
  local way
  for way in tracepoint ftrace kprobe taskstats_exit acct_collect; do
    if [ "$way" = tracepoint ] && ! tracepoint_tells; then
      run load_module "$name" probe=tracepoint
      assert_failure
      assert [ ! -d "/sys/module/$name" ]
      continue
    fi
    if [ "$way" = ftrace ] && ! has_ftrace; then continue; fi
    watch "probe=$way" log=1 log_rate=0
    case $way in
      tracepoint) probe_is sched_process_exit tracepoint ;;
      ftrace) probe_is taskstats_exit ftrace ;;
      kprobe) probe_is taskstats_exit kprobe ;;
      *) probe_is "$way" "$(has_ftrace && echo ftrace || echo kprobe)" ;;
    esac
    storm_watched --processes "$(scaled 2000 80)" --mode mixed --parallel 8 --code 3
    assert_one_record_each
    assert_counters
    unload_module "$name"
    assert_equal "$(kernel_log | grep -c "Name: $me, Parent PID: $storm_pid\$")" \
      "$(awk -v me="$me" -v storm="$storm_pid" '$3 == storm && $10 == me' "$records" | wc -l)"
  done
}

# counts_exits: the JSON view counts every exit.
counts_exits() {
  local -A before=() after=()
  counters before
  storm --processes 20
  counters after
  [ "$(gained exits)" -ge 20 ]
}

@test "process_monitor: nobody can switch off the preferred probe" {
  local setting state
  load_module "$name" log=0
  for setting in /proc/sys/kernel/ftrace_enabled /sys/kernel/debug/kprobes/enabled; do
    [ -e "$setting" ] || continue
    state=$(<"$setting")
    on_teardown sh -c "echo $state >$setting"
    echo 0 2>/dev/null >"$setting" || assert_equal "$setting" /proc/sys/kernel/ftrace_enabled # EBUSY: a permanent user is there
    probe_is "$(tracepoint_tells && echo sched_process_exit || echo taskstats_exit)" '[a-z]*'
    counts_exits
    echo "$state" >"$setting"
  done
}

@test "process_monitor: a kprobe that is switched off is reported, and counts again once it is switched on" {
  local setting any=0
  local -A before=() after=()
  load_module "$name" log=0 probe=kprobe
  probe_is taskstats_exit kprobe true
  for setting in /proc/sys/kernel/ftrace_enabled /sys/kernel/debug/kprobes/enabled; do
    [ -e "$setting" ] || continue
    # kprobes that are breakpoints do not depend on ftrace.
    if [ "$setting" = /proc/sys/kernel/ftrace_enabled ] && ! grep -q 'taskstats_exit.*\[FTRACE\]' /sys/kernel/debug/kprobes/list; then continue; fi
    on_teardown sh -c "echo 1 >$setting"
    echo 0 >"$setting"
    probe_is taskstats_exit kprobe false
    counters before
    storm --processes 20
    counters after
    assert_equal "$(gained exits)" 0
    echo 1 >"$setting"
    probe_is taskstats_exit kprobe true
    counts_exits
    any=1
  done
  assert_equal "$any" 1
}

@test "process_monitor: loaded while probes are off, it says so" {
  local setting=/proc/sys/kernel/ftrace_enabled
  tracepoint_tells && skip "expected: the tracepoint cannot be switched off"
  has_ftrace || setting=/sys/kernel/debug/kprobes/enabled
  on_teardown sh -c "echo 1 >$setting"
  echo 0 >"$setting"
  load_module "$name" log=0
  # A permanent ftrace_ops cannot be registered now.
  probe_is taskstats_exit kprobe '(true|false)'
  if grep -q 'taskstats_exit.*\[FTRACE\]' /sys/kernel/debug/kprobes/list || [ "$setting" != /proc/sys/kernel/ftrace_enabled ]; then
    probe_is taskstats_exit kprobe false
    assert kernel_log_has '^PROCESS_MONITOR: no exits are seen while kprobes are off: '
  fi
  echo 1 >"$setting"
  probe_is taskstats_exit kprobe true
  counts_exits
}

@test "process_monitor: probe=nonsense is refused, and says so in one line" {
  run load_module "$name" probe=$'nonsense\e'
  assert_failure
  assert_output --partial "Invalid parameters"
  assert [ ! -d "/sys/module/$name" ]
  assert [ ! -e "$text" ]
  # No word of the banner, and nothing that a written value could forge.
  assert_equal "$(kernel_log | grep '^PROCESS_MONITOR: ')" \
    'PROCESS_MONITOR: probe=nonsense\x1b refused: expected one of auto, tracepoint, ftrace, kprobe, taskstats_exit, acct_collect, do_exit'
}

# ---- coming and going

@test "process_monitor: loads and unloads during a storm of processes without harming it" {
  local i
  meanwhile storm --processes 40 --mode mixed --parallel 4
  for ((i = 0; i < $(scaled 100 20); i++)); do
    load_module "$name" log=$((i % 2)) log_rate=20
    unload_module "$name"
  done
  enough
}

@test "process_monitor: unloads while its event is enabled and read" {
  local reader
  watch
  cat "$instance/trace_pipe" >"$BATS_TEST_TMPDIR/pipe" &
  reader=$!
  meanwhile storm --processes 40 --mode mixed
  wait_until 30 grep -q ' process_exit: ' "$BATS_TEST_TMPDIR/pipe"
  unload_module "$name"
  assert [ ! -e "$instance/events/kmon" ]
  kill "$reader" 2>/dev/null || true # the kernel may have ended the read when the event went
  enough
}

# Any user may create that many threads. Threads that their tracer has not reaped stay in the kernel's list of the process.
@test "process_monitor: a process with many unreaped threads is not kept from ending" {
  local n without with
  n=$(scaled 25000 8000 5000) # only with 25000 does walking the list take longer than a tick
  more_threads
  without=$(exit_time "$n")
  load_module "$name" log=0
  with=$(exit_time "$n")
  echo "$without us without the module, $with us with it"
  assert [ "$with" -le $((2 * without + 5000)) ]
  assert_equal "$(json=/proc/process_monitor.json number_of thread_exits)" $((2 * n))
}
# On a small machine, the kernel allows fewer.
more_threads() {
  local before
  before=$(sysctl -n kernel.threads-max)
  on_teardown sysctl -qw kernel.threads-max="$before"
  sysctl -qw kernel.threads-max=60000
}
# exit_time N: how long an exit with N threads takes, in microseconds: the shorter of two.
exit_time() { storm --mode unreaped --threads "$1" --processes 2 | jq .exit_us; }
