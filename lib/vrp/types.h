/* SPDX-License-Identifier: ISC */
/*
 * Plain values.  They are copied freely, own nothing, and any thread may use its own
 * without a lock.  AS numbers and lengths are in host order, addresses in network order.
 *
 * Members called `reserved` keep room for what may come: set them to 0, and don't look at them.
 */
#ifndef VRP_API_TYPES_H
#define VRP_API_TYPES_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif
#ifdef __cplusplus
extern "C" {
#endif

/* Of this header; vrp_version() is that of the library, "0.1.0". */
#define VRP_VERSION_MAJOR 0
#define VRP_VERSION_MINOR 1
#define VRP_VERSION_PATCH 0

const char *vrp_version(void);

/*
 * What functions return that can fail: VRP_OK, or one of these.  Functions that
 * return a pointer return NULL instead, those that return a number that is no
 * count one of these, which are all negative.
 */
enum vrp_code {
	VRP_OK = 0,
	VRP_ERROR = -1,		/* the system, a file, or a thread: struct vrp_error says what */
	VRP_DUPLICATE = -2,	/* it is there already */
	VRP_NOT_FOUND = -3,	/* it is not there */
	VRP_INVALID = -4,	/* an argument is malformed, or the call is not allowed now */
	VRP_NOMEM = -5,		/* memory is out; nothing has changed */
	VRP_TIMEOUT = -6,	/* the time was over first */
};

/* "duplicate record"; for any number, never NULL. */
const char *vrp_strerror(int code);

/*
 * The reason of a failure, for people: lower case, no full stop, cut to fit.
 * Functions take a pointer to one of the caller's, or NULL, and leave it alone
 * unless they fail.
 */
struct vrp_error {
	int code;		/* enum vrp_code */
	char text[252];
};

/* Address families, and "any" where a function chooses by family. */
enum vrp_family {
	VRP_ANY = 0,
	VRP_IPV4 = 4,
	VRP_IPV6 = 6,
};

struct vrp_prefix {
	uint8_t addr[16];	/* network order; IPv4 in the first four, the rest 0 */
	uint8_t family;		/* VRP_IPV4 or VRP_IPV6 */
	uint8_t len;		/* bits, to 32 or 128 */
};

#define VRP_PREFIX_TEXT 44	/* room for the longest prefix as text, with its NUL */

/* Read "ADDRESS/LENGTH".  Host bits are kept.  VRP_OK or VRP_INVALID; *out is then anything. */
int vrp_prefix_parse(const char *text, struct vrp_prefix *out);

/* Write the text of RFC 5952, with a NUL.  Returns its length, or VRP_INVALID with an empty text. */
int vrp_prefix_format(const struct vrp_prefix *prefix, char text[VRP_PREFIX_TEXT]);

/* Clear the bits behind the length. */
void vrp_prefix_mask(struct vrp_prefix *prefix);

/* IPv4 before IPv6, then by address, then by length: <0, 0 or >0. */
int vrp_prefix_compare(const struct vrp_prefix *a, const struct vrp_prefix *b);

/* Does outer hold every address of inner?  1 or 0. */
int vrp_prefix_covers(const struct vrp_prefix *outer, const struct vrp_prefix *inner);

/*
 * Two members of records that are annotations: they are no part of what makes
 * two records the same, and 0 and VRP_EXPIRES_UNKNOWN where nothing is known,
 * as with all data from RTR.
 */
#define VRP_EXPIRES_UNKNOWN UINT32_MAX

/*
 * A VRP: asn may originate prefix and what is more specific, to max_len.
 * The same where prefix, max_len and asn are.
 */
struct vrp_record {
	struct vrp_prefix prefix;	/* without host bits */
	uint8_t max_len;		/* prefix.len to 32 or 128 */
	uint8_t reserved;
	uint16_t trust_anchor;		/* of vrp_view_trust_anchor() */
	uint32_t asn;			/* 0: nobody may */
	uint32_t expires;		/* Unix seconds */
};

#define VRP_SKI_LEN 20

/* A BGPsec router key (RFC 8635).  The same where all but the annotations is. */
struct vrp_router_key {
	uint8_t ski[VRP_SKI_LEN];	/* subject key identifier */
	uint32_t asn;
	uint32_t expires;
	uint16_t trust_anchor;
	uint16_t spki_len;		/* 1 to 65503; 91 with P-256 */
	const uint8_t *spki;		/* SubjectPublicKeyInfo, DER; borrowed from where the key is */
};

/* An ASPA: the providers of a customer.  One for each customer. */
struct vrp_aspa {
	uint32_t customer;
	uint32_t provider_count;	/* 1 to 16380 */
	const uint32_t *providers;	/* ascending, unique; AS0 alone: it has none; borrowed from where the ASPA is */
	uint32_t expires;
	uint16_t trust_anchor;
	uint16_t reserved;
};

/* A route, as far as its origin is concerned. */
struct vrp_route {
	struct vrp_prefix prefix;	/* host bits don't matter */
	uint16_t reserved;
	uint32_t asn;			/* 0: no single AS originated it, its path ends in an AS_SET */
};

/* How a VRP that covers a route stands to it: these bits. */
enum vrp_match {
	VRP_MATCH = 0,		/* it makes it valid */
	VRP_OTHER_AS = 1,	/* it is for another AS, or one of the two is AS0 */
	VRP_TOO_LONG = 2,	/* the route is more specific than it allows */
	VRP_NOT_COVERED = 4,	/* it doesn't cover it, this bit alone */
};

unsigned vrp_record_match(const struct vrp_record *record, const struct vrp_prefix *prefix, uint32_t asn);

#ifdef __cplusplus
}
#endif
#if defined(__GNUC__)
#pragma GCC visibility pop
#endif

#endif
