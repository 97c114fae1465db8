/* SPDX-License-Identifier: ISC */
/*
 * The reader's verdict on each document is compared with jansson's, whole and
 * in pieces of a few bytes.
 */
#include "test.h"

#include <jansson.h>

#include "../pieces.h"
#include "json.h"

static bool
accepts(const char *doc, size_t len, size_t piece, struct vrp_err *err)
{
	struct pieces text = {doc, len, piece};
	struct json_reader *r = json_reader_new(pieces_read, &text);
	enum json_token_type type;
	struct json_token t;

	assert_non_null(r);
	while ((type = json_reader_next(r, &t)) != JSON_TOKEN_ERROR && type != JSON_TOKEN_END)
		;
	assert_int_equal(json_reader_next(r, &t), type);
	if (type == JSON_TOKEN_ERROR)
		json_reader_error(r, err);
	json_reader_free(r);
	return type == JSON_TOKEN_END;
}

static bool
skips(const char *doc, size_t len, size_t piece)
{
	struct pieces text = {doc, len, piece};
	struct json_reader *r = json_reader_new(pieces_read, &text);
	struct json_token t;
	bool ok;

	assert_non_null(r);
	ok = json_reader_skip(r) == 0 && json_reader_next(r, &t) == JSON_TOKEN_END;
	json_reader_free(r);
	return ok;
}

/* jansson's verdict, but for the NUL bytes that it overlooks (json.h). */
static bool
jansson_accepts(const char *doc, size_t len)
{
	json_t *json = memchr(doc, 0, len) ? NULL : json_loadb(doc, len, 0, NULL);

	json_decref(json);
	return json != NULL;
}

static void
compare(const char *doc, size_t len)
{
	bool want = jansson_accepts(doc, len);
	struct vrp_err err = {0};

	for (size_t piece = 1; piece < 64; piece = piece * 2 + 1)
		assert_case(accepts(doc, len, piece, &err) == want, "%.*s in pieces of %zu: %s", (int)(len > 200 ? 200 : len),
			    doc, piece, want ? err.msg : "refused by jansson");
	assert_case(accepts(doc, len, SIZE_MAX, &err) == want, "%.*s: %s", (int)(len > 200 ? 200 : len), doc,
		    want ? err.msg : "refused by jansson");
	assert_case(skips(doc, len, SIZE_MAX) == want, "%.*s", (int)(len > 200 ? 200 : len), doc);
}

#define DOC(s) {s, sizeof(s) - 1}

