#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# netmon_proc: /proc/netmon shows the kernel's own figures for the reader's interfaces. All interfaces here are in the
# tests' own network namespaces, so nothing else can change their figures.
# shellcheck disable=SC2016 # single quotes: jq and awk expand

load ../lib/common

netmon=/proc/netmon
iface=/sys/module/netmon_proc/parameters/iface

# make_silent_netns NAME: a network namespace in which no device sends anything by itself.
make_silent_netns() {
  make_netns "$1"
  in_netns "$1" sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
}

# make_dummies NETNS PREFIX N: PREFIX1 ... PREFIXn
make_dummies() { seq -f "link add $2%g type dummy" "$3" | ip -n "$1" -batch -; }

# netmon_of NETNS: /proc/netmon as seen in this namespace.
netmon_of() { in_netns "$1" cat $netmon; }

# names: the interface names in the lines of standard input, exactly as written, with quotes.
names() { LC_ALL=C sed 's/^{"interface":\(".*"\),"[a-z_]*":.*}$/\1/'; }

# ip_link NETNS: what `ip` says about the same interfaces, in the format of /proc/netmon.
ip_link() {
  ip -n "$1" -j -s -s link show | jq -c '.[] | select(.ifname != "lo") | {interface: .ifname} + (.stats64 | {
    rx_bytes: .rx.bytes, tx_bytes: .tx.bytes, rx_packets: .rx.packets, tx_packets: .tx.packets,
    rx_errors: .rx.errors, tx_errors: .tx.errors, rx_dropped: .rx.dropped, tx_dropped: .tx.dropped})'
}

# same_as_ip NETNS: asserts that both have the same lines, in any order.
same_as_ip() { assert_equal "$(netmon_of "$1" | sort)" "$(ip_link "$1" | sort)"; }

# figures NETNS INTERFACE KEY...: these figures of the interface in /proc/netmon.
figures() {
  local netns=$1 name=$2
  shift 2
  netmon_of "$netns" | jq -r --arg name "$name" 'select(.interface == $name) | [.[$ARGS.positional[]]] | join(" ")' --args "$@"
}

# send_udp NETNS ADDRESS N: sends N datagrams of 1 byte. (A UDP socket does not learn that a queue dropped a packet.)
send_udp() { in_netns "$1" bash -c 'for ((i = 0; i < $2; i++)); do printf x >"/dev/udp/$1/9"; done' - "$2" "$3"; }

# --- the lines

@test "netmon_proc: the line of an interface, to the letter" {
  make_silent_netns alpha
  ip -n alpha link add kmon0 type dummy
  ip -n alpha link set kmon0 up
  load_module netmon_proc
  in_netns alpha frames kmon0 --count 31 --size 100
  cmp <(netmon_of alpha) - <<'LINE'
{"interface":"kmon0","rx_bytes":0,"tx_bytes":3100,"rx_packets":0,"tx_packets":31,"rx_errors":0,"tx_errors":0,"rx_dropped":0,"tx_dropped":0}
LINE
}

# pair_with_traffic: kmona in alpha and kmono in omega, whose bytes, packets and drops are all different numbers. kmono.5
# in omega has sent 7 packets into a queue that takes none.
pair_with_traffic() {
  make_silent_netns alpha
  make_silent_netns omega
  ip link add kmona netns alpha type veth peer name kmono netns omega
  ip -n alpha link set kmona up
  ip -n omega link set kmono up
  in_netns alpha frames kmona --count 30 --size 100 # their type has no receiver: dropped
  in_netns omega frames kmono --count 20 --size 200
  ip -n omega -batch - <<'BATCH'
link add kmonfull type dummy
link set kmonfull up
link add link kmonfull name kmonfull.5 type vlan id 5
link set kmonfull.5 up
address add 192.0.2.1/24 dev kmonfull.5
neighbour add 192.0.2.2 lladdr 02:00:00:00:00:02 dev kmonfull.5
BATCH
  in_netns omega tc qdisc add dev kmonfull root pfifo limit 0
  send_udp omega 192.0.2.2 7
}

