/* SPDX-License-Identifier: ISC */
/*
 * The tree against a model that knows nothing but lines: of random tables, one
 * after the other, every file, every name, every time, every change that is told,
 * and what a reader of /events holds.
 */
#include "test.h"

#include <errno.h>
#include <pthread.h>

#include "fsfixture.h"
#include "validity.h"

/* What vrp-validate writes of this route. */
static char *
route_text(struct vrpset *set, const struct prefix *prefix, uint32_t asn)
{
	struct rov *rov = rov_new(set, NULL);
	struct out o = memory_out();
	struct validity_writer w = {.out = &o, .rov = rov};
	struct validity v = {.route = {*prefix, asn}, .has_origin = true};

	v.answer = rov_ask(rov, prefix, asn);
	validity_write_line(&w, &v);
	validity_writer_release(&w);
	rov_free(rov);
	return memory_done(&o, NULL);
}

static void
check_questions(const struct fixture *f, struct view *v, struct rng *rng)
{
	for (int i = 0; i < 20; i++) {
		struct vrp vrp = random_vrp(rng);
		char path[120], prefix[PREFIX_TEXT_MAX], *want, *got;

		*prefix_format(prefix, &vrp.prefix) = '\0';
		snprintf(path, sizeof(path), "/route/%s/AS%u", prefix, vrp.asn);
		want = route_text(f->set, &vrp.prefix, vrp.asn);
		got = file_text(v, path);
		assert_string_equal(got, want);
		free(want);
		free(got);
		snprintf(path, sizeof(path), "/covering/%s", prefix);
		want = model_covering(&f->model, &vrp.prefix);
		got = file_text(v, path);
		assert_string_equal(got, want);
		free(want);
		free(got);
	}
}

static void
check_all(struct fixture *f, struct view *v, struct rng *rng)
{
	model_check(&f->model, v);
	check_vrps(f, v);
	check_questions(f, v, rng);
	if (rng_below(rng, 8) == 0)
		check_exports(f, v);
}

/* ---- sequences of tables */

/* The records of a table but for one, which goes or is annotated anew. */
struct nudge {
	struct vrpset_builder *b;
	size_t left;		/* records before the one */
	bool keep;
	uint16_t ta;
	uint32_t expires;
};

static int
copy_nudged(void *ctx, const struct payload *p)
{
	struct nudge *n = ctx;
	struct payload copy = *p;

	if (n->left-- == 0) {
		if (!n->keep)
			return 0;
		annotate(&copy, n->ta, n->expires);
	}
	return vrpset_add(n->b, &copy);
}

static struct vrpset *
nudged(struct fixture *f, struct rng *rng)
{
	static const char *const anchors[] = {"-", "apnic", "ripe", "a%20b", "new"};
	const char *anchor = anchors[rng_below(rng, ARRAY_LEN(anchors))];
	struct nudge n = {
		.b = vrpset_builder_new(f->names),
		.left = rng_below(rng, (uint32_t)vrpset_count(f->set) + 1),
		.keep = rng_below(rng, 3) > 0,
		.ta = (uint16_t)names_token(f->names, anchor, strlen(anchor)),
		.expires = 7,
	};
	struct loose l;

	assert_int_equal(vrpset_each(f->set, copy_nudged, &n), 0);
	if (rng_below(rng, 4) == 0) {
		random_any(rng, &l);
		assert_int_equal(vrpset_add(n.b, &l.p), 0);
	}
	return vrpset_finish(n.b, NULL);
}

static struct vrpset *
next_table(struct fixture *f, struct rng *rng, uint32_t size)
{
	if (f->set && rng_below(rng, 3))
		return nudged(f, rng);
	switch (rng_below(rng, 12)) {
	case 0:
		return vrpset_empty(f->names);
	case 1:
		return f->set ? vrpset_ref(f->set) : vrpset_empty(f->names);
	case 2:
		return random_set(rng, f->names, size);
	}
	return random_annotated_set(rng, f->names, size);
}

static bool
same_annotated(const struct vrpset *a, const struct vrpset *b)
{
	char *x = set_text(a), *y = set_text(b);
	bool same = strcmp(x, y) == 0;

	free(x);
	free(y);
	return same;
}

