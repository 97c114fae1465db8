/* SPDX-License-Identifier: ISC */
#include "test.h"

#include "enc.h"
#include "rtr_pdu.h"
#include "wire.h"

static struct rtr_scratch scratch;

/* Bytes from hexadecimal text with blanks. */
static size_t
unhex(const char *text, unsigned char *out)
{
	size_t n = 0;

	for (const char *s = text; *s; s++) {
		if (*s == ' ')
			continue;
		assert_true(hex_decode(s, 2, out + n++, 1));
		s++;
	}
	return n;
}

static enum rtr_error
decode(const char *text, struct rtr_pdu *pdu, const char **reason)
{
	static unsigned char data[RTR_PDU_MAX];

	return rtr_pdu_decode(data, unhex(text, data), &scratch, pdu, reason);
}

struct vector {
	const char *hex;
	const char *text;	/* rtr_pdu_describe() */
};

/* The vectors of rpki-rs, and what the RFCs' drawings give for the rest. */
static const struct vector vectors[] = {
	{"01001234 0000000c deadbeef", "v1 Serial Notify session 4660 serial 3735928559"},
	{"01011234 0000000c deadbeef", "v1 Serial Query session 4660 serial 3735928559"},
	{"01020000 00000008", "v1 Reset Query"},
	{"01031234 00000008", "v1 Cache Response session 4660"},
	{"01040000 00000014 01171a00 c000020a 0001000f", "v1 IPv4 Prefix + 192.0.2.10/23 26 AS65551"},
	{"00040000 00000014 00000000 00000000 00000000", "v0 IPv4 Prefix - 0.0.0.0/0 0 AS0"},
	{"02060000 00000020 01203000 20010db8 00000000 00000000 00000000 ffffffff",
	 "v2 IPv6 Prefix + 2001:db8::/32 48 AS4294967295"},
	{"02060000 00000020 00808000 20010db8 00000000 00000000 00000001 00000001",
	 "v2 IPv6 Prefix - 2001:db8::1/128 128 AS1"},
	{"01071234 00000018 deadbeef 00000e10 00000258 00001c20",
	 "v1 End of Data session 4660 serial 3735928559 refresh 3600 retry 600 expire 7200"},
	{"00071234 0000000c deadbeef", "v0 End of Data session 4660 serial 3735928559"},
	{"01080000 00000008", "v1 Cache Reset"},
	{"01090100 00000023 000102030405060708090a0b0c0d0e0f10111213 0000fbf0 300100",
	 "v1 Router Key + AS64496 000102030405060708090A0B0C0D0E0F10111213 MAEA"},
	{"020b0100 00000014 0001000f 0001000d 0001000e", "v2 ASPA + AS65551 AS65549,AS65550"},
	{"020b0000 0000000c 0001000f", "v2 ASPA - AS65551"},
	{"010a0002 00000010 00000000 00000000", "v1 Error Report 2 (No Data Available)"},
	{"010a0000 0000001a 00000008 01020000 00000008 00000002 6f6b",
	 "v1 Error Report 0 (Corrupt Data) \"ok\" about 0102000000000008"},
	{"ff0a0004 00000010 00000000 00000000", "v255 Error Report 4 (Unsupported Protocol Version)"},
};

static void
describe(const struct rtr_pdu *pdu, const char *want)
{
	struct buf text = BUF_INIT;

	assert_int_equal(rtr_pdu_describe(&text, pdu), 0);
	assert_int_equal(buf_add(&text, "", 1), 0);
	assert_string_equal(text.data, want);
	buf_release(&text);
}

static void
test_vectors(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
		unsigned char data[256];
		size_t len = unhex(vectors[i].hex, data);
		struct buf out = BUF_INIT;
		struct rtr_pdu pdu;
		const char *reason = "";

		assert_case(rtr_pdu_decode(data, len, &scratch, &pdu, &reason) == RTR_NO_ERROR, "%s: %s",
			    vectors[i].text, reason);
		describe(&pdu, vectors[i].text);
		assert_int_equal(rtr_pdu_encode(&out, &pdu), 0);
		assert_case(out.len == len && memcmp(out.data, data, len) == 0, "encode %s", vectors[i].text);
		buf_release(&out);
	}
}

