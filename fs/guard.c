/* SPDX-License-Identifier: ISC */
#include "guard.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mountpoint.h"
#include "outside.h"

static VRP_NORETURN void
watch(int fd, const char *path, uint64_t id)
{
	char byte;
	ssize_t n;

	outside_settle(fd, false);
	(void)!chdir("/");
	do
		n = read(fd, &byte, 1);
	while (n < 0 && errno == EINTR);
	if (n == 0 && mountpoint_id(path) == id)
		_exit(mountpoint_detach(path) < 0);
	_exit(0);
}

int
guard_start(struct guard *g, const char *path, struct vrp_err *err)
{
	uint64_t id = mountpoint_id(path);
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return vrp_err_set(err, "cannot make a pipe: %s", strerror(errno));
	g->pid = fork();
	if (g->pid == 0) {
		close(ends[1]);
		watch(ends[0], path, id);
	}
	if (g->pid < 0)
		vrp_err_set(err, "cannot fork: %s", strerror(errno));
	close(ends[0]);
	if (g->pid < 0) {
		close(ends[1]);
		return -1;
	}
	g->fd = ends[1];
	return 0;
}

void
guard_dismiss(struct guard *g)
{
	if (g->fd >= 0)
		(void)!write(g->fd, "", 1);
}

int
guard_end(struct guard *g)
{
	int status;

	if (g->fd < 0)
		return 0;
	close(g->fd);
	g->fd = -1;
	while (waitpid(g->pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}
