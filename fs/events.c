/* SPDX-License-Identifier: ISC */
#include "events.h"

#include <errno.h>

#include "content.h"
#include "view_internal.h"

struct events {
	struct tree *tree;
	uint32_t version;	/* that all was told up to, once content is */
	struct content *content;	/* of the present block, NULL between blocks */
	uint64_t offset;
};

struct events *
events_open(struct tree *tree)
{
	struct events *e = calloc(1, sizeof(*e));
	struct view *v = tree_view(tree);

	if (e) {
		e->tree = tree;
		e->version = view_version(v);
	}
	view_unref(v);
	return e;
}

void
events_close(struct events *e)
{
	if (!e)
		return;
	content_close(e->content);
	free(e);
}

bool
events_ready(const struct events *e)
{
	struct view *v;
	bool ready;

	if (e->content && e->offset < content_size(e->content))
		return true;
	v = tree_view(e->tree);
	ready = view_version(v) != e->version;
	view_unref(v);
	return ready;
}

/* The next change, or the whole table where that one is no longer kept.  0 when there is none, -1 when memory is out. */
static int
next_block(struct events *e)
{
	struct view *v = tree_view(e->tree);
	struct node node = {.kind = NODE_DELTA, .number = e->version + 1};
	uint32_t version = view_version(v), next = node.number;
	int rc = 0;

	if (version != e->version) {
		if (!edition_delta(v->edition, next)) {
			node = NODE_OF(NODE_VRPS);
			next = version;
		}
		rc = content_open(v, &node, &e->content) == 0 ? 1 : -1;
	}
	view_unref(v);
	if (rc <= 0)
		return rc;
	e->version = next;
	e->offset = 0;
	return 1;
}

ssize_t
events_read(struct events *e, char *buf, size_t len)
{
	ssize_t n;

	if (e->content && e->offset == content_size(e->content)) {
		content_close(e->content);
		e->content = NULL;
	}
	if (!e->content) {
		int rc = next_block(e);

		if (rc < 0)
			errno = ENOMEM;
		if (rc <= 0)
			return rc;
	}
	n = content_read(e->content, e->offset, buf, len);
	if (n > 0)
		e->offset += (uint64_t)n;
	return n;
}
