/* SPDX-License-Identifier: ISC */
#include "monitor_internal.h"

#include <stdlib.h>

struct monitor_view *
monitor_view_new(size_t sources, uint32_t grace, int64_t epoch)
{
	struct monitor_view *v = calloc(1, sizeof(*v));

	if (!v)
		return NULL;
	atomic_init(&v->refs, 1);
	v->sources = sources;
	v->grace = grace;
	v->epoch = epoch;
	return v;
}

int
monitor_view_grow(struct monitor_view *v)
{
	size_t room = v->room ? 2 * v->room : 64;
	struct monitor_row *rows;
	uint32_t *times;

	if (v->count < v->room)
		return 0;
	rows = realloc(v->rows, room * sizeof(*rows));
	if (!rows)
		return -1;
	v->rows = rows;
	times = realloc(v->times, room * v->sources * sizeof(*times));
	if (!times)
		return -1;
	v->times = times;
	v->room = room;
	return 0;
}

struct monitor_view *
monitor_view_ref(struct monitor_view *v)
{
	atomic_fetch_add_explicit(&v->refs, 1, memory_order_relaxed);
	return v;
}

void
monitor_view_unref(struct monitor_view *v)
{
	if (!v || atomic_fetch_sub_explicit(&v->refs, 1, memory_order_acq_rel) != 1)
		return;
	for (size_t i = 0; i < v->count; i++)
		blob_unref(v->rows[i].bytes);
	for (size_t i = 0; i < v->sources; i++)
		vrpset_unref(v->sets[i]);
	free(v->rows);
	free(v->times);
	free(v);
}

static bool
is_known(const struct monitor_view *v, size_t source)
{
	return v->known >> source & 1;
}

struct vrpset *
monitor_view_set(const struct monitor_view *v, size_t source)
{
	return is_known(v, source) ? v->sets[source] : NULL;
}

int64_t
monitor_view_compared(const struct monitor_view *v, size_t a, size_t b)
{
	if (!is_known(v, a) || !is_known(v, b))
		return MONITOR_NEVER;
	return v->epoch + (v->joined[a] > v->joined[b] ? v->joined[a] : v->joined[b]);
}

static uint32_t
later(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

/* Since when it is a difference that one has it and the other lacks it. */
static uint32_t
since(const struct monitor_view *v, const uint32_t *times, size_t lhs, size_t rhs)
{
	return later(times[lhs], later(times[rhs], v->joined[rhs]));
}

/* ---- counts */

/* Under visible[i] stands at first what reaches threshold i and no longer one. */
static void
count_pair(const struct monitor_view *v, const struct monitor_row *row, uint32_t first, uint32_t now, size_t reached,
	   struct monitor_pair *pair)
{
	pair->records++;
	pair->kinds[row->payload.kind]++;
	pair->lasting += now - first >= v->grace;
	if (v->epoch + first < pair->oldest)
		pair->oldest = v->epoch + first;
	if (reached && row->payload.kind != PAYLOAD_ASPA)
		pair->visible[reached - 1]++;
}

static size_t
reach(const struct monitor_question *q, uint32_t age)
{
	size_t reached = 0;

	while (reached < q->threshold_count && age >= q->thresholds[reached])
		reached++;
	return reached;
}

static void
count_row(const struct monitor_view *v, const struct monitor_row *row, const struct monitor_question *q,
	  struct monitor_pair *pairs)
{
	const uint32_t *times = v->times + (size_t)(row - v->rows) * v->sources;
	uint32_t now = (uint32_t)(q->now - v->epoch);

	for (uint32_t has = row->held & v->known; has; has &= has - 1) {
		size_t lhs = (size_t)__builtin_ctz(has), reached = reach(q, now - times[lhs]);

		for (uint32_t lacks = v->known & ~row->held; lacks; lacks &= lacks - 1) {
			size_t rhs = (size_t)__builtin_ctz(lacks);

			count_pair(v, row, since(v, times, lhs, rhs), now, reached, &pairs[lhs * v->sources + rhs]);
		}
	}
}

void
monitor_view_count(const struct monitor_view *v, const struct monitor_question *q, struct monitor_pair *pairs, size_t *gone)
{
	uint32_t now = (uint32_t)(q->now - v->epoch);

	for (size_t i = 0; i < v->sources * v->sources; i++) {
		bool compared = i / v->sources != i % v->sources && is_known(v, i / v->sources) && is_known(v, i % v->sources);

		pairs[i] = (struct monitor_pair){.compared = compared, .oldest = MONITOR_NEVER};
	}
	for (size_t i = 0; i < v->sources; i++)
		gone[i] = 0;
	for (const struct monitor_row *row = v->rows; row < v->rows + v->count; row++) {
		count_row(v, row, q, pairs);
		for (size_t i = 0; i < v->sources && row->payload.kind != PAYLOAD_ASPA; i++)
			gone[i] += monitor_row_gone(v, row, i, now);
	}
	for (size_t i = 0; i < v->sources * v->sources; i++)
		for (size_t k = q->threshold_count; k > 1; k--)
			pairs[i].visible[k - 2] += pairs[i].visible[k - 1];
}

/* ---- records */

int
monitor_view_each(const struct monitor_view *v, size_t lhs, size_t rhs,
		  int (*fn)(void *ctx, const struct monitor_record *r), void *ctx)
{
	int rc = 0;

	if (!is_known(v, lhs) || !is_known(v, rhs))
		return 0;
	for (size_t i = 0; i < v->count && rc == 0; i++) {
		const struct monitor_row *row = &v->rows[i];
		const uint32_t *times = v->times + i * v->sources;
		struct monitor_record r = {.payload = &row->payload, .seen = v->epoch + times[lhs],
					   .since = v->epoch + since(v, times, lhs, rhs)};

		if (row->held >> lhs & 1 && !(row->held >> rhs & 1))
			rc = fn(ctx, &r);
	}
	return rc;
}
