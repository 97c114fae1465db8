/* SPDX-License-Identifier: ISC */
#include "prefix.h"

#include "num.h"
#include "wire.h"

/*
 * Addresses are read by hand: inet_pton() costs three times as much, and wants
 * to know the end.  A scan returns where its text stops, NULL for none.
 *
 * Four decimal octets without leading zeros.
 */
static const char *
scan_ipv4(const char *s, const char *end, uint8_t addr[4])
{
	uint32_t all = 0;

	for (int i = 0; i < 4; i++) {
		unsigned v, d;

		if (s == end || (v = (unsigned char)*s - (unsigned)'0') > 9)
			return NULL;
		/* Neither after a zero nor when it must exceed 255 does another digit belong to it. */
		for (s++; s < end && v - 1 < 25 && (d = (unsigned char)*s - (unsigned)'0') <= 9; s++)
			v = v * 10 + d;
		if (v > 255 || (i < 3 && (s == end || *s++ != '.')))
			return NULL;
		all = all << 8 | v;
	}
	be32_store(addr, all);
	return s;
}

/* Groups of hex digits between colons with at most one `::`, or two groups less and an IPv4 address; addr is zero. */
static const char *
scan_ipv6(const char *s, const char *end, uint8_t addr[16])
{
	/* One more than the digit's value. */
	static const uint8_t hex[256] = {
		['0'] = 1, ['1'] = 2, ['2'] = 3, ['3'] = 4, ['4'] = 5, ['5'] = 6, ['6'] = 7, ['7'] = 8,
		['8'] = 9, ['9'] = 10, ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
		['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16,
	};
	int groups = 0, gap = -1;

	if (end - s >= 2 && s[0] == ':' && s[1] == ':') {
		gap = 0;
		s += 2;
	}
	for (;;) {
		const char *start = s;
		unsigned v = 0, d;

		for (; s < end && s - start < 4 && (d = hex[(unsigned char)*s]); s++)
			v = (v << 4) + d - 1;
		if (s == start && gap == groups)
			break;
		if (s == start)
			return NULL;
		if (s < end && *s == '.') {
			if (groups > 6 || !(s = scan_ipv4(start, end, addr + 2 * groups)))
				return NULL;
			groups += 2;
			break;
		}
		be16_store(addr + 2 * groups++, (uint16_t)v);
		if (groups == 8 || s == end || *s != ':')
			break;
		s++;
		if (s < end && *s == ':') {
			if (gap >= 0)
				return NULL;
			gap = groups;
			s++;
		}
	}
	if (gap < 0 || groups == 8)
		return gap < 0 && groups == 8 ? s : NULL;
	if (gap < groups) {
		memmove(addr + 16 - 2 * (groups - gap), addr + 2 * gap, (size_t)(2 * (groups - gap)));
		memset(addr + 2 * gap, 0, (size_t)(16 - 2 * groups));
	}
	return s;
}

/* Nothing that is an IPv4 address begins an IPv6 one.  *out is zero. */
static const char *
scan_address(const char *s, const char *end, struct prefix *out)
{
	const char *stop = scan_ipv4(s, end, out->addr);

	out->family = stop ? FAMILY_IPV4 : FAMILY_IPV6;
	return stop ? stop : scan_ipv6(s, end, out->addr);
}

const char *
prefix_scan(const char *s, const char *end, struct prefix *out)
{
	uint32_t bits;

	*out = (struct prefix){0};
	s = scan_address(s, end, out);
	if (!s || s == end || *s != '/')
		return NULL;
	s = num_scan_u32(s + 1, end, &bits);
	if (!s || bits > prefix_bits((enum family)out->family))
		return NULL;
	out->len = (uint8_t)bits;
	return s;
}

/* What is wrong with a text that is no prefix. */
static const char *
reason_of(const char *s, size_t len)
{
	const char *slash = memchr(s, '/', len);
	struct prefix p = {0};

	/* Longest text: 45 bytes of address, a slash and three digits. */
	if (len > 49)
		return "bad prefix";
	if (!slash)
		return "prefix without a length";
	return scan_address(s, slash, &p) == slash ? "bad prefix length" : "bad address";
}

bool
prefix_parse(const char *s, size_t len, struct prefix *out, const char **reason)
{
	struct prefix p;
	const char *stop = len ? prefix_scan(s, s + len, &p) : NULL;

	if (stop && stop == s + len) {
		*out = p;
		return true;
	}
	if (reason)
		*reason = reason_of(s, len);
	return false;
}

/* Four digits side by side, the first in the top byte, without leading zeros. */
static char *
format_hex_group(char *dst, unsigned v)
{
	uint32_t x = v >> 12 << 24 | (v >> 8 & 15) << 16 | (v >> 4 & 15) << 8 | (v & 15);
	int leading = __builtin_clz((v | 1) << 16) / 4;

	/* Adding 6 carries out of a digit from 10 on, which is where letters begin. */
	x += UINT32_C(0x30303030) + ((x + UINT32_C(0x06060606)) >> 4 & UINT32_C(0x01010101)) * ('a' - '0' - 10);
	be32_store(dst, x << 8 * leading);
	return dst + 4 - leading;
}

static char *
format_dotted(char *dst, const uint8_t addr[4])
{
	for (int i = 0; i < 4; i++) {
		dst = num_format_u8(dst, addr[i]);
		*dst++ = '.';
	}
	return dst - 1;
}

/* Groups from first to last - 1, each with a colon behind it. */
static char *
format_groups(char *dst, const uint8_t addr[16], int first, int last)
{
	for (int i = first; i < last; i++) {
		dst = format_hex_group(dst, be16_load(addr + 2 * i));
		*dst++ = ':';
	}
	return dst;
}

/* RFC 5952: lower case, no leading zeros, `::` for the first longest run of two zero groups or more. */
static char *
format_ipv6(char *dst, const uint8_t addr[16])
{
	unsigned starts = 0;	/* a bit for each zero group; then where runs of two begin, of three... */
	int gap, len = 0;

	for (int i = 0; i < 8; i++)
		starts |= (unsigned)(be16_load(addr + 2 * i) == 0) << i;
	for (unsigned longer = starts; longer; longer &= longer >> 1) {
		starts = longer;
		len++;
	}
	if (len < 2)
		return format_groups(dst, addr, 0, 8) - 1;
	gap = __builtin_ctz(starts);
	dst = format_groups(dst, addr, 0, gap);
	if (gap == 0)
		*dst++ = ':';
	*dst++ = ':';
	/* Section 5: IPv4-mapped addresses keep their dotted tail. */
	if (gap == 0 && len == 5 && be16_load(addr + 10) == 0xffff)
		return format_dotted(format_groups(dst, addr, 5, 6), addr + 12);
	return gap + len == 8 ? dst : format_groups(dst, addr, gap + len, 8) - 1;
}

char *
prefix_format(char *dst, const struct prefix *p)
{
	dst = p->family == FAMILY_IPV4 ? format_dotted(dst, p->addr) : format_ipv6(dst, p->addr);
	*dst++ = '/';
	return num_format_u8(dst, p->len);
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
