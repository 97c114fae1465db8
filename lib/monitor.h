/* SPDX-License-Identifier: ISC */
/*
 * Several tables, side by side and over time: for each two of them which records
 * the one has and the other lacks, and since when.  Without I/O and clock: tables
 * and times in, views out.
 *
 *	m = monitor_new(2, 3600, now);
 *	monitor_take(m, 0, set, now);  ...
 *	view = monitor_view(m);
 *	monitor_view_count(view, &question, pairs, gone);
 *
 * A view is what was known after one step: immutable, shared by counted
 * references, on any thread.
 *
 * Sources are numbers.  One takes part from its first table on, until
 * monitor_leave(), and again from the next table.  Records are told apart by
 * what they say: prefix, maximum length and AS of a VRP; AS, SKI and key; customer
 * and all providers of an ASPA.  Trust anchors and expiries don't matter, so that
 * each source may have names of its own.
 *
 * Two times of a record that lhs has and rhs lacks:
 *
 *	seen	since when lhs has had it, without a break: how long it has been visible there
 *	since	since when that is a difference: the latest of that, of when rhs lost it, and of
 *		when rhs gave its first table
 *
 * What a source has lost is remembered for the grace period, though nobody may
 * have it any longer; of what nobody has MONITOR_GONE_MAX records at most.
 *
 * It costs four bytes for each record of each table, and a row for each record
 * that differs or was lost.  A new table is one walk over it and the one before,
 * a search in the others for each record that changed, and a copy of the rows; a
 * source's first table is one walk over all of them.
 *
 * Times are seconds of a clock that never jumps.
 */
#ifndef VRP_MONITOR_H
#define VRP_MONITOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compiler.h"
#include "payload.h"
#include "vrpset.h"

#define MONITOR_SOURCES_MAX 32
#define MONITOR_THRESHOLDS_MAX 16
#define MONITOR_GONE_MAX ((size_t)1 << 20)

#define MONITOR_NEVER INT64_MAX

struct monitor;
struct monitor_view;

/* grace in seconds.  2 <= sources <= MONITOR_SOURCES_MAX.  NULL when memory is out. */
VRP_NODISCARD struct monitor *monitor_new(size_t sources, uint32_t grace, int64_t now);
void monitor_free(struct monitor *m);	/* NULL is allowed; views live on */

/* From now on a source has this table, of which a reference is taken.  -1 when memory is out: all is as it was. */
VRP_NODISCARD int monitor_take(struct monitor *m, size_t source, struct vrpset *set, int64_t now);

/* It takes no part any longer until its next table, which goes on from its last one.  -1 likewise. */
VRP_NODISCARD int monitor_leave(struct monitor *m, size_t source, int64_t now);

/* Forget what the grace period is over for.  -1 likewise; it matters for memory alone, and when is monitor_deadline(). */
VRP_NODISCARD int monitor_tick(struct monitor *m, int64_t now);
int64_t monitor_deadline(const struct monitor *m);	/* MONITOR_NEVER: nothing is to be forgotten */

/* The present view: a new reference. */
struct monitor_view *monitor_view(const struct monitor *m);

struct monitor_view *monitor_view_ref(struct monitor_view *v);
void monitor_view_unref(struct monitor_view *v);	/* NULL is allowed */

/* The table of a source, borrowed; NULL when it takes no part. */
struct vrpset *monitor_view_set(const struct monitor_view *v, size_t source);

/* Since when both of them have taken part, MONITOR_NEVER when they don't. */
int64_t monitor_view_compared(const struct monitor_view *v, size_t a, size_t b);

/* ---- counts */

struct monitor_question {
	int64_t now;
	const uint32_t *thresholds;	/* seconds, ascending; at most MONITOR_THRESHOLDS_MAX */
	size_t threshold_count;
};

/* Of the records that lhs has and rhs lacks. */
struct monitor_pair {
	bool compared;		/* both take part; else all is 0 */
	size_t records;		/* of every kind ... */
	size_t kinds[3];	/* ... by enum payload_kind */
	size_t lasting;		/* that have differed for the grace period or longer */
	int64_t oldest;		/* the earliest `since`, MONITOR_NEVER when there is none */

	/* VRPs and router keys that lhs has had for each threshold or longer. */
	size_t visible[MONITOR_THRESHOLDS_MAX];
};

/*
 * pairs[lhs * sources + rhs]; those with themselves are empty.  gone[source]: VRPs and
 * router keys that it lost less than the grace period ago and has not again.
 */
void monitor_view_count(const struct monitor_view *v, const struct monitor_question *q, struct monitor_pair *pairs,
			size_t *gone);

/* ---- records */

struct monitor_record {
	const struct payload *payload;	/* without annotations that mean anything; borrowed from the view */
	int64_t seen;
	int64_t since;
};

/* Call fn for what lhs has and rhs lacks, in canonical order; it stops at the first value that is not 0 and returns it. */
int monitor_view_each(const struct monitor_view *v, size_t lhs, size_t rhs,
		      int (*fn)(void *ctx, const struct monitor_record *r), void *ctx);

#endif
