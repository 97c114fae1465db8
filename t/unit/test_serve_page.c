/* SPDX-License-Identifier: ISC */
#include "sets.h"

#include "serve_page.h"

#define NOW INT64_C(1795582800)

/* A page and all that it borrows. */
struct fixture {
	struct names *names;
	struct serve_view view;
	struct serve_past past;
	struct anchor_tally total;
	struct serve_page page;
};

static void
fixture_init(struct fixture *f, const char *lines, size_t clients)
{
	*f = (struct fixture){.names = names_new()};
	f->view = (struct serve_view){.now = NOW, .data_time = STAMP_UNKNOWN, .input = INTAKE_STATUS_INIT};
	f->view.report = rtr_report_new(0, clients);
	assert_non_null(f->view.report);
	f->view.report->client_count = clients;
	for (size_t i = 0; i < clients; i++) {
		struct rtr_report_client *c = &f->view.report->clients[i];

		snprintf(c->peer, sizeof(c->peer), "192.0.2.1:%zu", 10000 + i);
		c->state = RTR_CLIENT_IDLE;
		c->serial = 5;
		c->since = NOW - 60;
		c->last_query = NOW - 5;
	}
	serve_past_init(&f->past);
	f->page = (struct serve_page){.view = &f->view, .past = &f->past};
	if (!lines)
		return;
	f->view.snapshot = rtr_snapshot_new(0);
	assert_non_null(f->view.snapshot);
	f->view.snapshot->set = set_of(f->names, lines);
	f->view.snapshot->serial = f->view.report->serial = 5;
	f->view.snapshot->committed = NOW - 30;
	f->view.input.state = INTAKE_OK;
	f->view.input.has_table = f->view.healthy = true;
	f->page.anchors = anchor_tally_new(f->view.snapshot->set, &f->page.anchor_count, &f->total);
	f->page.total = &f->total;
	f->page.rov = rov_new(f->view.snapshot->set, NULL);
	serve_past_note(&f->past, &f->view);
}

static void
fixture_release(struct fixture *f)
{
	free((void *)f->page.anchors);
	rov_free((struct rov *)f->page.rov);
	serve_view_release(&f->view);
	names_unref(f->names);
}

static char *
written(const struct serve_page *page)
{
	struct out o = memory_out();

	serve_page_write(&o, page);
	return memory_done(&o, NULL);
}

static void
assert_has(const char *text, const char *what)
{
	assert_case(strstr(text, what), "no '%s' in\n%s", what, text);
}

static size_t
times(const char *text, const char *what)
{
	size_t n = 0;

	for (text = strstr(text, what); text; text = strstr(text + 1, what))
		n++;
	return n;
}

