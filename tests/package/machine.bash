# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Helpers for the tests of the packages, which run as root on a machine made only for them (tests/package/chroot).

# shellcheck source=../lib/common.bash
source "${BASH_SOURCE[0]%/*}/../lib/common.bash"

export DEBIAN_FRONTEND=noninteractive INITRD=No # no initrd for a kernel that never boots

# Each test starts on a machine that never had kmon, with one kernel, KMON_KERNEL, its headers, and that kernel running.
setup() {
  running "$KMON_KERNEL"
  few_modules
  repository new
}

teardown() {
  apt-get -qq purge 'kmon*' >/dev/null 2>&1 || true
  apt-get -qq purge 'linux-*-cloud-*' >/dev/null 2>&1 || true
  rm -rf /var/lib/dkms/kmon /var/lib/dkms/elses /var/lib/kmon-dkms /lib/modules/*-other /lib/modules/*cloud* /etc/dkms/no-autoinstall
  [ -e "/lib/modules/$KMON_KERNEL/build" ] || dpkg -i /srv/kernel/linux-headers-"$KMON_KERNEL"_*.deb
}

# repository NAME...: makes apt use only these. `archive` is Debian's own.
repository() {
  local name
  [ -e /root/archive.list ] || cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null | grep '^deb ' >/root/archive.list
  : >/etc/apt/sources.list
  rm -f /etc/apt/sources.list.d/*
  for name; do
    case $name in
      archive) cp /root/archive.list /etc/apt/sources.list ;;
      *) echo "deb [signed-by=/srv/$name/kmon.asc] file:/srv/$name ./" >>/etc/apt/sources.list.d/kmon.list ;;
    esac
  done
  apt-get -qq update
}

# Removes most modules: depmod runs several times in a test, and would unpack and read thousands that nobody loads.
few_modules() {
  local kernel=/lib/modules/$KMON_KERNEL
  [ "$(find "$kernel/kernel" -name '*.ko*' | wc -l)" -gt 10 ] || return 0
  find "$kernel/kernel" -name '*.ko*' ! -name 'dummy.ko*' -delete
  depmod "$KMON_KERNEL"
}

# running KERNEL: makes `uname -r` print it. The real kernel is that of the machine that has this chroot.
running() {
  local uname
  uname=$(type -P uname)
  [ -e "$uname.real" ] || mv "$uname" "$uname.real"
  # shellcheck disable=SC2016
  printf '%s\n' '#!/bin/sh' '[ "$*" != -r ] || { echo '"$1"'; exit; }' 'exec uname.real "$@"' >"$uname"
  chmod 755 "$uname"
}

# other_kernel NAME: one more installed kernel, with a module and the headers of the first. (Newer dkms ignores a kernel without
# modules.)
other_kernel() {
  mkdir -p "/lib/modules/$1/kernel"
  find "/lib/modules/$KMON_KERNEL/kernel" -name '*.ko*' -exec cp -t "/lib/modules/$1/kernel" {} \; -quit
  ln -s "$(readlink -f "/lib/modules/$KMON_KERNEL/build")" "/lib/modules/$1/build"
  touch "/lib/modules/$1/modules.order" "/lib/modules/$1/modules.builtin"
  depmod "$1"
}

# This also removes the metapackage that depends on them.
without_headers() { apt-get -qq purge "linux-headers-$KMON_KERNEL"; }

apt() { run apt-get -y "$@"; }

# with_programs: skips the test on bullseye, and if kmon-tools is an empty package.
with_programs() {
  [ "$KMON_TARGET" != bullseye ] || skip "expected: the programs are not for bullseye"
  [ -n "${KMON_PROGRAMS:-}" ] || skip "expected: without the programs"
}

module_files() { find "/lib/modules/$1/updates" -name '*.ko*' 2>/dev/null | sed 's|.*/||; s|\.ko.*||' | LC_ALL=C sort | xargs; }
export KMON_KERNEL_PATTERN=${KMON_KERNEL//[+.]/.} # in a regular expression
all_five='kstat l2packet_counter localhost_monitor netmon_proc process_monitor'

# assert_built KERNEL [VERSION]: all five are built, with that version.
assert_built() {
  local module
  assert_equal "$(module_files "$1")" "$all_five"
  for module in $all_five; do
    assert_equal "$module $(modinfo -k "$1" -F version "$module")" "$module ${2:-$KMON_VERSION}"
  done
}

status_of() { dpkg-query -Wf '${db:Status-Status}' "$1" 2>/dev/null || echo not-installed; }

# The machine's files and the targets of its links, without the records of apt, dpkg and dkms.
files() {
  find / -xdev \( -path /proc -o -path /sys -o -path /tmp -o -path /run -o -path /kmon -o -path /var/lib/apt -o -path /var/cache \
    -o -path /var/log/apt -o -path '/var/lib/dpkg/*-old' -o -path '/var/lib/dpkg/lock*' -o -path /var/lib/dpkg/triggers \
    -o -path /var/log/dpkg.log -o -path /var/log/alternatives.log -o -path '/var/lib/dkms/mok.*' \) -prune \
    -o -printf '%y %p %l\n' | LC_ALL=C sort
}
