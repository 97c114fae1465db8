/* SPDX-License-Identifier: ISC */
/* Names, lists and comments as the dialects write them, and the loops over the records of a table. */
#include <errno.h>

#include "enc.h"
#include "export_internal.h"
#include "utf8.h"

static bool
presentable(const unsigned char *s, size_t len, bool plain)
{
	for (size_t n; len > 0; s += n, len -= n) {
		n = utf8_length(s, len);
		if (n == 0 || *s == 0)
			return false;
		if (plain && utf8_is_control(s))
			return false;
	}
	return true;
}

int
export_name_raw(struct buf *text, const char *token, size_t len, bool plain)
{
	size_t start = text->len;

	if (percent_decode(text, token, len) < 0)
		return -1;
	if (presentable((const unsigned char *)text->data + start, text->len - start, plain))
		return 0;
	text->len = start;
	return buf_add(text, token, len);
}

/* Append the character at s, which has n bytes, as it stands in a JSON string. */
static int
add_escaped(struct buf *text, const unsigned char *s, size_t n)
{
	if (utf8_is_control(s))
		return buf_addf(text, "\\u%04x", s[n - 1]);
	if (*s == '"' || *s == '\\')
		return buf_addf(text, "\\%c", *s);
	return buf_add(text, s, n);
}

int
export_name_json(struct buf *text, const char *token, size_t len)
{
	struct buf raw = BUF_INIT;
	int rc = export_name_raw(&raw, token, len, false);

	if (rc == 0)
		rc = buf_add(text, "\"", 1);
	for (size_t i = 0, n; i < raw.len && rc == 0; i += n) {
		const unsigned char *s = (const unsigned char *)raw.data + i;

		n = utf8_length(s, raw.len - i);
		rc = add_escaped(text, s, n);
	}
	buf_release(&raw);
	return rc < 0 ? -1 : buf_add(text, "\"", 1);
}

char *
export_put_ases(char *dst, const uint32_t *as, uint32_t count, const char *sep)
{
	size_t len = strlen(sep);

	for (uint32_t i = 0; i < count; i++) {
		if (i)
			dst = export_put(dst, sep, len);
		dst = num_format_u32(dst, as[i]);
	}
	return dst;
}

static void
nomem(struct out *out)
{
	if (!out->error)
		out->error = ENOMEM;
}

/* The pieces of every name that there is now; others may be added meanwhile, but the set has none of them. */
static int
render_names(struct export_run *run)
{
	const struct names *names = vrpset_names(run->set);
	size_t count = names_count(names), start = 0;

	run->end = calloc(count, sizeof(*run->end));
	/* A byte at least, so that there is something to copy nothing from. */
	if (!run->end || buf_reserve(&run->names, 1) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		size_t len;
		const char *token = names_get(names, (uint16_t)i, &len);

		if (run->style->name(&run->names, token, len) < 0)
			return -1;
		run->end[i] = run->names.len;
		if (run->names.len - start > run->longest)
			run->longest = run->names.len - start;
		start = run->names.len;
	}
	return 0;
}

bool
export_begin(struct export_run *run, const struct export_style *style, struct out *out, const struct vrpset *set,
	     const struct export_meta *meta)
{
	*run = (struct export_run){.out = out, .set = set, .style = style};
	stamp_format(meta->time != STAMP_UNKNOWN ? meta->time : meta->generated, run->date);
	if (!style->name || render_names(run) == 0)
		return true;
	export_end(run);
	nomem(out);
	return false;
}

void
export_end(struct export_run *run)
{
	buf_release(&run->names);
	free(run->end);
	run->end = NULL;
}

/* Room for a record behind the text between it and the one before it. */
static char *
open_record(const struct export_run *run, bool first, size_t more)
{
	char *dst = out_room(run->out, EXPORT_RECORD_MAX + run->longest + more);

	return dst && !first ? export_put(dst, run->style->between, strlen(run->style->between)) : dst;
}

