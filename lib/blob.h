/* SPDX-License-Identifier: ISC */
/*
 * Immutable bytes that many readers share, on any thread, by counted
 * references: an encoded table, an encoded delta, a text.  Large ones lie on huge pages.
 */
#ifndef VRP_BLOB_H
#define VRP_BLOB_H

#include <stdatomic.h>
#include <stddef.h>

#include "compiler.h"

struct blob {
	atomic_size_t refs;
	size_t len;
	unsigned char data[];	/* written by the maker before it is shared */
};

/* A blob of len unset bytes with one reference; NULL when memory is out. */
VRP_NODISCARD struct blob *blob_new(size_t len);

/* Another length while b has one reference: b may move.  NULL when memory is out, and b is as it was. */
VRP_NODISCARD struct blob *blob_resize(struct blob *b, size_t len);

struct blob *blob_ref(struct blob *b);
void blob_unref(struct blob *b);	/* NULL is allowed */

#endif
