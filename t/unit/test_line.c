/* SPDX-License-Identifier: ISC */
#include "test.h"

#include "enc.h"
#include "line.h"

#define SKI "510F485D29A29DB7B515F9C478F8ED3CB7AA7D23"

struct fixture {
	struct names *names;
	struct names *scan_names;	/* those that line_scan_vrp() takes */
	struct line_scratch scratch;
	struct payload p;
	struct vrp_err err;
};

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	*state = f;
	return f && (f->names = names_new()) && (f->scan_names = names_new()) ? 0 : -1;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	names_unref(f->names);
	names_unref(f->scan_names);
	line_scratch_release(&f->scratch);
	free(f);
	return 0;
}

/*
 * line_scan_vrp() takes the line for what line_parse() has taken it for, rc and
 * f->p, or leaves it alone, and its names.  Returns whether it took it.
 */
static bool
scan_agrees(struct fixture *f, const char *line, size_t len, int rc)
{
	char *exact = malloc(len + 1);
	size_t known = names_count(f->scan_names);
	const char *next;
	struct vrp v;

	assert_non_null(exact);
	memcpy(exact, line, len);
	exact[len] = '\n';
	assert_null(line_scan_vrp(exact, exact + len, f->scan_names, &v));
	next = line_scan_vrp(exact, exact + len + 1, f->scan_names, &v);
	if (next) {
		assert_case(next == exact + len + 1 && rc == 0 && f->p.kind == PAYLOAD_VRP, "'%.*s'", (int)len, line);
		assert_memory_equal(&v.prefix, &f->p.vrp.prefix, sizeof(v.prefix));
		assert_case(v.maxlen == f->p.vrp.maxlen && v.asn == f->p.vrp.asn && v.expires == f->p.vrp.expires, "'%.*s'",
			    (int)len, line);
		assert_string_equal(names_get(f->scan_names, v.ta, NULL), names_get(f->names, f->p.vrp.ta, NULL));
	} else {
		assert_case(names_count(f->scan_names) == known, "'%.*s'", (int)len, line);
	}
	free(exact);
	return next;
}

static int
parse(struct fixture *f, const char *text, size_t len)
{
	char *exact = malloc(len ? len : 1);	/* so that a read past the end is seen */
	int rc;

	assert_non_null(exact);
	memcpy(exact, text, len);
	vrp_err_clear(&f->err);
	f->err.line = 42;
	rc = line_parse(exact, len, f->names, &f->scratch, &f->p, &f->err);
	if (!memchr(exact, '\n', len))
		(void)scan_agrees(f, exact, len, rc);
	free(exact);
	assert_int_equal(f->err.line, 42);
	return rc;
}

/* What line_write() makes of f->p: the bytes in *b, which the caller releases. */
static void
format(struct fixture *f, char sign, struct buf *b)
{
	struct out o;

	out_init(&o, -1);
	line_write(&o, sign, &f->p, f->names);
	assert_int_equal(o.error, 0);
	assert_int_equal(line_length(&f->p, f->names), o.buf.len - (sign != 0));
	*b = o.buf;
}

