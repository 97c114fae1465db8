/* SPDX-License-Identifier: ISC */
/*
 * load-rtr: many routers at once, and what they got is checked.
 *
 * One reference router comes first, outside the measurement.  Its response is
 * kept, cut into PDUs and compared with the expected table, record by record,
 * both ways.  Then N routers connect, ask at the same moment and have to get
 * the same bytes: each hashes its stream as it arrives.  So every byte of
 * every router is checked at the price of one pass over a buffer that is still
 * in the cache.  With a trigger the routers stay, follow one change from Serial
 * Notify to End of Data, and the table after it is compared as well.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "num.h"
#include "pdutable.h"
#include "procstat.h"
#include "streamhash.h"
#include "wire.h"

#define RECV_SIZE ((size_t)256 << 10)	/* stays in the second-level cache */
#define EDGE 24				/* bytes kept of the start and of the end: the longest End of Data */
#define SAMPLE_SECONDS 0.05		/* between looks at the kernel's socket memory */

enum {
	SERIAL_NOTIFY = 0,
	SERIAL_QUERY = 1,
	RESET_QUERY = 2,
	CACHE_RESPONSE = 3,
	END_OF_DATA = 7,
	CACHE_RESET = 8,
	ERROR_REPORT = 10,
};

struct options {
	uint16_t port;
	unsigned routers;
	uint8_t version;
	unsigned every;		/* hash the stream of one router in so many, 0 for none */
	unsigned timeout;	/* seconds a measurement may take */
	unsigned wait;		/* seconds for the server to listen and to have data */
	int rcvbuf;
	SSL_CTX *tls;		/* NULL for plain TCP */
	pid_t server;		/* whose CPU time and memory to report, 0 for none */
	const char *expect;	/* the table, vrp(5) */
	const char *expect_after;	/* and after the trigger */
	const char *trigger;	/* shell command that changes it */
	const char *save;	/* file for the reference response */
};

struct router {
	int fd;
	SSL *ssl;
	bool waiting;		/* a query is out, End of Data has not come */
	bool hashed;
	uint64_t bytes;		/* of this response, or of what came unasked */
	double done;		/* seconds from start to End of Data */
	unsigned char head[EDGE];
	unsigned char tail[EDGE];
	struct streamhash hash;
};

/* A group of routers that do the same at the same time. */
struct load {
	const struct options *opt;
	int epoll;
	struct router *routers;
	unsigned count, waiting;
	unsigned resets;	/* Serial Queries that were answered with Cache Reset */
	struct buf *keep;	/* the first router's response is appended here unless NULL */
	uint16_t session;	/* to ask with after a Notify */
	uint32_t serial;
	bool no_data;		/* the cache has none yet */
	unsigned char *buf;
	double start, sampled;
	uint64_t sockmem;	/* most that was seen, KiB */
};

static double
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* A connection, or -1 when nobody listens. */
static int
dial(const struct options *opt)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons(opt->port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	if (fd < 0)
		die("socket: %s", strerror(errno));
	if (opt->rcvbuf && setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &opt->rcvbuf, sizeof(opt->rcvbuf)))
		die("SO_RCVBUF: %s", strerror(errno));
	if (connect(fd, (struct sockaddr *)&sa, sizeof(sa))) {
		close(fd);
		return -1;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return fd;
}

/* Nobody's certificate matters here. */
static SSL_CTX *
tls_context(void)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	if (!ctx)
		die("TLS: out of memory");
	SSL_CTX_set_read_ahead(ctx, 1);
	SSL_CTX_set_default_read_buffer_len(ctx, RECV_SIZE);
	return ctx;
}

static void
shake_hands(struct router *r, SSL_CTX *ctx)
{
	r->ssl = SSL_new(ctx);
	if (!r->ssl || SSL_set_fd(r->ssl, r->fd) != 1 || SSL_connect(r->ssl) != 1)
		die("TLS handshake: %s", ERR_reason_error_string(ERR_get_error()));
	if (fcntl(r->fd, F_SETFL, O_NONBLOCK) < 0)
		die("fcntl: %s", strerror(errno));
}

