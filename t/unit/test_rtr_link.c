/* SPDX-License-Identifier: ISC */
/*
 * The connections of a manager over loopback: the caches are sockets of the
 * test's, and the link runs on a thread of its own, as in a program that is no
 * tool.  What it reports comes through a pipe.
 */
#include "test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "rtr_link.h"

struct world {
	struct names *names;
	struct rtr_manager *manager;
	struct rtr_link *link;
	pthread_t thread;
	int reports[2];		/* a letter for each: t(able), d(elta), e(mpty), x (a cache failed) */
	int listener[2];
};

static void
report(struct world *w, char letter)
{
	assert_int_equal(write(w->reports[1], &letter, 1), 1);
}

static void
on_table(void *ctx, const struct rtr_manager_update *u)
{
	report(ctx, !u->delta ? 't' : u->cache_count ? 'd' : 'e');
}

static void
on_cache(void *ctx, size_t cache, enum rtr_client_state from, enum rtr_client_state to, const char *reason)
{
	(void)cache;
	(void)from;
	(void)reason;
	if (to == RTR_CLIENT_TRANSPORT || to == RTR_CLIENT_FATAL)
		report(ctx, 'x');
}

static void *
run(void *ctx)
{
	struct world *w = ctx;

	assert_int_equal(rtr_link_run(w->link, NULL), 0);
	return NULL;
}

static void
await(struct world *w, const char *letters)
{
	for (; *letters; letters++) {
		char c = 0;

		assert_int_equal(read(w->reports[0], &c, 1), 1);
		assert_int_equal(c, *letters);
	}
}

static int
listen_anywhere(int backlog, struct endpoint *at)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(sa);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	char text[32];

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&sa, len), 0);
	assert_int_equal(listen(fd, backlog), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&sa, &len), 0);
	snprintf(text, sizeof(text), "127.0.0.1:%u", ntohs(sa.sin_port));
	assert_int_equal(endpoint_parse(text, &transports_tcp, at, NULL), 0);
	return fd;
}

/* A port where connections are neither accepted nor refused: the queue is full.  Returns who fills it, to be closed. */
static void
block(const struct endpoint *at, struct transport *fill[4])
{
	for (int i = 0; i < 4; i++)
		fill[i] = transport_connect(at, transport_now() + 50, NULL);
}

static void
begin(struct world *w, const uint8_t preferences[2], const struct endpoint caches[2], struct rtr_timers fixed)
{
	static const struct rtr_manager_ops ops = {.table = on_table, .cache = on_cache};
	struct rtr_manager_config config = RTR_MANAGER_CONFIG_DEFAULT;

	assert_int_equal(pipe(w->reports), 0);
	w->names = names_new();
	config.client.names = w->names;
	config.client.fixed = fixed;
	config.grace = 0;
	config.ops = &ops;
	config.ctx = w;
	w->manager = rtr_manager_new(&config, preferences, 2);
	assert_non_null(w->manager);
	w->link = rtr_link_new(w->manager, caches, 60000, NULL);
	assert_non_null(w->link);
	rtr_manager_start(w->manager, transport_now());
	assert_int_equal(pthread_create(&w->thread, NULL, run, w), 0);
}

static void
end(struct world *w)
{
	rtr_link_stop(w->link);
	assert_int_equal(pthread_join(w->thread, NULL), 0);
	rtr_link_free(w->link);
	rtr_manager_free(w->manager);
	names_unref(w->names);
	close(w->reports[0]);
	close(w->reports[1]);
}

static int
accept_query(int listener)
{
	unsigned char query[64];
	int fd = accept(listener, NULL, NULL);

	assert_true(fd >= 0);
	assert_true(recv(fd, query, sizeof(query), 0) >= 8);
	return fd;
}

static void
say(int fd, const struct rtr_pdu *pdus, size_t count)
{
	struct buf out = BUF_INIT;

	for (size_t i = 0; i < count; i++)
		assert_int_equal(rtr_pdu_encode(&out, &pdus[i]), 0);
	assert_int_equal(send(fd, out.data, out.len, MSG_NOSIGNAL), out.len);
	buf_release(&out);
}

/* One VRP of this AS. */
static void
answer(int fd, uint32_t asn)
{
	struct rtr_pdu pdus[] = {
		{.version = 2, .type = RTR_CACHE_RESPONSE, .session = 7},
		{.version = 2, .type = RTR_IPV4_PREFIX, .announce = true},
		{.version = 2, .type = RTR_END_OF_DATA, .session = 7, .serial = 1, .timers = RTR_TIMERS_DEFAULT},
	};

	pdus[1].payload.vrp = (struct vrp){.asn = asn, .prefix = {.family = FAMILY_IPV4, .len = 8, .addr = {10}}, .maxlen = 8};
	say(fd, pdus, ARRAY_LEN(pdus));
}

