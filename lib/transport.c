/* SPDX-License-Identifier: ISC */
#include "transport.h"

#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "num.h"

/* RFC 8210 section 9 asks for keepalives; a dead peer is noticed after 2 minutes. */
#define KEEPALIVE_IDLE 60
#define KEEPALIVE_INTERVAL 15
#define KEEPALIVE_COUNT 4

static struct transport *tcp_connect(const struct endpoint *to, int64_t deadline, struct vrp_err *err);
static ssize_t tcp_read(struct transport *t, void *dst, size_t len, struct vrp_err *err);
static ssize_t tcp_write(struct transport *t, const void *data, size_t len, struct vrp_err *err);
static void tcp_finish(struct transport *t);
static void tcp_close(struct transport *t);

static const struct transport_ops all_ops[] = {
	{"tcp", 323, tcp_connect, tcp_read, tcp_write, tcp_finish, tcp_close},
};

static const struct transport_ops *
find_ops(const char *scheme, size_t len)
{
	for (size_t i = 0; i < ARRAY_LEN(all_ops); i++)
		if (strlen(all_ops[i].scheme) == len && memcmp(all_ops[i].scheme, scheme, len) == 0)
			return &all_ops[i];
	return NULL;
}

static int
parse_port(const char *text, const char *port, uint16_t *out, struct vrp_err *err)
{
	uint32_t v;

	if (!num_u32(port, strlen(port), &v) || v < 1 || v > UINT16_MAX)
		return vrp_err_set(err, "'%s': port is not a number from 1 to 65535", text);
	*out = (uint16_t)v;
	return 0;
}

int
endpoint_parse(const char *text, struct endpoint *out, struct vrp_err *err)
{
	const char *host = text, *end, *colon = NULL;
	const char *mark = strstr(text, "://");

	*out = (struct endpoint){.ops = &all_ops[0]};
	if (mark) {
		out->ops = find_ops(text, (size_t)(mark - text));
		if (!out->ops)
			return vrp_err_set(err, "'%s': unknown transport '%.*s'", text, (int)(mark - text), text);
		host = mark + 3;
	}
	out->port = out->ops->port;
	if (*host == '[') {
		host++;
		end = strchr(host, ']');
		if (!end || (end[1] && end[1] != ':'))
			return vrp_err_set(err, "'%s': brackets that don't enclose an address", text);
		if (end[1])
			colon = end + 1;
	} else {
		end = strchr(host, ':');
		if (end && !strchr(end + 1, ':'))
			colon = end;
		else
			end = host + strlen(host);
	}
	if (colon && parse_port(text, colon + 1, &out->port, err) < 0)
		return -1;
	if (end == host)
		return vrp_err_set(err, "'%s': no host", text);
	if (end - host > ENDPOINT_HOST_MAX)
		return vrp_err_set(err, "'%.40s...': host too long", text);
	memcpy(out->host, host, (size_t)(end - host));
	return 0;
}

void
endpoint_format(const struct endpoint *ep, char text[ENDPOINT_TEXT_MAX])
{
	snprintf(text, ENDPOINT_TEXT_MAX, strchr(ep->host, ':') ? "%s://[%s]:%u" : "%s://%s:%u", ep->ops->scheme, ep->host,
		 ep->port);
}

int64_t
transport_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* 1 ready, 0 deadline passed, -1 with errno. */
static int
wait_fd(int fd, short events, int64_t deadline)
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

struct transport *
transport_connect(const struct endpoint *to, int64_t deadline, struct vrp_err *err)
{
	return to->ops->connect(to, deadline, err);
}

void
transport_close(struct transport *t)
{
	if (t)
		t->ops->close(t);
}

ssize_t
transport_read(struct transport *t, void *dst, size_t len, struct vrp_err *err)
{
	return t->ops->read(t, dst, len, err);
}

ssize_t
transport_write(struct transport *t, const void *data, size_t len, struct vrp_err *err)
{
	return t->ops->write(t, data, len, err);
}

int
transport_wait(struct transport *t, int want, int64_t deadline, struct vrp_err *err)
{
	int ready = wait_fd(t->fd, want == TRANSPORT_WANT_WRITE ? POLLOUT : POLLIN, deadline);

	return ready < 0 ? vrp_err_set(err, "%s: %s", t->peer, strerror(errno)) : ready;
}

int
transport_write_all(struct transport *t, const void *data, size_t len, int64_t deadline, struct vrp_err *err)
{
	const char *p = data;

	while (len) {
		ssize_t n = transport_write(t, p, len, err);

		if (n >= 0) {
			p += n;
			len -= (size_t)n;
			continue;
		}
		if (n == TRANSPORT_FAILED)
			return -1;
		switch (transport_wait(t, (int)n, deadline, err)) {
		case -1:
			return -1;
		case 0:
			return vrp_err_set(err, "%s: timed out while sending", t->peer);
		}
	}
	return 0;
}

