/* SPDX-License-Identifier: ISC */
/*
 * Local exceptions: SLURM of RFC 8416, and its version 2 that adds ASPAs
 * (draft-ietf-sidrops-aspa-slurm).  Files are read, checked and compiled into
 * one immutable set of filters and assertions:
 *
 *	b = slurm_builder_new(names);
 *	slurm_read(b, "local.json", &input, &err);  ...
 *	slurm = slurm_finish(b, &err);
 *
 * A file is taken as a whole or not at all.  What RFC 8416 section 3 does not
 * define is an error, and so are values out of range; the message names the
 * member: "locallyAddedAssertions.prefixAssertions[3].maxPrefixLength: ...".
 * Version 1 has two lists in each section and version 2 three, all of which
 * have to be there.  Base64 comes without padding and, as published files mix
 * them, in either alphabet.
 *
 * Files that touch the same address space, router-key AS or ASPA customer
 * conflict (section 4.2), and then none of them is taken.  A filter by AS alone
 * or by key identifier alone touches nothing, and within a file all may overlap.
 *
 * Filters say what is removed from validated data.  Assertions are added
 * afterwards and never filtered; they have no trust anchor and never expire.
 * An asserted ASPA joins a validated one of the same customer.
 */
#ifndef VRP_SLURM_H
#define VRP_SLURM_H

#include <stdbool.h>
#include <stddef.h>

#include "compiler.h"
#include "err.h"
#include "feed.h"
#include "names.h"
#include "payload.h"
#include "vrpset.h"

struct slurm;
struct slurm_builder;

VRP_NODISCARD struct slurm_builder *slurm_builder_new(struct names *names);	/* NULL when memory is out */
void slurm_builder_free(struct slurm_builder *b);	/* NULL is allowed */

/*
 * Read one file; name is copied, for messages about conflicts.  -1 with the
 * reason, its line and column; the builder is then only good to be freed.
 */
VRP_NODISCARD int slurm_read(struct slurm_builder *b, const char *name, const struct feed_input *in,
			     struct vrp_err *err);

/* Check the files against each other and compile them; the builder is gone in any case.  NULL with a reason. */
VRP_NODISCARD struct slurm *slurm_finish(struct slurm_builder *b, struct vrp_err *err);
void slurm_free(struct slurm *s);	/* NULL is allowed */

/*
 * Does a filter match?  For a VRP: its prefix is the filter's or within it, its
 * AS is the filter's; the maximum length plays no part (section 3.3.1).  The
 * cost does not depend on how many filters there are, but for a logarithm.
 */
bool slurm_removes(const struct slurm *s, const struct payload *p);
bool slurm_removes_vrp(const struct slurm *s, const struct vrp *vrp);

/* Everything that is asserted, without annotations; borrowed. */
struct vrpset *slurm_assertions(const struct slurm *s);

/* What becomes of records; those of a table come to kept + asserted. */
struct slurm_counts {
	size_t kept;		/* validated, and no filter matches */
	size_t removed;		/* a filter matches */
	size_t asserted;	/* the assertions; of a change, records that an assertion outweighs */
};

/*
 * Validated data with the exceptions applied: the same set with one more
 * reference where they change nothing.  counts may be NULL.  NULL with a reason
 * (memory, an ASPA with too many providers).
 */
VRP_NODISCARD struct vrpset *slurm_apply(const struct slurm *s, struct vrpset *set, struct slurm_counts *counts,
					 struct vrp_err *err);

size_t slurm_filter_count(const struct slurm *s);	/* as written in the files */

#endif
