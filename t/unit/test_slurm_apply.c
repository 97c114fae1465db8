/* SPDX-License-Identifier: ISC */
/*
 * What exceptions do to a table, and files to each other: held against models
 * that look at every filter as it was written, and at every pair of entries.
 */
#include "test.h"

#include "exceptions.h"
#include "sets.h"

#define ENTRIES_MAX 40

/* An exception as written: a filter or an assertion of any kind. */
struct entry {
	bool filter;
	bool has_prefix, has_asn, has_ski;	/* of filters */
	struct loose l;				/* values; the AS of a VRP is vrp.asn, and so on */
};

struct file {
	struct entry e[ENTRIES_MAX];
	size_t count;
};

/* Prefixes that nest deeply: a few bits of a few bases. */
static struct prefix
random_prefix(struct rng *rng)
{
	static const uint8_t bytes[] = {0x00, 0x0a, 0x0b, 0x80, 0xff};
	struct prefix p = {.family = rng_below(rng, 2) ? FAMILY_IPV4 : FAMILY_IPV6};
	unsigned bits = prefix_bits((enum family)p.family);

	for (unsigned i = 0; i < bits / 8; i++)
		p.addr[i] = rng_below(rng, 3) ? 0x0a : bytes[rng_below(rng, ARRAY_LEN(bytes))];
	p.len = (uint8_t)(rng_below(rng, 4) ? rng_below(rng, bits + 1) : rng_below(rng, 9));
	prefix_clear_host_bits(&p);
	return p;
}

static void
random_entry(struct rng *rng, struct entry *e)
{
	*e = (struct entry){.filter = rng_below(rng, 3)};
	random_any(rng, &e->l);
	switch (e->l.p.kind) {
	case PAYLOAD_VRP:
		e->l.p.vrp.prefix = random_prefix(rng);
		e->l.p.vrp.maxlen = e->l.p.vrp.prefix.len;
		e->has_prefix = rng_below(rng, 3);
		e->has_asn = !e->has_prefix || rng_below(rng, 2);
		break;
	case PAYLOAD_ROUTER_KEY:
		e->has_ski = rng_below(rng, 2);
		e->has_asn = !e->has_ski || rng_below(rng, 2);
		break;
	case PAYLOAD_ASPA:
		e->l.p.aspa.provider_count = 1;
		e->l.providers[0] = rng_below(rng, 5);
		break;
	}
}

static void
random_file(struct rng *rng, struct file *f, uint32_t most)
{
	f->count = rng_below(rng, most + 1);
	for (size_t i = 0; i < f->count; i++)
		random_entry(rng, &f->e[i]);
}

static void
add_prefix(struct buf *out, const struct prefix *p)
{
	char text[PREFIX_TEXT_MAX];

	*prefix_format(text, p) = '\0';
	assert_int_equal(buf_addf(out, ",\"prefix\":\"%s\"", text), 0);
}

/* Base64url by hand, so that the tests don't lean on the codec that they test. */
static void
add_base64(struct buf *out, const char *member, const uint8_t *data, size_t len)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

	assert_int_equal(buf_addf(out, ",\"%s\":\"", member), 0);
	for (size_t bit = 0; bit < 8 * len; bit += 6) {
		unsigned pair = (unsigned)data[bit / 8] << 8 | (bit / 8 + 1 < len ? data[bit / 8 + 1] : 0);

		assert_int_equal(buf_add(out, &digits[pair >> (10 - bit % 8) & 63], 1), 0);
	}
	assert_int_equal(buf_add(out, "\"", 1), 0);
}

