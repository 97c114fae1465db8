/* SPDX-License-Identifier: ISC */
#include "diffstat.h"

#include <errno.h>
#include <stdio.h>

enum column { OLD, NEW, ANNOUNCED, WITHDRAWN, CHANGED, COLUMNS };

enum kind { IPV4, IPV6, ROUTER_KEY, ASPA, KINDS };

struct row {
	uint32_t id;	/* AS, or number of a trust anchor */
	size_t n[COLUMNS];
};

/* One difference, to be sorted by AS: the AS, then the column in the lowest byte. */
typedef uint64_t event;

struct diffstat {
	const struct delta *delta;
	const struct vrpset *old;
	struct row all;
	struct row kinds[KINDS];
	struct row *anchors;	/* by number */
	size_t anchor_count;
	event *events;
	size_t event_count;
	struct row *asns;	/* of those with a difference */
	size_t asn_count;
	enum column column;	/* that the walk through a set is about */
};

static uint32_t
asn_of(const struct payload *p)
{
	switch (p->kind) {
	case PAYLOAD_ROUTER_KEY:
		return p->key.asn;
	case PAYLOAD_ASPA:
		return p->aspa.customer;
	case PAYLOAD_VRP:
		break;
	}
	return p->vrp.asn;
}

static void
count(struct diffstat *s, const struct payload *p, enum column column)
{
	enum kind kind = p->vrp.prefix.family == FAMILY_IPV4 ? IPV4 : IPV6;
	uint16_t ta = p->vrp.ta;

	if (p->kind == PAYLOAD_ROUTER_KEY) {
		kind = ROUTER_KEY;
		ta = p->key.ta;
	} else if (p->kind == PAYLOAD_ASPA) {
		kind = ASPA;
		ta = p->aspa.ta;
	}
	s->all.n[column]++;
	s->kinds[kind].n[column]++;
	s->anchors[ta].n[column]++;
}

static int
count_record(void *ctx, const struct payload *p)
{
	struct diffstat *s = ctx;

	count(s, p, s->column);
	return 0;
}

static int
count_difference(void *ctx, const struct payload *p)
{
	struct diffstat *s = ctx;
	enum column column = s->column;

	/* An ASPA that is replaced stands in both halves and counts by the new one. */
	if (column == WITHDRAWN && vrpset_contains(s->delta->announced, p))
		return 0;
	if (column == ANNOUNCED && vrpset_contains(s->old, p))
		column = CHANGED;
	count(s, p, column);
	s->events[s->event_count++] = (event)asn_of(p) << 8 | column;
	return 0;
}

