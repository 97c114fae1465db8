/* SPDX-License-Identifier: ISC */
/*
 * What the kernel holds and what a change drops of it, against a model: all that
 * is held is looked at in the view before and after; a file whose text differs has
 * to be dropped, what is the same and of no changed AS must not be.
 */
#include "test.h"

#include <errno.h>

#include "content.h"
#include "kcache.h"
#include "sets.h"

static const struct timespec start = {1700000000, 0};

struct fixture {
	struct names *names;
	struct tree *tree;
	struct kcache *kcache;
	struct timespec now;
};

static struct fixture *
fixture_new(size_t limit)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct view *view;

	assert_non_null(f);
	f->names = names_new();
	f->tree = tree_new(f->names, start);
	f->now = start;
	assert_non_null(f->tree);
	view = tree_view(f->tree);
	f->kcache = kcache_new(view, limit);
	assert_non_null(f->kcache);
	view_unref(view);
	return f;
}

static void
fixture_free(struct fixture *f)
{
	kcache_free(f->kcache);
	tree_free(f->tree);
	names_unref(f->names);
	free(f);
}

static struct vrpset *
table_of(struct fixture *f, const char *text)
{
	return set_of(f->names, text);
}

static void
on_change(void *ctx, const struct node *node, enum tree_change what)
{
	kcache_changed(ctx, node, what);
}

/* The next table, up to where the kernel is to be told. */
static void
give(struct fixture *f, struct vrpset *set)
{
	static const struct tree_ops ops = {on_change};
	static const struct block_attrs meta = BLOCK_ATTRS_INIT;
	struct kcache_changes changes = {.whole = true};
	struct view *view;

	f->now.tv_sec++;
	assert_int_equal(tree_update(f->tree, set, &meta, f->now, &ops, &changes, NULL), 1);
	vrpset_unref(set);
	view = tree_view(f->tree);
	kcache_publish(f->kcache, view, &changes);
	view_unref(view);
	kcache_changes_release(&changes);
}

/* As a look-up does it; 0 when there is nothing. */
static uint64_t
enter(struct fixture *f, const char *path)
{
	struct node_stat stat;
	struct node node;
	struct view *view;
	uint64_t epoch, id = 0;

	view = kcache_view(f->kcache, &epoch);
	if (view_resolve(view, path, &node) == 0 && view_stat(view, &node, &stat) == 0)
		assert_int_equal(kcache_enter(f->kcache, epoch, &node, &stat, &id), 0);
	view_unref(view);
	return id;
}

/* Is this number among what is to be dropped?  Takes the list. */
struct drops {
	struct kcache_drop list[2000];
	size_t count;
};

static struct drops *
take_drops(struct fixture *f)
{
	struct drops *d = calloc(1, sizeof(*d));
	uint64_t cursor = 0;

	assert_non_null(d);
	while (kcache_next_drop(f->kcache, &cursor, &d->list[d->count]))
		assert_true(++d->count < ARRAY_LEN(d->list));
	return d;
}

static bool
dropped(const struct drops *d, uint64_t id, bool attributes)
{
	for (size_t i = 0; i < d->count; i++)
		if (d->list[i].id == id && d->list[i].attributes == attributes)
			return true;
	return false;
}

static int
try_open(struct fixture *f, uint64_t id)
{
	struct node node;
	struct view *view;
	int rc = kcache_open(f->kcache, id, &node, &view);

	if (rc == 0)
		view_unref(view);
	return rc;
}

