/* SPDX-License-Identifier: ISC */
/*
 * TLS from end to end on the loopback: a gate with its thread on one side, the
 * router's transport on the other.  One thread accepts and hands to the gate, as the loop of
 * a daemon does.
 */
#include "certs.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

#include "tls_gate.h"
#include "transports.h"

#define SECONDS 30	/* for what takes none, on a machine that is busy */

/* What became of the last arrivals. */
struct outcome {
	bool ready;
	char why[240];
	char identity[ARRIVAL_IDENTITY_MAX];
	struct arrival *arrival;	/* when it is ready */
};

struct fixture {
	char dir[64];
	struct identity ca, other;
	char key[32];
	int listener;
	uint16_t port;
	pthread_t acceptor;
	atomic_bool stop;
	struct gate *gate;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct outcome outcomes[64];
	size_t outcome_count;
};

static void
make(const char *name, const char *san, const struct identity *by, long from, long to)
{
	struct identity id = certify(name, san, by, from, to);

	save_identity(&id, name);
	identity_release(&id);
}

static int
group_setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	*state = f;
	signal(SIGPIPE, SIG_IGN);
	snprintf(f->dir, sizeof(f->dir), "%s/test_tls.XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	assert_non_null(mkdtemp(f->dir));
	assert_int_equal(chdir(f->dir), 0);
	f->ca = certify("Test authority", NULL, NULL, -DAY, DAY);
	f->other = certify("Other authority", NULL, NULL, -DAY, DAY);
	save_identity(&f->ca, "ca");
	save_identity(&f->other, "other");
	make("cache", "DNS:cache.example,DNS:*.wild.example,IP:127.0.0.1", &f->ca, -DAY, DAY);
	make("renewed", "DNS:renewed.example", &f->ca, -DAY, DAY);
	make("expired", "DNS:cache.example,IP:127.0.0.1", &f->ca, -2 * DAY, -DAY);
	make("cn-only", NULL, &f->ca, -DAY, DAY);
	make("r1", "IP:127.0.0.1", &f->ca, -DAY, DAY);
	make("r1-expired", "IP:127.0.0.1", &f->ca, -2 * DAY, -DAY);
	make("r1-other", "IP:127.0.0.1", &f->other, -DAY, DAY);
	make("r9", "IP:192.0.2.9,IP:2001:db8::9", &f->ca, -DAY, DAY);
	make("rname", "DNS:r1.example", &f->ca, -DAY, DAY);
	return 0;
}

static int
group_teardown(void **state)
{
	struct fixture *f = *state;
	char command[128];

	identity_release(&f->ca);
	identity_release(&f->other);
	snprintf(command, sizeof(command), "rm -rf '%s'", f->dir);
	assert_int_equal(system(command), 0);
	free(f);
	return 0;
}

/* ---- the cache */

static void
note(struct fixture *f, struct arrival *a, bool ready, const char *why)
{
	struct outcome *o;

	pthread_mutex_lock(&f->lock);
	o = &f->outcomes[f->outcome_count % ARRAY_LEN(f->outcomes)];
	*o = (struct outcome){.ready = ready, .arrival = ready ? a : NULL};
	snprintf(o->why, sizeof(o->why), "%s", why);
	snprintf(o->identity, sizeof(o->identity), "%s", a->identity);
	f->outcome_count++;
	pthread_cond_broadcast(&f->changed);
	pthread_mutex_unlock(&f->lock);
}

static void
on_gate_ready(void *ctx, struct arrival *a)
{
	note(ctx, a, true, "");
}

static void
on_refused(void *ctx, struct arrival *a, const char *why)
{
	assert_null(a->channel);
	note(ctx, a, false, why);
	close(a->fd);
	free(a);
}

static struct outcome
wait_outcome(struct fixture *f, size_t index)
{
	struct timespec until;
	struct outcome o;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += SECONDS;
	pthread_mutex_lock(&f->lock);
	while (f->outcome_count <= index)
		if (pthread_cond_timedwait(&f->changed, &f->lock, &until) != 0)
			break;
	assert_true(f->outcome_count > index);
	o = f->outcomes[index % ARRAY_LEN(f->outcomes)];
	pthread_mutex_unlock(&f->lock);
	return o;
}

static void *
accept_all(void *arg)
{
	struct fixture *f = arg;

	while (!atomic_load(&f->stop)) {
		struct pollfd p = {.fd = f->listener, .events = POLLIN};
		struct arrival *a;
		socklen_t len = sizeof(a->address);

		if (poll(&p, 1, 20) < 1)
			continue;
		a = calloc(1, sizeof(*a));
		a->fd = accept4(f->listener, (struct sockaddr *)&a->address, &len, SOCK_NONBLOCK);
		snprintf(a->peer, sizeof(a->peer), "127.0.0.1:1");
		f->gate->ops->take(f->gate, a);
	}
	return NULL;
}

