/* SPDX-License-Identifier: ISC */
/*
 * One struct conn for each cache: an attempt to connect, or a connection, or
 * neither.  What a manager wants closed has often a last word to say, an Error
 * Report; such a connection is handed over to the farewells, so that the manager
 * can go on at once, even with another connection to the same cache.
 */
#include "rtr_link.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "thread.h"

#define READ_SIZE ((size_t)256 * 1024)
#define FAREWELLS_MAX 16	/* connections beyond are closed without a last word */
#define FAREWELL_MS 2000	/* for it to reach the cache */
#define LOOKUP_MS 1000		/* what a resolver may take beyond the time-out */

/* What ends a wait.  Attempts may outlive the link that it belongs to. */
struct wake {
	int fd;
	atomic_uint refs;
};

enum attempt_state {
	ATTEMPT_RUNNING,
	ATTEMPT_DONE,
	ATTEMPT_ABANDONED,
};

/* Who sets the second of DONE and ABANDONED frees it. */
struct attempt {
	_Atomic(enum attempt_state) state;
	struct wake *wake;
	struct endpoint to;
	int64_t deadline;
	struct transport *transport;	/* NULL when it failed, with err */
	struct vrp_err err;
};

struct conn {
	struct attempt *attempt;
	struct transport *transport;
	int want;		/* what the last read said to wait for */
	bool more;		/* it had something, and may have more that poll(2) doesn't know of */
};

struct farewell {
	struct transport *transport;
	struct buf last_words;
	int want;
	int64_t deadline;
};

struct rtr_link {
	struct rtr_manager *manager;
	size_t count;
	struct endpoint *caches;
	struct conn *conns;
	int64_t connect_timeout;
	struct wake *wake;
	atomic_bool stopped;
	struct farewell farewells[FAREWELLS_MAX];	/* the first farewell_count */
	size_t farewell_count;
	struct pollfd *fds;
	size_t fds_size;
	char *data;		/* READ_SIZE */
};

/* ---- waking */

static struct wake *
wake_new(void)
{
	struct wake *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	atomic_init(&w->refs, 1);
	w->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (w->fd >= 0)
		return w;
	free(w);
	return NULL;
}

static struct wake *
wake_ref(struct wake *w)
{
	atomic_fetch_add(&w->refs, 1);
	return w;
}

static void
wake_unref(struct wake *w)
{
	if (w && atomic_fetch_sub(&w->refs, 1) == 1) {
		close(w->fd);
		free(w);
	}
}

static void
wake_up(const struct wake *w)
{
	static const uint64_t one = 1;

	/* It fails when there is a count already, which is as good. */
	(void)!write(w->fd, &one, sizeof(one));
}

static void
wake_drain(const struct wake *w)
{
	uint64_t count;

	(void)!read(w->fd, &count, sizeof(count));
}

/* ---- attempts to connect */

static void
attempt_free(struct attempt *a)
{
	transport_close(a->transport);
	wake_unref(a->wake);
	free(a);
}

static void *
attempt_main(void *arg)
{
	struct attempt *a = arg;
	struct wake *wake = wake_ref(a->wake);

	a->transport = transport_connect(&a->to, a->deadline, &a->err);
	if (atomic_exchange(&a->state, ATTEMPT_DONE) == ATTEMPT_ABANDONED)
		attempt_free(a);
	else
		wake_up(wake);
	wake_unref(wake);
	return NULL;
}

static void
attempt_abandon(struct attempt *a)
{
	if (a && atomic_exchange(&a->state, ATTEMPT_ABANDONED) == ATTEMPT_DONE)
		attempt_free(a);
}

/* A thread of its own, which takes no signals: those are the program's.  0 or an error number. */
static int
attempt_start(struct attempt *a)
{
	pthread_attr_t attr;
	pthread_t thread;
	int error = pthread_attr_init(&attr);

	if (error)
		return error;
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	error = thread_start(&thread, &attr, attempt_main, a);
	pthread_attr_destroy(&attr);
	return error;
}

static void
begin_attempt(struct rtr_link *l, size_t i, int64_t now)
{
	struct attempt *a = calloc(1, sizeof(*a));
	int error = ENOMEM;

	if (a) {
		atomic_init(&a->state, ATTEMPT_RUNNING);
		a->wake = wake_ref(l->wake);
		a->to = l->caches[i];
		a->deadline = now + l->connect_timeout;
		error = attempt_start(a);
	}
	if (!error) {
		l->conns[i].attempt = a;
		return;
	}
	if (a)
		attempt_free(a);
	rtr_manager_closed(l->manager, i, now, strerror(error));
}

/* Look at an attempt: it may have come to its end, or taken too long. */
static void
check_attempt(struct rtr_link *l, size_t i, int64_t now)
{
	struct conn *c = &l->conns[i];
	struct attempt *a = c->attempt;
	struct vrp_err err = {0};

	if (!a)
		return;
	if (atomic_load(&a->state) == ATTEMPT_DONE) {
		c->transport = a->transport;
		err = a->err;
		a->transport = NULL;
		c->attempt = NULL;
		attempt_free(a);
	} else if (now >= a->deadline + LOOKUP_MS) {
		vrp_err_set(&err, "look up %s: timed out", a->to.host);
		attempt_abandon(a);
		c->attempt = NULL;
	} else {
		return;
	}
	c->want = TRANSPORT_WANT_READ;
	c->more = false;
	if (c->transport)
		rtr_manager_connected(l->manager, i, now);
	else
		rtr_manager_closed(l->manager, i, now, err.msg);
}

