/* SPDX-License-Identifier: ISC */
/*
 * Any bytes as a stream, cut into pieces whose size the first byte picks: the
 * same tables are committed as from one piece, and each of them, written as a
 * snapshot, is read back as the same.
 */
#include <assert.h>
#include <sys/mman.h>
#include <unistd.h>

#include "table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What a table told. */
struct told {
	size_t commits, rejects;
	bool check;
};

static int
same_again(void *ctx, struct vrpset *set, const struct block_head *head)
{
	assert(head->kind == BLOCK_SNAPSHOT);
	assert(vrpset_same(set, ctx));
	return 0;
}

/* Write, read, compare. */
static void
round_trip(struct vrpset *set)
{
	static const struct table_ops ops = {.commit = same_again};
	static const struct block_attrs none = BLOCK_ATTRS_INIT;
	struct table *t = table_new(vrpset_names(set), &ops, set);
	struct out o;

	out_init(&o, -1);
	stream_write_snapshot(&o, &none, set);
	/* Large ones would have been flushed. */
	if (o.error == 0) {
		assert(table_feed(t, o.buf.data, o.buf.len) == 0);
		assert(table_set(t));
	}
	out_release(&o);
	table_free(t);
}

static int
on_commit(void *ctx, struct vrpset *set, const struct block_head *head)
{
	struct told *t = ctx;

	(void)head;
	t->commits++;
	if (t->check)
		round_trip(set);
	return 0;
}

static int
on_reject(void *ctx, const struct vrp_err *reason)
{
	assert(reason->msg[0]);
	((struct told *)ctx)->rejects++;
	return 0;
}

/* The last table, or NULL, as a new reference. */
static struct vrpset *
play(struct names *names, const char *data, size_t size, size_t chunk, struct told *told)
{
	static const struct table_ops ops = {.commit = on_commit, .reject = on_reject};
	struct table *t = table_new(names, &ops, told);
	struct vrpset *last;

	for (size_t at = 0; at < size; at += chunk)
		assert(table_feed(t, data + at, size - at < chunk ? size - at : chunk) == 0);
	assert(table_finish(t) == 0);
	last = table_set(t) ? vrpset_ref(table_set(t)) : NULL;
	table_free(t);
	return last;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct names *names = names_new();
	struct told whole = {.check = true}, pieces = {0};
	struct vrpset *a, *b;

	if (size > 1) {
		a = play(names, (const char *)data + 1, size - 1, size, &whole);
		b = play(names, (const char *)data + 1, size - 1, 1 + data[0] % 64, &pieces);
		assert(whole.commits == pieces.commits && whole.rejects == pieces.rejects);
		assert(!a == !b && (!a || vrpset_same(a, b)));
		vrpset_unref(a);
		vrpset_unref(b);
	}
	names_unref(names);
	return 0;
}
