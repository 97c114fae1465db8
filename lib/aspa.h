/* SPDX-License-Identifier: ISC */
/*
 * Verification of AS paths by ASPAs: draft-ietf-sidrops-aspa-verification-27.
 *
 * An ASPA says of a customer which ASes are its providers.  A path that went
 * up through providers, across at most one peering, and down through customers
 * is free of valleys: it is valid when ASPAs show that, invalid when they show
 * the contrary, and unknown when too few say anything.
 */
#ifndef VRP_ASPA_H
#define VRP_ASPA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compiler.h"
#include "vrpset.h"

enum aspa_state {
	ASPA_VALID,
	ASPA_UNKNOWN,
	ASPA_INVALID,
};

#define ASPA_STATES 3

/* "valid", "unknown", "invalid" */
const char *aspa_state_name(enum aspa_state state);

/* What the draft calls the authorisation function: what x's ASPA says of y as its provider. */
enum aspa_hop {
	ASPA_NO_ATTESTATION,	/* x has no ASPA */
	ASPA_PROVIDER,
	ASPA_NOT_PROVIDER,
};

enum aspa_hop aspa_authorized(const struct vrpset *set, uint32_t x, uint32_t y);

/* A path as BGP has it, the neighbour first and the origin last.  The same AS several times in a row counts once. */
struct aspa_path {
	const uint32_t *asns;
	size_t count;
	bool has_set;		/* there is an AS_SET in it, which makes it invalid */
};

/* Who the neighbour is. */
enum aspa_direction {
	ASPA_UPSTREAM,		/* a customer or a lateral peer, or whom a route server has as its client */
	ASPA_DOWNSTREAM,	/* a provider */
};

/*
 * neighbour is its AS, which has to be first in the path.  NULL leaves that
 * unchecked, as it has to be for a route server's client, whose neighbour does
 * not put itself into the path.
 */
enum aspa_state aspa_verify(const struct vrpset *set, const struct aspa_path *path, const uint32_t *neighbour,
			    enum aspa_direction direction);

#endif
