#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# Loading: the ten cases of the original's test_module.sh, for all five modules. On a live machine, others send traffic and
# end processes meanwhile: lib/live.bash says which counts are exact there.
# shellcheck disable=SC2030,SC2031,SC2154 # each test is a subshell; what is not assigned here is so in common.bash

load ../lib/common
load ../lib/live

# ---- the files

# bytes_of FILE FIRST N: these bytes in hexadecimal, after decompression if necessary.
bytes_of() {
  case $1 in
    *.xz) xz -dc "$1" ;;
    *.zst) zstd -dcq "$1" ;;
    *.gz) gzip -dc "$1" ;;
    *) cat "$1" ;;
  esac 2>/dev/null | od -An -v -tx1 -j "$2" -N "$3" | tr -d ' \n'
}

@test "load: each module's file is a relocatable ELF object of this machine's kind" {
  local module any own
  # The kernel's own modules have the right format: any of them will do.
  any=$(any_module)
  [ -n "$any" ] || skip "expected: this kernel came with no module to compare with"
  own=$(bytes_of "$any" 0 20)
  assert_regex "$own" '^7f454c46.{24}0100....$'
  for module in "${kmon_modules[@]}"; do
    assert_equal "$module $(bytes_of "$(ko "$module")" 0 20)" "$module $own"
  done
}
any_module() { find "/lib/modules/$(uname -r)" -path '*/kernel/*' -name '*.ko*' -print -quit; }

@test "load: modinfo shows description, licence GPL, one version, the running kernel, and each parameter" {
  local module file version
  version=$(modinfo -F version "$(ko l2packet_counter)")
  assert_regex "$version" '^[0-9]+\.[0-9]+'
  for module in "${kmon_modules[@]}"; do
    file=$(ko "$module")
    assert_equal "$module $(modinfo -F license "$file")" "$module GPL"
    assert_equal "$module $(modinfo -F version "$file")" "$module $version"
    assert_regex "$(modinfo -F description "$file")" '^[A-Z].{15,}'
    assert_equal "$(modinfo -F vermagic "$file" | cut -d ' ' -f 1)" "$(uname -r)"
    assert_equal "$(modinfo -F depends "$file")" ""
    assert_equal "$(modinfo -p "$file" | grep -cvE '^[a-z_]+:[^(]{20,}')" 0
  done
  if command -v kmonctl >/dev/null; then assert_equal "$(kmonctl --version)" "kmonctl $version"; fi
}

# ---- loading

@test "load: each module loads alone, is live, uses no other module, and logs no problem" {
  local module
  for module in "${kmon_modules[@]}"; do
    load_quiet "$module"
    assert_equal "$module $(<"/sys/module/$module/initstate")" "$module live"
    assert_equal "$module $(<"/sys/module/$module/refcnt")" "$module 0"
    assert_equal "$module $(<"/sys/module/$module/version")" "$module $(modinfo -F version "$(ko "$module")")"
    assert_equal "$(grep -c "^$module " /proc/modules)" 1
    run load_quiet "$module"
    assert_failure
    assert_output --partial "File exists"
    unload_module "$module"
  done
}

as_nobody() { setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }

@test "load: the files in /proc are there, everybody may read them, only root may write to those that take reset" {
  local module file
  load_quiet "${kmon_modules[@]}"
  for module in "${kmon_modules[@]}"; do
    for file in ${view_files[$module]}; do
      [ -n "$(as_nobody cat "$file")" ]
      assert_equal "$file $(badwrite "$file" text reset --as 65534)" "$file "'{"written":0,"errno":"EACCES","at":"open"}'
      case $file in
        *.json | /proc/netmon) assert_equal "$(stat -c '%a %U' "$file") $file" "444 root $file" ;;
        *) assert_equal "$(stat -c '%a %U' "$file") $file" "644 root $file" ;;
      esac
    done
  done
}

@test "load: before anything has happened, each file says so in its own format" {
  load_quiet "${kmon_modules[@]}"
  assert_equal "$(l2_text)" "Interface: kmon0
Total packets: 0
MAC Address Statistics:
MAC Address        Packet Count
------------------ ------------"
  # Others may have sent already. The format is the same.
  assert_equal "$(sed -E 's/[0-9]+$/N/' /proc/localhost_stats)" "==== Localhost Monitor Stats ====
IPv4 packets: N
IPv6 packets: N
TCP packets: N
UDP packets: N
ICMP packets: N
ICMPv6 packets: N
Packet size histogram (bytes):
0-127: N
128-255: N
256-511: N
512-1023: N
1024-65535: N"
  assert_equal "$(</proc/kstat/nout) $(</proc/kstat/counter)" "0 10"
  assert_equal "$(</proc/netmon)" '{"interface":"kmon0","rx_bytes":0,"tx_bytes":0,"rx_packets":0,"tx_packets":0,"rx_errors":0,"tx_errors":0,"rx_dropped":0,"tx_dropped":0}'
  [ "$(wc -l </proc/process_monitor)" -ge 8 ]
  assert_equal "$(sed -E 's/: [0-9.]+( .*)?$//' /proc/process_monitor | grep -c :)" 0
  # Each JSON view consists of objects of its own module.
  for file in localhost_stats l2packet_counter kstat/stats process_monitor; do
    assert_equal "$(jq -rs '[(map(type) | unique[]), .[0].schema] | join(" ")' "/proc/$file.json")" "object 1"
  done
}

# ---- reset, and words that are not reset

