/* SPDX-License-Identifier: ISC */
#include "test.h"

#include "compiler.h"
#include "utf8.h"

static void
test_length(void **state)
{
	static const struct {
		const char *text;
		size_t len, want;
	} cases[] = {
		{"a", 1, 1}, {"\0", 1, 1}, {"\x7f\x80", 2, 1}, {"\xc3\xa9x", 3, 2}, {"\xe2\x82\xac", 3, 3}, {"\xf4\x8f\xbf\xbf", 4, 4},
		/* Cut short, alone, longer than need be, a surrogate, too high. */
		{"\xe2\x82\xac", 2, 0}, {"\x80", 1, 0}, {"\xc3x", 2, 0}, {"\xc1\xbf", 2, 0}, {"\xe0\x9f\xbf", 3, 0},
		{"\xf0\x8f\xbf\xbf", 4, 0}, {"\xed\xa0\x80", 3, 0}, {"\xf4\x90\x80\x80", 4, 0}, {"\xf5\x80\x80\x80", 4, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_case(utf8_length((const unsigned char *)cases[i].text, cases[i].len) == cases[i].want, "%zu", i);
}

static void
test_control(void **state)
{
	(void)state;
	assert_true(utf8_is_control((const unsigned char *)"\x1b"));
	assert_true(utf8_is_control((const unsigned char *)"\x7f"));
	assert_true(utf8_is_control((const unsigned char *)"\xc2\x9f"));
	assert_false(utf8_is_control((const unsigned char *)" "));
	assert_false(utf8_is_control((const unsigned char *)"\xc2\xa0"));
	assert_false(utf8_is_control((const unsigned char *)"\xc3\x80"));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_length),
		cmocka_unit_test(test_control),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
