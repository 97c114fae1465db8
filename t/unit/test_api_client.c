/* SPDX-License-Identifier: ISC */
/*
 * The public interface: clients, over loopback.  The caches are sockets of the
 * test's; what callbacks are told comes through a pipe, as text.
 */
#include "api.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cache.h"

struct world {
	struct vrp_client *client;
	int listener[2];
	int reports[2];
	struct vrp_view *kept;	/* by a callback */
	int codes[3];		/* what stop, wait and start returned there */
};

/* ---- what is told */

static void __attribute__((format(printf, 2, 3)))
report(struct world *w, const char *fmt, ...)
{
	char text[128];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	assert_true(n > 0 && (size_t)n < sizeof(text));
	assert_int_equal(write(w->reports[1], text, (size_t)n), n);
}

/* The next of what was told is just that. */
static void
await(struct world *w, const char *text)
{
	char got[256] = "";
	size_t len = strlen(text);

	for (size_t n = 0; n < len; n++) {
		assert_int_equal(read(w->reports[0], &got[n], 1), 1);
		assert_case(got[n] == text[n], "waiting for '%s' and got '%s'", text, got);
	}
}

static void
nothing_told(struct world *w)
{
	struct pollfd p = {.fd = w->reports[0], .events = POLLIN};

	assert_int_equal(poll(&p, 1, 0), 0);
}

static void
on_record(void *ctx, const struct vrp_record *r, int added)
{
	report(ctx, "%c%u/%u-%u AS%u\n", added ? '+' : '-', r->prefix.addr[0], r->prefix.len, r->max_len, r->asn);
}

static void
on_router_key(void *ctx, const struct vrp_router_key *k, int added)
{
	report(ctx, "%ckey AS%u %.3s\n", added ? '+' : '-', k->asn, (const char *)k->spki);
}

static void
on_aspa(void *ctx, const struct vrp_aspa *a, int added)
{
	report(ctx, "%caspa AS%u AS%u\n", added ? '+' : '-', a->customer, a->providers[0]);
}

/* cause, preference, how many records, router keys and ASPAs came and went */
static void
on_update(void *ctx, const struct vrp_update *u)
{
	struct world *w = ctx;
	struct vrp_view *now = vrp_client_view(w->client);

	assert_ptr_equal(now, u->view);
	assert_true(vrp_view_number(u->view) == vrp_view_number(u->before) + 1);
	vrp_view_unref(now);
	report(w, "%d %d +%zu,%zu,%zu -%zu,%zu,%zu\n", u->cause, u->preference, u->added.record_count,
	       u->added.router_key_count, u->added.aspa_count, u->removed.record_count, u->removed.router_key_count,
	       u->removed.aspa_count);
}

static void
on_cache(void *ctx, unsigned cache, const struct vrp_cache_status *s)
{
	report(ctx, "cache %u %s %u\n", cache, vrp_cache_state_name(s->state), s->preference);
}

static void
on_group(void *ctx, unsigned preference, enum vrp_group_state state, const char *reason)
{
	assert_true(strlen(reason) > 0);
	report(ctx, "group %u %s\n", preference, vrp_group_state_name((int)state));
}

/* With `caches` listeners, of these preferences. */
static void
set_up(struct world *w, const unsigned *preferences, int caches)
{
	char url[32];

	*w = (struct world){.client = vrp_client_new()};
	assert_non_null(w->client);
	assert_int_equal(pipe(w->reports), 0);
	for (int i = 0; i < caches; i++) {
		w->listener[i] = listen_anywhere(url);
		assert_int_equal(vrp_client_add_cache(w->client, url, preferences[i], NULL), i);
	}
	assert_int_equal(vrp_client_set(w->client, VRP_OPT_GRACE, 0), VRP_OK);
}

static void
tear_down(struct world *w)
{
	vrp_client_free(w->client);
	for (int i = 0; i < 2; i++)
		if (w->listener[i])
			close(w->listener[i]);
	close(w->reports[0]);
	close(w->reports[1]);
}

static void
listen_to_records(struct world *w)
{
	assert_int_equal(vrp_client_on_record(w->client, on_record, w), VRP_OK);
	assert_int_equal(vrp_client_on_router_key(w->client, on_router_key, w), VRP_OK);
	assert_int_equal(vrp_client_on_aspa(w->client, on_aspa, w), VRP_OK);
	assert_int_equal(vrp_client_on_update(w->client, on_update, w), VRP_OK);
}

