/* SPDX-License-Identifier: ISC */
/*
 * What a cache serves: the table as it stands at one serial, the changes that
 * led there, and the encoded answers that all routers share.  Session IDs and
 * serials are RFC 8210 sections 5.1 and 5.3 and RFC 1982.
 *
 * A change goes in two steps.  rtr_update_new() does the work (difference,
 * images) and may run on any thread; rtr_cache_commit() is cheap and, like
 * everything else here, belongs to the thread that serves.
 */
#ifndef VRP_RTR_CACHE_H
#define VRP_RTR_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "blob.h"
#include "compiler.h"
#include "rtr_pdu.h"
#include "rtr_snapshot.h"
#include "stamp.h"
#include "vrpset.h"

struct rtr_cache_config {
	struct rtr_timers timers;	/* told to routers in End of Data */
	uint8_t max_version;		/* the highest that is spoken, 0 to RTR_VERSION_MAX */
	size_t history;			/* at most so many changes are kept */
	uint16_t sessions[RTR_VERSIONS];	/* session ID of each version: random, distinct */
};

struct rtr_cache;
struct rtr_update;

VRP_NODISCARD struct rtr_cache *rtr_cache_new(const struct rtr_cache_config *config);
void rtr_cache_free(struct rtr_cache *c);	/* NULL is allowed */

/*
 * Prepare the step from one table to the next; from is NULL for the first.
 * versions has bit v set where an image of version v should be made now
 * rather than when the first router asks.  Takes references.  NULL when memory
 * is out.
 */
VRP_NODISCARD struct rtr_update *rtr_update_new(struct vrpset *from, struct vrpset *to, unsigned versions);
void rtr_update_free(struct rtr_update *u);	/* NULL is allowed */

/* The time that the data of its table gives itself; STAMP_UNKNOWN unless set. */
void rtr_update_set_time(struct rtr_update *u, int64_t data_time);

/* Records announced and withdrawn by the update; an ASPA replacement counts as one, or in both of the tally. */
size_t rtr_update_count(const struct rtr_update *u);
void rtr_update_tally(const struct rtr_update *u, size_t *announced, size_t *withdrawn);

/*
 * Make the update what is served, under the next serial; it is gone
 * afterwards.  Its `from` has to be the table that is served.
 */
void rtr_cache_commit(struct rtr_cache *c, struct rtr_update *u);

bool rtr_cache_has_data(const struct rtr_cache *c);
uint32_t rtr_cache_serial(const struct rtr_cache *c);	/* 1 or more once there is data; 0 is never used */
uint16_t rtr_cache_session(const struct rtr_cache *c, uint8_t version);
const struct rtr_cache_config *rtr_cache_config(const struct rtr_cache *c);
struct vrpset *rtr_cache_set(const struct rtr_cache *c);	/* borrowed; NULL without data */
size_t rtr_cache_history(const struct rtr_cache *c);	/* changes kept */
size_t rtr_cache_history_records(const struct rtr_cache *c);	/* in all of these */

/*
 * What is served now, for readers on other threads: a new reference, without `committed` and
 * `updates`, which are the caller's to know.  There has to be data.  NULL when memory is out.
 */
VRP_NODISCARD struct rtr_snapshot *rtr_cache_snapshot(const struct rtr_cache *c);

/* The image of the whole table as a new reference.  NULL when memory is out. */
VRP_NODISCARD struct blob *rtr_cache_table(struct rtr_cache *c, uint8_t version);

/*
 * The net change since a serial (RFC 8210 section 5.3): 1 with a new reference
 * in *image, possibly to an empty one; 0 when that serial is not known (or too
 * old, or in the future); -1 when memory is out.
 */
VRP_NODISCARD int rtr_cache_delta(struct rtr_cache *c, uint8_t version, uint32_t serial, struct blob **image);

#endif
