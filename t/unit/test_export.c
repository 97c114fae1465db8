/* SPDX-License-Identifier: ISC */
#include "sets.h"

#include <errno.h>
#include <fcntl.h>

#include "export.h"

/* The set of these lines in a dialect; the caller frees the text. */
static char *
exported(const char *format, const char *lines, const struct export_meta *meta)
{
	struct names *names = names_new();
	struct vrpset *set = set_of(names, lines);
	const struct export_format *f = export_find(format);
	struct out o = memory_out();

	assert_non_null(f);
	f->write(&o, set, meta);
	vrpset_unref(set);
	names_unref(names);
	return memory_done(&o, NULL);
}

static void
assert_export(const char *format, const char *lines, const char *want)
{
	static const struct export_meta none = EXPORT_META_INIT;
	char *got = exported(format, lines, &none);

	assert_string_equal(got, want);
	free(got);
}

static void
test_table(void **state)
{
	(void)state;
	assert_int_equal(export_count(), 13);
	for (size_t i = 0; i < export_count(); i++) {
		const struct export_format *f = export_at(i);

		assert_ptr_equal(export_find(f->name), f);
		assert_true(f->about[0]);
		assert_true(f->holds & EXPORT_VRPS);
	}
	assert_null(export_find(""));
	assert_null(export_find("JSON"));
	assert_null(export_find("jso"));
	assert_null(export_find("json "));
}

#define VRPS "1.0.0.0/24 24 13335 apnic 1795942462\n2001:db8::/32 48 0\n"
#define KEY "router-key 64496 510F485D29A29DB7B515F9C478F8ED3CB7AA7D23 +/8= ripe 9\n"
#define ASPA "aspa 64500 64502,64501 - 7\n"

static void
test_csv(void **state)
{
	(void)state;
	assert_export("csv", VRPS KEY ASPA,
		      "ASN,IP Prefix,Max Length,Trust Anchor,Expires\n"
		      "AS13335,1.0.0.0/24,24,apnic,1795942462\n"
		      "AS0,2001:db8::/32,48,N/A,N/A\n");
	assert_export("csvcompat", VRPS,
		      "\"ASN\",\"IP Prefix\",\"Max Length\",\"Trust Anchor\"\n"
		      "\"AS13335\",\"1.0.0.0/24\",\"24\",\"apnic\"\n"
		      "\"AS0\",\"2001:db8::/32\",\"48\",\"N/A\"\n");
	assert_export("csv", "", "ASN,IP Prefix,Max Length,Trust Anchor,Expires\n");
}

static void
test_bird(void **state)
{
	struct export_meta meta = EXPORT_META_INIT;
	char *got;

	(void)state;
	meta.generated = 42;
	meta.time = 0;
	meta.source = "a\n}\\";
	got = exported("bird", VRPS KEY, &meta);
	assert_string_equal(got, "# RPKI data from a%0A}\\, of 1970-01-01T00:00:00Z\n# IPv4 VRPs: 1\n# IPv6 VRPs: 1\n\n"
				 "define force_roa_table_update = 42;\n\nroa4 table ROAS4;\nroa6 table ROAS6;\n\n"
				 "protocol static {\n\troa4 { table ROAS4; };\n\n\troute 1.0.0.0/24 max 24 as 13335;\n}\n\n"
				 "protocol static {\n\troa6 { table ROAS6; };\n\n\troute 2001:db8::/32 max 48 as 0;\n}\n");
	free(got);
	meta.source = NULL;
	meta.bird_table = "X";
	got = exported("bird1v6", VRPS, &meta);
	assert_string_equal(got, "# RPKI data of 1970-01-01T00:00:00Z\n# IPv6 VRPs: 1\n\nroa table X {\n"
				 "\troa 2001:db8::/32 max 48 as 0;\n}\n");
	free(got);
	assert_export("bird1v4", VRPS,
		      "# RPKI data of unknown time\n# IPv4 VRPs: 1\n\nroa table ROAS {\n\troa 1.0.0.0/24 max 24 as 13335;\n}\n");
	assert_export("bird1", VRPS,
		      "# RPKI data of unknown time\n# IPv4 VRPs: 1\n# IPv6 VRPs: 1\n\nroa table ROAS {\n"
		      "\troa 1.0.0.0/24 max 24 as 13335;\n\troa 2001:db8::/32 max 48 as 0;\n}\n");
}

