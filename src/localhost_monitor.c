// SPDX-License-Identifier: GPL-2.0-only
/*
 * localhost_monitor: loopback traffic by IP version, protocol and size.
 *
 * One netfilter hook for each IP version, first at PRE_ROUTING, adds to the cell
 * of the packet's class and size.  Totals are computed from the cells when read.
 */
#define pr_fmt(fmt) "[" KBUILD_MODNAME "] " fmt

#include <linux/bitops.h>
#include <linux/ip.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/netdevice.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <linux/ratelimit.h>

#include "kmon_counter.h"
#include "kmon_netfilter.h"
#include "kmon_packet.h"
#include "kmon_param.h"
#include "kmon_view.h"

/* A packet's class: four for IPv4, then the same four for IPv6. */
enum { TCP, UDP, ICMP, OTHER, PROTOCOLS };
enum { V4 = 0, V6 = PROTOCOLS, CLASSES = 2 * PROTOCOLS };

#define BUCKETS		5

static const char * const class_name[CLASSES] = {
	"tcp", "udp", "icmp", "other", "tcp", "udp", "icmpv6", "other",
};

static const struct { const char *name; unsigned int min; } bucket[BUCKETS] = {
	{ "0-127", 0 }, { "128-255", 128 }, { "256-511", 256 },
	{ "512-1023", 512 }, { "1024-65535", 1024 },
};

/*
 * The counters: packets and bytes of each class and bucket side by side, so that
 * a packet touches one cache line; then, per class, the wire segments beyond one
 * per packet, which only GSO packets have; then what log_packets suppressed.
 */
enum { PACKETS, BYTES, KINDS };

#define CELL(class, b, kind)	(((class) * BUCKETS + (b)) * KINDS + (kind))
#define EXTRA_SEGMENTS(class)	(CELL(CLASSES, 0, 0) + (class))
#define LOG_SUPPRESSED		EXTRA_SEGMENTS(CLASSES)
#define COUNTERS		(LOG_SUPPRESSED + 1)

KMON_COUNTERS(lo, COUNTERS);

static unsigned int all_netns;
KMON_PARAM_UINT(all_netns, all_netns, 0444, 0, 1, NULL,
		"1: watch every network namespace, 0: only the initial one (default 0; set at load)");

static unsigned int log_packets;
KMON_PARAM_UINT(log_packets, log_packets, 0644, 0, 1, NULL,
		"1: log each loopback packet, rate-limited (default 0)");

/* ---- packets ---- */

static DEFINE_RATELIMIT_STATE(log_limit, HZ, 100);

static noinline void log_packet(const struct sk_buff *skb, unsigned int class)
{
	static const char * const proto[CLASSES] = {
		"TCP", "UDP", "ICMP", "other", "TCP", "UDP", "ICMPv6", "other",
	};

	if (!__ratelimit(&log_limit)) {
		kmon_inc(lo, LOG_SUPPRESSED);
		return;
	}
	if (class < V6)
		pr_info("IPv4 %s %pI4 -> %pI4 len %u\n", proto[class],
			&ip_hdr(skb)->saddr, &ip_hdr(skb)->daddr, skb->len);
	else
		pr_info("IPv6 %s %pI6c -> %pI6c len %u\n", proto[class],
			&ipv6_hdr(skb)->saddr, &ipv6_hdr(skb)->daddr, skb->len);
}

/*
 * Where the cells of a protocol's class begin, and the offset of each size within them,
 * so that a packet finds its cell by adding two numbers.
 */
static u8 row_v4[256] __ro_after_init, row_v6[256] __ro_after_init;
static u8 column[9] __ro_after_init;		/* by length / 128; all of 1024 and more share one */

#define ROW_UNKNOWN	0xff			/* there may be extension headers to walk */
static_assert(CELL(CLASSES, 0, 0) < ROW_UNKNOWN);

static void __init fill_rows(u8 *rows, unsigned int version, u8 icmp)
{
	unsigned int protocol;

	for (protocol = 0; protocol < 256; protocol++)
		rows[protocol] = CELL(version + OTHER, 0, 0);
	rows[IPPROTO_TCP] = CELL(version + TCP, 0, 0);
	rows[IPPROTO_UDP] = CELL(version + UDP, 0, 0);
	rows[icmp] = CELL(version + ICMP, 0, 0);
}

static void __init fill_tables(void)
{
	unsigned int i;

	fill_rows(row_v4, V4, IPPROTO_ICMP);
	fill_rows(row_v6, V6, IPPROTO_ICMPV6);
	for (i = 0; i < 256; i++)
		if (ipv6_ext_hdr(i))
			row_v6[i] = ROW_UNKNOWN;
	/* 0..127 is 0; each doubling from 128 adds 1; from 1024 on it is the last */
	for (i = 0; i < ARRAY_SIZE(column); i++)
		column[i] = CELL(0, fls(i), 0);
}

