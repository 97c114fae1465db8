/* SPDX-License-Identifier: ISC */
/*
 * The CSV dialects: rpki-client, Routinator (csv, csvcompat, csvext), FORT and
 * rtrclient.  The header's names say what each column holds; without a header
 * there is only rtrclient's form, `1.0.0.0, 24, 24, 13335`.
 *
 * CSV has no end mark.  A last line without its newline is taken for what it
 * most likely is, a file cut short.  One cut between two lines can't be told.
 */
#include <stdio.h>
#include <strings.h>

#include "feed_internal.h"
#include "num.h"
#include "stamp.h"

#define WINDOW ((size_t)256 * 1024)
#define LINE_LIMIT ((size_t)16 * 1024)	/* a field is a few dozen bytes, the URI of a ROA a few hundred */
#define FIELDS_MAX 32

enum column {
	COLUMN_OTHER,
	COLUMN_ASN,
	COLUMN_PREFIX,		/* with a length, unless there is a column for that */
	COLUMN_LENGTH,
	COLUMN_MAXLEN,
	COLUMN_TA,
	COLUMN_EXPIRES,
	COLUMN_COUNT,
};

static const struct {
	const char *name;
	enum column column;
} names[] = {
	{"asn", COLUMN_ASN},
	{"ip prefix", COLUMN_PREFIX},
	{"prefix", COLUMN_PREFIX},
	{"minlen", COLUMN_LENGTH},
	{"max length", COLUMN_MAXLEN},
	{"max prefix length", COLUMN_MAXLEN},
	{"maxlen", COLUMN_MAXLEN},
	{"maxlength", COLUMN_MAXLEN},
	{"trust anchor", COLUMN_TA},
	{"expires", COLUMN_EXPIRES},
	{"not after", COLUMN_EXPIRES},
};

struct field {
	const char *s;
	size_t len;
};

struct feed_csv {
	struct feed *f;
	size_t line;		/* number of the current line */
	const char *start;	/* and where it begins */
	struct field fields[FIELDS_MAX];
	size_t count;
	size_t columns;		/* of the header; 0 before it */
	size_t at[COLUMN_COUNT];	/* index of a column's field, FIELDS_MAX when there is none */
	struct vrp_err bad;
};

static int
spoil(struct feed_csv *c, const struct field *field, const char *what, const char *why)
{
	return vrp_err_at(&c->bad, c->line, (size_t)(field->s - c->start) + 1, "bad %s %s%s%s", what,
			  feed_quote(field->s, field->len).text, why ? ": " : "", why ? why : "");
}

/* One field without its quotes and the blanks around it.  Returns the comma behind it, or end. */
static char *
split_field(char *s, char *end, struct field *field, bool *ok)
{
	char *dst, *comma;

	while (s < end && (*s == ' ' || *s == '\t'))
		s++;
	if (s == end || *s != '"') {
		comma = memchr(s, ',', (size_t)(end - s));
		if (!comma)
			comma = end;
		for (dst = comma; dst > s && (dst[-1] == ' ' || dst[-1] == '\t');)
			dst--;
		*field = (struct field){s, (size_t)(dst - s)};
		return comma;
	}
	field->s = dst = ++s;
	for (; s < end && (*s != '"' || (s + 1 < end && s[1] == '"')); s++) {
		*dst++ = *s;
		s += *s == '"';
	}
	field->len = (size_t)(dst - field->s);
	*ok = s < end;
	for (s++; s < end && *s != ','; s++)
		*ok &= *s == ' ' || *s == '\t';
	return s < end ? s : end;
}

static int
split(struct feed_csv *c, char *s, char *end)
{
	bool ok = true;

	c->start = s;
	c->count = 0;
	for (;;) {
		char *comma;

		if (c->count == FIELDS_MAX)
			return vrp_err_at(&c->bad, c->line, 0, "more than %d fields", FIELDS_MAX);
		comma = split_field(s, end, &c->fields[c->count++], &ok);
		if (!ok)
			return spoil(c, &c->fields[c->count - 1], "quoting of", NULL);
		if (comma == end)
			return 0;
		s = comma + 1;
	}
}

static const struct field *
field_of(const struct feed_csv *c, enum column column)
{
	return c->at[column] < c->count ? &c->fields[c->at[column]] : NULL;
}

static bool
says_unknown(const struct field *field)
{
	return field->len == 0 || (field->len == 3 && memcmp(field->s, "N/A", 3) == 0);
}

static int
take_prefix(struct feed_csv *c, struct vrp *vrp)
{
	const struct field *field = field_of(c, COLUMN_PREFIX), *length = field_of(c, COLUMN_LENGTH);
	char text[PREFIX_TEXT_MAX + 16];
	size_t len = field->len;
	const char *reason;

	if (!length)
		return prefix_parse(field->s, len, &vrp->prefix, &reason) ? 0 : spoil(c, field, "prefix", reason);
	if (len + length->len + 1 > sizeof(text))
		return spoil(c, field, "prefix", "too long");
	memcpy(text, field->s, len);
	text[len++] = '/';
	memcpy(text + len, length->s, length->len);
	return prefix_parse(text, len + length->len, &vrp->prefix, &reason) ? 0 : spoil(c, field, "prefix", reason);
}

