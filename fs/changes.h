/* SPDX-License-Identifier: ISC */
/* What changed between two sets, and which ASes, trust anchors and prefixes that concerns. */
#ifndef VRPFS_CHANGES_H
#define VRPFS_CHANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compiler.h"
#include "delta.h"
#include "vrpset.h"

struct changes {
	struct delta delta;	/* exact: annotations, too */
	uint32_t *asns;		/* ascending, each once */
	size_t asn_count;
	bool *tas;		/* by number of struct names: those that records came to, left, or stayed with */
	size_t ta_count;	/* names there are */
};

/* -1 when memory is out, with nothing to release. */
VRP_NODISCARD int changes_init(struct changes *c, const struct vrpset *before, const struct vrpset *after);
void changes_release(struct changes *c);

bool changes_empty(const struct changes *c);

/* The prefixes of VRPs that changed, in order and each once, from a walk that is zero at first; NULL at the end. */
struct changes_walk {
	size_t withdrawn, announced;
};

const struct prefix *changes_next_prefix(const struct changes *c, struct changes_walk *walk);

#endif
