// SPDX-License-Identifier: GPL-2.0-only
/*
 * process_monitor: every process exit, with its CPU time.
 *
 * A kprobe stands in the exit path at taskstats_exit(task, group_dead), where the
 * kernel itself says whether the last thread of a process has gone.  The probe
 * only counts and, if asked to, fills a ring; a worker prints from there.
 */
#define pr_fmt(fmt) "PROCESS_MONITOR: " fmt

#include <linux/jiffies.h>
#include <linux/kprobes.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/preempt.h>
#include <linux/sched/clock.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/seqlock.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "kmon_compat.h"
#include "kmon_counter.h"
#include "kmon_param.h"
#include "kmon_view.h"

#define CREATE_TRACE_POINTS
#include "process_exit_trace.h"

enum {
	EXITS, THREADS, KERNEL_THREADS, NONZERO, SIGNALED, UTIME, STIME,
	LOGGED, SUPPRESSED,
	COUNTERS
};

KMON_COUNTERS(ended, COUNTERS);

/* ---- the log: filled by the probe, printed by a worker ---- */

#define RING_SIZE	1024		/* a power of two */
#define LOG_PERIOD	(HZ / 10)

static unsigned int log_exits = 1;
static unsigned int log_rate = 100;

static struct exit_record ring[RING_SIZE];
static unsigned int ring_head, ring_tail;	/* of records ever put in and taken out */
static unsigned long second_began;		/* jiffies */
static unsigned int logged_this_second;
static DEFINE_RAW_SPINLOCK(ring_lock);		/* guards the ring and the rate */

static struct workqueue_struct *log_queue;
static void log_work_fn(struct work_struct *work);
static DECLARE_DELAYED_WORK(log_work, log_work_fn);

static void log_put(const struct exit_record *rec)
{
	unsigned int rate = READ_ONCE(log_rate);
	unsigned long flags;
	bool room, half_full;

	raw_spin_lock_irqsave(&ring_lock, flags);
	if (time_after_eq(jiffies, second_began + HZ)) {
		second_began = jiffies;
		logged_this_second = 0;
	}
	room = (!rate || logged_this_second < rate) && ring_head - ring_tail < RING_SIZE;
	if (room) {
		ring[ring_head++ % RING_SIZE] = *rec;
		logged_this_second++;
	}
	half_full = room && ring_head - ring_tail == RING_SIZE / 2;
	raw_spin_unlock_irqrestore(&ring_lock, flags);

	if (!room)
		kmon_inc(ended, SUPPRESSED);
	/* On PREEMPT_RT a probe may not touch a timer; there the worker's own pace has to do. */
	if (half_full && !IS_ENABLED(CONFIG_PREEMPT_RT))
		mod_delayed_work(log_queue, &log_work, 0);
}

static bool log_take(struct exit_record *rec)
{
	unsigned long flags;
	bool any;

	raw_spin_lock_irqsave(&ring_lock, flags);
	any = ring_tail != ring_head;
	if (any)
		*rec = ring[ring_tail++ % RING_SIZE];
	raw_spin_unlock_irqrestore(&ring_lock, flags);
	return any;
}

static void log_print(void)
{
	struct exit_record rec;
	char name[KMON_ESCAPED(TASK_COMM_LEN)];

	while (log_take(&rec)) {
		kmon_escape(name, sizeof(name), rec.comm, sizeof(rec.comm));
		pr_info("Process exiting - PID: %d, Name: %s, Parent PID: %d\n",
			rec.tgid, name, rec.ppid);
		pr_info("  User time: %llu ns, System time: %llu ns\n", rec.utime, rec.stime);
		kmon_inc(ended, LOGGED);
		cond_resched();
	}
}

static void log_print_suppressed(void)
{
	static u64 told;
	u64 suppressed = kmon_sum(ended, SUPPRESSED);

	if (suppressed != told)
		pr_info("%llu exits not logged: more than log_rate=%u a second, or than the buffer holds\n",
			suppressed - told, READ_ONCE(log_rate));
	told = suppressed;
}

/* Runs ten times a second while logging is on, so that an exit need wake nobody. */
static void log_work_fn(struct work_struct *work)
{
	static unsigned long told_at;

	log_print();
	if (time_after_eq(jiffies, told_at + HZ) || !READ_ONCE(log_exits)) {
		told_at = jiffies;
		log_print_suppressed();
	}
	if (READ_ONCE(log_exits))
		queue_delayed_work(log_queue, &log_work, LOG_PERIOD);
}

