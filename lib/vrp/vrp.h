/* SPDX-License-Identifier: ISC */
/*
 * libvrp: RPKI data for routers, and for whatever else has to know which origin
 * of a route is valid.  This header includes the others; vrp(3) explains them.
 *
 *	types.h   prefixes, records, router keys and ASPAs as plain values; errors
 *	view.h    a table that never changes: validation, look-ups, the records
 *	table.h   a table of one's own, that records are added to and removed from
 *	client.h  a table that follows RTR caches
 *
 * All names begin with vrp_ or VRP_.  The library has no variables, prints
 * nothing, installs no signal handlers and never ends the process.
 */
#ifndef VRP_API_VRP_H
#define VRP_API_VRP_H

#include "client.h"
#include "table.h"
#include "types.h"
#include "view.h"

#endif
