// SPDX-License-Identifier: GPL-2.0-only
/*
 * frames: sends an exact number of Ethernet frames with chosen source
 * addresses, from an interface, or into a tap as if they came from a wire.
 *
 * Nobody answers: the default type is the one for local experiments, and the
 * default destination is not an interface's address, so that a receiver counts
 * the frame and drops it. Other frames on the interface (IPv6 neighbour and
 * multicast messages after "up") are the kernel's own: disable IPv6 there, or
 * tell the frames apart by their source address.
 */
#include <getopt.h>
#include <pthread.h>
#include <sched.h>
#include <fcntl.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>

#include "pace.h"
#include "probe.h"

#define FRAME_MAX 65535
#define HEADER_MAX (ETH_HLEN + 2 * 4)
#define BATCH 64
#define THREADS_MAX 16
/* Addresses 02:00:00:00:00:01 and up, in the low 24 bits. */
#define MACS_MAX 0xffffff

const char usage_text[] =
"usage: frames IFACE --count N [options]        out of IFACE\n"
"       frames --tap NAME --count N [options]   into tap NAME, as received\n"
"  --src MAC       all from MAC (default 02:00:00:00:00:01)\n"
"  --macs M        from M addresses 02:00:00:00:00:01 and up, in turn\n"
"  --random        a new random unicast address each frame; with --macs M, M\n"
"                  random ones in turn\n"
"  --seed S        another row of random addresses (default 1)\n"
"  --group         set the group bit in the source addresses\n"
"  --list FILE     write each distinct source and its count there, sorted\n"
"  --dst MAC       destination (default 02:ff:ff:ff:ff:fe)\n"
"  --swap          exchange source and destination: what is said of sources here\n"
"                  is said of destinations\n"
"  --type HEX      type (default 88b5)\n"
"  --vlan ID       with a VLAN tag (8100)\n"
"  --qinq ID2      and a second, inner one; the outer is then of type 88a8\n"
"  --tpid HEX      other type for the outer tag\n"
"  --size BYTES    whole frame without FCS, 14 to 65535 (default 60); less than\n"
"                  the headers need cuts them off: a malformed frame\n"
"  --short         headers only, no payload\n"
"  --threads T     N in total, from T threads, each pinned to a processor\n"
"  --fast          past the queueing discipline (PACKET_QDISC_BYPASS)\n"
"  --pace P        let the receiver catch up every P frames of a thread\n"
"                  (default 768/(T+1); 0 = never, frames may be dropped)\n"
"  --linger SEC    keep the tap so long (default: until stdin closes)\n"
"  --timeout SEC   give up then (default 120)\n";

struct plan {
	const char *iface;
	bool tap;
	uint64_t count;
	uint64_t macs;		/* sources used in turn */
	bool random;
	uint64_t seed;
	bool group;
	uint64_t src;		/* the first source */
	uint64_t dst;
	bool swap;
	unsigned int tags;	/* 0, 1 or 2 */
	uint16_t tag_type[2];
	uint16_t tag_id[2];
	uint16_t type;
	size_t size;
	unsigned int threads;
	uint64_t pace;
	bool fast;
};

/* The frames [first, first + count), sent by one thread. */
struct part {
	const struct plan *plan;
	pthread_t thread;
	pthread_barrier_t *start;
	unsigned int number;
	uint64_t first;
	uint64_t count;
	uint64_t sent;
	int fd;
	int error;
};

static unsigned char payload[FRAME_MAX];

/* ---- addresses ---------------------------------------------------------- */

/* SplitMix64: any number in, a random-looking one out, the same each time. */
static uint64_t mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15ULL;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
	return x ^ (x >> 31);
}

/* The address that source number j has. */
static uint64_t source_mac(const struct plan *plan, uint64_t j)
{
	const uint64_t group_bit = 1ULL << 40;
	const uint64_t local_bit = 1ULL << 41;
	uint64_t mac = plan->src + j;

	if (plan->random) {
		mac = mix(mix(plan->seed) + j) & 0xffffffffffffULL;
		mac = (mac & ~group_bit) | local_bit;
	}
	return plan->group ? mac | group_bit : mac;
}

