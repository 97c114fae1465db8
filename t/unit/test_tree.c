/* SPDX-License-Identifier: ISC */
/*
 * The tree against a model that knows nothing but lines: of random tables, one
 * after the other, every file, every name, every time, every change that is told,
 * and what a reader of /events holds.
 */
#include "test.h"

#include <errno.h>
#include <pthread.h>

#include "content.h"
#include "events.h"
#include "export.h"
#include "fstree.h"
#include "sets.h"
#include "table.h"
#include "tree.h"
#include "validity.h"

static const struct timespec start = {1700000000, 5};

/* ---- a tree that follows random tables, and the model beside it */

struct fixture {
	struct names *names;
	struct tree *tree;
	struct vrpset *set;		/* what the tree has; NULL before the first */
	struct block_attrs meta;
	int64_t now;			/* nanoseconds */
	int64_t updated;		/* when the last version came */
	struct model model;
	struct told told;
	struct events *events;
	struct table *reader;		/* of the events */
	struct vrpset *read;
	size_t blocks;
};

static int
on_commit(void *ctx, struct vrpset *set, const struct block_head *head)
{
	struct fixture *f = ctx;

	vrpset_unref(f->read);
	f->read = vrpset_ref(set);
	f->blocks++;
	assert_true(head->kind == (f->blocks == 1 ? BLOCK_SNAPSHOT : BLOCK_DELTA));
	return 0;
}

static int
on_reject(void *ctx, const struct vrp_err *why)
{
	(void)ctx;
	fail_msg("%zu: %s", why->line, why->msg);
	return -1;
}

static struct fixture *
fixture_new(void)
{
	static const struct table_ops ops = {.commit = on_commit, .reject = on_reject};
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->names = names_new();
	f->tree = tree_new(f->names, start);
	f->now = (int64_t)start.tv_sec * 1000000000 + start.tv_nsec;
	f->meta = (struct block_attrs)BLOCK_ATTRS_INIT;
	f->events = events_open(f->tree);
	f->reader = table_new(f->names, &ops, f);
	assert_true(f->names && f->tree && f->events && f->reader);
	return f;
}

static void
fixture_free(struct fixture *f)
{
	events_close(f->events);
	table_free(f->reader);
	vrpset_unref(f->read);
	vrpset_unref(f->set);
	model_release(&f->model);
	tree_free(f->tree);
	names_unref(f->names);
	free(f);
}

/* Takes the reference. */
static int
give(struct fixture *f, struct vrpset *set)
{
	static const struct tree_ops ops = {.change = told_change};
	struct timespec now = {f->now / 1000000000, f->now % 1000000000};
	struct vrp_err err;
	int rc;

	told_reset(&f->told, f->tree);
	rc = tree_update(f->tree, set, &f->meta, now, &ops, &f->told, &err);
	assert_case(rc >= 0, "%s", err.msg);
	vrpset_unref(f->set);
	f->set = set;
	f->updated = rc ? f->now : f->updated;
	return rc;
}

static void
read_events(struct fixture *f, struct rng *rng)
{
	char piece[4096];
	ssize_t n;

	while ((n = events_read(f->events, piece, 1 + rng_below(rng, sizeof(piece)))) > 0)
		assert_int_equal(table_feed(f->reader, piece, (size_t)n), 0);
	assert_int_equal(n, 0);
	assert_false(events_ready(f->events));
}

/* ---- files */

static void
check_vrps(const struct fixture *f, struct view *v)
{
	struct out o = memory_out();
	char *want, *got = file_text(v, "/vrps");

	stream_write_snapshot(&o, &f->meta, f->set);
	want = memory_done(&o, NULL);
	assert_string_equal(got, want);
	free(want);
	free(got);
}

static void
check_exports(const struct fixture *f, struct view *v)
{
	struct export_meta meta = EXPORT_META_INIT;

	meta.time = f->meta.time;
	meta.source = f->meta.source;
	meta.serial = f->meta.serial;
	meta.generated = f->updated / 1000000000;
	for (size_t i = 0; i < export_count(); i++) {
		struct out o = memory_out();
		char *want, *got, path[80];

		snprintf(path, sizeof(path), "/export/%s", node_export_name(i));
		export_at(i)->write(&o, f->set, &meta);
		want = memory_done(&o, NULL);
		got = file_text(v, path);
		assert_string_equal(got, want);
		free(want);
		free(got);
	}
}

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

/* ---- trust anchors with names that no file can have */

