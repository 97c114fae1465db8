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
#include <signal.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

#include "filewatch.h"
#include "lifetime.h"
#include "rtr-serve.h"
#include "serve_board.h"
#include "serve_http.h"
#include "ssh_gate.h"
#include "tls_gate.h"

#define SPARE_DESCRIPTORS 64	/* kept from clients: listeners, input, log */
#define HEARTBEAT_MS 1000
#define TLS_HANDSHAKES 1024	/* at once, of each listener, unless told otherwise */
#define SSH_HANDSHAKES 256	/* they have a thread each */
#define SHUTDOWN_SECONDS 2	/* for the last PDUs to routers */

/* What signal handlers and the feeder act on; they run on the loop and on the feeder's thread. */
struct daemon {
	const struct options *options;
	struct log log;
	struct event_base *base;
	struct rtr_cache *cache;
	struct rtr_server *server;
	struct feeder *feeder;
	struct rtr_state *state;	/* NULL: none is kept */
	struct rtr_snapshot *restored;	/* from it, until the feeder has started; NULL: nothing */
	bool withheld;		/* that is too old to be served */
	struct serve_board *board;	/* these two are NULL without --http */
	struct serve_http *http;
	int eof_fd;	/* eventfd that the feeder writes to */
	struct event *events[5];	/* four signals and eof_fd */
	struct event *heartbeat;
	struct sd_notifier manager;
	char status[160];	/* as the manager was told last */
};

/* ---- set-up ---- */

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
	/* One of ssh is a socket and a pair of them. */
	for (size_t i = 0; i < o->spec_count; i++) {
		if (o->specs[i].transport == LISTEN_SSH) {
			most /= 3;
			break;
		}
	}
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

/* ---- what is told over HTTP */

static void
leave_status(void *ctx, const struct intake_status *status)
{
	struct daemon *d = ctx;

	serve_board_leave_input(d->board, status);
}

static void
leave_report(void *ctx, struct rtr_report *report)
{
	struct daemon *d = ctx;

	serve_board_leave_report(d->board, report);
}

static void
leave_snapshot(void *ctx, struct rtr_snapshot *snapshot)
{
	struct daemon *d = ctx;

	serve_board_leave_snapshot(d->board, snapshot);
}

/* Nothing is counted or copied for nobody. */
static void
open_http(const struct cli *cli, struct daemon *d, struct rtr_server_config *server)
{
	const struct options *o = d->options;
	struct serve_http_config config = {
		.input = o->feeder.path ? o->feeder.path : "-",
		.timers = o->cache.timers,
		.client_metrics = o->client_metrics,
	};
	struct vrp_err err;

	if (o->http_count + o->http_fd_count == 0)
		return;
	d->board = config.board = serve_board_new();
	if (!d->board)
		cli_die(cli, "out of memory");
	d->http = serve_http_new(&config, &d->log, &err);
	if (!d->http)
		cli_die(cli, "%s", err.msg);
	for (size_t i = 0; i < o->http_fd_count; i++)
		if (serve_http_listen(d->http, HTTP_SOCKET_NAME, o->http_fds[i], &err) < 0)
			cli_die(cli, "%s", err.msg);
	for (size_t i = 0; i < o->http_count; i++)
		if (serve_http_listen(d->http, o->http[i], -1, &err) < 0)
			cli_die(cli, "--http %s", err.msg);
	server->report = leave_report;
	server->snapshot = leave_snapshot;
	server->ctx = d;
}

/* ---- signals and ends */

