/* SPDX-License-Identifier: ISC */
/*
 * Route origin validation, RFC 6811: an index over the VRPs of one set.
 *
 *	rov = rov_new(set, &err);
 *	if (rov_validate(rov, &prefix, asn) == ROV_VALID) ...
 *
 * A VRP covers a route when its prefix holds the route's (section 2).  It
 * matches when moreover the route is no longer than the VRP's maximum length
 * and both have the same AS.  One VRP that matches makes a route valid, one
 * that covers makes it invalid otherwise, and else it is not found.
 *
 * AS0 never matches (section 4 of RFC 6483, and section 3 of RFC 7607 for the
 * route's side).  Hence a route that no single AS originated, because its path
 * ends in an AS_SET, is validated with the same number, ROV_NONE.
 *
 * An index never changes, so any number of threads may use one.  It holds a
 * reference to its set.  Beside the set it takes about 13 bytes a VRP; to make
 * it takes about 50 ns a VRP.
 */
#ifndef VRP_ROV_H
#define VRP_ROV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compiler.h"
#include "err.h"
#include "payload.h"
#include "prefix.h"
#include "vrpset.h"

#define ROV_NONE 0		/* the origin of a route that has none */
#define ROV_END UINT32_MAX	/* where a walk over VRPs ends */

/*
 * Why a route is invalid is said of all VRPs that cover it:
 *	length	one is for the route's AS, but not for prefixes that long
 *	as	none is for its AS, and one allows that length for another
 *	both	none is for its AS, and none allows that length
 */
enum rov_state {
	ROV_NOT_FOUND,
	ROV_VALID,
	ROV_INVALID_AS,
	ROV_INVALID_LENGTH,
	ROV_INVALID_BOTH,
};

#define ROV_STATES 5

static inline bool
rov_invalid(enum rov_state state)
{
	return state >= ROV_INVALID_AS;
}

/* "valid", "invalid" or "not-found"; and "as", "length", "both", or "-" where the state is another. */
const char *rov_state_name(enum rov_state state);
const char *rov_reason_name(enum rov_state state);

/* How one VRP that covers a route of len bits stands to it. */
enum rov_match {
	ROV_MATCH = 0,
	ROV_OTHER_AS = 1,
	ROV_TOO_LONG = 2,	/* the route is longer than the VRP allows */
	ROV_OTHER_AS_AND_TOO_LONG = 3,
};

static inline enum rov_match
rov_match(const struct vrp *vrp, unsigned len, uint32_t origin)
{
	return (enum rov_match)((vrp->asn != origin || origin == ROV_NONE) | (len > vrp->maxlen) << 1);
}

struct rov;

/* NULL when memory is out or the set has 2^31 VRPs or more. */
VRP_NODISCARD struct rov *rov_new(struct vrpset *set, struct vrp_err *err);
void rov_free(struct rov *rov);			/* NULL is allowed */

struct vrpset *rov_set(const struct rov *rov);	/* borrowed */
size_t rov_memory(const struct rov *rov);	/* bytes, without those of the set */

/* A state, and which VRP covers the route with the longest prefix: an index of vrpset_vrps(), or ROV_END. */
struct rov_answer {
	uint32_t nearest;
	uint8_t state;		/* enum rov_state */
};

/* Bits of the prefix behind its length don't matter. */
struct rov_answer rov_ask(const struct rov *rov, const struct prefix *prefix, uint32_t origin);

static inline enum rov_state
rov_validate(const struct rov *rov, const struct prefix *prefix, uint32_t origin)
{
	return (enum rov_state)rov_ask(rov, prefix, origin).state;
}

struct rov_route {
	struct prefix prefix;
	uint32_t origin;
};

/* The same for many: an index that is larger than the caches answers several times as fast so. */
void rov_ask_many(const struct rov *rov, const struct rov_route *routes, size_t count, struct rov_answer *answers);

/*
 * All that cover a route are those from `nearest` on, step by step with wider
 * prefixes or, of one prefix, backwards in canonical order: ROV_END after the
 * last.  So the steps together are canonical order backwards.
 */
uint32_t rov_wider(const struct rov *rov, uint32_t at);

/*
 * Every VRP that covers the route of an answer in canonical order, which is
 * from the widest prefix to the nearest; borrowed for as long as the set lives.
 * Returns how many there are.  Where that is more than `room`, the widest are
 * left out.
 */
size_t rov_covering(const struct rov *rov, uint32_t nearest, const struct vrp **out, size_t room);

#endif
