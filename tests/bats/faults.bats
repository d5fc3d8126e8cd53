#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# Out of memory, everywhere. Each allocation that a module makes while it is loaded, set, written to, read or unloaded
# fails once. The module must then either refuse and leave everything as before, or go on working. Needs the sanitizer
# kernel.
#
# The kernel fails the Nth allocation of one system call (the probe failnth), for N = 1, 2, 3... until none is left. Only
# allocations with module code on their stack count; in the heavy tests, all allocations of the call do.

# shellcheck disable=SC2154 # kmon_modules comes from there
load ../lib/common

debugfs=/sys/kernel/debug

# --- which allocations can fail

fault_setting() { echo "$2" | tee "$debugfs"/fail{slab,_page_alloc}/"$1" >/dev/null; }

# Only kmon's modules are loaded here, so any code in the modules' address range is kmon's.
only_own() {
  fault_setting require-start 0xffffffffa0000000
  fault_setting require-end 0xffffffffff000000
  fault_setting reject-start 0
  fault_setting reject-end 0
}

# The module loader's allocations, too. Excluded are two that make the kernel print a WARNING if they fail: for the jump
# labels of others that a module uses, and for the fields of a trace event, which only process_monitor has.
whole_call() {
  fault_setting require-start 0
  fault_setting require-end 0xffffffffffffffff
  if [ "$1" = process_monitor ]; then leave_out event_define_fields; else leave_out jump_label_module_notify; fi
}

# leave_out FUNCTION: allocations inside this kernel function do not fail.
leave_out() {
  local range
  range=$(symbol_range "$1")
  fault_setting reject-start "${range% *}"
  fault_setting reject-end "${range#* }"
}

# The kernel's own symbols come first, sorted by address. Reading those takes seconds on this kernel, reading all far longer.
symbol_range() {
  awk -v name="$1" 'start && $1 != start { print "0x" start, "0x" $1; exit } $3 == name { start = $1 }' /proc/kallsyms
}

# Every allocation of the modules fails, in any context, until memory_is_back.
memory_is_out() {
  only_own
  on_teardown memory_is_back
  fault_setting times -1
  fault_setting probability 100
}

memory_is_back() { fault_setting probability 0; }

setup_file() {
  [ -e /proc/self/fail-nth ] || skip "expected: this kernel cannot inject faults"
  fault_setting ignore-gfp-wait N
  fault_setting stacktrace-depth 32
  fault_setting verbose 0
  echo N >"$debugfs/fail_page_alloc/ignore-gfp-highmem"
  echo 0 >"$debugfs/fail_page_alloc/min-order"
}

setup() {
  kmon_setup
  only_own
  stride=1
}

# --- the loop: it runs hundreds of times on a slow kernel, so its body starts as few processes as possible