static void put_mac(unsigned char *to, uint64_t mac)
{
	for (int i = 0; i < ETH_ALEN; i++)
		to[i] = mac >> (8 * (ETH_ALEN - 1 - i));
}

static uint64_t parse_mac(const char *what, const char *text)
{
	unsigned int b[ETH_ALEN];
	uint64_t mac = 0;
	int used = 0;

	if (sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%n", &b[0], &b[1], &b[2], &b[3],
		   &b[4], &b[5], &used) != ETH_ALEN || text[used])
		bad_usage("%s: not a MAC address: '%s'", what, text);
	for (int i = 0; i < ETH_ALEN; i++)
		mac = mac << 8 | b[i];
	return mac;
}

struct mac_count {
	uint64_t mac;
	uint64_t count;
};

static int by_mac(const void *a, const void *b)
{
	uint64_t x = ((const struct mac_count *)a)->mac;
	uint64_t y = ((const struct mac_count *)b)->mac;

	return x < y ? -1 : x > y;
}

/* How many of the frames [0, end) are from source number j. */
static uint64_t share(const struct plan *plan, uint64_t j, uint64_t end)
{
	return end > j ? (end - j - 1) / plan->macs + 1 : 0;
}

/* What was really sent, by address; random addresses can occur twice. */
static struct mac_count *tally(const struct plan *plan, const struct part *parts,
			       size_t *distinct)
{
	struct mac_count *table = calloc(plan->macs, sizeof(*table));
	size_t n = 0;

	if (!table)
		fail("memory for %llu addresses", (unsigned long long)plan->macs);
	for (uint64_t j = 0; j < plan->macs; j++) {
		table[j].mac = source_mac(plan, j);
		for (unsigned int t = 0; t < plan->threads; t++)
			table[j].count += share(plan, j, parts[t].first + parts[t].sent) -
					  share(plan, j, parts[t].first);
	}
	qsort(table, plan->macs, sizeof(*table), by_mac);
	for (uint64_t j = 0; j < plan->macs; j++) {
		if (!table[j].count)
			continue;
		if (n && table[n - 1].mac == table[j].mac)
			table[n - 1].count += table[j].count;
		else
			table[n++] = table[j];
	}
	*distinct = n;
	return table;
}

static void write_list(const char *path, const struct mac_count *table, size_t n)
{
	FILE *file = fopen(path, "w");
	unsigned char m[ETH_ALEN];

	if (!file)
		fail("%s", path);
	for (size_t i = 0; i < n; i++) {
		put_mac(m, table[i].mac);
		fprintf(file, "%02x:%02x:%02x:%02x:%02x:%02x %llu\n", m[0], m[1], m[2],
			m[3], m[4], m[5], (unsigned long long)table[i].count);
	}
	if (fclose(file))
		fail("%s", path);
}

/* ---- one frame's headers ------------------------------------------------ */

static unsigned char *put16(unsigned char *to, uint16_t value)
{
	*to++ = value >> 8;
	*to++ = value;
	return to;
}

static size_t header_size(const struct plan *plan)
{
	return ETH_HLEN + 4 * plan->tags;
}

static void build_header(const struct plan *plan, uint64_t index, unsigned char *to)
{
	put_mac(to + (plan->swap ? ETH_ALEN : 0), plan->dst);
	put_mac(to + (plan->swap ? 0 : ETH_ALEN), source_mac(plan, index % plan->macs));
	to += 2 * ETH_ALEN;
	for (unsigned int i = 0; i < plan->tags; i++) {
		to = put16(to, plan->tag_type[i]);
		to = put16(to, plan->tag_id[i]);
	}
	put16(to, plan->type);
}

/* ---- sending ------------------------------------------------------------ */

/*
 * Without a carrier, and for a moment after "up", the kernel silently drops what
 * is sent: wait for the link, and fail if it does not come up.
 */
