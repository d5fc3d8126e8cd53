// SPDX-License-Identifier: GPL-2.0-only
/*
 * ipsend: sends an exact number of IP packets, each with exactly the requested
 * network-layer length (including the IPv4 header, or the IPv6 header and
 * extension headers), with correct headers and checksums.
 *
 * Nothing may answer, because every answer would be one more packet to count.
 * What a kernel would answer to a packet for itself, and why it does not:
 *  - TCP to a closed port causes RST: the segments have RST set, which is
 *    never answered.
 *  - UDP to a closed port causes ICMP port unreachable: if the destination is
 *    local, a socket receives them (--port: its port). Elsewhere, provide one.
 *  - An ICMP echo request causes a reply of the same size: ipsend sends echo
 *    *replies*; --request sends requests, and N replies will come.
 *  - An unknown protocol causes ICMP protocol unreachable (IPv6: parameter
 *    problem): if the destination is local, a raw socket receives them. The
 *    same is done for AH if the kernel has no IPsec. ESP, GRE and IP-in-IP are
 *    unknown as long as their modules are not loaded; then they answer.
 *  - Next header 59 (none) is dropped silently.
 *  - A fragment waits for the rest (30 s IPv4, 60 s IPv6: sysctl ipfrag_time).
 *    Then the first one (offset 0, --more) causes ICMP time exceeded; others
 *    are dropped silently.
 * --proto raw leaves the payload zero: with the number of a known protocol that
 * is a packet with a bad transport header, which is dropped silently.
 */
#include <getopt.h>

#include "address.h"
#include "pace.h"
#include "probe.h"

#define IP4_HEADER 20
#define IP6_HEADER 40
#define PACKET_MAX (IP6_HEADER + 65535)
#define FRAGMENT_HEADER 8
#define EXTENSIONS_MAX 16
#define PACE 256

/* IPPROTO_NONE etc. exist; TCP flags, ICMP types by their RFC numbers. */
#define TCP_RST 0x04
#define ECHO_REPLY 0
#define ECHO_REQUEST 8
#define ECHO6_REQUEST 128
#define ECHO6_REPLY 129
#define OPTION_SKIP 0x1e	/* RFC 4727, experimental: skip if unknown */
#define OPTION_PADN 1
#define ROUTING_TYPE 253	/* RFC 4727, experimental */

const char usage_text[] =
"usage: ipsend --proto tcp|udp|icmp|icmp6|raw --to ADDR --size LEN --count N\n"
"  --size LEN        the whole packet, from the IP header on\n"
"  --from ADDR       source (default: as routing says)\n"
"  --proto-number P  protocol of --proto raw, 1 to 255\n"
"  --port P          destination port of tcp and udp (default: tcp 9, udp the\n"
"                    sink's, 9 if the destination is not local)\n"
"  --request         echo request instead of echo reply\n"
"  --ext LIST        IPv6 extension headers in this order, by comma:\n"
"                    hop (first only), dst, rt, frag, ah, none (last only, then\n"
"                    no --proto). hop:16 makes it 16 bytes long: a multiple of\n"
"                    8 from 8 (ah: 16) to 2048; default 8 (ah: 24); frag is 8\n"
"  --frag-offset N   fragment offset in 8-byte units, 0 to 8191\n"
"  --more            the more-fragments flag\n"
"  --id I            first fragment identification (default 1), then I+1 ...\n"
"  --same-id         all packets have the same one\n"
"  --timeout SEC     give up then (default 120)\n";

struct extension {
	uint8_t type;		/* IPPROTO_... */
	size_t size;
};

struct plan {
	struct address to, from;
	bool v6;
	int protocol;		/* after the extension headers */
	bool raw;		/* no transport header */
	bool request;
	uint16_t port;
	size_t size;
	uint64_t count;
	struct extension extensions[EXTENSIONS_MAX];
	unsigned int extension_count;
	bool fragment;
	uint16_t offset;	/* 8-byte units */
	bool more;
	uint32_t id;
	bool same_id;
	unsigned int timeout;
};

static unsigned char packet[PACKET_MAX];
/* The place of the identification, which changes with each packet. */
static unsigned char *id_field;

