/* SPDX-License-Identifier: ISC */
/*
 * What whoever stays and fetches has to decide: which source to ask next and
 * when, and what those downstream have to be told of the answer.  Without I/O,
 * clock and chance: times, random numbers and tables in, decisions out.
 *
 *	while ((source = refresh_next(r, now)) >= 0)
 *		fetch it; refresh_failed() or refresh_worked()
 *	wait until refresh_deadline(r)
 *
 * Sources are numbers, in order of preference.  A pass over them begins at the
 * first and ends at the first that works, so that one pass takes at most one
 * table.  A source that fails is left alone for a while, which doubles with each
 * failure in a row; when that is over it is asked again, also while a less
 * preferred one works.  A source that works is asked again after the interval.
 *
 * Times of the schedule are milliseconds of a clock that never jumps; those of
 * the data are Unix seconds.
 */
#ifndef VRP_REFRESH_H
#define VRP_REFRESH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compiler.h"
#include "delta.h"
#include "err.h"
#include "vrpset.h"

/* The first wait after a failure, unless the interval is shorter; the interval is the longest. */
#define REFRESH_RETRY INT64_C(10000)
#define REFRESH_RETRY_SPREAD 25		/* percent, either way */

/*
 * The interval is spread as well: otherwise all that were started by one timer
 * would come to a server at the same second for ever.
 */
#define REFRESH_SPREAD 5		/* percent, either way */

/* The longest wait that a server may ask for: a few tries before data is a day old. */
#define REFRESH_RETRY_AFTER_MAX INT64_C(21600000)

struct refresh_config {
	size_t sources;
	int64_t interval;	/* milliseconds, positive */
	uint32_t max_age;	/* seconds that data may be old, 0: any */
	bool full;		/* whole tables only, no deltas */
	uint32_t (*random)(void *ctx);	/* any number of 32 bits */
	void *ctx;
};

struct refresh;

VRP_NODISCARD struct refresh *refresh_new(const struct refresh_config *config);
void refresh_free(struct refresh *r);	/* NULL is allowed */

/* ---- the schedule */

/* The source to ask now, -1 when none is due: the pass is over, and refresh_deadline() is when the next begins. */
int refresh_next(struct refresh *r, int64_t now);
int64_t refresh_deadline(const struct refresh *r);

/* Ask every source that a pass comes to, whatever it waits for, from the first one on. */
void refresh_hurry(struct refresh *r);

/*
 * It gave no good table.  retry_after is what the server asked for in seconds,
 * 0 when it did not; it can only make the wait longer.  Returns how long the
 * source is left alone.
 */
int64_t refresh_failed(struct refresh *r, size_t source, int64_t now, uint32_t retry_after);

/* It gave a good table, or has no new one.  Returns how many failures in a row this ends. */
unsigned refresh_worked(struct refresh *r, size_t source, int64_t now);

/* ---- the table */

enum refresh_action {
	REFRESH_NOTHING,	/* neither records, annotations nor time are new */
	REFRESH_KEEP,		/* the source went back to older data than it gave: what is downstream stays */
	REFRESH_SNAPSHOT,
	REFRESH_DELTA,		/* may be empty, for the sake of its time */
};

/* A table that a source gave, and what it is to those downstream. */
struct refresh_block {
	enum refresh_action action;
	struct vrpset *set;	/* a reference */
	struct delta delta;	/* from what is downstream, annotations too; none when nothing is */
	size_t source;
	int64_t time;		/* when the data was made, STAMP_UNKNOWN when it doesn't say */
	int64_t known;		/* no later than this: its time unless that lies in the future */
	bool moved;		/* the last block that was written came from another source */
	bool older;		/* and has older data than what is downstream */
};

/*
 * What to do with a table, whose data was made at `time`, at `now`.  It is
 * compared with what is downstream:
 * - the first one is a snapshot, and so is one without a time after one with a
 *   time, because a delta without it would leave the old time standing;
 * - other data is a delta; the same data with another time is an empty delta,
 *   because readers withdraw a table whose time is too long ago;
 * - a source may not go back in time while its own table is downstream, as the
 *   machines behind one name do that are not in step.  Another source may: the
 *   second validator lags, and is all there is.
 * -1 when memory is out.  *out is released by the caller, after refresh_written()
 * when it got downstream.
 */
VRP_NODISCARD int refresh_offer(const struct refresh *r, size_t source, struct vrpset *set, int64_t time, int64_t now,
				struct refresh_block *out);
void refresh_block_release(struct refresh_block *b);

/* The block is what is downstream from now on.  To be called for REFRESH_NOTHING, too. */
void refresh_written(struct refresh *r, const struct refresh_block *b);

/*
 * Does what is downstream come from this source?  If not, that it has not
 * changed means nothing: it has to be asked for all of it.
 */
bool refresh_holds(const struct refresh *r, size_t source);

/* When the data that is downstream was made, STAMP_UNKNOWN when that isn't known. */
int64_t refresh_time(const struct refresh *r);

/*
 * What has not changed may have become too old, as it would be found when it was
 * read again.  -1 with that reason when it has, and then the source has failed.
 */
VRP_NODISCARD int refresh_check_age(const struct refresh *r, int64_t now, struct vrp_err *err);

#endif
