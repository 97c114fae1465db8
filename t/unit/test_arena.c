/* SPDX-License-Identifier: ISC */
#include "test.h"

#include "arena.h"

static void
test_empty(void **state)
{
	struct arena a = ARENA_INIT;

	(void)state;
	arena_release(&a);
	assert_int_equal(a.total, 0);
	assert_non_null(arena_alloc(&a, 0));
	assert_non_null(arena_dup(&a, "", 0));
	assert_non_null(arena_dup(&a, NULL, 0));
	arena_release(&a);
	assert_null(a.chunks);
}

/* Pieces of many sizes never move, never overlap, and are aligned. */
static void
test_pieces_stay(void **state)
{
	enum { PIECES = 4000 };
	static struct {
		unsigned char *p;
		size_t len;
	} piece[PIECES];
	struct arena a = ARENA_INIT;
	struct rng rng = {4};
	size_t sum = 0;

	(void)state;
	for (int i = 0; i < PIECES; i++) {
		piece[i].len = rng_below(&rng, 10) ? rng_below(&rng, 200) : rng_below(&rng, 20000);
		piece[i].p = arena_alloc(&a, piece[i].len);
		assert_non_null(piece[i].p);
		assert_int_equal((uintptr_t)piece[i].p % sizeof(uint64_t), 0);
		memset(piece[i].p, i & 0xff, piece[i].len);
		sum += piece[i].len;
	}
	for (int i = 0; i < PIECES; i++)
		for (size_t k = 0; k < piece[i].len; k++)
			assert_true(piece[i].p[k] == (i & 0xff));
	/* Rounding and the ends of chunks cost less than the pieces themselves. */
	assert_true(a.total >= sum && a.total < 2 * sum);
	arena_release(&a);
}

/* A chunk is as large as its piece where that is larger; the next piece gets its own. */
static void
test_large(void **state)
{
	struct arena a = ARENA_INIT;
	char *small = arena_dup(&a, "small", 5), *large = arena_alloc(&a, (size_t)8 << 20), *after;

	(void)state;
	assert_non_null(small);
	assert_non_null(large);
	memset(large, 'L', (size_t)8 << 20);
	after = arena_dup(&a, "after", 5);
	assert_non_null(after);
	assert_memory_equal(small, "small", 5);
	assert_memory_equal(after, "after", 5);
	assert_true(large[0] == 'L' && large[((size_t)8 << 20) - 1] == 'L');
	arena_release(&a);
}

static void
test_exact_chunk(void **state)
{
	struct arena a = ARENA_INIT;
	unsigned char *p[513];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(p); i++) {
		p[i] = arena_alloc(&a, 8);
		assert_non_null(p[i]);
		memset(p[i], 0xaa, 8);
		for (size_t k = 0; k < i; k++)
			assert_ptr_not_equal(p[i], p[k]);
	}
	arena_release(&a);
}

static void
test_too_large(void **state)
{
	struct arena a = ARENA_INIT;

	(void)state;
	assert_null(arena_alloc(&a, SIZE_MAX));
	assert_null(arena_alloc(&a, SIZE_MAX / 4 + 1));
	assert_non_null(arena_alloc(&a, 1));
	arena_release(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),	    cmocka_unit_test(test_pieces_stay), cmocka_unit_test(test_large),
		cmocka_unit_test(test_exact_chunk), cmocka_unit_test(test_too_large),
	};

	return cmocka_run_group_tests_name("arena", tests, NULL, NULL);
}
