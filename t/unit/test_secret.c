/* SPDX-License-Identifier: ISC */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "secret.h"

#define STRANGER 65533	/* a user that is neither root nor who runs the tests */

static char dir[64], path[96], other[96];

static int
set_up(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/secret-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/key.pem", dir);
	snprintf(other, sizeof(other), "%s/other", dir);
	return chmod(dir, 0755);
}

static int
tear_down(void **state)
{
	(void)state;
	unlink(path);
	unlink(other);
	return rmdir(dir);
}

static void
make(const void *data, size_t len, mode_t mode)
{
	int fd;

	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, len), len);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

/* Run check() as another user; only root can. */
static void
as_user(uid_t uid, bool (*check)(void))
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		if (setgroups(0, NULL) < 0 || setresgid(uid, uid, uid) < 0 || setresuid(uid, uid, uid) < 0)
			_exit(3);
		_exit(check() ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static bool
reads(const char *text)
{
	struct secret s = SECRET_INIT;
	struct vrp_err err = {0};
	bool good = secret_read(&s, path, 100, &err) == 0 && s.len == strlen(text) && strcmp(s.data, text) == 0;

	if (!good)
		print_error("%s\n", err.msg);
	secret_release(&s);
	assert_null(s.data);
	secret_release(&s);
	return good;
}

static bool
refused(const char *name, const char *reason)
{
	struct secret s = {.data = path, .len = 1, .size = 1};
	struct vrp_err err = {0};
	bool good = secret_read(&s, name, 100, &err) < 0 && strcmp(err.msg, reason) == 0 && !s.data && s.len == 0;

	if (!good)
		print_error("'%s' and not '%s'\n", err.msg, reason);
	return good;
}

static void
test_modes(void **state)
{
	static const struct {
		mode_t mode;
		const char *reason;
		bool root;	/* good, where root owns it */
	} cases[] = {
		{0600, NULL, true},
		{0400, NULL, true},
		{0440, "mode 0440 lets its group read it", true},
		{0640, "mode 0640 lets its group read it", true},
		{0620, "mode 0620 lets its group change it", false},
		{0660, NULL, false},
		{0610, NULL, false},
		{0644, "mode 0644 lets others read it", false},
		{0604, "mode 0604 lets others read it", false},
		{0602, "mode 0602 lets others change it", false},
		{0601, "mode 0601 lets others execute it", false},
		{04600, NULL, true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct secret s;
		struct vrp_err err = {0};
		bool good = cases[i].mode & 077 ? cases[i].root && geteuid() == 0 : true;

		make("key", 3, cases[i].mode);
		assert_case((secret_read(&s, path, 100, &err) == 0) == good, "mode %04o: %s", cases[i].mode, err.msg);
		if (!good && cases[i].reason)
			assert_string_equal(err.msg, cases[i].reason);
		secret_release(&s);
	}
}

static bool
is_read(void)
{
	return reads("key");
}

static bool
is_denied(void)
{
	return refused(path, "Permission denied");
}

static bool
is_group_refused(void)
{
	return refused(path, "mode 0640 lets its group read it");
}

static bool
is_owner_refused(void)
{
	return refused(path, "user 65532 owns it, not root or user 65533, who reads it");
}

static void
test_owners(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	/* As the credentials of systemd and Debian's ssl-cert have it: root's, readable for our group. */
	make("key", 3, 0640);
	assert_int_equal(chown(path, 0, STRANGER), 0);
	as_user(STRANGER, is_read);
	assert_int_equal(chown(path, 0, 0), 0);
	as_user(STRANGER, is_denied);

	assert_int_equal(chown(path, STRANGER, STRANGER), 0);
	as_user(STRANGER, is_group_refused);
	assert_true(refused(path, "mode 0640 lets its group read it"));
	assert_int_equal(chmod(path, 0600), 0);
	as_user(STRANGER, is_read);
	/* Root, who may be about to become that user. */
	assert_true(reads("key"));

	/* Somebody else's that we can read, as by their group. */
	assert_int_equal(chown(path, 65532, STRANGER), 0);
	assert_int_equal(chmod(path, 0640), 0);
	as_user(STRANGER, is_owner_refused);
}

static void
test_kinds_of_files(void **state)
{
	(void)state;
	assert_true(refused(path, "No such file or directory"));
	make("", 0, 0600);
	assert_true(refused(path, "empty"));
	assert_true(refused(dir, "Is a directory"));
	assert_true(refused("/dev/null", "neither a regular file nor a pipe"));
	assert_true(refused("/dev/zero", "neither a regular file nor a pipe"));

	/* What a link leads to is what counts, not the link, which has mode 0777. */
	make("key", 3, 0600);
	assert_int_equal(symlink("key.pem", other), 0);
	assert_int_equal(chmod(path, 0644), 0);
	assert_true(refused(other, "mode 0644 lets others read it"));
	assert_int_equal(chmod(path, 0600), 0);
	assert_true(reads("key"));
	unlink(other);
	assert_int_equal(symlink("other", other), 0);
	assert_true(refused(other, "Too many levels of symbolic links"));
}

static void
test_sizes(void **state)
{
	char data[5000];
	struct secret s;
	struct vrp_err err = {0};

	(void)state;
	memset(data, 'x', sizeof(data));
	make(data, 100, 0600);
	assert_int_equal(secret_read(&s, path, 100, &err), 0);
	assert_int_equal(s.len, 100);
	assert_int_equal(s.data[100], 0);
	secret_release(&s);
	make(data, 101, 0600);
	assert_true(refused(path, "more than 100 bytes"));
	/* Sizes around a page, where the NUL wants one more. */
	for (size_t n = 4094; n <= 4098; n++) {
		make(data, n, 0600);
		assert_int_equal(secret_read(&s, path, n, &err), 0);
		assert_int_equal(s.len, n);
		assert_memory_equal(s.data, data, n);
		assert_int_equal(s.data[n], 0);
		secret_release(&s);
	}
	/* A file of 8 GiB is not read. */
	assert_int_equal(truncate(path, (off_t)8 << 30), 0);
	assert_true(refused(path, "more than 100 bytes"));
	assert_int_equal(secret_read(&s, path, SIZE_MAX - 1, &err), -1);
	assert_string_equal(err.msg, "out of memory");
}

static void *
write_late(void *ctx)
{
	int *fd = ctx;

	for (int i = 0; i < 3; i++) {
		usleep(2000);
		assert_int_equal(write(*fd, "ab", 2), 2);
	}
	close(*fd);
	return NULL;
}

static void
test_pipes(void **state)
{
	char name[64];
	pthread_t thread;
	int fds[2];

	(void)state;
	/* A FIFO that nobody writes to doesn't hold us up. */
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_true(refused(path, "empty"));

	/* As <(command) gives it: an answer that comes late and in parts. */
	assert_int_equal(pipe(fds), 0);
	snprintf(name, sizeof(name), "/dev/fd/%d", fds[0]);
	unlink(path);
	assert_int_equal(symlink(name, path), 0);
	assert_int_equal(pthread_create(&thread, NULL, write_late, &fds[1]), 0);
	assert_true(reads("ababab"));
	pthread_join(thread, NULL);
	close(fds[0]);
}

static bool
line_is(const void *data, size_t len, const char *expected)
{
	struct secret s;
	struct vrp_err err = {0};
	bool good;

	make(data, len, 0600);
	if (secret_read_line(&s, path, 8, &err) < 0)
		good = strcmp(err.msg, expected) == 0 && !s.data;
	else
		good = s.len == strlen(expected) && strcmp(s.data, expected) == 0;
	secret_release(&s);
	return good;
}

static void
test_lines(void **state)
{
	(void)state;
	assert_true(line_is("word", 4, "word"));
	assert_true(line_is("word\n", 5, "word"));
	assert_true(line_is(" word \n", 7, " word "));
	assert_true(line_is("word\n\n", 6, "more than one line"));
	assert_true(line_is("\nword\n", 6, "more than one line"));
	assert_true(line_is("\n", 1, "empty"));
	assert_true(line_is("wo\0rd", 5, "has a NUL"));
	assert_true(line_is("12345678\n", 9, "12345678"));
	assert_true(line_is("123456789", 9, "more than 8 bytes"));
	assert_true(line_is("123456789\n", 10, "more than 8 bytes"));
}

static void
test_environment(void **state)
{
	static char entry[] = "VRP_TEST_SECRET=open sesame";
	struct secret s;
	struct vrp_err err = {0};

	(void)state;
	assert_int_equal(secret_from_env(&s, "VRP_TEST_SECRET", 100, &err), -1);
	assert_string_equal(err.msg, "not set");
	assert_int_equal(putenv(entry), 0);
	assert_int_equal(secret_from_env(&s, "VRP_TEST_SECRET", 100, &err), 0);
	assert_string_equal(s.data, "open sesame");
	assert_int_equal(s.len, 11);
	assert_null(getenv("VRP_TEST_SECRET"));
	/* Gone from where ps(1) looks, too. */
	assert_memory_equal(entry, "VRP_TEST_SECRET=\0\0\0\0\0\0\0\0\0\0\0", sizeof(entry));
	secret_release(&s);

	setenv("VRP_TEST_SECRET", "123456789", 1);
	assert_int_equal(secret_from_env(&s, "VRP_TEST_SECRET", 8, &err), -1);
	assert_string_equal(err.msg, "more than 8 bytes");
	assert_null(getenv("VRP_TEST_SECRET"));
	setenv("VRP_TEST_SECRET", "", 1);
	assert_int_equal(secret_from_env(&s, "VRP_TEST_SECRET", 8, &err), -1);
	assert_string_equal(err.msg, "empty");
}

/* The line of /proc/self/smaps that says what the kernel was told about the memory at p. */
static void
flags_of(const void *p, char *flags, size_t size)
{
	FILE *f = fopen("/proc/self/smaps", "r");
	char line[512];
	bool ours = false;

	flags[0] = '\0';
	while (f && fgets(line, sizeof(line), f)) {
		unsigned long from, to;

		if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
			ours = from <= (unsigned long)p && (unsigned long)p < to;
		else if (ours && strncmp(line, "VmFlags:", 8) == 0)
			snprintf(flags, size, "%s", line);
	}
	if (f)
		fclose(f);
}

static void
test_memory(void **state)
{
	struct secret s;
	struct vrp_err err = {0};
	char flags[512];

	(void)state;
	make("key", 3, 0600);
	assert_int_equal(secret_read(&s, path, 100, &err), 0);
	flags_of(s.data, flags, sizeof(flags));
	if (flags[0])	/* no dump, and where the limit allows it locked */
		assert_non_null(strstr(flags, " dd"));
	secret_release(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_modes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_owners, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_kinds_of_files, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_sizes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_pipes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_lines, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_environment, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_memory, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
