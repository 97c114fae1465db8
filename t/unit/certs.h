/* SPDX-License-Identifier: ISC */
/* Certificates for tests: an authority and what it certifies, made anew each time. */
#ifndef VRP_TEST_CERTS_H
#define VRP_TEST_CERTS_H

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test.h"

#define DAY 86400L

struct identity {
	EVP_PKEY *key;
	X509 *cert;
};

static inline void
add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509_EXTENSION *ext;
	X509V3_CTX ctx;

	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	assert_non_null(ext);
	X509_add_ext(cert, ext, -1);
	X509_EXTENSION_free(ext);
}

/* san as openssl.cnf has it, "DNS:a.example,IP:192.0.2.1", NULL for none; by is NULL for an authority of its own. */
static inline struct identity
certify(const char *cn, const char *san, const struct identity *by, long from, long to)
{
	static long serial = 1;
	struct identity id = {EVP_EC_gen("P-256"), X509_new()};
	const struct identity *issuer = by ? by : &id;
	X509_NAME *name = X509_get_subject_name(id.cert);

	assert_non_null(id.key);
	X509_set_version(id.cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(id.cert), serial++);
	X509_gmtime_adj(X509_getm_notBefore(id.cert), from);
	X509_gmtime_adj(X509_getm_notAfter(id.cert), to);
	X509_set_pubkey(id.cert, id.key);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)cn, -1, -1, 0);
	X509_set_issuer_name(id.cert, X509_get_subject_name(issuer->cert));
	add_extension(id.cert, issuer->cert, NID_basic_constraints, by ? "CA:FALSE" : "critical,CA:TRUE");
	if (san)
		add_extension(id.cert, issuer->cert, NID_subject_alt_name, san);
	assert_true(X509_sign(id.cert, issuer->key, EVP_sha256()) > 0);
	return id;
}

static inline void
identity_release(struct identity *id)
{
	EVP_PKEY_free(id->key);
	X509_free(id->cert);
	*id = (struct identity){0};
}

/* NAME.pem and NAME.key */
static inline void
save_identity(const struct identity *id, const char *name)
{
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "%s.pem", name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(PEM_write_X509(f, id->cert));
	fclose(f);
	snprintf(path, sizeof(path), "%s.key", name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fchmod(fileno(f), 0600), 0);
	assert_true(PEM_write_PrivateKey(f, id->key, NULL, NULL, 0, NULL, NULL));
	fclose(f);
}

#endif
