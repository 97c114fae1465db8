/* SPDX-License-Identifier: ISC */
/* Any file is keys within bounds, or an error at a line. */
#include <assert.h>
#include <stdint.h>

#include "tcp_keys.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size ? size : 1);
	struct vrp_err err = {0};
	struct tcp_keys *k;

	assert(text);
	memcpy(text, data, size);
	k = tcp_keys_parse(text, size, &err);
	free(text);
	if (k)
		assert(tcp_keys_count(k) <= TCP_KEYS_MAX && tcp_keys_count(k) <= size);
	else
		assert(err.msg[0] && err.line >= 1);
	tcp_keys_free(k);
	return 0;
}