static void
test_documents(void **state)
{
	static const struct { const char *text; size_t len; } docs[] = {
		/* The top level. */
		DOC(""), DOC(" "), DOC("{}"), DOC("[]"), DOC(" \t\r\n[] \t\r\n"), DOC("[] x"), DOC("[][]"), DOC("[]\0"),
		DOC("\0[]"), DOC("1"), DOC("\"a\""), DOC("null"), DOC("\xef\xbb\xbf{}"), DOC("[]\v"), DOC("[]\xa0"),
		DOC("\f[]"), DOC("[] \xc2\xa0"), DOC("["), DOC("{"), DOC("]"), DOC("}"), DOC("[}"), DOC("{]"),

		/* Commas and colons. */
		DOC("[1,]"), DOC("[,1]"), DOC("[1 2]"), DOC("[1,,2]"), DOC("{\"a\":1,}"), DOC("{,}"), DOC("{\"a\"}"),
		DOC("{\"a\":}"), DOC("{\"a\" 1}"), DOC("{\"a\":1 \"b\":2}"), DOC("{\"a\":1,\"b\"}"), DOC("{1:2}"),
		DOC("{a:1}"), DOC("{'a':1}"), DOC("{\"a\":1,\"a\":2}"), DOC("[1,2,3]"), DOC("[[],{},[{}]]"), DOC("{\"a\"::1}"),
		DOC("{\"a\":1,,\"b\":2}"), DOC("[1:2]"), DOC("{\"a\",\"b\"}"), DOC("[[1,2],[3]"), DOC("{\"\":\"\"}"),
		DOC("{\"a\" \n : \t [ ] }"), DOC("[1/**/]"), DOC("[1]//"), DOC("{null:1}"), DOC("{\"a\":1]"), DOC("[\"a\":1]"),

		/* Words. */
		DOC("[true]"), DOC("[false]"), DOC("[null]"), DOC("[True]"), DOC("[tru]"), DOC("[truee]"), DOC("[nul"),
		DOC("[nulll]"), DOC("[true false]"), DOC("[truefalse]"), DOC("[NaN]"), DOC("[Infinity]"), DOC("[-Infinity]"),
		DOC("[null1]"), DOC("[true\"\"]"), DOC("[undefined]"), DOC("[f]"), DOC("[t,"), DOC("[nu\0l]"),
		DOC("[true\0]"), DOC("[1\0]"), DOC("[\0]"), DOC("[1,\0 2]"),

		/* Numbers. */
		DOC("[0]"), DOC("[-0]"), DOC("[00]"), DOC("[01]"), DOC("[-01]"), DOC("[-]"), DOC("[- 1]"), DOC("[+1]"),
		DOC("[1.]"), DOC("[.5]"), DOC("[1.5]"), DOC("[1.e5]"), DOC("[1e5]"), DOC("[1E5]"), DOC("[1e+5]"), DOC("[1e-5]"),
		DOC("[1e]"), DOC("[1e+]"), DOC("[1e-]"), DOC("[1.5.5]"), DOC("[1e5e5]"), DOC("[1e5.5]"), DOC("[0x10]"),
		DOC("[0.0]"), DOC("[-0.0]"), DOC("[0e0]"), DOC("[0e999999999999]"), DOC("[0.0e+999999999999999999999999]"),
		DOC("[1a]"), DOC("[1\"\"]"), DOC("[1[]]"), DOC("[1]"), DOC("[1"), DOC("[-1"), DOC("[1."), DOC("[1e"), DOC("[--1]"),
		DOC("[9223372036854775807]"), DOC("[9223372036854775808]"), DOC("[-9223372036854775808]"),
		DOC("[-9223372036854775809]"), DOC("[18446744073709551615]"), DOC("[18446744073709551616]"),
		DOC("[99999999999999999999]"), DOC("[100000000000000000000000000000000000000]"), DOC("[123456789012345678]"),
		DOC("[1234567890123456789]"), DOC("[12345678901234567890]"), DOC("[99999999999999999999.0]"),
		DOC("[92233720368547758080e-1]"), DOC("[18446744073709551617]"), DOC("[27670116110564327424]"),
		DOC("[1e308]"), DOC("[1e309]"), DOC("[-1e309]"), DOC("[1.7976931348623157e308]"), DOC("[1.7976931348623158e308]"),
		DOC("[1.7976931348623159e308]"), DOC("[17976931348623158e292]"), DOC("[17976931348623159e292]"),
		DOC("[0.00017976931348623159e312]"), DOC("[1e-400]"), DOC("[1e-99999999999999999999]"),
		DOC("[1e99999999999999999999]"), DOC("[1e00000000000000000000000000000001]"),
		DOC("[0.0000000000000000000000000000001e339]"), DOC("[0.0000000000000000000000000000001e340]"),

		/* Strings. */
		DOC("[\"\"]"), DOC("[\"]"), DOC("[\"\\\"]"), DOC("[\"\\\"\"]"), DOC("[\"\\\\\"]"), DOC("[\"\\/\\b\\f\\n\\r\\t\"]"),
		DOC("[\"\\a\"]"), DOC("[\"\\'\"]"), DOC("[\"\\0\"]"), DOC("[\"\\x41\"]"), DOC("[\"\\U0041\"]"), DOC("[\"\\\n\"]"),
		DOC("[\"\\u0041\"]"), DOC("[\"\\u004\"]"), DOC("[\"\\u004g\"]"), DOC("[\"\\uABCD\\uabcd\"]"), DOC("[\"\\u\"]"),
		DOC("[\"\\u0000\"]"), DOC("[\"a\\u0000b\"]"), DOC("{\"a\\u0000b\":1}"), DOC("[\"\\ud834\\udd1e\"]"),
		DOC("[\"\\ud834\"]"), DOC("[\"\\ud834x\"]"), DOC("[\"\\ud834\\n\"]"), DOC("[\"\\ud834\\u0041\"]"),
		DOC("[\"\\udd1e\"]"), DOC("[\"\\ud834\\ud834\"]"), DOC("[\"\\udbff\\udfff\"]"), DOC("[\"\\ud800\\udc00\"]"),
		DOC("[\"\\ud834\\udd1\"]"), DOC("[\"\\ud834\\"), DOC("[\"\\ue000\\uffff\"]"), DOC("[\"\\u 041\"]"), DOC("[\"\\u+041\"]"),
		DOC("[\"\x01\"]"), DOC("[\"\x1f\"]"), DOC("[\"\x7f\"]"), DOC("[\"\n\"]"), DOC("[\"\t\"]"), DOC("[\"a\0b\"]"),
		DOC("[\"abc"), DOC("[\"abc\\"), DOC("[\"abc\\u00"), DOC("[\"0123456789abcdef0123456789\x02\"]"),

		/* UTF-8. */
		DOC("[\"\xc3\xa9\"]"), DOC("[\"\xe2\x82\xac\"]"), DOC("[\"\xf0\x9d\x84\x9e\"]"), DOC("[\"\x80\"]"), DOC("[\"\xbf\"]"),
		DOC("[\"\xc0\x80\"]"), DOC("[\"\xc1\xbf\"]"), DOC("[\"\xc2\"]"), DOC("[\"\xc2\x41\"]"), DOC("[\"\xc2\xc2\"]"),
		DOC("[\"\xe0\x80\x80\"]"), DOC("[\"\xe0\x9f\xbf\"]"), DOC("[\"\xe0\xa0\x80\"]"), DOC("[\"\xed\x9f\xbf\"]"),
		DOC("[\"\xed\xa0\x80\"]"), DOC("[\"\xed\xbf\xbf\"]"), DOC("[\"\xee\x80\x80\"]"), DOC("[\"\xef\xbf\xbf\"]"),
		DOC("[\"\xf0\x80\x80\x80\"]"), DOC("[\"\xf0\x8f\xbf\xbf\"]"), DOC("[\"\xf0\x90\x80\x80\"]"),
		DOC("[\"\xf4\x8f\xbf\xbf\"]"), DOC("[\"\xf4\x90\x80\x80\"]"), DOC("[\"\xf5\x80\x80\x80\"]"), DOC("[\"\xff\"]"),
		DOC("[\"\xe2\x82\"]"), DOC("[\"\xf0\x9d\x84\"]"), DOC("[\"\xe2\x82"), DOC("[\"\xf0"), DOC("[\xc3\xa9]"), DOC("{\"\xc3\xa9\":1}"),
		DOC("{\"\xc3\":1}"), DOC("[\"\xf0\x9d\x84\x9e\xf0\x9d\x84\"]"), DOC("[\"\xe1\x80\xc0\"]"),
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(docs); i++)
		compare(docs[i].text, docs[i].len);
}

