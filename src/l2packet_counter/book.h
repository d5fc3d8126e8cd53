/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counts per source MAC: one mac_book for each watched interface.
 *
 * A frame of a known MAC costs a look into a table that all CPUs share for reading
 * and an add to a cell that is its CPU's own: no lock, no atomic, no allocation.
 * Everything else (a new MAC, a CPU's first frame) takes the locked path, and
 * everything that needs memory or time happens in process context, where the table
 * is replaced by a larger or a smaller one and the counts of the old one follow
 * once no CPU can add to it any more.
 */
#ifndef L2_BOOK_H
#define L2_BOOK_H

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

/*
 * A MAC as a number: the six bytes beside each other and the lowest bit set, so
 * that no MAC is 0, which marks an empty slot.
 */
static inline void mac_from_key(u8 *mac, u64 key)
{
	int i;

	for (i = 0; i < 6; i++)
#ifdef __LITTLE_ENDIAN
		mac[i] = key >> (16 + 8 * i);
#else
		mac[i] = key >> (56 - 8 * i);
#endif
}

struct mac_slot {
	u64 key;		/* 0: empty; written after index, never changed */
	u32 index;		/* of the entry and of each CPU's cell */
};

/* What one CPU counted of one MAC. */
struct mac_cell {
	u64 packets;
	u64 bytes;
	u64 last;		/* as book_now() */
};

/* What was counted of one MAC under the lock, or in tables before this one. */
struct mac_entry {
	u64 key;
	u64 packets;
	u64 bytes;
	u64 shown;		/* packets at the last reset; guarded by the book's mutex */
	u64 first;		/* as book_now() */
	u64 last;
	bool idle;		/* nothing came since the last reset but one */
};

struct mac_table {
	u64 multiplier;			/* random and odd: nobody can aim at one slot */
	struct mac_slot *slots;
	unsigned int shift;		/* 64 - bits */
	unsigned int bits;		/* 1 << bits slots, half as many entries */
	unsigned int used;		/* entries, dense from 0 */
	struct mac_entry *entries;
	struct mac_cell *cells[];	/* one array for each CPU that saw a frame */
};

/* Frames that are in no line, counted by each CPU for itself. */
struct mac_rest {
	u64 untracked_packets;
	u64 untracked_bytes;
	u64 skipped_packets;
	struct u64_stats_sync sync;
};

#define SPILL_BITS	10

struct mac_book {
	struct mac_table __rcu *table;
	struct mac_rest __percpu *rest;
	bool full;			/* no MAC can be added: a miss needs no lock */

	raw_spinlock_t lock;		/* taken in softirq; guards what follows */
	unsigned int macs;		/* in the table and in the spill */
	unsigned int spilled;
	u64 salt;			/* random and odd, as the tables' multipliers */
	struct hlist_head spill[1 << SPILL_BITS];	/* MACs that the table had no room for yet */
	unsigned long no_work_before;	/* jiffies; set after an allocation failed */
	cpumask_var_t want_cells;	/* CPUs to get their own cells */

	struct mutex readers;		/* taken before mutex by whoever only reads */
	struct mutex mutex;		/* guards replacing the table, and what follows */
	u64 evicted_packets;
	u64 evicted_bytes;
	u64 shown_total;		/* packets in all at the last reset */

	struct work_struct work;
};

/* A consistent reading of a book. */
struct mac_line {
	u64 key;
	u64 packets;
	u64 bytes;
	u64 window;		/* packets since the last reset */
	u64 first;		/* ns of CLOCK_BOOTTIME */
	u64 last;
};

struct mac_report {
	struct mac_line *lines;	/* kvfree() it */
	unsigned int n;
	u64 packets;		/* the lines + untracked + evicted, always */
	u64 bytes;
	u64 window;		/* packets since the last reset */
	u64 untracked_packets;
	u64 untracked_bytes;
	u64 evicted_packets;
	u64 evicted_bytes;
	u64 skipped_packets;
};

int book_init(struct mac_book *book);
void book_free(struct mac_book *book);
int book_reset(struct mac_book *book);
int book_report(struct mac_book *book, struct mac_report *report);
void book_totals(struct mac_book *book, struct mac_report *report);
void book_bound_changed(struct mac_book *book);

void book_count_slow(struct mac_book *book, u64 key, unsigned int frames,
		     unsigned int bytes);
void book_untracked(struct mac_book *book, unsigned int frames, unsigned int bytes);
void book_skipped(struct mac_book *book, unsigned int frames);

/*
 * When a frame came: ns of CLOCK_BOOTTIME, which goes on while the machine sleeps and
 * is never set back.  Jiffies stand still meanwhile, and the clock itself is dear, so
 * it is asked once a tick.
 */
struct book_clock {
	unsigned long tick;	/* the jiffies when it was asked; written after now */
	u64 now;
};

extern struct book_clock book_clock;
u64 book_tick(void);

static __always_inline u64 book_now(void)
{
	if (IS_ENABLED(CONFIG_64BIT) && likely(smp_load_acquire(&book_clock.tick) == jiffies))
		return READ_ONCE(book_clock.now);
	return book_tick();
}

static __always_inline unsigned int mac_hash(const struct mac_table *t, u64 key)
{
	return (key * t->multiplier) >> t->shift;
}

/*
 * A 32-bit kernel cannot read or write a key in one piece; it looks at slots only
 * under the lock.
 */
#ifdef CONFIG_64BIT
#define slot_key(slot)			smp_load_acquire(&(slot)->key)
#define slot_publish(slot, value)	smp_store_release(&(slot)->key, value)
#else
#define slot_key(slot)			((slot)->key)
#define slot_publish(slot, value)	((slot)->key = (value))
#endif

/*
 * Is key in the table?  *slot is where it is, or the empty slot where it would go;
 * there is always an empty one.  Who gets false without the lock may not look at
 * the slot: another CPU may just be putting a MAC there.
 */
static __always_inline bool mac_find(const struct mac_table *t, u64 key,
				     struct mac_slot **slot)
{
	unsigned int mask = (1U << t->bits) - 1;
	unsigned int i = mac_hash(t, key);

	for (;;) {
		u64 found;

		*slot = &t->slots[i];
		found = slot_key(*slot);
		if (likely(found == key))
			return true;
		if (!found)
			return false;
		i = (i + 1) & mask;
	}
}

/*
 * Counts frames of one MAC.  In softirq, under rcu_read_lock(), on one CPU at a
 * time: no other frame can come in between on this CPU.
 */
static __always_inline void book_count(struct mac_book *book, u64 key,
				       unsigned int frames, unsigned int bytes)
{
	if (IS_ENABLED(CONFIG_64BIT)) {
		const struct mac_table *t = rcu_dereference(book->table);
		struct mac_cell *cells = READ_ONCE(t->cells[smp_processor_id()]);
		struct mac_slot *slot;

		if (likely(mac_find(t, key, &slot)) && likely(cells)) {
			struct mac_cell *cell = &cells[slot->index];

			WRITE_ONCE(cell->packets, cell->packets + frames);
			WRITE_ONCE(cell->bytes, cell->bytes + bytes);
			WRITE_ONCE(cell->last, book_now());
			return;
		}
	}
	book_count_slow(book, key, frames, bytes);
}

#endif
