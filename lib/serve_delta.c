/* SPDX-License-Identifier: ISC */
/*
 * Changes of the table: /delta, also as Routinator's /json-delta, and its /json-delta/notify.
 *
 * Who has a version names it by session and serial, and gets what has changed since, or
 * the whole table where that isn't known any more.  With `wait` who has the present version is answered when
 * there is another, or the time is over.  A change is composed and written on the documents' worker.
 */
#include <errno.h>

#include "deltajson.h"
#include "http_header.h"
#include "num.h"
#include "serve_internal.h"
#include "stream.h"

#define WAIT_MAX 300	/* seconds */
#define NOTIFY_WAIT 300	/* the same, where Routinator's clients don't say */

/* What is asked for. */
struct question {
	bool has_version;	/* these two: */
	uint32_t session, serial;
	unsigned wait;		/* seconds */
	bool lines;		/* the line format, else JSON */
	bool notify;		/* only which version there is */
};

struct serve_waiter {
	TAILQ_ENTRY(serve_waiter) link;
	struct serve_http *s;
	struct httpd_request *request;
	struct question question;
};

/* ---- the question */

/* A number below a limit, or the default without the field.  False when it is something else. */
static bool
take_number(const struct http_target *t, const char *name, uint32_t most, uint32_t *out, bool *given)
{
	const char *text = http_target_field(t, name);

	*given = text != NULL;
	return !text || (num_u32(text, strlen(text), out) && *out <= most);
}

static bool
take_format(const struct http_target *t, const char *accept, struct question *q)
{
	static const char *const media[] = {"application/json", "text/plain"};
	const char *format = http_target_field(t, "format");

	if (!format) {
		q->lines = http_accept_choose(accept, media, ARRAY_LEN(media)) == 1;
		return true;
	}
	q->lines = strcmp(format, "vrp") == 0;
	return q->lines || strcmp(format, "json") == 0;
}

/* What is wrong with it, or NULL. */
static const char *
parse(const struct httpd_request *r, struct question *q)
{
	const struct http_target *t = httpd_target(r);
	bool session, serial, wait;
	uint32_t seconds = 0;

	if (!take_number(t, "session", UINT32_MAX, &q->session, &session))
		return "bad session";
	if (!take_number(t, "serial", UINT32_MAX, &q->serial, &serial))
		return "bad serial";
	if (session != serial)
		return "session and serial go together";
	if (!take_number(t, "wait", UINT32_MAX, &seconds, &wait))
		return "bad wait";
	if (!take_format(t, httpd_header(r, "Accept"), q))
		return "format is json or vrp";
	q->has_version = session;
	q->wait = wait ? (seconds < WAIT_MAX ? seconds : WAIT_MAX) : q->notify ? NOTIFY_WAIT : 0;
	return NULL;
}

/* ---- the answer */

/* On the worker. */
static void
write_json(const void *ctx, struct out *out)
{
	const struct serve_subject *subject = ctx;
	const struct rtr_snapshot *snapshot = subject->snapshot;
	const struct deltajson_head head = {
		.session = snapshot->session,
		.serial = snapshot->serial,
		.generated = snapshot->committed,
	};
	struct delta delta = DELTA_INIT;
	int rc = subject->from ? rtr_snapshot_delta(snapshot, subject->from, &delta) : 0;

	if (rc < 0)
		out->error = ENOMEM;
	else if (rc)
		deltajson_write(out, &head, subject->from, &delta);
	else
		deltajson_write_reset(out, &head, snapshot->set);
	delta_release(&delta);
}

static void
write_lines(const void *ctx, struct out *out)
{
	const struct serve_subject *subject = ctx;
	const struct rtr_snapshot *snapshot = subject->snapshot;
	const struct block_attrs attrs = {
		.time = subject->data_time,
		.session = snapshot->session,
		.serial = snapshot->serial,
	};
	struct delta delta = DELTA_INIT;
	int rc = subject->from ? rtr_snapshot_delta(snapshot, subject->from, &delta) : 0;

	if (rc < 0)
		out->error = ENOMEM;
	else if (rc)
		stream_write_delta(out, &attrs, &delta);
	else
		stream_write_snapshot(out, &attrs, snapshot->set);
	delta_release(&delta);
}

