// SPDX-License-Identifier: GPL-2.0-only
/*
 * storm: an exact number of short-lived processes, each ending in a chosen way.
 * Each is waited for with wait4, whose results are what a test compares with. A
 * child that ends differently from what its mode says is an error.
 *
 * "threads" in the report does not include the leaders. Each thread exits once,
 * so the kernel runs do_exit processes + threads times.
 */
#include <ctype.h>
#include <getopt.h>
#include <pthread.h>
#include <linux/futex.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "probe.h"

#define PARALLEL_MAX 512
#define THREADS_MAX 200000
#define COMM_MAX 15
/* The exit code of a child that could not do its task. */
#define BROKEN 125
/* Touches little of it; the default 8 MiB would cost more to map. */
#define STACK (256 * 1024)

const char usage_text[] =
"usage: storm --processes N [options]\n"
"  --mode MODE     how each ends (default exit):\n"
"    exit                 by its exit code\n"
"    signal               killed: SIGKILL, SIGTERM, SIGSEGV in turn\n"
"    exec                 executes itself, then by its exit code\n"
"    threads              T threads end, then by its exit code\n"
"    kill-threads         T threads live, killed with all of them by SIGKILL\n"
"    leader-first         the leader ends; later another thread ends the process\n"
"                         by exit_group with the exit code\n"
"    leader-first-plain   the leader ends with the exit code, later the last\n"
"                         thread with code + 1: see below\n"
"    exec-thread          a thread that is not the leader executes\n"
"    mixed                all of these in turn\n"
"    unreaped             T threads end that we trace, and stay as zombies; then by\n"
"                         its exit code. Only one at once. The report says in\n"
"                         exit_us how long the shortest of the exits took\n"
"  --code C        the exit code, 0 to 254, not 125 (default 0)\n"
"  --threads T     for threads, kill-threads and unreaped (default 3)\n"
"  --parallel P    so many at once, up to 512 (default 8)\n"
"  --burn MS       each uses MS of processor time, half of it in the kernel\n"
"  --name NAME     its name, with the escapes of printf %b, up to 15 bytes\n"
"  --records FILE  a line each: pid ppid status utime_us stime_us, as of wait4\n"
"  --timeout SEC   give up then (default 120)\n"
"leader-first-plain: up to Linux 5.18 the status is the leader's, since then the\n"
"last thread's; wait4 and so the records have what that kernel says.\n";

enum mode {
	EXIT, SIGNAL, EXEC, THREADS, KILL_THREADS, LEADER_FIRST, LEADER_FIRST_PLAIN,
	EXEC_THREAD, MODES, MIXED = MODES, UNREAPED,
};

static const char * const mode_names[] = {
	"exit", "signal", "exec", "threads", "kill-threads", "leader-first",
	"leader-first-plain", "exec-thread", "mixed", "unreaped",
};

struct plan {
	uint64_t processes;
	unsigned int parallel;
	enum mode mode;
	int code;
	unsigned int threads;
	unsigned int burn;	/* ms */
	const char *name;
	const char *records;
	unsigned int timeout;
};

/* What was requested; a child derives its own mode from it. */
static struct plan plan = {
	.parallel = 8, .threads = 3, .timeout = TIMEOUT_DEFAULT,
};

/* ---- what a child does -------------------------------------------------- */

static uint64_t nanoseconds_of(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

static void burn_for(clockid_t clock, uint64_t nanoseconds, bool in_kernel)
{
	uint64_t end = nanoseconds_of(clock) + nanoseconds;

	do {
		for (volatile int i = 0; i < 2000; i++) {
			if (in_kernel && i % 4 == 0)
				syscall(SYS_getppid);
		}
	} while (nanoseconds_of(clock) < end);
}

static void burn(unsigned int part_of)
{
	uint64_t half = plan.burn * 1000000ULL / 2 / part_of;

	if (!half)
		return;
	burn_for(CLOCK_THREAD_CPUTIME_ID, half, false);
	burn_for(CLOCK_THREAD_CPUTIME_ID, half, true);
}

static void start(pthread_t *thread, void *(*run)(void *))
{
	pthread_attr_t attributes;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK);
	if (pthread_create(thread, &attributes, run, NULL))
		_exit(BROKEN);
	pthread_attr_destroy(&attributes);
}

__attribute__((noreturn))
static void end_thread(int code)
{
	/* Not pthread_exit: in the last thread that would be exit(0). */
	syscall(SYS_exit, code);
	__builtin_unreachable();
}

__attribute__((noreturn))
static void end_by(int signal_number)
{
	const struct rlimit none = {};

	/* Our parent may have ignored it. */
	signal(signal_number, SIG_DFL);
	/* No core dump: a helper that it is piped to would be one more process. */
	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0);
	kill(getpid(), signal_number);
	for (;;)
		pause();
}

