# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Helpers for load.bats, traffic.bats and stress.bats; load after common.bash. These tests run on users' machines, where other
# programs make traffic and exit at the same time. So:
#  - The watched end kmon0 is here, because l2packet_counter watches the machine's own namespace. The sending end kmon1 and all
#    senders are in a separate namespace. Only what a test sends arrives at kmon0, and that is counted exactly.
#  - Where others can add to a count, use assert_counted of common.bash.
#
# In the environment: KMON_INTERFACE, an interface of the machine that is also watched.

peer=kmon-peer
here_address=198.18.73.1 # in a network for tests (RFC 2544), which has only these two addresses
peer_address=198.18.73.2

# A pause between two rounds of background activity (`meanwhile` in common.bash), to leave CPU time for others.
# shellcheck disable=SC2034
breath=0.05

setup_file() {
  ! kmon_in_use || return 0 # every test will be skipped
  ip netns add "$peer"
  : >"$BATS_FILE_TMPDIR/netns"
  ip link add kmon0 type veth peer name kmon1 netns "$peer"
  : >"$BATS_FILE_TMPDIR/link"
  quiet_link kmon0
  in_peer sysctl -qw net.ipv6.conf.all.disable_ipv6=1
  ip -n "$peer" -batch - <<END
link set lo up
address add $peer_address/30 dev kmon1
link set kmon1 up
END
  ip -batch - <<END
address add $here_address/30 dev kmon0
link set kmon0 up
END
  # Permanent neighbours, because address resolution would add frames.
  ip neigh replace "$peer_address" lladdr "$(in_peer cat /sys/class/net/kmon1/address)" dev kmon0 nud permanent
  ip -n "$peer" neigh replace "$here_address" lladdr "$(</sys/class/net/kmon0/address)" dev kmon1 nud permanent
  wait_until 30 link_is_up kmon0
}

# Only removes what setup_file made.
teardown_file() {
  [ ! -e "$BATS_FILE_TMPDIR/link" ] || ip link del kmon0
  [ ! -e "$BATS_FILE_TMPDIR/netns" ] || ip netns del "$peer"
}

in_peer() { ip netns exec "$peer" "$@"; }

# send ARGUMENTS...: sends frames to kmon0. They have been counted when this returns; $sent then has each source's number of frames.
send() {
  sent=$BATS_TEST_TMPDIR/sent
  in_peer frames kmon1 --list "$sent" "$@"
}

watched=kmon0${KMON_INTERFACE:+,$KMON_INTERFACE} # by l2packet_counter

# load_quiet MODULE... [PARAMETER=VALUE...]: loads them without periodic resets, and without logging exits.
load_quiet() {
  local module parameters=()
  for module; do [[ $module != *=* ]] || parameters+=("$module"); done
  for module; do
    case $module in
      *=*) ;;
      l2packet_counter) load_module "$module" interface="$watched" reset_interval=0 "${parameters[@]}" ;;
      netmon_proc) load_module "$module" iface=kmon0 "${parameters[@]}" ;;
      process_monitor) load_module "$module" log=0 "${parameters[@]}" ;;
      *) load_module "$module" "${parameters[@]}" ;;
    esac || return 1
  done
}

# ---- reading the modules' views

# l2_text: the part of the text view about kmon0. KMON_INTERFACE follows after an empty line.
l2_text() { sed '/^$/,$d' /proc/l2packet_counter; }
l2_total() { sed -n 's/^Total packets: //p;/^$/q' /proc/l2packet_counter; }
l2_macs() { l2_text | awk '/^[0-9a-f:]+ +[0-9]+$/ { print $1, $2 }' | LC_ALL=C sort; }

# l2 KEY [INTERFACE]: that value from the interface's line in the JSON view.
l2() {
  local line
  line=$(grep -m 1 "^{\"interface\":\"${2:-kmon0}\",\"waiting\"" /proc/l2packet_counter.json)
  [[ $line =~ \"$1\":\"?([^,\"\}]*) ]] && echo "${BASH_REMATCH[1]}"
}

# text_number FILE LABEL: the number after `LABEL: `.
text_number() { sed -n "s/^$2: \\([0-9]*\\).*/\\1/p" "$1"; }

# localhost VERSION PROTOCOL: its packets. exits KEY and kstat_number KEY: that value.
localhost() { json /proc/localhost_stats.json ".[] | select(.ip_version == $1 and .protocol == \"$2\").packets"; }
exits() { json=/proc/process_monitor.json number_of "$1"; }
kstat_number() { json=/proc/kstat/stats.json number_of "$1"; }

# trace_exits: makes the trace instance $instance, with a buffer for a storm.
trace_exits() {
  instance=/sys/kernel/tracing/instances/kmon-live
  mkdir "$instance"
  on_teardown rmdir "$instance"
  echo 16384 >"$instance/buffer_size_kb"
}

# cumulative: every count in the JSON views, as `what TAB number`.
cumulative() {
  jq -r '
    ([input_filename, .interface, .mac, .ip_version, .protocol, .size] | map(select(. != null) | tostring) | join(" ")) as $what |
    to_entries[] | select((.value | type) == "number" and (.key | test("packets|bytes|segments|exits|signal|published|_ns$"))) |
    "\($what) \(.key)\t\(.value)"' \
    /proc/{localhost_stats,l2packet_counter,kstat/stats,process_monitor}.json
}

# none_lower BEFORE AFTER: checks that no count of `cumulative` went down or disappeared.
none_lower() {
  awk -F '\t' 'NR == FNR { before[$1] = $2; n++; next }
    { after[$1] = $2 }
    END {
      for (what in before)
        if (after[what] == "" || after[what] + 0 < before[what] + 0) { print what ": from " before[what] " to " after[what]; bad = 1 }
      exit bad || n < 20
    }' <(printf '%s\n' "$1") <(printf '%s\n' "$2")
}
