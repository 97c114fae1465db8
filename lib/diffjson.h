/* SPDX-License-Identifier: ISC */
/*
 * The difference of two tables as a JSON document in the form of StayRTR's
 * rtrmon (its diff.json), for what already reads that:
 *
 *	{"metadata-primary": {"last-fetch": 0, "url": "", "serial": 0, "session-id": 0, "count": 0,
 *	    "rtr-refresh": 0, "rtr-retry": 0, "rtr-expire": 0},
 *	 "metadata-secondary": {...},
 *	 "only-primary": [{"asn": 0, "max-length": 0, "prefix": "", "first-seen": 0, "last-seen": 0,
 *	    "visible": true, "bgpsec": {"asn": 0, "expires": 0, "ta": "", "pubkey": "base64", "ski": "hex"}}, ...],
 *	 "only-secondary": [...]}
 *
 * bgpsec, and in it expires and ta, are there where there is such a thing.  The
 * form has no room for ASPAs: they are neither listed nor counted.  A table is
 * seen once, so that last-fetch, first-seen and last-seen are all its time.
 */
#ifndef VRP_DIFFJSON_H
#define VRP_DIFFJSON_H

#include <stdbool.h>
#include <stdint.h>

#include "delta.h"
#include "out.h"
#include "vrpset.h"

struct diffjson_side {
	const struct vrpset *set;	/* NULL: nothing is known of it */
	const char *url;	/* any bytes; percent-encoded where they are not UTF-8 */
	int64_t time;		/* STAMP_UNKNOWN is written as 0 */
	uint32_t serial;
	uint16_t session;
};

/* delta leads from primary to secondary.  Errors stay in out. */
void diffjson_write(struct out *out, const struct diffjson_side *primary, const struct diffjson_side *secondary,
		    const struct delta *delta);

/*
 * The same piece by piece, for who knows when each record was first seen: members
 * of an object whose braces are the caller's.
 *
 *	diffjson_metadata(out, "primary", &primary);	each followed by a comma
 *	diffjson_metadata(out, "secondary", &secondary);
 *	diffjson_begin(out, "primary");
 *	diffjson_record(out, first, payload, names, first_seen, last_seen);  ...
 *	diffjson_end(out);
 *
 * payload is a VRP or a router key with annotations of names.
 */
void diffjson_metadata(struct out *out, const char *name, const struct diffjson_side *side);
void diffjson_begin(struct out *out, const char *name);
void diffjson_record(struct out *out, bool first, const struct payload *payload, const struct names *names,
		     int64_t first_seen, int64_t last_seen);
void diffjson_end(struct out *out);

/* Any bytes as a JSON string, likewise. */
void diffjson_string(struct out *out, const char *text);

#endif
