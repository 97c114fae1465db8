/* SPDX-License-Identifier: ISC */
#include "test.h"

#include "series.h"

#define START (INT64_C(1795582800) / SERIES_STEP * SERIES_STEP)
#define LAST (SERIES_STEPS - 1)

static void
assert_sample(const struct series *s, int64_t now, size_t i, uint64_t last, uint64_t min, uint64_t max)
{
	const struct series_sample *sample = series_at(s, now, i);

	assert_non_null(sample);
	assert_int_equal(sample->last, last);
	assert_int_equal(sample->min, min);
	assert_int_equal(sample->max, max);
}

static size_t
filled(const struct series *s, int64_t now)
{
	size_t n = 0;

	for (size_t i = 0; i < SERIES_STEPS; i++)
		n += series_at(s, now, i) != NULL;
	return n;
}

static void
test_empty(void **state)
{
	struct series s;

	(void)state;
	series_init(&s);
	assert_int_equal(filled(&s, START), 0);
	assert_int_equal(filled(&s, 0), 0);
	assert_int_equal(filled(&s, -1), 0);
	assert_int_equal(series_time(START, LAST), START);
	assert_int_equal(series_time(START + SERIES_STEP - 1, LAST), START);
	assert_int_equal(series_time(START, 0), START - LAST * SERIES_STEP);
}

static void
test_steps(void **state)
{
	struct series s;

	(void)state;
	series_init(&s);
	series_add(&s, START, 10);
	series_add(&s, START + 1, 30);
	series_add(&s, START + SERIES_STEP - 1, 20);
	assert_sample(&s, START, LAST, 20, 10, 30);
	series_add(&s, START + SERIES_STEP, 0);
	assert_sample(&s, START + SERIES_STEP, LAST, 0, 0, 0);
	assert_sample(&s, START + SERIES_STEP, LAST - 1, 20, 10, 30);
	/* A gap of two steps. */
	series_add(&s, START + 4 * SERIES_STEP, 5);
	assert_null(series_at(&s, START + 4 * SERIES_STEP, LAST - 1));
	assert_null(series_at(&s, START + 4 * SERIES_STEP, LAST - 2));
	assert_sample(&s, START + 4 * SERIES_STEP, LAST - 3, 0, 0, 0);
	/* Nobody has added anything since. */
	assert_null(series_at(&s, START + 5 * SERIES_STEP, LAST));
	assert_sample(&s, START + 5 * SERIES_STEP, LAST - 1, 5, 5, 5);
	assert_int_equal(filled(&s, START + 4 * SERIES_STEP + 86400), 0);
}

static void
test_day(void **state)
{
	struct series s;
	int64_t now = START;

	(void)state;
	series_init(&s);
	for (uint64_t i = 0; i < 1000; i++, now += SERIES_STEP)
		series_add(&s, now, i);
	now -= SERIES_STEP;
	assert_int_equal(filled(&s, now), SERIES_STEPS);
	for (size_t i = 0; i < SERIES_STEPS; i++)
		assert_sample(&s, now, i, 1000 - SERIES_STEPS + i, 1000 - SERIES_STEPS + i, 1000 - SERIES_STEPS + i);
	/* After more than a day nothing is left of it. */
	now += 86400 + 7 * SERIES_STEP;
	series_add(&s, now, 1);
	assert_int_equal(filled(&s, now), 1);
}

static void
test_clock_set_back(void **state)
{
	struct series s;

	(void)state;
	series_init(&s);
	for (int i = 0; i < 10; i++)
		series_add(&s, START + i * SERIES_STEP, 100 + (uint64_t)i);
	series_add(&s, START + 4 * SERIES_STEP, 1);
	assert_int_equal(filled(&s, START + 4 * SERIES_STEP), 5);
	assert_sample(&s, START + 4 * SERIES_STEP, LAST, 1, 1, 104);
	assert_int_equal(filled(&s, START + 9 * SERIES_STEP), 5);
	/* By years, and by more than there is. */
	series_add(&s, 1000, 2);
	assert_int_equal(filled(&s, 1000), 1);
	series_add(&s, INT64_MIN, 3);
	assert_int_equal(filled(&s, -5), 1);
	series_add(&s, INT64_MAX, 4);
	assert_int_equal(filled(&s, INT64_MAX), 1);
}

/* Against a list of all that was ever added. */
static void
test_model(void **state)
{
	enum { ALL = 2000 };
	static struct series_sample all[ALL];
	struct rng rng = {3};
	struct series s;
	int64_t step = ALL / 2;

	(void)state;
	series_init(&s);
	for (int round = 0; round < ROUNDS(3000); round++) {
		uint64_t value = rng_below(&rng, 100);
		struct series_sample *m;

		step += (int64_t)rng_below(&rng, 60) ? (int64_t)rng_below(&rng, 3) : (int64_t)rng_below(&rng, 700) - 500;
		step = step < 0 ? 0 : step % ALL;
		series_add(&s, step * SERIES_STEP + rng_below(&rng, SERIES_STEP), value);
		for (int64_t i = step + 1; i < ALL; i++)
			all[i].filled = false;
		m = &all[step];
		if (!m->filled)
			*m = (struct series_sample){value, value, value, true};
		m->last = value;
		m->min = value < m->min ? value : m->min;
		m->max = value > m->max ? value : m->max;
		/* What was a day ago may come back in the list, but not in the ring. */
		for (int64_t i = 0; i <= step - SERIES_STEPS; i++)
			all[i].filled = false;
		for (size_t i = 0; i < SERIES_STEPS; i++) {
			int64_t at = step - LAST + (int64_t)i;
			const struct series_sample *want = at >= 0 && all[at].filled ? &all[at] : NULL;

			if (want)
				assert_sample(&s, step * SERIES_STEP, i, want->last, want->min, want->max);
			else
				assert_null(series_at(&s, step * SERIES_STEP, i));
		}
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_steps),
		cmocka_unit_test(test_day),
		cmocka_unit_test(test_clock_set_back),
		cmocka_unit_test(test_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
