/* SPDX-License-Identifier: ISC */
/* Points in time: Unix seconds <-> RFC 3339 text in UTC. */
#ifndef VRP_STAMP_H
#define VRP_STAMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compiler.h"

#define STAMP_UNKNOWN INT64_MIN
#define STAMP_MAX 21	/* room for 2026-11-23T00:00:00Z and NUL */

/*
 * Read `2026-11-23T00:00:00Z`; a fraction of a second is dropped, an offset
 * (`+01:00`) is applied, `t`, `z` and a blank for the `T` are taken.
 */
bool stamp_parse(const char *s, size_t len, int64_t *out);

/* Write the 20 bytes of the UTC form and a NUL.  Years 0000 to 9999. */
void stamp_format(int64_t when, char out[STAMP_MAX]);

#endif
