/* SPDX-License-Identifier: ISC */
#include "index.h"

#include "huge.h"

/* ---- arrays, of at least one element so that there is memory */

static void *
array_new(size_t count, size_t size)
{
	return huge_realloc(NULL, 0, (count ? count : 1) * size);
}

static void
array_free(void *p, size_t count, size_t size)
{
	huge_free(p, (count ? count : 1) * size);
}

/* Give back the end; that can fail only where nothing moves. */
static void *
array_trim(void *p, size_t had, size_t count, size_t size)
{
	void *q = huge_realloc(p, (had ? had : 1) * size, (count ? count : 1) * size);

	return q ? q : p;
}

/* ---- prefixes and addresses */

static bool
same_address(const struct prefix *a, const struct prefix *b)
{
	return a->family == b->family && memcmp(a->addr, b->addr, sizeof(a->addr)) == 0;
}

static bool
same_prefix(const struct prefix *a, const struct prefix *b)
{
	return a->len == b->len && same_address(a, b);
}

static int
list_prefixes(struct index *x)
{
	size_t p = 0, a = 0, room = x->vrp_count + 1;

	x->prefixes = array_new(room, sizeof(*x->prefixes));
	x->addresses = array_new(room, sizeof(*x->addresses));
	if (!x->prefixes || !x->addresses) {
		array_free(x->prefixes, room, sizeof(*x->prefixes));
		array_free(x->addresses, room, sizeof(*x->addresses));
		x->prefixes = x->addresses = NULL;
		return -1;
	}
	for (size_t i = 0; i < x->vrp_count; i++) {
		const struct prefix *now = &x->vrps[i].prefix, *before = i ? &x->vrps[i - 1].prefix : NULL;

		if (before && same_prefix(before, now))
			continue;
		if (!before || !same_address(before, now))
			x->addresses[a++] = (uint32_t)p;
		x->prefixes[p++] = (uint32_t)i;
	}
	x->prefixes[p] = (uint32_t)x->vrp_count;
	x->addresses[a] = (uint32_t)p;
	x->prefix_count = p;
	x->address_count = a;
	x->prefixes = array_trim(x->prefixes, room, p + 1, sizeof(*x->prefixes));
	x->addresses = array_trim(x->addresses, room, a + 1, sizeof(*x->addresses));
	return 0;
}

/* ---- order by AS: three passes over eleven bits each, which keep the order of before */

#define DIGIT_BITS 11
#define DIGITS (1U << DIGIT_BITS)

/* False when all have the same digit, and nothing was done. */
static bool
sort_pass(const uint32_t *as, const uint32_t *from, uint32_t *to, size_t count, unsigned shift)
{
	uint32_t place[DIGITS] = {0}, sum = 0;

	for (size_t i = 0; i < count; i++)
		place[as[i] >> shift & (DIGITS - 1)]++;
	if (place[as[0] >> shift & (DIGITS - 1)] == count)
		return false;
	for (size_t d = 0; d < DIGITS; d++) {
		uint32_t n = place[d];

		place[d] = sum;
		sum += n;
	}
	for (size_t i = 0; i < count; i++)
		to[place[as[from[i]] >> shift & (DIGITS - 1)]++] = from[i];
	return true;
}

static int
sort_by_as(struct index *x)
{
	size_t count = x->vrp_count;
	uint32_t *as = array_new(count, sizeof(*as)), *other = array_new(count, sizeof(*other));

	x->as_order = array_new(count, sizeof(*x->as_order));
	if (as && other && x->as_order) {
		for (size_t i = 0; i < count; i++) {
			as[i] = x->vrps[i].asn;
			x->as_order[i] = (uint32_t)i;
		}
		for (unsigned shift = 0; count && shift < 32; shift += DIGIT_BITS) {
			if (sort_pass(as, x->as_order, other, count, shift)) {
				uint32_t *sorted = other;

				other = x->as_order;
				x->as_order = sorted;
			}
		}
	}
	array_free(as, count, sizeof(*as));
	array_free(other, count, sizeof(*other));
	return as && other && x->as_order ? 0 : -1;
}

