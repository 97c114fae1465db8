/* SPDX-License-Identifier: ISC */
/*
 * A view: a table as it was at one moment, with its index for validation.  It never
 * changes, so any number of threads may use one at a time, without locks.
 *
 *	view = vrp_client_view(client);
 *	if (vrp_view_validate(view, &prefix, asn) == VRP_STATE_VALID) ...
 *	vrp_view_unref(view);
 *
 * Views are shared by counted references.  Whatever a function gives out of a view, it
 * gives a pointer into it, which is good for as long as the view is.  Who holds
 * a view keeps its memory (about 42 bytes a VRP) and nothing else: neither a table
 * nor a client waits for a reader, however long it holds one.  The last one to let
 * go frees it, which takes a moment where the table is large.
 */
#ifndef VRP_API_VIEW_H
#define VRP_API_VIEW_H

#include "types.h"

#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif
#ifdef __cplusplus
extern "C" {
#endif

struct vrp_view;

struct vrp_view *vrp_view_ref(struct vrp_view *view);	/* returns view */
void vrp_view_unref(struct vrp_view *view);		/* NULL is allowed */

/* Views of one table or client are numbered as they come; equal numbers are equal views. */
uint64_t vrp_view_number(const struct vrp_view *view);

/* ---- Records */

/*
 * All of a kind, as an array in order.  VRPs: IPv4 before IPv6, then by address, length,
 * max_len, asn.  Router keys: by asn, ski, spki.  ASPAs: by customer.
 * NULL or not, an array of *count 0 has nothing in it.
 */
const struct vrp_record *vrp_view_records(const struct vrp_view *view, enum vrp_family family, size_t *count);
const struct vrp_router_key *vrp_view_router_keys(const struct vrp_view *view, size_t *count);
const struct vrp_aspa *vrp_view_aspas(const struct vrp_view *view, size_t *count);

/* The record that is the same, the ASPA of a customer; NULL when there is none. */
const struct vrp_record *vrp_view_find_record(const struct vrp_view *view, const struct vrp_record *record);
const struct vrp_aspa *vrp_view_find_aspa(const struct vrp_view *view, uint32_t customer);

/* The router keys of an AS with that subject key identifier, and *count of them; NULL and 0 when there are none. */
const struct vrp_router_key *vrp_view_find_router_keys(const struct vrp_view *view, uint32_t asn,
						       const uint8_t ski[VRP_SKI_LEN], size_t *count);

/*
 * Which caches of a client have announced a VRP: their numbers, ascending.
 * Returns how many there are, of which the first `room` are written.  0 where the
 * view is not of a client.
 */
size_t vrp_view_sources(const struct vrp_view *view, const struct vrp_record *record, unsigned *caches, size_t room);

/* The name of a trust anchor by its number, as in vrp(5); "-" when it is unknown.  Good for as long as the view is. */
const char *vrp_view_trust_anchor(const struct vrp_view *view, uint16_t number);

/* ---- Origin validation, RFC 6811 */

enum vrp_state {
	VRP_STATE_VALID = 0,
	VRP_STATE_NOT_FOUND = 1,
	VRP_STATE_INVALID = 2,
};

/* What an invalid route lacks, over all VRPs that cover it. */
enum vrp_reason {
	VRP_REASON_NONE = 0,	/* it is not invalid */
	VRP_REASON_AS = 1,	/* none is for its AS, but one allows that length for another */
	VRP_REASON_LENGTH = 2,	/* one is for its AS, but not for prefixes that long */
	VRP_REASON_BOTH = 3,	/* none is for its AS, and none allows that length */
};

/* "valid", "not-found", "invalid"; "as", "length", "both", and "-" for none. */
const char *vrp_state_name(int state);
const char *vrp_reason_name(int reason);

/*
 * enum vrp_state, or VRP_INVALID for a malformed prefix.  It allocates nothing and
 * takes no lock.  Among a million VRPs it takes some 20 ns where routes come in order,
 * and ten times that where each one is far from the last.
 */
int vrp_view_validate(const struct vrp_view *view, const struct vrp_prefix *prefix, uint32_t asn);

#define VRP_NO_RECORD UINT32_MAX

struct vrp_verdict {
	uint32_t nearest;	/* the VRP with the longest prefix that covers the route, by its place in
				   vrp_view_records(view, VRP_ANY, ...), or VRP_NO_RECORD */
	uint8_t state;		/* enum vrp_state */
	uint8_t reason;		/* enum vrp_reason */
	uint16_t reserved;
};

/*
 * The same for many, twice as fast where they come in no order.  Malformed routes get not-found, and
 * the others their verdict; it then returns VRP_INVALID.
 */
int vrp_view_validate_many(const struct vrp_view *view, const struct vrp_route *routes, size_t count,
			   struct vrp_verdict *verdicts);

/*
 * All VRPs that cover a route, by place: first a verdict's nearest, and from each the
 * next, with a prefix as long or shorter.  VRP_NO_RECORD after the last.
 */
uint32_t vrp_view_wider(const struct vrp_view *view, uint32_t place);

/*
 * All VRPs that cover a prefix, from the shortest prefix to the longest.  Returns
 * how many there are, of which the first `room` are written; 0 for a malformed prefix.
 */
size_t vrp_view_covering(const struct vrp_view *view, const struct vrp_prefix *prefix,
			 const struct vrp_record **records, size_t room);

/*
 * Validate with reasons, which are rtrlib's: of the VRPs that cover the route, from
 * the shortest prefix to the longest, all up to the first prefix that has one that
 * matches, and its others too.  So all that cover an invalid route, and none where
 * it is not found.  *count becomes how many there are, of which the first `room` are written.
 */
int vrp_view_validate_reasons(const struct vrp_view *view, const struct vrp_prefix *prefix, uint32_t asn,
			      const struct vrp_record **reasons, size_t room, size_t *count);

/* ---- Path verification, draft-ietf-sidrops-aspa-verification */

enum vrp_path_state {
	VRP_PATH_VALID = 0,
	VRP_PATH_UNKNOWN = 1,
	VRP_PATH_INVALID = 2,
};

/* How a path came and what it is. */
enum vrp_path_flags {
	VRP_PATH_UPSTREAM = 0,		/* from a customer, a lateral peer, a route server, or a client of ours as one */
	VRP_PATH_DOWNSTREAM = 1,	/* from a provider */
	VRP_PATH_HAS_SET = 2,		/* it has an AS_SET, which makes it invalid */
};

/* "valid", "unknown", "invalid" */
const char *vrp_path_state_name(int state);

/*
 * path[0] is the AS next to us, the last one the origin; the same several times
 * in a row counts once.  neighbour is whom it came from and has to be path[0]; 0 leaves
 * that unchecked, as is right for a route server, which is not in the path.
 * enum vrp_path_state.
 */
int vrp_view_verify_path(const struct vrp_view *view, const uint32_t *path, size_t count, unsigned flags,
			 uint32_t neighbour);

#ifdef __cplusplus
}
#endif
#if defined(__GNUC__)
#pragma GCC visibility pop
#endif

#endif
