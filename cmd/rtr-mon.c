/* SPDX-License-Identifier: ISC */
/*
 * rtr-mon: compares sources of VRPs, for ever or once: who lacks what that others
 * have, and since when.  Here are its options; rtr-mon.h has a map of the rest.
 *
 * What is said of sources holds for those that stand behind it.
 */
#include "rtr-mon.h"

#include "fetch.h"

/* Seconds until a cache that failed is tried again: who watches wants to see it return, whatever it says itself. */
#define RETRY_MAX 60

enum {
	OPT_MAX_AGE = CLI_LONG,
	OPT_STRICT,
	OPT_MAX_SIZE,
	OPT_CACERT,
	OPT_USER_AGENT,
	OPT_VISIBILITY,
	OPT_HTTP,
	OPT_ON_CHANGE,
	OPT_HOOK_TIMEOUT,
};

static const struct cli_option option_table[] = {
	{'1', "once", NULL, "compare once, and write what leads from the first source to the others"},
	{'r', "refresh", "DURATION", "of sources behind it: fetch or ask so often (default 10m, caches as they say)"},
	{'t', "timeout", "DURATION", "likewise: give up on a download; with -1 on all (default 5m, 0 never)"},
	{'E', "ignore-expiry", NULL, "likewise: keep records that have expired"},
	{OPT_MAX_AGE, "max-age", "DURATION", "likewise: don't compare data that is older (default 24h, 0 any)"},
	{OPT_STRICT, "strict", NULL, "likewise: refuse a feed with a bad record instead of skipping it"},
	{OPT_MAX_SIZE, "max-size", "SIZE", "likewise: refuse a larger feed, decompressed (default 2G, 0 any)"},
	{OPT_CACERT, "cacert", "FILE", "likewise: authorities to trust for https instead of the system's"},
	{OPT_USER_AGENT, "user-agent", "TEXT", "likewise: what to tell servers (default vrptools/VERSION)"},
	CLI_CACHE_OPTIONS,
	{'g', "grace", "DURATION", "how long sources may differ before it counts (default 1h)"},
	{OPT_VISIBILITY, "visibility", "LIST", "count what is visible for so long (default 0,56,256,596,851,1024,1706,3411)"},
	{OPT_HTTP, "http", "[ADDR]:PORT", "answer HTTP here, may be repeated (default " HTTP_DEFAULT " on loopback)"},
	{OPT_ON_CHANGE, "on-change", "CMD", "run this by sh when a table changes or sources begin or cease to differ"},
	{OPT_HOOK_TIMEOUT, "hook-timeout", "DURATION", "end CMD after so long (default 60s)"},
	{'v', "verbose", NULL, "log more"},
	{'q', "quiet", NULL, "log only warnings and errors; with -1 write nothing"},
};

/* What sources behind it are like. */
struct settings {
	struct source_config config;
	bool idle;	/* something was set that no source has got */
};

static bool
set_source(struct cli *cli, struct options *o, struct settings *s, int opt)
{
	struct source_config *c = &s->config;

	if (cli_cache_option(cli, &o->access, opt))
		return true;
	switch (opt) {
	case 'r':
		c->refresh = cli_duration(cli, "--refresh", 1, 86400);
		c->rtr.fixed.refresh = c->refresh;
		c->rtr.fixed.retry = c->refresh < RETRY_MAX ? c->refresh : RETRY_MAX;
		return true;
	case 't':
		o->timeout = c->fetch.timeout = cli_duration(cli, "--timeout", 0, 7 * 86400);
		return true;
	case 'E':
		c->ignore_expiry = true;
		return true;
	case OPT_MAX_AGE:
		c->max_age = cli_duration(cli, "--max-age", 0, UINT32_MAX);
		return true;
	case OPT_STRICT:
		c->strict = true;
		return true;
	case OPT_MAX_SIZE:
		c->fetch.max_size = cli_size(cli, "--max-size");
		return true;
	case OPT_CACERT:
		c->fetch.ca_file = cli->arg;
		return true;
	case OPT_USER_AGENT:
		c->fetch.user_agent = cli->arg;
		return true;
	}
	return false;
}

static void
set_thresholds(const struct cli *cli, struct options *o)
{
	struct vrp_err err;
	int count = monitor_thresholds_parse(cli->arg, o->thresholds, &err);

	if (count < 0)
		cli_usage_error(cli, "--visibility: %s", err.msg);
	o->threshold_count = (size_t)count;
}

static void
add_http(const struct cli *cli, struct options *o)
{
	if (o->http_count == ARRAY_LEN(o->http))
		cli_usage_error(cli, "--http may be repeated %zu times", ARRAY_LEN(o->http));
	o->http[o->http_count++] = cli->arg;
}

