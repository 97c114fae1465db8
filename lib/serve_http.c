/* SPDX-License-Identifier: ISC */
#include "serve_internal.h"

#include <time.h>

static const struct httpd_route routes[] = {
	{.path = "/metrics", .handle = serve_metrics},
	{.path = "/healthz", .handle = serve_healthz},
	{.path = "/status", .handle = serve_status},
	{.path = "/clients", .handle = serve_clients},
	{.path = "/vrps", .handle = serve_vrps, .shared = true},
	{.path = "/validity", .handle = serve_validity, .shared = true},
	{.path = "/api/v1/validity", .below = true, .handle = serve_validity_path, .shared = true},
	{.path = "/delta", .handle = serve_delta, .shared = true},
	{.path = "/json-delta", .handle = serve_delta, .shared = true},
	{.path = "/json-delta/notify", .handle = serve_delta_notify, .shared = true},
	{.path = "/", .handle = serve_page},
	{.path = "/", .below = true, .handle = serve_export, .shared = true},
};

/* ---- news of another table */

/* What was made of the table before goes with it, unless it is asked for again. */
static void
on_moved(void *arg)
{
	struct serve_http *s = arg;

	rov_free(s->rov);
	s->rov = NULL;
	serve_delta_wake(s);
}

/* On the loop's thread. */
static void
post_moved(void *ctx)
{
	struct serve_http *s = ctx;

	if (httpd_post(s->httpd, on_moved, s) < 0)
		log_line(&s->log, LOG_LEVEL_ERROR, "out of memory, who waits for a change over HTTP hears of it later");
}

/* ---- life */

static int
set_up(struct serve_http *s, struct vrp_err *err)
{
	if (html_policy(s->policy) < 0)
		return vrp_err_nomem(err);
	s->httpd = httpd_new(&s->config.limits, routes, ARRAY_LEN(routes), s, &s->log, err);
	s->documents = s->httpd ? documents_new(s->httpd, &(struct documents_config){0}, err) : NULL;
	if (!s->documents)
		return -1;
	if (httpd_add_tick(s->httpd, serve_page_tick, s) < 0)
		return vrp_err_set(err, "too much is to be done twice a second");
	return 0;
}

struct serve_http *
serve_http_new(const struct serve_http_config *config, const struct log *log, struct vrp_err *err)
{
	struct serve_http *s = calloc(1, sizeof(*s));

	if (!s) {
		vrp_err_nomem(err);
		return NULL;
	}
	s->config = *config;
	s->log = *log;
	s->since = time(NULL);
	(void)uname(&s->host);
	TAILQ_INIT(&s->waiters);
	serve_past_init(&s->past);
	if (set_up(s, err) < 0) {
		serve_http_free(s);
		return NULL;
	}
	serve_board_on_snapshot(config->board, post_moved, s);
	return s;
}

int
serve_http_listen(struct serve_http *s, const char *address, int fd, struct vrp_err *err)
{
	return httpd_listen(s->httpd, address, fd, err);
}

int
serve_http_start(struct serve_http *s, struct vrp_err *err)
{
	return documents_start(s->documents, err) < 0 ? -1 : httpd_start(s->httpd, err);
}

void
serve_http_free(struct serve_http *s)
{
	if (!s)
		return;
	serve_board_on_snapshot(s->config.board, NULL, NULL);
	if (s->httpd)
		httpd_stop(s->httpd);
	if (s->documents)
		documents_stop(s->documents);
	httpd_free(s->httpd);
	documents_free(s->documents);
	rov_free(s->rov);
	free(s->anchors);
	vrpset_unref(s->tallied);
	free(s);
}

/* ---- what handlers ask for */

void
serve_http_look(const struct serve_http *s, struct serve_view *view)
{
	serve_board_look(s->config.board, view);
}

bool
serve_look_for_table(const struct serve_http *s, struct httpd_request *r, struct serve_view *view)
{
	serve_http_look(s, view);
	if (view->snapshot)
		return true;
	serve_view_release(view);
	httpd_add_header(r, "Retry-After", SERVE_RETRY_AFTER);
	httpd_reply_error(r, 503, "no data yet");
	return false;
}

