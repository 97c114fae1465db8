/* SPDX-License-Identifier: ISC */
#include "sig_key.h"

#include <limits.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "enc.h"

#define RSA_BITS_MIN 2048
#define RSA_BITS_MAX (SIG_MAX * 8)

enum kind { ED25519, ECDSA_P256, RSA_PSS };

static const char *const algorithm_names[] = {
	[ED25519] = "ed25519",
	[ECDSA_P256] = "ecdsa-p256-sha256",
	[RSA_PSS] = "rsa-pss-sha256",
};

struct sig_key {
	EVP_PKEY *pkey;
	enum kind kind;
	char id[SIG_ID_DIGITS + 1];
};

/* What OpenSSL has to say of a failure is left out: it is about its own insides. */
static int
fail(struct vrp_err *err, const char *why)
{
	ERR_clear_error();
	return vrp_err_set(err, "%s", why);
}

/* ---- hashes */

int
sig_hash(const void *data, size_t len, uint8_t out[SIG_HASH_LEN])
{
	return EVP_Digest(data, len, out, NULL, EVP_sha256(), NULL) == 1 ? 0 : -1;
}

static void
hash_drop(struct sig_hash *h)
{
	EVP_MD_CTX_free(h->ctx);
	h->ctx = NULL;
}

void
sig_hash_begin(struct sig_hash *h)
{
	h->ctx = EVP_MD_CTX_new();
	if (h->ctx && EVP_DigestInit_ex(h->ctx, EVP_sha256(), NULL) != 1)
		hash_drop(h);
}

void
sig_hash_add(struct sig_hash *h, const void *data, size_t len)
{
	if (h->ctx && EVP_DigestUpdate(h->ctx, data, len) != 1)
		hash_drop(h);
}

int
sig_hash_end(struct sig_hash *h, uint8_t out[SIG_HASH_LEN])
{
	int rc = h->ctx && EVP_DigestFinal_ex(h->ctx, out, NULL) == 1 ? 0 : -1;

	hash_drop(h);
	return rc;
}

/* ---- keys */

static int
find_kind(const EVP_PKEY *pkey, enum kind *kind, struct vrp_err *err)
{
	char group[64] = "";

	if (EVP_PKEY_is_a(pkey, "ED25519")) {
		*kind = ED25519;
		return 0;
	}
	if (EVP_PKEY_is_a(pkey, "EC")) {
		*kind = ECDSA_P256;
		if (EVP_PKEY_get_group_name(pkey, group, sizeof(group), NULL) != 1 || strcmp(group, "prime256v1") != 0)
			return vrp_err_set(err, "a key on the curve %s, not P-256", group[0] ? group : "of its own parameters");
		return 0;
	}
	if (EVP_PKEY_is_a(pkey, "RSA") || EVP_PKEY_is_a(pkey, "RSA-PSS")) {
		int bits = EVP_PKEY_get_bits(pkey);

		*kind = RSA_PSS;
		if (bits < RSA_BITS_MIN || bits > RSA_BITS_MAX)
			return vrp_err_set(err, "an RSA key of %d bits, not of %d to %d", bits, RSA_BITS_MIN, RSA_BITS_MAX);
		return 0;
	}
	return vrp_err_set(err, "a key of kind %s, not Ed25519, ECDSA P-256 or RSA", EVP_PKEY_get0_type_name(pkey));
}

static int
set_id(struct sig_key *key)
{
	uint8_t hash[SIG_HASH_LEN];
	unsigned char *der = NULL;
	int len, rc;

	/* One form of a point, so that the private and the public file of a key have the same ID. */
	if (key->kind == ECDSA_P256)
		(void)EVP_PKEY_set_utf8_string_param(key->pkey, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT,
						     OSSL_PKEY_EC_POINT_CONVERSION_FORMAT_UNCOMPRESSED);
	len = i2d_PUBKEY(key->pkey, &der);
	rc = len > 0 ? sig_hash(der, (size_t)len, hash) : -1;
	OPENSSL_free(der);
	if (rc == 0)
		*hex_encode_lower(key->id, hash, SIG_ID_DIGITS / 2) = '\0';
	return rc;
}

