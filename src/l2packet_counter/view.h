/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * /proc/l2packet_counter and /proc/l2packet_counter.json.
 */
#ifndef L2_VIEW_H
#define L2_VIEW_H

int view_init(void);
void view_exit(void);

#endif
