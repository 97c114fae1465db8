/* SPDX-License-Identifier: ISC */
/* Real commands by a real shell. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "hook.h"

#define PATIENCE 60	/* seconds, on a machine that is busy */

static char directory[] = "/tmp/test_hook.XXXXXX";

static int
enter_directory(void **state)
{
	(void)state;
	return mkdtemp(directory) && chdir(directory) == 0 ? 0 : -1;
}

static int
leave_directory(void **state)
{
	static const char *const names[] = {"out", "pids", "go"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		(void)unlink(names[i]);
	return chdir("/") == 0 && rmdir(directory) == 0 ? 0 : -1;
}

static void
nap(void)
{
	nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
}

static double
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static struct hook *
start(const char *command)
{
	struct vrp_err err;
	struct hook *h = hook_start(command, &err);

	assert_non_null(h);
	return h;
}

/* Its input is `input`, its environment one variable. */
static struct hook_result
run(struct hook *h, const char *variable, const char *input, size_t len, uint32_t timeout)
{
	struct hook_job job = {.env = BUF_INIT, .input = BUF_INIT, .timeout = timeout};
	struct hook_result result = {.end = HOOK_NOT_RUN, .status = -1};
	struct vrp_err err;

	assert_int_equal(buf_add(&job.env, variable, strlen(variable) + 1), 0);
	assert_int_equal(buf_add(&job.input, input, len), 0);
	assert_int_equal(hook_run(h, &job, &result, &err), 0);
	buf_release(&job.env);
	buf_release(&job.input);
	return result;
}

static void
expect(struct hook_result r, enum hook_end end, int status)
{
	assert_int_equal(r.end, end);
	assert_int_equal(r.status, status);
}

static void
read_file(const char *name, char *text, size_t size)
{
	FILE *f = fopen(name, "r");

	assert_non_null(f);
	text[fread(text, 1, size - 1, f)] = '\0';
	fclose(f);
}

/* The processes whose numbers the command has written to "pids", once there are so many. */
static void
wait_pids(pid_t *pids, size_t count)
{
	double end = now() + PATIENCE;
	size_t have = 0;

	while (have < count && now() < end) {
		FILE *f = fopen("pids", "r");

		for (have = 0; f && have < count && fscanf(f, "%d\n", &pids[have]) == 1; have++)
			;
		if (f)
			fclose(f);
		nap();
	}
	assert_int_equal(have, count);
}

/* A zombie that nobody has waited for yet has ended, too. */
static bool
is_running(pid_t pid)
{
	char path[64], text[512];
	const char *state;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "r");
	if (!f)
		return kill(pid, 0) == 0 && access("/proc/self/stat", R_OK) < 0;
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	fclose(f);
	state = strrchr(text, ')');
	return state && state[2] != 'Z' && state[2] != 'X';
}

static void
expect_ended(const pid_t *pids, size_t count)
{
	double end = now() + PATIENCE;

	for (size_t i = 0; i < count; i++) {
		while (is_running(pids[i]) && now() < end)
			nap();
		assert_false(is_running(pids[i]));
	}
}

static void
test_text_and_environment(void **state)
{
	struct hook *h;
	char text[256];

	(void)state;
	setenv("VRP_EVENT", "of another program", 1);
	h = start("{ echo \"$VRP_EVENT\"; cat; } >>out");
	unsetenv("VRP_EVENT");
	(void)unlink("out");
	expect(run(h, "VRP_EVENT=a b=c", "one\ntwo\n", 8, PATIENCE), HOOK_EXITED, 0);
	expect(run(h, "PATH=/nowhere", "", 0, PATIENCE), HOOK_EXITED, 0);	/* nothing of the former run, nor any other variable */
	hook_stop(h);
	read_file("out", text, sizeof(text));
	assert_string_equal(text, "a b=c\none\ntwo\n\n");
}

static void
test_ends(void **state)
{
	struct hook *h = start("$VRP_WHAT");

	(void)state;
	expect(run(h, "VRP_WHAT=exit 3", "", 0, PATIENCE), HOOK_EXITED, 3);
	expect(run(h, "VRP_WHAT=/nothing/here", "", 0, PATIENCE), HOOK_EXITED, 127);
	expect(run(h, "VRP_WHAT=true", "", 0, PATIENCE), HOOK_EXITED, 0);
	hook_stop(h);
	h = start("kill -USR1 $$");
	expect(run(h, "VRP_X=", "", 0, PATIENCE), HOOK_KILLED, SIGUSR1);
	expect(run(h, "VRP_X=", "", 0, PATIENCE), HOOK_KILLED, SIGUSR1);
	hook_stop(h);
}

