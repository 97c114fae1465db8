/* SPDX-License-Identifier: ISC */
/*
 * Feeds of every dialect from t/data/feeds, whole, in pieces and cut short; and
 * what a feed may have wrong with it.
 */
#include "test.h"

#include <glob.h>

#include "feed.h"
#include "sets.h"
#include "stamp.h"

#define NOW 1795392060	/* a minute after the golden feeds were made */

struct feeding {
	const char *text;
	size_t len;
	size_t piece;
	struct feed_options options;
	struct feed_result result;
	struct vrp_err err;
	char *records;		/* what came of it, NULL when it was refused */
	size_t named;
	struct vrp_err bad;	/* the first bad record */
};

static ssize_t
read_text(void *ctx, void *dst, size_t len, struct vrp_err *err)
{
	struct feeding *f = ctx;
	size_t n = f->len < f->piece ? f->len : f->piece;

	(void)err;
	assert_true(len > 0);
	if (n > len)
		n = len;
	memcpy(dst, f->text, n);
	f->text += n;
	f->len -= n;
	return (ssize_t)n;
}

static void
on_skipped(void *ctx, const struct vrp_err *err)
{
	struct feeding *f = ctx;

	if (f->named++ == 0)
		f->bad = *err;
}

static bool
feed(struct feeding *f)
{
	struct feed_input in = {read_text, f};
	struct names *names = names_new();
	struct vrpset *set;

	f->options.skipped = on_skipped;
	f->options.ctx = f;
	f->piece = f->piece ? f->piece : SIZE_MAX;
	set = feed_read(&in, &f->options, names, &f->result, &f->err);
	free(f->records);
	f->records = set ? set_text(set) : NULL;
	vrpset_unref(set);
	names_unref(names);
	return f->records != NULL;
}

/* Feed a text at the golden feeds' time. */
static struct feeding
feed_text(const char *text)
{
	struct feeding f = {.text = text, .len = strlen(text), .options = {.now = NOW, .max_age = 86400}};

	feed(&f);
	return f;
}

static void
expect(const char *text, const char *records)
{
	struct feeding f = feed_text(text);

	assert_case(f.records, "%s: %s", text, f.err.msg);
	assert_case(strcmp(f.records, records) == 0, "%s gave %s", text, f.records);
	assert_case(f.result.skipped == 0, "%s: %s", text, f.bad.msg);
	free(f.records);
}

static void
expect_refused(const char *text, const char *reason)
{
	struct feeding f = feed_text(text);

	assert_case(!f.records, "%s", text);
	assert_case(strcmp(f.err.msg, reason) == 0, "%s was refused because: %s", text, f.err.msg);
}

static char *
read_file(const char *path, size_t *len)
{
	FILE *file = fopen(path, "rb");
	char *text = malloc(65536);

	assert_case(file && text, "%s", path);
	*len = fread(text, 1, 65535, file);
	text[*len] = '\0';
	fclose(file);
	return text;
}

/* Call fn(path, text, len, expected records) for every golden feed. */
static void
for_each_golden(void (*fn)(const char *, const char *, size_t, const char *))
{
	size_t len, out_len;
	glob_t files;

	assert_int_equal(glob("t/data/feeds/*.in", 0, NULL, &files), 0);
	assert_true(files.gl_pathc >= 25);
	for (size_t i = 0; i < files.gl_pathc; i++) {
		char *path = files.gl_pathv[i], *text = read_file(path, &len), *out;
		char out_path[256];

		snprintf(out_path, sizeof(out_path), "%.*s.out", (int)(strlen(path) - 3), path);
		out = read_file(out_path, &out_len);
		fn(path, text, len, out);
		free(text);
		free(out);
	}
	globfree(&files);
}

static void
check_golden(const char *path, const char *text, size_t len, const char *out)
{
	static const size_t pieces[] = {SIZE_MAX, 1, 2, 3, 7, 61, 4096};

	for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
		struct feeding f = {.text = text, .len = len, .piece = pieces[i],
				    .options = {.now = NOW, .max_age = 86400, .strict = true}};

		assert_case(feed(&f), "%s: %zu:%zu: %s", path, f.err.line, f.err.column, f.err.msg);
		assert_case(strcmp(f.records, out) == 0, "%s gave\n%s", path, f.records);
		free(f.records);
	}
}

