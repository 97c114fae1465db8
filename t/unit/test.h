/* SPDX-License-Identifier: ISC */
/*
 * What every unit test includes first: cmocka with the headers it wants before
 * it, a random source with a fixed seed, and small helpers for text.
 */
#ifndef VRP_TEST_H
#define VRP_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* SplitMix64: the same numbers on every machine and in every run. */
struct rng {
	uint64_t state;
};

static inline uint64_t
rng_next(struct rng *r)
{
	uint64_t z = r->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* How often to repeat what is random: less with sanitizers, which are slow where memory comes and goes. */
#ifdef __SANITIZE_ADDRESS__
#define ROUNDS(n) ((n) / 10)
#else
#define ROUNDS(n) (n)
#endif

/* A number from 0 to n - 1. */
static inline uint32_t
rng_below(struct rng *r, uint32_t n)
{
	return (uint32_t)((rng_next(r) >> 32) * n >> 32);
}

/* Fails with the case's name when cond does not hold: for loops over tables of cases. */
#define assert_case(cond, ...)							\
	do {									\
		if (!(cond)) {							\
			print_error("case: " __VA_ARGS__);			\
			print_error("\n");					\
			fail_msg("%s", #cond);					\
		}								\
	} while (0)

#endif
