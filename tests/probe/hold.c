// SPDX-License-Identifier: GPL-2.0-only
/*
 * hold: keeps a file open half read, for a while, as a slow reader does. It says
 * "holding" on stderr once it does, for a test to wait for.
 */
#include <fcntl.h>

#include "probe.h"

const char usage_text[] =
"usage: hold FILE SECONDS\n"
"  reads 1 byte, sleeps, reads the rest; prints the bytes read in all and the\n"
"  error that ended it. Exit 1 if FILE cannot be opened.\n";

int main(int argc, char **argv)
{
	unsigned long long total = 0;
	useconds_t pause;
	char buffer[65536];
	int error = 0;
	ssize_t n;
	int fd;

	if (argc != 3)
		bad_usage("FILE and SECONDS are needed");
	pause = parse_seconds("SECONDS", argv[2]);
	limit_time(pause / 1000000 + TIMEOUT_DEFAULT);
	fd = open(argv[1], O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		fail("%s", argv[1]);
	n = read(fd, buffer, 1);
	fputs("holding\n", stderr);
	usleep(pause);

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
