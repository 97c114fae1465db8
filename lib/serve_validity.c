/* SPDX-License-Identifier: ISC */
/* What becomes of one route, as Routinator answers. */
#include "num.h"
#include "prefix.h"
#include "serve_internal.h"
#include "validity.h"

const struct rov *
serve_index(struct serve_http *s, const struct serve_view *view)
{
	struct vrp_err err;

	if (s->rov && rov_set(s->rov) != view->snapshot->set) {
		rov_free(s->rov);
		s->rov = NULL;
	}
	if (!s->rov)
		s->rov = rov_new(view->snapshot->set, &err);
	return s->rov;
}

/* An address alone is a host. */
static bool
parse_prefix(const char *text, struct prefix *out, const char **why)
{
	char with_length[PREFIX_TEXT_MAX + 8];

	if (strchr(text, '/'))
		return prefix_parse(text, strlen(text), out, why);
	if (strlen(text) >= PREFIX_TEXT_MAX) {
		*why = "bad address";
		return false;
	}
	snprintf(with_length, sizeof(with_length), "%s/%s", text, strchr(text, ':') ? "128" : "32");
	return prefix_parse(with_length, strlen(with_length), out, why);
}

static void
reply(struct serve_http *s, struct httpd_request *r, const struct rov_route *route)
{
	struct validity v = {.route = *route, .has_origin = true};
	struct validity_writer w = {0};
	struct serve_view view;
	struct out out;

	if (!serve_look_for_table(s, r, &view))
		return;
	w.rov = serve_index(s, &view);
	if (!w.rov) {
		serve_view_release(&view);
		httpd_reply_error(r, 503, "out of memory");
		return;
	}
	out_init_blob(&out, SERVE_SMALL_MAX);
	w.out = &out;
	v.answer = rov_ask(w.rov, &route->prefix, route->origin);
	validity_json_begin(&w, true);
	validity_json_add(&w, &v);
	validity_json_end(&w, true, view.data_time);
	validity_writer_release(&w);
	serve_view_release(&view);
	serve_reply_out(r, SERVE_JSON, &out);
}

static void
answer(struct serve_http *s, struct httpd_request *r, const char *asn, const char *prefix)
{
	struct rov_route route;
	const char *why = "";

	if (!asn || !prefix)
		httpd_reply_error(r, 400, "asn and prefix are needed");
	else if (!num_asn(asn, strlen(asn), &route.origin))
		httpd_reply_error(r, 400, "bad AS number '%s'", asn);
	else if (!parse_prefix(prefix, &route.prefix, &why))
		httpd_reply_error(r, 400, "'%s': %s", prefix, why);
	else
		reply(s, r, &route);
}

void
serve_validity(void *ctx, struct httpd_request *r)
{
	const struct http_target *t = httpd_target(r);

	answer(ctx, r, http_target_field(t, "asn"), http_target_field(t, "prefix"));
}

/* /api/v1/validity/AS/PREFIX, whose slash may stand as it is. */
void
serve_validity_path(void *ctx, struct httpd_request *r)
{
	const char *rest = httpd_rest(r), *slash = strchr(rest, '/');
	char asn[16];

	if (!slash || (size_t)(slash - rest) >= sizeof(asn)) {
		httpd_reply_error(r, 400, "asn and prefix are needed");
		return;
	}
	memcpy(asn, rest, (size_t)(slash - rest));
	asn[slash - rest] = '\0';
	answer(ctx, r, asn, slash + 1);
}
