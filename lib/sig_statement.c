/* SPDX-License-Identifier: ISC */
#include "sig_statement.h"

#include <inttypes.h>

#include "enc.h"
#include "num.h"

#define LAST_SECOND INT64_C(253402300799)	/* 9999-12-31T23:59:59Z */

static const char *const kind_names[] = {
	[SIG_SNAPSHOT] = "snapshot",
	[SIG_DELTA] = "delta",
	[SIG_LIST] = "list",
	[SIG_END] = "end",
};

bool
sig_statement_is(const char *line, size_t len)
{
	return len >= strlen(SIG_KEYWORD) && memcmp(line, SIG_KEYWORD, strlen(SIG_KEYWORD)) == 0;
}

/* ---- writing */

static const char *
hash_text(const uint8_t hash[SIG_HASH_LEN], char text[2 * SIG_HASH_LEN + 1])
{
	*hex_encode_lower(text, hash, SIG_HASH_LEN) = '\0';
	return text;
}

static const char *
time_text(int64_t when, char text[STAMP_MAX])
{
	if (when == STAMP_UNKNOWN)
		return "-";
	stamp_format(when, text);
	return text;
}

/* The statement without its signature. */
static int
write_statement(const struct sig_statement *st, const struct sig_key *key, struct buf *out)
{
	char time[STAMP_MAX], until[STAMP_MAX], previous[2 * SIG_HASH_LEN + 1], digest[2 * SIG_HASH_LEN + 1];
	int rc = buf_addf(out, "%s version=1 alg=%s key=%s", st->kind == SIG_FILE ? SIG_KEYWORD "-file" : SIG_KEYWORD,
			  sig_key_algorithm(key), sig_key_id(key));

	if (rc == 0 && st->kind != SIG_FILE)
		rc = buf_addf(out, " kind=%s seq=%" PRIu64, kind_names[st->kind], st->seq);
	if (rc == 0)
		rc = buf_addf(out, " time=%s until=%s", time_text(st->time, time), time_text(st->until, until));
	if (rc == 0 && st->kind != SIG_FILE)
		rc = buf_addf(out, " previous=%s", st->first ? "-" : hash_text(st->previous, previous));
	return rc < 0 ? -1 : buf_addf(out, " digest=%s", hash_text(st->digest, digest));
}

int
sig_statement_sign(const struct sig_statement *st, const struct sig_key *key, struct buf *line,
		   uint8_t hash[SIG_HASH_LEN], struct vrp_err *err)
{
	size_t begin = line->len, len, sig_len;
	unsigned char sig[SIG_MAX];
	char text[BASE64_LEN(SIG_MAX)];

	if (write_statement(st, key, line) < 0)
		return vrp_err_nomem(err);
	len = line->len - begin;
	if (sig_sign(key, line->data + begin, len, sig, &sig_len, err) < 0)
		return -1;
	if (sig_hash(line->data + begin, len, hash) < 0 || buf_add(line, " sig=", 5) < 0 ||
	    buf_add(line, text, (size_t)(base64_encode(text, sig, sig_len) - text)) < 0 || buf_add(line, "\n", 1) < 0)
		return vrp_err_nomem(err);
	return 0;
}

/* ---- reading */

struct cursor {
	const char *s, *end;
};

struct token {
	const char *s;
	size_t len;
};

/* What stands between " name=" here and the next blank. */
static bool
take(struct cursor *c, const char *name, struct token *value)
{
	size_t n = strlen(name), left = (size_t)(c->end - c->s);
	const char *stop;

	if (left < n + 2 || *c->s != ' ' || memcmp(c->s + 1, name, n) != 0 || c->s[n + 1] != '=')
		return false;
	value->s = c->s + n + 2;
	stop = memchr(value->s, ' ', (size_t)(c->end - value->s));
	c->s = stop ? stop : c->end;
	value->len = (size_t)(c->s - value->s);
	return true;
}

static bool
is(const struct token *t, const char *text)
{
	return t->len == strlen(text) && memcmp(t->s, text, t->len) == 0;
}

static bool
take_time(struct cursor *c, const char *name, int64_t *when)
{
	struct token t;

	if (!take(c, name, &t))
		return false;
	*when = STAMP_UNKNOWN;
	return is(&t, "-") || stamp_parse(t.s, t.len, when);
}

static bool
take_hash(struct cursor *c, const char *name, uint8_t hash[SIG_HASH_LEN], bool *none)
{
	struct token t;

	if (!take(c, name, &t))
		return false;
	*none = is(&t, "-");
	return *none || hex_decode(t.s, t.len, hash, SIG_HASH_LEN);
}

static bool
take_kind(struct cursor *c, enum sig_kind *kind)
{
	struct token t;

	if (!take(c, "kind", &t))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(kind_names); i++) {
		if (!is(&t, kind_names[i]))
			continue;
		*kind = (enum sig_kind)i;
		return true;
	}
	return false;
}

