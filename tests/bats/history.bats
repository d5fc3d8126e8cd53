#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# kmon-recorder.service under a real systemd. `kmonctl history` is compared with the kernel's own byte counts.
# shellcheck disable=SC2030,SC2031,SC2154 # output, status and stderr are set by run, in the test's own subshell

load ../lib/service

# Below a directory that only root may enter, as for every service with DynamicUser=.
state=/var/lib/private/kmon
history=$state/history.db

setup() {
  service_setup
  on_teardown rm -rf $state/history.db $state/history.db-wal $state/history.db-shm $state/history.db.damaged
  on_teardown systemctl stop kmon-recorder
}

# fast [LINE...]: reads every second and writes at once. LINEs are further lines of [recorder].
fast() {
  {
    sed '/^\[recorder\]/,/^$/d' "$BATS_FILE_TMPDIR/default.toml"
    printf '%s\n' '[recorder]' 'interval = "1s"' 'write_interval = "1s"' "$@"
  } | sed 's/^interface = "auto".*/interface = "br0"/' >"$config"
}

# A router: three devices, each in its own network namespace, on the ports of br0.
router() {
  local i
  make_link br0 type bridge
  ip link set br0 address 02:00:00:00:01:00
  quiet_link br0
  ip link set br0 up
  for i in 1 2 3; do
    make_netns "dev$i"
    make_veth "port$i" eth0 "dev$i"
    ip link set "port$i" master br0
    in_netns "dev$i" ip link set eth0 address "28:6f:b9:00:00:0$i"
  done
  wait_until 30 link_is_up br0
}

# sends DEVICE COUNT SIZE: the device sends frames to the router.
sends() { in_netns "dev$1" frames eth0 --src "28:6f:b9:00:00:0$1" --dst 02:00:00:00:01:00 --count "$2" --size "$3" >/dev/null; }

# sent_by DEVICE bytes|packets: what the device sent, from its interface's counters.
sent_by() { in_netns "dev$1" cat "/sys/class/net/eth0/statistics/tx_$2"; }

# sum DEVICE KEY: the device's total in the history.
sum() { kmonctl history devices --last 30d --device "28:6f:b9:00:00:0$1" --json 2>/dev/null | jq -r ".total.$2 // 0"; }

write_now() {
  systemctl kill --signal=USR1 kmon-recorder
  sleep "${1:-1.5}"
}

# small_state SIZE: puts the history on a file system of this size.
small_state() {
  mkdir -p $state
  chmod 700 /var/lib/private
  mount -t tmpfs -o "size=$1" tmpfs $state
  on_teardown umount $state
}

start_recorder() { systemctl start kmon-recorder; }

# same DEVICE...: the history of each device equals the kernel's counters, to the byte.
same() {
  local device
  for device; do
    assert_equal "$device $(sum "$device" sent_bytes) $(sum "$device" sent_packets)" \
      "$device $(sent_by "$device" bytes) $(sent_by "$device" packets)"
  done
}

# A router that is watched and recorded from before its first frame.
recorded_router() {
  router
  fast "$@"
  systemctl reload kmon
  start_recorder
  sleep 1.5
}

recorder_words() { journalctl -q -b -o cat -u kmon-recorder --after-cursor="$kmon_cursor" -p warning; }

