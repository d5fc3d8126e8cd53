/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * No packet lost on the way in.
 *
 * What lo and veth deliver waits in the receiving processor's backlog. When
 * ksoftirqd is to empty it, the sender is quicker, and beyond
 * net.core.netdev_max_backlog (1000) packets are dropped; lo, and veth of old
 * kernels, do not tell the sender. So senders stop now and then until the
 * backlog is short again.
 */
#ifndef PACE_H
#define PACE_H

#include "probe.h"

/* All senders together never have more than this in flight. */
#define BACKLOG_SAFE 768

/* Packets waiting on all processors, or 0 where the kernel does not say. */
static inline unsigned long backlog_length(void)
{
	unsigned long total = 0;
	unsigned int waiting;
	char line[256];
	FILE *file;

	file = fopen("/proc/net/softnet_stat", "r");
	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file)) {
		/* A line a processor, in hex; the 12th column since Linux 5.8. */
		if (sscanf(line, "%*x %*x %*x %*x %*x %*x %*x %*x %*x %*x %*x %x",
			   &waiting) == 1)
			total += waiting;
	}
	fclose(file);
	return total;
}

static inline void wait_for_backlog(unsigned long most)
{
	while (!out_of_time && backlog_length() > most)
		usleep(100);
}

/* At the end: until all has been received, but not for ever beside others. */
static inline void settle(void)
{
	for (int i = 0; i < 1000 && !out_of_time && backlog_length(); i++)
		usleep(1000);
}

#endif
