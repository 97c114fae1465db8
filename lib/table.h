/* SPDX-License-Identifier: ISC */
/*
 * The reader that holds the table: bytes of a stream in, one immutable set out
 * after each block.  A block that is cut short, malformed, or a delta that does
 * not fit what is held changes nothing; deltas are then refused until the next
 * snapshot, because they no longer have their base.
 */
#ifndef VRP_TABLE_H
#define VRP_TABLE_H

#include <stddef.h>

#include "compiler.h"
#include "err.h"
#include "names.h"
#include "stream.h"
#include "vrpset.h"

struct table_ops {
	/* A block was committed; set is borrowed.  Non-zero stops table_feed(). */
	int (*commit)(void *ctx, struct vrpset *set, const struct block_head *head);

	/* A block was refused, the table is as it was.  Non-zero stops table_feed(). */
	int (*reject)(void *ctx, const struct vrp_err *reason);

	/* What the reader meets on the way, as in struct stream_ops; may be NULL. */
	int (*begin)(void *ctx, const struct block_head *head);
	int (*record)(void *ctx, char sign, const struct payload *p, const char *line, size_t len);
	int (*other)(void *ctx, const char *line, size_t len);
};

struct table;

VRP_NODISCARD struct table *table_new(struct names *names, const struct table_ops *ops, void *ctx);
void table_free(struct table *t);	/* NULL is allowed */

/* As stream_feed(), stream_finish() and stream_break().  After the latter two the next stream may begin. */
VRP_NODISCARD int table_feed(struct table *t, const char *data, size_t len);
VRP_NODISCARD int table_finish(struct table *t);
VRP_NODISCARD int table_break(struct table *t);

/* What is held now, borrowed; NULL before the first commit. */
struct vrpset *table_set(const struct table *t);

#endif