static void
step(struct fixture *f, struct rng *rng, uint32_t size)
{
	struct vrpset *set = next_table(f, rng, size);
	bool first = !f->set, new_meta = rng_below(rng, 6) == 0, same = !first && same_annotated(set, f->set);
	struct view *before = tree_view(f->tree), *v;
	uint32_t version = view_version(before);
	int rc;

	f->now += rng_below(rng, 3) ? rng_below(rng, 2000000000) : 0;
	if (new_meta)
		f->meta.serial++;
	model_follow(&f->model, set, f->now);
	rc = give(f, set);
	assert_int_equal(rc, first || new_meta || !same);
	v = tree_view(f->tree);
	assert_int_equal(view_version(v), version + (uint32_t)rc);
	check_all(f, v, rng);
	model_check_told(&f->model, &f->told);
	/* What was there before is there still. */
	assert_int_equal(view_version(before), version);
	view_unref(before);
	view_unref(v);
	read_events(f, rng);
	assert_true(f->read && same_annotated(f->read, f->set));
}

static void
test_random_tables(void **state)
{
	struct rng rng = {1};

	(void)state;
	for (int i = 0; i < ROUNDS(60); i++) {
		struct fixture *f = fixture_new();
		uint32_t size = rng_below(&rng, 2) ? 8 : 80;

		for (int k = 0; k < 20; k++)
			step(f, &rng, size);
		fixture_free(f);
	}
}

/* What is kept of the past is bounded, however many tables there were. */
static void
test_many_updates(void **state)
{
	struct fixture *f = fixture_new();
	struct rng rng = {11};
	size_t memory = 0;

	(void)state;
	(void)give(f, random_annotated_set(&rng, f->names, 100));
	for (int i = 0; i < 1000; i++) {
		struct view *v;

		f->now += 1 + rng_below(&rng, 1000);
		(void)give(f, nudged(f, &rng));
		v = tree_view(f->tree);
		if (i == 100)
			memory = view_memory(v);
		assert_true(i < 100 || view_memory(v) < 2 * memory);
		view_unref(v);
	}
	fixture_free(f);
}

/* ---- before the first table, and an empty one */

static void
test_before_the_first_table(void **state)
{
	static const char *const absent[] = {"/asn/AS1", "/prefix/10.0.0.0", "/ta/-", "/export/rpki.json", "/deltas/1"};
	struct fixture *f = fixture_new();
	struct view *v = tree_view(f->tree);
	struct node node;
	char *text = file_text(v, "/vrps");

	(void)state;
	assert_int_equal(view_version(v), 0);
	assert_string_equal(text, "");
	free(text);
	for (size_t i = 0; i < ARRAY_LEN(absent); i++)
		assert_int_equal(view_resolve(v, absent[i], &node), ENOENT);
	text = file_text(v, "/route/10.0.0.0/8/AS1");
	assert_string_equal(text, "10.0.0.0/8 AS1 not-found - -\n");
	free(text);
	model_follow(&f->model, NULL, f->now);
	model_check(&f->model, v);
	assert_false(events_ready(f->events));
	view_unref(v);

	/* An empty table is a table. */
	assert_int_equal(give(f, vrpset_empty(f->names)), 1);
	v = tree_view(f->tree);
	text = file_text(v, "/vrps");
	assert_string_equal(text, "%snapshot\n~end\n");
	free(text);
	model_check(&f->model, v);
	assert_true(events_ready(f->events));
	view_unref(v);
	fixture_free(f);
}

/* The first table has changed when its data was made, where that is known and past. */
static void
test_first_times(void **state)
{
	static const struct { int64_t time; int64_t want; } cases[] = {
		{STAMP_UNKNOWN, 1700000000}, {1600000000, 1600000000}, {1800000000, 1700000000}, {-5, 1700000000},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct fixture *f = fixture_new();
		struct node_stat st;
		struct node node;
		struct view *v;

		f->meta.time = cases[i].time;
		assert_int_equal(give(f, set_of(f->names, "10.0.0.0/8 8 AS1\n")), 1);
		v = tree_view(f->tree);
		assert_int_equal(view_resolve(v, "/asn/AS1/vrps", &node), 0);
		assert_int_equal(view_stat(v, &node, &st), 0);
		assert_int_equal(st.mtime.tv_sec, cases[i].want);
		view_unref(v);
		/* A clock that goes back is not followed. */
		f->now = INT64_C(1500000000) * 1000000000;
		assert_int_equal(give(f, set_of(f->names, "10.0.0.0/8 9 AS1\n")), 1);
		v = tree_view(f->tree);
		assert_int_equal(view_stat(v, &node, &st), 0);
		assert_int_equal(st.mtime.tv_sec, 1700000000);
		view_unref(v);
		fixture_free(f);
	}
}

