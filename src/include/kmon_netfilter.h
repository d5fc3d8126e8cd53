/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Netfilter hooks in the initial network namespace, or in every one, those made
 * later included.
 */
#ifndef KMON_NETFILTER_H
#define KMON_NETFILTER_H

#include <linux/netfilter.h>
#include <net/net_namespace.h>

/* Defines NAME_register(all) and NAME_unregister(all) for the array of hooks `ops`. */
#define KMON_NET_HOOKS(name, ops)					\
static int name##_net_init(struct net *net)				\
{									\
	return nf_register_net_hooks(net, ops, ARRAY_SIZE(ops));	\
}									\
									\
static void name##_net_exit(struct net *net)				\
{									\
	nf_unregister_net_hooks(net, ops, ARRAY_SIZE(ops));		\
}									\
									\
static struct pernet_operations name##_net_ops = {			\
	.init	= name##_net_init,					\
	.exit	= name##_net_exit,					\
};									\
									\
static int name##_register(bool all)					\
{									\
	return all ? register_pernet_subsys(&name##_net_ops)		\
		   : name##_net_init(&init_net);			\
}									\
									\
/* When this returns no packet is inside a hook any more. */		\
static void name##_unregister(bool all)					\
{									\
	if (all)							\
		unregister_pernet_subsys(&name##_net_ops);		\
	else								\
		name##_net_exit(&init_net);				\
	synchronize_net();						\
}

#endif
