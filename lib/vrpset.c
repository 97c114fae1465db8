/* SPDX-License-Identifier: ISC */
/*
 * The builder appends to plain arrays and remembers whether they came sorted,
 * as most feeds and all of our own streams do; only then is nothing left to
 * sort.  Finishing joins duplicates in place, so that a set never costs more
 * than its records.
 */
#include "vrpset.h"

#include <stdatomic.h>

#include "arena.h"
#include "huge.h"
#include "vrp_sort.h"

/* A growing array; the element type is known to its users. */
struct vec {
	void *items;
	size_t count;
	size_t cap;
	bool sorted;	/* strictly ascending so far */
};

struct vrpset {
	atomic_size_t refs;
	struct names *names;
	struct vec vrps, keys, aspas;
	struct arena arena;	/* keys' SPKIs and ASPAs' providers */
	size_t ipv4_count;
	size_t duplicates;
	uint32_t first_expiry;
};

/* A builder is a set that is not finished yet. */
struct vrpset_builder {
	struct vrpset *set;
};

static void
set_free(struct vrpset *set)
{
	huge_free(set->vrps.items, set->vrps.cap * sizeof(struct vrp));
	huge_free(set->keys.items, set->keys.cap * sizeof(struct router_key));
	huge_free(set->aspas.items, set->aspas.cap * sizeof(struct aspa));
	arena_release(&set->arena);
	names_unref(set->names);
	free(set);
}

struct vrpset_builder *
vrpset_builder_new(struct names *names)
{
	struct vrpset_builder *b = malloc(sizeof(*b));

	if (!b)
		return NULL;
	b->set = calloc(1, sizeof(*b->set));
	if (!b->set) {
		free(b);
		return NULL;
	}
	atomic_init(&b->set->refs, 1);
	b->set->names = names_ref(names);
	b->set->vrps.sorted = b->set->keys.sorted = b->set->aspas.sorted = true;
	b->set->first_expiry = EXPIRES_UNKNOWN;
	return b;
}

void
vrpset_builder_free(struct vrpset_builder *b)
{
	if (b) {
		set_free(b->set);
		free(b);
	}
}

static int
vec_resize(struct vec *v, size_t cap, size_t size)
{
	void *items = huge_realloc(v->items, v->cap * size, cap * size);

	if (!items)
		return -1;
	v->items = items;
	v->cap = cap;
	return 0;
}

/*
 * Room for n more elements.  Large arrays grow far ahead, for each move maps all
 * of their pages anew; finishing gives back what was not needed.
 */
static int
vec_grow(struct vec *v, size_t n, size_t size)
{
	size_t need = v->count + n < 16 ? 16 : v->count + n;

	if (n > SIZE_MAX / 16 / size - v->count)
		return -1;
	if (need * size >= HUGE_PAGE / 2 && vec_resize(v, 4 * need, size) == 0)
		return 0;
	return vec_resize(v, need + need / 2, size);
}

/* Room for n more elements of size bytes, which then count, or NULL. */
static inline void *
vec_push(struct vec *v, size_t n, size_t size)
{
	if (VRP_UNLIKELY(n > v->cap - v->count) && vec_grow(v, n, size) < 0)
		return NULL;
	v->count += n;
	return (char *)v->items + (v->count - n) * size;
}

int
vrpset_add_vrp(struct vrpset_builder *b, const struct vrp *vrp)
{
	struct vec *v = &b->set->vrps;
	struct vrp *slot = vec_push(v, 1, sizeof(*slot));

	if (!slot)
		return -1;
	*slot = *vrp;
	if (v->sorted && v->count > 1)
		v->sorted = vrp_cmp(slot - 1, slot) < 0;
	return 0;
}

int
vrpset_add_sorted_vrps(struct vrpset_builder *b, const struct vrp *vrps, size_t count)
{
	struct vec *v = &b->set->vrps;
	struct vrp *slots;

	if (count == 0)
		return 0;
	slots = vec_push(v, count, sizeof(*slots));
	if (!slots)
		return -1;
	memcpy(slots, vrps, count * sizeof(*slots));
	if (v->sorted && v->count > count)
		v->sorted = vrp_cmp(slots - 1, slots) < 0;
	return 0;
}

