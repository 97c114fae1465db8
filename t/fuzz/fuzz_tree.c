/* SPDX-License-Identifier: ISC */
/*
 * Tables and paths from bytes: a line that begins with / is a path to look at, !
 * makes the records so far the next table, all other lines are records or
 * nothing.  Look-up, stat, list, open and inode number have to agree with each
 * other on everything that is there, and a reader of /events has to hold the table.
 */
#include <assert.h>
#include <errno.h>

#include "content.h"
#include "events.h"
#include "inode.h"
#include "line.h"
#include "table.h"
#include "tree.h"

#define UPDATES_MAX 6
#define ENTRIES_MAX 200		/* that are looked at in one directory */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct world {
	struct names *names;
	struct tree *tree;
	struct inode_key key;
	struct vrpset_builder *builder;
	struct line_scratch scratch;
	struct events *events;
	struct table *reader;
	struct view *view;
	size_t updates;
};

/* ---- what is said of one place */

static void
check_inode(struct world *w, const struct node *node)
{
	uint64_t ino = inode_number(&w->key, node);

	assert(ino != 0 && (ino == INODE_ROOT) == (node->kind == NODE_ROOT));
}

static void
check_file(struct world *w, const struct node *node, const struct node_stat *st)
{
	struct content *c;
	char *text = malloc(st->size + 1), *part = malloc(st->size + 1);
	size_t at = st->size / 3, len = st->size / 2;

	if (node->kind == NODE_EVENTS) {
		assert(content_open(w->view, node, &c) == EINVAL);
		free(text);
		free(part);
		return;
	}
	assert(text && part && content_open(w->view, node, &c) == 0 && content_size(c) == st->size);
	assert(content_read(c, 0, text, st->size + 1) == (ssize_t)st->size);
	assert(content_read(c, at, part, len) == (ssize_t)len && memcmp(part, text + at, len) == 0);
	assert(content_read(c, st->size, part, 1) == 0);
	assert(st->size == 0 || node->kind == NODE_EXPORT || text[st->size - 1] == '\n');
	content_close(c);
	free(text);
	free(part);
}

static void check_node(struct world *w, const struct node *node, unsigned depth);

static void
check_dir(struct world *w, const struct node *dir, const struct node_stat *st, unsigned depth)
{
	struct listing_entry e;
	struct listing l, from_cookie;
	uint64_t cookie = LISTING_COOKIE_MIN - 1;
	size_t n = 0;

	assert(view_list(w->view, dir, 0, &l) == 0);
	for (; listing_next(&l, &e); n++) {
		struct listing_entry next;
		struct node found, up = node_parent(&e.node);

		assert(e.cookie > cookie && strlen(e.name) == e.name_len);
		assert(view_list(w->view, dir, n ? cookie : 0, &from_cookie) == 0 && listing_next(&from_cookie, &next));
		assert(node_same(&next.node, &e.node) && next.cookie == e.cookie);
		cookie = e.cookie;
		assert(view_lookup(w->view, dir, e.name, &found) == 0 && node_same(&found, &e.node));
		assert(node_same(&up, dir));
		/* Each dialect is written several times over, which is slow, and not what is sought here. */
		if (n < ENTRIES_MAX && depth > 0 && (e.node.kind != NODE_EXPORT || e.node.number == w->updates))
			check_node(w, &e.node, depth - 1);
	}
	assert(n == st->size && st->nlink >= 2);
}

/* Something that is there. */
static void
check_node(struct world *w, const struct node *node, unsigned depth)
{
	struct node_stat st;

	assert(view_stat(w->view, node, &st) == 0 && st.dir == node_is_dir(node));
	check_inode(w, node);
	if (st.dir)
		check_dir(w, node, &st, depth);
	else
		check_file(w, node, &st);
}

static void
take_path(struct world *w, const char *s, size_t len)
{
	char path[1024];
	struct node node;
	int rc;

	if (len >= sizeof(path))
		return;
	memcpy(path, s, len);
	path[len] = '\0';
	rc = view_resolve(w->view, path, &node);
	assert(rc == 0 || rc == ENOENT || rc == EINVAL || rc == ENOTDIR || rc == ENAMETOOLONG);
	if (rc == 0)
		check_node(w, &node, 1);
}

/* ---- tables */

static int
on_commit(void *ctx, struct vrpset *set, const struct block_head *head)
{
	(void)ctx;
	(void)set;
	(void)head;
	return 0;
}

static int
on_reject(void *ctx, const struct vrp_err *why)
{
	(void)ctx;
	(void)why;
	abort();
}

static void
check_events(struct world *w, const struct vrpset *set)
{
	struct delta d;
	char piece[777];
	ssize_t n;

	while ((n = events_read(w->events, piece, sizeof(piece))) > 0)
		assert(table_feed(w->reader, piece, (size_t)n) == 0);
	assert(n == 0 && table_set(w->reader));
	assert(delta_exact(table_set(w->reader), set, &d) == 0 && delta_count(&d) == 0);
	delta_release(&d);
}

static void
on_change(void *ctx, const struct node *node, enum tree_change what)
{
	struct world *w = ctx;
	struct view *v = tree_view(w->tree);
	struct node_stat st;

	assert(view_stat(v, node, &st) == (what == TREE_REMOVED ? ENOENT : 0));
	if (what != TREE_ADDED)
		assert(view_stat(w->view, node, &st) == 0);
	view_unref(v);
}

static void
commit(struct world *w)
{
	static const struct tree_ops ops = {.change = on_change};
	struct block_attrs meta = BLOCK_ATTRS_INIT;
	struct vrp_err err;
	struct vrpset *set;

	if (w->updates == UPDATES_MAX)
		return;
	set = vrpset_finish(w->builder, &err);
	w->builder = vrpset_builder_new(w->names);
	assert(w->builder);
	if (!set)
		return;
	meta.serial = (int64_t)w->updates++;
	assert(tree_update(w->tree, set, &meta, (struct timespec){.tv_sec = 1 + meta.serial}, &ops, w, &err) == 1);
	view_unref(w->view);
	w->view = tree_view(w->tree);
	check_node(w, &NODE_OF(NODE_ROOT), 4);
	check_events(w, set);
	vrpset_unref(set);
}

static void
take_line(struct world *w, const char *s, size_t len)
{
	struct vrp_err err;
	struct payload p;

	if (len && *s == '/')
		take_path(w, s, len);
	else if (len == 1 && *s == '!')
		commit(w);
	else if (line_parse(s, len, w->names, &w->scratch, &p, &err) == 0)
		assert(vrpset_add(w->builder, &p) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct table_ops ops = {.commit = on_commit, .reject = on_reject};
	struct world w = {.names = names_new()};
	const char *s = (const char *)data, *end = s + size;

	w.tree = tree_new(w.names, (struct timespec){.tv_sec = 1});
	inode_key_draw(&w.key);
	w.builder = vrpset_builder_new(w.names);
	w.reader = table_new(w.names, &ops, &w);
	assert(w.tree && w.builder && w.reader);
	w.events = events_open(w.tree);
	w.view = tree_view(w.tree);
	assert(w.events);
	while (s < end) {
		const char *nl = memchr(s, '\n', (size_t)(end - s)), *stop = nl ? nl : end;

		take_line(&w, s, (size_t)(stop - s));
		s = nl ? nl + 1 : end;
	}
	commit(&w);
	events_close(w.events);
	view_unref(w.view);
	table_free(w.reader);
	vrpset_builder_free(w.builder);
	line_scratch_release(&w.scratch);
	tree_free(w.tree);
	names_unref(w.names);
	return 0;
}
