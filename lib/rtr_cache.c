/* SPDX-License-Identifier: ISC */
/*
 * History is a list of steps, each a delta from one serial to the next.  It is
 * kept while its records together are fewer than the table's (a router further
 * behind is better off with the table), but for small tables up to a floor.
 *
 * The answer to a router at serial N is the composition of all steps from N
 * on, made when the first router asks, shared by all that ask, and dropped at
 * the next commit.  What such answers hold is bounded, too.
 */
#include "rtr_cache.h"

#include "delta.h"
#include "rtr_image.h"

#define HISTORY_FLOOR 10000		/* records */
#define ANSWERS_MAX ((size_t)64 << 20)	/* bytes of encoded deltas kept for further routers */

struct rtr_update {
	struct vrpset *to;
	int64_t data_time;
	struct delta step;	/* empty sets for the first table */
	bool first;
	struct blob *image[RTR_VERSIONS];
};

struct step {
	uint32_t from;				/* serial */
	struct delta delta;
	size_t records;
	struct blob *answer[RTR_VERSIONS];	/* net change from there to now, made on demand */
};

struct rtr_cache {
	struct rtr_cache_config config;
	struct vrpset *set;
	uint32_t serial;
	int64_t data_time;
	struct blob *image[RTR_VERSIONS];
	struct step *steps;	/* the oldest first */
	size_t step_count, step_cap;
	size_t step_records;
	size_t answer_bytes;
};

struct rtr_cache *
rtr_cache_new(const struct rtr_cache_config *config)
{
	struct rtr_cache *c = calloc(1, sizeof(*c));

	if (c)
		c->config = *config;
	return c;
}

static void
drop_answers(struct rtr_cache *c)
{
	for (size_t i = 0; i < c->step_count; i++) {
		for (int v = 0; v < RTR_VERSIONS; v++) {
			blob_unref(c->steps[i].answer[v]);
			c->steps[i].answer[v] = NULL;
		}
	}
	c->answer_bytes = 0;
}

/* Forget the n oldest steps; their answers are gone already. */
static void
forget(struct rtr_cache *c, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		c->step_records -= c->steps[i].records;
		delta_release(&c->steps[i].delta);
	}
	c->step_count -= n;
	if (n && c->step_count)
		memmove(c->steps, c->steps + n, c->step_count * sizeof(*c->steps));
}

void
rtr_cache_free(struct rtr_cache *c)
{
	if (!c)
		return;
	drop_answers(c);
	forget(c, c->step_count);
	free(c->steps);
	for (int v = 0; v < RTR_VERSIONS; v++)
		blob_unref(c->image[v]);
	vrpset_unref(c->set);
	free(c);
}

struct rtr_update *
rtr_update_new(struct vrpset *from, struct vrpset *to, unsigned versions)
{
	struct rtr_update *u = calloc(1, sizeof(*u));

	if (!u)
		return NULL;
	u->to = vrpset_ref(to);
	u->data_time = STAMP_UNKNOWN;
	u->first = !from;
	if (from && delta_between(from, to, &u->step) < 0) {
		rtr_update_free(u);
		return NULL;
	}
	for (uint8_t v = 0; v < RTR_VERSIONS; v++) {
		if (versions & 1U << v && !(u->image[v] = rtr_image_table(to, v))) {
			rtr_update_free(u);
			return NULL;
		}
	}
	return u;
}

void
rtr_update_free(struct rtr_update *u)
{
	if (!u)
		return;
	vrpset_unref(u->to);
	delta_release(&u->step);
	for (int v = 0; v < RTR_VERSIONS; v++)
		blob_unref(u->image[v]);
	free(u);
}

size_t
rtr_update_count(const struct rtr_update *u)
{
	return u->first ? vrpset_count(u->to) : delta_count(&u->step);
}

void
rtr_update_set_time(struct rtr_update *u, int64_t data_time)
{
	u->data_time = data_time;
}

void
rtr_update_tally(const struct rtr_update *u, size_t *announced, size_t *withdrawn)
{
	*announced = vrpset_count(u->first ? u->to : u->step.announced);
	*withdrawn = u->first ? 0 : vrpset_count(u->step.withdrawn);
}

