/* SPDX-License-Identifier: ISC */
/*
 * A router in the hands of a test: runs commands in order against one TCP
 * connection to a cache and prints what comes back, one line for each PDU.
 * The commands are arguments, or lines on standard input with -i.  With -l it
 * is a cache instead: it listens on a free port of 127.0.0.1, says so on
 * standard error, and each `accept` takes the next connection.
 *
 *	rtr-poke [-i] [-b ADDRESS] [-t SECONDS] [-w BYTES] HOST PORT [COMMAND ...]
 *	rtr-poke -l [-t SECONDS] [COMMAND ...]
 *
 *	reset V			send a Reset Query of version V
 *	serial V SESSION SERIAL	send a Serial Query
 *	error V CODE [TEXT]	send an Error Report
 *	hex BYTES...		send raw bytes
 *	file PATH		send what a file holds
 *	split N			from now on send N bytes at a time with a pause; 0 = all at once
 *	join ... send		what is between them goes out in one piece
 *	read [N]		N PDUs, or one response: up to End of Data, Cache Reset, Error Report or Notify
 *	quiet SECONDS		nothing may come, not even the end; prints "quiet"
 *	eof			the peer has to close; PDUs may come before
 *	shut			close our sending side
 *	close, abort		close the connection, in good order or with a TCP reset
 *	accept			with -l: close the connection, if any, and take the next
 *	raw			print PDUs as hex too
 *
 * -b connects from that IPv4 address, such as another of 127.0.0.0/8.
 * -w sets the receive buffer, so that the first window doesn't grow.
 *
 * Besides PDUs it prints "closed", "reset" (ECONNRESET) and "timeout".  Exit 0
 * when everything was as expected, 1 when not, 2 for usage and I/O.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "enc.h"
#include "num.h"
#include "rtr_pdu.h"
#include "transports.h"

#define SPLIT_PAUSE_US 2000
#define WORDS_MAX 256

struct poke {
	int fd;			/* -1 while there is no connection */
	int listener;		/* -1 for a router */
	int64_t timeout;	/* milliseconds */
	int window;		/* receive buffer, 0 for the kernel's choice */
	size_t split;
	bool joining;
	bool raw;
	struct buf joined;
	struct buf in;		/* received, from in_pos on not yet printed */
	size_t in_pos;
	struct rtr_scratch scratch;
};

/* The words of the commands that are left. */
struct words {
	char **at;
	int left;
};

static VRP_NORETURN VRP_PRINTF(1, 2) void
die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("rtr-poke: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	exit(2);
}

static VRP_NORETURN void
unexpected(const char *what)
{
	if (what)
		puts(what);
	fflush(stdout);
	exit(1);
}

/* Is it there before the deadline? */
static bool
wait_readable(int fd, int64_t deadline)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	int64_t left = deadline - transport_now();
	int n = poll(&p, 1, left > 0 ? (int)left : 0);

	if (n < 0)
		die("poll: %s", strerror(errno));
	return n > 0;
}

static void
hang_up(struct poke *p)
{
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
	buf_reset(&p->in);
	p->in_pos = 0;
}

/* Blocking, so that send() takes all; a peer that takes nothing fails it in time. */
static void
use_connection(struct poke *p, int fd)
{
	struct timeval limit = {.tv_sec = p->timeout / 1000, .tv_usec = p->timeout % 1000 * 1000};
	int on = 1;

	p->fd = fd;
	if (p->window && setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &p->window, sizeof(p->window)) < 0)
		die("socket: %s", strerror(errno));
	if (fcntl(fd, F_SETFL, 0) < 0 || setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) < 0 ||
	    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) < 0)
		die("socket: %s", strerror(errno));
}

static int
bind_to(const void *address, int fd, const struct sockaddr *to VRP_UNUSED, struct vrp_err *err)
{
	struct sockaddr_in sin = {.sin_family = AF_INET};

	if (inet_pton(AF_INET, address, &sin.sin_addr) != 1 || bind(fd, (struct sockaddr *)&sin, sizeof(sin)) < 0)
		return vrp_err_set(err, "bind %s: %s", (const char *)address, strerror(errno));
	return 0;
}

