#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# kmon.service under a real systemd: what an administrator does, and what happens to a machine.
# The first test must see the machine just after boot.
# shellcheck disable=SC2030,SC2031,SC2154 # output, status and stderr are set by run, in the test's own subshell

load ../lib/service

default_parameters="l2packet_counter.interface=
l2packet_counter.direction=rx
l2packet_counter.reset_interval=20
l2packet_counter.max_macs=65536
localhost_monitor.log_packets=0
kstat.start=1
kstat.counter=10
netmon_proc.iface=
process_monitor.log=0
process_monitor.log_rate=100"

@test "service: after a boot with the default file it is active, and the five modules have its settings" {
  assert_equal "$(systemctl is-enabled kmon) $(systemctl is-active kmon) $(systemctl is-system-running)" "enabled active running"
  assert_equal "$(status_text)" "5 of 5 modules; l2packet_counter waiting for a default route; kstat started, counter 10"
  assert_equal "$(parameters)" "$default_parameters"
  assert_equal "$(systemctl show -P NRestarts kmon)" 0
  # Nothing worse than a notice in the journal of this boot.
  assert_equal "$(journalctl -q -b -o cat -u kmon -p warning)" ""
}

@test "service: the default file contains exactly the defaults" {
  configure </dev/null
  systemctl reload kmon
  assert_equal "$(parameters)" "$default_parameters"
}

# --- reload

@test "service: edit, reload, and the values are in sysfs; nothing is unloaded or restarted" {
  uplink kmon0 192.0.2
  before="$(main_pid) $(stat -c %i /sys/module/{kstat,l2packet_counter,localhost_monitor,netmon_proc,process_monitor} | xargs)"
  configure <<'TOML'
[l2packet_counter]
interface = "kmon0"
direction = "both"
reset_interval = "90s"
max_macs = 1000
[localhost_monitor]
log_packets = true
[kstat]
counter = 25
[netmon]
interface = "kmon0"
[process_monitor]
log = true
log_rate = 7
TOML
  systemctl reload kmon
  assert_equal "$(parameters)" "l2packet_counter.interface=kmon0
l2packet_counter.direction=both
l2packet_counter.reset_interval=90
l2packet_counter.max_macs=1000
localhost_monitor.log_packets=1
kstat.start=1
kstat.counter=25
netmon_proc.iface=kmon0
process_monitor.log=1
process_monitor.log_rate=7"
  assert_equal "$(status_text)" "5 of 5 modules; l2packet_counter on kmon0; kstat started, counter 25"
  assert_equal "$(main_pid) $(stat -c %i /sys/module/{kstat,l2packet_counter,localhost_monitor,netmon_proc,process_monitor} | xargs)" "$before"
  default_file
  systemctl reload kmon
  assert_param l2packet_counter reset_interval 20
  assert_param kstat counter 10
  assert_param process_monitor log 0
}

@test "service: a file in kmon.toml.d overrides the main one" {
  mkdir /etc/kmon.toml.d
  printf '[kstat]\ncounter = 31\n' >/etc/kmon.toml.d/50-site.toml
  systemctl reload kmon
  assert_param kstat counter 31
  rm /etc/kmon.toml.d/50-site.toml
  systemctl reload kmon
  assert_param kstat counter 10
}

@test "service: SIGHUP reloads, too" {
  configure <<<$'[kstat]\ncounter = 41'
  systemctl kill -s HUP kmon
  assert_param kstat counter 41
  assert_says "*; kstat started, counter 41"
}

@test "service: the file stops and starts kstat" {
  configure <<<$'[kstat]\nstart = false'
  systemctl reload kmon
  assert_param kstat start 0
  assert_says "5 of 5 modules; *; kstat stopped, counter 10"
}

# --- a bad file

# assert_refused_at PLACE KEY: kmonctl check and a reload refuse the file with these words, and nothing changes.
assert_refused_at() {
  local before pid
  before=$(parameters) pid=$(main_pid)
  run --separate-stderr kmonctl check
  assert_equal "$status" 78
  [[ $output$stderr == *"/etc/kmon.toml:$1: "*"$2"* ]]
  journal_mark
  run systemctl reload kmon
  assert_failure
  assert_journal "/etc/kmon.toml:$1: .*$2"
  assert_journal "the old settings stay in force"
  assert_equal "$(parameters)" "$before"
  assert_equal "$(main_pid) $(systemctl is-active kmon)" "$pid active"
}

