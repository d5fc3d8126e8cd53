// SPDX-License-Identifier: GPL-2.0-only
/*
 * The taps: three ways to see each frame that an interface receives.
 *
 * tracepoint	netif_receive_skb: every frame, before bridges, bonds and VLANs take it;
 *		cheapest, and in nobody's way
 * packet_type	for devices that are handed their frames inside the receive path,
 *		behind the tracepoint: VLANs, bonds, macvlans and their kind
 * rx_handler	the original module's way, if asked for: one user a device, so it and
 *		a bridge exclude each other, and it misses frames of VLAN children
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/etherdevice.h>
#include <linux/if_vlan.h>
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/preempt.h>
#include <linux/rtnetlink.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/tracepoint.h>

#include "kmon_packet.h"
#include "kmon_param.h"
#include "tap.h"

/* ---- the parameter `hook` ---- */

static const char * const hook_names[] = {
	[HOOK_AUTO]		= "auto",
	[HOOK_TRACEPOINT]	= "tracepoint",
	[HOOK_PACKET_TYPE]	= "packet_type",
	[HOOK_RX_HANDLER]	= "rx_handler",
};

unsigned int tap_hook_wanted = HOOK_AUTO;

const char *tap_hook_name(enum tap_hook hook)
{
	return hook_names[hook];
}

KMON_PARAM_CHOICE(hook, tap_hook_wanted, 0444, hook_names,
		  "how frames are seen: auto, tracepoint, packet_type or rx_handler (default auto; set at load)");

/* ---- one frame ---- */

/* A frame that GSO or GRO made of many counts as those, and so do their headers. */
static noinline void count_merged(struct tap *tap, u64 key, const struct sk_buff *skb,
				  unsigned int bytes)
{
	unsigned int frames = kmon_gso_segments(skb);
	unsigned int headers = kmon_gso_headers(skb);

	if (skb_vlan_tag_present(skb))
		headers += VLAN_HLEN;
	book_count(&tap->book, key, frames, bytes + (frames - 1) * headers);
}

/* A frame without an Ethernet header, on an Ethernet device. */
static noinline void count_odd(struct tap *tap, const struct sk_buff *skb)
{
	/* A multicast packet that this host sent and hears itself was never a frame. */
	if (skb->pkt_type != PACKET_LOOPBACK)
		book_untracked(&tap->book, 1, skb->len);
}

/* The source address and the two bytes behind it, which are still header. */
static __always_inline u64 source_key(const unsigned char *header)
{
	u64 bytes;

	memcpy(&bytes, header + ETH_ALEN, sizeof(bytes));
	return mac_key(bytes);
}

static void count_header(struct tap *tap, const struct sk_buff *skb)
{
	unsigned int bytes = skb->len;
	u64 key;

	/* An unset mac_header fails this, too. */
	if (skb->mac_header + ETH_HLEN > skb_headroom(skb)) {
		count_odd(tap, skb);
		return;
	}
	key = source_key(skb->head + skb->mac_header);
	if (skb_vlan_tag_present(skb))
		bytes += VLAN_HLEN;

	if (mac_is_group(key))
		book_skipped(&tap->book, kmon_segments(skb));
	else if (skb_is_gso(skb))
		count_merged(tap, key, skb, bytes);
	else
		book_count(&tap->book, key, 1, bytes);
}

/* Any frame. */
static noinline void count_frame(struct tap *tap, const struct sk_buff *skb)
{
	if (kmon_seen_before(skb))
		return;
	/* Only there can another softirq come in between on this CPU. */
	if (IS_ENABLED(CONFIG_PREEMPT_RT))
		preempt_disable();
	count_header(tap, skb);
	if (IS_ENABLED(CONFIG_PREEMPT_RT))
		preempt_enable();
}

/* ---- tracepoint ---- */

static struct tracepoint *receive_tp;		/* NULL: not in this kernel */

/*
 * The tracepoint fires for every device of the system: most frames must be dismissed
 * at once.  So the first tap has a probe to itself, and all others share one, which
 * finds them here.
 */
static struct tap *first_tap;			/* under rtnl, as what follows */
static struct hlist_head by_dev[256];
static unsigned int others;

/*
 * Was the frame here before, on its way to a cpumap?  Generic XDP takes it away
 * behind the tracepoint, and the cpumap's own thread has it received anew.  The other
 * frames that were redirected to this device by then (tc mirred) are new to it.
 */
