/* SPDX-License-Identifier: ISC */
/* Documents, over a real HTTP server: made once, shared, compressed, bounded, and outdated by newer ones. */
#include "test.h"

#include <stdatomic.h>
#include <zlib.h>

#include "documents.h"
#include "http_client.h"
#include "stamp.h"

/* ---- a subject: its bytes are a pattern of its version */

struct subject {
	atomic_int refs;
	unsigned version;
	size_t len;
};

static struct {
	struct httpd *h;
	struct documents *d;
	uint16_t port;
	atomic_uint version, made, subjects;
	atomic_size_t len;
	atomic_bool held;	/* makers wait */
} server;

static char
byte_at(unsigned version, size_t i)
{
	return (char)('a' + (i / 7 + version) % 26);
}

static void *
subject_ref(void *subject)
{
	struct subject *s = subject;

	atomic_fetch_add(&s->refs, 1);
	return s;
}

static void
subject_unref(void *subject)
{
	struct subject *s = subject;

	if (atomic_fetch_sub(&s->refs, 1) == 1) {
		atomic_fetch_sub(&server.subjects, 1);
		free(s);
	}
}

static void
subject_write(const void *subject, struct out *out)
{
	const struct subject *s = subject;

	while (atomic_load(&server.held))
		usleep(1000);
	atomic_fetch_add(&server.made, 1);
	for (size_t i = 0; i < s->len && !out->error; i++) {
		char c = byte_at(s->version, i);

		out_add(out, &c, 1);
	}
}

static const struct document_maker maker = {subject_write, subject_ref, subject_unref};

static void
give(void *ctx, struct httpd_request *r)
{
	struct subject *s = calloc(1, sizeof(*s));

	(void)ctx;
	assert_non_null(s);
	*s = (struct subject){1, atomic_load(&server.version), atomic_load(&server.len)};
	atomic_fetch_add(&server.subjects, 1);
	documents_reply(server.d, r, &(struct document){
		.name = "text", .version = s->version, .type = "text/plain", .modified = STAMP_UNKNOWN,
		.maker = &maker, .subject = s});
	subject_unref(s);
}

static const struct httpd_route routes[] = {{"/text", false, give, true}};

static void
start_with(const struct documents_config *config, size_t len)
{
	struct log log = {http_find_port, &server.port, LOG_LEVEL_NOTICE};
	struct httpd_config http = {.max_per_address = 200};
	struct vrp_err err;

	memset(&server, 0, sizeof(server));
	atomic_store(&server.version, 1);
	atomic_store(&server.len, len);
	server.h = httpd_new(&http, routes, ARRAY_LEN(routes), NULL, &log, &err);
	assert_non_null(server.h);
	assert_int_equal(httpd_listen(server.h, "127.0.0.1:0", -1, &err), 0);
	server.d = documents_new(server.h, config, &err);
	assert_non_null(server.d);
	assert_int_equal(httpd_start(server.h, &err), 0);
	assert_int_equal(documents_start(server.d, &err), 0);
}

/* Nothing of any subject is left. */
static void
stop(void)
{
	atomic_store(&server.held, false);
	httpd_stop(server.h);
	documents_stop(server.d);
	httpd_free(server.h);
	documents_free(server.d);
	assert_int_equal(atomic_load(&server.subjects), 0);
}

/* ---- requests */

static int
send_request(const char *fields)
{
	char text[256];
	int fd = http_dial(server.port);

	snprintf(text, sizeof(text), "GET /text HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%s\r\n", fields);
	http_say(fd, text);
	return fd;
}

static const char *
body_of(const struct http_bytes *b)
{
	const char *end = strstr(b->data, "\r\n\r\n");

	assert_non_null(end);
	return end + 4;
}

static void
assert_body(const char *body, size_t len, unsigned version)
{
	assert_int_equal(len, atomic_load(&server.len));
	for (size_t i = 0; i < len; i++)
		if (body[i] != byte_at(version, i))
			fail_msg("byte %zu of version %u is '%c'", i, version, body[i]);
}

