/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one place for what differs between kernels 5.10 and 7.2.
 *
 * The modules use only interfaces that are the same in that range, so this is
 * nearly empty.  Something new belongs here only after code that needs no shim
 * was tried; test for the feature, not for a version (distributions backport),
 * and name the upstream commit and the kernel that lets us delete it.
 */
#ifndef KMON_COMPAT_H
#define KMON_COMPAT_H

#include <linux/ptrace.h>

/* Argument n of the function that a kprobe stands at; not every architecture can tell. */
#ifdef CONFIG_HAVE_FUNCTION_ARG_ACCESS_API
#define KMON_HAVE_ARGUMENTS	1
#define kmon_argument(regs, n)	regs_get_kernel_argument(regs, n)
#else
#define KMON_HAVE_ARGUMENTS	0
#define kmon_argument(regs, n)	0UL
#endif

#endif
