/* SPDX-License-Identifier: ISC */
/*
 * A random sequence of snapshots, deltas, bad blocks and new exceptions through
 * slurm_filter, beside a model that is an array of flags: after each step, who
 * reads the output holds exactly what the model says, and was never given a
 * block that it has to refuse.
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "slurm_filter.h"
#include "table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PREFIXES 6
#define ASNS 2
#define SKIS 2
#define CUSTOMERS 3

static const char *const prefixes[PREFIXES] = {
	"10.0.0.0/8", "10.0.0.0/16", "10.1.0.0/16", "192.0.2.0/24", "2001:db8::/32", "2001:db8:1::/48",
};
static const char *const skis_hex[SKIS] = {
	"0000000000000000000000000000000000000000", "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF",
};
static const char *const skis_base64[SKIS] = {"AAAAAAAAAAAAAAAAAAAAAAAAAAA", "__________________________8"};

/* What a table holds.  An ASPA is a mask of its providers AS1, AS2 and AS3; 0 is none. */
struct state {
	bool vrp[PREFIXES][ASNS];
	bool key[ASNS][SKIS];
	unsigned aspa[CUSTOMERS];
};

/* What a SLURM file says; -1 stands for a member that is left out. */
struct rules {
	struct { int prefix, asn; } vrp[4];
	struct { int asn, ski; } key[2];
	unsigned aspa;	/* mask of customers */
	struct state asserted;
};

struct bytes {
	const uint8_t *p, *end;
};

static unsigned
below(struct bytes *b, unsigned n)
{
	return b->p < b->end ? *b->p++ % n : 0;
}

/* -1 or a number below n */
static int
maybe(struct bytes *b, int n)
{
	return (int)below(b, (unsigned)n + 1) - 1;
}

static void
random_state(struct bytes *b, struct state *s, unsigned rarely)
{
	for (unsigned i = 0; i < PREFIXES; i++)
		for (unsigned k = 0; k < ASNS; k++)
			s->vrp[i][k] = below(b, rarely) == 1;
	for (unsigned i = 0; i < ASNS; i++)
		for (unsigned k = 0; k < SKIS; k++)
			s->key[i][k] = below(b, rarely) == 1;
	for (unsigned i = 0; i < CUSTOMERS; i++)
		s->aspa[i] = below(b, rarely) == 1 ? 1 + below(b, 7) : 0;
}

static void
random_rules(struct bytes *b, struct rules *r)
{
	for (unsigned i = 0; i < 4; i++) {
		r->vrp[i].prefix = maybe(b, PREFIXES);
		r->vrp[i].asn = maybe(b, ASNS);
	}
	for (unsigned i = 0; i < 2; i++) {
		r->key[i].asn = maybe(b, ASNS);
		r->key[i].ski = maybe(b, SKIS);
	}
	r->aspa = below(b, 1U << CUSTOMERS);
	random_state(b, &r->asserted, 5);
}

/* ---- the model */

static bool
covers(unsigned outer, unsigned inner)
{
	struct prefix a, b;

	assert(prefix_parse(prefixes[outer], strlen(prefixes[outer]), &a, NULL));
	assert(prefix_parse(prefixes[inner], strlen(prefixes[inner]), &b, NULL));
	return prefix_covers(&a, &b);
}

static bool
removes_vrp(const struct rules *r, unsigned prefix, unsigned asn)
{
	for (unsigned i = 0; i < 4; i++) {
		if (r->vrp[i].prefix < 0 && r->vrp[i].asn < 0)
			continue;
		if ((r->vrp[i].prefix < 0 || covers((unsigned)r->vrp[i].prefix, prefix)) &&
		    (r->vrp[i].asn < 0 || r->vrp[i].asn == (int)asn))
			return true;
	}
	return false;
}

static bool
removes_key(const struct rules *r, unsigned asn, unsigned ski)
{
	for (unsigned i = 0; i < 2; i++) {
		if (r->key[i].asn < 0 && r->key[i].ski < 0)
			continue;
		if ((r->key[i].asn < 0 || r->key[i].asn == (int)asn) && (r->key[i].ski < 0 || r->key[i].ski == (int)ski))
			return true;
	}
	return false;
}

