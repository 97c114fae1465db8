/* SPDX-License-Identifier: ISC */
/*
 * The first line is a request target: what is read of it, escaped and read again, is
 * the same.  The lines behind it are values of header fields.
 */
#include <assert.h>

#include "http_header.h"
#include "http_target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *
escape(char *to, const char *s)
{
	for (; *s; s++)
		to += snprintf(to, 4, "%%%02x", (unsigned char)*s);
	return to;
}

/* Every byte escaped, which may be too long to be read. */
static void
compare(const struct http_target *t)
{
	static char text[4 * HTTP_TARGET_MAX];
	static struct http_target again;
	char *to = text;

	*to++ = '/';
	to = escape(to, t->path + 1);
	for (size_t i = 0; i < t->field_count; i++) {
		*to++ = i ? '&' : '?';
		to = escape(to, t->fields[i].name);
		*to++ = '=';
		to = escape(to, t->fields[i].value);
	}
	if (to - text > HTTP_TARGET_MAX)
		return;
	assert(http_target_parse(&again, text, (size_t)(to - text), NULL) == 0);
	assert(strcmp(again.path, t->path) == 0 && again.field_count == t->field_count);
	for (size_t i = 0; i < t->field_count; i++)
		assert(strcmp(again.fields[i].name, t->fields[i].name) == 0 &&
		       strcmp(again.fields[i].value, t->fields[i].value) == 0);
}

static void
read_target(const char *text, size_t len)
{
	static struct http_target t;
	struct vrp_err err = {0};
	const char *rest;

	if (http_target_parse(&t, text, len, &err) < 0) {
		assert(err.msg[0]);
		return;
	}
	assert(t.path[0] == '/' && t.field_count <= HTTP_FIELDS_MAX);
	for (size_t i = 0; i < t.field_count; i++)
		assert(http_target_field(&t, t.fields[i].name));
	assert(http_target_is(&t, t.path, false, &rest) && *rest == '\0');
	assert(http_target_is(&t, "/", true, &rest) && strcmp(rest, t.path + 1) == 0);
	compare(&t);
}

static void
read_value(const char *text)
{
	static const char *const types[] = {"text/html", "application/json"};
	char date[HTTP_DATE_MAX];
	int64_t t;

	assert(http_accept_type(text, types[0]) <= HTTP_QUALITY_MAX);
	assert(http_accept_encoding(text, "gzip") <= HTTP_QUALITY_MAX);
	assert(http_accept_choose(text, types, 2) <= 2);
	(void)http_etag_listed(text, "\"a\"");
	if (http_date_parse(text, &t)) {
		http_date_format(t, date);
		assert(strcmp(text, date) == 0);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), *line = text, *end;

	assert(text);
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	end = memchr(text, '\n', size);
	read_target(text, end ? (size_t)(end - text) : size);
	while (end) {
		line = end + 1;
		end = memchr(line, '\n', size - (size_t)(line - text));
		if (end)
			*end = '\0';
		read_value(line);
	}
	free(text);
	return 0;
}