@test "load: reset zeroes the text files and lowers nothing in JSON" {
  load_quiet "${kmon_modules[@]}"
  set_param kstat counter 1
  set_param kstat start 1
  send --count 60 --macs 3
  ipsend --proto tcp --to 127.0.0.1 --size 1500 --count 400
  storm --processes 300 --mode signal --parallel 16
  set_param kstat start 0
  before=$(cumulative)
  assert_equal "$(l2_total)" 60
  [ "$(</proc/kstat/nout)" -ge 400 ]
  for file in /proc/localhost_stats /proc/l2packet_counter /proc/kstat/nout /proc/process_monitor; do
    echo reset >"$file"
  done
  assert_equal "$(l2_text)" "Interface: kmon0
Total packets: 0
MAC Address Statistics:
MAC Address        Packet Count
------------------ ------------"
  assert_equal "$(</proc/kstat/nout)" 0
  # Others may have added a little since. The earlier count is gone.
  [ "$(text_number /proc/localhost_stats "TCP packets")" -lt 400 ]
  [ "$(text_number /proc/localhost_stats 1024-65535)" -lt 400 ]
  [ "$(text_number /proc/process_monitor "Killed by signal")" -lt 300 ]
  none_lower "$before" "$(cumulative)"
}

@test "load: anything that is not the word reset is refused as invalid and changes nothing" {
  local file word kind
  load_quiet "${kmon_modules[@]}"
  send --count 60 --macs 3
  before=$(cumulative)
  for file in /proc/localhost_stats /proc/l2packet_counter /proc/kstat/nout /proc/process_monitor; do
    for word in invalid_command RESET 'reset ' resetreset '' 0; do
      assert_equal "$file '$word' $(badwrite "$file" text "$word")" "$file '$word' "'{"written":0,"errno":"EINVAL","at":"write"}'
    done
    for kind in huge mib nul; do assert_refused "$file" $kind; done
  done
  run bash -c 'echo reset >/proc/netmon'
  assert_failure
  assert_equal "$(l2_total)" 60
  none_lower "$before" "$(cumulative)"
}

# ---- unloading

@test "load: unloading removes the files and logs the totals" {
  local module file
  load_quiet "${kmon_modules[@]}"
  set_param kstat start 1
  send --count 21 --macs 3
  ipsend --proto tcp --to 127.0.0.1 --size 100 --count 12
  set_param kstat start 0
  packets=$(kstat_number packets)
  for module in "${kmon_modules[@]}"; do
    unload_module "$module"
    [ ! -e "/sys/module/$module" ]
    for file in ${view_files[$module]}; do [ ! -e "$file" ]; done
  done
  [ ! -e /proc/kstat ]
  run kernel_log
  assert_line "l2packet_counter: Interface: kmon0, Total packets: 21, MAC addresses: 3"
  assert_line --regexp '^\[localhost_monitor\] Final stats: IPv4=[0-9]+, IPv6=[0-9]+, TCP=[0-9]+, UDP=[0-9]+, ICMP=[0-9]+, ICMPv6=[0-9]+$'
  assert_line "kstat: unloaded, $packets outgoing TCP packets counted"
  assert_line --regexp '^PROCESS_MONITOR: Total process exits monitored: [0-9]+$'
}

# ---- what cannot be watched

@test "load: loopback is refused as interface, at load and later, and the one that is watched stays" {
  run insmod "$(ko l2packet_counter)" interface=lo
  assert_failure
  assert_output --partial "Invalid parameters"
  [ ! -e /sys/module/l2packet_counter ]
  [ ! -e /proc/l2packet_counter ]
  load_quiet l2packet_counter
  assert_refused /sys/module/l2packet_counter/parameters/interface text lo
  assert_refused /sys/module/l2packet_counter/parameters/interface text kmon0,lo
  assert_equal "$(get_param l2packet_counter interface)" "$watched"
  send --count 5
  assert_equal "$(l2_total)" 5
  run kernel_log
  assert_output --partial "interface lo is not an Ethernet interface"
}

@test "load: a bad parameter keeps each of the other modules from loading, and leaves nothing" {
  local module parameter
  while read -r module parameter; do
    run insmod "$(ko "$module")" "$parameter"
    assert_failure
    assert_output --partial "Invalid parameters"
    [ ! -e "/sys/module/$module" ]
    for file in ${view_files[$module]}; do [ ! -e "$file" ]; done
    run kernel_log
    assert_output --partial "${parameter} refused"
  done <<'END'
localhost_monitor log_packets=2
kstat counter=0
netmon_proc iface=a/b
process_monitor log_rate=-1
END
}

# ---- again and again

@test "load: each module repeatedly loads, counts the same, and unloads" {
  local module i times
  times=$(scaled 20 5 3)
  for ((i = 1; i <= times; i++)); do
    load_quiet "${kmon_modules[@]}"
    set_param kstat start 1
    send --count "$i" --macs 1
    ipsend --proto tcp --to 127.0.0.1 --size 100 --count 11
    storm --processes 3 --mode signal
    assert_equal "$(l2_total)" "$i"
    [ "$(kstat_number packets)" -ge 11 ]
    [ "$(text_number /proc/localhost_stats "TCP packets")" -ge 11 ]
    [ "$(exits killed_by_signal)" -ge 3 ]
    for module in "${kmon_modules[@]}"; do unload_module "$module"; done
  done
  assert_equal "$(kernel_log | grep -c "^l2packet_counter: Interface: kmon0, Total packets: ")" "$times"
}
