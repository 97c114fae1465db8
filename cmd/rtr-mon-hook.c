/* SPDX-License-Identifier: ISC */
/*
 * --on-change: what happened is told to the user's command, one event after the
 * other, on a thread that waits for it.  What happens meanwhile is kept as the state
 * to be told, not as a list, so that a slow command is told the net change next.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "delta.h"
#include "hook.h"
#include "rtr-mon.h"
#include "stream.h"
#include "thread.h"

const char *const mon_hook_results[MON_HOOK_RESULTS] = {
	[MON_HOOK_OK] = "ok",
	[MON_HOOK_FAILED] = "failed",
	[MON_HOOK_TIMEOUT] = "timeout",
	[MON_HOOK_ERROR] = "error",
};

struct hooked {
	struct vrpset *told;	/* the table that the command knows of, NULL before the first */
	struct vrpset *now;
	struct source_meta meta;
};

/* Of two sources. */
struct hooked_pair {
	bool told, now;		/* differ */
};

struct mon_hook {
	const struct options *options;
	const struct log *log;
	struct hook *hook;
	pthread_t thread;
	bool started;

	pthread_mutex_t lock;	/* of all that follows */
	pthread_cond_t changed;
	bool stopping;
	size_t turn;		/* the source that is looked at first, so that none is forgotten for another */
	struct hooked *sources;
	struct hooked_pair *pairs;
	uint64_t runs[MON_HOOK_RESULTS];
};

/* What the command is told next; references are its own. */
struct event {
	size_t a, b;		/* of a change both are the source */
	bool is_pair, differ;
	struct vrpset *from, *to;
	struct source_meta meta;
};

/* ---- what is to be told; under the lock */

static bool
next_change(struct mon_hook *h, struct event *e)
{
	size_t count = h->options->source_count;

	for (size_t i = 0; i < count; i++) {
		size_t source = (h->turn + i) % count;
		struct hooked *s = &h->sources[source];

		if (s->told == s->now)
			continue;
		*e = (struct event){.a = source, .b = source, .from = s->told, .to = vrpset_ref(s->now), .meta = s->meta};
		s->told = vrpset_ref(s->now);
		h->turn = source + 1;
		return true;
	}
	return false;
}

static bool
next_pair(struct mon_hook *h, struct event *e)
{
	size_t count = h->options->source_count;

	for (size_t i = 0; i < count * count; i++) {
		struct hooked_pair *pair = &h->pairs[i];
		size_t a = i / count, b = i % count;

		if (pair->told == pair->now)
			continue;
		pair->told = pair->now;
		*e = (struct event){.a = a, .b = b, .is_pair = true, .differ = pair->now, .meta = h->sources[b].meta,
				    .from = vrpset_ref(h->sources[a].now), .to = vrpset_ref(h->sources[b].now)};
		return true;
	}
	return false;
}

/* ---- telling it */

static int
write_env(const struct mon_hook *h, const struct event *e, const struct delta *delta, struct buf *env)
{
	const struct mon_source *a = &h->options->sources[e->a], *b = &h->options->sources[e->b];
	size_t gone = vrpset_count(delta->withdrawn), come = vrpset_count(delta->announced);
	int rc;

	if (e->is_pair)
		rc = buf_addf(env, "VRP_EVENT=%s%cVRP_LHS=%s%cVRP_RHS=%s%cVRP_LHS_URL=%s%cVRP_RHS_URL=%s%cVRP_LHS_ONLY=%zu%c"
			      "VRP_RHS_ONLY=%zu%c", e->differ ? "differ" : "agree", 0, a->name, 0, b->name, 0, a->url, 0, b->url, 0,
			      gone, 0, come, 0);
	else
		rc = buf_addf(env, "VRP_EVENT=change%cVRP_SOURCE=%s%cVRP_URL=%s%cVRP_RECORDS=%zu%cVRP_WITHDRAWN=%zu%c"
			      "VRP_ANNOUNCED=%zu%c", 0, a->name, 0, a->url, 0, vrpset_count(e->to), 0, gone, 0, come, 0);
	if (rc == 0 && !e->is_pair && e->meta.attrs.serial >= 0)
		rc = buf_addf(env, "VRP_SERIAL=%lld%c", (long long)e->meta.attrs.serial, 0);
	if (rc == 0 && !e->is_pair && e->meta.attrs.session >= 0)
		rc = buf_addf(env, "VRP_SESSION=%d%c", (int)e->meta.attrs.session, 0);
	return rc;
}

static int
write_input(const struct mon_hook *h, const struct event *e, const struct delta *delta, struct buf *input)
{
	struct block_attrs attrs = e->meta.attrs;
	struct blob *text;
	struct out out;
	int rc;

	attrs.source = h->options->sources[e->b].url;
	out_init_blob(&out, SIZE_MAX);
	stream_write_delta(&out, &attrs, delta);
	text = out_take_blob(&out);
	rc = text ? buf_add(input, text->data, text->len) : -1;
	blob_unref(text);
	out_release(&out);
	return rc;
}

static enum mon_hook_result
judge(const struct mon_hook *h, const struct event *e, const struct hook_result *r)
{
	const char *name = h->options->sources[e->a].name;

	switch (r->end) {
	case HOOK_EXITED:
		if (r->status == 0) {
			log_line(h->log, LOG_LEVEL_DEBUG, "%s: the hook is done", name);
			return MON_HOOK_OK;
		}
		log_line(h->log, LOG_LEVEL_WARNING, "%s: the hook failed with exit status %d", name, r->status);
		return MON_HOOK_FAILED;
	case HOOK_KILLED:
		log_line(h->log, LOG_LEVEL_WARNING, "%s: the hook was ended by signal %d", name, r->status);
		return MON_HOOK_FAILED;
	case HOOK_TIMED_OUT:
		log_line(h->log, LOG_LEVEL_WARNING, "%s: the hook took longer than %u s and was ended", name,
			 h->options->hook_timeout);
		return MON_HOOK_TIMEOUT;
	case HOOK_NOT_RUN:
		log_line(h->log, LOG_LEVEL_ERROR, "%s: the hook cannot be run: %s", name, strerror(r->status));
		break;
	}
	return MON_HOOK_ERROR;
}

