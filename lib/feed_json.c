/* SPDX-License-Identifier: ISC */
/*
 * The JSON dialects: rpki-client, Routinator (json and jsonext), OctoRPKI and
 * GoRTR, FORT, the RIPE validator, rpki-prover, RTRTR, StayRTR and its rtrdump,
 * and what registries such as DN42's make after them.
 *
 * They differ in the names of their lists and members, not in what a member
 * means, so that one table of members serves all of them and nothing hangs on
 * guessing the dialect.  A list is an array of records:
 *
 *	roas				VRPs
 *	bgpsec_keys routerKeys router-keys	router keys
 *	aspas				ASPAs
 *	provider_authorizations		rpki-client until 2023: ASPAs in two arrays, ipv4 and ipv6
 *	aspa				FORT: an object, customer -> providers
 *	(a bare array)			rpki-prover: each record tells by its members what it is
 *
 * A member of a known name but the wrong type makes a record bad, and a bad
 * record is skipped and named.  Members may be missing or null where they are
 * optional: maxLength, ta, expires.
 */
#include <endian.h>
#include <stdio.h>

#include "enc.h"
#include "feed_internal.h"
#include "json.h"
#include "num.h"
#include "stamp.h"

enum member {
	MEMBER_ASN,
	MEMBER_PREFIX,
	MEMBER_MAXLEN,
	MEMBER_TA,
	MEMBER_EXPIRES,
	MEMBER_SOURCE,
	MEMBER_SKI,
	MEMBER_SPKI,
	MEMBER_ASNS,
	MEMBER_CUSTOMER,
	MEMBER_PROVIDERS,
	MEMBER_OTHER,
};

#define BIT(member) (1U << (member))

#define ANNOTATIONS (BIT(MEMBER_TA) | BIT(MEMBER_EXPIRES) | BIT(MEMBER_SOURCE))
#define VRP_MEMBERS (BIT(MEMBER_ASN) | BIT(MEMBER_PREFIX) | BIT(MEMBER_MAXLEN) | ANNOTATIONS)
#define KEY_MEMBERS (BIT(MEMBER_ASN) | BIT(MEMBER_ASNS) | BIT(MEMBER_SKI) | BIT(MEMBER_SPKI) | ANNOTATIONS)
#define ASPA_MEMBERS (BIT(MEMBER_CUSTOMER) | BIT(MEMBER_PROVIDERS) | ANNOTATIONS)

/* The first five in the order in which most feeds write them. */
static const struct {
	char name[24];
	size_t len;
	enum member member;
} members[] = {
	{"asn", 3, MEMBER_ASN},
	{"prefix", 6, MEMBER_PREFIX},
	{"maxLength", 9, MEMBER_MAXLEN},
	{"ta", 2, MEMBER_TA},
	{"expires", 7, MEMBER_EXPIRES},
	{"source", 6, MEMBER_SOURCE},
	{"customer_asid", 13, MEMBER_CUSTOMER},
	{"customer", 8, MEMBER_CUSTOMER},
	{"providers", 9, MEMBER_PROVIDERS},
	{"ski", 3, MEMBER_SKI},
	{"SKI", 3, MEMBER_SKI},
	{"pubkey", 6, MEMBER_SPKI},
	{"routerPublicKey", 15, MEMBER_SPKI},
	{"spki", 4, MEMBER_SPKI},
	{"subjectPublicKeyInfo", 20, MEMBER_SPKI},
	{"asns", 4, MEMBER_ASNS},
};

struct as_list {
	uint32_t *as;		/* room for ASPA_PROVIDERS_MAX, from the first use on */
	uint32_t count;
};

/* The record in the making. */
struct record {
	unsigned have;		/* BIT(member) of what was read */
	struct vrp vrp;		/* asn and the annotations for the other kinds as well */
	uint32_t customer;
	uint8_t ski[SKI_LEN];
	struct buf spki;
	struct as_list list;	/* providers, or asns */
	struct vrp_err bad;	/* the first fault; msg is empty while there is none */
};

