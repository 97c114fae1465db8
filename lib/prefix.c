/* SPDX-License-Identifier: ISC */
#include "prefix.h"

#include <arpa/inet.h>

#include "num.h"
#include "wire.h"

/*
 * IPv4 is read by hand: inet_pton() costs three times as much, and tables of
 * a million records are mostly IPv4.  Four decimal octets without leading zeros.
 */
static bool
parse_ipv4(const char *s, size_t len, uint8_t addr[4])
{
	const char *end = s + len;

	for (int i = 0; i < 4; i++) {
		unsigned v = 0;
		const char *start = s;

		while (s < end && *s >= '0' && *s <= '9' && s - start < 3)
			v = v * 10 + (unsigned)(*s++ - '0');
		if (s == start || v > 255 || (*start == '0' && s - start > 1))
			return false;
		addr[i] = (uint8_t)v;
		if (i < 3 && (s == end || *s++ != '.'))
			return false;
	}
	return s == end;
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/*
 * Groups of hex digits between colons with at most one `::`.  The dotted-quad
 * tail is rare and left to inet_pton().
 */
static bool
parse_ipv6(const char *s, size_t len, uint8_t addr[16])
{
	const char *p = s, *end = s + len;
	int groups = 0, gap = -1;

	if (len >= 2 && p[0] == ':' && p[1] == ':') {
		gap = 0;
		p += 2;
	}
	while (p < end) {
		const char *start = p;
		unsigned v = 0;
		int d;

		while (p < end && p - start < 4 && (d = hex_digit(*p)) >= 0) {
			v = v << 4 | (unsigned)d;
			p++;
		}
		if (p < end && *p == '.') {
			char text[INET6_ADDRSTRLEN];

			if (len >= sizeof(text) || memchr(s, '\0', len))
				return false;
			memcpy(text, s, len);
			text[len] = '\0';
			return inet_pton(AF_INET6, text, addr) == 1;
		}
		if (p == start || groups == 8)
			return false;
		be16_store(addr + 2 * groups++, (uint16_t)v);
		if (p == end)
			break;
		if (*p++ != ':' || p == end)
			return false;
		if (*p == ':') {
			if (gap >= 0)
				return false;
			gap = groups;
			p++;
		}
	}
	if (gap < 0)
		return groups == 8;
	if (groups == 8)
		return false;
	memmove(addr + 16 - 2 * (groups - gap), addr + 2 * gap, (size_t)(2 * (groups - gap)));
	memset(addr + 2 * gap, 0, (size_t)(16 - 2 * groups));
	return true;
}

static bool
fail(const char **reason, const char *why)
{
	if (reason)
		*reason = why;
	return false;
}

bool
prefix_parse(const char *s, size_t len, struct prefix *out, const char **reason)
{
	struct prefix p = {0};
	const char *slash;
	uint32_t bits;
	bool ipv6 = false;

	/* Longest text: 45 bytes of address, a slash and three digits. */
	if (len > 49)
		return fail(reason, "bad prefix");
	slash = memchr(s, '/', len);
	/* A group has four digits at most, so that a colon comes early. */
	for (size_t i = 0; i < len && i < 5; i++)
		ipv6 |= s[i] == ':';
	if (!slash)
		return fail(reason, "prefix without a length");
	p.family = ipv6 ? FAMILY_IPV6 : FAMILY_IPV4;
	if (!(ipv6 ? parse_ipv6(s, (size_t)(slash - s), p.addr) : parse_ipv4(s, (size_t)(slash - s), p.addr)))
		return fail(reason, "bad address");
	if (!num_u32(slash + 1, len - (size_t)(slash + 1 - s), &bits) || bits > prefix_bits((enum family)p.family))
		return fail(reason, "bad prefix length");
	p.len = (uint8_t)bits;
	*out = p;
	return true;
}

static char *
format_hex_group(char *dst, unsigned v)
{
	static const char digit[] = "0123456789abcdef";

	if (v >= 0x1000)
		*dst++ = digit[v >> 12];
	if (v >= 0x100)
		*dst++ = digit[v >> 8 & 15];
	if (v >= 0x10)
		*dst++ = digit[v >> 4 & 15];
	*dst++ = digit[v & 15];
	return dst;
}

/* RFC 5952: lower case, no leading zeros, `::` for the first longest run of two zero groups or more. */
static char *
format_ipv6(char *dst, const uint8_t addr[16])
{
	int best = -1, best_len = 1;

	for (int i = 0; i < 8; i++) {
		int run = 0;

		while (i + run < 8 && be16_load(addr + 2 * (i + run)) == 0)
			run++;
		if (run > best_len) {
			best = i;
			best_len = run;
		}
		i += run;
	}
	/* Section 5: IPv4-mapped addresses keep their dotted tail. */
	if (best == 0 && best_len == 5 && be16_load(addr + 10) == 0xffff) {
		memcpy(dst, "::ffff:", 7);
		dst += 7;
		for (int i = 12; i < 16; i++) {
			dst = num_format_u32(dst, addr[i]);
			if (i < 15)
				*dst++ = '.';
		}
		return dst;
	}
	for (int i = 0; i < 8; i++) {
		if (i == best) {
			*dst++ = ':';
			if (i + best_len == 8)
				*dst++ = ':';
			i += best_len - 1;
			continue;
		}
		if (i > 0)
			*dst++ = ':';
		dst = format_hex_group(dst, be16_load(addr + 2 * i));
	}
	return dst;
}

char *
prefix_format(char *dst, const struct prefix *p)
{
	if (p->family == FAMILY_IPV4) {
		for (int i = 0; i < 4; i++) {
			dst = num_format_u32(dst, p->addr[i]);
			*dst++ = i < 3 ? '.' : '/';
		}
	} else {
		dst = format_ipv6(dst, p->addr);
		*dst++ = '/';
	}
	return num_format_u32(dst, p->len);
}

static uint64_t
mask64(unsigned bits)
{
	return bits == 0 ? 0 : bits >= 64 ? UINT64_MAX : ~(UINT64_MAX >> bits);
}

bool
prefix_has_host_bits(const struct prefix *p)
{
	return (be64_load(p->addr) & ~mask64(p->len)) != 0 ||
	       (be64_load(p->addr + 8) & ~mask64(p->len > 64 ? p->len - 64U : 0)) != 0;
}

void
prefix_clear_host_bits(struct prefix *p)
{
	be64_store(p->addr, be64_load(p->addr) & mask64(p->len));
	be64_store(p->addr + 8, be64_load(p->addr + 8) & mask64(p->len > 64 ? p->len - 64U : 0));
}

int
prefix_cmp(const struct prefix *a, const struct prefix *b)
{
	int c = (int)a->family - (int)b->family;

	if (c == 0)
		c = memcmp(a->addr, b->addr, sizeof(a->addr));
	return c ? c : (int)a->len - (int)b->len;
}

bool
prefix_covers(const struct prefix *outer, const struct prefix *inner)
{
	if (outer->family != inner->family || outer->len > inner->len)
		return false;
	return ((be64_load(outer->addr) ^ be64_load(inner->addr)) & mask64(outer->len)) == 0 &&
	       ((be64_load(outer->addr + 8) ^ be64_load(inner->addr + 8)) &
		mask64(outer->len > 64 ? outer->len - 64U : 0)) == 0;
}
