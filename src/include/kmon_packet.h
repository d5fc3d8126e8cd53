/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the modules need to know about a packet.
 *
 * Code that only a few packets need is out of line: it has variables on the stack, and
 * every packet would pay for the stack protector's check.
 */
#ifndef KMON_PACKET_H
#define KMON_PACKET_H

#include <linux/ipv6.h>
#include <linux/skbuff.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/ipv6.h>
#include <net/xfrm.h>

/*
 * The length of the network and transport headers of a GSO packet, which each of its
 * segments repeats; 0 if unknown.
 */
static noinline __maybe_unused unsigned int kmon_gso_headers(const struct sk_buff *skb)
{
	const struct tcphdr *th;
	struct tcphdr buf;
	int offset;

	if (!skb_transport_header_was_set(skb))
		return 0;
	offset = skb->encapsulation ? skb_inner_transport_offset(skb) : skb_transport_offset(skb);
	if (offset <= 0)
		return 0;
	if (!(skb_shinfo(skb)->gso_type & (SKB_GSO_TCPV4 | SKB_GSO_TCPV6)))
		return offset + sizeof(struct udphdr);
	th = skb_header_pointer(skb, offset, sizeof(buf), &buf);
	return th ? offset + __tcp_hdrlen(th) : 0;
}

/* The segments of a GSO packet; some senders (tun, virtio) leave the number to be computed. */
static noinline __maybe_unused unsigned int kmon_gso_segments(const struct sk_buff *skb)
{
	unsigned int headers;

	if (skb_shinfo(skb)->gso_segs)
		return skb_shinfo(skb)->gso_segs;
	headers = kmon_gso_headers(skb);
	if (headers >= skb->len)
		return 1;
	return DIV_ROUND_UP(skb->len - headers, skb_shinfo(skb)->gso_size);
}

/* How many packets this one is on the wire: GSO and GRO combine many into one. */
static inline unsigned int kmon_segments(const struct sk_buff *skb)
{
	return likely(!skb_is_gso(skb)) ? 1 : kmon_gso_segments(skb);
}

/*
 * Did IPsec decrypt this packet and receive it again, so that the taps have already
 * seen the encrypted one?  Not if GRO decrypted it, before any tap.
 */
static inline bool kmon_decrypted(const struct sk_buff *skb)
{
#ifdef CONFIG_XFRM
	const struct sec_path *sp = skb_sec_path(skb);

	return unlikely(sp) && sp->len && !sp->olen && !(sp->ovec[0].flags & XFRM_GRO);
#else
	return false;
#endif
}

/* Have the taps of its device already seen this packet?  It also comes back from an ifb. */
static inline bool kmon_seen_before(const struct sk_buff *skb)
{
#ifdef CONFIG_NET_CLS_ACT
	if (skb->tc_skip_classify)
		return true;
#endif
	return kmon_decrypted(skb);
}

/*
 * The transport protocol of an IPv6 packet, after its extension headers.  For a later
 * fragment it is the one that the fragment header names, as with IPv4.  If the headers
 * are truncated or their chain is broken: IPPROTO_NONE.
 */
static noinline __maybe_unused u8 kmon_ipv6_protocol(const struct sk_buff *skb)
{
	u8 nexthdr = ipv6_hdr(skb)->nexthdr;
	unsigned int offset = 0;
	unsigned short frag;
	int proto;

	if (!ipv6_ext_hdr(nexthdr))
		return nexthdr;
	proto = ipv6_find_hdr(skb, &offset, -1, &frag, NULL);
	return proto < 0 ? IPPROTO_NONE : proto;
}

#endif
