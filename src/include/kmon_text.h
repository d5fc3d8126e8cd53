/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Untrusted text: escaped before it is printed, checked when it is read.
 */
#ifndef KMON_TEXT_H
#define KMON_TEXT_H

#include <linux/kernel.h>
#include <linux/seq_file.h>
#include <linux/string.h>
#include <linux/uaccess.h>

/* Room for any n bytes after kmon_escape(). */
#define KMON_ESCAPED(n)		(4 * (n) + 1)

/*
 * For the kernel log and for trace events: printable ASCII stays, backslashes and all
 * other bytes become \xHH.  So no name can end a line or move the cursor.
 */
static inline void kmon_escape(char *dst, size_t size, const char *src, size_t n)
{
	static const char hex[] = "0123456789abcdef";
	char *end = dst + size - 1;

	for (; n && *src; n--, src++) {
		unsigned char c = *src;

		if (c >= ' ' && c < 0x7f && c != '\\') {
			if (dst + 1 > end)
				break;
			*dst++ = c;
		} else {
			if (dst + 4 > end)
				break;
			*dst++ = '\\';
			*dst++ = 'x';
			*dst++ = hex[c >> 4];
			*dst++ = hex[c & 0xf];
		}
	}
	*dst = '\0';
}

/* The length of the UTF-8 character at s, or 0 if the bytes are invalid (RFC 3629). */
static inline int kmon_utf8_len(const unsigned char *s)
{
	int i, len = s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : s[0] < 0xf5 ? 4 : 0;

	for (i = 1; i < len; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((s[0] == 0xe0 && s[1] < 0xa0) ||	/* overlong */
	    (s[0] == 0xed && s[1] > 0x9f) ||	/* surrogate */
	    (s[0] == 0xf0 && s[1] < 0x90) ||	/* overlong */
	    (s[0] == 0xf4 && s[1] > 0x8f))	/* past U+10FFFF */
		return 0;
	return len;
}

/* A JSON string with its quotes; bytes that are not UTF-8 become U+FFFD. */
static inline void kmon_json_string(struct seq_file *m, const char *str)
{
	const unsigned char *s = (const unsigned char *)str;
	int len;

	seq_putc(m, '"');
	while (*s) {
		if (*s == '"' || *s == '\\') {
			seq_putc(m, '\\');
			seq_putc(m, *s++);
		} else if (*s < ' ' || *s == 0x7f) {
			seq_printf(m, "\\u%04x", *s++);
		} else if (*s < 0x7f) {
			seq_putc(m, *s++);
		} else {
			len = kmon_utf8_len(s);
			if (len)
				seq_write(m, s, len);
			else
				seq_puts(m, "\\ufffd");
			s += len ?: 1;
		}
	}
	seq_putc(m, '"');
}

/* Copies what a user wrote.  -EINVAL if it is too long or has NUL bytes: never use a part of it. */
static inline int kmon_read_user(char *dst, size_t size, const char __user *src, size_t n)
{
	if (n >= size)
		return -EINVAL;
	if (copy_from_user(dst, src, n))
		return -EFAULT;
	dst[n] = '\0';
	return strlen(dst) == n ? 0 : -EINVAL;
}

#endif
