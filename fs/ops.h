/* SPDX-License-Identifier: ISC */
/*
 * The answers to the kernel's requests: a thin adapter between FUSE and the tree.
 * It is FUSE's low-level interface, since what the kernel caches is ours to say, by
 * number (kcache.h).
 */
#ifndef VRPFS_OPS_H
#define VRPFS_OPS_H

#define FUSE_USE_VERSION 312
#include <fuse3/fuse_lowlevel.h>
#include <pthread.h>
#include <sys/queue.h>

#include "followers.h"
#include "inode.h"
#include "kcache.h"
#include "names.h"
#include "tree.h"

/* What requests are answered from; the private data of the session. */
struct ops_context {
	struct kcache *kcache;
	struct followers *followers;
	uid_t uid;
	gid_t gid;
	mode_t umask;

	/* Called by any thread when the kernel holds more places than it shall; has to return at once. */
	void (*crowded)(void *ctx);
	void *ctx;

	/* Set by ops_context_init(): what is open, and what inode numbers are made with. */
	pthread_mutex_t lock;
	LIST_HEAD(, ops_handle) open;
	size_t open_count;
	struct inode_key inode_key;
};

#define OPS_OPEN_MAX 65536	/* files and directories that may be open at once; beyond it, ENFILE */

/* -1 when there is no more of what it takes.  To release it closes what is open; no thread may answer any more. */
VRP_NODISCARD int ops_context_init(struct ops_context *c);
void ops_context_release(struct ops_context *c);

extern const struct fuse_lowlevel_ops ops_table;

/* For a thread that answered requests, at its end. */
void ops_thread_end(void);

/* Tell the kernel what to drop (kcache_next_drop).  Never on a thread that answers requests, which the kernel may wait for. */
void ops_drop(struct fuse_session *session, struct kcache *kcache, struct names *names);

#endif
