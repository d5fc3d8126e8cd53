// SPDX-License-Identifier: GPL-2.0-only
/*
 * work: does one kind of work in chunks, and prints what an event of it costs.
 *
 * In a guest whose time stamp counter counts instructions (tests/vm/boot --icount)
 * this is exact: the median ignores chunks that a timer interrupted.
 * Prints two numbers: instructions per event, and the number of events.
 */
#include <fcntl.h>
#include <sched.h>
#include <net/if.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <x86intrin.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>

#include "probe.h"

const char usage_text[] =
"usage: work frames IFACE MACS   a frame from IFACE, from MACS source addresses in turn\n"
"       work sent IFACE MACS     the same, to MACS destination addresses\n"
"       work udp4|udp6           a datagram over lo, to a socket that receives it\n"
"       work tcp IFACE-ADDRESS   a TCP packet from that address, to nobody\n"
"       work exit                a process that exits at once\n"
"       work read FILE           an event is reading the whole FILE once\n"
"       work run COMMAND...      an event is one run of COMMAND, its output discarded\n";

#define CHUNKS		41
#define READ_CHUNKS	9
#define RUN_CHUNKS	3
#define EXIT_CHUNKS	101

/*
 * A process leaves work behind that RCU does later: its stack is then reused by the next
 * process, or that one needs a new stack.  After this pause the work is done, so that all
 * exits start under the same conditions.
 */
#define EXIT_PAUSE	30000	/* microseconds */

static uint64_t chunk_cost[EXIT_CHUNKS];
static uint64_t sent_before;

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* ---- the kinds of work; each does n events, beginning with number `from` ---- */

static int out;
static uint64_t macs;
static unsigned char frame[60];
static unsigned char *address;	/* the address in it that changes */

static int packet_socket(const char *iface)
{
	struct sockaddr_ll where = { .sll_family = AF_PACKET, .sll_ifindex = if_nametoindex(iface) };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd < 0 || !where.sll_ifindex || bind(fd, (struct sockaddr *)&where, sizeof(where)))
		fail("packet socket on %s", iface);
	return fd;
}

static void send_frames(uint64_t from, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		uint64_t mac = (from + i) % macs;

		address[2] = mac >> 24;
		address[3] = mac >> 16;
		address[4] = mac >> 8;
		address[5] = mac;
		if (send(out, frame, sizeof(frame), 0) != sizeof(frame))
			fail("send");
	}
}

static void prepare_frames(const char *iface, uint64_t n, unsigned int offset)
{
	static const unsigned char header[] = {
		0x02, 0xff, 0xff, 0xff, 0xff, 0xfe, 0x02, 0, 0, 0, 0, 0, 0x88, 0xb5
	};

	out = packet_socket(iface);
	macs = n;
	memcpy(frame, header, sizeof(header));
	address = frame + offset;
}

static int sink;

static void send_datagrams(uint64_t from, unsigned int n)
{
	char buf[64] = {};

	(void)from;
	for (unsigned int i = 0; i < n; i++) {
		if (send(out, buf, 22, 0) != 22)
			fail("send");
		if (recv(sink, buf, sizeof(buf), 0) != 22)
			fail("recv");
	}
}

static void prepare_datagrams(int family)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(4999),
				  .sin_addr = { htonl(INADDR_LOOPBACK) } };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(4999),
				   .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct sockaddr *to = family == AF_INET ? (void *)&v4 : (void *)&v6;
	socklen_t size = family == AF_INET ? sizeof(v4) : sizeof(v6);

	sink = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	out = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (sink < 0 || out < 0 || bind(sink, to, size) || connect(out, to, size))
		fail("UDP sockets on lo");
}

static unsigned char segment[40];

static void send_segments(uint64_t from, unsigned int n)
{
	(void)from;
	for (unsigned int i = 0; i < n; i++)
		if (send(out, segment, sizeof(segment), 0) != sizeof(segment))
			fail("send");
}

