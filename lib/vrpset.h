/* SPDX-License-Identifier: ISC */
/*
 * A table of payloads: sorted, unique, immutable and shared by counted
 * references on any thread.  It is made by a builder, which takes records in
 * any order:
 *
 *	b = vrpset_builder_new(names);
 *	vrpset_add(b, &payload);  ...
 *	set = vrpset_finish(b, &err);
 *
 * Of equal records the one with the later expiry stays, with its trust anchor.
 * ASPAs of one customer become one with the union of their providers.
 * A VRP costs 32 bytes.
 */
#ifndef VRP_VRPSET_H
#define VRP_VRPSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compiler.h"
#include "err.h"
#include "names.h"
#include "payload.h"

struct vrpset;
struct vrpset_builder;

/* Takes a reference to names, which every ta in the set is a number of. */
VRP_NODISCARD struct vrpset_builder *vrpset_builder_new(struct names *names);
void vrpset_builder_free(struct vrpset_builder *b);	/* NULL is allowed */

/*
 * Copy a record in, keys and providers too.  The record has to be well-formed
 * (payload.h); providers may come in any order.  -1 when memory is out.
 */
VRP_NODISCARD int vrpset_add(struct vrpset_builder *b, const struct payload *p);
VRP_NODISCARD int vrpset_add_vrp(struct vrpset_builder *b, const struct vrp *vrp);

/* The same for count VRPs that are in canonical order, without duplicates, as those of a set are: at the cost of a copy. */
VRP_NODISCARD int vrpset_add_sorted_vrps(struct vrpset_builder *b, const struct vrp *vrps, size_t count);
VRP_NODISCARD int vrpset_add_router_key(struct vrpset_builder *b, const struct router_key *key);
VRP_NODISCARD int vrpset_add_aspa(struct vrpset_builder *b, const struct aspa *aspa);

/* How many records were added so far, duplicates included. */
size_t vrpset_builder_count(const struct vrpset_builder *b);

/*
 * Sort, join duplicates and turn the builder, which is gone afterwards in any
 * case, into a set with one reference.  NULL when memory is out or a joined
 * ASPA has too many providers.
 */
VRP_NODISCARD struct vrpset *vrpset_finish(struct vrpset_builder *b, struct vrp_err *err);

/* The empty set. */
VRP_NODISCARD struct vrpset *vrpset_empty(struct names *names);

struct vrpset *vrpset_ref(struct vrpset *set);
void vrpset_unref(struct vrpset *set);			/* NULL is allowed */

/*
 * Which of two annotations of one record stands: true when a's does, for its
 * later expiry or, where both expire together, for a trust anchor whose name
 * sorts first, so that the order of input is no matter.
 */
bool vrpset_outlives(const struct names *names, uint32_t expires_a, uint16_t ta_a, uint32_t expires_b, uint16_t ta_b);

/* The records in canonical order; borrowed for as long as the set lives. */
const struct vrp *vrpset_vrps(const struct vrpset *set, size_t *count);
const struct router_key *vrpset_router_keys(const struct vrpset *set, size_t *count);
const struct aspa *vrpset_aspas(const struct vrpset *set, size_t *count);

/* Call fn for every record in canonical order; it stops at the first value that is not 0 and returns it. */
int vrpset_each(const struct vrpset *set, int (*fn)(void *ctx, const struct payload *p), void *ctx);

/* The record with this identity (an ASPA: this customer), borrowed likewise; NULL when there is none. */
const struct vrp *vrpset_find_vrp(const struct vrpset *set, const struct vrp *vrp);
const struct router_key *vrpset_find_router_key(const struct vrpset *set, const struct router_key *key);
const struct aspa *vrpset_find_aspa(const struct vrpset *set, const struct aspa *aspa);
bool vrpset_contains(const struct vrpset *set, const struct payload *p);

size_t vrpset_ipv4_count(const struct vrpset *set);	/* how many of the VRPs, at their front */
size_t vrpset_count(const struct vrpset *set);		/* records of every kind */
size_t vrpset_duplicates(const struct vrpset *set);	/* records that vrpset_finish() joined away */
struct names *vrpset_names(const struct vrpset *set);	/* borrowed */

/* The earliest expiry in the set, EXPIRES_UNKNOWN when nothing ever expires. */
uint32_t vrpset_first_expiry(const struct vrpset *set);

/*
 * The records that have not expired at now (expires > now): the same set with
 * one more reference where that is all of them.  NULL when memory is out.
 */
VRP_NODISCARD struct vrpset *vrpset_unexpired(struct vrpset *set, int64_t now);

/* True when both hold the same records with the same providers, annotations aside. */
bool vrpset_same(const struct vrpset *a, const struct vrpset *b);

#endif
