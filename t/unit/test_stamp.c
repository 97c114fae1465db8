/* SPDX-License-Identifier: ISC */
#include "test.h"

#include "stamp.h"

static void
test_parse(void **state)
{
	static const struct {
		const char *text;
		bool good;
		int64_t value;
	} cases[] = {
		{"1970-01-01T00:00:00Z", true, 0},
		{"1969-12-31T23:59:59Z", true, -1},
		{"2026-11-23T00:00:00Z", true, 1795392000},
		{"2023-11-07T22:35:00Z", true, 1699396500},
		{"2106-02-07T06:28:15Z", true, 4294967295},
		{"9999-12-31T23:59:59Z", true, 253402300799},
		{"0000-01-01T00:00:00Z", true, -62167219200},
		{"0001-01-01T00:00:00Z", true, -62135596800},
		/* Leap years: every fourth, not the hundredth, but the four hundredth. */
		{"2024-02-29T12:00:00Z", true, 1709208000},
		{"2023-02-29T12:00:00Z", false, 0},
		{"1900-02-29T00:00:00Z", false, 0},
		{"2000-02-29T00:00:00Z", true, 951782400},
		{"2000-03-01T00:00:00Z", true, 951868800},
		{"2100-02-29T00:00:00Z", false, 0},
		{"2400-02-29T00:00:00Z", true, 13574563200},
		/* A leap second is the next minute's first. */
		{"2016-12-31T23:59:60Z", true, 1483228800},
		{"2016-12-31T23:59:61Z", false, 0},
		/* Spellings that RFC 3339 leaves open. */
		{"2026-11-23t00:00:00z", true, 1795392000},
		{"2026-11-23 00:00:00Z", true, 1795392000},
		{"2026-11-23T00:00:00.5Z", true, 1795392000},
		{"2026-11-23T00:00:00.999999999999Z", true, 1795392000},
		{"2026-11-23T00:00:00.Z", false, 0},
		{"2026-11-23T00:00:00.5", false, 0},
		{"2026-11-23T01:00:00+01:00", true, 1795392000},
		{"2026-11-22T18:30:00-05:30", true, 1795392000},
		{"2026-11-23T00:00:00-00:00", true, 1795392000},
		{"2026-11-23T23:59:00.25+23:59", true, 1795392000},
		{"2026-11-23T00:00:00+24:00", false, 0},
		{"2026-11-23T00:00:00+01:60", false, 0},
		{"2026-11-23T00:00:00+0100", false, 0},
		{"2026-11-23T00:00:00+01", false, 0},
		{"2026-11-23T00:00:00", false, 0},
		{"2026-11-23T00:00:00Zx", false, 0},
		{"2026-11-23T00:00:00ZZ", false, 0},
		{"2026-11-23T00:00:00 Z", false, 0},
		/* Out of range, or not there. */
		{"2026-00-23T00:00:00Z", false, 0},
		{"2026-13-23T00:00:00Z", false, 0},
		{"2026-11-00T00:00:00Z", false, 0},
		{"2026-11-31T00:00:00Z", false, 0},
		{"2026-12-31T00:00:00Z", true, 1798675200},
		{"2026-11-23T24:00:00Z", false, 0},
		{"2026-11-23T00:60:00Z", false, 0},
		{"2026-11-23", false, 0},
		{"26-11-23T00:00:00Z", false, 0},
		{"+026-11-23T00:00:00Z", false, 0},
		{"2026/11/23T00:00:00Z", false, 0},
		{"2026-11-23X00:00:00Z", false, 0},
		{"2026-1a-23T00:00:00Z", false, 0},
		{"2026-11-2-T00:00:00Z", false, 0},
		{"", false, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int64_t v = 77;

		assert_case(stamp_parse(cases[i].text, strlen(cases[i].text), &v) == cases[i].good, "'%s'", cases[i].text);
		assert_case(v == (cases[i].good ? cases[i].value : 77), "'%s' gives %lld", cases[i].text, (long long)v);
	}
}

static void
test_format(void **state)
{
	static const struct {
		int64_t when;
		const char *text;
	} cases[] = {
		{0, "1970-01-01T00:00:00Z"},
		{-1, "1969-12-31T23:59:59Z"},
		{1795392000, "2026-11-23T00:00:00Z"},
		{951782400, "2000-02-29T00:00:00Z"},
		{253402300799, "9999-12-31T23:59:59Z"},
		{-62167219200, "0000-01-01T00:00:00Z"},
		{-62135596801, "0000-12-31T23:59:59Z"},
		{-30610224000, "1000-01-01T00:00:00Z"},
		{-30610224001, "0999-12-31T23:59:59Z"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char text[STAMP_MAX];

		stamp_format(cases[i].when, text);
		assert_string_equal(text, cases[i].text);
	}
}

/* Whatever the number, twenty bytes and a NUL come out. */
static void
test_format_out_of_range(void **state)
{
	static const int64_t when[] = {253402300800, -62167219201, INT64_MAX, INT64_MIN, INT64_MAX / 2, STAMP_UNKNOWN};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(when); i++) {
		char text[STAMP_MAX];

		stamp_format(when[i], text);
		assert_int_equal(strlen(text), STAMP_MAX - 1);
	}
}

static void
test_round_trip(void **state)
{
	const int64_t lo = -62167219200, span = 253402300799 - lo + 1;
	struct rng rng = {2};

	(void)state;
	for (int i = 0; i < 50000; i++) {
		int64_t when = lo + (int64_t)(rng_next(&rng) % (uint64_t)span), back;
		char text[STAMP_MAX];

		stamp_format(when, text);
		assert_true(stamp_parse(text, STAMP_MAX - 1, &back));
		assert_true(back == when);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_format),
		cmocka_unit_test(test_format_out_of_range),
		cmocka_unit_test(test_round_trip),
	};

	return cmocka_run_group_tests_name("stamp", tests, NULL, NULL);
}
