/* SPDX-License-Identifier: ISC */
#include "httpd.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "bind.h"
#include "httpd_internal.h"
#include "thread.h"

#define TICK_MS 500
#define PAUSE_MS 500	/* when descriptors have run out */
#define ALL_METHODS 0xffff	/* of evhttp, unknown ones too: the answer to others is ours */

static const struct httpd_config defaults = {
	.max_connections = 256,
	.request_ms = 10000,
	.idle_ms = 30000,
	.stall_ms = 30000,
	.min_rate = 16 * 1024,
};

static struct timeval
milliseconds(int ms)
{
	return (struct timeval){.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
}

int64_t
httpd_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* ---- listening sockets */

void
httpd_set_accepting(struct httpd *h, bool on)
{
	for (size_t i = 0; i < h->socket_count; i++) {
		if (on && !h->paused)
			evconnlistener_enable(h->sockets[i]);
		else
			evconnlistener_disable(h->sockets[i]);
	}
}

/* Connections wait in the backlog meanwhile. */
static void
on_accept_error(struct evconnlistener *socket VRP_UNUSED, void *ctx)
{
	struct httpd *h = ctx;
	struct timeval pause = milliseconds(PAUSE_MS);

	log_line(&h->log, LOG_LEVEL_ERROR, "http: accept: %s; trying again in %d ms", strerror(errno), PAUSE_MS);
	h->paused = true;
	httpd_set_accepting(h, false);
	evtimer_add(h->resume, &pause);
}

/* fd is taken over. */
static int
listen_on(struct httpd *h, int fd, struct vrp_err *err)
{
	struct sockaddr_storage bound = {0};
	socklen_t len = sizeof(bound);
	struct evconnlistener *socket = NULL;
	char text[ARRIVAL_PEER_MAX];

	if (h->socket_count < HTTPD_SOCKETS_MAX && getsockname(fd, (struct sockaddr *)&bound, &len) == 0 &&
	    (bound.ss_family == AF_INET || bound.ss_family == AF_INET6))
		socket = evconnlistener_new(h->base, NULL, NULL, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
	if (!socket) {
		close(fd);
		return vrp_err_set(err, "http: cannot accept connections");
	}
	if (!evhttp_bind_listener(h->http, socket)) {
		evconnlistener_free(socket);
		return vrp_err_nomem(err);
	}
	evconnlistener_set_error_cb(socket, on_accept_error);
	h->sockets[h->socket_count++] = socket;
	arrival_format_address((struct sockaddr *)&bound, len, text, sizeof(text));
	log_line(&h->log, LOG_LEVEL_NOTICE, "http on %s", text);
	return 0;
}

int
httpd_listen(struct httpd *h, const char *address, int fd, struct vrp_err *err)
{
	char with_colon[32];
	int fds[BIND_MAX], n, rc = 0;

	if (fd >= 0) {
		if (evutil_make_socket_nonblocking(fd) == 0 && evutil_make_socket_closeonexec(fd) == 0)
			return listen_on(h, fd, err);
		close(fd);
		return vrp_err_set(err, "socket %d: %s", fd, strerror(errno));
	}
	if (address[0] && strspn(address, "0123456789") == strlen(address)) {
		snprintf(with_colon, sizeof(with_colon), ":%s", address);
		address = with_colon;
	}
	n = bind_listen(address, true, fds, err);
	if (n < 0)
		return -1;
	for (int i = 0; i < n; i++) {
		if (rc == 0)
			rc = listen_on(h, fds[i], err);
		else
			close(fds[i]);
	}
	return rc;
}

/* ---- events */

static void
on_resume(evutil_socket_t fd VRP_UNUSED, short what VRP_UNUSED, void *ctx)
{
	struct httpd *h = ctx;

	h->paused = false;
	httpd_set_accepting(h, true);
}

static void
on_tick(evutil_socket_t fd VRP_UNUSED, short what VRP_UNUSED, void *ctx)
{
	struct httpd *h = ctx;

	httpd_conn_tick(h);
	for (size_t i = 0; i < h->tick_count; i++)
		h->ticks[i].fn(h->ticks[i].arg);
}

static void
on_check(evutil_socket_t fd VRP_UNUSED, short what VRP_UNUSED, void *ctx)
{
	httpd_conn_check(ctx);
}

/* All that was posted, in order.  False when the server is to end. */
static bool
run_posts(struct httpd *h)
{
	struct httpd_posts posts = STAILQ_HEAD_INITIALIZER(posts);
	struct httpd_post *p;
	bool stopping;

	pthread_mutex_lock(&h->lock);
	STAILQ_CONCAT(&posts, &h->posts);
	stopping = h->stopping;
	pthread_mutex_unlock(&h->lock);
	while ((p = STAILQ_FIRST(&posts))) {
		STAILQ_REMOVE_HEAD(&posts, link);
		p->fn(p->arg);
		free(p);
	}
	return !stopping;
}

static void
on_mail(evutil_socket_t fd, short what VRP_UNUSED, void *ctx)
{
	struct httpd *h = ctx;
	uint64_t count;

	(void)!read(fd, &count, sizeof(count));
	if (!run_posts(h))
		event_base_loopbreak(h->base);
}

static void
wake(struct httpd *h)
{
	uint64_t one = 1;

	(void)!write(h->wake, &one, sizeof(one));
}

int
httpd_post(struct httpd *h, void (*fn)(void *arg), void *arg)
{
	struct httpd_post *p = malloc(sizeof(*p));

	if (!p)
		return -1;
	*p = (struct httpd_post){.fn = fn, .arg = arg};
	pthread_mutex_lock(&h->lock);
	STAILQ_INSERT_TAIL(&h->posts, p, link);
	pthread_mutex_unlock(&h->lock);
	wake(h);
	return 0;
}

/* ---- from start to end */

/* With them go all connections, and their requests. */
static void
free_http(struct httpd *h)
{
	if (h->http)
		evhttp_free(h->http);
	h->http = NULL;
	h->socket_count = 0;
}

static void *
run(void *ctx)
{
	struct httpd *h = ctx;

	event_base_dispatch(h->base);
	free_http(h);
	return NULL;
}

int
httpd_add_tick(struct httpd *h, void (*fn)(void *arg), void *arg)
{
	if (h->tick_count == HTTPD_TICKS_MAX)
		return -1;
	h->ticks[h->tick_count].fn = fn;
	h->ticks[h->tick_count].arg = arg;
	h->tick_count++;
	return 0;
}

int
httpd_start(struct httpd *h, struct vrp_err *err)
{
	int error = thread_start(&h->thread, NULL, run, h);

	if (error)
		return vrp_err_set(err, "http: cannot start a thread: %s", strerror(error));
	h->started = true;
	return 0;
}

void
httpd_stop(struct httpd *h)
{
	if (!h->started)
		return;
	pthread_mutex_lock(&h->lock);
	h->stopping = true;
	pthread_mutex_unlock(&h->lock);
	wake(h);
	pthread_join(h->thread, NULL);
	h->started = false;
}

static int
make_events(struct httpd *h)
{
	struct timeval tick = milliseconds(TICK_MS);

	h->base = event_base_new();
	h->http = h->base ? evhttp_new(h->base) : NULL;
	if (!h->http)
		return -1;
	h->tick = event_new(h->base, -1, EV_PERSIST, on_tick, h);
	h->check = event_new(h->base, -1, 0, on_check, h);
	h->resume = evtimer_new(h->base, on_resume, h);
	h->mail = event_new(h->base, h->wake, EV_READ | EV_PERSIST, on_mail, h);
	if (!h->tick || !h->check || !h->resume || !h->mail || event_add(h->tick, &tick) < 0 || event_add(h->mail, NULL) < 0)
		return -1;
	evhttp_set_bevcb(h->http, httpd_conn_accept, h);
	evhttp_set_gencb(h->http, httpd_on_request, h);
	evhttp_set_allowed_methods(h->http, ALL_METHODS);
	evhttp_set_max_headers_size(h->http, HTTPD_HEADER_MAX);
	evhttp_set_max_body_size(h->http, HTTPD_BODY_MAX);
	evhttp_set_default_content_type(h->http, NULL);
	return 0;
}

static void
set_defaults(struct httpd_config *c)
{
	c->max_connections = c->max_connections ? c->max_connections : defaults.max_connections;
	c->request_ms = c->request_ms ? c->request_ms : defaults.request_ms;
	c->idle_ms = c->idle_ms ? c->idle_ms : defaults.idle_ms;
	c->stall_ms = c->stall_ms ? c->stall_ms : defaults.stall_ms;
	c->min_rate = c->min_rate ? c->min_rate : defaults.min_rate;
}

struct httpd *
httpd_new(const struct httpd_config *config, const struct httpd_route *routes, size_t n, void *ctx,
	  const struct log *log, struct vrp_err *err)
{
	struct httpd *h = calloc(1, sizeof(*h));

	if (!h) {
		vrp_err_nomem(err);
		return NULL;
	}
	*h = (struct httpd){.config = *config, .routes = routes, .route_count = n, .ctx = ctx, .log = *log};
	set_defaults(&h->config);
	TAILQ_INIT(&h->conns);
	STAILQ_INIT(&h->posts);
	pthread_mutex_init(&h->lock, NULL);
	h->port.max_per_address = h->config.max_per_address;
	h->admission = admission_new(h->config.max_connections);
	h->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (!h->admission || h->wake < 0 || make_events(h) < 0) {
		vrp_err_set(err, "http: %s", strerror(errno));
		httpd_free(h);
		return NULL;
	}
	return h;
}

static void
free_event(struct event *event)
{
	if (event)
		event_free(event);
}

void
httpd_free(struct httpd *h)
{
	if (!h)
		return;
	free_http(h);
	(void)run_posts(h);
	free_event(h->tick);
	free_event(h->check);
	free_event(h->resume);
	free_event(h->mail);
	if (h->base)
		event_base_free(h->base);
	if (h->wake >= 0)
		close(h->wake);
	admission_free(h->admission);
	pthread_mutex_destroy(&h->lock);
	free(h);
}

const struct httpd_stats *
httpd_stats(const struct httpd *h)
{
	return &h->stats;
}
