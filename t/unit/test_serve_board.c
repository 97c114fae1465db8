/* SPDX-License-Identifier: ISC */
/* What threads leave for each other, and what follows from it. */
#include "sets.h"

#include <pthread.h>
#include <stdatomic.h>

#include "serve_board.h"

#define ROUNDS_OF_EACH 20000

static struct rtr_report *
report_of(uint32_t serial)
{
	struct rtr_report *r = rtr_report_new(1, 3);
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	assert_non_null(r);
	r->made_ms = (int64_t)ts.tv_sec * 1000;
	r->serial = serial;
	for (size_t i = 0; i < 3; i++)
		r->clients[i].serial = serial;
	return r;
}

static struct rtr_snapshot *
snapshot_of(struct names *names, uint64_t updates, int64_t data_time)
{
	struct rtr_snapshot *s = rtr_snapshot_new(0);

	assert_non_null(s);
	s->set = set_of(names, "10.0.0.0/8 8 1");
	s->serial = (uint32_t)updates;
	s->updates = updates;
	s->data_time = data_time;
	return s;
}

static void
test_nothing_yet(void **state)
{
	struct serve_board *b = serve_board_new();
	struct serve_view v;

	(void)state;
	serve_board_look(b, &v);
	assert_null(v.report);
	assert_null(v.snapshot);
	assert_false(v.healthy);
	assert_string_equal(v.reason, "no data yet");
	assert_int_equal(serve_view_serial(&v), 0);
	serve_view_release(&v);
	serve_board_free(b);
}

/* The time of the data is that of the very table, or a later one that was told for the same. */
static void
test_time_of_the_data(void **state)
{
	struct intake_status in = INTAKE_STATUS_INIT;
	struct serve_board *b = serve_board_new();
	struct names *names = names_new();
	struct serve_view v;

	(void)state;
	serve_board_leave_snapshot(b, snapshot_of(names, 1, 1000));
	serve_board_look(b, &v);
	assert_true(v.data_time == 1000);
	assert_false(v.healthy);	/* the input has not spoken yet */
	serve_view_release(&v);
	in.has_table = true;
	in.published = 1;
	in.data_time = 2000;
	serve_board_leave_input(b, &in);
	serve_board_look(b, &v);
	assert_true(v.data_time == 2000);
	assert_true(v.healthy);
	serve_view_release(&v);
	/* Another table has come, and is not served yet. */
	in.published = 2;
	in.data_time = 3000;
	serve_board_leave_input(b, &in);
	serve_board_look(b, &v);
	assert_true(v.data_time == 1000);
	serve_view_release(&v);
	serve_board_free(b);
	names_unref(names);
}

/* A loop that no longer reports serves nobody. */
static void
test_a_loop_that_hangs(void **state)
{
	struct intake_status in = INTAKE_STATUS_INIT;
	struct serve_board *b = serve_board_new();
	struct rtr_report *r = report_of(1);
	struct names *names = names_new();
	struct serve_view v;

	(void)state;
	in.has_table = true;
	serve_board_leave_input(b, &in);
	serve_board_leave_snapshot(b, snapshot_of(names, 1, 1000));
	r->made_ms -= 60000;
	serve_board_leave_report(b, r);
	serve_board_look(b, &v);
	assert_false(v.healthy);
	assert_string_equal(v.reason, "the loop that serves routers hangs");
	serve_view_release(&v);
	serve_board_leave_report(b, report_of(1));
	serve_board_look(b, &v);
	assert_true(v.healthy);
	serve_view_release(&v);
	serve_board_free(b);
	names_unref(names);
}

struct race {
	struct serve_board *board;
	atomic_bool over;
	atomic_size_t moved;
};

static void
on_moved(void *ctx)
{
	struct race *r = ctx;

	atomic_fetch_add(&r->moved, 1);
}

static void *
look_again_and_again(void *arg)
{
	struct race *r = arg;
	struct serve_view v;

	while (!atomic_load(&r->over)) {
		serve_board_look(r->board, &v);
		for (size_t i = 0; v.report && i < v.report->client_count; i++)
			if (v.report->clients[i].serial != v.report->serial)
				return "torn";
		serve_view_release(&v);
	}
	return NULL;
}

/* Who looks has one version, whole, for as long as wanted. */
static void
test_two_threads(void **state)
{
	struct race r = {.board = serve_board_new()};
	struct names *names = names_new();
	pthread_t thread;
	void *why;

	(void)state;
	serve_board_on_snapshot(r.board, on_moved, &r);
	assert_int_equal(pthread_create(&thread, NULL, look_again_and_again, &r), 0);
	for (uint32_t i = 1; i <= ROUNDS(ROUNDS_OF_EACH); i++) {
		serve_board_leave_report(r.board, report_of(i));
		if (i % 100 == 0)
			serve_board_leave_snapshot(r.board, snapshot_of(names, i, 1));
	}
	atomic_store(&r.over, true);
	pthread_join(thread, &why);
	assert_null(why);
	assert_int_equal(atomic_load(&r.moved), ROUNDS(ROUNDS_OF_EACH) / 100);
	serve_board_free(r.board);
	names_unref(names);
}

static void
test_lag(void **state)
{
	struct rtr_report r = {.serial = 5};
	struct rtr_report_client c = {.serial = 0};

	(void)state;
	assert_int_equal(rtr_report_lag(&r, &c), 0);
	c.serial = 5;
	assert_int_equal(rtr_report_lag(&r, &c), 0);
	c.serial = 3;
	assert_int_equal(rtr_report_lag(&r, &c), 2);
	/* The largest number is followed by 1. */
	c.serial = UINT32_MAX;
	assert_int_equal(rtr_report_lag(&r, &c), 5);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_yet),	  cmocka_unit_test(test_time_of_the_data),
		cmocka_unit_test(test_a_loop_that_hangs), cmocka_unit_test(test_two_threads),
		cmocka_unit_test(test_lag),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
