/* SPDX-License-Identifier: ISC */
/*
 * Every event goes to the client it is for, and then settle() looks at all of
 * them anew: judges the groups, chooses the one to use, starts and stops, and
 * hands on the table where it has changed.  Nothing is decided in the callbacks
 * of a client, because a client must not be stopped within one.
 */
#include "rtr_manager.h"

#include <stdlib.h>

#include "merge.h"

#define NEVER INT64_MAX
#define NONE SIZE_MAX

struct cache {
	struct rtr_manager *manager;
	struct rtr_client *client;
	size_t group;
	uint8_t preference;
	bool running;
	bool in_sync;
	bool expired;		/* that is how it lost its last table */
	uint16_t session;
	uint32_t serial;
	int64_t updated;
	int64_t expires;
};

struct group {
	uint8_t preference;
	enum rtr_group_state state;	/* as reported */
	bool running;
	bool failing;		/* since it was in sync, or ever since it began */
	int64_t grace_ends;	/* NEVER while it is not in sync */
	int64_t patience_ends;	/* NEVER while it is */
};

struct rtr_manager {
	struct rtr_manager_config config;
	int64_t now;		/* of the call under way */
	bool running;
	size_t count;
	struct cache *caches;
	size_t group_count;
	struct group *groups;	/* most preferred first */

	size_t in_use;		/* NONE before the first table, and after a withdrawal */
	int64_t held_until;	/* for how long a table stays that was taken back; NEVER when none was */
	struct vrpset *shown;
	struct vrpset **used;	/* what it was made of: references, one for each cache, NULL for none */
	struct vrpset **wanted;	/* room for the next, borrowed from the clients */
	size_t *contributors;	/* room for the callback */
};

static const char *const group_names[] = {
	[RTR_GROUP_CLOSED] = "CLOSED",
	[RTR_GROUP_CONNECTING] = "CONNECTING",
	[RTR_GROUP_ESTABLISHED] = "ESTABLISHED",
	[RTR_GROUP_ERROR] = "ERROR",
};

const char *
rtr_group_state_name(enum rtr_group_state state)
{
	return state < ARRAY_LEN(group_names) ? group_names[state] : "unknown";
}

/* ---- what clients report */

static size_t
index_of(const struct cache *c)
{
	return (size_t)(c - c->manager->caches);
}

static void
on_update(void *ctx, const struct rtr_client_update *u)
{
	struct cache *c = ctx;

	c->in_sync = true;
	c->expired = false;
	c->session = u->session;
	c->serial = u->serial;
	c->updated = c->manager->now;
	c->expires = c->manager->now + (int64_t)u->timers.expire * 1000;
}

static void
on_flush(void *ctx, bool expired, const char *reason)
{
	struct cache *c = ctx;
	struct rtr_manager *m = c->manager;

	c->in_sync = false;
	c->expired = expired;
	if (m->config.ops->flush)
		m->config.ops->flush(m->config.ctx, index_of(c), expired, reason);
}

static bool
is_error(enum rtr_client_state state)
{
	return state == RTR_CLIENT_NO_DATA || state == RTR_CLIENT_FATAL || state == RTR_CLIENT_TRANSPORT;
}

static void
on_state(void *ctx, enum rtr_client_state from, enum rtr_client_state to, const char *reason)
{
	struct cache *c = ctx;
	struct rtr_manager *m = c->manager;

	if (is_error(to) || to == RTR_CLIENT_SHUTDOWN)
		c->in_sync = false;
	if (m->config.ops->cache)
		m->config.ops->cache(m->config.ctx, index_of(c), from, to, reason);
}

static void
on_warning(void *ctx, const char *text)
{
	struct cache *c = ctx;
	struct rtr_manager *m = c->manager;

	if (m->config.ops->warning)
		m->config.ops->warning(m->config.ctx, index_of(c), text);
}

static void
on_pdu(void *ctx, bool sent, const unsigned char *data, size_t len)
{
	struct cache *c = ctx;
	struct rtr_manager *m = c->manager;

	m->config.ops->pdu(m->config.ctx, index_of(c), sent, data, len);
}

