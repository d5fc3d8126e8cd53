#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# On a running system, in a virtual machine without kmon: what a user types, an upgrade while everything is in use, the
# installer, and complete removal. The tests build on each other, because a build takes a minute there. /kmon contains
# repository/old (version 0.9.0), repository/new and install.sh. Debian's own kmon, a different program, is available all
# the time: it and the dependencies of kmon-tests are in repository/debian.

load ../lib/common

new=$(sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' /kmon/dkms.conf)
tracing=/sys/kernel/tracing/events

# Unlike in the other suites, the modules stay loaded from test to test.
teardown() { kernel_log_clean; }

setup_file() {
  export DEBIAN_FRONTEND=noninteractive
  [ "${KMON_THROWAWAY:-0}" = 1 ] || skip "expected: it would install and remove packages of this machine"
  cp -r /kmon/repository /srv/kmon
  rm -f /etc/apt/sources.list
  ip link add eth0 type veth peer name peer
  quiet_link eth0
  quiet_link peer
  ip link set peer up
  ip link set eth0 up
  ip address add 192.0.2.1/24 dev eth0
  ip route add default via 192.0.2.2
  ip link set lo up
  repository debian
  apt-get -qy install kmon bats bats-assert bats-support ethtool iproute2 iputils-ping jq nftables procps strace tmux
}

theirs() { dpkg-query -Wf '${db:Status-Status} ${Version}' kmon; }

repository() {
  local name
  for name in debian "$1"; do
    echo "deb [signed-by=/srv/kmon/$name/kmon.asc] file:/srv/kmon/$name ./"
  done | sort -u >/etc/apt/sources.list.d/kmon.list
  apt-get -qq update
}

loaded_versions() { cat /sys/module/{localhost_monitor,l2packet_counter,kstat,netmon_proc,process_monitor}/version | sort | uniq -c | xargs; }
all_new() { [ "$(loaded_versions)" = "5 $new" ]; }
netmon_pid() { systemctl show -P MainPID netmon@lo; }
# Connecting starts the service.
exporter_answers() { exec 9<>/dev/tcp/127.0.0.1/9778 && exec 9>&- && wait_until 30 systemctl -q is-active kmon-exporter.service; }
recorder_pid() { systemctl show -P MainPID kmon-recorder; }
packets() { sed -n 's/^IPv4 packets: //p' /proc/localhost_stats; }

# What kmon must not leave behind anywhere; see `files` in machine.bash.
traces() {
  find / -xdev \( -path /proc -o -path /sys -o -path /tmp -o -path /run -o -path /kmon -o -path /srv -o -path /var/lib/apt -o -path /var/cache \
    -o -path /var/log -o -path /var/lib/dpkg -o -path '/var/lib/dkms/mok.*' -o -path '/etc/apt/*' -o -path '/var/lib/systemd/*' \) -prune \
    -o -printf '%y %p %l\n' | LC_ALL=C sort
  getent passwd
  systemctl list-unit-files --no-legend | grep -v '^tmp' | sort
}

@test "apt install kmon-dkms && systemctl enable --now kmon && kmonctl stats" {
  traces >/tmp/before
  repository old
  run apt-get -qy install kmon-dkms
  assert_success
  theirs >/tmp/theirs
  run apt-get -qy full-upgrade
  assert_success
  assert_output --partial "0 upgraded, 0 newly installed, 0 to remove"
  run systemctl enable --now kmon
  assert_success
  assert_equal "$(loaded_versions)" "5 0.9.0"
  run kmonctl status
  assert_success
  assert_output --partial "kmon 0.9.0"
  ping -q -c 5 -i 0.2 127.0.0.1
  frames peer --count 100 --macs 3
  run kmonctl stats
  assert_success
  assert [ "$(packets)" -ge 10 ]
  assert_equal "$(json /proc/l2packet_counter.json '.[] | select(.interface == "eth0" and .macs != null) | .packets')" 100
  systemctl enable --now netmon@lo kmon-recorder kmon-exporter.socket
}

# process_monitor is in use: a trigger may enable its trace event at any time.
@test "an upgrade: the running modules count on while the new ones are built; a module in use stays, with a warning" {
  echo 'enable_event:kmon:process_exit:1' >$tracing/sched/sched_process_hang/trigger
  ping -q -i 0.2 127.0.0.1 >/dev/null 3>&- &
  pinging=$!
  # shellcheck disable=SC2016
  timeout 3600 bash -c 'while sleep 0.5; do echo "$(date +%s) $(cat /sys/module/localhost_monitor/version 2>&1) $(sed -n "s/^IPv4 packets: //p" /proc/localhost_stats 2>&1)"; done' \
    >/tmp/watched 3>&- &
  watching=$!
  sleep 1
  exporter_answers
  netmon=$(netmon_pid) recorder=$(recorder_pid) exporter=$(systemctl show -P MainPID kmon-exporter)
  repository new
  run apt-get -qy dist-upgrade
  kill $pinging $watching
  assert_success
  refute [ "$(netmon_pid)" = "$netmon" ]
  refute [ "$(netmon_pid)" = 0 ]
  refute [ "$(recorder_pid)" = "$recorder" ]
  refute [ "$(recorder_pid)" = 0 ]
  refute [ "$(systemctl show -P MainPID kmon-exporter)" = "$exporter" ]
  refute [ "$(systemctl show -P MainPID kmon-exporter)" = 0 ]
  assert_output --partial "warning: process_monitor is in use and stays loaded"
  assert_equal "$(loaded_versions)" "1 0.9.0 4 $new"
  assert_equal "$(systemctl is-active kmon) $(systemctl is-enabled kmon)" "active enabled"
  # The old module counted up until the new one did. The gap is less than a minute, even on a busy, emulated machine. (The
  # build before that takes several minutes.)
  run awk -v new="$new" '
    $2 == "0.9.0" { if ($3 < last) exit 1; last = $3; at = $1; olds++ }
    $2 == new && !begun { begun = $1 }
    END { printf "%d of the old, then a gap of %d s\n", olds, begun - at; exit !(olds > 5 && begun && begun - at < 60) }' /tmp/watched
  echo "# $output" >&3
  assert_success
}

@test "kmonctl status says that a reload is needed, and the cure that it names works" {
  run kmonctl status
  assert_output --partial "reload needed: version $new is installed"
  echo '!enable_event:kmon:process_exit:1' >$tracing/sched/sched_process_hang/trigger
  modprobe -r process_monitor
  systemctl reload kmon
  wait_until 60 all_new
  run kmonctl status
  assert_success
  refute_output --partial "reload needed"
}

@test "bats /usr/share/kmon/tests passes with the service stopped, which runs again afterwards" {
  run apt-get -qy install kmon-tests
  assert_success
  run env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb KMON_QUICK=1 KMON_STOP_SERVICE=1 bats -F tap /usr/share/kmon/tests 3>&-
  assert_success
  assert [ "$(grep -c '^ok ' <<<"$output")" -ge 35 ]
  assert_equal "$(grep '# skip' <<<"$output" | sed 's/.*# skip //')" "expected: no --interface was given"
  assert_equal "$(systemctl is-active kmon) $(loaded_versions)" "active 5 $new"
}

@test "removed and purged: the modules are unloaded, and no file, unit or user is left" {
  run apt-get -qy purge kmon-tools kmon-tests kmon-dkms
  assert_success
  assert_equal "$(theirs)" "$(cat /tmp/theirs)"
  assert [ ! -e /sys/module/kstat ]
  assert [ ! -e /sys/module/process_monitor ]
  for file in /run/kmon /run/kmon-exporter /run/kmon-exporter.sock /run/kmon-recorder /run/private/kmon-recorder; do
    assert [ ! -e "$file" ]
    assert [ ! -L "$file" ]
  done
  assert_equal "$(systemctl is-active kmon kmon-recorder kmon-exporter.socket | xargs) $(netmon_pid)" "inactive inactive inactive 0"
  traces >/tmp/after
  run diff /tmp/before /tmp/after
  assert_success
}

@test "install.sh installs and starts kmon on the given interface, and can be run again" {
  run /kmon/install.sh --packages /srv/kmon/new --interface eth0
  assert_success
  assert_output --partial "LOOPBACK"
  assert_equal "$(get_param l2packet_counter interface)" eth0
  run /kmon/install.sh --packages /srv/kmon/new --yes
  assert_success
  assert_equal "$(theirs)" "$(cat /tmp/theirs)"
  assert_equal "$(get_param l2packet_counter interface)" eth0
  assert_equal "$(loaded_versions)" "5 $new"
}

@test "install.sh refuses an unknown interface and another installation, and changes nothing" {
  traces >/tmp/installed
  run /kmon/install.sh --interface eth9 --yes
  assert_failure 1
  assert_output --partial "no such Ethernet interface"
  touch /usr/local/bin/kmonctl
  run /kmon/install.sh --yes
  rm /usr/local/bin/kmonctl
  assert_failure 1
  assert_output --partial "kmon is already installed, but not from a package: /usr/local/bin/kmonctl"
  run /kmon/install.sh --yes --dry-run
  assert_success
  assert_line --partial "+ dpkg-buildpackage"
  assert_line --partial "+ systemctl enable --now kmon"
  run /kmon/install.sh --yes --dry-run --no-service
  assert_success
  refute_output --partial "+ systemctl"
  traces >/tmp/after
  run diff /tmp/installed /tmp/after
  assert_success
  assert_equal "$(loaded_versions)" "5 $new"
}

# A system with a read-only /usr and the mark of ostree.
@test "install.sh refuses an image-based system in one line" {
  run unshare --mount bash -ec 'mount --bind /usr /usr; mount -o remount,bind,ro /usr; /kmon/install.sh --packages /srv/kmon/new --yes'
  assert_failure 1
  assert_output --partial "/usr is read-only"
  assert_equal "${#lines[@]}" 1
  touch /run/ostree-booted
  run /kmon/install.sh --packages /srv/kmon/new --yes
  rm /run/ostree-booted
  assert_failure 1
  assert_output --partial "ostree"
  assert_equal "${#lines[@]}" 1
}

# There is no such system here. This tests how the installer detects the package manager and what it would run.
@test "install.sh --dry-run with dnf, dnf5 and zypper" {
  mkdir /tmp/programs
  for program in /usr/sbin/* /usr/bin/*; do
    case ${program##*/} in
      apt* | dpkg*) ;;
      *) ln -sf "$program" /tmp/programs/ ;;
    esac
  done
  stub() { rm -f "/tmp/programs/$1" && printf '%s\n' '#!/bin/sh' "$2" >"/tmp/programs/$1" && chmod 755 "/tmp/programs/$1"; }
  stub rpm 'exit 0'
  stub dnf 'echo 4.14.0'
  run env PATH=/tmp/programs /kmon/install.sh --dry-run --yes
  assert_success
  assert_line "+ dnf -y install rpm-build 'dnf-command(builddep)'"
  assert_line "+ dnf -y builddep /kmon/rpm/kmon.spec"
  assert_line --partial "+ rpmbuild -bb --without check"
  assert_line --regexp "^\\+ dnf -y install .*rpm"
  stub dnf 'echo dnf5 version 5.2.6'
  run env PATH=/tmp/programs /kmon/install.sh --dry-run --yes
  assert_success
  assert_line "+ dnf -y install rpm-build 'dnf5-command(builddep)'"
  rm /tmp/programs/dnf
  stub zypper 'exit 0'
  run env PATH=/tmp/programs /kmon/install.sh --dry-run --yes
  assert_success
  assert_line "+ zypper -n install rpm-build"
  assert_line --regexp "^\\+ zypper -n install --allow-unsigned-rpm .*rpm"
  rm -r /tmp/programs
}

