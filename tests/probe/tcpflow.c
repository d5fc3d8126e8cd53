// SPDX-License-Identifier: GPL-2.0-only
/*
 * tcpflow: real TCP connections that carry an exact number of bytes, written in
 * large pieces, so that the kernel makes GSO super packets.
 *
 * One connection after the other: the client sends, closes its half, the server
 * answers with --reply bytes and closes. The client leaves once it has read to
 * the end, and by then it has acknowledged the server's FIN: when it prints,
 * every packet of the connection has been sent.
 */
#include <fcntl.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <pthread.h>

#include "address.h"
#include "probe.h"

#define PIECE (256 * 1024)

const char usage_text[] =
"usage: tcpflow --server ADDR PORT [options]   serves C connections, then ends\n"
"       tcpflow --client ADDR PORT --bytes N [options]\n"
"       tcpflow --loop ADDR --bytes N [options]   both ends in this process\n"
"  --bytes N        the client sends N bytes on each connection\n"
"  --connections C  so many, one after the other (default 1)\n"
"  --reply N        the server sends N bytes back on each (default 0)\n"
"  --mss M          segments of M bytes at most: with it, super packets form on\n"
"                   lo too, where 64 KB otherwise fit in one segment\n"
"  --ready FILE     the server makes FILE once it listens\n"
"  --timeout SEC    give up then (default 120)\n";

struct plan {
	struct address at;
	uint64_t bytes;
	uint64_t connections;
	uint64_t reply;
	int mss;
	const char *ready;
};

/* What one end has done so far. */
struct end {
	const struct plan *plan;
	int fd;			/* the server's listening socket */
	uint64_t connections;
	uint64_t sent;
	uint64_t received;
	const char *step;	/* the step that failed, with error */
	int error;
};

static const char zeros[PIECE];

static bool failed(struct end *end, const char *step)
{
	end->step = step;
	end->error = out_of_time ? ETIME : errno;
	return false;
}

/* Calls block for at most a second: retry until the time is up. */
static bool again(void)
{
	return !out_of_time && (errno == EAGAIN || errno == EINTR || errno == EINPROGRESS);
}

static void set_up(const struct plan *plan, int fd)
{
	struct timeval second = { .tv_sec = 1 };

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof(second));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &second, sizeof(second));
	if (plan->mss &&
	    setsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &plan->mss, sizeof(plan->mss)))
		fail("TCP_MAXSEG");
}

static bool send_bytes(struct end *end, int fd, uint64_t bytes)
{
	while (bytes) {
		ssize_t n = send(fd, zeros, bytes < PIECE ? bytes : PIECE, MSG_NOSIGNAL);

		if (n < 0 && !again())
			return failed(end, "send");
		if (n > 0) {
			bytes -= n;
			end->sent += n;
		}
	}
	if (shutdown(fd, SHUT_WR))
		return failed(end, "shutdown");
	return true;
}

static bool receive_all(struct end *end, int fd)
{
	char piece[65536];
	ssize_t n;

	while ((n = recv(fd, piece, sizeof(piece), 0))) {
		if (n < 0 && !again())
			return failed(end, "receive");
		end->received += n > 0 ? n : 0;
	}
	return true;
}

