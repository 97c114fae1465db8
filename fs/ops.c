/* SPDX-License-Identifier: ISC */
#include "ops.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/statvfs.h>

#include "content.h"
#include "view.h"

#define FOR_EVER (365 * 86400.0)	/* until it is dropped */
#define BLOCK_SIZE 4096			/* of df */
#define BLOCK_STAT 512			/* of st_blocks, always */
#define READ_SIZE (128 << 10)		/* what a reader had best ask for */
#define ENTRY_MIN 128			/* bytes that readdirplus takes for a name at the least */

/* Small cookies of a directory; the others are those of view_list(). */
enum {
	COOKIE_DOT = 1,
	COOKIE_DOT_DOT = 2,
};

/* Something open: a directory, a file, or /events. */
struct ops_handle {
	LIST_ENTRY(ops_handle) link;
	struct node node;
	struct content *content;	/* of a file but /events */
	struct follower *follower;
};

static struct ops_context *
context(fuse_req_t req)
{
	return fuse_req_userdata(req);
}

static struct ops_handle *
handle_of(const struct fuse_file_info *fi)
{
	return (struct ops_handle *)(uintptr_t)fi->fh; /* NOLINT(performance-no-int-to-ptr): so FUSE keeps them */
}

/* ---- what is open ---- */

int
ops_context_init(struct ops_context *c)
{
	c->open_count = 0;
	LIST_INIT(&c->open);
	inode_key_draw(&c->inode_key);
	return pthread_mutex_init(&c->lock, NULL) == 0 ? 0 : -1;
}

static void
free_handle(struct ops_handle *h)
{
	content_close(h->content);
	if (h->follower)
		follower_close(h->follower);
	free(h);
}

void
ops_context_release(struct ops_context *c)
{
	struct ops_handle *h;

	while ((h = LIST_FIRST(&c->open))) {
		LIST_REMOVE(h, link);
		free_handle(h);
	}
	pthread_mutex_destroy(&c->lock);
}

static void
close_handle(struct ops_context *c, struct ops_handle *h)
{
	pthread_mutex_lock(&c->lock);
	LIST_REMOVE(h, link);
	c->open_count--;
	pthread_mutex_unlock(&c->lock);
	free_handle(h);
}

static int
add_handle(struct ops_context *c, struct ops_handle *h)
{
	int rc = ENFILE;

	pthread_mutex_lock(&c->lock);
	if (c->open_count < OPS_OPEN_MAX) {
		LIST_INSERT_HEAD(&c->open, h, link);
		c->open_count++;
		rc = 0;
	}
	pthread_mutex_unlock(&c->lock);
	return rc;
}

/* Open by one of the two below, and answer. */
static void
reply_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi,
	   int (*open)(struct ops_context *c, fuse_ino_t ino, struct ops_handle *h, struct fuse_file_info *fi))
{
	struct ops_context *c = context(req);
	struct ops_handle *h = calloc(1, sizeof(*h));
	int rc = h ? open(c, ino, h, fi) : ENOMEM;

	if (rc == 0)
		rc = add_handle(c, h);
	if (rc) {
		if (h)
			free_handle(h);
		fuse_reply_err(req, rc);
		return;
	}
	fi->fh = (uintptr_t)h;
	if (fuse_reply_open(req, fi) < 0)
		close_handle(c, h);
}

static void
on_release(fuse_req_t req, fuse_ino_t ino VRP_UNUSED, struct fuse_file_info *fi)
{
	close_handle(context(req), handle_of(fi));
	fuse_reply_err(req, 0);
}

/* ---- attributes ---- */

