/* SPDX-License-Identifier: ISC */
/* /diff.json of rtr-mon: who has what that the other lacks, as rtrmon writes it.  It may be long: a document of the worker's. */
#include <stdlib.h>

#include "diffjson.h"
#include "rtr-mon.h"
#include "stamp.h"

/* What such a document is made of. */
struct difference {
	atomic_size_t refs;
	struct mon_picture *picture;
	size_t lhs, rhs;	/* or MON_ALL */
};

struct listing {
	struct out *out;
	const struct mon_picture *picture;
	const struct vrpset *set;	/* lhs's, which has the annotations */
	int64_t last_seen;
	bool first;
};

static int
list_record(void *ctx, const struct monitor_record *record)
{
	struct listing *l = ctx;
	struct payload p = *record->payload;
	const struct router_key *key;

	if (p.kind == PAYLOAD_ASPA)
		return 0;
	if (p.kind == PAYLOAD_ROUTER_KEY && (key = vrpset_find_router_key(l->set, &p.key)))
		p.key = *key;
	diffjson_record(l->out, l->first, &p, vrpset_names(l->set), record->seen + l->picture->offset, l->last_seen);
	l->first = false;
	return l->out->error;
}

static int
list_aspa(void *ctx, const struct monitor_record *record)
{
	struct listing *l = ctx;
	const struct aspa *a = &record->payload->aspa;

	if (record->payload->kind != PAYLOAD_ASPA)
		return 0;
	out_addf(l->out, "%s{\"customer\":%u,\"providers\":[", l->first ? "\n" : ",\n", a->customer);
	for (uint32_t i = 0; i < a->provider_count; i++)
		out_addf(l->out, "%s%u", i ? "," : "", a->providers[i]);
	out_addf(l->out, "],\"first-seen\":%lld,\"last-seen\":%lld,\"visible\":true}",
		 (long long)(record->seen + l->picture->offset), (long long)l->last_seen);
	l->first = false;
	return l->out->error;
}

static void
write_only(struct out *o, const struct mon_picture *p, const char *side, size_t lhs, size_t rhs)
{
	const struct vrpset *set = monitor_view_set(p->view, lhs);
	struct listing l = {.out = o, .picture = p, .set = set, .last_seen = mon_or_zero(p->known[lhs].status.updated), .first = true};

	diffjson_begin(o, side);
	(void)monitor_view_each(p->view, lhs, rhs, list_record, &l);
	diffjson_end(o);
}

/* rtrmon's form has none: a member of our own, where there are any. */
static void
write_only_aspas(struct out *o, const struct mon_picture *p, const char *side, size_t lhs, size_t rhs)
{
	struct listing l = {.out = o, .picture = p, .last_seen = mon_or_zero(p->known[lhs].status.updated), .first = true};

	if (mon_pair(p, lhs, rhs)->kinds[PAYLOAD_ASPA] == 0)
		return;
	out_addf(o, ",\n\"aspas-only-%s\":[", side);
	(void)monitor_view_each(p->view, lhs, rhs, list_aspa, &l);
	diffjson_end(o);
}

static void
write_side(struct out *o, const struct mon_picture *p, const char *name, size_t source)
{
	const struct source_status *st = &p->known[source].status;
	struct diffjson_side side = {
		.set = monitor_view_set(p->view, source), .url = p->options->sources[source].url, .time = st->updated,
		.serial = (uint32_t)mon_or_zero(st->meta.attrs.serial), .session = (uint16_t)mon_or_zero(st->meta.attrs.session),
	};

	diffjson_metadata(o, name, &side);
}

static void
write_members(struct out *o, const struct mon_picture *p, size_t lhs, size_t rhs)
{
	write_side(o, p, "primary", lhs);
	write_side(o, p, "secondary", rhs);
	write_only(o, p, "primary", lhs, rhs);
	out_addf(o, ",\n");
	write_only(o, p, "secondary", rhs, lhs);
	write_only_aspas(o, p, "primary", lhs, rhs);
	write_only_aspas(o, p, "secondary", rhs, lhs);
	out_addf(o, "}");
}

static void
write_difference(const void *subject, struct out *o)
{
	const struct difference *d = subject;
	const struct mon_picture *p = d->picture;
	const char *comma = "";

	if (d->lhs != MON_ALL) {
		out_addf(o, "{");
		write_members(o, p, d->lhs, d->rhs);
		out_addf(o, "\n");
		return;
	}
	out_addf(o, "{\"pairs\":[\n");
	for (size_t a = 0; a < p->options->source_count; a++)
		for (size_t b = a + 1; b < p->options->source_count; b++) {
			out_addf(o, "%s{\"lhs\":\"%s\",\"rhs\":\"%s\",\n", comma, p->options->sources[a].name,
				 p->options->sources[b].name);
			write_members(o, p, a, b);
			comma = ",\n";
		}
	out_addf(o, "]}\n");
}

static void *
difference_ref(void *subject)
{
	struct difference *d = subject;

	atomic_fetch_add_explicit(&d->refs, 1, memory_order_relaxed);
	return d;
}

static void
difference_unref(void *subject)
{
	struct difference *d = subject;

	if (atomic_fetch_sub_explicit(&d->refs, 1, memory_order_acq_rel) != 1)
		return;
	mon_picture_unref(d->picture);
	free(d);
}

int
mon_difference_reply(struct documents *docs, struct httpd_request *r, const char *name, struct mon_picture *p, size_t lhs, size_t rhs)
{
	static const struct document_maker maker = {write_difference, difference_ref, difference_unref};
	struct difference *d = calloc(1, sizeof(*d));

	if (!d)
		return -1;
	atomic_init(&d->refs, 1);
	d->picture = mon_picture_ref(p);
	d->lhs = lhs;
	d->rhs = rhs;
	documents_reply(docs, r, &(struct document){
		.name = name, .version = p->generation, .type = "application/json", .modified = STAMP_UNKNOWN,
		.maker = &maker, .subject = d,
	});
	difference_unref(d);
	return 0;
}
