/* SPDX-License-Identifier: ISC */
/*
 * What an HTTP request asks for: its target (RFC 9112 section 3.2) as a path and
 * the fields of a form-encoded query, both percent-decoded.
 *
 *	/validity?asn=64496&prefix=192.0.2.0%2F24
 *	http://host:8080/validity?...		what a proxy is sent; the host is skipped
 *
 * Everything is bounded. A bad escape, a NUL (also %00), a control character or
 * blank as it is, and a fragment are refused.
 */
#ifndef VRP_HTTP_TARGET_H
#define VRP_HTTP_TARGET_H

#include <stdbool.h>
#include <stddef.h>

#include "compiler.h"
#include "err.h"

#define HTTP_TARGET_MAX 2048	/* bytes of a target */
#define HTTP_FIELDS_MAX 16	/* of a query */

struct http_field {
	const char *name, *value;	/* of `name` and `name=` the value is "" */
};

/* Its pointers lead into itself: not to be copied. */
struct http_target {
	const char *path;	/* decoded, begins with '/' */
	size_t field_count;
	struct http_field fields[HTTP_FIELDS_MAX];	/* as they stand in the query; a name may come twice */
	char text[HTTP_TARGET_MAX + 2];
};

/* -1 with a reason that does not repeat the text. */
VRP_NODISCARD int http_target_parse(struct http_target *t, const char *text, size_t len, struct vrp_err *err);

/* The value of the first field of that name, NULL when there is none. */
const char *http_target_field(const struct http_target *t, const char *name);

/*
 * Is the path this one, or with `below` this one or one below it?  *rest then is what follows the slash behind it,
 * "" for nothing; NULL may be given.
 */
bool http_target_is(const struct http_target *t, const char *path, bool below, const char **rest);

#endif
