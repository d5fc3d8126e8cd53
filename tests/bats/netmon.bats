#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# netmon, the program: its lines show the kernel's own figures, and they stream. All interfaces here are in the tests' own
# network namespaces, so nothing else can change their figures.
# shellcheck disable=SC2016,SC2154 # single quotes: jq and awk expand; stderr and stderr_lines are set by run

load ../lib/common

setup_file() {
  command -v netmon >/dev/null || skip "expected: netmon is not installed"
}

setup() {
  kmon_setup
  make_silent_netns alpha
  cd "$BATS_TEST_TMPDIR" || return
}

# make_silent_netns NAME: a network namespace in which no device sends anything by itself.
make_silent_netns() {
  make_netns "$1"
  in_netns "$1" sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
}

# Runs netmon in the namespace, with a time limit so that a netmon that fails to exit does not hang the test. It is an
# array and not a function so that it can be killed when it runs in the background.
netmon=(ip netns exec alpha timeout -k 1 60 netmon)
watch() { "${netmon[@]}" "$@"; }

# ip_figures: what `ip` says about the interfaces of alpha, in netmon's format without the timestamp.
ip_figures() {
  ip -n alpha -j -s -s link show | jq -c '.[] | select(.ifname != "lo") | {interface: .ifname} + (.stats64 | {
    rx_bytes: .rx.bytes, tx_bytes: .tx.bytes, rx_packets: .rx.packets, tx_packets: .tx.packets,
    rx_errors: .rx.errors, tx_errors: .tx.errors, rx_dropped: .rx.dropped, tx_dropped: .tx.dropped})'
}

# pair: the veth pair kmon0 and kmon1, both in alpha.
pair() {
  ip -n alpha link add kmon0 type veth peer name kmon1
  ip -n alpha link set kmon0 up
  ip -n alpha link set kmon1 up
}

# said TEXT FILE: FILE contains this line.
said() { grep -qFx -- "$1" "$2"; }
has_lines() { [ "$(wc -l <"$2")" -ge "$1" ]; }

# --- the lines

@test "netmon: the line of an interface, to the letter" {
  pair
  in_netns alpha frames kmon1 --count 31 --size 100
  in_netns alpha frames kmon0 --count 7 --size 200
  before=$(date +%s)
  watch kmon0 --once >line
  after=$(date +%s)
  time=$(jq .timestamp line)
  cmp line - <<LINE
{"interface":"kmon0","timestamp":$time,"rx_bytes":3100,"tx_bytes":1400,"rx_packets":31,"tx_packets":7,"rx_errors":0,"tx_errors":0,"rx_dropped":31,"tx_dropped":0}
LINE
  [ "$time" -ge "$before" ] && [ "$time" -le "$after" ]
}

@test "netmon: all is every interface but lo, with the figures of ip -s link" {
  pair
  ip -n alpha link add kmon2 type dummy
  in_netns alpha frames kmon1 --count 12 --size 60
  watch all --once | jq -c 'del(.timestamp)' | sort >lines
  cmp lines <(ip_figures | sort)
  assert_equal "$(wc -l <lines)" 3
}

@test "netmon: says the same with netmon_proc loaded, and the same as /proc/netmon" {
  pair
  in_netns alpha frames kmon0 --count 5
  watch all --once | jq -c 'del(.timestamp)' >without
  load_module netmon_proc
  watch all --once | jq -c 'del(.timestamp)' >with
  cmp without with
  cmp with <(in_netns alpha cat /proc/netmon)
}

@test "netmon: lo can be asked for by name, and each line is JSON" {
  watch lo --count 2 --interval 0.1 | jq -r .interface >names
  assert_equal "$(<names)" "lo
lo"
}

