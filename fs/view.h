/* SPDX-License-Identifier: ISC */
/*
 * One version of the whole tree: a table and what is known about it.  A view
 * never changes and is shared by counted references on any thread; all
 * functions here may be called by many threads at once.
 *
 * Functions that can fail return 0 or an errno value, as file systems do.
 *
 * Before the first table there is a view as well: directories are empty, and
 * so is /vrps, which an empty table would not be.
 *
 * A directory is as new as the newest thing in it or that left it.  The files
 * of an AS and those of a trust anchor have its time.
 */
#ifndef VRPFS_VIEW_H
#define VRPFS_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "compiler.h"
#include "node.h"
#include "vrpset.h"

struct view;

struct view *view_ref(struct view *v);
void view_unref(struct view *v);		/* NULL is allowed */

uint32_t view_version(const struct view *v);	/* 0 before the first table; each change counts one up */
struct vrpset *view_set(const struct view *v);	/* borrowed; an empty one before the first table */
size_t view_memory(const struct view *v);	/* bytes of its indexes, without those of the set */

/*
 * What has this name in a directory: 0, or ENOENT where nothing has, and what
 * node_lookup() fails with.  Neither "." nor "..".  O(log n).
 */
VRP_NODISCARD int view_lookup(const struct view *v, const struct node *dir, const char *name, struct node *out);

/* The same for a whole path from the root, such as "/asn/AS13335/vrps". */
VRP_NODISCARD int view_resolve(const struct view *v, const char *path, struct node *out);

struct node_stat {
	bool dir;
	uint32_t nlink;		/* 1; of a directory 2 and one for each directory that it lists */
	uint64_t size;		/* bytes, exactly what opening it in this view gives; of a directory the names that it lists */
	struct timespec mtime;	/* when it last changed: records came, went, or changed trust anchor or expiry */
};

/*
 * 0; ENOENT when there is nothing (any more); ENOMEM.  O(log n), but for
 * - a file of /export, which is written once to count its bytes when the first
 *   one asks (a tenth of a second for a million VRPs);
 * - the summary of an AS, which is made from its records;
 * - an answer of /route, which takes as long as the list of VRPs in it.
 */
VRP_NODISCARD int view_stat(const struct view *v, const struct node *node, struct node_stat *out);

/*
 * The names in a directory, in order, from the one behind a cookie on:
 *
 *	if (view_list(view, &dir, cookie, &list) == 0)
 *		while (listing_next(&list, &entry)) ...
 *
 * A cookie is made from the name and not from its place, so that it stays good
 * in the views that follow: what is there all the time comes exactly once.  (Of
 * IPv6 addresses whose first 40 bits are the same it counts their number.)  0 is
 * the start.  Others are LISTING_COOKIE_MIN or more and below 2^63, which leaves
 * small numbers for "." and "..", which are not listed here.
 *
 * The directories of /covering and /route list nothing, and yet have all names.
 * /events is there, too, but not listed: who reads all files must not wait there.
 */
#define LISTING_COOKIE_MIN 16

struct listing {
	const struct view *view;	/* borrowed */
	struct node dir;
	size_t at, end;			/* places that are left */
	size_t group;			/* where the addresses begin that share 40 bits with the last */
};

struct listing_entry {
	struct node node;
	uint64_t cookie;		/* where to go on behind it */
	size_t name_len;
	char name[NODE_NAME_MAX + 1];
};

/* 0, ENOTDIR or ENOENT.  There is nothing to release. */
VRP_NODISCARD int view_list(const struct view *v, const struct node *dir, uint64_t cookie, struct listing *out);
bool listing_next(struct listing *l, struct listing_entry *out);

#endif