static void
test_bird_table(void **state)
{
	static const char *const bad[] = {"", "4ROAS", "a b", "a;", "a-b", "\xc3\xa4", "a\n"};
	char name[EXPORT_BIRD_TABLE_MAX + 2];

	(void)state;
	assert_true(export_bird_table(EXPORT_BIRD_TABLE));
	assert_true(export_bird_table("_a9Z"));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_case(!export_bird_table(bad[i]), "'%s'", bad[i]);
	memset(name, 'x', sizeof(name));
	name[EXPORT_BIRD_TABLE_MAX + 1] = '\0';
	assert_false(export_bird_table(name));
	name[EXPORT_BIRD_TABLE_MAX] = '\0';
	assert_true(export_bird_table(name));
}

static void
test_openbgpd(void **state)
{
	(void)state;
	assert_export("openbgpd", VRPS,
		      "# RPKI data of unknown time\n# IPv4 VRPs: 1\n# IPv6 VRPs: 1\nroa-set {\n"
		      "\t1.0.0.0/24 source-as 13335 expires 1795942462\n\t2001:db8::/32 maxlen 48 source-as 0\n}\n");
	/* An expiry of 0 would be none to OpenBGPD. */
	assert_export("openbgpd-aspa", ASPA "1.0.0.0/8 8 4294967295 - 0\naspa 4294967295 0\n",
		      "# RPKI data of unknown time\n# IPv4 VRPs: 1\n# IPv6 VRPs: 0\n# ASPAs: 2\nroa-set {\n"
		      "\t1.0.0.0/8 source-as 4294967295 expires 1\n}\n\naspa-set {\n"
		      "\tcustomer-as 64500 expires 7 provider-as { 64501, 64502 }\n"
		      "\tcustomer-as 4294967295 provider-as { 0 }\n}\n");
}

static void
test_rpsl(void **state)
{
	struct export_meta meta = EXPORT_META_INIT;
	char *got;

	(void)state;
	/* Without a time of the data, when the export was made. */
	meta.generated = 60;
	got = exported("rpsl", "1.0.0.0/24 24 1 RIPE%20ncc\n::/0 0 0 x\n", &meta);
	assert_string_equal(got, "\nroute: 1.0.0.0/24\norigin: AS1\ndescr: RPKI attestation\nmnt-by: NA\n"
				 "created: 1970-01-01T00:01:00Z\nlast-modified: 1970-01-01T00:01:00Z\n"
				 "source: ROA-RIPE-NCC-RPKI-ROOT\n\n"
				 "\nroute6: ::/0\norigin: AS0\ndescr: RPKI attestation\nmnt-by: NA\n"
				 "created: 1970-01-01T00:01:00Z\nlast-modified: 1970-01-01T00:01:00Z\n"
				 "source: ROA-X-RPKI-ROOT\n\n");
	free(got);
}