@test "history: off until enabled; then records as an unprivileged user" {
  assert_equal "$(systemctl is-enabled kmon-recorder || true) $(systemctl is-active kmon-recorder || true)" "disabled inactive"
  run kmonctl history
  assert_failure 3
  assert_output --partial "systemctl enable --now kmon-recorder"
  # kmon-exporter is the first service of this boot. Its view of the file system is made of directories that the start of
  # the recorder insists on.
  systemctl start kmon-exporter.service
  systemctl stop kmon-exporter.service
  assert_equal "$(stat -c '%a' /run/private "${state%/*}" | xargs)" "700 700"
  systemctl enable --now kmon-recorder
  on_teardown systemctl disable kmon-recorder
  pid=$(systemctl show -P MainPID kmon-recorder)
  assert [ "$(ps -o uid= -p "$pid")" -ge 61184 ]
  assert_equal "$(grep -c '^Cap\(Inh\|Prm\|Eff\|Bnd\|Amb\):.0*$' "/proc/$pid/status")" 5
  # Only kmon-exporter can read it: nobody else gets through the private directory.
  assert_equal "$(stat -c '%a' "${state%/*}" $state $history | xargs)" "700 755 644"
  run systemctl show -P StatusText kmon-recorder
  assert_output --partial "recording 5 modules"
  run kmonctl history interfaces
  assert_success
  run setpriv --reuid=65534 --regid=65534 --clear-groups kmonctl history
  assert_failure 4
  systemctl stop kmon-recorder
  run kmonctl history interfaces
  assert_success
  assert_equal "$(recorder_words)" ""
}

@test "history: a router with three devices: what each sent, hour by hour, to the byte" {
  recorded_router
  for hour in 1 2 3; do
    sends 1 $((hour * 100)) 1000
    sends 2 $((hour * 10)) 60
    [ "$hour" = 2 ] || sends 3 5 1500
    write_now
    # The next hour begins.
    date -s "+1 hour" >/dev/null
  done
  write_now
  same 1 2 3
  run kmonctl history devices --by hour --last 12h --csv
  assert_success
  lines_of() { grep -o "28:6f:b9:00:00:0$1,.*" <<<"$output" | cut -d, -f3,5 | xargs; }
  assert_equal "$(lines_of 1)" "100000,100 200000,200 300000,300"
  assert_equal "$(lines_of 2)" "600,10 1200,20 1800,30"
  assert_equal "$(lines_of 3)" "7500,5 7500,5"
  run kmonctl history devices --by hour --last 12h
  assert_success
  assert_output --partial "28:6f:b9:00:00:01"
  run kmonctl history devices --device 28:6f:b9:00:00:01 --last 12h --json
  assert_equal "$(jq .total.sent_bytes <<<"$output")" 600000
  # The bridge's own figures, as the kernel has them.
  run kmonctl history interfaces --last 12h --json
  assert_equal "$(jq '.lines[] | select(.interface == "br0") | .received_packets' <<<"$output")" "$(cat /sys/class/net/br0/statistics/rx_packets)"
}

@test "history: killed repeatedly under traffic, the recorder loses nothing" {
  recorded_router
  sed -i 's/^write_interval = .*/write_interval = "5s"/' "$config"
  systemctl reload kmon-recorder
  for ((i = 0; i < $(scaled 30 10 5); i++)); do
    sends 1 50 1000
    systemctl kill --signal=KILL kmon-recorder
    sends 2 20 500
    systemctl reset-failed kmon-recorder
    start_recorder
  done
  sends 1 7 100
  write_now 2
  same 1 2
}

@test "history: after modules are reloaded, counting goes on and nothing is counted twice" {
  recorded_router
  sends 1 100 1000
  write_now
  rmmod l2packet_counter
  kmonctl apply
  sends 1 50 1000
  write_now
  same 1
}

@test "history: an idle device that the module forgets is not counted twice" {
  recorded_router
  sends 1 100 1000
  write_now
  echo reset >/proc/l2packet_counter
  echo reset >/proc/l2packet_counter
  sleep 1.5
  run grep 28:6f:b9:00:00:01 /proc/l2packet_counter.json
  assert_failure
  sends 1 200 1000
  write_now
  same 1
  assert_equal "$(kmonctl history devices --last 30d --device other --json 2>/dev/null | jq '.total.sent_bytes')" 0
}

@test "history: a full disk is reported once, and nothing is lost once there is room again" {
  small_state 512k
  on_teardown systemctl stop kmon-recorder
  recorded_router
  sends 1 10 1000
  write_now
  dd if=/dev/zero of=$state/fill bs=1k 2>/dev/null || true
  for i in 1 2 3 4 5 6 7 8; do
    sends 1 10 1000
    sends 2 3 1000
    sleep 1
  done
  assert_equal "$(recorder_words | grep -c 'No space left')" 1
  assert_equal "$(recorder_words | wc -l)" 1
  run systemctl show -P StatusText kmon-recorder
  assert_output --partial "cannot write the history"
  rm $state/fill
  sleep 3
  write_now
  same 1 2
  run journalctl -q -b -o cat -u kmon-recorder --after-cursor="$kmon_cursor" -p notice
  assert_output --partial "written again"
}

@test "history: a damaged database is set aside, and a new one is started" {
  recorded_router
  systemctl stop kmon-recorder
  dd if=/dev/urandom of=$history bs=1k count=8 conv=notrunc 2>/dev/null
  before=$(sha256sum <$history)
  start_recorder
  assert_equal "$(sha256sum <$history.damaged)" "$before"
  assert_equal "$(recorder_words | wc -l)" 1
  assert_equal "$(systemctl is-active kmon-recorder)" active
  sleep 1.5
  sent=$(sent_by 1 bytes)
  sends 1 9 1000
  write_now
  assert_equal "$(sum 1 sent_bytes)" $(($(sent_by 1 bytes) - sent))
}

@test "history: kept in memory, it is on disk only after the service has ended" {
  recorded_router 'storage = "memory"'
  sends 1 10 1000
  write_now
  [ ! -e $history ]
  same 1
  systemctl stop kmon-recorder
  [ ! -e /run/kmon-recorder/history.db ]
  same 1
  start_recorder
  sends 1 10 1000
  write_now
  same 1
}

@test "history: names come from the configuration, ethers and DHCP leases" {
  recorded_router
  sed -i 's/^\[devices\].*/&\n"28:6f:b9:00:00:01" = "printer"/' "$config"
  echo "28:6f:b9:00:00:02 camera" >>/etc/ethers
  on_teardown sed -i /camera/d /etc/ethers
  mkdir -p /var/lib/misc
  echo "1800000000 28:6f:b9:00:00:03 10.0.0.3 laptop *" >/var/lib/misc/dnsmasq.leases
  on_teardown rm -f /var/lib/misc/dnsmasq.leases
  sends 1 3 100
  sends 2 2 100
  sends 3 1 100
  write_now
  run kmonctl history --last 1h --csv
  assert_equal "$(cut -d, -f5 <<<"$output" | grep -v name | head -n 3 | xargs)" "printer camera laptop"
  run kmonctl history --device camera --last 1h --json
  assert_equal "$(jq .total.sent_bytes <<<"$output")" 200
  run kmonctl macs laptop
  assert_success
  run kmonctl alert --device printer --last 1h --warning 299
  assert_failure 1
  assert_output --partial "KMON WARNING - printer: 300 B"
  run kmonctl alert --device printer --last 1h --warning 300
  assert_success
}

# past QUERY: kmon-exporter's answer to a query of the history.
past() { busybox wget -q -O - "http://127.0.0.1:9778/api/v1/history?$1"; }
past_status() {
  exec 9<>/dev/tcp/127.0.0.1/9778
  printf 'GET /api/v1/history HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n' >&9
  head -n 1 <&9 | tr -d '\r'
  exec 9>&-
}
same_past() { assert_equal "$(past "what=devices&last=12h" | jq -cS '.lines,.total')" "$(kmonctl history devices --last 12h --json | jq -cS '.lines,.total')"; }

@test "history: kmon-exporter shows it, whichever of the two starts first, and has read access only" {
  systemctl start kmon-exporter.socket
  on_teardown systemctl stop kmon-exporter.socket kmon-exporter.service
  assert_equal "$(past_status)" "HTTP/1.1 404 Not Found"
  recorded_router
  sends 1 10 1000
  sends 2 7 60
  write_now 2
  same_past
  assert_equal "$(past "device=28:6f:b9:00:00:01" | jq .total.sent_bytes)" 10000
  run kmonctl history --by interval --last 5m --json --device 28:6f:b9:00:00:02
  assert_equal "$(past "by=interval&last=5m&device=28:6f:b9:00:00:02" | jq '[.periods[].total.sent_packets] | add')" 7
  pid=$(systemctl show -P MainPID kmon-exporter)
  assert_equal "$(nsenter -t "$pid" -m ls /var/lib/private)" kmon
  run -1 nsenter -t "$pid" -m touch $state/more
  assert_output --partial "Read-only file system"
  # It works while the recorder is down, too.
  systemctl kill --signal=KILL kmon-recorder
  same_past
  systemctl reset-failed kmon-recorder
  start_recorder
  sends 1 3 1000
  write_now 2
  same_past
  systemctl stop kmon-recorder
  same_past
  # The same with storage in memory.
  sed -i 's/^write_interval = .*/&\nstorage = "memory"/' "$config"
  start_recorder
  sends 1 5 1000
  write_now 2
  same_past
  assert_equal "$(past "device=28:6f:b9:00:00:01" | jq .total.sent_packets)" 18
}

@test "history: 10,000 devices are recorded in less than 16 MiB" {
  recorded_router
  in_netns dev1 frames eth0 --macs 10000 --dst 02:00:00:00:01:00 --count 20000 >/dev/null
  write_now 5
  assert_equal "$(jq -s 'map(select(.mac)) | length' /proc/l2packet_counter.json)" 10000
  in_netns dev1 frames eth0 --macs 10000 --dst 02:00:00:00:01:00 --count 20000 >/dev/null
  write_now 5
  assert_equal "$(kmonctl history devices --last 1d --json | jq '[.lines[] | select(.mac != "other")] | length')" 10000
  assert_equal "$(kmonctl history devices --last 1d --json | jq .total.sent_packets)" 40000
  assert [ "$(awk '/^VmRSS/ { print $2 }' "/proc/$(systemctl show -P MainPID kmon-recorder)/status")" -le 16384 ]
}

# bats test_tags=heavy
@test "history: at most one fsync per minute with the default settings" {
  router
  systemctl reload kmon
  start_recorder
  timeout 185 strace -f -e trace=fsync,fdatasync -o "$BATS_TEST_TMPDIR/calls" -p "$(systemctl show -P MainPID kmon-recorder)" 2>/dev/null || true
  assert [ "$(grep -c sync "$BATS_TEST_TMPDIR/calls")" -le 4 ]
  assert [ "$(grep -c sync "$BATS_TEST_TMPDIR/calls")" -ge 2 ]
}
