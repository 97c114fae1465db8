/* SPDX-License-Identifier: ISC */
/*
 * rtr-serve: the cache.  A VRP stream on standard input, or a file, becomes
 * what routers are told over RTR versions 0, 1 and 2.
 *
 *	feeder thread: input -> intake -> rtr_update      (lib/feeder.h)
 *	this thread:   rtr_update -> rtr_cache -> routers (lib/rtr_server.h)
 */
#include <errno.h>
#include <event2/event.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <signal.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "feeder.h"
#include "rtr_server.h"
#include "sig_keyfile.h"
#include "stamp.h"

#define LISTEN_MAX 64
#define LISTEN_DEFAULT "127.0.0.1:8282"
#define SPARE_DESCRIPTORS 64	/* kept from clients: listeners, input, log */
#define SHUTDOWN_SECONDS 2	/* for the last PDUs to routers */

enum {
	OPT_MAX_AGE = CLI_LONG,
	OPT_MAX_SHRINK,
	OPT_REFRESH,
	OPT_RETRY,
	OPT_EXPIRE,
	OPT_MAX_VERSION,
	OPT_MAX_CLIENTS,
	OPT_HISTORY,
	OPT_NOTIFY_INTERVAL,
	OPT_QUERY_TIMEOUT,
	OPT_STALL_TIMEOUT,
	OPT_EXIT_ON_EOF,
	OPT_SHUTDOWN,
	OPT_VERIFY,
};

static const struct cli_option option_table[] = {
	{'l', "listen", "ADDR:PORT", "serve routers here, may be repeated (default " LISTEN_DEFAULT ")"},
	{'E', "ignore-expiry", NULL, "serve records that have expired, too"},
	{OPT_MAX_AGE, "max-age", "DURATION", "withdraw a table whose data is older (default 24h, 0 never)"},
	{OPT_MAX_SHRINK, "max-shrink", "PERCENT", "hold back a table that loses more of any trust anchor (default off)"},
	{OPT_REFRESH, "refresh", "DURATION", "when routers shall ask again (default 3600s)"},
	{OPT_RETRY, "retry", "DURATION", "when they shall after a failure (default 600s)"},
	{OPT_EXPIRE, "expire", "DURATION", "how long they may use data without us (default 7200s)"},
	{OPT_MAX_VERSION, "max-version", "N", "highest protocol version to speak (default 2)"},
	{OPT_MAX_CLIENTS, "max-clients", "N", "turn further routers away (default: what descriptors allow)"},
	{OPT_HISTORY, "history", "N", "keep at most so many changes for routers that return (default 1000)"},
	{OPT_NOTIFY_INTERVAL, "notify-interval", "DURATION", "least time between two Notifies to a router (default 60s)"},
	{OPT_QUERY_TIMEOUT, "query-timeout", "DURATION", "for the first query and the rest of a PDU (default 30s)"},
	{OPT_STALL_TIMEOUT, "stall-timeout", "DURATION", "close a router that takes no data for so long (default 60s)"},
	{OPT_EXIT_ON_EOF, "exit-on-eof", NULL, "exit when the input ends instead of serving on"},
	{OPT_SHUTDOWN, "shutdown", "MODE", "on SIGTERM: keep (default) or flush routers' data"},
	{OPT_VERIFY, "verify", "PUB", "take only what this key signed (vrp-sign), may be repeated"},
	{'v', "verbose", NULL, "log every answer, too"},
	{'q', "quiet", NULL, "log only warnings and errors"},
};

struct options {
	const char *listen[LISTEN_MAX];
	size_t listen_count;
	struct rtr_cache_config cache;
	struct rtr_server_config server;
	struct feeder_config feeder;
	struct sig_keys keys;
	bool exit_on_eof;
	bool flush;
	enum log_level level;
};

