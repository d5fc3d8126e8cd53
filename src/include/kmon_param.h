/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Module parameters that refuse a bad value with EINVAL and one clear line in the
 * kernel log, and change nothing.
 *
 * A setter can run before the module's init (values on the insmod line) and after its
 * exit began (the sysfs files are removed last).  A setter that does more than store a
 * number must check for this; see kstat's `start`.
 */
#ifndef KMON_PARAM_H
#define KMON_PARAM_H

#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/moduleparam.h>

#include "kmon_refuse.h"
#include "kmon_text.h"

struct kmon_uint {
	const char	*name;
	unsigned int	*value;
	unsigned int	min;
	unsigned int	max;
	void		(*apply)(unsigned int value);	/* stores it; NULL: a plain store */
};

/* The refused value, shortened and escaped for the log. */
static inline void kmon_quote_value(char *dst, size_t size, const char *val)
{
	size_t n = strnlen(val, 32);

	if (n && val[n - 1] == '\n')
		n--;
	kmon_escape(dst, size, val, n);
}

static inline int kmon_uint_parse(const char *val, const char *name,
				  unsigned int min, unsigned int max, unsigned int *out)
{
	char shown[KMON_ESCAPED(32)];
	unsigned int v;

	/* kstrtouint() takes "+5" and "-0"; a number here starts with a digit. */
	if (val[0] >= '0' && val[0] <= '9' && !kstrtouint(val, 10, &v) && v >= min && v <= max) {
		*out = v;
		return 0;
	}
	kmon_quote_value(shown, sizeof(shown), val);
	kmon_refuse("%s=%s refused: expected a number from %u to %u\n",
		    name, shown, min, max);
	return -EINVAL;
}

static inline int kmon_uint_set(const char *val, const struct kernel_param *kp)
{
	const struct kmon_uint *p = kp->arg;
	unsigned int v;
	int err = kmon_uint_parse(val, p->name, p->min, p->max, &v);

	if (err)
		return err;
	if (p->apply)
		p->apply(v);
	else
		WRITE_ONCE(*p->value, v);
	return 0;
}

static inline int kmon_uint_get(char *buf, const struct kernel_param *kp)
{
	const struct kmon_uint *p = kp->arg;

	return sprintf(buf, "%u\n", READ_ONCE(*p->value));
}

/* Declares the parameter `param`, kept in the unsigned int `var`. */
#define KMON_PARAM_UINT(param, var, perm, lo, hi, fn, desc)		\
static const struct kernel_param_ops param_##param##_ops = {		\
	.set = kmon_uint_set,						\
	.get = kmon_uint_get,						\
};									\
static struct kmon_uint param_##param = {				\
	.name = #param, .value = &(var), .min = lo, .max = hi, .apply = fn, \
};									\
module_param_cb(param, &param_##param##_ops, &param_##param, perm);	\
__MODULE_PARM_TYPE(param, "uint");					\
MODULE_PARM_DESC(param, desc)

/* A file's permissions to read, in octal digits. */
static inline int kmon_mode_set(const char *val, const struct kernel_param *kp)
{
	char shown[KMON_ESCAPED(32)];
	unsigned int mode;

	if (val[0] >= '0' && val[0] <= '7' && !kstrtouint(val, 8, &mode) &&
	    (mode == 0444 || mode == 0440 || mode == 0400)) {
		*(unsigned int *)kp->arg = mode;
		return 0;
	}
	kmon_quote_value(shown, sizeof(shown), val);
	kmon_refuse("%s=%s refused: expected one of 0444, 0440, 0400\n", kp->name, shown);
	return -EINVAL;
}

static inline int kmon_mode_get(char *buf, const struct kernel_param *kp)
{
	return sprintf(buf, "%04o\n", *(unsigned int *)kp->arg);
}

/* Declares the parameter `param`, kept in the unsigned int `var`. */
#define KMON_PARAM_MODE(param, var, desc)				\
static const struct kernel_param_ops param_##param##_ops = {		\
	.set = kmon_mode_set,						\
	.get = kmon_mode_get,						\
};									\
module_param_cb(param, &param_##param##_ops, &(var), 0444);		\
__MODULE_PARM_TYPE(param, "uint");					\
MODULE_PARM_DESC(param, desc)

/* One of several words. */
struct kmon_choice {
	const char		*name;
	const char * const	*words;
	unsigned int		n;
	unsigned int		*value;		/* index of the chosen word */
	int			(*apply)(unsigned int which);	/* stores it or fails; NULL: a plain store */
};

static inline int kmon_choice_set(const char *val, const struct kernel_param *kp)
{
	const struct kmon_choice *p = kp->arg;
	char shown[KMON_ESCAPED(32)], wanted[128];
	unsigned int i;
	int len = 0;

	for (i = 0; i < p->n; i++) {
		if (sysfs_streq(val, p->words[i])) {
			if (p->apply)
				return p->apply(i);
			WRITE_ONCE(*p->value, i);
			return 0;
		}
		len += scnprintf(wanted + len, sizeof(wanted) - len, "%s%s",
				 i ? ", " : "", p->words[i]);
	}
	kmon_quote_value(shown, sizeof(shown), val);
	kmon_refuse("%s=%s refused: expected one of %s\n", p->name, shown, wanted);
	return -EINVAL;
}

static inline int kmon_choice_get(char *buf, const struct kernel_param *kp)
{
	const struct kmon_choice *p = kp->arg;

	return sprintf(buf, "%s\n", p->words[READ_ONCE(*p->value)]);
}

/* Declares the parameter `param`, kept in the unsigned int `var` as an index into `list`. */
#define KMON_PARAM_CHOICE(param, var, perm, list, fn, desc)		\
static const struct kernel_param_ops param_##param##_ops = {		\
	.set = kmon_choice_set,						\
	.get = kmon_choice_get,						\
};									\
static struct kmon_choice param_##param = {				\
	.name = #param, .words = list, .n = ARRAY_SIZE(list), .value = &(var), .apply = fn, \
};									\
module_param_cb(param, &param_##param##_ops, &param_##param, perm);	\
__MODULE_PARM_TYPE(param, "charp");					\
MODULE_PARM_DESC(param, desc)

#endif