/* ---- farewells */

static void
farewell_release(struct farewell *f)
{
	transport_close(f->transport);
	buf_release(&f->last_words);
	*f = (struct farewell){0};
}

/* Take a connection over, with what is still to be sent. */
static void
part(struct rtr_link *l, size_t i, int64_t now)
{
	struct conn *c = &l->conns[i];
	struct buf *out = rtr_manager_output(l->manager, i);
	struct farewell f = {.transport = c->transport, .want = TRANSPORT_WANT_WRITE, .deadline = now + FAREWELL_MS};

	c->transport = NULL;
	if (!f.transport)
		return;
	if (out->len == 0 || l->farewell_count == FAREWELLS_MAX || buf_add(&f.last_words, out->data, out->len) < 0)
		farewell_release(&f);
	else
		l->farewells[l->farewell_count++] = f;
}

/* Send the rest, and then drop what comes until the cache closes, too.  False when it is over. */
static bool
say_farewell(struct rtr_link *l, struct farewell *f)
{
	ssize_t n;

	if (f->last_words.len) {
		n = transport_write(f->transport, f->last_words.data, f->last_words.len, NULL);
		if (n < 0) {
			f->want = (int)n;
			return n != TRANSPORT_FAILED;
		}
		buf_drop(&f->last_words, (size_t)n);
		if (f->last_words.len == 0)
			transport_end(f->transport);
		return true;
	}
	n = transport_read(f->transport, l->data, READ_SIZE, NULL);
	f->want = n < 0 ? (int)n : TRANSPORT_WANT_READ;
	return n != 0 && n != TRANSPORT_FAILED;
}

static void
say_farewells(struct rtr_link *l, const struct pollfd *fds, int64_t now)
{
	/* From the last: the one that takes an empty place was looked at already. */
	for (size_t i = l->farewell_count; i-- > 0;) {
		struct farewell *f = &l->farewells[i];

		if (now < f->deadline && (!fds[i].revents || say_farewell(l, f)))
			continue;
		farewell_release(f);
		*f = l->farewells[--l->farewell_count];
	}
}

/* ---- connections */

static void
lose(struct rtr_link *l, size_t i, const char *reason)
{
	if (transport_refused(l->conns[i].transport))
		rtr_manager_refused(l->manager, i);
	transport_close(l->conns[i].transport);
	l->conns[i].transport = NULL;
	rtr_manager_closed(l->manager, i, transport_now(), reason);
}

/* Send what there is to send and take what there is to take. */
static void
exchange(struct rtr_link *l, size_t i)
{
	struct conn *c = &l->conns[i];
	struct buf *out = rtr_manager_output(l->manager, i);
	struct vrp_err err = {0};
	ssize_t n = 0;

	if (out->len)
		n = transport_write(c->transport, out->data, out->len, &err);
	if (n > 0)
		buf_drop(out, (size_t)n);
	if (n != TRANSPORT_FAILED)
		n = transport_read(c->transport, l->data, READ_SIZE, &err);
	c->more = n > 0;
	c->want = n < 0 ? (int)n : TRANSPORT_WANT_READ;
	if (n > 0)
		rtr_manager_receive(l->manager, i, transport_now(), l->data, (size_t)n);
	else if (n == 0)
		lose(l, i, NULL);
	else if (n == TRANSPORT_FAILED)
		lose(l, i, err.msg);
}

static void
drop(struct conn *c)
{
	attempt_abandon(c->attempt);
	transport_close(c->transport);
	*c = (struct conn){0};
}

/* What the manager needs of a cache that no event brings about.  Was there anything, so that others may have needs now? */
static bool
serve(struct rtr_link *l, size_t i)
{
	struct conn *c = &l->conns[i];
	int64_t now = transport_now();

	switch (rtr_manager_need(l->manager, i)) {
	case RTR_NEED_CLOSE:
		part(l, i, now);
		rtr_manager_closed(l->manager, i, now, NULL);
		return true;
	case RTR_NEED_CONNECT:
		transport_close(c->transport);
		c->transport = NULL;
		if (c->attempt)
			return false;
		begin_attempt(l, i, now);
		return true;
	case RTR_NEED_TIME:
	case RTR_NEED_NOTHING:
		drop(c);
		return false;
	case RTR_NEED_IO:
		break;
	}
	return false;
}

static void
serve_all(struct rtr_link *l)
{
	bool served;

	do {
		served = false;
		for (size_t i = 0; i < l->count; i++)
			served |= serve(l, i);
	} while (served);
}

/* ---- the loop */

static short
events_of(int want)
{
	return want == TRANSPORT_WANT_WRITE ? POLLOUT : POLLIN;
}

