/* SPDX-License-Identifier: ISC */
#include "route.h"

#include "num.h"

/* What is left of a line. */
struct cursor {
	const char *start;
	const char *pos;
	const char *end;
	struct vrp_err *err;
};

/* A piece of a line; empty at its end. */
struct word {
	const char *s;
	size_t len;
};

void
route_scratch_release(struct route_scratch *scratch)
{
	buf_release(&scratch->path);
}

static bool
blank(char c)
{
	return c == ' ' || c == '\t';
}

static int
fail_at(const struct cursor *c, const char *where, const char *what)
{
	if (c->err)
		c->err->column = (size_t)(where - c->start) + 1;
	return vrp_err_set(c->err, "%s", what);
}

static struct word
next_word(struct cursor *c)
{
	struct word w;

	while (c->pos < c->end && blank(*c->pos))
		c->pos++;
	w.s = c->pos;
	while (c->pos < c->end && !blank(*c->pos))
		c->pos++;
	w.len = (size_t)(c->pos - w.s);
	if (w.len && *w.s == '#') {
		c->pos = c->end;
		w.len = 0;
	}
	return w;
}

static bool
word_is(struct word w, const char *text)
{
	return w.len == strlen(text) && memcmp(w.s, text, w.len) == 0;
}

/* ---- the path */

static int
add_as(struct route_scratch *scratch, uint32_t asn)
{
	return buf_add(&scratch->path, &asn, sizeof(asn));
}

/*
 * What stands between brackets: ASes apart by commas or blanks.  They are
 * checked and passed over.  c->pos is behind the opening bracket.
 */
static int
skip_group(struct cursor *c, char close)
{
	const char *open = c->pos - 1;
	uint32_t asn;

	for (;;) {
		const char *s;

		while (c->pos < c->end && (blank(*c->pos) || *c->pos == ','))
			c->pos++;
		if (c->pos == c->end)
			return fail_at(c, open, "a group of ASes without its end");
		if (*c->pos == close) {
			c->pos++;
			return 0;
		}
		for (s = c->pos; c->pos < c->end && !blank(*c->pos) && *c->pos != ',' && *c->pos != close;)
			c->pos++;
		if (!num_asn(s, (size_t)(c->pos - s), &asn))
			return fail_at(c, s, "bad AS number");
	}
}

/* An AS_SET, or a sequence or set of confederates. */
static int
parse_group(struct cursor *c, struct route *r)
{
	char open = *c->pos++;

	r->origin = 0;
	if (open == '{') {
		r->kind = ROUTE_ORIGIN_NONE;
		r->has_set = true;
	} else {
		r->kind = ROUTE_ORIGIN_OWN;
	}
	return skip_group(c, open == '{' ? '}' : open == '(' ? ')' : ']');
}

static int
parse_as(struct cursor *c, struct route_scratch *scratch, struct route *r)
{
	const char *s = c->pos;

	while (c->pos < c->end && !blank(*c->pos) && !strchr("{([", *c->pos))
		c->pos++;
	if (!num_asn(s, (size_t)(c->pos - s), &r->origin))
		return fail_at(c, s, "bad AS number");
	r->kind = ROUTE_ORIGIN_AS;
	return add_as(scratch, r->origin) < 0 ? vrp_err_nomem(c->err) : 0;
}

/* From c->pos to the end; nothing at all is the path of a route of one's own. */
static int
parse_path(struct cursor *c, struct route_scratch *scratch, struct route *r)
{
	int rc = 0;

	r->kind = ROUTE_ORIGIN_OWN;
	while (rc == 0) {
		while (c->pos < c->end && blank(*c->pos))
			c->pos++;
		if (c->pos == c->end || *c->pos == '#')
			break;
		if (memchr("{([", *c->pos, 3))
			rc = parse_group(c, r);
		else
			rc = parse_as(c, scratch, r);
	}
	r->path = (const uint32_t *)(const void *)scratch->path.data;
	r->path_len = scratch->path.len / sizeof(uint32_t);
	return rc;
}

/* ---- the forms of a line */

static int
parse_prefix(struct cursor *c, struct word w, struct prefix *out)
{
	const char *reason;

	if (!prefix_parse(w.s, w.len, out, &reason))
		return fail_at(c, w.s, reason);
	if (prefix_has_host_bits(out))
		return fail_at(c, w.s, "prefix with host bits set");
	return 0;
}

/* The fields of bgpdump -m and -M up to the path. */
enum {
	FIELD_TYPE,
	FIELD_TIME,
	FIELD_KIND,
	FIELD_PEER,
	FIELD_PEER_AS,
	FIELD_PREFIX,
	FIELD_PATH,
	FIELDS,
};

static size_t
split_fields(const struct cursor *c, struct word *fields)
{
	const char *s = c->start;
	size_t n = 0;

	for (;;) {
		const char *bar = memchr(s, '|', (size_t)(c->end - s));

		fields[n].s = s;
		fields[n++].len = (size_t)((bar ? bar : c->end) - s);
		if (!bar || n == FIELDS)
			return n;
		s = bar + 1;
	}
}

