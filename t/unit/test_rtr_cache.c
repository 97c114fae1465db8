/* SPDX-License-Identifier: ISC */
/*
 * The cache's source is compiled in, so that tests can put its serial next to
 * where it wraps and see which images it made.
 */
#include "router.h"

#include "../../lib/rtr_cache.c"

static const struct rtr_cache_config config = {
	.timers = RTR_TIMERS_DEFAULT,
	.max_version = 2,
	.history = 100,
	.sessions = {1000, 1001, 1002},
};

static void
commit(struct rtr_cache *c, struct vrpset *set)
{
	struct rtr_update *u = rtr_update_new(rtr_cache_set(c), set, 0);

	assert_non_null(u);
	rtr_cache_commit(c, u);
}

static void
commit_text(struct rtr_cache *c, struct names *names, const char *text)
{
	struct vrpset *set = set_of(names, text);

	commit(c, set);
	vrpset_unref(set);
}

static void
test_no_data(void **state)
{
	struct rtr_cache *c = rtr_cache_new(&config);

	(void)state;
	assert_false(rtr_cache_has_data(c));
	assert_null(rtr_cache_set(c));
	assert_int_equal(rtr_cache_history(c), 0);
	assert_int_equal(rtr_cache_session(c, 0), 1000);
	assert_int_equal(rtr_cache_session(c, 2), 1002);
	assert_int_equal(rtr_cache_config(c)->history, 100);
	rtr_cache_free(c);
	rtr_cache_free(NULL);
	rtr_update_free(NULL);
}

static void
test_serials_and_updates(void **state)
{
	struct names *names = names_new();
	struct rtr_cache *c = rtr_cache_new(&config);
	struct vrpset *a = set_of(names, "1.0.0.0/24 24 1\n2.0.0.0/24 24 1\naspa 1 2"),
		      *b = set_of(names, "1.0.0.0/24 24 1\n3.0.0.0/24 24 1\naspa 1 3");
	struct rtr_update *u = rtr_update_new(NULL, a, 0);

	(void)state;
	assert_int_equal(rtr_update_count(u), 3);
	rtr_update_free(u);
	u = rtr_update_new(NULL, a, 7);
	rtr_cache_commit(c, u);
	assert_true(rtr_cache_has_data(c));
	assert_int_equal(rtr_cache_serial(c), 1);
	assert_int_equal(rtr_cache_history(c), 0);
	for (int v = 0; v < RTR_VERSIONS; v++)
		assert_non_null(c->image[v]);
	assert_ptr_equal(rtr_cache_set(c), a);
	u = rtr_update_new(a, b, 4);
	/* One record goes, one comes, one ASPA is replaced. */
	assert_int_equal(rtr_update_count(u), 3);
	rtr_cache_commit(c, u);
	assert_int_equal(rtr_cache_serial(c), 2);
	assert_int_equal(rtr_cache_history(c), 1);
	assert_true(!c->image[0] && !c->image[1] && c->image[2]);
	vrpset_unref(a);
	vrpset_unref(b);
	rtr_cache_free(c);
	names_unref(names);
}

/* All routers of one version share one image and one answer. */
static void
test_images_are_shared(void **state)
{
	struct names *names = names_new();
	struct rtr_cache *c = rtr_cache_new(&config);
	struct blob *one, *two;

	(void)state;
	commit_text(c, names, "1.0.0.0/24 24 1");
	one = rtr_cache_table(c, 1);
	two = rtr_cache_table(c, 1);
	assert_ptr_equal(one, two);
	assert_int_equal(one->len, 20);
	blob_unref(two);
	two = rtr_cache_table(c, 2);
	assert_ptr_not_equal(one, two);
	blob_unref(two);
	commit_text(c, names, "2.0.0.0/24 24 1");
	/* What a slow router still reads does not change under it. */
	assert_int_equal(one->data[12], 1);
	blob_unref(one);
	assert_int_equal(rtr_cache_delta(c, 1, 1, &one), 1);
	assert_int_equal(rtr_cache_delta(c, 1, 1, &two), 1);
	assert_ptr_equal(one, two);
	assert_int_equal(one->len, 40);
	rtr_cache_free(c);
	assert_int_equal(one->data[0], 1);
	blob_unref(one);
	blob_unref(two);
	names_unref(names);
}

