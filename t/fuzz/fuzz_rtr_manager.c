/* SPDX-License-Identifier: ISC */
/*
 * Simulated caches that live, lie and die as the input says, behind a manager
 * that is held to its promises after each step (t/caches.h).
 */
#include "../caches.h"

#define STEPS_MAX 2000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct bytes {
	const uint8_t *data;
	size_t left;
};

static uint32_t
below(void *ctx, uint32_t n)
{
	struct bytes *b = ctx;

	return b->left ? (b->left--, *b->data++ % n) : 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes bytes = {data, size};
	struct sim sim;

	sim_init(&sim, below, &bytes);
	for (int i = 0; i < STEPS_MAX && bytes.left; i++)
		sim_step(&sim);
	sim_release(&sim);
	return 0;
}