/* All fields up to the signature, in forms that may not be the one to be written. */
static bool
take_fields(struct cursor *c, struct sig_statement *st)
{
	struct token seq;
	bool none;

	if (st->kind != SIG_FILE && (!take_kind(c, &st->kind) || !take(c, "seq", &seq) || !num_u64(seq.s, seq.len, &st->seq)))
		return false;
	if (!take_time(c, "time", &st->time) || st->time == STAMP_UNKNOWN || !take_time(c, "until", &st->until))
		return false;
	if (st->kind != SIG_FILE && !take_hash(c, "previous", st->previous, &st->first))
		return false;
	return take_hash(c, "digest", st->digest, &none) && !none;
}

/* Which key is meant, and whether it is trusted; the cursor is then behind it. */
static const struct sig_key *
take_key(struct cursor *c, const struct sig_keys *keys, struct vrp_err *err)
{
	const struct sig_key *key;
	struct token version, alg, id;

	if (!take(c, "version", &version)) {
		vrp_err_set(err, "a statement that is not of the form of vrp(5)");
		return NULL;
	}
	if (!is(&version, "1")) {
		vrp_err_set(err, "a statement of another version than 1");
		return NULL;
	}
	if (!take(c, "alg", &alg) || !take(c, "key", &id)) {
		vrp_err_set(err, "a statement that is not of the form of vrp(5)");
		return NULL;
	}
	key = sig_keys_find(keys, id.s, id.len);
	if (!key)
		vrp_err_set(err, "signed by an unknown key, %.*s", (int)(id.len > SIG_ID_DIGITS ? SIG_ID_DIGITS : id.len), id.s);
	else if (!is(&alg, sig_key_algorithm(key)))
		vrp_err_set(err, "the algorithm is not that of the key, %s", sig_key_algorithm(key));
	else
		return key;
	return NULL;
}

/* Is what stands at `text` just what we would write? */
static int
check_form(const struct sig_statement *st, const struct sig_key *key, const char *text, size_t len, struct vrp_err *err)
{
	struct buf same = BUF_INIT;
	int rc = write_statement(st, key, &same);
	bool equal = rc == 0 && same.len == len && memcmp(same.data, text, len) == 0;

	buf_release(&same);
	if (rc < 0)
		return vrp_err_nomem(err);
	return equal ? 0 : vrp_err_set(err, "a statement that is not of the form of vrp(5)");
}

int
sig_statement_verify(struct sig_statement *st, const char *line, size_t len, const struct sig_keys *keys,
		     uint8_t hash[SIG_HASH_LEN], struct vrp_err *err)
{
	static const char keyword[] = SIG_KEYWORD, file[] = "-file";
	struct cursor c = {line, line + len};
	unsigned char sig[SIG_STATEMENT_MAX];
	const struct sig_key *key;
	struct token text;
	ptrdiff_t sig_len;
	size_t signed_len;

	*st = (struct sig_statement){0};
	if (!sig_statement_is(line, len) || len >= SIG_STATEMENT_MAX)
		return vrp_err_set(err, "no statement");
	c.s += sizeof(keyword) - 1;
	if ((size_t)(c.end - c.s) >= sizeof(file) - 1 && memcmp(c.s, file, sizeof(file) - 1) == 0) {
		st->kind = SIG_FILE;
		c.s += sizeof(file) - 1;
	}
	key = take_key(&c, keys, err);
	if (!key)
		return -1;
	if (!take_fields(&c, st))
		return vrp_err_set(err, "a statement that is not of the form of vrp(5)");
	signed_len = (size_t)(c.s - line);
	if (!take(&c, "sig", &text) || c.s != c.end ||
	    (sig_len = base64_decode(text.s, text.len, BASE64_STRICT, sig)) < 0)
		return vrp_err_set(err, "a statement that is not of the form of vrp(5)");
	if (check_form(st, key, line, signed_len, err) < 0)
		return -1;
	if (!sig_check(key, line, signed_len, sig, (size_t)sig_len))
		return vrp_err_set(err, "bad signature");
	return sig_hash(line, signed_len, hash) < 0 ? vrp_err_nomem(err) : 0;
}

int
sig_check_time(int64_t time, int64_t until, const struct sig_rules *rules, int64_t now, struct vrp_err *err)
{
	char text[STAMP_MAX];

	/* What the clock can't say, and no sum of these overflows. */
	if (time < 0 || time > LAST_SECOND || (until != STAMP_UNKNOWN && (until < 0 || until > LAST_SECOND)))
		return vrp_err_set(err, "a time beyond the years 1970 to 9999");
	stamp_format(time, text);
	if (time > now + rules->skew)
		return vrp_err_set(err, "signed at %s, which is still to come", text);
	if (rules->max_age && time < now - (int64_t)rules->max_age)
		return vrp_err_set(err, "signed at %s, which is too long ago", text);
	if (until == STAMP_UNKNOWN || until >= now)
		return 0;
	stamp_format(until, text);
	return vrp_err_set(err, "the signature has expired, at %s", text);
}
