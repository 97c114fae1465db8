/* SPDX-License-Identifier: ISC */
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/http_struct.h>
#include <event2/keyvalq_struct.h>
#include <poll.h>
#include <strings.h>
#include <sys/queue.h>

#include "http_header.h"
#include "httpd_internal.h"
#include "stamp.h"

struct httpd_request {
	struct httpd *h;
	struct httpd_conn *conn;
	struct evhttp_request *ev;
	bool head;
	bool handling;		/* its handler, or what it is parked with, is running */
	bool answered;
	const char *rest;
	const struct httpd_route *route;	/* NULL when none fits */
	void (*wake)(void *arg, struct httpd_request *r, enum httpd_wake why);	/* while it is parked */
	void *wake_arg;
	int64_t wake_at;
	struct http_target target;
};

static const struct {
	int status;
	const char *phrase;
} phrases[] = {
	{200, "OK"}, {204, "No Content"}, {304, "Not Modified"}, {400, "Bad Request"}, {403, "Forbidden"},
	{404, "Not Found"}, {405, "Method Not Allowed"}, {406, "Not Acceptable"}, {408, "Request Timeout"}, {410, "Gone"},
	{413, "Content Too Large"}, {414, "URI Too Long"}, {429, "Too Many Requests"}, {500, "Internal Server Error"},
	{501, "Not Implemented"}, {503, "Service Unavailable"}, {505, "HTTP Version Not Supported"},
};

static const char *
phrase_of(int status)
{
	for (size_t i = 0; i < ARRAY_LEN(phrases); i++)
		if (phrases[i].status == status)
			return phrases[i].phrase;
	return "Status";
}

/* ---- what was asked */

const struct http_target *
httpd_target(const struct httpd_request *r)
{
	return &r->target;
}

const char *
httpd_rest(const struct httpd_request *r)
{
	return r->rest;
}

const char *
httpd_header(const struct httpd_request *r, const char *name)
{
	return evhttp_find_header(evhttp_request_get_input_headers(r->ev), name);
}

const char *
httpd_peer(const struct httpd_request *r)
{
	return r->conn->peer;
}

/* ---- the answer */

/* It has left: the next request may come, or is there already. */
static void
on_complete(struct evhttp_request *ev VRP_UNUSED, void *ctx)
{
	struct httpd_conn *c = ctx;
	bool more = evbuffer_get_length(bufferevent_get_input(c->bev)) > 0;

	httpd_conn_set_state(c, more ? HTTPD_CONN_READING : HTTPD_CONN_WAITING);
}