/* ---- the probe ---- */

/*
 * User and system time are sampled by the tick; the kernel knows the sum to the
 * nanosecond.  Split it in the sampled proportion, as getrusage(2) and wait4(2) do.
 */
static void split_runtime(struct exit_record *rec, u64 utime, u64 stime, u64 runtime)
{
	int shift = max(fls64(utime + stime) - 32, 0);
	u64 part = stime >> shift;
	u64 whole = (utime + stime) >> shift;
	u64 rest;

	if (!part)
		stime = 0;
	else if (part == whole)
		stime = runtime;
	else
		stime = div64_u64_rem(runtime, whole, &rest) * part + div64_u64(rest * part, whole);

	rec->stime = stime;
	rec->utime = runtime - stime;
	rec->runtime = runtime;
}

/*
 * What the current task ran since the scheduler last looked, at exec_start: up to a
 * tick, and all of it for many a short process.  Where the scheduler takes
 * interrupts or stolen time out of its clock we cannot tell, and the process has
 * that much less.
 */
static u64 pending_runtime(u64 exec_start)
{
	s64 ns = 0;

	if (!IS_ENABLED(CONFIG_IRQ_TIME_ACCOUNTING) && !IS_ENABLED(CONFIG_PARAVIRT_TIME_ACCOUNTING))
		ns = local_clock() - exec_start;
	return max_t(s64, ns, 0);
}

/*
 * What the current task ran until exec_start.  A tick may come between the two loads
 * and move its slice to the sum: then exec_start is another one.  The next tick is
 * too far away to come between the second time, too.
 */
static u64 own_runtime(const struct task_struct *task, u64 *exec_start)
{
	unsigned int tries = 3;
	u64 runtime;

	do {
		*exec_start = READ_ONCE(task->se.exec_start);
		runtime = READ_ONCE(task->se.sum_exec_runtime);
	} while (*exec_start != READ_ONCE(task->se.exec_start) && --tries);
	return runtime;
}

struct cputime {
	u64 utime, stime, runtime;
};

/*
 * Threads that were reaped are summed up in signal, those still listed are not.  There
 * can be as many of these as a user may have threads, so they are walked once.
 */
static void sum_cputime(struct cputime *sum, struct task_struct *task, u64 *exec_start)
{
	struct signal_struct *sig = task->signal;
	struct task_struct *t;

	sum->utime = sig->utime;
	sum->stime = sig->stime;
	sum->runtime = sig->sum_sched_runtime;
	for_each_thread(task, t) {
		sum->utime += t->utime;
		sum->stime += t->stime;
		if (t != task)
			sum->runtime += READ_ONCE(t->se.sum_exec_runtime);
	}
	sum->runtime += own_runtime(task, exec_start);
}

/*
 * A thread that is reaped during the walk would be counted twice or not at all: then
 * once more, with the lock that reaping needs, as thread_group_cputime() does it.
 * Where a lock may not be waited for - on PREEMPT_RT it sleeps, and a probe that is a
 * breakpoint runs as an NMI does - such a thread may be missed.
 */
static void fill_cputime(struct exit_record *rec, struct task_struct *task)
{
	const bool may_wait = !IS_ENABLED(CONFIG_PREEMPT_RT) && !in_nmi();
	seqlock_t *lock = &task->signal->stats_lock;
	struct cputime sum;
	unsigned long flags;
	u64 exec_start;
	unsigned int seq = 0;

	if (may_wait)
		seq = read_seqbegin(lock);
	sum_cputime(&sum, task, &exec_start);
	if (may_wait && read_seqretry(lock, seq)) {
		read_seqlock_excl_irqsave(lock, flags);
		sum_cputime(&sum, task, &exec_start);
		read_sequnlock_excl_irqrestore(lock, flags);
	}
	split_runtime(rec, sum.utime, sum.stime, sum.runtime + pending_runtime(exec_start));
}

