/* SPDX-License-Identifier: ISC */
#include "sets.h"

#include "refresh.h"

#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)

#define NOON INT64_C(1795953600)	/* 2026-11-29T12:00:00Z */

/* The random numbers: what stays in the middle spreads nothing. */
#define MIDDLE UINT32_C(0x80000000)

struct fixture {
	struct names *names;
	struct refresh *r;
	uint32_t random;
	struct rng *rng;	/* instead of random, unless NULL */
	int64_t now;
};

static uint32_t
draw(void *ctx)
{
	struct fixture *f = ctx;

	return f->rng ? (uint32_t)rng_next(f->rng) : f->random;
}

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	*state = f;
	if (!f)
		return -1;
	f->random = MIDDLE;
	return (f->names = names_new()) ? 0 : -1;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	refresh_free(f->r);
	names_unref(f->names);
	free(f);
	return 0;
}

static void
begin_with(struct fixture *f, const struct refresh_config *config)
{
	struct refresh_config own = *config;

	own.random = draw;
	own.ctx = f;
	refresh_free(f->r);
	f->r = refresh_new(&own);
	f->now = 0;
	assert_non_null(f->r);
}

static void
begin(struct fixture *f, size_t sources, int64_t interval)
{
	begin_with(f, &(struct refresh_config){.sources = sources, .interval = interval});
}

/* Time goes on until a source is due, and it is this one. */
static void
assert_due(struct fixture *f, int64_t at, int source)
{
	int next = refresh_next(f->r, f->now);

	if (next < 0) {
		assert_true(refresh_deadline(f->r) > f->now);
		f->now = refresh_deadline(f->r);
		next = refresh_next(f->r, f->now);
	}
	assert_int_equal(next, source);
	assert_int_equal(f->now, at);
}

static void
assert_idle(struct fixture *f, int64_t until)
{
	assert_int_equal(refresh_next(f->r, f->now), -1);
	assert_int_equal(refresh_deadline(f->r), until);
}

/* ---- the schedule */

static void
test_one_source(void **state)
{
	struct fixture *f = *state;

	begin(f, 1, 10 * MINUTE);
	assert_due(f, 0, 0);
	assert_int_equal(refresh_worked(f->r, 0, 2 * SECOND), 0);
	f->now = 2 * SECOND;
	assert_idle(f, 10 * MINUTE + 2 * SECOND);
	f->now = 10 * MINUTE + SECOND;
	assert_idle(f, 10 * MINUTE + 2 * SECOND);
	assert_due(f, 10 * MINUTE + 2 * SECOND, 0);
}

static void
test_backoff_doubles_up_to_the_interval(void **state)
{
	static const int64_t waits[] = {10, 20, 40, 80, 160, 320, 600, 600, 600};
	struct fixture *f = *state;
	int64_t at = 0;

	begin(f, 1, 10 * MINUTE);
	for (size_t i = 0; i < ARRAY_LEN(waits); i++) {
		assert_due(f, at, 0);
		assert_int_equal(refresh_failed(f->r, 0, f->now, 0), waits[i] * SECOND);
		at = f->now + waits[i] * SECOND;
		assert_idle(f, at);
	}
	assert_due(f, at, 0);
	assert_int_equal(refresh_worked(f->r, 0, f->now), ARRAY_LEN(waits));
	assert_due(f, at + 10 * MINUTE, 0);
	/* From the beginning again. */
	assert_int_equal(refresh_failed(f->r, 0, f->now, 0), 10 * SECOND);
	assert_int_equal(refresh_worked(f->r, 0, f->now), 1);
}

static void
test_backoff_of_a_short_interval(void **state)
{
	struct fixture *f = *state;

	begin(f, 1, 3 * SECOND);
	for (int i = 0; i < 100; i++)
		assert_int_equal(refresh_failed(f->r, 0, 0, 0), 3 * SECOND);
}

