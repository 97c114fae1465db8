/* SPDX-License-Identifier: ISC */
/*
 * One file of RFC 8416 section 3 into the builder.  Objects are all read by one
 * function that knows which members each may have; a path of at most three
 * steps says where it is, for messages.
 *
 * JSON's members have no order: the version may come last, and so may the
 * prefix that a maximum length goes with.  What depends on another member is
 * judged when the object is whole, but reported at the place of its value.
 */
#include <stdarg.h>
#include <stdio.h>

#include "enc.h"
#include "feed_internal.h"
#include "json.h"
#include "slurm_internal.h"

enum member {
	SLURM_VERSION,
	FILTERS,
	ASSERTIONS,
	PREFIX_FILTERS,
	BGPSEC_FILTERS,
	ASPA_FILTERS,
	PREFIX_ASSERTIONS,
	BGPSEC_ASSERTIONS,
	ASPA_ASSERTIONS,
	PREFIX,
	ASN,
	MAX_LENGTH,
	SKI,
	PUBLIC_KEY,
	CUSTOMER,
	PROVIDERS,
	COMMENT,
	MEMBERS,
};

static const char *const names[MEMBERS] = {
	[SLURM_VERSION] = "slurmVersion",
	[FILTERS] = "validationOutputFilters",
	[ASSERTIONS] = "locallyAddedAssertions",
	[PREFIX_FILTERS] = "prefixFilters",
	[BGPSEC_FILTERS] = "bgpsecFilters",
	[ASPA_FILTERS] = "aspaFilters",
	[PREFIX_ASSERTIONS] = "prefixAssertions",
	[BGPSEC_ASSERTIONS] = "bgpsecAssertions",
	[ASPA_ASSERTIONS] = "aspaAssertions",
	[PREFIX] = "prefix",
	[ASN] = "asn",
	[MAX_LENGTH] = "maxPrefixLength",
	[SKI] = "SKI",
	[PUBLIC_KEY] = "routerPublicKey",
	[CUSTOMER] = "customerAsn",
	[PROVIDERS] = "providerAsns",
	[COMMENT] = "comment",
};

#define BIT(member) (1U << (member))

#define ASPA_LISTS (BIT(ASPA_FILTERS) | BIT(ASPA_ASSERTIONS))	/* version 2 only */
#define DOCUMENT (BIT(SLURM_VERSION) | BIT(FILTERS) | BIT(ASSERTIONS))

/* The lists of the two sections. */
static const struct section {
	enum member member;
	unsigned lists;
} sections[] = {
	{FILTERS, BIT(PREFIX_FILTERS) | BIT(BGPSEC_FILTERS) | BIT(ASPA_FILTERS)},
	{ASSERTIONS, BIT(PREFIX_ASSERTIONS) | BIT(BGPSEC_ASSERTIONS) | BIT(ASPA_ASSERTIONS)},
};

struct place {
	size_t line;	/* 0: nowhere */
	size_t column;
};

/* The element of a list in the making. */
struct entry {
	unsigned have;
	struct place place, max_length_place, providers_place;
	struct prefix prefix;
	uint32_t asn;		/* of an ASPA: the customer */
	int64_t max_length;
	struct buf ski, spki;
	struct buf providers;	/* of uint32_t */
};

#define NO_INDEX SIZE_MAX

struct slurm_reader {
	struct slurm_builder *b;
	struct json_reader *r;
	struct vrp_err *err;
	uint32_t file;

	struct {
		const char *name;
		size_t index;		/* in the array that the member is, or NO_INDEX */
	} path[3];
	unsigned depth;

	int64_t version;		/* 0 until it was read */
	struct {
		unsigned have;
		struct place place;
	} section[ARRAY_LEN(sections)];
	struct place aspa_place;	/* the first list of ASPAs */
	enum member aspa_section, aspa_list;
	struct entry entry;
};

static struct place
here(struct slurm_reader *rd)
{
	struct place p;

	json_reader_where(rd->r, &p.line, &p.column);
	return p;
}