static void
test_states(void **state)
{
	static const struct {
		bool table, healthy, aged;
		enum intake_state input;
		const char *class, *words;
	} cases[] = {
		{true, true, false, INTAKE_OK, "well", "All is well"},
		{true, true, false, INTAKE_WAITING, "care", "Serving a saved table, no input yet"},
		{true, true, false, INTAKE_FAILING, "care", "Serving, but the input fails"},
		{true, true, false, INTAKE_HELD, "care", "Serving, but a new table is held back"},
		{true, true, false, INTAKE_STALE, "care", "Serving, but what came last was too old"},
		{true, true, false, INTAKE_ENDED, "care", "Serving, but the input has ended"},
		{true, false, true, INTAKE_STALE, "bad", "Stale: the table is withdrawn"},
		{true, false, true, INTAKE_FAILING, "bad", "Stale: the table is withdrawn"},
		{true, false, false, INTAKE_OK, "bad", "Not well"},
		{false, false, false, INTAKE_WAITING, "care", "No data yet"},
		{false, false, false, INTAKE_FAILING, "bad", "No data, and the input fails"},
		{false, false, false, INTAKE_STALE, "bad", "No data, and what came was too old"},
		{false, false, false, INTAKE_ENDED, "bad", "No data, and the input has ended"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct fixture f;
		char want[128], *got;

		fixture_init(&f, cases[i].table ? "10.0.0.0/8 8 1\n" : NULL, 0);
		f.view.healthy = cases[i].healthy;
		f.view.input.aged = cases[i].aged;
		f.view.input.has_table = cases[i].table;
		f.view.input.state = cases[i].input;
		snprintf(f.view.reason, sizeof(f.view.reason), "because & so");
		got = written(&f.page);
		snprintf(want, sizeof(want), "class=\"state %s\"", cases[i].class);
		assert_has(got, want);
		snprintf(want, sizeof(want), "</span> %s</h2>", cases[i].words);
		assert_has(got, want);
		assert_int_equal(times(got, "Reason: because &amp; so."), cases[i].table && !cases[i].healthy);
		free(got);
		fixture_release(&f);
	}
}

static void
test_error(void **state)
{
	struct fixture f;
	char *got;

	(void)state;
	fixture_init(&f, "10.0.0.0/8 8 1\n", 0);
	f.view.input.state = INTAKE_FAILING;
	f.view.input.error_time = NOW - 180;
	f.view.input.error = (struct vrp_err){.line = 7, .msg = "bad '<x>'"};
	got = written(&f.page);
	assert_has(got, "3 min ago</time>: <bdi>line 7: bad &#39;&lt;x&gt;&#39;</bdi>");
	free(got);
	/* What was wrong before the last good block is no matter any more. */
	f.view.input.state = INTAKE_OK;
	got = written(&f.page);
	assert_null(strstr(got, "Last error"));
	free(got);
	fixture_release(&f);
}

static void
test_nothing(void **state)
{
	struct fixture f;
	char *got;

	(void)state;
	fixture_init(&f, NULL, 0);
	rtr_report_unref(f.view.report);
	f.view.report = NULL;
	f.page.prefix = "10.0.0.0/8";
	f.page.asn = "1";
	got = written(&f.page);
	assert_has(got, "No router is connected.");
	assert_has(got, "There is no table yet.");
	assert_has(got, "There is no table to ask yet.");
	assert_has(got, "None since the start.");
	free(got);
	fixture_release(&f);
}

static void
test_numbers(void **state)
{
	struct fixture f;
	char *got;

	(void)state;
	fixture_init(&f, "10.0.0.0/8 8 1 ripe\n11.0.0.0/8 8 1 apnic\n2001:db8::/32 32 1 ripe\naspa 5 6 ripe\n", 3);
	f.view.data_time = NOW - 3700;
	f.view.report->clients[1].serial = 3;
	got = written(&f.page);
	assert_has(got, "<p>4 records, serial 5, to 3 routers; 1 of them behind.</p>");
	assert_has(got, "<dt>VRPs<dd>3<dd class=\"note\">2 IPv4, 1 IPv6</div>");
	assert_has(got, "<dt>ASPAs<dd>1<dd class=\"note\">0 router keys</div>");
	assert_has(got, "<dt>Age of the data<dd>1 h 1 min");
	assert_has(got, "<th scope=\"row\"><bdi>ripe</bdi><td class=\"number\">1<td class=\"number\">1<td class=\"number\">0<td class=\"number\">1\n");
	assert_has(got, "<th scope=\"row\">All<td class=\"number\">2<td class=\"number\">1<td class=\"number\">0<td class=\"number\">1\n");
	assert_has(got, "5<td class=\"number\"><td class=\"number\"><td class=\"number\">4\n");
	free(got);
	fixture_release(&f);
}

/* The position of a router's row. */
static size_t
place(const char *text, size_t client)
{
	char want[64];
	const char *at;

	snprintf(want, sizeof(want), "<bdi>192.0.2.1:%zu</bdi>", 10000 + client);
	at = strstr(text, want);
	return at ? (size_t)(at - text) : SIZE_MAX;
}

static void
test_many_routers(void **state)
{
	struct fixture f;
	char *got;

	(void)state;
	fixture_init(&f, "10.0.0.0/8 8 1\n", 1000);
	f.view.report->clients[500].serial = 4;
	f.view.report->clients[800].serial = 2;
	f.view.report->clients[900].state = RTR_CLIENT_STALLED;
	f.view.report->clients[950].serial = 0;
	got = written(&f.page);
	assert_true(place(got, 900) < place(got, 800));
	assert_true(place(got, 800) < place(got, 500));
	assert_true(place(got, 500) < place(got, 950));
	assert_true(place(got, 950) < place(got, 0));
	assert_true(place(got, 0) < place(got, 1));
	assert_int_equal(times(got, "<bdi>192.0.2.1:"), SERVE_PAGE_CLIENTS);
	assert_has(got, ">and 800 more");
	assert_has(got, "takes no data");
	assert_has(got, ">3 behind<");
	assert_has(got, ">1 behind<");
	assert_true(strlen(got) < 200000);
	free(got);
	fixture_release(&f);
}

static void
test_hostile_names(void **state)
{
	struct fixture f;
	struct rtr_report_client *c;
	char *got;

	(void)state;
	fixture_init(&f, "10.0.0.0/8 8 1 %3Cscript%3Ealert(1)%3C/script%3E\n11.0.0.0/8 8 1 a%E2%80%AEb\n12.0.0.0/8 8 1 <b>\"'&\n"
			 "13.0.0.0/8 8 1 %FF\n14.0.0.0/8 8 1 Z%C3%BCrich\n", 1);
	c = &f.view.report->clients[0];
	snprintf(c->identity, sizeof(c->identity), "CN=\"><img src=x onerror=alert(1)>");
	snprintf(c->name, sizeof(c->name), "</table><h1>");
	f.page.prefix = "\"><script>alert(2)</script>";
	f.page.asn = "'\" onfocus=alert(3) autofocus x=\"";
	f.view.input.state = INTAKE_FAILING;
	f.view.input.error_time = NOW;
	snprintf(f.view.input.error.msg, sizeof(f.view.input.error.msg), "<iframe src=//x>");
	got = written(&f.page);
	assert_int_equal(times(got, "<script>"), 1);
	assert_null(strstr(got, "<img"));
	assert_null(strstr(got, "<iframe"));
	assert_null(strstr(got, "\xe2\x80\xae"));
	assert_int_equal(times(got, "<h1>"), 1);
	assert_has(got, "<bdi>&lt;script&gt;alert(1)&lt;/script&gt;</bdi>");
	assert_has(got, "<bdi>a\xef\xbf\xbd" "b</bdi>");
	assert_has(got, "<bdi>&lt;b&gt;&quot;&#39;&amp;</bdi>");
	assert_has(got, "<bdi>Z\xc3\xbcrich</bdi>");
	assert_has(got, "value=\"&quot;&gt;&lt;script&gt;alert(2)");
	assert_has(got, "value=\"&#39;&quot; onfocus=alert(3) autofocus x=&quot;\"");
	free(got);
	fixture_release(&f);
}

static void
test_route(void **state)
{
	static const struct {
		const char *prefix, *asn, *want;
	} cases[] = {
		{NULL, NULL, "Without an AS"},
		{"", "1", "Without an AS"},
		{"  ", "1", "Without an AS"},
		{"10.0.0.0/8", "AS1", "<span class=\"word well\">Valid</span>: 10.0.0.0/8 AS1, a VRP matches it."},
		{" 10.1.2.3/16\t", " as1 ", "<span class=\"word well\">Valid</span>: 10.1.0.0/16 AS1, a VRP matches it."},
		{"10.0.0.0/24", "1", "<span class=\"word bad\">Invalid</span>: 10.0.0.0/24 AS1, it is longer than"},
		{"10.0.0.0/8", "2", "<span class=\"word bad\">Invalid</span>: 10.0.0.0/8 AS2, no VRP that covers it"},
		{"11.0.0.0/8", "2", "<span class=\"word care\">Not found</span>: 11.0.0.0/8 AS2, no VRP covers it."},
		{"10.9.9.9", "1", "10.9.9.9/32 AS1, it is longer"},
		{"2001:db8::1", "", "<caption id=\"vrps-caption\">The VRP that covers it<"},
		{"11.0.0.0/8", "", "<p>No VRP covers 11.0.0.0/8.</p>"},
		{"10.0.0.0/8", "", ">covers\n"},
		{"10.0.0.0/20", "", ">too long\n"},
		{"10.0.0.0/33", "1", "<span class=\"word care\">No route</span>: bad prefix length."},
		{"x", "1", "<span class=\"word care\">No route</span>: bad "},
		{"10.0.0.0/8", "AS", "<span class=\"word care\">No route</span>: bad AS number."},
		{"10.0.0.0/8", "4294967296", "<span class=\"word care\">No route</span>: bad AS number."},
		{"10.0.0.0/8 10.0.0.0/8 10.0.0.0/8 10.0.0.0/8 10.0.0.0/8 10.0.0.0/8 10.0.0.0/8", "1", "No route</span>: bad "},
	};
	struct fixture f;

	(void)state;
	fixture_init(&f, "10.0.0.0/8 16 1\n2001:db8::/32 48 0\n", 0);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char *got;

		f.page.prefix = cases[i].prefix;
		f.page.asn = cases[i].asn;
		got = written(&f.page);
		assert_has(got, cases[i].want);
		free(got);
	}
	fixture_release(&f);
}