/* ASes of VRPs, keys and ASPAs as one; into `to` unless that is NULL.  Returns how many. */
static size_t
merge_ases(const struct index *x, struct index_as *to, int64_t now)
{
	size_t v = 0, k = 0, a = 0, n = 0;

	for (; v < x->vrp_count || k < x->key_count || a < x->aspa_count; n++) {
		uint32_t asn = UINT32_MAX, first = (uint32_t)v;

		if (v < x->vrp_count)
			asn = x->vrps[x->as_order[v]].asn;
		if (k < x->key_count && x->keys[k].asn < asn)
			asn = x->keys[k].asn;
		if (a < x->aspa_count && x->aspas[a].customer < asn)
			asn = x->aspas[a].customer;
		while (v < x->vrp_count && x->vrps[x->as_order[v]].asn == asn)
			v++;
		while (k < x->key_count && x->keys[k].asn == asn)
			k++;
		a += a < x->aspa_count && x->aspas[a].customer == asn;
		if (to)
			to[n] = (struct index_as){asn, first, now};
	}
	return n;
}

static int
list_ases(struct index *x, int64_t now)
{
	x->as_count = merge_ases(x, NULL, now);
	x->ases = array_new(x->as_count + 1, sizeof(*x->ases));
	if (!x->ases)
		return -1;
	merge_ases(x, x->ases, now);
	x->ases[x->as_count] = (struct index_as){.first = (uint32_t)x->vrp_count};
	return 0;
}

/* ---- order by trust anchor */

static uint16_t
ta_of(const struct index *x, size_t record)
{
	if (record < x->vrp_count)
		return x->vrps[record].ta;
	record -= x->vrp_count;
	return record < x->key_count ? x->keys[record].ta : x->aspas[record - x->key_count].ta;
}

/* Numbers of records of each trust anchor, by kind. */
struct ta_counts {
	uint32_t vrps, keys, aspas;
};

static void
count_anchors(const struct index *x, struct ta_counts *counts)
{
	for (size_t i = 0; i < x->vrp_count; i++)
		counts[x->vrps[i].ta].vrps++;
	for (size_t i = 0; i < x->key_count; i++)
		counts[x->keys[i].ta].keys++;
	for (size_t i = 0; i < x->aspa_count; i++)
		counts[x->aspas[i].ta].aspas++;
}

/* Into x->tas, which has room; place[] is where each one's records begin. */
static void
list_anchors(struct index *x, const struct ta_counts *counts, size_t names, uint32_t *place, int64_t now)
{
	uint32_t at = 0;

	for (uint32_t id = 0; id < names; id++) {
		const struct ta_counts *c = &counts[id];
		struct index_ta *ta = &x->tas[x->ta_count];

		place[id] = at;
		if (c->vrps + c->keys + c->aspas == 0)
			continue;
		*ta = (struct index_ta){.id = id, .first = at, .time = now};
		ta->keys = at += c->vrps;
		ta->aspas = at += c->keys;
		ta->end = at += c->aspas;
		x->ta_count++;
	}
}

static int
sort_by_ta(struct index *x, int64_t now)
{
	size_t count = vrpset_count(x->set), names = names_count(vrpset_names(x->set));
	struct ta_counts *counts = calloc(names, sizeof(*counts));
	uint32_t *place = calloc(names, sizeof(*place));

	x->tas = calloc(names, sizeof(*x->tas));
	x->ta_order = array_new(count, sizeof(*x->ta_order));
	if (counts && place && x->tas && x->ta_order) {
		count_anchors(x, counts);
		list_anchors(x, counts, names, place, now);
		for (size_t i = 0; i < count; i++)
			x->ta_order[place[ta_of(x, i)]++] = (uint32_t)i;
	}
	free(counts);
	free(place);
	return counts && place && x->tas && x->ta_order ? 0 : -1;
}

