// SPDX-License-Identifier: GPL-2.0-only
/*
 * How many slots are looked at to find an address, for addresses in each of some patterns: on average, and in the worst of
 * many tables, which differ by their random multipliers.  Exits with 1 where a table needs more than two looks.
 */
#include <stdio.h>

#include "table.h"

u64 random_state = 0x9e3779b97f4a7c15;
int possible_cpus = 1;

static unsigned int made_anew;

#define TABLES 400
#define MACS 8000
#define MOST 2.0

/* ---- patterns: the n-th address ---- */

static u64 bytes(u8 a, u8 b, u8 c, u8 d, u8 e, u8 f)
{
	return a | (u64)b << 8 | (u64)c << 16 | (u64)d << 24 | (u64)e << 32 | (u64)f << 40;
}

static u64 one_vendor(unsigned int n)
{
	return bytes(0x28, 0x6f, 0xb9, n >> 16, n >> 8, n);
}

static u64 containers(unsigned int n)
{
	return bytes(0x02, 0x42, 172, 17, n >> 8, n);
}

static u64 zeros_in_front(unsigned int n)
{
	return bytes(0, 0, 0, 0, n >> 8, n);
}

static u64 zeros_behind(unsigned int n)
{
	return bytes(2, n >> 8, n, 0, 0, 0);
}

static u64 backwards(unsigned int n)
{
	return bytes(2, 0, n, n >> 8, n >> 16, 0);
}

static u64 two_vendors(unsigned int n)
{
	return n & 1 ? one_vendor(n / 2) : bytes(0x00, 0x1b, 0x21, n >> 17, n >> 9, n >> 1);
}

static u64 steps(unsigned int n)
{
	return (n * 0x10001930eULL) & 0xfffffffffffe;
}

static u64 chance(unsigned int n)
{
	static u64 state = 0x2545f4914f6cdd1d;

	(void)n;
	return next_random(&state) & 0xfffffffffffe;
}

static const struct pattern {
	const char *name;
	u64 (*nth)(unsigned int n);
} patterns[] = {
	{ "by chance", chance },
	{ "one vendor's, numbered", one_vendor },
	{ "containers'", containers },
	{ "two vendors'", two_vendors },
	{ "all zeros but the last", zeros_in_front },
	{ "zeros behind", zeros_behind },
	{ "numbered backwards", backwards },
	{ "in equal steps", steps },
};

/* ---- */

static double looks_each(const struct mac_table *t)
{
	return 1 + (double)t->passed / t->used;
}

/* As the module does: when a table is crowded, another takes its place. */
static struct mac_table *filled(u64 (*nth)(unsigned int n))
{
	struct mac_table *t = table_alloc(table_bits(MACS, MACS), NULL), *next;
	struct mac_slot *slot;
	unsigned int i;

	for (i = 0; i < MACS; i++) {
		if (!t || !table_add(t, nth(i)))
			abort();
		if (!table_is_crowded(t))
			continue;
		next = table_alloc(t->bits, NULL);
		if (!next || !table_fill(next, t, t->used))
			abort();
		table_free(t);
		t = next;
		made_anew++;
	}
	for (i = 0; i < t->used; i++)
		if (!mac_find(t, t->entries[i].key, &slot))
			abort();
	return t;
}

int main(void)
{
	bool bad = false;
	unsigned int i, n;

	printf("%-24s %10s %10s %10s\n", "addresses", "average", "worst", "made anew");
	for (i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
		double sum = 0, worst = 0;

		made_anew = 0;
		for (n = 0; n < TABLES; n++) {
			struct mac_table *t = filled(patterns[i].nth);
			double looks = looks_each(t);

			table_free(t);
			sum += looks;
			worst = max(worst, looks);
		}
		printf("%-24s %10.2f %10.2f %10u%s\n", patterns[i].name, sum / TABLES, worst,
		       made_anew, worst > MOST ? "  TOO MANY" : "");
		bad |= worst > MOST;
	}
	return bad;
}