void
httpd_add_header(struct httpd_request *r, const char *name, const char *value)
{
	for (const char *p = value; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return;
	(void)evhttp_add_header(evhttp_request_get_output_headers(r->ev), name, value);
}

static void
release_body(const void *data VRP_UNUSED, size_t len VRP_UNUSED, void *ctx)
{
	blob_unref(ctx);
}

/* The body as a buffer of its own, taken over; NULL when memory is out. */
static struct evbuffer *
wrap(struct blob *body)
{
	struct evbuffer *buffer = evbuffer_new();

	if (buffer && body && evbuffer_add_reference(buffer, body->data, body->len, release_body, body) == 0)
		return buffer;
	if (body)
		blob_unref(body);
	if (buffer && body) {
		evbuffer_free(buffer);
		return NULL;
	}
	return buffer;
}

static void
add_standard_headers(struct httpd_request *r, int status, const char *type, size_t len)
{
	char number[24];

	if (type)
		httpd_add_header(r, "Content-Type", type);
	if (status != 204 && status != 304) {
		snprintf(number, sizeof(number), "%zu", len);
		httpd_add_header(r, "Content-Length", number);
	}
	httpd_add_header(r, "X-Content-Type-Options", "nosniff");
	if (r->route && r->route->shared)
		httpd_add_header(r, "Access-Control-Allow-Origin", "*");
	httpd_add_header(r, "Cross-Origin-Resource-Policy", r->route && r->route->shared ? "cross-origin" : "same-origin");
}

static void
finish(struct httpd_request *r)
{
	r->conn->request = NULL;
	free(r);
}

void
httpd_reply(struct httpd_request *r, int status, const char *type, struct blob *body)
{
	struct httpd_conn *c = r->conn;
	size_t len = body ? body->len : 0;
	const struct blob *sent = r->head ? NULL : body;
	struct evbuffer *buffer;

	if (r->head || (body && len == 0)) {
		blob_unref(body);
		body = NULL;
	}
	r->wake = NULL;
	r->answered = true;
	buffer = wrap(body);
	if (!buffer) {
		httpd_conn_end(c, true);	/* which frees the request */
		return;
	}
	add_standard_headers(r, status, type, len);
	log_line(&r->h->log, LOG_LEVEL_DEBUG, "http: %s: %s %s: %d, %zu bytes", c->peer, r->head ? "HEAD" : "GET",
		 evhttp_request_get_uri(r->ev), status, len);
	if (status > 0 && status < HTTPD_STATUS_MAX)
		r->h->stats.answers[status]++;
	httpd_conn_set_state(c, HTTPD_CONN_WRITING);
	c->body = sent;
	evhttp_request_set_on_complete_cb(r->ev, on_complete, c);
	evhttp_send_reply(r->ev, status, phrase_of(status), buffer);
	evbuffer_free(buffer);
	/* What the peer sends meanwhile stays in the kernel; and it may have shut its side. */
	bufferevent_disable(c->bev, EV_READ);
	if (!r->handling)
		finish(r);
}

void
httpd_reply_text(struct httpd_request *r, int status, const char *type, const char *text, size_t len)
{
	struct blob *body = blob_new(len);

	if (!body) {
		r->wake = NULL;
		r->answered = true;
		httpd_conn_end(r->conn, true);
		return;
	}
	memcpy(body->data, text, len);
	httpd_reply(r, status, type, body);
}

static const char *const of_content[] = {"Cache-Control", "Content-Encoding", "ETag", "Last-Modified"};

void
httpd_reply_error(struct httpd_request *r, int status, const char *fmt, ...)
{
	struct evkeyvalq *headers = evhttp_request_get_output_headers(r->ev);
	char text[512];
	va_list ap;
	size_t len;

	/* They were meant for another answer. */
	for (size_t i = 0; i < ARRAY_LEN(of_content); i++)
		(void)evhttp_remove_header(headers, of_content[i]);
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text) - 1, fmt, ap);
	va_end(ap);
	len = strlen(text);
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < ' ' || (unsigned char)text[i] > '~')
			text[i] = '?';
	text[len++] = '\n';
	httpd_reply_text(r, status, "text/plain", text, len);
}

bool
httpd_etag(struct httpd_request *r, const char *etag, int64_t modified)
{
	const char *listed = httpd_header(r, "If-None-Match"), *since = httpd_header(r, "If-Modified-Since");
	char date[HTTP_DATE_MAX];
	int64_t have;
	bool same;

	httpd_add_header(r, "ETag", etag);
	if (modified != STAMP_UNKNOWN) {
		http_date_format(modified, date);
		httpd_add_header(r, "Last-Modified", date);
	}
	if (listed)
		same = http_etag_listed(listed, etag);
	else
		same = since && modified != STAMP_UNKNOWN && http_date_parse(since, &have) && modified <= have;
	if (same)
		httpd_reply(r, 304, NULL, NULL);
	return same;
}

/* ---- waiting */

void
httpd_park(struct httpd_request *r, unsigned ms, void (*fn)(void *arg, struct httpd_request *r, enum httpd_wake why),
	   void *arg)
{
	r->wake = fn;
	r->wake_arg = arg;
	r->wake_at = httpd_now() + ms;
}

/* Has the peer closed, or at least shut its side?  evhttp doesn't read while a request is handled. */
static bool
peer_is_gone(const struct httpd_conn *c)
{
	struct pollfd p = {.fd = bufferevent_getfd(c->bev), .events = POLLRDHUP};

	return poll(&p, 1, 0) > 0 && (p.revents & (POLLRDHUP | POLLHUP | POLLERR));
}

/* Behind a call of the handler, or of what it parked the request with: answered by now, parked, or neither. */
static void
settle(struct httpd_request *r, int status, const char *reason)
{
	if (!r->answered && !r->wake)
		httpd_reply_error(r, status, "%s", reason);
	r->handling = false;
	if (r->answered && r->conn->state == HTTPD_CONN_WRITING)
		finish(r);
}

void
httpd_request_tick(struct httpd_request *r, int64_t now)
{
	void (*wake)(void *arg, struct httpd_request *r, enum httpd_wake why) = r->wake;

	if (!wake)
		return;
	if (peer_is_gone(r->conn)) {
		httpd_conn_end(r->conn, true);
	} else if (now >= r->wake_at) {
		r->wake = NULL;
		r->handling = true;
		wake(r->wake_arg, r, HTTPD_TIMEOUT);
		settle(r, 503, "not ready in time");
	}
}

