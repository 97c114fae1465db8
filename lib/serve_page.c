/* SPDX-License-Identifier: ISC */
#include "serve_page.h"

#include <errno.h>
#include <inttypes.h>

#include "buf.h"
#include "chart.h"
#include "enc.h"
#include "html.h"

#define ADD(o, literal) out_add((o), (literal), sizeof(literal) - 1)

static const char *
plural(size_t n)
{
	return n == 1 ? "" : "s";
}

/* What there is to know of the routers as a whole. */
struct crowd {
	size_t all, current, behind, stalled, new;
};

static struct crowd
crowd_of(const struct rtr_report *r)
{
	struct crowd c = {0};

	for (size_t i = 0; r && i < r->client_count; i++) {
		const struct rtr_report_client *client = &r->clients[i];

		c.all++;
		c.stalled += client->state == RTR_CLIENT_STALLED;
		if (client->serial == 0)
			c.new++;
		else if (rtr_report_lag(r, client) > 0)
			c.behind++;
		else
			c.current++;
	}
	return c;
}

static size_t
records_of(const struct serve_page *p)
{
	return p->view->snapshot ? vrpset_count(p->view->snapshot->set) : 0;
}

/* ---- The state, in words */

struct verdict {
	enum html_mood mood;
	const char *words;
};

/* What the input does: while routers are served, and while there is nothing to serve. */
static struct verdict
while_served(const struct intake_status *in)
{
	switch (in->state) {
	case INTAKE_OK:
		return (struct verdict){HTML_WELL, "All is well"};
	case INTAKE_WAITING:
		return (struct verdict){HTML_CARE, "Serving a saved table, no input yet"};
	case INTAKE_FAILING:
		return (struct verdict){HTML_CARE, "Serving, but the input fails"};
	case INTAKE_HELD:
		return (struct verdict){HTML_CARE, "Serving, but a new table is held back"};
	case INTAKE_STALE:
		return (struct verdict){HTML_CARE, "Serving, but what came last was too old"};
	case INTAKE_ENDED:
		return (struct verdict){HTML_CARE, "Serving, but the input has ended"};
	}
	return (struct verdict){HTML_CARE, "Serving"};
}

static struct verdict
without_table(const struct intake_status *in)
{
	switch (in->state) {
	case INTAKE_OK:
	case INTAKE_WAITING:
		return (struct verdict){HTML_CARE, "No data yet"};
	case INTAKE_HELD:
	case INTAKE_FAILING:
		return (struct verdict){HTML_BAD, "No data, and the input fails"};
	case INTAKE_STALE:
		return (struct verdict){HTML_BAD, "No data, and what came was too old"};
	case INTAKE_ENDED:
		return (struct verdict){HTML_BAD, "No data, and the input has ended"};
	}
	return (struct verdict){HTML_BAD, "No data"};
}

static struct verdict
verdict_of(const struct serve_view *v)
{
	if (v->healthy)
		return while_served(&v->input);
	if (!v->snapshot)
		return without_table(&v->input);
	return (struct verdict){HTML_BAD, v->input.aged ? "Stale: the table is withdrawn" : "Not well"};
}

static void
write_served(struct out *o, const struct serve_page *p)
{
	struct crowd c = crowd_of(p->view->report);

	if (!p->view->snapshot) {
		ADD(o, "<p>Routers that ask are told so.</p>\n");
		return;
	}
	ADD(o, "<p>");
	html_count(o, records_of(p));
	out_addf(o, " record%s, serial %" PRIu32 ", to ", plural(records_of(p)), p->view->snapshot->serial);
	html_count(o, c.all);
	out_addf(o, " router%s", plural(c.all));
	if (c.behind)
		out_addf(o, "; %zu of them behind", c.behind);
	if (c.stalled)
		out_addf(o, "; %zu take%s no data now", c.stalled, c.stalled == 1 ? "s" : "");
	ADD(o, ".</p>\n");
}