static void wait_for_link(const char *iface)
{
	struct ifreq request = {};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	strncpy(request.ifr_name, iface, IFNAMSIZ - 1);
	for (int i = 0; i < 300; i++) {
		if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &request))
			fail("%s", iface);
		if (!(request.ifr_flags & IFF_UP))
			break;
		if (request.ifr_flags & IFF_RUNNING) {
			/* The queue is set up right after the flag. */
			if (i)
				usleep(20000);
			close(fd);
			return;
		}
		usleep(10000);
	}
	errno = ENETDOWN;
	fail("%s is not up, or has no carrier", iface);
}

static int open_packet(const struct plan *plan)
{
	/* Protocol 0 in both, so that the socket receives nothing. */
	struct sockaddr_ll where = { .sll_family = AF_PACKET };
	/* So that a full queue cannot block the sender beyond its time limit. */
	struct timeval second = { .tv_sec = 1 };
	int on = 1;
	int fd;

	where.sll_ifindex = if_nametoindex(plan->iface);
	if (!where.sll_ifindex)
		fail("%s", plan->iface);
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (fd < 0)
		fail("packet socket");
	if (bind(fd, (struct sockaddr *)&where, sizeof(where)))
		fail("bind to %s", plan->iface);
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &second, sizeof(second)))
		fail("SO_SNDTIMEO");
	if (plan->fast &&
	    setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof(on)))
		fail("PACKET_QDISC_BYPASS");
	return fd;
}

/* Makes the tap, or takes one that "ip tuntap add" made, and sets it up. */
static int open_tap(const char *name)
{
	struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI };
	int fd, control;

	if (strlen(name) >= IFNAMSIZ)
		bad_usage("--tap: name too long: '%s'", name);
	strcpy(request.ifr_name, name);
	fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		fail("/dev/net/tun");
	if (ioctl(fd, TUNSETIFF, &request))
		fail("tap %s", name);
	control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (control < 0 || ioctl(control, SIOCGIFFLAGS, &request))
		fail("flags of %s", name);
	request.ifr_flags |= IFF_UP;
	if (ioctl(control, SIOCSIFFLAGS, &request))
		fail("set %s up", name);
	close(control);
	return fd;
}

/* Like sendmmsg, for a tap: the number of frames written, or -1 if the first failed. */
static int write_tap(int fd, const struct mmsghdr *messages, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		const struct msghdr *message = &messages[i].msg_hdr;

		if (writev(fd, message->msg_iov, message->msg_iovlen) < 0)
			return i ? (int)i : -1;
	}
	return n;
}

/* The queue is full for now: the frame was not sent, send it again. */
static bool may_retry(int error)
{
	return error == ENOBUFS || error == EAGAIN || error == EINTR;
}

static void send_part(struct part *part)
{
	const struct plan *plan = part->plan;
	size_t in_header = header_size(plan) < plan->size ? header_size(plan) : plan->size;
	unsigned char headers[BATCH][HEADER_MAX];
	struct mmsghdr messages[BATCH] = {};
	struct iovec pieces[BATCH][2];
	uint64_t until_pause = plan->pace;

	for (unsigned int i = 0; i < BATCH; i++) {
		pieces[i][0] = (struct iovec){ headers[i], in_header };
		pieces[i][1] = (struct iovec){ payload, plan->size - in_header };
		messages[i].msg_hdr.msg_iov = pieces[i];
		messages[i].msg_hdr.msg_iovlen = 2;
	}
	while (part->sent < part->count) {
		uint64_t n = part->count - part->sent;
		int done;

		n = n < BATCH ? n : BATCH;
		if (plan->pace && n > until_pause)
			n = until_pause;
		for (unsigned int i = 0; i < n; i++)
			build_header(plan, part->first + part->sent + i, headers[i]);
		done = plan->tap ? write_tap(part->fd, messages, n) :
				   sendmmsg(part->fd, messages, n, 0);
		if (out_of_time || (done < 0 && !may_retry(errno))) {
			part->error = out_of_time ? ETIME : errno;
			part->sent += done > 0 ? done : 0;
			return;
		}
		if (done < 0) {
			usleep(100);
			continue;
		}
		part->sent += done;
		until_pause -= plan->pace ? done : 0;
		if (plan->pace && !until_pause) {
			wait_for_backlog(plan->pace);
			until_pause = plan->pace;
		}
	}
}

