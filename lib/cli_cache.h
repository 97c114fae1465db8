/* SPDX-License-Identifier: ISC */
/*
 * The options by which a tool proves itself to caches and has them prove
 * themselves, over TLS and SSH: the same for every tool that takes a cache.
 *
 *	static const struct cli_option option_table[] = {
 *		...
 *		CLI_CACHE_OPTIONS,
 *	};
 *
 *	while ((opt = cli_next(&cli, argc, argv, &index)) != -1)
 *		if (!cli_cache_option(&cli, &cache, opt))
 *			...
 *	cli_cache_finish(&cli, &cache);
 *	transports = transports_all(&cache.security);
 *	...
 *	cli_cache_release(&cache);
 *
 * No secret is ever an argument, which every user of a machine can see: keys
 * and passwords come from files that only their owner can read (secret.h), a
 * password also from VRP_SSH_PASSWORD.
 */
#ifndef VRP_CLI_CACHE_H
#define VRP_CLI_CACHE_H

#include <stdbool.h>

#include "cli.h"
#include "secret.h"
#include "tcp_keys.h"
#include "transports.h"

/* Their numbers; a tool's own begin at CLI_LONG. */
enum {
	CLI_CACHE_TLS_CA = 2 * CLI_LONG,
	CLI_CACHE_TLS_NAME,
	CLI_CACHE_TLS_CERT,
	CLI_CACHE_TLS_KEY,
	CLI_CACHE_TLS_INSECURE,
	CLI_CACHE_SSH_KNOWN_HOSTS,
	CLI_CACHE_SSH_HOST_KEY,
	CLI_CACHE_SSH_KEY,
	CLI_CACHE_SSH_PASSWORD_FILE,
	CLI_CACHE_TCP_KEYS,
};

#define CLI_CACHE_OPTIONS                                                                                                      \
	{CLI_CACHE_TLS_CA, "tls-ca", "FILE", "who certifies caches over TLS (default: the system's authorities)"},            \
	{CLI_CACHE_TLS_NAME, "tls-name", "NAME", "what their certificates are for (default: the host that is given)"},       \
	{CLI_CACHE_TLS_CERT, "tls-cert", "FILE", "our certificate for TLS, with what certifies it"},                          \
	{CLI_CACHE_TLS_KEY, "tls-key", "FILE", "its private key"},                                                            \
	{CLI_CACHE_TLS_INSECURE, "tls-insecure", NULL, "believe any certificate, and so anybody"},                            \
	{CLI_CACHE_SSH_KNOWN_HOSTS, "ssh-known-hosts", "FILE", "keys of caches over SSH (default ~/.ssh/known_hosts)"},       \
	{CLI_CACHE_SSH_HOST_KEY, "ssh-host-key", "HASH", "SHA256:..., the one key that a cache may have, instead"},                 \
	{CLI_CACHE_SSH_KEY, "ssh-key", "FILE", "our private key for SSH"},                                                    \
	{CLI_CACHE_SSH_PASSWORD_FILE, "ssh-password-file", "FILE", "our password for SSH; also from VRP_SSH_PASSWORD"}, \
	{CLI_CACHE_TCP_KEYS, "tcp-keys", "FILE", "keys for TCP-MD5 and TCP-AO, by address"}

struct cli_cache {
	struct transport_security security;
	struct secret ssh_password;	/* from the environment */
	struct tcp_keys *tcp_keys;
};

/* Takes the option that cli_next() returned.  False when it is none of these. */
bool cli_cache_option(const struct cli *cli, struct cli_cache *c, int opt);

/* A usage error where what was given so far doesn't go together: for tools whose options hold for the caches behind them. */
void cli_cache_check(const struct cli *cli, const struct cli_cache *c);

/*
 * After the last option, before there are threads: that check, and the password
 * out of the environment.
 */
void cli_cache_finish(const struct cli *cli, struct cli_cache *c);

void cli_cache_release(struct cli_cache *c);

#endif
