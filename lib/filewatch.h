/* SPDX-License-Identifier: ISC */
/*
 * Has a file become another since it was read?  It is looked at by name, so that
 * files that are replaced by rename count, and symbolic links that are turned;
 * a change counts once two looks in a row find it the same, so that a file is
 * not read while it is written.
 */
#ifndef VRP_FILEWATCH_H
#define VRP_FILEWATCH_H

#include <stdbool.h>
#include <sys/stat.h>

#include "compiler.h"

#define FILEWATCH_MS 1000	/* how often to look */

struct filewatch {
	const char *path;	/* borrowed */
	struct stat read;	/* the file as it was when it was read ... */
	struct stat seen;	/* ... and when it was looked at last */
	bool gone;		/* it was not there at the last look */
};

enum filewatch_state {
	FILEWATCH_SAME,
	FILEWATCH_CHANGED,	/* read it and call filewatch_took() */
	FILEWATCH_GONE,		/* said once each time it goes */
};

/*
 * Open a file that shall be followed: never waits, and a directory is none.  What
 * is not regular, a FIFO or a device, can't be read again and is a stream.  -1 with
 * errno.
 */
VRP_NODISCARD int filewatch_open(const char *path, bool *regular);

/* Before reading: what fd is about to give. */
void filewatch_took(struct filewatch *w, int fd);

enum filewatch_state filewatch_look(struct filewatch *w);

#endif
