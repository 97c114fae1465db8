/* SPDX-License-Identifier: ISC */
/*
 * The cache's side of one connection (RFC 8210 sections 5 to 8 and 8210bis),
 * without I/O: bytes from the router in, bytes and shared images out.
 *
 * The caller keeps received bytes until they are taken, and takes further ones
 * only when the answer before them has left, so that a router that pipelines
 * queries costs no memory (and is answered strictly in order).
 */
#ifndef VRP_RTR_SESSION_H
#define VRP_RTR_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "blob.h"
#include "compiler.h"
#include "rtr_cache.h"
#include "rtr_pdu.h"

/* Where output goes.  -1 when memory is out, which ends the session. */
struct rtr_session_io {
	int (*copy)(void *ctx, const void *data, size_t len);
	int (*share)(void *ctx, struct blob *image);	/* takes over the reference */
};

enum rtr_session_state {
	RTR_SESSION_NEW,		/* version not settled */
	RTR_SESSION_ESTABLISHED,
	RTR_SESSION_CLOSED,		/* send what is queued, then close; see `reason` */
};

/* Fields are for reading only. */
struct rtr_session {
	enum rtr_session_state state;
	uint8_t version;		/* once established */
	uint8_t max_version;		/* the highest that is spoken with this router */
	uint8_t refusals;		/* versions refused so far */
	bool told;			/* a Cache Response told the router our session ID ... */
	uint16_t told_session;		/* ... which was this */
	uint32_t sent_serial;		/* the newest that the router knows of, 0 before any */
	uint32_t answered;		/* that of the last response, 0 before any */
	int64_t notified;		/* when the last Notify went out, milliseconds, INT64_MIN before */
	uint32_t queries;		/* accepted so far */
	char reason[160];		/* why it closed */

	struct rtr_cache *cache;	/* borrowed */
	const struct rtr_session_io *io;
	void *ctx;
};

/* What one call did, for the caller's log. */
enum rtr_session_event {
	RTR_EVENT_NONE,
	RTR_EVENT_TABLE,	/* the whole table was sent */
	RTR_EVENT_DELTA,	/* a delta was sent */
	RTR_EVENT_RESET,	/* Cache Reset */
	RTR_EVENT_NO_DATA,	/* Error 2 */
	RTR_EVENT_REFUSED,	/* Error 4: the router may try a lower version */
	RTR_EVENT_CLOSED,
};

void rtr_session_init(struct rtr_session *s, struct rtr_cache *cache, const struct rtr_session_io *io, void *ctx);

/* Speak no higher version than this with this router, nor than the cache does; what is established stays. */
void rtr_session_limit_version(struct rtr_session *s, uint8_t max);

/*
 * Take at most one PDU from the front of data.  Returns how many bytes were
 * taken; 0 means that more are needed (never more than RTR_PDU_MAX in all) or
 * that the session is closed.
 */
size_t rtr_session_take(struct rtr_session *s, const unsigned char *data, size_t len, enum rtr_session_event *event);

/*
 * Tell the router of a new serial where that is due: it has asked before, does
 * not have or know of this serial, and `interval` milliseconds have passed
 * since the last Notify (RFC 8210 section 8.2).  True when one was sent.
 */
bool rtr_session_notify(struct rtr_session *s, int64_t now, int64_t interval);

/* End the session with a version 2 Cache Shutdown, or just close older ones. */
void rtr_session_shutdown(struct rtr_session *s);

#endif
