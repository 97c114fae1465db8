/* SPDX-License-Identifier: ISC */
#include "sets.h"

struct fixture {
	struct names *names;
	uint16_t apnic, ripe;
};

static int
setup(void **state)
{
	static struct fixture f;

	f.names = names_new();
	f.ripe = (uint16_t)names_token(f.names, "ripe", 4);
	f.apnic = (uint16_t)names_token(f.names, "apnic", 5);
	*state = &f;
	return f.names ? 0 : -1;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	names_unref(f->names);
	return 0;
}

static struct vrp
vrp(const char *prefix, uint8_t maxlen, uint32_t asn, uint16_t ta, uint32_t expires)
{
	struct vrp v = {.maxlen = maxlen, .asn = asn, .ta = ta, .expires = expires};

	assert_case(prefix_parse(prefix, strlen(prefix), &v.prefix, NULL), "'%s'", prefix);
	return v;
}

static void
assert_text(const struct vrpset *set, const char *want)
{
	char *text = set_text(set);

	assert_string_equal(text, want);
	free(text);
}

static void
test_empty(void **state)
{
	struct fixture *f = *state;
	struct vrpset *set = vrpset_empty(f->names), *other = vrpset_finish(vrpset_builder_new(f->names), NULL);
	size_t n = 7;

	assert_int_equal(vrpset_count(set), 0);
	(void)vrpset_vrps(set, &n);
	assert_int_equal(n, 0);
	(void)vrpset_router_keys(set, &n);
	assert_int_equal(n, 0);
	(void)vrpset_aspas(set, &n);
	assert_int_equal(n, 0);
	assert_int_equal(vrpset_ipv4_count(set), 0);
	assert_int_equal(vrpset_duplicates(set), 0);
	assert_true(vrpset_first_expiry(set) == EXPIRES_UNKNOWN);
	assert_true(vrpset_same(set, other));
	assert_ptr_equal(vrpset_names(set), f->names);
	vrpset_unref(set);
	vrpset_unref(other);
	vrpset_unref(NULL);
	vrpset_builder_free(NULL);
	vrpset_builder_free(vrpset_builder_new(f->names));
}

/* The set lives as long as one reference, and so do its names. */
static void
test_references(void **state)
{
	struct names *names = names_new();
	struct vrpset_builder *b = vrpset_builder_new(names);
	struct vrpset *set, *again;
	struct vrp v = vrp("1.0.0.0/24", 24, 1, 0, 5);

	(void)state;
	v.ta = (uint16_t)names_token(names, "lacnic", 6);
	assert_int_equal(vrpset_add_vrp(b, &v), 0);
	names_unref(names);
	set = vrpset_finish(b, NULL);
	again = vrpset_ref(set);
	assert_ptr_equal(again, set);
	vrpset_unref(set);
	assert_text(again, "1.0.0.0/24 24 AS1 lacnic 5\n");
	vrpset_unref(again);
}

/* The caller's keys and providers are copied. */
static void
test_copies(void **state)
{
	struct fixture *f = *state;
	struct vrpset_builder *b = vrpset_builder_new(f->names);
	struct vrpset *set;
	uint32_t providers[] = {3, 2, 3};
	uint8_t spki[] = {1, 2, 3};
	struct aspa aspa = {.customer = 1, .provider_count = 3, .providers = providers, .expires = EXPIRES_UNKNOWN};
	struct router_key key = {.asn = 9, .spki = spki, .spki_len = 3, .expires = EXPIRES_UNKNOWN};

	assert_int_equal(vrpset_add_aspa(b, &aspa), 0);
	assert_int_equal(vrpset_add_router_key(b, &key), 0);
	assert_int_equal(vrpset_builder_count(b), 2);
	assert_true(providers[0] == 3 && providers[1] == 2);
	memset(providers, 0, sizeof(providers));
	memset(spki, 0, sizeof(spki));
	set = vrpset_finish(b, NULL);
	assert_text(set, "router-key AS9 0000000000000000000000000000000000000000 AQID - -\naspa AS1 AS2,AS3 - -\n");
	vrpset_unref(set);
}

