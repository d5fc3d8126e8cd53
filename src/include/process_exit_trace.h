/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The trace event kmon:process_exit: one for each process, when its last thread ends.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM kmon

#if !defined(PROCESS_EXIT_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define PROCESS_EXIT_TRACE_H

#include <linux/tracepoint.h>

#ifndef PROCESS_EXIT_RECORD
#define PROCESS_EXIT_RECORD

#include <linux/sched.h>

#include "kmon_text.h"

struct exit_record {
	pid_t	pid;			/* the last thread */
	pid_t	tgid;			/* the process */
	pid_t	ppid;
	int	code;			/* as wait(2) reports it */
	u64	utime;			/* ns, all threads, split as getrusage(2) does */
	u64	stime;
	u64	runtime;		/* ns on a CPU: utime + stime */
	u64	start_time;		/* ns, CLOCK_MONOTONIC */
	u64	lifetime;		/* ns from start to end */
	char	comm[TASK_COMM_LEN];
	uid_t	uid;			/* in the initial user namespace */
	u64	cgroup;			/* inode of its directory in cgroup2 */
	pid_t	ns_pid;			/* the process in its own PID namespace */
	bool	exec;			/* executed a program since it was forked */
};

/* A literal number, because tools read it from the event's format file. */
#define ESCAPED_COMM	65
static_assert(ESCAPED_COMM == KMON_ESCAPED(TASK_COMM_LEN));

#endif

/*
 * The name is escaped here, so that it cannot fool tools that print it.  New fields are
 * only added at the end, because tools read those that they know.
 */
TRACE_EVENT(process_exit,
	TP_PROTO(const struct exit_record *rec),
	TP_ARGS(rec),
	TP_STRUCT__entry(
		__field(pid_t,	pid)
		__field(pid_t,	tgid)
		__field(pid_t,	ppid)
		__field(int,	exit_code)
		__field(u64,	utime)
		__field(u64,	stime)
		__field(u64,	start_time)
		__field(u64,	runtime)
		__field(u64,	lifetime)
		__array(char,	comm,	ESCAPED_COMM)
		__field(uid_t,	uid)
		__field(u64,	cgroup)
		__field(pid_t,	ns_pid)
		__field(bool,	core)
		__field(bool,	exec)
	),
	TP_fast_assign(
		__entry->pid		= rec->pid;
		__entry->tgid		= rec->tgid;
		__entry->ppid		= rec->ppid;
		__entry->exit_code	= rec->code;
		__entry->utime		= rec->utime;
		__entry->stime		= rec->stime;
		__entry->start_time	= rec->start_time;
		__entry->runtime	= rec->runtime;
		__entry->lifetime	= rec->lifetime;
		kmon_escape(__entry->comm, sizeof(__entry->comm),
			    rec->comm, sizeof(rec->comm));
		__entry->uid		= rec->uid;
		__entry->cgroup		= rec->cgroup;
		__entry->ns_pid		= rec->ns_pid;
		__entry->core		= rec->code & 0x80;
		__entry->exec		= rec->exec;
	),
	TP_printk("pid=%d tgid=%d ppid=%d exit_code=%d utime=%llu stime=%llu start_time=%llu runtime=%llu lifetime=%llu comm=%s uid=%u cgroup=%llu ns_pid=%d core=%d exec=%d",
		  __entry->pid, __entry->tgid, __entry->ppid, __entry->exit_code,
		  __entry->utime, __entry->stime, __entry->start_time,
		  __entry->runtime, __entry->lifetime, __entry->comm,
		  __entry->uid, __entry->cgroup, __entry->ns_pid, __entry->core, __entry->exec)
);

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE process_exit_trace
#include <trace/define_trace.h>
