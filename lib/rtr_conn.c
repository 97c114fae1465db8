/* SPDX-License-Identifier: ISC */
/*
 * One connection goes through these states:
 *
 *	TALKING    takes PDUs while nothing is waiting to be sent: reading stops as
 *	           soon as an answer is queued and goes on when it has left
 *	FLUSHING   the session has ended, its last bytes (an Error Report) go out
 *	LINGERING  they have; our side is shut, and what the router still sends is
 *	           dropped for a moment: closing at once would make the kernel send a
 *	           reset, which could overtake the report
 *
 * A timer looks at all connections once a second for deadlines and Notifies
 * that are due.  That costs less than a timer each.
 */
#include "rtr_conn.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdatomic.h>
#include <sys/queue.h>
#include <unistd.h>

#include "gate.h"
#include "rtr_session.h"

#define WRITE_SIZE ((size_t)256 * 1024)		/* at most so much in one system call */
#define UNSENT_MAX (128 * 1024)			/* at most so much that the kernel holds and has not sent */
#define INPUT_MAX ((size_t)2 * RTR_PDU_MAX)	/* received and not yet taken */
#define OUTPUT_PENDING ((size_t)16 * 1024)	/* more than this in the queue stops reading */
#define LINGER_MS 2000
#define STALL_FACTOR 10				/* a response may take this times the stall time-out in all */

enum conn_state { TALKING, FLUSHING, LINGERING };

struct conn {
	TAILQ_ENTRY(conn) link;
	struct rtr_conns *all;
	struct arrival *arrival;
	struct bufferevent *bev;
	struct rtr_session session;
	enum conn_state state;
	uint64_t number;
	bool ended;		/* the router has shut its side */
	bool counted;		/* in speaking[] */
	int64_t since;		/* all times: milliseconds, monotonic */
	int64_t partial_since;	/* a PDU has begun and is not complete, 0 when not so */
	int64_t busy_since;	/* output is waiting, 0 when not so */
	int64_t progress;	/* output was taken last */
	int64_t linger_until;
	int64_t last_query;	/* 0 before any */
	uint64_t sent, received;	/* bytes */
	char label[ARRIVAL_LABEL_MAX];
};

struct rtr_conns {
	struct event_base *base;
	struct rtr_cache *cache;
	struct rtr_conn_config config;
	struct log log;
	struct rtr_counters *counters;
	bool stopping;		/* routers are told so */
	TAILQ_HEAD(, conn) list;
	size_t count;
	uint64_t numbers;	/* given to connections so far */
	size_t speaking[RTR_VERSIONS];	/* clients of each version ... */
	atomic_uint versions;		/* ... and which have any, for the other thread */
};

static int64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static struct evbuffer *
output(const struct conn *c)
{
	return bufferevent_get_output(c->bev);
}

static size_t
pending(const struct conn *c)
{
	return evbuffer_get_length(output(c));
}

/* Images of the next table are made ahead for the versions that are spoken now. */
static void
count_version(struct rtr_conns *all, uint8_t version, int by)
{
	unsigned versions = 0;

	all->speaking[version] += (size_t)by;
	for (unsigned v = 0; v < RTR_VERSIONS; v++)
		versions |= all->speaking[v] ? 1U << v : 0;
	atomic_store_explicit(&all->versions, versions, memory_order_relaxed);
}

static void
conn_free(struct conn *c, enum rtr_end end, const char *why)
{
	struct rtr_conns *all = c->all;

	all->counters->ends[end]++;
	if (c->arrival->ticket.logged)
		log_line(&all->log, LOG_LEVEL_INFO, "%s disconnected: %s (%u queries, %llu bytes sent, %lld s)", c->label, why,
			 c->session.queries, (unsigned long long)c->sent, (long long)((now_ms() - c->since) / 1000));
	TAILQ_REMOVE(&all->list, c, link);
	all->count--;
	if (c->counted)
		count_version(all, c->session.version, -1);
	bufferevent_free(c->bev);
	all->config.gone(all->config.ctx, c->arrival);
	free(c);
}