/* Pins thread t to the t-th CPU that this process may use, modulo their number. */
static void pin(unsigned int t)
{
	cpu_set_t allowed, one;
	int skip;

	if (sched_getaffinity(0, sizeof(allowed), &allowed))
		return;
	skip = t % CPU_COUNT(&allowed);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &allowed) || skip--)
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		sched_setaffinity(0, sizeof(one), &one);
		return;
	}
}

static void *run_thread(void *argument)
{
	struct part *part = argument;

	pin(part->number);
	pthread_barrier_wait(part->start);
	send_part(part);
	return NULL;
}

static void send_all(const struct plan *plan, struct part *parts, int tap)
{
	pthread_barrier_t start;
	uint64_t first = 0;

	pthread_barrier_init(&start, NULL, plan->threads);
	for (unsigned int t = 0; t < plan->threads; t++) {
		uint64_t end = plan->count * (t + 1) / plan->threads;

		parts[t] = (struct part){
			.plan = plan, .start = &start, .number = t,
			.first = first, .count = end - first,
			.fd = plan->tap ? tap : open_packet(plan),
		};
		first = end;
	}
	if (plan->threads == 1) {
		send_part(&parts[0]);
		return;
	}
	for (unsigned int t = 0; t < plan->threads; t++) {
		errno = pthread_create(&parts[t].thread, NULL, run_thread, &parts[t]);
		if (errno)
			fail("thread");
	}
	for (unsigned int t = 0; t < plan->threads; t++)
		pthread_join(parts[t].thread, NULL);
}

/* ---- arguments and report ----------------------------------------------- */

struct request {
	struct plan plan;
	const char *list;
	bool linger_given;
	useconds_t linger;
	unsigned int timeout;
};

enum {
	COUNT = 1, MACS, SRC, RANDOM, SEED, SIZE, VLAN, QINQ, TPID, TYPE, SHORT,
	THREADS, DST, GROUP, LIST, FAST, PACE, TAP, LINGER, TIMEOUT, SWAP,
};

static const struct option options[] = {
	{ "count", 1, NULL, COUNT }, { "macs", 1, NULL, MACS },
	{ "src", 1, NULL, SRC }, { "random", 0, NULL, RANDOM },
	{ "seed", 1, NULL, SEED }, { "size", 1, NULL, SIZE },
	{ "vlan", 1, NULL, VLAN }, { "qinq", 1, NULL, QINQ },
	{ "tpid", 1, NULL, TPID }, { "type", 1, NULL, TYPE },
	{ "short", 0, NULL, SHORT }, { "threads", 1, NULL, THREADS },
	{ "dst", 1, NULL, DST }, { "group", 0, NULL, GROUP },
	{ "list", 1, NULL, LIST }, { "fast", 0, NULL, FAST },
	{ "pace", 1, NULL, PACE }, { "tap", 1, NULL, TAP },
	{ "linger", 1, NULL, LINGER }, { "timeout", 1, NULL, TIMEOUT },
	{ "swap", 0, NULL, SWAP },
	{},
};

/* Which options were given, if the value alone does not tell. */
struct given {
	bool count, macs, src, size, is_short, vlan, qinq, tpid, pace;
};

static void check(struct plan *plan, const struct given *given)
{
	if (!given->count)
		bad_usage("--count is missing");
	if (given->src && (given->macs || plan->random))
		bad_usage("--src names the only source: no --macs, no --random");
	if (given->size && given->is_short)
		bad_usage("--size or --short, not both");
	if ((given->qinq || given->tpid) && !given->vlan)
		bad_usage("--qinq and --tpid go with --vlan");
	plan->tags = given->vlan + given->qinq;
	if (!given->tpid)
		plan->tag_type[0] = given->qinq ? ETH_P_8021AD : ETH_P_8021Q;
	if (given->is_short)
		plan->size = header_size(plan);
	if (!given->pace)
		plan->pace = BACKLOG_SAFE / (plan->threads + 1);
	if (plan->random && !given->macs)
		plan->macs = plan->count;
	/* Sources without a frame are not in the report. */
	if (plan->macs > plan->count)
		plan->macs = plan->count;
}

