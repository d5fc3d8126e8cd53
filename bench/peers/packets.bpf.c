// SPDX-License-Identifier: GPL-2.0-only
/*
 * An alternative to kmon's modules for counting packets: the simple way, with per-CPU
 * maps. bench/in-guest attaches these programs and adds up their maps.
 */
#include <stdbool.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

struct count {
	__u64 packets;
	__u64 bytes;
	__u64 last;
};

struct mac {
	__u8 byte[ETH_ALEN];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 65536);
	__type(key, struct mac);
	__type(value, struct count);
} macs SEC(".maps");

/* By protocol and size for loopback; only the first entry for TCP. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, struct count);
} classes SEC(".maps");

static __always_inline void count_mac(void *data, void *end, __u64 bytes)
{
	const struct ethhdr *eth = data;
	struct mac key;
	struct count *c;

	if ((void *)(eth + 1) > end)
		return;
	__builtin_memcpy(&key, eth->h_source, sizeof(key));
	c = bpf_map_lookup_elem(&macs, &key);
	if (!c) {
		struct count first = { 1, bytes, bpf_ktime_get_coarse_ns() };

		bpf_map_update_elem(&macs, &key, &first, BPF_NOEXIST);
		return;
	}
	c->packets++;
	c->bytes += bytes;
	c->last = bpf_ktime_get_coarse_ns();
}

static __always_inline void count_class(__u32 class, __u64 bytes)
{
	struct count *c = bpf_map_lookup_elem(&classes, &class);

	if (!c)
		return;
	c->packets++;
	c->bytes += bytes;
}

SEC("tc")
int mac_tc(struct __sk_buff *skb)
{
	count_mac((void *)(long)skb->data, (void *)(long)skb->data_end, skb->len);
	return TC_ACT_UNSPEC;
}

SEC("xdp")
int mac_xdp(struct xdp_md *frame)
{
	count_mac((void *)(long)frame->data, (void *)(long)frame->data_end,
		  frame->data_end - frame->data);
	return XDP_PASS;
}

/* 0: not IP. */
static __always_inline int protocol_of(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data + ETH_HLEN, *end = (void *)(long)skb->data_end;

	if (skb->protocol == bpf_htons(ETH_P_IP)) {
		const struct iphdr *ip = data;

		return (void *)(ip + 1) <= end ? ip->protocol : 0;
	}
	if (skb->protocol == bpf_htons(ETH_P_IPV6)) {
		const struct ipv6hdr *ip = data;

		return (void *)(ip + 1) <= end ? ip->nexthdr : 0;
	}
	return 0;
}

SEC("tc")
int loopback_tc(struct __sk_buff *skb)
{
	__u32 length = skb->len - ETH_HLEN, class;

	switch (protocol_of(skb)) {
	case IPPROTO_TCP:	class = 0; break;
	case IPPROTO_UDP:	class = 1; break;
	case IPPROTO_ICMP:	class = 2; break;
	case IPPROTO_ICMPV6:	class = 3; break;
	default:		class = 4;
	}
	class = class * 5 + (length > 127) + (length > 255) + (length > 511) + (length > 1023);
	if (skb->protocol == bpf_htons(ETH_P_IPV6))
		class += 25;
	count_class(class, length);
	return TC_ACT_UNSPEC;
}

SEC("tc")
int tcp_tc(struct __sk_buff *skb)
{
	if (protocol_of(skb) == IPPROTO_TCP)
		count_class(0, skb->len);
	return TC_ACT_UNSPEC;
}

char _license[] SEC("license") = "GPL";
