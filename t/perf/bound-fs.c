/* SPDX-License-Identifier: ISC */
/*
 * bound-fs: what FUSE itself allows.  Every name is there: one that begins with
 * "AS" is a file of six bytes, all others are directories.  Nothing is looked
 * up, computed or kept, so that what a reader sees is the cost of the round trips.
 *
 * usage: bound-fs MOUNTPOINT THREADS; it stays in the foreground
 */
#define FUSE_USE_VERSION 312
#include <fuse3/fuse_lowlevel.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define FILES ((fuse_ino_t)1 << 40)
#define TEXT "valid\n"
#define FOR_EVER 86400.0

static atomic_ulong numbers = 2;

static void
fill(fuse_ino_t ino, struct stat *st)
{
	memset(st, 0, sizeof(*st));
	st->st_ino = ino;
	st->st_mode = ino & FILES ? S_IFREG | 0444 : S_IFDIR | 0555;
	st->st_nlink = 1;
	st->st_size = ino & FILES ? (off_t)strlen(TEXT) : 0;
}

static void
on_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct fuse_entry_param e = {.attr_timeout = FOR_EVER, .entry_timeout = FOR_EVER};

	(void)parent;
	e.ino = numbers++ | (strncmp(name, "AS", 2) == 0 ? FILES : 0);
	fill(e.ino, &e.attr);
	fuse_reply_entry(req, &e);
}

static void
on_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct stat st;

	(void)fi;
	fill(ino, &st);
	fuse_reply_attr(req, &st, FOR_EVER);
}

static void
on_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	(void)ino;
	fi->keep_cache = 1;
	fuse_reply_open(req, fi);
}

static void
on_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *fi)
{
	(void)ino, (void)fi, (void)size;
	fuse_reply_buf(req, TEXT, offset ? 0 : strlen(TEXT));
}

static void *
answer(void *ctx)
{
	struct fuse_buf buf = {.mem = NULL};
	int n;

	while ((n = fuse_session_receive_buf(ctx, &buf)) > 0)
		fuse_session_process_buf(ctx, &buf);
	free(buf.mem);
	return NULL;
}

int
main(int argc, char **argv)
{
	static const struct fuse_lowlevel_ops ops = {
		.lookup = on_lookup, .getattr = on_getattr, .open = on_open, .read = on_read,
	};
	char *args_list[] = {argv[0], "-oro,fsname=bound-fs", NULL};
	struct fuse_args args = FUSE_ARGS_INIT(2, args_list);
	struct fuse_session *session = argc == 3 ? fuse_session_new(&args, &ops, sizeof(ops), NULL) : NULL;
	unsigned long threads = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
	pthread_t thread;

	if (!session || fuse_session_mount(session, argv[1]) != 0)
		return 2;
	for (unsigned long i = 1; i < threads; i++)
		if (pthread_create(&thread, NULL, answer, session) == 0)
			pthread_detach(thread);
	answer(session);
	return 0;
}
