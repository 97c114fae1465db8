/* SPDX-License-Identifier: ISC */
/*
 * What the parts of vrp-fetch share: vrp-fetch.c has the options, reads a source
 * and writes a block; vrp-fetch-live.c is -r, which does so again and again.
 */
#ifndef VRP_FETCH_TOOL_H
#define VRP_FETCH_TOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli.h"
#include "delta.h"
#include "feed_ask.h"
#include "names.h"
#include "sig_input.h"
#include "vrpset.h"

struct options {
	struct feed_ask_options ask;
	struct sig_keys keys;	/* one of which has to have signed a feed; none: any feed is taken */
	const char *output;
	uint32_t refresh;	/* seconds, 0: once */
	bool full;
	bool quiet;
};

struct source {
	const struct cli *cli;
	const char *argument;
	char *name;
	bool progress;
	bool mute;		/* bad records are only counted: they were named before */
	size_t skipped;		/* of them the time before */

	/* While and after it is read. */
	struct feed_answer answer;
	struct sig_mark mark;	/* how far a signed stream has been read */
	int64_t start;
	int64_t shown;		/* when the progress line was written last */
};

/* A block to be written, and whose it is. */
struct block {
	const struct source *source;
	const struct vrpset *set;
	const struct delta *delta;	/* NULL for a snapshot */
	bool named;			/* with its source */
};

/* Milliseconds of a clock that never jumps. */
int64_t clock_ms(void);

/* Read a source to its end; known is NULL when that happens only once. */
enum feed_outcome source_read(struct source *s, const struct options *o, const struct validators *known, struct names *names);

/* Write a block, and say what is in it.  -1 when it could not be written, which is said. */
int block_deliver(const struct block *b, const struct options *o);

/* The exit status. */
int live_run(const struct cli *cli, struct options *o, struct source *sources, size_t count, struct names *names);

#endif