static bool
has_route(struct word kind)
{
	return word_is(kind, "B") || word_is(kind, "A");
}

static int
parse_bgpdump(struct cursor *c, struct route_scratch *scratch, struct route *r)
{
	struct word f[FIELDS];
	size_t n = split_fields(c, f);

	if (!word_is(f[FIELD_TYPE], "TABLE_DUMP2") && !word_is(f[FIELD_TYPE], "TABLE_DUMP") &&
	    !word_is(f[FIELD_TYPE], "BGP4MP") && !word_is(f[FIELD_TYPE], "BGP4MP_ET"))
		return fail_at(c, c->start, "not a line of bgpdump -m");
	if (n > FIELD_KIND && (word_is(f[FIELD_KIND], "W") || word_is(f[FIELD_KIND], "STATE")))
		return 0;
	if (n < FIELDS)
		return fail_at(c, c->end, "line of bgpdump cut short");
	if (!has_route(f[FIELD_KIND]))
		return fail_at(c, f[FIELD_KIND].s, "neither a route nor a withdrawal");
	if (!num_asn(f[FIELD_PEER_AS].s, f[FIELD_PEER_AS].len, &r->neighbour))
		return fail_at(c, f[FIELD_PEER_AS].s, "bad AS number");
	r->has_neighbour = true;
	if (parse_prefix(c, f[FIELD_PREFIX], &r->prefix) < 0)
		return -1;
	c->pos = f[FIELD_PATH].s;
	c->end = c->pos + f[FIELD_PATH].len;
	return parse_path(c, scratch, r) < 0 ? -1 : 1;
}

/* `ADDRESS LENGTH AS`, the address being first. */
static int
parse_three(struct cursor *c, struct word first, struct route_scratch *scratch, struct route *r)
{
	struct word len = next_word(c), as = next_word(c), more = next_word(c);
	char text[PREFIX_TEXT_MAX + 16];
	const char *reason;
	int n;

	if (first.len + len.len + 2 > sizeof(text))
		return fail_at(c, first.s, "bad address");
	n = snprintf(text, sizeof(text), "%.*s/%.*s", (int)first.len, first.s, (int)len.len, len.s);
	if (!prefix_parse(text, (size_t)n, &r->prefix, &reason))
		return fail_at(c, strstr(reason, "length") ? len.s : first.s, reason);
	if (!num_asn(as.s, as.len, &r->origin))
		return fail_at(c, as.s, "bad AS number");
	if (more.len)
		return fail_at(c, more.s, "more than an address, a length and an AS");
	if (add_as(scratch, r->origin) < 0)
		return vrp_err_nomem(c->err);
	r->path = (const uint32_t *)(const void *)scratch->path.data;
	r->path_len = 1;
	return 1;
}

static int
parse_any(struct cursor *c, struct route_scratch *scratch, struct route *r)
{
	struct word first = next_word(c), arrow;
	struct cursor ahead;

	if (!first.len || *first.s == ';')
		return 0;
	if (memchr(c->start, '|', (size_t)(c->end - c->start)))
		return parse_bgpdump(c, scratch, r);
	if (!memchr(first.s, '/', first.len))
		return parse_three(c, first, scratch, r);
	if (parse_prefix(c, first, &r->prefix) < 0)
		return -1;
	ahead = *c;
	arrow = next_word(&ahead);
	if (word_is(arrow, "=>"))
		*c = ahead;
	ahead = *c;
	if (!next_word(&ahead).len)
		return fail_at(c, ahead.pos < c->end ? ahead.pos : c->end, "prefix without an AS");
	return parse_path(c, scratch, r) < 0 ? -1 : 1;
}

/* `PREFIX AS` as most lists have it; false leaves the rest to those who know the errors. */
static bool
parse_common(const char *s, const char *end, struct route_scratch *scratch, struct route *r)
{
	const char *stop = prefix_scan(s, end, &r->prefix);

	if (!stop || stop == end || !blank(*stop))
		return false;
	stop++;
	if (end - stop > 2 && stop[0] == 'A' && stop[1] == 'S')
		stop += 2;
	if (num_scan_u32(stop, end, &r->origin) != end || prefix_has_host_bits(&r->prefix))
		return false;
	if (add_as(scratch, r->origin) < 0)
		return false;
	r->path = (const uint32_t *)(const void *)scratch->path.data;
	r->path_len = 1;
	return true;
}

int
route_parse(const char *s, size_t len, struct route_scratch *scratch, struct route *out, struct vrp_err *err)
{
	struct cursor c = {.start = s, .pos = s, .end = s + len, .err = err};

	if (len && s[len - 1] == '\r')
		c.end--;
	*out = (struct route){.kind = ROUTE_ORIGIN_AS};
	buf_reset(&scratch->path);
	if (len > ROUTE_LINE_MAX)
		return fail_at(&c, s, "line longer than 1 MiB");
	if (parse_common(s, c.end, scratch, out))
		return 1;
	*out = (struct route){.kind = ROUTE_ORIGIN_AS};
	buf_reset(&scratch->path);
	return parse_any(&c, scratch, out);
}
