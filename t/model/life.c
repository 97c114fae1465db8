/* SPDX-License-Identifier: ISC */
#include <poll.h>
#include <signal.h>
#include <string.h>

#include "walk.h"

#define OPTIONS 40

static const char *
option(const char *name, uint32_t value)
{
	static char texts[OPTIONS][40];
	static size_t next;
	char *text = texts[next++ % OPTIONS];

	snprintf(text, sizeof(texts[0]), "--%s=%u", name, value);
	return text;
}

/* With its annotations, but nothing of what is only known of the stream. */
static void
on_restore(size_t commit, size_t changes)
{
	history_restore(&w.history, commit, changes);
	note("serial %u goes on with %zu changes kept\n", history_now(&w.history)->serial, changes);
	feed_restore(&w.feed);
}

/* What it is told, and we have to know. */
static void
draw_rules(void)
{
	struct timers *t = &w.cache.timers;

	*t = (struct timers){.refresh = 1 + chance(500), .retry = 1 + chance(500), .expire = 600 + chance(1000)};
	if (!w.history.on_disk)
		history_clear(&w.history);
	w.history.limit = ONE_OF(0, 1, 3, 10, 40, 1000);
	w.feed.rules = (struct rules){one_in(8), w.history.on_disk ? 0 : ONE_OF(0, 0, 100), ONE_OF(0, 0, 30)};
	w.cache.history = w.feed.history = w.server.history = &w.history;
	w.cache.max_version = ONE_OF(2, 2, 2, 2, 1, 0);
	w.cache.notify_interval = ONE_OF(0, 0, 0, 1, 60);
	w.cache.stopping = false;
	w.server.by_file = one_in(4);
}

void
life_start(void)
{
	const char *argv[OPTIONS];
	size_t n = 0;
	struct timers *t = &w.cache.timers;

	draw_rules();
	argv[n++] = option("history", (uint32_t)w.history.limit);
	argv[n++] = option("max-age", w.feed.rules.max_age);
	argv[n++] = option("max-version", w.cache.max_version);
	argv[n++] = option("notify-interval", w.cache.notify_interval);
	argv[n++] = option("refresh", t->refresh);
	argv[n++] = option("retry", t->retry);
	argv[n++] = option("expire", t->expire);
	argv[n++] = option("query-timeout", 3600);
	argv[n++] = option("stall-timeout", 3600);
	if (w.feed.rules.max_shrink)
		argv[n++] = option("max-shrink", w.feed.rules.max_shrink);
	if (w.feed.rules.ignore_expiry)
		argv[n++] = "-E";
	if (one_in(8))
		argv[n++] = "--shutdown=flush";
	argv[n] = NULL;
	note("start%s", w.server.by_file ? " with a file" : "");
	for (size_t i = 0; i < n; i++)
		note(" %s", argv[i]);
	note("\n");
	w.feed.now = *w.server.clock;
	feed_clear(&w.feed);
	w.is_open = w.began = false;
	w.audited = SIZE_MAX;
	if (w.server.by_file)
		server_replace_file(&w.server, "# nothing yet\n", 14);
	w.server.on_restore = on_restore;
	server_start(&w.server, argv);
	server_await_commits(&w.server);
	w.server.flushes = n && strcmp(argv[n - 1], "--shutdown=flush") == 0;
}

/* SIGTERM where routers are told: those of version 2 forget, the others are only closed. */
static void
flush_routers(void)
{
	for (size_t i = 0; i < ROUTERS; i++)
		if (w.routers[i].paused)
			router_close(&w.routers[i], false);
	settle();
	w.cache.stopping = true;
	server_signal(&w.server, SIGTERM);
	for (size_t i = 0; i < ROUTERS + VERSIONS; i++) {
		struct router *r = i < ROUTERS ? &w.routers[i] : &w.auditors[i - ROUTERS];
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

void
wake_reader(void)
{
	for (int i = 0; i < 2; i++) {
		size_t before = w.server.none_held;

		server_signal(&w.server, SIGUSR1);
		server_await(&w.server, &w.server.none_held, before + 1, "no table is held back");
	}
	server_await_commits(&w.server);
}

static void
begin_next_life(bool hard)
{
	for (size_t i = 0; i < ROUTERS; i++)
		router_close(&w.routers[i], one_in(2));
	for (size_t i = 0; i < VERSIONS; i++)
		router_close(&w.auditors[i], false);
	server_kill(&w.server, hard);
	life_start();
}

void
life_restart(bool hard)
{
	/* What waits to be written has to be, or nobody knows which annotations are there. */
	if (hard && w.history.on_disk && w.feed.has_held)
		hard = false;
	if (hard && w.history.on_disk)
		wake_reader();
	note(hard ? "kill -9, " : "SIGTERM, ");
	if (!hard && w.server.flushes)
		flush_routers();
	begin_next_life(hard);
}

void
life_crash(void)
{
	begin_next_life(true);
}
