/* SPDX-License-Identifier: ISC */
#include "transports.h"

#include <netdb.h>

static const struct transport_ops *const all[] = {&transport_tcp, &transport_tls, &transport_ssh, &transport_unix, NULL};

struct transports
transports_all(const struct transport_security *security)
{
	return (struct transports){.ops = all, .security = security};
}

static bool
is_address(const char *host)
{
	struct addrinfo hints = {.ai_flags = AI_NUMERICHOST}, *list;

	if (getaddrinfo(host, NULL, &hints, &list) != 0)
		return false;
	freeaddrinfo(list);
	return true;
}

static void
keep_file(const char *path, bool later, struct sandbox *box)
{
	if (path && later)
		sandbox_follow(box, path);
	else if (path)
		sandbox_read(box, path);
}

static void
keep_tls(const struct tls_security *tls, bool later, struct sandbox *box)
{
	if (!tls->ca_file && !tls->insecure)
		sandbox_trust(box, later);
	keep_file(tls->ca_file, later, box);
	keep_file(tls->cert_file, later, box);
	keep_file(tls->key_file, later, box);
}

/* Without files of its own it uses the user's, whoever libssh takes that for. */
static void
keep_ssh(const struct ssh_security *ssh, bool later, struct sandbox *box)
{
	const char *home = getenv("HOME");
	char dir[4096];

	keep_file(ssh->known_hosts, later, box);
	keep_file(ssh->key_file, later, box);
	keep_file(ssh->password_file, later, box);
	if (home && snprintf(dir, sizeof(dir), "%s/.ssh", home) < (int)sizeof(dir))
		sandbox_read(box, dir);
	sandbox_read(box, "/etc/ssh");
	sandbox_read(box, "/etc/passwd");
}

void
transports_keep(const struct endpoint *to, bool later, struct sandbox *box)
{
	if (to->ops == &transport_unix) {
		box->network = true;
		return;
	}
	sandbox_connect(box, to->port);
	if (!is_address(to->host))
		sandbox_resolve(box, later);
	if (to->ops == &transport_tls && to->security)
		keep_tls(&to->security->tls, later, box);
	if (to->ops == &transport_ssh && to->security)
		keep_ssh(&to->security->ssh, later, box);
}
