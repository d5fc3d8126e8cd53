// SPDX-License-Identifier: GPL-2.0-only
/*
 * /proc/l2packet_counter and /proc/l2packet_counter.json.
 *
 * Both print from reports taken when the reading begins, so each MAC is listed at most
 * once, however long the reader takes, and no lock is held meanwhile.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/proc_fs.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uidgid.h>
#include <linux/user_namespace.h>

#include "kmon_view.h"
#include "book.h"
#include "main.h"
#include "tap.h"
#include "view.h"
#include "watch.h"

#define TEXT_LINES	10000	/* of each interface, in the text view */

/*
 * A reading holds memory until its file is closed, and anybody may read.  So each user
 * except root may hold this many, and no user's readings affect another's.
 */
#define READINGS_MAX	32
static LIST_HEAD(held_readings);
static DEFINE_MUTEX(held_lock);

KMON_READERS(readers);

/* One interface in a reading; its first item is its head, the others are its lines. */
struct section {
	char name[IFNAMSIZ];
	bool waiting;
	bool counts_sent;
	enum tap_hook hook;
	loff_t first;			/* item */
	struct mac_report report;
};

struct reading {
	bool text;
	unsigned int n;
	struct section *sections;	/* NULL: nothing is held */
	struct list_head held;		/* while it holds something */
	kuid_t holder;
	s64 boot_ns;			/* the time of day when CLOCK_BOOTTIME was 0 */
};

/* ---- taking a reading ---- */

/*
 * Whoever creates a user namespace can have any number of user ids in it.  So readings
 * in a namespace count for the owner of the outermost one.
 */
static kuid_t current_holder(void)
{
	const struct user_namespace *ns = current_user_ns();

	if (ns == &init_user_ns)
		return current_uid();
	while (ns->parent != &init_user_ns)
		ns = ns->parent;
	return ns->owner;
}

/* Notes that the reading holds memory, if its holder may have one more. */
static int reading_hold(struct reading *r)
{
	const struct reading *other;
	unsigned int n = 0;
	int err = 0;

	r->holder = current_holder();
	mutex_lock(&held_lock);
	list_for_each_entry(other, &held_readings, held)
		n += uid_eq(other->holder, r->holder);
	if (n < READINGS_MAX || capable(CAP_SYS_ADMIN))
		list_add(&r->held, &held_readings);
	else
		err = -EBUSY;
	mutex_unlock(&held_lock);
	return err;
}

static void reading_free(struct reading *r)
{
	unsigned int i;

	if (!r->sections)
		return;
	mutex_lock(&held_lock);
	list_del(&r->held);
	mutex_unlock(&held_lock);
	for (i = 0; i < r->n; i++)
		kvfree(r->sections[i].report.lines);
	kfree(r->sections);
	r->sections = NULL;
	r->n = 0;
}

struct ranked {
	u64 count;
	u32 line;
};

/* Sorts the largest first, in time linear in n; equal counts stay in the order of first seen. */
static struct ranked *sort_ranked(struct ranked *from, struct ranked *to, unsigned int n)
{
	unsigned int shift, i;

	for (shift = 0; shift < 64; shift += 8) {
		unsigned int start[256] = {}, at = 0;

		for (i = 0; i < n; i++)
			start[(from[i].count >> shift) & 0xff]++;
		if (start[(from[0].count >> shift) & 0xff] == n)
			continue;	/* all have the same digit */
		for (i = 256; i-- > 0; ) {
			unsigned int some = start[i];

			start[i] = at;
			at += some;
		}
		for (i = 0; i < n; i++)
			to[start[(from[i].count >> shift) & 0xff]++] = from[i];
		swap(from, to);
		cond_resched();
	}
	return from;
}

