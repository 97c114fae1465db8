/* SPDX-License-Identifier: ISC */
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"

#define BODY 600	/* more than any of ours has */
#define PROVIDERS 8

/* The body of its PDU without flags, an ASPA's without its providers, is what it is known by. */
struct record {
	enum type type;
	unsigned char body[BODY];
	size_t len;
	uint32_t asn;
	unsigned plen, mlen;
	char *text;		/* prefix, or identifier and key */
	uint32_t rank;		/* among those of its type, as they are announced */
};

static struct record *records[RECORDS];
static struct record *by_key[4 * RECORDS];	/* open addressing */
static uint32_t id_of[4 * RECORDS];
static size_t small;
static const uint32_t providers[PROVIDERS] = {0, 1, 2, 64496, 65551, 4200000000, 4294967294, 4294967295};

static size_t
slot_of(enum type type, const unsigned char *body, size_t len)
{
	uint64_t h = 14695981039346656037U ^ type;

	for (size_t i = 0; i < len; i++)
		h = (h ^ body[i]) * 1099511628211U;
	h ^= h >> 29;
	for (size_t slot = h % COUNT(by_key);; slot = (slot + 1) % COUNT(by_key)) {
		const struct record *r = by_key[slot];

		if (!r || (r->type == type && r->len == len && memcmp(r->body, body, len) == 0))
			return slot;
	}
}

/* False when there is one like it. */
static bool
add(size_t id, const struct record *new)
{
	size_t slot = slot_of(new->type, new->body, new->len);

	if (by_key[slot]) {
		free(new->text);
		return false;
	}
	records[id] = malloc(sizeof(*new));
	if (!records[id])
		trouble("out of memory");
	*records[id] = *new;
	by_key[slot] = records[id];
	id_of[slot] = (uint32_t)id;
	return true;
}

static void
put32(unsigned char *at, uint32_t v)
{
	v = htonl(v);
	memcpy(at, &v, 4);
}

static bool
add_vrp(size_t id, enum type type, const char *address, unsigned plen, unsigned mlen, uint32_t asn)
{
	int family = type == IPV4 ? AF_INET : AF_INET6;
	struct record r = {.type = type, .plen = plen, .mlen = mlen, .asn = asn, .len = type == IPV4 ? 12 : 24};
	char text[80];

	if (mlen > (type == IPV4 ? 32U : 128U) || inet_pton(family, address, r.body + 4) != 1)
		return false;
	r.body[1] = (unsigned char)plen;
	r.body[2] = (unsigned char)mlen;
	put32(r.body + r.len - 4, asn);
	snprintf(text, sizeof(text), "%s/%u", address, plen);
	r.text = strdup(text);
	return add(id, &r);
}

static void
base64(FILE *to, const unsigned char *data, size_t len)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < len; i += 3) {
		uint32_t v = (uint32_t)data[i] << 16 | (i + 1 < len ? (uint32_t)data[i + 1] << 8 : 0) | (i + 2 < len ? data[i + 2] : 0);

		fputc(digits[v >> 18], to);
		fputc(digits[v >> 12 & 63], to);
		fputc(i + 1 < len ? digits[v >> 6 & 63] : '=', to);
		fputc(i + 2 < len ? digits[v & 63] : '=', to);
	}
}

static bool
add_key(size_t id, uint32_t asn, unsigned char ski, size_t len, unsigned char fill)
{
	struct record r = {.type = ROUTER_KEY, .asn = asn, .len = 24 + len};
	size_t size;
	FILE *text = open_memstream(&r.text, &size);

	if (!text)
		trouble("out of memory");
	memset(r.body, ski, 20);
	put32(r.body + 20, asn);
	memset(r.body + 24, fill, len);
	for (int i = 0; i < 20; i++)
		fprintf(text, "%02X", ski);
	fputc(' ', text);
	base64(text, r.body + 24, len);
	fclose(text);
	return add(id, &r);
}

static bool
add_aspa(size_t id, uint32_t customer)
{
	struct record r = {.type = ASPA, .asn = customer, .len = 4};

	put32(r.body, customer);
	return add(id, &r);
}

