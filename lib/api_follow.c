/* SPDX-License-Identifier: ISC */
/*
 * The client's thread.  A new table becomes a view beside the old one, with its index;
 * then, under the lock, the one pointer changes; then the callbacks are told.  So who
 * asks for the view waits for a pointer at most, and who holds one for nothing.
 */
#include <stdlib.h>
#include <time.h>

#include "api.h"
#include "api_client.h"
#include "delta.h"

/* ---- what others see of the caches */

static enum vrp_cache_state
public_state(enum rtr_client_state state)
{
	static const enum vrp_cache_state states[] = {
		[RTR_CLIENT_CONNECTING] = VRP_CACHE_CONNECTING,
		[RTR_CLIENT_RESET] = VRP_CACHE_RESET,
		[RTR_CLIENT_SYNC] = VRP_CACHE_SYNC,
		[RTR_CLIENT_ESTABLISHED] = VRP_CACHE_ESTABLISHED,
		[RTR_CLIENT_FAST_RECONNECT] = VRP_CACHE_FAST_RECONNECT,
		[RTR_CLIENT_NO_DATA] = VRP_CACHE_NO_DATA,
		[RTR_CLIENT_NO_INCREMENTAL] = VRP_CACHE_NO_INCREMENTAL,
		[RTR_CLIENT_FATAL] = VRP_CACHE_FATAL,
		[RTR_CLIENT_TRANSPORT] = VRP_CACHE_TRANSPORT,
		[RTR_CLIENT_SHUTDOWN] = VRP_CACHE_SHUTDOWN,
	};

	return states[state];
}

const char *
vrp_cache_state_name(int state)
{
	for (int i = RTR_CLIENT_CONNECTING; i <= RTR_CLIENT_SHUTDOWN; i++)
		if ((int)public_state((enum rtr_client_state)i) == state)
			return rtr_client_state_name((enum rtr_client_state)i);
	return "unknown";
}

const char *
vrp_group_state_name(int state)
{
	static_assert((int)VRP_GROUP_CLOSED == (int)RTR_GROUP_CLOSED &&
			      (int)VRP_GROUP_CONNECTING == (int)RTR_GROUP_CONNECTING &&
			      (int)VRP_GROUP_ESTABLISHED == (int)RTR_GROUP_ESTABLISHED &&
			      (int)VRP_GROUP_ERROR == (int)RTR_GROUP_ERROR,
		      "states differ");
	return rtr_group_state_name((enum rtr_group_state)state);
}

/* Write down what is known of a cache; the lock is held. */
static void
note_cache(struct vrp_client *c, size_t i, enum rtr_client_state state, const char *reason)
{
	struct rtr_manager_cache cache = rtr_manager_cache(c->manager, i);
	struct vrp_cache_status *s = &c->caches[i].status;

	s->state = (uint8_t)public_state(cache.running ? state : RTR_CLIENT_SHUTDOWN);
	s->in_sync = cache.in_sync;
	s->version = cache.version;
	s->session = cache.set ? cache.session : -1;
	s->serial = cache.serial;
	s->refresh = cache.timers.refresh;
	s->retry = cache.timers.retry;
	s->expire = cache.timers.expire;
	s->records = cache.set ? vrpset_count(cache.set) : 0;
	s->receiving = cache.receiving;
	snprintf(s->reason, sizeof(s->reason), "%s", reason ? reason : "");
	if (cache.updated != c->caches[i].updated) {
		c->caches[i].updated = cache.updated;
		s->updated = (int64_t)time(NULL) - (transport_now() - cache.updated) / 1000;
	}
}

/* The same for all, after each step. */
static void
note_all(struct vrp_client *c)
{
	bool in_sync = rtr_manager_in_sync(c->manager) && !c->owed;

	pthread_mutex_lock(&c->lock);
	for (size_t i = 0; i < c->count; i++) {
		struct rtr_manager_cache cache = rtr_manager_cache(c->manager, i);

		note_cache(c, i, cache.state, cache.reason);
	}
	c->in_use = rtr_manager_in_use(c->manager);
	if (in_sync != c->in_sync) {
		c->in_sync = in_sync;
		pthread_cond_broadcast(&c->changed);
	}
	pthread_mutex_unlock(&c->lock);
}

/* ---- a new table */

static struct vrp_changes
changes_of(const struct vrpset *set)
{
	struct vrp_changes ch;

	ch.records = api_records(set, &ch.record_count);
	ch.router_keys = api_router_keys(set, &ch.router_key_count);
	ch.aspas = api_aspas(set, &ch.aspa_count);
	return ch;
}

