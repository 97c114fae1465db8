/* SPDX-License-Identifier: ISC */
/*
 * Random payloads and tables for property tests, drawn from a small universe
 * so that records meet again; and tables as text.
 */
#ifndef VRP_TEST_SETS_H
#define VRP_TEST_SETS_H

#include "test.h"

#include <sys/mman.h>
#include <unistd.h>

#include "line.h"
#include "names.h"
#include "payload.h"
#include "stream.h"
#include "vrpset.h"

/* A payload and the memory it borrows from. */
struct loose {
	struct payload p;
	uint32_t providers[8];
	uint8_t spki[8];
};

static inline uint32_t
random_asn(struct rng *rng)
{
	static const uint32_t asns[] = {0, 1, 2, 64496, 64497, 2147483648U, 4294967295U};

	return asns[rng_below(rng, ARRAY_LEN(asns))];
}

static inline struct vrp
random_vrp(struct rng *rng)
{
	static const char *const prefixes[] = {
		"0.0.0.0/0", "10.0.0.0/8", "10.0.0.0/9", "10.128.0.0/9", "11.0.0.0/8", "192.0.2.0/24", "192.0.2.0/25",
		"192.0.2.128/25", "203.0.113.255/32", "::/0", "2001:db8::/32", "2001:db8::/33", "2001:db8:8000::/33",
		"2001:db8::1/128", "fe80::/10", "::ffff:0:0/96",
	};
	const char *text = prefixes[rng_below(rng, ARRAY_LEN(prefixes))];
	struct vrp v = {.asn = random_asn(rng)};
	unsigned room;

	assert_true(prefix_parse(text, strlen(text), &v.prefix, NULL));
	room = prefix_bits((enum family)v.prefix.family) - v.prefix.len;
	v.maxlen = (uint8_t)(v.prefix.len + (room ? rng_below(rng, room > 2 ? 3 : room) : 0));
	return v;
}

/* With the chosen kind, annotations unknown. */
static inline void
random_payload(struct rng *rng, enum payload_kind kind, struct loose *out)
{
	struct payload *p = &out->p;

	memset(out, 0, sizeof(*out));
	p->kind = kind;
	switch (kind) {
	case PAYLOAD_VRP:
		p->vrp = random_vrp(rng);
		p->vrp.expires = EXPIRES_UNKNOWN;
		break;
	case PAYLOAD_ROUTER_KEY:
		p->key.asn = random_asn(rng);
		p->key.ski[rng_below(rng, 2) ? 0 : 19] = (uint8_t)rng_below(rng, 3);
		p->key.spki_len = (uint16_t)(1 + rng_below(rng, 3));
		p->key.spki = out->spki;
		out->spki[0] = (uint8_t)rng_below(rng, 2);
		p->key.expires = EXPIRES_UNKNOWN;
		break;
	case PAYLOAD_ASPA:
		p->aspa.customer = 64496 + rng_below(rng, 20);
		p->aspa.provider_count = 1 + rng_below(rng, 4);
		p->aspa.providers = out->providers;
		for (uint32_t i = 0; i < p->aspa.provider_count; i++)
			out->providers[i] = rng_below(rng, 5);
		p->aspa.expires = EXPIRES_UNKNOWN;
		break;
	}
}

static inline void
random_any(struct rng *rng, struct loose *out)
{
	static const enum payload_kind kinds[] = {
		PAYLOAD_VRP, PAYLOAD_VRP, PAYLOAD_VRP, PAYLOAD_ROUTER_KEY, PAYLOAD_ASPA,
	};

	random_payload(rng, kinds[rng_below(rng, ARRAY_LEN(kinds))], out);
}

static inline void
annotate(struct payload *p, uint16_t ta, uint32_t expires)
{
	switch (p->kind) {
	case PAYLOAD_VRP:
		p->vrp.ta = ta;
		p->vrp.expires = expires;
		break;
	case PAYLOAD_ROUTER_KEY:
		p->key.ta = ta;
		p->key.expires = expires;
		break;
	case PAYLOAD_ASPA:
		p->aspa.ta = ta;
		p->aspa.expires = expires;
		break;
	}
}

/* A table of up to n records of all kinds. */
static inline struct vrpset *
random_set(struct rng *rng, struct names *names, uint32_t n)
{
	struct vrpset_builder *b = vrpset_builder_new(names);
	struct vrpset *set;

	assert_non_null(b);
	for (n = rng_below(rng, n + 1); n > 0; n--) {
		struct loose l;

		random_any(rng, &l);
		assert_int_equal(vrpset_add(b, &l.p), 0);
	}
	set = vrpset_finish(b, NULL);
	assert_non_null(set);
	return set;
}

/* The same with annotations of a few kinds, so that they meet again, too. */
static inline struct vrpset *
random_annotated_set(struct rng *rng, struct names *names, uint32_t n)
{
	static const char *const anchors[] = {"-", "apnic", "ripe", "a%20b"};
	static const uint32_t expiries[] = {0, 5, 6, EXPIRES_MAX, EXPIRES_UNKNOWN};
	struct vrpset_builder *b = vrpset_builder_new(names);
	struct vrpset *set;

	assert_non_null(b);
	for (n = rng_below(rng, n + 1); n > 0; n--) {
		const char *anchor = anchors[rng_below(rng, ARRAY_LEN(anchors))];
		struct loose l;

		random_any(rng, &l);
		annotate(&l.p, (uint16_t)names_token(names, anchor, strlen(anchor)), expiries[rng_below(rng, ARRAY_LEN(expiries))]);
		assert_int_equal(vrpset_add(b, &l.p), 0);
	}
	set = vrpset_finish(b, NULL);
	assert_non_null(set);
	return set;
}

/* The set of these record lines. */
static inline struct vrpset *
set_of(struct names *names, const char *text)
{
	struct vrpset_builder *b = vrpset_builder_new(names);
	struct line_scratch scratch = {BUF_INIT};
	struct vrpset *set;

	while (*text) {
		size_t len = strcspn(text, "\n");
		struct payload p;
		struct vrp_err err;

		vrp_err_clear(&err);
		assert_case(line_parse(text, len, names, &scratch, &p, &err) == 0, "'%.*s': %s", (int)len, text, err.msg);
		assert_int_equal(vrpset_add(b, &p), 0);
		text += len + (text[len] == '\n');
	}
	line_scratch_release(&scratch);
	set = vrpset_finish(b, NULL);
	assert_non_null(set);
	return set;
}

/* All that was written to a memory file, NUL-terminated; the caller frees it.  Closes fd. */
static inline char *
memory_text(int fd, size_t *len)
{
	off_t size = lseek(fd, 0, SEEK_END);
	char *text = malloc((size_t)size + 1);

	assert_non_null(text);
	assert_int_equal(pread(fd, text, (size_t)size, 0), size);
	text[size] = '\0';
	assert_int_equal(close(fd), 0);
	if (len)
		*len = (size_t)size;
	return text;
}

static inline struct out
memory_out(void)
{
	struct out o;

	out_init(&o, memfd_create("test", MFD_CLOEXEC));
	assert_true(o.fd >= 0);
	return o;
}

static inline char *
memory_done(struct out *o, size_t *len)
{
	assert_int_equal(out_flush(o), 0);
	out_release(o);
	return memory_text(o->fd, len);
}

/* The records of a set as lines; the caller frees them. */
static inline char *
set_text(const struct vrpset *set)
{
	struct out o = memory_out();

	stream_write_records(&o, 0, set);
	return memory_done(&o, NULL);
}

#endif