/* One real of many digits around the largest double: jansson asks strtod(). */
static void
test_overflow(void **state)
{
	/* 2^1024 - 2^970 is where rounding turns to infinity. */
	static const char limit[] =
		"17976931348623158079372897140530341507993413271003782693617377898044496829276475094664901797758720709633"
		"02864166928879109465555478519404026306574886715058206819089020007083836762738548458177115317644757302700"
		"69855571366959622842914819860834936475292719074168444365510704342711559699508093042880177904174497792";
	char doc[2048];
	struct rng rng = {7};

	(void)state;
	for (int i = 0; i < ROUNDS(2000); i++) {
		char digits[sizeof(limit)];
		size_t len = sizeof(limit) - 1, zeros = rng_below(&rng, 30), cut;
		int n;

		memcpy(digits, limit, sizeof(limit));
		if (i >= 4) {
			size_t at = rng_below(&rng, (uint32_t)len);

			digits[at] = (char)('0' + rng_below(&rng, 10));
			if (rng_below(&rng, 2))
				digits[at = rng_below(&rng, 3) ? at : len - 1] = '9';
			if (rng_below(&rng, 3) == 0)
				digits[len = 1 + rng_below(&rng, (uint32_t)len)] = '\0';
		}
		cut = rng_below(&rng, (uint32_t)len + 1);
		if (i % 4 == 0)
			n = snprintf(doc, sizeof(doc), "[%s.0]", digits);
		else if (i % 4 == 1)
			n = snprintf(doc, sizeof(doc), "[-%se%d]", digits, (int)(sizeof(limit) - 1 - len));
		else if (i % 4 == 2)
			n = snprintf(doc, sizeof(doc), "[0.%0*d%sE+%zu]", (int)zeros, 0, digits,
				     sizeof(limit) - 1 + (zeros ? zeros : 1));
		else
			n = snprintf(doc, sizeof(doc), "[%s%.*s.%s%se%zu]", cut ? "" : "0", (int)cut, digits, digits + cut,
				     cut == len ? "0" : "", sizeof(limit) - 1 - cut);
		compare(doc, (size_t)n);
	}
}

