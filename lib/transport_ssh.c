/* SPDX-License-Identifier: ISC */
/*
 * The session is non-blocking all along: each of libssh's calls is made again
 * until it is done, with waits for the socket in between, so that one deadline
 * covers all of them.  Neither ~/.ssh/config nor /etc/ssh/ssh_config is read.
 */
#include "transport_ssh.h"

#include <errno.h>
#include <fcntl.h>
#include <libssh/libssh.h>
#include <poll.h>
#include <unistd.h>

#include "dial.h"
#include "ssh_algorithms.h"
#include "ssh_identity.h"
#include "transports.h"

struct ssh_transport {
	struct transport transport;
	ssh_session session;
	ssh_channel channel;
	const struct endpoint *to;	/* these three while it connects */
	const struct ssh_security *security;
	int64_t deadline;
	struct vrp_err *err;
};

static struct ssh_transport *
of(struct transport *t)
{
	return (struct ssh_transport *)t;
}

static bool
is_writing(const struct ssh_transport *t)
{
	return ssh_get_status(t->session) & SSH_WRITE_PENDING;
}

static int
fail(struct ssh_transport *t, const char *what)
{
	return vrp_err_set(t->err, "%s (%s): %s: %s", t->to->host, t->transport.peer, what, ssh_get_error(t->session));
}

/* ---- connecting */

/* What one of libssh's calls waits for. */
static int
wait_more(struct ssh_transport *t, const char *what)
{
	short events = POLLIN;
	int rc;

	/* libssh makes the socket blocking when it first sees it connected. */
	fcntl(t->transport.fd, F_SETFL, O_NONBLOCK);
	if (ssh_get_poll_flags(t->session) & SSH_WRITE_PENDING)
		events |= POLLOUT;
	rc = dial_wait(t->transport.fd, events, t->deadline);
	if (rc > 0)
		return 0;
	return vrp_err_set(t->err, "%s (%s): %s: %s", t->to->host, t->transport.peer, what,
			   rc < 0 ? strerror(errno) : "timed out");
}

/* Make a call until it is done.  When it still asks to be made again, waiting has failed and the reason is given. */
#define REPEAT(t, what, again, rc, call)                                                                               \
	do                                                                                                             \
		(rc) = (call);                                                                                         \
	while ((rc) == (again) && wait_more(t, what) == 0)

static int
set_options(struct ssh_transport *t)
{
	const char *known_hosts = t->security->host_key ? "/dev/null" : t->security->known_hosts;
	const struct endpoint *to = t->to;
	unsigned port = to->port;
	bool off = false;
	int rsa_bits = SSH_RSA_BITS_MIN;
	const struct {
		enum ssh_options_e option;
		const void *value;	/* NULL: leave it as it is */
	} options[] = {
		{SSH_OPTIONS_PROCESS_CONFIG, &off},
		{SSH_OPTIONS_HOST, to->host},
		{SSH_OPTIONS_PORT, &port},
		{SSH_OPTIONS_USER, to->user[0] ? to->user : NULL},
		{SSH_OPTIONS_KNOWNHOSTS, known_hosts},
		{SSH_OPTIONS_GLOBAL_KNOWNHOSTS, known_hosts},
		{SSH_OPTIONS_KEY_EXCHANGE, SSH_KEX},
		{SSH_OPTIONS_HOSTKEYS, SSH_KEY_ALGORITHMS},
		{SSH_OPTIONS_PUBLICKEY_ACCEPTED_TYPES, SSH_KEY_ALGORITHMS},
		{SSH_OPTIONS_CIPHERS_C_S, SSH_CIPHERS},
		{SSH_OPTIONS_CIPHERS_S_C, SSH_CIPHERS},
		{SSH_OPTIONS_HMAC_C_S, SSH_MACS},
		{SSH_OPTIONS_HMAC_S_C, SSH_MACS},
		{SSH_OPTIONS_RSA_MIN_SIZE, &rsa_bits},
	};

	for (size_t i = 0; i < ARRAY_LEN(options); i++)
		if (options[i].value && ssh_options_set(t->session, options[i].option, options[i].value) < 0)
			return fail(t, "set up SSH");
	if (known_hosts && access(known_hosts, R_OK) < 0)
		return vrp_err_set(t->err, "%s: %s", known_hosts, strerror(errno));
	ssh_set_blocking(t->session, 0);
	return 0;
}

/* ---- is it the cache that was meant? */

