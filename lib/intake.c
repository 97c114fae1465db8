/* SPDX-License-Identifier: ISC */
#include "intake.h"

#include "buf.h"
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
	struct dated accepted;	/* what the stream says, expired records included */
	struct dated held;	/* newer, but kept back */
	struct vrpset *served;	/* what was published last */
	bool unpublished;	/* publishing failed: offer it again */
	bool aged;		/* the table was withdrawn because of its age */
	int64_t time;		/* of the newest block that gave one */
	int64_t now;
	int64_t expired_at;	/* when records were last withdrawn because they expired */
	int64_t deadline;
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
	return in->config.max_age && time != STAMP_UNKNOWN && in->now - time > (int64_t)in->config.max_age;
}

/* What of the accepted table routers may see at this time, as a new reference. */
static struct vrpset *
presentable(struct intake *in)
{
	struct vrpset *all = in->accepted.set;

	if (too_old(in, in->accepted.time))
		return vrpset_empty(vrpset_names(all));
	return in->config.ignore_expiry ? vrpset_ref(all) : vrpset_unexpired(all, in->now);
}

static void
set_deadline(struct intake *in)
{
	int64_t expiry;

	in->deadline = in->unpublished ? in->now + 1 : INTAKE_NEVER;
	if (!in->accepted.set || in->aged || in->unpublished)
		return;
	if (in->config.max_age && in->accepted.time != STAMP_UNKNOWN)
		in->deadline = in->accepted.time + (int64_t)in->config.max_age + 1;
	if (in->config.ignore_expiry || !in->served || vrpset_first_expiry(in->served) == EXPIRES_UNKNOWN)
		return;
	expiry = vrpset_first_expiry(in->served);
	if (expiry < in->expired_at + INTAKE_EXPIRY_SPACING)
		expiry = in->expired_at + INTAKE_EXPIRY_SPACING;
	if (expiry < in->deadline)
		in->deadline = expiry;
}

/* Bring what routers see up to what is accepted and the time. */
static void
refresh(struct intake *in)
{
	struct vrpset *set = presentable(in);
	char text[STAMP_MAX];
	bool aged = too_old(in, in->accepted.time);

	if (!set) {
		log_line(&in->log, LOG_LEVEL_ERROR, "out of memory, the table stays as it is");
		in->unpublished = true;
		set_deadline(in);
		return;
	}
	if (aged && !in->aged)
		log_line(&in->log, LOG_LEVEL_ERROR, "table withdrawn: its data is of %s, older than %us",
			 stamp(in->accepted.time, text), in->config.max_age);
	in->aged = aged;
	in->unpublished = false;
	if (!in->served || !vrpset_same(in->served, set)) {
		if (in->config.publish(in->config.ctx, set) < 0) {
			log_line(&in->log, LOG_LEVEL_ERROR, "out of memory, routers keep the table they have");
			in->unpublished = true;
			vrpset_unref(set);
			set_deadline(in);
			return;
		}
	}
	vrpset_unref(in->served);
	in->served = set;
	set_deadline(in);
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

/* Does the new table lose too much of what routers have?  Says so. */
static bool
shrinks(const struct intake *in, struct vrpset *new)
{
	const struct names *names = vrpset_names(new);
	size_t anchors = names_count(names);
	struct vrpset *live = in->config.ignore_expiry ? vrpset_ref(new) : vrpset_unexpired(new, in->now);
	size_t *before = live ? count_by_anchor(in->served, anchors) : NULL;
	size_t *after = before ? count_by_anchor(live, anchors) : NULL;
	bool held = !after;	/* without memory for the check nothing passes it */

	for (size_t i = 0; after && i <= anchors && !held; i++) {
		size_t lost = before[i] > after[i] ? before[i] - after[i] : 0;

		if (lost * 100 <= before[i] * in->config.max_shrink)
			continue;
		held = true;
		log_line(&in->log, LOG_LEVEL_ERROR,
			 "table held back: %s%s shrinks from %zu to %zu records, by more than %u %% (SIGUSR1 accepts it)",
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
	dated_set(&in->accepted, set, time);
	dated_set(&in->held, NULL, STAMP_UNKNOWN);
	refresh(in);
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

	/* A delta without a time says nothing about the age of the rest. */
	if (head->kind != BLOCK_DELTA || head->time != STAMP_UNKNOWN)
		in->time = head->time;
	log_block(in, set, head);
	if (too_old(in, in->time)) {
		log_line(&in->log, LOG_LEVEL_ERROR, "table not served: its data is of %s, older than %us",
			 stamp(in->time, text), in->config.max_age);
		return 0;
	}
	if (in->config.max_shrink && in->served && !in->aged && shrinks(in, set)) {
		dated_set(&in->held, set, in->time);
		return 0;
	}
	accept_table(in, set, in->time);
	if (vrpset_count(set) && in->served && vrpset_count(in->served) == 0 && !in->aged)
		log_line(&in->log, LOG_LEVEL_WARNING, "all %zu records have expired, the table is empty", vrpset_count(set));
	return 0;
}

static int
on_reject(void *ctx, const struct vrp_err *reason)
{
	struct intake *in = ctx;

	log_line(&in->log, LOG_LEVEL_ERROR, "input line %zu: %s; block discarded, %s", reason->line, reason->msg,
		 in->served ? "the table stays as it is" : "there is no table yet");
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
	in->time = in->accepted.time = in->held.time = STAMP_UNKNOWN;
	in->expired_at = -INTAKE_EXPIRY_SPACING;
	in->deadline = INTAKE_NEVER;
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
	vrpset_unref(in->accepted.set);
	vrpset_unref(in->held.set);
	vrpset_unref(in->served);
	free(in);
}

/* When the clock is set back, what has expired or aged may be true again. */
static void
set_now(struct intake *in, int64_t now)
{
	if (now < in->now && in->accepted.set) {
		in->deadline = now;
		if (in->expired_at > now)
			in->expired_at = now;
	}
	in->now = now;
}

int
intake_feed(struct intake *in, const char *data, size_t len, int64_t now)
{
	set_now(in, now);
	return table_feed(in->table, data, len);
}

int
intake_finish(struct intake *in, int64_t now)
{
	set_now(in, now);
	return table_finish(in->table);
}

int
intake_break(struct intake *in, int64_t now)
{
	set_now(in, now);
	return table_break(in->table);
}

void
intake_tick(struct intake *in, int64_t now)
{
	size_t count = in->served ? vrpset_count(in->served) : 0;

	set_now(in, now);
	if (!in->accepted.set || now < in->deadline)
		return;
	refresh(in);
	if (!in->aged && in->served && vrpset_count(in->served) < count) {
		in->expired_at = now;
		log_line(&in->log, LOG_LEVEL_INFO, "%zu records have expired", count - vrpset_count(in->served));
		set_deadline(in);
	}
}

int64_t
intake_deadline(const struct intake *in)
{
	return in->deadline;
}

bool
intake_accept_held(struct intake *in, int64_t now)
{
	set_now(in, now);
	if (!in->held.set)
		return false;
	log_line(&in->log, LOG_LEVEL_NOTICE, "table that was held back is accepted by hand");
	accept_table(in, in->held.set, in->held.time);
	return true;
}
