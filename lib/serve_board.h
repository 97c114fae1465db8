/* SPDX-License-Identifier: ISC */
/*
 * Where the threads of rtr-serve leave word for the one that answers HTTP: the
 * loop its reports and snapshots, the feeder the status of its input.  Who
 * looks gets all of it as it is now, and keeps it for as long as wanted, so
 * that no thread ever waits for another's formatting.
 *
 *	loop   -- rtr_report, rtr_snapshot -->  board  -- serve_view --> handlers of HTTP
 *	feeder -- intake_status ------------>
 */
#ifndef VRP_SERVE_BOARD_H
#define VRP_SERVE_BOARD_H

#include <stdbool.h>
#include <stdint.h>

#include "compiler.h"
#include "intake_status.h"
#include "rtr_report.h"
#include "rtr_snapshot.h"

struct serve_board;

/* All of it at one moment. */
struct serve_view {
	struct rtr_report *report;	/* a reference; NULL before the first */
	struct rtr_snapshot *snapshot;	/* likewise */
	struct intake_status input;
	int64_t now;			/* Unix seconds */
	int64_t data_time;		/* of the snapshot's table, STAMP_UNKNOWN when it has none */
	bool healthy;			/* what /healthz says */
	char reason[INTAKE_REASON_MAX];	/* why it is not */
};

/* NULL when memory is out. */
VRP_NODISCARD struct serve_board *serve_board_new(void);
void serve_board_free(struct serve_board *b);	/* NULL is allowed */

/* From any thread.  References are taken over.  `moved` is called after a snapshot was left, on the thread that left it. */
void serve_board_leave_report(struct serve_board *b, struct rtr_report *report);
void serve_board_leave_snapshot(struct serve_board *b, struct rtr_snapshot *snapshot);
void serve_board_leave_input(struct serve_board *b, const struct intake_status *input);
void serve_board_on_snapshot(struct serve_board *b, void (*moved)(void *ctx), void *ctx);

/* From any thread. */
void serve_board_look(struct serve_board *b, struct serve_view *view);
void serve_view_release(struct serve_view *view);

/* The serial that is served, 0 before there is data. */
uint32_t serve_view_serial(const struct serve_view *view);

#endif
