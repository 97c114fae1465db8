/* SPDX-License-Identifier: ISC */
/*
 * Simulated caches behind a manager, and a consumer of its table.  The caches
 * change, answer in whole or in part, lie, fall silent and come back as a source
 * of choices says.  After each step the manager is held to what its header
 * promises: each table is the union of tables that these caches committed, each
 * delta fits what the consumer holds, and the most preferred cache that is in
 * sync is the one that counts.
 */
#ifndef VRP_TEST_CACHES_H
#define VRP_TEST_CACHES_H

#include <stdio.h>
#include <stdlib.h>

#include "rtr_manager.h"
#include "stream.h"
#include "table.h"

#define SIM_CACHES_MAX 5
#define SIM_HISTORY 4		/* serials that a cache knows the way from */
#define SIM_VRPS 8
#define SIM_ASPAS 2

#define require(cond)                                                                                                  \
	do {                                                                                                           \
		if (!(cond)) {                                                                                         \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond);                                     \
			abort();                                                                                       \
		}                                                                                                      \
	} while (0)

/* A table out of a small universe: a bit for each VRP, a mask of providers for each customer. */
struct sim_table {
	uint8_t vrps;
	uint8_t aspas[SIM_ASPAS];
};

struct sim_cache {
	/* The cache. */
	uint8_t version;	/* the highest it speaks */
	uint16_t session;
	uint32_t serial;
	struct sim_table history[SIM_HISTORY];	/* the table of a serial, at serial % SIM_HISTORY */
	uint32_t known;		/* how many serials back */
	bool open;		/* there is a connection */
	bool greeted;		/* it answered a query over it */
	struct buf rest;	/* of an answer that it broke off; its end commits `answer` */
	struct sim_table answer;
	bool delta;		/* which is a delta to what the router holds */
	uint32_t interval;	/* until that expires, in seconds */

	/* What the router's side has to hold of it. */
	bool held;
	struct sim_table table;
	int64_t expires;
	int64_t in_sync_since;	/* -1 while it isn't */
};

struct sim {
	uint32_t (*below)(void *ctx, uint32_t n);	/* the source of choices */
	void *ctx;
	struct rtr_manager_config config;
	struct rtr_manager *manager;
	struct names *names;
	struct table *consumer;
	int64_t now;
	size_t count;
	struct sim_cache caches[SIM_CACHES_MAX];
	uint8_t preferences[SIM_CACHES_MAX];
	bool stopped, loose;	/* after a stop the table stays until the next */
	int64_t lost_since;	/* the tables in use, all of them; -1 */
	size_t updates, withdrawals, switches;
};

static inline uint32_t
sim_below(struct sim *s, uint32_t n)
{
	return s->below(s->ctx, n);
}

/* ---- tables */

static inline struct payload
sim_vrp(unsigned i)
{
	struct payload p = {.kind = PAYLOAD_VRP};

	p.vrp = (struct vrp){.maxlen = 24, .asn = i, .expires = EXPIRES_UNKNOWN};
	p.vrp.prefix = (struct prefix){.family = FAMILY_IPV4, .len = 24, .addr = {10, (uint8_t)(i / 2)}};
	return p;
}

static inline struct payload
sim_aspa(unsigned customer, uint8_t mask, uint32_t providers[8])
{
	struct payload p = {.kind = PAYLOAD_ASPA};

	p.aspa = (struct aspa){.customer = customer, .providers = providers, .expires = EXPIRES_UNKNOWN};
	for (unsigned bit = 0; bit < 8; bit++)
		if (mask & 1U << bit)
			providers[p.aspa.provider_count++] = 100 + bit;
	return p;
}

static inline struct vrpset *
sim_set(struct sim *s, const struct sim_table *t)
{
	struct vrpset_builder *b = vrpset_builder_new(s->names);
	struct vrpset *set;

	require(b);
	for (unsigned i = 0; i < SIM_VRPS; i++) {
		struct payload p = sim_vrp(i);

		if (t->vrps & 1U << i)
			require(vrpset_add(b, &p) == 0);
	}
	for (unsigned i = 0; i < SIM_ASPAS; i++) {
		uint32_t providers[8];
		struct payload p = sim_aspa(i, t->aspas[i], providers);

		if (t->aspas[i])
			require(vrpset_add(b, &p) == 0);
	}
	set = vrpset_finish(b, NULL);
	require(set);
	return set;
}

