#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# The RPM packages with rpm itself and the real dkms. There is no RPM distribution here, so dependencies are not checked.

load machine

dkms_rpm() { echo "/srv/kmon-dkms-$1.noarch.rpm"; }
dkms_trees() { find /var/lib/dkms/kmon -mindepth 1 -maxdepth 1 -type d -printf '%f\n' 2>/dev/null | xargs; }

setup() {
  running "$KMON_KERNEL"
  few_modules
}

teardown() {
  rpm -e --nodeps kmon-dkms kmon-tools >/dev/null 2>&1 || rpm -e --nodeps kmon-dkms >/dev/null 2>&1 || true
  rm -rf /lib/modules/*-other /run/systemd /usr/bin/systemctl /etc/kmon.toml*
}

@test "rpmlint finds nothing" {
  cat /srv/rpmlint
  run tail -n 1 /srv/rpmlint
  assert_output --partial " 0 errors, 0 warnings"
}

@test "rpm -i builds the modules for every kernel and ends with the table" {
  other_kernel 5.10.1-other
  other_kernel 99.1.0-other
  run rpm -i --nodeps "$(dkms_rpm "$KMON_VERSION-1")"
  assert_success
  for kernel in 5.10.1-other "$KMON_KERNEL" 99.1.0-other; do assert_built "$kernel"; done
  assert_line --regexp "^kmon $KMON_VERSION-1 for Linux +headers +built +signed by$"
  assert_line --regexp "^$KMON_KERNEL_PATTERN \(running\) +yes +yes +DKMS module signing key$"
  assert_equal "$(dkms_trees)" "$KMON_VERSION-1"
}

# The new package's %post runs before the old one's %preun.
@test "rpm -U to another version, and to another release of the same, leaves the new modules only" {
  run rpm -i --nodeps "$(dkms_rpm 0.9.0-1)"
  assert_success
  assert_built "$KMON_KERNEL" 0.9.0
  for release in 1 2; do
    run rpm -U --nodeps "$(dkms_rpm "$KMON_VERSION-$release")"
    assert_success
    assert_built "$KMON_KERNEL"
    assert_equal "$(dkms_trees)" "$KMON_VERSION-$release"
    assert_equal "$(cd /usr/src && echo kmon-*)" "kmon-$KMON_VERSION-$release"
    assert [ -e "/var/lib/dkms/kmon/$KMON_VERSION-$release/source/dkms.conf" ]
  done
}

@test "installing the very same package again keeps the modules" {
  rpm -i --nodeps "$(dkms_rpm "$KMON_VERSION-1")"
  run rpm -U --nodeps --replacepkgs "$(dkms_rpm "$KMON_VERSION-1")"
  assert_success
  assert_built "$KMON_KERNEL"
  assert_equal "$(dkms_trees)" "$KMON_VERSION-1"
}

@test "rpm -e leaves no file behind" {
  rpm --rebuilddb # otherwise rpm's own files would appear as new
  files | grep -v ' /var/lib/rpm\| /root/.rpmdb' >"$BATS_TEST_TMPDIR/before"
  rpm -i --nodeps "$(dkms_rpm "$KMON_VERSION-1")"
  assert_built "$KMON_KERNEL"
  run rpm -e --nodeps kmon-dkms
  assert_success
  files | grep -v ' /var/lib/rpm\| /root/.rpmdb' >"$BATS_TEST_TMPDIR/after"
  run diff "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after"
  assert_success
}

@test "a kernel without headers does not stop rpm" {
  mkdir -p /lib/modules/5.10.2-other/kernel
  run rpm -i --nodeps "$(dkms_rpm "$KMON_VERSION-1")"
  assert_success
  assert_line --regexp "^5.10.2-other +missing +no +-$"
  assert_built "$KMON_KERNEL"
}

# An RPM distribution's own dkms installs modules there.
@test "modules in /extra are removed, too" {
  mkdir -p "/lib/modules/$KMON_KERNEL/extra"
  touch "/lib/modules/$KMON_KERNEL/extra/kstat.ko.xz"
  rpm -i --nodeps "$(dkms_rpm "$KMON_VERSION-1")"
  assert [ ! -e "/lib/modules/$KMON_KERNEL/extra/kstat.ko.xz" ]
  assert_built "$KMON_KERNEL"
  touch "/lib/modules/$KMON_KERNEL/extra/kstat.ko.xz"
  rpm -e --nodeps kmon-dkms
  assert [ ! -e "/lib/modules/$KMON_KERNEL/extra" ]
}

@test "the cure for missing headers names the installed package manager" {
  mkdir -p /lib/modules/5.10.2-default/kernel
  mv /usr/bin/apt-get /root/
  run rpm -i --nodeps "$(dkms_rpm "$KMON_VERSION-1")"
  mv /usr/bin/dnf /root/
  printf '#!/bin/sh\n' >/usr/bin/zypper
  chmod 755 /usr/bin/zypper
  by_zypper=$(/usr/libexec/kmon/every-kernel build)
  rm /usr/bin/zypper
  mv /root/dnf /root/apt-get /usr/bin/
  rm -r /lib/modules/5.10.2-default
  assert_success
  assert_output --partial "dnf install kernel-devel-5.10.2-default"
  output=$by_zypper
  assert_output --partial "zypper install kernel-default-devel"
}

# --- what packaging/publish makes

@test "dnf trusts the published repository by its key: anything modified on the way is refused" {
  gpg --batch --quiet --passphrase '' --quick-generate-key 'kmon <kmon@localhost>' rsa2048 sign never
  run /kmon/packaging/publish --url file:/srv/published --key kmon@localhost /srv/published rpm=/srv
  assert_success
  mkdir -p /etc/yum.repos.d
  cp /srv/published/kmon.repo /etc/yum.repos.d/
  run dnf -y makecache
  assert_success
  run dnf -q repoquery kmon-dkms
  assert_output --partial "kmon-dkms-0:$KMON_VERSION-1.noarch"
  rpm --import /srv/published/rpm/kmon.asc
  run rpm -K /srv/published/rpm/kmon-dkms-"$KMON_VERSION"-1.noarch.rpm
  assert_success
  assert_output --partial "signatures OK"
  run rpm -K "$(dkms_rpm "$KMON_VERSION-1")" # as built, before signing
  refute_output --partial "signatures OK"
  echo ' ' >>/srv/published/rpm/repodata/repomd.xml
  dnf -q clean all
  run dnf -y makecache
  assert_failure
  rm -rf /etc/yum.repos.d/kmon.repo /srv/published
}

# --- the programs

# (They cannot be made to print it: there is no kernel with modules here.)
@test "the cures that the programs name have the version that dkms knows" {
  with_programs
  rpm -i --nodeps /srv/kmon-tools-"$KMON_VERSION"-1.x86_64.rpm "$(dkms_rpm "$KMON_VERSION-1")"
  for program in /usr/bin/kmonctl /usr/sbin/kmond; do
    assert_equal "$(grep -aoF "$(dkms_trees)" "$program" | head -n 1)" "$KMON_VERSION-1"
  done
}

@test "the packages require only what they really need" {
  with_programs
  by_itself='^rpmlib|^rtld|^config|\.so|^/bin/(ba)?sh$' # what rpm adds by itself
  assert_equal "$(rpm -qp --requires /srv/kmon-tools-"$KMON_VERSION"-1.x86_64.rpm | grep -vE "$by_itself")" ""
  assert_equal "$(rpm -qp --requires "$(dkms_rpm "$KMON_VERSION-1")" | grep -vE "$by_itself")" "dkms >= 2.8.4
kmod
kmon-tools = $KMON_VERSION-1"
  assert_equal "$(rpm -qp --requires /srv/kmon-tests-"$KMON_VERSION"-1.x86_64.rpm | grep -vE "$by_itself")" "kmon-tools = $KMON_VERSION-1"
  run rpm -qp --requires "$(dkms_rpm 0.9.0-1)" # built without the programs
  refute_output --partial "kmon-tools ="
}

@test "an edited /etc/kmon.toml survives an upgrade, and is set aside at removal" {
  with_programs
  rpm -i --nodeps /srv/kmon-tools-"$KMON_VERSION"-1.x86_64.rpm
  sed -i 's/^counter = 10 /counter = 77 /' /etc/kmon.toml
  run rpm -U --nodeps /srv/kmon-tools-"$KMON_VERSION"-2.x86_64.rpm
  assert_success
  assert_equal "$(grep -c '^counter = 77 ' /etc/kmon.toml)" 1
  assert_equal "$(grep -c '^# of release 2$' /etc/kmon.toml /etc/kmon.toml.rpmnew)" "/etc/kmon.toml:0
/etc/kmon.toml.rpmnew:1"
  rpm -e --nodeps kmon-tools
  assert [ ! -e /etc/kmon.toml ]
  assert_equal "$(grep -c '^counter = 77 ' /etc/kmon.toml.rpmsave)" 1
}

# A fake systemctl that only records its arguments. (rpm does not search /usr/local/bin.)
@test "the service: enabled by preset, restarted on upgrade, stopped and disabled on removal; nothing of it stays in /run" {
  with_programs
  mkdir -p /run/systemd/system
  # shellcheck disable=SC2016
  printf '%s\n' '#!/bin/sh' 'echo "$*" >>/tmp/systemctl' >/usr/bin/systemctl
  chmod 755 /usr/bin/systemctl
  rm -f /tmp/systemctl
  rpm -i --nodeps /srv/kmon-tools-"$KMON_VERSION"-1.x86_64.rpm
  assert_equal "$(xargs </tmp/systemctl)" "--no-reload preset kmon.service kmon-exporter.socket kmon-exporter.service kmon-recorder.service"
  rm /tmp/systemctl
  rpm -U --nodeps /srv/kmon-tools-"$KMON_VERSION"-2.x86_64.rpm
  assert_equal "$(xargs </tmp/systemctl)" "daemon-reload try-restart kmon.service kmon-exporter.service kmon-recorder.service try-restart netmon@*.service"
  rm /tmp/systemctl
  mkdir -p /run/private/kmon-recorder
  ln -s private/kmon-recorder /run/kmon-recorder
  rpm -e --nodeps kmon-tools
  assert [ ! -e /run/private/kmon-recorder ]
  assert [ ! -L /run/kmon-recorder ]
  assert_equal "$(xargs </tmp/systemctl)" "--no-reload disable --now kmon.service kmon-exporter.socket kmon-exporter.service kmon-recorder.service --no-reload disable netmon@.service stop netmon@*.service daemon-reload"
}
