/* SPDX-License-Identifier: ISC */
/*
 * Writing a JSON document of any shape on an `out`, for small ones:
 *
 *	jsonout_init(&j, &out);
 *	jsonout_object(&j, NULL);
 *	jsonout_string(&j, "state", "ok");
 *	jsonout_number(&j, "serial", 7);
 *	jsonout_end(&j);
 *
 * name is that of a member, NULL for an element of an array and for the document
 * itself.  Texts may come from outside: bytes that are not UTF-8 become U+FFFD.
 */
#ifndef VRP_JSONOUT_H
#define VRP_JSONOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compiler.h"
#include "out.h"

#define JSONOUT_DEPTH_MAX 8

struct jsonout {
	struct out *out;
	unsigned depth;
	char close[JSONOUT_DEPTH_MAX];	/* what ends each level */
	bool empty;			/* nothing stands in the innermost one */
};

void jsonout_init(struct jsonout *j, struct out *out);

/* Levels: an object or an array is open until its end. */
void jsonout_object(struct jsonout *j, const char *name);
void jsonout_array(struct jsonout *j, const char *name);
void jsonout_end(struct jsonout *j);	/* with a newline after the outermost */

void jsonout_string(struct jsonout *j, const char *name, const char *text);
void jsonout_number(struct jsonout *j, const char *name, int64_t number);
void jsonout_bool(struct jsonout *j, const char *name, bool value);
void jsonout_null(struct jsonout *j, const char *name);

/* A point in time as RFC 3339 has it; null for STAMP_UNKNOWN. */
void jsonout_time(struct jsonout *j, const char *name, int64_t when);

#endif
