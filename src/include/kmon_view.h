/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The two views of a module: the text file, which `reset` zeroes, and the JSON
 * lines beside it, whose counts only grow.
 */
#ifndef KMON_VIEW_H
#define KMON_VIEW_H

#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/timekeeping.h>
#include <linux/uidgid.h>
#include <linux/user_namespace.h>

#include "kmon_param.h"
#include "kmon_refuse.h"
#include "kmon_text.h"

/*
 * Who may read.  MAC addresses and process names are personal data, so an
 * administrator can restrict them to root or to one group.  Set at load, so there is no
 * moment at which others could read.
 */
struct kmon_readers {
	unsigned int	mode;
	unsigned int	gid;
};

/* Declares the parameters view_mode and view_gid, once per module. */
#define KMON_READERS(readers)						\
static struct kmon_readers readers = { .mode = 0444 };			\
KMON_PARAM_MODE(view_mode, readers.mode,				\
		"who may read the files in /proc, as for chmod: 0444, 0440 or 0400 (default 0444; set at load)"); \
KMON_PARAM_UINT(view_gid, readers.gid, 0444, 0, INT_MAX, NULL,		\
		"the group of the files in /proc (default 0; set at load)")

/* When the module was loaded, and so when its counters were 0. */
static time64_t kmon_view_loaded __maybe_unused;

static inline struct proc_dir_entry *kmon_view_given(const struct kmon_readers *readers,
						     struct proc_dir_entry *file)
{
	if (!kmon_view_loaded)
		kmon_view_loaded = ktime_get_real_seconds();
	if (file)
		proc_set_user(file, GLOBAL_ROOT_UID, make_kgid(&init_user_ns, readers->gid));
	return file;
}

/* Like proc_create(); write: 0200 if the file can be written to. */
static inline struct proc_dir_entry *kmon_view_create(const struct kmon_readers *readers,
						      const char *name, umode_t write,
						      struct proc_dir_entry *parent,
						      const struct proc_ops *ops)
{
	return kmon_view_given(readers, proc_create(name, readers->mode | write, parent, ops));
}

static inline struct proc_dir_entry *kmon_view_single(const struct kmon_readers *readers,
						      const char *name, struct proc_dir_entry *parent,
						      int (*show)(struct seq_file *, void *))
{
	return kmon_view_given(readers, proc_create_single(name, readers->mode, parent, show));
}

/* The start of the first JSON line; the module adds its own keys and closes it. */
static inline void kmon_json_head(struct seq_file *m)
{
	seq_printf(m, "{\"module\":\"%s\",\"version\":\"%s\",\"schema\":1,\"loaded\":%lld",
		   KBUILD_MODNAME, KMON_VERSION, (long long)kmon_view_loaded);
}

/* 0 if the writer may reset and wrote `reset`, with or without a newline. */
static inline int kmon_may_reset(int cap, const char __user *src, size_t n)
{
	char word[8];
	int err = kmon_need_capability(cap, "the text view");

	if (!err)
		err = kmon_read_user(word, sizeof(word), src, n);

	if (!err && strcmp(word, "reset") && strcmp(word, "reset\n"))
		err = -EINVAL;
	return err;
}

/* proc_ops of a text view: `show` prints it; `reset`, which needs `cap`, zeroes it and returns 0 or an error. */
#define KMON_TEXT_VIEW(name, show, reset, cap)				\
static int name##_open(struct inode *inode, struct file *file)		\
{									\
	return single_open(file, show, NULL);				\
}									\
									\
static ssize_t name##_write(struct file *file, const char __user *src,	\
			    size_t n, loff_t *pos)			\
{									\
	int err = kmon_may_reset(cap, src, n);				\
									\
	if (!err)							\
		err = reset();						\
	return err ?: n;						\
}									\
									\
static const struct proc_ops name = {					\
	.proc_open	= name##_open,					\
	.proc_read	= seq_read,					\
	.proc_lseek	= seq_lseek,					\
	.proc_release	= single_release,				\
	.proc_write	= name##_write,					\
}

#endif
