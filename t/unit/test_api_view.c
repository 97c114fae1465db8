/* SPDX-License-Identifier: ISC */
/* The public interface: values, and what a view answers. */
#include "api.h"

#define ROOM 8

static void
test_version_and_names(void **state)
{
	char version[32];

	(void)state;
	snprintf(version, sizeof(version), "%d.%d.%d", VRP_VERSION_MAJOR, VRP_VERSION_MINOR, VRP_VERSION_PATCH);
	assert_string_equal(vrp_version(), version);
	for (int code = VRP_TIMEOUT; code <= VRP_OK; code++)
		assert_string_not_equal(vrp_strerror(code), "unknown error");
	assert_string_equal(vrp_strerror(1), "unknown error");
	assert_string_equal(vrp_strerror(-7), "unknown error");
	assert_string_equal(vrp_state_name(VRP_STATE_VALID), "valid");
	assert_string_equal(vrp_state_name(VRP_STATE_NOT_FOUND), "not-found");
	assert_string_equal(vrp_state_name(VRP_STATE_INVALID), "invalid");
	assert_string_equal(vrp_state_name(VRP_INVALID), "unknown");
	assert_string_equal(vrp_reason_name(VRP_REASON_NONE), "-");
	assert_string_equal(vrp_reason_name(VRP_REASON_LENGTH), "length");
	assert_string_equal(vrp_path_state_name(VRP_PATH_INVALID), "invalid");
	assert_string_equal(vrp_cache_state_name(VRP_CACHE_ESTABLISHED), "ESTABLISHED");
	assert_string_equal(vrp_cache_state_name(VRP_CACHE_SYNC), "SYNC");
	assert_string_equal(vrp_cache_state_name(VRP_CACHE_SHUTDOWN), "SHUTDOWN");
	assert_string_equal(vrp_cache_state_name(-1), "unknown");
	assert_string_equal(vrp_group_state_name(VRP_GROUP_ERROR), "ERROR");
	assert_string_equal(vrp_group_state_name(4), "unknown");
}

static void
test_prefixes(void **state)
{
	struct vrp_prefix p = prefix_of("192.0.2.77/24"), q = prefix_of("192.0.2.0/25"), bad = p;
	char text[VRP_PREFIX_TEXT];

	(void)state;
	assert_int_equal(vrp_prefix_format(&p, text), 13);
	assert_string_equal(text, "192.0.2.77/24");
	vrp_prefix_mask(&p);
	assert_int_equal(vrp_prefix_format(&p, text), 12);
	assert_string_equal(text, "192.0.2.0/24");
	assert_true(vrp_prefix_compare(&p, &q) < 0 && vrp_prefix_compare(&q, &p) > 0 && vrp_prefix_compare(&p, &p) == 0);
	assert_int_equal(vrp_prefix_covers(&p, &q), 1);
	assert_int_equal(vrp_prefix_covers(&q, &p), 0);
	p = prefix_of("2001:db8:0:0:0:0:0:1/128");
	vrp_prefix_format(&p, text);
	assert_string_equal(text, "2001:db8::1/128");
	assert_int_equal(vrp_prefix_parse("192.0.2.0", &p), VRP_INVALID);
	assert_int_equal(vrp_prefix_parse("192.0.2.0/33", &p), VRP_INVALID);
	assert_int_equal(vrp_prefix_parse("", &p), VRP_INVALID);
	bad.len = 33;
	assert_int_equal(vrp_prefix_format(&bad, text), VRP_INVALID);
	assert_string_equal(text, "");
	assert_int_equal(vrp_prefix_covers(&bad, &bad), 0);
	vrp_prefix_mask(&bad);
	bad.family = 5;
	assert_int_equal(vrp_prefix_format(&bad, text), VRP_INVALID);
}

/* What a table of these records answers, one after the other. */
static struct vrp_view *
example(void)
{
	struct vrp_table *t = vrp_table_new();
	struct vrp_view *view;

	assert_non_null(t);
	add(t, "10.0.0.0/8", 8, 1);
	add(t, "10.0.0.0/16", 24, 1);
	add(t, "10.0.0.0/16", 24, 2);
	add(t, "10.0.0.0/16", 16, 3);
	add(t, "10.0.0.0/24", 26, 4);
	add(t, "10.0.0.0/24", 24, 2);
	add(t, "192.0.2.0/24", 24, 0);
	add(t, "2001:db8::/32", 48, 5);
	view = committed(t);
	vrp_table_free(t);
	return view;
}