/* Keep what was put from dst to end, and the text before it; false when that is nothing. */
static bool
close_record(const struct export_run *run, const char *dst, const char *end)
{
	if (end == dst)
		return false;
	out_advance(run->out, (size_t)(end - (run->out->buf.data + run->out->buf.len)));
	return true;
}

/* Of count records in batches that are marked for windows (out.h): the first that is to be written. */
static size_t
skip_records(const struct export_run *run, size_t count, bool *first)
{
	uint64_t at = out_at(run->out);
	size_t batches = out_skip(run->out, (count + EXPORT_BATCH - 1) / EXPORT_BATCH);

	*first = out_at(run->out) == at;
	return batches * EXPORT_BATCH;
}

static inline void
mark_batch(const struct export_run *run, size_t i)
{
	if (i % EXPORT_BATCH == 0)
		out_mark(run->out);
}

void
export_vrps(struct export_run *run, unsigned families)
{
	size_t count, ipv4 = vrpset_ipv4_count(run->set), start = families & EXPORT_IPV4 ? 0 : ipv4;
	const struct vrp *vrps = vrpset_vrps(run->set, &count);
	bool first;

	count = (families & EXPORT_IPV6 ? count : ipv4) - start;
	for (size_t i = skip_records(run, count, &first); i < count; i++) {
		char *dst;

		mark_batch(run, i);
		dst = open_record(run, first, 0);
		if (!dst)
			return;
		first &= !close_record(run, dst, run->style->vrp(dst, &vrps[start + i], run));
	}
}

void
export_keys(struct export_run *run)
{
	size_t count;
	const struct router_key *keys = vrpset_router_keys(run->set, &count);
	bool first;

	for (size_t i = skip_records(run, count, &first); i < count; i++) {
		char *dst;

		mark_batch(run, i);
		dst = open_record(run, first, BASE64_LEN((size_t)keys[i].spki_len));
		if (!dst)
			return;
		first &= !close_record(run, dst, run->style->key(dst, &keys[i], run));
	}
}

void
export_aspas(struct export_run *run)
{
	size_t count;
	const struct aspa *aspas = vrpset_aspas(run->set, &count);
	bool first;

	for (size_t i = skip_records(run, count, &first); i < count; i++) {
		char *dst;

		mark_batch(run, i);
		dst = open_record(run, first, EXPORT_AS_MAX * aspas[i].provider_count);
		if (!dst)
			return;
		first &= !close_record(run, dst, run->style->aspa(dst, &aspas[i], run));
	}
}

void
export_comment(const struct export_run *run, const struct export_meta *meta, unsigned kinds)
{
	size_t ipv4 = vrpset_ipv4_count(run->set), vrps, aspas;
	struct buf source = BUF_INIT;

	(void)vrpset_vrps(run->set, &vrps);
	(void)vrpset_aspas(run->set, &aspas);
	/* Encoded, because a newline in it would write configuration. */
	if (meta->source && percent_encode(&source, meta->source, strlen(meta->source)) < 0)
		nomem(run->out);
	/* Not at the line's end, because OpenBGPD joins a line that ends in a backslash with the next. */
	out_addf(run->out, "# RPKI data %s%.*s%sof %s\n", source.len ? "from " : "", (int)source.len,
		 source.len ? source.data : "", source.len ? ", " : "",
		 meta->time == STAMP_UNKNOWN ? "unknown time" : run->date);
	if (kinds & EXPORT_IPV4)
		out_addf(run->out, "# IPv4 VRPs: %zu\n", ipv4);
	if (kinds & EXPORT_IPV6)
		out_addf(run->out, "# IPv6 VRPs: %zu\n", vrps - ipv4);
	if (kinds & EXPORT_ASPAS)
		out_addf(run->out, "# ASPAs: %zu\n", aspas);
	buf_release(&source);
}
