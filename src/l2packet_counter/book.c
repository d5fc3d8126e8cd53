// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counting MACs and replacing their tables.  The fast path is in book.h.
 */
#include <linux/if_ether.h>
#include <linux/jhash.h>
#include <linux/minmax.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <linux/workqueue.h>

#include "book.h"
#include "main.h"

/* A MAC that arrived before the table had grown. */
struct mac_spill {
	struct hlist_node node;
	struct mac_entry entry;
};

static u64 boot_now(void)
{
	return ktime_to_ns(ktime_get_coarse_boottime());
}

static unsigned int bits_for(unsigned int macs)
{
	return table_bits(macs, READ_ONCE(max_macs));
}

/* ---- the locked path ---- */

static struct mac_table *locked_table(struct mac_book *book)
{
	return rcu_dereference_protected(book->table, lockdep_is_held(&book->lock));
}

static struct hlist_head *spill_head(struct mac_book *book, u64 key)
{
	u32 hash = jhash_2words(lower_32_bits(key), upper_32_bits(key), book->salt);

	return &book->spill[hash >> (32 - SPILL_BITS)];
}

static struct mac_entry *spill_get(struct mac_book *book, u64 key)
{
	struct mac_spill *s;

	if (!book->spilled)
		return NULL;
	hlist_for_each_entry(s, spill_head(book, key), node)
		if (s->entry.key == key)
			return &s->entry;
	return NULL;
}

/* On PREEMPT_RT the tap must not allocate, so only the table's own headroom is available. */
static struct mac_spill *spill_alloc(void)
{
	if (IS_ENABLED(CONFIG_PREEMPT_RT))
		return NULL;
	return kzalloc(sizeof(struct mac_spill), GFP_ATOMIC | __GFP_NOWARN);
}

static bool below_bound(const struct mac_book *book)
{
	return book->macs < READ_ONCE(max_macs);
}

/*
 * The entry to count a MAC in: its own, a new one in the table, or *spare added to the
 * spill.  NULL: there is no room, or a spare is needed.
 */
static struct mac_entry *get_entry(struct mac_book *book, u64 key, struct mac_spill **spare)
{
	struct mac_table *t = locked_table(book);
	struct mac_entry *e = table_get(t, key) ?: spill_get(book, key);

	if (e || !below_bound(book))
		return e;
	e = table_add(t, key);
	if (!e && *spare) {
		e = &(*spare)->entry;
		e->key = key;
		hlist_add_head(&(*spare)->node, spill_head(book, key));
		*spare = NULL;
		book->spilled++;
	}
	if (e) {
		book->macs++;
		e->first = boot_now();
	}
	return e;
}

/* Is there work for the worker?  Half a table is left for new MACs until it is done. */
static bool work_wanted(struct mac_book *book, enum mac_direction way)
{
	struct mac_table *t = locked_table(book);
	bool grow = t->used > entry_limit(t) / 2 && entry_limit(t) < READ_ONCE(max_macs);
	int cpu = smp_processor_id();

	if (IS_ENABLED(CONFIG_64BIT) && !*cells_of(t, way, cpu))
		cpumask_set_cpu(cpu, book->want_cells[way]);

	return (grow || table_is_crowded(t) || book->spilled ||
		!cpumask_empty(book->want_cells[way])) &&
	       time_after_eq(jiffies, book->no_work_before);
}

