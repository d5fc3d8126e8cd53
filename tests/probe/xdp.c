// SPDX-License-Identifier: GPL-2.0-only
/*
 * xdp: attaches a program of a few instructions to an interface, as generic XDP,
 * and keeps it there until its standard input closes. It calls bpf(2) directly,
 * so that it needs no BPF compiler and no library.
 */
#include <net/if.h>
#include <sys/syscall.h>
#include <linux/bpf.h>
#include <linux/if_link.h>

#include "probe.h"

const char usage_text[] =
"usage: xdp IFACE pass|drop|tx      every frame is passed, dropped or sent back\n"
"       xdp IFACE cpumap CPU        every frame continues on CPU\n"
"prints \"ready\" when the program is attached; it is detached when stdin closes,\n"
"or after 120 seconds\n";

static int bpf(enum bpf_cmd command, union bpf_attr *attr)
{
	return syscall(SYS_bpf, command, attr, sizeof(*attr));
}

static int load(const struct bpf_insn *insns, unsigned int n)
{
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_XDP,
		.insns = (uintptr_t)insns,
		.insn_cnt = n,
		.license = (uintptr_t)"GPL",
	};
	int fd = bpf(BPF_PROG_LOAD, &attr);

	if (fd < 0)
		fail("BPF_PROG_LOAD");
	return fd;
}

static struct bpf_insn move(int reg, int value)
{
	return (struct bpf_insn){ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = reg, .imm = value };
}

static const struct bpf_insn leave = { .code = BPF_JMP | BPF_EXIT };

static int load_verdict(enum xdp_action action)
{
	const struct bpf_insn insns[] = { move(BPF_REG_0, action), leave };

	return load(insns, ARRAY_SIZE(insns));
}

/* Room for everything that a test sends before the other CPU looks. */
static int make_cpumap(uint32_t cpu)
{
	uint32_t size = 4096;
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_CPUMAP,
		.key_size = sizeof(cpu), .value_size = sizeof(size), .max_entries = cpu + 1,
	};
	int fd = bpf(BPF_MAP_CREATE, &attr);

	if (fd < 0)
		fail("BPF_MAP_CREATE");
	attr = (union bpf_attr){
		.map_fd = fd, .key = (uintptr_t)&cpu, .value = (uintptr_t)&size,
	};
	if (bpf(BPF_MAP_UPDATE_ELEM, &attr))
		fail("BPF_MAP_UPDATE_ELEM");
	return fd;
}

static int load_redirect(uint32_t cpu)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_LD | BPF_IMM | BPF_DW, .dst_reg = BPF_REG_1,
		  .src_reg = BPF_PSEUDO_MAP_FD, .imm = make_cpumap(cpu) },
		{},
		move(BPF_REG_2, cpu),
		move(BPF_REG_3, 0),
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_redirect_map },
		leave,
	};

	return load(insns, ARRAY_SIZE(insns));
}

/* The link disappears with this process. */
static void attach(const char *iface, int program)
{
	union bpf_attr attr = { .link_create = {
		.prog_fd = program,
		.target_ifindex = if_nametoindex(iface),
		.attach_type = BPF_XDP,
		.flags = XDP_FLAGS_SKB_MODE,
	} };

	if (!attr.link_create.target_ifindex)
		fail("%s", iface);
	if (bpf(BPF_LINK_CREATE, &attr) < 0)
		fail("%s: BPF_LINK_CREATE", iface);
}

int main(int argc, char **argv)
{
	static const char * const words[] = { [XDP_DROP] = "drop", [XDP_PASS] = "pass", [XDP_TX] = "tx" };
	char rest[256];
	int program = -1;

	if (argc == 4 && !strcmp(argv[2], "cpumap"))
		program = load_redirect(parse_number("CPU", argv[3], 0, 1023));
	for (unsigned int i = 0; argc == 3 && i < ARRAY_SIZE(words); i++)
		if (words[i] && !strcmp(argv[2], words[i]))
			program = load_verdict(i);
	if (program < 0)
		bad_usage("expected pass, drop, tx or cpumap CPU");
	limit_time(TIMEOUT_DEFAULT);
	attach(argv[1], program);
	puts("ready");
	fflush(stdout);
	while (!out_of_time && read(STDIN_FILENO, rest, sizeof(rest)) > 0)
		;
	return 0;
}
