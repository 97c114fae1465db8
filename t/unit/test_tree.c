/* SPDX-License-Identifier: ISC */
#include "test.h"

#include "content.h"
#include "events.h"
#include "inodes.h"
#include "sets.h"
#include "tree.h"

static char *
slurp(struct view *v, const char *path)
{
	struct node node;
	struct content *c;
	char *text;
	ssize_t n;

	assert_int_equal(view_resolve(v, path, &node), 0);
	assert_int_equal(content_open(v, &node, &c), 0);
	text = malloc(content_size(c) + 1);
	n = content_read(c, 0, text, content_size(c) + 1);
	assert_int_equal(n, content_size(c));
	text[n] = '\0';
	content_close(c);
	return text;
}

static void
test_smoke(void **state)
{
	struct names *names = names_new();
	struct timespec now = {1700000000, 0};
	struct tree *t = tree_new(names, now);
	struct block_attrs meta = BLOCK_ATTRS_INIT;
	struct vrpset *set = set_of(names, "1.0.0.0/24 24 AS13335 apnic 7\n1.0.0.0/25 25 AS13335\n2001:db8::/32 48 AS1 ripe 5\naspa AS1 AS2 ripe 5\n");
	struct vrp_err err;
	struct view *v;
	static const char *const paths[] = {"/README", "/vrps", "/status", "/asn/AS13335/vrps", "/asn/AS1/summary", "/asn/AS1/aspa", "/prefix/1.0.0.0/24", "/ta/ripe/vrps", "/ta/ripe/aspa",
		"/covering/1.0.0.128/25", "/route/1.0.0.0/25/AS1", "/export/rpki.json", "/export/bird.conf"};

	(void)state;
	assert_int_equal(tree_update(t, set, &meta, now, NULL, NULL, &err), 1);
	v = tree_view(t);
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		char *s = slurp(v, paths[i]);

		assert_true(strlen(s) > 0);
		free(s);
	}
	view_unref(v);
	vrpset_unref(set);
	tree_free(t);
	names_unref(names);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_smoke),
	};

	return cmocka_run_group_tests_name("tree", tests, NULL, NULL);
}