# each_allocation JUDGE CALL...: `failnth N CALL...` for N = 1, 2, 3... (in steps of $stride) until nothing is left to fail.
# JUDGE gets the errno (0: the call succeeded anyway) and checks the result. Sets `fired` to the number of failures.
each_allocation() {
  local judge=$1 n line error='' went=true
  shift
  outcome=$BATS_TEST_TMPDIR/outcome
  for ((n = 1; ; n += stride)); do
    failnth "$n" "$@" >"$outcome"
    read -r line <"$outcome"
    [[ $line =~ ^\{\"errno\":\"?([A-Z0-9]+)\"?,\"fired\":(true|false) ]]
    error=${BASH_REMATCH[1]} went=${BASH_REMATCH[2]}
    "$judge" "$error" || fail "allocation $n of '$*' failed (errno $error), and $judge is not content"
    [ "$went" = true ] || break
  done
  fired=$((n - 1))
  assert_equal "$error" 0
  echo "# $fired allocations: $*" >&3
}

is_quick() { [ "$KMON_QUICK" = 1 ]; }

# --- is a module loaded or not?

is_absent() {
  local view
  [ ! -e "/sys/module/$module" ] || return 1
  for view in ${view_files[$module]}; do [ ! -e "$view" ] || return 1; done
}

# Anything that a refused load left registered would now be called, although its code is gone.
poke_leftovers() {
  ping -qc 1 127.0.0.1
  ping -qc 1 ::1
  (: </dev/tcp/127.0.0.1/9) || true
  ip link add leftover type dummy
  ip link del leftover
  unshare --net true
}

# figure FILE KEY: sets `value` to the first number of that key (a regular expression) in a JSON view.
figure() {
  local text
  mapfile -t text <"$1"
  [[ ${text[*]} =~ \"$2\":([0-9]+) ]] && value=${BASH_REMATCH[1]}
}

# counts N FILE KEY COMMAND...: asserts that COMMAND makes the figure grow by N.
counts() {
  local n=$1 file=$2 key=$3 before tries
  shift 3
  figure "$file" "$key" && before=$value || return 1
  "$@" >/dev/null 2>&1 || true
  for ((tries = 0; tries < 20; tries++)); do
    figure "$file" "$key" && [ "$((value - before))" = "$n" ] && return
    sleep 0.1
  done
  echo "$file: $key grew by $((value - before)), not by $n"
  return 1
}

one_datagram() { echo >/dev/udp/127.0.0.1/9; }   # an ICMP error comes back
one_connection() { : </dev/tcp/127.0.0.1/9; }    # it is refused
one_process() { (:); }

works() { "$module"_works; }
localhost_monitor_works() { counts 2 /proc/localhost_stats.json packets one_datagram; }
l2packet_counter_works() {
  counts 7 /proc/l2packet_counter.json 'interface":"watched","waiting":false,[^}]*"packets' frames sender --count 7
}
kstat_works() { set_param kstat start 1 && counts 2 /proc/kstat/stats.json packets one_connection; }
netmon_proc_works() { figure /proc/netmon 'interface":"sender",[^}]*"tx_errors' && [ "$value" = 0 ]; }
process_monitor_works() { counts 1 /proc/process_monitor.json exits one_process; }

# --- load and unload

judge_load() {
  case $1 in
    0) works && failnth 0 unload "$module" >"$outcome" && is_absent ;;
    ENOMEM) is_absent ;;
    *) false ;;
  esac
}

# fail_load MODULE [PARAMETER=VALUE...]
fail_load() {
  module=$1
  each_allocation judge_load load "$(ko "$module")" "${@:2}"
  poke_leftovers
}

# A module can be unloaded even without memory.
judge_unload() { [ "$1" = 0 ] && is_absent && insmod "$file" "${parameters[@]}"; }

fail_unload() {
  module=$1 parameters=("${@:2}") file=$(ko "$1")
  # Linux itself cannot cope with a failure there: unregister_kprobe() fails silently and leaves the probe in its table.
  leave_out __unregister_kprobe_top
  insmod "$file" "${parameters[@]}"
  each_allocation judge_unload unload "$module"
  only_own
  unload_module "$module"
  poke_leftovers
}

@test "localhost_monitor: no memory at load and unload" {
  fail_load localhost_monitor
  assert [ "$fired" -ge 4 ]
  is_quick || fail_load localhost_monitor all_netns=1
  fail_unload localhost_monitor all_netns=1
}

@test "l2packet_counter: no memory at load and unload" {
  make_veth watched sender
  fail_load l2packet_counter interface=watched
  assert [ "$fired" -ge 4 ]
  is_quick || fail_load l2packet_counter interface=watched hook=rx_handler
  fail_unload l2packet_counter interface=watched
}

@test "kstat: no memory at load and unload" {
  fail_load kstat
  assert [ "$fired" -ge 4 ]
  fail_load kstat start=1 all_netns=1
  fail_unload kstat start=1 all_netns=1
}

@test "netmon_proc: no memory at load and unload" {
  make_veth watched sender
  fail_load netmon_proc
  assert [ "$fired" -ge 1 ]
  fail_unload netmon_proc
}

@test "process_monitor: no memory at load and unload" {
  fail_load process_monitor
  assert [ "$fired" -ge 2 ]
  fail_unload process_monitor
}

# About 300 allocations per module, nearly all of them the loader's.
# bats test_tags=heavy
@test "no memory, also for the module loader" {
  stride=$(scaled 1 3 7)
  make_veth watched sender
  for module in "${kmon_modules[@]}"; do
    whole_call "$module"
    if [ "$module" = l2packet_counter ]; then fail_load "$module" interface=watched; else fail_load "$module"; fi
  done
}

# --- settings and proc files

# The file shows `new`, or still `old` if the write was refused. Then `old` is restored.
judge_setting() {
  local now=''
  read -r now <"$file" || true
  case $1 in
    0) [ "$now" = "$new" ] && works && printf '%s\n' "$old" >"$file" ;;
    ENOMEM) [ "$now" = "$old" ] && works ;;
    *) false ;;
  esac
}

# fail_setting MODULE PARAMETER VALUE
fail_setting() {
  module=$1 file=/sys/module/$1/parameters/$2 new=$3
  old=$(<"$file")
  each_allocation judge_setting write "$file" "$new"
}

# A refused reset must not change the cumulative view either; `works` checks that counting goes on.
judge_reset() { [[ $1 = 0 || $1 = ENOMEM ]] && works; }

fail_reset() {
  module=$1
  each_allocation judge_reset write "$2" reset
}

# A read returns the whole file or an error. Only the numbers may differ from one read to the next.
shape_of() {
  mapfile -t text <"$1"
  text=("${text[@]//[0-9 ]/}")
}

