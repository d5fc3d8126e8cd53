// SPDX-License-Identifier: GPL-2.0-only
/*
 * netmon_proc: the kernel's own interface statistics as JSON lines in /proc/netmon.
 *
 * It counts nothing and registers nothing but the file.  A reader sees its own
 * network namespace, as in /proc/net/dev.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/netdevice.h>
#include <linux/nsproxy.h>
#include <linux/rcupdate.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <net/net_namespace.h>

#include "kmon_param.h"
#include "kmon_view.h"

/* ---- the parameter iface: one name, or empty for every interface but lo ---- */

static char iface[IFNAMSIZ];
static DEFINE_MUTEX(iface_lock);

static int iface_set(const char *val, const struct kernel_param *kp)
{
	char name[IFNAMSIZ], shown[KMON_ESCAPED(32)];
	size_t n = strnlen(val, IFNAMSIZ + 1);

	if (n && val[n - 1] == '\n')
		n--;
	if (n < IFNAMSIZ) {
		memcpy(name, val, n);
		name[n] = '\0';
		if (!n || dev_valid_name(name)) {
			mutex_lock(&iface_lock);
			strscpy(iface, name, sizeof(iface));
			mutex_unlock(&iface_lock);
			return 0;
		}
	}
	kmon_quote_value(shown, sizeof(shown), val);
	kmon_refuse("iface=%s refused: expected an interface name of at most %d bytes, or nothing for all\n",
		    shown, IFNAMSIZ - 1);
	return -EINVAL;
}

static int iface_get(char *buf, const struct kernel_param *kp)
{
	int n;

	mutex_lock(&iface_lock);
	n = sprintf(buf, "%s\n", iface);
	mutex_unlock(&iface_lock);
	return n;
}

static const struct kernel_param_ops iface_ops = {
	.set = iface_set,
	.get = iface_get,
};
module_param_cb(iface, &iface_ops, NULL, 0644);
__MODULE_PARM_TYPE(iface, "charp");
MODULE_PARM_DESC(iface, "the interface to show; empty: all except lo (default empty)");

KMON_READERS(readers);

/* ---- /proc/netmon ---- */

static void show_device(struct seq_file *m, struct net_device *dev)
{
	struct rtnl_link_stats64 buf;
	const struct rtnl_link_stats64 *s = dev_get_stats(dev, &buf);
	const struct { const char *key; u64 value; } field[] = {
		{ ",\"rx_bytes\":", s->rx_bytes },
		{ ",\"tx_bytes\":", s->tx_bytes },
		{ ",\"rx_packets\":", s->rx_packets },
		{ ",\"tx_packets\":", s->tx_packets },
		{ ",\"rx_errors\":", s->rx_errors },
		{ ",\"tx_errors\":", s->tx_errors },
		{ ",\"rx_dropped\":", s->rx_dropped },
		{ ",\"tx_dropped\":", s->tx_dropped },
	};
	size_t i;

	seq_puts(m, "{\"interface\":");
	kmon_json_string(m, dev->name);
	for (i = 0; i < ARRAY_SIZE(field); i++)
		seq_put_decimal_ull(m, field[i].key, field[i].value);
	seq_puts(m, "}\n");
}

/*
 * A reading shows the interfaces that existed when it began, each once, and omits those
 * that disappear meanwhile.  It knows them by number and holds no reference; it pauses
 * after each one, however many there are.
 */
struct reading {
	char only[IFNAMSIZ];		/* the parameter iface as it was then */
	const struct net *net;		/* only compared: it may be gone */
	unsigned int n;
	int *ifindex;			/* `few`, or allocated */
	int few[16];
};

static void list_free(struct reading *r)
{
	if (r->ifindex != r->few)
		kvfree(r->ifindex);
	r->ifindex = r->few;
}

/* Lists as many as fit; returns how many there are. */
static unsigned int list_some(struct reading *r, struct net *net, unsigned int room)
{
	struct net_device *dev;
	unsigned int n = 0;

	rcu_read_lock();
	for_each_netdev_rcu(net, dev) {
		if (dev->flags & IFF_LOOPBACK)
			continue;
		if (n < room)
			r->ifindex[n] = dev->ifindex;
		n++;
	}
	rcu_read_unlock();
	r->n = min(n, room);
	return n;
}

