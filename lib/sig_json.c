/* SPDX-License-Identifier: ISC */
#include "sig_json.h"

#include <inttypes.h>
#include <stdio.h>

#include "enc.h"
#include "feed_internal.h"
#include "json.h"
#include "num.h"
#include "prefix.h"

#define GO_FLOAT_FROM 1000000	/* the first integer that Go's %v prints with an exponent when it is a float */
#define DER_MAX 80		/* of {r, s} on P-256, with room */

enum metadata { COUNTS, GENERATED, VALID, SERIAL, DATED, UNDATED, METADATA_COUNT };

static const char *const metadata_names[] = {
	[COUNTS] = "counts",
	[GENERATED] = "generated",
	[VALID] = "valid",
	[SERIAL] = "serial",
	[DATED] = "signature",
	[UNDATED] = "signatureDate",
};

enum member { PREFIX, MAXLEN, ASN, TA, MEMBER_COUNT };

static const char *const member_names[] = {[PREFIX] = "prefix", [MAXLEN] = "maxLength", [ASN] = "asn", [TA] = "ta"};

/* One record's part of S. */
struct part {
	union {
		size_t at;	/* while it grows */
		const char *s;
	};
	size_t len;
};

struct document {
	struct json_reader *r;
	const char *left, *end;		/* what the reader has not read */
	struct json_token t;
	struct vrp_err *err;
	bool go;			/* numbers as Go prints them */
	bool numbers;			/* where that makes a difference there were some */

	struct buf strings;		/* of S */
	struct part *parts;
	size_t count, room;
	bool roas;

	unsigned have;			/* 1 << enum metadata */
	int64_t number[METADATA_COUNT];
	unsigned char der[METADATA_COUNT][DER_MAX];
	size_t der_len[METADATA_COUNT];
	size_t line, column;		/* of metadata's opening brace; 0: there is none */
	size_t end_line, end_column;	/* and of its closing one */
};

/* ---- reading */

static ssize_t
read_text(void *ctx, void *dst, size_t len, struct vrp_err *err VRP_UNUSED)
{
	struct document *d = ctx;
	size_t n = (size_t)(d->end - d->left);

	if (n > len)
		n = len;
	memcpy(dst, d->left, n);
	d->left += n;
	return (ssize_t)n;
}

static int
next(struct document *d)
{
	return json_reader_next(d->r, &d->t) == JSON_TOKEN_ERROR ? json_reader_error(d->r, d->err) : 0;
}

/* What was read last is bad. */
static int
bad(struct document *d, const char *why)
{
	bool text = d->t.type == JSON_TOKEN_KEY || d->t.type == JSON_TOKEN_STRING;

	json_reader_where(d->r, &d->err->line, &d->err->column);
	return text ? vrp_err_set(d->err, "%s: %s", feed_quote(d->t.str, d->t.len).text, why) : vrp_err_set(d->err, "%s", why);
}

static bool
is(const struct json_token *t, const char *text)
{
	return t->len == strlen(text) && memcmp(t->str, text, t->len) == 0;
}

/* Which of the names the key that was read last is; -1 with an error for none, or for one that comes twice. */
static int
find_name(struct document *d, const char *const *names, size_t count, unsigned *have)
{
	for (size_t i = 0; i < count; i++) {
		if (!is(&d->t, names[i]))
			continue;
		if (*have & 1U << i)
			return bad(d, "comes twice");
		*have |= 1U << i;
		return (int)i;
	}
	return bad(d, "not covered by this kind of signature");
}

static int
add(struct document *d, const char *s, size_t len)
{
	return buf_add(&d->strings, s, len) < 0 ? vrp_err_nomem(d->err) : 0;
}

/* 1234567 is 1.234567e+06, and 4200000000 is 4.2e+09. */
static int
add_as_float(struct document *d, uint32_t v)
{
	char digits[16], text[32];
	int n = snprintf(digits, sizeof(digits), "%" PRIu32, v), kept = n;

	while (kept > 1 && digits[kept - 1] == '0')
		kept--;
	n = snprintf(text, sizeof(text), "%c%s%.*se+%02d", digits[0], kept > 1 ? "." : "", kept - 1, digits + 1, n - 1);
	return add(d, text, (size_t)n);
}

static int
add_as(struct document *d, uint32_t *as)
{
	char text[16];

	if (d->t.type == JSON_TOKEN_STRING && num_asn(d->t.str, d->t.len, as))
		return add(d, d->t.str, d->t.len);
	if (d->t.type != JSON_TOKEN_INT || d->t.num < 0 || d->t.num > UINT32_MAX)
		return bad(d, "not an AS number");
	*as = (uint32_t)d->t.num;
	d->numbers |= *as >= GO_FLOAT_FROM;
	if (d->go && *as >= GO_FLOAT_FROM)
		return add_as_float(d, *as);
	return add(d, text, (size_t)(num_format_u32(text, *as) - text));
}