static int
check_pin(struct ssh_transport *t, const char *print)
{
	if (strcmp(print, t->security->host_key) == 0)
		return 0;
	return vrp_err_set(t->err, "%s (%s): host key is %s, not %s", t->to->host, t->transport.peer, print,
			   t->security->host_key);
}

static int
check_known_hosts(struct ssh_transport *t, const char *print, const char *type)
{
	const char *file = t->security->known_hosts ? t->security->known_hosts : "~/.ssh/known_hosts";
	const char *what = "is unknown to";

	switch (ssh_session_is_known_server(t->session)) {
	case SSH_KNOWN_HOSTS_OK:
		return 0;
	case SSH_KNOWN_HOSTS_CHANGED:
		what = "is not the one in";
		break;
	case SSH_KNOWN_HOSTS_OTHER:
		what = "is of another type than the one in";
		break;
	case SSH_KNOWN_HOSTS_ERROR:
		return fail(t, file);
	case SSH_KNOWN_HOSTS_UNKNOWN:
	case SSH_KNOWN_HOSTS_NOT_FOUND:
		break;
	}
	return vrp_err_set(t->err, "%s (%s): host key %s (%s) %s %s", t->to->host, t->transport.peer, print, type, what,
			   file);
}

static int
check_host_key(struct ssh_transport *t)
{
	char print[SSH_FINGERPRINT_MAX];
	ssh_key key = NULL;
	const char *type;

	if (ssh_get_server_publickey(t->session, &key) != SSH_OK)
		return fail(t, "host key");
	ssh_fingerprint(key, print);
	type = ssh_key_type_to_char(ssh_key_type(key));
	ssh_key_free(key);
	return t->security->host_key ? check_pin(t, print) : check_known_hosts(t, print, type ? type : "?");
}

/* ---- who we are */

static int
offer_key(struct ssh_transport *t)
{
	struct vrp_err why = {0};
	ssh_key key = ssh_identity_read(t->security->key_file, &why);
	int rc;

	if (!key) {
		vrp_err_set(t->err, "%s: %s", t->security->key_file, why.msg);
		return SSH_AUTH_AGAIN;
	}
	REPEAT(t, "key", SSH_AUTH_AGAIN, rc, ssh_userauth_publickey(t->session, NULL, key));
	ssh_key_free(key);
	return rc;
}

static int
offer_password(struct ssh_transport *t)
{
	struct secret from_file = SECRET_INIT;
	const struct secret *password = t->security->password;
	struct vrp_err why = {0};
	int rc;

	if (t->security->password_file) {
		if (secret_read_line(&from_file, t->security->password_file, SECRET_LINE_MAX, &why) < 0) {
			vrp_err_set(t->err, "%s: %s", t->security->password_file, why.msg);
			return SSH_AUTH_AGAIN;
		}
		password = &from_file;
	}
	REPEAT(t, "password", SSH_AUTH_AGAIN, rc, ssh_userauth_password(t->session, NULL, password->data));
	secret_release(&from_file);
	return rc;
}

/* By what is given, else by what the user has: an agent's keys and those in ~/.ssh. */
static int
prove(struct ssh_transport *t)
{
	bool has_password = t->security->password_file || t->security->password;
	int rc;

	REPEAT(t, "log in", SSH_AUTH_AGAIN, rc, ssh_userauth_none(t->session, NULL));
	if (rc == SSH_AUTH_DENIED && t->security->key_file)
		rc = offer_key(t);
	if ((rc == SSH_AUTH_DENIED || rc == SSH_AUTH_PARTIAL) && has_password)
		rc = offer_password(t);
	if (rc == SSH_AUTH_DENIED && !t->security->key_file && !has_password)
		REPEAT(t, "key", SSH_AUTH_AGAIN, rc, ssh_userauth_publickey_auto(t->session, NULL, NULL));
	if (rc == SSH_AUTH_SUCCESS)
		return 0;
	return rc == SSH_AUTH_AGAIN ? -1 : fail(t, "log in");
}

/* ---- a transport */

static int
open_subsystem(struct ssh_transport *t)
{
	int rc;

	t->channel = ssh_channel_new(t->session);
	if (!t->channel)
		return vrp_err_nomem(t->err);
	REPEAT(t, "channel", SSH_AGAIN, rc, ssh_channel_open_session(t->channel));
	if (rc == SSH_OK)
		REPEAT(t, SSH_SUBSYSTEM, SSH_AGAIN, rc, ssh_channel_request_subsystem(t->channel, SSH_SUBSYSTEM));
	return rc == SSH_OK ? 0 : rc == SSH_AGAIN ? -1 : fail(t, "subsystem " SSH_SUBSYSTEM);
}

