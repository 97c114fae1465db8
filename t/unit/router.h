/* SPDX-License-Identifier: ISC */
/*
 * The strictest router there is: it reads payload PDUs byte by byte with code
 * of its own, holds them in the order that 8210bis section 11.2 asks for, and
 * takes no announcement of what it has, no withdrawal of what it hasn't, and
 * no record twice in one response.
 */
#ifndef VRP_TEST_ROUTER_H
#define VRP_TEST_ROUTER_H

#include "sets.h"

#include "wire.h"

/* One record: type and identity are key_len bytes, an ASPA's providers follow. */
struct held {
	unsigned char *bytes;
	size_t key_len, len;
	bool mentioned;		/* in the response that is being read */
};

struct router {
	uint8_t version;
	struct held *held;
	size_t count;
};

static inline void
router_release(struct router *r)
{
	for (size_t i = 0; i < r->count; i++)
		free(r->held[i].bytes);
	free(r->held);
	*r = (struct router){.version = r->version};
}

static inline struct held *
router_find(const struct router *r, const unsigned char *key, size_t len)
{
	for (size_t i = 0; i < r->count; i++)
		if (r->held[i].key_len == len && memcmp(r->held[i].bytes, key, len) == 0)
			return &r->held[i];
	return NULL;
}

static inline void
router_set(struct held *h, const unsigned char *key, size_t key_len, const unsigned char *rest, size_t rest_len)
{
	free(h->bytes);
	h->bytes = malloc(key_len + rest_len + 1);
	assert_non_null(h->bytes);
	memcpy(h->bytes, key, key_len);
	if (rest_len)
		memcpy(h->bytes + key_len, rest, rest_len);
	h->key_len = key_len;
	h->len = key_len + rest_len;
}

static inline struct held *
router_push(struct router *r)
{
	r->held = realloc(r->held, (r->count + 1) * sizeof(*r->held));
	assert_non_null(r->held);
	r->held[r->count] = (struct held){0};
	return &r->held[r->count++];
}

/* The identity of a payload PDU behind its type, no more than 65,535 bytes; and where the providers begin. */
static inline size_t
pdu_key(const unsigned char *pdu, uint32_t len, unsigned char *key, size_t *rest)
{
	unsigned addr = pdu[1] == 4 ? 4 : 16;

	*rest = len;
	key[0] = pdu[1];
	switch (pdu[1]) {
	case 4:
	case 6:
		assert_int_equal(len, 16 + addr);
		key[1] = pdu[9];
		key[2] = pdu[10];
		memcpy(key + 3, pdu + 12, addr + 4);
		return 3 + addr + 4;
	case 9:
		assert_true(len > 32);
		memcpy(key + 1, pdu + 8, len - 8);
		return 1 + len - 8;
	case 11:
		assert_true(len >= 12 && len % 4 == 0);
		memcpy(key + 1, pdu + 8, 4);
		*rest = 12;
		return 5;
	}
	fail_msg("payload PDU of type %u", pdu[1]);
	return 0;
}

/* <0 when a has to come before b. */
static inline int
pdu_order(const unsigned char *a, const unsigned char *b)
{
	bool prefix = a[1] == 4 || a[1] == 6, announce;
	uint32_t la = be32_load(a + 4), lb = be32_load(b + 4);
	unsigned addr = a[1] == 4 ? 4 : 16;
	int c;

	if (a[1] != b[1])
		return a[1] - b[1];
	announce = prefix ? a[8] : a[2];
	if (announce != (bool)(prefix ? b[8] : b[2]))
		return announce ? -1 : 1;
	if (prefix) {
		c = memcmp(a + 12, b + 12, addr);
		c = c ? c : a[10] - b[10];
		c = c ? c : a[9] - b[9];
		c = c ? c : memcmp(a + 12 + addr, b + 12 + addr, 4);
		return announce ? -c : c;
	}
	if (a[1] == 11)
		return memcmp(a + 8, b + 8, 4);
	c = memcmp(a + 8, b + 8, 20);
	c = c ? c : (la > lb) - (la < lb);
	c = c ? c : memcmp(a + 32, b + 32, la - 32);
	return c ? c : memcmp(a + 28, b + 28, 4);
}