/* A record's values, in any order, each with its part of S. */
struct record {
	struct vrp vrp;
	struct {
		size_t at, len;
	} text[MEMBER_COUNT];
};

static int
take_member(struct document *d, enum member member, struct record *rec)
{
	size_t at = d->strings.len;
	const char *why = "not a prefix";
	char text[4];

	if (next(d) < 0)
		return -1;
	switch (member) {
	case PREFIX:
		if (d->t.type != JSON_TOKEN_STRING || !prefix_parse(d->t.str, d->t.len, &rec->vrp.prefix, &why))
			return bad(d, why);
		if (add(d, d->t.str, d->t.len) < 0)
			return -1;
		break;
	case MAXLEN:
		if (d->t.type != JSON_TOKEN_INT || d->t.num < 0 || d->t.num > 128)
			return bad(d, "not a maximum length");
		rec->vrp.maxlen = (uint8_t)d->t.num;
		if (add(d, text, (size_t)(num_format_u8(text, rec->vrp.maxlen) - text)) < 0)
			return -1;
		break;
	case ASN:
		if (add_as(d, &rec->vrp.asn) < 0)
			return -1;
		break;
	default:
		if (d->t.type != JSON_TOKEN_STRING && d->t.type != JSON_TOKEN_NULL)
			return bad(d, "not the name of a trust anchor");
		break;
	}
	rec->text[member].at = at;
	rec->text[member].len = d->strings.len - at;
	return 0;
}

/* The values stand in S as they came; put "PREFIX,MAXLENGTH,ASN," in their place. */
static int
add_part(struct document *d, const struct record *rec, size_t begin)
{
	size_t len = d->strings.len - begin;

	if (d->count == d->room) {
		size_t room = d->room ? 2 * d->room : 1024;
		struct part *more = realloc(d->parts, room * sizeof(*more));

		if (!more)
			return vrp_err_nomem(d->err);
		d->parts = more;
		d->room = room;
	}
	if (buf_reserve(&d->strings, len + 3) < 0)
		return vrp_err_nomem(d->err);
	for (size_t i = 0; i < TA; i++) {
		memcpy(d->strings.data + d->strings.len, d->strings.data + rec->text[i].at, rec->text[i].len);
		d->strings.len += rec->text[i].len;
		d->strings.data[d->strings.len++] = ',';
	}
	memmove(d->strings.data + begin, d->strings.data + begin + len, len + 3);
	d->strings.len -= len;
	d->parts[d->count++] = (struct part){.at = begin, .len = len + 3};
	return 0;
}

static int
take_record(struct document *d)
{
	size_t begin = d->strings.len;
	struct record rec = {0};
	unsigned have = 0;
	const char *why;
	int member;

	if (d->t.type != JSON_TOKEN_OBJECT)
		return bad(d, "not an object of prefix, maxLength and asn");
	json_reader_mark(d->r);
	for (;;) {
		if (next(d) < 0)
			return -1;
		if (d->t.type == JSON_TOKEN_OBJECT_END)
			break;
		member = find_name(d, member_names, MEMBER_COUNT, &have);
		if (member < 0 || take_member(d, (enum member)member, &rec) < 0)
			return -1;
	}
	why = ~have & 7 ? "a record without prefix, maxLength or asn" : feed_check_vrp(&rec.vrp);
	if (!why)
		return add_part(d, &rec, begin);
	json_reader_marked(d->r, &d->err->line, &d->err->column);
	return vrp_err_set(d->err, "%s", why);
}

static int
take_roas(struct document *d)
{
	if (d->roas)
		return bad(d, "comes twice");
	d->roas = true;
	if (next(d) < 0)
		return -1;
	if (d->t.type != JSON_TOKEN_ARRAY)
		return bad(d, "not a list of records");
	for (;;) {
		if (next(d) < 0)
			return -1;
		if (d->t.type == JSON_TOKEN_ARRAY_END)
			return 0;
		if (take_record(d) < 0)
			return -1;
	}
}

/* Lower-case digits, as Go writes them: one form, so that no bit of it can be another. */
static int
take_signature(struct document *d, enum metadata name)
{
	size_t len = d->t.len / 2;
	char again[2 * DER_MAX];

	if (d->t.type != JSON_TOKEN_STRING || len > DER_MAX || !hex_decode(d->t.str, d->t.len, d->der[name], len))
		return bad(d, "not a signature in hexadecimal digits");
	hex_encode_lower(again, d->der[name], len);
	if (memcmp(again, d->t.str, d->t.len) != 0)
		return bad(d, "not a signature in lower-case digits");
	d->der_len[name] = len;
	return 0;
}

