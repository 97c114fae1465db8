/* SPDX-License-Identifier: ISC */
#include "tree.h"

#include <pthread.h>

#include "changes.h"
#include "text.h"
#include "view_internal.h"

struct tree {
	struct names *names;
	struct anchors *anchors;
	int64_t start;
	pthread_mutex_t lock;		/* for view, by all; what view points to never changes */
	struct view *view;

	/* What was last said of the status, for the views that follow. */
	struct tree_status status;
	char *state, *error;
	int64_t status_time;
};

static int64_t
nanoseconds(struct timespec t)
{
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

struct view *
tree_view(struct tree *t)
{
	struct view *v;

	pthread_mutex_lock(&t->lock);
	v = view_ref(t->view);
	pthread_mutex_unlock(&t->lock);
	return v;
}

static void
publish(struct tree *t, struct view *v)
{
	struct view *old;

	pthread_mutex_lock(&t->lock);
	old = t->view;
	t->view = v;
	pthread_mutex_unlock(&t->lock);
	view_unref(old);
}

/* A text as a whole.  NULL when memory is out. */
static struct blob *
status_blob(const struct edition *e, const struct tree_status *status)
{
	struct blob *blob = NULL;
	struct out out;

	out_init(&out, -1);
	text_status(&out, e, status);
	if (!out.error && (blob = blob_new(out.buf.len)))
		memcpy(blob->data, out.buf.data, out.buf.len);
	out_release(&out);
	return blob;
}

static struct view *
make_view(struct tree *t, struct edition *e, const struct tree_status *status, int64_t status_time)
{
	struct view *v = view_new(e, t->start);

	if (!v)
		return NULL;
	v->status = status_blob(e, status);
	v->status_time = status_time;
	if (v->status)
		return v;
	view_unref(v);
	return NULL;
}

/* ---- a tree without a table */

static struct view *
empty_view(struct tree *t)
{
	static const struct block_attrs nothing = BLOCK_ATTRS_INIT;
	struct vrpset *set = vrpset_empty(t->names);
	struct index *x = set ? index_new(set, NULL, NULL, t->start, NULL) : NULL;
	struct edition *e = x ? edition_new(t->anchors, x, &nothing) : NULL;
	struct view *v = NULL;

	if (e) {
		e->time = t->start;
		v = make_view(t, e, &t->status, t->start);
	}
	edition_unref(e);
	index_unref(x);
	vrpset_unref(set);
	return v;
}

struct tree *
tree_new(struct names *names, struct timespec now)
{
	struct tree *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	pthread_mutex_init(&t->lock, NULL);
	t->names = names_ref(names);
	t->start = t->status_time = nanoseconds(now);
	t->status = (struct tree_status)TREE_STATUS_INIT;
	t->anchors = anchors_new(names);
	t->view = t->anchors ? empty_view(t) : NULL;
	if (t->view)
		return t;
	tree_free(t);
	return NULL;
}

void
tree_free(struct tree *t)
{
	if (!t)
		return;
	view_unref(t->view);
	anchors_unref(t->anchors);
	names_unref(t->names);
	pthread_mutex_destroy(&t->lock);
	free(t->state);
	free(t->error);
	free(t);
}

/* ---- the changes that are kept */

static struct blob *
delta_block(const struct block_attrs *meta, const struct delta *delta, size_t size)
{
	struct blob *block = blob_new(size);
	struct out out;
	ptrdiff_t len;

	if (!block)
		return NULL;
	out_init_window(&out, (char *)block->data, size, 0, NULL);
	stream_write_delta(&out, meta, delta);
	len = out_window_len(&out);
	out_release(&out);
	if (len >= 0)
		return block;
	blob_unref(block);
	return NULL;
}

/* How many of the last changes may stay beside one of `size` bytes. */
static size_t
count_kept(const struct edition *before, size_t size)
{
	size_t n = 0;

	while (n < before->delta_count && n < TREE_DELTAS - 1) {
		size += before->deltas[before->delta_count - 1 - n].block->len;
		if (size > TREE_DELTA_BYTES)
			break;
		n++;
	}
	return n;
}

/* Give an edition the changes that the one before has, as far as they may be kept, and the one between them. */
static int
add_deltas(struct edition *e, const struct edition *before, const struct delta *delta)
{
	struct out out;
	size_t size, kept;
	int rc;

	out_init_count(&out, NULL);
	stream_write_delta(&out, &e->meta, delta);
	rc = out_flush(&out);
	size = (size_t)out_at(&out);
	out_release(&out);
	if (rc < 0)
		return -1;
	if (size > TREE_DELTA_BYTES)
		return 0;
	kept = count_kept(before, size);
	e->deltas = calloc(kept + 1, sizeof(*e->deltas));
	if (!e->deltas)
		return -1;
	for (size_t i = 0; i < kept; i++) {
		e->deltas[i] = before->deltas[before->delta_count - kept + i];
		blob_ref(e->deltas[i].block);
	}
	e->delta_count = kept;
	e->deltas[kept] = (struct edition_delta){e->version, e->time, delta_block(&e->meta, delta, size)};
	if (!e->deltas[kept].block)
		return -1;
	e->delta_count++;
	return 0;
}

/* ---- who is told of changes */

struct teller {
	const struct tree_ops *ops;
	void *ctx;
	const struct edition *before, *after;
};

static void
tell(const struct teller *t, struct node node, bool was, bool is)
{
	if (was || is)
		t->ops->change(t->ctx, &node, !was ? TREE_ADDED : is ? TREE_CHANGED : TREE_REMOVED);
}

static void
tell_as(const struct teller *t, uint32_t asn)
{
	size_t at;

	tell(t, (struct node){.kind = NODE_AS, .number = asn}, index_find_as(t->before->index, asn, &at),
	     index_find_as(t->after->index, asn, &at));
}

static void
tell_ta(const struct teller *t, uint32_t id)
{
	size_t at;

	tell(t, (struct node){.kind = NODE_TA, .number = id}, index_find_ta(t->before->index, id, &at),
	     index_find_ta(t->after->index, id, &at));
}

/* And its address, unless that is the one of the prefix before. */
static void
tell_prefix(const struct teller *t, const struct prefix *prefix, struct prefix *address)
{
	const struct index *before = t->before->index, *after = t->after->index;
	struct prefix own = *prefix;
	size_t at;

	own.len = (uint8_t)prefix_bits((enum family)own.family);
	if (prefix_cmp(&own, address) != 0)
		tell(t, (struct node){.kind = NODE_PREFIX_ADDRESS, .prefix = own}, index_find_address(before, &own, &at),
		     index_find_address(after, &own, &at));
	*address = own;
	tell(t, (struct node){.kind = NODE_PREFIX, .prefix = *prefix}, index_find_prefix(before, prefix, &at),
	     index_find_prefix(after, prefix, &at));
}

static void
tell_deltas(const struct teller *t)
{
	const struct edition *before = t->before, *after = t->after;

	for (size_t i = 0; i < before->delta_count; i++)
		if (!edition_delta(after, before->deltas[i].version))
			tell(t, (struct node){.kind = NODE_DELTA, .number = before->deltas[i].version}, true, false);
	if (edition_delta(after, after->version))
		tell(t, (struct node){.kind = NODE_DELTA, .number = after->version}, false, true);
}

static void
tell_changes(const struct teller *t, const struct changes *changes)
{
	struct changes_walk walk = {0};
	struct prefix address = {0};
	const struct prefix *prefix;

	for (size_t i = 0; i < changes->asn_count; i++)
		tell_as(t, changes->asns[i]);
	for (uint32_t id = 0; id < changes->ta_count; id++)
		if (changes->tas[id])
			tell_ta(t, id);
	while ((prefix = changes_next_prefix(changes, &walk)))
		tell_prefix(t, prefix, &address);
	tell_deltas(t);
}

/* Of the first table all is new. */
static void
tell_all(const struct teller *t)
{
	const struct index *x = t->after->index;

	for (size_t i = 0; i < x->as_count; i++)
		tell(t, (struct node){.kind = NODE_AS, .number = x->ases[i].asn}, false, true);
	for (size_t i = 0; i < x->ta_count; i++)
		tell(t, (struct node){.kind = NODE_TA, .number = x->tas[i].id}, false, true);
	for (size_t i = 0; i < x->address_count; i++) {
		struct node node = {.kind = NODE_PREFIX_ADDRESS, .prefix = *index_address(x, i)};

		node.prefix.len = (uint8_t)prefix_bits((enum family)node.prefix.family);
		tell(t, node, false, true);
		node.kind = NODE_PREFIX;
		for (size_t k = x->addresses[i]; k < x->addresses[i + 1]; k++) {
			node.prefix = *index_prefix(x, k);
			tell(t, node, false, true);
		}
	}
}

/* ---- updates */

static bool
same_meta(const struct block_attrs *a, const struct block_attrs *b)
{
	bool same_source = a->source && b->source ? strcmp(a->source, b->source) == 0 : a->source == b->source;

	return same_source && a->time == b->time && a->session == b->session && a->serial == b->serial;
}

/* When the first table is from; later ones are from now. */
static int64_t
change_time(const struct tree *t, const struct block_attrs *meta, int64_t now)
{
	const struct edition *e = t->view->edition;

	if (e->version > 0)
		return now > e->time ? now : e->time;
	if (meta->time != STAMP_UNKNOWN && meta->time >= 0 && meta->time < now / 1000000000)
		return meta->time * 1000000000;
	return now;
}

/* The edition after the present one; changes is NULL for the first. */
static struct edition *
next_edition(struct tree *t, struct vrpset *set, const struct block_attrs *meta, const struct changes *changes, int64_t now,
	     struct vrp_err *err)
{
	const struct edition *before = t->view->edition;
	int64_t when = change_time(t, meta, now);
	struct edition *e;
	struct index *x;

	if (changes && changes_empty(changes))
		x = index_ref(before->index);
	else
		x = index_new(set, changes ? before->index : NULL, changes, when, err);
	if (!x)
		return NULL;
	e = edition_new(t->anchors, x, meta);
	index_unref(x);
	if (e) {
		e->version = before->version + 1;
		e->time = before->version ? when : now;
		if (!changes || add_deltas(e, before, &changes->delta) == 0)
			return e;
		edition_unref(e);
	}
	vrp_err_nomem(err);
	return NULL;
}

static int
update(struct tree *t, struct vrpset *set, const struct block_attrs *meta, const struct changes *changes, int64_t now,
       const struct tree_ops *ops, void *ctx, struct vrp_err *err)
{
	struct teller teller = {ops, ctx, NULL, NULL};
	struct edition *before = t->view->edition, *e;
	struct view *v;

	if (changes && changes_empty(changes) && same_meta(meta, &before->meta))
		return 0;
	if (anchors_learn(t->anchors) < 0)
		return vrp_err_nomem(err);
	e = next_edition(t, set, meta, changes, now, err);
	if (!e)
		return -1;
	v = make_view(t, e, &t->status, e->time > t->status_time ? e->time : t->status_time);
	if (!v) {
		edition_unref(e);
		return vrp_err_nomem(err);
	}
	teller.before = edition_ref(before);
	teller.after = e;
	publish(t, v);
	if (ops && ops->change && changes)
		tell_changes(&teller, changes);
	else if (ops && ops->change)
		tell_all(&teller);
	edition_unref(before);
	edition_unref(e);
	return 1;
}

int
tree_update(struct tree *t, struct vrpset *set, const struct block_attrs *meta, struct timespec now,
	    const struct tree_ops *ops, void *ctx, struct vrp_err *err)
{
	struct changes changes;
	int rc;

	if (vrpset_names(set) != t->names)
		return vrp_err_set(err, "the set has other names than the tree");
	if (t->view->edition->version == 0)
		return update(t, set, meta, NULL, nanoseconds(now), ops, ctx, err);
	if (changes_init(&changes, t->view->edition->index->set, set) < 0)
		return vrp_err_nomem(err);
	rc = update(t, set, meta, &changes, nanoseconds(now), ops, ctx, err);
	changes_release(&changes);
	return rc;
}

/* ---- status */

int
tree_set_status(struct tree *t, const struct tree_status *status, struct timespec now)
{
	char *state = status->state ? strdup(status->state) : NULL;
	char *error = status->error ? strdup(status->error) : NULL;
	int64_t when = nanoseconds(now);
	struct view *v = NULL;

	if ((state || !status->state) && (error || !status->error))
		v = make_view(t, t->view->edition, status, when > t->view->status_time ? when : t->view->status_time);
	if (!v) {
		free(state);
		free(error);
		return -1;
	}
	free(t->state);
	free(t->error);
	t->state = state;
	t->error = error;
	t->status = *status;
	t->status.state = state;
	t->status.error = error;
	t->status_time = v->status_time;
	publish(t, v);
	return 0;
}
