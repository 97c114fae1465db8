/* SPDX-License-Identifier: ISC */
/* Clients that send any bytes to a server at a port of 127.0.0.1, and take what comes. */
#ifndef VRP_TEST_HTTP_CLIENT_H
#define VRP_TEST_HTTP_CLIENT_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "log.h"
#include "test.h"

/* A log that finds the port of "http on ADDRESS:PORT" for *ctx, a uint16_t. */
static inline void
http_find_port(void *ctx, enum log_level level, const char *line)
{
	const char *colon = strrchr(line, ':');

	(void)level;
	if (strncmp(line, "http on ", 8) == 0 && colon)
		*(uint16_t *)ctx = (uint16_t)strtoul(colon + 1, NULL, 10);
}

static inline int
http_dial(uint16_t port)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
	return fd;
}

static inline void
http_say(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

struct http_bytes {
	char *data;	/* with a NUL behind it */
	size_t len;
};

/* All that comes until the server closes.  fd is closed; the bytes are the caller's to free(). */
static inline struct http_bytes
http_take(int fd)
{
	struct http_bytes b = {malloc(4096), 0};
	size_t room = 4096;
	ssize_t n;

	assert_non_null(b.data);
	while ((n = recv(fd, b.data + b.len, room - 1 - b.len, 0)) > 0) {
		b.len += (size_t)n;
		if (b.len == room - 1) {
			room *= 2;
			b.data = realloc(b.data, room);
			assert_non_null(b.data);
		}
	}
	b.data[b.len] = '\0';
	close(fd);
	return b;
}

/* The same as a text that is good until the next call. */
static inline char *
http_hear(int fd)
{
	static char text[1 << 16];
	struct http_bytes b = http_take(fd);

	assert_true(b.len < sizeof(text));
	memcpy(text, b.data, b.len + 1);
	free(b.data);
	return text;
}

static inline char *
http_ask(uint16_t port, const char *request)
{
	int fd = http_dial(port);

	http_say(fd, request);
	return http_hear(fd);
}

static inline size_t
text_count(const char *text, const char *what)
{
	size_t n = 0;

	for (; (text = strstr(text, what)); text++)
		n++;
	return n;
}

#endif
