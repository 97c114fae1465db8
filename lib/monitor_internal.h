/* SPDX-License-Identifier: ISC */
/* What monitor.c makes and monitor_view.c reads. */
#ifndef VRP_MONITOR_INTERNAL_H
#define VRP_MONITOR_INTERNAL_H

#include <stdatomic.h>

#include "blob.h"
#include "monitor.h"

/*
 * A record that differs or was lost.  For each source a view has a time of it: since when
 * it has it, or when it lost it, 0 if it never had it that we know of.  Times
 * are counted from the monitor's first second, which is 1.
 */
struct monitor_row {
	struct payload payload;
	struct blob *bytes;	/* of a router key or an ASPA, a reference */
	uint32_t held;		/* by which sources, a bit each */
};

struct monitor_view {
	atomic_size_t refs;
	size_t sources;
	uint32_t grace;
	int64_t epoch;			/* whose time is 0 */
	uint32_t tables;		/* which sources have given one, a bit each ... */
	uint32_t known;			/* ... and take part now */
	uint32_t joined[MONITOR_SOURCES_MAX];
	struct vrpset *sets[MONITOR_SOURCES_MAX];	/* also of those that left */

	struct monitor_row *rows;	/* in canonical order */
	uint32_t *times;		/* of each row, `sources` of them */
	size_t count, room;
};

/* Do tables differ by it, of whatever source? */
static inline bool
monitor_row_differs(const struct monitor_view *v, const struct monitor_row *row)
{
	return row->held && row->held != v->tables;
}

/* Has this source lost it, and may have it again? */
static inline bool
monitor_row_gone(const struct monitor_view *v, const struct monitor_row *row, size_t source, uint32_t now)
{
	uint32_t lost = v->times[(size_t)(row - v->rows) * v->sources + source];

	return !(row->held >> source & 1) && lost && now - lost < v->grace;
}

VRP_NODISCARD struct monitor_view *monitor_view_new(size_t sources, uint32_t grace, int64_t epoch);

/* Room for one more row. */
VRP_NODISCARD int monitor_view_grow(struct monitor_view *v);

#endif
