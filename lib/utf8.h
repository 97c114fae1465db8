/* SPDX-License-Identifier: ISC */
/* Characters of UTF-8 (RFC 3629) in bytes that come from outside. */
#ifndef VRP_UTF8_H
#define VRP_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/*
 * How many bytes the character at s has, of which len are there and at least
 * one; 0 when none is: a stray byte, one cut short, longer than need be, a
 * surrogate, above U+10FFFF.
 */
size_t utf8_length(const unsigned char *s, size_t len);

/* Is the character at s a control character: C0, DEL, or C1, which is U+0080 to U+009F? */
static inline bool
utf8_is_control(const unsigned char *s)
{
	return *s < 0x20 || *s == 0x7f || (*s == 0xc2 && s[1] < 0xa0);
}

#endif
