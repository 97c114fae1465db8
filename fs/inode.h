/* SPDX-License-Identifier: ISC */
/*
 * Inode numbers, the same for a place over the life of a mount.  Most are the
 * place itself: kind and AS, trust anchor, IPv4 prefix, or IPv6 prefix of up to
 * 48 bits fit into 63, so that no two of them are the same.  For the others, which
 * are longer IPv6 prefixes and all of /route/PREFIX/AS, it is a keyed hash of the
 * place.  Nothing is kept, and nothing is found by these numbers: the kernel has
 * others (kcache.h).
 */
#ifndef VRPFS_INODE_H
#define VRPFS_INODE_H

#include <stdint.h>

#include "node.h"

#define INODE_ROOT 1	/* as FUSE wants it */

/* The key of the hash, so that nobody can choose places that collide. */
struct inode_key {
	uint64_t secret[4];
};

void inode_key_draw(struct inode_key *key);

/* Never 0. */
uint64_t inode_number(const struct inode_key *key, const struct node *node);

#endif
