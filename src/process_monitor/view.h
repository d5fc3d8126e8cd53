/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Part of process_monitor.c: the files in /proc.
 */

KMON_READERS(readers);

struct totals {
	u64		ended[COUNTERS];
	u64		log[LOG_COUNTERS];
	unsigned long	missed;
};

static void take_totals(struct totals *t)
{
	kmon_snapshot(log_count, t->log, LOG_COUNTERS);
	kmon_snapshot(ended, t->ended, COUNTERS);
	t->missed = probe_missed();
}

/* The counters at the last reset of the text view. */
static struct totals base;
static DEFINE_MUTEX(base_lock);

static int text_show(struct seq_file *m, void *unused)
{
	struct totals t;
	size_t i;

	mutex_lock(&base_lock);
	take_totals(&t);
	for (i = 0; i < COUNTERS; i++)
		t.ended[i] -= base.ended[i];
	for (i = 0; i < LOG_COUNTERS; i++)
		t.log[i] -= base.log[i];
	t.missed -= base.missed;
	mutex_unlock(&base_lock);

	seq_printf(m, "Process exits: %llu\n", t.ended[EXITS]);
	seq_printf(m, "Thread exits: %llu\n", t.ended[THREADS]);
	seq_printf(m, "Logged: %llu\n", t.log[LOGGED]);
	seq_printf(m, "Suppressed: %llu\n", t.log[SUPPRESSED]);
	seq_printf(m, "Missed probes: %lu\n", t.missed);
	seq_printf(m, "Non-zero exits: %llu\n", t.ended[NONZERO]);
	seq_printf(m, "Killed by signal: %llu\n", t.ended[SIGNALED]);
	seq_printf(m, "User time: %llu ns\n", t.ended[UTIME]);
	seq_printf(m, "System time: %llu ns\n", t.ended[STIME]);
	return 0;
}

static int text_reset(void)
{
	mutex_lock(&base_lock);
	take_totals(&base);
	mutex_unlock(&base_lock);
	return 0;
}

KMON_TEXT_VIEW(text_ops, text_show, text_reset, CAP_SYS_ADMIN);

static int json_show(struct seq_file *m, void *unused)
{
	struct totals t;

	take_totals(&t);
	kmon_json_head(m);
	seq_printf(m, ",\"probe\":\"%s\",\"probe_by\":\"%s\",\"armed\":%s",
		   probe->place, means_names[probe->means], probe_armed() ? "true" : "false");
	seq_printf(m, ",\"log\":%u,\"log_rate\":%u", READ_ONCE(log_exits), READ_ONCE(log_rate));
	seq_printf(m, ",\"exits\":%llu,\"thread_exits\":%llu,\"kernel_thread_exits\":%llu",
		   t.ended[EXITS], t.ended[THREADS], t.ended[KERNEL_THREADS]);
	seq_printf(m, ",\"logged\":%llu,\"suppressed\":%llu,\"missed_probes\":%lu",
		   t.log[LOGGED], t.log[SUPPRESSED], t.missed);
	seq_printf(m, ",\"nonzero_exits\":%llu,\"killed_by_signal\":%llu,\"utime_ns\":%llu,\"stime_ns\":%llu}\n",
		   t.ended[NONZERO], t.ended[SIGNALED], t.ended[UTIME], t.ended[STIME]);
	return 0;
}

static int __init views_create(void)
{
	if (!kmon_view_create(&readers, "process_monitor", 0200, NULL, &text_ops))
		return -ENOMEM;
	if (!kmon_view_single(&readers, "process_monitor.json", NULL, json_show)) {
		remove_proc_entry("process_monitor", NULL);
		return -ENOMEM;
	}
	return 0;
}

static void views_remove(void)
{
	remove_proc_entry("process_monitor.json", NULL);
	remove_proc_entry("process_monitor", NULL);
}
