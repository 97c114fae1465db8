/* SPDX-License-Identifier: ISC */
/*
 * Who unmounts.  A program in a sandbox can do that no longer, nor can one that
 * was killed: so a small process stays outside, from before there are threads.
 * It holds nothing but the end of a pipe, above all not /dev/fuse, and waits for
 * the other end to be closed, in good order or by the kernel.  Then it unmounts,
 * lazily, what was mounted when it began, and nothing else that may be there by then.
 */
#ifndef VRPFS_GUARD_H
#define VRPFS_GUARD_H

#include <sys/types.h>

#include "compiler.h"
#include "err.h"

struct guard {
	int fd;			/* the pipe, -1 when there is none */
	pid_t pid;
};

#define GUARD_NONE {.fd = -1}

/* Of what is mounted at an absolute path now.  Before any thread.  -1 with a reason. */
VRP_NODISCARD int guard_start(struct guard *g, const char *path, struct vrp_err *err);

/* It is unmounted already, and another may be in its place. */
void guard_dismiss(struct guard *g);

/*
 * After /dev/fuse is closed: let it unmount, and wait for that.  0 when the mount is
 * gone, or -1; without a guard 0.
 */
int guard_end(struct guard *g);

#endif
