/* SPDX-License-Identifier: ISC */
/*
 * A line that parses is written in canonical form, which parses to the same and
 * is written the same; and both ways to parse a line agree on it.
 */
#include <assert.h>

#include "line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The canonical line without its newline; out is released by the caller. */
static size_t
canonical(struct out *out, const struct payload *p, const struct names *names)
{
	out_init(out, -1);
	line_write(out, 0, p, names);
	assert(out->error == 0 && out->buf.len > 0 && out->buf.data[out->buf.len - 1] == '\n');
	return out->buf.len - 1;
}

/* line_parse() and line_parse_any(), each with names of its own. */
static void
compare(const char *line, size_t len)
{
	struct names *names = names_new(), *names_any = names_new();
	struct line_scratch scratch = {BUF_INIT}, scratch_any = {BUF_INIT};
	struct vrp_err err = {0}, err_any = {0};
	struct payload p, p_any;
	struct out a, b;

	if (line_parse(line, len, names, &scratch, &p, &err) < 0) {
		assert(line_parse_any(line, len, names_any, &scratch_any, &p_any, &err_any) < 0);
		assert(err.column == err_any.column && strcmp(err.msg, err_any.msg) == 0);
	} else {
		assert(line_parse_any(line, len, names_any, &scratch_any, &p_any, &err_any) == 0);
		assert(p.kind == p_any.kind && (p.kind != PAYLOAD_VRP || vrp_cmp(&p.vrp, &p_any.vrp) == 0));
		assert(canonical(&a, &p, names) == canonical(&b, &p_any, names_any));
		assert(memcmp(a.buf.data, b.buf.data, a.buf.len) == 0);
		out_release(&a);
		out_release(&b);
	}
	assert(names_count(names) == names_count(names_any));
	line_scratch_release(&scratch);
	line_scratch_release(&scratch_any);
	names_unref(names);
	names_unref(names_any);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct names *names = names_new();
	struct line_scratch scratch = {BUF_INIT};
	struct out first, second;
	struct vrp_err err = {0};
	struct payload p;
	size_t len;

	if (size <= LINE_MAX_BYTES)
		compare((const char *)data, size);
	if (size <= LINE_MAX_BYTES && line_parse((const char *)data, size, names, &scratch, &p, &err) == 0) {
		len = canonical(&first, &p, names);
		assert(!memchr(first.buf.data, '\n', len) && first.buf.data[0] > '%' && first.buf.data[0] < '~');
		assert(line_parse(first.buf.data, len, names, &scratch, &p, &err) == 0);
		assert(canonical(&second, &p, names) == len);
		assert(memcmp(first.buf.data, second.buf.data, len) == 0);
		out_release(&first);
		out_release(&second);
	} else {
		assert(size > LINE_MAX_BYTES || (err.msg[0] && err.column >= 1 && err.column <= size + 1));
	}
	line_scratch_release(&scratch);
	names_unref(names);
	return 0;
}