static void
test_golden(void **state)
{
	(void)state;
	for_each_golden(check_golden);
}

static const char *
last(const char *text, size_t len, const char *what)
{
	const char *found = NULL, *s = text;

	while ((s = memmem(s, len - (size_t)(s - text), what, strlen(what))))
		found = s++;
	return found;
}

/* Is the text whole when it ends here, as far as anyone can tell? */
static bool
ends_well(const char *text, size_t whole, size_t len)
{
	if (*text == '{' || *text == '[')
		return strspn(text + len, " \n") == whole - len;
	if (*text == '%') {
		const char *end = last(text, len, "\n~end"), *delta = last(text, len, "\n%delta");

		return end && (!delta || delta < end);
	}
	/* A bare list of lines has no end, and needs no newline at it. */
	return *text == '#' || (len > 0 && text[len - 1] == '\n');
}

static void
check_cut(const char *path, const char *text, size_t len, const char *out)
{
	(void)out;
	for (size_t cut = 0; cut < len; cut++) {
		struct feeding f = {.text = text, .len = cut, .options = {.now = NOW}};
		bool taken = feed(&f);

		assert_case(!taken || ends_well(text, len, cut), "%s cut after %zu bytes was taken", path, cut);
		assert_case(taken || f.err.msg[0], "%s cut after %zu bytes", path, cut);
		free(f.records);
	}
}

static void
test_cut_short(void **state)
{
	(void)state;
	for_each_golden(check_cut);
}

static void
test_empty(void **state)
{
	static const char no_list[] = "there is no list of VRPs, router keys or ASPAs in it";
	static const char promised[] = "its metadata counts VRPs, but there are none in it";

	(void)state;
	expect("{\"roas\":[]}", "");
	expect("{\"metadata\":{\"vrps\":0},\"roas\":[]}", "");
	expect("{\"aspas\":[],\"x\":1}", "");
	expect("{\"provider_authorizations\":{}}", "");
	expect("ASN,IP Prefix,Max Length,Trust Anchor\n", "");
	expect("%snapshot\n~end\n", "");
	expect_refused("{}", no_list);
	expect_refused("{\"error\":\"not ready\"}", no_list);
	expect_refused("{\"metadata\":{}}", no_list);
	expect_refused("{\"roas\":null}", no_list);
	expect_refused("[]", "an empty list that doesn't say of what");
	expect_refused("{\"metadata\":{\"vrps\":300000},\"roas\":[]}", promised);
	expect_refused("{\"roas\":[],\"metadata\":{\"counts\":1}}", promised);
	expect_refused("{\"metadata\":{\"uniquevrps\":9},\"aspas\":[{\"customer\":1,\"providers\":[2]}]}", promised);
	expect_refused("", "the input is empty");
	expect_refused(" \n\t", "the input is empty");
	expect_refused("# nothing\n", "there is no record in it");
	expect_refused("{\"roas\":[{\"asn\":1}]}", "none of its 1 records can be used: 1 bad, 0 expired");
	expect_refused("[{\"a\":1},2]", "none of its 2 records can be used: 2 bad, 0 expired");
	expect_refused("[{\"asn\":1,\"prefix\":\"10.0.0.0/8\",\"expires\":1}]", "all of its 1 records have expired");
	expect_refused("10.0.0.0/8 8 AS1 - 1\n", "all of its 1 records have expired");
}