int
vrpset_add_router_key(struct vrpset_builder *b, const struct router_key *key)
{
	struct vec *v = &b->set->keys;
	const uint8_t *spki = arena_dup(&b->set->arena, key->spki, key->spki_len);
	struct router_key *slot = spki ? vec_push(v, 1, sizeof(*slot)) : NULL;

	if (!slot)
		return -1;
	*slot = *key;
	slot->spki = spki;
	if (v->sorted && v->count > 1)
		v->sorted = router_key_cmp(slot - 1, slot) < 0;
	return 0;
}

static int
cmp_u32(const void *a, const void *b)
{
	uint32_t x, y;

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return (x > y) - (x < y);
}

/* Ascending, unique, and AS0 only where it is all there is.  Returns how many are left. */
static uint32_t
normalise_providers(uint32_t *p, uint32_t count)
{
	uint32_t kept = 0, first = 0;

	for (uint32_t i = 1; i < count; i++) {
		if (p[i - 1] >= p[i]) {
			qsort(p, count, sizeof(*p), cmp_u32);
			break;
		}
	}
	if (count > 1 && p[0] == 0 && p[count - 1] != 0)
		while (p[first] == 0)
			first++;
	for (uint32_t i = first; i < count; i++)
		if (kept == 0 || p[kept - 1] != p[i])
			p[kept++] = p[i];
	return kept;
}

int
vrpset_add_aspa(struct vrpset_builder *b, const struct aspa *aspa)
{
	struct vec *v = &b->set->aspas;
	uint32_t *providers = arena_dup(&b->set->arena, aspa->providers, aspa->provider_count * sizeof(*providers));
	struct aspa *slot = providers ? vec_push(v, 1, sizeof(*slot)) : NULL;

	if (!slot)
		return -1;
	*slot = *aspa;
	slot->providers = providers;
	slot->provider_count = normalise_providers(providers, aspa->provider_count);
	if (v->sorted && v->count > 1)
		v->sorted = aspa_cmp(slot - 1, slot) < 0;
	return 0;
}

int
vrpset_add(struct vrpset_builder *b, const struct payload *p)
{
	switch (p->kind) {
	case PAYLOAD_VRP:
		return vrpset_add_vrp(b, &p->vrp);
	case PAYLOAD_ROUTER_KEY:
		return vrpset_add_router_key(b, &p->key);
	case PAYLOAD_ASPA:
		return vrpset_add_aspa(b, &p->aspa);
	}
	return -1;
}

size_t
vrpset_builder_count(const struct vrpset_builder *b)
{
	return vrpset_count(b->set);
}

bool
vrpset_outlives(const struct names *names, uint32_t expires_a, uint16_t ta_a, uint32_t expires_b, uint16_t ta_b)
{
	if (expires_a != expires_b)
		return expires_a > expires_b;
	return ta_a != ta_b && strcmp(names_get(names, ta_a, NULL), names_get(names, ta_b, NULL)) < 0;
}

static void
finish_vrps(struct vrpset *set)
{
	struct vec *v = &set->vrps;
	struct vrp *p = v->items;
	size_t kept = 0;

	if (!v->sorted) {
		vrp_sort(p, v->count);
		for (size_t i = 0; i < v->count; i++) {
			if (kept == 0 || vrp_cmp(&p[kept - 1], &p[i]) != 0) {
				p[kept++] = p[i];
			} else if (vrpset_outlives(set->names, p[i].expires, p[i].ta, p[kept - 1].expires, p[kept - 1].ta)) {
				p[kept - 1] = p[i];
			}
		}
		v->count = kept;
	}
	for (size_t i = 0; i < v->count; i++) {
		set->ipv4_count += p[i].prefix.family == FAMILY_IPV4;
		if (p[i].expires < set->first_expiry)
			set->first_expiry = p[i].expires;
	}
}

static int
cmp_key(const void *a, const void *b)
{
	return router_key_cmp(a, b);
}

static void
finish_keys(struct vrpset *set)
{
	struct vec *v = &set->keys;
	struct router_key *p = v->items;
	size_t kept = 0;

	if (!v->sorted)
		qsort(p, v->count, sizeof(*p), cmp_key);
	for (size_t i = 0; i < v->count; i++) {
		if (kept == 0 || router_key_cmp(&p[kept - 1], &p[i]) != 0)
			p[kept++] = p[i];
		else if (vrpset_outlives(set->names, p[i].expires, p[i].ta, p[kept - 1].expires, p[kept - 1].ta))
			p[kept - 1] = p[i];
	}
	v->count = kept;
	for (size_t i = 0; i < kept; i++)
		if (p[i].expires < set->first_expiry)
			set->first_expiry = p[i].expires;
}

