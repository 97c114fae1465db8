/* SPDX-License-Identifier: ISC */
#include "num.h"

#include "wire.h"

bool
num_u64(const char *s, size_t len, uint64_t *out)
{
	uint64_t v = 0;

	if (len == 0 || len > 20 || (len > 1 && s[0] == '0'))
		return false;
	for (size_t i = 0; i < len; i++) {
		unsigned d = (unsigned char)s[i] - (unsigned)'0';

		if (d > 9 || v > (UINT64_MAX - d) / 10)
			return false;
		v = v * 10 + d;
	}
	*out = v;
	return true;
}

bool
num_u32(const char *s, size_t len, uint32_t *out)
{
	const char *stop;
	uint32_t v = 0;

	if (len == 0 || !(stop = num_scan_u32(s, s + len, &v)) || stop != s + len)
		return false;
	*out = v;
	return true;
}

bool
num_asn(const char *s, size_t len, uint32_t *out)
{
	if (len > 2 && (s[0] | 0x20) == 'a' && (s[1] | 0x20) == 's') {
		s += 2;
		len -= 2;
	}
	return num_u32(s, len, out);
}

/* A number whose last byte may be one of units, each worth factor[i]. */
static bool
scaled(const char *s, size_t len, const char *units, const uint64_t *factor, uint64_t *out)
{
	const char *unit;
	uint64_t v, f = 1;

	if (len > 1 && (unit = memchr(units, s[len - 1], strlen(units)))) {
		f = factor[unit - units];
		len--;
	}
	if (!num_u64(s, len, &v) || v > UINT64_MAX / f)
		return false;
	*out = v * f;
	return true;
}

bool
num_duration(const char *s, size_t len, uint32_t *seconds)
{
	static const uint64_t factor[] = {1, 60, 3600, 86400, 604800};
	uint64_t v;

	if (!scaled(s, len, "smhdw", factor, &v) || v > UINT32_MAX)
		return false;
	*seconds = (uint32_t)v;
	return true;
}

bool
num_size(const char *s, size_t len, uint64_t *bytes)
{
	static const uint64_t factor[] = {UINT64_C(1) << 10, UINT64_C(1) << 20, UINT64_C(1) << 30};

	return scaled(s, len, "KMG", factor, bytes);
}

/*
 * Eight decimal digits, the first in the top byte: the halves of v, then their
 * halves, then digits, each step in all parts of the word at once.  Division by
 * 100 and 10 is a multiplication that is exact below 10,000 and 100.
 */
static uint64_t
eight_digits(uint32_t v)
{
	uint64_t x = (uint64_t)(v / 10000) << 32 | v % 10000;

	x += (x * 10486 >> 20 & UINT64_C(0x0000007f0000007f)) * (0x10000 - 100);
	x += (x * 103 >> 10 & UINT64_C(0x000f000f000f000f)) * (0x100 - 10);
	return x;
}

#define ZEROS UINT64_C(0x3030303030303030)	/* in ASCII */

char *
num_format_u32(char *dst, uint32_t v)
{
	const uint32_t eight = 100000000;
	uint64_t x = eight_digits(v % eight);
	int leading;

	if (v >= eight) {
		dst = num_format_u8(dst, (uint8_t)(v / eight));
		be64_store(dst, x + ZEROS);
		return dst + 8;
	}
	leading = __builtin_clzll(x | 1) / 8;
	be64_store(dst, (x + ZEROS) << 8 * leading);
	return dst + 8 - leading;
}

#define TEN(tens) \
	tens "0", tens "1", tens "2", tens "3", tens "4", tens "5", tens "6", tens "7", tens "8", tens "9"

const char num_u8_text[256][4] = {
	TEN(""), TEN("1"), TEN("2"), TEN("3"), TEN("4"), TEN("5"), TEN("6"), TEN("7"), TEN("8"), TEN("9"),
	TEN("10"), TEN("11"), TEN("12"), TEN("13"), TEN("14"), TEN("15"), TEN("16"), TEN("17"), TEN("18"), TEN("19"),
	TEN("20"), TEN("21"), TEN("22"), TEN("23"), TEN("24"), "250", "251", "252", "253", "254", "255",
};