static void
test_shape(void **state)
{
	(void)state;
	expect_refused("{\"roas\":{}}", "'roas' is not an array");
	expect_refused("{\"aspa\":[]}", "'aspa' is not an object");
	expect_refused("{\"provider_authorizations\":[]}", "'provider_authorizations' is not an object");
	expect_refused("{\"provider_authorizations\":{\"ipv4\":1}}", "'provider_authorizations' is not two arrays");
	expect_refused("{\"roas\":[],\"roas\":[]}", "'roas' is not there only once");
	expect_refused("{\"roas\":[]} {}", "something follows the document");
	expect_refused("<!DOCTYPE html><html>", "this is HTML or XML, not a feed");
	expect_refused("\x1f\x8b\x08", "the input is compressed; decompress it first");
	expect_refused("roa-set {\n}\n", "this is a configuration for OpenBGPD or BIRD; use the validator's JSON or CSV");
	expect_refused("route 1.0.0.0/24 max 24 as 1;\n",
		       "this is a configuration for OpenBGPD or BIRD; use the validator's JSON or CSV");
	expect_refused("hello\n", "not a format that is known here: neither a validator's JSON or CSV, nor lines of vrp(5)");
	expect_refused("a,b\n", "neither a header with the columns ASN and IP Prefix nor a record of rtrclient");
	expect_refused("a,b,c,d\n1,2,3,4\n", "neither a header with the columns ASN and IP Prefix nor a record of rtrclient");
	expect_refused("%delta\n+10.0.0.0/8 8 AS1\n~end\n", "delta before any snapshot");
	expect_refused("%snapshot\n10.0.0.0/8 8 AS1\n", "input ended inside a block");
	expect_refused("%snapshot\n~end\n%delta\n+10.0.0.0/8 8 AS1\n", "input ended inside a block");
	expect_refused("ASN,IP Prefix\nAS1,10.0.0.0/8\nAS13,10.1.0.0/16",
		       "the last line has no newline: the file is cut short");
}

/* A record that is bad, beside one that is good. */
static void
test_bad_records(void **state)
{
	static const struct { const char *record, *reason; size_t column; } cases[] = {
		{"{\"asn\":\"AS\",\"prefix\":\"10.0.0.0/8\"}", "bad AS number 'AS'", 8},
		{"{\"asn\":-1,\"prefix\":\"10.0.0.0/8\"}", "bad AS number: -1", 8},
		{"{\"asn\":4294967296,\"prefix\":\"10.0.0.0/8\"}", "bad AS number: 4294967296", 8},
		{"{\"asn\":1.5,\"prefix\":\"10.0.0.0/8\"}", "bad AS number: a real number", 8},
		{"{\"asn\":[1,{}],\"prefix\":\"10.0.0.0/8\"}", "bad AS number: an array", 8},
		{"{\"asn\":true,\"prefix\":\"10.0.0.0/8\"}", "bad AS number: true", 8},
		{"{\"asn\":null,\"prefix\":\"10.0.0.0/8\"}", "bad AS number: null", 8},
		{"{\"asn\":1,\"prefix\":null}", "bad prefix: null", 19},
		{"{\"asn\":1,\"prefix\":10}", "bad prefix: 10", 19},
		{"{\"asn\":1,\"prefix\":\"10.0.0/8\"}", "bad prefix '10.0.0/8': bad address", 19},
		{"{\"asn\":1,\"prefix\":\"10.0.0.1/8\"}", "bad prefix '10.0.0.1/8': host bits are set", 19},
		{"{\"asn\":1,\"prefix\":\"10.0.0.0/33\"}", "bad prefix '10.0.0.0/33': bad prefix length", 19},
		{"{\"asn\":1,\"prefix\":\"10.0.0.0\"}", "bad prefix '10.0.0.0': prefix without a length", 19},
		{"{\"asn\":1,\"prefix\":\"\\u001b[31m\xc3\xa9\"}", "bad prefix '?[31m?\?': prefix without a length", 19},
		{"{\"asn\":1,\"prefix\":\"10.0.0.0/8\",\"maxLength\":7}", "maximum length below the prefix length", 1},
		{"{\"asn\":1,\"prefix\":\"10.0.0.0/8\",\"maxLength\":33}", "maximum length above the address length", 1},
		{"{\"maxLength\":129,\"asn\":1,\"prefix\":\"::/0\"}", "maximum length above the address length", 1},
		{"{\"asn\":1,\"prefix\":\"10.0.0.0/8\",\"maxLength\":256}", "bad maximum length: 256", 44},
		{"{\"asn\":1,\"prefix\":\"10.0.0.0/8\",\"maxLength\":{\"a\":[1]}}", "bad maximum length: an object", 44},
		{"{\"asn\":1,\"prefix\":\"10.0.0.0/8\",\"maxLength\":\"x\"}", "bad maximum length 'x'", 44},
		{"{\"asn\":1,\"prefix\":\"10.0.0.0/8\",\"expires\":\"soon\"}", "bad expiry 'soon'", 42},
		{"{\"asn\":1,\"prefix\":\"10.0.0.0/8\",\"expires\":-1}", "bad expiry: -1", 42},
		{"{\"asn\":1,\"prefix\":\"10.0.0.0/8\",\"ta\":7}", "bad trust anchor: 7", 37},
		{"{\"asn\":1}", "a VRP without prefix", 1},
		{"{\"prefix\":\"10.0.0.0/8\"}", "a VRP without asn", 1},
		{"[]", "bad record: an array", 1},
		{"\"x\"", "bad record 'x'", 1},
		{"null", "bad record: null", 1},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct feeding f;
		char doc[512];

		snprintf(doc, sizeof(doc), "{\"roas\":[\n%s,\n{\"asn\":7,\"prefix\":\"::/0\",\"maxLength\":null,\"ta\":null}]}",
			 cases[i].record);
		f = feed_text(doc);
		assert_case(f.records && strcmp(f.records, "::/0 0 AS7 - -\n") == 0, "%s", doc);
		assert_case(strcmp(f.bad.msg, cases[i].reason) == 0, "%s: %s", doc, f.bad.msg);
		assert_case(f.bad.line == 2 && f.bad.column == cases[i].column, "%s: %zu:%zu", doc, f.bad.line, f.bad.column);
		assert_int_equal(f.result.skipped, 1);
		assert_int_equal(f.named, 1);
		f.text = doc;
		f.len = strlen(doc);
		f.options.strict = true;
		assert_false(feed(&f));
		assert_string_equal(f.err.msg, cases[i].reason);
		assert_int_equal(f.err.column, cases[i].column);
	}
}

