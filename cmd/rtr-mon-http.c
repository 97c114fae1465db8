/* SPDX-License-Identifier: ISC */
/*
 * What rtr-mon tells over HTTP:
 *
 *	/		a page for people
 *	/metrics	Prometheus: rtrmon's names and labels, and our own with more
 *	/diff.json	who has what that the other lacks, as rtrmon writes it; ?lhs=NAME&rhs=NAME for two of many
 *	/status		the sources and pairs as JSON
 *	/healthz	200 while there is something to compare
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "documents.h"
#include "html.h"
#include "httpd.h"
#include "prom.h"
#include "rtr-mon.h"

#define SERIES_EVERY 30		/* seconds */
#define ANSWER_MAX ((size_t)64 << 20)	/* bytes of an answer that is not a document */

struct mon_http {
	const struct options *options;
	struct mon *mon;
	struct httpd *httpd;
	struct documents *documents;
	char (*names)[32];		/* of documents: of each pair, and of all */
	struct mon_picture *last;
	struct series lasting;		/* records that differ beyond the grace period, of all pairs */
	int64_t sampled;
};

/* NULL when memory is out; borrowed until the next call. */
static const struct mon_picture *
look(struct mon_http *h)
{
	struct mon_picture *p = mon_look(h->mon, h->last);

	mon_picture_unref(h->last);
	h->last = p;
	return p;
}

/* ---- answers */

static void
reply_out(struct httpd_request *r, const char *type, struct out *o)
{
	struct blob *body = out_take_blob(o);

	out_release(o);
	if (body)
		httpd_reply(r, 200, type, body);
	else
		httpd_reply_error(r, 503, "out of memory");
}

static void
reply_written(struct mon_http *h, struct httpd_request *r, const char *type, void (*write)(struct out *, const struct mon_picture *))
{
	const struct mon_picture *p = look(h);
	struct out o;

	if (!p) {
		httpd_reply_error(r, 503, "out of memory");
		return;
	}
	out_init_blob(&o, ANSWER_MAX);
	write(&o, p);
	reply_out(r, type, &o);
}

static void
answer_metrics(void *ctx, struct httpd_request *r)
{
	reply_written(ctx, r, PROM_CONTENT_TYPE, mon_metrics_write);
}

static void
answer_status(void *ctx, struct httpd_request *r)
{
	reply_written(ctx, r, "application/json", mon_status_write);
}

static void
answer_health(void *ctx, struct httpd_request *r)
{
	const struct mon_picture *p = look(ctx);
	size_t parts = 0;

	for (size_t i = 0; p && i < p->options->source_count; i++)
		parts += mon_has_table(p, i);
	if (parts >= 2)
		httpd_reply_text(r, 200, "text/plain; charset=utf-8", "ok\n", 3);
	else
		httpd_reply_error(r, 503, "nothing to compare: %zu of %zu sources have a table", parts,
				  ((struct mon_http *)ctx)->options->source_count);
}

/* For the chart: how many records differ beyond the grace period now. */
static void
sample(struct mon_http *h, const struct mon_picture *p)
{
	uint64_t lasting = 0;

	h->sampled = p->now;
	for (size_t i = 0; i < h->options->source_count * h->options->source_count; i++)
		lasting += p->pairs[i].lasting;
	series_add(&h->lasting, p->now, lasting);
}

static void
answer_page(void *ctx, struct httpd_request *r)
{
	struct mon_http *h = ctx;
	const struct mon_picture *p = look(h);
	char policy[HTML_POLICY_MAX];
	struct out o;

	if (!p || html_policy(policy) < 0) {
		httpd_reply_error(r, 503, "out of memory");
		return;
	}
	httpd_add_header(r, "Content-Security-Policy", policy);
	httpd_add_header(r, "Cache-Control", "no-store");
	sample(h, p);	/* the chart ends with what the tables say */
	out_init_blob(&o, ANSWER_MAX);
	mon_page_write(&o, p, &h->lasting);
	reply_out(r, HTML_TYPE, &o);
}