static void
add_entry(struct buf *out, const struct entry *e)
{
	const struct payload *p = &e->l.p;
	int rc = buf_addf(out, "{\"comment\":\"\"");

	switch (p->kind) {
	case PAYLOAD_VRP:
		if (!e->filter || e->has_prefix)
			add_prefix(out, &p->vrp.prefix);
		if (!e->filter || e->has_asn)
			rc |= buf_addf(out, ",\"asn\":%u", p->vrp.asn);
		if (!e->filter)
			rc |= buf_addf(out, ",\"maxPrefixLength\":%u", p->vrp.maxlen);
		break;
	case PAYLOAD_ROUTER_KEY:
		if (!e->filter || e->has_ski)
			add_base64(out, "SKI", p->key.ski, SKI_LEN);
		if (!e->filter || e->has_asn)
			rc |= buf_addf(out, ",\"asn\":%u", p->key.asn);
		if (!e->filter)
			add_base64(out, "routerPublicKey", p->key.spki, p->key.spki_len);
		break;
	case PAYLOAD_ASPA:
		rc |= buf_addf(out, ",\"customerAsn\":%u", p->aspa.customer);
		if (!e->filter)
			rc |= buf_addf(out, ",\"providerAsns\":[%u]", p->aspa.providers[0]);
		break;
	}
	rc |= buf_addf(out, "}");
	assert_int_equal(rc, 0);
}

/* The file as version 2; the caller frees it. */
static char *
file_text(const struct file *f)
{
	static const struct { const char *head; enum payload_kind kind; bool filter; } lists[] = {
		{"{\"slurmVersion\":2,\"validationOutputFilters\":{\"prefixFilters\":[", PAYLOAD_VRP, true},
		{"],\"bgpsecFilters\":[", PAYLOAD_ROUTER_KEY, true},
		{"],\"aspaFilters\":[", PAYLOAD_ASPA, true},
		{"]},\"locallyAddedAssertions\":{\"prefixAssertions\":[", PAYLOAD_VRP, false},
		{"],\"bgpsecAssertions\":[", PAYLOAD_ROUTER_KEY, false},
		{"],\"aspaAssertions\":[", PAYLOAD_ASPA, false},
	};
	struct buf out = BUF_INIT;

	for (size_t k = 0; k < ARRAY_LEN(lists); k++) {
		bool first = true;

		assert_int_equal(buf_addf(&out, "%s", lists[k].head), 0);
		for (size_t i = 0; i < f->count; i++) {
			if (f->e[i].l.p.kind != lists[k].kind || f->e[i].filter != lists[k].filter)
				continue;
			assert_int_equal(first ? 0 : buf_add(&out, ",", 1), 0);
			first = false;
			add_entry(&out, &f->e[i]);
		}
	}
	assert_int_equal(buf_add(&out, "]}}", 4), 0);
	return out.data;
}

/* As prefix_covers(), bit by bit. */
static bool
bits_cover(const struct prefix *outer, const struct prefix *inner)
{
	if (outer->family != inner->family || outer->len > inner->len)
		return false;
	for (unsigned i = 0; i < outer->len; i++)
		if ((outer->addr[i / 8] ^ inner->addr[i / 8]) >> (7 - i % 8) & 1)
			return false;
	return true;
}

static bool
entry_removes(const struct entry *e, const struct payload *p)
{
	const struct payload *f = &e->l.p;

	if (!e->filter || f->kind != p->kind)
		return false;
	switch (p->kind) {
	case PAYLOAD_VRP:
		return (!e->has_prefix || bits_cover(&f->vrp.prefix, &p->vrp.prefix)) &&
		       (!e->has_asn || f->vrp.asn == p->vrp.asn);
	case PAYLOAD_ROUTER_KEY:
		return (!e->has_ski || memcmp(f->key.ski, p->key.ski, SKI_LEN) == 0) &&
		       (!e->has_asn || f->key.asn == p->key.asn);
	case PAYLOAD_ASPA:
		return f->aspa.customer == p->aspa.customer;
	}
	return false;
}

static bool
file_removes(const struct file *f, const struct payload *p)
{
	for (size_t i = 0; i < f->count; i++)
		if (entry_removes(&f->e[i], p))
			return true;
	return false;
}