@test "service: a misspelt key: kmonctl check exits with 78 and points at it, the reload fails and says why, the old settings stay" {
  configure <<'TOML'
[kstat]
counter = 77
  strat = true
TOML
  assert_refused_at 3:3 strat
}

@test "service: a value out of range, a wrong type, and a file that is not TOML are refused in the same way" {
  configure <<<$'[kstat]\ncounter = 0'
  assert_refused_at 2:11 counter
  configure <<<$'[l2packet_counter]\nreset_interval = "20 parsecs"'
  assert_refused_at 2:18 reset_interval
  configure <<<$'[kstat]\ncounter = \n'
  assert_refused_at 2:9 ''
}

@test "service: the journal has the place of the error in fields, and the ID of an explanation" {
  configure <<<$'[kstat]\nstrat = true'
  run systemctl reload kmon
  assert_failure
  wait_until 30 journal_has strat
  entry=$(journalctl -q -o json -u kmon --after-cursor="$kmon_cursor" | jq -c 'select(.KMON_CONFIG_LINE != null)')
  assert_equal "$(jq -r '[.KMON_CONFIG_FILE, .KMON_CONFIG_LINE, .KMON_CONFIG_COLUMN] | join(" ")' <<<"$entry")" "/etc/kmon.toml 2 1"
  id=$(jq -r .MESSAGE_ID <<<"$entry")
  grep -q "^-- $id$" /usr/lib/systemd/catalog/kmon.catalog
}

@test "service: a late journal still attributes the reason of a refused reload or start to the service" {
  journald=$(systemctl show -P MainPID systemd-journald)
  configure <<<$'[kstat]\nstrat = true'
  for verb in reload restart; do
    journal_mark
    kill -STOP "$journald"
    run systemctl "$verb" kmon # the process that finds the error has ended by now
    kill -CONT "$journald"
    assert_failure
    assert_journal '/etc/kmon.toml:2:1: .*strat'
  done
}

@test "service: a value that only the kernel refuses undoes the whole reload" {
  before=$(parameters)
  configure <<<$'[kstat]\ncounter = 88\n[l2packet_counter]\nreset_interval = 5\ninterface = "lo"'
  run systemctl reload kmon
  assert_failure
  assert_journal 'lo'
  assert_journal 'the old settings stay in force'
  assert_equal "$(parameters)" "$before"
  assert_equal "$(systemctl is-active kmon)" active
}

@test "service: a bad file at start: exits with 78, says why, is not retried; the modules count on" {
  uplink kmon0 192.0.2
  ip route add default via 192.0.2.2
  assert_param l2packet_counter interface kmon0
  before=$(frames_counted kmon0)
  configure <<<$'[kstat]\nstrat = true'
  run systemctl restart kmon
  assert_failure
  assert_equal "$(systemctl show -P ExecMainStatus kmon)" 78
  assert_equal "$(systemctl is-active kmon)" failed
  assert_journal '/etc/kmon.toml:2:1: .*strat'
  sleep 3 # longer than RestartSec
  assert_equal "$(systemctl is-active kmon)" failed
  frames kmon0p --count 40
  assert_equal "$(($(frames_counted kmon0) - before))" 40
  default_file
  systemctl start kmon
  assert_says "5 of 5 modules; l2packet_counter on kmon0; *"
}

# --- interfaces

@test "service: auto follows the default route as it appears, moves and goes" {
  uplink kmon0 192.0.2
  uplink kmon1 198.51.100
  assert_says "*; l2packet_counter waiting for a default route; *"
  ip route add default via 192.0.2.2 metric 100
  assert_param l2packet_counter interface kmon0
  assert_says "5 of 5 modules; l2packet_counter on kmon0; *"
  frames kmon0p --count 30
  assert_equal "$(frames_counted kmon0)" 30

  ip route add default via 198.51.100.2 metric 50
  assert_param l2packet_counter interface kmon1
  frames kmon1p --count 20
  assert_equal "$(frames_counted kmon1)" 20

  # When the interface goes down, its route goes: the other one is the default again.
  ip link set kmon1 down
  assert_param l2packet_counter interface kmon0

  ip route del default
  assert_says "*waiting for a default route*"
  frames kmon0p --count 5
  assert_equal "$(systemctl is-active kmon)" active
}

