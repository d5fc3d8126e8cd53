#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# The walk-throughs in the documents of the five original projects, typed command by command by an ordinary user with sudo
# in a checkout after `make`. The expected outputs are copied from the documents, with each number written as N. Where kmon
# differs on purpose, the test says why (and docs/coming-from-the-originals.md tells users).
#
# Never typed: git clone, apt and yum (no network here), mokutil (no EFI), `tail -f /var/log/kern.log` (no syslog), and
# `dmesg -C`, which would clear the kernel log that is checked at the end.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # the typed command expands; each test is a subshell; run, or lib, assigns

load ../lib/common

checkout=/kmon/checkout
home=/home/user

setup_file() {
  [ -e /kmon/init ] || skip "expected: makes a user with sudo, so only in our own guests"
  if [ ! -d $home ]; then
    echo "user:*:1000:1000::$home:/bin/bash" >>/etc/passwd # some guests have no useradd
    echo "user:x:1000:" >>/etc/group
    install -d -o user -g user $home
  fi
  cat >/etc/sudoers.d/user <<'END'
user ALL=(ALL) NOPASSWD: ALL
Defaults env_keep += "KMON_QUICK KMON_DURATION KMON_PROCESSES"
END
  grep -q ' kmon$' /etc/hosts 2>/dev/null || echo '127.0.1.1 kmon' >>/etc/hosts
  chown -R user: "$checkout"
  mkdir -p "$home/bin"
  # The probes that the tests send with. They are newer than their sources, so nothing is compiled.
  mkdir -p "$checkout/build/probes"
  cp /kmon/bin/* "$checkout/build/probes/"
  # The interfaces named in the documents. Their other ends are in a namespace.
  ip netns add lan
  for name in eth0 eth1 enp0s3; do
    ip link add "$name" type veth peer name "${name}p" netns lan
    quiet_link "$name"
    in_netns lan sysctl -qw "net.ipv6.conf.${name}p.disable_ipv6=1"
    ip link set "$name" up
    ip -n lan link set "${name}p" up
  done
}

teardown_file() {
  [ -e /kmon/init ] || return 0
  for name in eth0 eth1 enp0s3; do ip link del "$name" || true; done
  ip netns del lan
}

# as_user COMMAND: runs a line of the documents as the user types it. `sudo` does not ask for a password.
as_user() {
  setpriv --reuid user --regid user --init-groups env -i HOME=$home USER=user TERM=dumb LANG=C.UTF-8 \
    KMON_QUICK=1 KMON_DURATION=4 KMON_PROCESSES=12 PATH="$home/bin:/usr/local/bin:/usr/bin:/bin" \
    bash -o pipefail -c "cd $checkout && $1" 3>&-
}
as_root() { (cd $checkout && bash -o pipefail -c "$1" 3>&-); }

# typed COMMAND: the command succeeds. Its output is in $output.
typed() {
  run as_user "$1"
  echo "\$ $1"
  printf '%s\n' "$output"
  assert_success
}

# refused COMMAND WORDS: the command fails with these words.
refused() {
  run as_user "$1"
  printf '$ %s\n%s\n' "$1" "$output"
  assert_failure
  assert_output --partial "$2"
}

# normal: replaces each number by N, and the spaces that align numbers by one.
normal() { sed -E 's/[0-9]+/N/g; s/ +N/ N/g'; }

# assert_shows: the output equals standard input, except for the numbers.
assert_shows() { assert_equal "$(normal <<<"$output")" "$(normal)"; }

# frames_from N MAC: eth0 (or $interface) receives N frames from MAC.
frames_from() { in_netns lan frames "${interface:-eth0}p" --count "$1" --src "$2"; }

# ---- Localhost Traffic Monitor

@test "originals: localhost monitor: make, insmod, ping, print, rmmod, dmesg" {
  typed 'make'
  typed 'sudo insmod localhost_monitor.ko'
  typed 'sudo ping -c 2 127.0.0.1' # sudo: in this guest, only root gets a raw socket
  typed 'sudo ping -c 2 ::1'
  typed './print_localhost_stats.sh'
  assert_equal "$(tail -n +3 <<<"$output")" "==== Localhost Monitor Stats ====
IPv4 packets: 4
IPv6 packets: 4
TCP packets: 0
UDP packets: 0
ICMP packets: 4
ICMPv6 packets: 4
Packet size histogram (bytes):
0-127: 8
128-255: 0
256-511: 0
512-1023: 0
1024-65535: 0"
  typed 'cat /proc/localhost_stats'
  assert_shows <<'END'
==== Localhost Monitor Stats ====
IPv4 packets: 10
IPv6 packets: 4
TCP packets: 2
UDP packets: 3
ICMP packets: 5
ICMPv6 packets: 1
Packet size histogram (bytes):
0-127: 4
128-255: 3
256-511: 2
512-1023: 3
1024-65535: 2
END
  typed 'sudo rmmod localhost_monitor'
  typed 'sudo dmesg | tail -30' # sudo: Debian shows the log to root alone
  assert_line --regexp '\[localhost_monitor\] Final stats: IPv4=4, IPv6=4, TCP=0, UDP=0, ICMP=4, ICMPv6=4$'
}

# The original logs each packet. kmon does so only on request: a busy loopback would flood the log.
@test "originals: localhost monitor: each packet in the kernel log, when log_packets asks for it" {
  typed 'sudo insmod localhost_monitor.ko'
  typed 'sudo dmesg | tail -3'
  assert_line --regexp '\[localhost_monitor\] Packets are logged while /sys/module/localhost_monitor/parameters/log_packets is 1$'
  typed 'sudo ping -c 1 127.0.0.1'
  assert_equal "$(kernel_log | grep -c '\[localhost_monitor\] IPv4')" 0
  typed 'echo 1 | sudo tee /sys/module/localhost_monitor/parameters/log_packets'
  typed 'sudo ping -c 1 127.0.0.1'
  assert_equal "$(kernel_log | grep -c '\[localhost_monitor\] IPv4 ICMP 127.0.0.1 -> 127.0.0.1 len 84$')" 2
}

# ---- Layer 2 Packet Counter

@test "originals: packet counter: quick start" {
  typed 'make build'
  typed 'sudo insmod l2packet_counter.ko interface=enp0s3'
  interface=enp0s3 frames_from 7 02:00:00:00:00:0a
  typed 'cat /proc/l2packet_counter'
  assert_line 'Interface: enp0s3'
  assert_line 'Total packets: 7'
  typed 'sudo rmmod l2packet_counter'
}

@test "originals: packet counter: module management and monitoring by make" {
  typed 'make load'
  typed 'make stats'
  assert_line 'Interface: eth0'
  typed 'make unload'
  typed 'make load INTERFACE=enp0s3'
  typed 'make status'
  assert_line --regexp '^l2packet_counter: loaded, version [0-9.]+$'
  assert_line '  interface=enp0s3'
  typed 'make reload'
  typed 'make stats'
  assert_line 'Interface: enp0s3' # the original goes back to eth0
  interface=enp0s3 frames_from 5 02:00:00:00:00:0a
  typed 'make stats'
  assert_line 'Total packets: 5'
  typed 'make reset'
  typed 'cat /proc/l2packet_counter'
  assert_line 'Total packets: 0'
  interface=enp0s3 frames_from 3 02:00:00:00:00:0a
  typed 'echo "reset" | sudo tee /proc/l2packet_counter'
  typed 'make stats'
  assert_line 'Total packets: 0'
  typed 'make dmesg'
  assert_output --partial 'l2packet_counter: Interface: enp0s3, Total packets: 0, MAC addresses: 0'
  typed 'make unload'
}

@test "originals: packet counter: manual loading and unloading" {
  typed 'sudo insmod l2packet_counter.ko interface=eth1'
  typed 'lsmod | grep l2packet_counter'
  assert_shows <<<'l2packet_counter 12288 0'
  typed 'sudo rmmod l2packet_counter'
}

# kmon sorts by count, largest first. The document's 11:22:33:44:55:66 is a group address, which no sender can have; kmon
# skips those, as the original says of itself. So the test uses 12:22:… instead.
@test "originals: packet counter: the output format" {
  typed 'make load'
  frames_from 523 aa:bb:cc:dd:ee:ff
  frames_from 724 12:22:33:44:55:66
  frames_from 9 11:22:33:44:55:66
  typed 'cat /proc/l2packet_counter'
  assert_output 'Interface: eth0
Total packets: 1247
MAC Address Statistics:
MAC Address        Packet Count
------------------ ------------
12:22:33:44:55:66          724
aa:bb:cc:dd:ee:ff          523'
}

# The constant RESET_INTERVAL_SEC is the parameter reset_interval here. Nothing replaces HASH_TABLE_BITS: the table grows.
@test "originals: packet counter: the constants of the source are live settings" {
  typed 'make load'
  assert_equal "$(cat /sys/module/l2packet_counter/parameters/{reset_interval,max_macs} | xargs)" "20 65536"
  typed 'echo 0 | sudo tee /sys/module/l2packet_counter/parameters/reset_interval'
}

@test "originals: packet counter: troubleshooting" {
  typed 'sudo make load'
  typed 'sudo dmesg | tail -10'
  typed 'ip link show'
  assert_output --partial eth0
  typed 'make unload'
  refused 'make load INTERFACE=your_interface' 'No such device'
  typed 'sudo dmesg | tail -10'
  assert_output --partial 'l2packet_counter: interface your_interface does not exist'
  # The name in the document is longer than an interface name can be.
  refused 'make load INTERFACE=your_interface_name' 'Invalid parameters'
  refused 'sudo insmod l2packet_counter.ko interface=lo' 'Invalid parameters'
  typed 'ls /lib/modules/$(uname -r)/build'
  assert_line Makefile
}

@test "originals: packet counter: the tests, by their names at the top level" {
  typed 'sudo ./run_tests.sh --interface enp0s3 basic'
  assert_line --regexp '^[0-9]+ passed, 0 failed, [0-9]+ skipped; see '
  refute_output --partial '[SKIP]'
  typed 'cat /tmp/packet_counter_tests.log'
  assert_line --regexp '^ok 1 load: '
  typed 'cat /tmp/packet_counter_test_report.txt'
  assert_line 'Interface: enp0s3'
}

# Together with the test above, these two are all of `sudo ./run_tests.sh --interface enp0s3`.
# bats test_tags=heavy
@test "originals: packet counter: the traffic and the stress tests, given the bare name of an interface" {
  (while :; do in_netns lan frames enp0s3p --count 20; sleep 0.3; done >/dev/null 2>&1) 3>&- &
  on_teardown kill $!
  typed 'sudo ./run_tests.sh --interface enp0s3 traffic'
  assert_line --regexp '^[0-9]+ passed, 0 failed, 0 skipped; see '
  typed 'sudo ./test_stress.sh enp0s3'
  assert_line --regexp '^[0-9]+ passed, 0 failed, [0-9]+ skipped; see '
}

@test "originals: packet counter: the tests' commands find their place through links, and say what is missing" {
  # Far from the checkout, and through two links.
  typed 'ln -sf $PWD/test_module.sh ~/linked && cd / && ~/linked --help'
  assert_line --partial 'Usage: run_tests.sh'
  refused './run_tests.sh enp0s3' 'sudo ./run_tests.sh all'
  refused 'sudo ./test_traffic.sh nosuch0' "there is no suite, option or interface 'nosuch0'"
  mkdir "$BATS_TEST_TMPDIR/bin"
  find /usr/bin /usr/sbin /bin/ /sbin/ -maxdepth 1 ! -type d ! -name bats ! -name jq -exec ln -sf -t "$BATS_TEST_TMPDIR/bin" {} +
  run env PATH="$BATS_TEST_TMPDIR/bin" $checkout/test_module.sh eth0
  assert_failure 1
  assert_output 'run_tests.sh: please install: bats (package bats), jq (package jq)'
}

# ---- KSTAT

@test "originals: kstat: start, stop, nout and counter" {
  typed 'sudo insmod kstat.ko'
  ipsend --proto tcp --to 127.0.0.1 --size 100 --count 20
  assert_equal "$(</proc/kstat/nout)" 0 # loading is not starting
  as_root 'echo "1" > /sys/module/kstat/parameters/start'
  ipsend --proto tcp --to 127.0.0.1 --size 100 --count 25
  assert_equal "$(</proc/kstat/counter) $(</proc/kstat/nout)" "10 20"
  as_root 'echo 5 > /proc/kstat/counter'
  assert_equal "$(</proc/kstat/counter) $(</proc/kstat/nout)" "5 25"
  ipsend --proto udp --to 127.0.0.1 --size 100 --count 25
  assert_equal "$(</proc/kstat/nout)" 25
  as_root 'echo "0" > /sys/module/kstat/parameters/start'
  ipsend --proto tcp --to 127.0.0.1 --size 100 --count 25
  assert_equal "$(</proc/kstat/nout)" 25
  typed 'sudo rmmod kstat'
}

# ---- netmon

# A line of netmon for each of these interfaces, exact except for the numbers.
netmon_lines() {
  local name
  for name; do
    echo "{\"interface\":\"$name\",\"timestamp\":1,\"rx_bytes\":1,\"tx_bytes\":1,\"rx_packets\":1,\"tx_packets\":1,\"rx_errors\":1,\"tx_errors\":1,\"rx_dropped\":1,\"tx_dropped\":1}"
  done | normal
}
assert_netmon() { assert_equal "$(normal <<<"$output")" "$(netmon_lines "$@")"; }

@test "originals: netmon: make produces netmon and netmon_proc.ko" {
  typed 'make'
  typed 'ls netmon netmon_proc.ko'
  # Where there is no CMake, make builds everything else and says so in one line. netmon was built elsewhere.
  assert_equal "$(grep -c '^netmon is not built' /kmon/checkout.log)" 1
  assert_equal "$(grep netmon /kmon/checkout.log | grep -v 'netmon_proc')" \
    'netmon is not built; on Debian 12 or later: sudo apt install cmake g++ ninja-build libcli11-dev libexpected-dev'
}

interfaces() { ip -o link | sed -n 's/^[0-9]*: \([^:@]*\).*/\1/p' | grep -vx lo; }

# It prints every second until something stops it; here `head` does.
@test "originals: netmon: all interfaces, one, and one that is not there" {
  typed './netmon all | head -n 3'
  mapfile -t names < <(interfaces | head -n 3)
  assert_netmon "${names[@]}"
  typed './netmon eth0 | head -n 2'
  assert_netmon eth0 eth0
  refused './netmon nosuch0' 'netmon: there is no interface nosuch0'
  assert_equal "$status" 1
}

has_line() { grep -qFx -- "$1" "$2"; }

# configured_netmon INTERFACE: ./netmon finds the interface in its configuration, waits until it exists, and shows it.
configured_netmon() {
  as_user "./netmon 2>words | head -n 2 >lines" 3>&- &
  local typist=$!
  wait_until 30 has_line "netmon: $1 does not exist yet; waiting for it" $checkout/words
  make_link "$1" type dummy
  wait "$typist"
  output=$(<$checkout/lines)
  assert_netmon "$1" "$1"
  assert_equal "$(tail -n 1 $checkout/words)" "netmon: $1 has appeared"
  rm $checkout/{words,lines}
}

@test "originals: netmon: the interface from /etc/netmon.conf, which comes later" {
  echo rmnet_data0 >/etc/netmon.conf
  on_teardown rm /etc/netmon.conf
  configured_netmon rmnet_data0
}

# A stand-in for OpenWrt's uci that does what these lines need.
@test "originals: netmon: the interface from UCI, which comes later" {
  on_teardown rm $home/bin/uci
  install -m 755 /dev/stdin $home/bin/uci <<'END'
#!/bin/bash
case $1 in
  set) echo "${2#*=}" >~/"uci.${2%%=*}" ;;
  -q) [ "$2" = get ] && cat ~/"uci.$3" ;;
