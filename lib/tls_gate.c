/* SPDX-License-Identifier: ISC */
/*
 * The thread owns the handshakes; with the loop's thread it shares `incoming`,
 * `stop` and the context, under the lock.
 */
#include "tls_gate.h"

#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "thread.h"
#include "tls_filter.h"
#include "wire.h"

#define TICK_MS 250
#define SHARE 4		/* a network has at most 1/SHARE of the slots */

struct tls_gate;

struct handshake {
	TAILQ_ENTRY(handshake) link;
	struct tls_gate *gate;
	struct arrival *arrival;
	struct event *event;
	SSL *ssl;		/* NULL until the first byte */
	struct tls_check check;
	int64_t since;		/* milliseconds, monotonic */
};

TAILQ_HEAD(handshakes, handshake);

struct tls_gate {
	struct gate base;
	struct gate_config config;
	struct tls_server_files files;
	pthread_mutex_t lock;
	struct arrivals incoming;
	bool stop;
	SSL_CTX *ctx;

	/* The thread's. */
	pthread_t thread;
	bool started;
	struct event_base *loop;
	struct event *wake, *tick;
	int wake_fd;
	struct handshakes handshakes;	/* oldest first */
	size_t count;
};

static struct tls_gate *
upcast(struct gate *g)
{
	return (struct tls_gate *)g;
}

static int64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* ---- the end of a handshake */

/* Its arrival is the caller's. */
static struct arrival *
handshake_end(struct handshake *h)
{
	struct tls_gate *g = h->gate;
	struct arrival *a = h->arrival;

	TAILQ_REMOVE(&g->handshakes, h, link);
	g->count--;
	event_free(h->event);
	SSL_free(h->ssl);
	free(h);
	return a;
}

static void
refuse(struct handshake *h, const char *why)
{
	struct tls_gate *g = h->gate;

	g->config.refused(g->config.ctx, handshake_end(h), why);
}

static void
let_in(struct handshake *h)
{
	struct tls_gate *g = h->gate;
	struct arrival *a = h->arrival;

	tls_subject(h->ssl, a->identity, sizeof(a->identity));
	SSL_set_app_data(h->ssl, NULL);
	a->channel = h->ssl;
	h->ssl = NULL;
	g->config.ready(g->config.ctx, handshake_end(h));
}

/* ---- a handshake */

/* The commonest mistake has a reason of its own: the first bytes are a query. */
static bool
speaks_rtr(int fd)
{
	unsigned char pdu[8];

	return recv(fd, pdu, sizeof(pdu), MSG_PEEK) == sizeof(pdu) && pdu[0] <= 2 && (pdu[1] == 1 || pdu[1] == 2) &&
	       be32_load(pdu + 4) <= 12;
}

static int
begin_tls(struct handshake *h, struct vrp_err *err)
{
	struct tls_gate *g = h->gate;
	int fd = h->arrival->fd;

	if (speaks_rtr(fd))
		return vrp_err_set(err, "speaks RTR without TLS");
	pthread_mutex_lock(&g->lock);
	h->ssl = tls_new(g->ctx, &h->check, err);
	pthread_mutex_unlock(&g->lock);
	if (!h->ssl)
		return -1;
	if (SSL_set_fd(h->ssl, fd) != 1)
		return vrp_err_nomem(err);
	if (!g->files.client_ca)
		return 0;
	return tls_check_address(&h->check, (const struct sockaddr *)&h->arrival->address, err);
}

static void on_ready(evutil_socket_t fd, short what, void *ctx);

/* As much of it as there is.  May free it. */
static void
go_on(struct handshake *h)
{
	struct vrp_err why = {0};
	short want = EV_READ;
	int rc;

	if (!h->ssl && begin_tls(h, &why) < 0) {
		refuse(h, why.msg);
		return;
	}
	ERR_clear_error();
	rc = SSL_accept(h->ssl);
	if (rc == 1) {
		let_in(h);
		return;
	}
	switch (SSL_get_error(h->ssl, rc)) {
	case SSL_ERROR_WANT_WRITE:
		want = EV_WRITE;
		VRP_FALLTHROUGH;
	case SSL_ERROR_WANT_READ:
		event_assign(h->event, h->gate->loop, h->arrival->fd, want, on_ready, h);
		if (event_add(h->event, NULL) == 0)
			return;
		vrp_err_set(&why, "cannot wait: %s", strerror(errno));
		break;
	default:
		tls_explain(&h->check, h->ssl, rc, &why);
		break;
	}
	refuse(h, why.msg);
}

