/* SPDX-License-Identifier: ISC */
/*
 * The public interface when memory is out: each allocation in turn fails, once.
 * What was called says so, unless it could do without, nothing has changed, and
 * the next call does it.
 */
#include "api.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cache.h"
#include "nomem.h"

/* Call it so that its n-th allocation fails, until all have. */
#define EACH_FAILURE(n, call, bad, good)								\
	for (unsigned n = 1;; n++) {									\
		arm(n);											\
		int got_ = (call);									\
		if (!disarm() || got_ == (good)) {							\
			assert_int_equal(got_, good);							\
			break;										\
		}											\
		assert_int_equal(got_, bad);								\
	}

static size_t
count_of(struct vrp_table *t)
{
	struct vrp_view *view = vrp_table_view(t);
	size_t vrps, keys, aspas;

	vrp_view_records(view, VRP_ANY, &vrps);
	vrp_view_router_keys(view, &keys);
	vrp_view_aspas(view, &aspas);
	vrp_view_unref(view);
	return vrps + keys + aspas;
}

/* As the macro, and until it is there nothing is seen of it. */
static void
commit(struct vrp_table *t, size_t before, size_t after)
{
	struct vrp_error err = {0};
	int rc;

	for (unsigned n = 1;; n++) {
		assert_int_equal(count_of(t), before);
		arm(n);
		rc = vrp_table_commit(t, &err);
		if (!disarm() || rc == VRP_OK)
			break;
		assert_int_equal(rc, VRP_ERROR);
		assert_string_equal(err.text, "out of memory");
	}
	assert_int_equal(rc, VRP_OK);
	assert_int_equal(count_of(t), after);
}

static void
test_table(void **state)
{
	static const uint32_t providers[] = {2, 3};
	struct vrp_aspa aspa = {.customer = 1, .provider_count = 2, .providers = providers};
	struct vrp_router_key key = {.asn = 1, .spki = (const uint8_t *)"key", .spki_len = 3};
	struct vrp_table *t;

	(void)state;
	if (!CAN_FAIL)
		skip();
	for (unsigned n = 1;; n++) {
		arm(n);
		t = vrp_table_new();
		if (!disarm() || t)
			break;
	}
	assert_non_null(t);
	/* Enough that the hash has to grow. */
	for (unsigned i = 0; i < 100; i++) {
		struct vrp_record r = record_of("10.0.0.0/8", 8, i);

		EACH_FAILURE(n, vrp_table_add_record(t, &r), VRP_NOMEM, VRP_OK);
		assert_int_equal(vrp_table_add_record(t, &r), VRP_DUPLICATE);
	}
	EACH_FAILURE(n, vrp_table_add_aspa(t, &aspa), VRP_NOMEM, VRP_OK);
	EACH_FAILURE(n, vrp_table_add_router_key(t, &key), VRP_NOMEM, VRP_OK);
	commit(t, 0, 102);
	EACH_FAILURE(n, vrp_table_remove_aspa(t, 1), VRP_NOMEM, VRP_OK);
	EACH_FAILURE(n, vrp_table_remove_router_key(t, &key), VRP_NOMEM, VRP_OK);
	commit(t, 102, 100);
	EACH_FAILURE(n, vrp_table_load(t, "/dev/null", NULL), VRP_ERROR, VRP_ERROR);
	assert_int_equal(count_of(t), 100);
	vrp_table_free(t);
}

static void
test_client_before_the_start(void **state)
{
	struct vrp_client *c;

	(void)state;
	if (!CAN_FAIL)
		skip();
	for (unsigned n = 1;; n++) {
		arm(n);
		c = vrp_client_new();
		if (!disarm() || c)
			break;
	}
	assert_non_null(c);
	EACH_FAILURE(n, vrp_client_add_cache(c, "127.0.0.1:1", 1, NULL), VRP_NOMEM, 0);
	EACH_FAILURE(n, vrp_client_add_cache(c, "127.0.0.1:2", 1, NULL), VRP_NOMEM, 1);
	for (unsigned n = 1;; n++) {
		struct vrp_error err = {0};
		int rc;

		arm(n);
		rc = vrp_client_start(c, &err);
		if (rc == VRP_OK)
			break;
		assert_true(disarm());
		assert_int_equal(rc, VRP_ERROR);
		assert_true(err.text[0]);
	}
	disarm();
	assert_int_equal(vrp_client_stop(c), VRP_OK);
	vrp_client_free(c);
}

/* The allocation after the cache's answer that fails. */
struct failing {
	unsigned at;
	bool hit;
};

static void
on_cache(void *ctx, unsigned cache, const struct vrp_cache_status *s)
{
	struct failing *f = ctx;

	(void)cache;
	if (s->state == VRP_CACHE_ESTABLISHED)
		arm(f->at);
}

static void
on_update(void *ctx, const struct vrp_update *u)
{
	struct failing *f = ctx;

	assert_int_equal(u->cause, VRP_CAUSE_FIRST);
	assert_int_equal(u->added.record_count, 1);
	f->hit = disarm();
}

/* A new table comes, and there is no memory for a view of it: it is shown a moment later. */
static void
test_client_shows_it_later(void **state)
{
	struct failing f = {.at = 1, .hit = true};

	(void)state;
	if (!CAN_FAIL)
		skip();
	for (; f.hit; f.at++) {
		struct vrp_client *c = vrp_client_new();
		struct vrp_view *view;
		char url[32];
		int listener = listen_anywhere(url), fd;

		assert_int_equal(vrp_client_add_cache(c, url, 1, NULL), 0);
		assert_int_equal(vrp_client_on_cache(c, on_cache, &f), VRP_OK);
		assert_int_equal(vrp_client_on_update(c, on_update, &f), VRP_OK);
		assert_int_equal(vrp_client_start(c, NULL), VRP_OK);
		fd = accept_query(listener);
		answer(fd, 10, 1);
		assert_int_equal(vrp_client_wait(c, 60000), VRP_OK);
		view = vrp_client_view(c);
		assert_int_equal(state_of(view, "10.0.0.0/8", 1), VRP_STATE_VALID);
		vrp_view_unref(view);
		vrp_client_free(c);
		close(fd);
		close(listener);
	}
	/* There were some. */
	assert_true(f.at > 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_client_before_the_start),
		cmocka_unit_test(test_client_shows_it_later),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
