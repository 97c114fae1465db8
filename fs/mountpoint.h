/* SPDX-License-Identifier: ISC */
/*
 * The directory to mount on: is it one, is it free, and what is left there of a
 * file system of ours whose program was killed.
 */
#ifndef VRPFS_MOUNTPOINT_H
#define VRPFS_MOUNTPOINT_H

#include <stdbool.h>

#include "compiler.h"
#include "err.h"

#define MOUNTPOINT_TYPE "fuse.vrpfs"

/*
 * Look at the directory and make it ready.  A dead file system of our type is
 * unmounted, lazily, which *took_over tells.  The absolute path, to be freed, or NULL with a reason:
 * it is no directory, not empty (unless nonempty), or something is mounted there.
 */
VRP_NODISCARD char *mountpoint_prepare(const char *path, bool nonempty, bool *took_over, struct vrp_err *err);

/* What the kernel calls a mount; it may call a later one the same when this one is gone. */
struct mount_id {
	unsigned mount, major, minor;
};

/* Of the mount at an absolute path that is on top of all others there; that file system is not asked.  -1: there is none. */
VRP_NODISCARD int mountpoint_id(const char *path, struct mount_id *id);

/* Is it still this one? */
bool mountpoint_has(const char *path, const struct mount_id *id);

/* Unmount lazily, as root or by fusermount3.  -1 when that failed. */
int mountpoint_detach(const char *path);

#endif