/* Without pdu where nobody wants it: it is called for every record. */
static const struct rtr_client_ops client_ops = {on_update, on_flush, on_state, on_warning, NULL};
static const struct rtr_client_ops traced_client_ops = {on_update, on_flush, on_state, on_warning, on_pdu};

/* ---- groups */

/* How many caches of a group are so? */
static size_t
count_caches(const struct rtr_manager *m, size_t group, bool (*is)(const struct cache *c))
{
	size_t n = 0;

	for (size_t i = 0; i < m->count; i++)
		n += m->caches[i].group == group && m->caches[i].running && is(&m->caches[i]);
	return n;
}

static bool
is_in_sync(const struct cache *c)
{
	return c->in_sync;
}

static bool
is_pending(const struct cache *c)
{
	return !c->in_sync && !is_error(rtr_client_state(c->client));
}

static bool
has_table(const struct cache *c)
{
	return rtr_client_set(c->client);
}

static void
move_group(struct rtr_manager *m, struct group *g, enum rtr_group_state to, const char *reason)
{
	enum rtr_group_state from = g->state;

	if (from == to)
		return;
	g->state = to;
	if (m->config.ops->group)
		m->config.ops->group(m->config.ctx, g->preference, from, to, reason);
}

static void
start_group(struct rtr_manager *m, size_t group, const char *reason)
{
	struct group *g = &m->groups[group];

	g->running = true;
	g->failing = false;
	g->grace_ends = NEVER;
	g->patience_ends = m->now + m->config.patience;
	move_group(m, g, RTR_GROUP_CONNECTING, reason);
	for (size_t i = 0; i < m->count; i++) {
		struct cache *c = &m->caches[i];

		if (c->group != group)
			continue;
		c->running = true;
		rtr_client_start(c->client);
	}
}

static void
stop_group(struct rtr_manager *m, size_t group, const char *reason)
{
	struct group *g = &m->groups[group];

	if (!g->running)
		return;
	for (size_t i = 0; i < m->count; i++) {
		struct cache *c = &m->caches[i];

		if (c->group != group)
			continue;
		rtr_client_stop(c->client);
		c->running = false;
		c->expired = false;
	}
	g->running = false;
	g->failing = false;
	move_group(m, g, RTR_GROUP_CLOSED, reason);
}

static void
judge_group(struct rtr_manager *m, size_t group)
{
	struct group *g = &m->groups[group];

	if (!g->running)
		return;
	if (count_caches(m, group, is_in_sync)) {
		if (g->grace_ends == NEVER)
			g->grace_ends = m->now + m->config.grace;
		g->patience_ends = NEVER;
		g->failing = false;
		move_group(m, g, RTR_GROUP_ESTABLISHED, "in sync");
		return;
	}
	g->grace_ends = NEVER;
	if (g->patience_ends == NEVER)
		g->patience_ends = m->now + m->config.patience;
	if (!g->failing) {
		bool pending = count_caches(m, group, is_pending);

		g->failing = !pending || m->now >= g->patience_ends;
		if (!g->failing)
			move_group(m, g, RTR_GROUP_CONNECTING, "no longer in sync");
		else
			move_group(m, g, RTR_GROUP_ERROR, pending ? "not in sync in time" : "none of its caches works");
	}
}

/* In sync, with its caches together; what is in use already waits for nobody. */
static bool
is_ready(const struct rtr_manager *m, size_t group)
{
	const struct group *g = &m->groups[group];

	return g->running && g->grace_ends != NEVER &&
	       (group == m->in_use || m->now >= g->grace_ends || count_caches(m, group, is_pending) == 0);
}

