/* SPDX-License-Identifier: ISC */
/*
 * What an SSH server proves and asks for, read from files: its host keys, the
 * public keys and the passwords that it lets in.  Immutable and counted, so that
 * handshakes go on with what they began with while another is read.
 */
#ifndef VRP_SSH_REALM_H
#define VRP_SSH_REALM_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "compiler.h"
#include "err.h"

struct ssh_key_struct;	/* these two are libssh's */
struct ssh_session_struct;

/* Paths are borrowed; they are read at every ssh_realm_new(). */
struct ssh_realm_config {
	const char *const *host_keys;	/* private keys, one of a type (ed25519, ecdsa, rsa) */
	size_t host_key_count;
	const char *authorized_keys;	/* ssh_authorized.h; NULL: no keys */
	const char *passwords;		/* ssh_passwd.h; NULL: no passwords */
	bool anyone;			/* ask for nothing at all */
};

struct ssh_realm;

/* NULL with a reason that begins with the file's name, and its line where it has one: "keys:3:1: ...". */
VRP_NODISCARD struct ssh_realm *ssh_realm_new(const struct ssh_realm_config *config, struct vrp_err *err);
struct ssh_realm *ssh_realm_ref(struct ssh_realm *r);
void ssh_realm_unref(struct ssh_realm *r);	/* NULL is allowed */

/* A session of a server on a connected socket, which it closes; it offers our host keys and the ways in.  NULL with a reason. */
VRP_NODISCARD struct ssh_session_struct *ssh_realm_accept(struct ssh_realm *r, int fd, struct vrp_err *err);

/* May this user come in with nothing, with the key, with the password?  NULL he may, else the reason. */
const char *ssh_realm_refuses_none(const struct ssh_realm *r);
const char *ssh_realm_refuses_key(const struct ssh_realm *r, const char *user, struct ssh_key_struct *key,
				  const struct sockaddr *from);
const char *ssh_realm_refuses_password(struct ssh_realm *r, const char *user, const char *password);

#endif