static const unsigned one_cache[] = {1};

/* ---- tests */

static void
test_before_the_start(void **state)
{
	struct vrp_client *c = vrp_client_new();
	struct vrp_error err = {0};
	struct vrp_cache_status s;
	enum vrp_group_state group;
	struct vrp_view *view;
	size_t count;

	(void)state;
	assert_int_equal(vrp_client_start(c, &err), VRP_INVALID);
	assert_string_equal(err.text, "no cache");
	assert_int_equal(vrp_client_add_cache(c, "ftp://192.0.2.1", 1, &err), VRP_INVALID);
	assert_non_null(strstr(err.text, "unknown transport"));
	assert_int_equal(vrp_client_add_cache(c, "192.0.2.1", 256, &err), VRP_INVALID);
	assert_int_equal(vrp_client_add_cache(c, "[2001:db8::1]:8282", 3, &err), 0);
	assert_int_equal(vrp_client_add_cache(c, "192.0.2.1", 255, NULL), 1);
	assert_int_equal(vrp_client_cache_count(c), 2);
	assert_int_equal(vrp_client_cache(c, 0, &s), VRP_OK);
	assert_string_equal(s.url, "tcp://[2001:db8::1]:8282");
	assert_int_equal(s.state, VRP_CACHE_SHUTDOWN);
	assert_int_equal(s.preference, 3);
	assert_int_equal(s.session, -1);
	assert_int_equal(s.updated, 0);
	assert_int_equal(vrp_client_cache(c, 2, &s), VRP_NOT_FOUND);
	assert_int_equal(vrp_client_group(c, 255, &group), VRP_OK);
	assert_int_equal(group, VRP_GROUP_CLOSED);
	assert_int_equal(vrp_client_group(c, 4, &group), VRP_NOT_FOUND);
	assert_int_equal(vrp_client_in_use(c), -1);
	assert_int_equal(vrp_client_in_sync(c), 0);
	assert_int_equal(vrp_client_wait(c, -1), VRP_INVALID);
	assert_int_equal(vrp_client_stop(c), VRP_OK);
	view = vrp_client_view(c);
	assert_int_equal(vrp_view_number(view), 0);
	vrp_view_records(view, VRP_ANY, &count);
	assert_int_equal(count, 0);
	assert_int_equal(state_of(view, "10.0.0.0/8", 1), VRP_STATE_NOT_FOUND);
	vrp_client_free(c);
	vrp_view_unref(view);
	vrp_client_free(NULL);
}

static void
test_options(void **state)
{
	static const struct {
		enum vrp_option option;
		int64_t min, max;
	} ranges[] = {
		{VRP_OPT_REFRESH, 1, 86400}, {VRP_OPT_RETRY, 1, 7200}, {VRP_OPT_EXPIRE, 600, 172800}, {VRP_OPT_FIXED, 0, 1},
		{VRP_OPT_MIN_VERSION, 0, 2}, {VRP_OPT_MAX_VERSION, 0, 2}, {VRP_OPT_CONNECT_TIMEOUT, 1, 1000000000},
		{VRP_OPT_IDLE_TIMEOUT, 1, 1000000000}, {VRP_OPT_GRACE, 0, 1000000000}, {VRP_OPT_PATIENCE, 0, 1000000000},
		{VRP_OPT_MAX_RECORDS, 1, UINT32_MAX}, {VRP_OPT_PURGE, 0, 1},
	};
	struct vrp_client *c = vrp_client_new();
	struct vrp_error err;

	(void)state;
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		assert_int_equal(vrp_client_set(c, ranges[i].option, ranges[i].min - 1), VRP_INVALID);
		assert_int_equal(vrp_client_set(c, ranges[i].option, ranges[i].max + 1), VRP_INVALID);
		assert_int_equal(vrp_client_set(c, ranges[i].option, ranges[i].max), VRP_OK);
		assert_int_equal(vrp_client_set(c, ranges[i].option, ranges[i].min), VRP_OK);
	}
	assert_int_equal(vrp_client_set(c, (enum vrp_option)99, 1), VRP_INVALID);
	assert_int_equal(vrp_client_set(c, VRP_OPT_MIN_VERSION, 1), VRP_OK);
	assert_int_equal(vrp_client_add_cache(c, "127.0.0.1:1", 1, NULL), 0);
	assert_int_equal(vrp_client_start(c, &err), VRP_INVALID);
	assert_non_null(strstr(err.text, "lowest version"));
	vrp_client_free(c);
}

