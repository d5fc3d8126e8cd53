# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Helpers for the bats files about l2packet_counter; load after ../lib/common. The text view is "$text", the JSON view "$view".

# Without the periodic reset, unless the test is about that.
load_l2() { load_module l2packet_counter reset_interval=0 "$@"; }

# refused MESSAGE PARAMETER=VALUE...: insmod fails, says MESSAGE, and leaves nothing.
refused() {
  local message=$1
  shift
  run insmod "$(ko l2packet_counter)" "$@"
  assert_failure 1
  assert_output --partial "$message"
  [ ! -e /sys/module/l2packet_counter ]
  [ ! -e "${text:?}" ]
}

# figure INTERFACE KEY: a value from the interface's line.
figure() {
  local lines line
  mapfile -t -n 2 lines <"${view:?}"
  line=${lines[1]:-}
  # The first interface is in the second line. This saves starting a process, which is slow in a guest.
  [[ $line == "{\"interface\":\"$1\","* ]] || line=$(grep -m 1 "^{\"interface\":\"$1\",\"waiting\"" "$view")
  [[ $line =~ \"$2\":\"?([^,\"\}]*) ]] && echo "${BASH_REMATCH[1]}"
}

# counts INTERFACE [FILE]: its source addresses and their packets from a JSON view, in the format of frames --list.
counts() { awk -F '"' -v i="$1" '$4 == i && $6 == "mac" { print $8, substr($11, 2) + 0 }' "${2:-${view:?}}" | LC_ALL=C sort; }
