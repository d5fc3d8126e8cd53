/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A tap sees each frame that its device receives, and counts it in its book.
 */
#ifndef L2_TAP_H
#define L2_TAP_H

#include <linux/list.h>
#include <linux/netdevice.h>

#include "book.h"

enum tap_hook { HOOK_AUTO, HOOK_TRACEPOINT, HOOK_PACKET_TYPE, HOOK_RX_HANDLER };

struct tap {
	struct hlist_node by_dev;	/* for the tracepoint to find it; first, so it is found fast */
	struct net_device *traced;	/* dev while the tracepoint counts for it */
	struct net_device *dev;		/* NULL: attached to none */
	enum tap_hook hook;		/* in use while dev is set */
	bool was_attached;
	struct packet_type pt;
	struct mac_book book;
};

extern unsigned int tap_hook_wanted;		/* enum tap_hook: the parameter `hook` */
const char *tap_hook_name(enum tap_hook hook);

int tap_attach(struct tap *tap, struct net_device *dev);
void tap_detach(struct tap *tap);
void tap_choose_again(struct tap *tap);
void tap_init(void);
void tap_exit(void);

#endif
