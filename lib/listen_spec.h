/* SPDX-License-Identifier: ISC */
/*
 * What `rtr-serve -l` takes: where routers come in, over what, and on which
 * terms.
 *
 *	[tcp://]ADDRESS:PORT[,KEY=VALUE]...
 *	tls://ADDRESS:PORT,cert=FILE,key=FILE
 *	ssh://ADDRESS:PORT,host-key=FILE,authorized-keys=FILE
 *	unix:PATH[,mode=0660]
 *
 * Keys of all:	name, max-version, max-clients, max-clients-per-address
 * of tls:	cert, key, client-ca
 * of ssh:	host-key (one for each kind of key), authorized-keys, passwords, anyone (yes or no)
 * of unix:	mode
 *
 * A comma ends a value, a backslash in front of one keeps it.
 */
#ifndef VRP_LISTEN_SPEC_H
#define VRP_LISTEN_SPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compiler.h"
#include "err.h"

enum listen_transport {
	LISTEN_TCP,
	LISTEN_TLS,
	LISTEN_SSH,
	LISTEN_UNIX,
};

#define LISTEN_TRANSPORTS 4
#define LISTEN_HOST_KEYS_MAX 4

extern const char *const listen_transport_names[LISTEN_TRANSPORTS];

/* The transport of that name; false when there is none. */
bool listen_transport_parse(const char *s, size_t len, enum listen_transport *out);

/* Texts are NULL unless given. */
struct listen_spec {
	enum listen_transport transport;
	char *address;		/* what is bound: [HOST]:PORT, or the path; NULL in defaults */
	const char *name;	/* for access files and the log */
	const char *cert, *key, *client_ca;		/* tls: PEM files */
	const char *host_keys[LISTEN_HOST_KEYS_MAX], *authorized_keys, *passwords;	/* ssh: files */
	size_t host_key_count;
	bool own_host_keys;	/* they are not those of defaults */
	bool anyone;		/* ssh: ask for nothing */
	uint32_t mode;		/* unix: of the socket file */
	uint8_t max_version;
	size_t max_clients;		/* at this listener; 0: no limit but the one for all */
	size_t max_per_address;		/* 0: the default, see admission.h */
};

/*
 * Read one; what it does not say is as in defaults, whose texts are borrowed.
 * -1 with a reason that names the text; *out then needs no release.
 */
VRP_NODISCARD int listen_spec_parse(const char *text, const struct listen_spec *defaults, struct listen_spec *out,
				    struct vrp_err *err);
void listen_spec_release(struct listen_spec *spec);

#endif
