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
	for (size_t i = 0; i < h->count; i++) {
		free(h->commits[i].seen);
		free(h->commits[i].entries);
	}
	free(h->commits);
	*h = (struct history){.limit = h->limit, .on_disk = h->on_disk};
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
history_annotate(struct history *h, const struct entry *entries)
{
	struct commit *c = &h->commits[h->count - 1];
	size_t size = RECORDS * sizeof(*entries);

	if (!h->on_disk)
		return;
	if (!c->entries && !(c->entries = malloc(size)))
		trouble("out of memory");
	memcpy(c->entries, entries, size);
}

static uint32_t
next_serial(uint32_t serial)
{
	return serial == UINT32_MAX ? 1 : serial + 1;
}

void
history_add(struct history *h, const uint8_t *seen, const struct entry *entries)
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
		c->serial = next_serial(c[-1].serial);
		c->changed = 0;
		for (size_t i = 0; i < RECORDS; i++)
			c->changed += c->seen[i] != c[-1].seen[i];
	}
	h->count++;
	history_annotate(h, entries);
	forget(h);
}

void
history_restore(struct history *h, size_t i, size_t changes)
{
	size_t kept = h->kept;

	for (size_t k = i + 1; k < h->count; k++) {
		free(h->commits[k].seen);
		free(h->commits[k].entries);
	}
	h->count = i + 1;
	if (changes > i || changes > h->limit)
		fail("%zu changes were restored, there were %zu", changes, i);
	h->kept = kept < i ? kept : i;
	forget(h);
	if (i - h->kept > changes)
		fail("only %zu of %zu changes were restored", changes, i - h->kept);
	h->kept = i - changes;
}

void
history_jump(struct history *h, size_t i, uint32_t serial)
{
	for (; i < h->count; i++, serial = next_serial(serial)) {
		if (history_find(h, serial))
			fail("serial %u was given to another table already", serial);
		h->commits[i].serial = serial;
	}
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
