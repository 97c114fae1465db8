/* SPDX-License-Identifier: ISC */
#include "arena.h"

#include <stdint.h>

#define CHUNK_MIN ((size_t)4096)
#define CHUNK_MAX ((size_t)1 << 20)

struct arena_chunk {
	struct arena_chunk *next;
	size_t cap;
	uint64_t data[];
};

void
arena_release(struct arena *a)
{
	while (a->chunks) {
		struct arena_chunk *c = a->chunks;

		a->chunks = c->next;
		free(c);
	}
	*a = (struct arena)ARENA_INIT;
}

/* Chunks double with the arena, so that a small set stays small. */
static int
grow(struct arena *a, size_t len)
{
	size_t cap = a->total < CHUNK_MIN ? CHUNK_MIN : a->total > CHUNK_MAX ? CHUNK_MAX : a->total;
	struct arena_chunk *c;

	if (cap < len)
		cap = len;
	c = malloc(sizeof(*c) + cap);
	if (!c)
		return -1;
	c->next = a->chunks;
	c->cap = cap;
	a->chunks = c;
	a->used = 0;
	a->total += cap;
	return 0;
}

void *
arena_alloc(struct arena *a, size_t len)
{
	void *p;

	if (len > SIZE_MAX / 4)
		return NULL;
	len = (len + 7) & ~(size_t)7;
	if ((!a->chunks || len > a->chunks->cap - a->used) && grow(a, len) < 0)
		return NULL;
	p = (char *)a->chunks->data + a->used;
	a->used += len;
	return p;
}

void *
arena_dup(struct arena *a, const void *data, size_t len)
{
	void *p = arena_alloc(a, len);

	if (p && len)
		memcpy(p, data, len);
	return p;
}
