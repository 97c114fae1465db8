/* SPDX-License-Identifier: ISC */
/*
 * VRPs into canonical order (payload.h), in place: a merge sort would double the
 * memory of a table of a million records.  At most n log n steps, whatever the
 * order was; one pass where it was nearly right, as it is in what validators write.
 */
#ifndef VRP_VRP_SORT_H
#define VRP_VRP_SORT_H

#include <stddef.h>

#include "payload.h"

void vrp_sort(struct vrp *v, size_t n);

#endif