@test "netmon: several names, globs, alternative names and exclusions" {
  pair
  ip -n alpha link add kmon2 type dummy
  ip -n alpha link add other0 type dummy
  ip -n alpha link property add dev other0 altname a-name-of-more-than-15-bytes
  names() { watch --once "$@" | jq -r .interface | sort | xargs; }
  assert_equal "$(names kmon2 kmon0)" "kmon0 kmon2"
  assert_equal "$(names 'kmon[01]' lo)" "kmon0 kmon1 lo"
  assert_equal "$(names a-name-of-more-than-15-bytes)" other0
  assert_equal "$(names all --exclude 'kmon*')" other0
  assert_equal "$(names --exclude 'kmon*')" other0
  run --separate-stderr watch kmon0 nosuch0 --once
  assert_equal "$status ${stderr_lines[0]}" "1 netmon: there is no interface nosuch0"
  run --separate-stderr watch 'nosuch*' --once
  assert_equal "$status ${stderr_lines[0]}" "1 netmon: no interface matches nosuch*"
}

@test "netmon: --details and --timestamp add to the line and change nothing else" {
  pair
  ip -n alpha link property add dev kmon0 altname lan
  watch kmon0 --once --details --timestamp ms >line
  assert_equal "$(jq -c '[.operstate, .altnames]' line)" '["up",["lan"]]'
  assert_equal "$(grep -cE '^\{"interface":"kmon0","timestamp":[0-9]{10}\.[0-9]{3},"rx_bytes":0,' line)" 1
  ip -n alpha link set kmon1 down
  assert_equal "$(watch kmon0 --once --details | jq -r .operstate)" lowerlayerdown
  assert_equal "$(watch kmon1 --once --details | jq -r .operstate)" "$(in_netns alpha cat /sys/class/net/kmon1/operstate)"
}

@test "netmon: a name with quotes, backslashes and bytes that are not UTF-8 forges nothing" {
  name=$'k"m\\\x1b\xff'
  ip -n alpha link add "$name" type dummy
  watch all --once >line
  assert_equal "$(wc -l <line)" 1
  assert_equal "$(LC_ALL=C cut -d , -f 1 line)" '{"interface":"k\"m\\\u001b\ufffd"'
  run --separate-stderr watch $'no\x1b[2J' --once
  assert_equal "$status" 1
  assert_equal "${stderr_lines[0]}" 'netmon: there is no interface no\x1b[2J'
}

# --- when

@test "netmon: --count and --interval, fractions too" {
  began=$(date +%s%N)
  watch lo -n 6 -i 0.5 >lines
  took=$((($(date +%s%N) - began) / 1000000))
  assert_equal "$(wc -l <lines)" 6
  [ "$took" -ge 2500 ]
}

@test "netmon: without options, a line each second" {
  "${netmon[@]}" lo >lines 3>&- &
  on_teardown kill $!
  wait_until 60 has_lines 8 lines
  # On a busy machine, one or another line is late.
  assert_equal "$(jq .timestamp lines | head -n 8 | awk 'NR > 1 { print $1 - last } { last = $1 }' | sort -n | sed -n 4p)" 1
}

@test "netmon: each line is flushed, so that a reader has it while netmon waits" {
  mkfifo stream
  "${netmon[@]}" lo --interval 600 >stream 3>&- &
  on_teardown kill $!
  read -r -t 20 line <stream
  assert_equal "$(jq -r .interface <<<"$line")" lo
}

# waits: netmon sleeps until the next reading. Sets `pid`.
waits() { pid=$(pgrep -x -P $watching netmon) && grep -q poll "/proc/$pid/wchan"; }

@test "netmon: --rates shows the growth of the figures per second" {
  pair
  began=$SECONDS
  "${netmon[@]}" kmon0 --rates --interval 8 --count 2 >lines 3>&- &
  watching=$!
  wait_until 30 waits
  kill -STOP "$pid" # between two readings, however long the frames take
  in_netns alpha frames kmon1 --count 800 --size 100
  kill -CONT "$pid"
  wait $watching
  assert_equal "$(wc -l <lines)" 2
  # On a busy machine the interval may be longer, but never shorter, and not longer than the whole measurement.
  jq -e -s --argjson took $((SECONDS + 1 - began)) '.[0].rx_packets == 800 and
    .[0].rx_packets_per_second <= 100 and .[0].rx_packets_per_second >= 800 / $took and
    (.[0].rx_bytes_per_second / .[0].rx_packets_per_second | round) == 100 and .[1].rx_packets_per_second == 0' lines
}

# --- its end