/* ---- deltas */

static void
test_deltas(void **state)
{
	struct fixture *f = fixture_new();
	struct node node;
	struct view *v;
	char *text;

	(void)state;
	f->meta.serial = 41;
	assert_int_equal(give(f, set_of(f->names, "10.0.0.0/8 8 AS1 apnic 5\n11.0.0.0/8 8 AS1\n")), 1);
	f->meta.serial = 42;
	f->meta.source = "a b";
	assert_int_equal(give(f, set_of(f->names, "10.0.0.0/8 8 AS1 ripe 5\n12.0.0.0/8 8 AS2\n")), 1);
	v = tree_view(f->tree);
	assert_int_equal(view_resolve(v, "/deltas/1", &node), ENOENT);
	text = file_text(v, "/deltas/2");
	assert_string_equal(text, "%delta source=a%20b serial=42\n-11.0.0.0/8 8 AS1 - -\n+10.0.0.0/8 8 AS1 ripe 5\n+12.0.0.0/8 8 AS2 - -\n~end\n");
	free(text);
	view_unref(v);
	/* A new time alone is a version with a delta of its own. */
	f->meta.time = 1700000000;
	assert_int_equal(give(f, vrpset_ref(f->set)), 1);
	v = tree_view(f->tree);
	text = file_text(v, "/deltas/3");
	assert_string_equal(text, "%delta time=2023-11-14T22:13:20Z source=a%20b serial=42\n~end\n");
	free(text);
	view_unref(v);
	assert_int_equal(give(f, vrpset_ref(f->set)), 0);
	fixture_free(f);
}

/* The last ones stay, by number and by bytes; a reader that lags gets the table. */
static void
test_delta_bounds(void **state)
{
	struct fixture *f = fixture_new();
	struct rng rng = {7};
	struct node node;
	struct view *v;
	size_t bytes = 0;

	(void)state;
	for (uint32_t i = 1; i <= TREE_DELTAS + 20; i++) {
		char line[64];

		snprintf(line, sizeof(line), "10.0.0.0/8 8 AS%u\n", i);
		assert_int_equal(give(f, set_of(f->names, line)), 1);
	}
	v = tree_view(f->tree);
	assert_int_equal(check_names(v, "/deltas"), TREE_DELTAS);
	assert_int_equal(view_resolve(v, "/deltas/20", &node), ENOENT);
	assert_int_equal(view_resolve(v, "/deltas/21", &node), 0);
	view_unref(v);
	read_events(f, &rng);
	assert_int_equal(f->blocks, 1);
	assert_true(same_annotated(f->read, f->set));

	/* Large ones push out the others; one that is larger than all may be is not kept. */
	for (int i = 0; i < 6; i++)
		assert_int_equal(give(f, large_set(&rng, f->names, 12000)), 1);
	v = tree_view(f->tree);
	for (uint32_t i = 0; i < view_version(v); i++) {
		struct node_stat st;

		if (view_stat(v, &(struct node){.kind = NODE_DELTA, .number = i}, &st) == 0)
			bytes += st.size;
	}
	assert_true(bytes > 0 && bytes <= TREE_DELTA_BYTES);
	view_unref(v);
	assert_int_equal(give(f, large_set(&rng, f->names, 120000)), 1);
	v = tree_view(f->tree);
	assert_int_equal(check_names(v, "/deltas"), 0);
	assert_int_equal(give(f, vrpset_empty(f->names)), 1);
	assert_int_equal(give(f, set_of(f->names, "10.0.0.0/8 8 AS1\n")), 1);
	view_unref(v);
	f->blocks = 0;
	read_events(f, &rng);
	assert_int_equal(f->blocks, 1);
	fixture_free(f);
}

/* ---- listings that go on in later views */

