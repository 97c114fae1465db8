/* SPDX-License-Identifier: ISC */
/*
 * Any bytes as two files, the second behind the first NUL byte or, without one,
 * in the second half.  What is taken is JSON to jansson, too, and does what a
 * plain look at its tree says: each file filters as its entries do one by one,
 * and two files conflict when two of their entries do.
 */
#include <assert.h>
#include <jansson.h>

#include "../pieces.h"
#include "enc.h"
#include "slurm.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ENTRIES_MAX 256
#define PROBES_MAX 24

/* A filter or an assertion as the tree has it. */
struct entry {
	enum payload_kind kind;
	bool filter, has_prefix, has_asn, has_ski;
	struct prefix prefix;
	uint32_t asn;		/* or the customer */
	uint8_t ski[SKI_LEN];
};

struct file {
	const char *text;
	size_t len;
	bool taken;
	struct entry entries[ENTRIES_MAX];
	size_t count;
	bool all;		/* no more than ENTRIES_MAX */
};

/* The reader took it: whatever is there has to be well-formed. */
static void
take_entry(struct file *f, enum payload_kind kind, bool filter, const json_t *tree)
{
	struct entry *e = &f->entries[f->count];
	const json_t *v;

	if (f->count == ENTRIES_MAX) {
		f->all = false;
		return;
	}
	memset(e, 0, sizeof(*e));
	e->kind = kind;
	e->filter = filter;
	if ((v = json_object_get(tree, "prefix"))) {
		e->has_prefix = true;
		assert(prefix_parse(json_string_value(v), json_string_length(v), &e->prefix, NULL));
		assert(!prefix_has_host_bits(&e->prefix));
	}
	if ((v = json_object_get(tree, kind == PAYLOAD_ASPA ? "customerAsn" : "asn"))) {
		e->has_asn = true;
		assert(json_is_integer(v) && json_integer_value(v) >= 0 && json_integer_value(v) <= UINT32_MAX);
		e->asn = (uint32_t)json_integer_value(v);
	}
	if ((v = json_object_get(tree, "SKI"))) {
		unsigned char raw[32];

		e->has_ski = true;
		assert(json_string_length(v) == 27);
		assert(base64_decode(json_string_value(v), 27, BASE64_ANY, raw) == SKI_LEN);
		memcpy(e->ski, raw, SKI_LEN);
	}
	f->count++;
}

static void
take_tree(struct file *f, const json_t *tree)
{
	static const struct { const char *section, *list; enum payload_kind kind; bool filter; } lists[] = {
		{"validationOutputFilters", "prefixFilters", PAYLOAD_VRP, true},
		{"validationOutputFilters", "bgpsecFilters", PAYLOAD_ROUTER_KEY, true},
		{"validationOutputFilters", "aspaFilters", PAYLOAD_ASPA, true},
		{"locallyAddedAssertions", "prefixAssertions", PAYLOAD_VRP, false},
		{"locallyAddedAssertions", "bgpsecAssertions", PAYLOAD_ROUTER_KEY, false},
		{"locallyAddedAssertions", "aspaAssertions", PAYLOAD_ASPA, false},
	};
	json_int_t version = json_integer_value(json_object_get(tree, "slurmVersion"));

	assert(version == 1 || version == 2);
	f->count = 0;
	f->all = true;
	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		const json_t *list = json_object_get(json_object_get(tree, lists[i].section), lists[i].list);

		assert(json_is_array(list) == (version == 2 || lists[i].kind != PAYLOAD_ASPA));
		for (size_t k = 0; k < json_array_size(list); k++)
			take_entry(f, lists[i].kind, lists[i].filter, json_array_get(list, k));
	}
}

static bool
entry_removes(const struct entry *e, const struct payload *p)
{
	if (!e->filter || e->kind != p->kind)
		return false;
	switch (p->kind) {
	case PAYLOAD_VRP:
		return (!e->has_prefix || prefix_covers(&e->prefix, &p->vrp.prefix)) && (!e->has_asn || e->asn == p->vrp.asn);
	case PAYLOAD_ROUTER_KEY:
		return (!e->has_ski || memcmp(e->ski, p->key.ski, SKI_LEN) == 0) && (!e->has_asn || e->asn == p->key.asn);
	case PAYLOAD_ASPA:
		return e->asn == p->aspa.customer;
	}
	return false;
}

static void
probe(const struct slurm *s, const struct file *f, const struct payload *p)
{
	bool want = false;

	for (size_t i = 0; i < f->count; i++)
		want |= entry_removes(&f->entries[i], p);
	assert(slurm_removes(s, p) == want);
}

/* Records that a prefix and an AS of the file suggest: the prefix, one that holds it, its neighbour, one within. */
static void
probe_vrps(const struct slurm *s, const struct file *f, struct prefix prefix, uint32_t asn)
{
	struct payload p = {.kind = PAYLOAD_VRP};
	struct prefix *q = &p.vrp.prefix;

	*q = prefix;
	p.vrp.maxlen = q->len;
	p.vrp.asn = asn;
	probe(s, f, &p);
	if (q->len) {
		q->addr[(q->len - 1) / 8] ^= (uint8_t)(0x80 >> (q->len - 1) % 8);
		probe(s, f, &p);
		q->len--;
		prefix_clear_host_bits(q);
		probe(s, f, &p);
	}
	*q = prefix;
	if (q->len < prefix_bits((enum family)q->family)) {
		q->addr[q->len / 8] |= (uint8_t)(0x80 >> q->len % 8);
		q->len++;
		probe(s, f, &p);
	}
}

