/* SPDX-License-Identifier: ISC */
#include "intake.h"

#include "lifetime.h"
#include "stamp.h"
#include "table.h"

/* A table and the time that its block gave. */
struct dated {
	struct vrpset *set;	/* owned, NULL for none */
	int64_t time;		/* STAMP_UNKNOWN */
};

struct intake {
	struct intake_config config;
	struct log log;
	struct table *table;
	struct lifetime life;	/* of what was accepted */
	struct dated held;	/* newer, but kept back */
	struct vrpset *served;	/* what was published last */
	int64_t retry;		/* publishing failed: when to offer it again */
	int64_t time;		/* of the newest block that gave one */
	int64_t now;
	struct intake_status status;
};

static void
dated_set(struct dated *d, struct vrpset *set, int64_t time)
{
	struct vrpset *old = d->set;

	d->set = set ? vrpset_ref(set) : NULL;
	d->time = time;
	vrpset_unref(old);
}

static const char *
stamp(int64_t when, char text[STAMP_MAX])
{
	stamp_format(when, text);
	return text;
}

static bool
too_old(const struct intake *in, int64_t time)
{
	return lifetime_too_old(&in->life, time, in->now);
}

/* Routers shall see what of the accepted table is left. */
static void
publish(struct intake *in)
{
	struct vrpset *old = in->served, *set = in->life.live;

	if (in->retry != INTAKE_NEVER && in->now < in->retry)
		return;
	in->retry = INTAKE_NEVER;
	if (!set || set == old)
		return;
	if (!old || !vrpset_same(old, set)) {
		/* Who publishes may ask of what time it is. */
		in->status.data_time = in->life.date;
		if (in->config.publish(in->config.ctx, set) < 0) {
			log_line(&in->log, LOG_LEVEL_ERROR, "out of memory, routers keep the table they have");
			in->retry = in->now + 1;
			return;
		}
		in->status.published++;
	}
	in->served = vrpset_ref(set);
	vrpset_unref(old);
}

/* After any change. */
static void
update_status(struct intake *in)
{
	const struct lifetime *life = &in->life;

	in->status.has_table = in->served != NULL;
	in->status.aged = life->aged;
	in->status.data_time = life->date;
	in->status.expired = life->all && !life->aged ? vrpset_count(life->all) - vrpset_count(life->live) : 0;
	if (life->aged)
		in->status.state = INTAKE_STALE;
}

/* A block was not accepted, for this reason. */
static void
note_failure(struct intake *in, enum intake_result result, enum intake_state state, const struct vrp_err *why)
{
	in->status.blocks[result]++;
	intake_status_fail(&in->status, why, in->now);
	in->status.state = state;
	update_status(in);
}

static void
note_success(struct intake *in)
{
	in->status.blocks[INTAKE_ACCEPTED]++;
	in->status.received = in->now;
	in->status.state = INTAKE_OK;
	update_status(in);
}

/* The table or the time is another; rc is what became of that. */
static void
look(struct intake *in, int rc, bool was_aged)
{
	char text[STAMP_MAX];
	struct vrp_err why;

	if (rc < 0)
		log_line(&in->log, LOG_LEVEL_ERROR, "out of memory, the table stays as it is");
	if (in->life.aged && !was_aged) {
		vrp_err_at(&why, 0, 0, "table withdrawn: its data is of %s, older than %us", stamp(in->life.date, text),
			   in->config.max_age);
		log_line(&in->log, LOG_LEVEL_ERROR, "%s", why.msg);
		intake_status_fail(&in->status, &why, in->now);
	}
	publish(in);
	update_status(in);
}