static void
test_canonical(void **state)
{
	static const char *const cases[][2] = {
		{"1.0.0.0/24 24 AS13335 apnic 1795942462", "1.0.0.0/24 24 AS13335 apnic 1795942462"},
		{"1.0.0.0/24 24 13335", "1.0.0.0/24 24 AS13335 - -"},
		{"1.0.0.0/24 - as13335 -", "1.0.0.0/24 24 AS13335 - -"},
		{"1.0.0.0/24 - aS13335 - -", "1.0.0.0/24 24 AS13335 - -"},
		{"1.0.0.0/24 32 As13335 - 5", "1.0.0.0/24 32 AS13335 - 5"},
		{"1.0.0.0/24 32 As13335 ripe -", "1.0.0.0/24 32 AS13335 ripe -"},
		{" \t 1.0.0.0/24\t24 \t AS13335   apnic\t0 \t", "1.0.0.0/24 24 AS13335 apnic 0"},
		{"0.0.0.0/0 0 AS0", "0.0.0.0/0 0 AS0 - -"},
		{"::/0 128 AS4294967295", "::/0 128 AS4294967295 - -"},
		{"2001:DB8:0:0::/32 - 1", "2001:db8::/32 32 AS1 - -"},
		{"::ffff:192.0.2.0/120 128 1", "::ffff:192.0.2.0/120 128 AS1 - -"},
		{"255.255.255.255/32 32 1", "255.255.255.255/32 32 AS1 - -"},
		/* 2106 and later is one second before the end of 32 bits. */
		{"1.0.0.0/24 24 1 - 4294967293", "1.0.0.0/24 24 AS1 - 4294967293"},
		{"1.0.0.0/24 24 1 - 4294967294", "1.0.0.0/24 24 AS1 - 4294967294"},
		{"1.0.0.0/24 24 1 - 4294967295", "1.0.0.0/24 24 AS1 - 4294967294"},
		{"1.0.0.0/24 24 1 - 18446744073709551615", "1.0.0.0/24 24 AS1 - 4294967294"},
		{"1.0.0.0/24 24 AS1 - 4294967294", "1.0.0.0/24 24 AS1 - 4294967294"},
		{"1.0.0.0/24 24 AS1 - 4294967295", "1.0.0.0/24 24 AS1 - 4294967294"},
		{"1.0.0.0/24 24 AS1 - 4294967296", "1.0.0.0/24 24 AS1 - 4294967294"},
		{"1.0.0.0/24 24 AS1  5", "1.0.0.0/24 24 AS1 5 -"},
		{"1.0.0.0/24 24 1 RIPE%20NCC 1", "1.0.0.0/24 24 AS1 RIPE%20NCC 1"},
		{"1.0.0.0/24 24 1 1795942462", "1.0.0.0/24 24 AS1 1795942462 -"},
		{"aspa AS64496 AS64497,AS64498 - -", "aspa AS64496 AS64497,AS64498 - -"},
		{"aspa 64496 64497", "aspa AS64496 AS64497 - -"},
		{"aspa 0 0 ripe", "aspa AS0 AS0 ripe -"},
		{"aspa 1 as2,3,AS4294967295 ripe 7", "aspa AS1 AS2,AS3,AS4294967295 ripe 7"},
		{"router-key 64496 " SKI " AA==", "router-key AS64496 " SKI " AA== - -"},
		{"router-key AS64496 510f485d29a29db7b515f9c478f8ed3cb7aa7d23 AAEC ripe 5",
		 "router-key AS64496 " SKI " AAEC ripe 5"},
		{"\trouter-key  as1\t" SKI "  +/+/ - 1 ", "router-key AS1 " SKI " +/+/ - 1"},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		size_t want = strlen(cases[i][1]);
		struct buf b;

		assert_case(parse(f, cases[i][0], strlen(cases[i][0])) == 0, "'%s': %s", cases[i][0], f->err.msg);
		format(f, 0, &b);
		assert_case(b.len == want + 1 && memcmp(b.data, cases[i][1], want) == 0, "'%s' gives '%.*s'",
			    cases[i][0], (int)b.len, b.data);
		assert_true(b.data[want] == '\n');
		buf_release(&b);
		format(f, '+', &b);
		assert_true(b.len == want + 2 && b.data[0] == '+' && memcmp(b.data + 1, cases[i][1], want) == 0);
		buf_release(&b);
	}
}

