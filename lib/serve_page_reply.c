/* SPDX-License-Identifier: ISC */
/* The page at /, for whoever opens it in a browser. */
#include "serve_internal.h"
#include "serve_page.h"

void
serve_page_tick(void *ctx)
{
	struct serve_http *s = ctx;
	struct serve_view view;

	serve_http_look(s, &view);
	serve_past_note(&s->past, &view);
	serve_view_release(&view);
}

/* Nothing from elsewhere, nothing in a frame; no copy is kept, since it is old in a moment. */
static void
add_headers(const struct serve_http *s, struct httpd_request *r)
{
	httpd_add_header(r, "Content-Security-Policy", s->policy);
	httpd_add_header(r, "Referrer-Policy", "no-referrer");
	httpd_add_header(r, "Cache-Control", "no-store");
}

void
serve_page(void *ctx, struct httpd_request *r)
{
	const struct http_target *target = httpd_target(r);
	struct serve_http *s = ctx;
	struct anchor_tally total;
	struct serve_view view;
	struct serve_page page = {
		.view = &view,
		.past = &s->past,
		.prefix = http_target_field(target, "prefix"),
		.asn = http_target_field(target, "asn"),
	};
	struct out out;

	add_headers(s, r);
	serve_http_look(s, &view);
	serve_past_note(&s->past, &view);
	page.anchors = serve_http_anchors(s, &view, &page.anchor_count, &total);
	page.total = page.anchors ? &total : NULL;
	page.rov = page.prefix && view.snapshot ? serve_index(s, &view) : NULL;
	out_init_blob(&out, SERVE_SMALL_MAX);
	serve_page_write(&out, &page);
	serve_view_release(&view);
	serve_reply_out(r, HTML_TYPE, &out);
}
