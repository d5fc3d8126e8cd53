/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef BENCH_COUNT_H
#define BENCH_COUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

bool begin(unsigned int macs, int cpus); /* false: no memory */
void end(void);
size_t table_bytes(unsigned int macs, int cpus);
uint64_t nth_key(unsigned int n);
void run_on(int cpu);
bool count(uint64_t key);
bool count_shared(uint64_t key);
uint64_t counted(void);

#ifdef __cplusplus
}
#endif

#endif
