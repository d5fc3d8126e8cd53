/* SPDX-License-Identifier: GPL-2.0-only */
/* IPv4 and IPv6 addresses, and sockets that swallow what arrives there. */
#ifndef ADDRESS_H
#define ADDRESS_H

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "probe.h"

struct address {
	socklen_t length;
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	};
};

static inline bool is_v6(const struct address *a)
{
	return a->any.sa_family == AF_INET6;
}

static inline uint16_t get_port(const struct address *a)
{
	return ntohs(is_v6(a) ? a->v6.sin6_port : a->v4.sin_port);
}

static inline void set_port(struct address *a, uint16_t port)
{
	if (is_v6(a))
		a->v6.sin6_port = htons(port);
	else
		a->v4.sin_port = htons(port);
}

/* "10.0.0.1", "::1", "fe80::1%eth0" */
static inline struct address parse_address(const char *what, const char *text)
{
	struct address a = { .length = sizeof(a.v4) };
	char bare[INET6_ADDRSTRLEN];
	const char *zone = strchr(text, '%');

	if (inet_pton(AF_INET, text, &a.v4.sin_addr) == 1) {
		a.any.sa_family = AF_INET;
		return a;
	}
	snprintf(bare, sizeof(bare), "%.*s",
		 (int)(zone ? zone - text : (long)strlen(text)), text);
	a = (struct address){ .length = sizeof(a.v6) };
	a.any.sa_family = AF_INET6;
	if (inet_pton(AF_INET6, bare, &a.v6.sin6_addr) != 1)
		bad_usage("%s: not an IP address: '%s'", what, text);
	if (zone) {
		a.v6.sin6_scope_id = if_nametoindex(zone + 1);
		if (!a.v6.sin6_scope_id)
			bad_usage("%s: no interface '%s'", what, zone + 1);
	}
	return a;
}

/* The address that the kernel would send from. */
static inline struct address local_address(const struct address *to)
{
	struct address from = { .length = sizeof(from.v6) };
	struct address there = *to;
	int fd = socket(to->any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	set_port(&there, 9);
	if (fd < 0 || connect(fd, &there.any, there.length) ||
	    getsockname(fd, &from.any, &from.length))
		fail("no source address for that destination");
	close(fd);
	set_port(&from, 0);
	return from;
}

/*
 * A UDP socket at this address, so that datagrams to it cause no "port
 * unreachable". Port 0 means any free port. -1: the address is not in this
 * network namespace, or the port is in use.
 */
static inline int open_udp_sink(struct address *at)
{
	int fd = socket(at->any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	/* Room for all packets in flight, in case another CPU receives. */
	int room = 64 * 1024 * 1024;
	int on = 1;

	if (fd < 0)
		fail("UDP socket");
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	if (is_v6(at))
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(fd, &at->any, at->length)) {
		if (errno != EADDRNOTAVAIL && errno != EADDRINUSE)
			fail("bind");
		close(fd);
		return -1;
	}
	if (getsockname(fd, &at->any, &at->length))
		fail("getsockname");
	return fd;
}

/*
 * A raw socket for this protocol: while one is open, the kernel does not answer
 * packets of a protocol that it does not know.
 */
static inline int open_raw_sink(int family, int protocol)
{
	int fd = socket(family, SOCK_RAW | SOCK_CLOEXEC, protocol);

	if (fd < 0)
		fail("raw socket for protocol %d", protocol);
	return fd;
}

/* Empties a sink, so that its buffer never overflows: that would count as a
 * receive error in statistics that a test may compare with.
 */
static inline void drain(int fd)
{
	while (fd >= 0 && recv(fd, NULL, 0, MSG_DONTWAIT | MSG_TRUNC) >= 0)
		;
}

#endif
