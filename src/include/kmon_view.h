/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The two views of a module: the text file, which `reset` zeroes, and the JSON
 * lines beside it, which only ever grow.
 */
#ifndef KMON_VIEW_H
#define KMON_VIEW_H

#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>

#include "kmon_text.h"

/* The start of the first JSON line; the module adds its own keys and closes it. */
static inline void kmon_json_head(struct seq_file *m)
{
	seq_printf(m, "{\"module\":\"%s\",\"version\":\"%s\",\"schema\":1",
		   KBUILD_MODNAME, KMON_VERSION);
}

/* 0 if the bytes written are `reset`, with or without a newline. */
static inline int kmon_expect_reset(const char __user *src, size_t n)
{
	char word[8];
	int err = kmon_read_user(word, sizeof(word), src, n);

	if (!err && strcmp(word, "reset") && strcmp(word, "reset\n"))
		err = -EINVAL;
	return err;
}

/* proc_ops of a text view: show prints it, reset zeroes it and returns 0 or an error. */
#define KMON_TEXT_VIEW(name, show, reset)				\
static int name##_open(struct inode *inode, struct file *file)		\
{									\
	return single_open(file, show, NULL);				\
}									\
									\
static ssize_t name##_write(struct file *file, const char __user *src,	\
			    size_t n, loff_t *pos)			\
{									\
	int err = kmon_expect_reset(src, n);				\
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
