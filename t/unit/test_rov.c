/* SPDX-License-Identifier: ISC */
/*
 * Origin validation: cases by hand, the vectors of rtrlib's tests, and random
 * tables and routes against RFC 6811 section 2 taken literally.
 */
#include "test.h"

#include "rov.h"
#include "sets.h"

static struct prefix
prefix_of(const char *text)
{
	struct prefix p;

	assert_case(prefix_parse(text, strlen(text), &p, NULL), "%s", text);
	return p;
}

static struct rov *
rov_of(struct names *names, const char *lines)
{
	struct vrpset *set = set_of(names, lines);
	struct rov *rov = rov_new(set, NULL);

	assert_non_null(rov);
	vrpset_unref(set);
	return rov;
}

struct vector {
	const char *prefix;
	uint32_t origin;
	enum rov_state state;
};

static void
check_vectors(const char *lines, const struct vector *v, size_t count)
{
	struct names *names = names_new();
	struct rov *rov = rov_of(names, lines);

	for (size_t i = 0; i < count; i++) {
		struct prefix p = prefix_of(v[i].prefix);

		assert_case(rov_validate(rov, &p, v[i].origin) == v[i].state, "%s AS%u", v[i].prefix, v[i].origin);
	}
	rov_free(rov);
	names_unref(names);
}

static void
test_states(void **state)
{
	static const struct vector vectors[] = {
		{"10.0.0.0/8", 1, ROV_NOT_FOUND},
		{"10.0.0.0/16", 1, ROV_VALID},
		{"10.0.0.0/24", 1, ROV_VALID},
		{"10.0.0.0/25", 1, ROV_INVALID_LENGTH},
		{"10.0.0.0/24", 2, ROV_INVALID_AS},
		{"10.0.0.0/25", 2, ROV_INVALID_BOTH},
		/* Another AS may announce the length, but its own is the reason nearer at hand. */
		{"10.0.1.0/26", 1, ROV_INVALID_LENGTH},
		{"10.0.1.0/26", 3, ROV_VALID},
		{"10.0.1.0/26", 4, ROV_INVALID_AS},
		{"10.0.1.0/27", 4, ROV_INVALID_BOTH},
		/* A match at a wider prefix counts though a nearer one fails. */
		{"10.0.1.0/24", 1, ROV_VALID},
		{"10.0.1.0/25", 3, ROV_VALID},
		{"10.1.0.0/16", 1, ROV_NOT_FOUND},
		/* AS0, and no origin at all. */
		{"192.0.2.0/24", 0, ROV_INVALID_AS},
		{"192.0.2.0/25", 7, ROV_INVALID_BOTH},
		{"10.0.0.0/24", ROV_NONE, ROV_INVALID_AS},
		{"198.51.100.0/24", ROV_NONE, ROV_NOT_FOUND},
		/* The families are apart. */
		{"a00::/16", 1, ROV_NOT_FOUND},
		{"2001:db8::/33", 5, ROV_INVALID_LENGTH},
		{"2001:db8::/32", 5, ROV_VALID},
		{"2001:db8::1/128", 6, ROV_VALID},
		{"2001:db8::1/128", 5, ROV_INVALID_LENGTH},
		{"2001:db8::2/128", 6, ROV_INVALID_BOTH},
		/* Bits behind the length don't matter. */
		{"10.0.1.77/24", 1, ROV_VALID},
		{"10.0.1.77/15", 1, ROV_NOT_FOUND},
	};

	(void)state;
	check_vectors("10.0.0.0/16 24 AS1\n10.0.1.0/24 26 AS3\n192.0.2.0/24 24 AS0\n2001:db8::/32 32 AS5\n2001:db8::1/128 128 AS6\n",
		      vectors, ARRAY_LEN(vectors));
}

/* test_pfx of rtrlib, and test_pfx_table of its Python binding. */
static void
test_rtrlib(void **state)
{
	static const struct vector pfx[] = {
		{"10.10.0.0/16", 123, ROV_VALID}, {"10.10.0.0/24", 123, ROV_VALID}, {"10.10.10.0/20", 123, ROV_VALID},
		{"10.10.0.0/16", 124, ROV_INVALID_AS}, {"10.10.0.0/25", 123, ROV_INVALID_LENGTH},
		{"10.11.0.0/16", 123, ROV_NOT_FOUND}, {"255.0.0.0/24", 400, ROV_VALID},
	};
	static const struct vector zero[] = {{"10.10.0.0/16", 123, ROV_INVALID_AS}};
	static const struct vector python[] = {
		{"110.1.0.0/20", 10010, ROV_VALID}, {"110.1.0.0/24", 10010, ROV_VALID}, {"110.1.8.0/23", 10010, ROV_VALID},
		{"110.1.0.0/18", 10010, ROV_NOT_FOUND}, {"110.1.0.0/30", 10010, ROV_INVALID_LENGTH},
		{"110.1.0.0/20", 10011, ROV_INVALID_AS}, {"130::/64", 10030, ROV_VALID},
		{"130::/66", 10030, ROV_INVALID_LENGTH}, {"130::/62", 10030, ROV_NOT_FOUND},
	};

	(void)state;
	check_vectors("10.10.0.0/16 24 AS123\n128.0.0.0/1 24 AS400\n", pfx, ARRAY_LEN(pfx));
	check_vectors("10.10.0.0/16 16 AS0\n", zero, ARRAY_LEN(zero));
	check_vectors("110.1.0.0/20 24 AS10010\n120.1.0.0/20 32 AS10020\n130::/64 64 AS10030\n", python, ARRAY_LEN(python));
}

