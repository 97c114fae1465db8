/* SPDX-License-Identifier: ISC */
#include "aspa.h"

const char *
aspa_state_name(enum aspa_state state)
{
	return state == ASPA_VALID ? "valid" : state == ASPA_UNKNOWN ? "unknown" : "invalid";
}

enum aspa_hop
aspa_authorized(const struct vrpset *set, uint32_t x, uint32_t y)
{
	const struct aspa *aspa = vrpset_find_aspa(set, &(struct aspa){.customer = x});
	uint32_t lo = 0, hi;

	if (!aspa)
		return ASPA_NO_ATTESTATION;
	hi = aspa->provider_count;
	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (aspa->providers[mid] < y)
			lo = mid + 1;
		else
			hi = mid;
	}
	/* AS0 says that there is no provider; it is none itself. */
	return y != 0 && lo < aspa->provider_count && aspa->providers[lo] == y ? ASPA_PROVIDER : ASPA_NOT_PROVIDER;
}

/*
 * How far a ramp goes, counted in ASes: `max` ends before the first hop that
 * an ASPA denies, `min` also before the first of which none speaks.
 */
struct ramp {
	size_t max;
	size_t min;
};

static void
ramp_hop(struct ramp *ramp, enum aspa_hop hop, size_t reached)
{
	if (hop != ASPA_PROVIDER && !ramp->min)
		ramp->min = reached;
	if (hop == ASPA_NOT_PROVIDER && !ramp->max)
		ramp->max = reached;
}

static void
ramp_end(struct ramp *ramp, size_t all)
{
	if (!ramp->min)
		ramp->min = all;
	if (!ramp->max)
		ramp->max = all;
}

/* From the origin, which is last, towards the neighbour; *all becomes the number of ASes, repetitions left out. */
static struct ramp
ramp_up(const struct vrpset *set, const struct aspa_path *p, size_t *all)
{
	struct ramp ramp = {0};
	size_t reached = 1;

	for (size_t i = p->count - 1; i > 0; i--) {
		if (p->asns[i] == p->asns[i - 1])
			continue;
		if (!ramp.max)
			ramp_hop(&ramp, aspa_authorized(set, p->asns[i], p->asns[i - 1]), reached);
		reached++;
	}
	ramp_end(&ramp, reached);
	*all = reached;
	return ramp;
}

/* From the neighbour towards the origin: the way down, looked at from its end. */
static struct ramp
ramp_down(const struct vrpset *set, const struct aspa_path *p, size_t all)
{
	struct ramp ramp = {0};
	size_t reached = 1;

	for (size_t i = 0; i + 1 < p->count && !ramp.max; i++) {
		if (p->asns[i] == p->asns[i + 1])
			continue;
		ramp_hop(&ramp, aspa_authorized(set, p->asns[i], p->asns[i + 1]), reached);
		reached++;
	}
	ramp_end(&ramp, all);
	return ramp;
}

enum aspa_state
aspa_verify(const struct vrpset *set, const struct aspa_path *path, const uint32_t *neighbour, enum aspa_direction direction)
{
	struct ramp up, down = {0};
	size_t all;

	if (path->count == 0 || path->has_set || (neighbour && path->asns[0] != *neighbour))
		return ASPA_INVALID;
	up = ramp_up(set, path, &all);
	if (direction == ASPA_DOWNSTREAM)
		down = ramp_down(set, path, all);
	if (up.max + down.max < all)
		return ASPA_INVALID;
	return up.min + down.min < all ? ASPA_UNKNOWN : ASPA_VALID;
}