static void
test_json(void **state)
{
	struct export_meta meta = {.time = 1795942400, .source = "ignored", .session = 0, .serial = 4294967295};
	char *got = exported("json", VRPS KEY ASPA, &meta);

	(void)state;
	assert_string_equal(
		got,
		"{\n\t\"metadata\": {\n\t\t\"buildtime\": \"2026-11-29T08:53:20Z\",\n\t\t\"generated\": 1795942400,\n\t\t\"sessionid\": 0,\n"
		"\t\t\"serial\": 4294967295,\n\t\t\"bgpsec_pubkeys\": 1,\n\t\t\"vrps\": 2,\n\t\t\"uniquevrps\": 2,\n"
		"\t\t\"vaps\": 1,\n\t\t\"uniquevaps\": 1\n\t},\n\n\t\"roas\": [\n"
		"\t\t{ \"asn\": 13335, \"prefix\": \"1.0.0.0/24\", \"maxLength\": 24, \"ta\": \"apnic\", \"expires\": 1795942462 },\n"
		"\t\t{ \"asn\": 0, \"prefix\": \"2001:db8::/32\", \"maxLength\": 48 }\n\t],\n\n\t\"bgpsec_keys\": [\n"
		"\t\t{ \"asn\": 64496, \"ski\": \"510F485D29A29DB7B515F9C478F8ED3CB7AA7D23\", \"pubkey\": \"+/8=\", "
		"\"ta\": \"ripe\", \"expires\": 9 }\n\t],\n\n\t\"aspas\": [\n"
		"\t\t{ \"customer_asid\": 64500, \"expires\": 7, \"providers\": [64501, 64502] }\n\t]\n}\n");
	free(got);
}

static void
test_jsonl(void **state)
{
	(void)state;
	assert_export("jsonl", "", "");
	assert_export("jsonl", VRPS KEY ASPA,
		      "{\"type\":\"vrp\",\"prefix\":\"1.0.0.0/24\",\"maxLength\":24,\"asn\":13335,\"ta\":\"apnic\","
		      "\"expires\":1795942462}\n"
		      "{\"type\":\"vrp\",\"prefix\":\"2001:db8::/32\",\"maxLength\":48,\"asn\":0}\n"
		      "{\"type\":\"router-key\",\"asn\":64496,\"ski\":\"510F485D29A29DB7B515F9C478F8ED3CB7AA7D23\","
		      "\"pubkey\":\"+/8=\",\"ta\":\"ripe\",\"expires\":9}\n"
		      "{\"type\":\"aspa\",\"customer\":64500,\"providers\":[64501,64502],\"expires\":7}\n");
}

static void
test_slurm(void **state)
{
	(void)state;
	assert_export("slurm", "",
		      "{\n\t\"slurmVersion\": 1,\n\t\"validationOutputFilters\": {\n\t\t\"prefixFilters\": [],\n"
		      "\t\t\"bgpsecFilters\": []\n\t},\n\t\"locallyAddedAssertions\": {\n\t\t\"prefixAssertions\": [\n\n\t\t],\n"
		      "\t\t\"bgpsecAssertions\": [\n\n\t\t]\n\t}\n}\n");
	assert_export("slurm", VRPS KEY ASPA,
		      "{\n\t\"slurmVersion\": 2,\n\t\"validationOutputFilters\": {\n\t\t\"prefixFilters\": [],\n"
		      "\t\t\"bgpsecFilters\": [],\n\t\t\"aspaFilters\": []\n\t},\n\t\"locallyAddedAssertions\": {\n"
		      "\t\t\"prefixAssertions\": [\n"
		      "\t\t\t{ \"asn\": 13335, \"prefix\": \"1.0.0.0/24\", \"maxPrefixLength\": 24, \"comment\": \"apnic\" },\n"
		      "\t\t\t{ \"asn\": 0, \"prefix\": \"2001:db8::/32\", \"maxPrefixLength\": 48 }\n\t\t],\n"
		      "\t\t\"bgpsecAssertions\": [\n"
		      "\t\t\t{ \"asn\": 64496, \"SKI\": \"UQ9IXSminbe1FfnEePjtPLeqfSM\", \"routerPublicKey\": \"-_8\", "
		      "\"comment\": \"ripe\" }\n\t\t],\n\t\t\"aspaAssertions\": [\n"
		      "\t\t\t{ \"customerAsn\": 64500, \"providerAsns\": [64501, 64502] }\n\t\t]\n\t}\n}\n");
}