/* MON_ALL when no source is called so. */
static size_t
find_source(const struct options *o, const char *name)
{
	for (size_t i = 0; i < o->source_count; i++)
		if (strcmp(o->sources[i].name, name) == 0)
			return i;
	return MON_ALL;
}

static void
reply_difference(struct mon_http *h, struct httpd_request *r, size_t lhs, size_t rhs)
{
	size_t count = h->options->source_count, place = lhs == MON_ALL ? count * count : lhs * count + rhs;

	if (!look(h) || mon_difference_reply(h->documents, r, h->names[place], h->last, lhs, rhs) < 0)
		httpd_reply_error(r, 503, "out of memory");
}

static void
answer_diff(void *ctx, struct httpd_request *r)
{
	struct mon_http *h = ctx;
	const char *lhs = http_target_field(httpd_target(r), "lhs"), *rhs = http_target_field(httpd_target(r), "rhs");
	size_t a = 0, b = 1;

	if (!lhs != !rhs) {
		httpd_reply_error(r, 400, "lhs and rhs go together");
		return;
	}
	if (lhs) {
		a = find_source(h->options, lhs);
		b = find_source(h->options, rhs);
		if (a == MON_ALL || b == MON_ALL) {
			httpd_reply_error(r, 404, "no source is called %s", a == MON_ALL ? lhs : rhs);
			return;
		}
	} else if (h->options->source_count > 2) {
		a = b = MON_ALL;
	}
	reply_difference(h, r, a, b);
}

/* ---- the server */

static void
on_tick(void *ctx)
{
	struct mon_http *h = ctx;
	const struct mon_picture *p;

	if ((int64_t)time(NULL) - h->sampled >= SERIES_EVERY && (p = look(h)))
		sample(h, p);
}

static const struct httpd_route routes[] = {
	{.path = "/", .handle = answer_page},
	{.path = "/metrics", .handle = answer_metrics},
	{.path = "/diff.json", .handle = answer_diff},
	{.path = "/status", .handle = answer_status},
	{.path = "/healthz", .handle = answer_health},
};

static int
name_documents(struct mon_http *h)
{
	size_t count = h->options->source_count;

	h->names = calloc(count * count + 1, sizeof(*h->names));
	if (!h->names)
		return -1;
	for (size_t i = 0; i <= count * count; i++)
		snprintf(h->names[i], sizeof(h->names[i]), "diff-%zu", i);
	return 0;
}

static int
listen_all(struct mon_http *h, struct vrp_err *err)
{
	for (size_t i = 0; i < h->options->http_count; i++)
		if (httpd_listen(h->httpd, h->options->http[i], -1, err) < 0)
			return -1;
	return httpd_add_tick(h->httpd, on_tick, h) < 0 ? vrp_err_nomem(err) : 0;
}

struct mon_http *
mon_http_new(const struct options *o, struct mon *m, const struct log *log, struct vrp_err *err)
{
	static const struct httpd_config config = {0};
	static const struct documents_config documents_config = {0};
	struct mon_http *h = calloc(1, sizeof(*h));

	if (!h) {
		vrp_err_nomem(err);
		return NULL;
	}
	h->options = o;
	h->mon = m;
	series_init(&h->lasting);
	h->httpd = httpd_new(&config, routes, ARRAY_LEN(routes), h, log, err);
	if (h->httpd)
		h->documents = documents_new(h->httpd, &documents_config, err);
	if (h->documents && name_documents(h) < 0)
		vrp_err_nomem(err);
	else if (h->documents && listen_all(h, err) == 0)
		return h;
	mon_http_stop(h);
	return NULL;
}

int
mon_http_start(struct mon_http *h, struct vrp_err *err)
{
	return documents_start(h->documents, err) < 0 ? -1 : httpd_start(h->httpd, err);
}

void
mon_http_stop(struct mon_http *h)
{
	if (!h)
		return;
	if (h->httpd)
		httpd_stop(h->httpd);
	if (h->documents)
		documents_stop(h->documents);
	httpd_free(h->httpd);
	documents_free(h->documents);
	mon_picture_unref(h->last);
	free(h->names);
	free(h);
}