static int listen_at(struct plan *plan)
{
	int fd = socket(plan->at.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int on = 1;
	int ready;

	if (fd < 0)
		fail("TCP socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	set_up(plan, fd);
	if (bind(fd, &plan->at.any, plan->at.length) || listen(fd, 16) ||
	    getsockname(fd, &plan->at.any, &plan->at.length))
		fail("listen");
	if (plan->ready) {
		ready = open(plan->ready, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
		if (ready < 0 || close(ready))
			fail("%s", plan->ready);
	}
	return fd;
}

static bool serve_one(struct end *end)
{
	bool ok;
	int fd;

	do
		fd = accept4(end->fd, NULL, NULL, SOCK_CLOEXEC);
	while (fd < 0 && again());
	if (fd < 0)
		return failed(end, "accept");
	set_up(end->plan, fd);
	ok = receive_all(end, fd) && send_bytes(end, fd, end->plan->reply);
	close(fd);
	return ok;
}

static void *serve(void *argument)
{
	struct end *end = argument;

	while (end->connections < end->plan->connections && serve_one(end))
		end->connections++;
	close(end->fd);
	return NULL;
}

static bool connect_to(struct end *end, int fd)
{
	const struct address *at = &end->plan->at;

	while (connect(fd, &at->any, at->length)) {
		/* After EINPROGRESS it continues; calling it again returns the result. */
		if (errno == EISCONN)
			break;
		if (errno != EALREADY && !again())
			return failed(end, "connect");
	}
	return true;
}

static bool call_one(struct end *end)
{
	int fd = socket(end->plan->at.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool ok;

	if (fd < 0)
		return failed(end, "TCP socket");
	set_up(end->plan, fd);
	ok = connect_to(end, fd) && send_bytes(end, fd, end->plan->bytes) &&
	     receive_all(end, fd);
	close(fd);
	return ok;
}

static void call(struct end *end)
{
	while (end->connections < end->plan->connections && call_one(end))
		end->connections++;
}

/* ---- report ------------------------------------------------------------- */

static int report(const struct end *end)
{
	printf("{\"connections\":%llu,\"sent\":%llu,\"received\":%llu}\n",
	       (unsigned long long)end->connections, (unsigned long long)end->sent,
	       (unsigned long long)end->received);
	fflush(stdout);
	if (!end->step)
		return 0;
	fprintf(stderr, "tcpflow: %s: %s\n", end->step,
		end->error == ETIME ? "out of time" : strerror(end->error));
	return 1;
}

static int loop(struct plan *plan)
{
	struct end server = { .plan = plan }, client = { .plan = plan };
	pthread_t thread;
	int rc;

	server.fd = listen_at(plan);
	errno = pthread_create(&thread, NULL, serve, &server);
	if (errno)
		fail("thread");
	call(&client);
	if (client.step)	/* nobody will connect: do not wait */
		out_of_time = 1;
	pthread_join(thread, NULL);
	rc = report(&client);
	if (!rc && (server.step || server.received != client.sent ||
		    client.received != server.sent)) {
		fprintf(stderr, "tcpflow: the server received %llu, sent %llu\n",
			(unsigned long long)server.received,
			(unsigned long long)server.sent);
		return 1;
	}
	return rc;
}

/* ---- arguments ---------------------------------------------------------- */

enum { SERVER = 1, CLIENT, LOOP, BYTES, CONNECTIONS, REPLY, MSS, READY, TIMEOUT };

static const struct option options[] = {
	{ "server", 1, NULL, SERVER }, { "client", 1, NULL, CLIENT },
	{ "loop", 1, NULL, LOOP }, { "bytes", 1, NULL, BYTES },
	{ "connections", 1, NULL, CONNECTIONS }, { "reply", 1, NULL, REPLY },
	{ "mss", 1, NULL, MSS }, { "ready", 1, NULL, READY },
	{ "timeout", 1, NULL, TIMEOUT },
	{},
};

static int parse(int argc, char **argv, struct plan *p, unsigned int *timeout)
{
	const uint64_t most = 1ULL << 40;
	bool bytes = false;
	int option, mode = 0;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case SERVER:
		case CLIENT:
		case LOOP:
			if (mode)
				bad_usage("expected only one of --server, --client and --loop");
			mode = option;
			p->at = parse_address("ADDR", optarg);
			break;
		case BYTES:
			p->bytes = parse_number("--bytes", optarg, 0, most);
			bytes = true;
			break;
		case CONNECTIONS:
			p->connections = parse_number("--connections", optarg, 1, 1000000);
			break;
		case REPLY:
			p->reply = parse_number("--reply", optarg, 0, most);
			break;
		case MSS:
			p->mss = parse_number("--mss", optarg, 88, 32767);
			break;
		case READY:
			p->ready = optarg;
			break;
		case TIMEOUT:
			*timeout = parse_number("--timeout", optarg, 1, TIMEOUT_MAX);
			break;
		default:
			bad_usage("bad option");
		}
	}
	if (!mode || argc - optind != (mode != LOOP))
		bad_usage("--server ADDR PORT, --client ADDR PORT or --loop ADDR");
	if ((mode != SERVER) != bytes)
		bad_usage("--bytes is for the client, which requires it");
	if (mode == CLIENT && (p->reply || p->ready))
		bad_usage("--reply and --ready are for the server");
	if (mode != LOOP)
		set_port(&p->at, parse_number("PORT", argv[optind], 1, 65535));
	return mode;
}

int main(int argc, char **argv)
{
	struct plan plan = { .connections = 1 };
	unsigned int timeout = TIMEOUT_DEFAULT;
	int mode = parse(argc, argv, &plan, &timeout);
	struct end end = { .plan = &plan };

	limit_time(timeout);
	switch (mode) {
	case LOOP:
		return loop(&plan);
	case SERVER:
		end.fd = listen_at(&plan);
		serve(&end);
		break;
	default:
		call(&end);
		break;
	}
	return report(&end);
}
