#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# How the five modules come and go: alone, in any order, under load, and while their files are open.
# shellcheck disable=SC2030,SC2031,SC2154 # each test is a subshell; what is not assigned here is so in lib

load ../lib/common
load ../lib/all-five

# ---- loading

@test "each module loads alone, by a plain insmod, and unloads" {
  local module
  # l2packet_counter's default interface is eth0, as in the original.
  [ -e /sys/class/net/eth0 ] || make_veth eth0 kmon1
  for module in "${kmon_modules[@]}"; do
    nothing_of "$module"
    insmod "$(ko "$module")"
    all_of "$module"
    rmmod "$module"
    nothing_of "$module"
  done
}

@test "l2packet_counter: plain insmod without an eth0 says so and leaves nothing behind" {
  [ ! -e /sys/class/net/eth0 ] || skip "expected: this machine has an eth0"
  run insmod "$(ko l2packet_counter)"
  assert_failure
  assert_output --partial "No such device"
  nothing_of l2packet_counter
  run kernel_log
  assert_output --partial "l2packet_counter: interface eth0 does not exist"
}

# orders: prints the five modules in a different order on each line
orders() {
  local a b c d e m=("${kmon_modules[@]}")
  if [ "$KMON_FULL" = 1 ]; then
    for a in "${m[@]}"; do for b in "${m[@]}"; do for c in "${m[@]}"; do for d in "${m[@]}"; do for e in "${m[@]}"; do
      [ "$(printf '%s\n' "$a" "$b" "$c" "$d" "$e" | sort -u | wc -l)" != 5 ] || echo "$a $b $c $d $e"
    done; done; done; done; done
  else # each first, last, and in between
    for a in 0 1 2 3 4; do echo "${m[a]} ${m[(a + 1) % 5]} ${m[(a + 2) % 5]} ${m[(a + 3) % 5]} ${m[(a + 4) % 5]}"; done
  fi
}

@test "the modules load and unload in any order" {
  local order module i=0 reverse
  make_link_to_watch
  while read -ra order; do
    for module in "${order[@]}"; do insmod_with_needs "$module"; done
    for module in "${order[@]}"; do all_of "$module"; done
    # Unloads in the order of loading and in reverse order, in turn.
    reverse=$((i++ % 2))
    for module in 0 1 2 3 4; do unload_module "${order[reverse ? 4 - module : module]}"; done
    for module in "${order[@]}"; do nothing_of "$module"; done
  done < <(orders)
}

@test "a second insmod says that the module is there, and disturbs nothing" {
  local module
  make_link_to_watch
  load_all
  ping -q -c 1 127.0.0.1
  for module in "${kmon_modules[@]}"; do
    run insmod_with_needs "$module"
    assert_failure
    assert_output --partial "File exists"
    all_of "$module"
  done
  assert_equal "$(json /proc/localhost_stats.json '.[] | select(.protocol == "icmp" and .ip_version == 4).packets')" 2
}

# ---- coming and going under load

background=()

# Background jobs end before the modules go, even after a failure.
teardown() {
  : >"$BATS_TEST_TMPDIR/off"
  [ "${#background[@]}" = 0 ] || { kill "${background[@]}"; wait "${background[@]}"; } 2>/dev/null
  kmon_teardown
}

# again COMMAND...: repeats COMMAND until load_off, with a short pause in between.
again() {
  (until [ -e "$BATS_TEST_TMPDIR/off" ]; do "$@" || true; sleep 0.2; done >/dev/null 2>&1) &
  loads+=("$!")
  background+=("$!")
}

load_off() {
  : >"$BATS_TEST_TMPDIR/off"
  wait "${loads[@]}"
  rm "$BATS_TEST_TMPDIR/off"
  loads=()
}

