/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "walk.h"

struct walk w = {.server.input = -1};

static FILE *story;		/* what was done */
static char *story_text;
static size_t story_len;
static bool verbose;

uint32_t
one_of(const uint32_t *values, uint32_t count)
{
	return values[chance(count)];
}

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
	server_show_log(&w.server, to);
}

void
walk_clean_up(void)
{
	static const char *const files[] = {"clock", "socket", "table", "table.new", "state/state", "state/state.new", "state/lock", "state"};
	char path[100];

	if (w.server.pid)
		kill(w.server.pid, SIGKILL);
	for (size_t i = 0; i < COUNT(files) && w.server.dir[0]; i++) {
		snprintf(path, sizeof(path), "%s/%s", w.server.dir, files[i]);
		(void)remove(path);
	}
	if (w.server.dir[0])
		rmdir(w.server.dir);
}

/* ---- waiting ---- */

static bool
is_settled(struct router *r)
{
	if (r->fd < 0 || r->paused)
		return true;
	return router_read(r) && (w.cache.notify_interval > 0 || !router_notify_due(r));
}

static bool
all_settled(void)
{
	bool settled = true;

	for (size_t i = 0; i < ROUTERS; i++)
		settled &= is_settled(&w.routers[i]);
	for (size_t i = 0; i < VERSIONS; i++)
		settled &= is_settled(&w.auditors[i]);
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
		struct router *r = i < ROUTERS ? &w.routers[i] : &w.auditors[i - ROUTERS];

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

void
settle(void)
{
	int64_t end = now_ms() + patience();

	while (!all_settled()) {
		struct pollfd p[ROUTERS + VERSIONS + 1] = {{.fd = w.server.log, .events = POLLIN}};
		nfds_t n = 1;

		for (size_t i = 0; i < ROUTERS; i++)
			add_poll(p, &n, &w.routers[i]);
		for (size_t i = 0; i < VERSIONS; i++)
			add_poll(p, &n, &w.auditors[i]);
		if (now_ms() > end)
			give_up();
		poll(p, n, 1000);
		server_listen(&w.server, 0);
	}
}

/* ---- what holds after every step ---- */

static struct router *
auditor(unsigned version)
{
	struct router *r = &w.auditors[version];
	struct queries q = {.len = 0};

	if (r->fd >= 0)
		return r;
	router_connect(r, w.server.port, NULL, 0);
	put_reset_query(&q, version);
	router_send(r, q.bytes, q.len, 0);
	settle();
	return r;
}

static void
ask_from(struct router *r, unsigned version, uint32_t serial)
{
	struct queries q = {.len = 0};

	put_serial_query(&q, version, w.history.session[version], serial);
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
	if (!w.history.has_session[version])
		settle();
	if (!w.history.count)
		return;
	for (size_t i = w.history.kept > 3 ? w.history.kept - 3 : 0; i < w.history.count; i++)
		ask_from(r, version, w.history.commits[i].serial);
}

static void
audit(void)
{
	for (unsigned v = 0; v <= w.cache.max_version; v++) {
		struct router *r = auditor(v);

		if (w.audited != w.history.count)
			audit_version(v);
		else if (w.history.count)
			ask_from(r, v, w.history.commits[chance((uint32_t)w.history.count)].serial);
	}
	w.audited = w.history.count;
	settle();
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
			life_restart(one_in(2));
		return;
	}
	if (w.server.input >= 0 && one_in(100)) {
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

	w.server.program = config->program;
	w.server.clock_lib = config->clock_lib;
	snprintf(w.server.dir, sizeof(w.server.dir), "%s/rtr-model.XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	if (!mkdtemp(w.server.dir))
		trouble("%s: %s", w.server.dir, strerror(errno));
	server_prepare(&w.server);
	for (size_t i = 0; i < ROUTERS; i++) {
		snprintf(names[i], sizeof(names[i]), "router %zu", i);
		router_init(&w.routers[i], names[i], &w.cache);
	}
	for (size_t i = 0; i < VERSIONS; i++) {
		snprintf(names[ROUTERS + i], sizeof(names[0]), "auditor %zu", i);
		router_init(&w.auditors[i], names[ROUTERS + i], &w.cache);
	}
	story = config->verbose ? stdout : open_memstream(&story_text, &story_len);
	verbose = config->verbose;
	if (!story)
		trouble("out of memory");
}

static void
finish(void)
{
	for (size_t i = 0; i < ROUTERS; i++)
		router_release(&w.routers[i]);
	for (size_t i = 0; i < VERSIONS; i++)
		router_release(&w.auditors[i]);
	server_kill(&w.server, false);
	history_clear(&w.history);
	block_release(&w.open_block);
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
	w.history.on_disk = one_in(2);
	life_start();
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
