/* SPDX-License-Identifier: ISC */
/*
 * A TCP connection to a named host, below every transport that begins with one;
 * and waiting for a descriptor.  Times are milliseconds of transport_now().
 */
#ifndef VRP_DIAL_H
#define VRP_DIAL_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "compiler.h"
#include "err.h"

#define DIAL_PEER_MAX 80

/*
 * Try each address of the host in the resolver's order until one answers, each
 * with an even share of the time that is left.  A connected socket, non-blocking
 * and with keepalives, and in peer who it is, "192.0.2.1 port 323"; -1 with the
 * last failure.  Looking up a name can take longer than the deadline: the C
 * library's resolver has its own.
 */
VRP_NODISCARD int dial(const char *host, uint16_t port, int64_t deadline, char peer[DIAL_PEER_MAX], struct vrp_err *err);

/* What is done to each socket before it connects: -1 with a reason when it must not.  No function: nothing. */
struct dial_prepare {
	int (*socket)(const void *ctx, int fd, const struct sockaddr *to, struct vrp_err *err);
	const void *ctx;
};

VRP_NODISCARD int dial_prepared(const char *host, uint16_t port, int64_t deadline, const struct dial_prepare *prepare,
				char peer[DIAL_PEER_MAX], struct vrp_err *err);

/* Wait for poll(2)'s events.  1 they are there, 0 the deadline came first, -1 with errno. */
VRP_NODISCARD int dial_wait(int fd, short events, int64_t deadline);

#endif
