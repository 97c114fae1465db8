/* SPDX-License-Identifier: ISC */
#include "test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <pwd.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox.h"
#include "savefile.h"

/* With sanitizers /proc and tracing are left, for LeakSanitizer. */
#ifdef __SANITIZE_ADDRESS__
#define SANITIZED true
#else
#define SANITIZED false
#endif

/* A kernel without it can't be tested, and says so. */
static struct sandbox had;

static char dir[64];

static const char *
in_dir(const char *name)
{
	static char paths[8][128];
	static unsigned i;
	char *path = paths[i++ % ARRAY_LEN(paths)];

	snprintf(path, sizeof(paths[0]), "%s/%s", dir, name);
	return path;
}

static void
write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

/*
 * A child that notes what it keeps, enters, and tries things.  The status is the
 * number of the first check that failed, by its line, so that CHECK may stand
 * anywhere behind.
 */
#define CHECK(cond)								\
	do {									\
		if (!(cond)) {							\
			print_error("line %d: %s (%s)\n", __LINE__, #cond, strerror(errno)); \
			_exit(1);						\
		}								\
	} while (0)

static void
in_child(void (*keep)(struct sandbox *box), void (*try)(void))
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		struct sandbox box;
		struct vrp_err err = {0};

		sandbox_init(&box);
		if (keep)
			keep(&box);
		CHECK(sandbox_enter(&box, &err) == 0);
		sandbox_release(&box);
		try();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* ---- what can be tried: 0, or the errno */

static int
try_open(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

static int
try_socket(int family, int type, int protocol)
{
	int fd = socket(family, type | SOCK_CLOEXEC, protocol);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

static int
try_tcp(int (*call)(int, const struct sockaddr *, socklen_t), uint16_t port)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), error = 0;

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0)
		return errno;
	if (call(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		error = errno;
	close(fd);
	return error;
}

static int
try_program(const char *path)
{
	char *argv[] = {(char *)path, NULL};
	pid_t pid;
	int status, error = posix_spawn(&pid, path, NULL, NULL, argv, environ);

	if (error)
		return error;
	return waitpid(pid, &status, 0) == pid && status == 0 ? 0 : ECHILD;
}

/* ---- listeners and files that the children meet */

static uint16_t port, other_port;
static int listener, other_listener;

static int
listen_on(uint16_t *number)
{
	struct sockaddr_in at = {.sin_family = AF_INET};
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 || listen(fd, 8) < 0 ||
	    getsockname(fd, (struct sockaddr *)&at, &len) < 0)
		return -1;
	*number = ntohs(at.sin_port);
	return fd;
}

static void
enter_empty(void)
{
	struct sandbox box;
	int fds[2];
	pid_t pid;

	if (pipe(fds) < 0)
		return;
	pid = fork();
	if (pid == 0) {
		sandbox_init(&box);
		if (sandbox_enter(&box, NULL) < 0 || write(fds[1], &box, sizeof(box)) != sizeof(box))
			_exit(1);
		_exit(0);
	}
	if (pid < 0 || read(fds[0], &had, sizeof(had)) != sizeof(had))
		had = (struct sandbox){0};
	waitpid(pid, NULL, 0);
	close(fds[0]);
	close(fds[1]);
}

static int
set_up(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/sandbox-XXXXXX");
	listener = listen_on(&port);
	other_listener = listen_on(&other_port);
	enter_empty();
	print_message("Landlock ABI %d, seccomp %s\n", had.landlock, had.seccomp ? "yes" : "no");
	if (listener < 0 || other_listener < 0 || !mkdtemp(dir))
		return -1;
	mkdir(in_dir("sub"), 0755);
	write_file(in_dir("file"), "text");
	write_file(in_dir("other"), "text");
	write_file(in_dir("sub/file"), "text");
	return 0;
}

static int
tear_down(void **state)
{
	static const char *const names[] = {"file", "other", "link", "fifo", "sub/file", "sub/new", "sub", "v2/file", "v2", "new", ""};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		(void)remove(in_dir(names[i]));
	return 0;
}

/* ---- nothing but standard input and output */

static void
try_files(void)
{
	CHECK(try_open(in_dir("file"), O_RDONLY) == EACCES);
	CHECK(try_open(in_dir("file"), O_WRONLY) == EACCES);
	CHECK(try_open(in_dir("new"), O_WRONLY | O_CREAT) == EACCES);
	CHECK(try_open(dir, O_RDONLY | O_DIRECTORY) == EACCES);
	CHECK(try_open("/etc/passwd", O_RDONLY) == EACCES);
	CHECK(try_open(in_dir("missing"), O_RDONLY) == ENOENT);
	CHECK(unlink(in_dir("file")) < 0 && errno == EACCES);
	CHECK(rename(in_dir("file"), in_dir("new")) < 0 && errno == EACCES);
	CHECK(mkdir(in_dir("new"), 0700) < 0 && errno == EACCES);
	CHECK(symlink("x", in_dir("new")) < 0 && errno == EACCES);
	CHECK(try_open("/dev/null", O_RDWR) == 0);
}

static void
try_attributes(void)
{
	CHECK(chmod(in_dir("file"), 0644) < 0 && errno == EPERM);
	CHECK(fchmod(STDOUT_FILENO, 0644) < 0 && errno == EPERM);
	CHECK(chown(in_dir("file"), 1, 1) < 0 && errno == EPERM);
	CHECK(truncate(in_dir("file"), 0) < 0 && (errno == EPERM || errno == EACCES));
	CHECK(utimensat(AT_FDCWD, in_dir("file"), NULL, 0) < 0 && errno == EPERM);
}

static void
try_sockets(void)
{
	static const int families[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK, AF_PACKET};
	int pair[2];

	for (size_t i = 0; i < ARRAY_LEN(families); i++) {
		CHECK(try_socket(families[i], SOCK_STREAM, 0) == EPERM);
		CHECK(try_socket(families[i], SOCK_DGRAM, 0) == EPERM);
	}
	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	CHECK(listen(listener, 1) < 0 && errno == EPERM);
}

static void
try_processes(void)
{
	static char *const argv[] = {(char *)"true", NULL};
	int fd = memfd_create("program", 0);

	CHECK(execv("/bin/true", argv) < 0 && (errno == EPERM || errno == EACCES));
	CHECK(try_program("/bin/true") == EPERM);
	/* Memory is no file that Landlock knows. */
	CHECK(fexecve(fd, argv, environ) < 0 && errno == EPERM);
	CHECK(kill(getppid(), 0) < 0 && errno == EPERM);
	CHECK(syscall(SYS_ptrace, 16, getppid(), 0, 0) < 0 && errno == EPERM);
	CHECK(setuid(getuid()) < 0 && errno == EPERM);
	CHECK(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
	/* A program's own signals, and abort(3), work. */
	signal(SIGUSR1, SIG_IGN);
	CHECK(raise(SIGUSR1) == 0);
}

static void *
run_thread(void *ctx)
{
	*(int *)ctx = try_open("/etc/passwd", O_RDONLY);
	return NULL;
}

/* Threads that come later are in it, too, and the C library has what it needs for them. */
static void
try_thread(void)
{
	pthread_t thread;
	int error = 0;

	CHECK(pthread_create(&thread, NULL, run_thread, &error) == 0);
	CHECK(pthread_join(thread, NULL) == 0);
	CHECK(error == EACCES);
}

static void
test_nothing(void **state)
{
	(void)state;
	if (!had.landlock || !had.seccomp)
		skip();
	in_child(NULL, try_files);
	in_child(NULL, try_attributes);
	in_child(NULL, try_sockets);
	if (!SANITIZED)
		in_child(NULL, try_processes);
	in_child(NULL, try_thread);
}

/* ---- reading */

static void
keep_file(struct sandbox *box)
{
	sandbox_read(box, in_dir("file"));
	sandbox_read(box, in_dir("missing"));
	sandbox_read(box, "-");
}

static void
try_file(void)
{
	CHECK(try_open(in_dir("file"), O_RDONLY) == 0);
	CHECK(try_open(in_dir("file"), O_WRONLY) == EACCES);
	CHECK(try_open(in_dir("other"), O_RDONLY) == EACCES);
	CHECK(try_open(in_dir("missing"), O_RDONLY) == ENOENT);
}

static void
keep_link(struct sandbox *box)
{
	sandbox_read(box, in_dir("link"));
}

static void
try_link(void)
{
	CHECK(try_open(in_dir("link"), O_RDONLY) == 0);
	CHECK(try_open(in_dir("file"), O_RDONLY) == 0);
	CHECK(try_open(in_dir("other"), O_RDONLY) == EACCES);
}

static void
keep_relative(struct sandbox *box)
{
	assert_int_equal(chdir(in_dir("sub")), 0);
	sandbox_read(box, "../file");
	sandbox_read(box, "file");
}

static void
try_relative(void)
{
	CHECK(try_open("file", O_RDONLY) == 0);
	CHECK(try_open("../file", O_RDONLY) == 0);
	CHECK(try_open("../other", O_RDONLY) == EACCES);
}

static void
keep_fifo(struct sandbox *box)
{
	sandbox_read(box, in_dir("fifo"));
}

static void
try_fifo(void)
{
	CHECK(try_open(in_dir("fifo"), O_RDONLY | O_NONBLOCK) == 0);
}

/* Descriptors by name: a pipe, which no rule can name, and a file without a name. */
static char pipe_name[32], nameless[32];

static void
keep_descriptors(struct sandbox *box)
{
	int fds[2], fd = open(in_dir("new"), O_RDWR | O_CREAT, 0600);

	assert_int_equal(pipe(fds), 0);
	unlink(in_dir("new"));
	snprintf(pipe_name, sizeof(pipe_name), "/dev/fd/%d", fds[0]);
	snprintf(nameless, sizeof(nameless), "/proc/self/fd/%d", fd);
	sandbox_read(box, pipe_name);
	sandbox_follow(box, pipe_name);
	sandbox_read(box, nameless);
}

static void
try_descriptors(void)
{
	CHECK(try_open(pipe_name, O_RDONLY) == 0);
	CHECK(try_open(nameless, O_RDONLY) == 0);
	CHECK(try_open("/proc/self/environ", O_RDONLY) == EACCES);
}

static void
test_read(void **state)
{
	(void)state;
	if (!had.landlock)
		skip();
	in_child(keep_file, try_file);
	assert_int_equal(symlink("file", in_dir("link")), 0);
	in_child(keep_link, try_link);
	in_child(keep_relative, try_relative);
	assert_int_equal(mkfifo(in_dir("fifo"), 0600), 0);
	in_child(keep_fifo, try_fifo);
	if (!SANITIZED)
		in_child(keep_descriptors, try_descriptors);
}

/* ---- following */

/* The child asks for the next step and is told when it is done. */
static int steps[2], done[2];

static void
next_step(void)
{
	char c;

	CHECK(write(steps[1], "", 1) == 1);
	CHECK(read(done[0], &c, 1) == 1);
}

static void
keep_followed(struct sandbox *box)
{
	sandbox_follow(box, in_dir("sub/file"));
	sandbox_follow(box, in_dir("sub/new"));
}

static void
try_followed(void)
{
	CHECK(try_open(in_dir("sub/file"), O_RDONLY) == 0);
	CHECK(try_open(in_dir("sub/new"), O_RDONLY) == ENOENT);
	next_step();
	CHECK(try_open(in_dir("sub/file"), O_RDONLY) == 0);
	CHECK(try_open(in_dir("sub/new"), O_RDONLY) == 0);
	CHECK(try_open(in_dir("sub/new"), O_WRONLY) == EACCES);
	CHECK(try_open(in_dir("file"), O_RDONLY) == EACCES);
}

static void
replace_files(void)
{
	write_file(in_dir("new"), "new");
	assert_int_equal(rename(in_dir("new"), in_dir("sub/file")), 0);
	write_file(in_dir("sub/new"), "new");
}

/* link/file, where link -> sub becomes link -> v2. */
static void
keep_turned(struct sandbox *box)
{
	sandbox_follow(box, in_dir("link/file"));
}

static void
try_turned(void)
{
	CHECK(try_open(in_dir("link/file"), O_RDONLY) == 0);
	next_step();
	CHECK(try_open(in_dir("link/file"), O_RDONLY) == 0);
	CHECK(try_open("/etc/passwd", O_RDONLY) == EACCES);
}

static void
turn_link(void)
{
	mkdir(in_dir("v2"), 0755);
	write_file(in_dir("v2/file"), "v2");
	unlink(in_dir("link"));
	assert_int_equal(symlink("v2", in_dir("link")), 0);
}

/* fork() in in_child() and a thread beside it would be no test of either; the parent's part runs in a child of its own. */
static void
with_step(void (*keep)(struct sandbox *box), void (*try)(void), void (*step)(void))
{
	pid_t pid;
	char c;

	assert_int_equal(pipe(steps), 0);
	assert_int_equal(pipe(done), 0);
	pid = fork();
	if (pid == 0) {
		close(steps[1]);
		if (read(steps[0], &c, 1) == 1)
			step();
		_exit(write(done[1], "", 1) == 1 ? 0 : 1);
	}
	in_child(keep, try);
	waitpid(pid, NULL, 0);
	for (int i = 0; i < 2; i++) {
		close(steps[i]);
		close(done[i]);
	}
}

static void
test_follow(void **state)
{
	(void)state;
	if (!had.landlock)
		skip();
	with_step(keep_followed, try_followed, replace_files);
	unlink(in_dir("link"));
	assert_int_equal(symlink("sub", in_dir("link")), 0);
	with_step(keep_turned, try_turned, turn_link);
}

static void
test_follow_paths(void **state)
{
	struct sandbox box;

	(void)state;
	/* A loop, an endless name, and what has no parent. */
	unlink(in_dir("link"));
	assert_int_equal(symlink("link", in_dir("link")), 0);
	sandbox_init(&box);
	sandbox_follow(&box, in_dir("link"));
	sandbox_follow(&box, "");
	sandbox_follow(&box, "no/such/directory/file");
	assert_string_equal(box.grants[box.count - 1].path, ".");
	sandbox_follow(&box, "/no-such-directory/file");
	assert_string_equal(box.grants[box.count - 1].path, "/");
	sandbox_follow(&box, "/");
	assert_false(box.nomem);
	sandbox_release(&box);
	unlink(in_dir("link"));
}

/* ---- replacing */

static void
keep_replaced(struct sandbox *box)
{
	sandbox_replace(box, in_dir("sub/file"));
	sandbox_replace(box, NULL);
}

static void
save(const char *path, int expected)
{
	struct savefile f;
	struct vrp_err err = {0};
	int rc = savefile_open(&f, path, &err);

	if (rc == 0) {
		CHECK(write(f.fd, "new", 3) == 3);
		rc = savefile_commit(&f, &err);
	}
	if (rc != expected)
		print_error("%s: %s\n", path, err.msg);
	CHECK(rc == expected);
}

static void
try_replaced(void)
{
	save(in_dir("sub/file"), 0);
	save(in_dir("sub/file"), 0);
	save(in_dir("other"), -1);
	CHECK(try_open(in_dir("sub/file"), O_RDONLY) == EACCES);
	CHECK(mkdir(in_dir("sub/dir"), 0700) < 0 && errno == EACCES);
	CHECK(symlink("/etc/passwd", in_dir("sub/dir")) < 0 && errno == EACCES);
	CHECK(rename(in_dir("sub/file"), in_dir("moved")) < 0 && (errno == EACCES || errno == EXDEV));
}

static void
keep_new(struct sandbox *box)
{
	assert_int_equal(chdir(in_dir("sub")), 0);
	sandbox_replace(box, "new");
}

static void
try_new(void)
{
	save("new", 0);
	save("../other", -1);
	CHECK(unlink("new") == 0);
}

static void
keep_removed(struct sandbox *box)
{
	sandbox_remove(box, in_dir("sub/new"));
	sandbox_remove(box, NULL);
}

static void
try_removed(void)
{
	CHECK(unlink(in_dir("sub/new")) == 0);
	CHECK(unlink(in_dir("other")) < 0 && errno == EACCES);
	CHECK(try_open(in_dir("sub/new"), O_WRONLY | O_CREAT) == EACCES);
	CHECK(try_open(in_dir("sub/file"), O_WRONLY) == EACCES);
}

/* A link stays one, so it is the file's directory that counts. */
static void
keep_replaced_link(struct sandbox *box)
{
	sandbox_replace(box, in_dir("link"));
}

static void
try_replaced_link(void)
{
	struct stat st;

	save(in_dir("link"), 0);
	CHECK(lstat(in_dir("link"), &st) == 0 && S_ISLNK(st.st_mode));
	CHECK(try_open(in_dir("new"), O_WRONLY | O_CREAT) == EACCES);
}

static void
test_replace(void **state)
{
	(void)state;
	if (!had.landlock)
		skip();
	in_child(keep_replaced, try_replaced);
	in_child(keep_new, try_new);
	write_file(in_dir("sub/new"), "");
	in_child(keep_removed, try_removed);
	assert_int_equal(symlink("sub/file", in_dir("link")), 0);
	in_child(keep_replaced_link, try_replaced_link);
	unlink(in_dir("link"));
}

/* ---- the network */

static void
keep_port(struct sandbox *box)
{
	sandbox_connect(box, port);
}

static void
try_port(void)
{
	CHECK(try_tcp(connect, port) == 0);
	if (had.landlock >= 4) {
		CHECK(try_tcp(connect, other_port) == EACCES);
		CHECK(try_tcp(bind, 0) == EACCES);
		CHECK(try_tcp(bind, other_port) == EACCES);
	}
	CHECK(try_socket(AF_INET6, SOCK_STREAM, IPPROTO_TCP) == 0);
	CHECK(try_socket(AF_INET, SOCK_DGRAM, 0) == 0);
	CHECK(try_socket(AF_UNIX, SOCK_STREAM, 0) == 0);
	CHECK(try_socket(AF_NETLINK, SOCK_RAW, 0) == 0);
	CHECK(try_socket(AF_INET, SOCK_STREAM, 262) == EPERM);		/* MPTCP, whose ports Landlock doesn't see */
	CHECK(try_socket(AF_INET, SOCK_RAW, IPPROTO_ICMP) == EPERM);
	CHECK(try_socket(AF_PACKET, SOCK_RAW, 0) == EPERM);
	CHECK(try_open(in_dir("file"), O_RDONLY) == EACCES);
}

static void
keep_any_port(struct sandbox *box)
{
	sandbox_connect(box, SANDBOX_ANY_PORT);
	sandbox_bind(box, SANDBOX_ANY_PORT);
}

static void
try_any_port(void)
{
	CHECK(try_tcp(connect, port) == 0);
	CHECK(try_tcp(connect, other_port) == 0);
	CHECK(try_tcp(bind, 0) == 0);
}

static void
keep_resolver(struct sandbox *box)
{
	sandbox_resolve(box, false);
}

static void
try_resolver(void)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list;

	CHECK(getaddrinfo("localhost", "http", &hints, &list) == 0);
	freeaddrinfo(list);
	CHECK(try_open("/etc/hosts", O_RDONLY) == 0);
	CHECK(try_open("/etc/passwd", O_RDONLY) == EACCES);
}

static void
keep_accounts(struct sandbox *box)
{
	sandbox_accounts(box);
}

static void
try_accounts(void)
{
	CHECK(getpwnam("root") && getpwuid(getuid()));
	CHECK(try_open("/etc/shadow", O_RDONLY) == EACCES);
	if (had.landlock >= 4)
		CHECK(try_tcp(connect, port) == EACCES);
}

/* A listener that was open before goes on to take connections when there are no new sockets. */
static void
try_listener(void)
{
	struct pollfd p = {.fd = listener, .events = POLLIN};
	int fd;

	CHECK(poll(&p, 1, 10000) == 1);
	fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	CHECK(fd >= 0);
	CHECK(send(fd, "hello", 5, MSG_NOSIGNAL) == 5);
	CHECK(try_socket(AF_INET, SOCK_STREAM, 0) == EPERM);
}

static void
test_network(void **state)
{
	(void)state;
	if (!had.seccomp)
		skip();
	in_child(keep_port, try_port);
	in_child(keep_any_port, try_any_port);
	in_child(keep_resolver, try_resolver);
	in_child(keep_accounts, try_accounts);
	while (accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK) < 0)
		;
	assert_int_equal(try_tcp(connect, port), 0);
	in_child(NULL, try_listener);
}