static void
test_odd_anchors(void **state)
{
	static const struct { const char *token, *name; } odd[] = {
		{"a/b", "a%2Fb"}, {".", "%2E"}, {"..", "%2E."}, {".git", "%2Egit"}, {"a%2Fb", NULL}, {"%2E", NULL}, {"/", "%2F"}, {"-", "-"},
		{"a%20b", "a%20b"}, {"x.y", "x.y"},
	};
	struct fixture *f = fixture_new();
	char lines[4096], x[256];
	size_t n = 0;
	struct view *v;

	(void)state;
	memset(x, 'x', 255);
	x[255] = '\0';
	for (size_t i = 0; i < ARRAY_LEN(odd); i++)
		n += (size_t)snprintf(lines + n, sizeof(lines) - n, "10.%zu.0.0/16 16 AS%zu %s\n", i, i, odd[i].token);
	n += (size_t)snprintf(lines + n, sizeof(lines) - n, "11.0.0.0/8 8 AS1 %s\n", x);
	x[3] = '/';
	n += (size_t)snprintf(lines + n, sizeof(lines) - n, "12.0.0.0/8 8 AS1 %s\n", x);
	x[254] = '/';
	snprintf(lines + n, sizeof(lines) - n, "13.0.0.0/8 8 AS1 %s\n", x);
	assert_int_equal(give(f, set_of(f->names, lines)), 1);
	v = tree_view(f->tree);
	for (size_t i = 0; i < ARRAY_LEN(odd); i++) {
		char path[300], want[300], *text;

		if (!odd[i].name)
			continue;
		snprintf(path, sizeof(path), "/ta/%s/vrps", odd[i].name);
		snprintf(want, sizeof(want), "10.%zu.0.0/16 16 AS%zu %s -\n", i, i, odd[i].token);
		text = file_text(v, path);
		assert_string_equal(text, want);
		free(text);
	}
	/* Whatever their names, there is one for each, and it is a file's. */
	assert_int_equal(check_names(v, "/ta"), ARRAY_LEN(odd) + 3);
	view_unref(v);
	fixture_free(f);
}

/* ---- large files: windows at any place */

static void
test_reads_at_any_place(void **state)
{
	static const char *const paths[] = {
		"/vrps", "/ta/ripe/vrps", "/ta/%2Fx/vrps", "/asn/AS7/vrps", "/covering/10.255.0.0/24", "/prefix/10.0.0.0/8", "/export/rpki.json",
		"/export/rpki.csv", "/export/bird.conf", "/export/bird1-ipv6.conf", "/export/slurm.json", "/export/rpki.jsonl",
		"/export/openbgpd-aspa.conf", "/export/routes.rpsl", "/export/summary.txt", "/asn/AS9/router-keys", "/ta/ripe/aspa",
	};
	struct fixture *f = fixture_new();
	struct rng rng = {5};
	struct vrpset *set;
	struct view *v;

	(void)state;
	set = large_set(&rng, f->names, 6000);
	assert_int_equal(give(f, set), 1);
	v = tree_view(f->tree);
	for (size_t i = 0; i < ARRAY_LEN(paths); i++)
		check_windows(v, paths[i], &rng);
	check_vrps(f, v);
	check_exports(f, v);
	view_unref(v);
	fixture_free(f);
}

