/* SPDX-License-Identifier: ISC */
/*
 * The listening sockets of a daemon on a libevent loop.  When descriptors run
 * out, all of them pause for a moment instead of spinning or giving up:
 * connections wait in the backlog.
 */
#ifndef VRP_LISTENER_H
#define VRP_LISTENER_H

#include "compiler.h"
#include "err.h"
#include "log.h"

#define LISTENER_ADDRESS_MAX 64	/* room for "[2001:db8::1%eth0]:323" and a NUL */

struct event_base;
struct listeners;

/* A connection: fd is the callee's to close; peer is "ADDRESS:PORT", IPv6 in brackets, borrowed. */
typedef void listener_accept_fn(void *ctx, int fd, const char *peer);

/* base is borrowed, log copied.  NULL when memory is out. */
VRP_NODISCARD struct listeners *listeners_new(struct event_base *base, listener_accept_fn *accept, void *ctx,
					      const struct log *log);

/* Close them all.  NULL is allowed. */
void listeners_free(struct listeners *ls);

/*
 * Listen on [tcp://]ADDRESS:PORT: a name, an IPv4 address, an IPv6 address in
 * brackets, or nothing (or *) for all addresses; port 0 is any free one.  Logs
 * "listening on ADDRESS:PORT" for each socket.  -1 with a reason.
 */
VRP_NODISCARD int listeners_add(struct listeners *ls, const char *address, struct vrp_err *err);

#endif
