/* SPDX-License-Identifier: ISC */
#include "payload.h"

_Static_assert(sizeof(struct vrp) == 32, "a VRP takes half a cache line");

static int
cmp_u64(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

int
router_key_cmp(const struct router_key *a, const struct router_key *b)
{
	int c = cmp_u64(a->asn, b->asn);

	if (c == 0)
		c = memcmp(a->ski, b->ski, SKI_LEN);
	if (c == 0)
		c = memcmp(a->spki, b->spki, a->spki_len < b->spki_len ? a->spki_len : b->spki_len);
	return c ? c : (int)a->spki_len - (int)b->spki_len;
}

int
aspa_cmp(const struct aspa *a, const struct aspa *b)
{
	return cmp_u64(a->customer, b->customer);
}

bool
aspa_same_providers(const struct aspa *a, const struct aspa *b)
{
	return a->provider_count == b->provider_count &&
	       memcmp(a->providers, b->providers, a->provider_count * sizeof(*a->providers)) == 0;
}