/* An open file keeps its version. */
static void
test_open_files_stay(void **state)
{
	struct fixture *f = fixture_new();
	struct rng rng = {6};
	struct content *small, *large;
	struct node node;
	struct view *v;
	char *before_small, *before_large, *again;

	(void)state;
	assert_int_equal(give(f, large_set(&rng, f->names, 3000)), 1);
	v = tree_view(f->tree);
	assert_int_equal(view_resolve(v, "/asn/AS7/vrps", &node), 0);
	assert_int_equal(content_open(v, &node, &small), 0);
	assert_int_equal(view_resolve(v, "/vrps", &node), 0);
	assert_int_equal(content_open(v, &node, &large), 0);
	before_small = file_text(v, "/asn/AS7/vrps");
	before_large = file_text(v, "/vrps");
	view_unref(v);
	assert_int_equal(give(f, vrpset_empty(f->names)), 1);
	again = content_text(small);
	assert_string_equal(again, before_small);
	free(again);
	again = content_text(large);
	assert_string_equal(again, before_large);
	free(again);
	free(before_small);
	free(before_large);
	/* Even when the tree is gone. */
	fixture_free(f);
	again = content_text(large);
	assert_true(strlen(again) == content_size(large));
	free(again);
	content_close(small);
	content_close(large);
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

/* ---- status */

static void
test_status(void **state)
{
	static const char want[] =
		"source https://v.example/a%20b\nstate connected\nsession 7\nserial 42\ntime 2023-11-14T22:13:00Z\n"
		"updated 2023-11-14T22:13:20Z\nchecked 2023-11-14T22:13:21Z\nnext 2023-11-14T22:23:21Z\nerror no%0Aluck\nversion 1\nvrps 2\n"
		"ipv4-vrps 1\nipv6-vrps 1\nrouter-keys 0\naspas 1\nases 3\nprefixes 2\ntrust-anchors 1\ndeltas 0\n";
	struct tree_status status = {"connected", "no\nluck", 1700000001, 1700000601};
	struct fixture *f = fixture_new();
	struct view *old, *v;
	struct node_stat st;
	char *text;

	(void)state;
	f->meta = (struct block_attrs){1699999980, "https://v.example/a b", 7, 42};
	assert_int_equal(give(f, set_of(f->names, "10.0.0.0/8 8 AS1\n::/0 0 AS2\naspa AS3 AS1\n")), 1);
	old = tree_view(f->tree);
	assert_int_equal(tree_set_status(f->tree, &status, (struct timespec){1700000001, 9}), 0);
	v = tree_view(f->tree);
	text = file_text(v, "/status");
	assert_string_equal(text, want);
	free(text);
	assert_int_equal(view_stat(v, &NODE_OF(NODE_STATUS), &st), 0);
	assert_true(st.mtime.tv_sec == 1700000001 && st.mtime.tv_nsec == 9);
	assert_int_equal(view_version(v), view_version(old));
	text = file_text(old, "/status");
	assert_null(strstr(text, "connected"));
	free(text);
	view_unref(old);
	view_unref(v);
	/* It stays through updates. */
	assert_int_equal(give(f, set_of(f->names, "10.0.0.0/8 8 AS1\n")), 1);
	v = tree_view(f->tree);
	text = file_text(v, "/status");
	assert_non_null(strstr(text, "state connected\n"));
	assert_non_null(strstr(text, "version 2\n"));
	free(text);
	view_unref(v);
	fixture_free(f);
}

static void
test_summary(void **state)
{
	struct fixture *f = fixture_new();
	struct view *v;
	char *text;

	(void)state;
	assert_int_equal(give(f, set_of(f->names, "10.0.0.0/8 9 AS1 ripe 1700000000\n10.0.0.0/8 10 AS1 apnic\n10.0.0.0/16 16 AS1\n"
					       "2001:db8::/32 48 AS1 ripe 1800000000\naspa AS1 AS2,AS3 ripe 1699999999\naspa AS9 AS0\n")), 1);
	v = tree_view(f->tree);
	text = file_text(v, "/asn/AS1/summary");
	assert_string_equal(text, "as AS1\nipv4-vrps 3\nipv6-vrps 1\nipv4-prefixes 2\nipv6-prefixes 1\nipv4-max-length 16\nipv6-max-length 48\n"
				  "router-keys 0\nproviders 2\ntrust-anchors - ripe apnic\nfirst-expiry 2023-11-14T22:13:19Z\n"
				  "changed 2023-11-14T22:13:20Z\n");
	free(text);
	text = file_text(v, "/asn/AS9/vrps");
	assert_string_equal(text, "");
	free(text);
	view_unref(v);
	fixture_free(f);
}

/* ---- errors */

static void
test_errors(void **state)
{
	struct fixture *f = fixture_new();
	struct names *other = names_new();
	struct vrpset *set = vrpset_empty(other);
	struct content *c;
	struct listing l;
	struct node node;
	struct vrp_err err;
	struct view *v;

	(void)state;
	assert_int_equal(tree_update(f->tree, set, &f->meta, start, NULL, NULL, &err), -1);
	assert_non_null(strstr(err.msg, "names"));
	vrpset_unref(set);
	names_unref(other);
	assert_int_equal(give(f, set_of(f->names, "10.0.0.0/8 8 AS1\n")), 1);
	v = tree_view(f->tree);
	assert_int_equal(content_open(v, &NODE_OF(NODE_ROOT), &c), EISDIR);
	assert_int_equal(content_open(v, &NODE_OF(NODE_EVENTS), &c), EINVAL);
	assert_int_equal(content_open(v, &(struct node){.kind = NODE_AS_VRPS, .number = 2}, &c), ENOENT);
	assert_int_equal(content_open(v, &(struct node){.kind = NODE_DELTA, .number = 2}, &c), ENOENT);
	assert_int_equal(view_list(v, &NODE_OF(NODE_VRPS), 0, &l), ENOTDIR);
	assert_int_equal(view_list(v, &(struct node){.kind = NODE_AS, .number = 2}, 0, &l), ENOENT);
	assert_int_equal(view_resolve(v, "/asn/AS1/aspa", &node), ENOENT);
	assert_int_equal(view_resolve(v, "/prefix/10.0.0.0/9", &node), ENOENT);
	assert_int_equal(view_resolve(v, "/prefix/10.0.0.1", &node), ENOENT);
	assert_int_equal(view_resolve(v, "/prefix/10.0.0.0/6", &node), EINVAL);
	assert_int_equal(view_resolve(v, "/ta/.git", &node), ENOENT);
	assert_int_equal(view_resolve(v, "//asn//AS1/", &node), 0);
	view_unref(v);
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
		assert_int_equal(tree_set_status(f->tree, &(struct tree_status){.state = "x"}, start), 0);
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
		cmocka_unit_test(test_first_times),
		cmocka_unit_test(test_odd_anchors), cmocka_unit_test(test_reads_at_any_place), cmocka_unit_test(test_open_files_stay),
		cmocka_unit_test(test_deltas), cmocka_unit_test(test_delta_bounds), cmocka_unit_test(test_status),
		cmocka_unit_test(test_summary), cmocka_unit_test(test_errors), cmocka_unit_test(test_cookies),
		cmocka_unit_test(test_cookies_of_near_addresses), cmocka_unit_test(test_threads),
	};

	return cmocka_run_group_tests_name("tree", tests, NULL, NULL);
}
