#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Usage: ./install.sh [--interface NAME] [--no-service] [--yes] [--dry-run] [--packages DIRECTORY]
#        ./install.sh --uninstall [--yes] [--dry-run]
#        ./install.sh --vm [--shell]
# Builds kmon's packages from this directory, installs them with apt, dnf or zypper, starts the service and shows what it counts.
# Run it again to install changed source.
#   --interface NAME  the Ethernet interface to watch (by default it asks; without a terminal it keeps the interface chosen last
#                     time, or the first time follows the default route)
#   --no-service      installs everything, starts nothing
#   --yes             asks nothing
#   --dry-run         only prints the commands that would change something
#   --packages DIR    installs the packages in DIR instead of building them
#   --uninstall       removes kmon, its modules, its configuration, and the history that kmon-recorder kept
#   --vm              boots a throwaway virtual machine, installs kmon there with apt, makes traffic, and prints what was counted.
#                     --shell then gives you a prompt there. Use it for a first look, or where no module can be loaded (a container,
#                     a locked-down kernel). On this machine it installs the tools to run that machine, but no part of kmon
set -euo pipefail
shopt -s inherit_errexit
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
drop_in=/etc/kmon.toml.d/interface.toml
exec 3>&1 # change() prints commands here, even if the command's own output goes to a file

usage() { sed -n '3,/^set /s/^# \{0,1\}//p' "$0"; }
say() { printf 'install.sh: %s\n' "$*"; }
die() { say "$*" >&2; exit 1; }
have() { command -v "$1" >/dev/null; }

# change COMMAND...: runs a command that changes this machine, or only prints it (--dry-run).
change() {
  printf '+ %s\n' "${*@Q}" | sed "s/'\([A-Za-z0-9_.,:=/+@-]*\)'/\1/g" >&3
  [ -n "$dry_run" ] || "$@"
}

parse() {
  verb=install interface='' no_service='' yes='' dry_run='' packages='' shell=()
  while [ $# -gt 0 ]; do
    case $1 in
      --interface) interface=${2:?--interface of what name?} && shift 2 ;;
      --packages) packages=${2:?--packages in which directory?} && shift 2 ;;
      --no-service) no_service=1 && shift ;;
      --yes) yes=1 && shift ;;
      --dry-run) dry_run=1 && shift ;;
      --uninstall) verb=uninstall && shift ;;
      --vm) verb=look && shift ;;
      --shell) verb=look shell=(--shell) && shift ;;
      -h | --help) usage && exit ;;
      *) usage >&2 && exit 2 ;;
    esac
  done
  [ -z "$packages" ] || [ -d "$packages" ] || die "--packages $packages: no such directory"
  packages=${packages:+$(realpath "$packages")}
}

# --- checks before anything changes

need_root() { [ "$(id -u)" = 0 ] || [ -n "$dry_run" ] || die "must run as root: sudo $0"; }

find_package_manager() {
  if have apt-get && have dpkg; then
    manager=apt
  elif have dnf && have rpm; then
    manager=dnf
  elif have zypper && have rpm; then
    manager=zypper
  else
    die "found none of apt, dnf and zypper. To install by hand, see docs/install.md"
  fi
}

# Modules are installed in /lib/modules. On such a system that is part of the image.
need_writable_system() {
  if [ -e /run/ostree-booted ]; then
    die "this is an image-based system (ostree): kmon cannot be installed. Add the packages when you build the image. To see kmon run: $0 --vm"
  elif [ "$(id -u)" = 0 ] && [ ! -w /usr ]; then
    die "/usr is read-only, as on an image-based system: kmon cannot be installed. To see kmon run: $0 --vm"
  fi
}

# Prints why modules cannot be loaded here, or nothing if they can.
cannot_load() {
  local release
  release=$(uname -r)
  if [ ! -e /proc/modules ]; then
    echo "the running kernel, $release, cannot load modules"
  elif [ "$(cat /proc/sys/kernel/modules_disabled 2>/dev/null)" = 1 ]; then
    echo "module loading is disabled until the next boot (kernel.modules_disabled=1)"
  elif have systemd-detect-virt && systemd-detect-virt -cq; then
    echo "this is a container ($(systemd-detect-virt -c)): only its host can load modules"
  elif [ ! -d "/lib/modules/$release" ]; then
    echo "the running kernel, $release, is not installed here (in a container, or after an upgrade: reboot)"
  fi
}

