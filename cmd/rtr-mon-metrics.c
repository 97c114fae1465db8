/* SPDX-License-Identifier: ISC */
/* /metrics of rtr-mon: rtrmon's names and labels, and our own with more. */
#include <stdio.h>

#include "prom.h"
#include "rtr-mon.h"
#include "stamp.h"

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
			prom_sample(o, "rtr_state", mon_in_sync(p, i), "server", opt->sources[i].name, "url", opt->sources[i].url, NULL);
	prom_family(o, "rtr_serial", PROM_GAUGE, "Serial of the data");
	for (size_t i = 0; i < opt->source_count; i++)
		prom_sample(o, "rtr_serial", mon_or_zero(p->known[i].status.meta.attrs.serial), "server", opt->sources[i].name, "url",
			    opt->sources[i].url, NULL);
	prom_family(o, "rtr_session", PROM_GAUGE, "ID of the session");
	for (size_t i = 0; i < opt->source_count; i++)
		prom_sample(o, "rtr_session", mon_or_zero(p->known[i].status.meta.attrs.session), "server", opt->sources[i].name, "url",
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
	return mon_in_sync(p, source);
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

void
mon_metrics_write(struct out *o, const struct mon_picture *p)
{
	write_totals(o, p);
	write_pairs(o, p);
	write_sessions(o, p);
	write_own(o, p);
}
