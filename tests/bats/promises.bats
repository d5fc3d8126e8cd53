#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# What all five modules promise alike: their modinfo, permissions of their files, the values they refuse, and the form of
# their JSON.
# shellcheck disable=SC2030,SC2031,SC2154 # each test is a subshell; what is not assigned here is so in lib

load ../lib/common
load ../lib/all-five

# Numeric parameters, with two valid values and the values just outside their range.
numbers=(
  "localhost_monitor log_packets 1 0 2"
  "l2packet_counter reset_interval 86400 7 86401"
  "l2packet_counter max_macs 1048576 5 0 1048577"
  "kstat start 1 0 2"
  "kstat counter 2147483647 3 0 2147483648"
  "process_monitor log 0 1 2"
  "process_monitor log_rate 1000000 5 1000001"
)

# ---- files and parameters

@test "modinfo shows the module's description, version, licence and each parameter" {
  local module name version
  version=$(sed -n 's/^PACKAGE_VERSION="\(.*\)"$/\1/p' "${BATS_TEST_DIRNAME%/tests/bats}/dkms.conf")
  assert [ -n "$version" ]
  make_link_to_watch
  load_all
  for module in "${kmon_modules[@]}"; do
    assert_regex "$(modinfo -F description "$module")" '^[A-Z].{15,}'
    assert_equal "$(modinfo -F version "$module")" "$version"
    assert_equal "$(cat "/sys/module/$module/version")" "$version"
    assert_equal "$(modinfo -F license "$module")" GPL
    assert_equal "$(modinfo -F depends "$module")" ""
    for name in "/sys/module/$module/parameters"/*; do
      # name:description (type); the description has more than one word
      assert_regex "$(modinfo -F parm "$module" | grep "^${name##*/}:")" "^${name##*/}:.* .*\((uint|charp|string)\)\$"
    done
  done
}

@test "the parameters are those of the contract and no others, with its modes, owned by root" {
  local module
  make_link_to_watch
  load_all
  for module in "${kmon_modules[@]}"; do
    assert_equal "$(cd "/sys/module/$module/parameters" && stat -c '%a:%n %U:%G' -- *)" \
      "$(tr ' ' '\n' <<<"${parameters[$module]}" | sed 's/$/ root:root/')"
  done
}

@test "the files in /proc are those of the contract, with its modes, owned by root" {
  local file mode
  make_link_to_watch
  printf '%s\n' /proc/[a-z]* >"$BATS_TEST_TMPDIR/before"
  load_all
  for file in $(all_paths); do
    case $file in
      *.json | /proc/netmon) mode=444 ;;
      *) mode=644 ;; # takes `reset` or a number
    esac
    assert_equal "$(stat -c '%F %a %n %U:%G' "$file" | sed 's/regular empty/regular/')" "regular file $mode $file root:root"
  done
  assert_equal "$(echo /proc/kstat/*)" "/proc/kstat/counter /proc/kstat/nout /proc/kstat/stats.json"
  assert_equal "$(printf '%s\n' /proc/[a-z]* | grep -vFx -f "$BATS_TEST_TMPDIR/before" | sort)" \
    "$({ all_paths | grep -v kstat && echo /proc/kstat; } | sort)"
}

# ---- permissions

as_nobody() { setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }

@test "everybody may read every file and parameter" {
  make_link_to_watch
  load_all
  # shellcheck disable=SC2046 # no path has a space
  as_nobody cat $(all_paths) $(all_parameters | cut -d ' ' -f 2) >"$BATS_TEST_TMPDIR/all"
  assert [ "$(wc -l <"$BATS_TEST_TMPDIR/all")" -gt 50 ]
}

@test "nobody but root may write to a file or a parameter" {
  local file
  make_link_to_watch
  load_all
  for file in $(all_paths) $(all_parameters | cut -d ' ' -f 2); do
    assert_equal "$file $(badwrite "$file" text reset --as 65534)" "$file "'{"written":0,"errno":"EACCES","at":"open"}'
  done
}

