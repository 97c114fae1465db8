/* SPDX-License-Identifier: ISC */
/* Keys of TCP connections: the file, and what the kernel makes of them. */
#include "test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tcp_keys.h"

static struct tcp_keys *
parse(const char *text)
{
	struct vrp_err err = {0};
	struct tcp_keys *k = tcp_keys_parse(text, strlen(text), &err);

	assert_case(k, "%s: %s", text, err.msg);
	return k;
}

static void
test_good(void **state)
{
	struct tcp_keys *k = parse("# keys\n\n192.0.2.0/24 md5 correct-horse\n2001:db8::7\tmd5 hex:00fF\r\n"
				   "198.51.100.1 ao 7 hmac-sha1 abc\n198.51.100.1 ao 8:9 aes-128-cmac hex:00 # rolls over\n");
	(void)state;

	assert_int_equal(tcp_keys_count(k), 4);
	tcp_keys_free(k);
	k = parse("");
	assert_int_equal(tcp_keys_count(k), 0);
	tcp_keys_free(k);
}

/* RFC 8210bis section 9.3: printable keys of 80 characters, and binary ones. */
static void
test_longest(void **state)
{
	char text[400];
	(void)state;

	snprintf(text, sizeof(text), "192.0.2.1 md5 %080d", 0);
	tcp_keys_free(parse(text));
	snprintf(text, sizeof(text), "192.0.2.1 md5 hex:%0160d", 0);
	tcp_keys_free(parse(text));
}

static void
test_bad(void **state)
{
	static const struct {
		const char *text;
		size_t line, column;
		const char *says;
	} cases[] = {
		{"192.0.2.1", 1, 10, "no kind"},
		{"192.0.2.300 md5 secret", 1, 1, ""},
		{"192.0.2.1/24 md5 secret", 1, 1, "bits are set"},
		{"\n192.0.2.1 sha secret", 2, 11, "not md5 or ao"},
		{"192.0.2.1 md5", 1, 14, "no key"},
		{"192.0.2.1 md5 secret phrase", 1, 22, "more than a key"},
		{"192.0.2.1 md5 hex:abc", 1, 15, "half a byte"},
		{"192.0.2.1 md5 hex:", 1, 15, "1 to 80"},
		{"192.0.2.1 md5 hex:secr", 1, 15, "not hexadecimal"},
		{"192.0.2.1 md5 secr\303\251t", 1, 15, "printable"},
		{"192.0.2.1 ao", 1, 13, "no ID"},
		{"192.0.2.1 ao 256 hmac-sha1 secret", 1, 14, "0 to 255"},
		{"192.0.2.1 ao 1: hmac-sha1 secret", 1, 14, "0 to 255"},
		{"192.0.2.1 ao 1", 1, 15, "no algorithm"},
		{"192.0.2.1 ao 1 md5 secret", 1, 16, "not hmac-sha1"},
		{"192.0.2.1 md5 a\n192.0.2.1/32 md5 secret", 2, 0, "a key already"},
		{"192.0.2.1 md5 a\n192.0.2.1 ao 1 hmac-sha1 secret", 2, 0, "a key already"},
		{"192.0.2.1 ao 1 hmac-sha1 a\n192.0.2.1 ao 1:2 hmac-sha1 secret", 2, 0, "of that ID"},
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct vrp_err err = {0};

		assert_case(!tcp_keys_parse(cases[i].text, strlen(cases[i].text), &err), "%s", cases[i].text);
		assert_case(err.line == cases[i].line && err.column == cases[i].column, "%s: %zu:%zu", cases[i].text, err.line,
			    err.column);
		assert_case(strstr(err.msg, cases[i].says), "%s: %s", cases[i].text, err.msg);
		assert_case(!strstr(err.msg, "secr"), "%s: a key is shown: %s", cases[i].text, err.msg);
	}
}

static void
test_too_many(void **state)
{
	size_t size = (TCP_KEYS_MAX + 1) * 40, len = 0;
	char *text = malloc(size);
	struct vrp_err err = {0};
	(void)state;

	for (unsigned i = 0; i <= TCP_KEYS_MAX; i++)
		len += (size_t)snprintf(text + len, size - len, "10.0.%u.%u md5 k\n", i / 256, i % 256);
	assert_null(tcp_keys_parse(text, len, &err));
	assert_string_equal(err.msg, "too many keys");
	assert_int_equal(err.line, TCP_KEYS_MAX + 1);
	free(text);
}

static void
test_file_mode(void **state)
{
	char path[] = "/tmp/test_tcp_keys.XXXXXX";
	int fd = mkstemp(path);
	struct vrp_err err = {0};
	struct tcp_keys *k;
	(void)state;

	assert_true(write(fd, "192.0.2.1 md5 a\n", 16) == 16);
	k = tcp_keys_read(path, &err);
	assert_non_null(k);
	tcp_keys_free(k);
	fchmod(fd, 0644);
	assert_null(tcp_keys_read(path, &err));
	assert_non_null(strstr(err.msg, "mode 0644"));
	close(fd);
	unlink(path);
}

