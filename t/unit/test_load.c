/* SPDX-License-Identifier: ISC */
#include "sets.h"

#include <fcntl.h>
#include <pthread.h>

#include "load.h"

/* A path under which text can be read once, and the descriptor behind it. */
struct input {
	int fd;
	char path[32];
};

static struct input
input_of(const char *text, size_t len)
{
	struct input in = {.fd = memfd_create("load", MFD_CLOEXEC)};

	assert_true(in.fd >= 0);
	assert_int_equal(write(in.fd, text, len), len);
	snprintf(in.path, sizeof(in.path), "/proc/self/fd/%d", in.fd);
	return in;
}

static int
load_text(struct load *l, struct names *names, const char *text, struct vrp_err *err)
{
	struct input in = input_of(text, strlen(text));
	int rc = load_read(l, in.path, names, err);

	assert_int_equal(close(in.fd), 0);
	return rc;
}

static int
setup(void **state)
{
	*state = names_new();
	return *state ? 0 : -1;
}

static int
teardown(void **state)
{
	names_unref(*state);
	return 0;
}

static void
assert_buf(const struct buf *b, const char *want)
{
	assert_case(b->len == strlen(want) && (b->len == 0 || memcmp(b->data, want, b->len) == 0), "'%.*s', not '%s'",
		    (int)b->len, b->len ? b->data : "", want);
}

static void
test_good(void **state)
{
	static const struct {
		const char *text, *set, *time, *source, *attrs, *other;
	} cases[] = {
		{"1.0.0.0/24 24 1\n", "1.0.0.0/24 24 AS1 - -\n", "-", NULL, "", ""},
		{"# nothing more\n1.0.0.0/24 24 1 ripe", "1.0.0.0/24 24 AS1 ripe -\n", "-", NULL, "", ""},
		{"%snapshot\n~end\n", "", "-", NULL, "", ""},
		{"%snapshot time=2026-11-23T00:00:00Z source=a%20b serial=7\n~end\n", "", "2026-11-23T00:00:00Z", "a b",
		 "time=2026-11-23T00:00:00Z source=a%20b serial=7", ""},
		/* The last snapshot, and what the deltas behind it make of it. */
		{"%snapshot time=2026-11-23T00:00:00Z source=a\n1.0.0.0/24 24 1\n~end\n%snapshot\n2.0.0.0/24 24 1\n~end\n",
		 "2.0.0.0/24 24 AS1 - -\n", "-", NULL, "", ""},
		{"%snapshot time=2026-11-23T00:00:00Z source=a x=1\n1.0.0.0/24 24 1\n~end\n"
		 "%delta\n-1.0.0.0/24 24 1\n+2.0.0.0/24 24 1\n~end\n",
		 "2.0.0.0/24 24 AS1 - -\n", "2026-11-23T00:00:00Z", "a", "time=2026-11-23T00:00:00Z source=a", ""},
		{"%snapshot time=2026-11-23T00:00:00Z source=a\n~end\n%delta source=b time=2026-11-24T00:00:00Z\n~end\n",
		 "", "2026-11-24T00:00:00Z", "b", "source=b time=2026-11-24T00:00:00Z", ""},
		{"%snapshot\n~end\n%delta time=2026-11-24T00:00:00Z\n~end\n%snapshot source=\n~end\n", "", "-", NULL, "source=", ""},
		/* Lines for others. */
		{"%hello\r\n%snapshot\n~x y\n~end\n%bye", "", "-", NULL, "", "%hello\n~x y\n%bye\n"},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char *text, stamp[STAMP_MAX] = "-";
		struct vrp_err err;
		struct load l;

		assert_case(load_text(&l, *state, cases[i].text, &err) == 0, "%zu: %s", i, err.msg);
		text = set_text(l.set);
		assert_string_equal(text, cases[i].set);
		free(text);
		if (l.time != STAMP_UNKNOWN)
			stamp_format(l.time, stamp);
		assert_string_equal(stamp, cases[i].time);
		assert_int_equal(l.source.data != NULL, cases[i].source != NULL);
		if (cases[i].source)
			assert_string_equal(l.source.data, cases[i].source);
		assert_buf(&l.attrs, cases[i].attrs);
		assert_buf(&l.other, cases[i].other);
		load_release(&l);
		assert_null(l.set);
		load_release(&l);
	}
}

