# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Helpers for tests of the running service. They change /etc/kmon.toml and the machine's routes, so they run only if
# KMON_THROWAWAY=1 allows it: in the guests of tests/run --suite service. Modules stay loaded between tests, as on a user's machine;
# each test ends with the default configuration in force.

# shellcheck source=common.bash
source "${BASH_SOURCE[0]%/*}/common.bash"

config=/etc/kmon.toml

throwaway() {
  [ "${KMON_THROWAWAY:-0}" = 1 ] || skip "expected: it would change this machine's configuration"
  [ -d /run/systemd/system ] || skip "expected: no systemd here"
}

setup_file() {
  throwaway
  cp $config "$BATS_FILE_TMPDIR/default.toml"
}

setup() { service_setup; }

service_setup() {
  kmon_undo=()
  meanwhile=()
  kernel_log_mark
  journal_mark
}

teardown() {
  local failed=0 i
  [ "${#meanwhile[@]}" = 0 ] || enough || true # the test has ended early
  for ((i = ${#kmon_undo[@]} - 1; i >= 0; i--)); do
    eval "${kmon_undo[i]}" || true
  done
  rm -rf /etc/kmon.toml.d
  restore_default || failed=1
  kernel_log_clean || failed=1
  return "$failed"
}

# Restores the default configuration, with all modules loaded. No interface is watched, so those of the next test have no counts yet.
restore_default() {
  if ! cmp -s "$BATS_FILE_TMPDIR/default.toml" $config || [ "$(systemctl is-active kmon)" != active ] || [ "$(loaded)" != 5 ]; then
    default_file
    systemctl reset-failed kmon
    systemctl restart kmon
  fi
  set_param l2packet_counter interface ""
}

loaded() { find /sys/module -maxdepth 1 \( -name localhost_monitor -o -name l2packet_counter -o -name kstat -o -name netmon_proc -o -name process_monitor \) | wc -l; }

default_file() { cp "$BATS_FILE_TMPDIR/default.toml" $config; }

# configure: writes standard input to /etc/kmon.toml, without reloading.
configure() { cat >$config; }

# --- the service's status and journal

status_text() { systemctl show -P StatusText kmon; }
main_pid() { systemctl show -P MainPID kmon; }

# another_than PID: is the service running again, as another process?
another_than() {
  local pid
  pid=$(main_pid)
  [ "$pid" != 0 ] && [ "$pid" != "$1" ] && [ "$(systemctl is-active kmon)" = active ]
}

# says PATTERN: does the status line match? * and ? work as in file names.
says() {
  # shellcheck disable=SC2053 # a pattern
  [[ $(status_text) == $1 ]]
}

# assert_says PATTERN: waits for that; if it fails, shows the actual status line.
assert_says() {
  wait_until 30 says "$1" || {
    printf 'the status line is\n  %s\nand not\n  %s\n' "$(status_text)" "$1" >&2
    return 1
  }
}

journal_mark() { kmon_cursor=$(journalctl -q -n 1 --show-cursor -o cat | sed -n 's/^-- cursor: //p'); }

# journal: what the service wrote to the journal since the test began, or since journal_mark.
journal() { journalctl -q -o cat -u kmon --after-cursor="$kmon_cursor"; }

journal_has() { journal | grep -q -- "$1"; }

assert_journal() {
  wait_until 30 journal_has "$1" || {
    printf 'no line of the journal matches %s:\n' "$1" >&2
    journal >&2
    return 1
  }
}

# --- parameters in sysfs

# parameters: every parameter that /etc/kmon.toml sets, one per line.
parameters() {
  cd /sys/module &&
    grep -H '' l2packet_counter/parameters/{interface,direction,reset_interval,max_macs} localhost_monitor/parameters/log_packets \
      kstat/parameters/{start,counter} netmon_proc/parameters/iface process_monitor/parameters/{log,log_rate} |
    sed 's|/parameters/|.|; s|:|=|'
}

# param_is MODULE PARAMETER VALUE; assert_param waits for it.
param_is() { [ "$(get_param "$1" "$2" 2>/dev/null)" = "$3" ]; }
assert_param() {
  wait_until 30 param_is "$@" || {
    printf '%s.%s is "%s", not "%s"\n' "$1" "$2" "$(get_param "$1" "$2")" "$3" >&2
    return 1
  }
}

# --- interfaces

# uplink NAME NET: an interface for a default route, with a peer NAMEp that sends it frames.
uplink() {
  make_veth "$1" "$1p"
  ip address add "$2.1/24" dev "$1"
}

# watching: makes the service watch kmon0, without periodic resets.
watching() {
  uplink kmon0 192.0.2
  configure <<<$'[l2packet_counter]\ninterface = "kmon0"\nreset_interval = 0'
  systemctl reload kmon
  assert_param l2packet_counter interface kmon0
}

# frames_counted INTERFACE: the frames received there since the module was loaded.
frames_counted() {
  json /proc/l2packet_counter.json ".[] | select(.interface == \"$1\" and .macs != null) | .packets"
}
