/* SPDX-License-Identifier: ISC */
/* Characters of UTF-8 (RFC 3629). */
#ifndef VRP_UTF8_H
#define VRP_UTF8_H

#include <stddef.h>
#include <stdint.h>

/*
 * The length of the character at s, of which len bytes are there, at least one;
 * 0 when it is none: cut short, longer than need be, a surrogate, above U+10FFFF.
 */
size_t utf8_length(const unsigned char *s, size_t len);

/* Write the character c, which is at most U+10FFFF; returns the end, 4 bytes on at most. */
char *utf8_encode(char *dst, int32_t c);

#endif