@test "netmon: netmon | head -1 ends by itself, even while it waits" {
  began=$SECONDS
  run --separate-stderr bash -o pipefail -c 'ip netns exec alpha timeout 60 netmon lo --interval 3000 | head -1'
  assert_success
  assert_equal "${#lines[@]}" 1
  assert_equal "$stderr" ""
  [ $((SECONDS - began)) -lt 30 ]
}

@test "netmon: output that cannot be written is an error" {
  run --separate-stderr bash -c 'ip netns exec alpha netmon lo --once >/dev/full'
  assert_equal "$status" 1
  assert_equal "$stderr" "netmon: cannot write to standard output: No space left on device"
}

@test "netmon: with standard output closed it says so, and writes nowhere else" {
  run --separate-stderr bash -c 'ip netns exec alpha netmon lo --once >&-'
  assert_equal "$status" 1
  assert_equal "$stderr" "netmon: cannot write to standard output: Bad file descriptor"
}

@test "netmon: an interface that does not exist: a message on stderr, exit 1" {
  run --separate-stderr watch nosuch0
  assert_equal "$status" 1
  assert_equal "$output" ""
  assert_equal "${stderr_lines[0]}" "netmon: there is no interface nosuch0"
}

@test "netmon: bad usage exits with 2 and says what is expected" {
  for arguments in --bogus "--interval 0" "--interval x" "--interval nan" "--interval inf" "--count 0" "--count 1.5" \
    "--count -1" "--once --count 2" "--timestamp ns"; do
    # shellcheck disable=SC2086 # words
    run --separate-stderr watch $arguments
    assert_equal "$arguments: $status" "$arguments: 2"
    assert_equal "$output" ""
    [ -n "$stderr" ]
  done
  run --separate-stderr watch --help
  assert_success
  assert_equal "$stderr" ""
}

@test "netmon: an interface that goes away is reported, and picked up again when it is back" {
  pair
  "${netmon[@]}" kmon0 --interval 0.1 >lines 2>words 3>&- &
  on_teardown kill $!
  wait_until 30 has_lines 1 lines
  ip -n alpha link del kmon0
  wait_until 30 said "netmon: kmon0 disappeared" words
  away=$(wc -l <lines)
  pair
  in_netns alpha frames kmon1 --count 3
  wait_until 30 said "netmon: kmon0 is back" words
  wait_until 30 has_lines $((away + 3)) lines
  assert_equal "$(tail -n 1 lines | jq .rx_packets)" 3
  assert_equal "$(<words)" "netmon: kmon0 disappeared
netmon: kmon0 is back"
}

# --- how much it asks the kernel

@test "netmon: 500 interfaces cost one rtnetlink dump per reading" {
  command -v strace >/dev/null || skip "expected: no strace"
  seq -f 'link add kmon%g type dummy' 500 | ip -n alpha -batch -
  in_netns alpha strace -o trace -e trace=network netmon all --count 3 --interval 0.1 >lines
  assert_equal "$(grep -c RTM_GETLINK trace)" 3
  assert_equal "$(grep -c '^socket' trace)" 1
  assert_equal "$(jq -r .interface lines | sort | uniq -c | awk '{ print $1 }' | sort -u)" 3
  assert_equal "$(wc -l <lines)" 1500
}

@test "netmon: needs no privilege" {
  pair
  in_netns alpha setpriv --reuid 65534 --regid 65534 --clear-groups netmon kmon0 --once | jq -e '.interface == "kmon0"'
}

# --- configuration: in a mount namespace, so that the machine's own files stay as they are

# configured CONF [UCI]: runs netmon without an argument, with CONF as /etc/netmon.conf (no file if empty) and UCI as the
# program uci (no program if not given).
configured() {
  local conf=$1 uci=${2:-}
  mkdir -p bin
  rm -f bin/uci /etc/netmon.conf
  [ -z "$uci" ] || install -m 755 <(printf '#!/bin/sh\n%s\n' "$uci") bin/uci
  printf '%b' "$conf" >conf
  PATH=$PWD/bin:$PATH ip netns exec alpha bash -euc '
    if [ -s conf ]; then touch /etc/netmon.conf && mount --bind conf /etc/netmon.conf; fi
    exec netmon --once'
}