/* Every pair of entries gives its values to one probe. */
static void
probe_all(const struct slurm *s, const struct file *f)
{
	static const struct prefix all4 = {.family = FAMILY_IPV4}, all6 = {.family = FAMILY_IPV6};
	static const uint8_t spki[1];
	size_t count = f->count < PROBES_MAX ? f->count : PROBES_MAX;

	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k < count; k++) {
			struct payload p = {.kind = PAYLOAD_ROUTER_KEY};

			if (f->entries[i].has_prefix)
				probe_vrps(s, f, f->entries[i].prefix, f->entries[k].asn);
			p.key.asn = f->entries[i].asn;
			memcpy(p.key.ski, f->entries[k].ski, SKI_LEN);
			p.key.spki = spki;
			p.key.spki_len = 1;
			probe(s, f, &p);
		}
		probe_vrps(s, f, all4, f->entries[i].asn);
		probe_vrps(s, f, all6, f->entries[i].asn + 1);
		probe(s, f, &(struct payload){.kind = PAYLOAD_ASPA, .aspa.customer = f->entries[i].asn});
	}
}

/* What is asserted is there, and applying to nothing gives just that. */
static void
check_assertions(const struct slurm *s, const struct file *f, struct names *names)
{
	struct vrpset *empty = vrpset_empty(names), *got = slurm_apply(s, empty, NULL, NULL);
	size_t asserted = 0;

	assert(empty && got && vrpset_same(got, slurm_assertions(s)));
	assert(vrpset_first_expiry(got) == EXPIRES_UNKNOWN);
	for (size_t i = 0; i < f->count; i++)
		asserted += !f->entries[i].filter;
	if (f->all)
		assert(vrpset_count(got) <= asserted && slurm_filter_count(s) == f->count - asserted);
	vrpset_unref(got);
	vrpset_unref(empty);
}

static void
run_one(struct file *f, size_t piece, struct names *names)
{
	struct pieces pieces = {f->text, f->len, piece};
	struct feed_input in = {pieces_read, &pieces};
	struct slurm_builder *b = slurm_builder_new(names);
	struct vrp_err err = {0};
	struct slurm *s;
	json_t *tree;

	f->taken = slurm_read(b, "file", &in, &err) == 0;
	if (!f->taken) {
		assert(err.msg[0] && err.line && err.column);
		slurm_builder_free(b);
		return;
	}
	assert(pieces.len == 0);
	tree = json_loadb(f->text, f->len, JSON_REJECT_DUPLICATES, NULL);
	assert(tree);
	take_tree(f, tree);
	json_decref(tree);
	s = slurm_finish(b, &err);
	/* Only joined ASPAs can still be too many. */
	assert(s || err.msg[0]);
	if (s) {
		probe_all(s, f);
		check_assertions(s, f, names);
	}
	slurm_free(s);
}

static bool
entries_conflict(const struct entry *a, const struct entry *b)
{
	if (a->kind != b->kind)
		return false;
	if (a->kind == PAYLOAD_VRP)
		return a->has_prefix && b->has_prefix &&
		       (prefix_covers(&a->prefix, &b->prefix) || prefix_covers(&b->prefix, &a->prefix));
	return a->has_asn && b->has_asn && a->asn == b->asn;
}

static void
run_two(const struct file *x, const struct file *y, struct names *names)
{
	struct slurm_builder *b = slurm_builder_new(names);
	const struct file *files[] = {x, y};
	struct vrp_err err = {0};
	bool conflict = false;
	struct slurm *s;

	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		struct pieces pieces = {files[i]->text, files[i]->len, SIZE_MAX};
		struct feed_input in = {pieces_read, &pieces};

		assert(slurm_read(b, i ? "second" : "first", &in, &err) == 0);
	}
	for (size_t i = 0; i < x->count; i++)
		for (size_t k = 0; k < y->count; k++)
			conflict |= entries_conflict(&x->entries[i], &y->entries[k]);
	s = slurm_finish(b, &err);
	if (x->all && y->all)
		assert((s == NULL) == conflict || (!s && !strstr(err.msg, "conflict")));
	slurm_free(s);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct file x, y;
	struct names *names = names_new();
	const uint8_t *nul = memchr(data, 0, size);

	assert(names);
	x.text = (const char *)data;
	x.len = nul ? (size_t)(nul - data) : size / 2;
	y.text = x.text + x.len + (nul != NULL);
	y.len = size - x.len - (nul != NULL);
	run_one(&x, SIZE_MAX, names);
	run_one(&y, 1 + size % 7, names);
	if (x.taken)
		run_two(&x, &x, names);
	if (x.taken && y.taken)
		run_two(&x, &y, names);
	names_unref(names);
	return 0;
}