/* Which group's tables are to be used; NONE when there are none, or none yet. */
static size_t
choose_group(const struct rtr_manager *m)
{
	for (size_t i = 0; i < m->group_count; i++)
		if (is_ready(m, i))
			return i;
	if (m->in_use != NONE && count_caches(m, m->in_use, has_table))
		return m->in_use;
	/* What isn't ready is still better than losing the table. */
	for (size_t i = 0; i < m->group_count; i++)
		if (count_caches(m, i, has_table) && (m->in_use != NONE || m->groups[i].grace_ends == NEVER))
			return i;
	return NONE;
}

/* Those behind a group in sync are not needed; those behind groups that don't work are. */
static void
run_groups(struct rtr_manager *m)
{
	bool in_sync = m->in_use != NONE && m->groups[m->in_use].grace_ends != NEVER;
	bool needed = true;

	for (size_t i = 0; i < m->group_count; i++) {
		struct group *g = &m->groups[i];

		if (in_sync && i > m->in_use)
			stop_group(m, i, "a more preferred cache is in sync");
		else if (!g->running && needed)
			start_group(m, i, i ? "no more preferred cache works" : "started");
		needed &= g->failing;
	}
}

/* ---- the table */

/* The table in use was lost: may it stay for a moment, because others are being tried? */
static bool
may_hold(struct rtr_manager *m)
{
	int64_t expires = 0;
	bool hope = false;

	for (size_t i = 0; i < m->count; i++) {
		const struct cache *c = &m->caches[i];

		if (m->used[i] && c->expired)
			return false;
		if (m->used[i] && c->expires > expires)
			expires = c->expires;
	}
	for (size_t i = 0; i < m->group_count; i++)
		hope |= !m->groups[i].failing;
	if (m->held_until == NEVER)
		m->held_until = m->now + m->config.patience < expires ? m->now + m->config.patience : expires;
	return hope && m->now < m->held_until;
}

static void
report(struct rtr_manager *m, enum rtr_manager_cause cause, struct vrpset *set, const struct delta *delta)
{
	struct rtr_manager_update update = {
		.cause = cause,
		.preference = m->in_use == NONE ? 0 : m->groups[m->in_use].preference,
		.caches = m->contributors,
		.set = set,
		.old = m->shown,
		.delta = delta,
	};

	for (size_t i = 0; i < m->count; i++)
		if (m->wanted[i])
			m->contributors[update.cache_count++] = i;
	if (m->config.ops->table)
		m->config.ops->table(m->config.ctx, &update);
}

static void
warn(struct rtr_manager *m, const char *text)
{
	for (size_t i = 0; i < m->count; i++) {
		if (m->wanted[i]) {
			on_warning(&m->caches[i], text);
			return;
		}
	}
}

/* Hand on what the wanted tables make together.  Where that fails, all is as it was, and tried again at the next event. */
static void
show(struct rtr_manager *m, enum rtr_manager_cause cause)
{
	struct vrp_err err = {0};
	struct delta delta = DELTA_INIT;
	struct vrpset *set = merge_sets(m->config.client.names, m->wanted, m->count, 1, &err);

	if (set && m->shown && delta_exact(m->shown, set, &delta) < 0) {
		vrp_err_nomem(&err);
		vrpset_unref(set);
		set = NULL;
	}
	if (!set) {
		warn(m, err.msg);
		return;
	}
	for (size_t i = 0; i < m->count; i++) {
		vrpset_unref(m->used[i]);
		m->used[i] = m->wanted[i] ? vrpset_ref(m->wanted[i]) : NULL;
	}
	if (!m->shown || delta_count(&delta))
		report(m, cause, set, m->shown ? &delta : NULL);
	delta_release(&delta);
	vrpset_unref(m->shown);
	m->shown = set;
}

static void
publish(struct rtr_manager *m, size_t before)
{
	bool changed = false;

	for (size_t i = 0; i < m->count; i++) {
		struct cache *c = &m->caches[i];

		m->wanted[i] = m->in_use != NONE && c->group == m->in_use && c->running ? rtr_client_set(c->client) : NULL;
		changed |= m->wanted[i] != m->used[i];
	}
	if (m->in_use == NONE ? !m->shown || !changed : !changed)
		return;
	show(m, !m->shown ? RTR_CAUSE_FIRST :
		m->in_use == NONE ? RTR_CAUSE_WITHDRAWN :
		m->in_use != before ? RTR_CAUSE_SWITCH : RTR_CAUSE_UPDATE);
}

