/* SPDX-License-Identifier: ISC */
/*
 * OpenBGPD's bgpd.conf(5): a roa-set, which every version reads, or with it an
 * aspa-set, which 8.0 was the first to know and 7.7 refuses with all the rest.
 * An expiry is left out where it is unknown.
 */
#include "export_internal.h"

static char *
put_expires(char *dst, uint32_t expires)
{
	if (expires == EXPIRES_UNKNOWN)
		return dst;
	EXPORT_PUT(dst, " expires ");
	return num_format_u32(dst, expires ? expires : 1);	/* 0 would be never */
}

static char *
openbgpd_vrp(char *dst, const struct vrp *vrp, const struct export_run *run VRP_UNUSED)
{
	EXPORT_PUT(dst, "\t");
	dst = prefix_format(dst, &vrp->prefix);
	if (vrp->maxlen > vrp->prefix.len) {
		EXPORT_PUT(dst, " maxlen ");
		dst = num_format_u32(dst, vrp->maxlen);
	}
	EXPORT_PUT(dst, " source-as ");
	dst = num_format_u32(dst, vrp->asn);
	dst = put_expires(dst, vrp->expires);
	return EXPORT_PUT(dst, "\n");
}

static char *
openbgpd_aspa(char *dst, const struct aspa *aspa, const struct export_run *run VRP_UNUSED)
{
	EXPORT_PUT(dst, "\tcustomer-as ");
	dst = num_format_u32(dst, aspa->customer);
	dst = put_expires(dst, aspa->expires);
	EXPORT_PUT(dst, " provider-as { ");
	dst = export_put_ases(dst, aspa->providers, aspa->provider_count, ", ");
	return EXPORT_PUT(dst, " }\n");
}

static void
write_sets(struct out *out, const struct vrpset *set, const struct export_meta *meta, bool aspas)
{
	static const struct export_style style = {.between = "", .vrp = openbgpd_vrp, .aspa = openbgpd_aspa};
	struct export_run run;
	size_t count;

	(void)vrpset_aspas(set, &count);
	if (!export_begin(&run, &style, out, set, meta))
		return;
	export_comment(&run, meta, aspas ? EXPORT_VRPS | EXPORT_ASPAS : EXPORT_VRPS);
	EXPORT_ADD(out, "roa-set {\n");
	export_vrps(&run, EXPORT_VRPS);
	EXPORT_ADD(out, "}\n");
	if (aspas && count) {
		EXPORT_ADD(out, "\naspa-set {\n");
		export_aspas(&run);
		EXPORT_ADD(out, "}\n");
	}
	export_end(&run);
}

void
export_openbgpd(struct out *out, const struct vrpset *set, const struct export_meta *meta)
{
	write_sets(out, set, meta, false);
}

void
export_openbgpd_aspa(struct out *out, const struct vrpset *set, const struct export_meta *meta)
{
	write_sets(out, set, meta, true);
}
