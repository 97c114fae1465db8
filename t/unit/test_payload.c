/* SPDX-License-Identifier: ISC */
#include "test.h"

#include "payload.h"

static struct vrp
vrp(const char *prefix, uint8_t maxlen, uint32_t asn)
{
	struct vrp v = {.maxlen = maxlen, .asn = asn};

	assert_case(prefix_parse(prefix, strlen(prefix), &v.prefix, NULL), "'%s'", prefix);
	return v;
}

static int
sign(int c)
{
	return (c > 0) - (c < 0);
}

/* Address, length, maximum length, AS, each by number and never by text. */
static void
test_vrp_order(void **state)
{
	const struct vrp order[] = {
		vrp("0.0.0.0/0", 0, 0),
		vrp("0.0.0.0/0", 0, 1),
		vrp("0.0.0.0/0", 32, 0),
		vrp("0.0.0.0/1", 1, 0),
		vrp("1.0.0.0/8", 8, 4294967295U),
		vrp("1.0.0.0/8", 9, 0),
		vrp("1.0.0.0/9", 9, 0),
		vrp("2.0.0.0/8", 8, 9),
		vrp("2.0.0.0/8", 8, 10),
		vrp("10.0.0.0/8", 8, 1),
		vrp("200.0.0.0/8", 8, 2147483647),
		vrp("200.0.0.0/8", 8, 2147483648U),
		vrp("255.255.255.255/32", 32, 4294967295U),
		vrp("::/0", 0, 0),
		vrp("::/0", 128, 0),
		vrp("::/128", 128, 0),
		vrp("::1/128", 128, 0),
		vrp("0:0:0:1::/64", 64, 0),
		vrp("2001:db8::/32", 32, 0),
		vrp("2001:db8::/32", 48, 0),
		vrp("2001:db8::/48", 48, 0),
		vrp("8000::/1", 1, 0),
		vrp("ffff::/16", 16, 0),
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(order); i++)
		for (size_t k = 0; k < ARRAY_LEN(order); k++)
			assert_case(sign(vrp_cmp(&order[i], &order[k])) == (i > k) - (i < k), "%zu and %zu", i, k);
}

static void
test_vrp_annotations_do_not_count(void **state)
{
	struct vrp a = vrp("192.0.2.0/24", 24, 64496), b = a;

	(void)state;
	a.ta = 1;
	a.expires = 5;
	b.ta = 2;
	b.expires = EXPIRES_UNKNOWN;
	assert_int_equal(vrp_cmp(&a, &b), 0);
}

static void
test_router_key_order(void **state)
{
	static const uint8_t short_key[] = {1, 2}, long_key[] = {1, 2, 0}, high_key[] = {1, 3};
	const struct router_key order[] = {
		{.asn = 1, .ski = {0}, .spki = short_key, .spki_len = 2},
		{.asn = 1, .ski = {0}, .spki = long_key, .spki_len = 3},
		{.asn = 1, .ski = {0}, .spki = high_key, .spki_len = 2},
		{.asn = 1, .ski = {[19] = 1}, .spki = short_key, .spki_len = 2},
		{.asn = 1, .ski = {0x80}, .spki = short_key, .spki_len = 2},
		{.asn = 2, .ski = {0}, .spki = short_key, .spki_len = 2},
		{.asn = 4294967295U, .ski = {0}, .spki = short_key, .spki_len = 2},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(order); i++) {
		for (size_t k = 0; k < ARRAY_LEN(order); k++) {
			struct router_key a = order[i], b = order[k];

			a.expires = (uint32_t)i;
			b.expires = (uint32_t)k;
			a.ta = (uint16_t)k;
			assert_case(sign(router_key_cmp(&a, &b)) == (i > k) - (i < k), "%zu and %zu", i, k);
		}
	}
}

static void
test_aspa(void **state)
{
	static const uint32_t one[] = {1}, two[] = {1, 2}, other[] = {1, 3};
	const struct aspa a = {.customer = 5, .provider_count = 2, .providers = two};
	const struct aspa same = {.customer = 5, .provider_count = 2, .providers = (const uint32_t[]){1, 2}, .ta = 3};
	const struct aspa fewer = {.customer = 5, .provider_count = 1, .providers = one};
	const struct aspa changed = {.customer = 5, .provider_count = 2, .providers = other};
	const struct aspa high = {.customer = 3000000000U, .provider_count = 1, .providers = one};

	(void)state;
	assert_int_equal(aspa_cmp(&a, &same), 0);
	assert_int_equal(aspa_cmp(&a, &fewer), 0);
	assert_true(aspa_cmp(&a, &high) < 0);
	assert_true(aspa_cmp(&high, &a) > 0);
	assert_true(aspa_same_providers(&a, &same));
	assert_false(aspa_same_providers(&a, &fewer));
	assert_false(aspa_same_providers(&fewer, &a));
	assert_false(aspa_same_providers(&a, &changed));
}

/* The limits are what one PDU of 65,535 bytes holds. */
static void
test_limits(void **state)
{
	(void)state;
	assert_true(12 + 4 * ASPA_PROVIDERS_MAX <= 65535 && 12 + 4 * (ASPA_PROVIDERS_MAX + 1) > 65535);
	assert_int_equal(8 + SKI_LEN + 4 + SPKI_MAX, 65535);
	assert_true(EXPIRES_UNKNOWN > EXPIRES_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vrp_order), cmocka_unit_test(test_vrp_annotations_do_not_count),
		cmocka_unit_test(test_router_key_order), cmocka_unit_test(test_aspa), cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests_name("payload", tests, NULL, NULL);
}