@test "service: auto follows the default route of IPv6 where IPv4 has none" {
  uplink kmon0 192.0.2
  sysctl -qw net.ipv6.conf.kmon0.disable_ipv6=0
  ip -6 address add 2001:db8::1/64 dev kmon0 nodad
  ip -6 route add default via 2001:db8::2
  assert_param l2packet_counter interface kmon0
}

@test "service: waits for an interface that does not exist yet, and picks it up when it appears" {
  uplink kmon0 192.0.2
  configure <<<$'[l2packet_counter]\ninterface = ["kmon0", "kmon9"]'
  systemctl reload kmon
  assert_param l2packet_counter interface kmon0
  assert_says "5 of 5 modules; l2packet_counter on kmon0, waiting for kmon9; *"
  uplink kmon9 198.51.100
  assert_param l2packet_counter interface kmon0,kmon9
  assert_says "5 of 5 modules; l2packet_counter on kmon0,kmon9; *"
  frames kmon9p --count 11
  assert_equal "$(frames_counted kmon9)" 11
}

@test "service: an interface that is away keeps its numbers when another one is added" {
  uplink kmon0 192.0.2
  configure <<<$'[l2packet_counter]\ninterface = ["kmon0", "kmon9"]'
  systemctl reload kmon
  assert_param l2packet_counter interface kmon0
  frames kmon0p --count 7
  ip link del kmon0
  uplink kmon9 198.51.100
  assert_param l2packet_counter interface kmon9,kmon0
  assert_says "*; l2packet_counter on kmon9, waiting for kmon0; *"
  frames kmon9p --count 5
  uplink kmon0 192.0.2
  frames kmon0p --count 3
  assert_equal "$(frames_counted kmon0) $(frames_counted kmon9)" "10 5"
}

@test "service: an alternative name means its interface" {
  uplink kmon0 192.0.2
  ip link property add dev kmon0 altname kmon-other
  configure <<<$'[l2packet_counter]\ninterface = "kmon-other"'
  systemctl reload kmon
  assert_param l2packet_counter interface kmon0
  assert_says "5 of 5 modules; l2packet_counter on kmon0; *"
}

# --- modules that come and go

@test "service: a module that somebody removes and reloads gets its settings again" {
  configure <<<$'[kstat]\ncounter = 61\n[process_monitor]\nlog_rate = 9'
  systemctl reload kmon
  rmmod kstat process_monitor
  assert_says "degraded: 3 of 5 modules; *kstat*"
  modprobe kstat
  assert_param kstat counter 61
  assert_param kstat start 1
  load_module process_monitor # as with a plain insmod: log=1
  assert_param process_monitor log 0
  assert_param process_monitor log_rate 9
  assert_says "5 of 5 modules; *"
}

# hide MODULE: makes the machine look as if MODULE were not built for this kernel.
hide() {
  local file
  file=$(ko "$1")
  mv "$file" "$BATS_TEST_TMPDIR/"
  depmod
  on_teardown depmod
  on_teardown mv "$BATS_TEST_TMPDIR/${file##*/}" "$file"
}

@test "service: a missing module is reported with cause and cure, the others run; once it exists, a reload loads it" {
  hide kstat
  rmmod kstat
  systemctl restart kmon
  assert_says "degraded: 4 of 5 modules; kstat: it is not built for the running kernel $(uname -r); try: dkms install kmon/* -k $(uname -r); *"
  assert_equal "$(systemctl is-active kmon)" active
  assert_journal 'kstat is not running: it is not built'
  run kmonctl status
  assert_output --partial "dkms install kmon/"
  for module in localhost_monitor l2packet_counter netmon_proc process_monitor; do
    [ -d /sys/module/$module ]
  done
  mv "$BATS_TEST_TMPDIR"/kstat.ko* "/lib/modules/$(uname -r)/updates/dkms/"
  depmod
  systemctl reload kmon
  assert_says "5 of 5 modules; *; kstat started, counter 10"
}

