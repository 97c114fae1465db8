/* SPDX-License-Identifier: ISC */
/*
 * The gate (gate.h) of SSH, the server's side of RFC 8210 section 9.1: each connection has a
 * thread that does its handshake and, when the router is let in, carries its
 * bytes between the SSH channel and a pair of sockets, whose other end the
 * loop serves like any connection.  No cryptography is done by the loop.
 *
 * Who fills the places for handshakes keeps nobody out for long: when all are
 * taken, and when half of them are by one address (one /64 of IPv6), the oldest
 * handshake of the address that has most is ended for the newcomer.
 */
#ifndef VRP_SSH_GATE_H
#define VRP_SSH_GATE_H

#include "compiler.h"
#include "err.h"
#include "gate.h"
#include "ssh_realm.h"

/* config is copied; paths in `realm` are borrowed, as they are read again at each reload.  NULL with a reason. */
VRP_NODISCARD struct gate *ssh_gate_new(const struct gate_config *config, const struct ssh_realm_config *realm,
					struct vrp_err *err);

#endif
