/* SPDX-License-Identifier: ISC */
/* Bytes for a reader under test, given out in pieces of at most `piece`, as read(2) would. */
#ifndef VRP_TEST_PIECES_H
#define VRP_TEST_PIECES_H

#include <sys/types.h>

#include "err.h"

struct pieces {
	const char *data;	/* what is left */
	size_t len;
	size_t piece;
};

static inline ssize_t
pieces_read(void *ctx, void *dst, size_t len, struct vrp_err *err VRP_UNUSED)
{
	struct pieces *p = ctx;
	size_t n = p->len < p->piece ? p->len : p->piece;

	if (n > len)
		n = len;
	if (n == 0)
		return 0;
	memcpy(dst, p->data, n);
	p->data += n;
	p->len -= n;
	return (ssize_t)n;
}

#endif