static noinline unsigned int count_unusual(const struct sk_buff *skb, unsigned long row)
{
	unsigned int class = row / CELL(1, 0, 0);

	if (skb_is_gso(skb))
		kmon_add(lo, EXTRA_SEGMENTS(class), kmon_gso_segments(skb) - 1);
	if (READ_ONCE(log_packets))
		log_packet(skb, class);
	return NF_ACCEPT;
}

/* Every packet on lo executes this and the hooks, so each instruction counts. */
static __always_inline unsigned int count(const struct sk_buff *skb, unsigned long row)
{
	unsigned long size = skb->len >> 7, cell = row;

	cell += likely(size < ARRAY_SIZE(column)) ? column[size] : CELL(0, BUCKETS - 1, 0);
	kmon_inc(lo, cell + PACKETS);
	kmon_add(lo, cell + BYTES, skb->len);
	if (unlikely(skb_is_gso(skb)) || unlikely(READ_ONCE(log_packets)))
		return count_unusual(skb, row);
	return NF_ACCEPT;
}

/*
 * A packet that IPsec decrypted passes the hooks again.  lo received only one packet, the
 * encrypted one, which was already counted.
 */
static unsigned int hook_v4(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	const struct iphdr *iph;

	if (!(state->in->flags & IFF_LOOPBACK))
		return NF_ACCEPT;
	iph = ip_hdr(skb);
	if (!ipv4_is_loopback(iph->saddr) && !ipv4_is_loopback(iph->daddr))
		return NF_ACCEPT;
	if (kmon_decrypted(skb))
		return NF_ACCEPT;

	return count(skb, row_v4[iph->protocol]);
}

/* NONE is an extension header as well, but has no class of its own. */
static noinline unsigned int count_extended(const struct sk_buff *skb)
{
	unsigned long row = row_v6[kmon_ipv6_protocol(skb)];

	return count(skb, row == ROW_UNKNOWN ? CELL(V6 + OTHER, 0, 0) : row);
}

static unsigned int hook_v6(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	const struct ipv6hdr *iph;
	unsigned long row;

	if (!(state->in->flags & IFF_LOOPBACK))
		return NF_ACCEPT;
	iph = ipv6_hdr(skb);
	if (!ipv6_addr_loopback(&iph->saddr) && !ipv6_addr_loopback(&iph->daddr))
		return NF_ACCEPT;
	if (kmon_decrypted(skb))
		return NF_ACCEPT;

	row = row_v6[iph->nexthdr];
	return likely(row != ROW_UNKNOWN) ? count(skb, row) : count_extended(skb);
}

static const struct nf_hook_ops hooks[] = {
	{
		.hook		= hook_v4,
		.pf		= NFPROTO_IPV4,
		.hooknum	= NF_INET_PRE_ROUTING,
		.priority	= NF_IP_PRI_FIRST,
	}, {
		.hook		= hook_v6,
		.pf		= NFPROTO_IPV6,
		.hooknum	= NF_INET_PRE_ROUTING,
		.priority	= NF_IP6_PRI_FIRST,
	},
};

static int hooks_init(struct net *net)
{
	return nf_register_net_hooks(net, hooks, ARRAY_SIZE(hooks));
}

static void hooks_exit(struct net *net)
{
	nf_unregister_net_hooks(net, hooks, ARRAY_SIZE(hooks));
}

static struct pernet_operations hooks_in_netns = {
	.init	= hooks_init,
	.exit	= hooks_exit,
};

/* ---- views ---- */

KMON_READERS(readers);

/* The counters at the last reset of the text view, which shows the difference. */
static u64 base[COUNTERS];
static DEFINE_MUTEX(base_lock);

/* Packets or bytes of the classes from..to-1, whatever their size. */
static u64 sum_classes(const u64 *v, unsigned int kind, unsigned int from, unsigned int to)
{
	u64 sum = 0;
	unsigned int class, b;

	for (class = from; class < to; class++)
		for (b = 0; b < BUCKETS; b++)
			sum += v[CELL(class, b, kind)];
	return sum;
}

/* Packets or bytes of one size, whatever their class. */
static u64 sum_bucket(const u64 *v, unsigned int kind, unsigned int b)
{
	u64 sum = 0;
	unsigned int class;

	for (class = 0; class < CLASSES; class++)
		sum += v[CELL(class, b, kind)];
	return sum;
}

static u64 packets_of(const u64 *v, unsigned int class)
{
	return sum_classes(v, PACKETS, class, class + 1);
}