@test "service: reload, status, doctor and apply name a blacklisted module with the reason, and do not succeed" {
  echo 'blacklist kstat' >/etc/modprobe.d/kmon-test.conf
  on_teardown rm -f /etc/modprobe.d/kmon-test.conf
  rmmod kstat
  run systemctl reload kmon
  assert_failure
  assert_journal 'reloaded, but kstat: modprobe.d blacklists it'
  assert_says "degraded: 4 of 5 modules; kstat: modprobe.d blacklists it; *"
  run kmonctl status
  assert_equal "$status" 3
  assert_output --partial "modprobe.d blacklists it"
  run kmonctl doctor
  assert_equal "$status" 1
  assert_output --partial "First fault: kstat: modprobe.d blacklists it"
  run --separate-stderr kmonctl apply --json
  assert_equal "$status" 1
  assert_equal "$(jq -c '[.by, .modules.kstat.loaded, .modules.kstat.problem.errno, .modules.netmon_proc.applied]' <<<"$output")" \
    '["kmond",false,125,true]'
  assert_equal "$(setpriv --reuid 65534 --regid 65534 --clear-groups kmonctl status --json | jq -c '[.by, .modules.kstat.problem.errno]')" \
    '["kmond",125]'
  rm /etc/modprobe.d/kmon-test.conf
  kmonctl apply
  assert_says "5 of 5 modules; *"
}

@test "service: apply names a refused module when no kmond runs" {
  systemctl stop kmon
  echo 'blacklist kstat' >/etc/modprobe.d/kmon-test.conf
  on_teardown rm -f /etc/modprobe.d/kmon-test.conf
  rmmod kstat
  run --separate-stderr kmonctl apply --json
  assert_equal "$status" 1
  assert_equal "$(jq -c '[.by, .modules.kstat.problem.errno]' <<<"$output")" '["kmonctl",125]'
}

@test "service: apply and status do not wait forever for a kmond that hangs" {
  pid=$(main_pid)
  on_teardown kill -CONT "$pid"
  kill -STOP "$pid"
  run timeout 28 kmonctl apply
  assert_equal "$status" 1
  assert_output --partial "kmond did not answer"
  run timeout 10 kmonctl status
  assert_equal "$status" 1
  assert_output --partial "kmond did not answer"
  kill -CONT "$pid"
}

@test "service: the file sets who may read a module's files, from the moment it is loaded" {
  readers() { stat -c '%a %g' /proc/kstat/stats.json; }
  assert_equal "$(readers)" "444 0"
  configure <<<$'[kstat]\nview_mode = "0440"\nview_gid = 4'
  systemctl reload kmon
  run kmonctl doctor
  assert_success
  assert_output --partial "kstat view_mode is 0444, the configuration says 0440"
  assert_output --partial "modprobe -r kstat && kmonctl apply"
  modprobe -r kstat
  kmonctl apply
  assert_equal "$(readers)" "440 4"
  default_file
  modprobe -r kstat
  kmonctl apply
  assert_equal "$(readers)" "444 0"
}

@test "service: a module that is not enabled is not loaded; enabled, a reload loads it" {
  configure <<<$'[netmon]\nenabled = false'
  rmmod netmon_proc
  systemctl restart kmon
  assert_says "4 of 4 modules; *"
  [ ! -d /sys/module/netmon_proc ]
  default_file
  systemctl reload kmon
  assert_says "5 of 5 modules; *"
  [ -d /sys/module/netmon_proc ]
}

# --- counts

# counts: the predictable counts of the views: frames on kmon0, pings over lo, outgoing TCP packets.
counts() {
  echo "frames $(frames_counted kmon0)"
  echo "text $(sed -n 's/^Total packets: //p' /proc/l2packet_counter)"
  echo "icmp $(json /proc/localhost_stats.json '.[] | select(.ip_version == 4 and .protocol == "icmp").packets')"
  echo "tcp $(json /proc/kstat/stats.json '.[0].packets')"
}

traffic() {
  frames kmon0p --count 50
  ping -q -n -c 2 -i 0.1 127.0.0.1 >/dev/null
  ipsend --proto tcp --to 127.0.0.1 --size 100 --count 8 >/dev/null
}

# more COUNTS: adds the packets of one more call of `traffic`.
more() { awk '{ $2 += ($1 == "icmp") ? 4 : ($1 == "tcp") ? 8 : 50; print }' <<<"$1"; }

@test "service: kill -9 and restart without losing a count" {
  watching
  traffic
  before=$(counts)
  assert_equal "$(head -n 1 <<<"$before")" "frames 50"
  pid=$(main_pid)
  restarts=$(systemctl show -P NRestarts kmon)
  frames kmon0p --count 50 & # during the restart
  kill -9 "$pid"
  wait $!
  wait_until 60 another_than "$pid"
  assert_equal "$(systemctl show -P NRestarts kmon)" $((restarts + 1))
  ping -q -n -c 2 -i 0.1 127.0.0.1 >/dev/null
  ipsend --proto tcp --to 127.0.0.1 --size 100 --count 8 >/dev/null
  assert_equal "$(counts)" "$(more "$before")"
  assert_says "5 of 5 modules; l2packet_counter on kmon0; *"
}

