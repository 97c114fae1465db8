/* SPDX-License-Identifier: ISC */
/*
 * The three kinds of records go through the same walks.  Each walk is an
 * inlined function over bytes that takes element size and order as constants,
 * so that the compiler makes one tight loop of it for VRPs.
 */
#include "delta.h"

#define INLINE inline __attribute__((always_inline))

typedef int cmp_fn(const void *a, const void *b);
typedef int add_fn(struct vrpset_builder *b, const void *items, size_t count);

/* Elements that are left of a sorted array. */
struct run {
	const char *items;
	size_t count;
	size_t size;
};

static int
vrp_order(const void *a, const void *b)
{
	return vrp_cmp(a, b);
}

static int
key_order(const void *a, const void *b)
{
	return router_key_cmp(a, b);
}

static int
customer_order(const void *a, const void *b)
{
	return aspa_cmp(a, b);
}

/* An ASPA with its providers, which is what a delta's two sets know it by. */
static int
aspa_order(const void *a, const void *b)
{
	const struct aspa *x = a, *y = b;
	int c = aspa_cmp(x, y);

	if (c == 0)
		c = (x->provider_count > y->provider_count) - (x->provider_count < y->provider_count);
	return c ? c : memcmp(x->providers, y->providers, x->provider_count * sizeof(*x->providers));
}

/* Annotations, for records that are otherwise the same. */
static INLINE int
annotation_order(uint16_t ta_a, uint32_t expires_a, uint16_t ta_b, uint32_t expires_b)
{
	return expires_a != expires_b ? (expires_a > expires_b) - (expires_a < expires_b) : (ta_a > ta_b) - (ta_a < ta_b);
}

static int
annotated_vrp_order(const void *a, const void *b)
{
	const struct vrp *x = a, *y = b;
	int c = vrp_cmp(x, y);

	return c ? c : annotation_order(x->ta, x->expires, y->ta, y->expires);
}

static int
annotated_key_order(const void *a, const void *b)
{
	const struct router_key *x = a, *y = b;
	int c = router_key_cmp(x, y);

	return c ? c : annotation_order(x->ta, x->expires, y->ta, y->expires);
}

static int
annotated_aspa_order(const void *a, const void *b)
{
	const struct aspa *x = a, *y = b;
	int c = aspa_order(x, y);

	return c ? c : annotation_order(x->ta, x->expires, y->ta, y->expires);
}

static int
add_vrps(struct vrpset_builder *b, const void *items, size_t count)
{
	return vrpset_add_sorted_vrps(b, items, count);
}

static int
add_keys(struct vrpset_builder *b, const void *items, size_t count)
{
	const struct router_key *keys = items;

	for (size_t i = 0; i < count; i++)
		if (vrpset_add_router_key(b, &keys[i]) < 0)
			return -1;
	return 0;
}

static int
add_aspas(struct vrpset_builder *b, const void *items, size_t count)
{
	const struct aspa *aspas = items;

	for (size_t i = 0; i < count; i++)
		if (vrpset_add_aspa(b, &aspas[i]) < 0)
			return -1;
	return 0;
}

/* No set, no elements. */
static struct run
vrp_run(const struct vrpset *set)
{
	struct run r = {.size = sizeof(struct vrp)};

	if (set)
		r.items = (const char *)vrpset_vrps(set, &r.count);
	return r;
}

static struct run
key_run(const struct vrpset *set)
{
	struct run r = {.size = sizeof(struct router_key)};

	if (set)
		r.items = (const char *)vrpset_router_keys(set, &r.count);
	return r;
}

static struct run
aspa_run(const struct vrpset *set)
{
	struct run r = {.size = sizeof(struct aspa)};

	if (set)
		r.items = (const char *)vrpset_aspas(set, &r.count);
	return r;
}

static INLINE void
skip(struct run *r, size_t n)
{
	r->items += n * r->size;
	r->count -= n;
}

static INLINE void
step(struct run *r)
{
	skip(r, 1);
}

/* Order of the first elements; an empty run comes last. */
static INLINE int
run_cmp(const struct run *a, const struct run *b, cmp_fn *cmp)
{
	if (a->count == 0 || b->count == 0)
		return (a->count == 0) - (b->count == 0);
	return cmp(a->items, b->items);
}

/* Let a begin with what is not in b. */
static INLINE void
skip_common(struct run *a, struct run *b, cmp_fn *cmp)
{
	while (a->count && b->count) {
		int c = cmp(a->items, b->items);

		if (c < 0)
			return;
		if (c == 0)
			step(a);
		step(b);
	}
}

