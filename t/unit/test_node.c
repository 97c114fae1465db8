/* SPDX-License-Identifier: ISC */
/* Names of places: what each may be, what it means, and back to the same name. */
#include "test.h"

#include <errno.h>

#include "export.h"
#include "node.h"

/* From the root along a path, by the form of names alone. */
static int
walk(const char *path, struct node *out)
{
	*out = NODE_OF(NODE_ROOT);
	while (*(path += strspn(path, "/"))) {
		size_t len = strcspn(path, "/");
		char name[512];
		struct node dir = *out;
		int rc;

		assert_true(len < sizeof(name));
		memcpy(name, path, len);
		name[len] = '\0';
		path += len;
		rc = node_lookup(&dir, name, out);
		if (rc)
			return rc;
	}
	return 0;
}

struct vector {
	const char *path;
	int rc;
	enum node_kind kind;
};

static void
check(const struct vector *v, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct node node;
		int rc = walk(v[i].path, &node);

		assert_case(rc == v[i].rc, "%s: %d, not %d", v[i].path, rc, v[i].rc);
		assert_case(rc != 0 || node.kind == v[i].kind, "%s: kind %d", v[i].path, node.kind);
	}
}

static void
test_fixed_names(void **state)
{
	static const struct vector vectors[] = {
		{"/", 0, NODE_ROOT}, {"/README", 0, NODE_README}, {"/vrps", 0, NODE_VRPS}, {"/status", 0, NODE_STATUS},
		{"/events", 0, NODE_EVENTS}, {"/asn", 0, NODE_ASN_DIR}, {"/prefix", 0, NODE_PREFIX_DIR}, {"/ta", 0, NODE_TA_DIR},
		{"/covering", 0, NODE_COVERING_DIR}, {"/route", 0, NODE_ROUTE_DIR}, {"/export", 0, NODE_EXPORT_DIR},
		{"/deltas", 0, NODE_DELTAS_DIR}, {"/export/rpki.json", 0, NODE_EXPORT}, {"/export/bird.conf", 0, NODE_EXPORT},
		{"/deltas/7", 0, NODE_DELTA}, {"/asn/AS1/vrps", 0, NODE_AS_VRPS}, {"/asn/AS1/router-keys", 0, NODE_AS_KEYS},
		{"/asn/AS1/aspa", 0, NODE_AS_ASPA}, {"/asn/AS1/summary", 0, NODE_AS_SUMMARY},
		/* No such name, anywhere in a directory of fixed names. */
		{"/readme", ENOENT, 0}, {"/VRPS", ENOENT, 0}, {"/vrps ", ENOENT, 0}, {"/export/json", ENOENT, 0},
		{"/asn/AS1/keys", ENOENT, 0}, {"/ta/apnic", ENOENT, 0},
		/* Below a file. */
		{"/vrps/x", ENOTDIR, 0}, {"/asn/AS1/vrps/x", ENOTDIR, 0}, {"/prefix/1.0.0.0/8/x", ENOTDIR, 0},
	};

	(void)state;
	check(vectors, ARRAY_LEN(vectors));
}

