/* SPDX-License-Identifier: ISC */
/*
 * /metrics.  Names without rtrserve_ in front are StayRTR's, with its labels
 * and its meaning, so that what was made for it goes on working.
 */
#include "num.h"
#include "prom.h"
#include "serve_internal.h"

#define NAME(name) "rtrserve_" name

/* What one answer is made of. */
struct scrape {
	struct out out;
	struct serve_http *s;
	struct serve_view view;
	const struct rtr_report *report;
	struct rtr_counters counters;	/* those of the report, or zeros */
	const struct anchor_tally *anchors;
	size_t anchor_count;
	struct anchor_tally total;
};

static void
single(struct scrape *p, const char *name, enum prom_type type, const char *help, int64_t value)
{
	prom_single(&p->out, name, type, help, value);
}

/* A time, absent while it is not known. */
static void
moment(struct scrape *p, const char *name, const char *help, int64_t when)
{
	if (when != STAMP_UNKNOWN)
		single(p, name, PROM_GAUGE, help, when);
}

/* ---- as StayRTR has them */

static void
write_vrps(struct scrape *p)
{
	static const char name[] = "rpki_vrps";
	const char *path = p->s->config.input;
	const struct anchor_tally *t = &p->total;

	prom_family(&p->out, name, PROM_GAUGE, "Number of VRPs by source and status.");
	prom_sample(&p->out, name, (int64_t)t->ipv4, "ip_version", "ipv4", "filtered", "filtered", "path", path, NULL);
	prom_sample(&p->out, name, (int64_t)t->ipv4, "ip_version", "ipv4", "filtered", "unfiltered", "path", path, NULL);
	prom_sample(&p->out, name, (int64_t)t->ipv6, "ip_version", "ipv6", "filtered", "filtered", "path", path, NULL);
	prom_sample(&p->out, name, (int64_t)t->ipv6, "ip_version", "ipv6", "filtered", "unfiltered", "path", path, NULL);
}

static void
write_objects(struct scrape *p)
{
	static const char name[] = "rpki_objects";
	int64_t vrps = (int64_t)(p->total.ipv4 + p->total.ipv6);

	prom_family(&p->out, name, PROM_GAUGE, "Number of RPKI objects by type.");
	prom_sample(&p->out, name, (int64_t)p->total.aspas, "type", "vaps", NULL);
	prom_sample(&p->out, name, (int64_t)p->total.keys, "type", "bgpsec_pubkeys", NULL);
	prom_sample(&p->out, name, vrps, "type", "vrps", NULL);
	prom_sample(&p->out, name, vrps, "type", "effective_vrps", NULL);
}

static void
write_path_time(struct scrape *p, const char *name, const char *help, int64_t when)
{
	if (when == STAMP_UNKNOWN)
		return;
	prom_family(&p->out, name, PROM_GAUGE, help);
	prom_sample(&p->out, name, when, "path", p->s->config.input, NULL);
}

/* Several listeners may be at one address, with names or passed by a manager without one. */
static void
write_binds(struct scrape *p)
{
	static const char name[] = "rtr_clients";
	const struct rtr_report *r = p->report;

	prom_family(&p->out, name, PROM_GAUGE, "Number of clients connected.");
	for (size_t i = 0; r && i < r->port_count; i++) {
		size_t clients = 0, first = 0;

		while (strcmp(r->ports[first].bind, r->ports[i].bind) != 0)
			first++;
		for (size_t k = i; k < r->port_count; k++)
			if (strcmp(r->ports[k].bind, r->ports[i].bind) == 0)
				clients += r->ports[k].clients;
		if (first == i)
			prom_sample(&p->out, name, (int64_t)clients, "bind", r->ports[i].bind, NULL);
	}
}

static void
write_pdus(struct scrape *p)
{
	static const char name[] = "rtr_pdus", *const types[RTR_PDU_TYPES] = {
		[RTR_SERIAL_NOTIFY] = "serial_notify",	 [RTR_SERIAL_QUERY] = "serial_query",
		[RTR_RESET_QUERY] = "reset_query",	 [RTR_CACHE_RESPONSE] = "cache_response",
		[RTR_IPV4_PREFIX] = "ipv4_prefix",	 [RTR_IPV6_PREFIX] = "ipv6_prefix",
		[RTR_END_OF_DATA] = "end_of_data",	 [RTR_CACHE_RESET] = "cache_reset",
		[RTR_ROUTER_KEY] = "router_key",	 [RTR_ERROR_REPORT] = "error_report",
		[RTR_ASPA] = "aspa",			 [RTR_ASPA + 1] = "unknown",
	};

	prom_family(&p->out, name, PROM_UNTYPED, "PDU received.");
	for (size_t i = 0; i < RTR_PDU_TYPES; i++)
		if (types[i] && (i == RTR_SERIAL_QUERY || i == RTR_RESET_QUERY || p->counters.pdus[i]))
			prom_sample(&p->out, name, (int64_t)p->counters.pdus[i], "type", types[i], NULL);
}

