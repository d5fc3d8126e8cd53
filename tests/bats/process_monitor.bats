#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# Process exits: what is counted, logged and traced, each compared with what wait4 told the parent (`storm --records`).
#
# A test counts with the shell's builtins only: a `cat` would be a process more. On a machine where others live, too,
# whatever ended beside is in the trace, and the sums include it.
# shellcheck disable=SC2030,SC2031,SC2154 # each test is a subshell; what is not assigned here is so in common.bash

load ../lib/common

name=process_monitor
text=/proc/process_monitor
view=/proc/process_monitor.json
instance=/sys/kernel/tracing/instances/kmon-test
me=kmon-storm # the children's name

# A trace instance of our own, with room for every record of the longest test. It takes seconds to make on a slow
# machine, so it is there for all tests.
setup_file() {
  mkdir "$instance"
  scaled 16384 4096 >"$instance/buffer_size_kb"
  echo mono >"$instance/trace_clock"
  echo 1 >"$instance/events/sched/sched_process_exit/enable"
}

teardown_file() { rmdir "$instance"; }

# watch [PARAMETER=VALUE...]: the module loaded, its event traced
watch() {
  load_module "$name" log=0 "$@"
  : >"$instance/trace"
  echo 1 >"$instance/tracing_on"
  echo 1 >"$instance/events/kmon/process_exit/enable"
}

# counters ARRAY: the numbers of the JSON view.
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

# A line each: pid tgid ppid exit_code utime stime start_time runtime lifetime comm uid cgroup ns_pid core exec
trace_records() { LC_ALL=C sed -n '/ process_exit: /{s/.* process_exit: //;s/[a-z_]*=//g;p}' "$instance/trace"; }

# storm_watched ARGUMENTS...: runs storm, alone between two readings of the counters, and keeps the trace of that time.
# Sets before and after; storm_pid; threads, as storm says; waited and records, the files to compare; tasks, the number
# that the scheduler saw end.
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

# The records of storm's children, and how many they are.
children() { awk -v storm="$storm_pid" '$3 == storm' "$records"; }

# The promise of the trace: what wait4 saw, process by process, and nothing twice. Numbers can come again, so it is
# how often each was seen that is compared.
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

# The promise of the counters: wait4's truth for storm's children, the trace's for what ended beside.
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

# assert_threads THREADS KERNEL_THREADS: with the processes they are the tasks that the scheduler saw end.
assert_threads() {
  local beside=$((tasks - threads - $(wc -l <"$records"))) # storm's threads; others can only be of what ended beside
  assert_equal $(($1 + $2)) $((threads + beside))
  assert [ "$1" -ge "$threads" ]
  assert [ "$2" -le "$beside" ]
}

# storm_is_exact MODE: the whole of it
storm_is_exact() {
  watch
  storm_watched --processes "$(scaled 2000 100 40)" --mode "$1" --code 7 "${@:2}"
  assert_one_record_each
  assert_counters
}

kernel_log_has() { kernel_log | grep -q -- "$1"; }

# ---- the log, as the seed has it

rule="PROCESS_MONITOR: ========================================"

@test "process_monitor: the load banner is the seed's" {
  local lines
  load_module "$name"
  mapfile -t lines < <(kernel_log | grep '^PROCESS_MONITOR: ')
  assert_equal "${lines[0]}" "$rule"
  assert_equal "${lines[1]}" "PROCESS_MONITOR: Module loading..."
  # Hashed, or not yet possible to hash, early after boot.
  assert_regex "${lines[2]}" '^PROCESS_MONITOR: Registered exit kprobe at ([0-9a-f]{16}|\(_*ptrval_*\))$'
  assert_equal "${lines[3]}" "PROCESS_MONITOR: Module loaded successfully"
  assert_equal "${lines[4]}" "PROCESS_MONITOR: Monitoring process termination events"
  assert_equal "${lines[5]}" "$rule"
}