static void
settle(struct rtr_manager *m)
{
	size_t before = m->in_use, chosen;

	if (!m->running)
		return;
	for (size_t i = 0; i < m->group_count; i++)
		judge_group(m, i);
	chosen = choose_group(m);
	if (chosen == NONE && m->in_use != NONE && may_hold(m)) {
		run_groups(m);
		return;
	}
	m->held_until = NEVER;
	m->in_use = chosen;
	publish(m, before);
	run_groups(m);
}

/* ---- the interface */

static int
by_preference(const void *a, const void *b)
{
	const struct group *x = a, *y = b;

	return (x->preference > y->preference) - (x->preference < y->preference);
}

/* One group for each preference, and for each cache which it is in. */
static void
make_groups(struct rtr_manager *m)
{
	for (size_t i = 0; i < m->count; i++) {
		size_t k = 0;

		while (k < m->group_count && m->groups[k].preference != m->caches[i].preference)
			k++;
		if (k == m->group_count)
			m->groups[m->group_count++] = (struct group){
				.preference = m->caches[i].preference, .grace_ends = NEVER, .patience_ends = NEVER};
	}
	qsort(m->groups, m->group_count, sizeof(*m->groups), by_preference);
	for (size_t i = 0; i < m->count; i++)
		while (m->groups[m->caches[i].group].preference != m->caches[i].preference)
			m->caches[i].group++;
}

static int
make_caches(struct rtr_manager *m, const uint8_t *preferences, size_t count)
{
	struct rtr_client_config client = m->config.client;

	client.ops = m->config.ops->pdu ? &traced_client_ops : &client_ops;
	for (; m->count < count; m->count++) {
		struct cache *c = &m->caches[m->count];

		c->manager = m;
		c->preference = preferences[m->count];
		c->updated = -1;
		client.ctx = c;
		c->client = rtr_client_new(&client);
		if (!c->client)
			return -1;
	}
	return 0;
}

struct rtr_manager *
rtr_manager_new(const struct rtr_manager_config *config, const uint8_t *preferences, size_t count)
{
	struct rtr_manager *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->config = *config;
	names_ref(config->client.names);
	m->in_use = NONE;
	m->held_until = NEVER;
	m->caches = calloc(count + 1, sizeof(*m->caches));
	m->groups = calloc(count + 1, sizeof(*m->groups));
	m->used = calloc(count + 1, sizeof(struct vrpset *));
	m->wanted = calloc(count + 1, sizeof(struct vrpset *));
	m->contributors = calloc(count + 1, sizeof(*m->contributors));
	if (!m->caches || !m->groups || !m->used || !m->wanted || !m->contributors ||
	    make_caches(m, preferences, count) < 0) {
		rtr_manager_free(m);
		return NULL;
	}
	make_groups(m);
	return m;
}

void
rtr_manager_free(struct rtr_manager *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < m->count; i++) {
		rtr_client_free(m->caches[i].client);
		vrpset_unref(m->used[i]);
	}
	vrpset_unref(m->shown);
	names_unref(m->config.client.names);
	free(m->caches);
	free(m->groups);
	free(m->used);
	free(m->wanted);
	free(m->contributors);
	free(m);
}

void
rtr_manager_start(struct rtr_manager *m, int64_t now)
{
	m->now = now;
	m->running = true;
	settle(m);
}

void
rtr_manager_stop(struct rtr_manager *m, int64_t now)
{
	m->now = now;
	m->running = false;
	m->in_use = NONE;
	m->held_until = NEVER;
	for (size_t i = 0; i < m->count; i++) {
		vrpset_unref(m->used[i]);
		m->used[i] = NULL;
	}
	for (size_t i = 0; i < m->group_count; i++)
		stop_group(m, i, "stopped");
}

