/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The watched interfaces: which names were asked for, which of them are there.
 *
 * A watch outlives its device.  It attaches under rtnl when a device of its name
 * is there, lets go under rtnl when that goes, and keeps no reference in between.
 */
#ifndef L2_WATCH_H
#define L2_WATCH_H

#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/netdevice.h>

#include "table.h"

enum hook { HOOK_AUTO, HOOK_TRACEPOINT, HOOK_PACKET_TYPE, HOOK_RX_HANDLER };

#define MAX_WATCHES	64

struct watch {
	struct hlist_node by_dev;	/* for the tracepoint to find it; first, so it is found fast */
	struct list_head list;		/* in `watches`, in the order of the parameter */
	struct kref ref;		/* of the list, and of readers */
	char name[IFNAMSIZ];
	struct net_device *dev;		/* NULL: waiting for one of that name */
	enum hook hook;			/* in use while dev is set */
	bool was_attached;
	struct packet_type pt;
	struct mac_book book;
};

/* Taken inside rtnl; guards the list, and names and devices in it. */
extern struct mutex watches_lock;
extern struct list_head watches;

void watch_put(struct watch *w);

/* main.c: the parameters, and where the work is done */
extern struct workqueue_struct *l2_queue;
extern unsigned int hook_wanted;		/* enum hook */
extern unsigned int reset_interval;
const char *hook_name(enum hook hook);

/* tap.c: how frames are seen */
int tap_attach(struct watch *w, struct net_device *dev);
void tap_detach(struct watch *w);
bool tap_is_outdated(const struct watch *w);
void tap_init(void);
void tap_exit(void);

/* watch.c */
int watch_init(void);
void watch_exit(bool tell);
int watch_set(const char *names);
int watch_names(char *buf, size_t size);
void watch_bound_changed(void);
int watch_reset_all(void);

/* view.c */
int view_init(void);
void view_exit(void);

#endif