/* Why it is not well, and what was wrong with the input unless a good block has come since. */
static void
write_trouble(struct out *o, const struct serve_view *v)
{
	const struct intake_status *in = &v->input;

	if (!v->healthy && v->snapshot) {
		ADD(o, "<p>Reason: ");
		html_text(o, v->reason, strlen(v->reason));
		ADD(o, ".</p>\n");
	}
	if (in->error_time == STAMP_UNKNOWN || in->state == INTAKE_OK)
		return;
	ADD(o, "<p>Last error, ");
	html_ago(o, in->error_time, v->now);
	ADD(o, ": <bdi>");
	if (in->error.line)
		out_addf(o, "line %zu: ", in->error.line);
	html_text(o, in->error.msg, strlen(in->error.msg));
	ADD(o, "</bdi></p>\n");
}

/* ---- Large numbers */

static void
write_table_facts(struct out *o, const struct serve_page *p)
{
	const struct anchor_tally *t = p->total;

	html_fact(o, "VRPs");
	html_count(o, t->ipv4 + t->ipv6);
	html_fact_note(o);
	html_count(o, t->ipv4);
	ADD(o, " IPv4, ");
	html_count(o, t->ipv6);
	ADD(o, " IPv6");
	html_fact_end(o);
	html_fact(o, "ASPAs");
	html_count(o, t->aspas);
	html_fact_note(o);
	html_count(o, t->keys);
	out_addf(o, " router key%s", plural(t->keys));
	html_fact_end(o);
}

static void
write_serial_fact(struct out *o, const struct rtr_snapshot *s)
{
	html_fact(o, "Serial");
	if (s)
		out_addf(o, "%" PRIu32, s->serial);
	else
		ADD(o, "none");
	html_fact_note(o);
	if (s)
		out_addf(o, "session %u", s->session);
	html_fact_end(o);
}

/* How old the data is by its own word, or else since when it is served. */
static void
write_age_fact(struct out *o, const struct serve_view *v)
{
	bool dated = v->data_time != STAMP_UNKNOWN;

	html_fact(o, dated ? "Age of the data" : "Served for");
	if (v->snapshot)
		html_span(o, v->now - (dated ? v->data_time : v->snapshot->committed));
	else
		ADD(o, "none");
	html_fact_note(o);
	if (v->snapshot) {
		ADD(o, "served since ");
		html_time(o, v->snapshot->committed, v->now);
	}
	html_fact_end(o);
}

static void
write_input_fact(struct out *o, const struct serve_view *v)
{
	html_fact(o, "Input");
	ADD(o, "<span class=\"name\">");
	html_text(o, intake_state_names[v->input.state], strlen(intake_state_names[v->input.state]));
	ADD(o, "</span>");
	html_fact_note(o);
	if (v->input.received != STAMP_UNKNOWN) {
		ADD(o, "last taken ");
		html_ago(o, v->input.received, v->now);
	} else {
		ADD(o, "nothing taken yet");
	}
	html_fact_end(o);
}

static void
write_router_fact(struct out *o, const struct serve_view *v)
{
	struct crowd c = crowd_of(v->report);

	html_fact(o, "Routers");
	html_count(o, c.all);
	html_fact_note(o);
	if (c.all > 0 && c.current == c.all)
		ADD(o, "all current");
	else if (c.all > 0)
		out_addf(o, "%zu behind, %zu without data", c.behind, c.new);
	html_fact_end(o);
}

static void
write_facts(struct out *o, const struct serve_page *p)
{
	html_facts(o, "numbers", "In numbers");
	if (p->total)
		write_table_facts(o, p);
	write_age_fact(o, p->view);
	write_serial_fact(o, p->view->snapshot);
	write_input_fact(o, p->view);
	write_router_fact(o, p->view);
	html_facts_end(o);
}

/* ---- Routers */

/* Those that want to be looked at come first. */
static unsigned
rank(const struct rtr_report_client *c, uint32_t lag)
{
	return c->state == RTR_CLIENT_STALLED ? 0 : lag > 0 ? 1 : c->serial == 0 ? 2 : 3;
}

struct entry {
	const struct rtr_report_client *client;
	uint32_t lag;
};

