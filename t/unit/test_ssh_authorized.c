/* SPDX-License-Identifier: ISC */
#include <arpa/inet.h>

#include "buf.h"
#include "enc.h"
#include "ssh_authorized.h"

#include "test.h"

#define ED "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
#define NOW 1700000000	/* 2023-11-14T22:13:20Z */

static const unsigned char ed[51] = "\0\0\0\013ssh-ed25519\0\0\0\040\0\1\2\3\4\5\6\7\10\11\12\13\14\15\16\17"
				    "\20\21\22\23\24\25\26\27\30\31\32\33\34\35\36\37";

static const char *
ask(const char *file, const char *user, const char *address)
{
	struct sockaddr_in from4 = {.sin_family = AF_INET};
	struct sockaddr_in6 from6 = {.sin6_family = AF_INET6};
	bool six = inet_pton(AF_INET, address, &from4.sin_addr) != 1;
	struct vrp_err err = {0};
	struct ssh_authorized *a = ssh_authorized_parse(file, strlen(file), &err);
	const char *reason, *comment;

	if (six)
		assert_int_equal(inet_pton(AF_INET6, address, &from6.sin6_addr), 1);
	assert_case(a != NULL, "%s: %zu:%zu: %s", file, err.line, err.column, err.msg);
	reason = ssh_authorized_refusal(a, ed, sizeof(ed), user,
					six ? (struct sockaddr *)&from6 : (struct sockaddr *)&from4, NOW, &comment);
	ssh_authorized_free(a);
	return reason;
}

