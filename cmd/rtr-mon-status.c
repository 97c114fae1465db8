/* SPDX-License-Identifier: ISC */
/* /status of rtr-mon: the sources, and each two of them that are compared. */
#include "jsonout.h"
#include "rtr-mon.h"
#include "stamp.h"

static void
write_known(struct jsonout *j, const char *name, int64_t number)
{
	if (number >= 0)
		jsonout_number(j, name, number);
}

static void
write_time(struct jsonout *j, const char *name, int64_t time)
{
	if (time != STAMP_UNKNOWN)
		jsonout_time(j, name, time);
}

static void
write_text(struct jsonout *j, const char *name, const char *text)
{
	if (*text)
		jsonout_string(j, name, text);
}

static void
write_state(struct jsonout *j, const struct source_status *st)
{
	static const char *const kinds[] = {"stream", "file", "feed", "cache"};

	jsonout_string(j, "kind", kinds[st->kind]);
	jsonout_string(j, "state", source_state_name(st->state));
	write_time(j, "since", st->since);
	write_time(j, "updated", st->updated);
	write_time(j, "next", st->next);
	write_time(j, "expires", st->expires);
	write_text(j, "error", st->error.msg);
	write_text(j, "withdrawn", st->withdrawn);
	write_text(j, "refused", st->refused.msg);
}

static void
write_data(struct jsonout *j, const struct source_status *st)
{
	jsonout_number(j, "records", (int64_t)st->records);
	jsonout_number(j, "expired", (int64_t)st->expired);
	jsonout_number(j, "skipped", (int64_t)st->skipped);
	write_known(j, "serial", st->meta.attrs.serial);
	write_known(j, "session", st->meta.attrs.session);
	write_known(j, "version", st->meta.version);
	write_time(j, "data_time", st->meta.attrs.time);
}

static void
write_source(struct jsonout *j, const struct mon_picture *p, size_t source)
{
	const struct mon_source *s = &p->options->sources[source];
	const struct mon_known *k = &p->known[source];

	jsonout_object(j, NULL);
	jsonout_string(j, "name", s->name);
	jsonout_string(j, "url", s->url);
	write_state(j, &k->status);
	jsonout_bool(j, "compared", mon_has_table(p, source));
	write_data(j, &k->status);
	jsonout_number(j, "refusals", (int64_t)k->status.refusals);
	jsonout_number(j, "failures", (int64_t)k->failures);
	jsonout_number(j, "changes", (int64_t)k->changes);
	jsonout_end(j);
}

static void
write_pair(struct jsonout *j, const struct mon_picture *p, size_t lhs, size_t rhs)
{
	const struct monitor_pair *pair = mon_pair(p, lhs, rhs);

	jsonout_object(j, NULL);
	jsonout_string(j, "lhs", p->options->sources[lhs].name);
	jsonout_string(j, "rhs", p->options->sources[rhs].name);
	jsonout_number(j, "records", (int64_t)pair->records);
	jsonout_number(j, "vrps", (int64_t)pair->kinds[PAYLOAD_VRP]);
	jsonout_number(j, "router_keys", (int64_t)pair->kinds[PAYLOAD_ROUTER_KEY]);
	jsonout_number(j, "aspas", (int64_t)pair->kinds[PAYLOAD_ASPA]);
	jsonout_number(j, "lasting", (int64_t)pair->lasting);
	if (pair->oldest != MONITOR_NEVER)
		jsonout_time(j, "oldest", pair->oldest + p->offset);
	write_time(j, "diverged_since", p->diverged[lhs * p->options->source_count + rhs]);
	jsonout_end(j);
}

void
mon_status_write(struct out *o, const struct mon_picture *p)
{
	size_t count = p->options->source_count;
	struct jsonout j;

	jsonout_init(&j, o);
	jsonout_object(&j, NULL);
	jsonout_string(&j, "version", VRPTOOLS_VERSION);
	jsonout_time(&j, "started", p->started);
	jsonout_time(&j, "now", p->now);
	jsonout_number(&j, "grace", p->options->grace);
	jsonout_array(&j, "sources");
	for (size_t i = 0; i < count; i++)
		write_source(&j, p, i);
	jsonout_end(&j);
	jsonout_array(&j, "pairs");
	for (size_t i = 0; i < count * count; i++)
		if (p->pairs[i].compared)
			write_pair(&j, p, i / count, i % count);
	jsonout_end(&j);
	jsonout_end(&j);
}
