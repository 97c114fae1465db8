/* SPDX-License-Identifier: ISC */
#include "series.h"

/* Nothing that is on this page happened before 1970. */
static int64_t
step_of(int64_t now)
{
	return now < 0 ? 0 : now / SERIES_STEP;
}

void
series_init(struct series *s)
{
	memset(s, 0, sizeof(*s));
	s->newest = -1;
}

/* Empty all steps after `from`, up to `to`. */
static void
forget(struct series *s, int64_t from, int64_t to)
{
	if (to - from > SERIES_STEPS)
		from = to - SERIES_STEPS;
	for (int64_t step = from + 1; step <= to; step++)
		s->ring[step % SERIES_STEPS].filled = false;
}

void
series_add(struct series *s, int64_t now, uint64_t value)
{
	int64_t step = step_of(now);
	struct series_sample *sample = &s->ring[step % SERIES_STEPS];

	if (step > s->newest)
		forget(s, s->newest, step);
	else
		forget(s, step, s->newest);
	s->newest = step;
	if (!sample->filled)
		*sample = (struct series_sample){value, value, value, true};
	sample->last = value;
	sample->min = value < sample->min ? value : sample->min;
	sample->max = value > sample->max ? value : sample->max;
}

const struct series_sample *
series_at(const struct series *s, int64_t now, size_t i)
{
	int64_t step = step_of(now) - (SERIES_STEPS - 1) + (int64_t)i;
	const struct series_sample *sample;

	if (step < 0 || step > s->newest || step <= s->newest - SERIES_STEPS)
		return NULL;
	sample = &s->ring[step % SERIES_STEPS];
	return sample->filled ? sample : NULL;
}

int64_t
series_time(int64_t now, size_t i)
{
	return (step_of(now) - (SERIES_STEPS - 1) + (int64_t)i) * SERIES_STEP;
}