static void
write_stayrtr(struct scrape *p)
{
	const struct rtr_snapshot *snapshot = p->view.snapshot;

	write_vrps(p);
	write_objects(p);
	single(p, "rpki_bgpsec", PROM_GAUGE, "Number of BGPsec keys.", (int64_t)p->total.keys);
	write_path_time(p, "rpki_refresh", "Last successful request for the given URL.", p->view.input.received);
	write_path_time(p, "rpki_change", "Last change.", snapshot ? snapshot->committed : STAMP_UNKNOWN);
	write_binds(p);
	write_pdus(p);
	single(p, "rtr_serial", PROM_GAUGE, "Current serial.", serve_view_serial(&p->view));
	prom_family(&p->out, "rtr_info", PROM_GAUGE, "Information on this cache.");
	prom_sample(&p->out, "rtr_info", 1, "domainname", p->s->host.domainname, "nodename", p->s->host.nodename, "version",
		    VRPTOOLS_VERSION, NULL);
}

/* ---- the table */

static void
write_records(struct scrape *p)
{
	static const char name[] = NAME("records");

	prom_family(&p->out, name, PROM_GAUGE, "Records of the table by type, address family and trust anchor.");
	for (size_t i = 0; p->anchors && i < p->anchor_count; i++) {
		const struct anchor_tally *t = &p->anchors[i];
		const struct {
			const char *type, *family;
			size_t count;
		} rows[] = {
			{"vrp", "ipv4", t->ipv4},
			{"vrp", "ipv6", t->ipv6},
			{"router_key", "", t->keys},
			{"aspa", "", t->aspas},
		};

		for (size_t k = 0; k < ARRAY_LEN(rows); k++)
			prom_sample(&p->out, name, (int64_t)rows[k].count, "type", rows[k].type, "family", rows[k].family,
				    "trust_anchor", t->name, NULL);
	}
}

static void
write_sessions(struct scrape *p)
{
	const struct rtr_snapshot *snapshot = p->view.snapshot;

	if (!snapshot)
		return;
	prom_family(&p->out, NAME("session"), PROM_GAUGE, "Session ID of each version of RTR.");
	for (int v = 0; v < RTR_VERSIONS; v++)
		prom_sample(&p->out, NAME("session"), snapshot->sessions[v], "version", num_u8_text[v], NULL);
}

static void
write_table(struct scrape *p)
{
	const struct rtr_snapshot *snapshot = p->view.snapshot;
	const struct rtr_report *r = p->report;

	write_records(p);
	single(p, NAME("serial"), PROM_GAUGE, "Serial of the table that is served, 0 before there is one.",
	       serve_view_serial(&p->view));
	write_sessions(p);
	moment(p, NAME("table_time_seconds"), "When the table that is served was first served.",
	       snapshot ? snapshot->committed : STAMP_UNKNOWN);
	single(p, NAME("announced_records_total"), PROM_COUNTER, "Records that changes of the table have announced.",
	       (int64_t)p->counters.announced);
	single(p, NAME("withdrawn_records_total"), PROM_COUNTER, "Records that changes of the table have withdrawn.",
	       (int64_t)p->counters.withdrawn);
	single(p, NAME("history_steps"), PROM_GAUGE, "Changes kept for routers that return.", r ? (int64_t)r->history_steps : 0);
	single(p, NAME("history_records"), PROM_GAUGE, "Records in the changes that are kept.",
	       r ? (int64_t)r->history_records : 0);
}

/* ---- the input */

static void
write_states(struct scrape *p)
{
	prom_family(&p->out, NAME("input_state"), PROM_GAUGE, "What the input did last: 1 for one of these.");
	for (int i = 0; i < INTAKE_STATES; i++)
		prom_sample(&p->out, NAME("input_state"), p->view.input.state == (enum intake_state)i, "state",
			    intake_state_names[i], NULL);
	prom_family(&p->out, NAME("blocks_total"), PROM_COUNTER, "Blocks of the input by what became of them.");
	for (int i = 0; i < INTAKE_RESULTS; i++)
		prom_sample(&p->out, NAME("blocks_total"), (int64_t)p->view.input.blocks[i], "result", intake_result_names[i], NULL);
}

