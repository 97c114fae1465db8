/* SPDX-License-Identifier: ISC */
/*
 * A buffered writer to a file descriptor with a sticky error: write as if
 * nothing could fail and check once, at out_flush().
 */
#ifndef VRP_OUT_H
#define VRP_OUT_H

#include <stddef.h>

#include "buf.h"
#include "compiler.h"

struct out {
	int fd;		/* borrowed */
	int error;	/* errno of the first failure, 0 when all is well */
	struct buf buf;	/* not yet written */
};

void out_init(struct out *o, int fd);

/* Frees the buffer and drops what was not flushed; the descriptor stays open. */
void out_release(struct out *o);

#define OUT_FLUSH_AT ((size_t)60 * 1024)	/* so much is written at once */

char *out_make_room(struct out *o, size_t len);	/* out_room() when it has to flush or to grow */

/*
 * At least len bytes of room to write into; out_advance() then says how many
 * were used.  NULL once anything failed.
 */
static inline char *
out_room(struct out *o, size_t len)
{
	if (VRP_LIKELY(!o->error && o->buf.len < OUT_FLUSH_AT && len < o->buf.cap - o->buf.len))
		return o->buf.data + o->buf.len;
	return out_make_room(o, len);
}

static inline void
out_advance(struct out *o, size_t len)
{
	o->buf.len += len;
}

void out_add(struct out *o, const void *data, size_t len);
void out_addf(struct out *o, const char *fmt, ...) VRP_PRINTF(2, 3);

/* Write everything.  -1 with errno set when this or any earlier step failed. */
VRP_NODISCARD int out_flush(struct out *o);

#endif