/* Reduces the report to what the text view shows: the largest counts since the last reset. */
static int rank_lines(struct mac_report *report)
{
	struct mac_line *lines = NULL;
	struct ranked *ranked, *sorted;
	unsigned int i, n = 0;

	ranked = kvmalloc_array(2 * report->n + 1, sizeof(*ranked), GFP_KERNEL_ACCOUNT);
	if (!ranked)
		return -ENOMEM;
	for (i = 0; i < report->n; i++) {
		if (!report->lines[i].sum[MAC_RECEIVED].window)
			continue;
		ranked[n].count = report->lines[i].sum[MAC_RECEIVED].window;
		ranked[n++].line = i;
	}
	sorted = n ? sort_ranked(ranked, ranked + report->n, n) : ranked;
	n = min_t(unsigned int, n, TEXT_LINES);
	lines = kvmalloc_array(n + 1, sizeof(*lines), GFP_KERNEL_ACCOUNT);
	for (i = 0; lines && i < n; i++)
		lines[i] = report->lines[sorted[i].line];
	kvfree(ranked);
	if (!lines)
		return -ENOMEM;
	kvfree(report->lines);
	report->lines = lines;
	report->n = n;
	return 0;
}

static int fill_section(struct section *s, struct watch *w, bool text)
{
	int err = book_report(&w->tap.book, &s->report);

	if (!err && text)
		err = rank_lines(&s->report);
	return err;
}

/* Reads the books outside the list's lock, because that may take a while. */
static int reading_take(struct reading *r)
{
	struct watch **all = NULL, *w;
	loff_t first = r->text ? 0 : 1;		/* JSON: item 0 is the head of the file */
	unsigned int i, n = 0;
	int err = -ENOMEM;

	reading_free(r);
	all = kcalloc(MAX_WATCHES, sizeof(*all), GFP_KERNEL);
	r->sections = kcalloc(MAX_WATCHES, sizeof(*r->sections), GFP_KERNEL_ACCOUNT);
	if (all && r->sections)
		err = reading_hold(r);
	if (err) {
		kfree(all);
		kfree(r->sections);
		r->sections = NULL;
		return err;
	}
	mutex_lock(&watches_lock);
	list_for_each_entry(w, &watches, list) {
		struct section *s = &r->sections[n];

		strscpy(s->name, w->name, sizeof(s->name));
		s->waiting = !w->tap.dev;
		s->hook = w->tap.hook;
		s->counts_sent = w->tap.counts_sent;
		kref_get(&w->ref);
		all[n++] = w;
	}
	mutex_unlock(&watches_lock);

	r->n = n;
	r->boot_ns = ktime_to_ns(ktime_mono_to_any(0, TK_OFFS_REAL)) -
		     ktime_to_ns(ktime_mono_to_any(0, TK_OFFS_BOOT));
	for (i = 0; i < n; i++) {
		struct section *s = &r->sections[i];

		if (!err)
			err = fill_section(s, all[i], r->text);
		s->first = first;
		first += 1 + s->report.n;
		watch_put(all[i]);
	}
	kfree(all);
	return err;
}

/* ---- printing ---- */

static char *put_mac(char *to, u64 key)
{
	static const char hex[] = "0123456789abcdef";
	int i;

	for (i = 0; i < 6; i++) {
		*to++ = hex[mac_byte(key, i) >> 4];
		*to++ = hex[mac_byte(key, i) & 0xf];
		*to++ = ':';
	}
	return to - 1;
}

/* Decimal digits, right-aligned in at least `width` characters; seq_file takes three times as long. */
static char *put_number(char *to, u64 value, int width)
{
	char digits[20];
	int n = 0;

	do {
		u64 rest = value;

		value = div_u64(value, 10);
		digits[n++] = '0' + (rest - 10 * value);
	} while (value);
	while (width-- > n)
		*to++ = ' ';
	while (n)
		*to++ = digits[--n];
	return to;
}

static __always_inline char *put_string(char *to, const char *string)
{
	size_t n = strlen(string);

	memcpy(to, string, n);
	return to + n;
}

