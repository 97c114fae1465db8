/* SPDX-License-Identifier: ISC */
/* Private keys of either side of SSH, and how public ones are shown. */
#ifndef VRP_SSH_IDENTITY_H
#define VRP_SSH_IDENTITY_H

#include "compiler.h"
#include "err.h"

struct ssh_key_struct;	/* of libssh; ssh_key is a pointer to one */

#define SSH_FINGERPRINT_MAX 64	/* room for "SHA256:..." and a NUL */

/*
 * A private key without a passphrase, in OpenSSH's format or PEM, from a file
 * that secret.h accepts.  The caller frees it with ssh_key_free(3).  NULL with a
 * reason that does not name the file.
 */
VRP_NODISCARD struct ssh_key_struct *ssh_identity_read(const char *path, struct vrp_err *err);

/* "SHA256:..." as ssh-keygen -l has it, "?" when memory is out. */
void ssh_fingerprint(struct ssh_key_struct *key, char text[SSH_FINGERPRINT_MAX]);

#endif
