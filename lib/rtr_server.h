/* SPDX-License-Identifier: ISC */
/*
 * The sockets of a cache on one libevent loop: listeners, one rtr_session a
 * connection, deadlines, and new tables from another thread.
 *
 * A table is sent by reference: a router that loads it costs its connection
 * state, a few KiB, and nothing while it waits.  What a router may cost is
 * bounded: input by one PDU, output by one response, time by deadlines.
 */
#ifndef VRP_RTR_SERVER_H
#define VRP_RTR_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compiler.h"
#include "err.h"
#include "log.h"
#include "rtr_cache.h"

struct event_base;

/* Times are in seconds. */
struct rtr_server_config {
	size_t max_clients;		/* further ones are turned away */
	uint32_t notify_interval;	/* between two Notifies to one router (RFC 8210 section 8.2: 60) */
	uint32_t query_timeout;		/* for the first query, and for the rest of a PDU that has begun */
	uint32_t stall_timeout;		/* a router that takes no byte for so long is closed */
};

struct rtr_server;

/* base, cache are borrowed, config and log copied.  NULL with a reason. */
VRP_NODISCARD struct rtr_server *rtr_server_new(struct event_base *base, struct rtr_cache *cache,
						const struct rtr_server_config *config, const struct log *log,
						struct vrp_err *err);

/* Close all connections at once.  NULL is allowed. */
void rtr_server_free(struct rtr_server *s);

/* Listen on one more address, see listeners_add().  -1 with a reason. */
VRP_NODISCARD int rtr_server_listen(struct rtr_server *s, const char *address, struct vrp_err *err);

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
