/* SPDX-License-Identifier: ISC */
/* The HTTP server, over sockets of the loopback interface: what comes back for which bytes. */
#include "test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "httpd.h"
#include "stamp.h"

#define PIECE_MAX ((size_t)1 << 20)

/* ---- the server */

static struct {
	struct httpd *h;
	uint16_t port;
	struct httpd_request *parked;
	int woken, gone;
	char text[64];
} server;

static void
on_log(void *ctx, enum log_level level, const char *line)
{
	const char *colon = strrchr(line, ':');

	(void)ctx;
	(void)level;
	if (strncmp(line, "http on ", 8) == 0 && colon)
		server.port = (uint16_t)strtoul(colon + 1, NULL, 10);
}

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
	if (why == HTTPD_GONE) {
		__atomic_add_fetch(&server.gone, 1, __ATOMIC_SEQ_CST);
		server.parked = NULL;
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

static const struct httpd_route routes[] = {
	{"/hello", false, hello, true}, {"/echo", true, echo, false}, {"/tagged", false, tagged, false},
	{"/park", false, park, false}, {"/silent", false, silent, false},
};

static void
start_with(const struct httpd_config *config)
{
	struct log log = {on_log, NULL, LOG_LEVEL_NOTICE};
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

/* ---- clients */

static int
dial(void)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(server.port)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
	return fd;
}

static void
say(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* All that comes until the server closes. */
static char *
hear_all(int fd)
{
	static char text[PIECE_MAX];
	size_t len = 0;
	ssize_t n;

	while ((n = recv(fd, text + len, sizeof(text) - 1 - len, 0)) > 0)
		len += (size_t)n;
	text[len] = '\0';
	close(fd);
	return text;
}

static char *
ask(const char *request)
{
	int fd = dial();

	say(fd, request);
	return hear_all(fd);
}

static size_t
count(const char *text, const char *what)
{
	size_t n = 0;

	for (; (text = strstr(text, what)); text++)
		n++;
	return n;
}

#define END "Connection: close\r\n\r\n"

static void
test_get(void **state)
{
	char *got;

	(void)state;
	start_with(&(struct httpd_config){0});
	got = ask("GET /hello HTTP/1.1\r\nHost: x\r\n" END);
	assert_int_equal(strncmp(got, "HTTP/1.1 200 OK\r\n", 17), 0);
	assert_non_null(strstr(got, "\r\nContent-Length: 6\r\n"));
	assert_non_null(strstr(got, "\r\nContent-Type: text/plain\r\n"));
	assert_non_null(strstr(got, "\r\nX-Content-Type-Options: nosniff\r\n"));
	assert_non_null(strstr(got, "\r\nAccess-Control-Allow-Origin: *\r\n"));
	assert_non_null(strstr(got, "\r\nDate: "));
	assert_non_null(strstr(got, "\r\n\r\nhello\n"));
	got = ask("HEAD /hello HTTP/1.1\r\nHost: x\r\n" END);
	assert_non_null(strstr(got, "\r\nContent-Length: 6\r\n"));
	assert_null(strstr(got, "hello\n"));
	got = ask("GET /hello HTTP/1.0\r\n\r\n");
	assert_non_null(strstr(got, "\r\n\r\nhello\n"));
	got = ask("GET http://example.net/hello HTTP/1.1\r\nHost: x\r\n" END);
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
		{"nonsense\r\n\r\n", "400"},
		{"GET /hello HTTP/7.0\r\n\r\n", "400"},
		{"GET /hello HTTP/1.1\r\nno colon\r\n\r\n", "400"},
		{"POST /hello HTTP/1.1\r\nContent-Length: 99999999\r\n" END, "413"},
		{"POST /hello HTTP/1.1\r\nContent-Length: -1\r\n" END, "400"},
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
	got = ask("GET /hello HTTP/1.1\r\n\r\nGET /tagged HTTP/1.1\r\n\r\nHEAD /hello HTTP/1.1\r\n\r\n"
		  "GET /hello HTTP/1.1\r\n" END);
	assert_int_equal(count(got, "HTTP/1.1 200 OK"), 4);
	assert_int_equal(count(got, "\r\n\r\nhello\n"), 2);
	assert_int_equal(count(got, "\r\n\r\ntagged\n"), 1);
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
	say(fd, "GET /park HTTP/1.0\r\n\r\n");
	while (!__atomic_load_n(&server.parked, __ATOMIC_SEQ_CST))
		usleep(1000);
	assert_int_equal(httpd_post(server.h, release, NULL), 0);
	assert_non_null(strstr(hear_all(fd), "\r\n\r\nreleased\n"));
	fd = dial();
	say(fd, "GET /park HTTP/1.1\r\n\r\n");
	while (!__atomic_load_n(&server.parked, __ATOMIC_SEQ_CST))
		usleep(1000);
	close(fd);
	wait_for(&server.gone, 1);
	fd = dial();
	say(fd, "GET /park HTTP/1.1\r\n\r\n");
	while (!__atomic_load_n(&server.parked, __ATOMIC_SEQ_CST))
		usleep(1000);
	stop();
	assert_int_equal(server.gone, 2);
	close(fd);
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
