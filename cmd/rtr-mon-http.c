/* SPDX-License-Identifier: ISC */
/*
 * What rtr-mon tells over HTTP:
 *
 *	/		a page for people
 *	/metrics	Prometheus: rtrmon's names and labels, and our own with more
 *	/diff.json	who has what that the other lacks, as rtrmon writes it; ?lhs=NAME&rhs=NAME for two of many
 *	/status		the sources and pairs as JSON
 *	/healthz	200 while there is something to compare
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "diffjson.h"
#include "documents.h"
#include "html.h"
#include "httpd.h"
#include "prom.h"
#include "rtr-mon.h"
#include "stamp.h"

#define SERIES_EVERY 30		/* seconds */
#define ANSWER_MAX ((size_t)64 << 20)	/* bytes of an answer that is not a document */

struct mon_http {
	const struct options *options;
	struct mon *mon;
	struct httpd *httpd;
	struct documents *documents;
	char (*names)[32];		/* of documents: of each pair, and of all */
	struct mon_picture *last;
	struct series lasting;		/* records that differ beyond the grace period, of all pairs */
	int64_t sampled;
};

/* NULL when memory is out; borrowed until the next call. */
static const struct mon_picture *
look(struct mon_http *h)
{
	struct mon_picture *p = mon_look(h->mon, h->last);

	mon_picture_unref(h->last);
	h->last = p;
	return p;
}

static bool
is_part(const struct mon_picture *p, size_t source)
{
	return monitor_view_set(p->view, source) != NULL;
}

static bool
is_in_sync(const struct mon_picture *p, size_t source)
{
	return p->known[source].status.state == SOURCE_IN_SYNC;
}

static int64_t
or_zero(int64_t value)
{
	return value < 0 ? 0 : value;
}

/* Records of a kind in a source's table; of VRPs, those of IPv4. */
static size_t
count_kind(const struct mon_picture *p, size_t source, enum payload_kind kind, size_t *ipv4)
{
	const struct vrpset *set = monitor_view_set(p->view, source);
	size_t count = 0;

	*ipv4 = 0;
	if (!set)
		return 0;
	if (kind == PAYLOAD_VRP) {
		(void)vrpset_vrps(set, &count);
		*ipv4 = vrpset_ipv4_count(set);
	} else if (kind == PAYLOAD_ROUTER_KEY) {
		(void)vrpset_router_keys(set, &count);
	} else {
		(void)vrpset_aspas(set, &count);
	}
	return count;
}

/* ---- metrics: rtrmon's */

/* Of more than two sources, towards the one that lacks most. */
static size_t
most_differing(const struct mon_picture *p, size_t lhs)
{
	size_t most = 0;

	for (size_t rhs = 0; rhs < p->options->source_count; rhs++) {
		const struct monitor_pair *pair = mon_pair(p, lhs, rhs);
		size_t count = pair->kinds[PAYLOAD_VRP] + pair->kinds[PAYLOAD_ROUTER_KEY];

		most = count > most ? count : most;
	}
	return most;
}

static void
write_totals(struct out *o, const struct mon_picture *p)
{
	prom_family(o, "rpki_vrps", PROM_GAUGE,
		    "VRPs and router keys of a source: in all, and those that another source lacks");
	for (size_t i = 0; i < p->options->source_count; i++) {
		const struct mon_source *s = &p->options->sources[i];
		size_t ipv4, keys = count_kind(p, i, PAYLOAD_ROUTER_KEY, &ipv4), vrps = count_kind(p, i, PAYLOAD_VRP, &ipv4);

		prom_sample(o, "rpki_vrps", (int64_t)most_differing(p, i), "server", s->name, "type", "diff", "url", s->url, NULL);
		prom_sample(o, "rpki_vrps", (int64_t)(vrps + keys), "server", s->name, "type", "total", "url", s->url, NULL);
	}
	prom_family(o, "rpki_grace_period_vrps", PROM_GAUGE,
		    "VRPs and router keys that a source has lost less than the grace period ago");
	for (size_t i = 0; i < p->options->source_count; i++)
		prom_sample(o, "rpki_grace_period_vrps", (int64_t)p->gone[i], "url", p->options->sources[i].url, NULL);
}

