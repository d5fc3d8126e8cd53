#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# kstat: outgoing TCP packets, published in steps. These tests need a quiet machine: any other TCP that it sends is counted
# as well and makes them fail. Tests under load are in kstat_traffic.bats.
# shellcheck disable=SC2016,SC2086,SC2154 # jq and awk expand; paths without blanks; what is not assigned here is so in lib

load ../lib/common
load ../lib/kstat

# --- start and stop

@test "kstat: not started at load, and nothing is counted" {
  load_module kstat
  assert_equal "$(get_param kstat start)" 0
  tcp 20
  tcp6 20
  assert_nout 0
  assert_packets 0
}

@test "kstat: start=1 at load counts from the beginning" {
  load_module kstat start=1 counter=4
  assert_equal "$(get_param kstat start) $(<$counter)" "1 4"
  tcp 7
  assert_nout 4
  assert_packets 7
}

@test "kstat: stopped, it counts nothing and publishes what was left" {
  load_module kstat
  start
  tcp 27
  assert_nout 20
  stop
  assert_nout 27
  assert_equal "$(get_param kstat start)" 0
  tcp 50
  assert_nout 27
  assert_packets 27
}

@test "kstat: started again, it goes on from the count" {
  load_module kstat
  start
  tcp 27
  stop
  tcp 5
  start
  assert_nout 27
  tcp 9
  assert_nout 27
  tcp 1
  assert_nout 37
  tcp 3
  stop
  assert_nout 40
  assert_packets 40
}

@test "kstat: starting twice or stopping twice is the same as once" {
  load_module kstat
  start
  start
  tcp 15
  assert_nout 10
  start
  assert_nout 10
  stop
  stop
  assert_nout 15
  assert_packets 15
}

@test "kstat: no code of kstat runs for a packet while it is stopped" {
  tracing=/sys/kernel/tracing/instances/kmon_test
  load_module kstat
  mkdir $tracing
  on_teardown rmdir $tracing
  echo ':mod:kstat' >$tracing/set_ftrace_filter
  echo function >$tracing/current_tracer
  tcp 5
  tcp6 5
  assert_equal "$(grep -vc '^#' $tracing/trace)" 0
  start
  : >$tracing/trace
  tcp 5
  tcp6 5
  assert_equal "$(grep -vc '^#' $tracing/trace)" 10
  stop
  : >$tracing/trace
  tcp 5
  tcp6 5
  assert_equal "$(grep -vc '^#' $tracing/trace)" 0
}

# --- what is counted

@test "kstat: only TCP is counted" {
  load_module kstat start=1 counter=1
  ipsend --to 127.0.0.1 --proto udp --size 100 --count 3
  ipsend --to 127.0.0.1 --proto icmp --size 100 --count 3
  ipsend --to 127.0.0.1 --proto raw --proto-number 253 --size 100 --count 3
  ipsend --to 127.0.0.1 --proto raw --proto-number 58 --size 100 --count 3
  ipsend --to ::1 --proto udp --size 100 --count 3
  ipsend --to ::1 --proto icmp6 --size 100 --count 3
  ipsend --to ::1 --proto raw --proto-number 253 --size 100 --count 3
  ipsend --to ::1 --ext hop,none --size 100 --count 3
  ipsend --to ::1 --proto udp --ext hop,dst --size 100 --count 3
  assert_nout 0
  assert_packets 0
  tcp 1
  assert_nout 1
}

@test "kstat: IPv6 TCP is counted, also behind extension headers and in fragments" {
  load_module kstat start=1 counter=1
  tcp6 2
  assert_nout 2
  n=2
  for ext in hop:32 dst rt ah frag hop,dst,rt,ah,dst; do
    tcp6 3 --ext $ext
    n=$((n + 3))
    assert_nout $n
  done
  # The first and the last fragment: each is a packet.
  ipsend --to ::1 --proto tcp --ext frag --more --id 10 --size 112 --count 3
  ipsend --to ::1 --proto tcp --ext frag --frag-offset 8 --id 10 --size 100 --count 3
  assert_nout 26
  assert_equal "$(json $json '.[] | select(.ip_version) | "\(.ip_version) \(.packets)"' | xargs)" "4 0 6 26"
}

@test "kstat: IPv4 fragments are packets, too" {
  load_module kstat start=1 counter=1
  ipsend --to 127.0.0.1 --proto tcp --more --id 10 --size 100 --count 3
  ipsend --to 127.0.0.1 --proto tcp --frag-offset 10 --id 10 --size 60 --count 3
  assert_nout 6
}

