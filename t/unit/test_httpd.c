/* SPDX-License-Identifier: ISC */
/* The HTTP server, over sockets of the loopback interface: what comes back for which bytes. */
#include "test.h"

#include <errno.h>
#include <pthread.h>
#include <sys/socket.h>

#include "http_client.h"
#include "httpd.h"
#include "stamp.h"

/* ---- the server */

static struct {
	struct httpd *h;
	uint16_t port;
	struct httpd_request *parked;
	int woken, gone;
} server;

static void
hello(void *ctx, struct httpd_request *r)
{
	(void)ctx;
	httpd_reply_text(r, 200, "text/plain", "hello\n", 6);
}

static void
echo(void *ctx, struct httpd_request *r)
{
	const char *value = httpd_target(r) ? http_target_field(httpd_target(r), "x") : NULL;

	(void)ctx;
	httpd_reply_error(r, 400, "%s|%s", httpd_rest(r), value ? value : "-");
}

static void
tagged(void *ctx, struct httpd_request *r)
{
	(void)ctx;
	if (!httpd_etag(r, "\"v1\"", 1000000000))
		httpd_reply_text(r, 200, "text/plain", "tagged\n", 7);
}

static void
on_wake(void *arg, struct httpd_request *r, enum httpd_wake why)
{
	(void)arg;
	server.parked = NULL;
	if (why == HTTPD_GONE) {
		__atomic_add_fetch(&server.gone, 1, __ATOMIC_SEQ_CST);
		return;
	}
	__atomic_add_fetch(&server.woken, 1, __ATOMIC_SEQ_CST);
	httpd_reply_text(r, 200, "text/plain", "late\n", 5);
}

static void
park(void *ctx, struct httpd_request *r)
{
	const char *ms = http_target_field(httpd_target(r), "ms");

	(void)ctx;
	server.parked = r;
	httpd_park(r, ms ? (unsigned)strtoul(ms, NULL, 10) : 60000, on_wake, NULL);
}

static void
release(void *arg)
{
	(void)arg;
	if (server.parked)
		httpd_reply_text(server.parked, 200, "text/plain", "released\n", 9);
	server.parked = NULL;
}

static void
silent(void *ctx, struct httpd_request *r)
{
	(void)ctx;
	(void)r;
}

/* More than sockets hold. */
#define LARGE ((size_t)64 << 20)

static void
large(void *ctx, struct httpd_request *r)
{
	struct blob *body = blob_new(LARGE);

	(void)ctx;
	assert_non_null(body);
	memset(body->data, 'x', LARGE);
	httpd_reply(r, 200, "text/plain", body);
}

static void
timed_out(void *ctx, struct httpd_request *r)
{
	char text[24];
	int len = snprintf(text, sizeof(text), "%lu\n", (unsigned long)httpd_stats(server.h)->timed_out);

	(void)ctx;
	httpd_reply_text(r, 200, "text/plain", text, (size_t)len);
}

static const struct httpd_route routes[] = {
	{"/hello", false, hello, true}, {"/echo", true, echo, false}, {"/tagged", false, tagged, false},
	{"/park", false, park, false}, {"/silent", false, silent, false}, {"/large", false, large, false},
	{"/timed-out", false, timed_out, false},
};

static void
start_with(const struct httpd_config *config)
{
	struct log log = {http_find_port, &server.port, LOG_LEVEL_NOTICE};
	struct vrp_err err;

	memset(&server, 0, sizeof(server));
	server.h = httpd_new(config, routes, ARRAY_LEN(routes), NULL, &log, &err);
	assert_non_null(server.h);
	assert_int_equal(httpd_listen(server.h, "127.0.0.1:0", -1, &err), 0);
	assert_true(server.port > 0);
	assert_int_equal(httpd_start(server.h, &err), 0);
}

static void
stop(void)
{
	httpd_stop(server.h);
	httpd_free(server.h);
}

/* ---- what is asked of it */

static int
dial(void)
{
	return http_dial(server.port);
}

static char *
ask(const char *request)
{
	return http_ask(server.port, request);
}

#define END "Host: x\r\nConnection: close\r\n\r\n"

