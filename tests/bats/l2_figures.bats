#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# l2packet_counter: what is carried over when a table is replaced, reset or dropped, when an interface goes and comes back,
# and when the machine sleeps. Afterwards every figure is what it was before, or what it must have become.
#
# The watched end kf0 is here, the sending end kf0p in its own namespace. Nothing comes in except what a test sends.

load ../lib/common
load ../lib/l2

text=/proc/l2packet_counter
# shellcheck disable=SC2034 # for l2.bash
view=/proc/l2packet_counter.json
peer=kmon-l2-figures

setup_file() {
  ip netns add "$peer"
  in_netns "$peer" sysctl -qw net.ipv6.conf.default.disable_ipv6=1
}

teardown_file() { ip netns del "$peer"; }

pair() {
  make_link kf0 type veth peer name kf0p netns "$peer"
  quiet_link kf0
  ip link set kf0 up
  ip -n "$peer" link set kf0p up
}

send() { in_netns "$peer" frames kf0p "$@" >/dev/null; }

at_least() { [ "$(figure kf0 packets)" -ge "$1" ]; }
assert_packets() {
  wait_until 30 at_least "$1" || true
  assert_equal "$(figure kf0 packets)" "$1"
}

# line MAC: the address's JSON line. shown MAC: its packets in the text view.
line() { grep -F "\"mac\":\"$1\"" "$view"; }
shown() { awk -v mac="$1" '$1 == mac { print $2 }' "$text"; }

# The two addresses that all tests use: one is only seen early, the other goes on.
early=02:00:00:00:ee:01
steady=02:00:00:00:ee:02

# Two addresses send frames of two sizes, some of them before a reset. Then time passes, so that a figure that is set
# again differs.
two_addresses() {
  pair
  load_l2 interface=kf0
  send --src "$early" --count 3 --size 100
  send --src "$steady" --count 5 --size 60
  assert_packets 8
  echo reset >"$text"
  send --src "$early" --count 4 --size 200
  send --src "$steady" --count 2 --size 60
  assert_packets 14
  early_was=$(line "$early")
  steady_was=$(line "$steady")
  assert_equal "$(figure_of "$early_was" packets) $(figure_of "$early_was" bytes)" "7 1100"
  assert_equal "$(figure_of "$steady_was" packets) $(figure_of "$steady_was" bytes)" "7 420"
  sleep 2.1
}

figure_of() { sed -E "s/.*\"$2\":([0-9]+).*/\\1/" <<<"$1"; }

# Both lines are unchanged in both views.
as_they_were() {
  assert_equal "$(line "$early")" "$early_was"
  assert_equal "$(line "$steady")" "$steady_was"
  assert_equal "$(shown "$early") $(shown "$steady")" "4 2"
}

@test "the table grows: packets, bytes, first_seen, last_seen and the text's counts stay" {
  two_addresses
  send --count 3000 --macs 3000
  assert_packets 3014
  assert_equal "$(figure kf0 macs)" 3002
  as_they_were
  # They survive a second replacement, and a new frame then changes exactly what it must.
  send --count 9000 --macs 9000 --random
  assert_packets 12014
  as_they_were
  send --src "$early" --count 1 --size 60
  assert_packets 12015
  assert_equal "$(figure_of "$(line "$early")" first_seen)" "$(figure_of "$early_was" first_seen)"
  [ "$(figure_of "$(line "$early")" last_seen)" -ge $(($(figure_of "$early_was" last_seen) + 2)) ]
  assert_equal "$(figure_of "$(line "$early")" packets) $(figure_of "$(line "$early")" bytes)" "8 1160"
  assert_equal "$(figure kf0 bytes)" $((1100 + 420 + 12000 * 60 + 60))
}

# keep_workers_away SECONDS: restricts the worker that enlarges tables to CPU 0, and keeps that processor busy almost all
# the time.
keep_workers_away() {
  local mask=/sys/devices/virtual/workqueue/cpumask
  on_teardown bash -c "echo $(<$mask) >$mask"
  echo 1 >$mask
  timeout "$1" chrt -f 50 taskset -c 0 sh -c 'while :; do :; done' 3>&- &
}

@test "addresses that came faster than the table grew: packets, bytes and times are theirs" {
  local start end
  in_our_guest || skip "expected: it would keep this machine from its work"
  [ "$(nproc)" -gt 1 ] || skip "expected: the worker and the sender need a processor each"
  pair
  load_l2 interface=kf0
  start=$(date +%s)
  keep_workers_away 4
  # Each address twice, while no worker makes room for them.
  taskset -c 1 ip netns exec "$peer" frames kf0p --count 4000 --macs 2000 --size 70 --fast --pace 0 >/dev/null
  end=$(date +%s)
  wait $! || true # it was ended
  assert_packets 4000
  assert_equal "$(counts kf0 | awk '$2 == 2' | wc -l)" 2000
  run json "$view" "map(select(.mac)) | (all(.[]; .bytes == 140 and .first_seen >= $start - 1 and
    .last_seen <= $end and .first_seen <= .last_seen))"
  assert_output true
}