/* What the tables held of the caches of this preference are together; false when there are none. */
static inline bool
sim_union(struct sim *s, int preference, struct sim_table *out)
{
	bool any = false;

	*out = (struct sim_table){0};
	for (size_t i = 0; i < s->count; i++) {
		const struct sim_cache *c = &s->caches[i];

		if (!c->held || s->preferences[i] != preference)
			continue;
		any = true;
		out->vrps |= c->table.vrps;
		for (size_t k = 0; k < SIM_ASPAS; k++)
			out->aspas[k] |= c->table.aspas[k];
	}
	return any;
}

/* ---- what the manager reports */

static inline int
sim_on_commit(void *ctx, struct vrpset *set, const struct block_head *head)
{
	(void)ctx;
	(void)set;
	(void)head;
	return 0;
}

static inline int
sim_on_reject(void *ctx, const struct vrp_err *reason)
{
	(void)ctx;
	fprintf(stderr, "refused: %s\n", reason->msg);
	abort();
}

static inline void
sim_consume(struct sim *s, const struct rtr_manager_update *u)
{
	struct block_attrs attrs = BLOCK_ATTRS_INIT;
	struct out out;

	out_init(&out, -1);
	if (u->delta)
		stream_write_delta(&out, &attrs, u->delta);
	else
		stream_write_snapshot(&out, &attrs, u->set);
	require(out.error == 0);
	require(table_feed(s->consumer, out.buf.data, out.buf.len) == 0);
	out_release(&out);
	require(vrpset_same(table_set(s->consumer), u->set));
}

static inline void
sim_on_table(void *ctx, const struct rtr_manager_update *u)
{
	struct sim *s = ctx;
	struct sim_table want;
	struct vrpset *set;
	size_t members = 0;

	require((u->cause == RTR_CAUSE_FIRST) == !u->old && !u->old == !u->delta);
	require(!u->old == !table_set(s->consumer));
	require(!u->old || vrpset_same(u->old, table_set(s->consumer)));
	require(!u->delta || delta_count(u->delta) > 0);
	require((u->cause == RTR_CAUSE_WITHDRAWN) == (u->cache_count == 0));
	for (size_t i = 0; i < u->cache_count; i++)
		require(s->caches[u->caches[i]].held && s->preferences[u->caches[i]] == u->preference);
	for (size_t i = 0; i < s->count; i++) {
		members += s->caches[i].held && s->preferences[i] == u->preference;
		require(u->cache_count || !s->caches[i].held);
	}
	require(u->cache_count == 0 || members == u->cache_count);
	sim_union(s, u->cache_count ? u->preference : -1, &want);
	set = sim_set(s, &want);
	require(vrpset_same(set, u->set));
	vrpset_unref(set);
	sim_consume(s, u);
	s->loose = false;
	s->updates++;
	s->withdrawals += u->cause == RTR_CAUSE_WITHDRAWN;
	s->switches += u->cause == RTR_CAUSE_SWITCH;
}

static inline void
sim_on_flush(void *ctx, size_t cache, bool expired, const char *reason)
{
	struct sim *s = ctx;
	struct sim_cache *c = &s->caches[cache];

	require(*reason && c->held);
	require(expired == (s->now >= c->expires));
	c->held = false;
}

static inline void
sim_on_cache(void *ctx, size_t cache, enum rtr_client_state from, enum rtr_client_state to, const char *reason)
{
	struct sim *s = ctx;

	(void)from;
	require(*reason);
	if (to == RTR_CLIENT_SHUTDOWN)
		s->caches[cache].held = false;
}

static inline void
sim_on_group(void *ctx, uint8_t preference, enum rtr_group_state from, enum rtr_group_state to, const char *reason)
{
	struct sim *s = ctx;

	require(*reason && from != to && preference < s->count);
}