void
transport_end(struct transport *t)
{
	t->ops->finish(t);
}

void
transport_finish(struct transport *t, int64_t deadline)
{
	char dropped[16 * 1024];
	ssize_t n;

	transport_end(t);
	while (transport_now() < deadline) {
		n = transport_read(t, dropped, sizeof(dropped), NULL);
		if (n == 0 || n == TRANSPORT_FAILED)
			return;
		if (n < 0 && transport_wait(t, (int)n, deadline, NULL) != 1)
			return;
	}
}

int
transport_fd(const struct transport *t)
{
	return t->fd;
}

const char *
transport_peer(const struct transport *t)
{
	return t->peer;
}

static void
format_peer(const struct addrinfo *ai, char *peer, size_t size)
{
	char host[INET6_ADDRSTRLEN + 16], port[8];

	if (getnameinfo(ai->ai_addr, ai->ai_addrlen, host, sizeof(host), port, sizeof(port),
			NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		snprintf(peer, size, "unknown address");
	else
		snprintf(peer, size, "%s port %s", host, port);
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

/* A connected socket, or -1 with errno. */
static int
connect_one(const struct addrinfo *ai, int64_t deadline)
{
	int fd = socket(ai->ai_family, ai->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, ai->ai_protocol);
	int error = 0;
	socklen_t len = sizeof(error);

	if (fd < 0)
		return -1;
	if (connect(fd, ai->ai_addr, ai->ai_addrlen) < 0) {
		error = errno;
		if (error == EINPROGRESS) {
			int ready = wait_fd(fd, POLLOUT, deadline);

			error = ready == 0 ? ETIMEDOUT : errno;
			if (ready > 0 && getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
				error = errno;
		}
	}
	if (error) {
		close(fd);
		errno = error;
		return -1;
	}
	set_options(fd);
	return fd;
}

static struct transport *
tcp_connect(const struct endpoint *to, int64_t deadline, struct vrp_err *err)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
	struct addrinfo *list;
	struct transport *t = calloc(1, sizeof(*t));
	char port[8];
	int left = 0, e;

	if (!t) {
		vrp_err_nomem(err);
		return NULL;
	}
	*t = (struct transport){.ops = to->ops, .fd = -1};
	snprintf(port, sizeof(port), "%u", to->port);
	e = getaddrinfo(to->host, port, &hints, &list);
	if (e != 0) {
		vrp_err_set(err, "look up %s: %s", to->host, e == EAI_SYSTEM ? strerror(errno) : gai_strerror(e));
		free(t);
		return NULL;
	}
	for (struct addrinfo *ai = list; ai; ai = ai->ai_next)
		left++;
	for (struct addrinfo *ai = list; ai && t->fd < 0; ai = ai->ai_next, left--) {
		int64_t now = transport_now();

		format_peer(ai, t->peer, sizeof(t->peer));
		t->fd = connect_one(ai, deadline == TRANSPORT_NEVER ? deadline : now + (deadline - now) / left);
		if (t->fd < 0)
			vrp_err_set(err, "connect to %s (%s): %s", to->host, t->peer, strerror(errno));
	}
	freeaddrinfo(list);
	if (t->fd < 0) {
		free(t);
		return NULL;
	}
	return t;
}

static ssize_t
tcp_read(struct transport *t, void *dst, size_t len, struct vrp_err *err)
{
	ssize_t n;

	do
		n = recv(t->fd, dst, len, 0);
	while (n < 0 && errno == EINTR);
	if (n >= 0)
		return n;
	if (errno == EAGAIN || errno == EWOULDBLOCK)
		return TRANSPORT_WANT_READ;
	vrp_err_set(err, "read from %s: %s", t->peer, strerror(errno));
	return TRANSPORT_FAILED;
}

static ssize_t
tcp_write(struct transport *t, const void *data, size_t len, struct vrp_err *err)
{
	ssize_t n;

	do
		n = send(t->fd, data, len, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n >= 0)
		return n;
	if (errno == EAGAIN || errno == EWOULDBLOCK)
		return TRANSPORT_WANT_WRITE;
	vrp_err_set(err, "write to %s: %s", t->peer, strerror(errno));
	return TRANSPORT_FAILED;
}

static void
tcp_finish(struct transport *t)
{
	shutdown(t->fd, SHUT_WR);
}

static void
tcp_close(struct transport *t)
{
	close(t->fd);
	free(t);
}