static void
test_validate(void **state)
{
	static const struct {
		const char *prefix;
		uint32_t asn;
		int state;
		int reason;
		const char *nearest;
	} cases[] = {
		{"10.0.0.0/24", 1, VRP_STATE_VALID, VRP_REASON_NONE, "10.0.0.0/24"},
		{"10.0.0.0/26", 4, VRP_STATE_VALID, VRP_REASON_NONE, "10.0.0.0/24"},
		{"10.0.0.9/26", 4, VRP_STATE_VALID, VRP_REASON_NONE, "10.0.0.0/24"},
		{"10.0.0.0/26", 2, VRP_STATE_INVALID, VRP_REASON_LENGTH, "10.0.0.0/24"},
		{"10.0.1.0/24", 9, VRP_STATE_INVALID, VRP_REASON_AS, "10.0.0.0/16"},
		{"10.0.1.0/25", 9, VRP_STATE_INVALID, VRP_REASON_BOTH, "10.0.0.0/16"},
		{"192.0.2.0/24", 0, VRP_STATE_INVALID, VRP_REASON_AS, "192.0.2.0/24"},
		{"11.0.0.0/8", 1, VRP_STATE_NOT_FOUND, VRP_REASON_NONE, NULL},
		{"2001:db8:1::/48", 5, VRP_STATE_VALID, VRP_REASON_NONE, "2001:db8::/32"},
		{"2001:db9::/32", 5, VRP_STATE_NOT_FOUND, VRP_REASON_NONE, NULL},
	};
	struct vrp_view *view = example();
	size_t count;
	const struct vrp_record *records = vrp_view_records(view, VRP_ANY, &count);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct vrp_route route = {.prefix = prefix_of(cases[i].prefix), .asn = cases[i].asn};
		struct vrp_verdict v;
		char text[VRP_PREFIX_TEXT];

		assert_case(vrp_view_validate(view, &route.prefix, route.asn) == cases[i].state, "%s", cases[i].prefix);
		assert_int_equal(vrp_view_validate_many(view, &route, 1, &v), VRP_OK);
		assert_case(v.state == cases[i].state && v.reason == cases[i].reason, "%s", cases[i].prefix);
		if (!cases[i].nearest) {
			assert_int_equal(v.nearest, VRP_NO_RECORD);
			continue;
		}
		assert_true(v.nearest < count);
		vrp_prefix_format(&records[v.nearest].prefix, text);
		assert_string_equal(text, cases[i].nearest);
	}
	vrp_view_unref(view);
}

static void
test_malformed_routes(void **state)
{
	struct vrp_view *view = example();
	struct vrp_route routes[300] = {0};
	struct vrp_verdict verdicts[300];
	const struct vrp_record *reasons[ROOM];
	size_t count = 7;

	(void)state;
	for (size_t i = 0; i < 300; i++)
		routes[i] = (struct vrp_route){.prefix = prefix_of("10.0.0.0/24"), .asn = 1};
	assert_int_equal(vrp_view_validate_many(view, routes, 300, verdicts), VRP_OK);
	assert_int_equal(vrp_view_validate_many(view, routes, 0, verdicts), VRP_OK);
	memset(&routes[5].prefix, 0xff, sizeof(routes[5].prefix));
	routes[200].prefix.len = 33;
	assert_int_equal(vrp_view_validate_many(view, routes, 300, verdicts), VRP_INVALID);
	for (size_t i = 0; i < 300; i++)
		assert_int_equal(verdicts[i].state, i == 5 || i == 200 ? VRP_STATE_NOT_FOUND : VRP_STATE_VALID);
	assert_int_equal(verdicts[200].nearest, VRP_NO_RECORD);
	assert_int_equal(vrp_view_validate(view, &routes[5].prefix, 1), VRP_INVALID);
	assert_int_equal(vrp_view_covering(view, &routes[5].prefix, reasons, ROOM), 0);
	assert_int_equal(vrp_view_validate_reasons(view, &routes[200].prefix, 1, reasons, ROOM, &count), VRP_INVALID);
	assert_int_equal(count, 0);
	vrp_view_unref(view);
}

