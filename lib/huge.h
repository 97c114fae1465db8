/* SPDX-License-Identifier: ISC */
/*
 * Memory for arrays that may get large.  A table of a million records fills
 * 8,000 pages, and the first touch of them all, or the first after they moved,
 * can cost more than reading the records does; of huge pages there are sixteen.
 */
#ifndef VRP_HUGE_H
#define VRP_HUGE_H

#include <stddef.h>

#include "compiler.h"

#define HUGE_PAGE ((size_t)2 << 20)	/* where they are of another size, only the gain is lost */

/*
 * Grow or shrink what was given for `had` bytes (NULL and 0 at first) to len
 * bytes, len > 0.  What is not touched takes no memory, so that an array may
 * grow far ahead.  NULL when memory is out; p is then as it was.
 */
VRP_NODISCARD void *huge_realloc(void *p, size_t had, size_t len);
void huge_free(void *p, size_t had);		/* NULL is allowed */

#endif
