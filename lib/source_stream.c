/* SPDX-License-Identifier: ISC */
/* A source that is a VRP stream: a descriptor of the caller's, a FIFO or a device. */
#include <errno.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "filewatch.h"
#include "num.h"
#include "source_internal.h"
#include "stamp.h"
#include "table.h"

#define READ_SIZE ((size_t)256 * 1024)

struct stream {
	int fd;			/* -1 when it has ended for good */
	bool opened;		/* it is ours to close */
	bool named;		/* a FIFO that can have one writer after another */
	struct table *table;
	struct buf attrs;	/* what is known of the table by its blocks */
	struct buf name;	/* of the source, as these say it */
	int64_t time;		/* of the data, likewise */
	char *data;		/* READ_SIZE */
};

static int64_t
number_attr(const struct block_head *head, const char *name, uint32_t max)
{
	struct buf value = BUF_INIT;
	uint32_t number;
	bool good = block_attr(head, name, &value) > 0 && num_u32(value.data, value.len, &number) && number <= max;

	buf_release(&value);
	return good ? (int64_t)number : -1;
}

static int
on_commit(void *ctx, struct vrpset *set, const struct block_head *head)
{
	struct source *s = ctx;
	struct stream *st = s->own;
	struct block_attrs attrs = BLOCK_ATTRS_INIT;
	struct block_head known = *head;

	if (head->kind != BLOCK_DELTA || head->time != STAMP_UNKNOWN)
		st->time = head->time;
	buf_reset(&st->name);
	if (block_attrs_follow(&st->attrs, head) < 0)
		return -1;
	known.attrs = st->attrs.data;
	known.attrs_len = st->attrs.len;
	if (block_attr(&known, "source", &st->name) < 0 || buf_add(&st->name, "", 1) < 0)
		return -1;
	attrs.time = st->time;
	attrs.source = st->name.len > 1 ? st->name.data : st->opened ? s->name : NULL;
	attrs.session = (int32_t)number_attr(head, "session", UINT16_MAX);
	attrs.serial = number_attr(head, "serial", UINT32_MAX);
	source_take(s, set, &attrs);
	return 0;
}

static int
on_reject(void *ctx, const struct vrp_err *reason)
{
	source_refuse(ctx, reason, STAMP_UNKNOWN);
	return 0;
}

/* The next writer of a FIFO comes to a new descriptor, and must find one of ours at any time. */
static void
await_writer(struct source *s)
{
	struct stream *st = s->own;
	int next = -1;
	bool regular = true;

	if (st->named)
		next = filewatch_open(s->config.source, &regular);
	if (next >= 0 && regular) {
		close(next);
		next = -1;
	}
	if (st->opened)
		close(st->fd);
	st->fd = next;
}

static void
end(struct source *s, int error)
{
	struct stream *st = s->own;
	struct vrp_err err = {0};
	int rc = error ? table_break(st->table) : table_finish(st->table);

	vrp_err_set(&err, "%s", rc < 0 ? "out of memory" : error ? strerror(error) : "the input has ended");
	source_end(s, &err);
	await_writer(s);
}

static void
stream_step(struct source *s)
{
	struct stream *st = s->own;
	struct pollfd p = {.fd = st->fd, .events = POLLIN};
	struct vrp_err err = {0};
	ssize_t n;

	source_wait(s, &p, -1);
	if (!p.revents || source_stopped(s))
		return;
	n = read(st->fd, st->data, READ_SIZE);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		end(s, n < 0 ? errno : 0);
	} else if (table_feed(st->table, st->data, (size_t)n) < 0) {
		vrp_err_nomem(&err);
		source_fail(s, &err, STAMP_UNKNOWN);
	}
}

static void
stream_close(struct source *s)
{
	struct stream *st = s->own;

	if (st->opened && st->fd >= 0)
		close(st->fd);
	table_free(st->table);
	buf_release(&st->attrs);
	buf_release(&st->name);
	free(st->data);
	free(st);
}

/* Not the pipe of <(...) or /dev/stdin, which a path leads to as well: once its writers are gone, no other can come. */
static bool
is_named_fifo(int fd)
{
	struct statfs where;
	struct stat about;

	return fstat(fd, &about) == 0 && S_ISFIFO(about.st_mode) && fstatfs(fd, &where) == 0 &&
	       where.f_type != PIPEFS_MAGIC;
}

static int
stream_open(struct source *s, int fd, struct vrp_err *err)
{
	static const struct table_ops ops = {.commit = on_commit, .reject = on_reject};
	struct stream *st = s->own = calloc(1, sizeof(*st));

	if (!st)
		return vrp_err_nomem(err);
	st->fd = fd;
	st->opened = strcmp(s->config.source, "-") != 0;
	st->named = st->opened && is_named_fifo(fd);
	st->time = STAMP_UNKNOWN;
	st->table = table_new(s->config.names, &ops, s);
	st->data = malloc(READ_SIZE);
	return st->table && st->data ? 0 : vrp_err_nomem(err);
}

const struct source_ops source_stream = {SOURCE_STREAM, stream_open, stream_step, NULL, stream_close};