static struct request parse(int argc, char **argv)
{
	struct request r = {
		.plan = {
			.macs = 1, .seed = 1, .src = 0x020000000001ULL,
			.dst = 0x02fffffffffeULL, .size = ETH_ZLEN, .threads = 1,
			.type = 0x88b5, .tag_type = { 0, ETH_P_8021Q },
		},
		.timeout = TIMEOUT_DEFAULT,
	};
	struct plan *p = &r.plan;
	struct given given = {};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case COUNT:
			p->count = parse_number("--count", optarg, 1, 100000000);
			given.count = true;
			break;
		case MACS:
			p->macs = parse_number("--macs", optarg, 1, MACS_MAX);
			given.macs = true;
			break;
		case SRC:
			p->src = parse_mac("--src", optarg);
			given.src = true;
			break;
		case RANDOM:
			p->random = true;
			break;
		case SWAP:
			p->swap = true;
			break;
		case SEED:
			p->seed = parse_number("--seed", optarg, 0, UINT64_MAX);
			break;
		case SIZE:
			p->size = parse_number("--size", optarg, ETH_HLEN, FRAME_MAX);
			given.size = true;
			break;
		case VLAN:
			p->tag_id[0] = parse_number("--vlan", optarg, 0, 4095);
			given.vlan = true;
			break;
		case QINQ:
			p->tag_id[1] = parse_number("--qinq", optarg, 0, 4095);
			given.qinq = true;
			break;
		case TPID:
			p->tag_type[0] = parse_hex("--tpid", optarg, 0xffff);
			given.tpid = true;
			break;
		case TYPE:
			p->type = parse_hex("--type", optarg, 0xffff);
			break;
		case SHORT:
			given.is_short = true;
			break;
		case THREADS:
			p->threads = parse_number("--threads", optarg, 1, THREADS_MAX);
			break;
		case DST:
			p->dst = parse_mac("--dst", optarg);
			break;
		case GROUP:
			p->group = true;
			break;
		case LIST:
			r.list = optarg;
			break;
		case FAST:
			p->fast = true;
			break;
		case PACE:
			p->pace = parse_number("--pace", optarg, 0, 100000000);
			given.pace = true;
			break;
		case TAP:
			p->iface = optarg;
			p->tap = true;
			break;
		case LINGER:
			r.linger = parse_seconds("--linger", optarg);
			r.linger_given = true;
			break;
		case TIMEOUT:
			r.timeout = parse_number("--timeout", optarg, 1, TIMEOUT_MAX);
			break;
		default:
			bad_usage("bad option");
		}
	}
	if (argc - optind != !p->tap)
		bad_usage("one IFACE, or --tap NAME");
	if (!p->tap)
		p->iface = argv[optind];
	check(p, &given);
	return r;
}

/* The tap exists as long as its file is open: stay while a test looks at it. */
static void linger(const struct request *r)
{
	char rest[256];

	if (r->linger_given) {
		alarm(0);
		usleep(r->linger);
		return;
	}
	while (!out_of_time && read(STDIN_FILENO, rest, sizeof(rest)) > 0)
		;
}

int main(int argc, char **argv)
{
	struct request r = parse(argc, argv);
	struct part parts[THREADS_MAX] = {};
	struct mac_count *table;
	uint64_t sent = 0;
	size_t distinct;
	int error = 0;
	int tap = -1;

	limit_time(r.timeout);
	if (r.plan.tap)
		tap = open_tap(r.plan.iface);
	else
		wait_for_link(r.plan.iface);
	send_all(&r.plan, parts, tap);
	for (unsigned int t = 0; t < r.plan.threads; t++) {
		sent += parts[t].sent;
		error = parts[t].error ? parts[t].error : error;
	}
	table = tally(&r.plan, parts, &distinct);
	if (r.list)
		write_list(r.list, table, distinct);
	printf("{\"sent\":%llu,\"bytes\":%llu,\"distinct\":%zu}\n",
	       (unsigned long long)sent, (unsigned long long)(sent * r.plan.size), distinct);
	fflush(stdout);
	if (r.plan.tap)
		linger(&r);
	return verdict(r.plan.count, sent, error, error == ETIME);
}