static void
test_get(void **state)
{
	char *got;

	(void)state;
	start_with(&(struct httpd_config){0});
	got = ask("GET /hello HTTP/1.1\r\n" END);
	assert_int_equal(strncmp(got, "HTTP/1.1 200 OK\r\n", 17), 0);
	assert_non_null(strstr(got, "\r\nContent-Length: 6\r\n"));
	assert_non_null(strstr(got, "\r\nContent-Type: text/plain\r\n"));
	assert_non_null(strstr(got, "\r\nX-Content-Type-Options: nosniff\r\n"));
	assert_non_null(strstr(got, "\r\nAccess-Control-Allow-Origin: *\r\n"));
	assert_non_null(strstr(got, "\r\nDate: "));
	assert_non_null(strstr(got, "\r\n\r\nhello\n"));
	got = ask("HEAD /hello HTTP/1.1\r\n" END);
	assert_non_null(strstr(got, "\r\nContent-Length: 6\r\n"));
	assert_null(strstr(got, "hello\n"));
	got = ask("GET /hello HTTP/1.0\r\n\r\n");
	assert_non_null(strstr(got, "\r\n\r\nhello\n"));
	got = ask("GET http://example.net/hello HTTP/1.1\r\n" END);
	assert_non_null(strstr(got, "\r\n\r\nhello\n"));
	got = ask("GET /echo/a%20b?x=1%2B1 HTTP/1.0\r\n\r\n");
	assert_non_null(strstr(got, "\r\n\r\na b|1+1\n"));
	assert_null(strstr(got, "Access-Control"));
	got = ask("GET /echo/%0d%0a%c3%a4 HTTP/1.0\r\n\r\n");
	assert_non_null(strstr(got, "\r\n\r\n????|-\n"));
	stop();
}

static void
test_refusals(void **state)
{
	static const struct {
		const char *request, *status;
	} cases[] = {
		{"GET /nothing HTTP/1.0\r\n\r\n", "404"},
		{"GET /hello/ HTTP/1.0\r\n\r\n", "404"},
		{"GET /hello%00 HTTP/1.0\r\n\r\n", "400"},
		{"GET /%zz HTTP/1.0\r\n\r\n", "400"},
		{"GET * HTTP/1.0\r\n\r\n", "400"},
		{"POST /hello HTTP/1.1\r\nContent-Length: 3\r\n" END "abc", "405"},
		{"DELETE /hello HTTP/1.1\r\n" END, "405"},
		{"BREW /hello HTTP/1.1\r\n" END, "405"},
		{"GET /silent HTTP/1.0\r\n\r\n", "500"},
		{"GET /hello HTTP/1.1\r\nConnection: close\r\n\r\n", "400"},
		{"GET /hello HTTP/0.9\r\n\r\n", "505"},
		{"GET /hello HTTP/1.-1\r\n\r\n", "505"},
		{"nonsense\r\n\r\n", "400"},
		{"GET /hello HTTP/7.0\r\n\r\n", "400"},
		{"GET /hello HTTP/1.1\r\nno colon\r\n\r\n", "400"},
		{"POST /hello HTTP/1.1\r\nContent-Length: 99999999\r\n" END, "413"},
		{"POST /hello HTTP/1.1\r\nContent-Length: -1\r\n" END, "400"},
		{"GET /hello HTTP/1.1\r\nContent-Length: 0\r\nContent-Length: 5\r\n" END, "400"},
		{"GET /hello HTTP/1.1\r\nHost: y\r\n" END, "400"},
		{"GET /hello HTTP/1.1\r\n: x\r\n" END, "400"},
		{"GET /hello HTTP/1.1\r\nX : y\r\n" END, "400"},
	};

	(void)state;
	start_with(&(struct httpd_config){0});
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *got = ask(cases[i].request);

		assert_case(strncmp(got, "HTTP/1.", 7) == 0 && strncmp(got + 9, cases[i].status, 3) == 0, "%s: %.30s",
			    cases[i].request, got);
	}
	assert_non_null(strstr(ask("PUT /hello HTTP/1.0\r\n\r\n"), "\r\nAllow: GET, HEAD\r\n"));
	stop();
}

