/* SPDX-License-Identifier: ISC */
/*
 * A SOURCE argument of a tool, followed for ever: on a thread of its own it
 * becomes tables, one after the other.
 *
 *	-			a VRP stream on a descriptor, standard input
 *	FILE			a file of lines or a validator's export, told apart by content and
 *				read again when it is replaced; a FIFO or device is a stream
 *	http(s)://...		a feed, likewise, fetched at an interval (refresh.h, fetch.h)
 *	SCHEME://HOST[:PORT]	a cache, kept in sync over RTR (transport.h, rtr_manager.h)
 *
 * Only what is whole and well-formed becomes a table.  A block that is cut short, a
 * body that is malformed, a server or a cache that fails: all of that changes
 * nothing but the status, and the source goes on trying.  The table given last
 * stands until it may not be used any longer, and is then withdrawn, by giving the
 * empty one:
 *
 * - of a cache when its Expire Interval has passed since the last End of Data, and
 *   where RFC 8210 and 8210bis want it: the cache takes its data back, or broke the
 *   protocol in a way that makes it void;
 * - of all others when the data's own time is more than max_age ago, or, where it
 *   has no time, when the source has been out of reach for so long: the server
 *   fails, the file is gone, the stream has ended.
 *
 * Single records leave when they expire (lifetime.h).  What is good again is given
 * again as soon as it is known.
 */
#ifndef VRP_SOURCE_H
#define VRP_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compiler.h"
#include "delta.h"
#include "err.h"
#include "fetch.h"
#include "names.h"
#include "rtr_client.h"
#include "sandbox.h"
#include "stream.h"
#include "transport.h"
#include "vrpset.h"

enum source_kind {
	SOURCE_STREAM,
	SOURCE_FILE,
	SOURCE_FEED,
	SOURCE_CACHE,
};

enum source_state {
	SOURCE_CONNECTING,	/* neither a table nor a failure yet */
	SOURCE_IN_SYNC,		/* the table given last is what the source has */
	SOURCE_FAILING,		/* the source fails, or sent what is no table; the last one stands, if there is any */
	SOURCE_WITHDRAWN,	/* the last table may not be used any longer, and the empty one was given */
	SOURCE_ENDED,		/* the stream has ended; its last table stands.  A FIFO may have another writer */
};

/* Where a table comes from.  attrs as of a block, for who writes one. */
struct source_meta {
	/*
	 * time: when the validator made the data.  source: who gave it; a stream may
	 * name another, and is NULL when standard input names none.  session and serial
	 * are those of a cache, or of the last block.
	 */
	struct block_attrs attrs;
	int version;		/* of RTR with a cache, -1 elsewhere */
};

/* All times are Unix seconds, STAMP_UNKNOWN where there is none.  Borrowed for the call. */
struct source_status {
	enum source_kind kind;
	enum source_state state;
	int64_t since;		/* when it came to that state */
	struct vrp_err error;	/* what it fails with, msg "" while it works; line and column where it is content */
	char withdrawn[160];	/* why the table was withdrawn, "" while it stands */

	struct source_meta meta;	/* of the newest data: a time or a serial may be new while the table stays */
	bool given;		/* a table was, if only the empty one */
	size_t records;		/* in it */
	size_t expired;		/* that it lacks because they have expired */
	size_t skipped;		/* bad ones that a feed has and that were passed over */
	int64_t updated;	/* when the source was last heard of and well: it gave data, or said that it has no other */
	int64_t next;		/* when it will be asked or tried again; a stream and a file come by themselves */
	int64_t expires;	/* when the table will be withdrawn if nothing comes */

	struct vrp_err refused;	/* the last block or body that was refused for what is in it, msg "" before the first */
	int64_t refused_at;
	size_t refusals;	/* so far */
};

struct source_config {
	const char *source;	/* copied */
	int fd;			/* of "-", borrowed: 0 is standard input */

	/*
	 * A reference is taken; only this source's thread may add to them while it
	 * runs.  NULL: the source has names of its own, for several sources at once.
	 */
	struct names *names;

	uint32_t refresh;	/* seconds between two questions to a feed, positive */
	uint32_t max_age;	/* seconds that data may be old, 0: any; a cache says itself */
	bool ignore_expiry;	/* keep records that have expired */
	bool strict;		/* a bad record of an export refuses all of it; a stream always is so */

	/* Of feeds; what it points to is borrowed; cancelled, ctx and wake are not looked at. */
	struct fetch_options fetch;

	/* Of caches.  transports are borrowed; names, ops and ctx are not looked at; idle_timeout is for connecting, too. */
	const struct transports *transports;
	struct rtr_client_config rtr;

	/*
	 * Called on the source's thread.  All is borrowed for the call; a set may be kept
	 * by a reference.  Neither may call source_stop(), and status may be NULL.
	 *
	 * table: from now on this set holds.  It differs from the one before, by records
	 * or by annotations; delta is that step as delta_exact() has it, NULL for the first.
	 *
	 * status: something of it has changed.  The first call comes at once, the others
	 * behind the table that they are about.
	 */
	void (*table)(void *ctx, struct vrpset *set, const struct delta *delta, const struct source_meta *meta);
	void (*status)(void *ctx, const struct source_status *status);
	void *ctx;
};

#define SOURCE_CONFIG_DEFAULT                                                                                          \
	{                                                                                                              \
		.refresh = 600, .max_age = 86400, .transports = &transports_tcp, .rtr = RTR_CLIENT_CONFIG_DEFAULT,         \
		.fetch = {.user_agent = "vrptools/" VRPTOOLS_VERSION, .timeout = 300, .max_size = UINT64_C(2) << 30},  \
	}

/* What has to be kept to follow it; an argument that makes no sense is source_start()'s to tell. */
void source_keep(const struct source_config *config, struct sandbox *box);

struct source;

/*
 * Start the thread, which takes no signals; nothing is waited for, and nothing
 * goes over the network yet.  NULL with a reason, which the caller puts the source in
 * front of: the argument makes no sense, or a file does not open.
 */
VRP_NODISCARD struct source *source_start(const struct source_config *config, struct vrp_err *err);

/* End the thread, whatever it waits for, and free everything.  No callback comes afterwards. */
void source_stop(struct source *s);	/* NULL is allowed */

/*
 * Read, fetch or ask now, and do not wait until a failure is over; a stream comes
 * by itself.  From any thread, and from a signal handler.
 */
void source_refresh(struct source *s);

enum source_kind source_kind(const struct source *s);

/* The source as it may be shown: a URL without its password, a cache with its port.  Borrowed. */
const char *source_name(const struct source *s);

/* "in sync" */
const char *source_state_name(enum source_state state);

#endif
