/* SPDX-License-Identifier: ISC */
/*
 * Names of trust anchors as names of directories: the token of vrp(5), but
 * - a `/`, and a dot at its beginning, are percent-encoded;
 * - one that is then longer than a file name may be, or that another trust
 *   anchor has already, is cut where need be and ends in `%~` and a number.
 *
 * The first name stays for as long as the tree lives.  One thread may learn
 * while others ask for what was learnt before.
 */
#ifndef VRPFS_ANCHORS_H
#define VRPFS_ANCHORS_H

#include <stddef.h>
#include <stdint.h>

#include "compiler.h"
#include "names.h"

struct anchors;

VRP_NODISCARD struct anchors *anchors_new(struct names *names);	/* NULL when memory is out */
struct anchors *anchors_ref(struct anchors *a);
void anchors_unref(struct anchors *a);				/* NULL is allowed */

struct names *anchors_names(const struct anchors *a);		/* borrowed */

/* Give a name to every trust anchor that has none yet.  -1 when memory is out. */
VRP_NODISCARD int anchors_learn(struct anchors *a);

/* The name of a trust anchor that was learnt, NUL-terminated; borrowed. */
const char *anchors_name(const struct anchors *a, uint32_t id, size_t *len);

#endif
