/* SPDX-License-Identifier: ISC */
/*
 * The tree when memory is out: each allocation in turn fails, once.  What was
 * called says so, unless it could do without, nothing has changed, and the next
 * call does it.
 */
#include "test.h"

#include <errno.h>

#include "content.h"
#include "events.h"
#include "fstree.h"
#include "nomem.h"
#include "tree.h"

#define TRIES_MAX 1000	/* more allocations than anything here makes */

static const struct timespec now = {1700000000, 0};
static const struct block_attrs meta = {1700000000, "a source", 1, 2};

static struct vrpset *
table(struct names *names, uint32_t seed)
{
	struct rng rng = {seed};

	return large_set(&rng, names, 200);
}

static void
give(struct tree *t, struct vrpset *set)
{
	struct vrp_err err;

	assert_int_equal(tree_update(t, set, &meta, now, NULL, NULL, &err), 1);
	vrpset_unref(set);
}

static void
test_new(void **state)
{
	struct names *names = names_new();
	bool more = true;

	(void)state;
	for (unsigned n = 1; more; n++) {
		struct tree *t;

		assert_true(n < TRIES_MAX);
		arm(n);
		t = tree_new(names, now);
		more = disarm();
		assert_true(t || more);
		tree_free(t);
	}
	names_unref(names);
}

/* The n-th allocation of a second update fails; false when there was none. */
static bool
update_without(struct names *names, unsigned n, size_t *refused)
{
	struct tree *t = tree_new(names, now);
	struct vrpset *next = table(names, 2);
	struct view *before, *after;
	struct vrp_err err = {0};
	char *text, *again;
	bool hit;
	int rc;

	give(t, table(names, 1));
	before = tree_view(t);
	arm(n);
	rc = tree_update(t, next, &meta, now, NULL, NULL, &err);
	hit = disarm();
	after = tree_view(t);
	assert_true(rc == 1 || (rc == -1 && hit));
	assert_int_equal(view_version(after), rc == 1 ? 2 : 1);
	if (rc < 0) {
		++*refused;
		assert_string_equal(err.msg, "out of memory");
		assert_ptr_equal(before, after);
		assert_int_equal(tree_update(t, next, &meta, now, NULL, NULL, &err), 1);
	}
	text = file_text(before, "/vrps");
	again = file_text(after, "/vrps");
	assert_true((strcmp(text, again) == 0) == (rc < 0));
	free(text);
	free(again);
	view_unref(before);
	view_unref(after);
	vrpset_unref(next);
	tree_free(t);
	return hit;
}

static void
test_update(void **state)
{
	struct names *names = names_new();
	size_t refused = 0;

	(void)state;
	for (unsigned n = 1; update_without(names, n, &refused); n++)
		assert_true(n < TRIES_MAX);
	assert_true(refused > 20 || !CAN_FAIL);
	names_unref(names);
}

static void
test_status(void **state)
{
	static const struct tree_status status = {"state", "error", 1, 2};
	struct names *names = names_new();
	struct tree *t = tree_new(names, now);
	int rc = -1;

	(void)state;
	for (unsigned n = 1; rc < 0; n++) {
		struct view *v;
		char *text;

		assert_true(n < TRIES_MAX);
		arm(n);
		rc = tree_set_status(t, &status, now);
		disarm();
		v = tree_view(t);
		text = file_text(v, "/status");
		assert_true((strstr(text, "state state\n") != NULL) == (rc == 0));
		free(text);
		view_unref(v);
	}
	tree_free(t);
	names_unref(names);
}

/* Stat, open and read of one file, in a view of its own so that nothing was counted before. */
static void
check_file(struct names *names, const char *path)
{
	struct tree *t = tree_new(names, now);
	static char text[400000];
	struct node_stat st;
	struct content *c = NULL;
	struct view *v;
	struct node node;
	int rc;
	ssize_t n;

	give(t, table(names, 1));
	v = tree_view(t);
	assert_int_equal(view_resolve(v, path, &node), 0);
	for (unsigned k = 1; arm(k), rc = view_stat(v, &node, &st), disarm() || rc; k++)
		assert_true(k < TRIES_MAX && (rc == 0 || rc == ENOMEM));
	for (unsigned k = 1; arm(k), rc = content_open(v, &node, &c), disarm() && rc; k++)
		assert_true(k < TRIES_MAX && rc == ENOMEM && !c);
	assert_case(rc == 0 && content_size(c) == st.size, "%s: %d", path, rc);
	for (unsigned k = 1; arm(k), n = content_read(c, 1, text, sizeof(text)), disarm() && n < 0; k++)
		assert_true(k < TRIES_MAX && errno == ENOMEM);
	assert_true((uint64_t)n == st.size - 1 || n == (ssize_t)sizeof(text));
	content_close(c);
	view_unref(v);
	tree_free(t);
}

static void
test_files(void **state)
{
	static const char *const paths[] = {
		"/README", "/vrps", "/status", "/asn/AS7/vrps", "/asn/AS7/summary", "/asn/AS9/router-keys", "/prefix/10.0.0.0/8",
		"/ta/ripe/vrps", "/ta/ripe/router-keys", "/ta/ripe/aspa", "/covering/10.0.0.0/24", "/route/10.0.0.0/24/AS7",
		"/export/rpki.json", "/export/summary.txt", "/export/slurm.json",
	};
	struct names *names = names_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(paths); i++)
		check_file(names, paths[i]);
	names_unref(names);
}

static void
test_events(void **state)
{
	struct names *names = names_new();
	struct tree *t = tree_new(names, now);
	struct events *e = NULL;
	char piece[300];
	size_t got = 0;
	ssize_t n = 1;

	(void)state;
	for (unsigned k = 1; !e; k++) {
		assert_true(k < TRIES_MAX);
		arm(k);
		e = events_open(t);
		disarm();
	}
	give(t, table(names, 1));
	while (n > 0) {
		for (unsigned k = 1; arm(k), n = events_read(e, piece, sizeof(piece)), disarm() && n < 0; k++)
			assert_true(k < TRIES_MAX && errno == ENOMEM);
		if (got == 0)
			assert_memory_equal(piece, "%snapshot ", 10);
		got += (size_t)n;
	}
	assert_int_equal(n, 0);
	assert_true(got > 100000);
	events_close(e);
	tree_free(t);
	names_unref(names);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_new), cmocka_unit_test(test_update), cmocka_unit_test(test_status),
		cmocka_unit_test(test_files), cmocka_unit_test(test_events),
	};

	return cmocka_run_group_tests_name("tree memory", tests, NULL, NULL);
}
