/* SPDX-License-Identifier: ISC */
/*
 * CSV of VRPs: rpki-client's, and Routinator's with every field in quotes,
 * which has no expiry.  What is unknown is N/A, as Routinator has it.
 *
 * Readers take CSV by the line, so that no name may hold a newline even within
 * quotes: the names here are plain ones.
 */
#include "export_internal.h"

/* A blank at either end is lost on readers that trim. */
static bool
needs_quotes(const char *s, size_t len)
{
	return s[0] == ' ' || s[len - 1] == ' ' || memchr(s, ',', len) || memchr(s, '"', len);
}

/* RFC 4180: in quotes, and a quote within them twice. */
static int
add_quoted(struct buf *text, const char *s, size_t len)
{
	int rc = buf_add(text, "\"", 1);

	for (size_t i = 0; i < len && rc == 0; i++)
		rc = s[i] == '"' ? buf_add(text, "\"\"", 2) : buf_add(text, s + i, 1);
	return rc < 0 ? -1 : buf_add(text, "\"", 1);
}

static int
add_name(struct buf *text, const char *token, size_t len, bool quoted)
{
	struct buf raw = BUF_INIT;
	int rc = export_name_unknown(token, len) ? buf_add(&raw, "N/A", 3) : export_name_raw(&raw, token, len, true);

	if (rc == 0 && (quoted || needs_quotes(raw.data, raw.len)))
		rc = add_quoted(text, raw.data, raw.len);
	else if (rc == 0)
		rc = buf_add(text, raw.data, raw.len);
	buf_release(&raw);
	return rc;
}

static int
csv_name(struct buf *text, const char *token, size_t len)
{
	return add_name(text, token, len, false);
}

static char *
csv_vrp(char *dst, const struct vrp *vrp, const struct export_run *run)
{
	EXPORT_PUT(dst, "AS");
	dst = num_format_u32(dst, vrp->asn);
	EXPORT_PUT(dst, ",");
	dst = prefix_format(dst, &vrp->prefix);
	EXPORT_PUT(dst, ",");
	dst = num_format_u32(dst, vrp->maxlen);
	EXPORT_PUT(dst, ",");
	dst = export_put_name(dst, run, vrp->ta);
	EXPORT_PUT(dst, ",");
	if (vrp->expires == EXPIRES_UNKNOWN)
		return EXPORT_PUT(dst, "N/A\n");
	dst = num_format_u32(dst, vrp->expires);
	return EXPORT_PUT(dst, "\n");
}

void
export_csv(struct out *out, const struct vrpset *set, const struct export_meta *meta)
{
	static const struct export_style style = {.between = "", .vrp = csv_vrp, .name = csv_name};
	struct export_run run;

	if (!export_begin(&run, &style, out, set, meta))
		return;
	EXPORT_ADD(out, "ASN,IP Prefix,Max Length,Trust Anchor,Expires\n");
	export_vrps(&run, EXPORT_VRPS);
	export_end(&run);
}

static int
compat_name(struct buf *text, const char *token, size_t len)
{
	return add_name(text, token, len, true);
}

static char *
compat_vrp(char *dst, const struct vrp *vrp, const struct export_run *run)
{
	EXPORT_PUT(dst, "\"AS");
	dst = num_format_u32(dst, vrp->asn);
	EXPORT_PUT(dst, "\",\"");
	dst = prefix_format(dst, &vrp->prefix);
	EXPORT_PUT(dst, "\",\"");
	dst = num_format_u32(dst, vrp->maxlen);
	EXPORT_PUT(dst, "\",");
	dst = export_put_name(dst, run, vrp->ta);
	return EXPORT_PUT(dst, "\n");
}

void
export_csvcompat(struct out *out, const struct vrpset *set, const struct export_meta *meta)
{
	static const struct export_style style = {.between = "", .vrp = compat_vrp, .name = compat_name};
	struct export_run run;

	if (!export_begin(&run, &style, out, set, meta))
		return;
	EXPORT_ADD(out, "\"ASN\",\"IP Prefix\",\"Max Length\",\"Trust Anchor\"\n");
	export_vrps(&run, EXPORT_VRPS);
	export_end(&run);
}
