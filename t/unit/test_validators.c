/* SPDX-License-Identifier: ISC */
#include "test.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "validators.h"

static void
note(struct validators *v, const char *line)
{
	size_t len = strlen(line);
	char *exact = malloc(len ? len : 1);	/* so that a read past the end is seen */

	assert_non_null(exact);
	memcpy(exact, line, len);
	validators_note(v, exact, len);
	free(exact);
}

static void
test_entity_tags(void **state)
{
	static const struct {
		const char *line, *etag;
	} cases[] = {
		{"ETag: \"abc\"\r\n", "\"abc\""},
		{"ETag: \"abc\"", "\"abc\""},
		{"etag:\"abc\"\n", "\"abc\""},
		{"ETAG: \t W/\"abc\" \t \r\n", "W/\"abc\""},
		{"ETag: \"\"\r\n", "\"\""},
		{"ETag: \"!#$%&'()*+,/:;<=>?@[]^_`{|}~\\\"\r\n", "\"!#$%&'()*+,/:;<=>?@[]^_`{|}~\\\""},
		/* What is no entity tag is none. */
		{"ETag: abc\r\n", ""},
		{"ETag: w/\"abc\"\r\n", ""},
		{"ETag: W/abc\r\n", ""},
		{"ETag: \"abc\r\n", ""},
		{"ETag: \"\r\n", ""},
		{"ETag: W/\"\r\n", ""},
		{"ETag: \"a\"b\"\r\n", ""},
		{"ETag: \"a\", \"b\"\r\n", ""},
		{"ETag: \"a b\"\r\n", ""},
		{"ETag: *\r\n", ""},
		{"ETag:\r\n", ""},
		{"ETag:", ""},
		/* Nothing gets into a request that would end its line. */
		{"ETag: \"a\r\nX: b\"\r\n", ""},
		{"ETag: \"a\nb\"\r\n", ""},
		{"ETag: \"a\tb\"\r\n", ""},
		{"ETag: \"a\x01\"\r\n", ""},
		{"ETag: \"a\x7f\"\r\n", ""},
		{"ETag: \"a\xe4\"\r\n", ""},
		/* Other headers. */
		{"ETag \"abc\"\r\n", ""},
		{"ETags: \"abc\"\r\n", ""},
		{"X-ETag: \"abc\"\r\n", ""},
		{" ETag: \"abc\"\r\n", ""},
		{"ETag", ""},
		{"", ""},
		{"\r\n", ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct validators v = VALIDATORS_NONE;

		note(&v, cases[i].line);
		assert_case(strcmp(v.etag, cases[i].etag) == 0, "%s: %s", cases[i].line, v.etag);
		assert_string_equal(v.modified, "");
	}
}

static void
test_nul_within(void **state)
{
	struct validators v = VALIDATORS_NONE;

	(void)state;
	validators_note(&v, "ETag: \"a\0b\"", 11);
	assert_string_equal(v.etag, "");
	validators_note(&v, "Last-Modified: M\0n", 18);
	assert_string_equal(v.modified, "");
}

static void
test_lengths(void **state)
{
	struct validators v = VALIDATORS_NONE;
	char line[600], url[VALIDATORS_URL_MAX + 2];

	(void)state;
	for (int len = VALIDATORS_ETAG_MAX - 2; len < VALIDATORS_ETAG_MAX + 2; len++) {
		snprintf(line, sizeof(line), "ETag: \"%0*d\"\r\n", len - 2, 0);
		note(&v, line);
		assert_int_equal(strlen(v.etag), len <= VALIDATORS_ETAG_MAX ? len : 0);
	}
	for (int len = VALIDATORS_DATE_MAX - 2; len < VALIDATORS_DATE_MAX + 2; len++) {
		snprintf(line, sizeof(line), "Last-Modified: %0*d\r\n", len, 0);
		note(&v, line);
		assert_int_equal(strlen(v.modified), len <= VALIDATORS_DATE_MAX ? len : 0);
	}
	memset(url, 'a', sizeof(url));
	url[VALIDATORS_URL_MAX + 1] = '\0';
	assert_false(validators_set_url(&v, url));
	assert_string_equal(v.url, "");
	url[VALIDATORS_URL_MAX] = '\0';
	assert_true(validators_set_url(&v, url));
	assert_string_equal(v.url, url);
}

static void
test_last_response_counts(void **state)
{
	struct validators v = VALIDATORS_NONE;

	(void)state;
	note(&v, "HTTP/1.1 302 Found\r\n");
	note(&v, "ETag: \"redirect\"\r\n");
	note(&v, "Last-Modified: Mon, 23 Nov 2026 00:00:00 GMT\r\n");
	note(&v, "\r\n");
	assert_string_equal(v.etag, "\"redirect\"");
	note(&v, "HTTP/2 200\r\n");
	assert_string_equal(v.etag, "");
	assert_string_equal(v.modified, "");
	note(&v, "last-modified: Tue, 24 Nov 2026 00:00:00 GMT\r\n");
	assert_string_equal(v.etag, "");
	assert_string_equal(v.modified, "Tue, 24 Nov 2026 00:00:00 GMT");
	/* Of two in one response the last; a bad one leaves none. */
	note(&v, "ETag: \"one\"\r\n");
	note(&v, "ETag: \"two\"\r\n");
	assert_string_equal(v.etag, "\"two\"");
	note(&v, "ETag: three\r\n");
	assert_string_equal(v.etag, "");
}

static void
test_files(void **state)
{
	struct validators a, b, none = VALIDATORS_NONE;
	struct timespec times[2] = {{.tv_sec = 5}, {.tv_sec = 5}};
	struct vrp_err err = {0};
	int fd = memfd_create("one", 0), other = memfd_create("two", 0), ends[2];

	(void)state;
	assert_int_equal(validators_of_file(&a, fd, &err), 0);
	assert_int_equal(validators_of_file(&b, fd, &err), 0);
	assert_true(validators_same_file(&a, &b));
	assert_false(validators_same_file(&a, &none));
	assert_false(validators_same_file(&none, &none));
	assert_int_equal(validators_of_file(&b, other, &err), 0);
	assert_false(validators_same_file(&a, &b));
	/* Its size alone, then its time alone. */
	assert_int_equal(futimens(fd, times), 0);
	assert_int_equal(validators_of_file(&a, fd, &err), 0);
	assert_int_equal(ftruncate(fd, 1), 0);
	assert_int_equal(futimens(fd, times), 0);
	assert_int_equal(validators_of_file(&b, fd, &err), 0);
	assert_false(validators_same_file(&a, &b));
	times[1].tv_nsec = 1;
	assert_int_equal(futimens(fd, times), 0);
	assert_int_equal(validators_of_file(&a, fd, &err), 0);
	assert_false(validators_same_file(&a, &b));
	close(fd);
	close(other);
	/* Nothing else can be read twice. */
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(validators_of_file(&a, ends[0], &err), -1);
	assert_string_equal(err.msg, "not a regular file, and only those can be read again");
	assert_false(validators_same_file(&a, &a));
	close(ends[0]);
	close(ends[1]);
	assert_int_equal(validators_of_file(&a, -1, &err), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_entity_tags),
		cmocka_unit_test(test_nul_within),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_last_response_counts),
		cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