/* A threshold is told once the two have been compared for so long. */
static void
write_visible(struct out *o, const struct mon_picture *p, size_t lhs, size_t rhs)
{
	const struct options *opt = p->options;
	int64_t compared = monitor_view_compared(p->view, lhs, rhs);

	for (size_t t = 0; t < opt->threshold_count; t++) {
		char seconds[16];

		if (p->now < compared + p->offset + opt->thresholds[t])
			break;
		snprintf(seconds, sizeof(seconds), "%u", opt->thresholds[t]);
		prom_sample(o, "vrp_diff", (int64_t)mon_pair(p, lhs, rhs)->visible[t], "lhs_url", opt->sources[lhs].url, "rhs_url",
			    opt->sources[rhs].url, "visibility_seconds", seconds, NULL);
	}
}

static void
write_pairs(struct out *o, const struct mon_picture *p)
{
	size_t count = p->options->source_count;

	prom_family(o, "vrp_diff", PROM_GAUGE, "VRPs and router keys that lhs has had for visibility_seconds and rhs lacks");
	for (size_t i = 0; i < count * count; i++)
		if (mon_pair(p, i / count, i % count)->compared)
			write_visible(o, p, i / count, i % count);
}

static void
write_sessions(struct out *o, const struct mon_picture *p)
{
	const struct options *opt = p->options;

	prom_family(o, "rtr_state", PROM_GAUGE, "1 while the session with a cache is in sync");
	for (size_t i = 0; i < opt->source_count; i++)
		if (p->known[i].status.kind == SOURCE_CACHE)
			prom_sample(o, "rtr_state", is_in_sync(p, i), "server", opt->sources[i].name, "url", opt->sources[i].url, NULL);
	prom_family(o, "rtr_serial", PROM_GAUGE, "Serial of the data");
	for (size_t i = 0; i < opt->source_count; i++)
		prom_sample(o, "rtr_serial", or_zero(p->known[i].status.meta.attrs.serial), "server", opt->sources[i].name, "url",
			    opt->sources[i].url, NULL);
	prom_family(o, "rtr_session", PROM_GAUGE, "ID of the session");
	for (size_t i = 0; i < opt->source_count; i++)
		prom_sample(o, "rtr_session", or_zero(p->known[i].status.meta.attrs.session), "server", opt->sources[i].name, "url",
			    opt->sources[i].url, NULL);
	prom_family(o, "update", PROM_GAUGE, "When a source was last heard of and well");
	for (size_t i = 0; i < opt->source_count; i++)
		if (p->known[i].status.updated != STAMP_UNKNOWN)
			prom_sample(o, "update", p->known[i].status.updated, "server", opt->sources[i].name, "url",
				    opt->sources[i].url, NULL);
}

/* ---- metrics: ours */

static void
write_states(struct out *o, const struct mon_picture *p)
{
	static const char *const names[] = {"connecting", "in_sync", "failing", "withdrawn", "ended"};

	prom_family(o, "rtrmon_source_state", PROM_GAUGE, "1 for the state that a source is in");
	for (size_t i = 0; i < p->options->source_count; i++)
		for (size_t state = 0; state < ARRAY_LEN(names); state++)
			prom_sample(o, "rtrmon_source_state", p->known[i].status.state == state, "source",
				    p->options->sources[i].name, "state", names[state], NULL);
}

static void
write_records(struct out *o, const struct mon_picture *p)
{
	static const char name[] = "rtrmon_source_records";

	prom_family(o, name, PROM_GAUGE, "Records of a source");
	for (size_t i = 0; i < p->options->source_count; i++) {
		const char *source = p->options->sources[i].name;
		size_t ipv4, none, vrps = count_kind(p, i, PAYLOAD_VRP, &ipv4);

		prom_sample(o, name, (int64_t)ipv4, "source", source, "type", "vrp", "family", "ipv4", NULL);
		prom_sample(o, name, (int64_t)(vrps - ipv4), "source", source, "type", "vrp", "family", "ipv6", NULL);
		prom_sample(o, name, (int64_t)count_kind(p, i, PAYLOAD_ROUTER_KEY, &none), "source", source, "type", "router_key",
			    "family", "", NULL);
		prom_sample(o, name, (int64_t)count_kind(p, i, PAYLOAD_ASPA, &none), "source", source, "type", "aspa", "family", "",
			    NULL);
	}
}

