/* SPDX-License-Identifier: ISC */
#include "transports.h"

#include <netdb.h>

static const struct transport_ops *const all[] = {&transport_tcp, NULL};

struct transports
transports_all(const struct transport_security *security)
{
	return (struct transports){.ops = all, .security = security};
}

static bool
is_address(const char *host)
{
	struct addrinfo hints = {.ai_flags = AI_NUMERICHOST}, *list;

	if (getaddrinfo(host, NULL, &hints, &list) != 0)
		return false;
	freeaddrinfo(list);
	return true;
}

void
transports_keep(const struct endpoint *to, bool later, struct sandbox *box)
{
	sandbox_connect(box, to->port);
	if (!is_address(to->host))
		sandbox_resolve(box, later);
}
