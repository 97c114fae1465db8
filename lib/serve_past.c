/* SPDX-License-Identifier: ISC */
#include "serve_past.h"

void
serve_past_init(struct serve_past *p)
{
	memset(p, 0, sizeof(*p));
	series_init(&p->records);
}

static void
add_change(struct serve_past *p, const struct serve_change *change)
{
	p->changes[p->change_count++ % SERVE_CHANGES] = *change;
}

static size_t
records_of(const struct vrpset *set)
{
	return set ? vrpset_count(set) : 0;
}

/* The steps that are new, the oldest first: from the one that led away from what was seen last. */
static size_t
first_new_step(const struct serve_past *p, const struct rtr_snapshot *s)
{
	size_t i = 0;

	while (i < s->step_count && s->from[i] != p->serial)
		i++;
	return i;
}

static void
note_steps(struct serve_past *p, const struct rtr_snapshot *s, size_t first)
{
	/* Backwards to what there was before them, in numbers that may well pass through less than nothing. */
	size_t records = vrpset_count(s->set);

	for (size_t i = first; i < s->step_count; i++)
		records += records_of(s->steps[i].withdrawn) - records_of(s->steps[i].announced);
	for (size_t i = first; i < s->step_count; i++) {
		struct serve_change c = {
			.time = s->committed,
			.serial = i + 1 < s->step_count ? s->from[i + 1] : s->serial,
			.announced = records_of(s->steps[i].announced),
			.withdrawn = records_of(s->steps[i].withdrawn),
		};

		records += c.announced - c.withdrawn;
		c.records = records;
		add_change(p, &c);
	}
}

void
serve_past_note(struct serve_past *p, const struct serve_view *view)
{
	const struct rtr_snapshot *s = view->snapshot;
	size_t first;

	if (!s)
		return;
	series_add(&p->records, view->now, vrpset_count(s->set));
	if (s->serial == p->serial)
		return;
	first = first_new_step(p, s);
	if (first < s->step_count)
		note_steps(p, s, first);
	else
		add_change(p, &(struct serve_change){
			.time = s->committed, .serial = s->serial, .whole = true, .records = vrpset_count(s->set),
		});
	p->serial = s->serial;
}

const struct serve_change *
serve_past_change(const struct serve_past *p, size_t i)
{
	if (i >= SERVE_CHANGES || i >= p->change_count)
		return NULL;
	return &p->changes[(p->change_count - 1 - i) % SERVE_CHANGES];
}
