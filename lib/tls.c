/* SPDX-License-Identifier: ISC */
#include "tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>

#include "secret.h"
#include "stamp.h"

/* Of TLS 1.2 what has forward secrecy and authenticates what it encrypts; AES with 128 bits first, as RFC 9325 has it. */
#define CIPHERS "ECDHE+AES128+AESGCM:ECDHE+AESGCM:ECDHE+CHACHA20"
#define CIPHERSUITES "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
#define READ_AHEAD ((size_t)128 * 1024)		/* a cache's whole table comes in one stream */
#define DEPTH_MAX 8				/* certificates between a peer's and an authority's */
#define SUBJECT_FLAGS (XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB)

/* ---- reasons */

/* The first failure of a call to OpenSSL, what it led to came later. */
static const char *
first_error(char text[128])
{
	unsigned long code = ERR_peek_error();
	const char *reason = ERR_SYSTEM_ERROR(code) ? strerror(ERR_GET_REASON(code)) : ERR_reason_error_string(code);

	if (ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE)
		reason = "not what it should be in PEM";
	snprintf(text, 128, "%s", reason ? reason : "unknown failure");
	ERR_clear_error();
	return text;
}

static int
file_error(struct vrp_err *err, const char *path)
{
	char text[128];

	return vrp_err_set(err, "%s: %s", path, first_error(text));
}

/* A name is what somebody else wrote, and goes into a line of text. */
static void
append(char *text, size_t size, const char *name, int len)
{
	size_t have = strlen(text);

	if (have && have + 2 < size) {
		memcpy(text + have, ", ", 3);
		have += 2;
	}
	for (int i = 0; i < len && have + 1 < size; i++)
		text[have++] = name[i] > ' ' && name[i] <= '~' ? name[i] : '?';
	text[have] = '\0';
}

static void
append_address(char *text, size_t size, const ASN1_OCTET_STRING *ip)
{
	char address[INET6_ADDRSTRLEN] = "?";
	int len = ASN1_STRING_length(ip);

	if (len == 4 || len == 16)
		inet_ntop(len == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(ip), address, sizeof(address));
	append(text, size, address, (int)strlen(address));
}

void
tls_names(const X509 *cert, char *text, size_t size)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);

	*text = '\0';
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

		if (name->type == GEN_DNS)
			append(text, size, (const char *)ASN1_STRING_get0_data(name->d.dNSName),
			       ASN1_STRING_length(name->d.dNSName));
		else if (name->type == GEN_IPADD)
			append_address(text, size, name->d.iPAddress);
	}
	GENERAL_NAMES_free(names);
	ERR_clear_error();
}

void
tls_subject(const SSL *ssl, char *text, size_t size)
{
	const X509 *cert = SSL_get0_peer_certificate(ssl);
	BIO *out = cert ? BIO_new(BIO_s_mem()) : NULL;
	char *data;
	long len;

	*text = '\0';
	if (out && X509_NAME_print_ex(out, X509_get_subject_name(cert), 0, SUBJECT_FLAGS) >= 0 &&
	    (len = BIO_get_mem_data(out, &data)) > 0)
		append(text, size, data, (int)len);
	BIO_free(out);
}

/* What OpenSSL says of a certificate, in words for who runs routers. */
static void
note_finding(struct tls_check *check, int code, const X509 *cert)
{
	char names[160];

	switch (code) {
	case X509_V_ERR_HOSTNAME_MISMATCH:
	case X509_V_ERR_IP_ADDRESS_MISMATCH:
		tls_names(cert, names, sizeof(names));
		if (*names)
			vrp_err_set(&check->found, "certificate is for %s, not for %s", names, check->expected);
		else
			vrp_err_set(&check->found, "certificate has no subjectAltName, so it is not for %s", check->expected);
		break;
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
		vrp_err_set(&check->found, "certificate is from an authority that is not known here");
		break;
	default:
		vrp_err_set(&check->found, "certificate verify failed: %s", X509_verify_cert_error_string(code));
		break;
	}
}

/* Called for each finding; the first is the one that counts. */
static int
on_verify(int good, X509_STORE_CTX *store)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct tls_check *check = ssl ? SSL_get_app_data(ssl) : NULL;

	if (!good && check && !*check->found.msg)
		note_finding(check, X509_STORE_CTX_get_error(store), X509_STORE_CTX_get_current_cert(store));
	return good;
}

static bool
is_alert(unsigned long code)
{
	int reason = ERR_GET_REASON(code);

	return ERR_GET_LIB(code) == ERR_LIB_SSL && reason > SSL_AD_REASON_OFFSET &&
	       reason <= SSL_AD_REASON_OFFSET + UINT8_MAX;
}

bool
tls_is_alert(void)
{
	return is_alert(ERR_peek_error());
}

