/* SPDX-License-Identifier: ISC */
/*
 * rtr-dump -f: the router's side of RTR for ever.  Which caches count, and when
 * the table changes, is decided in lib/rtr_manager.c, and lib/rtr_link.c has the
 * connections; here are the signals, the messages, and the stream that goes out.
 */
#include "rtr-dump.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "rtr_link.h"
#include "rtr_manager.h"
#include "stream.h"

#define GRACE_MS 5000		/* what the first table waits for the other caches of its preference */
#define FINISH_SECONDS 10	/* for a reader to take the rest of a block when we shall end */

/* What becomes a block. */
struct block {
	const struct vrpset *set;
	const struct delta *delta;	/* NULL for a snapshot */
	struct block_attrs attrs;
};

struct follow {
	const struct cli *cli;
	const struct options *options;
	struct rtr_manager *manager;
	bool *failed;		/* of each cache: that it fails was said, and not yet that it is back */
	struct buf source;	/* whose table it is, for the attribute */
	struct out out;
	bool written;
	bool output_failed;	/* and there is no use in going on */
};

/* The link that a signal has to wake. */
static struct rtr_link *awake;
static volatile sig_atomic_t stop_wanted;

/* A block is finished first, a second signal doesn't wait for it. */
static void
on_signal(int sig)
{
	int error = errno;

	if (stop_wanted) {
		signal(sig, SIG_DFL);
		raise(sig);
	}
	stop_wanted = 1;
	alarm(FINISH_SECONDS);
	rtr_link_wake(awake);
	errno = error;
}

static void
on_alarm(int sig VRP_UNUSED)
{
	static const char said[] = "rtr-dump: terminated within a block that its reader does not take\n";

	(void)!write(STDERR_FILENO, said, sizeof(said) - 1);
	_exit(EXIT_TROUBLE);
}

static void
catch_signals(void)
{
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	action.sa_handler = on_alarm;
	sigaction(SIGALRM, &action, NULL);
}

/* ---- the stream */

static void
write_block(struct out *out, const void *ctx)
{
	const struct block *b = ctx;

	if (b->delta)
		stream_write_delta(out, &b->attrs, b->delta);
	else
		stream_write_snapshot(out, &b->attrs, b->set);
}

/* "tcp://a:323,tcp://b:323"; NULL when the table is nobody's. */
static const char *
describe_source(struct follow *f, const struct rtr_manager_update *u)
{
	buf_reset(&f->source);
	for (size_t i = 0; i < u->cache_count; i++) {
		char text[ENDPOINT_TEXT_MAX];

		endpoint_format(&f->options->caches[u->caches[i]].to, text);
		if (buf_addf(&f->source, "%s%s", i ? "," : "", text) < 0)
			return NULL;
	}
	return u->cache_count && buf_add(&f->source, "", 1) == 0 ? f->source.data : NULL;
}

/* A file has the table of the moment, so it may be written the next time, unless it never was; of a stream half is lost. */
static void
deliver(struct follow *f, struct block *b)
{
	const char *output = f->options->output;

	if (output) {
		b->delta = NULL;
		f->output_failed = cli_write(f->cli, output, write_block, b) < 0 && !f->written;
	} else {
		write_block(&f->out, b);
		if (out_flush(&f->out) < 0) {
			cli_warn(f->cli, "standard output: %s", strerror(errno));
			f->output_failed = true;
		}
	}
	f->written = true;
}

static void
say_table(const struct follow *f, const struct rtr_manager_update *u, const struct block *b)
{
	char withdrawn[COUNTS_MAX] = "", announced[COUNTS_MAX], origin[64] = "";

	if (u->cause == RTR_CAUSE_WITHDRAWN)
		cli_warn(f->cli, "no cache is in sync and no data is left that could still be used: the table is withdrawn");
	if (f->options->quiet)
		return;
	if (u->delta)
		count_records(withdrawn, sizeof(withdrawn), "-", u->delta->withdrawn);
	count_records(announced, sizeof(announced), u->delta ? "+" : "", u->delta ? u->delta->announced : u->set);
	if (b->attrs.serial >= 0)
		snprintf(origin, sizeof(origin), ": session %d, serial %lld", (int)b->attrs.session,
			 (long long)b->attrs.serial);
	cli_warn(f->cli, "%s%s%s: %s%s%s", u->cause == RTR_CAUSE_SWITCH ? "now from " : "",
		 b->attrs.source ? b->attrs.source : "nobody", origin, withdrawn, u->delta ? "; " : "", announced);
}

static void
on_table(void *ctx, const struct rtr_manager_update *u)
{
	struct follow *f = ctx;
	struct block b = {u->set, u->delta, BLOCK_ATTRS_INIT};

	if (f->output_failed)
		return;
	b.attrs.source = describe_source(f, u);
	/* Several caches together have no serial. */
	if (u->cache_count == 1) {
		struct rtr_manager_cache c = rtr_manager_cache(f->manager, u->caches[0]);

		b.attrs.session = c.session;
		b.attrs.serial = c.serial;
	}
	say_table(f, u, &b);
	deliver(f, &b);
}

/* ---- messages */

static const char *
name_of(const struct follow *f, size_t cache)
{
	return f->options->caches[cache].name;
}