/* The last thread of a process is at its end; code is its own, as wait(2) would report it. */
static void process_exited(struct task_struct *task, int code)
{
	struct task_struct *leader = task->group_leader;
	struct exit_record rec;

	rcu_read_lock();
	fill_cputime(&rec, task);
	if (task->signal->flags & SIGNAL_GROUP_EXIT)
		rec.code = task->signal->group_exit_code;
	else
		rec.code = leader == task ? code : leader->exit_code;

	kmon_inc(ended, EXITS);
	kmon_add(ended, UTIME, rec.utime);
	kmon_add(ended, STIME, rec.stime);
	if (rec.code & 0x7f)
		kmon_inc(ended, SIGNALED);
	else if (rec.code)
		kmon_inc(ended, NONZERO);

	if (READ_ONCE(log_exits) || trace_process_exit_enabled()) {
		rec.pid = task_pid_nr(task);
		rec.tgid = task_tgid_nr(task);
		rec.ppid = task_tgid_nr(rcu_dereference(task->real_parent));
		rec.start_time = leader->start_time;
		rec.lifetime = ktime_get_ns() - rec.start_time;
		strscpy(rec.comm, leader->comm, sizeof(rec.comm));
		trace_process_exit(&rec);
		if (READ_ONCE(log_exits))
			log_put(&rec);
	}
	rcu_read_unlock();
}

static void task_exited(bool last_thread, int code)
{
	if (unlikely(current->flags & PF_KTHREAD))
		kmon_inc(ended, KERNEL_THREADS);
	else if (last_thread)
		process_exited(current, code);
	else
		kmon_inc(ended, THREADS);
}

static int at_taskstats_exit(struct kprobe *p, struct pt_regs *regs)
{
	task_exited((int)kmon_argument(regs, 1), current->exit_code);
	return 0;
}

/*
 * The seed's own place.  Here the kernel has not yet decided who is last, nor how a
 * process ends whose leader went first: threads that end at the same moment may be
 * taken for a process too few, and that code may be the leader's own.
 */
static int at_do_exit(struct kprobe *p, struct pt_regs *regs)
{
	task_exited(atomic_read(&current->signal->live) == 1, (int)kmon_argument(regs, 0));
	return 0;
}

enum { AUTO, TASKSTATS_EXIT, DO_EXIT };

static const char * const place_names[] = {
	[AUTO]			= "auto",
	[TASKSTATS_EXIT]	= "taskstats_exit",
	[DO_EXIT]		= "do_exit",
};

static unsigned int place_wanted = AUTO;
KMON_PARAM_CHOICE(probe, place_wanted, 0444, place_names,
		  "where the probe stands: auto, taskstats_exit or do_exit (default auto; set at load)");

static struct kprobe kp;

static int register_at(unsigned int place, kprobe_pre_handler_t handler)
{
	kp = (struct kprobe) { .symbol_name = place_names[place], .pre_handler = handler };
	return register_kprobe(&kp);
}

static int register_probe(void)
{
	int err = -ENOENT;

	if (place_wanted != DO_EXIT && KMON_HAVE_ARGUMENTS)
		err = register_at(TASKSTATS_EXIT, at_taskstats_exit);
	if (err == -ENOENT && place_wanted != TASKSTATS_EXIT)
		err = register_at(DO_EXIT, at_do_exit);
	return err;
}

/* ---- parameters ---- */

static DEFINE_MUTEX(ready_lock);
static bool ready;		/* between init and exit; else settings are only stored */

static void log_apply(unsigned int value)
{
	mutex_lock(&ready_lock);
	WRITE_ONCE(log_exits, value);
	/* Off: once more, for what is still in the ring. */
	if (ready)
		queue_delayed_work(log_queue, &log_work, LOG_PERIOD);
	mutex_unlock(&ready_lock);
}

KMON_PARAM_UINT(log, log_exits, 0644, 0, 1, log_apply,
		"1: log each exit to the kernel log, 0: only count (default 1)");
KMON_PARAM_UINT(log_rate, log_rate, 0644, 0, 1000000, NULL,
		"exits logged a second at most, 0: no limit (default 100)");

/* ---- views ---- */

KMON_READERS(readers);

/* What the text view called zero when it was last reset. */
static u64 base[COUNTERS];
static unsigned long base_missed;
static DEFINE_MUTEX(base_lock);