static void
test_numbers(void **state)
{
	struct fixture *f = fixture_new(1000);
	struct node_stat stat;
	struct node node;
	uint64_t vrps, again, dir;

	(void)state;
	give(f, table_of(f, "10.0.0.0/8 8 AS1 arin -\n"));
	vrps = enter(f, "/asn/AS1/vrps");
	dir = enter(f, "/asn");
	again = enter(f, "/asn/AS1/vrps");
	assert_true(vrps > KCACHE_ROOT && dir != vrps && again == vrps);
	assert_int_equal(enter(f, "/asn/AS2"), 0);
	assert_int_equal(kcache_count(f->kcache), 3);
	assert_int_equal(kcache_node(f->kcache, vrps, &node, &stat), 0);
	assert_int_equal(node.kind, NODE_AS_VRPS);
	kcache_forget(f->kcache, vrps, 1);
	assert_int_equal(try_open(f, vrps), 0);
	kcache_forget(f->kcache, vrps, 5);
	assert_int_equal(try_open(f, vrps), ESTALE);
	assert_int_equal(kcache_node(f->kcache, vrps, &node, &stat), ESTALE);
	kcache_forget(f->kcache, KCACHE_ROOT, 100);
	assert_int_equal(kcache_node(f->kcache, KCACHE_ROOT, &node, &stat), 0);
	assert_int_equal(kcache_node(f->kcache, 0, &node, &stat), ESTALE);
	assert_int_equal(kcache_node(f->kcache, UINT64_MAX, &node, &stat), ESTALE);
	assert_int_equal(kcache_count(f->kcache), 2);
	fixture_free(f);
}

static void
test_a_change(void **state)
{
	struct fixture *f = fixture_new(1000);
	uint64_t root, one, two, gone, asn, route, other, whole, readme, events, status;
	struct drops *d;

	(void)state;
	give(f, table_of(f, "10.0.0.0/8 8 AS1 arin -\n11.0.0.0/8 8 AS2 ripe -\n12.0.0.0/8 8 AS3 ripe -\n"));
	root = KCACHE_ROOT;
	asn = enter(f, "/asn");
	(void)enter(f, "/route");
	(void)enter(f, "/route/10.1.0.0");
	(void)enter(f, "/route/11.1.0.0");
	(void)enter(f, "/route/10.1.0.0/16");
	(void)enter(f, "/route/11.1.0.0/16");
	(void)enter(f, "/asn/AS1");
	(void)enter(f, "/asn/AS2");
	gone = enter(f, "/asn/AS3");
	one = enter(f, "/asn/AS1/vrps");
	two = enter(f, "/asn/AS2/vrps");
	route = enter(f, "/route/10.1.0.0/16/AS1");
	other = enter(f, "/route/11.1.0.0/16/AS2");
	whole = enter(f, "/vrps");
	readme = enter(f, "/README");
	events = enter(f, "/events");
	status = enter(f, "/status");
	give(f, table_of(f, "10.0.0.0/8 9 AS1 arin -\n11.0.0.0/8 8 AS2 ripe -\n"));
	d = take_drops(f);
	assert_true(dropped(d, one, false) && dropped(d, whole, false) && dropped(d, route, false));
	assert_true(dropped(d, gone, false) && dropped(d, asn, true) && dropped(d, root, true) && dropped(d, events, true));
	assert_true(dropped(d, status, false));
	assert_false(dropped(d, two, false) || dropped(d, other, false) || dropped(d, readme, false));
	free(d);
	d = take_drops(f);
	assert_int_equal(d->count, 0);
	free(d);
	/* What is old can't be opened, and has another number; what is the same has the same. */
	assert_int_equal(try_open(f, one), ESTALE);
	assert_int_equal(try_open(f, gone), ESTALE);
	assert_true(enter(f, "/asn/AS1/vrps") != one);
	assert_int_equal(try_open(f, enter(f, "/asn/AS1/vrps")), 0);
	assert_int_equal(enter(f, "/asn/AS2/vrps"), two);
	assert_int_equal(enter(f, "/asn"), asn);
	/* The kernel forgets the old one later. */
	kcache_forget(f->kcache, one, 1);
	assert_int_equal(try_open(f, enter(f, "/asn/AS1/vrps")), 0);
	fixture_free(f);
}