static void
test_joined_vrps(void **state)
{
	struct fixture *f = *state;
	const struct {
		struct vrp v[3];
		const char *want;
	} cases[] = {
		/* The later expiry stands with its trust anchor, in any order of input. */
		{{vrp("1.0.0.0/24", 24, 1, f->apnic, 5), vrp("1.0.0.0/24", 24, 1, f->ripe, 9),
		  vrp("1.0.0.0/24", 24, 1, 0, 7)}, "1.0.0.0/24 24 AS1 ripe 9\n"},
		/* Unknown is the latest. */
		{{vrp("1.0.0.0/24", 24, 1, f->apnic, EXPIRES_MAX), vrp("1.0.0.0/24", 24, 1, 0, EXPIRES_UNKNOWN),
		  vrp("1.0.0.0/24", 24, 1, f->ripe, 0)}, "1.0.0.0/24 24 AS1 - -\n"},
		/* Of equal expiries the name that sorts first. */
		{{vrp("1.0.0.0/24", 24, 1, f->ripe, 5), vrp("1.0.0.0/24", 24, 1, f->apnic, 5),
		  vrp("1.0.0.0/24", 24, 1, f->ripe, 5)}, "1.0.0.0/24 24 AS1 apnic 5\n"},
	};
	static const int orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		for (size_t o = 0; o < ARRAY_LEN(orders); o++) {
			struct vrpset_builder *b = vrpset_builder_new(f->names);
			struct vrpset *set;

			for (int k = 0; k < 3; k++)
				assert_int_equal(vrpset_add_vrp(b, &cases[i].v[orders[o][k]]), 0);
			set = vrpset_finish(b, NULL);
			assert_int_equal(vrpset_count(set), 1);
			assert_int_equal(vrpset_duplicates(set), 2);
			assert_text(set, cases[i].want);
			vrpset_unref(set);
		}
	}
}

static void
test_joined_aspas(void **state)
{
	static const struct {
		uint32_t a[3], b[3];
		uint32_t na, nb;
		const char *want;
	} cases[] = {
		{{1}, {2}, 1, 1, "AS1,AS2"},
		{{2}, {1}, 1, 1, "AS1,AS2"},
		{{3, 1, 2}, {2, 5, 3}, 3, 3, "AS1,AS2,AS3,AS5"},
		{{1}, {1}, 1, 1, "AS1"},
		/* "No providers" gives way to any provider. */
		{{0}, {1}, 1, 1, "AS1"},
		{{1}, {0}, 1, 1, "AS1"},
		{{0}, {0}, 1, 1, "AS0"},
		{{0, 0}, {0}, 2, 1, "AS0"},
		{{0, 4294967295U}, {0}, 2, 1, "AS4294967295"},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct aspa a = {.customer = 7, .providers = cases[i].a, .provider_count = cases[i].na, .expires = 5};
		struct aspa b = {.customer = 7, .providers = cases[i].b, .provider_count = cases[i].nb, .expires = 6};
		struct vrpset_builder *builder = vrpset_builder_new(f->names);
		struct vrpset *set;
		char want[80];

		a.ta = f->apnic;
		b.ta = f->ripe;
		assert_int_equal(vrpset_add_aspa(builder, &a), 0);
		assert_int_equal(vrpset_add_aspa(builder, &b), 0);
		set = vrpset_finish(builder, NULL);
		snprintf(want, sizeof(want), "aspa AS7 %s ripe 6\n", cases[i].want);
		assert_text(set, want);
		assert_int_equal(vrpset_duplicates(set), 1);
		vrpset_unref(set);
	}
}

/* At the limit two ASPAs join; one provider more and the set is refused. */
static void
test_too_many_joined_providers(void **state)
{
	struct fixture *f = *state;

	for (uint32_t extra = 0; extra < 2; extra++) {
		struct vrpset_builder *b = vrpset_builder_new(f->names);
		uint32_t *providers = malloc(ASPA_PROVIDERS_MAX * sizeof(*providers)), last = 5000000 + extra;
		struct aspa aspa = {.customer = 7, .providers = providers, .provider_count = ASPA_PROVIDERS_MAX};
		struct aspa more = {.customer = 7, .providers = &last, .provider_count = 1};
		struct vrp_err err;
		struct vrpset *set;

		assert_non_null(providers);
		for (uint32_t i = 0; i < ASPA_PROVIDERS_MAX; i++)
			providers[i] = 5000000 - i;
		last = extra ? 5000001 : 5000000;
		assert_int_equal(vrpset_add_aspa(b, &aspa), 0);
		assert_int_equal(vrpset_add_aspa(b, &more), 0);
		vrp_err_clear(&err);
		set = vrpset_finish(b, &err);
		if (extra) {
			assert_null(set);
			assert_string_equal(err.msg, "the ASPAs of AS7 have 16381 providers together, more than 16380");
		} else {
			size_t n;

			assert_non_null(set);
			assert_int_equal(vrpset_aspas(set, &n)->provider_count, ASPA_PROVIDERS_MAX);
		}
		vrpset_unref(set);
		free(providers);
	}
}

