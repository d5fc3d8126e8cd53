#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# kmonctl on a machine where kmon.service runs: it shows what the modules counted.
# shellcheck disable=SC2016,SC2154 # single quotes: jq or bash expands; stderr is set by run

load ../lib/service

# as_nobody COMMAND...
as_nobody() { setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }

# of_stats FILTER: applies the jq filter to the modules in `kmonctl stats --json`.
of_stats() { kmonctl stats --json | jq -c ".modules | $1"; }

@test "cli: each command that shows something has --json, and its output parses" {
  for command in status stats "stats kstat" check version doctor "exits --seconds 0.2" macs load apply reset "kstat start" "top --once --interval 0.5"; do
    # shellcheck disable=SC2086 # words
    kmonctl $command --json >"$BATS_TEST_TMPDIR/out" || [ "$command" = doctor ]
    jq -e . "$BATS_TEST_TMPDIR/out" >/dev/null
    assert_documented "kmonctl-${command%% *}" "$BATS_TEST_TMPDIR/out"
  done
}

@test "cli: stats shows the figures of the five views" {
  watching
  before=$(of_stats '[.localhost_monitor.packets, .kstat.packets]')
  frames kmon0p --count 50 --macs 5 --size 100
  ping -q -n -c 2 -i 0.1 127.0.0.1
  ipsend --proto tcp --to 127.0.0.1 --size 100 --count 8
  assert_equal "$(kmonctl stats --json | jq -c --argjson before "$before" \
    '.modules | [.localhost_monitor.packets, .kstat.packets] | [.[0] - $before[0], .[1] - $before[1]]')" "[12,8]"
  assert_equal "$(of_stats '.l2packet_counter.interfaces[0] | [.interface, .packets, .bytes, (.macs | length)]')" '["kmon0",50,5000,5]'
  assert_equal "$(of_stats '[.netmon_proc.interfaces[] | select(.interface == "kmon0")][0].rx_packets')" 50
  assert_equal "$(of_stats '.localhost_monitor | [([.protocols[].packets] | add) == .packets, ([.sizes[].packets] | add) == .packets]')" '[true,true]'
}

@test "cli: stats fits into 80 columns, without colour where there is no terminal" {
  run --separate-stderr kmonctl stats
  assert_success
  assert_equal "$stderr" ""
  [ "$(wc -L <<<"$output")" -le 80 ]
  [[ $output != *$'\e'* ]]
}

@test "cli: status shows the service's own status text, and exits with 3 while it is not running" {
  run kmonctl status
  assert_success
  assert_output --partial "5 of 5 modules"
  systemctl stop kmon
  run kmonctl status
  assert_equal "$status" 3
  assert_output --partial "systemctl start kmon"
  refute_output --partial "5 of 5 modules"
}

@test "cli: a setting changed by hand is a warning in status and doctor, not an error" {
  watching
  kmonctl stop
  run kmonctl status
  assert_success
  assert_output --partial 'start is "0", the configuration says "1"'
  run kmonctl doctor
  assert_success
  assert_output --partial "kstat start is 0, the configuration says 1"
  kmonctl start
}

@test "cli: a full disk is reported" {
  run bash -c 'kmonctl stats >/dev/full'
  assert_equal "$status" 1
  assert_output --partial "No space left on device"
}

@test "cli: exits shows each process once, with its code or signal" {
  follow_exits
  storm --processes 20 --mode mixed --code 4 --name kmon-cli --records "$BATS_TEST_TMPDIR/waited"
  wait_until 30 shown kmon-cli 20
  kill -INT "$follower"
  wait "$follower"
  assert_equal "$(jq -r 'select(.name == "kmon-cli") | "\(.pid) \(.ppid)"' "$out" | sort)" \
    "$(cut -d ' ' -f 1-2 "$BATS_TEST_TMPDIR/waited" | sort)"
  assert_equal "$(jq -r 'select(.summary) | .summary.lost' "$out")" 0
  [ ! -e "/sys/kernel/tracing/instances/kmon.$follower" ]
}