/* A record that a filter of the file may well match: near one of its prefixes. */
static void
random_probe(struct rng *rng, const struct file *f, struct loose *out)
{
	const struct entry *near = f->count ? &f->e[rng_below(rng, (uint32_t)f->count)] : NULL;

	random_any(rng, out);
	if (out->p.kind != PAYLOAD_VRP)
		return;
	out->p.vrp.prefix = random_prefix(rng);
	if (near && near->l.p.kind == PAYLOAD_VRP && rng_below(rng, 3)) {
		struct prefix *p = &out->p.vrp.prefix;
		unsigned bits, len = near->l.p.vrp.prefix.len;

		*p = near->l.p.vrp.prefix;
		bits = prefix_bits((enum family)p->family);
		len = len + rng_below(rng, 4) > 1 ? len + rng_below(rng, 4) - 1 : 0;
		p->len = (uint8_t)(len > bits ? bits : len);
		if (rng_below(rng, 2) && p->len)
			p->addr[(p->len - 1) / 8] ^= (uint8_t)(0x80 >> (p->len - 1) % 8);
		prefix_clear_host_bits(p);
		out->p.vrp.asn = near->l.p.vrp.asn;
	}
	out->p.vrp.maxlen = out->p.vrp.prefix.len;
}

static void
test_removes(void **state)
{
	struct names *names = names_new();
	struct rng rng = {1};
	size_t hits = 0, probes = 0;

	(void)state;
	for (int round = 0; round < 1500; round++) {
		struct file f;
		struct slurm *s;
		char *text;

		random_file(&rng, &f, round % 2 ? 4 : ENTRIES_MAX);
		text = file_text(&f);
		s = good_slurm(names, text);
		for (int i = 0; i < 100; i++, probes++) {
			struct loose probe;
			bool want;

			random_probe(&rng, &f, &probe);
			want = file_removes(&f, &probe.p);
			hits += want;
			assert_case(slurm_removes(s, &probe.p) == want, "round %d, probe %d: %s", round, i, text);
			assert_case(probe.p.kind != PAYLOAD_VRP || slurm_removes_vrp(s, &probe.p.vrp) == want, "%s", text);
		}
		slurm_free(s);
		free(text);
	}
	/* Both answers were asked for. */
	assert_in_range(hits, probes / 10, probes * 9 / 10);
	names_unref(names);
}

/* Ten thousand ASes in the hash table, half of them with a prefix of their own. */
static void
test_many_filters(void **state)
{
	enum { COUNT = 10000 };
	struct names *names = names_new();
	struct buf text = BUF_INIT;
	struct slurm *s;
	int rc = buf_addf(&text, "{\"slurmVersion\":1,\"validationOutputFilters\":{\"prefixFilters\":[");

	(void)state;
	for (unsigned i = 0; i < COUNT; i++) {
		if (i % 2)
			rc |= buf_addf(&text, ",{\"asn\":%u}", i);
		else
			rc |= buf_addf(&text, "%s{\"prefix\":\"10.%u.%u.0/24\",\"asn\":%u}", i ? "," : "", i / 256, i % 256, i);
	}
	rc |= buf_addf(&text, "],\"bgpsecFilters\":[]},\"locallyAddedAssertions\":{\"prefixAssertions\":[],"
			      "\"bgpsecAssertions\":[]}}");
	rc |= buf_add(&text, "", 1);
	assert_int_equal(rc, 0);
	s = good_slurm(names, text.data);
	assert_int_equal(slurm_filter_count(s), COUNT);
	for (unsigned i = 0; i < COUNT + 100; i++) {
		struct vrp v = {.prefix = {{10, (uint8_t)(i / 256), (uint8_t)i}, FAMILY_IPV4, 24}, .maxlen = 24, .asn = i};

		assert_int_equal(slurm_removes_vrp(s, &v), i < COUNT);
		v.prefix.addr[0] = 11;
		assert_int_equal(slurm_removes_vrp(s, &v), i < COUNT && i % 2);
		v.prefix.addr[0] = 10;
		v.asn = i + 1;
		assert_int_equal(slurm_removes_vrp(s, &v), v.asn < COUNT && v.asn % 2);
	}
	slurm_free(s);
	buf_release(&text);
	names_unref(names);
}

