/* SPDX-License-Identifier: ISC */
/*
 * A growing byte buffer.  data is NULL until the first byte; len bytes of cap
 * are in use.  The contents are not NUL-terminated.
 */
#ifndef VRP_BUF_H
#define VRP_BUF_H

#include <stddef.h>

#include "compiler.h"

struct buf {
	char *data;
	size_t len;
	size_t cap;
};

#define BUF_INIT {0}

void buf_init(struct buf *b);
void buf_release(struct buf *b);

/* Forget the contents, keep the memory. */
static inline void
buf_reset(struct buf *b)
{
	b->len = 0;
}

/* Make room for extra more bytes behind len.  -1 when memory is out. */
VRP_NODISCARD int buf_reserve(struct buf *b, size_t extra);

/* Append.  -1 when memory is out; the buffer is then as it was. */
VRP_NODISCARD int buf_add(struct buf *b, const void *data, size_t len);
VRP_NODISCARD int buf_addf(struct buf *b, const char *fmt, ...) VRP_PRINTF(2, 3);

/* Drop the first n bytes (n <= len) by moving the rest to the front. */
void buf_drop(struct buf *b, size_t n);

#endif