/* Every length but the right ones is refused, and nothing behind `len` is read. */
static void
test_lengths(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
		unsigned char data[256] = {0};
		size_t len = unhex(vectors[i].hex, data);

		for (size_t l = 0; l < len + 8; l++) {
			unsigned char *exact = malloc(l ? l : 1);
			struct rtr_pdu pdu;
			const char *reason;
			enum rtr_error error;
			bool sized = data[1] == RTR_ROUTER_KEY ? l > 32
				     : data[1] == RTR_ASPA     ? l >= 12 && l % 4 == 0 && (data[2] || l == 12)
							       : l == len;

			assert_non_null(exact);
			memcpy(exact, data, l);
			if (l >= RTR_HEADER_LEN)
				be32_store(exact + 4, (uint32_t)l);
			error = rtr_pdu_decode(exact, l, &scratch, &pdu, &reason);
			assert_case(error == (sized ? RTR_NO_ERROR : RTR_CORRUPT_DATA), "%s with length %zu",
				    vectors[i].text, l);
			free(exact);
		}
	}
}

/* 8210bis section 5: no PDU is longer than 65,535 bytes, whatever its type would allow. */
static void
test_longest_pdu(void **state)
{
	static unsigned char data[RTR_PDU_MAX + 1] = {1, RTR_ROUTER_KEY, 1};
	struct rtr_pdu pdu;
	const char *reason;

	(void)state;
	be32_store(data + 4, RTR_PDU_MAX);
	assert_int_equal(rtr_pdu_decode(data, RTR_PDU_MAX, &scratch, &pdu, &reason), RTR_NO_ERROR);
	be32_store(data + 4, RTR_PDU_MAX + 1);
	assert_int_equal(rtr_pdu_decode(data, RTR_PDU_MAX + 1, &scratch, &pdu, &reason), RTR_CORRUPT_DATA);
}

static void
test_versions_change_types_and_lengths(void **state)
{
	static const struct {
		const char *hex;
		enum rtr_error error;
	} cases[] = {
		{"00071234 00000018 deadbeef 00000e10 00000258 00001c20", RTR_CORRUPT_DATA},
		{"01071234 0000000c deadbeef", RTR_CORRUPT_DATA},
		{"00090100 00000023 000102030405060708090a0b0c0d0e0f10111213 0000fbf0 300100",
		 RTR_UNSUPPORTED_PDU_TYPE},
		{"000b0100 00000014 0001000f 0001000d 0001000e", RTR_UNSUPPORTED_PDU_TYPE},
		{"010b0100 00000014 0001000f 0001000d 0001000e", RTR_UNSUPPORTED_PDU_TYPE},
		{"01050000 00000008", RTR_UNSUPPORTED_PDU_TYPE},
		{"010c0000 00000008", RTR_UNSUPPORTED_PDU_TYPE},
		{"02ff0000 00000008", RTR_UNSUPPORTED_PDU_TYPE},
		{"03020000 00000008", RTR_UNSUPPORTED_VERSION},
		{"ff020000 00000008", RTR_UNSUPPORTED_VERSION},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct rtr_pdu pdu;
		const char *reason;

		assert_case(decode(cases[i].hex, &pdu, &reason) == cases[i].error, "%s", cases[i].hex);
	}
}

