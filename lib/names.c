/* SPDX-License-Identifier: ISC */
#include "names.h"

#include <stdatomic.h>

#include "arena.h"
#include "enc.h"

#define BUCKETS (NAMES_MAX * 2)	/* a power of two */

struct name {
	const char *text;
	size_t len;
};

/*
 * list[] has a fixed place for every name, so that a reader never meets a
 * table that moves; slot[] is an open-addressed hash for the writer alone.
 */
struct names {
	atomic_size_t refs;
	atomic_size_t count;
	uint16_t last;		/* most records name the anchor of the record before */
	struct arena arena;
	struct name list[NAMES_MAX];
	uint16_t slot[BUCKETS];	/* number, 0 for a free slot */
};

static const char unknown[NAME_SHORT] = "-";

struct names *
names_new(void)
{
	struct names *n = calloc(1, sizeof(*n));

	if (!n)
		return NULL;
	atomic_init(&n->refs, 1);
	atomic_init(&n->count, 1);
	n->list[0] = (struct name){unknown, 1};
	return n;
}

struct names *
names_ref(struct names *n)
{
	atomic_fetch_add_explicit(&n->refs, 1, memory_order_relaxed);
	return n;
}

void
names_unref(struct names *n)
{
	if (n && atomic_fetch_sub_explicit(&n->refs, 1, memory_order_acq_rel) == 1) {
		arena_release(&n->arena);
		free(n);
	}
}

static int
name_is(const struct name *name, const char *s, size_t len)
{
	return name->len == len && memcmp(name->text, s, len) == 0;
}

static int
add(struct names *n, uint16_t *slot, const char *token, size_t len)
{
	size_t id = atomic_load_explicit(&n->count, memory_order_relaxed);
	char *text;

	for (size_t i = 0; i < len; i++)
		if (token[i] <= 0x20 || token[i] > 0x7e)
			return -1;
	if (id == NAMES_MAX || len > NAME_LEN_MAX || !(text = arena_alloc(&n->arena, len + NAME_SHORT)))
		return -1;
	memcpy(text, token, len);
	memset(text + len, 0, NAME_SHORT);
	n->list[id] = (struct name){text, len};
	*slot = (uint16_t)id;
	atomic_store_explicit(&n->count, id + 1, memory_order_release);
	return (int)id;
}

int
names_token(struct names *n, const char *token, size_t len)
{
	uint32_t hash = 2166136261U;
	size_t i;

	if (len == 0 || (len == 1 && *token == '-'))
		return 0;
	if (name_is(&n->list[n->last], token, len))
		return n->last;
	for (i = 0; i < len; i++)
		hash = (hash ^ (unsigned char)token[i]) * 16777619U;
	for (i = hash & (BUCKETS - 1); n->slot[i]; i = (i + 1) & (BUCKETS - 1)) {
		if (name_is(&n->list[n->slot[i]], token, len)) {
			n->last = n->slot[i];
			return n->last;
		}
	}
	return add(n, &n->slot[i], token, len);
}

int
names_raw(struct names *n, const char *name, size_t len)
{
	struct buf token = BUF_INIT;
	bool plain = true;
	int id = -1;

	for (size_t i = 0; i < len && plain; i++)
		plain = name[i] > 0x20 && name[i] < 0x7f && name[i] != '%';
	if (plain)
		return names_token(n, name, len);
	if (len <= NAME_LEN_MAX && percent_encode(&token, name, len) == 0)
		id = names_token(n, token.data, token.len);
	buf_release(&token);
	return id;
}

const char *
names_get(const struct names *n, uint16_t id, size_t *len)
{
	if (len)
		*len = n->list[id].len;
	return n->list[id].text;
}

size_t
names_count(const struct names *n)
{
	return atomic_load_explicit(&n->count, memory_order_acquire);
}
