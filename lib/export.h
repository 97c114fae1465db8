/* SPDX-License-Identifier: ISC */
/*
 * A table in the dialects that validators write and routers, daemons and
 * scripts read: one entry for every dialect, behind one table of names.
 *
 *	format = export_find("json");
 *	format->write(&out, set, &meta);
 *	if (out_flush(&out) < 0) ...
 *
 * A writer is a function of the set and its meta data: no clock, no host name,
 * no order but the canonical one, so that the same table is the same bytes.
 * Failures, memory among them, stay in `out` (out.h).
 *
 * What a dialect has no place for is left out; `holds` says what it keeps.
 *
 * Names of trust anchors and sources come from outside.  They are escaped or
 * quoted as each dialect has it, and where it has no way, the percent-encoded
 * token of vrp(5) stands in their place: no name can add a line or a record.
 */
#ifndef VRP_EXPORT_H
#define VRP_EXPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compiler.h"
#include "out.h"
#include "stamp.h"
#include "vrpset.h"

/* Kinds of records. */
enum {
	EXPORT_IPV4 = 1,
	EXPORT_IPV6 = 2,
	EXPORT_VRPS = EXPORT_IPV4 | EXPORT_IPV6,
	EXPORT_ROUTER_KEYS = 4,
	EXPORT_ASPAS = 8,
	EXPORT_ALL = EXPORT_VRPS | EXPORT_ROUTER_KEYS | EXPORT_ASPAS,
};

/* What is known about a table; everything is borrowed. */
struct export_meta {
	int64_t time;		/* of the data, STAMP_UNKNOWN when nobody said */
	int64_t generated;	/* Unix seconds: when this export is made, for dialects that need a date in any case */
	const char *source;	/* raw, NULL when unknown */
	int32_t session;	/* RTR session ID, negative when unknown */
	int64_t serial;		/* RTR serial of this very table, negative when unknown */
	const char *bird_table;	/* name of BIRD's tables: export_bird_table(), NULL for EXPORT_BIRD_TABLE */
};

#define EXPORT_META_INIT {.time = STAMP_UNKNOWN, .session = -1, .serial = -1}

struct export_format {
	const char *name;
	const char *about;	/* one line, lower case, no full stop */
	unsigned holds;		/* EXPORT_* */
	void (*write)(struct out *out, const struct vrpset *set, const struct export_meta *meta);
};

/* The dialect of this name, NULL when there is none. */
const struct export_format *export_find(const char *name);

/* All of them; i is below export_count(). */
size_t export_count(void);
const struct export_format *export_at(size_t i);

/* What rpki-client calls BIRD's table, and whether a name may take its place: a symbol of BIRD's language. */
#define EXPORT_BIRD_TABLE "ROAS"
#define EXPORT_BIRD_TABLE_MAX 60	/* bytes; BIRD takes 63 */
bool export_bird_table(const char *name);

#endif
