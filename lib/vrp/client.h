/* SPDX-License-Identifier: ISC */
/*
 * A client: the table of RTR caches (RFC 8210, versions 0 to 2), followed by a thread.
 *
 *	client = vrp_client_new();
 *	vrp_client_add_cache(client, "tcp://rpki.example.net:8282", 1, &err);
 *	vrp_client_start(client, &err);
 *	if (vrp_client_wait(client, 10000) == VRP_OK) {
 *		view = vrp_client_view(client);
 *		...
 *		vrp_view_unref(view);
 *	}
 *	vrp_client_free(client);
 *
 * Caches with the same preference are a group, and the lowest number is preferred.  The
 * table is the union of what the caches of one group say: the most preferred group
 * that works.  Others are started when none before them works.  A table whose caches
 * are lost stays until it expires.
 *
 * Threads.  Between vrp_client_start() and vrp_client_stop() a client has a thread of
 * its own, with all signals blocked, and for as long as it takes to connect one more for each
 * cache.  Any thread may ask (cache, group, in_sync, wait, view), at any time; what asks
 * never waits for the network, for the making of a table or for a callback.  add_cache, set,
 * on_..., start, stop and free are for one thread at a time.
 *
 * Callbacks run on the client's thread, one at a time, without any lock held.  While one
 * runs, nothing is read from caches, so it should be short.  It may ask,
 * and use and keep views.  It can't stop or start a client, nor wait for it, which
 * returns VRP_INVALID there, and must not free it.  What it is given is borrowed for the call.
 *
 * After fork() the child has no such thread: there it must leave its clients alone.
 */
#ifndef VRP_API_CLIENT_H
#define VRP_API_CLIENT_H

#include "types.h"
#include "view.h"