/* ---- lines */

static int
measure_lines(struct index *x)
{
	size_t count = vrpset_count(x->set);
	uint32_t *lengths = array_new(count, sizeof(*lengths));
	int rc = -1;

	if (!lengths)
		return -1;
	lines_measure(x->set, lengths);
	if (lines_init(&x->all, x->set, NULL, count, lengths) == 0 &&
	    lines_init(&x->by_as, x->set, x->as_order, x->vrp_count, lengths) == 0 &&
	    lines_init(&x->by_ta, x->set, x->ta_order, count, lengths) == 0)
		rc = 0;
	array_free(lengths, count, sizeof(*lengths));
	return rc;
}

/* ---- times */

/* Most things changed at one of a few thousand moments, so a number of four bytes says which. */
static int
set_times(struct index *x, int64_t now)
{
	x->prefix_when = array_new(x->prefix_count, sizeof(*x->prefix_when));
	x->address_when = array_new(x->address_count, sizeof(*x->address_when));
	x->moments = malloc(sizeof(*x->moments));
	if (!x->prefix_when || !x->address_when || !x->moments)
		return -1;
	memset(x->prefix_when, 0, x->prefix_count * sizeof(*x->prefix_when));
	memset(x->address_when, 0, x->address_count * sizeof(*x->address_when));
	x->moments[0] = now;
	x->moment_count = 1;
	x->asn_time = x->prefix_time = x->ta_time = now;
	return 0;
}

/* Moments of the index before that are still in use. */
struct moments {
	const struct index *before;
	uint32_t *number;	/* in the index now, 0 for none yet */
};

/* There is room for all of before, and for now. */
static int
moments_init(struct moments *m, struct index *x, const struct index *before)
{
	int64_t *moments = realloc(x->moments, (before->moment_count + 1) * sizeof(*moments));

	if (moments)
		x->moments = moments;
	m->before = before;
	m->number = calloc(before->moment_count, sizeof(*m->number));
	return moments && m->number ? 0 : -1;
}

static uint32_t
keep_moment(struct moments *m, struct index *x, uint32_t when)
{
	uint32_t *number = &m->number[when];

	if (*number == 0) {
		*number = (uint32_t)x->moment_count;
		x->moments[x->moment_count++] = m->before->moments[when];
	}
	return *number;
}

/* Both lists are sorted: what is in both keeps the time that it had. */
static void
keep_prefix_times(struct index *x, struct moments *m)
{
	const struct index *before = m->before;

	for (size_t i = 0, k = 0; i < x->prefix_count && k < before->prefix_count;) {
		int c = prefix_cmp(index_prefix(x, i), index_prefix(before, k));

		if (c == 0)
			x->prefix_when[i] = keep_moment(m, x, before->prefix_when[k]);
		i += c <= 0;
		k += c >= 0;
	}
}

/* IPv4 before IPv6, then by address, whatever the length. */
static int
address_cmp(const struct prefix *a, const struct prefix *b)
{
	return a->family != b->family ? (int)a->family - (int)b->family : memcmp(a->addr, b->addr, sizeof(a->addr));
}

static void
keep_address_times(struct index *x, struct moments *m)
{
	const struct index *before = m->before;

	for (size_t i = 0, k = 0; i < x->address_count && k < before->address_count;) {
		int c = address_cmp(index_address(x, i), index_address(before, k));

		if (c == 0)
			x->address_when[i] = keep_moment(m, x, before->address_when[k]);
		i += c <= 0;
		k += c >= 0;
	}
}