/* ---- sockets */

static int
listen_at(struct sockaddr_in *sin)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	socklen_t len = sizeof(*sin);

	*sin = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	assert_int_equal(bind(fd, (struct sockaddr *)sin, sizeof(*sin)), 0);
	assert_int_equal(listen(fd, 5), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)sin, &len), 0);
	return fd;
}

/* Does a connection with these keys come about?  A segment with a wrong signature is dropped, so "no" takes a while. */
static bool
connects(const struct sockaddr_in *sin, const struct tcp_keys *keys)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), error = 0;
	socklen_t len = sizeof(error);
	struct pollfd p = {.fd = fd, .events = POLLOUT};
	bool good;

	if (keys)
		assert_int_equal(tcp_keys_prepare(keys, fd, (const struct sockaddr *)sin, NULL), 0);
	good = connect(fd, (const struct sockaddr *)sin, sizeof(*sin)) == 0 || poll(&p, 1, 300) == 1;
	good = good && getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 && error == 0;
	close(fd);
	return good;
}

static void
test_md5(void **state)
{
	struct tcp_keys *keys = parse("127.0.0.0/8 md5 one"), *other = parse("127.0.0.0/8 md5 other"), *none = parse("");
	struct sockaddr_in sin;
	int fd = listen_at(&sin);
	struct vrp_err err = {0};
	(void)state;

	if (tcp_keys_apply(keys, NULL, fd, AF_INET, &err) < 0) {
		assert_non_null(strstr(err.msg, "no TCP-MD5"));
		close(fd);
		skip();
	}
	assert_true(connects(&sin, keys));
	assert_false(connects(&sin, other));
	assert_false(connects(&sin, NULL));
	/* Another key from now on, and then none. */
	assert_int_equal(tcp_keys_apply(other, keys, fd, AF_INET, &err), 0);
	assert_false(connects(&sin, keys));
	assert_true(connects(&sin, other));
	assert_int_equal(tcp_keys_apply(none, other, fd, AF_INET, &err), 0);
	assert_true(connects(&sin, NULL));
	close(fd);
	tcp_keys_free(keys);
	tcp_keys_free(other);
	tcp_keys_free(none);
}

/* A socket for both families, as systemd makes them, holds IPv4 routers to their keys, too. */
static void
test_both_families(void **state)
{
	struct tcp_keys *keys = parse("127.0.0.0/8 md5 one\n2001:db8::/32 md5 two"), *other = parse("127.0.0.0/8 md5 other");
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int off = 0, fd = socket(AF_INET6, SOCK_STREAM, 0);
	socklen_t len = sizeof(in6);
	struct vrp_err err = {0};
	bool able = fd >= 0 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) == 0 &&
		    bind(fd, (struct sockaddr *)&in6, sizeof(in6)) == 0 && listen(fd, 5) == 0 &&
		    getsockname(fd, (struct sockaddr *)&in6, &len) == 0;
	(void)state;

	sin.sin_port = in6.sin6_port;
	if (able && tcp_keys_apply(keys, NULL, fd, AF_INET6, &err) == 0) {
		assert_true(connects(&sin, keys));
		assert_false(connects(&sin, other));
		assert_false(connects(&sin, NULL));
		assert_int_equal(tcp_keys_apply(other, keys, fd, AF_INET6, &err), 0);
		assert_true(connects(&sin, other));
		assert_int_equal(tcp_keys_apply(NULL, other, fd, AF_INET6, &err), 0);
		assert_true(connects(&sin, NULL));
	} else if (able) {
		assert_non_null(strstr(err.msg, "no TCP-MD5"));
	}
	close(fd);
	tcp_keys_free(keys);
	tcp_keys_free(other);
}

/* Where the kernel has AO it works; where it hasn't, that is what is said. */
static void
test_ao(void **state)
{
	struct tcp_keys *keys = parse("127.0.0.0/8 ao 7 hmac-sha1 one"), *other = parse("127.0.0.0/8 ao 7 hmac-sha1 other");
	struct sockaddr_in sin;
	int fd = listen_at(&sin);
	struct vrp_err err = {0};
	(void)state;

	if (tcp_keys_apply(keys, NULL, fd, AF_INET, &err) < 0) {
		assert_string_equal(err.msg, "TCP-AO key for 127.0.0.0/8: this kernel has no TCP-AO");
	} else {
		assert_true(connects(&sin, keys));
		assert_false(connects(&sin, other));
		assert_false(connects(&sin, NULL));
	}
	close(fd);
	tcp_keys_free(keys);
	tcp_keys_free(other);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),	 cmocka_unit_test(test_longest),   cmocka_unit_test(test_bad),
		cmocka_unit_test(test_too_many), cmocka_unit_test(test_file_mode), cmocka_unit_test(test_md5),
		cmocka_unit_test(test_ao),	 cmocka_unit_test(test_both_families),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
