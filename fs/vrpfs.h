/* SPDX-License-Identifier: ISC */
/*
 * A mounted file system, alive: its threads, and how a change goes through it.
 *
 *	source's thread:  set -> tree_update -> kcache_publish -> ops_drop -> followers_wake
 *	answering ones:   request -> kcache -> view, content, followers -> reply
 *	keeper's thread:  kcache_evict -> ops_drop, when the kernel holds too much
 *
 * A change is in place at once for what asks anew, and is complete when the kernel
 * has dropped what is old; then it is logged, and followers of /events hear of it.
 */
#ifndef VRPFS_VRPFS_H
#define VRPFS_VRPFS_H

#include <stdbool.h>
#include <sys/types.h>

#include "compiler.h"
#include "err.h"
#include "log.h"
#include "source.h"

struct vrpfs;

enum vrpfs_event {
	VRPFS_READY,		/* the first table is in place */
	VRPFS_FAILED,		/* the source fails, and there is no table; why is in text.  It may become ready yet */
	VRPFS_INPUT_ENDED,	/* the stream has */
	VRPFS_UNMOUNTED,	/* by somebody else */
};

struct vrpfs_config {
	const char *path;		/* to mount on, absolute */
	const char *name;		/* of the source, as it may be shown */
	const char *options;		/* for the kernel and libfuse, joined by commas; may be "" */
	uid_t uid;
	gid_t gid;
	mode_t umask;
	struct source_config source;	/* names and callbacks are not looked at */
	const struct log *log;

	/* On some thread, which does not wait for anybody; text is borrowed, NULL for most. */
	void (*event)(void *ctx, enum vrpfs_event event, const char *text);
	void *ctx;
};

/*
 * Mount, and leave a process behind that unmounts; there are no threads yet, so that a
 * sandbox can be entered.  What config points to is borrowed for the life of it.  NULL
 * with a reason.
 */
VRP_NODISCARD struct vrpfs *vrpfs_mount(const struct vrpfs_config *config, struct vrp_err *err);

/* Begin to answer, and start the source. */
VRP_NODISCARD int vrpfs_start(struct vrpfs *v, struct vrp_err *err);

/* Ask the source now. */
void vrpfs_refresh(struct vrpfs *v);

/* Unmount, and free everything.  -1 when the mount is still there, dead, which was logged.  NULL is allowed. */
int vrpfs_stop(struct vrpfs *v);

#endif
