#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# process_monitor: one record per process, each compared with what wait4 told the parent (`storm --records`); the contents
# of a record; the views. The log is in process_monitor_log.bats, the probe in process_monitor_probe.bats.
#
# While counting, a test uses only shell builtins: a `cat` would be one more process. If others use the machine, whatever
# exits meanwhile is in the trace, and the sums include it.
# shellcheck disable=SC2030,SC2031,SC2154 # each test is a subshell; what is not assigned here is so in lib

load ../lib/common
load ../lib/process

# ---- exactly one record per process, however it ends

@test "process_monitor: one record a process: ended by exit" { storm_is_exact exit; }
@test "process_monitor: one record a process: killed by a signal" { storm_is_exact signal; }
@test "process_monitor: one record a process: after an exec" { storm_is_exact exec; }
@test "process_monitor: one record a process: with threads that ended before" { storm_is_exact threads; }
@test "process_monitor: one record a process: killed with all its threads" { storm_is_exact kill-threads --threads 8; }
@test "process_monitor: one record a process: the leader ends first, a thread ends the process" { storm_is_exact leader-first; }
@test "process_monitor: one record a process: the leader ends first, the last thread after it" { storm_is_exact leader-first-plain; }
@test "process_monitor: one record a process: a thread that is not the leader executes" { storm_is_exact exec-thread; }

@test "process_monitor: one record per process: a storm of all kinds at once" {
  watch
  storm_watched --processes "$(scaled 20000 600 500)" --mode mixed --parallel 16 --code 3 --timeout 600
  assert_one_record_each
  assert_counters
}

