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

#include "feed_internal.h"
#include "slurm_reader.h"

static const char *const names[MEMBER_COUNT] = {
	[MEMBER_VERSION] = "slurmVersion",
	[MEMBER_FILTERS] = "validationOutputFilters",
	[MEMBER_ASSERTIONS] = "locallyAddedAssertions",
	[MEMBER_PREFIX_FILTERS] = "prefixFilters",
	[MEMBER_BGPSEC_FILTERS] = "bgpsecFilters",
	[MEMBER_ASPA_FILTERS] = "aspaFilters",
	[MEMBER_PREFIX_ASSERTIONS] = "prefixAssertions",
	[MEMBER_BGPSEC_ASSERTIONS] = "bgpsecAssertions",
	[MEMBER_ASPA_ASSERTIONS] = "aspaAssertions",
	[MEMBER_PREFIX] = "prefix",
	[MEMBER_ASN] = "asn",
	[MEMBER_MAX_LENGTH] = "maxPrefixLength",
	[MEMBER_SKI] = "SKI",
	[MEMBER_PUBLIC_KEY] = "routerPublicKey",
	[MEMBER_CUSTOMER] = "customerAsn",
	[MEMBER_PROVIDERS] = "providerAsns",
	[MEMBER_COMMENT] = "comment",
};

#define DOCUMENT (BIT(MEMBER_VERSION) | BIT(MEMBER_FILTERS) | BIT(MEMBER_ASSERTIONS))

/* The lists of the two sections. */
static const struct {
	enum slurm_member member;
	unsigned lists, aspa_lists;	/* aspa_lists: version 2 only */
} sections[2] = {
	{MEMBER_FILTERS, BIT(MEMBER_PREFIX_FILTERS) | BIT(MEMBER_BGPSEC_FILTERS), BIT(MEMBER_ASPA_FILTERS)},
	{MEMBER_ASSERTIONS, BIT(MEMBER_PREFIX_ASSERTIONS) | BIT(MEMBER_BGPSEC_ASSERTIONS), BIT(MEMBER_ASPA_ASSERTIONS)},
};

/* What the entries of a list may and must have. */
static const struct shape {
	unsigned required, optional;
	unsigned either;	/* of filters: one of these at least, */
	const char *neither;	/* or this is wrong */
} shapes[MEMBER_COUNT] = {
	[MEMBER_PREFIX_FILTERS] = {0, 0, BIT(MEMBER_PREFIX) | BIT(MEMBER_ASN), "neither 'prefix' nor 'asn'"},
	[MEMBER_BGPSEC_FILTERS] = {0, 0, BIT(MEMBER_ASN) | BIT(MEMBER_SKI), "neither 'asn' nor 'SKI'"},
	[MEMBER_ASPA_FILTERS] = {.required = BIT(MEMBER_CUSTOMER)},
	[MEMBER_PREFIX_ASSERTIONS] = {BIT(MEMBER_PREFIX) | BIT(MEMBER_ASN), .optional = BIT(MEMBER_MAX_LENGTH)},
	[MEMBER_BGPSEC_ASSERTIONS] = {.required = BIT(MEMBER_ASN) | BIT(MEMBER_SKI) | BIT(MEMBER_PUBLIC_KEY)},
	[MEMBER_ASPA_ASSERTIONS] = {.required = BIT(MEMBER_CUSTOMER) | BIT(MEMBER_PROVIDERS)},
};