static void
assert_gives(int fd, unsigned version)
{
	struct http_bytes b = http_take(fd);
	const char *body = body_of(&b);

	assert_int_equal(strncmp(b.data, "HTTP/1.1 200 OK\r\n", 17), 0);
	assert_body(body, b.len - (size_t)(body - b.data), version);
	free(b.data);
}

static int
status_of(int fd)
{
	struct http_bytes b = http_take(fd);
	int status = b.len > 12 ? (int)strtol(b.data + 9, NULL, 10) : 0;

	free(b.data);
	return status;
}

static void
wait_until_made(unsigned n)
{
	for (int i = 0; i < 20000 && atomic_load(&server.made) < n; i++)
		usleep(1000);
	assert_int_equal(atomic_load(&server.made), n);
}

/* ---- tests */

static void
test_made_once(void **state)
{
	int fds[50];

	(void)state;
	start_with(&(struct documents_config){0}, 300000);
	atomic_store(&server.held, true);
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		fds[i] = send_request("");
	atomic_store(&server.held, false);
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		assert_gives(fds[i], 1);
	assert_gives(send_request(""), 1);
	assert_int_equal(atomic_load(&server.made), 1);
	stop();
}

static void
test_empty(void **state)
{
	(void)state;
	start_with(&(struct documents_config){0}, 0);
	assert_gives(send_request(""), 1);
	stop();
}

static void
test_compressed(void **state)
{
	static unsigned char plain[200001];
	struct http_bytes b;
	const char *body;
	z_stream z = {0};

	(void)state;
	start_with(&(struct documents_config){0}, 200000);
	b = http_take(send_request("Accept-Encoding: gzip\r\n"));
	assert_non_null(strstr(b.data, "\r\nContent-Encoding: gzip\r\n"));
	assert_non_null(strstr(b.data, "\r\nVary: Accept-Encoding\r\n"));
	body = body_of(&b);
	assert_int_equal(inflateInit2(&z, MAX_WBITS + 16), Z_OK);
	z.next_in = (unsigned char *)(uintptr_t)body;
	z.avail_in = (uInt)(b.len - (size_t)(body - b.data));
	z.next_out = plain;
	z.avail_out = sizeof(plain);
	assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
	assert_int_equal(z.avail_in, 0);
	assert_body((char *)plain, sizeof(plain) - z.avail_out, 1);
	inflateEnd(&z);
	free(b.data);
	/* The plain copy was made for it, and is there. */
	assert_gives(send_request("Accept-Encoding: gzip;q=0\r\n"), 1);
	assert_gives(send_request("Accept-Encoding: identity, gzip;q=0.5\r\n"), 1);
	assert_int_equal(atomic_load(&server.made), 1);
	stop();
}

static void
test_tags(void **state)
{
	char fields[192], tag[128];
	struct http_bytes b;
	char *at;

	(void)state;
	start_with(&(struct documents_config){0}, 1000);
	b = http_take(send_request(""));
	at = strstr(b.data, "\r\nETag: ");
	assert_non_null(at);
	assert_int_equal(sscanf(at, "\r\nETag: %127s", tag), 1);
	free(b.data);
	snprintf(fields, sizeof(fields), "If-None-Match: %s\r\n", tag);
	assert_int_equal(status_of(send_request(fields)), 304);
	/* Compressed, it is another. */
	snprintf(fields, sizeof(fields), "Accept-Encoding: gzip\r\nIf-None-Match: %s\r\n", tag);
	assert_int_equal(status_of(send_request(fields)), 200);
	atomic_store(&server.version, 2);
	snprintf(fields, sizeof(fields), "If-None-Match: %s\r\n", tag);
	assert_gives(send_request(fields), 2);
	stop();
}

