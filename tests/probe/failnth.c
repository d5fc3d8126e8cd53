// SPDX-License-Identifier: GPL-2.0-only
/*
 * Makes a system call whose Nth memory allocation fails (with the kernel's
 * /proc/thread-self/fail-nth), and prints the result. Which allocations are
 * counted is set beforehand in debugfs.
 */
#include "probe.h"

#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <sys/syscall.h>

const char usage_text[] =
	"usage: failnth N load FILE.ko [PARAMETER=VALUE]...\n"
	"       failnth N unload MODULE\n"
	"       failnth N write FILE TEXT\n"
	"       failnth N read FILE\n"
	"       failnth N netns\n"
	"N counts from 1; 0 fails nothing. Prints {\"errno\":0 or \"ENOMEM\"...,\"fired\":true or\n"
	"false,\"bytes\":B}; after `read`, what was read follows.\n";

static char text[256 << 10];

/* Opened and closed outside, so that only the module loader's allocations fail. */
static int module;	/* the opened file */

static long load(char **parameters)
{
	static char line[65536];

	for (; *parameters; parameters++) {
		if (strlen(line) + strlen(*parameters) + 2 > sizeof(line))
			bad_usage("parameters too long");
		if (*line)
			strcat(line, " ");
		strcat(line, *parameters);
	}
	return syscall(SYS_finit_module, module, line, 0);
}

static long write_file(const char *file, const char *words)
{
	int fd = open(file, O_WRONLY | O_CLOEXEC);
	long done;

	if (fd < 0)
		return -1;
	done = write(fd, words, strlen(words));
	close(fd);
	return done;
}

static long read_file(const char *file)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	size_t used = 0;
	long done;

	if (fd < 0)
		return -1;
	do {
		done = read(fd, text + used, sizeof(text) - used);
		if (done > 0)
			used += done;
	} while (done > 0);
	close(fd);
	return done < 0 ? done : (long)used;
}

static long run(char **words)
{
	if (!strcmp(words[0], "load") && words[1])
		return load(words + 2);
	if (!strcmp(words[0], "unload") && words[1])
		return syscall(SYS_delete_module, words[1], O_NONBLOCK);
	if (!strcmp(words[0], "write") && words[1] && words[2])
		return write_file(words[1], words[2]);
	if (!strcmp(words[0], "read") && words[1])
		return read_file(words[1]);
	if (!strcmp(words[0], "netns"))
		return unshare(CLONE_NEWNET);
	bad_usage("no such call: %s", words[0]);
}

int main(int argc, char **argv)
{
	char left[24] = "";
	int fd, error;
	long done;

	if (argc < 3)
		bad_usage("what shall fail?");
	parse_number("N", argv[1], 0, INT_MAX);
	/* Touch it now, so that a page fault does not take the Nth allocation. */
	memset(text, 1, sizeof(text));
	if (!strcmp(argv[2], "load")) {
		if (argc < 4)
			bad_usage("load what?");
		module = open(argv[3], O_RDONLY | O_CLOEXEC);
		if (module < 0)
			fail("%s", argv[3]);
	}
	/* Keep it open, so that reading it afterwards allocates nothing. */
	fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		fail("this kernel has no /proc/thread-self/fail-nth");
	if (pwrite(fd, argv[1], strlen(argv[1]), 0) < 0)
		fail("fail-nth");
	errno = 0;
	done = run(argv + 2);
	error = done < 0 ? errno : 0;
	if (pread(fd, left, sizeof(left) - 1, 0) < 0 || pwrite(fd, "0", 1, 0) < 0)
		fail("fail-nth");

	printf("{");
	print_errno(error);
	printf(",\"fired\":%s,\"bytes\":%ld}\n", strcmp(argv[1], "0") && atoi(left) == 0 ? "true" : "false",
	       done < 0 ? 0 : done);
	if (!strcmp(argv[2], "read") && done > 0 && fwrite(text, 1, done, stdout) != (size_t)done)
		fail("stdout");
	return 0;
}
