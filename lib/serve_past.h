/* SPDX-License-Identifier: ISC */
/*
 * What the thread of HTTP keeps in mind for people: how many records there were
 * during the last day, and the last changes.  The memory is fixed.
 */
#ifndef VRP_SERVE_PAST_H
#define VRP_SERVE_PAST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compiler.h"
#include "serve_board.h"
#include "series.h"

#define SERVE_CHANGES 10

struct serve_change {
	int64_t time;		/* when it was seen, Unix seconds */
	uint32_t serial;	/* that it led to */
	bool whole;		/* nothing is known before it: a first table */
	size_t announced, withdrawn;	/* of an ASPA that was replaced both */
	size_t records;		/* after it */
};

struct serve_past {
	struct series records;
	uint32_t serial;	/* that was seen last, 0 for none */
	size_t change_count;	/* so many ever */
	struct serve_change changes[SERVE_CHANGES];	/* a ring */
};

void serve_past_init(struct serve_past *p);

/* Look at the present, once every few seconds at least. */
void serve_past_note(struct serve_past *p, const struct serve_view *view);

/* The i-th last change, from 0; NULL beyond those that are known. */
const struct serve_change *serve_past_change(const struct serve_past *p, size_t i);

#endif
