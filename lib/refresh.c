/* SPDX-License-Identifier: ISC */
#include "refresh.h"

#include "stamp.h"

/* When one source may be asked. */
struct turn {
	int64_t due;		/* not before; 0 at once */
	unsigned failures;	/* in a row */
};

struct refresh {
	struct refresh_config config;
	size_t at;		/* the source that this pass has come to */
	size_t active;		/* the source that worked last; as many as there are sources: none */

	/* What is downstream. */
	struct vrpset *set;	/* NULL before the first table */
	size_t source;		/* that gave it */
	int64_t time;
	int64_t known;
	size_t named;		/* the source of the block that was written last */

	struct turn turns[];
};

struct refresh *
refresh_new(const struct refresh_config *config)
{
	struct refresh *r = calloc(1, sizeof(*r) + config->sources * sizeof(r->turns[0]));

	if (!r)
		return NULL;
	r->config = *config;
	r->active = r->source = r->named = config->sources;
	r->time = r->known = STAMP_UNKNOWN;
	return r;
}

void
refresh_free(struct refresh *r)
{
	if (!r)
		return;
	vrpset_unref(r->set);
	free(r);
}

/* ---- the schedule */

/* Its table is in use, and it has not failed since. */
static bool
works(const struct refresh *r, size_t source)
{
	return source == r->active && r->turns[source].failures == 0;
}

int
refresh_next(struct refresh *r, int64_t now)
{
	for (; r->at < r->config.sources; r->at++) {
		if (r->turns[r->at].due <= now)
			return (int)r->at;
		if (works(r, r->at))
			break;
	}
	r->at = 0;
	return -1;
}

int64_t
refresh_deadline(const struct refresh *r)
{
	int64_t first = INT64_MAX;

	for (size_t i = 0; i < r->config.sources; i++) {
		if (r->turns[i].due < first)
			first = r->turns[i].due;
		if (works(r, i))
			break;
	}
	return first;
}

void
refresh_hurry(struct refresh *r)
{
	for (size_t i = 0; i < r->config.sources; i++)
		r->turns[i].due = 0;
	r->at = 0;
}

/* From less to more than `wait` by so many percent, as chance will have it. */
static int64_t
spread(const struct refresh *r, int64_t wait, int less, int more)
{
	int64_t range = wait * (less + more) / 100;

	return wait - wait * less / 100 + (range * r->config.random(r->config.ctx) >> 32);
}

static int64_t
backoff(const struct refresh *r, unsigned failures)
{
	int64_t wait = REFRESH_RETRY;

	for (; failures > 1 && wait < r->config.interval; failures--)
		wait *= 2;
	return wait < r->config.interval ? wait : r->config.interval;
}

int64_t
refresh_failed(struct refresh *r, size_t source, int64_t now, uint32_t retry_after)
{
	struct turn *turn = &r->turns[source];
	int64_t wait, asked = (int64_t)retry_after * 1000;

	turn->failures += turn->failures < UINT32_MAX;
	wait = spread(r, backoff(r, turn->failures), REFRESH_RETRY_SPREAD, REFRESH_RETRY_SPREAD);
	if (asked > REFRESH_RETRY_AFTER_MAX)
		asked = REFRESH_RETRY_AFTER_MAX;
	if (asked > wait)
		wait = spread(r, asked, 0, REFRESH_RETRY_SPREAD);
	turn->due = now + wait;
	r->at = source + 1;
	return wait;
}

unsigned
refresh_worked(struct refresh *r, size_t source, int64_t now)
{
	unsigned failures = r->turns[source].failures;

	/* The one that is given up for it is there at once when it is needed again. */
	if (r->active != source && r->active < r->config.sources && works(r, r->active))
		r->turns[r->active].due = 0;
	r->turns[source].failures = 0;
	r->turns[source].due = now + spread(r, r->config.interval, REFRESH_SPREAD, REFRESH_SPREAD);
	r->active = source;
	r->at = 0;
	return failures;
}

/* ---- the table */

/* For data that is somehow new. */
static enum refresh_action
action(const struct refresh *r, const struct refresh_block *b)
{
	if (!r->set)
		return REFRESH_SNAPSHOT;
	if (b->older && b->source == r->source)
		return REFRESH_KEEP;
	if (b->time == r->time && delta_count(&b->delta) == 0)
		return REFRESH_NOTHING;
	if (r->config.full || (b->time == STAMP_UNKNOWN && r->time != STAMP_UNKNOWN))
		return REFRESH_SNAPSHOT;
	return REFRESH_DELTA;
}

int
refresh_offer(const struct refresh *r, size_t source, struct vrpset *set, int64_t time, int64_t now,
	      struct refresh_block *out)
{
	*out = (struct refresh_block){
		.source = source,
		.time = time,
		/* From a clock that runs fast, and is put right then, nothing would be newer for a while. */
		.known = time == STAMP_UNKNOWN || time < now ? time : now,
		.moved = source != r->named,
	};
	out->older = r->known != STAMP_UNKNOWN && time != STAMP_UNKNOWN && time < r->known;
	if (r->set && delta_exact(r->set, set, &out->delta) < 0)
		return -1;
	out->set = vrpset_ref(set);
	out->action = action(r, out);
	return 0;
}

void
refresh_block_release(struct refresh_block *b)
{
	vrpset_unref(b->set);
	delta_release(&b->delta);
	*b = (struct refresh_block){0};
}

void
refresh_written(struct refresh *r, const struct refresh_block *b)
{
	struct vrpset *old = r->set;

	r->set = vrpset_ref(b->set);
	vrpset_unref(old);
	r->source = b->source;
	r->time = b->time;
	r->known = b->known;
	if (b->action != REFRESH_NOTHING)
		r->named = b->source;
}

bool
refresh_holds(const struct refresh *r, size_t source)
{
	return r->set && r->source == source;
}

int64_t
refresh_time(const struct refresh *r)
{
	return r->time;
}

int
refresh_check_age(const struct refresh *r, int64_t now, struct vrp_err *err)
{
	char made[STAMP_MAX];

	if (!r->config.max_age || r->time == STAMP_UNKNOWN || now - r->time <= (int64_t)r->config.max_age)
		return 0;
	stamp_format(r->time, made);
	return vrp_err_set(err, "the feed has not changed and is too old now: made %s", made);
}
