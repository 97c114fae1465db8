/* SPDX-License-Identifier: ISC */
/*
 * An HTTP server on a thread of its own, for what may be read: GET and HEAD.
 *
 *	h = httpd_new(&config, routes, ARRAY_LEN(routes), ctx, &log, &err);
 *	httpd_listen(h, "127.0.0.1:8080", -1, &err);	before the sandbox
 *	httpd_start(h, &err);				after it
 *	...
 *	httpd_stop(h);
 *	httpd_free(h);
 *
 * It is libevent's evhttp, with limits that this doesn't have: a deadline for a
 * request as a whole, for a connection between requests, and for a reader that
 * takes nothing or next to nothing; so many connections in all and of an address.
 * What is beyond these is closed.
 *
 * Handlers run on the server's thread, one at a time, and must not block.  Each
 * request is answered once, by httpd_reply() or what calls it; then it is gone.
 * A handler that can't answer at once parks it.
 */
#ifndef VRP_HTTPD_H
#define VRP_HTTPD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "blob.h"
#include "compiler.h"
#include "err.h"
#include "http_target.h"
#include "log.h"

struct httpd;
struct httpd_request;

/* A zero is the default. */
struct httpd_config {
	size_t max_connections;		/* 256 in all; a few dozen more may be open for a moment */
	size_t max_per_address;		/* a quarter of them; an IPv6 /64 is one address */
	unsigned request_ms;		/* 10 s: for a request, from its first byte, or from the connection's start */
	unsigned idle_ms;		/* 30 s: between requests */
	unsigned stall_ms;		/* 30 s: in which a reader has to take something */
	unsigned min_rate;		/* 16 KiB: bytes a second that it has to take over all, after the first stall_ms */
};

struct httpd_route {
	const char *path;
	bool below;	/* for what is below path, too */
	void (*handle)(void *ctx, struct httpd_request *r);
	bool shared;	/* public data, that scripts of other sites may read (CORS); else they may not */
};

/*
 * routes and ctx are borrowed; the first route that fits a path has it, others are 404.
 * NULL with a reason.
 */
VRP_NODISCARD struct httpd *httpd_new(const struct httpd_config *config, const struct httpd_route *routes, size_t n,
				      void *ctx, const struct log *log, struct vrp_err *err);

/*
 * Listen at "HOST:PORT" (an IPv6 address in brackets), or with fd not negative on that socket, which listens already and
 * is taken over.  No host, ":PORT" or "PORT", is this machine alone, 127.0.0.1 and ::1; "*:PORT" is all
 * addresses.  Port 0 is any free one.  Logs "http on ADDRESS:PORT" for each socket.  -1 with a reason.
 */
VRP_NODISCARD int httpd_listen(struct httpd *h, const char *address, int fd, struct vrp_err *err);

/* Have fn called twice a second, on the server's thread; before it starts.  -1 when there are too many. */
#define HTTPD_TICKS_MAX 4
VRP_NODISCARD int httpd_add_tick(struct httpd *h, void (*fn)(void *arg), void *arg);

/* Serve.  -1 with a reason. */
VRP_NODISCARD int httpd_start(struct httpd *h, struct vrp_err *err);

/* End the thread and all connections, whatever these are doing.  Parked requests hear HTTPD_GONE, on the thread. */
void httpd_stop(struct httpd *h);

/* What was posted and has not run does so here, on the caller's thread.  NULL is allowed. */
void httpd_free(struct httpd *h);

/* Run fn on the server's thread; from any thread.  -1 when memory is out. */
VRP_NODISCARD int httpd_post(struct httpd *h, void (*fn)(void *arg), void *arg);

/* ---- in handlers */

const struct http_target *httpd_target(const struct httpd_request *r);	/* while the request lives */
const char *httpd_rest(const struct httpd_request *r);	/* of the path, behind that of a route with `below`: no slash in front */
const char *httpd_header(const struct httpd_request *r, const char *name);	/* as it was sent, NULL when it wasn't */
const char *httpd_peer(const struct httpd_request *r);	/* "192.0.2.1:49152" */

/* A field for the answer to come.  Left out when it has control characters or memory is out. */
void httpd_add_header(struct httpd_request *r, const char *name, const char *value);

/*
 * Send body, which is taken over and goes out without a copy; NULL for none.  type is a media type, NULL without a
 * body.  Content-Length, Date and `X-Content-Type-Options: nosniff` are added, and the body left out for HEAD.
 */
void httpd_reply(struct httpd_request *r, int status, const char *type, struct blob *body);

/* The same with a copy of text. */
void httpd_reply_text(struct httpd_request *r, int status, const char *type, const char *text, size_t len);

/* A reason as one line of text/plain, in which bytes that are not printable ASCII become '?'. */
void httpd_reply_error(struct httpd_request *r, int status, const char *fmt, ...) VRP_PRINTF(3, 4);

/*
 * Say which version the answer is: a strong entity tag with its quotes, and when it was last
 * modified (Unix seconds, STAMP_UNKNOWN for no date).  True when the client has that already: 304 was sent,
 * and the request is gone.
 */
bool httpd_etag(struct httpd_request *r, const char *etag, int64_t modified);

enum httpd_wake {
	HTTPD_TIMEOUT,	/* the time is over: the request is to be answered now, or 503 is sent */
	HTTPD_GONE,	/* so is the client, or the server ends: r is not to be touched any more */
};

/*
 * Answer later, on the server's thread.  fn is called once unless the request is answered before: after
 * ms, or when the client is gone, which is noticed within a second.  A request can be parked again.
 */
void httpd_park(struct httpd_request *r, unsigned ms, void (*fn)(void *arg, struct httpd_request *r, enum httpd_wake why),
		void *arg);

/* ---- what has happened, for those on the server's thread */

#define HTTPD_STATUS_MAX 600

struct httpd_stats {
	size_t connections;			/* now */
	uint64_t accepted;
	uint64_t turned_away;			/* beyond a limit */
	uint64_t timed_out;			/* closed for a deadline */
	uint64_t sent_bytes;
	uint64_t answers[HTTPD_STATUS_MAX];	/* by status code, those of malformed requests among them */
};

const struct httpd_stats *httpd_stats(const struct httpd *h);

/* End the connections on which this body is still on its way. */
void httpd_recall(struct httpd *h, const struct blob *body);

#endif