static void
test_who(void **state)
{
	static const struct {
		const char *options, *user, *address;
		bool in;
	} cases[] = {
		{"", "anyone", "192.0.2.1", true},
		{"restrict,no-pty ", "anyone", "192.0.2.1", true},
		{"from=\"192.0.2.0/24\" ", "r", "192.0.2.255", true},
		{"from=\"192.0.2.0/24\" ", "r", "192.0.3.0", false},
		{"from=\"192.0.2.0/24\" ", "r", "::ffff:192.0.2.1", true},
		{"from=\"192.0.2.0/24\" ", "r", "2001:db8::1", false},
		{"from=\"192.0.2.0/24,!192.0.2.9\" ", "r", "192.0.2.9", false},
		{"from=\"!192.0.2.9,192.0.2.0/24\" ", "r", "192.0.2.9", false},
		{"from=\"!192.0.2.9,192.0.2.0/24\" ", "r", "192.0.2.8", true},
		{"from=\"!192.0.2.9\" ", "r", "192.0.2.8", false},
		{"FROM=\"2001:db8::/32,10.0.0.1\" ", "r", "2001:db8:1::1", true},
		{"from=\"2001:db8::/32,10.0.0.1\" ", "r", "10.0.0.1", true},
		{"from=\"2001:db8::1\" ", "r", "2001:db8::2", false},
		{"principals=\"r1,r2\" ", "r2", "192.0.2.1", true},
		{"principals=\"r1,r2\" ", "r", "192.0.2.1", false},
		{"principals=\"r1,r2\" ", "r1,r2", "192.0.2.1", false},
		{"expiry-time=\"20231114221321Z\" ", "r", "192.0.2.1", true},
		{"expiry-time=\"20231114221320Z\" ", "r", "192.0.2.1", false},
		{"expiry-time=\"202311142213Z\" ", "r", "192.0.2.1", false},
		{"expiry-time=\"20231115Z\" ", "r", "192.0.2.1", true},
		{"expiry-time=\"20991231\",expiry-time=\"20200101\" ", "r", "192.0.2.1", false},
		{"from=\"192.0.2.1\",principals=\"r\",restrict\t", "r", "192.0.2.1", true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char file[512];
		const char *reason;

		snprintf(file, sizeof(file), "# a comment\n\n \t%s" ED " edge  router\r\n", cases[i].options);
		reason = ask(file, cases[i].user, cases[i].address);
		assert_case(!reason == cases[i].in, "%s for %s from %s: %s", cases[i].options, cases[i].user,
			    cases[i].address, reason ? reason : "in");
	}
}

/* Of several lines with one key any will do. */
static void
test_lines(void **state)
{
	(void)state;
	assert_string_equal(ask("", "r", "192.0.2.1"), "unknown key");
	assert_null(ask("from=\"192.0.2.1\" " ED "\nfrom=\"192.0.2.2\" " ED, "r", "192.0.2.2"));
	assert_string_equal(ask("from=\"192.0.2.1\" " ED "\nprincipals=\"x\" " ED, "r", "192.0.2.2"),
			    "key is for other users");
}

static void
test_bad(void **state)
{
	static const struct {
		const char *file;
		size_t column;
		const char *reason;
	} cases[] = {
		{"command=\"/bin/sh\" " ED, 1, "an option that is not known here"},
		{"cert-authority " ED, 1, "neither a key type nor an option"},
		{"environment=\"A=B\" " ED, 1, "an option that is not known"},
		{"no-touch-required " ED, 1, "neither a key type nor"},
		{"from=\"*.example.net\" " ED, 7, "no names or wildcards"},
		{"from=\"192.0.2.*\" " ED, 7, "no names or wildcards"},
		{"from=\"192.0.2.1,\" " ED, 17, "no address"},
		{"from=\"192.0.2.1/24\" " ED, 7, "bits behind its length"},
		{"from=\"192.0.2.0/33\" " ED, 7, "no names or wildcards"},
		{"from=192.0.2.1 " ED, 6, "has to be quoted"},
		{"from=\"192.0.2.1 " ED, 6, "quotes are not closed"},
		{"from=\"192.0.2.1\"x " ED, 17, "a comma or a blank"},
		{"from=\"192.0.2.1\",from=\"192.0.2.2\" " ED, 24, "given twice"},
		{"principals=\"\" " ED, 13, "user names only"},
		{"principals=\"r*\" " ED, 13, "user names only"},
		{"principals=\"a\\\"b\" " ED, 13, "backslash"},
		{"expiry-time=\"2023\" " ED, 14, "is not YYYYMMDD"},
		{"expiry-time=\"20230230\" " ED, 14, "no time"},
		{"expiry-time=\"202302282460\" " ED, 14, "no time"},
		{"restrict, " ED, 10, "empty option"},
		{"restrict", 9, "no key behind"},
		{"ssh-dss AAAA", 1, "neither a key type nor"},
		{"sk-ssh-ed25519@openssh.com AAAA", 1, "neither a key type nor"},
		{"restrict ssh-dss AAAA", 10, "a key type that is not known"},
		{"ssh-ed25519", 12, "no base64"},
		{"ssh-ed25519 AAA", 13, "no base64"},
		{"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5", 13, "cut short"},
		{"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgME", 13, "cut short"},
		{"ecdsa-sha2-nistp256 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f", 21, "not of the type"},
		{"ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAABAABAgM=", 9, "2048 to 16384 bits"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct vrp_err err = {0};
		char file[512];

		snprintf(file, sizeof(file), "%s\n%s\n", ED, cases[i].file);
		assert_null(ssh_authorized_parse(file, strlen(file), &err));
		assert_case(err.line == 2 && err.column == cases[i].column && strstr(err.msg, cases[i].reason),
			    "%s: %zu:%zu: %s", cases[i].file, err.line, err.column, err.msg);
	}
}

/* Cut at any byte it is an error or a shorter list, and nothing is read behind the end. */
static void
test_cut(void **state)
{
	static const char file[] = "from=\"192.0.2.1\",principals=\"r\" " ED " x\n" ED;

	(void)state;
	for (size_t len = 0; len < sizeof(file); len++) {
		char *copy = malloc(len ? len : 1);
		struct vrp_err err = {0};

		memcpy(copy, file, len);
		ssh_authorized_free(ssh_authorized_parse(copy, len, &err));
		free(copy);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_who),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