struct slurm_place
slurm_reader_here(struct slurm_reader *rd)
{
	struct slurm_place p;

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

int
slurm_reader_bad_at(struct slurm_reader *rd, struct slurm_place place, const char *fmt, ...)
{
	char path[160], text[sizeof(rd->err->msg)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	format_path(rd, path, sizeof(path));
	return vrp_err_at(rd->err, place.line, place.column, "%s%s", path, text);
}

int
slurm_reader_next(struct slurm_reader *rd, struct json_token *t)
{
	return json_reader_next(rd->r, t) == JSON_TOKEN_ERROR ? json_reader_error(rd->r, rd->err) : 0;
}

int
slurm_reader_expect(struct slurm_reader *rd, const struct json_token *t, enum json_token_type type)
{
	static const char *const kind[] = {
		[JSON_TOKEN_OBJECT] = "an object", [JSON_TOKEN_ARRAY] = "an array", [JSON_TOKEN_STRING] = "a string",
		[JSON_TOKEN_INT] = "a whole number", [JSON_TOKEN_REAL] = "a real number", [JSON_TOKEN_TRUE] = "true",
		[JSON_TOKEN_FALSE] = "false", [JSON_TOKEN_NULL] = "null",
	};

	return t->type == type ? 0 : slurm_reader_bad(rd, "%s was expected, not %s", kind[type], kind[t->type]);
}

int
slurm_reader_take(struct slurm_reader *rd, struct json_token *t, enum json_token_type type)
{
	return slurm_reader_next(rd, t) < 0 ? -1 : slurm_reader_expect(rd, t, type);
}

/* A string that is looked into, short enough to be held. */
int
slurm_reader_text(struct slurm_reader *rd, struct json_token *t)
{
	if (slurm_reader_take(rd, t, JSON_TOKEN_STRING) < 0)
		return -1;
	return t->cut ? slurm_reader_bad(rd, "the text is too long") : 0;
}

static enum slurm_member
find_member(const struct json_token *key, unsigned known)
{
	for (enum slurm_member m = 0; m < MEMBER_COUNT; m++)
		if (known & BIT(m) && strlen(names[m]) == key->len && memcmp(names[m], key->str, key->len) == 0)
			return m;
	return MEMBER_COUNT;
}

static int
require(struct slurm_reader *rd, struct slurm_place place, unsigned have, unsigned required)
{
	for (enum slurm_member m = 0; m < MEMBER_COUNT; m++)
		if (required & ~have & BIT(m))
			return slurm_reader_bad_at(rd, place, "member '%s' is missing", names[m]);
	return 0;
}

void
slurm_reader_enter(struct slurm_reader *rd, enum slurm_member member)
{
	rd->path[rd->depth].name = names[member];
	rd->path[rd->depth++].index = NO_INDEX;
}

void
slurm_reader_leave(struct slurm_reader *rd)
{
	rd->depth--;
}

static int take_member(struct slurm_reader *rd, enum slurm_member member);

/* The members of an object whose opening brace was read. */
static int
take_object(struct slurm_reader *rd, unsigned known, unsigned *have)
{
	struct json_token t;
	enum slurm_member member;

	for (;;) {
		if (slurm_reader_next(rd, &t) < 0)
			return -1;
		if (t.type == JSON_TOKEN_OBJECT_END)
			return 0;
		member = find_member(&t, known);
		if (member == MEMBER_COUNT)
			return slurm_reader_bad(rd, "unknown member %s",
						t.cut ? "of a very long name" : feed_quote(t.str, t.len).text);
		slurm_reader_enter(rd, member);
		if (*have & BIT(member))
			return slurm_reader_bad(rd, "the member is there twice");
		*have |= BIT(member);
		if (take_member(rd, member) < 0)
			return -1;
		slurm_reader_leave(rd);
	}
}

/* An element, whose first token is t. */
static int
take_entry(struct slurm_reader *rd, enum slurm_member list, const struct json_token *t)
{
	const struct shape *shape = &shapes[list];
	unsigned known = shape->required | shape->optional | shape->either | BIT(MEMBER_COMMENT);
	unsigned *have = &rd->entry.have;
	struct slurm_place place;

	if (slurm_reader_expect(rd, t, JSON_TOKEN_OBJECT) < 0)
		return -1;
	place = slurm_reader_here(rd);
	*have = 0;
	if (take_object(rd, known, have) < 0 || require(rd, place, *have, shape->required) < 0)
		return -1;
	if (shape->either && !(*have & shape->either))
		return slurm_reader_bad_at(rd, place, "%s", shape->neither);
	return slurm_entry_add(rd, list);
}

/* Version 1 has no ASPAs.  Asked whenever one of the two was read. */
static int
check_version(struct slurm_reader *rd)
{
	if (rd->version != 1 || rd->aspa_place.line == 0)
		return 0;
	rd->depth = 0;
	slurm_reader_enter(rd, rd->aspa_section);
	slurm_reader_enter(rd, rd->aspa_list);
	return slurm_reader_bad_at(rd, rd->aspa_place, "slurmVersion 1 has no such member");
}

static int
take_list(struct slurm_reader *rd, enum slurm_member list)
{
	size_t *index = &rd->path[rd->depth - 1].index;
	struct json_token t;

	if ((list == MEMBER_ASPA_FILTERS || list == MEMBER_ASPA_ASSERTIONS) && rd->aspa_place.line == 0) {
		rd->aspa_place = slurm_reader_here(rd);
		rd->aspa_section = list == MEMBER_ASPA_FILTERS ? MEMBER_FILTERS : MEMBER_ASSERTIONS;
		rd->aspa_list = list;
	}
	if (check_version(rd) < 0 || slurm_reader_take(rd, &t, JSON_TOKEN_ARRAY) < 0)
		return -1;
	for (*index = 0;; ++*index) {
		if (slurm_reader_next(rd, &t) < 0)
			return -1;
		if (t.type == JSON_TOKEN_ARRAY_END)
			return 0;
		if (take_entry(rd, list, &t) < 0)
			return -1;
	}
}

static int
take_section(struct slurm_reader *rd, size_t i)
{
	struct json_token t;

	if (slurm_reader_take(rd, &t, JSON_TOKEN_OBJECT) < 0)
		return -1;
	rd->section[i].place = slurm_reader_here(rd);
	return take_object(rd, sections[i].lists | sections[i].aspa_lists, &rd->section[i].have);
}

static int
take_version(struct slurm_reader *rd)
{
	struct json_token t;

	if (slurm_reader_take(rd, &t, JSON_TOKEN_INT) < 0)
		return -1;
	if (t.num != 1 && t.num != 2)
		return slurm_reader_bad(rd, "%lld is neither 1 nor 2", (long long)t.num);
	rd->version = t.num;
	return check_version(rd);
}

static int
take_member(struct slurm_reader *rd, enum slurm_member member)
{
	switch (member) {
	case MEMBER_VERSION:
		return take_version(rd);
	case MEMBER_FILTERS:
		return take_section(rd, 0);
	case MEMBER_ASSERTIONS:
		return take_section(rd, 1);
	case MEMBER_PREFIX_FILTERS:
	case MEMBER_BGPSEC_FILTERS:
	case MEMBER_ASPA_FILTERS:
	case MEMBER_PREFIX_ASSERTIONS:
	case MEMBER_BGPSEC_ASSERTIONS:
	case MEMBER_ASPA_ASSERTIONS:
		return take_list(rd, member);
	default:
		return slurm_entry_take(rd, member);
	}
}

static int
take_document(struct slurm_reader *rd)
{
	unsigned have = 0, required;
	struct json_token t;
	struct slurm_place place;

	if (slurm_reader_take(rd, &t, JSON_TOKEN_OBJECT) < 0)
		return -1;
	place = slurm_reader_here(rd);
	/* The token behind it is the end, or there is an error. */
	if (take_object(rd, DOCUMENT, &have) < 0 || slurm_reader_next(rd, &t) < 0 ||
	    require(rd, place, have, DOCUMENT) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(sections); i++) {
		slurm_reader_enter(rd, sections[i].member);
		required = sections[i].lists | (rd->version == 1 ? 0 : sections[i].aspa_lists);
		if (require(rd, rd->section[i].place, rd->section[i].have, required) < 0)
			return -1;
		slurm_reader_leave(rd);
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
	slurm_entry_release(&rd.entry);
	return rc;
}
