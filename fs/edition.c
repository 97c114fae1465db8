/* SPDX-License-Identifier: ISC */
#include "view_internal.h"

static int
copy_meta(struct edition *e, const struct block_attrs *meta)
{
	e->meta = *meta;
	if (meta->source && !(e->source = strdup(meta->source)))
		return -1;
	e->meta.source = e->source;
	return 0;
}

struct edition *
edition_new(struct anchors *anchors, struct index *index, const struct block_attrs *meta)
{
	struct edition *e = calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	e->exports = calloc(export_count(), sizeof(*e->exports));
	if (!e->exports || copy_meta(e, meta) < 0) {
		free(e->exports);
		free(e);
		return NULL;
	}
	atomic_init(&e->refs, 1);
	pthread_mutex_init(&e->lock, NULL);
	e->anchors = anchors_ref(anchors);
	e->index = index_ref(index);
	return e;
}

struct edition *
edition_ref(struct edition *e)
{
	atomic_fetch_add_explicit(&e->refs, 1, memory_order_relaxed);
	return e;
}

void
edition_unref(struct edition *e)
{
	if (!e || atomic_fetch_sub_explicit(&e->refs, 1, memory_order_acq_rel) != 1)
		return;
	for (size_t i = 0; i < export_count(); i++)
		out_marks_release(&e->exports[i].marks);
	for (size_t i = 0; i < e->delta_count; i++)
		blob_unref(e->deltas[i].block);
	free(e->exports);
	free(e->deltas);
	free(e->source);
	index_unref(e->index);
	anchors_unref(e->anchors);
	pthread_mutex_destroy(&e->lock);
	free(e);
}

const struct edition_delta *
edition_delta(const struct edition *e, uint32_t version)
{
	size_t at = e->delta_count ? version - e->deltas[0].version : 0;

	return at < e->delta_count ? &e->deltas[at] : NULL;
}

struct export_meta
edition_export_meta(const struct edition *e)
{
	struct export_meta meta = EXPORT_META_INIT;

	meta.time = e->meta.time;
	meta.generated = e->time / 1000000000;
	meta.source = e->meta.source;
	meta.session = e->meta.session;
	meta.serial = e->meta.serial;
	return meta;
}

static int
count_export(struct edition *e, size_t i)
{
	struct export_meta meta = edition_export_meta(e);
	struct out_marks marks = OUT_MARKS_INIT;
	struct out out;
	int rc;

	out_init_count(&out, &marks);
	export_at(i)->write(&out, e->index->set, &meta);
	rc = out_flush(&out);
	if (rc == 0)
		e->exports[i] = (struct edition_export){true, out_at(&out), marks};
	else
		out_marks_release(&marks);
	out_release(&out);
	return rc;
}

int
edition_count_export(struct edition *e, size_t i, uint64_t *size)
{
	int rc = 0;

	pthread_mutex_lock(&e->lock);
	if (!e->exports[i].counted)
		rc = count_export(e, i);
	*size = e->exports[i].size;
	pthread_mutex_unlock(&e->lock);
	return rc;
}
