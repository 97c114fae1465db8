/* SPDX-License-Identifier: ISC */
/* Any file is rules or an error at a line and column; the first rule that fits is the one that is found. */
#include <assert.h>
#include <stdint.h>

#include "access.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(struct access *a, const char *text, enum listen_transport transport)
{
	struct prefix p = {0};
	struct access_rule *r;

	assert(!text || prefix_parse(text, strlen(text), &p, NULL));
	r = access_find(a, text ? &p : NULL, transport, "lab");
	if (!r)
		return;
	assert(r->transports & 1U << transport);
	assert(!r->listener[0] || strcmp(r->listener, "lab") == 0);
	assert(text ? r->any_family || (r->inet && prefix_covers(&r->network, &p)) : r->local);
	assert(r->max_version <= 2 && (r->allow || (!r->name[0] && !r->max_clients)));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size ? size : 1);
	struct vrp_err err = {0};
	struct access *a;

	assert(text);
	memcpy(text, data, size);
	a = access_parse(text, size, &err);
	free(text);
	if (!a) {
		assert(err.msg[0] && err.line >= 1 && err.column >= 1);
		return 0;
	}
	check(a, "192.0.2.1/32", LISTEN_TCP);
	check(a, "2001:db8::1/128", LISTEN_SSH);
	check(a, NULL, LISTEN_UNIX);
	access_free(a);
	return 0;
}
