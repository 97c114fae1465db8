/* SPDX-License-Identifier: ISC */
#include "test.h"

#include "huge.h"

#define STEP 1021

static void
fill(unsigned char *p, size_t len)
{
	for (size_t i = 0; i < len; i += STEP)
		p[i] = (unsigned char)(i / STEP % 251);
	p[len - 1] = (unsigned char)((len - 1) / STEP % 251);
}

/* From every kind of size to every other: all of it usable, and the contents kept. */
static void
test_contents(void **state)
{
	static const size_t sizes[] = {
		1, 100000, HUGE_PAGE - 1, HUGE_PAGE, HUGE_PAGE + 1, 2 * HUGE_PAGE, 9 * HUGE_PAGE - 7,
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		for (size_t k = 0; k < ARRAY_LEN(sizes); k++) {
			size_t kept = sizes[i] < sizes[k] ? sizes[i] : sizes[k];
			unsigned char *p = huge_realloc(NULL, 0, sizes[i]);

			assert_non_null(p);
			fill(p, sizes[i]);
			p = huge_realloc(p, sizes[i], sizes[k]);
			assert_non_null(p);
			for (size_t at = 0; at < kept; at += STEP)
				assert_int_equal(p[at], at / STEP % 251);
			fill(p, sizes[k]);
			huge_free(p, sizes[k]);
		}
	}
	huge_free(NULL, 0);
}

static void
test_too_much(void **state)
{
	static const size_t sizes[] = {SIZE_MAX, SIZE_MAX - HUGE_PAGE, SIZE_MAX / 2 + 1, SIZE_MAX / 4};
	char *small = huge_realloc(NULL, 0, 3), *large = huge_realloc(NULL, 0, HUGE_PAGE);

	(void)state;
	assert_true(small && large);
	memcpy(small, "abc", 3);
	memcpy(large, "def", 3);
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		assert_null(huge_realloc(small, 3, sizes[i]));
		assert_null(huge_realloc(large, HUGE_PAGE, sizes[i]));
	}
	assert_memory_equal(small, "abc", 3);
	assert_memory_equal(large, "def", 3);
	huge_free(small, 3);
	huge_free(large, HUGE_PAGE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_contents),
		cmocka_unit_test(test_too_much),
	};

	return cmocka_run_group_tests_name("huge", tests, NULL, NULL);
}
