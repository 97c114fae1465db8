/* SPDX-License-Identifier: ISC */
/* A tree that follows tables, the model beside it (fstree.h), and a reader of its events. */
#ifndef VRP_TEST_FSFIXTURE_H
#define VRP_TEST_FSFIXTURE_H

#include "test.h"

#include "events.h"
#include "export.h"
#include "fstree.h"
#include "sets.h"
#include "table.h"
#include "tree.h"

#define START ((struct timespec){1700000000, 5})

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

static inline int
on_commit(void *ctx, struct vrpset *set, const struct block_head *head)
{
	struct fixture *f = ctx;

	vrpset_unref(f->read);
	f->read = vrpset_ref(set);
	f->blocks++;
	assert_true(head->kind == (f->blocks == 1 ? BLOCK_SNAPSHOT : BLOCK_DELTA));
	return 0;
}

static inline int
on_reject(void *ctx, const struct vrp_err *why)
{
	(void)ctx;
	fail_msg("%zu: %s", why->line, why->msg);
	return -1;
}

static inline struct fixture *
fixture_new(void)
{
	static const struct table_ops ops = {.commit = on_commit, .reject = on_reject};
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->names = names_new();
	f->tree = tree_new(f->names, START);
	f->now = INT64_C(1700000000) * 1000000000 + 5;
	f->meta = (struct block_attrs)BLOCK_ATTRS_INIT;
	f->events = events_open(f->tree);
	f->reader = table_new(f->names, &ops, f);
	assert_true(f->names && f->tree && f->events && f->reader);
	return f;
}

static inline void
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
static inline int
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

static inline void
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

static inline void
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

static inline void
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

#endif
