/* SPDX-License-Identifier: ISC */
/* Files that are prose: /README, /status, and the summary of an AS. */
#ifndef VRPFS_TEXT_H
#define VRPFS_TEXT_H

#include <stdint.h>

#include "out.h"
#include "tree.h"

struct edition;

void text_readme(struct out *out);

/* status is NULL before anything was said of it. */
void text_status(struct out *out, const struct edition *e, const struct tree_status *status);

/* Of an AS that is there. */
void text_as_summary(struct out *out, const struct edition *e, uint32_t asn);

#endif
