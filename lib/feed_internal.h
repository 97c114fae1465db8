/* SPDX-License-Identifier: ISC */
/*
 * What the readers of the dialects share: the input with its first bytes, the
 * table in the making, and what is counted on the way.
 */
#ifndef VRP_FEED_INTERNAL_H
#define VRP_FEED_INTERNAL_H

#include "feed.h"

#define FEED_PEEK 4096		/* bytes to tell a dialect by */
#define FEED_QUOTE_MAX 64	/* bytes of the input that a message repeats */

struct feed {
	const struct feed_input *in;
	const struct feed_options *options;
	struct names *names;
	struct vrpset_builder *builder;
	struct feed_result *result;
	struct vrp_err *err;	/* where a reader that returns -1 leaves the reason */
	size_t named;		/* bad records that were reported */
	size_t vrps;		/* VRPs met, bad and expired ones too */
	bool promised;		/* the metadata counts VRPs */

	char peek[FEED_PEEK];
	size_t peeked;
	size_t taken;		/* of the peeked bytes */
};

/* Read the input from its start; ctx is the struct feed. */
ssize_t feed_pull(void *ctx, void *dst, size_t len, struct vrp_err *err);

/*
 * Put a record into the table, unless it has expired.  -1 when memory is out.
 * A VRP is checked first: NULL, or a constant text that says what is wrong.
 */
const char *feed_check_vrp(const struct vrp *vrp);
VRP_NODISCARD int feed_add(struct feed *f, const struct payload *p);
VRP_NODISCARD int feed_add_vrp(struct feed *f, const struct vrp *vrp);

/* A bad record: count it and say so.  -1 under strict. */
VRP_NODISCARD int feed_bad(struct feed *f, const struct vrp_err *why);

/* A piece of the input in quotes, made harmless to a terminal and cut to fit. */
struct feed_quote {
	char text[FEED_QUOTE_MAX + 8];
};

struct feed_quote feed_quote(const char *s, size_t len);

/* A trust anchor's name as a number; "N/A" and nothing are unknown.  -1 as names_raw(). */
int feed_ta(struct feed *f, const char *s, size_t len);

/* Unix seconds as an expiry, cut to what one can hold; false for a time before 1970. */
bool feed_expiry(int64_t seconds, uint32_t *out);

/* The readers: 0 when the whole input was read, -1 with a reason in f->err. */
VRP_NODISCARD int feed_json(struct feed *f);
VRP_NODISCARD int feed_csv(struct feed *f);

#endif