static void
on_ready(evutil_socket_t fd VRP_UNUSED, short what VRP_UNUSED, void *ctx)
{
	go_on(ctx);
}

/* ---- room for a newcomer */

static bool
same_network(const struct arrival *a, const struct arrival *b)
{
	const struct sockaddr_in *a4 = (const struct sockaddr_in *)&a->address, *b4 = (const struct sockaddr_in *)&b->address;
	const struct sockaddr_in6 *a6 = (const struct sockaddr_in6 *)&a->address,
				  *b6 = (const struct sockaddr_in6 *)&b->address;

	if (a->address.ss_family != b->address.ss_family)
		return false;
	if (a->address.ss_family == AF_INET)
		return a4->sin_addr.s_addr == b4->sin_addr.s_addr;
	return a->address.ss_family != AF_INET6 || memcmp(&a6->sin6_addr, &b6->sin6_addr, 8) == 0;
}

static void
make_room(struct tls_gate *g, const struct arrival *newcomer)
{
	size_t share = (g->config.max_handshakes + SHARE - 1) / SHARE, neighbours = 0;
	struct handshake *h, *oldest = NULL;

	TAILQ_FOREACH (h, &g->handshakes, link) {
		if (!same_network(h->arrival, newcomer))
			continue;
		if (!oldest)
			oldest = h;
		neighbours++;
	}
	if (neighbours >= share)
		refuse(oldest, "too many handshakes at once from its network");
	else if (g->count >= g->config.max_handshakes)
		refuse(oldest ? oldest : TAILQ_FIRST(&g->handshakes), "too many handshakes at once");
}

static void
begin(struct tls_gate *g, struct arrival *a)
{
	struct handshake *h = calloc(1, sizeof(*h));

	make_room(g, a);
	if (h)
		h->event = event_new(g->loop, a->fd, EV_READ, on_ready, h);
	if (!h || !h->event || event_add(h->event, NULL) < 0) {
		if (h && h->event)
			event_free(h->event);
		free(h);
		g->config.refused(g->config.ctx, a, "out of memory");
		return;
	}
	h->gate = g;
	h->arrival = a;
	h->since = now_ms();
	TAILQ_INSERT_TAIL(&g->handshakes, h, link);
	g->count++;
}

/* ---- the thread */

static void
on_wake(evutil_socket_t fd, short what VRP_UNUSED, void *ctx)
{
	struct arrivals arrivals = STAILQ_HEAD_INITIALIZER(arrivals);
	struct tls_gate *g = ctx;
	struct arrival *a;
	uint64_t count;
	bool stop;

	(void)!read(fd, &count, sizeof(count));
	pthread_mutex_lock(&g->lock);
	stop = g->stop;
	if (!stop)
		STAILQ_CONCAT(&arrivals, &g->incoming);
	pthread_mutex_unlock(&g->lock);
	if (stop)
		event_base_loopbreak(g->loop);
	while ((a = STAILQ_FIRST(&arrivals))) {
		STAILQ_REMOVE_HEAD(&arrivals, link);
		begin(g, a);
	}
}

static void
on_tick(evutil_socket_t fd VRP_UNUSED, short what VRP_UNUSED, void *ctx)
{
	struct tls_gate *g = ctx;
	int64_t born = now_ms() - (int64_t)g->config.handshake_timeout * 1000;
	struct handshake *h;

	while ((h = TAILQ_FIRST(&g->handshakes)) && h->since <= born)
		refuse(h, h->ssl ? "handshake did not end in time" : "sent nothing in time");
}

static void *
gate_main(void *arg)
{
	struct tls_gate *g = arg;

	event_base_dispatch(g->loop);
	return NULL;
}

static void
wake(const struct tls_gate *g)
{
	static const uint64_t one = 1;

	/* It fails when there is a count already, which is as good. */
	(void)!write(g->wake_fd, &one, sizeof(one));
}

/* ---- the loop's side */

static void
gate_take(struct gate *base, struct arrival *a)
{
	struct tls_gate *g = upcast(base);

	pthread_mutex_lock(&g->lock);
	STAILQ_INSERT_TAIL(&g->incoming, a, link);
	pthread_mutex_unlock(&g->lock);
	wake(g);
}

static void
log_certificate(const struct tls_gate *g, SSL_CTX *ctx)
{
	char text[240];

	tls_context_describe(ctx, text, sizeof(text));
	log_line(&g->config.log, LOG_LEVEL_NOTICE, "certificate %s is %s", g->files.cert, text);
}