/* Add to `to` what is in a and not in b, and what is in c and not in d, in order, so that nothing is left to sort. */
static INLINE int
subtract(struct run a, struct run b, struct run c, struct run d, cmp_fn *cmp, add_fn *add, struct vrpset_builder *to)
{
	for (;;) {
		struct run *first;

		skip_common(&a, &b, cmp);
		skip_common(&c, &d, cmp);
		if (a.count + c.count == 0)
			return 0;
		first = run_cmp(&a, &c, cmp) <= 0 ? &a : &c;
		if (add(to, first->items, 1) < 0)
			return -1;
		step(first);
	}
}

/* (a - b) and (c - d) as a set; ASPAs are told apart by their providers. */
static struct vrpset *
difference(const struct vrpset *a, const struct vrpset *b, const struct vrpset *c, const struct vrpset *d)
{
	struct vrpset_builder *to = vrpset_builder_new(vrpset_names(a));

	if (!to)
		return NULL;
	if (subtract(vrp_run(a), vrp_run(b), vrp_run(c), vrp_run(d), vrp_order, add_vrps, to) < 0 ||
	    subtract(key_run(a), key_run(b), key_run(c), key_run(d), key_order, add_keys, to) < 0 ||
	    subtract(aspa_run(a), aspa_run(b), aspa_run(c), aspa_run(d), aspa_order, add_aspas, to) < 0) {
		vrpset_builder_free(to);
		return NULL;
	}
	return vrpset_finish(to, NULL);
}

/* What is in a and not just so, annotations too, in b. */
static struct vrpset *
annotated_difference(const struct vrpset *a, const struct vrpset *b)
{
	const struct run none = {0};
	struct vrpset_builder *to = vrpset_builder_new(vrpset_names(a));

	if (!to)
		return NULL;
	if (subtract(vrp_run(a), vrp_run(b), none, none, annotated_vrp_order, add_vrps, to) < 0 ||
	    subtract(key_run(a), key_run(b), none, none, annotated_key_order, add_keys, to) < 0 ||
	    subtract(aspa_run(a), aspa_run(b), none, none, annotated_aspa_order, add_aspas, to) < 0) {
		vrpset_builder_free(to);
		return NULL;
	}
	return vrpset_finish(to, NULL);
}

void
delta_release(struct delta *d)
{
	vrpset_unref(d->withdrawn);
	vrpset_unref(d->announced);
	*d = (struct delta)DELTA_INIT;
}

size_t
delta_count(const struct delta *d)
{
	struct run w = aspa_run(d->withdrawn), a = aspa_run(d->announced);
	size_t n = vrpset_count(d->withdrawn) + vrpset_count(d->announced);

	while (w.count && a.count) {
		int c = run_cmp(&w, &a, customer_order);

		n -= c == 0;
		if (c <= 0)
			step(&w);
		if (c >= 0)
			step(&a);
	}
	return n;
}

static int
complete(struct delta *out)
{
	if (out->withdrawn && out->announced)
		return 0;
	delta_release(out);
	return -1;
}

int
delta_between(const struct vrpset *from, const struct vrpset *to, struct delta *out)
{
	out->withdrawn = difference(from, to, NULL, NULL);
	out->announced = difference(to, from, NULL, NULL);
	return complete(out);
}

int
delta_exact(const struct vrpset *from, const struct vrpset *to, struct delta *out)
{
	out->withdrawn = difference(from, to, NULL, NULL);
	out->announced = annotated_difference(to, from);
	return complete(out);
}

int
delta_compose(const struct delta *a, const struct delta *b, struct delta *out)
{
	out->withdrawn = difference(a->withdrawn, b->announced, b->withdrawn, a->announced);
	out->announced = difference(a->announced, b->withdrawn, b->announced, a->withdrawn);
	return complete(out);
}

/* Pairwise in a tree, so that a long list costs n log n. */
int
delta_fold(const struct delta *steps, size_t count, struct delta *out)
{
	struct delta a = DELTA_INIT, b = DELTA_INIT;
	int rc = -1;

	if (count == 1) {
		out->withdrawn = vrpset_ref(steps->withdrawn);
		out->announced = vrpset_ref(steps->announced);
		return 0;
	}
	if (delta_fold(steps, count / 2, &a) == 0 && delta_fold(steps + count / 2, count - count / 2, &b) == 0)
		rc = delta_compose(&a, &b, out);
	delta_release(&a);
	delta_release(&b);
	return rc;
}