/* What is wrong with what the peer sent, or, as an alert, what it says is wrong with ours. */
static int
explain_protocol(struct vrp_err *err)
{
	unsigned long code = ERR_peek_error();
	int reason = ERR_GET_REASON(code);
	char text[128];

	if (ERR_GET_LIB(code) == ERR_LIB_SSL) {
		switch (reason) {
		case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
			return vrp_err_set(err, "no client certificate");
		case SSL_R_UNEXPECTED_EOF_WHILE_READING:
			return vrp_err_set(err, "connection closed in the middle of TLS");
		case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
			return vrp_err_set(err, "peer wants a certificate, and got none");
		}
		if (is_alert(code))
			return vrp_err_set(err, "refused by peer: %s",
					   SSL_alert_desc_string_long(reason - SSL_AD_REASON_OFFSET));
	}
	return vrp_err_set(err, "TLS: %s", first_error(text));
}

int
tls_explain(const struct tls_check *check, SSL *ssl, int rc, struct vrp_err *err)
{
	int error = errno, kind = SSL_get_error(ssl, rc);

	if (check && *check->found.msg)
		vrp_err_set(err, "%s", check->found.msg);
	else if (kind == SSL_ERROR_SSL)
		explain_protocol(err);
	else if (kind == SSL_ERROR_SYSCALL && error)
		vrp_err_set(err, "%s", strerror(error));
	else
		vrp_err_set(err, "connection closed in the middle of TLS");
	ERR_clear_error();
	return -1;
}

/* ---- contexts */

static SSL_CTX *
new_context(const SSL_METHOD *method, struct vrp_err *err)
{
	SSL_CTX *ctx;

	ERR_clear_error();
	ctx = SSL_CTX_new(method);
	if (!ctx || !SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) || !SSL_CTX_set_cipher_list(ctx, CIPHERS) ||
	    !SSL_CTX_set_ciphersuites(ctx, CIPHERSUITES)) {
		char text[128];

		vrp_err_set(err, "TLS: %s", first_error(text));
		SSL_CTX_free(ctx);
		return NULL;
	}
	SSL_CTX_set_options(ctx, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET);
	SSL_CTX_set_verify_depth(ctx, DEPTH_MAX);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_num_tickets(ctx, 0);
	/* Buffers of connections that wait are given back; a table is written in pieces as the socket takes them. */
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
				      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	return ctx;
}

static int
refuse_passphrase(char *buf VRP_UNUSED, int size VRP_UNUSED, int writing VRP_UNUSED, void *ctx)
{
	*(bool *)ctx = true;
	return -1;
}

static EVP_PKEY *
read_key(const char *path, struct vrp_err *err)
{
	struct secret pem = SECRET_INIT;
	struct vrp_err why;
	EVP_PKEY *key = NULL;
	bool encrypted = false;
	BIO *in;

	if (secret_read(&pem, path, SECRET_MAX, &why) < 0) {
		vrp_err_set(err, "%s: %s", path, why.msg);
		return NULL;
	}
	in = BIO_new_mem_buf(pem.data, (int)pem.len);
	if (in)
		key = PEM_read_bio_PrivateKey(in, NULL, refuse_passphrase, &encrypted);
	BIO_free(in);
	secret_release(&pem);
	if (encrypted)
		vrp_err_set(err, "%s: the key is encrypted, and nobody is there to type its passphrase", path);
	else if (!key)
		file_error(err, path);
	ERR_clear_error();
	return key;
}

static int
use_certificate(SSL_CTX *ctx, const char *cert, const char *key_file, struct vrp_err *err)
{
	EVP_PKEY *key;
	int rc;

	if (SSL_CTX_use_certificate_chain_file(ctx, cert) != 1)
		return file_error(err, cert);
	key = read_key(key_file, err);
	if (!key)
		return -1;
	rc = SSL_CTX_use_PrivateKey(ctx, key);
	EVP_PKEY_free(key);
	if (rc == 1 && SSL_CTX_check_private_key(ctx) == 1)
		return 0;
	ERR_clear_error();
	return vrp_err_set(err, "%s is not the key of %s", key_file, cert);
}

/* Revocation counts as soon as the file with the authorities has a CRL, and then each of them has to have one. */
static void
heed_crls(X509_STORE *store)
{
	const STACK_OF(X509_OBJECT) *objects = X509_STORE_get0_objects(store);

	for (int i = 0; i < sk_X509_OBJECT_num(objects); i++)
		if (X509_OBJECT_get_type(sk_X509_OBJECT_value(objects, i)) == X509_LU_CRL)
			X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK);
}

static int
use_authorities(SSL_CTX *ctx, const char *path, struct vrp_err *err)
{
	if (SSL_CTX_load_verify_file(ctx, path) != 1)
		return file_error(err, path);
	heed_crls(SSL_CTX_get_cert_store(ctx));
	return 0;
}

static int
ask_for_certificates(SSL_CTX *ctx, const char *authorities, struct vrp_err *err)
{
	STACK_OF(X509_NAME) *names;

	if (use_authorities(ctx, authorities, err) < 0)
		return -1;
	names = SSL_load_client_CA_file(authorities);
	if (!names)
		return file_error(err, authorities);
	SSL_CTX_set_client_CA_list(ctx, names);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, on_verify);
	return 0;
}