/* What signal handlers and the feeder act on; they run on the loop and on the feeder's thread. */
struct daemon {
	const struct options *options;
	struct log log;
	struct event_base *base;
	struct rtr_cache *cache;
	struct rtr_server *server;
	struct feeder *feeder;
	int eof_fd;	/* eventfd that the feeder writes to */
	struct event *events[5];	/* four signals and eof_fd */
};

/* ---- options ---- */

static void
set_mode(struct cli *cli, struct options *o)
{
	o->flush = strcmp(cli->arg, "flush") == 0;
	if (!o->flush && strcmp(cli->arg, "keep") != 0)
		cli_usage_error(cli, "--shutdown '%s': not keep or flush", cli->arg);
}

static void
trust_key(struct cli *cli, struct options *o)
{
	struct vrp_err err = {0};

	o->feeder.verify = &o->keys;
	if (sig_keyfile_trust(&o->keys, cli->arg, &err) == 0)
		return;
	cli_warn_err(cli, cli->arg, &err);
	exit(EXIT_TROUBLE);
}

static void
set_option(struct cli *cli, struct options *o, int opt)
{
	switch (opt) {
	case 'l':
		if (o->listen_count == LISTEN_MAX)
			cli_usage_error(cli, "more than %d addresses to listen on", LISTEN_MAX);
		o->listen[o->listen_count++] = cli->arg;
		break;
	case 'E':
		o->feeder.ignore_expiry = true;
		break;
	case OPT_MAX_AGE:
		o->feeder.max_age = cli_duration(cli, "--max-age", 0, UINT32_MAX);
		break;
	case OPT_MAX_SHRINK:
		o->feeder.max_shrink = cli_number(cli, "--max-shrink", 1, 100);
		break;
	case OPT_REFRESH:
		o->cache.timers.refresh = cli_duration(cli, "--refresh", 1, 86400);
		break;
	case OPT_RETRY:
		o->cache.timers.retry = cli_duration(cli, "--retry", 1, 7200);
		break;
	case OPT_EXPIRE:
		o->cache.timers.expire = cli_duration(cli, "--expire", 600, 172800);
		break;
	case OPT_MAX_VERSION:
		o->cache.max_version = (uint8_t)cli_number(cli, "--max-version", 0, RTR_VERSION_MAX);
		break;
	case OPT_MAX_CLIENTS:
		o->server.max_clients = cli_number(cli, "--max-clients", 1, 10000000);
		break;
	case OPT_HISTORY:
		o->cache.history = cli_number(cli, "--history", 0, 1000000);
		break;
	case OPT_NOTIFY_INTERVAL:
		o->server.notify_interval = cli_duration(cli, "--notify-interval", 0, 86400);
		break;
	case OPT_QUERY_TIMEOUT:
		o->server.query_timeout = cli_duration(cli, "--query-timeout", 1, 86400);
		break;
	case OPT_STALL_TIMEOUT:
		o->server.stall_timeout = cli_duration(cli, "--stall-timeout", 1, 86400);
		break;
	case OPT_EXIT_ON_EOF:
		o->exit_on_eof = true;
		break;
	case OPT_SHUTDOWN:
		set_mode(cli, o);
		break;
	case OPT_VERIFY:
		trust_key(cli, o);
		break;
	case 'v':
		o->level = LOG_LEVEL_DEBUG;
		break;
	case 'q':
		o->level = LOG_LEVEL_WARNING;
		break;
	}
}

static void
parse_options(struct cli *cli, int argc, char **argv, struct options *o)
{
	const char *why;
	int opt, index;

	while ((opt = cli_next(cli, argc, argv, &index)) != -1)
		set_option(cli, o, opt);
	if (argc - index > 1)
		cli_usage_error(cli, "more than one FILE");
	if (index < argc && strcmp(argv[index], "-") != 0)
		o->feeder.path = argv[index];
	if (o->listen_count == 0)
		o->listen[o->listen_count++] = LISTEN_DEFAULT;
	why = rtr_timers_check(&o->cache.timers);
	if (why)
		cli_usage_error(cli, "%s", why);
}

/* ---- log ---- */