/* A number of each source; one that is not known has no sample. */
struct number {
	const char *name;
	enum prom_type type;
	const char *help;
	int64_t (*of)(const struct mon_picture *p, size_t source);
};

static int64_t
up_of(const struct mon_picture *p, size_t source)
{
	return is_in_sync(p, source);
}

static int64_t
updated_of(const struct mon_picture *p, size_t source)
{
	return p->known[source].status.updated;
}

static int64_t
serial_of(const struct mon_picture *p, size_t source)
{
	return p->known[source].status.meta.attrs.serial;
}

static int64_t
session_of(const struct mon_picture *p, size_t source)
{
	return p->known[source].status.meta.attrs.session;
}

static int64_t
failures_of(const struct mon_picture *p, size_t source)
{
	return (int64_t)p->known[source].failures;
}

static int64_t
refusals_of(const struct mon_picture *p, size_t source)
{
	return (int64_t)p->known[source].status.refusals;
}

static int64_t
changes_of(const struct mon_picture *p, size_t source)
{
	return (int64_t)p->known[source].changes;
}

static void
write_numbers(struct out *o, const struct mon_picture *p)
{
	static const struct number numbers[] = {
		{"rtrmon_source_up", PROM_GAUGE, "1 while a source is in sync", up_of},
		{"rtrmon_source_updated_time_seconds", PROM_GAUGE, "When a source was last heard of and well", updated_of},
		{"rtrmon_source_serial", PROM_GAUGE, "Serial of its data", serial_of},
		{"rtrmon_source_session", PROM_GAUGE, "ID of its session", session_of},
		{"rtrmon_source_failures_total", PROM_COUNTER, "How often a source began to fail", failures_of},
		{"rtrmon_source_refusals_total", PROM_COUNTER, "Tables that were refused for what is in them", refusals_of},
		{"rtrmon_changes_total", PROM_COUNTER, "How often the records of a source changed", changes_of},
	};

	for (const struct number *n = numbers; n < numbers + ARRAY_LEN(numbers); n++) {
		prom_family(o, n->name, n->type, n->help);
		for (size_t i = 0; i < p->options->source_count; i++)
			if (n->of(p, i) >= 0)
				prom_sample(o, n->name, n->of(p, i), "source", p->options->sources[i].name, NULL);
	}
}

static void
write_differences(struct out *o, const struct mon_picture *p)
{
	size_t count = p->options->source_count;
	const struct mon_source *s = p->options->sources;

	prom_family(o, "rtrmon_differing_records", PROM_GAUGE,
		    "Records of every kind that lhs has and rhs has lacked for the grace period");
	for (size_t i = 0; i < count * count; i++)
		if (p->pairs[i].compared)
			prom_sample(o, "rtrmon_differing_records", (int64_t)p->pairs[i].lasting, "lhs", s[i / count].name, "rhs",
				    s[i % count].name, NULL);
	prom_family(o, "rtrmon_diverged_since_time_seconds", PROM_GAUGE, "Since when there have been such records");
	for (size_t i = 0; i < count * count; i++)
		if (p->diverged[i] != STAMP_UNKNOWN)
			prom_sample(o, "rtrmon_diverged_since_time_seconds", p->diverged[i], "lhs", s[i / count].name, "rhs",
				    s[i % count].name, NULL);
}

static void
write_own(struct out *o, const struct mon_picture *p)
{
	prom_family(o, "rtrmon_build_info", PROM_GAUGE, "1, and the version of rtr-mon");
	prom_sample(o, "rtrmon_build_info", 1, "version", VRPTOOLS_VERSION, NULL);
	prom_single(o, "rtrmon_start_time_seconds", PROM_GAUGE, "When rtr-mon was started", p->started);
	write_states(o, p);
	write_records(o, p);
	write_numbers(o, p);
	write_differences(o, p);
	if (!p->options->hook)
		return;
	prom_family(o, "rtrmon_hook_runs_total", PROM_COUNTER, "How often the command was run, and what came of it");
	for (size_t i = 0; i < MON_HOOK_RESULTS; i++)
		prom_sample(o, "rtrmon_hook_runs_total", (int64_t)p->hook_runs[i], "result", mon_hook_results[i], NULL);
}

