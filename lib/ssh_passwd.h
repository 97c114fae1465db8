/* SPDX-License-Identifier: ISC */
/*
 * Users and the hashes of their passwords, a line each, as htpasswd(1) and
 * `openssl passwd -6` have them:
 *
 *	router1:$6$7UYuIsIrE4mV$7IaGVCcMBYtKzL...
 *
 * Hashes are those of crypt(5) that are slow on purpose: $6$, $5$, $y$, $gy$, $7$, $2b$, $2y$.
 */
#ifndef VRP_SSH_PASSWD_H
#define VRP_SSH_PASSWD_H

#include <stdbool.h>
#include <stddef.h>

#include "compiler.h"
#include "err.h"

#define SSH_PASSWORD_MAX 1024	/* longer ones are wrong */

struct ssh_passwd;

/* len bytes of text.  NULL with line, column and a reason, in which no hash is quoted. */
VRP_NODISCARD struct ssh_passwd *ssh_passwd_parse(const char *text, size_t len, struct vrp_err *err);
void ssh_passwd_free(struct ssh_passwd *p);	/* NULL is allowed */

size_t ssh_passwd_count(const struct ssh_passwd *p);

/*
 * Is it this user's password?  Takes as long for a user who is not there.  A
 * hash costs milliseconds to seconds of CPU; the caller bounds how many are
 * computed at once.
 */
bool ssh_passwd_check(const struct ssh_passwd *p, const char *user, const char *password);

#endif
