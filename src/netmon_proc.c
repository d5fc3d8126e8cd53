// SPDX-License-Identifier: GPL-2.0-only
/*
 * netmon_proc: the kernel's own interface statistics as JSON lines in /proc/netmon.
 *
 * Nothing is counted here and nothing is registered but the file.  It shows the
 * network namespace of whoever reads it, as /proc/net/dev does.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/netdevice.h>
#include <linux/nsproxy.h>
#include <linux/rcupdate.h>
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
	kmon_refuse("iface=%s refused: an interface name of at most %d bytes is wanted, or nothing for all\n",
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
MODULE_PARM_DESC(iface, "the interface to show; empty: every one but lo (default empty)");

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
 * All in one pass, so each interface stands there once however many come and go.
 * The reader's namespace cannot go away while the reader reads.
 */
static int netmon_show(struct seq_file *m, void *unused)
{
	struct net *net = current->nsproxy->net_ns;
	struct net_device *dev;
	char only[IFNAMSIZ];

	mutex_lock(&iface_lock);
	strscpy(only, iface, sizeof(only));
	mutex_unlock(&iface_lock);

	rcu_read_lock();
	if (!*only) {
		for_each_netdev_rcu(net, dev)
			if (!(dev->flags & IFF_LOOPBACK))
				show_device(m, dev);
	} else {
		dev = dev_get_by_name_rcu(net, only);
		if (dev) {
			show_device(m, dev);
		} else {
			seq_puts(m, "{\"interface\":");
			kmon_json_string(m, only);
			seq_puts(m, ",\"error\":\"not found\"}\n");
		}
	}
	rcu_read_unlock();
	return 0;
}

/* A buffer that the lines will fit into, so that they are seldom made twice. */
static int netmon_open(struct inode *inode, struct file *file)
{
	struct net_device *dev;
	size_t lines = 1;

	rcu_read_lock();
	for_each_netdev_rcu(current->nsproxy->net_ns, dev)
		lines++;
	rcu_read_unlock();
	return single_open_size(file, netmon_show, NULL, lines * 256);
}

static const struct proc_ops netmon_ops = {
	.proc_open	= netmon_open,
	.proc_read	= seq_read,
	.proc_lseek	= seq_lseek,
	.proc_release	= single_release,
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
