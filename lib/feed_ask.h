/* SPDX-License-Identifier: ISC */
/*
 * A feed, asked once: whether it has changed since it was read, and if so for all
 * of it.  Whoever asks again and again has the schedule in refresh.h.
 */
#ifndef VRP_FEED_ASK_H
#define VRP_FEED_ASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compiler.h"
#include "err.h"
#include "feed.h"
#include "fetch.h"
#include "names.h"
#include "sig_input.h"
#include "validators.h"
#include "vrpset.h"

struct feed_ask_options {
	struct fetch_options fetch;
	struct feed_options feed;	/* `now` is filled in */

	/* One of these has to have signed the feed, sig_input.h; NULL: any feed is taken.  mark, of streams, may be NULL. */
	const struct sig_keys *keys;
	struct sig_mark *mark;

	/* How far it has come, at each read; may be NULL. */
	void (*progress)(void *ctx, uint64_t bytes, size_t records);
	void *ctx;
};

enum feed_outcome {
	FEED_FAILED,		/* err says why */
	FEED_UNCHANGED,
	FEED_GOOD,		/* set is the table */
};

struct feed_answer {
	enum feed_outcome outcome;
	struct vrpset *set;		/* the caller's; NULL unless it is good */
	struct feed_result result;
	struct validators validators;	/* of a good one: what to ask with the next time */
	uint32_t retry_after;		/* of a failed one: the seconds that the server asked for, 0 when it did not */
	bool refused;			/* of a failed one: all of it came, and was not good */
	struct vrp_err err;
};

/* source and known are those of fetch_open(): a path, "-" or a URL; NULL when it is asked only once. */
void feed_ask(const char *source, const struct feed_ask_options *options, const struct validators *known,
	      struct names *names, struct feed_answer *out);

#endif
