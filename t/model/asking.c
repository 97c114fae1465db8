/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "walk.h"

static void
put(struct queries *q, unsigned version, unsigned type, unsigned field, uint32_t claimed, uint32_t serial, size_t len)
{
	unsigned char *p = q->bytes + q->len;
	const unsigned char pdu[12] = {
		(unsigned char)version,	      (unsigned char)type,	    (unsigned char)(field >> 8),  (unsigned char)field,
		(unsigned char)(claimed >> 24), (unsigned char)(claimed >> 16), (unsigned char)(claimed >> 8), (unsigned char)claimed,
		(unsigned char)(serial >> 24),  (unsigned char)(serial >> 16),  (unsigned char)(serial >> 8),  (unsigned char)serial,
	};

	if (q->len + len > sizeof(q->bytes))
		trouble("too many queries");
	memset(p, 0, len);
	memcpy(p, pdu, len < sizeof(pdu) ? len : sizeof(pdu));
	q->len += len;
}

void
put_serial_query(struct queries *q, unsigned version, uint16_t session, uint32_t serial)
{
	put(q, version, SERIAL_QUERY, session, 12, serial, 12);
}

void
put_reset_query(struct queries *q, unsigned version)
{
	/* The field is reserved, and ignored. */
	put(q, version, RESET_QUERY, one_in(8) ? 0xffff : 0, 8, 0, 8);
}

/* A serial that is known, was, will be, or never is. */
static uint32_t
draw_serial(const struct router *r)
{
	const struct commit *now = history_now(&w.history);
	uint32_t serial = now ? now->serial : 0;

	switch (chance(9)) {
	case 0:
		return 0;
	case 1:
		return serial + 1 + chance(3);
	case 2:
		return serial ^ (uint32_t)1 << 31;
	case 3:
		return chance(UINT32_MAX);
	case 4:
	case 5:
		return w.history.count ? w.history.commits[chance((uint32_t)w.history.count)].serial : 0;
	default:
		return r->has_serial ? r->serial : serial;
	}
}

static uint16_t
draw_session(const struct router *r, unsigned version)
{
	if (one_in(12))
		return (uint16_t)chance(65536);
	if (version < VERSIONS && w.history.has_session[version] && !one_in(6))
		return w.history.session[version];
	return r->session;
}

static unsigned
draw_version(const struct router *r)
{
	static const uint8_t odd[] = {3, 7, 255};

	if (r->version >= 0)
		return (unsigned)r->version;
	if (r->refusals)	/* it goes down, as it was told to */
		return one_in(3) ? odd[chance(COUNT(odd))] : w.cache.max_version;
	return one_in(10) ? odd[chance(COUNT(odd))] : chance(VERSIONS);
}

static void
put_query(struct queries *q, const struct router *r, unsigned version)
{
	if (one_in(3))
		put_reset_query(q, version);
	else
		put_serial_query(q, version, draw_session(r, version), draw_serial(r));
}

static struct router *
draw_router(void)
{
	return &w.routers[chance(ROUTERS)];
}

static bool
connect_one(struct router *r)
{
	char path[100];
	bool local = one_in(4);
	int window = one_in(3) ? 4096 : 0;

	if (r->fd >= 0)
		return router_may_ask(r);
	snprintf(path, sizeof(path), "%s/socket", w.server.dir);
	router_connect(r, w.server.port, local ? path : NULL, window);
	note("%s connects%s; ", r->name, local ? " locally" : "");
	return true;
}

void
step_connect(void)
{
	struct router *r = draw_router();

	connect_one(r);
	note("%s waits\n", r->name);
}

/* One query or several at once, of which the last may come in two parts. */
void
step_query(void)
{
	struct router *r = draw_router();
	struct queries q = {.len = 0};
	uint32_t n = one_in(4) ? 1 + chance(8) : 1;
	unsigned version;

	if (!connect_one(r)) {
		note("%s can't ask\n", r->name);
		return;
	}
	version = draw_version(r);
	for (uint32_t i = 0; i < n; i++)
		put_query(&q, r, version);
	note("%s asks %u times in version %u\n", r->name, n, version);
	router_send(r, q.bytes, q.len, n == 1 && one_in(6) ? 1 + chance((uint32_t)q.len - 1) : 0);
}

void
step_rest(void)
{
	size_t rests = 0;

	for (size_t i = 0; i < ROUTERS; i++) {
		if (w.routers[i].fd < 0 || !w.routers[i].partial_len)
			continue;
		rests++;
		note("%s sends the rest of its query; ", w.routers[i].name);
		router_send_rest(&w.routers[i]);
	}
	note(rests ? "\n" : "no query was begun\n");
}

/* What no router should say. */
void
step_nonsense(void)
{
	struct router *r = draw_router();
	struct queries q = {.len = 0};
	unsigned version, type = chance(14);
	static const size_t lengths[] = {8, 8, 12, 20, 0, 8, 32, 24, 8, 40, 16, 16, 8, 8};

	if (!connect_one(r)) {
		note("%s can't ask\n", r->name);
		return;
	}
	version = draw_version(r);
	if (one_in(3))
		put_query(&q, r, version);
	if (one_in(4) && r->version >= 0)
		version = (version + 1 + chance(2)) % VERSIONS;
	if (one_in(5))
		put(&q, version, type, 0, one_in(2) ? chance(8) : 65536 + chance(1000000), 0, 8);
	else if (type == 5 || !lengths[type])
		put(&q, version, 5, 0, 8, 0, 8);
	else
		put(&q, version, type, 0, (uint32_t)lengths[type], 0, lengths[type]);
	if (one_in(3))
		put_query(&q, r, version);
	note("%s sends a PDU of type %u in version %u\n", r->name, type, version);
	router_send(r, q.bytes, q.len, 0);
}

void
step_leave(void)
{
	struct router *r = draw_router();
	bool abort = one_in(2);

	if (r->fd >= 0 && router_may_ask(r) && one_in(4)) {
		note("%s shuts its side\n", r->name);
		router_shut(r);
		return;
	}
	note("%s leaves%s\n", r->name, abort ? " with a reset" : "");
	router_close(r, abort);
}

void
step_pause(void)
{
	struct router *r = draw_router();

	r->paused = r->fd >= 0 && !r->paused;
	note("%s %s\n", r->name, r->paused ? "takes no more data" : "reads");
}
