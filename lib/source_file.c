/* SPDX-License-Identifier: ISC */
/* A source that is a file: read at first, when it has become another, and when somebody wants it. */
#include <errno.h>
#include <unistd.h>

#include "feed.h"
#include "filewatch.h"
#include "source_internal.h"
#include "stamp.h"

struct file {
	struct filewatch watch;
	bool due;		/* to be read at the next step */
	int fd;			/* while it is read */
	bool broken;		/* it could not be read to its end */
	struct source *source;
};

static ssize_t
read_some(void *ctx, void *dst, size_t len, struct vrp_err *err)
{
	struct file *f = ctx;
	ssize_t n;

	if (source_stopped(f->source))
		return vrp_err_set(err, "given up");
	while ((n = read(f->fd, dst, len)) < 0 && errno == EINTR)
		;
	f->broken = n < 0;
	return n < 0 ? vrp_err_set(err, "%s", strerror(errno)) : n;
}

static void
take(struct source *s, struct vrpset *set, const struct feed_result *result)
{
	struct block_attrs attrs = BLOCK_ATTRS_INIT;

	attrs.time = result->time;
	attrs.source = s->name;
	s->status.skipped = result->skipped;
	s->dropped = result->expired;
	source_take(s, set, &attrs);
	vrpset_unref(set);
}

static void
read_open_file(struct source *s)
{
	struct file *f = s->own;
	struct feed_input input = {read_some, f};
	struct feed_options options = {
		.strict = s->config.strict,
		.ignore_expiry = s->config.ignore_expiry,
		.max_age = s->config.max_age,
		.now = source_now(),
	};
	struct feed_result result;
	struct vrp_err err = {0};
	struct vrpset *set;

	f->broken = false;
	set = feed_read(&input, &options, s->config.names, &result, &err);
	if (set)
		take(s, set, &result);
	else if (source_stopped(s))
		return;
	else if (f->broken)
		source_fail(s, &err, STAMP_UNKNOWN);
	else
		source_refuse(s, &err, STAMP_UNKNOWN);
}

static void
fail(struct source *s, const char *why)
{
	struct file *f = s->own;
	struct vrp_err err = {0};

	/* Even if the same comes back, it is read again. */
	f->watch.read = (struct stat){0};
	if (strcmp(s->status.error.msg, why) == 0)
		return;
	vrp_err_set(&err, "%s", why);
	source_fail(s, &err, STAMP_UNKNOWN);
}

static void
read_file(struct source *s)
{
	struct file *f = s->own;
	bool regular;

	f->due = false;
	f->fd = filewatch_open(s->config.source, &regular);
	if (f->fd < 0) {
		fail(s, strerror(errno));
		return;
	}
	filewatch_took(&f->watch, f->fd);
	if (regular)
		read_open_file(s);
	else
		fail(s, "it is a file no longer");
	close(f->fd);
}

static void
file_step(struct source *s)
{
	struct file *f = s->own;

	if (f->due) {
		read_file(s);
		return;
	}
	source_wait(s, NULL, FILEWATCH_MS);
	switch (filewatch_look(&f->watch)) {
	case FILEWATCH_CHANGED:
		f->due = true;
		break;
	case FILEWATCH_GONE:
		fail(s, strerror(ENOENT));
		break;
	case FILEWATCH_SAME:
		break;
	}
}

static void
file_hurry(struct source *s)
{
	((struct file *)s->own)->due = true;
}

static void
file_close(struct source *s)
{
	free(s->own);
}

static int
file_open(struct source *s, int fd VRP_UNUSED, struct vrp_err *err)
{
	struct file *f = s->own = calloc(1, sizeof(*f));

	if (!f)
		return vrp_err_nomem(err);
	f->source = s;
	f->due = true;
	f->watch.path = s->config.source;
	return 0;
}

const struct source_ops source_file = {SOURCE_FILE, file_open, file_step, file_hurry, file_close};
