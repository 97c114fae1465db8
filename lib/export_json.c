/* SPDX-License-Identifier: ISC */
/*
 * JSON as rpki-client writes it, which StayRTR and others read, and JSON Lines.
 *
 * The former has rpki-client's members and three more: the trust anchor of an
 * ASPA, and in the metadata of a cache's table StayRTR's sessionid, serial and
 * generated, so that nobody has to scrape them apart from the data.  What is
 * unknown is left out.
 */
#include "enc.h"
#include "export_internal.h"

static int
add_ta(struct buf *text, const char *member, const char *token, size_t len)
{
	if (export_name_unknown(token, len))
		return 0;
	return buf_add(text, member, strlen(member)) < 0 ? -1 : export_name_json(text, token, len);
}

static int
json_name(struct buf *text, const char *token, size_t len)
{
	return add_ta(text, ", \"ta\": ", token, len);
}

static char *
json_expires(char *dst, uint32_t expires)
{
	if (expires == EXPIRES_UNKNOWN)
		return dst;
	EXPORT_PUT(dst, ", \"expires\": ");
	return num_format_u32(dst, expires);
}

static char *
json_vrp(char *dst, const struct vrp *vrp, const struct export_run *run)
{
	EXPORT_PUT(dst, "\t\t{ \"asn\": ");
	dst = num_format_u32(dst, vrp->asn);
	EXPORT_PUT(dst, ", \"prefix\": \"");
	dst = prefix_format(dst, &vrp->prefix);
	EXPORT_PUT(dst, "\", \"maxLength\": ");
	dst = num_format_u32(dst, vrp->maxlen);
	dst = export_put_name(dst, run, vrp->ta);
	dst = json_expires(dst, vrp->expires);
	return EXPORT_PUT(dst, " }");
}

static char *
json_key(char *dst, const struct router_key *key, const struct export_run *run)
{
	EXPORT_PUT(dst, "\t\t{ \"asn\": ");
	dst = num_format_u32(dst, key->asn);
	EXPORT_PUT(dst, ", \"ski\": \"");
	dst = hex_encode(dst, key->ski, SKI_LEN);
	EXPORT_PUT(dst, "\", \"pubkey\": \"");
	dst = base64_encode(dst, key->spki, key->spki_len);
	EXPORT_PUT(dst, "\"");
	dst = export_put_name(dst, run, key->ta);
	dst = json_expires(dst, key->expires);
	return EXPORT_PUT(dst, " }");
}

static char *
json_aspa(char *dst, const struct aspa *aspa, const struct export_run *run)
{
	EXPORT_PUT(dst, "\t\t{ \"customer_asid\": ");
	dst = num_format_u32(dst, aspa->customer);
	dst = json_expires(dst, aspa->expires);
	EXPORT_PUT(dst, ", \"providers\": [");
	dst = export_put_ases(dst, aspa->providers, aspa->provider_count, ", ");
	EXPORT_PUT(dst, "]");
	dst = export_put_name(dst, run, aspa->ta);
	return EXPORT_PUT(dst, " }");
}

static void
write_metadata(struct out *out, const struct vrpset *set, const struct export_meta *meta, const char *date)
{
	size_t vrps, keys, aspas;

	(void)vrpset_vrps(set, &vrps);
	(void)vrpset_router_keys(set, &keys);
	(void)vrpset_aspas(set, &aspas);
	EXPORT_ADD(out, "\t\"metadata\": {\n");
	/* A time that nobody told is not made up: readers judge by it how fresh the data is. */
	if (meta->time != STAMP_UNKNOWN)
		out_addf(out, "\t\t\"buildtime\": \"%s\",\n", date);
	if (meta->time != STAMP_UNKNOWN && meta->serial >= 0)
		out_addf(out, "\t\t\"generated\": %lld,\n", (long long)meta->time);
	if (meta->session >= 0)
		out_addf(out, "\t\t\"sessionid\": %d,\n", (int)meta->session);
	if (meta->serial >= 0)
		out_addf(out, "\t\t\"serial\": %lld,\n", (long long)meta->serial);
	out_addf(out, "\t\t\"bgpsec_pubkeys\": %zu,\n\t\t\"vrps\": %zu,\n\t\t\"uniquevrps\": %zu,\n", keys, vrps, vrps);
	out_addf(out, "\t\t\"vaps\": %zu,\n\t\t\"uniquevaps\": %zu\n\t},\n\n", aspas, aspas);
}

