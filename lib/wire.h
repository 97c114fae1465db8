/* SPDX-License-Identifier: ISC */
/*
 * Big-endian loads and stores, and a bounded read cursor over bytes that
 * somebody else owns.  A read past the end yields 0 or NULL and sets `error`,
 * which stays set, so that a decoder checks once at its end.
 */
#ifndef VRP_WIRE_H
#define VRP_WIRE_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compiler.h"

struct wire {
	const unsigned char *start;
	const unsigned char *pos;
	const unsigned char *end;
	bool error;
};

static inline uint16_t
be16_load(const void *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return be16toh(v);
}

static inline uint32_t
be32_load(const void *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return be32toh(v);
}

static inline uint64_t
be64_load(const void *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return be64toh(v);
}

static inline void
be16_store(void *p, uint16_t v)
{
	v = htobe16(v);
	memcpy(p, &v, sizeof(v));
}

static inline void
be32_store(void *p, uint32_t v)
{
	v = htobe32(v);
	memcpy(p, &v, sizeof(v));
}

static inline void
be64_store(void *p, uint64_t v)
{
	v = htobe64(v);
	memcpy(p, &v, sizeof(v));
}

static inline struct wire
wire_init(const void *data, size_t len)
{
	const unsigned char *p = data;

	return (struct wire){p, p, p + len, false};
}

static inline size_t
wire_left(const struct wire *w)
{
	return (size_t)(w->end - w->pos);
}

/* The next n bytes, borrowed from the input; NULL with error set when fewer are left. */
static inline const unsigned char *
wire_bytes(struct wire *w, size_t n)
{
	const unsigned char *p = w->pos;

	if (n > wire_left(w)) {
		w->error = true;
		w->pos = w->end;
		return NULL;
	}
	w->pos += n;
	return p;
}

static inline uint8_t
wire_u8(struct wire *w)
{
	const unsigned char *p = wire_bytes(w, 1);

	return p ? *p : 0;
}

static inline uint16_t
wire_u16(struct wire *w)
{
	const unsigned char *p = wire_bytes(w, 2);

	return p ? be16_load(p) : 0;
}

static inline uint32_t
wire_u32(struct wire *w)
{
	const unsigned char *p = wire_bytes(w, 4);

	return p ? be32_load(p) : 0;
}

#endif