/* ---- answers */

static void
reply_out(struct httpd_request *r, int status, const char *type, struct out *o)
{
	struct blob *body = out_take_blob(o);

	out_release(o);
	if (body)
		httpd_reply(r, status, type, body);
	else
		httpd_reply_error(r, 503, "out of memory");
}

static void
answer_metrics(void *ctx, struct httpd_request *r)
{
	const struct mon_picture *p = look(ctx);
	struct out o;

	if (!p) {
		httpd_reply_error(r, 503, "out of memory");
		return;
	}
	out_init_blob(&o, ANSWER_MAX);
	write_totals(&o, p);
	write_pairs(&o, p);
	write_sessions(&o, p);
	write_own(&o, p);
	reply_out(r, 200, PROM_CONTENT_TYPE, &o);
}

static void
answer_health(void *ctx, struct httpd_request *r)
{
	const struct mon_picture *p = look(ctx);
	size_t parts = 0;

	for (size_t i = 0; p && i < p->options->source_count; i++)
		parts += is_part(p, i);
	if (parts >= 2)
		httpd_reply_text(r, 200, "text/plain; charset=utf-8", "ok\n", 3);
	else
		httpd_reply_error(r, 503, "nothing to compare: %zu of %zu sources have a table", parts,
				  ((struct mon_http *)ctx)->options->source_count);
}

static void
answer_page(void *ctx, struct httpd_request *r)
{
	struct mon_http *h = ctx;
	const struct mon_picture *p = look(h);
	char policy[HTML_POLICY_MAX];
	struct out o;

	if (!p || html_policy(policy) < 0) {
		httpd_reply_error(r, 503, "out of memory");
		return;
	}
	httpd_add_header(r, "Content-Security-Policy", policy);
	httpd_add_header(r, "Cache-Control", "no-store");
	out_init_blob(&o, ANSWER_MAX);
	mon_page_write(&o, p, &h->lasting);
	reply_out(r, 200, HTML_TYPE, &o);
}

/* ---- status */

static void
write_time(struct out *o, const char *name, int64_t time)
{
	if (time != STAMP_UNKNOWN)
		out_addf(o, ",\"%s\":%lld", name, (long long)time);
}

static void
write_text(struct out *o, const char *name, const char *text)
{
	if (!*text)
		return;
	out_addf(o, ",\"%s\":", name);
	diffjson_string(o, text);
}

static void
write_source(struct out *o, const struct mon_picture *p, size_t i)
{
	static const char *const kinds[] = {"stream", "file", "feed", "cache"};
	const struct mon_source *s = &p->options->sources[i];
	const struct mon_known *k = &p->known[i];
	const struct source_status *st = &k->status;

	out_addf(o, "{\"name\":\"%s\",\"url\":", s->name);
	diffjson_string(o, s->url);
	out_addf(o, ",\"kind\":\"%s\",\"state\":\"%s\",\"compared\":%s,\"records\":%zu,\"expired\":%zu,\"skipped\":%zu", kinds[st->kind],
		 source_state_name(st->state), is_part(p, i) ? "true" : "false", st->records, st->expired, st->skipped);
	if (st->meta.attrs.serial >= 0)
		out_addf(o, ",\"serial\":%lld", (long long)st->meta.attrs.serial);
	if (st->meta.attrs.session >= 0)
		out_addf(o, ",\"session\":%d", (int)st->meta.attrs.session);
	if (st->meta.version >= 0)
		out_addf(o, ",\"version\":%d", st->meta.version);
	write_time(o, "since", st->since);
	write_time(o, "data_time", st->meta.attrs.time);
	write_time(o, "updated", st->updated);
	write_time(o, "next", st->next);
	write_time(o, "expires", st->expires);
	write_text(o, "error", st->error.msg);
	write_text(o, "withdrawn", st->withdrawn);
	write_text(o, "refused", st->refused.msg);
	out_addf(o, ",\"refusals\":%zu,\"failures\":%llu,\"changes\":%llu}", st->refusals, (unsigned long long)k->failures,
		 (unsigned long long)k->changes);
}

