#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# The repository made by packaging/publish, as seen by a machine that starts with its keyring package and goes through a
# change of the key. /srv/published is one of its three states (tests/package/chroot).

load machine

setup() {
  running "$KMON_KERNEL"
  few_modules
}

stage() { ln -sfn "/srv/published.$1" /srv/published; }

begin() {
  repository # without arguments: no repository
  stage 1
  run dpkg -i /srv/published/kmon-archive-keyring.deb
  assert_success
  run apt-get update
  assert_success
}

@test "from the keyring package to an upgrade across a change of the key" {
  begin
  assert_equal "$(sed -n 's/^Suites: //p' /srv/published/kmon.sources)" other
  diff /etc/apt/sources.list.d/kmon.sources <(sed "s/^Suites: other$/Suites: $KMON_TARGET/" /srv/published/kmon.sources)
  apt install kmon-dkms
  assert_success
  assert_built "$KMON_KERNEL" 0.9.0
  keyring=$(dpkg-query -Wf '${Version}' kmon-archive-keyring)
  stage 2
  apt update
  apt dist-upgrade
  assert_success
  assert_built "$KMON_KERNEL"
  assert_equal "$(sed -n 's/^Suites: //p' /etc/apt/sources.list.d/kmon.sources)" "$KMON_TARGET"
  assert dpkg --compare-versions "$(dpkg-query -Wf '${Version}' kmon-archive-keyring)" gt "$keyring"
  stage 3
  apt update
  assert_success
  refute_line --regexp '^(W|E): '
  apt dist-upgrade
  assert_success
  apt purge kmon-archive-keyring
  assert_success
  assert [ ! -e /etc/apt/sources.list.d/kmon.sources ]
}

@test "a machine that missed the change is told by apt and installs nothing" {
  begin
  stage 3
  apt update
  assert_output --regexp 'NO_PUBKEY|Missing key'
  apt install kmon-dkms
  refute_output --partial "$KMON_VERSION"
}

@test "a package that was modified on the way is refused" {
  begin
  deb=$(echo /srv/published.1/debian/pool/"$KMON_TARGET"/kmon-dkms_*.deb)
  cp "$deb" /root/original.deb
  echo changed >>"$deb"
  apt install kmon-dkms
  assert_failure
  mv /root/original.deb "$deb"
  assert_equal "$(status_of kmon-dkms)" not-installed
}