static void
connect_to(struct poke *p, const char *from, const char *host, const char *port)
{
	struct transport_security security = {.tcp = {from ? bind_to : NULL, from}};
	char text[ENDPOINT_HOST_MAX + 10];
	struct transport *t;
	struct endpoint to;
	struct vrp_err err;

	snprintf(text, sizeof(text), strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, port);
	if (endpoint_parse(text, &transports_tcp, &to, &err) < 0)
		die("%s", err.msg);
	to.security = &security;
	t = transport_connect(&to, transport_now() + p->timeout, &err);
	if (!t)
		die("%s", err.msg);
	use_connection(p, dup(transport_fd(t)));
	transport_close(t);
}

static void
listen_anywhere(struct poke *p)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);
	int on = 1;

	/* Another cache may take the port over afterwards. */
	p->listener = socket(AF_INET, SOCK_STREAM, 0);
	if (p->listener < 0 || setsockopt(p->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    bind(p->listener, (struct sockaddr *)&at, len) < 0 || listen(p->listener, 8) < 0 ||
	    getsockname(p->listener, (struct sockaddr *)&at, &len) < 0)
		die("listen: %s", strerror(errno));
	fprintf(stderr, "rtr-poke: listening on 127.0.0.1:%u\n", ntohs(at.sin_port));
}

static void
accept_next(struct poke *p)
{
	int fd;

	hang_up(p);
	if (p->listener < 0)
		die("accept: only with -l");
	if (!wait_readable(p->listener, transport_now() + p->timeout))
		unexpected("timeout");
	fd = accept(p->listener, NULL, NULL);
	if (fd < 0)
		die("accept: %s", strerror(errno));
	use_connection(p, fd);
}

