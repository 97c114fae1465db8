/* SPDX-License-Identifier: ISC */
/* A prefix that parses has one canonical text, which parses to the same; and so has it without its host bits. */
#include <assert.h>

#include "prefix.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[PREFIX_TEXT_MAX], again[PREFIX_TEXT_MAX];
	const char *reason = NULL;
	struct prefix p, q;
	size_t len;

	if (!prefix_parse((const char *)data, size, &p, &reason)) {
		assert(reason);
		return 0;
	}
	for (int round = 0; round < 2; round++) {
		len = (size_t)(prefix_format(text, &p) - text);
		assert(len < PREFIX_TEXT_MAX);
		assert(prefix_parse(text, len, &q, NULL));
		assert(memcmp(&p, &q, sizeof(p)) == 0);
		assert((size_t)(prefix_format(again, &q) - again) == len && memcmp(text, again, len) == 0);
		assert(prefix_cmp(&p, &q) == 0 && prefix_covers(&p, &q));
		prefix_clear_host_bits(&p);
	}
	assert(!prefix_has_host_bits(&p));
	return 0;
}
