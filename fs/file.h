/* SPDX-License-Identifier: ISC */
/* What is in a file of a view, as far as it is more than a name: its text and its size. */
#ifndef VRPFS_FILE_H
#define VRPFS_FILE_H

#include <stdint.h>

#include "compiler.h"
#include "node.h"
#include "out.h"
#include "view.h"

/*
 * Write the whole text of a file that is there; of a window (out.h) what lies
 * before it is mostly left out.  Failures stay in out.
 */
void file_write(struct out *out, const struct view *v, const struct node *node);

/* Its exact size, without writing more than need be.  0, or ENOMEM. */
VRP_NODISCARD int file_size(const struct view *v, const struct node *node, uint64_t *size);

/* The marks of its text, for a window; NULL where it has none.  file_size() has to be called first. */
struct out_marks *file_marks(const struct view *v, const struct node *node);

/* Text that is kept as a whole, borrowed; NULL where there is none. */
struct blob *file_blob(const struct view *v, const struct node *node);

#endif
