/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A hash table of MACs that all CPUs read, and each CPU's own counts of them.
 * book.c decides who adds to a table, and when another one replaces it.
 */
#ifndef L2_TABLE_H
#define L2_TABLE_H

#include <linux/compiler.h>
#include <linux/gfp.h>
#include <linux/log2.h>
#include <linux/percpu.h>
#include <linux/types.h>
#include <linux/u64_stats_sync.h>

/*
 * A MAC as a 48-bit number, made from the eight bytes of a frame that begin with it.
 * The byte order is the one that is cheapest to read.
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

/* A group address belongs to nobody: as a source it is a mistake or a forgery. */
static inline bool mac_is_group(u64 key)
{
	return mac_byte(key, 0) & 1;
}

enum mac_direction { MAC_RECEIVED, MAC_SENT, MAC_DIRECTIONS };

#define for_each_way(way) for ((way) = 0; (way) < MAC_DIRECTIONS; (way)++)

#define NO_MAC		(~0ULL)

struct mac_slot {
	u64 key;		/* NO_MAC: empty; written after cell, never changed */
	u32 cell;		/* byte offset of each CPU's cell; its entry has the same index */
};

/*
 * What one CPU counted for one MAC in one direction.  Here and in entries, bytes leave
 * out the Ethernet header.
 */
struct mac_cell {
	u64_stats_t packets;
	u64_stats_t bytes;
	u64 last;
};

/*
 * One CPU's part of a table, for one direction.  Times are ns of CLOCK_BOOTTIME, which
 * keeps running while the machine sleeps and is never set back.  (Jiffies stop during
 * sleep.)  Reading that clock is expensive, so it is read once a tick.
 */
struct mac_cpu {
	struct mac_cell *cells;		/* NULL until this CPU has seen a frame that way */
	unsigned long tick;		/* jiffies when `now` was read; 0 without cells */
	u64 now;
};

/* What was counted for one MAC under the lock, or in earlier tables. */
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
	bool idle;		/* no frame between the last two resets */
};

struct mac_table {
	u64 multiplier;			/* random and odd, so that nobody can aim at one slot */
	unsigned long mask;		/* for a slot's byte offset */
	unsigned int bits;		/* 1 << bits slots, half as many entries */
	unsigned int used;		/* entries 0 to used - 1 are in use */
	unsigned int passed;		/* occupied slots skipped when they were added */
	struct mac_cpu __percpu *cpus[MAC_DIRECTIONS];
	struct mac_entry *entries;
	struct mac_slot slots[];
};

/* No table at all is better than the OOM killer ending another program for it. */
#define GFP_TABLE	(GFP_KERNEL | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

unsigned int table_bits(unsigned int macs, unsigned int bound);
struct mac_table *table_alloc(unsigned int bits, const struct mac_table *like);
void table_free(struct mac_table *t);
struct mac_cell *cells_alloc(const struct mac_table *t, int cpu);
struct mac_entry *table_get(struct mac_table *t, u64 key);
struct mac_entry *table_add(struct mac_table *t, u64 key);
bool table_copy(struct mac_table *t, const struct mac_table *from,
		unsigned int i, unsigned int end);
bool table_fill(struct mac_table *t, const struct mac_table *from, unsigned int n);

static inline unsigned int entry_limit(const struct mac_table *t)
{
	return 1U << (t->bits - 1);
}

/*
 * Does finding a MAC take more than two looks on average?  A full table of random MACs
 * takes one and a half.  Consecutive MACs are placed at equal distances, and with a few
 * multipliers those distances lead to the same few slots.
 */
static inline bool table_is_crowded(const struct mac_table *t)
{
	return READ_ONCE(t->passed) > READ_ONCE(t->used);
}

static inline unsigned int entries_used(const struct mac_table *t)
{
	return smp_load_acquire(&t->used);
}

static inline struct mac_cell **cells_of(const struct mac_table *t, enum mac_direction way, int cpu)
{
	return &per_cpu_ptr(t->cpus[way], cpu)->cells;
}

/*
 * Where the search for a key begins, in bytes from the first slot.  Bits 40 and up of
 * the product depend on all lower bits of the key.  There are at least 2^8 slots, so
 * together they depend on all 48.
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
 * A 32-bit kernel cannot read or write a key in one piece, so it uses slots only
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
 * there is always an empty one.  After false without the lock, do not use the slot:
 * another CPU may be filling it.
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

/* Adds to this CPU's own cell. */
static __always_inline void cell_count(const struct mac_cpu *cpu, const struct mac_slot *slot,
				       unsigned int frames, unsigned int bytes)
{
	struct mac_cell *cell = (void *)cpu->cells + slot->cell;

	u64_stats_add(&cell->packets, frames);
	u64_stats_add(&cell->bytes, bytes);
	WRITE_ONCE(cell->last, cpu->now);
}

#endif
