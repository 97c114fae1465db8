/* SPDX-License-Identifier: ISC */
/*
 * A cache on one libevent loop: where routers come in, who may, their
 * connections, and new tables from another thread.
 *
 *	listener -> admission ----------> rtr_conn		tcp, unix
 *	listener -> admission -> gate --> mailbox -> rtr_conn	tls, ssh
 *	feeder --------------> update --> mailbox -> rtr_cache
 */
#ifndef VRP_RTR_SERVER_H
#define VRP_RTR_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "access.h"
#include "compiler.h"
#include "err.h"
#include "gate.h"
#include "listen_spec.h"
#include "log.h"
#include "rtr_cache.h"
#include "rtr_report.h"
#include "tcp_keys.h"

struct event_base;

/* Times are in seconds. */
struct rtr_server_config {
	size_t max_clients;		/* further ones are turned away */
	uint32_t notify_interval;	/* between two Notifies to one router (RFC 8210 section 8.2: 60) */
	uint32_t query_timeout;		/* for the first query, and for the rest of a PDU that has begun */
	uint32_t stall_timeout;		/* a router that takes no byte for so long is closed */

	/*
	 * On the loop's thread, references to be taken over: once a second and after each
	 * commit; at each commit.  NULL: nobody wants to know.
	 */
	void (*report)(void *ctx, struct rtr_report *report);
	void (*snapshot)(void *ctx, struct rtr_snapshot *snapshot);
	void *ctx;
};

struct rtr_server;

/* base, cache are borrowed, config and log copied.  NULL with a reason. */
VRP_NODISCARD struct rtr_server *rtr_server_new(struct event_base *base, struct rtr_cache *cache,
						const struct rtr_server_config *config, const struct log *log,
						struct vrp_err *err);

/* Close all connections at once.  NULL is allowed. */
void rtr_server_free(struct rtr_server *s);

/* What a gate is told so that its routers come in here. */
struct gate_config rtr_server_gate_config(struct rtr_server *s, uint32_t handshake_timeout, size_t max_handshakes);

/*
 * Listen at one more place: spec is borrowed for as long as the server lives,
 * the gate, NULL for none, is taken over in any case.  fd is a socket that listens there already
 * and is taken over, or -1.  -1 with a reason.
 */
VRP_NODISCARD int rtr_server_listen(struct rtr_server *s, const struct listen_spec *spec, struct gate *gate, int fd,
				    struct vrp_err *err);

/* Let the gates start their threads, once, when the program has given up what it doesn't need.  -1 with a reason. */
VRP_NODISCARD int rtr_server_start(struct rtr_server *s, struct vrp_err *err);

/* Go by this from now on (taken over; NULL for no rules): routers that it denies are closed. */
void rtr_server_set_access(struct rtr_server *s, struct access *access);

/* The keys of TCP connections from now on, taken over in any case.  -1 with a reason: those before stay. */
VRP_NODISCARD int rtr_server_set_tcp_keys(struct rtr_server *s, struct tcp_keys *keys, struct vrp_err *err);

/* Have all gates read their keys and certificates again; what fails is logged and stays as it was. */
void rtr_server_reload_gates(struct rtr_server *s);

/*
 * From any thread: serve this from now on (taken over); which images to prepare
 * for the next.  A thread that posts faster than the loop takes is held up, so
 * that tables don't pile up; rtr_server_close_mail() lets it go when the loop
 * has ended.
 */
void rtr_server_post(struct rtr_server *s, struct rtr_update *update);
unsigned rtr_server_versions(struct rtr_server *s);
void rtr_server_close_mail(struct rtr_server *s);

/* Stop listening and tell routers of version 2 to forget our data (Cache Shutdown); then let the loop run a moment. */
void rtr_server_shutdown(struct rtr_server *s);

size_t rtr_server_clients(const struct rtr_server *s);

#endif