static int list_devices(struct reading *r, struct net *net)
{
	unsigned int n;
	int *list;

	list_free(r);
	n = list_some(r, net, ARRAY_SIZE(r->few));
	if (n <= ARRAY_SIZE(r->few))
		return 0;
	list = kvmalloc_array(n, sizeof(*list), GFP_KERNEL_ACCOUNT);
	if (!list)
		return -ENOMEM;
	r->ifindex = list;
	list_some(r, net, n);	/* interfaces added since then are for the next reading */
	return 0;
}

static int reading_begin(struct reading *r)
{
	struct net *net = current->nsproxy->net_ns;
	int err;

	mutex_lock(&iface_lock);
	strscpy(r->only, iface, sizeof(r->only));
	mutex_unlock(&iface_lock);
	r->net = NULL;
	err = *r->only ? 0 : list_devices(r, net);
	if (!err)
		r->net = net;
	return err;
}

/* If the file is read from another namespace meanwhile, the reading ends. */
static void *line_at(const struct reading *r, loff_t *pos)
{
	loff_t lines = *r->only ? 1 : r->n;

	return *pos < lines && r->net == current->nsproxy->net_ns ? pos : NULL;
}

static void *netmon_start(struct seq_file *m, loff_t *pos)
{
	struct reading *r = m->private;
	int err;

	/* A seek also starts here, and continues the same reading. */
	if (!*pos && (!r->net || !m->read_pos)) {
		err = reading_begin(r);
		if (err)
			return ERR_PTR(err);
	}
	return line_at(r, pos);
}

static void *netmon_next(struct seq_file *m, void *v, loff_t *pos)
{
	++*pos;
	return line_at(m->private, pos);
}

static void netmon_stop(struct seq_file *m, void *v)
{
}

/* The reader's namespace cannot disappear while it reads. */
static int netmon_show(struct seq_file *m, void *v)
{
	const struct reading *r = m->private;
	struct net *net = current->nsproxy->net_ns;
	struct net_device *dev;

	rcu_read_lock();
	dev = *r->only ? dev_get_by_name_rcu(net, r->only)
		       : dev_get_by_index_rcu(net, r->ifindex[*(loff_t *)v]);
	if (dev)
		show_device(m, dev);
	rcu_read_unlock();
	if (dev)
		return 0;
	if (!*r->only)
		return SEQ_SKIP;
	seq_puts(m, "{\"interface\":");
	kmon_json_string(m, r->only);
	seq_puts(m, ",\"error\":\"not found\"}\n");
	return 0;
}

static const struct seq_operations netmon_seq_ops = {
	.start	= netmon_start,
	.next	= netmon_next,
	.stop	= netmon_stop,
	.show	= netmon_show,
};

static int netmon_open(struct inode *inode, struct file *file)
{
	struct reading *r = __seq_open_private(file, &netmon_seq_ops, sizeof(*r));

	if (!r)
		return -ENOMEM;
	r->ifindex = r->few;
	return 0;
}

static int netmon_release(struct inode *inode, struct file *file)
{
	struct seq_file *m = file->private_data;

	list_free(m->private);
	return seq_release_private(inode, file);
}

static const struct proc_ops netmon_ops = {
	.proc_open	= netmon_open,
	.proc_read	= seq_read,
	.proc_lseek	= seq_lseek,
	.proc_release	= netmon_release,
};

/* ---- load and unload ---- */

static int __init netmon_proc_init(void)
{
	if (!kmon_view_create(&readers, "netmon", 0, NULL, &netmon_ops)) {
		pr_err("cannot create /proc/netmon: out of memory, or the name is taken\n");
		return -ENOMEM;
	}
	return 0;
}

static void __exit netmon_proc_exit(void)
{
	remove_proc_entry("netmon", NULL);
}

module_init(netmon_proc_init);
module_exit(netmon_proc_exit);

MODULE_DESCRIPTION("Interface statistics as JSON lines in /proc/netmon");
MODULE_VERSION(KMON_VERSION);
MODULE_LICENSE("GPL");