static void
tell_records(const struct api_callbacks *on, const struct vrp_changes *ch, int added)
{
	for (size_t i = 0; on->record.fn && i < ch->record_count; i++)
		on->record.fn(on->record.ctx, &ch->records[i], added);
}

static void
tell_others(const struct api_callbacks *on, const struct vrp_changes *ch, int added)
{
	for (size_t i = 0; on->router_key.fn && i < ch->router_key_count; i++)
		on->router_key.fn(on->router_key.ctx, &ch->router_keys[i], added);
	for (size_t i = 0; on->aspa.fn && i < ch->aspa_count; i++)
		on->aspa.fn(on->aspa.ctx, &ch->aspas[i], added);
}

/* Records one by one, in the order that the header promises, and then the whole. */
static void
tell(struct vrp_client *c, struct vrp_update *u, const struct delta *delta)
{
	u->removed = changes_of(delta->withdrawn);
	u->added = changes_of(delta->announced);
	tell_records(&c->on, &u->added, 1);
	tell_records(&c->on, &u->removed, 0);
	tell_others(&c->on, &u->removed, 0);
	tell_others(&c->on, &u->added, 1);
	if (c->on.update.fn)
		c->on.update.fn(c->on.update.ctx, u);
}

static bool
anybody_listens(const struct api_callbacks *on)
{
	return on->update.fn || on->record.fn || on->router_key.fn || on->aspa.fn;
}

/* What leads from one set to the other; where one of them is empty it is the other, without a copy. */
static int
changes_between(struct vrpset *from, struct vrpset *to, struct delta *out)
{
	if (vrpset_count(from) && vrpset_count(to))
		return delta_exact(from, to, out);
	out->withdrawn = vrpset_ref(from);
	out->announced = vrpset_ref(to);
	return 0;
}

/* With the tables of the caches that it was made of, of which the group in use has them. */
static struct vrp_view *
make_view(struct vrp_client *c, struct vrpset *set)
{
	struct api_source *sources = calloc(c->count, sizeof(*sources));
	struct vrp_view *view;
	size_t n = 0;

	if (!sources)
		return NULL;
	for (size_t i = 0; i < c->count; i++) {
		struct rtr_manager_cache cache = rtr_manager_cache(c->manager, i);

		if (cache.running && cache.set && cache.preference == rtr_manager_in_use(c->manager))
			sources[n++] = (struct api_source){(unsigned)i, cache.set};
	}
	view = api_view_new(set, vrp_view_number(c->view) + 1, sources, n, NULL);
	free(sources);
	return view;
}

/*
 * delta is what leads from the view to set, NULL where nobody listens.  -1 when
 * memory is out, and nothing has changed.
 */
static int
show(struct vrp_client *c, struct vrpset *set, const struct delta *delta, int cause)
{
	struct vrp_view *before = c->view, *view = make_view(c, set);
	struct vrp_update u = {.before = before, .view = view, .cause = cause};

	if (!view)
		return -1;
	pthread_mutex_lock(&c->lock);
	c->view = view;
	c->in_use = u.preference = rtr_manager_in_use(c->manager);
	pthread_mutex_unlock(&c->lock);
	if (delta)
		tell(c, &u, delta);
	vrp_view_unref(before);
	return 0;
}

/* The same without a delta. */
static int
show_set(struct vrp_client *c, struct vrpset *set, int cause)
{
	struct delta delta = DELTA_INIT;
	int rc;

	if (!anybody_listens(&c->on))
		return show(c, set, NULL, cause);
	if (changes_between(api_view_set(c->view), set, &delta) < 0)
		return -1;
	rc = show(c, set, &delta, cause);
	delta_release(&delta);
	return rc;
}

/* ---- what the manager reports */

static int
public_cause(enum rtr_manager_cause cause)
{
	static_assert((int)VRP_CAUSE_FIRST == (int)RTR_CAUSE_FIRST && (int)VRP_CAUSE_UPDATE == (int)RTR_CAUSE_UPDATE &&
			      (int)VRP_CAUSE_SWITCH == (int)RTR_CAUSE_SWITCH &&
			      (int)VRP_CAUSE_WITHDRAWN == (int)RTR_CAUSE_WITHDRAWN,
		      "causes differ");
	return (int)cause;
}

static void
on_table(void *ctx, const struct rtr_manager_update *u)
{
	struct vrp_client *c = ctx;
	int cause = c->owed ? c->owed_cause : public_cause(u->cause);
	int rc;

	if (u->delta && u->old == api_view_set(c->view))
		rc = show(c, u->set, u->delta, cause);
	else
		rc = show_set(c, u->set, cause);
	c->owed = rc < 0;
	c->owed_cause = cause;
}