const struct anchor_tally *
serve_http_anchors(struct serve_http *s, const struct serve_view *view, size_t *count, struct anchor_tally *total)
{
	struct vrpset *set = view->snapshot ? view->snapshot->set : NULL;

	if (set && set != s->tallied) {
		free(s->anchors);
		vrpset_unref(s->tallied);
		s->anchors = anchor_tally_new(set, &s->anchor_count, &s->total);
		s->tallied = s->anchors ? vrpset_ref(set) : NULL;
	}
	*count = s->anchor_count;
	*total = s->total;
	return set ? s->anchors : NULL;
}

const struct serve_http_config *
serve_http_config(const struct serve_http *s)
{
	return &s->config;
}

const struct httpd *
serve_http_server(const struct serve_http *s)
{
	return s->httpd;
}

int64_t
serve_http_started(const struct serve_http *s)
{
	return s->since;
}

void
serve_reply_out(struct httpd_request *r, const char *type, struct out *out)
{
	struct blob *body = out_take_blob(out);

	out_release(out);
	if (body)
		httpd_reply(r, 200, type, body);
	else
		httpd_reply_error(r, 503, "out of memory");
}

/* ---- documents */

/*
 * The same table may have come again with a later time, which its documents give.  Within the second of a
 * change another may come: a date that stands for both would have the second one missed.
 */
static int64_t
modified(const struct serve_view *view)
{
	bool confirmed = view->data_time != view->snapshot->data_time && view->input.received != STAMP_UNKNOWN;
	int64_t when = confirmed ? view->input.received : view->snapshot->committed;

	return when < view->now ? when : STAMP_UNKNOWN;
}

struct serve_subject *
serve_subject_new(const struct serve_view *view)
{
	struct serve_subject *subject = calloc(1, sizeof(*subject));

	if (!subject)
		return NULL;
	atomic_init(&subject->refs, 1);
	subject->snapshot = rtr_snapshot_ref(view->snapshot);
	subject->data_time = view->data_time;
	subject->modified = modified(view);
	return subject;
}

void *
serve_subject_ref(void *ptr)
{
	struct serve_subject *subject = ptr;

	atomic_fetch_add_explicit(&subject->refs, 1, memory_order_relaxed);
	return subject;
}

void
serve_subject_unref(void *ptr)
{
	struct serve_subject *subject = ptr;

	if (!subject || atomic_fetch_sub_explicit(&subject->refs, 1, memory_order_acq_rel) != 1)
		return;
	rtr_snapshot_unref(subject->snapshot);
	free(subject);
}

static uint64_t
mix(uint64_t h, uint64_t value)
{
	h = (h ^ value) * UINT64_C(0xbf58476d1ce4e5b9);
	h = (h ^ h >> 32) * UINT64_C(0x94d049bb133111eb);
	return h ^ h >> 29;
}

uint64_t
serve_subject_version(const struct serve_subject *subject, uint64_t more)
{
	const struct rtr_snapshot *snapshot = subject->snapshot;
	uint64_t h = mix(more, snapshot->serial);

	for (int v = 0; v < RTR_VERSIONS; v++)
		h = mix(h, snapshot->sessions[v]);
	h = mix(h, (uint64_t)snapshot->committed);
	return mix(h, (uint64_t)subject->data_time);
}

void
serve_reply_document(struct serve_http *s, struct httpd_request *r, const char *name, const char *type,
		     const struct document_maker *maker, struct serve_subject *subject, uint64_t more)
{
	if (!subject) {
		httpd_reply_error(r, 503, "out of memory");
		return;
	}
	documents_reply(s->documents, r, &(struct document){
		.name = name,
		.version = serve_subject_version(subject, more),
		.type = type,
		.modified = subject->modified,
		.maker = maker,
		.subject = subject,
	});
	serve_subject_unref(subject);
}
