/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Refusals: one clear line each in the kernel log, but never a flood.
 */
#ifndef KMON_REFUSE_H
#define KMON_REFUSE_H

#include <linux/capability.h>
#include <linux/printk.h>
#include <linux/ratelimit.h>

/* At most a hundred lines in ten seconds; the kernel then logs how many were suppressed. */
static inline bool kmon_refusal_may_be_told(void)
{
	static DEFINE_RATELIMIT_STATE(kmon_refusals, 10 * HZ, 100);

	return ___ratelimit(&kmon_refusals, KBUILD_MODNAME ": refusals");
}

#define kmon_refuse(fmt, ...)						\
do {									\
	if (kmon_refusal_may_be_told())					\
		pr_err(fmt, ##__VA_ARGS__);				\
} while (0)

/*
 * Root in a container without capabilities also has uid 0, so the file's mode is not
 * enough: changing what others read requires the capability.
 */
static inline int kmon_need_capability(int cap, const char *name)
{
	if (capable(cap))
		return 0;
	kmon_refuse("writing to %s refused: %s is needed\n", name,
		    cap == CAP_NET_ADMIN ? "CAP_NET_ADMIN" : "CAP_SYS_ADMIN");
	return -EPERM;
}

#endif
