/* SPDX-License-Identifier: ISC */
/* Entries of SLURM's lists: their values, and what they are to the builder. */
#include "enc.h"
#include "feed_internal.h"
#include "slurm_reader.h"

static int
token_asn(struct slurm_reader *rd, const struct json_token *t, uint32_t *out)
{
	if (slurm_reader_expect(rd, t, JSON_TOKEN_INT) < 0)
		return -1;
	if (t->num < 0 || t->num > UINT32_MAX)
		return slurm_reader_bad(rd, "%lld is not an AS number", (long long)t->num);
	*out = (uint32_t)t->num;
	return 0;
}

static int
take_asn(struct slurm_reader *rd)
{
	struct json_token t;

	return slurm_reader_next(rd, &t) < 0 ? -1 : token_asn(rd, &t, &rd->entry.asn);
}

static int
take_prefix(struct slurm_reader *rd)
{
	struct prefix *p = &rd->entry.prefix;
	const char *reason;
	struct json_token t;

	if (slurm_reader_text(rd, &t) < 0)
		return -1;
	if (!prefix_parse(t.str, t.len, p, &reason))
		return slurm_reader_bad(rd, "%s: %s", reason, feed_quote(t.str, t.len).text);
	if (prefix_has_host_bits(p))
		return slurm_reader_bad(rd, "host bits set in prefix %s", feed_quote(t.str, t.len).text);
	return 0;
}

static int
take_max_length(struct slurm_reader *rd)
{
	struct json_token t;

	if (slurm_reader_take(rd, &t, JSON_TOKEN_INT) < 0)
		return -1;
	rd->entry.max_length = t.num;
	rd->entry.max_length_place = slurm_reader_here(rd);
	return 0;
}

/* Base64 of RFC 4648 section 5 without padding; published files also have the '+' and '/' of section 4. */
static int
take_base64(struct slurm_reader *rd, struct buf *out)
{
	struct json_token t;
	ptrdiff_t len;

	if (slurm_reader_text(rd, &t) < 0)
		return -1;
	if (memchr(t.str, '=', t.len))
		return slurm_reader_bad(rd, "base64 with padding: %s", feed_quote(t.str, t.len).text);
	buf_reset(out);
	if (buf_reserve(out, t.len / 4 * 3 + 3) < 0)
		return vrp_err_nomem(rd->err);
	len = base64_decode(t.str, t.len, BASE64_ANY, (unsigned char *)out->data);
	if (len < 0)
		return slurm_reader_bad(rd, "not base64: %s", feed_quote(t.str, t.len).text);
	out->len = (size_t)len;
	return 0;
}

static int
take_ski(struct slurm_reader *rd)
{
	struct buf *ski = &rd->entry.ski;

	if (take_base64(rd, ski) < 0)
		return -1;
	if (ski->len != SKI_LEN)
		return slurm_reader_bad(rd, "a subject key identifier has %d bytes, not %zu", SKI_LEN, ski->len);
	return 0;
}

/* The SubjectPublicKeyInfo is not looked into: published files have made-up ones, and a router judges it anyway. */
static int
take_public_key(struct slurm_reader *rd)
{
	struct buf *spki = &rd->entry.spki;

	if (take_base64(rd, spki) < 0)
		return -1;
	if (spki->len == 0)
		return slurm_reader_bad(rd, "the key is empty");
	if (spki->len > SPKI_MAX)
		return slurm_reader_bad(rd, "a key of %zu bytes, more than %d", spki->len, SPKI_MAX);
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
			return slurm_reader_bad(rd, "AS%u is listed twice", asn);
		if (asn < last)
			return slurm_reader_bad(rd, "AS%u stands behind AS%u: providers have to ascend", asn, last);
		if (last == 0)
			return slurm_reader_bad(rd, "AS%u beside AS0, which has to be alone", asn);
		if (list->len / sizeof(asn) == ASPA_PROVIDERS_MAX)
			return slurm_reader_bad(rd, "more than %d providers", ASPA_PROVIDERS_MAX);
	}
	return buf_add(list, &asn, sizeof(asn)) < 0 ? vrp_err_nomem(rd->err) : 0;
}

static int
take_providers(struct slurm_reader *rd)
{
	size_t *index = &rd->path[rd->depth - 1].index;
	struct json_token t;

	buf_reset(&rd->entry.providers);
	if (slurm_reader_take(rd, &t, JSON_TOKEN_ARRAY) < 0)
		return -1;
	rd->entry.providers_place = slurm_reader_here(rd);
	for (*index = 0;; ++*index) {
		if (slurm_reader_next(rd, &t) < 0)
			return -1;
		if (t.type == JSON_TOKEN_ARRAY_END)
			break;
		if (add_provider(rd, &t) < 0)
			return -1;
	}
	*index = NO_INDEX;
	if (rd->entry.providers.len == 0)
		return slurm_reader_bad_at(rd, rd->entry.providers_place, "there are no providers");
	return 0;
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
	const struct slurm_entry *e = &rd->entry;
	struct slurm_prefix_filter f = {0};

	if (e->have & BIT(MEMBER_ASN)) {
		f.has_asn = true;
		f.asn = e->asn;
	}
	if (e->have & BIT(MEMBER_PREFIX)) {
		f.has_prefix = true;
		f.prefix = e->prefix;
		if (claim_prefix(rd) < 0)
			return -1;
	}
	return push(rd, &rd->b->prefix_filters, &f, sizeof(f));
}

