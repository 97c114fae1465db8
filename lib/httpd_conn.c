/* SPDX-License-Identifier: ISC */
/*
 * evhttp accepts, reads and writes; what it does on a connection is seen in the
 * connection's buffers.  A tick looks at all connections for deadlines, which are few.
 *
 *	accepted -> WAITING -> READING -> HANDLING -> WRITING -> WAITING ...
 *
 * A connection is evhttp's from the start, and evhttp says when it is over.
 */
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "httpd_internal.h"

#define UNSENT_MAX (128 * 1024)	/* of a connection, in the kernel */
#define WRITE_MAX ((size_t)256 * 1024)	/* of a connection, in a turn of the loop */

void
httpd_conn_set_state(struct httpd_conn *c, enum httpd_conn_state state)
{
	c->state = state;
	c->since = c->progress = httpd_now();
	c->taken = 0;
	if (state != HTTPD_CONN_WRITING)
		c->body = NULL;
}

struct httpd_conn *
httpd_conn_find(struct httpd *h, struct bufferevent *bev)
{
	struct httpd_conn *c;

	TAILQ_FOREACH (c, &h->conns, link)
		if (c->bev == bev)
			return c;
	return NULL;
}

void
httpd_conn_end(struct httpd_conn *c, bool later)
{
	bufferevent_trigger_event(c->bev, BEV_EVENT_READING | BEV_EVENT_TIMEOUT, later ? BEV_TRIG_DEFER_CALLBACKS : 0);
}

/* ---- what evhttp does */

static void
on_input(struct evbuffer *input VRP_UNUSED, const struct evbuffer_cb_info *info, void *ctx)
{
	struct httpd_conn *c = ctx;

	if (info->n_added && c->state == HTTPD_CONN_WAITING)
		httpd_conn_set_state(c, HTTPD_CONN_READING);
}

/* The status of an answer that evhttp gives by itself, to what is malformed. */
static void
count_own_answer(struct httpd_conn *c, struct evbuffer *output)
{
	char line[12];
	unsigned status;

	if (evbuffer_copyout(output, line, sizeof(line)) != (ev_ssize_t)sizeof(line) || memcmp(line, "HTTP/1.", 7) != 0)
		return;
	status = (unsigned)(line[9] - '0') * 100 + (unsigned)(line[10] - '0') * 10 + (unsigned)(line[11] - '0');
	if (status < HTTPD_STATUS_MAX)
		c->h->stats.answers[status]++;
}

static void
on_output(struct evbuffer *output, const struct evbuffer_cb_info *info, void *ctx)
{
	struct httpd_conn *c = ctx;

	if (info->n_added && (c->state == HTTPD_CONN_WAITING || c->state == HTTPD_CONN_READING)) {
		httpd_conn_set_state(c, HTTPD_CONN_WRITING);
		count_own_answer(c, output);
	}
	if (info->n_deleted) {
		c->progress = httpd_now();
		c->taken += info->n_deleted;
		c->h->stats.sent_bytes += info->n_deleted;
	}
}

static void
conn_free(struct httpd_conn *c)
{
	struct httpd *h = c->h;

	if (c->request)
		httpd_request_gone(c->request);
	evbuffer_remove_cb(bufferevent_get_input(c->bev), on_input, c);
	evbuffer_remove_cb(bufferevent_get_output(c->bev), on_output, c);
	TAILQ_REMOVE(&h->conns, c, link);
	if (c->admitted) {
		admission_return(h->admission, &c->ticket);
		h->stats.connections--;
	}
	if (c->fresh) {
		bufferevent_decref(c->bev);
		h->fresh--;
	}
	free(c);
}

static void
on_close(struct evhttp_connection *evcon VRP_UNUSED, void *ctx)
{
	conn_free(ctx);
}

/* ---- accepting */