/* The union of n ASPAs of one customer, the annotations of the one that lives longest, in p[0]. */
static int
join_aspas(struct vrpset *set, struct aspa *p, size_t n, struct vrp_err *err)
{
	size_t count = 0;
	uint32_t *all, *next;

	for (size_t i = 0; i < n; i++)
		count += p[i].provider_count;
	if (count > UINT32_MAX || !(all = next = arena_alloc(&set->arena, count * sizeof(*all))))
		return vrp_err_nomem(err);
	for (size_t i = 0; i < n; i++) {
		memcpy(next, p[i].providers, p[i].provider_count * sizeof(*all));
		next += p[i].provider_count;
		if (i && vrpset_outlives(set->names, p[i].expires, p[i].ta, p[0].expires, p[0].ta)) {
			p[0].expires = p[i].expires;
			p[0].ta = p[i].ta;
		}
	}
	p[0].providers = all;
	p[0].provider_count = normalise_providers(all, (uint32_t)count);
	if (p[0].provider_count > ASPA_PROVIDERS_MAX)
		return vrp_err_set(err, "the ASPAs of AS%u have %u providers together, more than %d", p[0].customer,
				   p[0].provider_count, ASPA_PROVIDERS_MAX);
	return 0;
}

static int
cmp_aspa(const void *a, const void *b)
{
	return aspa_cmp(a, b);
}

static int
finish_aspas(struct vrpset *set, struct vrp_err *err)
{
	struct vec *v = &set->aspas;
	struct aspa *p = v->items;
	size_t kept = 0, n;

	if (!v->sorted)
		qsort(p, v->count, sizeof(*p), cmp_aspa);
	for (size_t i = 0; i < v->count; i += n) {
		for (n = 1; i + n < v->count && p[i + n].customer == p[i].customer;)
			n++;
		if (n > 1 && join_aspas(set, &p[i], n, err) < 0)
			return -1;
		p[kept++] = p[i];
		if (p[i].expires < set->first_expiry)
			set->first_expiry = p[i].expires;
	}
	v->count = kept;
	return 0;
}

/* Give back what growing left over. */
static void
vec_trim(struct vec *v, size_t size)
{
	if (v->count > 0 && v->count < v->cap)
		(void)vec_resize(v, v->count, size);
}

struct vrpset *
vrpset_finish(struct vrpset_builder *b, struct vrp_err *err)
{
	struct vrpset *set = b->set;
	size_t added = vrpset_count(set);

	free(b);
	finish_vrps(set);
	finish_keys(set);
	if (finish_aspas(set, err) < 0) {
		set_free(set);
		return NULL;
	}
	vec_trim(&set->vrps, sizeof(struct vrp));
	vec_trim(&set->keys, sizeof(struct router_key));
	vec_trim(&set->aspas, sizeof(struct aspa));
	set->duplicates = added - vrpset_count(set);
	return set;
}

struct vrpset *
vrpset_empty(struct names *names)
{
	struct vrpset_builder *b = vrpset_builder_new(names);

	return b ? vrpset_finish(b, NULL) : NULL;
}

struct vrpset *
vrpset_ref(struct vrpset *set)
{
	atomic_fetch_add_explicit(&set->refs, 1, memory_order_relaxed);
	return set;
}

void
vrpset_unref(struct vrpset *set)
{
	if (set && atomic_fetch_sub_explicit(&set->refs, 1, memory_order_acq_rel) == 1)
		set_free(set);
}

const struct vrp *
vrpset_vrps(const struct vrpset *set, size_t *count)
{
	*count = set->vrps.count;
	return set->vrps.items;
}

const struct router_key *
vrpset_router_keys(const struct vrpset *set, size_t *count)
{
	*count = set->keys.count;
	return set->keys.items;
}

const struct aspa *
vrpset_aspas(const struct vrpset *set, size_t *count)
{
	*count = set->aspas.count;
	return set->aspas.items;
}

int
vrpset_each(const struct vrpset *set, int (*fn)(void *ctx, const struct payload *p), void *ctx)
{
	const struct vrp *vrps = set->vrps.items;
	const struct router_key *keys = set->keys.items;
	const struct aspa *aspas = set->aspas.items;
	struct payload p;
	int rc = 0;

	p.kind = PAYLOAD_VRP;
	for (size_t i = 0; i < set->vrps.count && rc == 0; i++) {
		p.vrp = vrps[i];
		rc = fn(ctx, &p);
	}
	p.kind = PAYLOAD_ROUTER_KEY;
	for (size_t i = 0; i < set->keys.count && rc == 0; i++) {
		p.key = keys[i];
		rc = fn(ctx, &p);
	}
	p.kind = PAYLOAD_ASPA;
	for (size_t i = 0; i < set->aspas.count && rc == 0; i++) {
		p.aspa = aspas[i];
		rc = fn(ctx, &p);
	}
	return rc;
}

