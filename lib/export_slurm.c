/* SPDX-License-Identifier: ISC */
/*
 * A SLURM file (RFC 8416) that asserts the table: version 1, or version 2 of
 * draft-ietf-sidrops-aspa-slurm where there are ASPAs.  The trust anchor is a
 * comment; an expiry has no place.
 *
 * In version 2 a customer is none of its own providers, and a file in which one
 * is is void as a whole.  Being one's own provider means nothing: it is left out.
 */
#include "enc.h"
#include "export_internal.h"

static int
slurm_name(struct buf *text, const char *token, size_t len)
{
	if (export_name_unknown(token, len))
		return 0;
	return buf_addf(text, ", \"comment\": ") < 0 ? -1 : export_name_json(text, token, len);
}

static char *
slurm_vrp(char *dst, const struct vrp *vrp, const struct export_run *run)
{
	EXPORT_PUT(dst, "\t\t\t{ \"asn\": ");
	dst = num_format_u32(dst, vrp->asn);
	EXPORT_PUT(dst, ", \"prefix\": \"");
	dst = prefix_format(dst, &vrp->prefix);
	EXPORT_PUT(dst, "\", \"maxPrefixLength\": ");
	dst = num_format_u32(dst, vrp->maxlen);
	dst = export_put_name(dst, run, vrp->ta);
	return EXPORT_PUT(dst, " }");
}

/* Section 3.4.2: base64 with the URL-safe alphabet, without padding. */
static char *
put_base64url(char *dst, const void *data, size_t len)
{
	char *end = base64_encode(dst, data, len);

	while (end > dst && end[-1] == '=')
		end--;
	for (char *p = dst; p < end; p++)
		*p = *p == '+' ? '-' : *p == '/' ? '_' : *p;
	return end;
}

static char *
slurm_key(char *dst, const struct router_key *key, const struct export_run *run)
{
	EXPORT_PUT(dst, "\t\t\t{ \"asn\": ");
	dst = num_format_u32(dst, key->asn);
	EXPORT_PUT(dst, ", \"SKI\": \"");
	dst = put_base64url(dst, key->ski, SKI_LEN);
	EXPORT_PUT(dst, "\", \"routerPublicKey\": \"");
	dst = put_base64url(dst, key->spki, key->spki_len);
	EXPORT_PUT(dst, "\"");
	dst = export_put_name(dst, run, key->ta);
	return EXPORT_PUT(dst, " }");
}

static char *
put_providers(char *dst, const struct aspa *aspa)
{
	const uint32_t *as = aspa->providers, *end = as + aspa->provider_count, *self = as;

	while (self < end && *self < aspa->customer)
		self++;
	if (self == end || *self != aspa->customer)
		return export_put_ases(dst, as, aspa->provider_count, ", ");
	if (aspa->provider_count == 1)
		return EXPORT_PUT(dst, "0");
	dst = export_put_ases(dst, as, (uint32_t)(self - as), ", ");
	if (self > as && self + 1 < end)
		EXPORT_PUT(dst, ", ");
	return export_put_ases(dst, self + 1, (uint32_t)(end - self - 1), ", ");
}

static char *
slurm_aspa(char *dst, const struct aspa *aspa, const struct export_run *run)
{
	/* So would an ASPA of AS0, whatever it says. */
	if (aspa->customer == 0)
		return dst;
	EXPORT_PUT(dst, "\t\t\t{ \"customerAsn\": ");
	dst = num_format_u32(dst, aspa->customer);
	EXPORT_PUT(dst, ", \"providerAsns\": [");
	dst = put_providers(dst, aspa);
	EXPORT_PUT(dst, "]");
	dst = export_put_name(dst, run, aspa->ta);
	return EXPORT_PUT(dst, " }");
}

void
export_slurm(struct out *out, const struct vrpset *set, const struct export_meta *meta)
{
	static const struct export_style style = {",\n", slurm_vrp, slurm_key, slurm_aspa, slurm_name};
	struct export_run run;
	size_t aspas;

	(void)vrpset_aspas(set, &aspas);
	if (!export_begin(&run, &style, out, set, meta))
		return;
	out_addf(out, "{\n\t\"slurmVersion\": %d,\n\t\"validationOutputFilters\": {\n", aspas ? 2 : 1);
	out_addf(out, "\t\t\"prefixFilters\": [],\n\t\t\"bgpsecFilters\": []%s\n\t},\n", aspas ? ",\n\t\t\"aspaFilters\": []" : "");
	EXPORT_ADD(out, "\t\"locallyAddedAssertions\": {\n\t\t\"prefixAssertions\": [\n");
	export_vrps(&run, EXPORT_VRPS);
	EXPORT_ADD(out, "\n\t\t],\n\t\t\"bgpsecAssertions\": [\n");
	export_keys(&run);
	if (aspas) {
		EXPORT_ADD(out, "\n\t\t],\n\t\t\"aspaAssertions\": [\n");
		export_aspas(&run);
	}
	EXPORT_ADD(out, "\n\t\t]\n\t}\n}\n");
	export_end(&run);
}
