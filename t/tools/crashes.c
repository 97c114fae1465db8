/* SPDX-License-Identifier: ISC */
/*
 * Kills a cache again and again, at random moments while it is fed as fast as it
 * takes, and is its router all the while: one that keeps its session.
 *
 *	crashes [-n KILLS] [-s SEED] [-m MILLISECONDS] SOCKET RTR-SERVE [ARG ...]
 *
 * The arguments have to have the cache listen at the unix socket SOCKET, keep its state, and send
 * Notifies at once.  Every table that is fed has a number, which a record of it tells.
 * Exit 1, with the reason, when
 *
 *	- an answer leads to anything but a table that was fed, whole
 *	- a serial was that of another table before
 *	- a table is older than one that the router had
 *	- the session is another, or a whole table is sent after the first one
 *	- nothing is served at once after a start, before there is input
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "buf.h"
#include "num.h"
#include "rtr_client.h"
#include "stamp.h"
#include "transport.h"

#define RECORDS 48
#define ANSWER_MS 20000		/* for the first answer of a life */

struct crashes {
	const char *socket;
	char **command;
	uint64_t random;
	uint32_t most_ms;
	struct names *names;
	struct rtr_client *client;

	/* The life under way. */
	pid_t pid;
	int in, fd;		/* its standard input; the router's connection, -1 while there is none */
	struct buf text;	/* what is being fed, written up to `fed` */
	size_t fed;
	bool feeding, answered;

	uint32_t table;		/* the number of the last that was fed */
	uint32_t had;		/* of the last that the router had, 0: none yet */
	struct vrpset *set;
	uint16_t session;
	uint32_t serial;
	uint32_t *serials, *tables;	/* what was told */
	size_t told, room;
	size_t updates, jumps, starts_served;
};

