/* SPDX-License-Identifier: ISC */
/*
 * Which routers may come in, by address: the file of `rtr-serve --access`.
 *
 *	# the first line that fits decides; whom none fits is turned away
 *	allow 192.0.2.0/24	transport=tls,ssh name=edge max-clients=20
 *	allow 2001:db8::7	max-version=1 name=ne8000
 *	deny  198.51.100.0/24
 *	allow local
 *	allow any		listener=lab
 *
 * A line is an action, a network (ADDRESS[/LENGTH], `any`, or `local` for unix
 * sockets), and conditions and terms in any order.  Conditions, with which a
 * line fits only some: transport=NAME[,NAME]..., listener=NAME.  Terms of an
 * allow: max-version=N, max-clients=N (of all that it lets in, together),
 * name=TEXT (for the log).
 */
#ifndef VRP_ACCESS_H
#define VRP_ACCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compiler.h"
#include "err.h"
#include "listen_spec.h"
#include "prefix.h"

#define ACCESS_FILE_MAX ((size_t)16 * 1024 * 1024)
#define ACCESS_NAME_MAX 64

struct access_rule {
	bool allow;
	bool local;			/* fits unix sockets */
	bool inet;			/* fits addresses below `network` ... */
	bool any_family;		/* ... or all of them */
	struct prefix network;
	unsigned transports;		/* bit t for enum listen_transport t */
	char listener[ACCESS_NAME_MAX + 1];	/* "" for any */
	char name[ACCESS_NAME_MAX + 1];		/* "" when none is given */
	size_t line;			/* of the file, from 1 */
	uint8_t max_version;
	size_t max_clients;		/* 0: no limit */
	size_t clients;			/* who counts: the caller */
};

struct access;

/* len bytes; or a file, at most ACCESS_FILE_MAX.  NULL with a reason, and its line and column. */
VRP_NODISCARD struct access *access_parse(const char *data, size_t len, struct vrp_err *err);
VRP_NODISCARD struct access *access_read(const char *path, struct vrp_err *err);
void access_free(struct access *a);	/* NULL is allowed */

/*
 * The rule for a peer, NULL when none fits.  address is a whole one (/32, /128),
 * or NULL for a unix socket; listener may be NULL.
 */
struct access_rule *access_find(struct access *a, const struct prefix *address, enum listen_transport transport,
				const char *listener);

size_t access_count(const struct access *a);
const struct access_rule *access_at(const struct access *a, size_t i);	/* in the order of the file */

#endif