#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif
#ifdef __cplusplus
extern "C" {
#endif

struct vrp_client;

/* NULL when memory is out. */
struct vrp_client *vrp_client_new(void);

/* Stops it first.  Its views stay.  NULL is allowed. */
void vrp_client_free(struct vrp_client *client);

/* ---- Before the start: otherwise all these return VRP_INVALID. */

/*
 * Another cache, "[tcp://]HOST[:PORT]", an IPv6 address in brackets.  The port is 323
 * unless given; preference is 0 to 255.  Returns its number, 0 for the first, or
 * VRP_INVALID or VRP_NOMEM.
 */
int vrp_client_add_cache(struct vrp_client *client, const char *url, unsigned preference, struct vrp_error *err);

enum vrp_option {
	/* Seconds, until a cache says others; 1-86400 (3600), 1-7200 (600), 600-172800 (7200). */
	VRP_OPT_REFRESH,
	VRP_OPT_RETRY,
	VRP_OPT_EXPIRE,

	/* 1: these intervals hold, whatever a cache says (0). */
	VRP_OPT_FIXED,

	/* Protocol versions: the first to try, and the lowest (2, 0). */
	VRP_OPT_MAX_VERSION,
	VRP_OPT_MIN_VERSION,

	/* Milliseconds: for connecting (30000); for silence while an answer is due (60000). */
	VRP_OPT_CONNECT_TIMEOUT,
	VRP_OPT_IDLE_TIMEOUT,

	/* Milliseconds that a group in sync waits for the rest of its caches (5000), and that one not
	   in sync has until the next one is tried, too (30000). */
	VRP_OPT_GRACE,
	VRP_OPT_PATIENCE,

	/* More records than this in one answer are an error (20000000). */
	VRP_OPT_MAX_RECORDS,

	/* 1: a stop empties the table, with the callbacks for it, as rtrlib does (0). */
	VRP_OPT_PURGE,
};

/* VRP_OK or VRP_INVALID, when there is no such option or no such value. */
int vrp_client_set(struct vrp_client *client, enum vrp_option option, int64_t value);

/* ---- Callbacks.  NULL takes one back. */

/* Arrays as in view.h. */
struct vrp_changes {
	const struct vrp_record *records;
	const struct vrp_router_key *router_keys;
	const struct vrp_aspa *aspas;
	size_t record_count;
	size_t router_key_count;
	size_t aspa_count;
};

enum vrp_cause {
	VRP_CAUSE_FIRST = 0,		/* the first table since the start */
	VRP_CAUSE_UPDATE = 1,		/* a cache of the group in use has another table, or lost its own */
	VRP_CAUSE_SWITCH = 2,		/* another group is in use now */
	VRP_CAUSE_WITHDRAWN = 3,	/* no cache has a table any more, and all have expired */
	VRP_CAUSE_EMPTIED = 4,		/* at a stop, by VRP_OPT_PURGE, or at a start after a stop without it */
};

/*
 * The table has changed, as a whole.  An ASPA whose providers are others stands in both,
 * removed with the old ones and added with the new.
 */
struct vrp_update {
	struct vrp_view *before;
	struct vrp_view *view;		/* what vrp_client_view() gives from now on */
	struct vrp_changes removed;
	struct vrp_changes added;
	int cause;			/* enum vrp_cause */
	int preference;			/* of the group in use, -1 for none */
};

typedef void vrp_update_fn(void *ctx, const struct vrp_update *update);

/*
 * The same record by record, before the call for the whole.  VRPs that were added come
 * before those that were removed, so that who keeps a table by these calls never finds
 * a route invalid in between; of router keys and ASPAs the removed come first.
 */
typedef void vrp_record_fn(void *ctx, const struct vrp_record *record, int added);
typedef void vrp_router_key_fn(void *ctx, const struct vrp_router_key *key, int added);
typedef void vrp_aspa_fn(void *ctx, const struct vrp_aspa *aspa, int added);

/* With the numbers of rtrlib. */
enum vrp_cache_state {
	VRP_CACHE_CONNECTING = 0,
	VRP_CACHE_ESTABLISHED = 1,	/* the table is current; a Notify or the refresh interval leads to SYNC */
	VRP_CACHE_RESET = 2,		/* connected, the whole table was asked for */
	VRP_CACHE_SYNC = 3,		/* an update was asked for, or an answer is being received */
	VRP_CACHE_FAST_RECONNECT = 4,	/* once more, with a lower version */
	VRP_CACHE_NO_DATA = 5,		/* the cache has nothing yet */
	VRP_CACHE_NO_INCREMENTAL = 6,	/* it does not know our serial */
	VRP_CACHE_FATAL = 7,		/* one side broke the protocol */
	VRP_CACHE_TRANSPORT = 8,	/* no connection, or it was lost */
	VRP_CACHE_SHUTDOWN = 9,		/* not running */
};

enum vrp_group_state {
	VRP_GROUP_CLOSED = 0,		/* not running */
	VRP_GROUP_CONNECTING = 1,	/* not in sync yet, or for a moment not any more */
	VRP_GROUP_ESTABLISHED = 2,	/* in sync */
	VRP_GROUP_ERROR = 3,		/* it doesn't work, and the next group is running; it goes on trying */
};

/* "ERROR_NO_DATA_AVAILABLE", "ESTABLISHED"; "unknown" for any other number. */
const char *vrp_cache_state_name(int state);
const char *vrp_group_state_name(int state);

struct vrp_cache_status {
	char url[360];		/* "tcp://[2001:db8::1]:8282" */
	char reason[240];	/* why it is in its state */
	uint8_t preference;
	uint8_t state;		/* enum vrp_cache_state */
	uint8_t in_sync;	/* connected, with a table that came over this connection */
	uint8_t version;	/* of the protocol: tried or agreed on */
	int32_t session;	/* of its table, -1 while it has none */
	uint32_t serial;
	uint32_t refresh;	/* intervals in force, seconds */
	uint32_t retry;
	uint32_t expire;
	uint64_t records;	/* in its table, of every kind */
	uint64_t receiving;	/* in the answer that is being received */
	int64_t updated;	/* Unix seconds of the last answer, 0 before the first */
	uint64_t reserved[4];
};

/* A cache went to a state, also to the one it was in; a group to another one. */
typedef void vrp_cache_fn(void *ctx, unsigned cache, const struct vrp_cache_status *status);
typedef void vrp_group_fn(void *ctx, unsigned preference, enum vrp_group_state state, const char *reason);

/* Something odd that a cache did and that was put up with. */
typedef void vrp_warning_fn(void *ctx, unsigned cache, const char *text);

int vrp_client_on_update(struct vrp_client *client, vrp_update_fn *fn, void *ctx);
int vrp_client_on_record(struct vrp_client *client, vrp_record_fn *fn, void *ctx);
int vrp_client_on_router_key(struct vrp_client *client, vrp_router_key_fn *fn, void *ctx);
int vrp_client_on_aspa(struct vrp_client *client, vrp_aspa_fn *fn, void *ctx);
int vrp_client_on_cache(struct vrp_client *client, vrp_cache_fn *fn, void *ctx);
int vrp_client_on_group(struct vrp_client *client, vrp_group_fn *fn, void *ctx);
int vrp_client_on_warning(struct vrp_client *client, vrp_warning_fn *fn, void *ctx);

/* ---- To run it */

/*
 * VRP_INVALID when it runs or has no cache; VRP_NOMEM or VRP_ERROR.  It may be started again
 * after a stop, and begins with an empty table each time.
 */
int vrp_client_start(struct vrp_client *client, struct vrp_error *err);

/*
 * End its thread and close all connections: returns when no callback runs any more nor ever
 * will.  The table stays, unless VRP_OPT_PURGE is set.  VRP_OK also when it doesn't run;
 * VRP_INVALID from a callback.
 */
int vrp_client_stop(struct vrp_client *client);

/*
 * Until the client is in sync, and its callbacks have been told.  At most timeout
 * milliseconds; negative is for ever, and 0 asks.  VRP_OK, VRP_TIMEOUT, VRP_INVALID when it doesn't run (any more) or from a
 * callback, or VRP_ERROR when its thread has ended in trouble.
 */
int vrp_client_wait(struct vrp_client *client, int64_t timeout);

/* ---- To ask it */

/* 1 or 0: is a cache of the group in use connected and its table current? */
int vrp_client_in_sync(struct vrp_client *client);

/*
 * The table now: a new reference, never NULL, empty before the first.  Takes a moment and waits
 * for nobody.  In an empty table all routes are not found: vrp_client_wait() tells the difference.
 */
struct vrp_view *vrp_client_view(struct vrp_client *client);

size_t vrp_client_cache_count(struct vrp_client *client);

/* VRP_OK, or VRP_NOT_FOUND when there is no cache of that number, no group of that preference. */
int vrp_client_cache(struct vrp_client *client, unsigned cache, struct vrp_cache_status *status);
int vrp_client_group(struct vrp_client *client, unsigned preference, enum vrp_group_state *state);

/* The preference of the group whose table it is, -1 for none. */
int vrp_client_in_use(struct vrp_client *client);

#ifdef __cplusplus
}
#endif
#if defined(__GNUC__)
#pragma GCC visibility pop
#endif

#endif
