# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# shellcheck disable=SC2016 # single quotes: what is in them is expanded by apt or by an inner shell
# Shared by the scripts in tests/vm and tests/run. It is sourced, never run.

shopt -s inherit_errexit # otherwise $(...) would continue after a failure

repo=$(cd "${BASH_SOURCE[0]%/*}/../.." && pwd)
# The cache of slow builds; it may be deleted at any time.
cache=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/kmon

# What is needed to build and test the C++ code.
# shellcheck disable=SC2034 # for those who source this
cxx_packages=(cmake g++ libcap-ng-dev libcli11-dev libcrypt-dev libexpected-dev libgtest-dev libgmock-dev libkmod-dev libmicrohttpd-dev
  libncurses-dev libsqlite3-dev libsystemd-dev libtomlplusplus-dev ninja-build nlohmann-json3-dev pkgconf
  python3-jsonschema scdoc)

# A script that adds the cross compiler and the libraries for the architecture $1 to a root that has these. Header-only packages
# suit every architecture.
# shellcheck disable=SC2034
install_foreign='
  dpkg --add-architecture "$1"
  apt-get -q update
  DEBIAN_FRONTEND=noninteractive apt-get -qy install "crossbuild-essential-$1" \
    {libcap-ng-dev,libcrypt-dev,libkmod-dev,libmicrohttpd-dev,libncurses-dev,libsqlite3-dev,libsystemd-dev,libtomlplusplus-dev,pkgconf}:"$1"
  apt-get clean'

say() { printf 'kmon: %s\n' "$*" >&2; }
die() { say "error: $*"; exit 1; }

as_root() { [ "$(id -u)" = 0 ] || die "${0##*/} needs root (it makes chroots and mounts)"; }

# step WHAT COMMAND...: runs COMMAND, says what it is doing and how long it took, and shows its output only if it fails.
step() {
  local what=$1 log began=$SECONDS status
  shift
  log=$(mktemp "${TMPDIR:-/tmp}/kmon-step.XXXXXX")
  say "$what ..."
  set +e # not `|| status=$?`, which would disable -e in everything that runs inside
  (set -e; "$@") >"$log" 2>&1 </dev/null
  status=$?
  set -e
  if [ "$status" = 0 ]; then
    say "$what: done in $((SECONDS - began)) s"
  else
    say "$what: failed (status $status) after $((SECONDS - began)) s:"
    tail -n 60 "$log" >&2
  fi
  rm -f "$log"
  return "$status"
}

# need PACKAGE...: installs those that are missing, so that a bare Debian machine is enough.
need() {
  local missing
  mapfile -t missing < <(missing_packages "$@")
  [ "${#missing[@]}" -gt 0 ] || return 0
  as_root
  command -v apt-get >/dev/null || die "please install: ${missing[*]}"
  mkdir -p "$cache"
  (
    flock 9
    step "installing ${missing[*]}" install_packages "${missing[@]}" 9>&-
  ) 9>"$cache/apt.lock"
}

