// SPDX-License-Identifier: GPL-2.0-only
/*
 * process_monitor: every process exit, with its CPU time.
 *
 * A probe sits in the exit path where the kernel itself says whether the last thread of
 * a process is gone.  The probe only counts and, if log=1, fills a ring; a worker prints
 * from it.  For the compiler this is one file, so that the exit path becomes one
 * function.  The parts are in process_monitor/.
 */
#define pr_fmt(fmt) "PROCESS_MONITOR: " fmt

#include <linux/atomic.h>
#include <linux/cgroup.h>
#include <linux/cred.h>
#include <linux/irq_work.h>
#include <linux/jiffies.h>
#include <linux/kprobes.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/preempt.h>
#include <linux/sched/clock.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/seqlock.h>
#include <linux/string.h>
#include <linux/timekeeping.h>
#include <linux/tracepoint.h>
#include <linux/workqueue.h>
#include <trace/events/sched.h>

#include "kmon_compat.h"
#include "kmon_counter.h"
#include "kmon_param.h"
#include "kmon_view.h"

#define CREATE_TRACE_POINTS
#include "process_exit_trace.h"

#include "process_monitor/log.h"
#include "process_monitor/record.h"
#include "process_monitor/probe.h"
#include "process_monitor/view.h"

#define RULE	"========================================\n"

static int __init process_monitor_init(void)
{
	int err;

	kmon_counters_init(ended);

	pr_info(RULE);
	pr_info("Module loading...\n");
	err = log_start();
	if (err)
		return err;
	err = probe_start();
	if (err) {
		pr_err("Failed to register kprobe: %d (kprobes may be off in this kernel, or forbidden by lockdown)\n",
		       err);
		log_stop();
		return err;
	}
	err = views_create();
	if (err) {
		probe_stop();
		log_stop();
		pr_err("cannot create /proc/process_monitor: out of memory, or the name is taken\n");
		return err;
	}

	/* %p is hashed, so the log does not reveal kernel addresses. */
	pr_info("Registered exit kprobe at %p\n", probe_handle);
	pr_info("Module loaded successfully\n");
	pr_info("Monitoring process termination events\n");
	pr_info(RULE);
	return 0;
}

static void __exit process_monitor_exit(void)
{
	views_remove();
	probe_stop();
	log_stop();

	pr_info(RULE);
	pr_info("Module unloaded\n");
	pr_info("Total process exits monitored: %llu\n", kmon_sum(ended, EXITS));
	pr_info(RULE);
}

module_init(process_monitor_init);
module_exit(process_monitor_exit);

MODULE_DESCRIPTION("Every process exit, with its CPU time");
MODULE_VERSION(KMON_VERSION);
MODULE_LICENSE("GPL");