static void
write_pair(struct out *o, const struct mon_picture *p, size_t lhs, size_t rhs)
{
	const struct monitor_pair *pair = mon_pair(p, lhs, rhs);
	int64_t diverged = p->diverged[lhs * p->options->source_count + rhs];

	out_addf(o, "{\"lhs\":\"%s\",\"rhs\":\"%s\",\"records\":%zu,\"vrps\":%zu,\"router_keys\":%zu,\"aspas\":%zu,\"lasting\":%zu",
		 p->options->sources[lhs].name, p->options->sources[rhs].name, pair->records, pair->kinds[PAYLOAD_VRP],
		 pair->kinds[PAYLOAD_ROUTER_KEY], pair->kinds[PAYLOAD_ASPA], pair->lasting);
	if (pair->oldest != MONITOR_NEVER)
		write_time(o, "oldest", pair->oldest + p->offset);
	write_time(o, "diverged_since", diverged);
	out_addf(o, "}");
}

static void
answer_status(void *ctx, struct httpd_request *r)
{
	const struct mon_picture *p = look(ctx);
	size_t count = p ? p->options->source_count : 0;
	const char *comma = "";
	struct out o;

	if (!p) {
		httpd_reply_error(r, 503, "out of memory");
		return;
	}
	out_init_blob(&o, ANSWER_MAX);
	out_addf(&o, "{\"version\":\"" VRPTOOLS_VERSION "\",\"started\":%lld,\"now\":%lld,\"grace\":%u,\n\"sources\":[\n",
		 (long long)p->started, (long long)p->now, p->options->grace);
	for (size_t i = 0; i < count; i++) {
		out_addf(&o, "%s", i ? ",\n" : "");
		write_source(&o, p, i);
	}
	out_addf(&o, "],\n\"pairs\":[\n");
	for (size_t i = 0; i < count * count; i++) {
		if (!p->pairs[i].compared)
			continue;
		out_addf(&o, "%s", comma);
		write_pair(&o, p, i / count, i % count);
		comma = ",\n";
	}
	out_addf(&o, "]}\n");
	reply_out(r, 200, "application/json", &o);
}

/* ---- differences, which may be long */

#define ALL SIZE_MAX

/* What such a document is made of. */
struct difference {
	atomic_size_t refs;
	struct mon_picture *picture;
	size_t lhs, rhs;	/* or ALL */
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
	struct listing l = {.out = o, .picture = p, .set = set, .last_seen = or_zero(p->known[lhs].status.updated), .first = true};

	diffjson_begin(o, side);
	(void)monitor_view_each(p->view, lhs, rhs, list_record, &l);
	diffjson_end(o);
}

