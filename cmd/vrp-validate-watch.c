/* SPDX-License-Identifier: ISC */
/*
 * vrp-validate --watch: the routes are read once, the table goes on changing.
 * After each block only routes that a changed VRP covers are looked at again.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "delta.h"
#include "load.h"
#include "table.h"
#include "vrp-validate.h"

#define BATCH 256

/* What a callback returns to stop reading, besides -1 for memory. */
#define STOP 1

struct watched {
	struct validity v;	/* by the present table */
	bool touched;		/* the block may have changed it */
};

struct watch {
	const struct cli *cli;
	const struct options *options;
	struct watched *routes;		/* by prefix, then by origin */
	size_t count, room;
	struct vrpset *set;		/* the present table, NULL before the first */
	struct out out;
	struct validity_writer writer;
	bool failed;
};

/* ---- the routes */

static int
take_route(void *ctx, const struct route *r)
{
	struct watch *w = ctx;

	if (w->count == w->room) {
		size_t room = w->room ? 2 * w->room : 4096;
		struct watched *p = realloc(w->routes, room * sizeof(*p));

		if (!p)
			cli_die(w->cli, "out of memory");
		w->routes = p;
		w->room = room;
	}
	w->routes[w->count] = (struct watched){.v = validity_begin(w->options, r)};
	/* So that those which one prefix covers stand together. */
	prefix_clear_host_bits(&w->routes[w->count++].v.route.prefix);
	return 0;
}

static int
cmp_routes(const void *a, const void *b)
{
	const struct rov_route *x = &((const struct watched *)a)->v.route, *y = &((const struct watched *)b)->v.route;
	int c = prefix_cmp(&x->prefix, &y->prefix);

	return c ? c : (x->origin > y->origin) - (x->origin < y->origin);
}

/* ---- which of them a change touches */