static void text_head(struct seq_file *m, const struct section *s)
{
	char name[KMON_ESCAPED(IFNAMSIZ)];

	kmon_escape(name, sizeof(name), s->name, sizeof(s->name));
	seq_printf(m, "%sInterface: %s%s\n", s->first ? "\n" : "", name,
		   s->waiting ? " (waiting)" : "");
	seq_printf(m, "Total packets: %llu\n", s->report.window);
	seq_puts(m, "MAC Address Statistics:\n"
		    "MAC Address        Packet Count\n"
		    "------------------ ------------\n");
}

static void text_line(struct seq_file *m, const struct mac_line *line)
{
	char buf[6 * 3 - 1 + 1 + 20 + 1];
	char *end = put_mac(buf, line->key);

	*end++ = ' ';
	end = put_number(end, line->sum[MAC_RECEIVED].window, 12);
	*end++ = '\n';
	seq_write(m, buf, end - buf);
}

/* Converts to the time of day in seconds, by the clock as it is set now. */
static u64 when(const struct reading *r, u64 then)
{
	return div_u64(r->boot_ns + then, NSEC_PER_SEC);
}

static void json_head(struct seq_file *m)
{
	kmon_json_head(m);
	seq_printf(m, ",\"hook\":\"%s\",\"reset_interval\":%u,\"max_macs\":%u,\"direction\":\"%s\"}\n",
		   tap_hook_name(tap_hook_wanted), READ_ONCE(reset_interval), READ_ONCE(max_macs),
		   direction_name(READ_ONCE(l2_direction)));
}

static void json_total(struct seq_file *m, const char *way, const struct mac_total *t)
{
	seq_printf(m, ",\"%suntracked_packets\":%llu,\"%suntracked_bytes\":%llu",
		   way, t->untracked_packets, way, t->untracked_bytes);
	seq_printf(m, ",\"%sevicted_packets\":%llu,\"%sevicted_bytes\":%llu",
		   way, t->evicted_packets, way, t->evicted_bytes);
}

static void json_section(struct seq_file *m, const struct section *s)
{
	const struct mac_total *received = &s->report.total[MAC_RECEIVED];
	const struct mac_total *sent = &s->report.total[MAC_SENT];

	seq_puts(m, "{\"interface\":");
	kmon_json_string(m, s->name);
	seq_printf(m, ",\"waiting\":%s,\"hook\":\"%s\",\"macs\":%u",
		   s->waiting ? "true" : "false", tap_hook_name(s->hook), s->report.n);
	seq_printf(m, ",\"packets\":%llu,\"bytes\":%llu", received->packets, received->bytes);
	json_total(m, "", received);
	seq_printf(m, ",\"skipped_packets\":%llu", received->group_packets);
	if (s->counts_sent) {
		seq_printf(m, ",\"tx_packets\":%llu,\"tx_bytes\":%llu", sent->packets, sent->bytes);
		json_total(m, "tx_", sent);
		seq_printf(m, ",\"tx_group_packets\":%llu,\"tx_group_bytes\":%llu",
			   sent->group_packets, sent->group_bytes);
	}
	seq_puts(m, "}\n");
}

static void json_line(struct seq_file *m, const struct reading *r, const struct section *s,
		      const struct mac_line *line)
{
	char buf[256];
	char *end = buf;

	seq_puts(m, "{\"interface\":");
	kmon_json_string(m, s->name);
	end = put_string(end, ",\"mac\":\"");
	end = put_mac(end, line->key);
	end = put_string(end, "\",\"packets\":");
	end = put_number(end, line->sum[MAC_RECEIVED].packets, 0);
	end = put_string(end, ",\"bytes\":");
	end = put_number(end, line->sum[MAC_RECEIVED].bytes, 0);
	if (s->counts_sent) {
		end = put_string(end, ",\"tx_packets\":");
		end = put_number(end, line->sum[MAC_SENT].packets, 0);
		end = put_string(end, ",\"tx_bytes\":");
		end = put_number(end, line->sum[MAC_SENT].bytes, 0);
	}
	end = put_string(end, ",\"first_seen\":");
	end = put_number(end, when(r, line->first), 0);
	end = put_string(end, ",\"last_seen\":");
	end = put_number(end, when(r, line->last), 0);
	end = put_string(end, "}\n");
	seq_write(m, buf, end - buf);
}