static void
test_an_answer_that_is_late(void **state)
{
	struct fixture *f = fixture_new(1000);
	struct node node = NODE_OF(NODE_VRPS);
	struct node_stat stat;
	struct view *view;
	uint64_t epoch, id;

	(void)state;
	give(f, table_of(f, "10.0.0.0/8 8 AS1 arin -\n"));
	view = kcache_view(f->kcache, &epoch);
	assert_int_equal(view_stat(view, &node, &stat), 0);
	give(f, table_of(f, "10.0.0.0/8 8 AS2 arin -\n"));
	assert_int_equal(kcache_enter(f->kcache, epoch, &node, &stat, &id), EAGAIN);
	view_unref(view);
	fixture_free(f);
}

static void
test_status_alone(void **state)
{
	struct fixture *f = fixture_new(1000);
	struct kcache_changes changes = {.status = true};
	uint64_t vrps, status;
	struct view *view;
	struct drops *d;

	(void)state;
	give(f, table_of(f, "10.0.0.0/8 8 AS1 arin -\n"));
	vrps = enter(f, "/vrps");
	status = enter(f, "/status");
	free(take_drops(f));
	assert_int_equal(tree_set_status(f->tree, &(struct tree_status){.state = "x"}, f->now), 0);
	view = tree_view(f->tree);
	kcache_publish(f->kcache, view, &changes);
	view_unref(view);
	d = take_drops(f);
	assert_int_equal(d->count, 1);
	assert_true(dropped(d, status, false));
	assert_int_equal(try_open(f, vrps), 0);
	free(d);
	fixture_free(f);
}

/* The text of a file, or NULL. */
static char *
text_of(struct view *v, const char *path, size_t *len)
{
	struct content *c;
	struct node node;
	char *text;

	if (view_resolve(v, path, &node) != 0 || content_open(v, &node, &c) != 0)
		return NULL;
	*len = (size_t)content_size(c);
	text = malloc(*len + 1);
	assert_non_null(text);
	assert_int_equal(content_read(c, 0, text, *len), *len);
	content_close(c);
	return text;
}

static const char *const some_paths[] = {
	"/vrps", "/README", "/export/rpki.csv", "/export/rpki.json", "/asn/AS1/vrps", "/asn/AS2/vrps", "/asn/AS64496/aspa",
	"/asn/AS1/summary", "/asn/AS1/router-keys", "/prefix/10.0.0.0/8", "/prefix/10.0.0.0/9", "/prefix/2001:db8::/32",
	"/ta/a/vrps", "/ta/b/vrps", "/ta/b/aspa", "/covering/10.1.0.0/16", "/covering/192.0.2.200/32", "/covering/2001:db8:9::/48",
	"/route/10.1.0.0/16/AS1", "/route/192.0.2.0/26/AS2", "/route/2001:db8::/48/AS64496", "/route/11.0.0.0/8/AS2",
};

/* With a number for every file above that is there and all directories on the way. */
static void
enter_all(struct fixture *f, uint64_t ids[])
{
	char path[100];

	for (size_t i = 0; i < ARRAY_LEN(some_paths); i++) {
		for (const char *p = strchr(some_paths[i] + 1, '/'); p; p = strchr(p + 1, '/')) {
			snprintf(path, sizeof(path), "%.*s", (int)(p - some_paths[i]), some_paths[i]);
			(void)enter(f, path);
		}
		ids[i] = enter(f, some_paths[i]);
	}
}

static void
check_random_change(struct fixture *f, struct vrpset *set)
{
	uint64_t ids[ARRAY_LEN(some_paths)];
	struct view *before, *after;
	struct drops *d;

	enter_all(f, ids);
	before = kcache_view(f->kcache, NULL);
	give(f, set);
	after = kcache_view(f->kcache, NULL);
	d = take_drops(f);
	for (size_t i = 0; i < ARRAY_LEN(some_paths); i++) {
		size_t old_len = 0, new_len = 0;
		char *old = text_of(before, some_paths[i], &old_len), *new = text_of(after, some_paths[i], &new_len);

		if (!old != !new || (old && (old_len != new_len || memcmp(old, new, old_len) != 0))) {
			/* What has gone may have done so with its directory. */
			if (ids[i] && ((new && !dropped(d, ids[i], false)) || try_open(f, ids[i]) != ESTALE))
				fail_msg("%s has changed and was not dropped", some_paths[i]);
		}
		free(old);
		free(new);
	}
	free(d);
	view_unref(before);
	view_unref(after);
}