static void
test_a_black_hole_does_not_delay_another_cache(void **state)
{
	static const uint8_t preferences[] = {1, 1};
	struct endpoint caches[2];
	int hole = listen_anywhere(0, &caches[0]), good = listen_anywhere(4, &caches[1]), fd;
	struct transport *fill[4];
	struct world w = {0};

	(void)state;
	block(&caches[0], fill);
	assert_null(fill[3]);
	begin(&w, preferences, caches, (struct rtr_timers){0});
	fd = accept_query(good);
	answer(fd, 1);
	/* Long before the attempt at the other comes to its end. */
	await(&w, "t");
	end(&w);
	for (int i = 0; i < 4; i++)
		transport_close(fill[i]);
	close(fd);
	close(hole);
	close(good);
}

static void
test_fail_over_and_return(void **state)
{
	static const uint8_t preferences[] = {1, 2};
	struct endpoint caches[2];
	int first = listen_anywhere(4, &caches[0]), second = listen_anywhere(4, &caches[1]), a, b;
	struct world w = {0};
	char byte;

	(void)state;
	begin(&w, preferences, caches, (struct rtr_timers){.retry = 1});
	a = accept_query(first);
	answer(a, 1);
	await(&w, "t");
	close(a);
	await(&w, "x");
	b = accept_query(second);
	answer(b, 2);
	await(&w, "d");
	/* After the retry interval the first is there again; the connection to the second is closed. */
	a = accept_query(first);
	answer(a, 3);
	await(&w, "d");
	assert_int_equal(recv(b, &byte, 1, 0), 0);
	end(&w);
	close(a);
	close(b);
	close(first);
	close(second);
}

static void
test_the_last_word_reaches_the_cache(void **state)
{
	static const uint8_t preferences[] = {1, 2};
	static const unsigned char nonsense[8] = {2, 99, 0, 0, 0, 0, 0, 8};
	struct endpoint caches[2];
	int first = listen_anywhere(4, &caches[0]), second = listen_anywhere(4, &caches[1]), a, b;
	unsigned char report_pdu[256];
	struct world w = {0};

	(void)state;
	begin(&w, preferences, caches, (struct rtr_timers){0});
	a = accept_query(first);
	assert_int_equal(send(a, nonsense, sizeof(nonsense), 0), 8);
	assert_true(recv(a, report_pdu, sizeof(report_pdu), 0) > 16);
	assert_int_equal(report_pdu[1], RTR_ERROR_REPORT);
	assert_int_equal(report_pdu[3], RTR_UNSUPPORTED_PDU_TYPE);
	assert_int_equal(recv(a, report_pdu, sizeof(report_pdu), 0), 0);
	await(&w, "x");
	/* Meanwhile the other was asked. */
	b = accept_query(second);
	answer(b, 2);
	await(&w, "t");
	end(&w);
	close(a);
	close(b);
	close(first);
	close(second);
}

static void
test_a_name_that_is_none(void **state)
{
	static const uint8_t preferences[] = {1, 2};
	struct endpoint caches[2];
	int good = listen_anywhere(4, &caches[1]), fd;
	struct world w = {0};

	(void)state;
	assert_int_equal(endpoint_parse("no such host", &transports_tcp, &caches[0], NULL), 0);
	begin(&w, preferences, caches, (struct rtr_timers){0});
	fd = accept_query(good);
	answer(fd, 1);
	await(&w, "xt");
	end(&w);
	close(fd);
	close(good);
}

/* The caller's descriptors are waited for, and a wake from elsewhere ends a wait. */
static void
test_step(void **state)
{
	static const uint8_t preferences[] = {1, 1};
	struct endpoint caches[2];
	int one = listen_anywhere(4, &caches[0]), other = listen_anywhere(4, &caches[1]), fds[2];
	struct world w = {0};
	struct pollfd also = {.events = POLLIN};

	(void)state;
	begin(&w, preferences, caches, (struct rtr_timers){0});
	rtr_link_stop(w.link);
	assert_int_equal(pthread_join(w.thread, NULL), 0);
	assert_int_equal(pipe(fds), 0);
	also.fd = fds[0];
	assert_int_equal(write(fds[1], "x", 1), 1);
	do
		assert_int_equal(rtr_link_step(w.link, &also, 1, NULL), 0);
	while (!also.revents);
	assert_int_equal(also.revents, POLLIN);
	assert_int_equal(read(fds[0], &also.fd, 1), 1);
	rtr_link_wake(w.link);
	assert_int_equal(rtr_link_step(w.link, NULL, 0, NULL), 0);
	assert_int_equal(pthread_create(&w.thread, NULL, run, &w), 0);
	end(&w);
	close(fds[0]);
	close(fds[1]);
	close(one);
	close(other);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_black_hole_does_not_delay_another_cache),
		cmocka_unit_test(test_fail_over_and_return),
		cmocka_unit_test(test_the_last_word_reaches_the_cache),
		cmocka_unit_test(test_a_name_that_is_none),
		cmocka_unit_test(test_step),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