@test "service: systemctl restart kmon does not change the counters, nor do stop and start" {
  watching
  traffic
  before=$(counts)
  modules=$(stat -c %i /sys/module/{kstat,l2packet_counter,localhost_monitor,netmon_proc,process_monitor})
  systemctl restart kmon
  assert_equal "$(counts)" "$before"
  systemctl stop kmon
  traffic
  assert_equal "$(counts)" "$(more "$before")"
  systemctl start kmon
  assert_equal "$(counts)" "$(more "$before")"
  assert_equal "$(stat -c %i /sys/module/{kstat,l2packet_counter,localhost_monitor,netmon_proc,process_monitor})" "$modules"
}


sent_frames() { frames kmon0p --count 500 && echo >>"$BATS_TEST_TMPDIR/rounds"; }

@test "service: a reload loses no packet" {
  watching
  before=$(frames_counted kmon0)
  meanwhile sent_frames
  for i in 1 2 3 4; do
    configure <<<$'[l2packet_counter]\ninterface = "kmon0"\nreset_interval = '"$((i * 100))"$'\nmax_macs = '"$((i * 50))"
    systemctl reload kmon
  done
  enough
  assert_equal "$(($(frames_counted kmon0) - before))" $((500 * $(wc -l <"$BATS_TEST_TMPDIR/rounds")))
}

# --- privileges and lifetime

@test "service: kmond has no capability at run time" {
  about=/proc/$(main_pid)/status
  assert_equal "$(awk '/^Cap/ { print $2 }' "$about" | sort -u)" 0000000000000000
  assert_equal "$(awk '/^(NoNewPrivs|Seccomp):/ { print $2 }' "$about" | xargs)" "1 2"
  assert_equal "$(awk '/^Uid/ { print $2 }' "$about")" 0
}

# exposure UNIT: the exposure level of `systemd-analyze security`, times ten.
exposure() {
  systemd-analyze security --no-pager "$1" | sed -n 's/.*Overall exposure level for .*: \([0-9]*\)\.\([0-9]\).*/\1\2/p'
}

@test "service: systemd-analyze security is below 3 for both units" {
  make_link kmon0 type dummy
  on_teardown systemctl stop netmon@kmon0
  systemctl start netmon@kmon0
  for unit in kmon.service netmon@kmon0.service; do
    level=$(exposure $unit)
    [ -n "$level" ]
    [ "$level" -lt 30 ]
  done
}

@test "service: the watchdog restarts it when it hangs" {
  mkdir -p /run/systemd/system/kmon.service.d
  on_teardown systemctl daemon-reload
  on_teardown rm -rf /run/systemd/system/kmon.service.d
  printf '[Service]\nWatchdogSec=8\n' >/run/systemd/system/kmon.service.d/short.conf
  systemctl daemon-reload
  systemctl restart kmon
  pid=$(main_pid)
  sleep 10 # it must stay like that
  assert_equal "$(main_pid)" "$pid"
  kill -STOP "$pid"
  wait_until 90 another_than "$pid"
  assert_journal '[Ww]atchdog'
}

@test "service: ends immediately when told to, and stops nothing in the kernel" {
  began=$SECONDS
  systemctl stop kmon
  [ $((SECONDS - began)) -lt 10 ]
  assert_equal "$(systemctl show -P Result kmon) $(loaded)" "success 5"
  assert_param kstat start 1
  systemctl start kmon
}

@test "service: kmond started by hand with closed standard streams opens nothing in their place" {
  systemctl stop kmon
  on_teardown systemctl start kmon
  /usr/sbin/kmond <&- >&- 2>&- 3>&- &
  pid=$!
  wait_until 30 test -S /run/kmon/reload
  assert_equal "$(readlink /proc/$pid/fd/{0,1,2} | xargs)" "/dev/null /dev/null /dev/null"
  kill $pid
  wait $pid || true
}

@test "service: kmond started by hand as another user is not permitted" {
  run --separate-stderr setpriv --reuid 65534 --regid 65534 --clear-groups /usr/sbin/kmond
  assert_equal "$status" 4
  assert_equal "$output" ""
}
