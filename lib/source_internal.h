/* SPDX-License-Identifier: ISC */
/*
 * What the kinds of sources share.  source.c has the thread, what of a table may be
 * used, and the status; a kind gets bytes from somewhere, and reports.
 */
#ifndef VRP_SOURCE_INTERNAL_H
#define VRP_SOURCE_INTERNAL_H

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>

#include "buf.h"
#include "lifetime.h"
#include "source.h"

struct source_ops {
	enum source_kind kind;

	/*
	 * On the thread of source_start(): all that can fail.  fd is the open stream, -1
	 * for the other kinds, and the kind's to close unless it is the configuration's.
	 */
	int (*open)(struct source *s, int fd, struct vrp_err *err);

	/* Do what is due and wait for what comes, by source_wait() if nothing else ends at a wake. */
	void (*step)(struct source *s);

	/* Do at the next step what else would be done later; may be NULL. */
	void (*hurry)(struct source *s);
	void (*close)(struct source *s);
};

extern const struct source_ops source_stream, source_file, source_feed, source_cache;

struct source {
	struct source_config config;	/* source and names are the source's own */
	const struct source_ops *ops;
	void *own;			/* the kind's */
	char *name;
	pthread_t thread;
	atomic_bool stopped, hurried;
	int wake;			/* eventfd */

	struct lifetime life;
	struct vrpset *given;		/* what the callback got last */
	size_t dropped;			/* records that had expired when an export was read */
	struct source_status status;
	struct buf text;		/* of status.meta.attrs.source */
	bool ended;
	bool lost;			/* since when is what undated data dates from */
	bool voided;			/* withdrawn by the kind, for the reason in the status */
	bool starved;			/* the status fails for want of memory alone */
	bool news;			/* in the status */
};

/* All on the source's thread. */

/* A table that came, whole and well-formed, and with what it was said to be. */
void source_take(struct source *s, struct vrpset *set, const struct block_attrs *attrs);

/* It is well, and has nothing new. */
void source_touch(struct source *s);

/* It fails, will be tried again at `next`, and may be withdrawn in time. */
void source_fail(struct source *s, const struct vrp_err *err, int64_t next);

/* It sent what is no table, and was refused for that. */
void source_refuse(struct source *s, const struct vrp_err *err, int64_t next);

/* No more will come. */
void source_end(struct source *s, const struct vrp_err *err);

/* The table may not be used any longer, for a reason that the kind knows. */
void source_withdraw(struct source *s, const char *reason);

/* Wait for *also, which may be NULL, for so many ms, -1 for ever, until a table's time is over or somebody wants something. */
void source_wait(struct source *s, struct pollfd *also, int64_t ms);

/* Whoever waits on his own has to look at s->wake, and to say so. */
void source_woken(struct source *s);

static inline bool
source_stopped(struct source *s)
{
	return atomic_load(&s->stopped);
}

int64_t source_now(void);	/* Unix seconds */

#endif