/* Names that are there all the time come exactly once, others at most once. */
static void
test_cookies(void **state)
{
	static const char *const dirs[] = {"/asn", "/prefix", "/ta", "/deltas", "/export", "/"};
	struct rng rng = {8};

	(void)state;
	for (int round = 0; round < ROUNDS(100); round++) {
		for (size_t d = 0; d < ARRAY_LEN(dirs); d++) {
			struct fixture *f = fixture_new();
			struct names_seen seen = {0};
			uint64_t cookie = 0;

			assert_int_equal(give(f, random_annotated_set(&rng, f->names, 80)), 1);
			for (bool more = true; more;) {
				struct view *v = tree_view(f->tree);

				seen_view(&seen, v, dirs[d]);
				more = seen_take(&seen, v, dirs[d], &cookie, 1 + rng_below(&rng, 4));
				view_unref(v);
				if (rng_below(&rng, 3) == 0)
					(void)give(f, random_annotated_set(&rng, f->names, 80));
			}
			seen_check(&seen);
			fixture_free(f);
		}
	}
}

/* Addresses that share their first 40 bits, from any cookie on. */
static void
test_cookies_of_near_addresses(void **state)
{
	struct fixture *f = fixture_new();
	struct vrpset_builder *b = vrpset_builder_new(f->names);
	struct rng rng = {9};
	struct view *v;

	(void)state;
	for (int i = 0; i < 300; i++) {
		struct vrp vrp = {.prefix = {.addr = {0x20, 1}, .family = FAMILY_IPV6, .len = 128}, .maxlen = 128, .asn = 1};

		vrp.prefix.addr[4 + rng_below(&rng, 3) * rng_below(&rng, 6)] = (uint8_t)rng_below(&rng, 256);
		assert_int_equal(vrpset_add_vrp(b, &vrp), 0);
		vrp.prefix = (struct prefix){.family = FAMILY_IPV4, .len = 32};
		memset(vrp.prefix.addr, i % 3 ? 0 : 0xff, 4);
		vrp.prefix.addr[3] = (uint8_t)i;
		vrp.maxlen = 32;
		assert_int_equal(vrpset_add_vrp(b, &vrp), 0);
	}
	assert_int_equal(give(f, vrpset_finish(b, NULL)), 1);
	v = tree_view(f->tree);
	check_cookies(v, "/prefix");
	view_unref(v);
	fixture_free(f);
}

/* ---- threads: look-ups while tables change */

struct looker {
	struct tree *tree;
	bool stop;
};

static void *
look(void *arg)
{
	struct looker *l = arg;
	size_t looks = 0;

	while (!__atomic_load_n(&l->stop, __ATOMIC_RELAXED) || looks == 0) {
		struct view *v = tree_view(l->tree);

		check_names(v, "/asn");
		check_names(v, "/prefix");
		free(file_text(v, "/export/rpki.csv"));
		view_unref(v);
		looks++;
	}
	return NULL;
}

static void
test_threads(void **state)
{
	struct fixture *f = fixture_new();
	struct looker l = {f->tree, false};
	pthread_t threads[3];
	struct rng rng = {10};

	(void)state;
	assert_int_equal(give(f, random_annotated_set(&rng, f->names, 60)), 1);
	for (size_t i = 0; i < ARRAY_LEN(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, look, &l), 0);
	for (int i = 0; i < ROUNDS(300); i++) {
		(void)give(f, random_annotated_set(&rng, f->names, 60));
		assert_int_equal(tree_set_status(f->tree, &(struct tree_status){.state = "x"}, START), 0);
	}
	__atomic_store_n(&l.stop, true, __ATOMIC_RELAXED);
	for (size_t i = 0; i < ARRAY_LEN(threads); i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	fixture_free(f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_tables), cmocka_unit_test(test_many_updates), cmocka_unit_test(test_before_the_first_table),
		cmocka_unit_test(test_first_times), cmocka_unit_test(test_deltas), cmocka_unit_test(test_delta_bounds),
		cmocka_unit_test(test_cookies), cmocka_unit_test(test_cookies_of_near_addresses), cmocka_unit_test(test_threads),
	};

	return cmocka_run_group_tests_name("tree", tests, NULL, NULL);
}
