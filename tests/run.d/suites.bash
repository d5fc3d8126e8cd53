# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Part of tests/run: the suites, one function each. The mutants are in mutants.bash.
# shellcheck disable=SC2154,SC2164 # tests/run has set -e, and sets here, repo, kernels and module

lint() {
  local file
  need patch shellcheck
  {
    check "version, changelogs and tags agree" "$repo/packaging/release" --check
    check "each source file names its licence" "$here/lint-spdx"
    check "links in documents lead somewhere" "$here/lint-documents"
    check "mutants apply, and their tests are there" "$here/lint-mutants"
    check "no && excuses an assertion" no_excused_assertions
    while IFS= read -r file; do
      check "shellcheck $file" shellcheck -x -P SCRIPTDIR -P "$repo" "$repo/$file"
    done < <(shell_files)
  } | tally lint
}

# In bats, as in any shell with set -e, `assert A && assert B` does not fail if A does.
no_excused_assertions() { ! grep -rnE '^[^#]*\b(assert|refute)(_[a-z]+)? [^;]*&& *(assert|refute)' "$here" --include=*.bats --include=*.bash; }

shell_files() {
  cd "$repo"
  grep -rlIE '^(#!(/usr)?/bin/(env )?(ba)?(sh|bats)\b|# shellcheck shell=)' --exclude-dir=.git --exclude-dir=build --exclude-dir=node_modules --exclude='*.md' . | sed 's|^\./||' | LC_ALL=C sort
}

build() {
  {
    local kernel
    check "addresses in any pattern are found as quickly as others" "$repo/bench/scaling/run" --check
    for kernel in "${kernels[@]}"; do
      "$here/vm/rootfs" "$kernel" >/dev/null # first, to show that it goes on
      check "builds for $kernel without a warning (W=1 C=1 -Werror)" "$here/vm/modules" --strict "$kernel"
    done
  } | tally build
}

# Architectures with 32-bit pointers; the compiler of one Debian release is enough.
foreign() {
  local architecture
  for architecture in i386 armhf; do
    check "the programs compile for $architecture without a warning" "$here/vm/userspace" --foreign "$architecture" trixie
  done | tally foreign
}

# Two guests at once: for two kernels, or sharing the work of one.
kernel() {
  local target files
  for target in "${kernels[@]}"; do
    mapfile -t files < <(files_for "$target")
    if [ "${#kernels[@]}" = 1 ]; then
      two_guests "$target" "${files[@]}"
    else
      start guest "$target" "${files[@]}"
    fi
  done
}

originals() {
  local target
  for target in "${kernels[@]}"; do start guest "$target" originals.bats; done
}

smoke() {
  local target
  for target in "${kernels[@]}"; do start guest "$target" smoke.bats; done
}

# --module: the tests of one module, in one guest.
module() {
  local target files
  [ -n "$module" ] || die "instead of --suite module, use --module NAME"
  mapfile -t files < <(files_about "$module")
  for target in "${kernels[@]}"; do start guest "$target" "${files[@]}"; done
}

# In two guests, because that kernel is slow.
sanitizer() {
  local files
  mapfile -t files < <(files_for sanitizer)
  two_guests sanitizer "${files[@]}"
}

# Every allocation fails in turn, on the kernel that can do that.
faults() { start guest sanitizer faults.bats; }

# As long as KMON_SOAK says, in seconds; on one kernel.
soak() {
  export KMON_SOAK=${KMON_SOAK:-1800}
  start boots "${kernels[0]} soak" "${kernels[0]}" --timeout $((KMON_SOAK + 900)) -- tests/lib/in-guest soak.bats
}

# Those of the chosen kernels on whose Debian release the programs are built.
userspace_targets() {
  local target
  for target in "${kernels[@]}"; do
    case $target in bookworm | trixie | forky) echo "$target" ;; esac
  done
}

userspace() {
  {
    local target
    for target in $(userspace_targets); do
      check "programs build for $target without a warning" "$here/vm/userspace" "$target"
      check "unit tests on $target" "$here/vm/userspace" --test "$target"
    done
    check "netmon builds alone and static" static_netmon netmon-static
    check "netmon builds for arm64 and runs there" static_netmon netmon-static-arm64 qemu-aarch64-static
  } | tally userspace
}

cxx() {
  {
    check "clang-tidy finds nothing" "$here/lint-cxx"
    check "unit tests under AddressSanitizer and UndefinedBehaviorSanitizer" sanitized_tests
    check "a module is added as docs/adding-a-module.md says" "$here/adding-a-module" "$repo/build/adding-a-module"
  } | tally cxx
}

fuzz() {
  local seconds=60
  [ "$KMON_QUICK" = 0 ] || seconds=20
  check "the fuzzers find nothing in $seconds s each" "$here/fuzz" "$seconds" | tally fuzz
}

# In a browser and in Prometheus, on this machine. The page is also tested as kmon-exporter serves it.
page() {
  need chromium "${cxx_packages[@]}"
  command -v npm >/dev/null || need nodejs npm
  { check "kmon-exporter builds" exporter_built; } | tally page
  export KMON_EXPORTER=$repo/build/dev/userspace/exporter/kmon-exporter KMON_UNIT_TESTS=$repo/build/dev/userspace/tests/kmon_tests
  start taps page "$here/page/run"
  start taps dashboard "$here/observability/run"
}

