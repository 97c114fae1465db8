/* SPDX-License-Identifier: ISC */
/*
 * A hash of a byte stream that comes in pieces of any size, made to cost a
 * small part of what recv(2) costs: 32 polynomials side by side, each over
 * every 32nd word of the stream modulo 2^32, so that four AVX2 multiplications
 * take 128 bytes.  The multiplier is odd, so any one changed word changes the
 * hash; it serves to find errors, not adversaries.
 */
#ifndef PERF_STREAMHASH_H
#define PERF_STREAMHASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STREAMHASH_BLOCK 128

struct streamhash {
	uint32_t lanes[STREAMHASH_BLOCK / 4];
	unsigned char carry[STREAMHASH_BLOCK];	/* bytes of a block not yet whole */
	uint64_t len;
};

void streamhash_init(struct streamhash *h);
void streamhash_add(struct streamhash *h, const unsigned char *data, size_t len);
uint64_t streamhash_value(const struct streamhash *h);

#endif
