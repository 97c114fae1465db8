/* SPDX-License-Identifier: ISC */
/*
 * Those who have /events open, and what they wait for.  A read that finds nothing
 * is kept, and answered by the thread that brings the next change; no thread
 * waits for it.
 *
 * While a change is under way, nobody is told of it: a follower hears of it when
 * the kernel's caches have dropped what is old, so that what it reads next is new.
 *
 * /events reads like a log that grows.  Its size counts the bytes of all changes so
 * far, to which tail(1) holds, and a reader that seeks finds the end once and then
 * goes on with what comes: what was before it opened the file is not there.
 */
#ifndef VRPFS_FOLLOWERS_H
#define VRPFS_FOLLOWERS_H

#define FUSE_USE_VERSION 312
#include <fuse3/fuse_lowlevel.h>
#include <stdbool.h>
#include <stdint.h>

#include "compiler.h"
#include "tree.h"

struct followers;
struct follower;

VRP_NODISCARD struct followers *followers_new(struct tree *tree);	/* NULL when memory is out */
void followers_free(struct followers *all);	/* NULL is allowed; every follower has to be closed */

uint64_t followers_size(struct followers *all);	/* of /events */

/* Around each change, on the thread that makes it; bytes are those of the change. */
void followers_hold(struct followers *all);
void followers_wake(struct followers *all, uint64_t bytes);

/* From now on every read finds the end: before unmounting. */
void followers_end(struct followers *all);

VRP_NODISCARD struct follower *follower_open(struct followers *all);	/* NULL when memory is out */
void follower_close(struct follower *f);

/* Answer the request, now or later. */
void follower_read(struct follower *f, fuse_req_t req, size_t size, off_t offset, bool nonblock);
void follower_poll(struct follower *f, fuse_req_t req, struct fuse_pollhandle *handle);

#endif