/* ---- programs */

static void
keep_program(struct sandbox *box)
{
	sandbox_execute(box, "true");
}

static void
try_programs(void)
{
	CHECK(try_program("/bin/true") == 0);
	CHECK(try_program(in_dir("file")) == EACCES);
	CHECK(try_socket(AF_INET, SOCK_STREAM, 0) == EPERM);
}

static void
keep_script(struct sandbox *box)
{
	sandbox_execute(box, in_dir("file"));
}

static void
try_script(void)
{
	CHECK(try_program(in_dir("file")) == 0);
	CHECK(try_program(in_dir("other")) == EACCES);
}

static void
test_programs(void **state)
{
	(void)state;
	if (!had.landlock)
		skip();
	/* What it runs is in it as well. */
	write_file(in_dir("file"), "#!/bin/sh\n! cat /etc/passwd 2>/dev/null && test -r \"$0\"\n");
	write_file(in_dir("other"), "#!/bin/sh\n");
	chmod(in_dir("file"), 0755);
	chmod(in_dir("other"), 0755);
	in_child(keep_program, try_programs);
	in_child(keep_script, try_script);
}

/* ---- the rest */

static void
keep_secrets(struct sandbox *box)
{
	sandbox_guard_memory(box);
}

static void
try_secrets(void)
{
	struct rlimit core;

	CHECK(getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_cur == 0 && core.rlim_max == 0);
	CHECK(SANITIZED || prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0);
}

