/* SPDX-License-Identifier: ISC */
/*
 * A step makes the next view from the last one: rows are walked together with the
 * records of which something may have changed, in one order.  Those are what is
 * in only one of a source's two tables or, with its first, whatever any table has.
 * Each is looked up in every table by a cursor that only goes forward, and stays as a row if
 * it differs or is within its grace period.
 */
#include "monitor_internal.h"

#include <stdlib.h>

#define FORGET_SPACING 60	/* seconds between two passes that only forget */
#define KINDS 3

struct monitor {
	struct monitor_view *view;
	uint32_t *seen[MONITOR_SOURCES_MAX];	/* of each record of a table: since when */
	int64_t deadline;
};

/* ---- the kinds of records */

struct kind {
	size_t size;
	const void *(*all)(const struct vrpset *set, size_t *count);
	int (*cmp)(const void *a, const void *b);
	int (*copy)(struct monitor_row *row, const void *item);
};

static const void *
all_vrps(const struct vrpset *set, size_t *count)
{
	return vrpset_vrps(set, count);
}

static const void *
all_keys(const struct vrpset *set, size_t *count)
{
	return vrpset_router_keys(set, count);
}

static const void *
all_aspas(const struct vrpset *set, size_t *count)
{
	return vrpset_aspas(set, count);
}

static int
cmp_vrps(const void *a, const void *b)
{
	return vrp_cmp(a, b);
}

static int
cmp_keys(const void *a, const void *b)
{
	return router_key_cmp(a, b);
}

static int
cmp_aspas(const void *a, const void *b)
{
	const struct aspa *x = a, *y = b;
	int c = aspa_cmp(x, y);

	if (c == 0)
		c = (x->provider_count > y->provider_count) - (x->provider_count < y->provider_count);
	return c ? c : memcmp(x->providers, y->providers, x->provider_count * sizeof(*x->providers));
}

static int
copy_vrp(struct monitor_row *row, const void *item)
{
	row->payload = (struct payload){.kind = PAYLOAD_VRP, .vrp = *(const struct vrp *)item};
	row->bytes = NULL;
	return 0;
}

static int
copy_key(struct monitor_row *row, const void *item)
{
	const struct router_key *key = item;

	row->payload = (struct payload){.kind = PAYLOAD_ROUTER_KEY, .key = *key};
	row->bytes = blob_new(key->spki_len);
	if (!row->bytes)
		return -1;
	row->payload.key.spki = memcpy(row->bytes->data, key->spki, key->spki_len);
	return 0;
}

static int
copy_aspa(struct monitor_row *row, const void *item)
{
	const struct aspa *aspa = item;
	size_t size = aspa->provider_count * sizeof(*aspa->providers);

	row->payload = (struct payload){.kind = PAYLOAD_ASPA, .aspa = *aspa};
	row->bytes = blob_new(size);
	if (!row->bytes)
		return -1;
	row->payload.aspa.providers = memcpy(row->bytes->data, aspa->providers, size);
	return 0;
}

static const struct kind kinds[KINDS] = {
	[PAYLOAD_VRP] = {sizeof(struct vrp), all_vrps, cmp_vrps, copy_vrp},
	[PAYLOAD_ROUTER_KEY] = {sizeof(struct router_key), all_keys, cmp_keys, copy_key},
	[PAYLOAD_ASPA] = {sizeof(struct aspa), all_aspas, cmp_aspas, copy_aspa},
};

/* ---- cursors */

/* A place among a table's records of one kind, with their times. */
struct cursor {
	const struct kind *kind;
	const char *items;
	size_t count, at;
	uint32_t *seen;
};

/* seen is of all of the table's records, or NULL. */
static struct cursor
cursor_begin(const struct vrpset *set, uint32_t *seen, enum payload_kind kind)
{
	struct cursor c = {.kind = &kinds[kind]};
	size_t before = 0;

	if (!set)
		return c;
	for (size_t k = 0; k < kind; k++) {
		(void)kinds[k].all(set, &c.count);
		before += c.count;
	}
	c.items = c.kind->all(set, &c.count);
	c.seen = seen ? seen + before : NULL;
	return c;
}