static void
set_option(struct cli *cli, struct options *o, int opt)
{
	switch (opt) {
	case '1':
		o->once = true;
		break;
	case 'g':
		o->grace = cli_duration(cli, "--grace", 0, 366 * 86400);
		break;
	case OPT_VISIBILITY:
		set_thresholds(cli, o);
		break;
	case OPT_HTTP:
		add_http(cli, o);
		break;
	case OPT_ON_CHANGE:
		o->hook = cli->arg;
		break;
	case OPT_HOOK_TIMEOUT:
		o->hook_timeout = cli_duration(cli, "--hook-timeout", 1, 86400);
		break;
	case 'v':
		o->level = LOG_LEVEL_DEBUG;
		break;
	case 'q':
		o->level = LOG_LEVEL_WARNING;
		o->quiet = true;
		break;
	}
}

static void
add_source(const struct cli *cli, struct options *o, struct settings *settings, const char *arg)
{
	struct mon_source *s = &o->sources[o->source_count];
	struct vrp_err err;

	if (monitor_arg_parse(arg, &s->arg, &err) < 0)
		cli_usage_error(cli, "'%s': %s", arg, err.msg);
	if (o->source_count == MONITOR_SOURCES_MAX)
		cli_usage_error(cli, "more than %d sources", MONITOR_SOURCES_MAX);
	for (size_t i = 0; i < o->source_count; i++)
		if (strcmp(o->sources[i].arg.name, s->arg.name) == 0)
			cli_usage_error(cli, "two sources are called %s", s->arg.name);
	cli_cache_check(cli, &o->access);
	s->name = s->arg.name;
	s->config = settings->config;
	s->config.source = s->arg.source;
	s->security = o->access.security;
	s->url = fetch_name(s->arg.source);
	if (!s->url)
		cli_die(cli, "out of memory");
	for (size_t i = 0; i < o->source_count; i++)
		if (strcmp(o->sources[i].url, s->url) == 0)
			cli_usage_error(cli, "%s and %s are the same source, which metrics could not tell apart",
					o->sources[i].name, s->name);
	settings->idle = false;
	o->source_count++;
}

/* What there is only one of for all caches: keys by address, and the password of the environment. */
static void
share_access(struct options *o)
{
	for (size_t i = 0; i < o->source_count; i++) {
		struct mon_source *s = &o->sources[i];

		s->security.tcp = o->access.security.tcp;
		if (!s->security.ssh.password_file && o->access.ssh_password.data)
			s->security.ssh.password = &o->access.ssh_password;
		s->transports = transports_all(&s->security);
		s->config.transports = &s->transports;
	}
}

static void
check_options(const struct cli *cli, const struct options *o, const struct settings *settings)
{
	if (o->source_count < 2)
		cli_usage_error(cli, "two sources are needed, NAME=SOURCE each");
	if (settings->idle)
		cli_usage_error(cli, "options of sources stand in front of them");
	if (o->once && (o->http_count || o->hook))
		cli_usage_error(cli, "--once leaves no time for --%s", o->hook ? "on-change" : "http");
}

static void
parse_options(struct cli *cli, int argc, char **argv, struct options *o)
{
	struct settings settings = {.config = SOURCE_CONFIG_DEFAULT};
	int opt, index;

	settings.config.rtr.fixed.retry = RETRY_MAX;
	o->sources = calloc((size_t)argc, sizeof(*o->sources));
	if (!o->sources)
		cli_die(cli, "out of memory");
	while ((opt = cli_next(cli, argc, argv, &index)) != -1) {
		if (opt == CLI_OPERAND)
			add_source(cli, o, &settings, cli->arg);
		else if (set_source(cli, o, &settings, opt))
			settings.idle = true;
		else
			set_option(cli, o, opt);
	}
	while (index < argc)
		add_source(cli, o, &settings, argv[index++]);
	check_options(cli, o, &settings);
	cli_cache_finish(cli, &o->access);
	share_access(o);
	if (!o->once && o->http_count == 0)
		o->http[o->http_count++] = HTTP_DEFAULT;
}

void
enter_sandbox(const struct cli *cli, const struct options *o)
{
	struct sandbox box;

	sandbox_init(&box);
	for (size_t i = 0; i < o->source_count; i++)
		source_keep(&o->sources[i].config, &box);
	cli_enter_sandbox(cli, &box);
}

int
main(int argc, char **argv)
{
	struct cli cli = {
		.tool = "rtr-mon",
		.synopsis = "[options] NAME=SOURCE [options] NAME=SOURCE ...",
		.purpose = "compare sources of VRPs: who lacks what that others have, and since when",
		.options = option_table,
		.option_count = ARRAY_LEN(option_table),
		.ordered = true,
	};
	struct options o = {
		.timeout = 300,
		.grace = 3600,
		.thresholds = {0, 56, 256, 596, 851, 1024, 1706, 3411},
		.threshold_count = 8,
		.hook_timeout = 60,
		.level = LOG_LEVEL_INFO,
	};
	int status;

	parse_options(&cli, argc, argv, &o);
	cli_open_standard_streams(&cli, o.once);
	cli_return_memory();
	status = o.once ? once_run(&cli, &o) : live_run(&cli, &o);
	for (size_t i = 0; i < o.source_count; i++)
		free(o.sources[i].url);
	free(o.sources);
	cli_cache_release(&o.access);
	return cli_close_stdout(&cli, status);
}
