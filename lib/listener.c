/* SPDX-License-Identifier: ISC */
#include "listener.h"

#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "arrival.h"
#include "bind.h"
#include "tcp_keys.h"

#define BACKLOG 4096	/* the kernel cuts it to net.core.somaxconn */
#define ACCEPTS_MAX 64	/* of one socket in one turn of the loop */
#define PAUSE_MS 500	/* when descriptors have run out */

struct listener {
	TAILQ_ENTRY(listener) link;
	struct listeners *all;
	int fd;
	struct event *event;
	void *port;
	bool inet;		/* TCP below: keys can be set */
	char *path;		/* of a unix socket that is ours to remove, or NULL */
};

struct listeners {
	struct event_base *base;
	listener_accept_fn *accept;
	void *ctx;
	struct log log;
	struct event *resume;	/* timer: the pause is over */
	const struct tcp_keys *keys;
	TAILQ_HEAD(, listener) list;
};

static void
set_listening(struct listeners *ls, bool on)
{
	struct listener *l;

	TAILQ_FOREACH (l, &ls->list, link) {
		if (on)
			event_add(l->event, NULL);
		else
			event_del(l->event);
	}
}

/* What concerns the one connection is over with it (accept(2)); the others mean that we can't take any. */
static bool
is_passing(int error)
{
	return error == ECONNABORTED || error == EINTR || error == EPROTO || error == EPERM || error == ENETDOWN ||
	       error == ENOPROTOOPT || error == EHOSTDOWN || error == ENONET || error == EHOSTUNREACH ||
	       error == EOPNOTSUPP || error == ENETUNREACH;
}

static void
on_acceptable(evutil_socket_t listening, short what VRP_UNUSED, void *ctx)
{
	struct listener *l = ctx;
	struct listeners *ls = l->all;
	struct timeval pause = {.tv_usec = PAUSE_MS * 1000};

	for (unsigned i = 0; i < ACCEPTS_MAX; i++) {
		struct sockaddr_storage peer = {0};
		socklen_t len = sizeof(peer);
		int fd = accept4(listening, (struct sockaddr *)&peer, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0) {
			arrival_unmap(&peer);
			ls->accept(ls->ctx, l->port, fd, &peer);
		} else if (errno == EAGAIN || errno == EWOULDBLOCK) {
			return;
		} else if (!is_passing(errno)) {
			log_line(&ls->log, LOG_LEVEL_ERROR, "accept: %s; trying again in %d ms", strerror(errno), PAUSE_MS);
			set_listening(ls, false);
			evtimer_add(ls->resume, &pause);
			return;
		}
	}
}

static void
on_resume(evutil_socket_t fd VRP_UNUSED, short what VRP_UNUSED, void *ctx)
{
	set_listening(ctx, true);
}

struct listeners *
listeners_new(struct event_base *base, listener_accept_fn *accept, void *ctx, const struct log *log)
{
	struct listeners *ls = calloc(1, sizeof(*ls));

	if (!ls)
		return NULL;
	*ls = (struct listeners){.base = base, .accept = accept, .ctx = ctx, .log = *log};
	TAILQ_INIT(&ls->list);
	ls->resume = evtimer_new(base, on_resume, ls);
	if (!ls->resume) {
		free(ls);
		return NULL;
	}
	return ls;
}

static void
listener_free(struct listener *l)
{
	if (l->event)
		event_free(l->event);
	close(l->fd);
	if (l->path)
		unlink(l->path);
	free(l->path);
	free(l);
}

void
listeners_free(struct listeners *ls)
{
	struct listener *l;

	if (!ls)
		return;
	while ((l = TAILQ_FIRST(&ls->list))) {
		TAILQ_REMOVE(&ls->list, l, link);
		listener_free(l);
	}
	event_free(ls->resume);
	free(ls);
}

/* Begin to accept on a socket that listens, and say so.  fd, and path to be removed at the end, are taken over. */
static int
start(struct listeners *ls, int fd, enum listen_transport transport, char *path, void *port, struct vrp_err *err)
{
	struct listener *l = calloc(1, sizeof(*l));
	struct sockaddr_storage bound = {0};
	socklen_t len = sizeof(bound);
	char text[sizeof(struct sockaddr_un) + 8];
	bool plain = transport == LISTEN_TCP || transport == LISTEN_UNIX;

	if (!l) {
		close(fd);
		free(path);
		return vrp_err_nomem(err);
	}
	*l = (struct listener){.all = ls, .fd = fd, .port = port, .path = path};
	l->event = event_new(ls->base, fd, EV_READ | EV_PERSIST, on_acceptable, l);
	if (!l->event || getsockname(fd, (struct sockaddr *)&bound, &len) < 0 || event_add(l->event, NULL) < 0) {
		vrp_err_set(err, "cannot accept connections: %s", strerror(errno));
		listener_free(l);
		return -1;
	}
	l->inet = bound.ss_family == AF_INET || bound.ss_family == AF_INET6;
	arrival_format_address((struct sockaddr *)&bound, len, text, sizeof(text));
	if (ls->keys && l->inet && tcp_keys_apply(ls->keys, NULL, fd, bound.ss_family, err) < 0) {
		listener_free(l);
		return -1;
	}
	TAILQ_INSERT_TAIL(&ls->list, l, link);
	log_line(&ls->log, LOG_LEVEL_NOTICE, "listening on %s%s%s", plain ? "" : listen_transport_names[transport],
		 plain ? "" : "://", text);
	return 0;
}

