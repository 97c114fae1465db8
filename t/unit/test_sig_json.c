/* SPDX-License-Identifier: ISC */
/* Signatures within JSON, and those of files apart from them. */
#include "test.h"

#include "enc.h"
#include "sig.h"
#include "sig_file.h"
#include "sig_input.h"
#include "sig_json.h"

/* Made by openssl dgst -sign and a script that knows GoRTR's rule: numbers as Go prints a float, and plain ones. */
#define GORTR \
	"{\"metadata\":{\"counts\":4,\"generated\":1794999000,\"valid\":1795003600,\"signature\":\"30450220373dd7f06563d" \
	"177ba7ce5596c4a452e4e11a1317fc4bb4db4e365b4a001d4600221009546948eec066e7146b2621e21e807e0eaae76c7020" \
	"fb02c7f3f005a74b89a80\",\"signatureDate\":\"304602210094250b4c9a54c1237625c4388afc37d00ca87bd0800344d782" \
	"cea0ebb36b49fa022100ecd070532cbe0c7a52ed70dd9a9298a0463e4b42f87d87710ebc6d80a888f28a\"},\"roas\":[{\"pre" \
	"fix\":\"1.0.0.0/24\",\"maxLength\":24,\"asn\":\"AS13335\",\"ta\":\"apnic\"},{\"prefix\":\"2001:db8::/32\",\"maxLength\"" \
	":48,\"asn\":4200000000},{\"prefix\":\"10.0.0.0/8\",\"maxLength\":16,\"asn\":1234567},{\"prefix\":\"1.0.0.0/24\",\"m" \
	"axLength\":24,\"asn\":64496}]}"

#define DECIMAL \
	"{\"metadata\":{\"counts\":4,\"generated\":1794999000,\"valid\":1795003600,\"signature\":\"304402205d37f02d69c8e" \
	"40b6980aa908d098dab7fc2c813a5ac8e0cf8a1755469ddb37d022026692c509eb20d3d5dd5e9722b74a1af4cbff4a48d731" \
	"531c790384ab421ecbf\",\"signatureDate\":\"3045022100c473c910be957fa00ecf967a34a33376024924d1874fd9bafdca" \
	"9a6fbff4cc190220401878932691f3f84c283d3132b88d764f870ee82d25d644665d0ec27159008d\"},\"roas\":[{\"prefix\"" \
	":\"1.0.0.0/24\",\"maxLength\":24,\"asn\":\"AS13335\",\"ta\":\"apnic\"},{\"prefix\":\"2001:db8::/32\",\"maxLength\":48," \
	"\"asn\":4200000000},{\"prefix\":\"10.0.0.0/8\",\"maxLength\":16,\"asn\":1234567},{\"prefix\":\"1.0.0.0/24\",\"maxLe" \
	"ngth\":24,\"asn\":64496}]}"

#define ROAS "\"roas\":[{\"prefix\":\"192.0.2.0/24\",\"maxLength\":24,\"asn\":\"AS64496\"}]"

static struct sig_key *key;
static struct sig_keys trusted, others;
static const struct sig_rules rules = {.skew = 300};

static int
set_up(void **state)
{
	(void)state;
	key = private_key(KEY_P256);
	trust(&trusted, KEY_ED25519_PUBLIC);
	trust(&trusted, KEY_P256_PUBLIC);
	trust(&others, KEY_ED25519_PUBLIC);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	sig_keys_release(&trusted);
	sig_keys_release(&others);
	sig_key_free(key);
	return 0;
}

static void
expect(const char *text, size_t len, bool strict, int64_t now, const char *why)
{
	struct vrp_err err = {0};
	int rc = sig_json_verify(text, len, &trusted, strict, &rules, now, &err);

	if (!why)
		assert_case(rc == 0, "%s: %.*s", err.msg, (int)len, text);
	else
		assert_case(rc == -1 && strstr(err.msg, why), "%s, not %s: %.*s", err.msg, why, (int)len, text);
}

static struct buf
signed_json(const char *text)
{
	struct buf out = BUF_INIT;
	struct vrp_err err = {0};
	int rc = sig_json_sign(text, strlen(text), key, NOW, 3600, &out, &err);

	assert_case(rc == 0, "%s: %s", err.msg, text);
	return out;
}

static void
test_foreign(void **state)
{
	struct vrp_err err = {0};

	(void)state;
	expect(GORTR, strlen(GORTR), true, NOW, NULL);
	expect(DECIMAL, strlen(DECIMAL), true, NOW, NULL);
	expect(GORTR, strlen(GORTR), true, NOW + 3601, "has expired");
	expect(GORTR, strlen(GORTR), true, NOW - 1500, "still to come");
	expect(GORTR, strlen(GORTR), false, NOW + 1000000, NULL);
	assert_int_equal(sig_json_verify(GORTR, strlen(GORTR), &others, false, &rules, NOW, &err), -1);
}