/* More than any pipe or socket holds. */
static void
test_large_input(void **state)
{
	const size_t len = (size_t)8 << 20;
	char *input = malloc(len), text[64];
	struct hook *h;

	(void)state;
	assert_non_null(input);
	memset(input, 'x', len);
	h = start("wc -c >out");
	expect(run(h, "VRP_X=", input, len, PATIENCE), HOOK_EXITED, 0);
	hook_stop(h);
	read_file("out", text, sizeof(text));
	assert_int_equal(strtoul(text, NULL, 10), len);
	/* One that reads nothing, or a part, is no trouble, nor is the next run. */
	h = start("head -c \"$VRP_PART\" >out");
	expect(run(h, "VRP_PART=0", input, len, PATIENCE), HOOK_EXITED, 0);
	expect(run(h, "VRP_PART=1", input, len, PATIENCE), HOOK_EXITED, 0);
	expect(run(h, "VRP_PART=3", "yz", 2, PATIENCE), HOOK_EXITED, 0);
	hook_stop(h);
	read_file("out", text, sizeof(text));
	assert_string_equal(text, "yz");
	free(input);
}

static void
test_timeout_ends_the_group(void **state)
{
	struct hook *h = start("echo $$ >>pids; sleep 1000 & echo $! >>pids; (trap '' TERM; sleep 1000) & echo $! >>pids; wait");
	double begun = now(), took;
	pid_t pids[3];

	(void)state;
	(void)unlink("pids");
	expect(run(h, "VRP_X=", "", 0, 1), HOOK_TIMED_OUT, 0);
	took = now() - begun;
	assert_true(took >= 1);
	wait_pids(pids, 3);
	expect_ended(pids, 3);
	hook_stop(h);
}

static void
test_deaf_command_is_killed(void **state)
{
	struct hook *h = start("trap '' TERM; echo $$ >pids; while :; do sleep 1000; done");
	double begun = now();
	pid_t pid;

	(void)state;
	(void)unlink("pids");
	expect(run(h, "VRP_X=", "", 0, 1), HOOK_TIMED_OUT, 0);
	assert_true(now() - begun >= 1 + HOOK_KILL_AFTER);
	wait_pids(&pid, 1);
	expect_ended(&pid, 1);
	hook_stop(h);
}

static void
test_what_is_left_behind_goes(void **state)
{
	struct hook *h = start("sleep 1000 & echo $! >pids");
	pid_t pid;

	(void)state;
	(void)unlink("pids");
	expect(run(h, "VRP_X=", "", 0, PATIENCE), HOOK_EXITED, 0);
	wait_pids(&pid, 1);
	expect_ended(&pid, 1);
	hook_stop(h);
}

struct runner {
	struct hook *hook;
	int rc;
	struct vrp_err err;
};

static void *
run_long(void *arg)
{
	struct runner *r = arg;
	struct hook_job job = {.env = BUF_INIT, .input = BUF_INIT, .timeout = 1000};
	struct hook_result result;

	r->rc = hook_run(r->hook, &job, &result, &r->err);
	return NULL;
}

static void
test_cancel_while_one_runs(void **state)
{
	struct runner r = {.hook = start("echo $$ >pids; sleep 1000 & echo $! >>pids; wait")};
	pthread_t thread;
	pid_t pids[2];

	(void)state;
	(void)unlink("pids");
	assert_int_equal(pthread_create(&thread, NULL, run_long, &r), 0);
	wait_pids(pids, 2);
	hook_cancel(r.hook);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(r.rc, -1);
	assert_string_equal(r.err.msg, "the process that runs the command is gone");
	hook_stop(r.hook);
	expect_ended(pids, 2);
}

/* The command has the signals of a program that was just started, and no file of ours. */
static void
test_nothing_is_inherited(void **state)
{
	int fd = open("/dev/null", O_RDONLY);	/* without O_CLOEXEC */
	struct hook *h;
	char command[256];

	(void)state;
	assert_true(fd > STDERR_FILENO);
	snprintf(command, sizeof(command), "[ ! -e /proc/self/fd/%d ] && kill -TERM $$; exit 1", fd);
	h = start(command);
	expect(run(h, "VRP_X=", "", 0, PATIENCE), HOOK_KILLED, SIGTERM);
	hook_stop(h);
	close(fd);
}

static void
test_stop_of_nothing(void **state)
{
	(void)state;
	hook_stop(NULL);
	hook_stop(start("true"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text_and_environment),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_large_input),
		cmocka_unit_test(test_timeout_ends_the_group),
		cmocka_unit_test(test_deaf_command_is_killed),
		cmocka_unit_test(test_what_is_left_behind_goes),
		cmocka_unit_test(test_cancel_while_one_runs),
		cmocka_unit_test(test_nothing_is_inherited),
		cmocka_unit_test(test_stop_of_nothing),
	};

	return cmocka_run_group_tests(tests, enter_directory, leave_directory);
}
