/* SPDX-License-Identifier: ISC */
#include "ssh_peer.h"

#include <ctype.h>
#include <errno.h>
#include <libssh/callbacks.h>
#include <libssh/server.h>
#include <poll.h>
#include <stdbool.h>
#include <unistd.h>

#include "ssh_algorithms.h"
#include "ssh_identity.h"
#include "ssh_peer_internal.h"
#include "transport.h"

#define FAILURES_MAX 6	/* of proofs, as sshd has it */
#define USER_SHOWN 64
#define SOCKET_ERROR "Socket error: "	/* libssh's, which says nothing */

/* ---- proofs; callbacks of libssh from within ssh_event_dopoll() */

/* What a router calls itself or asks for, as it stands in the log: it must not look like another part of a line. */
static const char *
shown(char text[USER_SHOWN + 1], const char *name)
{
	size_t len = 0;

	for (; len < USER_SHOWN && name[len]; len++)
		text[len] = isalnum((unsigned char)name[len]) || strchr("._-@+", name[len]) ? name[len] : '?';
	text[len] = '\0';
	return text;
}

static int
refuse(struct ssh_peer *p, const char *user, const char *how, const char *reason)
{
	char text[USER_SHOWN + 1];

	p->failures++;
	snprintf(p->failure, sizeof(p->failure), "user %s: %s: %s", shown(text, user), how, reason);
	return SSH_AUTH_DENIED;
}

static int
let_in(struct ssh_peer *p, const char *user, const char *key)
{
	char text[USER_SHOWN + 1];

	snprintf(p->identity, sizeof(p->identity), "user %s%s%s", shown(text, user), key ? ", key " : "", key ? key : "");
	return SSH_AUTH_SUCCESS;
}

static int
on_none(ssh_session session VRP_UNUSED, const char *user, void *ctx)
{
	struct ssh_peer *p = ctx;

	/* Clients begin with this to hear what there is; it is no failure. */
	return ssh_realm_refuses_none(p->realm) ? SSH_AUTH_DENIED : let_in(p, user, NULL);
}

static int
on_password(ssh_session session VRP_UNUSED, const char *user, const char *password, void *ctx)
{
	struct ssh_peer *p = ctx;
	const char *reason = "too many failures";

	if (p->failures < FAILURES_MAX)
		reason = ssh_realm_refuses_password(p->realm, user, password);
	return reason ? refuse(p, user, "password", reason) : let_in(p, user, NULL);
}

/* Asked twice: would this key do, and then with a signature. */
static int
on_key(ssh_session session VRP_UNUSED, const char *user, ssh_key key, char state, void *ctx)
{
	struct ssh_peer *p = ctx;
	char print[SSH_FINGERPRINT_MAX], how[SSH_FINGERPRINT_MAX + 8];
	const char *reason = "bad signature";

	ssh_fingerprint(key, print);
	if (state == SSH_PUBLICKEY_STATE_NONE || state == SSH_PUBLICKEY_STATE_VALID)
		reason = ssh_realm_refuses_key(p->realm, user, key, (const struct sockaddr *)&p->from);
	if (reason) {
		snprintf(how, sizeof(how), "key %s", print);
		return refuse(p, user, how, reason);
	}
	return state == SSH_PUBLICKEY_STATE_VALID ? let_in(p, user, print) : SSH_AUTH_SUCCESS;
}

/* ---- the channel */

static int
on_subsystem(ssh_session session VRP_UNUSED, ssh_channel channel VRP_UNUSED, const char *name, void *ctx)
{
	struct ssh_peer *p = ctx;
	char text[USER_SHOWN + 1];

	if (p->running || strcmp(name, SSH_SUBSYSTEM) != 0) {
		snprintf(p->failure, sizeof(p->failure), "%s, but subsystem %s", p->identity, shown(text, name));
		return 1;
	}
	p->running = true;
	return 0;
}

static int
on_terminal(ssh_session session VRP_UNUSED, ssh_channel channel VRP_UNUSED, const char *term VRP_UNUSED,
	    int width VRP_UNUSED, int height VRP_UNUSED, int pxwidth VRP_UNUSED, int pxheight VRP_UNUSED,
	    void *ctx VRP_UNUSED)
{
	return 0;
}

static int
on_shell(ssh_session session VRP_UNUSED, ssh_channel channel VRP_UNUSED, void *ctx)
{
	struct ssh_peer *p = ctx;

	snprintf(p->failure, sizeof(p->failure), "%s, but wanted a shell", p->identity);
	return 1;
}