/* Under systemd: the journal keeps the time itself and takes the level from "<N>" (sd-daemon(3)). */
static bool
stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long dev, ino;
	struct stat st;

	return stream && sscanf(stream, "%llu:%llu", &dev, &ino) == 2 && fstat(STDERR_FILENO, &st) == 0 &&
	       st.st_dev == dev && st.st_ino == ino;
}

static void
write_log(void *ctx, enum log_level level, const char *line)
{
	char stamp[STAMP_MAX];

	if (ctx) {
		fprintf(stderr, "<%d>%s\n", (int)level, line);
		return;
	}
	stamp_format(time(NULL), stamp);
	fprintf(stderr, "%s rtr-serve: %s\n", stamp, line);
}

/* ---- set-up ---- */

/*
 * A table and its images come and go as a whole.  glibc would raise its
 * threshold to their size and keep them in its heaps, where what is small and
 * newer holds on to them: after a few hundred changes of a table of a million
 * records, four times the memory.
 */
static void
return_large_memory(void)
{
#ifdef __GLIBC__
	mallopt(M_MMAP_THRESHOLD, 1 << 20);
#endif
}

/* As many descriptors as we may have, and no more clients than these allow. */
static void
use_descriptors(struct options *o)
{
	struct rlimit limit;
	size_t most;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
	(void)getrlimit(RLIMIT_NOFILE, &limit);
	most = limit.rlim_cur > 2 * SPARE_DESCRIPTORS ? limit.rlim_cur - SPARE_DESCRIPTORS : SPARE_DESCRIPTORS;
	if (o->server.max_clients == 0)
		o->server.max_clients = most;
}

/* RFC 8210 section 5.1: the IDs of two versions, and of two lives of this program, should differ. */
static void
draw_sessions(const struct cli *cli, uint16_t sessions[RTR_VERSIONS])
{
	do {
		if (getrandom(sessions, RTR_VERSIONS * sizeof(*sessions), 0) < 0)
			cli_die(cli, "no random numbers: %s", strerror(errno));
	} while (sessions[0] == sessions[1] || sessions[1] == sessions[2] || sessions[0] == sessions[2]);
}

static void
deliver(void *ctx, struct rtr_update *update)
{
	struct daemon *d = ctx;

	rtr_server_post(d->server, update);
}

static unsigned
versions(void *ctx)
{
	struct daemon *d = ctx;

	return rtr_server_versions(d->server);
}

static void
ended(void *ctx)
{
	struct daemon *d = ctx;
	uint64_t one = 1;

	if (d->options->exit_on_eof)
		(void)!write(d->eof_fd, &one, sizeof(one));
}

static void
stop(struct daemon *d, const char *why)
{
	struct timeval wait = {.tv_sec = SHUTDOWN_SECONDS};

	log_line(&d->log, LOG_LEVEL_NOTICE, "%s, closing %zu connections", why, rtr_server_clients(d->server));
	if (d->options->flush && rtr_server_clients(d->server)) {
		rtr_server_shutdown(d->server);
		event_base_loopexit(d->base, &wait);
	} else {
		event_base_loopbreak(d->base);
	}
}

static void
on_eof(evutil_socket_t fd VRP_UNUSED, short what VRP_UNUSED, void *ctx)
{
	stop(ctx, "input has ended");
}

static void
on_signal(evutil_socket_t signal, short what VRP_UNUSED, void *ctx)
{
	struct daemon *d = ctx;

	switch (signal) {
	case SIGHUP:
		feeder_reload(d->feeder);
		break;
	case SIGUSR1:
		feeder_accept_held(d->feeder);
		break;
	default:
		stop(d, signal == SIGINT ? "interrupted" : "terminated");
	}
}