/* Text of a record for a message: enough to find it by. */
static int
fail(struct vrp_err *err, const char *why, enum payload_kind kind, const void *item)
{
	char text[PREFIX_TEXT_MAX];
	const struct vrp *vrp = item;

	switch (kind) {
	case PAYLOAD_VRP:
		*prefix_format(text, &vrp->prefix) = '\0';
		return vrp_err_set(err, "delta %s %s %u AS%u", why, text, vrp->maxlen, vrp->asn);
	case PAYLOAD_ROUTER_KEY:
		return vrp_err_set(err, "delta %s a router key of AS%u", why, ((const struct router_key *)item)->asn);
	case PAYLOAD_ASPA:
		return vrp_err_set(err, "delta %s the ASPA of AS%u", why, ((const struct aspa *)item)->customer);
	}
	return -1;
}

/* The annotations, and an ASPA's providers, of two records with one identity. */
static bool
nothing_new(enum payload_kind kind, const void *old, const void *new)
{
	const struct vrp *v = old, *w = new;
	const struct router_key *k = old, *l = new;
	const struct aspa *a = old, *b = new;

	switch (kind) {
	case PAYLOAD_VRP:
		return v->ta == w->ta && v->expires == w->expires;
	case PAYLOAD_ROUTER_KEY:
		return k->ta == l->ta && k->expires == l->expires;
	case PAYLOAD_ASPA:
		return a->ta == b->ta && a->expires == b->expires && aspa_same_providers(a, b);
	}
	return false;
}

/* How many elements of r come before item: the search begins near, because changes are often close together. */
static INLINE size_t
count_before(const struct run *r, const void *item, cmp_fn *cmp)
{
	size_t lo = 0, hi = 1;

	while (hi <= r->count && cmp(r->items + (hi - 1) * r->size, item) < 0) {
		lo = hi;
		hi *= 2;
	}
	if (hi > r->count)
		hi = r->count + 1;
	/* Element lo - 1 comes before item, element hi - 1, if there is one, does not. */
	while (hi - lo > 1) {
		size_t mid = lo + (hi - lo) / 2;

		if (cmp(r->items + (mid - 1) * r->size, item) < 0)
			lo = mid;
		else
			hi = mid;
	}
	return lo;
}

/* Keep what of base stands before the next change. */
static INLINE int
keep_unchanged(struct run *base, const struct run *gone, const struct run *come, cmp_fn *cmp, add_fn *add,
	       struct vrpset_builder *to)
{
	const struct run *next = run_cmp(gone, come, cmp) <= 0 ? gone : come;
	size_t n = next->count ? count_before(base, next->items, cmp) : base->count;

	if (n == 0)
		return 0;
	if (add(to, base->items, n) < 0)
		return -1;
	skip(base, n);
	return 0;
}

/* Walk base, what goes and what comes side by side. */
static INLINE int
apply(struct run base, struct run gone, struct run come, enum payload_kind kind, cmp_fn *cmp, add_fn *add,
      struct vrpset_builder *to, struct vrp_err *err)
{
	for (;;) {
		int to_gone, to_come;
		const void *keep;

		if (keep_unchanged(&base, &gone, &come, cmp, add, to) < 0)
			return vrp_err_nomem(err);
		if (base.count + gone.count + come.count == 0)
			return 0;
		to_gone = run_cmp(&base, &gone, cmp);
		to_come = run_cmp(&base, &come, cmp);
		keep = base.items;
		if (gone.count && to_gone > 0)
			return fail(err, "withdraws what is not there:", kind, gone.items);
		if (come.count && to_come >= 0) {
			if (to_come == 0 && to_gone != 0 && nothing_new(kind, base.items, come.items))
				return fail(err, "announces what is there:", kind, come.items);
			keep = come.items;
		} else if (to_gone == 0) {
			keep = NULL;
		}
		if (keep && add(to, keep, 1) < 0)
			return vrp_err_nomem(err);
		if (come.count && to_come >= 0)
			step(&come);
		if (gone.count && to_gone == 0 && to_come <= 0)
			step(&gone);
		if (base.count && to_come <= 0)
			step(&base);
	}
}

struct vrpset *
delta_apply(const struct vrpset *base, const struct delta *d, struct vrp_err *err)
{
	struct vrpset_builder *to = vrpset_builder_new(vrpset_names(base));

	if (!to) {
		vrp_err_nomem(err);
		return NULL;
	}
	if (apply(vrp_run(base), vrp_run(d->withdrawn), vrp_run(d->announced), PAYLOAD_VRP, vrp_order, add_vrps, to,
		  err) < 0 ||
	    apply(key_run(base), key_run(d->withdrawn), key_run(d->announced), PAYLOAD_ROUTER_KEY, key_order, add_keys,
		  to, err) < 0 ||
	    apply(aspa_run(base), aspa_run(d->withdrawn), aspa_run(d->announced), PAYLOAD_ASPA, customer_order,
		  add_aspas, to, err) < 0) {
		vrpset_builder_free(to);
		return NULL;
	}
	return vrpset_finish(to, err);
}