static void
apply_rules(const struct rules *r, const struct state *in, struct state *out)
{
	for (unsigned i = 0; i < PREFIXES; i++)
		for (unsigned k = 0; k < ASNS; k++)
			out->vrp[i][k] = r->asserted.vrp[i][k] || (in->vrp[i][k] && !removes_vrp(r, i, k));
	for (unsigned i = 0; i < ASNS; i++)
		for (unsigned k = 0; k < SKIS; k++)
			out->key[i][k] = r->asserted.key[i][k] || (in->key[i][k] && !removes_key(r, i, k));
	for (unsigned i = 0; i < CUSTOMERS; i++)
		out->aspa[i] = r->asserted.aspa[i] | (r->aspa >> i & 1 ? 0 : in->aspa[i]);
}

/* ---- as text */

#define ADD(...) assert(buf_addf(to, __VA_ARGS__) == 0)

static void
put_vrp(struct buf *to, const char *sign, unsigned prefix, unsigned asn, unsigned expires)
{
	ADD("%s%s %s AS%u ta %u\n", sign, prefixes[prefix], strchr(prefixes[prefix], '/') + 1, asn, 1000 + expires);
}

static void
put_key(struct buf *to, const char *sign, unsigned asn, unsigned ski)
{
	ADD("%srouter-key AS%u %s AAAA\n", sign, asn, skis_hex[ski]);
}

static void
put_aspa(struct buf *to, const char *sign, unsigned customer, unsigned mask, const char *as)
{
	ADD("%saspa AS%u ", sign, 100 + customer);
	for (unsigned i = 0, n = 0; i < 3; i++)
		if (mask >> i & 1)
			ADD("%s%s%u", n++ ? "," : "", as, i + 1);
	ADD("\n");
}

static void
put_snapshot(struct buf *to, struct bytes *b, const struct state *s, bool bare)
{
	if (!bare)
		ADD("%%snapshot\n%%other\n");
	for (unsigned i = PREFIXES; i-- > 0;)
		for (unsigned k = 0; k < ASNS; k++)
			if (s->vrp[i][k])
				put_vrp(to, "", i, k, below(b, 3));
	for (unsigned i = 0; i < ASNS; i++)
		for (unsigned k = 0; k < SKIS; k++)
			if (s->key[i][k])
				put_key(to, "", i, k);
	for (unsigned i = 0; i < CUSTOMERS; i++)
		if (s->aspa[i])
			put_aspa(to, "", i, s->aspa[i], "AS");
	if (!bare)
		ADD("~end\n");
}

/* From one state to another, with annotations that change as well. */
static void
put_delta(struct buf *to, struct bytes *b, const struct state *old, const struct state *new)
{
	ADD("%%delta a=%u\n", below(b, 3));
	for (unsigned i = 0; i < PREFIXES; i++) {
		for (unsigned k = 0; k < ASNS; k++) {
			if (old->vrp[i][k] && (!new->vrp[i][k] || below(b, 8) == 1))
				put_vrp(to, "-", i, k, 0);
			else if (old->vrp[i][k] || !new->vrp[i][k])
				continue;
			if (new->vrp[i][k])
				put_vrp(to, "+", i, k, below(b, 3));
		}
	}
	for (unsigned i = 0; i < ASNS; i++)
		for (unsigned k = 0; k < SKIS; k++)
			if (old->key[i][k] != new->key[i][k])
				put_key(to, new->key[i][k] ? "+" : "-", i, k);
	for (unsigned i = 0; i < CUSTOMERS; i++) {
		if (old->aspa[i] == new->aspa[i])
			continue;
		if (old->aspa[i] && (!new->aspa[i] || below(b, 2)))
			put_aspa(to, "-", i, old->aspa[i], "AS");
		if (new->aspa[i])
			put_aspa(to, "+", i, new->aspa[i], "AS");
	}
	ADD("~end\n");
}