static void
test_bad(void **state)
{
	static const struct {
		const char *text;
		size_t column;
		const char *msg;
	} cases[] = {
		{"", 1, "empty record"},
		{" \t ", 1, "empty record"},
		{"x", 1, "no record: 'x'"},
		{"roa 1.0.0.0/24 24 1", 1, "prefix without a length 'roa'"},
		{"1.0.0.0/24", 1, "1 fields where 3 to 5 are needed"},
		{"1.0.0.0/24 24", 1, "2 fields where 3 to 5 are needed"},
		{"1.0.0.0/24 24 1 - - -", 1, "6 fields where 3 to 5 are needed"},
		{"1.0.0.0/24 24 1 - - - - - -", 1, "at least 7 fields where 3 to 5 are needed"},
		{"1.0.0.0 24 1", 1, "prefix without a length '1.0.0.0'"},
		{"1.0.0.0/33 24 1", 1, "bad prefix length '1.0.0.0/33'"},
		{"1.0.0/24 24 1", 1, "bad address '1.0.0/24'"},
		{"1.0.0.1/24 24 1", 1, "host bits set in prefix '1.0.0.1/24'"},
		{"  2001:db8::1/32 32 1", 3, "host bits set in prefix '2001:db8::1/32'"},
		{"1.0.0.0/24 23 1", 12, "maximum length out of range '23'"},
		{"1.0.0.0/24 33 1", 12, "maximum length out of range '33'"},
		{"1.0.0.0/24 4294967296 1", 12, "bad maximum length '4294967296'"},
		{"1.0.0.0/24 024 1", 12, "bad maximum length '024'"},
		{"1.0.0.0/24 x 1", 12, "bad maximum length 'x'"},
		{"::/0 129 1", 6, "maximum length out of range '129'"},
		{"1.0.0.0/24 24 AS", 15, "bad AS number 'AS'"},
		{"1.0.0.0/24 24 4294967296", 15, "bad AS number '4294967296'"},
		{"1.0.0.0/24 24 -", 15, "bad AS number '-'"},
		{"1.0.0.0/24 24 1 \x80", 17, "bad trust anchor (or too many of them) '\x80'"},
		{"1.0.0.0/24 24 1 - x", 19, "bad expiry 'x'"},
		{"1.0.0.0/24 24 1 - -1", 19, "bad expiry '-1'"},
		{"1.0.0.0/24 24 1 - 18446744073709551616", 19, "bad expiry '18446744073709551616'"},
		{"1.0.0.0/24 24 1 - 2026-11-23T00:00:00Z", 19, "bad expiry '2026-11-23T00:00:00Z'"},
		{"+1.0.0.0/24 24 1", 1, "bad address '+1.0.0.0/24'"},
		{"1.0.0.0/24\v24 1 1", 1, "bad prefix length '1.0.0.0/24\v24'"},
		{"aspa", 1, "1 fields where 3 to 5 are needed"},
		{"aspa 1", 1, "2 fields where 3 to 5 are needed"},
		{"aspa 1 2 - - -", 1, "6 fields where 3 to 5 are needed"},
		{"aspa x 2", 6, "bad AS number 'x'"},
		{"aspa 1 -", 8, "bad provider AS in '-'"},
		{"aspa 1 ,", 8, "bad provider AS in ','"},
		{"aspa 1 2,", 8, "bad provider AS in '2,'"},
		{"aspa 1 ,2", 8, "bad provider AS in ',2'"},
		{"aspa 1 2,,3", 8, "bad provider AS in '2,,3'"},
		{"aspa 1 2, 3", 8, "bad provider AS in '2,'"},
		{"ASPA 1 2", 1, "prefix without a length 'ASPA'"},
		{"router-key 1 " SKI, 1, "3 fields where 4 to 6 are needed"},
		{"router-key 1 " SKI " AAEC - - -", 1, "at least 7 fields where 4 to 6 are needed"},
		{"router-key x " SKI " AAEC", 12, "bad AS number 'x'"},
		{"router-key 1 51 AAEC", 14, "bad subject key identifier '51'"},
		{"router-key 1 " SKI "00 AAEC", 14, "bad subject key identifier '" SKI "00'"},
		{"router-key 1 " SKI " A", 55, "bad base64 'A'"},
		{"router-key 1 " SKI " AA", 55, "bad base64 'AA'"},
		{"router-key 1 " SKI " -_-_", 55, "bad base64 '-_-_'"},
		{"router-key 1 " SKI " =", 55, "bad base64 '='"},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_case(parse(f, cases[i].text, strlen(cases[i].text)) == -1, "'%s'", cases[i].text);
		assert_case(strcmp(f->err.msg, cases[i].msg) == 0, "'%s': %s", cases[i].text, f->err.msg);
		assert_case(f->err.column == cases[i].column, "'%s': column %zu", cases[i].text, f->err.column);
		/* The reason is optional. */
		assert_int_equal(line_parse(cases[i].text, strlen(cases[i].text), f->names, &f->scratch, &f->p, NULL), -1);
	}
	assert_int_equal(parse(f, "1.0.0.0/24 24 1\0 - -", 20), -1);
	assert_int_equal(parse(f, "1.0.0.0/24 24 1 a\0b -", 21), -1);
}

