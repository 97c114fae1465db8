/* SPDX-License-Identifier: ISC */
#include "annotate.h"

static int
like_vrps(struct vrpset_builder *b, const struct vrpset *set, const struct vrpset *like)
{
	size_t n;
	const struct vrp *vrps = vrpset_vrps(set, &n), *v;

	for (size_t i = 0; i < n; i++) {
		v = vrpset_find_vrp(like, &vrps[i]);
		if (vrpset_add_sorted_vrps(b, v ? v : &vrps[i], 1) < 0)
			return -1;
	}
	return 0;
}

static int
like_others(struct vrpset_builder *b, const struct vrpset *set, const struct vrpset *like)
{
	size_t n;
	const struct router_key *keys = vrpset_router_keys(set, &n), *k;
	const struct aspa *aspas, *a;

	for (size_t i = 0; i < n; i++) {
		k = vrpset_find_router_key(like, &keys[i]);
		if (vrpset_add_router_key(b, k ? k : &keys[i]) < 0)
			return -1;
	}
	aspas = vrpset_aspas(set, &n);
	for (size_t i = 0; i < n; i++) {
		a = vrpset_find_aspa(like, &aspas[i]);
		if (vrpset_add_aspa(b, a && aspa_same_providers(a, &aspas[i]) ? a : &aspas[i]) < 0)
			return -1;
	}
	return 0;
}

/* What b was filled with, unless that failed. */
static struct vrpset *
finish(struct vrpset_builder *b, int rc)
{
	if (rc == 0)
		return vrpset_finish(b, NULL);
	vrpset_builder_free(b);
	return NULL;
}

struct vrpset *
annotate_like(struct vrpset *set, const struct vrpset *like)
{
	struct vrpset_builder *b;

	if (vrpset_count(set) == 0 || vrpset_count(like) == 0)
		return vrpset_ref(set);
	b = vrpset_builder_new(vrpset_names(set));
	if (!b)
		return NULL;
	return finish(b, like_vrps(b, set, like) < 0 || like_others(b, set, like) < 0 ? -1 : 0);
}

struct overlay {
	struct vrpset_builder *b;
	const struct vrpset *over;	/* NULL: nothing is left out */
};

static int
add_uncovered(void *ctx, const struct payload *p)
{
	const struct overlay *o = ctx;

	return o->over && vrpset_contains(o->over, p) ? 0 : vrpset_add(o->b, p);
}

struct vrpset *
annotate_overlay(const struct vrpset *under, const struct vrpset *over)
{
	struct overlay o = {.b = vrpset_builder_new(vrpset_names(over)), .over = over};
	int rc;

	if (!o.b)
		return NULL;
	rc = vrpset_each(under, add_uncovered, &o);
	o.over = NULL;
	return finish(o.b, rc < 0 || vrpset_each(over, add_uncovered, &o) < 0 ? -1 : 0);
}