static bool is_from_cpumap(const struct sk_buff *skb)
{
	return skb_is_redirected(skb) && skb->skb_iif == skb->dev->ifindex &&
	       !in_serving_softirq() && (current->flags & PF_KTHREAD) &&
	       strstarts(current->comm, "cpumap/");
}

static noinline __noclone void count_received_slowly(struct tap *tap, const struct sk_buff *skb)
{
	if (!is_from_cpumap(skb))
		count_frame(tap, skb);
}

/*
 * One that count_received() found to be plain, but could not count: so its source may
 * be of a group, too, as no table has such an address.  (A clone would want more
 * arguments of it.)
 */
static noinline __noclone void count_plain(struct tap *tap, const struct sk_buff *skb)
{
	u64 key = source_key(skb->head + skb->mac_header);

	if (mac_is_group(key))
		book_skipped(&tap->book, 1);
	else
		book_count(&tap->book, key, 1, skb->len);
}

/*
 * Most frames are plain: one, with its header in front of it and no tag, that no device
 * received before.  Each instruction here is one more for every frame of the interface.
 */
static __always_inline void count_received(struct tap *tap, const struct sk_buff *skb)
{
	const unsigned char *payload = skb->head + skb->mac_header + ETH_HLEN;

	if (IS_ENABLED(CONFIG_PREEMPT_RT) ||
	    unlikely(skb->skb_iif | skb_shinfo(skb)->gso_size) ||
	    unlikely(skb_vlan_tag_present(skb)) || unlikely(payload != skb->data))
		count_received_slowly(tap, skb);
	else if (unlikely(!book_count_quickly(&tap->book, source_key(payload - ETH_HLEN),
					      skb->len)))
		count_plain(tap, skb);
}

static void on_receive_of_first(void *data, struct sk_buff *skb)
{
	struct tap *tap = data;

	if (READ_ONCE(tap->traced) == skb->dev)
		count_received(tap, skb);
}

static struct hlist_head *dev_head(const struct net_device *dev)
{
	return &by_dev[(unsigned int)dev->ifindex % ARRAY_SIZE(by_dev)];
}

static void on_receive(void *unused, struct sk_buff *skb)
{
	struct tap *tap;

	hlist_for_each_entry_rcu(tap, dev_head(skb->dev), by_dev) {
		if (READ_ONCE(tap->traced) == skb->dev) {
			count_received(tap, skb);
			return;
		}
	}
}

static void find_receive(struct tracepoint *tp, void *unused)
{
	if (!strcmp(tp->name, "netif_receive_skb"))
		receive_tp = tp;
}

static int tracepoint_attach(struct tap *tap, struct net_device *dev)
{
	int err = 0;

	if (!receive_tp)
		return -EOPNOTSUPP;
	if (first_tap && !others)
		err = tracepoint_probe_register(receive_tp, on_receive, NULL);
	if (err)
		return err;
	WRITE_ONCE(tap->traced, dev);
	if (first_tap) {
		others++;
		hlist_add_head_rcu(&tap->by_dev, dev_head(dev));
		return 0;
	}
	err = tracepoint_probe_register(receive_tp, on_receive_of_first, tap);
	if (err)
		WRITE_ONCE(tap->traced, NULL);
	else
		first_tap = tap;
	return err;
}

static void tracepoint_detach(struct tap *tap)
{
	WRITE_ONCE(tap->traced, NULL);
	if (tap == first_tap) {
		tracepoint_probe_unregister(receive_tp, on_receive_of_first, tap);
		first_tap = NULL;
		return;
	}
	hlist_del_rcu(&tap->by_dev);
	if (!--others)
		tracepoint_probe_unregister(receive_tp, on_receive, NULL);
}

/* ---- packet_type ---- */

static int on_packet(struct sk_buff *skb, struct net_device *dev,
		     struct packet_type *pt, struct net_device *orig_dev)
{
	struct tap *tap = pt->af_packet_priv;

	/* Not yet, or no longer, while another hook takes turns with this one. */
	if (READ_ONCE(tap->hook) == HOOK_PACKET_TYPE)
		count_frame(tap, skb);
	consume_skb(skb);
	return NET_RX_SUCCESS;
}

