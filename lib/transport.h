/* SPDX-License-Identifier: ISC */
/*
 * A connection to a cache, over whatever carries RTR.  An endpoint says where
 * the cache is, a transport is an open connection to it:
 *
 *	endpoint_parse("[2001:db8::1]:8282", &transports_tcp, &ep, &err);
 *	t = transport_connect(&ep, transport_now() + 10000, &err);
 *	n = transport_read(t, data, sizeof(data), &err);
 *
 * Sockets are non-blocking.  A program that waits for nothing else calls
 * transport_wait() in between; one with an event loop of its own watches
 * transport_fd().  Times are milliseconds of transport_now(), a clock that
 * never jumps.
 *
 * Errors name the address: "connect to cache.example (192.0.2.1 port 323): ...".
 */
#ifndef VRP_TRANSPORT_H
#define VRP_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "compiler.h"
#include "dial.h"
#include "err.h"

#define ENDPOINT_HOST_MAX 255	/* the longest DNS name */

/* A deadline that never comes. */
#define TRANSPORT_NEVER INT64_MAX

#define ENDPOINT_USER_MAX 64

struct transport_ops;
struct transport_security;

/*
 * The ways that a program has to reach caches, with what they need.  A program
 * links only those that its list names.
 */
struct transports {
	const struct transport_ops *const *ops;		/* ends with NULL; the first is meant where no scheme is given */
	const struct transport_security *security;	/* of all but tcp, see transports.h; NULL where there are no others */
};

/* TCP alone. */
extern const struct transports transports_tcp;

/* The transport whose "SCHEME://" text begins with, NULL when it begins with none. */
const struct transport_ops *transports_scheme(const struct transports *transports, const char *text);

/* [SCHEME://][USER@]HOST[:PORT], or unix:PATH, taken apart. */
struct endpoint {
	const struct transport_ops *ops;	/* the way to get there, by scheme */
	const struct transport_security *security;	/* borrowed */
	char user[ENDPOINT_USER_MAX + 1];	/* "" when none is given */
	char host[ENDPOINT_HOST_MAX + 1];	/* without brackets; or the path */
	uint16_t port;				/* the scheme's own when none is given */
};

/*
 * The scheme is the first unless given, a user only where the transport has users.  An IPv6 address with a port stands in
 * brackets; without brackets a text of two colons and more is an address alone.
 */
VRP_NODISCARD int endpoint_parse(const char *text, const struct transports *transports, struct endpoint *out,
				 struct vrp_err *err);

/* "tcp://[2001:db8::1]:8282", with the port in any case. */
#define ENDPOINT_TEXT_MAX (ENDPOINT_HOST_MAX + ENDPOINT_USER_MAX + 32)
void endpoint_format(const struct endpoint *ep, char text[ENDPOINT_TEXT_MAX]);

struct transport;

/* As dial() has it; the deadline is that of handshakes, too.  NULL with the last failure. */
VRP_NODISCARD struct transport *transport_connect(const struct endpoint *to, int64_t deadline, struct vrp_err *err);
void transport_close(struct transport *t);	/* NULL is allowed */

/* What transport_read() and transport_write() return besides a count of bytes. */
enum {
	TRANSPORT_FAILED = -1,		/* with a reason */
	TRANSPORT_WANT_READ = -2,	/* call again when the descriptor is readable */
	TRANSPORT_WANT_WRITE = -3,	/* when it is writable; a read can need that too under TLS */
};

/* As read(2) and write(2): 0 is the end of what the peer sends. */
ssize_t transport_read(struct transport *t, void *dst, size_t len, struct vrp_err *err);
ssize_t transport_write(struct transport *t, const void *data, size_t len, struct vrp_err *err);

/* Wait for what a read or write wanted.  1 it is there, 0 the deadline came first, -1 with a reason. */
int transport_wait(struct transport *t, int want, int64_t deadline, struct vrp_err *err);

/* Write all of it.  -1 with a reason, also when the deadline came first. */
VRP_NODISCARD int transport_write_all(struct transport *t, const void *data, size_t len, int64_t deadline,
				      struct vrp_err *err);

/*
 * Say that nothing more will be sent, and drop what still comes until the peer
 * closes too or the deadline comes.  A plain close while input is unread makes
 * TCP discard what was sent last, such as an Error Report.
 */
void transport_finish(struct transport *t, int64_t deadline);

/* The first half of it, for who drops the rest in an event loop. */
void transport_end(struct transport *t);

int transport_fd(const struct transport *t);

/* The peer as text, "192.0.2.1 port 323"; borrowed. */
const char *transport_peer(const struct transport *t);

/* Has the peer said, by the transport's own means, that it wants nothing of us?  A TLS alert does; a reset says nothing.  NULL is allowed. */
bool transport_refused(const struct transport *t);

int64_t transport_now(void);

/*
 * One way to carry RTR.  Its connect() makes a larger struct that begins with
 * a struct transport; the other members get that back.
 */
struct transport_ops {
	const char *scheme;
	uint16_t port;		/* unless one is given */
	bool has_user;
	bool is_path;		/* SCHEME:PATH, no host and no port */
	struct transport *(*connect)(const struct endpoint *to, int64_t deadline, struct vrp_err *err);
	ssize_t (*read)(struct transport *t, void *dst, size_t len, struct vrp_err *err);
	ssize_t (*write)(struct transport *t, const void *data, size_t len, struct vrp_err *err);
	void (*finish)(struct transport *t);
	void (*close)(struct transport *t);
};

struct transport {
	const struct transport_ops *ops;
	int fd;
	char peer[DIAL_PEER_MAX];
	bool refused;	/* see transport_refused() */
};

extern const struct transport_ops transport_tcp;

#endif
