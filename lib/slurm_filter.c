/* SPDX-License-Identifier: ISC */
#include "slurm_filter.h"

#include "buf.h"

struct slurm_filter {
	struct names *names;
	struct slurm *slurm;
	bool hold;
	struct out *out;
	const struct slurm_filter_ops *ops;
	void *ctx;
	struct stream_reader *reader;

	bool broken;		/* a block was refused: deltas have no base until a snapshot */
	struct vrpset *feed;	/* with hold: the validated data */

	/* What the data has for the customers that an ASPA is asserted for, filters applied. */
	struct vrpset *joined;

	/* The open block. */
	enum block_kind kind;
	struct buf attrs;
	struct buf others;	/* unknown lines in it */
	struct vrpset_builder *announced;	/* or the snapshot */
	struct vrpset_builder *withdrawn;
};

static void
drop_block(struct slurm_filter *f)
{
	vrpset_builder_free(f->announced);
	vrpset_builder_free(f->withdrawn);
	f->announced = f->withdrawn = NULL;
	buf_reset(&f->others);
}

static int
refuse(struct slurm_filter *f, const struct vrp_err *reason)
{
	drop_block(f);
	f->broken = true;
	return f->ops->refused ? f->ops->refused(f->ctx, reason) : 0;
}

/* Replace what *place points to; the old set is let go. */
static void
set_move(struct vrpset **place, struct vrpset *set)
{
	vrpset_unref(*place);
	*place = set;
}

/* ---- ASPAs that are both asserted and validated */

/* The ASPAs that `set` has for asserted customers and that no filter removes.  NULL when memory is out. */
static struct vrpset *
joined_of(const struct slurm_filter *f, const struct slurm *slurm, const struct vrpset *set)
{
	struct vrpset_builder *b = vrpset_builder_new(f->names);
	size_t n;
	const struct aspa *asserted = vrpset_aspas(slurm_assertions(slurm), &n);
	int rc = b ? 0 : -1;

	for (size_t i = 0; i < n && rc == 0; i++) {
		const struct aspa *a = vrpset_find_aspa(set, &asserted[i]);

		if (a && !slurm_removes(slurm, &(struct payload){.kind = PAYLOAD_ASPA, .aspa = *a}))
			rc = vrpset_add_aspa(b, a);
	}
	if (rc == 0)
		return vrpset_finish(b, NULL);
	vrpset_builder_free(b);
	return NULL;
}

/* The same after a delta: what it withdraws goes, what it announces replaces what was there. */
static struct vrpset *
joined_after(const struct slurm_filter *f, const struct delta *d)
{
	struct vrpset *come = joined_of(f, f->slurm, d->announced);
	struct vrpset_builder *b = come ? vrpset_builder_new(f->names) : NULL;
	size_t n;
	const struct aspa *old = vrpset_aspas(f->joined, &n), *new;
	int rc = b ? 0 : -1;

	for (size_t i = 0; i < n && rc == 0; i++)
		if (!vrpset_find_aspa(d->withdrawn, &old[i]) && !vrpset_find_aspa(d->announced, &old[i]))
			rc = vrpset_add_aspa(b, &old[i]);
	new = come ? vrpset_aspas(come, &n) : NULL;
	for (size_t i = 0; i < n && rc == 0; i++)
		rc = vrpset_add_aspa(b, &new[i]);
	vrpset_unref(come);
	if (rc == 0)
		return vrpset_finish(b, NULL);
	vrpset_builder_free(b);
	return NULL;
}

/* The asserted ASPAs, each with the providers that validated data adds: what readers of the output hold. */
static struct vrpset *
unions(const struct slurm_filter *f, const struct vrpset *joined, struct vrp_err *err)
{
	struct vrpset_builder *b = vrpset_builder_new(f->names);
	const struct vrpset *sets[] = {slurm_assertions(f->slurm), joined};
	int rc = b ? 0 : -1;

	for (size_t k = 0; k < ARRAY_LEN(sets); k++) {
		size_t n;
		const struct aspa *aspas = vrpset_aspas(sets[k], &n);

		for (size_t i = 0; i < n && rc == 0; i++)
			rc = vrpset_add_aspa(b, &aspas[i]);
	}
	if (rc == 0)
		return vrpset_finish(b, err);
	vrpset_builder_free(b);
	vrp_err_nomem(err);
	return NULL;
}

/* Add the asserted ASPAs that a delta changes to what is announced. */
static int
join_changes(struct slurm_filter *f, struct vrpset *joined, struct vrpset_builder *announced, struct vrp_err *err)
{
	struct vrpset *before = unions(f, f->joined, err), *after = before ? unions(f, joined, err) : NULL;
	struct delta d = DELTA_INIT;
	const struct aspa *aspas;
	size_t n = 0;
	int rc = -1;

	if (after && (rc = delta_exact(before, after, &d)) == 0) {
		aspas = vrpset_aspas(d.announced, &n);
		for (size_t i = 0; i < n && rc == 0; i++)
			rc = vrpset_add_aspa(announced, &aspas[i]);
		if (rc < 0)
			vrp_err_nomem(err);
	}
	delta_release(&d);
	vrpset_unref(before);
	vrpset_unref(after);
	return rc;
}