struct feed_json {
	struct feed *f;
	struct json_reader *r;
	size_t guess;		/* index in members[] of what may come next */
	unsigned lists;		/* BIT() of the lists met */
	struct record rec;
};

static int
next(struct feed_json *j, struct json_token *t)
{
	return json_reader_next(j->r, t) == JSON_TOKEN_ERROR ? json_reader_error(j->r, j->f->err) : 0;
}

static int
skip(struct feed_json *j)
{
	return json_reader_skip(j->r) < 0 ? json_reader_error(j->r, j->f->err) : 0;
}

/* Over the rest of a value whose first token was t. */
static inline int
finish(struct feed_json *j, const struct json_token *t)
{
	if (VRP_LIKELY(t->type > JSON_TOKEN_ARRAY_END))
		return 0;
	return json_reader_finish(j->r, t) < 0 ? json_reader_error(j->r, j->f->err) : 0;
}

static bool
is(const struct json_token *t, const char *text)
{
	size_t len = strlen(text);

	return t->len == len && memcmp(t->str, text, len) == 0;
}

/* The record is bad because of the token that was read last. */
static void
spoil(struct feed_json *j, const struct json_token *t, const char *what, const char *why)
{
	static const char *const name[] = {
		[JSON_TOKEN_OBJECT] = "an object", [JSON_TOKEN_ARRAY] = "an array", [JSON_TOKEN_REAL] = "a real number",
		[JSON_TOKEN_TRUE] = "true", [JSON_TOKEN_FALSE] = "false", [JSON_TOKEN_NULL] = "null",
	};
	struct vrp_err *bad = &j->rec.bad;
	char number[24];

	if (bad->msg[0])
		return;
	json_reader_where(j->r, &bad->line, &bad->column);
	if (t->type == JSON_TOKEN_STRING || t->type == JSON_TOKEN_KEY) {
		vrp_err_set(bad, "bad %s %s%s%s", what, t->cut ? "(too long)" : feed_quote(t->str, t->len).text,
			    why ? ": " : "", why ? why : "");
		return;
	}
	snprintf(number, sizeof(number), "%lld", (long long)t->num);
	vrp_err_set(bad, "bad %s: %s", what, t->type == JSON_TOKEN_INT ? number : name[t->type]);
}

/* The record, which began at the mark, is bad as a whole. */
static void
spoil_whole(struct feed_json *j, const char *why)
{
	struct vrp_err *bad = &j->rec.bad;

	if (bad->msg[0])
		return;
	json_reader_marked(j->r, &bad->line, &bad->column);
	vrp_err_set(bad, "%s", why);
}

static bool
token_as(const struct json_token *t, uint32_t *out)
{
	if (t->type == JSON_TOKEN_INT && t->num >= 0 && t->num <= UINT32_MAX) {
		*out = (uint32_t)t->num;
		return true;
	}
	return (t->type == JSON_TOKEN_STRING || t->type == JSON_TOKEN_KEY) && num_asn(t->str, t->len, out);
}

/* A number up to 255; DN42's registry also wrote it as a string. */
static bool
token_length(const struct json_token *t, uint8_t *out)
{
	uint32_t v;

	if (t->type == JSON_TOKEN_INT && t->num >= 0 && t->num <= 255)
		v = (uint32_t)t->num;
	else if (t->type != JSON_TOKEN_STRING || !num_u32(t->str, t->len, &v) || v > 255)
		return false;
	*out = (uint8_t)v;
	return true;
}

/* Forty hex digits, or base64 as FORT writes it. */
static bool
token_ski(const struct json_token *t, uint8_t ski[SKI_LEN])
{
	unsigned char raw[32];

	if (t->type != JSON_TOKEN_STRING)
		return false;
	if (t->len == 2 * SKI_LEN)
		return hex_decode(t->str, t->len, ski, SKI_LEN);
	if (t->len > 28 || base64_decode(t->str, t->len, BASE64_ANY, raw) != SKI_LEN)
		return false;
	memcpy(ski, raw, SKI_LEN);
	return true;
}

