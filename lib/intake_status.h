/* SPDX-License-Identifier: ISC */
/*
 * What is known of a cache's input, as a value that can be handed to who asks
 * on another thread: how old the data is, what became of the
 * last block, what has expired.  And what follows from it for who wants to know
 * whether the cache is well.
 */
#ifndef VRP_INTAKE_STATUS_H
#define VRP_INTAKE_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compiler.h"
#include "err.h"
#include "stamp.h"

/* What the input did last; routers may well be served meanwhile, which is what intake_status_healthy() tells. */
enum intake_state {
	INTAKE_WAITING,		/* nothing has come yet */
	INTAKE_OK,		/* a block was taken */
	INTAKE_FAILING,		/* the last block was refused, or the input can't be read */
	INTAKE_HELD,		/* the last table is held back, for it shrinks too much */
	INTAKE_STALE,		/* the last block was too old to be served, or what was served has been withdrawn for that */
	INTAKE_ENDED,		/* no more will come */
};

#define INTAKE_STATES 6

/* What became of a block. */
enum intake_result {
	INTAKE_ACCEPTED,
	INTAKE_REFUSED,		/* malformed, cut short or unsigned */
	INTAKE_HELD_BACK,	/* counted as accepted as well when it is accepted by hand */
	INTAKE_TOO_OLD,
};

#define INTAKE_RESULTS 4

extern const char *const intake_state_names[INTAKE_STATES];	/* "waiting", ... */
extern const char *const intake_result_names[INTAKE_RESULTS];	/* "accepted", "refused", "held", "stale" */

/* Times are Unix seconds, STAMP_UNKNOWN before there is any. */
struct intake_status {
	enum intake_state state;
	bool has_table;		/* one was published, be it an empty one */
	bool aged;		/* it was withdrawn, since it became too old */
	uint32_t max_age;	/* seconds, 0 for any */
	int64_t data_time;	/* of what is served, by its own word; STAMP_UNKNOWN when it has none */
	int64_t received;	/* when a block was last taken */
	uint64_t blocks[INTAKE_RESULTS];
	int64_t error_time;	/* of the last error */
	struct vrp_err error;	/* line 0 when it has none */
	size_t expired;		/* records that the table lacks now since they have expired */
	uint64_t expired_total;	/* that were withdrawn when they did */
	uint64_t published;	/* tables, which rtr_snapshot's `updates` counts as well */
};

#define INTAKE_STATUS_INIT \
	{.data_time = STAMP_UNKNOWN, .received = STAMP_UNKNOWN, .error_time = STAMP_UNKNOWN}

/* Something went wrong: `why` is the last error from now on. */
void intake_status_fail(struct intake_status *s, const struct vrp_err *why, int64_t now);

#define INTAKE_REASON_MAX 96

/*
 * Is there a table that may be relied on now?  False with the reason, lower case, no full stop:
 * there is none, or its data is older than max_age.
 */
bool intake_status_healthy(const struct intake_status *s, int64_t now, char reason[INTAKE_REASON_MAX]);

#endif
