#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# Out of memory, at every place. Each allocation that a module makes while it is loaded, set, written to, read or
# unloaded fails once: the module then refuses and all is as before, or it works on. Needs the sanitizer kernel.
#
# The kernel fails the Nth allocation of one system call (the probe failnth); N goes 1, 2, 3... until none is left.
# Counted are the allocations that have code of a module on their stack; in the heavy tests all of the call.

# shellcheck disable=SC2154 # kmon_modules comes from there
load ../lib/common

debugfs=/sys/kernel/debug

# --- which allocations can fail

fault_setting() { echo "$2" | tee "$debugfs"/fail{slab,_page_alloc}/"$1" >/dev/null; }

# Only kmon's modules are loaded here, so "in the modules' part of the address space" is "in kmon".
only_own() {
  fault_setting require-start 0xffffffffa0000000
  fault_setting require-end 0xffffffffff000000
  fault_setting reject-start 0
  fault_setting reject-end 0
}

# The module loader's own, too. Not those that the kernel answers with a WARNING of its own: of the jump labels of others
# that a module uses, and of the fields of a trace event, which process_monitor alone has.
whole_call() {
  fault_setting require-start 0
  fault_setting require-end 0xffffffffffffffff
  if [ "$1" = process_monitor ]; then leave_out event_define_fields; else leave_out jump_label_module_notify; fi
}

# leave_out FUNCTION: what the kernel allocates in there does not fail.
leave_out() {
  local range
  range=$(symbol_range "$1")
  fault_setting reject-start "${range% *}"
  fault_setting reject-end "${range#* }"
}

# The kernel's own symbols stand there by address. Reading them takes seconds on this kernel, all of them far longer.
symbol_range() {
  awk -v name="$1" 'start && $1 != start { print "0x" start, "0x" $1; exit } $3 == name { start = $1 }' /proc/kallsyms
}

# Every allocation of the modules fails, in whatever context, until memory_is_back.
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

# --- the loop; it goes round hundreds of times on a slow kernel, so what it calls starts no process that it need not

# each_allocation JUDGE CALL...: `failnth N CALL...` for N = 1, 2, 3... (every $stride th) until nothing more can fail. JUDGE gets the errno
# (0: the call went well all the same) and says whether all is as it must be. Sets `fired`, how many failed.
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

# --- a module that is there, one that is not

is_absent() {
  local view
  [ ! -e "/sys/module/$module" ] || return 1
  for view in ${view_files[$module]}; do [ ! -e "$view" ] || return 1; done
}

# Anything that a refused load left registered would now be called, and be gone.
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

# counts N FILE KEY COMMAND...: COMMAND makes the figure grow by N.
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

one_datagram() { echo >/dev/udp/127.0.0.1/9; }   # and an ICMP error comes back
one_connection() { : </dev/tcp/127.0.0.1/9; }    # and is refused
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

# However little memory there is, a module can be unloaded.
judge_unload() { [ "$1" = 0 ] && is_absent && insmod "$file" "${parameters[@]}"; }

fail_unload() {
  module=$1 parameters=("${@:2}") file=$(ko "$1")
  # Linux itself cannot take it there: unregister_kprobe() fails, tells nobody, and leaves the probe in its table.
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

# Some 300 allocations a module, nearly all of them the loader's.
# bats test_tags=heavy
@test "no memory for the module loader, either" {
  stride=$(scaled 1 3 7)
  make_veth watched sender
  for module in "${kmon_modules[@]}"; do
    whole_call "$module"
    if [ "$module" = l2packet_counter ]; then fail_load "$module" interface=watched; else fail_load "$module"; fi
  done
}

# --- settings and proc files

# The file says `new` or, if refused, still `old`, which it is given back.
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

# A refused reset must not take anything from the cumulative view either; `works` sees whether counting goes on.
judge_reset() { [[ $1 = 0 || $1 = ENOMEM ]] && works; }

fail_reset() {
  module=$1
  each_allocation judge_reset write "$2" reset
}

# A read gives all of it or an error. Numbers may differ from one time to the next, the rest not.
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

# fail_reads MODULE: here all allocations count, those of opening a file and of seq_file as well.
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

# Its `works` would start it, so what was refused is looked at by itself.
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

# A namespace that cannot be watched is not made; nothing else suffers.
judge_netns() { [[ $1 = 0 || $1 = ENOMEM ]] && works; }

fail_netns() {
  module=$1
  each_allocation judge_netns netns
  assert [ "$fired" -ge 1 ]
}

# --- no memory for a while, in every context: the packet path and workers as well

@test "l2packet_counter: frames that come while there is no memory are counted" {
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

# Its packets in all, which are the lines, the untracked and the evicted.
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