@test "netmon_proc: bytes, packets and drops are those of ip -s link after known traffic" {
  pair_with_traffic
  load_module netmon_proc
  same_as_ip omega
  same_as_ip alpha
  assert_equal "$(figures omega kmono rx_packets rx_bytes tx_packets tx_bytes)" "30 3000 20 4000"
  assert_equal "$(figures alpha kmona rx_packets rx_bytes tx_packets tx_bytes)" "20 4000 30 3000"
  assert_equal "$(figures omega kmono rx_dropped tx_dropped)" "30 0"
  assert_equal "$(figures omega kmonfull.5 rx_dropped tx_dropped)" "0 7"
  assert_equal "$(netmon_of omega | names | sort | xargs)" "kmonfull kmonfull.5 kmono"
}

# A tunnel end counts an error for each packet without a route, and for each received packet that was marked on the way as
# having met congestion although its inner packet cannot carry the mark.
pair_of_tunnels() {
  make_silent_netns alpha
  make_silent_netns omega
  ip link add kmona netns alpha type veth peer name kmono netns omega
  ip -n alpha link add kmontunnel type vxlan id 9 local 192.0.2.1 remote 192.0.2.2 dstport 4789 ||
    skip "expected: no vxlan on $(uname -r)"
  ip -n omega link add kmontunnel address 02:00:00:00:00:09 type vxlan id 9 local 192.0.2.2 remote 192.0.2.1 dstport 4789
  ip -n omega link add kmonnowhere type vxlan id 10 local 192.0.2.2 remote 198.51.100.1 dstport 4789
  ip -n alpha -batch - <<'BATCH'
link set kmona up
link set kmontunnel up
address add 192.0.2.1/24 dev kmona
address add 203.0.113.1/25 dev kmontunnel
neighbour add 203.0.113.2 lladdr 02:00:00:00:00:09 dev kmontunnel
BATCH
  ip -n omega -batch - <<'BATCH'
link set kmono up
link set kmontunnel up
link set kmonnowhere up
address add 192.0.2.2/24 dev kmono
address add 203.0.113.129/25 dev kmonnowhere
neighbour add 203.0.113.130 lladdr 02:00:00:00:00:0a dev kmonnowhere
BATCH
}

@test "netmon_proc: errors are those of ip -s link" {
  pair_of_tunnels
  load_module netmon_proc
  send_udp alpha 203.0.113.2 3
  in_netns alpha nft -f - <<<'table inet kmon_test {
    chain output { type filter hook output priority 0; udp dport 4789 ip ecn set ce; }; }'
  send_udp alpha 203.0.113.2 5
  send_udp omega 203.0.113.130 4
  assert_equal "$(figures omega kmontunnel rx_packets rx_errors tx_errors)" "3 5 0"
  assert_equal "$(figures omega kmonnowhere rx_packets rx_errors tx_errors)" "0 0 4"
  same_as_ip omega
  same_as_ip alpha
}

# bats test_tags=heavy
@test "netmon_proc: figures past 32 bits" {
  make_silent_netns alpha
  ip -n alpha link add kmon0 mtu 65521 type dummy
  ip -n alpha link set kmon0 up
  load_module netmon_proc
  in_netns alpha frames kmon0 --count 65600 --size 65535
  assert_equal "$(figures alpha kmon0 tx_bytes tx_packets)" "$((65600 * 65535)) 65600"
  same_as_ip alpha
}

@test "netmon_proc: lo is left out, unless it is asked for" {
  make_silent_netns alpha
  load_module netmon_proc
  in_netns alpha ping -q -n -c 3 -i 0.01 127.0.0.1
  assert_equal "$(netmon_of alpha)" ""
  ip -n alpha link add kmon0 type dummy
  assert_equal "$(netmon_of alpha | names)" '"kmon0"'
  echo lo >$iface
  cmp <(netmon_of alpha) - <<'LINE'
{"interface":"lo","rx_bytes":504,"tx_bytes":504,"rx_packets":6,"tx_packets":6,"rx_errors":0,"tx_errors":0,"rx_dropped":0,"tx_dropped":0}
LINE
}

# --- the parameter iface

@test "netmon_proc: iface names the one interface to show, at load and while loaded" {
  make_silent_netns alpha
  make_dummies alpha kmon 4
  load_module netmon_proc iface=kmon2
  assert_equal "$(netmon_of alpha | names)" '"kmon2"'
  assert_equal "$(get_param netmon_proc iface)" kmon2
  echo kmon4 >$iface
  assert_equal "$(netmon_of alpha | names)" '"kmon4"'
  printf kmon3 >$iface
  assert_equal "$(netmon_of alpha | names)" '"kmon3"'
  assert_equal "$(get_param netmon_proc iface)" kmon3
  echo >$iface
  assert_equal "$(netmon_of alpha | names | xargs)" "kmon1 kmon2 kmon3 kmon4"
  assert_equal "$(get_param netmon_proc iface)" ""
}

