/* SPDX-License-Identifier: ISC */
#include "test.h"

#include <arpa/inet.h>

#include "prefix.h"

static bool
parse(const char *text, struct prefix *p)
{
	return prefix_parse(text, strlen(text), p, NULL);
}

static struct prefix
must_parse(const char *text)
{
	struct prefix p;

	assert_case(parse(text, &p), "'%s'", text);
	return p;
}

static const char *
format(const struct prefix *p, char out[PREFIX_TEXT_MAX])
{
	*prefix_format(out, p) = '\0';
	return out;
}

static void
test_canonical(void **state)
{
	static const char *const cases[][2] = {
		{"0.0.0.0/0", "0.0.0.0/0"},
		{"255.255.255.255/32", "255.255.255.255/32"},
		{"1.0.0.0/24", "1.0.0.0/24"},
		{"10.100.9.0/9", "10.100.9.0/9"},
		{"::/0", "::/0"},
		{"::1/128", "::1/128"},
		{"1::/16", "1::/16"},
		{"2001:DB8::/32", "2001:db8::/32"},
		{"2001:0db8:0000:0000:0000:0000:0000:0001/128", "2001:db8::1/128"},
		/* RFC 5952 section 4.2.2: one zero group is no run. */
		{"2001:db8:0:1:1:1:1:1/128", "2001:db8:0:1:1:1:1:1/128"},
		{"2001:db8::1:1:1:1:1/128", "2001:db8:0:1:1:1:1:1/128"},
		/* 4.2.3: the longest run, and of two the first. */
		{"2001:0:0:1:0:0:0:1/128", "2001:0:0:1::1/128"},
		{"2001:db8:0:0:1:0:0:1/128", "2001:db8::1:0:0:1/128"},
		{"0:0:1:0:0:0:0:1/128", "0:0:1::1/128"},
		{"1:0:0:0:0:0:0:0/16", "1::/16"},
		{"0:0:0:0:0:0:0:1/128", "::1/128"},
		{"1:2:3:4:5:6:7:8/128", "1:2:3:4:5:6:7:8/128"},
		{"1:2:3:4:5:6:7::/112", "1:2:3:4:5:6:7:0/112"},
		{"::2:3:4:5:6:7:8/128", "0:2:3:4:5:6:7:8/128"},
		{"1:2:3:4:5:6::/96", "1:2:3:4:5:6::/96"},
		{"::3:4:5:6:7:8/128", "::3:4:5:6:7:8/128"},
		{"fFfF:AbCd:ef01:2345:6789:abcd:ef01:2345/128", "ffff:abcd:ef01:2345:6789:abcd:ef01:2345/128"},
		/* Dotted tails: kept for mapped addresses (section 5), else hexadecimal. */
		{"::ffff:192.0.2.1/128", "::ffff:192.0.2.1/128"},
		{"::ffff:c000:201/128", "::ffff:192.0.2.1/128"},
		{"::ffff:0:0/96", "::ffff:0.0.0.0/96"},
		{"::192.0.2.1/128", "::c000:201/128"},
		{"64:ff9b::192.0.2.33/128", "64:ff9b::c000:221/128"},
		{"1:2:3:4:5:6:1.2.3.4/128", "1:2:3:4:5:6:102:304/128"},
		{"::ffff:0:192.0.2.1/128", "::ffff:0:c000:201/128"},
		{"::1.2.3.4/128", "::102:304/128"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct prefix p = must_parse(cases[i][0]);
		char text[PREFIX_TEXT_MAX];

		assert_string_equal(format(&p, text), cases[i][1]);
	}
}

static void
test_longest_texts(void **state)
{
	static const char longest[] = "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255/128";
	struct prefix p;
	char text[PREFIX_TEXT_MAX];

	(void)state;
	assert_int_equal(strlen(longest), 49);
	p = must_parse(longest);
	assert_int_equal(strlen(format(&p, text)), PREFIX_TEXT_MAX - 1);
	assert_string_equal(text, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128");
}

static void
test_bad(void **state)
{
	static const struct {
		const char *text, *reason;
	} cases[] = {
		{"", "prefix without a length"},
		{"/", "bad address"},
		{"/24", "bad address"},
		{"1.0.0.0", "prefix without a length"},
		{"::", "prefix without a length"},
		{"1.0.0.0/", "bad prefix length"},
		{"1.0.0.0/33", "bad prefix length"},
		{"1.0.0.0/024", "bad prefix length"},
		{"1.0.0.0/+8", "bad prefix length"},
		{"1.0.0.0/-1", "bad prefix length"},
		{"1.0.0.0/8 ", "bad prefix length"},
		{"1.0.0.0/255.0.0.0", "bad prefix length"},
		{"1.0.0.0/8/8", "bad prefix length"},
		{"1.0.0.0/4294967296", "bad prefix length"},
		{"::/129", "bad prefix length"},
		{"::/256", "bad prefix length"},
		{"1.0.0/24", "bad address"},
		{"1.0.0.0.0/24", "bad address"},
		{"1.0.0./24", "bad address"},
		{".1.0.0.0/24", "bad address"},
		{"1..0.0/24", "bad address"},
		{"256.0.0.0/8", "bad address"},
		{"1.0.0.256/8", "bad address"},
		{"1000.0.0.0/8", "bad address"},
		{"01.0.0.0/8", "bad address"},
		{"1.0.00.0/8", "bad address"},
		{"0x1.0.0.0/8", "bad address"},
		{" 1.0.0.0/8", "bad address"},
		{"1.0.0.0 /8", "bad address"},
		{"10/8", "bad address"},
		{":/0", "bad address"},
		{":::/0", "bad address"},
		{"1:::2/128", "bad address"},
		{"1::2::3/128", "bad address"},
		{"::1::/128", "bad address"},
		{":1::/16", "bad address"},
		{"1:/16", "bad address"},
		{"::1:/128", "bad address"},
		{":1:2:3:4:5:6:7/128", "bad address"},
		{"1:2:3:4:5:6:7/128", "bad address"},
		{"1:2:3:4:5:6:7:8:9/128", "bad address"},
		{"1:2:3:4:5:6:7:8::/128", "bad address"},
		{"::1:2:3:4:5:6:7:8/128", "bad address"},
		{"1:2:3:4::5:6:7:8/128", "bad address"},
		{"12345::/16", "bad address"},
		{"g::/16", "bad address"},
		{"fe80::1%eth0/64", "bad address"},
		{"[::1]/128", "bad address"},
		{"::1.2.3/128", "bad address"},
		{"::1.2.3.4.5/128", "bad address"},
		{"::1.2.3.256/128", "bad address"},
		{"::1.2.3.04/128", "bad address"},
		{"1.2.3.4::/128", "bad address"},
		{"1:2:3:4:5:6:7:1.2.3.4/128", "bad address"},
		{"::1.2.3.4:5/128", "bad address"},
		{"1:2:3:4:5:6:7:8:9:10:11:12:13:14:15:16:17:18:19:20/128", "bad prefix"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct prefix p = {.len = 77};
		const char *reason = "";

		assert_case(!prefix_parse(cases[i].text, strlen(cases[i].text), &p, &reason), "'%s'", cases[i].text);
		assert_case(strcmp(reason, cases[i].reason) == 0, "'%s': %s", cases[i].text, reason);
		assert_int_equal(p.len, 77);
	}
}

/* Neither a byte behind len nor a NUL before it counts. */
static void
test_length_rules(void **state)
{
	static const char dotted[] = "::1.2.3.4\0:5/128", tail[] = "1.0.0.0/24";
	struct prefix p;
	char *exact = test_malloc(10);

	(void)state;
	assert_true(prefix_parse(tail, 9, &p, NULL));
	assert_int_equal(p.len, 2);
	assert_false(prefix_parse(dotted, sizeof(dotted) - 1, &p, NULL));
	assert_false(prefix_parse("1.0.0.0\0/24", 11, &p, NULL));
	assert_false(prefix_parse("1.0.0.0/24\0", 11, &p, NULL));
	memcpy(exact, tail, 10);
	assert_true(prefix_parse(exact, 10, &p, NULL));
	assert_int_equal(p.len, 24);
	test_free(exact);
}

/* A scan stops behind the prefix, whatever stands there. */
static void
test_scan(void **state)
{
	static const char *const behind[] = {"", " ", "\t24", "/", ".", ":", "x", ",", "\x80"};
	static const char *const texts[] = {
		"1.2.3.4/24", "0.0.0.0/0", "255.255.255.255/32", "::/0", "2001:db8::/32", "::ffff:1.2.3.4/128",
		"1:2:3:4:5:6:7:8/128", "1:2:3:4:5:6:7::/112",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		for (size_t k = 0; k < ARRAY_LEN(behind); k++) {
			struct prefix want = must_parse(texts[i]), p;
			size_t len = strlen(texts[i]), all = len + strlen(behind[k]);
			char text[64];

			snprintf(text, sizeof(text), "%s%s", texts[i], behind[k]);
			assert_case(prefix_scan(text, text + all, &p) == text + len, "'%s'", text);
			assert_memory_equal(&p, &want, sizeof(p));
		}
	}
}

/*
 * All zero groups there can be, with digits of each count in the others: RFC
 * 5952 in the words of its section 4, one group after the other.
 */
static void
test_every_gap(void **state)
{
	(void)state;
	for (unsigned zero = 0; zero < 256; zero++) {
		for (unsigned digits = 0; digits < 16; digits++) {
			struct prefix p = {.family = FAMILY_IPV6, .len = 128}, back;
			char want[64] = "", text[PREFIX_TEXT_MAX];
			int best = -1, best_len = 1;

			for (int i = 0; i < 8; i++) {
				unsigned v = zero >> i & 1 ? 0 : 0x1a2bU >> 4 * ((digits + (unsigned)i) % 4);
				int run = 0;

				p.addr[2 * i] = (uint8_t)(v >> 8);
				p.addr[2 * i + 1] = (uint8_t)v;
				while (i + run < 8 && zero >> (i + run) & 1)
					run++;
				if (run > best_len) {
					best = i;
					best_len = run;
				}
			}
			for (int i = 0; i < 8; i++) {
				size_t n = strlen(want);

				if (i == best) {
					snprintf(want + n, sizeof(want) - n, "::");
					i += best_len - 1;
				} else {
					snprintf(want + n, sizeof(want) - n, "%s%x", i && want[n - 1] != ':' ? ":" : "",
						 p.addr[2 * i] << 8 | p.addr[2 * i + 1]);
				}
			}
			snprintf(want + strlen(want), 5, "/128");
			assert_string_equal(format(&p, text), want);
			back = must_parse(text);
			assert_memory_equal(&back, &p, sizeof(p));
		}
	}
}

/* An address in which zero groups, and so every place of `::`, are frequent. */
static void
random_ipv6(struct rng *rng, uint8_t addr[16])
{
	for (int i = 0; i < 8; i++) {
		uint32_t bits = rng_below(rng, 2) ? 0 : (uint32_t)rng_next(rng) >> (16 + 4 * rng_below(rng, 4));

		addr[2 * i] = (uint8_t)(bits >> 8);
		addr[2 * i + 1] = (uint8_t)bits;
	}
	if (rng_below(rng, 16) == 0) {
		memset(addr, 0, 10);
		memset(addr + 10, 0xff, 2);
	}
}

static void
test_against_libc_ipv4(void **state)
{
	struct rng rng = {5};

	(void)state;
	for (int i = 0; i < 50000; i++) {
		struct prefix p = {.family = FAMILY_IPV4, .len = (uint8_t)rng_below(&rng, 33)}, back;
		char want[64], text[PREFIX_TEXT_MAX];
		uint32_t addr = (uint32_t)rng_next(&rng) >> rng_below(&rng, 32);

		addr = htonl(addr);
		memcpy(p.addr, &addr, 4);
		assert_non_null(inet_ntop(AF_INET, p.addr, want, sizeof(want)));
		snprintf(want + strlen(want), 5, "/%u", p.len);
		assert_string_equal(format(&p, text), want);
		back = must_parse(text);
		assert_memory_equal(&back, &p, sizeof(p));
	}
}

/*
 * glibc writes IPv4-compatible addresses (::/96) with a dotted tail, which RFC
 * 5952 keeps for known prefixes; all else agrees.
 */
static void
test_against_libc_ipv6(void **state)
{
	static const uint8_t zero[12];
	struct rng rng = {6};

	(void)state;
	for (int i = 0; i < 100000; i++) {
		struct prefix p = {.family = FAMILY_IPV6, .len = (uint8_t)rng_below(&rng, 129)}, back;
		char want[64], text[PREFIX_TEXT_MAX];

		random_ipv6(&rng, p.addr);
		assert_non_null(inet_ntop(AF_INET6, p.addr, want, sizeof(want)));
		format(&p, text);
		if (memcmp(p.addr, zero, 12) != 0) {
			snprintf(want + strlen(want), 5, "/%u", p.len);
			assert_string_equal(text, want);
		} else {
			assert_null(strchr(text, '.'));
		}
		back = must_parse(text);
		assert_memory_equal(&back, &p, sizeof(p));
	}
}

/* Texts with one byte changed: accepted exactly when inet_pton() accepts the address, with the same bytes. */
static void
test_parse_against_libc(void **state)
{
	static const char bytes[] = "0123456789abcdefABCDEF:.:::..gx-% ";
	struct rng rng = {7};
	int accepted = 0;

	(void)state;
	for (int i = 0; i < 200000; i++) {
		struct prefix p = {.len = 0}, got;
		char addr[64], text[80];
		uint8_t want[16] = {0};
		size_t len;
		bool ipv6;

		if (rng_below(&rng, 3) == 0) {
			uint32_t v4 = (uint32_t)rng_next(&rng);

			inet_ntop(AF_INET, &v4, addr, sizeof(addr));
		} else {
			random_ipv6(&rng, p.addr);
			inet_ntop(AF_INET6, p.addr, addr, sizeof(addr));
		}
		len = strlen(addr);
		for (uint32_t n = rng_below(&rng, 3); n > 0; n--) {
			size_t at = rng_below(&rng, (uint32_t)len);
			char c = bytes[rng_below(&rng, sizeof(bytes) - 1)];

			switch (rng_below(&rng, 3)) {
			case 0:
				addr[at] = c;
				break;
			case 1:
				memmove(addr + at + 1, addr + at, len - at + 1);
				addr[at] = c;
				len++;
				break;
			default:
				if (len > 1) {
					memmove(addr + at, addr + at + 1, len - at);
					len--;
				}
			}
		}
		ipv6 = strchr(addr, ':') != NULL;
		snprintf(text, sizeof(text), "%s/0", addr);
		if (inet_pton(ipv6 ? AF_INET6 : AF_INET, addr, want) == 1) {
			assert_case(parse(text, &got), "'%s'", text);
			assert_case(memcmp(got.addr, want, 16) == 0, "'%s'", text);
			assert_int_equal(got.family, ipv6 ? FAMILY_IPV6 : FAMILY_IPV4);
			accepted++;
		} else {
			assert_case(!parse(text, &got), "'%s'", text);
		}
	}
	assert_true(accepted > 50000 && accepted < 190000);
}

static void
test_host_bits(void **state)
{
	static const struct {
		const char *text;
		bool host_bits;
		const char *cleared;
	} cases[] = {
		{"0.0.0.0/0", false, "0.0.0.0/0"},
		{"0.0.0.1/0", true, "0.0.0.0/0"},
		{"128.0.0.0/1", false, "128.0.0.0/1"},
		{"192.0.0.0/1", true, "128.0.0.0/1"},
		{"1.2.3.4/32", false, "1.2.3.4/32"},
		{"1.2.3.4/31", false, "1.2.3.4/31"},
		{"1.2.3.5/31", true, "1.2.3.4/31"},
		{"1.2.3.0/23", true, "1.2.2.0/23"},
		{"::/0", false, "::/0"},
		{"::1/0", true, "::/0"},
		{"8000::/0", true, "::/0"},
		{"::1/127", true, "::/127"},
		{"::1/128", false, "::1/128"},
		{"2001:db8:0:1::/64", false, "2001:db8:0:1::/64"},
		{"2001:db8:0:1:8000::/64", true, "2001:db8:0:1::/64"},
		{"2001:db8:0:1:8000::/65", false, "2001:db8:0:1:8000::/65"},
		{"2001:db8:0:1::/63", true, "2001:db8::/63"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct prefix p = must_parse(cases[i].text), want = must_parse(cases[i].cleared);

		assert_case(prefix_has_host_bits(&p) == cases[i].host_bits, "'%s'", cases[i].text);
		prefix_clear_host_bits(&p);
		assert_memory_equal(&p, &want, sizeof(p));
		assert_false(prefix_has_host_bits(&p));
	}
}

/* In order, each below the next and equal to itself. */
static void
test_order(void **state)
{
	static const char *const order[] = {
		"0.0.0.0/0", "0.0.0.0/8", "1.0.0.0/8", "1.0.0.0/24", "1.0.1.0/24", "10.0.0.0/8", "127.0.0.0/8", "128.0.0.0/1",
		"255.255.255.255/32", "::/0", "::/128", "::1/128", "2001:db8::/32", "2001:db8::/33", "2001:db8:8000::/33",
		"ff00::/8",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(order); i++) {
		for (size_t k = 0; k < ARRAY_LEN(order); k++) {
			struct prefix a = must_parse(order[i]), b = must_parse(order[k]);
			int c = prefix_cmp(&a, &b);

			assert_case((c > 0) - (c < 0) == (i > k) - (i < k), "%s and %s", order[i], order[k]);
		}
	}
}

/* Bit by bit, as RFC 6811 section 2 puts it. */
static bool
covers_slowly(const struct prefix *outer, const struct prefix *inner)
{
	if (outer->family != inner->family || outer->len > inner->len)
		return false;
	for (unsigned i = 0; i < outer->len; i++)
		if (((outer->addr[i / 8] ^ inner->addr[i / 8]) >> (7 - i % 8)) & 1)
			return false;
	return true;
}

static void
test_covers(void **state)
{
	struct rng rng = {8};
	int covered = 0;

	(void)state;
	for (int i = 0; i < 100000; i++) {
		enum family family = rng_below(&rng, 2) ? FAMILY_IPV4 : FAMILY_IPV6;
		unsigned bits = prefix_bits(family);
		struct prefix a = {.family = (uint8_t)family}, b;

		for (unsigned k = 0; k < bits / 8; k++)
			a.addr[k] = (uint8_t)rng_next(&rng);
		b = a;
		if (rng_below(&rng, 8) == 0)
			b.family = family == FAMILY_IPV4 ? FAMILY_IPV6 : FAMILY_IPV4;
		a.len = (uint8_t)rng_below(&rng, bits + 1);
		b.len = (uint8_t)rng_below(&rng, prefix_bits((enum family)b.family) + 1);
		if (rng_below(&rng, 2)) {
			unsigned bit = rng_below(&rng, bits);

			b.addr[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
		}
		if (b.family == FAMILY_IPV4)
			memset(b.addr + 4, 0, 12);
		prefix_clear_host_bits(&a);
		prefix_clear_host_bits(&b);
		assert_true(prefix_covers(&a, &b) == covers_slowly(&a, &b));
		covered += prefix_covers(&a, &b);
	}
	assert_true(covered > 20000 && covered < 80000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_canonical),
		cmocka_unit_test(test_longest_texts),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_length_rules),
		cmocka_unit_test(test_scan),
		cmocka_unit_test(test_every_gap),
		cmocka_unit_test(test_against_libc_ipv4),
		cmocka_unit_test(test_against_libc_ipv6),
		cmocka_unit_test(test_parse_against_libc),
		cmocka_unit_test(test_host_bits),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_covers),
	};

	return cmocka_run_group_tests_name("prefix", tests, NULL, NULL);
}