static int
take_metadata(struct document *d)
{
	int name;

	if (d->line)
		return bad(d, "comes twice");
	if (next(d) < 0)
		return -1;
	if (d->t.type != JSON_TOKEN_OBJECT)
		return bad(d, "not an object");
	json_reader_where(d->r, &d->line, &d->column);
	for (;;) {
		if (next(d) < 0)
			return -1;
		if (d->t.type == JSON_TOKEN_OBJECT_END)
			break;
		name = find_name(d, metadata_names, METADATA_COUNT, &d->have);
		if (name < 0 || next(d) < 0)
			return -1;
		if (name == DATED || name == UNDATED) {
			if (take_signature(d, (enum metadata)name) < 0)
				return -1;
		} else if (d->t.type != JSON_TOKEN_INT || d->t.num < 0) {
			return bad(d, "not a number");
		}
		d->number[name] = d->t.num;
	}
	json_reader_where(d->r, &d->end_line, &d->end_column);
	return 0;
}

static int
take_document(struct document *d)
{
	if (next(d) < 0)
		return -1;
	if (d->t.type != JSON_TOKEN_OBJECT)
		return bad(d, "not an object with roas");
	for (;;) {
		int rc;

		if (next(d) < 0)
			return -1;
		if (d->t.type == JSON_TOKEN_OBJECT_END)
			break;
		if (is(&d->t, "metadata"))
			rc = take_metadata(d);
		else if (is(&d->t, "roas"))
			rc = take_roas(d);
		else
			rc = bad(d, "not covered by this kind of signature");
		if (rc < 0)
			return -1;
	}
	if (!d->roas)
		return vrp_err_set(d->err, "no roas in it");
	/* What follows the document. */
	return next(d);
}

static int
compare(const void *a, const void *b)
{
	const struct part *x = a, *y = b;
	int order = memcmp(x->s, y->s, x->len < y->len ? x->len : y->len);

	return order ? order : (x->len > y->len) - (x->len < y->len);
}

static void
document_release(struct document *d)
{
	buf_release(&d->strings);
	free(d->parts);
	d->parts = NULL;
}

/* The parts of S are sorted then.  On -1 nothing is to be released. */
static int
document_read(struct document *d, const char *text, size_t len, bool go, struct vrp_err *err)
{
	int rc;

	*d = (struct document){.left = text, .end = text + len, .err = err, .go = go};
	d->r = json_reader_new(read_text, d);
	rc = d->r ? take_document(d) : vrp_err_nomem(err);
	json_reader_free(d->r);
	if (rc < 0) {
		document_release(d);
		return -1;
	}
	for (size_t i = 0; i < d->count; i++)
		d->parts[i].s = d->strings.data + d->parts[i].at;
	if (d->count)
		qsort(d->parts, d->count, sizeof(*d->parts), compare);
	return 0;
}

/* SHA-256 over S, with the dates or without. */
static int
document_hash(const struct document *d, bool dated, uint8_t hash[SIG_HASH_LEN])
{
	struct sig_hash h;
	char text[24];

	sig_hash_begin(&h);
	if (dated)
		sig_hash_add(&h, text, (size_t)snprintf(text, sizeof(text), "%" PRId64 ",", d->number[GENERATED]));
	for (size_t i = 0; i < d->count; i++)
		sig_hash_add(&h, d->parts[i].s, d->parts[i].len);
	if (dated)
		sig_hash_add(&h, text, (size_t)snprintf(text, sizeof(text), "%" PRId64, d->number[VALID]));
	return sig_hash_end(&h, hash);
}

/* ---- signing */

/* Where a line and column are; the reader has met them. */
static size_t
place(const char *text, size_t line, size_t column)
{
	const char *s = text;

	while (--line)
		s = (const char *)rawmemchr(s, '\n') + 1;
	return (size_t)(s - text) + column - 1;
}

static int
add_signature(const struct document *d, const struct sig_key *key, enum metadata name, struct buf *out, struct vrp_err *err)
{
	uint8_t hash[SIG_HASH_LEN];
	unsigned char sig[SIG_MAX];
	char text[2 * SIG_MAX];
	size_t len;

	if (document_hash(d, name == DATED, hash) < 0)
		return vrp_err_nomem(err);
	if (sig_sign_hash(key, hash, sig, &len, err) < 0)
		return -1;
	return buf_addf(out, ",\"%s\":\"%.*s\"", metadata_names[name], (int)(hex_encode_lower(text, sig, len) - text),
			text) < 0 ? vrp_err_nomem(err) : 0;
}

