/* SPDX-License-Identifier: ISC */
/*
 * What the parts of SLURM share: slurm_read.c and slurm_entry.c fill a builder
 * from files, slurm_conflict.c holds them against each other, slurm_match.c
 * compiles what they say of VRPs, and slurm.c is the rest.
 */
#ifndef VRP_SLURM_INTERNAL_H
#define VRP_SLURM_INTERNAL_H

#include "arena.h"
#include "buf.h"
#include "slurm.h"

/* Filters as written; members that are not there are zero, so that equal filters are equal in all. */
struct slurm_prefix_filter {
	struct prefix prefix;
	bool has_prefix, has_asn;	/* one of them at least */
	uint32_t asn;
};

struct slurm_key_filter {
	uint32_t asn;
	uint8_t ski[SKI_LEN];
	bool has_asn, has_ski;		/* one of them at least */
};

/* What a file speaks of, in filters and assertions: a prefix, or an AS as the holder of keys or ASPAs. */
struct slurm_prefix_claim {
	struct prefix prefix;
	uint32_t file;
};

struct slurm_as_claim {
	uint32_t asn;
	uint32_t file;
};

struct slurm_builder {
	struct vrpset_builder *assertions;
	struct buf prefix_filters;	/* of struct slurm_prefix_filter */
	struct buf key_filters;		/* of struct slurm_key_filter */
	struct buf customers;		/* of uint32_t: the ASPA filters */
	struct buf prefix_claims;	/* of struct slurm_prefix_claim */
	struct buf key_claims;		/* of struct slurm_as_claim */
	struct buf aspa_claims;		/* of struct slurm_as_claim */
	struct buf files;		/* of char *, the names by number; in the arena */
	struct arena arena;
};

/* RFC 8416 section 4.2.  -1 with a reason when two files meet; the claims are sorted on the way. */
VRP_NODISCARD int slurm_check_conflicts(struct slurm_builder *b, struct vrp_err *err);

/* The prefix filters, made for matching; all zero matches nothing. */
struct slurm_match {
	struct slurm_group *groups;	/* the first one: any AS */
	struct slurm_slot *slots;	/* hash table of the others, NULL when there are none */
	unsigned slot_bits;
	uint64_t *v4;
	struct slurm_v6 *v6;
};

/* The array of filters is used up as working memory.  -1 with a reason. */
VRP_NODISCARD int slurm_match_init(struct slurm_match *m, struct buf *filters, struct vrp_err *err);
void slurm_match_release(struct slurm_match *m);
bool slurm_match_vrp(const struct slurm_match *m, const struct vrp *vrp);

#endif
