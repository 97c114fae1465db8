/* SPDX-License-Identifier: ISC */
#include "sd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <unistd.h>

#include "num.h"

#define MESSAGE_MAX 1024

/* Is the number in this variable our process ID? */
static bool
is_ours(const char *pid)
{
	uint32_t v;

	return pid && num_u32(pid, strlen(pid), &v) && v == (uint32_t)getpid();
}

/* One name of a list that colons separate; returns what is left of it. */
static const char *
take_name(const char *names, char name[SD_NAME_MAX + 1])
{
	size_t len = strcspn(names, ":"), kept = len < SD_NAME_MAX ? len : SD_NAME_MAX;

	memcpy(name, names, kept);
	name[kept] = '\0';
	return names[len] ? names + len + 1 : names + len;
}

static int
take_sockets(struct sd_socket *out, int first, const char *count, const char *names, struct vrp_err *err)
{
	uint32_t n;

	if (!num_u32(count, strlen(count), &n) || n > SD_SOCKETS_MAX)
		return vrp_err_set(err, "LISTEN_FDS is not a number up to %d", SD_SOCKETS_MAX);
	for (uint32_t i = 0; i < n; i++) {
		int on = 0;
		socklen_t len = sizeof(on);

		out[i].fd = first + (int)i;
		names = take_name(names, out[i].name);
		if (fcntl(out[i].fd, F_SETFD, FD_CLOEXEC) < 0)
			return vrp_err_set(err, "descriptor %d of LISTEN_FDS: %s", out[i].fd, strerror(errno));
		if (getsockopt(out[i].fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &len) < 0 || !on)
			return vrp_err_set(err, "descriptor %d of LISTEN_FDS is no socket that listens", out[i].fd);
	}
	return (int)n;
}

int
sd_sockets(struct sd_socket out[SD_SOCKETS_MAX], int first, struct vrp_err *err)
{
	const char *count = getenv("LISTEN_FDS"), *names = getenv("LISTEN_FDNAMES");
	int rc = 0;

	if (count && is_ours(getenv("LISTEN_PID")))
		rc = take_sockets(out, first, count, names ? names : "", err);
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDNAMES");
	return rc;
}

/* A path, or an abstract name behind @. */
static int
set_address(struct sd_notifier *n, const char *name, struct vrp_err *err)
{
	size_t len = strlen(name);

	if ((name[0] != '/' && name[0] != '@') || len < 2 || len >= sizeof(n->address.sun_path))
		return vrp_err_set(err, "NOTIFY_SOCKET is neither a path nor an abstract name");
	n->address.sun_family = AF_UNIX;
	memcpy(n->address.sun_path, name, len);
	if (name[0] == '@')
		n->address.sun_path[0] = '\0';
	n->address_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
	return 0;
}

static uint64_t
watchdog(void)
{
	const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	uint64_t v;

	if (!usec || (pid && !is_ours(pid)) || !num_u64(usec, strlen(usec), &v) || v == 0)
		return 0;
	return v / 2000 ? v / 2000 : 1;
}

int
sd_notifier_open(struct sd_notifier *n, struct vrp_err *err)
{
	const char *name = getenv("NOTIFY_SOCKET");
	int rc = 0;

	*n = (struct sd_notifier)SD_NOTIFIER_NONE;
	if (name)
		rc = set_address(n, name, err);
	if (name && rc == 0) {
		n->watchdog_ms = watchdog();
		n->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (n->fd < 0 || connect(n->fd, (const struct sockaddr *)&n->address, n->address_len) < 0) {
			rc = vrp_err_set(err, "NOTIFY_SOCKET: %s", strerror(errno));
			sd_notifier_close(n);
		}
	}
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	return rc;
}

void
sd_notifier_close(struct sd_notifier *n)
{
	if (n->fd >= 0)
		close(n->fd);
	n->fd = -1;
}

void
sd_notify(const struct sd_notifier *n, const char *fmt, ...)
{
	char message[MESSAGE_MAX];
	va_list ap;

	if (n->fd < 0)
		return;
	va_start(ap, fmt);
	vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	(void)!send(n->fd, message, strlen(message), MSG_NOSIGNAL | MSG_DONTWAIT);
}

void
sd_notify_reloading(const struct sd_notifier *n)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	sd_notify(n, "RELOADING=1\nMONOTONIC_USEC=%llu",
		  (unsigned long long)ts.tv_sec * 1000000 + (unsigned long long)ts.tv_nsec / 1000);
}
