/* SPDX-License-Identifier: ISC */
/*
 * The difference of two tables as two sets.  For a record whose identity is
 * all there is to it (VRP, router key) it stands in at most one of them.  An
 * ASPA whose providers changed stands in both: withdrawn with the old
 * providers, announced with the new.  So deltas compose by set algebra and
 * changes that cancel vanish (RFC 8210 section 5.3).
 */
#ifndef VRP_DELTA_H
#define VRP_DELTA_H

#include <stddef.h>

#include "compiler.h"
#include "err.h"
#include "vrpset.h"

struct delta {
	struct vrpset *withdrawn;	/* both owned by the delta, NULL when released */
	struct vrpset *announced;
};

#define DELTA_INIT {0}

void delta_release(struct delta *d);

/* Records in both sets together; an ASPA replacement counts as one. */
size_t delta_count(const struct delta *d);

/* What leads from one set to the other, annotations ignored.  -1 when memory is out. */
VRP_NODISCARD int delta_between(const struct vrpset *from, const struct vrpset *to, struct delta *out);

/*
 * The same for a reader that shall hold `to` with its annotations: a record of
 * which only trust anchor or expiry changed stands in announced alone.  The
 * net of such deltas is not defined; delta_apply() takes them.
 */
VRP_NODISCARD int delta_exact(const struct vrpset *from, const struct vrpset *to, struct delta *out);

/* The net of a, then b.  -1 when memory is out. */
VRP_NODISCARD int delta_compose(const struct delta *a, const struct delta *b, struct delta *out);

/* The net of count deltas, at least one, each from where the one before it leads.  -1 when memory is out. */
VRP_NODISCARD int delta_fold(const struct delta *steps, size_t count, struct delta *out);

/*
 * The set that a delta block makes of base: first `withdrawn` goes, found by
 * identity, then `announced` comes, which may replace annotations and an ASPA's
 * providers.  NULL with a reason when a withdrawn record is not there, an
 * announced one is there already just so, or memory is out.
 */
VRP_NODISCARD struct vrpset *delta_apply(const struct vrpset *base, const struct delta *d, struct vrp_err *err);

#endif
