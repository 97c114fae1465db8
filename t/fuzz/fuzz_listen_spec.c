/* SPDX-License-Identifier: ISC */
/* Any text is a listener within bounds, or an error that says why. */
#include <assert.h>
#include <stdint.h>

#include "listen_spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct listen_spec defaults = {.max_version = 1, .mode = 0660};
	char *text = malloc(size + 1);
	struct vrp_err err = {0};
	struct listen_spec spec;

	assert(text);
	memcpy(text, data, size);
	text[size] = '\0';
	if (listen_spec_parse(text, &defaults, &spec, &err) == 0) {
		assert(spec.address[0] && strlen(spec.address) <= strlen(text));
		assert(spec.transport < LISTEN_TRANSPORTS && spec.max_version <= 1 && spec.mode <= 0777);
		assert(spec.host_key_count <= LISTEN_HOST_KEYS_MAX);
		assert(!spec.name || spec.name[0]);
		listen_spec_release(&spec);
	} else {
		assert(err.msg[0] && !spec.address);
	}
	free(text);
	return 0;
}