/* That a cache fails is said once, and once that it is back. */
static void
say_health(struct follow *f, size_t cache, enum rtr_client_state to, const char *reason)
{
	bool failed = to == RTR_CLIENT_NO_DATA || to == RTR_CLIENT_FATAL || to == RTR_CLIENT_TRANSPORT;

	if (failed && !f->failed[cache])
		cli_warn(f->cli, "%s: %s; next try in %u s", name_of(f, cache), reason,
			 rtr_manager_cache(f->manager, cache).timers.retry);
	if (to == RTR_CLIENT_ESTABLISHED && f->failed[cache])
		cli_warn(f->cli, "%s: in sync again", name_of(f, cache));
	f->failed[cache] = failed || (f->failed[cache] && to != RTR_CLIENT_ESTABLISHED && to != RTR_CLIENT_SHUTDOWN);
}

static void
on_cache(void *ctx, size_t cache, enum rtr_client_state from, enum rtr_client_state to, const char *reason)
{
	struct follow *f = ctx;
	const struct options *o = f->options;

	if (o->verbose || (o->status && from != to))
		cli_warn(f->cli, "%s: %s -> %s, %s", name_of(f, cache), rtr_client_state_name(from),
			 rtr_client_state_name(to), reason);
	else if (!o->status)
		say_health(f, cache, to, reason);
}

static void
on_group(void *ctx, uint8_t preference, enum rtr_group_state from, enum rtr_group_state to, const char *reason)
{
	struct follow *f = ctx;

	if (f->options->verbose || f->options->status)
		cli_warn(f->cli, "preference %u: %s -> %s, %s", preference, rtr_group_state_name(from),
			 rtr_group_state_name(to), reason);
}

static void
on_flush(void *ctx, size_t cache, bool expired, const char *reason)
{
	struct follow *f = ctx;

	cli_warn(f->cli, "%s: its data is void: %s", name_of(f, cache), expired ? "not heard of for too long" : reason);
}

static void
on_warning(void *ctx, size_t cache, const char *text)
{
	struct follow *f = ctx;

	cli_warn(f->cli, "%s: %s", name_of(f, cache), text);
}

/* ---- the loop */

static struct rtr_manager *
new_manager(struct follow *f)
{
	static const struct rtr_manager_ops ops = {
		.table = on_table, .cache = on_cache, .group = on_group, .flush = on_flush, .warning = on_warning};
	struct rtr_manager_config config = RTR_MANAGER_CONFIG_DEFAULT;
	const struct options *o = f->options;
	uint8_t *preferences = calloc(o->cache_count, sizeof(*preferences));
	struct rtr_manager *m = NULL;

	config.client.names = names_new();
	config.client.fixed = o->timers;
	config.client.idle_timeout = o->timeout;
	if (o->version >= 0)
		config.client.version = config.client.min_version = (uint8_t)o->version;
	config.grace = GRACE_MS;
	config.patience = o->timeout;
	config.ops = &ops;
	config.ctx = f;
	for (size_t i = 0; preferences && i < o->cache_count; i++)
		preferences[i] = o->caches[i].preference;
	if (preferences && config.client.names)
		m = rtr_manager_new(&config, preferences, o->cache_count);
	names_unref(config.client.names);
	free(preferences);
	return m;
}

static struct rtr_link *
new_link(struct follow *f)
{
	const struct options *o = f->options;
	struct endpoint *endpoints = calloc(o->cache_count, sizeof(*endpoints));
	struct rtr_link *l = NULL;
	struct vrp_err err = {0};

	for (size_t i = 0; endpoints && i < o->cache_count; i++)
		endpoints[i] = o->caches[i].to;
	if (endpoints)
		l = rtr_link_new(f->manager, endpoints, o->timeout, &err);
	free(endpoints);
	if (!l)
		cli_die(f->cli, "%s", *err.msg ? err.msg : "out of memory");
	return l;
}

static int
go_on(struct follow *f, struct rtr_link *l)
{
	struct pollfd reader = {.fd = f->options->output ? -1 : STDOUT_FILENO};
	struct vrp_err err = {0};

	rtr_manager_start(f->manager, transport_now());
	while (!stop_wanted) {
		if (rtr_link_step(l, &reader, 1, &err) < 0) {
			cli_warn(f->cli, "%s", err.msg);
			return EXIT_TROUBLE;
		}
		if (f->output_failed)
			return EXIT_TROUBLE;
		if (reader.revents & (POLLERR | POLLHUP | POLLNVAL)) {
			cli_reader_gone(f->cli);
			return EXIT_TROUBLE;
		}
	}
	return EXIT_DONE;
}

int
follow_run(const struct cli *cli, const struct options *o)
{
	struct follow f = {.cli = cli, .options = o};
	int status;

	cli_open_standard_streams(cli, !o->output);
	cli_return_memory();
	f.manager = new_manager(&f);
	f.failed = calloc(o->cache_count, sizeof(*f.failed));
	if (!f.manager || !f.failed)
		cli_die(cli, "out of memory");
	awake = new_link(&f);
	catch_signals();
	out_init(&f.out, STDOUT_FILENO);
	status = go_on(&f, awake);
	out_release(&f.out);
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	rtr_link_free(awake);
	rtr_manager_free(f.manager);
	buf_release(&f.source);
	free(f.failed);
	return status;
}