static int
io_copy(void *ctx, const void *data, size_t len)
{
	return evbuffer_add(output(ctx), data, len);
}

static void
release_image(const void *data VRP_UNUSED, size_t len VRP_UNUSED, void *image)
{
	blob_unref(image);
}

static int
io_share(void *ctx, struct blob *image)
{
	if (evbuffer_add_reference(output(ctx), image->data, image->len, release_image, image) == 0)
		return 0;
	blob_unref(image);
	return -1;
}

static const struct rtr_session_io session_io = {io_copy, io_share};

static const char *
close_reason(const struct conn *c)
{
	return c->session.reason[0] ? c->session.reason : "closed by router";
}

/* The session has ended, by what either side said. */
static void
free_closed(struct conn *c)
{
	enum rtr_end end = c->all->stopping ? RTR_END_SHUTDOWN : RTR_END_PROTOCOL;

	conn_free(c, c->session.reason[0] ? end : RTR_END_CLOSED, close_reason(c));
}

/* The last bytes are out: shut our side and let the router close.  Frees the connection when it has already. */
static void
linger(struct conn *c)
{
	struct gate *gate = c->arrival->gate;

	if (c->ended) {
		free_closed(c);
		return;
	}
	c->state = LINGERING;
	c->linger_until = now_ms() + LINGER_MS;
	if (gate && gate->ops->finish)
		gate->ops->finish(gate, c->bev);
	else
		shutdown(bufferevent_getfd(c->bev), SHUT_WR);
	bufferevent_enable(c->bev, EV_READ);
	evbuffer_drain(bufferevent_get_input(c->bev), evbuffer_get_length(bufferevent_get_input(c->bev)));
}

static void
log_event(const struct conn *c, enum rtr_session_event event)
{
	static const char *const texts[] = {
		[RTR_EVENT_TABLE] = "whole table sent",	  [RTR_EVENT_DELTA] = "delta sent",
		[RTR_EVENT_RESET] = "Cache Reset sent",	  [RTR_EVENT_NO_DATA] = "told that there is no data yet",
		[RTR_EVENT_REFUSED] = "version refused",
	};

	if (event == RTR_EVENT_NONE || event == RTR_EVENT_CLOSED)
		return;
	if (c->session.state == RTR_SESSION_ESTABLISHED && c->session.queries == 1 && c->arrival->ticket.logged)
		log_line(&c->all->log, LOG_LEVEL_INFO, "%s speaks version %u: %s, serial %u", c->label,
			 c->session.version, texts[event], rtr_cache_serial(c->all->cache));
	else
		log_line(&c->all->log, LOG_LEVEL_DEBUG, "%s: %s, serial %u", c->label, texts[event],
			 rtr_cache_serial(c->all->cache));
}

static void
count_pdu(struct conn *c, const unsigned char *data, enum rtr_session_event event)
{
	struct rtr_counters *n = c->all->counters;
	unsigned type = data ? rtr_header_decode(data).type : 0;

	if (data)
		n->pdus[type < RTR_PDU_TYPES ? type : RTR_PDU_TYPES - 1]++;
	if (event > RTR_EVENT_NONE && event < RTR_RESPONSES)
		n->responses[event]++;
	if (event > RTR_EVENT_NONE && event < RTR_EVENT_REFUSED)
		c->last_query = now_ms();
}

/* Let the session take the next PDU that is there whole.  False when there is none. */
static bool
take_pdu(struct conn *c, struct evbuffer *in)
{
	size_t have = evbuffer_get_length(in), want = RTR_HEADER_LEN, taken;
	enum rtr_session_event event;
	unsigned char *data;

	if (have < RTR_HEADER_LEN || !(data = evbuffer_pullup(in, RTR_HEADER_LEN)))
		return false;
	want = rtr_header_decode(data).len;
	if (want > have)
		want = have;
	if (want < RTR_HEADER_LEN)
		want = RTR_HEADER_LEN;
	data = evbuffer_pullup(in, (ev_ssize_t)want);
	if (!data)
		return false;
	taken = rtr_session_take(&c->session, data, want, &event);
	count_pdu(c, taken ? data : NULL, event);
	evbuffer_drain(in, taken);
	log_event(c, event);
	return taken > 0;
}

