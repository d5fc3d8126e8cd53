#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# Traffic: all five modules count exactly what is sent. The original's test_traffic.sh (counting, display, concurrent
# access, automatic reset) with known numbers. Traffic comes from a second namespace, and nothing leaves the machine.
# Others may send traffic, too: lib/live.bash says which counts are exact then.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # awk expands; each test is a subshell; what is not assigned here is so in the helpers

load ../lib/common
load ../lib/live

# ---- l2packet_counter

@test "traffic: l2packet_counter counts frames for each source MAC, starts again at reset, and JSON goes on" {
  load_quiet l2packet_counter
  send --count 1000 --macs 7
  assert_equal "$(l2_total)" 1000
  diff "$sent" <(l2_macs)
  echo reset >/proc/l2packet_counter
  assert_equal "$(l2_total)" 0
  assert_equal "$(l2_macs)" ""
  send --count 50 --macs 5
  assert_equal "$(l2_total)" 50
  diff "$sent" <(l2_macs)
  assert_equal "$(l2 packets)" 1050
}

@test "traffic: l2packet_counter's output equals the original's to the byte, the largest first" {
  load_quiet l2packet_counter
  send --count 523 --src aa:bb:cc:dd:ee:0f
  send --count 724 --src 12:22:33:44:55:66
  assert_equal "$(l2_text)" "Interface: kmon0
Total packets: 1247
MAC Address Statistics:
MAC Address        Packet Count
------------------ ------------
12:22:33:44:55:66          724
aa:bb:cc:dd:ee:0f          523"
}

# The text view has one head, and its total is the sum of its lines.
text_adds_up() {
  l2_text | awk '/^Total packets: / { left = $3; heads++ } /^[0-9a-f:]+ +[0-9]+$/ { left -= $2 }
    END { if (left || heads != 1) print heads " heads, total too large by " left; exit left || heads != 1 }'
}
# The cumulative count never goes down. $last lives as long as the calling loop.
json_grows() {
  local now
  now=$(l2 packets)
  [ "$now" -ge "${last:-0}" ] || { echo "from $last to $now" && return 1; }
  last=$now
}
reset_text() { echo reset >/proc/l2packet_counter; }

@test "traffic: l2packet_counter with concurrent readers and resets loses and doubles nothing" {
  n=$(scaled 400000 40000 20000)
  load_quiet l2packet_counter
  meanwhile text_adds_up
  meanwhile text_adds_up
  meanwhile json_grows
  meanwhile reset_text
  send --count "$n" --macs 16
  enough
  assert_equal "$(l2 packets)" "$n"
  reset_text
  send --count 160 --macs 16
  diff "$sent" <(l2_macs)
  assert_equal "$(l2 packets)" $((n + 160))
}

@test "traffic: l2packet_counter resets the text by itself after reset_interval, not before, and never JSON" {
  [ "${KMON_SKIP_AUTO_RESET:-0}" != 1 ] || skip "asked for with --skip-auto-reset"
  interval=$(scaled 20 4 3)
  load_module l2packet_counter interface=kmon0 reset_interval="$interval"
  # On a busy machine the next reset may come too early: then try again.
  for ((tries = 1; tries <= 20; tries++)); do
    send --count 1
    wait_until $((interval + 30)) text_is_zero
    send --count 30
    total=$(l2_total)
    [ $((${EPOCHREALTIME/[.,]/} - not_zero)) -ge $((interval * 1000000)) ] || break
  done
  assert_equal "$total" 30
  wait_until $((interval + 30)) text_is_zero
  assert_equal "$(l2_macs)" ""
  assert_equal "$(l2 packets)" $((31 * tries))
}
# Since not_zero, a time in microseconds, there was one reset.
text_is_zero() {
  local now=${EPOCHREALTIME/[.,]/}
  [ "$(l2_total)" != 0 ] || return 0
  not_zero=$now
  return 1
}

@test "traffic: l2packet_counter counts every ping of a flood from another host" {
  n=$(scaled 20000 1000 300)
  load_quiet l2packet_counter
  before=$(in_peer cat /sys/class/net/kmon1/statistics/tx_packets)
  # A firewall may block the replies. Incoming packets are counted before it.
  in_peer ping -q -f -c "$n" -W 1 "$here_address" || true
  assert_equal "$(($(in_peer cat /sys/class/net/kmon1/statistics/tx_packets) - before))" "$n"
  assert_equal "$(l2_macs)" "$(in_peer cat /sys/class/net/kmon1/address) $n"
  assert_equal "$(l2 packets) $(l2 bytes)" "$n $((n * (84 + 14)))"
}