esac
END
  typed "uci set netmon.interface='wwan0'"
  typed 'uci commit netmon'
  configured_netmon wwan0
}

# A stand-in for websocat, which stores what it is sent.
@test "originals: netmon: JSON piped to websocat streams" {
  on_teardown rm $home/bin/websocat
  install -m 755 /dev/stdin $home/bin/websocat <<'END'
#!/bin/bash
echo "$1" >~/websocat.url
head -n 2 >~/websocat.lines
END
  typed './netmon eth0 | websocat ws://localhost:9001'
  output=$(<$home/websocat.lines)
  assert_netmon eth0 eth0
  assert_equal "$(<$home/websocat.url)" ws://localhost:9001
}

@test "originals: netmon: the kernel module for one interface and for all" {
  typed 'sudo insmod netmon_proc.ko iface=eth0'
  typed 'cat /proc/netmon'
  assert_shows <<<'{"interface":"eth0","rx_bytes":1,"tx_bytes":2,"rx_packets":3,"tx_packets":4,"rx_errors":0,"tx_errors":0,"rx_dropped":0,"tx_dropped":0}'
  typed 'sudo rmmod netmon_proc'
  typed 'sudo insmod netmon_proc.ko'
  typed 'cat /proc/netmon'
  assert_equal "$(jq -r .interface <<<"$output")" "$(interfaces)"
  refused 'sudo insmod netmon_proc.ko' 'File exists' # only one can be loaded
  typed 'sudo rmmod netmon_proc'
}