static inline void
sim_on_warning(void *ctx, size_t cache, const char *text)
{
	(void)ctx;
	(void)cache;
	require(*text);
}

/* ---- what caches do */

static inline void
sim_put(struct buf *out, struct rtr_pdu pdu)
{
	require(rtr_pdu_encode(out, &pdu) == 0);
}

static inline void
sim_put_changes(struct buf *out, uint8_t version, const struct sim_table *from, const struct sim_table *to)
{
	for (unsigned i = 0; i < SIM_VRPS; i++) {
		struct rtr_pdu pdu = {.version = version, .type = RTR_IPV4_PREFIX, .payload = sim_vrp(i)};

		pdu.announce = to->vrps & 1U << i;
		if ((from->vrps ^ to->vrps) & 1U << i)
			sim_put(out, pdu);
	}
	for (unsigned i = 0; i < SIM_ASPAS && version >= 2; i++) {
		uint32_t providers[8];
		struct rtr_pdu pdu = {.version = version, .type = RTR_ASPA};

		pdu.announce = to->aspas[i];
		pdu.payload = sim_aspa(i, to->aspas[i], providers);
		if (from->aspas[i] != to->aspas[i])
			sim_put(out, pdu);
	}
}

/* The true answer to a query, and what the router holds after it; false for an answer that is not the last. */
static inline bool
sim_answer(struct sim *s, struct sim_cache *c, const struct rtr_pdu *query, struct buf *out)
{
	static const struct sim_table empty = {0};
	struct rtr_timers timers = s->config.client.timers;
	uint32_t back = c->serial - query->serial;
	bool reset = query->type == RTR_RESET_QUERY;
	struct sim_table now = c->history[c->serial % SIM_HISTORY], base = empty;

	if (query->version > c->version) {
		sim_put(out, (struct rtr_pdu){.version = c->version, .type = RTR_ERROR_REPORT,
					      .error = RTR_UNSUPPORTED_VERSION});
		return false;
	}
	c->greeted = true;
	if (!reset && (query->session != c->session || back > c->known)) {
		sim_put(out, (struct rtr_pdu){.version = query->version, .type = RTR_CACHE_RESET});
		return false;
	}
	if (!reset)
		base = c->history[query->serial % SIM_HISTORY];
	timers.expire = 600 + 600 * sim_below(s, 4);
	timers.refresh = timers.retry = 300;
	sim_put(out, (struct rtr_pdu){.version = query->version, .type = RTR_CACHE_RESPONSE, .session = c->session});
	sim_put_changes(out, query->version, &base, &now);
	sim_put(out, (struct rtr_pdu){.version = query->version, .type = RTR_END_OF_DATA, .session = c->session,
				      .serial = c->serial, .timers = timers});
	c->answer = now;
	c->delta = !reset;
	if (query->version < 2)
		memset(c->answer.aspas, 0, sizeof(c->answer.aspas));
	/* Version 0 doesn't say. */
	c->interval = query->version ? timers.expire : s->config.client.timers.expire;
	return true;
}

static inline void
sim_close(struct sim *s, size_t i, const char *reason)
{
	struct sim_cache *c = &s->caches[i];

	if (!c->open)
		return;
	c->open = false;
	buf_release(&c->rest);
	rtr_manager_closed(s->manager, i, s->now, reason);
}

/* The end of a true answer takes effect when it is there. */
static inline void
sim_commit(struct sim *s, size_t i)
{
	struct sim_cache *c = &s->caches[i];
	struct buf rest = c->rest;

	c->rest = (struct buf)BUF_INIT;
	if (c->delta && !c->held) {
		/* It has expired meanwhile: the router has to ask again. */
		rtr_manager_receive(s->manager, i, s->now, rest.data, rest.len);
		require(rtr_manager_cache(s->manager, i).state == RTR_CLIENT_RESET);
		buf_release(&rest);
		return;
	}
	c->held = true;
	c->table = c->answer;
	c->expires = s->now + (int64_t)c->interval * 1000;
	rtr_manager_receive(s->manager, i, s->now, rest.data, rest.len);
	require(rtr_manager_cache(s->manager, i).in_sync && rtr_manager_cache(s->manager, i).updated == s->now);
	buf_release(&rest);
}

