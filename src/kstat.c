// SPDX-License-Identifier: GPL-2.0-only
/*
 * kstat: outgoing TCP packets, published in steps, started and stopped through
 * /sys/module/kstat/parameters/start.
 *
 * While it runs, one netfilter hook for each IP version, last at POST_ROUTING,
 * counts what this host sends and forwards.  The steps are computed when
 * /proc/kstat/nout is read, so they cost a packet nothing.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/ip.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>

#include "kmon_counter.h"
#include "kmon_netfilter.h"
#include "kmon_packet.h"
#include "kmon_param.h"
#include "kmon_view.h"

enum {
	PACKETS_V4, PACKETS_V6,
	EXTRA_SEGMENTS_V4, EXTRA_SEGMENTS_V6,	/* wire segments beyond one per packet */
	COUNTERS
};

KMON_COUNTERS(out, COUNTERS);

static unsigned int all_netns;
KMON_PARAM_UINT(all_netns, all_netns, 0444, 0, 1, NULL,
		"1: count in every network namespace, 0: only in the initial one (default 0; set at load)");

/* ---- packets ---- */

static noinline unsigned int count_extra_segments(const struct sk_buff *skb, unsigned int counter)
{
	kmon_add(out, counter, kmon_gso_segments(skb) - 1);
	return NF_ACCEPT;
}

static unsigned int hook_v4(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	if (ip_hdr(skb)->protocol != IPPROTO_TCP)
		return NF_ACCEPT;
	kmon_inc(out, PACKETS_V4);
	return likely(!skb_is_gso(skb)) ? NF_ACCEPT : count_extra_segments(skb, EXTRA_SEGMENTS_V4);
}

static __always_inline unsigned int count_v6(const struct sk_buff *skb)
{
	kmon_inc(out, PACKETS_V6);
	return likely(!skb_is_gso(skb)) ? NF_ACCEPT : count_extra_segments(skb, EXTRA_SEGMENTS_V6);
}

/* Handles another protocol, or TCP behind extension headers. */
static noinline unsigned int look_further(const struct sk_buff *skb)
{
	return kmon_ipv6_protocol(skb) == IPPROTO_TCP ? count_v6(skb) : NF_ACCEPT;
}

static unsigned int hook_v6(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	return likely(ipv6_hdr(skb)->nexthdr == IPPROTO_TCP) ? count_v6(skb) : look_further(skb);
}