static void
test_depth(void **state)
{
	static char doc[4 * 1100];

	(void)state;
	for (size_t depth = 2040; depth < 2056; depth++) {
		for (int inner = 0; inner < 3; inner++) {
			static const char *const leaf[] = {"", "1", "{}"};
			size_t n = strlen(leaf[inner]);

			memset(doc, '[', depth);
			memcpy(doc + depth, leaf[inner], n);
			memset(doc + depth + n, ']', depth);
			assert_int_equal(accepts(doc, 2 * depth + n, SIZE_MAX, NULL), jansson_accepts(doc, 2 * depth + n));
			assert_int_equal(accepts(doc, 2 * depth + n, SIZE_MAX, NULL), depth + (n > 0) <= JSON_DEPTH_MAX);
		}
	}
	for (size_t depth = 1020; depth < 1030; depth++) {
		size_t n = 0;

		for (size_t i = 0; i < depth; i++) {
			memcpy(doc + n, "{\"\":", 4);
			n += 4;
		}
		assert_false(accepts(doc, n, SIZE_MAX, NULL));
		assert_false(jansson_accepts(doc, n));
	}
}

/* Documents made by damaging good ones, byte by byte. */
static void
test_damaged(void **state)
{
	static const char good[] =
		"{\"roas\": [ {\"asn\": 13335, \"prefix\": \"1.0.0.0\\/24\", \"x\": [true, false, null, -0.5e+3, {}],"
		" \"\\u00e9\xc3\xa9\": \"\\ud834\\udd1e\"}\n\t]}\r\n";
	static const char alphabet[] = "\"\\[]{}:,0123456789-+.eEtrufalsn u\x80\xc3\xff\n";
	struct rng rng = {42};
	char doc[sizeof(good)];

	(void)state;
	compare(good, sizeof(good) - 1);
	for (size_t len = 0; len < sizeof(good) - 1; len++)
		compare(good, len);
	for (int i = 0; i < ROUNDS(20000); i++) {
		memcpy(doc, good, sizeof(good));
		for (uint32_t k = 1 + rng_below(&rng, 3); k; k--)
			doc[rng_below(&rng, sizeof(good) - 1)] = alphabet[rng_below(&rng, sizeof(alphabet) - 1)];
		compare(doc, sizeof(good) - 1);
	}
}

static void
test_tokens(void **state)
{
	static const char doc[] = "{ \"a\\n\": [ 13335, -7, 1.5, \"x\\u00e9\\/y\", \"plain\", true, null ],\n"
				  "  \"b\": {\"c\": [[1], {\"d\": 2}]}, \"e\": false}";

	(void)state;
	for (size_t piece = 1; piece <= sizeof(doc); piece++) {
		struct pieces text = {doc, sizeof(doc) - 1, piece};
		struct json_reader *r = json_reader_new(pieces_read, &text);
		size_t line, column;
		struct json_token t;

		assert_int_equal(json_reader_next(r, &t), JSON_TOKEN_OBJECT);
		assert_int_equal(json_reader_next(r, &t), JSON_TOKEN_KEY);
		assert_int_equal(t.len, 2);
		assert_memory_equal(t.str, "a\n", 2);
		assert_int_equal(json_reader_next(r, &t), JSON_TOKEN_ARRAY);
		assert_int_equal(json_reader_next(r, &t), JSON_TOKEN_INT);
		assert_int_equal(t.num, 13335);
		json_reader_mark(r);
		assert_int_equal(json_reader_next(r, &t), JSON_TOKEN_INT);
		assert_int_equal(t.num, -7);
		assert_int_equal(json_reader_next(r, &t), JSON_TOKEN_REAL);
		assert_int_equal(json_reader_next(r, &t), JSON_TOKEN_STRING);
		assert_int_equal(t.len, 5);
		assert_memory_equal(t.str, "x\xc3\xa9/y", 5);
		assert_int_equal(json_reader_next(r, &t), JSON_TOKEN_STRING);
		assert_memory_equal(t.str, "plain", 5);
		assert_false(t.cut);
		json_reader_where(r, &line, &column);
		assert_int_equal(line, 1);
		assert_int_equal(column, strstr(doc, "\"plain") - doc + 1);
		assert_int_equal(json_reader_next(r, &t), JSON_TOKEN_TRUE);
		assert_int_equal(json_reader_next(r, &t), JSON_TOKEN_NULL);
		assert_int_equal(json_reader_next(r, &t), JSON_TOKEN_ARRAY_END);
		assert_int_equal(json_reader_next(r, &t), JSON_TOKEN_KEY);
		json_reader_marked(r, &line, &column);
		assert_int_equal(line, 1);
		assert_int_equal(column, strstr(doc, "13335") - doc + 1);
		json_reader_where(r, &line, &column);
		assert_int_equal(line, 2);
		assert_int_equal(column, 3);
		assert_int_equal(json_reader_next(r, &t), JSON_TOKEN_OBJECT);
		assert_int_equal(json_reader_finish(r, &t), 0);
		assert_int_equal(json_reader_next(r, &t), JSON_TOKEN_KEY);
		assert_memory_equal(t.str, "e", 1);
		assert_int_equal(json_reader_skip(r), 0);
		assert_int_equal(json_reader_next(r, &t), JSON_TOKEN_OBJECT_END);
		assert_int_equal(json_reader_next(r, &t), JSON_TOKEN_END);
		json_reader_free(r);
	}
}