/* ---- blocks */

static void
write_begin(struct slurm_filter *f)
{
	stream_write_head(f->out, f->kind, f->attrs.data, f->attrs.len);
	out_add(f->out, f->others.data, f->others.len);
	buf_reset(&f->others);
}

static int
written(struct slurm_filter *f, const struct slurm_counts *counts)
{
	stream_write_end(f->out);
	return f->ops->written ? f->ops->written(f->ctx, f->kind, counts) : 0;
}

static int
end_snapshot(struct slurm_filter *f, struct vrp_err *err)
{
	struct slurm_counts applied = {0};
	struct vrpset *set = vrpset_finish(f->announced, err);
	struct vrpset *shown = NULL, *joined = NULL;

	f->announced = NULL;
	if (set && (shown = slurm_apply(f->slurm, set, &applied, err)))
		joined = joined_of(f, f->slurm, set);
	if (!joined) {
		vrpset_unref(set);
		vrpset_unref(shown);
		return -1;
	}
	if (f->hold)
		set_move(&f->feed, vrpset_ref(set));
	vrpset_unref(set);
	set_move(&f->joined, joined);
	f->broken = false;
	write_begin(f);
	stream_write_records(f->out, 0, shown);
	vrpset_unref(shown);
	return written(f, &applied);
}

/* The half of a delta that passes, in the making. */
struct half {
	const struct slurm_filter *filter;
	struct vrpset_builder *to;
	struct slurm_counts *counts;
};

static int
pass_record(void *ctx, const struct payload *p)
{
	struct half *half = ctx;
	const struct slurm *slurm = half->filter->slurm;

	if (vrpset_contains(slurm_assertions(slurm), p)) {
		half->counts->asserted++;
		return 0;
	}
	if (slurm_removes(slurm, p)) {
		half->counts->removed++;
		return 0;
	}
	half->counts->kept++;
	return vrpset_add(half->to, p);
}

/* NULL when memory is out. */
static struct vrpset_builder *
pass_half(const struct slurm_filter *f, const struct vrpset *set, struct slurm_counts *counts)
{
	struct half half = {f, vrpset_builder_new(f->names), counts};

	if (half.to && vrpset_each(set, pass_record, &half) == 0)
		return half.to;
	vrpset_builder_free(half.to);
	return NULL;
}

/* What readers of the output have to do when the data changes by `in`.  -1 with a reason. */
static int
filter_delta(struct slurm_filter *f, const struct delta *in, struct vrpset *joined, struct delta *out,
	     struct slurm_counts *counts, struct vrp_err *err)
{
	struct vrpset_builder *withdrawn = pass_half(f, in->withdrawn, counts);
	struct vrpset_builder *announced = pass_half(f, in->announced, counts);

	if (!withdrawn || !announced || join_changes(f, joined, announced, err) < 0) {
		vrpset_builder_free(withdrawn);
		vrpset_builder_free(announced);
		return -1;
	}
	out->withdrawn = vrpset_finish(withdrawn, err);
	out->announced = vrpset_finish(announced, err);
	return out->withdrawn && out->announced ? 0 : -1;
}

/* With hold: the data after the delta.  -1 with a reason. */
static int
apply_to_feed(struct slurm_filter *f, const struct delta *d, struct vrpset **next, struct vrp_err *err)
{
	*next = NULL;
	if (!f->hold)
		return 0;
	if (!f->feed)
		return vrp_err_set(err, "delta before any snapshot");
	*next = delta_apply(f->feed, d, err);
	return *next ? 0 : -1;
}

static int
end_delta(struct slurm_filter *f, struct vrp_err *err)
{
	struct slurm_counts counts = {0};
	struct delta in = DELTA_INIT, out = DELTA_INIT;
	struct vrpset *next = NULL, *joined = NULL;
	int rc = -1;

	in.withdrawn = vrpset_finish(f->withdrawn, err);
	in.announced = vrpset_finish(f->announced, err);
	f->withdrawn = f->announced = NULL;
	if (f->broken)
		vrp_err_set(err, "delta after a block that was refused");
	else if (in.withdrawn && in.announced && apply_to_feed(f, &in, &next, err) == 0 &&
		 (joined = joined_after(f, &in)))
		rc = filter_delta(f, &in, joined, &out, &counts, err);
	if (rc == 0) {
		if (f->hold)
			set_move(&f->feed, vrpset_ref(next));
		set_move(&f->joined, vrpset_ref(joined));
		write_begin(f);
		stream_write_changes(f->out, &out);
		rc = written(f, &counts);
	}
	vrpset_unref(next);
	vrpset_unref(joined);
	delta_release(&in);
	delta_release(&out);
	return rc;
}

/* ---- what the reader calls */