@test "a reset: the JSON lines stay, the text starts from zero in each line and in the total" {
  two_addresses
  echo reset >"$text"
  assert_equal "$(line "$early")" "$early_was"
  assert_equal "$(line "$steady")" "$steady_was"
  assert_equal "$(shown "$early")$(shown "$steady")" ""
  assert_equal "$(grep ^Total "$text")" "Total packets: 0"
  send --src "$steady" --count 6
  assert_packets 20
  assert_equal "$(shown "$early")$(shown "$steady")" 6
}

@test "idle addresses go: their packets and bytes count as evicted; the others keep everything" {
  two_addresses
  send --count 3000 --macs 3000 --size 80
  assert_packets 3014
  echo reset >"$text"
  send --src "$early" --count 1 --size 60
  send --src "$steady" --count 1 --size 60
  assert_packets 3016
  echo reset >"$text" # the other 3000 were idle: the table shrinks
  assert_equal "$(figure kf0 macs)" 2
  assert_equal "$(figure kf0 evicted_packets) $(figure kf0 evicted_bytes)" "3000 240000"
  assert_equal "$(figure_of "$(line "$early")" first_seen)" "$(figure_of "$early_was" first_seen)"
  assert_equal "$(figure_of "$(line "$steady")" first_seen)" "$(figure_of "$steady_was" first_seen)"
  assert_equal "$(counts kf0 | paste -s -d ,)" "$early 8,$steady 8"
  assert_equal "$(shown "$early")$(shown "$steady")" ""
  # After a second eviction, the figures add up.
  send --count 100 --macs 100 --size 80
  echo reset >"$text"
  echo reset >"$text"
  assert_equal "$(figure kf0 macs)" 0
  assert_equal "$(figure kf0 evicted_packets) $(figure kf0 evicted_bytes)" "3116 $((240000 + 1160 + 480 + 8000))"
  assert_packets 3116
}

@test "the interface goes and comes back: every figure stays, even those in no line" {
  local before
  pair
  load_l2 interface=kf0 max_macs=2
  send --src "$early" --count 3 --size 100
  send --src "$steady" --count 5
  send --count 7 --macs 7 --size 70 # untracked
  send --count 4 --macs 4 --group # skipped
  assert_packets 15
  wait_until 10 skipped_are 4
  sleep 1.1
  before=$(sed -E 's/"waiting":[a-z]+/"waiting":false/; 1d' "$view")
  ip link del kf0
  assert_equal "$(sed -E 's/"waiting":true/"waiting":false/; 1d' "$view")" "$before"
  pair
  assert_equal "$(sed 1d "$view")" "$before"
  assert_equal "$(figure kf0 untracked_packets) $(figure kf0 untracked_bytes) $(figure kf0 skipped_packets)" "7 490 4"
  # A reset or a raised bound does not change them either.
  echo reset >"$text"
  set_param l2packet_counter max_macs 1000
  assert_equal "$(sed 1d "$view")" "$before"
  send --count 3000 --macs 3000
  assert_packets 3015
  # These two and 998 more: the table is full again.
  assert_equal "$(figure kf0 macs) $(figure kf0 untracked_packets) $(figure kf0 untracked_bytes)" \
    "1000 $((7 + 2002)) $((490 + 2002 * 60))"
}
skipped_are() { [ "$(figure kf0 skipped_packets)" = "$1" ]; }

@test "group sources are skipped, tagged or not, with and without known addresses" {
  pair
  load_l2 interface=kf0
  send --count 30 --macs 3
  send --count 8 --macs 4 --group
  send --count 6 --macs 3 --group --vlan 5 --size 64
  assert_packets 30
  wait_until 10 skipped_are 14
  assert_equal "$(figure kf0 macs) $(figure kf0 untracked_packets) $(figure kf0 packets)" "3 0 30"
}

# A VLAN device passes the tag to the device below it out of band, as hardware does.
@test "a tag beside the frame (out of band): its bytes count, and group sources are skipped" {
  pair
  load_l2 interface=kf0
  ip -n "$peer" link add kf0p.5 link kf0p type vlan id 5
  ip -n "$peer" link set kf0p.5 up
  in_netns "$peer" frames kf0p.5 --count 10 --macs 2 --size 60
  in_netns "$peer" frames kf0p.5 --count 6 --macs 3 --size 60 --group
  wait_until 10 skipped_are 6
  assert_packets 10
  assert_equal "$(figure kf0 macs) $(figure kf0 bytes) $(figure kf0 untracked_packets)" "2 640 0"
}

@test "the module is reloaded: every figure starts at zero" {
  two_addresses
  unload_module l2packet_counter
  load_l2 interface=kf0
  assert_equal "$(sed 1d "$view")" '{"interface":"kf0","waiting":false,"hook":"tracepoint","macs":0,"packets":0,"bytes":0,"untracked_packets":0,"untracked_bytes":0,"evicted_packets":0,"evicted_bytes":0,"skipped_packets":0}'
  send --src "$early" --count 1
  assert_packets 1
  [ "$(figure_of "$(line "$early")" first_seen)" -gt "$(figure_of "$early_was" last_seen)" ]
}