static void
test_spread(void **state)
{
	struct fixture *f = *state;
	struct rng rng = {7};
	int64_t lo = INT64_MAX, hi = 0;

	begin(f, 1, 100 * MINUTE);
	f->random = 0;
	assert_int_equal(refresh_failed(f->r, 0, 0, 0), 7500);
	refresh_worked(f->r, 0, 0);
	assert_idle(f, 95 * MINUTE);
	f->random = UINT32_MAX;
	assert_in_range(refresh_failed(f->r, 0, 0, 0), 12499, 12500);
	refresh_worked(f->r, 0, 0);
	assert_in_range(refresh_deadline(f->r), 105 * MINUTE - 1, 105 * MINUTE);
	/* A thousand that begin together don't stay together. */
	f->rng = &rng;
	for (int i = 0; i < 1000; i++) {
		refresh_worked(f->r, 0, 0);
		assert_in_range(refresh_deadline(f->r), 95 * MINUTE, 105 * MINUTE);
		lo = refresh_deadline(f->r) < lo ? refresh_deadline(f->r) : lo;
		hi = refresh_deadline(f->r) > hi ? refresh_deadline(f->r) : hi;
	}
	assert_true(hi - lo > 9 * MINUTE);
}

static void
test_retry_after(void **state)
{
	struct fixture *f = *state;

	begin(f, 1, 10 * MINUTE);
	/* Never sooner than our own wait, never sooner than the server wants, however chance falls. */
	assert_int_equal(refresh_failed(f->r, 0, 0, 1), 10 * SECOND);
	f->random = 0;
	assert_int_equal(refresh_failed(f->r, 0, 0, 120), 120 * SECOND);
	assert_idle(f, 120 * SECOND);
	f->random = UINT32_MAX;
	assert_in_range(refresh_failed(f->r, 0, 0, 120), 150 * SECOND - 1, 150 * SECOND);
	/* Longer than the interval, but not for ever. */
	f->random = 0;
	assert_int_equal(refresh_failed(f->r, 0, 0, 3600), HOUR);
	assert_int_equal(refresh_failed(f->r, 0, 0, UINT32_MAX), REFRESH_RETRY_AFTER_MAX);
	/* Whoever sends SIGHUP knows better. */
	assert_int_equal(refresh_next(f->r, 0), -1);
	refresh_hurry(f->r);
	assert_int_equal(refresh_next(f->r, 0), 0);
}

static void
test_fail_over_and_return(void **state)
{
	struct fixture *f = *state;

	begin(f, 3, 10 * MINUTE);
	assert_due(f, 0, 0);
	refresh_worked(f->r, 0, 0);
	/* The others are not asked while the first works. */
	assert_due(f, 10 * MINUTE, 0);
	refresh_failed(f->r, 0, f->now, 0);
	assert_due(f, 10 * MINUTE, 1);
	refresh_worked(f->r, 1, f->now);
	/* The first is tried when its wait is over, the second in its own time, the third never. */
	assert_due(f, 10 * MINUTE + 10 * SECOND, 0);
	refresh_failed(f->r, 0, f->now, 0);
	assert_idle(f, 10 * MINUTE + 30 * SECOND);
	assert_due(f, 10 * MINUTE + 30 * SECOND, 0);
	refresh_failed(f->r, 0, f->now, 0);
	assert_due(f, 11 * MINUTE + 10 * SECOND, 0);
	f->random = 0;
	refresh_failed(f->r, 0, f->now, 3600);
	f->random = MIDDLE;
	assert_due(f, 20 * MINUTE, 1);
	refresh_worked(f->r, 1, f->now);
	assert_due(f, 30 * MINUTE, 1);
	refresh_worked(f->r, 1, f->now);
	f->now = 71 * MINUTE + 10 * SECOND;
	/* Both are due: preference decides, and the second is left alone from then on ... */
	assert_due(f, 71 * MINUTE + 10 * SECOND, 0);
	assert_int_equal(refresh_worked(f->r, 0, f->now), 4);
	assert_due(f, 81 * MINUTE + 10 * SECOND, 0);
	refresh_worked(f->r, 0, f->now);
	assert_due(f, 91 * MINUTE + 10 * SECOND, 0);
	/* ... but there at once when it is needed. */
	refresh_failed(f->r, 0, f->now, 0);
	assert_due(f, 91 * MINUTE + 10 * SECOND, 1);
}

