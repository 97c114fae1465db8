/* SPDX-License-Identifier: ISC */
/*
 * The caches of a router, and which of them it goes by (RFC 8210 section 10),
 * without I/O and without a clock.  A manager owns one rtr_client for each cache
 * and hands out one table, that of the most preferred caches that work.
 *
 * Caches of one preference are a group.  The lower number is preferred.
 *
 *	- The first group runs from the start.  The next one is started when none
 *	  before it works: all its caches are in an error state, or none was in
 *	  sync within `patience`.
 *	- A group is in sync while one of its caches is: connected, with a table
 *	  that came over this connection.  The most preferred group in sync is the
 *	  one in use, once its other caches are in sync, too, have failed, or had
 *	  `grace` for it.  Groups behind it are stopped; those before it go on
 *	  trying, and are used again when they are in sync.
 *	- The table is the union of the tables of the group in use (merge.h): what
 *	  a cache of it has announced stands until none of them has it.  A cache
 *	  that was lost counts with its last table until that expires.
 *	- While no group is in sync, the one in use stays, as long as one of its
 *	  tables has not expired.
 *	- Where a table was taken back (Cache Shutdown, or a broken protocol) and
 *	  not expired, and others are being tried, it stays for them, for `patience`
 *	  at most.
 *	- When there is nothing left, the table is withdrawn: the empty set.
 *
 * The table changes in single steps, each with its delta; what a consumer holds is
 * at any time a union of whole tables that caches committed, or empty because all
 * of them expired or were taken back.
 *
 * The caller drives each cache as rtr_client.h says, with the functions here:
 * does what rtr_manager_need() asks for, reports, and calls rtr_manager_tick()
 * at rtr_manager_deadline().  rtr_link.h does that with sockets.
 */
#ifndef VRP_RTR_MANAGER_H
#define VRP_RTR_MANAGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compiler.h"
#include "delta.h"
#include "rtr_client.h"
#include "vrpset.h"

/* rtrlib's names, and close to its meaning. */
enum rtr_group_state {
	RTR_GROUP_CLOSED,	/* not running: a more preferred one is in sync, or had no chance yet */
	RTR_GROUP_CONNECTING,	/* not in sync yet, or for a moment not any more */
	RTR_GROUP_ESTABLISHED,	/* in sync */
	RTR_GROUP_ERROR,	/* it doesn't work, and the next group is running; it goes on trying */
};

enum rtr_manager_cause {
	RTR_CAUSE_FIRST,	/* the first table */
	RTR_CAUSE_UPDATE,	/* a cache of the group in use has another table, or lost its own */
	RTR_CAUSE_SWITCH,	/* another group is in use now */
	RTR_CAUSE_WITHDRAWN,	/* no table is left */
};

/* All borrowed for the call. */
struct rtr_manager_update {
	enum rtr_manager_cause cause;
	uint8_t preference;		/* of the group in use; says nothing when withdrawn */
	const size_t *caches;		/* whose tables are in it, ascending */
	size_t cache_count;		/* 0 when withdrawn */
	struct vrpset *set;		/* the table now */
	struct vrpset *old;		/* before; NULL for the first */
	const struct delta *delta;	/* delta_exact() from old to set, never empty; NULL for the first */
};

/* Members may be NULL.  None may call a function here that takes a manager that is not const. */
struct rtr_manager_ops {
	void (*table)(void *ctx, const struct rtr_manager_update *update);

	/* A step of a cache's machine, also one from a state to itself. */
	void (*cache)(void *ctx, size_t cache, enum rtr_client_state from, enum rtr_client_state to, const char *reason);
	void (*group)(void *ctx, uint8_t preference, enum rtr_group_state from, enum rtr_group_state to,
		      const char *reason);

	/* A cache's data has expired or was taken back. */
	void (*flush)(void *ctx, size_t cache, bool expired, const char *reason);