/* Memory was out; perhaps there is some now. */
static void
show_owed(struct vrp_client *c)
{
	if (c->owed && show_set(c, rtr_manager_set(c->manager), c->owed_cause) == 0)
		c->owed = false;
}

static void
on_cache(void *ctx, size_t cache, enum rtr_client_state from, enum rtr_client_state to, const char *reason)
{
	struct vrp_client *c = ctx;
	struct vrp_cache_status status;

	(void)from;
	pthread_mutex_lock(&c->lock);
	note_cache(c, cache, to, reason);
	status = c->caches[cache].status;
	pthread_mutex_unlock(&c->lock);
	if (c->on.cache.fn)
		c->on.cache.fn(c->on.cache.ctx, (unsigned)cache, &status);
}

static void
on_group(void *ctx, uint8_t preference, enum rtr_group_state from, enum rtr_group_state to, const char *reason)
{
	struct vrp_client *c = ctx;

	(void)from;
	pthread_mutex_lock(&c->lock);
	c->groups[preference] = (uint8_t)to;
	pthread_mutex_unlock(&c->lock);
	if (c->on.group.fn)
		c->on.group.fn(c->on.group.ctx, preference, (enum vrp_group_state)to, reason);
}

static void
on_warning(void *ctx, size_t cache, const char *text)
{
	struct vrp_client *c = ctx;

	if (c->on.warning.fn)
		c->on.warning.fn(c->on.warning.ctx, (unsigned)cache, text);
}

static const struct rtr_manager_ops manager_ops = {
	.table = on_table,
	.cache = on_cache,
	.group = on_group,
	.warning = on_warning,
};

/* ---- the thread */

/* An empty table where it isn't. */
static void
empty(struct vrp_client *c)
{
	struct vrpset *set;

	if (vrpset_count(api_view_set(c->view)) == 0)
		return;
	set = vrpset_empty(c->names);
	if (set)
		(void)show_set(c, set, VRP_CAUSE_EMPTIED);
	vrpset_unref(set);
}

void *
api_follow(void *client)
{
	struct vrp_client *c = client;
	int rc = 0;

	pthread_mutex_lock(&c->lock);
	c->self = pthread_self();
	c->has_self = true;
	pthread_mutex_unlock(&c->lock);
	empty(c);
	rtr_manager_start(c->manager, transport_now());
	while (!atomic_load(&c->stop) && rc == 0) {
		note_all(c);
		rc = rtr_link_step(c->link, NULL, 0, NULL);
		show_owed(c);
	}
	rtr_manager_stop(c->manager, transport_now());
	if (c->purge || rc < 0)
		empty(c);
	note_all(c);
	pthread_mutex_lock(&c->lock);
	c->running = c->has_self = false;
	c->failed = rc < 0;
	pthread_cond_broadcast(&c->changed);
	pthread_mutex_unlock(&c->lock);
	return NULL;
}

/* The manager and the link have copies of what is in these arrays. */
static int
make(struct vrp_client *c, uint8_t *preferences, struct endpoint *endpoints, struct vrp_err *err)
{
	if (!preferences || !endpoints)
		return vrp_err_nomem(err);
	for (size_t i = 0; i < c->count; i++) {
		preferences[i] = c->caches[i].preference;
		endpoints[i] = c->caches[i].to;
		c->caches[i].updated = -1;
	}
	c->manager = rtr_manager_new(&c->config, preferences, c->count);
	if (!c->manager)
		return vrp_err_nomem(err);
	c->link = rtr_link_new(c->manager, endpoints, c->connect_timeout, err);
	if (c->link)
		return 0;
	api_follow_release(c);
	return -1;
}

int
api_follow_prepare(struct vrp_client *c, struct vrp_err *err)
{
	uint8_t *preferences = calloc(c->count, sizeof(*preferences));
	struct endpoint *endpoints = calloc(c->count, sizeof(*endpoints));
	int rc;

	c->config.client.names = c->names;
	c->config.client.fixed = c->fixed ? c->config.client.timers : (struct rtr_timers){0};
	c->config.ops = &manager_ops;
	c->config.ctx = c;
	c->owed = false;
	rc = make(c, preferences, endpoints, err);
	free(preferences);
	free(endpoints);
	return rc;
}

void
api_follow_release(struct vrp_client *c)
{
	rtr_link_free(c->link);
	rtr_manager_free(c->manager);
	c->link = NULL;
	c->manager = NULL;
}