static void
write_input(struct scrape *p)
{
	const struct intake_status *in = &p->view.input;

	moment(p, NAME("input_time_seconds"), "The time that the data of the table gives itself.", p->view.data_time);
	moment(p, NAME("input_received_time_seconds"), "When a block of the input was last taken.", in->received);
	single(p, NAME("input_max_age_seconds"), PROM_GAUGE, "Age at which the table is withdrawn, 0 for never.", in->max_age);
	single(p, NAME("input_healthy"), PROM_GAUGE, "Whether there is a table that is not too old, as /healthz says.",
	       p->view.healthy);
	write_states(p);
	moment(p, NAME("input_error_time_seconds"), "When the input last failed.", in->error_time);
	single(p, NAME("expired_records"), PROM_GAUGE, "Records that the table lacks now because they have expired.",
	       (int64_t)in->expired);
	single(p, NAME("expired_records_total"), PROM_COUNTER, "Records that were withdrawn because they expired.",
	       (int64_t)in->expired_total);
}

/* ---- routers */

static void
write_clients(struct scrape *p)
{
	static const char *const versions[] = {"", "0", "1", "2"};
	size_t counts[LISTEN_TRANSPORTS][ARRAY_LEN(versions)] = {0}, behind = 0, stalled = 0;
	const struct rtr_report *r = p->report;

	for (size_t i = 0; r && i < r->client_count; i++) {
		const struct rtr_report_client *c = &r->clients[i];

		counts[c->transport][c->version + 1]++;
		behind += rtr_report_lag(r, c) > 0;
		stalled += c->state == RTR_CLIENT_STALLED;
	}
	prom_family(&p->out, NAME("clients"), PROM_GAUGE, "Routers by transport and version, which is empty while not settled.");
	for (int t = 0; t < LISTEN_TRANSPORTS; t++)
		for (size_t v = 0; v < ARRAY_LEN(versions); v++)
			prom_sample(&p->out, NAME("clients"), (int64_t)counts[t][v], "transport", listen_transport_names[t],
				    "version", versions[v], NULL);
	single(p, NAME("clients_behind"), PROM_GAUGE, "Routers that have an older table than the present one.", (int64_t)behind);
	single(p, NAME("clients_stalled"), PROM_GAUGE, "Routers that take no data now though some waits for them.",
	       (int64_t)stalled);
	single(p, NAME("clients_max"), PROM_GAUGE, "Connections beyond which further ones are turned away.",
	       r ? (int64_t)r->max_clients : 0);
	single(p, NAME("handshakes"), PROM_GAUGE, "Connections that are not let in yet.", r ? (int64_t)r->handshakes : 0);
}

static void
write_connections(struct scrape *p)
{
	static const char *const verdicts[ADMISSION_VERDICTS] = {
		[ADMISSION_DENIED] = "denied",		 [ADMISSION_FULL] = "full",
		[ADMISSION_PORT_FULL] = "listener_full", [ADMISSION_RULE_FULL] = "rule_full",
		[ADMISSION_ADDRESS_FULL] = "address_full", [ADMISSION_NO_MEMORY] = "no_memory",
	};
	const struct rtr_counters *n = &p->counters;

	prom_family(&p->out, NAME("connections_total"), PROM_COUNTER, "Connections that were accepted.");
	for (int t = 0; t < LISTEN_TRANSPORTS; t++)
		prom_sample(&p->out, NAME("connections_total"), (int64_t)n->connections[t], "transport",
			    listen_transport_names[t], NULL);
	prom_family(&p->out, NAME("turned_away_total"), PROM_COUNTER, "Connections that were turned away.");
	for (int v = 0; v < ADMISSION_VERDICTS; v++)
		if (verdicts[v])
			prom_sample(&p->out, NAME("turned_away_total"), (int64_t)n->turned_away[v], "reason", verdicts[v], NULL);
	prom_sample(&p->out, NAME("turned_away_total"), (int64_t)n->refused, "reason", "handshake", NULL);
	prom_family(&p->out, NAME("disconnects_total"), PROM_COUNTER, "Connections that have ended.");
	for (int i = 0; i < RTR_ENDS; i++)
		prom_sample(&p->out, NAME("disconnects_total"), (int64_t)n->ends[i], "reason", rtr_end_names[i], NULL);
}

static void
write_answers(struct scrape *p)
{
	const struct rtr_counters *n = &p->counters;

	prom_family(&p->out, NAME("responses_total"), PROM_COUNTER, "Answers to queries of routers.");
	for (int i = 0; i < RTR_RESPONSES; i++)
		if (rtr_response_names[i])
			prom_sample(&p->out, NAME("responses_total"), (int64_t)n->responses[i], "kind", rtr_response_names[i], NULL);
	single(p, NAME("notifies_total"), PROM_COUNTER, "Serial Notifies that were sent.", (int64_t)n->notifies);
	single(p, NAME("sent_bytes_total"), PROM_COUNTER, "Bytes of RTR that routers have taken.", (int64_t)n->sent);
	single(p, NAME("received_bytes_total"), PROM_COUNTER, "Bytes of RTR that routers have sent.", (int64_t)n->received);
}

/* ---- each of them */