read_all() {
  local file
  for file in $(all_paths) /sys/module/{kstat,l2packet_counter,localhost_monitor,netmon_proc,process_monitor}/parameters/*; do
    read -r -d '' _ <"$file" || true
  done
}

load_on() {
  loads=()
  again frames kmon1 --count 500 --random --seed "$RANDOM"
  again tcpflow --loop 127.0.0.1 --bytes 50000
  again ipsend --proto udp --to ::1 --size 200 --count 100
  again storm --processes 20 --mode mixed
  again read_all
}

# come_and_go MODULE N
come_and_go() {
  local i
  for ((i = 0; i < $2; i++)); do
    case $((i % 3)) in
      0) insmod_with_needs "$1" ;;
      1) more_work "$1" ;;
      2) insmod_with_needs "$1" && sleep 0.2 ;;
    esac || return 1
    unload_module "$1" || return 1
  done
}

# Loads the module so that unloading has as much to remove as possible.
more_work() {
  case $1 in
    localhost_monitor) insmod_with_needs "$1" all_netns=1 log_packets=1 ;;
    l2packet_counter) load_module "$1" interface=kmon0,kmon1 reset_interval=1 max_macs=100 ;;
    kstat) insmod_with_needs "$1" all_netns=1 start=1 counter=1 ;;
    netmon_proc) insmod_with_needs "$1" iface=kmon0 ;;
    process_monitor) load_module "$1" log=1 log_rate=20 ;;
  esac
}

# All five at once, each N times, each at its own pace.
come_and_go_all() {
  local module workers=()
  load_on
  for module in "${kmon_modules[@]}"; do
    come_and_go "$module" "$1" &
    workers+=("$!")
    background+=("$!")
  done
  for module in "${workers[@]}"; do wait "$module"; done
  load_off
}

# bats test_tags=heavy
@test "loading and unloading under traffic, a storm of processes and readers leaves memory as it was" {
  make_link_to_watch
  stays_flat 256 come_and_go_all "$(scaled 100 15)"
}

@test "rmmod does not wait for a reader who holds a file open, and the reader gets an error" {
  local file module name holders=()
  make_link_to_watch
  load_all
  make_events
  for file in $(all_paths) $(all_parameters | cut -d ' ' -f 2); do
    name=$BATS_TEST_TMPDIR/$(tr / _ <<<"$file")
    hold "$file" 120 >"$name" 2>"$name.ready" &
    holders+=("$!")
    background+=("$!")
  done
  all_hold() { [ "$(cat "$BATS_TEST_TMPDIR"/*.ready | grep -c holding)" = "${#holders[@]}" ]; }
  wait_until 30 all_hold
  unload_all
  for file in "${holders[@]}"; do assert kill -0 "$file"; done # none had to end first
  kill "${holders[@]}" # they now read on
  for file in "${holders[@]}"; do wait "$file"; done
  # A file of /proc fails from then on. A one-line parameter was read completely, or fails.
  for file in $(all_paths); do
    assert_equal "$file $(cat "$BATS_TEST_TMPDIR/$(tr / _ <<<"$file")")" "$file "'{"bytes":1,"errno":"EIO"}'
  done
  assert_equal "$(cat "$BATS_TEST_TMPDIR"/_sys_* | grep -c errno)" "$(all_parameters | wc -l)"
  for module in "${kmon_modules[@]}"; do nothing_of "$module"; done
}

@test "writing to a file that was open when its module went is an error" {
  local file fd error=$BATS_TEST_TMPDIR/error
  make_link_to_watch
  for file in "${resettable[@]}" /proc/kstat/counter /sys/module/kstat/parameters/start /sys/module/process_monitor/parameters/log; do
    load_all
    exec {fd}>"$file"
    unload_all
    { echo 1 >&"$fd"; } 2>"$error" && fail "$file took it"
    assert_regex "$(<"$error")" '(Input/output error|No such device)'
    exec {fd}>&-
  done
}

# writes FILE VALUE...: writes the values repeatedly, whether the file exists or not
writes() {
  local file=$1 value
  shift
  (
    until [ -e "$BATS_TEST_TMPDIR/off" ]; do
      for value; do echo "$value" >"$file"; done
    done 2>/dev/null
  ) &
  loads+=("$!")
  background+=("$!")
}

# bats test_tags=heavy
@test "modules are unloaded while each of their files and parameters is written to" {
  local module file set
  make_link_to_watch
  for module in "${kmon_modules[@]}"; do
    loads=()
    set=/sys/module/$module/parameters
    case $module in
      localhost_monitor) writes "$set"/log_packets 1 0 ;;
      l2packet_counter)
        writes "$set"/interface kmon0 kmon1 "kmon1,kmon0" ""
        writes "$set"/reset_interval 1 0 86400
        writes "$set"/max_macs 1 1048576 100
        writes "$set"/direction both rx
        ;;
      kstat)
        writes "$set"/start 1 0
        writes "$set"/counter 1 7
        writes /proc/kstat/counter 3 9
        ;;
      netmon_proc) writes "$set"/iface kmon0 nosuch0 "" ;;
      process_monitor)
        writes "$set"/log 1 0
        writes "$set"/log_rate 1 1000
        ;;
    esac
    for file in $(paths_of "$module" | grep -Fx -f <(printf '%s\n' "${resettable[@]}")); do writes "$file" reset; done
    again frames kmon1 --count 100 --random
    again ipsend --proto tcp --to 127.0.0.1 --size 100 --count 50
    come_and_go "$module" "$(scaled 50 6)"
    load_off
    nothing_of "$module"
  done
  load_all
}

@test "interfaces and namespaces go while all modules watch" {
  local i
  make_link_to_watch
  load_module localhost_monitor all_netns=1
  load_module l2packet_counter interface=kmon0
  load_module kstat all_netns=1 start=1
  load_module netmon_proc iface=kmon0
  load_module process_monitor log=0
  for i in 1 2 3; do
    make_netns kmon-test
    ip link set kmon1 netns kmon-test
    in_netns kmon-test ping -q -c 2 -i 0.2 127.0.0.1
    # Takes kmon1 with it, and therefore kmon0.
    timeout 20 ip netns del kmon-test
    wait_until 30 [ ! -e /sys/class/net/kmon0 ]
    assert_equal "$(</proc/netmon)" '{"interface":"kmon0","error":"not found"}'
    assert_equal "$(head -n 1 /proc/l2packet_counter)" "Interface: kmon0 (waiting)"
    make_link_to_watch
  done
  assert_equal "$(json /proc/localhost_stats.json '.[] | select(.protocol == "icmp" and .ip_version == 4).packets')" 12
  timeout 20 ip link del kmon0
}