/* Of very many VRPs that cover a route those are shown that are nearest to it. */
static void
test_route_many(void **state)
{
	char lines[64 * 40], *end = lines, *got;
	struct fixture f;

	(void)state;
	for (unsigned as = 1; as <= 64; as++)
		end += snprintf(end, 40, "10.0.0.0/8 %u %u\n", as == 64 ? 9U : 8U, as);
	fixture_init(&f, lines, 0);
	f.page.prefix = "10.0.0.0/8";
	got = written(&f.page);
	assert_has(got, ">and 14 wider ones");
	assert_int_equal(times(got, ">10.0.0.0/8<"), SERVE_PAGE_VRPS);
	free(got);
	fixture_release(&f);
}

static void
test_many_anchors(void **state)
{
	char lines[100 * 40], *end = lines, *got;
	struct fixture f;

	(void)state;
	for (unsigned i = 0; i < 100; i++)
		end += snprintf(end, 40, "10.0.%u.0/24 24 1 ta%u\n", i, i);
	fixture_init(&f, lines, 0);
	got = written(&f.page);
	assert_int_equal(times(got, "<bdi>ta"), SERVE_PAGE_ANCHORS);
	assert_has(got, ">and 40 more");
	free(got);
	fixture_release(&f);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_error),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_many_routers),
		cmocka_unit_test(test_hostile_names),
		cmocka_unit_test(test_route),
		cmocka_unit_test(test_route_many),
		cmocka_unit_test(test_many_anchors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
