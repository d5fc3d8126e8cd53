// SPDX-License-Identifier: GPL-2.0-only
/*
 * hold: keeps a partly read file open, like a slow reader, until it is told to read
 * on. It prints "holding" on stderr once it does, so that a test can wait for that.
 */
#include <fcntl.h>
#include <time.h>

#include "probe.h"

const char usage_text[] =
"usage: hold FILE SECONDS\n"
"  reads 1 byte, waits for SIGTERM, SECONDS at most, reads the rest; prints the\n"
"  bytes read in all and the error that ended it. Exit 1 if FILE cannot be opened.\n";

static sigset_t word;

/* Blocks the signal, so that it is not lost if it comes before we wait for it. */
static void expect_word(void)
{
	sigemptyset(&word);
	sigaddset(&word, SIGTERM);
	sigprocmask(SIG_BLOCK, &word, NULL);
}

static void wait_for_word(useconds_t at_most)
{
	const struct timespec time = {
		.tv_sec = at_most / 1000000,
		.tv_nsec = at_most % 1000000 * 1000,
	};

	sigtimedwait(&word, NULL, &time);
}

int main(int argc, char **argv)
{
	unsigned long long total = 0;
	useconds_t at_most;
	char buffer[65536];
	int error = 0;
	ssize_t n;
	int fd;

	if (argc != 3)
		bad_usage("FILE and SECONDS are required");
	at_most = parse_seconds("SECONDS", argv[2]);
	limit_time(at_most / 1000000 + TIMEOUT_DEFAULT);
	expect_word();
	fd = open(argv[1], O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		fail("%s", argv[1]);
	n = read(fd, buffer, 1);
	fputs("holding\n", stderr);
	wait_for_word(at_most);

	while (n > 0 && !out_of_time) {
		total += n;
		n = read(fd, buffer, sizeof(buffer));
	}
	if (n < 0)
		error = errno;
	printf("{\"bytes\":%llu,", total);
	print_errno(out_of_time ? ETIME : error);
	printf("}\n");
	return 0;
}
