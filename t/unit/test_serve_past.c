/* SPDX-License-Identifier: ISC */
#include "sets.h"

#include "serve_past.h"

#define NOW INT64_C(1795582800)

/* What a board would have: the table of n records at a serial, and the steps that led there, each from the serial before it. */
static struct serve_view
view_of(struct names *names, uint32_t serial, const char *lines, size_t steps)
{
	struct serve_view v = {.now = NOW + serial, .snapshot = rtr_snapshot_new(steps)};

	assert_non_null(v.snapshot);
	v.snapshot->set = set_of(names, lines);
	v.snapshot->serial = serial;
	v.snapshot->committed = NOW + serial;
	for (size_t i = 0; i < steps; i++) {
		v.snapshot->from[i] = serial - (uint32_t)(steps - i);
		v.snapshot->steps[i].announced = set_of(names, "10.0.0.0/8 8 1\n11.0.0.0/8 8 1\n");
		v.snapshot->steps[i].withdrawn = set_of(names, "12.0.0.0/8 8 1\n");
	}
	return v;
}

static void
note(struct serve_past *p, struct names *names, uint32_t serial, const char *lines, size_t steps)
{
	struct serve_view v = view_of(names, serial, lines, steps);

	serve_past_note(p, &v);
	serve_past_note(p, &v);
	serve_view_release(&v);
}

static void
test_changes(void **state)
{
	struct names *names = names_new();
	struct serve_past p;
	struct serve_view none = {.now = NOW};
	const struct serve_change *c;

	(void)state;
	serve_past_init(&p);
	serve_past_note(&p, &none);
	assert_null(serve_past_change(&p, 0));
	assert_null(series_at(&p.records, NOW, SERIES_STEPS - 1));

	/* A first table, whatever history came with it. */
	note(&p, names, 7, "10.0.0.0/8 8 1\n", 3);
	c = serve_past_change(&p, 0);
	assert_true(c->whole);
	assert_int_equal(c->serial, 7);
	assert_int_equal(c->records, 1);
	assert_int_equal(c->time, NOW + 7);
	assert_null(serve_past_change(&p, 1));

	/* Two changes since. */
	note(&p, names, 9, "10.0.0.0/8 8 1\n11.0.0.0/8 8 1\n13.0.0.0/8 8 1\n", 5);
	c = serve_past_change(&p, 0);
	assert_false(c->whole);
	assert_int_equal(c->serial, 9);
	assert_int_equal(c->announced, 2);
	assert_int_equal(c->withdrawn, 1);
	assert_int_equal(c->records, 3);
	c = serve_past_change(&p, 1);
	assert_int_equal(c->serial, 8);
	assert_int_equal(c->records, 2);
	assert_int_equal(serve_past_change(&p, 2)->serial, 7);
	assert_null(serve_past_change(&p, 3));

	/* The history is gone. */
	note(&p, names, 12, "", 2);
	assert_true(serve_past_change(&p, 0)->whole);
	assert_int_equal(series_at(&p.records, NOW, SERIES_STEPS - 1)->last, 0);
	assert_int_equal(series_at(&p.records, NOW, SERIES_STEPS - 1)->max, 3);
	names_unref(names);
}

static void
test_ring(void **state)
{
	struct names *names = names_new();
	struct serve_past p;

	(void)state;
	serve_past_init(&p);
	for (uint32_t serial = 1; serial < 100; serial++)
		note(&p, names, serial, "10.0.0.0/8 8 1\n", serial > 1);
	for (size_t i = 0; i < SERVE_CHANGES; i++)
		assert_int_equal(serve_past_change(&p, i)->serial, 99 - i);
	assert_null(serve_past_change(&p, SERVE_CHANGES));
	/* More at once than there is room for. */
	note(&p, names, 150, "10.0.0.0/8 8 1\n", 51);
	for (size_t i = 0; i < SERVE_CHANGES; i++)
		assert_int_equal(serve_past_change(&p, i)->serial, 150 - i);
	names_unref(names);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_changes),
		cmocka_unit_test(test_ring),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
