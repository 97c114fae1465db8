/* SPDX-License-Identifier: ISC */
/* Tables whose records get the annotations (trust anchor, expiry) of another. */
#ifndef VRP_ANNOTATE_H
#define VRP_ANNOTATE_H

#include "compiler.h"
#include "vrpset.h"

/*
 * The records of set, those that `like` has as well, an ASPA with the same
 * providers, annotated as there.  NULL when memory is out.
 */
VRP_NODISCARD struct vrpset *annotate_like(struct vrpset *set, const struct vrpset *like);

/* The records of `over`, and those of `under` of which it has none, an ASPA being known by its customer.  NULL likewise. */
VRP_NODISCARD struct vrpset *annotate_overlay(const struct vrpset *under, const struct vrpset *over);

#endif