/* The first route that doesn't come before this prefix. */
static size_t
find_first(const struct watch *w, const struct prefix *p)
{
	size_t lo = 0, hi = w->count;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (prefix_cmp(&w->routes[mid].v.route.prefix, p) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static void
touch_all(struct watch *w)
{
	for (size_t i = 0; i < w->count; i++)
		w->routes[i].touched = true;
}

/* Mark what these VRPs cover.  False when that is more work than to look at every route. */
static bool
touch_covered(struct watch *w, const struct vrpset *changed, size_t *work)
{
	size_t count;
	const struct vrp *vrps = vrpset_vrps(changed, &count);

	for (size_t i = 0; i < count; i++) {
		if (i > 0 && prefix_cmp(&vrps[i].prefix, &vrps[i - 1].prefix) == 0)
			continue;
		for (size_t at = find_first(w, &vrps[i].prefix); at < w->count; at++) {
			if (!prefix_covers(&vrps[i].prefix, &w->routes[at].v.route.prefix))
				break;
			w->routes[at].touched = true;
			if (++*work > w->count)
				return false;
		}
	}
	return true;
}

static int
touch(struct watch *w, struct vrpset *set)
{
	struct delta d = DELTA_INIT;
	size_t work = 0;

	if (!w->set) {
		touch_all(w);
		return 0;
	}
	if (delta_between(w->set, set, &d) < 0)
		return -1;
	if (!touch_covered(w, d.withdrawn, &work) || !touch_covered(w, d.announced, &work))
		touch_all(w);
	delta_release(&d);
	return 0;
}

/* ---- what became of them */

/* True when the route's state is another now, its reason aside. */
static bool
changed(enum rov_state old, enum rov_state now)
{
	return old != now && !(rov_invalid(old) && rov_invalid(now));
}

/* Ask for those at these places and write which changed; how many did. */
static size_t
look_again(struct watch *w, const struct rov *rov, const size_t *places, size_t count)
{
	struct rov_route routes[BATCH] = {0};
	struct rov_answer answers[BATCH];
	size_t n = 0;

	for (size_t i = 0; i < count; i++)
		routes[i] = w->routes[places[i]].v.route;
	rov_ask_many(rov, routes, count, answers);
	for (size_t i = 0; i < count; i++) {
		struct validity *v = &w->routes[places[i]].v;
		enum rov_state old = (enum rov_state)v->answer.state;

		v->answer = answers[i];
		if (!w->set || !changed(old, (enum rov_state)v->answer.state))
			continue;
		n++;
		if (options_pass(w->options, v))
			validity_write_change(&w->writer, v, old);
	}
	return n;
}

static size_t
look_at_touched(struct watch *w, const struct rov *rov)
{
	size_t places[BATCH], count = 0, n = 0;

	for (size_t i = 0; i < w->count; i++) {
		if (!w->routes[i].touched)
			continue;
		w->routes[i].touched = false;
		places[count++] = i;
		if (count == BATCH) {
			n += look_again(w, rov, places, count);
			count = 0;
		}
	}
	return n + look_again(w, rov, places, count);
}

static void
say(const struct watch *w, size_t n)
{
	size_t valid = 0, not_found = 0;

	if (w->options->quiet)
		return;
	for (size_t i = 0; i < w->count; i++) {
		valid += w->routes[i].v.answer.state == ROV_VALID;
		not_found += w->routes[i].v.answer.state == ROV_NOT_FOUND;
	}
	cli_warn(w->cli, "%zu routes: %zu valid, %zu invalid, %zu not found; %zu changed", w->count, valid,
		 w->count - valid - not_found, not_found, n);
}

static int
on_commit(void *ctx, struct vrpset *set, const struct block_head *head VRP_UNUSED)
{
	struct watch *w = ctx;
	struct vrp_err err;
	struct rov *rov;
	size_t n;

	if (touch(w, set) < 0)
		return -1;
	rov = rov_new(set, &err);
	if (!rov)
		return -1;
	w->writer.rov = rov;
	n = look_at_touched(w, rov);
	rov_free(rov);
	vrpset_unref(w->set);
	w->set = vrpset_ref(set);
	if (out_flush(&w->out) < 0)
		return STOP;
	say(w, n);
	return 0;
}

static int
on_reject(void *ctx, const struct vrp_err *reason)
{
	struct watch *w = ctx;

	w->failed = true;
	cli_warn_err(w->cli, w->options->table, reason);
	return 0;
}

/* 0 when the table was followed to its end, STOP, or -1 when memory is out. */
static int
follow(struct watch *w, struct table *t, int fd)
{
	int error, rc = load_feed(t, fd, &error);

	if (rc == 0 && error) {
		cli_warn(w->cli, "%s: %s", w->options->table, strerror(error));
		w->failed = true;
		rc = table_break(t);
	} else if (rc == 0) {
		rc = table_finish(t);
	}
	return rc;
}

static void
watch_table(struct watch *w)
{
	static const struct table_ops ops = {.commit = on_commit, .reject = on_reject};
	const char *path = w->options->table;
	bool input = strcmp(path, "-") == 0;
	int fd = input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	struct names *names = names_new();
	struct table *t = names ? table_new(names, &ops, w) : NULL;

	if (fd < 0)
		cli_die(w->cli, "%s: %s", path, strerror(errno));
	if (!t || follow(w, t, fd) < 0)
		cli_die(w->cli, "out of memory");
	if (w->out.error) {
		cli_warn(w->cli, "standard output: %s", strerror(w->out.error));
		w->failed = true;
	} else if (!w->set && !w->failed) {
		cli_warn(w->cli, "%s: no table: neither a block nor a record", path);
		w->failed = true;
	}
	table_free(t);
	names_unref(names);
	if (!input)
		close(fd);
}

int
watch_run(const struct cli *cli, const struct options *o)
{
	struct watch w = {.cli = cli, .options = o};
	struct routes routes = {.cli = cli, .path = o->routes, .take = take_route, .ctx = &w};

	if (!routes_read(&routes))
		w.failed = true;
	if (w.count)
		qsort(w.routes, w.count, sizeof(*w.routes), cmp_routes);
	out_init(&w.out, STDOUT_FILENO);
	w.writer = (struct validity_writer){.out = &w.out, .brief = o->brief};
	if (w.failed && w.count == 0)
		cli_warn(cli, "%s: no routes", o->routes);
	else
		watch_table(&w);
	out_release(&w.out);
	validity_writer_release(&w.writer);
	vrpset_unref(w.set);
	free(w.routes);
	return w.failed ? EXIT_TROUBLE : EXIT_DONE;
}
