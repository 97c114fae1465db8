/* SPDX-License-Identifier: ISC */
/* RTR over TLS, the router's side (RFC 8210 section 9.2). */
#ifndef VRP_TRANSPORT_TLS_H
#define VRP_TRANSPORT_TLS_H

/* Paths and names are borrowed. */
struct tls_security {
	const char *ca_file;	/* who certifies caches; NULL: the system's authorities */
	const char *name;	/* what a cache's certificate has to be for; NULL: the host of its endpoint */
	const char *cert_file;	/* our certificate and what certifies it, PEM; NULL: none */
	const char *key_file;	/* its private key */
};

#endif