__attribute__((noreturn))
static void execute(void)
{
	char code[8];

	/* Pass the name, because exec sets it to the file's. */
	snprintf(code, sizeof(code), "%d", plan.code);
	execl("/proc/self/exe", "storm", "--child", code, plan.name, NULL);
	_exit(BROKEN);
}

static void *run_share(void *unused)
{
	burn(plan.threads);
	return unused;
}

__attribute__((noreturn))
static void child_threads(void)
{
	pthread_t *threads = calloc(plan.threads, sizeof(*threads));

	if (!threads)
		_exit(BROKEN);
	for (unsigned int t = 0; t < plan.threads; t++)
		start(&threads[t], run_share);
	/* A joined thread is past do_exit's accounting, though it may still exist. */
	for (unsigned int t = 0; t < plan.threads; t++)
		pthread_join(threads[t], NULL);
	_exit(plan.code);
}

static void *run_for_ever(void *unused)
{
	for (;;)
		pause();
	return unused;
}

__attribute__((noreturn))
static void child_kill_threads(void)
{
	pthread_t thread;

	for (unsigned int t = 0; t < plan.threads; t++)
		start(&thread, run_for_ever);
	burn(1);
	end_by(SIGKILL);
}

/* The kernel clears it, and wakes waiters, when the leader exits. */
static int leader_lives = 1;

static void *run_last(void *group)
{
	while (__atomic_load_n(&leader_lives, __ATOMIC_ACQUIRE))
		syscall(SYS_futex, &leader_lives, FUTEX_WAIT, 1, NULL, NULL, 0);
	prctl(PR_SET_NAME, "kmon-last");	/* of the thread: the process keeps the leader's */
	burn(1);
	if (plan.mode == LEADER_FIRST)
		syscall(SYS_exit_group, plan.code);
	end_thread(plan.code + 1);
	return group;
}

__attribute__((noreturn))
static void child_leader_first(void)
{
	pthread_t thread;

	syscall(SYS_set_tid_address, &leader_lives);
	start(&thread, run_last);
	end_thread(plan.mode == LEADER_FIRST ? 0 : plan.code);
}

static void *run_exec(void *unused)
{
	burn(1);
	execute();
	return unused;
}

__attribute__((noreturn))
static void child_exec_thread(void)
{
	pthread_t thread;

	start(&thread, run_exec);
	for (;;)
		pause();
}

/* A child of that mode writes here when it starts to exit; its exit closes the pipe. */
static int ending[2];

static void *run_traced(void *unused)
{
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
		_exit(BROKEN);
	return unused;
}

__attribute__((noreturn))
static void child_unreaped(void)
{
	uint64_t now;
	pthread_t thread;

	for (unsigned int t = 0; t < plan.threads; t++) {
		start(&thread, run_traced);
		pthread_join(thread, NULL);
	}
	now = nanoseconds_of(CLOCK_MONOTONIC);
	if (write(ending[1], &now, sizeof(now)) != sizeof(now))
		_exit(BROKEN);
	_exit(plan.code);
}

static enum mode mode_of(uint64_t index)
{
	return plan.mode == MIXED ? index % MODES : plan.mode;
}

static int signal_of(uint64_t index)
{
	static const int signals[] = { SIGKILL, SIGTERM, SIGSEGV };

	/* In mode mixed, each signal gets its turn, too. */
	if (plan.mode == MIXED)
		index /= MODES;
	return signals[index % ARRAY_SIZE(signals)];
}

__attribute__((noreturn))
static void child(uint64_t index)
{
	int signal_number = signal_of(index);

	plan.mode = mode_of(index);
	if (plan.name)
		prctl(PR_SET_NAME, plan.name);
	switch (plan.mode) {
	case SIGNAL:
		burn(1);
		end_by(signal_number);
	case EXEC:
		burn(1);
		execute();
	case THREADS:
		child_threads();
	case KILL_THREADS:
		child_kill_threads();
	case LEADER_FIRST:
	case LEADER_FIRST_PLAIN:
		child_leader_first();
	case EXEC_THREAD:
		child_exec_thread();
	case UNREAPED:
		child_unreaped();
	default:
		burn(1);
		_exit(plan.code);
	}
}

/* ---- the parent --------------------------------------------------------- */

struct tally {
	uint64_t started, ended, threads, nonzero, signaled, unexpected;
	uint64_t shortest_exit;		/* ns */
	int error;
};