struct bufferevent *
httpd_conn_accept(struct event_base *base, void *ctx)
{
	struct httpd *h = ctx;
	struct httpd_conn *c = calloc(1, sizeof(*c));
	struct bufferevent *bev = bufferevent_socket_new(base, -1, 0);

	if (!c || !bev || !evbuffer_add_cb(bufferevent_get_input(bev), on_input, c) ||
	    !evbuffer_add_cb(bufferevent_get_output(bev), on_output, c)) {
		if (bev)
			bufferevent_free(bev);
		free(c);
		return NULL;
	}
	bufferevent_setwatermark(bev, EV_READ, 0, HTTPD_INPUT_MAX);
	bufferevent_set_max_single_write(bev, WRITE_MAX);
	bufferevent_incref(bev);
	*c = (struct httpd_conn){.h = h, .bev = bev, .fresh = true};
	httpd_conn_set_state(c, HTTPD_CONN_WAITING);
	TAILQ_INSERT_TAIL(&h->conns, c, link);
	if (++h->fresh >= HTTPD_FRESH_MAX)
		httpd_set_accepting(h, false);
	event_active(h->check, EV_TIMEOUT, 0);
	return bev;
}

static void
set_socket_options(const struct httpd *h, int fd)
{
	unsigned unacknowledged = 2 * h->config.stall_ms;
	int one = 1, unsent = UNSENT_MAX;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof(unsent));
	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unacknowledged, sizeof(unacknowledged));
}

static bool
let_in(struct httpd_conn *c)
{
	struct httpd *h = c->h;
	struct sockaddr_storage peer = {0};
	socklen_t len = sizeof(peer);
	int fd = bufferevent_getfd(c->bev);
	struct prefix address;

	if (getpeername(fd, (struct sockaddr *)&peer, &len) < 0)
		return false;
	arrival_unmap(&peer);
	if (!arrival_prefix(&peer, &address))
		return false;
	if (admission_ask(h->admission, &h->port, &address, httpd_now(), &c->ticket) != ADMISSION_GRANTED) {
		h->stats.turned_away++;
		return false;
	}
	c->admitted = true;
	h->stats.connections++;
	h->stats.accepted++;
	arrival_format_address((struct sockaddr *)&peer, len, c->peer, sizeof(c->peer));
	set_socket_options(h, fd);
	return true;
}

/* evhttp has the connection now, unless it gave up. */
static void
check(struct httpd_conn *c)
{
	void *evcon = NULL;

	/* What its callbacks get is its connection, and nothing else leads there before a request is whole. */
	bufferevent_getcb(c->bev, NULL, NULL, NULL, &evcon);
	if (!evcon) {
		conn_free(c);
		return;
	}
	evhttp_connection_set_closecb(evcon, on_close, c);
	if (!let_in(c)) {
		httpd_conn_end(c, false);
		return;
	}
	c->fresh = false;
	c->h->fresh--;
	bufferevent_decref(c->bev);
}

void
httpd_conn_check(struct httpd *h)
{
	struct httpd_conn *c = TAILQ_FIRST(&h->conns), *next;

	for (; c; c = next) {
		next = TAILQ_NEXT(c, link);
		if (c->fresh)
			check(c);
	}
	httpd_set_accepting(h, true);
}

/* ---- deadlines */

static bool
is_late(const struct httpd_conn *c, int64_t now)
{
	const struct httpd_config *config = &c->h->config;
	int64_t age = now - c->since;

	switch (c->state) {
	case HTTPD_CONN_WAITING:
		return age > config->idle_ms;
	case HTTPD_CONN_READING:
		return age > config->request_ms;
	case HTTPD_CONN_HANDLING:
		return false;
	case HTTPD_CONN_WRITING:
		/* Nothing to write: evhttp has sent 100 Continue and reads a body. */
		if (evbuffer_get_length(bufferevent_get_output(c->bev)) == 0)
			return age > config->request_ms;
		return now - c->progress > config->stall_ms ||
		       (age > config->stall_ms && c->taken < (uint64_t)(age / 1000) * config->min_rate);
	}
	return false;
}

void
httpd_conn_tick(struct httpd *h)
{
	struct httpd_conn *c = TAILQ_FIRST(&h->conns), *next;
	int64_t now = httpd_now();

	for (; c; c = next) {
		next = TAILQ_NEXT(c, link);
		if (c->request)
			httpd_request_tick(c->request, now);
		if (is_late(c, now)) {
			h->stats.timed_out++;
			httpd_conn_end(c, false);
		}
	}
	admission_tick(h->admission, now);
}

void
httpd_recall(struct httpd *h, const struct blob *body)
{
	struct httpd_conn *c = TAILQ_FIRST(&h->conns), *next;

	for (; c; c = next) {
		next = TAILQ_NEXT(c, link);
		if (c->body == body)
			httpd_conn_end(c, true);
	}
}