@test "netmon_proc: the line of an interface that is not there, until it is" {
  make_silent_netns alpha
  ip -n alpha link add kmon1 type dummy
  load_module netmon_proc iface=kmon9
  cmp <(netmon_of alpha) <(printf '{"interface":"kmon9","error":"not found"}\n')
  ip -n alpha link add kmon9 type dummy
  assert_equal "$(netmon_of alpha | names)" '"kmon9"'
  assert_equal "$(figures alpha kmon9 rx_bytes)" 0
  ip -n alpha link set kmon9 name kmon8
  cmp <(netmon_of alpha) <(printf '{"interface":"kmon9","error":"not found"}\n')
}

@test "netmon_proc: iface refuses what cannot be a name, keeps its value, and logs it once" {
  load_module netmon_proc iface=kmon1
  for word in sixteen-letters0 a/b 'a b' ' kmon1' a:b . .. $'a\tb' $'a\n\n'; do
    assert_refused $iface text "$word"
    assert_equal "$(get_param netmon_proc iface)" kmon1
  done
  assert_refused $iface mib
  assert_equal "$(get_param netmon_proc iface)" kmon1
  assert_equal "$(kernel_log | grep -c '^netmon_proc: iface=.* refused: expected an interface name of at most 15 bytes, or nothing for all$')" 10
  # The refused value is escaped, so that it cannot forge a line.
  assert_equal "$(kernel_log | grep -cF 'netmon_proc: iface=a\x0a refused')" 1
  unload_module netmon_proc # its log takes at most ten lines in five seconds
  load_module netmon_proc iface=fifteen-letters
  assert_equal "$(get_param netmon_proc iface)" fifteen-letters
  assert_refused $iface huge
  assert_equal "$(get_param netmon_proc iface)" fifteen-letters
  unload_module netmon_proc
  run load_module netmon_proc iface=a/b
  assert_failure
  assert_output --partial "Invalid parameters"
  assert_equal "$(kernel_log | grep -c '^netmon_proc: iface=.* refused')" 12
}

# --- names

# Names that the kernel accepts, and their form in JSON: bytes that are not UTF-8 are replaced one by one.
odd_names=(
  'kmon"quote' 'kmon\back' $'kmon\x01' $'\x1b[31mkmon' $'kmon\x7f' "kmon'#\$" 'kmon{},[]' $'kmon\xc3\xa9\xe2\x82\xac' $'kmon\xf0\x9f\x98\x80'
  $'kmon\xff-' $'kmon\xc0\xaf' $'kmon\xe2\x82' $'kmon\xe2\x82-' $'kmon\xed\xbf\xbf' $'kmon\xe0\x9f\xbf' $'kmon\xf4\x90\x80\x80' $'kmon\xf0\x8f\xbf\xbf' $'kmon\x80'
)
odd_names_in_json=(
  'kmon\"quote' 'kmon\\back' 'kmon\u0001' '\u001b[31mkmon' 'kmon\u007f' "kmon'#\$" 'kmon{},[]' $'kmon\xc3\xa9\xe2\x82\xac' $'kmon\xf0\x9f\x98\x80'
  'kmon\ufffd-' 'kmon\ufffd\ufffd' 'kmon\ufffd\ufffd' 'kmon\ufffd\ufffd-' 'kmon\ufffd\ufffd\ufffd' 'kmon\ufffd\ufffd\ufffd' 'kmon\ufffd\ufffd\ufffd\ufffd' 'kmon\ufffd\ufffd\ufffd\ufffd' 'kmon\ufffd'
)

