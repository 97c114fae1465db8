/* SPDX-License-Identifier: ISC */
#include "json_escape.h"

#include <string.h>

#include "utf8.h"

/* The value of four hex digits, or -1. */
static int
hex4(const char *s)
{
	int v = 0;

	for (int i = 0; i < 4; i++) {
		char c = s[i];

		if (c >= '0' && c <= '9')
			v = v << 4 | (c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			v = v << 4 | ((c | 0x20) - 'a' + 10);
		else
			return -1;
	}
	return v;
}

/*
 * The character of the \u escape at s, of 6 or 12 bytes; -1 for bad digits or
 * half a surrogate pair.
 */
static int32_t
unicode_escape(const char *s, size_t *len)
{
	int32_t hi = hex4(s + 2), lo;

	*len = 6;
	if (hi < 0xd800 || hi > 0xdfff)
		return hi;
	if (hi > 0xdbff || s[6] != '\\' || s[7] != 'u')
		return -1;
	lo = hex4(s + 8);
	if (lo < 0xdc00 || lo > 0xdfff)
		return -1;
	*len = 12;
	return 0x10000 + ((hi - 0xd800) << 10) + (lo - 0xdc00);
}

size_t
json_escape_length(const char *s, const char **why)
{
	size_t len = 2;
	int32_t c = 1;

	if (s[1] == 'u')
		c = unicode_escape(s, &len);
	else if (!s[1] || !strchr("\"\\/bfnrt", s[1]))
		c = -2;
	if (c > 0)
		return len;
	*why = c == 0 ? "a NUL character in a string" : c == -1 ? "bad \\u escape" : "bad escape";
	return 0;
}

size_t
json_unescape(char *s, size_t len)
{
	static const char code[] = "bfnrt", meaning[] = "\b\f\n\r\t";
	char *dst = s, *end = s + len;
	size_t n;

	for (const char *p = s; p < end; p += n) {
		const char *c;

		n = 1;
		if (*p != '\\') {
			*dst++ = *p;
		} else if (p[1] == 'u') {
			dst = utf8_encode(dst, unicode_escape(p, &n));
		} else {
			c = memchr(code, p[1], sizeof(code) - 1);
			*dst++ = c ? meaning[c - code] : p[1];
			n = 2;
		}
	}
	return (size_t)(dst - s);
}
