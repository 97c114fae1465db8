/* SPDX-License-Identifier: ISC */
#include "http_target.h"

#include <strings.h>

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The text without the scheme and host of its absolute form, of which "http://host" alone is the path "/". */
static void
skip_origin(const char **text, size_t *len)
{
	static const char scheme[] = "http://";
	const char *slash;

	if (*len < sizeof(scheme) - 1 || strncasecmp(*text, scheme, sizeof(scheme) - 1) != 0)
		return;
	slash = memchr(*text + sizeof(scheme) - 1, '/', *len - (sizeof(scheme) - 1));
	*len = slash ? *len - (size_t)(slash - *text) : 1;
	*text = slash ? slash : "/";
}

/* One part, up to a delimiter or the end, decoded to *to with a NUL.  Returns where it stopped, NULL for a part that is malformed. */
static const char *
decode(const char *s, const char *end, const char *delimiters, bool form, char **to, struct vrp_err *err)
{
	for (; s < end && !strchr(delimiters, *s); s++) {
		int c = (unsigned char)*s;

		if (c <= ' ' || c == 0x7f || c == '#') {
			vrp_err_set(err, "a character that has to be escaped");
			return NULL;
		}
		if (c == '%') {
			int high = end - s > 2 ? hex_digit(s[1]) : -1, low = high < 0 ? -1 : hex_digit(s[2]);

			c = low < 0 ? -1 : high << 4 | low;
			if (c <= 0) {
				vrp_err_set(err, c < 0 ? "a bad escape" : "an escaped NUL");
				return NULL;
			}
			s += 2;
		} else if (c == '+' && form) {
			c = ' ';
		}
		*(*to)++ = (char)c;
	}
	*(*to)++ = '\0';
	return s;
}

static int
parse_query(struct http_target *t, const char *s, const char *end, char *to, struct vrp_err *err)
{
	while (s < end) {
		struct http_field *f = &t->fields[t->field_count];

		if (*s == '&') {
			s++;
			continue;
		}
		if (t->field_count == HTTP_FIELDS_MAX)
			return vrp_err_set(err, "more than %d fields", HTTP_FIELDS_MAX);
		f->name = to;
		s = decode(s, end, "=&", true, &to, err);
		if (!s)
			return -1;
		f->value = s < end && *s == '=' ? to : to - 1;
		if (f->value == to)
			s = decode(s + 1, end, "&", true, &to, err);
		if (!s)
			return -1;
		t->field_count++;
	}
	return 0;
}

int
http_target_parse(struct http_target *t, const char *text, size_t len, struct vrp_err *err)
{
	const char *end;
	char *to = t->text;

	t->field_count = 0;
	t->path = "";
	if (len > HTTP_TARGET_MAX)
		return vrp_err_set(err, "longer than %d bytes", HTTP_TARGET_MAX);
	if (memchr(text, '\0', len))
		return vrp_err_set(err, "a NUL");
	skip_origin(&text, &len);
	if (len == 0 || *text != '/')
		return vrp_err_set(err, "a path begins with a slash");
	end = text + len;
	t->path = to;
	text = decode(text, end, "?", false, &to, err);
	if (!text)
		return -1;
	return text < end ? parse_query(t, text + 1, end, to, err) : 0;
}

const char *
http_target_field(const struct http_target *t, const char *name)
{
	for (size_t i = 0; i < t->field_count; i++)
		if (strcmp(t->fields[i].name, name) == 0)
			return t->fields[i].value;
	return NULL;
}

bool
http_target_is(const struct http_target *t, const char *path, bool below, const char **rest)
{
	size_t len = strlen(path);

	if (rest)
		*rest = "";
	if (strcmp(t->path, path) == 0)
		return true;
	if (!below || strncmp(t->path, path, len) != 0)
		return false;
	if (len && path[len - 1] == '/')
		len--;
	if (t->path[len] != '/')
		return false;
	if (rest)
		*rest = t->path + len + 1;
	return true;
}
