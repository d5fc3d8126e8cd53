/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Part of process_monitor.c: the place in the exit path where exits are seen, and how.
 *
 * sched_process_exit	the tracepoint, if it says whether the last thread is gone:
 *			cheapest, and nobody can disable it
 * taskstats_exit	a function with that argument, called after the exit code was set
 * acct_collect		another one, a little earlier: for kernels without taskstats
 * do_exit		the original module's place, before the kernel has decided
 *
 * The functions are reached by a permanent ftrace_ops, which cannot be disabled either,
 * or by a kprobe, which can.
 */

/* ---- what runs there ---- */

typedef void exit_callback(void *data, struct task_struct *task, bool group_dead);

/* Does this kernel's tracepoint have exactly this signature? */
#define TRACEPOINT_TELLS						\
	__builtin_types_compatible_p(typeof(&check_trace_callback_type_sched_process_exit), \
				     void (*)(exit_callback *))

static void at_sched_process_exit(void *data, struct task_struct *task, bool group_dead)
{
	task_exited(group_dead, task->exit_code);
}

#if KMON_HAVE_FTRACE
static void ftrace_at_taskstats_exit(unsigned long ip, unsigned long parent_ip,
				     struct ftrace_ops *ops, kmon_ftrace_regs *regs)
{
	task_exited((int)kmon_ftrace_argument(regs, 1), current->exit_code);
}

static void ftrace_at_acct_collect(unsigned long ip, unsigned long parent_ip,
				   struct ftrace_ops *ops, kmon_ftrace_regs *regs)
{
	task_exited((int)kmon_ftrace_argument(regs, 1), (int)kmon_ftrace_argument(regs, 0));
}
#endif

static int kprobe_at_taskstats_exit(struct kprobe *p, struct pt_regs *regs)
{
	task_exited((int)kmon_argument(regs, 1), current->exit_code);
	return 0;
}

static int kprobe_at_acct_collect(struct kprobe *p, struct pt_regs *regs)
{
	task_exited((int)kmon_argument(regs, 1), (int)kmon_argument(regs, 0));
	return 0;
}

/*
 * Here the kernel has not yet decided which thread is the last, or the exit code of a
 * process whose leader exited first.  So threads that end at the same moment can hide a
 * process, and the code may be the leader's own.
 */
static int kprobe_at_do_exit(struct kprobe *p, struct pt_regs *regs)
{
	task_exited(atomic_read(&current->signal->live) == 1, (int)kmon_argument(regs, 0));
	return 0;
}

/* ---- the ways to see exits, best first ---- */

enum probe_means { BY_TRACEPOINT, BY_FTRACE, BY_KPROBE };

static const char * const means_names[] = {
	[BY_TRACEPOINT]	= "tracepoint",
	[BY_FTRACE]	= "ftrace",
	[BY_KPROBE]	= "kprobe",
};

struct probe_way {
	const char		*place;
	enum probe_means	means;
	kprobe_pre_handler_t	kprobe;
#if KMON_HAVE_FTRACE
	ftrace_func_t		ftrace;
#endif
};

static const struct probe_way probe_ways[] = {
	{ .place = "sched_process_exit", .means = BY_TRACEPOINT },
#if KMON_HAVE_FTRACE
	{ .place = "taskstats_exit", .means = BY_FTRACE, .ftrace = ftrace_at_taskstats_exit },
	{ .place = "acct_collect", .means = BY_FTRACE, .ftrace = ftrace_at_acct_collect },
#endif
#if KMON_HAVE_ARGUMENTS
	{ .place = "taskstats_exit", .means = BY_KPROBE, .kprobe = kprobe_at_taskstats_exit },
	{ .place = "acct_collect", .means = BY_KPROBE, .kprobe = kprobe_at_acct_collect },
#endif
	{ .place = "do_exit", .means = BY_KPROBE, .kprobe = kprobe_at_do_exit },
};

/* A way can be chosen by its place or by its means. */
static const char * const probe_words[] = {
	"auto", "tracepoint", "ftrace", "kprobe", "taskstats_exit", "acct_collect", "do_exit",
};

static unsigned int probe_wanted;
KMON_PARAM_CHOICE(probe, probe_wanted, 0444, probe_words, NULL,
		  "how or where exits are seen: auto, tracepoint, ftrace, kprobe, taskstats_exit, acct_collect or do_exit (default auto; set at load)");

static bool is_wanted(const struct probe_way *way)
{
	const char *word = probe_words[probe_wanted];

	return !probe_wanted || !strcmp(word, way->place) || !strcmp(word, means_names[way->means]);
}

static const struct probe_way *probe;	/* the one in use */
static const void *probe_handle;	/* what was registered, for the log */

/* ---- tracepoint ---- */

static struct tracepoint *exit_tp;

static void find_exit_tp(struct tracepoint *tp, void *unused)
{
	if (!strcmp(tp->name, "sched_process_exit"))
		exit_tp = tp;
}

static int start_tracepoint(const struct probe_way *way)
{
	if (!TRACEPOINT_TELLS)
		return -ENOENT;
	for_each_kernel_tracepoint(find_exit_tp, NULL);
	if (!exit_tp)
		return -ENOENT;
	probe_handle = exit_tp;
	return tracepoint_probe_register(exit_tp, at_sched_process_exit, NULL);
}

