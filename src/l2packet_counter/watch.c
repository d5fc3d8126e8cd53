// SPDX-License-Identifier: GPL-2.0-only
/*
 * The watched interfaces: set by the parameter, followed through the notifier.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/if_arp.h>
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include <net/net_namespace.h>

#include "kmon_refuse.h"
#include "kmon_text.h"
#include "tap.h"
#include "watch.h"

DEFINE_MUTEX(watches_lock);
LIST_HEAD(watches);

/* A name for the log: at most IFNAMSIZ bytes, escaped. */
struct shown_name { char s[KMON_ESCAPED(IFNAMSIZ)]; };

static const char *show(struct shown_name *buf, const char *name)
{
	kmon_escape(buf->s, sizeof(buf->s), name, IFNAMSIZ);
	return buf->s;
}

/* ---- a watch ---- */

static void watch_release(struct kref *ref)
{
	struct watch *w = container_of(ref, struct watch, ref);

	book_free(&w->tap.book);
	kfree(w);
}

void watch_put(struct watch *w)
{
	kref_put(&w->ref, watch_release);
}

static struct watch *watch_alloc(const char *name)
{
	struct watch *w = kzalloc(sizeof(*w), GFP_KERNEL);

	if (!w)
		return NULL;
	if (book_init(&w->tap.book)) {
		kfree(w);
		return NULL;
	}
	kref_init(&w->ref);
	w->tap.counts_sent = l2_direction == DIRECTION_BOTH;
	strscpy(w->name, name, sizeof(w->name));
	return w;
}

/* Releases detached watches, once no CPU is in their taps any more. */
static void put_all(struct list_head *gone)
{
	struct watch *w, *next;

	if (list_empty(gone))
		return;
	tap_synchronize();
	list_for_each_entry_safe(w, next, gone, list)
		watch_put(w);
}

static struct watch *find_by_name(struct list_head *list, const char *name)
{
	struct watch *w;

	list_for_each_entry(w, list, list)
		if (!strcmp(w->name, name))
			return w;
	return NULL;
}

static struct watch *find_by_dev(const struct net_device *dev)
{
	struct watch *w;

	list_for_each_entry(w, &watches, list)
		if (w->tap.dev == dev)
			return w;
	return NULL;
}

/* A VRF claims to be Ethernet but carries no frames; with a tap it would fake some. */
static bool is_ethernet(const struct net_device *dev)
{
	return dev->type == ARPHRD_ETHER && !(dev->flags & IFF_LOOPBACK) &&
	       !netif_is_l3_master(dev);
}

/* ---- the parameter ---- */

/* Finds the Ethernet device with that name or alternative name. */
static int find_device(const char *name, struct net_device **dev)
{
	struct shown_name shown;

	*dev = __dev_get_by_name(&init_net, name);
	if (!*dev) {
		kmon_refuse("interface %s does not exist\n", show(&shown, name));
		return -ENODEV;
	}
	if (!is_ethernet(*dev)) {
		kmon_refuse("interface %s is not an Ethernet interface\n", show(&shown, name));
		return -EINVAL;
	}
	return 0;
}

/* Finds the watch that a name means: its device's, or the one waiting for this name. */
static struct watch *find_watch(const char *name)
{
	struct net_device *dev = __dev_get_by_name(&init_net, name);
	struct watch *w = dev ? find_by_dev(dev) : NULL;

	return w ?: find_by_name(&watches, dev ? netdev_name(dev) : name);
}

/*
 * Makes sure that there is a watch for a name, and that it counts if its device exists.
 * `alone`: it is to be the only one.
 */
static int ensure_watch(const char *name, bool alone)
{
	struct watch *w = find_watch(name);
	struct net_device *dev;
	struct shown_name shown;
	int err;

	if (w && (w->tap.dev || !__dev_get_by_name(&init_net, name)))
		return 0;	/* it already counts, or keeps waiting */
	err = find_device(name, &dev);
	if (err)
		return err;
	if (!w) {
		w = watch_alloc(netdev_name(dev));
		if (!w)
			return -ENOMEM;
		list_add_tail(&w->list, &watches);
	}
	err = tap_attach(&w->tap, dev, alone);
	if (err && err != -EBUSY)
		kmon_refuse("interface %s cannot be watched: %d\n", show(&shown, name), err);
	return err;
}

static void let_go(struct watch *w, struct list_head *gone)
{
	if (w->tap.dev)
		tap_detach(&w->tap);
	list_move(&w->list, gone);
}