@test "root of a user namespace may not write either" {
  local file
  make_link_to_watch
  load_all
  as_nobody unshare -Ur true || skip "expected: this machine gives unprivileged users no namespaces"
  for file in "${resettable[@]}" /proc/kstat/counter /sys/module/kstat/parameters/start; do
    # shellcheck disable=SC2016 # the inner shell expands
    run as_nobody unshare -Ur sh -c 'id -u; echo 1 >"$1" && echo written' sh "$file"
    assert_line --index 0 0
    assert_line --index 1 --partial "Permission denied"
    refute_line written
  done
}

@test "read-only files and parameters refuse root, too" {
  local entry file before
  make_link_to_watch
  load_all
  while read -r file; do
    [[ $file != *process_monitor.json ]] || continue # every process changes it
    before=$(<"$file")
    assert_regex "$file $(badwrite "$file" text reset)" '"written":0,"errno":"(EACCES|EIO)"'
    assert_regex "$file $(badwrite "$file" text 1)" '"written":0,"errno":"(EACCES|EIO)"'
    assert_equal "$(<"$file")" "$before"
  done < <(all_parameters | sed -n 's/^444 //p' && all_paths | grep -E 'json$|netmon$')
}

# ---- values

# No numeric parameter accepts any of these.
not_numbers=($'\n' -1 +1 -0 ' 1' '1 ' 1x x1 x 0x1 1.0 1e1 '1,1' $'1\n1' $'1\n\n' $'\t1' one true yes
  4294967296 4294967297 18446744073709551617 99999999999999999999999999 $'\x1b[2J' '%s%n' '٣')