static const struct nf_hook_ops hooks[] = {
	{
		.hook		= hook_v4,
		.pf		= NFPROTO_IPV4,
		.hooknum	= NF_INET_POST_ROUTING,
		.priority	= NF_IP_PRI_LAST,
	}, {
		.hook		= hook_v6,
		.pf		= NFPROTO_IPV6,
		.hooknum	= NF_INET_POST_ROUTING,
		.priority	= NF_IP6_PRI_LAST,
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

/* ---- publication ---- */

#define COUNTER_MAX	0x7fffffffU

/* Guards everything below. */
static DEFINE_MUTEX(lock);

static bool ready;			/* between init and exit; otherwise settings are only stored */
static bool running;			/* the hooks are registered */
static unsigned int start;		/* the parameter, as requested */
static unsigned int counter = 10;	/* packets between publications */
static u64 published;			/* count at the last stop, reset or change of counter */
static u64 zero;			/* count at the last reset: nout shows it as 0 */

static u64 total(void)
{
	return kmon_sum(out, PACKETS_V4) + kmon_sum(out, PACKETS_V6);
}

/* The count at the last complete step of `counter` packets. */
static u64 last_publication(void)
{
	u64 since = total() - published;
	u32 pending;

	if (!running)
		return published;
	div_u64_rem(since, counter, &pending);
	return published + since - pending;
}

/* What was published with the old step stays published with the new one. */
static void change_counter(unsigned int value)
{
	mutex_lock(&lock);
	published = last_publication();
	counter = value;
	mutex_unlock(&lock);
}

KMON_PARAM_UINT(counter, counter, 0644, 1, COUNTER_MAX, change_counter,
		"packets between two publications of /proc/kstat/nout, 1 to 2147483647 (default 10)");

/* ---- start and stop ---- */

static int start_hooks(void)
{
	int err = kmon_register_hooks(&hooks_in_netns, all_netns);

	if (err) {
		kmon_refuse("cannot start: registering the netfilter hooks failed: %d\n", err);
		return err;
	}
	running = true;
	return 0;
}

static void stop_hooks(void)
{
	kmon_unregister_hooks(&hooks_in_netns, all_netns);
	running = false;
	published = total();
}

static int start_set(const char *val, const struct kernel_param *kp)
{
	unsigned int want;
	int err = kmon_uint_parse(val, "start", 0, 1, &want);

	if (err)
		return err;
	mutex_lock(&lock);
	if (ready && want && !running)
		err = start_hooks();
	else if (ready && !want && running)
		stop_hooks();
	if (!err)
		start = want;
	mutex_unlock(&lock);
	return err;
}

static const struct kernel_param_ops start_ops = {
	.set = start_set,
	.get = param_get_uint,
};
module_param_cb(start, &start_ops, &start, 0644);
__MODULE_PARM_TYPE(start, "uint");
MODULE_PARM_DESC(start, "1: count, 0: stop counting, no hook registered (default 0)");

/* ---- views ---- */

KMON_READERS(readers);

static int nout_show(struct seq_file *m, void *unused)
{
	mutex_lock(&lock);
	seq_printf(m, "%llu\n", last_publication() - zero);
	mutex_unlock(&lock);
	return 0;
}

static int nout_reset(void)
{
	mutex_lock(&lock);
	published = total();
	zero = published;
	mutex_unlock(&lock);
	return 0;
}

KMON_TEXT_VIEW(nout_ops, nout_show, nout_reset, CAP_NET_ADMIN);

static int counter_show(struct seq_file *m, void *unused)
{
	seq_printf(m, "%u\n", READ_ONCE(counter));
	return 0;
}

static int counter_open(struct inode *inode, struct file *file)
{
	return single_open(file, counter_show, NULL);
}

static ssize_t counter_write(struct file *file, const char __user *src, size_t n, loff_t *pos)
{
	char text[32];
	unsigned int value;
	int err = kmon_need_capability(CAP_NET_ADMIN, "counter");

	if (err)
		return err;
	err = kmon_read_user(text, sizeof(text), src, n);
	if (err == -EINVAL)
		kmon_refuse("counter refused: the %zu bytes written are not a number\n", n);
	if (!err)
		err = kmon_uint_parse(text, "counter", 1, COUNTER_MAX, &value);
	if (err)
		return err;
	change_counter(value);
	return n;
}

static const struct proc_ops counter_ops = {
	.proc_open	= counter_open,
	.proc_read	= seq_read,
	.proc_lseek	= seq_lseek,
	.proc_release	= single_release,
	.proc_write	= counter_write,
};

static int json_show(struct seq_file *m, void *unused)
{
	u64 v[COUNTERS];

	/* Read what is published first: it must not exceed the count. */
	mutex_lock(&lock);
	kmon_json_head(m);
	seq_printf(m, ",\"all_netns\":%u,\"running\":%s,\"counter\":%u,\"published\":%llu",
		   all_netns, running ? "true" : "false", counter, last_publication());
	mutex_unlock(&lock);
	kmon_snapshot(out, v, COUNTERS);

	seq_printf(m, ",\"packets\":%llu,\"segments\":%llu}\n",
		   v[PACKETS_V4] + v[PACKETS_V6],
		   v[PACKETS_V4] + v[PACKETS_V6] + v[EXTRA_SEGMENTS_V4] + v[EXTRA_SEGMENTS_V6]);
	seq_printf(m, "{\"ip_version\":4,\"packets\":%llu,\"segments\":%llu}\n",
		   v[PACKETS_V4], v[PACKETS_V4] + v[EXTRA_SEGMENTS_V4]);
	seq_printf(m, "{\"ip_version\":6,\"packets\":%llu,\"segments\":%llu}\n",
		   v[PACKETS_V6], v[PACKETS_V6] + v[EXTRA_SEGMENTS_V6]);
	return 0;
}

/* ---- load and unload ---- */

static int __init kstat_init(void)
{
	struct proc_dir_entry *dir;
	int err = 0;

	kmon_counters_init(out);

	mutex_lock(&lock);
	if (start)
		err = start_hooks();
	ready = !err;
	mutex_unlock(&lock);
	if (err)
		return err;

	dir = proc_mkdir("kstat", NULL);
	if (!dir || !kmon_view_create(&readers, "nout", 0200, dir, &nout_ops) ||
	    !kmon_view_create(&readers, "counter", 0200, dir, &counter_ops) ||
	    !kmon_view_single(&readers, "stats.json", dir, json_show))
		goto err_proc;
	return 0;

err_proc:
	proc_remove(dir);
	mutex_lock(&lock);
	ready = false;
	if (running)
		stop_hooks();
	mutex_unlock(&lock);
	pr_err("cannot create /proc/kstat: out of memory, or the name is taken\n");
	return -ENOMEM;
}

static void __exit kstat_exit(void)
{
	remove_proc_subtree("kstat", NULL);

	mutex_lock(&lock);
	ready = false;
	if (running)
		stop_hooks();
	mutex_unlock(&lock);

	pr_info("unloaded, %llu outgoing TCP packets counted\n", total());
}

module_init(kstat_init);
module_exit(kstat_exit);

MODULE_DESCRIPTION("Outgoing TCP packets, published in steps");
MODULE_VERSION(KMON_VERSION);
MODULE_LICENSE("GPL");
