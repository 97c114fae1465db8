/* SPDX-License-Identifier: ISC */
/*
 * Becoming an ordinary user for good, once what only root may is done (a port
 * below 1024, a key of root's):
 *
 *	privdrop_parse(&who, "rtr:ssl-cert", &err)	before anything else, so that a typing error is said first
 *	bind, read keys
 *	privdrop_enter(&who, NULL, &err)		then sandbox_enter(), which needs no privileges
 *
 * What is opened again later, at a reload, is then opened as that user.
 */
#ifndef VRP_PRIVDROP_H
#define VRP_PRIVDROP_H

#include <stddef.h>
#include <sys/types.h>

#include "compiler.h"
#include "err.h"

#define PRIVDROP_GROUPS_MAX 64

struct privdrop {
	uid_t uid;
	gid_t gid;
	gid_t groups[PRIVDROP_GROUPS_MAX];	/* with gid among them */
	int group_count;
};

/*
 * "USER" with all groups that USER is in, or "USER:GROUP" with just that group;
 * names or numbers, and a number that no user has needs a group.  Root is
 * refused.  The user database is asked, so call it before there are threads, a
 * sandbox or another root directory.  -1 with a reason.
 */
VRP_NODISCARD int privdrop_parse(struct privdrop *out, const char *text, struct vrp_err *err);

/*
 * Change to the root directory `root` first (NULL: stay), then become that user
 * with all threads, and make sure that there is no way back: neither IDs nor
 * capabilities.  Without root's privileges it succeeds only for the user and the
 * groups that we are already.  After -1, with a reason, the process may be
 * anything in between, and has to end.
 *
 * A descriptor of a directory leads out of the new root directory: have none open.
 */
VRP_NODISCARD int privdrop_enter(const struct privdrop *who, const char *root, struct vrp_err *err);

#endif
