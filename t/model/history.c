/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "model.h"

#define FLOOR 10000	/* records of changes that are kept however small the table is */

bool
serial_before(uint32_t a, uint32_t b)
{
	return a != b && b - a < (uint32_t)1 << 31;
}

size_t
seen_count(const uint8_t *seen)
{
	size_t n = 0;

	for (size_t i = 0; i < RECORDS; i++)
		n += seen[i] != 0;
	return n;
}

void
history_clear(struct history *h)
{
	for (size_t i = 0; i < h->count; i++)
		free(h->commits[i].seen);
	free(h->commits);
	*h = (struct history){.limit = h->limit};
}

/* The newest changes are kept that together have fewer records than the table or FLOOR; what is lost never comes back. */
static void
forget(struct history *h)
{
	size_t now = h->count - 1, limit = h->commits[now].count, records = 0, from = now;

	if (limit < FLOOR)
		limit = FLOOR;
	while (from > h->kept && now - from < h->limit && records + h->commits[from].changed < limit)
		records += h->commits[from--].changed;
	h->kept = from;
}

void
history_add(struct history *h, const uint8_t *seen)
{
	struct commit *c;

	h->commits = realloc(h->commits, (h->count + 1) * sizeof(*h->commits));
	if (!h->commits)
		trouble("out of memory");
	c = &h->commits[h->count];
	*c = (struct commit){.serial = 1, .count = seen_count(seen), .seen = malloc(RECORDS)};
	if (!c->seen)
		trouble("out of memory");
	memcpy(c->seen, seen, RECORDS);
	c->changed = c->count;
	if (h->count) {
		c->serial = c[-1].serial + 1 ? c[-1].serial + 1 : 1;
		c->changed = 0;
		for (size_t i = 0; i < RECORDS; i++)
			c->changed += c->seen[i] != c[-1].seen[i];
	}
	h->count++;
	forget(h);
}

const struct commit *
history_now(const struct history *h)
{
	return h->count ? &h->commits[h->count - 1] : NULL;
}

const struct commit *
history_find(const struct history *h, uint32_t serial)
{
	for (size_t i = h->count; i-- > 0;)
		if (h->commits[i].serial == serial)
			return &h->commits[i];
	return NULL;
}

bool
history_keeps(const struct history *h, const struct commit *c)
{
	return (size_t)(c - h->commits) >= h->kept;
}

size_t
history_changes(const struct history *h)
{
	return h->count ? h->count - 1 - h->kept : 0;
}
