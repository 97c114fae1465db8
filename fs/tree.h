/* SPDX-License-Identifier: ISC */
/*
 * The file system's brain: a tree of files over the table as it is now.  It
 * knows nothing of FUSE; nodes are places (node.h), a view is one version of
 * all that is at them (view.h), content is an open file (content.h), events a
 * reader of /events (events.h), and a place has a number (inode.h).
 *
 *	tree = tree_new(names, now);
 *	tree_update(tree, set, &meta, now, &ops, ctx, &err);	after each block, on one thread
 *
 *	view = tree_view(tree);					on any thread
 *	view_lookup(view, &dir, "AS13335", &node) ... view_stat(), view_list(), content_open()
 *	view_unref(view);
 *
 * An update makes the next view in the background and puts it in place in one
 * step; look-ups never wait for it.  A file that was opened goes on with the view
 * that it was opened in.
 *
 * For a million VRPs a view takes about 70 MiB: 31 the set, 14 the index for
 * origin validation, 8 the order by AS and by trust anchor, 16 where prefixes and
 * addresses begin and when each was last changed, 1 ASes and marks of lines.
 * While an update is made there are two, the changes, and 8 MiB more.
 */
#ifndef VRPFS_TREE_H
#define VRPFS_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "compiler.h"
#include "err.h"
#include "names.h"
#include "node.h"
#include "stream.h"
#include "view.h"
#include "vrpset.h"

/* What is kept of changes, in /deltas and for readers of /events: the last ones, within both limits. */
#define TREE_DELTAS 256
#define TREE_DELTA_BYTES ((size_t)4 << 20)

struct tree;

/* Every set of a tree has to be made with these names.  NULL when memory is out. */
VRP_NODISCARD struct tree *tree_new(struct names *names, struct timespec now);

/* Views, contents and nodes stay good, readers of /events don't.  NULL is allowed. */
void tree_free(struct tree *t);

/* The present view as a new reference, never NULL. */
VRP_NODISCARD struct view *tree_view(struct tree *t);

enum tree_change {
	TREE_ADDED,
	TREE_CHANGED,
	TREE_REMOVED,
};

/* Called by tree_update() when the new view is in place; may be NULL. */
struct tree_ops {
	/*
	 * Something is there, is not what it was, or has gone: a NODE_AS, NODE_TA,
	 * NODE_PREFIX_ADDRESS, NODE_PREFIX or NODE_DELTA, each once, directories before
	 * what is in them.  For an AS or a trust anchor that holds for all of its files
	 * as well, of which some may have come or gone.  The directories above and the
	 * files that are made of the whole table (/vrps, /status, /export/...) changed in any case.
	 * What /covering and /route answer may change for everything that the prefix covers.
	 */
	void (*change)(void *ctx, const struct node *node, enum tree_change what);
};

/*
 * The next table; a reference is taken.  The tree finds out what changed.
 * meta, of which source is copied, is what stands in the head of /vrps and of
 * the delta: time of the data, source, session, serial.  Times of what changed
 * are `now`, at the first table that of the data where it is known and not in the future; a
 * clock that goes back is not followed.
 *
 * Returns 1 when there is a new version, 0 when no record or annotation changed (meta is taken
 * all the same), -1 with a reason when memory is out or the set has other names;
 * the tree is then as it was.
 */
int tree_update(struct tree *t, struct vrpset *set, const struct block_attrs *meta, struct timespec now,
		const struct tree_ops *ops, void *ctx, struct vrp_err *err);

/*
 * What /status says beside what the tree knows.  Texts are raw and borrowed;
 * what would break a line is percent-encoded.
 */
struct tree_status {
	const char *state;	/* a word: "waiting", "connected", ... */
	const char *error;	/* the last failure, NULL when there is none */
	int64_t checked;	/* when the source was last asked; STAMP_UNKNOWN leaves a line out */
	int64_t next;		/* when it is asked next */
};

#define TREE_STATUS_INIT {.checked = STAMP_UNKNOWN, .next = STAMP_UNKNOWN}

/*
 * Puts a new view in place, with the same version; cheap.  On the thread of
 * tree_update().  -1 when memory is out; /status is then as it was.
 *
 *	source https://validator.example/rpki.json
 *	state connected
 *	session 4711
 *	serial 42
 *	time 2026-11-23T00:00:00Z
 *	updated 2026-11-23T00:00:07Z
 *	checked ...  next ...  error ...
 *	version 3
 *	vrps 600000
 *	ipv4-vrps ipv6-vrps router-keys aspas ases prefixes trust-anchors deltas
 *
 * A line whose value is unknown is left out.
 */
VRP_NODISCARD int tree_set_status(struct tree *t, const struct tree_status *status, struct timespec now);

#endif
