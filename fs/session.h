/* SPDX-License-Identifier: ISC */
/*
 * A mount, the threads that answer its requests, and who unmounts it (guard.h).
 */
#ifndef VRPFS_SESSION_H
#define VRPFS_SESSION_H

#include "compiler.h"
#include "err.h"
#include "log.h"
#include "ops.h"

struct session;

struct session_config {
	const char *source;	/* shown by mount and df, borrowed for the call */
	const char *options;	/* for the kernel and libfuse, joined by commas, borrowed likewise; may be "" */
	const char *path;	/* as of mountpoint_prepare(), borrowed for the session's life */
	unsigned threads;
	bool debug;

	/* On a thread of the session: it has ended without us, by umount(8) mostly. */
	void (*ended)(void *ctx);
	void *ctx;
};

/* Mount; ops is borrowed.  NULL with a reason. */
VRP_NODISCARD struct session *session_mount(const struct session_config *config, struct ops_context *ops, struct vrp_err *err);

/* Begin to answer.  -1 with a reason. */
VRP_NODISCARD int session_start(struct session *s, struct vrp_err *err);

/*
 * End the threads, unmount, however busy it is, and free it all.  -1 when it could not be
 * unmounted and is left there, dead.  NULL is allowed.
 */
int session_stop(struct session *s);

struct fuse_session *session_fuse(struct session *s);	/* for notices */

#endif