# ---- time ----

@test "last_seen follows the frames, first_seen stays" {
  local first last now i
  pair
  load_l2 interface=kf0
  send --src "$early" --count 1
  assert_packets 1
  first=$(figure_of "$(line "$early")" first_seen)
  last=$first
  # The first frame puts its MAC into the table. Later ones are counted per processor.
  for i in 2 3 4 5; do
    sleep 1.1
    send --src "$early" --count 1
    assert_packets "$i"
    now=$(figure_of "$(line "$early")" last_seen)
    [ "$now" -gt "$last" ]
    last=$now
  done
  assert_equal "$(figure_of "$(line "$early")" first_seen)" "$first"
}

in_our_guest() { [ -e /kmon/command ]; }

# sleep_a_while: the kernel's own suspend test: by the kernel's clocks, the machine sleeps for about five seconds.
sleep_a_while() {
  local state
  for state in mem freeze; do
    grep -qw "$state" /sys/power/state || continue
    grep -qw core /sys/power/pm_test || continue
    echo core >/sys/power/pm_test
    on_teardown sh -c 'echo none >/sys/power/pm_test'
    echo "$state" >/sys/power/state && return
  done
  return 1
}

@test "the machine sleeps: first_seen and last_seen stay, and a later frame gets its own time" {
  local slept
  in_our_guest || skip "expected: it would put this machine to sleep"
  two_addresses
  slept=$(date +%s)
  sleep_a_while || skip "expected: this kernel cannot be made to sleep here"
  slept=$(($(date +%s) - slept))
  [ "$slept" -ge 4 ] || skip "expected: the clocks went on without a sleep"
  as_they_were
  send --src "$steady" --count 1
  assert_packets 15
  assert_equal "$(line "$early")" "$early_was"
  assert_equal "$(figure_of "$(line "$steady")" first_seen)" "$(figure_of "$steady_was" first_seen)"
  [ "$(figure_of "$(line "$steady")" last_seen)" -ge $(($(figure_of "$steady_was" last_seen) + slept)) ]
  # The same when the table is replaced afterwards.
  send --count 3000 --macs 3000
  assert_packets 3015
  assert_equal "$(line "$early")" "$early_was"
}

@test "the clock is set: the times shift with it, so they stay as long ago as before" {
  in_our_guest || skip "expected: it would set this machine's clock"
  two_addresses
  date -s '+1 hour' >/dev/null
  on_teardown date -s '-1 hour'
  assert_equal "$(figure_of "$(line "$early")" first_seen)" $(($(figure_of "$early_was" first_seen) + 3600))
  assert_equal "$(figure_of "$(line "$early")" last_seen)" $(($(figure_of "$early_was" last_seen) + 3600))
}

# ---- many readers ----

# HOW_MANY processes read the first byte of FILE at once, and all are told to end after half a second. They exit by
# themselves, because SIGKILL would also end their wait for memory. Prints how many were told while they waited, and after
# how many tenths of a second all had ended.
# shellcheck disable=SC2016 # what is in it is perl
many_readers='
  my ($file, $how_many) = @ARGV;
  my (@readers, $told);
  for (1 .. $how_many) {
    my $pid = fork;
    if (!$pid) {
      $SIG{TERM} = sub { exit 1 };
      open(my $view, "<", $file) or exit 2;
      exit(defined(sysread($view, my $byte, 1)) ? 0 : $!{EINTR} ? 1 : 2);
    }
    push @readers, $pid;
  }
  select(undef, undef, undef, 0.5);
  my $began = uptime();
  kill TERM => @readers;
  for (@readers) { waitpid($_, 0); $told += $? == 256 }
  printf "%d %d\n", $told, (uptime() - $began) * 10;
  sub uptime { open(my $clock, "<", "/proc/uptime"); return (split " ", <$clock>)[0] }'

tenths_since() { echo $((($(date +%s%N) - $1) / 100000000)); }

# bats test_tags=heavy
@test "many readers of a large table: one that is told to end does so immediately, without waiting for its turn" {
  local began one told all n
  command -v perl >/dev/null || skip "expected: no perl to read with"
  n=$(scaled 1000000 500000)
  pair
  load_l2 interface=kf0 max_macs=1000000
  send --count "$n" --macs "$n"
  assert_packets "$n"
  began=$(date +%s%N)
  head -c 1 "$view" >/dev/null
  one=$(tenths_since "$began")
  # A reader gets its first byte after adding up all addresses, and the readers take turns.
  read -r told all < <(perl -e "$many_readers" "$view" 300)
  echo "one reading took $one tenths of a second, $told readers that were told to end $all"
  [ "$told" -gt 100 ]
  [ "$all" -le $((4 * one + 15)) ]
}
