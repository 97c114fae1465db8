/* SPDX-License-Identifier: ISC */
#include "enc.h"

static const char hex_digits[] = "0123456789ABCDEF", hex_lower[] = "0123456789abcdef";
static const char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static char *
encode_with(char *dst, const void *data, size_t len, const char *digits)
{
	const unsigned char *p = data;

	for (size_t i = 0; i < len; i++) {
		*dst++ = digits[p[i] >> 4];
		*dst++ = digits[p[i] & 15];
	}
	return dst;
}

char *
hex_encode(char *dst, const void *data, size_t len)
{
	return encode_with(dst, data, len, hex_digits);
}

char *
hex_encode_lower(char *dst, const void *data, size_t len)
{
	return encode_with(dst, data, len, hex_lower);
}

bool
hex_decode(const char *s, size_t len, unsigned char *out, size_t n)
{
	if (len != 2 * n)
		return false;
	for (size_t i = 0; i < n; i++) {
		int hi = hex_value(s[2 * i]), lo = hex_value(s[2 * i + 1]);

		if (hi < 0 || lo < 0)
			return false;
		out[i] = (unsigned char)(hi << 4 | lo);
	}
	return true;
}

char *
base64_encode(char *dst, const void *data, size_t len)
{
	const unsigned char *p = data;

	for (; len >= 3; len -= 3, p += 3) {
		*dst++ = base64_digits[p[0] >> 2];
		*dst++ = base64_digits[(p[0] & 3) << 4 | p[1] >> 4];
		*dst++ = base64_digits[(p[1] & 15) << 2 | p[2] >> 6];
		*dst++ = base64_digits[p[2] & 63];
	}
	if (len == 0)
		return dst;
	*dst++ = base64_digits[p[0] >> 2];
	*dst++ = base64_digits[(p[0] & 3) << 4 | (len > 1 ? p[1] >> 4 : 0)];
	*dst++ = len > 1 ? base64_digits[(p[1] & 15) << 2] : '=';
	*dst++ = '=';
	return dst;
}

static int
base64_value(char c, enum base64_form form)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+' || (form == BASE64_ANY && c == '-'))
		return 62;
	if (c == '/' || (form == BASE64_ANY && c == '_'))
		return 63;
	return -1;
}

ptrdiff_t
base64_decode(const char *s, size_t len, enum base64_form form, unsigned char *out)
{
	unsigned char *dst = out;
	uint32_t bits = 0;
	unsigned have = 0;
	size_t pad = 0;

	while (pad < 2 && len > 0 && s[len - 1] == '=') {
		len--;
		pad++;
	}
	/* Padding completes a group of four; a lone digit of a group is no byte. */
	if (len % 4 == 1 || (pad ? (len + pad) % 4 != 0 : form == BASE64_STRICT && len % 4 != 0))
		return -1;
	for (size_t i = 0; i < len; i++) {
		int v = base64_value(s[i], form);

		if (v < 0)
			return -1;
		bits = bits << 6 | (uint32_t)v;
		have += 6;
		if (have >= 8) {
			have -= 8;
			*dst++ = (unsigned char)(bits >> have);
		}
	}
	if (bits & ((1U << have) - 1))
		return -1;
	return dst - out;
}

int
percent_encode(struct buf *out, const char *s, size_t len)
{
	if (len > SIZE_MAX / 3 || buf_reserve(out, 3 * len) < 0)
		return -1;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c > 0x20 && c < 0x7f && c != '%') {
			out->data[out->len++] = (char)c;
		} else {
			out->data[out->len++] = '%';
			hex_encode(out->data + out->len, &c, 1);
			out->len += 2;
		}
	}
	return 0;
}

int
percent_decode(struct buf *out, const char *s, size_t len)
{
	if (buf_reserve(out, len) < 0)
		return -1;
	for (size_t i = 0; i < len; i++) {
		unsigned char c;

		if (s[i] == '%' && len - i > 2 && hex_decode(s + i + 1, 2, &c, 1)) {
			out->data[out->len++] = (char)c;
			i += 2;
		} else {
			out->data[out->len++] = s[i];
		}
	}
	return 0;
}
