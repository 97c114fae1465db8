/* SPDX-License-Identifier: ISC */
/*
 * gen-feed: a table of VRPs as large as wanted, the same for the same seed,
 * shaped after the real one: lengths, maximum lengths and origins are drawn
 * from the frequencies in an rpki-client snapshot of 2023, and records come in
 * ROAs that share origin, trust anchor and expiry.  Written as rpki-client's
 * JSON or as vrp(5) lines; with a change, the table after it or the delta to it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "compiler.h"
#include "num.h"
#include "payload.h"
#include "stamp.h"

#define ASPAS 3000
#define ASN_POOL 80000
#define HOUR 3600

enum format {
	FORMAT_JSON,
	FORMAT_SNAPSHOT,
	FORMAT_BARE,
	FORMAT_DELTA,
};

struct options {
	uint32_t vrps;
	uint32_t seed;
	uint32_t change;	/* records that change, in thousandths of the table */
	int64_t now;
	enum format format;
	bool shuffle;
};

/* A value and how many of a thousand records have it. */
struct share {
	uint8_t value;
	uint16_t weight;
};

static const struct share ipv4_lengths[] = {
	{24, 578}, {22, 138}, {23, 117}, {21, 47}, {20, 41}, {19, 27}, {16, 17}, {18, 15},
	{17, 9}, {15, 3}, {14, 2}, {13, 1}, {12, 1}, {25, 1}, {26, 1}, {28, 1}, {32, 1},
};
static const struct share ipv6_lengths[] = {
	{48, 460}, {32, 176}, {40, 75}, {29, 60}, {44, 51}, {36, 44}, {46, 24}, {47, 24}, {34, 13},
	{64, 12}, {33, 11}, {42, 9}, {38, 8}, {37, 7}, {45, 7}, {35, 7}, {30, 6}, {128, 6},
};
static const struct share ipv4_excess[] = {
	{0, 838}, {2, 53}, {1, 41}, {3, 15}, {8, 15}, {4, 13}, {5, 10}, {6, 6}, {10, 5}, {9, 4},
};
static const struct share ipv6_excess[] = {
	{0, 828}, {16, 47}, {4, 33}, {8, 28}, {19, 12}, {3, 16}, {2, 15}, {1, 12}, {32, 5}, {96, 4},
};

static const struct {
	const char *name;
	uint16_t weight;
	uint8_t ipv6;		/* second byte of the registry's /12 */
	uint8_t ipv4[8];	/* some of its first octets */
} anchors[] = {
	{"ripe", 380, 0xa0, {5, 31, 46, 62, 77, 85, 151, 193}},
	{"apnic", 240, 0x40, {1, 14, 27, 43, 58, 101, 103, 202}},
	{"arin", 230, 0x60, {8, 12, 23, 50, 63, 66, 104, 199}},
	{"lacnic", 110, 0x80, {45, 131, 138, 168, 177, 181, 187, 200}},
	{"afrinic", 40, 0xc0, {41, 102, 105, 154, 160, 169, 196, 197}},
};
static const uint8_t ipv6_first[] = {0x2a, 0x24, 0x26, 0x28, 0x2c};

/* P-256 keys made for this file; the SKI is the SHA-1 of the point (RFC 8608, RFC 6487 section 4.8.2). */
static const struct {
	const char *ski;
	const char *spki;
} keys[] = {
	{"E79358707BB2012320EE5562F044A546682E6B5B",
	 "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE4xlbxgh6HILjZgJLYLSUU0dehGRIOHfO9oQW+Be5"
	 "eJM7F3OF3OmG8FsQi4xaZNpRZzC1l01/+7hVSAY29aemKA=="},
	{"E28BCEDB5BD6E1A8B481D7E662BB2EC11696947A",
	 "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEqCKBRP6cRxiPhbDQPQhfoSl1bGHEhUj7WQ6frCaR"
	 "p+8zR8ATykoQfcgPP2XEc/D5HUxNtssZTNyYjAePuhwbYQ=="},
	{"0CA26171398DE524FE68C8466FB69CF0DCDC773E",
	 "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAESVg/e+3d7zrzITIYfM+A/3AwkWJveBfK5xnF/ruo"
	 "yUuue6gKR52OWUvpPLu5R8iWjLMqVnHTuOneDBTmesoB2w=="},
	{"ECA810CDC02E399E1A15EF5EC2D278E31CEDCDA7",
	 "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE1QS8IisfhoT6U8JOe65ciIRUu0Gf/1OQ6NDUXerq"
	 "DvtN0Wk2RaDZS6i2+gGcik7fq4C77W2T+tE6wVtZVhRhRg=="},
};

