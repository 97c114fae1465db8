/* SPDX-License-Identifier: ISC */
#include "rtr_server.h"

#include <errno.h>
#include <event2/event.h>
#include <sys/queue.h>
#include <unistd.h>

#include "admission.h"
#include "listener.h"
#include "mailbox.h"
#include "rtr_conn.h"

/* One place where routers come in. */
struct port {
	STAILQ_ENTRY(port) link;
	struct admission_port admission;
	struct gate *gate;
	const char *address;	/* as it was given, for the log */
};

struct rtr_server {
	struct event_base *base;
	struct rtr_cache *cache;
	struct rtr_server_config config;
	struct log log;
	struct rtr_counters counters;
	bool snapshot_due;
	STAILQ_HEAD(, port) ports;
	size_t port_count;
	struct listeners *listeners;
	struct admission *admission;
	struct rtr_conns *conns;
	TAILQ_HEAD(, arrival) arrivals;	/* all that hold a ticket, wherever they are */
	struct tcp_keys *tcp_keys;
	size_t turned_away[ADMISSION_VERDICTS];	/* since the log spoke of it */
	size_t refused;		/* by gates, without a line of their own */
	size_t unlogged;	/* let in without one */
	struct event *tick;
	struct event *mail_event;
	struct mailbox *mailbox;
};

static int64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* ---- the way in */

static void
arrival_free(struct rtr_server *s, struct arrival *a)
{
	if (a->channel && a->gate->ops->drop)
		a->gate->ops->drop(a->gate, a);
	if (a->fd >= 0)
		close(a->fd);
	TAILQ_REMOVE(&s->arrivals, a, all);
	admission_return(s->admission, &a->ticket);
	free(a);
}

static void
on_gone(void *ctx, struct arrival *a)
{
	arrival_free(ctx, a);
}

static struct arrival *
arrival_new(const struct port *p, int fd, const struct sockaddr_storage *peer, const struct admission_ticket *ticket)
{
	struct arrival *a = calloc(1, sizeof(*a));
	socklen_t len = peer->ss_family == AF_UNIX ? 0 : sizeof(*peer);

	if (!a)
		return NULL;
	a->fd = fd;
	a->address = *peer;
	a->ticket = *ticket;
	a->gate = p->gate;
	arrival_format_address((const struct sockaddr *)peer, len, a->peer, sizeof(a->peer));
	if (peer->ss_family == AF_UNIX)
		arrival_identify_local(a);
	return a;
}

static void
count_turned_away(struct rtr_server *s, enum admission_verdict verdict)
{
	s->turned_away[verdict]++;
	s->counters.turned_away[verdict]++;
}

static void
on_accept(void *ctx, void *owner, int fd, const struct sockaddr_storage *peer)
{
	struct rtr_server *s = ctx;
	struct port *p = owner;
	struct admission_ticket ticket;
	struct prefix address;
	bool has_address = arrival_prefix(peer, &address);
	enum admission_verdict verdict =
		admission_ask(s->admission, &p->admission, has_address ? &address : NULL, now_ms(), &ticket);
	struct arrival *a;

	if (verdict != ADMISSION_GRANTED) {
		count_turned_away(s, verdict);
		close(fd);
		return;
	}
	a = arrival_new(p, fd, peer, &ticket);
	if (!a) {
		count_turned_away(s, ADMISSION_NO_MEMORY);
		admission_return(s->admission, &ticket);
		close(fd);
		return;
	}
	TAILQ_INSERT_TAIL(&s->arrivals, a, all);
	s->counters.connections[p->admission.transport]++;
	s->unlogged += !ticket.logged;
	rtr_conns_tune(s->conns, fd);
	if (p->gate)
		p->gate->ops->take(p->gate, a);
	else
		rtr_conns_add(s->conns, a);
}

/* On any thread. */
static void
on_ready(void *ctx, struct arrival *a)
{
	struct rtr_server *s = ctx;

	mailbox_post_arrival(s->mailbox, a);
}

static void
on_refused(void *ctx, struct arrival *a, const char *why)
{
	struct rtr_server *s = ctx;

	snprintf(a->refused, sizeof(a->refused), "%s", why[0] ? why : "no reason given");
	mailbox_post_arrival(s->mailbox, a);
}