@test "traffic: l2packet_counter counts packets and bytes of queries like those to a name server" {
  n=$(scaled 50000 2000 500)
  load_quiet l2packet_counter
  for size in 56 73 120; do
    in_peer ipsend --proto udp --to "$here_address" --port 5300 --size $size --count "$n"
  done
  assert_equal "$(l2 packets) $(l2 bytes)" "$((3 * n)) $((n * (56 + 73 + 120 + 3 * 14)))"
}

# serve ARGUMENTS...: starts a TCP server; `connect` connects to it from the second namespace. Some machines let nobody in.
serve() {
  port=$((20000 + RANDOM % 10000))
  rm -f "$BATS_TEST_TMPDIR/ready"
  tcpflow --server "$here_address" $port --ready "$BATS_TEST_TMPDIR/ready" --timeout 60 "$@" >/dev/null 3>&- &
  server=$!
  on_teardown kill $server
  wait_until 30 listening
}
listening() { [ -e "$BATS_TEST_TMPDIR/ready" ]; }
connect() { in_peer tcpflow --client "$here_address" $port "$@" && wait $server; }
need_open_door() {
  serve --connections 1
  connect --bytes 1 --timeout 10 || skip "a firewall lets no TCP in from kmon0"
}
peer_received() { in_peer awk '/^Tcp: [0-9]/ { print $11 }' /proc/net/snmp; }

@test "traffic: bursts of TCP connections: l2packet_counter counts every received segment, kstat every reply" {
  connections=$(scaled 500 30 10)
  need_open_door
  load_quiet l2packet_counter
  load_quiet kstat start=1
  answered=$(peer_received) came=$(tcp_segments "$peer")
  tcp_mark
  before=$(kstat_number packets)
  serve --connections "$connections" --reply 30000
  connect --connections "$connections" --bytes 50000
  set_param kstat start 0
  packets=$(($(kstat_number packets) - before)) segments=$(kstat_number segments)
  answered=$(($(peer_received) - answered))
  others_in_tcp "$answered" # this includes the segments beyond the first of packets that left as one
  # By the namespace's own count, retransmissions included.
  assert_equal "$(l2 packets)" "$(($(tcp_segments "$peer") - came))"
  [ "$answered" -ge $((connections * 3)) ]
  assert_counted "kstat's packets" "$packets" "$answered" "$others"
  assert_counted "kstat's segments" "$segments" "$answered" "$others"
}

# ---- localhost_monitor

@test "traffic: localhost_monitor counts a flood of pings and their replies, IPv4 and IPv6" {
  n=$(scaled 20000 1000 300)
  lo_mark
  load_quiet localhost_monitor
  ping -q -f -c "$n" 127.0.0.1
  ping -q -f -c "$n" ::1
  icmp=$(localhost 4 icmp) icmp6=$(localhost 6 icmpv6) packets=$(json=/proc/localhost_stats.json number_of packets)
  others_on_lo $((4 * n))
  assert_counted ICMP "$icmp" $((2 * n)) "$others"
  assert_counted ICMPv6 "$icmp6" $((2 * n)) "$others"
  assert_counted packets "$packets" $((4 * n)) "$others"
}

@test "traffic: localhost_monitor puts each packet into its protocol and its size, on both sides of each edge" {
  n=$(scaled 5000 200 100)
  lo_mark
  load_quiet localhost_monitor
  for size in 64 127 128 255 256 511 512 1023 1024 65535; do
    ipsend --proto udp --to 127.0.0.1 --size $size --count "$n"
  done
  for size in 127 128; do ipsend --proto tcp --to ::1 --size $size --count "$n"; done
  cp /proc/localhost_stats "$BATS_TEST_TMPDIR/text"
  others_on_lo $((12 * n))
  while IFS=: read -r label times; do
    assert_counted "$label" "$(text_number "$BATS_TEST_TMPDIR/text" "$label")" $((times * n)) "$others"
  done <<'END'
IPv4 packets:10
IPv6 packets:2
TCP packets:2
UDP packets:10
ICMP packets:0
ICMPv6 packets:0
0-127:3
128-255:3
256-511:2
512-1023:2
1024-65535:2
END
  # The parts of one view agree, whoever sent.
  awk -F ': ' '/^IPv[46] / { ip += $2 } /^[0-9]/ { sizes += $2 } END { exit !(ip == sizes) }' "$BATS_TEST_TMPDIR/text"
}

