/* SPDX-License-Identifier: ISC */
/*
 * The connections of a cache on its loop: one rtr_session each, over a
 * bufferevent; deadlines, Notifies, and what is logged of them.
 *
 * A table is sent by reference: a router that loads it costs its connection
 * state, a few KiB, and nothing while it waits.  What a router may cost is
 * bounded: input by one PDU, output by one response, time by deadlines.
 */
#ifndef VRP_RTR_CONN_H
#define VRP_RTR_CONN_H

#include <stddef.h>
#include <stdint.h>

#include "arrival.h"
#include "compiler.h"
#include "log.h"
#include "rtr_cache.h"
#include "rtr_report.h"

struct event_base;

/* Times are in seconds. */
struct rtr_conn_config {
	uint32_t notify_interval;	/* between two Notifies to one router (RFC 8210 section 8.2: 60) */
	uint32_t query_timeout;		/* for the first query, and for the rest of a PDU that has begun */
	uint32_t stall_timeout;		/* a router that takes no byte for so long is closed */
	struct rtr_counters *counters;	/* borrowed: what is counted here */
	void (*gone)(void *ctx, struct arrival *a);	/* what came as `a` is closed; it is the callee's again */
	void *ctx;
};

struct rtr_conns;

/* base and cache are borrowed, config and log copied.  NULL when memory is out. */
VRP_NODISCARD struct rtr_conns *rtr_conns_new(struct event_base *base, struct rtr_cache *cache,
					      const struct rtr_conn_config *config, const struct log *log);

/* Close all at once.  NULL is allowed. */
void rtr_conns_free(struct rtr_conns *all);

/* Sockets of TCP as routers need them, before handshakes. */
void rtr_conns_tune(const struct rtr_conns *all, int fd);

/* A router that has been let in; gone() gives it back, at once when memory is out. */
void rtr_conns_add(struct rtr_conns *all, struct arrival *a);

/* Once a second: deadlines, and Notifies that were not due before. */
void rtr_conns_tick(struct rtr_conns *all);

/* There is a new serial. */
void rtr_conns_notify(struct rtr_conns *all);

/* Close those of whom keep() says no; version is what it speaks, -1 when that is not settled. */
void rtr_conns_judge(struct rtr_conns *all, bool (*keep)(const struct arrival *a, int version), const char *why);

/* Tell routers of version 2 to forget our data (Cache Shutdown), and close. */
void rtr_conns_shutdown(struct rtr_conns *all);

size_t rtr_conns_count(const struct rtr_conns *all);

/* Fill in the clients of a report that has room for rtr_conns_count(), made at r->made. */
void rtr_conns_report(const struct rtr_conns *all, struct rtr_report *r);

/* From any thread: bit v is set where a router speaks version v. */
unsigned rtr_conns_versions(struct rtr_conns *all);

#endif
