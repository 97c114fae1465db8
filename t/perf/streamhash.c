/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "compiler.h"
#include "streamhash.h"

#define MULTIPLIER UINT32_C(0x9e3779b5)

typedef uint32_t lanes8 __attribute__((vector_size(32)));

#if defined(__x86_64__) && defined(__gnu_linux__)
#define FOR_THIS_CPU __attribute__((target_clones("avx2", "default")))
#else
#define FOR_THIS_CPU
#endif

void
streamhash_init(struct streamhash *h)
{
	*h = (struct streamhash){.len = 0};
}

FOR_THIS_CPU static void
blocks(uint32_t *lanes, const unsigned char *p, size_t count)
{
	lanes8 a[4], d[4];

	memcpy(a, lanes, sizeof(a));
	for (; count; count--, p += STREAMHASH_BLOCK) {
		memcpy(d, p, sizeof(d));
		for (int i = 0; i < 4; i++)
			a[i] = a[i] * MULTIPLIER + d[i];
	}
	memcpy(lanes, a, sizeof(a));
}

void
streamhash_add(struct streamhash *h, const unsigned char *data, size_t len)
{
	size_t carried = h->len % STREAMHASH_BLOCK, n;

	h->len += len;
	if (carried) {
		n = len < STREAMHASH_BLOCK - carried ? len : STREAMHASH_BLOCK - carried;
		memcpy(h->carry + carried, data, n);
		if (carried + n < STREAMHASH_BLOCK)
			return;
		blocks(h->lanes, h->carry, 1);
		data += n;
		len -= n;
	}
	blocks(h->lanes, data, len / STREAMHASH_BLOCK);
	memcpy(h->carry, data + len / STREAMHASH_BLOCK * STREAMHASH_BLOCK, len % STREAMHASH_BLOCK);
}

uint64_t
streamhash_value(const struct streamhash *h)
{
	uint64_t v = h->len;

	for (size_t i = 0; i < ARRAY_LEN(h->lanes); i++)
		v = (v ^ h->lanes[i]) * UINT64_C(0x9e3779b97f4a7c15) ^ v >> 32;
	for (size_t i = 0; i < h->len % STREAMHASH_BLOCK; i++)
		v = (v ^ h->carry[i]) * UINT64_C(0x9e3779b97f4a7c15) ^ v >> 32;
	return v;
}