/* A set as a list of its records, to model what happens to each. */
static void
for_each_record(const struct vrpset *set, void (*fn)(void *ctx, const struct payload *p), void *ctx)
{
	size_t n;
	const struct vrp *vrps = vrpset_vrps(set, &n);

	for (size_t i = 0; i < n; i++)
		fn(ctx, &(struct payload){.kind = PAYLOAD_VRP, .vrp = vrps[i]});
	const struct router_key *keys = vrpset_router_keys(set, &n);
	for (size_t i = 0; i < n; i++)
		fn(ctx, &(struct payload){.kind = PAYLOAD_ROUTER_KEY, .key = keys[i]});
	const struct aspa *aspas = vrpset_aspas(set, &n);
	for (size_t i = 0; i < n; i++)
		fn(ctx, &(struct payload){.kind = PAYLOAD_ASPA, .aspa = aspas[i]});
}

struct model {
	const struct file *file;
	struct vrpset_builder *out;
};

static bool
file_asserts(const struct file *f, const struct payload *p)
{
	for (size_t i = 0; i < f->count; i++) {
		const struct payload *a = &f->e[i].l.p;

		if (f->e[i].filter || a->kind != p->kind)
			continue;
		if (p->kind == PAYLOAD_VRP ? vrp_cmp(&a->vrp, &p->vrp) == 0
					   : p->kind == PAYLOAD_ROUTER_KEY && router_key_cmp(&a->key, &p->key) == 0)
			return true;
	}
	return false;
}

static void
model_record(void *ctx, const struct payload *p)
{
	struct model *m = ctx;

	if (!file_removes(m->file, p) && !file_asserts(m->file, p))
		assert_int_equal(vrpset_add(m->out, p), 0);
}

static struct vrpset *
model_apply(const struct file *f, const struct vrpset *set)
{
	struct model m = {f, vrpset_builder_new(vrpset_names(set))};

	for_each_record(set, model_record, &m);
	for (size_t i = 0; i < f->count; i++)
		if (!f->e[i].filter)
			assert_int_equal(vrpset_add(m.out, &f->e[i].l.p), 0);
	return vrpset_finish(m.out, NULL);
}

/* A table of records near the file's, some of them what it asserts, with annotations. */
static struct vrpset *
random_table(struct rng *rng, struct names *names, const struct file *f)
{
	struct vrpset_builder *b = vrpset_builder_new(names);

	for (uint32_t n = rng_below(rng, 60); n > 0; n--) {
		struct loose l;

		random_probe(rng, f, &l);
		annotate(&l.p, (uint16_t)names_token(names, rng_below(rng, 2) ? "ripe" : "apnic", rng_below(rng, 2) ? 4 : 3),
			 rng_below(rng, 3) ? 1000 + rng_below(rng, 9) : EXPIRES_UNKNOWN);
		assert_int_equal(vrpset_add(b, &l.p), 0);
	}
	for (size_t i = 0; i < f->count; i++) {
		struct payload p = f->e[i].l.p;

		annotate(&p, 1, 1000);
		if (!f->e[i].filter && rng_below(rng, 3) == 0)
			assert_int_equal(vrpset_add(b, &p), 0);
	}
	return vrpset_finish(b, NULL);
}