static void
test_canonical_names(void **state)
{
	static const struct vector vectors[] = {
		{"/asn/AS0", 0, NODE_AS}, {"/asn/AS4294967295", 0, NODE_AS}, {"/asn/AS4294967296", EINVAL, 0},
		{"/asn/as13335", EINVAL, 0}, {"/asn/AS013335", EINVAL, 0}, {"/asn/13335", EINVAL, 0}, {"/asn/AS", EINVAL, 0},
		{"/asn/AS+1", EINVAL, 0}, {"/asn/AS1 ", EINVAL, 0}, {"/asn/AS-1", EINVAL, 0}, {"/asn/ASx", EINVAL, 0},
		{"/deltas/0", 0, NODE_DELTA}, {"/deltas/07", EINVAL, 0}, {"/deltas/x", EINVAL, 0},
		{"/prefix/1.1.1.0", 0, NODE_PREFIX_ADDRESS}, {"/prefix/1.1.1.0/24", 0, NODE_PREFIX},
		{"/prefix/0.0.0.0/0", 0, NODE_PREFIX}, {"/prefix/::/0", 0, NODE_PREFIX}, {"/prefix/255.255.255.255/32", 0, NODE_PREFIX},
		{"/prefix/2001:db8::/32", 0, NODE_PREFIX}, {"/prefix/::ffff:1.2.3.4/128", 0, NODE_PREFIX},
		{"/prefix/zzz", EINVAL, 0}, {"/prefix/1.1.1", EINVAL, 0}, {"/prefix/1.1.1.0.0", EINVAL, 0}, {"/prefix/01.1.1.0", EINVAL, 0},
		{"/prefix/1.1.1.256", EINVAL, 0}, {"/prefix/2001:DB8::", EINVAL, 0}, {"/prefix/2001:db8:0::", EINVAL, 0},
		{"/prefix/2001:0db8::", EINVAL, 0}, {"/prefix/0:0:0:0:0:0:0:0", EINVAL, 0}, {"/prefix/::ffff:102:304", EINVAL, 0},
		{"/prefix/1.1.1.0/33", EINVAL, 0}, {"/prefix/::/129", EINVAL, 0}, {"/prefix/1.1.1.0/24x", EINVAL, 0},
		{"/prefix/1.1.1.0/024", EINVAL, 0}, {"/prefix/1.1.1.0/-1", EINVAL, 0}, {"/prefix/1.1.1.1/24", EINVAL, 0},
		{"/prefix/2001:db8::1/127", EINVAL, 0}, {"/prefix/1.1.1.0/4294967320", EINVAL, 0},
		{"/covering/1.1.1.128/25", 0, NODE_COVERING}, {"/covering/1.1.1.0/33", EINVAL, 0}, {"/covering/zzz", EINVAL, 0},
		{"/covering/1.1.1.128/24", EINVAL, 0}, {"/covering/fe80::1", 0, NODE_COVERING_ADDRESS},
		{"/route/1.1.1.0/24", 0, NODE_ROUTE_PREFIX}, {"/route/1.1.1.0/24/AS13335", 0, NODE_ROUTE},
		{"/route/1.1.1.0/24/13335", EINVAL, 0}, {"/route/1.1.1.0/25/AS0", 0, NODE_ROUTE},
		/* What desktops and editors probe for is not there, which is no mistake of theirs. */
		{"/.git", ENOENT, 0}, {"/asn/.hidden", ENOENT, 0}, {"/prefix/.Trash-1000", ENOENT, 0}, {"/covering/.git", ENOENT, 0},
		{"/prefix/1.1.1.0/.x", ENOENT, 0}, {"/route/1.1.1.0/24/.x", ENOENT, 0}, {"/deltas/.x", ENOENT, 0},
	};

	(void)state;
	check(vectors, ARRAY_LEN(vectors));
}

static void
test_long_names(void **state)
{
	static const char *const dirs[] = {"/", "/asn/", "/prefix/", "/prefix/1.0.0.0/", "/route/1.0.0.0/8/", "/deltas/", "/export/"};
	char path[400];
	struct node node;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(dirs); i++) {
		int len = snprintf(path, sizeof(path), "%s%0255d", dirs[i], 1);

		assert_int_equal(walk(path, &node), strcmp(dirs[i], "/") == 0 || strcmp(dirs[i], "/export/") == 0 ? ENOENT : EINVAL);
		memcpy(path + len, "1", 2);
		assert_int_equal(walk(path, &node), ENAMETOOLONG);
	}
	assert_int_equal(node_lookup(&NODE_OF(NODE_ASN_DIR), "", &node), ENOENT);
}

/* A name, then its node's name, then its parent. */
static void
test_names_and_parents(void **state)
{
	static const char *const paths[] = {
		"/README", "/asn/AS64496/summary", "/asn/AS0/vrps", "/prefix/2001:db8::1/128", "/prefix/0.0.0.0/0", "/covering/10.0.0.0/9",
		"/route/::/0/AS4294967295", "/route/192.0.2.0/24/AS1", "/export/slurm.json", "/deltas/4294967295",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		char path[300], name[NODE_NAME_MAX + 1];
		struct node node, up, again;

		snprintf(path, sizeof(path), "%s", paths[i]);
		assert_int_equal(walk(path, &node), 0);
		while (node.kind != NODE_ROOT) {
			char *slash = strrchr(path, '/');
			size_t len = node_name(&node, name);

			assert_int_equal(len, strlen(name));
			assert_string_equal(name, slash + 1);
			up = node_parent(&node);
			assert_true(node_is_dir(&up));
			assert_int_equal(node_lookup(&up, name, &again), 0);
			assert_true(node_same(&node, &again));
			*slash = '\0';
			assert_int_equal(walk(path, &again), 0);
			assert_true(node_same(&up, &again));
			node = up;
		}
		assert_true(node.kind == node_parent(&node).kind);
	}
}

/* Every dialect has a file of its own. */
static void
test_exports(void **state)
{
	(void)state;
	for (size_t i = 0; i < export_count(); i++) {
		struct node node;

		assert_int_equal(node_lookup(&NODE_OF(NODE_EXPORT_DIR), node_export_name(i), &node), 0);
		assert_int_equal(node.number, i);
		assert_case(strchr(node_export_name(i), '.'), "%s has no file name", export_at(i)->name);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fixed_names), cmocka_unit_test(test_canonical_names), cmocka_unit_test(test_long_names),
		cmocka_unit_test(test_names_and_parents), cmocka_unit_test(test_exports),
	};

	return cmocka_run_group_tests_name("node", tests, NULL, NULL);
}
