/* SPDX-License-Identifier: ISC */
/*
 * What both sides of RTR over TLS share: contexts of TLS 1.2 and 1.3 with
 * forward secrecy, without compression, renegotiation, resumption or early data
 * (RFC 9325); who a certificate has to be for (RFC 8210 section 9.2, RFC 9525);
 * and why a handshake failed, in words for a log.
 *
 *	ctx = tls_client_context(&security, &err);
 *	ssl = tls_new(ctx, &check, &err);
 *	tls_check_name(&check, "cache.example", &err);
 *	rc = SSL_connect(ssl);
 *	tls_explain(&check, ssl, rc, &err);	certificate is for a.example, not for cache.example
 *
 * Key files are read as secrets (secret.h).  The structs are OpenSSL's SSL_CTX,
 * SSL and X509.
 */
#ifndef VRP_TLS_H
#define VRP_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "compiler.h"
#include "err.h"
#include "transport_tls.h"

struct ssl_ctx_st;
struct ssl_st;
struct x509_st;

/* Files of a server, PEM. */
struct tls_server_files {
	const char *cert;	/* its certificate, and those between it and an authority */
	const char *key;	/* its private key, not encrypted */
	const char *client_ca;	/* who certifies routers, which then have to have a certificate, and CRLs; NULL: none is asked for */
};

/* Both read the files; NULL with a reason that names the file.  To be freed with tls_context_free(). */
VRP_NODISCARD struct ssl_ctx_st *tls_server_context(const struct tls_server_files *files, struct vrp_err *err);
VRP_NODISCARD struct ssl_ctx_st *tls_client_context(const struct tls_security *security, struct vrp_err *err);
void tls_context_free(struct ssl_ctx_st *ctx);	/* NULL is allowed */

/* Its own certificate: "for cache.example, valid until 2027-01-01T00:00:00Z", or what is wrong with it; cut to fit. */
void tls_context_describe(struct ssl_ctx_st *ctx, char *text, size_t size);

/* Whom a peer's certificate has to be for, and what was found to be wrong with it. */
#define TLS_EXPECTED_MAX 256

struct tls_check {
	struct ssl_st *ssl;
	char expected[TLS_EXPECTED_MAX];	/* "" for anybody */
	struct vrp_err found;
};

/* A session of ctx whose certificates *check watches over; it stays where it is as long as the handshake lasts. */
VRP_NODISCARD struct ssl_st *tls_new(struct ssl_ctx_st *ctx, struct tls_check *check, struct vrp_err *err);

/*
 * The peer's certificate has to be for this host: a dNSName, or an iPAddress
 * where name is an address.  A name is also what the server is asked for (SNI).
 */
VRP_NODISCARD int tls_check_name(struct tls_check *check, const char *name, struct vrp_err *err);

/* It has to have this address as an iPAddress (RFC 8210 section 9.2). */
VRP_NODISCARD int tls_check_address(struct tls_check *check, const struct sockaddr *peer, struct vrp_err *err);

/* Is what failed last an alert of the peer's, who has said why?  Ask before tls_explain(). */
bool tls_is_alert(void);

/* Why an SSL_accept(), SSL_connect(), SSL_read() or SSL_write() that returned rc failed.  Always -1. */
int tls_explain(const struct tls_check *check, struct ssl_st *ssl, int rc, struct vrp_err *err);

/* The names and addresses in a certificate's subjectAltName: "a.example, 192.0.2.1", cut to fit; "" when there are none. */
void tls_names(const struct x509_st *cert, char *text, size_t size);

/* The subject of the peer's certificate, "CN=r1,O=Example", cut to fit; "" when it has none. */
void tls_subject(const struct ssl_st *ssl, char *text, size_t size);

#endif
