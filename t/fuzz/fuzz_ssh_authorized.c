/* SPDX-License-Identifier: ISC */
/* Any bytes are a list of keys or an error with a place; who holds a key of the list may come in or hears why not. */
#include <assert.h>
#include <netinet/in.h>

#include "ssh_authorized.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sockaddr_in6 from = {.sin6_family = AF_INET6, .sin6_addr.s6_addr = {0x20, 1, 0xd, 0xb8}};
	struct vrp_err err = {0};
	struct ssh_authorized *a = ssh_authorized_parse((const char *)data, size, &err);

	if (!a) {
		assert(err.msg[0] && err.line >= 1 && err.line <= size + 1 && err.column >= 1 && err.column <= size + 1);
		return 0;
	}
	for (size_t i = 0; i < ssh_authorized_count(a); i++) {
		size_t len, line;
		const void *key = ssh_authorized_key(a, i, &len, &line);
		const char *comment = NULL, *reason;

		reason = ssh_authorized_refusal(a, key, len, "r", (struct sockaddr *)&from, 0, &comment);
		assert((reason && strcmp(reason, "unknown key") != 0) || comment);
		assert(line >= 1 && line <= size + 1 && len > 4);
	}
	ssh_authorized_free(a);
	return 0;
}