static int
on_command(ssh_session session VRP_UNUSED, ssh_channel channel VRP_UNUSED, const char *command VRP_UNUSED, void *ctx)
{
	struct ssh_peer *p = ctx;

	snprintf(p->failure, sizeof(p->failure), "%s, but wanted to run a command", p->identity);
	return 1;
}

static ssh_channel
on_open(ssh_session session, void *ctx)
{
	struct ssh_peer *p = ctx;

	if (p->channel)
		return NULL;
	p->channel = ssh_channel_new(session);
	if (p->channel && ssh_set_channel_callbacks(p->channel, &p->channel_callbacks) != SSH_OK)
		p->channel = NULL;
	return p->channel;
}

static void
set_callbacks(struct ssh_peer *p)
{
	p->server_callbacks = (struct ssh_server_callbacks_struct){
		.userdata = p,
		.auth_none_function = on_none,
		.auth_password_function = on_password,
		.auth_pubkey_function = on_key,
		.channel_open_request_session_function = on_open,
	};
	p->channel_callbacks = (struct ssh_channel_callbacks_struct){
		.userdata = p,
		.channel_subsystem_request_function = on_subsystem,
		.channel_pty_request_function = on_terminal,
		.channel_shell_request_function = on_shell,
		.channel_exec_request_function = on_command,
	};
	ssh_callbacks_init(&p->server_callbacks);
	ssh_callbacks_init(&p->channel_callbacks);
	ssh_set_server_callbacks(p->session, &p->server_callbacks);
}

/* ---- the peer */

struct ssh_peer *
ssh_peer_new(struct ssh_realm *realm, int fd, const struct sockaddr_storage *from, struct vrp_err *err)
{
	struct ssh_peer *p = calloc(1, sizeof(*p));

	if (!p) {
		close(fd);
		vrp_err_nomem(err);
		return NULL;
	}
	p->realm = ssh_realm_ref(realm);
	p->from = *from;
	p->session = ssh_realm_accept(realm, fd, err);
	if (p->session)
		p->event = ssh_event_new();
	if (!p->event) {
		if (p->session)
			vrp_err_nomem(err);
		ssh_peer_free(p);
		return NULL;
	}
	p->fd = fd;
	set_callbacks(p);
	ssh_set_blocking(p->session, 0);
	return p;
}

void
ssh_peer_free(struct ssh_peer *p)
{
	if (!p)
		return;
	if (p->session)
		ssh_disconnect(p->session);
	if (p->event)
		ssh_event_free(p->event);
	ssh_free(p->session);
	ssh_realm_unref(p->realm);
	free(p->out);
	free(p);
}

const char *
ssh_peer_identity(const struct ssh_peer *p)
{
	return p->identity;
}

bool
ssh_peer_is_gone(const struct ssh_peer *p)
{
	return !ssh_is_connected(p->session) || ssh_get_status(p->session) & (SSH_CLOSED | SSH_CLOSED_ERROR);
}

/* ---- the handshake */

/* What libssh says of the end of a connection, without what says nothing. */
static const char *
their_reason(const struct ssh_peer *p)
{
	const char *reason = ssh_get_error(p->session);

	if (strncmp(reason, SOCKET_ERROR, strlen(SOCKET_ERROR)) == 0)
		reason += strlen(SOCKET_ERROR);
	return *reason && strcmp(reason, strerror(0)) != 0 ? reason : "disconnected";
}

/* How far it came, and why it came no further; NULL: as libssh says. */
static int
give_reason(struct ssh_peer *p, const char *reason, struct vrp_err *err)
{
	if (!reason)
		reason = their_reason(p);
	if (p->failure[0])
		return vrp_err_set(err, "%s (%s)", p->failure, reason);
	if (p->identity[0])
		return vrp_err_set(err, "%s, but never asked for " SSH_SUBSYSTEM " (%s)", p->identity, reason);
	return vrp_err_set(err, "%s", reason);
}

int
ssh_peer_handshake(struct ssh_peer *p, int64_t deadline, struct vrp_err *err)
{
	int rc = ssh_handle_key_exchange(p->session);

	if (rc == SSH_ERROR || ssh_event_add_session(p->event, p->session) != SSH_OK)
		return give_reason(p, NULL, err);
	while (!p->running) {
		int64_t left = deadline - transport_now();

		if (left <= 0)
			return give_reason(p, "timed out", err);
		if (p->failures >= FAILURES_MAX)
			return give_reason(p, "too many failures", err);
		rc = ssh_event_dopoll(p->event, (int)left);
		if (rc == SSH_ERROR || ssh_peer_is_gone(p))
			return give_reason(p, NULL, err);
	}
	return 0;
}
