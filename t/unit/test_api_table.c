/* SPDX-License-Identifier: ISC */
/*
 * The public interface: tables of one's own.  Single changes, random ones against
 * a model, files, and readers beside a writer.
 */
#include "api.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#define UNIVERSE 200

static void
test_codes(void **state)
{
	struct vrp_table *t = vrp_table_new();
	struct vrp_record r = record_of("10.0.0.0/8", 24, 1), bad;
	struct vrp_view *view;

	(void)state;
	assert_int_equal(vrp_table_remove_record(t, &r), VRP_NOT_FOUND);
	assert_int_equal(vrp_table_add_record(t, &r), VRP_OK);
	r.expires = 5;
	assert_int_equal(vrp_table_add_record(t, &r), VRP_DUPLICATE);
	vrp_view_unref(committed(t));
	assert_int_equal(vrp_table_add_record(t, &r), VRP_DUPLICATE);
	assert_int_equal(vrp_table_remove_record(t, &r), VRP_OK);
	assert_int_equal(vrp_table_remove_record(t, &r), VRP_NOT_FOUND);

	/* Removed and added again it has its new annotations. */
	assert_int_equal(vrp_table_add_record(t, &r), VRP_OK);
	view = committed(t);
	assert_int_equal(vrp_view_find_record(view, &r)->expires, 5);
	vrp_view_unref(view);

	bad = r;
	bad.prefix.addr[3] = 1;
	assert_int_equal(vrp_table_add_record(t, &bad), VRP_INVALID);
	bad = r;
	bad.prefix.addr[9] = 1;
	assert_int_equal(vrp_table_add_record(t, &bad), VRP_INVALID);
	bad = r;
	bad.max_len = 7;
	assert_int_equal(vrp_table_add_record(t, &bad), VRP_INVALID);
	bad.max_len = 33;
	assert_int_equal(vrp_table_remove_record(t, &bad), VRP_INVALID);
	bad = r;
	bad.prefix.family = 0;
	assert_int_equal(vrp_table_add_record(t, &bad), VRP_INVALID);
	bad = r;
	bad.trust_anchor = 1;
	assert_int_equal(vrp_table_add_record(t, &bad), VRP_INVALID);
	vrp_table_free(t);
	vrp_table_free(NULL);
	vrp_view_unref(NULL);
}

static void
test_commit_and_rollback(void **state)
{
	struct vrp_table *t = vrp_table_new();
	struct vrp_view *first = vrp_table_view(t), *second, *third;
	struct vrp_record r = record_of("10.0.0.0/8", 8, 1);

	(void)state;
	assert_int_equal(vrp_view_number(first), 0);
	add(t, "10.0.0.0/8", 8, 1);
	second = vrp_table_view(t);
	assert_ptr_equal(first, second);
	assert_int_equal(state_of(second, "10.0.0.0/8", 1), VRP_STATE_NOT_FOUND);
	vrp_view_unref(second);
	second = committed(t);
	assert_int_equal(vrp_view_number(second), 1);
	assert_int_equal(state_of(second, "10.0.0.0/8", 1), VRP_STATE_VALID);
	/* The old view is as it was. */
	assert_int_equal(state_of(first, "10.0.0.0/8", 1), VRP_STATE_NOT_FOUND);

	/* Nothing to commit, or changes that cancel, make no new view. */
	third = committed(t);
	assert_ptr_equal(second, third);
	vrp_view_unref(third);
	assert_int_equal(vrp_table_remove_record(t, &r), VRP_OK);
	assert_int_equal(vrp_table_add_record(t, &r), VRP_OK);
	add(t, "10.0.0.0/9", 9, 1);
	r = record_of("10.0.0.0/9", 9, 1);
	assert_int_equal(vrp_table_remove_record(t, &r), VRP_OK);
	third = committed(t);
	assert_ptr_equal(second, third);
	vrp_view_unref(third);

	add(t, "10.0.0.0/9", 9, 1);
	vrp_table_rollback(t);
	assert_int_equal(vrp_table_remove_record(t, &r), VRP_NOT_FOUND);
	third = committed(t);
	assert_ptr_equal(second, third);
	vrp_view_unref(third);
	vrp_view_unref(vrp_view_ref(second));

	/* Views outlive the table. */
	vrp_table_free(t);
	assert_int_equal(state_of(second, "10.0.0.0/8", 1), VRP_STATE_VALID);
	vrp_view_unref(first);
	vrp_view_unref(second);
}

