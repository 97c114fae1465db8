/* SPDX-License-Identifier: ISC */
/* /healthz for load balancers and supervisors, /status and /clients for scripts. */
#include "intake_status.h"
#include "serve_internal.h"

void
serve_healthz(void *ctx, struct httpd_request *r)
{
	struct serve_view view;

	serve_http_look(ctx, &view);
	httpd_add_header(r, "Cache-Control", "no-store");
	if (view.healthy)
		httpd_reply_text(r, 200, SERVE_TEXT, "ok\n", 3);
	else
		httpd_reply_error(r, 503, "%s", view.reason);
	serve_view_release(&view);
}

/* ---- /status */

static void
write_table(struct jsonout *j, const struct serve_view *view, const struct anchor_tally *total)
{
	const struct rtr_snapshot *snapshot = view->snapshot;

	jsonout_object(j, "table");
	jsonout_number(j, "vrps_ipv4", (int64_t)total->ipv4);
	jsonout_number(j, "vrps_ipv6", (int64_t)total->ipv6);
	jsonout_number(j, "router_keys", (int64_t)total->keys);
	jsonout_number(j, "aspas", (int64_t)total->aspas);
	jsonout_time(j, "served_since", snapshot ? snapshot->committed : STAMP_UNKNOWN);
	jsonout_time(j, "first_expiry", total->expires == EXPIRES_UNKNOWN ? STAMP_UNKNOWN : (int64_t)total->expires);
	jsonout_end(j);
}

static void
write_anchors(struct jsonout *j, const struct anchor_tally *anchors, size_t count)
{
	jsonout_array(j, "trust_anchors");
	for (size_t i = 0; anchors && i < count; i++) {
		jsonout_object(j, NULL);
		jsonout_string(j, "name", anchors[i].name);
		jsonout_number(j, "vrps_ipv4", (int64_t)anchors[i].ipv4);
		jsonout_number(j, "vrps_ipv6", (int64_t)anchors[i].ipv6);
		jsonout_number(j, "router_keys", (int64_t)anchors[i].keys);
		jsonout_number(j, "aspas", (int64_t)anchors[i].aspas);
		jsonout_end(j);
	}
	jsonout_end(j);
}

static void
write_error(struct jsonout *j, const struct intake_status *in)
{
	if (in->error_time == STAMP_UNKNOWN) {
		jsonout_null(j, "last_error");
		return;
	}
	jsonout_object(j, "last_error");
	jsonout_time(j, "time", in->error_time);
	jsonout_string(j, "message", in->error.msg);
	if (in->error.line)
		jsonout_number(j, "line", (int64_t)in->error.line);
	jsonout_end(j);
}

static void
write_input(struct jsonout *j, const char *name, const struct serve_view *view)
{
	const struct intake_status *in = &view->input;

	jsonout_object(j, "input");
	jsonout_string(j, "name", name);
	jsonout_string(j, "state", intake_state_names[in->state]);
	jsonout_time(j, "data_time", view->data_time);
	jsonout_time(j, "received", in->received);
	jsonout_number(j, "max_age", in->max_age);
	write_error(j, in);
	jsonout_object(j, "blocks");
	for (int i = 0; i < INTAKE_RESULTS; i++)
		jsonout_number(j, intake_result_names[i], (int64_t)in->blocks[i]);
	jsonout_end(j);
	jsonout_number(j, "expired", (int64_t)in->expired);
	jsonout_number(j, "expired_total", (int64_t)in->expired_total);
	jsonout_end(j);
}