struct gate_config
rtr_server_gate_config(struct rtr_server *s, uint32_t handshake_timeout, size_t max_handshakes)
{
	return (struct gate_config){
		.handshake_timeout = handshake_timeout,
		.max_handshakes = max_handshakes,
		.log = s->log,
		.ready = on_ready,
		.refused = on_refused,
		.ctx = s,
	};
}

static void
log_refusal(struct rtr_server *s, const struct arrival *a)
{
	char label[ARRIVAL_LABEL_MAX];

	if (!a->ticket.logged) {
		s->refused++;
		return;
	}
	arrival_label(a, label);
	log_line(&s->log, LOG_LEVEL_WARNING, "%s refused: %s", label, a->refused);
}

static void
take_arrivals(struct rtr_server *s, struct arrivals *arrivals)
{
	struct arrival *a;

	while ((a = STAILQ_FIRST(arrivals))) {
		STAILQ_REMOVE_HEAD(arrivals, link);
		if (a->denied && !a->refused[0])
			snprintf(a->refused, sizeof(a->refused), "%s", admission_reasons[ADMISSION_DENIED]);
		if (a->refused[0]) {
			s->counters.refused++;
			log_refusal(s, a);
			arrival_free(s, a);
		} else {
			rtr_conns_add(s->conns, a);
		}
	}
}

/* ---- what others want to know */

static void
report_ports(const struct rtr_server *s, struct rtr_report *r)
{
	const struct port *p;
	size_t i = 0;

	STAILQ_FOREACH (p, &s->ports, link) {
		r->ports[i++] = (struct rtr_report_port){
			.bind = p->address,
			.transport = p->admission.transport,
			.clients = p->admission.clients,
		};
	}
}

/* Without memory for it there is none this time. */
static void
make_report(const struct rtr_server *s)
{
	size_t clients = rtr_conns_count(s->conns);
	struct rtr_report *r = s->config.report ? rtr_report_new(s->port_count, clients) : NULL;

	if (!r)
		return;
	r->made = time(NULL);
	r->made_ms = now_ms();
	r->serial = rtr_cache_serial(s->cache);
	r->history_steps = rtr_cache_history(s->cache);
	r->history_records = rtr_cache_history_records(s->cache);
	r->handshakes = admission_clients(s->admission) - clients;
	r->max_clients = s->config.max_clients;
	r->counters = s->counters;
	report_ports(s, r);
	rtr_conns_report(s->conns, r);
	s->config.report(s->config.ctx, r);
}

/* Without memory for it, later. */
static void
make_snapshot(struct rtr_server *s)
{
	struct rtr_snapshot *snapshot;

	if (!s->config.snapshot)
		return;
	snapshot = rtr_cache_snapshot(s->cache);
	s->snapshot_due = !snapshot;
	if (!snapshot)
		return;
	snapshot->committed = time(NULL);
	snapshot->updates = s->counters.updates;
	s->config.snapshot(s->config.ctx, snapshot);
}

/* ---- the loop */

/* One line a second for each reason, whatever comes. */
static void
log_turned_away(struct rtr_server *s)
{
	for (size_t v = 0; v < ADMISSION_VERDICTS; v++) {
		if (!s->turned_away[v])
			continue;
		if (v == ADMISSION_FULL)
			log_line(&s->log, LOG_LEVEL_WARNING, "%zu connections turned away: %zu clients is the limit",
				 s->turned_away[v], s->config.max_clients);
		else
			log_line(&s->log, LOG_LEVEL_WARNING, "%zu connections turned away: %s", s->turned_away[v],
				 admission_reasons[v]);
		s->turned_away[v] = 0;
	}
	if (s->refused)
		log_line(&s->log, LOG_LEVEL_WARNING, "%zu more connections refused", s->refused);
	if (s->unlogged)
		log_line(&s->log, LOG_LEVEL_WARNING, "%zu more connections, too many to log each", s->unlogged);
	s->refused = s->unlogged = 0;
}