static void *
wait_for_end(void *ctx)
{
	pthread_barrier_wait(ctx);
	return NULL;
}

static void
test_threads(void **state)
{
	struct sandbox box;
	struct vrp_err err = {0};
	pthread_barrier_t end;
	pthread_t thread;

	(void)state;
	pthread_barrier_init(&end, NULL, 2);
	assert_int_equal(pthread_create(&thread, NULL, wait_for_end, &end), 0);
	sandbox_init(&box);
	assert_int_equal(sandbox_enter(&box, &err), -1);
	assert_string_equal(err.msg, "there are threads already");
	pthread_barrier_wait(&end);
	pthread_join(thread, NULL);
	sandbox_release(&box);
}

static void
test_secrets(void **state)
{
	(void)state;
	in_child(keep_secrets, try_secrets);
}

/* Twice is not wrong; the second may only take away. */
static void
try_again(void)
{
	struct sandbox box;

	sandbox_init(&box);
	sandbox_read(&box, in_dir("file"));
	CHECK(sandbox_enter(&box, NULL) == 0);
	sandbox_release(&box);
	CHECK(try_open(in_dir("file"), O_RDONLY) == EACCES);
}

static void
test_again(void **state)
{
	(void)state;
	if (!had.landlock)
		skip();
	in_child(NULL, try_again);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_follow),
		cmocka_unit_test(test_follow_paths),
		cmocka_unit_test(test_replace),
		cmocka_unit_test(test_network),
		cmocka_unit_test(test_programs),
		cmocka_unit_test(test_secrets),
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_again),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
