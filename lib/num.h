/* SPDX-License-Identifier: ISC */
/*
 * Strict decimal numbers from bytes that need not end in NUL: digits only, no
 * sign, no blank, no leading zero, no overflow.  All return false and leave
 * *out alone when the text is anything else.
 */
#ifndef VRP_NUM_H
#define VRP_NUM_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compiler.h"

bool num_u32(const char *s, size_t len, uint32_t *out);
bool num_u64(const char *s, size_t len, uint64_t *out);

/*
 * How many of eight bytes are digits, up to the first that is none, and what
 * they are worth.  In a word whose lowest byte is the first, sums carry away
 * from it, so that the first byte that is no digit is always found.
 */
static inline uint32_t
num_eight_bytes(const char *s, unsigned *digits)
{
	const uint64_t pairs = UINT64_C(0x000000ff000000ff);
	uint64_t x, other;

	memcpy(&x, s, sizeof(x));
	x = le64toh(x) - UINT64_C(0x3030303030303030);
	other = (x | (x + UINT64_C(0x7676767676767676))) & UINT64_C(0x8080808080808080);
	*digits = other ? (unsigned)__builtin_ctzll(other) / 8 : 8;
	/* Zeros move in before the digits; then digits become pairs, and the pairs a number. */
	x <<= 8 * (8 - *digits) % 64;
	x = x * 10 + (x >> 8);
	x = (x & pairs) * (UINT64_C(1000000) << 32 | 100) + (x >> 16 & pairs) * (UINT64_C(10000) << 32 | 1);
	return (uint32_t)(x >> 32);
}

/*
 * The number that begins at s, as far as its digits go before end: returns where
 * they stop, or NULL when no number is there and *out is as it was.
 */
static inline const char *
num_scan_u32(const char *s, const char *end, uint32_t *out)
{
	const char *start = s;
	unsigned d, n = 0;
	uint64_t v = 0;

	if (end - s >= 8)
		v = num_eight_bytes(s, &n);
	for (s += n; s < end && (d = (unsigned char)*s - (unsigned)'0') <= 9; s++)
		v = v * 10 + d;
	/* More than ten digits may have wrapped v. */
	if (s == start || s - start > 10 || v > UINT32_MAX || (*start == '0' && s - start > 1))
		return NULL;
	*out = (uint32_t)v;
	return s;
}

/* An AS number: `64496` or `AS64496`, the letters in any case. */
bool num_asn(const char *s, size_t len, uint32_t *out);

/* Seconds: a number with an optional unit of s, m, h, d or w (`90`, `10m`, `24h`). */
bool num_duration(const char *s, size_t len, uint32_t *seconds);

/* A count of bytes with an optional unit of K, M or G (powers of 1024). */
bool num_size(const char *s, size_t len, uint64_t *bytes);

/* Write v in decimal at dst, where 10 bytes may be overwritten whatever v is, and return the end. */
char *num_format_u32(char *dst, uint32_t v);

extern const char num_u8_text[256][4];

/* The same for a byte, with 4 bytes of room. */
static inline char *
num_format_u8(char *dst, uint8_t v)
{
	memcpy(dst, num_u8_text[v], 4);
	return dst + 1 + (v >= 10) + (v >= 100);
}

#endif
