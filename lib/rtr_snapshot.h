/* SPDX-License-Identifier: ISC */
/*
 * What a cache serves at one moment, for readers on other threads: the table,
 * its serial and sessions, and the changes that led there, all by counted
 * references.  Immutable once made; rtr_cache_snapshot() makes one.
 */
#ifndef VRP_RTR_SNAPSHOT_H
#define VRP_RTR_SNAPSHOT_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "compiler.h"
#include "delta.h"
#include "rtr_pdu.h"
#include "vrpset.h"

#define RTR_VERSIONS (RTR_VERSION_MAX + 1)

struct rtr_snapshot {
	atomic_size_t refs;
	struct vrpset *set;
	uint32_t serial;
	uint16_t sessions[RTR_VERSIONS];	/* session ID of each protocol version */
	int64_t committed;	/* Unix seconds: when this table was first served */
	int64_t data_time;	/* its data's own time when it was, STAMP_UNKNOWN when it has none */
	uint64_t updates;	/* tables so far, which intake_status's `published` counts as well */
	size_t step_count;	/* the oldest first; each leads to the next, the last one to this table */
	uint32_t *from;		/* serials */
	struct delta *steps;
};

/* Room for so many steps, all empty, with one reference; NULL when memory is out. */
VRP_NODISCARD struct rtr_snapshot *rtr_snapshot_new(size_t step_count);

struct rtr_snapshot *rtr_snapshot_ref(struct rtr_snapshot *s);
void rtr_snapshot_unref(struct rtr_snapshot *s);	/* NULL is allowed */

/*
 * The net change since a serial: 1 with *out, to be released, possibly without records; 0 when
 * that serial is not known (or too old, or in the future); -1 when memory is out.
 */
VRP_NODISCARD int rtr_snapshot_delta(const struct rtr_snapshot *s, uint32_t serial, struct delta *out);

#endif
