// SPDX-License-Identifier: GPL-2.0-only
/*
 * Making tables of MACs, and adding to them.  Finding a MAC is in table.h.
 */
#include <linux/bug.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/topology.h>

#include "table.h"

#define MIN_BITS	10

static void cpus_free(const struct mac_table *t, enum mac_direction way)
{
	int cpu;

	for_each_possible_cpu(cpu)
		if (t->cpus[way])
			kvfree(*cells_of(t, way, cpu));
	free_percpu(t->cpus[way]);
}

void table_free(struct mac_table *t)
{
	unsigned int way;

	if (!t)
		return;
	for_each_way(way)
		cpus_free(t, way);
	kvfree(t->entries);
	kvfree(t);
}

struct mac_cell *cells_alloc(const struct mac_table *t, int cpu)
{
	return kvzalloc_node(entry_limit(t) * sizeof(struct mac_cell), GFP_TABLE,
			     cpu_to_node(cpu));
}

/* Allocates cells for the CPUs that have some in `like`, which may be NULL. */
static int cpus_alloc(struct mac_table *t, const struct mac_table *like, enum mac_direction way)
{
	int cpu;

	t->cpus[way] = alloc_percpu(struct mac_cpu);
	if (!t->cpus[way])
		return -ENOMEM;
	for_each_possible_cpu(cpu) {
		if (!like || !*cells_of(like, way, cpu))
			continue;
		*cells_of(t, way, cpu) = cells_alloc(t, cpu);
		if (!*cells_of(t, way, cpu))
			return -ENOMEM;
	}
	return 0;
}

/* Empties a table that nobody else can see. */
static void table_clear(struct mac_table *t)
{
	memset(t->slots, 0xff, sizeof(struct mac_slot) << t->bits);	/* NO_MAC */
	t->used = 0;
	t->passed = 0;
	get_random_bytes(&t->multiplier, sizeof(t->multiplier));
	t->multiplier |= 1;
}

struct mac_table *table_alloc(unsigned int bits, const struct mac_table *like)
{
	size_t slots = sizeof(struct mac_slot) << bits;
	struct mac_table *t = kvmalloc(sizeof(*t) + slots, GFP_TABLE);
	unsigned int way;
	int err = 0;

	if (!t)
		return NULL;
	memset(t, 0, sizeof(*t));
	t->bits = bits;
	t->mask = slots - sizeof(struct mac_slot);
	table_clear(t);

	t->entries = kvzalloc(entry_limit(t) * sizeof(*t->entries), GFP_TABLE);
	for_each_way(way)
		err = err ?: cpus_alloc(t, like, way);
	if (!t->entries || err) {
		table_free(t);
		return NULL;
	}
	return t;
}

/* A table has room for twice its MACs, but never for more than the bound. */
unsigned int table_bits(unsigned int macs, unsigned int bound)
{
	unsigned int entries = min(2 * macs, max(bound, macs));

	return max_t(unsigned int, order_base_2(max(entries, 1U)) + 1, MIN_BITS);
}

struct mac_entry *table_get(struct mac_table *t, u64 key)
{
	struct mac_slot *slot;

	return mac_find(t, key, &slot) ? &t->entries[slot->cell / sizeof(struct mac_cell)] : NULL;
}

/* The key must not be in the table yet.  NULL: the table is full. */
struct mac_entry *table_add(struct mac_table *t, u64 key)
{
	unsigned long passed;
	struct mac_slot *slot;
	struct mac_entry *e;

	if (t->used == entry_limit(t) || WARN_ON_ONCE(mac_find(t, key, &slot)))
		return NULL;
	passed = ((void *)slot - (void *)t->slots - mac_place(t, key)) & t->mask;
	WRITE_ONCE(t->passed, t->passed + passed / sizeof(*slot));
	e = &t->entries[t->used];
	e->key = key;
	slot->cell = t->used * sizeof(struct mac_cell);
	/* Pairs with mac_find(): the key is visible after its cell, `used` after its entry. */
	slot_publish(slot, key);
	smp_store_release(&t->used, t->used + 1);
	return e;
}

/* Adds the keys of entries i to end - 1 of another table.  False: there is no room. */
bool table_copy(struct mac_table *t, const struct mac_table *from,
		unsigned int i, unsigned int end)
{
	for (; i < end; i++)
		if (!from->entries[i].idle && !table_add(t, from->entries[i].key))
			return false;
	return true;
}

/*
 * Adds the keys of the first n entries to an empty table that nobody else can see yet.
 * May sleep.  A crowded table is noticed early: filling it would take very long.
 */
bool table_fill(struct mac_table *t, const struct mac_table *from, unsigned int n)
{
	unsigned int i = 0, end, tries = 8;

	while (i < n) {
		end = min(i + 1024, n);
		if (!table_copy(t, from, i, end))
			return false;
		i = end;
		if (tries && table_is_crowded(t)) {
			tries--;
			table_clear(t);
			i = 0;
		}
		cond_resched();
	}
	return true;
}
