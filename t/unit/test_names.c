/* SPDX-License-Identifier: ISC */
#include "test.h"

#include "names.h"

static int
token(struct names *n, const char *s)
{
	return names_token(n, s, strlen(s));
}

static int
raw(struct names *n, const char *s)
{
	return names_raw(n, s, strlen(s));
}

static void
test_unknown(void **state)
{
	struct names *n = names_new();
	size_t len;

	(void)state;
	assert_int_equal(names_count(n), 1);
	assert_int_equal(token(n, ""), 0);
	assert_int_equal(token(n, "-"), 0);
	assert_int_equal(raw(n, ""), 0);
	assert_int_equal(raw(n, "-"), 0);
	assert_string_equal(names_get(n, 0, &len), "-");
	assert_int_equal(len, 1);
	assert_int_equal(names_count(n), 1);
	names_unref(n);
}

static void
test_numbers(void **state)
{
	static const char *const names[] = {"apnic", "ripe", "arin", "apni", "apnicc", "--", "RIPE", "a%20b", "!", "~"};
	struct names *n = names_new();

	(void)state;
	for (int round = 0; round < 3; round++)
		for (size_t i = 0; i < ARRAY_LEN(names); i++)
			assert_case(token(n, names[i]) == (int)i + 1, "'%s'", names[i]);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		size_t len;

		assert_string_equal(names_get(n, (uint16_t)(i + 1), &len), names[i]);
		assert_int_equal(len, strlen(names[i]));
		assert_string_equal(names_get(n, (uint16_t)(i + 1), NULL), names[i]);
	}
	assert_int_equal(names_count(n), ARRAY_LEN(names) + 1);
	names_unref(n);
}

/* The caller's bytes are copied, and only len of them. */
static void
test_copies(void **state)
{
	struct names *n = names_new();
	char text[] = "apnicXXXX";

	(void)state;
	assert_int_equal(names_token(n, text, 5), 1);
	memset(text, 'z', 5);
	assert_string_equal(names_get(n, 1, NULL), "apnic");
	assert_int_equal(token(n, "apnic"), 1);
	names_unref(n);
}

static void
test_raw_is_encoded(void **state)
{
	static const char *const cases[][2] = {
		{"APNIC RPKI Root", "APNIC%20RPKI%20Root"}, {"100%", "100%25"}, {"a%20b", "a%2520b"},
		{"tab\there", "tab%09here"}, {"r\xc3\xa9seau", "r%C3%A9seau"}, {"plain", "plain"}, {" ", "%20"},
	};
	struct names *n = names_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int id = raw(n, cases[i][0]);

		assert_case(id == (int)i + 1, "'%s'", cases[i][0]);
		assert_string_equal(names_get(n, (uint16_t)id, NULL), cases[i][1]);
		assert_int_equal(token(n, cases[i][1]), id);
	}
	assert_int_equal(names_raw(n, "a\0b", 3), (int)ARRAY_LEN(cases) + 1);
	assert_string_equal(names_get(n, ARRAY_LEN(cases) + 1, NULL), "a%00b");
	names_unref(n);
}

static void
test_refused(void **state)
{
	static const char *const cases[] = {"a b", "a\tb", "\x01", "\x7f", "a\xc3", " ", "a\n"};
	struct names *n = names_new();
	char text[NAME_LEN_MAX + 2];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_case(token(n, cases[i]) == -1, "'%s'", cases[i]);
	assert_int_equal(names_token(n, "a\0b", 3), -1);
	memset(text, 'x', sizeof(text));
	assert_int_equal(names_token(n, text, NAME_LEN_MAX + 1), -1);
	assert_int_equal(names_raw(n, text, NAME_LEN_MAX + 1), -1);
	assert_int_equal(names_count(n), 1);
	assert_int_equal(names_token(n, text, NAME_LEN_MAX), 1);
	assert_int_equal(names_raw(n, text, NAME_LEN_MAX), 1);
	/* The limit is the token's: each blank takes three bytes of it. */
	memset(text, ' ', sizeof(text));
	assert_int_equal(names_raw(n, text, NAME_LEN_MAX / 3), 2);
	assert_int_equal(names_raw(n, text, NAME_LEN_MAX / 3 + 1), -1);
	assert_int_equal(names_count(n), 3);
	names_unref(n);
}

/* Full to the last number, and every name is found again among the collisions. */
static void
test_full(void **state)
{
	struct names *n = names_new();
	char text[32];

	(void)state;
	for (int i = 1; i < NAMES_MAX; i++) {
		snprintf(text, sizeof(text), "anchor-%d", i * 7919);
		assert_int_equal(token(n, text), i);
	}
	assert_int_equal(names_count(n), NAMES_MAX);
	assert_int_equal(token(n, "one-more"), -1);
	assert_int_equal(raw(n, "one more"), -1);
	assert_int_equal(token(n, "-"), 0);
	for (int i = NAMES_MAX - 1; i > 0; i--) {
		snprintf(text, sizeof(text), "anchor-%d", i * 7919);
		assert_int_equal(token(n, text), i);
		assert_string_equal(names_get(n, (uint16_t)i, NULL), text);
	}
	assert_int_equal(names_count(n), NAMES_MAX);
	names_unref(n);
}

/* Names that all fall into one bucket of the hash (FNV-1a, 8,192 buckets) are still told apart. */
static void
test_collisions(void **state)
{
	struct names *n = names_new();
	char found[40][16];
	size_t count = 0;

	(void)state;
	for (unsigned i = 0; count < ARRAY_LEN(found); i++) {
		uint32_t hash = 2166136261U;
		char text[16];

		snprintf(text, sizeof(text), "%u", i);
		for (const char *p = text; *p; p++)
			hash = (hash ^ (unsigned char)*p) * 16777619U;
		if ((hash & 8191) == 8190)
			memcpy(found[count++], text, sizeof(text));
	}
	for (size_t i = 0; i < count; i++)
		assert_int_equal(token(n, found[i]), (int)i + 1);
	for (size_t i = count; i-- > 0;)
		assert_int_equal(token(n, found[i]), (int)i + 1);
	names_unref(n);
}

static void
test_references(void **state)
{
	struct names *n = names_new(), *again;

	(void)state;
	again = names_ref(n);
	assert_ptr_equal(again, n);
	assert_int_equal(token(n, "apnic"), 1);
	names_unref(n);
	assert_string_equal(names_get(again, 1, NULL), "apnic");
	names_unref(again);
	names_unref(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unknown),	   cmocka_unit_test(test_numbers), cmocka_unit_test(test_copies),
		cmocka_unit_test(test_raw_is_encoded), cmocka_unit_test(test_refused), cmocka_unit_test(test_full),
		cmocka_unit_test(test_collisions), cmocka_unit_test(test_references),
	};

	return cmocka_run_group_tests_name("names", tests, NULL, NULL);
}
