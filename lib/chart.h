/* SPDX-License-Identifier: ISC */
/*
 * The last day of a number as a line: a <figure> with SVG, the spread of each
 * step behind the line, gaps where nothing is known, hours in UTC below, and
 * all that it shows in words for who can't see it.
 *
 * Letters keep their size where the figure is wide or narrow, because only
 * the curve is stretched.
 */
#ifndef VRP_CHART_H
#define VRP_CHART_H

#include <stdint.h>

#include "compiler.h"
#include "out.h"
#include "series.h"

/* The id is a word and the caption a text of our own. */
void chart_write(struct out *o, const char *id, const char *caption, const struct series *s, int64_t now);

/*
 * The axis for values from lo to hi: from *from, a line each *step, up to *to.
 * Spread over at least a hundredth of hi, so that small changes look small,
 * and from 0 when lo is less than half of hi.
 */
void chart_axis(uint64_t lo, uint64_t hi, uint64_t *from, uint64_t *to, uint64_t *step);

#endif