/* -1 when memory is out. */
static int
take_spki(struct feed_json *j, const struct json_token *t)
{
	struct buf *spki = &j->rec.spki;
	ptrdiff_t len = -1;

	buf_reset(spki);
	if (t->type == JSON_TOKEN_STRING) {
		if (buf_reserve(spki, t->len / 4 * 3 + 3) < 0)
			return vrp_err_nomem(j->f->err);
		len = base64_decode(t->str, t->len, BASE64_ANY, (unsigned char *)spki->data);
	}
	if (len < 1 || len > SPKI_MAX)
		spoil(j, t, "public key", NULL);
	else
		spki->len = (size_t)len;
	return 0;
}

/* An array of ASes, whose first token is t. */
static int
take_list(struct feed_json *j, struct json_token *t)
{
	struct as_list *list = &j->rec.list;

	list->count = 0;
	if (!list->as && !(list->as = malloc(ASPA_PROVIDERS_MAX * sizeof(*list->as))))
		return vrp_err_nomem(j->f->err);
	if (t->type != JSON_TOKEN_ARRAY) {
		spoil(j, t, "list of ASes", NULL);
		return finish(j, t);
	}
	for (;;) {
		uint32_t as = 0;

		if (next(j, t) < 0)
			return -1;
		if (t->type == JSON_TOKEN_ARRAY_END)
			return 0;
		if (!token_as(t, &as))
			spoil(j, t, "AS number", NULL);
		else if (list->count == ASPA_PROVIDERS_MAX)
			spoil_whole(j, "more than 16380 ASes in a list");
		else
			list->as[list->count++] = as;
		if (finish(j, t) < 0)
			return -1;
	}
}

/*
 * Routinator's jsonext says where a record is from: an array of sources, each
 * with the anchor's `tal` and the times after which the object, its chain, or
 * the manifests and CRLs on the way are no longer good.  A source ends with the
 * first of these; a record lasts as long as any of its sources.  A source
 * without times, such as a local exception, doesn't end.  What other registries
 * call a source, a string mostly, is none of our business.
 */
static int
take_end_of(struct feed_json *j, struct json_token *t, const char *name, uint32_t *expires)
{
	int64_t when;
	uint32_t v;

	if (t->type == JSON_TOKEN_STRING && strcmp(name, "stale") == 0 && stamp_parse(t->str, t->len, &when) &&
	    feed_expiry(when, &v) && v < *expires)
		*expires = v;
	if (t->type != JSON_TOKEN_OBJECT)
		return finish(j, t);
	for (;;) {
		if (next(j, t) < 0)
			return -1;
		if (t->type == JSON_TOKEN_OBJECT_END)
			return 0;
		if (!is(t, "notAfter")) {
			if (skip(j) < 0)
				return -1;
			continue;
		}
		if (next(j, t) < 0)
			return -1;
		if (t->type != JSON_TOKEN_STRING || !stamp_parse(t->str, t->len, &when) || !feed_expiry(when, &v))
			spoil(j, t, "notAfter", NULL);
		else if (v < *expires)
			*expires = v;
		if (finish(j, t) < 0)
			return -1;
	}
}

static int
take_tal(struct feed_json *j, struct json_token *t)
{
	int ta = t->type == JSON_TOKEN_STRING ? feed_ta(j->f, t->str, t->len) : 0;

	if (ta < 0)
		spoil(j, t, "tal", NULL);
	else if (j->rec.vrp.ta == 0)
		j->rec.vrp.ta = (uint16_t)ta;
	return finish(j, t);
}

/* The members of one source, whose opening brace was read. */
static int
take_source(struct feed_json *j, struct json_token *t, uint32_t *expires)
{
	for (;;) {
		static const char *const ends[] = {"validity", "chainValidity", "stale"};
		const char *end = NULL;
		int rc;

		if (next(j, t) < 0)
			return -1;
		if (t->type == JSON_TOKEN_OBJECT_END)
			return 0;
		for (size_t i = 0; i < ARRAY_LEN(ends); i++)
			if (is(t, ends[i]))
				end = ends[i];
		if (end)
			rc = next(j, t) < 0 ? -1 : take_end_of(j, t, end, expires);
		else if (is(t, "tal"))
			rc = next(j, t) < 0 ? -1 : take_tal(j, t);
		else
			rc = skip(j);
		if (rc < 0)
			return -1;
	}
}