missing_packages() {
  local package
  for package; do
    [ "$(dpkg-query -Wf '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || echo "$package"
  done
}

install_packages() {
  apt-get -q update || true # an unreachable third-party source must not stop us; the install below decides
  DEBIAN_FRONTEND=noninteractive apt-get -qy -o DPkg::Lock::Timeout=300 install --no-install-recommends "$@"
}

# mirror Debian|Debian-Security: the URI from which this machine's apt gets it; empty if there is none.
mirror() {
  [ -n "$(apt-get indextargets)" ] || apt-get -q update >&2 || true
  apt-get indextargets --format '$(LABEL) $(REPO_URI)' "Created-By: Packages" |
    sed -n "s/^$1 //p" | head -n 1
}

# cached NAME FILL...: prints the path of cache entry NAME, made by `FILL... DIR` if it does not exist. An entry appears
# atomically; others wait while it is being made. Entries that were not used for two weeks are deleted.
cached() {
  local entry=$cache/$1 making status
  shift
  mkdir -p "$cache/lock"
  (
    flock 9
    if [ ! -d "$entry" ]; then
      making=$(mktemp -d "$cache/making.XXXXXX")
      chmod 755 "$making"
      set +e # for the same reason as in step
      (set -e; "$@" "$making") 9>&- >&2
      status=$?
      set -e
      if [ "$status" != 0 ]; then
        rm -rf "$making"
        exit 1
      fi
      mv -T "$making" "$entry"
      find "$cache" -mindepth 1 -maxdepth 1 -mtime +14 ! -name lock ! -name runs -exec rm -rf {} +
    fi
    touch "$entry"
  ) 9>"$cache/lock/${entry##*/}"
  echo "$entry"
}

# key WORD...: a short hash of its arguments and of standard input.
key() { { printf '%s\n' "$@" && cat; } | sha256sum | cut -c1-12; }

# recipe FUNCTION...: the functions' code without comments, so that an entry is rebuilt if the code that makes it changes.
recipe() { declare -f "$@"; }

# own_bats DIR: puts this machine's bats where no package of the guest puts its own (/opt/bats, used by with_own_bats): bullseye has
# no bats-assert, and a bats that is installed meanwhile must not replace the running one.
own_bats() {
  mkdir -p "$1/bin" "$1/libexec" "$1/lib"
  cp /usr/bin/bats "$1/bin/"
  cp -r /usr/libexec/bats-core "$1/libexec/"
  cp -r /usr/lib/bats-core /usr/lib/bats "$1/lib/"
}
# shellcheck disable=SC2034 # for those who source this
with_own_bats=(PATH=/opt/bats/bin:/usr/sbin:/usr/bin:/sbin:/bin BATS_LIB_PATH=/opt/bats/lib/bats)

# --- roots

# The archives of a suite, including the security and update archives, to test the newest kernel of the suite.
sources() {
  local suite=$1 debian security
  debian=$(mirror Debian)
  security=$(mirror Debian-Security)
  [ -n "$debian" ] || die "apt on this machine knows no Debian mirror"
  echo "deb $debian $suite main"
  echo "deb $debian $suite-updates main"
  [ -z "$security" ] || echo "deb $security $suite-security main"
}

# bootstrap VARIANT ARCH SUITE ROOT PACKAGES: makes a root with mmdebstrap, without documentation and without an initrd (guests have
# their own). Nothing is flushed to disk, now or by a later apt in that root: that would take most of the time.
bootstrap() {
  local variant=$1 arch=$2 suite=$3 root=$4 packages=$5
  sources "$suite" | INITRD=No nice -n 10 mmdebstrap --variant="$variant" --arch="$arch" --include="$packages" \
    --aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Languages "none"' \
    --aptopt='Acquire::Check-Valid-Until "false"' --aptopt='Acquire::Check-Date "false"' \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt=force-unsafe-io \
    "$suite" "$root" -
}

# in_root DIR COMMAND...: runs COMMAND in a chroot with /proc (7.2's objtool reads it) and /sys, in its own mount namespace.
in_root() {
  nice -n 10 unshare --mount --propagation private bash -euc '
    root=$1; shift
    mount -t proc proc "$root/proc"
    mount -t sysfs -o ro sysfs "$root/sys"
    exec chroot "$root" env -i HOME=/root LANG=C PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"' in_root "$@"
}

# in_overlay LOWER[:LOWER...] CHANGES COMMAND...: like in_root, but what COMMAND writes goes to the directory CHANGES.
in_overlay() {
  local lower=$1 changes=$2 work
  shift 2
  work=$(mktemp -d "$changes.XXXXXX")
  mkdir "$work/work" "$work/root"
  unshare --mount --propagation private bash -euc '
    mount -t overlay overlay -o "lowerdir=$1,upperdir=$2,workdir=$3/work" "$3/root"
    source "$4"; shift 4
    in_root "$@"' in_overlay "$lower" "$changes" "$work" "$repo/tests/vm/lib.sh" "$work/root" "$@" || {
    local status=$?
    rm -rf "$work"
    return "$status"
  }
  rm -rf "$work"
}

# What DKMS ships, without anything that a build left behind.
source_files() {
  cd "$repo" &&
    find dkms.conf src -type f \( -name dkms.conf -o -name '*.[ch]' -o -name Makefile -o -name Kbuild \) | LC_ALL=C sort
}

# copy_source DIR
copy_source() {
  mkdir -p "$1"
  (cd "$repo" && source_files | cpio --quiet -pd "$1")
}

# Is KVM usable? /dev/kvm is not enough: the CPU must support virtualisation.
have_kvm() { [ -w /dev/kvm ] && grep -qE '^flags.*\b(vmx|svm)\b' /proc/cpuinfo; }

check_target() {
  case $1 in
    bullseye | bookworm | trixie | forky | rt | arm64 | sanitizer) ;;
    *) die "no target '$1' (bullseye bookworm trixie forky rt arm64 sanitizer)" ;;
  esac
}
