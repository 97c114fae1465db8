/* SPDX-License-Identifier: ISC */
#include "secret.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Room for len bytes and a NUL, in pages of their own so that what is said of them concerns nothing else. */
static int
reserve(struct secret *s, size_t len, struct vrp_err *err)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *data;

	if (len >= SIZE_MAX - page)
		return vrp_err_nomem(err);
	s->size = (len + page) / page * page;
	data = mmap(NULL, s->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (data == MAP_FAILED) {
		*s = (struct secret)SECRET_INIT;
		return vrp_err_nomem(err);
	}
	s->data = data;
	s->len = 0;
	/* Both are wishes: limits on locked memory are often low, and what is lost is a precaution. */
#ifdef MADV_DONTDUMP
	(void)madvise(s->data, s->size, MADV_DONTDUMP);
#endif
#ifdef MLOCK_ONFAULT
	(void)mlock2(s->data, s->size, MLOCK_ONFAULT);
#else
	(void)mlock(s->data, s->size);
#endif
	return 0;
}

void
secret_release(struct secret *s)
{
	if (s->data) {
		explicit_bzero(s->data, s->size);
		munmap(s->data, s->size);
	}
	*s = (struct secret)SECRET_INIT;
}

static const char *
verb(unsigned bits)
{
	return bits & 4 ? "read" : bits & 2 ? "change" : "execute";
}

static int
check_access(const struct stat *st, struct vrp_err *err)
{
	unsigned mode = st->st_mode & 07777, group;
	uid_t us = geteuid();

	if (S_ISDIR(st->st_mode))
		return vrp_err_set(err, "%s", strerror(EISDIR));
	if (!S_ISREG(st->st_mode) && !S_ISFIFO(st->st_mode))
		return vrp_err_set(err, "neither a regular file nor a pipe");
	if (st->st_uid != us && st->st_uid != 0 && us != 0)
		return vrp_err_set(err, "user %lu owns it, not root or user %lu, who reads it", (unsigned long)st->st_uid,
				   (unsigned long)us);
	if (mode & S_IRWXO)
		return vrp_err_set(err, "mode %04o lets others %s it", mode, verb(mode & 7));
	group = mode >> 3 & (st->st_uid == 0 ? 3 : 7);
	if (group)
		return vrp_err_set(err, "mode %04o lets its group %s it", mode, verb(group));
	return 0;
}

/* As read(2), but that a pipe is waited for. */
static ssize_t
read_some(int fd, char *dst, size_t len)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	ssize_t n;

	while ((n = read(fd, dst, len)) < 0 && (errno == EINTR || errno == EAGAIN)) {
		if (errno != EAGAIN || poll(&p, 1, SECRET_PIPE_MS) != 0)
			continue;
		errno = ETIMEDOUT;
		break;
	}
	return n;
}

static int
read_all(struct secret *out, int fd, size_t room, struct vrp_err *err)
{
	ssize_t n;

	if (reserve(out, room, err) < 0)
		return -1;
	while ((n = read_some(fd, out->data + out->len, room - out->len)) > 0)
		out->len += (size_t)n;
	return n < 0 ? vrp_err_set(err, "%s", strerror(errno)) : 0;
}

/* The first `room` bytes, and nothing of a file that others have access to. */
static int
read_file(struct secret *out, const char *path, size_t room, struct vrp_err *err)
{
	struct stat st;
	int fd, rc;

	*out = (struct secret)SECRET_INIT;
	/* Neither a FIFO without a writer nor a terminal shall hold us up or become ours. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return vrp_err_set(err, "%s", strerror(errno));
	rc = fstat(fd, &st) < 0 ? vrp_err_set(err, "%s", strerror(errno)) : check_access(&st, err);
	if (rc == 0)
		rc = read_all(out, fd, room, err);
	close(fd);
	return rc;
}

static int
check_size(size_t len, size_t max, struct vrp_err *err)
{
	if (len == 0)
		return vrp_err_set(err, "empty");
	return len > max ? vrp_err_set(err, "more than %zu bytes", max) : 0;
}

int
secret_read(struct secret *out, const char *path, size_t max, struct vrp_err *err)
{
	int rc = read_file(out, path, max + 1, err);

	if (rc == 0)
		rc = check_size(out->len, max, err);
	if (rc < 0)
		secret_release(out);
	return rc;
}

static int
check_line(const struct secret *s, struct vrp_err *err)
{
	if (memchr(s->data, '\n', s->len))
		return vrp_err_set(err, "more than one line");
	if (memchr(s->data, '\0', s->len))
		return vrp_err_set(err, "has a NUL");
	return 0;
}

int
secret_read_line(struct secret *out, const char *path, size_t max, struct vrp_err *err)
{
	int rc = read_file(out, path, max + 2, err);

	if (rc == 0 && out->len > 0 && out->data[out->len - 1] == '\n')
		out->data[--out->len] = '\0';
	if (rc == 0)
		rc = check_line(out, err);
	if (rc == 0)
		rc = check_size(out->len, max, err);
	if (rc < 0)
		secret_release(out);
	return rc;
}

int
secret_from_env(struct secret *out, const char *name, size_t max, struct vrp_err *err)
{
	char *value = getenv(name);
	size_t len = value ? strlen(value) : 0;
	int rc;

	*out = (struct secret)SECRET_INIT;
	if (!value)
		return vrp_err_set(err, "not set");
	rc = check_size(len, max, err);
	if (rc == 0)
		rc = reserve(out, len, err);
	if (rc == 0) {
		memcpy(out->data, value, len);
		out->len = len;
	}
	explicit_bzero(value, len);
	unsetenv(name);
	return rc;
}