/* The running children, to know what an exited one was supposed to do. */
static struct slot {
	pid_t pid;		/* 0: free */
	uint64_t index;
} slots[PARALLEL_MAX];

static struct slot *slot_of(pid_t pid)
{
	for (unsigned int i = 0; i < plan.parallel; i++) {
		if (slots[i].pid == pid)
			return &slots[i];
	}
	return NULL;
}

static unsigned int threads_of(enum mode mode)
{
	switch (mode) {
	case THREADS:
	case KILL_THREADS:
	case UNREAPED:
		return plan.threads;
	case LEADER_FIRST:
	case LEADER_FIRST_PLAIN:
	case EXEC_THREAD:
		return 1;
	default:
		return 0;
	}
}

static bool as_expected(uint64_t index, int status)
{
	switch (mode_of(index)) {
	case SIGNAL:
		return WIFSIGNALED(status) && WTERMSIG(status) == signal_of(index);
	case KILL_THREADS:
		return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
	case LEADER_FIRST_PLAIN:
		return WIFEXITED(status) && (WEXITSTATUS(status) == plan.code ||
					     WEXITSTATUS(status) == plan.code + 1);
	default:
		return WIFEXITED(status) && WEXITSTATUS(status) == plan.code;
	}
}

static unsigned long long microseconds(const struct timeval *t)
{
	return t->tv_sec * 1000000ULL + t->tv_usec;
}

/*
 * Waiting for such a child would reap its threads, so first wait until it has exited:
 * that closes the pipe.
 */
static void time_exit(struct tally *tally)
{
	uint64_t began = 0, took;
	char more;

	close(ending[1]);
	if (read(ending[0], &began, sizeof(began)) == sizeof(began)) {
		while (read(ending[0], &more, 1) > 0)
			;
		took = nanoseconds_of(CLOCK_MONOTONIC) - began;
		if (!tally->shortest_exit || took < tally->shortest_exit)
			tally->shortest_exit = took;
	}
	close(ending[0]);
	/* Not wait4 with a rusage: then the kernel would add up all threads each time. */
	for (unsigned int t = 0; t < plan.threads; t++)
		waitpid(-1, NULL, __WALL);
}

/* Waits for one child; false if that failed. */
static bool reap(struct tally *tally, FILE *records)
{
	struct rusage usage;
	struct slot *slot;
	int status;
	pid_t pid = wait4(-1, &status, 0, &usage);

	if (pid < 0) {
		tally->error = out_of_time ? ETIME : errno;
		return false;
	}
	slot = slot_of(pid);
	if (!slot)		/* not ours: inherited across our own exec */
		return true;
	slot->pid = 0;
	tally->ended++;
	tally->threads += threads_of(mode_of(slot->index));
	tally->nonzero += WIFEXITED(status) && WEXITSTATUS(status);
	tally->signaled += WIFSIGNALED(status);
	if (!as_expected(slot->index, status)) {
		tally->unexpected++;
		fprintf(stderr, "storm: %s ended with status %#x\n",
			mode_names[mode_of(slot->index)], status);
	}
	if (records)
		fprintf(records, "%d %d %d %llu %llu\n", pid, getpid(), status,
			microseconds(&usage.ru_utime), microseconds(&usage.ru_stime));
	return true;
}

static bool start_one(struct tally *tally)
{
	struct slot *slot = slot_of(0);
	pid_t pid;

	if (plan.mode == UNREAPED && pipe(ending))
		return false;
	pid = fork();
	if (!pid)
		child(tally->started);
	if (pid < 0)
		return false;
	slot->pid = pid;
	slot->index = tally->started++;
	if (plan.mode == UNREAPED)
		time_exit(tally);
	return true;
}

static void run(struct tally *tally, FILE *records)
{
	while (tally->ended < plan.processes) {
		uint64_t running = tally->started - tally->ended;

		if (out_of_time) {
			tally->error = ETIME;
			return;
		}
		if (running < plan.parallel && tally->started < plan.processes &&
		    start_one(tally))
			continue;
		if (!running) {		/* no room for even one */
			tally->error = errno;
			return;
		}
		if (!reap(tally, records))
			return;
	}
}

static void kill_rest(void)
{
	for (unsigned int i = 0; i < plan.parallel; i++) {
		if (!slots[i].pid)
			continue;
		kill(slots[i].pid, SIGKILL);
		waitpid(slots[i].pid, NULL, 0);
	}
}

/* ---- arguments ---------------------------------------------------------- */

/* Parses at most `most` digits of that base; returns how many there were. */
static int take_digits(const char *from, int most, int base, char *value)
{
	char digits[4] = {};
	int n = 0;

	while (n < most && (base == 16 ? isxdigit(from[n]) : from[n] >= '0' && from[n] <= '7')) {
		digits[n] = from[n];
		n++;
	}
	*value = strtoul(digits, NULL, base);
	return n;
}