static VRP_NORETURN VRP_PRINTF(2, 3) void
die(struct crashes *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("crashes: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	if (c && c->pid > 0)
		kill(c->pid, SIGKILL);
	exit(1);
}

/* SplitMix64. */
static uint64_t
mix(uint64_t z)
{
	z += UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static uint32_t
below(struct crashes *c, uint32_t n)
{
	c->random = mix(c->random);
	return (uint32_t)((c->random >> 32) * n >> 32);
}

/* ---- tables by number */

/* The AS of record i, 0 for none.  Neighbours differ in a few records. */
static uint32_t
origin(uint32_t table, uint32_t i)
{
	return (uint32_t)(mix(((uint64_t)(table + i) / 16) << 32 | i) % 5);
}

static void
feed_table(struct crashes *c)
{
	uint64_t expires = (uint64_t)time(NULL) + 86400 + below(c, 3);
	char stamp[STAMP_MAX];

	stamp_format(time(NULL), stamp);
	buf_reset(&c->text);
	c->fed = 0;
	/* Now and then the same once more, with other expiries. */
	c->table += below(c, 8) != 0;
	if (buf_addf(&c->text, "%%snapshot time=%s\n192.0.2.0/24 24 AS%u\n", stamp, c->table) < 0)
		die(c, "out of memory");
	for (uint32_t i = 0; i < RECORDS; i++)
		if (origin(c->table, i) &&
		    buf_addf(&c->text, "10.%u.0.0/16 16 AS%u ripe %llu\n", i, origin(c->table, i), (unsigned long long)expires) < 0)
			die(c, "out of memory");
	if (buf_addf(&c->text, "aspa AS1 AS%u\n~end\n", 2 + c->table / 3 % 7) < 0)
		die(c, "out of memory");
}

/* The number of a table, which has to be all of it. */
static uint32_t
number_of(struct crashes *c, const struct vrpset *set)
{
	size_t n, aspas, want = 1;
	const struct vrp *vrps = vrpset_vrps(set, &n);
	const struct aspa *aspa = vrpset_aspas(set, &aspas);
	uint32_t table = n ? vrps[n - 1].asn : 0;

	if (table == 0 || table > c->table || aspas != 1 || aspa->providers[0] != 2 + table / 3 % 7)
		die(c, "a table that was never fed, of number %u", table);
	for (uint32_t i = 0, at = 0; i < RECORDS; i++) {
		if (!origin(table, i))
			continue;
		want++;
		if (at + 1 >= n || vrps[at].prefix.addr[1] != i || vrps[at].asn != origin(table, i))
			die(c, "table %u lacks its record %u", table, i);
		at++;
	}
	if (n != want)
		die(c, "table %u has %zu records, not %zu", table, n, want);
	return table;
}

/* ---- the router */

static void
note_serial(struct crashes *c, uint32_t serial, uint32_t table)
{
	for (size_t i = c->told; i > 0; i--) {
		if (c->serials[i - 1] != serial)
			continue;
		if (c->tables[i - 1] != table)
			die(c, "serial %u was table %u, and is %u now", serial, c->tables[i - 1], table);
		return;
	}
	if (c->told == c->room) {
		c->room = c->room ? 2 * c->room : 1024;
		c->serials = realloc(c->serials, c->room * sizeof(*c->serials));
		c->tables = realloc(c->tables, c->room * sizeof(*c->tables));
		if (!c->serials || !c->tables)
			die(c, "out of memory");
	}
	c->serials[c->told] = serial;
	c->tables[c->told++] = table;
}

static void
on_update(void *ctx, const struct rtr_client_update *u)
{
	struct crashes *c = ctx;
	uint32_t table = number_of(c, u->set);

	c->updates++;
	if (c->had && !u->delta)
		die(c, "the whole table was sent again");
	if (c->had && u->session != c->session)
		die(c, "session %u became %u", c->session, u->session);
	if (table < c->had)
		die(c, "table %u came after %u", table, c->had);
	note_serial(c, u->serial, table);
	c->jumps += c->had && u->serial - c->serial > UINT32_C(1) << 20;
	if (!c->answered && c->had && !c->feeding)
		c->starts_served++;
	c->answered = true;
	c->had = table;
	vrpset_unref(c->set);
	c->set = vrpset_ref(u->set);
	c->session = u->session;
	c->serial = u->serial;
}

static void
on_flush(void *ctx, bool expired, const char *reason)
{
	(void)expired;
	die(ctx, "the table was flushed: %s", reason);
}

/* For each connection a new one, which asks from where the last has come: one that stays takes a kill for an answer. */
static void
start_client(struct crashes *c)
{
	static const struct rtr_client_ops ops = {.update = on_update, .flush = on_flush};
	struct rtr_client_config config = RTR_CLIENT_CONFIG_DEFAULT;

	config.min_version = RTR_VERSION_MAX;
	config.names = c->names;
	config.ops = &ops;
	config.ctx = c;
	rtr_client_free(c->client);
	c->client = rtr_client_new(&config);
	if (!c->client)
		die(c, "out of memory");
	if (c->set)
		rtr_client_resume(c->client, c->set, c->session, c->serial);
}

static void
hang_up(struct crashes *c)
{
	close(c->fd);
	c->fd = -1;
	start_client(c);
}

/* False while nobody listens there. */
static bool
reach(struct crashes *c)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};

	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", c->socket);
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		die(c, "socket: %s", strerror(errno));
	if (connect(c->fd, (struct sockaddr *)&sun, sizeof(sun)) < 0) {
		close(c->fd);
		c->fd = -1;
		return false;
	}
	rtr_client_connected(c->client, transport_now());
	return true;
}

static void
receive(struct crashes *c)
{
	char data[65536];
	ssize_t n = recv(c->fd, data, sizeof(data), MSG_DONTWAIT);

	if (n > 0)
		rtr_client_receive(c->client, transport_now(), data, (size_t)n);
	else if (n == 0 || errno != EAGAIN)
		hang_up(c);
}

/* Do what the client needs; wait at most a moment for it. */
static void
serve_client(struct crashes *c)
{
	struct buf *out = rtr_client_output(c->client);

	rtr_client_tick(c->client, transport_now());
	switch (rtr_client_need(c->client)) {
	case RTR_NEED_CONNECT:
		if (!reach(c))
			usleep(2000);
		break;
	case RTR_NEED_IO:
		if (out->len && c->fd >= 0) {
			ssize_t n = send(c->fd, out->data, out->len, MSG_NOSIGNAL);

			if (n < 0)
				hang_up(c);
			else
				buf_drop(out, (size_t)n);
		}
		break;
	case RTR_NEED_CLOSE:
		if (c->fd >= 0)
			hang_up(c);
		break;
	case RTR_NEED_TIME:
		/* It would wait for its retry interval. */
		rtr_client_hurry(c->client, transport_now());
		usleep(2000);
		break;
	case RTR_NEED_NOTHING:
		die(c, "the client stopped");
	}
}

