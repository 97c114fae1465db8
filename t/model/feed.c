/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "model.h"

#define SPACING 10	/* seconds between two withdrawals of what has expired */

void
feed_clear(struct feed *f)
{
	struct rules rules = f->rules;
	struct history *history = f->history;
	int64_t now = f->now;

	memset(f, 0, sizeof(*f));
	f->rules = rules;
	f->history = history;
	f->time = f->date = UNDATED;
	f->swept = -SPACING;
	f->now = now;
}

/* ---- what is served ---- */

static bool
lives(const struct feed *f, const struct entry *e)
{
	return f->rules.ignore_expiry || e->expires == NEVER || e->expires > f->now;
}

static bool
too_old(const struct feed *f, int64_t time)
{
	return f->rules.max_age && time != UNDATED && f->now - time > f->rules.max_age;
}

/* Routers see what lives, and a serial is made where they see another thing than before. */
static void
publish(struct feed *f)
{
	uint8_t seen[RECORDS];
	bool same = f->has_served;

	for (size_t i = 0; i < RECORDS; i++) {
		seen[i] = f->live[i].value;
		same = same && seen[i] == f->served[i].value;
	}
	memcpy(f->served, f->live, sizeof(f->served));
	f->has_served = true;
	if (!same)
		history_add(f->history, seen, f->live);
	else
		history_annotate(f->history, f->live);
}

/* What of the accepted table may be used.  Returns how many records less there are than before. */
static size_t
look(struct feed *f)
{
	size_t fewer = 0, more = 0;

	f->aged = too_old(f, f->date);
	for (size_t i = 0; i < RECORDS; i++) {
		struct entry e = f->accepted[i];

		if (f->aged || !e.value || !lives(f, &e))
			e = (struct entry){0};
		fewer += f->live[i].value && !e.value;
		more += !f->live[i].value && e.value;
		f->live[i] = e;
	}
	return fewer > more ? fewer - more : 0;
}

static void
accept(struct feed *f, const struct entry *table, int64_t date)
{
	memmove(f->accepted, table, sizeof(f->accepted));
	f->has_accepted = true;
	f->date = date;
	f->has_held = false;
	look(f);
	publish(f);
}

static bool
any_expired(const struct feed *f)
{
	for (size_t i = 0; i < RECORDS; i++)
		if (f->live[i].value && !lives(f, &f->live[i]))
			return true;
	return false;
}

void
feed_restore(struct feed *f)
{
	const struct commit *now = history_now(f->history);

	if (!now)
		return;
	memcpy(f->served, now->entries, sizeof(f->served));
	memcpy(f->live, now->entries, sizeof(f->live));
	f->has_served = true;
	accept(f, now->entries, UNDATED);
}

void
feed_tick(struct feed *f, int64_t now)
{
	bool back = now < f->now, due;

	f->now = now;
	if (back && f->swept > now)
		f->swept = now;
	if (!f->has_accepted)
		return;
	due = too_old(f, f->date) || (any_expired(f) && now >= f->swept + SPACING);
	if (!back && (f->aged || !due))
		return;
	if (look(f) && !f->aged)
		f->swept = now;
	publish(f);
}

static bool
shrinks(const struct feed *f, const struct entry *table)
{
	size_t before[TRUST_ANCHORS + 1] = {0}, after[TRUST_ANCHORS + 1] = {0};

	for (size_t i = 0; i < RECORDS; i++) {
		if (f->served[i].value) {
			before[f->served[i].ta]++;
			before[TRUST_ANCHORS]++;
		}
		if (table[i].value && lives(f, &table[i])) {
			after[table[i].ta]++;
			after[TRUST_ANCHORS]++;
		}
	}
	for (size_t i = 0; i <= TRUST_ANCHORS; i++)
		if (before[i] > after[i] && (before[i] - after[i]) * 100 > before[i] * f->rules.max_shrink)
			return true;
	return false;
}

bool
feed_accept(struct feed *f)
{
	if (!f->has_held)
		return false;
	accept(f, f->held, f->held_date);
	return true;
}

/* ---- blocks ---- */

static struct entry
join(size_t id, struct entry a, struct entry b)
{
	struct entry e = {.value = record_join(id, a.value, b.value)};
	bool first = a.expires != b.expires ? a.expires > b.expires : a.ta < b.ta;

	e.ta = first ? a.ta : b.ta;
	e.expires = first ? a.expires : b.expires;
	return e;
}

