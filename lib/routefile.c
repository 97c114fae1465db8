/* SPDX-License-Identifier: ISC */
#include "routefile.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define READ_SIZE ((size_t)256 * 1024)
#define HEAD_SIZE 12		/* so much tells an MRT header */
#define BGPDUMP_PATH_MAX 999	/* what its buffers hold */

struct reader {
	const struct routefile_ops *ops;
	void *ctx;
	struct vrp_err *err;
	struct route_scratch scratch;
	struct buf data;	/* read, and not yet taken */
	size_t line;
	bool skipping;		/* the rest of a line that is too long */
	int rc;			/* non-zero ends it: a callback's value, or -1 */
};

/* ---- lines */

static void
take_line(struct reader *r, const char *s, size_t len)
{
	struct vrp_err why = {0};
	struct route route;
	int rc;

	r->line++;
	rc = route_parse(s, len, &r->scratch, &route, &why);
	if (rc > 0) {
		r->rc = r->ops->route(r->ctx, &route);
	} else if (rc < 0 && why.column == 0) {
		r->rc = vrp_err_nomem(r->err);
	} else if (rc < 0) {
		why.line = r->line;
		r->rc = r->ops->bad(r->ctx, &why);
	}
}

static void
skip_long_line(struct reader *r)
{
	struct vrp_err why = {.line = r->line + 1, .column = 1};

	vrp_err_set(&why, "line longer than 1 MiB");
	buf_reset(&r->data);
	r->skipping = true;
	r->rc = r->ops->bad(r->ctx, &why);
}

/* Every whole line of what is held. */
static void
take_lines(struct reader *r)
{
	const char *s = r->data.data, *end = s + r->data.len, *newline;

	while (r->rc == 0 && (newline = memchr(s, '\n', (size_t)(end - s)))) {
		if (r->skipping)
			r->line++;
		else
			take_line(r, s, (size_t)(newline - s));
		r->skipping = false;
		s = newline + 1;
	}
	buf_drop(&r->data, (size_t)(s - r->data.data));
	if (r->rc == 0 && (r->skipping || r->data.len > ROUTE_LINE_MAX)) {
		if (!r->skipping)
			skip_long_line(r);
		buf_reset(&r->data);
	}
}

/* As read(2) behind what is held, waiting where the descriptor would not. */
static ssize_t
read_more(struct reader *r, int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	ssize_t n;

	if (buf_reserve(&r->data, READ_SIZE) < 0) {
		errno = ENOMEM;
		return -1;
	}
	while ((n = read(fd, r->data.data + r->data.len, READ_SIZE)) < 0 && (errno == EINTR || errno == EAGAIN))
		if (errno == EAGAIN)
			(void)poll(&p, 1, -1);
	if (n > 0)
		r->data.len += (size_t)n;
	return n;
}

/* To the end of fd; something may be held already.  The last line may lack its newline. */
static void
read_lines(struct reader *r, int fd)
{
	ssize_t n = 0;

	while (r->rc == 0) {
		if (r->data.len)
			take_lines(r);
		if (r->rc == 0)
			r->rc = r->ops->pause(r->ctx);
		if (r->rc || (n = read_more(r, fd)) <= 0)
			break;
	}
	if (r->rc == 0 && n < 0)
		r->rc = vrp_err_set(r->err, "%s", strerror(errno));
	if (r->rc == 0 && r->data.len && !r->skipping)
		take_line(r, r->data.data, r->data.len);
	if (r->rc == 0)
		r->rc = r->ops->pause(r->ctx);
}

/* ---- MRT */

enum content { LINES, MRT, MRT_BZIP2, XZ };

/* By the first bytes: magic numbers, or the header of an MRT record (RFC 6396 section 2), whose types are below 256. */
static enum content
sniff(const struct buf *b)
{
	static const unsigned char xz[] = {0xfd, '7', 'z', 'X', 'Z'};
	const unsigned char *p = (const unsigned char *)b->data;

	if (b->len >= 2 && p[0] == 0x1f && p[1] == 0x8b)
		return MRT;
	if (b->len >= 4 && memcmp(p, "BZh", 3) == 0 && p[3] >= '1' && p[3] <= '9')
		return MRT_BZIP2;
	if (b->len >= sizeof(xz) && memcmp(p, xz, sizeof(xz)) == 0)
		return XZ;
	return b->len >= HEAD_SIZE && p[4] == 0 && p[5] >= 9 && p[5] < 64 && p[6] == 0 ? MRT : LINES;
}

