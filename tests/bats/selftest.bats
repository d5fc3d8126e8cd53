#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# The installed tests as a user runs them, on a machine where kmon.service runs. They pass, they ask before they disturb
# the service, and they leave the machine as it was, even after Ctrl-C. Runs only in the guests of
# `tests/run --suite selftest`.
# shellcheck disable=SC2030,SC2031,SC2034,SC2154 # each test is a subshell; run sets output, status and lines

load ../lib/service

tests=/usr/share/kmon/tests
log=/tmp/packet_counter_tests.log
report=/tmp/packet_counter_test_report.txt

# as_user COMMAND...: runs COMMAND without this test's environment, and with the shortest test lengths.
user=(env -i --default-signal=INT PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb KMON_QUICK=1)
as_user() { "${user[@]}" "$@" 3>&-; }

# inventory FILE: lists everything that must stay as it was. The pair user0 has already loaded the kernel's veth module.
inventory() {
  {
    # Leaves out large directories that the tests do not touch.
    find / -xdev -regextype egrep -regex '/(proc|sys|dev|run|tmp|kmon|var/log|var/tmp|var/lib/systemd|usr/lib|usr/src|usr/include|usr/share/[^k].*)' \
      -prune -o -printf '%p %M %u %l\n'
    find /usr/lib/systemd /usr/lib/modules/*/updates -printf '%p\n'
    find /etc -xdev -type f -exec sha256sum {} +
    find /run/netns /run/kmon-tests /dev/shm -mindepth 0 2>/dev/null
    find /tmp -mindepth 1 -maxdepth 1 ! -name 'bats-run-*' ! -name 'packet_counter_test*' ! -name 'systemd-private-*'
    ip -o link | cut -d ' ' -f 2-
    ip -o address
    ip route show table all
    sysctl net.core net.ipv4.conf.all net.ipv6.conf.all
    cut -d ' ' -f 1 /proc/modules
    ls /sys/kernel/tracing/instances
  } 2>/dev/null | sort >"$1"
}

setup_file() {
  throwaway
  cp "$config" "$BATS_FILE_TMPDIR/default.toml"
  ip netns add user
  ip link add user0 type veth peer name user1 netns user
  quiet_link user0
  ip link set user0 up
  ip -n user link set user1 up
}

teardown_file() {
  ip link del user0
  ip netns del user
}

setup() {
  kmon_undo=()
  kernel_log_mark
  journal_mark
  # Settings that differ from the defaults, so that they can be recognized afterwards.
  configure <<<$'[kstat]\ncounter = 23\n[l2packet_counter]\nreset_interval = 77'
  systemctl reload kmon
  inventory "$BATS_TEST_TMPDIR/before"
  settings=$(parameters)
}

# Everything is as before, the service and its settings included.
as_before() {
  inventory "$BATS_TEST_TMPDIR/after"
  diff "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after"
  assert_equal "$(systemctl is-active kmon) $(loaded)" "active 5"
  assert_says "5 of 5 modules; *; kstat started, counter 23"
  assert_equal "$(parameters)" "$settings"
}

# Counts, in the output of run_tests.sh or in TAP, the failed tests and the tests that were skipped unexpectedly.
failed() { grep -cE '^(not ok|\[FAIL\])' <<<"$output" || true; }
skipped() { grep -E '# skip|^\[SKIP\]' <<<"$output" | grep -vc 'expected:' || true; }

as_nobody() { setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }

@test "selftest: a running service is not touched without consent: its tests are skipped, with the reason" {
  pid=$(main_pid)
  counts=$(kmonctl stats --json | jq .modules.process_monitor.exits)
  run as_user bats -F tap $tests/load.bats
  assert_success
  assert_output --partial "# skip kmon.service is running; KMON_STOP_SERVICE=1"
  refute_output --regexp $'(^|\n)ok [0-9]+ [^#]*(\n|$)' # each of them
  # Symbolic links that others put in place of the log and the report are replaced, not followed.
  echo precious >/etc/kmon-victim
  ln -sf /etc/kmon-victim $log
  rm -f $report
  as_nobody touch $report
  run as_user kmonctl selftest traffic
  assert_success
  assert_equal "$(cat /etc/kmon-victim)" precious
  rm /etc/kmon-victim
  assert_equal "$(stat -c '%F %a %U' $log $report | uniq -c | xargs)" "2 regular file 644 root"
  assert_line --regexp '^0 passed, 0 failed, [0-9]+ skipped; '
  assert_line --partial "To stop kmon for the tests: --stop-service"
  assert_equal "$(main_pid)" "$pid"
  [ "$(kmonctl stats --json | jq .modules.process_monitor.exits)" -gt "$counts" ] # not reloaded
  as_before
}

@test "selftest: bats /usr/share/kmon/tests passes with consent, and restores the service and its settings" {
  run as_user env KMON_STOP_SERVICE=1 bats -F tap $tests
  echo "$output"
  assert_success
  assert_equal "$(failed) $(skipped)" "0 0"
  assert_output --partial "stress: "
  as_before
}

@test "selftest: kmonctl selftest --stop-service passes, with log and report" {
  run as_user kmonctl selftest basic --stop-service
  echo "$output"
  assert_success
  assert_equal "$(failed) $(skipped)" "0 0"
  assert_line --regexp '^[0-9]+ passed, 0 failed, 0 skipped; '
  grep -q '^ok 1 load: ' $log
  for heading in "Packet Counter Test Report" "System Information" "Module Information" "Test Results" Summary; do
    grep -qx "$heading" $report
  done
  assert_equal "$(stat -c '%F %a %U' $log $report | uniq -c | xargs)" "2 regular file 644 root"
  as_before
}

# An administrator who has stopped kmon needs no option. The traffic on user0 is his own.
@test "selftest: run_tests.sh all --interface also watches that interface, and passes" {
  systemctl stop kmon
  rmmod localhost_monitor l2packet_counter kstat netmon_proc process_monitor
  (while :; do in_netns user frames user1 --count 20; sleep 0.3; done >/dev/null 2>&1) 3>&- &
  sender=$!
  on_teardown kill $sender
  run as_user $tests/run_tests.sh all --interface user0 --duration 4 --processes 12
  echo "$output"
  kill $sender
  assert_success
  assert_equal "$(failed) $(skipped)" "0 0"
  refute_output --partial "[SKIP]"
  assert_equal "$(loaded)" 0
  systemctl start kmon
  as_before
}

# interrupted SIGNAL: runs `kmonctl selftest` and sends SIGNAL in the middle of a test.
interrupted() {
  local pid
  # Not as_user: the process that is killed must be kmonctl.
  "${user[@]}" setsid kmonctl selftest traffic --stop-service >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
  pid=$!
  wait_until 300 grep -q '^ok 2 ' $log
  wait_until 60 test -e /proc/l2packet_counter
  kill "-$1" "$pid"
  status=0
  wait "$pid" || status=$?
  cat "$BATS_TEST_TMPDIR/out"
  assert_equal "$status" 130
  assert_equal "$(pgrep -c -f "$tests|frames|storm|ipsend|tcpflow")" 0
  as_before
}

@test "selftest: Ctrl-C or SIGTERM in the middle leaves nothing behind, and the service runs" {
  rm -f $log
  interrupted INT
  rm -f $log
  interrupted TERM
}


@test "selftest: says what is missing and how to get it" {
  run as_nobody kmonctl selftest
  assert_equal "$status" 4
  assert_output --partial sudo
  run as_nobody $tests/run_tests.sh
  assert_equal "$status" 4
  run env PATH=/usr/sbin /usr/bin/kmonctl selftest # bats is in /usr/bin
  assert_equal "$status" 1
  assert_output --partial "apt install bats"
  run as_user kmonctl selftest --interface nosuch0
  assert_equal "$status" 1
  assert_output --partial "no interface 'nosuch0'"
  # A directory cannot be replaced.
  rm -f $log
  as_nobody mkdir $log
  run as_user kmonctl selftest basic
  rmdir $log
  assert_equal "$status" 1
  assert_output --partial "cannot create $log"
  assert_equal "$(find /tmp -name 'packet_counter_tests.log?*' | wc -l)" 0
  run as_user $tests/run_tests.sh --duration x
  assert_equal "$status" 2
  run as_user $tests/run_tests.sh bogus
  assert_equal "$status" 2
}

@test "selftest: failed tests are reported with exit status 1, and the service is still restored" {
  mv /usr/libexec/kmon/frames "$BATS_TEST_TMPDIR/"
  run as_user kmonctl selftest basic --stop-service --json
  mv "$BATS_TEST_TMPDIR/frames" /usr/libexec/kmon/
  assert_equal "$status" 1
  assert_equal "$(jq '.failed == (.tests | map(select(.result == "failed")) | length) and .failed > 3 and .passed > 3' <<<"$output")" true
  assert_documented kmonctl-selftest <(echo "$output")
  grep -q '^FAIL: load: ' $report
  as_before
}
