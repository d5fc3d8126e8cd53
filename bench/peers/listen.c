// SPDX-License-Identifier: GPL-2.0-only
/*
 * listen: counts events that the kernel passes to user space, as an alternative to kmon.
 * The count is the 64-bit number at the start of the file COUNT, which is mapped, so that
 * updating it costs nothing. Runs until a signal.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <linux/bpf.h>
#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>

#include "probe.h"

const char usage_text[] =
"usage: listen packets COUNT IFACE   frames that IFACE receives, by source address (AF_PACKET, TPACKET_V3)\n"
"       listen exits COUNT           process exits (the process events connector)\n"
"       listen ring COUNT MAP PROGRAM   records in the BPF ring pinned at MAP, written at each exit by\n"
"                                    the raw tracepoint PROGRAM\n";

static volatile uint64_t *count;

static void map_count(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || ftruncate(fd, sizeof(*count)))
		fail("%s", path);
	count = mmap(NULL, sizeof(*count), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (count == MAP_FAILED)
		fail("mmap");
}

/* ---- frames ---- */

#define BLOCKS		16
#define BLOCK_SIZE	(1 << 18)
#define SLOTS		(1 << 15)

static struct {
	uint64_t mac;	/* 0: empty */
	uint64_t packets;
} macs[SLOTS];

static void count_mac(const unsigned char *source)
{
	uint64_t mac = 0;
	unsigned int slot;

	memcpy(&mac, source, ETH_ALEN);
	slot = (mac * 0x9e3779b97f4a7c15ULL) >> 49;
	while (macs[slot].mac && macs[slot].mac != mac)
		slot = (slot + 1) % SLOTS;
	macs[slot].mac = mac;
	macs[slot].packets++;
	++*count;
}

static void count_block(struct tpacket_block_desc *block)
{
	struct tpacket3_hdr *frame = (void *)((char *)block + block->hdr.bh1.offset_to_first_pkt);

	for (unsigned int i = 0; i < block->hdr.bh1.num_pkts; i++) {
		count_mac((unsigned char *)frame + frame->tp_mac + ETH_ALEN);
		frame = (void *)((char *)frame + frame->tp_next_offset);
	}
}

static void listen_packets(const char *iface)
{
	struct tpacket_req3 ring = {
		.tp_block_size = BLOCK_SIZE, .tp_block_nr = BLOCKS, .tp_frame_size = 2048,
		.tp_frame_nr = BLOCKS * (BLOCK_SIZE / 2048), .tp_retire_blk_tov = 60,
	};
	struct sockaddr_ll where = { .sll_family = AF_PACKET, .sll_ifindex = if_nametoindex(iface),
				     .sll_protocol = htons(ETH_P_ALL) };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0), version = TPACKET_V3;
	char *blocks;

	if (fd < 0 || setsockopt(fd, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)) ||
	    setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &ring, sizeof(ring)))
		fail("packet socket");
	blocks = mmap(NULL, (size_t)BLOCKS * BLOCK_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (blocks == MAP_FAILED)
		fail("mmap");
	if (!where.sll_ifindex || bind(fd, (struct sockaddr *)&where, sizeof(where)))
		fail("bind to %s", iface);

	for (unsigned int i = 0;; i = (i + 1) % BLOCKS) {
		struct tpacket_block_desc *block = (void *)(blocks + (size_t)i * BLOCK_SIZE);
		struct pollfd wait = { .fd = fd, .events = POLLIN };

		while (!(__atomic_load_n(&block->hdr.bh1.block_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER))
			poll(&wait, 1, -1);
		count_block(block);
		__atomic_store_n(&block->hdr.bh1.block_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
	}
}

/* ---- exits ---- */

static void listen_exits(void)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = CN_IDX_PROC };
	struct __attribute__((packed)) {
		struct nlmsghdr header;
		struct cn_msg message;
		enum proc_cn_mcast_op op;
	} ask = {
		.header = { .nlmsg_len = sizeof(ask), .nlmsg_type = NLMSG_DONE },
		.message = { .id = { CN_IDX_PROC, CN_VAL_PROC }, .len = sizeof(ask.op) },
		.op = PROC_CN_MCAST_LISTEN,
	};
	int fd = socket(PF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_CONNECTOR);
	char buf[4096] __attribute__((aligned(NLMSG_ALIGNTO)));

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) ||
	    send(fd, &ask, sizeof(ask), 0) != sizeof(ask))
		fail("process events connector");
	for (;;) {
		const struct nlmsghdr *header = (void *)buf;
		const struct proc_event *event = (void *)((struct cn_msg *)NLMSG_DATA(header))->data;

		if (recv(fd, buf, sizeof(buf), 0) < 0)
			fail("recv");
		if (event->what == PROC_EVENT_EXIT &&
		    event->event_data.exit.process_pid == event->event_data.exit.process_tgid)
			++*count;
	}
}

/* ---- a BPF ring: one page that the reader writes, one that the kernel writes, and the records ---- */

static int pinned(const char *path)
{
	union bpf_attr get = { .pathname = (uintptr_t)path };
	int fd = syscall(SYS_bpf, BPF_OBJ_GET, &get, sizeof(get));

	if (fd < 0)
		fail("%s", path);
	return fd;
}

/* For as long as this program runs. */
static void attach(const char *program, const char *tracepoint)
{
	union bpf_attr attach = { .raw_tracepoint = { .name = (uintptr_t)tracepoint,
						      .prog_fd = pinned(program) } };

	if (syscall(SYS_bpf, BPF_RAW_TRACEPOINT_OPEN, &attach, sizeof(attach)) < 0)
		fail("tracepoint %s", tracepoint);
}

static void listen_ring(const char *path)
{
	int fd = pinned(path);
	long page = sysconf(_SC_PAGESIZE);
	const size_t size = 1 << 18;
	uint64_t *consumer;
	char *producer;

	consumer = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	producer = mmap(NULL, page + 2 * size, PROT_READ, MAP_SHARED, fd, page);
	if (consumer == MAP_FAILED || producer == MAP_FAILED)
		fail("mmap");
	for (uint64_t at = 0;;) {
		const uint32_t *record = (void *)(producer + page + at % size);
		uint32_t length;

		if (at == __atomic_load_n((uint64_t *)producer, __ATOMIC_ACQUIRE)) {
			usleep(100000);
			continue;
		}
		length = __atomic_load_n(record, __ATOMIC_ACQUIRE);
		if (length & BPF_RINGBUF_BUSY_BIT)
			continue;
		if (!(length & BPF_RINGBUF_DISCARD_BIT))
			++*count;
		at += (length + BPF_RINGBUF_HDR_SZ + 7) / 8 * 8;
		__atomic_store_n(consumer, at, __ATOMIC_RELEASE);
	}
}

int main(int argc, char **argv)
{
	const char *kind = argc > 2 ? argv[1] : "";

	limit_time(TIMEOUT_MAX);
	if (argc > 2)
		map_count(argv[2]);
	if (!strcmp(kind, "packets") && argc == 4) {
		listen_packets(argv[3]);
	} else if (!strcmp(kind, "exits") && argc == 3) {
		listen_exits();
	} else if (!strcmp(kind, "ring") && argc == 5) {
		attach(argv[4], "sched_process_exit");
		listen_ring(argv[3]);
	}
	bad_usage("expected packets, exits or ring");
}
