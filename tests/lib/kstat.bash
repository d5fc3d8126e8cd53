# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Helpers for the bats files about kstat; load after common.bash.
# shellcheck disable=SC2034,SC2154 # for the bats files

nout=/proc/kstat/nout
counter=/proc/kstat/counter
json=/proc/kstat/stats.json
parameters=/sys/module/kstat/parameters

# tcp N [IPSEND-ARGUMENTS...]: sends N TCP packets over lo that nobody answers. They have been counted when this returns.
tcp() { ipsend --proto tcp --to 127.0.0.1 --size 100 --count "$@"; }
tcp6() { ipsend --proto tcp --to ::1 --size 140 --count "$@"; }

start() { set_param kstat start 1; }
stop() { set_param kstat start 0; }

assert_nout() { assert_equal "$(<$nout)" "$1"; }

assert_packets() { assert_equal "$(number_of packets)" "$1"; }

# nft_table [NETNS]: makes nftables count outgoing TCP there; nft_counted [NETNS] prints the count.
nft_table() {
  on_teardown ${1:+ip netns exec "$1"} nft delete table inet kmon_test
  ${1:+ip netns exec "$1"} nft -f - <<<'table inet kmon_test {
    chain post { type filter hook postrouting priority 0; meta l4proto tcp counter; }; }'
}