/* Before anything says that we are there, so that a signal sent then is not fatal. */
static void
catch_events(const struct cli *cli, struct daemon *d)
{
	static const int signals[] = {SIGHUP, SIGUSR1, SIGINT, SIGTERM};

	for (size_t i = 0; i < ARRAY_LEN(d->events); i++) {
		d->events[i] = i < ARRAY_LEN(signals) ? evsignal_new(d->base, signals[i], on_signal, d)
						      : event_new(d->base, d->eof_fd, EV_READ, on_eof, d);
		if (!d->events[i] || event_add(d->events[i], NULL) < 0)
			cli_die(cli, "cannot set up the event loop: %s", strerror(errno));
	}
}

/* The feeder's thread leaves signals to this one. */
static struct feeder *
start_feeder(struct daemon *d, struct vrp_err *err)
{
	struct feeder_config config = d->options->feeder;
	struct feeder *feeder;
	sigset_t all, before;

	config.fd = STDIN_FILENO;
	config.deliver = deliver;
	config.versions = versions;
	config.ended = ended;
	config.ctx = d;
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	feeder = feeder_start(&config, &d->log, err);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return feeder;
}

/*
 * Once routers are listened for, and before anything of them or of the input is
 * read: what is listened on is open, and of the rest only FILE is opened again.
 */
static void
enter_sandbox(const struct cli *cli, const struct daemon *d)
{
	struct sandbox box;

	sandbox_init(&box);
	if (d->options->feeder.path)
		sandbox_follow(&box, d->options->feeder.path);
	cli_enter_sandbox(cli, &box);
	log_line(&d->log, LOG_LEVEL_DEBUG, "sandbox: Landlock ABI %d, %s", box.landlock, box.seccomp ? "seccomp" : "no seccomp");
}

static void
start(const struct cli *cli, struct daemon *d)
{
	struct vrp_err err;

	vrp_err_clear(&err);
	d->base = event_base_new();
	d->cache = rtr_cache_new(&d->options->cache);
	d->eof_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (!d->base || !d->cache || d->eof_fd < 0)
		cli_die(cli, "cannot set up the event loop: %s", strerror(errno));
	catch_events(cli, d);
	d->server = rtr_server_new(d->base, d->cache, &d->options->server, &d->log, &err);
	if (!d->server)
		cli_die(cli, "%s", err.msg);
	for (size_t i = 0; i < d->options->listen_count; i++)
		if (rtr_server_listen(d->server, d->options->listen[i], &err) < 0)
			cli_die(cli, "%s", err.msg);
	enter_sandbox(cli, d);
	d->feeder = start_feeder(d, &err);
	if (!d->feeder)
		cli_die(cli, "%s", err.msg);
}

int
main(int argc, char **argv)
{
	struct cli cli = {
		.tool = "rtr-serve",
		.synopsis = "[options] [-l ADDR:PORT]... [FILE]",
		.purpose = "serve a VRP stream to routers over RTR",
		.options = option_table,
		.option_count = ARRAY_LEN(option_table),
	};
	struct options options = {
		.cache = {.timers = RTR_TIMERS_DEFAULT, .max_version = RTR_VERSION_MAX, .history = 1000},
		.server = {.notify_interval = 60, .query_timeout = 30, .stall_timeout = 60},
		.feeder = {.max_age = 24 * 3600},
		.level = LOG_LEVEL_INFO,
	};
	struct daemon d = {.options = &options};

	parse_options(&cli, argc, argv, &options);
	cli_open_standard_streams(&cli, false);
	return_large_memory();
	signal(SIGPIPE, SIG_IGN);
	use_descriptors(&options);
	draw_sessions(&cli, options.cache.sessions);
	d.log = (struct log){write_log, stderr_is_journal() ? &d : NULL, options.level};
	start(&cli, &d);
	event_base_dispatch(d.base);
	rtr_server_close_mail(d.server);
	feeder_stop(d.feeder);
	rtr_server_free(d.server);
	rtr_cache_free(d.cache);
	for (size_t i = 0; i < ARRAY_LEN(d.events); i++)
		event_free(d.events[i]);
	event_base_free(d.base);
	close(d.eof_fd);
	sig_keys_release(&options.keys);
	return EXIT_DONE;
}