/* Watches exactly the n names; all or nothing.  Under rtnl and watches_lock. */
static int set_names(char (*names)[IFNAMSIZ], unsigned int n, struct list_head *gone)
{
	struct list_head *last = watches.prev;	/* the last of the earlier ones */
	struct watch *w, *next;
	LIST_HEAD(ordered);
	unsigned int i;
	int err = 0;

	for (i = 0; i < n && !err; i++)
		err = ensure_watch(names[i], n == 1);
	if (err) {
		/* The new ones come after the last of the earlier ones. */
		while (watches.prev != last)
			let_go(list_last_entry(&watches, struct watch, list), gone);
		return err;
	}

	/* Nothing can fail any more.  Watches that stay keep their counts, in the new order. */
	for (i = 0; i < n; i++) {
		w = find_watch(names[i]);
		if (w)	/* NULL: two names of one device */
			list_move_tail(&w->list, &ordered);
	}
	list_for_each_entry_safe(w, next, &watches, list)
		let_go(w, gone);
	list_splice(&ordered, &watches);
	return 0;
}

/* Splits "eth0,eth1" into names; returns how many, or -EINVAL after logging why. */
static int split_names(char *list, char (*names)[IFNAMSIZ])
{
	struct shown_name shown;
	char *name;
	int i, n = 0;

	list = strim(list);
	while (*list && (name = strsep(&list, ","))) {
		name = strim(name);
		if (!dev_valid_name(name) || n == MAX_WATCHES)
			goto bad;
		for (i = 0; i < n; i++)
			if (!strcmp(names[i], name))
				goto bad;
		strscpy(names[n++], name, IFNAMSIZ);
		if (!list)
			break;
		if (!*list)
			goto bad;
	}
	return n;

bad:
	kmon_refuse("interface list refused at \"%s\": expected up to %d different names, separated by commas\n",
		    show(&shown, name ?: ""), MAX_WATCHES);
	return -EINVAL;
}

int watch_set(const char *list)
{
	char (*names)[IFNAMSIZ] = kcalloc(MAX_WATCHES, sizeof(*names), GFP_KERNEL);
	char *copy = kstrdup(list, GFP_KERNEL);
	LIST_HEAD(gone);
	int n = -ENOMEM;

	if (names && copy)
		n = split_names(copy, names);
	if (n >= 0) {
		rtnl_lock();
		mutex_lock(&watches_lock);
		n = set_names(names, n, &gone);
		mutex_unlock(&watches_lock);
		rtnl_unlock();
		put_all(&gone);
	}
	kfree(copy);
	kfree(names);
	return n;
}

int watch_names(char *buf, size_t size)
{
	struct watch *w;
	int n = 0;

	mutex_lock(&watches_lock);
	list_for_each_entry(w, &watches, list)
		n += scnprintf(buf + n, size - n, "%s%s", n ? "," : "", w->name);
	mutex_unlock(&watches_lock);
	n += scnprintf(buf + n, size - n, "\n");
	return n;
}

/* ---- devices that appear, disappear and change their names ---- */

static void device_came(struct net_device *dev)
{
	struct watch *w = find_by_name(&watches, dev->name);
	struct shown_name shown;

	if (!w || w->tap.dev || find_by_dev(dev))
		return;
	if (!is_ethernet(dev) || tap_attach(&w->tap, dev, list_is_singular(&watches)))
		pr_warn_ratelimited("%s is back but cannot be watched; still waiting\n",
				    show(&shown, w->name));
	else
		pr_info_ratelimited("%s is back, counting continues\n", show(&shown, w->name));
}

static void device_went(struct net_device *dev)
{
	struct watch *w = find_by_dev(dev);
	struct shown_name shown;

	if (!w)
		return;
	tap_detach(&w->tap);
	pr_info_ratelimited("%s is gone, waiting for it to return\n", show(&shown, w->name));
}

static void device_renamed(struct net_device *dev)
{
	struct watch *waiting = find_by_name(&watches, dev->name);
	struct watch *w = find_by_dev(dev);
	struct shown_name shown;
	LIST_HEAD(gone);

	if (!w) {
		device_came(dev);
		return;
	}
	/* One row per name: the watch that waited for this name has nothing to wait for. */
	if (waiting && waiting != w) {
		pr_warn("%s is now the name of another watched interface; its old counts are dropped\n",
			show(&shown, dev->name));
		let_go(waiting, &gone);
	}
	strscpy(w->name, dev->name, sizeof(w->name));
	put_all(&gone);
}

/* Called just before its first frame. */
static void device_comes_up(struct net_device *dev)
{
	struct watch *w = find_by_dev(dev);

	if (w)
		tap_choose_again(&w->tap);
	else
		device_came(dev);	/* memory may have been short when it was announced */
}

/* From now on, this device may get what the lower device receives. */
static void device_got_lower(struct net_device *dev)
{
	struct watch *w = find_by_dev(dev);

	if (w)
		tap_choose_again(&w->tap);
}