@test "netmon_proc: whatever an interface calls itself, its line is JSON and has its name" {
  make_silent_netns alpha
  for name in "${odd_names[@]}"; do ip -n alpha link add "$name" type dummy; done
  load_module netmon_proc
  netmon_of alpha >"$BATS_TEST_TMPDIR/lines"
  assert_equal "$(names <"$BATS_TEST_TMPDIR/lines")" "$(printf '"%s"\n' "${odd_names_in_json[@]}")"
  iconv -f UTF-8 -t UTF-8 "$BATS_TEST_TMPDIR/lines" >"$BATS_TEST_TMPDIR/utf8"
  cmp "$BATS_TEST_TMPDIR/lines" "$BATS_TEST_TMPDIR/utf8"
  # jq reads back the original names.
  assert_equal "$(jq -r .interface "$BATS_TEST_TMPDIR/lines" | head -n 9)" "$(printf '%s\n' "${odd_names[@]:0:9}")"
  assert_equal "$(jq -c 'length' "$BATS_TEST_TMPDIR/lines" | sort | uniq -c | xargs)" "${#odd_names[@]} 9"
}

@test "netmon_proc: a name that needs escaping can be asked for, there or not" {
  make_silent_netns alpha
  ip -n alpha link add kmon0 type dummy
  ip -n alpha link set kmon0 name 'kmon"\0'
  load_module netmon_proc
  printf '%s' 'kmon"\0' >$iface
  assert_equal "$(netmon_of alpha | names)" '"kmon\"\\0"'
  printf 'kmon"\x01\xff' >$iface
  cmp <(netmon_of alpha) <(printf '%s\n' '{"interface":"kmon\"\u0001\ufffd","error":"not found"}')
}

# --- many interfaces

@test "netmon_proc: each of 500 interfaces appears once" {
  n=$(scaled 2000 500 200)
  make_silent_netns alpha
  make_dummies alpha kmon "$n"
  load_module netmon_proc
  netmon_of alpha >"$BATS_TEST_TMPDIR/lines"
  # jq writes the same bytes that it has read: each line is an object.
  jq -c . "$BATS_TEST_TMPDIR/lines" | cmp - "$BATS_TEST_TMPDIR/lines"
  assert_equal "$(names <"$BATS_TEST_TMPDIR/lines" | sort)" "$(seq -f '"kmon%g"' "$n" | sort)"
}

