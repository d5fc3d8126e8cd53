// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading a book, and resetting what its text view shows.
 */
#include <linux/cpumask.h>
#include <linux/if_ether.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "book.h"

static void add_rest(struct mac_book *book, enum mac_direction way, struct mac_total *total)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		const struct mac_rest *rest = per_cpu_ptr(book->rest[way], cpu);
		struct mac_rest one;
		unsigned int start;

		do {
			start = u64_stats_fetch_begin(&rest->sync);
			one.untracked_packets = READ_ONCE(rest->untracked_packets);
			one.untracked_bytes = READ_ONCE(rest->untracked_bytes);
			one.group_packets = READ_ONCE(rest->group_packets);
			one.group_bytes = READ_ONCE(rest->group_bytes);
		} while (u64_stats_fetch_retry(&rest->sync, start));
		total->untracked_packets += one.untracked_packets;
		total->untracked_bytes += one.untracked_bytes;
		total->group_packets += one.group_packets;
		total->group_bytes += one.group_bytes;
	}
}

/* Completes the totals, in which packets and bytes are the sums of the lines so far. */
static void add_totals(struct mac_book *book, struct mac_report *report)
{
	unsigned int way;

	for_each_way(way) {
		struct mac_total *total = &report->total[way];

		add_rest(book, way, total);
		total->evicted_packets = book->evicted[way].packets;
		total->evicted_bytes = book->evicted[way].bytes;
		total->packets += total->untracked_packets + total->evicted_packets;
		total->bytes += total->untracked_bytes + total->evicted_bytes;
	}
	report->window = report->total[MAC_RECEIVED].packets - book->shown_total;
}

/* Sums up every MAC known at this moment, and fills report->lines if that is set. */
static void add_entries(struct mac_book *book, struct mac_report *report)
{
	const struct mac_table *t = own_table(book);
	struct mac_line one;
	unsigned int i, way;

	for (i = 0; i < report->n; i++) {
		struct mac_line *line = report->lines ? &report->lines[i] : &one;

		book_sum(book, t, i, line);
		for_each_way(way) {
			line->sum[way].bytes += line->sum[way].packets * ETH_HLEN;
			report->total[way].packets += line->sum[way].packets;
			report->total[way].bytes += line->sum[way].bytes;
		}
		report->sources += !!line->sum[MAC_RECEIVED].packets;
		if (!(i % 1024))
			cond_resched();
	}
	add_totals(book, report);
}

/*
 * Reports every MAC known at this moment, each once.  MACs first seen during the
 * reading are left out with their frames: the next report has them.
 */
int book_report(struct mac_book *book, struct mac_report *report)
{
	int err;

	memset(report, 0, sizeof(*report));
	/* The table's own work waits for one reader at most.  A signal ends a reader's wait. */
	err = mutex_lock_interruptible(&book->readers);
	if (err)
		return err;
	mutex_lock(&book->mutex);
	err = book_settle(book);
	if (err)
		goto out;
	report->n = entries_used(own_table(book));
	report->lines = kvmalloc_array(report->n + 1, sizeof(*report->lines),
				       GFP_TABLE | __GFP_ACCOUNT);
	if (report->lines)
		add_entries(book, report);
	else
		err = -ENOMEM;
out:
	mutex_unlock(&book->mutex);
	mutex_unlock(&book->readers);
	return err;
}

/* Reports without lines, which needs no memory. */
void book_totals(struct mac_book *book, struct mac_report *report)
{
	memset(report, 0, sizeof(*report));
	mutex_lock(&book->mutex);
	book_settle(book);
	report->n = entries_used(own_table(book));
	add_entries(book, report);
	mutex_unlock(&book->mutex);
}

/*
 * Restarts the figures of the text view at zero, and removes MACs that were idle since
 * the last reset.
 */
int book_reset(struct mac_book *book)
{
	struct mac_report totals = {};
	struct mac_table *t;
	unsigned int i, n, way, idle = 0;
	int err;

	mutex_lock(&book->mutex);
	err = book_settle(book);
	if (err)
		goto out;
	t = own_table(book);
	n = entries_used(t);
	for (i = 0; i < n; i++) {
		struct mac_line line;

		book_sum(book, t, i, &line);
		t->entries[i].idle = was_idle(&line);
		for_each_way(way)
			t->entries[i].count[way].shown = line.sum[way].packets;
		idle += t->entries[i].idle;
		totals.total[MAC_RECEIVED].packets += line.sum[MAC_RECEIVED].packets;
		if (!(i % 1024))
			cond_resched();
	}
	add_totals(book, &totals);
	book->shown_total = totals.total[MAC_RECEIVED].packets;

	/* If memory is short, the idle ones stay until the next reset. */
	if (idle)
		book_rebuild(book, n - idle);
out:
	mutex_unlock(&book->mutex);
	return err;
}