static void
test_unknown_serials(void **state)
{
	static const uint32_t unknown[] = {0, 3, 4, 5, 100, 0x7fffffff, 0x80000000, 0x80000002, 0xffffffff};
	struct names *names = names_new();
	struct rtr_cache *c = rtr_cache_new(&config);
	struct blob *b = NULL;

	(void)state;
	commit_text(c, names, "1.0.0.0/24 24 1");
	commit_text(c, names, "2.0.0.0/24 24 1");
	for (size_t i = 0; i < ARRAY_LEN(unknown); i++) {
		for (uint8_t v = 0; v < RTR_VERSIONS; v++) {
			assert_case(rtr_cache_delta(c, v, unknown[i], &b) == 0, "%u", (unsigned)unknown[i]);
			assert_null(b);
		}
	}
	assert_int_equal(rtr_cache_delta(c, 0, 2, &b), 1);
	assert_int_equal(b->len, 0);
	blob_unref(b);
	rtr_cache_free(c);
	names_unref(names);
}

/* From 2^32 - 1 on it goes with 1: 0 is never a serial (RFC 1982 allows any step). */
static void
test_wrap(void **state)
{
	struct names *names = names_new();
	struct rtr_cache *c = rtr_cache_new(&config);
	static const uint32_t serials[] = {UINT32_MAX - 1, UINT32_MAX, 1, 2};
	char text[64];

	(void)state;
	c->serial = UINT32_MAX - 2;
	for (unsigned i = 0; i < ARRAY_LEN(serials); i++) {
		snprintf(text, sizeof(text), "%u.0.0.0/24 24 1", i + 1);
		commit_text(c, names, text);
		assert_int_equal(rtr_cache_serial(c), serials[i]);
	}
	for (unsigned i = 0; i < ARRAY_LEN(serials); i++) {
		struct blob *b;

		assert_int_equal(rtr_cache_delta(c, 1, serials[i], &b), 1);
		assert_int_equal(b->len, i == 3 ? 0 : 40);
		if (i < 3) {
			assert_int_equal(b->data[12], 4);
			assert_int_equal(b->data[32], i + 1);
		}
		blob_unref(b);
	}
	assert_int_equal(rtr_cache_delta(c, 1, 0, &(struct blob *){NULL}), 0);
	assert_int_equal(rtr_cache_delta(c, 1, UINT32_MAX - 2, &(struct blob *){NULL}), 0);
	rtr_cache_free(c);
	names_unref(names);
}

static void
test_history_by_count(void **state)
{
	struct rtr_cache_config few = config;
	struct names *names = names_new();
	struct rtr_cache *c;
	char text[64];

	(void)state;
	for (size_t history = 0; history < 4; history++) {
		few.history = history;
		c = rtr_cache_new(&few);
		for (unsigned i = 1; i <= 10; i++) {
			snprintf(text, sizeof(text), "%u.0.0.0/24 24 1", i);
			commit_text(c, names, text);
		}
		assert_int_equal(rtr_cache_history(c), history);
		for (uint32_t serial = 0; serial <= 11; serial++) {
			struct blob *b = NULL;
			bool known = serial <= 10 && serial + history >= 10;

			assert_case(rtr_cache_delta(c, 1, serial, &b) == known, "history %zu serial %u", history, serial);
			blob_unref(b);
		}
		rtr_cache_free(c);
	}
	names_unref(names);
}

/* n records 10.x.y.0/24 from the given one on. */
static struct vrpset *
many(struct names *names, uint32_t from, uint32_t n)
{
	struct vrpset_builder *b = vrpset_builder_new(names);
	struct vrpset *set;

	for (uint32_t i = from; i < from + n; i++) {
		struct vrp v = {.prefix.family = FAMILY_IPV4, .prefix.len = 32, .maxlen = 32, .asn = 1, .expires = EXPIRES_UNKNOWN};

		be32_store(v.prefix.addr, i);
		assert_int_equal(vrpset_add_vrp(b, &v), 0);
	}
	set = vrpset_finish(b, NULL);
	assert_non_null(set);
	return set;
}