static void
serve(struct fixture *f, const char *cert, const char *client_ca, size_t max, uint32_t timeout)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct tls_server_files files = {cert, f->key, client_ca};
	struct gate_config config = {.handshake_timeout = timeout, .max_handshakes = max, .ready = on_gate_ready,
				     .refused = on_refused, .ctx = f};
	socklen_t len = sizeof(sa);
	struct vrp_err err = {0};

	snprintf(f->key, sizeof(f->key), "%.*s.key", (int)strlen(cert) - 4, cert);
	pthread_mutex_init(&f->lock, NULL);
	pthread_cond_init(&f->changed, NULL);
	f->outcome_count = 0;
	atomic_store(&f->stop, false);
	f->listener = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(f->listener, (struct sockaddr *)&sa, sizeof(sa)), 0);
	assert_int_equal(listen(f->listener, 128), 0);
	getsockname(f->listener, (struct sockaddr *)&sa, &len);
	f->port = ntohs(sa.sin_port);
	f->gate = tls_gate_new(&files, &config, &err);
	assert_true(!f->gate || f->gate->ops->start(f->gate, &err) == 0);
	if (!f->gate)
		fail_msg("%s", err.msg);
	assert_int_equal(pthread_create(&f->acceptor, NULL, accept_all, f), 0);
}

static void
stop(struct fixture *f)
{
	atomic_store(&f->stop, true);
	pthread_join(f->acceptor, NULL);
	f->gate->ops->stop(f->gate);
	for (size_t i = 0; i < f->outcome_count && i < ARRAY_LEN(f->outcomes); i++) {
		struct arrival *a = f->outcomes[i].arrival;

		if (!a)
			continue;
		f->gate->ops->drop(f->gate, a);
		close(a->fd);
		free(a);
	}
	f->gate->ops->free(f->gate);
	close(f->listener);
	pthread_cond_destroy(&f->changed);
	pthread_mutex_destroy(&f->lock);
}

/* ---- the router */

struct router {
	struct transport_security security;
	struct transports transports;
	struct transport *t;
	struct vrp_err err;
};

static bool
dial_as(struct fixture *f, struct router *r, const char *host)
{
	struct endpoint ep;
	char text[80];

	r->transports = transports_all(&r->security);
	r->err = (struct vrp_err){0};
	snprintf(text, sizeof(text), "tls://%s:%u", host, f->port);
	assert_int_equal(endpoint_parse(text, &r->transports, &ep, &r->err), 0);
	r->t = transport_connect(&ep, transport_now() + SECONDS * 1000, &r->err);
	return r->t != NULL;
}

/* Until something comes or nothing does any more: TLS 1.3 tells a router of its refusal only then. */
static ssize_t
read_once(struct router *r, char *dst, size_t len)
{
	for (;;) {
		ssize_t n = transport_read(r->t, dst, len, &r->err);

		if (n >= 0 || n == TRANSPORT_FAILED)
			return n;
		assert_int_equal(transport_wait(r->t, (int)n, transport_now() + SECONDS * 1000, &r->err), 1);
	}
}

static void
test_client_verifies(void **state)
{
	static const struct {
		const char *cert, *ca, *name;
		bool insecure;
		const char *why;	/* NULL: it works */
	} cases[] = {
		{"cache.pem", "ca.pem", NULL, false, NULL},
		{"cache.pem", "ca.pem", "cache.example", false, NULL},
		{"cache.pem", "ca.pem", "cache.example.", false, NULL},
		{"cache.pem", "ca.pem", "CACHE.Example", false, NULL},
		{"cache.pem", "ca.pem", "a.wild.example", false, NULL},
		{"cache.pem", "ca.pem", "a.b.wild.example", false, "not for a.b.wild.example"},
		{"cache.pem", "ca.pem", "other.example", false,
		 "certificate is for cache.example, *.wild.example, 127.0.0.1, not for other.example"},
		{"cache.pem", "ca.pem", "127.0.0.2", false, "not for 127.0.0.2"},
		{"renewed.pem", "ca.pem", NULL, false, "certificate is for renewed.example, not for 127.0.0.1"},
		{"cache.pem", "other.pem", NULL, false, "authority that is not known here"},
		{"other.pem", "ca.pem", NULL, false, "self-signed certificate"},
		{"expired.pem", "ca.pem", NULL, false, "certificate has expired"},
		{"cn-only.pem", "ca.pem", "cn-only", false, "no subjectAltName"},
		{"expired.pem", NULL, NULL, true, NULL},
		{"cache.pem", "nowhere.pem", NULL, false, "nowhere.pem: No such file"},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct router r = {0};
		bool connected;

		serve(f, cases[i].cert, NULL, 16, SECONDS);
		r.security.tls.ca_file = cases[i].ca;
		r.security.tls.name = cases[i].name;
		r.security.tls.insecure = cases[i].insecure;
		connected = dial_as(f, &r, "127.0.0.1");
		assert_case(connected == !cases[i].why, "%zu: %s", i, r.err.msg);
		if (cases[i].why)
			assert_case(strstr(r.err.msg, cases[i].why), "%zu: %s", i, r.err.msg);
		if (connected)
			assert_true(wait_outcome(f, 0).ready);
		else if (!strstr(cases[i].why, "No such file"))
			assert_case(strstr(wait_outcome(f, 0).why, "refused by peer"), "%s", wait_outcome(f, 0).why);
		transport_close(r.t);
		stop(f);
	}
}