static const void *
cursor_item(const struct cursor *c, size_t at)
{
	return at < c->count ? c->items + at * c->kind->size : NULL;
}

/* Go on to the first record that is not before this one, by steps that double.  Is it the same? */
static bool
cursor_find(struct cursor *c, const void *item)
{
	size_t step = 1, lo = c->at, hi;

	while (lo + step <= c->count && c->kind->cmp(cursor_item(c, lo + step - 1), item) < 0) {
		lo += step;
		step *= 2;
	}
	hi = lo + step <= c->count ? lo + step - 1 : c->count;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (c->kind->cmp(cursor_item(c, mid), item) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	c->at = lo;
	return lo < c->count && c->kind->cmp(cursor_item(c, lo), item) == 0;
}

/* ---- a step */

struct step {
	const struct monitor_view *from;
	struct monitor_view *to;
	uint32_t now;
	size_t source;		/* whose table is new */
	bool joins;
	uint32_t *seen;		/* of the new table */
	size_t row;		/* how far the rows of `from` are done */
	size_t gone;		/* rows that nobody holds */
	uint32_t forget;	/* when the first of them that don't differ is to be forgotten, 0 never */

	/* Of the kind that is walked: */
	const struct kind *kind;
	struct cursor old, new;
	struct cursor all[MONITOR_SOURCES_MAX];		/* in what every source had before */
	struct cursor found[MONITOR_SOURCES_MAX];	/* the same once more, for look-ups */
};

/* When a row that doesn't differ may be forgotten: behind the last loss of it; 0 at once. */
static uint32_t
row_end(const struct monitor_view *v, const struct monitor_row *row, uint32_t now)
{
	uint32_t end = 0;

	for (size_t i = 0; i < v->sources; i++) {
		uint32_t lost = v->times[(size_t)(row - v->rows) * v->sources + i];

		if (monitor_row_gone(v, row, i, now) && lost + v->grace > end)
			end = lost + v->grace;
	}
	return end;
}

/* The row behind the last one of `to` is whole: it stays, or is dropped. */
static void
settle_row(struct step *s)
{
	struct monitor_row *row = &s->to->rows[s->to->count];
	bool differs = monitor_row_differs(s->to, row);
	uint32_t end = differs ? 0 : row_end(s->to, row, s->now);

	if (!differs && (!end || (!row->held && s->gone == MONITOR_GONE_MAX))) {
		blob_unref(row->bytes);
		return;
	}
	s->gone += !row->held;
	if (end && (!s->forget || end < s->forget))
		s->forget = end;
	s->to->count++;
}

static uint32_t *
new_times(const struct step *s)
{
	return s->to->times + s->to->count * s->to->sources;
}

/* The row at s->row as it is. */
static void
copy_row(struct step *s)
{
	const struct monitor_row *old = &s->from->rows[s->row];
	struct monitor_row *row = &s->to->rows[s->to->count];

	*row = *old;
	if (row->bytes)
		blob_ref(row->bytes);
	memcpy(new_times(s), s->from->times + s->row++ * s->from->sources, s->to->sources * sizeof(uint32_t));
}

static int
pass_row(struct step *s)
{
	if (monitor_view_grow(s->to) < 0)
		return -1;
	copy_row(s);
	settle_row(s);
	return 0;
}

/* Rows before this record; the rest of the kind's where it is NULL. */
static int
pass_rows(struct step *s, const void *item)
{
	while (s->row < s->from->count) {
		const struct payload *p = &s->from->rows[s->row].payload;

		if (&kinds[p->kind] > s->kind || (&kinds[p->kind] == s->kind && item && s->kind->cmp(&p->vrp, item) >= 0))
			break;
		if (pass_row(s) < 0)
			return -1;
	}
	return 0;
}

/* The row of this record is the next of `to`, with what was known of it; a new one knows of no losses. */
static int
begin_row(struct step *s, const void *item)
{
	const struct monitor_row *old = s->row < s->from->count ? &s->from->rows[s->row] : NULL;

	if (monitor_view_grow(s->to) < 0)
		return -1;
	if (old && &kinds[old->payload.kind] == s->kind && s->kind->cmp(&old->payload.vrp, item) == 0) {
		copy_row(s);
		return 0;
	}
	memset(new_times(s), 0, s->to->sources * sizeof(uint32_t));
	s->to->rows[s->to->count].held = 0;
	return s->kind->copy(&s->to->rows[s->to->count], item);
}

/* Something of this record may have changed.  had, has: whether the source did, and since when it does. */
static int
take_record(struct step *s, const void *item, bool had, bool has, uint32_t seen)
{
	struct monitor_row *row;
	uint32_t *times;

	if (pass_rows(s, item) < 0 || begin_row(s, item) < 0)
		return -1;
	row = &s->to->rows[s->to->count];
	times = new_times(s);
	row->held = 0;
	for (size_t i = 0; i < s->to->sources; i++) {
		struct cursor *c = &s->found[i];

		if (i == s->source || !cursor_find(c, item))
			continue;
		row->held |= UINT32_C(1) << i;
		times[i] = c->seen[c->at];
	}
	if (has) {
		row->held |= UINT32_C(1) << s->source;
		times[s->source] = seen;
	} else if (had) {
		times[s->source] = s->now;
	}
	settle_row(s);
	return 0;
}

/* The first record that a cursor of `count` stands at. */
static const void *
first_of(const struct cursor *cursors, size_t count, const void *first)
{
	for (size_t i = 0; i < count; i++) {
		const void *item = cursor_item(&cursors[i], cursors[i].at);

		if (item && (!first || cursors[i].kind->cmp(item, first) < 0))
			first = item;
	}
	return first;
}

static bool
pass_item(struct cursor *c, const void *item)
{
	const void *own = cursor_item(c, c->at);
	bool same = own == item || (own && c->kind->cmp(own, item) == 0);

	c->at += same;
	return same;
}

/* The times of the new table, and its differences to the old one. */
static int
walk_tables(struct step *s)
{
	const void *old, *new;
	int c;

	while ((void)(old = cursor_item(&s->old, s->old.at)), (void)(new = cursor_item(&s->new, s->new.at)), old || new) {
		c = !old ? 1 : !new ? -1 : s->kind->cmp(old, new);
		if (c >= 0)
			s->new.seen[s->new.at++] = c == 0 ? s->old.seen[s->old.at] : s->now;
		if (c <= 0)
			s->old.at++;
		if (c != 0 && !s->joins && take_record(s, c < 0 ? old : new, c < 0, c > 0, s->now) < 0)
			return -1;
	}
	return 0;
}

/* When a source joins, every record of every table may differ. */
static int
walk_all(struct step *s)
{
	const void *item;

	s->old.at = s->new.at = 0;
	while ((item = first_of(s->all, s->to->sources, cursor_item(&s->new, s->new.at)))) {
		bool had = pass_item(&s->old, item), has = pass_item(&s->new, item);

		for (size_t i = 0; i < s->to->sources; i++)
			(void)pass_item(&s->all[i], item);
		if (take_record(s, item, had, has, has ? s->new.seen[s->new.at - 1] : 0) < 0)
			return -1;
	}
	return 0;
}

static int
walk_kind(struct step *s, const struct monitor *m, enum payload_kind kind)
{
	const struct monitor_view *from = s->from;

	s->kind = &kinds[kind];
	s->old = cursor_begin(from->sets[s->source], m->seen[s->source], kind);
	s->new = cursor_begin(s->to->sets[s->source], s->seen, kind);
	for (size_t i = 0; i < from->sources; i++)
		s->all[i] = s->found[i] = cursor_begin(from->sets[i], m->seen[i], kind);
	if (walk_tables(s) < 0 || (s->joins && walk_all(s) < 0))
		return -1;
	return pass_rows(s, NULL);
}

/* ---- the monitor */

/* A view like the last one, without rows. */
static struct monitor_view *
next_view(const struct monitor *m)
{
	const struct monitor_view *from = m->view;
	struct monitor_view *to = monitor_view_new(from->sources, from->grace, from->epoch);

	if (!to)
		return NULL;
	to->tables = from->tables;
	to->known = from->known;
	memcpy(to->joined, from->joined, sizeof(to->joined));
	for (size_t i = 0; i < from->sources; i++)
		to->sets[i] = from->sets[i] ? vrpset_ref(from->sets[i]) : NULL;
	return to;
}

static uint32_t
time_of(const struct monitor *m, int64_t now)
{
	return (uint32_t)(now - m->view->epoch);
}

static void
commit(struct monitor *m, struct step *s)
{
	int64_t end = s->forget ? s->to->epoch + s->forget : MONITOR_NEVER, soonest = s->to->epoch + s->now + FORGET_SPACING;

	m->deadline = end < soonest ? soonest : end;
	monitor_view_unref(m->view);
	m->view = s->to;
}

int
monitor_take(struct monitor *m, size_t source, struct vrpset *set, int64_t now)
{
	struct step s = {.from = m->view, .to = next_view(m), .now = time_of(m, now), .source = source};
	size_t count = vrpset_count(set);
	int rc = 0;

	s.seen = malloc((count ? count : 1) * sizeof(*s.seen));
	if (!s.to || !s.seen)
		goto fail;
	s.joins = !s.from->sets[source];
	s.to->tables |= UINT32_C(1) << source;
	s.to->known |= UINT32_C(1) << source;
	if (s.joins)
		s.to->joined[source] = s.now;
	vrpset_unref(s.to->sets[source]);
	s.to->sets[source] = vrpset_ref(set);
	for (size_t kind = 0; kind < KINDS && rc == 0; kind++)
		rc = walk_kind(&s, m, (enum payload_kind)kind);
	if (rc < 0)
		goto fail;
	free(m->seen[source]);
	m->seen[source] = s.seen;
	commit(m, &s);
	return 0;
fail:
	free(s.seen);
	monitor_view_unref(s.to);
	return -1;
}

/* Look at every row again, while tables are as they were. */
static int
sweep(struct monitor *m, uint32_t known, int64_t now)
{
	struct step s = {.from = m->view, .to = next_view(m), .now = time_of(m, now)};
	int rc = 0;

	if (!s.to)
		return -1;
	s.to->known = known;
	while (s.row < s.from->count && rc == 0)
		rc = pass_row(&s);
	if (rc == 0)
		commit(m, &s);
	else
		monitor_view_unref(s.to);
	return rc;
}

int
monitor_leave(struct monitor *m, size_t source, int64_t now)
{
	return sweep(m, m->view->known & ~(UINT32_C(1) << source), now);
}

int
monitor_tick(struct monitor *m, int64_t now)
{
	return now < m->deadline ? 0 : sweep(m, m->view->known, now);
}

int64_t
monitor_deadline(const struct monitor *m)
{
	return m->deadline;
}

struct monitor *
monitor_new(size_t sources, uint32_t grace, int64_t now)
{
	struct monitor *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->deadline = MONITOR_NEVER;
	m->view = monitor_view_new(sources, grace, now - 1);
	if (m->view)
		return m;
	free(m);
	return NULL;
}

void
monitor_free(struct monitor *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < m->view->sources; i++)
		free(m->seen[i]);
	monitor_view_unref(m->view);
	free(m);
}

struct monitor_view *
monitor_view(const struct monitor *m)
{
	return monitor_view_ref(m->view);
}
