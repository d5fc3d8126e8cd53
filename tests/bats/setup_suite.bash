# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Runs before the first test and after the last one, even after Ctrl-C; also in the suites of tests/run.

# shellcheck source=../lib/host.bash
source "${BASH_SOURCE[0]%/*}/../lib/host.bash"

setup_suite() {
  local IFS=$' \t\n' missing # with some versions of bash, bats has changed IFS here
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