static void
test_every_kind_of_record(void **state)
{
	struct script s = {BUF_INIT};
	struct vrp_cache_status status;
	struct vrp_view *view;
	unsigned cache = 9;
	struct world w;
	size_t count;
	int fd;

	(void)state;
	set_up(&w, one_cache, 1);
	listen_to_records(&w);
	assert_int_equal(vrp_client_start(w.client, NULL), VRP_OK);
	assert_int_equal(vrp_client_wait(w.client, 0), VRP_TIMEOUT);
	fd = accept_query(w.listener[0]);
	respond(&s);
	vrp6(&s, true, 3);
	vrp(&s, true, 11, 2);
	vrp(&s, true, 10, 1);
	router_key(&s, true, 4);
	aspa(&s, 5, 6);
	end_of_data(&s, 1);
	say(&s, fd);
	await(&w, "+10/8-8 AS1\n+11/8-8 AS2\n+32/32-48 AS3\n+key AS4 key\n+aspa AS5 AS6\n0 1 +3,1,1 -0,0,0\n");
	assert_int_equal(vrp_client_wait(w.client, -1), VRP_OK);
	assert_int_equal(vrp_client_in_sync(w.client), 1);
	assert_int_equal(vrp_client_in_use(w.client), 1);
	assert_int_equal(vrp_client_cache(w.client, 0, &status), VRP_OK);
	assert_int_equal(status.state, VRP_CACHE_ESTABLISHED);
	assert_int_equal(status.in_sync, 1);
	assert_int_equal(status.version, 2);
	assert_int_equal(status.session, 7);
	assert_int_equal(status.serial, 1);
	assert_int_equal(status.records, 5);
	assert_int_equal(status.refresh, 3600);
	assert_true(status.updated > 1700000000);

	/* What changes is told with what comes first, so that a route is never invalid in between. */
	notify(&s, 2);
	say(&s, fd);
	assert_int_equal(read_query(fd), RTR_SERIAL_QUERY);
	respond(&s);
	vrp(&s, true, 10, 9);
	vrp(&s, false, 10, 1);
	router_key(&s, false, 4);
	aspa(&s, 5, 7);
	end_of_data(&s, 2);
	say(&s, fd);
	await(&w, "+10/8-8 AS9\n-10/8-8 AS1\n-key AS4 key\n-aspa AS5 AS6\n+aspa AS5 AS7\n1 1 +1,0,1 -1,1,1\n");
	view = vrp_client_view(w.client);
	assert_int_equal(state_of(view, "10.0.0.0/8", 9), VRP_STATE_VALID);
	assert_int_equal(vrp_view_sources(view, vrp_view_records(view, VRP_IPV6, &count), &cache, 1), 1);
	assert_int_equal(cache, 0);

	/* A stop keeps the table, and the view stays for longer than the client. */
	assert_int_equal(vrp_client_stop(w.client), VRP_OK);
	assert_int_equal(vrp_client_in_sync(w.client), 0);
	assert_int_equal(vrp_client_wait(w.client, 10), VRP_INVALID);
	assert_int_equal(vrp_client_cache(w.client, 0, &status), VRP_OK);
	assert_int_equal(status.state, VRP_CACHE_SHUTDOWN);
	nothing_told(&w);
	tear_down(&w);
	close(fd);
	assert_int_equal(state_of(view, "10.0.0.0/8", 9), VRP_STATE_VALID);
	vrp_view_unref(view);
}

