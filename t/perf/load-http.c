/* SPDX-License-Identifier: ISC */
/*
 * load-http: one document, downloaded by many at once, and what they got is
 * checked.
 *
 * All connect, ask at the same moment in HTTP/1.0 and read to the end, which
 * has to be where Content-Length says if the server says it.  Each hashes its
 * body as it arrives, and all have to be the same.  With -d they do so again
 * and again for a while, or until the round in which SIGTERM comes is over, and
 * the measurement is all of it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "num.h"
#include "pdutable.h"
#include "procstat.h"
#include "streamhash.h"

#define RECV_SIZE ((size_t)256 << 10)	/* stays in the second-level cache */
#define HEAD_MAX 4096

struct options {
	uint16_t port;
	unsigned clients;
	unsigned timeout;	/* seconds a round may take */
	unsigned seconds;	/* begin no round after so many; 0: one round */
	pid_t server;		/* whose CPU time and memory to report, 0 for none */
	bool gzip;
	const char *path;	/* of the document */
	const char *save;	/* file for the first body */
};

struct client {
	int fd;			/* -1 when done */
	char head[HEAD_MAX];	/* as far as it has come, then as a string */
	size_t head_len;
	bool in_body;
	uint64_t body;		/* bytes */
	double done;		/* seconds from the start of the round */
	struct streamhash hash;
};

struct load {
	const struct options *opt;
	struct client *clients;
	int epoll;
	unsigned waiting;
	FILE *save;
	unsigned char *buf;
	double start;		/* of the round */
	unsigned rounds;
	uint64_t bytes;		/* bodies of all rounds */
	uint64_t length, hash;	/* of a body of this round */
	bool gzip;		/* the last one was */
};

static volatile sig_atomic_t ended;

static void
on_term(int sig)
{
	(void)sig;
	ended = 1;
}

static double
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void
dial(struct load *l, struct client *c)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons(l->opt->port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = c};

	*c = (struct client){.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
	if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&sa, sizeof(sa)))
		die("connect: %s", strerror(errno));
	if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, c->fd, &ev))
		die("epoll_ctl: %s", strerror(errno));
	streamhash_init(&c->hash);
}

static void
ask(const struct options *opt, struct client *c)
{
	char text[1024];
	int n = snprintf(text, sizeof(text), "GET %s HTTP/1.0\r\nHost: 127.0.0.1\r\n%s\r\n", opt->path,
			 opt->gzip ? "Accept-Encoding: gzip\r\n" : "");

	if (n < 0 || (size_t)n >= sizeof(text))
		die("the path is too long");
	if (send(c->fd, text, (size_t)n, MSG_NOSIGNAL) != n)
		die("send: %s", strerror(errno));
}

static void
take_body(struct load *l, struct client *c, const unsigned char *data, size_t n)
{
	streamhash_add(&c->hash, data, n);
	c->body += n;
	if (l->save && c == l->clients && fwrite(data, 1, n, l->save) != n)
		die("%s: %s", l->opt->save, strerror(errno));
}

/* What belongs to the head goes there; the rest is body. */
static void
take(struct load *l, struct client *c, const unsigned char *data, size_t n)
{
	size_t room = HEAD_MAX - 1 - c->head_len, used = n < room ? n : room, before = c->head_len;
	char *end;

	if (c->in_body) {
		take_body(l, c, data, n);
		return;
	}
	memcpy(c->head + before, data, used);
	c->head[before + used] = '\0';
	if (!(end = strstr(c->head, "\r\n\r\n"))) {
		if (used < n)
			die("the head of the answer is too long");
		c->head_len += used;
		return;
	}
	end[2] = '\0';
	c->in_body = true;
	if (strncmp(c->head, "HTTP/1.", 7) != 0 || strncmp(c->head + 8, " 200 ", 5) != 0)
		die("answered with %.*s", (int)strcspn(c->head, "\r\n"), c->head);
	used = (size_t)(end + 4 - c->head) - before;
	take_body(l, c, data + used, n - used);
}

static void
finish(struct load *l, struct client *c)
{
	const char *length = strcasestr(c->head, "\r\nContent-Length:");

	if (!c->in_body || (length && strtoull(length + 17, NULL, 10) != c->body))
		die("cut short after %" PRIu64 " bytes", c->body);
	l->gzip = strcasestr(c->head, "\r\nContent-Encoding: gzip");
	close(c->fd);
	c->fd = -1;
	c->done = now() - l->start;
	l->waiting--;
	l->bytes += c->body;
}

static void
readable(struct load *l, struct client *c)
{
	ssize_t n = recv(c->fd, l->buf, RECV_SIZE, MSG_DONTWAIT);

	if (n > 0)
		take(l, c, l->buf, (size_t)n);
	else if (!n)
		finish(l, c);
	else if (errno != EAGAIN && errno != EINTR)
		die("recv: %s", strerror(errno));
}