/* The kernel fills in length, checksum and source of the IPv4 header. */
static void prepare_segments(const char *source)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	struct in_addr from;

	if (!inet_aton(source, &from))
		bad_usage("not an address: '%s'", source);
	to.sin_addr.s_addr = from.s_addr ^ htonl(3);
	out = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	if (out < 0 || connect(out, (struct sockaddr *)&to, sizeof(to)))
		fail("raw socket");
	segment[0] = 0x45;
	segment[8] = 64;
	segment[9] = IPPROTO_TCP;
	memcpy(segment + 12, &from, sizeof(from));
	memcpy(segment + 16, &to.sin_addr, sizeof(to.sin_addr));
	segment[32] = 0x50;	/* a header of 20 bytes */
	segment[33] = 0x10;	/* ACK */
}

static void end_processes(uint64_t from, unsigned int n)
{
	(void)from;
	/* A child that shares the memory, so that only the process's own cost remains. */
	for (volatile unsigned int i = 0; i < n; i++) {
		volatile pid_t pid = vfork();

		if (!pid)
			_exit(0);
		if (pid < 0 || waitpid(pid, NULL, 0) != pid)
			fail("vfork");
	}
}

static const char *file;

static void read_file(uint64_t from, unsigned int n)
{
	static char buf[1 << 16];
	ssize_t got;
	int fd;

	(void)from;
	while (n--) {
		fd = open(file, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			fail("%s", file);
		while ((got = read(fd, buf, sizeof(buf))) > 0)
			;
		if (got < 0)
			fail("%s", file);
		close(fd);
	}
}

static char **command;

static void run_command(uint64_t from, unsigned int n)
{
	(void)from;
	while (n--) {
		pid_t pid = fork();
		int status;

		if (!pid) {
			int nowhere = open("/dev/null", O_WRONLY);

			if (nowhere >= 0 && dup2(nowhere, STDOUT_FILENO) >= 0)
				execvp(command[0], command);
			_exit(127);
		}
		if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
			fail("%s", command[0]);
	}
}

/* ---- measuring ---- */

static void measure(void (*work)(uint64_t from, unsigned int n), unsigned int n, unsigned int chunks,
		    unsigned int pause)
{
	uint64_t from = 0, began;

	work(from, n);		/* warm up: do what is done only once */
	from += n;
	for (unsigned int i = 0; i < chunks; i++, from += n) {
		if (pause)
			usleep(pause);
		began = __rdtsc();
		work(from, n);
		chunk_cost[i] = __rdtsc() - began;
	}
	qsort(chunk_cost, chunks, sizeof(chunk_cost[0]), by_size);
	printf("%.2f %llu\n", (double)chunk_cost[chunks / 2] / n, (unsigned long long)(sent_before + from));
}

int main(int argc, char **argv)
{
	const char *kind = argc > 1 ? argv[1] : "";

	limit_time(TIMEOUT_MAX);
	if ((!strcmp(kind, "frames") || !strcmp(kind, "sent")) && argc == 4) {
		prepare_frames(argv[2], parse_number("MACS", argv[3], 1, 1 << 20),
			       !strcmp(kind, "sent") ? 0 : ETH_ALEN);
		/* All addresses must be known, and have their place, before measuring. */
		if (macs > 1000) {
			send_frames(0, macs);
			usleep(500000);
			send_frames(0, macs);
			sent_before = 2 * macs;
		}
		measure(send_frames, 100, CHUNKS, 0);
	} else if (!strcmp(kind, "udp4") && argc == 2) {
		prepare_datagrams(AF_INET);
		measure(send_datagrams, 50, CHUNKS, 0);
	} else if (!strcmp(kind, "udp6") && argc == 2) {
		prepare_datagrams(AF_INET6);
		measure(send_datagrams, 50, CHUNKS, 0);
	} else if (!strcmp(kind, "tcp") && argc == 3) {
		prepare_segments(argv[2]);
		measure(send_segments, 50, CHUNKS, 0);
	} else if (!strcmp(kind, "exit") && argc == 2) {
		measure(end_processes, 1, EXIT_CHUNKS, EXIT_PAUSE);
	} else if (!strcmp(kind, "read") && argc == 3) {
		file = argv[2];
		measure(read_file, 1, READ_CHUNKS, 0);
	} else if (!strcmp(kind, "run") && argc > 2) {
		command = argv + 2;
		measure(run_command, 1, RUN_CHUNKS, 0);
	} else {
		bad_usage("what work?");
	}
	return 0;
}
