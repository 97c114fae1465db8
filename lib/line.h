/* SPDX-License-Identifier: ISC */
/* One record of the line format, vrp(5), to and from text. */
#ifndef VRP_LINE_H
#define VRP_LINE_H

#include <stddef.h>

#include "buf.h"
#include "compiler.h"
#include "err.h"
#include "names.h"
#include "out.h"
#include "payload.h"

#define LINE_MAX_BYTES ((size_t)1 << 20)	/* without the newline */

/* Room for any VRP line: sign, prefix, length, AS, trust anchor, expiry, newline. */
#define LINE_VRP_MAX (1 + PREFIX_TEXT_MAX + 4 + 13 + NAME_LEN_MAX + 1 + 11)

/*
 * Memory that a parsed router key or ASPA points into, reused from line to
 * line.  VRPs need none.
 */
struct line_scratch {
	struct buf bytes;
};

void line_scratch_release(struct line_scratch *scratch);

/*
 * Parse one record line of len bytes, without sign and newline.  The payload
 * borrows from scratch until the next call.  -1 with the reason and the column
 * (1-based) in err; err->line is left alone.
 */
VRP_NODISCARD int line_parse(const char *s, size_t len, struct names *names, struct line_scratch *scratch,
			     struct payload *out, struct vrp_err *err);

/*
 * The same for what is almost every line, in one pass that does not look for
 * its end first: a VRP as line_format_vrp() writes it, with its newline before
 * end.  Returns the next line.  NULL for any other line, good or bad, which is
 * for line_parse(); *out is then anything, and names got nothing from it.
 */
const char *line_scan_vrp(const char *s, const char *end, struct names *names, struct vrp *out);

/*
 * Write a record in canonical form without newline.  line_format_vrp() needs
 * LINE_VRP_MAX bytes at dst and returns the end; line_write() takes any kind,
 * adds the newline, and puts sign before it unless that is 0.
 */
char *line_format_vrp(char *dst, const struct vrp *vrp, const struct names *names);
void line_write(struct out *out, char sign, const struct payload *p, const struct names *names);

/* How many bytes line_write() writes without a sign. */
size_t line_length(const struct payload *p, const struct names *names);

#endif
