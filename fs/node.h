/* SPDX-License-Identifier: ISC */
/*
 * A place in the tree as a plain value, whether there is anything at it or not:
 *
 *	/README /vrps /status /events		files of the root; the last is not listed
 *	/asn/AS13335/vrps			and router-keys, aspa, summary
 *	/prefix/1.1.1.0/24			an address is a directory, a length a file in it
 *	/ta/apnic/vrps				and router-keys, aspa
 *	/covering/1.1.1.128/25
 *	/route/1.1.1.0/24/AS13335
 *	/export/rpki.json			one file for each dialect of export.h
 *	/deltas/7				by the number of the version it led to
 *
 * Names are canonical: one place has one name.  An AS is `AS` and a number
 * without leading zeros; an address is as prefix_format() writes it; a length
 * is a number without leading zeros that leaves no host bits of the address.
 */
#ifndef VRPFS_NODE_H
#define VRPFS_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compiler.h"
#include "prefix.h"

/* These numbers are part of inode numbers; there may be up to 63. */
enum node_kind {
	NODE_ROOT = 1,

	NODE_README,
	NODE_VRPS,
	NODE_STATUS,
	NODE_EVENTS,

	NODE_ASN_DIR,
	NODE_PREFIX_DIR,
	NODE_TA_DIR,
	NODE_COVERING_DIR,
	NODE_ROUTE_DIR,
	NODE_EXPORT_DIR,
	NODE_DELTAS_DIR,

	NODE_AS,		/* /asn/AS1, number is the AS here and in what is below */
	NODE_AS_VRPS,
	NODE_AS_KEYS,
	NODE_AS_ASPA,
	NODE_AS_SUMMARY,

	NODE_TA,		/* /ta/apnic, number is that of struct names, here and below */
	NODE_TA_VRPS,
	NODE_TA_KEYS,
	NODE_TA_ASPA,

	NODE_PREFIX_ADDRESS,	/* /prefix/1.1.1.0 */
	NODE_PREFIX,		/* /prefix/1.1.1.0/24 */

	NODE_COVERING_ADDRESS,
	NODE_COVERING,

	NODE_ROUTE_ADDRESS,
	NODE_ROUTE_PREFIX,	/* /route/1.1.1.0/24, a directory */
	NODE_ROUTE,		/* /route/1.1.1.0/24/AS13335, number is the AS */

	NODE_EXPORT,		/* number is that of export_at() */
	NODE_DELTA,		/* number is that of the version */

	NODE_KINDS
};

struct node {
	uint8_t kind;		/* enum node_kind */
	uint32_t number;	/* what of, see there; 0 where it has none */
	struct prefix prefix;	/* an address has all its bits as length; zero where it has none */
};

#define NODE_OF(k) ((struct node){.kind = (k)})

#define NODE_NAME_MAX 255	/* bytes of a name, without NUL */

bool node_is_dir(const struct node *node);
bool node_same(const struct node *a, const struct node *b);

/* The directory it is in; the root is its own. */
struct node node_parent(const struct node *node);

/*
 * The place with this name in a directory, by the form of the name alone: 0,
 * or an errno value:
 *
 *	ENOTDIR		dir is a file
 *	ENAMETOOLONG	the name is longer than NODE_NAME_MAX
 *	ENOENT		no such name can ever be there, or it begins with a dot, as
 *			what desktops, editors and version control probe for
 *	EINVAL		in /asn, /prefix, /covering, /route, /deltas and below: it is no
 *			canonical AS, address, length or number, or leaves host bits
 *
 * Trust anchors are not found here (view.h): their names are those of a tree.
 */
VRP_NODISCARD int node_lookup(const struct node *dir, const char *name, struct node *out);

/* Write the name of a node in its directory, NUL-terminated, and return its length; not of a NODE_TA, nor of the root. */
size_t node_name(const struct node *node, char out[NODE_NAME_MAX + 1]);

/* Name of the file of dialect i (export.h), such as "rpki.json". */
const char *node_export_name(size_t i);

#endif
