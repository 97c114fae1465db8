/* SPDX-License-Identifier: ISC */
/*
 * vrp-fetch: any validator's export in, one snapshot of the line format out.
 *
 * Nothing is written before a feed was read to its end and found good, so that
 * whatever reads the output never sees half a table.  The sources are tried in
 * turn until one is good.
 */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "cli.h"
#include "feed.h"
#include "fetch.h"
#include "stream.h"

#define PROGRESS_INTERVAL 0.1	/* seconds */

enum {
	OPT_MAX_AGE = CLI_LONG,
	OPT_STRICT,
	OPT_TIMEOUT,
	OPT_MAX_SIZE,
	OPT_CACERT,
	OPT_USER_AGENT,
};

static const struct cli_option option_table[] = {
	{'E', "ignore-expiry", NULL, "keep records that have expired"},
	{'o', "output", "FILE", "replace FILE instead of writing to standard output"},
	{'q', "quiet", NULL, "no summary and no progress, only what went wrong"},
	{OPT_MAX_AGE, "max-age", "DURATION", "refuse a feed whose data is older (default 24h, 0 any)"},
	{OPT_STRICT, "strict", NULL, "refuse a feed with a bad record instead of skipping it"},
	{OPT_TIMEOUT, "timeout", "DURATION", "give up on a download after so long (default 5m, 0 never)"},
	{OPT_MAX_SIZE, "max-size", "SIZE", "refuse a larger feed, decompressed (default 2G, 0 any)"},
	{OPT_CACERT, "cacert", "FILE", "trust these certificate authorities instead of the system's"},
	{OPT_USER_AGENT, "user-agent", "TEXT", "what to tell servers (default vrp-fetch/VERSION)"},
};

struct options {
	struct feed_options feed;
	struct fetch_options fetch;
	const char *output;
	bool quiet;
};

/* One source while it is read. */
struct source {
	const struct cli *cli;
	char *name;
	struct fetch *fetch;
	struct feed_result result;
	bool progress;
	double start;
	double shown;	/* when the progress line was written last */
};

static double
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void
set_option(struct cli *cli, struct options *o, int opt)
{
	switch (opt) {
	case 'E':
		o->feed.ignore_expiry = true;
		break;
	case 'o':
		o->output = cli->arg;
		break;
	case 'q':
		o->quiet = true;
		break;
	case OPT_MAX_AGE:
		o->feed.max_age = cli_duration(cli, "--max-age", 0, UINT32_MAX);
		break;
	case OPT_STRICT:
		o->feed.strict = true;
		break;
	case OPT_TIMEOUT:
		o->fetch.timeout = cli_duration(cli, "--timeout", 0, 7 * 86400);
		break;
	case OPT_MAX_SIZE:
		o->fetch.max_size = cli_size(cli, "--max-size");
		break;
	case OPT_CACERT:
		o->fetch.ca_file = cli->arg;
		break;
	case OPT_USER_AGENT:
		o->fetch.user_agent = cli->arg;
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
show_progress(struct source *s)
{
	double at = now(), mib = (double)fetch_bytes(s->fetch) / (1 << 20);

	if (at - s->shown < PROGRESS_INTERVAL || at - s->start < PROGRESS_INTERVAL)
		return;
	fprintf(stderr, "\r\033[K%s: %.60s: %.1f MiB, %zu records, %.0f MiB/s", s->cli->tool, s->name, mib,
		s->result.records, mib / (at - s->start));
	s->shown = at;
}

static ssize_t
read_source(void *ctx, void *dst, size_t len, struct vrp_err *err)
{
	struct source *s = ctx;

	if (s->progress)
		show_progress(s);
	return fetch_read(s->fetch, dst, len, err);
}

static void
on_skipped(void *ctx, const struct vrp_err *err)
{
	struct source *s = ctx;

	erase_progress(s);
	cli_warn_err(s->cli, s->name, err);
}

/* The set of a source, or NULL when it has no good feed, which is said. */
static struct vrpset *
try_source(struct source *s, const char *argument, const struct options *o, struct names *names)
{
	struct feed_input input = {read_source, s};
	struct feed_options feed = o->feed;
	struct vrp_err err = {0};
	struct vrpset *set = NULL;

	feed.skipped = on_skipped;
	feed.ctx = s;
	s->fetch = fetch_open(argument, &o->fetch, &err);
	if (s->fetch)
		set = feed_read(&input, &feed, names, &s->result, &err);
	erase_progress(s);
	fetch_close(s->fetch);
	if (s->result.skipped > FEED_NAMED_MAX && !feed.strict)
		cli_warn(s->cli, "%s: %zu more bad records", s->name, s->result.skipped - FEED_NAMED_MAX);
	if (!set)
		cli_warn_err(s->cli, s->name, &err);
	return set;
}

/* What is written: a source and its table. */
struct snapshot {
	const struct source *source;
	const struct vrpset *set;
};

static void
write_snapshot(struct out *out, const void *ctx)
{
	const struct snapshot *snapshot = ctx;
	const struct source *s = snapshot->source;
	struct block_attrs attrs = BLOCK_ATTRS_INIT;

	attrs.time = s->result.time;
	attrs.source = strcmp(s->name, "-") == 0 ? NULL : s->name;
	stream_write_snapshot(out, &attrs, snapshot->set);
}

static void
summarise(const struct source *s, const struct vrpset *set)
{
	size_t vrps, keys, aspas, ipv4 = vrpset_ipv4_count(set);

	(void)vrpset_vrps(set, &vrps);
	(void)vrpset_router_keys(set, &keys);
	(void)vrpset_aspas(set, &aspas);
	cli_warn(s->cli, "%s: %zu IPv4 and %zu IPv6 VRPs, %zu router keys, %zu ASPAs; %zu skipped, %zu expired; %.2f s",
		 s->name, ipv4, vrps - ipv4, keys, aspas, s->result.skipped, s->result.expired, now() - s->start);
}

static int
deliver(const struct cli *cli, const struct options *o, const struct source *s, const struct vrpset *set)
{
	struct snapshot snapshot = {s, set};

	if (cli_write(cli, o->output, write_snapshot, &snapshot) < 0)
		return EXIT_TROUBLE;
	if (!o->quiet)
		summarise(s, set);
	return EXIT_DONE;
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
		.feed = {.now = time(NULL), .max_age = 86400},
		.fetch = {.user_agent = "vrp-fetch/" VRPTOOLS_VERSION, .timeout = 300, .max_size = UINT64_C(2) << 30},
	};
	static char *const standard_input[] = {"-", NULL};
	struct names *names = names_new();
	int opt, index, status = EXIT_TROUBLE;
	struct vrpset *set = NULL;

	while ((opt = cli_next(&cli, argc, argv, &index)) != -1)
		set_option(&cli, &o, opt);
	if (!names)
		cli_die(&cli, "out of memory");
	for (char *const *arg = index < argc ? argv + index : standard_input; *arg && !set; arg++) {
		struct source s = {.cli = &cli, .name = fetch_name(*arg), .start = now()};

		if (!s.name)
			cli_die(&cli, "out of memory");
		s.progress = !o.quiet && cli_progress_wanted();
		set = try_source(&s, *arg, &o, names);
		if (set)
			status = deliver(&cli, &o, &s, set);
		free(s.name);
	}
	vrpset_unref(set);
	names_unref(names);
	return cli_close_stdout(&cli, status);
}