static void
fill_stat(struct ops_context *c, const struct node *node, const struct node_stat *stat, struct stat *st)
{
	memset(st, 0, sizeof(*st));
	st->st_ino = inode_number(&c->inode_key, node);
	st->st_mode = stat->dir ? S_IFDIR | (0555 & ~c->umask) : S_IFREG | (0444 & ~c->umask);
	st->st_nlink = stat->nlink;
	st->st_uid = c->uid;
	st->st_gid = c->gid;
	st->st_size = (off_t)stat->size;
	st->st_blksize = READ_SIZE;
	st->st_mtim = stat->mtime;
	st->st_ctim = stat->mtime;
	st->st_atim = stat->mtime;
	if (node->kind == NODE_EVENTS)
		st->st_size = (off_t)followers_size(c->followers);
	else
		st->st_blocks = (st->st_size + BLOCK_STAT - 1) / BLOCK_STAT;
}

static int
look_up(struct ops_context *c, fuse_ino_t parent, const char *name, struct fuse_entry_param *e)
{
	struct node_stat stat;
	struct node dir, node;
	struct view *view;
	uint64_t epoch;
	int rc;

	rc = kcache_node(c->kcache, parent, &dir, &stat);
	if (rc)
		return rc;
	do {
		view = kcache_view(c->kcache, &epoch);
		rc = view_lookup(view, &dir, name, &node);
		if (rc == 0)
			rc = view_stat(view, &node, &stat);
		if (rc == 0)
			rc = kcache_enter(c->kcache, epoch, &node, &stat, &e->ino);
		view_unref(view);
	} while (rc == EAGAIN);
	if (rc == 0) {
		e->attr_timeout = e->entry_timeout = FOR_EVER;
		fill_stat(c, &node, &stat, &e->attr);
	}
	return rc;
}

static void
on_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct ops_context *c = context(req);
	struct fuse_entry_param e = {0};
	int rc = look_up(c, parent, name, &e);

	if (rc) {
		fuse_reply_err(req, rc);
		return;
	}
	if (fuse_reply_entry(req, &e) < 0)
		kcache_forget(c->kcache, e.ino, 1);
	if (kcache_over_limit(c->kcache))
		c->crowded(c->ctx);
}

static void
on_forget(fuse_req_t req, fuse_ino_t ino, uint64_t lookups)
{
	kcache_forget(context(req)->kcache, ino, lookups);
	fuse_reply_none(req);
}

static void
on_forget_multi(fuse_req_t req, size_t count, struct fuse_forget_data *list)
{
	for (size_t i = 0; i < count; i++)
		kcache_forget(context(req)->kcache, list[i].ino, list[i].nlookup);
	fuse_reply_none(req);
}

/* A file is what it was when it was looked up, whatever is there now; a directory is what it is now. */
static void
on_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi VRP_UNUSED)
{
	struct ops_context *c = context(req);
	struct node_stat stat;
	struct view *view;
	struct node node;
	struct stat st;
	int rc = kcache_node(c->kcache, ino, &node, &stat);

	if (rc == 0 && (node_is_dir(&node) || node.kind == NODE_EVENTS)) {
		view = kcache_view(c->kcache, NULL);
		rc = view_stat(view, &node, &stat);
		view_unref(view);
	}
	if (rc) {
		fuse_reply_err(req, rc);
		return;
	}
	fill_stat(c, &node, &stat, &st);
	fuse_reply_attr(req, &st, FOR_EVER);
}

/* As large as the table is as text, and full. */
static void
on_statfs(fuse_req_t req, fuse_ino_t ino VRP_UNUSED)
{
	struct view *view = kcache_view(context(req)->kcache, NULL);
	struct node node = NODE_OF(NODE_VRPS);
	struct statvfs st = {.f_bsize = BLOCK_SIZE, .f_frsize = BLOCK_SIZE, .f_namemax = NODE_NAME_MAX};
	struct node_stat stat = {0};

	if (view_stat(view, &node, &stat) == 0)
		st.f_blocks = (stat.size + BLOCK_SIZE - 1) / BLOCK_SIZE;
	st.f_files = vrpset_count(view_set(view));
	view_unref(view);
	fuse_reply_statfs(req, &st);
}

/* ---- files ---- */

