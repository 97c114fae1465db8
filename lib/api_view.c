/* SPDX-License-Identifier: ISC */
#include <stdatomic.h>
#include <stdlib.h>

#include "api.h"
#include "aspa.h"

#define BATCH 128	/* routes that are turned into ours at once */

struct vrp_view {
	atomic_size_t refs;
	uint64_t number;
	struct vrpset *set;
	struct rov *rov;
	size_t source_count;
	struct api_source sources[];
};

struct vrp_view *
api_view_new(struct vrpset *set, uint64_t number, const struct api_source *sources, size_t source_count,
	     struct vrp_err *err)
{
	struct vrp_view *v = malloc(sizeof(*v) + source_count * sizeof(*sources));

	if (!v) {
		vrp_err_nomem(err);
		return NULL;
	}
	v->rov = rov_new(set, err);
	if (!v->rov) {
		free(v);
		return NULL;
	}
	atomic_init(&v->refs, 1);
	v->number = number;
	v->set = vrpset_ref(set);
	v->source_count = source_count;
	for (size_t i = 0; i < source_count; i++)
		v->sources[i] = (struct api_source){sources[i].cache, vrpset_ref(sources[i].set)};
	return v;
}

struct vrpset *
api_view_set(const struct vrp_view *view)
{
	return view->set;
}

struct vrp_view *
vrp_view_ref(struct vrp_view *view)
{
	atomic_fetch_add_explicit(&view->refs, 1, memory_order_relaxed);
	return view;
}

void
vrp_view_unref(struct vrp_view *view)
{
	if (!view || atomic_fetch_sub_explicit(&view->refs, 1, memory_order_acq_rel) != 1)
		return;
	for (size_t i = 0; i < view->source_count; i++)
		vrpset_unref(view->sources[i].set);
	rov_free(view->rov);
	vrpset_unref(view->set);
	free(view);
}

uint64_t
vrp_view_number(const struct vrp_view *view)
{
	return view->number;
}

/* ---- records */

const struct vrp_record *
api_records(const struct vrpset *set, size_t *count)
{
	return (const void *)vrpset_vrps(set, count);
}

const struct vrp_router_key *
api_router_keys(const struct vrpset *set, size_t *count)
{
	return (const void *)vrpset_router_keys(set, count);
}

const struct vrp_aspa *
api_aspas(const struct vrpset *set, size_t *count)
{
	return (const void *)vrpset_aspas(set, count);
}

const struct vrp_record *
vrp_view_records(const struct vrp_view *view, enum vrp_family family, size_t *count)
{
	const struct vrp_record *records = api_records(view->set, count);
	size_t ipv4 = vrpset_ipv4_count(view->set);

	switch (family) {
	case VRP_ANY:
		return records;
	case VRP_IPV4:
		*count = ipv4;
		return records;
	case VRP_IPV6:
		*count -= ipv4;
		return ipv4 ? records + ipv4 : records;
	}
	*count = 0;
	return NULL;
}

const struct vrp_router_key *
vrp_view_router_keys(const struct vrp_view *view, size_t *count)
{
	return api_router_keys(view->set, count);
}

const struct vrp_aspa *
vrp_view_aspas(const struct vrp_view *view, size_t *count)
{
	return api_aspas(view->set, count);
}

const struct vrp_record *
vrp_view_find_record(const struct vrp_view *view, const struct vrp_record *record)
{
	struct vrp vrp = api_vrp(record);

	return (const void *)vrpset_find_vrp(view->set, &vrp);
}

const struct vrp_aspa *
vrp_view_find_aspa(const struct vrp_view *view, uint32_t customer)
{
	return (const void *)vrpset_find_aspa(view->set, &(struct aspa){.customer = customer});
}