/* rtrmon's form has none: a member of our own, where there are any. */
static void
write_only_aspas(struct out *o, const struct mon_picture *p, const char *side, size_t lhs, size_t rhs)
{
	struct listing l = {.out = o, .picture = p, .last_seen = or_zero(p->known[lhs].status.updated), .first = true};

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
		.serial = (uint32_t)or_zero(st->meta.attrs.serial), .session = (uint16_t)or_zero(st->meta.attrs.session),
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

	if (d->lhs != ALL) {
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

static void
reply_difference(struct mon_http *h, struct httpd_request *r, size_t lhs, size_t rhs)
{
	static const struct document_maker maker = {write_difference, difference_ref, difference_unref};
	size_t count = h->options->source_count, place = lhs == ALL ? count * count : lhs * count + rhs;
	struct difference *d = calloc(1, sizeof(*d));

	if (!d || !look(h)) {
		free(d);
		httpd_reply_error(r, 503, "out of memory");
		return;
	}
	atomic_init(&d->refs, 1);
	d->picture = mon_picture_ref(h->last);
	d->lhs = lhs;
	d->rhs = rhs;
	documents_reply(h->documents, r, &(struct document){
		.name = h->names[place], .version = d->picture->generation, .type = "application/json",
		.modified = STAMP_UNKNOWN, .maker = &maker, .subject = d,
	});
	difference_unref(d);
}

/* ALL when no source is called so. */
static size_t
find_source(const struct options *o, const char *name)
{
	for (size_t i = 0; i < o->source_count; i++)
		if (strcmp(o->sources[i].name, name) == 0)
			return i;
	return ALL;
}

static void
answer_diff(void *ctx, struct httpd_request *r)
{
	struct mon_http *h = ctx;
	const char *lhs = http_target_field(httpd_target(r), "lhs"), *rhs = http_target_field(httpd_target(r), "rhs");
	size_t a = 0, b = 1;

	if (!lhs != !rhs) {
		httpd_reply_error(r, 400, "lhs and rhs go together");
		return;
	}
	if (lhs) {
		a = find_source(h->options, lhs);
		b = find_source(h->options, rhs);
		if (a == ALL || b == ALL) {
			httpd_reply_error(r, 404, "no source is called %s", a == ALL ? lhs : rhs);
			return;
		}
	} else if (h->options->source_count > 2) {
		a = b = ALL;
	}
	reply_difference(h, r, a, b);
}

/* ---- the server */

static void
on_tick(void *ctx)
{
	struct mon_http *h = ctx;
	const struct mon_picture *p;
	uint64_t lasting = 0;

	if ((int64_t)time(NULL) - h->sampled < SERIES_EVERY || !(p = look(h)))
		return;
	h->sampled = p->now;
	for (size_t i = 0; i < h->options->source_count * h->options->source_count; i++)
		lasting += p->pairs[i].lasting;
	series_add(&h->lasting, p->now, lasting);
}

static const struct httpd_route routes[] = {
	{.path = "/", .handle = answer_page},
	{.path = "/metrics", .handle = answer_metrics},
	{.path = "/diff.json", .handle = answer_diff},
	{.path = "/status", .handle = answer_status},
	{.path = "/healthz", .handle = answer_health},
};

static int
name_documents(struct mon_http *h)
{
	size_t count = h->options->source_count;

	h->names = calloc(count * count + 1, sizeof(*h->names));
	if (!h->names)
		return -1;
	for (size_t i = 0; i <= count * count; i++)
		snprintf(h->names[i], sizeof(h->names[i]), "diff-%zu", i);
	return 0;
}

static int
listen_all(struct mon_http *h, struct vrp_err *err)
{
	for (size_t i = 0; i < h->options->http_count; i++)
		if (httpd_listen(h->httpd, h->options->http[i], -1, err) < 0)
			return -1;
	return httpd_add_tick(h->httpd, on_tick, h) < 0 ? vrp_err_nomem(err) : 0;
}

struct mon_http *
mon_http_new(const struct options *o, struct mon *m, const struct log *log, struct vrp_err *err)
{
	static const struct httpd_config config = {0};
	static const struct documents_config documents_config = {0};
	struct mon_http *h = calloc(1, sizeof(*h));

	if (!h) {
		vrp_err_nomem(err);
		return NULL;
	}
	h->options = o;
	h->mon = m;
	series_init(&h->lasting);
	h->httpd = httpd_new(&config, routes, ARRAY_LEN(routes), h, log, err);
	if (h->httpd)
		h->documents = documents_new(h->httpd, &documents_config, err);
	if (h->documents && name_documents(h) < 0)
		vrp_err_nomem(err);
	else if (h->documents && listen_all(h, err) == 0)
		return h;
	mon_http_stop(h);
	return NULL;
}

int
mon_http_start(struct mon_http *h, struct vrp_err *err)
{
	return documents_start(h->documents, err) < 0 ? -1 : httpd_start(h->httpd, err);
}

void
mon_http_stop(struct mon_http *h)
{
	if (!h)
		return;
	if (h->httpd)
		httpd_stop(h->httpd);
	if (h->documents)
		documents_stop(h->documents);
	httpd_free(h->httpd);
	documents_free(h->documents);
	mon_picture_unref(h->last);
	free(h->names);
	free(h);
}
