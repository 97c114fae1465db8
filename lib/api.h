/* SPDX-License-Identifier: ISC */
/*
 * What the files behind lib/vrp share: public values as internal ones, and
 * how a view is made.
 *
 * Records, router keys and ASPAs have one layout on both sides, which is asserted
 * here, so that the arrays of a set are handed out as they are.  Values that come
 * in are copied, which costs nothing where a compiler sees through it.
 */
#ifndef VRP_API_H
#define VRP_API_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <vrp/types.h>
#include <vrp/view.h>

#include "compiler.h"
#include "err.h"
#include "payload.h"
#include "rov.h"
#include "vrpset.h"

#define API_SAME_MEMBER(ours, mine, theirs, its)                                                                       \
	static_assert(offsetof(ours, mine) == offsetof(theirs, its) &&                                                 \
			      sizeof(((ours *)0)->mine) == sizeof(((theirs *)0)->its),                                 \
		      "layouts differ")

static_assert(sizeof(struct prefix) == sizeof(struct vrp_prefix), "layouts differ");
API_SAME_MEMBER(struct prefix, addr, struct vrp_prefix, addr);
API_SAME_MEMBER(struct prefix, family, struct vrp_prefix, family);
API_SAME_MEMBER(struct prefix, len, struct vrp_prefix, len);

static_assert(sizeof(struct vrp) == sizeof(struct vrp_record), "layouts differ");
API_SAME_MEMBER(struct vrp, prefix, struct vrp_record, prefix);
API_SAME_MEMBER(struct vrp, maxlen, struct vrp_record, max_len);
API_SAME_MEMBER(struct vrp, ta, struct vrp_record, trust_anchor);
API_SAME_MEMBER(struct vrp, asn, struct vrp_record, asn);
API_SAME_MEMBER(struct vrp, expires, struct vrp_record, expires);

static_assert(sizeof(struct router_key) == sizeof(struct vrp_router_key), "layouts differ");
API_SAME_MEMBER(struct router_key, ski, struct vrp_router_key, ski);
API_SAME_MEMBER(struct router_key, asn, struct vrp_router_key, asn);
API_SAME_MEMBER(struct router_key, expires, struct vrp_router_key, expires);
API_SAME_MEMBER(struct router_key, ta, struct vrp_router_key, trust_anchor);
API_SAME_MEMBER(struct router_key, spki_len, struct vrp_router_key, spki_len);
API_SAME_MEMBER(struct router_key, spki, struct vrp_router_key, spki);

static_assert(sizeof(struct aspa) == sizeof(struct vrp_aspa), "layouts differ");
API_SAME_MEMBER(struct aspa, customer, struct vrp_aspa, customer);
API_SAME_MEMBER(struct aspa, provider_count, struct vrp_aspa, provider_count);
API_SAME_MEMBER(struct aspa, providers, struct vrp_aspa, providers);
API_SAME_MEMBER(struct aspa, expires, struct vrp_aspa, expires);
API_SAME_MEMBER(struct aspa, ta, struct vrp_aspa, trust_anchor);

static_assert((int)VRP_IPV4 == (int)FAMILY_IPV4 && (int)VRP_IPV6 == (int)FAMILY_IPV6, "families differ");
static_assert(VRP_EXPIRES_UNKNOWN == EXPIRES_UNKNOWN && VRP_SKI_LEN == SKI_LEN, "constants differ");
static_assert((int)VRP_PREFIX_TEXT == (int)PREFIX_TEXT_MAX, "constants differ");
static_assert(VRP_NO_RECORD == ROV_END, "constants differ");

static inline struct prefix
api_prefix(const struct vrp_prefix *p)
{
	struct prefix out;

	memcpy(&out, p, sizeof(out));
	return out;
}

static inline struct vrp
api_vrp(const struct vrp_record *r)
{
	struct vrp out;

	memcpy(&out, r, sizeof(out));
	return out;
}

static inline bool
api_prefix_good(const struct vrp_prefix *p)
{
	return (p->family == VRP_IPV4 && p->len <= 32) || (p->family == VRP_IPV6 && p->len <= 128);
}

/* Fill in what the caller gave for a reason.  Both return code. */
int api_fail(struct vrp_error *err, int code, const char *fmt, ...) VRP_PRINTF(3, 4);
int api_nomem(struct vrp_error *err);

/* The same for what the library said of an argument or a file, whose name may be NULL. */
int api_fail_err(struct vrp_error *err, int code, const char *file, const struct vrp_err *from);

/* The table that a cache contributed. */
struct api_source {
	unsigned cache;
	struct vrpset *set;
};

/* References to the sets are taken.  One reference; NULL with a reason. */
VRP_NODISCARD struct vrp_view *api_view_new(struct vrpset *set, uint64_t number, const struct api_source *sources,
					    size_t source_count, struct vrp_err *err);
struct vrpset *api_view_set(const struct vrp_view *view);	/* borrowed */

/* As arrays for others, borrowed from a set. */
const struct vrp_record *api_records(const struct vrpset *set, size_t *count);
const struct vrp_router_key *api_router_keys(const struct vrpset *set, size_t *count);
const struct vrp_aspa *api_aspas(const struct vrpset *set, size_t *count);

#endif
