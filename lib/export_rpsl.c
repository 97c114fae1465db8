/* SPDX-License-Identifier: ISC */
/*
 * Route objects of RPSL as Routinator writes them.  They know no maximum
 * length, so that VRPs that differ in nothing else give the same object.  The
 * dates are the data's.
 */
#include "export_internal.h"

/* RPSL's names are letters, digits, hyphens and underscores. */
static unsigned char
name_byte(unsigned char c)
{
	if (c >= 'a' && c <= 'z')
		return (unsigned char)(c - 'a' + 'A');
	return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ? c : '-';
}

/* The last line of an object and the blank line behind it. */
static int
rpsl_name(struct buf *text, const char *token, size_t len)
{
	size_t start;

	if (export_name_unknown(token, len))
		return buf_addf(text, "source: ROA-N/A-RPKI-ROOT\n\n");
	if (buf_addf(text, "source: ROA-") < 0)
		return -1;
	start = text->len;
	if (export_name_raw(text, token, len, true) < 0)
		return -1;
	for (size_t i = start; i < text->len; i++)
		text->data[i] = (char)name_byte((unsigned char)text->data[i]);
	return buf_addf(text, "-RPKI-ROOT\n\n");
}

static char *
rpsl_vrp(char *dst, const struct vrp *vrp, const struct export_run *run)
{
	EXPORT_PUT(dst, "\nroute");
	if (vrp->prefix.family == FAMILY_IPV6)
		EXPORT_PUT(dst, "6");
	EXPORT_PUT(dst, ": ");
	dst = prefix_format(dst, &vrp->prefix);
	EXPORT_PUT(dst, "\norigin: AS");
	dst = num_format_u32(dst, vrp->asn);
	EXPORT_PUT(dst, "\ndescr: RPKI attestation\nmnt-by: NA\ncreated: ");
	dst = export_put(dst, run->date, STAMP_MAX - 1);
	EXPORT_PUT(dst, "\nlast-modified: ");
	dst = export_put(dst, run->date, STAMP_MAX - 1);
	EXPORT_PUT(dst, "\n");
	return export_put_name(dst, run, vrp->ta);
}

void
export_rpsl(struct out *out, const struct vrpset *set, const struct export_meta *meta)
{
	static const struct export_style style = {.between = "", .vrp = rpsl_vrp, .name = rpsl_name};
	struct export_run run;

	if (!export_begin(&run, &style, out, set, meta))
		return;
	export_vrps(&run, EXPORT_VRPS);
	export_end(&run);
}
