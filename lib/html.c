/* SPDX-License-Identifier: ISC */
#include "html.h"

#include <inttypes.h>

#include "enc.h"
#include "look.h"
#include "sig_key.h"
#include "stamp.h"
#include "utf8.h"

#define ADD(o, literal) out_add((o), (literal), sizeof(literal) - 1)

static void
add(struct out *o, const char *s)
{
	out_add(o, s, strlen(s));
}

/* ---- Text */

#define REPLACEMENT "\xef\xbf\xbd"

static const char *
entity(unsigned char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	case '\t':
	case '\n':
	case '\r':
		return " ";
	default:
		return c < 0x20 || c == 0x7f ? REPLACEMENT : NULL;
	}
}

/* Characters that are not seen themselves: U+061C, U+200B to U+200F, U+2028 to U+202E, U+2060 to U+206F, U+FEFF. */
static bool
unseen(const unsigned char *s, size_t n)
{
	if (n == 2)
		return s[0] == 0xd8 && s[1] == 0x9c;
	if (n != 3)
		return false;
	if (s[0] == 0xe2 && s[1] == 0x80)
		return (s[2] >= 0x8b && s[2] <= 0x8f) || (s[2] >= 0xa8 && s[2] <= 0xae);
	if (s[0] == 0xe2 && s[1] == 0x81)
		return s[2] >= 0xa0 && s[2] <= 0xaf;
	return s[0] == 0xef && s[1] == 0xbb && s[2] == 0xbf;
}

/* What stands for the character of n bytes at s: NULL for itself. */
static const char *
instead(const unsigned char *s, size_t n)
{
	if (n == 1)
		return entity(*s);
	return n == 0 || utf8_is_control(s) || unseen(s, n) ? REPLACEMENT : NULL;
}

void
html_text(struct out *o, const char *text, size_t len)
{
	const unsigned char *s = (const unsigned char *)text, *end = s + len, *from = s;

	while (s < end) {
		size_t n = utf8_length(s, (size_t)(end - s));
		const char *other = instead(s, n);

		if (other) {
			out_add(o, from, (size_t)(s - from));
			add(o, other);
			from = s + (n ? n : 1);
		}
		s += n ? n : 1;
	}
	out_add(o, from, (size_t)(s - from));
}

void
html_name(struct out *o, const char *s)
{
	ADD(o, "<bdi>");
	html_text(o, s, strlen(s));
	ADD(o, "</bdi>");
}

/* ---- Values */

void
html_count(struct out *o, uint64_t n)
{
	if (n >= 1000) {
		html_count(o, n / 1000);
		out_addf(o, ",%03u", (unsigned)(n % 1000));
	} else {
		out_addf(o, "%u", (unsigned)n);
	}
}

void
html_size(struct out *o, uint64_t bytes)
{
	static const char *const units[] = {"kB", "MB", "GB", "TB", "PB", "EB"};
	double n = (double)bytes / 1000;
	size_t unit = 0;

	if (bytes < 1000) {
		out_addf(o, "%u B", (unsigned)bytes);
		return;
	}
	/* What would be rounded to 1000 is 1 of the next. */
	for (; n >= 999.5 && unit + 1 < ARRAY_LEN(units); n /= 1000)
		unit++;
	out_addf(o, n < 9.95 ? "%.1f %s" : "%.0f %s", n, units[unit]);
}

void
html_span(struct out *o, int64_t seconds)
{
	static const struct {
		int64_t seconds;
		const char *name;
	} units[] = {{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}};
	int64_t rest = seconds < 0 ? 0 : seconds;
	size_t i = 0;

	while (i + 1 < ARRAY_LEN(units) && rest < units[i].seconds)
		i++;
	out_addf(o, "%" PRId64 " %s", rest / units[i].seconds, units[i].name);
	rest %= units[i].seconds;
	if (i + 1 < ARRAY_LEN(units) && rest >= units[i + 1].seconds)
		out_addf(o, " %" PRId64 " %s", rest / units[i + 1].seconds, units[i + 1].name);
}

void
html_time(struct out *o, int64_t when, int64_t now)
{
	char text[STAMP_MAX], today[STAMP_MAX];

	stamp_format(when, text);
	stamp_format(now, today);
	out_addf(o, "<time datetime=\"%s\">", text);
	if (strncmp(text, today, 10) != 0)
		out_addf(o, "%.10s ", text);
	out_addf(o, "%.8s UTC</time>", text + 11);
}

void
html_ago(struct out *o, int64_t when, int64_t now)
{
	char text[STAMP_MAX];

	stamp_format(when, text);
	out_addf(o, "<time datetime=\"%s\" title=\"%s\">", text, text);
	if (when >= now) {
		ADD(o, "now");
	} else {
		html_span(o, now - when);
		ADD(o, " ago");
	}
	ADD(o, "</time>");
}

/* ---- The page */

static const struct {
	const char *class, *mark, *color;
} moods[] = {
	[HTML_WELL] = {"well", "&#10003;", "2a9d63"},
	[HTML_CARE] = {"care", "!", "d69a1e"},
	[HTML_BAD] = {"bad", "&#10005;", "d64545"},
};

