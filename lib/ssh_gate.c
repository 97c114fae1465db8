/* SPDX-License-Identifier: ISC */
/*
 * A guest is one connection and its thread: SHAKING until the router is let in
 * or refused, RELAYING while bytes go through, ENDED when all that is left of
 * it is the thread to be joined.  The lock guards the list and these states; what a
 * thread waits on is shut down, never closed, by others than itself.
 */
#include "ssh_gate.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <unistd.h>

#include "ssh_peer.h"
#include "thread.h"
#include "transport.h"

#define STACK_SIZE ((size_t)256 * 1024)

enum guest_state { SHAKING, EVICTED, RELAYING, ENDED };

struct guest {
	TAILQ_ENTRY(guest) link;	/* the oldest first */
	struct ssh_gate *gate;
	struct ssh_realm *realm;
	struct arrival *arrival;	/* NULL once it was handed on */
	enum guest_state state;
	pthread_t thread;
	int control;			/* what wakes the thread when it is shut down */
	int64_t deadline;
	unsigned char address[9];	/* what it is counted by */
};

TAILQ_HEAD(guests, guest);

struct ssh_gate {
	struct gate gate;
	struct gate_config config;
	struct ssh_realm_config realm_config;
	atomic_bool closed;		/* no handshake leads anywhere any more ... */
	atomic_bool stop;		/* ... and nothing is relayed */
	pthread_mutex_t lock;
	pthread_cond_t changed;		/* unsettled has, or guests */
	struct guests guests, gone;	/* with a thread that runs, and with one that has only to be joined */
	size_t shaking, evicted;
	size_t unsettled;		/* guests of whom neither ready() nor refused() has heard */
	struct ssh_realm *realm;
};

/* ---- one guest, on its thread */

static struct ssh_gate *
of(struct gate *g)
{
	return (struct ssh_gate *)g;
}

/* Nobody may shut down what is no longer ours.  Was the guest evicted? */
static bool
drop_control(struct guest *guest)
{
	bool evicted;

	pthread_mutex_lock(&guest->gate->lock);
	evicted = guest->state == EVICTED;
	guest->control = -1;
	pthread_mutex_unlock(&guest->gate->lock);
	return evicted;
}

/* A callback has been called. */
static void
settle(struct ssh_gate *g)
{
	pthread_mutex_lock(&g->lock);
	g->unsettled--;
	pthread_cond_signal(&g->changed);
	pthread_mutex_unlock(&g->lock);
}

static void
refuse(struct guest *guest, const char *why)
{
	struct gate_config *config = &guest->gate->config;
	struct arrival *a = guest->arrival;
	bool evicted = drop_control(guest);

	guest->arrival = NULL;
	if (atomic_load(&guest->gate->closed))
		why = "shutting down";
	config->refused(config->ctx, a, evicted ? "ended for another: too many handshakes" : why);
	settle(guest->gate);
}

static struct ssh_peer *
shake(struct guest *guest, struct vrp_err *err)
{
	int fd = fcntl(guest->arrival->fd, F_DUPFD_CLOEXEC, 0);
	struct ssh_peer *p;

	if (fd < 0) {
		vrp_err_set(err, "%s", strerror(errno));
		return NULL;
	}
	p = ssh_peer_new(guest->realm, fd, &guest->arrival->address, err);
	if (p && ssh_peer_handshake(p, guest->deadline, err) < 0) {
		ssh_peer_free(p);
		p = NULL;
	}
	return p;
}

/* From SHAKING to RELAYING with this end of the pair, unless it was evicted meanwhile or the gate is closed. */
static bool
begin_relay(struct guest *guest, int end)
{
	struct ssh_gate *g = guest->gate;
	bool on;

	pthread_mutex_lock(&g->lock);
	on = guest->state == SHAKING && !atomic_load(&g->closed);
	if (on) {
		guest->state = RELAYING;
		guest->control = end;
		g->shaking--;
	}
	pthread_mutex_unlock(&g->lock);
	return on;
}