static int packet_type_attach(struct tap *tap, struct net_device *dev)
{
	tap->pt = (struct packet_type) {
		.type			= cpu_to_be16(ETH_P_ALL),
		.ignore_outgoing	= true,
		.dev			= dev,
		.func			= on_packet,
		.af_packet_priv		= tap,
	};
	dev_add_pack(&tap->pt);
	return 0;
}

static void packet_type_detach(struct tap *tap)
{
	__dev_remove_pack(&tap->pt);
}

/* ---- rx_handler ---- */

static rx_handler_result_t on_rx_handler(struct sk_buff **pskb)
{
	count_frame(rcu_dereference((*pskb)->dev->rx_handler_data), *pskb);
	return RX_HANDLER_PASS;
}

static int rx_handler_attach(struct tap *tap, struct net_device *dev)
{
	int err = netdev_rx_handler_register(dev, on_rx_handler, tap);

	if (err == -EBUSY)
		kmon_refuse("%s: hook=rx_handler refused: a bridge, bond or similar uses the receive handler; hook=auto does not need it\n",
			    netdev_name(dev));
	return err;
}

static void rx_handler_detach(struct tap *tap)
{
	netdev_rx_handler_unregister(tap->dev);
}

/* ---- which ---- */

/*
 * Is the device handed its frames inside the receive path, past the tracepoint?
 * A bridge is not: its frames enter that path anew.
 */
static bool is_stacked(const struct net_device *dev)
{
	if (netif_is_bridge_master(dev) || netif_is_ovs_master(dev))
		return false;
	return is_vlan_dev(dev) || netif_is_macvlan(dev) || netif_is_macsec(dev) ||
	       netif_is_lag_master(dev) || netif_is_failover(dev) ||
	       !list_empty(&dev->adj_list.lower);
}

static enum tap_hook choose_hook(const struct net_device *dev)
{
	if (tap_hook_wanted != HOOK_AUTO)
		return tap_hook_wanted;
	return receive_tp && !is_stacked(dev) ? HOOK_TRACEPOINT : HOOK_PACKET_TYPE;
}

static int attach_hook(struct tap *tap, struct net_device *dev, enum tap_hook hook)
{
	switch (hook) {
	case HOOK_TRACEPOINT:
		return tracepoint_attach(tap, dev);
	case HOOK_RX_HANDLER:
		return rx_handler_attach(tap, dev);
	default:
		return packet_type_attach(tap, dev);
	}
}

static void detach_hook(struct tap *tap, enum tap_hook hook)
{
	switch (hook) {
	case HOOK_TRACEPOINT:
		tracepoint_detach(tap);
		break;
	case HOOK_RX_HANDLER:
		rx_handler_detach(tap);
		break;
	default:
		packet_type_detach(tap);
	}
}

/* Under rtnl and watches_lock. */
int tap_attach(struct tap *tap, struct net_device *dev)
{
	enum tap_hook hook = choose_hook(dev);
	int err;

	/* A CPU may still be walking past the place where the tap was before. */
	if (tap->was_attached)
		synchronize_net();
	WRITE_ONCE(tap->hook, hook);
	err = attach_hook(tap, dev, hook);
	if (err)
		return err;
	WRITE_ONCE(tap->dev, dev);
	tap->was_attached = true;
	return 0;
}

/* Under rtnl and watches_lock.  A frame may be counted until the next grace period. */
void tap_detach(struct tap *tap)
{
	detach_hook(tap, tap->hook);
	WRITE_ONCE(tap->dev, NULL);
}

/*
 * The device may have become another kind: a macvlan is known as such only after it
 * was announced, and some devices get a lower one later.  Its frames are counted
 * meanwhile, too: the new hook is in place when it takes over.  Under rtnl and
 * watches_lock.
 */
void tap_choose_again(struct tap *tap)
{
	enum tap_hook old = tap->hook, new = choose_hook(tap->dev);

	if (new == old)
		return;
	synchronize_net();	/* as in tap_attach() */
	if (attach_hook(tap, tap->dev, new)) {
		pr_warn("%s: cannot use hook=%s, keeping %s\n", netdev_name(tap->dev),
			tap_hook_name(new), tap_hook_name(old));
		return;
	}
	WRITE_ONCE(tap->hook, new);
	detach_hook(tap, old);
}

void tap_init(void)
{
	for_each_kernel_tracepoint(find_receive, NULL);
}

/* Everything is detached; when this returns no CPU is in a tap any more. */
void tap_exit(void)
{
	tracepoint_synchronize_unregister();
	synchronize_net();
}