static void
test_apply(void **state)
{
	struct names *names = names_new();
	struct rng rng = {2};
	size_t unchanged = 0;

	(void)state;
	assert_int_equal(names_token(names, "ripe", 4), 1);
	for (int round = 0; round < 2000; round++) {
		struct vrpset *set, *got, *want;
		struct slurm_counts counts;
		struct vrp_err err = {0};
		struct file f;
		struct slurm *s;
		char *text, *got_text, *want_text;

		random_file(&rng, &f, round % 2 ? 3 : ENTRIES_MAX);
		text = file_text(&f);
		s = good_slurm(names, text);
		set = random_table(&rng, names, &f);
		got = slurm_apply(s, set, &counts, &err);
		assert_case(got, "%s: %s", text, err.msg);
		assert_int_equal(counts.asserted, vrpset_count(slurm_assertions(s)));
		assert_int_equal(counts.kept + counts.asserted, vrpset_count(got));
		assert_true(counts.kept + counts.removed <= vrpset_count(set));
		unchanged += got == set;
		want = model_apply(&f, set);
		got_text = set_text(got);
		want_text = set_text(want);
		assert_case(strcmp(got_text, want_text) == 0, "round %d: %s gave\n%s\nnot\n%s", round, text, got_text, want_text);
		free(got_text);
		free(want_text);
		free(text);
		vrpset_unref(got);
		vrpset_unref(want);
		vrpset_unref(set);
		slurm_free(s);
	}
	assert_in_range(unchanged, 10, 1990);
	names_unref(names);
}

static void
expect_applied(const char *file, const char *before, const char *after)
{
	struct names *names = names_new();
	struct slurm *s = good_slurm(names, file);
	struct vrpset *set = set_of(names, before), *got = slurm_apply(s, set, NULL, NULL);
	char *text = set_text(got);

	assert_case(strcmp(text, after) == 0, "%s made of %s\n%s", file, before, text);
	free(text);
	vrpset_unref(got);
	vrpset_unref(set);
	slurm_free(s);
	names_unref(names);
}

static void
test_apply_examples(void **state)
{
	(void)state;
	/* The maximum length plays no part; a shorter prefix than the filter's stays. */
	expect_applied(V1("{\"prefix\":\"10.0.0.0/16\"}", "", "", ""),
		       "10.0.0.0/15 24 AS1 ripe 1000\n10.0.0.0/16 16 AS1 ripe 1000\n10.0.255.0/24 32 AS2 - -\n10.1.0.0/16 16 AS1 - -\n",
		       "10.0.0.0/15 24 AS1 ripe 1000\n10.1.0.0/16 16 AS1 - -\n");
	/* An assertion is not filtered, and stands in place of what the data has. */
	expect_applied(V1("{\"asn\":1}", "", "{\"asn\":1,\"prefix\":\"10.0.0.0/8\"},{\"asn\":2,\"prefix\":\"11.0.0.0/8\"}", ""),
		       "10.0.0.0/8 8 AS1 ripe 1000\n10.0.0.0/8 9 AS1 ripe 1000\n11.0.0.0/8 8 AS2 ripe 1000\n",
		       "10.0.0.0/8 8 AS1 - -\n11.0.0.0/8 8 AS2 - -\n");
	/* Version 1 has nothing to do with ASPAs. */
	expect_applied(V1("{\"asn\":1}", "{\"asn\":1}", "", ""), "aspa AS1 AS2 ripe 1000\n", "aspa AS1 AS2 ripe 1000\n");
	/* An assertion joins; with a filter it replaces. */
	expect_applied(V2("", "", "", "", "", "{\"customerAsn\":1,\"providerAsns\":[3]}"),
		       "aspa AS1 AS2,AS4 ripe 1000\naspa AS9 AS2 ripe 1000\n",
		       "aspa AS1 AS2,AS3,AS4 - -\naspa AS9 AS2 ripe 1000\n");
	expect_applied(V2("", "", "{\"customerAsn\":1}", "", "", "{\"customerAsn\":1,\"providerAsns\":[3]}"),
		       "aspa AS1 AS2,AS4 ripe 1000\naspa AS9 AS2 ripe 1000\n", "aspa AS1 AS3 - -\naspa AS9 AS2 ripe 1000\n");
	/* AS0 says that there are no providers; one that is asserted beside it says more. */
	expect_applied(V2("", "", "", "", "", "{\"customerAsn\":1,\"providerAsns\":[3]}"), "aspa AS1 AS0 - -\n",
		       "aspa AS1 AS3 - -\n");
}

