/* SPDX-License-Identifier: ISC */
#include "text.h"

#include <errno.h>

#include "enc.h"
#include "stamp.h"
#include "view_internal.h"

#define ADD(out, literal) out_add((out), (literal), sizeof(literal) - 1)

void
text_readme(struct out *out)
{
	ADD(out,
"RPKI data as files: what validators say about who may announce which prefix.\n"
"Everything is read-only and follows its source; a file that is open stays as it\n"
"was when it was opened.  Lines are records as vrp(5) describes them.\n"
"\n"
"  vrps                         the whole table, a snapshot\n"
"  status                       where it comes from, how old it is, how large\n"
"  deltas/VERSION               the last changes\n"
"  asn/AS13335/vrps             what an AS may originate\n"
"  asn/AS13335/router-keys      where it has any\n"
"  asn/AS13335/aspa             where it has one\n"
"  asn/AS13335/summary          in numbers\n"
"  prefix/1.1.1.0/24            the records of exactly this prefix\n"
"  ta/apnic/vrps                the records of a trust anchor; router-keys, aspa\n"
"  export/rpki.json             the table for routers and programs\n"
"\n"
"These are not listed, but always there:\n"
"\n"
"  covering/1.1.1.128/25        the records whose prefix covers this one\n"
"  route/1.1.1.0/24/AS13335     is this route valid, and by which records?\n"
"  events                       each change as it comes, a delta; waits for it\n"
"\n"
"An AS, a prefix, a trust anchor is as new as its last change:\n"
"\n"
"  find asn -newer STAMP        whose records changed since STAMP was made\n"
"\n"
"Each thing has one name: AS13335, addresses as RFC 5952 has them, no host bits.\n"
"What can't be such a name is an invalid argument (EINVAL); what could be and is\n"
"not there, and whatever begins with a dot, does not exist (ENOENT).\n");
}

/* ---- names and values */

static void
add_text(struct out *out, const char *name, const char *value)
{
	struct buf token = BUF_INIT;

	if (!value)
		return;
	if (percent_encode(&token, value, strlen(value)) < 0)
		out->error = out->error ? out->error : ENOMEM;
	else
		out_addf(out, "%s %.*s\n", name, (int)token.len, token.data ? token.data : "");
	buf_release(&token);
}

static void
add_stamp(struct out *out, const char *name, int64_t when)
{
	char text[STAMP_MAX];

	if (when == STAMP_UNKNOWN)
		return;
	stamp_format(when, text);
	out_addf(out, "%s %s\n", name, text);
}

static void
add_count(struct out *out, const char *name, size_t n)
{
	out_addf(out, "%s %zu\n", name, n);
}

/* ---- /status */

static void
add_counts(struct out *out, const struct edition *e)
{
	const struct index *x = e->index;
	size_t ipv4 = vrpset_ipv4_count(x->set);

	add_count(out, "version", e->version);
	add_count(out, "vrps", x->vrp_count);
	add_count(out, "ipv4-vrps", ipv4);
	add_count(out, "ipv6-vrps", x->vrp_count - ipv4);
	add_count(out, "router-keys", x->key_count);
	add_count(out, "aspas", x->aspa_count);
	add_count(out, "ases", x->as_count);
	add_count(out, "prefixes", x->prefix_count);
	add_count(out, "trust-anchors", x->ta_count);
	add_count(out, "deltas", e->delta_count);
}

void
text_status(struct out *out, const struct edition *e, const struct tree_status *status)
{
	static const struct tree_status nothing = TREE_STATUS_INIT;

	if (!status)
		status = &nothing;
	add_text(out, "source", e->meta.source);
	add_text(out, "state", status->state);
	if (e->meta.session >= 0)
		out_addf(out, "session %d\n", (int)e->meta.session);
	if (e->meta.serial >= 0)
		out_addf(out, "serial %lld\n", (long long)e->meta.serial);
	add_stamp(out, "time", e->meta.time);
	add_stamp(out, "updated", e->version ? e->time / 1000000000 : STAMP_UNKNOWN);
	add_stamp(out, "checked", status->checked);
	add_stamp(out, "next", status->next);
	add_text(out, "error", status->error);
	add_counts(out, e);
}

/* ---- /asn/AS/summary */

struct family_counts {
	size_t vrps, prefixes;
	uint8_t longest;	/* maximum length */
};

struct summary {
	struct family_counts families[2];
	uint32_t expires;
	bool tas[NAMES_MAX];
};

static void
note(struct summary *s, uint16_t ta, uint32_t expires)
{
	s->tas[ta] = true;
	if (expires < s->expires)
		s->expires = expires;
}

static void
sum_vrps(struct summary *s, const struct index *x, size_t first, size_t end)
{
	const struct prefix *before = NULL;

	for (size_t i = first; i < end; i++) {
		const struct vrp *vrp = &x->vrps[x->as_order[i]];
		struct family_counts *f = &s->families[vrp->prefix.family == FAMILY_IPV6];

		f->vrps++;
		f->prefixes += !before || prefix_cmp(before, &vrp->prefix) != 0;
		if (vrp->maxlen > f->longest)
			f->longest = vrp->maxlen;
		before = &vrp->prefix;
		note(s, vrp->ta, vrp->expires);
	}
}

static void
add_families(struct out *out, const struct summary *s)
{
	const struct family_counts *v4 = &s->families[0], *v6 = &s->families[1];

	add_count(out, "ipv4-vrps", v4->vrps);
	add_count(out, "ipv6-vrps", v6->vrps);
	add_count(out, "ipv4-prefixes", v4->prefixes);
	add_count(out, "ipv6-prefixes", v6->prefixes);
	if (v4->vrps)
		add_count(out, "ipv4-max-length", v4->longest);
	if (v6->vrps)
		add_count(out, "ipv6-max-length", v6->longest);
}

static void
add_anchors(struct out *out, const struct edition *e, const struct summary *s)
{
	const char *before = "trust-anchors ";

	for (size_t i = 0; i < e->index->ta_count; i++) {
		uint32_t id = e->index->tas[i].id;

		if (!s->tas[id])
			continue;
		out_addf(out, "%s%s", before, names_get(vrpset_names(e->index->set), (uint16_t)id, NULL));
		before = " ";
	}
	ADD(out, "\n");
}

void
text_as_summary(struct out *out, const struct edition *e, uint32_t asn)
{
	const struct index *x = e->index;
	struct summary s = {.expires = EXPIRES_UNKNOWN};
	size_t at, keys, keys_end, aspa;
	bool has_aspa = index_aspa_of(x, asn, &aspa);

	if (!index_find_as(x, asn, &at))
		return;
	sum_vrps(&s, x, x->ases[at].first, x->ases[at + 1].first);
	index_keys_of(x, asn, &keys, &keys_end);
	for (size_t i = keys; i < keys_end; i++)
		note(&s, x->keys[i].ta, x->keys[i].expires);
	if (has_aspa)
		note(&s, x->aspas[aspa].ta, x->aspas[aspa].expires);
	out_addf(out, "as AS%u\n", asn);
	add_families(out, &s);
	add_count(out, "router-keys", keys_end - keys);
	add_count(out, "providers", has_aspa ? x->aspas[aspa].provider_count : 0);
	add_anchors(out, e, &s);
	add_stamp(out, "first-expiry", s.expires == EXPIRES_UNKNOWN ? STAMP_UNKNOWN : (int64_t)s.expires);
	add_stamp(out, "changed", x->ases[at].time / 1000000000);
}
