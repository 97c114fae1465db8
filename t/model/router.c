/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "model.h"

#define PDU_MAX 65535
#define IN_MAX (4 * PDU_MAX)
#define REFUSALS 3	/* of versions, after which a router is closed */

enum error {
	CORRUPT_DATA = 0,
	INVALID_REQUEST = 3,
	UNSUPPORTED_VERSION = 4,
	UNSUPPORTED_TYPE = 5,
	UNEXPECTED_VERSION = 8,
	NO_DATA = 2,
	SHUTDOWN = 13,
};

static uint16_t
get16(const unsigned char *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t
get32(const unsigned char *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

void
router_init(struct router *r, const char *name, struct cache *cache)
{
	*r = (struct router){.name = name, .cache = cache, .fd = -1, .version = -1};
	r->table = malloc(RECORDS);
	r->mentioned = malloc(RECORDS);
	r->in = malloc(IN_MAX);
	if (!r->table || !r->mentioned || !r->in)
		trouble("out of memory");
}

void
router_release(struct router *r)
{
	if (r->fd >= 0)
		close(r->fd);
	free(r->table);
	free(r->mentioned);
	free(r->in);
}

/* ---- the connection ---- */

static int
connect_local(const char *path)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&sun, sizeof(sun)) < 0)
		fail("connect to the unix socket: %s", strerror(errno));
	return fd;
}

static int
connect_tcp(uint16_t port, int window)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	if (fd >= 0 && window)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &window, sizeof(window));
	if (fd < 0 || connect(fd, (struct sockaddr *)&sin, sizeof(sin)) < 0)
		fail("connect to port %u: %s", port, strerror(errno));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return fd;
}

void
router_connect(struct router *r, uint16_t port, const char *path, int window)
{
	r->fd = path ? connect_local(path) : connect_tcp(port, window);
	fcntl(r->fd, F_SETFL, O_NONBLOCK);
	r->version = -1;
	r->refusals = 0;
	r->told = r->excused = r->paused = r->ending = r->farewell = r->responding = false;
	r->known = 0;
	r->notifies = 0;
	r->connected = now_ms();
	r->first = r->count = r->in_len = r->partial_len = 0;
}

