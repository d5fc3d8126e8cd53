# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Helpers of the two bats files about l2packet_counter, after ../lib/common. The text view is "$text", the JSON view "$view".

# Without the periodic reset, unless it is what is tested.
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

# figure INTERFACE KEY: a value from the interface's own line.
figure() {
  local lines line
  mapfile -t -n 2 lines <"${view:?}"
  line=${lines[1]:-}
  # The first interface stands in the second line: no need for another process, which costs dear in a guest.
  [[ $line == "{\"interface\":\"$1\","* ]] || line=$(grep -m 1 "^{\"interface\":\"$1\",\"waiting\"" "$view")
  [[ $line =~ \"$2\":\"?([^,\"\}]*) ]] && echo "${BASH_REMATCH[1]}"
}

# counts INTERFACE [FILE]: its source addresses and their packets, as frames --list has them, of a JSON view.
counts() { awk -F '"' -v i="$1" '$4 == i && $6 == "mac" { print $8, substr($11, 2) + 0 }' "${2:-${view:?}}" | LC_ALL=C sort; }