/* Count the records of each trust anchor, counts[names_count()] being all; NULL when memory is out. */
static size_t *
count_by_anchor(const struct vrpset *set, size_t anchors)
{
	size_t *counts = calloc(anchors + 1, sizeof(*counts));
	size_t n;
	const struct vrp *vrps = vrpset_vrps(set, &n);
	const struct router_key *keys;
	const struct aspa *aspas;

	if (!counts)
		return NULL;
	for (size_t i = 0; i < n; i++)
		counts[vrps[i].ta]++;
	keys = vrpset_router_keys(set, &n);
	for (size_t i = 0; i < n; i++)
		counts[keys[i].ta]++;
	aspas = vrpset_aspas(set, &n);
	for (size_t i = 0; i < n; i++)
		counts[aspas[i].ta]++;
	counts[anchors] = vrpset_count(set);
	return counts;
}

/* Does the new table lose too much of what routers have?  Then *why says so. */
static bool
shrinks(const struct intake *in, struct vrpset *new, struct vrp_err *why)
{
	const struct names *names = vrpset_names(new);
	size_t anchors = names_count(names);
	struct vrpset *live = in->config.ignore_expiry ? vrpset_ref(new) : vrpset_unexpired(new, in->now);
	size_t *before = live ? count_by_anchor(in->served, anchors) : NULL;
	size_t *after = before ? count_by_anchor(live, anchors) : NULL;
	bool held = !after;	/* without memory for the check nothing passes it */

	vrp_err_at(why, 0, 0, "table held back: out of memory");
	for (size_t i = 0; after && i <= anchors && !held; i++) {
		size_t lost = before[i] > after[i] ? before[i] - after[i] : 0;

		if (lost * 100 <= before[i] * in->config.max_shrink)
			continue;
		held = true;
		vrp_err_set(why, "table held back: %s%s shrinks from %zu to %zu records, by more than %u %%",
			    i < anchors ? "trust anchor " : "the whole", i < anchors ? names_get(names, (uint16_t)i, NULL) : "",
			    before[i], after[i], in->config.max_shrink);
	}
	free(before);
	free(after);
	vrpset_unref(live);
	return held;
}

static void
accept_table(struct intake *in, struct vrpset *set, int64_t time)
{
	bool was_aged = in->life.aged;

	look(in, lifetime_take(&in->life, set, time, in->now), was_aged);
	dated_set(&in->held, NULL, STAMP_UNKNOWN);
}

static void
log_block(const struct intake *in, const struct vrpset *set, const struct block_head *head)
{
	static const char *const kinds[] = {"list", "snapshot", "delta"};
	size_t vrps, keys, aspas, ipv4 = vrpset_ipv4_count(set);
	char text[STAMP_MAX];

	vrpset_vrps(set, &vrps);
	vrpset_router_keys(set, &keys);
	vrpset_aspas(set, &aspas);
	log_line(&in->log, LOG_LEVEL_INFO, "%s taken%s%s: %zu IPv4 and %zu IPv6 VRPs, %zu router keys, %zu ASPAs",
		 kinds[head->kind], head->time == STAMP_UNKNOWN ? "" : " of ",
		 head->time == STAMP_UNKNOWN ? "" : stamp(head->time, text), ipv4, vrps - ipv4, keys, aspas);
}

static int
on_commit(void *ctx, struct vrpset *set, const struct block_head *head)
{
	struct intake *in = ctx;
	char text[STAMP_MAX];
	struct vrp_err why;

	/* A delta without a time says nothing about the age of the rest. */
	if (head->kind != BLOCK_DELTA || head->time != STAMP_UNKNOWN)
		in->time = head->time;
	log_block(in, set, head);
	if (too_old(in, in->time)) {
		vrp_err_at(&why, 0, 0, "table not served: its data is of %s, older than %us", stamp(in->time, text),
			   in->config.max_age);
		log_line(&in->log, LOG_LEVEL_ERROR, "%s", why.msg);
		note_failure(in, INTAKE_TOO_OLD, INTAKE_STALE, &why);
		return 0;
	}
	if (in->config.max_shrink && in->served && !in->life.aged && shrinks(in, set, &why)) {
		log_line(&in->log, LOG_LEVEL_ERROR, "%s (SIGUSR1 accepts it)", why.msg);
		dated_set(&in->held, set, in->time);
		note_failure(in, INTAKE_HELD_BACK, INTAKE_HELD, &why);
		return 0;
	}
	accept_table(in, set, in->time);
	note_success(in);
	if (vrpset_count(set) && in->served && vrpset_count(in->served) == 0 && !in->life.aged)
		log_line(&in->log, LOG_LEVEL_WARNING, "all %zu records have expired, the table is empty", vrpset_count(set));
	return 0;
}

