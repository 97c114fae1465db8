/* SPDX-License-Identifier: ISC */
/* The signer and the verifier of streams, each held to the other. */
#include "test.h"

#include "sig.h"

static struct sig_key *key, *other;
static struct sig_keys trusted, both;
static struct sig_signer_config signing;
static struct sig_verifier_config verifying;

static int
set_up(void **state)
{
	(void)state;
	key = private_key(KEY_ED25519);
	other = private_key(KEY_OTHER);
	trust(&trusted, KEY_ED25519_PUBLIC);
	trust(&both, KEY_ED25519_PUBLIC);
	trust(&both, KEY_OTHER_PUBLIC);
	signing = (struct sig_signer_config){.key = key, .valid = 3600};
	verifying = (struct sig_verifier_config){.keys = &trusted, .rules = {.skew = 300}};
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	sig_keys_release(&trusted);
	sig_keys_release(&both);
	sig_key_free(key);
	sig_key_free(other);
	return 0;
}

#define SNAPSHOT "%snapshot time=2026-11-18T00:00:00Z\n192.0.2.0/24 24 AS64496 - -\n~end\n"
#define DELTA "%delta\n+198.51.100.0/24 24 AS64497 ripe 1796000000\n~end\n"
#define NEXT "%delta\n-192.0.2.0/24 24 AS64496\n~end\n"
#define LIST "192.0.2.0/24 24 AS64496\n2001:db8::/32 48 AS64496\n"

/* The signed form of a text that is good. */
static struct buf
signed_form(const char *text, int64_t now_us)
{
	struct told t = {0};

	assert_int_equal(sign_text(&t, &signing, text, strlen(text), SIZE_MAX, now_us), 0);
	assert_int_equal(t.refused, 0);
	return t.out;
}

static void
expect_good(const char *text, size_t len, const char *want)
{
	struct told t = {0};
	int rc = verify_text(&t, &verifying, text, len, SIZE_MAX, NOW);

	assert_case(rc == 0, "%s", t.why);
	assert_string_equal(text_of(&t.out), want);
	told_release(&t);
}

/* Refused for a reason; what came out before it begins `whole`. */
static void
expect_bad(const char *text, size_t len, const char *whole, const char *why)
{
	struct told t = {0};
	int rc = verify_text(&t, &verifying, text, len, SIZE_MAX, NOW);

	assert_case(rc == -1, "accepted: %.*s", (int)len, text);
	assert_case(!why || strstr(t.why, why), "%s, not %s", t.why, why);
	assert_case(strncmp(whole, text_of(&t.out), t.out.len) == 0, "let through: %s", t.out.data);
	told_release(&t);
}

static void
test_round_trip(void **state)
{
	static const char *const streams[] = {
		SNAPSHOT, SNAPSHOT DELTA, SNAPSHOT DELTA NEXT, LIST, DELTA, "",
		"# made by hand\n\n%hello\n" SNAPSHOT "# between\n~goodbye x\n" DELTA "# at last\n",
		"%snapshot\r\n192.0.2.0/24 24 AS64496\r\n~end\r\n", "%snapshot\n~end\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(streams); i++) {
		struct buf out = signed_form(streams[i], NOW_US);

		for (size_t piece = 1; piece < 80; piece += 4) {
			struct told again = {0}, t = {0};

			assert_int_equal(sign_text(&again, &signing, streams[i], strlen(streams[i]), piece, NOW_US), 0);
			assert_int_equal(again.out.len, out.len);
			assert_memory_equal(again.out.data, out.data, out.len);
			assert_int_equal(verify_text(&t, &verifying, out.data, out.len, piece, NOW), 0);
			assert_string_equal(text_of(&t.out), streams[i]);
			told_release(&again);
			told_release(&t);
		}
		buf_release(&out);
	}
}

static void
test_last_newline(void **state)
{
	struct buf out = signed_form("192.0.2.0/24 24 AS64496", NOW_US);

	(void)state;
	expect_good(out.data, out.len, "192.0.2.0/24 24 AS64496\n");
	buf_release(&out);
	out = signed_form("%snapshot\n~end", NOW_US);
	expect_good(out.data, out.len, "%snapshot\n~end\n");
	buf_release(&out);
}

