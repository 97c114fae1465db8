/* SPDX-License-Identifier: ISC */
/*
 * RTR over SSH, the router's side (RFC 8210 section 9.1): subsystem rpki-rtr.  A cache
 * has to prove that it is who was meant; what is unknown or has changed is refused
 * with its fingerprint in the reason.  We prove who we are with the key, then the
 * password, as far as they are given; else with the keys of the user's agent and
 * in ~/.ssh.  Files are read anew for each connection, and nobody is ever asked.
 */
#ifndef VRP_TRANSPORT_SSH_H
#define VRP_TRANSPORT_SSH_H

#include "secret.h"
#include "transport.h"

/* ssh://[USER@]HOST[:PORT], port 22; the user is who runs the program unless one is given. */
extern const struct transport_ops transport_ssh;

/* Paths, texts and the secret are borrowed. */
struct ssh_security {
	const char *known_hosts;	/* keys of caches, as OpenSSH has it; NULL: the user's own file */
	const char *host_key;		/* instead of these: the one key, "SHA256:..." */
	const char *key_file;		/* our private key; NULL: the user's own keys */
	const char *password_file;	/* our password, alone in a file; NULL: none */
	const struct secret *password;	/* the same from elsewhere; NULL: none */
};

#endif