static void
test_name_limit(void **state)
{
	struct fixture *f = *state;
	char line[400];
	int n;

	n = snprintf(line, sizeof(line), "1.0.0.0/24 24 1 %0255d -", 0);
	assert_int_equal(parse(f, line, (size_t)n), 0);
	n = snprintf(line, sizeof(line), "1.0.0.0/24 24 1 %0256d -", 0);
	assert_int_equal(parse(f, line, (size_t)n), -1);
	for (int i = 2; i < NAMES_MAX; i++) {
		n = snprintf(line, sizeof(line), "1.0.0.0/24 24 1 ta%d", i);
		assert_int_equal(parse(f, line, (size_t)n), 0);
	}
	n = snprintf(line, sizeof(line), "1.0.0.0/24 24 1 one-more");
	assert_int_equal(parse(f, line, (size_t)n), -1);
	n = snprintf(line, sizeof(line), "1.0.0.0/24 24 1 ta5");
	assert_int_equal(parse(f, line, (size_t)n), 0);
}

/* The longest VRP line there is fits the room that the header promises. */
static void
test_longest_vrp(void **state)
{
	struct fixture *f = *state;
	char line[400], *end, *exact = malloc(LINE_VRP_MAX);
	int n = snprintf(line, sizeof(line), "1111:2222:3333:4444:5555:6666:7777:8888/128 128 AS4294967295 %0255d 4294967294", 0);

	assert_non_null(exact);
	assert_int_equal(parse(f, line, (size_t)n), 0);
	end = line_format_vrp(exact, &f->p.vrp, f->names);
	assert_int_equal(end - exact, n);
	assert_memory_equal(exact, line, (size_t)n);
	assert_true((size_t)n + 2 <= LINE_VRP_MAX);	/* with sign and newline */
	free(exact);
}

static void
test_most_providers(void **state)
{
	struct fixture *f = *state;
	struct buf line = BUF_INIT, b;

	assert_int_equal(buf_addf(&line, "aspa AS1 "), 0);
	for (unsigned i = 0; i < ASPA_PROVIDERS_MAX; i++)
		assert_int_equal(buf_addf(&line, "%sAS%u", i ? "," : "", 4294900000U + i), 0);
	assert_int_equal(buf_addf(&line, " - -"), 0);
	assert_int_equal(parse(f, line.data, line.len), 0);
	assert_int_equal(f->p.aspa.provider_count, ASPA_PROVIDERS_MAX);
	format(f, 0, &b);
	assert_int_equal(b.len, line.len + 1);
	assert_memory_equal(b.data, line.data, line.len);
	buf_release(&b);
	line.len -= 4;
	assert_int_equal(buf_addf(&line, ",AS1"), 0);
	assert_int_equal(parse(f, line.data, line.len), -1);
	assert_non_null(strstr(f->err.msg, "too many providers"));
	buf_release(&line);
}

static void
test_longest_key(void **state)
{
	struct fixture *f = *state;

	for (size_t n = SPKI_MAX; n <= SPKI_MAX + 1; n++) {
		struct buf line = BUF_INIT, b;
		unsigned char *der = malloc(n);

		assert_non_null(der);
		memset(der, 0xa5, n);
		assert_int_equal(buf_addf(&line, "router-key AS1 " SKI " "), 0);
		assert_int_equal(buf_reserve(&line, BASE64_LEN(n)), 0);
		line.len = (size_t)(base64_encode(line.data + line.len, der, n) - line.data);
		assert_int_equal(buf_addf(&line, " - -"), 0);
		if (n <= SPKI_MAX) {
			assert_int_equal(parse(f, line.data, line.len), 0);
			assert_int_equal(f->p.key.spki_len, n);
			assert_memory_equal(f->p.key.spki, der, n);
			format(f, 0, &b);
			assert_int_equal(b.len, line.len + 1);
			assert_memory_equal(b.data, line.data, line.len);
			buf_release(&b);
		} else {
			assert_int_equal(parse(f, line.data, line.len), -1);
			assert_memory_equal(f->err.msg, "key too long", 12);
		}
		buf_release(&line);
		free(der);
	}
}