static void
test_form(void **state)
{
	struct buf out = signed_form(SNAPSHOT, NOW_US);
	const char *line = strstr(text_of(&out), SIG_KEYWORD);
	char want[256];

	(void)state;
	snprintf(want, sizeof(want), "~signed version=1 alg=ed25519 key=%s kind=snapshot seq=1795000000000000 "
		 "time=2026-11-18T11:06:40Z until=2026-11-18T12:06:40Z previous=- digest=", sig_key_id(key));
	assert_memory_equal(line, want, strlen(want));
	line = strstr(line + 1, SIG_KEYWORD);
	snprintf(want, sizeof(want), "~signed version=1 alg=ed25519 key=%s kind=end seq=1795000000000001 ", sig_key_id(key));
	assert_memory_equal(line, want, strlen(want));
	buf_release(&out);
}

/* Of a bad block nothing is signed, nor of deltas behind it, and the rest is. */
static void
test_signer_refuses(void **state)
{
	static const struct {
		const char *text, *signed_, *why;
		size_t refused;
	} cases[] = {
		{SNAPSHOT "# lost\n%delta\n+bad\n~end\n# lost too\n" DELTA "#kept\n" SNAPSHOT, SNAPSHOT "#kept\n" SNAPSHOT, "9: a delta after", 2},
		{"%snapshot\n192.0.2.0/24 24 AS64496\n" SNAPSHOT DELTA, SNAPSHOT DELTA, "3: a block begins", 1},
		{SNAPSHOT "192.0.2.0/24 24 AS1\n# x\n" SNAPSHOT, SNAPSHOT SNAPSHOT, "4: record outside", 1},
		{SNAPSHOT "%delta\n+192.0.2.0/24 24 AS1\n", SNAPSHOT, "5: input ended inside", 1},
		{SNAPSHOT "%delt", SNAPSHOT "%delt\n", "", 0},
		{SNAPSHOT "%delta", SNAPSHOT, "4: input ended inside", 1},
		{"%snapshot\n192.0.2.0/24 24 AS64496\n~en", "", "3: input ended inside", 1},
		{"192.0.2.0/24 24 AS64496\nno\n" SNAPSHOT, SNAPSHOT, "2: ", 1},
		{"~end\n" SNAPSHOT, SNAPSHOT, "1: ~end without", 1},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		for (size_t piece = 1; piece < 40; piece += 3) {
			struct told t = {0}, v = {0};
			int rc = sign_text(&t, &signing, cases[i].text, strlen(cases[i].text), piece, NOW_US);

			assert_case(rc == 0, "%zu: %s", i, t.why);
			assert_case(strncmp(t.why, cases[i].why, strlen(cases[i].why)) == 0, "%zu: %s", i, t.why);
			rc = verify_text(&v, &verifying, t.out.data, t.out.len, SIZE_MAX, NOW);
			assert_case(rc == 0, "%zu: %s", i, v.why);
			assert_string_equal(text_of(&v.out), cases[i].signed_);
			told_release(&t);
			told_release(&v);
		}
	}
}

static void
test_signer_stops(void **state)
{
	struct sig_signer_config small = signing;
	struct buf once = signed_form(SNAPSHOT, NOW_US);
	struct told t = {0};

	(void)state;
	assert_int_equal(sign_text(&t, &signing, once.data, once.len, SIZE_MAX, NOW_US), -1);
	assert_string_equal(t.why, "4: signed already: verify it first");
	told_release(&t);
	assert_int_equal(sign_text(&t, &signing, "~signed-file x\n", 15, 1, NOW_US), -1);
	told_release(&t);
	small.max_size = 50;
	assert_int_equal(sign_text(&t, &small, SNAPSHOT, strlen(SNAPSHOT), SIZE_MAX, NOW_US), -1);
	assert_non_null(strstr(t.why, "a block of more than 50 bytes"));
	assert_int_equal(t.out.len, 0);
	told_release(&t);
	small.max_size = strlen(SNAPSHOT);
	assert_int_equal(sign_text(&t, &small, SNAPSHOT DELTA, strlen(SNAPSHOT DELTA), 7, NOW_US), 0);
	told_release(&t);
	buf_release(&once);
}

