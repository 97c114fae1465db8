/* SPDX-License-Identifier: ISC */
#include "sandbox_internal.h"

#ifdef __OpenBSD__

#include <stdio.h>
#include <unistd.h>

static bool
enter_unveil(const struct sandbox *box)
{
	for (size_t i = 0; i < box->count; i++) {
		const struct sandbox_grant *g = &box->grants[i];
		char rights[8];

		if (!g->path)
			continue;
		snprintf(rights, sizeof(rights), "%s%s%s%s", g->rights & SANDBOX_READ ? "r" : "",
			 g->rights & (SANDBOX_WRITE | SANDBOX_REPLACE) ? "w" : "", g->rights & SANDBOX_EXECUTE ? "x" : "",
			 g->rights & (SANDBOX_REPLACE | SANDBOX_REMOVE) ? "c" : "");
		(void)unveil(g->path, rights);
	}
	return unveil(NULL, NULL) == 0;
}

bool
sandbox_enter_pledge(const struct sandbox *box)
{
	char promises[128];

	snprintf(promises, sizeof(promises), "stdio rpath%s%s%s", box->network ? " inet unix dns" : "",
		 sandbox_has(box, SANDBOX_REPLACE) ? " wpath cpath fattr" : sandbox_has(box, SANDBOX_WRITE) ? " wpath" : "",
		 sandbox_has(box, SANDBOX_EXECUTE) ? " proc exec" : sandbox_has(box, SANDBOX_REMOVE) ? " cpath" : "");
	return enter_unveil(box) && pledge(promises, NULL) == 0;
}

#else

bool
sandbox_enter_pledge(const struct sandbox *box VRP_UNUSED)
{
	return false;
}

#endif
