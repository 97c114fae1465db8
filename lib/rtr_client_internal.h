/* SPDX-License-Identifier: ISC */
/*
 * What the parts of the router's machine share.  rtr_client.c takes the events
 * of connections and time, rtr_client_pdu.c what a cache sends; both lead to
 * the steps of rtr_client_step.c.
 */
#ifndef VRP_RTR_CLIENT_INTERNAL_H
#define VRP_RTR_CLIENT_INTERNAL_H

#include "rtr_client.h"
#include "rtr_response.h"

/* What an ESTABLISHED or waiting client waits for when nothing else is due. */
#define NEVER INT64_MAX

struct rtr_client {
	struct rtr_client_config config;
	enum rtr_client_state state;
	char reason[256];
	int64_t now;		/* of the call under way */

	/* The connection. */
	bool connected;
	bool refused;		/* by the transport */
	bool answered;		/* something came that wasn't a Notify */
	bool negotiated;	/* the version is agreed on */
	uint8_t version;	/* agreed on, or tried */
	struct buf in;		/* a PDU that is not whole yet */
	struct buf out;

	/* The data: what the next Serial Query is about. */
	bool have_serial;
	bool any_version;	/* resumed: the caller vouches for session and serial, whatever the version */
	uint8_t data_version;
	uint16_t session;
	uint32_t serial;
	struct vrpset *set;
	struct rtr_timers timers;
	int64_t expires;

	/* The query under way. */
	bool receiving;			/* its Cache Response was seen */
	uint16_t response_session;
	struct rtr_response response;
	size_t response_bytes;
	size_t host_bits;		/* prefixes that had some */
	int64_t answer_due;
	int64_t idle_due;
	bool base_lost;			/* the table that a delta would be to has expired meanwhile */
	bool notified;			/* a Notify came meanwhile */
	uint32_t notified_serial;

	int64_t wake;		/* refresh or retry */
	struct rtr_scratch scratch;
};

/* What a broken protocol does to the table. */
enum damage {
	DOUBTFUL,	/* version 2 drops it, versions 0 and 1 keep it until it expires */
	VOID,
};

static inline int64_t
client_after_seconds(const struct rtr_client *c, uint32_t seconds)
{
	return c->now + (int64_t)seconds * 1000;
}

/* To another state (or the same), and say so. */
void client_move(struct rtr_client *c, enum rtr_client_state to, const char *fmt, ...) VRP_PRINTF(3, 4);
void client_warn(struct rtr_client *c, const char *fmt, ...) VRP_PRINTF(2, 3);

/* The next query will be a Reset Query; the table stays until it expires. */
void client_forget_serial(struct rtr_client *c);
void client_flush_table(struct rtr_client *c, bool expired, const char *reason);
void client_end_response(struct rtr_client *c);

/* To one of the states that wait before the next attempt. */
void client_give_up(struct rtr_client *c, enum rtr_client_state to, uint32_t wait, const char *reason);
void client_out_of_memory(struct rtr_client *c);

/*
 * The session is over because one side broke the protocol.  data is the PDU
 * at fault, copied into an Error Report; error is RTR_NO_ERROR where the cache
 * itself reported it, which is never answered (RFC 8210 section 5.11).
 */
void client_fatal(struct rtr_client *c, enum rtr_error error, const unsigned char *data, size_t len, enum damage damage,
		  const char *reason);

/* The intervals that are in force, of those that the cache or the configuration says. */
void client_hold_timers(struct rtr_client *c, const struct rtr_timers *said);

void client_send_query(struct rtr_client *c, const char *reason);
void client_query_anew(struct rtr_client *c, const char *why);
void client_reconnect_at(struct rtr_client *c, uint8_t version, const char *why);

#endif
