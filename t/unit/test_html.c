/* SPDX-License-Identifier: ISC */
#include "sets.h"

#include <openssl/evp.h>

#include "html.h"
#include "look.h"
#include "utf8.h"

static void
assert_text(const char *raw, size_t len, const char *want)
{
	struct out o = memory_out();
	char *got;

	html_text(&o, raw, len);
	got = memory_done(&o, NULL);
	assert_case(strcmp(got, want) == 0, "'%.*s': '%s', not '%s'", (int)len, raw, got, want);
	free(got);
}

#define NO "\xef\xbf\xbd"

static void
test_text(void **state)
{
	static const struct {
		const char *raw, *want;
	} cases[] = {
		{"", ""},
		{"apnic", "apnic"},
		{"<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"},
		{"\"><b x='&", "&quot;&gt;&lt;b x=&#39;&amp;"},
		{"&amp;", "&amp;amp;"},
		{"a\tb\nc\rd", "a b c d"},
		{"a\x01\x1b[31m\x7f", "a" NO NO "[31m" NO},
		{"Zürich 東京 \xf0\x9f\x9a\x80", "Zürich 東京 \xf0\x9f\x9a\x80"},
		{"שלום", "שלום"},
		/* Overrides, embeddings, isolates, marks: nothing is moved or hidden. */
		{"a\xe2\x80\xae" "b", "a" NO "b"},
		{"\xe2\x80\xaa\xe2\x80\xad\xe2\x80\xac", NO NO NO},
		{"\xe2\x81\xa6x\xe2\x81\xa9", NO "x" NO},
		{"\xe2\x80\x8e\xe2\x80\x8f\xd8\x9c", NO NO NO},
		{"a\xe2\x80\x8b" "b\xe2\x80\xa8" "c\xef\xbb\xbf", "a" NO "b" NO "c" NO},
		/* Neighbours of those are text. */
		{"\xe2\x80\x90\xe2\x80\xa7\xe2\x80\xaf\xe2\x81\x9f\xd8\x9b", "\xe2\x80\x90\xe2\x80\xa7\xe2\x80\xaf\xe2\x81\x9f\xd8\x9b"},
		/* C1 in UTF-8, and not UTF-8: a byte alone, overlong, a surrogate, too high, cut short. */
		{"\xc2\x85", NO},
		{"\xff<", NO "&lt;"},
		{"\xc0\xbc", NO NO},
		{"\xe0\x80\xbc", NO NO NO},
		{"\xed\xa0\x80", NO NO NO},
		{"\xf4\x90\x80\x80", NO NO NO NO},
		{"a\xe2\x80", "a" NO NO},
		{"\xf0\x9f\x9a<", NO NO NO "&lt;"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_text(cases[i].raw, strlen(cases[i].raw), cases[i].want);
	assert_text("a\0b", 3, "a" NO "b");
	assert_text("\xe2\x80\xae", 2, NO NO);
}

/* Of any bytes comes UTF-8 without a byte that means something to HTML. */
static void
test_text_random(void **state)
{
	struct rng rng = {7};

	(void)state;
	for (int round = 0; round < ROUNDS(20000); round++) {
		static const unsigned char often[] = {'<', '>', '&', '"', '\'', 0xe2, 0x80, 0xae, 0xf0, 0xc2, 0x81, 0xef, 0xbb, 0xbf};
		unsigned char raw[12];
		size_t len = rng_below(&rng, sizeof(raw) + 1), got_len;
		char window[512];
		struct out o;

		for (size_t i = 0; i < len; i++)
			raw[i] = rng_below(&rng, 2) ? often[rng_below(&rng, ARRAY_LEN(often))] : (unsigned char)rng_next(&rng);
		out_init_window(&o, window, sizeof(window), 0, NULL);
		html_text(&o, (const char *)raw, len);
		got_len = (size_t)out_window_len(&o);
		out_release(&o);
		for (size_t i = 0, n; i < got_len; i += n) {
			n = utf8_length((const unsigned char *)window + i, got_len - i);
			assert_int_not_equal(n, 0);
			assert_null(n == 1 ? memchr("<>\"'", window[i], 4) : NULL);
			assert_true((unsigned char)window[i] >= ' ');
		}
	}
}

static void
test_name(void **state)
{
	struct out o = memory_out();
	char *got;

	(void)state;
	html_name(&o, "a<b");
	got = memory_done(&o, NULL);
	assert_string_equal(got, "<bdi>a&lt;b</bdi>");
	free(got);
}

static void
test_values(void **state)
{
	static const struct {
		void (*write)(struct out *o, uint64_t n);
		uint64_t n;
		const char *want;
	} cases[] = {
		{html_count, 0, "0"}, {html_count, 999, "999"}, {html_count, 1000, "1,000"}, {html_count, 812345, "812,345"},
		{html_count, 1000001, "1,000,001"}, {html_count, UINT64_MAX, "18,446,744,073,709,551,615"},
		{html_size, 0, "0 B"}, {html_size, 999, "999 B"}, {html_size, 1000, "1.0 kB"}, {html_size, 9949, "9.9 kB"},
		{html_size, 9951, "10 kB"}, {html_size, 999499, "999 kB"}, {html_size, 999500, "1.0 MB"},
		{html_size, UINT64_C(1200000000), "1.2 GB"}, {html_size, UINT64_MAX, "18 EB"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct out o = memory_out();
		char *got;

		cases[i].write(&o, cases[i].n);
		got = memory_done(&o, NULL);
		assert_string_equal(got, cases[i].want);
		free(got);
	}
}

static void
test_spans(void **state)
{
	static const struct {
		int64_t seconds;
		const char *want;
	} cases[] = {
		{-5, "0 s"}, {0, "0 s"}, {59, "59 s"}, {60, "1 min"}, {61, "1 min 1 s"}, {3599, "59 min 59 s"}, {3600, "1 h"},
		{3659, "1 h"}, {3660, "1 h 1 min"}, {86399, "23 h 59 min"}, {86400, "1 d"}, {90000, "1 d 1 h"}, {8640000, "100 d"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct out o = memory_out();
		char *got;

		html_span(&o, cases[i].seconds);
		got = memory_done(&o, NULL);
		assert_string_equal(got, cases[i].want);
		free(got);
	}
}

static void
test_times(void **state)
{
	struct out o = memory_out();
	char *got;

	(void)state;
	html_time(&o, 1795582800, 1795582801);
	html_time(&o, 1795582800, 1795582800 + 86400);
	html_ago(&o, 1795582800, 1795582860);
	html_ago(&o, 1795582800, 1795582800);
	html_ago(&o, 1795582800, 1795582700);
	got = memory_done(&o, NULL);
#define STAMP "<time datetime=\"2026-11-25T05:00:00Z\""
	assert_string_equal(got, STAMP ">05:00:00 UTC</time>" STAMP ">2026-11-25 05:00:00 UTC</time>"
			    STAMP " title=\"2026-11-25T05:00:00Z\">1 min ago</time>"
			    STAMP " title=\"2026-11-25T05:00:00Z\">now</time>" STAMP " title=\"2026-11-25T05:00:00Z\">now</time>");
	free(got);
}

/* The one element `tag` of the page. */
static char *
inside(const char *page, const char *tag)
{
	char begin[16], end[16];
	const char *from, *to;

	snprintf(begin, sizeof(begin), "<%s>", tag);
	snprintf(end, sizeof(end), "</%s>", tag);
	from = strstr(page, begin);
	assert_non_null(from);
	from += strlen(begin);
	assert_null(strstr(from, begin));
	to = strstr(from, end);
	assert_non_null(to);
	return strndup(from, (size_t)(to - from));
}

/* What the policy allows is what the page has, and that alone. */
static void
test_policy(void **state)
{
	struct out o = memory_out();
	char policy[HTML_POLICY_MAX], want[HTML_POLICY_MAX], *page;

	(void)state;
	html_begin(&o, "rtr-serve", HTML_BAD, "<No> data");
	html_state_end(&o);
	html_foot(&o, 1795582800);
	html_end(&o);
	page = memory_done(&o, NULL);
	assert_non_null(strstr(page, "<title>&lt;No&gt; data"));
	assert_non_null(strstr(page, "class=\"state bad\""));
	assert_null(strstr(page, " style="));
	assert_int_equal(html_policy(policy), 0);
	for (size_t i = 0; i < 2; i++) {
		char *text = inside(page, i ? "script" : "style");
		unsigned char hash[32];
		char base64[64];

		assert_int_equal(EVP_Digest(text, strlen(text), hash, NULL, EVP_sha256(), NULL), 1);
		EVP_EncodeBlock((unsigned char *)base64, hash, sizeof(hash));
		snprintf(want, sizeof(want), "%s-src 'sha256-%s';", i ? "script" : "style", base64);
		assert_non_null(strstr(policy, want));
		free(text);
	}
	assert_int_equal(strncmp(policy, "default-src 'none'; ", 20), 0);
	assert_null(strstr(policy, "unsafe"));
	assert_null(strchr(policy, '*'));
	free(page);
}

/* Neither file can end its element, nor bring anything in from elsewhere. */
static void
test_look(void **state)
{
	static const char *const never[] = {"</style", "</script", "<!--", "http:", "https:", "@import", "url(", "innerHTML", "eval"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(never); i++) {
		assert_case(!strstr(look_css, never[i]), "style: %s", never[i]);
		assert_case(!strstr(look_js, never[i]), "script: %s", never[i]);
	}
	assert_non_null(strstr(look_css, "prefers-color-scheme: dark"));
}

static void
test_table(void **state)
{
	static const struct html_column columns[] = {{"Router", false}, {"Serial", true}};
	struct out o = memory_out();
	char *got;

	(void)state;
	html_table(&o, "clients", "Connected", columns, ARRAY_LEN(columns));
	html_row(&o);
	html_head_cell(&o);
	html_name(&o, "a");
	html_cell(&o, true);
	html_count(&o, 7);
	html_table_end(&o);
	got = memory_done(&o, NULL);
	assert_string_equal(got,
			    "<div class=\"wide\" role=\"region\" aria-labelledby=\"clients-caption\" tabindex=\"0\">\n"
			    "<table id=\"clients\" data-live>\n<caption id=\"clients-caption\">Connected</caption>\n<thead>\n"
			    "<tr><th scope=\"col\">Router<th scope=\"col\" class=\"number\">Serial\n<tbody>\n\n"
			    "<tr><th scope=\"row\"><bdi>a</bdi><td class=\"number\">7\n</table>\n</div>\n");
	free(got);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_text_random),
		cmocka_unit_test(test_name),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_spans),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_policy),
		cmocka_unit_test(test_look),
		cmocka_unit_test(test_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
