/* SPDX-License-Identifier: ISC */
/*
 * Who stands between a listener and the loop where peers have to prove who they
 * are: it takes accepted sockets, does the handshakes on threads of its own,
 * and hands each back once, let in or turned away.  The loop never waits for a
 * handshake, and a silent peer costs none but its own slot.
 *
 *	listener -> take() ... handshake ... -> ready()   -> rtr_server -> open() -> session
 *	                                     -> refused() -> closed and logged
 *
 * A gate limits how many handshakes run at once and how long each may take.
 * Its threads block all signals.  TLS and SSH each have one: tls_gate_new(),
 * ssh_gate_new().
 */
#ifndef VRP_GATE_H
#define VRP_GATE_H

#include <stddef.h>
#include <stdint.h>

#include "arrival.h"
#include "compiler.h"
#include "err.h"
#include "log.h"

struct bufferevent;
struct event_base;
struct gate;

/* What a gate is told at its start, whatever its kind. */
struct gate_config {
	uint32_t handshake_timeout;	/* seconds for all of it */
	size_t max_handshakes;		/* further ones are refused at once */
	struct log log;

	/*
	 * Called on a thread of the gate's, or by take() and stop() on theirs; the
	 * arrival is theirs from then on.  `refused` has a fd that is still open, a
	 * channel that is NULL again, and the reason.
	 */
	void (*ready)(void *ctx, struct arrival *a);
	void (*refused)(void *ctx, struct arrival *a, const char *why);
	void *ctx;
};

struct gate_ops {
	const char *name;	/* of the transport, for the log: "tls" */

	/*
	 * Once, before the first take(): start threads.  Keys have been read, and the
	 * program has become who it will be, with threads to follow it.  NULL: there are none yet.
	 */
	int (*start)(struct gate *g, struct vrp_err *err);

	/* On the loop's thread, never waits: the arrival is the gate's until it is ready or refused. */
	void (*take)(struct gate *g, struct arrival *a);

	/*
	 * On the loop's thread: read keys and certificates again.  Handshakes that have
	 * begun and sessions go on with the old ones.  -1 with a reason: all stays as it was.
	 */
	int (*reload)(struct gate *g, struct vrp_err *err);

	/*
	 * On the loop's thread, for one that is ready: its bufferevent, which closes
	 * fd and frees the channel when it is freed; a->channel is then NULL.  NULL when memory is out.
	 * The member is NULL where bytes of fd are plain, as those of a socket pair are.
	 */
	struct bufferevent *(*open)(struct gate *g, struct event_base *base, struct arrival *a);

	/* On the loop's thread: all output has left, say that nothing follows.  NULL: shutdown(fd, SHUT_WR) does. */
	void (*finish)(struct gate *g, struct bufferevent *bev);

	/* Free the channel of an arrival that is ready and will not be opened.  NULL: it has none. */
	void (*drop)(struct gate *g, struct arrival *a);

	/*
	 * On the loop's thread: refuse those that are still waiting and end the
	 * handshakes.  No callback comes later; sessions go on.
	 */
	void (*stop)(struct gate *g);

	/* After stop(), when all bufferevents that were opened are freed and what was ready is opened or dropped. */
	void (*free)(struct gate *g);
};

/* A gate of some kind begins with this. */
struct gate {
	const struct gate_ops *ops;
};

#endif
