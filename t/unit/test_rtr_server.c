/* SPDX-License-Identifier: ISC */
/*
 * How tables come from another thread.  The source is compiled in, so that
 * tests can see what waits; routers are the business of the bats suite.
 */
#include "sets.h"

#include <netinet/in.h>
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
	struct rtr_report *report;	/* the last ones */
	struct rtr_snapshot *snapshot;
};

static void
on_report(void *ctx, struct rtr_report *report)
{
	struct fixture *f = ctx;

	rtr_report_unref(f->report);
	f->report = report;
}

static void
on_snapshot(void *ctx, struct rtr_snapshot *snapshot)
{
	struct fixture *f = ctx;

	rtr_snapshot_unref(f->snapshot);
	f->snapshot = snapshot;
}

static int
setup(void **state)
{
	static const struct rtr_cache_config cache_config = {.timers = RTR_TIMERS_DEFAULT, .max_version = 2, .history = 100};
	struct fixture *f = calloc(1, sizeof(*f));
	const struct rtr_server_config config = {
		.max_clients = 10,
		.notify_interval = 60,
		.query_timeout = 30,
		.stall_timeout = 60,
		.report = on_report,
		.snapshot = on_snapshot,
		.ctx = f,
	};

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
	rtr_report_unref(f->report);
	rtr_snapshot_unref(f->snapshot);
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

/* A snapshot leads from every serial that is kept to its table, and lives on when the cache has gone further. */
static void
test_snapshots(void **state)
{
	struct fixture *f = *state;
	struct rtr_snapshot *old;
	struct delta d;

	for (size_t i = 0; i < 5; i++) {
		rtr_server_post(f->server, rtr_update_new(i ? f->sets[i - 1] : NULL, f->sets[i], 0));
		event_base_loop(f->base, EVLOOP_ONCE);
	}
	old = rtr_snapshot_ref(f->snapshot);
	assert_int_equal(old->serial, 5);
	assert_int_equal(old->updates, 5);
	assert_int_equal(f->report->serial, 5);
	assert_int_equal(f->report->counters.announced, 5);
	assert_int_equal(f->report->counters.withdrawn, 4);
	assert_ptr_equal(old->set, f->sets[4]);
	rtr_server_post(f->server, rtr_update_new(f->sets[4], f->sets[5], 0));
	event_base_loop(f->base, EVLOOP_ONCE);
	assert_int_equal(f->snapshot->serial, 6);
	for (uint32_t from = 1; from <= 5; from++) {
		assert_true(rtr_snapshot_has(old, from));
		assert_int_equal(rtr_snapshot_delta(old, from, &d), 1);
		assert_int_equal(vrpset_count(d.withdrawn), from < 5);
		assert_int_equal(vrpset_count(d.announced), from < 5);
		if (from < 5) {
			assert_true(vrpset_same(d.withdrawn, f->sets[from - 1]));
			assert_true(vrpset_same(d.announced, f->sets[4]));
		}
		delta_release(&d);
	}
	assert_false(rtr_snapshot_has(old, 0));
	assert_int_equal(rtr_snapshot_delta(old, 0, &d), 0);
	assert_int_equal(rtr_snapshot_delta(old, 6, &d), 0);
	rtr_snapshot_unref(old);
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

/* How often a router from 127.0.0.1 is turned away, for this reason, by a socket for both families as systemd makes them. */
static size_t
turned_away(struct fixture *f, struct listen_spec *spec, enum admission_verdict why, size_t routers)
{
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int off = 0, fd = socket(AF_INET6, SOCK_STREAM, 0), router[8];
	socklen_t len = sizeof(in6);
	size_t got;

	if (fd < 0)
		skip();
	assert_int_equal(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&in6, sizeof(in6)), 0);
	assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&in6, &len), 0);
	assert_int_equal(rtr_server_listen(f->server, spec, NULL, fd, NULL), 0);
	in.sin_port = in6.sin6_port;
	for (size_t i = 0; i < routers; i++) {
		router[i] = socket(AF_INET, SOCK_STREAM, 0);
		assert_int_equal(connect(router[i], (struct sockaddr *)&in, sizeof(in)), 0);
	}
	event_base_loop(f->base, EVLOOP_ONCE);
	got = f->server->turned_away[why];
	make_report(f->server);
	assert_int_equal(f->report->counters.turned_away[why], got);
	assert_int_equal(f->report->counters.connections[LISTEN_TCP], routers - got);
	assert_int_equal(f->report->client_count, routers - got);
	assert_int_equal(f->report->ports[0].clients, routers - got);
	for (size_t i = 0; i < f->report->client_count; i++) {
		assert_int_equal(strncmp(f->report->clients[i].peer, "127.0.0.1:", 10), 0);
		assert_int_equal(f->report->clients[i].number, i + 1);
		assert_int_equal(f->report->clients[i].version, -1);
		assert_int_equal(f->report->clients[i].state, RTR_CLIENT_NEW);
	}
	for (size_t i = 0; i < routers; i++)
		close(router[i]);
	return got;
}

/* A rule for an IPv4 network holds for IPv4 routers that come in over an IPv6 socket. */
static void
test_mapped_address_and_rules(void **state)
{
	static const char text[] = "deny 127.0.0.0/8\nallow any";
	struct listen_spec spec = {.transport = LISTEN_TCP, .max_version = 2};

	rtr_server_set_access(((struct fixture *)*state)->server, access_parse(text, strlen(text), NULL));
	assert_int_equal(turned_away(*state, &spec, ADMISSION_DENIED, 2), 2);
}

/* Nor are all IPv4 routers there one IPv6 network, which would be one host. */
static void
test_mapped_address_alone(void **state)
{
	struct sockaddr_storage other = {0};
	struct listen_spec spec = {.transport = LISTEN_TCP, .max_version = 2, .max_per_address = 2};
	struct fixture *f = *state;
	struct prefix p;

	assert_int_equal(turned_away(f, &spec, ADMISSION_ADDRESS_FULL, 3), 1);
	memcpy(&other, &TAILQ_FIRST(&f->server->arrivals)->address, sizeof(other));
	assert_true(arrival_prefix(&other, &p));
	assert_int_equal(p.family, FAMILY_IPV4);
	assert_int_equal(strncmp(TAILQ_FIRST(&f->server->arrivals)->peer, "127.0.0.1:", 10), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_mail_is_bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(test_snapshots, setup, teardown),
		cmocka_unit_test_setup_teardown(test_close_mail, setup, teardown),
		cmocka_unit_test_setup_teardown(test_mapped_address_and_rules, setup, teardown),
		cmocka_unit_test_setup_teardown(test_mapped_address_alone, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
