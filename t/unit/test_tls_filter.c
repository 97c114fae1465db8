/* SPDX-License-Identifier: ISC */
/* A TLS session on a loop.  The peer is OpenSSL, blocking, in a thread of its own. */
#include "certs.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/socket.h>

#include "tls.h"
#include "tls_filter.h"

#define IMAGE_SIZE ((size_t)ROUNDS(20) * 1024 * 1024)
#define SECONDS 60

struct fixture {
	struct event_base *base;
	struct bufferevent *bev;
	int peer_fd;
	SSL_CTX *ctx, *peer_ctx;
	SSL *peer;
	int version;
	pthread_t thread;
	void (*play)(struct fixture *f);	/* the peer's part */
	atomic_bool go;			/* what the peer waits for */

	/* What happened. */
	size_t most_ahead;	/* ciphertext that waited for the socket */
	size_t sent;
	size_t releases;
	size_t steps;
	size_t got;
	short event;
	int error;
	char logged[256];
	unsigned char sum;
};

static char *image;

static void
write_log(void *ctx, enum log_level level VRP_UNUSED, const char *line)
{
	struct fixture *f = ctx;

	snprintf(f->logged, sizeof(f->logged), "%s", line);
}

static void *
peer_main(void *arg)
{
	struct fixture *f = arg;

	assert_int_equal(SSL_connect(f->peer), 1);
	f->play(f);
	return NULL;
}

static void
on_output(struct evbuffer *buf VRP_UNUSED, const struct evbuffer_cb_info *info, void *ctx)
{
	struct fixture *f = ctx;
	size_t ahead = evbuffer_get_length(bufferevent_get_output(bufferevent_get_underlying(f->bev)));

	f->sent += info->n_deleted;
	f->steps += info->n_deleted > 0;
	f->most_ahead = ahead > f->most_ahead ? ahead : f->most_ahead;
}

static void
on_event(struct bufferevent *bev VRP_UNUSED, short what, void *ctx)
{
	struct fixture *f = ctx;

	f->error = errno;
	f->event = what;
	event_base_loopbreak(f->base);
}

static void
on_read(struct bufferevent *bev, void *ctx)
{
	struct fixture *f = ctx;
	char data[4096];
	size_t n;

	while ((n = bufferevent_read(bev, data, sizeof(data))) > 0) {
		f->got += n;
		for (size_t i = 0; i < n; i++)
			f->sum = (unsigned char)(f->sum * 3 + data[i]);
	}
}

static void
begin(struct fixture *f, void (*play)(struct fixture *f))
{
	struct identity id = certify("cache", "DNS:cache.example", NULL, -DAY, DAY);
	struct log log = {write_log, f, LOG_LEVEL_DEBUG};
	struct tls_check check;
	struct vrp_err err;
	int fds[2];
	SSL *ssl;

	save_identity(&id, "cache");
	identity_release(&id);
	f->base = event_base_new();
	f->ctx = tls_server_context(&(struct tls_server_files){"cache.pem", "cache.key", NULL}, &err);
	f->peer_ctx = SSL_CTX_new(TLS_client_method());
	if (f->version)
		SSL_CTX_set_max_proto_version(f->peer_ctx, f->version);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	f->peer_fd = fds[1];
	f->peer = SSL_new(f->peer_ctx);
	SSL_set_fd(f->peer, f->peer_fd);
	f->play = play;
	assert_int_equal(pthread_create(&f->thread, NULL, peer_main, f), 0);
	ssl = tls_new(f->ctx, &check, &err);
	SSL_set_fd(ssl, fds[0]);
	assert_int_equal(SSL_accept(ssl), 1);
	SSL_set_app_data(ssl, NULL);
	evutil_make_socket_nonblocking(fds[0]);
	f->bev = tls_filter_new(f->base, fds[0], ssl, "192.0.2.1:99", &log);
	assert_non_null(f->bev);
	bufferevent_setcb(f->bev, on_read, NULL, on_event, f);
	evbuffer_add_cb(bufferevent_get_output(f->bev), on_output, f);
	bufferevent_enable(f->bev, EV_READ | EV_WRITE);
}

static void
on_timeout(evutil_socket_t fd VRP_UNUSED, short what VRP_UNUSED, void *ctx VRP_UNUSED)
{
	fail_msg("nothing happens");
}

/* Until an event comes. */
static void
run(struct fixture *f)
{
	struct event *timeout = evtimer_new(f->base, on_timeout, NULL);

	evtimer_add(timeout, &(struct timeval){.tv_sec = SECONDS});
	event_base_dispatch(f->base);
	event_free(timeout);
}

static void
end(struct fixture *f)
{
	bufferevent_free(f->bev);
	event_base_loop(f->base, EVLOOP_NONBLOCK);
	pthread_join(f->thread, NULL);
	SSL_free(f->peer);
	SSL_CTX_free(f->peer_ctx);
	close(f->peer_fd);
	tls_context_free(f->ctx);
	event_base_free(f->base);
	ERR_clear_error();
}

