/* SPDX-License-Identifier: ISC */
/* Inode numbers: the same for a place, different for others. */
#include "test.h"

#include "inode.h"
#include "sets.h"

/* Any place of any kind. */
static struct node
random_node(struct rng *rng)
{
	struct node node = NODE_OF((uint8_t)(1 + rng_below(rng, NODE_KINDS - 1)));

	if ((node.kind >= NODE_AS && node.kind <= NODE_TA_ASPA) || node.kind >= NODE_ROUTE)
		node.number = rng_below(rng, 2) ? random_asn(rng) : rng_below(rng, 4096);
	if (node.kind >= NODE_PREFIX_ADDRESS && node.kind <= NODE_ROUTE) {
		node.prefix = random_vrp(rng).prefix;
		if (node.prefix.family == FAMILY_IPV6 && rng_below(rng, 2)) {
			node.prefix.addr[rng_below(rng, 16)] = (uint8_t)rng_below(rng, 3);
			node.prefix.len = (uint8_t)(40 + rng_below(rng, 89));
			prefix_clear_host_bits(&node.prefix);
		}
		if (node.kind == NODE_PREFIX_ADDRESS || node.kind == NODE_COVERING_ADDRESS || node.kind == NODE_ROUTE_ADDRESS)
			node.prefix.len = (uint8_t)prefix_bits((enum family)node.prefix.family);
	}
	return node;
}

static void
test_numbers(void **state)
{
	struct inode_key key;
	struct rng rng = {1};
	enum { N = 2000 };
	struct node *nodes = calloc(N, sizeof(*nodes));
	uint64_t *inos = calloc(N, sizeof(*inos));

	(void)state;
	assert_true(nodes && inos);
	inode_key_draw(&key);
	for (size_t i = 0; i < N; i++) {
		nodes[i] = random_node(&rng);
		inos[i] = inode_number(&key, &nodes[i]);
		assert_true(inos[i] != 0 && inos[i] < UINT64_C(1) << 63);
		assert_true(inode_number(&key, &nodes[i]) == inos[i]);
		assert_true((inos[i] == INODE_ROOT) == (nodes[i].kind == NODE_ROOT));
	}
	for (size_t i = 0; i < N; i++)
		for (size_t k = 0; k < i; k++)
			assert_true((inos[i] == inos[k]) == node_same(&nodes[i], &nodes[k]));
	free(nodes);
	free(inos);
}

/* A mount's hashed numbers say nothing of another's; the others are the same everywhere. */
static void
test_keys(void **state)
{
	struct inode_key a, b;
	struct node route = {.kind = NODE_ROUTE, .number = 1, .prefix = {.family = FAMILY_IPV4, .len = 8, .addr = {10}}};
	struct node prefix = {.kind = NODE_PREFIX, .prefix = route.prefix};

	(void)state;
	inode_key_draw(&a);
	inode_key_draw(&b);
	assert_true(inode_number(&a, &route) != inode_number(&b, &route));
	assert_true(inode_number(&a, &prefix) == inode_number(&b, &prefix));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_keys),
	};

	return cmocka_run_group_tests_name("inode", tests, NULL, NULL);
}