static void
random_payload(struct rng *rng, struct fixture *f, struct payload *p, uint32_t *providers, uint8_t *spki)
{
	static const char *const anchors[] = {"-", "apnic", "ripe", "a%20b"};
	const char *ta = anchors[rng_below(rng, 4)];
	uint16_t id = (uint16_t)names_token(f->names, ta, strlen(ta));
	uint32_t expires = rng_below(rng, 2) ? (uint32_t)rng_next(rng) : EXPIRES_UNKNOWN;
	uint32_t asn = (uint32_t)rng_next(rng) >> rng_below(rng, 32);

	memset(p, 0, sizeof(*p));
	switch (rng_below(rng, 4)) {
	case 0:
		p->kind = PAYLOAD_ROUTER_KEY;
		p->key = (struct router_key){.asn = asn, .ta = id, .expires = expires, .spki = spki};
		for (size_t i = 0; i < SKI_LEN; i++)
			p->key.ski[i] = (uint8_t)rng_next(rng);
		p->key.spki_len = (uint16_t)(1 + rng_below(rng, 200));
		for (size_t i = 0; i < p->key.spki_len; i++)
			spki[i] = (uint8_t)rng_next(rng);
		break;
	case 1:
		p->kind = PAYLOAD_ASPA;
		p->aspa = (struct aspa){.customer = asn, .ta = id, .expires = expires, .providers = providers};
		p->aspa.provider_count = 1 + rng_below(rng, 50);
		for (uint32_t i = 0; i < p->aspa.provider_count; i++)
			providers[i] = (uint32_t)rng_next(rng);
		break;
	default:
		p->kind = PAYLOAD_VRP;
		p->vrp = (struct vrp){.asn = asn, .ta = id, .expires = expires};
		p->vrp.prefix.family = rng_below(rng, 2) ? FAMILY_IPV4 : FAMILY_IPV6;
		for (unsigned i = 0; i < prefix_bits((enum family)p->vrp.prefix.family) / 8; i++)
			p->vrp.prefix.addr[i] = (uint8_t)rng_next(rng);
		p->vrp.prefix.len = (uint8_t)rng_below(rng, prefix_bits((enum family)p->vrp.prefix.family) + 1);
		prefix_clear_host_bits(&p->vrp.prefix);
		p->vrp.maxlen = (uint8_t)(p->vrp.prefix.len +
					  rng_below(rng, prefix_bits((enum family)p->vrp.prefix.family) - p->vrp.prefix.len + 1));
	}
}

static void
test_round_trip(void **state)
{
	struct fixture *f = *state;
	struct rng rng = {9};

	for (int i = 0; i < ROUNDS(20000); i++) {
		uint32_t providers[64];
		uint8_t spki[256];
		struct payload in;
		struct buf b, again;

		random_payload(&rng, f, &in, providers, spki);
		f->p = in;
		format(f, 0, &b);
		assert_case(parse(f, b.data, b.len - 1) == 0, "%.*s: %s", (int)b.len, b.data, f->err.msg);
		assert_int_equal(f->p.kind, in.kind);
		switch (in.kind) {
		case PAYLOAD_VRP:
			assert_case(scan_agrees(f, b.data, b.len - 1, 0), "%.*s", (int)b.len, b.data);
			assert_int_equal(vrp_cmp(&f->p.vrp, &in.vrp), 0);
			assert_int_equal(f->p.vrp.ta, in.vrp.ta);
			assert_int_equal(f->p.vrp.expires, in.vrp.expires);
			break;
		case PAYLOAD_ROUTER_KEY:
			assert_int_equal(router_key_cmp(&f->p.key, &in.key), 0);
			assert_int_equal(f->p.key.ta, in.key.ta);
			assert_int_equal(f->p.key.expires, in.key.expires);
			break;
		case PAYLOAD_ASPA:
			assert_int_equal(aspa_cmp(&f->p.aspa, &in.aspa), 0);
			assert_true(aspa_same_providers(&f->p.aspa, &in.aspa));
			assert_int_equal(f->p.aspa.ta, in.aspa.ta);
			assert_int_equal(f->p.aspa.expires, in.aspa.expires);
			break;
		}
		format(f, 0, &again);
		assert_int_equal(again.len, b.len);
		assert_memory_equal(again.data, b.data, b.len);
		buf_release(&b);
		buf_release(&again);
	}
}

