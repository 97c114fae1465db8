/* SPDX-License-Identifier: ISC */
/*
 * Local exceptions on a stream: bytes of a stream in, the stream with the
 * exceptions applied out.  Without I/O and clock.
 *
 * - Each block that comes whole is written as one block with the same
 *   attributes; a bare list becomes a snapshot.  A block that is refused leaves
 *   no trace in the output, and deltas are refused after it until a snapshot.
 * - What is asserted stands in every snapshot, and no delta announces or
 *   withdraws it.  The ASPA of an asserted customer is announced with the union
 *   whenever that changes.
 * - Lines that begin with % or ~ and are not known are passed on; those within a
 *   block come behind its first line.
 *
 * With `hold` the validated data is kept (32 bytes a VRP): deltas are checked
 * against it, and new exceptions take effect at once, as a delta.  Otherwise
 * nothing is kept but the block that comes, deltas cost what they hold, and
 * are taken before any snapshot too, as vrp-diff(1) writes them.
 */
#ifndef VRP_SLURM_FILTER_H
#define VRP_SLURM_FILTER_H

#include <stdbool.h>
#include <stddef.h>

#include "compiler.h"
#include "delta.h"
#include "err.h"
#include "names.h"
#include "out.h"
#include "slurm.h"
#include "stream.h"

struct slurm_filter_ops {
	/*
	 * A block is in the output, to be flushed; counts of a delta are of both its
	 * halves.  A positive value stops slurm_filter_feed().
	 */
	int (*written)(void *ctx, enum block_kind kind, const struct slurm_counts *counts);

	/* A block was refused.  Non-zero stops slurm_filter_feed(). */
	int (*refused)(void *ctx, const struct vrp_err *reason);
};

struct slurm_filter;

/* Takes slurm over; out, ops and ctx are borrowed.  NULL when memory is out, and slurm is then the caller's. */
VRP_NODISCARD struct slurm_filter *slurm_filter_new(struct names *names, struct slurm *slurm, bool hold,
						    struct out *out, const struct slurm_filter_ops *ops, void *ctx);
void slurm_filter_free(struct slurm_filter *f);	/* NULL is allowed */

/* As stream_feed(), stream_finish() and stream_break(). */
VRP_NODISCARD int slurm_filter_feed(struct slurm_filter *f, const char *data, size_t len);
VRP_NODISCARD int slurm_filter_finish(struct slurm_filter *f);
VRP_NODISCARD int slurm_filter_break(struct slurm_filter *f);

/*
 * New exceptions, which are taken over; only with hold.  What they change is
 * written as a delta, unless that is nothing, and *changed says how many records
 * it has.  -1 with a reason: the old ones stay, slurm is freed.
 */
VRP_NODISCARD int slurm_filter_change(struct slurm_filter *f, struct slurm *slurm, size_t *changed,
				      struct vrp_err *err);

#endif
