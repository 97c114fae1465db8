/* SPDX-License-Identifier: ISC */
/*
 * What the thread that serves routers knows of them, for readers on other
 * threads: counts since the start, where routers come in, and each router that
 * is there.  Immutable once made, and shared by counted references.
 *
 * The server makes one a second and at each commit where somebody wants them
 * (rtr_server_config); it costs copies, and no formatting.
 */
#ifndef VRP_RTR_REPORT_H
#define VRP_RTR_REPORT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "access.h"
#include "admission.h"
#include "arrival.h"
#include "compiler.h"
#include "listen_spec.h"
#include "rtr_pdu.h"
#include "rtr_session.h"

/* Why a connection has ended. */
enum rtr_end {
	RTR_END_CLOSED,		/* by the router, between two PDUs or in the middle of one */
	RTR_END_RESET,		/* by the router */
	RTR_END_STALLED,	/* it took no data, or too slowly */
	RTR_END_TIMEOUT,	/* it did not say in time what it had to */
	RTR_END_PROTOCOL,	/* an error that either side reported */
	RTR_END_DENIED,		/* by a new access file */
	RTR_END_SHUTDOWN,	/* we stop */
	RTR_END_OTHER,
};

#define RTR_ENDS 8
#define RTR_PDU_TYPES (RTR_ASPA + 2)	/* the last one stands for those that are unknown */
#define RTR_RESPONSES RTR_EVENT_CLOSED	/* indexed by enum rtr_session_event, of which the first is none */

extern const char *const rtr_end_names[RTR_ENDS];		/* "closed", ... */
extern const char *const rtr_response_names[RTR_RESPONSES];	/* "table", "delta", "reset", "no_data", "refused"; NULL for none */

/* Counts since the start. */
struct rtr_counters {
	uint64_t pdus[RTR_PDU_TYPES];	/* received, by type */
	uint64_t notifies;		/* sent */
	uint64_t responses[RTR_RESPONSES];
	uint64_t connections[LISTEN_TRANSPORTS];	/* accepted and not turned away */
	uint64_t turned_away[ADMISSION_VERDICTS];	/* at accept; the first is always 0 */
	uint64_t refused;		/* by a handshake of tls or ssh */
	uint64_t ends[RTR_ENDS];
	uint64_t sent, received;	/* bytes, without those of TLS and SSH themselves */
	uint64_t updates;		/* tables that were served */
	uint64_t announced, withdrawn;	/* records, by these; of an ASPA that was replaced both */
};

enum rtr_client_state {
	RTR_CLIENT_NEW,		/* its version is not settled */
	RTR_CLIENT_IDLE,	/* all that it asked for has left */
	RTR_CLIENT_SENDING,
	RTR_CLIENT_STALLED,	/* it has taken nothing for RTR_STALLED_MS */
	RTR_CLIENT_CLOSING,
};

#define RTR_CLIENT_STATES 5
#define RTR_STALLED_MS 3000

extern const char *const rtr_client_state_names[RTR_CLIENT_STATES];	/* "new", ... */

/* One router.  Names come from outside; they have no control characters. */
struct rtr_report_client {
	char peer[ARRIVAL_PEER_MAX];		/* "192.0.2.1:323", "local" */
	char name[ACCESS_NAME_MAX + 1];		/* of the access rule, "" for none */
	char identity[ARRIVAL_IDENTITY_MAX];	/* what it has proved, "" for nothing */
	enum listen_transport transport;
	enum rtr_client_state state;
	int version;		/* -1 while it is not settled */
	uint32_t serial;	/* of the last answer that was sent to it, 0 before any */
	uint32_t queries;
	uint64_t sent, received;	/* bytes */
	int64_t since;		/* Unix seconds: connected */
	int64_t last_query;	/* likewise; STAMP_UNKNOWN before any */
};

/* Where routers come in. */
struct rtr_report_port {
	const char *bind;	/* as it was given; lives as long as the server */
	enum listen_transport transport;
	size_t clients;		/* handshakes among them */
};

struct rtr_report {
	atomic_size_t refs;
	int64_t made;		/* Unix seconds */
	int64_t made_ms;	/* CLOCK_MONOTONIC, milliseconds */
	uint32_t serial;	/* that is served, 0 before there is data */
	size_t history_steps, history_records;
	size_t handshakes;	/* connections that are on their way in */
	size_t max_clients;
	struct rtr_counters counters;
	struct rtr_report_port *ports;
	size_t port_count;
	struct rtr_report_client *clients;	/* in the order in which they came */
	size_t client_count;
};

/* Room for so many of each, all zero, with one reference; NULL when memory is out. */
VRP_NODISCARD struct rtr_report *rtr_report_new(size_t ports, size_t clients);

struct rtr_report *rtr_report_ref(struct rtr_report *r);
void rtr_report_unref(struct rtr_report *r);	/* NULL is allowed */

/* How many versions behind what is served a router is; 0 for one that has no data. */
uint32_t rtr_report_lag(const struct rtr_report *r, const struct rtr_report_client *c);

#endif
