/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Netfilter hooks in the initial network namespace, or in every one, including
 * those created later.
 */
#ifndef KMON_NETFILTER_H
#define KMON_NETFILTER_H

#include <linux/netfilter.h>
#include <net/net_namespace.h>

/* ops->init registers the hooks in one namespace, ops->exit removes them there. */
static inline int kmon_register_hooks(struct pernet_operations *ops, bool all_netns)
{
	return all_netns ? register_pernet_subsys(ops) : ops->init(&init_net);
}

/* When this returns, no packet is inside a hook any more. */
static inline void kmon_unregister_hooks(struct pernet_operations *ops, bool all_netns)
{
	if (all_netns)
		unregister_pernet_subsys(ops);
	else
		ops->exit(&init_net);
	synchronize_net();
}

#endif