static int
on_reject(void *ctx, const struct vrp_err *reason)
{
	struct intake *in = ctx;

	log_line(&in->log, LOG_LEVEL_ERROR, "input line %zu: %s; block discarded, %s", reason->line, reason->msg,
		 in->served ? "the table stays as it is" : "there is no table yet");
	note_failure(in, INTAKE_REFUSED, INTAKE_FAILING, reason);
	return 0;
}

struct intake *
intake_new(struct names *names, const struct intake_config *config, const struct log *log)
{
	static const struct table_ops ops = {.commit = on_commit, .reject = on_reject};
	struct intake *in = calloc(1, sizeof(*in));

	if (!in)
		return NULL;
	in->config = *config;
	in->log = *log;
	in->life = (struct lifetime)LIFETIME_INIT;
	in->life.ignore_expiry = config->ignore_expiry;
	in->life.max_age = config->max_age;
	in->time = in->held.time = STAMP_UNKNOWN;
	in->retry = INTAKE_NEVER;
	in->status = (struct intake_status)INTAKE_STATUS_INIT;
	in->status.max_age = config->max_age;
	in->table = table_new(names, &ops, in);
	if (!in->table) {
		free(in);
		return NULL;
	}
	return in;
}

void
intake_free(struct intake *in)
{
	if (!in)
		return;
	table_free(in->table);
	lifetime_release(&in->life);
	vrpset_unref(in->held.set);
	vrpset_unref(in->served);
	free(in);
}

int
intake_feed(struct intake *in, const char *data, size_t len, int64_t now)
{
	in->now = now;
	return table_feed(in->table, data, len);
}

int
intake_finish(struct intake *in, int64_t now)
{
	in->now = now;
	return table_finish(in->table);
}

int
intake_break(struct intake *in, int64_t now)
{
	in->now = now;
	return table_break(in->table);
}

void
intake_tick(struct intake *in, int64_t now)
{
	size_t count = in->served ? vrpset_count(in->served) : 0, left;
	bool was_aged = in->life.aged;

	if (now < in->now && in->retry != INTAKE_NEVER)
		in->retry = now;
	in->now = now;
	look(in, lifetime_tick(&in->life, now), was_aged);
	left = in->served ? vrpset_count(in->served) : 0;
	if (in->life.aged || left >= count)
		return;
	log_line(&in->log, LOG_LEVEL_INFO, "%zu records have expired", count - left);
	in->status.expired_total += count - left;
}

int64_t
intake_deadline(const struct intake *in)
{
	int64_t deadline = lifetime_deadline(&in->life);

	return in->retry < deadline ? in->retry : deadline;
}

void
intake_refuse(struct intake *in, const struct vrp_err *why, int64_t now)
{
	in->now = now;
	note_failure(in, INTAKE_REFUSED, INTAKE_FAILING, why);
}

void
intake_fail(struct intake *in, const struct vrp_err *why, int64_t now)
{
	intake_status_fail(&in->status, why, now);
	update_status(in);
}

void
intake_end(struct intake *in)
{
	in->status.state = INTAKE_ENDED;
	update_status(in);
}

const struct intake_status *
intake_status(const struct intake *in)
{
	return &in->status;
}

bool
intake_accept_held(struct intake *in, int64_t now)
{
	in->now = now;
	if (!in->held.set)
		return false;
	log_line(&in->log, LOG_LEVEL_NOTICE, "table that was held back is accepted by hand");
	accept_table(in, in->held.set, in->held.time);
	note_success(in);
	return true;
}
