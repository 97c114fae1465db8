/* SPDX-License-Identifier: ISC */
/*
 * Bytes between a channel and a socket.  libssh encrypts whatever it is given
 * into a buffer of its own, so it is given a piece only when that buffer is
 * empty; the window of the channel bounds what the router may send.
 */
#include <errno.h>
#include <libssh/server.h>
#include <poll.h>
#include <unistd.h>

#include "ssh_peer_internal.h"
#include "transport.h"

#define OUT_SIZE ((size_t)128 * 1024)
#define UNREAD_MAX (4 << 20)	/* far beyond the window that libssh grants */
#define FAREWELL_MS 2000	/* for last words and the router's */

static const int nudge_ms[] = {20, 100, 500, 2000, 10000};	/* after the last output, and after each other */

/* ---- from the router */

static void
take_from_router(struct ssh_peer *p)
{
	char dropped[1024];
	int n;

	if (p->in_at < p->in_len || p->router_ended)
		return;
	p->in_at = p->in_len = 0;
	n = ssh_channel_read_nonblocking(p->channel, p->in, sizeof(p->in), 0);
	if (n > 0)
		p->in_len = (size_t)n;
	else if (n < 0 || ssh_channel_is_eof(p->channel) || ssh_channel_is_closed(p->channel))
		p->router_ended = true;
	/* There is no standard error in this direction. */
	while (!p->router_ended && ssh_channel_read_nonblocking(p->channel, dropped, sizeof(dropped), 1) > 0)
		;
}

static void
give_to_socket(struct ssh_peer *p, int fd)
{
	while (p->in_at < p->in_len && !p->socket_gone) {
		ssize_t n = send(fd, p->in + p->in_at, p->in_len - p->in_at, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n >= 0)
			p->in_at += (size_t)n;
		else if (errno == EAGAIN)
			return;
		else if (errno != EINTR)
			p->socket_gone = true;
	}
	if (p->socket_gone)
		p->in_at = p->in_len;
	if (p->router_ended && !p->told_socket) {
		shutdown(fd, SHUT_WR);
		p->told_socket = true;
	}
}

/* ---- to the router */

static bool
is_writing(const struct ssh_peer *p)
{
	return ssh_get_status(p->session) & SSH_WRITE_PENDING;
}

static bool
wants_from_socket(const struct ssh_peer *p)
{
	return p->out_at == p->out_len && !p->socket_ended && !is_writing(p);
}

/* Memory for a piece is there only while there are pieces: most of the time a router waits.  False when it is out. */
static bool
take_from_socket(struct ssh_peer *p, int fd)
{
	ssize_t n;

	if (!wants_from_socket(p))
		return true;
	if (!p->out)
		p->out = malloc(OUT_SIZE);
	if (!p->out)
		return false;
	do
		n = recv(fd, p->out, OUT_SIZE, MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	p->out_at = 0;
	p->out_len = n > 0 ? (size_t)n : 0;
	if (n > 0)
		return true;
	p->socket_ended = n == 0 || errno != EAGAIN;
	free(p->out);
	p->out = NULL;
	return true;
}

/* False when the channel takes nothing any more. */
static bool
give_to_router(struct ssh_peer *p)
{
	if (p->out_at < p->out_len && !is_writing(p)) {
		int n = ssh_channel_write(p->channel, p->out + p->out_at, (uint32_t)(p->out_len - p->out_at));

		if (n < 0)
			return false;
		p->out_at += (size_t)n;
		p->nudges = p->is_libssh ? 0 : ARRAY_LEN(nudge_ms);
		p->nudge_at = transport_now() + nudge_ms[0];
	}
	if (p->socket_ended && !p->told_router && p->out_at == p->out_len && !is_writing(p)) {
		ssh_channel_send_eof(p->channel);
		p->told_router = true;
	}
	return true;
}

/*
 * BIRD takes 4 KiB each time poll(2) says that there is something, and sleeps on
 * what libssh has decrypted beyond.  A message that means nothing
 * (RFC 4253 section 11.2) wakes it; one too early is taken in with the rest, hence several.
 */
static void
nudge(struct ssh_peer *p)
{
	int64_t now = transport_now();

	if (p->nudges == ARRAY_LEN(nudge_ms) || now < p->nudge_at || is_writing(p))
		return;
	ssh_send_ignore(p->session, "");
	p->nudge_at = ++p->nudges < ARRAY_LEN(nudge_ms) ? now + nudge_ms[p->nudges] : TRANSPORT_NEVER;
}

/* ---- both */

static int
wait_ms(const struct ssh_peer *p, int64_t deadline)
{
	int64_t now = transport_now(), ms = p->nudge_at > now ? p->nudge_at - now : 0;

	if (deadline != TRANSPORT_NEVER)
		return 100;
	return p->nudges == ARRAY_LEN(nudge_ms) || is_writing(p) ? -1 : (int)ms;
}

/* Wait for what can go on. */
static void
wait_for_either(struct ssh_peer *p, int fd, int ms)
{
	struct pollfd fds[2] = {{.fd = p->fd, .events = POLLIN}, {.fd = p->socket_gone ? -1 : fd}};

	if (ssh_get_poll_flags(p->session) & SSH_WRITE_PENDING)
		fds[0].events |= POLLOUT;
	if (wants_from_socket(p))
		fds[1].events |= POLLIN;
	if (p->in_at < p->in_len)
		fds[1].events |= POLLOUT;
	if (poll(fds, 2, ms) < 0)
		return;
	if (fds[1].revents & (POLLHUP | POLLERR))
		p->socket_gone = true;
}

/* Say goodbye as a server does whose program has ended, and give the router a moment to do so, too. */
static void
say_goodbye(struct ssh_peer *p, const atomic_bool *stop)
{
	int64_t deadline = transport_now() + FAREWELL_MS;

	if (ssh_channel_is_open(p->channel)) {
		ssh_channel_request_send_exit_status(p->channel, 0);
		ssh_channel_close(p->channel);
	}
	ssh_blocking_flush(p->session, 0);
	while (!atomic_load(stop) && !ssh_peer_is_gone(p) && transport_now() < deadline)
		if (ssh_event_dopoll(p->event, 100) == SSH_ERROR)
			return;
}

void
ssh_peer_relay(struct ssh_peer *p, int socket, const atomic_bool *stop)
{
	int64_t deadline = TRANSPORT_NEVER;

	p->is_libssh = strstr(ssh_get_clientbanner(p->session), "libssh") != NULL;
	p->nudges = ARRAY_LEN(nudge_ms);
	while (!atomic_load(stop) && transport_now() < deadline) {
		take_from_router(p);
		give_to_socket(p, socket);
		if (!take_from_socket(p, socket) || !give_to_router(p) || ssh_peer_is_gone(p))
			return;
		/* What the socket still has is sent for as long as its peer's absence is no older than that. */
		if (p->socket_gone && deadline == TRANSPORT_NEVER)
			deadline = transport_now() + FAREWELL_MS;
		if (p->socket_gone && p->told_router && !is_writing(p))
			break;
		nudge(p);
		wait_for_either(p, socket, wait_ms(p, deadline));
		if (ssh_event_dopoll(p->event, 0) == SSH_ERROR || ssh_channel_poll(p->channel, 0) > UNREAD_MAX)
			return;
	}
	say_goodbye(p, stop);
}
