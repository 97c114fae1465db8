/* SPDX-License-Identifier: ISC */
/*
 * A TLS session, whose handshake is over, as a bufferevent of a loop: what is
 * written to it leaves encrypted, what is read from it was.
 *
 *	output -> SSL_write -> ciphertext, at most TLS_FILTER_AHEAD -> socket
 *
 * Output is encrypted where it lies, so that an image shared by reference stays
 * shared, and in pieces as the socket takes them: a router costs that much
 * ciphertext at most, and no turn of the loop is longer for a fast reader than
 * for a slow one.  It counts as sent, and leaves the buffer, when its ciphertext has
 * left for the kernel.
 *
 * libevent's own bufferevent_openssl does none of that: it makes a system call
 * for each record, goes on for as long as the peer takes, and tells nothing of a
 * large piece before all of it has left.
 */
#ifndef VRP_TLS_FILTER_H
#define VRP_TLS_FILTER_H

#include "compiler.h"
#include "log.h"

#define TLS_FILTER_AHEAD ((size_t)128 * 1024)

struct bufferevent;
struct event_base;
struct ssl_st;

/*
 * fd and ssl are taken over and go with the bufferevent.  Callbacks are deferred
 * to the loop.  A close_notify is BEV_EVENT_EOF; what breaks TLS is logged with the peer's
 * name, and BEV_EVENT_ERROR with EPROTO.  bufferevent_free() sends close_notify where the socket takes it at once.  NULL when memory is out, and nothing is taken then.
 */
VRP_NODISCARD struct bufferevent *tls_filter_new(struct event_base *base, int fd, struct ssl_st *ssl, const char *peer,
						 const struct log *log);

/* Send close_notify, and shut our side of the connection when it has left. */
void tls_filter_finish(struct bufferevent *bev);

#endif