/* Answer what has come, one response at a time.  May free the connection. */
static void
serve(struct conn *c)
{
	struct evbuffer *in = bufferevent_get_input(c->bev);
	size_t left;

	/* What is left behind a whole PDU is another one, which has its own time. */
	while (c->session.state != RTR_SESSION_CLOSED && pending(c) < OUTPUT_PENDING && take_pdu(c, in))
		c->partial_since = 0;
	if (c->session.state == RTR_SESSION_ESTABLISHED && !c->counted) {
		c->counted = true;
		count_version(c->all, c->session.version, 1);
	}
	left = evbuffer_get_length(in);
	if (pending(c) && !c->busy_since)
		c->busy_since = c->progress = now_ms();
	if (c->session.state == RTR_SESSION_CLOSED) {
		c->state = FLUSHING;
		bufferevent_disable(c->bev, EV_READ);
		if (pending(c) == 0)
			linger(c);
		return;
	}
	if (pending(c) >= OUTPUT_PENDING) {
		bufferevent_disable(c->bev, EV_READ);
		c->partial_since = 0;
		return;
	}
	if (left == 0)
		c->partial_since = 0;
	else if (!c->partial_since)
		c->partial_since = now_ms();
	if (c->ended && pending(c) == 0)
		conn_free(c, RTR_END_CLOSED, left ? "closed by router in the middle of a PDU" : "closed by router");
}

static void
on_read(struct bufferevent *bev, void *ctx)
{
	struct conn *c = ctx;

	if (c->state == LINGERING)
		evbuffer_drain(bufferevent_get_input(bev), evbuffer_get_length(bufferevent_get_input(bev)));
	else if (c->state == TALKING)
		serve(c);
}

/* All output has left. */
static void
on_written(struct bufferevent *bev, void *ctx)
{
	struct conn *c = ctx;

	if (pending(c))
		return;
	c->busy_since = 0;
	if (c->state == FLUSHING) {
		linger(c);
	} else if (c->state == TALKING) {
		if (!c->ended)
			bufferevent_enable(bev, EV_READ);
		serve(c);
	}
}

/* Counts what leaves, which is also how progress is seen. */
static void
on_output(struct evbuffer *buf VRP_UNUSED, const struct evbuffer_cb_info *info, void *ctx)
{
	struct conn *c = ctx;

	if (info->n_deleted) {
		c->sent += info->n_deleted;
		c->all->counters->sent += info->n_deleted;
		c->progress = now_ms();
	}
}

static void
on_input(struct evbuffer *buf VRP_UNUSED, const struct evbuffer_cb_info *info, void *ctx)
{
	struct conn *c = ctx;

	c->received += info->n_added;
	c->all->counters->received += info->n_added;
}

static void
on_event(struct bufferevent *bev VRP_UNUSED, short what, void *ctx)
{
	struct conn *c = ctx;
	int err = errno;

	if (c->state != TALKING) {
		free_closed(c);
	} else if (what & BEV_EVENT_ERROR) {
		if (err == ECONNRESET || err == EPIPE)
			conn_free(c, RTR_END_RESET, "reset by router");
		else if (err == ETIMEDOUT)
			conn_free(c, RTR_END_STALLED, "stalled: acknowledges nothing");
		else
			conn_free(c, RTR_END_OTHER, strerror(err));
	} else if (what & BEV_EVENT_EOF) {
		c->ended = true;
		serve(c);
	}
}

/*
 * A router that leaves what the kernel has taken is not seen by our own
 * deadlines, and a window that stays closed is probed for ever: the kernel has
 * to give up, too, later than we do.
 */
void
rtr_conns_tune(const struct rtr_conns *all, int fd)
{
	int one = 1, idle = 60, interval = 20, count = 3, unsent = UNSENT_MAX;
	unsigned unacknowledged = all->config.stall_timeout * 2000;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof(unsent));
	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unacknowledged, sizeof(unacknowledged));
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof(interval));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof(count));
}

