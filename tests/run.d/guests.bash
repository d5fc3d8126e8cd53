# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Part of tests/run: guests, how many at once, what each runs and for how long it may.
# shellcheck disable=SC2154,SC2164 # tests/run has set -e, and sets here, kernels, light, module and results

# start COMMAND...: beside what runs already, as soon as there is a processor for it.
start() {
  while [ "$(jobs -rp | wc -l)" -ge "$guests_at_once" ]; do wait -n || true; done
  # In a process group of its own, so that all of it can be ended.
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

# two_guests TARGET FILE...: each has about as much to do.
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
  [ "$target" != sanitizer ] || command=(env KMON_QUICK=1 "${command[@]}") # all of the tests, with counts for a slow kernel
  boots "$target" "$target" --timeout "$(patience "$target")" -- "${command[@]}" "${files[@]}"
}

# boots LABEL ARGUMENT...: `vm/boot ARGUMENT...`, whose output is TAP.
boots() { taps "$1" "$here/vm/boot" "${@:2}"; }

# taps LABEL COMMAND...: COMMAND prints TAP; its status is as that of vm/boot.
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

# The heavy tests ask about load, not about a kernel's ways: two kernels answer for all but a full run.
with_heavy() {
  [ "$KMON_QUICK$light" = 0 ] || return 1
  [ "$KMON_FULL" = 0 ] || return 0
  case $1 in
    bookworm | forky | sanitizer) ;;
    *) return 1 ;;
  esac
}

# Faults can be injected on the sanitizer kernel only. A guest of a foreign architecture gets the smoke test.
files_for() {
  cd "$here/bats"
  case $1-$KMON_QUICK in
    arm64-*) echo smoke.bats ;;
    sanitizer-1) printf '%s\n' smoke.bats faults.bats ;;
    sanitizer-*) module_files ;;
    *) module_files | grep -vx faults.bats ;;
  esac
}

# What needs no program of kmon: the others are the service suite's.
module_files() { printf '%s\n' *.bats | grep -vxE '(service.*|soak|history|cli|netmon|readme|selftest|originals|observability)\.bats'; }

# files_about MODULE: the bats files that test it, by their names.
files_about() {
  cd "$here/bats"
  case $1 in
    l2packet_counter) echo l2*.bats ;;
    localhost_monitor) echo localhost*.bats ;;
    netmon_proc) echo netmon_*.bats ;;
    *) echo "$1"*.bats ;;
  esac | xargs -n 1
}

# Seconds that a guest may take, several times what it takes when the machine is quiet.
patience() {
  local seconds=3600
  [ "$KMON_QUICK" = 0 ] || seconds=1800
  [ "$KMON_FULL" = 0 ] || seconds=7200
  [ "$1" != sanitizer ] || seconds=$((seconds * 4))
  echo "$seconds"
}