static void
stop(struct daemon *d, const char *why)
{
	struct timeval wait = {.tv_sec = SHUTDOWN_SECONDS};

	log_line(&d->log, LOG_LEVEL_NOTICE, "%s, closing %zu connections", why, rtr_server_clients(d->server));
	sd_notify(&d->manager, "STOPPING=1");
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

/* ---- files that are read again ---- */

static bool
has_listener(const struct options *o, const char *name)
{
	for (size_t i = 0; i < o->spec_count; i++)
		if (o->specs[i].name && strcmp(o->specs[i].name, name) == 0)
			return true;
	return false;
}

/* A name that is mistyped would open or close nothing.  It is no error, since several caches may share the file. */
static void
warn_of_names(const struct daemon *d, const struct access *access)
{
	for (size_t i = 0; i < access_count(access); i++) {
		const struct access_rule *rule = access_at(access, i);

		if (rule->listener[0] && !has_listener(d->options, rule->listener))
			log_line(&d->log, LOG_LEVEL_WARNING, "%s:%zu: no listener has the name '%s'", d->options->access,
				 rule->line, rule->listener);
	}
}

/* A bad file leaves what was read before; at the start there is nothing before. */
static int
load_access(struct daemon *d, struct vrp_err *err)
{
	struct access *access;

	if (!d->options->access)
		return 0;
	access = access_read(d->options->access, err);
	if (!access)
		return -1;
	log_line(&d->log, LOG_LEVEL_NOTICE, "%s: %zu access rules", d->options->access, access_count(access));
	warn_of_names(d, access);
	rtr_server_set_access(d->server, access);
	return 0;
}

static int
load_tcp_keys(struct daemon *d, struct vrp_err *err)
{
	struct tcp_keys *keys;
	size_t count;

	if (!d->options->tcp_keys)
		return 0;
	keys = tcp_keys_read(d->options->tcp_keys, err);
	if (!keys)
		return -1;
	count = tcp_keys_count(keys);
	if (rtr_server_set_tcp_keys(d->server, keys, err) < 0)
		return -1;
	log_line(&d->log, LOG_LEVEL_NOTICE, "%s: %zu TCP keys", d->options->tcp_keys, count);
	return 0;
}

static void
log_bad_file(struct daemon *d, const char *file, const struct vrp_err *err)
{
	char at[48] = "";

	if (err->line && err->column)
		snprintf(at, sizeof(at), ":%zu:%zu", err->line, err->column);
	else if (err->line)
		snprintf(at, sizeof(at), ":%zu", err->line);
	log_line(&d->log, LOG_LEVEL_ERROR, "%s%s: %s; what was read before stays", file, at, err->msg);
}

static void
reload(struct daemon *d)
{
	struct vrp_err err;

	sd_notify_reloading(&d->manager);
	vrp_err_clear(&err);
	if (load_access(d, &err) < 0)
		log_bad_file(d, d->options->access, &err);
	vrp_err_clear(&err);
	if (load_tcp_keys(d, &err) < 0)
		log_bad_file(d, d->options->tcp_keys, &err);
	rtr_server_reload_gates(d->server);
	feeder_reload(d->feeder);
	sd_notify(&d->manager, "READY=1");
}

static void
on_signal(evutil_socket_t signal, short what VRP_UNUSED, void *ctx)
{
	struct daemon *d = ctx;

	switch (signal) {
	case SIGHUP:
		reload(d);
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

static struct feeder *
start_feeder(struct daemon *d, struct vrp_err *err)
{
	struct feeder_config config = d->options->feeder;

	config.state = d->state;
	config.restored = d->restored;
	config.withheld = d->withheld;
	config.deliver = deliver;
	config.versions = versions;
	config.ended = ended;
	config.status = d->board ? leave_status : NULL;
	config.ctx = d;
	return feeder_start(&config, &d->log, err);
}

/* Tell the service manager that the loop turns, and what there is. */
static void
on_heartbeat(evutil_socket_t fd VRP_UNUSED, short what VRP_UNUSED, void *ctx)
{
	struct daemon *d = ctx;
	struct vrpset *set = rtr_cache_has_data(d->cache) ? rtr_cache_set(d->cache) : NULL;
	char status[sizeof(d->status)];

	if (set)
		snprintf(status, sizeof(status), "serial %u, %zu records, %zu clients", rtr_cache_serial(d->cache),
			 vrpset_count(set), rtr_server_clients(d->server));
	else
		snprintf(status, sizeof(status), "no data yet, %zu clients", rtr_server_clients(d->server));
	if (strcmp(status, d->status) != 0)
		sd_notify(&d->manager, "STATUS=%s", status);
	memcpy(d->status, status, sizeof(status));
	if (d->manager.watchdog_ms)
		sd_notify(&d->manager, "WATCHDOG=1");
}

static void
start_heartbeat(const struct cli *cli, struct daemon *d)
{
	uint64_t ms = d->manager.watchdog_ms && d->manager.watchdog_ms < HEARTBEAT_MS ? d->manager.watchdog_ms : HEARTBEAT_MS;
	struct timeval every = {.tv_sec = (time_t)(ms / 1000), .tv_usec = (suseconds_t)(ms % 1000 * 1000)};

	if (d->manager.fd < 0)
		return;
	d->heartbeat = event_new(d->base, -1, EV_PERSIST, on_heartbeat, d);
	if (!d->heartbeat || event_add(d->heartbeat, &every) < 0)
		cli_die(cli, "cannot set up the event loop: %s", strerror(errno));
}

/* Who lets routers in there. */
static struct gate *
make_gate(struct daemon *d, const struct listen_spec *spec, struct vrp_err *err)
{
	size_t most = spec->transport == LISTEN_TLS ? TLS_HANDSHAKES : SSH_HANDSHAKES;
	struct gate_config config = rtr_server_gate_config(d->server, d->options->handshake_timeout,
							   d->options->max_handshakes ? d->options->max_handshakes : most);
	struct tls_server_files tls = {.cert = spec->cert, .key = spec->key, .client_ca = spec->client_ca};
	struct ssh_realm_config ssh = {
		.host_keys = spec->host_keys,
		.host_key_count = spec->host_key_count,
		.authorized_keys = spec->authorized_keys,
		.passwords = spec->passwords,
		.anyone = spec->anyone,
	};

	return spec->transport == LISTEN_TLS ? tls_gate_new(&tls, &config, err) : ssh_gate_new(&config, &ssh, err);
}

static void
listen_to(const struct cli *cli, struct daemon *d, const struct listen_spec *spec, int fd)
{
	bool gated = spec->transport == LISTEN_TLS || spec->transport == LISTEN_SSH;
	struct gate *gate;
	struct vrp_err err;

	vrp_err_clear(&err);
	gate = gated ? make_gate(d, spec, &err) : NULL;
	if ((gated && !gate) || rtr_server_listen(d->server, spec, gate, fd, &err) < 0)
		cli_die(cli, "%s", err.msg);
}

static void
listen_everywhere(const struct cli *cli, struct daemon *d)
{
	const struct options *o = d->options;
	struct vrp_err err;

	vrp_err_clear(&err);
	if (load_access(d, &err) < 0) {
		cli_warn_err(cli, o->access, &err);
		exit(EXIT_TROUBLE);
	}
	if (load_tcp_keys(d, &err) < 0) {
		cli_warn_err(cli, o->tcp_keys, &err);
		exit(EXIT_TROUBLE);
	}
	for (size_t i = 0; i < o->spec_count; i++)
		listen_to(cli, d, &o->specs[i], i < o->socket_count ? o->sockets[i].fd : -1);
}

static void
follow(struct sandbox *box, const char *path)
{
	if (path)
		sandbox_follow(box, path);
}

/* What SIGHUP has read again, and what is removed at the end. */
static void
keep_listener(const struct listen_spec *spec, bool passed, struct sandbox *box)
{
	follow(box, spec->cert);
	follow(box, spec->key);
	follow(box, spec->client_ca);
	for (size_t i = 0; i < spec->host_key_count; i++)
		follow(box, spec->host_keys[i]);
	follow(box, spec->authorized_keys);
	follow(box, spec->passwords);
	if (spec->transport == LISTEN_UNIX && !passed)
		sandbox_remove(box, spec->address);
	if (spec->transport == LISTEN_SSH)
		sandbox_accounts(box);	/* libssh asks who we are */
	if (spec->transport == LISTEN_SSH || spec->transport == LISTEN_TLS) {
		sandbox_trust(box, false);
		sandbox_guard_memory(box);
	}
}

/* Its file is read, appended to and replaced. */
static void
keep_state(const char *dir, struct sandbox *box)
{
	char *file;

	if (!dir)
		return;
	sandbox_read(box, dir);
	if (asprintf(&file, "%s/" RTR_STATE_FILE, dir) < 0)
		box->nomem = true;
	else
		sandbox_replace(box, file);
	free(file);
}

/*
 * Once routers are listened for, and before anything of them or of the input is
 * read: what is listened on is open, and of the rest only files are opened again.
 */
static void
enter_sandbox(const struct cli *cli, const struct daemon *d)
{
	const struct options *o = d->options;
	struct sandbox box;

	sandbox_init(&box);
	follow(&box, o->feeder.path);
	follow(&box, o->access);
	follow(&box, o->tcp_keys);
	keep_state(o->state, &box);
	for (size_t i = 0; i < o->spec_count; i++)
		keep_listener(&o->specs[i], i < o->socket_count, &box);
	cli_enter_sandbox(cli, &box);
	log_line(&d->log, LOG_LEVEL_DEBUG, "sandbox: Landlock ABI %d, %s", box.landlock, box.seccomp ? "seccomp" : "no seccomp");
}

/*
 * A pipe, such as bash's <(...), is opened by who we are now: once that has changed, it may be somebody else's.  A file that
 * is not there may come when a state has what to serve until then.
 */
static void
open_stream(const struct cli *cli, struct feeder_config *input, bool may_come)
{
	bool regular;
	int fd;

	input->fd = STDIN_FILENO;
	if (!input->path)
		return;
	fd = filewatch_open(input->path, &regular);
	if (fd < 0 && errno == ENOENT && may_come)
		return;
	if (fd < 0)
		cli_die(cli, "%s: %s", input->path, strerror(errno));
	if (regular) {
		close(fd);
		return;
	}
	input->fd = fd;
	input->path = NULL;
}

/* ---- the state of the process before */

static void
log_restored(const struct daemon *d)
{
	const struct rtr_snapshot *s = d->restored;
	char stamp[STAMP_MAX] = "unknown time";

	if (s->data_time != STAMP_UNKNOWN)
		stamp_format(s->data_time, stamp);
	if (d->withheld)
		log_line(&d->log, LOG_LEVEL_WARNING, "data of %s from %s/" RTR_STATE_FILE
			 " is too old to be served, serial %u goes on with the next table", stamp, d->options->state, s->serial);
	else
		log_line(&d->log, LOG_LEVEL_NOTICE, "serving %zu records of %s from %s/" RTR_STATE_FILE ", serial %u, %zu changes kept",
			 vrpset_count(s->set), stamp, d->options->state, s->serial, rtr_cache_history(d->cache));
}

static void
restore(const struct cli *cli, struct daemon *d)
{
	const struct options *o = d->options;
	struct lifetime rules = {.max_age = o->feeder.max_age};
	struct names *names = names_new();
	struct vrp_err err;

	vrp_err_clear(&err);
	if (!names)
		cli_die(cli, "out of memory");
	if (rtr_state_load(d->state, names, o->cache.sessions, o->cache.history, &d->restored, &err) < 0)
		cli_die(cli, "%s", err.msg);
	names_unref(names);
	if (!d->restored)
		return;
	d->withheld = lifetime_too_old(&rules, d->restored->data_time, time(NULL));
	if (rtr_cache_restore(d->cache, d->restored, d->withheld) < 0)
		cli_die(cli, "out of memory");
	log_restored(d);
}

static void
start(const struct cli *cli, struct daemon *d)
{
	struct rtr_server_config server = d->options->server;
	struct vrp_err err;

	vrp_err_clear(&err);
	d->base = event_base_new();
	d->cache = rtr_cache_new(&d->options->cache);
	d->eof_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (!d->base || !d->cache || d->eof_fd < 0)
		cli_die(cli, "cannot set up the event loop: %s", strerror(errno));
	catch_events(cli, d);
	open_http(cli, d, &server);
	d->server = rtr_server_new(d->base, d->cache, &server, &d->log, &err);
	if (!d->server)
		cli_die(cli, "%s", err.msg);
	listen_everywhere(cli, d);
	if (d->options->drop && privdrop_enter(&d->options->user, d->options->root, &err) < 0)
		cli_die(cli, "%s", err.msg);
	if (d->options->state && !(d->state = rtr_state_open(d->options->state, &d->log, &err)))
		cli_die(cli, "--state %s", err.msg);
	enter_sandbox(cli, d);
	if (d->state)
		restore(cli, d);
	if (rtr_server_start(d->server, &err) < 0 || (d->http && serve_http_start(d->http, &err) < 0))
		cli_die(cli, "%s", err.msg);
	start_heartbeat(cli, d);
	d->feeder = start_feeder(d, &err);
	if (!d->feeder)
		cli_die(cli, "%s", err.msg);
	rtr_snapshot_unref(d->restored);
	d->restored = NULL;
}

static void
serve(struct cli *cli, struct options *options, struct daemon *d)
{
	struct vrp_err err;

	cli_open_standard_streams(cli, false);
	open_stream(cli, &options->feeder, options->state);
	cli_return_memory();
	signal(SIGPIPE, SIG_IGN);
	use_descriptors(options);
	draw_sessions(cli, options->cache.sessions);
	d->log = cli_log(cli, options->level);
	vrp_err_clear(&err);
	if (sd_notifier_open(&d->manager, &err) < 0)
		cli_warn(cli, "%s", err.msg);
	start(cli, d);
	sd_notify(&d->manager, "READY=1");
	event_base_dispatch(d->base);
	rtr_server_close_mail(d->server);
	feeder_stop(d->feeder);
	rtr_state_free(d->state);
	rtr_server_free(d->server);
	serve_http_free(d->http);
	serve_board_free(d->board);
	rtr_cache_free(d->cache);
	for (size_t i = 0; i < ARRAY_LEN(d->events); i++)
		event_free(d->events[i]);
	if (d->heartbeat)
		event_free(d->heartbeat);
	event_base_free(d->base);
	close(d->eof_fd);
	if (options->feeder.fd != STDIN_FILENO)
		close(options->feeder.fd);
	sd_notifier_close(&d->manager);
}

int
main(int argc, char **argv)
{
	struct cli cli = rtr_serve_cli;
	struct options options = {
		.defaults = {.max_version = RTR_VERSION_MAX, .mode = 0660},
		.cache = {.timers = RTR_TIMERS_DEFAULT, .max_version = RTR_VERSION_MAX, .history = 1000},
		.server = {.notify_interval = 60, .query_timeout = 30, .stall_timeout = 60},
		.feeder = {.max_age = 24 * 3600},
		.handshake_timeout = 10,
		.level = LOG_LEVEL_INFO,
	};
	struct daemon d = {.options = &options, .manager = SD_NOTIFIER_NONE};
	int status = EXIT_DONE;

	parse_options(&cli, argc, argv, &options);
	if (options.relay)
		status = relay(&cli, options.relay);
	else
		serve(&cli, &options, &d);
	release_options(&options);
	return status;
}
