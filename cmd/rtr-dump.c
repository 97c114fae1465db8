/* SPDX-License-Identifier: ISC */
/*
 * rtr-dump: the router's side of RTR.  Asks a cache for its table, or for what
 * changed since a serial, and writes that as one framed block.  Nothing is
 * written before End of Data.  With --pdus it shows the conversation instead.
 * With --follow it stays.
 *
 * Here are the options; asking once is in rtr-dump-once.c, staying in
 * rtr-dump-follow.c.
 */
#include "rtr-dump.h"

#include <stdio.h>

enum {
	OPT_RTR_VERSION = CLI_LONG,
	OPT_SERIAL,
	OPT_SESSION,
	OPT_PDUS,
	OPT_STATUS,
	OPT_REFRESH,
	OPT_RETRY,
	OPT_EXPIRE,
};

static const struct cli_option option_table[] = {
	{'f', "follow", NULL, "stay, and write what changes"},
	{'p', "preference", "N", "of the caches that come after it: lower is preferred (default 1)"},
	{OPT_RTR_VERSION, "rtr-version", "N", "speak this protocol version only (default 2, then lower as needed)"},
	{OPT_SERIAL, "serial", "N", "ask for what changed since this serial ..."},
	{OPT_SESSION, "session", "ID", "... of this session"},
	{'o', "output", "FILE", "replace FILE instead of writing to standard output"},
	{'t', "timeout", "DURATION", "for connecting, and for silence of the cache (default 30s)"},
	{OPT_PDUS, "pdus", NULL, "print every PDU sent and received instead of records"},
	{OPT_REFRESH, "refresh", "DURATION", "with -f: ask a cache again so often, whatever it says"},
	{OPT_RETRY, "retry", "DURATION", "with -f: try again after a failure, likewise"},
	{OPT_EXPIRE, "expire", "DURATION", "with -f: use the data of a cache that is lost for so long, likewise"},
	{OPT_STATUS, "status", NULL, "report every change of a cache's state"},
	{'v', "verbose", NULL, "report each step of the session"},
	{'q', "quiet", NULL, "no summary"},
};

void
count_records(char *dst, size_t size, const char *sign, const struct vrpset *set)
{
	size_t vrps, keys, aspas;

	vrpset_vrps(set, &vrps);
	vrpset_router_keys(set, &keys);
	vrpset_aspas(set, &aspas);
	snprintf(dst, size, "%s%zu IPv4, %s%zu IPv6, %s%zu router keys, %s%zu ASPAs", sign, vrpset_ipv4_count(set), sign,
		 vrps - vrpset_ipv4_count(set), sign, keys, sign, aspas);
}

/* Behind those of the same preference. */
static void
add_cache(struct cli *cli, struct options *o, const char *name, uint8_t preference)
{
	struct cache cache = {.name = name, .preference = preference};
	struct vrp_err err;
	size_t i = o->cache_count++;

	if (endpoint_parse(name, &o->transports, &cache.to, &err) < 0)
		cli_usage_error(cli, "%s", err.msg);
	for (; i > 0 && o->caches[i - 1].preference > preference; i--)
		o->caches[i] = o->caches[i - 1];
	o->caches[i] = cache;
}

static void
check_options(const struct cli *cli, const struct options *o)
{
	bool timers = o->timers.refresh || o->timers.retry || o->timers.expire;

	if (o->cache_count == 0)
		cli_usage_error(cli, "no cache given");
	if ((o->serial < 0) != (o->session < 0))
		cli_usage_error(cli, "--serial and --session go together");
	if (o->serial >= 0 && (o->follow || o->cache_count > 1))
		cli_usage_error(cli, "--serial is a question to one cache, asked once");
	if (o->pdus && (o->output || o->follow))
		cli_usage_error(cli, "--%s is for records, not for --pdus", o->output ? "output" : "follow");
	if (timers && !o->follow)
		cli_usage_error(cli, "--refresh, --retry and --expire go with --follow");
	if (o->timers.expire && (o->timers.refresh >= o->timers.expire || o->timers.retry >= o->timers.expire))
		cli_usage_error(cli, "--expire has to be longer than --refresh and --retry");
}

static void
parse_options(struct cli *cli, int argc, char **argv, struct options *o)
{
	uint8_t preference = 1;
	int opt, index;

	o->caches = calloc((size_t)argc, sizeof(*o->caches));
	if (!o->caches)
		cli_die(cli, "out of memory");
	while ((opt = cli_next(cli, argc, argv, &index)) != -1) {
		switch (opt) {
		case CLI_OPERAND:
			add_cache(cli, o, cli->arg, preference);
			break;
		case OPT_RTR_VERSION:
			o->version = cli_number(cli, "--rtr-version", 0, RTR_VERSION_MAX);
			break;
		case OPT_SERIAL:
			o->serial = cli_number(cli, "--serial", 0, UINT32_MAX);
			break;
		case OPT_SESSION:
			o->session = cli_number(cli, "--session", 0, UINT16_MAX);
			break;
		case OPT_PDUS:
			o->pdus = true;
			break;
		case OPT_STATUS:
			o->status = true;
			break;
		case OPT_REFRESH:
			o->timers.refresh = cli_duration(cli, "--refresh", 1, 86400);
			break;
		case OPT_RETRY:
			o->timers.retry = cli_duration(cli, "--retry", 1, 7200);
			break;
		case OPT_EXPIRE:
			o->timers.expire = cli_duration(cli, "--expire", 2, 172800);
			break;
		case 'f':
			o->follow = true;
			break;
		case 'p':
			preference = (uint8_t)cli_number(cli, "--preference", 0, UINT8_MAX);
			break;
		case 'o':
			o->output = cli->arg;
			break;
		case 't':
			o->timeout = (int64_t)cli_duration(cli, "--timeout", 1, 86400) * 1000;
			break;
		case 'v':
			o->verbose = true;
			break;
		case 'q':
			o->quiet = true;
			break;
		}
	}
	while (index < argc)
		add_cache(cli, o, argv[index++], preference);
	check_options(cli, o);
}

static void
enter_sandbox(const struct cli *cli, const struct options *o)
{
	struct sandbox box;

	sandbox_init(&box);
	for (size_t i = 0; i < o->cache_count; i++)
		transports_keep(&o->caches[i].to, o->follow, &box);
	sandbox_replace(&box, o->output);
	cli_enter_sandbox(cli, &box);
}

int
main(int argc, char **argv)
{
	struct cli cli = {
		.tool = "rtr-dump",
		.synopsis = "[options] [-p N] CACHE [[-p N] CACHE ...]",
		.purpose = "write the table of RTR caches as VRP lines, once or for ever",
		.options = option_table,
		.option_count = ARRAY_LEN(option_table),
		.ordered = true,
	};
	struct options options = {.timeout = 30000, .version = -1, .serial = -1, .session = -1};
	int status;

	options.transports = transports_all(&options.security);
	parse_options(&cli, argc, argv, &options);
	enter_sandbox(&cli, &options);
	status = options.follow ? follow_run(&cli, &options) : once_run(&cli, &options);
	free(options.caches);
	return cli_close_stdout(&cli, status);
}
