/* SPDX-License-Identifier: ISC */
#include "bind.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "arrival.h"

#define BACKLOG 4096	/* the kernel cuts it to net.core.somaxconn */

/* Take "[HOST]:PORT", "HOST:PORT" or ":PORT" apart. */
static int
split_address(const char *address, char host[256], char port[16], struct vrp_err *err)
{
	const char *colon = strrchr(address, ':');
	size_t len = colon ? (size_t)(colon - address) : 0;

	if (!colon || strlen(colon + 1) >= 16 || !colon[1])
		return vrp_err_set(err, "'%s' is not ADDRESS:PORT", address);
	/* getaddrinfo() would take larger ones modulo 65,536. */
	if (strspn(colon + 1, "0123456789") == strlen(colon + 1) && strtoul(colon + 1, NULL, 10) > UINT16_MAX)
		return vrp_err_set(err, "'%s': no such port", address);
	if (len >= 2 && address[0] == '[' && address[len - 1] == ']') {
		address++;
		len -= 2;
	} else if (memchr(address, ':', len)) {
		return vrp_err_set(err, "'%s': an IPv6 address stands in brackets", address);
	}
	if (len >= 256)
		return vrp_err_set(err, "'%s' is not ADDRESS:PORT", address);
	memcpy(host, address, len);
	host[len] = '\0';
	memcpy(port, colon + 1, strlen(colon + 1) + 1);
	return 0;
}

static in_port_t *
port_of(struct sockaddr_storage *sa)
{
	return sa->ss_family == AF_INET6 ? &((struct sockaddr_in6 *)sa)->sin6_port : &((struct sockaddr_in *)sa)->sin_port;
}

/* -1 with errno. */
static int
listen_at(const struct addrinfo *ai, const struct sockaddr *sa)
{
	int failed, one = 1, fd = socket(ai->ai_family, ai->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, ai->ai_protocol);

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (ai->ai_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	if (bind(fd, sa, ai->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	failed = errno;
	close(fd);
	errno = failed;
	return -1;
}

/* At the port that another address was given, if that is free here. */
static int
listen_near(const struct addrinfo *ai, int other)
{
	struct sockaddr_storage sa = {0}, bound;
	socklen_t len = sizeof(bound);
	int fd = -1;

	memcpy(&sa, ai->ai_addr, ai->ai_addrlen);
	if (*port_of(&sa) == 0 && other >= 0 && getsockname(other, (struct sockaddr *)&bound, &len) == 0) {
		*port_of(&sa) = *port_of(&bound);
		fd = listen_at(ai, (struct sockaddr *)&sa);
	}
	return fd >= 0 ? fd : listen_at(ai, ai->ai_addr);
}

/* Of several addresses that nobody has named, a family that this machine doesn't have is no failure if the other one works. */
static int
listen_all(const struct addrinfo *list, bool named, int fds[BIND_MAX], struct vrp_err *err)
{
	char text[ARRIVAL_PEER_MAX];
	int n = 0;

	for (const struct addrinfo *ai = list; ai && n < BIND_MAX; ai = ai->ai_next) {
		int fd = listen_near(ai, n ? fds[0] : -1), failed = errno;

		if (fd >= 0) {
			fds[n++] = fd;
		} else if (named || (failed != EAFNOSUPPORT && failed != EADDRNOTAVAIL) || (!ai->ai_next && n == 0)) {
			arrival_format_address(ai->ai_addr, ai->ai_addrlen, text, sizeof(text));
			vrp_err_set(err, "listen on %s: %s", text, strerror(failed));
			while (n > 0)
				close(fds[--n]);
			return -1;
		}
	}
	return n;
}

int
bind_listen(const char *address, bool local, int fds[BIND_MAX], struct vrp_err *err)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list;
	char host[256], port[16];
	bool named, all;
	int rc;

	if (split_address(address, host, port, err) < 0)
		return -1;
	all = strcmp(host, "*") == 0 || (!host[0] && !local);
	named = !all && host[0];
	hints.ai_flags = all ? AI_PASSIVE : 0;
	rc = getaddrinfo(named ? host : NULL, port, &hints, &list);
	if (rc != 0)
		return vrp_err_set(err, "listen on %s: %s", address, gai_strerror(rc));
	rc = listen_all(list, named, fds, err);
	freeaddrinfo(list);
	return rc;
}
