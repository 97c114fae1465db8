/* SPDX-License-Identifier: ISC */
#include "test.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "transport.h"

static void
test_endpoints(void **state)
{
	static const struct {
		const char *text;
		const char *host;	/* NULL: an error */
		unsigned port;
	} cases[] = {
		{"cache.example", "cache.example", 323},
		{"cache.example:8282", "cache.example", 8282},
		{"tcp://cache.example:1", "cache.example", 1},
		{"192.0.2.1:65535", "192.0.2.1", 65535},
		{"[2001:db8::1]", "2001:db8::1", 323},
		{"[2001:db8::1]:8282", "2001:db8::1", 8282},
		{"tcp://[::1]:8282", "::1", 8282},
		{"2001:db8::1", "2001:db8::1", 323},
		{"::1", "::1", 323},
		{"::1:8282", "::1:8282", 323},
		{"", NULL, 0},
		{":8282", NULL, 0},
		{"tcp://", NULL, 0},
		{"[]", NULL, 0},
		{"[]:1", NULL, 0},
		{"host:", NULL, 0},
		{"host:0", NULL, 0},
		{"host:65536", NULL, 0},
		{"host:http", NULL, 0},
		{"host:+1", NULL, 0},
		{"[::1", NULL, 0},
		{"[::1]1", NULL, 0},
		{"[::1]:", NULL, 0},
		{"gopher://host", NULL, 0},
		{"://host", NULL, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct vrp_err err = {0};
		struct endpoint ep;
		int rc = endpoint_parse(cases[i].text, &transports_tcp, &ep, &err);

		assert_case((rc == 0) == (cases[i].host != NULL), "%s", cases[i].text);
		if (rc == 0)
			assert_case(strcmp(ep.host, cases[i].host) == 0 && ep.port == cases[i].port, "%s", cases[i].text);
		else
			assert_case(strstr(err.msg, cases[i].text), "%s not named in: %s", cases[i].text, err.msg);
	}
}

static void
test_longest_host(void **state)
{
	char text[ENDPOINT_HOST_MAX + 2];
	struct endpoint ep;

	(void)state;
	memset(text, 'x', sizeof(text));
	text[ENDPOINT_HOST_MAX] = '\0';
	assert_int_equal(endpoint_parse(text, &transports_tcp, &ep, NULL), 0);
	assert_int_equal(strlen(ep.host), ENDPOINT_HOST_MAX);
	text[ENDPOINT_HOST_MAX] = 'x';
	text[ENDPOINT_HOST_MAX + 1] = '\0';
	assert_int_equal(endpoint_parse(text, &transports_tcp, &ep, NULL), -1);
}

/* A socket that listens on a free port of 127.0.0.1. */
static int
listener(struct endpoint *ep)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(sin);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	char text[32];

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&sin, len), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&sin, &len), 0);
	snprintf(text, sizeof(text), "127.0.0.1:%u", ntohs(sin.sin_port));
	assert_int_equal(endpoint_parse(text, &transports_tcp, ep, NULL), 0);
	return fd;
}

static void
test_both_ways(void **state)
{
	struct vrp_err err = {0};
	struct endpoint ep;
	char data[16];
	int fd = listener(&ep), peer;
	struct transport *t = transport_connect(&ep, transport_now() + 5000, &err);

	(void)state;
	assert_non_null(t);
	peer = accept(fd, NULL, NULL);
	assert_true(peer >= 0);
	assert_int_equal(transport_read(t, data, sizeof(data), &err), TRANSPORT_WANT_READ);
	assert_int_equal(transport_wait(t, TRANSPORT_WANT_READ, transport_now() + 10, &err), 0);
	assert_int_equal(transport_write_all(t, "query", 5, transport_now() + 5000, &err), 0);
	assert_int_equal(read(peer, data, sizeof(data)), 5);
	assert_int_equal(write(peer, "answer", 6), 6);
	assert_int_equal(transport_wait(t, TRANSPORT_WANT_READ, transport_now() + 5000, &err), 1);
	assert_int_equal(transport_read(t, data, sizeof(data), &err), 6);
	assert_memory_equal(data, "answer", 6);
	close(peer);
	assert_int_equal(transport_wait(t, TRANSPORT_WANT_READ, transport_now() + 5000, &err), 1);
	assert_int_equal(transport_read(t, data, sizeof(data), &err), 0);
	transport_close(t);
	close(fd);
}

/* A peer that doesn't read stops a writer at its deadline, not for ever. */
static void
test_write_deadline(void **state)
{
	static const char block[1 << 20];
	struct vrp_err err = {0};
	struct endpoint ep;
	int fd = listener(&ep);
	struct transport *t = transport_connect(&ep, transport_now() + 5000, &err);
	int64_t start = transport_now();
	int rc = 0;

	(void)state;
	assert_non_null(t);
	for (int i = 0; i < 64 && rc == 0; i++)
		rc = transport_write_all(t, block, sizeof(block), start + 200, &err);
	assert_int_equal(rc, -1);
	assert_non_null(strstr(err.msg, "timed out while sending"));
	assert_true(transport_now() - start < 5000);
	transport_close(t);
	close(fd);
}

static void
test_refused(void **state)
{
	struct vrp_err err = {0};
	struct endpoint ep;

	(void)state;
	close(listener(&ep));
	assert_null(transport_connect(&ep, transport_now() + 5000, &err));
	assert_non_null(strstr(err.msg, "connect to 127.0.0.1 (127.0.0.1 port "));
	assert_non_null(strstr(err.msg, "refused"));
}

/* A full backlog never answers: the deadline does. */
static void
test_connect_deadline(void **state)
{
	struct vrp_err err = {0};
	struct endpoint ep;
	int fd = listener(&ep);
	struct transport *t[8] = {0};
	int64_t start = transport_now();
	size_t n = 0;

	(void)state;
	while (n < ARRAY_LEN(t) && (t[n] = transport_connect(&ep, transport_now() + 200, &err)))
		n++;
	assert_true(n >= 1 && n < ARRAY_LEN(t));
	assert_non_null(strstr(err.msg, "timed out"));
	assert_true(transport_now() - start < 5000);
	for (size_t i = 0; i < n; i++)
		transport_close(t[i]);
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_endpoints),	cmocka_unit_test(test_longest_host),
		cmocka_unit_test(test_both_ways),	cmocka_unit_test(test_write_deadline),
		cmocka_unit_test(test_refused),		cmocka_unit_test(test_connect_deadline),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
