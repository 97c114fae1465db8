/* SPDX-License-Identifier: ISC */
/*
 * What became of routes, for people and programs: lines, rpki-rov's lines,
 * Routinator's JSON, an explanation of one route, and a summary of many.
 */
#ifndef VRP_VALIDITY_H
#define VRP_VALIDITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aspa.h"
#include "compiler.h"
#include "names.h"
#include "out.h"
#include "route.h"
#include "rov.h"

/* A route and what was found. */
struct validity {
	struct rov_route route;		/* origin ROV_NONE where it has none */
	bool has_origin;		/* false is written NONE; AS0 has one */
	uint8_t aspa;			/* enum aspa_state, where the path was verified */
	struct rov_answer answer;
};

/* Everything is borrowed but what validity_writer_release() frees. */
struct validity_writer {
	struct out *out;
	const struct rov *rov;		/* the one that the answers came from */
	bool brief;			/* without VRPs */
	bool aspa;			/* paths were verified */
	size_t count;			/* routes that were written */
	const struct vrp **vrps;	/* those that cover the present route */
	size_t room;
};

void validity_writer_release(struct validity_writer *w);

/*
 *	192.0.2.0/24 AS64496 invalid length 192.0.2.0/23-23=AS64496,192.0.2.0/24-24=AS64497
 *
 * Prefix, origin, state, reason, and the VRPs that decided it: for a valid
 * route those that match, for an invalid one all that cover.  What there is
 * none of is "-".  With aspa the path's state is one more field before the VRPs.
 */
void validity_write_line(struct validity_writer *w, const struct validity *v);

/* The same with the state before it: PREFIX AS OLD -> NEW REASON VRPS. */
void validity_write_change(struct validity_writer *w, const struct validity *v, enum rov_state old);

/*
 *	192.0.2.0 24 64496|64496 192.0.2.0 23 23|2
 *
 * as rpki-rov of rtrlib writes it: AS, address, length and maximum length of
 * VRPs, then 0 for valid, 1 for not found, 2 for invalid.  Of a valid route
 * these are the VRPs from the widest prefix to the first that has a match.
 */
void validity_write_rov(struct validity_writer *w, const struct validity *v);

/*
 * An array for many routes, or an object for one, as Routinator has them.
 * generated is the time of the table, STAMP_UNKNOWN when nobody said.
 */
void validity_json_begin(struct validity_writer *w, bool one);
void validity_json_add(struct validity_writer *w, const struct validity *v);
void validity_json_end(struct validity_writer *w, bool one, int64_t generated);

/* "a VRP matches it", and of one VRP that covers a route "matches"; and so on. */
const char *validity_in_words(enum rov_state state);
const char *validity_match_in_words(enum rov_match match);

/* A few lines about one route: the state in words, and each VRP with what it says. */
void validity_explain(struct validity_writer *w, const struct validity *v);

/* Numbers of routes by state. */
struct validity_tally {
	size_t states[2][ROV_STATES];	/* IPv4, IPv6 */
	size_t aspa[2][ASPA_STATES];
	uint32_t *invalid;		/* the origin of each invalid route */
	size_t invalid_count;
	size_t invalid_room;
};

/* -1 when memory is out. */
VRP_NODISCARD int validity_count(struct validity_tally *t, const struct validity *v);
void validity_tally_release(struct validity_tally *t);

/* A table of them, and the `top` origins with the most invalid routes. */
void validity_write_tally(struct out *out, struct validity_tally *t, bool aspa, size_t top);

#endif