need_modules() {
  local why
  why=$(cannot_load)
  [ -z "$why" ] || die "$why. To see kmon run in a virtual machine: $0 --vm"
}

# owned FILE: does it belong to a package?
owned() {
  case $manager in
    apt) dpkg -S "$1" >/dev/null 2>&1 ;;
    *) rpm -qf "$1" >/dev/null 2>&1 ;;
  esac
}

need_no_other_installation() {
  local file
  for file in {/usr,/usr/local}/{bin/kmonctl,sbin/kmond,bin/netmon} /usr/src/kmon-*/dkms.conf; do
    [ ! -e "$file" ] || owned "$file" || die "kmon is already installed, but not from a package: $file. Remove it first \
(installed by cmake: grep -v kmon.toml build/release/install_manifest.txt | xargs rm; by dkms: dkms remove kmon/VERSION --all, rm -r /usr/src/kmon-VERSION)"
  done
}

# --- the interface

# The interfaces that l2packet_counter can watch: type 1 is Ethernet, and not loopback.
ethernet_interfaces() {
  local directory
  for directory in /sys/class/net/*; do
    [ "$(cat "$directory/type" 2>/dev/null)" != 1 ] || echo "${directory##*/}"
  done
}

default_interface() {
  { ip -4 route show default && ip -6 route show default; } 2>/dev/null | sed -n 's/.* dev \([^ ]*\).*/\1/p' | head -n 1 || true
}

# Sets `interface`; empty means: follow the default route. Sets `keep` if the earlier choice stays.
choose_interface() {
  local names=() name answer default
  keep=''
  mapfile -t names < <(ethernet_interfaces)
  default=$(default_interface)
  if [ -n "$interface" ]; then
    for name in "${names[@]}"; do [ "$name" != "$interface" ] || return 0; done
    die "--interface $interface: no such Ethernet interface. Available: ${names[*]:-none}"
  fi
  if [ -n "$yes" ] || [ ! -t 0 ] || [ "${#names[@]}" = 0 ]; then
    keep=1
    [ ! -e "$drop_in" ] || { say "keeping the watched interface as set in $drop_in" && return; }
    say "watching the interface of the default route (now ${default:-none)}${default:+)}"
    return
  fi
  echo "Which interface should kmon watch?"
  for name in "${names[@]}"; do
    echo "  $name ($(cat "/sys/class/net/$name/operstate"))$([ "$name" != "$default" ] || echo ', has the default route')"
  done
  while :; do
    read -rp "Its name, or Enter to follow the default route (now ${default:-none}): " answer || exit 1
    [ -n "$answer" ] || return 0
    for name in "${names[@]}"; do
      [ "$name" != "$answer" ] || { interface=$answer && return; }
    done
    echo "There is no interface $answer."
  done
}

# --- building

# Debian 11's compiler is too old for the programs: only kmon-dkms then.
only_modules() { [ "$manager" = apt ] && dpkg --compare-versions "$(dpkg-query -Wf '${Version}' libc6)" lt 2.36; }

source_files() {
  cd "$here" && find . \( -name .git -o -path ./build \) -prune -o -type f -print0 | tar -c --null -T -
}

# Builds in a copy, because the build writes files beside the source. Build dependencies are marked for `apt autoremove`.
build_debs() {
  local source=$place/kmon what=(--build=binary) which=()
  if only_modules; then
    what=(--build=all) which=(--indep-only)
  fi
  change apt-get -qy install --no-install-recommends build-essential
  mkdir "$source"
  source_files | tar -x -C "$source"
  export DEB_BUILD_PROFILES=nocheck DEB_BUILD_OPTIONS="nocheck noddebs"
  change apt-get -qy -o APT::Get::Build-Dep-Automatic=true build-dep --no-install-recommends "${which[@]}" "$source/"
  say "building the packages; this takes a few minutes"
  (cd "$source" && change dpkg-buildpackage -us -uc -j"$(nproc)" "${what[@]}" >"$place/log" 2>&1) || {
    tail -n 40 "$place/log" >&2
    die "building the packages failed; its last output is above"
  }
}

