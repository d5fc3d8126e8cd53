/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one place for differences between kernels 5.10 and 7.2.
 *
 * The modules use only interfaces that are the same in that range, so this is
 * nearly empty.  Before you add a shim, try code that needs none.  Test for the
 * feature, not for a version (distributions backport), and name the upstream
 * commit and the kernel that makes the shim unnecessary.
 */
#ifndef KMON_COMPAT_H
#define KMON_COMPAT_H

#include <linux/ftrace.h>
#include <linux/irq_work.h>
#include <linux/ptrace.h>

/* An irq_work that the next tick runs; 5.10 has no such initializer (7a9f50a05843 in 5.11). */
#ifdef IRQ_WORK_INIT_LAZY
#define KMON_LAZY_IRQ_WORK(fn)	IRQ_WORK_INIT_LAZY(fn)
#else
#define KMON_LAZY_IRQ_WORK(fn)	{ .flags = ATOMIC_INIT(IRQ_WORK_LAZY), .func = fn }
#endif

/* Argument n of the function at which a kprobe sits; not every architecture can tell. */
#ifdef CONFIG_HAVE_FUNCTION_ARG_ACCESS_API
#define KMON_HAVE_ARGUMENTS	1
#define kmon_argument(regs, n)	regs_get_kernel_argument(regs, n)
#else
#define KMON_HAVE_ARGUMENTS	0
#define kmon_argument(regs, n)	0UL
#endif

/*
 * The same for an ftrace_ops.  kmon_ftrace_regs is what its callback receives: pt_regs
 * before 5.11 (d19ad0775dcd), ftrace_regs since.  The accessor was added in 6.2
 * (94d095ffa0e1).  Until then ftrace_regs began with pt_regs, in which the arguments are
 * filled in, or, without CONFIG_DYNAMIC_FTRACE_WITH_ARGS, everything if requested.
 */
#ifdef CONFIG_DYNAMIC_FTRACE_WITH_ARGS
#define KMON_FTRACE_FLAGS	0
#elif defined(CONFIG_DYNAMIC_FTRACE_WITH_REGS)
#define KMON_FTRACE_FLAGS	FTRACE_OPS_FL_SAVE_REGS
#endif

#if defined(CONFIG_DYNAMIC_FTRACE_WITH_ARGS) && \
	(defined(ftrace_regs_get_argument) || defined(HAVE_ARCH_FTRACE_REGS) || defined(CONFIG_ARM64))
#define kmon_ftrace_argument(regs, n)	ftrace_regs_get_argument(regs, n)
#elif defined(KMON_FTRACE_FLAGS) && KMON_HAVE_ARGUMENTS && defined(CONFIG_X86)
#define kmon_ftrace_argument(regs, n)	regs_get_kernel_argument((struct pt_regs *)(regs), n)
#endif

#ifdef kmon_ftrace_argument
#define KMON_HAVE_FTRACE	1
struct ftrace_regs;
typedef typeof(*_Generic((ftrace_func_t)NULL,
	void (*)(unsigned long, unsigned long, struct ftrace_ops *, struct pt_regs *): (struct pt_regs *)NULL,
	default: (struct ftrace_regs *)NULL)) kmon_ftrace_regs;
#else
#define KMON_HAVE_FTRACE	0
#endif

#endif