static void
test_round_trip(void **state)
{
	static const struct {
		const char *text, *begins;
	} cases[] = {
		{"{" ROAS "}", "{\"metadata\":{\"counts\":1,\"generated\":1795000000,\"valid\":1795003600,\"signature\":\"30"},
		{"{\n\"metadata\" : { \"generated\" : 7, \"serial\":3,\n\"counts\": 99 }, " ROAS "}",
		 "{\n\"metadata\" : {\"counts\":1,\"generated\":7,\"valid\":1795003600,\"serial\":3,\"signature\":\"30"},
		{"{" ROAS ",\n\"metadata\":{}}\n", "{" ROAS ",\n\"metadata\":{\"counts\":1,"},
		{"{\"roas\":[]}", "{\"metadata\":{\"counts\":0,"},
		{GORTR, "{\"metadata\":{\"counts\":4,\"generated\":1794999000,\"valid\":1795003600,\"signature\":\"30"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf out = signed_json(cases[i].text), again;

		assert_case(strncmp(text_of(&out), cases[i].begins, strlen(cases[i].begins)) == 0, "%s", out.data);
		expect(out.data, out.len, true, NOW, NULL);
		again = signed_json(out.data);
		expect(again.data, again.len, true, NOW, NULL);
		buf_release(&again);
		buf_release(&out);
	}
}

/* What GoRTR would compute for numbers: the signatures are over other strings, and both verify. */
static void
test_numbers(void **state)
{
	struct buf out = signed_json("{\"roas\":[{\"prefix\":\"::/0\",\"maxLength\":0,\"asn\":1000000}]}");
	uint8_t hash[SIG_HASH_LEN];
	unsigned char der[128];
	const char *hex = strstr(text_of(&out), "signatureDate") + 16;
	size_t len = strcspn(hex, "\"") / 2;

	(void)state;
	assert_true(hex_decode(hex, 2 * len, der, len));
	assert_int_equal(sig_hash("::/0,0,1e+06,", 13, hash), 0);
	assert_true(sig_check_hash(key, hash, der, len));
	buf_release(&out);
}

static void
test_refused(void **state)
{
	static const struct {
		const char *text, *why;
	} cases[] = {
		{"", "empty"}, {"[]", "not an object"}, {"{}", "no roas"}, {"{\"roas\":{}}", "not a list"},
		{"{\"roas\":[1]}", "not an object of prefix"}, {"{" ROAS "} x", "something follows"},
		{"{" ROAS "," ROAS "}", "comes twice"}, {"{" ROAS ",\"aspas\":[]}", "'aspas': not covered"},
		{"{\"metadata\":{},\"metadata\":{}," ROAS "}", "comes twice"},
		{"{\"metadata\":[]," ROAS "}", "not an object"}, {"{\"metadata\":{\"buildtime\":\"\"}," ROAS "}", "not covered"},
		{"{\"metadata\":{\"valid\":-1}," ROAS "}", "not a number"}, {"{\"metadata\":{\"valid\":\"1\"}," ROAS "}", "not a number"},
		{"{\"metadata\":{\"signature\":1}," ROAS "}", "not a signature"},
		{"{\"metadata\":{\"signature\":\"3x\"}," ROAS "}", "not a signature"},
		{"{\"metadata\":{\"signature\":\"3A\"}," ROAS "}", "lower-case"},
		{"{\"metadata\":{\"valid\":1,\"valid\":1}," ROAS "}", "comes twice"},
		{"{\"roas\":[{\"prefix\":\"192.0.2.0/24\",\"maxLength\":24}]}", "without"},
		{"{\"roas\":[{\"prefix\":\"192.0.2.0/24\",\"maxLength\":23,\"asn\":1}]}", "below the prefix length"},
		{"{\"roas\":[{\"prefix\":\"192.0.2.1/24\",\"maxLength\":24,\"asn\":1}]}", "host bits"},
		{"{\"roas\":[{\"prefix\":\"192.0.2.0/24\",\"maxLength\":\"24\",\"asn\":1}]}", "maximum length"},
		{"{\"roas\":[{\"prefix\":\"192.0.2.0/24\",\"maxLength\":24,\"asn\":4294967296}]}", "AS number"},
		{"{\"roas\":[{\"prefix\":\"192.0.2.0/24\",\"maxLength\":24,\"asn\":1.0}]}", "AS number"},
		{"{\"roas\":[{\"prefix\":\"192.0.2.0/24\",\"maxLength\":24,\"asn\":\"AS1,10.0.0.0/8,8,AS2\"}]}", "AS number"},
		{"{\"roas\":[{\"prefix\":\"10.0.0.0/8,8,AS2,192.0.2.0/24\",\"maxLength\":24,\"asn\":1}]}", "'10.0.0.0/8,8,"},
		{"{\"roas\":[{\"prefix\":\"192.0.2.0/24\",\"maxLength\":24,\"asn\":1,\"expires\":1}]}", "'expires': not covered"},
		{"{\"roas\":[{\"prefix\":\"192.0.2.0/24\",\"maxLength\":24,\"asn\":1,\"asn\":2}]}", "comes twice"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf out = BUF_INIT;
		struct vrp_err err = {0};

		assert_int_equal(sig_json_sign(cases[i].text, strlen(cases[i].text), key, NOW, 60, &out, &err), -1);
		assert_case(strstr(err.msg, cases[i].why), "%s: %s", cases[i].text, err.msg);
		expect(cases[i].text, strlen(cases[i].text), false, NOW, cases[i].why);
		buf_release(&out);
	}
	expect("{" ROAS "}", strlen("{" ROAS "}"), false, NOW, "not signed");
}

/* The signature with dates may be missing, but not be bad; the names are crossed. */
static void
test_parts(void **state)
{
	struct buf out = signed_json("{" ROAS "}");
	char *text = malloc(out.len + 1), *dated, *undated, *swap;
	size_t n;

	(void)state;
	memcpy(text, text_of(&out), out.len + 1);
	dated = strstr(text, ",\"signature\":");
	undated = strstr(text, ",\"signatureDate\":");
	n = (size_t)(undated - dated);
	memmove(dated, undated, strlen(undated) + 1);
	expect(text, strlen(text), false, NOW, NULL);
	expect(text, strlen(text), true, NOW, "dates are not signed");
	memcpy(text, out.data, out.len + 1);
	memmove(undated, strchr(undated, '}'), strlen(strchr(undated, '}')) + 1);
	expect(text, strlen(text), false, NOW, "not signed: no metadata.signatureDate");
	memcpy(text, out.data, out.len + 1);
	/* Each under the other's name. */
	swap = malloc(out.len + 1);
	snprintf(swap, out.len + 1, "%.*s,\"signatureDate\":%.*s,\"signature\":%s", (int)(dated - text), out.data, (int)(n - 13),
		 out.data + (dated - text) + 13, out.data + (undated - text) + 17);
	expect(swap, strlen(swap), false, NOW, "bad signature");
	free(swap);
	free(text);
	buf_release(&out);
}

static void
test_every_bit(void **state)
{
	struct buf out = signed_json("{" ROAS "}");
	size_t counts = (size_t)(strstr(text_of(&out), "\"counts\":1") - out.data) + 9;

	(void)state;
	for (size_t bit = 0; bit < 8 * out.len; bit++) {
		struct vrp_err err = {0};

		out.data[bit / 8] ^= (char)(1 << bit % 8);
		/* The count of records is not covered. */
		if (bit / 8 != counts)
			assert_case(sig_json_verify(out.data, out.len, &trusted, true, &rules, NOW, &err) == -1, "%s", out.data);
		out.data[bit / 8] ^= (char)(1 << bit % 8);
	}
	for (size_t len = 0; len < out.len; len++) {
		struct vrp_err err = {0};

		assert_int_equal(sig_json_verify(out.data, len, &trusted, true, &rules, NOW, &err), -1);
	}
	buf_release(&out);
}

static void
test_wrong_key(void **state)
{
	struct sig_key *ed = private_key(KEY_ED25519);
	struct buf out = BUF_INIT;
	struct vrp_err err = {0};

	(void)state;
	assert_int_equal(sig_json_sign("{" ROAS "}", strlen("{" ROAS "}"), ed, NOW, 60, &out, &err), -1);
	assert_non_null(strstr(err.msg, "needs a key of ECDSA"));
	sig_key_free(ed);
}

/* ---- files */

static void
test_file(void **state)
{
	uint8_t hash[SIG_HASH_LEN];
	struct buf sig = BUF_INIT;
	struct vrp_err err = {0};

	(void)state;
	assert_int_equal(sig_hash("any bytes", 9, hash), 0);
	assert_int_equal(sig_file_sign(hash, key, NOW, 60, &sig, &err), 0);
	assert_int_equal(sig_file_verify(sig.data, sig.len, hash, &trusted, &rules, NOW + 60, &err), 0);
	assert_int_equal(sig_file_verify(sig.data, sig.len, hash, &trusted, &rules, NOW + 61, &err), -1);
	assert_int_equal(sig_file_verify(sig.data, sig.len, hash, &others, &rules, NOW, &err), -1);
	for (size_t bit = 0; bit < 8 * sig.len; bit++) {
		sig.data[bit / 8] ^= (char)(1 << bit % 8);
		assert_int_equal(sig_file_verify(sig.data, sig.len, hash, &trusted, &rules, NOW, &err), -1);
		sig.data[bit / 8] ^= (char)(1 << bit % 8);
	}
	for (size_t len = 0; len < sig.len; len++)
		assert_int_equal(sig_file_verify(sig.data, len, hash, &trusted, &rules, NOW, &err), -1);
	for (size_t bit = 0; bit < 8 * SIG_HASH_LEN; bit++) {
		hash[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(sig_file_verify(sig.data, sig.len, hash, &trusted, &rules, NOW, &err), -1);
		hash[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	buf_release(&sig);
}

/* A statement of a stream with the same digest is none of a file. */
static void
test_file_kind(void **state)
{
	struct sig_statement st = {.kind = SIG_SNAPSHOT, .seq = 1, .time = NOW, .until = STAMP_UNKNOWN, .first = true};
	uint8_t hash[SIG_HASH_LEN];
	struct buf sig = BUF_INIT;
	struct vrp_err err = {0};

	(void)state;
	assert_int_equal(sig_statement_sign(&st, key, &sig, hash, &err), 0);
	assert_int_equal(sig_file_verify(sig.data, sig.len, st.digest, &trusted, &rules, NOW, &err), -1);
	assert_string_equal(err.msg, "a statement of a stream, not of a file");
	buf_release(&sig);
}

/* ---- feeds */

struct bytes {
	const char *s;
	size_t len;
};

static ssize_t
read_bytes(void *ctx, void *dst, size_t len, struct vrp_err *err)
{
	struct bytes *b = ctx;

	(void)err;
	len = len < b->len ? len : b->len;
	len = len < 100 ? len : 100;
	memcpy(dst, b->s, len);
	b->s += len;
	b->len -= len;
	return (ssize_t)len;
}

static int
read_feed(const char *s, size_t len, struct sig_mark *mark, struct buf *out, struct vrp_err *err)
{
	struct bytes bytes = {s, len};
	struct feed_input from = {read_bytes, &bytes};
	struct sig_input si;
	char piece[64];
	ssize_t n;

	buf_reset(out);
	sig_input_init(&si, &from, &trusted, mark, NOW);
	while ((n = si.input.read(si.input.ctx, piece, sizeof(piece), err)) > 0)
		assert_int_equal(buf_add(out, piece, (size_t)n), 0);
	sig_input_release(&si);
	return (int)n;
}

static void
test_feed(void **state)
{
	static const char text[] = "%snapshot\n192.0.2.0/24 24 AS64496\n~end\n%delta\n-192.0.2.0/24 24 AS64496\n~end\n";
	struct sig_signer_config signing = {.key = key, .valid = 60};
	struct told new = {0}, old = {0};
	struct buf out = BUF_INIT;
	struct sig_mark mark = {0};
	struct vrp_err err = {0};

	(void)state;
	assert_int_equal(read_feed(GORTR, strlen(GORTR), NULL, &out, &err), 0);
	assert_string_equal(text_of(&out), GORTR);
	assert_int_equal(read_feed(GORTR, strlen(GORTR) - 1, NULL, &out, &err), -1);
	assert_int_equal(read_feed("{" ROAS "}", strlen("{" ROAS "}"), NULL, &out, &err), -1);
	assert_int_equal(read_feed("", 0, NULL, &out, &err), -1);
	assert_string_equal(err.msg, "not signed");
	assert_int_equal(read_feed(text, strlen(text), NULL, &out, &err), -1);
	assert_int_equal(sign_text(&new, &signing, text, strlen(text), SIZE_MAX, NOW_US), 0);
	assert_int_equal(sign_text(&old, &signing, text, strlen(text), SIZE_MAX, NOW_US - 9), 0);
	assert_int_equal(read_feed(old.out.data, old.out.len, &mark, &out, &err), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(read_feed(new.out.data, new.out.len, &mark, &out, &err), 0);
		assert_string_equal(text_of(&out), text);
	}
	assert_int_equal(read_feed(old.out.data, old.out.len, &mark, &out, &err), -1);
	/* Nothing of a stream that is not whole. */
	assert_int_equal(read_feed(new.out.data, new.out.len - 1, &mark, &out, &err), -1);
	assert_int_equal(out.len, 0);
	told_release(&new);
	told_release(&old);
	buf_release(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_foreign),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_every_bit),
		cmocka_unit_test(test_wrong_key),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_file_kind),
		cmocka_unit_test(test_feed),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