static int
add_bgpsec_filter(struct slurm_reader *rd)
{
	const struct slurm_entry *e = &rd->entry;
	struct slurm_key_filter f = {0};

	if (e->have & BIT(MEMBER_SKI)) {
		f.has_ski = true;
		memcpy(f.ski, e->ski.data, SKI_LEN);
	}
	if (e->have & BIT(MEMBER_ASN)) {
		f.has_asn = true;
		f.asn = e->asn;
		if (claim_as(rd, &rd->b->key_claims) < 0)
			return -1;
	}
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
	const struct slurm_entry *e = &rd->entry;
	int bits = (int)prefix_bits((enum family)e->prefix.family);

	slurm_reader_enter(rd, MEMBER_MAX_LENGTH);
	if (e->max_length < e->prefix.len)
		return slurm_reader_bad_at(rd, e->max_length_place, "%lld is below the prefix length, %d",
					   (long long)e->max_length, e->prefix.len);
	if (e->max_length > bits)
		return slurm_reader_bad_at(rd, e->max_length_place, "%lld is above %d", (long long)e->max_length, bits);
	slurm_reader_leave(rd);
	return 0;
}

static int
add_prefix_assertion(struct slurm_reader *rd)
{
	const struct slurm_entry *e = &rd->entry;
	struct payload p = {.kind = PAYLOAD_VRP};

	p.vrp = (struct vrp){.prefix = e->prefix, .maxlen = e->prefix.len, .asn = e->asn, .expires = EXPIRES_UNKNOWN};
	if (e->have & BIT(MEMBER_MAX_LENGTH)) {
		if (check_max_length(rd) < 0)
			return -1;
		p.vrp.maxlen = (uint8_t)e->max_length;
	}
	return claim_prefix(rd) < 0 ? -1 : assert_payload(rd, &p);
}

static int
add_bgpsec_assertion(struct slurm_reader *rd)
{
	const struct slurm_entry *e = &rd->entry;
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
	const struct slurm_entry *e = &rd->entry;
	struct payload p = {.kind = PAYLOAD_ASPA};

	p.aspa.customer = e->asn;
	p.aspa.expires = EXPIRES_UNKNOWN;
	p.aspa.providers = (const void *)e->providers.data;
	p.aspa.provider_count = (uint32_t)(e->providers.len / sizeof(*p.aspa.providers));
	for (uint32_t i = 0; i < p.aspa.provider_count; i++) {
		if (p.aspa.providers[i] != e->asn)
			continue;
		slurm_reader_enter(rd, MEMBER_PROVIDERS);
		rd->path[rd->depth - 1].index = i;
		return slurm_reader_bad_at(rd, e->providers_place, "AS%u is the customer itself", e->asn);
	}
	return claim_as(rd, &rd->b->aspa_claims) < 0 ? -1 : assert_payload(rd, &p);
}

int
slurm_entry_take(struct slurm_reader *rd, enum slurm_member member)
{
	struct json_token t;

	switch (member) {
	case MEMBER_PREFIX:
		return take_prefix(rd);
	case MEMBER_ASN:
	case MEMBER_CUSTOMER:
		return take_asn(rd);
	case MEMBER_MAX_LENGTH:
		return take_max_length(rd);
	case MEMBER_SKI:
		return take_ski(rd);
	case MEMBER_PUBLIC_KEY:
		return take_public_key(rd);
	case MEMBER_PROVIDERS:
		return take_providers(rd);
	default:
		/* A comment, of any length. */
		return slurm_reader_take(rd, &t, JSON_TOKEN_STRING);
	}
}

int
slurm_entry_add(struct slurm_reader *rd, enum slurm_member list)
{
	switch (list) {
	case MEMBER_PREFIX_FILTERS:
		return add_prefix_filter(rd);
	case MEMBER_BGPSEC_FILTERS:
		return add_bgpsec_filter(rd);
	case MEMBER_ASPA_FILTERS:
		return add_aspa_filter(rd);
	case MEMBER_PREFIX_ASSERTIONS:
		return add_prefix_assertion(rd);
	case MEMBER_BGPSEC_ASSERTIONS:
		return add_bgpsec_assertion(rd);
	default:
		return add_aspa_assertion(rd);
	}
}

void
slurm_entry_release(struct slurm_entry *e)
{
	buf_release(&e->ski);
	buf_release(&e->spki);
	buf_release(&e->providers);
}
