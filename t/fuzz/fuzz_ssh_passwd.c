/* SPDX-License-Identifier: ISC */
/* Any bytes are a list of users or an error, in which no hash is told.  Hashes are not computed: they are slow on purpose. */
#include <assert.h>
#include <stdint.h>

#include "ssh_passwd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vrp_err err = {0};
	struct ssh_passwd *p = ssh_passwd_parse((const char *)data, size, &err);

	assert(p ? ssh_passwd_count(p) > 0 : err.msg[0] && err.line <= size + 1 && err.column <= size + 1);
	ssh_passwd_free(p);
	return 0;
}