# writes_once FILE KIND [TEXT]: makes one write with badwrite, and sets errno to its error, or 0 if it was accepted.
writes_once() {
  local said
  said=$(badwrite "$@")
  [[ $said =~ '"errno":'\"?([0-9A-Z]+)\"?',"at"' ]]
  errno=${BASH_REMATCH[1]}
}

# refuses FILE ERRNO KIND [TEXT]: the file refuses with ERRNO and keeps its value.
refuses() {
  local had has what errno
  read -r had <"$1"
  writes_once "$1" "${@:3}"
  read -r has <"$1"
  printf -v what '%s, %s %q:' "$1" "$3" "${4:-}"
  assert_equal "$what $errno, has $has" "$what $2, has $had"
}

@test "every numeric parameter refuses invalid and out-of-range values, keeps its value, and accepts the next valid one" {
  local entry module parameter good other outside value kind file
  make_link_to_watch
  load_all
  for entry in "${numbers[@]}"; do
    read -r module parameter good other outside <<<"$entry"
    file=/sys/module/$module/parameters/$parameter
    for value in "$other" "$good"; do
      set_param "$module" "$parameter" "$value"
      assert_equal "$(<"$file")" "$value"
    done
    for value in "${not_numbers[@]}" $outside; do refuses "$file" EINVAL text "$value"; done
    for kind in huge mib nul; do refuses "$file" EINVAL "$kind"; done
    refuses "$file" 0 empty # sysfs swallows it
    printf %s "$other" >"$file" # also without a newline
    assert_equal "$(<"$file")" "$other"
  done
  unload_all
}

@test "/proc/kstat/counter refuses invalid and out-of-range values and keeps its value" {
  local value kind
  load_module kstat
  echo 2147483647 >/proc/kstat/counter
  for value in "${not_numbers[@]}" 0 2147483648; do refuses /proc/kstat/counter EINVAL text "$value"; done
  for kind in huge mib nul empty; do refuses /proc/kstat/counter EINVAL "$kind"; done
  refuses /proc/kstat/counter EINVAL nul 5
  assert_equal "$(</proc/kstat/counter)" 2147483647
  printf 3 >/proc/kstat/counter
  assert_equal "$(</proc/kstat/counter)" 3
}

@test "l2packet_counter's interface refuses what it cannot watch and keeps its value" {
  local file=/sys/module/l2packet_counter/parameters/interface value names
  make_link_to_watch
  load_module l2packet_counter interface=kmon0
  names=$(printf 'kmon%s,' {2..66}) # 65, one more than allowed
  for value in lo 'kmon0,lo' 'kmon0,kmon0' 'kmon0,' ',kmon0' 'kmon0,,kmon1' ',' ' ,' . .. a/b 'kmon0 kmon1' kmon0:1 \
    longerthansixteen $'kmon0\nkmon1' "${names%,}"; do
    refuses "$file" EINVAL text "$value"
  done
  for value in nosuch0 kmon0,nosuch0 nosuch0,kmon0 -1 '%s%n' $'\x1b[2J'; do
    refuses "$file" ENODEV text "$value"
  done
  for value in huge mib; do refuses "$file" EINVAL "$value"; done
  refuses "$file" 0 empty # sysfs swallows it
  # It goes on working, and accepts valid lists: with a newline, without, with spaces around.
  frames kmon1 --count 10
  assert_equal "$(json /proc/l2packet_counter.json '.[1].packets')" 10
  for value in kmon1 $'kmon0,kmon1\n' ' kmon1 , kmon0 ' $'\n'; do
    printf %s "$value" >"$file"
    assert_equal "$(<"$file")" "$(tr -d ' \n' <<<"$value")"
  done
}

@test "netmon_proc's iface refuses what cannot be a name and keeps its value" {
  local file=/sys/module/netmon_proc/parameters/iface value
  load_module netmon_proc iface=lo
  for value in a/b . .. 'a b' a:b sixteencharacter longerthansixteen $'lo\nlo' $'lo\n\n' ' ' $'\t'; do
    refuses "$file" EINVAL text "$value"
  done
  for value in huge mib; do refuses "$file" EINVAL "$value"; done
  refuses "$file" 0 empty # sysfs swallows it
  assert_equal "$(json /proc/netmon '.[0].interface')" lo
  for value in -1 fifteencharacte '%s%n' ''; do
    echo "$value" >"$file"
    assert_equal "$(<"$file")" "$value"
  done
}

@test "a refused value is reported in one line of the log, escaped" {
  local module parameter
  make_link_to_watch
  load_all
  while read -r module parameter; do
    refuses "/sys/module/$module/parameters/$parameter" EINVAL text $'a\nb\x1b'
    run kernel_log
    assert_equal "$(grep -cF "$parameter=a\\x0ab\\x1b refused: " <<<"$output")" 1
  done <<'END'
localhost_monitor log_packets
l2packet_counter reset_interval
kstat counter
kstat start
process_monitor log_rate
END
  refuses /sys/module/netmon_proc/parameters/iface EINVAL text $'a/b\x1b'
  refuses /sys/module/l2packet_counter/parameters/interface ENODEV text $'kmon0,\x1b'
  run kernel_log
  assert_equal "$(grep -cF 'iface=a/b\x1b refused: ' <<<"$output")" 1
  assert_equal "$(grep -cF 'interface \x1b does not exist' <<<"$output")" 1
}

@test "what is set at load is set" {
  local module setting settings
  make_link_to_watch
  while read -r module settings; do
    # shellcheck disable=SC2086 # one word a setting
    load_module "$module" $settings
    for setting in $settings; do
      assert_equal "$setting" "${setting%%=*}=$(get_param "$module" "${setting%%=*}")"
    done
    unload_module "$module"
  done <<'END'
localhost_monitor all_netns=1 log_packets=1
localhost_monitor all_netns=0 log_packets=0
l2packet_counter interface=kmon1 hook=rx_handler reset_interval=86400 max_macs=1048576 direction=both
l2packet_counter interface=kmon1,kmon0 hook=packet_type reset_interval=0 max_macs=1 direction=rx
kstat all_netns=1 start=1 counter=2147483647
kstat all_netns=0 start=0 counter=1
netmon_proc iface=nosuch0
netmon_proc iface=
process_monitor log=0 log_rate=1000000 probe=do_exit
process_monitor log=1 log_rate=0 probe=taskstats_exit
END
}

@test "insmod with a bad value fails, says why, and leaves nothing behind" {
  local module setting word words=()
  make_link_to_watch
  while read -r module setting word; do
    run insmod_with_needs "$module" "$setting"
    assert_failure
    assert_output --partial "could not insert module"
    nothing_of "$module"
    words+=("$word")
  done <<'END'
localhost_monitor all_netns=2 all_netns=2 refused
localhost_monitor log_packets=x log_packets=x refused
l2packet_counter interface=nosuch0 interface nosuch0 does not exist
l2packet_counter interface=kmon0,nosuch1 interface nosuch1 does not exist
l2packet_counter interface=lo interface lo is not an Ethernet interface
l2packet_counter interface=a/b interface list refused at "a/b"
l2packet_counter reset_interval=-1 reset_interval=-1 refused
l2packet_counter reset_interval=86401 reset_interval=86401 refused
l2packet_counter max_macs=0 max_macs=0 refused
l2packet_counter hook=none hook=none refused
l2packet_counter direction=tx direction=tx refused
kstat start=2 start=2 refused
kstat counter=0 counter=0 refused
kstat counter=2147483648 counter=2147483648 refused
kstat all_netns=yes all_netns=yes refused
netmon_proc iface=a/b iface=a/b refused
netmon_proc iface=longerthansixteen iface=longerthansixteen refused
process_monitor log=2 log=2 refused
process_monitor log_rate=-1 log_rate=-1 refused
process_monitor probe=nonsense probe=nonsense refused
process_monitor probe=longerthansixteencharacters probe=longerthansixteencharacters refused
END
  run kernel_log
  for word in "${words[@]}"; do assert_output --partial "$word"; done
  # Nothing is left behind: the interface goes away at once, and each module loads with correct parameters.
  load_all
  unload_all
  ip link del kmon0
}

# ---- views

@test "reset is the only word that a text view accepts" {
  local file word kind errno
  make_link_to_watch
  load_all
  set_param kstat start 1
  set_param kstat counter 1
  ping -q -c 3 -i 0.2 127.0.0.1
  ipsend --proto tcp --to 127.0.0.1 --size 100 --count 5
  frames kmon1 --count 7
  storm --processes 5 --mode signal
  refuses_word() {
    writes_once "$file" "$@"
    assert_equal "$file $* $errno" "$file $* EINVAL"
  }
  for file in "${resettable[@]}"; do
    for word in '' Reset RESET rese resett ' reset' 'reset ' $'reset\n\n' $'\nreset' $'reset\r\n' reset=1 0 1; do
      refuses_word text "$word"
    done
    for kind in empty huge mib nul; do refuses_word "$kind"; done
    refuses_word nul reset
  done
  counted() { grep -hE '^(ICMP packets|TCP packets|Total packets|Killed by signal|[0-9]+$)' "${resettable[@]}" | tr '\n' ' '; }
  assert_equal "$(counted)" "TCP packets: 5 ICMP packets: 6 Total packets: 7 5 Killed by signal: 5 "
  for word in reset $'reset\n'; do
    for file in "${resettable[@]}"; do
      assert_equal "$(badwrite "$file" text "$word")" "{\"written\":${#word},\"errno\":0,\"at\":\"write\"}"
    done
    assert_equal "$(counted)" "TCP packets: 0 ICMP packets: 0 Total packets: 0 0 Killed by signal: 0 "
  done
}

views=(/proc/localhost_stats.json /proc/l2packet_counter.json /proc/kstat/stats.json /proc/process_monitor.json)

@test "the first line of each JSON view names the module, its version and the schema" {
  local module view i=0
  make_link_to_watch
  load_all
  for module in localhost_monitor l2packet_counter kstat process_monitor; do
    view=${views[i++]}
    assert_equal "$(head -n 1 "$view" | jq -c '[.module, .version, .schema]')" \
      "[\"$module\",\"$(modinfo -F version "$module")\",1]"
    assert_regex "$(head -n 1 "$view")" '^\{"module":"'"$module"'","version":"[^"]+","schema":1,"loaded":[0-9]+,'
    assert_equal "$(grep -c '"schema"' "$view")" 1
  done
}

@test "the JSON views say when the module was loaded, also after a reload" {
  local module view i=0 before after
  make_link_to_watch
  for module in localhost_monitor l2packet_counter kstat process_monitor; do
    view=${views[i++]}
    for _ in first second; do
      before=$(date +%s)
      insmod_with_needs "$module"
      after=$(date +%s)
      sleep 1.1
      [ "$(loaded_at "$view")" -ge "$before" ] && [ "$(loaded_at "$view")" -le "$after" ]
      rmmod "$module"
    done
  done
}

# schema_of VIEW: the name of the schema, which is the module's.
schema_of() {
  case $1 in
    /proc/localhost_stats.json) echo localhost_monitor ;;
    /proc/kstat/stats.json) echo kstat ;;
    /proc/netmon) echo netmon_proc ;;
    *) basename "$1" .json ;;
  esac
}