void
httpd_request_gone(struct httpd_request *r)
{
	if (r->wake)
		r->wake(r->wake_arg, r, HTTPD_GONE);
	/* evhttp lets go of a request that was not answered when its connection fails, and frees it otherwise. */
	if (!evhttp_request_get_connection(r->ev))
		evhttp_request_free(r->ev);
	free(r);
}

/* ---- dispatch */

/*
 * A body where evhttp sees none would be read as the next request, and a sender whose version or length is odd may
 * mean anything by what follows.
 */
static bool
has_clear_end(const struct httpd_request *r)
{
	return r->ev->major == 1 && (r->ev->minor == 0 || r->ev->minor == 1) && !httpd_header(r, "Transfer-Encoding") &&
	       !(r->head && httpd_header(r, "Content-Length"));
}

/*
 * Names are tokens (RFC 9110 section 5.6.2), and what says where a request goes and ends is there once (RFC 9112
 * sections 3.2 and 6.3).
 */
static bool
has_clear_fields(const struct httpd_request *r)
{
	static const char token[] = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	size_t hosts = 0, lengths = 0;
	const struct evkeyval *field;

	TAILQ_FOREACH (field, evhttp_request_get_input_headers(r->ev), next) {
		if (field->key[0] == '\0' || field->key[strspn(field->key, token)] != '\0')
			return false;
		hosts += strcasecmp(field->key, "Host") == 0;
		lengths += strcasecmp(field->key, "Content-Length") == 0;
	}
	return hosts < 2 && lengths < 2;
}

static bool
check_protocol(struct httpd_request *r)
{
	bool clear = has_clear_fields(r);

	if (!clear || !has_clear_end(r))
		httpd_add_header(r, "Connection", "close");
	if (r->ev->major != 1 || r->ev->minor < 0) {
		r->ev->major = r->ev->minor = 1;
		httpd_reply_error(r, 505, "HTTP/1.0 and HTTP/1.1 are spoken here");
	} else if (!clear) {
		httpd_reply_error(r, 400, "malformed header");
	} else if (r->ev->minor > 0 && !evhttp_request_get_host(r->ev)) {
		httpd_reply_error(r, 400, "no Host");	/* RFC 9112 section 3.2 */
	} else {
		return true;
	}
	return false;
}

static void
dispatch(struct httpd_request *r)
{
	enum evhttp_cmd_type method = evhttp_request_get_command(r->ev);
	const char *uri = evhttp_request_get_uri(r->ev);
	struct vrp_err err;

	if (!check_protocol(r))
		return;
	if (method != EVHTTP_REQ_GET && method != EVHTTP_REQ_HEAD) {
		httpd_add_header(r, "Allow", "GET, HEAD");
		httpd_reply_error(r, 405, "this is read only");
		return;
	}
	if (http_target_parse(&r->target, uri, strlen(uri), &err) < 0) {
		httpd_reply_error(r, 400, "bad request target: %s", err.msg);
		return;
	}
	for (size_t i = 0; i < r->h->route_count; i++) {
		const struct httpd_route *route = &r->h->routes[i];

		if (http_target_is(&r->target, route->path, route->below, &r->rest)) {
			r->route = route;
			route->handle(r->h->ctx, r);
			return;
		}
	}
	httpd_reply_error(r, 404, "there is no such resource");
}

void
httpd_on_request(struct evhttp_request *ev, void *ctx)
{
	struct httpd *h = ctx;
	struct evhttp_connection *evcon = evhttp_request_get_connection(ev);
	struct httpd_conn *c = httpd_conn_find(h, evhttp_connection_get_bufferevent(evcon));
	struct httpd_request *r = c ? calloc(1, sizeof(*r)) : NULL;

	if (!r) {
		evhttp_send_error(ev, 503, NULL);
		return;
	}
	*r = (struct httpd_request){.h = h, .conn = c, .ev = ev, .handling = true, .rest = "",
				    .head = evhttp_request_get_command(ev) == EVHTTP_REQ_HEAD};
	c->request = r;
	httpd_conn_set_state(c, HTTPD_CONN_HANDLING);
	dispatch(r);
	settle(r, 500, "no answer");
}
