/* SPDX-License-Identifier: ISC */
/*
 * Files of the tree: reads at any place, files that stay open, trust anchors with
 * strange names, prose, and what can't be opened.
 */
#include "test.h"

#include <errno.h>

#include "fsfixture.h"

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
	assert_int_equal(tree_update(f->tree, set, &f->meta, START, NULL, NULL, &err), -1);
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_odd_anchors), cmocka_unit_test(test_reads_at_any_place), cmocka_unit_test(test_open_files_stay),
		cmocka_unit_test(test_status), cmocka_unit_test(test_summary), cmocka_unit_test(test_errors),
	};

	return cmocka_run_group_tests_name("tree files", tests, NULL, NULL);
}
