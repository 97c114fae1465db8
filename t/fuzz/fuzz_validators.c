/* SPDX-License-Identifier: ISC */
/* Any lines as heads of responses: what is kept of them could stand in a request. */
#include <assert.h>
#include <stdint.h>

#include "validators.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(const char *text, size_t room)
{
	size_t len = strnlen(text, room);

	assert(len < room);
	for (size_t i = 0; i < len; i++)
		assert(text[i] >= ' ' && text[i] <= '~');
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct validators v = VALIDATORS_NONE;
	const char *s = (const char *)data, *end = s + size;

	while (s < end) {
		const char *newline = memchr(s, '\n', (size_t)(end - s));
		size_t len = newline ? (size_t)(newline + 1 - s) : (size_t)(end - s);
		char *line = malloc(len);	/* so that a read past the end is seen */

		assert(line);
		memcpy(line, s, len);
		validators_note(&v, line, len);
		free(line);
		check(v.etag, sizeof(v.etag));
		check(v.modified, sizeof(v.modified));
		assert(!v.etag[0] || (strchr(v.etag, '"') && v.etag[strlen(v.etag) - 1] == '"' && !strchr(v.etag, ' ')));
		s += len;
	}
	return 0;
}