/* Unix seconds, RFC 3339, or Routinator's csvext: `2026-01-01 00:00:00` in UTC. */
static bool
parse_expiry(const struct field *field, uint32_t *out)
{
	char stamp[STAMP_MAX];
	uint64_t seconds;
	int64_t when;

	if (num_u64(field->s, field->len, &seconds))
		return feed_expiry(seconds > INT64_MAX ? INT64_MAX : (int64_t)seconds, out);
	if (field->len == STAMP_MAX - 2) {
		memcpy(stamp, field->s, field->len);
		stamp[field->len] = 'Z';
		return stamp_parse(stamp, field->len + 1, &when) && feed_expiry(when, out);
	}
	return stamp_parse(field->s, field->len, &when) && feed_expiry(when, out);
}

static int
take_annotations(struct feed_csv *c, struct vrp *vrp)
{
	const struct field *field;
	int ta;

	field = field_of(c, COLUMN_TA);
	if (field) {
		ta = feed_ta(c->f, field->s, field->len);
		if (ta < 0)
			return spoil(c, field, "trust anchor", NULL);
		vrp->ta = (uint16_t)ta;
	}
	field = field_of(c, COLUMN_EXPIRES);
	if (field && !says_unknown(field) && !parse_expiry(field, &vrp->expires))
		return spoil(c, field, "expiry", NULL);
	return 0;
}

static int
take_vrp(struct feed_csv *c, struct vrp *vrp)
{
	const struct field *field;
	const char *why;
	uint32_t maxlen;

	if (c->count != c->columns)
		return vrp_err_at(&c->bad, c->line, 0, "%zu fields where there should be %zu", c->count, c->columns);
	field = field_of(c, COLUMN_ASN);
	if (!num_asn(field->s, field->len, &vrp->asn))
		return spoil(c, field, "AS number", NULL);
	if (take_prefix(c, vrp) < 0)
		return -1;
	vrp->maxlen = vrp->prefix.len;
	field = field_of(c, COLUMN_MAXLEN);
	if (field && !says_unknown(field)) {
		if (!num_u32(field->s, field->len, &maxlen) || maxlen > 255)
			return spoil(c, field, "maximum length", NULL);
		vrp->maxlen = (uint8_t)maxlen;
	}
	why = feed_check_vrp(vrp);
	if (why)
		return spoil(c, field_of(c, COLUMN_PREFIX), "record", why);
	return take_annotations(c, vrp);
}

/* The first line: a header, or rtrclient's first record (1). */
static int
take_header(struct feed_csv *c)
{
	for (size_t i = 0; i < COLUMN_COUNT; i++)
		c->at[i] = FIELDS_MAX;
	for (size_t i = 0; i < c->count; i++)
		for (size_t n = 0; n < ARRAY_LEN(names); n++)
			if (strlen(names[n].name) == c->fields[i].len &&
			    strncasecmp(names[n].name, c->fields[i].s, c->fields[i].len) == 0)
				c->at[names[n].column] = i;
	c->columns = c->count;
	if (c->at[COLUMN_ASN] < FIELDS_MAX && c->at[COLUMN_PREFIX] < FIELDS_MAX)
		return 0;
	if (c->count == 4) {
		struct vrp vrp = {.expires = EXPIRES_UNKNOWN};

		c->at[COLUMN_PREFIX] = 0;
		c->at[COLUMN_LENGTH] = 1;
		c->at[COLUMN_MAXLEN] = 2;
		c->at[COLUMN_ASN] = 3;
		if (take_vrp(c, &vrp) == 0)
			return 1;
	}
	return vrp_err_at(c->f->err, c->line, 0, "neither a header with the columns ASN and IP Prefix nor a record of rtrclient");
}

/* One line without its newline. */
static int
take_line(struct feed_csv *c, char *s, char *end)
{
	struct vrp vrp = {.expires = EXPIRES_UNKNOWN};
	int rc;

	c->line++;
	if (end > s && end[-1] == '\r')
		end--;
	if (s == end || *s == '#')
		return 0;
	rc = split(c, s, end);
	if (c->columns == 0) {
		if (rc == 0)
			rc = take_header(c);
		else
			*c->f->err = c->bad;
		if (rc <= 0)
			return rc;
		rc = 0;
	}
	c->f->result->records++;
	c->f->vrps++;
	if (rc < 0 || take_vrp(c, &vrp) < 0)
		return feed_bad(c->f, &c->bad);
	return feed_add_vrp(c->f, &vrp);
}

static int
take_lines(struct feed_csv *c, char *window)
{
	size_t have = 0;
	ssize_t n;

	while ((n = feed_pull(c->f, window + have, WINDOW - have, c->f->err)) > 0) {
		char *s = window, *end = window + have + n, *newline;

		while ((newline = memchr(s, '\n', (size_t)(end - s)))) {
			if (take_line(c, s, newline) < 0)
				return -1;
			s = newline + 1;
		}
		have = (size_t)(end - s);
		if (have > LINE_LIMIT)
			return vrp_err_at(c->f->err, c->line + 1, 0, "a line of more than %zu bytes", LINE_LIMIT);
		memmove(window, s, have);
	}
	if (n == 0 && have)
		return vrp_err_at(c->f->err, c->line + 1, 0, "the last line has no newline: the file is cut short");
	if (n == 0 && c->columns == 0)
		return vrp_err_set(c->f->err, "there is no record in it");
	return n < 0 ? -1 : 0;
}

int
feed_csv(struct feed *f)
{
	struct feed_csv c = {.f = f};
	char *window = malloc(WINDOW);
	int rc = window ? take_lines(&c, window) : vrp_err_nomem(f->err);

	free(window);
	return rc;
}
