/* SPDX-License-Identifier: ISC */
/* Keys (sig_key.h) in files. */
#ifndef VRP_SIG_KEYFILE_H
#define VRP_SIG_KEYFILE_H

#include "compiler.h"
#include "err.h"
#include "sig_key.h"

/* A private key, from a file that nobody else may read (secret.h).  NULL with a reason that doesn't name the file. */
VRP_NODISCARD struct sig_key *sig_keyfile_private(const char *path, struct vrp_err *err);

/* Trust the public key in a file as well.  -1 with a reason. */
VRP_NODISCARD int sig_keyfile_trust(struct sig_keys *keys, const char *path, struct vrp_err *err);

#endif
