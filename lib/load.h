/* SPDX-License-Identifier: ISC */
/*
 * The last table of a whole stream, for tools that work on tables and not on
 * their changes: a file, a FIFO or standard input is read to its end, and its
 * deltas are applied.
 *
 * The whole of the input has to be good.  A block that is cut short or
 * malformed, a delta without its base, and an input without any block or
 * record are errors: what is missing must never look like an empty table.
 */
#ifndef VRP_LOAD_H
#define VRP_LOAD_H

#include <stdint.h>

#include "buf.h"
#include "compiler.h"
#include "err.h"
#include "names.h"
#include "table.h"
#include "vrpset.h"

struct load {
	struct vrpset *set;
	int64_t time;		/* of the data, by the last snapshot or a delta behind it; STAMP_UNKNOWN when none says */
	struct buf attrs;	/* of the last block, as tokens; `time` and `source` of those before it where it lacks them */
	struct buf source;	/* attribute `source` of these, decoded and NUL-terminated; no data when there is none */
	struct buf other;	/* the lines of the input that begin with % or ~ and are not known, each with its newline */
};

/* path is a file or "-", standard input.  -1 with a reason; *out is then released. */
VRP_NODISCARD int load_read(struct load *out, const char *path, struct names *names, struct vrp_err *err);
void load_release(struct load *l);

/*
 * Feed a table with what a descriptor has, to its end, waiting where it would
 * not; the caller calls table_finish() or table_break().  0, with errno in *error
 * when it could not be read to its end, a callback's value, or -1 when memory is out.
 */
VRP_NODISCARD int load_feed(struct table *t, int fd, int *error);

#endif