/* The bufferevent closes the descriptor from then on.  NULL when memory is out. */
static struct bufferevent *
open_arrival(struct rtr_conns *all, struct arrival *a)
{
	struct bufferevent *bev = a->gate && a->gate->ops->open
					  ? a->gate->ops->open(a->gate, all->base, a)
					  : bufferevent_socket_new(all->base, a->fd, BEV_OPT_CLOSE_ON_FREE);

	if (bev)
		a->fd = -1;
	return bev;
}

void
rtr_conns_add(struct rtr_conns *all, struct arrival *a)
{
	struct conn *c = calloc(1, sizeof(*c));

	if (c)
		c->bev = open_arrival(all, a);
	if (!c || !c->bev || !evbuffer_add_cb(output(c), on_output, c) ||
	    !evbuffer_add_cb(bufferevent_get_input(c->bev), on_input, c)) {
		log_line(&all->log, LOG_LEVEL_ERROR, "out of memory for a connection");
		if (c && c->bev)
			bufferevent_free(c->bev);
		free(c);
		all->config.gone(all->config.ctx, a);
		return;
	}
	c->all = all;
	c->arrival = a;
	c->number = ++all->numbers;
	c->since = now_ms();
	arrival_label(a, c->label);
	rtr_session_init(&c->session, all->cache, &session_io, c);
	rtr_session_limit_version(&c->session, a->ticket.max_version);
	bufferevent_setcb(c->bev, on_read, on_written, on_event, c);
	bufferevent_setwatermark(c->bev, EV_READ, 0, INPUT_MAX);
	bufferevent_set_max_single_write(c->bev, WRITE_SIZE);
	TAILQ_INSERT_TAIL(&all->list, c, link);
	all->count++;
	if (a->ticket.logged)
		log_line(&all->log, LOG_LEVEL_INFO, "%s connected (%zu clients)", c->label, all->count);
	bufferevent_enable(c->bev, EV_READ | EV_WRITE);
}

/* Tell a router of a new serial where that is due.  May free the connection. */
static void
notify(struct conn *c, int64_t now)
{
	if (c->state != TALKING)
		return;
	if (rtr_session_notify(&c->session, now, (int64_t)c->all->config.notify_interval * 1000)) {
		c->all->counters->notifies++;
		log_line(&c->all->log, LOG_LEVEL_DEBUG, "%s: notified of serial %u", c->label, c->session.sent_serial);
	}
	if (pending(c) && !c->busy_since)
		c->busy_since = c->progress = now;
	if (c->session.state == RTR_SESSION_CLOSED)
		serve(c);
}

/* Deadlines of one connection, which may be freed.  True when it was. */
static bool
check_deadlines(struct conn *c, int64_t now)
{
	const struct rtr_conn_config *config = &c->all->config;
	int64_t query = (int64_t)config->query_timeout * 1000, stall = (int64_t)config->stall_timeout * 1000;
	enum rtr_end end = RTR_END_STALLED;
	const char *why = NULL;
	bool over = c->state == LINGERING && now >= c->linger_until;

	if (c->busy_since && now - c->progress >= stall)
		why = "stalled: takes no data";
	else if (c->busy_since && now - c->busy_since >= stall * STALL_FACTOR)
		why = "stalled: takes data too slowly";
	if (over || (why && c->state == FLUSHING)) {
		free_closed(c);
		return true;
	}
	if (!why) {
		end = RTR_END_TIMEOUT;
		if (c->state == TALKING && c->session.state == RTR_SESSION_NEW && now - c->since >= query)
			why = "no query in time";
		else if (c->state == TALKING && c->partial_since && now - c->partial_since >= query)
			why = "rest of a PDU did not come in time";
	}
	if (why)
		conn_free(c, end, why);
	return why != NULL;
}

void
rtr_conns_tick(struct rtr_conns *all)
{
	int64_t now = now_ms();
	struct conn *c, *next;

	for (c = TAILQ_FIRST(&all->list); c; c = next) {
		next = TAILQ_NEXT(c, link);
		if (!check_deadlines(c, now))
			notify(c, now);
	}
}

