#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# kmon-exporter under systemd, scraped by Debian's Prometheus: Prometheus then has the exact number of packets sent.
# `tests/run --suite observability` puts Prometheus into /kmon/prometheus.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154 # an inner shell expands; output, status and stderr are set by run, in a subshell

load ../lib/service

prometheus=${kmon_home%/tests}/prometheus
exporter=127.0.0.1:9778
asked=127.0.0.1:9091 # where Prometheus answers

# http [--head] PATH [HEADER...]: the complete answer, with headers, of the server at $exporter.
http() {
  local method=GET connection
  [ "$1" != --head ] || { method=HEAD && shift; }
  exec {connection}<>"/dev/tcp/${exporter/://}"
  {
    printf '%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n' "$method" "$1"
    shift
    [ $# = 0 ] || printf '%s\r\n' "$@"
    printf '\r\n'
  } >&"$connection"
  tr -d '\r' <&"$connection"
  exec {connection}>&-
}

body() { http "$@" | sed '1,/^$/d'; }
status_line() { http "$@" | head -n 1; }

exporter_on() {
  systemctl start kmon-exporter.socket
  on_teardown systemctl stop kmon-exporter.socket kmon-exporter.service
}

# value NAME{LABELS}: the current value of this series.
value() { body /metrics | awk -v series="$1" '{ v = $NF; sub(/ [^ ]*$/, "") } $0 == series { print v }'; }

# ---- the service

@test "observability: it is off until it is enabled" {
  assert_equal "$(systemctl is-enabled kmon-exporter.socket kmon-exporter.service 2>&1 | xargs)" "disabled disabled"
  run -1 bash -c 'exec 3<>/dev/tcp/127.0.0.1/9778'
}

@test "observability: systemd starts it on the first request, as a dynamic user without privileges" {
  local pid
  exporter_on
  assert_equal "$(systemctl is-active kmon-exporter.service)" inactive
  assert_equal "$(body /healthz)" ok
  pid=$(systemctl show -P MainPID kmon-exporter)
  assert_equal "$(awk '/^Cap(Prm|Eff|Bnd|Amb):/ { print $2 }' "/proc/$pid/status" | sort -u)" 0000000000000000
  [ "$(awk '/^Uid:/ { print $2 }' "/proc/$pid/status")" -ge 61184 ] # of systemd's dynamic users
  assert_equal "$(awk '/^NoNewPrivs:/ { print $2 }' "/proc/$pid/status")" 1
  ss -Hltn "sport = :9778" | grep -q '127.0.0.1:9778'
  assert_equal "$(stat -c '%a %F' /run/kmon-exporter.sock)" "660 socket"
  echo "# RSS $(awk '/^VmRSS:/ { print $2 }' "/proc/$pid/status") KiB; exposure $(systemd-analyze security --no-pager kmon-exporter | tail -n 1)" >&3
}

@test "observability: the metrics are the same as kmonctl's, and promtool finds no fault with them" {
  exporter_on
  body /metrics >"$BATS_TEST_TMPDIR/served"
  kmonctl metrics >"$BATS_TEST_TMPDIR/printed"
  # Only the values change between the two.
  diff <(sed 's/ [^ ]*$//' "$BATS_TEST_TMPDIR/served") <(sed 's/ [^ ]*$//' "$BATS_TEST_TMPDIR/printed")
  run -0 "$prometheus/promtool" check metrics <"$BATS_TEST_TMPDIR/served"
  assert_output ""
  [ "$(grep -c '^kmon_' "$BATS_TEST_TMPDIR/served")" -gt 60 ]
  assert_equal "$(body /metrics 'Accept: application/openmetrics-text;version=1.0.0' | tail -n 1)" "# EOF"
  for module in localhost_monitor l2packet_counter kstat netmon_proc process_monitor; do
    assert_equal "$(value "kmon_module_up{module=\"$module\"}")" 1
  done
  assert_equal "$(value kmon_config_last_reload_successful)" 1
}

@test "observability: a missing module is reported with the reason, and its return, too" {
  exporter_on
  rmmod kstat
  body /metrics | grep -q '^kmon_module_up{module="kstat",reason="it is not loaded"} 0$'
  assert_equal "$(body /metrics | grep -c ^kmon_tcp_out)" 0
  assert_equal "$(body /api/v1/status | jq -r '.modules.kstat.loaded')" false
  systemctl reload kmon
  assert_equal "$(value 'kmon_module_up{module="kstat"}')" 1
}

@test "observability: a refused configuration is reported" {
  exporter_on
  assert_equal "$(value kmon_config_last_reload_successful)" 1
  configure <<<'[kstat'
  run ! systemctl reload kmon
  assert_equal "$(value kmon_config_last_reload_successful)" 0
  default_file
  systemctl reload kmon
  assert_equal "$(value kmon_config_last_reload_successful)" 1
  [ "$(value kmon_config_last_reload_success_timestamp_seconds)" -ge $(($(date +%s) - 60)) ]
}

@test "observability: beyond loopback it does not start without TLS" {
  configure <<<$'[exporter]\nlisten = "0.0.0.0:9779"'
  run ! systemctl start kmon-exporter.service
  assert_equal "$(systemctl show -P ExecMainStatus kmon-exporter)" 78
  journalctl -q -o cat -u kmon-exporter --after-cursor="$kmon_cursor" | grep -q 'not listening on 0.0.0.0:9779: others could read what is sent there'
  configure <<<$'[exporter]\nlisten = "0.0.0.0:9779"\ninsecure = true'
  systemctl reset-failed kmon-exporter
  systemctl start kmon-exporter.service
  on_teardown systemctl stop kmon-exporter.service
  exporter=127.0.0.1:9779
  assert_equal "$(body /healthz)" ok
}

@test "observability: a mistake in the configuration stops the socket; doctor says so, and after a restart it answers again" {
  # systemd gives up if a service fails five times in ten seconds. A slow machine takes longer.
  mkdir -p /run/systemd/system/kmon-exporter.service.d
  on_teardown systemctl daemon-reload
  on_teardown rm -rf /run/systemd/system/kmon-exporter.service.d
  printf '[Unit]\nStartLimitIntervalSec=600\n' >/run/systemd/system/kmon-exporter.service.d/slow.conf
  systemctl daemon-reload
  exporter_on
  systemctl stop kmon-exporter.service
  configure <<<'[exporter'
  # Each connection starts the service. The socket refuses it once it has given up.
  gave_up() { (exec 3<>"/dev/tcp/${exporter/://}") 2>/dev/null; systemctl is-failed -q kmon-exporter.socket; }
  wait_until 60 gave_up
  run -1 kmonctl doctor
  assert_output --partial kmon-exporter.socket
  assert_output --partial "systemctl restart kmon-exporter.socket"
  default_file
  systemctl reset-failed kmon-exporter.service # of the ten minutes
  systemctl restart kmon-exporter.socket
  assert_equal "$(body /healthz)" ok
  run kmonctl doctor
  refute_output --partial kmon-exporter
}

@test "observability: if systemd listens for it, listen in the configuration has no effect, and it says so" {
  configure <<<$'[exporter]\nlisten = "127.0.0.1:9779"'
  exporter_on
  assert_equal "$(body /healthz)" ok
  run journalctl -q -o cat -u kmon-exporter --after-cursor="$kmon_cursor" -p warning
  assert_output --partial 'listen = "127.0.0.1:9779" in [exporter] of /etc/kmon.toml has no effect: kmon-exporter.socket listens on 127.0.0.1:9778'
  assert_output --partial "systemctl edit kmon-exporter.socket"
}

@test "observability: what a client does wrong has a clear status, and a thousand that say nothing keep nobody out" {
  local i fd idle=()
  ulimit -n 4096
  exporter_on
  assert_equal "$(status_line /nothing)" "HTTP/1.1 404 Not Found"
  assert_equal "$(status_line /../../etc/passwd)" "HTTP/1.1 404 Not Found"
  assert_equal "$(status_line '/api/v1/stats?top=x')" "HTTP/1.1 400 Bad Request"
  assert_equal "$(http --head /metrics | sed '1,/^$/d')" ""
  for ((i = 0; i < 1000; i++)); do
    exec {fd}<>"/dev/tcp/${exporter/://}"
    idle+=("$fd")
  done
  assert_equal "$(body /healthz)" ok
  for fd in "${idle[@]}"; do exec {fd}>&-; done
  [ "$(awk '/^VmRSS:/ { print $2 }' "/proc/$(systemctl show -P MainPID kmon-exporter)/status")" -le 16384 ]
}

@test "observability: the stream has one event per second" {
  local began events=$BATS_TEST_TMPDIR/events
  exporter_on
  began=$(date +%s%3N)
  timeout 60 busybox wget -q -O - "http://$exporter/api/v1/stream?top=1" | grep -m 4 '^data: {' >"$events"
  [ $(($(date +%s%3N) - began)) -ge 2900 ] # three seconds lie between the first and the last
  assert_equal "$(sed 's/^data: //' "$events" | jq -s 'map(.modules | length)' -c)" "[5,5,5,5]"
}

# ---- Prometheus

# prometheus_on [TARGETS]: Prometheus scrapes the exporter every second in OpenMetrics, its preferred format, and the fleet
# in TARGETS, if given.
prometheus_on() {
  [ -x "$prometheus/prometheus" ] || skip "expected: no Prometheus was brought along"
  cat >"$BATS_TEST_TMPDIR/prometheus.yml" <<YAML
global:
  scrape_interval: 1s
scrape_configs:
  - job_name: kmon
    static_configs:
      - targets: ["$exporter"]
  - job_name: fleet
    static_configs:
      - targets: [${1:-}]
YAML
  "$prometheus/prometheus" --config.file="$BATS_TEST_TMPDIR/prometheus.yml" --web.listen-address="$asked" \
    --storage.tsdb.path="$BATS_TEST_TMPDIR/data" --log.level=warn 3>&- >"$BATS_TEST_TMPDIR/log" 2>&1 &
  on_teardown kill $!
  wait_until 120 answers
}

answers() { query 'vector(1)' >/dev/null 2>&1; }

# query PROMQL: the value of each series in the answer, one per line. (promtool could do this, but takes ten seconds to
# start here.)
query() {
  exporter=$asked body "/api/v1/query?query=$(jq -rn --arg promql "$1" '$promql | @uri')" | jq -r '.data.result[].value[1]'
}

scraped() { [ "$(query 'up{job="kmon"}' 2>/dev/null)" = 1 ]; }

# Waits for two more scrapes, so that Prometheus has everything counted so far.
settled() {
  local until
  until=$(date +%s)
  scraped_since() { [ "$(query 'floor(timestamp(up{job="kmon"}))')" -gt $((until + 1)) ]; }
  wait_until 60 scraped_since
}

# The queries for the traffic sent below, and the expected amounts.
series=(
  'sum(kmon_loopback_packets_total{protocol="udp"})'
  'kmon_loopback_packets_total{ip_version="4",protocol="udp"}'
  'kmon_loopback_bytes_total{ip_version="4",protocol="udp"}'
  'kmon_loopback_packet_size_bytes_bucket{le="1023.0"} - ignoring(le) kmon_loopback_packet_size_bytes_bucket{le="511.0"}'
  'kmon_l2_packets_total{interface="kmon0"}'
  'kmon_l2_bytes_total{interface="kmon0"}'
  'sum(kmon_l2_source_packets_total{interface="kmon0"})'
  'sum(kmon_l2_source_bytes_total{interface="kmon0"})'
  'kmon_tcp_out_packets_total{ip_version="6"}'
  'kmon_interface_receive_packets_total{interface="kmon0"}'
  'kmon_interface_receive_bytes_total{interface="kmon0"}'
  'kmon_process_failed_exits_total{reason="signal"}'
)
sent=(700 700 420000 700 1500 150000 1500 150000 310 1500 150000 40)

send_all() {
  ipsend --proto udp --to 127.0.0.1 --size 600 --count 700
  frames kmon0p --count 1500 --macs 300 --size 100
  ipsend --proto tcp --to ::1 --size 100 --count 310
  storm --processes 40 --mode signal --name storm >/dev/null
}

# Exits by a signal that are not ours: a machine that runs systemd has its own.
others_by_signal() { jq -s 'map(select(.signal and .name != "storm")) | length' "$BATS_TEST_TMPDIR/exits"; }

@test "observability: what Prometheus knows is what was sent, to the packet, while all is reset and reloaded" {
  local i before=() after expected
  watching
  exporter_on
  prometheus_on
  wait_until 60 scraped
  kmonctl exits --follow --json --failed >"$BATS_TEST_TMPDIR/exits" 3>&- &
  on_teardown kill $!
  settled
  for i in "${!series[@]}"; do before[i]=$(query "${series[i]}"); done
  breath=0.2 meanwhile reset_and_reload
  send_all
  enough
  settled
  printf '# %-100s %8s %8s\n' query sent scraped >&3
  for i in "${!series[@]}"; do
    after=$(query "${series[i]}") expected=${sent[i]}
    [[ ${series[i]} != *exits* ]] || expected=$((expected + $(others_by_signal)))
    printf '# %-100s %8s %8s\n' "${series[i]}" "$expected" $((after - before[i])) >&3
    assert_equal "${series[i]}: $((after - before[i]))" "${series[i]}: $expected"
  done
  # No counter ever went down.
  # (By name, as a second label: resets() drops the first, and then series of two metrics are the same.)
  assert_equal "$(query 'sum(resets(label_replace({__name__=~"kmon_.+_total|kmon_.+_bucket|kmon_.+_sum|kmon_.+_count"}, "of", "$1", "__name__", "(.+)")[5m:1s]))')" 0
  assert_equal "$(query 'kmon_l2_folded_sources{interface="kmon0"}')" 200
  assert_equal "$(query 'count(kmon_l2_source_packets_total{interface="kmon0"})')" 101
}

reset_and_reload() {
  local view
  for view in localhost_stats l2packet_counter kstat/nout process_monitor; do echo reset >/proc/$view; done
  systemctl reload kmon
}

@test "observability: a reloaded module is a counter reset, and no rate is negative or doubled" {
  local created
  exporter_on
  prometheus_on
  wait_until 60 scraped
  ipsend --proto tcp --to ::1 --size 100 --count 100
  settled
  created=$(body /metrics 'Accept: application/openmetrics-text' | awk '/^kmon_tcp_out_packets_created{ip_version="6"}/ { print $2 }')
  sleep 1.1
  rmmod kstat
  systemctl reload kmon
  ipsend --proto tcp --to ::1 --size 100 --count 30
  settled
  [ "$(body /metrics 'Accept: application/openmetrics-text' | awk '/^kmon_tcp_out_packets_created{ip_version="6"}/ { print $2 }')" -gt "$created" ]
  assert_equal "$(query 'resets(kmon_tcp_out_packets_total{ip_version="6"}[5m])')" 1
  assert_equal "$(query 'kmon_tcp_out_packets_total{ip_version="6"}')" 30
  assert_equal "$(query 'min_over_time(rate(kmon_tcp_out_packets_total{ip_version="6"}[10s])[1m:1s]) >= bool 0')" 1
}

# ---- a fleet: three hosts, each with its own exporter, whose /proc is a copy written by the test

# host N: starts the exporter of host N at port 9780 + N.
host() {
  local dir=$BATS_TEST_TMPDIR/host$1
  unshare --mount bash -euc 'mount --bind "$1/etc" /etc && mount --bind "$1/proc" /proc && exec /usr/sbin/kmon-exporter' \
    host "$dir" 3>&- 2>>"$dir/log" &
  hosts[$1]=$!
}

make_host() {
  local dir=$BATS_TEST_TMPDIR/host$1
  mkdir -p "$dir"/{etc,proc/kstat,proc/sys/kernel}
  printf '[exporter]\nlisten = "127.0.0.1:%s"\n' $((9780 + $1)) >"$dir/etc/kmon.toml"
  echo "host$1" >"$dir/proc/sys/kernel/hostname"
  uname -r >"$dir/proc/sys/kernel/osrelease"
  counted "$1" 0 1700000000
  host "$1"
}

# counted HOST PACKETS LOADED: makes the host's kstat say that it has counted PACKETS since it was loaded at LOADED.
counted() {
  local file=$BATS_TEST_TMPDIR/host$1/proc/kstat/stats.json
  printf '%s\n' '{"module":"kstat","version":"1.0.0","schema":1,"loaded":'"$3"',"all_netns":0,"running":true,"counter":10,"published":0,"packets":'"$2"',"segments":'"$2"'}' \
    '{"ip_version":4,"packets":'"$2"',"segments":'"$2"'}' '{"ip_version":6,"packets":0,"segments":0}' >"$file.new"
  mv "$file.new" "$file"
}

fleet_scraped() { [ "$(query 'sum(up{job="fleet"})' 2>/dev/null)" = "$1" ]; }

@test "observability: a fleet's sums are what its hosts sent, although one dies and one reloads its modules" {
  local hosts=() second rates
  prometheus_on "$(printf '"127.0.0.1:%s",' 9781 9782 9783)"
  for n in 1 2 3; do make_host "$n"; done
  on_teardown kill "${hosts[@]}"
  wait_until 60 fleet_scraped 3
  # Thirty seconds of 100 packets per second on each host.
  for ((second = 1; second <= 30; second++)); do
    counted 1 $((second * 100)) 1700000000
    counted 2 $((second * 100)) 1700000000
    # After fifteen seconds, the third host reloads its module, without missing a packet.
    if [ "$second" -le 15 ]; then counted 3 $((second * 100)) 1700000000; else counted 3 $(((second - 15) * 100)) 1700000015; fi
    [ "$second" != 10 ] || kill -9 "${hosts[1]}"
    [ "$second" != 20 ] || host 1
    sleep 1
  done
  on_teardown kill "${hosts[1]}"
  wait_until 60 fleet_scraped 3
  sleep 2
  assert_equal "$(query 'sum(kmon_tcp_out_packets_total{job="fleet"})')" $((3000 + 3000 + 1500))
  assert_equal "$(query 'sum(resets(kmon_tcp_out_packets_total{job="fleet",ip_version="4"}[2m]))')" 1
  # increase() across the reload and the gap: everything that was sent, within one scrape at each end.
  rates=$(query 'round(sum(increase(kmon_tcp_out_packets_total{job="fleet"}[50s])))')
  echo "# sent 9000, increase over all says $rates" >&3
  [ "$rates" -ge 8400 ] && [ "$rates" -le 9900 ]
  # Never negative. In no second does the host that was away seem to have sent twice its rate.
  assert_equal "$(query 'min(min_over_time(rate(kmon_tcp_out_packets_total{job="fleet",ip_version="4"}[10s])[50s:1s])) >= bool 0')" 1
  assert_equal "$(query 'max(max_over_time(rate(kmon_tcp_out_packets_total{job="fleet",ip_version="4"}[15s])[40s:1s])) <= bool 160')" 1
}
