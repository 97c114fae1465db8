/* SPDX-License-Identifier: ISC */
#include "rtr-serve.h"

#include "sig_keyfile.h"

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
	OPT_MAX_PER_ADDRESS,
	OPT_ACCESS,
	OPT_TCP_KEYS,
	OPT_TLS_CERT,
	OPT_TLS_KEY,
	OPT_TLS_CLIENT_CA,
	OPT_SSH_HOST_KEY,
	OPT_SSH_AUTHORIZED_KEYS,
	OPT_SSH_PASSWORDS,
	OPT_HANDSHAKE_TIMEOUT,
	OPT_MAX_HANDSHAKES,
	OPT_USER,
	OPT_CHROOT,
	OPT_STDIO_CONNECT,
	OPT_VERIFY,
	OPT_HTTP,
	OPT_CLIENT_METRICS,
};

static const struct cli_option option_table[] = {
	{'l', "listen", "SPEC", "serve routers here, may be repeated (default " LISTEN_DEFAULT ")"},
	{'E', "ignore-expiry", NULL, "serve records that have expired, too"},
	{OPT_MAX_AGE, "max-age", "DURATION", "withdraw a table whose data is older (default 24h, 0 never)"},
	{OPT_MAX_SHRINK, "max-shrink", "PERCENT", "hold back a table that loses more of any trust anchor (default off)"},
	{OPT_REFRESH, "refresh", "DURATION", "when routers shall ask again (default 3600s)"},
	{OPT_RETRY, "retry", "DURATION", "when they shall after a failure (default 600s)"},
	{OPT_EXPIRE, "expire", "DURATION", "how long they may use data without us (default 7200s)"},
	{OPT_MAX_VERSION, "max-version", "N", "highest protocol version to speak (default 2)"},
	{OPT_MAX_CLIENTS, "max-clients", "N", "turn further routers away (default: what descriptors allow)"},
	{OPT_MAX_PER_ADDRESS, "max-clients-per-address", "N", "the same for those of one address (default: a quarter of all)"},
	{OPT_ACCESS, "access", "FILE", "who may come in, by address"},
	{OPT_TCP_KEYS, "tcp-keys", "FILE", "keys for TCP-MD5 and TCP-AO, by address"},
	{OPT_TLS_CERT, "tls-cert", "FILE", "for tls: our certificate and what certifies it"},
	{OPT_TLS_KEY, "tls-key", "FILE", "for tls: its private key"},
	{OPT_TLS_CLIENT_CA, "tls-client-ca", "FILE", "for tls: who certifies routers, which then need a certificate"},
	{OPT_SSH_HOST_KEY, "ssh-host-key", "FILE", "for ssh: our private key, one for each kind"},
	{OPT_SSH_AUTHORIZED_KEYS, "ssh-authorized-keys", "FILE", "for ssh: the public keys of routers"},
	{OPT_SSH_PASSWORDS, "ssh-passwords", "FILE", "for ssh: the passwords of routers"},
	{OPT_HANDSHAKE_TIMEOUT, "handshake-timeout", "DURATION", "for a handshake of tls or ssh (default 10s)"},
	{OPT_MAX_HANDSHAKES, "max-handshakes", "N", "at once, of each listener (default 1024 for tls, 256 for ssh)"},
	{OPT_HISTORY, "history", "N", "keep at most so many changes for routers that return (default 1000)"},
	{OPT_NOTIFY_INTERVAL, "notify-interval", "DURATION", "least time between two Notifies to a router (default 60s)"},
	{OPT_QUERY_TIMEOUT, "query-timeout", "DURATION", "for the first query and the rest of a PDU (default 30s)"},
	{OPT_STALL_TIMEOUT, "stall-timeout", "DURATION", "close a router that takes no data for so long (default 60s)"},
	{OPT_EXIT_ON_EOF, "exit-on-eof", NULL, "exit when the input ends instead of serving on"},
	{OPT_SHUTDOWN, "shutdown", "MODE", "on SIGTERM: keep (default) or flush routers' data"},
	{OPT_HTTP, "http", "ADDR:PORT", "answer HTTP here, may be repeated; :PORT is for this machine alone"},
	{OPT_CLIENT_METRICS, "client-metrics", NULL, "have series for each router among the metrics"},
	{OPT_VERIFY, "verify", "PUB", "take only what this key signed (vrp-sign), may be repeated"},
	{OPT_USER, "user", "USER[:GROUP]", "become this user when all sockets listen"},
	{OPT_CHROOT, "chroot", "DIR", "make this the root directory then"},
	{OPT_STDIO_CONNECT, "stdio-connect", "unix:PATH", "instead of serving: connect standard input and output to this"},
	{'v', "verbose", NULL, "log every answer, too"},
	{'q', "quiet", NULL, "log only warnings and errors"},
};

