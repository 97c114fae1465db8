/* SPDX-License-Identifier: ISC */
/*
 * A router's connection on its way in: made by a listener when it is accepted,
 * handed from thread to thread, and turned into a connection of the loop or
 * freed.  One thread has it at a time.
 */
#ifndef VRP_ARRIVAL_H
#define VRP_ARRIVAL_H

#include <stdbool.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include "admission.h"
#include "compiler.h"

#define ARRIVAL_PEER_MAX 64		/* room for "[2001:db8::1%eth0]:323" and a NUL */
#define ARRIVAL_IDENTITY_MAX 160
#define ARRIVAL_LABEL_MAX (ARRIVAL_PEER_MAX + ARRIVAL_IDENTITY_MAX + ACCESS_NAME_MAX + 16)

struct arrival {
	STAILQ_ENTRY(arrival) link;	/* for who has it */
	int fd;				/* non-blocking; what the loop reads and writes in the end */
	struct sockaddr_storage address;	/* of the peer; AF_UNIX for a local one */
	char peer[ARRIVAL_PEER_MAX];	/* as text: "ADDRESS:PORT", IPv6 in brackets, or "local" */
	char identity[ARRIVAL_IDENTITY_MAX];	/* what the peer has proved: "user alice", "pid 12, uid 0"; "" for nothing */
	void *channel;			/* the gate's: what stands between fd and bytes, such as an SSL; NULL for nothing */
	TAILQ_ENTRY(arrival) all;	/* the server's, as are these two: */
	struct admission_ticket ticket;	/* which slots it holds, and on which terms */
	bool denied;			/* by an access file that came later */
	struct gate *gate;		/* by which it came, NULL for none */
	char refused[ARRIVAL_IDENTITY_MAX];	/* why the gate turned it away, "" when it did not */
};

STAILQ_HEAD(arrivals, arrival);

/* "192.0.2.1:323", and what is known of it in parentheses: "192.0.2.1:323 (tls, CN=r1)". */
void arrival_label(const struct arrival *a, char label[ARRIVAL_LABEL_MAX]);

/* The address of a socket as "ADDRESS:PORT", "unix:PATH", or "local" for a nameless unix socket. */
void arrival_format_address(const struct sockaddr *sa, socklen_t len, char *out, size_t size);

/* Make an IPv4 address in IPv6's clothes, from a socket for both families, one like any other: rules and limits go by that. */
void arrival_unmap(struct sockaddr_storage *peer);

/* An address as a prefix of full length.  False when it has none. */
bool arrival_prefix(const struct sockaddr_storage *sa, struct prefix *out);

/* The process at the other end of a unix socket, as identity: "pid 12, uid 0". */
void arrival_identify_local(struct arrival *a);

#endif
