/* SPDX-License-Identifier: ISC */
/*
 * The bytes of a block while it is not known whether they are good: a struct
 * buf in memory of huge.h, since a table has tens of megabytes.  What doesn't grow it is buf.h's.
 */
#ifndef VRP_SIG_HELD_H
#define VRP_SIG_HELD_H

#include "buf.h"
#include "compiler.h"
#include "huge.h"

/* Append.  -1 when memory is out. */
VRP_NODISCARD static inline int
sig_held_add(struct buf *b, const char *data, size_t len)
{
	if (len > b->cap - b->len) {
		size_t cap = 2 * (b->len + len);
		void *more = huge_realloc(b->data, b->cap, cap);

		if (!more)
			return -1;
		b->data = more;
		b->cap = cap;
	}
	if (len)
		memcpy(b->data + b->len, data, len);
	b->len += len;
	return 0;
}

static inline void
sig_held_release(struct buf *b)
{
	huge_free(b->data, b->cap);
	buf_init(b);
}

#endif
