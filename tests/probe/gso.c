// SPDX-License-Identifier: GPL-2.0-only
/*
 * gso: UDP super packets (UDP_SEGMENT): each send is one packet to the hooks of
 * the sending host, and K datagrams on the wire.
 *
 * If the destination is local, a socket receives the datagrams, so that no ICMP
 * port unreachable comes back. It also chooses the port, unless --port is given.
 */
#include <getopt.h>

#include "address.h"
#include "pace.h"
#include "probe.h"

/* Not in older C libraries' netinet/udp.h. */
#define UDP_SEGMENT_OPTION 103
#define SEGMENTS_MAX 64		/* the kernel's limit, UDP_MAX_SEGMENTS */
#define PAYLOAD_MAX 65507	/* one IPv4 datagram */
#define PACE 64

const char usage_text[] =
"usage: gso --to ADDR --segment S --segments K --count N [options]\n"
"  --segment S     bytes of payload in each datagram, 1 to MTU - headers\n"
"  --segments K    datagrams in a super packet, 1 to 64; S*K up to 65507\n"
"  --count N       super packets\n"
"  --port P        destination port (default: the sink's, 9 if ADDR is not local)\n"
"  --timeout SEC   give up then (default 120)\n";

static const char payload[PAYLOAD_MAX];

static uint64_t send_all(int fd, int sink, const struct address *to, size_t size,
			 uint64_t count, int *error)
{
	uint64_t sent = 0;

	while (sent < count && !out_of_time) {
		ssize_t n = sendto(fd, payload, size, 0, &to->any, to->length);

		if (n < 0 && (errno == ENOBUFS || errno == EAGAIN || errno == EINTR)) {
			usleep(100);
			continue;
		}
		if (n < 0) {
			*error = errno;
			break;
		}
		sent++;
		drain(sink);
		if (sent % PACE == 0)
			wait_for_backlog(PACE);
	}
	/* Packets still in flight must find the sink open. */
	settle();
	drain(sink);
	return sent;
}

static int open_sender(int family, int segment)
{
	struct timeval second = { .tv_sec = 1 };
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		fail("UDP socket");
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &second, sizeof(second));
	if (setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT_OPTION, &segment, sizeof(segment)))
		fail("UDP_SEGMENT");
	return fd;
}

enum { TO = 1, PORT, SEGMENT, SEGMENTS, COUNT, TIMEOUT };

static const struct option options[] = {
	{ "to", 1, NULL, TO }, { "port", 1, NULL, PORT },
	{ "segment", 1, NULL, SEGMENT }, { "segments", 1, NULL, SEGMENTS },
	{ "count", 1, NULL, COUNT }, { "timeout", 1, NULL, TIMEOUT },
	{},
};

int main(int argc, char **argv)
{
	uint64_t segment = 0, segments = 0, count = 0, port = 0, sent;
	unsigned int timeout = TIMEOUT_DEFAULT;
	struct address to = {}, at;
	size_t header;
	int error = 0;
	int fd, sink, option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case TO:
			to = parse_address("--to", optarg);
			break;
		case PORT:
			port = parse_number("--port", optarg, 1, 65535);
			break;
		case SEGMENT:
			segment = parse_number("--segment", optarg, 1, PAYLOAD_MAX);
			break;
		case SEGMENTS:
			segments = parse_number("--segments", optarg, 1, SEGMENTS_MAX);
			break;
		case COUNT:
			count = parse_number("--count", optarg, 1, 100000000);
			break;
		case TIMEOUT:
			timeout = parse_number("--timeout", optarg, 1, TIMEOUT_MAX);
			break;
		default:
			bad_usage("bad option");
		}
	}
	if (optind != argc || !to.length || !segment || !segments || !count)
		bad_usage("--to, --segment, --segments and --count are required");
	if (segment * segments > PAYLOAD_MAX)
		bad_usage("segment * segments is more than %d", PAYLOAD_MAX);

	limit_time(timeout);
	at = to;
	set_port(&at, port);
	sink = open_udp_sink(&at);
	set_port(&to, get_port(&at) ?: 9);
	fd = open_sender(to.any.sa_family, segment);
	sent = send_all(fd, sink, &to, segment * segments, count, &error);

	/* "bytes" as a hook sees them, before segmentation. */
	header = is_v6(&to) ? 40 + 8 : 20 + 8;
	printf("{\"sent\":%llu,\"segments\":%llu,\"bytes\":%llu,\"wire_bytes\":%llu}\n",
	       (unsigned long long)sent, (unsigned long long)(sent * segments),
	       (unsigned long long)(sent * (header + segment * segments)),
	       (unsigned long long)(sent * segments * (header + segment)));
	fflush(stdout);
	return verdict(count, sent, error, sent < count && !error);
}
