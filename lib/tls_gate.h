/* SPDX-License-Identifier: ISC */
/*
 * The gate of a TLS listener (gate.h): handshakes on a thread with a loop of
 * its own, many at a time.  A connection that has sent nothing yet costs a
 * descriptor and some hundred bytes; OpenSSL comes in with its first byte.
 *
 * When all slots are taken, the oldest handshake from the newcomer's own network (an
 * IPv4 address, an IPv6 /64) is refused for it, and where there is none, the oldest of
 * all.  No network has more than a quarter of the slots.
 *
 * identity is the subject of the router's certificate, which is asked for when
 * there is a client_ca, and then has to have the router's address.
 */
#ifndef VRP_TLS_GATE_H
#define VRP_TLS_GATE_H

#include "compiler.h"
#include "gate.h"
#include "tls.h"

/* Texts of files are borrowed for as long as it lives.  NULL with a reason. */
VRP_NODISCARD struct gate *tls_gate_new(const struct tls_server_files *files, const struct gate_config *config,
					struct vrp_err *err);

#endif