/* Set up what is common to signing and verifying. */
static bool
use_pss(const struct sig_key *key, EVP_PKEY_CTX *ctx)
{
	return key->kind != RSA_PSS || (EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) > 0 &&
					EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, EVP_sha256()) > 0 &&
					EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) > 0);
}

/* A context for one message, or NULL. */
static EVP_MD_CTX *
start(const struct sig_key *key, bool sign)
{
	const EVP_MD *md = key->kind == ED25519 ? NULL : EVP_sha256();
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pctx;

	if (ctx && (sign ? EVP_DigestSignInit(ctx, &pctx, md, NULL, key->pkey)
			 : EVP_DigestVerifyInit(ctx, &pctx, md, NULL, key->pkey)) == 1 && use_pss(key, pctx))
		return ctx;
	EVP_MD_CTX_free(ctx);
	return NULL;
}

/* A key that can be read may have restrictions of its own, or not fit together. */
static int
try(const struct sig_key *key, bool private, struct vrp_err *err)
{
	EVP_MD_CTX *ctx = start(key, false);
	unsigned char sig[SIG_MAX];
	size_t len;
	bool good = ctx;

	EVP_MD_CTX_free(ctx);
	if (good && private)
		good = sig_sign(key, "", 0, sig, &len, err) == 0 && sig_check(key, "", 0, sig, len);
	return good ? 0 : fail(err, "the key does not work with this algorithm");
}

/* Takes over pkey. */
static struct sig_key *
key_new(EVP_PKEY *pkey, bool private, struct vrp_err *err)
{
	struct sig_key *key = calloc(1, sizeof(*key));
	int rc;

	if (!key) {
		EVP_PKEY_free(pkey);
		vrp_err_nomem(err);
		return NULL;
	}
	key->pkey = pkey;
	rc = find_kind(pkey, &key->kind, err);
	if (rc == 0 && set_id(key) < 0)
		rc = fail(err, "the key has no public form");
	if (rc == 0)
		rc = try(key, private, err);
	if (rc == 0)
		return key;
	sig_key_free(key);
	return NULL;
}

/* Asked for a password: there is none. */
static int
no_password(char *buf VRP_UNUSED, int size VRP_UNUSED, int writing VRP_UNUSED, void *ctx)
{
	*(bool *)ctx = true;
	return -1;
}

static bool
mentions(const char *pem, size_t len, const char *what)
{
	return memmem(pem, len, what, strlen(what));
}

struct sig_key *
sig_key_private(const char *pem, size_t len, struct vrp_err *err)
{
	BIO *bio = len <= INT_MAX ? BIO_new_mem_buf(pem, (int)len) : NULL;
	bool encrypted = false;
	EVP_PKEY *pkey = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_password, &encrypted) : NULL;

	BIO_free(bio);
	ERR_clear_error();
	if (pkey)
		return key_new(pkey, true, err);
	if (encrypted)
		vrp_err_set(err, "the key is encrypted; openssl pkey makes one that is not");
	else if (mentions(pem, len, "-----BEGIN PUBLIC KEY-----"))
		vrp_err_set(err, "a public key, where a private one was expected");
	else
		vrp_err_set(err, "no private key in PEM");
	return NULL;
}

struct sig_key *
sig_key_public(const char *pem, size_t len, struct vrp_err *err)
{
	BIO *bio = len <= INT_MAX ? BIO_new_mem_buf(pem, (int)len) : NULL;
	bool encrypted = false;
	EVP_PKEY *pkey = bio ? PEM_read_bio_PUBKEY(bio, NULL, no_password, &encrypted) : NULL;

	BIO_free(bio);
	ERR_clear_error();
	if (pkey)
		return key_new(pkey, false, err);
	if (mentions(pem, len, "PRIVATE KEY-----"))
		vrp_err_set(err, "a private key, where a public one was expected");
	else
		vrp_err_set(err, "no public key in PEM");
	return NULL;
}