# ---- Process monitoring

@test "originals: process monitor: what make prints" {
  typed 'uname -r'
  typed 'ls /lib/modules/$(uname -r)/build'
  assert_line Makefile
  typed 'make && ls process_monitor.ko'
  # Two makes: the top one calls make in src. Newer kernels print shorter paths.
  run cat /kmon/checkout.log
  assert_line --regexp "^make.* -C /lib/modules/$(uname -r)/build M=/kmon/checkout/src modules$"
  assert_line --regexp '^  CC \[M\]  (/kmon/checkout/src/)?process_monitor\.o$'
  assert_line --regexp '^  MODPOST (/kmon/checkout/src/)?Module\.symvers$'
  assert_line --regexp '^  LD \[M\]  (/kmon/checkout/src/)?process_monitor\.ko$'
}

@test "originals: process monitor: load, watch, make processes, unload" {
  typed 'sudo insmod process_monitor.ko'
  typed 'lsmod | grep process_monitor'
  assert_shows <<<'process_monitor        12288  0'
  typed 'sudo dmesg | grep PROCESS_MONITOR'
  # The address of the probe is hashed: the log must not reveal where the kernel is in memory.
  output=$(kernel_log | grep PROCESS_MONITOR | head -n 6 | sed -E 's/at ([0-9a-f]{16}|\(_*ptrval_*\))$/at ffffffffa1234567/')
  assert_shows <<'END'
PROCESS_MONITOR: ========================================
PROCESS_MONITOR: Module loading...
PROCESS_MONITOR: Registered exit kprobe at ffffffffa1234567
PROCESS_MONITOR: Module loaded successfully
PROCESS_MONITOR: Monitoring process termination events
PROCESS_MONITOR: ========================================
END
  typed 'ls'
  typed 'ps aux'
  typed 'whoami'
  assert_output user
  typed 'date'
  typed 'echo "Testing"'
  wait_until 30 logged date
  typed 'sudo dmesg | grep PROCESS_MONITOR | tail -20'
  [ "${#lines[@]}" = 20 ]
  for name in ls ps whoami date; do
    output=$(kernel_log | grep -A 1 "Name: $name, Parent" | head -n 2)
    assert_shows <<END
PROCESS_MONITOR: Process exiting - PID: 1234, Name: $name, Parent PID: 1200
PROCESS_MONITOR:   User time: 2000000 ns, System time: 3000000 ns
END
  done
  typed 'sudo rmmod process_monitor'
  typed 'sudo dmesg | grep PROCESS_MONITOR | tail -5'
  output=$(sed -E 's/^\[ *[0-9.]+\] //' <<<"$output" | tail -n 4)
  assert_shows <<'END'
PROCESS_MONITOR: ========================================
PROCESS_MONITOR: Module unloaded
PROCESS_MONITOR: Total process exits monitored: 87
PROCESS_MONITOR: ========================================
END
}
logged() { kernel_log | grep -q "PROCESS_MONITOR: Process exiting - PID: [0-9]*, Name: $1, "; }

