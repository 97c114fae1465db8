/* SPDX-License-Identifier: ISC */
/*
 * BIRD in rpki-client's framing: for BIRD 2 the two tables and static protocols
 * that fill them, for BIRD 1 a table of its configuration.  BIRD 1 is two
 * daemons, one for each address family, and neither can read the other's
 * prefixes.
 */
#include "export_internal.h"

bool
export_bird_table(const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len > EXPORT_BIRD_TABLE_MAX || (*name >= '0' && *name <= '9'))
		return false;
	for (; *name; name++)
		if (!((*name | 0x20) >= 'a' && (*name | 0x20) <= 'z') && !(*name >= '0' && *name <= '9') && *name != '_')
			return false;
	return true;
}

static const char *
table_name(const struct export_meta *meta)
{
	return meta->bird_table ? meta->bird_table : EXPORT_BIRD_TABLE;
}

static char *
put_vrp(char *dst, const struct vrp *vrp)
{
	dst = prefix_format(dst, &vrp->prefix);
	EXPORT_PUT(dst, " max ");
	dst = num_format_u32(dst, vrp->maxlen);
	EXPORT_PUT(dst, " as ");
	dst = num_format_u32(dst, vrp->asn);
	return EXPORT_PUT(dst, ";\n");
}

static char *
bird_vrp(char *dst, const struct vrp *vrp, const struct export_run *run VRP_UNUSED)
{
	EXPORT_PUT(dst, "\troute ");
	return put_vrp(dst, vrp);
}

static char *
bird1_vrp(char *dst, const struct vrp *vrp, const struct export_run *run VRP_UNUSED)
{
	EXPORT_PUT(dst, "\troa ");
	return put_vrp(dst, vrp);
}

void
export_bird(struct out *out, const struct vrpset *set, const struct export_meta *meta)
{
	static const struct export_style style = {.between = "", .vrp = bird_vrp};
	const char *table = table_name(meta);
	struct export_run run;

	if (!export_begin(&run, &style, out, set, meta))
		return;
	export_comment(&run, meta, EXPORT_VRPS);
	/* As rpki-client has it: something that is new in every export. */
	out_addf(out, "\ndefine force_roa_table_update = %lld;\n\nroa4 table %s4;\nroa6 table %s6;\n",
		 (long long)meta->generated, table, table);
	out_addf(out, "\nprotocol static {\n\troa4 { table %s4; };\n\n", table);
	export_vrps(&run, EXPORT_IPV4);
	out_addf(out, "}\n\nprotocol static {\n\troa6 { table %s6; };\n\n", table);
	export_vrps(&run, EXPORT_IPV6);
	EXPORT_ADD(out, "}\n");
	export_end(&run);
}

static void
write_bird1(struct out *out, const struct vrpset *set, const struct export_meta *meta, unsigned families)
{
	static const struct export_style style = {.between = "", .vrp = bird1_vrp};
	struct export_run run;

	if (!export_begin(&run, &style, out, set, meta))
		return;
	export_comment(&run, meta, families);
	out_addf(out, "\nroa table %s {\n", table_name(meta));
	export_vrps(&run, families);
	EXPORT_ADD(out, "}\n");
	export_end(&run);
}

void
export_bird1(struct out *out, const struct vrpset *set, const struct export_meta *meta)
{
	write_bird1(out, set, meta, EXPORT_VRPS);
}

void
export_bird1v4(struct out *out, const struct vrpset *set, const struct export_meta *meta)
{
	write_bird1(out, set, meta, EXPORT_IPV4);
}

void
export_bird1v6(struct out *out, const struct vrpset *set, const struct export_meta *meta)
{
	write_bird1(out, set, meta, EXPORT_IPV6);
}
