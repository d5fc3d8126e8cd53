/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What all probes share: error messages, arguments, and the time limit.
 * Exit codes: 0 done as requested, 1 failed or incomplete, 2 usage.
 */
#ifndef PROBE_H
#define PROBE_H

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define TIMEOUT_DEFAULT 120
#define TIMEOUT_MAX 3600

/* Each program defines its own. */
extern const char usage_text[];

static inline void complain(const char *format, va_list arguments)
{
	fprintf(stderr, "%s: ", program_invocation_short_name);
	vfprintf(stderr, format, arguments);
}

/* The arguments are wrong: prints why, and the usage, and exits with 2. */
__attribute__((format(printf, 1, 2), noreturn))
static inline void bad_usage(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	complain(format, arguments);
	va_end(arguments);
	fprintf(stderr, "\n%s", usage_text);
	exit(2);
}

/* Something failed: prints what and, if errno is not 0, why. */
__attribute__((format(printf, 1, 2), noreturn))
static inline void fail(const char *format, ...)
{
	int error = errno;
	va_list arguments;

	va_start(arguments, format);
	complain(format, arguments);
	va_end(arguments);
	if (error)
		fprintf(stderr, ": %s", strerror(error));
	fputc('\n', stderr);
	exit(1);
}

/*
 * The last step of every sender, after its JSON line: 0 if everything was sent,
 * otherwise 1 and the reason, so that a short count is never missed.
 */
static inline int verdict(uint64_t asked, uint64_t done, int error, bool late)
{
	if (done == asked && !error)
		return 0;
	fprintf(stderr, "%s: only %llu of %llu: %s\n", program_invocation_short_name,
		(unsigned long long)done, (unsigned long long)asked,
		late ? "out of time" : strerror(error));
	return 1;
}

static inline uint64_t parse_base(const char *what, const char *text, int base,
				  uint64_t least, uint64_t most)
{
	unsigned long long value;
	char *end;

	errno = 0;
	value = strtoull(text, &end, base);
	/* strtoull accepts "-1" and " 1", but a test that passes them has a bug. */
	if (errno || end == text || *end || strchr("-+ \t\n", *text))
		bad_usage("%s: not a number: '%s'", what, text);
	if (value < least || value > most)
		bad_usage("%s: %s is not between %llu and %llu", what, text,
			  (unsigned long long)least, (unsigned long long)most);
	return value;
}

static inline uint64_t parse_number(const char *what, const char *text,
				    uint64_t least, uint64_t most)
{
	return parse_base(what, text, 10, least, most);
}

static inline uint64_t parse_hex(const char *what, const char *text, uint64_t most)
{
	return parse_base(what, text, 16, 0, most);
}

/* Seconds, possibly with a fraction, as microseconds. */
static inline useconds_t parse_seconds(const char *what, const char *text)
{
	double seconds;
	char *end;

	seconds = strtod(text, &end);
	if (end == text || *end || !(seconds >= 0 && seconds <= TIMEOUT_MAX))
		bad_usage("%s: not 0 to %d seconds: '%s'", what, TIMEOUT_MAX, text);
	return seconds * 1000000;
}

static volatile sig_atomic_t out_of_time;

static inline void on_alarm(int signal_number)
{
	static const char text[] = "out of time\n";

	(void)signal_number;
	if (out_of_time) {
		/* The main loop did not react within its grace time: it hangs. */
		if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
			_exit(1);
		_exit(1);
	}
	out_of_time = 1;
	alarm(5);
}

/*
 * After this many seconds out_of_time is set and blocking calls return, so that
 * the program can still report. Five seconds later it is terminated.
 */
static inline void limit_time(unsigned int seconds)
{
	/* No SA_RESTART: a blocking call must return. */
	struct sigaction action = { .sa_handler = on_alarm };

	if (sigaction(SIGALRM, &action, NULL))
		fail("sigaction");
	alarm(seconds);
}

/* As JSON: 0, or the name as a string. */
static inline void print_errno(int error)
{
	const char *name = strerrorname_np(error);

	if (!error)
		printf("\"errno\":0");
	else if (name)
		printf("\"errno\":\"%s\"", name);
	else
		printf("\"errno\":\"%d\"", error);
}

#endif
