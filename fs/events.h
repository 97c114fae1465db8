/* SPDX-License-Identifier: ISC */
/*
 * A reader of /events: each change from when it was opened on, as a delta block
 * of vrp(5).  A reader that lags behind what the tree keeps of changes gets the
 * whole table as a snapshot instead, and then goes on with changes, so that what
 * it holds is right in any case.
 *
 * One reader is for one thread at a time.  The tree has to live longer.
 */
#ifndef VRPFS_EVENTS_H
#define VRPFS_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "compiler.h"
#include "tree.h"

struct events;

VRP_NODISCARD struct events *events_open(struct tree *tree);	/* NULL when memory is out */
void events_close(struct events *e);				/* NULL is allowed */

/* Would events_read() give something now?  If not, it may after the next tree_update(). */
bool events_ready(const struct events *e);

/*
 * Up to len bytes that come next; 0 when there are none yet; -1 with errno ENOMEM,
 * and the same bytes can be asked for again.
 */
VRP_NODISCARD ssize_t events_read(struct events *e, char *buf, size_t len);

#endif