static void
test_newer(void **state)
{
	int waiting, slow;

	(void)state;
	start_with(&(struct documents_config){0}, 16 << 20);
	/* One waits for a version while a newer is asked for: each gets its own. */
	atomic_store(&server.held, true);
	waiting = send_request("");
	usleep(50000);
	atomic_store(&server.version, 2);
	slow = send_request("");
	usleep(50000);
	atomic_store(&server.held, false);
	assert_gives(waiting, 1);
	wait_until_made(2);
	/* One is still downloading a version that is outdated by now. */
	atomic_store(&server.version, 3);
	assert_gives(send_request(""), 3);
	assert_gives(slow, 2);
	assert_int_equal(atomic_load(&server.made), 3);
	stop();
}

/* Who waits may go, and the document is made for nobody. */
static void
test_gone(void **state)
{
	int fds[10];

	(void)state;
	start_with(&(struct documents_config){0}, 1 << 20);
	atomic_store(&server.held, true);
	for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
		fds[i] = send_request("");
		usleep(1000);
		close(fds[i]);
	}
	atomic_store(&server.version, 2);
	fds[0] = send_request("");
	usleep(1500000);
	atomic_store(&server.held, false);
	assert_gives(fds[0], 2);
	stop();
}

static void
test_no_room(void **state)
{
	(void)state;
	start_with(&(struct documents_config){.max_bytes = 1 << 20}, (1 << 20) + 1);
	assert_int_equal(status_of(send_request("")), 503);
	/* Nothing is kept of it, and there is room for what fits. */
	atomic_store(&server.version, 2);
	atomic_store(&server.len, 400000);
	assert_gives(send_request(""), 2);
	assert_int_equal(status_of(send_request("Accept-Encoding: gzip\r\n")), 200);
	stop();
}

/* Readers that take nothing of what is outdated lose it when its room is needed. */
static void
test_recalled(void **state)
{
	enum { LEN = 32 << 20 };
	int slow[4];
	size_t whole = 0;

	(void)state;
	start_with(&(struct documents_config){.max_bytes = (size_t)3 * LEN}, LEN);
	for (unsigned i = 0; i < ARRAY_LEN(slow); i++) {
		atomic_store(&server.version, i + 1);
		slow[i] = send_request("");
		wait_until_made(i + 1);
		usleep(100000);
	}
	atomic_store(&server.version, 5);
	assert_gives(send_request(""), 5);
	for (unsigned i = 0; i < ARRAY_LEN(slow); i++) {
		struct http_bytes b = http_take(slow[i]);

		whole += b.len > LEN;
		free(b.data);
	}
	assert_in_range(whole, 0, 2);
	stop();
}

static void
test_forgotten(void **state)
{
	(void)state;
	start_with(&(struct documents_config){.keep_ms = 300}, 1000);
	assert_gives(send_request(""), 1);
	for (int i = 0; i < 2000 && atomic_load(&server.subjects) > 0; i++)
		usleep(10000);
	assert_int_equal(atomic_load(&server.subjects), 0);
	assert_gives(send_request(""), 1);
	assert_int_equal(atomic_load(&server.made), 2);
	stop();
}

/* It ends while one is made and others wait. */
static void
test_stop(void **state)
{
	int fds[3];

	(void)state;
	start_with(&(struct documents_config){0}, 1 << 20);
	atomic_store(&server.held, true);
	for (unsigned i = 0; i < ARRAY_LEN(fds); i++) {
		atomic_store(&server.version, i + 1);
		fds[i] = send_request(i == 1 ? "Accept-Encoding: gzip\r\n" : "");
		usleep(50000);
	}
	stop();
	for (unsigned i = 0; i < ARRAY_LEN(fds); i++)
		close(fds[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_made_once),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_compressed),
		cmocka_unit_test(test_tags),
		cmocka_unit_test(test_newer),
		cmocka_unit_test(test_gone),
		cmocka_unit_test(test_no_room),
		cmocka_unit_test(test_recalled),
		cmocka_unit_test(test_forgotten),
		cmocka_unit_test(test_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
