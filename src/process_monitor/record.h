/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Part of process_monitor.c: what is counted and recorded for an exit.
 */

enum {
	EXITS, THREADS, KERNEL_THREADS, NONZERO, SIGNALED, UTIME, STIME,
	COUNTERS
};

KMON_COUNTERS(ended, COUNTERS);

/*
 * May the probe wait for a lock?  Not on PREEMPT_RT, where locks sleep, and not in a
 * breakpoint, which is like an NMI.
 */
static bool may_wait = true;

/*
 * The tick only samples user and system time, but the kernel knows their sum to the
 * nanosecond.  Split it in the sampled proportion, as getrusage(2) and wait4(2) do.
 */
static u64 system_part(u64 utime, u64 stime, u64 runtime)
{
	int shift;
	u64 part, whole, rest;

	if (!stime)	/* most processes are too short for a tick */
		return 0;
	shift = max(fls64(utime + stime) - 32, 0);
	part = stime >> shift;
	whole = (utime + stime) >> shift;
	if (part == whole)
		return runtime;
	return div64_u64_rem(runtime, whole, &rest) * part + div64_u64(rest * part, whole);
}

/*
 * How long the current task ran since the scheduler last updated, at exec_start: up to a
 * tick, and for many short processes everything.  If the scheduler subtracts interrupts
 * or stolen time from its clock, we cannot tell, and this much is missing.
 */
static u64 pending_runtime(u64 exec_start)
{
	s64 ns = 0;

	if (!IS_ENABLED(CONFIG_IRQ_TIME_ACCOUNTING) && !IS_ENABLED(CONFIG_PARAVIRT_TIME_ACCOUNTING))
		ns = local_clock() - exec_start;
	return max_t(s64, ns, 0);
}

/*
 * How long the current task has run.  A tick may come between the two loads and move
 * the slice to the sum; then exec_start has changed.  The next tick is too far away to
 * come between the loads a second time.
 */
static __always_inline u64 own_runtime(const struct task_struct *task)
{
	unsigned int tries = 3;
	u64 exec_start, runtime;

	preempt_disable();
	do {
		exec_start = READ_ONCE(task->se.exec_start);
		runtime = READ_ONCE(task->se.sum_exec_runtime);
	} while (exec_start != READ_ONCE(task->se.exec_start) && --tries);
	runtime += pending_runtime(exec_start);
	preempt_enable();
	return runtime;
}

struct cputime {
	u64 utime, stime, runtime;
};

/*
 * signal has the sum of reaped threads; those still listed must be added.  There can be
 * as many of these as a user may have threads.
 */
static noinline void sum_cputime(struct cputime *sum, struct task_struct *task)
{
	struct signal_struct *sig = task->signal;
	struct task_struct *t;

	sum->utime = sig->utime;
	sum->stime = sig->stime;
	sum->runtime = sig->sum_sched_runtime;
	rcu_read_lock();
	for_each_thread(task, t) {
		sum->utime += t->utime;
		sum->stime += t->stime;
		if (t != task)
			sum->runtime += READ_ONCE(t->se.sum_exec_runtime);
	}
	rcu_read_unlock();
	sum->runtime += own_runtime(task);
}

/*
 * A thread that is reaped during the walk would be counted twice or not at all.  If that
 * happens, walk again with the lock that reaping needs, as thread_group_cputime() does.
 */
static noinline void sum_threads(struct cputime *sum, struct task_struct *task)
{
	seqlock_t *lock = &task->signal->stats_lock;
	unsigned long flags;
	unsigned int seq = read_seqbegin(lock);

	sum_cputime(sum, task);
	if (read_seqretry(lock, seq)) {
		read_seqlock_excl_irqsave(lock, flags);
		sum_cputime(sum, task);
		read_sequnlock_excl_irqrestore(lock, flags);
	}
}

