/* SPDX-License-Identifier: ISC */
/* The page of rtr-mon: the sources, each two of them, and the records that have differed longest. */
#include <stdlib.h>
#include <string.h>

#include "chart.h"
#include "html.h"
#include "rtr-mon.h"
#include "stamp.h"

#define ADD(o, literal) out_add((o), (literal), sizeof(literal) - 1)
#define LONGEST 100	/* records that are listed */
#define PROVIDERS 16	/* of an ASPA */

static const char *
name_of(const struct mon_picture *p, size_t source)
{
	return p->options->sources[source].name;
}

/* ---- the state in words */

static size_t
count_diverged(const struct mon_picture *p)
{
	size_t count = 0;

	for (size_t i = 0; i < p->options->source_count * p->options->source_count; i++)
		count += p->diverged[i] != STAMP_UNKNOWN;
	return count;
}

static size_t
count_state(const struct mon_picture *p, bool in_sync)
{
	size_t count = 0;

	for (size_t i = 0; i < p->options->source_count; i++)
		count += mon_in_sync(p, i) == in_sync;
	return count;
}

static void
write_state(struct out *o, const struct mon_picture *p)
{
	size_t apart = count_diverged(p), lost = count_state(p, false);

	if (apart)
		html_begin(o, "rtr-mon", HTML_BAD, "Sources differ");
	else if (lost)
		html_begin(o, "rtr-mon", HTML_CARE, "Not all sources are in sync");
	else
		html_begin(o, "rtr-mon", HTML_WELL, "Sources agree");
	out_addf(o, "<p>%zu of %zu sources are in sync. ", count_state(p, true), p->options->source_count);
	ADD(o, "What differs for less than ");
	html_span(o, p->options->grace);
	ADD(o, " is within the grace period.</p>\n");
	html_state_end(o);
}

/* ---- sources */

static void
write_reason(struct out *o, const struct source_status *st)
{
	const char *why = st->state == SOURCE_WITHDRAWN ? st->withdrawn : st->error.msg;

	if (*why)
		html_text(o, why, strlen(why));
}

static void
write_source(struct out *o, const struct mon_picture *p, size_t i)
{
	const struct source_status *st = &p->known[i].status;

	html_row(o);
	html_head_cell(o);
	html_name(o, name_of(p, i));
	html_cell(o, false);
	html_name(o, p->options->sources[i].url);
	html_cell(o, false);
	out_addf(o, "%s", source_state_name(st->state));
	html_cell(o, true);
	html_count(o, st->records);
	html_cell(o, true);
	if (st->meta.attrs.serial >= 0)
		out_addf(o, "%lld", (long long)st->meta.attrs.serial);
	html_cell(o, false);
	if (st->updated != STAMP_UNKNOWN)
		html_ago(o, st->updated, p->now);
	html_cell(o, false);
	write_reason(o, st);
}

static void
write_sources(struct out *o, const struct mon_picture *p)
{
	static const struct html_column columns[] = {
		{"Name", false}, {"Source", false}, {"State", false}, {"Records", true}, {"Serial", true}, {"Heard of", false},
		{"Reason", false},
	};

	html_section(o, "sources", "Sources");
	html_table(o, "source-list", "What is compared", columns, ARRAY_LEN(columns));
	for (size_t i = 0; i < p->options->source_count; i++)
		write_source(o, p, i);
	html_table_end(o);
	html_section_end(o);
}

/* ---- pairs */

static void
write_pair(struct out *o, const struct mon_picture *p, size_t lhs, size_t rhs)
{
	const struct monitor_pair *pair = mon_pair(p, lhs, rhs);
	int64_t diverged = p->diverged[lhs * p->options->source_count + rhs];

	html_row(o);
	html_head_cell(o);
	html_name(o, name_of(p, lhs));
	html_cell(o, false);
	html_name(o, name_of(p, rhs));
	html_cell(o, true);
	html_count(o, pair->records);
	html_cell(o, true);
	html_count(o, pair->lasting);
	html_cell(o, false);
	if (diverged != STAMP_UNKNOWN)
		html_time(o, diverged, p->now);
	for (size_t t = 0; t < p->options->threshold_count; t++) {
		html_cell(o, true);
		html_count(o, pair->visible[t]);
	}
}