/*
 * The same join done the slow way: every record against every record kept,
 * into an unsorted array.
 */
struct model {
	struct loose *item;
	bool (*provides)[8];	/* for an ASPA: which of AS0 to AS7 */
	size_t count;
};

static int
same(const struct payload *a, const struct payload *b)
{
	if (a->kind != b->kind)
		return 0;
	switch (a->kind) {
	case PAYLOAD_VRP:
		return prefix_cmp(&a->vrp.prefix, &b->vrp.prefix) == 0 && a->vrp.maxlen == b->vrp.maxlen &&
		       a->vrp.asn == b->vrp.asn;
	case PAYLOAD_ROUTER_KEY:
		return a->key.asn == b->key.asn && memcmp(a->key.ski, b->key.ski, SKI_LEN) == 0 &&
		       a->key.spki_len == b->key.spki_len && memcmp(a->key.spki, b->key.spki, a->key.spki_len) == 0;
	case PAYLOAD_ASPA:
		return a->aspa.customer == b->aspa.customer;
	}
	return 0;
}

static uint32_t
expires_of(const struct payload *p)
{
	return p->kind == PAYLOAD_VRP ? p->vrp.expires : p->kind == PAYLOAD_ASPA ? p->aspa.expires : p->key.expires;
}

static void
model_add(struct model *m, const struct loose *l)
{
	size_t i = 0;

	while (i < m->count && !same(&m->item[i].p, &l->p))
		i++;
	if (i == m->count) {
		m->item[m->count] = *l;
		m->item[i].p.key.spki = l->p.kind == PAYLOAD_ROUTER_KEY ? m->item[i].spki : l->p.key.spki;
		if (l->p.kind != PAYLOAD_ROUTER_KEY)
			m->item[i].p = l->p;
		memset(m->provides[i], 0, sizeof(m->provides[i]));
		m->count++;
	} else if (expires_of(&l->p) > expires_of(&m->item[i].p)) {
		annotate(&m->item[i].p, 0, expires_of(&l->p));
	}
	if (l->p.kind == PAYLOAD_ASPA)
		for (uint32_t k = 0; k < l->p.aspa.provider_count; k++)
			m->provides[i][l->p.aspa.providers[k]] = true;
}

static const struct payload *
model_find(const struct model *m, const struct payload *p, size_t *index)
{
	for (*index = 0; *index < m->count; (*index)++)
		if (same(&m->item[*index].p, p))
			return &m->item[*index].p;
	return NULL;
}

static void
check_against_model(const struct vrpset *set, const struct model *m)
{
	size_t n, found = 0, at, ipv4 = 0;
	const struct vrp *v = vrpset_vrps(set, &n);
	const struct router_key *k;
	const struct aspa *a;
	uint32_t first = EXPIRES_UNKNOWN;

	for (size_t i = 0; i < n; i++, found++) {
		const struct payload *want = model_find(m, &(struct payload){.kind = PAYLOAD_VRP, .vrp = v[i]}, &at);

		assert_non_null(want);
		assert_int_equal(v[i].expires, want->vrp.expires);
		assert_true(i == 0 || vrp_cmp(&v[i - 1], &v[i]) < 0);
		assert_true((i < vrpset_ipv4_count(set)) == (v[i].prefix.family == FAMILY_IPV4));
		ipv4 += v[i].prefix.family == FAMILY_IPV4;
		first = v[i].expires < first ? v[i].expires : first;
	}
	assert_int_equal(ipv4, vrpset_ipv4_count(set));
	k = vrpset_router_keys(set, &n);
	for (size_t i = 0; i < n; i++, found++) {
		const struct payload *want = model_find(m, &(struct payload){.kind = PAYLOAD_ROUTER_KEY, .key = k[i]}, &at);

		assert_non_null(want);
		assert_int_equal(k[i].expires, want->key.expires);
		assert_true(i == 0 || router_key_cmp(&k[i - 1], &k[i]) < 0);
		first = k[i].expires < first ? k[i].expires : first;
	}
	a = vrpset_aspas(set, &n);
	for (size_t i = 0; i < n; i++, found++) {
		const struct payload *want = model_find(m, &(struct payload){.kind = PAYLOAD_ASPA, .aspa = a[i]}, &at);
		uint32_t providers = 0;

		assert_non_null(want);
		assert_int_equal(a[i].expires, want->aspa.expires);
		assert_true(i == 0 || a[i - 1].customer < a[i].customer);
		first = a[i].expires < first ? a[i].expires : first;
		for (uint32_t asn = 1; asn < 8; asn++)
			if (m->provides[at][asn])
				assert_int_equal(a[i].providers[providers++], asn);
		if (providers == 0)
			assert_int_equal(a[i].providers[providers++], 0);
		assert_int_equal(a[i].provider_count, providers);
	}
	assert_int_equal(found, m->count);
	assert_int_equal(vrpset_count(set), found);
	assert_true(vrpset_first_expiry(set) == first);
}

