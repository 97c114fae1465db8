/* SPDX-License-Identifier: ISC */
#include "table.h"

struct table {
	struct names *names;
	const struct table_ops *ops;
	void *ctx;
	struct stream_reader *reader;
	struct vrpset *set;		/* what is held, NULL before the first commit */
	bool based;			/* the next delta has what it is a change to */

	/* The open block.  head's attributes are kept in attrs. */
	struct block_head head;
	struct buf attrs;
	struct vrpset_builder *announced;	/* or the snapshot */
	struct vrpset_builder *withdrawn;
};

static void
drop_block(struct table *t)
{
	vrpset_builder_free(t->announced);
	vrpset_builder_free(t->withdrawn);
	t->announced = t->withdrawn = NULL;
}

static int
reject(struct table *t, const struct vrp_err *reason)
{
	drop_block(t);
	t->based = false;
	return t->ops->reject ? t->ops->reject(t->ctx, reason) : 0;
}

static int
on_begin(void *ctx, const struct block_head *head)
{
	struct table *t = ctx;

	t->head = *head;
	buf_reset(&t->attrs);
	if (buf_add(&t->attrs, head->attrs, head->attrs_len) < 0)
		return -1;
	t->announced = vrpset_builder_new(t->names);
	if (!t->announced || (head->kind == BLOCK_DELTA && !(t->withdrawn = vrpset_builder_new(t->names)))) {
		drop_block(t);
		return -1;
	}
	return t->ops->begin ? t->ops->begin(t->ctx, head) : 0;
}

static int
on_record(void *ctx, char sign, const struct payload *p, const char *line, size_t len)
{
	struct table *t = ctx;

	if (vrpset_add(sign == '-' ? t->withdrawn : t->announced, p) < 0)
		return -1;
	return t->ops->record ? t->ops->record(t->ctx, sign, p, line, len) : 0;
}

static int
on_other(void *ctx, const char *line, size_t len)
{
	struct table *t = ctx;

	return t->ops->other ? t->ops->other(t->ctx, line, len) : 0;
}

/* Make the next set of the open block; the builders are gone afterwards. */
static struct vrpset *
close_block(struct table *t, struct vrp_err *err)
{
	struct delta d = DELTA_INIT;
	struct vrpset *set = NULL;

	d.announced = vrpset_finish(t->announced, err);
	t->announced = NULL;
	if (t->head.kind != BLOCK_DELTA)
		return d.announced;
	d.withdrawn = vrpset_finish(t->withdrawn, err);
	t->withdrawn = NULL;
	if (d.announced && d.withdrawn)
		set = delta_apply(t->set, &d, err);
	delta_release(&d);
	return set;
}

static int
on_end(void *ctx)
{
	struct table *t = ctx;
	struct vrp_err err;
	struct vrpset *set;

	vrp_err_clear(&err);
	err.line = stream_line(t->reader);
	if (t->head.kind == BLOCK_DELTA && !t->based) {
		vrp_err_set(&err, "%s", t->set ? "delta after a block that was refused" : "delta before any snapshot");
		return reject(t, &err);
	}
	set = close_block(t, &err);
	if (!set) {
		if (!err.msg[0])
			vrp_err_nomem(&err);
		return reject(t, &err);
	}
	vrpset_unref(t->set);
	t->set = set;
	t->based = true;
	t->head.attrs = t->attrs.data ? t->attrs.data : "";
	t->head.attrs_len = t->attrs.len;
	return t->ops->commit(t->ctx, set, &t->head);
}

static int
on_discard(void *ctx, const struct vrp_err *reason)
{
	return reject(ctx, reason);
}

struct table *
table_new(struct names *names, const struct table_ops *ops, void *ctx)
{
	static const struct stream_ops stream_ops = {
		.begin = on_begin,
		.record = on_record,
		.end = on_end,
		.discard = on_discard,
		.other = on_other,
	};
	struct table *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->names = names_ref(names);
	t->ops = ops;
	t->ctx = ctx;
	t->reader = stream_reader_new(names, &stream_ops, t);
	if (!t->reader) {
		table_free(t);
		return NULL;
	}
	return t;
}

void
table_free(struct table *t)
{
	if (!t)
		return;
	drop_block(t);
	stream_reader_free(t->reader);
	vrpset_unref(t->set);
	buf_release(&t->attrs);
	names_unref(t->names);
	free(t);
}

/* A feed that stopped leaves the open block void and deltas without their base. */
static int
checked(struct table *t, int rc)
{
	if (rc) {
		drop_block(t);
		t->based = false;
	}
	return rc;
}

int
table_feed(struct table *t, const char *data, size_t len)
{
	return checked(t, stream_feed(t->reader, data, len));
}

int
table_finish(struct table *t)
{
	return checked(t, stream_finish(t->reader));
}

int
table_break(struct table *t)
{
	return checked(t, stream_break(t->reader));
}

struct vrpset *
table_set(const struct table *t)
{
	return t->set;
}