	/* Something odd that was put up with. */
	void (*warning)(void *ctx, size_t cache, const char *text);
	void (*pdu)(void *ctx, size_t cache, bool sent, const unsigned char *data, size_t len);
};

struct rtr_manager_config {
	struct rtr_client_config client;	/* of every cache; its ops and ctx are not looked at */
	int64_t grace;		/* ms that a group in sync waits for the rest of its caches */
	int64_t patience;	/* ms until the next group is tried, too */

	const struct rtr_manager_ops *ops;	/* borrowed, as is ctx */
	void *ctx;
};

#define RTR_MANAGER_CONFIG_DEFAULT                                                                                     \
	{                                                                                                              \
		.client = RTR_CLIENT_CONFIG_DEFAULT, .grace = 5000, .patience = 30000,                                 \
	}

/* What is known of a cache. */
struct rtr_manager_cache {
	uint8_t preference;
	bool running;			/* its group is */
	bool in_sync;
	enum rtr_client_state state;
	const char *reason;		/* why it is in that state; borrowed until the next call */
	uint8_t version;		/* tried or agreed on */
	struct rtr_timers timers;
	size_t receiving;		/* records of the response under way */

	/* Of its table. */
	struct vrpset *set;		/* borrowed; NULL when there is none */
	uint16_t session;
	uint32_t serial;
	int64_t updated;		/* when the last End of Data came, on the caller's clock; -1 before the first */
};

struct rtr_manager;

/* Cache i has preference preferences[i].  Nothing runs yet.  NULL when memory is out. */
VRP_NODISCARD struct rtr_manager *rtr_manager_new(const struct rtr_manager_config *config, const uint8_t *preferences,
						  size_t count);
void rtr_manager_free(struct rtr_manager *m);	/* NULL is allowed */

/* After a stop the table stays, without an update, and after another start is what the next one begins from. */
void rtr_manager_start(struct rtr_manager *m, int64_t now);
void rtr_manager_stop(struct rtr_manager *m, int64_t now);

/*
 * As in rtr_client.h, for one cache.  A cache that doesn't run needs CLOSE or
 * NOTHING.  Where one needs CONNECT while a connection is still open, it was
 * stopped and started again: that one is an old one, to be closed without a word.
 */
enum rtr_client_need rtr_manager_need(const struct rtr_manager *m, size_t cache);
struct buf *rtr_manager_output(struct rtr_manager *m, size_t cache);
void rtr_manager_connected(struct rtr_manager *m, size_t cache, int64_t now);
void rtr_manager_receive(struct rtr_manager *m, size_t cache, int64_t now, const void *data, size_t len);
void rtr_manager_refused(struct rtr_manager *m, size_t cache);
void rtr_manager_closed(struct rtr_manager *m, size_t cache, int64_t now, const char *reason);

/* For all. */
int64_t rtr_manager_deadline(const struct rtr_manager *m);	/* INT64_MAX when there is none */
void rtr_manager_tick(struct rtr_manager *m, int64_t now);

/* Every cache that runs is asked or tried at the next tick, instead of after its refresh or retry interval. */
void rtr_manager_hurry(struct rtr_manager *m, int64_t now);

size_t rtr_manager_count(const struct rtr_manager *m);
struct rtr_manager_cache rtr_manager_cache(const struct rtr_manager *m, size_t cache);
enum rtr_group_state rtr_manager_group(const struct rtr_manager *m, uint8_t preference);

/* The preference of the group whose tables are in use, -1 when there is none. */
int rtr_manager_in_use(const struct rtr_manager *m);

/* Is it in sync? */
bool rtr_manager_in_sync(const struct rtr_manager *m);

/* The table as it was handed out last, borrowed; NULL before the first. */
struct vrpset *rtr_manager_set(const struct rtr_manager *m);

/* "ESTABLISHED" */
const char *rtr_group_state_name(enum rtr_group_state state);

#endif
