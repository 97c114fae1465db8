/* SPDX-License-Identifier: ISC */
/*
 * The router's side of RTR (RFC 8210 sections 5 to 8, 8210bis) without I/O:
 * bytes and time in, bytes and tables out.  One rtr_client speaks to one cache
 * over as many connections as it takes.
 *
 * The caller does what rtr_client_need() says and reports what came of it:
 *
 *	RTR_NEED_CONNECT  open a connection; rtr_client_connected() or rtr_client_closed()
 *	RTR_NEED_IO       send rtr_client_output(); rtr_client_receive() what comes,
 *	                  rtr_client_closed() when the cache closes
 *	RTR_NEED_CLOSE    send what is left of the output, close; rtr_client_closed()
 *	RTR_NEED_TIME     nothing but rtr_client_tick()
 *	RTR_NEED_NOTHING  it was stopped
 *
 * and calls rtr_client_tick() when rtr_client_deadline() comes.  Times are
 * milliseconds of any clock that never jumps.
 *
 * States, with the names that rtrlib made known:
 *
 *	CONNECTING       no connection yet
 *	RESET            connected, a Reset Query was sent
 *	SYNC             a Serial Query was sent, or a response is being received
 *	ESTABLISHED      the table is current; a Notify or the refresh interval leads to SYNC
 *	FAST_RECONNECT   this connection ends, the next starts at once with a lower version
 *	ERROR_NO_DATA_AVAILABLE
 *	                 the cache has nothing yet; a Notify or the retry interval leads to RESET
 *	ERROR_NO_INCREMENTAL_UPDATE_AVAILABLE
 *	                 the cache does not know our serial; leads to RESET at once
 *	ERROR_FATAL      one side broke the protocol; connects anew after the retry interval
 *	ERROR_TRANSPORT  no connection, or it was lost; likewise
 *	SHUTDOWN         stopped
 *
 * A response takes effect as a whole at its End of Data, or not at all.
 */
#ifndef VRP_RTR_CLIENT_H
#define VRP_RTR_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "compiler.h"
#include "delta.h"
#include "names.h"
#include "rtr_pdu.h"
#include "vrpset.h"

enum rtr_client_state {
	RTR_CLIENT_CONNECTING,
	RTR_CLIENT_RESET,
	RTR_CLIENT_SYNC,
	RTR_CLIENT_ESTABLISHED,
	RTR_CLIENT_FAST_RECONNECT,
	RTR_CLIENT_NO_DATA,
	RTR_CLIENT_NO_INCREMENTAL,
	RTR_CLIENT_FATAL,
	RTR_CLIENT_TRANSPORT,
	RTR_CLIENT_SHUTDOWN,
};

enum rtr_client_need {
	RTR_NEED_CONNECT,
	RTR_NEED_IO,
	RTR_NEED_CLOSE,
	RTR_NEED_TIME,
	RTR_NEED_NOTHING,
};

/* A response that was applied.  Sets and delta are borrowed. */
struct rtr_client_update {
	uint8_t version;
	uint16_t session;
	uint32_t serial;
	struct rtr_timers timers;	/* what holds: defaults where the cache gave none or bad ones */
	struct vrpset *set;		/* the table now; NULL when only a delta was asked for */
	const struct delta *delta;	/* of a serial response, NULL after a reset */
};

struct rtr_client_ops {
	void (*update)(void *ctx, const struct rtr_client_update *update);

	/* What this cache said is void: expired, or the cache took it back, or the protocol broke. */
	void (*flush)(void *ctx, bool expired, const char *reason);

	/* A step of the machine, for the log: "FROM -> TO, reason". */
	void (*state)(void *ctx, enum rtr_client_state from, enum rtr_client_state to, const char *reason);

	/* Something odd that was put up with, such as host bits in version 1. */
	void (*warning)(void *ctx, const char *text);