static void count_slow(struct mac_book *book, enum mac_direction way, u64 key,
		       unsigned int frames, unsigned int bytes)
{
	struct mac_spill *spare = NULL;
	struct mac_slot *slot;
	struct mac_entry *e;
	bool wanted, try_spill;

	/* Nothing is added to a full table: a MAC not found now is not in it. */
	if (IS_ENABLED(CONFIG_64BIT) && smp_load_acquire(&book->full) &&
	    !mac_find(book_table(book), key, &slot)) {
		book_untracked(book, way, frames, bytes + frames * ETH_HLEN);
		return;
	}

again:
	raw_spin_lock(&book->lock);
	e = get_entry(book, key, &spare);
	if (e) {
		e->count[way].packets += frames;
		e->count[way].bytes += bytes;
		e->last = boot_now();
	}
	try_spill = !e && !spare && below_bound(book);
	if (!e && !try_spill && !below_bound(book) && !book->spilled)
		smp_store_release(&book->full, true);
	wanted = work_wanted(book, way);
	raw_spin_unlock(&book->lock);

	if (wanted)
		queue_work(l2_queue, &book->work);
	if (try_spill) {
		spare = spill_alloc();
		if (spare)
			goto again;
	}
	kfree(spare);
	if (!e)
		book_untracked(book, way, frames, bytes + frames * ETH_HLEN);
}

/* Counts in this CPU's own cell.  False: the MAC is new, or this CPU has no cells yet. */
static bool count_known(const struct mac_table *t, enum mac_direction way, u64 key,
			unsigned int frames, unsigned int bytes)
{
	struct mac_cpu *cpu = this_cpu_ptr(t->cpus[way]);
	unsigned long tick = jiffies;
	struct mac_slot *slot;

	if (!READ_ONCE(cpu->cells) || !mac_find(t, key, &slot))
		return false;
	if (cpu->tick != tick) {
		cpu->now = boot_now();
		cpu->tick = tick;
	}
	cell_count(cpu, slot, frames, bytes);
	return true;
}

/*
 * Counts frames of one MAC; bytes leave out the Ethernet headers.  Called in a softirq or
 * with softirqs off, on PREEMPT_RT with preemption off: no other frame can interrupt it
 * on this CPU.
 */
void book_count(struct mac_book *book, enum mac_direction way, u64 key,
		unsigned int frames, unsigned int bytes)
{
	if (!IS_ENABLED(CONFIG_64BIT) || !count_known(book_table(book), way, key, frames, bytes))
		count_slow(book, way, key, frames, bytes);
}

/* In the next two, bytes include the Ethernet headers. */

void book_untracked(struct mac_book *book, enum mac_direction way,
		    unsigned int frames, unsigned int bytes)
{
	struct mac_rest *rest = this_cpu_ptr(book->rest[way]);

	u64_stats_update_begin(&rest->sync);
	rest->untracked_packets += frames;
	rest->untracked_bytes += bytes;
	u64_stats_update_end(&rest->sync);
}

void book_group(struct mac_book *book, enum mac_direction way,
		unsigned int frames, unsigned int bytes)
{
	struct mac_rest *rest = this_cpu_ptr(book->rest[way]);

	u64_stats_update_begin(&rest->sync);
	rest->group_packets += frames;
	rest->group_bytes += bytes;
	u64_stats_update_end(&rest->sync);
}

/* ---- replacing the table; process context, under the book's mutex ---- */

/* Adds what each CPU counted for entry i in one direction. */
static void cells_sum(const struct mac_table *t, unsigned int i, enum mac_direction way,
		      struct mac_line *line)
{
	struct mac_sum *sum = &line->sum[way];
	int cpu;

	for_each_possible_cpu(cpu) {
		const struct mac_cell *cells = READ_ONCE(*cells_of(t, way, cpu));
		u64 packets;

		if (!cells)
			continue;
		packets = u64_stats_read(&cells[i].packets);
		if (!packets)
			continue;
		sum->packets += packets;
		sum->bytes += u64_stats_read(&cells[i].bytes);
		line->last = max(line->last, READ_ONCE(cells[i].last));
	}
}

/* What all CPUs have counted for entry i so far. */
void book_sum(struct mac_book *book, const struct mac_table *t, unsigned int i,
	      struct mac_line *line)
{
	const struct mac_entry *e = &t->entries[i];
	unsigned int way;

	raw_spin_lock_bh(&book->lock);
	line->key = e->key;
	for_each_way(way) {
		line->sum[way].packets = e->count[way].packets;
		line->sum[way].bytes = e->count[way].bytes;
	}
	line->first = e->first;
	line->last = e->last ?: e->first;
	raw_spin_unlock_bh(&book->lock);

