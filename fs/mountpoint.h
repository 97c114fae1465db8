/* SPDX-License-Identifier: ISC */
/*
 * The directory to mount on: is it one, is it free, and what is left there of a
 * file system of ours whose program was killed.
 */
#ifndef VRPFS_MOUNTPOINT_H
#define VRPFS_MOUNTPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include "compiler.h"
#include "err.h"

#define MOUNTPOINT_TYPE "fuse.vrpfs"

/*
 * Look at the directory and make it ready.  A dead file system of our type is
 * unmounted, lazily, which *took_over tells.  The absolute path, to be freed, or NULL with a reason:
 * it is no directory, not empty (unless nonempty), or something is mounted there.
 */
VRP_NODISCARD char *mountpoint_prepare(const char *path, bool nonempty, bool *took_over, struct vrp_err *err);

/*
 * The kernel's number of the mount at an absolute path that is on top of all others there,
 * which that file system is not asked for; 0 before Linux 5.8.  Before Linux 6.8 a
 * later mount may have the number of one that is gone.
 */
uint64_t mountpoint_id(const char *path);

/* Unmount lazily, as root or by fusermount3.  -1 when that failed. */
int mountpoint_detach(const char *path);

#endif
