/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Questions the modules ask of a packet.
 */
#ifndef KMON_PACKET_H
#define KMON_PACKET_H

#include <linux/ipv6.h>
#include <linux/skbuff.h>
#include <net/ipv6.h>

/*
 * How many packets this one is on the wire: GSO and GRO carry many as one.
 * Some senders (tun, virtio) leave gso_segs to be computed; then the headers
 * count as data, which is at worst one segment too many.
 */
static inline unsigned int kmon_segments(const struct sk_buff *skb)
{
	unsigned int segs;

	if (likely(!skb_is_gso(skb)))
		return 1;
	segs = skb_shinfo(skb)->gso_segs;
	return segs ?: DIV_ROUND_UP(skb->len, skb_shinfo(skb)->gso_size);
}

/*
 * The transport protocol of an IPv6 packet, extension headers walked.  A later
 * fragment has the one its fragment header names, as with IPv4.  Headers that end
 * early, or a chain that goes nowhere, have none: IPPROTO_NONE.
 */
static inline u8 kmon_ipv6_protocol(const struct sk_buff *skb)
{
	u8 nexthdr = ipv6_hdr(skb)->nexthdr;
	unsigned int offset = 0;
	unsigned short frag;
	int proto;

	if (likely(!ipv6_ext_hdr(nexthdr)))
		return nexthdr;
	proto = ipv6_find_hdr(skb, &offset, -1, &frag, NULL);
	return proto < 0 ? IPPROTO_NONE : proto;
}

#endif
