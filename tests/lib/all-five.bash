# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # used by who loads this; assigned in common.bash
# Helpers of lifecycle.bats and promises.bats, which load all five modules, after common.bash.

# The parameters of each module, with their modes.
declare -gA parameters=(
  [localhost_monitor]="444:all_netns 644:log_packets 444:view_gid 444:view_mode"
  [l2packet_counter]="644:direction 444:hook 644:interface 644:max_macs 644:reset_interval 444:view_gid 444:view_mode"
  [kstat]="444:all_netns 644:counter 644:start 444:view_gid 444:view_mode"
  [netmon_proc]="644:iface 444:view_gid 444:view_mode"
  [process_monitor]="644:log 644:log_rate 444:probe 444:view_gid 444:view_mode"
)
# The files that accept `reset`.
resettable=(/proc/localhost_stats /proc/l2packet_counter /proc/kstat/nout /proc/process_monitor)

# These are used often, so call modinfo only once.
setup_file() {
  local module
  for module in "${kmon_modules[@]}"; do export "ko_$module=$(modinfo -n "$module")"; done
}
ko() { local path=ko_$1 && echo "${!path}"; }

# An interface to watch. If it already exists, an earlier test did not clean up.
make_link_to_watch() { make_veth kmon0 kmon1; }

# insmod_with_needs MODULE [PARAMETER=VALUE...]: adds parameters so that the module does not need an interface of this machine
# or fill its log.
insmod_with_needs() {
  case $1 in
    l2packet_counter) load_module "$1" interface=kmon0 reset_interval=0 "${@:2}" ;;
    process_monitor) load_module "$1" log=0 "${@:2}" ;;
    *) load_module "$@" ;;
  esac
}

load_all() {
  local module
  for module in "${kmon_modules[@]}"; do insmod_with_needs "$module"; done
}

unload_all() {
  local module
  for module in "${kmon_modules[@]}"; do unload_module "$module"; done
}

# paths_of MODULE..., all_paths, all_parameters: one path per line; all_parameters puts the mode in front.
paths_of() {
  local module file
  for module; do
    for file in ${view_files[$module]}; do echo "$file"; done
  done
}
all_paths() { paths_of "${kmon_modules[@]}"; }
all_parameters() {
  local module name
  for module in "${kmon_modules[@]}"; do
    for name in ${parameters[$module]}; do echo "${name%%:*} /sys/module/$module/parameters/${name#*:}"; done
  done
}

loaded() {
  local modules
  modules=$'\n'$(</proc/modules)
  [[ $modules = *$'\n'"$1 "* ]]
}

# nothing_of MODULE: is no trace of it left?
nothing_of() {
  local file
  loaded "$1" && fail "$1 is loaded"
  for file in $(paths_of "$1") "/sys/module/$1"; do
    [ ! -e "$file" ] || fail "$file is there, $1 is not loaded"
  done
  [ "$1" != kstat ] || [ ! -e /proc/kstat ] || fail "/proc/kstat is there"
}

all_of() {
  local file
  loaded "$1" || fail "$1 is not loaded"
  for file in $(paths_of "$1"); do
    [ -f "$file" ] || fail "$file is missing, $1 is loaded"
  done
}

# Makes events for every counter.
make_events() {
  set_param kstat start 1
  ping -q -c 3 -i 0.2 127.0.0.1
  ping -q -c 2 -i 0.2 ::1
  tcpflow --loop 127.0.0.1 --bytes 100000
  ipsend --proto udp --to ::1 --size 600 --count 4
  frames kmon1 --count 20 --macs 4
  storm --processes 16 --mode mixed --code 2
}
