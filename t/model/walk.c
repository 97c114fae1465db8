/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "model.h"

#define ROUTERS 6
#define OPTIONS 40

static struct server server = {.input = -1};
static struct history history;
static struct feed feed;
static struct cache cache;
static struct router routers[ROUTERS];
static struct router auditors[VERSIONS];	/* one of each version, which asks from every serial */
static size_t audited;		/* commits, at the last audit */
static struct block open_block;	/* of which the first lines were written */
static size_t open_lines;
static bool is_open;
static bool began;		/* something was written in this life */

static FILE *story;		/* what was done */
static char *story_text;
static size_t story_len;
static bool verbose;

/* ---- the list of steps ---- */

void
note(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(story, fmt, ap);
	va_end(ap);
}

void
walk_show(FILE *to)
{
	if (story) {
		fflush(story);
		fputs(story_text, to);
	}
	fputs("\nthe end of the log:\n", to);
	server_show_log(&server, to);
}

void
walk_clean_up(void)
{
	static const char *const files[] = {"clock", "socket", "table", "table.new", "state/state", "state/state.new", "state/lock", "state"};
	char path[100];

	if (server.pid)
		kill(server.pid, SIGKILL);
	for (size_t i = 0; i < COUNT(files) && server.dir[0]; i++) {
		snprintf(path, sizeof(path), "%s/%s", server.dir, files[i]);
		(void)remove(path);
	}
	if (server.dir[0])
		rmdir(server.dir);
}

/* ---- waiting ---- */

static bool
is_settled(struct router *r)
{
	if (r->fd < 0 || r->paused)
		return true;
	return router_read(r) && (cache.notify_interval > 0 || !router_notify_due(r));
}

static bool
all_settled(void)
{
	bool settled = true;

	for (size_t i = 0; i < ROUTERS; i++)
		settled &= is_settled(&routers[i]);
	for (size_t i = 0; i < VERSIONS; i++)
		settled &= is_settled(&auditors[i]);
	return settled;
}

static void
add_poll(struct pollfd *p, nfds_t *n, const struct router *r)
{
	if (r->fd >= 0 && !r->paused)
		p[(*n)++] = (struct pollfd){.fd = r->fd, .events = POLLIN};
}

static void
give_up(void)
{
	char text[2000] = "";
	FILE *to = fmemopen(text, sizeof(text), "w");

	for (size_t i = 0; to && i < ROUTERS + VERSIONS; i++) {
		struct router *r = i < ROUTERS ? &routers[i] : &auditors[i - ROUTERS];

		if (is_settled(r))
			continue;
		fputs("\n  ", to);
		router_describe_dues(r, to);
		fputs(router_notify_due(r) ? ", a Notify is due" : r->ending ? ", the cache has to close" : "", to);
	}
	if (to)
		fclose(to);
	fail("what is due doesn't come:%s", text);
}

/* Until every router that reads has what is due. */
static void
settle(void)
{
	int64_t end = now_ms() + patience();

	while (!all_settled()) {
		struct pollfd p[ROUTERS + VERSIONS + 1] = {{.fd = server.log, .events = POLLIN}};
		nfds_t n = 1;

		for (size_t i = 0; i < ROUTERS; i++)
			add_poll(p, &n, &routers[i]);
		for (size_t i = 0; i < VERSIONS; i++)
			add_poll(p, &n, &auditors[i]);
		if (now_ms() > end)
			give_up();
		poll(p, n, 1000);
		server_listen(&server, 0);
	}
}

/* ---- queries ---- */

struct queries {
	unsigned char bytes[512];
	size_t len;
};

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

static void
put_serial_query(struct queries *q, unsigned version, uint16_t session, uint32_t serial)
{
	put(q, version, SERIAL_QUERY, session, 12, serial, 12);
}

static void
put_reset_query(struct queries *q, unsigned version)
{
	/* The field is reserved, and ignored. */
	put(q, version, RESET_QUERY, one_in(8) ? 0xffff : 0, 8, 0, 8);
}

