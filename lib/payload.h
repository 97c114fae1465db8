/* SPDX-License-Identifier: ISC */
/*
 * What a validator hands to routers, as plain values: VRPs (RFC 6811), BGPsec
 * router keys (RFC 8635) and ASPAs.  Trust anchor and expiry are annotations:
 * they take no part in comparison or identity.
 */
#ifndef VRP_PAYLOAD_H
#define VRP_PAYLOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "compiler.h"
#include "prefix.h"
#include "wire.h"

/*
 * Unix seconds.  Unknown is the largest value, so that it also compares as the
 * latest.  Times from 2106-02-07T06:28:15Z on are held as that second less one.
 */
#define EXPIRES_UNKNOWN UINT32_MAX
#define EXPIRES_MAX (UINT32_MAX - 1)

/* Limits that one RTR PDU of 65,535 bytes sets. */
#define ASPA_PROVIDERS_MAX 16380
#define SPKI_MAX (65535 - 32)

#define SKI_LEN 20

struct vrp {
	struct prefix prefix;
	uint8_t maxlen;		/* prefix.len to prefix_bits() */
	uint16_t ta;		/* trust anchor, an index of struct names */
	uint32_t asn;		/* origin */
	uint32_t expires;
};

struct router_key {
	uint8_t ski[SKI_LEN];	/* subject key identifier */
	uint32_t asn;
	uint32_t expires;
	uint16_t ta;
	uint16_t spki_len;	/* 1 to SPKI_MAX */
	const uint8_t *spki;	/* SubjectPublicKeyInfo, DER; owned by who owns the record */
};

struct aspa {
	uint32_t customer;
	uint32_t provider_count;	/* 1 to ASPA_PROVIDERS_MAX */
	const uint32_t *providers;	/* ascending and unique in a set; AS0 only alone */
	uint32_t expires;
	uint16_t ta;
};

enum payload_kind {
	PAYLOAD_VRP,
	PAYLOAD_ROUTER_KEY,
	PAYLOAD_ASPA,
};

struct payload {
	enum payload_kind kind;
	union {
		struct vrp vrp;
		struct router_key key;
		struct aspa aspa;
	};
};

/*
 * Canonical order, <0, 0 or >0; 0 is identity.  VRPs: IPv4 before IPv6, then
 * address, length, maximum length, AS.  Router keys: AS, SKI, key bytes (the
 * shorter first when one begins the other).
 */
static inline int
vrp_cmp(const struct vrp *a, const struct vrp *b)
{
	uint64_t x = a->prefix.family, y = b->prefix.family;

	if (x == y) {
		x = be64_load(a->prefix.addr);
		y = be64_load(b->prefix.addr);
	}
	if (x == y) {
		x = be64_load(a->prefix.addr + 8);
		y = be64_load(b->prefix.addr + 8);
	}
	if (x == y) {
		x = (uint64_t)a->prefix.len << 40 | (uint64_t)a->maxlen << 32 | a->asn;
		y = (uint64_t)b->prefix.len << 40 | (uint64_t)b->maxlen << 32 | b->asn;
	}
	return (x > y) - (x < y);
}

int router_key_cmp(const struct router_key *a, const struct router_key *b);

/* By customer alone, which is an ASPA's identity. */
int aspa_cmp(const struct aspa *a, const struct aspa *b);
bool aspa_same_providers(const struct aspa *a, const struct aspa *b);

#endif
