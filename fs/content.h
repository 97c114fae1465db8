/* SPDX-License-Identifier: ISC */
/*
 * An open file: bytes that never change, whatever the tree does meanwhile.
 *
 * What is small is text from the start.  What is large is written when it is
 * read, and only the part that is asked for: of every file whose lines are
 * records we know where each 32nd of them begins, so that a read at any place
 * writes little more than its own bytes.  No text of a table is ever held,
 * which would be 45 MB for /vrps and 105 MB for /export/rpki.json of a million
 * VRPs, and would gain nothing: the first reader has to wait until it is written
 * in any case (bench-tree: 26 ms of CPU for /vrps as it is, 35 with the text put
 * into memory first; 36 and 51 for rpki.json), and for those who follow the
 * kernel has the pages.  An open file of that kind keeps its view, which is some
 * 70 bytes a VRP, until it is closed.
 */
#ifndef VRPFS_CONTENT_H
#define VRPFS_CONTENT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "compiler.h"
#include "view.h"

struct content;

/*
 * Open a file as it is in this view.  0 or an errno value: ENOENT, EISDIR,
 * ENOMEM; EINVAL for /events, which events.h reads.
 */
VRP_NODISCARD int content_open(struct view *v, const struct node *node, struct content **out);
void content_close(struct content *c);		/* NULL is allowed */

uint64_t content_size(const struct content *c);

/* What view_stat() said when it was opened, for a stat of the open file. */
const struct node_stat *content_stat(const struct content *c);

/*
 * Copy up to len bytes from offset on; fewer only at the end, 0 behind it.  -1
 * with errno ENOMEM when memory is out.  Any number of threads may read at once.
 */
VRP_NODISCARD ssize_t content_read(const struct content *c, uint64_t offset, char *buf, size_t len);

#endif
