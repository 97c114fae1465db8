/* SPDX-License-Identifier: ISC */
#include "slurm.h"

#include "slurm_internal.h"

struct slurm {
	struct vrpset *assertions;
	struct slurm_match match;
	struct slurm_key_filter *keys;	/* sorted */
	size_t key_count;
	uint32_t *customers;		/* sorted */
	size_t customer_count;
	size_t filter_count;
};

struct slurm_builder *
slurm_builder_new(struct names *names)
{
	struct slurm_builder *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	b->assertions = vrpset_builder_new(names);
	if (!b->assertions) {
		free(b);
		return NULL;
	}
	return b;
}

void
slurm_builder_free(struct slurm_builder *b)
{
	if (!b)
		return;
	vrpset_builder_free(b->assertions);
	buf_release(&b->prefix_filters);
	buf_release(&b->key_filters);
	buf_release(&b->customers);
	buf_release(&b->prefix_claims);
	buf_release(&b->key_claims);
	buf_release(&b->aspa_claims);
	buf_release(&b->files);
	arena_release(&b->arena);
	free(b);
}

static int
cmp_u32(uint32_t a, uint32_t b)
{
	return (a > b) - (a < b);
}

static int
cmp_customer(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return cmp_u32(*x, *y);
}

static int
cmp_key_filter(const void *a, const void *b)
{
	const struct slurm_key_filter *x = a, *y = b;
	int c = (int)x->has_asn - (int)y->has_asn;

	if (c == 0)
		c = (int)x->has_ski - (int)y->has_ski;
	if (c == 0)
		c = cmp_u32(x->asn, y->asn);
	return c ? c : memcmp(x->ski, y->ski, SKI_LEN);
}

/* Sort an array and take it out of its buffer; NULL when it is empty. */
static void *
take_sorted(struct buf *from, size_t size, int (*cmp)(const void *, const void *), size_t *count)
{
	void *items = from->data;

	*count = from->len / size;
	if (*count)
		qsort(items, *count, size, cmp);
	*from = (struct buf)BUF_INIT;
	return items;
}

static int
compile(struct slurm *s, struct slurm_builder *b, struct vrp_err *err)
{
	struct vrpset_builder *assertions = b->assertions;

	s->filter_count = b->prefix_filters.len / sizeof(struct slurm_prefix_filter);
	if (slurm_match_init(&s->match, &b->prefix_filters, err) < 0)
		return -1;
	s->keys = take_sorted(&b->key_filters, sizeof(*s->keys), cmp_key_filter, &s->key_count);
	s->customers = take_sorted(&b->customers, sizeof(*s->customers), cmp_customer, &s->customer_count);
	s->filter_count += s->key_count + s->customer_count;
	b->assertions = NULL;
	vrp_err_nomem(err);
	s->assertions = vrpset_finish(assertions, err);
	return s->assertions ? 0 : -1;
}

struct slurm *
slurm_finish(struct slurm_builder *b, struct vrp_err *err)
{
	struct slurm *s = NULL;

	vrp_err_clear(err);
	if (slurm_check_conflicts(b, err) == 0) {
		s = calloc(1, sizeof(*s));
		if (!s)
			vrp_err_nomem(err);
		else if (compile(s, b, err) < 0) {
			slurm_free(s);
			s = NULL;
		}
	}
	slurm_builder_free(b);
	return s;
}

void
slurm_free(struct slurm *s)
{
	if (!s)
		return;
	slurm_match_release(&s->match);
	free(s->keys);
	free(s->customers);
	vrpset_unref(s->assertions);
	free(s);
}

static bool
has_key_filter(const struct slurm *s, const struct router_key *key, bool by_asn, bool by_ski)
{
	struct slurm_key_filter want = {.has_asn = by_asn, .has_ski = by_ski, .asn = by_asn ? key->asn : 0};

	if (by_ski)
		memcpy(want.ski, key->ski, SKI_LEN);
	return bsearch(&want, s->keys, s->key_count, sizeof(want), cmp_key_filter);
}

static bool
removes_key(const struct slurm *s, const struct router_key *key)
{
	if (s->key_count == 0)
		return false;
	return has_key_filter(s, key, true, false) || has_key_filter(s, key, false, true) ||
	       has_key_filter(s, key, true, true);
}

static bool
removes_aspa(const struct slurm *s, const struct aspa *aspa)
{
	return s->customer_count &&
	       bsearch(&aspa->customer, s->customers, s->customer_count, sizeof(*s->customers), cmp_customer);
}