SSL_CTX *
tls_server_context(const struct tls_server_files *files, struct vrp_err *err)
{
	SSL_CTX *ctx = new_context(TLS_server_method(), err);

	if (!ctx)
		return NULL;
	SSL_CTX_set_options(ctx, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
	if (use_certificate(ctx, files->cert, files->key, err) < 0 ||
	    (files->client_ca && ask_for_certificates(ctx, files->client_ca, err) < 0)) {
		SSL_CTX_free(ctx);
		return NULL;
	}
	return ctx;
}

SSL_CTX *
tls_client_context(const struct tls_security *security, struct vrp_err *err)
{
	SSL_CTX *ctx = new_context(TLS_client_method(), err);
	int rc = 0;

	if (!ctx)
		return NULL;
	SSL_CTX_set_read_ahead(ctx, 1);
	SSL_CTX_set_default_read_buffer_len(ctx, READ_AHEAD);
	SSL_CTX_set_verify(ctx, security->insecure ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, on_verify);
	if (security->ca_file)
		rc = use_authorities(ctx, security->ca_file, err);
	else if (!security->insecure && SSL_CTX_set_default_verify_paths(ctx) != 1)
		rc = file_error(err, "the system's authorities");
	if (rc == 0 && security->cert_file)
		rc = use_certificate(ctx, security->cert_file, security->key_file, err);
	if (rc == 0)
		return ctx;
	SSL_CTX_free(ctx);
	return NULL;
}

void
tls_context_free(SSL_CTX *ctx)
{
	SSL_CTX_free(ctx);
}

void
tls_context_describe(SSL_CTX *ctx, char *text, size_t size)
{
	const X509 *cert = SSL_CTX_get0_certificate(ctx);
	const ASN1_TIME *end = cert ? X509_get0_notAfter(cert) : NULL;
	char names[160] = "", stamp[STAMP_MAX] = "an unknown time";
	struct tm tm;

	if (cert)
		tls_names(cert, names, sizeof(names));
	if (end && ASN1_TIME_to_tm(end, &tm))
		stamp_format(timegm(&tm), stamp);
	snprintf(text, size, "for %s, %s %s", *names ? names : "nobody, as it has no subjectAltName",
		 end && X509_cmp_current_time(end) < 0 ? "EXPIRED since" : "valid until", stamp);
}

/* ---- sessions */

SSL *
tls_new(SSL_CTX *ctx, struct tls_check *check, struct vrp_err *err)
{
	*check = (struct tls_check){.ssl = SSL_new(ctx)};
	if (!check->ssl) {
		vrp_err_nomem(err);
		ERR_clear_error();
		return NULL;
	}
	SSL_set_app_data(check->ssl, check);
	SSL_set_hostflags(check->ssl, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return check->ssl;
}

/* An address as it stands in certificates; its length, 0 when text is none. */
static size_t
parse_address(const char *text, unsigned char out[16])
{
	char plain[INET6_ADDRSTRLEN];
	size_t len = strcspn(text, "%");

	if (len >= sizeof(plain))
		return 0;
	memcpy(plain, text, len);
	plain[len] = '\0';
	return inet_pton(AF_INET, plain, out) == 1 ? 4 : inet_pton(AF_INET6, plain, out) == 1 ? 16 : 0;
}

int
tls_check_name(struct tls_check *check, const char *name, struct vrp_err *err)
{
	unsigned char address[16];
	size_t len = parse_address(name, address);
	int ok;

	snprintf(check->expected, sizeof(check->expected), "%s", name);
	if (len) {
		ok = X509_VERIFY_PARAM_set1_ip(SSL_get0_param(check->ssl), address, len);
	} else {
		len = strlen(check->expected);
		if (len && check->expected[len - 1] == '.')
			check->expected[len - 1] = '\0';
		ok = SSL_set1_host(check->ssl, check->expected) && SSL_set_tlsext_host_name(check->ssl, check->expected);
	}
	ERR_clear_error();
	return ok ? 0 : vrp_err_set(err, "'%s' is no name that a certificate could be for", name);
}

int
tls_check_address(struct tls_check *check, const struct sockaddr *peer, struct vrp_err *err)
{
	const struct in6_addr *v6 = &((const struct sockaddr_in6 *)peer)->sin6_addr;
	const unsigned char *address = v6->s6_addr;
	size_t len = 16;

	if (peer->sa_family == AF_INET) {
		address = (const unsigned char *)&((const struct sockaddr_in *)peer)->sin_addr;
		len = 4;
	} else if (peer->sa_family != AF_INET6) {
		return vrp_err_set(err, "connection without an address that a certificate could be for");
	} else if (IN6_IS_ADDR_V4MAPPED(v6)) {
		address += 12;
		len = 4;
	}
	inet_ntop(len == 4 ? AF_INET : AF_INET6, address, check->expected, sizeof(check->expected));
	return X509_VERIFY_PARAM_set1_ip(SSL_get0_param(check->ssl), address, len) ? 0 : vrp_err_nomem(err);
}