static void
keep_as_and_ta_times(struct index *x, const struct index *before)
{
	for (size_t i = 0, k = 0; i < x->as_count && k < before->as_count;) {
		uint32_t a = x->ases[i].asn, b = before->ases[k].asn;

		if (a == b)
			x->ases[i].time = before->ases[k].time;
		i += a <= b;
		k += b <= a;
	}
	for (size_t i = 0, k = 0; i < x->ta_count && k < before->ta_count;) {
		uint32_t a = x->tas[i].id, b = before->tas[k].id;

		if (a == b)
			x->tas[i].time = before->tas[k].time;
		i += a <= b;
		k += b <= a;
	}
}

/* What is in the changes has changed now. */
static void
touch(struct index *x, const struct changes *changes, int64_t now)
{
	struct changes_walk walk = {0};
	const struct prefix *prefix;
	size_t at;

	for (size_t i = 0; i < changes->asn_count; i++)
		if (index_find_as(x, changes->asns[i], &at))
			x->ases[at].time = now;
	for (size_t i = 0; i < x->ta_count; i++)
		if (changes->tas[x->tas[i].id])
			x->tas[i].time = now;
	while ((prefix = changes_next_prefix(changes, &walk))) {
		if (index_find_prefix(x, prefix, &at))
			x->prefix_when[at] = 0;
		if (index_find_address(x, prefix, &at))
			x->address_when[at] = 0;
		x->prefix_time = now;
	}
	/* Every record has an AS and a trust anchor. */
	x->asn_time = x->ta_time = now;
}

static int
keep_times(struct index *x, const struct index *before, const struct changes *changes, int64_t now)
{
	struct moments m;

	if (moments_init(&m, x, before) < 0) {
		free(m.number);
		return -1;
	}
	keep_prefix_times(x, &m);
	keep_address_times(x, &m);
	keep_as_and_ta_times(x, before);
	x->asn_time = before->asn_time;
	x->prefix_time = before->prefix_time;
	x->ta_time = before->ta_time;
	touch(x, changes, now);
	free(m.number);
	return 0;
}

/* ---- all of it */

static int
fill(struct index *x, int64_t now, struct vrp_err *err)
{
	if (vrpset_count(x->set) >= UINT32_MAX)
		return vrp_err_set(err, "more records than %u", UINT32_MAX - 1);
	if (list_prefixes(x) < 0 || sort_by_as(x) < 0 || list_ases(x, now) < 0 || sort_by_ta(x, now) < 0 ||
	    measure_lines(x) < 0 || set_times(x, now) < 0)
		return vrp_err_nomem(err);
	x->rov = rov_new(x->set, err);
	return x->rov ? 0 : -1;
}

struct index *
index_new(struct vrpset *set, const struct index *before, const struct changes *changes, int64_t now,
	  struct vrp_err *err)
{
	struct index *x = calloc(1, sizeof(*x));

	if (!x) {
		vrp_err_nomem(err);
		return NULL;
	}
	atomic_init(&x->refs, 1);
	x->set = vrpset_ref(set);
	x->vrps = vrpset_vrps(set, &x->vrp_count);
	x->keys = vrpset_router_keys(set, &x->key_count);
	x->aspas = vrpset_aspas(set, &x->aspa_count);
	if (fill(x, now, err) == 0) {
		if (!before || keep_times(x, before, changes, now) == 0)
			return x;
		vrp_err_nomem(err);
	}
	index_unref(x);
	return NULL;
}

struct index *
index_ref(struct index *x)
{
	atomic_fetch_add_explicit(&x->refs, 1, memory_order_relaxed);
	return x;
}

