/* SPDX-License-Identifier: ISC */
#include "rtr_snapshot.h"

struct rtr_snapshot *
rtr_snapshot_new(size_t step_count)
{
	struct rtr_snapshot *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	atomic_init(&s->refs, 1);
	s->from = calloc(step_count + 1, sizeof(*s->from));
	s->steps = calloc(step_count + 1, sizeof(*s->steps));
	if (!s->from || !s->steps) {
		rtr_snapshot_unref(s);
		return NULL;
	}
	s->step_count = step_count;
	return s;
}

struct rtr_snapshot *
rtr_snapshot_ref(struct rtr_snapshot *s)
{
	atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
	return s;
}

void
rtr_snapshot_unref(struct rtr_snapshot *s)
{
	if (!s || atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) != 1)
		return;
	for (size_t i = 0; i < s->step_count; i++)
		delta_release(&s->steps[i]);
	vrpset_unref(s->set);
	free(s->from);
	free(s->steps);
	free(s);
}

static int
no_change(const struct rtr_snapshot *s, struct delta *out)
{
	out->withdrawn = vrpset_empty(vrpset_names(s->set));
	out->announced = out->withdrawn ? vrpset_ref(out->withdrawn) : NULL;
	return out->withdrawn ? 1 : -1;
}

int
rtr_snapshot_delta(const struct rtr_snapshot *s, uint32_t serial, struct delta *out)
{
	size_t i = 0;

	if (serial == s->serial)
		return no_change(s, out);
	while (i < s->step_count && s->from[i] != serial)
		i++;
	if (i == s->step_count)
		return 0;
	return delta_fold(s->steps + i, s->step_count - i, out) < 0 ? -1 : 1;
}