@test "netmon_proc: while interfaces come and go, each reading has the lasting ones once and is JSON lines" {
  n=$(scaled 500 500 200)
  readings=$(scaled 500 30 10)
  make_silent_netns alpha
  make_dummies alpha early 150
  make_dummies alpha brief 40
  make_dummies alpha kmon "$n"
  load_module netmon_proc
  ip -n alpha -batch - < <(come_and_go) 3>&- &
  mover=$!
  on_teardown kill $mover
  mkdir "$BATS_TEST_TMPDIR/readings"
  cd "$BATS_TEST_TMPDIR/readings"
  # A minimum number of readings, and until interfaces have come and gone in between.
  i=0
  until [ "$i" = 1000 ] || { [ "$i" -ge "$readings" ] && [ "$(lengths)" -gt 4 ]; }; do
    netmon_of alpha >$i
    i=$((i + 1))
  done
  kill -0 $mover # it was running all the time
  kill $mover
  wait $mover || true

  [ "$(lengths)" -gt 4 ]
  jq -c . ./* | cmp - <(cat ./*)
  # For each reading: the number of lasting interfaces, and of names that appear twice.
  awk -F'"' '{ times[FILENAME, $4]++ }
    $4 ~ /^kmon/ { lasting[FILENAME]++ }
    times[FILENAME, $4] > 1 { twice++ }
    END { for (reading in lasting) print lasting[reading]; print "twice", twice + 0 }' ./* | sort | uniq -c >../summary
  assert_equal "$(sed 's/^ *//' ../summary)" "$i $n
1 twice 0"
}
# How many different line counts the readings have.
lengths() { wc -l ./* 2>/dev/null | awk '$2 != "total" { print $1 }' | sort -u | wc -l; }
# Repeatedly: an interface before the lasting ones goes; one after them goes and comes back.
come_and_go() {
  local i
  for ((i = 1; ; i++)); do
    [ $i -gt 150 ] || echo "link del early$i"
    echo "link del brief$((i % 40 + 1))"
    echo "link add brief$((i % 40 + 1)) type dummy"
  done
}

@test "netmon_proc: read in small pieces and from any place, it says the same as read at once" {
  make_silent_netns alpha
  make_dummies alpha kmon 60
  load_module netmon_proc
  netmon_of alpha >"$BATS_TEST_TMPDIR/lines"
  assert_equal "$(wc -l <"$BATS_TEST_TMPDIR/lines")" 60
  in_netns alpha dd if=$netmon bs=7 status=none | cmp - "$BATS_TEST_TMPDIR/lines"
  in_netns alpha dd if=$netmon bs=1000 skip=5 status=none | cmp - <(tail -c +5001 "$BATS_TEST_TMPDIR/lines")
}

# --- namespaces

@test "netmon_proc: a reader sees the interfaces of its own network namespace" {
  make_silent_netns alpha
  make_silent_netns omega
  ip -n alpha link add kmon1 type dummy
  ip -n omega link add kmon2 type dummy
  load_module netmon_proc
  assert_equal "$(netmon_of alpha | names)" '"kmon1"'
  assert_equal "$(netmon_of omega | names)" '"kmon2"'
  run ! grep kmon $netmon
  ip -n alpha link set kmon1 netns omega
  assert_equal "$(netmon_of alpha)" ""
  assert_equal "$(netmon_of omega | names | sort | xargs)" "kmon1 kmon2"
}

@test "netmon_proc: the open file does not keep a network namespace from going away" {
  load_module netmon_proc
  make_netns passing
  # A veth end inside goes away only when the namespace really does.
  make_veth kmonhere kmonthere passing
  # Opened and read inside. Then the process itself leaves the namespace and keeps the file open.
  ip netns exec passing bash -c 'exec 9<"$1" && read -r -N 1 -u 9 && exec nsenter --net="$2" sleep 60' - \
    $netmon /proc/$$/ns/net 3>&- &
  reader=$!
  on_teardown kill $reader
  wait_until 30 moved_out $reader
  ip netns del passing
  wait_until 30 test ! -e /sys/class/net/kmonhere
  assert_equal "$(readlink /proc/$reader/fd/9)" $netmon
}
moved_out() { [ "$(cat "/proc/$1/comm")" = sleep ]; }

# --- permissions, load and unload

@test "netmon_proc: all may read, nobody may write, only root may set iface" {
  load_module netmon_proc
  assert_equal "$(stat -c %a $netmon $iface | xargs)" "444 644"
  setpriv --reuid 65534 --regid 65534 --clear-groups cat $netmon
  denied='{"written":0,"errno":"EACCES","at":"open"}'
  assert_equal "$(badwrite $netmon text reset --as 65534)" "$denied"
  assert_equal "$(badwrite $iface text lo --as 65534)" "$denied"
  assert_equal "$(badwrite $netmon text reset)" '{"written":0,"errno":"EIO","at":"write"}'
  assert_equal "$(get_param netmon_proc iface)" ""
}

@test "netmon_proc: modinfo describes the module and its parameter" {
  assert_equal "$(modinfo -F license netmon_proc)" GPL
  assert_equal "$(modinfo -F description netmon_proc)" "Interface statistics as JSON lines in /proc/netmon"
  assert_equal "$(modinfo -F version netmon_proc)" "$(sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' "$BATS_TEST_DIRNAME/../../dkms.conf")"
  assert_equal "$(modinfo -p netmon_proc | grep -v ^view_)" "iface:the interface to show; empty: all except lo (default empty) (charp)"
}

@test "netmon_proc: unloads while a reader holds the file open" {
  make_silent_netns alpha
  make_dummies alpha kmon 3
  load_module netmon_proc
  ip netns exec alpha hold $netmon 60 >"$BATS_TEST_TMPDIR/held" 3>&- &
  reader=$!
  wait_until 30 has_open $reader $netmon
  unload_module netmon_proc
  [ ! -e $netmon ]
  kill $reader # it now reads on
  wait $reader
  assert_equal "$(jq -r .errno "$BATS_TEST_TMPDIR/held")" EIO
}

read_again_and_again() {
  while :; do
    cat $netmon >/dev/null 2>&1 || true
    echo kmon1 2>/dev/null >$iface || true
  done
}

@test "netmon_proc: loads and unloads repeatedly with readers" {
  readers=()
  for _ in 1 2; do
    read_again_and_again 3>&- &
    readers+=($!)
  done
  on_teardown kill "${readers[@]}"
  for ((i = 0; i < $(scaled 200 8 3); i++)); do
    load_module netmon_proc
    unload_module netmon_proc
  done
  kill "${readers[@]}"
  wait "${readers[@]}" || true
  load_module netmon_proc iface=kmon1
  assert_equal "$(<$netmon)" '{"interface":"kmon1","error":"not found"}'
}