@test "originals: process monitor: the log in real time" {
  typed 'sudo insmod process_monitor.ko'
  # In a terminal, where grep shows each line at once.
  as_user "script -qfc 'sudo dmesg -w | grep PROCESS_MONITOR' ~/first_terminal" >/dev/null 3>&- &
  local terminal=$!
  wait_until 30 pgrep -x dmesg
  typed 'ls; ps; date; whoami; pwd'
  wait_until 30 grep -E 'PROCESS_MONITOR: Process exiting - PID: [0-9]+, Name: whoami, Parent PID: [0-9]+' $home/first_terminal
  pkill -x dmesg # Ctrl-C
  wait "$terminal" || true
}

# kmon hooks the place where the kernel knows that the last thread has ended, so it does not need do_exit. The symbol exists
# anyway.
@test "originals: process monitor: troubleshooting" {
  typed 'sudo cat /proc/kallsyms | grep do_exit'
  assert_line --regexp ' T do_exit$'
}

# ---- make's verbs

# verbs MODULE WHO: types each of make's verbs, as root or as user.
verbs() {
  local module=$1 run_as=as_$2 verb
  for verb in load status info stats reset dmesg reload unload; do
    run "$run_as" "make $verb MODULE=$module"
    printf '$ make %s MODULE=%s (%s)\n%s\n' "$verb" "$module" "$2" "$output"
    assert_success
    case $verb in
      load | reload) [ -d "/sys/module/$module" ] ;;
      status) assert_line --partial "$module: loaded, version " ;;
      info) assert_line --partial "$checkout/src/$module.ko" ;;
      stats) [ -n "$output" ] ;;
      dmesg) [ -n "$output" ] ;;
      reset) ;;
      unload) [ ! -e "/sys/module/$module" ] ;;
    esac
  done
  run "$run_as" "make status MODULE=$module"
  assert_output --partial "$module: not loaded"
  for verb in unload stats reset; do
    run "$run_as" "make $verb MODULE=$module"
    assert_failure
    assert_output --partial "$module is not loaded; do: make load MODULE=$module"
  done
}