static int
by_need(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	unsigned rx = rank(x->client, x->lag), ry = rank(y->client, y->lag);

	if (rx != ry)
		return rx < ry ? -1 : 1;
	if (x->lag != y->lag)
		return x->lag > y->lag ? -1 : 1;
	return x->client < y->client ? -1 : x->client > y->client;
}

static void
write_name(struct out *o, const struct rtr_report_client *c)
{
	html_cell(o, false);
	if (c->name[0])
		html_name(o, c->name);
	if (c->name[0] && c->identity[0])
		ADD(o, ", ");
	if (c->identity[0])
		html_name(o, c->identity);
}

static void
write_lag(struct out *o, const struct entry *e)
{
	html_cell(o, false);
	if (e->client->state == RTR_CLIENT_STALLED)
		ADD(o, "<span class=\"word bad\">takes no data</span>");
	else if (e->lag > 0)
		out_addf(o, "<span class=\"word care\">%" PRIu32 " behind</span>", e->lag);
	else if (e->client->serial == 0)
		ADD(o, "no data yet");
	else
		ADD(o, "current");
}

static void
write_client(struct out *o, const struct entry *e, int64_t now)
{
	const struct rtr_report_client *c = e->client;

	html_row(o);
	html_head_cell(o);
	html_name(o, c->peer);
	write_lag(o, e);
	write_name(o, c);
	html_cell(o, true);
	if (c->serial)
		out_addf(o, "%" PRIu32, c->serial);
	html_cell(o, false);
	if (c->version >= 0)
		out_addf(o, "%d", c->version);
	html_cell(o, false);
	out_addf(o, "%s", listen_transport_names[c->transport]);
	html_cell(o, true);
	html_size(o, c->sent);
	html_cell(o, true);
	html_size(o, c->received);
	html_cell(o, false);
	html_ago(o, c->since, now);
	html_cell(o, false);
	if (c->last_query != STAMP_UNKNOWN)
		html_ago(o, c->last_query, now);
}

static void
write_client_rows(struct out *o, const struct rtr_report *r, int64_t now)
{
	struct entry *entries = r && r->client_count ? malloc(r->client_count * sizeof(*entries)) : NULL;
	size_t count = r ? r->client_count : 0;

	if (count == 0) {
		ADD(o, "\n<tr><td colspan=\"10\">No router is connected.");
		return;
	}
	if (!entries) {
		o->error = ENOMEM;
		return;
	}
	for (size_t i = 0; i < count; i++)
		entries[i] = (struct entry){&r->clients[i], rtr_report_lag(r, &r->clients[i])};
	qsort(entries, count, sizeof(*entries), by_need);
	for (size_t i = 0; i < count && i < SERVE_PAGE_CLIENTS; i++)
		write_client(o, &entries[i], now);
	if (count > SERVE_PAGE_CLIENTS)
		out_addf(o, "\n<tr><td colspan=\"10\">and %zu more, none of which needs it more: <a href=\"clients\">all of them</a>",
			 count - SERVE_PAGE_CLIENTS);
	free(entries);
}

static void
write_routers(struct out *o, const struct serve_view *v)
{
	static const struct html_column columns[] = {
		{"Router", false}, {"State", false}, {"Name", false}, {"Serial", true}, {"Version", false},
		{"Transport", false}, {"Sent", true}, {"Received", true}, {"Connected", false}, {"Last query", false},
	};

	html_section(o, "routers", "Routers");
	html_table(o, "clients", "Connected now, those that lag first", columns, ARRAY_LEN(columns));
	write_client_rows(o, v->report, v->now);
	html_table_end(o);
	html_section_end(o);
}

/* ---- Changes and trust anchors */

static void
write_change(struct out *o, const struct serve_change *c, int64_t now)
{
	html_row(o);
	html_head_cell(o);
	html_time(o, c->time, now);
	html_cell(o, true);
	out_addf(o, "%" PRIu32, c->serial);
	html_cell(o, true);
	if (!c->whole)
		html_count(o, c->announced);
	html_cell(o, true);
	if (!c->whole)
		html_count(o, c->withdrawn);
	html_cell(o, true);
	html_count(o, c->records);
}

