// SPDX-License-Identifier: GPL-2.0-only
/*
 * l2packet_counter: received frames by source MAC address and, if wanted, sent frames by
 * destination.
 *
 * main.c	settings, the periodic reset, load and unload
 * watch.c	which interfaces are watched, and when they appear and disappear
 * tap.c	how their frames are seen
 * book.c	how they are counted
 * table.c	where a MAC and its counts are found
 * report.c	adding the counts up, and resetting them
 * view.c	/proc/l2packet_counter and /proc/l2packet_counter.json
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/workqueue.h>

#include "kmon_param.h"
#include "main.h"
#include "view.h"
#include "watch.h"

/*
 * True between init and exit.  Settings written earlier are stored for init; those
 * written later have nothing left to change.
 */
static bool ready;
static DEFINE_MUTEX(ready_lock);	/* outside rtnl */

/* ---- interface ---- */

static char interface_at_load[MAX_WATCHES * IFNAMSIZ + 1] = "eth0";

static int interface_set(const char *val, const struct kernel_param *kp)
{
	int err = 0;

	mutex_lock(&ready_lock);
	if (ready)
		err = watch_set(val);
	else if (strscpy(interface_at_load, val, sizeof(interface_at_load)) < 0)
		err = -EINVAL;
	mutex_unlock(&ready_lock);
	return err;
}

static int interface_get(char *buf, const struct kernel_param *kp)
{
	return watch_names(buf, PAGE_SIZE);
}

static const struct kernel_param_ops interface_ops = {
	.set = interface_set,
	.get = interface_get,
};
module_param_cb(interface, &interface_ops, NULL, 0644);
__MODULE_PARM_TYPE(interface, "charp");
MODULE_PARM_DESC(interface, "Ethernet interfaces to watch, separated by commas; empty: none (default eth0)");

/* ---- reset_interval and max_macs ---- */

struct workqueue_struct *l2_queue;
unsigned int reset_interval = 20;

static void reset_work_fn(struct work_struct *work);
static DECLARE_DELAYED_WORK(reset_work, reset_work_fn);

static void reset_work_fn(struct work_struct *work)
{
	watch_reset_all();
	mutex_lock(&ready_lock);
	if (ready && reset_interval)
		queue_delayed_work(l2_queue, &reset_work, reset_interval * HZ);
	mutex_unlock(&ready_lock);
}

/* Starts a new interval. */
static void schedule_reset(void)
{
	if (reset_interval)
		mod_delayed_work(l2_queue, &reset_work, reset_interval * HZ);
	else
		cancel_delayed_work(&reset_work);
}

static void reset_interval_apply(unsigned int seconds)
{
	mutex_lock(&ready_lock);
	WRITE_ONCE(reset_interval, seconds);
	if (ready)
		schedule_reset();
	mutex_unlock(&ready_lock);
}

KMON_PARAM_UINT(reset_interval, reset_interval, 0644, 0, 86400, reset_interval_apply,
		"seconds between resets of the text view, 0 to 86400, 0: never (default 20)");

unsigned int max_macs = 65536;

static void max_macs_apply(unsigned int n)
{
	WRITE_ONCE(max_macs, n);
	watch_bound_changed();
}

KMON_PARAM_UINT(max_macs, max_macs, 0644, 1, 1048576, max_macs_apply,
		"MAC addresses kept for each interface, 1 to 1048576; frames from others count in the total (default 65536)");

/* ---- direction ---- */

static const char * const direction_names[] = {
	[DIRECTION_RX]		= "rx",
	[DIRECTION_BOTH]	= "both",
};

unsigned int l2_direction = DIRECTION_RX;

const char *direction_name(enum l2_direction direction)
{
	return direction_names[direction];
}

static int direction_apply(unsigned int direction)
{
	int err = 0;

	mutex_lock(&ready_lock);
	if (ready)
		err = watch_set_direction(direction);
	else
		l2_direction = direction;
	mutex_unlock(&ready_lock);
	return err;
}

KMON_PARAM_CHOICE(direction, l2_direction, 0644, direction_names, direction_apply,
		  "which frames count: rx (received, by source) or both (also sent, by destination) (default rx)");

/* ---- load and unload ---- */

static int __init l2packet_counter_init(void)
{
	int err;

	l2_queue = alloc_workqueue("l2packet_counter", WQ_UNBOUND, 0);
	if (!l2_queue)
		return -ENOMEM;
	err = watch_init();
	if (err)
		goto err_queue;

	/* A setting written from here on waits, and then takes effect. */
	mutex_lock(&ready_lock);
	err = watch_set_direction(l2_direction);
	if (!err)
		err = watch_set(interface_at_load);
	if (!err)
		err = view_init();
	if (!err) {
		ready = true;
		schedule_reset();
	}
	mutex_unlock(&ready_lock);
	if (err)
		goto err_watch;
	return 0;

err_watch:
	watch_exit(false);
err_queue:
	destroy_workqueue(l2_queue);
	return err;
}

static void __exit l2packet_counter_exit(void)
{
	view_exit();

	mutex_lock(&ready_lock);
	ready = false;
	mutex_unlock(&ready_lock);
	cancel_delayed_work_sync(&reset_work);

	watch_exit(true);
	destroy_workqueue(l2_queue);
}

module_init(l2packet_counter_init);
module_exit(l2packet_counter_exit);

MODULE_DESCRIPTION("Received frames per source MAC address, and sent ones per destination");
MODULE_VERSION(KMON_VERSION);
MODULE_LICENSE("GPL");