@test "originals: every verb of make for each module, as root" {
  for module in "${kmon_modules[@]}"; do verbs "$module" root; done
}

@test "originals: every verb of make for each module, as an ordinary user with sudo" {
  for module in "${kmon_modules[@]}"; do verbs "$module" user; done
}

@test "originals: make's verbs for all modules at once" {
  typed 'make load MODULE=all'
  assert_equal "$(as_user 'make status MODULE=all' | grep -c ': loaded, version ')" 5
  set_param kstat start 1
  ipsend --proto tcp --to 127.0.0.1 --size 100 --count 30
  frames_from 12 02:00:00:00:00:0a
  typed 'make stats MODULE=all'
  assert_line 'TCP packets: 30'
  assert_line 'Total packets: 12'
  assert_line 30
  typed 'make reset MODULE=all'
  assert_line "netmon_proc shows the kernel's own figures: there is nothing to reset"
  typed 'make stats MODULE=all'
  assert_line 'TCP packets: 0'
  assert_line 'Total packets: 0'
  assert_line 0
  typed 'make unload MODULE=all'
  refused 'make load MODULE=bogus' 'MODULE=bogus: expected one of '
}

@test "originals: make reload keeps the settings, and puts the module back when it does not load" {
  typed 'make load INTERFACE=enp0s3'
  typed 'echo 0 | sudo tee /sys/module/l2packet_counter/parameters/reset_interval'
  typed 'make reload'
  assert_equal "$(cat /sys/module/l2packet_counter/parameters/{interface,reset_interval} | xargs)" "enp0s3 0"
  typed 'make reload INTERFACE=eth1'
  assert_equal "$(cat /sys/module/l2packet_counter/parameters/{interface,reset_interval} | xargs)" "eth1 0"
  refused 'make reload INTERFACE=nosuch0' 'No such device'
  assert_output --partial 'l2packet_counter is back as it was'
  assert_equal "$(cat /sys/module/l2packet_counter/parameters/{interface,reset_interval} | xargs)" "eth1 0"
  # The new file is not a module: the installed one is loaded again.
  mv $checkout/src/l2packet_counter.ko "$BATS_TEST_TMPDIR/"
  on_teardown mv "$BATS_TEST_TMPDIR/l2packet_counter.ko" $checkout/src/
  echo rubbish >$checkout/src/l2packet_counter.ko
  refused 'make reload' 'l2packet_counter is back as it was'
  assert_equal "$(cat /sys/module/l2packet_counter/parameters/{interface,reset_interval} | xargs)" "eth1 0"
  typed 'make unload'
  mv "$BATS_TEST_TMPDIR/l2packet_counter.ko" $checkout/src/
  refused 'make reload INTERFACE=nosuch0' 'No such device'
  [ ! -e /sys/module/l2packet_counter ]
}

