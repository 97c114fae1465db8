/* SPDX-License-Identifier: ISC */
/*
 * What a cache serves, kept in a directory so that it survives a restart, a
 * crash and a power cut: session IDs, table, serial, and the changes that led to it.
 *
 *	state = rtr_state_open(dir, &log, &err)		one process for a directory
 *	rtr_state_load(state, names, history, ...)
 *	serial = rtr_state_commit(state, step, set, time, now)	before routers hear of it
 *	rtr_state_keep(state, set, time, now)		afterwards
 *
 * The file DIR/state is a journal (rtr_journal.h).  A change is appended and
 * synced before any router hears of its serial; what can wait, annotations and times, follows
 * when they have.  When what was appended outgrows the rest, the file is written
 * anew, beside the old one, and replaces it.
 *
 * No serial is ever given to two tables of one session:
 *
 * - What was told is on disk, with all its bytes synced, and a start serves
 *   nothing that it has not synced itself.  Killed between disk and routers, the next
 *   start tells them.
 * - A change that can't be written is served all the same, under a serial far
 *   away: at least 2^28 ahead and, since that is drawn, hardly where another such
 *   jump has led.  A start from the file, which stays as it was, counts on from
 *   there and would need as many changes to meet it.  Who has such a
 *   serial is then told to start over.  Once the file can be written again it is
 *   written anew, and holds everything.
 * - When the last part of a file is torn, whether by a power cut before it was told or by
 *   damage after, the next change jumps likewise.
 *
 * RFC 1982 counts a jump below 2^31 as forward.  What no file can guard against
 * is an older copy of itself put in its place.
 *
 * A file that is damaged, of an unknown version or somebody else's is set aside as
 * DIR/state.damaged-TIME and named in the log, and the cache begins without.
 *
 * All of it belongs to one thread at a time, but for rtr_state_status().
 */
#ifndef VRP_RTR_STATE_H
#define VRP_RTR_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compiler.h"
#include "delta.h"
#include "err.h"
#include "log.h"
#include "names.h"
#include "rtr_snapshot.h"
#include "vrpset.h"

#define RTR_STATE_FILE "state"
#define RTR_STATE_NEVER INT64_MAX

struct rtr_state;

/*
 * The directory, which is made if it isn't there, has to be ours alone to write to,
 * and is locked; files that a killed process left half-written are removed.
 * dir and log are copied.  NULL with a reason.
 */
VRP_NODISCARD struct rtr_state *rtr_state_open(const char *dir, const struct log *log, struct vrp_err *err);
void rtr_state_free(struct rtr_state *s);	/* NULL is allowed */

/*
 * Read the file, once.  *from is a new reference to what it holds, or NULL when
 * there is none, or none to be trusted, which is logged; the cache then begins
 * with `sessions`.  From now on at most `history` changes are kept.  -1 with a
 * reason when memory is out.
 */
VRP_NODISCARD int rtr_state_load(struct rtr_state *s, struct names *names, const uint16_t sessions[RTR_VERSIONS],
				 size_t history, struct rtr_snapshot **from, struct vrp_err *err);

/*
 * The serial of the next table, to which step leads from the one before (NULL:
 * there is none); on disk when this returns, or logged that it is not.  time is
 * the data's, or STAMP_UNKNOWN; now is in Unix seconds.
 */
uint32_t rtr_state_commit(struct rtr_state *s, const struct delta *step, struct vrpset *set, int64_t time, int64_t now);

/* The table that was committed last has these annotations now and this time; and what else has waited for routers. */
void rtr_state_keep(struct rtr_state *s, struct vrpset *set, int64_t time, int64_t now);

/* Try again what failed, when it is time for that. */
void rtr_state_tick(struct rtr_state *s, int64_t now);
int64_t rtr_state_deadline(const struct rtr_state *s);	/* RTR_STATE_NEVER: nothing waits */

/* From any thread. */
struct rtr_state_status {
	bool healthy;		/* a start from the file would lose nothing */
	char error[sizeof(((struct vrp_err *)0)->msg)];	/* why it is not */
	uint64_t bytes;		/* of the file */
	int64_t written;	/* Unix seconds: when it was last written to; STAMP_UNKNOWN: not yet */
};

void rtr_state_status(struct rtr_state *s, struct rtr_state_status *status);

#endif
