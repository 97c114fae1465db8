/* SPDX-License-Identifier: ISC */
/* The signature of any file, apart from it: one statement (sig_statement.h) in a file of its own. */
#ifndef VRP_SIG_FILE_H
#define VRP_SIG_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "compiler.h"
#include "err.h"
#include "sig_key.h"
#include "sig_statement.h"

/* Append the line for a file by its hash; valid in seconds, 0: for ever.  -1 with a reason. */
VRP_NODISCARD int sig_file_sign(const uint8_t hash[SIG_HASH_LEN], const struct sig_key *key, int64_t now, uint32_t valid,
				struct buf *out, struct vrp_err *err);

/* Is sig the signature, by one of the keys and good now, of the file with that hash?  -1 with a reason. */
VRP_NODISCARD int sig_file_verify(const char *sig, size_t len, const uint8_t hash[SIG_HASH_LEN], const struct sig_keys *keys,
				  const struct sig_rules *rules, int64_t now, struct vrp_err *err);

#endif