/* Keep the step of an update.  Without memory for it the history ends here, which is always allowed. */
static void
remember(struct rtr_cache *c, struct rtr_update *u)
{
	struct step *s;

	if (c->step_count == c->step_cap) {
		size_t cap = c->step_cap ? 2 * c->step_cap : 16;

		s = realloc(c->steps, cap * sizeof(*s));
		if (!s) {
			forget(c, c->step_count);
			return;
		}
		c->steps = s;
		c->step_cap = cap;
	}
	s = &c->steps[c->step_count++];
	*s = (struct step){.from = c->serial, .delta = u->step, .records = delta_count(&u->step)};
	u->step = (struct delta)DELTA_INIT;
	c->step_records += s->records;
}

static void
prune(struct rtr_cache *c)
{
	size_t limit = vrpset_count(c->set), n = 0, left = c->step_records;

	if (limit < HISTORY_FLOOR)
		limit = HISTORY_FLOOR;
	while (n < c->step_count && (c->step_count - n > c->config.history || left >= limit))
		left -= c->steps[n++].records;
	forget(c, n);
}

void
rtr_cache_commit(struct rtr_cache *c, struct rtr_update *u)
{
	drop_answers(c);
	if (c->set)
		remember(c, u);
	vrpset_unref(c->set);
	c->set = u->to;
	c->data_time = u->data_time;
	u->to = NULL;
	for (int v = 0; v < RTR_VERSIONS; v++) {
		blob_unref(c->image[v]);
		c->image[v] = u->image[v];
		u->image[v] = NULL;
	}
	rtr_update_free(u);
	/* 0 is left out: a router that was told to start over may ask from it. */
	if (++c->serial == 0)
		c->serial = 1;
	prune(c);
}

bool
rtr_cache_has_data(const struct rtr_cache *c)
{
	return c->set != NULL;
}

uint32_t
rtr_cache_serial(const struct rtr_cache *c)
{
	return c->serial;
}

uint16_t
rtr_cache_session(const struct rtr_cache *c, uint8_t version)
{
	return c->config.sessions[version];
}

const struct rtr_cache_config *
rtr_cache_config(const struct rtr_cache *c)
{
	return &c->config;
}

struct vrpset *
rtr_cache_set(const struct rtr_cache *c)
{
	return c->set;
}

size_t
rtr_cache_history(const struct rtr_cache *c)
{
	return c->step_count;
}

size_t
rtr_cache_history_records(const struct rtr_cache *c)
{
	return c->step_records;
}

struct rtr_snapshot *
rtr_cache_snapshot(const struct rtr_cache *c)
{
	struct rtr_snapshot *s = rtr_snapshot_new(c->step_count);

	if (!s)
		return NULL;
	s->set = vrpset_ref(c->set);
	s->serial = c->serial;
	s->data_time = c->data_time;
	memcpy(s->sessions, c->config.sessions, sizeof(s->sessions));
	for (size_t i = 0; i < c->step_count; i++) {
		s->from[i] = c->steps[i].from;
		s->steps[i].withdrawn = vrpset_ref(c->steps[i].delta.withdrawn);
		s->steps[i].announced = vrpset_ref(c->steps[i].delta.announced);
	}
	return s;
}

struct blob *
rtr_cache_table(struct rtr_cache *c, uint8_t version)
{
	if (!c->image[version])
		c->image[version] = rtr_image_table(c->set, version);
	return c->image[version] ? blob_ref(c->image[version]) : NULL;
}

static struct blob *
make_answer(const struct rtr_cache *c, size_t step, uint8_t version)
{
	size_t count = c->step_count - step;
	struct delta net = DELTA_INIT, *steps = calloc(count, sizeof(*steps));
	struct blob *image = NULL;
	int rc = -1;

	for (size_t i = 0; steps && i < count; i++)
		steps[i] = c->steps[step + i].delta;	/* borrowed */
	if (steps)
		rc = delta_fold(steps, count, &net);
	free(steps);
	if (rc == 0)
		image = rtr_image_delta(&net, version);
	delta_release(&net);
	return image;
}

int
rtr_cache_delta(struct rtr_cache *c, uint8_t version, uint32_t serial, struct blob **image)
{
	size_t i = 0;

	if (serial == c->serial) {
		*image = blob_new(0);
		return *image ? 1 : -1;
	}
	while (i < c->step_count && c->steps[i].from != serial)
		i++;
	if (i == c->step_count)
		return 0;
	if (!c->steps[i].answer[version]) {
		struct blob *answer = make_answer(c, i, version);

		if (!answer)
			return -1;
		if (c->answer_bytes + answer->len > ANSWERS_MAX)
			drop_answers(c);
		c->answer_bytes += answer->len;
		c->steps[i].answer[version] = answer;
	}
	*image = blob_ref(c->steps[i].answer[version]);
	return 1;
}