void
html_begin(struct out *o, const char *tool, enum html_mood mood, const char *state)
{
	ADD(o, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	       "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	       "<meta name=\"color-scheme\" content=\"light dark\">\n"
	       "<meta name=\"referrer\" content=\"no-referrer\">\n<title>");
	html_text(o, state, strlen(state));
	out_addf(o, " \xc2\xb7 %s</title>\n", tool);
	out_addf(o,
		 "<link id=\"icon\" rel=\"icon\" href=\"data:image/svg+xml,"
		 "%%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%%3E"
		 "%%3Ccircle cx='8' cy='8' r='7' fill='%%23%s'/%%3E%%3C/svg%%3E\">\n<style>",
		 moods[mood].color);
	add(o, look_css);
	out_addf(o, "</style>\n</head>\n<body>\n<header>\n<h1>%s</h1>\n</header>\n<main>\n", tool);
	ADD(o, "<p id=\"lost\" role=\"alert\"></p>\n<p id=\"said\" role=\"status\" class=\"unseen\"></p>\n");
	out_addf(o,
		 "<section id=\"state\" class=\"state %s\" aria-labelledby=\"state-words\" data-live>\n"
		 "<h2 id=\"state-words\"><span class=\"mark\" aria-hidden=\"true\">%s</span> ",
		 moods[mood].class, moods[mood].mark);
	html_text(o, state, strlen(state));
	ADD(o, "</h2>\n");
}

void
html_state_end(struct out *o)
{
	ADD(o, "</section>\n");
}

void
html_foot(struct out *o, int64_t now)
{
	ADD(o, "</main>\n<footer>\n<p id=\"written\" data-live>As of ");
	html_time(o, now, now);
	ADD(o, "</p>\n");
}

void
html_end(struct out *o)
{
	ADD(o, "</footer>\n<script>");
	add(o, look_js);
	ADD(o, "</script>\n</body>\n</html>\n");
}

void
html_section(struct out *o, const char *id, const char *heading)
{
	out_addf(o, "<section id=\"%s\" aria-labelledby=\"%s-heading\">\n<h2 id=\"%s-heading\">%s</h2>\n", id, id, id, heading);
}

void
html_section_end(struct out *o)
{
	ADD(o, "</section>\n");
}

void
html_facts(struct out *o, const char *id, const char *label)
{
	out_addf(o, "<section aria-label=\"%s\">\n<dl id=\"%s\" class=\"facts\" data-live>\n", label, id);
}

void
html_fact(struct out *o, const char *term)
{
	out_addf(o, "<div><dt>%s<dd>", term);
}

void
html_fact_note(struct out *o)
{
	ADD(o, "<dd class=\"note\">");
}

void
html_fact_end(struct out *o)
{
	ADD(o, "</div>\n");
}

void
html_facts_end(struct out *o)
{
	ADD(o, "</dl>\n</section>\n");
}

void
html_table(struct out *o, const char *id, const char *caption, const struct html_column *columns, size_t n)
{
	/* What scrolls has to be reached by keyboard, and needs a name then. */
	out_addf(o,
		 "<div class=\"wide\" role=\"region\" aria-labelledby=\"%s-caption\" tabindex=\"0\">\n"
		 "<table id=\"%s\" data-live>\n<caption id=\"%s-caption\">%s</caption>\n<thead>\n<tr>",
		 id, id, id, caption);
	for (size_t i = 0; i < n; i++)
		out_addf(o, "<th scope=\"col\"%s>%s", columns[i].number ? " class=\"number\"" : "", columns[i].name);
	ADD(o, "\n<tbody>\n");
}

void
html_row(struct out *o)
{
	ADD(o, "\n<tr>");
}

void
html_head_cell(struct out *o)
{
	ADD(o, "<th scope=\"row\">");
}

void
html_cell(struct out *o, bool number)
{
	if (number)
		ADD(o, "<td class=\"number\">");
	else
		ADD(o, "<td>");
}

void
html_table_end(struct out *o)
{
	ADD(o, "\n</table>\n</div>\n");
}

/* ---- Content-Security-Policy */

static int
hash_of(const char *text, char out[BASE64_LEN(SIG_HASH_LEN) + 1])
{
	uint8_t hash[SIG_HASH_LEN];

	if (sig_hash(text, strlen(text), hash) < 0)
		return -1;
	*base64_encode(out, hash, sizeof(hash)) = '\0';
	return 0;
}

int
html_policy(char out[HTML_POLICY_MAX])
{
	char style[BASE64_LEN(SIG_HASH_LEN) + 1], script[BASE64_LEN(SIG_HASH_LEN) + 1];

	if (hash_of(look_css, style) < 0 || hash_of(look_js, script) < 0)
		return -1;
	snprintf(out, HTML_POLICY_MAX,
		 "default-src 'none'; style-src 'sha256-%s'; script-src 'sha256-%s'; img-src data:; connect-src 'self'; "
		 "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
		 style, script);
	return 0;
}
