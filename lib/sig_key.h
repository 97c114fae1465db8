/* SPDX-License-Identifier: ISC */
/*
 * Keys that sign and verify, and SHA-256: all that this project has of OpenSSL
 * for signatures.
 *
 *	ed25519			RFC 8032, the message itself
 *	ecdsa-p256-sha256	FIPS 186-5, DER as in RFC 3279
 *	rsa-pss-sha256		RFC 8017: MGF1 with SHA-256, 32 bytes of salt; 2048 to 16384 bits
 *
 * Keys are PEM: private ones PKCS #8, SEC 1 or PKCS #1, not encrypted; public
 * ones SubjectPublicKeyInfo.  Any other curve, size or kind of key is refused.
 */
#ifndef VRP_SIG_KEY_H
#define VRP_SIG_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compiler.h"
#include "err.h"

#define SIG_HASH_LEN 32
#define SIG_ID_DIGITS 32	/* of a key's ID, which are the first half of SHA-256 over its SubjectPublicKeyInfo */
#define SIG_MAX 2048		/* bytes of the longest signature */

struct sig_key;

/* From PEM.  NULL with a reason. */
VRP_NODISCARD struct sig_key *sig_key_private(const char *pem, size_t len, struct vrp_err *err);
VRP_NODISCARD struct sig_key *sig_key_public(const char *pem, size_t len, struct vrp_err *err);
void sig_key_free(struct sig_key *key);	/* NULL is allowed */

const char *sig_key_id(const struct sig_key *key);	/* lower-case hexadecimal digits */
const char *sig_key_algorithm(const struct sig_key *key);	/* as above */
bool sig_key_signs_hashes(const struct sig_key *key);	/* for sig_sign_hash() */

/* Sign len bytes.  -1 with a reason. */
VRP_NODISCARD int sig_sign(const struct sig_key *key, const void *data, size_t len, unsigned char sig[SIG_MAX],
			   size_t *sig_len, struct vrp_err *err);

/* Is this the key's signature of the bytes?  No, too, when memory is out. */
VRP_NODISCARD bool sig_check(const struct sig_key *key, const void *data, size_t len, const unsigned char *sig,
			     size_t sig_len);

/* The same for what has been hashed already, by SHA-256: with keys of ECDSA only. */
VRP_NODISCARD int sig_sign_hash(const struct sig_key *key, const uint8_t hash[SIG_HASH_LEN], unsigned char sig[SIG_MAX],
				size_t *sig_len, struct vrp_err *err);
VRP_NODISCARD bool sig_check_hash(const struct sig_key *key, const uint8_t hash[SIG_HASH_LEN], const unsigned char *sig,
				  size_t sig_len);

/* The keys that are trusted, each owned. */
struct sig_keys {
	struct sig_key **keys;
	size_t count;
};

VRP_NODISCARD int sig_keys_add(struct sig_keys *keys, struct sig_key *key);	/* takes it over; -1 when memory is out */
const struct sig_key *sig_keys_find(const struct sig_keys *keys, const char *id, size_t len);	/* NULL: none */
void sig_keys_release(struct sig_keys *keys);

/* SHA-256, piece by piece. */
struct sig_hash {
	struct evp_md_ctx_st *ctx;	/* NULL after a failure, which comes out at the end */
};

void sig_hash_begin(struct sig_hash *h);
void sig_hash_add(struct sig_hash *h, const void *data, size_t len);
VRP_NODISCARD int sig_hash_end(struct sig_hash *h, uint8_t out[SIG_HASH_LEN]);	/* releases; -1 when memory is out */

VRP_NODISCARD int sig_hash(const void *data, size_t len, uint8_t out[SIG_HASH_LEN]);

#endif
