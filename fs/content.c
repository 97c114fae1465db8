/* SPDX-License-Identifier: ISC */
#include "content.h"

#include <errno.h>

#include "file.h"
#include "view_internal.h"

#define SMALL ((size_t)64 * 1024)	/* up to here the text is made at once and the view let go */

struct content {
	struct node_stat stat;
	struct blob *text;	/* all of it, or NULL */
	struct view *view;	/* where it is written from, otherwise */
	struct node node;
};

/* The whole text at once.  NULL when memory is out. */
static struct blob *
make_text(const struct view *v, const struct node *node, size_t size)
{
	struct blob *text = blob_new(size);
	struct out out;
	ptrdiff_t len;

	if (!text)
		return NULL;
	out_init_window(&out, (char *)text->data, size, 0, NULL);
	file_write(&out, v, node);
	len = out_window_len(&out);
	out_release(&out);
	if (len >= 0)
		return text;
	blob_unref(text);
	return NULL;
}

static int
fill(struct content *c, struct view *v, const struct node *node)
{
	struct blob *blob = file_blob(v, node);

	c->node = *node;
	if (blob)
		c->text = blob_ref(blob);
	else if (c->stat.size <= SMALL)
		c->text = make_text(v, node, (size_t)c->stat.size);
	else
		c->view = view_ref(v);
	return c->text || c->view ? 0 : ENOMEM;
}

int
content_open(struct view *v, const struct node *node, struct content **out)
{
	struct content *c;
	int rc;

	*out = NULL;
	if (node_is_dir(node))
		return EISDIR;
	if (node->kind == NODE_EVENTS)
		return EINVAL;
	c = calloc(1, sizeof(*c));
	if (!c)
		return ENOMEM;
	rc = view_stat(v, node, &c->stat);
	if (rc == 0)
		rc = fill(c, v, node);
	if (rc) {
		content_close(c);
		return rc;
	}
	*out = c;
	return 0;
}

void
content_close(struct content *c)
{
	if (!c)
		return;
	blob_unref(c->text);
	view_unref(c->view);
	free(c);
}

uint64_t
content_size(const struct content *c)
{
	return c->stat.size;
}

const struct node_stat *
content_stat(const struct content *c)
{
	return &c->stat;
}

static ssize_t
read_window(const struct content *c, uint64_t offset, char *buf, size_t len)
{
	struct out out;
	ptrdiff_t n;

	out_init_window(&out, buf, len, offset, file_marks(c->view, &c->node));
	file_write(&out, c->view, &c->node);
	n = out_window_len(&out);
	out_release(&out);
	return n;
}

ssize_t
content_read(const struct content *c, uint64_t offset, char *buf, size_t len)
{
	if (offset >= c->stat.size)
		return 0;
	if (len > c->stat.size - offset)
		len = (size_t)(c->stat.size - offset);
	if (!c->text)
		return read_window(c, offset, buf, len);
	memcpy(buf, c->text->data + offset, len);
	return (ssize_t)len;
}
