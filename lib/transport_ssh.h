/* SPDX-License-Identifier: ISC */
/* RTR over SSH, the router's side (RFC 8210 section 9.1). */
#ifndef VRP_TRANSPORT_SSH_H
#define VRP_TRANSPORT_SSH_H

#include "secret.h"

/* Paths, texts and the secret are borrowed. */
struct ssh_security {
	const char *known_hosts;	/* keys of caches, as OpenSSH has it; NULL: the user's own file */
	const char *host_key;		/* instead of these: the one key, "SHA256:..." */
	const char *key_file;		/* our private key; NULL: the user's own keys */
	const char *password_file;	/* our password, alone in a file; NULL: none */
	const struct secret *password;	/* the same from elsewhere; NULL: none */
};

#endif