static void
test_states(void **state)
{
	enum vrp_group_state group;
	struct world w;
	int fd;

	(void)state;
	set_up(&w, one_cache, 1);
	assert_int_equal(vrp_client_on_cache(w.client, on_cache, &w), VRP_OK);
	assert_int_equal(vrp_client_on_group(w.client, on_group, &w), VRP_OK);
	assert_int_equal(vrp_client_start(w.client, NULL), VRP_OK);
	/* Not while it runs. */
	assert_int_equal(vrp_client_start(w.client, NULL), VRP_INVALID);
	assert_int_equal(vrp_client_on_update(w.client, on_update, &w), VRP_INVALID);
	assert_int_equal(vrp_client_set(w.client, VRP_OPT_PURGE, 1), VRP_INVALID);
	assert_int_equal(vrp_client_add_cache(w.client, "127.0.0.1", 1, NULL), VRP_INVALID);
	await(&w, "group 1 CONNECTING\ncache 0 RESET 1\n");
	fd = accept_query(w.listener[0]);
	answer(fd, 10, 1);
	await(&w, "cache 0 SYNC 1\ncache 0 ESTABLISHED 1\ngroup 1 ESTABLISHED\n");
	assert_int_equal(vrp_client_group(w.client, 1, &group), VRP_OK);
	assert_int_equal(group, VRP_GROUP_ESTABLISHED);
	assert_int_equal(vrp_client_stop(w.client), VRP_OK);
	await(&w, "cache 0 SHUTDOWN 1\ngroup 1 CLOSED\n");
	assert_int_equal(vrp_client_group(w.client, 1, &group), VRP_OK);
	assert_int_equal(group, VRP_GROUP_CLOSED);
	nothing_told(&w);
	tear_down(&w);
	close(fd);
}

static void
test_purge_and_another_start(void **state)
{
	struct vrp_view *view;
	struct world w;
	size_t count;
	int fd;

	(void)state;
	set_up(&w, one_cache, 1);
	listen_to_records(&w);
	assert_int_equal(vrp_client_set(w.client, VRP_OPT_PURGE, 1), VRP_OK);
	assert_int_equal(vrp_client_start(w.client, NULL), VRP_OK);
	fd = accept_query(w.listener[0]);
	answer(fd, 10, 1);
	await(&w, "+10/8-8 AS1\n0 1 +1,0,0 -0,0,0\n");
	assert_int_equal(vrp_client_stop(w.client), VRP_OK);
	await(&w, "-10/8-8 AS1\n4 -1 +0,0,0 -1,0,0\n");
	view = vrp_client_view(w.client);
	vrp_view_records(view, VRP_ANY, &count);
	assert_int_equal(count, 0);
	vrp_view_unref(view);
	close(fd);

	/* Without it the table goes when the next start begins. */
	assert_int_equal(vrp_client_set(w.client, VRP_OPT_PURGE, 0), VRP_OK);
	assert_int_equal(vrp_client_start(w.client, NULL), VRP_OK);
	fd = accept_query(w.listener[0]);
	answer(fd, 11, 2);
	await(&w, "+11/8-8 AS2\n0 1 +1,0,0 -0,0,0\n");
	assert_int_equal(vrp_client_stop(w.client), VRP_OK);
	nothing_told(&w);
	close(fd);
	assert_int_equal(vrp_client_start(w.client, NULL), VRP_OK);
	await(&w, "-11/8-8 AS2\n4 -1 +0,0,0 -1,0,0\n");
	fd = accept_query(w.listener[0]);
	answer(fd, 11, 2);
	await(&w, "+11/8-8 AS2\n0 1 +1,0,0 -0,0,0\n");
	tear_down(&w);
	close(fd);
}

/* Two caches of one preference: what each has announced, and the union of it. */
static void
test_sources(void **state)
{
	static const unsigned preferences[] = {1, 1};
	struct script s = {BUF_INIT};
	struct vrp_record r;
	struct vrp_view *view;
	unsigned caches[2];
	struct world w;
	int a, b;

	(void)state;
	set_up(&w, preferences, 2);
	listen_to_records(&w);
	assert_int_equal(vrp_client_set(w.client, VRP_OPT_GRACE, 60000), VRP_OK);
	assert_int_equal(vrp_client_start(w.client, NULL), VRP_OK);
	a = accept_query(w.listener[0]);
	b = accept_query(w.listener[1]);
	answer(a, 10, 1);
	respond(&s);
	vrp(&s, true, 11, 2);
	vrp(&s, true, 10, 1);
	end_of_data(&s, 1);
	say(&s, b);
	await(&w, "+10/8-8 AS1\n+11/8-8 AS2\n0 1 +2,0,0 -0,0,0\n");
	view = vrp_client_view(w.client);
	r = record_of("10.0.0.0/8", 8, 1);
	assert_int_equal(vrp_view_sources(view, &r, caches, 2), 2);
	assert_true(caches[0] == 0 && caches[1] == 1);
	assert_int_equal(vrp_view_sources(view, &r, NULL, 0), 2);
	r = record_of("11.0.0.0/8", 8, 2);
	assert_int_equal(vrp_view_sources(view, &r, caches, 2), 1);
	assert_int_equal(caches[0], 1);
	r.asn = 3;
	assert_int_equal(vrp_view_sources(view, &r, caches, 2), 0);
	vrp_view_unref(view);
	tear_down(&w);
	close(a);
	close(b);
}