static void
test_prefix_ranges(void **state)
{
	static const struct {
		const char *hex;
		const char *reason;
	} cases[] = {
		{"01040000 00000014 01212100 c0000200 0000fbf0", "prefix length out of range"},
		{"01040000 00000014 01182100 c0000200 0000fbf0", "maximum length out of range"},
		{"01040000 00000014 01181700 c0000200 0000fbf0", "maximum length below the prefix length"},
		{"01060000 00000020 01818100 20010db8 00000000 00000000 00000000 0000fbf0",
		 "prefix length out of range"},
		{"01060000 00000020 00308100 20010db8 00000000 00000000 00000000 0000fbf0",
		 "maximum length out of range"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct rtr_pdu pdu;
		const char *reason;

		assert_int_equal(decode(cases[i].hex, &pdu, &reason), RTR_CORRUPT_DATA);
		assert_string_equal(reason, cases[i].reason);
	}
}

/* RFC 8210 section 5: reserved fields and undefined flags are ignored. */
static void
test_reserved_bits_are_ignored(void **state)
{
	struct rtr_pdu pdu;
	const char *reason;

	(void)state;
	assert_int_equal(decode("0104ffff 00000014 ff1818ff c0000200 0000fbf0", &pdu, &reason), RTR_NO_ERROR);
	describe(&pdu, "v1 IPv4 Prefix + 192.0.2.0/24 24 AS64496");
	assert_int_equal(decode("0104ffff 00000014 fe1818ff c0000200 0000fbf0", &pdu, &reason), RTR_NO_ERROR);
	describe(&pdu, "v1 IPv4 Prefix - 192.0.2.0/24 24 AS64496");
	assert_int_equal(decode("020bffff 00000010 0001000f 0001000d", &pdu, &reason), RTR_NO_ERROR);
	describe(&pdu, "v2 ASPA + AS65551 AS65549");
	assert_int_equal(decode("0102ffff 00000008", &pdu, &reason), RTR_NO_ERROR);
	assert_int_equal(decode("0108ffff 00000008", &pdu, &reason), RTR_NO_ERROR);
}

static void
test_withdrawn_aspa_has_no_providers(void **state)
{
	struct rtr_pdu pdu;
	const char *reason;

	(void)state;
	assert_int_equal(decode("020b0000 00000010 0001000f 0001000d", &pdu, &reason), RTR_CORRUPT_DATA);
	assert_string_equal(reason, "withdrawn with providers");
	assert_int_equal(decode("020b0000 00000018 01030002 0001000f 0001000d 0001000e", &pdu, &reason),
			 RTR_CORRUPT_DATA);
	assert_string_equal(reason, "in the form of an old draft");
}

static void
test_error_report_bounds(void **state)
{
	static const char *const bad[] = {
		"010a0000 0000000c 00000003",				/* RIPE: no room for what it promises */
		"010a0000 00000010 00000001 00000000",
		"010a0000 00000010 00000000 00000001",
		"010a0000 00000010 ffffffff 00000000",
		"010a0000 00000010 00000000 ffffffff",
		"010a0000 00000014 00000004 00000000 00000004",
		"010a0000 00000011 00000000 00000000 00",		/* a byte too many */
	};
	struct rtr_pdu pdu;
	const char *reason;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_case(decode(bad[i], &pdu, &reason) == RTR_CORRUPT_DATA, "%s", bad[i]);
	/* BIRD and rtrlib end the text with NUL. */
	assert_int_equal(decode("010a0000 00000014 00000000 00000004 6f6b0000", &pdu, &reason), RTR_NO_ERROR);
	assert_int_equal(pdu.text_len, 2);
	/* What a stranger wrote must not drive a terminal. */
	assert_int_equal(decode("010a0063 00000014 00000000 00000004 1b5bc3a9", &pdu, &reason), RTR_NO_ERROR);
	describe(&pdu, "v1 Error Report 99 (unknown) \"?[??\"");
}

static void
test_payload_check(void **state)
{
	static const struct {
		const char *hex;
		enum rtr_error error;
	} cases[] = {
		{"01040000 00000014 01181800 c0000201 0000fbf0", RTR_NO_ERROR},
		{"02040000 00000014 01181800 c0000201 0000fbf0", RTR_CORRUPT_DATA},
		{"02040000 00000014 01181800 c0000200 0000fbf0", RTR_NO_ERROR},
		{"02040000 00000014 01000000 00000000 0000fbf0", RTR_NO_ERROR},
		{"020b0100 0000000c 0001000f", RTR_ASPA_PROVIDER_LIST},
		{"020b0000 0000000c 0001000f", RTR_NO_ERROR},
		{"020b0100 00000010 0001000f 00000000", RTR_NO_ERROR},
		{"020b0100 00000014 0001000f 00000000 00000001", RTR_ASPA_PROVIDER_LIST},
		{"020b0100 00000014 0001000f 00000001 00000001", RTR_ASPA_PROVIDER_LIST},
		{"020b0100 00000014 0001000f 00000002 00000001", RTR_ASPA_PROVIDER_LIST},
		{"020b0100 00000014 0001000f 7fffffff 80000000", RTR_NO_ERROR},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct rtr_pdu pdu;
		const char *reason;

		assert_int_equal(decode(cases[i].hex, &pdu, &reason), RTR_NO_ERROR);
		assert_case(rtr_payload_check(&pdu, &reason) == cases[i].error, "%s", cases[i].hex);
	}
}

static void
check_report(const unsigned char *copy, size_t copy_len, const char *text, size_t want_copy, size_t want_text)
{
	struct buf out = BUF_INIT;
	struct rtr_pdu pdu;
	const char *reason;

	assert_int_equal(rtr_error_encode(&out, 1, RTR_CORRUPT_DATA, copy, copy_len, text), 0);
	assert_true(out.len <= RTR_PDU_MAX);
	assert_int_equal(rtr_pdu_decode((unsigned char *)out.data, out.len, &scratch, &pdu, &reason), RTR_NO_ERROR);
	assert_int_equal(pdu.copy_len, want_copy);
	assert_int_equal(pdu.text_len, want_text);
	if (want_copy)
		assert_memory_equal(pdu.copy, copy, want_copy);
	buf_release(&out);
}

static void
test_error_report_is_cut_to_fit(void **state)
{
	static unsigned char copy[RTR_PDU_MAX];
	static char text[5000];

	(void)state;
	for (size_t i = 0; i < sizeof(copy); i++)
		copy[i] = (unsigned char)(i * 7);
	check_report(NULL, 0, NULL, 0, 0);
	check_report(copy, 8, "why", 8, 3);
	check_report(copy, sizeof(copy), "why", RTR_PDU_MAX - 16 - 3, 3);
	memset(text, 'x', sizeof(text) - 1);
	check_report(copy, sizeof(copy), text, RTR_PDU_MAX - 16 - 1024, 1024);
	/* A character of two bytes across the cut goes as a whole. */
	memcpy(text + 1023, "\xc3\xa9", 2);
	check_report(copy, 20, text, 20, 1023);
}

static void
test_largest_aspa_and_key(void **state)
{
	static uint32_t providers[ASPA_PROVIDERS_MAX];
	static uint8_t spki[SPKI_MAX];
	struct rtr_pdu pdu = {.version = 2, .type = RTR_ASPA, .announce = true};
	struct rtr_pdu back;
	struct buf out = BUF_INIT;
	const char *reason;

	(void)state;
	for (uint32_t i = 0; i < ASPA_PROVIDERS_MAX; i++)
		providers[i] = i + 1;
	pdu.payload.kind = PAYLOAD_ASPA;
	pdu.payload.aspa = (struct aspa){.customer = 1, .provider_count = ASPA_PROVIDERS_MAX, .providers = providers};
	assert_int_equal(rtr_pdu_encode(&out, &pdu), 0);
	assert_int_equal(out.len, 12 + 4 * ASPA_PROVIDERS_MAX);
	assert_int_equal(rtr_pdu_decode((unsigned char *)out.data, out.len, &scratch, &back, &reason), RTR_NO_ERROR);
	assert_int_equal(rtr_payload_check(&back, &reason), RTR_NO_ERROR);
	assert_true(aspa_same_providers(&back.payload.aspa, &pdu.payload.aspa));

	buf_reset(&out);
	pdu.type = RTR_ROUTER_KEY;
	pdu.payload.kind = PAYLOAD_ROUTER_KEY;
	pdu.payload.key = (struct router_key){.asn = 1, .spki_len = SPKI_MAX, .spki = spki};
	assert_int_equal(rtr_pdu_encode(&out, &pdu), 0);
	assert_int_equal(out.len, RTR_PDU_MAX);
	assert_int_equal(rtr_pdu_decode((unsigned char *)out.data, out.len, &scratch, &back, &reason), RTR_NO_ERROR);
	assert_int_equal(back.payload.key.spki_len, SPKI_MAX);
	buf_release(&out);
}

static void
test_serials_wrap(void **state)
{
	(void)state;
	assert_true(rtr_serial_older(1, 2));
	assert_false(rtr_serial_older(2, 1));
	assert_false(rtr_serial_older(2, 2));
	assert_true(rtr_serial_older(3000000012U, 12));
	assert_true(rtr_serial_older(UINT32_MAX, 0));
	assert_false(rtr_serial_older(1, 0x80000001U));
	assert_false(rtr_serial_older(0x80000001U, 1));
}

static void
test_timers(void **state)
{
	static const struct {
		struct rtr_timers timers;
		bool good;
	} cases[] = {
		{RTR_TIMERS_DEFAULT, true},	{{1, 1, 600}, true},	   {{86400, 7200, 172800}, true},
		{{0, 600, 7200}, false},	{{86401, 600, 172800}, false}, {{3600, 0, 7200}, false},
		{{3600, 7201, 172800}, false},	{{1, 1, 599}, false},	   {{3600, 600, 172801}, false},
		{{3600, 600, 3600}, false},	{{600, 7200, 7200}, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_case((rtr_timers_check(&cases[i].timers) == NULL) == cases[i].good, "%zu", i);
}

/* Version 0 knows codes up to 7, version 1 up to 8 (8210bis section 12). */
static void
test_error_codes_by_version(void **state)
{
	(void)state;
	assert_int_equal(rtr_error_for_version(0, RTR_UNEXPECTED_VERSION), RTR_INVALID_REQUEST);
	assert_int_equal(rtr_error_for_version(1, RTR_UNEXPECTED_VERSION), RTR_UNEXPECTED_VERSION);
	assert_int_equal(rtr_error_for_version(1, RTR_ORDERING), RTR_CORRUPT_DATA);
	assert_int_equal(rtr_error_for_version(2, RTR_ORDERING), RTR_ORDERING);
	assert_int_equal(rtr_error_for_version(0, RTR_DUPLICATE_ANNOUNCEMENT), RTR_DUPLICATE_ANNOUNCEMENT);
}

/* What StayRTR sent: every PDU decodes, and encodes to the same bytes. */
static void
check_recording(const char *name, unsigned version)
{
	const char *folder = getenv("VRP_DATA");
	char command[512];
	unsigned char data[RTR_PDU_MAX];
	struct buf out = BUF_INIT;
	size_t pdus = 0;
	FILE *f;

	snprintf(command, sizeof(command), "%s/rtr/%s", folder ? folder : "../shared/data", name);
	f = fopen(command, "rb");
	if (!f) {
		print_message("no %s in VRP_DATA\n", name);
		skip();
	}
	fclose(f);
	snprintf(command, sizeof(command), "xz -dc '%s/rtr/%s'", folder ? folder : "../shared/data", name);
	f = popen(command, "r");
	assert_non_null(f);
	while (fread(data, 1, RTR_HEADER_LEN, f) == RTR_HEADER_LEN) {
		size_t len = be32_load(data + 4);
		struct rtr_pdu pdu;
		const char *reason = "";

		assert_true(len >= RTR_HEADER_LEN && len <= RTR_PDU_MAX);
		assert_int_equal(fread(data + RTR_HEADER_LEN, 1, len - RTR_HEADER_LEN, f), len - RTR_HEADER_LEN);
		pdus++;
		assert_case(rtr_pdu_decode(data, len, &scratch, &pdu, &reason) == RTR_NO_ERROR, "%s, PDU %zu: %s",
			    name, pdus, reason);
		assert_int_equal(pdu.version, version);
		buf_reset(&out);
		assert_int_equal(rtr_pdu_encode(&out, &pdu), 0);
		assert_case(out.len == len && memcmp(out.data, data, len) == 0, "%s, PDU %zu", name, pdus);
	}
	assert_int_equal(pclose(f), 0);
	assert_true(pdus > 2);
	buf_release(&out);
}

static void
test_recorded_v0(void **state)
{
	(void)state;
	check_recording("stayrtr-0.5.1-full-20170601-reset-v0.bin.xz", 0);
}

static void
test_recorded_v1(void **state)
{
	(void)state;
	check_recording("stayrtr-0.5.1-full-20170601-reset-v1.bin.xz", 1);
}

static void
test_recorded_v2(void **state)
{
	(void)state;
	check_recording("stayrtr-0.5.1-full-20170601-reset-v2.bin.xz", 2);
}

static void
test_recorded_delta(void **state)
{
	(void)state;
	check_recording("stayrtr-0.5.1-delta-to-2017-06-15-serial2-v1.bin.xz", 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_longest_pdu),
		cmocka_unit_test(test_versions_change_types_and_lengths),
		cmocka_unit_test(test_prefix_ranges),
		cmocka_unit_test(test_reserved_bits_are_ignored),
		cmocka_unit_test(test_withdrawn_aspa_has_no_providers),
		cmocka_unit_test(test_error_report_bounds),
		cmocka_unit_test(test_payload_check),
		cmocka_unit_test(test_error_report_is_cut_to_fit),
		cmocka_unit_test(test_largest_aspa_and_key),
		cmocka_unit_test(test_serials_wrap),
		cmocka_unit_test(test_timers),
		cmocka_unit_test(test_error_codes_by_version),
		cmocka_unit_test(test_recorded_v0),
		cmocka_unit_test(test_recorded_v1),
		cmocka_unit_test(test_recorded_v2),
		cmocka_unit_test(test_recorded_delta),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