struct roa {
	uint16_t anchor;
	uint32_t asn;
	uint32_t expires;
	uint8_t block[16];	/* where its prefixes lie */
	unsigned left;		/* records still to come */
};

struct gen {
	uint64_t state;		/* of the random numbers */
	int64_t now;
	struct vrp *vrps;
	size_t count, cap;
	uint32_t *slots;	/* hash of what there is: index + 1, 0 when free */
	size_t mask;
};

static VRP_NORETURN void VRP_PRINTF(1, 2)
die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("gen-feed: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	exit(2);
}

static void *
allocate(size_t count, size_t size)
{
	void *p = calloc(count, size);

	if (!p)
		die("out of memory");
	return p;
}

/* SplitMix64 */
static uint64_t
rnd(struct gen *g)
{
	uint64_t z = g->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static uint32_t
rnd_below(struct gen *g, uint32_t n)
{
	return (uint32_t)((rnd(g) >> 32) * n >> 32);
}

static uint8_t
rnd_share(struct gen *g, const struct share *s, size_t n)
{
	uint32_t total = 0, pick;

	for (size_t i = 0; i < n; i++)
		total += s[i].weight;
	pick = rnd_below(g, total);
	while (pick >= s->weight)
		pick -= s++->weight;
	return s->value;
}

/* Few ASes hold much: the square of a uniform number picks from the pool. */
static uint32_t
rnd_asn(struct gen *g)
{
	uint64_t u = rnd(g) >> 32, i = ((u * u) >> 32) * ASN_POOL >> 32;
	uint64_t h = (i + 1) * UINT64_C(0x9e3779b97f4a7c15) >> 32;

	return (uint32_t)(i % 9 < 5 ? 1 + h % 23455 + (i & 1) * 23456 : 131072 + h % 280000);
}

static uint64_t
vrp_hash(const struct vrp *v)
{
	uint64_t part[3], h = 0;

	memcpy(part, v->prefix.addr, 16);
	part[2] = (uint64_t)v->asn << 32 | (uint64_t)v->prefix.len << 16 | v->maxlen;
	for (size_t i = 0; i < ARRAY_LEN(part); i++) {
		h = (h ^ part[i]) * UINT64_C(0x9e3779b97f4a7c15);
		h ^= h >> 29;
	}
	return h;
}

/* Append unless the same VRP is there already. */
static bool
add(struct gen *g, const struct vrp *v)
{
	size_t i = vrp_hash(v) & g->mask;

	for (; g->slots[i]; i = (i + 1) & g->mask)
		if (!vrp_cmp(&g->vrps[g->slots[i] - 1], v))
			return false;
	g->vrps[g->count++] = *v;
	g->slots[i] = (uint32_t)g->count;
	return true;
}

static struct roa
make_roa(struct gen *g, enum family family)
{
	struct roa r = {0};
	uint32_t pick = rnd_below(g, 1000);
	uint64_t bits = rnd(g);

	while (pick >= anchors[r.anchor].weight)
		pick -= anchors[r.anchor++].weight;
	r.asn = rnd_below(g, 300) ? rnd_asn(g) : 0;
	r.expires = (uint32_t)(g->now + 6 * HOUR + rnd_below(g, 240 * HOUR));
	for (r.left = 1; r.left < 200 && rnd_below(g, 100) < 76; )
		r.left++;
	memcpy(r.block + 1, &bits, 8);
	if (family == FAMILY_IPV4) {
		r.block[0] = anchors[r.anchor].ipv4[rnd_below(g, 8)];
	} else {
		r.block[0] = ipv6_first[r.anchor];
		r.block[1] = (uint8_t)(rnd_below(g, 16));
	}
	return r;
}

/* The next record of a ROA; its prefix lies near the ROA's block. */
static void
make_vrp(struct gen *g, enum family family, const struct roa *r, struct vrp *v)
{
	bool four = family == FAMILY_IPV4;
	uint64_t bits = rnd(g);
	unsigned excess;

	*v = (struct vrp){.prefix.family = (uint8_t)family, .ta = r->anchor, .asn = r->asn, .expires = r->expires};
	v->prefix.len = four ? rnd_share(g, ipv4_lengths, ARRAY_LEN(ipv4_lengths))
			     : rnd_share(g, ipv6_lengths, ARRAY_LEN(ipv6_lengths));
	memcpy(v->prefix.addr, r->block, 16);
	memcpy(v->prefix.addr + (four ? 2 : 4), &bits, four ? 2 : 8);
	if (four)
		memset(v->prefix.addr + 4, 0, 12);
	prefix_clear_host_bits(&v->prefix);
	excess = four ? rnd_share(g, ipv4_excess, ARRAY_LEN(ipv4_excess))
		      : rnd_share(g, ipv6_excess, ARRAY_LEN(ipv6_excess));
	v->maxlen = (uint8_t)(v->prefix.len + excess);
	if (v->maxlen > prefix_bits(family))
		v->maxlen = v->prefix.len;
}

/* Make `want` more unique records; one in nine shares its prefix with the one before. */
static void
make_vrps(struct gen *g, enum family family, size_t want)
{
	struct roa roa = {0};
	struct vrp v;

	for (size_t end = g->count + want; g->count < end; ) {
		if (!roa.left)
			roa = make_roa(g, family);
		roa.left--;
		make_vrp(g, family, &roa, &v);
		if (add(g, &v) && g->count < end && !rnd_below(g, 9)) {
			v.asn = rnd_asn(g);
			add(g, &v);
		}
	}
}

static int
cmp_canonical(const void *a, const void *b)
{
	return vrp_cmp(a, b);
}

/* rpki-client sorts the longer prefix and the larger maximum length first. */
static int
cmp_rpki_client(const void *pa, const void *pb)
{
	const struct vrp *a = pa, *b = pb;
	int c;

	if (a->prefix.family != b->prefix.family)
		return a->prefix.family < b->prefix.family ? -1 : 1;
	if ((c = memcmp(a->prefix.addr, b->prefix.addr, 16)))
		return c;
	if (a->prefix.len != b->prefix.len)
		return a->prefix.len > b->prefix.len ? -1 : 1;
	if (a->maxlen != b->maxlen)
		return a->maxlen > b->maxlen ? -1 : 1;
	return (a->asn > b->asn) - (a->asn < b->asn);
}

static void
swap(struct vrp *a, struct vrp *b)
{
	struct vrp t = *a;

	*a = *b;
	*b = t;
}

static void
arrange(struct gen *g, const struct options *opt, struct vrp *v, size_t n)
{
	qsort(v, n, sizeof(*v), opt->format == FORMAT_JSON ? cmp_rpki_client : cmp_canonical);
	if (opt->shuffle)
		for (size_t i = n; i > 1; i--)
			swap(&v[i - 1], &v[rnd_below(g, (uint32_t)i)]);
}

static const char *
prefix_text(const struct prefix *p)
{
	static char text[PREFIX_TEXT_MAX];

	*prefix_format(text, p) = '\0';
	return text;
}

/* ASPA number i: customer and providers, the same in every format. */
static uint32_t
make_aspa(uint32_t i, uint32_t providers[16], size_t *count)
{
	struct gen g = {.state = i + 1};
	size_t n = 0, want = 1 + rnd_below(&g, 4) * rnd_below(&g, 4);

	for (uint32_t asn = 174; n < want; asn += 1 + rnd_below(&g, 20000))
		providers[n++] = asn;
	*count = n;
	return 196608 + i * 7;
}

static void
write_json(const struct options *opt, const struct vrp *v, size_t n)
{
	uint32_t expires = (uint32_t)(opt->now + 100 * HOUR), providers[16];
	char when[STAMP_MAX];
	size_t count;

	stamp_format(opt->now, when);
	printf("{\n\t\"metadata\": {\n\t\t\"buildmachine\": \"gen-feed\",\n\t\t\"buildtime\": \"%s\",\n"
	       "\t\t\"bgpsec_pubkeys\": %zu,\n\t\t\"vrps\": %zu,\n\t\t\"uniquevrps\": %zu,\n\t\t\"vaps\": %d,\n"
	       "\t\t\"uniquevaps\": %d\n\t},\n\n\t\"roas\": [\n", when, ARRAY_LEN(keys), n, n, ASPAS, ASPAS);
	for (size_t i = 0; i < n; i++)
		printf("\t\t{ \"asn\": %u, \"prefix\": \"%s\", \"maxLength\": %u, \"ta\": \"%s\", \"expires\": %u }%s\n",
		       v[i].asn, prefix_text(&v[i].prefix), v[i].maxlen, anchors[v[i].ta].name,
		       v[i].expires, i + 1 < n ? "," : "");
	fputs("\t],\n\n\t\"bgpsec_keys\": [\n", stdout);
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		printf("\t\t{ \"asn\": %zu, \"ski\": \"%s\", \"pubkey\": \"%s\", \"ta\": \"ripe\", \"expires\": %u }%s\n",
		       15562 + i, keys[i].ski, keys[i].spki, expires, i + 1 < ARRAY_LEN(keys) ? "," : "");
	fputs("\t],\n\n\t\"aspas\": [\n", stdout);
	for (uint32_t i = 0; i < ASPAS; i++) {
		printf("\t\t{ \"customer_asid\": %u, \"expires\": %u, \"providers\": [", make_aspa(i, providers, &count),
		       expires);
		for (size_t j = 0; j < count; j++)
			printf("%s%u", j ? ", " : "", providers[j]);
		printf("] }%s\n", i + 1 < ASPAS ? "," : "");
	}
	fputs("\t]\n}\n", stdout);
}

static void
write_vrps(const char *sign, const struct vrp *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		printf("%s%s %u AS%u %s %u\n", sign, prefix_text(&v[i].prefix), v[i].maxlen,
		       v[i].asn, anchors[v[i].ta].name, v[i].expires);
}

static void
write_lines(const struct options *opt, const struct vrp *v, size_t n)
{
	uint32_t expires = (uint32_t)(opt->now + 100 * HOUR), providers[16];
	char when[STAMP_MAX];
	size_t count;

	stamp_format(opt->now, when);
	if (opt->format == FORMAT_SNAPSHOT)
		printf("%%snapshot time=%s\n", when);
	write_vrps("", v, n);
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		printf("router-key AS%zu %s %s ripe %u\n", 15562 + i, keys[i].ski, keys[i].spki, expires);
	for (uint32_t i = 0; i < ASPAS; i++) {
		printf("aspa AS%u ", make_aspa(i, providers, &count));
		for (size_t j = 0; j < count; j++)
			printf("%sAS%u", j ? "," : "", providers[j]);
		printf(" - %u\n", expires);
	}
	if (opt->format == FORMAT_SNAPSHOT)
		puts("~end");
}

/*
 * The table is the first opt->vrps records made.  A change takes some of them
 * away, spread at random, and adds as many that were made after them.
 */
static void
run(const struct options *opt)
{
	struct gen g = {.state = opt->seed, .now = opt->now};
	size_t n = opt->vrps, moved = (size_t)((uint64_t)n * opt->change / 2000), ipv4 = n * 77 / 100, slots = 4;
	char when[STAMP_MAX];

	while (slots < (n + moved + 1) * 2)
		slots *= 2;
	g.vrps = allocate(n + moved + 1, sizeof(*g.vrps));
	g.slots = allocate(slots, sizeof(*g.slots));
	g.mask = slots - 1;
	make_vrps(&g, FAMILY_IPV4, ipv4);
	make_vrps(&g, FAMILY_IPV6, n - ipv4);
	make_vrps(&g, FAMILY_IPV4, moved * 77 / 100);
	make_vrps(&g, FAMILY_IPV6, moved - moved * 77 / 100);
	for (size_t i = 0; i < moved; i++)
		swap(&g.vrps[i], &g.vrps[i + rnd_below(&g, (uint32_t)(n - i))]);

	if (opt->format == FORMAT_DELTA) {
		stamp_format(opt->now + 1, when);
		printf("%%delta time=%s\n", when);
		arrange(&g, opt, g.vrps, moved);
		arrange(&g, opt, g.vrps + n, moved);
		write_vrps("-", g.vrps, moved);
		write_vrps("+", g.vrps + n, moved);
		puts("~end");
	} else {
		arrange(&g, opt, g.vrps + moved, n);
		(opt->format == FORMAT_JSON ? write_json : write_lines)(opt, g.vrps + moved, n);
	}
	free(g.slots);
	free(g.vrps);
}

static VRP_NORETURN void
usage(FILE *to, int status)
{
	fputs("usage: gen-feed [-S] [-n VRPS] [-s SEED] [-c PERCENT] [-t UNIXTIME] [-f json|snapshot|bare|delta]\n"
	      "  -n VRPS      records, 77 of 100 IPv4 (1000000); four router keys and 3000 ASPAs beside them\n"
	      "  -s SEED      of the random numbers (1)\n"
	      "  -c PERCENT   the table after so much of it changed, half removed, half added (0)\n"
	      "  -t UNIXTIME  when the table was made (now); expiries are 6 to 246 hours later\n"
	      "  -f FORMAT    rpki-client's JSON, a framed snapshot, bare lines, or the delta that -c makes (json)\n"
	      "  -S           records in random order\n", to);
	exit(status);
}

static uint32_t
number(const char *text, uint32_t lo, uint32_t hi)
{
	uint32_t v;

	if (!num_u32(text, strlen(text), &v) || v < lo || v > hi)
		die("bad number '%s', want %u to %u", text, lo, hi);
	return v;
}

static enum format
format_named(const char *name)
{
	static const char *const names[] = {"json", "snapshot", "bare", "delta"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (!strcmp(name, names[i]))
			return (enum format)i;
	die("unknown format '%s'", name);
}

int
main(int argc, char **argv)
{
	static const struct option longs[] = {
		{"vrps", required_argument, NULL, 'n'}, {"seed", required_argument, NULL, 's'},
		{"change", required_argument, NULL, 'c'}, {"time", required_argument, NULL, 't'},
		{"format", required_argument, NULL, 'f'}, {"shuffle", no_argument, NULL, 'S'},
		{"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0},
	};
	struct options opt = {.vrps = 1000000, .seed = 1, .now = time(NULL)};

	for (int c; (c = getopt_long(argc, argv, "n:s:c:t:f:Sh", longs, NULL)) != -1; )
		switch (c) {
		case 'n': opt.vrps = number(optarg, 1, 100000000); break;
		case 's': opt.seed = number(optarg, 0, UINT32_MAX); break;
		case 'c': opt.change = 10 * number(optarg, 0, 100); break;
		case 't': opt.now = number(optarg, 0, UINT32_MAX - 300 * HOUR); break;
		case 'f': opt.format = format_named(optarg); break;
		case 'S': opt.shuffle = true; break;
		case 'h': usage(stdout, 0);
		default: usage(stderr, 2);
		}
	if (optind != argc)
		usage(stderr, 2);
	setvbuf(stdout, NULL, _IOFBF, 1 << 20);
	run(&opt);
	if (fflush(stdout) || ferror(stdout))
		die("standard output: %s", strerror(errno));
	return 0;
}