enum client_family { SERIAL, LAG, VERSION, SENT, RECEIVED, CONNECTED, LAST_QUERY, CLIENT_FAMILIES };

/* STAMP_UNKNOWN where a router has none yet. */
static int64_t
client_value(const struct rtr_report *r, const struct rtr_report_client *c, enum client_family family)
{
	switch (family) {
	case SERIAL:
		return c->serial ? c->serial : STAMP_UNKNOWN;
	case LAG:
		return rtr_report_lag(r, c);
	case VERSION:
		return c->version >= 0 ? c->version : STAMP_UNKNOWN;
	case SENT:
		return (int64_t)c->sent;
	case RECEIVED:
		return (int64_t)c->received;
	case CONNECTED:
		return c->since;
	default:
		return c->last_query;
	}
}

/* The number tells routers at a unix socket from each other, which have no address. */
static void
write_each_client(struct scrape *p)
{
	static const struct {
		const char *name;
		enum prom_type type;
		const char *help;
	} families[CLIENT_FAMILIES] = {
		[SERIAL] = {NAME("client_serial"), PROM_GAUGE, "Serial of the last answer to a router."},
		[LAG] = {NAME("client_serial_lag"), PROM_GAUGE, "How many changes a router is behind."},
		[VERSION] = {NAME("client_version"), PROM_GAUGE, "Version of RTR that a router speaks."},
		[SENT] = {NAME("client_sent_bytes_total"), PROM_COUNTER, "Bytes that a router has taken."},
		[RECEIVED] = {NAME("client_received_bytes_total"), PROM_COUNTER, "Bytes that a router has sent."},
		[CONNECTED] = {NAME("client_connected_time_seconds"), PROM_GAUGE, "When a router connected."},
		[LAST_QUERY] = {NAME("client_last_query_time_seconds"), PROM_GAUGE, "When a router last asked."},
	};
	const struct rtr_report *r = p->report;

	for (int f = 0; f < CLIENT_FAMILIES; f++) {
		prom_family(&p->out, families[f].name, families[f].type, families[f].help);
		for (size_t i = 0; r && i < r->client_count; i++) {
			const struct rtr_report_client *c = &r->clients[i];
			int64_t value = client_value(r, c, (enum client_family)f);
			char number[24];

			if (value == STAMP_UNKNOWN)
				continue;
			snprintf(number, sizeof(number), "%llu", (unsigned long long)c->number);
			prom_sample(&p->out, families[f].name, value, "client", c->peer, "name",
				    c->name[0] ? c->name : c->identity, "number", number, NULL);
		}
	}
}

/* ---- HTTP itself, and the program */

static void
write_http(struct scrape *p)
{
	const struct httpd_stats *stats = httpd_stats(p->s->httpd);

	prom_family(&p->out, NAME("http_requests_total"), PROM_COUNTER, "Answers over HTTP by status code.");
	for (int code = 0; code < HTTPD_STATUS_MAX; code++) {
		char text[16];

		if (!stats->answers[code])
			continue;
		snprintf(text, sizeof(text), "%d", code);
		prom_sample(&p->out, NAME("http_requests_total"), (int64_t)stats->answers[code], "code", text, NULL);
	}
	single(p, NAME("http_connections"), PROM_GAUGE, "Connections over HTTP.", (int64_t)stats->connections);
	single(p, NAME("http_turned_away_total"), PROM_COUNTER, "Connections over HTTP beyond a limit.",
	       (int64_t)stats->turned_away);
	single(p, NAME("http_timed_out_total"), PROM_COUNTER, "Connections over HTTP that were closed for a deadline.",
	       (int64_t)stats->timed_out);
}

static void
write_program(struct scrape *p)
{
	prom_family(&p->out, NAME("build_info"), PROM_GAUGE, "Which version this is.");
	prom_sample(&p->out, NAME("build_info"), 1, "version", VRPTOOLS_VERSION, NULL);
	single(p, NAME("start_time_seconds"), PROM_GAUGE, "When the program was started.", p->s->since);
}

void
serve_metrics(void *ctx, struct httpd_request *r)
{
	struct scrape p = {.s = ctx};

	serve_http_look(p.s, &p.view);
	p.report = p.view.report;
	if (p.report)
		p.counters = p.report->counters;
	p.anchors = serve_http_anchors(p.s, &p.view, &p.anchor_count, &p.total);
	out_init_blob(&p.out, SERVE_SMALL_MAX);
	write_program(&p);
	write_stayrtr(&p);
	write_table(&p);
	write_input(&p);
	write_clients(&p);
	write_connections(&p);
	write_answers(&p);
	write_http(&p);
	if (p.s->config.client_metrics)
		write_each_client(&p);
	serve_view_release(&p.view);
	serve_reply_out(r, PROM_CONTENT_TYPE, &p.out);
}