/* The second gave a table a moment ago; the first came back, and is gone again. */
static void
test_former_source_is_there_at_once(void **state)
{
	struct fixture *f = *state;

	begin(f, 2, 10 * MINUTE);
	refresh_failed(f->r, 0, 0, 0);
	assert_due(f, 0, 1);
	refresh_worked(f->r, 1, 0);
	assert_due(f, 10 * SECOND, 0);
	refresh_worked(f->r, 0, f->now);
	refresh_hurry(f->r);
	assert_due(f, 10 * SECOND, 0);
	refresh_failed(f->r, 0, f->now, 0);
	assert_due(f, 10 * SECOND, 1);
}

/* However slow the sources before it are, the last one's turn comes in the same pass. */
static void
test_slow_failures_starve_nobody(void **state)
{
	struct fixture *f = *state;

	begin(f, 3, 10 * MINUTE);
	assert_due(f, 0, 0);
	f->now += 5 * MINUTE;
	refresh_failed(f->r, 0, f->now, 0);
	assert_due(f, 5 * MINUTE, 1);
	f->now += 5 * MINUTE;
	refresh_failed(f->r, 1, f->now, 0);
	assert_due(f, 10 * MINUTE, 2);
	f->now += 5 * MINUTE;
	refresh_failed(f->r, 2, f->now, 0);
	/* The pass is over, the first and the second are due again. */
	assert_int_equal(refresh_next(f->r, f->now), -1);
	assert_true(refresh_deadline(f->r) <= f->now);
	assert_int_equal(refresh_next(f->r, f->now), 0);
}

static void
test_all_fail(void **state)
{
	struct fixture *f = *state;

	begin(f, 2, 10 * MINUTE);
	assert_due(f, 0, 0);
	refresh_failed(f->r, 0, 0, 0);
	assert_due(f, 0, 1);
	refresh_failed(f->r, 1, 0, 60);
	assert_idle(f, 10 * SECOND);
	assert_due(f, 10 * SECOND, 0);
	refresh_failed(f->r, 0, f->now, 0);
	/* The second waits for what its server asked for. */
	assert_idle(f, 30 * SECOND);
	assert_due(f, 30 * SECOND, 0);
	refresh_failed(f->r, 0, f->now, 0);
	assert_due(f, 67 * SECOND + 500, 1);
}

/* SIGHUP within a pass begins another. */
static void
test_hurry(void **state)
{
	struct fixture *f = *state;

	begin(f, 2, 10 * MINUTE);
	refresh_failed(f->r, 0, 0, 0);
	assert_due(f, 0, 1);
	refresh_hurry(f->r);
	assert_due(f, 0, 0);
	refresh_worked(f->r, 0, 0);
	f->now = MINUTE;
	assert_idle(f, 10 * MINUTE);
	refresh_hurry(f->r);
	assert_due(f, MINUTE, 0);
}

/*
 * Sources that come and go at random, for a simulated week: nobody is asked
 * before its time, no source is passed over for a less preferred one, and none
 * is ever left alone for longer than the rules allow.
 */