	for_each_way(way) {
		cells_sum(t, i, way, line);
		line->sum[way].window = line->sum[way].packets - e->count[way].shown;
	}
}

static void spill_free(struct hlist_head *list)
{
	struct mac_spill *s;
	struct hlist_node *next;

	hlist_for_each_entry_safe(s, next, list, node)
		kfree(s);
}

/*
 * List by list, so that no frame waits long for the lock.  Nothing is freed under the
 * lock: on PREEMPT_RT kfree() may sleep.
 */
static void move_spill(struct mac_book *book, struct mac_table *new)
{
	struct mac_spill *s;
	struct hlist_node *next;
	struct mac_entry *e;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(book->spill) && READ_ONCE(book->spilled); i++) {
		HLIST_HEAD(moved);

		raw_spin_lock_bh(&book->lock);
		hlist_for_each_entry_safe(s, next, &book->spill[i], node) {
			e = table_add(new, s->entry.key);
			if (!e)
				break;	/* the next table has room for it */
			*e = s->entry;
			hlist_del(&s->node);
			hlist_add_head(&s->node, &moved);
			book->spilled--;
		}
		raw_spin_unlock_bh(&book->lock);
		spill_free(&moved);
	}
}

/* Carries the counts of the old table's entry i over to the new table, or evicts them. */
static void fold_entry(struct mac_book *book, struct mac_table *new,
		       const struct mac_table *old, unsigned int i)
{
	const struct mac_entry *was = &old->entries[i];
	struct mac_entry *e;
	struct mac_line line;
	unsigned int way;

	book_sum(book, old, i, &line);

	raw_spin_lock_bh(&book->lock);
	e = table_get(new, line.key) ?: spill_get(book, line.key);
	if (!e && !was_idle(&line) && below_bound(book)) {
		/* It seemed idle, but a frame came meanwhile. */
		e = table_add(new, line.key);
		if (e) {
			e->last = line.last;
			book->macs++;
		}
	}
	for_each_way(way) {
		struct mac_count *to = e ? &e->count[way] : &book->evicted[way];

		to->packets += line.sum[way].packets;
		to->bytes += line.sum[way].bytes;
		if (e)
			to->shown = was->count[way].shown;
		else
			to->bytes += line.sum[way].packets * ETH_HLEN;
	}
	if (e) {
		e->first = line.first;
		e->last = max(e->last, line.last);
	}
	raw_spin_unlock_bh(&book->lock);
}

/*
 * Replaces the table by one with 1 << bits slots that has all MACs but the idle ones.
 * -EAGAIN: it is too small, because new MACs came meanwhile.
 */
static int table_replace(struct mac_book *book, unsigned int bits)
{
	struct mac_table *old = own_table(book), *new = table_alloc(bits, old);
	unsigned int i, n = entries_used(old);
	bool fits;

	if (!new)
		return -ENOMEM;

	/* Counting goes on while most keys are copied; the latest are copied under the lock. */
	fits = table_fill(new, old, n);
	if (fits) {
		raw_spin_lock_bh(&book->lock);
		fits = table_copy(new, old, n, old->used);
		if (fits) {
			book->macs = new->used + book->spilled;
			WRITE_ONCE(book->full, false);
			rcu_assign_pointer(book->table, new);
		}
		raw_spin_unlock_bh(&book->lock);
	}
	if (!fits) {
		table_free(new);
		return -EAGAIN;
	}

	move_spill(book, new);
	/* From here on nobody adds to the old table. */
	synchronize_rcu();
	for (i = 0; i < old->used; i++) {
		fold_entry(book, new, old, i);
		cond_resched();
	}
	table_free(old);
	return 0;
}

int book_rebuild(struct mac_book *book, unsigned int macs)
{
	unsigned int bits = bits_for(macs);
	int err;

	do
		err = table_replace(book, bits++);
	while (err == -EAGAIN);
	return err;
}