bool
slurm_removes_vrp(const struct slurm *s, const struct vrp *vrp)
{
	return slurm_match_vrp(&s->match, vrp);
}

bool
slurm_removes(const struct slurm *s, const struct payload *p)
{
	switch (p->kind) {
	case PAYLOAD_VRP:
		return slurm_match_vrp(&s->match, &p->vrp);
	case PAYLOAD_ROUTER_KEY:
		return removes_key(s, &p->key);
	case PAYLOAD_ASPA:
		return removes_aspa(s, &p->aspa);
	}
	return false;
}

struct vrpset *
slurm_assertions(const struct slurm *s)
{
	return s->assertions;
}

size_t
slurm_filter_count(const struct slurm *s)
{
	return s->filter_count;
}

/*
 * Applying: data and assertions are both in order, and are merged.  Of two
 * equal records the assertion stands.
 */
static int
apply_vrps(const struct slurm *s, const struct vrpset *set, struct vrpset_builder *b, struct slurm_counts *counts)
{
	size_t n, m, i = 0, k = 0;
	const struct vrp *have = vrpset_vrps(set, &n), *asserted = vrpset_vrps(s->assertions, &m);

	counts->asserted += m;
	while (i < n || k < m) {
		int c = i == n ? 1 : k == m ? -1 : vrp_cmp(&have[i], &asserted[k]);
		bool removed = c < 0 && slurm_match_vrp(&s->match, &have[i]);

		if (!removed && vrpset_add_vrp(b, c < 0 ? &have[i] : &asserted[k]) < 0)
			return -1;
		counts->removed += removed;
		counts->kept += c < 0 && !removed;
		i += c <= 0;
		k += c >= 0;
	}
	return 0;
}

static int
apply_keys(const struct slurm *s, const struct vrpset *set, struct vrpset_builder *b, struct slurm_counts *counts)
{
	size_t n, m, i = 0, k = 0;
	const struct router_key *have = vrpset_router_keys(set, &n), *asserted = vrpset_router_keys(s->assertions, &m);

	counts->asserted += m;
	while (i < n || k < m) {
		int c = i == n ? 1 : k == m ? -1 : router_key_cmp(&have[i], &asserted[k]);
		bool removed = c < 0 && removes_key(s, &have[i]);

		if (!removed && vrpset_add_router_key(b, c < 0 ? &have[i] : &asserted[k]) < 0)
			return -1;
		counts->removed += removed;
		counts->kept += c < 0 && !removed;
		i += c <= 0;
		k += c >= 0;
	}
	return 0;
}

/* Here two of one customer both go in, and vrpset_finish() joins them. */
static int
apply_aspas(const struct slurm *s, const struct vrpset *set, struct vrpset_builder *b, struct slurm_counts *counts)
{
	size_t n, m, i = 0, k = 0;
	const struct aspa *have = vrpset_aspas(set, &n), *asserted = vrpset_aspas(s->assertions, &m);

	counts->asserted += m;
	while (i < n || k < m) {
		int c = i == n ? 1 : k == m ? -1 : aspa_cmp(&have[i], &asserted[k]);
		bool removed = c <= 0 && removes_aspa(s, &have[i]);

		if (c <= 0 && !removed && vrpset_add_aspa(b, &have[i]) < 0)
			return -1;
		if (c >= 0 && vrpset_add_aspa(b, &asserted[k]) < 0)
			return -1;
		counts->removed += removed;
		counts->kept += c < 0 && !removed;
		i += c <= 0;
		k += c >= 0;
	}
	return 0;
}

struct vrpset *
slurm_apply(const struct slurm *s, struct vrpset *set, struct slurm_counts *counts, struct vrp_err *err)
{
	struct vrpset_builder *b = vrpset_builder_new(vrpset_names(set));
	struct slurm_counts own = {0};

	counts = counts ? counts : &own;
	*counts = (struct slurm_counts){0};
	if (!b || apply_vrps(s, set, b, counts) < 0 || apply_keys(s, set, b, counts) < 0 ||
	    apply_aspas(s, set, b, counts) < 0) {
		vrpset_builder_free(b);
		vrp_err_nomem(err);
		return NULL;
	}
	if (counts->removed || counts->asserted)
		return vrpset_finish(b, err);
	vrpset_builder_free(b);
	return vrpset_ref(set);
}
