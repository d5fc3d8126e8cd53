// SPDX-License-Identifier: GPL-2.0-only
/* The module's own table and counting step, as functions of a program. */
#include "count.h"

#include "book.h"

u64 random_state = 0x9e3779b97f4a7c15;
int possible_cpus = 2;
_Thread_local int this_cpu;
volatile unsigned long jiffies;

static struct mac_book book;

u64 nth_key(unsigned int n)
{
	return 0x000002 | (u64)n << 16; /* 02:00:nn:nn:nn:nn */
}

/* Of a table that n MACs fill, as table_alloc() and cells_alloc() ask for it. */
size_t table_bytes(unsigned int n, int cpus)
{
	struct mac_table t = { .bits = table_bits(n, n) };

	return sizeof(t) + (sizeof(struct mac_slot) << t.bits) +
	       entry_limit(&t) * (sizeof(struct mac_entry) + cpus * sizeof(struct mac_cell));
}

/* As the module does when a table has grown to n MACs, and each CPU has seen a frame. */
bool begin(unsigned int n, int cpus)
{
	struct mac_table *t;
	unsigned int i;
	int cpu;

	possible_cpus = cpus;
	book.table = t = table_alloc(table_bits(n, n), NULL);
	if (!t)
		return false;
	for_each_possible_cpu(cpu) {
		*cells_of(t, MAC_RECEIVED, cpu) = cells_alloc(t, cpu);
		if (!*cells_of(t, MAC_RECEIVED, cpu))
			return false;
	}
	for (i = 0; i < n; i++)
		if (!table_add(t, nth_key(i)))
			return false;
	return true;
}

void end(void)
{
	table_free(book.table);
}

void run_on(int cpu)
{
	this_cpu = cpu;
}

/* A key that does not stand where it is looked for first; the module's count_known(). */
static bool count_behind(u64 key)
{
	struct mac_slot *slot;

	if (!mac_find(book.table, key, &slot))
		return false;
	cell_count(this_cpu_ptr(book.table->cpus[MAC_RECEIVED]), slot, 1, 60);
	return true;
}

bool count(u64 key)
{
	return book_count_quickly(&book, MAC_RECEIVED, key, 60) || count_behind(key);
}

/* What a table with one counter for all CPUs would do instead. */
bool count_shared(u64 key)
{
	struct mac_entry *e = table_get(book.table, key);

	if (!e)
		return false;
	__atomic_fetch_add(&e->count[MAC_RECEIVED].packets, 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&e->count[MAC_RECEIVED].bytes, 60, __ATOMIC_RELAXED);
	return true;
}

u64 counted(void)
{
	struct mac_table *t = book.table;
	u64 sum = 0;
	unsigned int i;
	int cpu;

	for (i = 0; i < t->used; i++) {
		sum += t->entries[i].count[MAC_RECEIVED].packets;
		for_each_possible_cpu(cpu)
			sum += u64_stats_read(&(*cells_of(t, MAC_RECEIVED, cpu))[i].packets);
	}
	return sum;
}
