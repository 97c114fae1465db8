/* SPDX-License-Identifier: ISC */
/* The escapes in JSON strings (RFC 8259 section 7). */
#ifndef VRP_JSON_ESCAPE_H
#define VRP_JSON_ESCAPE_H

#include <stddef.h>

#define JSON_ESCAPE_MAX 12	/* bytes of the longest, a surrogate pair */

/* The length of the escape at s, where JSON_ESCAPE_MAX bytes can be read; 0 with a reason, a constant, when it is bad. */
size_t json_escape_length(const char *s, const char **why);

/*
 * Resolve escapes, which have been checked, in place; none is shorter than what it
 * stands for.  The new length.
 */
size_t json_unescape(char *s, size_t len);

#endif
