/* SPDX-License-Identifier: ISC */
#include "sets.h"

#include <jansson.h>

#include "diffjson.h"

#define KEY "router-key 5 510F485D29A29DB7B515F9C478F8ED3CB7AA7D23 AAEC"

/* The document for these tables, as text. */
static char *
diff_text(struct names *names, const char *old, const char *new, const char *url, int64_t time)
{
	struct vrpset *from = set_of(names, old), *to = set_of(names, new);
	struct diffjson_side a = {.set = from, .url = url, .time = time, .serial = 4294967295U, .session = 65535};
	struct diffjson_side b = {.set = to, .url = "", .time = STAMP_UNKNOWN};
	struct out o = memory_out();
	struct delta d;

	assert_int_equal(delta_between(from, to, &d), 0);
	diffjson_write(&o, &a, &b, &d);
	delta_release(&d);
	vrpset_unref(from);
	vrpset_unref(to);
	return memory_done(&o, NULL);
}

/* Member names, types and their order are rtrmon's, and so is what is left out. */
static void
test_form(void **state)
{
	static const char want[] =
		"{\"metadata-primary\":{\"last-fetch\":1795392000,\"url\":\"https://a.example/\",\"serial\":4294967295,"
		"\"session-id\":65535,\"count\":3,\"rtr-refresh\":0,\"rtr-retry\":0,\"rtr-expire\":0},\n"
		"\"metadata-secondary\":{\"last-fetch\":0,\"url\":\"\",\"serial\":0,\"session-id\":0,\"count\":3,"
		"\"rtr-refresh\":0,\"rtr-retry\":0,\"rtr-expire\":0},\n"
		"\"only-primary\":[\n"
		"{\"asn\":1,\"max-length\":25,\"prefix\":\"1.0.0.0/24\",\"first-seen\":1795392000,\"last-seen\":1795392000,"
		"\"visible\":true},\n"
		"{\"asn\":5,\"max-length\":0,\"prefix\":\"\",\"first-seen\":1795392000,\"last-seen\":1795392000,\"visible\":true,"
		"\"bgpsec\":{\"asn\":5,\"expires\":1900000000,\"ta\":\"RIPE NCC\",\"pubkey\":\"AAEC\","
		"\"ski\":\"510F485D29A29DB7B515F9C478F8ED3CB7AA7D23\"}}],\n"
		"\"only-secondary\":[\n"
		"{\"asn\":0,\"max-length\":128,\"prefix\":\"2001:db8::/32\",\"first-seen\":0,\"last-seen\":0,\"visible\":true},\n"
		"{\"asn\":5,\"max-length\":0,\"prefix\":\"\",\"first-seen\":0,\"last-seen\":0,\"visible\":true,"
		"\"bgpsec\":{\"asn\":5,\"pubkey\":\"AAED\",\"ski\":\"510F485D29A29DB7B515F9C478F8ED3CB7AA7D23\"}}]}\n";
	struct names *names = names_new();
	char *text;

	(void)state;
	text = diff_text(names, "1.0.0.0/24 25 1\n9.0.0.0/8 8 9\naspa 1 2\n" KEY " RIPE%20NCC 1900000000",
			 "2001:db8::/32 128 0\n9.0.0.0/8 8 9\naspa 1 3\nrouter-key 5 510F485D29A29DB7B515F9C478F8ED3CB7AA7D23 AAED",
			 "https://a.example/", 1795392000);
	assert_string_equal(text, want);
	free(text);
	text = diff_text(names, "9.0.0.0/8 8 9", "9.0.0.0/8 8 9", "", 0);
	assert_non_null(strstr(text, "\"only-primary\":[],\n\"only-secondary\":[]}\n"));
	free(text);
	names_unref(names);
}

static json_t *
parsed(const char *text)
{
	json_error_t error;
	json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, &error);

	assert_case(root != NULL, "%d:%d: %s", error.line, error.column, error.text);
	return root;
}

/* Whatever bytes a URL or a trust anchor has, the document is JSON. */
static void
test_strings(void **state)
{
	static const char *const cases[][2] = {
		{"plain", "plain"},
		{"\"quoted\" \\ /", "\"quoted\" \\ /"},
		{"\x01\t\n\r\x1f\x7f", "\x01\t\n\r\x1f\x7f"},
		{"gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80", "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80"},
		/* Not UTF-8: cut short, overlong, a surrogate, too large, a lone byte; percent-encoded as in the line format. */
		{"a\xc3", "a%C3"},
		{"\xe2\x82", "%E2%82"},
		{"\xc0\xaf", "%C0%AF"},
		{"\xe0\x80\x80", "%E0%80%80"},
		{"\xed\xa0\x80", "%ED%A0%80"},
		{"\xf4\x90\x80\x80", "%F4%90%80%80"},
		{"50% \x80z\xff", "50%25%20%80z%FF"},
	};
	struct names *names = names_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char *text = diff_text(names, "", "", cases[i][0], 0);
		json_t *root = parsed(text);

		assert_string_equal(json_string_value(json_object_get(json_object_get(root, "metadata-primary"), "url")),
				    cases[i][1]);
		json_decref(root);
		free(text);
	}
	names_unref(names);
}

static void
test_random(void **state)
{
	struct names *names = names_new();
	struct rng rng = {41};
	struct buf b = BUF_INIT;

	(void)state;
	for (int i = 0; i < 2000; i++) {
		size_t n = rng_below(&rng, 30);
		char *text;

		buf_reset(&b);
		assert_int_equal(buf_addf(&b, KEY " "), 0);
		for (size_t k = 0; k < n; k++)
			assert_int_equal(buf_addf(&b, "%%%02X", 1 + rng_below(&rng, 255)), 0);
		assert_int_equal(buf_addf(&b, "x"), 0);
		assert_int_equal(buf_add(&b, "", 1), 0);
		text = diff_text(names, b.data, "", "", 0);
		json_decref(parsed(text));
		free(text);
	}
	buf_release(&b);
	names_unref(names);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_form),
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests_name("diffjson", tests, NULL, NULL);
}
