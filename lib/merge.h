/* SPDX-License-Identifier: ISC */
/*
 * Several tables as one: what at least `quorum` of them hold.  A quorum of 1 is
 * the union, one of all tables the intersection.
 *
 * VRPs and router keys are counted by identity.  The result expires when fewer
 * than a quorum of the inputs would still hold the record: with the quorum-th
 * latest expiry, and its trust anchor.  Of a union that is the latest.
 *
 * ASPAs are counted by customer and the whole list of providers: those lists
 * that a quorum agrees on stand, and more than one of them are joined.  Nobody's
 * provider is thereby missing from a list that stands, which would make valid
 * routes Invalid, and a list that nobody signed is never put together from parts.
 * Inputs that disagree leave no ASPA, and routes as they are without one.
 */
#ifndef VRP_MERGE_H
#define VRP_MERGE_H

#include <stddef.h>

#include "compiler.h"
#include "err.h"
#include "names.h"
#include "vrpset.h"

/*
 * A new reference.  sets[] may hold NULL for a table that is not there and holds
 * nothing; 1 <= quorum.  All sets are of these names.  NULL with a reason when
 * memory is out or a joined ASPA has too many providers.
 */
VRP_NODISCARD struct vrpset *merge_sets(struct names *names, struct vrpset *const *sets, size_t count, size_t quorum,
					struct vrp_err *err);

#endif