/* What test_pfx_table of rtrlib's Python binding does. */
static void
test_rtrlib(void **state)
{
	struct vrp_table *t = vrp_table_new();
	struct vrp_record r = record_of("110.1.0.0/20", 24, 10010);
	struct vrp_view *view;

	(void)state;
	add(t, "110.1.0.0/20", 24, 10010);
	add(t, "120.1.0.0/20", 32, 10020);
	add(t, "130::/64", 64, 10030);
	view = committed(t);
	assert_int_equal(state_of(view, "110.1.8.0/23", 10010), VRP_STATE_VALID);
	assert_int_equal(state_of(view, "110.1.0.0/18", 10010), VRP_STATE_NOT_FOUND);
	assert_int_equal(state_of(view, "110.1.0.0/30", 10010), VRP_STATE_INVALID);
	assert_int_equal(state_of(view, "110.1.0.0/20", 10011), VRP_STATE_INVALID);
	assert_int_equal(state_of(view, "130::/66", 10030), VRP_STATE_INVALID);
	vrp_view_unref(view);
	add(t, "110.1.0.0/22", 24, 10020);
	view = committed(t);
	assert_int_equal(state_of(view, "110.1.0.0/22", 10020), VRP_STATE_VALID);
	assert_int_equal(state_of(view, "110.1.0.0/24", 10020), VRP_STATE_VALID);
	vrp_view_unref(view);
	assert_int_equal(vrp_table_remove_record(t, &r), VRP_OK);
	view = committed(t);
	assert_int_equal(state_of(view, "110.1.0.0/20", 10010), VRP_STATE_NOT_FOUND);
	vrp_view_unref(view);
	vrp_table_free(t);
}

static struct vrp_record
numbered(unsigned i)
{
	struct vrp_record r = {.max_len = 24, .asn = i, .expires = VRP_EXPIRES_UNKNOWN};

	r.prefix = (struct vrp_prefix){.addr = {10, (uint8_t)(i >> 8), (uint8_t)i}, .family = VRP_IPV4, .len = 24};
	return r;
}

static void
check_model(const struct vrp_view *view, const bool there[UNIVERSE])
{
	size_t count, expected = 0;

	vrp_view_records(view, VRP_ANY, &count);
	for (unsigned i = 0; i < UNIVERSE; i++) {
		struct vrp_record r = numbered(i);

		assert_true(!vrp_view_find_record(view, &r) == !there[i]);
		expected += there[i];
	}
	assert_int_equal(count, expected);
}

static void
test_random(void **state)
{
	struct vrp_table *t = vrp_table_new();
	bool now[UNIVERSE] = {0}, last[UNIVERSE] = {0};
	struct rng rng = {1};
	struct vrp_view *view;

	(void)state;
	for (int step = 0; step < 20000; step++) {
		unsigned i = rng_below(&rng, UNIVERSE), what = rng_below(&rng, 100);
		struct vrp_record r = numbered(i);

		if (what < 49) {
			assert_int_equal(vrp_table_add_record(t, &r), now[i] ? VRP_DUPLICATE : VRP_OK);
			now[i] = true;
		} else if (what < 98) {
			assert_int_equal(vrp_table_remove_record(t, &r), now[i] ? VRP_OK : VRP_NOT_FOUND);
			now[i] = false;
		} else if (what == 98) {
			view = committed(t);
			memcpy(last, now, sizeof(now));
			check_model(view, last);
			vrp_view_unref(view);
		} else {
			vrp_table_rollback(t);
			memcpy(now, last, sizeof(now));
		}
	}
	vrp_table_free(t);
}

/* One by one, half of them in each of two commits. */
static void
test_many(void **state)
{
	struct vrp_table *t = vrp_table_new();
	struct vrp_view *view;
	size_t count;

	(void)state;
	for (uint32_t i = 0; i < 300000; i++) {
		struct vrp_record r = numbered(i & 0xffff);

		r.asn = i * 2654435761U;
		assert_int_equal(vrp_table_add_record(t, &r), VRP_OK);
		if (i == 150000)
			vrp_view_unref(committed(t));
	}
	view = committed(t);
	vrp_view_records(view, VRP_ANY, &count);
	assert_int_equal(count, 300000);
	vrp_view_unref(view);
	vrp_table_free(t);
}

/* A file with this text; the name is to be unlinked and freed. */
static char *
file_of(const char *text)
{
	char *name = strdup("/tmp/test_api_table.XXXXXX");
	int fd = mkstemp(name);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	return name;
}

static int
load(struct vrp_table *t, const char *text, struct vrp_error *err)
{
	char *name = file_of(text);
	int rc = vrp_table_load(t, name, err);

	unlink(name);
	free(name);
	return rc;
}