/* A customer among its own providers would void the file, and so would one of AS0. */
static void
test_slurm_strange_aspas(void **state)
{
	static const char *const cases[][2] = {
		{"aspa 5 5", "{ \"customerAsn\": 5, \"providerAsns\": [0] }"},
		{"aspa 5 5,6", "{ \"customerAsn\": 5, \"providerAsns\": [6] }"},
		{"aspa 5 4,5", "{ \"customerAsn\": 5, \"providerAsns\": [4] }"},
		{"aspa 5 3,4,5,6,7", "{ \"customerAsn\": 5, \"providerAsns\": [3, 4, 6, 7] }"},
		{"aspa 0 0", ""},
		{"aspa 0 1\naspa 1 2", "{ \"customerAsn\": 1, \"providerAsns\": [2] }"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		static const struct export_meta none = EXPORT_META_INIT;
		char *got = exported("slurm", cases[i][0], &none), want[128];

		snprintf(want, sizeof(want), "\"aspaAssertions\": [\n%s%s\n\t\t]\n", *cases[i][1] ? "\t\t\t" : "", cases[i][1]);
		assert_case(strstr(got, want), "%s: %s", cases[i][0], got);
		free(got);
	}
}

static void
test_summary(void **state)
{
	struct export_meta meta = {.time = 0, .source = "a b", .session = 5, .serial = 6};
	char *got = exported("summary", VRPS KEY ASPA "1.0.0.0/24 24 1 apnic 1795942461\n1.0.0.0/25 25 1 apnic\n", &meta);

	(void)state;
	assert_string_equal(got, "time of data   1970-01-01T00:00:00Z\nsource         a%20b\nsession        5\nserial         6\n\n"
				 "trust anchor  IPv4 VRPs  IPv6 VRPs  router keys    ASPAs  first expiry\n"
				 "-                     0          1            0        1  1970-01-01T00:00:07Z\n"
				 "apnic                 3          0            0        0  2026-11-29T08:54:21Z\n"
				 "ripe                  0          0            1        0  1970-01-01T00:00:09Z\n"
				 "total                 3          1            1        1  1970-01-01T00:00:07Z\n\n"
				 "IPv4 prefixes  2\nIPv6 prefixes  1\norigin ASes    3\nVRPs of AS0    1\n");
	free(got);
}

/* What each dialect makes of a trust anchor's name. */
static void
test_names(void **state)
{
	static const struct {
		const char *token, *json, *csv, *compat;
	} cases[] = {
		{"apnic", "apnic", "apnic", "apnic"},
		{"RIPE%20NCC", "RIPE NCC", "RIPE NCC", "RIPE NCC"},
		{"a,b", "a,b", "\"a,b\"", "a,b"},
		{"a%22%5C%25", "a\\\"\\\\%", "\"a\"\"\\%\"", "a\"\"\\%"},
		{"%20a", " a", "\" a\"", " a"},
		{"a%20", "a ", "\"a \"", "a "},
		/* Control characters: escaped, or the token. */
		{"a%0AB", "a\\u000aB", "a%0AB", "a%0AB"},
		{"a%7F%09", "a\\u007f\\u0009", "a%7F%09", "a%7F%09"},
		{"%C2%9B", "\\u009b", "%C2%9B", "%C2%9B"},
		{"%C2%A0", "\xc2\xa0", "\xc2\xa0", "\xc2\xa0"},
		/* UTF-8, and what looks like it: cut short, too long, a surrogate, above the last character. */
		{"%C3%A4%E2%82%AC%F0%9F%98%80", "ä€\xf0\x9f\x98\x80", "ä€\xf0\x9f\x98\x80", "ä€\xf0\x9f\x98\x80"},
		{"%C3", "%C3", "%C3", "%C3"},
		{"%E2%82a", "%E2%82a", "%E2%82a", "%E2%82a"},
		{"%C0%80", "%C0%80", "%C0%80", "%C0%80"},
		{"%E0%80%80", "%E0%80%80", "%E0%80%80", "%E0%80%80"},
		{"%F0%80%80%80", "%F0%80%80%80", "%F0%80%80%80", "%F0%80%80%80"},
		{"%ED%A0%80", "%ED%A0%80", "%ED%A0%80", "%ED%A0%80"},
		{"%F4%90%80%80", "%F4%90%80%80", "%F4%90%80%80", "%F4%90%80%80"},
		{"%F5%80%80%80", "%F5%80%80%80", "%F5%80%80%80", "%F5%80%80%80"},
		/* No reader takes NUL. */
		{"a%00b", "a%00b", "a%00b", "a%00b"},
		{"100%", "100%", "100%", "100%"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char line[128], want[256];
		static const struct export_meta none = EXPORT_META_INIT;
		char *got;

		snprintf(line, sizeof(line), "1.0.0.0/8 8 1 %s 5\n", cases[i].token);
		snprintf(want, sizeof(want), "\"ta\":\"%s\",\"expires\":5}\n", cases[i].json);
		got = exported("jsonl", line, &none);
		assert_case(strstr(got, want), "%s: %s in %s", cases[i].token, want, got);
		free(got);
		snprintf(want, sizeof(want), "AS1,1.0.0.0/8,8,%s,5\n", cases[i].csv);
		got = exported("csv", line, &none);
		assert_case(strstr(got, want), "%s: %s in %s", cases[i].token, want, got);
		free(got);
		snprintf(want, sizeof(want), "\"8\",\"%s\"\n", cases[i].compat);
		got = exported("csvcompat", line, &none);
		assert_case(strstr(got, want), "%s: %s in %s", cases[i].token, want, got);
		free(got);
	}
}

/* The largest of everything fits the room that is asked for. */
static void
test_largest(void **state)
{
	struct names *names = names_new();
	struct vrpset_builder *b = vrpset_builder_new(names);
	uint32_t *providers = calloc(ASPA_PROVIDERS_MAX, sizeof(*providers));
	uint8_t *spki = calloc(1, SPKI_MAX);
	char token[NAME_LEN_MAX + 1];
	struct payload p = {.kind = PAYLOAD_ROUTER_KEY};
	struct vrp vrp = {.maxlen = 128, .asn = UINT32_MAX, .expires = EXPIRES_MAX};
	struct vrpset *set;

	(void)state;
	memset(token, '"', sizeof(token));
	vrp.prefix.family = FAMILY_IPV6;
	memset(vrp.prefix.addr, 0xff, 16);
	vrp.prefix.len = 128;
	vrp.ta = (uint16_t)names_token(names, token, NAME_LEN_MAX);
	assert_int_equal(vrp.ta, 1);
	assert_int_equal(vrpset_add_vrp(b, &vrp), 0);
	p.key = (struct router_key){.asn = UINT32_MAX, .expires = EXPIRES_MAX, .ta = 1, .spki_len = SPKI_MAX, .spki = spki};
	memset(spki, 0xff, SPKI_MAX);
	assert_int_equal(vrpset_add(b, &p), 0);
	for (uint32_t i = 0; i < ASPA_PROVIDERS_MAX; i++)
		providers[i] = UINT32_MAX - i;
	p = (struct payload){.kind = PAYLOAD_ASPA};
	p.aspa = (struct aspa){UINT32_MAX, ASPA_PROVIDERS_MAX, providers, EXPIRES_MAX, 1};
	assert_int_equal(vrpset_add(b, &p), 0);
	set = vrpset_finish(b, NULL);
	assert_non_null(set);
	for (size_t i = 0; i < export_count(); i++) {
		static const struct export_meta none = EXPORT_META_INIT;
		struct out o = memory_out();
		size_t len;

		export_at(i)->write(&o, set, &none);
		free(memory_done(&o, &len));
		assert_true(len > 50);
	}
	vrpset_unref(set);
	names_unref(names);
	free(providers);
	free(spki);
}

/* A full disk is found by every dialect, and ends the writing. */
static void
test_full(void **state)
{
	struct names *names = names_new();
	struct vrpset_builder *b = vrpset_builder_new(names);
	struct vrp vrp = {.maxlen = 32, .expires = EXPIRES_UNKNOWN};
	struct vrpset *set;

	(void)state;
	vrp.prefix.family = FAMILY_IPV4;
	vrp.prefix.len = 8;
	for (vrp.asn = 0; vrp.asn < 20000; vrp.asn++)
		assert_int_equal(vrpset_add_vrp(b, &vrp), 0);
	set = vrpset_finish(b, NULL);
	for (size_t i = 0; i < export_count(); i++) {
		static const struct export_meta none = EXPORT_META_INIT;
		struct out o;
		int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

		assert_true(fd >= 0);
		out_init(&o, fd);
		export_at(i)->write(&o, set, &none);
		assert_int_equal(out_flush(&o), -1);
		assert_int_equal(o.error, ENOSPC);
		out_release(&o);
		close(fd);
	}
	vrpset_unref(set);
	names_unref(names);
}

/* Any part of an export is that part of the whole, with the marks of a count. */
static void
check_windows(const struct export_format *f, const struct vrpset *set, struct rng *rng)
{
	static const struct export_meta none = EXPORT_META_INIT;
	struct out_marks marks = OUT_MARKS_INIT;
	struct out o = memory_out();
	size_t size;
	char *text, *window;

	f->write(&o, set, &none);
	text = memory_done(&o, &size);
	window = test_malloc(size + 1);
	out_init_count(&o, &marks);
	f->write(&o, set, &none);
	assert_int_equal(out_flush(&o), 0);
	assert_int_equal(out_at(&o), size);
	out_release(&o);
	for (int i = 0; i < 100; i++) {
		size_t start = rng_below(rng, (uint32_t)size), len = rng_below(rng, i % 2 ? 400 : (uint32_t)size);

		len = len < size - start ? len : size - start;
		out_init_window(&o, window, len, start, &marks);
		f->write(&o, set, &none);
		assert_case(out_window_len(&o) == (ptrdiff_t)len, "%s: %zu bytes at %zu", f->name, len, start);
		assert_memory_equal(window, text + start, len);
		out_release(&o);
	}
	test_free(window);
	free(text);
	out_marks_release(&marks);
}

static void
test_windows(void **state)
{
	struct names *names = names_new();
	struct rng rng = {1};

	(void)state;
	for (uint32_t size = 1; size < 3000; size *= 6) {
		struct vrpset_builder *b = vrpset_builder_new(names);
		struct vrpset *set;

		for (uint32_t i = 0; i < size; i++) {
			struct vrp vrp = random_vrp(&rng);
			uint32_t provider = i + 1;
			struct aspa aspa = {.customer = i, .provider_count = 1, .providers = &provider, .expires = EXPIRES_UNKNOWN};

			vrp.asn = i;
			assert_int_equal(vrpset_add_vrp(b, &vrp), 0);
			assert_int_equal(vrpset_add_aspa(b, &aspa), 0);
		}
		set = vrpset_finish(b, NULL);
		for (size_t i = 0; i < export_count(); i++)
			check_windows(export_at(i), set, &rng);
		vrpset_unref(set);
	}
	names_unref(names);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),	 cmocka_unit_test(test_csv),	 cmocka_unit_test(test_bird),
		cmocka_unit_test(test_bird_table), cmocka_unit_test(test_openbgpd), cmocka_unit_test(test_rpsl),
		cmocka_unit_test(test_json),	 cmocka_unit_test(test_jsonl),	 cmocka_unit_test(test_slurm),
		cmocka_unit_test(test_summary),	 cmocka_unit_test(test_names),	 cmocka_unit_test(test_largest),
		cmocka_unit_test(test_full),	 cmocka_unit_test(test_slurm_strange_aspas), cmocka_unit_test(test_windows),
	};

	return cmocka_run_group_tests_name("export", tests, NULL, NULL);
}