/* The arrival goes on with the other end of a pair in place of its socket. */
static void
hand_on(struct guest *guest, struct ssh_peer *p, int end)
{
	struct gate_config *config = &guest->gate->config;
	struct arrival *a = guest->arrival;

	guest->arrival = NULL;
	close(a->fd);
	a->fd = end;
	snprintf(a->identity, sizeof(a->identity), "%s", ssh_peer_identity(p));
	config->ready(config->ctx, a);
	settle(guest->gate);
}

/* Leave the list; the thread is then as good as gone.  Nothing of the gate may be used afterwards. */
static void
leave(struct guest *guest)
{
	struct ssh_gate *g = guest->gate;

	pthread_mutex_lock(&g->lock);
	g->shaking -= guest->state == SHAKING;
	g->evicted -= guest->state == EVICTED;
	guest->state = ENDED;
	TAILQ_REMOVE(&g->guests, guest, link);
	TAILQ_INSERT_TAIL(&g->gone, guest, link);
	pthread_cond_signal(&g->changed);
	pthread_mutex_unlock(&g->lock);
}

static void
relay(struct guest *guest, struct ssh_peer *p)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) < 0) {
		refuse(guest, strerror(errno));
		return;
	}
	if (begin_relay(guest, ends[0])) {
		hand_on(guest, p, ends[1]);
		ssh_peer_relay(p, ends[0], &guest->gate->stop);
	} else {
		close(ends[1]);
		refuse(guest, "");
	}
	drop_control(guest);
	close(ends[0]);
}

static void *
guest_main(void *arg)
{
	struct guest *guest = arg;
	struct vrp_err err = {0};
	struct ssh_peer *p = shake(guest, &err);

	if (p)
		relay(guest, p);
	else
		refuse(guest, err.msg);
	ssh_peer_free(p);
	ssh_realm_unref(guest->realm);
	leave(guest);
	return NULL;
}

/* ---- the gate, on the loop's thread */

static void
wake(const struct guest *guest)
{
	if (guest->control >= 0)
		shutdown(guest->control, SHUT_RDWR);
}

static void
set_address(struct guest *guest, const struct sockaddr_storage *from)
{
	guest->address[0] = (unsigned char)from->ss_family;
	if (from->ss_family == AF_INET)
		memcpy(guest->address + 1, &((const struct sockaddr_in *)(const void *)from)->sin_addr, 4);
	else if (from->ss_family == AF_INET6)
		memcpy(guest->address + 1, &((const struct sockaddr_in6 *)(const void *)from)->sin6_addr, 8);
}

static size_t
count_shaking(const struct ssh_gate *g, const struct guest *like)
{
	const struct guest *other;
	size_t n = 0;

	TAILQ_FOREACH(other, &g->guests, link)
		n += other->state == SHAKING && memcmp(other->address, like->address, sizeof(like->address)) == 0;
	return n;
}

/* The oldest handshake of this guest's address, or of that which has most. */
static struct guest *
find_victim(const struct ssh_gate *g, const struct guest *like)
{
	struct guest *other, *victim = NULL;
	size_t most = 0, n;

	TAILQ_FOREACH(other, &g->guests, link) {
		if (other->state != SHAKING)
			continue;
		if (like && memcmp(other->address, like->address, sizeof(like->address)) == 0)
			return other;
		n = like ? 0 : count_shaking(g, other);
		if (n > most) {
			most = n;
			victim = other;
		}
	}
	return victim;
}

static void
evict(struct ssh_gate *g, struct guest *guest)
{
	guest->state = EVICTED;
	g->shaking--;
	g->evicted++;
	wake(guest);
}

/* A place for one more.  False when even those that were ended for others are too many: their threads take a moment. */
static bool
make_room(struct ssh_gate *g, const struct guest *guest)
{
	size_t max = g->config.max_handshakes, share = max > 1 ? max / 2 : 1;

	if (g->evicted >= max)
		return false;
	if (count_shaking(g, guest) >= share)
		evict(g, find_victim(g, guest));
	else if (g->shaking >= max)
		evict(g, find_victim(g, NULL));
	return true;
}

/* Threads that have ended, and their guests. */
static void
reap(struct ssh_gate *g)
{
	struct guests gone = TAILQ_HEAD_INITIALIZER(gone);
	struct guest *guest;

	pthread_mutex_lock(&g->lock);
	TAILQ_CONCAT(&gone, &g->gone, link);
	pthread_mutex_unlock(&g->lock);
	while ((guest = TAILQ_FIRST(&gone))) {
		TAILQ_REMOVE(&gone, guest, link);
		pthread_join(guest->thread, NULL);
		free(guest);
	}
}