static void
test_empty_and_everything(void **state)
{
	static const struct vector nothing[] = {
		{"0.0.0.0/0", 1, ROV_NOT_FOUND}, {"::/0", 1, ROV_NOT_FOUND}, {"255.255.255.255/32", 1, ROV_NOT_FOUND},
		{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128", 1, ROV_NOT_FOUND},
	};
	static const struct vector all[] = {
		{"0.0.0.0/0", 1, ROV_VALID}, {"::/0", 2, ROV_VALID}, {"255.255.255.255/32", 1, ROV_VALID},
		{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128", 2, ROV_VALID}, {"::/128", 1, ROV_INVALID_AS},
		{"0.0.0.0/32", 4294967295U, ROV_VALID},
	};

	(void)state;
	check_vectors("", nothing, ARRAY_LEN(nothing));
	check_vectors("0.0.0.0/0 32 AS1\n::/0 128 AS2\n0.0.0.0/32 32 AS4294967295\n", all, ARRAY_LEN(all));
}

static void
test_names(void **state)
{
	(void)state;
	assert_string_equal(rov_state_name(ROV_VALID), "valid");
	assert_string_equal(rov_state_name(ROV_NOT_FOUND), "not-found");
	assert_string_equal(rov_state_name(ROV_INVALID_BOTH), "invalid");
	assert_string_equal(rov_reason_name(ROV_INVALID_LENGTH), "length");
	assert_string_equal(rov_reason_name(ROV_VALID), "-");
	assert_true(rov_invalid(ROV_INVALID_AS) && !rov_invalid(ROV_VALID) && !rov_invalid(ROV_NOT_FOUND));
}

static void
test_covering(void **state)
{
	struct names *names = names_new();
	struct rov *rov = rov_of(names, "10.0.0.0/8 8 AS1\n10.0.0.0/16 16 AS3\n10.0.0.0/16 16 AS2\n10.0.0.0/24 24 AS4\n");
	struct prefix p = prefix_of("10.0.0.0/20");
	struct rov_answer a = rov_ask(rov, &p, 9);
	const struct vrp *vrps[4] = {0};

	(void)state;
	assert_int_equal(a.state, ROV_INVALID_BOTH);
	assert_int_equal(rov_covering(rov, a.nearest, vrps, 4), 3);
	assert_int_equal(vrps[0]->asn, 1);
	assert_int_equal(vrps[1]->asn, 2);
	assert_int_equal(vrps[2]->asn, 3);
	assert_null(vrps[3]);
	/* Without room the widest are left out. */
	assert_int_equal(rov_covering(rov, a.nearest, vrps, 2), 3);
	assert_int_equal(vrps[0]->asn, 2);
	assert_int_equal(vrps[1]->asn, 3);
	assert_int_equal(rov_covering(rov, a.nearest, NULL, 0), 3);
	assert_int_equal(rov_covering(rov, ROV_END, vrps, 4), 0);
	rov_free(rov);
	names_unref(names);
}

/* ---- against the definition */

/* RFC 6811 section 2, one VRP after the other; the covering ones into `covering`. */
static enum rov_state
literally(const struct vrpset *set, const struct prefix *route, uint32_t origin, const struct vrp **covering, size_t *n)
{
	bool matched = false, same_as = false, allowed = false;
	size_t count;
	const struct vrp *vrps = vrpset_vrps(set, &count);

	*n = 0;
	for (size_t i = 0; i < count; i++) {
		const struct vrp *v = &vrps[i];
		bool as = v->asn == origin && origin != 0, length = route->len <= v->maxlen;

		if (!prefix_covers(&v->prefix, route))
			continue;
		covering[(*n)++] = v;
		matched |= as && length;
		same_as |= as;
		allowed |= length;
	}
	if (*n == 0)
		return ROV_NOT_FOUND;
	return matched ? ROV_VALID : same_as ? ROV_INVALID_LENGTH : allowed ? ROV_INVALID_AS : ROV_INVALID_BOTH;
}

/* Few bits are random and few lengths possible, so that prefixes nest. */
static struct prefix
random_prefix(struct rng *rng)
{
	static const uint8_t ipv4[] = {0, 1, 5, 8, 11, 12, 13, 16, 17, 18, 19, 22, 23, 24, 25, 30, 31, 32};
	static const uint8_t ipv6[] = {0, 3, 12, 18, 19, 24, 29, 32, 36, 40, 47, 48, 49, 60, 61, 64, 65, 66, 67, 72, 126, 127, 128};
	struct prefix p = {.family = rng_below(rng, 2) ? FAMILY_IPV4 : FAMILY_IPV6};
	size_t bytes = p.family == FAMILY_IPV4 ? 4 : 16;

	for (size_t i = 0; i < bytes; i++)
		p.addr[i] = (uint8_t)((rng_below(rng, 3) ? 0 : 0xff) ^ (rng_below(rng, 4) ? 0 : 1U << rng_below(rng, 8)));
	p.len = p.family == FAMILY_IPV4 ? ipv4[rng_below(rng, ARRAY_LEN(ipv4))] : ipv6[rng_below(rng, ARRAY_LEN(ipv6))];
	prefix_clear_host_bits(&p);
	return p;
}

static struct vrpset *
random_table(struct rng *rng, struct names *names, size_t n)
{
	struct vrpset_builder *b = vrpset_builder_new(names);
	struct vrpset *set;

	for (; n > 0; n--) {
		struct vrp v = {.prefix = random_prefix(rng), .asn = rng_below(rng, 6), .expires = EXPIRES_UNKNOWN};
		uint32_t room = prefix_bits((enum family)v.prefix.family) - v.prefix.len;

		v.maxlen = (uint8_t)(v.prefix.len + rng_below(rng, room + 1) * rng_below(rng, 2));
		assert_int_equal(vrpset_add_vrp(b, &v), 0);
	}
	set = vrpset_finish(b, NULL);
	assert_non_null(set);
	return set;
}

static void
check_route(const struct rov *rov, const struct rov_route *r, const struct rov_answer *batch, const struct vrp **want,
	    const struct vrp **got, size_t room)
{
	size_t n;
	enum rov_state state = literally(rov_set(rov), &r->prefix, r->origin, want, &n);
	struct rov_answer a = rov_ask(rov, &r->prefix, r->origin);
	char text[PREFIX_TEXT_MAX] = "";

	prefix_format(text, &r->prefix);
	assert_case(a.state == state, "%.44s AS%u: %u, not %u", text, r->origin, a.state, state);
	assert_true(a.state == batch->state && a.nearest == batch->nearest);
	assert_int_equal(rov_covering(rov, a.nearest, got, room), n);
	for (size_t i = 0; i < n; i++)
		assert_ptr_equal(want[i], got[i]);
}

static void
check_table(struct rng *rng, size_t vrps, size_t routes)
{
	struct names *names = names_new();
	struct vrpset *set = random_table(rng, names, vrps);
	struct rov *rov = rov_new(set, NULL);
	struct rov_route *r = calloc(routes, sizeof(*r));
	struct rov_answer *batch = calloc(routes, sizeof(*batch));
	const struct vrp **want = calloc(vrps + 1, sizeof(*want)), **got = calloc(vrps + 1, sizeof(*got));

	assert_true(rov && r && batch && want && got);
	/* More than a few VRPs get roots of a mebibyte for each family. */
	assert_true((vrps >= 80000) == (rov_memory(rov) >= 2 << 20));
	for (size_t i = 0; i < routes; i++)
		r[i] = (struct rov_route){random_prefix(rng), rng_below(rng, 6)};
	rov_ask_many(rov, r, routes, batch);
	for (size_t i = 0; i < routes; i++)
		check_route(rov, &r[i], &batch[i], want, got, vrps + 1);
	free(r);
	free(batch);
	free(want);
	free(got);
	rov_free(rov);
	vrpset_unref(set);
	names_unref(names);
}

static void
test_small_tables(void **state)
{
	struct rng rng = {1};

	(void)state;
	for (int i = 0; i < 400; i++)
		check_table(&rng, rng_below(&rng, 200), 100);
}

/* So many that the roots are the large ones. */
static void
test_large_table(void **state)
{
	struct rng rng = {2};

	(void)state;
	check_table(&rng, 80000, 300);
}

static void
test_memory(void **state)
{
	struct rng rng = {3};
	struct names *names = names_new();
	struct vrpset *set = random_table(&rng, names, 50);
	struct rov *rov = rov_new(set, NULL);

	(void)state;
	assert_ptr_equal(rov_set(rov), set);
	assert_in_range(rov_memory(rov), 32768, 65536);
	vrpset_unref(set);
	/* The index holds its set. */
	assert_true(vrpset_count(rov_set(rov)) > 0);
	rov_free(rov);
	rov_free(NULL);
	names_unref(names);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_rtrlib),
		cmocka_unit_test(test_empty_and_everything),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_covering),
		cmocka_unit_test(test_small_tables),
		cmocka_unit_test(test_large_table),
		cmocka_unit_test(test_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