static int
open_file(struct ops_context *c, fuse_ino_t ino, struct ops_handle *h, struct fuse_file_info *fi)
{
	struct view *view;
	int rc = kcache_open(c->kcache, ino, &h->node, &view);

	if (rc)
		return rc;
	if (h->node.kind == NODE_EVENTS) {
		h->follower = follower_open(c->followers);
		rc = h->follower ? 0 : ENOMEM;
		fi->direct_io = 1;
	} else {
		/* A number has one content, so that pages are good whoever read them (kcache.h). */
		rc = content_open(view, &h->node, &h->content);
		fi->keep_cache = 1;
	}
	view_unref(view);
	return rc;
}

static void
on_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	if ((fi->flags & O_ACCMODE) != O_RDONLY || fi->flags & O_TRUNC)
		fuse_reply_err(req, EROFS);
	else
		reply_open(req, ino, fi, open_file);
}

/* What a thread reads into; it grows to the largest request, a megabyte. */
static _Thread_local struct buf reply;

void
ops_thread_end(void)
{
	buf_release(&reply);
}

static void
on_read(fuse_req_t req, fuse_ino_t ino VRP_UNUSED, size_t size, off_t offset, struct fuse_file_info *fi)
{
	struct ops_handle *h = handle_of(fi);
	ssize_t n;

	if (h->follower) {
		follower_read(h->follower, req, size, offset, fi->flags & O_NONBLOCK);
		return;
	}
	buf_reset(&reply);
	if (buf_reserve(&reply, size) < 0) {
		fuse_reply_err(req, ENOMEM);
		return;
	}
	n = content_read(h->content, (uint64_t)offset, reply.data, size);
	if (n < 0)
		fuse_reply_err(req, errno);
	else
		fuse_reply_buf(req, reply.data, (size_t)n);
}

static void
on_poll(fuse_req_t req, fuse_ino_t ino VRP_UNUSED, struct fuse_file_info *fi, struct fuse_pollhandle *handle)
{
	struct ops_handle *h = handle_of(fi);

	if (h->follower) {
		follower_poll(h->follower, req, handle);
		return;
	}
	if (handle)
		fuse_pollhandle_destroy(handle);
	fuse_reply_poll(req, POLLIN | POLLRDNORM);
}

/* ---- directories ---- */

/* Cookies are good in later views (view.h), so that nothing is held: each page is as new as it can be. */
static int
open_dir(struct ops_context *c, fuse_ino_t ino, struct ops_handle *h, struct fuse_file_info *fi VRP_UNUSED)
{
	struct view *view;
	int rc = kcache_open(c->kcache, ino, &h->node, &view);

	if (rc == 0)
		view_unref(view);
	return rc;
}

static void
on_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	reply_open(req, ino, fi, open_dir);
}

/* A page of a directory for the kernel, and the look-ups in it, in case it never gets there. */
struct page {
	fuse_req_t req;
	struct ops_context *context;
	struct node dir;
	struct view *view;
	uint64_t epoch;
	bool plus;
	char *data;
	size_t len, size;
	uint64_t *entered;
	size_t entered_count;
};

/*
 * With readdirplus a name comes with all that a look-up tells, unless the view is
 * over by now, or the size is dear (view_stat).
 */
static bool
enter_name(struct page *p, const struct node *node, struct fuse_entry_param *e)
{
	struct node_stat stat;

	if (node->kind == NODE_EXPORT || view_stat(p->view, node, &stat) != 0 ||
	    kcache_enter(p->context->kcache, p->epoch, node, &stat, &e->ino) != 0)
		return false;
	e->attr_timeout = e->entry_timeout = FOR_EVER;
	fill_stat(p->context, node, &stat, &e->attr);
	return true;
}

/* False when the page is full. */
static bool
add_name(struct page *p, const char *name, const struct node *node, uint64_t cookie, bool enter)
{
	struct fuse_entry_param e = {.attr = {.st_mode = node_is_dir(node) ? S_IFDIR : S_IFREG}};
	size_t room = p->size - p->len, len;

	e.attr.st_ino = inode_number(&p->context->inode_key, node);
	if (!p->plus) {
		len = fuse_add_direntry(p->req, p->data + p->len, room, name, &e.attr, (off_t)cookie);
	} else {
		if (fuse_add_direntry_plus(p->req, NULL, 0, name, NULL, 0) > room)
			return false;
		if (enter && enter_name(p, node, &e))
			p->entered[p->entered_count++] = e.ino;
		len = fuse_add_direntry_plus(p->req, p->data + p->len, room, name, &e, (off_t)cookie);
	}
	if (len > room)
		return false;
	p->len += len;
	return true;
}