static void
put_rules(struct buf *to, const struct rules *r)
{
	const char *comma = "";

	ADD("{\"slurmVersion\":2,\"validationOutputFilters\":{\"prefixFilters\":[");
	for (unsigned i = 0; i < 4; i++) {
		if (r->vrp[i].prefix < 0 && r->vrp[i].asn < 0)
			continue;
		ADD("%s{", comma);
		if (r->vrp[i].prefix >= 0)
			ADD("\"prefix\":\"%s\"", prefixes[r->vrp[i].prefix]);
		if (r->vrp[i].asn >= 0)
			ADD("%s\"asn\":%d", r->vrp[i].prefix >= 0 ? "," : "", r->vrp[i].asn);
		ADD("}");
		comma = ",";
	}
	ADD("],\"bgpsecFilters\":[");
	comma = "";
	for (unsigned i = 0; i < 2; i++) {
		if (r->key[i].asn < 0 && r->key[i].ski < 0)
			continue;
		ADD("%s{", comma);
		if (r->key[i].ski >= 0)
			ADD("\"SKI\":\"%s\"", skis_base64[r->key[i].ski]);
		if (r->key[i].asn >= 0)
			ADD("%s\"asn\":%d", r->key[i].ski >= 0 ? "," : "", r->key[i].asn);
		ADD("}");
		comma = ",";
	}
	ADD("],\"aspaFilters\":[");
	comma = "";
	for (unsigned i = 0; i < CUSTOMERS; i++) {
		if (r->aspa >> i & 1) {
			ADD("%s{\"customerAsn\":%u}", comma, 100 + i);
			comma = ",";
		}
	}
	ADD("]},\"locallyAddedAssertions\":{\"prefixAssertions\":[");
	comma = "";
	for (unsigned i = 0; i < PREFIXES; i++) {
		for (unsigned k = 0; k < ASNS; k++) {
			if (r->asserted.vrp[i][k]) {
				ADD("%s{\"asn\":%u,\"prefix\":\"%s\"}", comma, k, prefixes[i]);
				comma = ",";
			}
		}
	}
	ADD("],\"bgpsecAssertions\":[");
	comma = "";
	for (unsigned i = 0; i < ASNS; i++) {
		for (unsigned k = 0; k < SKIS; k++) {
			if (r->asserted.key[i][k]) {
				ADD("%s{\"asn\":%u,\"SKI\":\"%s\",\"routerPublicKey\":\"AAAA\"}", comma, i, skis_base64[k]);
				comma = ",";
			}
		}
	}
	ADD("],\"aspaAssertions\":[");
	comma = "";
	for (unsigned i = 0; i < CUSTOMERS; i++) {
		const char *inner = "";

		if (!r->asserted.aspa[i])
			continue;
		ADD("%s{\"customerAsn\":%u,\"providerAsns\":[", comma, 100 + i);
		for (unsigned k = 0; k < 3; k++) {
			if (r->asserted.aspa[i] >> k & 1) {
				ADD("%s%u", inner, k + 1);
				inner = ",";
			}
		}
		ADD("]}");
		comma = ",";
	}
	ADD("]}}");
}

/* ---- both side by side */

struct run {
	struct names *names;
	struct slurm_filter *filter;
	struct out out;
	struct table *reader;	/* of the output */
	struct rules rules;
	struct state feed;	/* that the filter was told */
	bool fresh;		/* the next byte is the first of a stream, which may be a bare list */
	bool based;		/* the filter has a snapshot since it refused a block */
	bool any;		/* it has written one */
	size_t written, refused, read;
};

static ssize_t
read_buf(void *ctx, void *dst, size_t len, struct vrp_err *err)
{
	struct buf *from = ctx;
	size_t n = from->len < len ? from->len : len;

	(void)err;
	memcpy(dst, from->data, n);
	buf_drop(from, n);
	return (ssize_t)n;
}

static struct slurm *
make_slurm(struct names *names, const struct rules *r)
{
	struct buf text = BUF_INIT;
	struct feed_input in = {read_buf, &text};
	struct slurm_builder *b = slurm_builder_new(names);
	struct slurm *s;

	put_rules(&text, r);
	assert(slurm_read(b, "rules", &in, NULL) == 0);
	s = slurm_finish(b, NULL);
	assert(s);
	buf_release(&text);
	return s;
}

static int
on_written(void *ctx, enum block_kind kind, const struct slurm_counts *counts)
{
	(void)kind;
	(void)counts;
	((struct run *)ctx)->written++;
	return 0;
}

static int
on_refused(void *ctx, const struct vrp_err *reason)
{
	assert(reason->msg[0]);
	((struct run *)ctx)->refused++;
	return 0;
}

static int
on_commit(void *ctx, struct vrpset *set, const struct block_head *head)
{
	(void)set;
	assert(head->kind != BLOCK_BARE);
	((struct run *)ctx)->read++;
	return 0;
}

