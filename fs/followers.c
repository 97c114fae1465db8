/* SPDX-License-Identifier: ISC */
#include "followers.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sys/queue.h>

#include "events.h"

#define READ_MAX ((size_t)256 << 10)	/* bytes given at once */

/*
 * Where the log begins.  tail(1) looks at the last 8 KiB of a file, which must not
 * be at its very start: that is where all others begin to read.
 */
#define SIZE_AT_FIRST 65536

/* A read that waits. */
struct waiter {
	TAILQ_ENTRY(waiter) link;
	struct follower *follower;
	fuse_req_t req;
	size_t size;
};

struct follower {
	LIST_ENTRY(follower) link;
	struct followers *all;
	struct events *events;
	uint64_t offset;		/* where the next read is, unless somebody seeks */
	struct fuse_pollhandle *poll;	/* whom to tell, once */
};

struct followers {
	pthread_mutex_t lock;
	struct tree *tree;
	uint64_t size;
	bool held;
	bool ended;
	char *buf;			/* of READ_MAX bytes, under the lock */
	LIST_HEAD(, follower) open;
	TAILQ_HEAD(, waiter) waiting;	/* in the order in which they came */
};

struct followers *
followers_new(struct tree *tree)
{
	struct followers *all = calloc(1, sizeof(*all));

	if (!all)
		return NULL;
	all->buf = malloc(READ_MAX);
	if (!all->buf) {
		free(all);
		return NULL;
	}
	pthread_mutex_init(&all->lock, NULL);
	all->tree = tree;
	all->size = SIZE_AT_FIRST;
	LIST_INIT(&all->open);
	TAILQ_INIT(&all->waiting);
	return all;
}

void
followers_free(struct followers *all)
{
	if (!all)
		return;
	while (!LIST_EMPTY(&all->open))
		follower_close(LIST_FIRST(&all->open));
	pthread_mutex_destroy(&all->lock);
	free(all->buf);
	free(all);
}

uint64_t
followers_size(struct followers *all)
{
	uint64_t size;

	pthread_mutex_lock(&all->lock);
	size = all->size;
	pthread_mutex_unlock(&all->lock);
	return size;
}

struct follower *
follower_open(struct followers *all)
{
	struct follower *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->all = all;
	f->events = events_open(all->tree);
	if (!f->events) {
		free(f);
		return NULL;
	}
	pthread_mutex_lock(&all->lock);
	LIST_INSERT_HEAD(&all->open, f, link);
	pthread_mutex_unlock(&all->lock);
	return f;
}

void
follower_close(struct follower *f)
{
	struct followers *all = f->all;

	pthread_mutex_lock(&all->lock);
	LIST_REMOVE(f, link);
	pthread_mutex_unlock(&all->lock);
	if (f->poll)
		fuse_pollhandle_destroy(f->poll);
	events_close(f->events);
	free(f);
}

static bool
ready(const struct follower *f)
{
	return f->all->ended || (!f->all->held && events_ready(f->events));
}

/* Answer what can be answered; false when there is nothing yet. */
static bool
give(struct follower *f, fuse_req_t req, size_t size)
{
	struct followers *all = f->all;
	ssize_t n;

	if (!ready(f))
		return false;
	n = all->ended ? 0 : events_read(f->events, all->buf, size < READ_MAX ? size : READ_MAX);
	if (n == 0 && !all->ended)
		return false;
	if (n < 0) {
		fuse_reply_err(req, errno);
		return true;
	}
	f->offset += (uint64_t)n;
	fuse_reply_buf(req, all->buf, (size_t)n);
	return true;
}

/*
 * FUSE holds the request's own lock when it calls this, and takes it to set the
 * function: so the function is set before ours is taken, never under it.
 */
static void
interrupted(fuse_req_t req, void *ctx)
{
	struct followers *all = ctx;
	struct waiter *w;

	pthread_mutex_lock(&all->lock);
	TAILQ_FOREACH(w, &all->waiting, link)
		if (w->req == req)
			break;
	if (w)
		TAILQ_REMOVE(&all->waiting, w, link);
	pthread_mutex_unlock(&all->lock);
	if (w)
		fuse_reply_err(req, EINTR);
	free(w);
}

static void
wait_for_more(struct follower *f, fuse_req_t req, size_t size)
{
	struct waiter *w = malloc(sizeof(*w));

	if (!w) {
		fuse_reply_err(req, ENOMEM);
		return;
	}
	/* It may have been interrupted before it was to be found here. */
	if (fuse_req_interrupted(req)) {
		free(w);
		fuse_reply_err(req, EINTR);
		return;
	}
	*w = (struct waiter){.follower = f, .req = req, .size = size};
	TAILQ_INSERT_TAIL(&f->all->waiting, w, link);
}

void
follower_read(struct follower *f, fuse_req_t req, size_t size, off_t offset, bool nonblock)
{
	struct followers *all = f->all;

	fuse_req_interrupt_func(req, interrupted, all);
	pthread_mutex_lock(&all->lock);
	if ((uint64_t)offset != f->offset) {
		f->offset = (uint64_t)offset;
		fuse_reply_buf(req, NULL, 0);
	} else if (!give(f, req, size)) {
		if (nonblock)
			fuse_reply_err(req, EAGAIN);
		else
			wait_for_more(f, req, size);
	}
	pthread_mutex_unlock(&all->lock);
}

void
follower_poll(struct follower *f, fuse_req_t req, struct fuse_pollhandle *handle)
{
	struct followers *all = f->all;

	pthread_mutex_lock(&all->lock);
	if (handle) {
		if (f->poll)
			fuse_pollhandle_destroy(f->poll);
		f->poll = handle;
	}
	fuse_reply_poll(req, ready(f) ? POLLIN | POLLRDNORM : 0);
	pthread_mutex_unlock(&all->lock);
}

/* ---- changes ---- */

void
followers_hold(struct followers *all)
{
	pthread_mutex_lock(&all->lock);
	all->held = true;
	pthread_mutex_unlock(&all->lock);
}

static void
answer_waiters(struct followers *all)
{
	struct waiter *w, *next;

	for (w = TAILQ_FIRST(&all->waiting); w; w = next) {
		next = TAILQ_NEXT(w, link);
		if (!ready(w->follower))
			continue;
		TAILQ_REMOVE(&all->waiting, w, link);
		if (give(w->follower, w->req, w->size))
			free(w);
		else
			TAILQ_INSERT_HEAD(&all->waiting, w, link);
	}
}

static void
tell_pollers(struct followers *all)
{
	struct follower *f;

	LIST_FOREACH(f, &all->open, link) {
		if (!f->poll || !ready(f))
			continue;
		fuse_lowlevel_notify_poll(f->poll);
		fuse_pollhandle_destroy(f->poll);
		f->poll = NULL;
	}
}

void
followers_wake(struct followers *all, uint64_t bytes)
{
	pthread_mutex_lock(&all->lock);
	all->held = false;
	all->size += bytes;
	answer_waiters(all);
	tell_pollers(all);
	pthread_mutex_unlock(&all->lock);
}

void
followers_end(struct followers *all)
{
	pthread_mutex_lock(&all->lock);
	all->ended = true;
	answer_waiters(all);
	tell_pollers(all);
	pthread_mutex_unlock(&all->lock);
}
