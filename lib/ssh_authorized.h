/* SPDX-License-Identifier: ISC */
/*
 * Public keys that let their owners in: a file as sshd(8) describes it under
 * "AUTHORIZED_KEYS FILE FORMAT".  The whole file is good or none of it is.
 *
 *	from="192.0.2.1,2001:db8::/32" ssh-ed25519 AAAAC3NzaC1lZDI1NTE5... edge router
 *
 * Types are ssh-ed25519, ecdsa-sha2-nistp256, -384, -521 and ssh-rsa of 2048 to 16384 bits.
 * Of the options, which all are restrictions here, none is ever ignored:
 *
 *	from="LIST"		addresses and prefixes, `!` in front of those that are kept out;
 *				names and wildcards are refused, since nothing is looked up
 *	expiry-time="TIME"	YYYYMMDD[HHMM[SS]], of the local zone unless a Z follows
 *	principals="LIST"	the user names that it is for; without it a key is for any
 *	restrict, no-pty, no-port-forwarding, no-agent-forwarding, no-X11-forwarding, no-user-rc
 *				hold for everyone
 *
 * What asks for anything else, such as a command or a certificate authority, is an error.
 */
#ifndef VRP_SSH_AUTHORIZED_H
#define VRP_SSH_AUTHORIZED_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "compiler.h"
#include "err.h"

#define SSH_AUTHORIZED_MAX ((size_t)1 << 20)	/* of a file */

struct ssh_authorized;

/* len bytes of text.  NULL with line, column and a reason. */
VRP_NODISCARD struct ssh_authorized *ssh_authorized_parse(const char *text, size_t len, struct vrp_err *err);
void ssh_authorized_free(struct ssh_authorized *a);	/* NULL is allowed */

size_t ssh_authorized_count(const struct ssh_authorized *a);

/* The key of that number in the wire form (RFC 4253 section 6.6), borrowed, and its line. */
const void *ssh_authorized_key(const struct ssh_authorized *a, size_t i, size_t *len, size_t *line);

/*
 * May who holds this key, in the wire form, come in as this user from this
 * address at this time (seconds since 1970)?  NULL he may, and *comment is the
 * key's, borrowed; else the reason.
 */
const char *ssh_authorized_refusal(const struct ssh_authorized *a, const void *key, size_t len, const char *user,
				   const struct sockaddr *from, int64_t now, const char **comment);

#endif
