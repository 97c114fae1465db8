/* SPDX-License-Identifier: ISC */
/*
 * A router's connection on its way in: made by a listener when it is accepted,
 * handed from thread to thread, and turned into a connection of the loop or
 * freed.  One thread has it at a time.
 */
#ifndef VRP_ARRIVAL_H
#define VRP_ARRIVAL_H

#include <sys/queue.h>
#include <sys/socket.h>

#include "compiler.h"

#define ARRIVAL_PEER_MAX 64		/* room for "[2001:db8::1%eth0]:323" and a NUL */
#define ARRIVAL_IDENTITY_MAX 160

struct arrival {
	STAILQ_ENTRY(arrival) link;	/* for who has it */
	int fd;				/* non-blocking; what the loop reads and writes in the end */
	struct sockaddr_storage address;	/* of the peer; AF_UNIX for a local one */
	char peer[ARRIVAL_PEER_MAX];	/* as text: "ADDRESS:PORT", IPv6 in brackets, or "local" */
	char identity[ARRIVAL_IDENTITY_MAX];	/* what the peer has proved: "user alice", "CN=r1", "pid 12, uid 0"; "" for nothing */
	void *channel;			/* the gate's: what is to be put between fd and bytes, such as an SSL; NULL for nothing */
	void *owner;			/* the server's: the port by which it came, and whose slots it holds */
};

STAILQ_HEAD(arrivals, arrival);

#endif
