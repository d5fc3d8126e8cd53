/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Avoids losing packets on reception.
 *
 * What lo and veth deliver waits in the receiving CPU's backlog. If ksoftirqd
 * has to empty it, the sender is faster, and beyond
 * net.core.netdev_max_backlog (1000) packets are dropped. lo, and veth of old
 * kernels, do not tell the sender. So senders pause now and then until the
 * backlog is short again.
 */
#ifndef PACE_H
#define PACE_H

#include "probe.h"

/* All senders together never have more packets than this in flight. */
#define BACKLOG_SAFE 768

/* Packets waiting on all CPUs, or 0 if the kernel does not tell. */
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
		/* One line per CPU, in hex; the 12th column exists since Linux 5.8. */
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

/* Waits at the end until everything has been received, but not for ever if others also send. */
static inline void settle(void)
{
	for (int i = 0; i < 1000 && !out_of_time && backlog_length(); i++)
		usleep(1000);
}

#endif
