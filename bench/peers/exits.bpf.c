// SPDX-License-Identifier: GPL-2.0-only
/*
 * An alternative to process_monitor: a record of each exit in a ring, which `listen ring`
 * reads ten times a second.  Being woken at each exit would cost ten times as much.
 */
#include <linux/bpf.h>
#include <linux/types.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

/* The kernel's fields that are needed; their offsets are resolved at load. */
struct task_struct {
	int pid;
	int tgid;
	int exit_code;
	__u64 start_time;
	__u64 utime;
	__u64 stime;
	char comm[16];
} __attribute__((preserve_access_index));

struct record {
	int pid;
	int exit_code;
	__u64 start_time;
	__u64 utime;
	__u64 stime;
	char comm[16];
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 18);
} ring SEC(".maps");

SEC("raw_tp/sched_process_exit")
int exit_ring(struct bpf_raw_tracepoint_args *ctx)
{
	const struct task_struct *task = (void *)ctx->args[0];
	struct record *r;

	if (BPF_CORE_READ(task, pid) != BPF_CORE_READ(task, tgid))
		return 0;
	r = bpf_ringbuf_reserve(&ring, sizeof(*r), 0);
	if (!r)
		return 0;
	r->pid = BPF_CORE_READ(task, pid);
	r->exit_code = BPF_CORE_READ(task, exit_code);
	r->start_time = BPF_CORE_READ(task, start_time);
	r->utime = BPF_CORE_READ(task, utime);
	r->stime = BPF_CORE_READ(task, stime);
	BPF_CORE_READ_INTO(&r->comm, task, comm);
	bpf_ringbuf_submit(r, BPF_RB_NO_WAKEUP);
	return 0;
}

char _license[] SEC("license") = "GPL";
