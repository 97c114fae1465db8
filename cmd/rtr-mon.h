/* SPDX-License-Identifier: ISC */
/*
 * What the parts of rtr-mon share:
 *
 *	rtr-mon.c		options and sandbox
 *	rtr-mon-once.c		-1
 *	rtr-mon-live.c		the daemon: sources, comparison, signals
 *	rtr-mon-hook.c		--on-change
 *	rtr-mon-http.c		the HTTP server, its paths, and the answers to them:
 *	rtr-mon-page.c		/
 *	rtr-mon-metrics.c	/metrics
 *	rtr-mon-status.c	/status
 *	rtr-mon-diff.c		/diff.json
 */
#ifndef VRP_RTR_MON_TOOL_H
#define VRP_RTR_MON_TOOL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli_cache.h"
#include "documents.h"
#include "httpd.h"
#include "log.h"
#include "monitor.h"
#include "monitor_args.h"
#include "out.h"
#include "series.h"
#include "source.h"

#define HTTP_DEFAULT ":9866"

struct mon_source {
	const char *name;
	struct monitor_arg arg;
	struct source_config config;	/* but for callbacks */
	struct transport_security security;
	struct transports transports;	/* with this security */
	char *url;			/* the source as it may be shown */
};

struct options {
	struct mon_source *sources;
	size_t source_count;
	struct cli_cache access;	/* as the last source has it */
	bool once;
	uint32_t timeout;	/* seconds, 0: any */
	uint32_t grace;
	uint32_t thresholds[MONITOR_THRESHOLDS_MAX];
	size_t threshold_count;
	const char *http[8];
	size_t http_count;
	const char *hook;
	uint32_t hook_timeout;
	enum log_level level;
	bool quiet;
};

/* Both return the exit status. */
int once_run(const struct cli *cli, const struct options *o);
int live_run(const struct cli *cli, const struct options *o);

/* Before there are threads. */
void enter_sandbox(const struct cli *cli, const struct options *o);

/* ---- what is known, for other threads than the one that compares */

struct mon;

struct mon_known {
	struct source_status status;	/* without meta.attrs.source */
	uint64_t changes;	/* of the table */
	uint64_t failures;	/* how often it began to fail */
};

enum mon_hook_result {
	MON_HOOK_OK,
	MON_HOOK_FAILED,	/* exit status or signal */
	MON_HOOK_TIMEOUT,
	MON_HOOK_ERROR,		/* it could not be run */
};

#define MON_HOOK_RESULTS 4
extern const char *const mon_hook_results[MON_HOOK_RESULTS];

/* All of it at one moment: immutable, shared by counted references.  Times are Unix seconds. */
struct mon_picture {
	atomic_size_t refs;
	const struct options *options;
	uint64_t generation;		/* another one when anything but `now` and the counts is another */
	int64_t started, now;
	int64_t offset;			/* what makes a time of the monitor one of these */
	struct monitor_view *view;
	struct mon_known *known;	/* by source */
	struct monitor_pair *pairs;	/* as monitor_view_count() has them */
	size_t *gone;
	int64_t *diverged;		/* likewise: since when they have differed beyond the grace period; STAMP_UNKNOWN: don't */
	uint64_t hook_runs[MON_HOOK_RESULTS];
};

/* From any thread: a new one, or `last`, which may be NULL, once more.  NULL when memory is out. */
struct mon_picture *mon_look(struct mon *m, struct mon_picture *last);
struct mon_picture *mon_picture_ref(struct mon_picture *p);
void mon_picture_unref(struct mon_picture *p);	/* NULL is allowed */

static inline const struct monitor_pair *
mon_pair(const struct mon_picture *p, size_t lhs, size_t rhs)
{
	return &p->pairs[lhs * p->options->source_count + rhs];
}

/* Whether it is compared: it has a table that may be used. */
static inline bool
mon_has_table(const struct mon_picture *p, size_t source)
{
	return monitor_view_set(p->view, source) != NULL;
}

static inline bool
mon_in_sync(const struct mon_picture *p, size_t source)
{
	return p->known[source].status.state == SOURCE_IN_SYNC;
}

/* As rtrmon writes what it does not know. */
static inline int64_t
mon_or_zero(int64_t value)
{
	return value < 0 ? 0 : value;
}

/* ---- HTTP */

struct mon_http;

/* Listens, before the sandbox.  NULL with a reason.  start: -1 with a reason. */
VRP_NODISCARD struct mon_http *mon_http_new(const struct options *o, struct mon *m, const struct log *log, struct vrp_err *err);
VRP_NODISCARD int mon_http_start(struct mon_http *h, struct vrp_err *err);
void mon_http_stop(struct mon_http *h);		/* and free; NULL is allowed */

void mon_page_write(struct out *out, const struct mon_picture *p, const struct series *lasting);
void mon_metrics_write(struct out *out, const struct mon_picture *p);
void mon_status_write(struct out *out, const struct mon_picture *p);

#define MON_ALL SIZE_MAX	/* instead of two sources: every two of them */

/* Answer with a document called `name`, one for each lhs and rhs.  -1 when memory is out: nothing was answered. */
VRP_NODISCARD int mon_difference_reply(struct documents *docs, struct httpd_request *r, const char *name, struct mon_picture *p,
				       size_t lhs, size_t rhs);

/* ---- the hook, on a thread of its own */

struct mon_hook;

/* Forks.  NULL with a reason. */
VRP_NODISCARD struct mon_hook *mon_hook_new(const struct options *o, const struct log *log, struct vrp_err *err);
VRP_NODISCARD int mon_hook_start(struct mon_hook *h, struct vrp_err *err);
void mon_hook_stop(struct mon_hook *h);		/* and free; NULL is allowed */

/* A source has this table now; the first is no change. */
void mon_hook_table(struct mon_hook *h, size_t source, struct vrpset *set, const struct source_meta *meta);

/* Two sources, a < b, differ beyond the grace period now, or don't. */
void mon_hook_pair(struct mon_hook *h, size_t a, size_t b, bool differ);

void mon_hook_runs(struct mon_hook *h, uint64_t runs[MON_HOOK_RESULTS]);

#endif