static int
cmp_event(const void *a, const void *b)
{
	const event *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* One row for each AS, ascending. */
static void
group_events(struct diffstat *s)
{
	qsort(s->events, s->event_count, sizeof(*s->events), cmp_event);
	for (size_t i = 0; i < s->event_count; i++) {
		uint32_t asn = (uint32_t)(s->events[i] >> 8);

		if (s->asn_count == 0 || s->asns[s->asn_count - 1].id != asn)
			s->asns[s->asn_count++].id = asn;
		s->asns[s->asn_count - 1].n[s->events[i] & 0xff]++;
	}
}

static int
cmp_id(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

static int
count_of_as(void *ctx, const struct payload *p)
{
	struct diffstat *s = ctx;
	struct row key = {.id = asn_of(p)}, *row;

	row = bsearch(&key, s->asns, s->asn_count, sizeof(key), cmp_id);
	if (row)
		row->n[s->column]++;
	return 0;
}

static void
walk(struct diffstat *s, const struct vrpset *set, enum column column, int (*fn)(void *ctx, const struct payload *p))
{
	s->column = column;
	(void)vrpset_each(set, fn, s);
}

static size_t
differences(const struct row *r)
{
	return r->n[ANNOUNCED] + r->n[WITHDRAWN] + r->n[CHANGED];
}

/* The most differences first. */
static int
cmp_size(const void *a, const void *b)
{
	size_t x = differences(a), y = differences(b);

	return x != y ? (x < y) - (x > y) : cmp_id(a, b);
}

static void
write_cell(struct out *out, char sign, size_t n)
{
	char text[24];

	if (n)
		snprintf(text, sizeof(text), "%c%zu", sign, n);
	else
		snprintf(text, sizeof(text), "0");
	out_addf(out, " %10s", text);
}

static void
write_row(struct out *out, const char *label, const struct row *r)
{
	out_addf(out, "%-16s %10zu %10zu", label, r->n[OLD], r->n[NEW]);
	write_cell(out, '+', r->n[ANNOUNCED]);
	write_cell(out, '-', r->n[WITHDRAWN]);
	write_cell(out, '~', r->n[CHANGED]);
	out_addf(out, "\n");
}

static void
write_kinds(struct out *out, const struct diffstat *s)
{
	static const char *const labels[KINDS] = {"IPv4 VRPs", "IPv6 VRPs", "router keys", "ASPAs"};

	out_addf(out, "%-16s %10s %10s %10s %10s %10s\n", "", "old", "new", "announced", "withdrawn", "changed");
	write_row(out, "all records", &s->all);
	for (size_t i = 0; i < KINDS; i++)
		write_row(out, labels[i], &s->kinds[i]);
}

static void
write_anchors(struct out *out, struct diffstat *s, const struct names *names)
{
	qsort(s->anchors, s->anchor_count, sizeof(*s->anchors), cmp_size);
	for (size_t i = 0; i < s->anchor_count && differences(&s->anchors[i]); i++) {
		out_add(out, "\n", i == 0);
		write_row(out, names_get(names, (uint16_t)s->anchors[i].id, NULL), &s->anchors[i]);
	}
}

static void
write_asns(struct out *out, struct diffstat *s, size_t top)
{
	struct row rest = {0};
	char label[32];

	qsort(s->asns, s->asn_count, sizeof(*s->asns), cmp_size);
	out_add(out, "\n", s->asn_count > 0);
	for (size_t i = 0; i < s->asn_count; i++) {
		if (i < top) {
			snprintf(label, sizeof(label), "AS%u", s->asns[i].id);
			write_row(out, label, &s->asns[i]);
		}
		for (size_t k = 0; i >= top && k < COLUMNS; k++)
			rest.n[k] += s->asns[i].n[k];
	}
	if (s->asn_count > top) {
		snprintf(label, sizeof(label), "%zu%s", s->asn_count - top, top ? " more" : " ASes");
		write_row(out, label, &rest);
	}
}

int
diffstat_write(struct out *out, const struct vrpset *old, const struct vrpset *new, const struct delta *delta, size_t top)
{
	struct diffstat s = {.delta = delta, .old = old, .anchor_count = names_count(vrpset_names(old))};
	size_t most = vrpset_count(delta->announced) + vrpset_count(delta->withdrawn);
	int rc = -1;

	s.anchors = calloc(s.anchor_count, sizeof(*s.anchors));
	s.events = calloc(most + 1, sizeof(*s.events));
	s.asns = calloc(most + 1, sizeof(*s.asns));
	if (s.anchors && s.events && s.asns) {
		for (size_t i = 0; i < s.anchor_count; i++)
			s.anchors[i].id = (uint32_t)i;
		walk(&s, old, OLD, count_record);
		walk(&s, new, NEW, count_record);
		walk(&s, delta->withdrawn, WITHDRAWN, count_difference);
		walk(&s, delta->announced, ANNOUNCED, count_difference);
		group_events(&s);
		walk(&s, old, OLD, count_of_as);
		walk(&s, new, NEW, count_of_as);
		write_kinds(out, &s);
		write_anchors(out, &s, vrpset_names(old));
		write_asns(out, &s, top);
		rc = 0;
	}
	free(s.anchors);
	free(s.events);
	free(s.asns);
	return rc;
}
