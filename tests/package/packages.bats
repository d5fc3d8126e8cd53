#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# From apt to built modules and to removal without a trace, on all kinds of machines.

load machine

trees=/var/lib/dkms

# The versions for which dkms has modules for the running kernel.
module_versions_in_dkms() { (cd $trees/kmon && for tree in */"$KMON_KERNEL"/*/module; do echo "${tree%%/*}"; done | xargs); }

@test "apt install kmon-dkms installs both packages, and the modules are built" {
  apt install --no-install-recommends kmon-dkms
  assert_success
  assert_equal "$(status_of kmon-dkms)" installed
  if [ "$KMON_TARGET" = bullseye ]; then
    assert_equal "$(status_of kmon-tools)" not-installed
  else
    assert_equal "$(status_of kmon-tools)" installed
  fi
  assert_built "$KMON_KERNEL"
}

@test "the installation ends with a table: kernel, headers, built, signed" {
  signer='DKMS module signing key'
  [ "$KMON_TARGET" != bullseye ] || signer=no # dkms 2 does not sign
  other_kernel 5.10.1-other
  mkdir -p /lib/modules/5.10.2-other/kernel
  apt install kmon-dkms
  assert_success
  assert_line --regexp "^kmon $KMON_VERSION for Linux +headers +built +signed by$"
  assert_line --regexp "^$KMON_KERNEL_PATTERN \(running\) +yes +yes +$signer$"
  assert_line --regexp "^5.10.1-other +yes +yes +$signer$"
  assert_line --regexp "^5.10.2-other +missing +no +-$"
  assert_output --partial "apt install linux-headers-5.10.2-other linux-headers-other"
}

@test "the programs, units, manual pages and configuration are installed, and kmon.service is enabled" {
  with_programs
  apt install kmon-dkms
  assert_success
  run kmonctl version
  assert_success
  assert_output --partial "$KMON_VERSION"
  assert [ -e /etc/systemd/system/multi-user.target.wants/kmon.service ]
  assert [ ! -e /etc/systemd/system/multi-user.target.wants/kmon-recorder.service ] # off until enabled
  assert [ ! -e /etc/systemd/system/sockets.target.wants/kmon-exporter.socket ] # off until enabled
  run kmonctl check
  assert_success
  run dpkg-deb -c /srv/new/kmon-tools_*.deb
  for file in usr/bin/kmonctl usr/bin/netmon usr/sbin/kmond usr/sbin/kmon-exporter usr/sbin/kmon-recorder usr/share/man/man1/kmonctl.1.gz usr/share/man/man8/kmond.8.gz \
    usr/share/man/man8/kmon-exporter.8.gz usr/share/man/man5/kmon.toml.5.gz usr/share/bash-completion/completions/kmonctl usr/lib/modprobe.d/kmon.conf usr/lib/tmpfiles.d/kmon.conf; do
    assert_output --partial " ./$file"
  done
}

# One kernel is running, one is the newest: dkms itself would leave out the third.
@test "every installed kernel has the modules, before and after an upgrade" {
  other_kernel 5.10.1-other
  other_kernel 99.1.0-other
  repository old
  apt install kmon-dkms
  assert_success
  for kernel in 5.10.1-other "$KMON_KERNEL" 99.1.0-other; do assert_built "$kernel" 0.9.0; done
  repository new
  apt dist-upgrade
  assert_success
  for kernel in 5.10.1-other "$KMON_KERNEL" 99.1.0-other; do assert_built "$kernel"; done
  assert_equal "$(cd "$trees/kmon" && find . -mindepth 1 -maxdepth 1 -type d)" "./$KMON_VERSION"
  assert [ ! -e /usr/src/kmon-0.9.0 ]
}

# The kernel's package creates the list of its modules (modules.dep) only when it is configured.
@test "a kernel that is only unpacked, in the same run of apt, has the modules once it is configured" {
  other_kernel 99.1.0-other
  rm /lib/modules/99.1.0-other/modules.dep*
  apt install kmon-dkms
  assert_success
  assert_equal "$(grep -o 'yes  *yes .*' <<<"$output" | sort -u | wc -l)" 1 # the signer, too
  assert_line --regexp "^99.1.0-other +yes +yes "
  depmod 99.1.0-other
  for kernel in "$KMON_KERNEL" 99.1.0-other; do assert_built "$kernel"; done
}

# Nothing must be built twice, or for a kernel of another machine.
@test "a kernel that runs but is not installed here, as in a container, does not matter" {
  running 6.99.0-of-the-host
  apt install kmon-dkms
  assert_success
  assert_built "$KMON_KERNEL"
  refute_output --partial 6.99.0-of-the-host
}

@test "dkms builds the modules for a kernel that is installed later" {
  apt install kmon-dkms
  assert_success
  repository new kernel
  kernel=${KMON_KERNEL%amd64}cloud-amd64
  apt install "linux-image-$kernel" "linux-headers-$kernel"
  assert_success
  assert_built "$kernel"
  apt purge "linux-image-$kernel" "linux-headers-$kernel"
  assert_success
  assert_equal "$(module_files "$kernel")" ""
  assert_built "$KMON_KERNEL"
}

# dkms 3.0.10 forgets a package when the last kernel that it was built for is removed.
@test "headers installed after dkms has forgotten kmon make it built" {
  mv "/lib/modules/$KMON_KERNEL/build" /root/build
  repository new kernel
  apt install kmon-dkms
  kernel=${KMON_KERNEL%amd64}cloud-amd64
  apt install "linux-image-$kernel" "linux-headers-$kernel"
  assert_built "$kernel"
  apt purge "linux-image-$kernel" "linux-headers-$kernel"
  dkms remove "kmon/$KMON_VERSION" --all || true # dkms may have forgotten it
  rm -rf $trees/kmon
  mv /root/build "/lib/modules/$KMON_KERNEL/build"
  apt install --reinstall "linux-headers-$KMON_KERNEL"
  assert_success
  assert_built "$KMON_KERNEL"
}

@test "dkms' own commands build kmon like any other package" {
  apt install kmon-dkms
  assert_success
  other_kernel 99.1.0-other
  run dkms autoinstall -k 99.1.0-other
  assert_success
  assert_built 99.1.0-other
  assert_equal "$(bash -c '. /usr/src/kmon-*/dkms.conf; echo $AUTOINSTALL')" yes # as dkms's common.postinst checks it
}

@test "a kernel reinstalled with the same ABI has its modules rebuilt, once" {
  apt install kmon-dkms
  assert_success
  before=$(stat -c %Y "/lib/modules/$KMON_KERNEL/updates/dkms"/kstat.ko*)
  sleep 1
  repository new kernel
  # One package, or several with the same version.
  mapfile -t packages < <(dpkg-query -Wf '${db:Status-Status} ${Package}\n' "linux-*-$KMON_KERNEL" | sed -n '/headers/d; s/^installed //p')
  apt install --reinstall "${packages[@]}"
  assert_success
  assert_built "$KMON_KERNEL"
  assert [ "$(stat -c %Y "/lib/modules/$KMON_KERNEL/updates/dkms"/kstat.ko*)" -gt "$before" ]
  assert_equal "$(grep -c "^kmon: building for Linux $KMON_KERNEL_PATTERN" <<<"$output")" 1
}

# Without the file, dkms builds instead of kmon's hook. (dkms 3.0.10 would build twice, and then report a failure.)
@test "the administrator may remove /etc/dkms/kmon.conf" {
  apt install kmon-dkms
  assert_success
  rm /etc/dkms/kmon.conf
  repository new kernel
  kernel=${KMON_KERNEL%amd64}cloud-amd64
  apt install "linux-image-$kernel" "linux-headers-$kernel"
  assert_success
  assert_built "$kernel"
  refute_output --partial "kmon: building for Linux $kernel" # dkms built it
}

@test "without headers apt succeeds and names the missing package, whose installation is the cure" {
  without_headers
  apt install --no-install-recommends kmon-dkms
  assert_success
  assert_equal "$(status_of kmon-dkms)" installed
  assert_output --partial "NO MODULE WAS BUILT"
  assert_output --partial "apt install linux-headers-$KMON_KERNEL linux-headers-amd64 "
  repository new kernel
  apt install "linux-headers-$KMON_KERNEL"
  assert_success
  assert_built "$KMON_KERNEL"
}

@test "modules for another kernel do not hide that the running one has none" {
  other_kernel 99.1.0-other
  mv "/lib/modules/$KMON_KERNEL/build" /root/build
  apt install kmon-dkms
  mv /root/build "/lib/modules/$KMON_KERNEL/build"
  assert_success
  assert_built 99.1.0-other
  assert_output --partial "NO MODULE WAS BUILT for the running kernel"
}

# The metapackage follows kernel upgrades, so the next kernel gets its headers, too. (For a kernel that is not installed
# here, the name tells the flavour.)
@test "the cure for missing headers names the metapackage of that kernel's flavour" {
  apt install kmon-dkms
  assert_success
  rm -rf /lib/modules.away && mv /lib/modules /lib/modules.away
  names=(6.1.0-56-cloud-amd64 6.12.74+deb13+1-rt-amd64 6.12.47+rpt-rpi-v8 6.8.0-45-generic 6.8.0-1015-raspi 6.8.12-4-pve 7.2-amd64)
  for name in "${names[@]}"; do mkdir -p "/lib/modules/$name/kernel"; done
  run /usr/libexec/kmon/every-kernel build
  rm -rf /lib/modules && mv /lib/modules.away /lib/modules
  assert_success
  for cure in linux-headers-cloud-amd64 linux-headers-rt-amd64 linux-headers-rpi-v8 linux-headers-generic linux-headers-raspi \
    proxmox-headers-6.8 linux-headers-amd64; do
    assert_line --regexp "apt install [^ ]+ $cure \\("
  done
}

@test "where no kernel is installed at all, apt succeeds and says so" {
  mkdir /away
  mv /lib/modules/* /away/
  apt install kmon-dkms
  mv /away/* /lib/modules/
  rmdir /away
  assert_success
  assert_output --partial "no kernel is installed here"
}

@test "source that does not compile: apt succeeds, other packages are configured, the log is named and kept" {
  repository broken
  other_kernel 5.10.1-other
  apt install kmon-dkms kmon-bystander
  assert_success
  assert_equal "$(status_of kmon-dkms) $(status_of kmon-bystander)" "installed installed"
  assert_line --regexp "^$KMON_KERNEL_PATTERN \(running\) +yes +FAILED +-$"
  assert_output --partial "NO MODULE WAS BUILT"
  for kernel in "$KMON_KERNEL" 5.10.1-other; do
    assert_output --partial "/var/log/kmon-dkms/$kernel/make.log"
    assert_equal "$(grep -c 'error: #error "broken on purpose"' "/var/log/kmon-dkms/$kernel/make.log")" 1
  done
}

# With dkms's own hook, the installation of the kernel would fail.
@test "a new kernel or its headers while the source does not compile: apt succeeds and names the log" {
  repository broken kernel
  apt install kmon-dkms
  assert_success
  kernel=${KMON_KERNEL%amd64}cloud-amd64
  apt install --no-install-recommends "linux-image-$kernel"
  assert_success
  assert_line --partial "kmon: $kernel has no headers, so nothing was built for it. To cure it: apt install linux-headers-$kernel"
  apt install "linux-headers-$kernel"
  assert_success
  assert_equal "$(status_of "linux-image-$kernel") $(status_of "linux-headers-$kernel")" "installed installed"
  assert_line --partial "kmon: $kernel: the modules could not be built: /var/log/kmon-dkms/$kernel/make.log says why."
  assert_equal "$(module_files "$kernel")" ""
}

# ("broken" is a later version, "rebuilt" the same version in a later package. Without headers nothing can be built either.)
@test "an upgrade that does not compile keeps the old modules and says so; the next one that compiles replaces them" {
  for broken in broken rebuilt; do
    mkdir -p /lib/modules/5.10.2-other
    other_kernel 99.1.0-other
    repository new
    apt install kmon-dkms
    assert_success
    rm /lib/modules/99.1.0-other/build
    repository "$broken"
    apt dist-upgrade
    assert_success
    assert_equal "$(status_of kmon-dkms)" installed
    assert_built "$KMON_KERNEL"
    assert_built 99.1.0-other
    assert_line --regexp "^$KMON_KERNEL_PATTERN \(running\) +yes +kept +-$"
    assert_line --regexp "^99.1.0-other +missing +kept +-$"
    assert_line --partial "$KMON_KERNEL: the modules of version $KMON_VERSION stay installed"
    refute_output --partial "NO MODULE WAS BUILT"
    assert_equal "$(module_versions_in_dkms)" "$KMON_VERSION"
    # What is kept is consistent for dkms, so other packages do not fail because of it, and removal finds it.
    run dkms status
    assert_success
    refute_output --regexp "broken|Could not locate"
    repository new
    apt install --allow-downgrades "kmon-dkms=$KMON_VERSION-1"
    assert_success
    assert_built "$KMON_KERNEL"
    assert_line --regexp "^$KMON_KERNEL_PATTERN \(running\) +yes +yes "
    apt purge 'kmon*'
    assert_success
    for kernel in "$KMON_KERNEL" 99.1.0-other; do assert_equal "$(module_files "$kernel")" ""; done
    assert [ ! -e $trees/kmon ]
    assert [ ! -e /var/lib/kmon-dkms ]
    rm -rf /lib/modules/*-other
  done
}

@test "source that compiles follows source that did not" {
  repository broken
  apt install kmon-dkms
  assert_success
  assert_equal "$(module_files "$KMON_KERNEL")" ""
  repository new
  apt install --allow-downgrades "kmon-dkms=$KMON_VERSION-1"
  assert_success
  assert_built "$KMON_KERNEL"
  assert [ ! -e /var/log/kmon-dkms ]
}

@test "remains of an earlier installation in dkms' tree go; files of others stay" {
  mkdir -p "$trees/kmon/0.1.0" "$trees/elses/1.0" "/lib/modules/$KMON_KERNEL/updates/dkms"
  ln -s /usr/src/kmon-0.1.0 "$trees/kmon/0.1.0/source"
  ln -s /usr/src/elses-1.0 "$trees/elses/1.0/source"
  touch "/lib/modules/$KMON_KERNEL/updates/dkms/kstat.ko"
  apt install kmon-dkms
  assert_success
  assert_built "$KMON_KERNEL"
  assert [ ! -e "$trees/kmon/0.1.0" ]
  assert [ -L "$trees/elses/1.0/source" ]
}

@test "modules that were built by hand are replaced" {
  tar -C / -xf <(dpkg-deb --fsys-tarfile /srv/old/kmon-dkms_*.deb) ./usr/src
  dkms install kmon/0.9.0 -k "$KMON_KERNEL"
  apt install kmon-dkms
  assert_success
  assert_built "$KMON_KERNEL"
  rm -rf /usr/src/kmon-0.9.0
}

@test "if the administrator forbids dkms to build automatically, nothing is built, and apt says so" {
  touch /etc/dkms/no-autoinstall
  apt install kmon-dkms
  assert_success
  assert_output --partial "/etc/dkms/no-autoinstall exists"
  assert_equal "$(module_files "$KMON_KERNEL")" ""
}

@test "an edited /etc/kmon.toml survives upgrade and removal, and is removed by purge" {
  with_programs
  repository old
  apt install kmon-dkms
  sed -i 's/^counter = 10 /counter = 77 /' /etc/kmon.toml
  repository new
  apt -o Dpkg::Options::=--force-confold dist-upgrade
  assert_success
  assert_equal "$(grep -c '^counter = 77 ' /etc/kmon.toml)" 1
  assert_equal "$(grep -c '^# of version 0.9.0$' /etc/kmon.toml.dpkg-dist /etc/kmon.toml)" "/etc/kmon.toml.dpkg-dist:0
/etc/kmon.toml:1"
  apt remove kmon-dkms kmon-tools
  assert_equal "$(grep -c '^counter = 77 ' /etc/kmon.toml)" 1
  apt purge kmon-tools
  assert [ ! -e /etc/kmon.toml ]
}

@test "reinstalling rebuilds the modules; so does the command that is named as a cure, with the PATH that su leaves" {
  apt install kmon-dkms
  assert_success
  rm "/lib/modules/$KMON_KERNEL/updates/dkms"/kstat.ko*
  apt install --reinstall kmon-dkms
  assert_success
  assert_built "$KMON_KERNEL"
  rm "/lib/modules/$KMON_KERNEL/updates/dkms"/kstat.ko*
  run env PATH=/usr/bin:/bin /usr/libexec/kmon/every-kernel build "$KMON_VERSION"
  assert_success
  assert_built "$KMON_KERNEL"
}

@test "removed and purged, it leaves no file behind and can be installed again" {
  files >"$BATS_TEST_TMPDIR/before"
  apt install --no-install-recommends kmon-dkms
  assert_success
  apt remove 'kmon*'
  assert_success
  assert_equal "$(module_files "$KMON_KERNEL")" ""
  assert [ ! -e "$trees/kmon" ]
  apt purge 'kmon*'
  assert_success
  files >"$BATS_TEST_TMPDIR/after"
  run diff "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after"
  assert_success
  apt install kmon-dkms
  assert_success
  assert_built "$KMON_KERNEL"
}

# If one of its scripts failed, the package could not be removed.
@test "it can be removed where TMPDIR does not exist, and where /tmp cannot be written to" {
  apt install kmon-dkms
  assert_success
  TMPDIR=/nowhere apt purge 'kmon*'
  assert_success
  assert_equal "$(module_files "$KMON_KERNEL")" ""
  TMPDIR=/nowhere apt install kmon-dkms
  assert_success
  assert_built "$KMON_KERNEL"
  mount -t tmpfs -o ro tmpfs /tmp
  dpkg --remove kmon-dkms >/root/removed 2>&1 && removed=yes || removed=no
  umount /tmp
  cat /root/removed
  assert_equal "$removed" yes
  assert_equal "$(module_files "$KMON_KERNEL")" ""
  assert [ ! -e $trees/kmon ]
}

# --- on a machine with Debian's archive, which has a different kmon

@test "with Debian's own kmon and archive: installed, not upgraded to the other, and each can be removed alone" {
  with_programs
  kernels=$(dpkg-query -Wf '${Package} ${Version}\n' 'linux-image-*' 'linux-headers-*')
  repository archive
  apt install kmon
  assert_success
  repository new archive
  apt install kmon-dkms kmon-tests
  assert_success
  assert_built "$KMON_KERNEL"
  theirs=$(dpkg-query -Wf '${Version}' kmon)
  apt full-upgrade
  assert_success
  assert_equal "$(dpkg-query -Wf '${Version} ' kmon-dkms kmon-tools kmon-tests)$(dpkg-query -Wf '${Version}' kmon)" \
    "$KMON_VERSION-1 $KMON_VERSION-1 $KMON_VERSION-1 $theirs"
  assert_equal "$(dpkg-query -Wf '${Package} ${Version}\n' 'linux-image-*' 'linux-headers-*')" "$kernels"
  run kmonctl version
  assert_output --partial "$KMON_VERSION"
  run kmon --version
  assert_output --regexp "^kmon ${theirs%%[-+]*}"
  # The two have only directories in common. (Not each is on the disk: dpkg may be told to leave out manual pages.)
  dpkg -L kmon | sort >"$BATS_TEST_TMPDIR/theirs"
  run comm -12 "$BATS_TEST_TMPDIR/theirs" <(dpkg -L kmon-tools kmon-dkms kmon-tests | sort -u)
  assert_line /usr/bin
  for file in $output; do [ "$file" = /. ] || grep -q "^$file/" "$BATS_TEST_TMPDIR/theirs"; done
  apt purge kmon-tools kmon-dkms kmon-tests
  assert_success
  run kmon --version
  assert_success
  apt install kmon-dkms
  apt purge kmon
  assert_success
  run kmonctl version
  assert_success
  assert_built "$KMON_KERNEL"
}

# A metapackage of another flavour would install another kernel.
@test "with Debian's archive and recommended packages, no kernel and no headers are installed" {
  without_headers
  kernels=$(dpkg-query -Wf '${db:Status-Status} ${Package}\n' 'linux-image-*' 'linux-headers-*' | grep ^installed)
  repository new archive
  apt -o APT::Install-Recommends=true install kmon-dkms
  assert_success
  assert_equal "$(dpkg-query -Wf '${db:Status-Status} ${Package}\n' 'linux-image-*' 'linux-headers-*' | grep ^installed)" "$kernels"
}

# --- Secure Boot. The firmware variable and mokutil are fakes, the rest is real. (apt does not search /usr/local/bin.)

secure_boot() {
  local variables=/sys/firmware/efi/efivars
  mount -t tmpfs tmpfs /sys/firmware
  mkdir -p $variables
  # shellcheck disable=SC2059
  printf "\\6\\0\\0\\0\\$1" >$variables/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c
  printf '%s\n' '#!/bin/sh' "echo \"\$2 $2\"" >/usr/bin/mokutil
  chmod 755 /usr/bin/mokutil
}

no_secure_boot() {
  umount /sys/firmware
  rm -f /usr/bin/mokutil
}

@test "Secure Boot and a key that is not enrolled: the exact command, and that a reboot is needed" {
  secure_boot 1 'is not enrolled'
  apt install kmon-dkms
  no_secure_boot
  assert_success
  if [ "$KMON_TARGET" = bullseye ]; then # dkms 2 does not sign
    assert_output --partial "the modules are not signed"
  else
    assert_output --partial "mokutil --import /var/lib/dkms/mok.pub"
    assert_output --partial 'Reboot, choose "Enroll MOK"'
  fi
}

@test "no word about keys if the key is enrolled or Secure Boot is off" {
  secure_boot 1 'is already enrolled'
  apt install kmon-dkms
  no_secure_boot
  [ "$KMON_TARGET" = bullseye ] || refute_output --partial mokutil
  secure_boot 0 'is not enrolled'
  run /usr/libexec/kmon/every-kernel build "$KMON_VERSION"
  no_secure_boot
  assert_success
  refute_output --partial mokutil
}

@test "a kernel that only takes signed modules, without Secure Boot: how to boot without that" {
  mount -t tmpfs tmpfs /sys/module
  mkdir -p /sys/module/module/parameters
  echo Y >/sys/module/module/parameters/sig_enforce
  apt install kmon-dkms
  umount /sys/module
  assert_success
  assert_output --partial "boot without module.sig_enforce=1"
}

# dkms does not sign in version 2.
@test "the cure names the certificate that the administrator has configured in dkms" {
  [ "$KMON_TARGET" != bullseye ] || skip "expected: dkms 2 does not sign"
  mkdir -p /root/mine /etc/dkms/framework.conf.d
  openssl req -new -x509 -nodes -newkey rsa:2048 -days 9 -subj '/CN=my own key/' -outform DER -keyout /root/mine/key -out /root/mine/certificate.der
  printf '%s\n' 'mok_signing_key=/root/mine/key' 'mok_certificate=/root/mine/certificate.der' >/etc/dkms/framework.conf.d/mine.conf
  secure_boot 1 'is not enrolled'
  apt install kmon-dkms
  no_secure_boot
  rm -rf /etc/dkms/framework.conf.d/mine.conf /root/mine
  assert_success
  assert_line --regexp "^$KMON_KERNEL_PATTERN \(running\) +yes +yes +my own key$"
  assert_output --partial "mokutil --import /root/mine/certificate.der"
}