/* Whoever reads all files must not wait at one that never ends: it is there, but not listed. */
static bool
listed(const struct node *node)
{
	return node->kind != NODE_EVENTS;
}

static int
fill_page(struct page *p, uint64_t cookie)
{
	struct node above = node_parent(&p->dir);
	struct listing_entry entry;
	struct listing list;
	int rc = view_list(p->view, &p->dir, cookie > COOKIE_DOT_DOT ? cookie : 0, &list);

	if (rc)
		return rc;
	if (cookie < COOKIE_DOT && !add_name(p, ".", &p->dir, COOKIE_DOT, false))
		return 0;
	if (cookie < COOKIE_DOT_DOT && !add_name(p, "..", &above, COOKIE_DOT_DOT, false))
		return 0;
	while (listing_next(&list, &entry))
		if (listed(&entry.node) && !add_name(p, entry.name, &entry.node, entry.cookie, true))
			break;
	return 0;
}

static void
read_dir(fuse_req_t req, size_t size, off_t cookie, struct fuse_file_info *fi, bool plus)
{
	struct page p = {.req = req, .context = context(req), .dir = handle_of(fi)->node, .plus = plus, .size = size};
	int rc = ENOMEM;

	buf_reset(&reply);
	p.entered = malloc((size / ENTRY_MIN + 1) * sizeof(*p.entered));
	if (p.entered && buf_reserve(&reply, size) == 0) {
		p.data = reply.data;
		p.view = kcache_view(p.context->kcache, &p.epoch);
		rc = fill_page(&p, (uint64_t)cookie);
		view_unref(p.view);
	}
	if (rc)
		fuse_reply_err(req, rc);
	else if (fuse_reply_buf(req, p.data, p.len) < 0)
		for (size_t i = 0; i < p.entered_count; i++)
			kcache_forget(p.context->kcache, p.entered[i], 1);
	free(p.entered);
	if (plus && kcache_over_limit(p.context->kcache))
		p.context->crowded(p.context->ctx);
}

static void
on_readdir(fuse_req_t req, fuse_ino_t ino VRP_UNUSED, size_t size, off_t cookie, struct fuse_file_info *fi)
{
	read_dir(req, size, cookie, fi, false);
}

static void
on_readdirplus(fuse_req_t req, fuse_ino_t ino VRP_UNUSED, size_t size, off_t cookie, struct fuse_file_info *fi)
{
	read_dir(req, size, cookie, fi, true);
}

/* ---- writing: the mount is read-only, and stays so if somebody mounts it anew for writing ---- */

static void
on_setattr(fuse_req_t req, fuse_ino_t ino VRP_UNUSED, struct stat *attr VRP_UNUSED, int what VRP_UNUSED,
	   struct fuse_file_info *fi VRP_UNUSED)
{
	fuse_reply_err(req, EROFS);
}

static void
on_mknod(fuse_req_t req, fuse_ino_t parent VRP_UNUSED, const char *name VRP_UNUSED, mode_t mode VRP_UNUSED,
	 dev_t dev VRP_UNUSED)
{
	fuse_reply_err(req, EROFS);
}

static void
on_mkdir(fuse_req_t req, fuse_ino_t parent VRP_UNUSED, const char *name VRP_UNUSED, mode_t mode VRP_UNUSED)
{
	fuse_reply_err(req, EROFS);
}

static void
on_unlink(fuse_req_t req, fuse_ino_t parent VRP_UNUSED, const char *name VRP_UNUSED)
{
	fuse_reply_err(req, EROFS);
}

