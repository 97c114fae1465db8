/* SPDX-License-Identifier: ISC */
#include "filewatch.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static bool
same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* Without O_NONBLOCK opening a FIFO would wait for a writer. */
int
filewatch_open(const char *path, bool *regular)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	int error = 0;
	struct stat st;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) < 0)
		error = errno;
	else if (S_ISDIR(st.st_mode))
		error = EISDIR;
	*regular = !error && S_ISREG(st.st_mode);
	if (!error)
		return fd;
	close(fd);
	errno = error;
	return -1;
}

void
filewatch_took(struct filewatch *w, int fd)
{
	if (fstat(fd, &w->read) < 0)
		w->read = (struct stat){0};
	w->seen = w->read;
	w->gone = false;
}

enum filewatch_state
filewatch_look(struct filewatch *w)
{
	struct stat st;
	bool settled, was_gone = w->gone;

	w->gone = stat(w->path, &st) < 0;
	if (w->gone)
		return was_gone ? FILEWATCH_SAME : FILEWATCH_GONE;
	settled = same_file(&st, &w->seen);
	w->seen = st;
	return settled && !same_file(&st, &w->read) ? FILEWATCH_CHANGED : FILEWATCH_SAME;
}
