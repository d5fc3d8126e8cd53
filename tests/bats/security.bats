#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# What an unprivileged user, and root without capabilities, can do to the modules: nothing that others would notice.
# shellcheck disable=SC2030,SC2031,SC2154 # each test is a subshell; what is not assigned here is so in lib

load ../lib/common
load ../lib/all-five

as_user() { setpriv --reuid "$1" --regid "$1" --clear-groups "${@:2}"; }
# UID 0, as in a container without its own user namespace, but without any capability.
powerless_root() { setpriv --bounding-set=-all --inh-caps=-all "$@"; }

writable() { all_paths | while read -r file; do find "$file" -perm -200; done; }

@test "root without capabilities writes to no file in /proc and changes nothing" {
  local file
  make_link_to_watch
  load_all
  make_events
  for file in $(writable); do
    cat "$file" >"$BATS_TEST_TMPDIR/before"
    assert_equal "$file $(powerless_root badwrite "$file" text reset)" "$file {\"written\":0,\"errno\":\"EPERM\",\"at\":\"write\"}"
    assert_equal "$file $(powerless_root badwrite "$file" text 7)" "$file {\"written\":0,\"errno\":\"EPERM\",\"at\":\"write\"}"
    [[ $file = *process_monitor ]] || diff "$BATS_TEST_TMPDIR/before" "$file" # every process changes that one
  done
  assert_equal "$(writable | wc -l)" 5
  assert [ "$(sed -n 's/^Process exits: //p' /proc/process_monitor)" -ge 16 ]
}

@test "one capability is enough, and it is the right one" {
  local file right wrong
  make_link_to_watch
  load_all
  for file in "${resettable[@]}"; do
    right=net_admin wrong=sys_admin
    [ "$file" != /proc/process_monitor ] || { right=sys_admin && wrong=net_admin; }
    setpriv --bounding-set="-all,+$right" --inh-caps=-all sh -c "echo reset >$file"
    run ! setpriv --bounding-set="-all,+$wrong" --inh-caps=-all sh -c "echo reset >$file"
  done
}

@test "a thousand refused writes are not a thousand lines in the log, which says how many it left out" {
  local file
  make_link_to_watch
  load_all
  for file in /proc/kstat/counter /proc/l2packet_counter /sys/module/process_monitor/parameters/log_rate; do
    powerless_root bash -c "for ((i = 0; i < 1000; i++)); do echo rubbish >$file; done" 2>/dev/null || true
  done
  run kernel_log
  assert_output --partial "writing to counter refused: CAP_NET_ADMIN is needed"
  assert_output --partial "log_rate=rubbish refused"
  assert [ "${#lines[@]}" -ge 100 ]
  assert [ "${#lines[@]}" -le 420 ] # three flooded files, 100 lines in ten seconds each, and some more on slow machines
}

# hold_readings USER N: starts N reads and keeps them open until the test ends. The readers' PIDs are in `holders`.
hold_readings() {
  local i
  for ((i = 0; i < $2; i++)); do
    setpriv --reuid "$1" --regid "$1" --clear-groups hold /proc/l2packet_counter.json 300 >"$BATS_TEST_TMPDIR/hold.$1.$i" 2>&1 3>&- &
    holders+=($!)
  done
  wait_until 60 all_hold "$1" "$2"
}
all_hold() { [ "$(grep -lx holding "$BATS_TEST_TMPDIR"/hold."$1".* | wc -l)" = "$2" ]; }
let_go() { kill -TERM "${holders[@]}" && wait "${holders[@]}" && holders=(); }