/* "-v" makes it say on standard error what went wrong, which its exit status doesn't. */
static int
spawn_bgpdump(const char *path, int out, int said, pid_t *pid)
{
	char *argv[] = {(char[]){"bgpdump"}, (char[]){"-v"}, (char[]){"-m"}, (char *)path, NULL};
	posix_spawn_file_actions_t actions;
	int error = posix_spawn_file_actions_init(&actions);

	if (error)
		return error;
	error = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (!error)
		error = posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	if (!error)
		error = posix_spawn_file_actions_adddup2(&actions, said, STDERR_FILENO);
	if (!error)
		error = posix_spawnp(pid, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return error;
}

/* The first of its complaints, without date and level; it also tells what it does. */
static bool
find_complaint(int said, char *text, size_t size)
{
	char all[4096];
	ssize_t n = pread(said, all, sizeof(all) - 1, 0);
	const char *s;

	all[n > 0 ? n : 0] = '\0';
	for (s = all; *s; s += strcspn(s, "\n"), s += *s == '\n') {
		size_t len = strcspn(s, "\n");
		const char *level = memmem(s, len, "] ", 2);

		if (memmem(s, len, "[info]", 6) || len == 0)
			continue;
		if (level)
			len -= (size_t)(level + 2 - s);
		snprintf(text, size, "%.*s", (int)len, level ? level + 2 : s);
		return true;
	}
	return false;
}

static int
end_bgpdump(struct reader *r, pid_t pid, int said)
{
	char complaint[160] = "";
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return vrp_err_set(r->err, "bgpdump: %s", strerror(errno));
	if (r->rc)
		return r->rc;
	if (find_complaint(said, complaint, sizeof(complaint)))
		return vrp_err_set(r->err, "not read to its end; bgpdump says: %s", complaint);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return vrp_err_set(r->err, "bgpdump failed");
	return r->line ? 0 : vrp_err_set(r->err, "bgpdump finds no route in it");
}

static int
read_spawned(struct reader *r, const char *path, int out[2], int said)
{
	pid_t pid;
	int error = spawn_bgpdump(path, out[1], said, &pid);

	close(out[1]);
	if (!error)
		read_lines(r, out[0]);
	close(out[0]);
	if (error == ENOENT)
		return vrp_err_set(r->err, "an MRT file or compressed, and the program bgpdump, which reads these, is not installed");
	if (error)
		return vrp_err_set(r->err, "bgpdump: %s", strerror(error));
	return end_bgpdump(r, pid, said);
}

/* fd is what was sniffed at: a program can't begin anew but with a file. */
static int
read_mrt(struct reader *r, const char *path, int fd)
{
	char text[BGPDUMP_PATH_MAX + 1];
	int out[2], said, rc;
	struct stat st;

	if (strcmp(path, "-") == 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return vrp_err_set(r->err, "an MRT file or compressed: name the file, or pipe it through bgpdump -m");
	/* It would take a name that begins with - for an option. */
	if (snprintf(text, sizeof(text), "%s%s", *path == '-' ? "./" : "", path) >= (int)sizeof(text))
		return vrp_err_set(r->err, "name too long for bgpdump");
	if (pipe2(out, O_CLOEXEC) < 0)
		return vrp_err_set(r->err, "%s", strerror(errno));
	said = memfd_create("bgpdump", MFD_CLOEXEC);
	if (said < 0) {
		close(out[0]);
		close(out[1]);
		return vrp_err_set(r->err, "%s", strerror(errno));
	}
	buf_reset(&r->data);
	rc = read_spawned(r, text, out, said);
	close(said);
	return rc;
}

static bool
named_bz2(const char *path)
{
	size_t len = strlen(path);

	return len > 4 && strcmp(path + len - 4, ".bz2") == 0;
}

static int
read_any(struct reader *r, const char *path, int fd)
{
	/* A pipe may come in pieces. */
	while (r->data.len < HEAD_SIZE) {
		ssize_t n = read_more(r, fd);

		if (n < 0)
			return vrp_err_set(r->err, "%s", strerror(errno));
		if (n == 0 || memchr(r->data.data, '\n', r->data.len))
			break;
	}
	switch (sniff(&r->data)) {
	case MRT_BZIP2:
		if (!named_bz2(path))
			return vrp_err_set(r->err, "compressed by bzip2, which bgpdump only knows by a name that ends in .bz2");
		return read_mrt(r, path, fd);
	case MRT:
		return read_mrt(r, path, fd);
	case XZ:
		return vrp_err_set(r->err, "compressed by xz, which bgpdump doesn't read: pipe it through xz -dc");
	case LINES:
		break;
	}
	read_lines(r, fd);
	return r->rc;
}

/* A pipe loses what is read, and takes lines only. */
static bool
is_dump(const char *path)
{
	char head[HEAD_SIZE];
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	ssize_t n = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? pread(fd, head, sizeof(head), 0) : 0;
	enum content content = n > 0 ? sniff(&(struct buf){head, (size_t)n, (size_t)n}) : LINES;

	if (fd >= 0)
		close(fd);
	return content == MRT || content == MRT_BZIP2;
}

void
routefile_keep(const char *path, struct sandbox *box)
{
	if (strcmp(path, "-") == 0)
		return;
	sandbox_read(box, path);
	if (is_dump(path))
		sandbox_execute(box, "bgpdump");
}

int
routefile_read(const char *path, const struct routefile_ops *ops, void *ctx, struct vrp_err *err)
{
	struct reader r = {.ops = ops, .ctx = ctx, .err = err, .scratch = ROUTE_SCRATCH_INIT, .data = BUF_INIT};
	bool input = strcmp(path, "-") == 0;
	int fd = input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	int rc;

	vrp_err_clear(err);
	if (fd < 0)
		return vrp_err_set(err, "%s", strerror(errno));
	rc = read_any(&r, path, fd);
	if (!input)
		close(fd);
	route_scratch_release(&r.scratch);
	buf_release(&r.data);
	return rc;
}
