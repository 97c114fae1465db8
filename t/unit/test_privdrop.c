/* SPDX-License-Identifier: ISC */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "privdrop.h"

#define NUMBER 65533	/* a user and a group without a name */
#define SECBIT_NO_SETUID_FIXUP 4

/* The reason why text is refused, or "". */
static const char *
refusal(const char *text)
{
	static struct vrp_err err;
	struct privdrop who;

	vrp_err_clear(&err);
	return privdrop_parse(&who, text, &err) < 0 ? err.msg : "";
}

static void
test_parse(void **state)
{
	struct passwd *nobody = getpwnam("nobody");
	struct group *daemon = getgrnam("daemon");
	struct privdrop who;
	struct vrp_err err;

	(void)state;
	if (!nobody || !daemon)
		skip();
	assert_int_equal(privdrop_parse(&who, "nobody", &err), 0);
	assert_int_equal(who.uid, nobody->pw_uid);
	assert_int_equal(who.gid, nobody->pw_gid);
	assert_int_equal(who.groups[0], nobody->pw_gid);
	assert_int_equal(privdrop_parse(&who, "nobody:daemon", &err), 0);
	assert_int_equal(who.uid, nobody->pw_uid);
	assert_int_equal(who.gid, daemon->gr_gid);
	assert_int_equal(who.group_count, 1);
	assert_int_equal(privdrop_parse(&who, "65533:65532", &err), 0);
	assert_int_equal(who.uid, 65533);
	assert_int_equal(who.gid, 65532);
	assert_int_equal(who.groups[0], 65532);
}

static void
test_refused(void **state)
{
	(void)state;
	assert_string_equal(refusal("root"), "user 'root' is root");
	assert_string_equal(refusal("0"), "user '0' is root");
	assert_string_equal(refusal("0:nogroup"), "user '0' is root");
	assert_string_equal(refusal("no-such-user"), "no user 'no-such-user'");
	assert_string_equal(refusal("no-such-user:nogroup"), "no user 'no-such-user'");
	assert_string_equal(refusal(""), "no user ''");
	assert_string_equal(refusal(":daemon"), "no user ''");
	assert_string_equal(refusal("nobody:"), "no group ''");
	assert_string_equal(refusal("nobody:no-such-group"), "no group 'no-such-group'");
	assert_string_equal(refusal("65533"), "user 65533 is in no group: name one, 65533:GROUP");
	/* -1 is what means "leave as it is" to the kernel. */
	assert_string_equal(refusal("4294967295:1"), "no user '4294967295'");
	assert_string_equal(refusal("65533:4294967295"), "no group '4294967295'");
	assert_string_equal(refusal("-1"), "no user '-1'");
	assert_string_equal(refusal("1.5"), "no user '1.5'");
}

/* The status that check() returns in a child. */
static int
in_child(int (*check)(void))
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(check());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static const struct privdrop stranger = {.uid = NUMBER, .gid = NUMBER, .groups = {NUMBER}, .group_count = 1};

/* The user in `field` of a thread's status, as the kernel sees it. */
static unsigned
id_of(pid_t tid, const char *format)
{
	char name[64], line[256];
	unsigned id = 0;
	FILE *f;

	snprintf(name, sizeof(name), "/proc/self/task/%d/status", (int)tid);
	f = fopen(name, "r");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, format, &id) == 1)
			break;
	if (f)
		fclose(f);
	return id;
}

static int
drop(void)
{
	static const gid_t former[] = {0, 4, 27};
	struct vrp_err err = {0};

	if (setgroups(ARRAY_LEN(former), former) < 0)
		return 1;
	if (privdrop_enter(&stranger, NULL, &err) < 0) {
		print_error("%s\n", err.msg);
		return 2;
	}
	if (getgroups(0, NULL) != 1 || getuid() != NUMBER || getgid() != NUMBER)
		return 3;
	if (setuid(0) == 0 || setgid(0) == 0 || seteuid(0) == 0 || setgroups(0, NULL) == 0)
		return 4;
	if (open("/etc/shadow", O_RDONLY) >= 0 || errno != EACCES)
		return 5;
	/* Once more is no mistake, another user is. */
	if (privdrop_enter(&stranger, NULL, &err) < 0)
		return 6;
	return 0;
}