static void
write_changes(struct out *o, const struct serve_page *p)
{
	static const struct html_column columns[] = {
		{"Time", false}, {"Serial", true}, {"Announced", true}, {"Withdrawn", true}, {"Records", true},
	};
	const struct serve_change *c;

	html_section(o, "changes", "Last changes");
	html_table(o, "change-list", "The latest first", columns, ARRAY_LEN(columns));
	for (size_t i = 0; (c = serve_past_change(p->past, i)); i++)
		write_change(o, c, p->view->now);
	if (!serve_past_change(p->past, 0))
		ADD(o, "\n<tr><td colspan=\"5\">None since the start.");
	html_table_end(o);
	html_section_end(o);
}

/* The raw name of a token. */
static void
write_anchor_name(struct out *o, const char *token)
{
	struct buf raw = BUF_INIT;

	if (percent_decode(&raw, token, strlen(token)) < 0) {
		o->error = ENOMEM;
		return;
	}
	ADD(o, "<bdi>");
	html_text(o, raw.data, raw.len);
	ADD(o, "</bdi>");
	buf_release(&raw);
}

static void
write_anchor(struct out *o, const struct anchor_tally *t, const char *name)
{
	html_row(o);
	html_head_cell(o);
	if (name)
		ADD(o, "All");
	else if (strcmp(t->name, "-") == 0)
		ADD(o, "unknown");
	else
		write_anchor_name(o, t->name);
	html_cell(o, true);
	html_count(o, t->ipv4);
	html_cell(o, true);
	html_count(o, t->ipv6);
	html_cell(o, true);
	html_count(o, t->keys);
	html_cell(o, true);
	html_count(o, t->aspas);
}

static void
write_anchors(struct out *o, const struct serve_page *p)
{
	static const struct html_column columns[] = {
		{"Trust anchor", false}, {"IPv4 VRPs", true}, {"IPv6 VRPs", true}, {"Router keys", true}, {"ASPAs", true},
	};

	html_section(o, "anchors", "Trust anchors");
	html_table(o, "anchor-list", "Records of the table by trust anchor", columns, ARRAY_LEN(columns));
	for (size_t i = 0; i < p->anchor_count && i < SERVE_PAGE_ANCHORS; i++)
		write_anchor(o, &p->anchors[i], NULL);
	if (p->anchor_count > SERVE_PAGE_ANCHORS)
		out_addf(o, "\n<tr><td colspan=\"5\">and %zu more", p->anchor_count - SERVE_PAGE_ANCHORS);
	if (p->total) {
		html_table_foot(o);
		write_anchor(o, p->total, "All");
	} else {
		ADD(o, "\n<tr><td colspan=\"5\">There is no table yet.");
	}
	html_table_end(o);
	html_section_end(o);
}

/* ---- The page */

static void
write_foot(struct out *o, int64_t now)
{
	html_foot(o, now);
	ADD(o, "<nav aria-label=\"For programs\"><ul>\n"
	       "<li><a href=\"metrics\">metrics</a>\n<li><a href=\"status\">status</a>\n<li><a href=\"clients\">clients</a>\n"
	       "<li><a href=\"json\">table as JSON</a>\n<li><a href=\"csv\">as CSV</a>\n</ul></nav>\n"
	       "<p>vrptools " VRPTOOLS_VERSION "</p>\n");
	html_end(o);
}

void
serve_page_write(struct out *o, const struct serve_page *p)
{
	struct verdict verdict = verdict_of(p->view);

	html_begin(o, "rtr-serve", verdict.mood, verdict.words);
	write_served(o, p);
	write_trouble(o, p->view);
	html_state_end(o);
	write_facts(o, p);
	html_section(o, "day", "The last 24 hours");
	chart_write(o, "records", "Records that were served", &p->past->records, p->view->now);
	html_section_end(o);
	serve_page_write_route(o, p);
	write_routers(o, p->view);
	write_changes(o, p);
	write_anchors(o, p);
	write_foot(o, p->view->now);
}