/* Makes the table hold every MAC that was seen up to now. */
int book_settle(struct mac_book *book)
{
	unsigned int macs = READ_ONCE(book->macs);

	return READ_ONCE(book->spilled) ? book_rebuild(book, macs) : 0;
}

/* ---- the worker, which the locked path calls for ---- */

static int add_cells(struct mac_book *book, enum mac_direction way)
{
	struct mac_table *t = own_table(book);
	int cpu;

	for_each_possible_cpu(cpu) {
		struct mac_cell *cells;

		if (!cpumask_test_cpu(cpu, book->want_cells[way]))
			continue;
		if (!*cells_of(t, way, cpu)) {
			cells = cells_alloc(t, cpu);
			if (!cells)
				return -ENOMEM;
			smp_store_release(cells_of(t, way, cpu), cells);
		}
		raw_spin_lock_bh(&book->lock);
		cpumask_clear_cpu(cpu, book->want_cells[way]);
		raw_spin_unlock_bh(&book->lock);
	}
	return 0;
}

static void book_work(struct work_struct *work)
{
	struct mac_book *book = container_of(work, struct mac_book, work);
	struct mac_table *t;
	int err;

	mutex_lock(&book->mutex);
	err = add_cells(book, MAC_RECEIVED) ?: add_cells(book, MAC_SENT);
	t = own_table(book);
	if (!err && (READ_ONCE(book->spilled) || table_is_crowded(t) ||
		     bits_for(entries_used(t)) > t->bits))
		err = book_rebuild(book, READ_ONCE(book->macs));
	if (err || table_is_crowded(own_table(book))) {
		/* Out of memory, or crowded again.  Counting goes on; the next try is a second away. */
		raw_spin_lock_bh(&book->lock);
		book->no_work_before = jiffies + HZ;
		raw_spin_unlock_bh(&book->lock);
	}
	mutex_unlock(&book->mutex);
}

void book_bound_changed(struct mac_book *book)
{
	raw_spin_lock_bh(&book->lock);
	WRITE_ONCE(book->full, false);
	raw_spin_unlock_bh(&book->lock);
}

/* ---- birth and death ---- */

/* Frees what book_init() allocated before it failed, or all of it. */
static void book_release(struct mac_book *book)
{
	unsigned int way;

	table_free(rcu_dereference_protected(book->table, true));
	for_each_way(way) {
		free_percpu(book->rest[way]);
		free_cpumask_var(book->want_cells[way]);
	}
}

static int way_init(struct mac_book *book, enum mac_direction way)
{
	int cpu;

	if (!zalloc_cpumask_var(&book->want_cells[way], GFP_KERNEL))
		return -ENOMEM;
	book->rest[way] = alloc_percpu(struct mac_rest);
	if (!book->rest[way])
		return -ENOMEM;
	for_each_possible_cpu(cpu)
		u64_stats_init(&per_cpu_ptr(book->rest[way], cpu)->sync);
	return 0;
}

/* The book must be all zeros. */
int book_init(struct mac_book *book)
{
	struct mac_table *t = table_alloc(bits_for(0), NULL);

	RCU_INIT_POINTER(book->table, t);
	if (!t || way_init(book, MAC_RECEIVED) || way_init(book, MAC_SENT)) {
		book_release(book);
		return -ENOMEM;
	}
	get_random_bytes(&book->salt, sizeof(book->salt));
	raw_spin_lock_init(&book->lock);
	mutex_init(&book->readers);
	mutex_init(&book->mutex);
	INIT_WORK(&book->work, book_work);
	book->no_work_before = jiffies;
	return 0;
}

/* Call it when no frame can reach the book any more and no reader holds it. */
void book_free(struct mac_book *book)
{
	unsigned int i;

	cancel_work_sync(&book->work);
	for (i = 0; i < ARRAY_SIZE(book->spill); i++)
		spill_free(&book->spill[i]);
	book_release(book);
}
