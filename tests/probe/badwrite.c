// SPDX-License-Identifier: GPL-2.0-only
/*
 * badwrite: writes unusual data to one of the kernel's files, in a single write
 * call, and reports the result. A refusal is a result, too: exit 0.
 */
#include <fcntl.h>
#include <grp.h>

#include "probe.h"

#define MIB (1024 * 1024)

const char usage_text[] =
"usage: badwrite FILE KIND [TEXT] [--as UID] [--timeout SEC]\n"
"  empty        zero bytes\n"
"  huge         4096 times A\n"
"  mib          1 MiB of A\n"
"  nul [TEXT]   TEXT (default none), a NUL, an x and a newline\n"
"  text TEXT    TEXT, without a newline unless it has one\n"
"  --as UID     as that user, without groups or capabilities\n";

static char *fill(size_t size)
{
	char *bytes = malloc(size);

	if (!bytes)
		fail("memory");
	return memset(bytes, 'A', size);
}

/* The bytes to write, by kind; text is NULL if none was given. */
static char *bytes_of(const char *kind, const char *text, size_t *size)
{
	bool is_text = !strcmp(kind, "text");
	bool is_nul = !strcmp(kind, "nul");
	char *bytes;

	if (text ? !is_text && !is_nul : is_text)
		bad_usage("TEXT goes with text, and may with nul");
	*size = text ? strlen(text) : 0;
	if (is_text)
		return strdup(text);
	if (is_nul) {
		bytes = fill(*size + 3);
		mempcpy(mempcpy(bytes, text ?: "", *size), "\0x\n", 3);
		*size += 3;
		return bytes;
	}
	if (!strcmp(kind, "empty"))
		*size = 0;
	else if (!strcmp(kind, "huge"))
		*size = 4096;
	else if (!strcmp(kind, "mib"))
		*size = MIB;
	else
		bad_usage("unknown kind '%s'", kind);
	return fill(*size ?: 1);
}

/* From root to someone else, the capabilities go with the ids. */
static void become(uid_t uid)
{
	if (setgroups(0, NULL) || setresgid(uid, uid, uid) || setresuid(uid, uid, uid))
		fail("become user %u", uid);
}

static void report(ssize_t written, const char *at, int error)
{
	printf("{\"written\":%zd,", written);
	print_errno(error);
	printf(",\"at\":\"%s\"}\n", at);
}

/*
 * Parsed by hand, because TEXT may look like an option ("-5"): only these two
 * words are options, at any position; the rest are FILE, KIND and TEXT.
 */
struct request {
	const char *words[3];
	int count;
	bool drop;
	uid_t uid;
	unsigned int timeout;
};

static struct request parse(char **argv)
{
	struct request r = { .timeout = TIMEOUT_DEFAULT };

	for (argv++; *argv; argv++) {
		bool as = !strcmp(*argv, "--as");

		if ((as || !strcmp(*argv, "--timeout")) && argv[1]) {
			argv++;
			if (as)
				r.uid = parse_number("--as", *argv, 0, 0xfffffffe);
			else
				r.timeout = parse_number("--timeout", *argv, 1, TIMEOUT_MAX);
			r.drop |= as;
		} else if (r.count == 3) {
			bad_usage("too many arguments: '%s'", *argv);
		} else {
			r.words[r.count++] = *argv;
		}
	}
	if (r.count < 2)
		bad_usage("FILE and KIND are required");
	return r;
}

int main(int argc, char **argv)
{
	struct request r = parse(argv);
	size_t size;
	char *bytes = bytes_of(r.words[1], r.words[2], &size);
	ssize_t n;
	int fd;

	(void)argc;
	limit_time(r.timeout);
	if (r.drop)
		become(r.uid);
	fd = open(r.words[0], O_WRONLY | O_CLOEXEC);
	if (fd < 0) {
		report(0, "open", errno);
		return 0;
	}
	n = write(fd, bytes, size);
	report(n < 0 ? 0 : n, "write", n < 0 ? errno : 0);
	return 0;
}
