#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# l2packet_counter: which interfaces it watches, its other settings, loading and unloading.
# shellcheck disable=SC2030,SC2031,SC2034,SC2154 # each test is a subshell; what is not assigned here is so in lib

load ../lib/common
load ../lib/l2
load ../lib/l2_counter

# ---- which interfaces ----

@test "interface: eth0 by default; without an eth0, ENODEV and a line in the log" {
  [ ! -e /sys/class/net/eth0 ] || skip "expected: this machine has an eth0 of its own"
  refused "No such device"
  run kernel_log
  assert_line "l2packet_counter: interface eth0 does not exist"

  ip link add eth0 type veth peer name eth0p
  on_teardown ip link del eth0
  load_module l2packet_counter
  assert_equal "$(head -n 1 "$text")" "Interface: eth0"
  assert_equal "$(get_param l2packet_counter reset_interval) $(get_param l2packet_counter max_macs)" "20 65536"
}

# A device that is not Ethernet.
make_tun() {
  [ -e /dev/net/tun ] || modprobe tun
  ip tuntap add mode tun name kmt0
  on_teardown ip link del kmt0
}

@test "interface: loopback or not Ethernet is EINVAL at load" {
  make_tun
  refused "Invalid parameters" interface=lo
  refused "Invalid parameters" interface=kmt0
  refused "Invalid parameters" interface=km0,lo
  run kernel_log
  assert_line "l2packet_counter: interface lo is not an Ethernet interface"
  assert_line "l2packet_counter: interface kmt0 is not an Ethernet interface"
}

@test "interface: a refused write gives its error and a line in the log, and changes nothing" {
  make_tun
  load_l2 interface=km0
  send km0 --count 5
  assert_packets km0 5
  assert_equal "$(error_of "$parameters/interface" lo)" EINVAL
  assert_equal "$(error_of "$parameters/interface" kmt0)" EINVAL
  assert_equal "$(error_of "$parameters/interface" nope0)" ENODEV
  assert_equal "$(error_of "$parameters/interface" km1,nope0)" ENODEV
  assert_equal "$(error_of "$parameters/interface" km1,lo,km0)" EINVAL
  run kernel_log
  assert_line "l2packet_counter: interface lo is not an Ethernet interface"
  assert_line "l2packet_counter: interface kmt0 is not an Ethernet interface"
  assert_line "l2packet_counter: interface nope0 does not exist"
  assert_equal "$(get_param l2packet_counter interface)" km0
  send km0 --count 5
  send km1 --count 5
  assert_packets km0 10
  assert_equal "$(grep -c '^Interface' "$text")" 1
}

@test "interface: empty watches nothing" {
  load_l2 interface=
  assert_equal "$(<"$text")" ""
  assert_equal "$(wc -l <"$view")" 1
  assert_equal "$(get_param l2packet_counter interface)" ""
  set_param l2packet_counter interface km0
  send km0 --count 5
  assert_packets km0 5
  set_param l2packet_counter interface ""
  send km0 --count 5
  assert_equal "$(<"$text")" ""
  assert_equal "$(wc -l <"$view")" 1
}

@test "interface: the remaining ones keep their numbers when others are added, moved or removed" {
  load_l2 interface=km0
  send km0 --count 5
  assert_packets km0 5
  set_param l2packet_counter interface km0,km1
  send km0 --count 5
  send km1 --count 3
  assert_packets km0 10
  assert_packets km1 3
  set_param l2packet_counter interface km1,km0
  assert_equal "$(get_param l2packet_counter interface)" km1,km0
  assert_equal "$(grep -A 1 '^Interface' "$text" | grep -v -e -- | paste -s -d ,)" \
    "Interface: km1,Total packets: 3,Interface: km0,Total packets: 10"
  set_param l2packet_counter interface km0
  send km0 --count 5
  send km1 --count 3
  assert_packets km0 15
  assert_equal "$(figure km1 packets)" ""
}

@test "interface: malformed lists are EINVAL, at load and on write" {
  local list
  load_l2 interface=km0
  for list in km0,km0 km0,km1,km0 'km0,' ,km0 km0,,km1 ',' kmon-0123456789a kmon/0 . 'km0 km1' km0:1; do
    assert_equal "$list: $(error_of "$parameters/interface" "$list")" "$list: EINVAL"
  done
  for list in huge mib; do
    assert_equal "$list: $(badwrite "$parameters/interface" "$list" | error_in)" "$list: EINVAL"
  done
  assert_equal "$(badwrite "$parameters/interface" nul nope0 | error_in)" ENODEV
  assert_equal "$(get_param l2packet_counter interface)" km0
  run kernel_log
  assert_line --partial 'l2packet_counter: interface list refused at "km0": expected up to 64 different names'
  unload_module l2packet_counter
  refused "Invalid parameters" interface=km0,km0
  refused "Invalid parameters" interface=km0,
}

