/* SPDX-License-Identifier: ISC */
/*
 * What code in the middle of a tool can do.  Preloaded, it waits until the tool
 * has entered its sandbox, and then, at the first call of each thread that reads
 * or waits, tries what a tool should not be able to.  The outcome of each goes to
 * the file TRESPASS_REPORT, opened before: "read EACCES", "connect done", and
 * "end" when all was tried.
 *
 *	TRESPASS_FILE	a file that the tool has no business with
 *	TRESPASS_PORT	a port that somebody listens on
 *
 * So no tool has a back door for its tests.
 */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int report = -1;
static char file[4096];
static unsigned long port;
static _Thread_local bool tried;

__attribute__((constructor)) static void
open_report(void)
{
	const char *path = getenv("TRESPASS_REPORT"), *other = getenv("TRESPASS_FILE"), *number = getenv("TRESPASS_PORT");

	if (!path || !other || !number)
		return;
	snprintf(file, sizeof(file), "%s", other);
	port = strtoul(number, NULL, 10);
	report = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

/* rc is what a call returned that says -1 and errno. */
static void
say(const char *what, long rc)
{
	const char *name = rc < 0 ? strerrorname_np(errno) : "done";

	dprintf(report, "%s %s\n", what, name);
}

static void
say_descriptor(const char *what, int fd)
{
	say(what, fd);
	if (fd >= 0)
		close(fd);
}

static void
try_files(void)
{
	char beside[sizeof(file) + 8], renamed[sizeof(file) + 8];

	snprintf(beside, sizeof(beside), "%s.new", file);
	snprintf(renamed, sizeof(renamed), "%s.old", file);
	say_descriptor("read", open(file, O_RDONLY | O_CLOEXEC));
	say_descriptor("write", open(file, O_WRONLY | O_CLOEXEC));
	say_descriptor("create", open(beside, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	say("rename", rename(file, renamed));
	say("remove", unlink(file));
	say("chmod", chmod(file, 0600));
}

static void
try_sockets(void)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((in_port_t)port)};
	struct sockaddr_in any = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	to.sin_addr.s_addr = any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	say("socket", fd);
	if (fd >= 0) {
		say("connect", connect(fd, (struct sockaddr *)&to, sizeof(to)));
		close(fd);
		fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		say("bind", bind(fd, (struct sockaddr *)&any, sizeof(any)));
		close(fd);
	}
	say_descriptor("udp", socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
	say_descriptor("unix", socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
	say_descriptor("raw", socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP));
}

static void
try_processes(void)
{
	char *argv[] = {(char[]){"true"}, NULL};
	pid_t pid;
	int error = posix_spawn(&pid, "/bin/true", NULL, NULL, argv, environ);

	if (!error)
		waitpid(pid, NULL, 0);
	errno = error;
	say("execute", error ? -1 : 0);
	say("kill", kill(getppid(), 0));
	say("trace", ptrace(PTRACE_SEIZE, getppid(), NULL, NULL));
	say("setuid", setuid(getuid()));
}

static void
trespass(void)
{
	int error = errno;

	if (tried || report < 0 || prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == 0)
		return;
	tried = true;
	/* What the tool runs is not looked at. */
	unsetenv("LD_PRELOAD");
	dprintf(report, "no-new-privs %d\n", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
	try_files();
	try_sockets();
	try_processes();
	dprintf(report, "end\n");
	errno = error;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t
read(int fd, void *dst, size_t len)
{
	trespass();
	return REAL(read)(fd, dst, len);
}

ssize_t __read_chk(int fd, void *dst, size_t len, size_t size);

ssize_t
__read_chk(int fd, void *dst, size_t len, size_t size)
{
	trespass();
	return REAL(__read_chk)(fd, dst, len, size);
}

int
poll(struct pollfd *fds, nfds_t count, int timeout)
{
	trespass();
	return REAL(poll)(fds, count, timeout);
}

int __poll_chk(struct pollfd *fds, nfds_t count, int timeout, size_t size);

int
__poll_chk(struct pollfd *fds, nfds_t count, int timeout, size_t size)
{
	trespass();
	return REAL(__poll_chk)(fds, count, timeout, size);
}

int
ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout, const sigset_t *set)
{
	trespass();
	return REAL(ppoll)(fds, count, timeout, set);
}

int
epoll_wait(int fd, struct epoll_event *events, int count, int timeout)
{
	trespass();
	return REAL(epoll_wait)(fd, events, count, timeout);
}

int
epoll_pwait2(int fd, struct epoll_event *events, int count, const struct timespec *timeout, const sigset_t *set)
{
	trespass();
	return REAL(epoll_pwait2)(fd, events, count, timeout, set);
}