judge_read() {
  local text
  case $1 in
    0) shape_of "$outcome" && [ "${text[*]:1}" = "$shape" ] ;;
    ENOMEM) true ;;
    *) false ;;
  esac
}

# fail_reads MODULE: all allocations count here, also those made by open() and seq_file.
fail_reads() {
  local view text
  is_quick || whole_call
  for view in ${view_files[$1]}; do
    shape_of "$view"
    shape=${text[*]}
    each_allocation judge_read read "$view"
  done
  only_own
}

@test "localhost_monitor: no memory for settings, reset, reading, new namespaces" {
  load_module localhost_monitor all_netns=1
  fail_setting localhost_monitor log_packets 1
  fail_reset localhost_monitor /proc/localhost_stats
  fail_reads localhost_monitor
  fail_netns localhost_monitor
}

@test "l2packet_counter: no memory for settings, reset, reading" {
  make_veth watched sender
  make_veth watched2 sender2
  load_module l2packet_counter interface=watched
  frames sender --count 40 --macs 20
  fail_setting l2packet_counter interface watched,watched2
  fail_setting l2packet_counter interface watched2,watched
  fail_setting l2packet_counter max_macs 10
  fail_setting l2packet_counter reset_interval 5
  fail_reset l2packet_counter /proc/l2packet_counter
  set_param l2packet_counter reset_interval 0
  fail_reads l2packet_counter
}

@test "kstat: no memory for settings, reset, reading, new namespaces" {
  load_module kstat all_netns=1
  fail_start
  fail_setting kstat counter 5
  module=kstat
  each_allocation judge_reset write /proc/kstat/counter 7
  fail_reset kstat /proc/kstat/nout
  fail_reads kstat
  fail_netns kstat
}

# kstat's `works` would start it, so this checks a refused start without it.
judge_start() {
  case $1 in
    0) kstat_is true 1 ;;
    ENOMEM) kstat_is false 0 ;;
    *) false ;;
  esac && works && set_param kstat start 0
}

# kstat_is RUNNING START
kstat_is() {
  local line start
  read -r start </sys/module/kstat/parameters/start
  read -r line </proc/kstat/stats.json
  [ "$start" = "$2" ] && [[ $line == *"\"running\":$1,"* ]]
}

fail_start() {
  module=kstat
  each_allocation judge_start write /sys/module/kstat/parameters/start 1
  assert [ "$fired" -ge 1 ]
}

@test "netmon_proc: no memory for settings and reading" {
  make_veth watched sender
  load_module netmon_proc
  fail_setting netmon_proc iface sender
  fail_reads netmon_proc
}

@test "process_monitor: no memory for settings, reset, reading" {
  load_module process_monitor
  fail_setting process_monitor log 0
  fail_setting process_monitor log_rate 5
  fail_reset process_monitor /proc/process_monitor
  fail_reads process_monitor
}

# A namespace that cannot be watched is not created. Nothing else is affected.
judge_netns() { [[ $1 = 0 || $1 = ENOMEM ]] && works; }

fail_netns() {
  module=$1
  each_allocation judge_netns netns
  assert [ "$fired" -ge 1 ]
}

# --- no memory for a while, in every context: in the packet path and in workers, too

@test "l2packet_counter: frames that arrive while there is no memory are counted" {
  make_veth watched sender
  load_module l2packet_counter interface=watched reset_interval=0 max_macs=100
  memory_is_out
  frames sender --count 600 --macs 60
  memory_is_back
  assert_equal "$(total_of watched)" 600
  sleep 2
  frames sender --count 600 --macs 60
  frames sender --count 600 --macs 60
  assert_equal "$(total_of watched)" 1800
  assert_equal "$(json /proc/l2packet_counter.json '[.[] | select(.mac)] | length')" 60
}

# All packets: those in the lines, the untracked and the evicted ones.
total_of() {
  json /proc/l2packet_counter.json ".[] | select(.interface == \"$1\" and (has(\"mac\") | not)) | .packets"
}

@test "interfaces, namespaces and processes come and go while there is no memory for the modules" {
  make_veth watched sender
  load_module l2packet_counter interface=watched
  load_module localhost_monitor all_netns=1
  load_module kstat start=1 all_netns=1
  load_module netmon_proc
  load_module process_monitor
  memory_is_out
  for _ in 1 2 3 4 5; do
    unshare --net true || true
    ip link del watched
    ip link add watched type veth peer name sender
    ip link set sender up
    ip link set watched up
    frames sender --count 20 --random || true
    storm --processes 20
    cat /proc/netmon /proc/l2packet_counter /proc/kstat/nout || true
    echo reset >/proc/l2packet_counter || true
    set_param l2packet_counter interface watched || true
  done
  memory_is_back
  set_param l2packet_counter interface watched
  for module in "${kmon_modules[@]}"; do works; done
}
