/* SPDX-License-Identifier: ISC */
/* A line that parses is written in canonical form, which parses to the same and is written the same. */
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

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct names *names = names_new();
	struct line_scratch scratch = {BUF_INIT};
	struct out first, second;
	struct vrp_err err = {0};
	struct payload p;
	size_t len;

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
