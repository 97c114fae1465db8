/* SPDX-License-Identifier: ISC */
/*
 * A route as people and programs write it, one a line:
 *
 *	192.0.2.0/24 AS64496				prefix and origin
 *	192.0.2.0/24 64499 64497 64496			prefix and path, the neighbour first, the origin last
 *	192.0.2.0/24 => AS64496				as Routinator lists them
 *	192.0.2.0 24 64496				as rpki-rov reads them
 *	TABLE_DUMP2|1400824800|B|198.51.100.1|64499|192.0.2.0/24|64499 64496|...	as bgpdump -m writes them
 *
 * A path may have sets, `{64496,64497}`, and what stands among confederates,
 * `(64496 64497)` or `[64496,64497]`.  Words are apart by blanks.  A word that
 * begins with # ends the line.
 */
#ifndef VRP_ROUTE_H
#define VRP_ROUTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "compiler.h"
#include "err.h"
#include "prefix.h"

#define ROUTE_LINE_MAX ((size_t)1 << 20)	/* bytes, without the newline */

/* Where a route's origin comes from, RFC 6811 section 2. */
enum route_origin {
	ROUTE_ORIGIN_AS,	/* the last AS of a sequence */
	ROUTE_ORIGIN_NONE,	/* the path ends in an AS_SET */
	ROUTE_ORIGIN_OWN,	/* the path is empty or ends among confederates: the AS of who has the route */
};

struct route {
	struct prefix prefix;	/* host bits are kept where the line has them: `192.0.2.1 24 64496` */
	uint32_t origin;	/* 0 unless kind is ROUTE_ORIGIN_AS */
	enum route_origin kind;
	bool has_set;		/* an AS_SET is anywhere in the path */
	bool has_neighbour;
	uint32_t neighbour;	/* who the route was heard from, in lines of bgpdump */
	const uint32_t *path;	/* all ASes but those of sets and confederates, the neighbour first; borrowed from the reader */
	size_t path_len;
};

/* Memory for paths, reused from line to line. */
struct route_scratch {
	struct buf path;
};

#define ROUTE_SCRATCH_INIT {BUF_INIT}

void route_scratch_release(struct route_scratch *scratch);

/*
 * Parse a line of len bytes without its newline.  1 for a route, 0 for a line
 * that has none: an empty one, a comment (# or ;), a withdrawal or a change of
 * state among bgpdump's.  -1 with reason and column in err, whose line is left
 * alone; and -1 with no column when memory is out.
 */
VRP_NODISCARD int route_parse(const char *s, size_t len, struct route_scratch *scratch, struct route *out,
			      struct vrp_err *err);

#endif
