/* SPDX-License-Identifier: ISC */
/*
 * vrp-fetch: any validator's export in, one snapshot of the line format out, or
 * with -r a snapshot and then what changes.
 *
 * Nothing is written before a feed was read to its end and found good, so that
 * whatever reads the output never sees half a table.  The sources are tried in
 * turn until one is good.
 */
#include "vrp-fetch.h"

#include <stdio.h>

#include "sig_keyfile.h"
#include "stream.h"

#define PROGRESS_INTERVAL 100	/* milliseconds */

enum {
	OPT_FULL = CLI_LONG,
	OPT_MAX_AGE,
	OPT_STRICT,
	OPT_TIMEOUT,
	OPT_MAX_SIZE,
	OPT_CACERT,
	OPT_USER_AGENT,
	OPT_VERIFY,
};

static const struct cli_option option_table[] = {
	{'E', "ignore-expiry", NULL, "keep records that have expired"},
	{'o', "output", "FILE", "replace FILE instead of writing to standard output"},
	{'q', "quiet", NULL, "no summary and no progress, only what went wrong"},
	{'r', "refresh", "DURATION", "stay, fetch again so often, and write what has changed"},
	{OPT_FULL, "full", NULL, "with -r: a whole snapshot at each change, no deltas"},
	{OPT_MAX_AGE, "max-age", "DURATION", "refuse a feed whose data is older (default 24h, 0 any)"},
	{OPT_STRICT, "strict", NULL, "refuse a feed with a bad record instead of skipping it"},
	{OPT_TIMEOUT, "timeout", "DURATION", "give up on a download after so long (default 5m, 0 never)"},
	{OPT_MAX_SIZE, "max-size", "SIZE", "refuse a larger feed, decompressed (default 2G, 0 any)"},
	{OPT_CACERT, "cacert", "FILE", "trust these certificate authorities instead of the system's"},
	{OPT_USER_AGENT, "user-agent", "TEXT", "what to tell servers (default vrp-fetch/VERSION)"},
	{OPT_VERIFY, "verify", "PUB", "refuse a feed that this key didn't sign (vrp-sign), may be repeated"},
};

int64_t
clock_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static double
elapsed(const struct source *s)
{
	return (double)(clock_ms() - s->start) / 1000;
}

static void
trust_key(struct cli *cli, struct options *o)
{
	struct vrp_err err = {0};

	if (sig_keyfile_trust(&o->keys, cli->arg, &err) == 0)
		return;
	cli_warn_err(cli, cli->arg, &err);
	exit(EXIT_TROUBLE);
}

static void
set_option(struct cli *cli, struct options *o, int opt)
{
	switch (opt) {
	case 'E':
		o->ask.feed.ignore_expiry = true;
		break;
	case 'o':
		o->output = cli->arg;
		break;
	case 'q':
		o->quiet = true;
		break;
	case 'r':
		o->refresh = cli_duration(cli, "--refresh", 1, 7 * 86400);
		break;
	case OPT_FULL:
		o->full = true;
		break;
	case OPT_MAX_AGE:
		o->ask.feed.max_age = cli_duration(cli, "--max-age", 0, UINT32_MAX);
		break;
	case OPT_STRICT:
		o->ask.feed.strict = true;
		break;
	case OPT_TIMEOUT:
		o->ask.fetch.timeout = cli_duration(cli, "--timeout", 0, 7 * 86400);
		break;
	case OPT_MAX_SIZE:
		o->ask.fetch.max_size = cli_size(cli, "--max-size");
		break;
	case OPT_CACERT:
		o->ask.fetch.ca_file = cli->arg;
		break;
	case OPT_USER_AGENT:
		o->ask.fetch.user_agent = cli->arg;
		break;
	case OPT_VERIFY:
		trust_key(cli, o);
		break;
	}
}

static void
erase_progress(struct source *s)
{
	if (s->shown > 0)
		fputs("\r\033[K", stderr);
	s->shown = 0;
}

static void
show_progress(void *ctx, uint64_t bytes, size_t records)
{
	struct source *s = ctx;
	double mib = (double)bytes / (1 << 20);
	int64_t at = clock_ms();

	if (at - s->shown < PROGRESS_INTERVAL || at - s->start < PROGRESS_INTERVAL)
		return;
	fprintf(stderr, "\r\033[K%s: %.60s: %.1f MiB, %zu records, %.0f MiB/s", s->cli->tool, s->name, mib, records,
		mib / elapsed(s));
	s->shown = at;
}

static void
on_skipped(void *ctx, const struct vrp_err *err)
{
	struct source *s = ctx;

	erase_progress(s);
	cli_warn_err(s->cli, s->name, err);
}

static void
count_skipped(const struct source *s, bool strict)
{
	size_t skipped = s->answer.result.skipped;

	if (s->mute && skipped != s->skipped)
		cli_warn(s->cli, "%s: %zu bad records, %zu before", s->name, skipped, s->skipped);
	else if (!s->mute && !strict && skipped > FEED_NAMED_MAX)
		cli_warn(s->cli, "%s: %zu more bad records", s->name, skipped - FEED_NAMED_MAX);
}

enum feed_outcome
source_read(struct source *s, const struct options *o, const struct validators *known, struct names *names)
{
	struct feed_ask_options ask = o->ask;

	ask.feed.skipped = s->mute ? NULL : on_skipped;
	ask.feed.ctx = s;
	ask.progress = s->progress ? show_progress : NULL;
	ask.ctx = s;
	ask.keys = o->keys.count ? &o->keys : NULL;
	ask.mark = &s->mark;
	s->start = clock_ms();
	feed_ask(s->argument, &ask, known, names, &s->answer);
	erase_progress(s);
	if (s->answer.set || !s->mute)
		count_skipped(s, ask.feed.strict);
	return s->answer.outcome;
}