static const struct document_maker json_maker = {write_json, serve_subject_ref, serve_subject_unref};
static const struct document_maker lines_maker = {write_lines, serve_subject_ref, serve_subject_unref};

static bool
knows(const struct rtr_snapshot *snapshot, const struct question *q)
{
	return q->has_version && q->session == snapshot->session && q->serial == snapshot->serial;
}

/* Serials that are not known all mean the table, which is one document. */
static uint32_t
serial_to_begin_with(const struct rtr_snapshot *snapshot, const struct question *q)
{
	if (!q->has_version || q->session != snapshot->session)
		return 0;
	return rtr_snapshot_has(snapshot, q->serial) ? q->serial : 0;
}

static void
reply_version(struct httpd_request *r, const struct rtr_snapshot *snapshot)
{
	struct jsonout j;
	struct out out;

	out_init_blob(&out, SERVE_SMALL_MAX);
	jsonout_init(&j, &out);
	jsonout_object(&j, NULL);
	jsonout_number(&j, "session", snapshot->session);
	jsonout_number(&j, "serial", snapshot->serial);
	jsonout_end(&j);
	httpd_add_header(r, "Cache-Control", "no-store");
	serve_reply_out(r, SERVE_JSON, &out);
}

static void
reply(struct serve_http *s, struct httpd_request *r, const struct question *q, const struct serve_view *view)
{
	struct serve_subject *subject;

	if (q->notify) {
		reply_version(r, view->snapshot);
		return;
	}
	subject = serve_subject_new(view);
	if (subject)
		subject->from = serial_to_begin_with(view->snapshot, q);
	httpd_add_header(r, "Vary", "Accept");
	serve_reply_document(s, r, q->lines ? "delta" : "json-delta", q->lines ? SERVE_TEXT : SERVE_JSON,
			     q->lines ? &lines_maker : &json_maker, subject, subject ? subject->from : 0);
}

/* ---- waiting */

static void
waiter_free(struct serve_waiter *w)
{
	TAILQ_REMOVE(&w->s->waiters, w, link);
	free(w);
}

static void
answer_waiter(struct serve_waiter *w, const struct serve_view *view)
{
	struct serve_http *s = w->s;
	struct httpd_request *r = w->request;
	struct question q = w->question;

	waiter_free(w);
	reply(s, r, &q, view);
}

static void
on_wake(void *arg, struct httpd_request *r VRP_UNUSED, enum httpd_wake why)
{
	struct serve_waiter *w = arg;
	struct serve_view view;

	if (why == HTTPD_GONE) {
		waiter_free(w);
		return;
	}
	serve_http_look(w->s, &view);
	answer_waiter(w, &view);
	serve_view_release(&view);
}

static void
park(struct serve_http *s, struct httpd_request *r, const struct question *q)
{
	struct serve_waiter *w = calloc(1, sizeof(*w));

	if (!w) {
		httpd_reply_error(r, 503, "out of memory");
		return;
	}
	*w = (struct serve_waiter){.s = s, .request = r, .question = *q};
	TAILQ_INSERT_TAIL(&s->waiters, w, link);
	httpd_park(r, q->wait * 1000, on_wake, w);
}

void
serve_delta_wake(struct serve_http *s)
{
	struct serve_waiter *w, *next;
	struct serve_view view;

	serve_http_look(s, &view);
	for (w = TAILQ_FIRST(&s->waiters); w; w = next) {
		next = TAILQ_NEXT(w, link);
		if (view.snapshot && !knows(view.snapshot, &w->question))
			answer_waiter(w, &view);
	}
	serve_view_release(&view);
}

static void
answer(struct serve_http *s, struct httpd_request *r, struct question *q)
{
	const char *why = parse(r, q);
	struct serve_view view;

	if (why) {
		httpd_reply_error(r, 400, "%s", why);
		return;
	}
	if (!serve_look_for_table(s, r, &view))
		return;
	if (q->wait && knows(view.snapshot, q))
		park(s, r, q);
	else
		reply(s, r, q, &view);
	serve_view_release(&view);
}

void
serve_delta(void *ctx, struct httpd_request *r)
{
	struct question q = {0};

	answer(ctx, r, &q);
}

void
serve_delta_notify(void *ctx, struct httpd_request *r)
{
	struct question q = {.notify = true};

	answer(ctx, r, &q);
}