/* Nested and neighbouring prefixes, each with several lengths and ASes: what the order of a response is about. */
static void
make_vrps(void)
{
	static const struct {
		const char *address;
		unsigned len;
	} prefixes[] = {
		{"0.0.0.0", 0},	   {"10.0.0.0", 8},	{"10.0.0.0", 16},     {"10.1.0.0", 16},	  {"192.0.2.0", 24},
		{"192.0.2.0", 25}, {"192.0.2.128", 25}, {"255.255.255.255", 32}, {"::", 0},	  {"2001:db8::", 32},
		{"2001:db8::", 48}, {"2001:db8:1::", 48}, {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 128},
	};
	static const uint32_t ases[] = {0, 1, 65536, 4294967295};

	for (size_t p = 0; p < COUNT(prefixes); p++)
		for (unsigned more = 0; more < 3; more++)
			for (size_t a = 0; a < COUNT(ases); a++)
				small += add_vrp(small, strchr(prefixes[p].address, ':') ? IPV6 : IPV4, prefixes[p].address,
						 prefixes[p].len, prefixes[p].len + more, ases[a]);
}

static void
make_others(void)
{
	static const uint32_t ases[] = {0, 64496, 4294967295};
	static const size_t lengths[] = {1, 2, 91, 500};

	for (size_t a = 0; a < COUNT(ases); a++)
		for (unsigned char ski = 0; ski < 2; ski++)
			for (size_t l = 0; l < COUNT(lengths); l++)
				for (unsigned char fill = 0; fill < 2; fill++)
					small += add_key(small, ases[a], (unsigned char)(ski * 255), lengths[l], (unsigned char)(fill * 0x30));
	for (uint32_t i = 0; i < 16; i++)
		small += add_aspa(small, i < 8 ? 70000 + i : UINT32_MAX - (i - 8) * 0x11111111U);
}

static int
compare_numbers(uint32_t a, uint32_t b)
{
	return (a > b) - (a < b);
}

/* 8210bis section 11.2: prefixes descend, everything else ascends. */
static int
compare_announced(const void *pa, const void *pb)
{
	const struct record *a = *(struct record *const *)pa, *b = *(struct record *const *)pb;
	size_t shared = a->len < b->len ? a->len : b->len;
	int c;

	if (a->type != b->type)
		return a->type < b->type ? -1 : 1;
	switch (a->type) {
	case IPV4:
	case IPV6:
		c = -memcmp(a->body + 4, b->body + 4, a->len - 8);
		c = c ? c : -compare_numbers(a->mlen, b->mlen);
		c = c ? c : -compare_numbers(a->plen, b->plen);
		return c ? c : -compare_numbers(a->asn, b->asn);
	case ROUTER_KEY:
		c = memcmp(a->body, b->body, 20);
		c = c ? c : (a->len > b->len) - (a->len < b->len);
		c = c ? c : memcmp(a->body + 24, b->body + 24, shared - 24);
		return c ? c : compare_numbers(a->asn, b->asn);
	default:
		return compare_numbers(a->asn, b->asn);
	}
}

void
universe_make(void)
{
	static struct record *sorted[RECORDS];
	size_t count = 0;

	make_vrps();
	make_others();
	if (small > SMALL)
		trouble("%zu small records", small);
	for (size_t i = SMALL; i < RECORDS; i++) {
		char address[40];

		snprintf(address, sizeof(address), "100.%zu.%zu.0", i / 256 % 256, i % 256);
		if (!add_vrp(i, IPV4, address, 24, 24 + (unsigned)(i % 3), (uint32_t)(64500 + i % 7)))
			trouble("two records are the same");
	}
	for (size_t i = 0; i < RECORDS; i++)
		if (records[i])
			sorted[count++] = records[i];
	qsort(sorted, count, sizeof(struct record *), compare_announced);
	for (size_t i = 0; i < count; i++)
		sorted[i]->rank = (uint32_t)i;
}

size_t
universe_small(void)
{
	return small;
}

enum type
record_type(size_t id)
{
	return records[id]->type;
}

bool
record_in_version(size_t id, unsigned version)
{
	return records[id] && version >= (records[id]->type == ASPA ? 2U : records[id]->type == ROUTER_KEY ? 1U : 0U);
}

/* AS0 says that there are no providers, and nothing beside others. */
static uint8_t
normal(uint8_t value)
{
	return value & ~1 ? (uint8_t)(value & ~1) : value;
}

uint8_t
record_value(size_t id)
{
	return records[id]->type == ASPA ? normal((uint8_t)(1 + chance(255))) : 1;
}

uint8_t
record_join(size_t id, uint8_t a, uint8_t b)
{
	return records[id]->type == ASPA ? normal(a | b) : 1;
}

static void
write_as(FILE *to, uint32_t asn)
{
	static const char *const spellings[] = {"AS", "as", "", "As"};

	fprintf(to, "%s%" PRIu32, spellings[one_in(8) ? chance(COUNT(spellings)) : 0], asn);
}

