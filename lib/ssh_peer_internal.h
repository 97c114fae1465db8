/* SPDX-License-Identifier: ISC */
/* What ssh_peer.c, the handshake, and ssh_relay.c, the bytes behind it, share. */
#ifndef VRP_SSH_PEER_INTERNAL_H
#define VRP_SSH_PEER_INTERNAL_H

#include <libssh/callbacks.h>
#include <libssh/libssh.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "ssh_peer.h"

#define SSH_RELAY_IN 4096	/* bytes from the router at a time, whose questions are short */

struct ssh_peer {
	struct ssh_realm *realm;
	struct sockaddr_storage from;
	ssh_session session;
	ssh_event event;
	ssh_channel channel;	/* NULL until it is open */
	int fd;			/* the session's */
	bool running;		/* the subsystem was asked for */
	unsigned failures;	/* to prove who it is */
	char failure[256];	/* the last one; "" for none */
	char identity[160];
	struct ssh_server_callbacks_struct server_callbacks;
	struct ssh_channel_callbacks_struct channel_callbacks;

	/* The relay's.  Bytes from `at` to `len` wait. */
	char in[SSH_RELAY_IN];
	size_t in_at, in_len;
	char *out;
	size_t out_at, out_len;
	bool socket_ended, socket_gone;	/* its peer sends no more; is not there any more */
	bool router_ended;		/* it sends no more */
	bool told_socket, told_router;	/* that nothing follows */
	bool is_libssh;			/* is that what the router uses? */
	size_t nudges;			/* since the last output */
	int64_t nudge_at;
};

/* Is the connection, as far as libssh knows, at its end? */
bool ssh_peer_is_gone(const struct ssh_peer *p);

#endif
