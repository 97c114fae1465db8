/* SPDX-License-Identifier: ISC */
/* The access file: what it says, and whom the first line fits. */
#include "test.h"

#include "access.h"

static struct access *
parse(const char *text)
{
	struct vrp_err err = {0};
	struct access *a = access_parse(text, strlen(text), &err);

	assert_case(a, "%s: %s", text, err.msg);
	return a;
}

static const struct access_rule *
find(struct access *a, const char *address, enum listen_transport transport, const char *listener)
{
	struct prefix p;
	char text[64];

	if (!address)
		return access_find(a, NULL, transport, listener);
	snprintf(text, sizeof(text), "%s/%s", address, strchr(address, ':') ? "128" : "32");
	assert_true(prefix_parse(text, strlen(text), &p, NULL));
	return access_find(a, &p, transport, listener);
}

static bool
allows(struct access *a, const char *address)
{
	const struct access_rule *r = find(a, address, LISTEN_TCP, NULL);

	return r && r->allow;
}

static void
test_first_fit(void **state)
{
	struct access *a = parse("# routers\n"
				 "\n"
				 "deny\t192.0.2.7\r\n"
				 "allow 192.0.2.0/24 # all but that one\n"
				 "allow 2001:db8::/32\n"
				 "allow local");
	(void)state;

	assert_int_equal(access_count(a), 4);
	assert_false(allows(a, "192.0.2.7"));
	assert_true(allows(a, "192.0.2.8"));
	assert_false(allows(a, "192.0.3.8"));
	assert_true(allows(a, "2001:db8:1::1"));
	assert_false(allows(a, "2001:db9::1"));
	assert_true(find(a, NULL, LISTEN_UNIX, NULL)->allow);
	access_free(a);
}

static void
test_any(void **state)
{
	struct access *a = parse("deny any transport=tcp,ssh\nallow any");
	(void)state;

	assert_false(allows(a, "192.0.2.7"));
	assert_false(allows(a, "::1"));
	assert_true(find(a, "192.0.2.7", LISTEN_TLS, NULL)->allow);
	assert_true(find(a, NULL, LISTEN_UNIX, NULL)->allow);
	access_free(a);
}

/* IPv4 and IPv6 are never mixed up, though both are bytes. */
static void
test_families(void **state)
{
	struct access *a = parse("allow 0.0.0.0/0");
	(void)state;

	assert_true(allows(a, "192.0.2.7"));
	assert_false(allows(a, "c000:207::"));
	assert_null(find(a, NULL, LISTEN_UNIX, NULL));
	access_free(a);
}

static void
test_terms(void **state)
{
	struct access *a = parse("allow 192.0.2.0/24 listener=lab max-version=0 max-clients=3 name=lab-1\nallow any\n");
	const struct access_rule *r = find(a, "192.0.2.1", LISTEN_TCP, "lab");
	(void)state;

	assert_int_equal(r->max_version, 0);
	assert_int_equal(r->max_clients, 3);
	assert_string_equal(r->name, "lab-1");
	assert_int_equal(access_at(a, 0)->line, 1);
	assert_int_equal(access_at(a, 1)->line, 2);
	r = find(a, "192.0.2.1", LISTEN_TCP, "other");
	assert_int_equal(r->max_version, 2);
	assert_int_equal(r->max_clients, 0);
	assert_string_equal(find(a, "192.0.2.1", LISTEN_TCP, NULL)->name, "");
	access_free(a);
}

/* No rules let nobody in: a file that lost its contents opens no door. */
static void
test_empty(void **state)
{
	struct access *a = parse("# nothing\n");
	(void)state;

	assert_false(allows(a, "192.0.2.7"));
	access_free(a);
}

static void
test_bad(void **state)
{
	static const struct {
		const char *text;
		size_t line, column;
		const char *says;
	} cases[] = {
		{"permit any", 1, 1, "'permit': not allow or deny"},
		{"\nallow", 2, 6, "no network"},
		{"allow # any", 1, 7, "no network"},
		{"allow 192.0.2.0/33", 1, 7, "192.0.2.0/33"},
		{"allow 192.0.2.1/24", 1, 7, "bits are set"},
		{"allow everybody-and-everyone-else-who-would-like-to-come-in", 1, 7, "not a network"},
		{"allow any now", 1, 11, "not KEY=VALUE"},
		{"allow any colour=red", 1, 11, "unknown key"},
		{"allow any transport=udp", 1, 11, "not tcp, tls"},
		{"allow any transport=tcp,", 1, 11, "not tcp, tls"},
		{"allow any max-version=3", 1, 11, "out of range"},
		{"allow any max-clients=0", 1, 11, "out of range"},
		{"allow any name=", 1, 11, "1 to 64"},
		{"deny any max-version=1", 1, 10, "only for allow"},
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct vrp_err err = {0};

		assert_case(!access_parse(cases[i].text, strlen(cases[i].text), &err), "%s", cases[i].text);
		assert_case(err.line == cases[i].line && err.column == cases[i].column, "%s: %zu:%zu", cases[i].text, err.line,
			    err.column);
		assert_case(strstr(err.msg, cases[i].says), "%s: %s", cases[i].text, err.msg);
	}
}

static void
test_bad_files(void **state)
{
	struct vrp_err err = {0};
	(void)state;

	assert_null(access_read("/nonexistent", &err));
	assert_string_equal(err.msg, "No such file or directory");
	assert_null(access_read("/dev/null", &err));
	assert_string_equal(err.msg, "not a regular file");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first_fit), cmocka_unit_test(test_any),	  cmocka_unit_test(test_families),
		cmocka_unit_test(test_terms),	  cmocka_unit_test(test_empty),	  cmocka_unit_test(test_bad),
		cmocka_unit_test(test_bad_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
