/* SPDX-License-Identifier: ISC */
#include "api_client.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "api.h"
#include "names.h"
#include "thread.h"

/* Ranges of RFC 8210 section 6, and others that keep sums of milliseconds far from any end. */
#define MS_MAX INT64_C(1000000000)

struct range {
	int64_t min;
	int64_t max;
};

static const struct range option_ranges[] = {
	[VRP_OPT_REFRESH] = {1, 86400},
	[VRP_OPT_RETRY] = {1, 7200},
	[VRP_OPT_EXPIRE] = {600, 172800},
	[VRP_OPT_FIXED] = {0, 1},
	[VRP_OPT_MAX_VERSION] = {0, RTR_VERSION_MAX},
	[VRP_OPT_MIN_VERSION] = {0, RTR_VERSION_MAX},
	[VRP_OPT_CONNECT_TIMEOUT] = {1, MS_MAX},
	[VRP_OPT_IDLE_TIMEOUT] = {1, MS_MAX},
	[VRP_OPT_GRACE] = {0, MS_MAX},
	[VRP_OPT_PATIENCE] = {0, MS_MAX},
	[VRP_OPT_MAX_RECORDS] = {1, UINT32_MAX},
	[VRP_OPT_PURGE] = {0, 1},
};

/* ---- before the start */

static void
init_lock(struct vrp_client *c)
{
	pthread_condattr_t attr;

	pthread_mutex_init(&c->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&c->changed, &attr);
	pthread_condattr_destroy(&attr);
}

struct vrp_client *
vrp_client_new(void)
{
	struct vrp_client *c = calloc(1, sizeof(*c));
	struct vrpset *empty = NULL;

	if (!c)
		return NULL;
	c->config = (struct rtr_manager_config)RTR_MANAGER_CONFIG_DEFAULT;
	c->connect_timeout = 30000;
	c->in_use = -1;
	atomic_init(&c->stop, false);
	c->names = names_new();
	empty = c->names ? vrpset_empty(c->names) : NULL;
	c->view = empty ? api_view_new(empty, 0, NULL, 0, NULL) : NULL;
	vrpset_unref(empty);
	if (!c->view) {
		names_unref(c->names);
		free(c);
		return NULL;
	}
	init_lock(c);
	return c;
}

void
vrp_client_free(struct vrp_client *client)
{
	if (!client)
		return;
	vrp_client_stop(client);
	vrp_view_unref(client->view);
	names_unref(client->names);
	free(client->caches);
	pthread_mutex_destroy(&client->lock);
	pthread_cond_destroy(&client->changed);
	free(client);
}

/* Of a cache that was never started. */
static struct vrp_cache_status
new_status(const struct vrp_client *c, const struct endpoint *ep, unsigned preference)
{
	struct vrp_cache_status s = {
		.reason = "not started",
		.preference = (uint8_t)preference,
		.state = VRP_CACHE_SHUTDOWN,
		.version = c->config.client.version,
		.session = -1,
	};

	static_assert(sizeof(s.url) >= ENDPOINT_TEXT_MAX, "no room for the longest endpoint");
	endpoint_format(ep, s.url);
	return s;
}

int
vrp_client_add_cache(struct vrp_client *client, const char *url, unsigned preference, struct vrp_error *err)
{
	struct vrp_err why = {0};
	struct api_cache *caches;
	struct endpoint ep;
	int rc = -1;

	if (client->started)
		return api_fail(err, VRP_INVALID, "the client runs");
	if (preference > UINT8_MAX)
		return api_fail(err, VRP_INVALID, "preference is not a number from 0 to 255");
	if (endpoint_parse(url, &transports_tcp, &ep, &why) < 0)
		return api_fail_err(err, VRP_INVALID, NULL, &why);
	pthread_mutex_lock(&client->lock);
	caches = reallocarray(client->caches, client->count + 1, sizeof(*caches));
	if (caches) {
		caches[client->count] = (struct api_cache){
			.to = ep, .preference = (uint8_t)preference, .status = new_status(client, &ep, preference)};
		client->caches = caches;
		rc = (int)client->count++;
	}
	pthread_mutex_unlock(&client->lock);
	return rc < 0 ? api_nomem(err) : rc;
}

int
vrp_client_set(struct vrp_client *client, enum vrp_option option, int64_t value)
{
	struct rtr_client_config *rtr = &client->config.client;

	if (client->started || (size_t)option >= ARRAY_LEN(option_ranges) || value < option_ranges[option].min ||
	    value > option_ranges[option].max)
		return VRP_INVALID;
	switch (option) {
	case VRP_OPT_REFRESH:
		rtr->timers.refresh = (uint32_t)value;
		break;
	case VRP_OPT_RETRY:
		rtr->timers.retry = (uint32_t)value;
		break;
	case VRP_OPT_EXPIRE:
		rtr->timers.expire = (uint32_t)value;
		break;
	case VRP_OPT_FIXED:
		client->fixed = value;
		break;
	case VRP_OPT_MAX_VERSION:
		rtr->version = (uint8_t)value;
		break;
	case VRP_OPT_MIN_VERSION:
		rtr->min_version = (uint8_t)value;
		break;
	case VRP_OPT_CONNECT_TIMEOUT:
		client->connect_timeout = value;
		break;
	case VRP_OPT_IDLE_TIMEOUT:
		rtr->idle_timeout = value;
		break;
	case VRP_OPT_GRACE:
		client->config.grace = value;
		break;
	case VRP_OPT_PATIENCE:
		client->config.patience = value;
		break;
	case VRP_OPT_MAX_RECORDS:
		rtr->max_records = (size_t)value;
		break;
	case VRP_OPT_PURGE:
		client->purge = value;
		break;
	}
	return VRP_OK;
}