static int
on_begin(void *ctx, const struct block_head *head)
{
	struct slurm_filter *f = ctx;

	f->kind = head->kind == BLOCK_DELTA ? BLOCK_DELTA : BLOCK_SNAPSHOT;
	buf_reset(&f->attrs);
	f->announced = vrpset_builder_new(f->names);
	f->withdrawn = vrpset_builder_new(f->names);
	return f->announced && f->withdrawn ? buf_add(&f->attrs, head->attrs, head->attrs_len) : -1;
}

static int
on_record(void *ctx, char sign, const struct payload *p, const char *line VRP_UNUSED, size_t len VRP_UNUSED)
{
	struct slurm_filter *f = ctx;

	return vrpset_add(sign == '-' ? f->withdrawn : f->announced, p);
}

static int
on_end(void *ctx)
{
	struct slurm_filter *f = ctx;
	struct vrp_err err;
	int rc;

	vrp_err_clear(&err);
	err.line = stream_line(f->reader);
	rc = f->kind == BLOCK_DELTA ? end_delta(f, &err) : end_snapshot(f, &err);
	if (rc >= 0) {	/* what ops->written() said */
		drop_block(f);
		return rc;
	}
	if (!err.msg[0])
		vrp_err_nomem(&err);
	return refuse(f, &err);
}

static int
on_discard(void *ctx, const struct vrp_err *reason)
{
	return refuse(ctx, reason);
}

static int
on_other(void *ctx, const char *line, size_t len)
{
	struct slurm_filter *f = ctx;

	if (f->announced)
		return buf_add(&f->others, line, len) < 0 || buf_add(&f->others, "\n", 1) < 0 ? -1 : 0;
	out_add(f->out, line, len);
	out_add(f->out, "\n", 1);
	return 0;
}

struct slurm_filter *
slurm_filter_new(struct names *names, struct slurm *slurm, bool hold, struct out *out,
		 const struct slurm_filter_ops *ops, void *ctx)
{
	static const struct stream_ops stream_ops = {
		.begin = on_begin,
		.record = on_record,
		.end = on_end,
		.discard = on_discard,
		.other = on_other,
	};
	struct slurm_filter *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->names = names_ref(names);
	f->hold = hold;
	f->out = out;
	f->ops = ops;
	f->ctx = ctx;
	f->joined = vrpset_empty(names);
	f->reader = stream_reader_new(names, &stream_ops, f);
	if (!f->joined || !f->reader) {
		slurm_filter_free(f);
		return NULL;
	}
	f->slurm = slurm;
	return f;
}

void
slurm_filter_free(struct slurm_filter *f)
{
	if (!f)
		return;
	drop_block(f);
	stream_reader_free(f->reader);
	vrpset_unref(f->feed);
	vrpset_unref(f->joined);
	slurm_free(f->slurm);
	buf_release(&f->attrs);
	buf_release(&f->others);
	names_unref(f->names);
	free(f);
}

/* A feed that stopped leaves the open block void. */
static int
checked(struct slurm_filter *f, int rc)
{
	if (rc) {
		drop_block(f);
		f->broken = true;
	}
	return rc;
}

int
slurm_filter_feed(struct slurm_filter *f, const char *data, size_t len)
{
	return checked(f, stream_feed(f->reader, data, len));
}

int
slurm_filter_finish(struct slurm_filter *f)
{
	return checked(f, stream_finish(f->reader));
}

int
slurm_filter_break(struct slurm_filter *f)
{
	return checked(f, stream_break(f->reader));
}

/* Write what leads from the output under the old exceptions to that under the new.  -1 with a reason. */
static int
write_change(struct slurm_filter *f, const struct slurm *slurm, size_t *changed, struct vrp_err *err)
{
	static const struct block_attrs none = BLOCK_ATTRS_INIT;
	struct vrpset *old = slurm_apply(f->slurm, f->feed, NULL, err);
	struct vrpset *new = old ? slurm_apply(slurm, f->feed, NULL, err) : NULL;
	struct delta d = DELTA_INIT;
	int rc = new ? delta_exact(old, new, &d) : -1;

	if (new && rc < 0)
		vrp_err_nomem(err);
	vrpset_unref(old);
	vrpset_unref(new);
	if (rc < 0)
		return -1;
	*changed = delta_count(&d);
	if (*changed)
		stream_write_delta(f->out, &none, &d);
	delta_release(&d);
	return 0;
}

int
slurm_filter_change(struct slurm_filter *f, struct slurm *slurm, size_t *changed, struct vrp_err *err)
{
	struct vrpset *joined;

	*changed = 0;
	joined = joined_of(f, slurm, f->feed ? f->feed : f->joined);	/* without data both are empty */
	if (!joined || (f->feed && write_change(f, slurm, changed, err) < 0)) {
		if (!joined)
			vrp_err_nomem(err);
		vrpset_unref(joined);
		slurm_free(slurm);
		return -1;
	}
	set_move(&f->joined, joined);
	slurm_free(f->slurm);
	f->slurm = slurm;
	return 0;
}