enum rtr_client_need
rtr_manager_need(const struct rtr_manager *m, size_t cache)
{
	const struct cache *c = &m->caches[cache];

	/* One that was never started is no client in CONNECTING yet. */
	if (!c->running && rtr_client_state(c->client) != RTR_CLIENT_SHUTDOWN)
		return RTR_NEED_NOTHING;
	return rtr_client_need(c->client);
}

struct buf *
rtr_manager_output(struct rtr_manager *m, size_t cache)
{
	return rtr_client_output(m->caches[cache].client);
}

void
rtr_manager_connected(struct rtr_manager *m, size_t cache, int64_t now)
{
	m->now = now;
	rtr_client_connected(m->caches[cache].client, now);
	settle(m);
}

void
rtr_manager_receive(struct rtr_manager *m, size_t cache, int64_t now, const void *data, size_t len)
{
	m->now = now;
	rtr_client_receive(m->caches[cache].client, now, data, len);
	settle(m);
}

void
rtr_manager_refused(struct rtr_manager *m, size_t cache)
{
	rtr_client_refused(m->caches[cache].client);
}

void
rtr_manager_closed(struct rtr_manager *m, size_t cache, int64_t now, const char *reason)
{
	m->now = now;
	rtr_client_closed(m->caches[cache].client, now, reason);
	settle(m);
}

int64_t
rtr_manager_deadline(const struct rtr_manager *m)
{
	int64_t due = m->held_until;

	for (size_t i = 0; i < m->count; i++) {
		int64_t t = m->caches[i].running ? rtr_client_deadline(m->caches[i].client) : NEVER;

		due = t < due ? t : due;
	}
	for (size_t i = 0; i < m->group_count; i++) {
		const struct group *g = &m->groups[i];
		int64_t t = NEVER;

		if (g->running && g->grace_ends != NEVER && !is_ready(m, i))
			t = g->grace_ends;
		else if (g->running && g->grace_ends == NEVER && !g->failing)
			t = g->patience_ends;
		due = t < due ? t : due;
	}
	return due;
}

void
rtr_manager_tick(struct rtr_manager *m, int64_t now)
{
	m->now = now;
	for (size_t i = 0; i < m->count; i++)
		if (m->caches[i].running)
			rtr_client_tick(m->caches[i].client, now);
	settle(m);
}

void
rtr_manager_hurry(struct rtr_manager *m, int64_t now)
{
	for (size_t i = 0; i < m->count; i++)
		if (m->caches[i].running)
			rtr_client_hurry(m->caches[i].client, now);
}

size_t
rtr_manager_count(const struct rtr_manager *m)
{
	return m->count;
}

struct rtr_manager_cache
rtr_manager_cache(const struct rtr_manager *m, size_t cache)
{
	const struct cache *c = &m->caches[cache];

	return (struct rtr_manager_cache){
		.preference = c->preference,
		.running = c->running,
		.in_sync = c->in_sync,
		.state = rtr_client_state(c->client),
		.reason = rtr_client_reason(c->client),
		.version = rtr_client_version(c->client),
		.timers = rtr_client_timers(c->client),
		.receiving = rtr_client_records(c->client),
		.set = rtr_client_set(c->client),
		.session = c->session,
		.serial = c->serial,
		.updated = c->updated,
	};
}

enum rtr_group_state
rtr_manager_group(const struct rtr_manager *m, uint8_t preference)
{
	for (size_t i = 0; i < m->group_count; i++)
		if (m->groups[i].preference == preference)
			return m->groups[i].state;
	return RTR_GROUP_CLOSED;
}

int
rtr_manager_in_use(const struct rtr_manager *m)
{
	return m->in_use == NONE ? -1 : m->groups[m->in_use].preference;
}

bool
rtr_manager_in_sync(const struct rtr_manager *m)
{
	return m->in_use != NONE && m->groups[m->in_use].grace_ends != NEVER;
}

struct vrpset *
rtr_manager_set(const struct rtr_manager *m)
{
	return m->shown;
}