/* Integers of every length, at every place in a word. */
static void
test_integers(void **state)
{
	struct rng rng = {11};
	char doc[128];

	(void)state;
	for (int i = 0; i < ROUNDS(20000); i++) {
		int64_t want = (int64_t)(rng_next(&rng) >> rng_below(&rng, 64)) * (rng_below(&rng, 2) ? 1 : -1);
		int n = snprintf(doc, sizeof(doc), "%*s[%lld%s", (int)rng_below(&rng, 9), "", (long long)want,
				 rng_below(&rng, 2) ? ",12345678]                              " : "]");
		struct pieces text = {doc, (size_t)n, rng_below(&rng, 3) ? SIZE_MAX : 1 + rng_below(&rng, 30)};
		struct json_reader *r = json_reader_new(pieces_read, &text);
		struct json_token t;

		assert_int_equal(json_reader_next(r, &t), JSON_TOKEN_ARRAY);
		assert_case(json_reader_next(r, &t) == JSON_TOKEN_INT && t.num == want, "%s: %lld", doc, (long long)t.num);
		if (json_reader_next(r, &t) == JSON_TOKEN_INT) {
			assert_int_equal(t.num, 12345678);
			json_reader_next(r, &t);
		}
		assert_int_equal(t.type, JSON_TOKEN_ARRAY_END);
		json_reader_free(r);
	}
}

