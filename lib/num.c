/* SPDX-License-Identifier: ISC */
#include "num.h"

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
	uint64_t v = 0;

	if (len == 0 || len > 10 || (len > 1 && s[0] == '0'))
		return false;
	for (size_t i = 0; i < len; i++) {
		unsigned d = (unsigned char)s[i] - (unsigned)'0';

		if (d > 9)
			return false;
		v = v * 10 + d;
	}
	if (v > UINT32_MAX)
		return false;
	*out = (uint32_t)v;
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

char *
num_format_u32(char *dst, uint32_t v)
{
	static const char pairs[201] =
		"0001020304050607080910111213141516171819202122232425262728293031323334353637383940414243444546474849"
		"5051525354555657585960616263646566676869707172737475767778798081828384858687888990919293949596979899";
	char *end, *p;

	if (v < 10) {
		*dst = (char)('0' + v);
		return dst + 1;
	}
	if (v < 100) {
		memcpy(dst, pairs + v * 2, 2);
		return dst + 2;
	}
	end = p = dst + 3 + (v >= 1000) + (v >= 10000) + (v >= 100000) + (v >= 1000000) + (v >= 10000000) +
		  (v >= 100000000) + (v >= 1000000000);
	while (v >= 100) {
		p -= 2;
		memcpy(p, pairs + v % 100 * 2, 2);
		v /= 100;
	}
	if (v >= 10)
		memcpy(dst, pairs + v * 2, 2);
	else
		*dst = (char)('0' + v);
	return end;
}
