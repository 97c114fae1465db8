/* SPDX-License-Identifier: ISC */
/*
 * The routes of a file, one after the other: lines as route.h knows them, or a
 * dump of a routing table in MRT (RFC 6396), plain or compressed by gzip or
 * bzip2, which the program bgpdump reads for us.
 */
#ifndef VRP_ROUTEFILE_H
#define VRP_ROUTEFILE_H

#include "compiler.h"
#include "err.h"
#include "route.h"
#include "sandbox.h"

/* What a reader calls.  A callback that returns non-zero stops it. */
struct routefile_ops {
	int (*route)(void *ctx, const struct route *route);

	/* A line was not understood, and is passed over. */
	int (*bad)(void *ctx, const struct vrp_err *why);

	/* All that has come so far was handed on; what follows may take its time. */
	int (*pause)(void *ctx);
};

/*
 * path is a file or "-", standard input, which takes lines only.  0, or the
 * value of a callback, or -1 with a reason when the file could not be read to
 * its end.  What of an MRT file bgpdump complains about, such as an end too
 * early, is a reason, too: all routes that it did read were then handed on.
 */
VRP_NODISCARD int routefile_read(const char *path, const struct routefile_ops *ops, void *ctx, struct vrp_err *err);

/* What has to be kept for that; the first bytes of the file tell whether bgpdump is needed. */
void routefile_keep(const char *path, struct sandbox *box);

#endif