/* As recv() and send() that don't wait; all of what OpenSSL has, since epoll doesn't know of it. */
static ssize_t
router_recv(struct router *r, unsigned char *dst, size_t len)
{
	size_t have = 0;
	int n = 0;

	if (!r->ssl)
		return recv(r->fd, dst, len, MSG_DONTWAIT);
	while (have < len && (n = SSL_read(r->ssl, dst + have, (int)(len - have))) > 0)
		have += (size_t)n;
	if (have)
		return (ssize_t)have;
	errno = SSL_get_error(r->ssl, n) == SSL_ERROR_WANT_READ ? EAGAIN : EPROTO;
	return SSL_get_error(r->ssl, n) == SSL_ERROR_ZERO_RETURN ? 0 : -1;
}

static ssize_t
router_send(struct router *r, const unsigned char *data, size_t len)
{
	return r->ssl ? SSL_write(r->ssl, data, (int)len) : send(r->fd, data, len, MSG_NOSIGNAL);
}

static bool
load_connect(struct load *l, const struct options *opt, unsigned count)
{
	*l = (struct load){.opt = opt, .count = count, .epoll = epoll_create1(EPOLL_CLOEXEC)};
	l->routers = calloc(count, sizeof(*l->routers));
	l->buf = aligned_alloc(4096, RECV_SIZE);
	if (l->epoll < 0 || !l->routers || !l->buf)
		die("set-up: %s", strerror(errno));
	memset(l->buf, 0, RECV_SIZE);
	for (unsigned i = 0; i < count; i++) {
		struct epoll_event ev = {.events = EPOLLIN, .data.ptr = &l->routers[i]};

		l->routers[i].hashed = opt->every && i % opt->every == 0;
		if ((l->routers[i].fd = dial(opt)) < 0)
			return false;
		if (opt->tls)
			shake_hands(&l->routers[i], opt->tls);
		if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, l->routers[i].fd, &ev))
			die("epoll_ctl: %s", strerror(errno));
	}
	return true;
}

static void
load_close(struct load *l)
{
	for (unsigned i = 0; i < l->count; i++) {
		SSL_free(l->routers[i].ssl);
		if (l->routers[i].fd > 0)
			close(l->routers[i].fd);
	}
	close(l->epoll);
	free(l->routers);
	free(l->buf);
}

static void
ask(struct load *l, struct router *r, uint8_t type)
{
	unsigned char pdu[12] = {l->opt->version, type};
	size_t len = type == SERIAL_QUERY ? 12 : 8;

	be32_store(pdu + 4, (uint32_t)len);
	if (type == SERIAL_QUERY) {
		be16_store(pdu + 2, l->session);
		be32_store(pdu + 8, l->serial);
	}
	if (router_send(r, pdu, len) != (ssize_t)len)
		die("send: %s", strerror(errno));
	r->bytes = 0;
	streamhash_init(&r->hash);
	if (l->keep && r == l->routers)
		buf_reset(l->keep);
}

/* The last bytes of a response are always at hand; an End of Data there ends it. */
static bool
at_end_of_data(const struct load *l, const struct router *r)
{
	size_t len = l->opt->version ? 24 : 12;
	const unsigned char *eod = r->tail + EDGE - len;

	return r->bytes >= 8 + len && eod[0] == l->opt->version && eod[1] == END_OF_DATA &&
	       !memcmp(eod + 2, r->head + 2, 2) && be32_load(eod + 4) == len;
}

static void
take(struct load *l, struct router *r, const unsigned char *data, size_t n)
{
	if (r->bytes < EDGE)
		memcpy(r->head + r->bytes, data, n < EDGE - r->bytes ? n : EDGE - r->bytes);
	if (n >= EDGE) {
		memcpy(r->tail, data + n - EDGE, EDGE);
	} else {
		memmove(r->tail, r->tail + n, EDGE - n);
		memcpy(r->tail + EDGE - n, data, n);
	}
	r->bytes += n;
	if (r->hashed)
		streamhash_add(&r->hash, data, n);
	if (l->keep && r == l->routers && buf_add(l->keep, data, n))
		die("out of memory");
}

/* What a router does about the answer's first PDU. */
static void
look_at_head(struct load *l, struct router *r)
{
	if (r->head[1] == CACHE_RESPONSE)
		return;
	if (r->head[1] == CACHE_RESET) {
		l->resets++;
		ask(l, r, RESET_QUERY);
	} else if (r->head[1] == ERROR_REPORT && be16_load(r->head + 2) == 2) {
		l->no_data = true;
	} else {
		die("router %td: answered with a PDU of type %u, code %u", r - l->routers, r->head[1],
		    be16_load(r->head + 2));
	}
}