static int
drop_again(void)
{
	struct privdrop other = stranger;
	struct vrp_err err = {0};

	other.uid--;
	if (privdrop_enter(&stranger, NULL, &err) < 0)
		return 1;
	if (privdrop_enter(&other, NULL, &err) == 0 || strcmp(err.msg, "cannot change groups: Operation not permitted"))
		return 2;
	if (privdrop_enter(&stranger, "/tmp", &err) == 0 ||
	    strcmp(err.msg, "cannot make '/tmp' the root directory: Operation not permitted"))
		return 3;
	return 0;
}

/* A parent can have set that capabilities stay. */
static int
keep_capabilities(void)
{
	struct vrp_err err = {0};

	if (prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP) < 0)
		return 0;
	return privdrop_enter(&stranger, NULL, &err) < 0 && strcmp(err.msg, "privileges were not given up") == 0 ? 0 : 2;
}

static pthread_barrier_t both;
static pid_t tid;

static void *
other_thread(void *ctx)
{
	(void)ctx;
	tid = (pid_t)syscall(SYS_gettid);
	pthread_barrier_wait(&both);
	pthread_barrier_wait(&both);
	return NULL;
}

static int
drop_threads(void)
{
	struct vrp_err err = {0};
	pthread_t thread;
	unsigned uid, gid;

	pthread_barrier_init(&both, NULL, 2);
	if (pthread_create(&thread, NULL, other_thread, NULL) != 0)
		return 1;
	pthread_barrier_wait(&both);
	if (privdrop_enter(&stranger, NULL, &err) < 0)
		return 2;
	uid = id_of(tid, "Uid: %u");
	gid = id_of(tid, "Gid: %u");
	pthread_barrier_wait(&both);
	pthread_join(thread, NULL);
	return uid == NUMBER && gid == NUMBER ? 0 : 3;
}

static char dir[] = "/tmp/privdrop-XXXXXX";

static int
drop_root_directory(void)
{
	struct vrp_err err = {0};
	int rc = 0;

	if (privdrop_enter(&stranger, "/tmp/no-such-directory", &err) == 0)
		rc = 2;
	if (privdrop_enter(&stranger, dir, &err) < 0)
		rc = 3;
	if (access("/etc/passwd", F_OK) == 0 || access("../../etc/passwd", F_OK) == 0 || access("/", R_OK) < 0)
		rc = 4;
	return rc;
}

static void
test_drop(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(in_child(drop), 0);
	assert_int_equal(in_child(drop_again), 0);
	assert_int_equal(in_child(drop_threads), 0);
	assert_non_null(mkdtemp(dir));
	assert_int_equal(chmod(dir, 0755), 0);
	assert_int_equal(in_child(drop_root_directory), 0);
	assert_int_equal(rmdir(dir), 0);
	assert_int_equal(in_child(keep_capabilities), 0);
	assert_int_equal(geteuid(), 0);
}

static void
test_without_privileges(void **state)
{
	struct privdrop us = {.uid = geteuid(), .gid = getegid(), .group_count = PRIVDROP_GROUPS_MAX};
	struct vrp_err err = {0};

	(void)state;
	if (geteuid() == 0)
		skip();
	us.group_count = getgroups(PRIVDROP_GROUPS_MAX, us.groups);
	assert_int_equal(privdrop_enter(&us, NULL, &err), 0);
	assert_int_equal(privdrop_enter(&stranger, NULL, &err), geteuid() == NUMBER ? 0 : -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_drop),
		cmocka_unit_test(test_without_privileges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