static inline void
check_pdu(const struct router *r, const unsigned char *pdu, uint32_t len, bool announce)
{
	assert_int_equal(pdu[0], r->version);
	assert_true(pdu[1] != 9 || r->version >= 1);
	assert_true(pdu[1] != 11 || r->version >= 2);
	if (pdu[1] == 4 || pdu[1] == 6) {
		unsigned bits = pdu[1] == 4 ? 32 : 128;

		assert_true(pdu[2] == 0 && pdu[3] == 0 && pdu[8] <= 1 && pdu[11] == 0);
		assert_true(pdu[9] <= pdu[10] && pdu[10] <= bits);
		for (unsigned i = pdu[9]; i < bits; i++)
			assert_int_equal(pdu[12 + i / 8] >> (7 - i % 8) & 1, 0);
		return;
	}
	assert_true(pdu[2] <= 1 && pdu[3] == 0);
	if (pdu[1] == 11) {
		assert_true(announce ? len >= 16 : len == 12);
		for (uint32_t i = 16; i < len; i += 4)
			assert_true(be32_load(pdu + i - 4) < be32_load(pdu + i) && be32_load(pdu + i - 4) != 0);
	}
}

/*
 * Take the payload PDUs of one response.  After a Reset Query the router holds
 * nothing.  Returns how many there were.
 */
static inline size_t
router_take(struct router *r, const unsigned char *data, size_t len)
{
	static unsigned char key[65536];
	const unsigned char *previous = NULL;
	size_t n = 0;

	for (size_t i = 0; i < r->count; i++)
		r->held[i].mentioned = false;
	for (; len; n++) {
		uint32_t pdu_len;
		size_t key_len, rest;
		bool announce;
		struct held *h;

		assert_true(len >= 8);
		pdu_len = be32_load(data + 4);
		assert_true(pdu_len >= 12 && pdu_len <= len);
		announce = data[1] == 4 || data[1] == 6 ? data[8] : data[2];
		check_pdu(r, data, pdu_len, announce);
		if (previous)
			assert_true(pdu_order(previous, data) < 0);
		key_len = pdu_key(data, pdu_len, key, &rest);
		h = router_find(r, key, key_len);
		if (h)
			assert_false(h->mentioned);
		if (announce) {
			if (h && data[1] != 11)
				fail_msg("announced what is there");
			if (h && h->len - h->key_len == pdu_len - rest)
				assert_memory_not_equal(h->bytes + h->key_len, data + rest, pdu_len - rest);
			h = h ? h : router_push(r);
			router_set(h, key, key_len, data + rest, pdu_len - rest);
			h->mentioned = true;
		} else {
			assert_non_null(h);
			free(h->bytes);
			*h = r->held[--r->count];
		}
		previous = data;
		data += pdu_len;
		len -= pdu_len;
	}
	return n;
}

/* What a router of this version has to hold of a table. */
static inline struct router
router_of(const struct vrpset *set, uint8_t version)
{
	struct router r = {.version = version};
	size_t n;
	const struct vrp *v = vrpset_vrps(set, &n);
	const struct router_key *k;
	const struct aspa *a;

	for (size_t i = 0; i < n; i++) {
		unsigned char key[32] = {v[i].prefix.family == FAMILY_IPV4 ? 4 : 6, v[i].prefix.len, v[i].maxlen};
		unsigned addr = key[0] == 4 ? 4 : 16;

		memcpy(key + 3, v[i].prefix.addr, addr);
		be32_store(key + 3 + addr, v[i].asn);
		router_set(router_push(&r), key, 3 + addr + 4, NULL, 0);
	}
	k = vrpset_router_keys(set, &n);
	for (size_t i = 0; i < n && version >= 1; i++) {
		unsigned char key[128] = {9};

		memcpy(key + 1, k[i].ski, 20);
		be32_store(key + 21, k[i].asn);
		assert_true(k[i].spki_len <= 100);
		memcpy(key + 25, k[i].spki, k[i].spki_len);
		router_set(router_push(&r), key, 25U + k[i].spki_len, NULL, 0);
	}
	a = vrpset_aspas(set, &n);
	for (size_t i = 0; i < n && version >= 2; i++) {
		unsigned char key[5] = {11}, providers[64];

		be32_store(key + 1, a[i].customer);
		assert_true(a[i].provider_count <= 16);
		for (uint32_t p = 0; p < a[i].provider_count; p++)
			be32_store(providers + 4 * p, a[i].providers[p]);
		router_set(router_push(&r), key, 5, providers, 4 * a[i].provider_count);
	}
	return r;
}

/* How many records of a are not in b just so. */
static inline size_t
router_lacks(const struct router *a, const struct router *b)
{
	size_t n = 0;

	for (size_t i = 0; i < a->count; i++) {
		const struct held *h = router_find(b, a->held[i].bytes, a->held[i].key_len);

		n += !h || h->len != a->held[i].len || memcmp(h->bytes, a->held[i].bytes, h->len) != 0;
	}
	return n;
}

static inline void
assert_router(const struct router *r, const struct vrpset *set)
{
	struct router want = router_of(set, r->version);

	assert_int_equal(r->count, want.count);
	assert_int_equal(router_lacks(r, &want), 0);
	router_release(&want);
}

#endif