static int
take_sources(struct feed_json *j, struct json_token *t)
{
	uint32_t latest = 0;

	if (t->type != JSON_TOKEN_ARRAY)
		return finish(j, t);
	for (;;) {
		uint32_t expires = EXPIRES_UNKNOWN;

		if (next(j, t) < 0)
			return -1;
		if (t->type == JSON_TOKEN_ARRAY_END)
			break;
		if ((t->type == JSON_TOKEN_OBJECT ? take_source(j, t, &expires) : finish(j, t)) < 0)
			return -1;
		if (expires > latest)
			latest = expires;
	}
	if (latest)
		j->rec.vrp.expires = latest;
	return 0;
}

/* The value of a member.  A fault of the record leaves a reason in rec.bad and is no failure. */
static int
take_member(struct feed_json *j, enum member member)
{
	struct record *rec = &j->rec;
	const char *reason = NULL;
	struct json_token t;
	int ta;

	if (next(j, &t) < 0)
		return -1;
	if (t.type == JSON_TOKEN_NULL && BIT(member) & (ANNOTATIONS | BIT(MEMBER_MAXLEN)))
		return 0;
	rec->have |= BIT(member);
	switch (member) {
	case MEMBER_ASN:
		if (!token_as(&t, &rec->vrp.asn))
			spoil(j, &t, "AS number", NULL);
		break;
	case MEMBER_PREFIX:
		if (t.type != JSON_TOKEN_STRING || !prefix_parse(t.str, t.len, &rec->vrp.prefix, &reason))
			spoil(j, &t, "prefix", reason);
		else if (prefix_has_host_bits(&rec->vrp.prefix))
			spoil(j, &t, "prefix", "host bits are set");
		break;
	case MEMBER_MAXLEN:
		if (!token_length(&t, &rec->vrp.maxlen))
			spoil(j, &t, "maximum length", NULL);
		break;
	case MEMBER_TA:
		ta = t.type == JSON_TOKEN_STRING && !t.cut ? feed_ta(j->f, t.str, t.len) : -1;
		if (ta < 0)
			spoil(j, &t, "trust anchor", NULL);
		else
			rec->vrp.ta = (uint16_t)ta;
		break;
	case MEMBER_EXPIRES:
		if (t.type != JSON_TOKEN_INT || !feed_expiry(t.num, &rec->vrp.expires))
			spoil(j, &t, "expiry", NULL);
		break;
	case MEMBER_SKI:
		if (!token_ski(&t, rec->ski))
			spoil(j, &t, "subject key identifier", NULL);
		break;
	case MEMBER_CUSTOMER:
		if (!token_as(&t, &rec->customer))
			spoil(j, &t, "customer AS", NULL);
		break;
	case MEMBER_SPKI:
		if (take_spki(j, &t) < 0)
			return -1;
		break;
	case MEMBER_SOURCE:
		return take_sources(j, &t);
	case MEMBER_ASNS:
	case MEMBER_PROVIDERS:
		return take_list(j, &t);
	case MEMBER_OTHER:
		break;
	}
	return finish(j, &t);
}

/* Equal in their first len bytes, 1 to 8 of them?  Eight may be read of both. */
static inline bool
word_equal(const char *a, const char *b, size_t len)
{
	uint64_t x, y;

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return be64toh(x ^ y) >> (64 - 8 * len) == 0;
}

static inline bool
key_equal(const struct json_token *key, const char *name, size_t len)
{
	if (key->len != len || !word_equal(key->str, name, len < 8 ? len : 8))
		return false;
	return len <= 8 || memcmp(key->str + 8, name + 8, len - 8) == 0;
}

