/* SPDX-License-Identifier: ISC */
#include "test.h"

#include "enc.h"

static void
test_hex(void **state)
{
	static const unsigned char bytes[] = {0x00, 0x0f, 0xf0, 0xab, 0xff};
	unsigned char back[5];
	char text[11] = "";

	(void)state;
	assert_ptr_equal(hex_encode(text, bytes, 5), text + 10);
	assert_string_equal(text, "000FF0ABFF");
	assert_true(hex_decode("000ff0aBFf", 10, back, 5));
	assert_memory_equal(back, bytes, 5);
	assert_true(hex_decode("", 0, back, 0));
}

static void
test_hex_bad(void **state)
{
	static const char *const cases[] = {"0", "000", "00000", "0g00", "g000", "00 0", "0x00", "00@0", "00`0", ("0\xc1" "00"), "/000", "0:00"};
	unsigned char out[2];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_case(!hex_decode(cases[i], strlen(cases[i]), out, 2), "'%s'", cases[i]);
}

/* RFC 4648 section 10, both ways. */
static void
test_base64_vectors(void **state)
{
	static const char *const cases[][2] = {
		{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"},
		{"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		size_t plain_len = strlen(cases[i][0]), text_len = strlen(cases[i][1]);
		unsigned char plain[16];
		char text[16];

		assert_int_equal(BASE64_LEN(plain_len), text_len);
		assert_ptr_equal(base64_encode(text, cases[i][0], plain_len), text + text_len);
		assert_memory_equal(text, cases[i][1], text_len);
		assert_int_equal(base64_decode(cases[i][1], text_len, BASE64_STRICT, plain), plain_len);
		assert_memory_equal(plain, cases[i][0], plain_len);
		assert_int_equal(base64_decode(cases[i][1], text_len, BASE64_ANY, plain), plain_len);
		/* Without its padding only the lenient form takes it. */
		text_len = strcspn(cases[i][1], "=");
		assert_int_equal(base64_decode(cases[i][1], text_len, BASE64_ANY, plain), plain_len);
		if (text_len % 4)
			assert_int_equal(base64_decode(cases[i][1], text_len, BASE64_STRICT, plain), -1);
	}
}

static void
test_base64_alphabets(void **state)
{
	static const unsigned char want[] = {0xfb, 0xef, 0xff};
	unsigned char out[8];

	(void)state;
	assert_int_equal(base64_decode("++//", 4, BASE64_STRICT, out), 3);
	assert_memory_equal(out, "\xfb\xef\xff", 3);
	assert_int_equal(base64_decode("--__", 4, BASE64_ANY, out), 3);
	assert_memory_equal(out, want, 3);
	assert_int_equal(base64_decode("+-/_", 4, BASE64_ANY, out), 3);
	assert_memory_equal(out, want, 3);
	assert_int_equal(base64_decode("--__", 4, BASE64_STRICT, out), -1);
}

static void
test_base64_bad(void **state)
{
	static const char *const cases[] = {
		"A",	  "AAAAA",    "=",	  "==",	      "===",	"====",	   "A===",  "AA=",    "AAA==", "AAAA=", "AAAA==",
		"AAAA====", "AA==AA==", "A=AA",	  "AAA=AAAA", "AA A",	"AA\nA",   "AAA.",  "AAA\xff", "Zh==",	"Zm9=", "Z===",
	};
	unsigned char out[16];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_case(base64_decode(cases[i], strlen(cases[i]), BASE64_STRICT, out) == -1, "'%s'", cases[i]);
		assert_case(base64_decode(cases[i], strlen(cases[i]), BASE64_ANY, out) == -1, "'%s'", cases[i]);
	}
	/* Unused bits have to be zero without padding too. */
	assert_int_equal(base64_decode("Zh", 2, BASE64_ANY, out), -1);
	assert_int_equal(base64_decode("Zg", 2, BASE64_ANY, out), 1);
	assert_int_equal(base64_decode("AA\0A", 4, BASE64_STRICT, out), -1);
}

/* Lengths around every group, into exactly the room that the header asks for. */
static void
test_base64_round_trip(void **state)
{
	struct rng rng = {3};

	(void)state;
	for (size_t len = 0; len < 200; len++) {
		unsigned char *plain = test_malloc(len + 1), *back = test_malloc(BASE64_LEN(len) / 4 * 3 + 3);
		char *text = test_malloc(BASE64_LEN(len) + 1);

		for (size_t i = 0; i < len; i++)
			plain[i] = (unsigned char)rng_next(&rng);
		assert_ptr_equal(base64_encode(text, plain, len), text + BASE64_LEN(len));
		assert_int_equal(base64_decode(text, BASE64_LEN(len), BASE64_STRICT, back), len);
		assert_memory_equal(back, plain, len);
		test_free(plain);
		test_free(back);
		test_free(text);
	}
}

static void
check_percent(const char *raw, size_t raw_len, const char *token)
{
	struct buf out = BUF_INIT, back = BUF_INIT;

	assert_int_equal(percent_encode(&out, raw, raw_len), 0);
	assert_int_equal(out.len, strlen(token));
	if (out.len)
		assert_memory_equal(out.data, token, out.len);
	assert_int_equal(percent_decode(&back, out.len ? out.data : "", out.len), 0);
	assert_int_equal(back.len, raw_len);
	if (raw_len)
		assert_memory_equal(back.data, raw, raw_len);
	buf_release(&out);
	buf_release(&back);
}

static void
test_percent(void **state)
{
	char all[256];

	(void)state;
	check_percent("", 0, "");
	check_percent("apnic", 5, "apnic");
	check_percent("RIPE NCC", 8, "RIPE%20NCC");
	check_percent("100%", 4, "100%25");
	check_percent("%41", 3, "%2541");
	check_percent("a\tb\nc\0d", 7, "a%09b%0Ac%00d");
	check_percent("\x7f\x80\xff~!", 5, "%7F%80%FF~!");
	check_percent("r\xc3\xa9seau", 7, "r%C3%A9seau");
	for (int i = 0; i < 256; i++)
		all[i] = (char)i;
	for (int i = 0; i < 256; i++) {
		struct buf out = BUF_INIT, back = BUF_INIT;

		assert_int_equal(percent_encode(&out, all + i, 1), 0);
		for (size_t k = 0; k < out.len; k++)
			assert_true(out.data[k] > 0x20 && out.data[k] < 0x7f);
		assert_int_equal(percent_decode(&back, out.data, out.len), 0);
		assert_int_equal(back.len, 1);
		assert_true(back.data[0] == all[i]);
		buf_release(&out);
		buf_release(&back);
	}
}

static void
test_percent_decode_lenient(void **state)
{
	static const char *const cases[][2] = {
		{"%", "%"}, {"%4", "%4"}, {"%4g", "%4g"}, {"%g4", "%g4"}, {"%%41", "%A"}, {"%41%", "A%"}, {"%2541", "%41"},
		{"%c3%A9", "\xc3\xa9"}, {"a%4", "a%4"}, {"%-1", "%-1"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf out = BUF_INIT;

		assert_int_equal(percent_decode(&out, cases[i][0], strlen(cases[i][0])), 0);
		assert_case(out.len == strlen(cases[i][1]), "'%s'", cases[i][0]);
		assert_memory_equal(out.data, cases[i][1], out.len);
		buf_release(&out);
	}
}

/* Both append: what stood in the buffer stays. */
static void
test_percent_appends(void **state)
{
	struct buf out = BUF_INIT;

	(void)state;
	assert_int_equal(percent_encode(&out, " ", 1), 0);
	assert_int_equal(percent_encode(&out, "x", 1), 0);
	assert_int_equal(percent_decode(&out, "%20", 3), 0);
	assert_int_equal(out.len, 5);
	assert_memory_equal(out.data, "%20x ", 5);
	buf_release(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hex),
		cmocka_unit_test(test_hex_bad),
		cmocka_unit_test(test_base64_vectors),
		cmocka_unit_test(test_base64_alphabets),
		cmocka_unit_test(test_base64_bad),
		cmocka_unit_test(test_base64_round_trip),
		cmocka_unit_test(test_percent),
		cmocka_unit_test(test_percent_decode_lenient),
		cmocka_unit_test(test_percent_appends),
	};

	return cmocka_run_group_tests_name("enc", tests, NULL, NULL);
}