static void
on_update_misuse(void *ctx, const struct vrp_update *u)
{
	struct world *w = ctx;
	struct vrp_cache_status s;

	w->codes[0] = vrp_client_stop(w->client);
	w->codes[1] = vrp_client_wait(w->client, -1);
	w->codes[2] = vrp_client_start(w->client, NULL);
	assert_int_equal(vrp_client_cache(w->client, 0, &s), VRP_OK);
	if (!w->kept)
		w->kept = vrp_view_ref(u->view);
	report(w, "x");
}

static void
test_what_callbacks_may_do(void **state)
{
	struct world w;
	int fd;

	(void)state;
	set_up(&w, one_cache, 1);
	assert_int_equal(vrp_client_on_update(w.client, on_update_misuse, &w), VRP_OK);
	assert_int_equal(vrp_client_start(w.client, NULL), VRP_OK);
	fd = accept_query(w.listener[0]);
	answer(fd, 10, 1);
	await(&w, "x");
	assert_int_equal(vrp_client_stop(w.client), VRP_OK);
	for (int i = 0; i < 3; i++)
		assert_int_equal(w.codes[i], VRP_INVALID);
	assert_int_equal(state_of(w.kept, "10.0.0.0/8", 1), VRP_STATE_VALID);
	vrp_view_unref(w.kept);
	tear_down(&w);
	close(fd);
}

/* A cache that breaks the protocol, one that is refused a connection: it is in the status, and nobody is in sync. */
static void
test_trouble(void **state)
{
	static const unsigned preferences[] = {1, 2};
	static const unsigned char nonsense[8] = {2, 99, 0, 0, 0, 0, 0, 8};
	struct vrp_cache_status s;
	struct world w;
	int fd;

	(void)state;
	set_up(&w, preferences, 2);
	close(w.listener[1]);
	w.listener[1] = 0;
	assert_int_equal(vrp_client_on_group(w.client, on_group, &w), VRP_OK);
	assert_int_equal(vrp_client_start(w.client, NULL), VRP_OK);
	fd = accept_query(w.listener[0]);
	assert_int_equal(send(fd, nonsense, sizeof(nonsense), 0), 8);
	await(&w, "group 1 CONNECTING\ngroup 1 ERROR\ngroup 2 CONNECTING\ngroup 2 ERROR\n");
	assert_int_equal(vrp_client_wait(w.client, 1), VRP_TIMEOUT);
	assert_int_equal(vrp_client_cache(w.client, 0, &s), VRP_OK);
	assert_int_equal(s.state, VRP_CACHE_FATAL);
	assert_true(strlen(s.reason) > 0);
	assert_int_equal(vrp_client_cache(w.client, 1, &s), VRP_OK);
	assert_int_equal(s.state, VRP_CACHE_TRANSPORT);
	assert_non_null(strstr(s.reason, "refused"));
	tear_down(&w);
	close(fd);
}

/* A signal to the process never reaches the client's thread. */
static void
on_update_signals(void *ctx, const struct vrp_update *u)
{
	sigset_t blocked;

	(void)u;
	pthread_sigmask(SIG_SETMASK, NULL, &blocked);
	report(ctx, sigismember(&blocked, SIGTERM) && sigismember(&blocked, SIGALRM) ? "blocked\n" : "open\n");
}

static void
test_signals(void **state)
{
	sigset_t before, after;
	struct world w;
	int fd;

	(void)state;
	set_up(&w, one_cache, 1);
	pthread_sigmask(SIG_SETMASK, NULL, &before);
	assert_int_equal(vrp_client_on_update(w.client, on_update_signals, &w), VRP_OK);
	assert_int_equal(vrp_client_start(w.client, NULL), VRP_OK);
	pthread_sigmask(SIG_SETMASK, NULL, &after);
	assert_int_equal(sigismember(&before, SIGTERM), sigismember(&after, SIGTERM));
	fd = accept_query(w.listener[0]);
	answer(fd, 10, 1);
	await(&w, "blocked\n");
	tear_down(&w);
	close(fd);
}

