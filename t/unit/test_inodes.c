/* SPDX-License-Identifier: ISC */
/* Inode numbers: the same for a place, different for others, and kept only for as long as they are known. */
#include "test.h"

#include <errno.h>
#include <pthread.h>

#include "inodes.h"
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
	struct inodes *t = inodes_new();
	struct rng rng = {1};
	enum { N = 2000 };
	struct node *nodes = calloc(N, sizeof(*nodes));
	uint64_t *inos = calloc(N, sizeof(*inos));

	(void)state;
	assert_true(t && nodes && inos);
	for (size_t i = 0; i < N; i++) {
		struct node found;

		nodes[i] = random_node(&rng);
		inos[i] = inodes_number(t, &nodes[i]);
		assert_true(inos[i] != 0 && inos[i] < UINT64_C(1) << 63);
		assert_int_equal(inodes_lookup(t, &nodes[i], &inos[i]), 0);
		assert_true(inodes_number(t, &nodes[i]) == inos[i]);
		assert_int_equal(inodes_node(t, inos[i], &found), 0);
		assert_true(node_same(&found, &nodes[i]));
	}
	for (size_t i = 0; i < N; i++)
		for (size_t k = 0; k < i; k++)
			assert_true((inos[i] == inos[k]) == node_same(&nodes[i], &nodes[k]));
	assert_true(inodes_count(t) > 0);
	/* The second look-up of a place counts, too. */
	for (size_t i = 0; i < N; i++) {
		struct node found;

		assert_int_equal(inodes_node(t, inos[i], &found), 0);
		inodes_forget(t, inos[i], 1);
	}
	assert_int_equal(inodes_count(t), 0);
	for (size_t i = 0; i < N; i++)
		assert_true(inodes_number(t, &nodes[i]) == inos[i]);
	free(nodes);
	free(inos);
	inodes_free(t);
}

static struct node
route(uint32_t asn)
{
	struct node node = {.kind = NODE_ROUTE, .number = asn, .prefix = {.family = FAMILY_IPV4, .len = 8, .addr = {10}}};

	return node;
}

static void
test_forget(void **state)
{
	struct inodes *t = inodes_new();
	struct node node = route(1), found;
	uint64_t ino, other;

	(void)state;
	assert_int_equal(inodes_lookup(t, &node, &ino), 0);
	assert_int_equal(inodes_lookup(t, &node, &other), 0);
	assert_true(ino == other);
	inodes_forget(t, ino, 1);
	assert_int_equal(inodes_node(t, ino, &found), 0);
	inodes_forget(t, ino, 1);
	assert_int_equal(inodes_node(t, ino, &found), ESTALE);
	/* Numbers that nobody was told, and more forgetting than there was to forget. */
	inodes_forget(t, ino, 5);
	inodes_forget(t, 1, 5);
	inodes_forget(t, 0, 5);
	assert_int_equal(inodes_lookup(t, &node, &ino), 0);
	inodes_forget(t, ino, UINT64_MAX);
	assert_int_equal(inodes_count(t), 0);
	assert_int_equal(inodes_node(t, INODE_ROOT, &found), 0);
	assert_int_equal(found.kind, NODE_ROOT);
	inodes_free(t);
}

/* Numbers that no place has. */
static void
test_made_up(void **state)
{
	struct inodes *t = inodes_new();
	struct rng rng = {3};
	size_t known = 0;

	(void)state;
	for (int i = 0; i < 200000; i++) {
		uint64_t ino = rng_next(&rng) >> rng_below(&rng, 64);
		struct node node;

		if (rng_below(&rng, 2))
			ino = ino >> 7 | (uint64_t)rng_below(&rng, NODE_KINDS + 2) << 57;
		if (inodes_node(t, ino, &node) != 0)
			continue;
		known++;
		assert_true(inodes_number(t, &node) == ino);
	}
	assert_true(known > 100);
	inodes_free(t);
}

/* Places come and go in any order; what is kept is what a model says, and memory follows. */
static void
test_many(void **state)
{
	struct inodes *t = inodes_new();
	struct rng rng = {4};
	enum { N = 5000 };
	uint64_t *inos = calloc(N, sizeof(*inos));
	uint8_t *held = calloc(N, 1);
	size_t count = 0;

	(void)state;
	assert_true(inos && held);
	for (int i = 0; i < ROUNDS(300000); i++) {
		uint32_t k = rng_below(&rng, rng_below(&rng, 2) ? N : 100);
		struct node node = route(k), found;
		uint64_t ino;

		if (i / 20000 % 2 ? rng_below(&rng, 4) == 0 : rng_below(&rng, 4) > 0) {
			if (held[k] == 255)
				continue;
			assert_int_equal(inodes_lookup(t, &node, &ino), 0);
			assert_true(inos[k] == 0 || inos[k] == ino);
			inos[k] = ino;
			count += held[k]++ == 0;
		} else if (held[k]) {
			uint32_t n = 1 + rng_below(&rng, held[k]);

			inodes_forget(t, inos[k], n);
			held[k] = (uint8_t)(held[k] - n);
			count -= held[k] == 0;
		}
		assert_int_equal(inodes_count(t), count);
		if (inos[k]) {
			assert_int_equal(inodes_node(t, inos[k], &found), held[k] ? 0 : ESTALE);
			assert_true(!held[k] || found.number == k);
		}
	}
	free(inos);
	free(held);
	inodes_free(t);
}

static void *
look_up_and_forget(void *arg)
{
	struct inodes *t = arg;

	for (uint32_t i = 0; i < 20000; i++) {
		struct node node = route(i % 97), found;
		uint64_t ino;

		assert_int_equal(inodes_lookup(t, &node, &ino), 0);
		assert_int_equal(inodes_node(t, ino, &found), 0);
		assert_true(node_same(&node, &found));
		inodes_forget(t, ino, 1);
	}
	return NULL;
}

static void
test_threads(void **state)
{
	struct inodes *t = inodes_new();
	pthread_t threads[4];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, look_up_and_forget, t), 0);
	for (size_t i = 0; i < ARRAY_LEN(threads); i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(inodes_count(t), 0);
	inodes_free(t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers), cmocka_unit_test(test_forget), cmocka_unit_test(test_made_up),
		cmocka_unit_test(test_many), cmocka_unit_test(test_threads),
	};

	return cmocka_run_group_tests_name("inodes", tests, NULL, NULL);
}