static void
release(const void *data VRP_UNUSED, size_t len VRP_UNUSED, void *ctx)
{
	((struct fixture *)ctx)->releases++;
}

/* ---- a table */

static size_t
read_all(struct fixture *f, unsigned char *sum)
{
	static char data[65536];
	size_t got = 0;
	int n;

	while ((n = SSL_read(f->peer, data, sizeof(data))) > 0) {
		got += (size_t)n;
		for (int i = 0; i < n; i++)
			*sum = (unsigned char)(*sum * 3 + data[i]);
	}
	assert_int_equal(SSL_get_error(f->peer, n), SSL_ERROR_ZERO_RETURN);
	return got;
}

static void
play_reader(struct fixture *f)
{
	f->got = read_all(f, &f->sum);
	assert_int_equal(SSL_shutdown(f->peer), 1);
	shutdown(f->peer_fd, SHUT_WR);
}

static void
finish_when_written(struct bufferevent *bev, void *ctx VRP_UNUSED)
{
	if (evbuffer_get_length(bufferevent_get_output(bev)) == 0)
		tls_filter_finish(bev);
}

static void
test_table(void **state VRP_UNUSED)
{
	struct fixture f = {0};
	unsigned char sum = 0;

	begin(&f, play_reader);
	bufferevent_setcb(f.bev, on_read, finish_when_written, on_event, &f);
	bufferevent_write(f.bev, "head", 4);
	evbuffer_add_reference(bufferevent_get_output(f.bev), image, IMAGE_SIZE, release, &f);
	bufferevent_write(f.bev, "tail", 4);
	evbuffer_add_reference(bufferevent_get_output(f.bev), image, 100, release, &f);
	run(&f);
	assert_true(f.event & BEV_EVENT_EOF);
	assert_int_equal(f.sent, IMAGE_SIZE + 108);
	assert_int_equal(f.releases, 2);
	/* In pieces, and their length was told as they left. */
	assert_true(f.steps >= IMAGE_SIZE / (2 * TLS_FILTER_AHEAD));
	assert_true(f.most_ahead <= TLS_FILTER_AHEAD + 32 * 1024);
	end(&f);
	assert_int_equal(f.got, IMAGE_SIZE + 108);
	for (size_t i = 0; i < 4; i++)
		sum = (unsigned char)(sum * 3 + "head"[i]);
	for (size_t i = 0; i < IMAGE_SIZE; i++)
		sum = (unsigned char)(sum * 3 + image[i]);
	for (size_t i = 0; i < 4; i++)
		sum = (unsigned char)(sum * 3 + "tail"[i]);
	for (size_t i = 0; i < 100; i++)
		sum = (unsigned char)(sum * 3 + image[i]);
	assert_int_equal(f.sum, sum);
}

static void
play_left(struct fixture *f)
{
	f->got = read_all(f, &f->sum);
}

/* To be dropped is not to be cut off: close_notify comes first. */
static void
test_freed(void **state VRP_UNUSED)
{
	static const int versions[] = {TLS1_2_VERSION, 0};

	for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
		struct fixture f = {.version = versions[i]};

		begin(&f, play_left);
		bufferevent_write(f.bev, "head", 4);
		while (evbuffer_get_length(bufferevent_get_output(f.bev)))
			event_base_loop(f.base, EVLOOP_ONCE);
		end(&f);
		assert_int_equal(f.got, 4);
	}
}

static void
play_sleeper(struct fixture *f)
{
	while (!atomic_load(&f->go))
		usleep(1000);
}

/* Who reads nothing costs no more than what is ahead, and what it has not taken counts as not sent. */
static void
test_reads_nothing(void **state VRP_UNUSED)
{
	struct fixture f = {0};

	begin(&f, play_sleeper);
	evbuffer_add_reference(bufferevent_get_output(f.bev), image, IMAGE_SIZE, release, &f);
	for (int i = 0; i < 50; i++) {
		event_base_loop(f.base, EVLOOP_NONBLOCK);
		usleep(1000);
	}
	assert_true(evbuffer_get_length(bufferevent_get_output(f.bev)) >= TLS_FILTER_AHEAD);
	assert_true(f.most_ahead <= TLS_FILTER_AHEAD + 32 * 1024);
	assert_int_equal(f.event, 0);
	atomic_store(&f.go, true);
	end(&f);
	assert_int_equal(f.releases, 1);
}

/* ---- what a router sends */

static void
play_writer(struct fixture *f)
{
	for (int i = 0; i < 100; i++) {
		char byte = (char)i;

		assert_int_equal(SSL_write(f->peer, &byte, 1), 1);
		if (i % 10 == 0 && SSL_version(f->peer) == TLS1_3_VERSION)
			assert_int_equal(SSL_key_update(f->peer, SSL_KEY_UPDATE_REQUESTED), 1);
	}
	SSL_shutdown(f->peer);
	play_sleeper(f);
}