/* A serial that is known, was, will be, or never is. */
static uint32_t
draw_serial(const struct router *r)
{
	const struct commit *now = history_now(&history);
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
		return history.count ? history.commits[chance((uint32_t)history.count)].serial : 0;
	default:
		return r->has_serial ? r->serial : serial;
	}
}

static uint16_t
draw_session(const struct router *r, unsigned version)
{
	if (one_in(12))
		return (uint16_t)chance(65536);
	if (version < VERSIONS && history.has_session[version] && !one_in(6))
		return history.session[version];
	return r->session;
}

static unsigned
draw_version(const struct router *r)
{
	static const uint8_t odd[] = {3, 7, 255};

	if (r->version >= 0)
		return (unsigned)r->version;
	if (r->refusals)	/* it goes down, as it was told to */
		return one_in(3) ? odd[chance(COUNT(odd))] : cache.max_version;
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

/* ---- what holds after every step ---- */

static struct router *
auditor(unsigned version)
{
	struct router *r = &auditors[version];
	struct queries q = {.len = 0};

	if (r->fd >= 0)
		return r;
	router_connect(r, server.port, NULL, 0);
	put_reset_query(&q, version);
	router_send(r, q.bytes, q.len, 0);
	settle();
	return r;
}

static void
ask_from(struct router *r, unsigned version, uint32_t serial)
{
	struct queries q = {.len = 0};

	put_serial_query(&q, version, history.session[version], serial);
	if (!router_may_ask(r))
		settle();
	router_send(r, q.bytes, q.len, 0);
}

/* The table, and the delta from every serial that is kept and a few that aren't. */
static void
audit_version(unsigned version)
{
	struct router *r = auditor(version);
	struct queries q = {.len = 0};

	put_reset_query(&q, version);
	router_send(r, q.bytes, q.len, 0);
	if (!history.has_session[version])
		settle();
	if (!history.count)
		return;
	for (size_t i = history.kept > 3 ? history.kept - 3 : 0; i < history.count; i++)
		ask_from(r, version, history.commits[i].serial);
}

static void
audit(void)
{
	for (unsigned v = 0; v <= cache.max_version; v++) {
		struct router *r = auditor(v);

		if (audited != history.count)
			audit_version(v);
		else if (history.count)
			ask_from(r, v, history.commits[chance((uint32_t)history.count)].serial);
	}
	audited = history.count;
	settle();
}

/* ---- lives ---- */

static const char *
option(const char *name, uint32_t value)
{
	static char texts[OPTIONS][40];
	static size_t next;
	char *text = texts[next++ % OPTIONS];

	snprintf(text, sizeof(texts[0]), "--%s=%u", name, value);
	return text;
}

static uint32_t
one_of(const uint32_t *values, uint32_t count)
{
	return values[chance(count)];
}

#define ONE_OF(...) one_of((const uint32_t[]){__VA_ARGS__}, COUNT(((const uint32_t[]){__VA_ARGS__})))

/* With its annotations, but nothing of what is only known of the stream. */
static void
on_restore(size_t commit, size_t changes)
{
	history_restore(&history, commit, changes);
	note("serial %u goes on with %zu changes kept\n", history_now(&history)->serial, changes);
	feed_restore(&feed);
}

static void
start(void)
{
	const char *argv[OPTIONS];
	size_t n = 0;
	struct timers *t = &cache.timers;

	*t = (struct timers){.refresh = 1 + chance(500), .retry = 1 + chance(500), .expire = 600 + chance(1000)};
	if (!history.on_disk)
		history_clear(&history);
	history.limit = ONE_OF(0, 1, 3, 10, 40, 1000);
	feed.rules = (struct rules){one_in(8), history.on_disk ? 0 : ONE_OF(0, 0, 100), ONE_OF(0, 0, 30)};
	cache.history = feed.history = server.history = &history;
	cache.max_version = ONE_OF(2, 2, 2, 2, 1, 0);
	cache.notify_interval = ONE_OF(0, 0, 0, 1, 60);
	cache.stopping = false;
	server.by_file = one_in(4);
	argv[n++] = option("history", (uint32_t)history.limit);
	argv[n++] = option("max-age", feed.rules.max_age);
	argv[n++] = option("max-version", cache.max_version);
	argv[n++] = option("notify-interval", cache.notify_interval);
	argv[n++] = option("refresh", t->refresh);
	argv[n++] = option("retry", t->retry);
	argv[n++] = option("expire", t->expire);
	argv[n++] = option("query-timeout", 3600);
	argv[n++] = option("stall-timeout", 3600);
	if (feed.rules.max_shrink)
		argv[n++] = option("max-shrink", feed.rules.max_shrink);
	if (feed.rules.ignore_expiry)
		argv[n++] = "-E";
	if (one_in(8))
		argv[n++] = "--shutdown=flush";
	argv[n] = NULL;
	note("start%s", server.by_file ? " with a file" : "");
	for (size_t i = 0; i < n; i++)
		note(" %s", argv[i]);
	note("\n");
	cache.stopping = false;
	feed.now = *server.clock;
	feed_clear(&feed);
	is_open = began = false;
	audited = SIZE_MAX;
	if (server.by_file)
		server_replace_file(&server, "# nothing yet\n", 14);
	server_start(&server, argv);
	server_await_commits(&server);
	server.flushes = n && strcmp(argv[n - 1], "--shutdown=flush") == 0;
}

/* SIGTERM where routers are told: those of version 2 forget, the others are only closed. */
static void
flush_routers(void)
{
	for (size_t i = 0; i < ROUTERS; i++)
		if (routers[i].paused)
			router_close(&routers[i], false);
	settle();
	cache.stopping = true;
	server_signal(&server, SIGTERM);
	for (size_t i = 0; i < ROUTERS + VERSIONS; i++) {
		struct router *r = i < ROUTERS ? &routers[i] : &auditors[i - ROUTERS];
		int64_t end = now_ms() + patience();
		int version = r->version;
		struct pollfd p = {.fd = r->fd, .events = POLLIN};

		while (r->fd >= 0 && now_ms() < end) {
			poll(&p, 1, 100);
			router_read(r);
		}
		if (r->fd >= 0)
			fail("%s: it isn't closed at the end", r->name);
		if (p.fd >= 0 && version == 2 && !r->farewell)
			fail("%s: it isn't told to forget its data", r->name);
	}
}

/* Where nothing is held back, this wakes the reader: what it had to do before is done when it has answered twice. */
static void
wake_reader(void)
{
	for (int i = 0; i < 2; i++) {
		size_t before = server.none_held;

		server_signal(&server, SIGUSR1);
		server_await(&server, &server.none_held, before + 1, "no table is held back");
	}
	server_await_commits(&server);
}

static void
begin_next_life(bool hard)
{
	for (size_t i = 0; i < ROUTERS; i++)
		router_close(&routers[i], one_in(2));
	for (size_t i = 0; i < VERSIONS; i++)
		router_close(&auditors[i], false);
	server_kill(&server, hard);
	start();
}

static void
restart(bool hard)
{
	/* What waits to be written has to be, or nobody knows which annotations are there. */
	if (hard && history.on_disk && feed.has_held)
		hard = false;
	if (hard && history.on_disk)
		wake_reader();
	note(hard ? "kill -9, " : "SIGTERM, ");
	if (!hard && server.flushes)
		flush_routers();
	begin_next_life(hard);
}

/* ---- the feed ---- */

static bool
can_feed(void)
{
	return server.by_file || server.input >= 0;
}

static uint32_t
draw_expiry(void)
{
	uint32_t now = (uint32_t)feed.now;

	if (!one_in(4))
		return NEVER;
	return one_in(8) ? now - 3 : now + 1 + chance(40);
}

static struct entry
draw_entry(size_t id)
{
	return (struct entry){record_value(id), (uint8_t)chance(TRUST_ANCHORS), draw_expiry()};
}

static int64_t
draw_time(void)
{
	if (!feed.rules.max_age || one_in(4))
		return UNDATED;
	if (one_in(10))
		return feed.now - feed.rules.max_age - 1 - chance(50);
	return feed.now - chance(feed.rules.max_age / 2);
}

static size_t
draw_id(void)
{
	return chance((uint32_t)universe_small());
}

static void
shuffle(struct block *b)
{
	for (size_t i = b->count; i > 1; i--) {
		size_t j = chance((uint32_t)i);
		struct line l = b->lines[j];

		b->lines[j] = b->lines[i - 1];
		b->lines[i - 1] = l;
	}
}

/* A run of bulk records: how many, beginning where. */
static size_t
draw_run(size_t *from)
{
	size_t n = ONE_OF(1, 30, 300, 3000, 11000), room = RECORDS - SMALL;

	*from = SMALL + chance((uint32_t)(room - n));
	return n;
}

/* All that was told so far but for some, some more, and some of it twice. */
static void
fill_snapshot(struct block *b)
{
	uint32_t lose = ONE_OF(2, 20, 20, 1000000);
	size_t from = 0, run = one_in(6) ? draw_run(&from) : 0, more = chance(20);

	for (size_t i = 0; i < RECORDS && feed.has_told; i++)
		if (feed.told[i].value && !one_in(lose))
			block_add(b, 0, i, one_in(30) ? draw_entry(i) : feed.told[i]);
	for (size_t i = 0; i < more; i++) {
		size_t id = draw_id();

		block_add(b, 0, id, draw_entry(id));
	}
	for (size_t i = from; i < from + run; i++)
		block_add(b, 0, i, (struct entry){1, (uint8_t)(i % TRUST_ANCHORS), NEVER});
	if (one_in(3))
		shuffle(b);
}

/* Changes that fit what was told, each record once, unless withdrawn and announced. */
static void
fill_delta(struct block *b, bool annotations)
{
	bool used[RECORDS] = {false};
	size_t from = 0, run = !annotations && one_in(6) ? draw_run(&from) : 0, changes = chance(16);

	for (size_t i = 0; i < changes; i++) {
		size_t id = draw_id();
		struct entry old = feed.told[id], new = draw_entry(id);

		if (used[id] || (annotations && !old.value))
			continue;
		used[id] = true;
		if (annotations || one_in(4))
			new.value = old.value ? old.value : new.value;
		if (old.value && !annotations && one_in(2))
			block_add(b, '-', id, one_in(2) ? old : draw_entry(id));
		else if (old.value == new.value && old.ta == new.ta && old.expires == new.expires)
			continue;
		if (!old.value || annotations || one_in(2))
			block_add(b, '+', id, new);
	}
	for (size_t i = from; i < from + run; i++)
		block_add(b, feed.told[i].value ? '-' : '+', i, (struct entry){1, (uint8_t)(i % TRUST_ANCHORS), NEVER});
	if (one_in(3))
		shuffle(b);
}

/* One line that doesn't fit: withdrawn and not there, or announced and there just so. */
static void
misfit(struct block *b)
{
	size_t id = draw_id();

	block_add(b, feed.told[id].value ? '+' : '-', id, feed.told[id].value ? feed.told[id] : draw_entry(id));
}

static const char *const outcomes[] = {"taken", "refused", "held back", "too old"};

/* The text of a block, and what has to come of it. */
static void
say(FILE *to, struct block *b, size_t from, size_t expect[4])
{
	enum outcome o;

	block_write(to, b, from, SIZE_MAX);
	o = feed_block(&feed, b);
	expect[o]++;
	note(", %s", outcomes[o]);
}

static void
await_outcomes(const size_t before[4], const size_t expect[4])
{
	server_await(&server, &server.discarded, before[DISCARDED] + expect[DISCARDED], "a block is discarded");
	server_await(&server, &server.taken, before[TAKEN] + expect[TAKEN] + expect[HELD_BACK] + expect[TOO_OLD], "a block is taken");
	server_await(&server, &server.held_back, before[HELD_BACK] + expect[HELD_BACK], "a table is held back");
	server_await(&server, &server.too_old, before[TOO_OLD] + expect[TOO_OLD], "a table is too old");
	server_await_commits(&server);
}

/* Hand text over and wait until all of it has come to what it should. */
static void
deliver(const char *text, size_t len, const size_t expect[4], bool end)
{
	const size_t before[] = {server.taken, server.discarded, server.held_back, server.too_old};
	size_t half = one_in(2) ? chance((uint32_t)len + 1) : 0;

	began = true;
	if (server.by_file) {
		server_replace_file(&server, text, len);
		server_signal(&server, SIGHUP);
	} else {
		server_write(&server, text, half);
		server_write(&server, text + half, len - half);
		if (end)
			server_end_input(&server);
	}
	await_outcomes(before, expect);
	if (history.count)
		note(" (serial %u, %zu records, %zu changes kept)", history_now(&history)->serial, history_now(&history)->count,
		     history_changes(&history));
	note("\n");
}

static struct block
draw_block(bool snapshot)
{
	struct block b = {.kind = snapshot ? SNAPSHOT : DELTA, .time = draw_time()};

	if (b.kind == SNAPSHOT && one_in(12))
		note("empty ");
	else if (b.kind == SNAPSHOT)
		fill_snapshot(&b);
	else
		fill_delta(&b, one_in(6));
	if (b.kind == DELTA && one_in(12))
		misfit(&b);
	b.broken = one_in(12);
	b.bad_at = chance((uint32_t)b.count + 1);
	note("%s of %zu lines%s", b.kind == SNAPSHOT ? "snapshot" : "delta", b.count, b.broken ? ", malformed" : "");
	return b;
}

/* The rest of a block that was begun, or what cuts it off. */
static void
close_open_block(FILE *to, size_t expect[4])
{
	if (!is_open)
		return;
	is_open = false;
	if (one_in(3)) {
		note("cut short, ");
		feed_refused(&feed);
		expect[DISCARDED]++;
	} else {
		note("the rest of a block");
		say(to, &open_block, open_lines, expect);
		note("; ");
	}
	block_release(&open_block);
}

/* One block or several, and then perhaps one that has no end. */
static void
step_feed(void)
{
	size_t expect[4] = {0}, len, blocks = one_in(5) ? 2 + chance(3) : 1;
	bool cut;
	char *text;
	FILE *to = open_memstream(&text, &len);

	if (!to)
		trouble("out of memory");
	close_open_block(to, expect);
	for (size_t i = 0; i < blocks; i++) {
		struct block b;

		note(i ? "; " : "");
		b = draw_block((server.by_file && i == 0) || !feed.based ? !one_in(5) || server.by_file : one_in(4));

		block_begin(to, &b);
		say(to, &b, 0, expect);
		block_release(&b);
	}
	cut = server.by_file && one_in(6);
	if (cut) {
		fputs("%snapshot\n10.0.0.0/8 8 AS1\n", to);
		feed_refused(&feed);
		expect[DISCARDED]++;
		note(", cut short");
	}
	fclose(to);
	deliver(text, len, expect, false);
	free(text);
}

/* A part of a block, whose end comes with a later step or never. */
static void
step_begin_block(void)
{
	size_t len;
	char *text;
	FILE *to;

	if (server.by_file || is_open) {
		step_feed();
		return;
	}
	open_block = draw_block(!feed.based || one_in(4));
	open_block.broken = false;
	if (open_block.count == 0) {
		note(": not begun\n");
		block_release(&open_block);
		return;
	}
	to = open_memstream(&text, &len);
	if (!to)
		trouble("out of memory");
	open_lines = chance((uint32_t)open_block.count);
	block_begin(to, &open_block);
	block_write(to, &open_block, 0, open_lines);
	fclose(to);
	is_open = began = true;
	note(": the first %zu lines\n", open_lines);
	server_write(&server, text, len);
	free(text);
}

/* Records without a frame are a table when the input ends. */
static void
step_list(void)
{
	struct block b = {.kind = LIST, .time = UNDATED};
	size_t expect[4] = {0}, len;
	char *text;
	FILE *to;

	if (!server.by_file && began) {
		step_feed();
		return;
	}
	to = open_memstream(&text, &len);
	if (!to)
		trouble("out of memory");
	fill_snapshot(&b);
	misfit(&b);
	b.lines[b.count - 1].sign = 0;
	b.broken = one_in(8);
	b.bad_at = chance((uint32_t)b.count);
	note("list of %zu lines%s", b.count, b.broken ? ", malformed" : "");
	block_begin(to, &b);
	say(to, &b, 0, expect);
	fclose(to);
	deliver(text, len, expect, true);
	block_release(&b);
	free(text);
}

static void
step_end_input(void)
{
	size_t expect[4] = {0};

	note("the input ends");
	if (is_open) {
		feed_refused(&feed);
		expect[DISCARDED]++;
		block_release(&open_block);
		is_open = false;
	}
	deliver("", 0, expect, true);
}

static void
step_accept(void)
{
	note("SIGUSR1");
	if (feed_accept(&feed)) {
		note(": accepts what was held back\n");
		server_signal(&server, SIGUSR1);
		server_await_commits(&server);
	} else {
		note("\n");
		wake_reader();
	}
}

static void
step_clock(void)
{
	int64_t by = one_in(8) ? -(int64_t)chance(30) : one_in(8) ? 50 + chance(100) : 1 + chance(15);

	/* With a table held back the reader can't be waked without accepting it. */
	if (feed.has_held) {
		step_accept();
		return;
	}
	note("the clock goes on by %lld s", (long long)by);
	*server.clock += by;
	feed_tick(&feed, *server.clock);
	if (history.count)
		note(" (serial %u)", history_now(&history)->serial);
	note("\n");
	wake_reader();
}

/* Only what changes identities: which annotations get to the disk before a kill can't be known. */
static void
fill_plain_delta(struct block *b)
{
	fill_delta(b, false);
	for (size_t i = 0; i < b->count;) {
		struct line *l = &b->lines[i];

		if ((l->sign == '-') != (feed.told[l->id].value != 0)) {
			*l = b->lines[--b->count];
			continue;
		}
		l->entry.ta = 0;
		l->entry.expires = NEVER;
		i++;
	}
}

/* Killed while it takes some blocks in: it may be anywhere between before and behind them. */
static void
step_crash(void)
{
	size_t expect[4] = {0}, len, blocks = 1 + chance(4);
	char *text;
	FILE *to;

	if (server.by_file || !can_feed() || is_open || feed.has_held || !feed.based) {
		restart(true);
		return;
	}
	if (history.on_disk)
		wake_reader();
	to = open_memstream(&text, &len);
	if (!to)
		trouble("out of memory");
	for (size_t i = 0; i < blocks; i++) {
		struct block b = {.kind = DELTA, .time = UNDATED};

		fill_plain_delta(&b);
		note("delta of %zu lines", b.count);
		block_begin(to, &b);
		say(to, &b, 0, expect);
		block_release(&b);
		note("; ");
	}
	fclose(to);
	server_write(&server, text, len);
	free(text);
	usleep(one_in(3) ? 0 : chance(3000));
	note("kill -9 meanwhile, ");
	begin_next_life(true);
}

/* ---- routers ---- */

static struct router *
draw_router(void)
{
	return &routers[chance(ROUTERS)];
}

static bool
connect_one(struct router *r)
{
	char path[100];
	bool local = one_in(4);
	int window = one_in(3) ? 4096 : 0;

	if (r->fd >= 0)
		return router_may_ask(r);
	snprintf(path, sizeof(path), "%s/socket", server.dir);
	router_connect(r, server.port, local ? path : NULL, window);
	note("%s connects%s; ", r->name, local ? " locally" : "");
	return true;
}

static void
step_connect(void)
{
	struct router *r = draw_router();

	connect_one(r);
	note("%s waits\n", r->name);
}

/* One query or several at once, of which the last may come in two parts. */
static void
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

static void
step_rest(void)
{
	size_t rests = 0;

	for (size_t i = 0; i < ROUTERS; i++) {
		if (routers[i].fd < 0 || !routers[i].partial_len)
			continue;
		rests++;
		note("%s sends the rest of its query; ", routers[i].name);
		router_send_rest(&routers[i]);
	}
	note(rests ? "\n" : "no query was begun\n");
}

/* What no router should say. */
static void
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

static void
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

static void
step_pause(void)
{
	struct router *r = draw_router();

	r->paused = r->fd >= 0 && !r->paused;
	note("%s %s\n", r->name, r->paused ? "takes no more data" : "reads");
}

/* ---- the walk ---- */

static void
step(void)
{
	static const struct {
		void (*run)(void);
		uint32_t weight;
		bool feeds;
	} steps[] = {
		{step_feed, 30, true}, {step_begin_block, 3, true}, {step_list, 2, true},  {step_accept, 2, false},
		{step_clock, 8, false}, {step_connect, 2, false},   {step_query, 24, false}, {step_rest, 3, false},
		{step_nonsense, 4, false}, {step_leave, 4, false},  {step_pause, 4, false},
	};
	uint32_t all = 0, draw;
	size_t i = 0;

	if (!can_feed() ? one_in(6) : one_in(50)) {
		if (one_in(2))
			step_crash();
		else
			restart(one_in(2));
		return;
	}
	if (server.input >= 0 && one_in(100)) {
		step_end_input();
		return;
	}
	for (size_t k = 0; k < COUNT(steps); k++)
		all += steps[k].weight;
	draw = chance(all);
	while (draw >= steps[i].weight)
		draw -= steps[i++].weight;
	if (steps[i].feeds && !can_feed())
		step_query();
	else
		steps[i].run();
}

static void
prepare(const struct walk_config *config)
{
	static char names[ROUTERS + VERSIONS][20];

	server.program = config->program;
	server.clock_lib = config->clock_lib;
	snprintf(server.dir, sizeof(server.dir), "%s/rtr-model.XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	if (!mkdtemp(server.dir))
		trouble("%s: %s", server.dir, strerror(errno));
	server_prepare(&server);
	for (size_t i = 0; i < ROUTERS; i++) {
		snprintf(names[i], sizeof(names[i]), "router %zu", i);
		router_init(&routers[i], names[i], &cache);
	}
	for (size_t i = 0; i < VERSIONS; i++) {
		snprintf(names[ROUTERS + i], sizeof(names[0]), "auditor %zu", i);
		router_init(&auditors[i], names[ROUTERS + i], &cache);
	}
	server.on_restore = on_restore;
	story = config->verbose ? stdout : open_memstream(&story_text, &story_len);
	verbose = config->verbose;
	if (!story)
		trouble("out of memory");
}

static void
finish(void)
{
	for (size_t i = 0; i < ROUTERS; i++)
		router_release(&routers[i]);
	for (size_t i = 0; i < VERSIONS; i++)
		router_release(&auditors[i]);
	server_kill(&server, false);
	history_clear(&history);
	block_release(&open_block);
	if (!verbose) {
		fclose(story);
		free(story_text);
	}
}

void
walk(const struct walk_config *config)
{
	prepare(config);
	chance_begin(config->seed, 0);
	history.on_disk = one_in(2);
	start();
	for (size_t i = 1; i <= config->steps; i++) {
		if (config->left_out && config->left_out[i])
			continue;
		chance_begin(config->seed, i);
		note("%zu: ", i);
		step();
		settle();
		audit();
	}
	finish();
	walk_clean_up();
}