void
index_unref(struct index *x)
{
	if (!x || atomic_fetch_sub_explicit(&x->refs, 1, memory_order_acq_rel) != 1)
		return;
	rov_free(x->rov);
	if (x->all.marks)
		lines_release(&x->all);
	if (x->by_as.marks)
		lines_release(&x->by_as);
	if (x->by_ta.marks)
		lines_release(&x->by_ta);
	array_free(x->as_order, x->vrp_count, sizeof(*x->as_order));
	array_free(x->ta_order, vrpset_count(x->set), sizeof(*x->ta_order));
	array_free(x->ases, x->as_count + 1, sizeof(*x->ases));
	array_free(x->prefixes, x->prefix_count + 1, sizeof(*x->prefixes));
	array_free(x->addresses, x->address_count + 1, sizeof(*x->addresses));
	array_free(x->prefix_when, x->prefix_count, sizeof(*x->prefix_when));
	array_free(x->address_when, x->address_count, sizeof(*x->address_when));
	free(x->moments);
	free(x->tas);
	vrpset_unref(x->set);
	free(x);
}

size_t
index_memory(const struct index *x)
{
	return sizeof(*x) + rov_memory(x->rov) + lines_memory(&x->all) + lines_memory(&x->by_as) + lines_memory(&x->by_ta) +
	       x->vrp_count * sizeof(*x->as_order) + vrpset_count(x->set) * sizeof(*x->ta_order) +
	       x->moment_count * sizeof(*x->moments) + x->as_count * sizeof(*x->ases) + x->ta_count * sizeof(*x->tas) +
	       x->prefix_count * (sizeof(*x->prefixes) + sizeof(*x->prefix_when)) +
	       x->address_count * (sizeof(*x->addresses) + sizeof(*x->address_when));
}

/* ---- look-ups */

/* Does the element at `at` of some array come before what is sought? */
typedef bool before_fn(const struct index *x, size_t at, const void *sought);

/* The first place that does not.  Inlined, so that the call is not one. */
static inline size_t
first_place(const struct index *x, size_t count, before_fn *before, const void *sought)
{
	size_t lo = 0, hi = count;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (before(x, mid, sought))
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static bool
as_before(const struct index *x, size_t at, const void *asn)
{
	return x->ases[at].asn < *(const uint32_t *)asn;
}

bool
index_find_as(const struct index *x, uint32_t asn, size_t *at)
{
	*at = first_place(x, x->as_count, as_before, &asn);
	return *at < x->as_count && x->ases[*at].asn == asn;
}

static bool
ta_before(const struct index *x, size_t at, const void *id)
{
	return x->tas[at].id < *(const uint32_t *)id;
}

bool
index_find_ta(const struct index *x, uint32_t id, size_t *at)
{
	*at = first_place(x, x->ta_count, ta_before, &id);
	return *at < x->ta_count && x->tas[*at].id == id;
}

static bool
prefix_before(const struct index *x, size_t at, const void *prefix)
{
	return prefix_cmp(index_prefix(x, at), prefix) < 0;
}

bool
index_find_prefix(const struct index *x, const struct prefix *prefix, size_t *at)
{
	*at = first_place(x, x->prefix_count, prefix_before, prefix);
	return *at < x->prefix_count && same_prefix(index_prefix(x, *at), prefix);
}

static bool
address_before(const struct index *x, size_t at, const void *address)
{
	return address_cmp(index_address(x, at), address) < 0;
}

bool
index_find_address(const struct index *x, const struct prefix *address, size_t *at)
{
	*at = first_place(x, x->address_count, address_before, address);
	return *at < x->address_count && same_address(index_address(x, *at), address);
}

static bool
key_before(const struct index *x, size_t at, const void *asn)
{
	return x->keys[at].asn < *(const uint32_t *)asn;
}

void
index_keys_of(const struct index *x, uint32_t asn, size_t *first, size_t *end)
{
	*first = *end = first_place(x, x->key_count, key_before, &asn);
	while (*end < x->key_count && x->keys[*end].asn == asn)
		++*end;
}

bool
index_aspa_of(const struct index *x, uint32_t asn, size_t *at)
{
	const struct aspa *aspa = vrpset_find_aspa(x->set, &(struct aspa){.customer = asn});

	*at = aspa ? (size_t)(aspa - x->aspas) : 0;
	return aspa != NULL;
}
