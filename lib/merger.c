/* SPDX-License-Identifier: ISC */
#include "merger.h"

#include "merge.h"
#include "table.h"

struct input {
	struct merger *merger;
	struct table *table;
	enum block_kind kind;	/* of the block that was opened last */
	bool lost;		/* a block was refused, and no snapshot has come since */
	int64_t time;		/* of its table, STAMP_UNKNOWN */
	struct buf attrs;	/* what its blocks say of its table */
};

struct merger {
	struct names *names;
	const struct merger_ops *ops;
	void *ctx;
	size_t quorum;
	bool hasty;		/* a quorum of tables is enough to begin with */
	struct vrpset *result;	/* as written last, NULL before the snapshot */
	int64_t time;		/* the last that was written, STAMP_UNKNOWN */
	struct buf attrs;	/* of a block while it is handed on */
	struct vrpset **sets;	/* room for count, borrowed from the inputs' tables */
	size_t count;
	struct input inputs[];
};

static size_t
index_of(const struct input *in)
{
	return (size_t)(in - in->merger->inputs);
}

/* The oldest time that an input gives. */
static int64_t
oldest(const struct merger *m)
{
	int64_t time = STAMP_UNKNOWN;

	for (size_t i = 0; i < m->count; i++) {
		int64_t t = m->inputs[i].time;

		if (t != STAMP_UNKNOWN && (time == STAMP_UNKNOWN || t < time))
			time = t;
	}
	return time;
}

static int
hand_on(struct merger *m, int64_t time, const struct vrpset *set, const struct delta *delta)
{
	char stamp[STAMP_MAX];

	if (m->count == 1)
		return m->ops->block(m->ctx, &m->inputs[0].attrs, set, delta);
	buf_reset(&m->attrs);
	if (time != STAMP_UNKNOWN) {
		stamp_format(time, stamp);
		if (buf_addf(&m->attrs, "time=%s", stamp) < 0)
			return -1;
	}
	return m->ops->block(m->ctx, &m->attrs, set, delta);
}

/* Hand on what leads from the last result to set, which is taken over where that succeeds. */
static int
publish(struct merger *m, struct vrpset *set)
{
	int64_t time = oldest(m);
	struct delta d = DELTA_INIT;
	int rc = 0;

	if (m->result && delta_exact(m->result, set, &d) < 0)
		return -1;
	/* A delta cannot unsay a time. */
	if (!m->result || delta_count(&d) || (time != STAMP_UNKNOWN && time != m->time))
		rc = hand_on(m, time, set, m->result ? &d : NULL);
	delta_release(&d);
	if (rc)
		return rc;
	vrpset_unref(m->result);
	m->result = vrpset_ref(set);
	if (time != STAMP_UNKNOWN)
		m->time = time;
	return 0;
}

/* Bring the result up to the inputs' tables. */
static int
update(struct merger *m)
{
	size_t missing = 0;
	struct vrp_err err;
	struct vrpset *set;
	int rc;

	for (size_t i = 0; i < m->count; i++) {
		m->sets[i] = table_set(m->inputs[i].table);
		missing += !m->sets[i];
	}
	if (!m->result && missing > (m->hasty ? m->count - m->quorum : 0))
		return 0;
	vrp_err_clear(&err);
	set = merge_sets(m->names, m->sets, m->count, m->quorum, &err);
	if (!set) {
		m->ops->fail(m->ctx, &err);
		return 0;
	}
	rc = publish(m, set);
	vrpset_unref(set);
	return rc;
}

static int
on_begin(void *ctx, const struct block_head *head)
{
	((struct input *)ctx)->kind = head->kind;
	return 0;
}

static int
on_commit(void *ctx, struct vrpset *set VRP_UNUSED, const struct block_head *head)
{
	struct input *in = ctx;

	in->lost = false;
	if (head->time != STAMP_UNKNOWN || head->kind != BLOCK_DELTA)
		in->time = head->time;
	if (block_attrs_follow(&in->attrs, head) < 0)
		return -1;
	return update(in->merger);
}

static int
on_reject(void *ctx, const struct vrp_err *reason)
{
	struct input *in = ctx;

	if (!in->lost || in->kind != BLOCK_DELTA)
		in->merger->ops->reject(in->merger->ctx, index_of(in), reason);
	in->lost = true;
	return 0;
}

static int
on_other(void *ctx, const char *line, size_t len)
{
	struct input *in = ctx;
	struct merger *m = in->merger;

	return m->ops->other ? m->ops->other(m->ctx, index_of(in), line, len) : 0;
}

struct merger *
merger_new(struct names *names, size_t inputs, size_t quorum, const struct merger_ops *ops, void *ctx)
{
	static const struct table_ops table_ops = {
		.begin = on_begin,
		.commit = on_commit,
		.reject = on_reject,
		.other = on_other,
	};
	struct merger *m = calloc(1, sizeof(*m) + inputs * sizeof(*m->inputs));

	if (!m)
		return NULL;
	m->names = names_ref(names);
	m->ops = ops;
	m->ctx = ctx;
	m->quorum = quorum;
	m->time = STAMP_UNKNOWN;
	m->sets = calloc(inputs, sizeof(struct vrpset *));
	for (; m->count < inputs; m->count++) {
		struct input *in = &m->inputs[m->count];

		in->merger = m;
		in->time = STAMP_UNKNOWN;
		in->table = m->sets ? table_new(names, &table_ops, in) : NULL;
		if (!in->table) {
			merger_free(m);
			return NULL;
		}
	}
	return m;
}

void
merger_free(struct merger *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < m->count; i++) {
		table_free(m->inputs[i].table);
		buf_release(&m->inputs[i].attrs);
	}
	vrpset_unref(m->result);
	buf_release(&m->attrs);
	names_unref(m->names);
	free(m->sets);
	free(m);
}

int
merger_feed(struct merger *m, size_t input, const char *data, size_t len)
{
	return table_feed(m->inputs[input].table, data, len);
}

int
merger_finish(struct merger *m, size_t input)
{
	return table_finish(m->inputs[input].table);
}

int
merger_break(struct merger *m, size_t input)
{
	return table_break(m->inputs[input].table);
}

int
merger_start(struct merger *m)
{
	m->hasty = true;
	return m->result ? 0 : update(m);
}

bool
merger_has_table(const struct merger *m, size_t input)
{
	return table_set(m->inputs[input].table);
}

const struct vrpset *
merger_result(const struct merger *m)
{
	return m->result;
}
