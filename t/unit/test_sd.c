/* SPDX-License-Identifier: ISC */
/* A service manager in the hands of a test: real sockets, real datagrams. */
#include "test.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sd.h"

#define FIRST 200

static void
set_pid(const char *variable, long pid)
{
	char text[24];

	snprintf(text, sizeof(text), "%ld", pid);
	setenv(variable, text, 1);
}

static void
pass(int number)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(dup2(fd, number), number);
	close(fd);
}

static void
test_sockets(void **state)
{
	struct sd_socket got[SD_SOCKETS_MAX];
	struct vrp_err err = {0};
	(void)state;

	pass(FIRST);
	pass(FIRST + 1);
	pass(FIRST + 2);
	set_pid("LISTEN_PID", getpid());
	setenv("LISTEN_FDS", "3", 1);
	setenv("LISTEN_FDNAMES", "tls:rtr.socket", 1);
	assert_int_equal(sd_sockets(got, FIRST, &err), 3);
	assert_string_equal(got[0].name, "tls");
	assert_string_equal(got[1].name, "rtr.socket");
	assert_string_equal(got[2].name, "");
	for (int i = 0; i < 3; i++) {
		assert_int_equal(got[i].fd, FIRST + i);
		assert_true(fcntl(got[i].fd, F_GETFD) & FD_CLOEXEC);
		close(got[i].fd);
	}
	assert_null(getenv("LISTEN_FDS"));
	assert_null(getenv("LISTEN_PID"));
	assert_null(getenv("LISTEN_FDNAMES"));
	assert_int_equal(sd_sockets(got, FIRST, &err), 0);
}

/* Those of a parent are not ours. */
static void
test_sockets_of_another(void **state)
{
	struct sd_socket got[SD_SOCKETS_MAX];
	(void)state;

	set_pid("LISTEN_PID", getppid());
	setenv("LISTEN_FDS", "1", 1);
	assert_int_equal(sd_sockets(got, FIRST, NULL), 0);
	setenv("LISTEN_FDS", "1", 1);
	assert_int_equal(sd_sockets(got, FIRST, NULL), 0);
}

static void
test_bad_sockets(void **state)
{
	static const char *const counts[] = {"65", "-1", "x", "", "99999999999"};
	struct sd_socket got[SD_SOCKETS_MAX];
	struct vrp_err err = {0};
	(void)state;

	for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
		set_pid("LISTEN_PID", getpid());
		setenv("LISTEN_FDS", counts[i], 1);
		assert_case(sd_sockets(got, FIRST, &err) == -1, "%s", counts[i]);
	}
	set_pid("LISTEN_PID", getpid());
	setenv("LISTEN_FDS", "1", 1);
	assert_int_equal(sd_sockets(got, FIRST, &err), -1);
	assert_string_equal(err.msg, "descriptor 200 of LISTEN_FDS: Bad file descriptor");
	assert_int_equal(dup2(open("/dev/null", O_RDONLY), FIRST), FIRST);
	set_pid("LISTEN_PID", getpid());
	setenv("LISTEN_FDS", "1", 1);
	assert_int_equal(sd_sockets(got, FIRST, &err), -1);
	assert_string_equal(err.msg, "descriptor 200 of LISTEN_FDS is no socket that listens");
	close(FIRST);
}

/* ---- the notifier */

static int
manager_at(const char *name)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	size_t len = strlen(name);
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	memcpy(sun.sun_path, name, len);
	if (name[0] == '@')
		sun.sun_path[0] = '\0';
	assert_int_equal(bind(fd, (struct sockaddr *)&sun, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)), 0);
	return fd;
}

static void
hears(int fd, const char *expected)
{
	char text[2048];
	ssize_t n = recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT);

	assert_true(n >= 0);
	text[n] = '\0';
	assert_string_equal(text, expected);
}

static void
check_notifier(const char *name)
{
	int fd = manager_at(name);
	struct sd_notifier n;
	char text[128];
	ssize_t len;

	setenv("NOTIFY_SOCKET", name, 1);
	setenv("WATCHDOG_USEC", "3000000", 1);
	set_pid("WATCHDOG_PID", getpid());
	assert_int_equal(sd_notifier_open(&n, NULL), 0);
	assert_null(getenv("NOTIFY_SOCKET"));
	assert_int_equal(n.watchdog_ms, 1500);
	sd_notify(&n, "READY=1\nSTATUS=serial %d", 7);
	hears(fd, "READY=1\nSTATUS=serial 7");
	sd_notify_reloading(&n);
	len = recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT);
	assert_true(len > 0);
	text[len] = '\0';
	assert_int_equal(strncmp(text, "RELOADING=1\nMONOTONIC_USEC=", 27), 0);
	assert_true(strtoull(text + 27, NULL, 10) > 0);
	/* A manager that is gone or full never holds us up. */
	for (int i = 0; i < 10000; i++)
		sd_notify(&n, "WATCHDOG=1");
	close(fd);
	sd_notify(&n, "STOPPING=1");
	sd_notifier_close(&n);
	sd_notify(&n, "STOPPING=1");
}

static void
test_notify_path(void **state)
{
	char name[64];
	(void)state;

	snprintf(name, sizeof(name), "/tmp/test_sd.%ld", (long)getpid());
	check_notifier(name);
	unlink(name);
}

static void
test_notify_abstract(void **state)
{
	char name[64];
	(void)state;

	snprintf(name, sizeof(name), "@test_sd.%ld", (long)getpid());
	check_notifier(name);
}

static void
test_nobody(void **state)
{
	struct sd_notifier n;
	struct vrp_err err = {0};
	(void)state;

	assert_int_equal(sd_notifier_open(&n, &err), 0);
	assert_int_equal(n.fd, -1);
	sd_notify(&n, "READY=1");
	setenv("NOTIFY_SOCKET", "relative", 1);
	assert_int_equal(sd_notifier_open(&n, &err), -1);
	setenv("NOTIFY_SOCKET", "/nonexistent/socket", 1);
	assert_int_equal(sd_notifier_open(&n, &err), -1);
	assert_int_equal(n.fd, -1);
}

/* The watchdog of another process is not ours to feed. */
static void
test_watchdog_of_another(void **state)
{
	char name[64];
	struct sd_notifier n;
	int fd;
	(void)state;

	snprintf(name, sizeof(name), "@test_sd.%ld", (long)getpid());
	fd = manager_at(name);
	setenv("NOTIFY_SOCKET", name, 1);
	setenv("WATCHDOG_USEC", "3000000", 1);
	set_pid("WATCHDOG_PID", getppid());
	assert_int_equal(sd_notifier_open(&n, NULL), 0);
	assert_int_equal(n.watchdog_ms, 0);
	sd_notifier_close(&n);
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sockets),		cmocka_unit_test(test_sockets_of_another),
		cmocka_unit_test(test_bad_sockets),	cmocka_unit_test(test_notify_path),
		cmocka_unit_test(test_notify_abstract), cmocka_unit_test(test_nobody),
		cmocka_unit_test(test_watchdog_of_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
