/* SPDX-License-Identifier: ISC */
#include "changes.h"

#include "names.h"

static void
add(struct changes *c, uint32_t asn, uint16_t ta)
{
	c->asns[c->asn_count++] = asn;
	c->tas[ta] = true;
}

/* One half of the delta; of what changed its annotation, also the trust anchor that it had. */
static void
add_half(struct changes *c, const struct vrpset *half, const struct vrpset *before)
{
	size_t n;
	const struct vrp *vrps = vrpset_vrps(half, &n), *vrp;
	const struct router_key *keys, *key;
	const struct aspa *aspas, *aspa;

	for (size_t i = 0; i < n; i++) {
		add(c, vrps[i].asn, vrps[i].ta);
		if ((vrp = vrpset_find_vrp(before, &vrps[i])))
			c->tas[vrp->ta] = true;
	}
	keys = vrpset_router_keys(half, &n);
	for (size_t i = 0; i < n; i++) {
		add(c, keys[i].asn, keys[i].ta);
		if ((key = vrpset_find_router_key(before, &keys[i])))
			c->tas[key->ta] = true;
	}
	aspas = vrpset_aspas(half, &n);
	for (size_t i = 0; i < n; i++) {
		add(c, aspas[i].customer, aspas[i].ta);
		if ((aspa = vrpset_find_aspa(before, &aspas[i])))
			c->tas[aspa->ta] = true;
	}
}

static int
cmp_asn(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void
sort_asns(struct changes *c)
{
	size_t kept = 0;

	qsort(c->asns, c->asn_count, sizeof(*c->asns), cmp_asn);
	for (size_t i = 0; i < c->asn_count; i++)
		if (kept == 0 || c->asns[kept - 1] != c->asns[i])
			c->asns[kept++] = c->asns[i];
	c->asn_count = kept;
}

int
changes_init(struct changes *c, const struct vrpset *before, const struct vrpset *after)
{
	size_t count;

	*c = (struct changes){.delta = DELTA_INIT};
	if (delta_exact(before, after, &c->delta) < 0)
		return -1;
	count = vrpset_count(c->delta.withdrawn) + vrpset_count(c->delta.announced);
	c->asns = malloc((count ? count : 1) * sizeof(*c->asns));
	c->ta_count = names_count(vrpset_names(after));
	c->tas = calloc(c->ta_count, sizeof(*c->tas));
	if (!c->asns || !c->tas) {
		changes_release(c);
		return -1;
	}
	add_half(c, c->delta.withdrawn, before);
	add_half(c, c->delta.announced, before);
	sort_asns(c);
	return 0;
}

void
changes_release(struct changes *c)
{
	delta_release(&c->delta);
	free(c->asns);
	free(c->tas);
	*c = (struct changes){.delta = DELTA_INIT};
}

bool
changes_empty(const struct changes *c)
{
	return vrpset_count(c->delta.withdrawn) + vrpset_count(c->delta.announced) == 0;
}

/* Behind all VRPs of this prefix. */
static size_t
behind(const struct vrp *vrps, size_t count, size_t at, const struct prefix *prefix)
{
	while (at < count && prefix_cmp(&vrps[at].prefix, prefix) == 0)
		at++;
	return at;
}

const struct prefix *
changes_next_prefix(const struct changes *c, struct changes_walk *walk)
{
	size_t w, a;
	const struct vrp *gone = vrpset_vrps(c->delta.withdrawn, &w), *come = vrpset_vrps(c->delta.announced, &a);
	const struct prefix *next = NULL;

	if (walk->withdrawn < w)
		next = &gone[walk->withdrawn].prefix;
	if (walk->announced < a && (!next || prefix_cmp(&come[walk->announced].prefix, next) < 0))
		next = &come[walk->announced].prefix;
	if (next) {
		walk->withdrawn = behind(gone, w, walk->withdrawn, next);
		walk->announced = behind(come, a, walk->announced, next);
	}
	return next;
}
