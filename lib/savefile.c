/* SPDX-License-Identifier: ISC */
#include "savefile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define ATTEMPTS 16

static int
fail(struct vrp_err *err, const char *what)
{
	return vrp_err_set(err, "cannot %s: %s", what, strerror(errno));
}

static void
release(struct savefile *f)
{
	if (f->fd >= 0)
		close(f->fd);
	free(f->path);
	free(f->temp);
	*f = (struct savefile){.fd = -1};
}

void
savefile_discard(struct savefile *f)
{
	if (f->temp)
		unlink(f->temp);
	release(f);
}

/* A new file in the directory of path, hidden, with the mode that the umask leaves. */
static int
open_temp(struct savefile *f)
{
	const char *slash = strrchr(f->path, '/'), *base = slash ? slash + 1 : f->path;

	for (int i = 0; i < ATTEMPTS; i++) {
		uint32_t random = 0;

		if (getrandom(&random, sizeof(random), 0) != sizeof(random))
			return -1;
		free(f->temp);
		if (asprintf(&f->temp, "%.*s.%.100s.%08x", (int)(base - f->path), f->path, base, random) < 0) {
			f->temp = NULL;
			return -1;
		}
		f->fd = open(f->temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
		if (f->fd >= 0)
			return 0;
		if (errno != EEXIST)
			break;
	}
	free(f->temp);
	f->temp = NULL;
	return -1;
}

int
savefile_open(struct savefile *f, const char *path, struct vrp_err *err)
{
	struct stat st;
	bool there = stat(path, &st) == 0;

	*f = (struct savefile){.fd = -1};
	f->path = there ? realpath(path, NULL) : strdup(path);
	if (!f->path)
		return fail(err, "resolve the path");
	if (there && S_ISDIR(st.st_mode)) {
		errno = EISDIR;
	} else if (there && !S_ISREG(st.st_mode)) {
		f->fd = open(f->path, O_WRONLY | O_CLOEXEC);
	} else if (open_temp(f) == 0 && there) {
		/* The owner is a wish, which only root is granted; the mode is not. */
		if (fchown(f->fd, st.st_uid, st.st_gid) < 0 && fchown(f->fd, (uid_t)-1, st.st_gid) < 0)
			errno = 0;
		if (fchmod(f->fd, st.st_mode & 07777) < 0) {
			fail(err, "keep the mode");
			savefile_discard(f);
			return -1;
		}
	}
	if (f->fd >= 0)
		return 0;
	fail(err, there ? "open for writing" : "create");
	savefile_discard(f);
	return -1;
}

static int
sync_directory(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *dir = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
	int fd = dir ? open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1, rc = -1;

	if (fd >= 0) {
		/* Some file systems can't sync a directory and say so. */
		rc = fsync(fd) == 0 || errno == EINVAL ? 0 : -1;
		close(fd);
	}
	free(dir);
	return rc;
}

int
savefile_commit(struct savefile *f, struct vrp_err *err)
{
	int fd = f->fd, rc = 0;

	if (f->temp && fsync(fd) < 0)
		rc = fail(err, "sync");
	f->fd = -1;
	if (close(fd) < 0 && rc == 0)
		rc = fail(err, "write");
	if (rc == 0 && f->temp && rename(f->temp, f->path) < 0)
		rc = fail(err, "rename");
	if (rc < 0) {
		savefile_discard(f);
		return -1;
	}
	if (f->temp && sync_directory(f->path) < 0)
		rc = fail(err, "sync the directory");
	release(f);
	return rc;
}