static void
test_server_verifies(void **state)
{
	static const struct {
		const char *cert, *key;
		const char *why;	/* NULL: it works */
		const char *told;	/* what the router hears of it */
	} cases[] = {
		{"r1.pem", "r1.key", NULL, NULL},
		{NULL, NULL, "no client certificate", "peer wants a certificate"},
		{"r1-expired.pem", "r1-expired.key", "certificate has expired", "certificate expired"},
		{"r1-other.pem", "r1-other.key", "authority that is not known here", "unknown CA"},
		{"r9.pem", "r9.key", "certificate is for 192.0.2.9, 2001:db8::9, not for 127.0.0.1", "refused by peer"},
		{"rname.pem", "rname.key", "certificate is for r1.example, not for 127.0.0.1", "refused by peer"},
		{"cn-only.pem", "cn-only.key", "no subjectAltName, so it is not for 127.0.0.1", "refused by peer"},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct router r = {.security.tls.ca_file = "ca.pem"};
		struct outcome o;
		char byte;

		serve(f, "cache.pem", "ca.pem", 16, SECONDS);
		r.security.tls.cert_file = cases[i].cert;
		r.security.tls.key_file = cases[i].key;
		assert_case(dial_as(f, &r, "127.0.0.1"), "%zu: %s", i, r.err.msg);
		o = wait_outcome(f, 0);
		assert_case(o.ready == !cases[i].why, "%zu: %s", i, o.why);
		if (o.ready)
			assert_string_equal(o.identity, "CN=r1");
		else
			assert_case(strstr(o.why, cases[i].why), "%zu: %s", i, o.why);
		if (cases[i].told) {
			assert_int_equal(read_once(&r, &byte, 1), TRANSPORT_FAILED);
			assert_case(strstr(r.err.msg, cases[i].told), "%zu: %s", i, r.err.msg);
		}
		transport_close(r.t);
		stop(f);
	}
}

/* A broken file changes nothing, a good one is for who comes next. */
static void
test_reload(void **state)
{
	struct fixture *f = *state;
	struct router r = {.security.tls = {.ca_file = "ca.pem", .name = "cache.example"}};
	struct vrp_err err = {0};

	make("live", "DNS:cache.example", &f->ca, -DAY, DAY);
	serve(f, "live.pem", NULL, 16, SECONDS);
	assert_true(dial_as(f, &r, "127.0.0.1"));
	transport_close(r.t);

	make("live", "DNS:renewed.example", &f->ca, -DAY, DAY);
	assert_int_equal(truncate("live.key", 40), 0);
	assert_int_equal(f->gate->ops->reload(f->gate, &err), -1);
	assert_non_null(strstr(err.msg, "live.key: "));
	assert_true(dial_as(f, &r, "127.0.0.1"));
	transport_close(r.t);

	make("live", "DNS:renewed.example", &f->ca, -DAY, DAY);
	assert_int_equal(f->gate->ops->reload(f->gate, &err), 0);
	assert_false(dial_as(f, &r, "127.0.0.1"));
	r.security.tls.name = "renewed.example";
	assert_true(dial_as(f, &r, "127.0.0.1"));
	transport_close(r.t);
	stop(f);
}

static void
test_bad_files(void **state)
{
	struct fixture *f = *state;
	struct tls_server_files good = {"cache.pem", "cache.key", NULL}, files;
	struct vrp_err err;
	FILE *out;

	files = good;
	files.cert = "nowhere.pem";
	assert_null(tls_server_context(&files, &err));
	assert_non_null(strstr(err.msg, "nowhere.pem: No such file"));
	files = good;
	files.key = "r1.key";
	assert_null(tls_server_context(&files, &err));
	assert_non_null(strstr(err.msg, "is not the key of"));
	files = good;
	files.cert = good.key;
	assert_null(tls_server_context(&files, &err));
	assert_non_null(strstr(err.msg, "not what it should be in PEM"));
	files = good;
	files.client_ca = good.key;
	assert_null(tls_server_context(&files, &err));
	assert_int_equal(chmod("other.key", 0644), 0);
	files = good;
	files.key = "other.key";
	assert_null(tls_server_context(&files, &err));
	assert_non_null(strstr(err.msg, "lets others read it"));
	out = fopen("locked.key", "w");
	fchmod(fileno(out), 0600);
	assert_true(PEM_write_PrivateKey(out, f->ca.key, EVP_aes_128_cbc(), (const unsigned char *)"x", 1, NULL, NULL));
	fclose(out);
	files.key = "locked.key";
	assert_null(tls_server_context(&files, &err));
	assert_non_null(strstr(err.msg, "the key is encrypted"));
}

