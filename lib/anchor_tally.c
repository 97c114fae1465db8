/* SPDX-License-Identifier: ISC */
#include "anchor_tally.h"

#include "names.h"

static int
by_name(const void *a, const void *b)
{
	return strcmp(((const struct anchor_tally *)a)->name, ((const struct anchor_tally *)b)->name);
}

static void
note_expiry(struct anchor_tally *t, uint32_t expires)
{
	if (expires < t->expires)
		t->expires = expires;
}

/* Into the row of every record's trust anchor. */
static void
count_records(struct anchor_tally *rows, const struct vrpset *set)
{
	size_t n;
	const struct vrp *vrps = vrpset_vrps(set, &n);
	const struct router_key *keys;
	const struct aspa *aspas;

	for (size_t i = 0; i < n; i++) {
		struct anchor_tally *t = &rows[vrps[i].ta];

		if (vrps[i].prefix.family == FAMILY_IPV4)
			t->ipv4++;
		else
			t->ipv6++;
		note_expiry(t, vrps[i].expires);
	}
	keys = vrpset_router_keys(set, &n);
	for (size_t i = 0; i < n; i++) {
		rows[keys[i].ta].keys++;
		note_expiry(&rows[keys[i].ta], keys[i].expires);
	}
	aspas = vrpset_aspas(set, &n);
	for (size_t i = 0; i < n; i++) {
		rows[aspas[i].ta].aspas++;
		note_expiry(&rows[aspas[i].ta], aspas[i].expires);
	}
}

static void
add(struct anchor_tally *total, const struct anchor_tally *t)
{
	total->ipv4 += t->ipv4;
	total->ipv6 += t->ipv6;
	total->keys += t->keys;
	total->aspas += t->aspas;
	note_expiry(total, t->expires);
}

/* Others may be named meanwhile, but the set has none of them. */
struct anchor_tally *
anchor_tally_new(const struct vrpset *set, size_t *count, struct anchor_tally *total)
{
	const struct names *names = vrpset_names(set);
	size_t all = names_count(names), kept = 0;
	struct anchor_tally *rows = calloc(all, sizeof(*rows));

	*total = (struct anchor_tally){.name = "total", .expires = EXPIRES_UNKNOWN};
	if (!rows)
		return NULL;
	for (size_t i = 0; i < all; i++)
		rows[i] = (struct anchor_tally){.name = names_get(names, (uint16_t)i, NULL), .expires = EXPIRES_UNKNOWN};
	count_records(rows, set);
	for (size_t i = 0; i < all; i++) {
		if (anchor_tally_sum(&rows[i]) == 0)
			continue;
		add(total, &rows[i]);
		rows[kept++] = rows[i];
	}
	qsort(rows, kept, sizeof(*rows), by_name);
	*count = kept;
	return rows;
}