static void
test_versions(void **state)
{
	(void)state;
	start_with(&(struct httpd_config){0});
	assert_non_null(strstr(ask("GET /tagged HTTP/1.0\r\n\r\n"), "\r\nETag: \"v1\"\r\n"));
	assert_non_null(strstr(ask("GET /tagged HTTP/1.0\r\n\r\n"), "\r\nLast-Modified: Sun, 09 Sep 2001 01:46:40 GMT\r\n"));
	assert_int_equal(strncmp(ask("GET /tagged HTTP/1.0\r\nIf-None-Match: \"v1\"\r\n\r\n"), "HTTP/1.0 304 ", 13), 0);
	assert_int_equal(strncmp(ask("GET /tagged HTTP/1.0\r\nIf-None-Match: \"v2\"\r\n\r\n"), "HTTP/1.0 200 ", 13), 0);
	assert_int_equal(strncmp(ask("GET /tagged HTTP/1.0\r\nIf-Modified-Since: Sun, 09 Sep 2001 01:46:40 GMT\r\n\r\n"),
				 "HTTP/1.0 304 ", 13), 0);
	assert_int_equal(strncmp(ask("GET /tagged HTTP/1.0\r\nIf-Modified-Since: Sun, 09 Sep 2001 01:46:39 GMT\r\n\r\n"),
				 "HTTP/1.0 200 ", 13), 0);
	stop();
}

static void
test_pipelining(void **state)
{
	char *got;

	(void)state;
	start_with(&(struct httpd_config){0});
	got = ask("GET /hello HTTP/1.1\r\nHost:\r\n\r\nGET /tagged HTTP/1.1\r\nHost: x\r\n\r\nHEAD /hello HTTP/1.1\r\nHost: x\r\n\r\n"
		  "GET /hello HTTP/1.1\r\n" END);
	assert_int_equal(text_count(got, "HTTP/1.1 200 OK"), 4);
	assert_int_equal(text_count(got, "\r\n\r\nhello\n"), 2);
	assert_int_equal(text_count(got, "\r\n\r\ntagged\n"), 1);
	stop();
}

static void
wait_for(const int *what, int value)
{
	for (int i = 0; i < 500 && __atomic_load_n(what, __ATOMIC_SEQ_CST) != value; i++)
		usleep(10000);
	assert_int_equal(__atomic_load_n(what, __ATOMIC_SEQ_CST), value);
}

static void
test_parked(void **state)
{
	int fd;

	(void)state;
	start_with(&(struct httpd_config){0});
	assert_non_null(strstr(ask("GET /park?ms=1 HTTP/1.0\r\n\r\n"), "\r\n\r\nlate\n"));
	fd = dial();
	http_say(fd, "GET /park HTTP/1.0\r\n\r\n");
	while (!__atomic_load_n(&server.parked, __ATOMIC_SEQ_CST))
		usleep(1000);
	assert_int_equal(httpd_post(server.h, release, NULL), 0);
	assert_non_null(strstr(http_hear(fd), "\r\n\r\nreleased\n"));
	fd = dial();
	http_say(fd, "GET /park HTTP/1.1\r\nHost: x\r\n\r\n");
	while (!__atomic_load_n(&server.parked, __ATOMIC_SEQ_CST))
		usleep(1000);
	close(fd);
	wait_for(&server.gone, 1);
	fd = dial();
	http_say(fd, "GET /park HTTP/1.1\r\nHost: x\r\n\r\n");
	while (!__atomic_load_n(&server.parked, __ATOMIC_SEQ_CST))
		usleep(1000);
	stop();
	assert_int_equal(server.gone, 2);
	close(fd);
}

/* ---- peers that take their time */

/* Does the server end the connection within so many milliseconds, while we say `part` again and again? */
static bool
is_ended(int fd, const char *part, int ms)
{
	char answer[4096];

	for (int i = 0; i < ms / 20; i++) {
		ssize_t n = recv(fd, answer, sizeof(answer), MSG_DONTWAIT);

		if (n == 0 || (n < 0 && errno != EAGAIN))
			return true;
		if (part && send(fd, part, strlen(part), MSG_NOSIGNAL) < 0)
			return true;
		usleep(20000);
	}
	return false;
}