/* Joined ASPAs may have too many providers: an error, no crash, no cut list. */
static void
test_apply_too_many(void **state)
{
	struct names *names = names_new();
	struct slurm *s = good_slurm(names, V2("", "", "", "", "", "{\"customerAsn\":1,\"providerAsns\":[4294967295]}"));
	uint32_t *providers = malloc(ASPA_PROVIDERS_MAX * sizeof(*providers));
	struct aspa aspa = {.customer = 1, .provider_count = ASPA_PROVIDERS_MAX, .providers = providers};
	struct vrpset_builder *b = vrpset_builder_new(names);
	struct vrp_err err = {0};
	struct vrpset *set;

	(void)state;
	for (uint32_t i = 0; i < ASPA_PROVIDERS_MAX; i++)
		providers[i] = 2 + i;
	assert_int_equal(vrpset_add_aspa(b, &aspa), 0);
	set = vrpset_finish(b, NULL);
	assert_null(slurm_apply(s, set, NULL, &err));
	assert_string_equal(err.msg, "the ASPAs of AS1 have 16381 providers together, more than 16380");
	vrpset_unref(set);
	free(providers);
	slurm_free(s);
	names_unref(names);
}

/* Do the two entries meet, section 4.2? */
static bool
entries_conflict(const struct entry *a, const struct entry *b)
{
	const struct payload *p = &a->l.p, *q = &b->l.p;

	if (p->kind != q->kind)
		return false;
	switch (p->kind) {
	case PAYLOAD_VRP:
		if ((a->filter && !a->has_prefix) || (b->filter && !b->has_prefix))
			return false;
		return bits_cover(&p->vrp.prefix, &q->vrp.prefix) || bits_cover(&q->vrp.prefix, &p->vrp.prefix);
	case PAYLOAD_ROUTER_KEY:
		return (!a->filter || a->has_asn) && (!b->filter || b->has_asn) && p->key.asn == q->key.asn;
	case PAYLOAD_ASPA:
		return p->aspa.customer == q->aspa.customer;
	}
	return false;
}

static bool
files_conflict(const struct file *a, const struct file *b)
{
	for (size_t i = 0; i < a->count; i++)
		for (size_t k = 0; k < b->count; k++)
			if (entries_conflict(&a->e[i], &b->e[k]))
				return true;
	return false;
}

static void
test_conflicts(void **state)
{
	struct names *names = names_new();
	struct rng rng = {3};
	size_t conflicts = 0;

	(void)state;
	for (int round = 0; round < 4000; round++) {
		struct file f[3];
		struct slurm_builder *b = slurm_builder_new(names);
		struct vrp_err err = {0};
		struct slurm *s;
		bool want = false;

		for (size_t i = 0; i < ARRAY_LEN(f); i++) {
			static const char *const name[] = {"a", "b", "c"};
			char *text;

			random_file(&rng, &f[i], round % 2 ? 3 : 6);
			text = file_text(&f[i]);
			assert_case(read_file_text(b, name[i], text, strlen(text), SIZE_MAX, &err) == 0, "%s", text);
			free(text);
			for (size_t k = 0; k < i; k++)
				want |= files_conflict(&f[k], &f[i]);
		}
		s = slurm_finish(b, &err);
		assert_case(!s == want, "round %d: %s", round, s ? "no conflict was found" : err.msg);
		assert_case(s || strstr(err.msg, " conflict: "), "%s", err.msg);
		conflicts += want;
		slurm_free(s);
	}
	assert_in_range(conflicts, 400, 3600);
	names_unref(names);
}

