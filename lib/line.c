/* SPDX-License-Identifier: ISC */
#include "line.h"

#include "enc.h"
#include "num.h"

#define FIELDS_MAX 7

struct field {
	const char *s;
	size_t len;
};

struct fields {
	const char *line;	/* columns count from here */
	struct field f[FIELDS_MAX];
	size_t count;		/* FIELDS_MAX also stands for more */
};

void
line_scratch_release(struct line_scratch *scratch)
{
	buf_release(&scratch->bytes);
}

static void
split(const char *s, size_t len, struct fields *out)
{
	const char *end = s + len;

	out->line = s;
	out->count = 0;
	while (out->count < FIELDS_MAX) {
		while (s < end && (*s == ' ' || *s == '\t'))
			s++;
		if (s == end)
			return;
		out->f[out->count].s = s;
		while (s < end && *s != ' ' && *s != '\t')
			s++;
		out->f[out->count].len = (size_t)(s - out->f[out->count].s);
		out->count++;
	}
}

static bool
field_is(const struct field *f, const char *text)
{
	return f->len == strlen(text) && memcmp(f->s, text, f->len) == 0;
}

/* Fail at field i; the text is quoted, cut to a sensible length. */
static int
bad(const struct fields *fs, size_t i, struct vrp_err *err, const char *what)
{
	const struct field *f = &fs->f[i];

	return vrp_err_at(err, err ? err->line : 0, (size_t)(f->s - fs->line) + 1, "%s '%.*s'", what,
			  (int)(f->len < 60 ? f->len : 60), f->s);
}

/* The two annotations behind field first, either or both of which may be absent. */
static int
parse_annotations(const struct fields *fs, size_t first, struct names *names, uint16_t *ta, uint32_t *expires,
		  struct vrp_err *err)
{
	uint64_t when;
	int id;

	*ta = 0;
	*expires = EXPIRES_UNKNOWN;
	if (fs->count > first) {
		id = names_token(names, fs->f[first].s, fs->f[first].len);
		if (id < 0)
			return bad(fs, first, err, "bad trust anchor (or too many of them)");
		*ta = (uint16_t)id;
	}
	if (fs->count > first + 1 && !field_is(&fs->f[first + 1], "-")) {
		if (!num_u64(fs->f[first + 1].s, fs->f[first + 1].len, &when))
			return bad(fs, first + 1, err, "bad expiry");
		*expires = when < EXPIRES_MAX ? (uint32_t)when : EXPIRES_MAX;
	}
	return 0;
}

static int
wrong_count(const struct fields *fs, size_t lo, size_t hi, struct vrp_err *err)
{
	return vrp_err_at(err, err ? err->line : 0, 1, "%s%zu fields where %zu to %zu are needed",
			  fs->count == FIELDS_MAX ? "at least " : "", fs->count, lo, hi);
}

static int
parse_vrp(const struct fields *fs, struct names *names, struct vrp *vrp, struct vrp_err *err)
{
	const char *reason = "bad prefix";
	uint32_t maxlen;

	*vrp = (struct vrp){0};
	if (!prefix_parse(fs->f[0].s, fs->f[0].len, &vrp->prefix, &reason))
		return bad(fs, 0, err, fs->count < 3 ? "no record:" : reason);
	if (fs->count < 3 || fs->count > 5)
		return wrong_count(fs, 3, 5, err);
	if (prefix_has_host_bits(&vrp->prefix))
		return bad(fs, 0, err, "host bits set in prefix");
	if (field_is(&fs->f[1], "-"))
		maxlen = vrp->prefix.len;
	else if (!num_u32(fs->f[1].s, fs->f[1].len, &maxlen))
		return bad(fs, 1, err, "bad maximum length");
	if (maxlen < vrp->prefix.len || maxlen > prefix_bits((enum family)vrp->prefix.family))
		return bad(fs, 1, err, "maximum length out of range");
	vrp->maxlen = (uint8_t)maxlen;
	if (!num_asn(fs->f[2].s, fs->f[2].len, &vrp->asn))
		return bad(fs, 2, err, "bad AS number");
	return parse_annotations(fs, 3, names, &vrp->ta, &vrp->expires, err);
}

static int
parse_router_key(const struct fields *fs, struct names *names, struct line_scratch *scratch, struct router_key *key,
		 struct vrp_err *err)
{
	ptrdiff_t len;