/* What is missing is never an empty table, and nothing is left to release. */
static void
test_bad(void **state)
{
	static const struct {
		const char *text;
		size_t line, column;
		const char *msg;
	} cases[] = {
		{"", 0, 0, "no table: neither a block nor a record"},
		{"# comments\n\n%hello\n", 0, 0, "no table: neither a block nor a record"},
		{"%snapshot\n1.0.0.0/24 24 1\n", 2, 0, "input ended inside a block"},
		{"%snapshot\n1.0.0.0/24 24 1\n~en", 3, 0, "input ended inside a block"},
		{"%snapshot\n~end\n%delta\n+1.0.0.0/24 24 1\n", 4, 0, "input ended inside a block"},
		{"%delta\n+1.0.0.0/24 24 1\n~end\n", 3, 0, "delta before any snapshot"},
		{"%snapshot\n~end\n%delta\n-1.0.0.0/24 24 1\n~end\n", 5, 0,
		 "delta withdraws what is not there: 1.0.0.0/24 24 AS1"},
		{"1.0.0.0/24 24 1\n1.0.0.0/24 33 1\n", 2, 12, "maximum length out of range '33'"},
		{"%snapshot\n~end\n1.0.0.0/24 24 1\n", 3, 0, "record outside of a block"},
		/* A good block behind the bad one, or before it, saves nothing. */
		{"%snapshot\nx y z\n~end\n%snapshot\n~end\n", 2, 1, "prefix without a length 'x'"},
		{"%snapshot\n~end\n%snapshot time=x\n~end\n", 3, 0, "block attribute 'time' is not an RFC 3339 time"},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct vrp_err err;
		struct load l;

		assert_case(load_text(&l, *state, cases[i].text, &err) == -1, "%zu", i);
		assert_case(strcmp(err.msg, cases[i].msg) == 0, "%zu: %s", i, err.msg);
		assert_int_equal(err.line, cases[i].line);
		assert_int_equal(err.column, cases[i].column);
		assert_null(l.set);
		assert_null(l.other.data);
		assert_int_equal(load_text(&l, *state, cases[i].text, NULL), -1);
	}
}

static void
test_unreadable(void **state)
{
	struct vrp_err err;
	struct load l;

	assert_int_equal(load_read(&l, "/nonexistent/file", *state, &err), -1);
	assert_string_equal(err.msg, "No such file or directory");
	assert_int_equal(load_read(&l, "/", *state, &err), -1);
	assert_string_equal(err.msg, "Is a directory");
	assert_int_equal(err.line, 0);
	assert_null(l.set);
}

/* Writes slowly, so that reads meet an empty pipe. */
static void *
write_slowly(void *arg)
{
	static const char text[] = "%snapshot\n1.0.0.0/24 24 1\n2.0.0.0/24 24 1\n~end\n";
	int fd = *(int *)arg;

	for (size_t i = 0; i < strlen(text); i++) {
		usleep(100);
		assert_int_equal(write(fd, text + i, 1), 1);
	}
	close(fd);
	return NULL;
}

/* Standard input is a pipe whose other users made it non-blocking. */
static void
test_standard_input(void **state)
{
	int fds[2], old = dup(STDIN_FILENO);
	pthread_t writer;
	struct vrp_err err;
	struct load l;

	assert_int_equal(pipe2(fds, O_NONBLOCK), 0);
	assert_true(dup2(fds[0], STDIN_FILENO) == STDIN_FILENO);
	assert_int_equal(pthread_create(&writer, NULL, write_slowly, &fds[1]), 0);
	assert_case(load_read(&l, "-", *state, &err) == 0, "%s", err.msg);
	assert_int_equal(pthread_join(writer, NULL), 0);
	assert_int_equal(vrpset_count(l.set), 2);
	load_release(&l);
	/* It stays open. */
	assert_true(fcntl(STDIN_FILENO, F_GETFD) >= 0);
	close(fds[0]);
	if (old >= 0) {
		assert_true(dup2(old, STDIN_FILENO) == STDIN_FILENO);
		close(old);
	}
}

/* Larger than a read, with a line across the border of two. */
static void
test_large(void **state)
{
	struct buf text = BUF_INIT;
	struct vrp_err err;
	struct input in;
	struct load l;

	assert_int_equal(buf_addf(&text, "%%snapshot\n"), 0);
	for (unsigned i = 0; i < 50000; i++)
		assert_int_equal(buf_addf(&text, "10.%u.%u.0/24 24 %u ripe %u\n", i >> 8, i & 255, i, i), 0);
	assert_int_equal(buf_addf(&text, "~end\n"), 0);
	assert_true(text.len > 4 * 256 * 1024);
	in = input_of(text.data, text.len);
	assert_int_equal(load_read(&l, in.path, *state, &err), 0);
	assert_int_equal(vrpset_count(l.set), 50000);
	load_release(&l);
	/* And cut short. */
	assert_int_equal(ftruncate(in.fd, (off_t)text.len / 2), 0);
	assert_int_equal(load_read(&l, in.path, *state, &err), -1);
	assert_string_equal(err.msg, "input ended inside a block");
	close(in.fd);
	buf_release(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_good, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bad, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unreadable, setup, teardown),
		cmocka_unit_test_setup_teardown(test_standard_input, setup, teardown),
		cmocka_unit_test_setup_teardown(test_large, setup, teardown),
	};

	return cmocka_run_group_tests_name("load", tests, NULL, NULL);
}