static void
test_bad_keys_and_aspas(void **state)
{
	static const struct { const char *doc, *reason; } cases[] = {
		{"{\"aspas\":[{\"customer\":1,\"providers\":[]}]}", "an ASPA without providers"},
		{"{\"aspas\":[{\"customer\":1}]}", "an ASPA without providers"},
		{"{\"aspas\":[{\"providers\":[1]}]}", "an ASPA without customer"},
		{"{\"aspas\":[{\"customer\":1,\"providers\":[0,2]}]}", "AS0 beside other providers"},
		{"{\"aspas\":[{\"customer\":1,\"providers\":[\"x\"]}]}", "bad AS number 'x'"},
		{"{\"aspas\":[{\"customer\":1,\"providers\":2}]}", "bad list of ASes: 2"},
		{"{\"aspas\":[{\"customer\":\"AS\",\"providers\":[2]}]}", "bad customer AS 'AS'"},
		{"{\"aspa\":{\"x\":[1]}}", "bad customer AS 'x'"},
		{"{\"bgpsec_keys\":[{\"asn\":1,\"ski\":\"00\",\"pubkey\":\"AAAA\"}]}", "bad subject key identifier '00'"},
		{"{\"bgpsec_keys\":[{\"asn\":1,\"ski\":7,\"pubkey\":\"AAAA\"}]}", "bad subject key identifier: 7"},
		{"{\"routerKeys\":[{\"asn\":1,\"SKI\":\"0000000000000000000000000000000000000000\",\"routerPublicKey\":\"!\"}]}",
		 "bad public key '!'"},
		{"{\"routerKeys\":[{\"asn\":1,\"SKI\":\"0000000000000000000000000000000000000000\",\"routerPublicKey\":\"\"}]}",
		 "bad public key ''"},
		{"{\"router-keys\":[{\"asn\":1,\"spki\":\"AAAA\"}]}", "a router key without its AS, identifier or key"},
		{"[{\"ski\":\"0000000000000000000000000000000000000000\",\"subjectPublicKeyInfo\":\"AAAA\"}]",
		 "a router key without its AS, identifier or key"},
		{"[{\"name\":\"x\"}]", "neither a VRP, nor a router key, nor an ASPA"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct feeding f = feed_text(cases[i].doc);

		assert_case(!f.records && f.result.skipped == 1, "%s", cases[i].doc);
		assert_case(strcmp(f.bad.msg, cases[i].reason) == 0, "%s: %s", cases[i].doc, f.bad.msg);
	}
}

static void
test_bad_csv(void **state)
{
	static const struct { const char *line, *reason; size_t column; } cases[] = {
		{"AS1", "1 fields where there should be 4", 0},
		{"AS1,10.0.0.0/8,8,a,b", "5 fields where there should be 4", 0},
		{"ASX,10.0.0.0/8,8,a", "bad AS number 'ASX'", 1},
		{"AS1,10.0.0.0,8,a", "bad prefix '10.0.0.0': prefix without a length", 5},
		{"AS1, 10.0.0.1/8 ,8,a", "bad record '10.0.0.1/8': host bits are set", 6},
		{"AS1,10.0.0.0/8,7,a", "bad record '10.0.0.0/8': maximum length below the prefix length", 5},
		{"AS1,10.0.0.0/8,256,a", "bad maximum length '256'", 16},
		{"AS1,10.0.0.0/8,8,\"a", "bad quoting of 'a'", 19},
		{"AS1,\"10.0.0.0/8\"x,8,a", "bad quoting of '10.0.0.0/8'", 6},
		{",,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,", "more than 32 fields", 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct feeding f;
		char doc[512];

		snprintf(doc, sizeof(doc), "ASN,IP Prefix,Max Length,Trust Anchor\n%s\n7,::/0,,\n", cases[i].line);
		f = feed_text(doc);
		assert_case(f.records && strcmp(f.records, "::/0 0 AS7 - -\n") == 0, "%s", doc);
		assert_case(strcmp(f.bad.msg, cases[i].reason) == 0, "%s: %s", doc, f.bad.msg);
		assert_case(f.bad.line == 2 && f.bad.column == cases[i].column, "%s: %zu:%zu", doc, f.bad.line, f.bad.column);
		assert_int_equal(f.result.skipped, 1);
		free(f.records);
	}
}

static void
test_age(void **state)
{
	static const struct { const char *doc; int64_t made; } cases[] = {
		{"{\"metadata\":{\"buildtime\":\"2026-11-23T00:00:00Z\"},\"roas\":[]}", 1795392000},
		{"{\"roas\":[],\"metadata\":{\"generated\":1795392000}}", 1795392000},
		{"{\"roas\":[],\"metadata\":{\"generated\":\"2026-11-23T01:00:00+01:00\"}}", 1795392000},
		{"{\"metadata\":{\"generatedTime\":\"2026-11-23T00:00:00Z\",\"x\":[{}]},\"roas\":[]}", 1795392000},
		{"%snapshot time=2026-11-23T00:00:00Z\n~end\n", 1795392000},
		{"{\"metadata\":{\"generated\":\"never\"},\"roas\":[]}", STAMP_UNKNOWN},
		{"{\"metadata\":[1],\"roas\":[]}", STAMP_UNKNOWN},
		{"{\"roas\":[]}", STAMP_UNKNOWN},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		static const struct { int64_t age; uint32_t max; bool good; } ages[] = {
			{0, 60, true}, {-3600, 60, true}, {60, 60, true}, {61, 60, false}, {86400, 60, false}, {86400, 0, true},
		};

		for (size_t k = 0; k < ARRAY_LEN(ages); k++) {
			struct feeding f = {.text = cases[i].doc, .len = strlen(cases[i].doc),
					    .options = {.now = 1795392000 + ages[k].age, .max_age = ages[k].max}};
			bool good = ages[k].good || cases[i].made == STAMP_UNKNOWN;

			assert_case(feed(&f) == good, "%s at %lld: %s", cases[i].doc, (long long)ages[k].age, f.err.msg);
			assert_int_equal(f.result.time, cases[i].made);
			free(f.records);
		}
	}
}

static void
test_expiry(void **state)
{
	static const char doc[] =
		"{\"roas\":[{\"asn\":1,\"prefix\":\"10.0.0.0/8\",\"expires\":100},{\"asn\":2,\"prefix\":\"10.0.0.0/8\",\"expires\":101},"
		"{\"asn\":3,\"prefix\":\"10.0.0.0/8\",\"expires\":99999999999}],"
		"\"aspas\":[{\"customer\":1,\"providers\":[2],\"expires\":100},{\"customer\":2,\"providers\":[2],\"expires\":101}]}";
	static const char lines[] = "10.0.0.0/8 8 AS1 - 100\n10.0.0.0/8 8 AS2 - 101\n";
	struct feeding f = {.text = doc, .len = sizeof(doc) - 1, .options = {.now = 100}};

	(void)state;
	assert_true(feed(&f));
	assert_string_equal(f.records, "10.0.0.0/8 8 AS2 - 101\n10.0.0.0/8 8 AS3 - 4294967294\naspa AS2 AS2 - 101\n");
	assert_int_equal(f.result.expired, 2);
	f.text = doc;
	f.len = sizeof(doc) - 1;
	f.options.ignore_expiry = true;
	assert_true(feed(&f));
	assert_int_equal(f.result.expired, 0);
	assert_non_null(strstr(f.records, "10.0.0.0/8 8 AS1 - 100\n"));
	f.text = lines;
	f.len = sizeof(lines) - 1;
	f.options.ignore_expiry = false;
	assert_true(feed(&f));
	assert_string_equal(f.records, "10.0.0.0/8 8 AS2 - 101\n");
	assert_int_equal(f.result.expired, 1);
	free(f.records);
}

/* Bad records are counted on when they are no longer named. */
static void
test_many_bad(void **state)
{
	size_t n = 1000;
	char *doc = malloc(n * 16 + 128), *p = doc;
	struct feeding f;

	(void)state;
	p += snprintf(p, 64, "{\"roas\":[{\"asn\":7,\"prefix\":\"::/0\"}");
	for (size_t i = 0; i < n; i++)
		p += snprintf(p, 64, ",{\"asn\":\"x\"}");
	snprintf(p, 64, "]}");
	f = feed_text(doc);
	assert_non_null(f.records);
	assert_int_equal(f.result.skipped, n);
	assert_int_equal(f.named, FEED_NAMED_MAX);
	assert_int_equal(f.result.records, n + 1);
	free(f.records);
	free(doc);
}

/* A member of any size that isn't needed is passed over; one that is makes a bad record. */
static void
test_huge_members(void **state)
{
	size_t n = 3000000;
	char *doc = malloc(n + 256);
	struct feeding f;
	int head;

	(void)state;
	for (int needed = 0; needed < 2; needed++) {
		head = snprintf(doc, 256, "{\"roas\":[{\"asn\":7,\"prefix\":\"::/0\"},{\"asn\":8,\"prefix\":\"10.0.0.0/8\",\"%s\":\"",
			       needed ? "ta" : "x");
		memset(doc + head, 'y', n);
		snprintf(doc + head + n, 8, "\"}]}");
		f = feed_text(doc);
		assert_non_null(f.records);
		assert_string_equal(f.records, needed ? "::/0 0 AS7 - -\n" : "10.0.0.0/8 8 AS8 - -\n::/0 0 AS7 - -\n");
		assert_int_equal(f.result.skipped, needed);
		if (needed)
			assert_string_equal(f.bad.msg, "bad trust anchor (too long)");
		free(f.records);
	}
	free(doc);
}

static ssize_t
read_failing(void *ctx, void *dst, size_t len, struct vrp_err *err)
{
	struct feeding *f = ctx;

	return f->len ? read_text(ctx, dst, len, err) : vrp_err_set(err, "line is down");
}

static void
check_read_error(const char *path, const char *text, size_t len, const char *out)
{
	struct names *names = names_new();

	(void)out;
	for (size_t cut = 0; cut <= len; cut += 1 + cut / 16) {
		struct feeding f = {.text = text, .len = cut, .piece = 1000, .options = {.now = NOW}};
		struct feed_input in = {read_failing, &f};

		assert_null(feed_read(&in, &f.options, names, &f.result, &f.err));
		assert_case(strcmp(f.err.msg, "line is down") == 0, "%s after %zu: %s", path, cut, f.err.msg);
	}
	names_unref(names);
}

static void
test_read_error(void **state)
{
	(void)state;
	for_each_golden(check_read_error);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden),
		cmocka_unit_test(test_cut_short),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_shape),
		cmocka_unit_test(test_bad_records),
		cmocka_unit_test(test_bad_keys_and_aspas),
		cmocka_unit_test(test_bad_csv),
		cmocka_unit_test(test_age),
		cmocka_unit_test(test_expiry),
		cmocka_unit_test(test_many_bad),
		cmocka_unit_test(test_huge_members),
		cmocka_unit_test(test_read_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
