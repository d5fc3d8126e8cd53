# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Helpers for the bats files about what l2packet_counter counts and shows; load after common.bash and l2.bash. The watched ends
# km0 and km1 are here, the sending ends km0p and km1p in a separate namespace. Only what a test sends arrives: there is no IPv6
# and there are no addresses.
# shellcheck disable=SC2034,SC2119,SC2120,SC2154 # for the bats files

text=/proc/l2packet_counter
view=/proc/l2packet_counter.json
parameters=/sys/module/l2packet_counter/parameters
peer=kmon-l2-peer
many=1802333038 # the group of interfaces that are made and deleted together

setup_file() {
  ip netns add "$peer"
  in_netns "$peer" sysctl -qw net.ipv6.conf.default.disable_ipv6=1
  ip -batch - <<EOF
link add km0 type veth peer name km0p netns $peer
link add km1 type veth peer name km1p netns $peer
EOF
  quiet_link km0
  quiet_link km1
  ip -batch - <<EOF
link set km0 up
link set km1 up
EOF
  ip -n "$peer" -batch - <<EOF
link set km0p up
link set km1p up
EOF
}

teardown_file() {
  ip link del km0
  ip link del km1
  ip netns del "$peer"
}

setup() {
  kmon_setup
  sent=$BATS_TEST_TMPDIR/sent
}

# ---- loading, sending ----

# send WATCHED ARGUMENTS...: sends frames from WATCHED's other end; $sent then has each source and its number of frames.
send() {
  local watched=$1
  shift
  in_netns "$peer" frames "${watched}p" --list "$sent" "$@"
}

# error_of FILE TEXT: the error of writing TEXT to FILE; 0: none.
error_of() { badwrite "$1" text "$2" | error_in; }
error_in() { sed -E 's/.*"errno":"?([A-Z0-9]+).*/\1/'; }

# ---- reading the module's views ----

# text_counts [FILE]: like counts, from a text view.
text_counts() { awk '/^[0-9a-f:]+ +[0-9]+$/ { print $1, $2 }' "${1:-$text}" | LC_ALL=C sort; }

# Checks the whole text view, to the byte.
assert_text() {
  local whole
  mapfile -d '' whole <"$text"
  assert_equal "${whole[0]:-}" "$1"
}

# When the sender exits, frames may still be in the queue of a busy CPU.
at_least() { [ "$(figure "$1" packets)" -ge "$2" ]; }
assert_packets() {
  wait_until 30 at_least "$1" "$2" || true
  assert_equal "$(figure "$1" packets)" "$2"
  books_balance
}

# books_balance [FILE]: in one reading, each address is listed once, and each total is the sum of the lines, untracked and evicted.
books_balance() {
  awk -F '"' '
    function value(key) { return substr($0, index($0, "\"" key "\":") + length(key) + 3) + 0 }
    function rest(what) { return value(what) - value("untracked_" what) - value("evicted_" what) }
    $6 == "waiting" {
      macs[$4] = value("macs"); packets[$4] = rest("packets"); bytes[$4] = rest("bytes")
    }
    $6 == "mac" {
      macs[$4]--; packets[$4] -= value("packets"); bytes[$4] -= value("bytes")
      if (seen[$4, $8]++) { print $8 " is listed twice"; bad = 1 }
    }
    END {
      if (NR < 2) { print "an empty reading"; bad = 1 }
      for (i in macs)
        if (macs[i] || packets[i] || bytes[i]) {
          print i ": the lines are off by " macs[i] " MACs, " packets[i] " packets, " bytes[i] " bytes"; bad = 1
        }
      exit bad
    }' "${1:-$view}"
}

# The same for one interface in the text view, provided that all its lines are shown.
text_balances() {
  awk '
    /^Total packets: / { left = $3; heads++ }
    /^[0-9a-f:]+ +[0-9]+$/ { left -= $2; if (seen[$1]++) { print $1 " is listed twice"; bad = 1 } }
    END { if (left || heads != 1) { print "heads: " heads ", packets too many in the total: " left; bad = 1 } exit bad }' "${1:-$text}"
}

# keeps PARAMETER GOOD BAD...: writing BAD fails with EINVAL, and GOOD stays.
keeps() {
  local parameter=$1 good=$2 bad
  shift 2
  set_param l2packet_counter "$parameter" "$good"
  for bad; do
    assert_equal "$bad: $(error_of "$parameters/$parameter" "$bad")" "$bad: EINVAL"
  done
  for bad in huge mib nul; do
    assert_equal "$bad: $(badwrite "$parameters/$parameter" "$bad" | error_in)" "$bad: EINVAL"
  done
  badwrite "$parameters/$parameter" empty
  assert_equal "$(get_param l2packet_counter "$parameter")" "$good"
}

reset_text() { echo reset >"$text"; }