static enum member
find_member(struct feed_json *j, const struct json_token *key)
{
	size_t i = j->guess;

	for (size_t n = 0; n < ARRAY_LEN(members); n++, i = i + 1 < ARRAY_LEN(members) ? i + 1 : 0) {
		if (key_equal(key, members[i].name, members[i].len)) {
			j->guess = i + 1 < ARRAY_LEN(members) ? i + 1 : 0;
			return members[i].member;
		}
	}
	return MEMBER_OTHER;
}

static int
add_vrp(struct feed_json *j)
{
	struct vrp *vrp = &j->rec.vrp;
	const char *why;

	if (!(j->rec.have & BIT(MEMBER_MAXLEN)))
		vrp->maxlen = vrp->prefix.len;
	why = feed_check_vrp(vrp);
	if (!why)
		return feed_add_vrp(j->f, vrp);
	spoil_whole(j, why);
	return 0;
}

static int
add_keys(struct feed_json *j)
{
	const struct record *rec = &j->rec;
	struct payload p = {.kind = PAYLOAD_ROUTER_KEY};

	p.key.expires = rec->vrp.expires;
	p.key.ta = rec->vrp.ta;
	p.key.spki = (const uint8_t *)rec->spki.data;
	p.key.spki_len = (uint16_t)rec->spki.len;
	memcpy(p.key.ski, rec->ski, SKI_LEN);
	p.key.asn = rec->vrp.asn;
	if (!(rec->have & BIT(MEMBER_ASNS)))
		return feed_add(j->f, &p);
	for (uint32_t i = 0; i < rec->list.count; i++) {
		p.key.asn = rec->list.as[i];
		if (feed_add(j->f, &p) < 0)
			return -1;
	}
	return 0;
}

static int
add_aspa(struct feed_json *j)
{
	const struct record *rec = &j->rec;
	const struct as_list *list = &rec->list;
	struct payload p = {.kind = PAYLOAD_ASPA};

	if (list->count == 0)
		spoil_whole(j, "an ASPA without providers");
	for (uint32_t i = 0; i < list->count && list->count > 1; i++)
		if (list->as[i] == 0)
			spoil_whole(j, "AS0 beside other providers");
	if (rec->bad.msg[0])
		return 0;
	p.aspa.customer = rec->customer;
	p.aspa.providers = list->as;
	p.aspa.provider_count = list->count;
	p.aspa.expires = rec->vrp.expires;
	p.aspa.ta = rec->vrp.ta;
	return feed_add(j->f, &p);
}

/* Count the record, put it in, or report what is wrong with it. */
static int
close_record(struct feed_json *j, unsigned kind)
{
	struct record *rec = &j->rec;
	unsigned have = rec->have;
	int rc = 0;

	if (kind == 0)
		kind = have & BIT(MEMBER_PREFIX) ? VRP_MEMBERS : have & BIT(MEMBER_PROVIDERS) ? ASPA_MEMBERS : KEY_MEMBERS;
	j->f->result->records++;
	j->f->vrps += kind == VRP_MEMBERS;
	if (VRP_LIKELY(!rec->bad.msg[0])) {
		if (kind == VRP_MEMBERS && (have & BIT(MEMBER_ASN)) && (have & BIT(MEMBER_PREFIX)))
			rc = add_vrp(j);
		else if (kind == VRP_MEMBERS)
			spoil_whole(j, have & BIT(MEMBER_ASN) ? "a VRP without prefix" : "a VRP without asn");
		else if (kind == ASPA_MEMBERS && (have & BIT(MEMBER_CUSTOMER)) && (have & BIT(MEMBER_PROVIDERS)))
			rc = add_aspa(j);
		else if (kind == ASPA_MEMBERS)
			spoil_whole(j, have & BIT(MEMBER_CUSTOMER) ? "an ASPA without providers" : "an ASPA without customer");
		else if ((have & BIT(MEMBER_SKI)) && (have & BIT(MEMBER_SPKI)) && (have & (BIT(MEMBER_ASN) | BIT(MEMBER_ASNS))))
			rc = add_keys(j);
		else if (have & (BIT(MEMBER_SKI) | BIT(MEMBER_SPKI)))
			spoil_whole(j, "a router key without its AS, identifier or key");
		else
			spoil_whole(j, "neither a VRP, nor a router key, nor an ASPA");
	}
	return rc == 0 && rec->bad.msg[0] ? feed_bad(j->f, &rec->bad) : rc;
}