/* "8-1 16-1": length and AS of each. */
static const char *
listed(const struct vrp_record **records, size_t count)
{
	static char text[256];
	size_t len = 0;

	text[0] = '\0';
	for (size_t i = 0; i < count; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%u-%u", i ? " " : "", records[i]->prefix.len,
					records[i]->asn);
	return text;
}

static void
test_reasons(void **state)
{
	static const struct {
		const char *prefix;
		uint32_t asn;
		int state;
		const char *reasons;
	} cases[] = {
		/* All that cover what is invalid; none for what is not found. */
		{"10.0.0.0/24", 9, VRP_STATE_INVALID, "8-1 16-3 16-1 16-2 24-2 24-4"},
		{"10.0.0.0/16", 9, VRP_STATE_INVALID, "8-1 16-3 16-1 16-2"},
		{"172.16.0.0/12", 9, VRP_STATE_NOT_FOUND, ""},
		/* As far as the first prefix that has a match, with all of that prefix and nothing behind it. */
		{"10.0.0.0/24", 1, VRP_STATE_VALID, "8-1 16-3 16-1 16-2"},
		{"10.0.0.0/24", 2, VRP_STATE_VALID, "8-1 16-3 16-1 16-2"},
		{"10.0.0.0/24", 4, VRP_STATE_VALID, "8-1 16-3 16-1 16-2 24-2 24-4"},
		{"10.0.0.0/8", 1, VRP_STATE_VALID, "8-1"},
	};
	struct vrp_view *view = example();
	const struct vrp_record *r[ROOM], *few[2];
	struct vrp_prefix p;
	size_t count;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		p = prefix_of(cases[i].prefix);
		assert_case(vrp_view_validate_reasons(view, &p, cases[i].asn, r, ROOM, &count) == cases[i].state, "%s AS%u",
			    cases[i].prefix, cases[i].asn);
		assert_string_equal(listed(r, count), cases[i].reasons);
	}
	/* Without the room for all, the first ones; without any room, the number. */
	p = prefix_of("10.0.0.0/24");
	assert_int_equal(vrp_view_validate_reasons(view, &p, 9, few, 2, &count), VRP_STATE_INVALID);
	assert_int_equal(count, 6);
	assert_string_equal(listed(few, 2), "8-1 16-3");
	assert_int_equal(vrp_view_validate_reasons(view, &p, 9, NULL, 0, &count), VRP_STATE_INVALID);
	assert_int_equal(count, 6);
	assert_int_equal(vrp_view_covering(view, &p, r, ROOM), 6);
	assert_string_equal(listed(r, 6), cases[0].reasons);
	vrp_view_unref(view);
}

static void
test_wider_and_match(void **state)
{
	struct vrp_view *view = example();
	struct vrp_route route = {.prefix = prefix_of("10.0.0.0/26"), .asn = 2};
	struct vrp_verdict v;
	size_t count, seen = 0;
	const struct vrp_record *records = vrp_view_records(view, VRP_ANY, &count);
	unsigned matches[4] = {0};

	(void)state;
	assert_int_equal(vrp_view_validate_many(view, &route, 1, &v), VRP_OK);
	for (uint32_t at = v.nearest; at != VRP_NO_RECORD; at = vrp_view_wider(view, at), seen++) {
		assert_true(vrp_record_match(&records[at], &route.prefix, 2) < 4);
		matches[vrp_record_match(&records[at], &route.prefix, 2)]++;
	}
	assert_int_equal(seen, 6);
	assert_int_equal(matches[VRP_MATCH], 0);
	assert_int_equal(matches[VRP_TOO_LONG], 2);
	assert_int_equal(matches[VRP_OTHER_AS], 1);
	assert_int_equal(matches[VRP_OTHER_AS | VRP_TOO_LONG], 3);
	assert_int_equal(vrp_view_wider(view, (uint32_t)count), VRP_NO_RECORD);
	assert_int_equal(vrp_view_wider(view, VRP_NO_RECORD), VRP_NO_RECORD);
	route.prefix = prefix_of("11.0.0.0/8");
	assert_int_equal(vrp_record_match(&records[0], &route.prefix, 1), VRP_NOT_COVERED);
	vrp_view_unref(view);
}