/* Replaces the escapes of printf %b, in place. */
static char *unescape(char *text)
{
	static const char letters[] = "abefnrtv\\";
	static const char values[] = "\a\b\033\f\n\r\t\v\\";
	char *from = text, *to = text;

	while (*from) {
		const char *letter;
		int used;

		if (from[0] != '\\' || !from[1]) {
			*to++ = *from++;
			continue;
		}
		from++;
		letter = strchr(letters, *from);
		if (letter) {
			*to++ = values[letter - letters];
			from++;
		} else if (*from == 'x' && (used = take_digits(from + 1, 2, 16, to))) {
			to++;
			from += 1 + used;
		} else if ((used = take_digits(from + (*from == '0'), 3, 8, to))) {
			to++;
			from += used + (*from == '0');
		} else {
			*to++ = '\\';
		}
	}
	*to = '\0';
	return text;
}

static enum mode parse_mode(const char *text)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(mode_names); i++) {
		if (!strcmp(text, mode_names[i]))
			return i;
	}
	bad_usage("--mode: unknown: '%s'", text);
}

enum { PROCESSES = 1, PARALLEL, MODE, CODE, BURN, NAME, RECORDS, THREAD_COUNT, TIMEOUT };

static const struct option options[] = {
	{ "processes", 1, NULL, PROCESSES }, { "parallel", 1, NULL, PARALLEL },
	{ "mode", 1, NULL, MODE }, { "code", 1, NULL, CODE }, { "burn", 1, NULL, BURN },
	{ "name", 1, NULL, NAME }, { "records", 1, NULL, RECORDS },
	{ "threads", 1, NULL, THREAD_COUNT }, { "timeout", 1, NULL, TIMEOUT },
	{},
};

static void parse(int argc, char **argv)
{
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case PROCESSES:
			plan.processes = parse_number("--processes", optarg, 1, 10000000);
			break;
		case PARALLEL:
			plan.parallel = parse_number("--parallel", optarg, 1, PARALLEL_MAX);
			break;
		case MODE:
			plan.mode = parse_mode(optarg);
			break;
		case CODE:
			plan.code = parse_number("--code", optarg, 0, 254);
			break;
		case BURN:
			plan.burn = parse_number("--burn", optarg, 0, 10000);
			break;
		case NAME:
			plan.name = unescape(optarg);
			if (strlen(plan.name) > COMM_MAX)
				bad_usage("--name: more than %d bytes", COMM_MAX);
			break;
		case RECORDS:
			plan.records = optarg;
			break;
		case THREAD_COUNT:
			plan.threads = parse_number("--threads", optarg, 1, THREADS_MAX);
			break;
		case TIMEOUT:
			plan.timeout = parse_number("--timeout", optarg, 1, TIMEOUT_MAX);
			break;
		default:
			bad_usage("bad option");
		}
	}
	if (plan.mode == UNREAPED)
		plan.parallel = 1;
	if (optind != argc || !plan.processes)
		bad_usage("--processes is required; arguments other than options are not allowed");
	if (plan.code == BROKEN)
		bad_usage("--code: %d is reserved for a child that failed", BROKEN);
}

int main(int argc, char **argv)
{
	struct tally tally = {};
	FILE *records = NULL;

	/* What a child executes: storm --child CODE [NAME] */
	if (argc >= 3 && !strcmp(argv[1], "--child")) {
		if (argc > 3)
			prctl(PR_SET_NAME, argv[3]);
		_exit(atoi(argv[2]));
	}
	parse(argc, argv);
	if (plan.records) {
		records = fopen(plan.records, "we");
		if (!records)
			fail("%s", plan.records);
	}
	/* Some shells pass it on ignored; then there would be nothing to wait for. */
	signal(SIGCHLD, SIG_DFL);
	limit_time(plan.timeout);
	run(&tally, records);
	kill_rest();
	if (records && fclose(records))
		fail("%s", plan.records);
	printf("{\"processes\":%llu,\"threads\":%llu,\"nonzero\":%llu,\"signaled\":%llu",
	       (unsigned long long)tally.ended, (unsigned long long)tally.threads,
	       (unsigned long long)tally.nonzero, (unsigned long long)tally.signaled);
	if (plan.mode == UNREAPED)
		printf(",\"exit_us\":%llu", (unsigned long long)tally.shortest_exit / 1000);
	printf("}\n");
	fflush(stdout);
	return verdict(plan.processes, tally.ended, tally.error, tally.error == ETIME) ||
	       tally.unexpected;
}
