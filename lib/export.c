/* SPDX-License-Identifier: ISC */
#include "export.h"

#include "export_internal.h"

static const struct export_format formats[] = {
	{"json", "JSON as rpki-client writes it", EXPORT_ALL, export_json},
	{"csv", "CSV as rpki-client writes it", EXPORT_VRPS, export_csv},
	{"csvcompat", "CSV as Routinator writes it, every field quoted", EXPORT_VRPS, export_csvcompat},
	{"openbgpd", "a roa-set for OpenBGPD's bgpd.conf(5)", EXPORT_VRPS, export_openbgpd},
	{"openbgpd-aspa", "with an aspa-set, for OpenBGPD 8.0 and later", EXPORT_VRPS | EXPORT_ASPAS, export_openbgpd_aspa},
	{"bird", "static routes for BIRD 2", EXPORT_VRPS, export_bird},
	{"bird1", "a table for BIRD 1, both address families", EXPORT_VRPS, export_bird1},
	{"bird1v4", "a table for BIRD 1's bird", EXPORT_IPV4, export_bird1v4},
	{"bird1v6", "a table for BIRD 1's bird6", EXPORT_IPV6, export_bird1v6},
	{"rpsl", "route objects as Routinator writes them", EXPORT_VRPS, export_rpsl},
	{"slurm", "assertions of RFC 8416", EXPORT_ALL, export_slurm},
	{"jsonl", "one JSON object a line", EXPORT_ALL, export_jsonl},
	{"summary", "counts for people", EXPORT_ALL, export_summary},
};

const struct export_format *
export_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(formats); i++)
		if (strcmp(formats[i].name, name) == 0)
			return &formats[i];
	return NULL;
}

size_t
export_count(void)
{
	return ARRAY_LEN(formats);
}

const struct export_format *
export_at(size_t i)
{
	return &formats[i];
}