void
rtr_conns_notify(struct rtr_conns *all)
{
	int64_t now = now_ms();
	struct conn *c, *next;

	for (c = TAILQ_FIRST(&all->list); c; c = next) {
		next = TAILQ_NEXT(c, link);
		notify(c, now);
	}
}

void
rtr_conns_judge(struct rtr_conns *all, bool (*keep)(const struct arrival *a, int version), const char *why)
{
	struct conn *c, *next;

	for (c = TAILQ_FIRST(&all->list); c; c = next) {
		bool settled = c->session.state == RTR_SESSION_ESTABLISHED;

		next = TAILQ_NEXT(c, link);
		if (!keep(c->arrival, settled ? c->session.version : -1)) {
			conn_free(c, RTR_END_DENIED, why);
			continue;
		}
		rtr_session_limit_version(&c->session, c->arrival->ticket.max_version);
		arrival_label(c->arrival, c->label);
	}
}

void
rtr_conns_shutdown(struct rtr_conns *all)
{
	struct conn *c, *next;

	all->stopping = true;
	for (c = TAILQ_FIRST(&all->list); c; c = next) {
		next = TAILQ_NEXT(c, link);
		if (c->state != TALKING)
			continue;
		rtr_session_shutdown(&c->session);
		serve(c);
	}
}

size_t
rtr_conns_count(const struct rtr_conns *all)
{
	return all->count;
}

static enum rtr_client_state
state_of(const struct conn *c, int64_t now)
{
	if (c->busy_since && now - c->progress >= RTR_STALLED_MS)
		return RTR_CLIENT_STALLED;
	if (c->state != TALKING)
		return RTR_CLIENT_CLOSING;
	if (c->busy_since)
		return RTR_CLIENT_SENDING;
	return c->session.state == RTR_SESSION_NEW ? RTR_CLIENT_NEW : RTR_CLIENT_IDLE;
}

static void
report_client(const struct conn *c, struct rtr_report_client *out, int64_t now, int64_t made)
{
	const struct arrival *a = c->arrival;

	out->number = c->number;
	memcpy(out->peer, a->peer, sizeof(out->peer));
	memcpy(out->identity, a->identity, sizeof(out->identity));
	if (a->ticket.rule)
		memcpy(out->name, a->ticket.rule->name, sizeof(out->name));
	out->transport = a->ticket.port->transport;
	out->state = state_of(c, now);
	out->version = c->counted ? c->session.version : -1;
	out->serial = c->session.answered;
	out->queries = c->session.queries;
	out->sent = c->sent;
	out->received = c->received;
	out->since = made - (now - c->since) / 1000;
	out->last_query = c->last_query ? made - (now - c->last_query) / 1000 : STAMP_UNKNOWN;
}

void
rtr_conns_report(const struct rtr_conns *all, struct rtr_report *r)
{
	int64_t now = now_ms();
	size_t i = 0;
	struct conn *c;

	TAILQ_FOREACH (c, &all->list, link)
		report_client(c, &r->clients[i++], now, r->made);
}

unsigned
rtr_conns_versions(struct rtr_conns *all)
{
	return atomic_load_explicit(&all->versions, memory_order_relaxed);
}

struct rtr_conns *
rtr_conns_new(struct event_base *base, struct rtr_cache *cache, const struct rtr_conn_config *config,
	      const struct log *log)
{
	struct rtr_conns *all = calloc(1, sizeof(*all));

	if (!all)
		return NULL;
	all->base = base;
	all->cache = cache;
	all->config = *config;
	all->counters = config->counters;
	all->log = *log;
	TAILQ_INIT(&all->list);
	return all;
}

void
rtr_conns_free(struct rtr_conns *all)
{
	struct conn *c;

	if (!all)
		return;
	while ((c = TAILQ_FIRST(&all->list)))
		conn_free(c, RTR_END_SHUTDOWN, c->session.reason[0] ? c->session.reason : "cache stops");
	free(all);
}
