/* SPDX-License-Identifier: ISC */
/*
 * What rtr-serve tells over HTTP: metrics, the table in every dialect, its
 * routers, its health, validity of routes, changes.  All of it is made from
 * what lies on a board (serve_board.h), on the threads of the HTTP server and
 * of its documents: nothing here is ever waited for by who serves routers.
 */
#ifndef VRP_SERVE_HTTP_H
#define VRP_SERVE_HTTP_H

#include <stdbool.h>

#include "anchor_tally.h"
#include "compiler.h"
#include "err.h"
#include "httpd.h"
#include "log.h"
#include "rtr_pdu.h"
#include "serve_board.h"

struct serve_http_config {
	struct serve_board *board;	/* borrowed */
	const char *input;		/* what it is called: a path, or "-"; borrowed */
	struct rtr_timers timers;	/* that routers are told */
	bool client_metrics;		/* a series for each router in /metrics */
	struct httpd_config limits;
};

struct serve_http;

/* config and log are copied.  NULL with a reason. */
VRP_NODISCARD struct serve_http *serve_http_new(const struct serve_http_config *config, const struct log *log,
						struct vrp_err *err);

/* As httpd_listen() and httpd_start(): before and after the sandbox.  -1 with a reason. */
VRP_NODISCARD int serve_http_listen(struct serve_http *s, const char *address, int fd, struct vrp_err *err);
VRP_NODISCARD int serve_http_start(struct serve_http *s, struct vrp_err *err);

/* End its threads, also those that never started; nothing is left on the board for it from then on.  NULL is allowed. */
void serve_http_free(struct serve_http *s);

/* ---- for what answers a request, on the server's thread */

/* All that is known now; to be released. */
void serve_http_look(const struct serve_http *s, struct serve_view *view);

/*
 * How much of the view's table comes from which trust anchor, and *total: counted once a table.  Borrowed
 * until the next call.  NULL without a table, and when memory is out.
 */
const struct anchor_tally *serve_http_anchors(struct serve_http *s, const struct serve_view *view, size_t *count,
					      struct anchor_tally *total);

const struct serve_http_config *serve_http_config(const struct serve_http *s);
const struct httpd *serve_http_server(const struct serve_http *s);
int64_t serve_http_started(const struct serve_http *s);	/* Unix seconds */

#endif
