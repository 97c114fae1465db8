/* SPDX-License-Identifier: ISC */
/*
 * What of a table may still be used: its records leave when they expire, and all
 * of them when the table has become too old.  Without I/O and clock: a table, the
 * time it dates from and the present in, the table to be used out.
 *
 * - Once records have left because they expired, others leave that way after
 *   LIFETIME_SPACING seconds at the earliest.
 * - A table that dates from more than max_age seconds ago is void, and what is
 *   left is the empty one.  One that has no date never ages.
 *
 * Times are Unix seconds and may go back, when the clock is set: what had expired
 * or aged is then true again.
 */
#ifndef VRP_LIFETIME_H
#define VRP_LIFETIME_H

#include <stdbool.h>
#include <stdint.h>

#include "compiler.h"
#include "vrpset.h"

#define LIFETIME_SPACING 10
#define LIFETIME_NEVER INT64_MAX

struct lifetime {
	bool ignore_expiry;	/* the first two are the caller's to set before the first call */
	uint32_t max_age;	/* seconds, 0 for any */

	struct vrpset *all;	/* the table as it came; a reference, NULL for none */
	struct vrpset *live;	/* what of it may be used; likewise */
	int64_t date;		/* STAMP_UNKNOWN: it has none */
	bool aged;		/* that is why nothing is left */
	int64_t now;
	int64_t swept;		/* when records left because they had expired */
	int64_t deadline;
};

#define LIFETIME_INIT {.swept = -LIFETIME_SPACING, .deadline = LIFETIME_NEVER}

void lifetime_release(struct lifetime *l);

/* Would a table of this date be void at this time? */
bool lifetime_too_old(const struct lifetime *l, int64_t date, int64_t now);

/*
 * Another table, or the same with another date; time has passed.  `live` becomes
 * what may be used now, and stays the same set where that is the same.  -1 when
 * memory is out: `live` is then as it was, and the deadline a second away.
 */
VRP_NODISCARD int lifetime_take(struct lifetime *l, struct vrpset *set, int64_t date, int64_t now);
VRP_NODISCARD int lifetime_tick(struct lifetime *l, int64_t now);

/* When that matters next. */
static inline int64_t
lifetime_deadline(const struct lifetime *l)
{
	return l->deadline;
}

#endif