static void
expect_conflict(const char *a, const char *b, const char *msg)
{
	struct names *names = names_new();
	struct vrp_err err = {.line = 7, .column = 7};
	struct slurm *s = slurm_of_two(names, a, b, &err);

	assert_case(!s == !!msg, "%s\n%s\n%s", a, b, s ? "no conflict" : err.msg);
	assert_case(s || strcmp(err.msg, msg) == 0, "%s\n%s\n%s", a, b, err.msg);
	assert_case(s || (err.line == 0 && err.column == 0), "%s has a line", err.msg);
	slurm_free(s);
	names_unref(names);
}

#define PF(prefix) V1("{\"prefix\":\"" prefix "\"}", "", "", "")
#define PA(prefix) V1("", "", "{\"prefix\":\"" prefix "\",\"asn\":1}", "")
#define KF(members) V1("", "{" members "}", "", "")
#define KA(asn) V1("", "", "", "{\"asn\":" asn ",\"SKI\":\"MTIzNDU2Nzg5MDEyMzQ1Njc4OTA\",\"routerPublicKey\":\"AA\"}")
#define SKI "\"SKI\":\"MTIzNDU2Nzg5MDEyMzQ1Njc4OTA\""

static void
test_conflict_messages(void **state)
{
	(void)state;
	expect_conflict(PF("10.0.0.0/8"), PF("10.1.0.0/16"), "'a.json' and 'b.json' conflict: 10.0.0.0/8 and 10.1.0.0/16 overlap");
	expect_conflict(PF("10.1.0.0/16"), PA("10.0.0.0/8"), "'a.json' and 'b.json' conflict: 10.1.0.0/16 and 10.0.0.0/8 overlap");
	expect_conflict(PA("2001:db8::/32"), PA("2001:db8::/32"), "'a.json' and 'b.json' conflict: both speak of 2001:db8::/32");
	expect_conflict(PA("0.0.0.0/0"), PA("255.255.255.255/32"),
			"'a.json' and 'b.json' conflict: 0.0.0.0/0 and 255.255.255.255/32 overlap");
	expect_conflict(PA("0.0.0.0/0"), PA("::/0"), NULL);
	expect_conflict(PA("10.0.0.0/9"), PA("10.128.0.0/9"), NULL);
	/* An AS without a prefix is no address. */
	expect_conflict(V1("{\"asn\":1}", "", "", ""), V1("{\"asn\":1}", "", "", ""), NULL);
	expect_conflict(V1("{\"asn\":1}", "", "", ""), PA("10.0.0.0/8"), NULL);
	expect_conflict(KF("\"asn\":5"), KA("5"), "'a.json' and 'b.json' conflict: both speak of router keys of AS5");
	expect_conflict(KF("\"asn\":5"), KA("6"), NULL);
	expect_conflict(KF(SKI), KF(SKI), NULL);
	expect_conflict(KF(SKI ",\"asn\":5"), KF("\"asn\":5"), "'a.json' and 'b.json' conflict: both speak of router keys of AS5");
	expect_conflict(V2("", "", "{\"customerAsn\":5}", "", "", ""), V2("", "", "", "", "", "{\"customerAsn\":5,\"providerAsns\":[1]}"),
			"'a.json' and 'b.json' conflict: both speak of ASPAs of AS5");
	/* An AS is not the same in all of its roles. */
	expect_conflict(V2("", "", "{\"customerAsn\":5}", "", "", ""), KA("5"), NULL);
	/* Within a file all of this may be; version 1 and 2 go together. */
	expect_conflict(V2("{\"prefix\":\"10.0.0.0/8\"},{\"prefix\":\"10.0.0.0/9\"}", "{\"asn\":1},{\"asn\":1}",
			   "{\"customerAsn\":1},{\"customerAsn\":1}", "{\"prefix\":\"10.0.0.0/8\",\"asn\":1}", "", ""),
			PF("11.0.0.0/8"), NULL);
}