@test "install.sh neither downgrades, nor touches another project's package with the same name" {
  run /kmon/install.sh --packages /srv/kmon/old --yes
  assert_failure 1
  assert_output --partial "apt did not install the packages"
  assert_equal "$(loaded_versions)" "5 $new"
  # shellcheck disable=SC2016
  printf '%s\n' '#!/bin/sh' '[ "$*" = "-Wf \${source:Package} kmon-tools" ] && echo another || exec /usr/bin/dpkg-query "$@"' \
    >/usr/local/sbin/dpkg-query
  chmod 755 /usr/local/sbin/dpkg-query
  run env PATH="/usr/local/sbin:$PATH" /kmon/install.sh --packages /srv/kmon/new --yes
  rm /usr/local/sbin/dpkg-query
  assert_failure 1
  assert_output --partial "belongs to another, not to kmon"
}

@test "install.sh --uninstall removes everything, and says so when there is nothing" {
  run /kmon/install.sh --uninstall
  assert_failure 1
  run /kmon/install.sh --uninstall --yes
  assert_success
  assert_equal "$(theirs)" "$(cat /tmp/theirs)"
  traces >/tmp/after
  run diff /tmp/before /tmp/after
  assert_success
  mkdir /etc/kmon.toml.d
  touch /etc/kmon.toml.d/interface.toml # where apt purge has taken the packages
  run /kmon/install.sh --uninstall --yes
  assert_success
  assert_output --partial "kmon is not installed"
  assert [ ! -e /etc/kmon.toml.d ]
}