static void
test_against_model(void **state)
{
	struct fixture *f = *state;
	struct rng rng = {11};

	for (int round = 0; round < 400; round++) {
		uint32_t n = rng_below(&rng, 300);
		struct vrpset_builder *b = vrpset_builder_new(f->names);
		struct model m = {calloc(n + 1, sizeof(*m.item)), calloc(n + 1, sizeof(*m.provides)), 0};
		struct vrpset *set;

		assert_non_null(m.item);
		assert_non_null(m.provides);
		for (uint32_t i = 0; i < n; i++) {
			struct loose l;

			random_any(&rng, &l);
			annotate(&l.p, 0, rng_below(&rng, 3) ? 100 + rng_below(&rng, 50) : EXPIRES_UNKNOWN);
			assert_int_equal(vrpset_add(b, &l.p), 0);
			model_add(&m, &l);
		}
		assert_int_equal(vrpset_builder_count(b), n);
		set = vrpset_finish(b, NULL);
		assert_non_null(set);
		assert_int_equal(vrpset_duplicates(set) + vrpset_count(set), n);
		check_against_model(set, &m);
		vrpset_unref(set);
		free(m.item);
		free(m.provides);
	}
}

/* Orders that quicksorts dislike, at sizes around their thresholds and beyond. */
static void
test_sorting(void **state)
{
	static const size_t sizes[] = {2, 3, 23, 24, 25, 26, 100, 1000, 50000};
	struct fixture *f = *state;
	struct rng rng = {12};

	for (size_t s = 0; s < ARRAY_LEN(sizes); s++) {
		for (int pattern = 0; pattern < 7; pattern++) {
			size_t n = sizes[s], count;
			struct vrpset_builder *b = vrpset_builder_new(f->names);
			struct vrpset *set;
			const struct vrp *v;
			uint64_t sum = 0, got = 0;

			for (size_t i = 0; i < n; i++) {
				struct vrp r = {.prefix.family = FAMILY_IPV4, .prefix.len = 32, .maxlen = 32};

				r.asn = (uint32_t)(pattern == 0 ? i :			/* ascending */
						   pattern == 1 ? n - i :		/* descending */
						   pattern == 2 ? (i < n / 2 ? i : n - i) :	/* organ pipe */
						   pattern == 3 ? i % 7 :		/* few values */
						   pattern == 4 ? (i & 1 ? i : n - i) :	/* interleaved */
						   pattern == 5 ? 42 :			/* one value */
						   rng_next(&rng));
				r.expires = r.asn;
				assert_int_equal(vrpset_add_vrp(b, &r), 0);
			}
			set = vrpset_finish(b, NULL);
			v = vrpset_vrps(set, &count);
			for (size_t i = 0; i < count; i++) {
				assert_true(i == 0 || v[i - 1].asn < v[i].asn);
				assert_int_equal(v[i].asn, v[i].expires);
				got += v[i].asn;
			}
			switch (pattern) {
			case 0:
			case 1:
				for (size_t i = 0; i < n; i++)
					sum += pattern ? n - i : i;
				assert_int_equal(count, n);
				assert_true(got == sum);
				break;
			case 3:
				assert_int_equal(count, n < 7 ? n : 7);
				break;
			case 5:
				assert_int_equal(count, 1);
				break;
			}
			assert_int_equal(count + vrpset_duplicates(set), n);
			vrpset_unref(set);
		}
	}
}