@test "cli: exits filters by name, stops after a number of exits, and prints a summary" {
  kmonctl exits --seconds 30 --name kmon-cli --count 20 --summary --json >"$BATS_TEST_TMPDIR/exits" 3>&- &
  watcher=$!
  wait_until 30 test -d /sys/kernel/tracing/instances/kmon.$watcher
  sleep 2
  storm --processes 5 --name kmon-other
  storm --processes 20 --name kmon-cli
  wait $watcher
  assert_equal "$(jq -c '.summary.by_name | map([.name, .exits])' "$BATS_TEST_TMPDIR/exits")" '[["kmon-cli",20]]'
  assert_documented kmonctl-exits "$BATS_TEST_TMPDIR/exits"
}

@test "cli: exits filters by user and by control group, even one that disappears immediately" {
  kmonctl exits --seconds 60 --cgroup /kmon.slice --uid 65534 --count 3 --json >"$BATS_TEST_TMPDIR/exits" 3>&- &
  watcher=$!
  wait_until 30 test -d /sys/kernel/tracing/instances/kmon.$watcher
  sleep 2
  storm --processes 5 --name kmon-other
  systemd-run -q --wait --slice kmon true
  for _ in 1 2 3; do systemd-run -q --wait --slice kmon --uid 65534 true; done
  wait $watcher
  assert_equal "$(jq -c 'select(.pid) | [.uid, .name, (.cgroup | startswith("/kmon.slice/run-"))]' "$BATS_TEST_TMPDIR/exits" | sort | uniq -c | xargs)" \
    '3 [65534,true,true]'
}

@test "cli: stats --interval shows totals and their growth" {
  kmonctl stats kstat --interval 0.5 --json >"$BATS_TEST_TMPDIR/rates" 3>&- &
  teller=$!
  on_teardown kill -INT $teller
  wait_until 30 grep -q . "$BATS_TEST_TMPDIR/rates"
  before=$(head -n 1 "$BATS_TEST_TMPDIR/rates" | jq .modules.kstat.packets.total)
  ipsend --proto tcp --to 127.0.0.1 --size 100 --count 50
  sleep 3
  kill -INT $teller
  wait $teller
  assert_documented kmonctl-stats-interval "$BATS_TEST_TMPDIR/rates"
  assert_equal "$(jq -s '[.[1:][].modules.kstat.packets.per_second > 0] | any' "$BATS_TEST_TMPDIR/rates")" true
  assert_equal "$(($(tail -n 1 "$BATS_TEST_TMPDIR/rates" | jq .modules.kstat.packets.total) - before))" 50
}

@test "cli: kstat counter, start and stop; load and unload by module name" {
  kmonctl kstat counter 33
  assert_equal "$(get_param kstat counter)" 33
  kmonctl kstat stop
  assert_equal "$(get_param kstat start)" 0
  rmmod kstat
  kmonctl load
  wait_until 30 param_is kstat counter 10
}

@test "cli: macs lists, finds and names addresses" {
  watching
  frames kmon0p --count 50 --macs 5 --size 100
  assert_equal "$(kmonctl macs --json | jq '.macs | length')" 5
  address=$(kmonctl macs --json | jq -r '.macs[0].mac')
  printf '%s kmon-test\n' "$address" >/etc/ethers
  on_teardown rm -f /etc/ethers
  assert_equal "$(kmonctl macs kmon-test --json | jq -r '.macs[].mac')" "$address"
}

@test "cli: exits | head -1 ends by itself and leaves no trace instance" {
  run timeout 60 bash -c 'while :; do /bin/true; done & loop=$!; kmonctl exits --follow 2>/dev/null | head -3; kill $loop'
  assert_equal "${#lines[@]}" 3
  assert_equal "$(find /sys/kernel/tracing/instances -mindepth 1 -name 'kmon.*')" ""
}

