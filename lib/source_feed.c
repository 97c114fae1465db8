/* SPDX-License-Identifier: ISC */
/* A source that is a URL: when it is asked, and what is new about the answer, is decided in refresh.c. */
#include "chance.h"
#include "feed_ask.h"
#include "refresh.h"
#include "source_internal.h"
#include "transport.h"

struct feed_source {
	struct refresh *refresh;
	struct feed_ask_options options;
	struct validators known;	/* of the body that refresh holds */
};

/* A hurry waits until the answer is there. */
static bool
cancelled(void *ctx)
{
	source_woken(ctx);
	return source_stopped(ctx);
}

static void
take_table(struct source *s, const struct feed_answer *a)
{
	struct feed_source *f = s->own;
	struct block_attrs attrs = BLOCK_ATTRS_INIT;
	struct refresh_block b;
	struct vrp_err err = {0};

	if (refresh_offer(f->refresh, 0, a->set, a->result.time, source_now(), &b) < 0) {
		refresh_block_release(&b);
		vrp_err_nomem(&err);
		source_fail(s, &err, STAMP_UNKNOWN);
		return;
	}
	attrs.time = a->result.time;
	attrs.source = s->name;
	s->status.skipped = a->result.skipped;
	s->dropped = a->result.expired;
	if (b.action == REFRESH_KEEP) {
		source_touch(s);
	} else {
		source_take(s, b.set, &attrs);
		refresh_written(f->refresh, &b);
		f->known = a->validators;
	}
	refresh_block_release(&b);
}

static void
take_failure(struct source *s, const struct feed_answer *a)
{
	struct feed_source *f = s->own;
	int64_t wait = refresh_failed(f->refresh, 0, transport_now(), a->retry_after);

	(a->refused ? source_refuse : source_fail)(s, &a->err, source_now() + (wait + 500) / 1000);
}

static void
ask(struct source *s)
{
	static const struct validators none = VALIDATORS_NONE;
	struct feed_source *f = s->own;
	struct feed_answer a;

	feed_ask(s->config.source, &f->options, refresh_holds(f->refresh, 0) ? &f->known : &none, s->config.names, &a);
	if (a.outcome == FEED_FAILED && source_stopped(s))
		return;
	if (a.outcome == FEED_FAILED ||
	    (a.outcome == FEED_UNCHANGED && refresh_check_age(f->refresh, source_now(), &a.err) < 0)) {
		take_failure(s, &a);
		return;
	}
	(void)refresh_worked(f->refresh, 0, transport_now());
	if (a.outcome == FEED_GOOD)
		take_table(s, &a);
	else
		source_touch(s);
	vrpset_unref(a.set);
	s->status.next = source_now() + (refresh_deadline(f->refresh) - transport_now() + 500) / 1000;
}

static void
feed_step(struct source *s)
{
	struct feed_source *f = s->own;
	int64_t now = transport_now(), left;

	if (refresh_next(f->refresh, now) >= 0) {
		ask(s);
		return;
	}
	left = refresh_deadline(f->refresh) - now;
	source_wait(s, NULL, left > 0 ? left : 0);
}

static void
feed_hurry(struct source *s)
{
	struct feed_source *f = s->own;

	refresh_hurry(f->refresh);
}

static void
feed_close(struct source *s)
{
	struct feed_source *f = s->own;

	refresh_free(f->refresh);
	free(f);
}

static int
feed_open(struct source *s, int fd VRP_UNUSED, struct vrp_err *err)
{
	struct refresh_config config = {
		.sources = 1,
		.interval = (int64_t)(s->config.refresh ? s->config.refresh : 1) * 1000,
		.max_age = s->config.max_age,
		.random = chance,
	};
	struct feed_source *f = s->own = calloc(1, sizeof(*f));

	if (!f)
		return vrp_err_nomem(err);
	f->options.fetch = s->config.fetch;
	f->options.fetch.cancelled = cancelled;
	f->options.fetch.ctx = s;
	f->options.fetch.wake = s->wake;
	f->options.feed.strict = s->config.strict;
	f->options.feed.ignore_expiry = s->config.ignore_expiry;
	f->options.feed.max_age = s->config.max_age;
	f->refresh = refresh_new(&config);
	return f->refresh ? 0 : vrp_err_nomem(err);
}

const struct source_ops source_feed = {SOURCE_FEED, feed_open, feed_step, feed_hurry, feed_close};
