/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counts per MAC, of received frames by their source and of sent ones by their
 * destination: one mac_book for each watched interface, one entry in it for both.
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
#include <linux/log2.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/smp.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/u64_stats_sync.h>
#include <linux/workqueue.h>

/*
 * A MAC as a number of 48 bits, from the eight bytes of a frame that begin with it,
 * in an order that is quick to get.
 */
static __always_inline u64 mac_key(u64 bytes)
{
#ifdef __LITTLE_ENDIAN
	return bytes & 0xffffffffffffULL;
#else
	return bytes >> 16;
#endif
}

static inline u8 mac_byte(u64 key, int i)
{
#ifdef __LITTLE_ENDIAN
	return key >> (8 * i);
#else
	return key >> (40 - 8 * i);
#endif
}

/* Of a group?  That is nobody's address: as a source it is a mistake, or made up. */
static inline bool mac_is_group(u64 key)
{
	return mac_byte(key, 0) & 1;
}

enum mac_direction { MAC_RECEIVED, MAC_SENT, MAC_DIRECTIONS };

#define NO_MAC		(~0ULL)

struct mac_slot {
	u64 key;		/* NO_MAC: empty; written after cell, never changed */
	u32 cell;		/* where each CPU's cell is, in bytes; the entry has the same index */
};

/*
 * What one CPU counted of one MAC in one direction.  Bytes are those behind the Ethernet
 * header, here and in entries.
 */
struct mac_cell {
	u64_stats_t packets;
	u64_stats_t bytes;
	u64 last;
};

/*
 * What one CPU has of a table, for one direction.  When a frame passed is ns of
 * CLOCK_BOOTTIME, which goes on while the machine sleeps and is never set back.  Jiffies
 * stand still meanwhile, and the clock itself is dear, so it is asked once a tick.
 */
struct mac_cpu {
	struct mac_cell *cells;		/* NULL until this CPU has seen a frame that way */
	unsigned long tick;		/* the jiffies that `now` is of; only with cells */
	u64 now;
};

/* What was counted of one MAC under the lock, or in tables before this one. */
struct mac_count {
	u64 packets;
	u64 bytes;
	u64 shown;		/* packets at the last reset; guarded by the book's mutex */
};

struct mac_entry {
	u64 key;
	struct mac_count count[MAC_DIRECTIONS];
	u64 first;		/* ns of CLOCK_BOOTTIME */
	u64 last;
	bool idle;		/* nothing passed since the last reset but one */
};

struct mac_table {
	u64 multiplier;			/* random and odd: nobody can aim at one slot */
	unsigned long mask;		/* of a slot's place, in bytes */
	unsigned int bits;		/* 1 << bits slots, half as many entries */
	unsigned int used;		/* entries, dense from 0 */
	struct mac_cpu __percpu *cpus[MAC_DIRECTIONS];
	struct mac_entry *entries;
	struct mac_slot slots[];
};

/* Frames of one direction that are in no line, counted by each CPU for itself. */
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
	bool full;			/* no MAC can be added: a miss needs no lock */

	raw_spinlock_t lock;		/* taken in softirq; guards what follows */
	unsigned int macs;		/* in the table and in the spill */
	unsigned int spilled;
	u64 salt;			/* random and odd, as the tables' multipliers */
	struct hlist_head spill[1 << SPILL_BITS];	/* MACs that the table had no room for yet */
	unsigned long no_work_before;	/* jiffies; set after an allocation failed */
	cpumask_var_t want_cells[MAC_DIRECTIONS];	/* CPUs to get their own cells */

	struct mutex readers;		/* taken before mutex by whoever only reads */
	struct mutex mutex;		/* guards replacing the table, and what follows */
	struct mac_count evicted[MAC_DIRECTIONS];	/* bytes are all there were */
	u64 shown_total;		/* packets received in all at the last reset */

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
	unsigned int sources;	/* those of which a frame was received */
	u64 window;		/* packets received since the last reset */
	struct mac_total total[MAC_DIRECTIONS];
};

int book_init(struct mac_book *book);
void book_free(struct mac_book *book);
int book_reset(struct mac_book *book);
int book_report(struct mac_book *book, struct mac_report *report);
void book_totals(struct mac_book *book, struct mac_report *report);
void book_bound_changed(struct mac_book *book);

void book_count(struct mac_book *book, enum mac_direction way, u64 key,
		unsigned int frames, unsigned int bytes);
void book_untracked(struct mac_book *book, enum mac_direction way,
		    unsigned int frames, unsigned int bytes);
void book_group(struct mac_book *book, enum mac_direction way,
		unsigned int frames, unsigned int bytes);

/* A frame is sent under rcu_read_lock_bh() alone; one grace period is that of both. */
#define book_table(book)	rcu_dereference_check((book)->table, rcu_read_lock_bh_held())

/*
 * Where the search for a key begins, in bytes from the first slot.  Bits 40 and up of
 * the product depend on every bit of the key that is below them and, as there are
 * 2^8 slots and more, on all together.
 */
static __always_inline unsigned long mac_place(const struct mac_table *t, u64 key)
{
	return ((key * t->multiplier) >> (40 - ilog2(sizeof(struct mac_slot)))) & t->mask;
}

static __always_inline struct mac_slot *slot_at(const struct mac_table *t, unsigned long place)
{
	return (void *)t->slots + place;
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
static inline bool mac_find(const struct mac_table *t, u64 key, struct mac_slot **slot)
{
	unsigned long place = mac_place(t, key);

	for (;;) {
		u64 found;

		*slot = slot_at(t, place);
		found = slot_key(*slot);
		if (found == key)
			return true;
		if (found == NO_MAC)
			return false;
		place = (place + sizeof(struct mac_slot)) & t->mask;
	}
}

/* What a CPU adds in its own cell. */
static __always_inline void cell_count(const struct mac_cpu *cpu, const struct mac_slot *slot,
				       unsigned int frames, unsigned int bytes)
{
	struct mac_cell *cell = (void *)cpu->cells + slot->cell;

	u64_stats_add(&cell->packets, frames);
	u64_stats_add(&cell->bytes, bytes);
	WRITE_ONCE(cell->last, cpu->now);
}

/*
 * Counts a frame as book_count() does, if that is quick: its MAC stands where it is
 * looked for first, this CPU has a cell for it, and it is not the first frame of this
 * tick.  False: it was not.
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