/* In no particular order, with AS0 beside others. */
static void
write_providers(FILE *to, uint8_t value)
{
	unsigned start = one_in(4) ? chance(PROVIDERS) : 0;
	bool first = true;

	if (value & ~1 && one_in(8))
		value |= 1;
	for (unsigned i = 0; i < PROVIDERS; i++) {
		unsigned bit = (start + i) % PROVIDERS;

		if (!(value >> bit & 1))
			continue;
		if (!first)
			fputc(',', to);
		write_as(to, providers[bit]);
		first = false;
	}
}

void
record_write(FILE *to, size_t id, const struct entry *e)
{
	const struct record *r = records[id];
	const char *gap = one_in(30) ? " \t " : " ";

	if (r->type == ROUTER_KEY) {
		fprintf(to, "router-key%s", gap);
		write_as(to, r->asn);
		fprintf(to, " %s", r->text);
	} else if (r->type == ASPA) {
		fprintf(to, "aspa%s", gap);
		write_as(to, r->asn);
		fputs(gap, to);
		write_providers(to, e->value ? e->value : 2);
	} else {
		fprintf(to, "%s%s", r->text, gap);
		if (r->plen == r->mlen && one_in(8))
			fputc('-', to);
		else
			fprintf(to, "%u", r->mlen);
		fputs(gap, to);
		write_as(to, r->asn);
	}
	if (e->ta)
		fprintf(to, " ta%u", e->ta);
	if (e->expires != NEVER)
		fprintf(to, "%s %" PRIu32, e->ta ? "" : " -", e->expires);
}

const char *
record_name(size_t id)
{
	static char name[1200];
	const struct record *r = records[id];

	if (r->type == ASPA)
		snprintf(name, sizeof(name), "aspa AS%" PRIu32, r->asn);
	else if (r->type == ROUTER_KEY)
		snprintf(name, sizeof(name), "router-key AS%" PRIu32 " %.60s (%zu bytes)", r->asn, r->text, r->len - 24);
	else
		snprintf(name, sizeof(name), "%s %u AS%" PRIu32, r->text, r->mlen, r->asn);
	return name;
}

static uint32_t
get32(const unsigned char *at)
{
	uint32_t v;

	memcpy(&v, at, 4);
	return ntohl(v);
}

/* The bits of an ASPA's providers, which ascend. */
static uint8_t
read_providers(const unsigned char *at, size_t len)
{
	uint8_t value = 0;
	unsigned next = 0;

	for (size_t i = 0; i < len; i += 4) {
		while (next < PROVIDERS && providers[next] != get32(at + i))
			next++;
		if (next == PROVIDERS)
			fail("an ASPA has AS%" PRIu32 " among its providers, which doesn't ascend or was never said", get32(at + i));
		value |= (uint8_t)(1U << next++);
	}
	if (value != normal(value))
		fail("an ASPA has AS0 among other providers");
	return value;
}

size_t
record_read(const unsigned char *pdu, size_t len, uint8_t *value, uint64_t *place)
{
	enum type type = pdu[1];
	bool prefix = type == IPV4 || type == IPV6;
	unsigned flags = prefix ? pdu[8] : pdu[2];
	unsigned char body[BODY] = {0};
	size_t want = type == IPV4 ? 20 : type == IPV6 ? 32 : 0, key = type == ASPA ? 4 : len - 8, slot;
	uint32_t rank;

	if (len < 12 || (want && len != want) || (type == ROUTER_KEY && len <= 32) || (type == ASPA && len % 4) || key > BODY)
		fail("a PDU of type %u has %zu bytes", type, len);
	if (flags > 1 || pdu[3] != 0 || (prefix && (pdu[2] || pdu[11])))
		fail("a PDU of type %u has reserved bits set", type);
	if (type == ASPA && (flags ? len < 16 : len != 12))
		fail("an ASPA is %s with %zu bytes", flags ? "announced" : "withdrawn", len);
	memcpy(body, pdu + 8, key);
	if (prefix)
		body[0] = 0;
	slot = slot_of(type, body, key);
	if (!by_key[slot])
		fail("a PDU of type %u and %zu bytes is of a record that was never fed", type, len);
	*value = !flags ? 0 : type == ASPA ? read_providers(pdu + 12, len - 12) : 1;
	/* By type, announcements first; withdrawals of prefixes the other way round. */
	rank = by_key[slot]->rank;
	*place = (uint64_t)type << 40 | (uint64_t)!flags << 32 | (prefix && !flags ? UINT32_MAX - rank : rank + 1);
	return id_of[slot];
}