static void
test_conflict_names(void **state)
{
	static const char hostile[] = "\033[2J\n\xff.json";
	static const char v6a[] = PA("2001:db80:1111:1111:1111:1111:1111:1100/120");
	static const char v6b[] = PA("2001:db80:1111:1111:1111:1111:1111:1111/128");
	struct names *names = names_new();
	struct slurm_builder *b = slurm_builder_new(names);
	struct vrp_err err = {0};
	char name[300];

	(void)state;
	/* The same name twice is two files; the tail of a long one is shown, and all of the message fits. */
	memset(name, 'd', sizeof(name));
	snprintf(name + 250, sizeof(name) - 250, "/the-end.json");
	assert_int_equal(read_file_text(b, name, v6a, strlen(v6a), SIZE_MAX, &err), 0);
	assert_int_equal(read_file_text(b, name, v6b, strlen(v6b), SIZE_MAX, &err), 0);
	assert_null(slurm_finish(b, &err));
	assert_string_equal(err.msg,
			    "'...ddddddddddddddddddddddddddddddddddddddddddd/the-end.json' and "
			    "'...ddddddddddddddddddddddddddddddddddddddddddd/the-end.json' conflict: "
			    "2001:db80:1111:1111:1111:1111:1111:1100/120 and 2001:db80:1111:1111:1111:1111:1111:1111/128 overlap");
	/* Nothing of a name reaches a terminal raw; the name was copied. */
	b = slurm_builder_new(names);
	snprintf(name, sizeof(name), "%s", hostile);
	assert_int_equal(read_file_text(b, name, v6a, strlen(v6a), SIZE_MAX, &err), 0);
	memset(name, 'x', sizeof(name));
	assert_int_equal(read_file_text(b, "-", v6a, strlen(v6a), SIZE_MAX, &err), 0);
	assert_null(slurm_finish(b, &err));
	assert_string_equal(err.msg, "'?[2J??.json' and '-' conflict: both speak of 2001:db80:1111:1111:1111:1111:1111:1100/120");
	names_unref(names);
}

/* Ten thousand entries in each of two files. */
static char *
many_text(unsigned base, bool meet)
{
	struct buf out = BUF_INIT;
	int rc = buf_addf(&out, "{\"slurmVersion\":1,\"validationOutputFilters\":{\"prefixFilters\":[{\"asn\":1}");

	for (unsigned i = 0; i < 10000; i++)
		rc |= buf_addf(&out, ",{\"prefix\":\"%u.%u.%u.0/%u\"}", base, i / 64 % 256, i % 64 * 4, 22 + i % 3);
	if (meet)
		rc |= buf_addf(&out, ",{\"prefix\":\"11.5.8.192/26\"}");
	rc |= buf_addf(&out, "],\"bgpsecFilters\":[]},\"locallyAddedAssertions\":{\"prefixAssertions\":[],\"bgpsecAssertions\":[]}}");
	rc |= buf_add(&out, "", 1);
	assert_int_equal(rc, 0);
	return out.data;
}

static void
test_many_conflicts(void **state)
{
	char *a = many_text(10, false), *b = many_text(11, false), *c = many_text(10, true);

	(void)state;
	expect_conflict(a, b, NULL);
	expect_conflict(c, b, "'a.json' and 'b.json' conflict: 11.5.8.192/26 and 11.5.8.0/23 overlap");
	expect_conflict(a, a, "'a.json' and 'b.json' conflict: both speak of 10.0.0.0/22");
	free(a);
	free(b);
	free(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_removes),
		cmocka_unit_test(test_many_filters),
		cmocka_unit_test(test_apply),
		cmocka_unit_test(test_apply_examples),
		cmocka_unit_test(test_apply_too_many),
		cmocka_unit_test(test_conflicts),
		cmocka_unit_test(test_conflict_messages),
		cmocka_unit_test(test_conflict_names),
		cmocka_unit_test(test_many_conflicts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