/* Without the lock. */
static enum mon_hook_result
run_event(const struct mon_hook *h, const struct event *e, const struct delta *delta)
{
	struct hook_job job = {.env = BUF_INIT, .input = BUF_INIT, .timeout = h->options->hook_timeout};
	enum mon_hook_result result = MON_HOOK_ERROR;
	struct hook_result r;
	struct vrp_err err;

	vrp_err_nomem(&err);
	if (write_env(h, e, delta, &job.env) == 0 && write_input(h, e, delta, &job.input) == 0 &&
	    hook_run(h->hook, &job, &r, &err) == 0)
		result = judge(h, e, &r);
	else
		log_line(h->log, LOG_LEVEL_ERROR, "the hook cannot be run: %s", err.msg);
	buf_release(&job.env);
	buf_release(&job.input);
	return result;
}

/* With the lock, which it gives back for a while.  A change that is none any longer is not told. */
static void
tell_event(struct mon_hook *h, struct event *e)
{
	struct delta delta = DELTA_INIT;
	enum mon_hook_result result = MON_HOOK_ERROR;
	bool nothing = false, counted = true;

	pthread_mutex_unlock(&h->lock);
	if (delta_between(e->from, e->to, &delta) < 0)
		log_line(h->log, LOG_LEVEL_ERROR, "the hook cannot be run: out of memory");
	else if (!e->is_pair && delta_count(&delta) == 0)
		nothing = true;
	else
		result = run_event(h, e, &delta);
	delta_release(&delta);
	vrpset_unref(e->from);
	vrpset_unref(e->to);
	pthread_mutex_lock(&h->lock);
	counted = !nothing && !h->stopping;
	h->runs[result] += counted;
}

static void *
run(void *ctx)
{
	struct mon_hook *h = ctx;
	struct event e;

	pthread_mutex_lock(&h->lock);
	while (!h->stopping) {
		if (next_change(h, &e) || next_pair(h, &e))
			tell_event(h, &e);
		else
			pthread_cond_wait(&h->changed, &h->lock);
	}
	pthread_mutex_unlock(&h->lock);
	return NULL;
}

/* ---- from the thread that compares */

void
mon_hook_table(struct mon_hook *h, size_t source, struct vrpset *set, const struct source_meta *meta)
{
	struct hooked *s = &h->sources[source];

	pthread_mutex_lock(&h->lock);
	vrpset_unref(s->now);
	s->now = vrpset_ref(set);
	s->meta = *meta;
	if (!s->told)
		s->told = vrpset_ref(set);
	pthread_cond_signal(&h->changed);
	pthread_mutex_unlock(&h->lock);
}

void
mon_hook_pair(struct mon_hook *h, size_t a, size_t b, bool differ)
{
	pthread_mutex_lock(&h->lock);
	h->pairs[a * h->options->source_count + b].now = differ;
	pthread_cond_signal(&h->changed);
	pthread_mutex_unlock(&h->lock);
}

void
mon_hook_runs(struct mon_hook *h, uint64_t runs[MON_HOOK_RESULTS])
{
	pthread_mutex_lock(&h->lock);
	memcpy(runs, h->runs, sizeof(h->runs));
	pthread_mutex_unlock(&h->lock);
}

/* ---- beginning and end */

struct mon_hook *
mon_hook_new(const struct options *o, const struct log *log, struct vrp_err *err)
{
	struct mon_hook *h = calloc(1, sizeof(*h));

	if (!h) {
		vrp_err_nomem(err);
		return NULL;
	}
	h->options = o;
	h->log = log;
	pthread_mutex_init(&h->lock, NULL);
	pthread_cond_init(&h->changed, NULL);
	h->sources = calloc(o->source_count, sizeof(*h->sources));
	h->pairs = calloc(o->source_count * o->source_count, sizeof(*h->pairs));
	if (!h->sources || !h->pairs)
		vrp_err_nomem(err);
	else
		h->hook = hook_start(o->hook, err);
	if (h->hook)
		return h;
	mon_hook_stop(h);
	return NULL;
}

int
mon_hook_start(struct mon_hook *h, struct vrp_err *err)
{
	int error = thread_start(&h->thread, NULL, run, h);

	if (error)
		return vrp_err_set(err, "cannot start a thread: %s", strerror(error));
	h->started = true;
	return 0;
}

void
mon_hook_stop(struct mon_hook *h)
{
	if (!h)
		return;
	pthread_mutex_lock(&h->lock);
	h->stopping = true;
	pthread_cond_signal(&h->changed);
	pthread_mutex_unlock(&h->lock);
	if (h->hook)
		hook_cancel(h->hook);
	if (h->started)
		pthread_join(h->thread, NULL);
	hook_stop(h->hook);
	for (size_t i = 0; h->sources && i < h->options->source_count; i++) {
		vrpset_unref(h->sources[i].told);
		vrpset_unref(h->sources[i].now);
	}
	pthread_cond_destroy(&h->changed);
	pthread_mutex_destroy(&h->lock);
	free(h->sources);
	free(h->pairs);
	free(h);
}