static void
set_mode(struct cli *cli, struct options *o)
{
	o->flush = strcmp(cli->arg, "flush") == 0;
	if (!o->flush && strcmp(cli->arg, "keep") != 0)
		cli_usage_error(cli, "--shutdown '%s': not keep or flush", cli->arg);
}

/* Those that are numbers and times. */
static void
set_number(struct cli *cli, struct options *o, int opt)
{
	switch (opt) {
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
		o->cache.max_version = o->defaults.max_version = (uint8_t)cli_number(cli, "--max-version", 0, RTR_VERSION_MAX);
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
	case OPT_MAX_PER_ADDRESS:
		o->defaults.max_per_address = cli_number(cli, "--max-clients-per-address", 1, 10000000);
		break;
	case OPT_HANDSHAKE_TIMEOUT:
		o->handshake_timeout = cli_duration(cli, "--handshake-timeout", 1, 3600);
		break;
	case OPT_MAX_HANDSHAKES:
		o->max_handshakes = cli_number(cli, "--max-handshakes", 1, 100000);
		break;
	}
}

/* Those that name files; false when it is none of them. */
static bool
set_file(struct cli *cli, struct options *o, int opt)
{
	const struct {
		int opt;
		const char **file;
	} files[] = {
		{OPT_ACCESS, &o->access},
		{OPT_TCP_KEYS, &o->tcp_keys},
		{OPT_TLS_CERT, &o->defaults.cert},
		{OPT_TLS_KEY, &o->defaults.key},
		{OPT_TLS_CLIENT_CA, &o->defaults.client_ca},
		{OPT_SSH_AUTHORIZED_KEYS, &o->defaults.authorized_keys},
		{OPT_SSH_PASSWORDS, &o->defaults.passwords},
		{OPT_CHROOT, &o->root},
		{OPT_STDIO_CONNECT, &o->relay},
	};

	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		if (files[i].opt == opt) {
			*files[i].file = cli->arg;
			return true;
		}
	}
	return false;
}

static void
set_user(struct cli *cli, struct options *o)
{
	struct vrp_err err;

	vrp_err_clear(&err);
	if (privdrop_parse(&o->user, cli->arg, &err) < 0)
		cli_usage_error(cli, "--user '%s': %s", cli->arg, err.msg);
	o->drop = true;
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
	case OPT_EXIT_ON_EOF:
		o->exit_on_eof = true;
		break;
	case OPT_SHUTDOWN:
		set_mode(cli, o);
		break;
	case OPT_VERIFY:
		trust_key(cli, o);
		break;
	case OPT_SSH_HOST_KEY:
		if (o->defaults.host_key_count == LISTEN_HOST_KEYS_MAX)
			cli_usage_error(cli, "more than %d host keys", LISTEN_HOST_KEYS_MAX);
		o->defaults.host_keys[o->defaults.host_key_count++] = cli->arg;
		break;
	case OPT_HTTP:
		if (o->http_count == LISTEN_MAX)
			cli_usage_error(cli, "more than %d addresses for --http", LISTEN_MAX);
		o->http[o->http_count++] = cli->arg;
		break;
	case OPT_CLIENT_METRICS:
		o->client_metrics = true;
		break;
	case OPT_USER:
		set_user(cli, o);
		break;
	case 'v':
		o->level = LOG_LEVEL_DEBUG;
		break;
	case 'q':
		o->level = LOG_LEVEL_WARNING;
		break;
	default:
		if (!set_file(cli, o, opt))
			set_number(cli, o, opt);
	}
}