@test "every line of every JSON view is one flat JSON object, as its schema describes it" {
  local view lines
  make_link_to_watch
  load_all
  make_events
  for view in "${views[@]}" /proc/netmon; do
    cat "$view" >"$BATS_TEST_TMPDIR/view"
    lines=$(wc -l <"$BATS_TEST_TMPDIR/view")
    assert_equal "$view $(jq -R 'fromjson | type == "object" and all(.[]; type != "object" and type != "array")' "$BATS_TEST_TMPDIR/view" | sort | uniq -c | tr -s ' ')" \
      "$view  $lines true"
    # No duplicate keys (jq would take the last), no spaces, and a newline at the end.
    run grep -E '("[a-z_0-9]+":).*\1|": |, "' "$BATS_TEST_TMPDIR/view"
    assert_failure
    assert_equal "$(tail -c 2 "$BATS_TEST_TMPDIR/view")" "}"
    assert_documented "$(schema_of "$view")" "$BATS_TEST_TMPDIR/view"
  done
}

@test "no reset lowers a counter of a JSON view" {
  local file
  make_link_to_watch
  load_all
  make_events
  totals() { jq -s -c 'map(to_entries[] | select(.key | test("packets|bytes|segments|exits|_ns|signal|published"))) | map(.value)' "$1"; }
  for file in "${views[@]}"; do totals "$file"; done >"$BATS_TEST_TMPDIR/before"
  for file in "${resettable[@]}"; do echo reset >"$file"; done
  for file in "${views[@]}"; do totals "$file"; done >"$BATS_TEST_TMPDIR/after"
  assert_equal "$(jq -n '[inputs | length] | add' "$BATS_TEST_TMPDIR/before")" "$(jq -n '[inputs | length] | add' "$BATS_TEST_TMPDIR/after")"
  assert_equal "$(jq -n 'reduce inputs as $view (0; . + ($view | add))' "$BATS_TEST_TMPDIR/before" | awk '{ print ($1 > 10000) }')" 1
  run jq -n -c --slurpfile before "$BATS_TEST_TMPDIR/before" --slurpfile after "$BATS_TEST_TMPDIR/after" \
    '[range($before | length) as $v | range($before[$v] | length) as $c | select($after[$v][$c] < $before[$v][$c]) | [$v, $c]]'
  assert_output "[]"
}

@test "a file read byte by byte, or from the middle, has the same contents" {
  local file
  make_link_to_watch
  load_all
  make_events
  set_param kstat start 0
  for file in $(all_paths); do
    [[ $file != *process_monitor* ]] || continue # every process changes it
    cat "$file" >"$BATS_TEST_TMPDIR/whole"
    dd if="$file" bs=1 status=none | cmp - "$BATS_TEST_TMPDIR/whole"
    dd if="$file" bs=1 skip=2 status=none | cmp - <(tail -c +3 "$BATS_TEST_TMPDIR/whole")
    dd if="$file" bs=100000 status=none | cmp - "$BATS_TEST_TMPDIR/whole"
  done
}
