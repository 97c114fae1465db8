/* SPDX-License-Identifier: ISC */
/* A change, or a whole table where there is none, as Routinator's /json-delta has it. */
#ifndef VRP_DELTAJSON_H
#define VRP_DELTAJSON_H

#include <stdint.h>

#include "delta.h"
#include "out.h"
#include "vrpset.h"

struct deltajson_head {
	uint16_t session;
	uint32_t serial;
	int64_t generated;	/* Unix seconds */
};

/* What leads from a serial to that of the head. */
void deltajson_write(struct out *out, const struct deltajson_head *head, uint32_t from, const struct delta *delta);

/* The table as something to begin with: `"reset": true`. */
void deltajson_write_reset(struct out *out, const struct deltajson_head *head, const struct vrpset *set);

#endif