static int
gate_reload(struct gate *base, struct vrp_err *err)
{
	struct tls_gate *g = upcast(base);
	SSL_CTX *ctx = tls_server_context(&g->files, err), *old;

	if (!ctx)
		return -1;
	log_certificate(g, ctx);
	pthread_mutex_lock(&g->lock);
	old = g->ctx;
	g->ctx = ctx;
	pthread_mutex_unlock(&g->lock);
	tls_context_free(old);
	return 0;
}

static struct bufferevent *
gate_open(struct gate *base, struct event_base *loop, struct arrival *a)
{
	/* How TLS ends is a line, too, and belongs to those of a connection that has some. */
	struct log log = a->ticket.logged ? upcast(base)->config.log : (struct log){0};
	struct bufferevent *bev = tls_filter_new(loop, a->fd, a->channel, a->peer, &log);

	if (bev)
		a->channel = NULL;
	return bev;
}

static void
gate_finish(struct gate *base VRP_UNUSED, struct bufferevent *bev)
{
	tls_filter_finish(bev);
}

static void
gate_drop(struct gate *base VRP_UNUSED, struct arrival *a)
{
	SSL_free(a->channel);
	a->channel = NULL;
}

static void
free_event(struct event *event)
{
	if (event)
		event_free(event);
}

static void
gate_stop(struct gate *base)
{
	struct tls_gate *g = upcast(base);
	struct arrival *a;

	if (g->started) {
		pthread_mutex_lock(&g->lock);
		g->stop = true;
		pthread_mutex_unlock(&g->lock);
		wake(g);
		pthread_join(g->thread, NULL);
		g->started = false;
	}
	while (!TAILQ_EMPTY(&g->handshakes))
		refuse(TAILQ_FIRST(&g->handshakes), "cache stops");
	while ((a = STAILQ_FIRST(&g->incoming))) {
		STAILQ_REMOVE_HEAD(&g->incoming, link);
		g->config.refused(g->config.ctx, a, "cache stops");
	}
}

static void
gate_free(struct gate *base)
{
	struct tls_gate *g = upcast(base);

	free_event(g->wake);
	free_event(g->tick);
	if (g->loop)
		event_base_free(g->loop);
	if (g->wake_fd >= 0)
		close(g->wake_fd);
	tls_context_free(g->ctx);
	pthread_mutex_destroy(&g->lock);
	free(g);
}

/* The thread leaves signals to the program, and so SIGPIPE is EPIPE. */
static int
gate_start(struct gate *base, struct vrp_err *err)
{
	struct tls_gate *g = upcast(base);
	struct timeval period = {.tv_usec = TICK_MS * 1000};
	int error;

	g->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	g->loop = event_base_new();
	if (g->loop && g->wake_fd >= 0) {
		g->wake = event_new(g->loop, g->wake_fd, EV_READ | EV_PERSIST, on_wake, g);
		g->tick = event_new(g->loop, -1, EV_PERSIST, on_tick, g);
	}
	if (!g->wake || !g->tick || event_add(g->wake, NULL) < 0 || event_add(g->tick, &period) < 0)
		return vrp_err_set(err, "cannot set up the TLS loop: %s", strerror(errno));
	error = thread_start(&g->thread, NULL, gate_main, g);
	g->started = error == 0;
	return error ? vrp_err_set(err, "cannot start the TLS thread: %s", strerror(error)) : 0;
}

static const struct gate_ops ops = {
	.name = "tls",
	.start = gate_start,
	.take = gate_take,
	.reload = gate_reload,
	.open = gate_open,
	.finish = gate_finish,
	.drop = gate_drop,
	.stop = gate_stop,
	.free = gate_free,
};

struct gate *
tls_gate_new(const struct tls_server_files *files, const struct gate_config *config, struct vrp_err *err)
{
	struct tls_gate *g = calloc(1, sizeof(*g));

	if (!g) {
		vrp_err_nomem(err);
		return NULL;
	}
	g->base.ops = &ops;
	g->config = *config;
	g->files = *files;
	g->wake_fd = -1;
	pthread_mutex_init(&g->lock, NULL);
	STAILQ_INIT(&g->incoming);
	TAILQ_INIT(&g->handshakes);
	g->ctx = tls_server_context(files, err);
	if (!g->ctx) {
		gate_free(&g->base);
		return NULL;
	}
	log_certificate(g, g->ctx);
	return &g->base;
}