@test "netmon: the interface comes from /etc/netmon.conf, else from UCI, else all are shown" {
  [ ! -e /etc/netmon.conf ] || skip "expected: this machine has a /etc/netmon.conf"
  on_teardown rm -f /etc/netmon.conf
  pair
  one='[ "$*" = "-q get netmon.interface" ] && echo lo'
  first='[ "$*" = "-q get netmon.@netmon[0].interface" ] && echo kmon1'
  assert_equal "$(configured '# uplink\n\nkmon0\n' "$one" | jq -r .interface)" kmon0
  assert_equal "$(configured '' "$one" | jq -r .interface)" lo
  assert_equal "$(configured '' "$first" | jq -r .interface)" kmon1
  assert_equal "$(configured '' 'exit 1' | jq -r .interface | sort | xargs)" "kmon0 kmon1"
  assert_equal "$(configured '# nothing\n' | jq -r .interface | sort | xargs)" "kmon0 kmon1"
}

@test "netmon: waits for a configured interface that does not exist yet; on the command line it is an error" {
  [ ! -e /etc/netmon.conf ] || skip "expected: this machine has a /etc/netmon.conf"
  on_teardown rm -f /etc/netmon.conf
  configured 'kmon0\n' >lines 2>words 3>&- & # with --once; a reading without an interface does not count as the one
  waiting=$!
  on_teardown kill $waiting
  wait_until 30 said "netmon: kmon0 does not exist yet; waiting for it" words
  run --separate-stderr watch kmon0 --once
  assert_equal "$status ${stderr_lines[0]}" "1 netmon: there is no interface kmon0"
  pair
  wait $waiting
  assert_equal "$(jq -r .interface lines)" kmon0
  assert_equal "$(<words)" "netmon: kmon0 does not exist yet; waiting for it
netmon: kmon0 has appeared"
}

@test "netmon: a configuration that names no interface exits with 78 and says where" {
  [ ! -e /etc/netmon.conf ] || skip "expected: this machine has a /etc/netmon.conf"
  on_teardown rm -f /etc/netmon.conf
  run --separate-stderr configured '# uplink\ntwo words\n'
  assert_equal "$status" 78
  assert_equal "${stderr_lines[0]}" 'netmon: /etc/netmon.conf:2: "two words" is not a valid interface name'
  run --separate-stderr configured '' 'echo eth0/1'
  assert_equal "$status" 78
  mkdir /etc/netmon.conf
  run --separate-stderr timeout 20 ip netns exec alpha netmon --once
  rmdir /etc/netmon.conf
  assert_equal "$status ${stderr_lines[0]}" "78 netmon: cannot read /etc/netmon.conf: Is a directory"
  mkfifo /etc/netmon.conf
  run --separate-stderr timeout 20 ip netns exec alpha netmon --once
  assert_equal "$status ${stderr_lines[0]}" "78 netmon: cannot read /etc/netmon.conf: it is not a regular file"
}

@test "netmon: a uci that never ends, or prints endlessly, is killed" {
  [ ! -e /etc/netmon.conf ] || skip "expected: this machine has a /etc/netmon.conf"
  run --separate-stderr configured '' 'sleep 1000'
  assert_equal "$status ${stderr_lines[0]}" "1 netmon: uci did not answer within 5 seconds, and was killed"
  run --separate-stderr configured '' 'yes'
  assert_equal "$status ${stderr_lines[0]}" "1 netmon: uci printed more than 4096 bytes, and was killed"
}

# --- as a service

journal_has_line() { journalctl -q -o cat -u "netmon@$1" | grep -q "^{\"interface\":\"$1\""; }

@test "netmon@.service writes the lines to the journal, with no capability" {
  [ -d /run/systemd/system ] || skip "expected: no systemd here"
  make_link kmon-x.5 type dummy
  on_teardown systemctl stop netmon@kmon-x.5
  systemctl start netmon@kmon-x.5
  wait_until 60 journal_has_line kmon-x.5
  pid=$(systemctl show -P MainPID netmon@kmon-x.5)
  assert_equal "$(awk '/^Cap(Eff|Prm|Bnd|Amb)/ { print $2 }' "/proc/$pid/status" | sort -u)" 0000000000000000
  [ "$(awk '/^Uid/ { print $2 }' "/proc/$pid/status")" != 0 ]
}