static void stop_tracepoint(void)
{
	tracepoint_probe_unregister(exit_tp, at_sched_process_exit, NULL);
	tracepoint_synchronize_unregister();
}

/* ---- ftrace ---- */

static struct kprobe exit_kp;

#if KMON_HAVE_FTRACE

static struct ftrace_ops exit_ops = { .flags = FTRACE_OPS_FL_PERMANENT | KMON_FTRACE_FLAGS };

/* 5.10 does not export ftrace_free_filter(), but resetting a filter frees it. */
static void forget_filter(void)
{
	ftrace_set_filter(&exit_ops, NULL, 0, 1);
}

/* Registering a kprobe finds a function's address; this one is never armed. */
static int find_function(const char *name, void **address)
{
	int err;

	exit_kp = (struct kprobe) { .symbol_name = name, .flags = KPROBE_FLAG_DISABLED };
	err = register_kprobe(&exit_kp);
	if (err)
		return err;
	*address = exit_kp.addr;
	unregister_kprobe(&exit_kp);
	return 0;
}

/*
 * By address: if a filter by name runs out of memory it is empty, and an empty filter
 * means every function.  -EBUSY: kernel.ftrace_enabled is 0.
 */
static int start_ftrace(const struct probe_way *way)
{
	void *address;
	int err = find_function(way->place, &address);

	if (err)
		return err;
	exit_ops.func = way->ftrace;
	probe_handle = address;
	err = ftrace_set_filter_ip(&exit_ops, (unsigned long)address, 0, 1);
	if (!err)
		err = register_ftrace_function(&exit_ops);
	if (err)
		forget_filter();
	return err;
}

static void stop_ftrace(void)
{
	unregister_ftrace_function(&exit_ops);
	forget_filter();
}

#else
static int start_ftrace(const struct probe_way *way) { return -ENOENT; }
static void stop_ftrace(void) { }
#endif

/* ---- kprobe ---- */

/*
 * Nobody is notified when kprobes are disabled.  So a second kprobe watches a function of
 * our own.  If we call that and the kprobe misses it, the first one is blind as well.
 */
static atomic_t canary_seen;

static noinline void canary(void)
{
	barrier();
}

static int at_canary(struct kprobe *p, struct pt_regs *regs)
{
	atomic_inc(&canary_seen);
	return 0;
}

static struct kprobe canary_kp;

static bool kprobes_armed(void)
{
	int before = atomic_read(&canary_seen);

	canary();
	return atomic_read(&canary_seen) != before;
}

static int start_kprobe(const struct probe_way *way)
{
	int err;

	canary_kp = (struct kprobe) { .addr = (void *)canary, .pre_handler = at_canary };
	exit_kp = (struct kprobe) { .symbol_name = way->place, .pre_handler = way->kprobe };
	err = register_kprobe(&canary_kp);
	if (err)
		return err;
	may_wait = false;	/* until it is known */
	err = register_kprobe(&exit_kp);
	if (err) {
		unregister_kprobe(&canary_kp);
		return err;
	}
	may_wait = !IS_ENABLED(CONFIG_PREEMPT_RT) && (exit_kp.flags & KPROBE_FLAG_FTRACE);
	probe_handle = exit_kp.addr;
	return 0;
}

static void stop_kprobe(void)
{
	unregister_kprobe(&exit_kp);
	unregister_kprobe(&canary_kp);
}

/* ---- all of them ---- */

static int (*const start_by[])(const struct probe_way *way) = {
	[BY_TRACEPOINT]	= start_tracepoint,
	[BY_FTRACE]	= start_ftrace,
	[BY_KPROBE]	= start_kprobe,
};

static void (*const stop_by[])(void) = {
	[BY_TRACEPOINT]	= stop_tracepoint,
	[BY_FTRACE]	= stop_ftrace,
	[BY_KPROBE]	= stop_kprobe,
};

/* Can the probe see exits now? */
static bool probe_armed(void)
{
	return probe->means != BY_KPROBE || kprobes_armed();
}

static unsigned long probe_missed(void)
{
	return probe->means == BY_KPROBE ? exit_kp.nmissed : 0;
}

static int probe_start(void)
{
	const struct probe_way *way;
	int err = -ENOENT;

	for (way = probe_ways; way < probe_ways + ARRAY_SIZE(probe_ways); way++) {
		if (!is_wanted(way))
			continue;
		may_wait = !IS_ENABLED(CONFIG_PREEMPT_RT);
		err = start_by[way->means](way);
		if (!err)
			break;
		if (err == -ENOMEM)
			return err;
	}
	if (err)
		return err;
	probe = way;
	if (!probe_wanted && !strcmp(way->place, "do_exit"))
		pr_warn("this kernel has neither taskstats_exit nor acct_collect: at do_exit, threads that end at the same moment can hide a process\n");
	if (!probe_armed())
		pr_warn("no exits are seen while kprobes are off: kernel.ftrace_enabled or /sys/kernel/debug/kprobes/enabled is 0\n");
	return 0;
}

static void probe_stop(void)
{
	stop_by[probe->means]();
}
