/* SPDX-License-Identifier: ISC */
/* A cache on this machine, behind the file of a socket; once connected it is read and written as TCP is. */
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "dial.h"
#include "transport.h"
#include "transports.h"

/* A full backlog says so at once instead of letting us wait. */
#define RETRY_MS 50

static int
connect_path(int fd, const struct sockaddr_un *sun, int64_t deadline)
{
	while (connect(fd, (const struct sockaddr *)sun, sizeof(*sun)) < 0) {
		if (errno != EAGAIN && errno != EINTR)
			return -1;
		if (transport_now() >= deadline) {
			errno = ETIMEDOUT;
			return -1;
		}
		poll(NULL, 0, RETRY_MS);
	}
	return 0;
}

static struct transport *
unix_connect(const struct endpoint *to, int64_t deadline, struct vrp_err *err)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	struct transport *t = calloc(1, sizeof(*t));
	size_t len = strlen(to->host);

	if (!t) {
		vrp_err_nomem(err);
		return NULL;
	}
	t->ops = to->ops;
	t->fd = -1;
	snprintf(t->peer, sizeof(t->peer), "unix:%.74s", to->host);
	if (len >= sizeof(sun.sun_path)) {
		vrp_err_set(err, "connect to %s: path too long for a socket", t->peer);
		free(t);
		return NULL;
	}
	memcpy(sun.sun_path, to->host, len + 1);
	t->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (t->fd >= 0 && connect_path(t->fd, &sun, deadline) == 0)
		return t;
	vrp_err_set(err, "connect to %s: %s", t->peer, strerror(errno));
	if (t->fd >= 0)
		close(t->fd);
	free(t);
	return NULL;
}

static ssize_t
unix_read(struct transport *t, void *dst, size_t len, struct vrp_err *err)
{
	return transport_tcp.read(t, dst, len, err);
}

static ssize_t
unix_write(struct transport *t, const void *data, size_t len, struct vrp_err *err)
{
	return transport_tcp.write(t, data, len, err);
}

static void
unix_finish(struct transport *t)
{
	transport_tcp.finish(t);
}

static void
unix_close(struct transport *t)
{
	transport_tcp.close(t);
}

const struct transport_ops transport_unix = {
	.scheme = "unix",
	.is_path = true,
	.connect = unix_connect,
	.read = unix_read,
	.write = unix_write,
	.finish = unix_finish,
	.close = unix_close,
};