/* What was read when the signer was told to stop. */
static void
test_signer_breaks(void **state)
{
	static const char text[] = SNAPSHOT "# a comm";
	struct told t = {0};
	struct sig_signer_config c = signing;
	struct vrp_err err = {0};
	struct sig_signer *s;

	(void)state;
	c.write = told_write;
	c.refused = told_refused;
	c.ctx = &t;
	for (int open = 0; open < 2; open++) {
		s = sig_signer_new(&c);
		assert_int_equal(sig_signer_feed(s, text, strlen(text), NOW_US, &err), 0);
		if (open)
			assert_int_equal(sig_signer_feed(s, "\n%delta\n+192", 12, NOW_US, &err), 0);
		assert_int_equal(sig_signer_break(s, NOW_US, &err), 0);
		assert_int_equal(t.refused, open);
		expect_good(t.out.data, t.out.len, SNAPSHOT);
		sig_signer_free(s);
		told_release(&t);
	}
}

static void
test_every_bit(void **state)
{
	struct buf out = signed_form(SNAPSHOT DELTA, NOW_US);

	(void)state;
	for (size_t bit = 0; bit < 8 * out.len; bit++) {
		out.data[bit / 8] ^= (char)(1 << bit % 8);
		expect_bad(out.data, out.len, SNAPSHOT DELTA, NULL);
		out.data[bit / 8] ^= (char)(1 << bit % 8);
	}
	expect_good(out.data, out.len, SNAPSHOT DELTA);
	buf_release(&out);
}

static void
test_every_cut(void **state)
{
	struct buf out = signed_form(SNAPSHOT DELTA NEXT "# end\n", NOW_US);

	(void)state;
	for (size_t len = 0; len < out.len; len++)
		expect_bad(out.data, len, SNAPSHOT DELTA NEXT, len ? NULL : "not signed");
	/* Nor can the beginning be missing, or anything be added. */
	for (size_t from = 1; from < out.len; from++)
		expect_bad(out.data + from, out.len - from, "", NULL);
	assert_int_equal(buf_add(&out, "\n", 1), 0);
	expect_bad(out.data, out.len, SNAPSHOT DELTA NEXT "# end\n", "cut off");
	buf_release(&out);
}

/* A signed stream as its blocks, each with its statement. */
struct parts {
	struct buf whole;
	const char *at[8];
	size_t len[8];
	size_t count;
};

static void
split(struct parts *p, const char *text, int64_t now_us)
{
	const char *s, *end;

	*p = (struct parts){.whole = signed_form(text, now_us)};
	s = text_of(&p->whole);
	for (end = s + p->whole.len; s < end; p->count++) {
		const char *nl = strchr(strstr(s, SIG_KEYWORD), '\n') + 1;

		p->at[p->count] = s;
		p->len[p->count] = (size_t)(nl - s);
		s = nl;
	}
}

static void
put(struct buf *b, const struct parts *p, size_t i)
{
	assert_int_equal(buf_add(b, p->at[i], p->len[i]), 0);
}

/* "01 2" are parts of p, "abc" those of q. */
static void
join(struct buf *b, const struct parts *p, const struct parts *q, const char *order)
{
	buf_reset(b);
	for (; *order; order++)
		put(b, *order >= 'a' ? q : p, (size_t)(*order - (*order >= 'a' ? 'a' : '0')));
}