void
export_json(struct out *out, const struct vrpset *set, const struct export_meta *meta)
{
	static const struct export_style style = {",\n", json_vrp, json_key, json_aspa, json_name};
	struct export_run run;

	if (!export_begin(&run, &style, out, set, meta))
		return;
	EXPORT_ADD(out, "{\n");
	write_metadata(out, set, meta, run.date);
	EXPORT_ADD(out, "\t\"roas\": [\n");
	export_vrps(&run, EXPORT_VRPS);
	EXPORT_ADD(out, "\n\t],\n\n\t\"bgpsec_keys\": [\n");
	export_keys(&run);
	EXPORT_ADD(out, "\n\t],\n\n\t\"aspas\": [\n");
	export_aspas(&run);
	EXPORT_ADD(out, "\n\t]\n}\n");
	export_end(&run);
}

static int
line_name(struct buf *text, const char *token, size_t len)
{
	return add_ta(text, ",\"ta\":", token, len);
}

/* The annotations and the end of the line. */
static char *
line_end(char *dst, const struct export_run *run, uint16_t ta, uint32_t expires)
{
	dst = export_put_name(dst, run, ta);
	if (expires != EXPIRES_UNKNOWN) {
		EXPORT_PUT(dst, ",\"expires\":");
		dst = num_format_u32(dst, expires);
	}
	return EXPORT_PUT(dst, "}\n");
}

static char *
line_vrp(char *dst, const struct vrp *vrp, const struct export_run *run)
{
	EXPORT_PUT(dst, "{\"type\":\"vrp\",\"prefix\":\"");
	dst = prefix_format(dst, &vrp->prefix);
	EXPORT_PUT(dst, "\",\"maxLength\":");
	dst = num_format_u32(dst, vrp->maxlen);
	EXPORT_PUT(dst, ",\"asn\":");
	dst = num_format_u32(dst, vrp->asn);
	return line_end(dst, run, vrp->ta, vrp->expires);
}

static char *
line_key(char *dst, const struct router_key *key, const struct export_run *run)
{
	EXPORT_PUT(dst, "{\"type\":\"router-key\",\"asn\":");
	dst = num_format_u32(dst, key->asn);
	EXPORT_PUT(dst, ",\"ski\":\"");
	dst = hex_encode(dst, key->ski, SKI_LEN);
	EXPORT_PUT(dst, "\",\"pubkey\":\"");
	dst = base64_encode(dst, key->spki, key->spki_len);
	EXPORT_PUT(dst, "\"");
	return line_end(dst, run, key->ta, key->expires);
}

static char *
line_aspa(char *dst, const struct aspa *aspa, const struct export_run *run)
{
	EXPORT_PUT(dst, "{\"type\":\"aspa\",\"customer\":");
	dst = num_format_u32(dst, aspa->customer);
	EXPORT_PUT(dst, ",\"providers\":[");
	dst = export_put_ases(dst, aspa->providers, aspa->provider_count, ",");
	EXPORT_PUT(dst, "]");
	return line_end(dst, run, aspa->ta, aspa->expires);
}

void
export_jsonl(struct out *out, const struct vrpset *set, const struct export_meta *meta)
{
	static const struct export_style style = {"", line_vrp, line_key, line_aspa, line_name};
	struct export_run run;

	if (!export_begin(&run, &style, out, set, meta))
		return;
	export_vrps(&run, EXPORT_VRPS);
	export_keys(&run);
	export_aspas(&run);
	export_end(&run);
}