/* ---- peers that don't mean it */

static int
raw_connection(struct fixture *f)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons(f->port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	return fd;
}

static void
test_garbage(void **state)
{
	static const unsigned char query[8] = {1, 2, 0, 0, 0, 0, 0, 8};
	static const unsigned char huge[] = {22, 3, 1, 0xff, 0xff, 1, 0, 0xff, 0xff};
	static const struct {
		const void *data;
		size_t len;
		const char *why;
	} cases[] = {
		{query, sizeof(query), "speaks RTR without TLS"},
		{"GET / HTTP/1.0\r\n\r\n", 18, "TLS: http request"},
		{"\0\0\0\0\0\0\0\0\0\0\0\0\0", 13, "TLS: "},
		{huge, sizeof(huge), "TLS: "},
		{"", 0, "closed in the middle"},
	};
	struct fixture *f = *state;

	serve(f, "cache.pem", NULL, 16, SECONDS);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int fd = raw_connection(f);

		assert_int_equal(send(fd, cases[i].data, cases[i].len, 0), cases[i].len);
		shutdown(fd, SHUT_WR);
		assert_case(strstr(wait_outcome(f, i).why, cases[i].why), "%zu: %s", i, wait_outcome(f, i).why);
		close(fd);
	}
	stop(f);
}

static void
test_half_open(void **state)
{
	struct fixture *f = *state;
	struct router r = {.security.tls.ca_file = "ca.pem"};
	int fds[20];
	struct outcome o;

	/* A quarter of 16 may come from one address, the oldest make room. */
	serve(f, "cache.pem", NULL, 16, SECONDS);
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		fds[i] = raw_connection(f);
	assert_true(dial_as(f, &r, "127.0.0.1"));
	for (size_t i = 0; i < ARRAY_LEN(fds) - 3; i++) {
		o = wait_outcome(f, i);
		assert_string_equal(o.why, "too many handshakes at once from its network");
	}
	o = wait_outcome(f, ARRAY_LEN(fds) - 3);
	assert_true(o.ready);
	transport_close(r.t);
	stop(f);
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		close(fds[i]);

	/* Who is slow runs out of time. */
	serve(f, "cache.pem", NULL, 16, 1);
	fds[0] = raw_connection(f);
	fds[1] = raw_connection(f);
	assert_int_equal(send(fds[1], "\x16\x03", 2, 0), 2);
	assert_non_null(strstr(wait_outcome(f, 0).why, " in time"));
	assert_non_null(strstr(wait_outcome(f, 1).why, " in time"));
	close(fds[0]);
	close(fds[1]);
	stop(f);
}

/* Nothing but TLS 1.2 and 1.3, and no renegotiation. */
static void
test_versions(void **state)
{
	static const struct {
		int version;
		bool good;
	} cases[] = {{TLS1_1_VERSION, false}, {TLS1_2_VERSION, true}, {TLS1_3_VERSION, true}};
	struct fixture *f = *state;

	serve(f, "cache.pem", NULL, 16, SECONDS);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
		SSL *ssl;
		int fd = raw_connection(f), rc;

		SSL_CTX_set_security_level(ctx, 0);
		SSL_CTX_set_min_proto_version(ctx, cases[i].version);
		SSL_CTX_set_max_proto_version(ctx, cases[i].version);
		ssl = SSL_new(ctx);
		SSL_set_fd(ssl, fd);
		rc = SSL_connect(ssl);
		assert_case((rc == 1) == cases[i].good, "%zu", i);
		assert_case(wait_outcome(f, i).ready == cases[i].good, "%zu: %s", i, wait_outcome(f, i).why);
		SSL_free(ssl);
		SSL_CTX_free(ctx);
		close(fd);
		ERR_clear_error();
	}
	stop(f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_client_verifies), cmocka_unit_test(test_server_verifies), cmocka_unit_test(test_reload),
		cmocka_unit_test(test_bad_files),	cmocka_unit_test(test_garbage),		cmocka_unit_test(test_half_open),
		cmocka_unit_test(test_versions),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