static void
test_order(void **state)
{
	static const struct {
		const char *order, *good, *why;	/* good: what comes out of an order that is right */
	} cases[] = {
		{"0123", SNAPSHOT DELTA NEXT, NULL},
		{"abc", SNAPSHOT DELTA, NULL},
		/* left out, twice, in another order */
		{"023", NULL, "not the statement that follows block 1"},
		{"013", NULL, "not the statement that follows block 2"},
		{"012", NULL, "cut off behind block 3"},
		{"123", NULL, "the beginning of the stream is missing"},
		{"01123", NULL, "not the statement that follows block 2"},
		{"00123", NULL, "older than the one before it"},
		{"0213", NULL, "not the statement that follows block 1"},
		{"01233", NULL, "a block behind the end"},
		/* spliced with a newer stream of the same key */
		{"0b", NULL, "not the statement that follows block 1"},
		{"01bc", NULL, "not the statement that follows block 2"},
		{"a123", NULL, "not the statement that follows block 1"},
		{"abc0123", NULL, "older than the one before it"},
		/* a signer that was started anew, in order or after it had been killed */
		{"0123abc", SNAPSHOT DELTA NEXT SNAPSHOT DELTA, NULL},
		{"01abc", SNAPSHOT DELTA SNAPSHOT DELTA, NULL},
	};
	struct parts old, new;
	struct buf text = BUF_INIT;

	(void)state;
	split(&old, SNAPSHOT DELTA NEXT, NOW_US - 1000000);
	split(&new, SNAPSHOT DELTA, NOW_US);
	assert_int_equal(old.count, 4);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		join(&text, &old, &new, cases[i].order);
		if (cases[i].good)
			expect_good(text.data, text.len, cases[i].good);
		else
			expect_bad(text.data, text.len, SNAPSHOT DELTA NEXT, cases[i].why);
	}
	buf_release(&old.whole);
	buf_release(&new.whole);
	/* A stream that begins with a delta can't follow another, nor a list, and nothing follows a list. */
	split(&old, SNAPSHOT, NOW_US - 1000000);
	split(&new, DELTA, NOW_US);
	join(&text, &old, &new, "01ab");
	expect_bad(text.data, text.len, SNAPSHOT, "does not begin with a snapshot");
	buf_release(&new.whole);
	split(&new, LIST, NOW_US);
	join(&text, &old, &new, "01ab");
	expect_bad(text.data, text.len, SNAPSHOT, "does not begin with a snapshot");
	buf_release(&old.whole);
	split(&old, LIST, NOW_US - 1000000);
	join(&text, &old, &new, "0ab");
	expect_bad(text.data, text.len, LIST, "cut off behind block 1");
	buf_release(&old.whole);
	buf_release(&new.whole);
	buf_release(&text);
}

static void
test_keys(void **state)
{
	struct buf a = signed_form(SNAPSHOT, NOW_US - 1000), b;

	(void)state;
	signing.key = other;
	b = signed_form(SNAPSHOT DELTA, NOW_US);
	signing.key = key;
	expect_bad(b.data, b.len, "", "unknown key");
	assert_int_equal(buf_add(&a, b.data, b.len), 0);
	expect_bad(a.data, a.len, SNAPSHOT, "unknown key");
	verifying.keys = &both;
	expect_good(b.data, b.len, SNAPSHOT DELTA);
	expect_good(a.data, a.len, SNAPSHOT SNAPSHOT DELTA);
	verifying.keys = &trusted;
	buf_release(&a);
	buf_release(&b);
}

