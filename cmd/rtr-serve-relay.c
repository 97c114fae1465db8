/* SPDX-License-Identifier: ISC */
/*
 * rtr-serve --stdio-connect unix:PATH: what sshd runs as its subsystem
 * rpki-rtr.  Whoever is at the standard streams is let in by sshd; this only
 * carries bytes.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "rtr-serve.h"

#define BUFFER_SIZE ((size_t)64 * 1024)

/* One direction.  What was read and not yet written is data[start..end). */
struct pipe_half {
	int from, to;
	bool ended;	/* `from` is at its end, and `to` knows */
	size_t start, end;
	char data[BUFFER_SIZE];
};

static int
connect_to(const struct cli *cli, const char *address)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	const char *path = address + 5;
	size_t len;
	int fd;

	if (strncmp(address, "unix:", 5) != 0 || !*path)
		cli_usage_error(cli, "--stdio-connect '%s': not unix:PATH", address);
	len = strlen(path);
	if (len >= sizeof(sun.sun_path))
		cli_usage_error(cli, "--stdio-connect '%s': path too long for a socket", address);
	memcpy(sun.sun_path, path, len + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&sun, sizeof(sun)) < 0)
		cli_die(cli, "connect to %s: %s", address, strerror(errno));
	return fd;
}

/* The other side shall see the end, too: a pipe by its close, a socket by a half close. */
static void
end_half(struct pipe_half *h)
{
	h->ended = true;
	if (shutdown(h->to, SHUT_WR) < 0 && h->to == STDOUT_FILENO)
		close(STDOUT_FILENO);
}

/* One read or write that will not wait.  False when the other side is gone, or reading failed. */
static bool
step(struct pipe_half *h)
{
	ssize_t n;

	if (h->start == h->end) {
		n = read(h->from, h->data, sizeof(h->data));
		if (n < 0)
			return errno == EINTR || errno == EAGAIN;
		h->start = 0;
		h->end = (size_t)n;
		if (n == 0)
			end_half(h);
		return true;
	}
	n = write(h->to, h->data + h->start, h->end - h->start);
	if (n < 0)
		return errno == EINTR || errno == EAGAIN;
	h->start += (size_t)n;
	return true;
}

/* What it waits for now. */
static struct pollfd
wanted(const struct pipe_half *h)
{
	if (h->ended)
		return (struct pollfd){.fd = -1};
	if (h->start == h->end)
		return (struct pollfd){.fd = h->from, .events = POLLIN};
	return (struct pollfd){.fd = h->to, .events = POLLOUT};
}

/* The end of the cache's side is the end of all; the router's is passed on, and answers may still come. */
static bool
carry(struct pipe_half *to_cache, struct pipe_half *to_router)
{
	while (!to_router->ended) {
		struct pollfd p[2] = {wanted(to_cache), wanted(to_router)};

		if (poll(p, 2, -1) < 0 && errno != EINTR)
			return false;
		if (p[0].revents && !step(to_cache))
			return false;
		if (p[1].revents && !step(to_router))
			return false;
	}
	return true;
}

int
relay(const struct cli *cli, const char *address)
{
	static struct pipe_half to_cache, to_router;
	int fd = connect_to(cli, address);
	bool good;

	signal(SIGPIPE, SIG_IGN);
	to_cache.from = STDIN_FILENO;
	to_cache.to = to_router.from = fd;
	to_router.to = STDOUT_FILENO;
	good = carry(&to_cache, &to_router);
	close(fd);
	return good ? EXIT_DONE : EXIT_TROUBLE;
}
