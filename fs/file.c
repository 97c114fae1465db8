/* SPDX-License-Identifier: ISC */
/*
 * Most files are spans of lines: runs of records in one of the orders that an
 * index has.  The others are written by a function of their own.
 */
#include "file.h"

#include <errno.h>

#include "text.h"
#include "validity.h"
#include "view_internal.h"

/* Nested prefixes are 129 at most. */
#define SPANS_MAX 129

struct span {
	const struct lines *lines;
	size_t first, end;
};

struct spans {
	size_t count;
	struct span at[SPANS_MAX];
};

static void
add_span(struct spans *s, const struct lines *lines, size_t first, size_t end)
{
	s->at[s->count++] = (struct span){lines, first, end};
}

/* The VRPs of a prefix of the table. */
static void
add_prefix(struct spans *s, const struct index *x, const struct prefix *prefix)
{
	size_t at;

	if (index_find_prefix(x, prefix, &at))
		add_span(s, &x->all, x->prefixes[at], x->prefixes[at + 1]);
}

/* From the nearest prefix outwards, and then turned around. */
static void
add_covering(struct spans *s, const struct index *x, const struct prefix *prefix)
{
	uint32_t at = rov_ask(x->rov, prefix, ROV_NONE).nearest;

	while (at != ROV_END) {
		add_prefix(s, x, &x->vrps[at].prefix);
		at = rov_wider(x->rov, (uint32_t)s->at[s->count - 1].first);
	}
	for (size_t i = 0; i < s->count / 2; i++) {
		struct span t = s->at[i];

		s->at[i] = s->at[s->count - 1 - i];
		s->at[s->count - 1 - i] = t;
	}
}

static void
add_as(struct spans *s, const struct index *x, const struct node *node)
{
	size_t first, end;

	if (node->kind == NODE_AS_VRPS && index_find_as(x, node->number, &first)) {
		add_span(s, &x->by_as, x->ases[first].first, x->ases[first + 1].first);
	} else if (node->kind == NODE_AS_KEYS) {
		index_keys_of(x, node->number, &first, &end);
		add_span(s, &x->all, x->vrp_count + first, x->vrp_count + end);
	} else if (node->kind == NODE_AS_ASPA && index_aspa_of(x, node->number, &first)) {
		first += x->vrp_count + x->key_count;
		add_span(s, &x->all, first, first + 1);
	}
}

static void
add_ta(struct spans *s, const struct index *x, const struct node *node)
{
	size_t at;
	const struct index_ta *ta;

	if (!index_find_ta(x, node->number, &at))
		return;
	ta = &x->tas[at];
	if (node->kind == NODE_TA_VRPS)
		add_span(s, &x->by_ta, ta->first, ta->keys);
	else if (node->kind == NODE_TA_KEYS)
		add_span(s, &x->by_ta, ta->keys, ta->aspas);
	else
		add_span(s, &x->by_ta, ta->aspas, ta->end);
}

/* False when the file is not made of lines. */
static bool
find_spans(const struct view *v, const struct node *node, struct spans *s)
{
	const struct index *x = v->edition->index;

	s->count = 0;
	switch (node->kind) {
	case NODE_AS_VRPS:
	case NODE_AS_KEYS:
	case NODE_AS_ASPA:
		add_as(s, x, node);
		return true;
	case NODE_TA_VRPS:
	case NODE_TA_KEYS:
	case NODE_TA_ASPA:
		add_ta(s, x, node);
		return true;
	case NODE_PREFIX:
		add_prefix(s, x, &node->prefix);
		return true;
	case NODE_COVERING:
		add_covering(s, x, &node->prefix);
		return true;
	}
	return false;
}

static void
write_vrps(struct out *out, const struct edition *e)
{
	if (e->version == 0)
		return;
	stream_write_begin(out, BLOCK_SNAPSHOT, &e->meta);
	lines_write(out, &e->index->all, 0, e->index->all.count);
	stream_write_end(out);
}

/* All but the lines is written to be counted. */
static int
vrps_size(const struct edition *e, uint64_t *size)
{
	struct out out;
	int rc;

	*size = 0;
	if (e->version == 0)
		return 0;
	out_init_count(&out, NULL);
	stream_write_begin(&out, BLOCK_SNAPSHOT, &e->meta);
	stream_write_end(&out);
	rc = out_flush(&out);
	*size = out_at(&out) + lines_size(&e->index->all, 0, e->index->all.count);
	out_release(&out);
	return rc < 0 ? ENOMEM : 0;
}

static void
write_route(struct out *out, const struct index *x, const struct node *node)
{
	struct validity_writer w = {.out = out, .rov = x->rov};
	struct validity v = {.route = {node->prefix, node->number}, .has_origin = true};

	v.answer = rov_ask(x->rov, &v.route.prefix, v.route.origin);
	validity_write_line(&w, &v);
	validity_writer_release(&w);
}

static void
write_export(struct out *out, const struct edition *e, size_t i)
{
	struct export_meta meta = edition_export_meta(e);

	export_at(i)->write(out, e->index->set, &meta);
}

void
file_write(struct out *out, const struct view *v, const struct node *node)
{
	const struct blob *blob = file_blob(v, node);
	struct spans s;

	if (blob) {
		out_add(out, blob->data, blob->len);
		return;
	}
	if (find_spans(v, node, &s)) {
		for (size_t i = 0; i < s.count; i++)
			lines_write(out, s.at[i].lines, s.at[i].first, s.at[i].end);
		return;
	}
	switch (node->kind) {
	case NODE_README:
		text_readme(out);
		break;
	case NODE_VRPS:
		write_vrps(out, v->edition);
		break;
	case NODE_AS_SUMMARY:
		text_as_summary(out, v->edition, node->number);
		break;
	case NODE_ROUTE:
		write_route(out, v->edition->index, node);
		break;
	case NODE_EXPORT:
		write_export(out, v->edition, node->number);
		break;
	}
}

int
file_size(const struct view *v, const struct node *node, uint64_t *size)
{
	const struct blob *blob = file_blob(v, node);
	struct spans s;
	struct out out;
	int rc;

	*size = 0;
	if (blob) {
		*size = blob->len;
		return 0;
	}
	if (find_spans(v, node, &s)) {
		for (size_t i = 0; i < s.count; i++)
			*size += lines_size(s.at[i].lines, s.at[i].first, s.at[i].end);
		return 0;
	}
	if (node->kind == NODE_VRPS)
		return vrps_size(v->edition, size);
	if (node->kind == NODE_EXPORT)
		return edition_count_export(v->edition, node->number, size) < 0 ? ENOMEM : 0;
	out_init_count(&out, NULL);
	file_write(&out, v, node);
	rc = out_flush(&out);
	*size = out_at(&out);
	out_release(&out);
	return rc < 0 ? ENOMEM : 0;
}

struct out_marks *
file_marks(const struct view *v, const struct node *node)
{
	return node->kind == NODE_EXPORT ? &v->edition->exports[node->number].marks : NULL;
}

struct blob *
file_blob(const struct view *v, const struct node *node)
{
	if (node->kind == NODE_STATUS)
		return v->status;
	return node->kind == NODE_DELTA ? edition_delta(v->edition, node->number)->block : NULL;
}
