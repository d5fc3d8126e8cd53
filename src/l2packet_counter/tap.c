// SPDX-License-Identifier: GPL-2.0-only
/*
 * The taps: three ways to see each frame that an interface receives, and one to see
 * each that it sends.
 *
 * Received:
 * tracepoint	netif_receive_skb: every frame, before bridges, bonds and VLANs take it;
 *		cheapest, and does not interfere with anything
 * packet_type	for devices that get their frames inside the receive path, after the
 *		tracepoint: VLANs, bonds, macvlans and similar
 * rx_handler	the original module's way, if requested: it has one user per device, so
 *		it and a bridge exclude each other, and it misses frames of VLAN children
 *
 * Sent, if the parameter `direction` says so:
 *
 * tracepoint	net_dev_start_xmit: every frame that is handed to the device's driver, after
 *		the queueing discipline, whatever devices are stacked above or below
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
#include <trace/events/net.h>

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

KMON_PARAM_CHOICE(hook, tap_hook_wanted, 0444, hook_names, NULL,
		  "how frames are seen: auto, tracepoint, packet_type or rx_handler (default auto; set at load)");

/* ---- one frame ---- */

/* The key of an address; it also loads the two bytes that follow, which belong to the header. */
static __always_inline u64 address_key(const unsigned char *address)
{
	u64 bytes;

	memcpy(&bytes, address, sizeof(bytes));
	return mac_key(bytes);
}

static __always_inline u64 source_key(const unsigned char *header)
{
	return address_key(header + ETH_ALEN);
}

static __always_inline u64 destination_key(const unsigned char *header)
{
	return address_key(header);
}

/* Counts as book_count() does.  The address may be a group address. */
static __always_inline void count_address(struct tap *tap, enum mac_direction way, u64 key,
					  unsigned int frames, unsigned int bytes)
{
	if (mac_is_group(key))
		book_group(&tap->book, way, frames, bytes + frames * ETH_HLEN);
	else
		book_count(&tap->book, way, key, frames, bytes);
}

/*
 * The headers, in bytes, that a frame made by GSO or GRO lacks, because each of its
 * original frames had its own.  `header` bytes of the Ethernet header precede what the
 * skb's offsets are relative to.
 */
static noinline unsigned int merged_headers(const struct sk_buff *skb, unsigned int frames,
					    unsigned int header)
{
	unsigned int headers = kmon_gso_headers(skb);

	headers = headers > header ? headers - header : 0;
	if (skb_vlan_tag_present(skb))
		headers += VLAN_HLEN;
	return (frames - 1) * headers;
}

/* Counts any frame that has an Ethernet header, of which `header` bytes are part of skb->len. */
static void count_frames(struct tap *tap, enum mac_direction way, u64 key,
			 const struct sk_buff *skb, unsigned int header)
{
	unsigned int bytes = skb->len - header, frames = 1;

	if (skb_vlan_tag_present(skb))
		bytes += VLAN_HLEN;
	if (skb_is_gso(skb)) {
		frames = kmon_gso_segments(skb);
		bytes += merged_headers(skb, frames, header);
	}
	count_address(tap, way, key, frames, bytes);
}

/* Counts a frame without an Ethernet header, on an Ethernet device. */
static noinline void count_odd(struct tap *tap, enum mac_direction way, const struct sk_buff *skb)
{
	/* The copy of a multicast packet that this host sent was never a frame. */
	if (skb->pkt_type != PACKET_LOOPBACK)
		book_untracked(&tap->book, way, 1, skb->len);
}

/* ---- received ---- */

static void count_received_header(struct tap *tap, const struct sk_buff *skb)
{
	/* An unset mac_header also fails this. */
	if (skb->mac_header + ETH_HLEN > skb_headroom(skb))
		count_odd(tap, MAC_RECEIVED, skb);
	else
		count_frames(tap, MAC_RECEIVED, source_key(skb->head + skb->mac_header), skb, 0);
}

/* Counts any received frame. */
static noinline void count_frame(struct tap *tap, const struct sk_buff *skb)
{
	if (kmon_seen_before(skb))
		return;
	/* Only on PREEMPT_RT can another softirq preempt this on the same CPU. */
	if (IS_ENABLED(CONFIG_PREEMPT_RT))
		preempt_disable();
	count_received_header(tap, skb);
	if (IS_ENABLED(CONFIG_PREEMPT_RT))
		preempt_enable();
}

/* ---- a tracepoint, and the taps that it counts for ---- */

/*
 * It fires for every device of the system, so most frames must be dismissed at once.  A
 * tap that is the only one has its own probe.  Several share one probe, which looks them
 * up here: a tracepoint calls a single probe directly, and a second one would cost every
 * frame more than the lookup does.
 */
struct tracing {
	const char *name;
	void *on_only;			/* the probes */
	void *on_shared;
	struct tracepoint *tp;		/* NULL: this kernel does not have it */
	struct tap_side *only;		/* under rtnl, like what follows */
	struct hlist_head by_dev[256];
	unsigned int shared;
};