static void
write_block(struct out *out, const void *ctx)
{
	const struct block *b = ctx;
	struct block_attrs attrs = BLOCK_ATTRS_INIT;

	attrs.time = b->source->answer.result.time;
	attrs.source = b->named && strcmp(b->source->name, "-") != 0 ? b->source->name : NULL;
	if (b->delta)
		stream_write_delta(out, &attrs, b->delta);
	else
		stream_write_snapshot(out, &attrs, b->set);
}

static void
summarise(const struct block *b)
{
	const struct source *s = b->source;
	size_t vrps, keys, aspas, ipv4 = vrpset_ipv4_count(b->set);
	char change[64] = "";

	(void)vrpset_vrps(b->set, &vrps);
	(void)vrpset_router_keys(b->set, &keys);
	(void)vrpset_aspas(b->set, &aspas);
	if (b->delta)
		snprintf(change, sizeof(change), "-%zu +%zu: ", vrpset_count(b->delta->withdrawn),
			 vrpset_count(b->delta->announced));
	cli_warn(s->cli, "%s: %s%zu IPv4 and %zu IPv6 VRPs, %zu router keys, %zu ASPAs; %zu skipped, %zu expired; %.2f s",
		 s->name, change, ipv4, vrps - ipv4, keys, aspas, s->answer.result.skipped, s->answer.result.expired, elapsed(s));
}

int
block_deliver(const struct block *b, const struct options *o)
{
	if (cli_write(b->source->cli, o->output, write_block, b) < 0)
		return -1;
	if (!o->quiet)
		summarise(b);
	return 0;
}

/* The first source that is good. */
static int
run_once(const struct cli *cli, const struct options *o, struct source *sources, size_t count, struct names *names)
{
	int status = EXIT_TROUBLE;

	for (size_t i = 0; i < count; i++) {
		struct source *s = &sources[i];
		struct block b = {.source = s, .named = true};

		if (source_read(s, o, NULL, names) != FEED_GOOD) {
			cli_warn_err(cli, s->name, &s->answer.err);
			continue;
		}
		b.set = s->answer.set;
		if (block_deliver(&b, o) == 0)
			status = EXIT_DONE;
		vrpset_unref(s->answer.set);
		break;
	}
	return status;
}

/* ---- options */

static void
check_options(const struct cli *cli, const struct options *o, char *const *sources)
{
	if (o->full && !o->refresh)
		cli_usage_error(cli, "--full is for --refresh");
	for (; o->refresh && *sources; sources++)
		if (strcmp(*sources, "-") == 0)
			cli_usage_error(cli, "standard input cannot be read again, as --refresh wants it");
}

static struct source *
open_sources(const struct cli *cli, const struct options *o, char *const *arguments, size_t *count)
{
	struct source *sources;

	for (*count = 0; arguments[*count]; (*count)++)
		;
	sources = calloc(*count, sizeof(*sources));
	for (size_t i = 0; sources && i < *count; i++) {
		sources[i].cli = cli;
		sources[i].argument = arguments[i];
		sources[i].name = fetch_name(arguments[i]);
		sources[i].progress = !o->quiet && cli_progress_wanted();
		if (!sources[i].name)
			cli_die(cli, "out of memory");
	}
	if (!sources)
		cli_die(cli, "out of memory");
	return sources;
}

static void
enter_sandbox(const struct cli *cli, const struct options *o, const struct source *sources, size_t count)
{
	struct sandbox box;

	sandbox_init(&box);
	for (size_t i = 0; i < count; i++)
		fetch_keep(sources[i].argument, &o->ask.fetch, o->refresh, &box);
	sandbox_replace(&box, o->output);
	cli_enter_sandbox(cli, &box);
}

int
main(int argc, char **argv)
{
	struct cli cli = {
		.tool = "vrp-fetch",
		.synopsis = "[options] [SOURCE ...]",
		.purpose = "read a validator's export from a file, standard input (-) or an http(s) URL; write a snapshot",
		.options = option_table,
		.option_count = ARRAY_LEN(option_table),
	};
	struct options o = {
		.ask.feed = {.max_age = 86400},
		.ask.fetch = {.user_agent = "vrp-fetch/" VRPTOOLS_VERSION, .timeout = 300, .max_size = UINT64_C(2) << 30},
	};
	static char *const standard_input[] = {"-", NULL};
	struct names *names = names_new();
	struct source *sources;
	int opt, index, status;
	size_t count;

	while ((opt = cli_next(&cli, argc, argv, &index)) != -1)
		set_option(&cli, &o, opt);
	if (!names)
		cli_die(&cli, "out of memory");
	argv = index < argc ? argv + index : (char **)standard_input;
	check_options(&cli, &o, argv);
	sources = open_sources(&cli, &o, argv, &count);
	enter_sandbox(&cli, &o, sources, count);
	status = o.refresh ? live_run(&cli, &o, sources, count, names) : run_once(&cli, &o, sources, count, names);
	for (size_t i = 0; i < count; i++)
		free(sources[i].name);
	free(sources);
	sig_keys_release(&o.keys);
	names_unref(names);
	return cli_close_stdout(&cli, status);
}