/* Headings of the thresholds: as seconds, as they stand in the metrics. */
static void
write_pairs(struct out *o, const struct mon_picture *p)
{
	struct html_column columns[5 + MONITOR_THRESHOLDS_MAX] = {
		{"Has", false}, {"Lacks", false}, {"Records", true}, {"Beyond grace", true}, {"Since", false},
	};
	char headings[MONITOR_THRESHOLDS_MAX][24];
	size_t count = p->options->source_count;

	for (size_t t = 0; t < p->options->threshold_count; t++) {
		snprintf(headings[t], sizeof(headings[t]), "\xe2\x89\xa5 %u s", p->options->thresholds[t]);
		columns[5 + t] = (struct html_column){headings[t], true};
	}
	html_section(o, "pairs", "Who lacks what");
	ADD(o, "<p>Records that one has and the other lacks; of VRPs and router keys also those that have been visible for so long. ");
	ADD(o, "<a href=\"diff.json\">diff.json</a> has all of them, <a href=\"metrics\">metrics</a> the numbers.</p>\n");
	html_table(o, "pair-list", "Differences", columns, 5 + p->options->threshold_count);
	for (size_t i = 0; i < count * count; i++)
		if (p->pairs[i].compared)
			write_pair(o, p, i / count, i % count);
	html_table_end(o);
	html_section_end(o);
}

/* ---- records */

struct entry {
	struct monitor_record record;
	size_t lhs, rhs;
};

/* The oldest, in order. */
struct longest {
	struct entry entries[LONGEST];
	size_t count;
	size_t lhs, rhs;
};

static int
keep_oldest(void *ctx, const struct monitor_record *r)
{
	struct longest *l = ctx;
	size_t at;

	if (l->count == LONGEST && r->since >= l->entries[LONGEST - 1].record.since)
		return 0;
	l->count += l->count < LONGEST;
	for (at = l->count - 1; at > 0 && l->entries[at - 1].record.since > r->since; at--)
		l->entries[at] = l->entries[at - 1];
	l->entries[at] = (struct entry){*r, l->lhs, l->rhs};
	return 0;
}

static void
write_aspa(struct out *o, const struct aspa *a)
{
	out_addf(o, "ASPA AS%u", a->customer);
	for (uint32_t i = 0; i < a->provider_count && i < PROVIDERS; i++)
		out_addf(o, "%s AS%u", i ? "," : ":", a->providers[i]);
	if (a->provider_count > PROVIDERS)
		out_addf(o, " and %u more", a->provider_count - PROVIDERS);
}

static void
write_payload(struct out *o, const struct payload *p)
{
	char prefix[PREFIX_TEXT_MAX];

	switch (p->kind) {
	case PAYLOAD_VRP:
		*prefix_format(prefix, &p->vrp.prefix) = '\0';
		out_addf(o, "%s up to %u, AS%u", prefix, p->vrp.maxlen, p->vrp.asn);
		break;
	case PAYLOAD_ROUTER_KEY:
		out_addf(o, "router key AS%u ", p->key.asn);
		for (size_t i = 0; i < SKI_LEN; i++)
			out_addf(o, "%02x", p->key.ski[i]);
		break;
	case PAYLOAD_ASPA:
		write_aspa(o, &p->aspa);
		break;
	}
}

static void
write_entry(struct out *o, const struct mon_picture *p, const struct entry *e)
{
	html_row(o);
	html_head_cell(o);
	write_payload(o, e->record.payload);
	html_cell(o, false);
	html_name(o, name_of(p, e->lhs));
	html_cell(o, false);
	html_name(o, name_of(p, e->rhs));
	html_cell(o, false);
	html_time(o, e->record.since + p->offset, p->now);
	html_cell(o, false);
	html_time(o, e->record.seen + p->offset, p->now);
}

static void
write_records(struct out *o, const struct mon_picture *p)
{
	static const struct html_column columns[] = {
		{"Record", false}, {"Has it", false}, {"Lacks it", false}, {"Differs since", false}, {"Seen since", false},
	};
	struct longest *l = calloc(1, sizeof(*l));
	size_t count = p->options->source_count;

	if (!l)
		return;
	for (size_t i = 0; i < count * count; i++) {
		l->lhs = i / count;
		l->rhs = i % count;
		if (p->pairs[i].records)
			(void)monitor_view_each(p->view, l->lhs, l->rhs, keep_oldest, l);
	}
	html_section(o, "records", "What has differed longest");
	html_table(o, "record-list", "At most 100 records", columns, ARRAY_LEN(columns));
	for (size_t i = 0; i < l->count; i++)
		write_entry(o, p, &l->entries[i]);
	html_table_end(o);
	html_section_end(o);
	free(l);
}

void
mon_page_write(struct out *o, const struct mon_picture *p, const struct series *lasting)
{
	write_state(o, p);
	write_sources(o, p);
	write_pairs(o, p);
	html_section(o, "day", "The last day");
	chart_write(o, "differing", "Records that differ beyond the grace period", lasting, p->now);
	html_section_end(o);
	write_records(o, p);
	html_foot(o, p->now);
	ADD(o, "<p>rtr-mon " VRPTOOLS_VERSION "</p>\n");
	html_end(o);
}