# Sets `names` to $1 interfaces with names of maximum length, separated by commas.
make_many() {
  local i name
  names=
  for ((i = 1; i <= $1; i++)); do
    printf -v name 'kmon-l2-a%05d' "$i"
    names+=${names:+,}$name
    echo "link add $name group $many type veth peer name ${name/a/b} netns $peer"
  done >"$BATS_TEST_TMPDIR/batch"
  ip -batch "$BATS_TEST_TMPDIR/batch"
  on_teardown ip link del group "$many"
}

# bats test_tags=heavy
@test "interface: 64 are watched, 65 are not" {
  local names last=kmon-l2-a00064
  make_many 65
  load_l2 interface=km0
  assert_equal "$(error_of "$parameters/interface" "$names")" EINVAL
  assert_equal "$(get_param l2packet_counter interface)" km0
  names=${names%,*}
  set_param l2packet_counter interface "$names"
  assert_equal "$(get_param l2packet_counter interface)" "$names"
  assert_equal "$(grep -c '^Interface' "$text")" 64
  ip link set "$last" up
  ip -n "$peer" link set "${last/a/b}" up
  in_netns "$peer" frames "${last/a/b}" --count 9
  wait_until 30 at_least "$last" 9
  assert_equal "$(counts "$last")" "02:00:00:00:00:01 9"
}

@test "interface: an alternative name means the same interface, once" {
  ip link property add dev km0 altname kmon-l2-another
  on_teardown ip link property del dev km0 altname kmon-l2-another
  load_l2 interface=km1
  set_param l2packet_counter interface kmon-l2-another
  assert_equal "$(get_param l2packet_counter interface)" km0
  send km0 --count 4
  assert_packets km0 4
  set_param l2packet_counter interface km1,kmon-l2-another,km0
  assert_equal "$(tr , '\n' <"$parameters/interface" | sort | paste -s -d ,)" km0,km1
  send km0 --count 4
  assert_packets km0 8
}

@test "interface: one that is away stands there as waiting, with its numbers" {
  ip link add km9 type veth peer name km9p netns "$peer"
  on_teardown ip link del km9
  ip link set km9 up
  ip -n "$peer" link set km9p up
  load_l2 interface=km9,km0
  send km9 --count 6
  assert_packets km9 6
  ip link del km9
  assert_text "\
Interface: km9 (waiting)
Total packets: 6
MAC Address Statistics:
MAC Address        Packet Count
------------------ ------------
02:00:00:00:00:01            6

Interface: km0
Total packets: 0
MAC Address Statistics:
MAC Address        Packet Count
------------------ ------------
"
  assert_equal "$(figure km9 waiting) $(figure km9 packets)" "true 6"
  assert_equal "$(get_param l2packet_counter interface)" km9,km0
  set_param l2packet_counter interface km1,km9
  assert_equal "$(get_param l2packet_counter interface)" km1,km9
  assert_equal "$(figure km9 waiting) $(figure km9 packets)" "true 6"
  set_param l2packet_counter interface km9,km0
  echo reset >"$text"
  assert_packets km9 6
  unload_module l2packet_counter
  run kernel_log
  assert_line "l2packet_counter: Interface: km9, Total packets: 6, MAC addresses: 1"
}

# ---- the other settings ----

@test "reset_interval: 0 to 86400, everything else EINVAL and the old value stays" {
  load_l2 interface=km0
  keeps reset_interval 7 -1 86401 99999999999999999999 abc 5x '5 5' ' 5' +5 0x10 1.5 $'\n'
  run kernel_log
  assert_line "l2packet_counter: reset_interval=-1 refused: expected a number from 0 to 86400"
  set_param l2packet_counter reset_interval 86400
  set_param l2packet_counter reset_interval 0
  assert_equal "$(get_param l2packet_counter reset_interval)" 0
  unload_module l2packet_counter
  refused "Invalid parameters" interface=km0 reset_interval=86401
  refused "Invalid parameters" interface=km0 reset_interval=-1
}