#define SET_CALLBACK(name)                                                                                             \
	int vrp_client_on_##name(struct vrp_client *client, vrp_##name##_fn *fn, void *ctx)                            \
	{                                                                                                              \
		if (client->started)                                                                                   \
			return VRP_INVALID;                                                                            \
		client->on.name.fn = fn;                                                                               \
		client->on.name.ctx = ctx;                                                                             \
		return VRP_OK;                                                                                         \
	}

SET_CALLBACK(update)
SET_CALLBACK(record)
SET_CALLBACK(router_key)
SET_CALLBACK(aspa)
SET_CALLBACK(cache)
SET_CALLBACK(group)
SET_CALLBACK(warning)

/* ---- start and stop */

static bool
is_own_thread(struct vrp_client *c)
{
	bool own;

	pthread_mutex_lock(&c->lock);
	own = c->has_self && pthread_equal(c->self, pthread_self());
	pthread_mutex_unlock(&c->lock);
	return own;
}

static void
set_running(struct vrp_client *c, bool running)
{
	pthread_mutex_lock(&c->lock);
	c->running = running;
	c->failed = false;
	pthread_mutex_unlock(&c->lock);
}

int
vrp_client_start(struct vrp_client *client, struct vrp_error *err)
{
	struct vrp_err why = {0};
	int rc;

	if (client->started)
		return api_fail(err, VRP_INVALID, "the client runs");
	if (client->count == 0)
		return api_fail(err, VRP_INVALID, "no cache");
	if (client->config.client.min_version > client->config.client.version)
		return api_fail(err, VRP_INVALID, "the lowest version is above the highest");
	if (api_follow_prepare(client, &why) < 0)
		return api_fail_err(err, VRP_ERROR, NULL, &why);
	atomic_store(&client->stop, false);
	client->started = true;
	set_running(client, true);
	rc = thread_start(&client->thread, NULL, api_follow, client);
	if (rc == 0)
		return VRP_OK;
	set_running(client, false);
	client->started = false;
	api_follow_release(client);
	return api_fail(err, VRP_ERROR, "%s", strerror(rc));
}

int
vrp_client_stop(struct vrp_client *client)
{
	if (is_own_thread(client))
		return VRP_INVALID;
	if (!client->started)
		return VRP_OK;
	atomic_store(&client->stop, true);
	rtr_link_wake(client->link);
	pthread_join(client->thread, NULL);
	api_follow_release(client);
	client->started = false;
	return VRP_OK;
}

/* ---- to ask it */

static struct timespec
after(int64_t ms)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += (time_t)(ms / 1000);
	t.tv_nsec += (long)(ms % 1000) * 1000000;
	if (t.tv_nsec >= 1000000000) {
		t.tv_sec++;
		t.tv_nsec -= 1000000000;
	}
	return t;
}

int
vrp_client_wait(struct vrp_client *client, int64_t timeout)
{
	struct timespec until = after(timeout < 0 ? 0 : timeout);
	int rc = 0;

	if (is_own_thread(client))
		return VRP_INVALID;
	pthread_mutex_lock(&client->lock);
	while (client->running && !client->in_sync && rc == 0)
		rc = timeout < 0 ? pthread_cond_wait(&client->changed, &client->lock) :
				   pthread_cond_timedwait(&client->changed, &client->lock, &until);
	if (client->running)
		rc = client->in_sync ? VRP_OK : VRP_TIMEOUT;
	else
		rc = client->failed ? VRP_ERROR : VRP_INVALID;
	pthread_mutex_unlock(&client->lock);
	return rc;
}

int
vrp_client_in_sync(struct vrp_client *client)
{
	int in_sync;

	pthread_mutex_lock(&client->lock);
	in_sync = client->in_sync;
	pthread_mutex_unlock(&client->lock);
	return in_sync;
}

struct vrp_view *
vrp_client_view(struct vrp_client *client)
{
	struct vrp_view *view;

	pthread_mutex_lock(&client->lock);
	view = vrp_view_ref(client->view);
	pthread_mutex_unlock(&client->lock);
	return view;
}

size_t
vrp_client_cache_count(struct vrp_client *client)
{
	size_t count;

	pthread_mutex_lock(&client->lock);
	count = client->count;
	pthread_mutex_unlock(&client->lock);
	return count;
}

int
vrp_client_cache(struct vrp_client *client, unsigned cache, struct vrp_cache_status *status)
{
	int rc = VRP_NOT_FOUND;

	pthread_mutex_lock(&client->lock);
	if (cache < client->count) {
		*status = client->caches[cache].status;
		rc = VRP_OK;
	}
	pthread_mutex_unlock(&client->lock);
	return rc;
}

int
vrp_client_group(struct vrp_client *client, unsigned preference, enum vrp_group_state *state)
{
	int rc = VRP_NOT_FOUND;

	pthread_mutex_lock(&client->lock);
	for (size_t i = 0; i < client->count; i++)
		if (client->caches[i].preference == preference)
			rc = VRP_OK;
	if (rc == VRP_OK)
		*state = (enum vrp_group_state)client->groups[preference];
	pthread_mutex_unlock(&client->lock);
	return rc;
}

int
vrp_client_in_use(struct vrp_client *client)
{
	int in_use;

	pthread_mutex_lock(&client->lock);
	in_use = client->in_use;
	pthread_mutex_unlock(&client->lock);
	return in_use;
}
