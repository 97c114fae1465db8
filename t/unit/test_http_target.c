/* SPDX-License-Identifier: ISC */
/* Request targets and the values of header fields. */
#include "test.h"

#include "http_header.h"
#include "http_target.h"

/* "path|name=value|..." of a target, or "! reason". */
static const char *
read_target(const char *text, size_t len)
{
	static char line[2 * HTTP_TARGET_MAX];
	struct http_target t;
	struct vrp_err err = {0};
	size_t at;

	if (http_target_parse(&t, text, len, &err) < 0) {
		snprintf(line, sizeof(line), "! %s", err.msg);
		return line;
	}
	at = (size_t)snprintf(line, sizeof(line), "%s", t.path);
	for (size_t i = 0; i < t.field_count; i++)
		at += (size_t)snprintf(line + at, sizeof(line) - at, "|%s=%s", t.fields[i].name, t.fields[i].value);
	return line;
}

static void
test_targets(void **state)
{
	static const char *const cases[][2] = {
		{"/", "/"},
		{"/rpki.json", "/rpki.json"},
		{"/a%2fb%20c+d", "/a/b c+d"},
		{"/%C3%A4", "/\xc3\xa4"},
		{"//", "//"},
		{"/../x", "/../x"},
		{"/?", "/"},
		{"/?&&", "/"},
		{"/v?asn=64496&prefix=192.0.2.0%2F24", "/v|asn=64496|prefix=192.0.2.0/24"},
		{"/v?a+b=c+d%2B", "/v|a b=c d+"},
		{"/v?a", "/v|a="},
		{"/v?a=", "/v|a="},
		{"/v?=b", "/v|=b"},
		{"/v?a=b=c", "/v|a=b=c"},
		{"/v?a&b=1&", "/v|a=|b=1"},
		{"/v?a=1&a=2", "/v|a=1|a=2"},
		{"/v?a=?/:@", "/v|a=?/:@"},
		{"/a%3fb%26%3d?%26=%3d", "/a?b&=|&=="},
		{"http://host", "/"},
		{"HTTP://host:80/x?y=1", "/x|y=1"},
		{"http://host?x", "/"},
		{"", "! a path begins with a slash"},
		{"*", "! a path begins with a slash"},
		{"x/y", "! a path begins with a slash"},
		{"ftp://host/", "! a path begins with a slash"},
		{"/a b", "! a character that has to be escaped"},
		{"/a#b", "! a character that has to be escaped"},
		{"/a\tb", "! a character that has to be escaped"},
		{"/?a=\x7f", "! a character that has to be escaped"},
		{"/%", "! a bad escape"},
		{"/%2", "! a bad escape"},
		{"/%2g", "! a bad escape"},
		{"/%g2", "! a bad escape"},
		{"/?%", "! a bad escape"},
		{"/?a=%4", "! a bad escape"},
		{"/%00", "! an escaped NUL"},
		{"/?a=%00", "! an escaped NUL"},
		{"/?a&b&c&d&e&f&g&h&i&j&k&l&m&n&o&p&q", "! more than 16 fields"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_case(strcmp(read_target(cases[i][0], strlen(cases[i][0])), cases[i][1]) == 0, "%s: %s", cases[i][0],
			    read_target(cases[i][0], strlen(cases[i][0])));
	assert_string_equal(read_target("/a\0b", 4), "! a NUL");
	assert_string_equal(read_target("/?a&b&c&d&e&f&g&h&i&j&k&l&m&n&o&p", 33), "/|a=|b=|c=|d=|e=|f=|g=|h=|i=|j=|k=|l=|m=|n=|o=|p=");
}

static void
test_long_targets(void **state)
{
	static char text[HTTP_TARGET_MAX + 2];
	struct http_target t;
	struct vrp_err err;

	(void)state;
	memset(text, 'x', sizeof(text));
	text[0] = '/';
	assert_int_equal(http_target_parse(&t, text, HTTP_TARGET_MAX, &err), 0);
	assert_int_equal(strlen(t.path), HTTP_TARGET_MAX);
	assert_int_equal(http_target_parse(&t, text, HTTP_TARGET_MAX + 1, &err), -1);
	assert_string_equal(err.msg, "longer than 2048 bytes");
	text[1] = '?';
	assert_int_equal(http_target_parse(&t, text, HTTP_TARGET_MAX, &err), 0);
	assert_int_equal(strlen(t.fields[0].name), HTTP_TARGET_MAX - 2);
	assert_string_equal(t.fields[0].value, "");
	text[HTTP_TARGET_MAX - 1] = '=';
	assert_int_equal(http_target_parse(&t, text, HTTP_TARGET_MAX, &err), 0);
	assert_string_equal(t.fields[0].value, "");
}

static void
test_fields_and_paths(void **state)
{
	static const char text[] = "/validity/AS64496/192.0.2.0/24?a=1&b&a=2";
	struct http_target t;
	const char *rest;

	(void)state;
	assert_int_equal(http_target_parse(&t, text, strlen(text), NULL), 0);
	assert_string_equal(http_target_field(&t, "a"), "1");
	assert_string_equal(http_target_field(&t, "b"), "");
	assert_null(http_target_field(&t, "c"));
	assert_true(http_target_is(&t, "/validity", true, &rest));
	assert_string_equal(rest, "AS64496/192.0.2.0/24");
	assert_true(http_target_is(&t, "/validity/", true, &rest));
	assert_string_equal(rest, "AS64496/192.0.2.0/24");
	assert_true(http_target_is(&t, "/", true, &rest));
	assert_string_equal(rest, "validity/AS64496/192.0.2.0/24");
	assert_false(http_target_is(&t, "/validity", false, NULL));
	assert_false(http_target_is(&t, "/valid", true, NULL));
	assert_true(http_target_is(&t, "/validity/AS64496/192.0.2.0/24", false, &rest));
	assert_string_equal(rest, "");
}

static void
test_accept_type(void **state)
{
	static const struct {
		const char *accept;
		unsigned html, json;
	} cases[] = {
		{NULL, 1000, 1000},
		{"", 1000, 1000},
		{"text/html", 1000, 0},
		{"TEXT/HTML;level=1", 1000, 0},
		{"text/*;q=0.5, application/json", 500, 1000},
		{"*/*;q=0.001", 1, 1},
		{"*/*, text/html;q=0", 0, 1000},
		{"text/html;q=0.8,*/*;q=0.9,text/*;q=0.1", 800, 900},
		{"text/html ; q=0.25 , application/json;q=0.255", 250, 255},
		{"text/html;q=1.000", 1000, 0},
		{"text/html;q=1.001", 0, 0},
		{"text/html;q=2", 0, 0},
		{"text/html;q=.5", 0, 0},
		{"text/html;q=0.5555", 0, 0},
		{"text/html;q=", 0, 0},
		{"text/html;q=x", 0, 0},
		{"application/*", 0, 1000},
		{"text", 0, 0},
		{"*", 0, 0},
		{",,;;,text/html,", 1000, 0},
	};
	static const char *const types[] = {"text/html", "application/json"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		unsigned html = http_accept_type(cases[i].accept, "text/html"),
			 json = http_accept_type(cases[i].accept, "application/json");

		assert_case(html == cases[i].html && json == cases[i].json, "%s: %u %u", cases[i].accept, html, json);
		assert_case(http_accept_choose(cases[i].accept, types, 2) == (html || json ? json > html : 2), "%s",
			    cases[i].accept);
	}
}

static void
test_accept_encoding(void **state)
{
	static const struct {
		const char *accept;
		unsigned gzip, identity;
	} cases[] = {
		{NULL, 0, 1000},
		{"", 0, 1000},
		{"gzip", 1000, 1000},
		{"gzip, deflate, br", 1000, 1000},
		{"x-gzip;q=0.5", 500, 1000},
		{"gzip;q=0", 0, 1000},
		{"*", 1000, 1000},
		{"*;q=0", 0, 0},
		{"*;q=0, gzip", 1000, 0},
		{"gzip;q=0.5, identity;q=0", 500, 0},
		{"br", 0, 1000},
		{"gzipped", 0, 1000},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_case(http_accept_encoding(cases[i].accept, "gzip") == cases[i].gzip &&
				    http_accept_encoding(cases[i].accept, "identity") == cases[i].identity,
			    "%s", cases[i].accept);
}

static void
test_etags(void **state)
{
	(void)state;
	assert_true(http_etag_listed("\"a\"", "\"a\""));
	assert_true(http_etag_listed("W/\"a\"", "\"a\""));
	assert_true(http_etag_listed("\"x\", W/\"y\" ,\"a\"", "\"a\""));
	assert_true(http_etag_listed("\"x,\\\", \"a\"", "\"a\""));
	assert_true(http_etag_listed("*", "\"a\""));
	assert_true(http_etag_listed(" , \"a\"", "\"a\""));
	assert_false(http_etag_listed(NULL, "\"a\""));
	assert_false(http_etag_listed("", "\"a\""));
	assert_false(http_etag_listed("\"b\"", "\"a\""));
	assert_false(http_etag_listed("a", "\"a\""));
	assert_false(http_etag_listed("\"a", "\"a\""));
	assert_false(http_etag_listed("w/\"a\"", "\"a\""));
	assert_false(http_etag_listed("\"x\" nonsense \"a\"", "\"a\""));
}

static void
test_dates(void **state)
{
	static const char *const bad[] = {
		"", "Sun, 06 Nov 1994 08:49:37 GM", "Mon, 06 Nov 1994 08:49:37 GMT", "Sun, 31 Feb 1994 08:49:37 GMT",
		"Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "Sun, 06 Nov 1994 25:49:37 GMT",
		"Sun, 06 nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 UTC", "Wed, 31 Dec 1969 23:59:59 GMT",
	};
	char text[HTTP_DATE_MAX];
	struct rng rng = {1};
	int64_t t = 0;

	(void)state;
	assert_true(http_date_parse("Sun, 06 Nov 1994 08:49:37 GMT", &t));
	assert_int_equal(t, 784111777);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_case(!http_date_parse(bad[i], &t), "%s", bad[i]);
	for (int i = 0; i < 1000; i++) {
		int64_t when = (int64_t)(rng_next(&rng) % 253402300800U);

		http_date_format(when, text);
		assert_true(http_date_parse(text, &t));
		assert_int_equal(t, when);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_targets),
		cmocka_unit_test(test_long_targets),
		cmocka_unit_test(test_fields_and_paths),
		cmocka_unit_test(test_accept_type),
		cmocka_unit_test(test_accept_encoding),
		cmocka_unit_test(test_etags),
		cmocka_unit_test(test_dates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
