/* SPDX-License-Identifier: ISC */
#include "sets.h"

#include "lifetime.h"

#define T0 INT64_C(1000)

struct fixture {
	struct names *names;
	struct lifetime life;
};

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	*state = f;
	f->life = (struct lifetime)LIFETIME_INIT;
	return (f->names = names_new()) ? 0 : -1;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	lifetime_release(&f->life);
	names_unref(f->names);
	free(f);
	return 0;
}

static void
take(struct fixture *f, const char *lines, int64_t date, int64_t now)
{
	struct vrpset *set = set_of(f->names, lines);

	assert_int_equal(lifetime_take(&f->life, set, date, now), 0);
	vrpset_unref(set);
}

static void
tick(struct fixture *f, int64_t now)
{
	assert_int_equal(lifetime_tick(&f->life, now), 0);
}

static void
assert_live(const struct fixture *f, const char *lines)
{
	char *text = set_text(f->life.live);

	assert_string_equal(text, lines);
	free(text);
}

static void
test_nothing(void **state)
{
	struct fixture *f = *state;

	assert_true(lifetime_deadline(&f->life) == LIFETIME_NEVER);
	tick(f, T0);
	assert_null(f->life.live);
	take(f, "1.0.0.0/24 24 1", STAMP_UNKNOWN, T0);
	assert_true(f->life.live == f->life.all);
	assert_true(lifetime_deadline(&f->life) == LIFETIME_NEVER);
}

static void
test_records_expire(void **state)
{
	struct fixture *f = *state;

	take(f, "1.0.0.0/24 24 1 - 1005\n2.0.0.0/24 24 1 - 1006\n3.0.0.0/24 24 1", STAMP_UNKNOWN, T0);
	assert_true(lifetime_deadline(&f->life) == 1005);
	tick(f, 1004);
	assert_true(f->life.live == f->life.all);
	tick(f, 1005);
	assert_live(f, "2.0.0.0/24 24 AS1 - 1006\n3.0.0.0/24 24 AS1 - -\n");
	/* The next so soon waits. */
	assert_true(lifetime_deadline(&f->life) == 1005 + LIFETIME_SPACING);
	tick(f, 1010);
	assert_int_equal(vrpset_count(f->life.live), 2);
	tick(f, 1015);
	assert_live(f, "3.0.0.0/24 24 AS1 - -\n");
	assert_int_equal(vrpset_count(f->life.all), 3);
	assert_false(f->life.aged);
	/* What has expired when it comes is never seen, and no withdrawal. */
	take(f, "1.0.0.0/24 24 1 - 1005\n2.0.0.0/24 24 1 - 1100", STAMP_UNKNOWN, 1020);
	assert_live(f, "2.0.0.0/24 24 AS1 - 1100\n");
	assert_true(lifetime_deadline(&f->life) == 1100);
}

static void
test_all_ages(void **state)
{
	struct fixture *f = *state;

	f->life.max_age = 60;
	take(f, "1.0.0.0/24 24 1 - 1050\n2.0.0.0/24 24 1", T0, T0);
	assert_true(lifetime_deadline(&f->life) == 1050);
	tick(f, 1050);
	assert_true(lifetime_deadline(&f->life) == 1061);
	tick(f, 1060);
	assert_false(f->life.aged);
	tick(f, 1061);
	assert_true(f->life.aged);
	assert_live(f, "");
	assert_true(lifetime_deadline(&f->life) == LIFETIME_NEVER);
	/* The same with another date, and with none. */
	assert_int_equal(lifetime_take(&f->life, f->life.all, 1061, 1061), 0);
	assert_live(f, "2.0.0.0/24 24 AS1 - -\n");
	assert_true(lifetime_deadline(&f->life) == 1122);
	assert_int_equal(lifetime_take(&f->life, f->life.all, STAMP_UNKNOWN, 1061), 0);
	assert_true(lifetime_deadline(&f->life) == LIFETIME_NEVER);
	assert_true(lifetime_too_old(&f->life, T0, 1061));
	assert_false(lifetime_too_old(&f->life, T0, 1060));
	assert_false(lifetime_too_old(&f->life, STAMP_UNKNOWN, INT64_MAX));
	f->life.max_age = 0;
	assert_false(lifetime_too_old(&f->life, T0, INT64_MAX));
}

static void
test_clock_goes_back(void **state)
{
	struct fixture *f = *state;

	f->life.max_age = 60;
	take(f, "1.0.0.0/24 24 1 - 1010", T0, T0);
	tick(f, 2000);
	assert_true(f->life.aged);
	tick(f, 1005);
	assert_false(f->life.aged);
	assert_live(f, "1.0.0.0/24 24 AS1 - 1010\n");
	assert_true(lifetime_deadline(&f->life) >= 1010);
	assert_true(lifetime_deadline(&f->life) <= 1005 + LIFETIME_SPACING);
}

static void
test_expiries_that_are_ignored(void **state)
{
	struct fixture *f = *state;

	f->life.ignore_expiry = true;
	take(f, "1.0.0.0/24 24 1 - 5", STAMP_UNKNOWN, T0);
	assert_true(f->life.live == f->life.all);
	assert_true(lifetime_deadline(&f->life) == LIFETIME_NEVER);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_records_expire, setup, teardown),
		cmocka_unit_test_setup_teardown(test_all_ages, setup, teardown),
		cmocka_unit_test_setup_teardown(test_clock_goes_back, setup, teardown),
		cmocka_unit_test_setup_teardown(test_expiries_that_are_ignored, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