/* Changes are kept while together they are fewer records than the table, but for tables below 10,000. */
static void
test_history_by_size(void **state)
{
	static const struct {
		uint32_t table, step;	/* records; each change is 2 * step */
		size_t kept;
	} cases[] = {
		{20000, 5000, 1}, {20000, 4999, 2}, {20000, 1000, 9}, {100, 100, 30}, {5000, 5000, 0}, {5000, 2500, 1},
	};
	struct names *names = names_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct rtr_cache *c = rtr_cache_new(&config);

		for (uint32_t n = 0; n < 31; n++) {
			struct vrpset *set = many(names, n * cases[i].step, cases[i].table);

			commit(c, set);
			vrpset_unref(set);
		}
		assert_case(rtr_cache_history(c) == cases[i].kept, "case %zu: %zu", i, rtr_cache_history(c));
		rtr_cache_free(c);
	}
	names_unref(names);
}

/*
 * A random walk of tables.  After each step a router of each version at each
 * serial that is kept gets from its table to the newest by the net delta, which
 * mentions exactly what differs; and a new one by the whole table.
 */
static void
test_every_serial_leads_to_now(void **state)
{
	enum { STEPS = 24 };
	struct rtr_cache_config some = config;
	struct names *names = names_new();
	struct rng rng = {51};

	(void)state;
	some.history = 15;
	for (int round = 0; round < 8; round++) {
		struct rtr_cache *c = rtr_cache_new(&some);
		struct vrpset *past[STEPS + 1] = {NULL};
		size_t answered = 0;

		for (uint32_t now = 1; now <= STEPS; now++) {
			/* Old tables come back, so that changes cancel. */
			past[now] = now > 2 && rng_below(&rng, 4) == 0 ? vrpset_ref(past[1 + rng_below(&rng, now - 1)])
								       : random_set(&rng, names, 50);
			commit(c, past[now]);
			assert_int_equal(rtr_cache_serial(c), now);
			for (uint32_t serial = 1; serial <= now; serial++) {
				for (uint8_t v = 0; v < RTR_VERSIONS; v++) {
					struct router r = router_of(past[serial], v), fresh = {.version = v},
						      target = router_of(past[now], v);
					struct blob *image = NULL;
					size_t expected = router_lacks(&target, &r);
					int known = rtr_cache_delta(c, v, serial, &image);

					assert_int_equal(known, now - serial <= some.history);
					for (size_t i = 0; i < r.count; i++)
						expected += !router_find(&target, r.held[i].bytes, r.held[i].key_len);
					if (known) {
						assert_int_equal(router_take(&r, image->data, image->len), expected);
						assert_router(&r, past[now]);
						blob_unref(image);
						answered++;
					}
					if (serial == now) {
						image = rtr_cache_table(c, v);
						router_take(&fresh, image->data, image->len);
						assert_router(&fresh, past[now]);
						blob_unref(image);
					}
					router_release(&r);
					router_release(&fresh);
					router_release(&target);
				}
			}
		}
		assert_true(answered > STEPS * 3);
		rtr_cache_free(c);
		for (int i = 0; i <= STEPS; i++)
			vrpset_unref(past[i]);
	}
	names_unref(names);
}

/* An answer is made from sets that a commit drops: it is made anew, and right, after every commit. */
static void
test_answers_are_dropped_at_commit(void **state)
{
	struct names *names = names_new();
	struct rtr_cache *c = rtr_cache_new(&config);
	struct blob *b;

	(void)state;
	commit_text(c, names, "1.0.0.0/24 24 1");
	commit_text(c, names, "1.0.0.0/24 24 1\n2.0.0.0/24 24 1");
	assert_int_equal(rtr_cache_delta(c, 2, 1, &b), 1);
	assert_int_equal(b->len, 20);
	blob_unref(b);
	commit_text(c, names, "1.0.0.0/24 24 1");
	assert_int_equal(rtr_cache_delta(c, 2, 1, &b), 1);
	assert_int_equal(b->len, 0);
	blob_unref(b);
	assert_int_equal(rtr_cache_delta(c, 2, 2, &b), 1);
	assert_int_equal(b->len, 20);
	assert_int_equal(b->data[8], 0);
	blob_unref(b);
	rtr_cache_free(c);
	names_unref(names);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_data),
		cmocka_unit_test(test_serials_and_updates),
		cmocka_unit_test(test_images_are_shared),
		cmocka_unit_test(test_unknown_serials),
		cmocka_unit_test(test_wrap),
		cmocka_unit_test(test_history_by_count),
		cmocka_unit_test(test_history_by_size),
		cmocka_unit_test(test_every_serial_leads_to_now),
		cmocka_unit_test(test_answers_are_dropped_at_commit),
	};

	return cmocka_run_group_tests_name("rtr_cache", tests, NULL, NULL);
}
