/* SPDX-License-Identifier: ISC */
#include "cli_cache.h"

#include <stdlib.h>

#define PASSWORD_VARIABLE "VRP_SSH_PASSWORD"

static void
read_tcp_keys(const struct cli *cli, struct cli_cache *c)
{
	struct vrp_err err;

	c->tcp_keys = tcp_keys_read(cli->arg, &err);
	if (!c->tcp_keys && err.line)
		cli_die(cli, "%s:%zu:%zu: %s", cli->arg, err.line, err.column, err.msg);
	if (!c->tcp_keys)
		cli_die(cli, "%s: %s", cli->arg, err.msg);
	c->security.tcp = (struct dial_prepare){tcp_keys_prepare, c->tcp_keys};
}

bool
cli_cache_option(const struct cli *cli, struct cli_cache *c, int opt)
{
	struct tls_security *tls = &c->security.tls;
	struct ssh_security *ssh = &c->security.ssh;

	switch (opt) {
	case CLI_CACHE_TLS_CA:
		tls->ca_file = cli->arg;
		return true;
	case CLI_CACHE_TLS_NAME:
		if (!*cli->arg)
			cli_usage_error(cli, "--tls-name is empty");
		tls->name = cli->arg;
		return true;
	case CLI_CACHE_TLS_CERT:
		tls->cert_file = cli->arg;
		return true;
	case CLI_CACHE_TLS_KEY:
		tls->key_file = cli->arg;
		return true;
	case CLI_CACHE_TLS_INSECURE:
		tls->insecure = true;
		return true;
	case CLI_CACHE_SSH_KNOWN_HOSTS:
		ssh->known_hosts = cli->arg;
		return true;
	case CLI_CACHE_SSH_HOST_KEY:
		ssh->host_key = cli->arg;
		return true;
	case CLI_CACHE_SSH_KEY:
		ssh->key_file = cli->arg;
		return true;
	case CLI_CACHE_SSH_PASSWORD_FILE:
		ssh->password_file = cli->arg;
		return true;
	case CLI_CACHE_TCP_KEYS:
		tcp_keys_free(c->tcp_keys);
		read_tcp_keys(cli, c);
		return true;
	}
	return false;
}

/* It leaves the environment in any case, so that no program that we start has it. */
static void
take_password(const struct cli *cli, struct cli_cache *c)
{
	struct vrp_err err;

	if (!getenv(PASSWORD_VARIABLE))
		return;
	if (secret_from_env(&c->ssh_password, PASSWORD_VARIABLE, SECRET_LINE_MAX, &err) < 0)
		cli_die(cli, PASSWORD_VARIABLE ": %s", err.msg);
	if (!c->security.ssh.password_file)
		c->security.ssh.password = &c->ssh_password;
}

void
cli_cache_check(const struct cli *cli, const struct cli_cache *c)
{
	const struct tls_security *tls = &c->security.tls;
	const struct ssh_security *ssh = &c->security.ssh;

	if (!tls->cert_file != !tls->key_file)
		cli_usage_error(cli, "--tls-cert and --tls-key go together");
	if (tls->insecure && (tls->ca_file || tls->name))
		cli_usage_error(cli, "--tls-insecure leaves nothing to --tls-ca and --tls-name");
	if (ssh->known_hosts && ssh->host_key)
		cli_usage_error(cli, "--ssh-host-key stands instead of --ssh-known-hosts");
}

void
cli_cache_finish(const struct cli *cli, struct cli_cache *c)
{
	cli_cache_check(cli, c);
	take_password(cli, c);
}

void
cli_cache_release(struct cli_cache *c)
{
	secret_release(&c->ssh_password);
	tcp_keys_free(c->tcp_keys);
}
