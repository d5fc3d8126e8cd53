#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# packaging/release and packaging/tarball, in a copy of this repository's last commit.

bats_load_library bats-support
bats_load_library bats-assert

setup() {
  export HOME=$BATS_TEST_TMPDIR GIT_CONFIG_GLOBAL=$BATS_TEST_TMPDIR/gitconfig
  git config --global user.name kmon
  git config --global user.email kmon@kmon.invalid
  git clone -q "$BATS_TEST_DIRNAME/../.." "$BATS_TEST_TMPDIR/kmon"
  cd "$BATS_TEST_TMPDIR/kmon" || return
  cp -r "$BATS_TEST_DIRNAME/../../packaging" . # as it is now
  sed -i '/^## Unreleased$/,/^## [0-9]/{/^## [0-9]/!d}' CHANGELOG.md # as for a release
  git add -A
  git commit -qm packaging --allow-empty
  git tag | xargs -r git tag -d >/dev/null
  version=$(sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' dkms.conf)
}

@test "a release: a reproducible tarball, its checksum, and what to do next" {
  run packaging/release ../release
  assert_success
  assert_line --partial "git tag --sign -m 'kmon $version' v$version"
  assert_line --partial packaging/publish
  (cd ../release && sha256sum --check --quiet SHA256SUMS)
  run tar -tf "../release/kmon-$version.tar.xz"
  assert_line "kmon-$version/dkms.conf"
  assert_line "kmon-$version/debian/rules"
  git tag "v$version"
  run packaging/release ../release
  assert_success
  refute_output --partial "git tag --sign"
}

@test "a version that is not the same everywhere is reported with its place" {
  run packaging/release --check
  assert_success
  for place in "rpm/kmon.spec:s/^Version: .*/Version: 7.7.7/" "CHANGELOG.md:s/^## [0-9][0-9.]*/## 7.7.7/" "debian/changelog:1s/(.*)/(7.7.7-1)/" \
    "rpm/kmon.spec:s/ - [0-9.]*-1$/ - 7.7.7-1/"; do
    sed -i "${place#*:}" "${place%%:*}"
    run packaging/release --check
    assert_failure 1
    assert_output --partial "${place%%:*} has version 7.7.7, dkms.conf has $version"
    git checkout -q .
  done
}

@test "what must not be released is refused: uncommitted changes, an old version, a tag on another commit" {
  touch new
  run packaging/release ../release
  assert_failure 1
  assert_output --partial "not committed"
  rm new
  sed -i '2a ## Unreleased\n' CHANGELOG.md
  git commit -qam unreleased
  run packaging/release ../release
  assert_failure 1
  assert_output --partial 'CHANGELOG.md has changes under "Unreleased"'
  git reset -q --hard HEAD~
  git tag v99.0
  run packaging/release --check
  assert_failure 1
  assert_output --partial "the tag v99.0 is later than dkms.conf's version, $version"
  git tag -d v99.0 >/dev/null
  git tag "v$version"
  git commit -qm more --allow-empty
  run packaging/release ../release
  assert_failure 1
  assert_output --partial "the tag v$version is another commit"
  assert [ ! -e ../release ]
}