# follow_exits: runs `kmonctl exits --follow` in the background. Its process ID is in `follower`, its output in $out and $err.
follow_exits() {
  out=$BATS_TEST_TMPDIR/out err=$BATS_TEST_TMPDIR/err
  kmonctl exits --follow --json >"$out" 2>"$err" 3>&- &
  follower=$!
  on_teardown kill -KILL $follower
  wait_until 30 follows
}
follows() { [ "$(cat /sys/kernel/tracing/instances/kmon.$follower/events/kmon/process_exit/enable 2>/dev/null)" = 1 ]; }
shown() { [ "$(grep -c "\"name\":\"$1\"" "$out")" = "$2" ]; }

@test "cli: exits goes on after the module was unloaded and loaded again" {
  follow_exits
  storm --processes 5 --name kmon-first
  wait_until 30 shown kmon-first 5
  rmmod process_monitor
  wait_until 30 grep -q "^kmonctl: process_monitor was unloaded" "$err"
  modprobe process_monitor
  wait_until 30 grep -q "^kmonctl: process_monitor is back" "$err"
  storm --processes 7 --name kmon-second
  wait_until 30 shown kmon-second 7
  kill -INT $follower
  wait $follower
  [ ! -e /sys/kernel/tracing/instances/kmon.$follower ]
}

# The reader is stopped and its buffer is small. Few other processes end meanwhile.
@test "cli: exits counts the exits that it missed" {
  follow_exits
  kill -STOP $follower
  echo 4 >/sys/kernel/tracing/instances/kmon.$follower/buffer_size_kb
  storm --processes 1000 --name kmon-many
  kill -CONT $follower
  wait_until 30 grep -q "^kmonctl: [0-9,]* exits lost: they came faster than they were read" "$err"
  kill -INT $follower
  wait $follower
  seen=$(grep -c '"name":"kmon-many"' "$out")
  lost=$(jq 'select(.summary) | .summary.lost' "$out")
  echo "seen $seen, lost $lost"
  [ "$seen" -gt 0 ] && [ "$lost" -gt 0 ]
  [ $((seen + lost)) -ge 1000 ] && [ $((seen + lost)) -le 1030 ]
}

@test "cli: top in a terminal of 40x15, 80x24 and 200x50 fills it and shows the modules" {
  command -v tmux >/dev/null || skip "tmux is not installed"
  for size in "40 15" "80 24" "200 50"; do
    read -r columns rows <<<"$size"
    tmux -L kmon-test new-session -d -s top -x "$columns" -y "$rows" 'kmonctl top'
    on_teardown tmux -L kmon-test kill-server
    wait_until 30 top_shows kstat
    screen=$(tmux -L kmon-test capture-pane -p -t top)
    [ "$(wc -L <<<"$screen")" -le "$columns" ]
    tmux -L kmon-test send-keys -t top q
    wait_until 30 no_top
  done
}

@test "cli: top applies the filter, and the keys s and i" {
  command -v tmux >/dev/null || skip "tmux is not installed"
  watching
  frames kmon0p --count 50 --macs 5 --size 100
  address=$(kmonctl macs --json | jq -r '.macs[2].mac')
  printf '%s kmon-printer\n' "$address" >/etc/ethers
  on_teardown rm -f /etc/ethers
  tmux -L kmon-test new-session -d -s top -x 80 -y 24 'kmonctl top'
  on_teardown tmux -L kmon-test kill-server
  wait_until 30 top_shows kmon-printer
  [ "$(tmux -L kmon-test capture-pane -p -t top | grep -c ' kmon0 ')" = 5 ]
  tmux -L kmon-test send-keys -t top / PRINTER
  wait_until 30 top_shows 'filter: PRINTER_'
  tmux -L kmon-test send-keys -t top Enter
  wait_until 30 top_shows 'filter: PRINTER  *p pause'
  [ "$(tmux -L kmon-test capture-pane -p -t top | grep -c ' kmon0 ')" = 1 ]
  tmux -L kmon-test send-keys -t top s
  wait_until 30 top_shows 'bytes/s'
  tmux -L kmon-test send-keys -t top i
  wait_until 30 top_shows '^INTERFACES'
  tmux -L kmon-test send-keys -t top / Escape
  wait_until 30 top_shows '^kmon0 '
  tmux -L kmon-test send-keys -t top q
  wait_until 30 no_top
}

# 2 would be CRITICAL, and 1 WARNING.
@test "cli: alert without a verdict says UNKNOWN and exits with 3" {
  for arguments in "" --bogus "nonsense --warning 1" "--warning" "--warning 1"; do
    # shellcheck disable=SC2086 # words
    run --separate-stderr kmonctl alert $arguments
    assert_equal "'$arguments': $status ${output:0:15}" "'$arguments': 3 KMON UNKNOWN - "
  done
  run bash -c 'kmonctl alert --warning 1 >/dev/full'
  assert_equal "$status" 3
}

@test "cli: pages fit into 40 columns" {
  command -v tmux >/dev/null || skip "tmux is not installed"
  watching
  frames kmon0p --count 50 --macs 5 --size 100
  for command in status stats macs version "exits --seconds 1" "top --once" "stats --interval 1 & sleep 3; kill -INT \$!"; do
    tmux -L kmon-test -f /dev/null new-session -d -s page -x 40 -y 60 "kmonctl $command 2>/dev/null; echo done; sleep 600"
    on_teardown tmux -L kmon-test kill-server
    wait_until 60 page_done
    # -J joins a line that the terminal had to wrap, so it would be longer than 40 here.
    screen=$(tmux -L kmon-test capture-pane -p -J -t page)
    echo "$screen"
    [ "$(wc -L <<<"$screen")" -le 40 ]
    tmux -L kmon-test kill-session -t page
  done
}
page_done() { tmux -L kmon-test capture-pane -p -t page | grep -q '^done$'; }
top_shows() { tmux -L kmon-test capture-pane -p -t top | grep -qi "$1"; }
no_top() { ! tmux -L kmon-test has-session -t top 2>/dev/null; }

@test "cli: reset zeroes the text views and lowers none of kmon's own figures" {
  watching
  frames kmon0p --count 10
  kmonctl reset l2packet_counter
  assert_equal "$(sed -n 's/^Total packets: //p' /proc/l2packet_counter)" 0
  assert_equal "$(of_stats '.l2packet_counter.interfaces[0].packets')" 10
}

@test "cli: stop and start control kstat" {
  kmonctl stop
  assert_equal "$(get_param kstat start)" 0
  kmonctl start
  assert_equal "$(get_param kstat start)" 1
}

@test "cli: apply makes the service use a changed file, and rejects a bad one completely" {
  configure <<<$'[kstat]\ncounter = 71'
  kmonctl apply
  assert_equal "$(get_param kstat counter)" 71
  configure <<<$'[kstat]\ncounter = 72\nstrat = true'
  run --separate-stderr kmonctl apply
  assert_equal "$status" 78
  assert_equal "$(get_param kstat counter)" 71
}

@test "cli: commands that need root say so and exit with 4; commands that only show do not need it" {
  for command in exits "reset kstat" start stop "kstat counter 5" apply; do
    # shellcheck disable=SC2086 # words
    run --separate-stderr as_nobody kmonctl $command
    assert_equal "$command: $status" "$command: 4"
    [ -n "$stderr" ]
  done
  as_nobody kmonctl stats >/dev/null
  as_nobody kmonctl status >/dev/null
  as_nobody kmonctl check >/dev/null
}

@test "cli: doctor finds nothing wrong, or names the first problem" {
  watching
  run kmonctl doctor
  assert_success
  rmmod kstat
  run kmonctl doctor
  assert_equal "$status" 1
  assert_output --partial "kstat"
}

@test "cli: a module that is not loaded: exit 3; bad usage: exit 2" {
  systemctl stop kmon
  rmmod kstat
  run --separate-stderr kmonctl stats kstat
  assert_equal "$status" 3
  for command in bogus "stats bogus" "exits --seconds x" "exits --signal KIL" ""; do
    # shellcheck disable=SC2086 # words
    run --separate-stderr kmonctl $command
    assert_equal "'$command': $status" "'$command': 2"
  done
}