static void
test_random_weather(void **state)
{
	enum { SOURCES = 4 };
	struct fixture *f = *state;
	struct rng rng = {42};
	int64_t interval = 10 * MINUTE, end = 7 * 24 * HOUR, due[SOURCES] = {0}, asked[SOURCES] = {0};
	bool up[SOURCES] = {true, true, true, true};
	int working = -1, asks = 0;
	int64_t pass = 0;	/* when it began */

	begin(f, SOURCES, interval);
	f->rng = &rng;
	while (f->now < end) {
		int source = refresh_next(f->r, f->now);

		for (int i = 0; i < SOURCES; i++)
			if (rng_below(&rng, 50) == 0)
				up[i] = !up[i];
		if (source < 0) {
			int64_t until = refresh_deadline(f->r);

			assert_true(until <= f->now + interval * 21 / 20 + 1);
			f->now = pass = until > f->now ? until : f->now;
			continue;
		}
		asks++;
		assert_true(due[source] <= f->now);
		assert_true(working < 0 || source <= working);
		for (int i = 0; i < source; i++)
			assert_true(asked[i] >= pass || due[i] > pass);
		if (source == working)
			assert_in_range(f->now - asked[source], interval * 19 / 20, interval * 21 / 20 + 60 * SECOND);
		asked[source] = f->now;
		f->now += rng_below(&rng, 3000);
		if (up[source]) {
			refresh_worked(f->r, (size_t)source, f->now);
			working = source;
			pass = f->now;
			due[source] = 0;
		} else {
			int64_t wait = refresh_failed(f->r, (size_t)source, f->now, 0);

			assert_in_range(wait, 7500, interval * 5 / 4);
			due[source] = f->now + wait;
			working = source == working ? -1 : working;
		}
	}
	/* Neither a busy loop nor a standstill. */
	assert_in_range(asks, 1000, 12000);
}

/* ---- the table */

/* Offer a table, check what is to be done, and do it unless told otherwise. */
static enum refresh_action
offer(struct fixture *f, size_t source, const char *text, int64_t time, int64_t now, struct refresh_block *b)
{
	struct vrpset *set = set_of(f->names, text);

	assert_int_equal(refresh_offer(f->r, source, set, time, now, b), 0);
	assert_true(b->set == set);
	assert_int_equal(b->time, time);
	vrpset_unref(set);
	return b->action;
}

static enum refresh_action
take(struct fixture *f, size_t source, const char *text, int64_t time)
{
	struct refresh_block b;
	enum refresh_action action = offer(f, source, text, time, NOON, &b);

	if (action != REFRESH_KEEP)
		refresh_written(f->r, &b);
	refresh_block_release(&b);
	return action;
}

#define ONE "1.0.0.0/24 24 1 apnic 1800000000"
#define TWO "2.0.0.0/24 24 2 ripe 1800000000"

static void
test_snapshot_then_deltas(void **state)
{
	struct fixture *f = *state;
	struct refresh_block b;
	char *text;

	begin(f, 1, MINUTE);
	assert_int_equal(offer(f, 0, ONE, NOON - 60, NOON, &b), REFRESH_SNAPSHOT);
	assert_null(b.delta.announced);
	assert_true(b.moved);
	assert_false(b.older);
	/* What was not written is not downstream. */
	refresh_block_release(&b);
	assert_false(refresh_holds(f->r, 0));
	assert_int_equal(take(f, 0, ONE, NOON - 60), REFRESH_SNAPSHOT);
	assert_true(refresh_holds(f->r, 0));
	assert_int_equal(refresh_time(f->r), NOON - 60);
	assert_int_equal(take(f, 0, ONE, NOON - 60), REFRESH_NOTHING);
	assert_int_equal(offer(f, 0, ONE "\n" TWO, NOON - 30, NOON, &b), REFRESH_DELTA);
	assert_false(b.moved);
	text = set_text(b.delta.announced);
	assert_string_equal(text, "2.0.0.0/24 24 AS2 ripe 1800000000\n");
	free(text);
	assert_int_equal(vrpset_count(b.delta.withdrawn), 0);
	refresh_block_release(&b);
	/* The same from the same base, because that was not written either. */
	assert_int_equal(offer(f, 0, TWO, NOON - 30, NOON, &b), REFRESH_DELTA);
	assert_int_equal(vrpset_count(b.delta.withdrawn), 1);
	assert_int_equal(vrpset_count(b.delta.announced), 1);
	refresh_block_release(&b);
}

static void
test_annotations_are_a_change(void **state)
{
	struct fixture *f = *state;

	begin(f, 1, MINUTE);
	take(f, 0, ONE, NOON);
	assert_int_equal(take(f, 0, "1.0.0.0/24 24 1 apnic 1800000001", NOON), REFRESH_DELTA);
	assert_int_equal(take(f, 0, "1.0.0.0/24 24 1 arin 1800000001", NOON), REFRESH_DELTA);
	assert_int_equal(take(f, 0, "1.0.0.0/24 24 1 arin 1800000001", NOON), REFRESH_NOTHING);
}

