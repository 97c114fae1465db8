/* SPDX-License-Identifier: ISC */
/*
 * What a tree has to know of a set beside its records: their order by AS and by
 * trust anchor, which ASes, trust anchors, prefixes and addresses there are, and
 * when each was last changed.  It never changes and is shared by counted
 * references.
 *
 * Times are nanoseconds since 1970.
 */
#ifndef VRPFS_INDEX_H
#define VRPFS_INDEX_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "changes.h"
#include "compiler.h"
#include "err.h"
#include "lines.h"
#include "rov.h"
#include "vrpset.h"

/* Whoever has VRPs, router keys or an ASPA. */
struct index_as {
	uint32_t asn;
	uint32_t first;		/* where its VRPs begin in by_as; they end where those of the next AS begin */
	int64_t time;
};

/* A trust anchor with records: places in by_ta. */
struct index_ta {
	uint32_t id;		/* of struct names */
	uint32_t first;		/* VRPs, then */
	uint32_t keys, aspas;	/* router keys, ASPAs, and their */
	uint32_t end;
	int64_t time;
};

struct index {
	atomic_size_t refs;
	struct vrpset *set;
	struct rov *rov;
	struct lines all;	/* in canonical order */
	struct lines by_as;	/* VRPs alone */
	struct lines by_ta;

	const struct vrp *vrps;	/* of the set */
	const struct router_key *keys;
	const struct aspa *aspas;
	size_t vrp_count, key_count, aspa_count;

	uint32_t *as_order, *ta_order;

	/* Sorted, and with one more behind the last, for where its run ends. */
	struct index_as *ases;
	struct index_ta *tas;		/* by id; none behind */
	uint32_t *prefixes;		/* the first VRP of each */
	uint32_t *addresses;		/* the first prefix of each */
	size_t as_count, ta_count, prefix_count, address_count;

	/* When each was last changed: a place in moments. */
	uint32_t *prefix_when;
	uint32_t *address_when;
	int64_t *moments;		/* those in use; the first is when the index was made */
	size_t moment_count;

	/* When an entry of /asn, of /prefix, of /ta was last changed, or left. */
	int64_t asn_time, prefix_time, ta_time;
};

/*
 * An index of set.  Where it follows on another, what is in the changes from that
 * one's set has changed `now`, and all else when it did before.  Without another
 * one everything has changed `now`.
 */
VRP_NODISCARD struct index *index_new(struct vrpset *set, const struct index *before, const struct changes *changes,
				      int64_t now, struct vrp_err *err);
struct index *index_ref(struct index *x);
void index_unref(struct index *x);	/* NULL is allowed */

size_t index_memory(const struct index *x);	/* without the set */

/* Where something is in its array, false when it isn't; then *at is where it would be. */
bool index_find_as(const struct index *x, uint32_t asn, size_t *at);
bool index_find_ta(const struct index *x, uint32_t id, size_t *at);
bool index_find_prefix(const struct index *x, const struct prefix *prefix, size_t *at);
bool index_find_address(const struct index *x, const struct prefix *address, size_t *at);

static inline const struct prefix *
index_prefix(const struct index *x, size_t at)
{
	return &x->vrps[x->prefixes[at]].prefix;
}

/* With the length of its shortest prefix. */
static inline const struct prefix *
index_address(const struct index *x, size_t at)
{
	return index_prefix(x, x->addresses[at]);
}

static inline int64_t
index_prefix_time(const struct index *x, size_t at)
{
	return x->moments[x->prefix_when[at]];
}

static inline int64_t
index_address_time(const struct index *x, size_t at)
{
	return x->moments[x->address_when[at]];
}

/* Router keys of an AS: numbers in keys[] from *first to *end - 1. */
void index_keys_of(const struct index *x, uint32_t asn, size_t *first, size_t *end);

/* The number of an AS's ASPA, false when it has none. */
bool index_aspa_of(const struct index *x, uint32_t asn, size_t *at);

#endif