static int
cmp_vrp(const void *a, const void *b)
{
	return vrp_cmp(a, b);
}

const struct vrp *
vrpset_find_vrp(const struct vrpset *set, const struct vrp *vrp)
{
	return set->vrps.count ? bsearch(vrp, set->vrps.items, set->vrps.count, sizeof(*vrp), cmp_vrp) : NULL;
}

const struct router_key *
vrpset_find_router_key(const struct vrpset *set, const struct router_key *key)
{
	return set->keys.count ? bsearch(key, set->keys.items, set->keys.count, sizeof(*key), cmp_key) : NULL;
}

const struct aspa *
vrpset_find_aspa(const struct vrpset *set, const struct aspa *aspa)
{
	return set->aspas.count ? bsearch(aspa, set->aspas.items, set->aspas.count, sizeof(*aspa), cmp_aspa) : NULL;
}

bool
vrpset_contains(const struct vrpset *set, const struct payload *p)
{
	switch (p->kind) {
	case PAYLOAD_VRP:
		return vrpset_find_vrp(set, &p->vrp);
	case PAYLOAD_ROUTER_KEY:
		return vrpset_find_router_key(set, &p->key);
	case PAYLOAD_ASPA:
		return vrpset_find_aspa(set, &p->aspa);
	}
	return false;
}

size_t
vrpset_ipv4_count(const struct vrpset *set)
{
	return set->ipv4_count;
}

size_t
vrpset_count(const struct vrpset *set)
{
	return set->vrps.count + set->keys.count + set->aspas.count;
}

size_t
vrpset_duplicates(const struct vrpset *set)
{
	return set->duplicates;
}

struct names *
vrpset_names(const struct vrpset *set)
{
	return set->names;
}

uint32_t
vrpset_first_expiry(const struct vrpset *set)
{
	return set->first_expiry;
}

static bool
lives(uint32_t expires, int64_t now)
{
	return expires == EXPIRES_UNKNOWN || (int64_t)expires > now;
}

struct vrpset *
vrpset_unexpired(struct vrpset *set, int64_t now)
{
	const struct vrp *vrps = set->vrps.items;
	const struct router_key *keys = set->keys.items;
	const struct aspa *aspas = set->aspas.items;
	struct vrpset_builder *b;
	int failed = 0;

	if (lives(set->first_expiry, now))
		return vrpset_ref(set);
	b = vrpset_builder_new(set->names);
	if (!b)
		return NULL;
	for (size_t i = 0; i < set->vrps.count && !failed; i++)
		if (lives(vrps[i].expires, now))
			failed = vrpset_add_vrp(b, &vrps[i]);
	for (size_t i = 0; i < set->keys.count && !failed; i++)
		if (lives(keys[i].expires, now))
			failed = vrpset_add_router_key(b, &keys[i]);
	for (size_t i = 0; i < set->aspas.count && !failed; i++)
		if (lives(aspas[i].expires, now))
			failed = vrpset_add_aspa(b, &aspas[i]);
	if (failed) {
		vrpset_builder_free(b);
		return NULL;
	}
	return vrpset_finish(b, NULL);
}

bool
vrpset_same(const struct vrpset *a, const struct vrpset *b)
{
	const struct vrp *va = a->vrps.items, *vb = b->vrps.items;
	const struct router_key *ka = a->keys.items, *kb = b->keys.items;
	const struct aspa *aa = a->aspas.items, *ab = b->aspas.items;

	if (a == b)
		return true;
	if (a->vrps.count != b->vrps.count || a->keys.count != b->keys.count || a->aspas.count != b->aspas.count)
		return false;
	for (size_t i = 0; i < a->vrps.count; i++)
		if (vrp_cmp(&va[i], &vb[i]) != 0)
			return false;
	for (size_t i = 0; i < a->keys.count; i++)
		if (router_key_cmp(&ka[i], &kb[i]) != 0)
			return false;
	for (size_t i = 0; i < a->aspas.count; i++)
		if (aspa_cmp(&aa[i], &ab[i]) != 0 || !aspa_same_providers(&aa[i], &ab[i]))
			return false;
	return true;
}
