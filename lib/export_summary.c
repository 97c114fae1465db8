/* SPDX-License-Identifier: ISC */
/*
 * Counts for people: what each trust anchor has, and the table as a whole.
 * Names are tokens of vrp(5), so that every column is one word.
 */
#include <errno.h>

#include "anchor_tally.h"
#include "enc.h"
#include "export_internal.h"

static void
write_row(struct out *out, const struct anchor_tally *c, int width)
{
	char expires[STAMP_MAX] = "-";

	if (c->expires != EXPIRES_UNKNOWN)
		stamp_format(c->expires, expires);
	out_addf(out, "%-*s  %9zu  %9zu  %11zu  %7zu  %s\n", width, c->name, c->ipv4, c->ipv6, c->keys, c->aspas, expires);
}

/* One row for each trust anchor that has records, and their sum. */
static int
write_anchors(struct out *out, const struct vrpset *set)
{
	static const char title[] = "trust anchor";
	size_t count, width = sizeof(title) - 1;
	struct anchor_tally total, *rows = anchor_tally_new(set, &count, &total);

	if (!rows)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (strlen(rows[i].name) > width)
			width = strlen(rows[i].name);
	out_addf(out, "%-*s  IPv4 VRPs  IPv6 VRPs  router keys    ASPAs  first expiry\n", (int)width, title);
	for (size_t i = 0; i < count; i++)
		write_row(out, &rows[i], (int)width);
	write_row(out, &total, (int)width);
	free(rows);
	return 0;
}

/* Different prefixes of the VRPs from first to end, which are in canonical order. */
static size_t
count_prefixes(const struct vrp *vrps, size_t first, size_t end)
{
	size_t count = 0;

	for (size_t i = first; i < end; i++)
		count += i == first || prefix_cmp(&vrps[i - 1].prefix, &vrps[i].prefix) != 0;
	return count;
}

static int
by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* Different origins.  Neighbours often have the same, which halves what is to be sorted.  -1 when memory is out. */
static ptrdiff_t
count_origins(const struct vrp *vrps, size_t count)
{
	uint32_t *as = malloc((count ? count : 1) * sizeof(*as));
	size_t n = 0;
	ptrdiff_t different = 0;

	if (!as)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (i == 0 || vrps[i].asn != vrps[i - 1].asn)
			as[n++] = vrps[i].asn;
	qsort(as, n, sizeof(*as), by_number);
	for (size_t i = 0; i < n; i++)
		different += i == 0 || as[i] != as[i - 1];
	free(as);
	return different;
}

static int
write_whole(struct out *out, const struct vrpset *set)
{
	size_t count, as0 = 0, ipv4 = vrpset_ipv4_count(set);
	const struct vrp *vrps = vrpset_vrps(set, &count);
	ptrdiff_t origins = count_origins(vrps, count);

	for (size_t i = 0; i < count; i++)
		as0 += vrps[i].asn == 0;
	out_addf(out, "\nIPv4 prefixes  %zu\nIPv6 prefixes  %zu\n", count_prefixes(vrps, 0, ipv4),
		 count_prefixes(vrps, ipv4, count));
	out_addf(out, "origin ASes    %td\nVRPs of AS0    %zu\n", origins, as0);
	return origins < 0 ? -1 : 0;
}

static int
write_meta(struct out *out, const struct export_meta *meta)
{
	struct buf source = BUF_INIT;
	char stamp[STAMP_MAX] = "unknown";
	int rc = meta->source ? percent_encode(&source, meta->source, strlen(meta->source)) : 0;

	if (meta->time != STAMP_UNKNOWN)
		stamp_format(meta->time, stamp);
	out_addf(out, "time of data   %s\n", stamp);
	if (source.len)
		out_addf(out, "source         %.*s\n", (int)source.len, source.data);
	if (meta->session >= 0)
		out_addf(out, "session        %d\n", (int)meta->session);
	if (meta->serial >= 0)
		out_addf(out, "serial         %lld\n", (long long)meta->serial);
	EXPORT_ADD(out, "\n");
	buf_release(&source);
	return rc;
}

void
export_summary(struct out *out, const struct vrpset *set, const struct export_meta *meta)
{
	if (write_meta(out, meta) < 0 || write_anchors(out, set) < 0 || write_whole(out, set) < 0)
		out->error = out->error ? out->error : ENOMEM;
}