static void
test_random_changes(void **state)
{
	struct fixture *f = fixture_new(100000);
	struct rng rng = {7};

	(void)state;
	give(f, random_annotated_set(&rng, f->names, 30));
	for (int i = 0; i < 200; i++)
		check_random_change(f, random_annotated_set(&rng, f->names, 30));
	fixture_free(f);
}

static void
test_too_much_to_list(void **state)
{
	struct fixture *f = fixture_new(1000);
	struct kcache_changes changes = {0};
	struct node node = {.kind = NODE_AS};
	uint64_t asn, vrps, readme;
	struct view *view;
	struct drops *d;

	(void)state;
	give(f, table_of(f, "10.0.0.0/8 8 AS1 arin -\n"));
	asn = enter(f, "/asn");
	(void)enter(f, "/asn/AS1");
	vrps = enter(f, "/asn/AS1/vrps");
	readme = enter(f, "/README");
	for (node.number = 0; !changes.all; node.number++)
		kcache_changed(&changes, &node, TREE_CHANGED);
	view = tree_view(f->tree);
	kcache_publish(f->kcache, view, &changes);
	view_unref(view);
	kcache_changes_release(&changes);
	d = take_drops(f);
	assert_true(dropped(d, vrps, false) && dropped(d, asn, true) && !dropped(d, readme, false));
	free(d);
	fixture_free(f);
}

static void
test_eviction(void **state)
{
	struct fixture *f = fixture_new(100);
	uint64_t vrps;
	char path[64];
	struct drops *d;

	(void)state;
	give(f, table_of(f, "10.0.0.0/8 8 AS1 arin -\n"));
	vrps = enter(f, "/vrps");
	(void)enter(f, "/covering");
	for (int i = 0; i < 300; i++) {
		snprintf(path, sizeof(path), "/covering/10.0.%d.0", i % 256);
		(void)enter(f, path);
		snprintf(path, sizeof(path), "/covering/10.0.%d.0/24", i % 256);
		(void)enter(f, path);
	}
	assert_true(kcache_over_limit(f->kcache));
	kcache_evict(f->kcache);
	d = take_drops(f);
	assert_true(d->count > 400 && !dropped(d, vrps, false));
	for (size_t i = 0; i < d->count; i++)
		kcache_forget(f->kcache, d->list[i].id, 10);
	assert_false(kcache_over_limit(f->kcache));
	kcache_evict(f->kcache);
	free(d);
	d = take_drops(f);
	assert_int_equal(d->count, 0);
	free(d);
	fixture_free(f);
}

/* A directory that is open keeps its inode when its name is dropped, and must hear of a change in between all the same. */
static void
test_a_change_of_what_is_evicted(void **state)
{
	struct fixture *f = fixture_new(1);
	uint64_t as;
	struct drops *d;

	(void)state;
	give(f, table_of(f, "10.0.0.0/8 8 AS1 arin -\n10.0.0.0/8 8 AS2 arin -\n"));
	(void)enter(f, "/asn");
	as = enter(f, "/asn/AS1");
	(void)enter(f, "/asn/AS2");
	kcache_evict(f->kcache);
	give(f, table_of(f, "10.0.0.0/8 8 AS1 arin -\n10.0.0.0/8 8 AS2 arin -\n11.0.0.0/8 8 AS1 arin -\n"));
	d = take_drops(f);
	assert_true(dropped(d, as, true));
	free(d);
	fixture_free(f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers), cmocka_unit_test(test_a_change), cmocka_unit_test(test_an_answer_that_is_late),
		cmocka_unit_test(test_status_alone), cmocka_unit_test(test_random_changes), cmocka_unit_test(test_too_much_to_list),
		cmocka_unit_test(test_eviction), cmocka_unit_test(test_a_change_of_what_is_evicted),
	};

	return cmocka_run_group_tests_name("kcache", tests, NULL, NULL);
}
