/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counters: an event costs one add, a reader computes a sum.
 *
 * Each CPU has its own set of 64-bit counters, so counting shares no cache line and
 * needs no lock.  The reader adds up the sets.  A later sum is never lower than an
 * earlier one.
 */
#ifndef KMON_COUNTER_H
#define KMON_COUNTER_H

#include <linux/compiler.h>
#include <linux/cpumask.h>
#include <linux/irqflags.h>
#include <linux/percpu.h>
#include <linux/u64_stats_sync.h>

#define KMON_COUNTERS(name, n)						\
	struct name##_set {						\
		u64 v[n];						\
		struct u64_stats_sync sync;				\
	};								\
	static DEFINE_PER_CPU_ALIGNED(struct name##_set, name)

/* May be called from any context except NMI. */
#if BITS_PER_LONG == 64
#define kmon_add(name, i, n)	this_cpu_add((name).v[i], n)
#else
/* A 32-bit reader on another CPU must not see half of an update. */
#define kmon_add(name, i, n)						\
do {									\
	struct name##_set *set_;					\
	unsigned long flags_;						\
									\
	local_irq_save(flags_);						\
	set_ = this_cpu_ptr(&(name));					\
	u64_stats_update_begin(&set_->sync);				\
	set_->v[i] += (n);						\
	u64_stats_update_end(&set_->sync);				\
	local_irq_restore(flags_);					\
} while (0)
#endif

#define kmon_inc(name, i)	kmon_add(name, i, 1)

/* Must run before the first event: on 32-bit kernels it initializes a lock class. */
#define kmon_counters_init(name)					\
do {									\
	int cpu_;							\
									\
	for_each_possible_cpu(cpu_)					\
		u64_stats_init(&per_cpu_ptr(&(name), cpu_)->sync);	\
} while (0)

/* Adds up counter i over all CPUs. */
#define kmon_sum(name, i)						\
({									\
	u64 sum_ = 0, one_;						\
	unsigned int start_;						\
	int cpu_;							\
									\
	for_each_possible_cpu(cpu_) {					\
		struct name##_set *set_ = per_cpu_ptr(&(name), cpu_);	\
									\
		do {							\
			start_ = u64_stats_fetch_begin(&set_->sync);	\
			one_ = READ_ONCE(set_->v[i]);			\
		} while (u64_stats_fetch_retry(&set_->sync, start_));	\
		sum_ += one_;						\
	}								\
	sum_;								\
})

/* A snapshot of the first n counters, so that everything computed from it is consistent. */
#define kmon_snapshot(name, out, n)					\
do {									\
	size_t i_;							\
									\
	for (i_ = 0; i_ < (n); i_++)					\
		(out)[i_] = kmon_sum(name, i_);				\
} while (0)

#endif
