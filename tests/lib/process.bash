# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Helpers for the bats files about process_monitor; load after common.bash: a storm of exits, and what the module and the scheduler
# report about it.
# shellcheck disable=SC2034,SC2119,SC2120,SC2154 # for the bats files

name=process_monitor
text=/proc/process_monitor
view=/proc/process_monitor.json
instance=/sys/kernel/tracing/instances/kmon-test
me=kmon-storm # the children's name

# Our own trace instance, with a buffer for all records of the longest test. Creating it takes seconds on a slow machine, so all
# tests share it.
setup_file() {
  mkdir "$instance"
  scaled 16384 4096 >"$instance/buffer_size_kb"
  echo mono >"$instance/trace_clock"
  echo 1 >"$instance/events/sched/sched_process_exit/enable"
}

teardown_file() { rmdir "$instance"; }

# watch [PARAMETER=VALUE...]: loads the module and traces its event.
watch() {
  load_module "$name" log=0 "$@"
  : >"$instance/trace"
  echo 1 >"$instance/tracing_on"
  echo 1 >"$instance/events/kmon/process_exit/enable"
}

# counters ARRAY: reads the numbers of the JSON view into ARRAY.
counters() {
  local -n counters_of=$1
  local rest
  read -r rest <"$view"
  while [[ $rest =~ \"([a-z_]+)\":([0-9]+)(.*) ]]; do
    # shellcheck disable=SC2034,SC2004 # it is the caller's array, with names for keys
    counters_of[${BASH_REMATCH[1]}]=${BASH_REMATCH[2]}
    rest=${BASH_REMATCH[3]}
  done
}

# One line per record: pid tgid ppid exit_code utime stime start_time runtime lifetime comm uid cgroup ns_pid core exec
trace_records() { LC_ALL=C sed -n '/ process_exit: /{s/.* process_exit: //;s/[a-z_]*=//g;p}' "$instance/trace"; }

# storm_watched ARGUMENTS...: runs storm between two readings of the counters, and keeps the trace of that time. Sets before and
# after; storm_pid; threads, as storm reports; waited and records, the files to compare; tasks, the number of exits that the
# scheduler saw.
storm_watched() {
  waited=$BATS_TEST_TMPDIR/waited records=$BATS_TEST_TMPDIR/records
  declare -gA before=() after=()
  echo 1 >"$instance/tracing_on"
  : >"$instance/trace"
  counters before
  storm --name "$me" --records "$waited" "$@" >"$BATS_TEST_TMPDIR/storm"
  counters after
  echo 0 >"$instance/tracing_on"
  trace_records >"$records"
  read -r _ storm_pid _ <"$waited"
  [[ $(<"$BATS_TEST_TMPDIR/storm") =~ \"threads\":([0-9]+) ]]
  threads=${BASH_REMATCH[1]}
  tasks=$(grep -ac ' sched_process_exit: ' "$instance/trace")
}

gained() { echo $((after[$1] - before[$1])); }

# The records of storm's children.
children() { awk -v storm="$storm_pid" '$3 == storm' "$records"; }

# The trace must have exactly what wait4 saw, process by process, and nothing twice. Process IDs can be reused, so compare how often
# each one was seen.
assert_one_record_each() {
  run awk -v storm="$storm_pid" '
    NR == FNR { seen[$1 " " $2 " " $3]++; next }
    $3 == storm { seen[$2 " " $3 " " $4]-- }
    END { for (what in seen) if (seen[what]) print "pid, parent, status " what ": wait4 - records = " seen[what] }' "$waited" "$records"
  assert_output ""
  assert_nothing_lost
}

assert_nothing_lost() {
  local file key value
  for file in "$instance"/per_cpu/cpu*/stats; do
    while read -r key value; do
      case $key in
        overrun:) assert_equal "$key $value" "overrun: 0" ;;
        commit | dropped) assert_regex "$value" '^(overrun|events): 0$' ;;
      esac
    done <"$file"
  done
}

# The counters must match wait4 for storm's children, and the trace for other processes.
assert_counters() {
  local expected
  expected=$(awk -v storm="$storm_pid" '
    function count(code) { exits++; if (code % 128) signaled++; else if (code) nonzero++ }
    NR == FNR { count($3); next }
    { utime += $5; stime += $6 }
    $3 != storm { count($4) }
    END { printf "exits %d nonzero %d signaled %d utime %.0f stime %.0f missed 0", exits, nonzero, signaled, utime, stime }' "$waited" "$records")
  assert_equal "exits $(gained exits) nonzero $(gained nonzero_exits) signaled $(gained killed_by_signal) utime $(gained utime_ns) stime $(gained stime_ns) missed ${after[missed_probes]}" \
    "$expected"
  assert_threads "$(gained thread_exits)" "$(gained kernel_thread_exits)"
}

# assert_threads THREADS KERNEL_THREADS: together with the processes, they must be the tasks whose exit the scheduler saw.
assert_threads() {
  local beside=$((tasks - threads - $(wc -l <"$records"))) # threads that are not storm's
  assert_equal $(($1 + $2)) $((threads + beside))
  assert [ "$1" -ge "$threads" ]
  assert [ "$2" -le "$beside" ]
}

# storm_is_exact MODE: runs all these checks.
storm_is_exact() {
  watch
  storm_watched --processes "$(scaled 2000 100 40)" --mode "$1" --code 7 "${@:2}"
  assert_one_record_each
  assert_counters
}

kernel_log_has() { kernel_log | grep -q -- "$1"; }