/* Statements that a holder of the key could have signed, and that we don't. */
static void
test_foreign_statements(void **state)
{
	static const struct {
		struct sig_statement st;
		const char *text, *why;
	} cases[] = {
		{{.kind = SIG_FILE, .time = NOW, .until = STAMP_UNKNOWN, .first = true}, SNAPSHOT, "signature of a file"},
		{{.kind = SIG_SNAPSHOT, .seq = 1, .time = NOW + 301, .until = STAMP_UNKNOWN, .first = true}, SNAPSHOT, "still to come"},
		{{.kind = SIG_SNAPSHOT, .seq = 1, .time = NOW - 9, .until = NOW - 1, .first = true}, SNAPSHOT, "has expired"},
		{{.kind = SIG_SNAPSHOT, .seq = 1, .time = -5, .until = STAMP_UNKNOWN, .first = true}, SNAPSHOT, "years"},
		{{.kind = SIG_SNAPSHOT, .seq = 1, .time = NOW, .until = STAMP_UNKNOWN}, SNAPSHOT, "beginning of the stream is missing"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct sig_statement st = cases[i].st;
		struct buf text = BUF_INIT;
		uint8_t hash[SIG_HASH_LEN];
		struct vrp_err err = {0};

		assert_int_equal(sig_hash(cases[i].text, strlen(cases[i].text), st.digest), 0);
		assert_int_equal(buf_add(&text, cases[i].text, strlen(cases[i].text)), 0);
		assert_int_equal(sig_statement_sign(&st, key, &text, hash, &err), 0);
		expect_bad(text.data, text.len, "", cases[i].why);
		buf_release(&text);
	}
}

static void
test_times(void **state)
{
	struct buf text = signed_form(SNAPSHOT, NOW_US);
	static const struct {
		int64_t now;
		uint32_t max_age;
		const char *why;	/* NULL: good */
	} cases[] = {
		{NOW, 0, NULL}, {NOW - 300, 0, NULL}, {NOW - 301, 0, "still to come"}, {NOW + 3600, 0, NULL},
		{NOW + 3601, 0, "has expired"}, {NOW + 60, 60, NULL}, {NOW + 61, 60, "too long ago"}, {0, 0, "still to come"},
		{INT64_MAX / 2, UINT32_MAX, "too long ago"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct sig_verifier_config c = verifying;
		struct told t = {0};
		int rc;

		c.rules.max_age = cases[i].max_age;
		rc = verify_text(&t, &c, text.data, text.len, SIZE_MAX, cases[i].now);
		assert_case(cases[i].why ? rc == -1 && strstr(t.why, cases[i].why) : rc == 0, "%zu: %s", i, t.why);
		told_release(&t);
	}
	buf_release(&text);
}

static int
verify_marked(struct told *t, struct sig_mark *mark, const char *text, size_t len)
{
	struct sig_verifier_config c = verifying;

	c.mark = mark;
	return verify_text(t, &c, text, len, 11, NOW);
}

/* Nothing goes behind what was let through, also in the next run. */
static void
test_marks(void **state)
{
	struct parts old, new;
	struct buf text = BUF_INIT;
	struct sig_mark mark = {0};
	static const struct {
		const char *order, *out;
		int rc;
	} steps[] = {
		{"0123", SNAPSHOT DELTA NEXT, 0},
		{"0123", SNAPSHOT DELTA NEXT, 0},	/* the same again */
		{"012", "", -1},			/* cut back */
		{"01", "", -1},
		{"0123abc", SNAPSHOT DELTA NEXT SNAPSHOT DELTA, 0},
		{"0123abc", SNAPSHOT DELTA NEXT SNAPSHOT DELTA, 0},
		{"abc", SNAPSHOT DELTA, 0},
		{"0123", "", -1},			/* replayed */
		{"0123ab", "", -1},
		{"ab", "", -1},
	};

	(void)state;
	split(&old, SNAPSHOT DELTA NEXT, NOW_US - 1000000);
	split(&new, SNAPSHOT DELTA, NOW_US);
	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		struct told t = {0};
		int rc;

		join(&text, &old, &new, steps[i].order);
		rc = verify_marked(&t, &mark, text.data, text.len);
		assert_case(rc == steps[i].rc, "step %zu: %s", i, t.why);
		assert_case(strcmp(text_of(&t.out), steps[i].out) == 0, "step %zu: %s", i, t.out.data);
		assert_case(rc == 0 || strstr(t.why, "cut off") || strstr(t.why, "accepted before"), "step %zu: %s", i, t.why);
		told_release(&t);
	}
	/* Another stream that passes over the mark. */
	mark.hash[0] ^= 1;
	for (size_t i = 0; i < 2; i++) {
		struct told t = {0};

		join(&text, &old, &new, "0123abc");
		assert_int_equal(verify_marked(&t, &mark, text.data, text.len), -1);
		assert_int_equal(t.out.len, 0);
		told_release(&t);
		mark.seq--;
	}
	buf_release(&old.whole);
	buf_release(&new.whole);
	buf_release(&text);
}

static void
test_mark_text(void **state)
{
	struct sig_mark mark = {.seq = UINT64_MAX}, again;
	struct buf text = BUF_INIT;

	(void)state;
	memset(mark.hash, 0xa5, sizeof(mark.hash));
	assert_int_equal(sig_mark_format(&mark, &text), 0);
	assert_true(sig_mark_parse(text.data, text.len, &again));
	assert_memory_equal(&again, &mark, sizeof(mark));
	for (size_t len = 0; len < text.len; len++) {
		char *cut = malloc(len + 1);

		memcpy(cut, text.data, len);
		assert_false(sig_mark_parse(cut, len, &again));
		free(cut);
	}
	text.data[0] = 'x';
	assert_false(sig_mark_parse(text.data, text.len, &again));
	buf_release(&text);
}

static void
test_limits(void **state)
{
	struct buf text = signed_form(SNAPSHOT DELTA, NOW_US);
	struct sig_verifier_config c = verifying;
	struct sig_mark mark = {0};
	struct told t = {0};
	char *huge = malloc(2 * SIG_STATEMENT_MAX);

	(void)state;
	c.max_size = strlen(SNAPSHOT);
	assert_int_equal(verify_text(&t, &c, text.data, text.len, 3, NOW), 0);
	told_release(&t);
	c.max_size = strlen(SNAPSHOT) - 6;
	assert_int_equal(verify_text(&t, &c, text.data, text.len, 3, NOW), -1);
	assert_non_null(strstr(t.why, "a block of more than"));
	assert_int_equal(t.out.len, 0);
	told_release(&t);
	/* What waits for the mark counts. */
	c.max_size = strlen(SNAPSHOT) + 4;
	c.mark = &mark;
	assert_int_equal(verify_text(&t, &c, text.data, text.len, 3, NOW), 0);
	told_release(&t);
	assert_int_equal(verify_text(&t, &c, text.data, text.len, 3, NOW), -1);
	assert_non_null(strstr(t.why, "a block of more than"));
	told_release(&t);
	/* A statement without end. */
	memset(huge, 'x', 2 * SIG_STATEMENT_MAX);
	memcpy(huge, "~signed ", 8);
	assert_int_equal(verify_text(&t, &verifying, huge, 2 * SIG_STATEMENT_MAX, 100, NOW), -1);
	assert_string_equal(t.why, "1: a statement of more than 4096 bytes");
	told_release(&t);
	free(huge);
	buf_release(&text);
}

/* The clock of the signer goes back, and the numbers don't. */
static void
test_clock(void **state)
{
	struct sig_signer_config c = signing;
	struct vrp_err err = {0};
	struct told t = {0};
	struct sig_signer *s;

	(void)state;
	c.write = told_write;
	c.refused = told_refused;
	c.ctx = &t;
	s = sig_signer_new(&c);
	assert_int_equal(sig_signer_feed(s, SNAPSHOT, strlen(SNAPSHOT), NOW_US + 1000000, &err), 0);
	assert_int_equal(sig_signer_feed(s, DELTA, strlen(DELTA), NOW_US, &err), 0);
	assert_int_equal(sig_signer_finish(s, NOW_US - 1000000, &err), 0);
	expect_good(t.out.data, t.out.len, SNAPSHOT DELTA);
	sig_signer_free(s);
	told_release(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_last_newline),
		cmocka_unit_test(test_form),
		cmocka_unit_test(test_signer_refuses),
		cmocka_unit_test(test_signer_stops),
		cmocka_unit_test(test_signer_breaks),
		cmocka_unit_test(test_every_bit),
		cmocka_unit_test(test_every_cut),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_foreign_statements),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_marks),
		cmocka_unit_test(test_mark_text),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_clock),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
