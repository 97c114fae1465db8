/* SPDX-License-Identifier: ISC */
/*
 * Between the two processes is a stream of sockets: a head, the environment and the input
 * one way, a result the other.  The end of the stream is the end of the program.
 */
#include "hook.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "outside.h"

struct hook {
	int fd;
	pid_t pid;
};

struct head {
	size_t env;
	size_t input;
	uint32_t timeout;
};

static int
send_all(int fd, const void *data, size_t len)
{
	const char *at = data;

	while (len > 0) {
		ssize_t n = send(fd, at, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

static int
read_all(int fd, void *data, size_t len)
{
	char *at = data;

	while (len > 0) {
		ssize_t n = read(fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

/* ---- the process outside */

struct keeper {
	const char *command;
	int fd;
	int children;	/* signalfd */
};

/* The next `len` bytes into a file in memory; they are taken off the stream in any case.  -1 with errno set. */
static int
take_input(int from, size_t len)
{
	int to = memfd_create("input", MFD_CLOEXEC), error = to < 0 ? errno : 0;
	char data[65536];
	ssize_t n;

	while (len > 0) {
		size_t part = len < sizeof(data) ? len : sizeof(data);

		if (read_all(from, data, part) < 0)
			_exit(0);
		if (to >= 0 && (n = write(to, data, part)) != (ssize_t)part) {
			error = n < 0 ? errno : ENOSPC;
			close(to);
			to = -1;
		}
		len -= part;
	}
	if (to >= 0)
		(void)lseek(to, 0, SEEK_SET);
	errno = error;
	return to;
}

static VRP_NORETURN void
run_command(const struct keeper *k, char *env, size_t len, int input)
{
	/* Who got the better of the program that tells them sets no PATH or LD_PRELOAD. */
	for (char *end = env + len; env < end; env += strlen(env) + 1)
		if (strncmp(env, HOOK_VARIABLE, strlen(HOOK_VARIABLE)) == 0)
			(void)putenv(env);
	(void)setpgid(0, 0);
	outside_restore_signals();
	if (dup2(input, STDIN_FILENO) < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
		_exit(126);
	execl("/bin/sh", "sh", "-c", k->command, (char *)NULL);
	_exit(127);
}

static int64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* True when the child has ended by `end`. */
static bool
wait_child(const struct keeper *k, pid_t pid, int64_t end, bool *cancelled, int *status)
{
	for (;;) {
		struct pollfd fds[] = {{.fd = k->children, .events = POLLIN}, {.fd = *cancelled ? -1 : k->fd, .events = POLLRDHUP}};
		struct signalfd_siginfo info;
		int64_t left = end - now_ms();

		if (waitpid(pid, status, WNOHANG) == pid)
			return true;
		if (left <= 0)
			return false;
		if (poll(fds, ARRAY_LEN(fds), left > 3600000 ? 3600000 : (int)left) <= 0)
			continue;
		if (fds[0].revents)
			(void)!read(k->children, &info, sizeof(info));
		if (fds[1].revents) {
			*cancelled = true;
			return false;
		}
	}
}

/* What the command has left running goes, too. */
static struct hook_result
watch_child(const struct keeper *k, pid_t pid, uint32_t timeout)
{
	bool cancelled = false;
	int status = 0;
	bool ended = wait_child(k, pid, now_ms() + (int64_t)timeout * 1000, &cancelled, &status), late = !ended;

	if (!ended) {
		(void)kill(-pid, SIGTERM);
		ended = wait_child(k, pid, now_ms() + HOOK_KILL_AFTER * 1000, &(bool){true}, &status);
	}
	(void)kill(-pid, SIGKILL);
	if (!ended)
		(void)waitpid(pid, &status, 0);
	if (late)
		return (struct hook_result){HOOK_TIMED_OUT, 0};
	return WIFEXITED(status) ? (struct hook_result){HOOK_EXITED, WEXITSTATUS(status)}
				 : (struct hook_result){HOOK_KILLED, WTERMSIG(status)};
}

static struct hook_result
run_job(const struct keeper *k, char *env, size_t len, int input, uint32_t timeout)
{
	pid_t pid = input < 0 ? -1 : fork();

	if (pid < 0)
		return (struct hook_result){HOOK_NOT_RUN, errno};
	if (pid == 0)
		run_command(k, env, len, input);
	(void)setpgid(pid, pid);
	return watch_child(k, pid, timeout);
}

/* Of the variables that are a job's to set, none is left from whoever started us. */
static void
drop_variables(void)
{
	char **kept = environ;

	for (char **at = environ; *at; at++)
		if (strncmp(*at, HOOK_VARIABLE, strlen(HOOK_VARIABLE)) != 0)
			*kept++ = *at;
	*kept = NULL;
}

static VRP_NORETURN void
keep(struct keeper k)
{
	struct head head;
	sigset_t set;

	outside_settle(k.fd, true);
	drop_variables();
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_SETMASK, &set, NULL);
	k.children = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	while (k.children >= 0 && read_all(k.fd, &head, sizeof(head)) == 0) {
		char *env = malloc(head.env + 1);
		struct hook_result result;
		int input;

		if (!env || read_all(k.fd, env, head.env) < 0)
			break;
		input = take_input(k.fd, head.input);
		result = run_job(&k, env, head.env, input, head.timeout);
		if (input >= 0)
			close(input);
		free(env);
		if (send_all(k.fd, &result, sizeof(result)) < 0)
			break;
	}
	_exit(0);
}

/* ---- the program */

struct hook *
hook_start(const char *command, struct vrp_err *err)
{
	struct hook *h = malloc(sizeof(*h));
	int ends[2];

	if (!h || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) {
		vrp_err_set(err, "%s", strerror(errno));
		free(h);
		return NULL;
	}
	h->fd = ends[1];
	h->pid = fork();
	if (h->pid == 0)
		keep((struct keeper){.command = command, .fd = ends[0]});
	if (h->pid < 0)
		vrp_err_set(err, "cannot fork: %s", strerror(errno));
	close(ends[0]);
	if (h->pid >= 0)
		return h;
	close(ends[1]);
	free(h);
	return NULL;
}

int
hook_run(struct hook *h, const struct hook_job *job, struct hook_result *result, struct vrp_err *err)
{
	const struct head head = {job->env.len, job->input.len, job->timeout};

	if (send_all(h->fd, &head, sizeof(head)) < 0 || send_all(h->fd, job->env.data, job->env.len) < 0 ||
	    send_all(h->fd, job->input.data, job->input.len) < 0 || read_all(h->fd, result, sizeof(*result)) < 0)
		return vrp_err_set(err, "the process that runs the command is gone");
	return 0;
}

void
hook_cancel(struct hook *h)
{
	(void)shutdown(h->fd, SHUT_RDWR);
}

void
hook_stop(struct hook *h)
{
	if (!h)
		return;
	hook_cancel(h);
	close(h->fd);
	while (waitpid(h->pid, NULL, 0) < 0 && errno == EINTR)
		;
	free(h);
}