static void
check_spec(struct cli *cli, const struct listen_spec *spec)
{
	if (spec->transport == LISTEN_TLS && (!spec->cert || !spec->key))
		cli_usage_error(cli, "tls://%s needs --tls-cert and --tls-key", spec->address);
	if (spec->transport == LISTEN_SSH &&
	    (spec->host_key_count == 0 || (!spec->authorized_keys && !spec->passwords && !spec->anyone)))
		cli_usage_error(cli, "ssh://%s needs --ssh-host-key, and --ssh-authorized-keys or --ssh-passwords", spec->address);
}

/* The transport of a socket that was passed is what its name says, or by its family. */
static void
add_socket(struct cli *cli, struct options *o, const struct sd_socket *s)
{
	struct listen_spec *spec = &o->specs[o->spec_count];
	struct sockaddr_storage sa = {0};
	socklen_t len = sizeof(sa);

	*spec = o->defaults;
	if (!listen_transport_parse(s->name, strlen(s->name), &spec->transport)) {
		(void)getsockname(s->fd, (struct sockaddr *)&sa, &len);
		spec->transport = sa.ss_family == AF_UNIX ? LISTEN_UNIX : LISTEN_TCP;
	}
	spec->address = strdup(s->name);
	if (!spec->address)
		cli_die(cli, "out of memory");
	spec->name = spec->address[0] ? spec->address : NULL;
	check_spec(cli, spec);
	o->spec_count++;
}

/* Those that are for HTTP are none for routers. */
static void
take_http_sockets(struct options *o)
{
	size_t left = 0;

	for (size_t i = 0; i < o->socket_count; i++) {
		if (strcmp(o->sockets[i].name, HTTP_SOCKET_NAME) == 0)
			o->http_fds[o->http_fd_count++] = o->sockets[i].fd;
		else
			o->sockets[left++] = o->sockets[i];
	}
	o->socket_count = left;
}

/* Now that all defaults are known. */
static void
find_listeners(struct cli *cli, struct options *o)
{
	struct vrp_err err;
	int n;

	vrp_err_clear(&err);
	n = sd_sockets(o->sockets, SD_FIRST_FD, &err);
	if (n < 0)
		cli_die(cli, "%s", err.msg);
	o->socket_count = (size_t)n;
	take_http_sockets(o);
	for (size_t i = 0; i < o->socket_count; i++)
		add_socket(cli, o, &o->sockets[i]);
	if (o->socket_count + o->listen_count == 0)
		o->listen[o->listen_count++] = LISTEN_DEFAULT;
	for (size_t i = 0; i < o->listen_count; i++) {
		if (listen_spec_parse(o->listen[i], &o->defaults, &o->specs[o->spec_count], &err) < 0)
			cli_usage_error(cli, "-l %s", err.msg);
		check_spec(cli, &o->specs[o->spec_count++]);
	}
}

void
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
	if (o->client_metrics && o->http_count + o->http_fd_count == 0)
		cli_usage_error(cli, "--client-metrics without --http");
	if (o->root && !o->drop)
		cli_usage_error(cli, "--chroot without --user");
	if (!o->relay)
		find_listeners(cli, o);
	why = rtr_timers_check(&o->cache.timers);
	if (why)
		cli_usage_error(cli, "%s", why);
}

void
release_options(struct options *o)
{
	for (size_t i = 0; i < o->spec_count; i++)
		listen_spec_release(&o->specs[i]);
	sig_keys_release(&o->keys);
}

const struct cli rtr_serve_cli = {
	.tool = "rtr-serve",
	.synopsis = "[options] [-l SPEC]... [FILE]",
	.purpose = "serve a VRP stream to routers over RTR",
	.options = option_table,
	.option_count = ARRAY_LEN(option_table),
};