@test "originals: make dmesg fails where the log is refused, and says where there is no line" {
  install -m 755 /dev/stdin $home/bin/dmesg <<'END'
#!/bin/sh
echo "dmesg: read kernel buffer failed: Operation not permitted" >&2
exit 1
END
  install -m 755 /dev/stdin $home/bin/sudo <<'END'
#!/bin/sh
exec "$@"
END
  on_teardown rm -f $home/bin/dmesg $home/bin/sudo
  refused 'make dmesg MODULE=kstat' 'Operation not permitted'
  refute_output --partial 'no line'
  printf '#!/bin/sh\n' >$home/bin/dmesg
  typed 'make dmesg MODULE=kstat'
  assert_output 'kstat: no line in the kernel log'
}

# What install.sh does is tested with the packages.
@test "originals: make install is install.sh, and no rule of make's own makes files of scripts" {
  typed 'make -n install'
  assert_output --regexp '^sudo ./install.sh *$'
  typed 'make -n install INTERFACE=eth1'
  assert_output "sudo ./install.sh --interface 'eth1'"
  refused 'make print_localhost_stats' 'No rule to make target'
  [ ! -e $checkout/print_localhost_stats ] && [ ! -e $checkout/install ]
}

# ---- at last

# The probes belong to root, because run_tests.sh built them.
@test "originals: make clean leaves what was there before make" {
  typed 'make clean'
  diff /kmon/checkout.files <(cd $checkout && find . | LC_ALL=C sort)
}
