/* SPDX-License-Identifier: ISC */
/* An IPv4 or IPv6 prefix as a plain value. */
#ifndef VRP_PREFIX_H
#define VRP_PREFIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compiler.h"

enum family {
	FAMILY_IPV4 = 4,
	FAMILY_IPV6 = 6,
};

struct prefix {
	uint8_t addr[16];	/* network order; IPv4 in the first four, the rest zero */
	uint8_t family;		/* enum family */
	uint8_t len;		/* bits, 0 to prefix_bits(family) */
};

#define PREFIX_TEXT_MAX 44	/* room for the longest text and a NUL */

static inline unsigned
prefix_bits(enum family family)
{
	return family == FAMILY_IPV4 ? 32 : 128;
}

/*
 * Read `ADDRESS/LENGTH`, the address in any form of RFC 4291 section 2.2.
 * Host bits are kept; see prefix_has_host_bits().  On failure *reason, if
 * asked for, is a constant text such as "bad prefix length".
 */
bool prefix_parse(const char *s, size_t len, struct prefix *out, const char **reason);

/*
 * The prefix that begins at s, as far as it goes before end: returns where it
 * stops, or NULL when none is there and *out is anything.
 */
const char *prefix_scan(const char *s, const char *end, struct prefix *out);

/*
 * Write the text in RFC 5952 form without NUL and return its end.  All of the
 * PREFIX_TEXT_MAX bytes at dst may be overwritten.
 */
char *prefix_format(char *dst, const struct prefix *p);

/* Any bit set behind the length? */
bool prefix_has_host_bits(const struct prefix *p);
void prefix_clear_host_bits(struct prefix *p);

/* IPv4 before IPv6, then by address, then by length.  <0, 0, >0. */
int prefix_cmp(const struct prefix *a, const struct prefix *b);

/* True when outer holds every address of inner (RFC 6811 section 2: "covered"). */
bool prefix_covers(const struct prefix *outer, const struct prefix *inner);

#endif