static void
check_same(struct load *l)
{
	l->length = l->clients[0].body;
	l->hash = streamhash_value(&l->clients[0].hash);
	for (unsigned i = 1; i < l->opt->clients; i++)
		if (l->clients[i].body != l->length || streamhash_value(&l->clients[i].hash) != l->hash)
			die("client %u got another document than the first, %" PRIu64 " against %" PRIu64 " bytes", i,
			    l->clients[i].body, l->length);
}

static void
run_round(struct load *l)
{
	struct epoll_event events[256];
	int n;

	for (unsigned i = 0; i < l->opt->clients; i++)
		dial(l, &l->clients[i]);
	l->start = now();
	for (unsigned i = 0; i < l->opt->clients; i++)
		ask(l->opt, &l->clients[i]);
	for (l->waiting = l->opt->clients; l->waiting; ) {
		if (now() - l->start > l->opt->timeout)
			die("%u of %u were not served in %u seconds", l->waiting, l->opt->clients, l->opt->timeout);
		if ((n = epoll_wait(l->epoll, events, ARRAY_LEN(events), 1000)) < 0 && errno != EINTR)
			die("epoll_wait: %s", strerror(errno));
		for (int i = 0; i < n; i++)
			readable(l, events[i].data.ptr);
	}
	l->rounds++;
}

static void
set_up(struct load *l)
{
	struct sigaction sa = {.sa_handler = on_term};

	sigaction(SIGTERM, &sa, NULL);
	l->clients = calloc(l->opt->clients, sizeof(*l->clients));
	l->buf = aligned_alloc(4096, RECV_SIZE);
	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (!l->clients || !l->buf || l->epoll < 0)
		die("set-up: %s", strerror(errno));
	if (l->opt->save && !(l->save = fopen(l->opt->save, "we")))
		die("%s: %s", l->opt->save, strerror(errno));
}

static void
run(const struct options *opt)
{
	struct load l = {.opt = opt};
	double begin, cpu = proc_cpu_seconds(opt->server), own = proc_cpu_seconds(getpid());

	set_up(&l);
	begin = now();
	do {
		run_round(&l);
		check_same(&l);
		if (l.save && fclose(l.save))
			die("%s: %s", opt->save, strerror(errno));
		l.save = NULL;
	} while (!ended && now() - begin < opt->seconds);
	printf("what=http clients=%u rounds=%u gzip=%d length=%" PRIu64 " hash=%016" PRIx64 " bytes=%" PRIu64 " seconds=%.6f client_cpu=%.6f",
	       opt->clients, l.rounds, l.gzip, l.length, l.hash, l.bytes, now() - begin, proc_cpu_seconds(getpid()) - own);
	if (opt->server)
		printf(" server_cpu=%.6f server_peak_kib=%" PRIu64, proc_cpu_seconds(opt->server) - cpu,
		       proc_peak_kib(opt->server));
	putchar('\n');
	free(l.clients);
	free(l.buf);
	close(l.epoll);
}

static VRP_NORETURN void
usage(FILE *to, int status)
{
	fputs("usage: load-http [options] PORT PATH\n"
	      "  -n N       clients (1)\n"
	      "  -z         accept gzip\n"
	      "  -d SECONDS begin again and again for so long, or until SIGTERM comes\n"
	      "  -p PID     of the server, to report its CPU time and memory\n"
	      "  -s FILE    save the first body\n"
	      "  -T SECONDS end a round after so long (600)\n", to);
	exit(status);
}

static uint32_t
number(const char *text, uint32_t lo, uint32_t hi)
{
	uint32_t v;

	if (!num_u32(text, strlen(text), &v) || v < lo || v > hi)
		die("bad number '%s', want %u to %u", text, lo, hi);
	return v;
}

int
main(int argc, char **argv)
{
	struct options opt = {.clients = 1, .timeout = 600};

	for (int c; (c = getopt(argc, argv, "n:zd:p:s:T:h")) != -1; )
		switch (c) {
		case 'n': opt.clients = number(optarg, 1, 10000); break;
		case 'z': opt.gzip = true; break;
		case 'd': opt.seconds = number(optarg, 1, 86400); break;
		case 'p': opt.server = (pid_t)number(optarg, 1, INT32_MAX); break;
		case 's': opt.save = optarg; break;
		case 'T': opt.timeout = number(optarg, 1, 86400); break;
		case 'h': usage(stdout, 0);
		default: usage(stderr, 2);
		}
	if (optind != argc - 2)
		usage(stderr, 2);
	opt.port = (uint16_t)number(argv[optind], 1, 65535);
	opt.path = argv[optind + 1];
	run(&opt);
	return 0;
}
