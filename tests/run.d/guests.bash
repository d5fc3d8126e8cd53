# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Part of tests/run: guests, how many run at once, what each runs and for how long.
# shellcheck disable=SC2154,SC2164 # tests/run has set -e, and sets here, kernels, light, module and results

# start COMMAND...: runs it in the background, as soon as a CPU is free.
start() {
  while [ "$(jobs -rp | wc -l)" -ge "$guests_at_once" ]; do wait -n || true; done
  # In its own process group, so that all of it can be killed.
  set -m
  "$@" </dev/null &
  set +m
  guests+=("$!")
}

stop_guests() {
  local group
  for group in "${guests[@]}"; do kill -- "-$group" 2>/dev/null || true; done
  rm -f "$results"
}

# two_guests TARGET FILE...: splits the files into two guests with about the same amount of work.
two_guests() {
  local target=$1 half='^(l2|load|stress|traffic)' one other
  shift
  mapfile -t one < <(printf '%s\n' "$@" | grep -vE "$half")
  mapfile -t other < <(printf '%s\n' "$@" | grep -E "$half")
  start guest "$target" "${one[@]}"
  [ "${#other[@]}" = 0 ] || start guest "$target" "${other[@]}"
}

# guest TARGET FILE...: boots it and runs these bats files there.
guest() {
  local target=$1 command=(tests/lib/in-guest) files=("${@:2}")
  with_heavy "$target" || command+=(--filter-tags '!heavy')
  [ "$target" != sanitizer ] || command=(env KMON_QUICK=1 "${command[@]}") # all tests, with smaller counts, because that kernel is slow
  boots "$target" "$target" --timeout "$(patience "$target")" -- "${command[@]}" "${files[@]}"
}

# boots LABEL ARGUMENT...: runs `vm/boot ARGUMENT...`, whose output is TAP.
boots() { taps "$1" "$here/vm/boot" "${@:2}"; }

# taps LABEL COMMAND...: runs COMMAND, which prints TAP and whose status means the same as that of vm/boot.
taps() {
  local label=$1 status=0
  shift
  timed "$label" tapped "$@" || status=$?
  case $status in
    0) ;;
    124) record failed "$label: the kernel log holds a forbidden line" ;;
    125) record failed "$label: the guest died or hung" ;;
    *) record failed "$label: building or booting failed (status $status)" ;;
  esac
}

tapped() { "$@" </dev/null | tally "$label"; }

# The heavy tests are about load and do not depend on the kernel: except in a full run, two kernels are enough.
with_heavy() {
  [ "$KMON_QUICK$light" = 0 ] || return 1
  [ "$KMON_FULL" = 0 ] || return 0
  case $1 in
    bookworm | forky | sanitizer) ;;
    *) return 1 ;;
  esac
}

# Faults can be injected only on the sanitizer kernel. A guest of another architecture gets only the smoke test.
files_for() {
  cd "$here/bats"
  case $1-$KMON_QUICK in
    arm64-*) echo smoke.bats ;;
    sanitizer-1) printf '%s\n' smoke.bats faults.bats ;;
    sanitizer-*) module_files ;;
    *) module_files | grep -vx faults.bats ;;
  esac
}

# The bats files that need no program of kmon. The others belong to other suites.
module_files() { printf '%s\n' *.bats | grep -vxE '(service.*|soak|history|cli|netmon|readme|selftest|originals|observability)\.bats'; }

# files_about MODULE: the bats files that test it, found by name.
files_about() {
  cd "$here/bats"
  case $1 in
    l2packet_counter) echo l2*.bats ;;
    localhost_monitor) echo localhost*.bats ;;
    netmon_proc) echo netmon_*.bats ;;
    *) echo "$1"*.bats ;;
  esac | xargs -n 1
}

# The time limit of a guest in seconds: several times what it takes on a quiet machine.
patience() {
  local seconds=3600
  [ "$KMON_QUICK" = 0 ] || seconds=1800
  [ "$KMON_FULL" = 0 ] || seconds=7200
  [ "$1" != sanitizer ] || seconds=$((seconds * 4))
  echo "$seconds"
}