@test "kstat: counts what nft counts at postrouting" {
  nft_table
  load_module kstat start=1 counter=1
  tcpflow --loop 127.0.0.1 --bytes 300000 --reply 70000 --connections 3
  tcpflow --loop ::1 --bytes 300000 --reply 70000 --connections 3 --mss 1000
  tcp6 20 --ext hop,dst
  tcp 30
  ipsend --to 127.0.0.1 --proto udp --size 100 --count 10
  counted=$(nft_counted)
  [ "$counted" -ge 100 ]
  assert_nout "$counted"
  assert_packets "$counted"
}

@test "kstat: a packet dropped by a later hook than NAT's is not counted as sent" {
  load_module kstat start=1 counter=1
  nft -f - <<<'table inet kmon_test {
    chain post { type filter hook postrouting priority 300; tcp dport 7777 counter drop; }; }'
  on_teardown nft delete table inet kmon_test
  for _ in 1 2 3; do
    run tcp 1 --port 7777
    assert_failure
    run tcp6 1 --port 7777
    assert_failure
  done
  assert_equal "$(nft_counted)" 6
  assert_nout 0
  tcp 2 --port 7778
  assert_nout 2
}

@test "kstat: segments are those the kernel says it sent, packets those that nft counts" {
  nft_table
  load_module kstat start=1
  before=$(tcp_segments)
  tcpflow --loop 127.0.0.1 --bytes 1000000 --mss 1000 --connections 2
  segments4=$(($(tcp_segments) - before))
  packets4=$(nft_counted)
  tcpflow --loop ::1 --bytes 1000000 --mss 1000 --connections 2
  segments6=$(($(tcp_segments) - before - segments4))
  packets6=$(($(nft_counted) - packets4))
  assert_equal "$(json $json '.[] | "\(.packets) \(.segments)"')" "$((packets4 + packets6)) $((segments4 + segments6))
$packets4 $segments4
$packets6 $segments6"
  [ "$segments4" -gt 2000 ]
  [ "$packets4" -lt "$segments4" ]
}

# chain_of_three: namespaces alpha - router - omega, with IPv4 and IPv6.
chain_of_three() {
  local name
  for name in alpha router omega; do
    make_netns $name
    # The addresses can be used immediately.
    in_netns $name sysctl -qw net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.all.accept_dad=0
  done
  ip link add kmona netns alpha type veth peer name kmonra netns router
  ip link add kmono netns omega type veth peer name kmonro netns router
  attach alpha kmona 192.0.2.1/25 2001:db8:1::1/64
  attach router kmonra 192.0.2.2/25 2001:db8:1::2/64
  attach router kmonro 192.0.2.129/25 2001:db8:2::1/64
  attach omega kmono 192.0.2.130/25 2001:db8:2::2/64
  ip -n alpha route add default via 192.0.2.2
  ip -n alpha route add default via 2001:db8:1::2
  ip -n omega route add default via 192.0.2.129
  ip -n omega route add default via 2001:db8:2::1
  in_netns router sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
}
attach() {
  ip -n "$1" link set "$2" up
  ip -n "$1" address add "$3" dev "$2"
  ip -n "$1" address add "$4" dev "$2"
}

@test "kstat: forwarded TCP is counted" {
  chain_of_three
  # Resolves the neighbours, so that no packet has to wait.
  in_netns alpha ping -q -n -c 1 192.0.2.130
  in_netns alpha ping -q -n -c 1 2001:db8:2::2
  nft_table router
  load_module kstat all_netns=1 start=1 counter=1
  in_netns alpha ipsend --proto tcp --to 192.0.2.130 --size 100 --count 40
  wait_until 30 forwarded_are 40
  assert_nout 80 # as alpha sent them, and as router sent them on
  in_netns alpha ipsend --proto tcp --to 2001:db8:2::2 --ext dst --size 100 --count 30
  wait_until 30 forwarded_are 70
  assert_nout 140
  assert_equal "$(json $json '.[] | select(.ip_version) | .packets' | xargs)" "80 60"
}
forwarded_are() { [ "$(nft_counted router)" = "$1" ]; }

# --- steps

@test "kstat: nout moves in steps of counter, 10 by default" {
  load_module kstat
  assert_equal "$(<$counter)" 10
  start
  tcp 9
  assert_nout 0
  tcp 1
  assert_nout 10
  tcp 15
  assert_nout 20
  tcp 4
  assert_nout 20
  tcp 1
  assert_nout 30
}

@test "kstat: nout after each of 15 packets with counter=7" {
  load_module kstat counter=7 start=1
  for ((i = 1; i <= 15; i++)); do
    if ((i % 2)); then tcp 1; else tcp6 1; fi
    assert_nout $((i - i % 7))
  done
}

@test "kstat: nout is one integer and a newline" {
  load_module kstat start=1
  cmp $nout <(printf '0\n')
  tcp 12345
  cmp $nout <(printf '12340\n')
  cmp $counter <(printf '10\n')
}