	*key = (struct router_key){0};
	if (fs->count < 4 || fs->count > 6)
		return wrong_count(fs, 4, 6, err);
	if (!num_asn(fs->f[1].s, fs->f[1].len, &key->asn))
		return bad(fs, 1, err, "bad AS number");
	if (!hex_decode(fs->f[2].s, fs->f[2].len, key->ski, SKI_LEN))
		return bad(fs, 2, err, "bad subject key identifier");
	buf_reset(&scratch->bytes);
	if (buf_reserve(&scratch->bytes, fs->f[3].len / 4 * 3 + 3) < 0)
		return vrp_err_nomem(err);
	len = base64_decode(fs->f[3].s, fs->f[3].len, BASE64_STRICT, (unsigned char *)scratch->bytes.data);
	if (len <= 0)
		return bad(fs, 3, err, "bad base64");
	if (len > SPKI_MAX)
		return bad(fs, 3, err, "key too long");
	key->spki = (const uint8_t *)scratch->bytes.data;
	key->spki_len = (uint16_t)len;
	return parse_annotations(fs, 4, names, &key->ta, &key->expires, err);
}

static int
parse_aspa(const struct fields *fs, struct names *names, struct line_scratch *scratch, struct aspa *aspa,
	   struct vrp_err *err)
{
	const char *s, *end;

	*aspa = (struct aspa){0};
	if (fs->count < 3 || fs->count > 5)
		return wrong_count(fs, 3, 5, err);
	if (!num_asn(fs->f[1].s, fs->f[1].len, &aspa->customer))
		return bad(fs, 1, err, "bad AS number");
	buf_reset(&scratch->bytes);
	s = fs->f[2].s;
	end = s + fs->f[2].len;
	for (;;) {
		const char *comma = memchr(s, ',', (size_t)(end - s));
		const char *stop = comma ? comma : end;
		uint32_t asn;

		if (!num_asn(s, (size_t)(stop - s), &asn))
			return bad(fs, 2, err, "bad provider AS in");
		if (aspa->provider_count++ == ASPA_PROVIDERS_MAX)
			return bad(fs, 2, err, "too many providers:");
		if (buf_add(&scratch->bytes, &asn, sizeof(asn)) < 0)
			return vrp_err_nomem(err);
		if (!comma)
			break;
		s = comma + 1;
	}
	aspa->providers = (const uint32_t *)(const void *)scratch->bytes.data;
	return parse_annotations(fs, 3, names, &aspa->ta, &aspa->expires, err);
}

int
line_parse(const char *s, size_t len, struct names *names, struct line_scratch *scratch, struct payload *out,
	   struct vrp_err *err)
{
	struct fields fs;

	split(s, len, &fs);
	if (fs.count == 0)
		return vrp_err_at(err, err ? err->line : 0, 1, "empty record");
	if (VRP_UNLIKELY(field_is(&fs.f[0], "router-key"))) {
		out->kind = PAYLOAD_ROUTER_KEY;
		return parse_router_key(&fs, names, scratch, &out->key, err);
	}
	if (VRP_UNLIKELY(field_is(&fs.f[0], "aspa"))) {
		out->kind = PAYLOAD_ASPA;
		return parse_aspa(&fs, names, scratch, &out->aspa, err);
	}
	out->kind = PAYLOAD_VRP;
	return parse_vrp(&fs, names, &out->vrp, err);
}

/* The expiry and the newline behind it, or NULL. */
static const char *
scan_expiry(const char *s, const char *end, uint32_t *out)
{
	*out = EXPIRES_UNKNOWN;
	if (s < end && *s == '-')
		s++;
	else if (!(s = num_scan_u32(s, end, out)) || *out > EXPIRES_MAX)
		return NULL;
	return s < end && *s == '\n' ? s + 1 : NULL;
}

const char *
line_scan_vrp(const char *s, const char *end, struct names *names, struct vrp *out)
{
	const char *ta;
	uint32_t maxlen;
	size_t ta_len;
	int id;

	s = prefix_scan(s, end, &out->prefix);
	if (!s || s == end || *s != ' ')
		return NULL;
	s = num_scan_u32(s + 1, end, &maxlen);
	if (!s || end - s < 3 || s[0] != ' ' || s[1] != 'A' || s[2] != 'S')
		return NULL;
	s = num_scan_u32(s + 3, end, &out->asn);
	if (!s || s == end || *s != ' ')
		return NULL;
	for (ta = ++s; s < end && *s > ' ';)
		s++;
	ta_len = (size_t)(s - ta);
	if (ta_len == 0 || s == end || *s != ' ')
		return NULL;
	s = scan_expiry(s + 1, end, &out->expires);
	if (!s || maxlen < out->prefix.len || maxlen > prefix_bits((enum family)out->prefix.family) ||
	    prefix_has_host_bits(&out->prefix))
		return NULL;
	/* Last, because names get nothing from a line that is bad elsewhere. */
	id = names_token(names, ta, ta_len);
	if (id < 0)
		return NULL;
	out->maxlen = (uint8_t)maxlen;
	out->ta = (uint16_t)id;
	return s;
}