/* The order that makes a plain quicksort with medians of three quadratic: minutes, where this takes milliseconds. */
static void
test_killer_order(void **state)
{
	enum { N = 200000 };
	struct fixture *f = *state;
	struct vrpset_builder *b = vrpset_builder_new(f->names);
	struct vrpset *set;
	size_t count;

	for (uint32_t i = 0; i < N; i++) {
		struct vrp r = {.prefix.family = FAMILY_IPV4, .prefix.len = 32, .maxlen = 32, .expires = EXPIRES_UNKNOWN};

		/* Musser's sequence for medians of three: 1, k+1, 3, k+3, ..., then 2, 4, 6, ... */
		r.asn = i < N / 2 ? (i % 2 ? N / 2 + i : i + 1) : 2 * (i - N / 2 + 1);
		assert_int_equal(vrpset_add_vrp(b, &r), 0);
	}
	set = vrpset_finish(b, NULL);
	(void)vrpset_vrps(set, &count);
	assert_int_equal(count, N);
	vrpset_unref(set);
}

static void
test_unexpired(void **state)
{
	struct fixture *f = *state;
	struct vrpset_builder *b = vrpset_builder_new(f->names);
	struct vrp v[] = {
		vrp("1.0.0.0/24", 24, 1, f->apnic, 100), vrp("2.0.0.0/24", 24, 1, 0, 101),
		vrp("2001:db8::/32", 32, 1, 0, 102), vrp("2001:db8::/32", 32, 2, 0, EXPIRES_UNKNOWN),
	};
	uint32_t provider = 2;
	uint8_t spki = 1;
	struct aspa aspa = {.customer = 5, .provider_count = 1, .providers = &provider, .expires = 101};
	struct router_key key = {.asn = 6, .spki = &spki, .spki_len = 1, .expires = 100};
	struct vrpset *set, *later;
	static const struct {
		int64_t now;
		size_t left;
		uint32_t first;
	} cases[] = {
		{INT64_MIN, 6, 100}, {0, 6, 100}, {99, 6, 100}, {100, 4, 101}, {101, 2, 102}, {102, 1, EXPIRES_UNKNOWN},
		{UINT32_MAX - 1, 1, EXPIRES_UNKNOWN},
	};

	for (size_t i = 0; i < ARRAY_LEN(v); i++)
		assert_int_equal(vrpset_add_vrp(b, &v[i]), 0);
	assert_int_equal(vrpset_add_aspa(b, &aspa), 0);
	assert_int_equal(vrpset_add_router_key(b, &key), 0);
	set = vrpset_finish(b, NULL);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		later = vrpset_unexpired(set, cases[i].now);
		assert_case(vrpset_count(later) == cases[i].left, "at %lld", (long long)cases[i].now);
		assert_true(vrpset_first_expiry(later) == cases[i].first);
		assert_true((later == set) == (cases[i].left == 6));
		vrpset_unref(later);
	}
	later = vrpset_unexpired(set, 100);
	assert_text(later, "2.0.0.0/24 24 AS1 - 101\n2001:db8::/32 32 AS1 - 102\n2001:db8::/32 32 AS2 - -\n"
			   "aspa AS5 AS2 - 101\n");
	assert_int_equal(vrpset_ipv4_count(later), 1);
	vrpset_unref(set);
	/* What was derived stands on its own. */
	assert_int_equal(vrpset_count(later), 4);
	vrpset_unref(later);
}

/* What never expires does not, not even after 2106. */
static void
test_unknown_expiry_after_2106(void **state)
{
	struct fixture *f = *state;
	struct vrpset_builder *b = vrpset_builder_new(f->names);
	struct vrp v[] = {vrp("1.0.0.0/24", 24, 1, 0, EXPIRES_UNKNOWN), vrp("2.0.0.0/24", 24, 1, 0, EXPIRES_MAX)};
	struct vrpset *set, *later;

	assert_int_equal(vrpset_add_vrp(b, &v[0]), 0);
	assert_int_equal(vrpset_add_vrp(b, &v[1]), 0);
	set = vrpset_finish(b, NULL);
	later = vrpset_unexpired(set, (int64_t)UINT32_MAX + 1000);
	assert_text(later, "1.0.0.0/24 24 AS1 - -\n");
	vrpset_unref(later);
	vrpset_unref(set);
}

