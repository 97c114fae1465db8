/* SPDX-License-Identifier: ISC */
#include "load.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "stamp.h"
#include "table.h"

#define READ_SIZE ((size_t)256 * 1024)

/* What the callbacks return besides 0 and -1, which is that memory is out. */
#define REFUSED 1

struct loader {
	struct load *load;
	struct vrp_err *err;
};

static int
on_commit(void *ctx, struct vrpset *set, const struct block_head *head)
{
	struct load *l = ((struct loader *)ctx)->load;

	vrpset_unref(l->set);
	l->set = vrpset_ref(set);
	if (head->time != STAMP_UNKNOWN || head->kind != BLOCK_DELTA)
		l->time = head->time;
	return block_attrs_follow(&l->attrs, head);
}

/* The source of the table that was held last. */
static int
find_source(struct load *l)
{
	struct block_head last = {.attrs = l->attrs.data ? l->attrs.data : "", .attrs_len = l->attrs.len};

	return block_attr(&last, "source", &l->source) < 0 || (l->source.len && buf_add(&l->source, "", 1) < 0) ? -1 : 0;
}

static int
on_reject(void *ctx, const struct vrp_err *reason)
{
	struct loader *loader = ctx;

	if (loader->err)
		*loader->err = *reason;
	return REFUSED;
}

static int
on_other(void *ctx, const char *line, size_t len)
{
	struct load *l = ((struct loader *)ctx)->load;

	return buf_add(&l->other, line, len) < 0 || buf_add(&l->other, "\n", 1) < 0 ? -1 : 0;
}

/* As read(2), waiting where the descriptor, which others may share, would not. */
static ssize_t
read_some(int fd, char *data)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	ssize_t n;

	while ((n = read(fd, data, READ_SIZE)) < 0 && (errno == EINTR || errno == EAGAIN))
		if (errno == EAGAIN)
			(void)poll(&p, 1, -1);
	return n;
}

int
load_feed(struct table *t, int fd, int *error)
{
	char *data = malloc(READ_SIZE);
	ssize_t n = 0;
	int rc = data ? 0 : -1;

	while (rc == 0 && (n = read_some(fd, data)) > 0)
		rc = table_feed(t, data, (size_t)n);
	*error = n < 0 ? errno : 0;
	free(data);
	return rc;
}

/* 0, -1, or REFUSED. */
static int
read_all(struct table *t, int fd, struct vrp_err *err)
{
	int error, rc = load_feed(t, fd, &error);

	if (rc)
		return rc;
	if (error) {
		vrp_err_set(err, "%s", strerror(error));
		return REFUSED;
	}
	return table_finish(t);
}

int
load_read(struct load *out, const char *path, struct names *names, struct vrp_err *err)
{
	static const struct table_ops ops = {.commit = on_commit, .reject = on_reject, .other = on_other};
	bool input = strcmp(path, "-") == 0;
	struct loader loader = {out, err};
	struct table *t;
	int fd, rc;

	*out = (struct load){.time = STAMP_UNKNOWN};
	vrp_err_clear(err);
	fd = input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return vrp_err_set(err, "%s", strerror(errno));
	t = table_new(names, &ops, &loader);
	rc = t ? read_all(t, fd, err) : -1;
	table_free(t);
	if (!input)
		close(fd);
	if (rc == 0 && !out->set) {
		vrp_err_set(err, "no table: neither a block nor a record");
		rc = REFUSED;
	}
	if (rc == 0)
		rc = find_source(out);
	if (rc == 0)
		return 0;
	load_release(out);
	return rc < 0 ? vrp_err_nomem(err) : -1;
}

void
load_release(struct load *l)
{
	vrpset_unref(l->set);
	buf_release(&l->attrs);
	buf_release(&l->source);
	buf_release(&l->other);
	*l = (struct load){.time = STAMP_UNKNOWN};
}