static int
add_inet(struct listeners *ls, const struct listen_spec *spec, void *port, struct vrp_err *err)
{
	int fds[BIND_MAX], n = bind_listen(spec->address, false, fds, err), rc = n < 0 ? -1 : 0;

	for (int i = 0; i < n; i++) {
		if (rc == 0)
			rc = start(ls, fds[i], spec->transport, NULL, port, err);
		else
			close(fds[i]);
	}
	return rc;
}

/* Is this the file of a socket on which nobody listens? */
static bool
is_stale(const struct sockaddr_un *sun)
{
	struct stat st;
	int fd, rc;

	if (lstat(sun->sun_path, &st) < 0 || !S_ISSOCK(st.st_mode))
		return false;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return false;
	rc = connect(fd, (const struct sockaddr *)sun, sizeof(*sun)) < 0 ? errno : 0;
	close(fd);
	return rc == ECONNREFUSED;
}

/* The file gets its mode by umask, so that it is never open wider; no other thread makes files now. */
static int
bind_path(int fd, const struct sockaddr_un *sun, uint32_t mode)
{
	mode_t before = umask(0777 & ~mode);
	int rc = bind(fd, (const struct sockaddr *)sun, sizeof(*sun));

	if (rc < 0 && errno == EADDRINUSE && is_stale(sun) && unlink(sun->sun_path) == 0)
		rc = bind(fd, (const struct sockaddr *)sun, sizeof(*sun));
	umask(before);
	return rc;
}

static int
add_unix(struct listeners *ls, const struct listen_spec *spec, void *port, struct vrp_err *err)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	size_t len = strlen(spec->address);
	char *path;
	int fd;

	if (len >= sizeof(sun.sun_path))
		return vrp_err_set(err, "'%s': path too long for a socket", spec->address);
	memcpy(sun.sun_path, spec->address, len + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	path = strdup(spec->address);
	if (path && fd >= 0 && bind_path(fd, &sun, spec->mode) == 0) {
		if (listen(fd, BACKLOG) == 0)
			return start(ls, fd, LISTEN_UNIX, path, port, err);
		unlink(path);
	}
	vrp_err_set(err, "listen on unix:%s: %s", spec->address, strerror(errno));
	if (fd >= 0)
		close(fd);
	free(path);
	return -1;
}

int
listeners_add(struct listeners *ls, const struct listen_spec *spec, void *port, struct vrp_err *err)
{
	return spec->transport == LISTEN_UNIX ? add_unix(ls, spec, port, err) : add_inet(ls, spec, port, err);
}

int
listeners_adopt(struct listeners *ls, int fd, enum listen_transport transport, void *port, struct vrp_err *err)
{
	if (evutil_make_socket_nonblocking(fd) < 0 || evutil_make_socket_closeonexec(fd) < 0) {
		close(fd);
		return vrp_err_set(err, "socket %d: %s", fd, strerror(errno));
	}
	return start(ls, fd, transport, NULL, port, err);
}

/* On every socket of TCP; those that are done are left as they are when one fails. */
static int
change_keys(struct listeners *ls, const struct tcp_keys *keys, const struct tcp_keys *before, struct vrp_err *err)
{
	struct listener *l;

	TAILQ_FOREACH (l, &ls->list, link) {
		struct sockaddr_storage bound;
		socklen_t len = sizeof(bound);

		if (!l->inet || getsockname(l->fd, (struct sockaddr *)&bound, &len) < 0)
			continue;
		if (tcp_keys_apply(keys, before, l->fd, bound.ss_family, err) < 0)
			return -1;
	}
	return 0;
}

int
listeners_set_keys(struct listeners *ls, const struct tcp_keys *keys, struct vrp_err *err)
{
	if (change_keys(ls, keys, ls->keys, err) < 0) {
		(void)change_keys(ls, ls->keys, keys, NULL);
		return -1;
	}
	ls->keys = keys;
	return 0;
}
