/* SPDX-License-Identifier: ISC */
/* A source that is a cache: its table, and when that is void, is decided in rtr_manager.c. */
#include <stdio.h>

#include "rtr_link.h"
#include "rtr_manager.h"
#include "source_internal.h"
#include "stamp.h"
#include "transport.h"

#define RECOVERY_MS 1000	/* between two tries when not even waiting works */

struct cache_source {
	struct rtr_manager *manager;
	struct rtr_link *link;
	struct rtr_manager_cache seen;	/* as it was at the last step; its pointers are stale */
	int64_t due;			/* likewise */
	char reason[160];		/* why its data became void last */
};

/* A time of transport_now() as one of the clock. */
static int64_t
on_clock(int64_t ms)
{
	return ms < 0 || ms == INT64_MAX ? STAMP_UNKNOWN : source_now() + (ms - transport_now() + 500) / 1000;
}

static void
take(struct source *s, struct vrpset *set, const struct rtr_manager_cache *cache)
{
	struct block_attrs attrs = BLOCK_ATTRS_INIT;

	attrs.source = s->name;
	attrs.session = cache->session;
	attrs.serial = cache->serial;
	s->status.meta.version = cache->version;
	source_take(s, set, &attrs);
}

static void
on_table(void *ctx, const struct rtr_manager_update *u)
{
	struct source *s = ctx;
	struct cache_source *c = s->own;
	struct rtr_manager_cache cache = rtr_manager_cache(c->manager, 0);

	if (u->cause == RTR_CAUSE_WITHDRAWN) {
		source_withdraw(s, c->reason);
		return;
	}
	take(s, u->set, &cache);
}

static void
on_flush(void *ctx, size_t cache, bool expired, const char *reason)
{
	struct source *s = ctx;
	struct cache_source *c = s->own;

	snprintf(c->reason, sizeof(c->reason), "%s%s",
		 expired ? "not heard of within its Expire Interval" : "its data is void: ", expired ? "" : reason);
	(void)cache;
}

static bool
is_error(enum rtr_client_state state)
{
	return state == RTR_CLIENT_NO_DATA || state == RTR_CLIENT_FATAL || state == RTR_CLIENT_TRANSPORT;
}

/* Of states that last: in others it is a deadline of a moment. */
static int64_t
next_try(const struct cache_source *c, const struct rtr_manager_cache *cache)
{
	return is_error(cache->state) || cache->state == RTR_CLIENT_ESTABLISHED ? rtr_manager_deadline(c->manager) : INT64_MAX;
}

/* It said End of Data, perhaps without another table. */
static void
note_answer(struct source *s, const struct rtr_manager_cache *cache)
{
	s->status.meta.version = cache->version;
	s->status.meta.attrs.session = cache->session;
	s->status.meta.attrs.serial = cache->serial;
	/* A table that was withdrawn and is empty now is no other one to the manager. */
	if (s->voided)
		take(s, cache->set, cache);
	else
		source_touch(s);
}

/* What has become of the cache since the last step, besides its table. */
static void
look(struct source *s)
{
	struct cache_source *c = s->own;
	struct rtr_manager_cache cache = rtr_manager_cache(c->manager, 0), seen = c->seen;
	bool fails = is_error(cache.state), answered = cache.updated != seen.updated || cache.serial != seen.serial;
	int64_t due = next_try(c, &cache);
	struct vrp_err err = {0};

	c->seen = cache;
	if (!answered && fails == is_error(seen.state) && due == c->due && !cache.set == !seen.set)
		return;
	c->due = due;
	vrp_err_set(&err, "%s", cache.reason);
	if (fails)
		source_fail(s, &err, STAMP_UNKNOWN);
	else if (answered && cache.in_sync)
		note_answer(s, &cache);
	if (answered)
		s->status.updated = on_clock(cache.updated);
	s->status.expires = cache.set ? s->status.updated + cache.timers.expire : STAMP_UNKNOWN;
	s->status.next = on_clock(due);
	s->news = true;
}

static void
cache_step(struct source *s)
{
	struct cache_source *c = s->own;
	struct pollfd wake = {.fd = s->wake, .events = POLLIN};
	struct vrp_err err = {0};

	if (rtr_link_step(c->link, &wake, 1, &err) < 0) {
		source_fail(s, &err, source_now() + RECOVERY_MS / 1000);
		source_wait(s, NULL, RECOVERY_MS);
		return;
	}
	if (wake.revents)
		source_woken(s);
	look(s);
}

static void
cache_hurry(struct source *s)
{
	struct cache_source *c = s->own;

	rtr_manager_hurry(c->manager, transport_now());
}

static void
cache_close(struct source *s)
{
	struct cache_source *c = s->own;

	rtr_link_free(c->link);
	rtr_manager_free(c->manager);
	free(c);
}

static int
cache_open(struct source *s, int fd VRP_UNUSED, struct vrp_err *err)
{
	static const struct rtr_manager_ops ops = {.table = on_table, .flush = on_flush};
	static const uint8_t preference = 1;
	struct rtr_manager_config config = RTR_MANAGER_CONFIG_DEFAULT;
	struct cache_source *c = s->own = calloc(1, sizeof(*c));
	char text[ENDPOINT_TEXT_MAX];
	struct endpoint to;

	if (!c)
		return vrp_err_nomem(err);
	if (endpoint_parse(s->config.source, &to, err) < 0)
		return -1;
	endpoint_format(&to, text);
	free(s->name);
	s->name = strdup(text);
	config.client = s->config.rtr;
	config.client.names = s->config.names;
	config.grace = 0;
	config.patience = s->config.rtr.idle_timeout;
	config.ops = &ops;
	config.ctx = s;
	c->due = INT64_MAX;
	c->manager = rtr_manager_new(&config, &preference, 1);
	if (!s->name || !c->manager)
		return vrp_err_nomem(err);
	c->seen = rtr_manager_cache(c->manager, 0);
	c->link = rtr_link_new(c->manager, &to, s->config.rtr.idle_timeout, err);
	if (!c->link)
		return -1;
	rtr_manager_start(c->manager, transport_now());
	return 0;
}

const struct source_ops source_cache = {SOURCE_CACHE, cache_open, cache_step, cache_hurry, cache_close};