/* ---- the iterator: an item is a head or a line ---- */

static struct section *section_of(const struct reading *r, loff_t item)
{
	unsigned int i;

	for (i = r->n; i-- > 0; )
		if (item >= r->sections[i].first)
			return item - r->sections[i].first <= r->sections[i].report.n ?
			       &r->sections[i] : NULL;
	return NULL;
}

static void *item_at(const struct reading *r, loff_t *pos)
{
	return section_of(r, *pos) || (!r->text && !*pos) ? pos : NULL;
}

static void *view_start(struct seq_file *m, loff_t *pos)
{
	struct reading *r = m->private;
	int err;

	/* A seek also comes here, on its way from the beginning; it continues the same reading. */
	if (!*pos && (!r->sections || !m->read_pos)) {
		err = reading_take(r);
		if (err)
			return ERR_PTR(err);
	}
	return item_at(r, pos);
}

static void *view_next(struct seq_file *m, void *v, loff_t *pos)
{
	++*pos;
	return item_at(m->private, pos);
}

static void view_stop(struct seq_file *m, void *v)
{
}

static int view_show(struct seq_file *m, void *v)
{
	const struct reading *r = m->private;
	loff_t item = *(loff_t *)v;
	const struct section *s = section_of(r, item);

	if (!s) {
		json_head(m);
		return 0;
	}
	item -= s->first;
	if (r->text && !item)
		text_head(m, s);
	else if (r->text)
		text_line(m, &s->report.lines[item - 1]);
	else if (!item)
		json_section(m, s);
	else
		json_line(m, r, s, &s->report.lines[item - 1]);
	return 0;
}

static const struct seq_operations view_seq_ops = {
	.start	= view_start,
	.next	= view_next,
	.stop	= view_stop,
	.show	= view_show,
};

/* ---- the files ---- */

static int view_open(struct file *file, bool text)
{
	struct reading *r = __seq_open_private(file, &view_seq_ops, sizeof(*r));

	if (!r)
		return -ENOMEM;
	r->text = text;
	return 0;
}

static int text_open(struct inode *inode, struct file *file)
{
	return view_open(file, true);
}

static int json_open(struct inode *inode, struct file *file)
{
	return view_open(file, false);
}

static int view_release(struct inode *inode, struct file *file)
{
	struct seq_file *m = file->private_data;

	reading_free(m->private);
	return seq_release_private(inode, file);
}

static ssize_t text_write(struct file *file, const char __user *src, size_t n, loff_t *pos)
{
	int err = kmon_may_reset(CAP_NET_ADMIN, src, n);

	if (!err)
		err = watch_reset_all();
	return err ?: n;
}

static const struct proc_ops text_ops = {
	.proc_open	= text_open,
	.proc_read	= seq_read,
	.proc_lseek	= seq_lseek,
	.proc_release	= view_release,
	.proc_write	= text_write,
};

static const struct proc_ops json_ops = {
	.proc_open	= json_open,
	.proc_read	= seq_read,
	.proc_lseek	= seq_lseek,
	.proc_release	= view_release,
};

int view_init(void)
{
	if (!kmon_view_create(&readers, "l2packet_counter", 0200, NULL, &text_ops))
		goto err;
	if (!kmon_view_create(&readers, "l2packet_counter.json", 0, NULL, &json_ops)) {
		remove_proc_entry("l2packet_counter", NULL);
		goto err;
	}
	return 0;
err:
	pr_err("cannot create /proc/l2packet_counter: out of memory, or the name is taken\n");
	return -ENOMEM;
}

void view_exit(void)
{
	remove_proc_entry("l2packet_counter.json", NULL);
	remove_proc_entry("l2packet_counter", NULL);
}