static void
test_records(void **state)
{
	struct vrp_view *view = example();
	struct vrp_record wanted = record_of("10.0.0.0/16", 24, 2);
	size_t all, ipv4, ipv6, none;
	const struct vrp_record *r = vrp_view_records(view, VRP_ANY, &all), *six = vrp_view_records(view, VRP_IPV6, &ipv6);

	(void)state;
	assert_ptr_equal(vrp_view_records(view, VRP_IPV4, &ipv4), r);
	assert_int_equal(ipv4, 7);
	assert_int_equal(ipv6, 1);
	assert_int_equal(all, 8);
	assert_ptr_equal(six, r + ipv4);
	assert_null(vrp_view_records(view, (enum vrp_family)7, &none));
	assert_int_equal(none, 0);
	for (size_t i = 1; i < ipv4; i++)
		assert_true(vrp_prefix_compare(&r[i - 1].prefix, &r[i].prefix) <= 0);
	wanted.expires = 12;	/* says nothing */
	assert_non_null(vrp_view_find_record(view, &wanted));
	assert_int_equal(vrp_view_find_record(view, &wanted)->expires, VRP_EXPIRES_UNKNOWN);
	wanted.max_len = 23;
	assert_null(vrp_view_find_record(view, &wanted));
	assert_int_equal(vrp_view_sources(view, r, NULL, 0), 0);
	assert_string_equal(vrp_view_trust_anchor(view, 0), "-");
	assert_string_equal(vrp_view_trust_anchor(view, 65535), "-");
	vrp_view_unref(view);
}

static struct vrp_router_key
key_of(uint8_t ski, uint32_t asn, const char *spki)
{
	struct vrp_router_key k = {.ski = {ski}, .asn = asn, .expires = VRP_EXPIRES_UNKNOWN};

	k.spki = (const uint8_t *)spki;
	k.spki_len = (uint16_t)strlen(spki);
	return k;
}

static void
test_router_keys(void **state)
{
	struct vrp_table *t = vrp_table_new();
	const uint8_t ski[VRP_SKI_LEN] = {2};
	struct vrp_router_key keys[] = {
		key_of(1, 64496, "a"), key_of(2, 64496, "b"), key_of(2, 64496, "c"), key_of(2, 64497, "b"), key_of(3, 64496, "b"),
	};
	const struct vrp_router_key *found;
	struct vrp_view *view;
	size_t count;

	(void)state;
	for (size_t i = 5; i-- > 0;)
		assert_int_equal(vrp_table_add_router_key(t, &keys[i]), VRP_OK);
	assert_int_equal(vrp_table_add_router_key(t, &keys[0]), VRP_DUPLICATE);
	view = committed(t);
	assert_int_equal(vrp_table_add_router_key(t, &keys[0]), VRP_DUPLICATE);
	vrp_view_router_keys(view, &count);
	assert_int_equal(count, 5);
	found = vrp_view_find_router_keys(view, 64496, ski, &count);
	assert_int_equal(count, 2);
	assert_int_equal(found[0].spki[0], 'b');
	assert_int_equal(found[1].spki[0], 'c');
	vrp_view_find_router_keys(view, 64497, ski, &count);
	assert_int_equal(count, 1);
	assert_null(vrp_view_find_router_keys(view, 64498, ski, &count));
	assert_int_equal(count, 0);
	vrp_view_unref(view);
	assert_int_equal(vrp_table_remove_router_key(t, &keys[1]), VRP_OK);
	assert_int_equal(vrp_table_remove_router_key(t, &keys[1]), VRP_NOT_FOUND);
	view = committed(t);
	assert_int_equal(vrp_table_remove_router_key(t, &keys[1]), VRP_NOT_FOUND);
	found = vrp_view_find_router_keys(view, 64496, ski, &count);
	assert_int_equal(count, 1);
	assert_int_equal(found[0].spki[0], 'c');
	keys[0].spki_len = 0;
	assert_int_equal(vrp_table_add_router_key(t, &keys[0]), VRP_INVALID);
	keys[0] = key_of(1, 1, "x");
	keys[0].spki = NULL;
	assert_int_equal(vrp_table_remove_router_key(t, &keys[0]), VRP_INVALID);
	vrp_view_unref(view);
	vrp_table_free(t);
}

static int
add_aspa(struct vrp_table *t, uint32_t customer, const uint32_t *providers, uint32_t count)
{
	struct vrp_aspa a = {.customer = customer, .provider_count = count, .providers = providers,
			     .expires = VRP_EXPIRES_UNKNOWN};

	return vrp_table_add_aspa(t, &a);
}

