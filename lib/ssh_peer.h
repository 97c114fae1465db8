/* SPDX-License-Identifier: ISC */
/*
 * A router at the other end of an SSH connection, as its server sees it: the
 * handshake up to the subsystem rpki-rtr (RFC 8210 section 9.1), then bytes back and forth
 * between the channel and a socket.  All of one peer's life is on one thread,
 * which may wait.
 *
 *	p = ssh_peer_new(realm, fd, address, &err);
 *	if (ssh_peer_handshake(p, deadline, &err) == 0)
 *		ssh_peer_relay(p, socket, &stop);
 *	ssh_peer_free(p);
 *
 * One channel, one subsystem.  A terminal is granted in name, as routers ask
 * for one; shells, commands, forwarding and everything else is refused.
 */
#ifndef VRP_SSH_PEER_H
#define VRP_SSH_PEER_H

#include <stdatomic.h>
#include <stdint.h>
#include <sys/socket.h>

#include "compiler.h"
#include "err.h"
#include "ssh_realm.h"

struct ssh_peer;

/* fd, connected and non-blocking, is taken over; realm is counted, from is copied.  NULL with a reason. */
VRP_NODISCARD struct ssh_peer *ssh_peer_new(struct ssh_realm *realm, int fd, const struct sockaddr_storage *from,
					    struct vrp_err *err);
void ssh_peer_free(struct ssh_peer *p);	/* NULL is allowed */

/* Until the subsystem runs, or the deadline of transport_now() comes.  -1 with a reason. */
VRP_NODISCARD int ssh_peer_handshake(struct ssh_peer *p, int64_t deadline, struct vrp_err *err);

/* Whom it let in, "user alice, key edge router"; borrowed. */
const char *ssh_peer_identity(const struct ssh_peer *p);

/*
 * Relay until either side is gone or *stop is set and the socket, which is
 * borrowed, was shut down to wake us.  An end of one side's output is passed
 * on and leaves the other direction open.  Bytes that wait are bounded: what
 * one side does not take, the other has to keep.
 */
void ssh_peer_relay(struct ssh_peer *p, int socket, const atomic_bool *stop);

#endif
