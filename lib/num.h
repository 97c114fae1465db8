/* SPDX-License-Identifier: ISC */
/*
 * Strict decimal numbers from bytes that need not end in NUL: digits only, no
 * sign, no blank, no leading zero, no overflow.  All return false and leave
 * *out alone when the text is anything else.
 */
#ifndef VRP_NUM_H
#define VRP_NUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compiler.h"

bool num_u32(const char *s, size_t len, uint32_t *out);
bool num_u64(const char *s, size_t len, uint64_t *out);

/* An AS number: `64496` or `AS64496`, the letters in any case. */
bool num_asn(const char *s, size_t len, uint32_t *out);

/* Seconds: a number with an optional unit of s, m, h, d or w (`90`, `10m`, `24h`). */
bool num_duration(const char *s, size_t len, uint32_t *seconds);

/* A count of bytes with an optional unit of K, M or G (powers of 1024). */
bool num_size(const char *s, size_t len, uint64_t *bytes);

/* Write v in decimal at dst (10 bytes of room for 32 bits) and return the end. */
char *num_format_u32(char *dst, uint32_t v);

#endif