static void
on_tick(evutil_socket_t fd VRP_UNUSED, short what VRP_UNUSED, void *ctx)
{
	struct rtr_server *s = ctx;

	rtr_conns_tick(s->conns);
	admission_tick(s->admission, now_ms());
	log_turned_away(s);
	if (s->snapshot_due)
		make_snapshot(s);
	make_report(s);
}

static void
commit(struct rtr_server *s, struct rtr_update *u)
{
	size_t changed = rtr_update_count(u), announced, withdrawn;

	rtr_update_tally(u, &announced, &withdrawn);
	s->counters.updates++;
	s->counters.announced += announced;
	s->counters.withdrawn += withdrawn;
	rtr_cache_commit(s->cache, u);
	log_line(&s->log, LOG_LEVEL_NOTICE, "serial %u: %zu records, %zu changed, %zu changes kept, %zu clients",
		 rtr_cache_serial(s->cache), vrpset_count(rtr_cache_set(s->cache)), changed, rtr_cache_history(s->cache),
		 rtr_conns_count(s->conns));
}

static void
on_mail(evutil_socket_t fd VRP_UNUSED, short what VRP_UNUSED, void *ctx)
{
	struct rtr_server *s = ctx;
	struct arrivals arrivals;
	struct mails updates;
	struct mail *m;
	bool news;

	mailbox_take(s->mailbox, &updates, &arrivals);
	news = !STAILQ_EMPTY(&updates);
	while ((m = STAILQ_FIRST(&updates))) {
		STAILQ_REMOVE_HEAD(&updates, link);
		commit(s, m->update);
		free(m);
	}
	if (news) {
		rtr_conns_notify(s->conns);
		make_snapshot(s);
	}
	take_arrivals(s, &arrivals);
	if (news)
		make_report(s);
}

void
rtr_server_post(struct rtr_server *s, struct rtr_update *update)
{
	mailbox_post_update(s->mailbox, update);
}

void
rtr_server_close_mail(struct rtr_server *s)
{
	mailbox_close(s->mailbox);
}

unsigned
rtr_server_versions(struct rtr_server *s)
{
	return rtr_conns_versions(s->conns);
}

size_t
rtr_server_clients(const struct rtr_server *s)
{
	return rtr_conns_count(s->conns);
}

struct rtr_server *
rtr_server_new(struct event_base *base, struct rtr_cache *cache, const struct rtr_server_config *config,
	       const struct log *log, struct vrp_err *err)
{
	struct rtr_server *s = calloc(1, sizeof(*s));
	struct timeval second = {.tv_sec = 1};
	struct rtr_conn_config conn = {
		.notify_interval = config->notify_interval,
		.query_timeout = config->query_timeout,
		.stall_timeout = config->stall_timeout,
		.counters = s ? &s->counters : NULL,
		.gone = on_gone,
		.ctx = s,
	};

	if (!s) {
		vrp_err_nomem(err);
		return NULL;
	}
	s->base = base;
	s->cache = cache;
	s->config = *config;
	s->log = *log;
	STAILQ_INIT(&s->ports);
	TAILQ_INIT(&s->arrivals);
	s->mailbox = mailbox_new();
	s->admission = admission_new(config->max_clients);
	s->conns = rtr_conns_new(base, cache, &conn, log);
	s->tick = event_new(base, -1, EV_PERSIST, on_tick, s);
	s->listeners = listeners_new(base, on_accept, s, log);
	s->mail_event = s->mailbox ? event_new(base, mailbox_fd(s->mailbox), EV_READ | EV_PERSIST, on_mail, s) : NULL;
	if (!s->admission || !s->conns || !s->tick || !s->listeners || !s->mail_event || event_add(s->tick, &second) < 0 ||
	    event_add(s->mail_event, NULL) < 0) {
		vrp_err_set(err, "cannot set up the event loop: %s", strerror(errno));
		rtr_server_free(s);
		return NULL;
	}
	return s;
}

static void
free_event(struct event *ev)
{
	if (ev)
		event_free(ev);
}