/* The query that came last, if there is one to be answered. */
static inline bool
sim_query(struct sim *s, size_t i, struct rtr_pdu *query)
{
	static struct rtr_scratch scratch;
	struct buf *out = rtr_manager_output(s->manager, i);
	const char *reason;
	bool found = false;

	while (out->len) {
		const unsigned char *data = (const unsigned char *)out->data;
		size_t len = rtr_header_decode(data).len;

		require(len <= out->len && rtr_pdu_decode(data, len, &scratch, query, &reason) == RTR_NO_ERROR);
		found = query->type == RTR_RESET_QUERY || query->type == RTR_SERIAL_QUERY;
		require(found || query->type == RTR_ERROR_REPORT);
		buf_drop(out, len);
	}
	return found;
}

/* Answer truly: at once, or the first part of it, or none of it because the cache hangs. */
static inline void
sim_respond(struct sim *s, size_t i)
{
	struct sim_cache *c = &s->caches[i];
	struct rtr_pdu query;
	struct buf out = BUF_INIT;

	if (!c->open || rtr_manager_need(s->manager, i) != RTR_NEED_IO)
		return;
	if (c->rest.len) {
		sim_commit(s, i);
		return;
	}
	if (!sim_query(s, i, &query))
		return;
	if (!sim_answer(s, c, &query, &out)) {
		rtr_manager_receive(s->manager, i, s->now, out.data, out.len);
		buf_release(&out);
		return;
	}
	if (sim_below(s, 4) == 0) {
		size_t n = sim_below(s, (uint32_t)out.len - 1);

		rtr_manager_receive(s->manager, i, s->now, out.data, n);
		buf_drop(&out, n);
		c->rest = out;
		return;
	}
	c->rest = out;
	sim_commit(s, i);
}

/* One of many ways to break the protocol, or to say that something is wrong. */
static inline void
sim_lie(struct sim *s, size_t i)
{
	static const char *const lies[] = {
		"\xff\xff\xff\xff\xff\xff\xff\xff",			/* no PDU */
		"?\x63\0\0\0\0\0\x08",					/* unknown type */
		"?\x07\xff\xff\0\0\0\x08",				/* a length that End of Data hasn't */
		"?\x04\0\0\0\0\0\x14\1\x18\x08\0\x0a\0\0\0\0\0\0\1",	/* maximum length below the length */
		"?\x08\0\0\0\0\0\x09?",					/* Cache Reset, too long */
		"?\x02\0\0\0\0\0\x08",					/* only routers say that */
	};
	static const uint8_t lengths[] = {8, 8, 8, 20, 9, 8};
	static const uint16_t errors[] = {RTR_CORRUPT_DATA, RTR_NO_DATA_AVAILABLE, RTR_CACHE_RESTART, RTR_CACHE_SHUTDOWN,
					  RTR_INTERNAL_ERROR};
	struct sim_cache *c = &s->caches[i];
	char bytes[20];
	uint32_t which = sim_below(s, ARRAY_LEN(lies) + ARRAY_LEN(errors));

	if (!c->open || rtr_manager_need(s->manager, i) != RTR_NEED_IO)
		return;
	/* Within an End of Data it could be taken for the truth. */
	if (c->rest.len && c->rest.len < 48) {
		sim_close(s, i, NULL);
		return;
	}
	buf_reset(rtr_manager_output(s->manager, i));
	buf_release(&c->rest);
	if (which >= ARRAY_LEN(lies)) {
		struct buf out = BUF_INIT;

		sim_put(&out, (struct rtr_pdu){.version = rtr_manager_cache(s->manager, i).version, .type = RTR_ERROR_REPORT,
					       .error = errors[which - ARRAY_LEN(lies)]});
		rtr_manager_receive(s->manager, i, s->now, out.data, out.len);
		buf_release(&out);
	} else {
		memcpy(bytes, lies[which], lengths[which]);
		if (bytes[0] == '?')
			bytes[0] = (char)rtr_manager_cache(s->manager, i).version;
		rtr_manager_receive(s->manager, i, s->now, bytes, lengths[which]);
	}
	/* In the middle of a PDU it may have been taken for something else; such a connection is of no more use. */
	if (rtr_manager_need(s->manager, i) == RTR_NEED_IO && rtr_manager_cache(s->manager, i).state != RTR_CLIENT_NO_DATA)
		sim_close(s, i, NULL);
}

