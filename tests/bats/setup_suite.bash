# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Before the first test and after the last one, also after Ctrl-C. The suites of tests/run come through here as well.

# shellcheck source=../lib/host.bash
source "${BASH_SOURCE[0]%/*}/../lib/host.bash"

setup_suite() {
  local IFS=$' \t\n' missing # bats has another one here, in some of bash's versions
  if [ "$(id -u)" != 0 ]; then
    echo "these tests load kernel modules and need root: sudo bats ..."
    return 1
  fi
  missing=$(missing_tools)
  if [ -n "$missing" ]; then
    printf 'please install: %s\n' "${missing//$'\n'/, }"
    return 1
  fi
  [ "${KMON_STOP_SERVICE:-0}" != 1 ] || put_kmon_aside
}

teardown_suite() {
  local IFS=$' \t\n'
  [ "${KMON_STOP_SERVICE:-0}" != 1 ] || bring_kmon_back
}
