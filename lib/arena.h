/* SPDX-License-Identifier: ISC */
/*
 * Memory that is handed out piece by piece, never moves and is freed at once.
 * For the variable parts of records: provider lists, keys, names.
 */
#ifndef VRP_ARENA_H
#define VRP_ARENA_H

#include <stddef.h>

#include "compiler.h"

struct arena_chunk;

struct arena {
	struct arena_chunk *chunks;	/* the newest first */
	size_t used;			/* bytes of the newest that are handed out */
	size_t total;			/* bytes of all chunks */
};

#define ARENA_INIT {0}

void arena_release(struct arena *a);

/* len bytes aligned for uint64_t, or NULL when memory is out.  len may be 0. */
VRP_NODISCARD void *arena_alloc(struct arena *a, size_t len);
VRP_NODISCARD void *arena_dup(struct arena *a, const void *data, size_t len);

#endif
