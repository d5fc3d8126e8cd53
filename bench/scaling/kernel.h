/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * As much of the kernel as src/l2packet_counter/{table,book}.h and table.c need to be compiled for a program.
 * A "CPU" is a thread, with a number of its own.
 */
#ifndef BENCH_KERNEL_H
#define BENCH_KERNEL_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef uint8_t u8;
typedef uint32_t u32;
typedef uint64_t u64;

#define CONFIG_64BIT 1
#define IS_ENABLED(option) option
#undef __always_inline
#define __always_inline inline __attribute__((always_inline))
#define READ_ONCE(x) (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, value) (*(volatile __typeof__(x) *)&(x) = (value))
#define data_race(x) (x)
#define smp_load_acquire(p) __atomic_load_n(p, __ATOMIC_ACQUIRE)
#define smp_store_release(p, value) __atomic_store_n(p, value, __ATOMIC_RELEASE)
#define smp_acquire__after_ctrl_dep() __atomic_thread_fence(__ATOMIC_ACQUIRE)
#define WARN_ON_ONCE(condition) (condition)
#define cond_resched() ((void)0)
#define ilog2(n) (63 - __builtin_clzl(n))
#define order_base_2(n) ((n) > 1 ? ilog2((n) - 1UL) + 1 : 0)
#define min(a, b) ((a) < (b) ? (a) : (b))
#define max(a, b) ((a) > (b) ? (a) : (b))
#define max_t(type, a, b) max((type)(a), (type)(b))

/* ---- memory ---- */

#define GFP_KERNEL 0
#define __GFP_RETRY_MAYFAIL 0
#define __GFP_NOWARN 0

static inline void *kvzalloc(size_t size, int flags)
{
	(void)flags;
	return calloc(1, size);
}

#define kvmalloc(size, flags) kvzalloc(size, flags)
#define kvzalloc_node(size, flags, node) ((void)(node), kvzalloc(size, flags))
#define kvfree(p) free((void *)(p))
#define cpu_to_node(cpu) (cpu)

/* Each run of a program has the same. */
static inline u64 next_random(u64 *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

extern u64 random_state;
#define get_random_bytes(p, size) (*(p) = next_random(&random_state))

/* ---- CPUs ---- */

extern int possible_cpus;
extern _Thread_local int this_cpu;

#define __percpu
/* A cache line and more for each. */
#define alloc_percpu(type) ((type *)kvzalloc((size_t)possible_cpus * 128, 0))
#define free_percpu(p) free(p)
#define per_cpu_ptr(p, cpu) ((__typeof__(p))((char *)(p) + (size_t)(cpu) * 128))
#define this_cpu_ptr(p) per_cpu_ptr(p, this_cpu)
#define for_each_possible_cpu(cpu) for ((cpu) = 0; (cpu) < possible_cpus; (cpu)++)

typedef struct {
	unsigned long v;
} u64_stats_t;
struct u64_stats_sync {};
#define u64_stats_read(p) READ_ONCE((p)->v)
#define u64_stats_add(p, value) __asm__("addq %1, %0" : "+m"((p)->v) : "er"((unsigned long)(value)))

/* ---- what a book is made of ---- */

#define __rcu
#define rcu_dereference_check(p, condition) READ_ONCE(p)
#define rcu_dereference_protected(p, condition) (p)
#define lockdep_is_held(lock) true

struct mutex {};
typedef struct {
} raw_spinlock_t;
struct hlist_head {
	void *first;
};
struct work_struct {};
typedef unsigned long *cpumask_var_t;
extern volatile unsigned long jiffies;

#endif