@test "a user who holds as many readings as allowed shuts out nobody but himself" {
  local holders=()
  make_link_to_watch
  load_module l2packet_counter interface=kmon0
  frames kmon1 --count 20 --macs 4
  hold_readings 4001 32
  run as_user 4001 cat /proc/l2packet_counter.json
  assert_failure
  assert_output --partial "busy"
  assert_equal "$(as_user 4002 cat /proc/l2packet_counter.json | wc -l)" 6
  assert_equal "$(wc -l </proc/l2packet_counter.json)" 6
  hold_readings 4002 32
  assert_equal "$(wc -l </proc/l2packet_counter.json)" 6
  let_go
  assert_equal "$(as_user 4001 cat /proc/l2packet_counter.json | wc -l)" 6
}

# as_subordinate N COMMAND...: runs COMMAND in the background as the Nth UID in a user namespace of user 4003. Root maps the
# UIDs for him, as newuidmap(1) does. Its output is in hold.4003.N.
# shellcheck disable=SC2016 # the inner shell expands
as_subordinate() {
  local n=$1 go=$BATS_TEST_TMPDIR/go.$1 pid word
  mkfifo "$go"
  setpriv --reuid 4003 --regid 4003 --clear-groups unshare --user --keep-caps \
    sh -c 'read -r _ && n=$1 && shift && exec setpriv --reuid "$n" "$@"' sh "$@" \
    <"$go" >"$BATS_TEST_TMPDIR/hold.4003.$n" 2>&1 3>&- &
  pid=$!
  holders+=("$pid")
  exec {word}>"$go"
  wait_until 30 in_another_user_namespace "$pid"
  echo "0 100000 65536" >"/proc/$pid/uid_map"
  echo go >&"$word"
  exec {word}>&-
}
in_another_user_namespace() { [ "$(readlink "/proc/$1/ns/user")" != "$(readlink /proc/self/ns/user)" ]; }

@test "a user's own user namespaces do not give him more readings" {
  local holders=() i
  as_user 4003 unshare --user true || skip "expected: users may make no user namespaces here"
  make_link_to_watch
  load_module l2packet_counter interface=kmon0
  for ((i = 1; i <= 32; i++)); do as_subordinate "$i" hold /proc/l2packet_counter.json 300; done
  wait_until 60 all_hold 4003 32
  assert_equal "$(ps -o uid= -p "${holders[6]}" | xargs)" 100007
  as_subordinate 33 cat /proc/l2packet_counter.json
  run ! wait "${holders[32]}"
  run cat "$BATS_TEST_TMPDIR/hold.4003.33"
  assert_output --partial busy
  unset 'holders[32]'
  run as_user 4003 cat /proc/l2packet_counter.json
  assert_failure
  assert_equal "$(as_user 4001 cat /proc/l2packet_counter.json | wc -l)" 2
  let_go
  assert_equal "$(as_user 4003 cat /proc/l2packet_counter.json | wc -l)" 2
}

@test "view_mode and view_gid: for everybody, for a group, or for root alone" {
  local module file
  make_link_to_watch
  for module in "${kmon_modules[@]}"; do insmod_with_needs "$module" view_mode=0440 view_gid=4100; done
  for file in $(all_paths); do
    assert_equal "$file $(stat -c '%u:%g' "$file")" "$file 0:4100"
    run as_user 4001 cat "$file"
    assert_failure
    as_user 4100 cat "$file" >/dev/null
  done
  unload_all
  for module in "${kmon_modules[@]}"; do insmod_with_needs "$module" view_mode=0400; done
  for file in $(all_paths); do
    run as_user 4001 cat "$file"
    assert_failure
    cat "$file" >/dev/null
  done
  assert_equal "$(stat -c %a /proc/l2packet_counter /proc/l2packet_counter.json | xargs)" "600 400"
  assert_equal "$(get_param kstat view_mode)" 0400
}

@test "view_mode accepts no other permissions than these" {
  local mode
  for mode in 0666 0777 0644 444444 -1 04440 rubbish 0888 ''; do
    run load_module kstat view_mode="$mode"
    assert_failure
  done
  run load_module kstat view_gid=-1
  assert_failure
  assert_equal "$(kernel_log | grep -c '^kstat: view_mode=.* refused: expected one of 0444, 0440, 0400$')" 9
}