/* ---- lives */

static void
begin_life(struct crashes *c)
{
	int p[2];

	if (pipe2(p, O_CLOEXEC) < 0)
		die(c, "pipe: %s", strerror(errno));
	c->pid = fork();
	if (c->pid < 0)
		die(NULL, "fork: %s", strerror(errno));
	if (c->pid == 0) {
		dup2(p[0], STDIN_FILENO);
		execvp(c->command[0], c->command);
		_exit(127);
	}
	close(p[0]);
	c->in = p[1];
	start_client(c);
	(void)fcntl(c->in, F_SETFL, O_NONBLOCK);
	buf_reset(&c->text);
	c->fed = 0;
	c->answered = false;
}

static void
feed(struct crashes *c)
{
	ssize_t n;

	if (c->fed == c->text.len)
		feed_table(c);
	n = write(c->in, c->text.data + c->fed, c->text.len - c->fed);
	if (n > 0)
		c->fed += (size_t)n;
}

static void
turn(struct crashes *c)
{
	struct pollfd p[2] = {{.fd = c->fd, .events = POLLIN}, {.fd = c->feeding ? c->in : -1, .events = POLLOUT}};

	serve_client(c);
	p[0].fd = c->fd;
	if (poll(p, 2, 1) < 0)
		die(c, "poll: %s", strerror(errno));
	if (p[0].revents)
		receive(c);
	if (p[1].revents & POLLOUT)
		feed(c);
}

static void
end_life(struct crashes *c, int signal)
{
	int status;

	if (waitpid(c->pid, &status, WNOHANG) == c->pid) {
		c->pid = 0;
		die(c, "the cache ended by itself, status %x", (unsigned)status);
	}
	kill(c->pid, signal);
	if (waitpid(c->pid, &status, 0) != c->pid)
		die(c, "waitpid: %s", strerror(errno));
	c->pid = 0;
	close(c->in);
	if (c->fd >= 0)
		hang_up(c);
}

/*
 * One in two lives is fed from the beginning, and may be killed before it has
 * come far; the others have to serve what they had before they are fed.
 */
static void
live(struct crashes *c)
{
	bool at_once = !c->had || below(c, 2);
	int64_t start = transport_now(), end;

	begin_life(c);
	c->feeding = at_once;
	while (!c->answered && (!at_once || !c->had)) {
		turn(c);
		if (transport_now() - start > ANSWER_MS)
			die(c, "nothing was served after a start");
	}
	c->feeding = true;
	end = transport_now() + below(c, c->most_ms + 1);
	while (transport_now() < end)
		turn(c);
	end_life(c, below(c, 16) ? SIGKILL : SIGTERM);
}

static uint32_t
number(const char *text)
{
	uint32_t n;

	if (!num_u32(text, strlen(text), &n))
		die(NULL, "not a number: %s", text);
	return n;
}

int
main(int argc, char **argv)
{
	struct crashes c = {.most_ms = 100, .random = 1, .fd = -1};
	uint32_t kills = 30;
	int opt;

	while ((opt = getopt(argc, argv, "+n:s:m:")) != -1) {
		if (opt == 'n')
			kills = number(optarg);
		else if (opt == 's')
			c.random = number(optarg);
		else if (opt == 'm')
			c.most_ms = number(optarg);
		else
			return 2;
	}
	if (argc - optind < 2)
		return 2;
	signal(SIGPIPE, SIG_IGN);
	c.socket = argv[optind];
	c.command = argv + optind + 1;
	c.names = names_new();
	if (!c.names)
		die(NULL, "out of memory");
	start_client(&c);
	for (uint32_t i = 0; i < kills; i++)
		live(&c);
	printf("%u kills, %zu answers, %zu serials, %zu jumps, %zu starts that served what was there, table %u\n", kills, c.updates,
	       c.told, c.jumps, c.starts_served, c.had);
	rtr_client_free(c.client);
	vrpset_unref(c.set);
	names_unref(c.names);
	buf_release(&c.text);
	free(c.serials);
	free(c.tables);
	return 0;
}