@test "process_monitor: the log does not tell where the kernel lies" {
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

@test "process_monitor: the unload banner is the seed's, with the number of exits" {
  local lines
  local -A last=()
  load_module "$name" log=0
  storm --processes 20
  echo reset >"$text" # of the text file, not of the total
  counters last
  unload_module "$name"
  mapfile -t lines < <(kernel_log | grep '^PROCESS_MONITOR: ' | tail -n 4)
  assert_equal "${lines[0]}" "$rule"
  assert_equal "${lines[1]}" "PROCESS_MONITOR: Module unloaded"
  assert_equal "${lines[2]}" "PROCESS_MONITOR: Total process exits monitored: ${last[exits]}"
  assert_equal "${lines[3]}" "$rule"
  assert [ "${last[exits]}" -ge 22 ] # insmod, storm and its children
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

@test "process_monitor: log=0 logs nothing and counts all" {
  watch
  storm_watched --processes 100
  assert_counters
  sleep 0.3 # longer than a turn of the log's worker
  run kernel_log
  refute_output --partial "Process exiting"
  refute_output --partial "not logged"
  assert_equal "$(gained logged)" 0
  assert_equal "$(gained suppressed)" 0
}

# assert_log_adds_up: after the unload, every exit was either logged or told of as suppressed. Sets logged and told.
assert_log_adds_up() {
  local total
  read -r total logged told < <(kernel_log | awk '
    /^PROCESS_MONITOR: Total process exits monitored: / { total = $NF }
    /^PROCESS_MONITOR: Process exiting - / { logged++ }
    /^PROCESS_MONITOR: [0-9]+ exits not logged: / { told += $2 }
    END { print total, logged + 0, told + 0 }')
  assert_equal $((logged + told)) "$total"
}

@test "process_monitor: log_rate=5 logs 5 a second and tells how many it left out" {
  local logged told began=$SECONDS
  load_module "$name" log_rate=5
  storm --processes "$(scaled 2000 200)"
  sleep 1.2 # a new second has begun
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

# Keeps the worker that prints from running: its kind may use processor 0 only, where a real-time task never sleeps.
starve_the_log() {
  local file mask=/sys/devices/virtual/workqueue/cpumask share=/proc/sys/kernel/sched_rt_runtime_us
  on_teardown sh -c "echo $(<"$mask") >$mask; echo $(<"$share") >$share"
  echo -1 >"$share"
  for file in /sys/kernel/debug/sched/fair_server/cpu*/runtime; do # since 6.12 real time leaves the others a share
    [ -e "$file" ] || continue
    on_teardown sh -c "echo $(<"$file") >$file"
    echo 0 >"$file"
  done
  echo 1 >"$mask"
  chrt -f 10 taskset -c 0 sh -c 'while :; do :; done' &
  hog=$!
  on_teardown kill "$hog"
}

@test "process_monitor: what the buffer cannot hold is counted as suppressed, and told" {
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

@test "process_monitor: what ends when the log is switched off is printed all the same" {
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
  pause() { read -rt "$1" -u "$quiet" || true; } # `sleep` would be a process that ends
  pause 1 # what has ended is printed
  echo 1 >"$instance/events/workqueue/workqueue_execute_start/enable"
  on_teardown sh -c "echo 0 >$instance/events/workqueue/workqueue_execute_start/enable"
  : >"$instance/trace"
  echo 1 >"$instance/tracing_on"
  pause 2
  works=$(grep -c 'function log_work_fn' "$instance/trace" || true)
  ends=$(grep -c ' process_exit: ' "$instance/trace" || true) # somebody else's
  assert [ "$works" -le "$ends" ]
  # Or nothing would be seen of it at all.
  storm --processes 5
  pause 1
  assert [ "$(grep -c 'function log_work_fn' "$instance/trace")" -ge 1 ]
}

@test "process_monitor: log can be toggled under a storm" {
  local i
  watch log_rate=0
  meanwhile storm --processes "$(scaled 2000 200)" --mode mixed
  for ((i = 0; i < $(scaled 400 100 40); i++)); do echo $((i % 2)) >"/sys/module/$name/parameters/log"; done
  enough # the last value was 1
  storm_watched --processes 50
  assert_one_record_each
  assert_counters
  set_param "$name" log 0 # what is logged already is still printed
  unload_module "$name"
  assert_equal "$(kernel_log | grep -c "Name: $me, Parent PID: $storm_pid\$")" 50
}

# ---- exactly one record a process, however it ends

@test "process_monitor: one record a process: ended by exit" { storm_is_exact exit; }
@test "process_monitor: one record a process: killed by a signal" { storm_is_exact signal; }
@test "process_monitor: one record a process: after an exec" { storm_is_exact exec; }
@test "process_monitor: one record a process: with threads that ended before" { storm_is_exact threads; }
@test "process_monitor: one record a process: killed with all its threads" { storm_is_exact kill-threads --threads 8; }
@test "process_monitor: one record a process: the leader ends first, a thread ends the process" { storm_is_exact leader-first; }
@test "process_monitor: one record a process: the leader ends first, the last thread after it" { storm_is_exact leader-first-plain; }
@test "process_monitor: one record a process: a thread that is not the leader executes" { storm_is_exact exec-thread; }

@test "process_monitor: one record a process: a storm of all kinds at once" {
  watch
  storm_watched --processes "$(scaled 20000 600 500)" --mode mixed --parallel 16 --code 3 --timeout 600
  assert_one_record_each
  assert_counters
}

# trace_process PID: seizes it, to be told of its exit, and lets it go on at each stop with the signal it stopped for.
# Prints the stops as wait4 tells of them.
trace_process() {
  local numbers # of ptrace and wait4
  case $(uname -m) in
    x86_64) numbers=(101 61) ;;
    aarch64) numbers=(117 260) ;;
  esac
  exec perl -e '
    my ($ptrace, $wait4, $pid) = map { $_ + 0 } @ARGV;
    my ($seize, $traceexit, $cont, $wall) = (0x4206, 0x40, 7, 0x40000000);
    my $status = pack "i", 0;
    $| = 1;
    syscall($ptrace, $seize, $pid, 0, $traceexit) == 0 or die "PTRACE_SEIZE: $!\n";
    print "seized";
    while (syscall($wait4, $pid, $status, $wall, 0) == $pid) {
      my $s = unpack "i", $status;
      printf " %x", $s;
      exit 0 if ($s & 0x7f) != 0x7f;
      syscall($ptrace, $cont, $pid, 0, $s >> 16 ? 0 : $s >> 8);
    }
    die "wait4: $!\n"' "${numbers[@]}" "$1"
}

@test "process_monitor: one record a process: a traced one, with its parent, not its tracer" {
  local child tracer stops=$BATS_TEST_TMPDIR/stops
  [[ $(uname -m) =~ ^(x86_64|aarch64)$ ]] || skip "expected: the number of ptrace is not known here"
  command -v perl >/dev/null || skip "expected: no perl to trace with"
  watch
  sleep 1000 &
  child=$!
  trace_process "$child" >"$stops" &
  tracer=$!
  wait_until 30 grep -q seized "$stops"
  kill "$child"
  wait "$tracer"
  wait "$child" || true
  # SIGTERM, then PTRACE_EVENT_EXIT, then its end, each told to the tracer.
  assert_equal "$(<"$stops")" "seized f7f 6057f f"
  assert_equal "$(trace_records | awk -v p="$child" '$2 == p { print $1, $2, $3, $4 }')" "$child $child $BASHPID 15"
}

@test "process_monitor: kernel threads are no records" {
  local i commands=$BATS_TEST_TMPDIR/commands
  local -A before=() after=()
  if [ ! -d /sys/module/bonding ]; then
    modprobe bonding max_bonds=0
    on_teardown modprobe -r bonding
  fi
  watch
  # Each bond has a work queue with a rescuer: a kernel thread of the bond's name.
  for i in {1..10}; do echo "link add kmonb$i type bond"; done >"$commands"
  for i in {1..10}; do echo "link del kmonb$i"; done >>"$commands"
  : >"$instance/trace"
  counters before
  ip -batch "$commands"
  counters after
  echo 0 >"$instance/tracing_on"
  assert_equal "$(grep -c ' sched_process_exit: comm=.*kmonb' "$instance/trace")" 10
  refute [ "$(grep -c ' process_exit: .*kmonb' "$instance/trace")" != 0 ]
  assert [ "$(gained kernel_thread_exits)" -ge 10 ]
  assert_equal "$(gained exits)" "$(grep -c ' process_exit: ' "$instance/trace")"
}

@test "process_monitor: a process in a PID namespace has its number in ours" {
  local child
  watch
  unshare --pid --fork --kill-child sh -c 'exit 3' &
  child=$!
  wait "$child" || true
  assert_equal "$(trace_records | awk -v p="$child" '$3 == p { print ($2 > 1), $4, $10 }')" "1 768 sh"
}

@test "process_monitor: an orphan's parent is who adopted it" {
  local go=$BATS_TEST_TMPDIR/go
  watch
  mkfifo "$go"
  # The inner shell outlives the outer one. Process 1 adopts it, or a subreaper between.
  sh -c 'sh -c "read -r _ <$1; exit 9" sh "$1" & echo $!' sh "$go" >"$BATS_TEST_TMPDIR/orphan"
  read -r orphan <"$BATS_TEST_TMPDIR/orphan"
  read -r _ _ _ parent _ <"/proc/$orphan/stat"
  refute [ "$parent" = "$BASHPID" ]
  echo >"$go"
  gone() { [ ! -e "/proc/$orphan" ]; }
  wait_until 30 gone
  assert_equal "$(trace_records | awk -v p="$orphan" '$2 == p { print $3, $4 }')" "$parent 2304"
}

# ---- what a record says

@test "process_monitor: the trace event has the fields that tools look for" {
  watch
  assert_equal "$(sed -n '/common_/d;s/^\tfield:\(.*\);\toffset.*/\1/p' "$instance/events/kmon/process_exit/format" | tr '\n' '|')" \
    "pid_t pid|pid_t tgid|pid_t ppid|int exit_code|u64 utime|u64 stime|u64 start_time|u64 runtime|u64 lifetime|char comm[65]|uid_t uid|u64 cgroup|pid_t ns_pid|bool core|bool exec|"
}

@test "process_monitor: the trace event can be filtered" {
  watch
  echo 'exit_code == 1792' >"$instance/events/kmon/process_exit/filter"
  storm --processes 5 --code 7
  storm --processes 5 --code 8
  assert_equal "$(trace_records | cut -d ' ' -f 4 | sort | uniq -c | tr -s ' ')" " 5 1792"
}

@test "process_monitor: a record names the process, not the thread that was the last" {
  watch
  storm_watched --processes 10 --mode leader-first
  assert_equal "$(children | awk -v me="$me" '$1 != $2 && $10 == me' | wc -l)" 10
}

@test "process_monitor: a record has the last thread's number beside the process's" {
  watch
  storm_watched --processes 10 --mode leader-first-plain
  # Of storm's children: waited for by the number of the process, ended with another thread.
  assert_equal "$(children | awk '$1 > $2' | wc -l)" 10
  storm_watched --processes 10
  assert_equal "$(children | awk '$1 == $2' | wc -l)" 10
}

@test "process_monitor: a record's uid is that of the initial user namespace" {
  local user=(setpriv --reuid=61234 --regid=61234 --clear-groups)
  watch
  "${user[@]}" sh -c 'exit 31' || true
  # shellcheck disable=SC2016 # the shell in there is meant: it is 0 there
  "${user[@]}" unshare --user --map-root-user sh -c 'exit "$(id -u)32"' || true
  sh -c 'exit 33' || true
  assert_equal "$(trace_records | awk '$4 ~ /^(7936|8192|8448)$/ { print $4, $11 }')" $'7936 61234\n8192 61234\n8448 0'
}

@test "process_monitor: a record's cgroup is its directory's inode" {
  local group=$BATS_TEST_TMPDIR/cgroup
  mkdir "$group"
  mount -t cgroup2 cgroup2 "$group" || skip "expected: this kernel has no cgroup2"
  on_teardown umount "$group"
  mkdir "$group/kmon-test"
  on_teardown rmdir "$group/kmon-test"
  watch
  sh -c 'echo $$ >"$1/cgroup.procs"; exit 41' sh "$group/kmon-test" || true
  sh -c 'echo $$ >"$1/cgroup.procs"; exit 42' sh "$group" || true
  assert_equal "$(trace_records | awk '$4 ~ /^(10496|10752)$/ { print $4, $12 }')" \
    "10496 $(stat -c %i "$group/kmon-test")"$'\n'"10752 $(stat -c %i "$group")"
}

@test "process_monitor: a record has the process's number in its own PID namespace" {
  watch
  storm_watched --processes 5
  assert_equal "$(children | awk '$13 == $2' | wc -l)" 5
  # There, the leader ends first: it is the process's number, not the last thread's.
  : >"$instance/trace"
  echo 1 >"$instance/tracing_on"
  unshare --pid --fork --kill-child storm --name "$me" --records "$waited" --processes 5 --mode leader-first
  trace_records >"$records"
  assert_equal "$(awk -v me="$me" '$10 == me && $14 == 0 && $13 != $2 { print $13 }' "$records" | sort -n)" \
    "$(awk '{ print $1 }' "$waited" | sort -n)"
}

@test "process_monitor: a record tells whether a core was dumped" {
  local pattern=/proc/sys/kernel/core_pattern
  [ -e "$pattern" ] || skip "expected: this kernel dumps no core"
  on_teardown sh -c "echo '$(<"$pattern")' >$pattern"
  echo "$BATS_TEST_TMPDIR/core" >"$pattern"
  watch
  sh -c 'ulimit -c unlimited; kill -SEGV $$' || true
  sh -c 'ulimit -c 0; kill -SEGV $$' || true
  assert [ -s "$BATS_TEST_TMPDIR"/core* ]
  assert_equal "$(trace_records | awk '$4 % 128 == 11 { print $4, $14 }')" $'139 1\n11 0'
}

@test "process_monitor: a record tells whether the process executed another program" {
  local mode
  watch
  # In the last one it is not the leader that executes, in the one before not the leader that ends last.
  for mode in exit:0 exec:1 leader-first:0 exec-thread:1; do
    storm_watched --processes 5 --mode "${mode%:*}"
    assert_equal "$mode: $(children | awk -v was="${mode#*:}" '$NF == was' | wc -l)" "$mode: 5"
  done
}

@test "process_monitor: start and lifetime of a record are those of the process" {
  local stamp start lifetime after_end n=0 near=0
  watch
  storm_watched --processes 10 --burn 30
  # Its end is the moment of the record; both on the monotonic clock, the stamp in microseconds.
  while read -r stamp start lifetime; do
    after_end=$((stamp * 1000 - start - lifetime))
    assert [ "$after_end" -ge -1000 ]
    assert [ "$lifetime" -ge 30000000 ]
    # Where the host takes the processor away between the two readings of the clock, that can be long.
    [ "$after_end" -gt 10000000 ] || near=$((near + 1))
    n=$((n + 1))
  done < <(sed -n "/ ppid=$storm_pid /s/.* \([0-9]*\)\.\([0-9]*\): process_exit: .* start_time=\([0-9]*\) .* lifetime=\([0-9]*\) .*/\1\2 \3 \4/p" "$instance/trace")
  assert_equal "$n" 10
  assert [ "$near" -ge 5 ]
  # All within the life of storm itself.
  assert_equal "$(awk -v storm="$storm_pid" '
    $2 == storm { began = $7; ended = $7 + $9 }
    $3 == storm { start[$2] = $7; end[$2] = $7 + $9 }
    END { for (c in start) n += start[c] >= began && end[c] <= ended; print n }' "$records")" 10
}

# Lines `runtime waited` in microseconds for storm's children; utime and stime must add up.
times() {
  awk -v storm="$storm_pid" '
    NR == FNR { waited[$1] = $4 + $5; next }
    $3 == storm { print $5 + $6 == $8 ? int($8 / 1000) : "utime + stime is not runtime", waited[$2] }' "$waited" "$records"
}

@test "process_monitor: CPU time is no less than was used, no more than wait4 says, and near that" {
  local mode run wait all=0 near=0
  watch
  for mode in exit signal exec threads kill-threads leader-first exec-thread; do
    storm_watched --processes 4 --parallel 2 --mode "$mode" --burn 50
    while read -r run wait; do
      # Storm measures what it burns by the kernel's own clock of CPU time; rounded down thrice at most.
      assert [ "$run" -ge 49990 ]
      assert [ "$run" -le $((wait + 2)) ]
      all=$((all + 1))
      # wait4 adds the rest of the exit, behind the probe; where the host takes the processor away, that can be long.
      [ $((wait - run)) -gt $((8000 + wait / 20)) ] || near=$((near + 1))
    done < <(times)
  done
  assert_equal "$all" 28
  assert [ "$near" -ge 14 ]
}

@test "process_monitor: what a process used since the last tick counts, too" {
  local run wait all=0 some=0
  ! grep -qsE '^CONFIG_(IRQ|PARAVIRT)_TIME_ACCOUNTING=y' "/boot/config-$(uname -r)" "/lib/modules/$(uname -r)/config" ||
    skip "expected: this kernel does not tell a module"
  watch
  # So short that few of them see a tick.
  storm_watched --processes 100 --parallel 1
  while read -r run wait; do
    assert [ "$run" -le $((wait + 2)) ]
    all=$((all + 1))
    [ "$run" -lt $((wait / 4)) ] || some=$((some + 1))
  done < <(times)
  assert_equal "$all" 100
  assert [ "$some" -ge 50 ]
}

@test "process_monitor: user time and system time are not mixed up" {
  local user system
  watch
  bash -c 'for ((i = 0; i < 100000; i++)); do :; done' & # hardly asks the kernel
  user=$!
  dd if=/dev/zero of=/dev/null bs=1M count=1000 status=none & # hardly leaves it
  system=$!
  wait "$user"
  wait "$system"
  assert_equal "$(trace_records | awk -v u="$user" -v s="$system" '
    $2 == u { print ($5 >= 3 * $6) ? "ok" : "user: " $0 } $2 == s { print ($6 >= 3 * $5) ? "ok" : "system: " $0 }')" $'ok\nok'
}

# ---- names

@test "process_monitor: no name forges a line in the log or a field in the trace" {
  local -A shown=(
    ['\n<0>Exploded: 1']='\x0a<0>Exploded: 1'
    ['a, Parent PID: ']='a, Parent PID: '
    ['\r\e[2J\e[1;31mX']='\x0d\x1b[2J\x1b[1;31mX'
    ['\\x0a\\n"\x27`$']='\x5cx0a\x5cn"'"'"'`$'
    ['%s%n%p%d %%']='%s%n%p%d %%'
    ['\303\244\377\177\001']='\xc3\xa4\xff\x7f\x01'
    ['tgid=1 comm=x\n']='tgid=1 comm=x\x0a'
  )
  local given pid parent log=$BATS_TEST_TMPDIR/log expected=$BATS_TEST_TMPDIR/expected
  watch log=1 log_rate=0
  for given in "${!shown[@]}"; do
    storm --processes 1 --name "$given" --records "$BATS_TEST_TMPDIR/waited"
    read -r pid parent _ <"$BATS_TEST_TMPDIR/waited"
    printf '%s %s %s\n' "$pid" "$parent" "${shown[$given]}" >>"$expected"
  done
  wait_until 30 kernel_log_has "Process exiting - PID: $pid,"
  # The kernel's own reader escapes in its turn, so that nothing is guessed here: a backslash of ours comes as \x5c.
  { dd if=/dev/kmsg iflag=nonblock bs=8192 2>/dev/null || true; } | sed "1,/;$kmon_mark\$/d;s/^[^;]*;//" >"$log"
  while IFS= read -r line; do
    pid=${line%% *} line=${line#* } parent=${line%% *} given=${line#* }
    assert_equal "$(grep "PID: $pid, Name: .*Parent PID: $parent\$" "$log")" \
      "PROCESS_MONITOR: Process exiting - PID: $pid, Name: ${given//\\/\\x5c}, Parent PID: $parent"
    assert_equal "$(LC_ALL=C sed -n "/ process_exit: pid=$pid /s/.* lifetime=[0-9]* comm=\\(.*\\) uid=0 cgroup=[0-9]* ns_pid=$pid core=0 exec=0\$/\\1/p" "$instance/trace")" "$given"
  done <"$expected"
  assert_equal "$(wc -l <"$expected")" 7
}

# ---- views

@test "process_monitor: the text view has these lines, and the JSON view's numbers" {
  local lines
  local -A now=()
  load_module "$name" log=0
  storm --processes 40 --mode mixed --code 1
  mapfile -t lines <"$text"
  counters now
  assert_equal "$(printf '%s\n' "${lines[@]}")" "Process exits: ${now[exits]}
Thread exits: ${now[thread_exits]}
Logged: ${now[logged]}
Suppressed: ${now[suppressed]}
Missed probes: ${now[missed_probes]}
Non-zero exits: ${now[nonzero_exits]}
Killed by signal: ${now[killed_by_signal]}
User time: ${now[utime_ns]} ns
System time: ${now[stime_ns]} ns"
  assert [ "${now[exits]}" -ge 42 ]
}

@test "process_monitor: reset zeroes the text view, not the JSON view" {
  local lines zero key
  local -A before=() after=()
  load_module "$name" log=1 log_rate=5
  storm --processes 24 --mode mixed --code 1
  set_param "$name" log 0
  sleep 0.5 # the last is printed
  counters before
  echo reset >"$text"
  mapfile -t lines <"$text"
  counters after
  zero="Process exits: 0|Thread exits: 0|Logged: 0|Suppressed: 0|Missed probes: 0|Non-zero exits: 0|Killed by signal: 0|User time: 0 ns|System time: 0 ns|"
  assert_equal "$(printf '%s|' "${lines[@]}")" "$zero"
  for key in thread_exits logged suppressed; do assert [ "${before[$key]}" -gt 0 ]; done
  for key in "${!before[@]}"; do assert_equal "$key ${after[$key]}" "$key ${before[$key]}"; done
  # From there the text counts what comes, the JSON view goes on.
  counters before
  storm --processes 10 --mode signal
  counters after
  mapfile -t lines <"$text"
  assert_equal "$(gained killed_by_signal)" 10
  assert_equal "${lines[6]}" "Killed by signal: 10"
}

@test "process_monitor: what was counted is gone with the module" {
  local -A now=()
  load_module "$name" log=0
  storm --processes 50 --mode signal
  unload_module "$name"
  load_module "$name" log=0
  counters now
  assert [ "${now[exits]}" -lt 50 ]
  assert_equal "${now[killed_by_signal]}" 0
}

@test "process_monitor: root may reset, all may read" {
  load_module "$name" log=0
  assert_equal "$(stat -c '%a %U:%G' "$text" "$view" | tr '\n' ' ')" "644 root:root 444 root:root "
}

# ---- the probe

tracepoint_tells() { grep -q group_dead /sys/kernel/tracing/events/sched/sched_process_exit/format; }
# With the functions' arguments: 5.10 and 6.1 have that on x86.
has_ftrace() {
  [ -e /proc/sys/kernel/ftrace_enabled ] && grep -qw taskstats_exit /sys/kernel/tracing/available_filter_functions
}

@test "process_monitor: the probe is the tracepoint where that tells enough, else at taskstats_exit" {
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

# probe_is PLACE MEANS: what the JSON view says.
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

# counts_exits: as many as end, seen from the JSON view.
counts_exits() {
  local -A before=() after=()
  counters before
  storm --processes 20
  counters after
  [ "$(gained exits)" -ge 20 ]
}

@test "process_monitor: nobody can switch off the probe of choice" {
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

@test "process_monitor: a kprobe that is switched off says so, and goes on when it is switched on" {
  local setting any=0
  local -A before=() after=()
  load_module "$name" log=0 probe=kprobe
  probe_is taskstats_exit kprobe true
  for setting in /proc/sys/kernel/ftrace_enabled /sys/kernel/debug/kprobes/enabled; do
    [ -e "$setting" ] || continue
    # Where kprobes are breakpoints, ftrace is nothing to them.
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
  # A permanent ftrace_ops is not to be had now.
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
  # No word of the banner, and nothing that a value could forge.
  assert_equal "$(kernel_log | grep '^PROCESS_MONITOR: ')" \
    'PROCESS_MONITOR: probe=nonsense\x1b refused: expected one of auto, tracepoint, ftrace, kprobe, taskstats_exit, acct_collect, do_exit'
}

# ---- coming and going

@test "process_monitor: loads and unloads during a storm, which goes on unharmed" {
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
  kill "$reader" 2>/dev/null || true # the kernel may have ended its reading with the event
  enough
}

# Each user may have that many. Threads that their tracer has not reaped stay in the list that the kernel keeps of a process.
@test "process_monitor: a process with many unreaped threads is not kept from ending" {
  local n without with
  n=$(scaled 25000 8000 5000) # the walk takes longer than a tick only with the most
  more_threads
  without=$(exit_time "$n")
  load_module "$name" log=0
  with=$(exit_time "$n")
  echo "$without us without the module, $with us with it"
  assert [ "$with" -le $((2 * without + 5000)) ]
  assert_equal "$(json=/proc/process_monitor.json number_of thread_exits)" $((2 * n))
}
# A small machine's kernel allows fewer.
more_threads() {
  local before
  before=$(sysctl -n kernel.threads-max)
  on_teardown sysctl -qw kernel.threads-max="$before"
  sysctl -qw kernel.threads-max=60000
}
# exit_time N: microseconds, the shorter of two.
exit_time() { storm --mode unreaped --threads "$1" --processes 2 | jq .exit_us; }
