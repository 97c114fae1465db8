/* SPDX-License-Identifier: ISC */
/*
 * Records of a set in some order, as lines of vrp(5).  The text is never kept;
 * where each 32nd line of it begins is, so that the size of any run of lines, and
 * the line at any byte of it, is found by writing a few.
 *
 * Records are numbered in canonical order: VRPs, router keys, ASPAs.
 */
#ifndef VRPFS_LINES_H
#define VRPFS_LINES_H

#include <stddef.h>
#include <stdint.h>

#include "compiler.h"
#include "out.h"
#include "vrpset.h"

#define LINES_MARK 32

struct lines {
	const struct vrpset *set;	/* borrowed */
	const uint32_t *order;		/* borrowed: the record at each place; NULL where that is the place's number */
	size_t count;
	uint64_t *marks;		/* bytes of the lines before place LINES_MARK * i */
};

/*
 * lengths are those of all records, by number.  -1 when memory is out, with
 * nothing to release.
 */
VRP_NODISCARD int lines_init(struct lines *l, const struct vrpset *set, const uint32_t *order, size_t count,
			     const uint32_t *lengths);
void lines_release(struct lines *l);
size_t lines_memory(const struct lines *l);

/* The length of the line of every record, by number, in count places. */
void lines_measure(const struct vrpset *set, uint32_t *lengths);

/* Bytes of the lines from place first to end - 1. */
uint64_t lines_size(const struct lines *l, size_t first, size_t end);

/* Write them; of a window (out.h) those before it are left out. */
void lines_write(struct out *out, const struct lines *l, size_t first, size_t end);

#endif