/* Readers go by the time of the last block. */
static void
test_newer_time_alone_is_an_empty_delta(void **state)
{
	struct fixture *f = *state;
	struct refresh_block b;

	begin(f, 1, MINUTE);
	take(f, 0, ONE, NOON - 60);
	assert_int_equal(offer(f, 0, ONE, NOON - 59, NOON, &b), REFRESH_DELTA);
	assert_int_equal(delta_count(&b.delta), 0);
	refresh_written(f->r, &b);
	refresh_block_release(&b);
	assert_int_equal(refresh_time(f->r), NOON - 59);
	assert_int_equal(take(f, 0, ONE, NOON - 59), REFRESH_NOTHING);
}

static void
test_unknown_times(void **state)
{
	struct fixture *f = *state;

	begin(f, 2, MINUTE);
	assert_int_equal(take(f, 0, ONE, STAMP_UNKNOWN), REFRESH_SNAPSHOT);
	assert_int_equal(take(f, 0, ONE, STAMP_UNKNOWN), REFRESH_NOTHING);
	assert_int_equal(take(f, 0, TWO, STAMP_UNKNOWN), REFRESH_DELTA);
	assert_int_equal(take(f, 0, TWO, NOON), REFRESH_DELTA);
	/* A delta without a time would leave the old one standing, and the table would be withdrawn for its age. */
	assert_int_equal(take(f, 1, TWO, STAMP_UNKNOWN), REFRESH_SNAPSHOT);
	assert_int_equal(take(f, 1, ONE, STAMP_UNKNOWN), REFRESH_DELTA);
}

static void
test_full(void **state)
{
	struct fixture *f = *state;

	begin_with(f, &(struct refresh_config){.sources = 1, .interval = MINUTE, .full = true});
	assert_int_equal(take(f, 0, ONE, NOON - 60), REFRESH_SNAPSHOT);
	assert_int_equal(take(f, 0, ONE, NOON - 60), REFRESH_NOTHING);
	assert_int_equal(take(f, 0, TWO, NOON - 60), REFRESH_SNAPSHOT);
	assert_int_equal(take(f, 0, TWO, NOON - 59), REFRESH_SNAPSHOT);
}

static void
test_same_source_does_not_go_back(void **state)
{
	struct fixture *f = *state;
	struct refresh_block b;

	begin(f, 1, MINUTE);
	take(f, 0, ONE, NOON - 60);
	assert_int_equal(offer(f, 0, TWO, NOON - 61, NOON, &b), REFRESH_KEEP);
	assert_true(b.older);
	refresh_block_release(&b);
	assert_int_equal(refresh_time(f->r), NOON - 60);
	assert_int_equal(take(f, 0, TWO, NOON - 60), REFRESH_DELTA);
}

static void
test_another_source_may_lag(void **state)
{
	struct fixture *f = *state;
	struct refresh_block b;

	begin(f, 2, MINUTE);
	take(f, 0, ONE, NOON - 60);
	assert_int_equal(offer(f, 1, TWO, NOON - 3600, NOON, &b), REFRESH_DELTA);
	assert_true(b.older && b.moved);
	refresh_written(f->r, &b);
	refresh_block_release(&b);
	assert_true(refresh_holds(f->r, 1));
	assert_false(refresh_holds(f->r, 0));
	/* From then on it may not go back itself. */
	assert_int_equal(take(f, 1, ONE, NOON - 3601), REFRESH_KEEP);
	assert_int_equal(take(f, 1, ONE, NOON - 3599), REFRESH_DELTA);
	assert_int_equal(take(f, 0, ONE, NOON - 3599), REFRESH_NOTHING);
	/* Nothing was written of the first, so that its name is still to be told; but what is downstream is its. */
	assert_true(refresh_holds(f->r, 0));
	assert_int_equal(offer(f, 0, TWO, NOON, NOON, &b), REFRESH_DELTA);
	assert_true(b.moved);
	refresh_block_release(&b);
}

