/* SPDX-License-Identifier: ISC */
#include "deltajson.h"

#include "enc.h"
#include "export_internal.h"
#include "stamp.h"

static char *
put_vrp(char *dst, const struct vrp *v, const struct export_run *run VRP_UNUSED)
{
	EXPORT_PUT(dst, "\n    {\"type\": \"routeOrigin\", \"asn\": \"AS");
	dst = num_format_u32(dst, v->asn);
	EXPORT_PUT(dst, "\", \"prefix\": \"");
	dst = prefix_format(dst, &v->prefix);
	EXPORT_PUT(dst, "\", \"maxLength\": ");
	dst = num_format_u32(dst, v->maxlen);
	return EXPORT_PUT(dst, "}");
}

static char *
put_key(char *dst, const struct router_key *k, const struct export_run *run VRP_UNUSED)
{
	EXPORT_PUT(dst, "\n    {\"type\": \"routerKey\", \"keyIdentifier\": \"");
	dst = hex_encode(dst, k->ski, SKI_LEN);
	EXPORT_PUT(dst, "\", \"asn\": \"AS");
	dst = num_format_u32(dst, k->asn);
	EXPORT_PUT(dst, "\", \"keyInfo\": \"");
	dst = base64_encode(dst, k->spki, k->spki_len);
	return EXPORT_PUT(dst, "\"}");
}

/* A part of the document while it is written. */
struct part {
	struct export_run run;	/* first, since the functions of the style are given it */
	const struct vrpset *announced;	/* of withdrawals: what is announced of the same change; else NULL */
};

/*
 * An ASPA that is replaced stands in both sets (delta.h).  Who applies what is announced before
 * what is withdrawn, as they come here, would lose it.
 */
static bool
is_replaced(const struct part *p, const struct aspa *a)
{
	return p->announced && vrpset_find_aspa(p->announced, a);
}

static char *
put_aspa(char *dst, const struct aspa *a, const struct export_run *run)
{
	if (is_replaced((const struct part *)run, a))
		return dst;
	EXPORT_PUT(dst, "\n    {\"type\": \"aspa\", \"customerAsn\": \"AS");
	dst = num_format_u32(dst, a->customer);
	EXPORT_PUT(dst, "\", \"providerAsns\": [\"AS");
	dst = export_put_ases(dst, a->providers, a->provider_count, "\", \"AS");
	return EXPORT_PUT(dst, "\"]}");
}

static bool
has_aspas(const struct part *p, const struct vrpset *set)
{
	size_t count, i = 0;
	const struct aspa *aspas = vrpset_aspas(set, &count);

	while (i < count && is_replaced(p, &aspas[i]))
		i++;
	return i < count;
}

static void
write_set(struct out *out, const struct vrpset *set, const struct vrpset *announced)
{
	static const struct export_style style = {",", put_vrp, put_key, put_aspa, NULL};
	const struct export_meta meta = EXPORT_META_INIT;
	struct part p = {.announced = announced};
	size_t vrps, keys;

	(void)vrpset_vrps(set, &vrps);
	(void)vrpset_router_keys(set, &keys);
	if (!export_begin(&p.run, &style, out, set, &meta))
		return;
	export_vrps(&p.run, EXPORT_VRPS);
	if (vrps && keys)
		out_add(out, ",", 1);
	export_keys(&p.run);
	if (vrps + keys && has_aspas(&p, set))
		out_add(out, ",", 1);
	export_aspas(&p.run);
	export_end(&p.run);
}

/* session is a string, as Routinator has it, whose own has 64 bits. */
static void
write_head(struct out *out, const struct deltajson_head *head, bool reset, uint32_t from)
{
	char stamp[STAMP_MAX];

	stamp_format(head->generated, stamp);
	out_addf(out, "{\n  \"reset\": %s,\n  \"session\": \"%u\",\n  \"serial\": %u,\n", reset ? "true" : "false",
		 head->session, head->serial);
	if (!reset)
		out_addf(out, "  \"fromSerial\": %u,\n", from);
	out_addf(out, "  \"generated\": %lld,\n  \"generatedTime\": \"%s\",\n  \"announced\": [", (long long)head->generated,
		 stamp);
}

void
deltajson_write(struct out *out, const struct deltajson_head *head, uint32_t from, const struct delta *delta)
{
	write_head(out, head, false, from);
	write_set(out, delta->announced, NULL);
	out_addf(out, "\n  ],\n  \"withdrawn\": [");
	write_set(out, delta->withdrawn, delta->announced);
	out_addf(out, "\n  ]\n}\n");
}

void
deltajson_write_reset(struct out *out, const struct deltajson_head *head, const struct vrpset *set)
{
	write_head(out, head, true, 0);
	write_set(out, set, NULL);
	out_addf(out, "\n  ]\n}\n");
}
