/* SPDX-License-Identifier: ISC */
/* What the handlers of serve_http share. */
#ifndef VRP_SERVE_INTERNAL_H
#define VRP_SERVE_INTERNAL_H

#include <sys/queue.h>
#include <sys/utsname.h>

#include "documents.h"
#include "export.h"
#include "html.h"
#include "jsonout.h"
#include "out.h"
#include "rov.h"
#include "serve_http.h"
#include "serve_past.h"

#define SERVE_SMALL_MAX ((size_t)256 << 20)	/* bytes of an answer that is made at once */
#define SERVE_RETRY_AFTER "10"			/* seconds, where there is no table yet */

#define SERVE_JSON "application/json"
#define SERVE_TEXT "text/plain; charset=utf-8"
#define SERVE_CSV "text/csv; charset=utf-8; header=present"

struct serve_waiter;

struct serve_http {
	struct serve_http_config config;
	struct log log;
	struct httpd *httpd;
	struct documents *documents;
	int64_t since;		/* Unix seconds */
	struct utsname host;

	/* Made of one table each, when it is first asked for; NULL before. */
	struct rov *rov;
	struct anchor_tally *anchors, total;
	size_t anchor_count;
	struct vrpset *tallied;	/* a reference */

	TAILQ_HEAD(, serve_waiter) waiters;	/* for another table */
	struct serve_past past;		/* for the page */
	char policy[HTML_POLICY_MAX];
};

/* The handlers; ctx is the serve_http. */
void serve_page(void *ctx, struct httpd_request *r);
void serve_metrics(void *ctx, struct httpd_request *r);
void serve_healthz(void *ctx, struct httpd_request *r);
void serve_status(void *ctx, struct httpd_request *r);
void serve_clients(void *ctx, struct httpd_request *r);
void serve_export(void *ctx, struct httpd_request *r);
void serve_vrps(void *ctx, struct httpd_request *r);
void serve_validity(void *ctx, struct httpd_request *r);
void serve_validity_path(void *ctx, struct httpd_request *r);
void serve_delta(void *ctx, struct httpd_request *r);
void serve_delta_notify(void *ctx, struct httpd_request *r);

/* Twice a second, on the server's thread. */
void serve_page_tick(void *ctx);

/* On the server's thread: there is another table. */
void serve_delta_wake(struct serve_http *s);

/* Answer with what was written to out (out_init_blob), which is released: 503 when that failed. */
void serve_reply_out(struct httpd_request *r, const char *type, struct out *out);

/* The index of the view's table, which is made when the first route is asked about: 50 ms for a million VRPs.  NULL when memory is out. */
const struct rov *serve_index(struct serve_http *s, const struct serve_view *view);

/* False when there is no table yet: then that was answered, and the view released. */
bool serve_look_for_table(const struct serve_http *s, struct httpd_request *r, struct serve_view *view);

/*
 * What a document is made of: a table, and the serial from which a change is wanted.  Counted.
 * One version stands for one session, serial and time of data; `more` for whatever else makes a difference.
 */
struct serve_subject {
	atomic_size_t refs;
	struct rtr_snapshot *snapshot;
	int64_t data_time, modified;
	const struct export_format *format;	/* NULL for the line format */
	uint32_t from;
};

/* NULL when memory is out. */
VRP_NODISCARD struct serve_subject *serve_subject_new(const struct serve_view *view);
void *serve_subject_ref(void *ptr);
void serve_subject_unref(void *ptr);
uint64_t serve_subject_version(const struct serve_subject *subject, uint64_t more);

/*
 * Answer with a document of the subject, of which the caller's reference is taken over; 503 when it is NULL.
 * name and type last; so does write.
 */
void serve_reply_document(struct serve_http *s, struct httpd_request *r, const char *name, const char *type,
			  const struct document_maker *maker, struct serve_subject *subject, uint64_t more);

#endif