static void
test_same(void **state)
{
	struct fixture *f = *state;
	static const uint32_t one = 1, two = 2;
	static const uint8_t spki[] = {1, 2};
	const struct payload base[] = {
		{.kind = PAYLOAD_VRP, .vrp = vrp("1.0.0.0/24", 24, 1, f->apnic, 5)},
		{.kind = PAYLOAD_ROUTER_KEY, .key = {.asn = 1, .spki = spki, .spki_len = 1}},
		{.kind = PAYLOAD_ASPA, .aspa = {.customer = 1, .providers = &one, .provider_count = 1}},
	};
	const struct payload other[] = {
		{.kind = PAYLOAD_VRP, .vrp = vrp("1.0.0.0/24", 25, 1, f->apnic, 5)},
		{.kind = PAYLOAD_ROUTER_KEY, .key = {.asn = 1, .spki = spki, .spki_len = 2}},
		{.kind = PAYLOAD_ASPA, .aspa = {.customer = 1, .providers = &two, .provider_count = 1}},
	};
	struct vrpset *set[4];

	/* The whole, and with one kind changed each time; annotations differ everywhere. */
	for (size_t i = 0; i < 4; i++) {
		struct vrpset_builder *b = vrpset_builder_new(f->names);

		for (size_t k = 0; k < 3; k++) {
			struct payload p = k + 1 == i ? other[k] : base[k];

			annotate(&p, (uint16_t)(i % 2), (uint32_t)(100 * i));
			assert_int_equal(vrpset_add(b, &p), 0);
		}
		set[i] = vrpset_finish(b, NULL);
		assert_true(vrpset_same(set[i], set[i]));
	}
	for (size_t i = 0; i < 4; i++)
		for (size_t k = 0; k < 4; k++)
			assert_case(vrpset_same(set[i], set[k]) == (i == k), "%zu and %zu", i, k);
	{
		struct vrpset_builder *b = vrpset_builder_new(f->names);
		struct vrpset *again;

		for (size_t k = 3; k-- > 0;)
			assert_int_equal(vrpset_add(b, &base[k]), 0);
		again = vrpset_finish(b, NULL);
		assert_true(vrpset_same(set[0], again));
		vrpset_unref(again);
	}
	for (size_t i = 0; i < 4; i++)
		vrpset_unref(set[i]);
}

/* Is p among the first n, by identity? */
static bool
among(const struct loose *all, size_t n, const struct payload *p)
{
	for (size_t i = 0; i < n; i++) {
		const struct payload *q = &all[i].p;

		if (q->kind != p->kind)
			continue;
		if ((p->kind == PAYLOAD_VRP && vrp_cmp(&p->vrp, &q->vrp) == 0) ||
		    (p->kind == PAYLOAD_ROUTER_KEY && router_key_cmp(&p->key, &q->key) == 0) ||
		    (p->kind == PAYLOAD_ASPA && p->aspa.customer == q->aspa.customer))
			return true;
	}
	return false;
}

static void
test_find(void **state)
{
	struct fixture *f = *state;
	struct rng rng = {1};
	struct loose all[40], other;
	size_t found = 0;

	for (size_t round = 0; round < 200; round++) {
		struct vrpset_builder *b = vrpset_builder_new(f->names);
		size_t n = round % ARRAY_LEN(all);
		struct vrpset *set;

		for (size_t i = 0; i < n; i++) {
			random_any(&rng, &all[i]);
			assert_int_equal(vrpset_add(b, &all[i].p), 0);
		}
		set = vrpset_finish(b, NULL);
		for (size_t i = 0; i < n; i++)
			assert_true(vrpset_contains(set, &all[i].p));
		for (size_t i = 0; i < 50; i++) {
			random_any(&rng, &other);
			found += vrpset_contains(set, &other.p);
			assert_int_equal(vrpset_contains(set, &other.p), among(all, n, &other.p));
		}
		vrpset_unref(set);
	}
	assert_in_range(found, 100, 200 * 50 - 100);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_empty, setup, teardown),
		cmocka_unit_test_setup_teardown(test_references, setup, teardown),
		cmocka_unit_test_setup_teardown(test_copies, setup, teardown),
		cmocka_unit_test_setup_teardown(test_joined_vrps, setup, teardown),
		cmocka_unit_test_setup_teardown(test_joined_aspas, setup, teardown),
		cmocka_unit_test_setup_teardown(test_too_many_joined_providers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_against_model, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sorting, setup, teardown),
		cmocka_unit_test_setup_teardown(test_killer_order, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unexpired, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unknown_expiry_after_2106, setup, teardown),
		cmocka_unit_test_setup_teardown(test_same, setup, teardown),
		cmocka_unit_test_setup_teardown(test_find, setup, teardown),
	};

	return cmocka_run_group_tests_name("vrpset", tests, NULL, NULL);
}
