/* SPDX-License-Identifier: ISC */
/*
 * Validation by the million: routes as lines of text or as columns, in batches
 * of a size that stays in the processor's cache.
 */
#include "glue.h"

#include <string.h>

#define BATCH 512
#define TOKEN_MAX 64	/* longer than any prefix, with its NUL */

struct batch {
	const struct vrp_view *view;
	int8_t *states;			/* of all routes */
	size_t count;
	struct vrp_route routes[BATCH];
	size_t places[BATCH];		/* of each in states */
	struct vrp_verdict verdicts[BATCH];
};

static void
batch_init(struct batch *b, const struct vrp_view *view, int8_t *states)
{
	b->view = view;
	b->states = states;
	b->count = 0;
}

static void
batch_flush(struct batch *b)
{
	vrp_view_validate_many(b->view, b->routes, b->count, b->verdicts);
	for (size_t i = 0; i < b->count; i++)
		b->states[b->places[i]] = (int8_t)b->verdicts[i].state;
	b->count = 0;
}

/* Room for the next route, which the caller fills in. */
static struct vrp_route *
batch_next(struct batch *b, size_t place)
{
	struct vrp_route *route;

	if (b->count == BATCH)
		batch_flush(b);
	b->places[b->count] = place;
	route = &b->routes[b->count++];
	memset(route, 0, sizeof(*route));
	return route;
}

/* ---- Text */

struct token {
	const char *at;
	size_t len;
};

/* The next word of a line; one that begins with # ends it. */
static bool
token_next(const char **s, const char *end, struct token *out)
{
	const char *p = *s;

	while (p < end && (*p == ' ' || *p == '\t' || *p == '\r'))
		p++;
	out->at = p;
	while (p < end && *p != ' ' && *p != '\t' && *p != '\r')
		p++;
	out->len = (size_t)(p - out->at);
	*s = p;
	return out->len > 0 && *out->at != '#';
}

static bool
number_of(const char *s, size_t len, uint32_t max, uint32_t *out)
{
	uint64_t value = 0;

	if (len == 0 || len > 10)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (s[i] < '0' || s[i] > '9')
			return false;
		value = value * 10 + (uint64_t)(s[i] - '0');
	}
	*out = (uint32_t)value;
	return value <= max;
}

static bool
asn_of(const char *s, size_t len, uint32_t *out)
{
	if (len > 2 && (s[0] == 'A' || s[0] == 'a') && (s[1] == 'S' || s[1] == 's')) {
		s += 2;
		len -= 2;
	}
	return number_of(s, len, UINT32_MAX, out);
}

/* An AS of a path, or a set of them, which is no origin: 0. */
static bool
hop_of(const struct token *t, uint32_t *out)
{
	const char *s = t->at + 1, *end = t->at + t->len - 1, *comma;

	if (*t->at != '{')
		return asn_of(t->at, t->len, out);
	if (t->len < 3 || *end != '}')
		return false;
	for (; s < end; s = comma + 1) {
		comma = memchr(s, ',', (size_t)(end - s));
		if (comma == NULL)
			comma = end;
		if (!asn_of(s, (size_t)(comma - s), out))
			return false;
	}
	*out = 0;
	return end[-1] != ',';
}

static bool
prefix_from(const struct token *address, const struct token *length, struct vrp_prefix *out)
{
	char text[TOKEN_MAX];
	size_t len = address->len;

	if (len + (length != NULL ? length->len + 1 : 0) >= sizeof(text) || memchr(address->at, '\0', len) != NULL)
		return false;
	memcpy(text, address->at, len);
	if (length != NULL) {
		text[len++] = '/';
		memcpy(text + len, length->at, length->len);
		len += length->len;
	}
	text[len] = '\0';
	return vrp_prefix_parse(text, out) == VRP_OK;
}

/* 1 for a route, 0 for none, -1 when it is malformed. */
static int
route_from(const char *s, const char *end, struct vrp_route *out)
{
	struct token first, next;
	uint32_t bits;

	if (!token_next(&s, end, &first))
		return 0;
	if (!token_next(&s, end, &next))
		return -1;
	if (memchr(first.at, '/', first.len) != NULL) {
		if (!prefix_from(&first, NULL, &out->prefix))
			return -1;
	} else if (!number_of(next.at, next.len, 128, &bits) || !prefix_from(&first, &next, &out->prefix) ||
		   !token_next(&s, end, &next)) {
		return -1;
	}
	if (next.len == 2 && memcmp(next.at, "=>", 2) == 0 && !token_next(&s, end, &next))
		return -1;
	do {
		if (!hop_of(&next, &out->asn))
			return -1;
	} while (token_next(&s, end, &next));
	return 1;
}

size_t
vpy_lines(const char *text, size_t len)
{
	const char *end = text + len, *newline;
	size_t lines = 0;

	for (; text < end; text = newline + 1) {
		lines++;
		newline = memchr(text, '\n', (size_t)(end - text));
		if (newline == NULL)
			break;
	}
	return lines;
}

size_t
vpy_validate_lines(const struct vrp_view *view, const char *text, size_t len, bool strict, int8_t *states, size_t room)
{
	struct batch b;
	const char *end = text + len, *newline;
	struct vrp_route route;
	size_t line = 0;
	int found;

	batch_init(&b, view, states);
	for (; text < end && line < room; text = newline + 1, line++) {
		newline = memchr(text, '\n', (size_t)(end - text));
		if (newline == NULL)
			newline = end;
		memset(&route, 0, sizeof(route));
		found = route_from(text, newline, &route);
		if (found == 1)
			*batch_next(&b, line) = route;
		else if (found == 0 || !strict)
			states[line] = VPY_NO_ROUTE;
		else
			return line + 1;
		if (newline == end)
			break;
	}
	batch_flush(&b);
	return 0;
}

/* ---- Columns */

static uint32_t
load32(const void *column, size_t i)
{
	uint32_t value;

	memcpy(&value, (const unsigned char *)column + i * sizeof(value), sizeof(value));
	return value;
}

static void
store_be32(uint8_t *to, uint32_t value)
{
	to[0] = (uint8_t)(value >> 24);
	to[1] = (uint8_t)(value >> 16);
	to[2] = (uint8_t)(value >> 8);
	to[3] = (uint8_t)value;
}

size_t
vpy_validate_ipv4(const struct vrp_view *view, const void *asns, const void *addresses, const uint8_t *lengths,
		  size_t count, int8_t *states)
{
	struct batch b;
	struct vrp_route *route;
	uint8_t len;

	batch_init(&b, view, states);
	for (size_t i = 0; i < count; i++) {
		len = lengths[i];
		if (len > 32)
			return i + 1;
		route = batch_next(&b, i);
		route->prefix.family = VRP_IPV4;
		route->prefix.len = len;
		store_be32(route->prefix.addr, load32(addresses, i));
		route->asn = load32(asns, i);
	}
	batch_flush(&b);
	return 0;
}

size_t
vpy_validate_ipv6(const struct vrp_view *view, const void *asns, const void *addresses, const uint8_t *lengths,
		  size_t count, int8_t *states)
{
	struct batch b;
	struct vrp_route *route;
	uint8_t len;

	batch_init(&b, view, states);
	for (size_t i = 0; i < count; i++) {
		len = lengths[i];
		if (len > 128)
			return i + 1;
		route = batch_next(&b, i);
		route->prefix.family = VRP_IPV6;
		route->prefix.len = len;
		memcpy(route->prefix.addr, (const unsigned char *)addresses + 16 * i, 16);
		route->asn = load32(asns, i);
	}
	batch_flush(&b);
	return 0;
}