exporter_built() {
  cd "$repo"
  cmake --preset dev && nice cmake --build --preset dev -j"$(nproc)" --target exporter kmon_tests
}

sanitized_tests() {
  need "${cxx_packages[@]}"
  cd "$repo"
  cmake --preset asan && nice cmake --build --preset asan -j"$(nproc)" && ctest --preset asan -j"$(nproc)"
}

# static_netmon PRESET [EMULATOR]: builds netmon with the preset, and has it print a line for lo.
static_netmon() {
  local preset=$1 build=$repo/build/$1 line
  need cmake file g++ jq libcli11-dev libexpected-dev ninja-build
  [ $# = 1 ] || need g++-aarch64-linux-gnu qemu-user-static
  cd "$repo" &&
    cmake --preset "$preset" &&
    nice cmake --build "$build" -j"$(nproc)" &&
    file "$build/userspace/netmon/netmon" | grep 'statically linked' &&
    line=$("${@:2}" "$build/userspace/netmon/netmon" lo --once) &&
    jq -e '.interface == "lo"' <<<"$line"
}

# Three boots: two like a user's machine, which share the work, and one whose kernel refuses every module.
service() {
  local target
  export KMON_THROWAWAY=1
  for target in $(userspace_targets); do
    start boots "$target service" "$target" --system --timeout "$(patience "$target")" -- \
      tests/lib/in-guest service.bats readme.bats
    start boots "$target commands" "$target" --system --timeout "$(patience "$target")" -- \
      tests/lib/in-guest cli.bats netmon.bats
    start boots "$target refused" "$target" --system --timeout 600 --append module.sig_enforce=1 -- \
      tests/lib/in-guest service_refused.bats
  done
}

# One kernel, because Prometheus and the exporter do not depend on it.
observability() {
  local target with
  export KMON_THROWAWAY=1
  with=$(cached "prometheus-$(apt-cache show prometheus | sed -n 's/^SHA256: //p' | key prometheus)" fill_prometheus)
  for target in $(userspace_targets | head -n 1); do
    start boots "$target observability" "$target" --system --timeout "$(patience "$target")" --with "$with" -- \
      tests/lib/in-guest observability.bats
  done
}

# The two programs from Debian's package. Installing the package would start a Prometheus on this machine.
fill_prometheus() {
  cd "$1"
  apt-get -q download prometheus
  dpkg-deb -x prometheus_*.deb unpacked
  mkdir prometheus
  mv unpacked/usr/bin/{prometheus,promtool} prometheus/
  rm -r unpacked prometheus_*.deb
}

# One kernel, because other suites test how the modules count.
history() {
  local target
  export KMON_THROWAWAY=1
  for target in $(userspace_targets | tail -n 1); do
    start boots "$target history" "$target" --system --timeout "$(patience "$target")" -- tests/lib/in-guest history.bats
    { check "the history is whole after power cuts" "$here/vm/power-cut" "${KMON_CUTS:-3}" "$target"; } | tally "$target history"
  done
}

# One kernel, because the behaviour of the installed tests does not depend on it.
selftest() {
  local target
  export KMON_THROWAWAY=1
  for target in $(userspace_targets | head -n 1); do
    start boots "$target selftest" "$target" --system --timeout "$(patience "$target")" -- tests/lib/in-guest selftest.bats
  done
}

# In chroots without systemd, and on booted systems for the releases on which the programs are built.
package() {
  local target revision
  need bats bats-support bats-assert git
  taps "release" bats -F tap "$here/package/release.bats"
  for target in "${kernels[@]}"; do
    case $target in
      arm64)
        start taps "$target package" "$here/package/arm64"
        continue
        ;;
      sanitizer | rt) die "the packages are tested on bullseye, bookworm, trixie, forky and arm64" ;;
    esac
    {
      check "the packages build, and lintian finds neither error nor warning" lintian_is_content "$target"
      [ "$target" != trixie ] || {
        check "built again, elsewhere, they are the same" same_packages "$target"
        check "a distribution's revision builds, with the unit tests: 1~bpo13+1" "$here/package/build" --check --revision 1~bpo13+1 "$target"
        for revision in 1+b1 1~bpo12+1 1+deb13u1 1ubuntu1; do
          check "a distribution's revision builds: $revision" "$here/package/build" --only-modules --revision "$revision" "$target"
        done
      }
    } | tally "$target package"
    start taps "$target package" "$here/package/chroot" "$target" packages.bats publish.bats
  done
  for target in $(userspace_targets); do
    start taps "$target installed" "$here/package/guest" "$target"
  done
  start taps "rpm package" "$here/package/rpm" bookworm
}

# Ignores that Standards-Version is newer than bookworm's lintian.
lintian_is_content() {
  local made
  made=$("$here/package/build" "$1") || return 1
  cat "$made/lintian"
  ! grep -E '^[EW]:' "$made/lintian" | grep -v ': newer-standards-version '
}

same_packages() {
  local first second file
  first=$("$here/package/build" "$1") || return 1
  second=$("$here/package/build" --again "$1") || return 1
  for file in "$first"/*.deb; do cmp "$file" "$second/${file##*/}" || return 1; done
}