static int
on_reject(void *ctx, const struct vrp_err *reason)
{
	(void)ctx;
	fprintf(stderr, "the output has a block that its reader refuses: line %zu: %s\n", reason->line, reason->msg);
	abort();
}

/* The reader holds the state that the model says. */
static void
compare(struct run *r)
{
	struct buf text = BUF_INIT;
	struct bytes none = {0};
	struct state want;
	struct table *t;
	static const struct table_ops ops = {.commit = on_commit, .reject = on_reject};

	apply_rules(&r->rules, &r->feed, &want);
	put_snapshot(&text, &none, &want, false);
	t = table_new(r->names, &ops, &(struct run){0});
	assert(table_feed(t, text.data, text.len) == 0);
	assert(vrpset_same(table_set(t), table_set(r->reader)));
	table_free(t);
	buf_release(&text);
}

static void
take_output(struct run *r)
{
	assert(r->out.error == 0);
	assert(table_feed(r->reader, r->out.buf.data ? r->out.buf.data : "", r->out.buf.len) == 0);
	buf_reset(&r->out.buf);
	if (r->any)
		compare(r);
}

/* A block that the filter has to take. */
static void
good(struct run *r, struct bytes *b, bool snapshot)
{
	struct buf text = BUF_INIT;
	struct state next;
	size_t written = r->written;

	random_state(b, &next, 3);
	if (snapshot)
		put_snapshot(&text, b, &next, r->fresh && below(b, 2));
	else
		put_delta(&text, b, &r->feed, &next);
	r->fresh = text.len && text.data[0] != '%';
	assert(slurm_filter_feed(r->filter, text.data ? text.data : "", text.len) == 0);
	if (r->fresh)
		assert(slurm_filter_finish(r->filter) == 0);
	if (text.len) {		/* an empty bare list is no block */
		assert(r->written == written + 1);
		r->feed = next;
		r->based = r->any = true;
	}
	buf_release(&text);
	take_output(r);
}

/* A block that it has to refuse, or that ends too early. */
static void
bad(struct run *r, struct bytes *b)
{
	static const char *const texts[] = {
		"%snapshot\n10.0.0.0/8 8 AS1\nnonsense\n~end\n", "%delta\n+10.0.0.0/8 8\n~end\n", "~end\n",
		"%snapshot time=never\n~end\n", "%snapshot\n10.0.0.0/8 7 AS1\n~end\n", "%snapshot\n10.0.0.0/8 8 AS1\n",
	};
	const char *text = texts[below(b, ARRAY_LEN(texts))];
	size_t refused = r->refused, written = r->written;

	assert(slurm_filter_feed(r->filter, text, strlen(text)) == 0);
	r->fresh = text == texts[5] || below(b, 2);
	if (r->fresh)
		assert(slurm_filter_finish(r->filter) == 0);
	assert(r->refused >= refused && r->written == written);
	r->based = false;
	take_output(r);
}

static void
change(struct run *r, struct bytes *b)
{
	size_t changed, read = r->read;

	random_rules(b, &r->rules);
	assert(slurm_filter_change(r->filter, make_slurm(r->names, &r->rules), &changed, NULL) == 0);
	take_output(r);
	assert((changed > 0) == (r->read > read));
}

static void
run(struct bytes b)
{
	static const struct slurm_filter_ops filter_ops = {on_written, on_refused};
	static const struct table_ops reader_ops = {.commit = on_commit, .reject = on_reject};
	bool hold = below(&b, 2);
	struct run r = {.names = names_new(), .fresh = true};

	random_rules(&b, &r.rules);
	out_init(&r.out, -1);
	r.reader = table_new(r.names, &reader_ops, &r);
	r.filter = slurm_filter_new(r.names, make_slurm(r.names, &r.rules), hold, &r.out, &filter_ops, &r);
	while (b.p < b.end) {
		unsigned what = below(&b, 8);

		if (what == 0)
			bad(&r, &b);
		else if (what == 1 && hold)
			change(&r, &b);
		else if (what < 4 || !r.based)
			good(&r, &b, true);
		else
			good(&r, &b, false);
	}
	assert(slurm_filter_finish(r.filter) == 0);
	slurm_filter_free(r.filter);
	table_free(r.reader);
	out_release(&r.out);
	names_unref(r.names);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	run((struct bytes){data, data + size});
	return 0;
}
