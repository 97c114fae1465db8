/* SPDX-License-Identifier: ISC */
/* The box that validates a route, as a form that needs no script, and what it says of the route that was asked for. */
#include <inttypes.h>

#include "html.h"
#include "num.h"
#include "serve_page.h"
#include "validity.h"

#define ADD(o, literal) out_add((o), (literal), sizeof(literal) - 1)

/* What was asked for. */
struct question {
	struct prefix prefix;
	uint32_t asn;
	bool has_asn;		/* else for all that covers the prefix */
	char text[PREFIX_TEXT_MAX + 1];
};

struct span {
	const char *s;
	size_t len;
};

/* Without the blanks around it, which come with what is pasted. */
static struct span
trimmed(const char *s)
{
	struct span t;

	s = s ? s : "";
	s += strspn(s, " \t");
	t = (struct span){s, strlen(s)};
	while (t.len > 0 && (s[t.len - 1] == ' ' || s[t.len - 1] == '\t'))
		t.len--;
	return t;
}

/* An address alone is a route to that address.  NULL, or what is wrong with it. */
static const char *
parse_prefix(struct span t, struct prefix *out)
{
	char text[PREFIX_TEXT_MAX + 1];
	const char *reason = NULL;

	if (t.len + 4 <= sizeof(text) && !memchr(t.s, '/', t.len)) {
		snprintf(text, sizeof(text), "%.*s%s", (int)t.len, t.s, memchr(t.s, ':', t.len) ? "/128" : "/32");
		t = (struct span){text, strlen(text)};
	}
	if (!prefix_parse(t.s, t.len, out, &reason))
		return reason;
	prefix_clear_host_bits(out);
	return NULL;
}

static const char *
parse_question(const struct serve_page *p, struct question *q)
{
	struct span asn = trimmed(p->asn);
	const char *reason = parse_prefix(trimmed(p->prefix), &q->prefix);

	if (reason)
		return reason;
	*prefix_format(q->text, &q->prefix) = '\0';
	q->has_asn = asn.len > 0;
	if (q->has_asn && !num_asn(asn.s, asn.len, &q->asn))
		return "bad AS number";
	return NULL;
}

/* ---- The answer */

static void
write_verdict(struct out *o, const struct question *q, enum rov_state state)
{
	const char *class = state == ROV_VALID ? "well" : rov_invalid(state) ? "bad" : "care";
	const char *name = state == ROV_VALID ? "Valid" : rov_invalid(state) ? "Invalid" : "Not found";

	out_addf(o, "<p><span class=\"word %s\">%s</span>: %s AS%" PRIu32 ", %s.</p>\n", class, name, q->text, q->asn,
		 validity_in_words(state));
}

static void
write_vrp(struct out *o, const struct vrp *vrp, const struct question *q)
{
	char text[PREFIX_TEXT_MAX + 1];

	*prefix_format(text, &vrp->prefix) = '\0';
	html_row(o);
	html_head_cell(o);
	out_addf(o, "%s", text);
	html_cell(o, true);
	out_addf(o, "%u", vrp->maxlen);
	html_cell(o, false);
	out_addf(o, "AS%" PRIu32, vrp->asn);
	html_cell(o, false);
	if (q->has_asn)
		out_addf(o, "%s", validity_match_in_words(rov_match(vrp, q->prefix.len, q->asn)));
	else
		out_addf(o, "%s", vrp->maxlen < q->prefix.len ? "too long" : "covers");
}

/* The nearest first, for they are what one looks for. */
static void
write_vrps(struct out *o, const struct rov *rov, const struct question *q, uint32_t nearest)
{
	static const struct html_column columns[] = {{"Prefix", false}, {"Up to", true}, {"AS", false}, {"Route", false}};
	const struct vrp *vrps[SERVE_PAGE_VRPS];
	size_t all = nearest == ROV_END ? 0 : rov_covering(rov, nearest, vrps, ARRAY_LEN(vrps));
	size_t count = all < ARRAY_LEN(vrps) ? all : ARRAY_LEN(vrps);

	if (all == 0)
		return;
	html_table(o, "vrps", all == 1 ? "The VRP that covers it" : "The VRPs that cover it", columns, ARRAY_LEN(columns));
	for (size_t i = count; i-- > 0;)
		write_vrp(o, vrps[i], q);
	if (all > count)
		out_addf(o, "\n<tr><td colspan=\"4\">and %zu wider ones", all - count);
	html_table_end(o);
}

static void
write_answer(struct out *o, const struct serve_page *p)
{
	struct question q;
	struct rov_answer answer;
	const char *wrong = parse_question(p, &q);

	if (wrong) {
		out_addf(o, "<p><span class=\"word care\">No route</span>: %s.</p>\n", wrong);
		return;
	}
	if (!p->rov) {
		ADD(o, "<p>There is no table to ask yet.</p>\n");
		return;
	}
	answer = rov_ask(p->rov, &q.prefix, q.has_asn ? q.asn : ROV_NONE);
	if (q.has_asn)
		write_verdict(o, &q, (enum rov_state)answer.state);
	else if (answer.nearest == ROV_END)
		out_addf(o, "<p>No VRP covers %s.</p>\n", q.text);
	write_vrps(o, p->rov, &q, answer.nearest);
}

/* ---- The form */

static void
write_input(struct out *o, const char *id, const char *label, const char *hint, const char *value, bool required)
{
	out_addf(o,
		 "<label for=\"%s\">%s\n<input id=\"%s\" name=\"%s\" placeholder=\"%s\" maxlength=\"60\" autocomplete=\"off\" "
		 "autocapitalize=\"off\" spellcheck=\"false\"%s value=\"",
		 id, label, id, id, hint, required ? " required" : "");
	if (value)
		html_text(o, value, strlen(value));
	ADD(o, "\"></label>\n");
}

void
serve_page_write_route(struct out *o, const struct serve_page *p)
{
	html_section(o, "route", "Validate a route");
	ADD(o, "<form method=\"get\">\n");
	write_input(o, "prefix", "Prefix", "192.0.2.0/24", p->prefix, true);
	write_input(o, "asn", "Origin AS", "AS64496", p->asn, false);
	ADD(o, "<button>Validate</button>\n</form>\n<div id=\"answer\" role=\"status\" data-live>\n");
	if (p->prefix && trimmed(p->prefix).len > 0)
		write_answer(o, p);
	else
		ADD(o, "<p class=\"note\">Without an AS, all VRPs that cover the prefix are listed.</p>\n");
	ADD(o, "</div>\n");
	html_section_end(o);
}