/* The lines with this sign as one table. */
static struct entry *
gather(const struct block *b, char sign)
{
	struct entry *table = calloc(RECORDS, sizeof(*table));

	if (!table)
		trouble("out of memory");
	for (size_t i = 0; i < b->count; i++) {
		const struct line *l = &b->lines[i];

		if (l->sign != sign)
			continue;
		table[l->id] = table[l->id].value ? join(l->id, table[l->id], l->entry) : l->entry;
	}
	return table;
}

/* The table that a delta makes, or false when it doesn't fit. */
static bool
apply(const struct feed *f, const struct block *b, struct entry *table)
{
	struct entry *gone = gather(b, '-'), *come = gather(b, '+');
	bool fits = f->based;

	memcpy(table, f->told, sizeof(f->told));
	for (size_t i = 0; i < RECORDS; i++) {
		struct entry *e = &table[i];

		if (gone[i].value) {
			fits = fits && e->value;
			*e = (struct entry){0};
		}
		if (!come[i].value)
			continue;
		fits = fits && !(e->value == come[i].value && e->ta == come[i].ta && e->expires == come[i].expires);
		*e = come[i];
	}
	free(gone);
	free(come);
	return fits;
}

enum outcome
feed_refused(struct feed *f)
{
	f->based = false;
	return DISCARDED;
}

enum outcome
feed_block(struct feed *f, const struct block *b)
{
	static struct entry table[RECORDS];

	if (b->broken)
		return feed_refused(f);
	if (b->kind == DELTA) {
		if (!apply(f, b, table))
			return feed_refused(f);
	} else {
		struct entry *all = gather(b, 0);

		memcpy(table, all, sizeof(table));
		free(all);
	}
	memcpy(f->told, table, sizeof(table));
	f->has_told = f->based = true;
	if (b->kind != DELTA || b->time != UNDATED)
		f->time = b->time;
	if (too_old(f, f->time))
		return TOO_OLD;
	if (f->rules.max_shrink && f->has_served && !f->aged && shrinks(f, table)) {
		memcpy(f->held, table, sizeof(table));
		f->has_held = true;
		f->held_date = f->time;
		return HELD_BACK;
	}
	accept(f, table, f->time);
	return TAKEN;
}

/* ---- as text ---- */

void
block_add(struct block *b, char sign, size_t id, struct entry entry)
{
	if (b->count == b->cap) {
		b->cap = b->cap ? 2 * b->cap : 64;
		b->lines = realloc(b->lines, b->cap * sizeof(*b->lines));
		if (!b->lines)
			trouble("out of memory");
	}
	b->lines[b->count++] = (struct line){sign, id, entry};
}

void
block_release(struct block *b)
{
	free(b->lines);
	*b = (struct block){0};
}

void
block_begin(FILE *to, const struct block *b)
{
	char text[32];
	time_t time = (time_t)b->time;
	struct tm tm;

	if (b->kind == LIST)
		return;
	fputs(b->kind == DELTA ? "%delta" : "%snapshot", to);
	if (one_in(6))
		fputs(" serial=7 x-other=%20", to);
	if (b->time != UNDATED) {
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&time, &tm));
		fprintf(to, " time=%s", text);
	}
	fputs(one_in(10) ? "\r\n" : "\n", to);
}

static void
write_bad_line(FILE *to)
{
	static const char *const lines[] = {
		"10.0.0.0/8 7 AS1", "10.0.0.1/8 8 AS1",	 "10.0.0.0/8 8",	     "10.0.0.0/8 8 AS4294967296", "10.0.0.0/33 33 AS1",
		"aspa AS1",	    "router-key AS1 00 AAAA", "10.0.0.0/8 8 AS1 ta1 x", "nonsense",	       "+",
		"~end",
	};

	fprintf(to, "%s\n", lines[chance(COUNT(lines) - 1)]);
}

void
block_write(FILE *to, const struct block *b, size_t from, size_t lines)
{
	size_t end = lines < b->count - from ? from + lines : b->count;

	for (size_t i = from; i < end; i++) {
		if (b->broken && i == b->bad_at)
			write_bad_line(to);
		if (one_in(40))
			fputs(one_in(2) ? "# a comment\n" : "\n", to);
		if (b->lines[i].sign)
			fputc(b->lines[i].sign, to);
		record_write(to, b->lines[i].id, &b->lines[i].entry);
		fputs(one_in(60) ? "\r\n" : "\n", to);
	}
	if (end < b->count)
		return;
	if (b->broken && b->bad_at >= b->count)
		write_bad_line(to);
	if (b->kind != LIST)
		fputs("~end\n", to);
}