build_rpms() {
  local version spec=$here/rpm/kmon.spec
  version=$(sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' "$here/dkms.conf")
  "need_for_$manager"
  source_files | tar -x --one-top-level="$place/kmon-$version"
  tar -C "$place" -cJf "$place/kmon-$version.tar.xz" "kmon-$version"
  say "building the packages; this takes a few minutes"
  change rpmbuild -bb --without check --define "_topdir $place" --define "_sourcedir $place" --define "_rpmdir $place" "$spec" \
    >"$place/log" 2>&1 || {
    tail -n 40 "$place/log" >&2
    die "building the packages failed; its last output is above"
  }
  find "$place" -name '*.rpm' ! -name '*debug*' -exec mv {} "$place/" \;
}

# dnf 5 has another name for the plugin. On RHEL and its derivatives dkms is in EPEL, which needs CRB.
need_for_dnf() {
  local plugin='dnf-command(builddep)'
  [[ $(dnf --version 2>/dev/null) != *dnf5* ]] || plugin='dnf5-command(builddep)'
  [ -n "$dry_run" ] || dnf -q list dkms >/dev/null 2>&1 ||
    die "dnf finds no dkms. On RHEL and its derivatives it is in EPEL: dnf install epel-release && crb enable, then try again"
  change dnf -y install rpm-build "$plugin"
  change dnf -y builddep "$here/rpm/kmon.spec"
}

need_for_zypper() {
  local needed=()
  change zypper -n install rpm-build
  [ -n "$dry_run" ] || mapfile -t needed < <(rpmspec -q --buildrequires --without check "$here/rpm/kmon.spec")
  change zypper -n install "${needed[@]:-what rpm/kmon.spec requires to build}"
}

# --- installing

install_headers() {
  local release
  release=$(uname -r)
  [ ! -e "/lib/modules/$release/build/include" ] || return 0
  case $manager in
    apt) change apt-get -qy install "linux-headers-$release" ;;
    dnf) change dnf -y install "kernel-devel-$release" ;;
    zypper) change zypper -n install "kernel-${release##*-}-devel" ;;
  esac || die "cannot get the headers of the running kernel $release; it may no longer be the newest. Install the newest, reboot and try again"
}

install_packages() {
  local files=()
  mapfile -t files < <(find "$packages" -maxdepth 1 \( -name 'kmon-tools_*.deb' -o -name 'kmon-dkms_*.deb' \
    -o -name 'kmon-tools-[0-9]*.rpm' -o -name 'kmon-dkms-[0-9]*.rpm' \) ! -name '*.src.rpm')
  [ "${#files[@]}" -gt 0 ] || [ -n "$dry_run" ] || die "$packages contains no kmon package"
  case $manager in
    # Keep an edited /etc/kmon.toml without asking.
    apt)
      change apt-get -qy -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold \
        install --reinstall "${files[@]:-$packages/*.deb}" ||
        die "apt did not install the packages. To downgrade, run $0 --uninstall first"
      ;;
    dnf)
      local verb=install
      # dnf does not install a version that is already there, even if the package was rebuilt.
      [ "${#files[@]}" = 0 ] || ! rpm -qp "${files[@]}" | xargs rpm -q >/dev/null 2>&1 || verb=reinstall
      change dnf -y "$verb" "${files[@]:-$packages/*.rpm}"
      ;;
    zypper)
      # --force reinstalls, but would also downgrade and change the vendor: only for the very version that is installed.
      local force=()
      [ "${#files[@]}" = 0 ] || ! rpm -qp "${files[@]}" | xargs rpm -q >/dev/null 2>&1 || force=(--force)
      change zypper -n install "${force[@]}" --allow-unsigned-rpm "${files[@]:-$packages/*.rpm}"
      ;;
  esac
}

# In a separate file, so that /etc/kmon.toml stays as packaged.
set_interface() {
  if [ -n "$interface" ]; then
    change mkdir -p "${drop_in%/*}"
    change write "$drop_in" "$(printf '# written by install.sh\n[l2packet_counter]\ninterface = "%s"' "$interface")"
  elif [ -z "$keep" ]; then
    remove_drop_in
  fi
}
remove_drop_in() {
  [ ! -e "$drop_in" ] || change rm "$drop_in"
  [ ! -d "${drop_in%/*}" ] || change rmdir --ignore-fail-on-non-empty "${drop_in%/*}"
}
write() { printf '%s\n' "$2" >"$1"; }

start() {
  if [ ! -d /run/systemd/system ]; then
    say "no systemd here: kmonctl apply loads the modules and sets their parameters"
    return
  fi
  change systemctl enable --now kmon
  change systemctl reload-or-restart kmon
}