static void
test_deadlines(void **state)
{
	int fd;

	(void)state;
	start_with(&(struct httpd_config){.request_ms = 600, .idle_ms = 600});
	fd = dial();
	assert_true(is_ended(fd, NULL, 20000));	/* nothing is said */
	close(fd);
	fd = dial();
	http_say(fd, "GET /hello HTTP/1.1\r\nHost: x\r\nX: ");
	assert_true(is_ended(fd, "y", 20000));	/* a header without an end, a byte at a time */
	close(fd);
	fd = dial();
	http_say(fd, "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_true(is_ended(fd, NULL, 20000));	/* no further request */
	close(fd);
	/* Who waits for an answer has more time than that. */
	fd = dial();
	http_say(fd, "GET /park?ms=2000 HTTP/1.0\r\n\r\n");
	assert_non_null(strstr(http_hear(fd), "\r\n\r\nlate\n"));
	stop();
}

static void
test_readers(void **state)
{
	static char data[65536];
	size_t got = 0;
	ssize_t n;
	int fd;

	(void)state;
	start_with(&(struct httpd_config){.stall_ms = 600, .min_rate = 1000});
	/* One that takes nothing. */
	fd = dial();
	http_say(fd, "GET /large HTTP/1.1\r\nHost: x\r\n\r\n");
	for (int i = 0; i < 600 && !strstr(ask("GET /timed-out HTTP/1.1\r\n" END), "\r\n\r\n1\n"); i++)
		usleep(50000);
	while ((n = recv(fd, data, sizeof(data), 0)) > 0)
		got += (size_t)n;
	assert_true(got < LARGE);
	close(fd);
	/* One that takes its time, and goes on. */
	fd = dial();
	http_say(fd, "GET /large HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
	for (got = 0; (n = recv(fd, data, sizeof(data), 0)) > 0; got += (size_t)n)
		if (got % (4 << 20) < sizeof(data))
			usleep(60000);
	assert_true(got > LARGE);
	close(fd);
	stop();
}

/* Those that say nothing make room for those that do. */
static void
test_crowd(void **state)
{
	int fds[64];

	(void)state;
	start_with(&(struct httpd_config){.max_connections = 16, .max_per_address = 16});
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		fds[i] = dial();
	assert_non_null(strstr(ask("GET /hello HTTP/1.1\r\n" END), "\r\n\r\nhello\n"));
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		close(fds[i]);
	stop();
}

/* Does the server turn away `head` with so many letters behind it, and end the connection, without taking all of it? */
static bool
is_turned_away(const char *head, size_t letters)
{
	static char text[65536];
	int fd = dial();
	size_t said = 0;
	bool refused;
	ssize_t n;

	http_say(fd, head);
	memset(text, 'a', sizeof(text));
	while (said < letters && (n = send(fd, text, sizeof(text), MSG_NOSIGNAL)) > 0)
		said += (size_t)n;
	n = recv(fd, text, 12, 0);
	refused = n <= 0 || strncmp(text, "HTTP/1.1 4", 10) == 0;
	while (n > 0)
		n = recv(fd, text, sizeof(text), 0);
	close(fd);
	return refused;
}

static void
test_long_requests(void **state)
{
	(void)state;
	start_with(&(struct httpd_config){0});
	assert_true(is_turned_away("GET /", 64 << 20));
	assert_true(is_turned_away("GET /hello HTTP/1.1\r\nX: ", 64 << 20));
	assert_true(is_turned_away("", 64 << 20));
	assert_true(is_turned_away("POST /hello HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n", 64 << 20));
	assert_true(is_turned_away("GET /hello HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n", 64 << 20));
	assert_non_null(strstr(ask("GET /hello HTTP/1.1\r\n" END), "\r\n\r\nhello\n"));
	stop();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_get),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_pipelining),
		cmocka_unit_test(test_parked),
		cmocka_unit_test(test_deadlines),
		cmocka_unit_test(test_readers),
		cmocka_unit_test(test_crowd),
		cmocka_unit_test(test_long_requests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
