/* SPDX-License-Identifier: ISC */
#include "sets.h"

#include "chart.h"

#define START (INT64_C(1795582800) / SERIES_STEP * SERIES_STEP)	/* 2026-11-25T05:00:00Z */

static void
test_axis(void **state)
{
	static const struct {
		uint64_t lo, hi, from, to, step;
	} cases[] = {
		{0, 0, 0, 4, 2},
		{0, 1, 0, 4, 2},
		{1, 1, 0, 4, 2},
		{0, 100, 0, 100, 50},
		{10, 100, 0, 100, 50},
		{60, 100, 60, 100, 20},
		/* Less than a hundredth is not more than that. */
		{812000, 812000, 805000, 820000, 5000},
		{812000, 812100, 805000, 820000, 5000},
		{800000, 880000, 800000, 900000, 50000},
		{0, UINT64_MAX, 0, UINT64_C(1000000000000000000), UINT64_C(500000000000000000)},
		{UINT64_MAX, UINT64_MAX, UINT64_C(995000000000000000), UINT64_C(1005000000000000000), UINT64_C(5000000000000000)},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		uint64_t from, to, step;

		chart_axis(cases[i].lo, cases[i].hi, &from, &to, &step);
		assert_int_equal(from, cases[i].from);
		assert_int_equal(to, cases[i].to);
		assert_int_equal(step, cases[i].step);
	}
}

/* Any two values lie on their axis, which has 2 to 6 lines at multiples of a step of 1, 2 or 5. */
static void
test_axis_random(void **state)
{
	struct rng rng = {5};

	(void)state;
	for (int round = 0; round < 10000; round++) {
		uint64_t a = rng_next(&rng) >> (5 + rng_below(&rng, 59)), b = rng_below(&rng, 3) ? a + rng_below(&rng, 100) : rng_next(&rng) >> 6;
		uint64_t lo = a < b ? a : b, hi = a < b ? b : a, from, to, step, digit;

		if (hi > UINT64_C(1000000000000000000))
			continue;
		chart_axis(lo, hi, &from, &to, &step);
		assert_case(from <= lo && to >= hi && from < to, "%zu %zu: %zu to %zu", (size_t)lo, (size_t)hi, (size_t)from, (size_t)to);
		assert_int_equal(from % step, 0);
		assert_int_equal(to % step, 0);
		assert_case(to - from >= 2 * step && to - from <= 5 * step, "%zu %zu: %zu to %zu by %zu", (size_t)lo, (size_t)hi,
			    (size_t)from, (size_t)to, (size_t)step);
		for (digit = step; digit >= 10; digit /= 10)
			assert_int_equal(digit % 10, 0);
		assert_true(digit == 1 || digit == 2 || digit == 5);
	}
}

static char *
chart_of(const struct series *s, int64_t now)
{
	struct out o = memory_out();

	chart_write(&o, "day", "VRPs, last 24 hours", s, now);
	return memory_done(&o, NULL);
}

/* How often a text is there. */
static size_t
times(const char *text, const char *what)
{
	size_t n = 0;

	for (text = strstr(text, what); text; text = strstr(text + 1, what))
		n++;
	return n;
}

static void
test_nothing(void **state)
{
	struct series s;
	char *got;

	(void)state;
	series_init(&s);
	got = chart_of(&s, START);
	assert_non_null(strstr(got, "<title id=\"day-title\">VRPs, last 24 hours</title>"));
	assert_non_null(strstr(got, "<desc id=\"day-words\">Nothing is known yet.</desc>"));
	assert_int_equal(times(got, " d=\"\""), 2);
	assert_null(strstr(got, "nan"));
	assert_null(strstr(got, "inf"));
	free(got);
}

static void
test_line(void **state)
{
	struct series s;
	char *got;

	(void)state;
	series_init(&s);
	/* Two steps, two of nothing, one alone. */
	series_add(&s, START - 4 * SERIES_STEP, 1000);
	series_add(&s, START - 3 * SERIES_STEP, 2000);
	series_add(&s, START, 1000);
	series_add(&s, START + 1, 1500);
	got = chart_of(&s, START + 2);
	assert_non_null(strstr(got, "<desc id=\"day-words\">1,500 at last. Lowest 1,000 at 04:40, highest 2,000 at 04:45 UTC."
				    " Nothing is known of 23 h 45 min of the 24 hours.</desc>"));
	assert_non_null(strstr(got, "class=\"curve\" vector-effect=\"non-scaling-stroke\" d=\"M283 "));
	assert_int_equal(times(got, "M287 "), 2);
	assert_int_equal(times(got, "h0\""), 1);
	assert_non_null(strstr(got, ">06:00</text>"));
	assert_non_null(strstr(got, ">18:00</text>"));
	assert_non_null(strstr(got, ">1,500</text>"));
	free(got);
}

/* A full day: nothing to say of gaps, one line, four hours below it. */
static void
test_day(void **state)
{
	struct series s;
	char *got;

	(void)state;
	series_init(&s);
	for (int64_t i = -300; i <= 0; i++)
		series_add(&s, START + i * SERIES_STEP, 812000 + (uint64_t)(i + 300));
	got = chart_of(&s, START);
	assert_null(strstr(got, "Nothing is known"));
	assert_int_equal(times(got, "d=\"M0 "), 2);
	assert_int_equal(times(got, "M"), 2);
	assert_int_equal(times(got, ":00</text>"), 4);
	assert_true(strlen(got) < 16384);
	free(got);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_axis),
		cmocka_unit_test(test_axis_random),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_line),
		cmocka_unit_test(test_day),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