/* Stops reading after each piece, as a server does while it answers. */
static void
on_read_once(struct bufferevent *bev, void *ctx)
{
	on_read(bev, ctx);
	bufferevent_disable(bev, EV_READ);
	bufferevent_write(bev, "answer", 6);
}

static void
on_answered(struct bufferevent *bev, void *ctx VRP_UNUSED)
{
	bufferevent_enable(bev, EV_READ);
}

static void
test_input(void **state VRP_UNUSED)
{
	static const int versions[] = {TLS1_2_VERSION, 0};

	for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
		struct fixture f = {.version = versions[i]};
		unsigned char sum = 0;

		begin(&f, play_writer);
		bufferevent_setcb(f.bev, on_read_once, on_answered, on_event, &f);
		bufferevent_setwatermark(f.bev, EV_READ, 0, 4096);
		run(&f);
		assert_case(f.event == (BEV_EVENT_EOF | BEV_EVENT_READING), "%x", (unsigned)f.event);
		assert_int_equal(f.got, 100);
		for (int j = 0; j < 100; j++)
			sum = (unsigned char)(sum * 3 + (char)j);
		assert_int_equal(f.sum, sum);
		atomic_store(&f.go, true);
		end(&f);
	}
}

#define BULK (20 * 16384)

static void
play_bulk(struct fixture *f)
{
	assert_int_equal(SSL_write(f->peer, image, BULK), BULK);
	play_sleeper(f);
}

static void
on_bulk(struct bufferevent *bev, void *ctx)
{
	struct fixture *f = ctx;

	on_read_once(bev, ctx);
	if (f->got == BULK)
		event_base_loopbreak(f->base);
}

/* Nothing stays behind in OpenSSL or between buffers when reading stops in between. */
static void
test_bulk_input(void **state VRP_UNUSED)
{
	struct fixture f = {0};

	begin(&f, play_bulk);
	bufferevent_setcb(f.bev, on_bulk, on_answered, on_event, &f);
	bufferevent_setwatermark(f.bev, EV_READ, 0, 4096);
	run(&f);
	assert_int_equal(f.event, 0);
	assert_int_equal(f.got, BULK);
	atomic_store(&f.go, true);
	end(&f);
}

static void
play_garbage(struct fixture *f)
{
	assert_int_equal(SSL_write(f->peer, "x", 1), 1);
	assert_int_equal(send(f->peer_fd, "\x17\x03\x03\x00\x20garbage garbage garbage garbage!", 37, 0), 37);
	play_sleeper(f);
}

static void
play_cut(struct fixture *f)
{
	assert_int_equal(SSL_write(f->peer, "x", 1), 1);
	assert_int_equal(send(f->peer_fd, "\x17\x03\x03\x00\x20garb", 9, 0), 9);
	shutdown(f->peer_fd, SHUT_WR);
	play_sleeper(f);
}

static void
test_broken(void **state VRP_UNUSED)
{
	struct fixture f = {0}, cut = {0};

	begin(&f, play_garbage);
	run(&f);
	assert_true(f.event & BEV_EVENT_ERROR);
	assert_int_equal(f.error, EPROTO);
	assert_int_equal(f.got, 1);
	assert_string_equal(f.logged, "192.0.2.1:99: TLS: decryption failed or bad record mac");
	atomic_store(&f.go, true);
	end(&f);

	begin(&cut, play_cut);
	run(&cut);
	assert_true(cut.event & BEV_EVENT_EOF);
	assert_int_equal(cut.got, 1);
	atomic_store(&cut.go, true);
	end(&cut);
}

static void
play_renegotiation(struct fixture *f)
{
	assert_int_equal(SSL_renegotiate(f->peer), 1);
	assert_int_not_equal(SSL_do_handshake(f->peer), 1);
	shutdown(f->peer_fd, SHUT_WR);
}

static void
test_renegotiation(void **state VRP_UNUSED)
{
	struct fixture f = {.version = TLS1_2_VERSION};

	begin(&f, play_renegotiation);
	run(&f);
	assert_true(f.event & (BEV_EVENT_EOF | BEV_EVENT_ERROR));
	end(&f);
}

static int
group_setup(void **state)
{
	static char dir[64];

	*state = dir;
	signal(SIGPIPE, SIG_IGN);
	snprintf(dir, sizeof(dir), "%s/test_tls_filter.XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	assert_non_null(mkdtemp(dir));
	assert_int_equal(chdir(dir), 0);
	image = malloc(IMAGE_SIZE);
	for (size_t i = 0; i < IMAGE_SIZE; i++)
		image[i] = (char)(i * 2654435761U >> 13);
	return 0;
}

static int
group_teardown(void **state)
{
	free(image);
	unlink("cache.pem");
	unlink("cache.key");
	return rmdir(*state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table), cmocka_unit_test(test_freed),  cmocka_unit_test(test_reads_nothing), cmocka_unit_test(test_input),
		cmocka_unit_test(test_bulk_input), cmocka_unit_test(test_broken), cmocka_unit_test(test_renegotiation),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
