/* SPDX-License-Identifier: ISC */
/*
 * The parts of an HTTP server:
 *
 *	httpd.c			listening sockets, the thread, what is posted to it
 *	httpd_conn.c		connections: how many, and their deadlines
 *	httpd_request.c		requests: from evhttp to a handler, and the answer
 */
#ifndef VRP_HTTPD_INTERNAL_H
#define VRP_HTTPD_INTERNAL_H

#include <pthread.h>
#include <sys/queue.h>

#include "admission.h"
#include "arrival.h"
#include "httpd.h"

struct bufferevent;
struct event;
struct event_base;
struct evconnlistener;
struct evhttp;
struct evhttp_request;

#define HTTPD_HEADER_MAX 8192	/* of a request's line and fields together */
#define HTTPD_BODY_MAX 4096	/* that is read and dropped, so that its sender gets an answer */
#define HTTPD_INPUT_MAX (2 * HTTPD_HEADER_MAX)	/* that libevent reads ahead of evhttp */
#define HTTPD_FRESH_MAX 64	/* connections accepted in one turn of the loop */
#define HTTPD_SOCKETS_MAX 32	/* that listen */

enum httpd_conn_state {
	HTTPD_CONN_WAITING,	/* for the first byte of a request */
	HTTPD_CONN_READING,	/* a request */
	HTTPD_CONN_HANDLING,	/* it is whole, and not answered */
	HTTPD_CONN_WRITING,	/* the answer */
};

struct httpd_conn {
	TAILQ_ENTRY(httpd_conn) link;
	struct httpd *h;
	struct bufferevent *bev;	/* evhttp's; a reference is ours while the connection is fresh */
	bool fresh;			/* accepted in this turn of the loop, and not let in */
	enum httpd_conn_state state;
	int64_t since;			/* when the state began, milliseconds */
	int64_t progress;		/* writing: when the peer last took something */
	uint64_t taken;			/* and how much since the state began */
	struct httpd_request *request;	/* that is handled, NULL for none */
	const struct blob *body;	/* that is written; not to be followed */
	struct admission_ticket ticket;
	bool admitted;
	char peer[ARRIVAL_PEER_MAX];
};

TAILQ_HEAD(httpd_conns, httpd_conn);

struct httpd_post {
	STAILQ_ENTRY(httpd_post) link;
	void (*fn)(void *arg);
	void *arg;
};

STAILQ_HEAD(httpd_posts, httpd_post);

struct httpd {
	struct httpd_config config;
	const struct httpd_route *routes;
	size_t route_count;
	void *ctx;
	struct log log;

	struct event_base *base;
	struct evhttp *http;
	struct evconnlistener *sockets[HTTPD_SOCKETS_MAX];
	size_t socket_count;
	bool paused;		/* descriptors have run out */
	struct event *tick, *check, *resume, *mail;
	struct {
		void (*fn)(void *arg);
		void *arg;
	} ticks[HTTPD_TICKS_MAX];	/* of others */
	size_t tick_count;

	struct httpd_conns conns;
	size_t fresh;		/* of these */
	struct admission *admission;
	struct admission_port port;
	struct httpd_stats stats;

	pthread_t thread;
	bool started;
	pthread_mutex_t lock;	/* of what follows */
	struct httpd_posts posts;
	bool stopping;
	int wake;		/* an eventfd */
};

/* Milliseconds of a clock that only goes on. */
int64_t httpd_now(void);

void httpd_set_accepting(struct httpd *h, bool on);

/* ---- connections */

/* evhttp asks for a bufferevent: a connection was accepted. */
struct bufferevent *httpd_conn_accept(struct event_base *base, void *ctx);

/* Behind the turn in which connections were accepted: let them in, or close them. */
void httpd_conn_check(struct httpd *h);
void httpd_conn_tick(struct httpd *h);

struct httpd_conn *httpd_conn_find(struct httpd *h, struct bufferevent *bev);
void httpd_conn_set_state(struct httpd_conn *c, enum httpd_conn_state state);

/* Close it, with what it still has to write: now, or with `later` when the loop comes to it. */
void httpd_conn_end(struct httpd_conn *c, bool later);

/* ---- requests */

void httpd_on_request(struct evhttp_request *ev, void *ctx);

/* Its time is over, or its connection. */
void httpd_request_tick(struct httpd_request *r, int64_t now);
void httpd_request_gone(struct httpd_request *r);

#endif
