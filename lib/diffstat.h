/* SPDX-License-Identifier: ISC */
/*
 * The difference of two tables in numbers, for a person to read: of all records
 * and each kind, of each trust anchor, and of each AS (origin of a VRP, owner of
 * a router key, customer of an ASPA).
 *
 *	                      old        new  announced  withdrawn    changed
 *	all records        386544     386590       +120        -74         ~9
 *	...
 *	ripe               227984     228001        +60        -43         ~7
 *	...
 *	AS64496               120         81          0        -39          0
 *	...
 *	17 more             20911      20925        +60        -46         ~9
 *
 * Changed is a record that both have, an ASPA with other providers or, in a
 * delta of delta_exact(), one with other annotations.  Trust anchors and ASes
 * without a difference are left out, the others come by how many records differ.
 */
#ifndef VRP_DIFFSTAT_H
#define VRP_DIFFSTAT_H

#include <stddef.h>

#include "compiler.h"
#include "delta.h"
#include "out.h"
#include "vrpset.h"

/*
 * delta leads from one to the other.  At most top ASes are listed, and the rest
 * are told as one line.  -1 when memory is out; other errors stay in out.
 */
VRP_NODISCARD int diffstat_write(struct out *out, const struct vrpset *old, const struct vrpset *new,
				 const struct delta *delta, size_t top);

#endif