# Shows what kmon counts, or what is wrong and the cure.
show() {
  [ -z "$dry_run" ] || return 0
  if ! kmonctl status >"$place/status"; then
    cat "$place/status"
    die "kmon is installed, but not all of it is running: see above"
  fi
  cat "$place/status"
  kmonctl stats
  say "done. Settings: ${interface:+$drop_in and }/etc/kmon.toml, then systemctl reload kmon. More: kmonctl top, man kmonctl"
}

install() {
  need_root
  need_writable_system
  find_package_manager
  need_modules
  need_no_other_installation
  need_no_stranger
  choose_interface
  place=$(mktemp -d)
  trap 'rm -rf "$place"' EXIT
  [ "$manager" != apt ] || export DEBIAN_FRONTEND=noninteractive
  [ "$manager" != apt ] || change apt-get -q update || say "apt-get update failed; continuing with what apt knows"
  install_headers
  if [ -z "$packages" ]; then
    packages=$place
    case $manager in
      apt) build_debs ;;
      *) build_rpms ;;
    esac
  fi
  install_packages
  if ! have kmonctl && [ -z "$dry_run" ]; then
    say "done: the modules are installed; the programs need Debian 12 or later. Load one: modprobe localhost_monitor, and read docs/modules.md"
    return
  fi
  set_interface
  if [ -n "$no_service" ]; then
    say "done. No service was started. Now: modprobe l2packet_counter interface=NAME; with the service: systemctl enable --now kmon"
    return
  fi
  start
  show
}

# A package of the same name from somebody else is not ours to replace.
need_no_stranger() {
  local name source
  for name in kmon-tools kmon-tests kmon-dkms; do
    case $manager in
      apt) source=$(dpkg-query -Wf '${source:Package}' "$name" 2>/dev/null) || continue ;;
      *) source=$(rpm -q --qf '%{SOURCERPM}\n' "$name" 2>/dev/null | sed -nE '1s/-[^-]*-[^-]*\.src\.rpm$//p') || continue ;;
    esac
    [ "${source:-kmon}" = kmon ] || die "the installed package $name belongs to $source, not to kmon: remove it first"
  done
}

# Our packages, recognised by their source: others may use the same package names.
installed_packages() {
  case $manager in
    apt)
      dpkg-query -Wf '${db:Status-Status} ${source:Package} ${Package}\n' kmon-tools kmon-tests kmon-dkms 2>/dev/null |
        sed -n 's/^\(installed\|config-files\|half-.*\|unpacked\) kmon //p'
      ;;
    *)
      rpm -q --qf '%{NAME} %{SOURCERPM}\n' kmon-tools kmon-tests kmon-dkms |
        sed -nE 's/^(kmon-[a-z]+) kmon-[0-9][^-]*-[^-]*\.src\.rpm$/\1/p'
      ;;
  esac
}

# apt purges these itself.
left_by_rpm=(/etc/kmon.toml.rpmsave /var/lib/kmon /var/lib/private/kmon /run/kmon-recorder /run/private/kmon-recorder)

uninstall() {
  local answer names
  need_root
  find_package_manager
  mapfile -t names < <(installed_packages || true)
  if [ "${#names[@]}" = 0 ]; then
    remove_drop_in
    say "kmon is not installed as a package"
    return
  fi
  if [ -z "$yes" ] && [ -z "$dry_run" ]; then
    [ -t 0 ] || die "--uninstall also removes /etc/kmon.toml and the history in /var/lib/kmon; without a terminal, confirm with --yes"
    read -rp "Remove kmon, its modules, its configuration /etc/kmon.toml, and the history in /var/lib/kmon? [y/N] " answer
    [ "$answer" = y ] || exit 1
  fi
  case $manager in
    apt)
      export DEBIAN_FRONTEND=noninteractive
      change apt-get -qy purge "${names[@]}"
      ;;
    dnf)
      change dnf -y remove "${names[@]}"
      change rm -rf "${left_by_rpm[@]}"
      ;;
    zypper)
      change zypper -n remove "${names[@]}"
      change rm -rf "${left_by_rpm[@]}"
      ;;
  esac
  remove_drop_in
  say "kmon is removed$([ "$manager" != apt ] || echo "; to remove what was installed to build it: apt autoremove")"
}

look() {
  [ -z "$dry_run" ] || die "--vm only installs its tools: it has no --dry-run"
  exec "$here/tests/package/tour" "${shell[@]}"
}

parse "$@"
"$verb"
