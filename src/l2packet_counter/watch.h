/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The watched interfaces: which names were requested, and which of them exist.
 *
 * A watch outlives its device.  Under rtnl it attaches when a device of its name
 * appears, and detaches when that disappears.  It keeps no reference.
 */
#ifndef L2_WATCH_H
#define L2_WATCH_H

#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/netdevice.h>

#include "tap.h"

#define MAX_WATCHES	64

struct watch {
	struct tap tap;			/* its device is NULL while the interface is missing */
	struct list_head list;		/* in `watches`, in the order of the parameter */
	struct kref ref;		/* of the list, and of readers */
	char name[IFNAMSIZ];
};

/* Taken inside rtnl; guards the list, and the names and devices in it. */
extern struct mutex watches_lock;
extern struct list_head watches;

void watch_put(struct watch *w);

int watch_init(void);
void watch_exit(bool tell);
int watch_set(const char *names);
int watch_names(char *buf, size_t size);
int watch_set_direction(enum l2_direction direction);
void watch_bound_changed(void);
int watch_reset_all(void);

#endif