/* ---- building ----------------------------------------------------------- */

static unsigned char *put8(unsigned char *to, uint8_t value)
{
	*to++ = value;
	return to;
}

static unsigned char *put16(unsigned char *to, uint16_t value)
{
	return put8(put8(to, value >> 8), value);
}

static unsigned char *put32(unsigned char *to, uint32_t value)
{
	return put16(put16(to, value >> 16), value);
}

static uint32_t sum_bytes(uint32_t sum, const void *bytes, size_t n)
{
	const unsigned char *b = bytes;

	for (size_t i = 0; i < n; i++) {
		sum += i & 1 ? b[i] : b[i] << 8;
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return sum;
}

static uint16_t fold(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

/* The transport checksum includes addresses, length and protocol. */
static uint32_t sum_pseudo_header(const struct plan *plan, size_t length)
{
	unsigned char tail[8];
	uint32_t sum;

	put32(put32(tail, length), plan->protocol);
	sum = sum_bytes(0, tail, sizeof(tail));
	if (plan->v6) {
		sum = sum_bytes(sum, &plan->from.v6.sin6_addr, 16);
		return sum_bytes(sum, &plan->to.v6.sin6_addr, 16);
	}
	sum = sum_bytes(sum, &plan->from.v4.sin_addr, 4);
	return sum_bytes(sum, &plan->to.v4.sin_addr, 4);
}

static size_t transport_size(const struct plan *plan)
{
	/* Only the first fragment has a transport header. */
	if (plan->raw || plan->offset)
		return 0;
	return plan->protocol == IPPROTO_TCP ? 20 : 8;
}

static void build_transport(const struct plan *plan, unsigned char *at, size_t length)
{
	const uint16_t from_port = 40000;
	unsigned char *checksum;
	uint32_t sum = 0;

	if (!transport_size(plan))
		return;
	switch (plan->protocol) {
	case IPPROTO_TCP:
		put32(put32(put16(put16(at, from_port), plan->port), 1), 0);
		put16(put8(put8(at + 12, 5 << 4), TCP_RST), 0);
		checksum = at + 16;
		break;
	case IPPROTO_UDP:
		put16(put16(put16(at, from_port), plan->port), length);
		checksum = at + 6;
		break;
	case IPPROTO_ICMPV6:
		put8(at, plan->request ? ECHO6_REQUEST : ECHO6_REPLY);
		checksum = at + 2;
		break;
	default:
		put8(at, plan->request ? ECHO_REQUEST : ECHO_REPLY);
		checksum = at + 2;
		break;
	}
	if (plan->protocol != IPPROTO_ICMP)
		sum = sum_pseudo_header(plan, length);
	sum = fold(sum_bytes(sum, at, length));
	/* 0 would mean "no checksum" to UDP. */
	put16(checksum, !sum && plan->protocol == IPPROTO_UDP ? 0xffff : sum);
}

static unsigned char *build_ip4(const struct plan *plan)
{
	unsigned char *at = packet;

	at = put16(put8(put8(at, 0x45), 0), plan->size);
	id_field = plan->fragment ? at : NULL;
	/* Identification 0: the kernel chooses one. */
	at = put16(put16(at, 0), plan->offset | (plan->more ? 0x2000 : 0));
	at = put8(put8(at, 64), plan->protocol);
	at = put16(at, 0);	/* the kernel computes this checksum */
	at = mempcpy(at, &plan->from.v4.sin_addr, 4);
	return mempcpy(at, &plan->to.v4.sin_addr, 4);
}

/*
 * Options that fill the header exactly. The kernel accepts at most 7 bytes of
 * padding, so long headers contain options that it skips.
 */
static void build_options(unsigned char *at, size_t room)
{
	while (room) {
		size_t take = room < 257 ? room : 257;

		/* Do not leave 1 byte: an option has at least 2. */
		if (room - take == 1)
			take--;
		put8(put8(at, take <= 7 ? OPTION_PADN : OPTION_SKIP), take - 2);
		at += take;
		room -= take;
	}
}

static unsigned char *build_extension(const struct plan *plan, const struct extension *e,
				      unsigned char *at, uint8_t next)
{
	put8(at, next);
	switch (e->type) {
	case IPPROTO_HOPOPTS:
	case IPPROTO_DSTOPTS:
		put8(at + 1, e->size / 8 - 1);
		build_options(at + 2, e->size - 2);
		break;
	case IPPROTO_ROUTING:
		/* No segments left, so every kernel skips it. */
		put8(put8(put8(at + 1, e->size / 8 - 1), ROUTING_TYPE), 0);
		break;
	case IPPROTO_FRAGMENT:
		put16(at + 2, plan->offset << 3 | plan->more);
		id_field = at + 4;
		break;
	case IPPROTO_AH:
		/* In 4-byte units less 2, unlike the others; then SPI 256, 1st. */
		put8(at + 1, e->size / 4 - 2);
		put32(put32(at + 4, 256), 1);
		break;
	}
	return at + e->size;
}

static unsigned char *build_ip6(const struct plan *plan)
{
	const struct extension *e = plan->extensions;
	unsigned char *at = packet;

	at = put16(put32(at, 6U << 28), plan->size - IP6_HEADER);
	at = put8(put8(at, plan->extension_count ? e[0].type : plan->protocol), 64);
	at = mempcpy(at, &plan->from.v6.sin6_addr, 16);
	at = mempcpy(at, &plan->to.v6.sin6_addr, 16);
	for (unsigned int i = 0; i < plan->extension_count; i++) {
		bool last = i + 1 == plan->extension_count;

		at = build_extension(plan, &e[i], at, last ? plan->protocol : e[i + 1].type);
	}
	return at;
}

static void build(const struct plan *plan)
{
	unsigned char *at = plan->v6 ? build_ip6(plan) : build_ip4(plan);

	build_transport(plan, at, packet + plan->size - at);
}

static void next_id(const struct plan *plan, uint64_t index)
{
	uint32_t id = plan->id + (plan->same_id ? 0 : index);

	if (!id_field)
		return;
	if (plan->v6)
		put32(id_field, id);
	else	/* not 0, which the kernel would replace */
		put16(id_field, id % 0xffff ?: 0xffff);
}

/* ---- sending ------------------------------------------------------------ */

static bool has_extension(const struct plan *plan, uint8_t type)
{
	for (unsigned int i = 0; i < plan->extension_count; i++) {
		if (plan->extensions[i].type == type)
			return true;
	}
	return false;
}

/* Opens the sockets that keep the kernel from answering; they stay open until exit. */
static void open_sinks(struct plan *plan, int sinks[2])
{
	int family = plan->to.any.sa_family;

	sinks[0] = -1;
	sinks[1] = -1;
	if (plan->raw && plan->protocol != IPPROTO_NONE)
		sinks[0] = open_raw_sink(family, plan->protocol);
	if (!plan->raw && plan->protocol == IPPROTO_UDP) {
		struct address at = plan->to;

		set_port(&at, plan->port);
		sinks[0] = open_udp_sink(&at);
		if (!plan->port)
			plan->port = get_port(&at) ?: 9;
	}
	if (has_extension(plan, IPPROTO_AH))
		sinks[1] = open_raw_sink(family, IPPROTO_AH);
}

static uint64_t send_all(const struct plan *plan, const int sinks[2], int *error)
{
	/* IPPROTO_RAW: the header is ours, IPv6's too. */
	int fd = socket(plan->to.any.sa_family, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	struct timeval second = { .tv_sec = 1 };
	uint64_t sent = 0;

	if (fd < 0)
		fail("raw socket");
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &second, sizeof(second));
	while (sent < plan->count && !out_of_time) {
		ssize_t n;

		next_id(plan, sent);
		n = sendto(fd, packet, plan->size, 0, &plan->to.any, plan->to.length);
		if (n < 0 && (errno == ENOBUFS || errno == EAGAIN || errno == EINTR)) {
			usleep(100);
			continue;
		}
		if (n < 0) {
			*error = errno;
			break;
		}
		sent++;
		drain(sinks[0]);
		drain(sinks[1]);
		if (sent % PACE == 0)
			wait_for_backlog(PACE);
	}
	/* Packets still in flight must find the sinks open. */
	settle();
	drain(sinks[0]);
	return sent;
}

/* ---- arguments ---------------------------------------------------------- */

static void add_extension(struct plan *plan, char *text)
{
	static const struct {
		const char *name;
		uint8_t type;
		size_t size, least, most;
	} known[] = {
		{ "hop", IPPROTO_HOPOPTS, 8, 8, 2048 },
		{ "dst", IPPROTO_DSTOPTS, 8, 8, 2048 },
		{ "rt", IPPROTO_ROUTING, 8, 8, 2048 },
		{ "frag", IPPROTO_FRAGMENT, FRAGMENT_HEADER, FRAGMENT_HEADER, FRAGMENT_HEADER },
		/* With a check value of 12 bytes, as in HMAC-SHA1-96. */
		{ "ah", IPPROTO_AH, 24, 16, 1024 },
	};
	char *size = strchr(text, ':');

	if (size)
		*size++ = '\0';
	if (plan->extension_count == EXTENSIONS_MAX)
		bad_usage("--ext: more than %d", EXTENSIONS_MAX);
	if (plan->protocol == IPPROTO_NONE)
		bad_usage("--ext: nothing can follow none");
	if (!strcmp(text, "none")) {
		plan->protocol = IPPROTO_NONE;
		plan->raw = true;
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		struct extension *e = &plan->extensions[plan->extension_count];

		if (strcmp(text, known[i].name))
			continue;
		e->type = known[i].type;
		e->size = known[i].size;
		if (size)
			e->size = parse_number("--ext", size, known[i].least, known[i].most);
		if (e->size % 8)
			bad_usage("--ext: %s is not a multiple of 8", size);
		plan->extension_count++;
		return;
	}
	bad_usage("--ext: unknown: '%s'", text);
}

static void parse_extensions(struct plan *plan, char *list)
{
	char *text;

	while ((text = strsep(&list, ",")))
		add_extension(plan, text);
	for (unsigned int i = 1; i < plan->extension_count; i++) {
		if (plan->extensions[i].type == IPPROTO_HOPOPTS)
			bad_usage("--ext: hop elsewhere than first would be answered");
	}
}

static void parse_protocol(struct plan *plan, const char *name, int number)
{
	static const struct {
		const char *name;
		int protocol;
	} known[] = {
		{ "tcp", IPPROTO_TCP }, { "udp", IPPROTO_UDP },
		{ "icmp", IPPROTO_ICMP }, { "icmp6", IPPROTO_ICMPV6 },
	};

	if (!name == (plan->protocol != IPPROTO_NONE))
		bad_usage("--proto, or an extension header none, and not both");
	if ((name && !strcmp(name, "raw")) != !!number)
		bad_usage("--proto raw and --proto-number go together");
	if (!name)
		return;
	plan->protocol = number;
	plan->raw = number;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (!strcmp(name, known[i].name))
			plan->protocol = known[i].protocol;
	}
	if (!plan->protocol)
		bad_usage("--proto: unknown: '%s'", name);
	if (plan->protocol == (plan->v6 ? IPPROTO_ICMP : IPPROTO_ICMPV6) && !plan->raw)
		bad_usage("--proto: icmp is for IPv4, icmp6 for IPv6");
}

/* Refuses packets that the kernel would answer at once, or that cannot be built. */
static void check_size(const struct plan *plan)
{
	size_t headers = plan->v6 ? IP6_HEADER : IP4_HEADER;
	size_t least, most = plan->v6 ? PACKET_MAX : 65535;
	size_t before = headers;	/* what comes before the fragmented part */

	for (unsigned int i = 0; i < plan->extension_count; i++) {
		headers += plan->extensions[i].size;
		if (plan->extensions[i].type == IPPROTO_FRAGMENT)
			before = headers;
	}
	least = headers + transport_size(plan);
	if (plan->fragment && least == before)
		least++;	/* the kernel refuses an empty fragment */
	if (plan->size < least || plan->size > most)
		bad_usage("--size: %zu to %zu for such a packet", least, most);
	if (plan->more && (plan->size - before) % 8)
		bad_usage("--size: with --more, a multiple of 8 after the %zu bytes of headers",
			  before);
	if (plan->size - before + plan->offset * 8 > 65535)
		bad_usage("--size: the fragment ends past 65535");
}

static void check_fragment(struct plan *plan, bool asked)
{
	bool header = has_extension(plan, IPPROTO_FRAGMENT);

	if (plan->v6 && asked && !header)
		bad_usage("--frag-offset and --more need --ext frag");
	plan->fragment = plan->v6 ? header && (plan->offset || plan->more) : asked;
}

enum {
	PROTO = 1, TO, FROM, SIZE, COUNT, EXT, OFFSET, MORE, NUMBER, PORT, REQUEST,
	ID, SAME_ID, TIMEOUT,
};

static const struct option options[] = {
	{ "proto", 1, NULL, PROTO }, { "to", 1, NULL, TO }, { "from", 1, NULL, FROM },
	{ "size", 1, NULL, SIZE }, { "count", 1, NULL, COUNT }, { "ext", 1, NULL, EXT },
	{ "frag-offset", 1, NULL, OFFSET }, { "more", 0, NULL, MORE },
	{ "proto-number", 1, NULL, NUMBER }, { "port", 1, NULL, PORT },
	{ "request", 0, NULL, REQUEST }, { "id", 1, NULL, ID },
	{ "same-id", 0, NULL, SAME_ID }, { "timeout", 1, NULL, TIMEOUT },
	{},
};

static struct plan parse(int argc, char **argv)
{
	struct plan p = { .id = 1, .timeout = TIMEOUT_DEFAULT };
	const char *protocol = NULL, *from = NULL;
	bool fragment = false;
	char *list = NULL;
	int number = 0;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case PROTO:
			protocol = optarg;
			break;
		case TO:
			p.to = parse_address("--to", optarg);
			break;
		case FROM:
			from = optarg;
			break;
		case SIZE:
			p.size = parse_number("--size", optarg, 1, PACKET_MAX);
			break;
		case COUNT:
			p.count = parse_number("--count", optarg, 1, 100000000);
			break;
		case EXT:
			list = optarg;
			break;
		case OFFSET:
			p.offset = parse_number("--frag-offset", optarg, 0, 8191);
			fragment = true;
			break;
		case MORE:
			p.more = true;
			fragment = true;
			break;
		case NUMBER:
			number = parse_number("--proto-number", optarg, 1, 255);
			break;
		case PORT:
			p.port = parse_number("--port", optarg, 1, 65535);
			break;
		case REQUEST:
			p.request = true;
			break;
		case ID:
			p.id = parse_number("--id", optarg, 1, UINT32_MAX);
			break;
		case SAME_ID:
			p.same_id = true;
			break;
		case TIMEOUT:
			p.timeout = parse_number("--timeout", optarg, 1, TIMEOUT_MAX);
			break;
		default:
			bad_usage("bad option");
		}
	}
	if (optind != argc || !p.to.length || !p.size || !p.count)
		bad_usage("--to, --size and --count are required; arguments other than options are not allowed");
	p.v6 = is_v6(&p.to);
	if (list && !p.v6)
		bad_usage("--ext is for IPv6");
	p.from = from ? parse_address("--from", from) : p.to;
	if (is_v6(&p.from) != p.v6)
		bad_usage("--from and --to of the same family");
	parse_extensions(&p, list);
	parse_protocol(&p, protocol, number);
	check_fragment(&p, fragment);
	check_size(&p);
	/* Last, because it can fail for other reasons than bad arguments. */
	if (!from)
		p.from = local_address(&p.to);
	return p;
}

int main(int argc, char **argv)
{
	struct plan plan = parse(argc, argv);
	uint64_t sent;
	int sinks[2];
	int error = 0;

	limit_time(plan.timeout);
	open_sinks(&plan, sinks);
	if (!plan.port)
		plan.port = 9;
	build(&plan);
	sent = send_all(&plan, sinks, &error);
	printf("{\"sent\":%llu,\"bytes\":%llu}\n", (unsigned long long)sent,
	       (unsigned long long)(sent * plan.size));
	fflush(stdout);
	return verdict(plan.count, sent, error, sent < plan.count && !error);
}
