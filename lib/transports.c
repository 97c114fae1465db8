/* SPDX-License-Identifier: ISC */
#include "transports.h"

static const struct transport_ops *const all[] = {&transport_tcp, &transport_tls, &transport_ssh, &transport_unix, NULL};

struct transports
transports_all(const struct transport_security *security)
{
	return (struct transports){.ops = all, .security = security};
}
