# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Part of bench/in-guest: the same work, counted by the alternatives. Each row is named after kmon's row and the alternative.
# shellcheck disable=SC2154,SC2317 # cost is set by in-guest's work; functions that `compare` calls

# nft_peer NAME RULES COUNTED WORK...
nft_peer() {
  local name=$1 rules=$2 counted=$3
  shift 3
  on() { nft -f - <<<"$rules"; }
  off() { nft delete table "$(sed -n 's/^table \([a-z]*\) .*/\1/p' <<<"$rules")" bench; }
  compare "$name: nftables" "$counted" "$@"
}

# The sum of all counters of the table FAMILY bench, including those of set elements.
nft_counted() { nft -j list table "$1" bench | jq '[.. | .counter? | objects | .packets] | add // 0'; }
netdev_counted() { nft_counted netdev; }
inet_counted() { nft_counted inet; }

# The sum of packets in all values of a BPF map.
bpf_counted() { "$foreign/bpftool" -j map dump pinned "$bpf/maps/$1" | jq '[.[].formatted.values[].value.packets] | add // 0'; }
macs_counted() { bpf_counted macs; }
classes_counted() { bpf_counted classes; }

foreign=peers/foreign bpf=/sys/fs/bpf/bench

load_bpf() {
  mountpoint -q /sys/fs/bpf || mount -t bpf bpf /sys/fs/bpf
  "$foreign/bpftool" prog loadall "$foreign/$1.bpf.o" "$bpf" pinmaps "$bpf/maps"
}

# tc_peer NAME INTERFACE DIRECTION PROGRAM COUNTED WORK...
tc_peer() {
  local name=$1 interface=$2 direction=$3 program=$4 counted=$5
  shift 5
  on() {
    load_bpf packets
    tc qdisc add dev "$interface" clsact
    tc filter add dev "$interface" "$direction" bpf direct-action pinned "$bpf/$program"
  }
  off() {
    tc qdisc del dev "$interface" clsact
    rm -r "$bpf"
  }
  compare "$name: BPF in tc" "$counted" "$@"
}

iptables() { LD_LIBRARY_PATH=$foreign XTABLES_LIBDIR=$foreign/xtables "$foreign/xtables-legacy-multi" iptables "$@"; }

# listener KIND [ARGUMENT...]: a program that receives the events from the kernel; its own cost is not in the row.
listener() {
  "$foreign/listen" "$1" "$foreign/count" "${@:2}" &
  listener_pid=$!
  sleep 1
}
unlisten() {
  kill "$listener_pid"
  wait "$listener_pid" || true
}
listener_counted() {
  sleep 0.5 # until the listener has read its ring
  od -An -tu8 "$foreign/count" | tr -d ' '
}

# ---- the rows ----

macs_elsewhere() {
  local n
  for n in 1 64 10000; do
    nft_peer "frame, $n source MACs" "table netdev bench {
      set macs { type ether_addr; size 65536; flags dynamic; }
      chain in { type filter hook ingress device kb0 priority 0; update @macs { ether saddr counter }; }
    }" netdev_counted frames kb0p "$n"
    tc_peer "frame, $n source MACs" kb0 ingress mac_tc macs_counted frames kb0p "$n"
  done
  on() {
    load_bpf packets
    ip link set dev kb0 xdpgeneric pinned "$bpf/mac_xdp"
  }
  off() {
    ip link set dev kb0 xdpgeneric off
    rm -r "$bpf"
  }
  compare "frame, 64 source MACs: BPF in generic XDP" macs_counted frames kb0p 64
  on() { listener packets kb0; }
  off() { unlisten; }
  compare "frame, 64 source MACs: a program with AF_PACKET" listener_counted frames kb0p 64
  read_macs_elsewhere
}

read_macs_elsewhere() {
  load_bpf packets
  tc qdisc add dev kb0 clsact
  tc filter add dev kb0 ingress bpf direct-action pinned "$bpf/mac_tc"
  ./work frames kb0p 10000 >/dev/null
  work run "$foreign/bpftool" -j map dump pinned "$bpf/maps/macs"
  row "read 10,000 MACs: bpftool" 0 "$cost" 10000 "$("$foreign/bpftool" -j map dump pinned "$bpf/maps/macs" | jq length)"
  tc qdisc del dev kb0 clsact
  rm -r "$bpf"
}

loopback_elsewhere() {
  # Only by protocol, without sizes.
  local rules="table inet bench {
    chain in { type filter hook prerouting priority -400; iif != lo accept
      meta nfproto ipv4 meta l4proto vmap { 6: jump of_tcp, 17: jump of_udp, 1: jump of_icmp }
      meta nfproto ipv6 meta l4proto vmap { 6: jump of_tcp, 17: jump of_udp, 58: jump of_icmp }
    }
    chain of_tcp { counter; }
    chain of_udp { counter; }
    chain of_icmp { counter; }
  }"
  nft_peer "loopback UDP, IPv4" "$rules" inet_counted udp4
  nft_peer "loopback UDP, IPv6" "$rules" inet_counted udp6
  tc_peer "loopback UDP, IPv4" lo ingress loopback_tc classes_counted udp4
  tc_peer "loopback UDP, IPv6" lo ingress loopback_tc classes_counted udp6
}

tcp_elsewhere() {
  nft_peer "outgoing TCP" "table inet bench {
    chain out { type filter hook postrouting priority 300; meta l4proto 6 counter; }
  }" inet_counted tcp 198.18.9.1
  tc_peer "outgoing TCP" kb2 egress tcp_tc classes_counted tcp 198.18.9.1
  on() { iptables -t mangle -A POSTROUTING -p tcp; }
  off() { iptables -t mangle -F POSTROUTING; }
  iptables_counted() { iptables -t mangle -nvxL POSTROUTING | awk 'NR == 3 { print $1 }'; }
  compare "outgoing TCP: iptables" iptables_counted tcp 198.18.9.1
}

exits_elsewhere() {
  on() {
    load_bpf exits
    listener ring "$bpf/maps/ring" "$bpf/exit_ring"
  }
  off() {
    unlisten
    rm -r "$bpf"
  }
  compare "process exit: BPF raw tracepoint and ring" listener_counted exit
  on() { listener exits; }
  off() { unlisten; }
  compare "process exit: process events connector" listener_counted exit
}
