/* SPDX-License-Identifier: ISC */
#include "dial.h"

#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "transport.h"

/* RFC 8210 section 9 asks for keepalives; a dead peer is noticed after 2 minutes. */
#define KEEPALIVE_IDLE 60
#define KEEPALIVE_INTERVAL 15
#define KEEPALIVE_COUNT 4

int
dial_wait(int fd, short events, int64_t deadline)
{
	struct pollfd p = {.fd = fd, .events = events};

	for (;;) {
		int64_t left = deadline - transport_now();
		int timeout = deadline == TRANSPORT_NEVER ? -1 : left > INT_MAX ? INT_MAX : left > 0 ? (int)left : 0;
		int n = poll(&p, 1, timeout);

		if (n > 0)
			return 1;
		if (n < 0 && errno != EINTR)
			return -1;
		if (n == 0 && timeout >= 0 && transport_now() >= deadline)
			return 0;
	}
}

static void
format_peer(const struct addrinfo *ai, char peer[DIAL_PEER_MAX])
{
	char host[INET6_ADDRSTRLEN + 16], port[8];

	if (getnameinfo(ai->ai_addr, ai->ai_addrlen, host, sizeof(host), port, sizeof(port),
			NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		snprintf(peer, DIAL_PEER_MAX, "unknown address");
	else
		snprintf(peer, DIAL_PEER_MAX, "%s port %s", host, port);
}

/* Best effort: a connection without these still works. */
static void
set_options(int fd)
{
	int on = 1, idle = KEEPALIVE_IDLE, interval = KEEPALIVE_INTERVAL, count = KEEPALIVE_COUNT;

	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof(interval));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof(count));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

/* 0 when it is connected, or an error. */
static int
connect_socket(int fd, const struct addrinfo *ai, int64_t deadline)
{
	int error = 0;
	socklen_t len = sizeof(error);

	if (connect(fd, ai->ai_addr, ai->ai_addrlen) < 0) {
		error = errno;
		if (error == EINPROGRESS) {
			int ready = dial_wait(fd, POLLOUT, deadline);

			error = ready == 0 ? ETIMEDOUT : errno;
			if (ready > 0 && getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
				error = errno;
		}
	}
	return error;
}

/* A connected socket, or -1 with a reason. */
static int
connect_one(const char *host, const struct addrinfo *ai, int64_t deadline, const struct dial_prepare *prepare,
	    const char *peer, struct vrp_err *err)
{
	int fd = socket(ai->ai_family, ai->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, ai->ai_protocol);
	int error;

	if (fd >= 0 && prepare && prepare->socket && prepare->socket(prepare->ctx, fd, ai->ai_addr, err) < 0) {
		close(fd);
		return -1;
	}
	error = fd < 0 ? errno : connect_socket(fd, ai, deadline);
	if (error) {
		if (fd >= 0)
			close(fd);
		return vrp_err_set(err, "connect to %s (%s): %s", host, peer, strerror(error));
	}
	set_options(fd);
	return fd;
}

int
dial(const char *host, uint16_t port, int64_t deadline, char peer[DIAL_PEER_MAX], struct vrp_err *err)
{
	return dial_prepared(host, port, deadline, NULL, peer, err);
}

int
dial_prepared(const char *host, uint16_t port, int64_t deadline, const struct dial_prepare *prepare,
	      char peer[DIAL_PEER_MAX], struct vrp_err *err)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
	struct addrinfo *list;
	char service[8];
	int left = 0, fd = -1, e;

	snprintf(service, sizeof(service), "%u", port);
	e = getaddrinfo(host, service, &hints, &list);
	if (e != 0)
		return vrp_err_set(err, "look up %s: %s", host, e == EAI_SYSTEM ? strerror(errno) : gai_strerror(e));
	for (struct addrinfo *ai = list; ai; ai = ai->ai_next)
		left++;
	for (struct addrinfo *ai = list; ai && fd < 0; ai = ai->ai_next, left--) {
		int64_t now = transport_now(), until = deadline == TRANSPORT_NEVER ? deadline : now + (deadline - now) / left;

		format_peer(ai, peer);
		fd = connect_one(host, ai, until, prepare, peer, err);
	}
	freeaddrinfo(list);
	return fd;
}
