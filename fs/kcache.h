/* SPDX-License-Identifier: ISC */
/*
 * What the kernel holds of the tree: which view answers it now, the numbers by
 * which it names places, and what of it is outdated by a change.  It knows
 * nothing of FUSE but how its caches work:
 *
 * The kernel keeps names, attributes and pages for as long as we like, and drops
 * them when it is told to.  Pages belong to an inode, as the kernel sees it that is to
 * the number (nodeid) we gave it, while an open file goes on with the view that it
 * was opened in.  If a file kept its number when its content changes, the pages of
 * two versions, and the size of one with the pages of the other, would meet in one
 * inode: a reader of the old one would be cut off, and a mapping torn.  So
 *
 *	a file has a new number for every content; a directory keeps its number
 *
 * and pages and attributes of a file are good for ever.  A change drops the name;
 * the next look-up finds the new number.  An inode of old content lives on while it
 * is open or mapped.  Who held a name while it was dropped and opens the old number
 * gets ESTALE, on which the kernel looks the name up again by itself.  What stat()
 * shows as inode number is another one (inode.h), and the same all the time.
 *
 * Nothing outdated can slip in:
 * - An answer is only given for the present epoch: kcache_enter() refuses those
 *   that were made in an earlier view.
 * - What was entered before is found by kcache_publish(), and to drop a name the kernel waits
 *   for look-ups in its directory that are under way.
 *
 * All functions may be called by many threads at once.
 */
#ifndef VRPFS_KCACHE_H
#define VRPFS_KCACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compiler.h"
#include "node.h"
#include "tree.h"
#include "view.h"

#define KCACHE_ROOT 1

struct kcache;

/* limit: how many places the kernel shall hold; kcache_evict() keeps it to that.  NULL when memory is out. */
VRP_NODISCARD struct kcache *kcache_new(struct view *view, size_t limit);
void kcache_free(struct kcache *k);	/* NULL is allowed */

/* The view that answers now, as a new reference, and its epoch; epoch may be NULL. */
struct view *kcache_view(struct kcache *k, uint64_t *epoch);

/*
 * A look-up was answered with this place: its number, and one look-up more that
 * kcache_forget() takes back.  0; ENOMEM; EAGAIN when epoch is over, then look again.
 */
VRP_NODISCARD int kcache_enter(struct kcache *k, uint64_t epoch, const struct node *node, const struct node_stat *stat,
			       uint64_t *id);
void kcache_forget(struct kcache *k, uint64_t id, uint64_t lookups);

/* What a number stands for, and what it was entered with: 0 or ESTALE. */
VRP_NODISCARD int kcache_node(struct kcache *k, uint64_t id, struct node *node, struct node_stat *stat);

/* The same to open it: the view in which it has that content, as a new reference; ESTALE for old content, too. */
VRP_NODISCARD int kcache_open(struct kcache *k, uint64_t id, struct node *node, struct view **view);

/* What a change changes, collected from tree_ops. */
struct kcache_changes {
	struct kcache_change {
		struct node node;
		enum tree_change what;
	} *list;
	size_t count, cap;
	bool all;		/* memory was out, or it is too much to list: anything may have changed */
	bool whole;		/* what is made of the whole table, and the directories above; set when anything is listed */
	bool status;		/* /status alone */
};

void kcache_changed(struct kcache_changes *c, const struct node *node, enum tree_change what);
void kcache_changes_release(struct kcache_changes *c);

/* A new view takes the place of the old one; a reference is taken.  kcache_next_drop() then says what to tell the kernel. */
void kcache_publish(struct kcache *k, struct view *view, struct kcache_changes *changes);

/* Mark places for dropping that were not asked for lately, while there are more than the limit. */
void kcache_evict(struct kcache *k);
bool kcache_over_limit(struct kcache *k);

/* What the kernel shall drop: the name of node in directory parent, or the attributes of id. */
struct kcache_drop {
	bool attributes;
	uint64_t parent, id;
	struct node node;
};

/* The next, from *cursor on, 0 at first; false when there are no more.  For one thread at a time. */
bool kcache_next_drop(struct kcache *k, uint64_t *cursor, struct kcache_drop *out);

size_t kcache_count(struct kcache *k);	/* places that the kernel holds, the root included */

#endif