static void
test_error_places(void **state)
{
	static const struct { const char *doc; size_t line, column; const char *msg; } cases[] = {
		{"{\n  \"a\": tru }", 2, 8, "bad word"},
		{"[1,\n2,\n  x]", 3, 3, "a value was expected"},
		{"[\"a\\nb\",\n \"\\q\"]", 2, 3, "bad escape"},
		{"[\n", 2, 1, "the document is cut short"},
		{"[1]\n[", 2, 1, "something follows the document"},
		{"", 1, 1, "the document is empty"},
		{"<html>", 1, 1, "neither an object nor an array"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		for (size_t piece = 1; piece < 20; piece++) {
			struct vrp_err err = {0};

			assert_false(accepts(cases[i].doc, strlen(cases[i].doc), piece, &err));
			assert_string_equal(err.msg, cases[i].msg);
			assert_int_equal(err.line, cases[i].line);
			assert_int_equal(err.column, cases[i].column);
		}
	}
}

/* A document that is made as it is read: head, n times body, tail. */
struct endless {
	const char *head, *body, *tail;
	uint64_t repeat;
	struct pieces now;
	uint64_t total;
};

static ssize_t
read_endless(void *ctx, void *dst, size_t len, struct vrp_err *err)
{
	struct endless *e = ctx;
	size_t done = 0;

	while (done < len) {
		if (e->now.len == 0) {
			const char **part = e->head ? &e->head : e->repeat ? &e->body : &e->tail;

			if (!*part)
				break;
			e->now = (struct pieces){*part, strlen(*part), SIZE_MAX};
			if (part == &e->body)
				e->repeat--;
			else
				*part = NULL;
		}
		done += (size_t)pieces_read(&e->now, (char *)dst + done, len - done, err);
	}
	e->total += done;
	return (ssize_t)done;
}

/* Values that outgrow any buffer are checked and passed over. */
static void
test_huge(void **state)
{
	static const char kilo[] = "0000000000000000000000000000000000000000000000000000000000000000"
				   "0000000000000000000000000000000000000000000000000000000000000000";
	static const struct { const char *head, *body, *tail; bool good; } cases[] = {
		{"[\"", kilo, "\"]", true},
		{"[\"", kilo, "", false},
		{"[\"", kilo, "\n\"]", false},
		{"[\"", "\\u0041\xc3\xa9\\n\\\\ and so on and on and on and on and on and on \\ud834\\udd1e", "\"]", true},
		{"[\"", "\\u0041\xc3\xa9\\n\\\\ and so on and on and on and on and on and on \\ud834\\udd1e", "\xff\"]", false},
		{"{\"", kilo, "\":1}", true},
		{"{\"a\"", "                                                                ", ":1}", true},
		{"[", "\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n", "]", true},
		{"[1", kilo, "]", false},
		{"[1", kilo, "e-1000000000000]", true},
		{"[1", kilo, ".0]", false},
		{"[0.", kilo, "1]", true},
		{"[1e", kilo, "5]", true},
		{"[1e", kilo, "55555]", false},
		{"[1", ",[[[[{\"a\":[[[[]]]]}]]]]", "]", true},
		{"[1", ",[[[[{\"a\":[[[[]]]]}]]]]", "", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		for (int skip = 0; skip < 2; skip++) {
			struct endless e = {cases[i].head, cases[i].body, cases[i].tail, 100000, {0}, 0};
			struct json_reader *r = json_reader_new(read_endless, &e);
			enum json_token_type type = JSON_TOKEN_NULL;
			struct json_token t;

			if (skip && json_reader_skip(r) < 0)
				type = JSON_TOKEN_ERROR;
			while (type != JSON_TOKEN_ERROR && type != JSON_TOKEN_END)
				type = json_reader_next(r, &t);
			assert_case((type == JSON_TOKEN_END) == cases[i].good, "%s%.20s...%s", cases[i].head, cases[i].body,
				    cases[i].tail);
			assert_true(e.total > 1000000 || !cases[i].good);
			json_reader_free(r);
		}
	}
}

/* The longest string that is kept, and the one that isn't, at every offset that matters. */
static void
test_string_limit(void **state)
{
	static char doc[JSON_STRING_MAX + 400 * 1024];

	(void)state;
	for (size_t lead = 0; lead < 300 * 1024; lead += 37 * 1024 + 1) {
		for (size_t extra = 0; extra < 2; extra++) {
			size_t n = JSON_STRING_MAX + extra;
			struct pieces text = {doc, lead + n + 4, 100000};
			struct json_reader *r = json_reader_new(pieces_read, &text);
			struct json_token t;

			memset(doc, ' ', lead);
			memcpy(doc + lead, "[\"", 2);
			memset(doc + lead + 2, 'x', n);
			memcpy(doc + lead + 2 + n, "\"]", 2);
			assert_int_equal(json_reader_next(r, &t), JSON_TOKEN_ARRAY);
			assert_int_equal(json_reader_next(r, &t), JSON_TOKEN_STRING);
			assert_int_equal(t.cut, extra);
			assert_int_equal(t.len, extra ? 0 : n);
			if (!extra)
				assert_memory_equal(t.str, doc + lead + 2, n);
			assert_int_equal(json_reader_next(r, &t), JSON_TOKEN_ARRAY_END);
			assert_int_equal(json_reader_next(r, &t), JSON_TOKEN_END);
			json_reader_free(r);
		}
	}
}

static ssize_t
read_failing(void *ctx, void *dst, size_t len, struct vrp_err *err)
{
	struct pieces *t = ctx;

	return t->len ? pieces_read(t, dst, len, err) : vrp_err_set(err, "disk on fire");
}

/* A failing read is told from the end, even behind a document that is whole. */
static void
test_read_error(void **state)
{
	static const char doc[] = "{\"a\": [1, \"xyz\", true]} ";

	(void)state;
	for (size_t len = 0; len < sizeof(doc); len++) {
		struct pieces text = {doc, len, 3};
		struct json_reader *r = json_reader_new(read_failing, &text);
		enum json_token_type type;
		struct vrp_err err = {0};
		struct json_token t;

		while ((type = json_reader_next(r, &t)) != JSON_TOKEN_ERROR)
			assert_int_not_equal(type, JSON_TOKEN_END);
		assert_int_equal(json_reader_error(r, &err), -1);
		assert_string_equal(err.msg, "disk on fire");
		json_reader_free(r);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_documents),
		cmocka_unit_test(test_overflow),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_tokens),
		cmocka_unit_test(test_integers),
		cmocka_unit_test(test_error_places),
		cmocka_unit_test(test_huge),
		cmocka_unit_test(test_string_limit),
		cmocka_unit_test(test_read_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