static int
start_thread(struct guest *guest)
{
	pthread_attr_t attr;
	int error = pthread_attr_init(&attr);

	if (error)
		return error;
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	error = thread_start(&guest->thread, &attr, guest_main, guest);
	pthread_attr_destroy(&attr);
	return error;
}

static void
ssh_take(struct gate *gate, struct arrival *a)
{
	struct ssh_gate *g = of(gate);
	struct guest *guest = calloc(1, sizeof(*guest));
	int error = EAGAIN;
	const char *why = NULL;

	reap(g);
	if (!guest) {
		g->config.refused(g->config.ctx, a, strerror(ENOMEM));
		return;
	}
	guest->gate = g;
	guest->arrival = a;
	guest->control = a->fd;
	guest->deadline = transport_now() + (int64_t)g->config.handshake_timeout * 1000;
	set_address(guest, &a->address);
	pthread_mutex_lock(&g->lock);
	if (make_room(g, guest)) {
		guest->realm = ssh_realm_ref(g->realm);
		/* The thread can't end, and so not be reaped, before the lock is let go. */
		error = start_thread(guest);
		if (error) {
			ssh_realm_unref(guest->realm);
			why = strerror(error);
		} else {
			TAILQ_INSERT_TAIL(&g->guests, guest, link);
			g->shaking++;
			g->unsettled++;
		}
	} else {
		why = "too many handshakes";
	}
	pthread_mutex_unlock(&g->lock);
	if (error) {
		free(guest);
		g->config.refused(g->config.ctx, a, why);
	}
}

static int
ssh_reload(struct gate *gate, struct vrp_err *err)
{
	struct ssh_gate *g = of(gate);
	struct ssh_realm *realm = ssh_realm_new(&g->realm_config, err);

	if (!realm)
		return -1;
	ssh_realm_unref(g->realm);
	g->realm = realm;
	return 0;
}

static void
ssh_stop(struct gate *gate)
{
	struct ssh_gate *g = of(gate);
	struct guest *guest;

	pthread_mutex_lock(&g->lock);
	atomic_store(&g->closed, true);
	TAILQ_FOREACH(guest, &g->guests, link)
		if (guest->state == SHAKING)
			wake(guest);
	while (g->unsettled)
		pthread_cond_wait(&g->changed, &g->lock);
	pthread_mutex_unlock(&g->lock);
}

static void
ssh_gate_free(struct gate *gate)
{
	struct ssh_gate *g = of(gate);
	struct guest *guest;

	pthread_mutex_lock(&g->lock);
	atomic_store(&g->stop, true);
	TAILQ_FOREACH(guest, &g->guests, link)
		wake(guest);
	while (!TAILQ_EMPTY(&g->guests))
		pthread_cond_wait(&g->changed, &g->lock);
	pthread_mutex_unlock(&g->lock);
	reap(g);
	ssh_realm_unref(g->realm);
	pthread_cond_destroy(&g->changed);
	pthread_mutex_destroy(&g->lock);
	free(g);
}

static const struct gate_ops ssh_gate_ops = {
	.name = "ssh",
	.take = ssh_take,
	.reload = ssh_reload,
	.stop = ssh_stop,
	.free = ssh_gate_free,
};

struct gate *
ssh_gate_new(const struct gate_config *config, const struct ssh_realm_config *realm, struct vrp_err *err)
{
	struct ssh_gate *g = calloc(1, sizeof(*g));

	if (!g) {
		vrp_err_nomem(err);
		return NULL;
	}
	g->gate.ops = &ssh_gate_ops;
	g->config = *config;
	g->realm_config = *realm;
	atomic_init(&g->closed, false);
	atomic_init(&g->stop, false);
	TAILQ_INIT(&g->guests);
	TAILQ_INIT(&g->gone);
	g->realm = ssh_realm_new(realm, err);
	if (!g->realm) {
		free(g);
		return NULL;
	}
	pthread_mutex_init(&g->lock, NULL);
	pthread_cond_init(&g->changed, NULL);
	return &g->gate;
}
