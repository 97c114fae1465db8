/* SPDX-License-Identifier: ISC */
/*
 * How tables come from another thread.  The source is compiled in, so that
 * tests can see what waits; routers are the business of the bats suite.
 */
#include "sets.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "../../lib/rtr_server.c"

#define UPDATES 100

struct fixture {
	struct names *names;
	struct event_base *base;
	struct rtr_cache *cache;
	struct rtr_server *server;
	struct vrpset *sets[UPDATES];
	atomic_uint posted;
};

static int
setup(void **state)
{
	static const struct rtr_cache_config cache_config = {.timers = RTR_TIMERS_DEFAULT, .max_version = 2};
	static const struct rtr_server_config config = {10, 60, 30, 60};
	struct fixture *f = calloc(1, sizeof(*f));

	*state = f;
	if (!f || !(f->names = names_new()) || !(f->base = event_base_new()) || !(f->cache = rtr_cache_new(&cache_config)))
		return -1;
	f->server = rtr_server_new(f->base, f->cache, &config, &(struct log){0}, NULL);
	for (size_t i = 0; i < UPDATES; i++) {
		struct vrpset_builder *b = vrpset_builder_new(f->names);
		struct vrp vrp = {.prefix = {.family = FAMILY_IPV4}, .asn = (uint32_t)i, .expires = EXPIRES_UNKNOWN};

		if (!b || vrpset_add_vrp(b, &vrp) < 0 || !(f->sets[i] = vrpset_finish(b, NULL)))
			return -1;
	}
	return f->server ? 0 : -1;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	rtr_server_free(f->server);
	rtr_cache_free(f->cache);
	event_base_free(f->base);
	for (size_t i = 0; i < UPDATES; i++)
		vrpset_unref(f->sets[i]);
	names_unref(f->names);
	free(f);
	return 0;
}

static void *
post_all(void *arg)
{
	struct fixture *f = arg;

	for (size_t i = 0; i < UPDATES; i++) {
		rtr_server_post(f->server, rtr_update_new(i ? f->sets[i - 1] : NULL, f->sets[i], 0));
		atomic_fetch_add(&f->posted, 1);
	}
	return NULL;
}

static size_t
waiting(struct rtr_server *s)
{
	return mailbox_updates(s->mailbox);
}

/* A loop that is late holds the other thread up; nothing is lost. */
static void
test_mail_is_bounded(void **state)
{
	struct fixture *f = *state;
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, post_all, f), 0);
	while (rtr_cache_serial(f->cache) < UPDATES) {
		while (waiting(f->server) < MAILBOX_UPDATES_MAX && atomic_load(&f->posted) < UPDATES)
			sched_yield();
		assert_in_range(waiting(f->server), 0, MAILBOX_UPDATES_MAX);
		event_base_loop(f->base, EVLOOP_ONCE);
	}
	pthread_join(thread, NULL);
	assert_int_equal(rtr_cache_serial(f->cache), UPDATES);
	assert_ptr_equal(rtr_cache_set(f->cache), f->sets[UPDATES - 1]);
}

/* Once the loop has ended, it can't keep the other thread from ending. */
static void
test_close_mail(void **state)
{
	struct fixture *f = *state;
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, post_all, f), 0);
	while (waiting(f->server) < MAILBOX_UPDATES_MAX)
		sched_yield();
	rtr_server_close_mail(f->server);
	pthread_join(thread, NULL);
	assert_int_equal(atomic_load(&f->posted), UPDATES);
	assert_false(rtr_cache_has_data(f->cache));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_mail_is_bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(test_close_mail, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
