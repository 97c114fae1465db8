/* SPDX-License-Identifier: ISC */
#include "test.h"

#include "num.h"

static void
test_u32(void **state)
{
	static const struct {
		const char *text;
		bool good;
		uint32_t value;
	} cases[] = {
		{"0", true, 0},
		{"1", true, 1},
		{"9", true, 9},
		{"10", true, 10},
		{"4294967294", true, 4294967294U},
		{"4294967295", true, 4294967295U},
		{"4294967296", false, 0},
		{"4294967300", false, 0},
		{"9999999999", false, 0},
		{"10000000000", false, 0},
		{"18446744073709551617", false, 0},
		{"", false, 0},
		{"00", false, 0},
		{"01", false, 0},
		{"+1", false, 0},
		{"-1", false, 0},
		{" 1", false, 0},
		{"1 ", false, 0},
		{"1\n", false, 0},
		{"0x1", false, 0},
		{"1e3", false, 0},
		{"1/", false, 0},
		{"1:", false, 0},
		{"\xb1", false, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		uint32_t v = 77;
		uint64_t w = 77;

		assert_case(num_u32(cases[i].text, strlen(cases[i].text), &v) == cases[i].good, "'%s'", cases[i].text);
		assert_case(v == (cases[i].good ? cases[i].value : 77), "'%s'", cases[i].text);
		if (cases[i].good)
			assert_case(num_u64(cases[i].text, strlen(cases[i].text), &w) && w == v, "'%s'", cases[i].text);
	}
}

static void
test_u64(void **state)
{
	static const struct {
		const char *text;
		bool good;
		uint64_t value;
	} cases[] = {
		{"0", true, 0},
		{"4294967296", true, UINT64_C(4294967296)},
		{"18446744073709551609", true, UINT64_MAX - 6},
		{"18446744073709551615", true, UINT64_MAX},
		{"18446744073709551616", false, 0},
		{"18446744073709551620", false, 0},
		{"18446744073709551700", false, 0},
		{"99999999999999999999", false, 0},
		{"184467440737095516150", false, 0},
		{"", false, 0},
		{"00", false, 0},
		{"-1", false, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		uint64_t v = 77;

		assert_case(num_u64(cases[i].text, strlen(cases[i].text), &v) == cases[i].good, "'%s'", cases[i].text);
		assert_case(v == (cases[i].good ? cases[i].value : 77), "'%s'", cases[i].text);
	}
}

/* The length rules, not a NUL: what stands behind it is never read. */
static void
test_length_rules(void **state)
{
	uint32_t v;
	char *exact = test_malloc(3);

	(void)state;
	assert_true(num_u32("12345", 2, &v));
	assert_int_equal(v, 12);
	memcpy(exact, "987", 3);
	assert_true(num_u32(exact, 3, &v));
	assert_int_equal(v, 987);
	assert_false(num_u32("1\0002", 3, &v));
	test_free(exact);
}

static void
test_asn(void **state)
{
	static const struct {
		const char *text;
		bool good;
		uint32_t value;
	} cases[] = {
		{"64496", true, 64496},	  {"AS64496", true, 64496}, {"as64496", true, 64496}, {"aS1", true, 1},
		{"As4294967295", true, UINT32_MAX}, {"AS0", true, 0}, {"0", true, 0},	      {"AS", false, 0},
		{"A", false, 0},	  {"AS01", false, 0},	    {"ASAS1", false, 0},      {"AS 1", false, 0},
		{"AS-1", false, 0},	  {"SA1", false, 0},	    {"AS4294967296", false, 0}, {"1.1", false, 0},
		{"", false, 0},		  {"!S1", false, 0},	    {"\x01S1", false, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		uint32_t v = 77;

		assert_case(num_asn(cases[i].text, strlen(cases[i].text), &v) == cases[i].good, "'%s'", cases[i].text);
		assert_case(v == (cases[i].good ? cases[i].value : 77), "'%s'", cases[i].text);
	}
}

static void
test_duration(void **state)
{
	static const struct {
		const char *text;
		bool good;
		uint32_t value;
	} cases[] = {
		{"0", true, 0},
		{"90", true, 90},
		{"90s", true, 90},
		{"10m", true, 600},
		{"24h", true, 86400},
		{"2d", true, 172800},
		{"1w", true, 604800},
		{"7101w", true, 4294684800U},
		{"7102w", false, 0},
		{"4294967295s", true, UINT32_MAX},
		{"4294967296", false, 0},
		{"71582788m", true, 4294967280U},
		{"71582789m", false, 0},
		{"18446744073709551615w", false, 0},
		{"s", false, 0},
		{"", false, 0},
		{"1M", false, 0},
		{"1ss", false, 0},
		{"1m30s", false, 0},
		{"-1s", false, 0},
		{"01m", false, 0},
		{"1.5h", false, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		uint32_t v = 77;

		assert_case(num_duration(cases[i].text, strlen(cases[i].text), &v) == cases[i].good, "'%s'", cases[i].text);
		assert_case(v == (cases[i].good ? cases[i].value : 77), "'%s'", cases[i].text);
	}
	/* A NUL is no unit, although strchr() would find it. */
	assert_false(num_duration("1\0", 2, &(uint32_t){0}));
}

static void
test_size(void **state)
{
	static const struct {
		const char *text;
		bool good;
		uint64_t value;
	} cases[] = {
		{"0", true, 0},
		{"4096", true, 4096},
		{"64K", true, 65536},
		{"512M", true, UINT64_C(512) << 20},
		{"2G", true, UINT64_C(2) << 30},
		{"17179869183G", true, UINT64_C(17179869183) << 30},
		{"17179869184G", false, 0},
		{"1k", false, 0},
		{"1T", false, 0},
		{"K", false, 0},
		{"", false, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		uint64_t v = 77;

		assert_case(num_size(cases[i].text, strlen(cases[i].text), &v) == cases[i].good, "'%s'", cases[i].text);
		assert_case(v == (cases[i].good ? cases[i].value : 77), "'%s'", cases[i].text);
	}
}

static void
assert_format(uint32_t v)
{
	char got[10 + 1], want[12];
	uint32_t back = ~v;
	char *end;

	memset(got, '#', sizeof(got));
	end = num_format_u32(got, v);
	assert_true(got[10] == '#');	/* no more than the room that the header asks for */
	snprintf(want, sizeof(want), "%u", (unsigned)v);
	assert_int_equal(end - got, strlen(want));
	assert_memory_equal(got, want, strlen(want));
	assert_true(num_u32(got, (size_t)(end - got), &back));
	assert_int_equal(back, v);
}

/*
 * Against the C library: every value of each group of four digits, every
 * change of their count, and at random.
 */
static void
test_format_u32(void **state)
{
	struct rng rng = {1};

	(void)state;
	for (uint32_t v = 0; v < 10000; v++) {
		assert_format(v);
		assert_format(v * 10000);
		assert_format(v * 10000 + 9999 - v);
		assert_format(v % 4295 * 1000000);
	}
	for (uint32_t v = 10; v < 1000000000; v *= 10) {
		assert_format(v - 1);
		assert_format(v);
	}
	for (int i = 0; i < 32; i++) {
		assert_format(UINT32_C(1) << i);
		assert_format(UINT32_MAX >> i);
	}
	for (int i = 0; i < 20000; i++)
		assert_format((uint32_t)rng_next(&rng) >> rng_below(&rng, 32));
}

static void
test_format_u8(void **state)
{
	(void)state;
	for (unsigned v = 0; v < 256; v++) {
		char got[4 + 1] = "####", want[12];
		char *end = num_format_u8(got, (uint8_t)v);

		snprintf(want, sizeof(want), "%u", v);
		assert_int_equal(end - got, strlen(want));
		assert_memory_equal(got, want, strlen(want));
		assert_true(got[4] == '\0');
	}
}

/* Where a number stops is where its digits do, or where the text ends: with more text behind it, too. */
static void
test_scan(void **state)
{
	static const struct {
		const char *text;
		int stop;	/* -1 for no number */
		uint32_t value;
	} cases[] = {
		{"0", 1, 0}, {"0 1", 1, 0}, {"00", -1, 0}, {"01", -1, 0}, {"7/", 1, 7}, {"4294967295,", 10, UINT32_MAX},
		{"4294967296", -1, 0}, {"42949672950", -1, 0}, {"18446744073709551617", -1, 0}, {"", -1, 0}, {" 1", -1, 0},
		{"-", -1, 0}, {"x", -1, 0}, {"12\x80", 2, 12}, {"12345678", 8, 12345678}, {"12345678x", 8, 12345678},
		{"123456789", 9, 123456789}, {"01234567", -1, 0}, {"00000000", -1, 0}, {"0123456789", -1, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		for (int behind = 0; behind < 10; behind++) {
			char text[64];
			const char *end = text + snprintf(text, sizeof(text), "%s%.*s", cases[i].text, behind, " 98765432 ");
			const char *want = cases[i].stop < 0 ? NULL : text + cases[i].stop;
			uint32_t v = 77;

			assert_case(num_scan_u32(text, end, &v) == want, "'%s'", text);
			assert_case(v == (cases[i].stop < 0 ? 77 : cases[i].value), "'%s'", text);
		}
	}
}

/* Every byte behind, before and between the digits, in every place of the eight that are looked at together. */
static void
test_scan_any_byte(void **state)
{
	(void)state;
	for (int c = 0; c < 256; c++) {
		for (size_t at = 0; at < 12; at++) {
			char text[16] = "1999999999999999";
			size_t stop = at;
			uint32_t v = 77, want = 0;

			text[at] = (char)c;
			while (stop < 16 && text[stop] >= '0' && text[stop] <= '9')
				stop++;
			for (size_t i = 0; i < stop && i < 10; i++)
				want = want * 10 + (uint32_t)(text[i] - '0');
			if (stop == 0 || stop > 10 || (text[0] == '0' && stop > 1)) {
				assert_case(!num_scan_u32(text, text + 16, &v) && v == 77, "%d at %zu", c, at);
			} else {
				assert_case(num_scan_u32(text, text + 16, &v) == text + stop, "%d at %zu", c, at);
				assert_int_equal(v, want);
			}
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_u32),	 cmocka_unit_test(test_u64),  cmocka_unit_test(test_length_rules),
		cmocka_unit_test(test_asn),	 cmocka_unit_test(test_duration), cmocka_unit_test(test_size),
		cmocka_unit_test(test_format_u32), cmocka_unit_test(test_format_u8), cmocka_unit_test(test_scan),
		cmocka_unit_test(test_scan_any_byte),
	};

	return cmocka_run_group_tests_name("num", tests, NULL, NULL);
}