/* ---- threads */

#define VERSIONS 300

struct reading {
	struct vrp_client *client;
	atomic_bool done;
	atomic_size_t views;
};

/* In each table all four VRPs are of the same AS, which is its serial; tables only get newer. */
static void *
read_views(void *ctx)
{
	struct reading *r = ctx;
	uint32_t last = 0;

	while (!atomic_load(&r->done)) {
		struct vrp_view *view = vrp_client_view(r->client);
		struct vrp_cache_status status;
		size_t count;
		const struct vrp_record *records = vrp_view_records(view, VRP_ANY, &count);

		for (size_t i = 0; i < count; i++) {
			assert_int_equal(records[i].asn, records[0].asn);
			assert_int_equal(vrp_view_validate(view, &records[i].prefix, records[0].asn), VRP_STATE_VALID);
			assert_int_equal(vrp_view_validate(view, &records[i].prefix, records[0].asn + 1), VRP_STATE_INVALID);
		}
		assert_true(count == 0 || count == 4);
		if (count) {
			assert_true(records[0].asn >= last);
			last = records[0].asn;
		}
		vrp_view_unref(view);
		assert_int_equal(vrp_client_cache(r->client, 0, &status), VRP_OK);
		vrp_client_in_sync(r->client);
		atomic_fetch_add(&r->views, 1);
	}
	return NULL;
}

/* Answer each query with the next table, after a Notify for it. */
static void
serve_versions(int fd)
{
	struct script s = {BUF_INIT};

	for (uint32_t serial = 1; serial <= VERSIONS; serial++) {
		respond(&s);
		for (unsigned n = 10; n < 14; n++)
			vrp(&s, true, n, serial);
		for (unsigned n = 10; serial > 1 && n < 14; n++)
			vrp(&s, false, n, serial - 1);
		end_of_data(&s, serial);
		if (serial < VERSIONS)
			notify(&s, serial + 1);
		say(&s, fd);
		if (serial < VERSIONS)
			assert_int_equal(read_query(fd), RTR_SERIAL_QUERY);
	}
}

static void
on_last_update(void *ctx, const struct vrp_update *u)
{
	if (u->added.record_count && u->added.records[0].asn == VERSIONS)
		report(ctx, "last\n");
}

static void
test_readers_beside_the_updater(void **state)
{
	struct reading r = {0};
	pthread_t readers[3];
	struct world w;
	int fd;

	(void)state;
	set_up(&w, one_cache, 1);
	assert_int_equal(vrp_client_on_update(w.client, on_last_update, &w), VRP_OK);
	assert_int_equal(vrp_client_start(w.client, NULL), VRP_OK);
	r.client = w.client;
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&readers[i], NULL, read_views, &r), 0);
	fd = accept_query(w.listener[0]);
	serve_versions(fd);
	await(&w, "last\n");
	atomic_store(&r.done, true);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(pthread_join(readers[i], NULL), 0);
	assert_true(atomic_load(&r.views) > 0);
	tear_down(&w);
	close(fd);
}

static void *
wait_for_sync(void *client)
{
	assert_int_equal(vrp_client_wait(client, 60000), VRP_OK);
	return NULL;
}

/* Waiting threads wake by the table, and by a stop. */
static void
test_waiting(void **state)
{
	pthread_t waiting[2];
	struct world w;
	int fd;

	(void)state;
	set_up(&w, one_cache, 1);
	assert_int_equal(vrp_client_start(w.client, NULL), VRP_OK);
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&waiting[i], NULL, wait_for_sync, w.client), 0);
	fd = accept_query(w.listener[0]);
	answer(fd, 10, 1);
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_join(waiting[i], NULL), 0);
	tear_down(&w);
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_before_the_start),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_every_kind_of_record),
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_purge_and_another_start),
		cmocka_unit_test(test_sources),
		cmocka_unit_test(test_what_callbacks_may_do),
		cmocka_unit_test(test_trouble),
		cmocka_unit_test(test_signals),
		cmocka_unit_test(test_readers_beside_the_updater),
		cmocka_unit_test(test_waiting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