/* "PATH: ", or nothing for the document itself. */
static void
format_path(const struct slurm_reader *rd, char *dst, size_t size)
{
	size_t n = 0;

	*dst = '\0';
	for (unsigned i = 0; i < rd->depth; i++) {
		n += (size_t)snprintf(dst + n, size - n, "%s%s", i ? "." : "", rd->path[i].name);
		if (rd->path[i].index != NO_INDEX)
			n += (size_t)snprintf(dst + n, size - n, "[%zu]", rd->path[i].index);
	}
	if (rd->depth)
		snprintf(dst + n, size - n, ": ");
}

static int VRP_PRINTF(3, 4)
bad_at(struct slurm_reader *rd, struct place place, const char *fmt, ...)
{
	char path[160], text[sizeof(rd->err->msg)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	format_path(rd, path, sizeof(path));
	return vrp_err_at(rd->err, place.line, place.column, "%s%s", path, text);
}

/* What is wrong is the token that was read last. */
#define bad(rd, ...) bad_at((rd), here(rd), __VA_ARGS__)

static int
next(struct slurm_reader *rd, struct json_token *t)
{
	return json_reader_next(rd->r, t) == JSON_TOKEN_ERROR ? json_reader_error(rd->r, rd->err) : 0;
}

static int
expect(struct slurm_reader *rd, const struct json_token *t, enum json_token_type type)
{
	static const char *const kind[] = {
		[JSON_TOKEN_OBJECT] = "an object", [JSON_TOKEN_ARRAY] = "an array", [JSON_TOKEN_STRING] = "a string",
		[JSON_TOKEN_INT] = "a whole number", [JSON_TOKEN_REAL] = "a real number", [JSON_TOKEN_TRUE] = "true",
		[JSON_TOKEN_FALSE] = "false", [JSON_TOKEN_NULL] = "null",
	};

	return t->type == type ? 0 : bad(rd, "%s was expected, not %s", kind[type], kind[t->type]);
}

static int
take(struct slurm_reader *rd, struct json_token *t, enum json_token_type type)
{
	return next(rd, t) < 0 ? -1 : expect(rd, t, type);
}

/* A string that is looked into, short enough to be held. */
static int
take_text(struct slurm_reader *rd, struct json_token *t)
{
	if (take(rd, t, JSON_TOKEN_STRING) < 0)
		return -1;
	return t->cut ? bad(rd, "the text is too long") : 0;
}

static enum member
find_member(const struct json_token *key, unsigned known)
{
	for (enum member m = 0; m < MEMBERS; m++)
		if (known & BIT(m) && strlen(names[m]) == key->len && memcmp(names[m], key->str, key->len) == 0)
			return m;
	return MEMBERS;
}

static int
require(struct slurm_reader *rd, struct place place, unsigned have, unsigned required)
{
	for (enum member m = 0; m < MEMBERS; m++)
		if (required & ~have & BIT(m))
			return bad_at(rd, place, "member '%s' is missing", names[m]);
	return 0;
}

static void
enter(struct slurm_reader *rd, enum member member)
{
	rd->path[rd->depth].name = names[member];
	rd->path[rd->depth++].index = NO_INDEX;
}

static void
leave(struct slurm_reader *rd)
{
	rd->depth--;
}

static int take_member(struct slurm_reader *rd, enum member member);

/* The members of an object whose opening brace was read. */
static int
take_object(struct slurm_reader *rd, unsigned known, unsigned *have)
{
	struct json_token t;
	enum member member;

	for (;;) {
		if (next(rd, &t) < 0)
			return -1;
		if (t.type == JSON_TOKEN_OBJECT_END)
			return 0;
		member = find_member(&t, known);
		if (member == MEMBERS)
			return bad(rd, "unknown member %s", t.cut ? "of a very long name" : feed_quote(t.str, t.len).text);
		enter(rd, member);
		if (*have & BIT(member))
			return bad(rd, "the member is there twice");
		*have |= BIT(member);
		if (take_member(rd, member) < 0)
			return -1;
		leave(rd);
	}
}

/* Members of an entry. */
static int
token_asn(struct slurm_reader *rd, const struct json_token *t, uint32_t *out)
{
	if (expect(rd, t, JSON_TOKEN_INT) < 0)
		return -1;
	if (t->num < 0 || t->num > UINT32_MAX)
		return bad(rd, "%lld is not an AS number", (long long)t->num);
	*out = (uint32_t)t->num;
	return 0;
}

static int
take_asn(struct slurm_reader *rd)
{
	struct json_token t;

	return next(rd, &t) < 0 ? -1 : token_asn(rd, &t, &rd->entry.asn);
}

static int
take_prefix(struct slurm_reader *rd)
{
	struct prefix *p = &rd->entry.prefix;
	const char *reason;
	struct json_token t;

	if (take_text(rd, &t) < 0)
		return -1;
	if (!prefix_parse(t.str, t.len, p, &reason))
		return bad(rd, "%s: %s", reason, feed_quote(t.str, t.len).text);
	if (prefix_has_host_bits(p))
		return bad(rd, "host bits set in prefix %s", feed_quote(t.str, t.len).text);
	return 0;
}

static int
take_max_length(struct slurm_reader *rd)
{
	struct json_token t;

	if (take(rd, &t, JSON_TOKEN_INT) < 0)
		return -1;
	rd->entry.max_length = t.num;
	rd->entry.max_length_place = here(rd);
	return 0;
}

/* Base64 of RFC 4648 section 5 without padding; published files also have the '+' and '/' of section 4. */
static int
take_base64(struct slurm_reader *rd, struct buf *out)
{
	struct json_token t;
	ptrdiff_t len;

	if (take_text(rd, &t) < 0)
		return -1;
	if (memchr(t.str, '=', t.len))
		return bad(rd, "base64 with padding: %s", feed_quote(t.str, t.len).text);
	buf_reset(out);
	if (buf_reserve(out, t.len / 4 * 3 + 3) < 0)
		return vrp_err_nomem(rd->err);
	len = base64_decode(t.str, t.len, BASE64_ANY, (unsigned char *)out->data);
	if (len < 0)
		return bad(rd, "not base64: %s", feed_quote(t.str, t.len).text);
	out->len = (size_t)len;
	return 0;
}

static int
take_ski(struct slurm_reader *rd)
{
	struct buf *ski = &rd->entry.ski;

	if (take_base64(rd, ski) < 0)
		return -1;
	return ski->len == SKI_LEN ? 0 : bad(rd, "a subject key identifier has %d bytes, not %zu", SKI_LEN, ski->len);
}

/* The SubjectPublicKeyInfo is not looked into: published files have made-up ones, and a router judges it anyway. */
static int
take_public_key(struct slurm_reader *rd)
{
	struct buf *spki = &rd->entry.spki;

	if (take_base64(rd, spki) < 0)
		return -1;
	if (spki->len == 0)
		return bad(rd, "the key is empty");
	if (spki->len > SPKI_MAX)
		return bad(rd, "a key of %zu bytes, more than %d", spki->len, SPKI_MAX);
	return 0;
}

static int
add_provider(struct slurm_reader *rd, const struct json_token *t)
{
	struct buf *list = &rd->entry.providers;
	uint32_t asn, last;

	if (token_asn(rd, t, &asn) < 0)
		return -1;
	if (list->len) {
		memcpy(&last, list->data + list->len - sizeof(last), sizeof(last));
		if (asn == last)
			return bad(rd, "AS%u is listed twice", asn);
		if (asn < last)
			return bad(rd, "AS%u stands behind AS%u: providers have to ascend", asn, last);
		if (last == 0)
			return bad(rd, "AS%u beside AS0, which has to be alone", asn);
		if (list->len / sizeof(asn) == ASPA_PROVIDERS_MAX)
			return bad(rd, "more than %d providers", ASPA_PROVIDERS_MAX);
	}
	return buf_add(list, &asn, sizeof(asn)) < 0 ? vrp_err_nomem(rd->err) : 0;
}

static int
take_providers(struct slurm_reader *rd)
{
	size_t *index = &rd->path[rd->depth - 1].index;
	struct json_token t;

	buf_reset(&rd->entry.providers);
	if (take(rd, &t, JSON_TOKEN_ARRAY) < 0)
		return -1;
	rd->entry.providers_place = here(rd);
	for (*index = 0;; ++*index) {
		if (next(rd, &t) < 0)
			return -1;
		if (t.type == JSON_TOKEN_ARRAY_END)
			break;
		if (add_provider(rd, &t) < 0)
			return -1;
	}
	*index = NO_INDEX;
	return rd->entry.providers.len ? 0 : bad_at(rd, rd->entry.providers_place, "there are no providers");
}

/* Entries, when they are whole, into the builder. */
static int
push(struct slurm_reader *rd, struct buf *list, const void *item, size_t size)
{
	return buf_add(list, item, size) < 0 ? vrp_err_nomem(rd->err) : 0;
}

static int
claim_prefix(struct slurm_reader *rd)
{
	struct slurm_prefix_claim claim = {rd->entry.prefix, rd->file};

	return push(rd, &rd->b->prefix_claims, &claim, sizeof(claim));
}

static int
claim_as(struct slurm_reader *rd, struct buf *claims)
{
	struct slurm_as_claim claim = {rd->entry.asn, rd->file};

	return push(rd, claims, &claim, sizeof(claim));
}

static int
add_prefix_filter(struct slurm_reader *rd)
{
	const struct entry *e = &rd->entry;
	struct slurm_prefix_filter f = {.has_prefix = e->have & BIT(PREFIX), .has_asn = e->have & BIT(ASN)};

	if (f.has_prefix)
		f.prefix = e->prefix;
	if (f.has_asn)
		f.asn = e->asn;
	if (f.has_prefix && claim_prefix(rd) < 0)
		return -1;
	return push(rd, &rd->b->prefix_filters, &f, sizeof(f));
}

static int
add_bgpsec_filter(struct slurm_reader *rd)
{
	const struct entry *e = &rd->entry;
	struct slurm_key_filter f = {.has_ski = e->have & BIT(SKI), .has_asn = e->have & BIT(ASN)};

	if (f.has_ski)
		memcpy(f.ski, e->ski.data, SKI_LEN);
	if (f.has_asn)
		f.asn = e->asn;
	if (f.has_asn && claim_as(rd, &rd->b->key_claims) < 0)
		return -1;
	return push(rd, &rd->b->key_filters, &f, sizeof(f));
}

static int
add_aspa_filter(struct slurm_reader *rd)
{
	if (claim_as(rd, &rd->b->aspa_claims) < 0)
		return -1;
	return push(rd, &rd->b->customers, &rd->entry.asn, sizeof(rd->entry.asn));
}

static int
assert_payload(struct slurm_reader *rd, const struct payload *p)
{
	return vrpset_add(rd->b->assertions, p) < 0 ? vrp_err_nomem(rd->err) : 0;
}

static int
check_max_length(struct slurm_reader *rd)
{
	const struct entry *e = &rd->entry;
	int bits = (int)prefix_bits((enum family)e->prefix.family);

	enter(rd, MAX_LENGTH);
	if (e->max_length < e->prefix.len)
		return bad_at(rd, e->max_length_place, "%lld is below the prefix length, %d", (long long)e->max_length,
			      e->prefix.len);
	if (e->max_length > bits)
		return bad_at(rd, e->max_length_place, "%lld is above %d", (long long)e->max_length, bits);
	leave(rd);
	return 0;
}

static int
add_prefix_assertion(struct slurm_reader *rd)
{
	const struct entry *e = &rd->entry;
	struct payload p = {.kind = PAYLOAD_VRP};

	p.vrp = (struct vrp){.prefix = e->prefix, .maxlen = e->prefix.len, .asn = e->asn, .expires = EXPIRES_UNKNOWN};
	if (e->have & BIT(MAX_LENGTH)) {
		if (check_max_length(rd) < 0)
			return -1;
		p.vrp.maxlen = (uint8_t)e->max_length;
	}
	return claim_prefix(rd) < 0 ? -1 : assert_payload(rd, &p);
}

static int
add_bgpsec_assertion(struct slurm_reader *rd)
{
	const struct entry *e = &rd->entry;
	struct payload p = {.kind = PAYLOAD_ROUTER_KEY};

	p.key.asn = e->asn;
	p.key.expires = EXPIRES_UNKNOWN;
	p.key.spki = (const uint8_t *)e->spki.data;
	p.key.spki_len = (uint16_t)e->spki.len;
	memcpy(p.key.ski, e->ski.data, SKI_LEN);
	return claim_as(rd, &rd->b->key_claims) < 0 ? -1 : assert_payload(rd, &p);
}

static int
add_aspa_assertion(struct slurm_reader *rd)
{
	const struct entry *e = &rd->entry;
	struct payload p = {.kind = PAYLOAD_ASPA};

	p.aspa.customer = e->asn;
	p.aspa.expires = EXPIRES_UNKNOWN;
	p.aspa.providers = (const void *)e->providers.data;
	p.aspa.provider_count = (uint32_t)(e->providers.len / sizeof(*p.aspa.providers));
	for (uint32_t i = 0; i < p.aspa.provider_count; i++) {
		if (p.aspa.providers[i] != e->asn)
			continue;
		enter(rd, PROVIDERS);
		rd->path[rd->depth - 1].index = i;
		return bad_at(rd, e->providers_place, "AS%u is the customer itself", e->asn);
	}
	return claim_as(rd, &rd->b->aspa_claims) < 0 ? -1 : assert_payload(rd, &p);
}

/* What the entries of a list have to be. */
static const struct shape {
	unsigned required, optional;
	enum member either, or;		/* of filters: one of these two at least */
	int (*add)(struct slurm_reader *rd);
} shapes[MEMBERS] = {
	[PREFIX_FILTERS] = {0, BIT(PREFIX) | BIT(ASN), PREFIX, ASN, add_prefix_filter},
	[BGPSEC_FILTERS] = {0, BIT(SKI) | BIT(ASN), ASN, SKI, add_bgpsec_filter},
	[ASPA_FILTERS] = {BIT(CUSTOMER), 0, CUSTOMER, CUSTOMER, add_aspa_filter},
	[PREFIX_ASSERTIONS] = {BIT(PREFIX) | BIT(ASN), BIT(MAX_LENGTH), ASN, ASN, add_prefix_assertion},
	[BGPSEC_ASSERTIONS] = {BIT(ASN) | BIT(SKI) | BIT(PUBLIC_KEY), 0, ASN, ASN, add_bgpsec_assertion},
	[ASPA_ASSERTIONS] = {BIT(CUSTOMER) | BIT(PROVIDERS), 0, CUSTOMER, CUSTOMER, add_aspa_assertion},
};

/* An element, whose first token is t. */
static int
take_entry(struct slurm_reader *rd, const struct shape *shape, const struct json_token *t)
{
	struct entry *e = &rd->entry;

	if (expect(rd, t, JSON_TOKEN_OBJECT) < 0)
		return -1;
	e->have = 0;
	e->place = here(rd);
	if (take_object(rd, shape->required | shape->optional | BIT(COMMENT), &e->have) < 0 ||
	    require(rd, e->place, e->have, shape->required) < 0)
		return -1;
	if (!(e->have & (BIT(shape->either) | BIT(shape->or))))
		return bad_at(rd, e->place, "neither '%s' nor '%s'", names[shape->either], names[shape->or]);
	return shape->add(rd);
}

/* Version 1 has no ASPAs.  Asked whenever one of the two was read. */
static int
check_version(struct slurm_reader *rd)
{
	if (rd->version != 1 || rd->aspa_place.line == 0)
		return 0;
	rd->depth = 0;
	enter(rd, rd->aspa_section);
	enter(rd, rd->aspa_list);
	return bad_at(rd, rd->aspa_place, "slurmVersion 1 has no such member");
}

static int
take_list(struct slurm_reader *rd, enum member list)
{
	size_t *index = &rd->path[rd->depth - 1].index;
	struct json_token t;

	if (ASPA_LISTS & BIT(list) && rd->aspa_place.line == 0) {
		rd->aspa_place = here(rd);
		rd->aspa_section = list == ASPA_FILTERS ? FILTERS : ASSERTIONS;
		rd->aspa_list = list;
	}
	if (check_version(rd) < 0 || take(rd, &t, JSON_TOKEN_ARRAY) < 0)
		return -1;
	for (*index = 0;; ++*index) {
		if (next(rd, &t) < 0)
			return -1;
		if (t.type == JSON_TOKEN_ARRAY_END)
			break;
		if (take_entry(rd, &shapes[list], &t) < 0)
			return -1;
	}
	*index = NO_INDEX;
	return 0;
}

static int
take_section(struct slurm_reader *rd, size_t i)
{
	struct json_token t;

	if (take(rd, &t, JSON_TOKEN_OBJECT) < 0)
		return -1;
	rd->section[i].place = here(rd);
	return take_object(rd, sections[i].lists, &rd->section[i].have);
}

static int
take_version(struct slurm_reader *rd)
{
	struct json_token t;

	if (take(rd, &t, JSON_TOKEN_INT) < 0)
		return -1;
	if (t.num != 1 && t.num != 2)
		return bad(rd, "%lld is neither 1 nor 2", (long long)t.num);
	rd->version = t.num;
	return check_version(rd);
}

static int
take_member(struct slurm_reader *rd, enum member member)
{
	struct json_token t;

	switch (member) {
	case SLURM_VERSION:
		return take_version(rd);
	case FILTERS:
		return take_section(rd, 0);
	case ASSERTIONS:
		return take_section(rd, 1);
	case PREFIX_FILTERS:
	case BGPSEC_FILTERS:
	case ASPA_FILTERS:
	case PREFIX_ASSERTIONS:
	case BGPSEC_ASSERTIONS:
	case ASPA_ASSERTIONS:
		return take_list(rd, member);
	case PREFIX:
		return take_prefix(rd);
	case ASN:
	case CUSTOMER:
		return take_asn(rd);
	case MAX_LENGTH:
		return take_max_length(rd);
	case SKI:
		return take_ski(rd);
	case PUBLIC_KEY:
		return take_public_key(rd);
	case PROVIDERS:
		return take_providers(rd);
	case COMMENT:
		return take(rd, &t, JSON_TOKEN_STRING);
	case MEMBERS:
		break;
	}
	return -1;
}

static int
take_document(struct slurm_reader *rd)
{
	unsigned have = 0;
	struct json_token t;
	struct place place;

	if (take(rd, &t, JSON_TOKEN_OBJECT) < 0)
		return -1;
	place = here(rd);
	if (take_object(rd, DOCUMENT, &have) < 0 || next(rd, &t) < 0 || require(rd, place, have, DOCUMENT) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(sections); i++) {
		enter(rd, sections[i].member);
		if (require(rd, rd->section[i].place, rd->section[i].have,
			    rd->version == 1 ? sections[i].lists & ~ASPA_LISTS : sections[i].lists) < 0)
			return -1;
		leave(rd);
	}
	return 0;
}

int
slurm_read(struct slurm_builder *b, const char *name, const struct feed_input *in, struct vrp_err *err)
{
	struct slurm_reader rd = {.b = b, .err = err, .file = (uint32_t)(b->files.len / sizeof(name))};
	int rc;

	vrp_err_clear(err);
	name = arena_dup(&b->arena, name, strlen(name) + 1);
	if (!name || buf_add(&b->files, &name, sizeof(name)) < 0)
		return vrp_err_nomem(err);
	rd.r = json_reader_new(in->read, in->ctx);
	rc = rd.r ? take_document(&rd) : vrp_err_nomem(err);
	json_reader_free(rd.r);
	buf_release(&rd.entry.ski);
	buf_release(&rd.entry.spki);
	buf_release(&rd.entry.providers);
	return rc;
}