static inline void
sim_change(struct sim *s, struct sim_cache *c)
{
	struct sim_table t = c->history[c->serial % SIM_HISTORY];

	t.vrps ^= (uint8_t)(1U << sim_below(s, SIM_VRPS));
	if (sim_below(s, 4) == 0)
		t.aspas[sim_below(s, SIM_ASPAS)] = (uint8_t)sim_below(s, 4);
	c->history[++c->serial % SIM_HISTORY] = t;
	if (c->known < SIM_HISTORY - 1)
		c->known++;
}

static inline void
sim_notify(struct sim *s, size_t i)
{
	struct sim_cache *c = &s->caches[i];
	struct buf out = BUF_INIT;

	if (!c->open || !c->greeted || c->rest.len || rtr_manager_need(s->manager, i) != RTR_NEED_IO)
		return;
	sim_put(&out, (struct rtr_pdu){.version = rtr_manager_cache(s->manager, i).version, .type = RTR_SERIAL_NOTIFY,
				       .session = c->session, .serial = c->serial});
	rtr_manager_receive(s->manager, i, s->now, out.data, out.len);
	buf_release(&out);
}

/* Another session: what it knew of the one before is gone. */
static inline void
sim_restart(struct sim *s, size_t i)
{
	struct sim_cache *c = &s->caches[i];

	sim_close(s, i, "reset");
	c->session++;
	c->known = 0;
	c->version = (uint8_t)(2 - sim_below(s, 5) / 2);
}

/* Do what the manager needs of connections.  Whether a cache can be reached is a choice. */
static inline void
sim_serve(struct sim *s, size_t i)
{
	struct sim_cache *c = &s->caches[i];

	switch (rtr_manager_need(s->manager, i)) {
	case RTR_NEED_CONNECT:
		c->open = false;
		c->greeted = false;
		buf_release(&c->rest);
		if (sim_below(s, 5) == 0) {
			rtr_manager_closed(s->manager, i, s->now, "connection refused");
		} else if (sim_below(s, 8)) {
			c->open = true;
			rtr_manager_connected(s->manager, i, s->now);
		}
		break;
	case RTR_NEED_CLOSE:
		c->open = true;
		sim_close(s, i, NULL);
		break;
	case RTR_NEED_NOTHING:
	case RTR_NEED_TIME:
		c->open = false;
		buf_release(&c->rest);
		break;
	case RTR_NEED_IO:
		require(c->open);
		break;
	}
}

static inline void
sim_tick(struct sim *s)
{
	static const int64_t steps[] = {1, 1, 1000, 1000, 5000, 5000, 30000, 300000, 900000};
	uint32_t which = sim_below(s, ARRAY_LEN(steps) + 3);
	int64_t deadline = rtr_manager_deadline(s->manager);

	if (which < ARRAY_LEN(steps))
		s->now += steps[which];
	else if (deadline != INT64_MAX && deadline > s->now)
		s->now = deadline;
	if (sim_below(s, 8) == 0)
		rtr_manager_hurry(s->manager, s->now);
	rtr_manager_tick(s->manager, s->now);
	/* Whoever waits for the deadline must not turn in circles. */
	require(rtr_manager_deadline(s->manager) > s->now);
}

/* ---- what has to hold at any time */

static inline void
sim_check_table(struct sim *s)
{
	struct vrpset *shown = rtr_manager_set(s->manager), *want;
	int in_use = rtr_manager_in_use(s->manager);
	struct sim_table t;

	require(!shown == !table_set(s->consumer));
	require(!shown || vrpset_same(shown, table_set(s->consumer)));
	if (in_use < 0) {
		require(!shown || s->loose || vrpset_count(shown) == 0);
		s->lost_since = -1;
	} else if (sim_union(s, in_use, &t)) {
		want = sim_set(s, &t);
		require(vrpset_same(shown, want));
		vrpset_unref(want);
		s->lost_since = -1;
	} else {
		/* Taken back, and kept for a moment. */
		require(!rtr_manager_in_sync(s->manager));
		if (s->lost_since < 0)
			s->lost_since = s->now;
		require(s->now - s->lost_since < s->config.patience);
	}
}

