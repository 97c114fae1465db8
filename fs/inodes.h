/* SPDX-License-Identifier: ISC */
/*
 * Inode numbers, the same for a place over the life of a mount.  Most are the
 * place itself: kind and AS, trust anchor, IPv4 prefix, or IPv6 prefix of up to
 * 48 bits fit into 63.  For the others, which are longer IPv6 prefixes and all of
 * /route/PREFIX/AS, the number is a keyed hash of the place, and what it stands
 * for has to be kept for as long as the kernel may name it: from the look-up that
 * told the number to the forget that takes it back.
 *
 * All functions may be called by many threads at once.
 */
#ifndef VRPFS_INODES_H
#define VRPFS_INODES_H

#include <stddef.h>
#include <stdint.h>

#include "compiler.h"
#include "node.h"

#define INODE_ROOT 1	/* as FUSE wants it */

struct inodes;

VRP_NODISCARD struct inodes *inodes_new(void);	/* NULL when memory is out */
void inodes_free(struct inodes *inodes);	/* NULL is allowed */

/* The number of a place, for stat and directory entries; nothing is kept.  Never 0. */
uint64_t inodes_number(struct inodes *inodes, const struct node *node);

/*
 * The same for an answer that lets the kernel name it from now on: one look-up
 * more that inodes_forget() has to take back.  0 or ENOMEM.
 */
VRP_NODISCARD int inodes_lookup(struct inodes *inodes, const struct node *node, uint64_t *ino);

/* What a number stands for: 0, or ESTALE for one that was not told or is forgotten. */
VRP_NODISCARD int inodes_node(struct inodes *inodes, uint64_t ino, struct node *out);

void inodes_forget(struct inodes *inodes, uint64_t ino, uint64_t lookups);

/* How many places are kept. */
size_t inodes_count(struct inodes *inodes);

#endif
