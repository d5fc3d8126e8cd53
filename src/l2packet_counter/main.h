/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The settings that the other parts use, and the workqueue for what takes time.
 */
#ifndef L2_MAIN_H
#define L2_MAIN_H

struct workqueue_struct;

enum l2_direction { DIRECTION_RX, DIRECTION_BOTH };

extern struct workqueue_struct *l2_queue;
extern unsigned int l2_direction;	/* enum l2_direction: the parameter `direction` */
extern unsigned int reset_interval;	/* seconds, 0: never */
extern unsigned int max_macs;		/* of each interface */

const char *direction_name(enum l2_direction direction);

#endif