/* The device that an event concerns. */
static struct net_device *device_of(unsigned long event, void *ptr)
{
	const struct netdev_notifier_changeupper_info *info = ptr;

	if (event != NETDEV_CHANGEUPPER)
		return netdev_notifier_info_to_dev(ptr);
	return info->linking ? info->upper_dev : NULL;
}

static int on_device_event(struct notifier_block *nb, unsigned long event, void *ptr)
{
	struct net_device *dev = device_of(event, ptr);

	if (!dev || !net_eq(dev_net(dev), &init_net))
		return NOTIFY_DONE;

	mutex_lock(&watches_lock);
	if (event == NETDEV_REGISTER)
		device_came(dev);
	else if (event == NETDEV_UNREGISTER)
		device_went(dev);
	else if (event == NETDEV_CHANGENAME)
		device_renamed(dev);
	else if (event == NETDEV_PRE_UP)
		device_comes_up(dev);
	else if (event == NETDEV_CHANGEUPPER)
		device_got_lower(dev);
	mutex_unlock(&watches_lock);
	return NOTIFY_DONE;
}

static struct notifier_block device_notifier = {
	.notifier_call = on_device_event,
};

/* ---- all of them ---- */

/* Under rtnl and watches_lock. */
static int set_direction(enum l2_direction direction)
{
	struct watch *w;
	int err = 0;

	list_for_each_entry(w, &watches, list)
		err = err ?: tap_set_direction(&w->tap, direction);
	if (err) {
		list_for_each_entry(w, &watches, list)
			tap_set_direction(&w->tap, l2_direction);
		kmon_refuse("cannot use direction=%s: %d\n", direction_name(direction), err);
		return err;
	}
	list_for_each_entry(w, &watches, list)
		w->tap.counts_sent |= direction == DIRECTION_BOTH;
	WRITE_ONCE(l2_direction, direction);
	return 0;
}

/* For all watched interfaces, present and future; all or nothing. */
int watch_set_direction(enum l2_direction direction)
{
	enum l2_direction before;
	int err;

	if (direction == DIRECTION_BOTH && !tap_can_see_sent()) {
		kmon_refuse("direction=both refused: this kernel has no tracepoint net_dev_start_xmit\n");
		return -EOPNOTSUPP;
	}
	rtnl_lock();
	mutex_lock(&watches_lock);
	before = l2_direction;
	err = set_direction(direction);
	mutex_unlock(&watches_lock);
	rtnl_unlock();
	/* The next write may attach the taps again; then no CPU may still be walking the old list. */
	if (before != direction)
		tap_synchronize();
	return err;
}

void watch_bound_changed(void)
{
	struct watch *w;

	mutex_lock(&watches_lock);
	list_for_each_entry(w, &watches, list)
		book_bound_changed(&w->tap.book);
	mutex_unlock(&watches_lock);
}

/* A reset may wait for a grace period, so it does not hold the list's lock. */
int watch_reset_all(void)
{
	struct watch *all[MAX_WATCHES], *w;
	int i, n = 0, err = 0;

	mutex_lock(&watches_lock);
	list_for_each_entry(w, &watches, list) {
		kref_get(&w->ref);
		all[n++] = w;
	}
	mutex_unlock(&watches_lock);

	for (i = 0; i < n; i++) {
		err = book_reset(&all[i]->tap.book) ?: err;
		watch_put(all[i]);
	}
	return err;
}

int watch_init(void)
{
	tap_init();
	return register_netdevice_notifier(&device_notifier);
}

/* tell: log the final totals. */
void watch_exit(bool tell)
{
	struct mac_report report;
	struct shown_name shown;
	struct watch *w;
	LIST_HEAD(gone);

	/* Detach by hand: the notifier would report each device as gone. */
	rtnl_lock();
	mutex_lock(&watches_lock);
	list_splice_init(&watches, &gone);
	list_for_each_entry(w, &gone, list)
		if (w->tap.dev)
			tap_detach(&w->tap);
	mutex_unlock(&watches_lock);
	rtnl_unlock();
	unregister_netdevice_notifier(&device_notifier);
	tap_synchronize();

	list_for_each_entry(w, &gone, list) {
		if (!tell)
			continue;
		book_totals(&w->tap.book, &report);
		pr_info("Interface: %s, Total packets: %llu, MAC addresses: %u\n",
			show(&shown, w->name), report.total[MAC_RECEIVED].packets, report.sources);
		if (w->tap.counts_sent)
			pr_info("Interface: %s, Sent packets: %llu\n", show(&shown, w->name),
				report.total[MAC_SENT].packets + report.total[MAC_SENT].group_packets);
	}
	put_all(&gone);
}