@test "kstat: changing counter while running never lowers nout, and the new step takes effect" {
  load_module kstat
  start
  tcp 25
  assert_nout 20
  echo 100 >$counter
  assert_nout 20
  tcp 94 # 99 since the publication at 20
  assert_nout 20
  tcp 1
  assert_nout 120
  tcp 17
  assert_nout 120
  echo 5 >$counter # 15 of the 17 make three steps
  assert_nout 135
  tcp 2
  assert_nout 135
  tcp 1
  assert_nout 140
  set_param kstat counter 50
  assert_nout 140
  tcp 49
  assert_nout 140
  tcp 1
  assert_nout 190
  stop
  assert_nout 190
}

@test "kstat: /proc/kstat/counter and the parameter counter are one setting" {
  load_module kstat counter=3
  assert_equal "$(<$counter) $(get_param kstat counter) $(number_of counter)" "3 3 3"
  echo 77 >$counter
  assert_equal "$(<$counter) $(get_param kstat counter) $(number_of counter)" "77 77 77"
  set_param kstat counter 5
  assert_equal "$(<$counter) $(get_param kstat counter) $(number_of counter)" "5 5 5"
  printf 6 >$counter
  printf 8 >$parameters/counter
  assert_equal "$(<$counter) $(get_param kstat counter)" "8 8"
}

@test "kstat: 2147483647 is a valid counter" {
  load_module kstat start=1
  tcp 15
  echo 2147483647 >$counter
  assert_equal "$(<$counter)" 2147483647
  tcp 15
  assert_nout 10
  set_param kstat counter 1
  assert_nout 30
  set_param kstat counter 2147483647
  assert_equal "$(get_param kstat counter)" 2147483647
  stop
  assert_nout 30
}

# --- bad values

