/* SPDX-License-Identifier: ISC */
/*
 * A line that parses is written in canonical form, which parses to the same and
 * is written the same; and both ways to read a line agree on it.
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
	assert(out->buf.len == line_length(p, names));
	return out->buf.len - 1;
}

/* line_scan_vrp() takes the first line for what line_parse() takes it for, or leaves it alone.  Did it? */
static bool
compare(const char *line, const char *end)
{
	struct names *names = names_new();
	struct line_scratch scratch = {BUF_INIT};
	struct vrp_err err = {0};
	struct payload p;
	struct vrp vrp;
	const char *next = line_scan_vrp(line, end, names, &vrp);

	if (next) {
		assert(next <= end && next == (const char *)memchr(line, '\n', (size_t)(end - line)) + 1);
		assert(line_parse(line, (size_t)(next - 1 - line), names, &scratch, &p, &err) == 0);
		assert(p.kind == PAYLOAD_VRP && vrp_cmp(&p.vrp, &vrp) == 0);
		assert(p.vrp.ta == vrp.ta && p.vrp.expires == vrp.expires);
	} else {
		assert(names_count(names) == 1);
	}
	line_scratch_release(&scratch);
	names_unref(names);
	return next;
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

	(void)compare((const char *)data, (const char *)data + size);
	if (size <= LINE_MAX_BYTES && line_parse((const char *)data, size, names, &scratch, &p, &err) == 0) {
		len = canonical(&first, &p, names);
		assert(!memchr(first.buf.data, '\n', len) && first.buf.data[0] > '%' && first.buf.data[0] < '~');
		assert(line_parse(first.buf.data, len, names, &scratch, &p, &err) == 0);
		assert(canonical(&second, &p, names) == len);
		assert(memcmp(first.buf.data, second.buf.data, len) == 0);
		assert(compare(first.buf.data, first.buf.data + len + 1) == (p.kind == PAYLOAD_VRP));
		out_release(&first);
		out_release(&second);
	} else {
		assert(size > LINE_MAX_BYTES || (err.msg[0] && err.column >= 1 && err.column <= size + 1));
	}
	line_scratch_release(&scratch);
	names_unref(names);
	return 0;
}
