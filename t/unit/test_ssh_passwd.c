/* SPDX-License-Identifier: ISC */
#include "ssh_passwd.h"

#include "test.h"

/* "secret" by openssl passwd -6 and -5 */
#define SHA512 "$6$salt$egUxKNxDs8kPfh8iPMNcosMhb2eWah6d3R44JDm5Rj/j/XWR5E33QPd0YmHXoDHOIDR6kL5D3JcQcz0O8FHE00"
#define SHA256 "$5$salt$kpa26zwgX83BPSR8d7w93OIXbFt/d3UOTZaAu5vsTM6"

static struct ssh_passwd *
parse(const char *text)
{
	struct vrp_err err = {0};
	struct ssh_passwd *p = ssh_passwd_parse(text, strlen(text), &err);

	assert_case(p != NULL, "%zu:%zu: %s", err.line, err.column, err.msg);
	return p;
}

static void
test_check(void **state)
{
	struct ssh_passwd *p = parse("# routers\n\nr1:" SHA512 "\r\nr2:" SHA256);
	char huge[2 * SSH_PASSWORD_MAX];

	(void)state;
	memset(huge, 'x', sizeof(huge));
	huge[sizeof(huge) - 1] = '\0';
	assert_int_equal(ssh_passwd_count(p), 2);
	assert_true(ssh_passwd_check(p, "r1", "secret"));
	assert_true(ssh_passwd_check(p, "r2", "secret"));
	assert_false(ssh_passwd_check(p, "r1", "Secret"));
	assert_false(ssh_passwd_check(p, "r1", ""));
	assert_false(ssh_passwd_check(p, "r1", huge));
	assert_false(ssh_passwd_check(p, "r3", "secret"));
	assert_false(ssh_passwd_check(p, "", "secret"));
	ssh_passwd_free(p);
}

static void
test_bad(void **state)
{
	static const struct {
		const char *text;
		size_t line, column;
		const char *reason;
	} cases[] = {
		{"", 0, 0, "no user"},
		{"# nobody\n", 0, 0, "no user"},
		{"r1\n", 1, 1, "no colon"},
		{":" SHA512, 1, 1, "empty"},
		{"r1:secret\n", 1, 4, "not a hash"},
		{"r1:$apr1$salt$0123456789012345678901\n", 1, 4, "not a hash"},
		{"r1:$1$salt$0123456789012345678901\n", 1, 4, "not a hash"},
		{"r1:" SHA512 ":19000:0:99999\n", 1, 4, "not a hash"},
		{"r1:" SHA512 "\nr1:" SHA256 "\n", 2, 1, "given twice"},
		{"a b:" SHA512 "\n", 1, 2, "blank"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct vrp_err err = {0};

		assert_null(ssh_passwd_parse(cases[i].text, strlen(cases[i].text), &err));
		assert_case(err.line == cases[i].line && err.column == cases[i].column && strstr(err.msg, cases[i].reason),
			    "%s: %zu:%zu: %s", cases[i].text, err.line, err.column, err.msg);
		assert_case(!strchr(err.msg, '$'), "a hash is quoted: %s", err.msg);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_check), cmocka_unit_test(test_bad)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
