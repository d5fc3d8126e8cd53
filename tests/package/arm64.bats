#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# The arm64 packages in an arm64 guest: dpkg installs them, and each program runs and reads the modules. The order of the
# tests is fixed.

load ../lib/common

teardown() { kernel_log_clean; }

setup_file() {
  tar -C / --keep-directory-symlink -xf /kmon/dpkg.tar
}

version=$(sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' /kmon/dkms.conf)

# Their dependencies are installed, but unknown to this dpkg.
@test "dpkg installs them, and they are programs of this architecture" {
  run dpkg -i --force-depends /kmon/kmon-tools_*_arm64.deb /kmon/kmon-tests_*_arm64.deb
  assert_success
  assert_equal "$(dpkg-query -Wf '${Architecture} ${db:Status-Status}\n' kmon-tools kmon-tests | sort -u)" "arm64 installed"
  for program in /usr/bin/{kmonctl,netmon} /usr/sbin/{kmond,kmon-exporter,kmon-recorder} /usr/libexec/kmon/ipsend; do
    assert_equal "$(od -An -j18 -N2 -t u2 "$program" | tr -d ' ')" 183 # EM_AARCH64
  done
}

@test "the programs start: kmonctl, kmond, kmon-exporter, kmon-recorder, netmon" {
  run kmonctl version
  assert_success
  assert_output --partial "$version"
  run kmonctl check
  assert_success
  for service in kmond kmon-exporter kmon-recorder; do
    run "$service" --version
    assert_success
    assert_output --partial "$version"
  done
  run --separate-stderr netmon lo --once
  assert_success
  assert_equal "$(jq -r .interface <<<"$output")" lo
}

@test "the modules load as the package loads them, and kmonctl reads their counts" {
  run kmonctl start
  assert_success
  assert_equal "$(get_param l2packet_counter interface)" ""
  before=$(sed -n 's/^UDP packets: //p' /proc/localhost_stats)
  /usr/libexec/kmon/ipsend --proto udp --to 127.0.0.1 --size 200 --count 20
  assert_equal "$(($(sed -n 's/^UDP packets: //p' /proc/localhost_stats) - before))" 20
  run --separate-stderr kmonctl stats --json
  assert_success
  assert_equal "$(jq -s 'length > 0' <<<"$output")" true
  run kmonctl stats
  assert_success
  assert_output --partial LOOPBACK
  kmonctl stop
}

@test "dpkg removes them again" {
  run dpkg --purge kmon-tests kmon-tools
  assert_success
  assert [ ! -e /usr/bin/kmonctl ]
  assert [ ! -e /etc/kmon.toml ]
}
