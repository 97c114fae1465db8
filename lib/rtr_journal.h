/* SPDX-License-Identifier: ISC */
/*
 * What a cache serves as text that survives it: the file of rtr_state.h, which
 * is a stream of the line format with comments.  Without I/O of its own but
 * through struct out, and without a clock.
 *
 *	# rtr-serve state 1
 *	%snapshot serial=17 sessions=4711,815,42 time=2026-11-25T00:00:00Z
 *	...
 *	~end
 *	# sha256 HEX
 *	%delta serial=18 time=2026-11-25T00:10:00Z
 *	...
 *	~end
 *	# sha256 HEX
 *
 * The snapshot is the table at its serial, under the session IDs of versions 0,
 * 1 and 2.  A delta leads to its serial; one whose serial is that of the block
 * before it changes nothing but annotations, which take no serial.  An ASPA whose
 * providers change is withdrawn and announced, so that a delta can be undone.
 * `time` is the data's; where a block has none, the one before it stands.
 *
 * Blocks are written in parts, each ended by a seal: the SHA-256 of all bytes
 * from the beginning of the seal before it, or of the file, so that parts can't be lost,
 * put in or moved unnoticed.  It guards against accidents, not against who may
 * write the file.
 *
 * A last part whose seal is missing or wrong was torn, and is left out.  Anything else that is
 * not as it was written is damage, and makes all of it void.
 */
#ifndef VRP_RTR_JOURNAL_H
#define VRP_RTR_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compiler.h"
#include "err.h"
#include "names.h"
#include "out.h"
#include "rtr_snapshot.h"
#include "sig_key.h"

#define RTR_JOURNAL_VERSION 1
#define RTR_JOURNAL_SEAL_LEN 74		/* bytes of the line, with its newline */

/* One part that is written. */
struct rtr_journal {
	struct out out;
	struct sig_hash hash;
};

/*
 * Begin one at the position of fd (borrowed): the first of a new file, or one behind a
 * seal.  What fails comes out at the end, which has to be called.
 */
void rtr_journal_begin(struct rtr_journal *j, int fd, const char *seal);

/*
 * Everything: the oldest table that the steps of a snapshot lead from, and these
 * steps.  What is read back has the same set, annotations too.  -1 when memory is out.
 */
VRP_NODISCARD int rtr_journal_write_all(struct rtr_journal *j, const struct rtr_snapshot *s);

/* A step to a serial, as delta_between() makes them. */
void rtr_journal_write_step(struct rtr_journal *j, uint32_t serial, int64_t time, const struct delta *step);

/* New annotations, without another serial, of records that are there; NULL: none, only another time. */
void rtr_journal_write_renewal(struct rtr_journal *j, uint32_t serial, int64_t time, const struct vrpset *records);

/*
 * Write the seal, which the next part begins with, and count the bytes of the
 * part.  -1 with errno set when anything failed.
 */
VRP_NODISCARD int rtr_journal_end(struct rtr_journal *j, char seal[RTR_JOURNAL_SEAL_LEN], uint64_t *bytes);

/* What a file holds. */
struct rtr_journal_contents {
	struct rtr_snapshot *snapshot;	/* owned */
	size_t len;			/* up to the end of the last seal */
	size_t torn_line;		/* where a part was left out, 0: none was */
	char seal[RTR_JOURNAL_SEAL_LEN];	/* the last one */
};

/*
 * Read all of a file.  0, or 1 with a reason when it is damaged, of another
 * version or something else altogether; -1 when memory is out.
 */
VRP_NODISCARD int rtr_journal_read(const char *text, size_t len, struct names *names, struct rtr_journal_contents *out,
				   struct vrp_err *err);

#endif