# refuses FILE RANGE: refuses anything but a number from 1 to 2147483647 (start included) with one log line each.
refuses() {
  local file=$1 parameter=${1##*/} value
  value=$(<"$file")
  # The log takes at most ten lines in five seconds: counter and start get a freshly loaded module each, and so do the last ones.
  for word in -1 1.5 abc 10x 2147483648 99999999999999999999 +5 ' 5' $'\n'; do
    assert_refused "$file" text "$word"
    assert_equal "$(<"$file")" "$value"
  done
  assert_refused_lines 9 "$parameter" "$2"
  unload_module kstat
  load_module kstat
  value=$(<"$file")
  assert_refused "$file" nul
  assert_refused "$file" huge
  assert_refused "$file" mib
  assert_equal "$(<"$file")" "$value"
  assert_refused_lines 12 "$parameter" "$2"
}
assert_refused_lines() {
  assert_equal "$(kernel_log | grep -cE "^kstat: $2(=.* refused: expected a number from $3| refused: the [0-9]+ bytes written are not a number)\$")" "$1"
}

@test "kstat: /proc/kstat/counter refuses invalid values, keeps its value, and logs each refusal once" {
  load_module kstat counter=44
  refuses $counter "1 to 2147483647"
  assert_refused $counter text 0
  assert_refused $counter empty
  assert_refused $counter nul 10
  assert_refused_lines 15 counter "1 to 2147483647"
  assert_equal "$(<$counter)" 10
}

@test "kstat: the parameter counter refuses invalid values, keeps its value, and logs each refusal once" {
  load_module kstat counter=44
  refuses $parameters/counter "1 to 2147483647"
  assert_refused $parameters/counter text 0
  assert_refused_lines 13 counter "1 to 2147483647"
  badwrite $parameters/counter empty
  assert_equal "$(get_param kstat counter)" 10
}

@test "kstat: start refuses anything but 0 and 1, stays as it was, and logs each refusal once" {
  load_module kstat start=1
  refuses $parameters/start "0 to 1"
  assert_refused $parameters/start text 2
  assert_refused_lines 13 start "0 to 1"
  badwrite $parameters/start empty
  assert_equal "$(get_param kstat start)" 0
}

@test "kstat: after refused values it counts on as before" {
  load_module kstat start=1 counter=5
  tcp 8
  assert_refused $counter text 0
  assert_refused $parameters/counter text 0
  assert_refused $parameters/start text 2
  tcp 8
  assert_nout 15
  assert_packets 16
}

@test "kstat: does not load with a bad value" {
  for bad in counter=0 counter=-1 counter=x counter=2147483648 counter= start=2 start=y all_netns=2; do
    run load_module kstat $bad
    assert_failure
    assert_output --partial "Invalid parameters"
    [ ! -d /sys/module/kstat ]
  done
}

# --- reset and the JSON view

@test "kstat: the JSON view, to the byte" {
  load_module kstat
  start
  tcp 12
  tcp6 13
  cmp $json - <<JSON
{"module":"kstat","version":"$(modinfo -F version kstat)","schema":1,"loaded":$(loaded_at $json),"all_netns":0,"running":true,"counter":10,"published":20,"packets":25,"segments":25}
{"ip_version":4,"packets":12,"segments":12}
{"ip_version":6,"packets":13,"segments":13}
JSON
  stop
  assert_equal "$(head -n 1 $json)" "{\"module\":\"kstat\",\"version\":\"$(modinfo -F version kstat)\",\"schema\":1,\"loaded\":$(loaded_at $json),\"all_netns\":0,\"running\":false,\"counter\":10,\"published\":25,\"packets\":25,\"segments\":25}"
}

@test "kstat: reset zeroes nout, with or without a newline, and steps start again" {
  load_module kstat start=1
  tcp 25
  assert_nout 20
  echo reset >$nout
  assert_nout 0
  tcp 9
  assert_nout 0
  tcp 1
  assert_nout 10
  printf reset >$nout
  assert_nout 0
  stop
  assert_nout 0
  start
  tcp 3
  stop
  assert_nout 3
  echo reset >$nout
  assert_nout 0
}

@test "kstat: neither reset nor stop lowers the figures of the JSON view" {
  load_module kstat start=1
  tcp 25
  tcp6 10
  echo reset >$nout
  assert_packets 35
  [ "$(number_of published)" -ge 30 ]
  stop
  assert_packets 35
  start
  assert_packets 35
  tcp 5
  assert_equal "$(json $json '.[] | "\(.packets) \(.segments)"' | xargs)" "40 40 30 30 10 10"
}

@test "kstat: anything but reset is refused and changes nothing" {
  load_module kstat start=1
  tcp 25
  for word in junk resetx rese RESET ' reset' $'reset\n\n' 'reset reset' 0 $'\n'; do
    assert_refused $nout text "$word"
  done
  assert_refused $nout empty
  assert_refused $nout nul reset
  assert_refused $nout mib
  assert_nout 20
}

@test "kstat: only root may write" {
  load_module kstat
  assert_equal "$(stat -c %a $nout $counter $json $parameters/{start,counter,all_netns} | xargs)" "644 644 444 644 644 444"
  for file in $nout $counter $parameters/start $parameters/counter; do
    assert_equal "$(badwrite "$file" text 1 --as 65534)" '{"written":0,"errno":"EACCES","at":"open"}'
  done
  assert_equal "$(get_param kstat start) $(<$counter)" "0 10"
}

@test "kstat: modinfo describes the module and each parameter" {
  assert_equal "$(modinfo -F license kstat)" GPL
  assert_equal "$(modinfo -F description kstat)" "Outgoing TCP packets, published in steps"
  assert_equal "$(modinfo -F version kstat)" "$(sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' "$BATS_TEST_DIRNAME/../../dkms.conf")"
  assert_equal "$(modinfo -p kstat | sed 's/:.*//' | sort | xargs)" "all_netns counter start view_gid view_mode"
  assert_equal "$(modinfo -p kstat | grep -cE '^[a-z_]+:.{20,} \(uint\)$')" 5
}

# --- network namespaces

@test "kstat: another network namespace is not counted" {
  make_netns other
  nft_table other
  load_module kstat start=1 counter=1
  in_netns other ipsend --proto tcp --to 127.0.0.1 --size 100 --count 20
  assert_equal "$(nft_counted other)" 20
  assert_nout 0
}

@test "kstat: all_netns=1 counts in namespaces made before and after the start" {
  make_netns before
  load_module kstat all_netns=1 counter=1
  in_netns before ipsend --proto tcp --to 127.0.0.1 --size 100 --count 20
  assert_nout 0
  start
  make_netns after
  in_netns before ipsend --proto tcp --to 127.0.0.1 --size 100 --count 3
  in_netns after ipsend --proto tcp --to ::1 --size 100 --count 4
  tcp 5
  assert_nout 12
  stop
  in_netns after ipsend --proto tcp --to ::1 --size 100 --count 4
  assert_nout 12
  assert_equal "$(number_of all_netns)" 1
}

@test "kstat: all_netns=1 lets namespaces go and keeps their count" {
  load_module kstat all_netns=1 start=1 counter=1
  for i in 1 2; do
    make_netns passing
    # A veth end inside goes away only when the namespace really does.
    make_veth kmonhere kmonthere passing
    in_netns passing ipsend --proto tcp --to 127.0.0.1 --size 100 --count 10
    ip netns del passing
    wait_until 30 test ! -e /sys/class/net/kmonhere
    assert_nout $((10 * i))
  done
}

@test "kstat: all_netns cannot be changed after load" {
  load_module kstat all_netns=1
  assert_equal "$(badwrite $parameters/all_netns text 0)" '{"written":0,"errno":"EACCES","at":"open"}'
  assert_equal "$(get_param kstat all_netns)" 1
}