static void
open_record(struct feed_json *j)
{
	struct record *rec = &j->rec;

	json_reader_mark(j->r);
	rec->have = 0;
	rec->vrp.ta = 0;
	rec->vrp.expires = EXPIRES_UNKNOWN;
	rec->bad.msg[0] = '\0';
}

/* One element of a list of this kind, given by its members; 0 for any kind.  t is its first token. */
static int
take_record(struct feed_json *j, unsigned kind, struct json_token *t)
{
	unsigned known = kind ? kind : VRP_MEMBERS | KEY_MEMBERS | ASPA_MEMBERS;

	open_record(j);
	j->guess = kind == ASPA_MEMBERS ? 6 : 0;
	if (t->type != JSON_TOKEN_OBJECT) {
		spoil(j, t, "record", NULL);
		if (finish(j, t) < 0)
			return -1;
		return close_record(j, kind);
	}
	for (;;) {
		enum member member;

		if (next(j, t) < 0)
			return -1;
		if (t->type == JSON_TOKEN_OBJECT_END)
			return close_record(j, kind);
		member = find_member(j, t);
		if ((known & BIT(member) ? take_member(j, member) : skip(j)) < 0)
			return -1;
	}
}

/* The elements of an array whose opening bracket was read. */
static int
take_records(struct feed_json *j, unsigned kind)
{
	struct json_token t;

	for (;;) {
		if (next(j, &t) < 0)
			return -1;
		if (t.type == JSON_TOKEN_ARRAY_END)
			return 0;
		if (take_record(j, kind, &t) < 0)
			return -1;
	}
}

static int
wrong_shape(struct feed_json *j, const char *list, const char *shape)
{
	size_t line, column;

	json_reader_where(j->r, &line, &column);
	return vrp_err_at(j->f->err, line, column, "'%s' is not %s", list, shape);
}

/* rpki-client until 2023: an ASPA for each address family, joined again here. */
static int
take_families(struct feed_json *j, struct json_token *t)
{
	if (t->type != JSON_TOKEN_OBJECT)
		return wrong_shape(j, "provider_authorizations", "an object");
	for (;;) {
		bool family;

		if (next(j, t) < 0)
			return -1;
		if (t->type == JSON_TOKEN_OBJECT_END)
			return 0;
		family = is(t, "ipv4") || is(t, "ipv6");
		if (next(j, t) < 0)
			return -1;
		if (family && t->type != JSON_TOKEN_ARRAY)
			return wrong_shape(j, "provider_authorizations", "two arrays");
		if ((family ? take_records(j, ASPA_MEMBERS) : finish(j, t)) < 0)
			return -1;
	}
}

/* FORT: {"65500": [4221], ...} */
static int
take_customers(struct feed_json *j, struct json_token *t)
{
	if (t->type != JSON_TOKEN_OBJECT)
		return wrong_shape(j, "aspa", "an object");
	for (;;) {
		if (next(j, t) < 0)
			return -1;
		if (t->type == JSON_TOKEN_OBJECT_END)
			return 0;
		open_record(j);
		j->rec.have = BIT(MEMBER_CUSTOMER);
		if (!token_as(t, &j->rec.customer))
			spoil(j, t, "customer AS", NULL);
		if (take_member(j, MEMBER_PROVIDERS) < 0 || close_record(j, ASPA_MEMBERS) < 0)
			return -1;
	}
}

