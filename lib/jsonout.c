/* SPDX-License-Identifier: ISC */
#include "jsonout.h"

#include "stamp.h"
#include "utf8.h"

void
jsonout_init(struct jsonout *j, struct out *out)
{
	*j = (struct jsonout){.out = out, .empty = true};
}

/* The character at s, which has n bytes, or 0 for a byte that is none. */
static void
add_character(struct out *o, const char *s, size_t n)
{
	const unsigned char *c = (const unsigned char *)s;

	if (n == 0)
		out_add(o, "\xef\xbf\xbd", 3);
	else if (utf8_is_control(c))
		out_addf(o, "\\u%04x", c[n - 1]);
	else if (*s == '"' || *s == '\\')
		out_addf(o, "\\%c", *s);
	else
		out_add(o, s, n);
}

static void
add_text(struct out *o, const char *s)
{
	size_t len = strlen(s);

	out_add(o, "\"", 1);
	for (size_t n; len > 0; s += n, len -= n) {
		n = utf8_length((const unsigned char *)s, len);
		add_character(o, s, n);
		if (n == 0)
			n = 1;
	}
	out_add(o, "\"", 1);
}

/* What stands before a value: a comma, a new line at its level, its name. */
static void
begin_value(struct jsonout *j, const char *name)
{
	if (j->depth) {
		out_add(j->out, j->empty ? "\n" : ",\n", j->empty ? 1 : 2);
		for (unsigned i = 0; i < j->depth; i++)
			out_add(j->out, "  ", 2);
	}
	if (name) {
		add_text(j->out, name);
		out_add(j->out, ": ", 2);
	}
	j->empty = false;
}

static void
open_level(struct jsonout *j, const char *name, const char *open, char close)
{
	begin_value(j, name);
	out_add(j->out, open, 1);
	j->close[j->depth++] = close;
	j->empty = true;
}

void
jsonout_object(struct jsonout *j, const char *name)
{
	open_level(j, name, "{", '}');
}

void
jsonout_array(struct jsonout *j, const char *name)
{
	open_level(j, name, "[", ']');
}

void
jsonout_end(struct jsonout *j)
{
	bool empty = j->empty;

	j->depth--;
	if (!empty) {
		out_add(j->out, "\n", 1);
		for (unsigned i = 0; i < j->depth; i++)
			out_add(j->out, "  ", 2);
	}
	out_add(j->out, &j->close[j->depth], 1);
	if (j->depth == 0)
		out_add(j->out, "\n", 1);
	j->empty = false;
}

void
jsonout_string(struct jsonout *j, const char *name, const char *text)
{
	begin_value(j, name);
	add_text(j->out, text);
}

void
jsonout_number(struct jsonout *j, const char *name, int64_t number)
{
	begin_value(j, name);
	out_addf(j->out, "%lld", (long long)number);
}

void
jsonout_bool(struct jsonout *j, const char *name, bool value)
{
	begin_value(j, name);
	out_addf(j->out, "%s", value ? "true" : "false");
}

void
jsonout_null(struct jsonout *j, const char *name)
{
	begin_value(j, name);
	out_add(j->out, "null", 4);
}

void
jsonout_time(struct jsonout *j, const char *name, int64_t when)
{
	char text[STAMP_MAX];

	if (when == STAMP_UNKNOWN) {
		jsonout_null(j, name);
		return;
	}
	stamp_format(when, text);
	jsonout_string(j, name, text);
}
