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

#include <stdint.h>

#include "delta.h"
#include "out.h"
#include "vrpset.h"

struct diffjson_side {
	const struct vrpset *set;
	const char *url;	/* any bytes; percent-encoded where they are not UTF-8 */
	int64_t time;		/* STAMP_UNKNOWN is written as 0 */
	uint32_t serial;
	uint16_t session;
};

/* delta leads from primary to secondary.  Errors stay in out. */
void diffjson_write(struct out *out, const struct diffjson_side *primary, const struct diffjson_side *secondary,
		    const struct delta *delta);

#endif