/* The members of `metadata` that say how old the data is and whether there should be any. */
static int
take_metadata(struct feed_json *j, struct json_token *t)
{
	static const char *const times[] = {"buildtime", "generated", "generatedTime"};
	static const char *const counts[] = {"vrps", "uniquevrps", "counts"};

	if (t->type != JSON_TOKEN_OBJECT)
		return finish(j, t);
	for (;;) {
		bool is_time = false, is_count = false;
		int64_t when;

		if (next(j, t) < 0)
			return -1;
		if (t->type == JSON_TOKEN_OBJECT_END)
			return 0;
		for (size_t i = 0; i < ARRAY_LEN(times); i++)
			is_time |= is(t, times[i]);
		for (size_t i = 0; i < ARRAY_LEN(counts); i++)
			is_count |= is(t, counts[i]);
		if (next(j, t) < 0)
			return -1;
		if (is_count && t->type == JSON_TOKEN_INT)
			j->f->promised |= t->num > 0;
		if (is_time && t->type == JSON_TOKEN_INT)
			j->f->result->time = t->num;
		else if (is_time && t->type == JSON_TOKEN_STRING && stamp_parse(t->str, t->len, &when))
			j->f->result->time = when;
		if (finish(j, t) < 0)
			return -1;
	}
}

static int
take_array(struct feed_json *j, const char *name, const struct json_token *t, unsigned kind)
{
	return t->type == JSON_TOKEN_ARRAY ? take_records(j, kind) : wrong_shape(j, name, "an array");
}

/* The lists, and what their records are. */
static const struct {
	const char *name;
	unsigned kind;
} lists[] = {
	{"roas", VRP_MEMBERS},
	{"bgpsec_keys", KEY_MEMBERS},
	{"routerKeys", KEY_MEMBERS},
	{"router-keys", KEY_MEMBERS},
	{"aspas", ASPA_MEMBERS},
	{"aspa", ASPA_MEMBERS},
	{"provider_authorizations", ASPA_MEMBERS},
};

static int
take_top_member(struct feed_json *j, struct json_token *t)
{
	size_t list = 0;
	bool metadata = is(t, "metadata");

	while (list < ARRAY_LEN(lists) && !is(t, lists[list].name))
		list++;
	if (list == ARRAY_LEN(lists) && !metadata)
		return skip(j);
	if (next(j, t) < 0)
		return -1;
	if (metadata)
		return take_metadata(j, t);
	/* What Go writes for a list that isn't there. */
	if (t->type == JSON_TOKEN_NULL)
		return 0;
	/* Of two lists of one name other readers keep the last: nobody could tell what was meant. */
	if (j->lists & BIT(list))
		return wrong_shape(j, lists[list].name, "there only once");
	j->lists |= BIT(list);
	if (strcmp(lists[list].name, "aspa") == 0)
		return take_customers(j, t);
	if (strcmp(lists[list].name, "provider_authorizations") == 0)
		return take_families(j, t);
	return take_array(j, lists[list].name, t, lists[list].kind);
}

static int
take_document(struct feed_json *j)
{
	struct json_token t;

	if (next(j, &t) < 0)
		return -1;
	if (t.type == JSON_TOKEN_ARRAY) {
		if (take_records(j, 0) < 0 || next(j, &t) < 0)
			return -1;
		return j->f->result->records ? 0 : vrp_err_set(j->f->err, "an empty list that doesn't say of what");
	}
	for (;;) {
		if (next(j, &t) < 0)
			return -1;
		if (t.type == JSON_TOKEN_OBJECT_END)
			break;
		if (take_top_member(j, &t) < 0)
			return -1;
	}
	if (next(j, &t) < 0)
		return -1;
	return j->lists ? 0 : vrp_err_set(j->f->err, "there is no list of VRPs, router keys or ASPAs in it");
}

int
feed_json(struct feed *f)
{
	struct feed_json j = {.f = f, .rec.spki = BUF_INIT};
	int rc;

	j.r = json_reader_new(feed_pull, f);
	rc = j.r ? take_document(&j) : vrp_err_nomem(f->err);
	json_reader_free(j.r);
	buf_release(&j.rec.spki);
	free(j.rec.list.as);
	return rc;
}
