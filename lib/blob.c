/* SPDX-License-Identifier: ISC */
#include "blob.h"

#include <stdint.h>

#include "huge.h"

struct blob *
blob_new(size_t len)
{
	struct blob *b;

	if (len > SIZE_MAX / 2)
		return NULL;
	b = huge_realloc(NULL, 0, sizeof(*b) + len);
	if (b) {
		atomic_init(&b->refs, 1);
		b->len = len;
	}
	return b;
}

struct blob *
blob_resize(struct blob *b, size_t len)
{
	if (len > SIZE_MAX / 2)
		return NULL;
	b = huge_realloc(b, sizeof(*b) + b->len, sizeof(*b) + len);
	if (b)
		b->len = len;
	return b;
}

struct blob *
blob_ref(struct blob *b)
{
	atomic_fetch_add_explicit(&b->refs, 1, memory_order_relaxed);
	return b;
}

void
blob_unref(struct blob *b)
{
	if (b && atomic_fetch_sub_explicit(&b->refs, 1, memory_order_acq_rel) == 1)
		huge_free(b, sizeof(*b) + b->len);
}