/* No line of random or damaged bytes is read past its end or makes a record that has no text. */
static void
test_damaged(void **state)
{
	static const char *const seeds[] = {
		"1.0.0.0/24 24 AS13335 apnic 1795942462",
		"2001:db8::/32 48 AS64496 - -",
		"router-key AS64496 " SKI " AAECAwQF ripe 1795942462",
		"aspa AS64496 AS64497,AS64498 - -",
	};
	struct fixture *f = *state;
	struct rng rng = {10};
	int accepted = 0;

	for (int i = 0; i < ROUNDS(100000); i++) {
		char line[128];
		const char *seed = seeds[rng_below(&rng, ARRAY_LEN(seeds))];
		size_t len = strlen(seed);

		memcpy(line, seed, len);
		for (uint32_t n = 1 + rng_below(&rng, 3); n > 0; n--)
			line[rng_below(&rng, (uint32_t)len)] = (char)(rng_below(&rng, 4) ? ' ' + (int)rng_below(&rng, 95) : (int)rng_below(&rng, 256));
		len -= rng_below(&rng, 4) ? 0 : rng_below(&rng, (uint32_t)len);
		if (parse(f, line, len) == 0) {
			struct buf b;

			accepted++;
			format(f, 0, &b);
			assert_int_equal(parse(f, b.data, b.len - 1), 0);
			buf_release(&b);
		} else {
			assert_true(f->err.column >= 1 && f->err.column <= len + 1);
			assert_true(f->err.msg[0]);
		}
	}
	assert_true(accepted > ROUNDS(1000));
}

/* Where a line goes wrong, or only differs from what we write, is where both ways to read it part: parse() compares them. */
static void
test_almost_written(void **state)
{
	static const char bytes[] = "   \t\r0123459/.:-aAsSf%x\x80";
	struct fixture *f = *state;
	struct rng rng = {11};
	int accepted = 0, as_written = 0;

	for (int i = 0; i < ROUNDS(200000); i++) {
		uint32_t providers[64];
		uint8_t spki[256];
		char line[400];
		struct buf b;
		size_t len;

		do
			random_payload(&rng, f, &f->p, providers, spki);
		while (f->p.kind != PAYLOAD_VRP);
		format(f, 0, &b);
		len = b.len - 1;
		memcpy(line, b.data, len);
		for (uint32_t n = rng_below(&rng, 3); n > 0; n--) {
			size_t at = rng_below(&rng, (uint32_t)len + 1);
			char c = bytes[rng_below(&rng, sizeof(bytes) - 1)];

			/* Half of the time beside a blank, where fields meet. */
			if (rng_below(&rng, 2))
				while (at < len && line[at] != ' ')
					at++;
			switch (rng_below(&rng, 3)) {
			case 0:
				memmove(line + at + 1, line + at, len++ - at);
				line[at] = c;
				break;
			case 1:
				if (at + 1 < len)
					memmove(line + at, line + at + 1, --len - at);
				break;
			default:
				at += rng_below(&rng, 2);
				if (at < len)
					line[at] = c;
			}
		}
		if (parse(f, line, len) == 0) {
			accepted++;
			as_written += len == b.len - 1 && memcmp(line, b.data, len) == 0;
		}
		buf_release(&b);
	}
	assert_true(as_written > ROUNDS(50000) && accepted - as_written > ROUNDS(5000) && accepted < ROUNDS(150000));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_canonical, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bad, setup, teardown),
		cmocka_unit_test_setup_teardown(test_name_limit, setup, teardown),
		cmocka_unit_test_setup_teardown(test_longest_vrp, setup, teardown),
		cmocka_unit_test_setup_teardown(test_most_providers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_longest_key, setup, teardown),
		cmocka_unit_test_setup_teardown(test_round_trip, setup, teardown),
		cmocka_unit_test_setup_teardown(test_damaged, setup, teardown),
		cmocka_unit_test_setup_teardown(test_almost_written, setup, teardown),
	};

	return cmocka_run_group_tests_name("line", tests, NULL, NULL);
}
