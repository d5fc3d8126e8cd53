#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# kmon.service on a machine whose kernel refuses all modules: it was booted with module.sig_enforce=1, and the key that
# dkms signs with is not enrolled.
# shellcheck disable=SC2154 # stderr is set by run

load ../lib/service

setup_file() {
  throwaway
  grep -q 'module.sig_enforce=1' /proc/cmdline || skip "expected: this kernel takes modules that are not signed"
}

teardown() { kernel_log_clean; }

@test "service: modules that the kernel refuses are reported with cause and cure, and the service runs" {
  assert_equal "$(systemctl is-active kmon)" active
  assert_equal "$(loaded)" 0
  assert_says "degraded: 0 of 5 modules; *"
  for module in localhost_monitor l2packet_counter kstat netmon_proc process_monitor; do
    says "*$module: *sign*; try: *" || fail "$(status_text)"
  done
  journal_mark
  systemctl restart kmon
  assert_journal 'kstat is not running: .*sign'
  run kmonctl status
  assert_output --partial "sign"
  assert_equal "$(systemctl is-active kmon)" active
}

@test "service: commands that need a module say which one is missing and exit with 3" {
  run --separate-stderr kmonctl stats kstat
  assert_equal "$status" 3
  [[ $stderr == *kstat* ]]
}