static inline void
sim_check_choice(struct sim *s)
{
	int in_use = rtr_manager_in_use(s->manager);

	for (size_t i = 0; i < s->count; i++) {
		struct rtr_manager_cache c = rtr_manager_cache(s->manager, i);

		require(!c.in_sync || (c.running && c.set));
		require(!c.set == !s->caches[i].held);
		require(!s->caches[i].held || s->now < s->caches[i].expires);
		if (!c.in_sync)
			s->caches[i].in_sync_since = -1;
		else if (s->caches[i].in_sync_since < 0)
			s->caches[i].in_sync_since = s->now;
		if (c.in_sync && s->now - s->caches[i].in_sync_since >= s->config.grace)
			require(in_use >= 0 && in_use <= c.preference);
		if (rtr_manager_in_sync(s->manager))
			require(c.running == (c.preference <= in_use));
	}
}

static inline void
sim_step(struct sim *s)
{
	size_t i = sim_below(s, (uint32_t)s->count);

	switch (sim_below(s, 16)) {
	case 0:
	case 1:
	case 2:
		sim_tick(s);
		break;
	case 3:
	case 4:
		sim_change(s, &s->caches[i]);
		break;
	case 5:
	case 6:
		sim_notify(s, i);
		break;
	case 7:
		sim_lie(s, i);
		break;
	case 8:
		sim_close(s, i, sim_below(s, 2) ? "reset" : NULL);
		break;
	case 9:
		sim_restart(s, i);
		break;
	case 10:
		if (sim_below(s, 16) == 0) {
			s->stopped = !s->stopped;
			s->loose |= s->stopped;
			(s->stopped ? rtr_manager_stop : rtr_manager_start)(s->manager, s->now);
		}
		break;
	default:
		sim_respond(s, i);
		break;
	}
	for (i = 0; i < s->count; i++)
		sim_serve(s, i);
	sim_check_table(s);
	sim_check_choice(s);
}

/* ---- the whole */

static inline void
sim_init(struct sim *s, uint32_t (*below)(void *ctx, uint32_t n), void *ctx)
{
	static const struct rtr_manager_ops ops = {
		.table = sim_on_table, .cache = sim_on_cache, .group = sim_on_group, .flush = sim_on_flush,
		.warning = sim_on_warning};
	static const struct table_ops table_ops = {.commit = sim_on_commit, .reject = sim_on_reject};

	*s = (struct sim){.below = below, .ctx = ctx, .now = 1000, .lost_since = -1};
	s->count = 1 + sim_below(s, SIM_CACHES_MAX);
	for (size_t i = 0; i < s->count; i++) {
		s->preferences[i] = (uint8_t)sim_below(s, (uint32_t)s->count);
		s->caches[i].version = (uint8_t)(2 - sim_below(s, 5) / 2);
		s->caches[i].session = (uint16_t)(100 * i);
		s->caches[i].serial = sim_below(s, 2) ? 1 : UINT32_MAX - 1;
		s->caches[i].in_sync_since = -1;
	}
	s->names = names_new();
	require(s->names);
	s->config = (struct rtr_manager_config)RTR_MANAGER_CONFIG_DEFAULT;
	s->config.client.names = s->names;
	s->config.ops = &ops;
	s->config.ctx = s;
	s->manager = rtr_manager_new(&s->config, s->preferences, s->count);
	s->consumer = table_new(s->names, &table_ops, NULL);
	require(s->manager && s->consumer);
	rtr_manager_start(s->manager, s->now);
}

static inline void
sim_release(struct sim *s)
{
	rtr_manager_free(s->manager);
	table_free(s->consumer);
	for (size_t i = 0; i < s->count; i++)
		buf_release(&s->caches[i].rest);
	names_unref(s->names);
}

#endif
