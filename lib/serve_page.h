/* SPDX-License-Identifier: ISC */
/*
 * rtr-serve's page for people: is it well, what does it serve, since when, to
 * whom, and what becomes of a route.  A document of html.h, written from what
 * the board had at one moment.
 */
#ifndef VRP_SERVE_PAGE_H
#define VRP_SERVE_PAGE_H

#include <stddef.h>

#include "anchor_tally.h"
#include "compiler.h"
#include "out.h"
#include "rov.h"
#include "serve_board.h"
#include "serve_past.h"

#define SERVE_PAGE_CLIENTS 200	/* routers that are listed, those that lag first */
#define SERVE_PAGE_ANCHORS 60
#define SERVE_PAGE_VRPS 50	/* of those that cover a route */

/* What it shows; everything is borrowed. */
struct serve_page {
	const struct serve_view *view;
	const struct serve_past *past;
	const struct anchor_tally *anchors;	/* of the view's table; NULL when there is none, or no memory */
	size_t anchor_count;
	const struct anchor_tally *total;
	const char *prefix, *asn;	/* of the route that is asked for, as they were typed; NULL for none */
	const struct rov *rov;		/* of the view's table; NULL while it isn't made */
};

void serve_page_write(struct out *o, const struct serve_page *p);

/* The part that answers for a route. */
void serve_page_write_route(struct out *o, const struct serve_page *p);

#endif