static int text_show(struct seq_file *m, void *unused)
{
	u64 v[COUNTERS];
	unsigned int i;

	mutex_lock(&base_lock);
	kmon_snapshot(lo, v, COUNTERS);
	for (i = 0; i < COUNTERS; i++)
		v[i] -= base[i];
	mutex_unlock(&base_lock);

	seq_puts(m, "==== Localhost Monitor Stats ====\n");
	seq_printf(m, "IPv4 packets: %llu\n", sum_classes(v, PACKETS, V4, V6));
	seq_printf(m, "IPv6 packets: %llu\n", sum_classes(v, PACKETS, V6, CLASSES));
	seq_printf(m, "TCP packets: %llu\n", packets_of(v, V4 + TCP) + packets_of(v, V6 + TCP));
	seq_printf(m, "UDP packets: %llu\n", packets_of(v, V4 + UDP) + packets_of(v, V6 + UDP));
	seq_printf(m, "ICMP packets: %llu\n", packets_of(v, V4 + ICMP));
	seq_printf(m, "ICMPv6 packets: %llu\n", packets_of(v, V6 + ICMP));
	seq_puts(m, "Packet size histogram (bytes):\n");
	for (i = 0; i < BUCKETS; i++)
		seq_printf(m, "%s: %llu\n", bucket[i].name, sum_bucket(v, PACKETS, i));
	return 0;
}

static int text_reset(void)
{
	mutex_lock(&base_lock);
	kmon_snapshot(lo, base, COUNTERS);
	mutex_unlock(&base_lock);
	return 0;
}

KMON_TEXT_VIEW(text_ops, text_show, text_reset, CAP_NET_ADMIN);

static int json_show(struct seq_file *m, void *unused)
{
	u64 v[COUNTERS], extra = 0;
	unsigned int i;

	kmon_snapshot(lo, v, COUNTERS);
	for (i = 0; i < CLASSES; i++)
		extra += v[EXTRA_SEGMENTS(i)];

	kmon_json_head(m);
	seq_printf(m, ",\"all_netns\":%u,\"log_packets\":%u,\"log_suppressed\":%llu",
		   all_netns, READ_ONCE(log_packets), v[LOG_SUPPRESSED]);
	seq_printf(m, ",\"packets\":%llu,\"segments\":%llu,\"bytes\":%llu}\n",
		   sum_classes(v, PACKETS, V4, CLASSES), sum_classes(v, PACKETS, V4, CLASSES) + extra,
		   sum_classes(v, BYTES, V4, CLASSES));

	for (i = 0; i < CLASSES; i++)
		seq_printf(m, "{\"ip_version\":%u,\"protocol\":\"%s\",\"packets\":%llu,\"segments\":%llu,\"bytes\":%llu}\n",
			   i < V6 ? 4 : 6, class_name[i], packets_of(v, i),
			   packets_of(v, i) + v[EXTRA_SEGMENTS(i)],
			   sum_classes(v, BYTES, i, i + 1));

	for (i = 0; i < BUCKETS; i++)
		seq_printf(m, "{\"size\":\"%s\",\"size_min\":%u,\"packets\":%llu,\"bytes\":%llu}\n",
			   bucket[i].name, bucket[i].min,
			   sum_bucket(v, PACKETS, i), sum_bucket(v, BYTES, i));
	return 0;
}

/* ---- load and unload ---- */

static int __init localhost_monitor_init(void)
{
	int err;

	kmon_counters_init(lo);
	fill_tables();

	err = kmon_register_hooks(&hooks_in_netns, all_netns);
	if (err) {
		pr_err("cannot register the netfilter hooks: %d\n", err);
		return err;
	}
	err = -ENOMEM;
	if (!kmon_view_create(&readers, "localhost_stats", 0200, NULL, &text_ops))
		goto err_text;
	if (!kmon_view_single(&readers, "localhost_stats.json", NULL, json_show))
		goto err_json;
	pr_info("Packets are logged while /sys/module/" KBUILD_MODNAME "/parameters/log_packets is 1\n");
	return 0;

err_json:
	remove_proc_entry("localhost_stats", NULL);
err_text:
	kmon_unregister_hooks(&hooks_in_netns, all_netns);
	pr_err("cannot create /proc/localhost_stats: out of memory, or the name is taken\n");
	return err;
}

static void __exit localhost_monitor_exit(void)
{
	u64 v[COUNTERS];

	remove_proc_entry("localhost_stats.json", NULL);
	remove_proc_entry("localhost_stats", NULL);
	kmon_unregister_hooks(&hooks_in_netns, all_netns);

	kmon_snapshot(lo, v, COUNTERS);
	pr_info("Final stats: IPv4=%llu, IPv6=%llu, TCP=%llu, UDP=%llu, ICMP=%llu, ICMPv6=%llu\n",
		sum_classes(v, PACKETS, V4, V6), sum_classes(v, PACKETS, V6, CLASSES),
		packets_of(v, V4 + TCP) + packets_of(v, V6 + TCP),
		packets_of(v, V4 + UDP) + packets_of(v, V6 + UDP),
		packets_of(v, V4 + ICMP), packets_of(v, V6 + ICMP));
}

module_init(localhost_monitor_init);
module_exit(localhost_monitor_exit);

MODULE_DESCRIPTION("Loopback traffic by IP version, protocol and packet size");
MODULE_VERSION(KMON_VERSION);
MODULE_LICENSE("GPL");