void
router_close(struct router *r, bool abort)
{
	struct linger now = {.l_onoff = 1};

	if (r->fd < 0)
		return;
	if (abort)
		setsockopt(r->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(r->fd);
	r->fd = -1;
	r->count = r->partial_len = 0;
}

/* ---- what is due ---- */

static struct want *
want(struct router *r, enum want_kind kind, const unsigned char *pdu, size_t len)
{
	struct want *w = &r->wants[(r->first + r->count++) % WANTS];
	const struct commit *now = history_now(r->cache->history);

	if (r->count > WANTS)
		trouble("too many queries at once");
	*w = (struct want){.kind = kind, .no_data = !now, .since = now ? now->serial : 0, .version = (uint8_t)r->version};
	w->query_len = len < sizeof(w->query) ? len : sizeof(w->query);
	memcpy(w->query, pdu, w->query_len);
	return w;
}

static void
want_error(struct router *r, unsigned version, enum error error, const unsigned char *pdu, size_t len)
{
	struct want *w = want(r, WANT_ERROR, pdu, len);

	w->version = (uint8_t)version;
	w->error = (uint16_t)error;
	r->ending = true;
}

static void
want_delta(struct router *r, const unsigned char *pdu)
{
	const struct commit *base = history_find(r->cache->history, get32(pdu + 8));
	struct want *w = want(r, WANT_DELTA, pdu, 12);

	w->session = get16(pdu + 2);
	w->serial = get32(pdu + 8);
	w->kept = base && history_keeps(r->cache->history, base);
}

static void
refuse(struct router *r, const unsigned char *pdu, size_t len)
{
	want_error(r, r->cache->max_version, UNSUPPORTED_VERSION, pdu, len);
	r->ending = ++r->refusals >= REFUSALS;
	r->wants[(r->first + r->count - 1) % WANTS].stays = !r->ending;
}

static void
want_answer(struct router *r, const unsigned char *pdu, size_t len)
{
	unsigned version = pdu[0], type = pdu[1], max = r->cache->max_version;
	uint32_t claimed = get32(pdu + 4);
	bool settled = r->version >= 0, bad_length = claimed < 8 || claimed > PDU_MAX;

	if (type == ERROR_REPORT) {
		want(r, WANT_END, pdu, len);
		r->ending = true;
	} else if (bad_length) {
		want_error(r, settled ? (unsigned)r->version : version < max ? version : max, CORRUPT_DATA, pdu, 8);
	} else if (settled && version != (unsigned)r->version) {
		want_error(r, (unsigned)r->version, r->version ? UNEXPECTED_VERSION : INVALID_REQUEST, pdu, len);
	} else if (version > max) {
		refuse(r, pdu, len);
	} else if (type == SERIAL_QUERY || type == RESET_QUERY) {
		if (claimed != (type == SERIAL_QUERY ? 12 : 8)) {
			want_error(r, version, CORRUPT_DATA, pdu, len);
			return;
		}
		r->version = (int)version;
		if (type == SERIAL_QUERY)
			want_delta(r, pdu);
		else
			want(r, WANT_TABLE, pdu, len);
	} else if (type > ASPA || type == 5 || (type == ROUTER_KEY && version < 1) || (type == ASPA && version < 2)) {
		want_error(r, version, UNSUPPORTED_TYPE, pdu, len);
	} else {
		want_error(r, version, INVALID_REQUEST, pdu, len);
	}
}

/* A cache that has closed already shows when we read. */
static void
send_bytes(struct router *r, const unsigned char *data, size_t len)
{
	while (len) {
		ssize_t n = send(r->fd, data, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EAGAIN)
			continue;
		if (n < 0)
			return;
		data += n;
		len -= (size_t)n;
	}
}

void
router_send(struct router *r, const unsigned char *pdus, size_t len, size_t hold)
{
	const unsigned char *end = pdus + len, *last = pdus;

	for (const unsigned char *p = pdus; p < end && !r->ending; p += len) {
		uint32_t claimed = get32(p + 4);

		len = claimed < 8 || claimed > (size_t)(end - p) ? (size_t)(end - p) : claimed;
		last = p;
		if (!hold || p + len < end)
			want_answer(r, p, len);
	}
	if (hold) {
		r->partial_len = (size_t)(end - last);
		memcpy(r->partial, last, r->partial_len);
	}
	r->held_bytes = hold;
	send_bytes(r, pdus, (size_t)(end - pdus) - hold);
}

void
router_send_rest(struct router *r)
{
	size_t hold = r->held_bytes;

	want_answer(r, r->partial, r->partial_len);
	send_bytes(r, r->partial + r->partial_len - hold, hold);
	r->partial_len = 0;
}

void
router_shut(struct router *r)
{
	shutdown(r->fd, SHUT_WR);
	want(r, WANT_END, (const unsigned char *)"", 0);
	r->ending = true;
}

bool
router_may_ask(const struct router *r)
{
	return r->fd >= 0 && !r->ending && !r->partial_len && r->count < WANTS - 8;
}

bool
router_notify_due(const struct router *r)
{
	const struct commit *now = history_now(r->cache->history);

	return r->fd >= 0 && r->version >= 0 && now && !r->excused && !r->ending && r->known != now->serial;
}

void
router_describe_dues(const struct router *r, FILE *to)
{
	static const char *const kinds[] = {"the table", "a delta", "an Error Report", "the end"};

	fprintf(to, "%s, version %d, serial %u", r->name, r->version, r->serial);
	if (r->count)
		fprintf(to, ", waits for %s", kinds[r->wants[r->first].kind]);
	if (r->responding)
		fprintf(to, ", %zu PDUs of which have come", r->pdus);
}

/* ---- what comes ---- */

/* The sessions of the versions are told by the first answers, and stay. */
static void
check_session(struct router *r, uint16_t session)
{
	struct history *h = r->cache->history;

	if (h->has_session[r->version] && session != h->session[r->version])
		fail("%s: session %u instead of %u", r->name, session, h->session[r->version]);
	h->has_session[r->version] = true;
	h->session[r->version] = session;
	for (int v = 0; v < VERSIONS; v++)
		if (v != r->version && h->has_session[v] && h->session[v] == session)
			fail("%s: versions %d and %d have the same session %u", r->name, v, r->version, session);
}

static const struct commit *
check_serial(struct router *r, uint32_t serial, const char *what)
{
	const struct commit *c = history_find(r->cache->history, serial);

	if (!c)
		fail("%s: %s has serial %u, which was never committed", r->name, what, serial);
	if (r->known && serial_before(serial, r->known))
		fail("%s: %s has serial %u after %u", r->name, what, serial, r->known);
	r->known = serial;
	r->excused = false;
	r->cache->history->told = serial;
	return c;
}

static void
fulfil(struct router *r)
{
	r->first = (r->first + 1) % WANTS;
	r->count--;
}

static void
take_notify(struct router *r, const unsigned char *pdu, size_t len)
{
	uint32_t before = r->known;

	if (len != 12)
		fail("%s: a Notify of %zu bytes", r->name, len);
	if (r->version < 0)
		fail("%s: a Notify before any query", r->name);
	check_session(r, get16(pdu + 2));
	check_serial(r, get32(pdu + 8), "a Notify");
	if (before == r->known)
		fail("%s: a second Notify of serial %u, or one of what it has", r->name, before);
	r->notifies++;
	/* When they were sent we don't know, but that it was since we connected. */
	if ((r->notifies - 1) * r->cache->notify_interval * 1000 > now_ms() - r->connected)
		fail("%s: %lld Notifies in %lld ms", r->name, (long long)r->notifies, (long long)(now_ms() - r->connected));
}

static void
take_cache_response(struct router *r, const struct want *w, const unsigned char *pdu, size_t len)
{
	const struct commit *base = w->kind == WANT_DELTA ? history_find(r->cache->history, w->serial) : NULL;

	if (len != 8)
		fail("%s: a Cache Response of %zu bytes", r->name, len);
	check_session(r, get16(pdu + 2));
	if (w->kind == WANT_DELTA && w->session != get16(pdu + 2))
		fail("%s: a delta for session %u, which is another", r->name, w->session);
	if (w->kind == WANT_DELTA && !base)
		fail("%s: a delta from serial %u, which was never committed", r->name, w->serial);
	r->told = true;
	r->session = get16(pdu + 2);
	r->responding = true;
	r->place = 0;
	r->pdus = 0;
	memset(r->mentioned, 0, RECORDS);
	memset(r->table, 0, RECORDS);
	for (size_t i = 0; base && i < RECORDS; i++)
		r->table[i] = record_in_version(i, (unsigned)r->version) ? base->seen[i] : 0;
}

static void
take_payload(struct router *r, const struct want *w, const unsigned char *pdu, size_t len)
{
	uint8_t value;
	uint64_t place;
	size_t id = record_read(pdu, len, &value, &place);

	if (!record_in_version(id, (unsigned)r->version))
		fail("%s: %s in version %d", r->name, record_name(id), r->version);
	if (place <= r->place)
		fail("%s: %s stands behind what it has to come before", r->name, record_name(id));
	if (r->mentioned[id]++)
		fail("%s: %s comes twice in a response", r->name, record_name(id));
	if (!value && w->kind == WANT_TABLE)
		fail("%s: %s is withdrawn from a table", r->name, record_name(id));
	if (!value && !r->table[id])
		fail("%s: withdrawal of unknown record: %s", r->name, record_name(id));
	if (value && r->table[id] && (record_type(id) != ASPA || value == r->table[id]))
		fail("%s: duplicate announcement: %s", r->name, record_name(id));
	r->place = place;
	r->table[id] = value;
	r->pdus++;
}

static void
check_table(const struct router *r, const struct want *w, const struct commit *c)
{
	for (size_t i = 0; i < RECORDS; i++) {
		uint8_t value = record_in_version(i, (unsigned)r->version) ? c->seen[i] : 0;

		if (value == r->table[i])
			continue;
		if (w->kind == WANT_TABLE)
			fail("%s: the table at serial %u, version %d: %s is %#x and should be %#x", r->name, c->serial, r->version,
			     record_name(i), r->table[i], value);
		fail("%s: the delta from serial %u to %u, version %d: %s is %#x and should be %#x", r->name, w->serial, c->serial,
		     r->version, record_name(i), r->table[i], value);
	}
}

static void
take_end_of_data(struct router *r, const struct want *w, const unsigned char *pdu, size_t len)
{
	const struct timers *t = &r->cache->timers;
	const struct commit *c;

	if (len != (r->version ? 24 : 12))
		fail("%s: End of Data of %zu bytes", r->name, len);
	if (get16(pdu + 2) != r->session)
		fail("%s: End of Data of session %u after %u", r->name, get16(pdu + 2), r->session);
	if (r->version && (get32(pdu + 12) != t->refresh || get32(pdu + 16) != t->retry || get32(pdu + 20) != t->expire))
		fail("%s: the timers are %u, %u, %u", r->name, get32(pdu + 12), get32(pdu + 16), get32(pdu + 20));
	c = check_serial(r, get32(pdu + 8), "End of Data");
	if (w->since && serial_before(c->serial, w->since))
		fail("%s: an answer of serial %u to a query at serial %u", r->name, c->serial, w->since);
	check_table(r, w, c);
	r->responding = false;
	r->has_serial = true;
	r->serial = c->serial;
	r->held_version = (uint8_t)r->version;
	fulfil(r);
}

/*
 * RFC 8210 section 5.1: within a connection the session is what the first answer
 * said, and a query of another one is an error; before it, it is of the past.
 */
static bool
wrong_session(const struct router *r, const struct want *w)
{
	return w->kind == WANT_DELTA && r->told && w->session != r->session;
}

/* It has to be so where the serial was not kept when it asked, or isn't any more. */
static void
take_cache_reset(struct router *r, const struct want *w, size_t len)
{
	const struct history *h = r->cache->history;
	const struct commit *base = history_find(h, w->serial), *now = history_now(h);
	bool ours = h->has_session[r->version] && h->session[r->version] == w->session;

	if (len != 8)
		fail("%s: a Cache Reset of %zu bytes", r->name, len);
	if (w->kind == WANT_TABLE)
		fail("%s: Cache Reset after a Reset Query", r->name);
	if (wrong_session(r, w))
		fail("%s: Cache Reset for session %u after it was told of %u", r->name, w->session, r->session);
	if (ours && w->kept && history_keeps(h, base))
		fail("%s: Cache Reset for serial %u, which is kept", r->name, w->serial);
	if (!now)
		fail("%s: Cache Reset without data", r->name);
	/* It counts as told of the serial at that time, which we know only when there was one alone. */
	r->excused = w->since != now->serial;
	r->known = r->excused ? r->known : now->serial;
	fulfil(r);
}

static void
take_error(struct router *r, const struct want *w, const unsigned char *pdu, size_t len)
{
	uint16_t error = get16(pdu + 2);
	uint32_t copy = len >= 16 ? get32(pdu + 8) : PDU_MAX;
	size_t same;

	if (len < 16 || copy > len - 16 || get32(pdu + 12 + copy) != len - 16 - copy)
		fail("%s: a malformed Error Report", r->name);
	if (r->cache->stopping && error == SHUTDOWN) {
		r->ending = r->farewell = true;
		return;
	}
	if (!w)
		fail("%s: Error Report %u, \"%.*s\", and nothing was asked", r->name, error, (int)(len - 16 - copy), pdu + 16 + copy);
	same = copy < w->query_len ? copy : w->query_len;
	if (copy && memcmp(pdu + 12, w->query, same) != 0)
		fail("%s: Error Report %u repeats another PDU than ours", r->name, error);
	if (w->kind != WANT_ERROR && w->no_data && error == NO_DATA && pdu[0] == r->version && copy) {
		fulfil(r);
		return;
	}
	if (wrong_session(r, w) && error == CORRUPT_DATA && pdu[0] == r->version && copy) {
		r->ending = true;
		r->count = 0;	/* what was asked behind it is not read any more */
		return;
	}
	if (w->kind != WANT_ERROR || w->error != error || w->version != pdu[0])
		fail("%s: Error Report %u in version %u, \"%.*s\"", r->name, error, pdu[0], (int)(len - 16 - copy), pdu + 16 + copy);
	fulfil(r);
}

static void
take_pdu(struct router *r, const unsigned char *pdu, size_t len)
{
	const struct want *w = r->count ? &r->wants[r->first] : NULL;
	unsigned type = pdu[1];

	if (type == ERROR_REPORT && !r->responding) {
		take_error(r, w, pdu, len);
		return;
	}
	if (pdu[0] != r->version)
		fail("%s: a PDU of type %u in version %u, the session is of version %d", r->name, type, pdu[0], r->version);
	if (r->responding && (type == IPV4 || type == IPV6 || type == ROUTER_KEY || type == ASPA))
		take_payload(r, w, pdu, len);
	else if (r->responding && type == END_OF_DATA)
		take_end_of_data(r, w, pdu, len);
	else if (!r->responding && type == NOTIFY)
		take_notify(r, pdu, len);
	else if (r->responding || !w || w->kind == WANT_ERROR || w->kind == WANT_END)
		fail("%s: a PDU of type %u where none may stand", r->name, type);
	else if (type == CACHE_RESPONSE)
		take_cache_response(r, w, pdu, len);
	else if (type == CACHE_RESET)
		take_cache_reset(r, w, len);
	else
		fail("%s: a PDU of type %u where none may stand", r->name, type);
}

static void
take_pdus(struct router *r)
{
	size_t at = 0;

	while (r->in_len - at >= 8) {
		uint32_t len = get32(r->in + at + 4);

		if (len < 8 || len > PDU_MAX)
			fail("%s: a PDU of %u bytes", r->name, len);
		if (r->in_len - at < len)
			break;
		take_pdu(r, r->in + at, len);
		at += len;
	}
	memmove(r->in, r->in + at, r->in_len - at);
	r->in_len -= at;
}

/* The cache has closed: only where it has to, or all of it stops. */
static void
take_end(struct router *r)
{
	if (r->count && r->wants[r->first].kind == WANT_END)
		fulfil(r);
	if (!r->cache->stopping && (!r->ending || r->count || r->in_len))
		fail("%s: the cache has closed the connection", r->name);
	router_close(r, false);
}

bool
router_read(struct router *r)
{
	while (r->fd >= 0) {
		ssize_t n = recv(r->fd, r->in + r->in_len, IN_MAX - r->in_len, 0);

		if (n < 0 && errno == EAGAIN)
			break;
		if (n > 0) {
			r->in_len += (size_t)n;
			take_pdus(r);
		} else {
			take_end(r);
		}
	}
	return r->fd < 0 || (r->count == 0 && !r->ending);
}