/* The draft's example. */
static void
test_paths(void **state)
{
	static const uint32_t p1[] = {3, 4}, p2[] = {5}, p3[] = {6}, p4[] = {7, 6, 7}, p7[] = {0};
	static const struct {
		uint32_t path[5];
		size_t count;
		unsigned flags;
		uint32_t neighbour;
		int state;
	} cases[] = {
		{{6, 3, 1}, 3, VRP_PATH_UPSTREAM, 6, VRP_PATH_VALID},
		{{4, 3, 1}, 3, VRP_PATH_UPSTREAM, 4, VRP_PATH_INVALID},
		{{4, 6, 3, 1}, 4, VRP_PATH_UPSTREAM, 4, VRP_PATH_UNKNOWN},
		{{5, 7, 4, 1}, 4, VRP_PATH_DOWNSTREAM, 5, VRP_PATH_VALID},
		{{5, 7, 4, 3, 1}, 5, VRP_PATH_DOWNSTREAM, 5, VRP_PATH_INVALID},
		{{6, 3, 1}, 3, VRP_PATH_UPSTREAM, 7, VRP_PATH_INVALID},
		{{6, 3, 1}, 3, VRP_PATH_UPSTREAM, 0, VRP_PATH_VALID},
		{{6, 3, 1}, 3, VRP_PATH_UPSTREAM | VRP_PATH_HAS_SET, 6, VRP_PATH_INVALID},
		{{6}, 0, VRP_PATH_DOWNSTREAM, 0, VRP_PATH_INVALID},
	};
	struct vrp_table *t = vrp_table_new();
	const struct vrp_aspa *a;
	struct vrp_view *view;
	size_t count;

	(void)state;
	assert_int_equal(add_aspa(t, 1, p1, 2), VRP_OK);
	assert_int_equal(add_aspa(t, 2, p2, 1), VRP_OK);
	assert_int_equal(add_aspa(t, 3, p3, 1), VRP_OK);
	assert_int_equal(add_aspa(t, 4, p4, 3), VRP_OK);
	assert_int_equal(add_aspa(t, 7, p7, 1), VRP_OK);
	assert_int_equal(add_aspa(t, 7, p1, 2), VRP_DUPLICATE);
	assert_int_equal(add_aspa(t, 8, p1, 0), VRP_INVALID);
	assert_int_equal(add_aspa(t, 8, NULL, 1), VRP_INVALID);
	assert_int_equal(add_aspa(t, 8, p1, 16381), VRP_INVALID);
	view = committed(t);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_case(vrp_view_verify_path(view, cases[i].path, cases[i].count, cases[i].flags, cases[i].neighbour) ==
				    cases[i].state, "%zu", i);
	vrp_view_aspas(view, &count);
	assert_int_equal(count, 5);
	a = vrp_view_find_aspa(view, 4);
	assert_int_equal(a->provider_count, 2);
	assert_int_equal(a->providers[0], 6);
	assert_null(vrp_view_find_aspa(view, 5));
	vrp_view_unref(view);

	/* Others for a customer: the same ones once more, in another order, and then new ones. */
	assert_int_equal(vrp_table_remove_aspa(t, 4), VRP_OK);
	assert_int_equal(vrp_table_remove_aspa(t, 4), VRP_NOT_FOUND);
	assert_int_equal(add_aspa(t, 4, p4, 2), VRP_OK);
	vrp_view_unref(committed(t));
	assert_int_equal(vrp_table_remove_aspa(t, 4), VRP_OK);
	assert_int_equal(add_aspa(t, 4, p2, 1), VRP_OK);
	assert_int_equal(vrp_table_remove_aspa(t, 1), VRP_OK);
	view = committed(t);
	assert_int_equal(vrp_view_find_aspa(view, 4)->providers[0], 5);
	assert_null(vrp_view_find_aspa(view, 1));
	vrp_view_unref(view);
	vrp_table_free(t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_version_and_names),
		cmocka_unit_test(test_prefixes),
		cmocka_unit_test(test_validate),
		cmocka_unit_test(test_malformed_routes),
		cmocka_unit_test(test_reasons),
		cmocka_unit_test(test_wider_and_match),
		cmocka_unit_test(test_records),
		cmocka_unit_test(test_router_keys),
		cmocka_unit_test(test_paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