static void
on_symlink(fuse_req_t req, const char *link VRP_UNUSED, fuse_ino_t parent VRP_UNUSED, const char *name VRP_UNUSED)
{
	fuse_reply_err(req, EROFS);
}

static void
on_rename(fuse_req_t req, fuse_ino_t parent VRP_UNUSED, const char *name VRP_UNUSED, fuse_ino_t to VRP_UNUSED,
	  const char *new_name VRP_UNUSED, unsigned flags VRP_UNUSED)
{
	fuse_reply_err(req, EROFS);
}

static void
on_link(fuse_req_t req, fuse_ino_t ino VRP_UNUSED, fuse_ino_t parent VRP_UNUSED, const char *name VRP_UNUSED)
{
	fuse_reply_err(req, EROFS);
}

static void
on_create(fuse_req_t req, fuse_ino_t parent VRP_UNUSED, const char *name VRP_UNUSED, mode_t mode VRP_UNUSED,
	  struct fuse_file_info *fi VRP_UNUSED)
{
	fuse_reply_err(req, EROFS);
}

/* ---- the session ---- */

/*
 * A close is a request in the background, of which the kernel has 12 under way
 * unless told otherwise.  That is less than many readers open at once, and what
 * is closed but not told would pile up.
 */
#define BACKGROUND_MAX 8192

/* Content never changes behind the kernel's back, so it need not look at times to find out. */
static void
on_init(void *ctx VRP_UNUSED, struct fuse_conn_info *conn)
{
	conn->want &= ~(unsigned)(FUSE_CAP_AUTO_INVAL_DATA | FUSE_CAP_SPLICE_READ);
	conn->max_background = BACKGROUND_MAX;
	conn->congestion_threshold = BACKGROUND_MAX;
	conn->time_gran = 1;
}

/* No flush, access or xattr: the kernel is told once that there is none, and does not ask again. */
const struct fuse_lowlevel_ops ops_table = {
	.init = on_init,
	.lookup = on_lookup,
	.forget = on_forget,
	.forget_multi = on_forget_multi,
	.getattr = on_getattr,
	.statfs = on_statfs,
	.open = on_open,
	.read = on_read,
	.release = on_release,
	.poll = on_poll,
	.opendir = on_opendir,
	.readdir = on_readdir,
	.readdirplus = on_readdirplus,
	.releasedir = on_release,
	.setattr = on_setattr,
	.mknod = on_mknod,
	.mkdir = on_mkdir,
	.unlink = on_unlink,
	.rmdir = on_unlink,
	.symlink = on_symlink,
	.rename = on_rename,
	.link = on_link,
	.create = on_create,
};

/* ---- notices to the kernel ---- */

/*
 * A name that never is there.  To drop it the kernel waits for the look-ups in the
 * directory that are under way, which might bring attributes from before the change.
 */
#define NO_NAME "\001"

static void
drop_name(struct fuse_session *session, const struct kcache_drop *d, struct names *names)
{
	char name[NODE_NAME_MAX + 1];
	const char *ta;
	size_t len;

	if (d->node.kind == NODE_TA) {
		ta = names_get(names, (uint16_t)d->node.number, &len);
		(void)fuse_lowlevel_notify_inval_entry(session, d->parent, ta, len);
		return;
	}
	len = node_name(&d->node, name);
	(void)fuse_lowlevel_notify_inval_entry(session, d->parent, name, len);
}

/* What the kernel does not hold any more is no failure, and without a kernel there is nothing to tell. */
void
ops_drop(struct fuse_session *session, struct kcache *kcache, struct names *names)
{
	struct kcache_drop d;
	uint64_t cursor = 0;

	while (kcache_next_drop(kcache, &cursor, &d)) {
		if (!d.attributes) {
			drop_name(session, &d, names);
			continue;
		}
		if (d.id != KCACHE_ROOT)
			(void)fuse_lowlevel_notify_inval_entry(session, d.parent, NO_NAME, sizeof(NO_NAME) - 1);
		(void)fuse_lowlevel_notify_inval_inode(session, d.id, -1, 0);
	}
}
