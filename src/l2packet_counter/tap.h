/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A tap sees each frame that its device receives and, if wanted, each that it sends, and
 * counts it in its book.
 */
#ifndef L2_TAP_H
#define L2_TAP_H

#include <linux/list.h>
#include <linux/netdevice.h>

#include "book.h"
#include "main.h"

enum tap_hook { HOOK_AUTO, HOOK_TRACEPOINT, HOOK_PACKET_TYPE, HOOK_RX_HANDLER };

/* What a tracepoint knows about a tap. */
struct tap_side {
	struct hlist_node by_dev;	/* in the tracepoint's lookup; first, because that is fastest */
	struct net_device *traced;	/* the tap's device while the tracepoint counts for it */
};

struct tap {
	struct tap_side received;	/* first, for the same reason */
	struct tap_side sent;
	struct net_device *dev;		/* NULL: not attached */
	enum tap_hook hook;		/* for received frames; in use while dev is set */
	bool was_attached;
	bool alone;			/* it was the only watched interface when it was attached */
	bool counts_sent;		/* now or earlier: the figures of sent frames are shown */
	struct packet_type pt;
	struct mac_book book;
};

extern unsigned int tap_hook_wanted;		/* enum tap_hook: the parameter `hook` */
const char *tap_hook_name(enum tap_hook hook);

int tap_attach(struct tap *tap, struct net_device *dev, bool alone);
void tap_detach(struct tap *tap);
void tap_choose_again(struct tap *tap);
int tap_set_direction(struct tap *tap, enum l2_direction direction);
bool tap_can_see_sent(void);
void tap_init(void);
void tap_synchronize(void);

#endif