/* What is in the mailbox when nobody will serve it. */
static void
drop_mail(struct rtr_server *s)
{
	struct arrivals arrivals;
	struct mails updates;
	struct arrival *a;
	struct mail *m;

	mailbox_take(s->mailbox, &updates, &arrivals);
	while ((m = STAILQ_FIRST(&updates))) {
		STAILQ_REMOVE_HEAD(&updates, link);
		rtr_update_free(m->update);
		free(m);
	}
	while ((a = STAILQ_FIRST(&arrivals))) {
		STAILQ_REMOVE_HEAD(&arrivals, link);
		arrival_free(s, a);
	}
}

/* Nothing needs what is gone already: gates give back what they have, and outlive what came through them. */
void
rtr_server_free(struct rtr_server *s)
{
	struct port *p;

	if (!s)
		return;
	listeners_free(s->listeners);
	STAILQ_FOREACH (p, &s->ports, link)
		if (p->gate)
			p->gate->ops->stop(p->gate);
	rtr_conns_free(s->conns);
	if (s->mailbox)
		drop_mail(s);
	while ((p = STAILQ_FIRST(&s->ports))) {
		STAILQ_REMOVE_HEAD(&s->ports, link);
		if (p->gate)
			p->gate->ops->free(p->gate);
		free(p);
	}
	admission_free(s->admission);
	tcp_keys_free(s->tcp_keys);
	free_event(s->tick);
	free_event(s->mail_event);
	mailbox_free(s->mailbox);
	free(s);
}

/* ---- what can be asked of it */

void
rtr_server_shutdown(struct rtr_server *s)
{
	listeners_free(s->listeners);
	s->listeners = NULL;
	rtr_conns_shutdown(s->conns);
}

int
rtr_server_listen(struct rtr_server *s, const struct listen_spec *spec, struct gate *gate, int fd, struct vrp_err *err)
{
	struct port *p = calloc(1, sizeof(*p));

	if (!p) {
		if (gate) {
			gate->ops->stop(gate);
			gate->ops->free(gate);
		}
		return vrp_err_nomem(err);
	}
	p->gate = gate;
	p->address = spec->address;
	p->admission = (struct admission_port){
		.transport = spec->transport,
		.name = spec->name,
		.max_version = spec->max_version,
		.max_clients = spec->max_clients,
		.max_per_address = spec->max_per_address,
	};
	STAILQ_INSERT_TAIL(&s->ports, p, link);
	s->port_count++;
	if (fd >= 0)
		return listeners_adopt(s->listeners, fd, spec->transport, p, err);
	return listeners_add(s->listeners, spec, p, err);
}

int
rtr_server_start(struct rtr_server *s, struct vrp_err *err)
{
	struct port *p;

	STAILQ_FOREACH (p, &s->ports, link)
		if (p->gate && p->gate->ops->start && p->gate->ops->start(p->gate, err) < 0)
			return -1;
	return 0;
}

static bool
still_allowed(const struct arrival *a, int version)
{
	return !a->denied && version <= a->ticket.max_version;
}

/* Those that are still at a gate are turned away when they leave it. */
void
rtr_server_set_access(struct rtr_server *s, struct access *access)
{
	struct arrival *a;

	admission_set_access(s->admission, access);
	TAILQ_FOREACH (a, &s->arrivals, all)
		a->denied = !admission_judge(s->admission, &a->ticket);
	rtr_conns_judge(s->conns, still_allowed, "no longer allowed by the access file");
}

int
rtr_server_set_tcp_keys(struct rtr_server *s, struct tcp_keys *keys, struct vrp_err *err)
{
	/* After a shutdown there is nothing to sign for. */
	if (s->listeners && listeners_set_keys(s->listeners, keys, err) < 0) {
		tcp_keys_free(keys);
		return -1;
	}
	tcp_keys_free(s->tcp_keys);
	s->tcp_keys = keys;
	return 0;
}

void
rtr_server_reload_gates(struct rtr_server *s)
{
	struct vrp_err err;
	struct port *p;

	STAILQ_FOREACH (p, &s->ports, link) {
		vrp_err_clear(&err);
		if (p->gate && p->gate->ops->reload(p->gate, &err) < 0)
			log_line(&s->log, LOG_LEVEL_ERROR, "%s://%s: %s; it goes on with what it had", p->gate->ops->name,
				 p->address, err.msg);
	}
}