/* The wake, connections, farewells, and the caller's, in this order.  How long to wait in *ms; -1 when memory is out. */
static int
prepare(struct rtr_link *l, const struct pollfd *also, size_t also_count, int *ms)
{
	size_t n = 1 + l->count + l->farewell_count + also_count, k = 0;
	int64_t due = rtr_manager_deadline(l->manager), now = transport_now();

	if (n > l->fds_size) {
		struct pollfd *fds = reallocarray(l->fds, n + FAREWELLS_MAX, sizeof(*fds));

		if (!fds)
			return -1;
		l->fds = fds;
		l->fds_size = n + FAREWELLS_MAX;
	}
	l->fds[k++] = (struct pollfd){.fd = l->wake->fd, .events = POLLIN};
	for (size_t i = 0; i < l->count; i++) {
		struct conn *c = &l->conns[i];
		struct pollfd p = {.fd = -1};

		if (c->transport) {
			p.fd = transport_fd(c->transport);
			p.events = events_of(c->want);
			if (rtr_manager_output(l->manager, i)->len)
				p.events |= POLLOUT;
			due = c->more ? now : due;
		}
		if (c->attempt && c->attempt->deadline + LOOKUP_MS < due)
			due = c->attempt->deadline + LOOKUP_MS;
		l->fds[k++] = p;
	}
	for (size_t i = 0; i < l->farewell_count; i++) {
		struct farewell *f = &l->farewells[i];

		l->fds[k++] = (struct pollfd){.fd = transport_fd(f->transport), .events = events_of(f->want)};
		due = f->deadline < due ? f->deadline : due;
	}
	if (also_count)
		memcpy(l->fds + k, also, also_count * sizeof(*also));
	if (due == INT64_MAX)
		*ms = -1;
	else
		*ms = due <= now ? 0 : due - now > INT_MAX ? INT_MAX : (int)(due - now);
	return 0;
}

static void
handle(struct rtr_link *l)
{
	const struct pollfd *fds = l->fds;

	if (fds[0].revents)
		wake_drain(l->wake);
	say_farewells(l, fds + 1 + l->count, transport_now());
	for (size_t i = 0; i < l->count; i++) {
		struct conn *c = &l->conns[i];

		check_attempt(l, i, transport_now());
		if (c->transport && (fds[1 + i].revents || c->more) &&
		    rtr_manager_need(l->manager, i) == RTR_NEED_IO)
			exchange(l, i);
	}
}

int
rtr_link_step(struct rtr_link *l, struct pollfd *also, size_t also_count, struct vrp_err *err)
{
	int ms, n;

	rtr_manager_tick(l->manager, transport_now());
	serve_all(l);
	if (prepare(l, also, also_count, &ms) < 0)
		return vrp_err_nomem(err);
	n = poll(l->fds, (nfds_t)(1 + l->count + l->farewell_count + also_count), ms);
	if (n < 0 && errno != EINTR)
		return vrp_err_set(err, "poll: %s", strerror(errno));
	if (n < 0)
		for (size_t i = 0; i < l->fds_size; i++)
			l->fds[i].revents = 0;
	for (size_t i = 0; i < also_count; i++)
		also[i].revents = l->fds[1 + l->count + l->farewell_count + i].revents;
	handle(l);
	return 0;
}

void
rtr_link_wake(struct rtr_link *l)
{
	wake_up(l->wake);
}

int
rtr_link_run(struct rtr_link *l, struct vrp_err *err)
{
	while (!atomic_load(&l->stopped))
		if (rtr_link_step(l, NULL, 0, err) < 0)
			return -1;
	return 0;
}

void
rtr_link_stop(struct rtr_link *l)
{
	atomic_store(&l->stopped, true);
	wake_up(l->wake);
}

struct rtr_link *
rtr_link_new(struct rtr_manager *manager, const struct endpoint *caches, int64_t connect_timeout, struct vrp_err *err)
{
	struct rtr_link *l = calloc(1, sizeof(*l));
	size_t count = rtr_manager_count(manager);

	if (!l) {
		vrp_err_nomem(err);
		return NULL;
	}
	l->manager = manager;
	l->count = count;
	l->connect_timeout = connect_timeout;
	atomic_init(&l->stopped, false);
	l->caches = calloc(count + 1, sizeof(*l->caches));
	l->conns = calloc(count + 1, sizeof(*l->conns));
	l->data = malloc(READ_SIZE);
	l->wake = wake_new();
	if (!l->caches || !l->conns || !l->data || !l->wake) {
		vrp_err_set(err, "%s", strerror(errno));
		rtr_link_free(l);
		return NULL;
	}
	memcpy(l->caches, caches, count * sizeof(*caches));
	return l;
}

void
rtr_link_free(struct rtr_link *l)
{
	if (!l)
		return;
	for (size_t i = 0; i < l->count && l->conns; i++)
		drop(&l->conns[i]);
	while (l->farewell_count)
		farewell_release(&l->farewells[--l->farewell_count]);
	wake_unref(l->wake);
	free(l->caches);
	free(l->conns);
	free(l->fds);
	free(l->data);
	free(l);
}
