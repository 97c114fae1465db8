/* SPDX-License-Identifier: ISC */
/*
 * Replacing a file in one step: whoever opens the path sees the old contents
 * or the new, whole, even after a crash.  The new contents are written to a
 * file beside it, synced, and renamed over it.
 *
 *	if (savefile_open(&f, path, &err) < 0) ...
 *	write to f.fd
 *	savefile_commit(&f, &err) or savefile_discard(&f)
 *
 * A path that is a symbolic link keeps being one.  What is there and no
 * regular file (a device, a FIFO) is written to as it is.
 */
#ifndef VRP_SAVEFILE_H
#define VRP_SAVEFILE_H

#include "compiler.h"
#include "err.h"

struct savefile {
	int fd;		/* to write to */
	char *path;	/* what is replaced, links resolved */
	char *temp;	/* the file beside it, NULL when path is written to directly */
};

VRP_NODISCARD int savefile_open(struct savefile *f, const char *path, struct vrp_err *err);

/* Put it in place, or forget it; the savefile is released in either case, and after a failure nothing is left behind. */
VRP_NODISCARD int savefile_commit(struct savefile *f, struct vrp_err *err);
void savefile_discard(struct savefile *f);

#endif