const struct vrp_router_key *
vrp_view_find_router_keys(const struct vrp_view *view, uint32_t asn, const uint8_t ski[VRP_SKI_LEN], size_t *count)
{
	struct router_key wanted = {.asn = asn, .spki = ski};	/* with no bytes of it: before all that have some */
	size_t lo = 0, hi, all;
	const struct router_key *keys = vrpset_router_keys(view->set, &all);

	memcpy(wanted.ski, ski, SKI_LEN);
	for (hi = all; lo < hi;) {
		size_t mid = lo + (hi - lo) / 2;

		if (router_key_cmp(&keys[mid], &wanted) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	while (hi < all && keys[hi].asn == asn && memcmp(keys[hi].ski, ski, SKI_LEN) == 0)
		hi++;
	*count = hi - lo;
	return hi > lo ? (const void *)&keys[lo] : NULL;
}

size_t
vrp_view_sources(const struct vrp_view *view, const struct vrp_record *record, unsigned *caches, size_t room)
{
	struct vrp vrp = api_vrp(record);
	size_t count = 0;

	for (size_t i = 0; i < view->source_count; i++) {
		if (!vrpset_find_vrp(view->sources[i].set, &vrp))
			continue;
		if (count++ < room)
			caches[count - 1] = view->sources[i].cache;
	}
	return count;
}

const char *
vrp_view_trust_anchor(const struct vrp_view *view, uint16_t number)
{
	const struct names *names = vrpset_names(view->set);

	return names_get(names, number < names_count(names) ? number : 0, NULL);
}

/* ---- origin validation */

static struct vrp_verdict
verdict_of(struct rov_answer answer)
{
	static const struct {
		uint8_t state;
		uint8_t reason;
	} verdicts[ROV_STATES] = {
		[ROV_NOT_FOUND] = {VRP_STATE_NOT_FOUND, VRP_REASON_NONE},
		[ROV_VALID] = {VRP_STATE_VALID, VRP_REASON_NONE},
		[ROV_INVALID_AS] = {VRP_STATE_INVALID, VRP_REASON_AS},
		[ROV_INVALID_LENGTH] = {VRP_STATE_INVALID, VRP_REASON_LENGTH},
		[ROV_INVALID_BOTH] = {VRP_STATE_INVALID, VRP_REASON_BOTH},
	};

	return (struct vrp_verdict){answer.nearest, verdicts[answer.state].state, verdicts[answer.state].reason, 0};
}

int
vrp_view_validate(const struct vrp_view *view, const struct vrp_prefix *prefix, uint32_t asn)
{
	struct prefix p = api_prefix(prefix);

	if (!api_prefix_good(prefix))
		return VRP_INVALID;
	return verdict_of(rov_ask(view->rov, &p, asn)).state;
}

/* At most BATCH of them, and at least one. */
static int
validate_batch(const struct rov *rov, const struct vrp_route *routes, size_t count, struct vrp_verdict *verdicts)
{
	struct rov_route ours[BATCH];
	struct rov_answer answers[BATCH];
	size_t n = 0;
	int rc = VRP_OK;

	do
		ours[n] = (struct rov_route){api_prefix(&routes[n].prefix), routes[n].asn};
	while (++n < count);
	rov_ask_many(rov, ours, count, answers);
	for (size_t i = 0; i < count; i++) {
		if (VRP_LIKELY(api_prefix_good(&routes[i].prefix))) {
			verdicts[i] = verdict_of(answers[i]);
		} else {
			verdicts[i] = verdict_of((struct rov_answer){ROV_END, ROV_NOT_FOUND});
			rc = VRP_INVALID;
		}
	}
	return rc;
}

int
vrp_view_validate_many(const struct vrp_view *view, const struct vrp_route *routes, size_t count,
		       struct vrp_verdict *verdicts)
{
	int rc = VRP_OK;

	for (size_t n; count; count -= n, routes += n, verdicts += n) {
		n = count < BATCH ? count : BATCH;
		if (validate_batch(view->rov, routes, n, verdicts) != VRP_OK)
			rc = VRP_INVALID;
	}
	return rc;
}

uint32_t
vrp_view_wider(const struct vrp_view *view, uint32_t place)
{
	size_t count;

	vrpset_vrps(view->set, &count);
	return place < count ? rov_wider(view->rov, place) : VRP_NO_RECORD;
}

/* Write those from nearest on in canonical order, the first `room` of them.  Returns how many there are. */
static size_t
write_covering(const struct vrp_view *view, uint32_t nearest, const struct vrp_record **out, size_t room)
{
	size_t count = 0, left, all;
	const struct vrp_record *records = api_records(view->set, &all);

	for (uint32_t at = nearest; at != ROV_END; at = rov_wider(view->rov, at))
		count++;
	left = count;
	for (uint32_t at = nearest; at != ROV_END; at = rov_wider(view->rov, at))
		if (--left < room)
			out[left] = &records[at];
	return count;
}

size_t
vrp_view_covering(const struct vrp_view *view, const struct vrp_prefix *prefix, const struct vrp_record **records,
		  size_t room)
{
	struct prefix p = api_prefix(prefix);

	if (!api_prefix_good(prefix))
		return 0;
	return write_covering(view, rov_ask(view->rov, &p, ROV_NONE).nearest, records, room);
}

/* The last VRP with the widest prefix that has one that matches; nearest itself when none does. */
static uint32_t
end_of_reasons(const struct vrp_view *view, uint32_t nearest, unsigned len, uint32_t asn)
{
	uint32_t end = nearest, last_of_prefix = nearest;
	size_t all;
	const struct vrp *vrps = vrpset_vrps(view->set, &all);

	for (uint32_t at = nearest; at != ROV_END; at = rov_wider(view->rov, at)) {
		if (vrps[at].prefix.len != vrps[last_of_prefix].prefix.len)
			last_of_prefix = at;
		if (rov_match(&vrps[at], len, asn) == ROV_MATCH)
			end = last_of_prefix;
	}
	return end;
}

int
vrp_view_validate_reasons(const struct vrp_view *view, const struct vrp_prefix *prefix, uint32_t asn,
			  const struct vrp_record **reasons, size_t room, size_t *count)
{
	struct prefix p = api_prefix(prefix);
	struct rov_answer answer;

	*count = 0;
	if (!api_prefix_good(prefix))
		return VRP_INVALID;
	answer = rov_ask(view->rov, &p, asn);
	*count = write_covering(view, end_of_reasons(view, answer.nearest, prefix->len, asn), reasons, room);
	return verdict_of(answer).state;
}

/* ---- path verification */

int
vrp_view_verify_path(const struct vrp_view *view, const uint32_t *path, size_t count, unsigned flags,
		     uint32_t neighbour)
{
	struct aspa_path p = {.asns = path, .count = count, .has_set = flags & VRP_PATH_HAS_SET};

	static_assert((int)VRP_PATH_VALID == (int)ASPA_VALID && (int)VRP_PATH_UNKNOWN == (int)ASPA_UNKNOWN &&
			      (int)VRP_PATH_INVALID == (int)ASPA_INVALID,
		      "states differ");
	return (int)aspa_verify(view->set, &p, neighbour ? &neighbour : NULL,
				flags & VRP_PATH_DOWNSTREAM ? ASPA_DOWNSTREAM : ASPA_UPSTREAM);
}
