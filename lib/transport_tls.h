/* SPDX-License-Identifier: ISC */
/* RTR over TLS, the router's side (RFC 8210 section 9.2). */
#ifndef VRP_TRANSPORT_TLS_H
#define VRP_TRANSPORT_TLS_H

#include <stdbool.h>

struct transport_ops;

/*
 * A cache has to prove that it is who was meant: its certificate is checked
 * up to an authority and has to be for the name, a dNSName or iPAddress
 * of its subjectAltName.  The common name never counts.
 *
 * Files are read anew for each connection, so that what is renewed is used.
 * Paths and names are borrowed.
 */
struct tls_security {
	const char *ca_file;	/* who certifies caches; NULL: the system's authorities */
	const char *name;	/* what a cache's certificate has to be for; NULL: the host of its endpoint */
	const char *cert_file;	/* our certificate and what certifies it, PEM; NULL: none */
	const char *key_file;	/* its private key, PEM, not encrypted */
	bool insecure;		/* believe anybody */
};

extern const struct transport_ops transport_tls;

#endif