	/* Every PDU as it went in or out, undecodable ones too. */
	void (*pdu)(void *ctx, bool sent, const unsigned char *data, size_t len);
};

struct rtr_client_config {
	struct names *names;	/* a reference is taken */
	uint8_t version;	/* the first to try ... */
	uint8_t min_version;	/* ... and the last */
	struct rtr_timers timers;	/* until a cache says others */
	struct rtr_timers fixed;	/* those not 0 hold, whatever a cache says; see rtr_client_timers() */
	size_t max_records;	/* in one response */
	int64_t idle_timeout;	/* ms without a byte while an answer is due */
	int64_t answer_timeout;	/* ms from query to End of Data */

	const struct rtr_client_ops *ops;	/* members may be NULL; none may call back in */
	void *ctx;
};

#define RTR_CLIENT_CONFIG_DEFAULT                                                                                      \
	{                                                                                                              \
		.version = RTR_VERSION_MAX, .timers = RTR_TIMERS_DEFAULT, .max_records = 20000000,                     \
		.idle_timeout = 60000, .answer_timeout = 600000,                                                       \
	}

struct rtr_client;

/* Copies config; ops and ctx are borrowed.  In state CONNECTING.  NULL when memory is out. */
VRP_NODISCARD struct rtr_client *rtr_client_new(const struct rtr_client_config *config);
void rtr_client_free(struct rtr_client *c);	/* NULL is allowed */

/*
 * Begin with a Serial Query, before the first connection.  With the table of
 * that serial deltas are checked against it and applied; with NULL they are
 * handed out as they are.  The caller knows that session and serial are those
 * of the cache, of whatever version, and how old the table is: it does not
 * expire before the first answer.
 */
void rtr_client_resume(struct rtr_client *c, struct vrpset *set, uint16_t session, uint32_t serial);

enum rtr_client_state rtr_client_state(const struct rtr_client *c);
enum rtr_client_need rtr_client_need(const struct rtr_client *c);
int64_t rtr_client_deadline(const struct rtr_client *c);	/* INT64_MAX when there is none */

void rtr_client_connected(struct rtr_client *c, int64_t now);

/* Any bytes, in any pieces. */
void rtr_client_receive(struct rtr_client *c, int64_t now, const void *data, size_t len);

/*
 * There is no connection (any more).  reason is why, for the log; NULL means
 * that the cache closed in good order or that RTR_NEED_CLOSE was done.
 */
void rtr_client_closed(struct rtr_client *c, int64_t now, const char *reason);

/* Before the latter, when the cache has said below RTR that it doesn't want us: with no version of RTR either. */
void rtr_client_refused(struct rtr_client *c);

void rtr_client_tick(struct rtr_client *c, int64_t now);

/* What waits for the refresh or the retry interval is due now: the next tick does it. */
void rtr_client_hurry(struct rtr_client *c, int64_t now);

/* For good, or until it is started again, and then from the beginning: the table is dropped, without a flush. */
void rtr_client_stop(struct rtr_client *c);
void rtr_client_start(struct rtr_client *c);

/* To be sent; the caller drops from its front what it has sent. */
struct buf *rtr_client_output(struct rtr_client *c);

uint8_t rtr_client_version(const struct rtr_client *c);		/* tried or agreed on */
size_t rtr_client_records(const struct rtr_client *c);		/* received of the response under way */
struct vrpset *rtr_client_set(const struct rtr_client *c);	/* borrowed, NULL when there is none */

/*
 * The intervals in force.  Refresh and retry are half of expire where they are
 * not below it, which only fixed ones can bring about.
 */
struct rtr_timers rtr_client_timers(const struct rtr_client *c);

/* Why it is in the state it is in; borrowed until the next call. */
const char *rtr_client_reason(const struct rtr_client *c);

/* "ERROR_NO_DATA_AVAILABLE" */
const char *rtr_client_state_name(enum rtr_client_state state);

#endif
