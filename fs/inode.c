/* SPDX-License-Identifier: ISC */
/* A number from its top: a bit that is 0, 6 bits of kind, 57 that tell places of a kind apart. */
#include "inode.h"

#include <sys/random.h>
#include <time.h>

#include "compiler.h"
#include "wire.h"

#define PLACE_BITS 57
#define PLACE_MASK ((UINT64_C(1) << PLACE_BITS) - 1)
#define HASHED 63		/* the kind of numbers that are a hash */

#define PLACE_IPV6 (UINT64_C(1) << 56)
#define IPV6_BITS 48		/* of an address that fits */

void
inode_key_draw(struct inode_key *key)
{
	/* Only against places that were chosen to collide: any number does where there is no better. */
	if (getrandom(key, sizeof(*key), GRND_NONBLOCK) != (ssize_t)sizeof(*key))
		for (size_t i = 0; i < ARRAY_LEN(key->secret); i++)
			key->secret[i] = (uint64_t)time(NULL) * UINT64_C(0x9e3779b97f4a7c15) ^ (uintptr_t)key << i;
}

/* False when it does not fit. */
static bool
pack_prefix(const struct node *node, uint64_t *place)
{
	const struct prefix *p = &node->prefix;
	bool whole = node->kind == NODE_PREFIX_ADDRESS || node->kind == NODE_COVERING_ADDRESS || node->kind == NODE_ROUTE_ADDRESS;
	uint64_t len = whole ? 0 : p->len, high = be64_load(p->addr);

	if (p->family == FAMILY_IPV4) {
		*place = len << 32 | be32_load(p->addr);
		return true;
	}
	*place = PLACE_IPV6 | len << IPV6_BITS | high >> (64 - IPV6_BITS);
	return len <= IPV6_BITS && high << IPV6_BITS == 0 && be64_load(p->addr + 8) == 0;
}

static uint64_t
fold(uint64_t a, uint64_t b)
{
	__uint128_t product = (__uint128_t)a * b;

	return (uint64_t)(product >> 64) ^ (uint64_t)product;
}

static uint64_t
hash(const uint64_t secret[4], const struct node *node)
{
	uint64_t rest = (uint64_t)node->kind << 56 | (uint64_t)node->prefix.family << 48 | (uint64_t)node->prefix.len << 40 |
			node->number;
	uint64_t h = fold(be64_load(node->prefix.addr) ^ secret[0], be64_load(node->prefix.addr + 8) ^ secret[1]);

	return fold(h ^ secret[2], rest ^ secret[3]) & PLACE_MASK;
}

uint64_t
inode_number(const struct inode_key *key, const struct node *node)
{
	uint64_t place = node->number;

	if (node->kind == NODE_ROOT)
		return INODE_ROOT;
	if (node->kind == NODE_ROUTE || (node->prefix.family && !pack_prefix(node, &place)))
		return (uint64_t)HASHED << PLACE_BITS | hash(key->secret, node);
	return (uint64_t)node->kind << PLACE_BITS | place;
}