# trace_process PID: seizes the process with PTRACE_O_TRACEEXIT, and after each stop lets it go on with the signal that
# stopped it. Prints each stop as wait4 reports it.
trace_process() {
  local numbers # the system call numbers of ptrace and wait4
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

@test "process_monitor: one record per process: a traced one, with its parent, not its tracer" {
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
  # SIGTERM, then PTRACE_EVENT_EXIT, then the end: the tracer is told of each.
  assert_equal "$(<"$stops")" "seized f7f 6057f f"
  assert_equal "$(trace_records | awk -v p="$child" '$2 == p { print $1, $2, $3, $4 }')" "$child $child $BASHPID 15"
}

@test "process_monitor: kernel threads are not recorded" {
  local i commands=$BATS_TEST_TMPDIR/commands
  local -A before=() after=()
  if [ ! -d /sys/module/bonding ]; then
    modprobe bonding max_bonds=0
    on_teardown modprobe -r bonding
  fi
  watch
  # Each bond has a work queue with a rescuer, a kernel thread named like the bond.
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

@test "process_monitor: a process in a PID namespace is recorded with its PID in ours" {
  local child
  watch
  unshare --pid --fork --kill-child sh -c 'exit 3' &
  child=$!
  wait "$child" || true
  assert_equal "$(trace_records | awk -v p="$child" '$3 == p { print ($2 > 1), $4, $10 }')" "1 768 sh"
}

@test "process_monitor: an orphan's parent is the process that adopted it" {
  local go=$BATS_TEST_TMPDIR/go
  watch
  mkfifo "$go"
  # The inner shell outlives the outer one. Process 1 or a subreaper in between adopts it.
  sh -c 'sh -c "read -r _ <$1; exit 9" sh "$1" & echo $!' sh "$go" >"$BATS_TEST_TMPDIR/orphan"
  read -r orphan <"$BATS_TEST_TMPDIR/orphan"
  read -r _ _ _ parent _ <"/proc/$orphan/stat"
  refute [ "$parent" = "$BASHPID" ]
  echo >"$go"
  gone() { [ ! -e "/proc/$orphan" ]; }
  wait_until 30 gone
  assert_equal "$(trace_records | awk -v p="$orphan" '$2 == p { print $3, $4 }')" "$parent 2304"
}

# ---- the contents of a record

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

@test "process_monitor: a record names the process, not its last thread" {
  watch
  storm_watched --processes 10 --mode leader-first
  assert_equal "$(children | awk -v me="$me" '$1 != $2 && $10 == me' | wc -l)" 10
}

@test "process_monitor: a record has the last thread's number in addition to the process's" {
  watch
  storm_watched --processes 10 --mode leader-first-plain
  # Of storm's children: waited for by their process ID, but ended by another thread.
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
  # Here the leader ends first: the record has the ID of the process, not of the last thread.
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
  # In exec-thread, a thread other than the leader calls exec. In leader-first, a thread other than the leader ends last.
  for mode in exit:0 exec:1 leader-first:0 exec-thread:1; do
    storm_watched --processes 5 --mode "${mode%:*}"
    assert_equal "$mode: $(children | awk -v was="${mode#*:}" '$NF == was' | wc -l)" "$mode: 5"
  done
}

@test "process_monitor: start and lifetime of a record are those of the process" {
  local stamp start lifetime after_end n=0 near=0
  watch
  storm_watched --processes 10 --burn 30
  # The process ends at the moment of the record. Both use the monotonic clock; the stamp is in microseconds.
  while read -r stamp start lifetime; do
    after_end=$((stamp * 1000 - start - lifetime))
    assert [ "$after_end" -ge -1000 ]
    assert [ "$lifetime" -ge 30000000 ]
    # If the host takes the processor away between the two readings of the clock, the difference can be large.
    [ "$after_end" -gt 10000000 ] || near=$((near + 1))
    n=$((n + 1))
  done < <(sed -n "/ ppid=$storm_pid /s/.* \([0-9]*\)\.\([0-9]*\): process_exit: .* start_time=\([0-9]*\) .* lifetime=\([0-9]*\) .*/\1\2 \3 \4/p" "$instance/trace")
  assert_equal "$n" 10
  assert [ "$near" -ge 5 ]
  # All of them within the lifetime of storm itself.
  assert_equal "$(awk -v storm="$storm_pid" '
    $2 == storm { began = $7; ended = $7 + $9 }
    $3 == storm { start[$2] = $7; end[$2] = $7 + $9 }
    END { for (c in start) n += start[c] >= began && end[c] <= ended; print n }' "$records")" 10
}

# Prints `runtime waited` in microseconds for each of storm's children. utime and stime must add up.
times() {
  awk -v storm="$storm_pid" '
    NR == FNR { waited[$1] = $4 + $5; next }
    $3 == storm { print $5 + $6 == $8 ? int($8 / 1000) : "utime + stime is not runtime", waited[$2] }' "$waited" "$records"
}

@test "process_monitor: CPU time is no less than was used, no more than wait4 says, and close to that" {
  local mode run wait all=0 near=0
  watch
  for mode in exit signal exec threads kill-threads leader-first exec-thread; do
    storm_watched --processes 4 --parallel 2 --mode "$mode" --burn 50
    while read -r run wait; do
      # storm measures its CPU time with the kernel's own clock; it is rounded down three times at most.
      assert [ "$run" -ge 49990 ]
      assert [ "$run" -le $((wait + 2)) ]
      all=$((all + 1))
      # wait4 adds the rest of the exit after the probe, which is long if the host takes the processor away.
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
  # Their lives are so short that few of them see a timer tick.
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
  bash -c 'for ((i = 0; i < 100000; i++)); do :; done' & # mostly user time
  user=$!
  dd if=/dev/zero of=/dev/null bs=1M count=1000 status=none & # mostly system time
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
  # /dev/kmsg escapes once more, unambiguously: a backslash of ours appears as \x5c.
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

@test "process_monitor: the text view has the expected lines, with the numbers of the JSON view" {
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
  sleep 0.5 # until the last line is printed
  counters before
  echo reset >"$text"
  mapfile -t lines <"$text"
  counters after
  zero="Process exits: 0|Thread exits: 0|Logged: 0|Suppressed: 0|Missed probes: 0|Non-zero exits: 0|Killed by signal: 0|User time: 0 ns|System time: 0 ns|"
  assert_equal "$(printf '%s|' "${lines[@]}")" "$zero"
  for key in thread_exits logged suppressed; do assert [ "${before[$key]}" -gt 0 ]; done
  for key in "${!before[@]}"; do assert_equal "$key ${after[$key]}" "$key ${before[$key]}"; done
  # After the reset, the text view counts from zero and the JSON view goes on.
  counters before
  storm --processes 10 --mode signal
  counters after
  mapfile -t lines <"$text"
  assert_equal "$(gained killed_by_signal)" 10
  assert_equal "${lines[6]}" "Killed by signal: 10"
}

@test "process_monitor: the counts are gone with the module" {
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