/* A router in sync hears a Serial Notify and asks what has changed. */
static void
look_at_unasked(struct load *l, struct router *r)
{
	if (r->bytes < 12)
		return;
	if (r->bytes > 12 || r->head[1] != SERIAL_NOTIFY || !l->opt->trigger)
		die("router %td: %" PRIu64 " bytes unasked, type %u", r - l->routers, r->bytes, r->head[1]);
	r->waiting = true;
	ask(l, r, SERIAL_QUERY);
}

/* False when there was nothing. */
static bool
read_some(struct load *l, struct router *r)
{
	ssize_t n = router_recv(r, l->buf, RECV_SIZE);
	uint64_t before = r->bytes;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n < 0)
		die("recv: %s", strerror(errno));
	if (!n)
		die("router %td: the server hung up after %" PRIu64 " bytes", r - l->routers, r->bytes);
	take(l, r, l->buf, (size_t)n);
	if (!r->waiting)
		look_at_unasked(l, r);
	else if (before < 8 && r->bytes >= 8)
		look_at_head(l, r);
	if (r->waiting && at_end_of_data(l, r)) {
		r->done = now() - l->start;
		r->waiting = false;
		l->waiting--;
	}
	return true;
}

static void
readable(struct load *l, struct router *r)
{
	while (read_some(l, r) && r->ssl && SSL_has_pending(r->ssl))
		;
}

static void
sample(struct load *l)
{
	double t = now();
	uint64_t kib;

	if (t - l->sampled < SAMPLE_SECONDS)
		return;
	l->sampled = t;
	kib = tcp_memory_kib();
	l->sockmem = kib > l->sockmem ? kib : l->sockmem;
}

/* Until every router has had its End of Data.  False when time or the cache's data ran out. */
static bool
load_run(struct load *l)
{
	struct epoll_event events[256];
	double left;
	int n;

	while (l->waiting && !l->no_data) {
		left = l->start + l->opt->timeout - now();
		if (left <= 0)
			return false;
		if ((n = epoll_wait(l->epoll, events, ARRAY_LEN(events), (int)(left * 1000) + 1)) < 0 && errno != EINTR)
			die("epoll_wait: %s", strerror(errno));
		for (int i = 0; i < n; i++)
			readable(l, events[i].data.ptr);
		sample(l);
	}
	return !l->no_data;
}

static bool
load_table(struct load *l)
{
	l->start = now();
	for (unsigned i = 0; i < l->count; i++) {
		l->routers[i].waiting = true;
		ask(l, &l->routers[i], RESET_QUERY);
	}
	l->waiting = l->count;
	return load_run(l);
}

/* Fetch the table with one router, as soon as there is one. */
static double
reference(const struct options *opt, struct buf *keep, uint64_t *hash)
{
	struct options one = *opt;
	double give_up = now() + opt->wait, seconds = 0;
	bool have = false;
	struct load l;

	for (one.every = 1; !have; load_close(&l)) {
		if (load_connect(&l, &one, 1)) {
			l.keep = keep;
			have = load_table(&l);
			seconds = l.routers[0].done;
			*hash = streamhash_value(&l.routers[0].hash);
		}
		if (!have && now() > give_up)
			die("no table from port %u in time", opt->port);
		if (!have)
			nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
	}
	return seconds;
}

static int
cmp_double(const void *pa, const void *pb)
{
	const double *a = pa, *b = pb;

	return (*a > *b) - (*a < *b);
}

