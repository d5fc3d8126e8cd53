# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# The tests may run on a user's own machine. This file says what they need there, what is in use and must not be unloaded, and
# how kmon is stopped for them, with the user's consent, and restored. Sourced by common.bash, setup_suite.bash and run_tests.sh;
# also works without bats.
#
# In the environment: KMON_STOP_SERVICE=1 is the consent; KMON_BUILT is the directory of modules that are built but not installed.

kmon_modules=(localhost_monitor l2packet_counter kstat netmon_proc process_monitor)

# Exists as long as kmon is stopped for the tests. If a run is killed before it restores kmon, the next run does.
kmon_aside=/run/kmon-tests

# ko NAME: the path of the module's file for this kernel.
ko() { if [ -n "${KMON_BUILT:-}" ]; then echo "$KMON_BUILT/$1.ko"; else modinfo -n "$1"; fi; }

# missing_tools: the tools that the tests need and this machine lacks, one per line, with their package.
missing_tools() {
  local tool package library
  while read -r tool package; do
    command -v "$tool" >/dev/null || echo "$tool (package $package)"
  done <<'END'
bats bats
insmod kmod
ip iproute2
jq jq
ping iputils-ping
sysctl procps
END
  for package in bats-support bats-assert; do
    bats_library "$package" || echo "$package (package $package)"
  done
}

# bats_library NAME: sets `library` to its directory: the first is Debian's, the second Fedora's.
bats_library() {
  local first=${BATS_LIB_PATH:-/usr/lib/bats}
  for library in "${first%%:*}/$1" "/usr/lib/bats/$1" "/usr/share/bats/$1"; do
    [ ! -d "$library/src" ] || return 0
  done
  return 1
}

# kmon_in_use: sets `in_use` to the reason why the tests must not load and unload the modules; fails if there is none. Each test
# calls it, so it starts no program.
kmon_in_use() {
  local module
  in_use=
  for module in "${kmon_modules[@]}"; do
    [ ! -d "/sys/module/$module" ] || in_use="the module $module is loaded already"
  done
  # The service's socket exists as long as it runs.
  [ ! -e /run/kmon/reload ] || in_use="kmon.service is running"
  [ -n "$in_use" ]
}

# put_kmon_aside: stops the service and unloads the modules, and saves which were loaded and their settings.
put_kmon_aside() {
  local module
  ! [ -d "$kmon_aside" ] || bring_kmon_back || return
  kmon_in_use || return 0
  mkdir -m 700 "$kmon_aside" || return
  if [ -d /run/systemd/system ] && systemctl --quiet is-active kmon.service; then
    : >"$kmon_aside/service"
    systemctl stop kmon.service || return
  fi
  for module in "${kmon_modules[@]}"; do
    [ -d "/sys/module/$module" ] || continue
    settings_of "$module" >"$kmon_aside/making" && mv "$kmon_aside/making" "$kmon_aside/$module" && rmmod "$module" || return
  done
}

# settings_of MODULE: one line per parameter, `load|live NAME=VALUE`: `load` if it can be set only at load.
settings_of() {
  local file when
  for file in "/sys/module/$1/parameters"/*; do
    [ -e "$file" ] || continue
    case $(stat -c %a "$file") in
      444) when=load ;;
      *) when=live ;;
    esac
    printf '%s %s=%s\n' "$when" "${file##*/}" "$(cat "$file")"
  done
}

# bring_kmon_back: restores what put_kmon_aside stopped; tries all of it.
bring_kmon_back() {
  local module failed=0
  [ -d "$kmon_aside" ] || return 0
  [ ! -e /run/kmon/reload ] || rm -r "$kmon_aside" || return # the user has started it meanwhile: leave it
  for module in "${kmon_modules[@]}"; do
    [ ! -e "$kmon_aside/$module" ] || load_as_it_was "$module" || {
      echo "cannot load $module again as it was" >&2
      failed=1
    }
  done
  [ ! -e "$kmon_aside/service" ] || systemctl start kmon.service || failed=1
  [ "$failed" = 1 ] || rm -rf "$kmon_aside"
  return "$failed"
}

# A setting that is refused now, for example because the interface is gone, is reported and skipped.
load_as_it_was() {
  local when setting file at_load=()
  while read -r when setting; do
    [ "$when" != load ] || at_load+=("$setting")
  done <"$kmon_aside/$1"
  [ -d "/sys/module/$1" ] || modprobe "$1" "${at_load[@]}" || return
  while IFS=' ' read -r when setting; do
    file=/sys/module/$1/parameters/${setting%%=*}
    [ "$when" = load ] || [ "$(cat "$file")" = "${setting#*=}" ] || printf '%s\n' "${setting#*=}" >"$file" ||
      echo "$1: ${setting%%=*} was ${setting#*=}" >&2
  done <"$kmon_aside/$1"
}
