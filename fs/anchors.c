/* SPDX-License-Identifier: ISC */
#include "anchors.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>

#include "arena.h"
#include "node.h"

#define SUFFIX_MAX 16	/* "%~" and a number */

struct name {
	const char *text;
	size_t len;
};

/* Like struct names: a fixed place for each, so that a reader never meets a table that moves. */
struct anchors {
	atomic_size_t refs;
	struct names *names;
	struct arena arena;
	size_t count;		/* known to the one that learns */
	struct name list[NAMES_MAX];
};

struct anchors *
anchors_new(struct names *names)
{
	struct anchors *a = calloc(1, sizeof(*a));

	if (a) {
		atomic_init(&a->refs, 1);
		a->names = names_ref(names);
	}
	return a;
}

struct anchors *
anchors_ref(struct anchors *a)
{
	atomic_fetch_add_explicit(&a->refs, 1, memory_order_relaxed);
	return a;
}

void
anchors_unref(struct anchors *a)
{
	if (a && atomic_fetch_sub_explicit(&a->refs, 1, memory_order_acq_rel) == 1) {
		arena_release(&a->arena);
		names_unref(a->names);
		free(a);
	}
}

struct names *
anchors_names(const struct anchors *a)
{
	return a->names;
}

const char *
anchors_name(const struct anchors *a, uint32_t id, size_t *len)
{
	if (len)
		*len = a->list[id].len;
	return a->list[id].text;
}

/* Every byte may become three. */
static size_t
encode(char *dst, const char *token, size_t len)
{
	char *start = dst;

	for (size_t i = 0; i < len; i++) {
		if (token[i] == '/' || (token[i] == '.' && i == 0)) {
			memcpy(dst, token[i] == '/' ? "%2F" : "%2E", 3);
			dst += 3;
		} else {
			*dst++ = token[i];
		}
	}
	return (size_t)(dst - start);
}

static bool
is_taken(const struct anchors *a, const char *text, size_t len)
{
	for (size_t i = 0; i < a->count; i++)
		if (a->list[i].len == len && memcmp(a->list[i].text, text, len) == 0)
			return true;
	return false;
}

int
anchors_learn(struct anchors *a)
{
	for (size_t count = names_count(a->names); a->count < count; a->count++) {
		char text[3 * NAME_LEN_MAX + SUFFIX_MAX];
		size_t token_len, len, whole, number = a->count;
		const char *token = names_get(a->names, (uint16_t)a->count, &token_len), *copy;

		whole = len = encode(text, token, token_len);
		while (len > NODE_NAME_MAX || is_taken(a, text, len)) {
			size_t keep = whole < NODE_NAME_MAX - SUFFIX_MAX ? whole : NODE_NAME_MAX - SUFFIX_MAX;

			len = keep + (size_t)snprintf(text + keep, SUFFIX_MAX, "%%~%zu", number);
			number += NAMES_MAX;
		}
		text[len] = '\0';
		copy = arena_dup(&a->arena, text, len + 1);
		if (!copy)
			return -1;
		a->list[a->count] = (struct name){copy, len};
	}
	return 0;
}
