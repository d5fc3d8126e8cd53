/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Part of process_monitor.c: exits in the kernel log.
 *
 * The probe puts a record into a ring, and a worker prints from it.  The probe may run in
 * a breakpoint, where it may neither wait nor queue work.  So the ring takes no lock, and
 * the next tick wakes the worker.  While there is nothing to print, nothing runs.
 */

#define RING_SIZE	1024		/* a power of two */
#define LOG_PERIOD	(HZ / 10)	/* between two prints */

static unsigned int log_exits = 1;
static unsigned int log_rate = 100;

enum { LOGGED, SUPPRESSED, LOG_COUNTERS };

KMON_COUNTERS(log_count, LOG_COUNTERS);

/*
 * The number of an entry is how many were put in before it.  A slot can be filled when
 * its turn equals that number, and emptied when its turn is one more.
 */
struct log_entry {
	atomic_t turn;
	pid_t	tgid, ppid;
	u64	utime, stime;
	char	comm[TASK_COMM_LEN];
};

static struct log_entry ring[RING_SIZE];
static atomic_t ring_head;		/* number of the next entry to put in */
static unsigned int ring_tail;		/* number of the next to take out; only the worker's */

static struct workqueue_struct *log_queue;
static void log_work_fn(struct work_struct *work);
static DECLARE_DELAYED_WORK(log_work, log_work_fn);

static void log_call_fn(struct irq_work *work);
static struct irq_work log_call = KMON_LAZY_IRQ_WORK(log_call_fn);
static atomic_t log_rests = ATOMIC_INIT(1);	/* the worker will not run unless it is woken */

static unsigned int ring_fill(void)
{
	return atomic_read(&ring_head) - READ_ONCE(ring_tail);
}

/* Entry `at`, claimed for the caller; NULL if the ring is full. */
static struct log_entry *ring_claim(unsigned int *number)
{
	int at = atomic_read(&ring_head);
	struct log_entry *entry;
	int ahead;

	for (;;) {
		entry = &ring[(unsigned int)at % RING_SIZE];
		ahead = atomic_read_acquire(&entry->turn) - at;
		if (ahead < 0)
			return NULL;
		if (ahead)
			at = atomic_read(&ring_head);
		else if (atomic_try_cmpxchg(&ring_head, &at, at + 1))
			break;
	}
	*number = at;
	return entry;
}

/* One taker at a time. */
static bool ring_take(struct log_entry *out)
{
	struct log_entry *entry = &ring[ring_tail % RING_SIZE];

	if ((unsigned int)atomic_read_acquire(&entry->turn) != ring_tail + 1)
		return false;
	*out = *entry;
	atomic_set_release(&entry->turn, ring_tail + RING_SIZE);
	WRITE_ONCE(ring_tail, ring_tail + 1);
	return true;
}

/*
 * May one more be logged in this second?  One word holds the second and how many were
 * logged in it.  Few bits are left for the second, so one from 68 minutes ago is mistaken
 * for this one.  The limit is then a little tighter, which is harmless.
 */
#define RATE_BITS	20
#define RATE_MAX	1000000

static bool log_within_rate(void)
{
	static atomic_t spent;
	unsigned int second = (unsigned int)(jiffies / HZ) << RATE_BITS;
	unsigned int rate = READ_ONCE(log_rate);
	int old = atomic_read(&spent);
	unsigned int logged;

	static_assert(RATE_MAX < 1 << RATE_BITS);
	if (!rate)
		return true;
	do {
		logged = ((unsigned int)old ^ second) >> RATE_BITS ? 0 : old & ((1 << RATE_BITS) - 1);
		if (logged >= rate)
			return false;
	} while (!atomic_try_cmpxchg(&spent, &old, second | (logged + 1)));
	return true;
}

/* Wakes the worker: after LOG_PERIOD, or at once if the ring is filling up. */
static void log_wake(bool at_once)
{
	/* Either the worker sees what was put in before this, or we see that it is idle. */
	smp_mb();
	if (at_once || (atomic_read(&log_rests) && atomic_xchg(&log_rests, 0)))
		irq_work_queue(&log_call);
}

static void log_call_fn(struct irq_work *work)
{
	mod_delayed_work(log_queue, &log_work, ring_fill() >= RING_SIZE / 2 ? 0 : LOG_PERIOD);
}

static void log_put(const struct exit_record *rec)
{
	struct log_entry *entry = NULL;
	unsigned int number = 0;

	preempt_disable();	/* later entries wait until a claimed one is filled */
	if (log_within_rate())
		entry = ring_claim(&number);
	if (entry) {
		entry->tgid = rec->tgid;
		entry->ppid = rec->ppid;
		entry->utime = rec->utime;
		entry->stime = rec->stime;
		memcpy(entry->comm, rec->comm, sizeof(entry->comm));
		atomic_set_release(&entry->turn, number + 1);
	} else {
		kmon_inc(log_count, SUPPRESSED);
	}
	log_wake(entry && number + 1 - READ_ONCE(ring_tail) == RING_SIZE / 2);
	preempt_enable();
}

static u64 log_told;		/* suppressed exits that were already reported */

static bool log_untold(void)
{
	return kmon_sum(log_count, SUPPRESSED) != log_told;
}

static void log_print(void)
{
	struct log_entry entry;
	char name[KMON_ESCAPED(TASK_COMM_LEN)];

	while (ring_take(&entry)) {
		kmon_escape(name, sizeof(name), entry.comm, sizeof(entry.comm));
		pr_info("Process exiting - PID: %d, Name: %s, Parent PID: %d\n",
			entry.tgid, name, entry.ppid);
		pr_info("  User time: %llu ns, System time: %llu ns\n", entry.utime, entry.stime);
		kmon_inc(log_count, LOGGED);
		cond_resched();
	}
}

static void log_print_suppressed(void)
{
	u64 suppressed = kmon_sum(log_count, SUPPRESSED);

	if (suppressed != log_told)
		pr_info("%llu exits not logged: more than log_rate=%u a second, or more than the buffer holds\n",
			suppressed - log_told, READ_ONCE(log_rate));
	log_told = suppressed;
}

static void log_work_fn(struct work_struct *work)
{
	static unsigned long told_at;

	log_print();
	if (log_untold() && time_after_eq(jiffies, told_at + HZ)) {
		told_at = jiffies;
		log_print_suppressed();
	}
	atomic_set(&log_rests, 1);
	smp_mb();	/* as in log_wake() */
	if ((ring_fill() || log_untold()) && atomic_xchg(&log_rests, 0))
		queue_delayed_work(log_queue, &log_work, LOG_PERIOD);
}

static int __init log_start(void)
{
	int i;

	kmon_counters_init(log_count);
	for (i = 0; i < RING_SIZE; i++)
		atomic_set(&ring[i].turn, i);
	log_queue = alloc_workqueue("process_monitor", WQ_UNBOUND, 1);
	return log_queue ? 0 : -ENOMEM;
}

/* Prints the last exits, when no more can come. */
static void log_stop(void)
{
	irq_work_sync(&log_call);
	cancel_delayed_work_sync(&log_work);
	destroy_workqueue(log_queue);
	log_print();
	log_print_suppressed();
}

KMON_PARAM_UINT(log, log_exits, 0644, 0, 1, NULL,
		"1: log each exit to the kernel log, 0: only count (default 1)");
KMON_PARAM_UINT(log_rate, log_rate, 0644, 0, RATE_MAX, NULL,
		"exits logged a second at most, 0: no limit (default 100)");
