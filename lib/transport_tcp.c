/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dial.h"
#include "transport.h"
#include "transports.h"

static struct transport *
tcp_connect(const struct endpoint *to, int64_t deadline, struct vrp_err *err)
{
	struct transport *t = calloc(1, sizeof(*t));

	if (!t) {
		vrp_err_nomem(err);
		return NULL;
	}
	t->ops = to->ops;
	t->fd = dial_prepared(to->host, to->port, deadline, to->security ? &to->security->tcp : NULL, t->peer, err);
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

const struct transport_ops transport_tcp = {
	.scheme = "tcp",
	.port = 323,
	.connect = tcp_connect,
	.read = tcp_read,
	.write = tcp_write,
	.finish = tcp_finish,
	.close = tcp_close,
};

static const struct transport_ops *const tcp_alone[] = {&transport_tcp, NULL};

const struct transports transports_tcp = {.ops = tcp_alone};