/* Does this kernel's tracepoint have exactly this signature? */
#define TRACEPOINT_CALLS(name, callback)						\
	__builtin_types_compatible_p(typeof(&check_trace_callback_type_##name),	\
				     void (*)(typeof(callback) *))

static void find_tracepoint(struct tracepoint *tp, void *tracing)
{
	struct tracing *t = tracing;

	if (!strcmp(tp->name, t->name))
		t->tp = tp;
}

static __always_inline struct hlist_head *dev_head(struct tracing *t, const struct net_device *dev)
{
	return &t->by_dev[(unsigned int)dev->ifindex % ARRAY_SIZE(t->by_dev)];
}

static __always_inline struct tap_side *find_side(struct tracing *t, const struct net_device *dev)
{
	struct tap_side *side;

	hlist_for_each_entry_rcu(side, dev_head(t, dev), by_dev)
		if (READ_ONCE(side->traced) == dev)
			return side;
	return NULL;
}

/*
 * A tap that was the only one keeps its own probe when others join: moving it to the
 * shared one would lose a frame or count it twice.
 */
static int tracing_attach(struct tracing *t, struct tap_side *side, struct net_device *dev,
			  bool alone)
{
	int err = 0;

	if (!t->tp)
		return -EOPNOTSUPP;
	alone = alone && !t->only && !t->shared;
	WRITE_ONCE(side->traced, dev);
	if (alone)
		err = tracepoint_probe_register(t->tp, t->on_only, side);
	else if (!t->shared)
		err = tracepoint_probe_register(t->tp, t->on_shared, NULL);
	if (err) {
		WRITE_ONCE(side->traced, NULL);
		return err;
	}
	if (alone) {
		t->only = side;
	} else {
		t->shared++;
		hlist_add_head_rcu(&side->by_dev, dev_head(t, dev));
	}
	return 0;
}

static void tracing_detach(struct tracing *t, struct tap_side *side)
{
	WRITE_ONCE(side->traced, NULL);
	if (side == t->only) {
		tracepoint_probe_unregister(t->tp, t->on_only, side);
		t->only = NULL;
		return;
	}
	hlist_del_rcu(&side->by_dev);
	if (!--t->shared)
		tracepoint_probe_unregister(t->tp, t->on_shared, NULL);
}

/* ---- received, by the tracepoint ---- */

/*
 * Was the frame here before, on its way to a cpumap?  Generic XDP takes it after the
 * tracepoint, and the cpumap's own thread receives it again.  Other frames that were
 * redirected to this device (tc mirred) are new to it.
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
 * Counts a plain frame that count_received() could not.  Its source may be a group
 * address, because no table has those.  (A clone made by the compiler would need more
 * arguments.)
 */
static noinline __noclone void count_plain(struct tap *tap, const struct sk_buff *skb)
{
	count_address(tap, MAC_RECEIVED, source_key(skb->head + skb->mac_header), 1, skb->len);
}

/*
 * Most frames are plain: a single frame with its header in front and no tag, that no
 * device received before.  Every frame of the interface executes this, so each
 * instruction counts.
 */
static __always_inline void count_received(struct tap *tap, const struct sk_buff *skb)
{
	const unsigned char *payload = skb->head + skb->mac_header + ETH_HLEN;

	if (IS_ENABLED(CONFIG_PREEMPT_RT) ||
	    unlikely(skb->skb_iif | skb_shinfo(skb)->gso_size) ||
	    unlikely(skb_vlan_tag_present(skb)) || unlikely(payload != skb->data))
		count_received_slowly(tap, skb);
	else if (unlikely(!book_count_quickly(&tap->book, MAC_RECEIVED,
					      source_key(payload - ETH_HLEN), skb->len)))
		count_plain(tap, skb);
}

static struct tracing received;

static void on_receive_of_only(void *data, struct sk_buff *skb)
{
	struct tap_side *side = data;

	if (READ_ONCE(side->traced) == skb->dev)
		count_received(container_of(side, struct tap, received), skb);
}

static void on_receive(void *unused, struct sk_buff *skb)
{
	struct tap_side *side = find_side(&received, skb->dev);

	if (side)
		count_received(container_of(side, struct tap, received), skb);
}

static struct tracing received = {
	.name		= "netif_receive_skb",
	.on_only	= on_receive_of_only,
	.on_shared	= on_receive,
};

/* ---- sent ---- */

/*
 * Counts any sent frame.  It starts with its Ethernet header, and is sent by a task with
 * softirqs off, or by a softirq.
 */
static noinline __noclone void count_sent_slowly(struct tap *tap, const struct sk_buff *skb)
{
	if (IS_ENABLED(CONFIG_PREEMPT_RT))
		preempt_disable();
	if (skb_headlen(skb) < ETH_HLEN)
		count_odd(tap, MAC_SENT, skb);
	else
		count_frames(tap, MAC_SENT, destination_key(skb->data), skb, ETH_HLEN);
	if (IS_ENABLED(CONFIG_PREEMPT_RT))
		preempt_enable();
}

/* Like count_plain(). */
static noinline __noclone void count_sent_plain(struct tap *tap, const struct sk_buff *skb)
{
	count_address(tap, MAC_SENT, destination_key(skb->data), 1, skb->len - ETH_HLEN);
}

/* Like count_received(). */
static __always_inline void count_sent(struct tap *tap, const struct sk_buff *skb)
{
	if (IS_ENABLED(CONFIG_PREEMPT_RT) || unlikely(skb_shinfo(skb)->gso_size) ||
	    unlikely(skb_vlan_tag_present(skb)) || unlikely(skb_headlen(skb) < ETH_HLEN))
		count_sent_slowly(tap, skb);
	else if (unlikely(!book_count_quickly(&tap->book, MAC_SENT, destination_key(skb->data),
					      skb->len - ETH_HLEN)))
		count_sent_plain(tap, skb);
}

static struct tracing sent;

static void on_send_of_only(void *data, const struct sk_buff *skb, const struct net_device *dev)
{
	struct tap_side *side = data;

	if (READ_ONCE(side->traced) == dev)
		count_sent(container_of(side, struct tap, sent), skb);
}

static void on_send(void *unused, const struct sk_buff *skb, const struct net_device *dev)
{
	struct tap_side *side = find_side(&sent, dev);

	if (side)
		count_sent(container_of(side, struct tap, sent), skb);
}

static struct tracing sent = {
	.name		= "net_dev_start_xmit",
	.on_only	= on_send_of_only,
	.on_shared	= on_send,
};

bool tap_can_see_sent(void)
{
	return sent.tp;
}

static int set_direction(struct tap *tap, struct net_device *dev, enum l2_direction direction)
{
	bool wanted = direction == DIRECTION_BOTH;

	if (wanted == !!tap->sent.traced)
		return 0;
	if (wanted)
		return tracing_attach(&sent, &tap->sent, dev, tap->alone);
	tracing_detach(&sent, &tap->sent);
	return 0;
}

/* Can fail only for DIRECTION_BOTH.  Under rtnl and watches_lock. */
int tap_set_direction(struct tap *tap, enum l2_direction direction)
{
	return tap->dev ? set_direction(tap, tap->dev, direction) : 0;
}

/* ---- packet_type ---- */

static int on_packet(struct sk_buff *skb, struct net_device *dev,
		     struct packet_type *pt, struct net_device *orig_dev)
{
	struct tap *tap = pt->af_packet_priv;

	/* While the hook is being changed, only one of the two may count. */
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
 * Does the device get its frames inside the receive path, after the tracepoint?
 * A bridge does not: its frames enter that path again.
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
	return received.tp && !is_stacked(dev) ? HOOK_TRACEPOINT : HOOK_PACKET_TYPE;
}

static int attach_hook(struct tap *tap, struct net_device *dev, enum tap_hook hook)
{
	switch (hook) {
	case HOOK_TRACEPOINT:
		return tracing_attach(&received, &tap->received, dev, tap->alone);
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
		tracing_detach(&received, &tap->received);
		break;
	case HOOK_RX_HANDLER:
		rx_handler_detach(tap);
		break;
	default:
		packet_type_detach(tap);
	}
}

/* `alone`: no other interface is to be watched.  Under rtnl and watches_lock. */
int tap_attach(struct tap *tap, struct net_device *dev, bool alone)
{
	enum tap_hook hook = choose_hook(dev);
	int err;

	/* A CPU may still be walking the list where the tap was before. */
	if (tap->was_attached)
		synchronize_net();
	tap->was_attached = true;
	tap->alone = alone;
	err = set_direction(tap, dev, l2_direction);
	if (err)
		return err;
	WRITE_ONCE(tap->hook, hook);
	err = attach_hook(tap, dev, hook);
	if (err) {
		set_direction(tap, dev, DIRECTION_RX);
		return err;
	}
	WRITE_ONCE(tap->dev, dev);
	return 0;
}

/* Under rtnl and watches_lock.  A frame may be counted until the next grace period. */
void tap_detach(struct tap *tap)
{
	detach_hook(tap, tap->hook);
	set_direction(tap, tap->dev, DIRECTION_RX);
	WRITE_ONCE(tap->dev, NULL);
}

/*
 * The device may have become another kind: a macvlan is recognisable only after it was
 * announced, and some devices get a lower device later.  No frame is missed: the new
 * hook is registered before it takes over.  Under rtnl and watches_lock.
 */
void tap_choose_again(struct tap *tap)
{
	enum tap_hook old = tap->hook, new = choose_hook(tap->dev);

	if (new == old)
		return;
	synchronize_net();	/* for the same reason as in tap_attach() */
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
	if (TRACEPOINT_CALLS(netif_receive_skb, on_receive))
		for_each_kernel_tracepoint(find_tracepoint, &received);
	if (TRACEPOINT_CALLS(net_dev_start_xmit, on_send))
		for_each_kernel_tracepoint(find_tracepoint, &sent);
}

/* When this returns, no CPU is in a tap that was detached before. */
void tap_synchronize(void)
{
	tracepoint_synchronize_unregister();
	synchronize_net();
}
