/* SPDX-License-Identifier: ISC */
/*
 * Does any of ten thousand prefix filters match a VRP?  Filters are grouped by
 * the AS that they ask for; those that ask for none are the first group, and a
 * filter by AS alone is 0.0.0.0/0 and ::/0 of that AS.  So a VRP has two groups
 * to ask, the second of which a hash table finds.
 *
 * A group keeps the outermost of its prefixes.  These are disjoint, and in the
 * order of address and length the last that is not above the VRP's prefix is
 * the only one that can cover it: between a filter and a prefix that it covers
 * there are only prefixes that it covers, too.
 */
#include "slurm_internal.h"
#include "wire.h"

struct slurm_group {
	uint32_t v4, v4_count;	/* a slice of v4 */
	uint32_t v6, v6_count;
};

/* group 0, which needs no hashing, means that the slot is empty. */
struct slurm_slot {
	uint32_t asn;
	uint32_t group;
};

struct slurm_v6 {
	uint64_t hi, lo;
	uint32_t len;
};

/* An IPv4 prefix as one number in canonical order: address, length. */
static uint64_t
v4_key(const struct prefix *p)
{
	return (uint64_t)be32_load(p->addr) << 8 | p->len;
}

static struct slurm_v6
v6_key(const struct prefix *p)
{
	return (struct slurm_v6){be64_load(p->addr), be64_load(p->addr + 8), p->len};
}

static bool
v6_not_above(const struct slurm_v6 *a, const struct slurm_v6 *b)
{
	if (a->hi != b->hi)
		return a->hi < b->hi;
	return a->lo != b->lo ? a->lo < b->lo : a->len <= b->len;
}

/* Working memory: filters with has_prefix, any AS first, then by AS and prefix. */
static int
cmp_filters(const void *a, const void *b)
{
	const struct slurm_prefix_filter *x = a, *y = b;

	if (x->has_asn != y->has_asn)
		return x->has_asn ? 1 : -1;
	if (x->asn != y->asn)
		return x->asn < y->asn ? -1 : 1;
	return prefix_cmp(&x->prefix, &y->prefix);
}

static bool
same_group(const struct slurm_prefix_filter *a, const struct slurm_prefix_filter *b)
{
	return a->has_asn == b->has_asn && a->asn == b->asn;
}

/* Turn filters by AS alone into their two prefixes.  -1 when memory is out. */
static int
expand(struct buf *filters)
{
	size_t n = filters->len / sizeof(struct slurm_prefix_filter);

	for (size_t i = 0; i < n; i++) {
		struct slurm_prefix_filter *f = (struct slurm_prefix_filter *)(void *)filters->data + i, ipv6;

		if (f->has_prefix)
			continue;
		f->has_prefix = true;
		f->prefix.family = FAMILY_IPV4;
		ipv6 = *f;
		ipv6.prefix.family = FAMILY_IPV6;
		if (buf_add(filters, &ipv6, sizeof(ipv6)) < 0)
			return -1;
	}
	return 0;
}

/* Sort, and drop what another of the same group covers.  Returns how many are left. */
static size_t
reduce(struct slurm_prefix_filter *f, size_t n)
{
	size_t kept = 0;

	if (n)
		qsort(f, n, sizeof(*f), cmp_filters);
	for (size_t i = 0; i < n; i++)
		if (kept == 0 || !same_group(&f[kept - 1], &f[i]) || !prefix_covers(&f[kept - 1].prefix, &f[i].prefix))
			f[kept++] = f[i];
	return kept;
}

static size_t
slot_of(const struct slurm_match *m, uint32_t asn)
{
	return (size_t)(asn * UINT32_C(0x9e3779b9) >> (32 - m->slot_bits));
}

static void
add_slot(struct slurm_match *m, uint32_t asn, uint32_t group)
{
	size_t i = slot_of(m, asn), mask = ((size_t)1 << m->slot_bits) - 1;

	while (m->slots[i].group)
		i = (i + 1) & mask;
	m->slots[i] = (struct slurm_slot){asn, group};
}

