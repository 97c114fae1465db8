/* SPDX-License-Identifier: ISC */
/*
 * Validator exports in, records out: one entry for every dialect, which is
 * found by content.  JSON dialects stream through feed_json.c, CSV dialects
 * through feed_csv.c, our own line format through table.c.
 *
 * What must never happen is that a router loses its table in silence.  So a
 * feed is refused outright when it is cut short, when it holds no list of
 * records at all (`{}`, or a bare `[]`, which doesn't say of what), when its
 * metadata counts VRPs and it lists none, and when it lists records but not
 * one of them can be used.  A list that is there, named and empty, with no
 * count against it (`{"roas":[]}`, a CSV header alone), is an empty table.
 */
#ifndef VRP_FEED_H
#define VRP_FEED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "compiler.h"
#include "err.h"
#include "names.h"
#include "vrpset.h"

/* Where the bytes come from: as read(2), -1 with a reason in err. */
struct feed_input {
	ssize_t (*read)(void *ctx, void *dst, size_t len, struct vrp_err *err);
	void *ctx;
};

struct feed_options {
	bool strict;		/* the first bad record fails the feed */
	bool ignore_expiry;	/* keep records that have expired */
	int64_t now;		/* Unix seconds: what has expired, how old the feed is */
	uint32_t max_age;	/* refuse a feed older than this by its own metadata; seconds, 0 = any age */

	/*
	 * Called for each bad record that is skipped; may be NULL.  err has line,
	 * column and reason.  The reader stops calling after it was called
	 * FEED_NAMED_MAX times; result.skipped counts on.
	 */
	void (*skipped)(void *ctx, const struct vrp_err *err);
	void *ctx;
};

#define FEED_NAMED_MAX 20

struct feed_result {
	const char *dialect;	/* constant: "json", "csv", "lines" */
	int64_t time;		/* when the validator made the data, STAMP_UNKNOWN when it doesn't say */
	size_t records;		/* met so far, of any kind; counts on while the feed is read */
	size_t skipped;		/* bad records */
	size_t expired;		/* records dropped because they had expired */
};

/*
 * Read a whole feed.  The set on success; NULL with a reason, its line and
 * column when the feed is not whole, has the wrong shape, is too old, holds no
 * record where its metadata counts many, or has a bad record under strict.
 */
VRP_NODISCARD struct vrpset *feed_read(const struct feed_input *in, const struct feed_options *options,
				       struct names *names, struct feed_result *result, struct vrp_err *err);

#endif
