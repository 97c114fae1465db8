/* SPDX-License-Identifier: ISC */
/*
 * Every transport that there is, for the tools; what links only libc lists
 * transports_tcp instead.
 */
#ifndef VRP_TRANSPORTS_H
#define VRP_TRANSPORTS_H

#include "sandbox.h"
#include "transport.h"
#include "transport_ssh.h"
#include "transport_tls.h"

/* What is proved to caches, and what they have to prove. */
struct transport_security {
	struct tls_security tls;
	struct ssh_security ssh;
};

/* security is borrowed for as long as endpoints are in use that were parsed with it. */
struct transports transports_all(const struct transport_security *security);

/* What has to be kept to reach a cache, once or again and again. */
void transports_keep(const struct endpoint *to, bool later, struct sandbox *box);

#endif