@test "max_macs: 1 to 1048576, everything else EINVAL and the old value stays" {
  load_l2 interface=km0
  keeps max_macs 77 0 -1 1048577 99999999999999999999 abc 5x '5 5' ' 5' +5 0x10 $'\n'
  run kernel_log
  assert_line "l2packet_counter: max_macs=0 refused: expected a number from 1 to 1048576"
  set_param l2packet_counter max_macs 1
  set_param l2packet_counter max_macs 1048576
  assert_equal "$(get_param l2packet_counter max_macs)" 1048576
  unload_module l2packet_counter
  refused "Invalid parameters" interface=km0 max_macs=0
  refused "Invalid parameters" interface=km0 max_macs=1048577
}

@test "permissions: everybody reads, root writes" {
  local file
  load_l2 interface=km0
  assert_equal "$(stat -c %a "$text" "$view" | paste -s)" "644	444"
  assert_equal "$(cd "$parameters" && stat -c '%n %a' ./* | paste -s -d ,)" \
    "./direction 644,./hook 444,./interface 644,./max_macs 644,./reset_interval 644,./view_gid 444,./view_mode 444"
  for file in "$text" "$view" "$parameters"/{direction,hook,interface,max_macs,reset_interval}; do
    assert_equal "$file: $(badwrite "$file" text 1 --as 65534 | error_in)" "$file: EACCES"
  done
}

@test "modinfo: a description, the package's version, licence GPL, each parameter explained" {
  [ -n "$(modinfo -F description l2packet_counter)" ]
  assert_equal "$(modinfo -F license l2packet_counter)" GPL
  if [ -r ../../dkms.conf ]; then
    assert_equal "PACKAGE_VERSION=\"$(modinfo -F version l2packet_counter)\"" "$(grep '^PACKAGE_VERSION=' ../../dkms.conf)"
  fi
  assert_equal "$(modinfo -p l2packet_counter | grep -cE '^(direction|hook|interface|max_macs|reset_interval):[^(]{20,}')" 5
  assert_equal "$(modinfo -p l2packet_counter | grep -vc ^view_)" 5
}

# ---- loading and unloading ----

@test "load: a second load is refused, and the first goes on" {
  load_l2 interface=km0
  send km0 --count 5
  assert_packets km0 5
  run insmod "$(ko l2packet_counter)" interface=km1
  assert_failure 1
  assert_output --partial "File exists"
  send km0 --count 5
  assert_packets km0 10
}

@test "unload: says the totals since load of each interface, whatever was reset" {
  load_l2 interface=km0,km1
  send km0 --count 60 --macs 3
  send km1 --count 7
  assert_packets km0 60
  assert_packets km1 7
  echo reset >"$text"
  send km0 --count 5 --src 02:00:00:00:00:02
  assert_packets km0 65
  unload_module l2packet_counter
  run kernel_log
  assert_line "l2packet_counter: Interface: km0, Total packets: 65, MAC addresses: 3"
  assert_line "l2packet_counter: Interface: km1, Total packets: 7, MAC addresses: 1"
  [ ! -e "$text" ]
  [ ! -e "$view" ]
}

# The number in the last unload line of km0.
unload_total() { kernel_log | sed -nE 's/^l2packet_counter: Interface: km0, Total packets: ([0-9]+), .*/\1/p' | tail -n 1; }

# bats test_tags=heavy
@test "load and unload repeatedly under full traffic" {
  local times seen
  times=$(scaled 200 8 3)
  meanwhile in_netns "$peer" frames km0p --count 20000 --macs 1000
  for ((i = 0; i < times; i++)); do
    load_l2 interface=km0
    wait_until 30 at_least km0 1
    seen=$(figure km0 packets)
    unload_module l2packet_counter
    [ "$(unload_total)" -ge "$seen" ]
  done
  enough
  assert_equal "$(kernel_log | grep -c '^l2packet_counter: Interface: km0, Total packets: ')" "$times"
}

# bats test_tags=heavy
@test "unload during reads, resets and changes of every setting, under traffic" {
  local times
  times=$(scaled 50 3 2)
  shake() {
    cat "$view" "$text" || true
    echo reset >"$text" || true
    echo km1,km0 >"$parameters/interface" || true
    echo 1 >"$parameters/reset_interval" || true
    echo 500 >"$parameters/max_macs" || true
    echo km0 >"$parameters/interface" || true
  } >/dev/null 2>&1
  meanwhile in_netns "$peer" frames km0p --count 20000 --macs 1000
  meanwhile shake
  for ((i = 0; i < times; i++)); do
    load_l2 interface=km0
    sleep 0.4
    unload_module l2packet_counter
  done
  enough
}