/* Memory for n filters in so many groups.  All of it is sized by the filters. */
static int
allocate(struct slurm_match *m, const struct slurm_prefix_filter *f, size_t n, size_t groups)
{
	size_t v4 = 0;

	for (size_t i = 0; i < n; i++)
		v4 += f[i].prefix.family == FAMILY_IPV4;
	/* A table that is half empty at least. */
	for (m->slot_bits = 1; groups > 1 && ((size_t)1 << m->slot_bits) < 2 * groups;)
		m->slot_bits++;
	m->groups = calloc(groups, sizeof(*m->groups));
	m->slots = groups > 1 ? calloc((size_t)1 << m->slot_bits, sizeof(*m->slots)) : NULL;
	m->v4 = malloc((v4 + 1) * sizeof(*m->v4));
	m->v6 = malloc((n - v4 + 1) * sizeof(*m->v6));
	return m->groups && (groups == 1 || m->slots) && m->v4 && m->v6 ? 0 : -1;
}

static void
fill(struct slurm_match *m, const struct slurm_prefix_filter *f, size_t n)
{
	uint32_t v4 = 0, v6 = 0, last = 0;

	for (size_t i = 0; i < n; i++) {
		struct slurm_group *group;

		if (f[i].has_asn && (i == 0 || !same_group(&f[i - 1], &f[i]))) {
			add_slot(m, f[i].asn, ++last);
			m->groups[last].v4 = v4;
			m->groups[last].v6 = v6;
		}
		group = &m->groups[last];
		if (f[i].prefix.family == FAMILY_IPV4) {
			m->v4[v4++] = v4_key(&f[i].prefix);
			group->v4_count++;
		} else {
			m->v6[v6++] = v6_key(&f[i].prefix);
			group->v6_count++;
		}
	}
}

int
slurm_match_init(struct slurm_match *m, struct buf *filters, struct vrp_err *err)
{
	struct slurm_prefix_filter *f;
	size_t n, groups = 1;

	*m = (struct slurm_match){0};
	if (expand(filters) < 0)
		return vrp_err_nomem(err);
	f = (void *)filters->data;
	n = reduce(f, filters->len / sizeof(*f));
	/* Slots are 32 bits of hash at most, and half of them stay empty. */
	if (n > UINT32_MAX / 4)
		return vrp_err_set(err, "too many filters");
	for (size_t i = 0; i < n; i++)
		groups += f[i].has_asn && (i == 0 || !same_group(&f[i - 1], &f[i]));
	if (allocate(m, f, n, groups) < 0)
		return vrp_err_nomem(err);
	fill(m, f, n);
	return 0;
}

void
slurm_match_release(struct slurm_match *m)
{
	free(m->groups);
	free(m->slots);
	free(m->v4);
	free(m->v6);
	*m = (struct slurm_match){0};
}

static inline bool
match_v4(const uint64_t *keys, size_t n, uint64_t key)
{
	if (n == 0)
		return false;
	while (n > 1) {
		size_t half = n / 2;

		keys = keys[half] <= key ? keys + half : keys;
		n -= half;
	}
	/* Equal in the filter's bits: the lengths, lowest, then shift out as well. */
	return *keys <= key && ((*keys ^ key) >> 8) >> (32 - (*keys & 0xff)) == 0;
}

static bool
match_v6(const struct slurm_v6 *keys, size_t n, const struct slurm_v6 *key)
{
	uint64_t hi, lo;

	if (n == 0)
		return false;
	while (n > 1) {
		size_t half = n / 2;

		keys = v6_not_above(&keys[half], key) ? keys + half : keys;
		n -= half;
	}
	if (!v6_not_above(keys, key))
		return false;
	hi = keys->hi ^ key->hi;
	lo = keys->lo ^ key->lo;
	if (keys->len > 64)
		return hi == 0 && lo >> (128 - keys->len) == 0;
	return keys->len == 0 || hi >> (64 - keys->len) == 0;
}

static inline bool
match_group(const struct slurm_match *m, const struct slurm_group *g, const struct prefix *p)
{
	struct slurm_v6 key;

	if (p->family == FAMILY_IPV4)
		return match_v4(m->v4 + g->v4, g->v4_count, v4_key(p));
	key = v6_key(p);
	return match_v6(m->v6 + g->v6, g->v6_count, &key);
}

bool
slurm_match_vrp(const struct slurm_match *m, const struct vrp *vrp)
{
	size_t i, mask;

	if (!m->groups)
		return false;
	if (match_group(m, &m->groups[0], &vrp->prefix))
		return true;
	if (!m->slots)
		return false;
	mask = ((size_t)1 << m->slot_bits) - 1;
	for (i = slot_of(m, vrp->asn); m->slots[i].group; i = (i + 1) & mask)
		if (m->slots[i].asn == vrp->asn)
			return match_group(m, &m->groups[m->slots[i].group], &vrp->prefix);
	return false;
}
