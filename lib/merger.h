/* SPDX-License-Identifier: ISC */
/*
 * Several streams as one, live: bytes of each input in, blocks of what they hold
 * together out (merge.h says what that is).  No I/O and no clock.
 *
 * Once every input has a table, one snapshot; then, for each block that an
 * input commits, one delta, if records, their annotations or the time change.
 * A block that is refused changes nothing, and an input that has ended goes on
 * to count with the last table it had: sources that fall silent empty nobody.
 *
 * The time of a block is the oldest that an input says of its table.  Inputs
 * that don't say have no part in it: age can then be judged by the others.
 */
#ifndef VRP_MERGER_H
#define VRP_MERGER_H

#include <stdbool.h>
#include <stddef.h>

#include "compiler.h"
#include "delta.h"
#include "err.h"
#include "names.h"
#include "stream.h"
#include "vrpset.h"

struct merger_ops {
	/*
	 * What to write, all borrowed: the first result as a snapshot, or with
	 * delta what changed, which leads to set.  attrs are those of the one
	 * input, or the time of several.  Non-zero stops the feed.
	 */
	int (*block)(void *ctx, const struct buf *attrs, const struct vrpset *set, const struct delta *delta);

	/*
	 * A block of an input was refused: it goes on to count with the table that
	 * it had.  Nothing more is told of the deltas that follow up to the next
	 * snapshot, which cannot be taken.
	 */
	void (*reject)(void *ctx, size_t input, const struct vrp_err *reason);

	/* What the inputs hold cannot be one table; the result stays as it was. */
	void (*fail)(void *ctx, const struct vrp_err *reason);

	/* A line that begins with % or ~ and is not known.  Non-zero stops the feed. */
	int (*other)(void *ctx, size_t input, const char *line, size_t len);
};

struct merger;

/* 1 <= quorum <= inputs; ops and ctx are borrowed.  NULL when memory is out. */
VRP_NODISCARD struct merger *merger_new(struct names *names, size_t inputs, size_t quorum, const struct merger_ops *ops,
					void *ctx);
void merger_free(struct merger *m);	/* NULL is allowed */

/* As table_feed(), table_finish() and table_break(), for one input.  0, a callback's value, or -1 when memory is out. */
VRP_NODISCARD int merger_feed(struct merger *m, size_t input, const char *data, size_t len);
VRP_NODISCARD int merger_finish(struct merger *m, size_t input);
VRP_NODISCARD int merger_break(struct merger *m, size_t input);

/*
 * Wait no longer for inputs that have no table: until they have one they hold
 * nothing.  The snapshot comes now, or when a quorum of inputs has a table.
 */
VRP_NODISCARD int merger_start(struct merger *m);

bool merger_has_table(const struct merger *m, size_t input);

/* What was written last, borrowed; NULL before the snapshot. */
const struct vrpset *merger_result(const struct merger *m);

#endif
