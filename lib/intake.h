/* SPDX-License-Identifier: ISC */
/*
 * What a cache makes of the stream it is given: which of its tables routers
 * shall see, and when.  Without I/O and clock: bytes and the time in, tables
 * to publish out.
 *
 * The rules:
 * - Only whole, well-formed blocks count; a refused one leaves everything as it is.
 * - Records leave when they expire, with or without new input, but after a
 *   withdrawal of that kind not again for a moment (lifetime.h).
 * - When the table that is served becomes older than max_age by its block's own
 *   `time`, it is withdrawn: an empty one is published.  One that is too old when
 *   it comes is not served, and what is served stays until it ages by itself.  A
 *   list without a time never ages.
 * - A table that loses more than max_shrink percent of the records of any trust
 *   anchor, or of all, is held back until a later one doesn't, or until it is
 *   accepted by hand.
 */
#ifndef VRP_INTAKE_H
#define VRP_INTAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compiler.h"
#include "err.h"
#include "intake_status.h"
#include "log.h"
#include "names.h"
#include "vrpset.h"

#define INTAKE_NEVER INT64_MAX

struct intake_config {
	bool ignore_expiry;
	uint32_t max_age;	/* seconds, 0 for any */
	unsigned max_shrink;	/* percent, 0 for any */

	/*
	 * The table that routers shall see from now on, borrowed.  Called only
	 * when it differs from the one before, annotations aside.  -1 when it
	 * could not be published (memory): it is then offered again later.
	 */
	int (*publish)(void *ctx, struct vrpset *set);
	void *ctx;
};

struct intake;

VRP_NODISCARD struct intake *intake_new(struct names *names, const struct intake_config *config, const struct log *log);
void intake_free(struct intake *in);	/* NULL is allowed */

/*
 * The next bytes of the stream, its end, or that it could not be read to its
 * end; now in Unix seconds, which may go back when the clock is set.  -1 when
 * memory is out.
 */
VRP_NODISCARD int intake_feed(struct intake *in, const char *data, size_t len, int64_t now);
VRP_NODISCARD int intake_finish(struct intake *in, int64_t now);
VRP_NODISCARD int intake_break(struct intake *in, int64_t now);

/* Time has passed.  intake_deadline() tells when that matters next, INTAKE_NEVER if never. */
void intake_tick(struct intake *in, int64_t now);
int64_t intake_deadline(const struct intake *in);

/* What only the caller sees and has said: a block was refused before it came here; the input can't be read. */
void intake_refuse(struct intake *in, const struct vrp_err *why, int64_t now);
void intake_fail(struct intake *in, const struct vrp_err *why, int64_t now);

/* No more will come. */
void intake_end(struct intake *in);

/* Borrowed; true until the next call. */
const struct intake_status *intake_status(const struct intake *in);

/* Accept the table that is held back.  False when there is none. */
bool intake_accept_held(struct intake *in, int64_t now);

#endif
