/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counts per MAC: received frames by source, sent frames by destination.  Each watched
 * interface has one mac_book, and each MAC has one entry in it for both directions.
 *
 * A frame of a known MAC costs one lookup in a table that all CPUs read and one
 * addition to this CPU's own cell: no lock, no atomic, no allocation.  Everything
 * else (a new MAC, a CPU's first frame) takes the locked path.  Whatever needs memory
 * or time happens in process context: there a larger or smaller table replaces the
 * present one, and the old counts are carried over once no CPU can add to them any
 * more.
 */
#ifndef L2_BOOK_H
#define L2_BOOK_H

#include <linux/compiler.h>
#include <linux/cpumask.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/smp.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/u64_stats_sync.h>
#include <linux/workqueue.h>

#include "table.h"

/* One CPU's count of the frames in one direction that belong to no line. */
struct mac_rest {
	u64 untracked_packets;
	u64 untracked_bytes;
	u64 group_packets;
	u64 group_bytes;
	struct u64_stats_sync sync;
};

#define SPILL_BITS	10

struct mac_book {
	struct mac_table __rcu *table;
	struct mac_rest __percpu *rest[MAC_DIRECTIONS];
	bool full;			/* no MAC can be added, so a miss needs no lock */

	raw_spinlock_t lock;		/* taken in softirq; guards what follows */
	unsigned int macs;		/* in the table and in the spill */
	unsigned int spilled;
	u32 salt;			/* random, so that nobody can aim at one list of the spill */
	struct hlist_head spill[1 << SPILL_BITS];	/* MACs waiting for a larger table */
	unsigned long no_work_before;	/* jiffies; set after an allocation failed */
	cpumask_var_t want_cells[MAC_DIRECTIONS];	/* CPUs that need cells */

	struct mutex readers;		/* readers take it before mutex */
	struct mutex mutex;		/* guards replacing the table, and what follows */
	struct mac_count evicted[MAC_DIRECTIONS];	/* bytes include Ethernet headers */
	u64 shown_total;		/* all packets received up to the last reset */

	struct work_struct work;
};

/* A consistent reading of a book. */
struct mac_sum {
	u64 packets;
	u64 bytes;
	u64 window;		/* packets since the last reset */
};

struct mac_line {
	u64 key;
	struct mac_sum sum[MAC_DIRECTIONS];
	u64 first;		/* ns of CLOCK_BOOTTIME */
	u64 last;
};

struct mac_total {
	u64 packets;		/* the lines + untracked + evicted, always */
	u64 bytes;
	u64 untracked_packets;
	u64 untracked_bytes;
	u64 evicted_packets;
	u64 evicted_bytes;
	u64 group_packets;	/* in no sum */
	u64 group_bytes;
};

struct mac_report {
	struct mac_line *lines;	/* kvfree() it */
	unsigned int n;
	unsigned int sources;	/* lines with at least one received frame */
	u64 window;		/* packets received since the last reset */
	struct mac_total total[MAC_DIRECTIONS];
};

int book_init(struct mac_book *book);
void book_free(struct mac_book *book);
int book_reset(struct mac_book *book);
int book_report(struct mac_book *book, struct mac_report *report);
void book_totals(struct mac_book *book, struct mac_report *report);
void book_bound_changed(struct mac_book *book);

/* For report.c; process context, under the book's mutex. */
int book_settle(struct mac_book *book);
int book_rebuild(struct mac_book *book, unsigned int macs);
void book_sum(struct mac_book *book, const struct mac_table *t, unsigned int i,
	      struct mac_line *line);

static inline struct mac_table *own_table(struct mac_book *book)
{
	return rcu_dereference_protected(book->table, lockdep_is_held(&book->mutex));
}

/* Did nothing pass since the last reset, in either direction? */
static inline bool was_idle(const struct mac_line *line)
{
	return !line->sum[MAC_RECEIVED].window && !line->sum[MAC_SENT].window;
}

void book_count(struct mac_book *book, enum mac_direction way, u64 key,
		unsigned int frames, unsigned int bytes);
void book_untracked(struct mac_book *book, enum mac_direction way,
		    unsigned int frames, unsigned int bytes);
void book_group(struct mac_book *book, enum mac_direction way,
		unsigned int frames, unsigned int bytes);

/* Frames are sent under rcu_read_lock_bh() only; a grace period covers both kinds. */
#define book_table(book)	rcu_dereference_check((book)->table, rcu_read_lock_bh_held())

/*
 * Counts a frame as book_count() does, if that is quick: its MAC is in the first slot
 * looked at, this CPU has a cell for it, and it is not the first frame of this tick.
 * False: nothing was counted.
 */
static __always_inline bool book_count_quickly(const struct mac_book *book,
					       enum mac_direction way, u64 key,
					       unsigned int bytes)
{
	const struct mac_table *t = book_table(book);
	const struct mac_slot *slot = slot_at(t, mac_place(t, key));
	const struct mac_cpu *cpu = this_cpu_ptr(t->cpus[way]);

	if (!IS_ENABLED(CONFIG_64BIT) || data_race(slot->key) != key || cpu->tick != jiffies)
		return false;
	smp_acquire__after_ctrl_dep();	/* pairs with table_add() */
	cell_count(cpu, slot, 1, bytes);
	return true;
}

#endif