# ---- kstat

@test "traffic: kstat counts outgoing TCP, to this and to another host, but neither pings nor datagrams" {
  n=$(scaled 20000 1000 300)
  tcp_mark
  load_quiet kstat start=1
  ping -q -c 2 -i 0.2 127.0.0.1
  ping -q -f -c 20 -W 1 "$peer_address" || true
  ipsend --proto udp --to 127.0.0.1 --size 100 --count 50
  ipsend --proto tcp --to 127.0.0.1 --size 100 --count "$n"
  ipsend --proto tcp --to ::1 --size 100 --count "$n"
  ipsend --proto tcp --to "$peer_address" --size 1400 --count "$n"
  set_param kstat start 0
  others_in_tcp 0
  assert_counted packets "$(kstat_number packets)" $((3 * n)) "$others"
  assert_counted IPv6 "$(json /proc/kstat/stats.json '.[] | select(.ip_version == 6).packets')" "$n" "$others"
}

@test "traffic: kstat publishes in steps of counter and the rest when it stops, and counts nothing until it starts" {
  load_quiet kstat counter=50 start=1
  ipsend --proto tcp --to 127.0.0.1 --size 100 --count 149
  # Others may send between the two readings, so these are only bounds.
  packets=$(kstat_number packets) nout=$(</proc/kstat/nout)
  [ "$packets" -ge 149 ]
  [ "$nout" -ge 100 ]
  [ "$nout" -gt $((packets - 50)) ]
  [ $((nout % 50)) = 0 ]
  set_param kstat start 0
  packets=$(kstat_number packets)
  assert_equal "$(</proc/kstat/nout)" "$packets"
  ipsend --proto tcp --to 127.0.0.1 --size 100 --count 500
  assert_equal "$(</proc/kstat/nout) $(kstat_number packets)" "$packets $packets"
  set_param kstat start 1
  ipsend --proto tcp --to 127.0.0.1 --size 100 --count 500
  [ "$(kstat_number packets)" -ge $((packets + 500)) ]
}

# ---- netmon_proc

netmon_figure() { json=/proc/netmon number_of "$1"; }

# The file and `ip` agree, at a moment when neither changes.
same_as_ip() {
  local file
  file=$(</proc/netmon)
  [ "$file" = "$(ip -j -s -s link show kmon0 | jq -c '.[0] | {interface: .ifname} + (.stats64 | {
    rx_bytes: .rx.bytes, tx_bytes: .tx.bytes, rx_packets: .rx.packets, tx_packets: .tx.packets,
    rx_errors: .rx.errors, tx_errors: .tx.errors, rx_dropped: .rx.dropped, tx_dropped: .tx.dropped})')" ]
}

@test "traffic: netmon_proc shows exactly what came in and went out, and all that ip -s link shows" {
  n=$(scaled 200000 10000 3000)
  load_quiet netmon_proc
  packets=$(netmon_figure rx_packets) bytes=$(netmon_figure rx_bytes) out=$(netmon_figure tx_packets)
  send --count "$n" --size 333
  assert_equal "$(($(netmon_figure rx_packets) - packets)) $(($(netmon_figure rx_bytes) - bytes))" "$n $((n * 333))"
  ipsend --proto udp --to "$peer_address" --size 500 --count 70
  [ $(($(netmon_figure tx_packets) - out)) -ge 70 ]
  wait_until 30 same_as_ip
}

