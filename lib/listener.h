/* SPDX-License-Identifier: ISC */
/*
 * The listening sockets of a daemon on a libevent loop.  When descriptors run
 * out, all of them pause for a moment instead of spinning or giving up:
 * connections wait in the backlog.  A flood of connections gets a bounded part
 * of each turn of the loop.
 */
#ifndef VRP_LISTENER_H
#define VRP_LISTENER_H

#include <sys/socket.h>

#include "compiler.h"
#include "err.h"
#include "listen_spec.h"
#include "log.h"

struct event_base;
struct listeners;
struct tcp_keys;

/* A connection came in at port: fd is the callee's to close, non-blocking; peer is never an IPv4 address in IPv6's clothes. */
typedef void listener_accept_fn(void *ctx, void *port, int fd, const struct sockaddr_storage *peer);

/* base is borrowed, log copied.  NULL when memory is out. */
VRP_NODISCARD struct listeners *listeners_new(struct event_base *base, listener_accept_fn *accept, void *ctx,
					      const struct log *log);

/* Close them all, and remove the files of unix sockets that were made here.  NULL is allowed. */
void listeners_free(struct listeners *ls);

/*
 * Listen where spec says.  An address is a name, an IPv4 address, an IPv6
 * address in brackets, or nothing (or *) for all addresses, and a port, of which
 * 0 is any free one.  A file of a unix socket that nobody listens on any more is
 * replaced.  Logs "listening on ADDRESS:PORT" for each socket, with the scheme in
 * front unless it is tcp.  -1 with a reason.
 */
VRP_NODISCARD int listeners_add(struct listeners *ls, const struct listen_spec *spec, void *port, struct vrp_err *err);

/* The same with a socket that listens already and is taken over. */
VRP_NODISCARD int listeners_adopt(struct listeners *ls, int fd, enum listen_transport transport, void *port,
				  struct vrp_err *err);

/*
 * Have TCP sign with these keys instead of those before, borrowed until the next
 * call that succeeds; NULL for none.  -1 with a reason: those before stay.
 */
VRP_NODISCARD int listeners_set_keys(struct listeners *ls, const struct tcp_keys *keys, struct vrp_err *err);

#endif
