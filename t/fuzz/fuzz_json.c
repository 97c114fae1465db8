/* SPDX-License-Identifier: ISC */
/* The JSON reader has to give jansson's verdict on every document, whatever the pieces it comes in. */
#include <jansson.h>

#include "../pieces.h"
#include "json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*
 * The first byte says how large the pieces are, and whether values are skipped.
 * jansson overlooks a NUL byte behind a number or a word, see json.h.
 */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pieces text = {(const char *)data + 1, size - 1, size ? (size_t)(*data & 0x7f) + 1 : 1};
	enum json_token_type type = JSON_TOKEN_NULL;
	struct json_reader *r;
	struct json_token t;
	json_t *want;

	if (size == 0 || !(r = json_reader_new(pieces_read, &text)))
		return 0;
	if (*data & 0x80 && json_reader_skip(r) < 0)
		type = JSON_TOKEN_ERROR;
	while (type != JSON_TOKEN_ERROR && type != JSON_TOKEN_END)
		type = json_reader_next(r, &t);
	json_reader_free(r);
	want = memchr(data + 1, 0, size - 1) ? NULL : json_loadb((const char *)data + 1, size - 1, 0, NULL);
	if ((type == JSON_TOKEN_END) != (want != NULL))
		abort();
	json_decref(want);
	return 0;
}