# One read gives a whole line, and its count does not go down.
netmon_grows() {
  local line now
  line=$(</proc/netmon)
  [[ $line =~ ^\{\"interface\":\"kmon0\",.*\"rx_packets\":([0-9]+),.*\}$ ]] || { echo "$line" && return 1; }
  now=${BASH_REMATCH[1]}
  [ "$now" -ge "${last:-0}" ] || { echo "from $last to $now" && return 1; }
  last=$now
}

@test "traffic: netmon_proc with concurrent readers never goes back, and ends at the exact number" {
  n=$(scaled 400000 40000 20000)
  load_quiet netmon_proc
  before=$(netmon_figure rx_packets)
  for _ in 1 2 3; do meanwhile netmon_grows; done
  send --count "$n"
  enough
  assert_equal "$(($(netmon_figure rx_packets) - before))" "$n"
}

# ---- process_monitor

@test "traffic: process_monitor has one record of each process, however it ends, and its totals match the records" {
  n=$(scaled 20000 400 100)
  load_quiet process_monitor
  trace_exits
  echo 1 >"$instance/events/kmon/process_exit/enable"
  exits=$(exits exits) killed=$(exits killed_by_signal) threads=$(exits thread_exits)
  storm --processes "$n" --mode mixed --code 4 --name kmon-live --records "$BATS_TEST_TMPDIR/waited"
  echo 0 >"$instance/events/kmon/process_exit/enable"
  exits=$(($(exits exits) - exits)) killed=$(($(exits killed_by_signal) - killed)) threads=$(($(exits thread_exits) - threads))
  cat "$instance/trace" >"$BATS_TEST_TMPDIR/trace"
  # No other process has that name.
  diff <(sort "$BATS_TEST_TMPDIR/waited" | cut -d ' ' -f 1-3) \
    <(sed -n 's/.* tgid=\([0-9]*\) ppid=\([0-9]*\) exit_code=\([0-9]*\) .* comm=kmon-live uid=.*/\1 \2 \3/p' "$BATS_TEST_TMPDIR/trace" | sort)
  ended=$(awk '{ signal += $3 % 128 > 0 } END { print NR, signal }' "$BATS_TEST_TMPDIR/waited")
  [ "$exits" -ge "${ended% *}" ]
  [ "$killed" -ge "${ended#* }" ]
  [ "$threads" -ge "$n" ] # threads other than the leaders: on average at least one per process
  grep -o ' exit_code=[0-9]*' "$BATS_TEST_TMPDIR/trace" | awk -F = -v killed="$killed" '{ signal += $2 % 128 > 0 } END { exit signal > killed }'
}

@test "traffic: process_monitor logs each process once, with its parent, and no more than log_rate per second" {
  load_quiet process_monitor log_rate=0
  set_param process_monitor log 1
  storm --processes 40 --mode mixed --name kmon-live --records "$BATS_TEST_TMPDIR/waited"
  set_param process_monitor log 0
  logged() { kernel_log | sed -n 's/^PROCESS_MONITOR: Process exiting - PID: \([0-9]*\), Name: kmon-live, Parent PID: \([0-9]*\)$/\1 \2/p' | sort; }
  all_logged() { diff <(sort "$BATS_TEST_TMPDIR/waited" | cut -d ' ' -f 1-2) <(logged); }
  wait_until 30 all_logged
  before=$(exits suppressed) began=$SECONDS
  set_param process_monitor log_rate 5
  set_param process_monitor log 1
  storm --processes 200 --mode exit --name kmon-flood
  set_param process_monitor log 0
  [ $(($(exits suppressed) - before)) -ge $((200 - 5 * (SECONDS - began + 2))) ]
}

# ---- the interface given by --interface

received() { cat "/sys/class/net/$KMON_INTERFACE/statistics/rx_packets"; }
# Makes a neighbour answer: that is traffic, and it stays on the local network.
ask_neighbour() {
  local neighbour
  neighbour=$(ip neigh show dev "$KMON_INTERFACE" | awk '/lladdr/ { print $1; exit }')
  [ -z "$neighbour" ] || ping -q -c 3 -i 0.2 -W 1 -I "$KMON_INTERFACE" "$neighbour" || true
  sleep 0.2
}
something_came() { ask_neighbour && [ "$(received)" -gt $((before + 5)) ]; }

@test "traffic: l2packet_counter counts no less on the interface given by --interface than the interface itself" {
  [ -n "${KMON_INTERFACE:-}" ] || skip "expected: no --interface was given"
  load_quiet l2packet_counter
  before=$(received)
  counted=$(($(l2 packets "$KMON_INTERFACE") + $(l2 skipped_packets "$KMON_INTERFACE")))
  assert_equal "$(get_param l2packet_counter interface)" "$watched"
  wait_until 30 something_came || skip "nothing comes in at $KMON_INTERFACE"
  after=$(received)
  # Waits for frames that the driver has counted but not yet passed on.
  sleep 0.5
  counted=$(($(l2 packets "$KMON_INTERFACE") + $(l2 skipped_packets "$KMON_INTERFACE") - counted))
  echo "# $KMON_INTERFACE received $((after - before)), counted $counted" >&2
  [ "$counted" -ge $((after - before)) ]
}