/* A validator whose clock was a year ahead, and is right now. */
static void
test_time_in_the_future_holds_nothing_up(void **state)
{
	struct fixture *f = *state;
	struct refresh_block b;

	begin(f, 1, MINUTE);
	take(f, 0, ONE, NOON + 365 * 86400);
	assert_int_equal(offer(f, 0, TWO, NOON + 600, NOON + 601, &b), REFRESH_DELTA);
	assert_false(b.older);
	refresh_block_release(&b);
	assert_int_equal(take(f, 0, TWO, NOON - 1), REFRESH_KEEP);
}

static void
test_age(void **state)
{
	struct fixture *f = *state;
	struct vrp_err err = {0};

	begin_with(f, &(struct refresh_config){.sources = 1, .interval = MINUTE, .max_age = 3600});
	assert_int_equal(refresh_check_age(f->r, NOON, &err), 0);
	take(f, 0, ONE, NOON);
	assert_int_equal(refresh_check_age(f->r, NOON + 3600, &err), 0);
	assert_int_equal(refresh_check_age(f->r, NOON + 3601, &err), -1);
	assert_string_equal(err.msg, "the feed has not changed and is too old now: made 2026-11-29T12:00:00Z");
	take(f, 0, ONE, STAMP_UNKNOWN);
	assert_int_equal(refresh_check_age(f->r, NOON + 3601, &err), 0);
	begin(f, 1, MINUTE);
	take(f, 0, ONE, NOON);
	assert_int_equal(refresh_check_age(f->r, NOON + 1000000, &err), 0);
}

/* A table that follows the blocks is what the source gave last, annotations and all. */
static void
test_followers_hold_the_same(void **state)
{
	struct fixture *f = *state;
	struct vrpset *follower = NULL;
	struct rng rng = {3};

	begin(f, 2, MINUTE);
	for (int i = 0; i < 500; i++) {
		struct vrpset *set = random_set(&rng, f->names, 40), *next;
		struct refresh_block b;
		struct vrp_err err;
		char *is, *shall;

		assert_int_equal(refresh_offer(f->r, rng_below(&rng, 2), set, NOON + rng_below(&rng, 3), NOON + 9, &b), 0);
		if (b.action == REFRESH_KEEP) {
			refresh_block_release(&b);
			vrpset_unref(set);
			continue;
		}
		if (b.action != REFRESH_NOTHING) {
			next = b.action == REFRESH_DELTA ? delta_apply(follower, &b.delta, &err) : vrpset_ref(b.set);
			assert_non_null(next);
			vrpset_unref(follower);
			follower = next;
		}
		is = set_text(follower);
		shall = set_text(set);
		assert_string_equal(is, shall);
		free(is);
		free(shall);
		/* Now and then it could not be written. */
		if (rng_below(&rng, 10)) {
			refresh_written(f->r, &b);
		} else {
			begin(f, 2, MINUTE);
			vrpset_unref(follower);
			follower = NULL;
		}
		refresh_block_release(&b);
		vrpset_unref(set);
	}
	vrpset_unref(follower);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_one_source),
		TEST(test_backoff_doubles_up_to_the_interval),
		TEST(test_backoff_of_a_short_interval),
		TEST(test_spread),
		TEST(test_retry_after),
		TEST(test_fail_over_and_return),
		TEST(test_former_source_is_there_at_once),
		TEST(test_slow_failures_starve_nobody),
		TEST(test_all_fail),
		TEST(test_hurry),
		TEST(test_random_weather),
		TEST(test_snapshot_then_deltas),
		TEST(test_annotations_are_a_change),
		TEST(test_newer_time_alone_is_an_empty_delta),
		TEST(test_unknown_times),
		TEST(test_full),
		TEST(test_same_source_does_not_go_back),
		TEST(test_another_source_may_lag),
		TEST(test_time_in_the_future_holds_nothing_up),
		TEST(test_age),
		TEST(test_followers_hold_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
