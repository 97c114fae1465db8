/* SPDX-License-Identifier: ISC */
/* How much of a table comes from which trust anchor. */
#ifndef VRP_ANCHOR_TALLY_H
#define VRP_ANCHOR_TALLY_H

#include <stddef.h>
#include <stdint.h>

#include "compiler.h"
#include "vrpset.h"

struct anchor_tally {
	const char *name;	/* a token of vrp(5), "-" for records without one; lives as long as the set */
	size_t ipv4, ipv6, keys, aspas;
	uint32_t expires;	/* the first expiry of them, EXPIRES_UNKNOWN for none */
};

/* The records of one or of all. */
static inline size_t
anchor_tally_sum(const struct anchor_tally *t)
{
	return t->ipv4 + t->ipv6 + t->keys + t->aspas;
}

/*
 * One for each trust anchor that has records, by name; the caller frees the array.
 * *total is the sum of them.  NULL when memory is out, and not where there are none.
 */
VRP_NODISCARD struct anchor_tally *anchor_tally_new(const struct vrpset *set, size_t *count, struct anchor_tally *total);

#endif
