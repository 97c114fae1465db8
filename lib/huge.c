/* SPDX-License-Identifier: ISC */
/*
 * Below the size of a huge page memory is malloc's.  From there on it is a
 * mapping of whole huge pages, which newer kernels (Linux 6.7) then also begin
 * at the border of one, wherever it moves; older ones get nearly as much.
 */
#include "huge.h"

#include <stdint.h>
#include <sys/mman.h>

/* The size of the mapping for len bytes, 0 when it is malloc's. */
static size_t
mapped(size_t len)
{
	return len < HUGE_PAGE ? 0 : (len + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1);
}

static void *
map(size_t len)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	(void)madvise(p, len, MADV_HUGEPAGE);	/* a kernel without them refuses, to no harm */
	return p;
}

/* From malloc's memory to a mapping or back. */
static void *
move(void *p, size_t had, size_t len)
{
	void *to = mapped(len) ? map(mapped(len)) : malloc(len);

	if (to && p)
		memcpy(to, p, had < len ? had : len);
	if (to)
		huge_free(p, had);
	return to;
}

void *
huge_realloc(void *p, size_t had, size_t len)
{
	size_t from = mapped(had), to = mapped(len);

	if (len > SIZE_MAX / 2)
		return NULL;
	if (!from && !to)
		return realloc(p, len);
	if (!from || !to)
		return move(p, had, len);
	if (from != to)
		p = mremap(p, from, to, MREMAP_MAYMOVE);
	return p == MAP_FAILED ? NULL : p;
}

void
huge_free(void *p, size_t had)
{
	if (p && mapped(had))
		munmap(p, mapped(had));
	else
		free(p);
}