/* One line of name=value tokens, the interface to run.sh. */
static void
report(const struct load *l, const char *what, double cpu, double own_cpu, bool whole)
{
	double *done = calloc(l->count, sizeof(*done));
	uint64_t bytes = 0;
	unsigned n = 0;

	if (!done)
		die("out of memory");
	for (unsigned i = 0; i < l->count; i++) {
		bytes += l->routers[i].bytes;
		if (!l->routers[i].waiting)
			done[n++] = l->routers[i].done;
	}
	qsort(done, n, sizeof(*done), cmp_double);
	printf("what=%s whole=%d routers=%u finished=%u bytes=%" PRIu64 " seconds=%.6f", what, whole, l->count, n, bytes,
	       whole ? done[n - 1] : now() - l->start);
	if (n)
		printf(" min=%.6f median=%.6f max=%.6f", done[0], done[n / 2], done[n - 1]);
	printf(" client_cpu=%.6f sockmem_kib=%" PRIu64 " resets=%u", own_cpu, l->sockmem, l->resets);
	if (l->opt->server)
		printf(" server_cpu=%.6f server_peak_kib=%" PRIu64, cpu, proc_peak_kib(l->opt->server));
	putchar('\n');
	fflush(stdout);
	free(done);
}

/* Every router that was checked and has finished got the same bytes. */
static void
check_same(const struct load *l, uint64_t hash, uint64_t bytes)
{
	for (unsigned i = 0; i < l->count; i++) {
		const struct router *r = &l->routers[i];

		if (r->waiting)
			continue;
		if (r->bytes != bytes || (r->hashed && streamhash_value(&r->hash) != hash))
			die("router %u got other bytes than the reference, %" PRIu64 " against %" PRIu64, i, r->bytes, bytes);
	}
}

/* Change the table and wait for each router to have the change. */
static bool
load_change(struct load *l, struct buf *keep)
{
	char *argv[] = {(char[]){"sh"}, (char[]){"-c"}, strdup(l->opt->trigger), NULL};
	extern char **environ;
	int status, error;
	pid_t pid;
	bool whole;

	for (unsigned i = 0; i < l->count; i++)
		l->routers[i].bytes = 0;
	l->keep = keep;
	l->waiting = l->count;
	l->start = now();
	if ((error = posix_spawn(&pid, "/bin/sh", NULL, NULL, argv, environ)))
		die("/bin/sh: %s", strerror(error));
	whole = load_run(l);
	if (waitpid(pid, &status, 0) < 0 || status)
		die("the trigger failed");
	free(argv[2]);
	return whole;
}

/* False when some router was not served in time, whatever could not be measured then. */
static bool
measure(const struct options *opt, const struct response *ref, uint64_t bytes, uint64_t hash, struct pdutable *table)
{
	struct response delta = {0};
	struct buf kept = BUF_INIT;
	struct load l;
	double cpu, own;
	bool whole;

	if (!load_connect(&l, opt, opt->routers))
		die("connect: %s", strerror(errno));
	l.session = ref->session;
	l.serial = ref->serial;
	cpu = proc_cpu_seconds(opt->server);
	own = proc_cpu_seconds(getpid());
	whole = load_table(&l);
	report(&l, "table", proc_cpu_seconds(opt->server) - cpu, proc_cpu_seconds(getpid()) - own, whole);
	check_same(&l, hash, bytes);
	if (opt->trigger && whole) {
		cpu = proc_cpu_seconds(opt->server);
		own = proc_cpu_seconds(getpid());
		whole = load_change(&l, &kept);
		report(&l, "change", proc_cpu_seconds(opt->server) - cpu, proc_cpu_seconds(getpid()) - own, whole);
	}
	if (opt->trigger && whole) {
		check_same(&l, streamhash_value(&l.routers[0].hash), l.routers[0].bytes);
		response_read(&delta, (unsigned char *)kept.data, kept.len, opt->version);
		printf("what=delta announced=%zu withdrawn=%zu serial=%u\n", delta.announced.count, delta.withdrawn.count,
		       delta.serial);
		if (l.resets) {
			pdutable_release(table);
			*table = delta.announced;
			delta.announced = (struct pdutable)PDUTABLE_INIT;
		} else {
			pdutable_apply(table, &delta);
		}
		response_release(&delta);
	}
	if (!whole)
		fprintf(stderr, "load-rtr: %u of %u routers were not served in %u seconds\n", l.waiting, l.count, opt->timeout);
	buf_release(&kept);
	load_close(&l);
	return whole;
}

static bool
check_table(const struct pdutable *got, const char *path, uint8_t version)
{
	struct pdutable want = PDUTABLE_INIT;
	bool same;

	pdutable_read_lines(&want, path, version);
	same = pdutable_same(got, &want);
	pdutable_release(&want);
	return same;
}