/* The same without a lock.  If threads are reaped in both walks, one may be miscounted. */
static noinline void sum_threads_unlocked(struct cputime *sum, struct task_struct *task)
{
	const unsigned int *sequence = &task->signal->stats_lock.seqcount.seqcount.sequence;
	unsigned int tries = 2, seq;

	do {
		seq = READ_ONCE(*sequence);
		smp_rmb();
		sum_cputime(sum, task);
		smp_rmb();
	} while (((seq & 1) || READ_ONCE(*sequence) != seq) && --tries);
}

static u64 cgroup_of(struct task_struct *task)
{
#ifdef CONFIG_CGROUPS
	return cgroup_id(task_dfl_cgroup(task));
#else
	return 0;
#endif
}

/* Fills in what only the trace event has.  Under rcu_read_lock(). */
static noinline void trace_exit(struct exit_record *rec, struct task_struct *task)
{
	struct task_struct *leader = task->group_leader;

	rec->pid = task_pid_nr(task);
	rec->start_time = leader->start_time;
	rec->lifetime = ktime_get_mono_fast_ns() - rec->start_time;
	rec->uid = from_kuid(&init_user_ns, task_uid(leader));
	rec->cgroup = cgroup_of(task);
	rec->ns_pid = task_tgid_vnr(task);
	/* New threads have that flag, too, so look at the leader: after an exec, that is the caller. */
	rec->exec = !(leader->flags & PF_FORKNOEXEC);
	trace_process_exit(rec);
}

static noinline void tell_exit(struct task_struct *task, int code, u64 utime, u64 stime)
{
	struct exit_record rec;

	rec.tgid = task_tgid_nr(task);
	rec.code = code;
	rec.utime = utime;
	rec.stime = stime;
	rec.runtime = utime + stime;
	/* No thread is left that could change the name. */
	memcpy(rec.comm, task->group_leader->comm, sizeof(rec.comm));
	rcu_read_lock();
	rec.ppid = task_tgid_nr(rcu_dereference(task->real_parent));
	if (trace_process_exit_enabled())
		trace_exit(&rec, task);
	rcu_read_unlock();
	if (READ_ONCE(log_exits))
		log_put(&rec);
}

/* Inlined into both callers, because most processes have one thread. */
static __always_inline void count_exit(struct task_struct *task, int code, const struct cputime *sum)
{
	const struct task_struct *leader = task->group_leader;
	u64 stime = system_part(sum->utime, sum->stime, sum->runtime);
	u64 utime = sum->runtime - stime;

	if (task->signal->flags & SIGNAL_GROUP_EXIT)
		code = task->signal->group_exit_code;
	else if (leader != task)
		code = leader->exit_code;

	kmon_inc(ended, EXITS);
	kmon_add(ended, UTIME, utime);
	kmon_add(ended, STIME, stime);
	if (code & 0x7f)
		kmon_inc(ended, SIGNALED);
	else if (code)
		kmon_inc(ended, NONZERO);

	if (READ_ONCE(log_exits) || trace_process_exit_enabled())
		tell_exit(task, code, utime, stime);
}

static noinline void last_of_many_exited(struct task_struct *task, int code)
{
	struct cputime sum;

	if (may_wait)
		sum_threads(&sum, task);
	else
		sum_threads_unlocked(&sum, task);
	count_exit(task, code, &sum);
}

/* The last thread of a process exits; code is the thread's own, as wait(2) reports it. */
static void process_exited(struct task_struct *task, int code)
{
	const struct signal_struct *sig = task->signal;
	struct cputime sum;

	if (unlikely(!thread_group_empty(task))) {
		last_of_many_exited(task, code);
		return;
	}
	/* If no other thread is listed, none can be reaped: no walk, no lock. */
	smp_rmb();	/* a reaped thread's times are in signal before it leaves the list */
	sum.runtime = own_runtime(task) + sig->sum_sched_runtime;
	sum.utime = sig->utime + task->utime;
	sum.stime = sig->stime + task->stime;
	count_exit(task, code, &sum);
}

static void task_exited(bool last_thread, int code)
{
	struct task_struct *task = current;

	if (unlikely(task->flags & PF_KTHREAD))
		kmon_inc(ended, KERNEL_THREADS);
	else if (last_thread)
		process_exited(task, code);
	else
		kmon_inc(ended, THREADS);
}