static int text_show(struct seq_file *m, void *unused)
{
	unsigned long missed;
	u64 v[COUNTERS];
	size_t i;

	mutex_lock(&base_lock);
	kmon_snapshot(ended, v, COUNTERS);
	for (i = 0; i < COUNTERS; i++)
		v[i] -= base[i];
	missed = kp.nmissed - base_missed;
	mutex_unlock(&base_lock);

	seq_printf(m, "Process exits: %llu\n", v[EXITS]);
	seq_printf(m, "Thread exits: %llu\n", v[THREADS]);
	seq_printf(m, "Logged: %llu\n", v[LOGGED]);
	seq_printf(m, "Suppressed: %llu\n", v[SUPPRESSED]);
	seq_printf(m, "Missed probes: %lu\n", missed);
	seq_printf(m, "Non-zero exits: %llu\n", v[NONZERO]);
	seq_printf(m, "Killed by signal: %llu\n", v[SIGNALED]);
	seq_printf(m, "User time: %llu ns\n", v[UTIME]);
	seq_printf(m, "System time: %llu ns\n", v[STIME]);
	return 0;
}

static int text_reset(void)
{
	mutex_lock(&base_lock);
	kmon_snapshot(ended, base, COUNTERS);
	base_missed = kp.nmissed;
	mutex_unlock(&base_lock);
	return 0;
}

KMON_TEXT_VIEW(text_ops, text_show, text_reset, CAP_SYS_ADMIN);

static int json_show(struct seq_file *m, void *unused)
{
	u64 v[COUNTERS];

	kmon_snapshot(ended, v, COUNTERS);
	kmon_json_head(m);
	seq_printf(m, ",\"probe\":\"%s\",\"log\":%u,\"log_rate\":%u",
		   kp.symbol_name, READ_ONCE(log_exits), READ_ONCE(log_rate));
	seq_printf(m, ",\"exits\":%llu,\"thread_exits\":%llu,\"kernel_thread_exits\":%llu",
		   v[EXITS], v[THREADS], v[KERNEL_THREADS]);
	seq_printf(m, ",\"logged\":%llu,\"suppressed\":%llu,\"missed_probes\":%lu",
		   v[LOGGED], v[SUPPRESSED], kp.nmissed);
	seq_printf(m, ",\"nonzero_exits\":%llu,\"killed_by_signal\":%llu,\"utime_ns\":%llu,\"stime_ns\":%llu}\n",
		   v[NONZERO], v[SIGNALED], v[UTIME], v[STIME]);
	return 0;
}

/* ---- load and unload ---- */

#define RULE	"========================================\n"

static int __init process_monitor_init(void)
{
	int err;

	kmon_counters_init(ended);
	second_began = jiffies;

	pr_info(RULE);
	pr_info("Module loading...\n");
	log_queue = alloc_workqueue("process_monitor", WQ_UNBOUND, 1);
	if (!log_queue)
		return -ENOMEM;
	err = register_probe();
	if (err) {
		pr_err("Failed to register kprobe: %d (kprobes may be off in this kernel, or forbidden by lockdown)\n",
		       err);
		goto err_probe;
	}
	err = -ENOMEM;
	if (!kmon_view_create(&readers, "process_monitor", 0200, NULL, &text_ops))
		goto err_text;
	if (!kmon_view_single(&readers, "process_monitor.json", NULL, json_show))
		goto err_json;

	mutex_lock(&ready_lock);
	ready = true;
	if (log_exits)
		queue_delayed_work(log_queue, &log_work, LOG_PERIOD);
	mutex_unlock(&ready_lock);

	/* %p: hashed, so that the log does not tell where the kernel lies. */
	pr_info("Registered exit kprobe at %p\n", kp.addr);
	pr_info("Module loaded successfully\n");
	pr_info("Monitoring process termination events\n");
	pr_info(RULE);
	return 0;

err_json:
	remove_proc_entry("process_monitor", NULL);
err_text:
	unregister_kprobe(&kp);
	cancel_delayed_work_sync(&log_work);
	pr_err("cannot create /proc/process_monitor: out of memory, or the name is taken\n");
err_probe:
	destroy_workqueue(log_queue);
	return err;
}

static void __exit process_monitor_exit(void)
{
	remove_proc_entry("process_monitor.json", NULL);
	remove_proc_entry("process_monitor", NULL);
	unregister_kprobe(&kp);

	mutex_lock(&ready_lock);
	ready = false;
	mutex_unlock(&ready_lock);
	cancel_delayed_work_sync(&log_work);
	destroy_workqueue(log_queue);
	log_print();
	log_print_suppressed();

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