static char *
format_asn(char *dst, uint32_t asn)
{
	memcpy(dst, "AS", 2);
	return num_format_u32(dst + 2, asn);
}

/* A blank, the trust anchor, a blank, the expiry. */
static char *
format_annotations(char *dst, uint16_t ta, uint32_t expires, const struct names *names)
{
	size_t len;
	const char *name = names_get(names, ta, &len);

	*dst++ = ' ';
	memcpy(dst, name, len <= NAME_SHORT ? NAME_SHORT : len);
	dst += len;
	*dst++ = ' ';
	if (expires != EXPIRES_UNKNOWN)
		return num_format_u32(dst, expires);
	*dst++ = '-';
	return dst;
}

char *
line_format_vrp(char *dst, const struct vrp *vrp, const struct names *names)
{
	dst = prefix_format(dst, &vrp->prefix);
	*dst++ = ' ';
	dst = num_format_u8(dst, vrp->maxlen);
	*dst++ = ' ';
	dst = format_asn(dst, vrp->asn);
	return format_annotations(dst, vrp->ta, vrp->expires, names);
}

static char *
format_router_key(char *dst, const struct router_key *key, const struct names *names)
{
	memcpy(dst, "router-key ", 11);
	dst = format_asn(dst + 11, key->asn);
	*dst++ = ' ';
	dst = hex_encode(dst, key->ski, SKI_LEN);
	*dst++ = ' ';
	dst = base64_encode(dst, key->spki, key->spki_len);
	return format_annotations(dst, key->ta, key->expires, names);
}

static char *
format_aspa(char *dst, const struct aspa *aspa, const struct names *names)
{
	memcpy(dst, "aspa ", 5);
	dst = format_asn(dst + 5, aspa->customer);
	*dst++ = ' ';
	for (uint32_t i = 0; i < aspa->provider_count; i++) {
		if (i)
			*dst++ = ',';
		dst = format_asn(dst, aspa->providers[i]);
	}
	return format_annotations(dst, aspa->ta, aspa->expires, names);
}

void
line_write(struct out *out, char sign, const struct payload *p, const struct names *names)
{
	size_t need = LINE_VRP_MAX;
	char *start, *dst;

	if (p->kind == PAYLOAD_ROUTER_KEY)
		need += 2 * SKI_LEN + BASE64_LEN((size_t)p->key.spki_len);
	else if (p->kind == PAYLOAD_ASPA)
		need += (size_t)p->aspa.provider_count * 13;
	start = dst = out_room(out, need);
	if (!start)
		return;
	if (sign)
		*dst++ = sign;
	switch (p->kind) {
	case PAYLOAD_VRP:
		dst = line_format_vrp(dst, &p->vrp, names);
		break;
	case PAYLOAD_ROUTER_KEY:
		dst = format_router_key(dst, &p->key, names);
		break;
	case PAYLOAD_ASPA:
		dst = format_aspa(dst, &p->aspa, names);
		break;
	}
	*dst++ = '\n';
	out_advance(out, (size_t)(dst - start));
}

static size_t
digits(uint32_t v)
{
	char text[10];

	return (size_t)(num_format_u32(text, v) - text);
}

/* With the blank before them, and the newline. */
static size_t
annotations_length(uint16_t ta, uint32_t expires, const struct names *names)
{
	size_t len;

	(void)names_get(names, ta, &len);
	return 1 + len + 1 + (expires == EXPIRES_UNKNOWN ? 1 : digits(expires)) + 1;
}

static size_t
aspa_length(const struct aspa *aspa)
{
	size_t len = strlen("aspa AS") + digits(aspa->customer);

	for (uint32_t i = 0; i < aspa->provider_count; i++)
		len += strlen(" AS") + digits(aspa->providers[i]);
	return len;
}

size_t
line_length(const struct payload *p, const struct names *names)
{
	char text[LINE_VRP_MAX];

	switch (p->kind) {
	case PAYLOAD_VRP:
		return (size_t)(line_format_vrp(text, &p->vrp, names) - text) + 1;
	case PAYLOAD_ROUTER_KEY:
		return strlen("router-key AS") + digits(p->key.asn) + 1 + 2 * SKI_LEN + 1 + BASE64_LEN((size_t)p->key.spki_len) +
		       annotations_length(p->key.ta, p->key.expires, names);
	case PAYLOAD_ASPA:
		return aspa_length(&p->aspa) + annotations_length(p->aspa.ta, p->aspa.expires, names);
	}
	return 0;
}