static int
write_metadata(const struct document *d, const struct sig_key *key, struct buf *out, struct vrp_err *err)
{
	if (buf_addf(out, "{\"counts\":%zu,\"generated\":%" PRId64 ",\"valid\":%" PRId64, d->count, d->number[GENERATED],
		     d->number[VALID]) < 0)
		return vrp_err_nomem(err);
	if (d->have & 1U << SERIAL && buf_addf(out, ",\"serial\":%" PRId64, d->number[SERIAL]) < 0)
		return vrp_err_nomem(err);
	if (add_signature(d, key, DATED, out, err) < 0 || add_signature(d, key, UNDATED, out, err) < 0)
		return -1;
	return buf_add(out, "}", 1) < 0 ? vrp_err_nomem(err) : 0;
}

/* The document with its metadata put in, or in place of what it had. */
static int
write_signed(const struct document *d, const char *text, size_t len, const struct sig_key *key, struct buf *out,
	     struct vrp_err *err)
{
	size_t begin = (size_t)((const char *)memchr(text, '{', len) - text) + 1, end = begin;

	if (d->line) {
		begin = place(text, d->line, d->column);
		end = place(text, d->end_line, d->end_column) + 1;
	}
	if (buf_add(out, text, begin) < 0 || (!d->line && buf_addf(out, "\"metadata\":") < 0))
		return vrp_err_nomem(err);
	if (write_metadata(d, key, out, err) < 0)
		return -1;
	return (!d->line && buf_add(out, ",", 1) < 0) || buf_add(out, text + end, len - end) < 0 ? vrp_err_nomem(err) : 0;
}

int
sig_json_sign(const char *text, size_t len, const struct sig_key *key, int64_t now, uint32_t valid, struct buf *out,
	      struct vrp_err *err)
{
	struct document d;
	int rc;

	if (!sig_key_signs_hashes(key))
		return vrp_err_set(err, "this kind of signature needs a key of ECDSA on P-256, not one of %s",
				   sig_key_algorithm(key));
	if (document_read(&d, text, len, true, err) < 0)
		return -1;
	if (!(d.have & 1U << GENERATED))
		d.number[GENERATED] = now;
	d.number[VALID] = now + valid;
	rc = write_signed(&d, text, len, key, out, err);
	document_release(&d);
	return rc;
}

/* ---- verifying */

/* Has one of the keys made both signatures, or the only one? */
static int
check_signatures(const struct document *d, const struct sig_keys *keys, bool *good)
{
	uint8_t undated[SIG_HASH_LEN], dated[SIG_HASH_LEN];

	*good = false;
	if (document_hash(d, false, undated) < 0 || document_hash(d, true, dated) < 0)
		return -1;
	for (size_t i = 0; i < keys->count && !*good; i++)
		*good = sig_check_hash(keys->keys[i], undated, d->der[UNDATED], d->der_len[UNDATED]) &&
			(!(d->have & 1U << DATED) ||
			 sig_check_hash(keys->keys[i], dated, d->der[DATED], d->der_len[DATED]));
	return 0;
}

static int
check_fields(const struct document *d, bool strict_time, struct vrp_err *err)
{
	unsigned dates = 1U << GENERATED | 1U << VALID;

	if (!(d->have & 1U << UNDATED))
		return vrp_err_set(err, "not signed: no metadata.signatureDate");
	if (strict_time && !(d->have & 1U << DATED))
		return vrp_err_set(err, "its dates are not signed: no metadata.signature");
	if (d->have & 1U << DATED && (d->have & dates) != dates)
		return vrp_err_set(err, "metadata.signature without generated and valid");
	return 0;
}

int
sig_json_verify(const char *text, size_t len, const struct sig_keys *keys, bool strict_time, const struct sig_rules *rules,
		int64_t now, struct vrp_err *err)
{
	struct document d;
	bool good = false;
	int rc;

	if (document_read(&d, text, len, true, err) < 0)
		return -1;
	rc = check_fields(&d, strict_time, err);
	if (rc == 0 && check_signatures(&d, keys, &good) < 0)
		rc = vrp_err_nomem(err);
	document_release(&d);
	if (rc == 0 && !good && d.numbers) {
		if (document_read(&d, text, len, false, err) < 0)
			return -1;
		if (check_signatures(&d, keys, &good) < 0)
			rc = vrp_err_nomem(err);
		document_release(&d);
	}
	if (rc < 0)
		return -1;
	if (!good)
		return vrp_err_set(err, "bad signature, or of an unknown key");
	return strict_time ? sig_check_time(d.number[GENERATED], d.number[VALID], rules, now, err) : 0;
}