/* libssh has a descriptor of its own, which it closes when it likes; ours is good for poll(2) as long as there is a transport. */
static int
shake_hands(struct ssh_transport *t)
{
	int fd = fcntl(t->transport.fd, F_DUPFD_CLOEXEC, 0), rc;

	if (fd < 0)
		return vrp_err_set(t->err, "%s: %s", t->to->host, strerror(errno));
	if (ssh_options_set(t->session, SSH_OPTIONS_FD, &fd) < 0) {
		close(fd);
		return fail(t, "set up SSH");
	}
	REPEAT(t, "handshake", SSH_AGAIN, rc, ssh_connect(t->session));
	return rc == SSH_OK ? 0 : rc == SSH_AGAIN ? -1 : fail(t, "handshake");
}

static void
ssh_close(struct transport *transport)
{
	struct ssh_transport *t = of(transport);

	if (t->session) {
		ssh_disconnect(t->session);
		ssh_free(t->session);
	}
	if (transport->fd >= 0)
		close(transport->fd);
	free(t);
}

static struct transport *
ssh_connect_to(const struct endpoint *to, int64_t deadline, struct vrp_err *err)
{
	struct ssh_transport *t = calloc(1, sizeof(*t));

	if (!t) {
		vrp_err_nomem(err);
		return NULL;
	}
	t->transport.ops = to->ops;
	t->to = to;
	t->security = &to->security->ssh;
	t->deadline = deadline;
	t->err = err;
	t->transport.fd = dial(to->host, to->port, deadline, t->transport.peer, err);
	if (t->transport.fd >= 0)
		t->session = ssh_new();
	if (!t->session) {
		if (t->transport.fd >= 0)
			vrp_err_nomem(err);
		ssh_close(&t->transport);
		return NULL;
	}
	if (set_options(t) < 0 || shake_hands(t) < 0 || check_host_key(t) < 0 || prove(t) < 0 || open_subsystem(t) < 0) {
		ssh_close(&t->transport);
		return NULL;
	}
	return &t->transport;
}

static int
lost(struct ssh_transport *t, const char *what, struct vrp_err *err)
{
	vrp_err_set(err, "%s %s: %s", what, t->transport.peer, ssh_get_error(t->session));
	return TRANSPORT_FAILED;
}

static ssize_t
ssh_read(struct transport *transport, void *dst, size_t len, struct vrp_err *err)
{
	struct ssh_transport *t = of(transport);
	int n = ssh_channel_read_nonblocking(t->channel, dst, len > INT32_MAX ? INT32_MAX : (uint32_t)len, 0);

	if (n > 0)
		return n;
	if (n == SSH_EOF || (n == 0 && ssh_channel_is_eof(t->channel)))
		return 0;
	if (n < 0 || !ssh_is_connected(t->session))
		return lost(t, "read from", err);
	return is_writing(t) ? TRANSPORT_WANT_WRITE : TRANSPORT_WANT_READ;
}

/* libssh takes whatever it is given and keeps it; so it is given more only when nothing waits. */
static ssize_t
ssh_write(struct transport *transport, const void *data, size_t len, struct vrp_err *err)
{
	struct ssh_transport *t = of(transport);
	int n;

	if (is_writing(t))
		ssh_blocking_flush(t->session, 0);
	if (is_writing(t))
		return TRANSPORT_WANT_WRITE;
	n = ssh_channel_write(t->channel, data, len > INT32_MAX ? INT32_MAX : (uint32_t)len);
	if (n > 0)
		return n;
	if (n < 0 || !ssh_is_connected(t->session))
		return lost(t, "write to", err);
	return is_writing(t) ? TRANSPORT_WANT_WRITE : TRANSPORT_WANT_READ;
}

static void
ssh_finish(struct transport *transport)
{
	ssh_channel_send_eof(of(transport)->channel);
}

const struct transport_ops transport_ssh = {
	.scheme = "ssh",
	.port = 22,
	.has_user = true,
	.connect = ssh_connect_to,
	.read = ssh_read,
	.write = ssh_write,
	.finish = ssh_finish,
	.close = ssh_close,
};