static void
test_load(void **state)
{
	struct vrp_table *t = vrp_table_new();
	struct vrp_error err = {0};
	struct vrp_record r;
	struct vrp_view *view;
	size_t count;

	(void)state;
	add(t, "10.0.0.0/8", 8, 1);
	vrp_view_unref(committed(t));
	add(t, "10.0.0.0/9", 9, 1);
	assert_int_equal(load(t,
			      "%snapshot\n192.0.2.0/24 24 AS64496 ripe 1893456000\naspa AS1 AS2 - -\n~end\n", &err),
			 VRP_OK);
	view = vrp_table_view(t);
	r = *vrp_view_records(view, VRP_ANY, &count);
	assert_int_equal(count, 1);
	assert_int_equal(r.asn, 64496);
	assert_int_equal(r.expires, 1893456000);
	assert_string_equal(vrp_view_trust_anchor(view, r.trust_anchor), "ripe");
	assert_non_null(vrp_view_find_aspa(view, 1));
	vrp_view_unref(view);

	/* The change before it is gone, and what comes after it goes into the new table. */
	assert_int_equal(vrp_table_trust_anchor(t, "ripe"), r.trust_anchor);
	assert_true(vrp_table_trust_anchor(t, "ap nic") > 0);
	add(t, "10.0.0.0/10", 10, 1);
	view = committed(t);
	vrp_view_records(view, VRP_ANY, &count);
	assert_int_equal(count, 2);

	/* Not a table: nothing changes. */
	assert_int_equal(load(t, "192.0.2.0/24 24 AS64496 - -\nnonsense\n", &err), VRP_ERROR);
	assert_int_equal(err.code, VRP_ERROR);
	assert_non_null(strstr(err.text, ":2"));
	assert_int_equal(vrp_table_load(t, "/nowhere/at/all", &err), VRP_ERROR);
	assert_non_null(strstr(err.text, "/nowhere/at/all: No such file"));
	assert_int_equal(vrp_table_load(t, "/nowhere/at/all", NULL), VRP_ERROR);
	assert_ptr_equal(vrp_table_view(t), view);
	vrp_view_unref(view);
	vrp_view_unref(view);
	vrp_table_free(t);
}

/* ---- threads */

#define PAIRS 64

struct shared {
	struct vrp_table *table;
	atomic_bool done;
	atomic_size_t seen;	/* by readers */
};

static struct vrp_record
half(unsigned pair, unsigned which)
{
	struct vrp_record r = numbered(pair * 2 + which);

	r.asn = 64496;
	return r;
}

/* Both halves of a pair come and go in one commit, so a view has both or none. */
static void *
read_pairs(void *ctx)
{
	struct shared *s = ctx;
	uint64_t last = 0;

	while (!atomic_load(&s->done)) {
		struct vrp_view *view = vrp_table_view(s->table);

		assert_true(vrp_view_number(view) >= last);
		last = vrp_view_number(view);
		for (unsigned i = 0; i < PAIRS; i++) {
			struct vrp_record a = half(i, 0), b = half(i, 1);

			assert_int_equal(vrp_view_validate(view, &a.prefix, 64496), vrp_view_validate(view, &b.prefix, 64496));
		}
		vrp_view_unref(view);
		atomic_fetch_add(&s->seen, 1);
	}
	return NULL;
}

static void
test_readers_beside_a_writer(void **state)
{
	struct shared s = {.table = vrp_table_new()};
	bool there[PAIRS] = {0};
	pthread_t readers[3];
	struct rng rng = {7};

	(void)state;
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&readers[i], NULL, read_pairs, &s), 0);
	for (int i = 0; i < 2000 || atomic_load(&s.seen) < 100; i++) {
		unsigned pair = rng_below(&rng, PAIRS);

		for (unsigned which = 0; which < 2; which++) {
			struct vrp_record r = half(pair, which);

			assert_int_equal(there[pair] ? vrp_table_remove_record(s.table, &r) : vrp_table_add_record(s.table, &r), VRP_OK);
		}
		there[pair] = !there[pair];
		assert_int_equal(vrp_table_commit(s.table, NULL), VRP_OK);
	}
	atomic_store(&s.done, true);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(pthread_join(readers[i], NULL), 0);
	vrp_table_free(s.table);
}

struct writer {
	struct vrp_table *table;
	unsigned number;
};

static void *
write_own(void *ctx)
{
	struct writer *w = ctx;

	for (unsigned i = 0; i < 2000; i++) {
		struct vrp_record r = numbered(w->number * 2000 + i);

		assert_int_equal(vrp_table_add_record(w->table, &r), VRP_OK);
		if (i % 100 == 99)
			assert_int_equal(vrp_table_commit(w->table, NULL), VRP_OK);
	}
	return NULL;
}

static void
test_writers(void **state)
{
	struct vrp_table *t = vrp_table_new();
	struct writer writers[4];
	pthread_t threads[4];
	struct vrp_view *view;
	size_t count;

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		writers[i] = (struct writer){t, i};
		assert_int_equal(pthread_create(&threads[i], NULL, write_own, &writers[i]), 0);
	}
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	view = vrp_table_view(t);
	vrp_view_records(view, VRP_ANY, &count);
	assert_int_equal(count, 8000);
	vrp_view_unref(view);
	vrp_table_free(t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_codes),
		cmocka_unit_test(test_commit_and_rollback),
		cmocka_unit_test(test_rtrlib),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_load),
		cmocka_unit_test(test_readers_beside_a_writer),
		cmocka_unit_test(test_writers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