static void
abort_connection(struct poke *p)
{
	struct linger now = {.l_onoff = 1};

	(void)setsockopt(p->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	hang_up(p);
}

static void
send_bytes(struct poke *p, const void *data, size_t len)
{
	const char *at = data;
	size_t step = p->split ? p->split : len;

	if (p->joining) {
		if (buf_add(&p->joined, data, len) < 0)
			die("out of memory");
		return;
	}
	if (p->fd < 0)
		die("no connection");
	/* A peer that has closed already shows at the next read. */
	while (len) {
		ssize_t n = send(p->fd, at, len < step ? len : step, MSG_NOSIGNAL);

		if (n < 0)
			return;
		at += n;
		len -= (size_t)n;
		if (len)
			usleep(SPLIT_PAUSE_US);
	}
}

static void
send_pdu(struct poke *p, const struct rtr_pdu *pdu)
{
	struct buf out = BUF_INIT;

	if (rtr_pdu_encode(&out, pdu) < 0)
		die("out of memory");
	send_bytes(p, out.data, out.len);
	buf_release(&out);
}

static const unsigned char *
unread(const struct poke *p)
{
	return (const unsigned char *)p->in.data + p->in_pos;
}

enum arrival {
	ARRIVED,
	NOTHING,	/* the deadline came */
	CLOSED,
	RESET,
};

static enum arrival
receive(struct poke *p, int64_t deadline)
{
	ssize_t n;

	buf_drop(&p->in, p->in_pos);
	p->in_pos = 0;
	if (buf_reserve(&p->in, RTR_PDU_MAX) < 0)
		die("out of memory");
	if (p->fd < 0)
		die("no connection");
	if (!wait_readable(p->fd, deadline))
		return NOTHING;
	n = recv(p->fd, p->in.data + p->in.len, RTR_PDU_MAX, 0);
	if (n < 0 && errno != ECONNRESET)
		die("recv: %s", strerror(errno));
	if (n <= 0)
		return n < 0 ? RESET : CLOSED;
	p->in.len += (size_t)n;
	return ARRIVED;
}

/* The length of the first unread PDU when all of it is here, else 0. */
static size_t
whole_pdu(const struct poke *p)
{
	size_t have = p->in.len - p->in_pos;
	struct rtr_header h;

	if (have < RTR_HEADER_LEN)
		return 0;
	h = rtr_header_decode(unread(p));
	if (h.len < RTR_HEADER_LEN || h.len > RTR_PDU_MAX) {
		printf("garbage: a PDU of %u bytes\n", h.len);
		unexpected(NULL);
	}
	return have < h.len ? 0 : h.len;
}

static void
print_hex(const unsigned char *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		printf("%02x", data[i]);
	putchar('\n');
}

/* Print and consume a PDU; true when it ends a response. */
static bool
take_pdu(struct poke *p, size_t len)
{
	const unsigned char *data = unread(p);
	struct buf line = BUF_INIT;
	struct rtr_pdu pdu;
	const char *reason;

	if (rtr_pdu_decode(data, len, &p->scratch, &pdu, &reason) != RTR_NO_ERROR) {
		printf("malformed: %s: ", reason);
		print_hex(data, len);
		unexpected(NULL);
	}
	if (rtr_pdu_describe(&line, &pdu) < 0)
		die("out of memory");
	printf("%.*s\n", (int)line.len, line.data);
	buf_release(&line);
	if (p->raw)
		print_hex(data, len);
	p->in_pos += len;
	return pdu.type == RTR_END_OF_DATA || pdu.type == RTR_CACHE_RESET || pdu.type == RTR_ERROR_REPORT ||
	       pdu.type == RTR_SERIAL_NOTIFY;
}

/* count PDUs, or one response when count is 0. */
static void
read_pdus(struct poke *p, uint32_t count)
{
	int64_t deadline = transport_now() + p->timeout;
	uint32_t done = 0;

	for (;;) {
		size_t len = whole_pdu(p);

		if (len) {
			bool end = take_pdu(p, len);

			if (count ? ++done == count : end)
				return;
			continue;
		}
		switch (receive(p, deadline)) {
		case ARRIVED:
			break;
		case NOTHING:
			unexpected("timeout");
		case CLOSED:
			unexpected("closed");
		case RESET:
			unexpected("reset");
		}
	}
}

static void
expect_quiet(struct poke *p, int64_t ms)
{
	size_t len = whole_pdu(p);

	if (!len)
		switch (receive(p, transport_now() + ms)) {
		case ARRIVED:
			len = whole_pdu(p);
			break;
		case NOTHING:
			puts("quiet");
			return;
		case CLOSED:
			unexpected("closed");
		case RESET:
			unexpected("reset");
		}
	if (len)
		take_pdu(p, len);
	unexpected(NULL);
}

static void
expect_end(struct poke *p)
{
	int64_t deadline = transport_now() + p->timeout;

	for (;;) {
		size_t len = whole_pdu(p);

		if (len) {
			take_pdu(p, len);
			continue;
		}
		switch (receive(p, deadline)) {
		case ARRIVED:
			break;
		case NOTHING:
			unexpected("timeout");
		case CLOSED:
			puts("closed");
			return;
		case RESET:
			puts("reset");
			return;
		}
	}
}

static bool
is_command(const char *word)
{
	static const char *const commands[] = {"reset", "serial", "error", "hex", "file", "split", "join", "send", "read",
					       "quiet", "eof", "shut", "close", "abort", "accept", "raw"};

	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (strcmp(word, commands[i]) == 0)
			return true;
	return false;
}

/* The next word unless it is a command, NULL otherwise. */
static const char *
optional(struct words *w)
{
	if (w->left == 0 || is_command(*w->at))
		return NULL;
	w->left--;
	return *w->at++;
}

static uint32_t
number(struct words *w, const char *command, uint32_t max)
{
	const char *word = optional(w);
	uint32_t v;

	if (!word || !num_u32(word, strlen(word), &v) || v > max)
		die("%s: wants a number up to %u", command, max);
	return v;
}

static int64_t
seconds(const char *word)
{
	char *end;
	double v = word ? strtod(word, &end) : -1;

	if (v < 0 || v > 3600 || end == word || *end)
		die("'%s': not a number of seconds", word ? word : "");
	return (int64_t)(v * 1000);
}

static void
send_hex(struct poke *p, struct words *w)
{
	struct buf bytes = BUF_INIT;
	const char *word;

	while ((word = optional(w))) {
		size_t n = strlen(word) / 2;

		if (buf_reserve(&bytes, n + 1) < 0)
			die("out of memory");
		if (!hex_decode(word, strlen(word), (unsigned char *)bytes.data + bytes.len, n))
			die("hex: '%s' is not hexadecimal", word);
		bytes.len += n;
	}
	send_bytes(p, bytes.data, bytes.len);
	buf_release(&bytes);
}

static void
send_file(struct poke *p, const char *path)
{
	char data[16384];
	FILE *f = path ? fopen(path, "rb") : NULL;
	size_t n;

	if (!f)
		die("%s: %s", path ? path : "file", path ? strerror(errno) : "wants a path");
	while ((n = fread(data, 1, sizeof(data), f)))
		send_bytes(p, data, n);
	fclose(f);
}

static void
send_joined(struct poke *p)
{
	p->joining = false;
	send_bytes(p, p->joined.data, p->joined.len);
	buf_reset(&p->joined);
}

static void
send_error(struct poke *p, struct words *w)
{
	struct rtr_pdu pdu = {.type = RTR_ERROR_REPORT};

	pdu.version = (uint8_t)number(w, "error", 255);
	pdu.error = (uint16_t)number(w, "error", UINT16_MAX);
	pdu.text = optional(w);
	pdu.text_len = pdu.text ? strlen(pdu.text) : 0;
	send_pdu(p, &pdu);
}

static void
send_query(struct poke *p, struct words *w, bool serial)
{
	struct rtr_pdu pdu = {.type = serial ? RTR_SERIAL_QUERY : RTR_RESET_QUERY};

	pdu.version = (uint8_t)number(w, "reset or serial", 255);
	if (serial) {
		pdu.session = (uint16_t)number(w, "serial", UINT16_MAX);
		pdu.serial = number(w, "serial", UINT32_MAX);
	}
	send_pdu(p, &pdu);
}

static void
run(struct poke *p, struct words w)
{
	while (w.left) {
		const char *command = *w.at++;

		w.left--;
		if (strcmp(command, "reset") == 0)
			send_query(p, &w, false);
		else if (strcmp(command, "serial") == 0)
			send_query(p, &w, true);
		else if (strcmp(command, "error") == 0)
			send_error(p, &w);
		else if (strcmp(command, "hex") == 0)
			send_hex(p, &w);
		else if (strcmp(command, "file") == 0)
			send_file(p, optional(&w));
		else if (strcmp(command, "split") == 0)
			p->split = number(&w, command, UINT32_MAX);
		else if (strcmp(command, "join") == 0)
			p->joining = true;
		else if (strcmp(command, "send") == 0)
			send_joined(p);
		else if (strcmp(command, "read") == 0)
			read_pdus(p, w.left && !is_command(*w.at) ? number(&w, command, UINT32_MAX) : 0);
		else if (strcmp(command, "quiet") == 0)
			expect_quiet(p, seconds(optional(&w)));
		else if (strcmp(command, "eof") == 0)
			expect_end(p);
		else if (strcmp(command, "shut") == 0)
			shutdown(p->fd, SHUT_WR);
		else if (strcmp(command, "close") == 0)
			hang_up(p);
		else if (strcmp(command, "abort") == 0)
			abort_connection(p);
		else if (strcmp(command, "accept") == 0)
			accept_next(p);
		else if (strcmp(command, "raw") == 0)
			p->raw = true;
		else
			die("'%s': no such command", command);
		fflush(stdout);
	}
}

static void
run_stdin(struct poke *p)
{
	char *line = NULL;
	size_t cap = 0;

	while (getline(&line, &cap, stdin) >= 0) {
		char *words[WORDS_MAX], *save = NULL;
		struct words w = {words, 0};

		for (char *s = strtok_r(line, " \t\n", &save); s; s = strtok_r(NULL, " \t\n", &save)) {
			if (w.left == WORDS_MAX)
				die("more than %d words in a line", WORDS_MAX);
			words[w.left++] = s;
		}
		run(p, w);
	}
	free(line);
}

int
main(int argc, char **argv)
{
	static struct poke p = {.fd = -1, .listener = -1, .timeout = 10000};
	bool interactive = false, listening = false;
	const char *from = NULL;
	uint32_t window;
	int c;

	while ((c = getopt(argc, argv, "+b:ilt:w:")) != -1) {
		if (c == 'b')
			from = optarg;
		else if (c == 'i')
			interactive = true;
		else if (c == 'l')
			listening = true;
		else if (c == 't')
			p.timeout = seconds(optarg);
		else if (c == 'w' && num_u32(optarg, strlen(optarg), &window))
			p.window = (int)window;
		else
			return 2;
	}
	if (listening) {
		listen_anywhere(&p);
	} else {
		if (argc - optind < 2)
			die("usage: rtr-poke [-i] [-b ADDRESS] [-t SECONDS] [-w BYTES] HOST PORT [COMMAND ...]");
		connect_to(&p, from, argv[optind], argv[optind + 1]);
		optind += 2;
	}
	run(&p, (struct words){argv + optind, argc - optind});
	if (interactive)
		run_stdin(&p);
	hang_up(&p);
	buf_release(&p.joined);
	buf_release(&p.in);
	return ferror(stdout) ? 2 : 0;
}