static void
write_rtr(struct jsonout *j, const struct serve_view *view, const struct rtr_timers *timers)
{
	const struct rtr_snapshot *snapshot = view->snapshot;
	const struct rtr_report *r = view->report;

	jsonout_object(j, "rtr");
	if (snapshot)
		jsonout_number(j, "serial", snapshot->serial);
	else
		jsonout_null(j, "serial");
	jsonout_array(j, "sessions");
	for (int v = 0; snapshot && v < RTR_VERSIONS; v++)
		jsonout_number(j, NULL, snapshot->sessions[v]);
	jsonout_end(j);
	jsonout_object(j, "timers");
	jsonout_number(j, "refresh", timers->refresh);
	jsonout_number(j, "retry", timers->retry);
	jsonout_number(j, "expire", timers->expire);
	jsonout_end(j);
	jsonout_number(j, "history_steps", r ? (int64_t)r->history_steps : 0);
	jsonout_number(j, "history_records", r ? (int64_t)r->history_records : 0);
	jsonout_number(j, "clients", r ? (int64_t)r->client_count : 0);
	jsonout_number(j, "max_clients", r ? (int64_t)r->max_clients : 0);
	jsonout_array(j, "listeners");
	for (size_t i = 0; r && i < r->port_count; i++) {
		jsonout_object(j, NULL);
		jsonout_string(j, "transport", listen_transport_names[r->ports[i].transport]);
		jsonout_string(j, "address", r->ports[i].bind);
		jsonout_number(j, "clients", (int64_t)r->ports[i].clients);
		jsonout_end(j);
	}
	jsonout_end(j);
	jsonout_end(j);
}

void
serve_status(void *ctx, struct httpd_request *r)
{
	struct serve_http *s = ctx;
	const struct anchor_tally *anchors;
	struct anchor_tally total;
	struct serve_view view;
	struct jsonout j;
	struct out out;
	size_t count;

	serve_http_look(s, &view);
	anchors = serve_http_anchors(s, &view, &count, &total);
	out_init_blob(&out, SERVE_SMALL_MAX);
	jsonout_init(&j, &out);
	jsonout_object(&j, NULL);
	jsonout_string(&j, "version", VRPTOOLS_VERSION);
	jsonout_time(&j, "now", view.now);
	jsonout_time(&j, "started", s->since);
	jsonout_bool(&j, "healthy", view.healthy);
	if (!view.healthy)
		jsonout_string(&j, "reason", view.reason);
	write_input(&j, s->config.input, &view);
	write_table(&j, &view, &total);
	write_anchors(&j, anchors, count);
	write_rtr(&j, &view, &s->config.timers);
	jsonout_end(&j);
	serve_view_release(&view);
	httpd_add_header(r, "Cache-Control", "no-store");
	serve_reply_out(r, SERVE_JSON, &out);
}

/* ---- /clients */

static void
write_client(struct jsonout *j, const struct rtr_report *r, const struct rtr_report_client *c)
{
	jsonout_object(j, NULL);
	jsonout_number(j, "number", (int64_t)c->number);
	jsonout_string(j, "address", c->peer);
	jsonout_string(j, "transport", listen_transport_names[c->transport]);
	if (c->name[0])
		jsonout_string(j, "name", c->name);
	if (c->identity[0])
		jsonout_string(j, "identity", c->identity);
	jsonout_string(j, "state", rtr_client_state_names[c->state]);
	if (c->version >= 0)
		jsonout_number(j, "version", c->version);
	if (c->serial) {
		jsonout_number(j, "serial", c->serial);
		jsonout_number(j, "lag", rtr_report_lag(r, c));
	}
	jsonout_number(j, "queries", c->queries);
	jsonout_number(j, "sent_bytes", (int64_t)c->sent);
	jsonout_number(j, "received_bytes", (int64_t)c->received);
	jsonout_time(j, "connected", c->since);
	jsonout_time(j, "last_query", c->last_query);
	jsonout_end(j);
}

void
serve_clients(void *ctx, struct httpd_request *r)
{
	struct serve_view view;
	struct jsonout j;
	struct out out;

	serve_http_look(ctx, &view);
	out_init_blob(&out, SERVE_SMALL_MAX);
	jsonout_init(&j, &out);
	jsonout_object(&j, NULL);
	jsonout_time(&j, "now", view.now);
	jsonout_number(&j, "serial", serve_view_serial(&view));
	jsonout_array(&j, "clients");
	for (size_t i = 0; view.report && i < view.report->client_count; i++)
		write_client(&j, view.report, &view.report->clients[i]);
	jsonout_end(&j);
	jsonout_end(&j);
	serve_view_release(&view);
	httpd_add_header(r, "Cache-Control", "no-store");
	serve_reply_out(r, SERVE_JSON, &out);
}
