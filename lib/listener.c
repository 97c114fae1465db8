/* SPDX-License-Identifier: ISC */
#include "listener.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 1024
#define PAUSE_MS 500	/* when descriptors have run out */

struct listener {
	TAILQ_ENTRY(listener) link;
	struct evconnlistener *ev;
};

struct listeners {
	struct event_base *base;
	listener_accept_fn *accept;
	void *ctx;
	struct log log;
	struct event *resume;	/* timer: the pause is over */
	TAILQ_HEAD(, listener) list;
};

static void
format_address(const struct sockaddr *sa, socklen_t len, char out[LISTENER_ADDRESS_MAX])
{
	char host[LISTENER_ADDRESS_MAX - 10], port[8];

	if (getnameinfo(sa, len, host, sizeof(host), port, sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		snprintf(out, LISTENER_ADDRESS_MAX, "unknown address");
	else
		snprintf(out, LISTENER_ADDRESS_MAX, sa->sa_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
}

static void
on_accept(struct evconnlistener *ev VRP_UNUSED, evutil_socket_t fd, struct sockaddr *sa, int len, void *ctx)
{
	struct listeners *ls = ctx;
	char peer[LISTENER_ADDRESS_MAX];

	format_address(sa, (socklen_t)len, peer);
	ls->accept(ls->ctx, fd, peer);
}

static void
set_listening(struct listeners *ls, bool on)
{
	struct listener *l;

	TAILQ_FOREACH (l, &ls->list, link) {
		if (on)
			evconnlistener_enable(l->ev);
		else
			evconnlistener_disable(l->ev);
	}
}

static void
on_accept_error(struct evconnlistener *ev VRP_UNUSED, void *ctx)
{
	struct listeners *ls = ctx;
	struct timeval pause = {.tv_usec = PAUSE_MS * 1000};

	log_line(&ls->log, LOG_LEVEL_ERROR, "accept: %s; trying again in %d ms", strerror(errno), PAUSE_MS);
	set_listening(ls, false);
	evtimer_add(ls->resume, &pause);
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

void
listeners_free(struct listeners *ls)
{
	struct listener *l;

	if (!ls)
		return;
	while ((l = TAILQ_FIRST(&ls->list))) {
		TAILQ_REMOVE(&ls->list, l, link);
		evconnlistener_free(l->ev);
		free(l);
	}
	event_free(ls->resume);
	free(ls);
}

/* Bind one address, log where, and start to accept.  -1 with a reason and errno. */
static int
listen_on(struct listeners *ls, const struct addrinfo *ai, struct vrp_err *err)
{
	struct listener *l = calloc(1, sizeof(*l));
	struct sockaddr_storage bound;
	socklen_t len = sizeof(bound);
	int failed, one = 1, fd = socket(ai->ai_family, ai->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, ai->ai_protocol);
	char text[LISTENER_ADDRESS_MAX];

	format_address(ai->ai_addr, ai->ai_addrlen, text);
	if (!l || fd < 0)
		goto fail;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (ai->ai_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	if (bind(fd, ai->ai_addr, ai->ai_addrlen) < 0 || getsockname(fd, (struct sockaddr *)&bound, &len) < 0)
		goto fail;
	l->ev = evconnlistener_new(ls->base, on_accept, ls, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, BACKLOG, fd);
	if (!l->ev)
		goto fail;
	evconnlistener_set_error_cb(l->ev, on_accept_error);
	TAILQ_INSERT_TAIL(&ls->list, l, link);
	format_address((struct sockaddr *)&bound, len, text);
	log_line(&ls->log, LOG_LEVEL_NOTICE, "listening on %s", text);
	return 0;
fail:
	failed = errno;
	vrp_err_set(err, "listen on %s: %s", text, strerror(failed));
	if (fd >= 0)
		close(fd);
	free(l);
	errno = failed;
	return -1;
}

/* Take "[HOST]:PORT", "HOST:PORT" or ":PORT" apart; host is "" for all addresses. */
static int
split_address(const char *address, char host[256], char port[16], struct vrp_err *err)
{
	const char *colon = strrchr(address, ':');
	size_t len = colon ? (size_t)(colon - address) : 0;

	if (!colon || strlen(colon + 1) >= 16 || !colon[1])
		return vrp_err_set(err, "'%s' is not ADDRESS:PORT", address);
	/* getaddrinfo() would take larger ones modulo 65,536. */
	if (strspn(colon + 1, "0123456789") == strlen(colon + 1) && strtoul(colon + 1, NULL, 10) > UINT16_MAX)
		return vrp_err_set(err, "'%s': no such port", address);
	if (len >= 2 && address[0] == '[' && address[len - 1] == ']') {
		address++;
		len -= 2;
	} else if (memchr(address, ':', len)) {
		return vrp_err_set(err, "'%s': an IPv6 address stands in brackets", address);
	}
	if (len >= 256)
		return vrp_err_set(err, "'%s' is not ADDRESS:PORT", address);
	if (len == 1 && *address == '*')
		len = 0;
	memcpy(host, address, len);
	host[len] = '\0';
	memcpy(port, colon + 1, strlen(colon + 1) + 1);
	return 0;
}

int
listeners_add(struct listeners *ls, const char *address, struct vrp_err *err)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *list, *ai;
	char host[256], port[16];
	int rc;

	if (strncmp(address, "tcp://", 6) == 0)
		address += 6;
	if (split_address(address, host, port, err) < 0)
		return -1;
	rc = getaddrinfo(host[0] ? host : NULL, port, &hints, &list);
	if (rc != 0)
		return vrp_err_set(err, "listen on %s: %s", address, gai_strerror(rc));
	/* Of "all addresses", a family that this machine doesn't have is no failure if the other one works. */
	for (ai = list; ai && rc == 0; ai = ai->ai_next) {
		rc = listen_on(ls, ai, err);
		if (rc < 0 && !host[0] && errno == EAFNOSUPPORT && (ai->ai_next || TAILQ_FIRST(&ls->list)))
			rc = 0;
	}
	freeaddrinfo(list);
	return rc;
}