void
sig_key_free(struct sig_key *key)
{
	if (key)
		EVP_PKEY_free(key->pkey);
	free(key);
}

const char *
sig_key_id(const struct sig_key *key)
{
	return key->id;
}

const char *
sig_key_algorithm(const struct sig_key *key)
{
	return algorithm_names[key->kind];
}

bool
sig_key_signs_hashes(const struct sig_key *key)
{
	return key->kind == ECDSA_P256;
}

/* ---- signatures */

int
sig_sign(const struct sig_key *key, const void *data, size_t len, unsigned char sig[SIG_MAX], size_t *sig_len,
	 struct vrp_err *err)
{
	EVP_MD_CTX *ctx = start(key, true);
	bool good;

	*sig_len = SIG_MAX;
	good = ctx && EVP_DigestSign(ctx, sig, sig_len, data, len) == 1;
	EVP_MD_CTX_free(ctx);
	return good ? 0 : fail(err, "cannot sign with this key");
}

bool
sig_check(const struct sig_key *key, const void *data, size_t len, const unsigned char *sig, size_t sig_len)
{
	EVP_MD_CTX *ctx = start(key, false);
	bool good = ctx && EVP_DigestVerify(ctx, sig, sig_len, data, len) == 1;

	EVP_MD_CTX_free(ctx);
	ERR_clear_error();
	return good;
}

/* A context for one hash, or NULL. */
static EVP_PKEY_CTX *
start_hash(const struct sig_key *key, bool sign)
{
	EVP_PKEY_CTX *ctx = sig_key_signs_hashes(key) ? EVP_PKEY_CTX_new(key->pkey, NULL) : NULL;

	if (ctx && (sign ? EVP_PKEY_sign_init(ctx) : EVP_PKEY_verify_init(ctx)) > 0 &&
	    EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) > 0)
		return ctx;
	EVP_PKEY_CTX_free(ctx);
	return NULL;
}

int
sig_sign_hash(const struct sig_key *key, const uint8_t hash[SIG_HASH_LEN], unsigned char sig[SIG_MAX], size_t *sig_len,
	      struct vrp_err *err)
{
	EVP_PKEY_CTX *ctx = start_hash(key, true);
	bool good;

	*sig_len = SIG_MAX;
	good = ctx && EVP_PKEY_sign(ctx, sig, sig_len, hash, SIG_HASH_LEN) > 0;
	EVP_PKEY_CTX_free(ctx);
	return good ? 0 : fail(err, "cannot sign with this key");
}

bool
sig_check_hash(const struct sig_key *key, const uint8_t hash[SIG_HASH_LEN], const unsigned char *sig, size_t sig_len)
{
	EVP_PKEY_CTX *ctx = start_hash(key, false);
	bool good = ctx && EVP_PKEY_verify(ctx, sig, sig_len, hash, SIG_HASH_LEN) == 1;

	EVP_PKEY_CTX_free(ctx);
	ERR_clear_error();
	return good;
}

/* ---- trusted keys */

int
sig_keys_add(struct sig_keys *keys, struct sig_key *key)
{
	struct sig_key **more = realloc(keys->keys, (keys->count + 1) * sizeof(struct sig_key *));

	if (!more) {
		sig_key_free(key);
		return -1;
	}
	keys->keys = more;
	keys->keys[keys->count++] = key;
	return 0;
}

const struct sig_key *
sig_keys_find(const struct sig_keys *keys, const char *id, size_t len)
{
	for (size_t i = 0; i < keys->count; i++)
		if (len == SIG_ID_DIGITS && memcmp(keys->keys[i]->id, id, len) == 0)
			return keys->keys[i];
	return NULL;
}

void
sig_keys_release(struct sig_keys *keys)
{
	for (size_t i = 0; i < keys->count; i++)
		sig_key_free(keys->keys[i]);
	free(keys->keys);
	*keys = (struct sig_keys){0};
}