static void
save(const char *path, const struct buf *data)
{
	FILE *f = fopen(path, "we");

	if (!f || fwrite(data->data, 1, data->len, f) != data->len || fclose(f))
		die("%s: %s", path, strerror(errno));
}

static int
run(const struct options *opt)
{
	struct response ref = {0};
	struct buf keep = BUF_INIT;
	uint64_t hash = 0, bytes;
	double seconds = reference(opt, &keep, &hash);
	bool good = true;

	bytes = keep.len;
	response_read(&ref, (unsigned char *)keep.data, keep.len, opt->version);
	printf("what=reference seconds=%.6f bytes=%" PRIu64 " ipv4=%zu ipv6=%zu router_keys=%zu aspas=%zu serial=%u\n", seconds,
	       bytes, ref.announced.of_type[4], ref.announced.of_type[6], ref.announced.of_type[9],
	       ref.announced.of_type[11], ref.serial);
	fflush(stdout);
	if (ref.withdrawn.count)
		die("withdrawals in the answer to a Reset Query");
	if (opt->save)
		save(opt->save, &keep);
	buf_release(&keep);
	if (opt->expect)
		good = check_table(&ref.announced, opt->expect, opt->version);
	if (opt->routers && !measure(opt, &ref, bytes, hash, &ref.announced))
		good = false;
	else if (opt->trigger && opt->expect_after)
		good = check_table(&ref.announced, opt->expect_after, opt->version) && good;
	response_release(&ref);
	return good ? 0 : 1;
}

static VRP_NORETURN void
usage(FILE *to, int status)
{
	fputs("usage: load-rtr [options] PORT\n"
	      "  -n N       routers, 0 for the reference alone (1)\n"
	      "  -V N       protocol version (1)\n"
	      "  -c CHECK   whose bytes are hashed: all, none, or one router in N (all)\n"
	      "  -e FILE    the table expected, vrp(5)\n"
	      "  -t COMMAND change the table, once the routers have it; wait for them to follow\n"
	      "  -E FILE    the table expected then\n"
	      "  -p PID     of the server, to report its CPU time and memory\n"
	      "  -s FILE    save the reference response\n"
	      "  -T SECONDS end a measurement after so long and report how far it came (600)\n"
	      "  -w SECONDS wait so long for the server and its first table (60)\n"
	      "  -r BYTES   receive buffer of a router (the kernel's choice)\n"
	      "  -S         over TLS, with anybody\n", to);
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

static void
raise_descriptor_limit(void)
{
	struct rlimit lim;

	if (!getrlimit(RLIMIT_NOFILE, &lim) && lim.rlim_cur < lim.rlim_max) {
		lim.rlim_cur = lim.rlim_max;
		setrlimit(RLIMIT_NOFILE, &lim);
	}
}

int
main(int argc, char **argv)
{
	struct options opt = {.routers = 1, .version = 1, .every = 1, .timeout = 600, .wait = 60};

	for (int c; (c = getopt(argc, argv, "n:V:c:e:t:E:p:s:ST:w:r:h")) != -1; )
		switch (c) {
		case 'n': opt.routers = number(optarg, 0, 100000); break;
		case 'V': opt.version = (uint8_t)number(optarg, 0, 2); break;
		case 'c':
			opt.every = !strcmp(optarg, "all") ? 1 : !strcmp(optarg, "none") ? 0 : number(optarg, 1, 100000);
			break;
		case 'e': opt.expect = optarg; break;
		case 't': opt.trigger = optarg; break;
		case 'E': opt.expect_after = optarg; break;
		case 'p': opt.server = (pid_t)number(optarg, 1, INT32_MAX); break;
		case 's': opt.save = optarg; break;
		case 'S': opt.tls = tls_context(); break;
		case 'T': opt.timeout = number(optarg, 1, 86400); break;
		case 'w': opt.wait = number(optarg, 0, 86400); break;
		case 'r': opt.rcvbuf = (int)number(optarg, 1, INT32_MAX); break;
		case 'h': usage(stdout, 0);
		default: usage(stderr, 2);
		}
	if (optind != argc - 1)
		usage(stderr, 2);
	opt.port = (uint16_t)number(argv[optind], 1, 65535);
	raise_descriptor_limit();
	return run(&opt);
}
